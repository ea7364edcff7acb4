/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ADBC interface, 1.0 and 1.1, as its specification lays it out in memory: three objects of two
 * words, an error that grew, and the table of functions a driver fills in. Names are our own. It
 * declares no function: drivers are reached through their table alone.
 */
#ifndef STOA_ENGINE_ADBC_ADBC_H
#define STOA_ENGINE_ADBC_ADBC_H

#include "stoa/arrow.h"

#include <stddef.h>

enum { ADBC_VERSION_1_0 = 1000000, ADBC_VERSION_1_1 = 1001000 };

/* What a function answers. */
typedef uint8_t adbc_status;
enum {
    ADBC_OK = 0,
    ADBC_UNKNOWN = 1,
    ADBC_NOT_IMPLEMENTED = 2,
    ADBC_NOT_FOUND = 3,
    ADBC_ALREADY_EXISTS = 4,
    ADBC_INVALID_ARGUMENT = 5,
    ADBC_INVALID_STATE = 6,
    ADBC_INVALID_DATA = 7,
    ADBC_INTEGRITY = 8,
    ADBC_INTERNAL = 9,
    ADBC_IO = 10,
    ADBC_CANCELLED = 11,
    ADBC_TIMEOUT = 12,
    ADBC_UNAUTHENTICATED = 13,
    ADBC_UNAUTHORIZED = 14
};

struct adbc_table;

/* A database, a connection or a statement. `state` is NULL when there is none. */
struct adbc_object {
    void *state;
    struct adbc_table *table; /* The manager's: ours. */
};

/* With `vendor_code` set to this the last two fields exist. */
#define ADBC_VENDOR_CODE_EXTENDED INT32_MIN

struct adbc_error {
    char *message;
    int32_t vendor_code;
    char sqlstate[5]; /* Without a NUL; five NULs: none. */
    void (*release)(struct adbc_error *error);
    void *state;              /* 1.1 */
    struct adbc_table *table; /* 1.1 */
};

struct adbc_detail {
    const char *key;
    const uint8_t *value;
    size_t size;
};

struct adbc_partitions {
    size_t count;
    const uint8_t **items;
    const size_t *sizes;
    void *state;
    void (*release)(struct adbc_partitions *partitions);
};

typedef struct adbc_object adbc_object;
typedef struct adbc_error adbc_error;

typedef adbc_status (*adbc_plain)(adbc_object *self, adbc_error *error);
typedef adbc_status (*adbc_set_text)(adbc_object *self, const char *key, const char *value,
                                     adbc_error *error);
typedef adbc_status (*adbc_set_bytes)(adbc_object *self, const char *key, const uint8_t *value,
                                      size_t size, adbc_error *error);
typedef adbc_status (*adbc_set_double)(adbc_object *self, const char *key, double value,
                                       adbc_error *error);
typedef adbc_status (*adbc_set_int)(adbc_object *self, const char *key, int64_t value,
                                    adbc_error *error);
typedef adbc_status (*adbc_get_text)(adbc_object *self, const char *key, char *value, size_t *size,
                                     adbc_error *error);
typedef adbc_status (*adbc_get_bytes)(adbc_object *self, const char *key, uint8_t *value,
                                      size_t *size, adbc_error *error);
typedef adbc_status (*adbc_get_double)(adbc_object *self, const char *key, double *value,
                                       adbc_error *error);
typedef adbc_status (*adbc_get_int)(adbc_object *self, const char *key, int64_t *value,
                                    adbc_error *error);
typedef adbc_status (*adbc_to_stream)(adbc_object *self, struct ArrowArrayStream *out,
                                      adbc_error *error);
typedef adbc_status (*adbc_to_schema)(adbc_object *self, struct ArrowSchema *out,
                                      adbc_error *error);

/* The order of the members is the interface: Init before New in the database block, getters text,
 * bytes, double, int but setters bytes, double, int. */
struct adbc_table {
    void *state;   /* The driver's. */
    void *manager; /* Ours. */
    adbc_status (*release)(struct adbc_table *table, adbc_error *error);

    adbc_plain database_init;
    adbc_plain database_new;
    adbc_set_text database_set;
    adbc_plain database_release;

    adbc_plain connection_commit;
    adbc_status (*connection_info)(adbc_object *connection, const uint32_t *codes, size_t count,
                                   struct ArrowArrayStream *out, adbc_error *error);
    adbc_status (*connection_objects)(adbc_object *connection, int depth, const char *catalog,
                                      const char *schema, const char *table, const char **types,
                                      const char *column, struct ArrowArrayStream *out,
                                      adbc_error *error);
    adbc_status (*connection_table_schema)(adbc_object *connection, const char *catalog,
                                           const char *schema, const char *table,
                                           struct ArrowSchema *out, adbc_error *error);
    adbc_to_stream connection_table_types;
    adbc_status (*connection_init)(adbc_object *connection, adbc_object *database,
                                   adbc_error *error);
    adbc_plain connection_new;
    adbc_set_text connection_set;
    adbc_status (*connection_read_partition)(adbc_object *connection, const uint8_t *bytes,
                                             size_t size, struct ArrowArrayStream *out,
                                             adbc_error *error);
    adbc_plain connection_release;
    adbc_plain connection_rollback;

