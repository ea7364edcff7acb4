/* SPDX-License-Identifier: Apache-2.0 */
#include "core/result.h"

#include "arrow/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/conn.h"
#include "core/stmt.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* A stoa_stats will never be larger: a size above it was not set. */
enum { STATS_SIZE_MAX = 4096 };

/* ---- the object ---- */

struct stoa__result *stoa__result_new(struct stoa__entry *entry, stoa_error *err)
{
    struct stoa__result *result = stoa__alloc_zero(1, sizeof *result);

    if (!result) {
        (void)stoa__fail_nomem(err);
        return NULL;
    }
    result->leaf.session = entry->session;
    result->leaf.conn = entry->leaf->conn;
    result->cursors = entry->engine;
    result->read = entry->leaf->conn->read;
    return result;
}

/* End the cursor and the statement that is the result's own. */
static void end_run(struct stoa__result *result)
{
    if (result->cursor)
        result->cursors->cursor_close(result->cursor);
    if (result->statement)
        result->leaf.session->engine->statement_close(result->statement);
    result->cursor = result->statement = NULL;
    if (result->stmt && result->stmt->running == result)
        result->stmt->running = NULL;
    stoa__array_release(&result->batch);
    result->batch_row = 0;
    result->stepped = false;
}

void stoa__result_free(struct stoa__result *result)
{
    struct stoa__stmt *stmt = result->stmt;

    end_run(result);
    stoa__row_writer_release(&result->rows);
    stoa__arena_release(&result->texts);
    stoa__read_plan_free(result->plan);
    stoa__free(result->sql);
    stoa__free(result);
    if (stmt)
        stoa__object_unref(&stmt->leaf.object);
}

static void result_end(struct stoa__grave *grave)
{
    stoa__result_free((struct stoa__result *)stoa__leaf_end(grave));
}

static const struct stoa__class result_class = {.kind = STOA__KIND_RESULT,
                                                .destroy = stoa__leaf_destroy};

stoa_status stoa__result_publish(struct stoa__result *result, uint64_t *id,
                                 stoa_error *err)
{
    return stoa__leaf_open(&result->leaf, &result_class, &result->leaf.conn->leaf.object,
                           result_end, id, err);
}

void stoa_result_close(stoa_result result)
{
    stoa__object_close(result.id, STOA__KIND_RESULT);
}

/* ---- failures stay ---- */

void stoa__result_supersede(struct stoa__result *result)
{
    end_run(result);
    if (result->failure.code == 0)
        (void)stoa__fail(&result->failure, STOA_ERR_CLOSED,
                         "the statement was executed again");
}

stoa_status stoa__result_answer(struct stoa__result *result, stoa_status rc,
                                stoa_error *err)
{
    if (rc >= 0)
        return rc;
    result->failure.code = rc;
    stoa__error_copy(err, &result->failure);
    return rc;
}

stoa_status stoa__result_enter(struct stoa__entry *entry, stoa_result handle, stoa_op op,
                               struct stoa__result **out, stoa_error *err)
{
    stoa_status rc = stoa__enter(entry, handle.id, STOA__KIND_RESULT, op, err);

    if (rc != STOA_OK)
        return rc;
    *out = (struct stoa__result *)entry->leaf;
    if ((*out)->failure.code == 0)
        return STOA_OK;
    return stoa__leave(entry, stoa__result_answer(*out, (*out)->failure.code, err));
}

void stoa__result_info(struct stoa__result *result, struct stoa__cursor_info *out)
{
    *out = (struct stoa__cursor_info){-1, -1, -1, -1};
    if (result->cursor && STOA__HAS(result->cursors, cursor_info))
        result->cursors->cursor_info(result->cursor, out);
}

/* ---- its columns ---- */

static stoa_status fail_no_statement(stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID, "the result has no statement left");
}

stoa_status stoa_result_schema(stoa_result handle, struct ArrowSchema *out,
                               stoa_error *err)
{
    const struct stoa__arrow_type *type = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowSchema){0};
    rc = stoa__result_enter(&entry, handle, (stoa_op){0}, &result, err);
    if (rc != STOA_OK)
        return rc;
    if (!result->cursor)
        return stoa__leave(&entry, fail_no_statement(err));
    rc = result->cursors->cursor_type(result->cursor, &entry.call, &type, &result->failure);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, out, err);
    else
        rc = stoa__result_answer(result, rc, err);
    return stoa__leave(&entry, rc);
}

static stoa_status request(struct stoa__result *result, const struct stoa__arrow_type *type,
                           stoa_error *err)
{
    if (!result->cursor)
        return fail_no_statement(err);
    if (result->started)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "types can be asked for before the first row is read");
    if (!STOA__HAS(result->cursors, cursor_request))
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "%s: other types of results are not supported",
                          result->cursors->name);
    return result->cursors->cursor_request(result->cursor, type, err);
}

