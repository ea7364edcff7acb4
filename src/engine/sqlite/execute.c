/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of a statement: as a cursor, once a row of a source, and the point query. */
#include "engine/sqlite/statement.h"

#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

stoa_status sqlite_execute(void *self, stoa__call *call,
                           const struct stoa__params *params,
                           const struct stoa__read_config *config, void **out,
                           stoa_error *err)
{
    struct sqlite_cursor *cursor;
    const stoa_status rc = sqlite_cursor_open(self, call, params, config, &cursor, err);

    *out = cursor;
    return rc;
}

stoa_status sqlite_query_owned(struct sqlite_session *session, stoa__call *call,
                               const char *sql, size_t size,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config, void **out,
                               stoa_error *err)
{
    struct sqlite_cursor *cursor;
    void *statement;
    size_t used;
    stoa_status rc = sqlite_prepare(session, call, sql, size, &used, &statement, err);

    *out = NULL;
    if (rc != STOA_OK)
        return rc;
    assert(statement);
    rc = sqlite_cursor_open(statement, call, params, config, &cursor, err);
    if (rc != STOA_OK) {
        sqlite_statement_close(statement);
        return rc;
    }
    cursor->owns = true;
    *out = cursor;
    return STOA_OK;
}

/* ---- once a row of a source ---- */

struct feed {
    struct sqlite_statement *statement;
    stoa__call *call;
    struct stoa__source *rows;
    int32_t nan;
    int32_t *columns; /* Of the source, one a parameter. */
    struct sqlite_column_form *forms;
    stoa__arena arena;
    stoa_done done;
    stoa_error *err;
};

static int32_t find_column(const struct stoa__arrow_type *type, const char *name)
{
    for (int32_t i = 0; *name && i < type->child_count; i++)
        if (strcmp(type->children[i].name, name) == 0)
            return i;
    return -1;
}

/* Some names were found and one was not: by position it would be given another's values. */
static stoa_status fail_name(const struct feed *feed, int32_t missing)
{
    return stoa__fail(feed->err, STOA_ERR_INVALID,
                      "no column of the rows has the name of parameter '%s', while others have "
                      "those of theirs",
                      feed->statement->parameters[missing].name);
}

/* By name where every parameter has one the rows have too, else by position. */
static stoa_status match_columns(struct feed *feed)
{
    const struct sqlite_statement *statement = feed->statement;
    const struct stoa__arrow_type *type = feed->rows->type;
    const int32_t count = statement->parameter_count;
    bool all_named = true;
    int32_t found = 0, missing = -1;

    for (int32_t i = 0; i < count; i++) {
        feed->columns[i] = find_column(type, statement->parameters[i].name);
        all_named = all_named && *statement->parameters[i].name;
        found += feed->columns[i] >= 0;
        missing = feed->columns[i] < 0 && missing < 0 ? i : missing;
    }
    const bool by_name = count > 0 && missing < 0;
    if (all_named && found > 0 && missing >= 0)
        return fail_name(feed, missing);
    if (!by_name && type->child_count != count)
        return stoa__fail(feed->err, STOA_ERR_INVALID,
                          "the statement has %d parameter%s, the rows have %d column%s",
                          (int)count, count == 1 ? "" : "s", (int)type->child_count,
                          type->child_count == 1 ? "" : "s");
    for (int32_t i = 0; i < count; i++) {
        feed->columns[i] = by_name ? feed->columns[i] : i;
        const struct stoa__arrow_type *values =
            stoa__arrow_type_values(&type->children[feed->columns[i]]);

        feed->forms[i] =
            (struct sqlite_column_form){values, sqlite_type_form_default(values)};
    }
    return STOA_OK;
}

/* One run of the statement; rows it answers with are dropped. */
static stoa_status run_row(struct feed *feed)
{
    struct sqlite_statement *statement = feed->statement;
    struct stoa__cursor_info info = {-1, 0, -1, 0};
    struct sqlite_run run;
    stoa_status rc = STOA_OK;
    int code;

    sqlite_run_begin(statement, &run);
    do
        code = sqlite_step(statement->session, statement->stmt);
    while (code == SQLITE_ROW);
    if (code != SQLITE_DONE)
        rc = sqlite_fail(statement->session, code, feed->err);
    sqlite_run_end(statement, &run, rc == STOA_OK ? &info : NULL);
    sqlite3_reset(statement->stmt);
    if (rc == STOA_OK && info.rows_affected >= 0) {
        feed->done.rows_affected += info.rows_affected;
        if (info.last_insert_id != 0)
            feed->done.last_insert_id = info.last_insert_id;
    }
    return rc;
}

