/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: a text cut, classified and translated here, and prepared by the driver. */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- foreign statements ---- */

static stoa_status set_query(struct adbc_session *session, struct adbc_object *native,
                             const char *sql, bool prepare, stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    const struct adbc_table *table = &instance->driver->table;
    adbc_error error = adbc_error_for(instance);
    adbc_status status = table->statement_query(native, sql, &error);

    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    if (!prepare || adbc_lacks(instance, ADBC_CAN_PREPARE))
        return STOA_OK;
    error = adbc_error_for(instance);
    status = table->statement_prepare(native, &error);
    adbc_note_answer(instance, ADBC_CAN_PREPARE, status);
    if (status != ADBC_OK && status != ADBC_NOT_IMPLEMENTED)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    return STOA_OK;
}

stoa_status adbc_native_new(struct adbc_session *session, struct adbc_object *native,
                            stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;
    stoa_status rc = STOA_OK;

    *native = (struct adbc_object){0};
    status = instance->driver->table.statement_new(&session->connection, native, &error);
    native->table = &instance->driver->table;
    if (status == ADBC_OK && !native->state)
        rc = stoa__fail(err, STOA_ERR_PROTOCOL,
                        "%s: the driver said that it made a statement, and made none",
                        instance->engine);
    else if (status != ADBC_OK)
        rc = adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    if (rc != STOA_OK)
        adbc_native_close(session, native);
    return rc;
}

stoa_status adbc_native_open(struct adbc_session *session, struct adbc_object *native,
                             const char *sql, stoa_error *err)
{
    stoa_status rc = adbc_native_new(session, native, err);

    if (rc == STOA_OK)
        rc = set_query(session, native, sql, false, err);
    if (rc != STOA_OK)
        adbc_native_close(session, native);
    return rc;
}

void adbc_native_close(struct adbc_session *session, struct adbc_object *native)
{
    const struct adbc_instance *instance = session->instance;
    adbc_error error = adbc_error_for(instance);

    if (native->state)
        (void)instance->driver->table.statement_release(native, &error);
    adbc_error_drop(&error);
    *native = (struct adbc_object){0};
}

/* ---- what a text is ---- */

static bool is_any(const struct stoa__sql_token *token, const char *const *words)
{
    for (; *words; words++)
        if (stoa__sql_is(token, *words))
            return true;
    return false;
}

static const char *const writing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "UPSERT",
                                      NULL};
static const char *const defining[] = {
    "CREATE",  "DROP",    "ALTER",     "TRUNCATE", "GRANT",   "REVOKE",     "SET",     "RESET",
    "VACUUM",  "ANALYZE", "REINDEX",   "CLUSTER",  "COMMENT", "LOCK",       "DISCARD", "ATTACH",
    "DETACH",  "USE",     "SAVEPOINT", "RELEASE",  "COPY",    "CHECKPOINT", "LOAD",    "INSTALL",
    "IMPORT",  "EXPORT",  "REFRESH",   "LISTEN",   "NOTIFY",  "DO",         "DEALLOCATE", NULL};

/* Does the text hold one of the words, outside of strings and names? */
static bool holds(const struct adbc_statement *statement, uint32_t dialect,
                  const char *const *words)
{
    struct stoa__sql_token token;
    stoa__sql scan;

    stoa__sql_init(&scan, statement->text, statement->text_size, dialect);
    for (stoa__sql_next_solid(&scan, &token); token.kind != STOA__SQL_END;
         stoa__sql_next_solid(&scan, &token))
        if (is_any(&token, words))
            return true;
    return false;
}

/* BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK but not ROLLBACK TO. */
static bool is_of_transaction(struct adbc_statement *statement, stoa__sql *scan,
                              const struct stoa__sql_token *first)
{
    static const char *const beginning[] = {"BEGIN", "START", NULL};
    static const char *const committing[] = {"COMMIT", "END", NULL};
    static const char *const returning[] = {"ROLLBACK", "ABORT", NULL};
    struct stoa__sql_token token;

    if (is_any(first, beginning))
        statement->verb = ADBC_VERB_BEGIN;
    else if (is_any(first, committing))
        statement->verb = ADBC_VERB_COMMIT;
    else if (is_any(first, returning))
        statement->verb = ADBC_VERB_ROLLBACK;
    else
        return false;
    for (stoa__sql_next_solid(scan, &token); token.kind != STOA__SQL_END;
         stoa__sql_next_solid(scan, &token))
        if (stoa__sql_is(&token, "TO")) {
            statement->verb = ADBC_VERB_DEFINE;
            return false;
        }
    return true;
}

