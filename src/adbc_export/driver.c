/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points, and the table they fill in. What Stoa has no equivalent for answers
 * NOT_IMPLEMENTED by name. */
#include "stoa/adbc.h"

#include "adbc_export/parts.h"

#include <stddef.h>
#include <string.h>

#include "base/ban.h"

enum { SIZE_1_0 = 232, SIZE_1_1 = 464 };

_Static_assert(sizeof(struct AdbcDriver) == SIZE_1_1, "as specified");
_Static_assert(offsetof(struct AdbcDriver, ErrorGetDetailCount) == SIZE_1_0, "as specified");
_Static_assert(offsetof(struct AdbcDriver, ConnectionInit) == 96, "as specified");
_Static_assert(offsetof(struct AdbcDriver, StatementExecuteQuery) == 160, "as specified");
_Static_assert(offsetof(struct AdbcDriver, DatabaseGetOption) == 256, "as specified");
_Static_assert(offsetof(struct AdbcDriver, ConnectionCancel) == 312, "as specified");
_Static_assert(offsetof(struct AdbcDriver, StatementCancel) == 392, "as specified");
_Static_assert(sizeof(struct AdbcError) == 48, "as specified");
_Static_assert(offsetof(struct AdbcError, private_data) == 32, "as specified");
_Static_assert(sizeof(struct AdbcDatabase) == 16, "as specified");

static AdbcStatusCode get_bytes(const void *self, enum stoa__kind kind, const char *key,
                                enum driver_type type, void *bytes, size_t *size,
                                struct AdbcError *error)
{
    struct driver_room room;
    AdbcStatusCode status;
    size_t needed;

    if (!size || (!bytes && *size > 0))
        return stoa__driver_fail_null(error, size ? "value" : "length");
    status = stoa__driver_get(self, kind, key, type, &room, error);
    if (status != ADBC_STATUS_OK)
        return status;
    needed = room.value.size + (type == DRIVER_TEXT);
    if (needed <= *size && needed > 0)
        memcpy(bytes, room.value.bytes, needed);
    *size = needed;
    return ADBC_STATUS_OK;
}

