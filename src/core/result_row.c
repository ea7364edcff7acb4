/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a result: packed, or stepped through and read value by value. */
#include "core/result.h"

#include "arrow/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "core/capability.h"
#include "core/rows.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- packed ---- */

/* A batch with rows that were not given yet. */
static stoa_status have_batch(struct stoa__entry *entry, struct stoa__result *result)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && result->batch_row >= result->batch.length) {
        stoa__array_release(&result->batch);
        result->batch = (struct ArrowArray){0};
        result->batch_row = 0;
        rc = result->done ? STOA_DONE
                          : result->cursors->cursor_next(result->cursor, &entry->call,
                                                         &result->batch, &result->failure);
    }
    result->done = rc == STOA_DONE;
    return rc;
}

static stoa_status rows_of_batch(struct stoa__entry *entry, struct stoa__result *result,
                                 int64_t rows_max)
{
    const struct stoa__arrow_type *type = NULL;
    stoa_status rc = have_batch(entry, result);
    int64_t count;

    if (rc != STOA_OK)
        return rc;
    rc =
        result->cursors->cursor_type(result->cursor, &entry->call, &type, &result->failure);
    if (rc != STOA_OK)
        return rc;
    count = result->batch.length - result->batch_row;
    if (count > rows_max)
        count = rows_max;
    rc = stoa__rows_from_batch(type, &result->batch, result->batch_row, count,
                               &result->rows, &result->failure);
    if (rc == STOA_OK)
        result->batch_row += count;
    return rc;
}

stoa_status stoa__result_read_rows(struct stoa__entry *entry, struct stoa__result *result,
                                   int64_t rows_max)
{
    stoa_status rc;

    stoa__row_writer_empty(&result->rows);
    result->started = true;
    result->stepped = false;
    if (!result->cursor || (result->done && !result->batch.release))
        return STOA_DONE;
    if (!STOA__HAS(result->cursors, cursor_rows))
        return rows_of_batch(entry, result, rows_max);
    rc = result->cursors->cursor_rows(result->cursor, &entry->call, rows_max, &result->rows,
                                      &result->failure);
    result->done = rc == STOA_DONE;
    if (rc < 0)
        stoa__row_writer_empty(&result->rows);
    return rc;
}

/* Read, and make the answer the caller's. */
static stoa_status read_rows(struct stoa__entry *entry, struct stoa__result *result,
                             int64_t rows_max, stoa_error *err)
{
    stoa_status rc = stoa__result_read_rows(entry, result, rows_max);

    rc = stoa__result_answer(result, rc, err);
    if (rc == STOA_OK)
        result->rows_read += result->rows.row_count;
    return rc;
}

stoa_status stoa_result_rows(stoa_result handle, stoa_op op, int64_t rows_max,
                             stoa_rows *out, stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__cursor_info info;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    if (rows_max < 1 || rows_max > STOA__BATCH_ROWS_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "rows_max is %lld, not in 1..%d",
                          (long long)rows_max, STOA__BATCH_ROWS_MAX);
    rc = stoa__result_enter(&entry, handle, op, &result, err);
    if (rc != STOA_OK)
        return rc;
    rc = read_rows(&entry, result, rows_max, err);
    if (rc >= 0) {
        stoa__result_info(result, &info);
        stoa__row_writer_rows(&result->rows, &info, out);
    }
    result->elapsed_ns += stoa__clock_monotonic_ns() - before;
    return stoa__leave(&entry, rc);
}

/* ---- stepping ---- */

stoa_status stoa_result_step(stoa_result handle, stoa_op op, stoa_error *err)
{
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc = stoa__result_enter(&entry, handle, op, &result, err);

    if (rc != STOA_OK)
        return rc;
    stoa__arena_reset(&result->texts);
    rc = read_rows(&entry, result, 1, err);
    result->stepped = rc == STOA_OK;
    return stoa__leave(&entry, rc);
}

/* Enter for one value of the current row. */
static stoa_status enter_value(struct stoa__entry *entry, stoa_result handle,
                               int32_t column, struct stoa__result **result,
                               const stoa_value **value, stoa_error *err)
{
    stoa_status rc = stoa__result_enter(entry, handle, (stoa_op){0}, result, err);

    if (rc != STOA_OK)
        return rc;
    if (!(*result)->stepped)
        rc = stoa__fail(err, STOA_ERR_INVALID, "there is no current row; step first");
    else if (column < 0 || column >= (*result)->rows.column_count)
        rc = stoa__fail(err, STOA_ERR_INVALID, "column is %d, and the result has %d",
                        (int)column, (int)(*result)->rows.column_count);
    if (rc != STOA_OK)
        return stoa__leave(entry, rc);
    *value = (const stoa_value *)(const void *)(*result)->rows.values.data + column;
    return STOA_OK;
}

