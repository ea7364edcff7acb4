/* SPDX-License-Identifier: Apache-2.0 */
/* What answers for functions a driver does not have. */
#include "base/error.h"
#include "engine/adbc/driver.h"

#include <string.h>

#include "base/ban.h"

static void release_static(adbc_error *error)
{
    bool extended = error->vendor_code == ADBC_VENDOR_CODE_EXTENDED;

    error->message = NULL;
    error->release = NULL;
    memset(error->sqlstate, 0, sizeof error->sqlstate);
    if (extended)
        error->state = NULL;
}

static adbc_status refuse(adbc_error *error, adbc_status status, char *message)
{
    if (!error)
        return status;
    if (error->release)
        error->release(error);
    error->message = message;
    error->release = release_static;
    return status;
}

/* The texts live for ever and are never written to; the interface has no const. */
#define REFUSE(member)                                                                   \
    do {                                                                                 \
        static char text[] = "the driver has no function " member;                       \
        return refuse(error, ADBC_NOT_IMPLEMENTED, text);                                \
    } while (0)

#define PLAIN_STUB(name, member)                                                         \
    static adbc_status name(adbc_object *self, adbc_error *error)                        \
    {                                                                                    \
        (void)self;                                                                      \
        REFUSE(member);                                                                  \
    }
#define TEXT_STUB(name, member)                                                          \
    static adbc_status name(adbc_object *self, const char *key, const char *value,       \
                            adbc_error *error)                                           \
    {                                                                                    \
        (void)self;                                                                      \
        (void)key;                                                                       \
        (void)value;                                                                     \
        REFUSE(member);                                                                  \
    }
#define STREAM_STUB(name, member)                                                        \
    static adbc_status name(adbc_object *self, struct ArrowArrayStream *out,             \
                            adbc_error *error)                                           \
    {                                                                                    \
        (void)self;                                                                      \
        (void)out;                                                                       \
        REFUSE(member);                                                                  \
    }
#define SCHEMA_STUB(name, member)                                                        \
    static adbc_status name(adbc_object *self, struct ArrowSchema *out,                  \
                            adbc_error *error)                                           \
    {                                                                                    \
        (void)self;                                                                      \
        (void)out;                                                                       \
        REFUSE(member);                                                                  \
    }

PLAIN_STUB(no_commit, "ConnectionCommit")
PLAIN_STUB(no_rollback, "ConnectionRollback")
PLAIN_STUB(no_prepare, "StatementPrepare")
PLAIN_STUB(no_connection_cancel, "ConnectionCancel")
PLAIN_STUB(no_statement_cancel, "StatementCancel")
TEXT_STUB(no_database_set, "DatabaseSetOption")
TEXT_STUB(no_connection_set, "ConnectionSetOption")
TEXT_STUB(no_statement_set, "StatementSetOption")
STREAM_STUB(no_table_types, "ConnectionGetTableTypes")
STREAM_STUB(no_statistic_names, "ConnectionGetStatisticNames")
SCHEMA_STUB(no_parameters, "StatementGetParameterSchema")
SCHEMA_STUB(no_schema, "StatementExecuteSchema")

static adbc_status no_info(adbc_object *self, const uint32_t *codes, size_t count,
                           struct ArrowArrayStream *out, adbc_error *error)
{
    (void)self;
    (void)codes;
    (void)count;
    (void)out;
    REFUSE("ConnectionGetInfo");
}

static adbc_status no_objects(adbc_object *self, int depth, const char *catalog,
                              const char *schema, const char *table, const char **types,
                              const char *column, struct ArrowArrayStream *out,
                              adbc_error *error)
{
    (void)self;
    (void)depth;
    (void)catalog;
    (void)schema;
    (void)table;
    (void)types;
    (void)column;
    (void)out;
    REFUSE("ConnectionGetObjects");
}

static adbc_status no_table_schema(adbc_object *self, const char *catalog, const char *schema,
                                   const char *table, struct ArrowSchema *out,
                                   adbc_error *error)
{
    (void)self;
    (void)catalog;
    (void)schema;
    (void)table;
    (void)out;
    REFUSE("ConnectionGetTableSchema");
}

static adbc_status no_read_partition(adbc_object *self, const uint8_t *bytes, size_t size,
                                     struct ArrowArrayStream *out, adbc_error *error)
{
    (void)self;
    (void)bytes;
    (void)size;
    (void)out;
    REFUSE("ConnectionReadPartition");
}