stoa_status stoa_result_request(stoa_result handle, const struct ArrowSchema *schema,
                                stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa__arena arena = {0};
    stoa_status rc;

    if (!schema)
        return stoa__fail_null(err, "schema");
    rc = stoa__arrow_type_parse(schema, &arena, &type, err);
    if (rc == STOA_OK && type->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_INVALID, "schema is not a struct");
    if (rc == STOA_OK)
        rc = stoa__result_enter(&entry, handle, (stoa_op){0}, &result, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry, request(result, type, err));
    stoa__arena_release(&arena);
    return rc;
}

/* ---- batches ---- */

stoa_status stoa__result_read_batch(struct stoa__entry *entry,
                                    struct stoa__result *result, struct ArrowArray *out)
{
    struct ArrowArray whole = result->batch;
    int64_t row = result->batch_row;
    stoa_status rc;

    *out = (struct ArrowArray){0};
    result->started = true;
    result->stepped = false;
    if (!result->cursor || (result->done && !whole.release))
        return STOA_DONE;
    if (!whole.release) {
        rc = result->cursors->cursor_next(result->cursor, &entry->call, out,
                                          &result->failure);
        result->done = rc == STOA_DONE;
        return rc;
    }
    result->batch = (struct ArrowArray){0};
    result->batch_row = 0;
    if (row == 0) {
        *out = whole;
        return STOA_OK;
    }
    rc = stoa_batch_slice(&whole, row, whole.length - row, out, &result->failure);
    stoa__array_release(&whole);
    return rc;
}

stoa_status stoa_result_next(stoa_result handle, stoa_op op, struct ArrowArray *out,
                             stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowArray){0};
    rc = stoa__result_enter(&entry, handle, op, &result, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__result_answer(result, stoa__result_read_batch(&entry, result, out), err);
    if (rc == STOA_OK)
        result->rows_read += out->length;
    result->elapsed_ns += stoa__clock_monotonic_ns() - before;
    return stoa__leave(&entry, rc);
}

/* ---- the next statement ---- */

static stoa_status run_next(struct stoa__entry *entry, struct stoa__result *result)
{
    stoa_error *err = &result->failure;
    stoa_status rc;

    end_run(result);
    result->started = result->done = false;
    if (result->plan)
        return stoa__read_plan_next(entry, result, err);
    if (!result->sql)
        return STOA_DONE;
    rc = stoa__script_next(entry, &result->rest, &result->statement, err);
    if (rc == STOA_OK) {
        const struct stoa__params none = {0};

        rc = entry->engine->execute(result->statement, &entry->call, &none, &result->read,
                                    &result->cursor, err);
        if (rc == STOA_OK)
            stoa__note_statement(entry->session, &result->rest);
        else
            stoa__position_add(err, result->rest.begin);
    }
    if (rc < 0)
        stoa__position_add(err, result->sql_base);
    return rc;
}

stoa_status stoa_result_next_result(stoa_result handle, stoa_op op, stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc = stoa__result_enter(&entry, handle, op, &result, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__result_answer(result, run_next(&entry, result), err);
    result->elapsed_ns += stoa__clock_monotonic_ns() - before;
    return stoa__leave(&entry, rc);
}

/* ---- what it did ---- */

stoa_status stoa_result_stats(stoa_result handle, stoa_stats *out, stoa_error *err)
{
    struct stoa__cursor_info info;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_stats stats = {0};
    int64_t size;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    size = out->struct_size;
    if (size < (int64_t)sizeof size || size > STATS_SIZE_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "out->struct_size is %lld",
                          (long long)size);
    memset((char *)out + sizeof size, 0, (size_t)size - sizeof size);
    /* Also of one that failed: what it did until then. */
    rc = stoa__enter(&entry, handle.id, STOA__KIND_RESULT, (stoa_op){0}, err);
    if (rc != STOA_OK)
        return rc;
    result = (struct stoa__result *)entry.leaf;
    stoa__result_info(result, &info);
    stats = (stoa_stats){.struct_size = size,
                         .rows_affected = info.rows_affected,
                         .last_insert_id = info.last_insert_id,
                         .rows_read = result->rows_read,
                         .rows_scanned = info.rows_scanned,
                         .values_coerced = info.values_coerced,
                         .elapsed_ns = result->elapsed_ns};
    memcpy(out, &stats, (size_t)size < sizeof stats ? (size_t)size : sizeof stats);
    return stoa__leave(&entry, STOA_OK);
}

stoa_status stoa_result_table(stoa_result handle, const char **name, int64_t *name_size,
                              stoa_error *err)
{
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (name)
        *name = "";
    if (name_size)
        *name_size = 0;
    if (!name || !name_size)
        return stoa__fail_null(err, name ? "name_size" : "name");
    rc = stoa__result_enter(&entry, handle, (stoa_op){0}, &result, err);
    if (rc != STOA_OK)
        return rc;
    if (result->plan)
        *name = stoa__read_plan_table(result->plan);
    *name_size = (int64_t)strlen(*name);
    return stoa__leave(&entry, STOA_OK);
}
