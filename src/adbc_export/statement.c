/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statement of the interface: its states, options and bound data.
 *
 *   empty -- SetSqlQuery --> query -- Prepare --> prepared -- SetSqlQuery --> query
 *   any -- an ingest option --> ingest -- SetSqlQuery --> query
 */
#include "adbc_export/parts.h"

#include "arrow/array.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#include "base/ban.h"

#define INGEST "adbc.ingest."
#define STOA_INGEST "stoa.ingest."

AdbcStatusCode stoa__driver_statement_new(struct AdbcConnection *connection,
                                          struct AdbcStatement *self, struct AdbcError *error)
{
    struct driver_connection *parent;
    struct driver_node *node;
    stoa_error failure;
    AdbcStatusCode status;

    if (!self)
        return stoa__driver_fail_null(error, "statement");
    self->private_data = NULL;
    status = stoa__driver_enter_open(connection, &parent, error);
    if (status != ADBC_STATUS_OK)
        return status;
    node = stoa__driver_node_new(sizeof(struct driver_statement));
    if (!node)
        stoa__fail_nomem(&failure);
    else
        stoa__type_cache_init(&((struct driver_statement *)(void *)node)->types);
    if (!node || stoa__driver_node_open(node, STOA__KIND_ADBC_STATEMENT, &parent->node,
                                        &self->private_data, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(&parent->node, status);
}

/* ---- states ---- */

static void drop_query(struct driver_statement *statement)
{
    stoa_stmt_close(statement->stmt);
    statement->stmt = (stoa_stmt){0};
    statement->answer = DRIVER_UNKNOWN;
    stoa__free(statement->sql);
    statement->sql = NULL;
}

static void drop_ingest(struct driver_statement *statement)
{
    stoa__mutex_lock(&statement->node.lock);
    stoa__driver_settings_drop(&statement->node.settings, INGEST);
    stoa__driver_settings_drop(&statement->node.settings, STOA_INGEST);
    stoa__mutex_unlock(&statement->node.lock);
}

AdbcStatusCode stoa__driver_set_sql(struct AdbcStatement *self, const char *sql,
                                    struct AdbcError *error)
{
    struct driver_statement *statement;
    AdbcStatusCode status;
    stoa_error failure;
    char *copy;

    if (!sql)
        return stoa__driver_fail_null(error, "query");
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status != ADBC_STATUS_OK)
        return status;
    copy = stoa__copy_text(sql, strlen(sql));
    if (copy) {
        drop_query(statement);
        drop_ingest(statement);
        statement->sql = copy;
        statement->state = DRIVER_QUERY;
    } else {
        stoa__fail_nomem(&failure);
        status = stoa__driver_fail_stoa(error, &failure);
    }
    return stoa__driver_leave(&statement->node, status);
}

static AdbcStatusCode prepare(struct driver_statement *statement, struct AdbcError *error)
{
    stoa_error failure;
    stoa_op op;
    stoa_status rc;

    if (statement->state == DRIVER_PREPARED)
        return ADBC_STATUS_OK;
    if (statement->state != DRIVER_QUERY)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                 "there is nothing to prepare: no query is set");
    rc = stoa__driver_op_open(&statement->node, &op, &failure);
    if (rc == STOA_OK) {
        rc = stoa__driver_prepare(statement, op, &failure);
        stoa_op_close(op);
    }
    if (rc != STOA_OK)
        return stoa__driver_fail_stoa(error, &failure);
    statement->state = DRIVER_PREPARED;
    return ADBC_STATUS_OK;
}

AdbcStatusCode stoa__driver_statement_prepare(struct AdbcStatement *self,
                                              struct AdbcError *error)
{
    struct driver_statement *statement;
    AdbcStatusCode status = stoa__driver_enter_statement(self, &statement, error);

    if (status != ADBC_STATUS_OK)
        return status;
    return stoa__driver_leave(&statement->node, prepare(statement, error));
}

/* ---- options ---- */

static AdbcStatusCode check_mode(const char *key, const char *value, struct AdbcError *error)
{
    static const char *const modes[] = {"create", "append", "replace", "create_append"};
    const char *mode = stoa__driver_key_behind(value, INGEST "mode.");

    for (size_t i = 0; mode && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(mode, modes[i]) == 0)
            return ADBC_STATUS_OK;
    return stoa__driver_fail_value(error, key, "a mode of ingest");
}

static AdbcStatusCode check_ingest(const char *key, const char *name,
                                   const struct driver_value *value, struct AdbcError *error)
{
    bool on;

    if (value->type != DRIVER_TEXT)
        return stoa__driver_fail_value(error, key, "text");
    if (strcmp(name, "mode") == 0)
        return check_mode(key, value->bytes, error);
    if (strcmp(name, "temporary") == 0)
        return stoa__driver_value_bool(value, &on)
                   ? ADBC_STATUS_OK
                   : stoa__driver_fail_value(error, key, "true or false");
    if (strcmp(name, "target_table") == 0 || strcmp(name, "target_catalog") == 0 ||
        strcmp(name, "target_db_schema") == 0)
        return ADBC_STATUS_OK;
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "a statement has no option %s", key);
}