static stoa_status bind_row(struct feed *feed, const struct ArrowArray *batch,
                            int64_t row)
{
    struct sqlite_statement *statement = feed->statement;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < statement->parameter_count; i++) {
        const struct stoa__arrow_type *type =
            &feed->rows->type->children[feed->columns[i]];
        const struct sqlite_column_form form = {type, feed->forms[i].form};

        rc = sqlite_put(&form, batch->children[feed->columns[i]], batch->offset + row,
                        false, feed->nan, &statement->scratch, statement->stmt, i + 1,
                        NULL, feed->err);
        if (rc != STOA_OK && *type->name)
            stoa__wrap(feed->err, "column '%s'", type->name);
        else if (rc != STOA_OK)
            stoa__wrap(feed->err, "parameter %d", (int)i + 1);
    }
    return rc;
}

static stoa_status run_batch(struct feed *feed, const struct ArrowArray *batch,
                             int64_t *row_count)
{
    stoa__call *before = sqlite_enter(feed->statement->session, feed->call);
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < batch->length; row++) {
        rc = bind_row(feed, batch, row);
        if (rc == STOA_OK)
            rc = run_row(feed);
        if (rc != STOA_OK)
            stoa__wrap(feed->err, "row %lld", (long long)*row_count);
        ++*row_count;
    }
    sqlite_leave(feed->statement->session, before);
    return rc;
}