/* The eight functions of options, the release and the cancel of one kind of object. */
#define OPTIONS(Object, KIND, name)                                                          \
    static AdbcStatusCode name##_set(struct Object *self, const char *key, const char *text, \
                                     struct AdbcError *error)                                \
    {                                                                                        \
        struct driver_value value = {DRIVER_TEXT, text, text ? strlen(text) : 0, 0, 0};      \
                                                                                             \
        return stoa__driver_set(self, KIND, key, &value, error);                             \
    }                                                                                        \
    static AdbcStatusCode name##_set_bytes(struct Object *self, const char *key,             \
                                           const uint8_t *bytes, size_t size,                \
                                           struct AdbcError *error)                          \
    {                                                                                        \
        struct driver_value value = {DRIVER_BYTES, bytes, size, 0, 0};                       \
                                                                                             \
        return stoa__driver_set(self, KIND, key, &value, error);                             \
    }                                                                                        \
    static AdbcStatusCode name##_set_int(struct Object *self, const char *key,               \
                                         int64_t number, struct AdbcError *error)            \
    {                                                                                        \
        struct driver_value value = {DRIVER_INT, NULL, 0, number, 0};                        \
                                                                                             \
        return stoa__driver_set(self, KIND, key, &value, error);                             \
    }                                                                                        \
    static AdbcStatusCode name##_set_double(struct Object *self, const char *key,            \
                                            double number, struct AdbcError *error)          \
    {                                                                                        \
        struct driver_value value = {DRIVER_DOUBLE, NULL, 0, 0, number};                     \
                                                                                             \
        return stoa__driver_set(self, KIND, key, &value, error);                             \
    }                                                                                        \
    static AdbcStatusCode name##_get(struct Object *self, const char *key, char *text,       \
                                     size_t *size, struct AdbcError *error)                  \
    {                                                                                        \
        return get_bytes(self, KIND, key, DRIVER_TEXT, text, size, error);                   \
    }                                                                                        \
    static AdbcStatusCode name##_get_bytes(struct Object *self, const char *key,             \
                                           uint8_t *bytes, size_t *size,                     \
                                           struct AdbcError *error)                          \
    {                                                                                        \
        return get_bytes(self, KIND, key, DRIVER_BYTES, bytes, size, error);                 \
    }                                                                                        \
    static AdbcStatusCode name##_get_int(struct Object *self, const char *key, int64_t *out, \
                                         struct AdbcError *error)                            \
    {                                                                                        \
        struct driver_room room;                                                             \
        AdbcStatusCode status;                                                               \
                                                                                             \
        if (!out)                                                                            \
            return stoa__driver_fail_null(error, "value");                                   \
        status = stoa__driver_get(self, KIND, key, DRIVER_INT, &room, error);                \
        if (status == ADBC_STATUS_OK)                                                        \
            *out = room.value.integer;                                                       \
        return status;                                                                       \
    }                                                                                        \
    static AdbcStatusCode name##_get_double(struct Object *self, const char *key,            \
                                            double *out, struct AdbcError *error)            \
    {                                                                                        \
        struct driver_room room;                                                             \
        AdbcStatusCode status;                                                               \
                                                                                             \
        if (!out)                                                                            \
            return stoa__driver_fail_null(error, "value");                                   \
        status = stoa__driver_get(self, KIND, key, DRIVER_DOUBLE, &room, error);             \
        if (status == ADBC_STATUS_OK)                                                        \
            *out = room.value.real;                                                          \
        return status;                                                                       \
    }                                                                                        \
    static AdbcStatusCode name##_release(struct Object *self, struct AdbcError *error)       \
    {                                                                                        \
        return stoa__driver_release(self, KIND, error);                                      \
    }

OPTIONS(AdbcDatabase, STOA__KIND_ADBC_DATABASE, database)
OPTIONS(AdbcConnection, STOA__KIND_ADBC_CONNECTION, connection)
OPTIONS(AdbcStatement, STOA__KIND_ADBC_STATEMENT, statement)

static AdbcStatusCode connection_cancel(struct AdbcConnection *self, struct AdbcError *error)
{
    return stoa__driver_cancel(self, STOA__KIND_ADBC_CONNECTION, error);
}

static AdbcStatusCode statement_cancel(struct AdbcStatement *self, struct AdbcError *error)
{
    return stoa__driver_cancel(self, STOA__KIND_ADBC_STATEMENT, error);
}

/* ---- what there is not; a wrong handle is told first ---- */

static AdbcStatusCode refuse(const void *self, enum stoa__kind kind, const char *what,
                             struct AdbcError *error)
{
    struct driver_node *node;
    AdbcStatusCode status = stoa__driver_pin(self, kind, &node, error);

    if (status != ADBC_STATUS_OK)
        return status;
    stoa__driver_unpin(node);
    return stoa__driver_unsupported(error, what);
}

static AdbcStatusCode set_plan(struct AdbcStatement *self, const uint8_t *plan, size_t size,
                               struct AdbcError *error)
{
    (void)plan;
    (void)size;
    return refuse(self, STOA__KIND_ADBC_STATEMENT, "StatementSetSubstraitPlan", error);
}

/* The table owns nothing. */
static AdbcStatusCode driver_release(struct AdbcDriver *driver, struct AdbcError *error)
{
    if (!driver)
        return stoa__driver_fail_null(error, "driver");
    driver->private_data = NULL;
    driver->release = NULL;
    return ADBC_STATUS_OK;
}

