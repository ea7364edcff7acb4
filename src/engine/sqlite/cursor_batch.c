/* SPDX-License-Identifier: Apache-2.0 */
/* The step loop: rows of SQLite's into the buffers of Arrow batches. */
#include "engine/sqlite/cursor.h"

#include "arrow/cast.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Room a first batch begins with: a result of one row should not pay for 65,536. And
 * what is taken at once for rows that are not there yet: a declared type may claim any
 * width. */
enum { ROWS_FIRST = 1024, ROOM_BYTES_MAX = 64 << 20 };

/* Copy and tell whether all of it is ASCII. */
static inline bool copy_ascii(uint8_t *to, const uint8_t *from, size_t size)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t seen = 0, word;
    size_t at = 0;

    if (size >= 8) {
        for (; at + 8 <= size; at += 8) {
            memcpy(&word, from + at, 8);
            memcpy(to + at, &word, 8);
            seen |= word;
        }
        memcpy(&word, from + size - 8, 8);
        memcpy(to + size - 8, &word, 8);
        return ((seen | word) & high) == 0;
    }
    for (; at < size; at++) {
        to[at] = from[at];
        seen |= from[at];
    }
    return (seen & high) == 0;
}

/* The row's NULL where there has been one before; the first goes the long way. */
static inline bool write_null(struct stoa__column *out)
{
    if (!out->validity)
        return false;
    stoa__bit_clear(out->validity, out->length);
    out->null_count++;
    return true;
}

static inline bool write_bytes(struct stoa__column *out, sqlite3_value *value, bool text)
{
    const uint8_t *bytes = sqlite3_value_blob(value);
    const int64_t size = sqlite3_value_bytes(value);
    int32_t *offsets = out->offsets;
    uint8_t *to = out->data + out->data_size;

    if (size > out->data_capacity - out->data_size || (size > 0 && !bytes))
        return false;
    if (size > 0 && !text)
        memcpy(to, bytes, (size_t)size);
    else if (size > 0 && !copy_ascii(to, bytes, (size_t)size) &&
             stoa__utf8_check((const char *)bytes, (size_t)size) != (size_t)size)
        return false;
    out->data_size += size;
    offsets[++out->length] = (int32_t)out->data_size;
    return true;
}

static inline bool write_empty_bytes(struct stoa__column *out)
{
    int32_t *offsets = out->offsets;

    if (!write_null(out))
        return false;
    offsets[out->length + 1] = offsets[out->length];
    out->length++;
    return true;
}

/* The value in the class its column is made for, or NULL; false: sqlite_write_cell() is
 * to do it. Column buffers are aligned to 64 bytes and have room for the row. */
static inline bool write_fast(const struct sqlite_column *column, sqlite3_value *value)
{
    struct stoa__column *out = column->out;
    const int class = sqlite3_value_type(value);

    switch (column->writer) {
    case SQLITE_WRITE_INT64: {
        int64_t *data = (void *)out->data;

        if (class == SQLITE_INTEGER)
            data[out->length] = sqlite3_value_int64(value);
        else if (class == SQLITE_NULL && write_null(out))
            data[out->length] = 0;
        else
            return false;
        out->length++;
        return true;
    }
    case SQLITE_WRITE_INT32: {
        int32_t *data = (void *)out->data;
        const int64_t number = class == SQLITE_INTEGER ? sqlite3_value_int64(value) : 0;

        if (class == SQLITE_INTEGER ? number != (int32_t)number
                                    : class != SQLITE_NULL || !write_null(out))
            return false;
        data[out->length++] = (int32_t)number;
        return true;
    }
    case SQLITE_WRITE_FLOAT64: {
        double *data = (void *)out->data;

        if (class == SQLITE_FLOAT)
            data[out->length] = sqlite3_value_double(value);
        else if (class == SQLITE_NULL && write_null(out))
            data[out->length] = 0;
        else
            return false;
        out->length++;
        return true;
    }
    case SQLITE_WRITE_TEXT:
        if (class == SQLITE_TEXT)
            return write_bytes(out, value, true);
        return class == SQLITE_NULL && write_empty_bytes(out);
    case SQLITE_WRITE_BLOB:
        if (class == SQLITE_BLOB)
            return write_bytes(out, value, false);
        return class == SQLITE_NULL && write_empty_bytes(out);
    case SQLITE_WRITE_OTHER:
        break;
    }
    return false;
}

/*
 * Is the database's text UTF-8, so that its bytes can be had without conversion? In a
 * UTF-16 one the bytes of a text change when it is asked for as UTF-8. Empty text does
 * not tell.
 */
