/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stoa seen as an ADBC driver: what its files share. It owns the rules of the interface (when what
 * may be called, and with which status it fails) and does all work through stoa.h; it knows no
 * engine.
 *
 * Locks: a node's `lock` guards its settings and `op`, and is a leaf. All else of a database,
 * and of a connection and its statements together, is touched by the holder of its `busy` mark.
 */
#ifndef STOA_ADBC_EXPORT_PARTS_H
#define STOA_ADBC_EXPORT_PARTS_H

#include "arrow/stream.h"
#include "arrow/type.h"
#include "base/object.h"
#include "core/type_cache.h"
#include "stoa.h"
#include "stoa/adbc.h"

#include <stdbool.h>

/* ---- errors (error.c) ---- */

AdbcStatusCode stoa__driver_fail(struct AdbcError *error, AdbcStatusCode status,
                                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A failure of Stoa's as one of ADBC's; its code, flags and position become details. */
AdbcStatusCode stoa__driver_fail_stoa(struct AdbcError *error, const stoa_error *failure);
AdbcStatusCode stoa__driver_status(stoa_status status);
/* The argument called `name` is NULL. */
AdbcStatusCode stoa__driver_fail_null(struct AdbcError *error, const char *name);
AdbcStatusCode stoa__driver_unsupported(struct AdbcError *error, const char *what);
int stoa__driver_detail_count(const struct AdbcError *error);
struct AdbcErrorDetail stoa__driver_detail(const struct AdbcError *error, int index);

/* ---- values of options (option.c) ---- */

enum driver_type { DRIVER_TEXT, DRIVER_BYTES, DRIVER_INT, DRIVER_DOUBLE };

/* A value on its way in or out. Text ends with a NUL, which `size` does not count. */
struct driver_value {
    enum driver_type type;
    const void *bytes;
    size_t size;
    int64_t integer;
    double real;
};

struct driver_setting {
    struct driver_setting *next;
    char *key;
    struct driver_value value; /* `bytes` is its own. */
};

/* Remember `value` under `key`, instead of an older one. */
stoa_status stoa__driver_settings_put(struct driver_setting **list, const char *key,
                                      const struct driver_value *value, stoa_error *err);
const struct driver_value *stoa__driver_settings_find(const struct driver_setting *list,
                                                      const char *key);
/* The text of a setting; NULL if there is none or it is no text. */
const char *stoa__driver_settings_text(const struct driver_setting *list, const char *key);
/* Forget those whose key begins with `prefix`. */
void stoa__driver_settings_drop(struct driver_setting **list, const char *prefix);

/* Room for a value made to be read. */
struct driver_room {
    struct driver_value value;
    char text[4096];
};
void stoa__driver_room_text(struct driver_room *room, const char *text);
void stoa__driver_room_int(struct driver_room *room, int64_t value);

/* What `key` begins with `prefix` goes on with; NULL if it does not. */
const char *stoa__driver_key_behind(const char *key, const char *prefix);

/* An integer, or text that is one. */
bool stoa__driver_value_int(const struct driver_value *value, int64_t *out);
/* "true" or "false". */
bool stoa__driver_value_bool(const struct driver_value *value, bool *out);

/* Settings for a call of stoa.h: those whose key goes on behind `prefix`, as text. `texts` holds
 * what had to be made. */
struct driver_options {
    stoa_option *list;
    int64_t count;
    stoa__arena texts;
};
stoa_status stoa__driver_options_make(const struct driver_setting *list, const char *prefix,
                                      struct driver_options *out, stoa_error *err);
/* Set `key` in them; there is room for eight more than were made. */
void stoa__driver_options_add(struct driver_options *options, const char *key,
                              const char *value);
void stoa__driver_options_release(struct driver_options *options);

/* ---- objects (node.c) ---- */

struct driver_node {
    struct stoa__object object; /* First. */
    stoa__mutex lock;
    _Atomic bool busy; /* Of a statement: unused, its connection's counts. */
    struct driver_setting *settings;
    stoa_op op; /* What a cancel ends: of the last operation, which may be over. */
};

struct driver_database {
    struct driver_node node;
    stoa_db db; /* 0: not initialised. */
};

struct driver_connection {
    struct driver_node node;
    stoa_conn conn; /* 0: not initialised. */
    stoa_db db;     /* The one it was opened from. */
    bool manual;    /* Autocommit is off. */
};

/* An option several drivers share: columns of bound data are found by the parameters' names. */
#define DRIVER_BY_NAME "adbc.statement.bind_by_name"

enum driver_state { DRIVER_EMPTY, DRIVER_QUERY, DRIVER_PREPARED, DRIVER_INGEST };

/* Whether a query has columns; known when it was first needed. */
enum driver_answer { DRIVER_UNKNOWN, DRIVER_NOTHING, DRIVER_COLUMNS };

struct driver_statement {
    struct driver_node node;
    enum driver_state state;
    char *sql;                      /* Of QUERY and PREPARED. */
    stoa_stmt stmt;                 /* Its prepared form, once it was needed. */
    enum driver_answer answer;      /* Of that. */
    struct ArrowArrayStream bound;  /* Released: no stream is bound. */
    struct ArrowArray batch;        /* Or one batch, */
    struct stoa__known_type *type;  /* of this type. */
    struct stoa__type_cache types;  /* Of batches bound so far. */
};

/* A new node of `size` bytes, which begin with a driver_node. */
struct driver_node *stoa__driver_node_new(size_t size);
/* One that was not published. */
void stoa__driver_node_free(struct driver_node *node);
/* Publish it; on failure it is freed. */
stoa_status stoa__driver_node_open(struct driver_node *node, enum stoa__kind kind,
                                   struct driver_node *parent, void **private_data,
                                   stoa_error *err);

/* Pin only: for what may be called at any time. `self` is a struct of the interface; `kind` says
 * which. */
AdbcStatusCode stoa__driver_pin(const void *self, enum stoa__kind kind, struct driver_node **out,
                                struct AdbcError *error);
void stoa__driver_unpin(struct driver_node *node);
/* Pin and take the busy mark. */
AdbcStatusCode stoa__driver_enter(const void *self, enum stoa__kind kind,
                                  struct driver_node **out, struct AdbcError *error);
AdbcStatusCode stoa__driver_leave(struct driver_node *node, AdbcStatusCode status);
/* The same for a connection that is initialised. */
AdbcStatusCode stoa__driver_enter_open(const struct AdbcConnection *self,
                                       struct driver_connection **out, struct AdbcError *error);
AdbcStatusCode stoa__driver_enter_statement(const struct AdbcStatement *self,
                                            struct driver_statement **out,
                                            struct AdbcError *error);

AdbcStatusCode stoa__driver_release(void *self, enum stoa__kind kind, struct AdbcError *error);
AdbcStatusCode stoa__driver_cancel(const void *self, enum stoa__kind kind,
                                   struct AdbcError *error);

/* Begin an operation of `node` within its time; a connection's cancel ends it too. */
stoa_status stoa__driver_op_open(struct driver_node *node, stoa_op *out, stoa_error *err);

/* Set or read an option of a node of any kind. */
AdbcStatusCode stoa__driver_set(const void *self, enum stoa__kind kind, const char *key,
                                const struct driver_value *value, struct AdbcError *error);
/* The value as `type`; NOT_FOUND when it is unset or of another. */
AdbcStatusCode stoa__driver_get(const void *self, enum stoa__kind kind, const char *key,
                                enum driver_type type, struct driver_room *room,
                                struct AdbcError *error);

static inline struct driver_connection *driver_connection_of(struct driver_statement *statement)
{
    return (struct driver_connection *)(void *)statement->node.object.parent;
}

/* ---- what the kinds do with options; their busy mark is held by the setters ---- */

AdbcStatusCode stoa__driver_database_set(struct driver_database *database, const char *key,
                                         const struct driver_value *value,
                                         struct AdbcError *error);
AdbcStatusCode stoa__driver_connection_set(struct driver_connection *connection, const char *key,
                                           const struct driver_value *value,
                                           struct AdbcError *error);
AdbcStatusCode stoa__driver_statement_set(struct driver_statement *statement, const char *key,
                                          const struct driver_value *value,
                                          struct AdbcError *error);
/* What is computed, not remembered. False: there is no such. */
bool stoa__driver_database_get(stoa_db db, const char *key, struct driver_room *out);
bool stoa__driver_connection_get(struct driver_connection *connection, const char *key,
                                 struct driver_room *out);
bool stoa__driver_statement_get(struct driver_statement *statement, const char *key,
                                struct driver_room *out);
/* What a setter remembers, under the node's lock. */
AdbcStatusCode stoa__driver_remember(struct driver_node *node, const char *key,
                                     const struct driver_value *value, struct AdbcError *error);
AdbcStatusCode stoa__driver_fail_value(struct AdbcError *error, const char *key,
                                       const char *wanted);

/* ---- streams (stream.c, bound.c) ---- */

/* Wrap `inner` (taken on success) so that its error can be asked for. The operation is closed with
 * it, and on failure. */
stoa_status stoa__driver_stream(struct ArrowArrayStream *inner, stoa_op op,
                                struct ArrowArrayStream *out, stoa_error *err);
const struct AdbcError *stoa__driver_stream_error(struct ArrowArrayStream *stream,
                                                  AdbcStatusCode *status);

/* The same rows with nameless columns, so that they are parameters by position. `stream` is taken
 * on success. */
stoa_status stoa__driver_nameless(struct ArrowArrayStream *stream, struct ArrowArrayStream *out,
                                  stoa_error *err);

/* A schema without the names of its columns (`sigils` false), or without the signs that begin
 * them. */
stoa_status stoa__driver_rename(const struct ArrowSchema *schema, bool sigils,
                                struct ArrowSchema *out, stoa_error *err);

/* ---- execution (execute.c) ---- */

stoa_status stoa__driver_prepare(struct driver_statement *statement, stoa_op op,
                                 stoa_error *err);
/* Let go of what is bound. */
void stoa__driver_unbind(struct driver_statement *statement);
/* Make what is bound a stream, if it is none. */
stoa_status stoa__driver_bound_stream(struct driver_statement *statement, stoa_error *err);
static inline bool driver_is_bound(const struct driver_statement *statement)
{
    return statement->bound.release || statement->batch.release;
}
/* Begins a transaction where autocommit is off and none is open. */
stoa_status stoa__driver_begin(struct driver_connection *connection, stoa_op op,
                               stoa_error *err);
/* `op` is closed by now or belongs to the stream. `out` may be NULL. */
stoa_status stoa__driver_execute(struct driver_statement *statement, stoa_op op,
                                 struct ArrowArrayStream *out, int64_t *rows, stoa_error *err);

/* The rows of a result as a stream, which keeps what it needs; `op` belongs to it then. */
stoa_status stoa__driver_export(stoa_result result, stoa_op op, struct ArrowArrayStream *out,
                                stoa_error *err);
/* The columns of the statement's query, which does not run. */
stoa_status stoa__driver_describe(struct driver_statement *statement, struct ArrowSchema *out,
                                  stoa_error *err);

/* ---- the functions of the table, by file ---- */

AdbcStatusCode stoa__driver_database_new(struct AdbcDatabase *self, struct AdbcError *error);
AdbcStatusCode stoa__driver_database_init(struct AdbcDatabase *self, struct AdbcError *error);

AdbcStatusCode stoa__driver_connection_new(struct AdbcConnection *self, struct AdbcError *error);
AdbcStatusCode stoa__driver_connection_init(struct AdbcConnection *self,
                                            struct AdbcDatabase *database,
                                            struct AdbcError *error);
AdbcStatusCode stoa__driver_commit(struct AdbcConnection *self, struct AdbcError *error);
AdbcStatusCode stoa__driver_rollback(struct AdbcConnection *self, struct AdbcError *error);

AdbcStatusCode stoa__driver_info(struct AdbcConnection *self, const uint32_t *codes,
                                 size_t count, struct ArrowArrayStream *out,
                                 struct AdbcError *error);
AdbcStatusCode stoa__driver_table_types(struct AdbcConnection *self,
                                        struct ArrowArrayStream *out, struct AdbcError *error);
AdbcStatusCode stoa__driver_statistic_names(struct AdbcConnection *self,
                                            struct ArrowArrayStream *out,
                                            struct AdbcError *error);
AdbcStatusCode stoa__driver_statistics(struct AdbcConnection *self, const char *catalog,
                                       const char *db_schema, const char *table,
                                       char approximate, struct ArrowArrayStream *out,
                                       struct AdbcError *error);
AdbcStatusCode stoa__driver_table_schema(struct AdbcConnection *self, const char *catalog,
                                         const char *db_schema, const char *table,
                                         struct ArrowSchema *out, struct AdbcError *error);
AdbcStatusCode stoa__driver_objects(struct AdbcConnection *self, int depth, const char *catalog,
                                    const char *db_schema, const char *table,
                                    const char **types, const char *column,
                                    struct ArrowArrayStream *out, struct AdbcError *error);

AdbcStatusCode stoa__driver_statement_new(struct AdbcConnection *connection,
                                          struct AdbcStatement *self, struct AdbcError *error);
AdbcStatusCode stoa__driver_set_sql(struct AdbcStatement *self, const char *sql,
                                    struct AdbcError *error);
AdbcStatusCode stoa__driver_statement_prepare(struct AdbcStatement *self,
                                              struct AdbcError *error);
AdbcStatusCode stoa__driver_bind(struct AdbcStatement *self, struct ArrowArray *batch,
                                 struct ArrowSchema *schema, struct AdbcError *error);
AdbcStatusCode stoa__driver_bind_stream(struct AdbcStatement *self,
                                        struct ArrowArrayStream *stream,
                                        struct AdbcError *error);
AdbcStatusCode stoa__driver_execute_query(struct AdbcStatement *self,
                                          struct ArrowArrayStream *out, int64_t *rows,
                                          struct AdbcError *error);
AdbcStatusCode stoa__driver_execute_schema(struct AdbcStatement *self, struct ArrowSchema *out,
                                           struct AdbcError *error);
AdbcStatusCode stoa__driver_parameter_schema(struct AdbcStatement *self, struct ArrowSchema *out,
                                             struct AdbcError *error);

AdbcStatusCode stoa__driver_execute_partitions(struct AdbcStatement *self,
                                               struct ArrowSchema *schema,
                                               struct AdbcPartitions *partitions, int64_t *rows,
                                               struct AdbcError *error);
AdbcStatusCode stoa__driver_read_partition(struct AdbcConnection *self, const uint8_t *bytes,
                                           size_t size, struct ArrowArrayStream *out,
                                           struct AdbcError *error);

/* ---- results of metadata (answer.c) ---- */

struct stoa__builder;

/*
 * A type from its description: fields `name:format` between commas; behind a nested format its
 * children in parentheses; '!' behind a field that is not nullable.
 *
 *     "info_name:I!,info_value:+ud:0,1(a:u,b:l)"        a union's format ends with its children
 */
stoa_status stoa__driver_type(const char *text, stoa__arena *arena,
                              struct stoa__arrow_type **out, stoa_error *err);
/* Hand the builder's rows over as a stream of one batch. */
stoa_status stoa__driver_answer(struct stoa__builder *builder,
                                const struct stoa__arrow_type *type, stoa_op op,
                                struct ArrowArrayStream *out, stoa_error *err);

#endif