static void classify(struct adbc_statement *statement, uint32_t dialect)
{
    static const char *const giving[] = {"RETURNING", NULL}, *const with[] = {"WITH", NULL};
    static const char *const asking[] = {"SELECT", "VALUES", "TABLE", "WITH", NULL};
    struct stoa__sql_token token;
    stoa__sql scan;

    stoa__sql_init(&scan, statement->text, statement->text_size, dialect);
    stoa__sql_next_solid(&scan, &token);
    statement->verb = ADBC_VERB_READ;
    if (is_of_transaction(statement, &scan, &token))
        return;
    if (statement->verb == ADBC_VERB_DEFINE || is_any(&token, defining))
        statement->verb = ADBC_VERB_DEFINE;
    else if (is_any(&token, writing) ||
             (is_any(&token, with) && holds(statement, dialect, writing)))
        statement->verb = ADBC_VERB_WRITE;
    statement->writes = statement->verb != ADBC_VERB_READ;
    statement->shows = statement->verb == ADBC_VERB_READ && token.kind == STOA__SQL_WORD &&
                       !is_any(&token, asking);
    statement->returns_rows =
        statement->verb == ADBC_VERB_READ ||
        (statement->verb == ADBC_VERB_WRITE && holds(statement, dialect, giving));
}

/* ---- preparing ---- */

/* A wish: a driver that does not know the option says what it makes of the statement. */
static void tell_that_it_shows(struct adbc_statement *statement)
{
    const struct adbc_instance *instance = statement->session->instance;
    adbc_error error = adbc_error_for(instance);

    if (statement->shows && instance->quirk->copy_key)
        (void)instance->driver->table.statement_set(
            &statement->native, instance->quirk->copy_key, "false", &error);
    adbc_error_drop(&error);
}

static stoa_status prepare_job(void *self, stoa_error *err)
{
    struct adbc_statement *statement = self;

    tell_that_it_shows(statement);
    return set_query(statement->session, &statement->native, statement->sql, true, err);
}

static stoa_status translate(struct adbc_statement *statement, stoa_error *err)
{
    const struct adbc_quirk *quirk = statement->session->instance->quirk;
    stoa__buffer sql = {0};
    stoa_status rc = stoa__sql_translate(statement->text, statement->text_size, quirk->dialect,
                                         quirk->style, &sql, &statement->params, err);

    if (rc == STOA_OK && stoa__buffer_terminate(&sql) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK && memchr(sql.data, '\0', sql.size))
        rc = stoa__fail(err, STOA_ERR_SYNTAX, "%s: the statement holds a NUL byte",
                        statement->session->instance->engine);
    if (rc == STOA_OK)
        statement->sql = (char *)stoa__buffer_take(&sql);
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status prepare_text(struct adbc_statement *statement, stoa__call *call,
                                stoa_error *err)
{
    struct adbc_session *session = statement->session;
    stoa_status rc = translate(statement, err);

    if (rc != STOA_OK)
        return rc;
    classify(statement, session->instance->quirk->dialect);
    if (statement->verb >= ADBC_VERB_BEGIN)
        return stoa__call_check(call, err);
    if (session->instance->quirk->one_stream)
        rc = adbc_make_room(session, call, false, err);
    if (rc == STOA_OK)
        rc = adbc_native_new(session, &statement->native, err);
    if (rc == STOA_OK)
        rc = adbc_work(session, call, &statement->native, prepare_job, statement, err);
    if (rc != STOA_OK) {
        adbc_note_failure(session);
        adbc_error_place(session->instance, statement->text, statement->text_size, err);
    }
    return rc;
}

static stoa_status statement_new(struct adbc_session *session, stoa__call *call, const char *sql,
                                 size_t size, void **out, stoa_error *err)
{
    struct adbc_statement *statement = stoa__alloc_zero(1, sizeof *statement);
    stoa_status rc;

    if (!statement)
        return stoa__fail_nomem(err);
    statement->session = session;
    statement->text = stoa__copy_text(sql, size);
    statement->text_size = size;
    rc = statement->text ? prepare_text(statement, call, err) : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        *out = statement;
    else
        adbc_statement_close(statement);
    return rc;
}

stoa_status adbc_prepare(void *self, stoa__call *call, const char *sql, size_t size, size_t *used,
                         void **out, stoa_error *err)
{
    struct adbc_session *session = self;
    struct stoa__sql_statement cut;
    stoa__sql scan;
    stoa_status rc = stoa__call_check(call, err);

    if (rc != STOA_OK)
        return rc;
    stoa__sql_init(&scan, sql, size, session->instance->quirk->dialect);
    if (!stoa__sql_split(&scan, &cut) || cut.size == 0) {
        *used = scan.at;
        return STOA_OK;
    }
    if (err)
        err->position = -1;
    rc = statement_new(session, call, cut.text, cut.size, out, err);
    if (rc == STOA_OK)
        *used = scan.at;
    else if (err && err->position >= 0)
        err->position += cut.text - sql;
    return rc;
}

void adbc_statement_close(void *self)
{
    struct adbc_statement *statement = self;

    adbc_native_close(statement->session, &statement->native);
    stoa__sql_params_release(&statement->params);
    stoa__arena_release(&statement->arena);
    stoa__free(statement->sql);
    stoa__free(statement->text);
    stoa__free(statement);
}

/* ---- what it is like ---- */

/* The driver's schema of parameters, if it has one; its names are not ours. */
static void read_parameter_types(struct adbc_statement *statement)
{
    struct adbc_instance *instance = statement->session->instance;
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema = {0};
    adbc_error error = adbc_error_for(instance);
    adbc_status status;

    if (!statement->native.state || adbc_lacks(instance, ADBC_CAN_PARAMETERS))
        return;
    status = instance->driver->table.statement_parameters(&statement->native, &schema, &error);
    adbc_error_drop(&error);
    adbc_note_answer(instance, ADBC_CAN_PARAMETERS, status);
    if (status == ADBC_OK && schema.release &&
        stoa__arrow_type_parse(&schema, &statement->arena, &type, NULL) == STOA_OK &&
        type->child_count == statement->params.count)
        for (int32_t i = 0; i < type->child_count; i++)
            if (type->children[i].kind != STOA__ARROW_NULL)
                statement->parameters[i].type = &type->children[i];
    if (status == ADBC_OK)
        stoa__schema_release(&schema);
}

stoa_status adbc_statement_parameters(void *self, const struct stoa__parameter **list,
                                      int64_t *count, stoa_error *err)
{
    struct adbc_statement *statement = self;
    const stoa__sql_params *params = &statement->params;

    if (!statement->parameters && params->count > 0) {
        statement->parameters = stoa__arena_alloc_zero(&statement->arena, (size_t)params->count,
                                                       sizeof *statement->parameters);
        if (!statement->parameters)
            return stoa__fail_nomem(err);
        for (int32_t i = 0; i < params->count; i++) {
            const struct stoa__sql_param *item = &params->items[i];

            statement->parameters[i].name =
                stoa__arena_copy_text(&statement->arena, item->name ? item->name : "",
                                      item->name ? item->name_size : 0);
            if (!statement->parameters[i].name) {
                statement->parameters = NULL;
                return stoa__fail_nomem(err);
            }
        }
        read_parameter_types(statement);
    }
    *list = statement->parameters;
    *count = params->count;
    return STOA_OK;
}

/* Of a statement that gives no rows. */
static const struct stoa__arrow_type no_columns = {
    .kind = STOA__ARROW_STRUCT, .zone = "", .name = "", .format = "+s"};

/* NOT_IMPLEMENTED: by executing a text that only reads, with NULL for all parameters. */
static stoa_status look(struct adbc_statement *statement, stoa_error *err)
{
    static const struct stoa__read_config config = {.batch_rows = 1};
    stoa_value *values = stoa__alloc_zero((size_t)statement->params.count + 1, sizeof *values);
    const struct stoa__params params = {.values = values, .count = statement->params.count};
    const struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema = {0};
    void *cursor = NULL;
    stoa__call call;
    stoa_status rc;

    if (!values)
        return stoa__fail_nomem(err);
    stoa__call_resume(&call, NULL, NULL);
    rc = adbc_execute(statement, &call, &params, &config, &cursor, err);
    if (rc == STOA_OK) {
        (void)adbc_cursor_type(cursor, &call, &type, NULL);
        rc = stoa__arrow_type_export(type, &schema, err);
        adbc_cursor_close(cursor);
    }
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&schema, &statement->arena, &statement->type, err);
    stoa__schema_release(&schema);
    stoa__free(values);
    return rc;
}