static void learn_encoding(struct sqlite_cursor *cursor, sqlite3_value *value)
{
    uint8_t raw[8] = {0};
    const void *blob = sqlite3_value_blob(value);
    const int raw_size = sqlite3_value_bytes(value);
    const size_t shown = raw_size < 8 ? (size_t)raw_size : 8;

    if (!blob || raw_size == 0)
        return;
    memcpy(raw, blob, shown);
    const unsigned char *text = sqlite3_value_text(value);

    if (!text)
        return;
    const bool utf8 =
        sqlite3_value_bytes(value) == raw_size && memcmp(text, raw, shown) == 0;

    for (int32_t i = 0; i < cursor->column_count; i++) {
        if (cursor->columns[i].text_later && utf8)
            cursor->columns[i].writer = SQLITE_WRITE_TEXT;
        cursor->columns[i].text_later = false;
    }
}

static stoa_status write_slow(struct sqlite_cursor *cursor, int32_t column,
                              sqlite3_value *value, stoa_error *err)
{
    struct sqlite_cell cell;

    if (cursor->columns[column].text_later && sqlite3_value_type(value) == SQLITE_TEXT)
        learn_encoding(cursor, value);
    if (!sqlite_cell_load(value, &cell))
        return stoa__fail_nomem(err);
    return sqlite_write_cell(cursor, column, &cell, err);
}

/* The row the statement stands on. */
static inline stoa_status write_row(struct sqlite_cursor *cursor, stoa_error *err)
{
    const int32_t count = cursor->column_count;

    for (int32_t i = 0; i < count; i++) {
        sqlite3_value *value = sqlite3_column_value(cursor->stmt, i);

        if (write_fast(&cursor->columns[i], value))
            continue;
        const stoa_status rc = write_slow(cursor, i, value, err);

        if (rc != STOA_OK)
            return rc;
    }
    return STOA_OK;
}

static stoa_status write_kept_row(struct sqlite_cursor *cursor, stoa_error *err)
{
    struct sqlite_cell cell;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < cursor->column_count; i++) {
        (void)sqlite_cursor_cell(cursor, i, &cell);
        rc = sqlite_write_cell(cursor, i, &cell, err);
    }
    return rc;
}

/* ---- batches ---- */

/* Bytes a row takes in its fixed places, about. */
static double row_bytes(const struct stoa__arrow_type *type)
{
    double sum = type->width + 8;

    for (int32_t i = 0; i < type->child_count; i++)
        sum += row_bytes(&type->children[i]) *
               (type->kind == STOA__ARROW_FIXED_LIST ? type->list_size : 1);
    return sum;
}

/* Rows to make room for: `wanted`, as long as that is reasonable, but more than
 * `have`. */
static int64_t room_for(const struct sqlite_cursor *cursor, int64_t wanted, int64_t have)
{
    const double most = (double)ROOM_BYTES_MAX / row_bytes(cursor->type);
    const int64_t rows = most < (double)wanted ? (int64_t)most : wanted;
    const int64_t more = have > 0 ? have * 2 : 1;

    return rows > have ? rows : wanted < more ? wanted : more;
}

static stoa_status reserve(struct sqlite_cursor *cursor, int64_t rows, stoa_error *err)
{
    struct stoa__column *root = &cursor->builder.root;

    for (int32_t i = 0; i < cursor->column_count; i++) {
        struct stoa__column *out = &root->children[i];
        const stoa_status rc =
            stoa__column_reserve(out, rows - stoa__column_length(out), err);

        if (rc != STOA_OK)
            return rc;
    }
    cursor->reserved = rows;
    return STOA_OK;
}

static stoa_status reserve_text(struct sqlite_cursor *cursor, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < cursor->column_count; i++) {
        struct sqlite_column *column = &cursor->columns[i];

        if (stoa__arrow_shape(column->type) == STOA__SHAPE_TEXT)
            rc = stoa__column_reserve_bytes(column->out, column->text_bytes + 64, err);
    }
    return rc;
}

/* A builder with room for a first batch, or for one as large as the one before. */
static stoa_status begin_batch(struct sqlite_cursor *cursor, int64_t rows_max,
                               stoa_error *err)
{
    const int64_t rows =
        cursor->reserved > 0 && rows_max > ROWS_FIRST ? cursor->reserved : ROWS_FIRST;
    stoa_status rc = STOA_OK;

    if (!cursor->builds) {
        rc = stoa__builder_init(&cursor->builder, cursor->type, 0, err);
        for (int32_t i = 0; rc == STOA_OK && i < cursor->column_count; i++)
            cursor->columns[i].out =
                stoa__column_target(&cursor->builder.root.children[i]);
        cursor->builds = rc == STOA_OK;
    }
    if (rc == STOA_OK)
        rc = reserve(cursor, room_for(cursor, rows < rows_max ? rows : rows_max, 0), err);
    if (rc == STOA_OK)
        rc = reserve_text(cursor, err);
    cursor->started = true;
    return rc;
}

/* Room for one more row: the first batch grows at once to a whole one. */
static stoa_status more_room(struct sqlite_cursor *cursor, int64_t rows_max,
                             stoa_error *err)
{
    int64_t rows = cursor->reserved * 64;

    if (rows > rows_max)
        rows = rows_max;
    return reserve(cursor, room_for(cursor, rows, cursor->reserved), err);
}

