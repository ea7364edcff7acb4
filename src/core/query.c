/* SPDX-License-Identifier: Apache-2.0 */
/* Running statements: a text on a connection, or a prepared one, to a result, to one row, or to
 * its end. */
#include "core/conn.h"

#include "arrow/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/prepare.h"
#include "core/result.h"
#include "core/stmt.h"

#include <assert.h>

#include "base/ban.h"

/* What a public function got. */
struct packed {
    const stoa_value *params;
    int64_t param_count;
    const uint8_t *bytes;
    int64_t bytes_size;
};

static stoa_status check(struct stoa__entry *entry, const struct packed *packed,
                         struct stoa__params *out, stoa_error *err)
{
    return stoa__params_check(packed->params, packed->param_count, packed->bytes,
                              packed->bytes_size, &entry->leaf->conn->room, out, err);
}

/* What is written stays written when its rows, or the result itself, cannot be given out. */
static void flag_written(stoa_status rc, const struct stoa__cursor_info *info, stoa_error *err)
{
    if (rc < 0 && info->rows_affected > 0)
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
}

/* ---- to a result ---- */

static stoa_status publish(struct stoa__result *result, uint64_t *id, stoa_error *err)
{
    struct stoa__cursor_info info = {-1, -1, -1, -1};
    const stoa_status rc = stoa__result_publish(result, id, err);

    stoa__result_info(result, &info);
    flag_written(rc, &info, err);
    return rc;
}

/* Keep what was not run yet, if there is anything. */
static stoa_status keep_rest(struct stoa__result *result,
                             const struct stoa__script *script, stoa_error *err)
{
    size_t size = script->size - script->at;

    if (size == 0)
        return STOA_OK;
    result->sql = stoa__copy_text(script->sql + script->at, size);
    if (!result->sql)
        return stoa__fail_nomem(err);
    result->sql_base = script->at;
    result->rest = (struct stoa__script){.sql = result->sql, .size = size};
    return STOA_OK;
}

static stoa_status run_first(struct stoa__entry *entry, struct stoa__result *result,
                             struct stoa__script *script, const struct packed *packed,
                             stoa_error *err)
{
    struct stoa__params params;
    stoa_status rc = check(entry, packed, &params, err);

    if (rc == STOA_OK)
        rc = stoa__script_next(entry, script, &result->statement, err);
    if (rc == STOA_DONE)
        rc = stoa__fail(err, STOA_ERR_SYNTAX, "the text holds no statement");
    if (rc == STOA_OK)
        rc = keep_rest(result, script, err);
    if (rc == STOA_OK)
        rc = entry->engine->execute(result->statement, &entry->call, &params,
                                    &result->read, &result->cursor, err);
    if (rc == STOA_OK)
        stoa__note_statement(entry->session, script);
    else
        stoa__position_add(err, script->begin);
    return rc;
}

static stoa_status query(struct stoa__entry *entry, struct stoa__script *script,
                         const struct packed *packed, uint64_t *id, stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__result *result = stoa__result_new(entry, err);
    stoa_status rc;

    if (!result)
        return STOA_ERR_NOMEM;
    rc = run_first(entry, result, script, packed, err);
    result->elapsed_ns = stoa__clock_monotonic_ns() - before;
    if (rc == STOA_OK)
        rc = publish(result, id, err);
    if (rc != STOA_OK)
        stoa__result_free(result);
    return rc;
}

stoa_status stoa_query(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                       const stoa_value *params, int64_t param_count,
                       const uint8_t *bytes, int64_t bytes_size, stoa_result *out,
                       stoa_error *err)
{
    const struct packed packed = {params, param_count, bytes, bytes_size};
    struct stoa__script script;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = stoa__script_enter(&script, &entry, conn, op, sql, sql_size, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, query(&entry, &script, &packed, &out->id, err));
}

/* The parameters of an execution: those passed, or those bound. */
static stoa_status params_of(struct stoa__stmt *stmt, const stoa_value *params, int64_t param_count,
                             const uint8_t *bytes, int64_t bytes_size, struct stoa__params *out,
                             stoa_error *err)
{
    if (param_count == 0 && stmt->bindings)
        return stoa__stmt_bound(stmt, out, err);
    return stoa__params_check(params, param_count, bytes, bytes_size,
                              &stmt->leaf.conn->room, out, err);
}