static adbc_status no_bind(adbc_object *self, struct ArrowArray *batch,
                           struct ArrowSchema *schema, adbc_error *error)
{
    (void)self;
    (void)batch;
    (void)schema;
    REFUSE("StatementBind");
}

static adbc_status no_bind_stream(adbc_object *self, struct ArrowArrayStream *stream,
                                  adbc_error *error)
{
    (void)self;
    (void)stream;
    REFUSE("StatementBindStream");
}

static adbc_status no_partitions(adbc_object *self, struct ArrowSchema *schema,
                                 struct adbc_partitions *out, int64_t *rows, adbc_error *error)
{
    (void)self;
    (void)schema;
    (void)out;
    (void)rows;
    REFUSE("StatementExecutePartitions");
}

static adbc_status no_query(adbc_object *self, const char *sql, adbc_error *error)
{
    (void)self;
    (void)sql;
    REFUSE("StatementSetSqlQuery");
}

static adbc_status no_plan(adbc_object *self, const uint8_t *plan, size_t size,
                           adbc_error *error)
{
    (void)self;
    (void)plan;
    (void)size;
    REFUSE("StatementSetSubstraitPlan");
}

static adbc_status no_statistics(adbc_object *self, const char *catalog, const char *schema,
                                 const char *table, char approximate,
                                 struct ArrowArrayStream *out, adbc_error *error)
{
    (void)self;
    (void)catalog;
    (void)schema;
    (void)table;
    (void)approximate;
    (void)out;
    REFUSE("ConnectionGetStatistics");
}

static int no_detail_count(const adbc_error *error)
{
    (void)error;
    return 0;
}

static struct adbc_detail no_detail(const adbc_error *error, int index)
{
    (void)error;
    (void)index;
    return (struct adbc_detail){0};
}

static const adbc_error *no_error_of_stream(struct ArrowArrayStream *stream, adbc_status *status)
{
    (void)stream;
    (void)status;
    return NULL;
}

/* ---- options with a type ---- */

static adbc_status no_set_bytes(adbc_object *self, const char *key, const uint8_t *value,
                                size_t size, adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    (void)size;
    REFUSE("SetOptionBytes");
}

static adbc_status no_set_double(adbc_object *self, const char *key, double value,
                                 adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    REFUSE("SetOptionDouble");
}

static adbc_status no_set_int(adbc_object *self, const char *key, int64_t value,
                              adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    REFUSE("SetOptionInt");
}

static char no_option[] = "the driver has no such option";

static adbc_status no_get(adbc_object *self, const char *key, char *value, size_t *size,
                          adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    (void)size;
    return refuse(error, ADBC_NOT_FOUND, no_option);
}

static adbc_status no_get_bytes(adbc_object *self, const char *key, uint8_t *value, size_t *size,
                                adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    (void)size;
    return refuse(error, ADBC_NOT_FOUND, no_option);
}

static adbc_status no_get_double(adbc_object *self, const char *key, double *value,
                                 adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    return refuse(error, ADBC_NOT_FOUND, no_option);
}

static adbc_status no_get_int(adbc_object *self, const char *key, int64_t *value,
                              adbc_error *error)
{
    (void)self;
    (void)key;
    (void)value;
    return refuse(error, ADBC_NOT_FOUND, no_option);
}

/* ---- the table ---- */

#define FILL(member, stub)                                                               \
    do {                                                                                 \
        if (!table->member)                                                              \
            table->member = stub;                                                        \
    } while (0)

static void fill_1_0(struct adbc_table *table)
{
    FILL(database_set, no_database_set);
    FILL(connection_commit, no_commit);
    FILL(connection_info, no_info);
    FILL(connection_objects, no_objects);
    FILL(connection_table_schema, no_table_schema);
    FILL(connection_table_types, no_table_types);
    FILL(connection_set, no_connection_set);
    FILL(connection_read_partition, no_read_partition);
    FILL(connection_rollback, no_rollback);
    FILL(statement_bind, no_bind);
    FILL(statement_bind_stream, no_bind_stream);
    FILL(statement_partitions, no_partitions);
    FILL(statement_parameters, no_parameters);
    FILL(statement_prepare, no_prepare);
    FILL(statement_set, no_statement_set);
    FILL(statement_query, no_query);
    FILL(statement_plan, no_plan);
}