static AdbcStatusCode check_other(const char *key, const struct driver_value *value,
                                  struct AdbcError *error)
{
    int64_t number;
    bool on, named;

    if (strcmp(key, "stoa.deadline_ms") == 0)
        return stoa__driver_value_int(value, &number) && number >= 0
                   ? ADBC_STATUS_OK
                   : stoa__driver_fail_value(error, key, "a number of milliseconds");
    named = strcmp(key, DRIVER_BY_NAME) == 0;
    if (!named && strcmp(key, "adbc.statement.exec.incremental") != 0)
        return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                                 "a statement has no option %s that can be set", key);
    if (!stoa__driver_value_bool(value, &on))
        return stoa__driver_fail_value(error, key, "true or false");
    return on && !named ? stoa__driver_unsupported(error, "incremental execution")
                        : ADBC_STATUS_OK;
}

AdbcStatusCode stoa__driver_statement_set(struct driver_statement *statement, const char *key,
                                          const struct driver_value *value,
                                          struct AdbcError *error)
{
    const char *name = stoa__driver_key_behind(key, INGEST);
    bool ingest = name || stoa__driver_key_behind(key, STOA_INGEST);
    AdbcStatusCode status = ADBC_STATUS_OK;

    if (name)
        status = check_ingest(key, name, value, error);
    else if (!ingest)
        status = check_other(key, value, error);
    else if (value->type == DRIVER_BYTES)
        status = stoa__driver_fail_value(error, key, "text");
    if (status == ADBC_STATUS_OK)
        status = stoa__driver_remember(&statement->node, key, value, error);
    if (status == ADBC_STATUS_OK && ingest) {
        drop_query(statement);
        statement->state = DRIVER_INGEST;
    }
    return status;
}

bool stoa__driver_statement_get(struct driver_statement *statement, const char *key,
                                struct driver_room *out)
{
    bool progress = strcmp(key, "adbc.statement.exec.progress") == 0;
    int64_t done = 0, total = 0;
    stoa_op op;

    if (!progress && strcmp(key, "adbc.statement.exec.max_progress") != 0)
        return stoa__driver_database_get((stoa_db){0}, key, out);
    stoa__mutex_lock(&statement->node.lock);
    op = statement->node.op;
    stoa__mutex_unlock(&statement->node.lock);
    if (op.id == 0 || stoa_op_progress(op, &done, &total, NULL) != STOA_OK)
        return false;
    out->value = (struct driver_value){.type = DRIVER_DOUBLE,
                                       .real = (double)(progress ? done : total)};
    return true;
}

/* ---- bound data ---- */

void stoa__driver_unbind(struct driver_statement *statement)
{
    stoa_stream_release(&statement->bound);
    stoa__array_release(&statement->batch);
    statement->batch = (struct ArrowArray){0};
    stoa__known_type_unref(statement->type);
    statement->type = NULL;
}

stoa_status stoa__driver_bound_stream(struct driver_statement *statement, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_status rc;

    if (!statement->batch.release)
        return STOA_OK;
    rc = stoa__arrow_type_export(statement->type->type, &schema, err);
    if (rc == STOA_OK)
        rc = stoa_stream_from_batches(&schema, &statement->batch, 1, &statement->bound, err);
    stoa__schema_release(&schema);
    if (rc == STOA_OK) {
        statement->batch = (struct ArrowArray){0}; /* Taken. */
        stoa__known_type_unref(statement->type);
        statement->type = NULL;
    }
    return rc;
}

AdbcStatusCode stoa__driver_bind_stream(struct AdbcStatement *self,
                                        struct ArrowArrayStream *stream,
                                        struct AdbcError *error)
{
    struct driver_statement *statement;
    AdbcStatusCode status;

    if (!stream)
        return stoa__driver_fail_null(error, "stream");
    if (!stream->release)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT,
                                 "the stream to bind is released");
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status != ADBC_STATUS_OK)
        return status;
    stoa__driver_unbind(statement);
    statement->bound = *stream;
    *stream = (struct ArrowArrayStream){0};
    return stoa__driver_leave(&statement->node, ADBC_STATUS_OK);
}

/* A batch is kept as it is: one row that is bound is the parameters of a query most often. */
AdbcStatusCode stoa__driver_bind(struct AdbcStatement *self, struct ArrowArray *batch,
                                 struct ArrowSchema *schema, struct AdbcError *error)
{
    struct stoa__known_type *type = NULL;
    struct driver_statement *statement;
    AdbcStatusCode status;
    stoa_error failure;

    if (!batch || !schema)
        return stoa__driver_fail_null(error, batch ? "schema" : "values");
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status != ADBC_STATUS_OK)
        return status;
    if (stoa__type_cache_get(&statement->types, schema, &type, &failure) == STOA_OK &&
        stoa__arrow_validate(type->type, batch, STOA_CHECK_FULL, &failure) == STOA_OK) {
        stoa__driver_unbind(statement);
        statement->batch = *batch;
        *batch = (struct ArrowArray){0};
        statement->type = type;
        stoa__schema_release(schema);
    } else {
        stoa__known_type_unref(type);
        status = stoa__driver_fail_stoa(error, &failure);
    }
    return stoa__driver_leave(&statement->node, status);
}