static stoa_status execute(struct stoa__entry *entry, struct stoa__stmt *stmt,
                           const struct stoa__params *params, uint64_t *id,
                           stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__result *result = stoa__result_new(entry, err);
    stoa_status rc;

    if (!result)
        return STOA_ERR_NOMEM;
    stoa__object_ref(&stmt->leaf.object);
    result->stmt = stmt;
    if (stmt->running)
        stoa__result_supersede(stmt->running);
    rc = entry->engine->execute(stmt->native, &entry->call, params, &result->read,
                                &result->cursor, err);
    if (rc == STOA_OK) {
        stmt->running = result;
        stoa__note_text(entry->session, stmt->sql, stmt->sql_size);
        result->elapsed_ns = stoa__clock_monotonic_ns() - before;
        rc = publish(result, id, err);
    }
    if (rc != STOA_OK)
        stoa__result_free(result);
    return rc;
}

stoa_status stoa_execute(stoa_stmt handle, stoa_op op, const stoa_value *params,
                         int64_t param_count, const uint8_t *bytes, int64_t bytes_size,
                         stoa_result *out, stoa_error *err)
{
    struct stoa__params checked;
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = stoa__stmt_enter(&entry, handle, op, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    rc = params_of(stmt, params, param_count, bytes, bytes_size, &checked, err);
    if (rc == STOA_OK)
        rc = execute(&entry, stmt, &checked, &out->id, err);
    return stoa__leave(&entry, rc);
}

/* ---- to one row ---- */

/* For an engine without execute_row: a result that is read once and, if it writes, to its end. */
static stoa_status row_of_result(struct stoa__entry *entry, void *statement,
                                 const struct stoa__params *params,
                                 struct stoa__row_writer *out,
                                 struct stoa__cursor_info *info, stoa_error *err)
{
    struct stoa__result *result = stoa__result_new(entry, err);
    stoa_status rc, drained;

    if (!result)
        return STOA_ERR_NOMEM;
    rc = entry->engine->execute(statement, &entry->call, params, &result->read,
                                &result->cursor, err);
    if (rc == STOA_OK) {
        drained = rc = stoa__result_read_rows(entry, result, 1);
        stoa__result_info(result, info);
        while (drained == STOA_OK && info->rows_affected >= 0) {
            struct ArrowArray batch;

            drained = stoa__result_read_batch(entry, result, &batch);
            stoa__array_release(&batch);
        }
        stoa__result_info(result, info);
        rc = stoa__result_answer(result, drained < 0 ? drained : rc, err);
    }
    if (rc == STOA_OK) {
        struct stoa__row_writer emptied = *out;

        *out = result->rows;
        result->rows = emptied;
    }
    stoa__result_free(result);
    return rc;
}

static stoa_status row(struct stoa__entry *entry, void *statement,
                       const struct stoa__params *params, stoa_rows *out, stoa_error *err)
{
    struct stoa__cursor_info info = {-1, -1, -1, -1};
    struct stoa__conn *conn = entry->leaf->conn;
    stoa_status rc;

    stoa__row_writer_empty(&conn->row);
    if (STOA__HAS(entry->engine, execute_row))
        rc = entry->engine->execute_row(statement, &entry->call, params, &conn->read,
                                        &conn->row, &info, err);
    else
        rc = row_of_result(entry, statement, params, &conn->row, &info, err);
    flag_written(rc, &info, err);
    if (rc >= 0)
        stoa__row_writer_rows(&conn->row, &info, out);
    return rc;
}

static stoa_status query_row(struct stoa__entry *entry, struct stoa__script *script,
                             const struct packed *packed, stoa_rows *out, stoa_error *err)
{
    struct stoa__params params;
    void *statement = NULL;
    stoa_status rc = check(entry, packed, &params, err);

    if (rc == STOA_OK)
        rc = stoa__script_only(entry, script, &statement, err);
    if (rc != STOA_OK)
        return rc;
    rc = row(entry, statement, &params, out, err);
    entry->engine->statement_close(statement);
    if (rc >= 0)
        stoa__note_statement(entry->session, script);
    else
        stoa__position_add(err, script->begin);
    return rc;
}

stoa_status stoa_query_row(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                           const stoa_value *params, int64_t param_count,
                           const uint8_t *bytes, int64_t bytes_size, stoa_rows *out,
                           stoa_error *err)
{
    const struct packed packed = {params, param_count, bytes, bytes_size};
    struct stoa__script script;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    rc = stoa__script_enter(&script, &entry, conn, op, sql, sql_size, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, query_row(&entry, &script, &packed, out, err));
}

stoa_status stoa_execute_row(stoa_stmt handle, stoa_op op, const stoa_value *params,
                             int64_t param_count, const uint8_t *bytes,
                             int64_t bytes_size, stoa_rows *out, stoa_error *err)
{
    struct stoa__params checked;
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    rc = stoa__stmt_enter(&entry, handle, op, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    rc = params_of(stmt, params, param_count, bytes, bytes_size, &checked, err);
    if (rc == STOA_OK && stmt->running)
        stoa__result_supersede(stmt->running);
    if (rc == STOA_OK)
        rc = row(&entry, stmt->native, &checked, out, err);
    if (rc >= 0)
        stoa__note_text(entry.session, stmt->sql, stmt->sql_size);
    return stoa__leave(&entry, rc);
}

/* ---- to the end ---- */

static void add_done(stoa_done *done, const struct stoa__cursor_info *info)
{
    if (info->rows_affected >= 0)
        done->rows_affected =
            (done->rows_affected < 0 ? 0 : done->rows_affected) + info->rows_affected;
    if (info->last_insert_id > 0)
        done->last_insert_id = info->last_insert_id;
}

static stoa_status drain(struct stoa__entry *entry, void *cursor, stoa_done *done,
                         stoa_error *err)
{
    struct stoa__cursor_info info = {-1, -1, -1, -1};
    struct ArrowArray batch = {0};
    stoa_status rc;

    while ((rc = entry->engine->cursor_next(cursor, &entry->call, &batch, err)) ==
           STOA_OK)
        stoa__array_release(&batch);
    if (STOA__HAS(entry->engine, cursor_info))
        entry->engine->cursor_info(cursor, &info);
    entry->engine->cursor_close(cursor);
    flag_written(rc, &info, err);
    if (rc != STOA_DONE)
        return rc;
    add_done(done, &info);
    return STOA_OK;
}

static stoa_status run_one(struct stoa__entry *entry, struct stoa__script *script,
                           const struct stoa__params *params, stoa_done *done,
                           stoa_error *err)
{
    void *statement = NULL, *cursor = NULL;
    const bool first = script->at == 0;
    stoa_status rc = stoa__script_next(entry, script, &statement, err);

    if (rc != STOA_OK)
        return rc;
    if (!first) /* When nothing follows, all that was asked for is done. */
        rc = stoa__call_check(&entry->call, err);
    if (rc == STOA_OK)
        rc = entry->engine->execute(statement, &entry->call, params,
                                    &entry->leaf->conn->read, &cursor, err);
    if (rc == STOA_OK)
        rc = drain(entry, cursor, done, err);
    entry->engine->statement_close(statement);
    if (rc != STOA_OK) {
        stoa__position_add(err, script->begin);
        return rc;
    }
    stoa__note_statement(entry->session, script);
    if (entry->session->ledger.pending)
        stoa__session_settle(entry->session);
    return STOA_OK;
}

static stoa_status run(struct stoa__entry *entry, struct stoa__script *script,
                       const struct packed *packed, stoa_done *done, stoa_error *err)
{
    struct stoa__params params;
    stoa_status rc = check(entry, packed, &params, err);

    while (rc == STOA_OK) {
        rc = run_one(entry, script, &params, done, err);
        params = (struct stoa__params){0};
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status stoa_run(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                     const stoa_value *params, int64_t param_count, const uint8_t *bytes,
                     int64_t bytes_size, stoa_done *out, stoa_error *err)
{
    const struct packed packed = {params, param_count, bytes, bytes_size};
    stoa_done done = {.rows_affected = -1};
    struct stoa__script script;
    struct stoa__entry entry;
    stoa_status rc;

    if (out)
        *out = (stoa_done){0};
    rc = stoa__script_enter(&script, &entry, conn, op, sql, sql_size, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__leave(&entry, run(&entry, &script, &packed, &done, err));
    if (rc == STOA_OK && out)
        *out = done;
    return rc;
}
