/* SPDX-License-Identifier: Apache-2.0 */
/* Running statements. */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/identifier.h"
#include "text/number.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static const struct stoa__arrow_type no_columns = {
    .kind = STOA__ARROW_STRUCT, .zone = "", .name = "", .format = "+s"};

/* ---- may it run? ---- */

static stoa_status check(struct adbc_statement *statement, stoa_error *err)
{
    const struct adbc_session *session = statement->session;

    if (session->failed && statement->verb != ADBC_VERB_ROLLBACK &&
        statement->verb != ADBC_VERB_DEFINE)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s: the transaction has failed and can only be rolled back",
                          session->instance->engine);
    if (session->transaction == STOA_TRANSACTION_READ && statement->writes)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "%s: the transaction only reads",
                          session->instance->engine);
    return STOA_OK;
}

static stoa_status run_transaction(struct adbc_statement *statement, stoa__call *call,
                                   stoa_error *err)
{
    struct adbc_session *session = statement->session;

    if (statement->verb == ADBC_VERB_BEGIN)
        return adbc_begin(session, call, STOA_BEGIN_LAZY, err);
    if (session->transaction == STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID, "%s: no transaction is open",
                          session->instance->engine);
    return statement->verb == ADBC_VERB_COMMIT ? adbc_commit(session, call, err)
                                               : adbc_rollback(session, err);
}

/* ---- one execution ---- */

struct execution {
    struct adbc_statement *statement;
    const struct stoa__params *params;
    int64_t batch_rows;
    struct adbc_cursor *cursor;
};

static void bound_batches(const struct execution *execution)
{
    struct adbc_statement *statement = execution->statement;
    struct adbc_instance *instance = statement->session->instance;
    const char *key = instance->quirk->batch_rows_key;
    adbc_error error = adbc_error_for(instance);
    char text[STOA__INTEGER_TEXT_MAX + 1];
    adbc_status status;

    if (!key || !statement->returns_rows || adbc_lacks(instance, ADBC_CAN_BATCH_ROWS))
        return;
    text[stoa__int64_format(execution->batch_rows, text)] = '\0';
    status = instance->driver->table.statement_set(&statement->native, key, text, &error);
    /* Longer batches are cut here: it is a wish, which no driver need understand. */
    adbc_note(instance, ADBC_CAN_BATCH_ROWS, status == ADBC_OK);
    adbc_error_drop(&error);
}

/* On the worker. */
static stoa_status execute_job(void *self, stoa_error *err)
{
    struct execution *execution = self;
    struct adbc_statement *statement = execution->statement;
    struct adbc_instance *instance = statement->session->instance;
    struct ArrowArrayStream stream = {0};
    adbc_error error = adbc_error_for(instance);
    int64_t rows = -1;
    adbc_status status;

    bound_batches(execution);
    status = instance->driver->table.statement_execute(
        &statement->native, statement->returns_rows ? &stream : NULL, &rows, &error);
    if (status != ADBC_OK) {
        stoa_stream_release(&stream);
        return adbc_fail(instance, status, &error, NULL, err);
    }
    adbc_error_drop(&error);
    if (statement->verb == ADBC_VERB_WRITE && rows >= 0) {
        adbc_note(instance, ADBC_CAN_COUNTS, true);
        execution->cursor->rows_affected = rows;
    }
    return statement->returns_rows ? adbc_cursor_stream(execution->cursor, &stream, err)
                                   : STOA_OK;
}

static stoa_status run(struct execution *execution, stoa__call *call, stoa_error *err)
{
    struct adbc_statement *statement = execution->statement;
    struct adbc_session *session = statement->session;
    stoa_status rc = adbc_make_room(session, call, false, err);

    if (rc == STOA_OK)
        rc = adbc_bind_values(statement, &statement->native, execution->params, err);
    if (rc != STOA_OK)
        return rc;
    rc = adbc_work(session, call, &statement->native, execute_job, execution, err);
    /* A driver that can't be cancelled ends when it likes; what it only read is dropped. */
    if (rc == STOA_OK && !statement->writes && stoa__call_should_stop(call))
        rc = stoa__call_fail(call, err);
    if (rc != STOA_OK) {
        adbc_note_failure(session);
        adbc_error_place(session->instance, statement->text, statement->text_size, err);
    }
    return rc;
}