static void fill_1_1(struct adbc_table *table)
{
    FILL(error_detail_count, no_detail_count);
    FILL(error_detail, no_detail);
    FILL(error_from_stream, no_error_of_stream);
    FILL(database_get, no_get);
    FILL(database_get_bytes, no_get_bytes);
    FILL(database_get_double, no_get_double);
    FILL(database_get_int, no_get_int);
    FILL(database_set_bytes, no_set_bytes);
    FILL(database_set_double, no_set_double);
    FILL(database_set_int, no_set_int);
    FILL(connection_cancel, no_connection_cancel);
    FILL(connection_get, no_get);
    FILL(connection_get_bytes, no_get_bytes);
    FILL(connection_get_double, no_get_double);
    FILL(connection_get_int, no_get_int);
    FILL(connection_statistics, no_statistics);
    FILL(connection_statistic_names, no_statistic_names);
    FILL(connection_set_bytes, no_set_bytes);
    FILL(connection_set_double, no_set_double);
    FILL(connection_set_int, no_set_int);
    FILL(statement_cancel, no_statement_cancel);
    FILL(statement_schema, no_schema);
    FILL(statement_get, no_get);
    FILL(statement_get_bytes, no_get_bytes);
    FILL(statement_get_double, no_get_double);
    FILL(statement_get_int, no_get_int);
    FILL(statement_set_bytes, no_set_bytes);
    FILL(statement_set_double, no_set_double);
    FILL(statement_set_int, no_set_int);
}

stoa_status adbc_table_complete(struct adbc_table *table, int32_t version, stoa_error *err)
{
    const struct {
        bool there;
        const char *name;
    } needed[] = {
        {table->database_new, "DatabaseNew"},
        {table->database_init, "DatabaseInit"},
        {table->database_release, "DatabaseRelease"},
        {table->connection_new, "ConnectionNew"},
        {table->connection_init, "ConnectionInit"},
        {table->connection_release, "ConnectionRelease"},
        {table->statement_new, "StatementNew"},
        {table->statement_release, "StatementRelease"},
        {table->statement_execute, "StatementExecuteQuery"},
    };

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].there)
            return stoa__fail(err, STOA_ERR_PROTOCOL, "the driver has no function %s",
                              needed[i].name);
    /* A driver of 1.0 does not know what lies behind its table. */
    if (version == ADBC_VERSION_1_0)
        memset((char *)table + ADBC_TABLE_SIZE_1_0, 0, sizeof *table - ADBC_TABLE_SIZE_1_0);
    fill_1_0(table);
    fill_1_1(table);
    return STOA_OK;
}

uint64_t adbc_table_lacks(const struct adbc_table *table)
{
    const struct {
        bool lacks;
        enum adbc_ability ability;
    } list[] = {
        {table->connection_set == no_connection_set, ADBC_CAN_TRANSACTIONS},
        {table->connection_commit == no_commit, ADBC_CAN_TRANSACTIONS},
        {table->connection_rollback == no_rollback, ADBC_CAN_TRANSACTIONS},
        {table->connection_set == no_connection_set, ADBC_CAN_READ_ONLY},
        {table->statement_cancel == no_statement_cancel, ADBC_CAN_CANCEL_STATEMENT},
        {table->connection_cancel == no_connection_cancel, ADBC_CAN_CANCEL_CONNECTION},
        {table->statement_schema == no_schema, ADBC_CAN_SCHEMA},
        {table->statement_parameters == no_parameters, ADBC_CAN_PARAMETERS},
        {table->statement_prepare == no_prepare, ADBC_CAN_PREPARE},
        {table->statement_bind_stream == no_bind_stream, ADBC_CAN_BIND_ROWS},
        {table->statement_set == no_statement_set, ADBC_CAN_BATCH_ROWS},
        {table->statement_bind_stream == no_bind_stream, ADBC_CAN_CREATE},
        {table->statement_bind_stream == no_bind_stream, ADBC_CAN_APPEND},
        {table->statement_bind_stream == no_bind_stream, ADBC_CAN_REPLACE},
        {table->statement_bind_stream == no_bind_stream, ADBC_CAN_CREATE_APPEND},
        {table->connection_objects == no_objects, ADBC_CAN_OBJECTS},
        {table->connection_table_schema == no_table_schema, ADBC_CAN_TABLE_SCHEMA},
        {table->connection_statistics == no_statistics, ADBC_CAN_STATISTICS},
        {table->connection_get == no_get, ADBC_CAN_CURRENT_CATALOG},
        {table->statement_get_double == no_get_double, ADBC_CAN_PROGRESS},
        {table->statement_partitions == no_partitions, ADBC_CAN_PARTITIONS},
        {table->statement_plan == no_plan, ADBC_CAN_SUBSTRAIT},
    };
    uint64_t lacks = 0;

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].lacks)
            lacks |= UINT64_C(1) << list[i].ability;
    return lacks;
}
