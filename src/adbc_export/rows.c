/* SPDX-License-Identifier: Apache-2.0 */
/* A part of the catalogue, read as a whole, so that several are at hand together. */
#include "adbc_export/rows.h"

#include "base/error.h"
#include "core/value.h"

#include <string.h>

#include "base/ban.h"

enum { ROWS_AT_ONCE = 65536 };

static stoa_status append(struct driver_rows *rows, const stoa_rows *more)
{
    size_t count = (size_t)more->row_count * (size_t)more->column_count;
    int64_t base = (int64_t)rows->bytes.size;

    if (stoa__buffer_append(&rows->bytes, more->bytes, (size_t)more->bytes_size) != STOA_OK ||
        stoa__buffer_reserve(&rows->values, count * sizeof *more->values) != STOA_OK)
        return STOA_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        stoa_value value = more->values[i];

        if (stoa__value_has_bytes(value.type))
            value.a += base;
        stoa__buffer_append(&rows->values, &value, sizeof value); /* There is room. */
    }
    rows->column_count = more->column_count;
    rows->row_count += more->row_count;
    return STOA_OK;
}

/* All of `result`, which is closed. */
static stoa_status read_all(struct driver_rows *rows, stoa_result result, stoa_op op,
                            stoa_error *err)
{
    stoa_rows more;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        rc = stoa_result_rows(result, op, ROWS_AT_ONCE, &more, err);
        if (rc == STOA_OK && append(rows, &more) != STOA_OK)
            rc = stoa__fail_nomem(err);
    }
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status stoa__driver_rows_read(struct driver_rows *rows, stoa_conn conn, stoa_op op,
                                   int32_t what, const char *table, stoa_error *err)
{
    stoa_result result = {0};
    stoa_status rc = stoa_catalog(conn, op, what, NULL, 0, table, table ? STOA_NUL : 0, &result,
                                  err);

    return rc == STOA_OK ? read_all(rows, result, op, err) : rc;
}

stoa_status stoa__driver_rows_query(struct driver_rows *rows, stoa_conn conn, stoa_op op,
                                    const char *sql, stoa_error *err)
{
    stoa_result result = {0};
    stoa_status rc = stoa_query(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, &result, err);

    return rc == STOA_OK ? read_all(rows, result, op, err) : rc;
}

void stoa__driver_rows_release(struct driver_rows *rows)
{
    stoa__buffer_release(&rows->values);
    stoa__buffer_release(&rows->bytes);
    *rows = (struct driver_rows){0};
}

static const stoa_value *value_at(const struct driver_rows *rows, int64_t row, int32_t column)
{
    const stoa_value *values = (const stoa_value *)(const void *)rows->values.data;

    return &values[row * rows->column_count + column];
}

struct driver_text stoa__driver_rows_text(const struct driver_rows *rows, int64_t row,
                                          int32_t column)
{
    const stoa_value *value = value_at(rows, row, column);

    if (!stoa__value_has_bytes(value->type))
        return (struct driver_text){NULL, 0};
    return (struct driver_text){value->b > 0 ? (const char *)rows->bytes.data + value->a : "",
                                value->b};
}

int64_t stoa__driver_rows_int(const struct driver_rows *rows, int64_t row, int32_t column)
{
    const stoa_value *value = value_at(rows, row, column);

    return value->type >= STOA_TYPE_BOOL && value->type <= STOA_TYPE_UINT64 ? value->a : 0;
}

void stoa__driver_text_split(struct driver_text whole, bool splits, struct driver_text *catalog,
                             struct driver_text *schema)
{
    const char *dot =
        splits && whole.data ? memchr(whole.data, '.', (size_t)whole.size) : NULL;

    *catalog = whole;
    *schema = (struct driver_text){"", 0};
    if (!dot)
        return;
    catalog->size = dot - whole.data;
    *schema = (struct driver_text){dot + 1, whole.size - catalog->size - 1};
}

bool stoa__driver_text_equal(struct driver_text a, struct driver_text b)
{
    return a.data && b.data && a.size == b.size && memcmp(a.data, b.data, (size_t)a.size) == 0;
}

bool stoa__driver_text_is(struct driver_text text, const char *word)
{
    return stoa__driver_text_equal(text, (struct driver_text){word, (int64_t)strlen(word)});
}

/* Bytes of the character at `text`. */
static int64_t character(const char *text, const char *end)
{
    int64_t size = 1;

    while (text + size < end && ((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

bool stoa__driver_text_like(struct driver_text text, const char *pattern)
{
    const char *at = text.data, *end = at ? at + text.size : at;
    const char *star = NULL, *star_at = NULL;

    if (!pattern)
        return true;
    if (!at)
        return false;
    while (at < end) {
        if (*pattern == '%') {
            star = ++pattern;
            star_at = at;
        } else if (*pattern == '_') {
            pattern++;
            at += character(at, end);
        } else if (*pattern != '\0' && *pattern == *at) {
            pattern++;
            at++;
        } else if (star) {
            star_at += character(star_at, end);
            pattern = star;
            at = star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '%')
        pattern++;
    return *pattern == '\0';
}