/* Failures of a value name its column. */
static stoa_status leave_value(struct stoa__entry *entry, int32_t column, stoa_status rc,
                               stoa_error *err)
{
    if (rc < 0)
        stoa__wrap(err, "column %d", (int)column);
    return stoa__leave(entry, rc);
}

stoa_status stoa_result_is_null(stoa_result handle, int32_t column, int32_t *out,
                                stoa_error *err)
{
    const stoa_value *value = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = 0;
    rc = enter_value(&entry, handle, column, &result, &value, err);
    if (!value) /* Exactly when it failed. */
        return rc;
    *out = value->type == STOA_TYPE_NULL;
    return stoa__leave(&entry, STOA_OK);
}

stoa_status stoa_result_int64(stoa_result handle, int32_t column, int64_t *out,
                              stoa_error *err)
{
    const stoa_value *value = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = 0;
    rc = enter_value(&entry, handle, column, &result, &value, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__value_int64(value, result->rows.bytes.data, out, err);
    return leave_value(&entry, column, rc, err);
}

stoa_status stoa_result_float64(stoa_result handle, int32_t column, double *out,
                                stoa_error *err)
{
    const stoa_value *value = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = 0;
    rc = enter_value(&entry, handle, column, &result, &value, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__value_float64(value, result->rows.bytes.data, out, err);
    return leave_value(&entry, column, rc, err);
}

/* A packed timestamp does not say whether its column has a zone. */
static bool is_zoned(struct stoa__entry *entry, const struct stoa__result *result,
                     int32_t column, const stoa_value *value)
{
    const struct stoa__arrow_type *type = NULL;
    stoa_error unused;

    if (value->type != STOA_TYPE_TIMESTAMP || !result->cursor ||
        result->cursors->cursor_type(result->cursor, &entry->call, &type, &unused) != STOA_OK ||
        column >= type->child_count)
        return false;
    type = &type->children[column];
    if (type->dictionary)
        type = type->dictionary;
    return type->kind == STOA__ARROW_TIMESTAMP && type->zone[0] != '\0';
}

/* Into the arena of the current row, so that texts of all its columns stay side by side. */
static stoa_status make_text(struct stoa__result *result, const stoa_value *value, bool zoned,
                             const char **text, int64_t *text_size, stoa_error *err)
{
    stoa__buffer made = {0};
    stoa_status rc = stoa__value_text(value, result->rows.bytes.data, &made, err);
    const char *copy = NULL;

    if (rc == STOA_OK && zoned && stoa__buffer_append_byte(&made, 'Z') != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        copy = stoa__arena_copy_text(&result->texts,
                                     made.data ? (const char *)made.data : "", made.size);
    if (rc == STOA_OK && !copy)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK) {
        *text = copy;
        *text_size = (int64_t)made.size;
    }
    stoa__buffer_release(&made);
    return rc;
}

stoa_status stoa_result_text(stoa_result handle, int32_t column, const char **text,
                             int64_t *text_size, stoa_error *err)
{
    const stoa_value *value = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (text)
        *text = NULL;
    if (text_size)
        *text_size = 0;
    if (!text || !text_size)
        return stoa__fail_null(err, text ? "text_size" : "text");
    rc = enter_value(&entry, handle, column, &result, &value, err);
    if (rc != STOA_OK)
        return rc;
    rc = make_text(result, value, is_zoned(&entry, result, column, value), text, text_size, err);
    return leave_value(&entry, column, rc, err);
}

stoa_status stoa_result_bytes(stoa_result handle, int32_t column, const uint8_t **bytes,
                              int64_t *bytes_size, stoa_error *err)
{
    static const uint8_t nothing = 0;
    const stoa_value *value = NULL;
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (bytes)
        *bytes = NULL;
    if (bytes_size)
        *bytes_size = 0;
    if (!bytes || !bytes_size)
        return stoa__fail_null(err, bytes ? "bytes_size" : "bytes");
    rc = enter_value(&entry, handle, column, &result, &value, err);
    if (!value) /* Exactly when it failed. */
        return rc;
    if (!stoa__value_has_bytes(value->type))
        rc =
            stoa__fail(err, STOA_ERR_TYPE, "%s is no bytes", stoa_type_name(value->type));
    else
        *bytes = value->b > 0 ? result->rows.bytes.data + value->a : &nothing;
    if (rc == STOA_OK)
        *bytes_size = value->b;
    return leave_value(&entry, column, rc, err);
}