    adbc_status (*statement_bind)(adbc_object *statement, struct ArrowArray *batch,
                                  struct ArrowSchema *schema, adbc_error *error);
    adbc_status (*statement_bind_stream)(adbc_object *statement, struct ArrowArrayStream *stream,
                                         adbc_error *error);
    adbc_status (*statement_execute)(adbc_object *statement, struct ArrowArrayStream *out,
                                     int64_t *rows, adbc_error *error);
    adbc_status (*statement_partitions)(adbc_object *statement, struct ArrowSchema *schema,
                                        struct adbc_partitions *out, int64_t *rows,
                                        adbc_error *error);
    adbc_to_schema statement_parameters;
    adbc_status (*statement_new)(adbc_object *connection, adbc_object *statement,
                                 adbc_error *error);
    adbc_plain statement_prepare;
    adbc_plain statement_release;
    adbc_set_text statement_set;
    adbc_status (*statement_query)(adbc_object *statement, const char *sql, adbc_error *error);
    adbc_status (*statement_plan)(adbc_object *statement, const uint8_t *plan, size_t size,
                                  adbc_error *error);

    /* 1.1 begins here. */
    int (*error_detail_count)(const adbc_error *error);
    struct adbc_detail (*error_detail)(const adbc_error *error, int index);
    const adbc_error *(*error_from_stream)(struct ArrowArrayStream *stream, adbc_status *status);

    adbc_get_text database_get;
    adbc_get_bytes database_get_bytes;
    adbc_get_double database_get_double;
    adbc_get_int database_get_int;
    adbc_set_bytes database_set_bytes;
    adbc_set_double database_set_double;
    adbc_set_int database_set_int;

    adbc_plain connection_cancel;
    adbc_get_text connection_get;
    adbc_get_bytes connection_get_bytes;
    adbc_get_double connection_get_double;
    adbc_get_int connection_get_int;
    adbc_status (*connection_statistics)(adbc_object *connection, const char *catalog,
                                         const char *schema, const char *table, char approximate,
                                         struct ArrowArrayStream *out, adbc_error *error);
    adbc_to_stream connection_statistic_names;
    adbc_set_bytes connection_set_bytes;
    adbc_set_double connection_set_double;
    adbc_set_int connection_set_int;

    adbc_plain statement_cancel;
    adbc_to_schema statement_schema;
    adbc_get_text statement_get;
    adbc_get_bytes statement_get_bytes;
    adbc_get_double statement_get_double;
    adbc_get_int statement_get_int;
    adbc_set_bytes statement_set_bytes;
    adbc_set_double statement_set_double;
    adbc_set_int statement_set_int;
};

enum { ADBC_TABLE_SIZE_1_0 = 232, ADBC_TABLE_SIZE_1_1 = 464, ADBC_ERROR_SIZE_1_0 = 32 };

_Static_assert(sizeof(struct adbc_object) == 16, "as specified");
_Static_assert(sizeof(struct adbc_error) == 48, "as specified");
_Static_assert(offsetof(struct adbc_error, release) == 24, "as specified");
_Static_assert(offsetof(struct adbc_error, state) == ADBC_ERROR_SIZE_1_0, "as specified");
_Static_assert(sizeof(struct adbc_detail) == 24, "as specified");
_Static_assert(sizeof(struct adbc_partitions) == 40, "as specified");
_Static_assert(sizeof(struct adbc_table) == ADBC_TABLE_SIZE_1_1, "as specified");
_Static_assert(offsetof(struct adbc_table, error_detail_count) == ADBC_TABLE_SIZE_1_0,
               "as specified");
_Static_assert(offsetof(struct adbc_table, connection_init) == 96, "as specified");
_Static_assert(offsetof(struct adbc_table, statement_execute) == 160, "as specified");
_Static_assert(offsetof(struct adbc_table, database_get) == 256, "as specified");
_Static_assert(offsetof(struct adbc_table, connection_cancel) == 312, "as specified");
_Static_assert(offsetof(struct adbc_table, statement_cancel) == 392, "as specified");

/* What a driver library exports. `version` says how large `table` is. */
typedef adbc_status (*adbc_entry)(int version, void *table, adbc_error *error);

#endif