static const struct AdbcDriver functions = {
    .release = driver_release,
    .DatabaseInit = stoa__driver_database_init,
    .DatabaseNew = stoa__driver_database_new,
    .DatabaseSetOption = database_set,
    .DatabaseRelease = database_release,
    .ConnectionCommit = stoa__driver_commit,
    .ConnectionGetInfo = stoa__driver_info,
    .ConnectionGetObjects = stoa__driver_objects,
    .ConnectionGetTableSchema = stoa__driver_table_schema,
    .ConnectionGetTableTypes = stoa__driver_table_types,
    .ConnectionInit = stoa__driver_connection_init,
    .ConnectionNew = stoa__driver_connection_new,
    .ConnectionSetOption = connection_set,
    .ConnectionReadPartition = stoa__driver_read_partition,
    .ConnectionRelease = connection_release,
    .ConnectionRollback = stoa__driver_rollback,
    .StatementBind = stoa__driver_bind,
    .StatementBindStream = stoa__driver_bind_stream,
    .StatementExecuteQuery = stoa__driver_execute_query,
    .StatementExecutePartitions = stoa__driver_execute_partitions,
    .StatementGetParameterSchema = stoa__driver_parameter_schema,
    .StatementNew = stoa__driver_statement_new,
    .StatementPrepare = stoa__driver_statement_prepare,
    .StatementRelease = statement_release,
    .StatementSetOption = statement_set,
    .StatementSetSqlQuery = stoa__driver_set_sql,
    .StatementSetSubstraitPlan = set_plan,
    .ErrorGetDetailCount = stoa__driver_detail_count,
    .ErrorGetDetail = stoa__driver_detail,
    .ErrorFromArrayStream = stoa__driver_stream_error,
    .DatabaseGetOption = database_get,
    .DatabaseGetOptionBytes = database_get_bytes,
    .DatabaseGetOptionDouble = database_get_double,
    .DatabaseGetOptionInt = database_get_int,
    .DatabaseSetOptionBytes = database_set_bytes,
    .DatabaseSetOptionDouble = database_set_double,
    .DatabaseSetOptionInt = database_set_int,
    .ConnectionCancel = connection_cancel,
    .ConnectionGetOption = connection_get,
    .ConnectionGetOptionBytes = connection_get_bytes,
    .ConnectionGetOptionDouble = connection_get_double,
    .ConnectionGetOptionInt = connection_get_int,
    .ConnectionGetStatistics = stoa__driver_statistics,
    .ConnectionGetStatisticNames = stoa__driver_statistic_names,
    .ConnectionSetOptionBytes = connection_set_bytes,
    .ConnectionSetOptionDouble = connection_set_double,
    .ConnectionSetOptionInt = connection_set_int,
    .StatementCancel = statement_cancel,
    .StatementExecuteSchema = stoa__driver_execute_schema,
    .StatementGetOption = statement_get,
    .StatementGetOptionBytes = statement_get_bytes,
    .StatementGetOptionDouble = statement_get_double,
    .StatementGetOptionInt = statement_get_int,
    .StatementSetOptionBytes = statement_set_bytes,
    .StatementSetOptionDouble = statement_set_double,
    .StatementSetOptionInt = statement_set_int,
};

AdbcStatusCode AdbcDriverStoaInit(int version, void *driver, struct AdbcError *error)
{
    if (version != ADBC_VERSION_1_0_0 && version != ADBC_VERSION_1_1_0)
        return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                                 "version %d of ADBC is not supported; %d and %d are", version,
                                 ADBC_VERSION_1_0_0, ADBC_VERSION_1_1_0);
    if (!driver)
        return stoa__driver_fail_null(error, "driver");
    memcpy(driver, &functions, version == ADBC_VERSION_1_0_0 ? SIZE_1_0 : SIZE_1_1);
    return ADBC_STATUS_OK;
}

AdbcStatusCode AdbcStoaInit(int version, void *driver, struct AdbcError *error)
{
    return AdbcDriverStoaInit(version, driver, error);
}

AdbcStatusCode AdbcDriverInit(int version, void *driver, struct AdbcError *error)
{
    return AdbcDriverStoaInit(version, driver, error);
}
