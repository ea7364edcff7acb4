/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_line.h"

#include "arrow/shape.h"
#include "format/quick.h"
#include "format/scan.h"

#include <string.h>

#include "base/ban.h"

/* Behind the string whose quote is at `at`; NULL when the line ends first. */
static const uint8_t *pass_string(const uint8_t *at, const uint8_t *end)
{
    for (at = stoa__string_end(at + 1); at < end; at = stoa__string_end(at)) {
        if (*at == '"')
            return at + 1;
        at += *at == '\\' ? 2 : 1;
    }
    return NULL;
}

/* Behind the value at `at`, which need not be a right one; NULL when the line ends first. */
static const uint8_t *pass_any(const uint8_t *at, const uint8_t *end)
{
    int64_t depth = 0;

    while (at < end) {
        const uint8_t c = *at;

        if (c == '"') {
            at = pass_string(at, end);
            if (!at)
                return NULL;
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
        } else if ((c == '}' || c == ']' || c == ',') && depth == 0) {
            return at;
        } else {
            depth -= c == '}' || c == ']';
            at++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    return NULL;
}

static inline const uint8_t *pass_number(const uint8_t *at)
{
    while ((*at >= '0' && *at <= '9') || *at == '.' || *at == '-' || *at == '+' || *at == 'e' ||
           *at == 'E')
        at++;
    return at;
}

/* JSON writes a zero in front alone. */
static inline bool leads_with_zero(const uint8_t *at, size_t size)
{
    const size_t sign = *at == '-';

    return size > sign + 1 && at[sign] == '0' && at[sign + 1] != '.';
}

static inline void put_fixed(struct stoa__column *column, const void *value)
{
    memcpy(column->data + column->length * 8, value, 8);
    column->length++;
}

/* A plain string, `size` bytes at `text`, into a column of text. */
static inline stoa_status put_string(struct stoa__column *column, const uint8_t *text,
                                     size_t size, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (column->data_capacity - column->data_size < (int64_t)size + 16)
        rc = stoa__column_reserve_bytes(column, (int64_t)size + 16, err);
    if (rc != STOA_OK)
        return rc;
    if (size <= 16)
        memcpy(column->data + column->data_size, text, 16);
    else
        memcpy(column->data + column->data_size, text, size);
    column->data_size += (int64_t)size;
    column->length++;
    if (column->type->kind == STOA__ARROW_LARGE_UTF8)
        ((int64_t *)column->offsets)[column->length] = column->data_size;
    else
        ((int32_t *)column->offsets)[column->length] = (int32_t)column->data_size;
    return STOA_OK;
}

/* A string value of text or time without escapes: behind it, or NULL. */
static inline const uint8_t *put_quoted(struct stoa__column *column, enum stoa__json_how how,
                                        const uint8_t *at, stoa_status *rc, stoa_error *err)
{
    const uint8_t *text = at + 1, *end = stoa__string_end(text);
    const struct stoa__arrow_type *type = column->type;
    int64_t value = 0;

    if (*end != '"')
        return NULL;
    if (how == STOA__BY_TEXT) {
        *rc = put_string(column, text, (size_t)(end - text), err);
        return *rc == STOA_OK ? end + 1 : NULL;
    }
    if (how != STOA__BY_TIMESTAMP || end == text ||
        !stoa__quick_timestamp(text, (size_t)(end - text), stoa__civil_per_second(type->unit),
                               type->zone[0] != '\0', &value))
        return NULL;
    put_fixed(column, &value);
    return end + 1;
}

static inline const uint8_t *put_number(struct stoa__column *column, enum stoa__json_how how,
                                        const uint8_t *at)
{
    const uint8_t *end = pass_number(at);
    const size_t size = (size_t)(end - at);
    int64_t value = 0;
    double real = 0;

    if (leads_with_zero(at, size))
        return NULL;
    if (how == STOA__BY_INT64 && stoa__quick_int64(at, size, &value))
        put_fixed(column, &value);
    else if (how == STOA__BY_DOUBLE && stoa__quick_double(at, size, &real))
        put_fixed(column, &real);
    else
        return NULL;
    return end;
}

static inline const uint8_t *put_bool(struct stoa__column *column, const uint8_t *at)
{
    const bool yes = memcmp(at, "true", 4) == 0;

    if (!yes && memcmp(at, "false", 5) != 0)
        return NULL;
    if (yes)
        stoa__bit_set(column->data, column->length);
    column->length++;
    return at + (yes ? 4 : 5);
}

/* The value at `at` into column `index`: behind it. NULL: the line must be read again, or, if
 * worker->error has a code, it is bad. */
static inline const uint8_t *read_value(stoa__json_worker *worker, int32_t index, const uint8_t *at,
                                        const uint8_t *end)
{
    struct stoa__column *column = worker->targets[index];
    const enum stoa__json_how how = (enum stoa__json_how)worker->how[index];
    const uint8_t *behind = NULL;
    stoa_status rc = STOA_OK;

    if (*at == '"' && (how == STOA__BY_TEXT || how == STOA__BY_TIMESTAMP))
        behind = put_quoted(column, how, at, &rc, &worker->error);
    else if (how == STOA__BY_INT64 || how == STOA__BY_DOUBLE)
        behind = put_number(column, how, at);
    else if (how == STOA__BY_BOOL)
        behind = put_bool(column, at);
    if (behind)
        return behind;
    if (end - at > 4 && memcmp(at, "null", 4) == 0 && column->type->nullable &&
        how != STOA__BY_JSON) {
        rc = stoa__column_append_null(worker->columns[index], &worker->error);
        return rc == STOA_OK ? at + 4 : NULL;
    }
    behind = rc == STOA_OK ? pass_any(at, end) : NULL;
    if (!behind)
        return NULL;
    while (behind > at && (behind[-1] == ' ' || behind[-1] == '\t' || behind[-1] == '\r'))
        behind--;
    rc = stoa__json_append_value(worker, index, at, (size_t)(behind - at), &worker->error);
    if (rc == STOA_OK)
        return behind;
    worker->fault = at;
    worker->fault_column = index + 1;
    return NULL;
}

/* The column of the key whose quote is at `at`, the one after `last` in most lines; `*behind` its
 * closing quote. -1: unknown, -2: not of the usual form. */
static inline int32_t read_key(const stoa__json_worker *worker, const uint8_t *at,
                               const uint8_t *line_end, int32_t last, const uint8_t **behind)
{
    const stoa__jsonl *jsonl = worker->jsonl;
    const int32_t likely = last + 1;
    const uint8_t *end;

    at++;
    if (likely < stoa__json_column_count(worker) && jsonl->names.plain[likely]) {
        const size_t size = jsonl->names.sizes[likely];

        if ((size_t)(line_end - at) > size && at[size] == '"' &&
            memcmp(at, jsonl->reader.type->children[likely].name, size) == 0) {
            *behind = at + size + 1;
            return likely;
        }
    }
    end = stoa__string_end(at);
    if (*end != '"')
        return -2;
    *behind = end + 1;
    return stoa__jsonl_find(jsonl, at, (size_t)(end - at));
}

bool stoa__json_read_quick(stoa__json_worker *worker, const uint8_t *at, const uint8_t *end,
                           int64_t row)
{
    int32_t last = -1, found = 0;

    at = stoa__json_pass_blanks(at);
    if (*at++ != '{')
        return false;
    for (;;) {
        at = stoa__json_pass_blanks(at);
        if (*at != '"')
            return false;
        last = read_key(worker, at, end, last, &at);
        if (last < 0 || stoa__json_has_value(worker, last, row))
            return false;
        at = stoa__json_pass_blanks(at);
        if (*at != ':')
            return false;
        at = read_value(worker, last, stoa__json_pass_blanks(at + 1), end);
        if (!at)
            return false;
        found++;
        at = stoa__json_pass_blanks(at);
        if (*at != ',')
            break;
        at++;
    }
    if (*at != '}' || stoa__json_pass_blanks(at + 1) != end)
        return false;
    return found == stoa__json_column_count(worker) || stoa__json_fill_missing(worker, row);
}