stoa_status adbc_execute(void *self, stoa__call *call, const struct stoa__params *params,
                         const struct stoa__read_config *config, void **out, stoa_error *err)
{
    struct adbc_statement *statement = self;
    struct execution execution = {
        .statement = statement, .params = params, .batch_rows = config->batch_rows};
    struct adbc_cursor *cursor;
    void *empty = NULL;
    stoa_status rc;

    if (err)
        err->position = -1;
    rc = check(statement, err);
    if (rc == STOA_OK)
        rc = adbc_cursor_of_batch(statement->session, &no_columns, NULL, &empty, err);
    if (rc != STOA_OK)
        return rc;
    cursor = execution.cursor = empty;
    cursor->batch_rows = config->batch_rows;
    cursor->statement = &statement->native;
    if (statement->verb >= ADBC_VERB_BEGIN)
        rc = run_transaction(statement, call, err);
    else
        rc = run(&execution, call, err);
    if (rc == STOA_OK && cursor->in.type)
        adbc_cursor_opened(cursor);
    if (rc == STOA_OK)
        *out = cursor;
    else
        adbc_cursor_close(cursor);
    return rc;
}

/* ---- once a row ---- */

struct rows_execution {
    struct adbc_statement *statement;
    struct adbc_feed *feed;
    int64_t rows_affected;
};

/* Which column of the source each place or parameter takes. */
static stoa_status map_columns(const struct adbc_statement *statement,
                               const struct stoa__arrow_type *type, int32_t *columns,
                               stoa_error *err)
{
    const stoa__sql_params *params = &statement->params;
    bool by_place = statement->session->instance->quirk->style == STOA__SQL_STYLE_QUESTION;
    int32_t count = by_place ? params->place_count : params->count;
    bool by_name = params->count > 0;
    int32_t of_parameter[64];
    int32_t *found = params->count <= 64
                         ? of_parameter
                         : stoa__alloc_zero((size_t)params->count, sizeof *found);

    if (!found)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < params->count && by_name; i++) {
        const struct stoa__sql_param *item = &params->items[i];

        by_name = false;
        for (int32_t column = 0; item->name && column < type->child_count && !by_name; column++)
            if (stoa__name_equal(item->name, item->name_size, type->children[column].name,
                                 strlen(type->children[column].name))) {
                found[i] = column;
                by_name = true;
            }
    }
    for (int32_t i = 0; i < params->count && !by_name; i++)
        found[i] = i;
    for (int32_t i = 0; i < count; i++)
        columns[i] = found[by_place ? params->places[i] - 1 : i];
    if (found != of_parameter)
        stoa__free(found);
    if (!by_name && type->child_count != params->count)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the statement has %d parameters, the rows have %d columns",
                          params->count, type->child_count);
    return STOA_OK;
}

static stoa_status execute_bound(struct rows_execution *execution, stoa_error *err)
{
    struct adbc_statement *statement = execution->statement;
    struct adbc_instance *instance = statement->session->instance;
    adbc_error error = adbc_error_for(instance);
    int64_t rows = -1;
    adbc_status status =
        instance->driver->table.statement_execute(&statement->native, NULL, &rows, &error);

    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    if (rows >= 0)
        execution->rows_affected =
            (execution->rows_affected < 0 ? 0 : execution->rows_affected) + rows;
    return STOA_OK;
}

static stoa_status all_at_once(struct rows_execution *execution, stoa_error *err)
{
    struct adbc_statement *statement = execution->statement;
    struct adbc_instance *instance = statement->session->instance;
    struct ArrowArrayStream stream;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;
    stoa_status rc;

    adbc_feed_stream(execution->feed, &stream);
    status = instance->driver->table.statement_bind_stream(&statement->native, &stream, &error);
    if (status != ADBC_OK) {
        rc = adbc_fail(instance, status, &error, "binding", err);
    } else {
        adbc_error_drop(&error);
        rc = execute_bound(execution, err);
    }
    stoa_stream_release(&stream);
    return rc;
}

/* A driver that takes one row at a time: copies, since such a driver may read beyond a window. */
static stoa_status batch_by_row(struct rows_execution *execution, struct ArrowSchema *schema,
                                const struct stoa__arrow_type *row_type,
                                struct ArrowArray *shared, int64_t rows, stoa_error *err)
{
    struct adbc_statement *statement = execution->statement;
    struct adbc_instance *instance = statement->session->instance;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < rows && rc == STOA_OK; i++) {
        struct ArrowArray window = {0}, row = {0};
        struct ArrowSchema type = {0};
        adbc_error error = adbc_error_for(instance);
        adbc_status status = ADBC_OK;

        rc = stoa__array_window(shared, i, 1, &window, err);
        if (rc == STOA_OK)
            rc = stoa__array_copy(row_type, &window, &row, err);
        stoa__array_release(&window);
        if (rc == STOA_OK)
            rc = stoa_schema_copy(schema, &type, err);
        if (rc == STOA_OK)
            status = instance->driver->table.statement_bind(&statement->native, &row, &type,
                                                            &error);
        if (status != ADBC_OK)
            rc = adbc_fail(instance, status, &error, "binding", err);
        adbc_error_drop(&error);
        stoa__array_release(&row);
        stoa__schema_release(&type);
        if (rc == STOA_OK)
            rc = execute_bound(execution, err);
    }
    return rc;
}