static stoa_status ask_schema(struct adbc_statement *statement, stoa_error *err)
{
    struct adbc_instance *instance = statement->session->instance;
    struct ArrowSchema schema = {0};
    adbc_error error = adbc_error_for(instance);
    adbc_status status =
        instance->driver->table.statement_schema(&statement->native, &schema, &error);
    stoa_status rc;

    adbc_note_answer(instance, ADBC_CAN_SCHEMA, status);
    if (status == ADBC_NOT_IMPLEMENTED) {
        adbc_error_drop(&error);
        return STOA_DONE;
    }
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = stoa__arrow_type_parse(&schema, &statement->arena, &statement->type, err);
    stoa__schema_release(&schema);
    if (rc != STOA_OK && rc != STOA_ERR_NOMEM) {
        rc = STOA_ERR_PROTOCOL;
        if (err)
            err->code = rc;
        stoa__wrap(err, "%s: the driver's schema", instance->engine);
    }
    return rc;
}

static stoa_status schema_job(void *self, stoa_error *err)
{
    return ask_schema(self, err);
}

stoa_status adbc_statement_type(void *self, const struct stoa__read_config *config,
                                const struct stoa__arrow_type **type, stoa_error *err)
{
    struct adbc_statement *statement = self;
    struct adbc_instance *instance = statement->session->instance;
    stoa__call call;
    stoa_status rc = STOA_DONE;

    (void)config;
    *type = statement->type ? statement->type : &no_columns;
    if (statement->type || !statement->returns_rows)
        return STOA_OK;
    stoa__call_resume(&call, NULL, NULL);
    if (!adbc_lacks(instance, ADBC_CAN_SCHEMA))
        rc = adbc_work(statement->session, &call, &statement->native, schema_job, statement, err);
    if (rc == STOA_DONE && statement->writes)
        rc = stoa__fail(err, STOA_ERR_UNSUPPORTED,
                        "%s: the columns of a statement that writes are not known before it runs",
                        instance->engine);
    else if (rc == STOA_DONE)
        rc = look(statement, err);
    if (rc == STOA_OK)
        *type = statement->type;
    return rc;
}