static stoa_status fill_kept(struct sqlite_cursor *cursor, int64_t rows_max,
                             int64_t *rows, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && *rows < rows_max && sqlite_cursor_has_kept(cursor)) {
        if (*rows == cursor->reserved)
            rc = more_room(cursor, rows_max, err);
        if (rc == STOA_OK)
            rc = write_kept_row(cursor, err);
        if (rc != STOA_OK)
            break;
        sqlite_cursor_taken(cursor);
        ++*rows;
    }
    return rc;
}

static stoa_status fill_stepping(struct sqlite_cursor *cursor, int64_t rows_max,
                                 int64_t *rows, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && *rows < rows_max) {
        if (*rows == cursor->reserved)
            rc = more_room(cursor, rows_max, err);
        if (rc == STOA_OK && !cursor->row)
            rc = sqlite_cursor_step(cursor, err);
        if (rc == STOA_OK)
            rc = write_row(cursor, err);
        if (rc != STOA_OK)
            break;
        cursor->row = false;
        cursor->row_count++;
        ++*rows;
    }
    return rc;
}

/* FULL closes the batch early: the row that was begun is taken back, and comes with the
 * next. */
static stoa_status close_early(struct sqlite_cursor *cursor, int64_t rows, stoa_status rc)
{
    if (rc != STOA_ERR_FULL || rows == 0)
        return rc;
    for (int32_t i = 0; i < cursor->column_count; i++)
        stoa__column_truncate(&cursor->builder.root.children[i], rows);
    return STOA_OK;
}

static stoa_status finish_batch(struct sqlite_cursor *cursor, int64_t rows,
                                struct ArrowArray *out, stoa_error *err)
{
    for (int32_t i = 0; i < cursor->column_count; i++)
        cursor->columns[i].text_bytes = cursor->columns[i].out->data_size;
    cursor->builder.root.length = rows;
    const stoa_status rc = stoa__builder_finish(&cursor->builder, 0, out, err);

    return rc;
}

stoa_status sqlite_cursor_batch(struct sqlite_cursor *cursor, stoa__call *call,
                                int64_t rows_max, struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    int64_t rows = 0;

    if (!sqlite_cursor_has_kept(cursor) && !cursor->row && !cursor->stepping)
        return STOA_DONE;
    rc = begin_batch(cursor, rows_max, err);
    if (rc == STOA_OK)
        rc = fill_kept(cursor, rows_max, &rows, err);
    if (rc == STOA_OK && (cursor->row || cursor->stepping)) {
        stoa__call *before = sqlite_enter(cursor->session, call);

        rc = fill_stepping(cursor, rows_max, &rows, err);
        sqlite_leave(cursor->session, before);
    }
    rc = close_early(cursor, rows, rc);
    if (rc < 0) {
        stoa__builder_release(&cursor->builder);
        cursor->builds = false;
        return rc;
    }
    if (!cursor->stepping && !cursor->row)
        sqlite_cursor_end(cursor);
    return rows > 0 ? finish_batch(cursor, rows, out, err) : STOA_DONE;
}

/* ---- as asked for ---- */

static stoa_status convert_column(struct sqlite_cursor *cursor, int32_t index,
                                  const struct ArrowArray *from, int64_t first_row,
                                  struct ArrowArray *out, stoa_error *err)
{
    const struct stoa__arrow_type *type = &cursor->requested->children[index];
    const char *name = cursor->type->children[index].name;
    struct stoa__builder builder = {0};
    struct stoa__cell cell;
    stoa_status rc = stoa__builder_init(&builder, type, from->length, err);

    for (int64_t row = 0; rc == STOA_OK && row < from->length; row++) {
        stoa__cell_at(&cursor->type->children[index], from, row, &cell);
        if (cell.null && !type->nullable)
            rc = stoa__fail(err, STOA_ERR_TYPE,
                            "NULL, and the type asked for is not nullable");
        else
            rc = stoa__cell_cast(&cell, &builder.root, err);
        if (rc != STOA_OK)
            stoa__wrap(err, "column '%s', row %lld", name,
                       (long long)(first_row + row + 1));
    }
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

stoa_status sqlite_cursor_convert(struct sqlite_cursor *cursor, struct ArrowArray *batch,
                                  struct ArrowArray *out, stoa_error *err)
{
    const int64_t first_row = cursor->row_count - batch->length;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && cursor->requested && i < cursor->column_count;
         i++) {
        struct ArrowArray changed = {0};

        if (stoa__arrow_type_equal(&cursor->requested->children[i],
                                   &cursor->type->children[i]))
            continue;
        rc = convert_column(cursor, i, batch->children[i], first_row, &changed, err);
        if (rc != STOA_OK)
            break;
        stoa__array_release(batch->children[i]);
        stoa__array_adopt(batch->children[i], &changed);
    }
    if (rc != STOA_OK) {
        stoa__array_release(batch);
        return rc;
    }
    *out = *batch;
    batch->release = NULL;
    return STOA_OK;
}