static stoa_status run_all(struct feed *feed)
{
    const struct ArrowArray *batch;
    int64_t row_count = 0;
    stoa_status rc;

    while ((rc = feed->rows->next(feed->rows->self, &batch, feed->err)) == STOA_OK) {
        rc = feed->call ? stoa__call_check(feed->call, feed->err) : STOA_OK;
        if (rc == STOA_OK)
            rc = run_batch(feed, batch, &row_count);
        if (rc != STOA_OK)
            return rc;
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* All rows inside a savepoint of our own, or none. */
static stoa_status run_guarded(struct feed *feed)
{
    struct sqlite_session *session = feed->statement->session;
    const unsigned long long number = (unsigned long long)session->savepoint_number++;
    char begin[64], release[64], undo[128];
    stoa_status rc;

    (void)snprintf(begin, sizeof begin, "SAVEPOINT stoa_rows_%llu", number);
    (void)snprintf(release, sizeof release, "RELEASE stoa_rows_%llu", number);
    (void)snprintf(undo, sizeof undo,
                   "ROLLBACK TO stoa_rows_%llu; RELEASE stoa_rows_%llu", number, number);
    rc = sqlite_run(session, feed->call, begin, feed->err);
    if (rc != STOA_OK)
        return rc;
    rc = run_all(feed);
    if (rc == STOA_OK)
        rc = sqlite_run(session, feed->call, release, feed->err);
    if (rc != STOA_OK && !sqlite3_get_autocommit(session->db))
        (void)sqlite_run(session, NULL, undo, NULL);
    return rc;
}

static stoa_status prepare_feed(struct feed *feed)
{
    const size_t count = (size_t)feed->statement->parameter_count + 1;
    const stoa_status rc = sqlite_parameters_load(feed->statement, feed->err);

    if (rc != STOA_OK)
        return rc;
    feed->columns = stoa__arena_alloc_zero(&feed->arena, count, sizeof *feed->columns);
    feed->forms = stoa__arena_alloc_zero(&feed->arena, count, sizeof *feed->forms);
    if (!feed->columns || !feed->forms)
        return stoa__fail_nomem(feed->err);
    return match_columns(feed);
}

stoa_status sqlite_execute_source(void *self, stoa__call *call, struct stoa__source *rows,
                                  int32_t nan, stoa_done *out, stoa_error *err)
{
    struct sqlite_statement *statement = self;
    struct sqlite_session *session = statement->session;
    const bool writes = sqlite_statement_writes(statement);
    struct feed feed = {
        .statement = statement, .call = call, .rows = rows, .nan = nan, .err = err};
    stoa_status rc = prepare_feed(&feed);

    assert(!statement->running);
    *out = (stoa_done){0};
    feed.done.rows_affected = statement->verb == SQLITE_VERB_OTHER ? -1 : 0;
    if (rc == STOA_OK && writes)
        rc = sqlite_write_begin(session, call, err);
    if (rc == STOA_OK) {
        session->writing += writes;
        statement->running = true;
        rc = run_guarded(&feed);
        statement->running = false;
        session->writing -= writes;
        sqlite3_reset(statement->stmt);
        sqlite3_clear_bindings(statement->stmt);
    }
    sqlite_write_settle(session);
    stoa__arena_release(&feed.arena);
    if (rc == STOA_OK)
        *out = feed.done;
    return rc;
}

/* ---- once a row of packed values ---- */

/* The statement's verb and counts as of a single run. */
static stoa_status run_packed(struct sqlite_statement *statement, stoa__call *call,
                              struct stoa__params row, int64_t row_count, int32_t nan,
                              int64_t *affected, int64_t *rows_done, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (*rows_done = 0; *rows_done < row_count && rc == STOA_OK;) {
        int code;

        if ((*rows_done & 255) == 255 && call)
            rc = stoa__call_check(call, err);
        if (rc == STOA_OK)
            rc = sqlite_bind(statement, statement->stmt, &row, nan, SQLITE_HOLD_BORROWED, err);
        if (rc != STOA_OK)
            break;
        do
            code = sqlite_step(statement->session, statement->stmt);
        while (code == SQLITE_ROW);
        if (code != SQLITE_DONE)
            rc = sqlite_fail(statement->session, code, err);
        else
            ++*rows_done;
        *affected += rc == STOA_OK ? sqlite3_changes64(statement->session->db) : 0;
        sqlite3_reset(statement->stmt);
        if (row.count > 0) /* Without any, there is no memory to go forward in. */
            row.values += row.count;
    }
    return rc;
}

stoa_status sqlite_execute_rows(void *self, stoa__call *call,
                                const struct stoa__params *params, int64_t row_count,
                                int32_t nan, struct stoa__cursor_info *info,
                                int64_t *rows_done, stoa_error *err)
{
    struct sqlite_statement *statement = self;
    struct sqlite_session *session = statement->session;
    const bool writes = sqlite_statement_writes(statement);
    struct stoa__params row = *params;
    struct sqlite_run run;
    int64_t affected = 0;
    stoa_status rc = writes ? sqlite_write_begin(session, call, err) : STOA_OK;

    assert(!statement->running && !params->names);
    assert(params->count == row_count * statement->parameter_count);
    *info = (struct stoa__cursor_info){-1, 0, -1, 0};
    *rows_done = 0;
    if (rc != STOA_OK)
        return rc;
    row.count = statement->parameter_count;
    stoa__call *before = sqlite_enter(session, call);

    session->running++;
    session->writing += writes;
    sqlite_run_begin(statement, &run);
    rc = run_packed(statement, call, row, row_count, nan, &affected, rows_done, err);
    sqlite_run_end(statement, &run, rc == STOA_OK ? info : NULL);
    session->writing -= writes;
    session->running--;
    sqlite_leave(session, before);
    sqlite_write_settle(session);
    if (rc == STOA_OK && info->rows_affected >= 0)
        info->rows_affected = affected;
    return rc;
}

/* ---- the point query ---- */

/* Anything but a plain read whose values can be packed as they come: by way of a
 * cursor. */
static stoa_status row_by_cursor(struct sqlite_statement *statement, stoa__call *call,
                                 const struct stoa__params *params,
                                 const struct stoa__read_config *config,
                                 struct stoa__row_writer *out,
                                 struct stoa__cursor_info *info, stoa_error *err)
{
    struct sqlite_cursor *cursor;
    struct stoa__read_config one = *config;
    stoa_status rc;

    one.batch_rows = 1;
    rc = sqlite_cursor_open(statement, call, params, &one, &cursor, err);
    if (rc != STOA_OK)
        return rc;
    rc = sqlite_cursor_rows(cursor, call, 1, out, err);
    sqlite_cursor_info(cursor, info);
    sqlite_cursor_close(cursor);
    return rc;
}

/* The columns from `next` on, whose value is not simply its column's: with all a cursor knows,
 * which takes longer to lay out than to pack a row. */
static stoa_status pack_rest(struct sqlite_statement *statement, int32_t next,
                             const struct stoa__read_config *config,
                             struct stoa__row_writer *out, struct stoa__cursor_info *info,
                             stoa_error *err)
{
    struct sqlite_cursor cursor = {.session = statement->session,
                                   .statement = statement,
                                   .stmt = statement->stmt,
                                   .plan = statement->plan.columns,
                                   .type = statement->plan.type,
                                   .column_count = statement->plan.column_count,
                                   .config = *config};
    const stoa_status rc = sqlite_pack_columns(&cursor, next, out, err);

    info->values_coerced = cursor.info.values_coerced;
    return rc;
}

static stoa_status pack_row(struct sqlite_statement *statement,
                            const struct stoa__read_config *config,
                            struct stoa__row_writer *out, struct stoa__cursor_info *info,
                            stoa_error *err)
{
    const struct sqlite_plan *plan = &statement->plan;
    int32_t next = 0;
    stoa_status rc =
        sqlite_pack_plain(plan->columns, plan->column_count, statement->stmt, &next, out);

    if (rc == STOA_ERR_TYPE)
        rc = pack_rest(statement, next, config, out, info, err);
    else if (rc != STOA_OK)
        rc = stoa__fail_nomem(err);
    out->column_count = plan->column_count;
    out->row_count += rc == STOA_OK;
    return rc;
}

/* The statement stands on its row, or has none (`code`). */
static stoa_status take_row(struct sqlite_statement *statement, stoa__call *call,
                            int code, const struct stoa__read_config *config,
                            struct stoa__row_writer *out, struct stoa__cursor_info *info,
                            bool *direct, stoa_error *err)
{
    struct sqlite_session *session = statement->session;
    struct sqlite_plan *plan = &statement->plan;
    stoa_status rc = STOA_OK;

    *direct = true;
    if (code == SQLITE_DONE)
        out->column_count = sqlite3_column_count(statement->stmt);
    if (code == SQLITE_DONE)
        return STOA_DONE;
    if (code != SQLITE_ROW)
        return sqlite_fail(session, code, err);
    if (!sqlite_plan_fits(plan, statement->stmt, config)) {
        sqlite_plan_release(plan);
        rc = sqlite_plan_make(session, call, statement->stmt, config, plan, err);
    }
    *direct = plan->direct;
    if (rc == STOA_OK && plan->direct)
        rc = pack_row(statement, config, out, info, err);
    return rc;
}

stoa_status sqlite_execute_row(void *self, stoa__call *call,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config,
                               struct stoa__row_writer *out,
                               struct stoa__cursor_info *info, stoa_error *err)
{
    struct sqlite_statement *statement = self;
    struct sqlite_session *session = statement->session;
    bool direct = false;
    stoa_status rc;

    assert(!statement->running);
    *info = (struct stoa__cursor_info){-1, 0, -1, 0};
    if (sqlite_statement_writes(statement) || config->types == STOA__TYPES_EXACT ||
        (statement->plan.ready && !statement->plan.direct))
        return row_by_cursor(statement, call, params, config, out, info, err);
    stoa__call *before = sqlite_enter(session, call);

    rc = sqlite_bind(statement, statement->stmt, params, config->nan,
                     SQLITE_HOLD_BORROWED, err);
    if (rc == STOA_OK) {
        session->running++;
        rc = take_row(statement, call, sqlite3_step(statement->stmt), config, out, info,
                      &direct, err);
        session->running--;
    }
    sqlite3_reset(statement->stmt);
    sqlite_leave(session, before);
    sqlite_write_settle(session);
    /* Something to be looked at again; or a table that may yet be made. */
    if ((rc == STOA_OK && !direct) || (rc == STOA_ERR_NOT_FOUND && session->resolver))
        return row_by_cursor(statement, call, params, config, out, info, err);
    if (rc >= 0 && session->instance->frozen) {
        const stoa_status current = sqlite_session_current(session, err);

        rc = current == STOA_OK ? rc : current;
    }
    return rc;
}