static stoa_status row_by_row(struct rows_execution *execution, stoa_error *err)
{
    struct ArrowArrayStream stream;
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema = {0};
    stoa__arena arena = {0};
    stoa_status rc;

    adbc_feed_stream(execution->feed, &stream);
    rc = stoa_stream_schema(&stream, &schema, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&schema, &arena, &type, err);
    while (rc == STOA_OK) {
        struct ArrowArray batch = {0}, shared = {0};
        int64_t rows;

        rc = stoa_stream_next(&stream, &batch, err);
        rows = batch.length;
        if (rc == STOA_OK)
            rc = stoa__array_share(&batch, &shared, err);
        stoa__array_release(&batch);
        if (rc == STOA_OK)
            rc = batch_by_row(execution, &schema, type, &shared, rows, err);
        stoa__array_release(&shared);
    }
    stoa__schema_release(&schema);
    stoa_stream_release(&stream);
    stoa__arena_release(&arena);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status rows_job(void *self, stoa_error *err)
{
    struct rows_execution *execution = self;

    return execution->statement->session->instance->quirk->one_row_binds
               ? row_by_row(execution, err)
               : all_at_once(execution, err);
}

/* In a transaction, of ours if there is none: all rows or none. */
static stoa_status run_rows(struct rows_execution *execution, int64_t row_count, stoa__call *call,
                            stoa_error *err)
{
    struct adbc_session *session = execution->statement->session;
    struct adbc_unit unit;
    stoa_status rc = adbc_unit_begin(&unit, session, call, err);

    if (rc == STOA_OK && unit.kind == ADBC_UNIT_NONE && row_count != 1 &&
        !session->instance->target.best_effort)
        rc = stoa__fail(err, STOA_ERR_UNSUPPORTED,
                        "%s: the driver has no transactions: a statement run once a row cannot be "
                        "all or none (atomic=best_effort tries)",
                        session->instance->engine);
    if (rc != STOA_OK)
        return rc;
    rc = adbc_work_fed(session, call, &execution->statement->native, rows_job, execution, err);
    if (adbc_feed_failure(execution->feed, NULL) != STOA_OK)
        rc = adbc_feed_failure(execution->feed, err);
    else if (rc == STOA_OK)
        rc = adbc_feed_check(execution->feed, err);
    return adbc_unit_end(&unit, call, rc, err);
}

stoa_status adbc_execute_source(void *self, stoa__call *call, struct stoa__source *rows,
                                int32_t nan, stoa_done *out, stoa_error *err)
{
    struct adbc_statement *statement = self;
    struct adbc_session *session = statement->session;
    struct rows_execution execution = {.statement = statement, .rows_affected = -1};
    int32_t count = statement->params.place_count > statement->params.count
                        ? statement->params.place_count
                        : statement->params.count;
    int32_t *columns = stoa__alloc_zero((size_t)count + 1, sizeof *columns);
    stoa_status rc = columns ? check(statement, err) : stoa__fail_nomem(err);

    if (rc == STOA_OK && (statement->verb >= ADBC_VERB_BEGIN || statement->params.count == 0))
        rc = stoa__fail(err, STOA_ERR_INVALID, "%s: the statement has no parameters",
                        session->instance->engine);
    if (rc == STOA_OK)
        rc = map_columns(statement, rows->type, columns, err);
    if (rc == STOA_OK)
        rc = adbc_make_room(session, call, true, err);
    if (rc == STOA_OK)
        rc = adbc_feed_new(session, rows, call, columns,
                           session->instance->quirk->style == STOA__SQL_STYLE_QUESTION
                               ? statement->params.place_count
                               : statement->params.count,
                           nan, &execution.feed, err);
    stoa__free(columns);
    if (rc != STOA_OK)
        return rc;
    rc = run_rows(&execution, rows->row_count, call, err);
    adbc_feed_end(execution.feed);
    if (rc == STOA_OK)
        *out = (stoa_done){.rows_affected = execution.rows_affected};
    return rc;
}
