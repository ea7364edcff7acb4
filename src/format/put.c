/* SPDX-License-Identifier: Apache-2.0 */
#include "format/put.h"

#include "arrow/cell.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "text/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

void stoa__put_column_set(struct stoa__put_column *column, const struct stoa__arrow_type *type,
                          const struct ArrowArray *array)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);

    *column = (struct stoa__put_column){.type = type, .array = array, .offset = array->offset};
    column->plain = shape == STOA__SHAPE_BITS || shape == STOA__SHAPE_FIXED ||
                    shape == STOA__SHAPE_TEXT;
    if (column->plain && array->null_count != 0)
        column->validity = array->buffers[0];
}

bool stoa__put_is_null(const struct stoa__put_column *column, int64_t row)
{
    struct stoa__cell cell;

    if (column->plain)
        return column->validity && !stoa__bit_get(column->validity, column->offset + row);
    stoa__cell_at(column->type, column->array, row, &cell);
    while (!cell.null && (cell.type->kind == STOA__ARROW_DENSE_UNION ||
                          cell.type->kind == STOA__ARROW_SPARSE_UNION)) {
        struct stoa__cell active;

        stoa__cell_child(&cell, 0, &active);
        cell = active;
    }
    return cell.null || cell.type->kind == STOA__ARROW_NULL;
}

bool stoa__put_text(const struct stoa__put_column *column, int64_t row, const uint8_t **text,
                    int64_t *size)
{
    const enum stoa__arrow_kind kind = column->type->kind;
    const void *offsets;
    int64_t begin;

    if (!column->plain || (kind != STOA__ARROW_UTF8 && kind != STOA__ARROW_LARGE_UTF8))
        return false;
    offsets = column->array->buffers[1];
    row += column->offset;
    if (kind == STOA__ARROW_UTF8) {
        begin = stoa__load_i32(offsets, row);
        *size = stoa__load_i32(offsets, row + 1) - begin;
    } else {
        begin = stoa__load_i64(offsets, row);
        *size = stoa__load_i64(offsets, row + 1) - begin;
    }
    *text = *size > 0 ? (const uint8_t *)column->array->buffers[2] + begin : (const uint8_t *)"";
    return true;
}

static char *put_pair(char *out, uint32_t value, char behind)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    out[2] = behind;
    return out + 3;
}

/* `left` seconds of a day and `ticks` of a second. */
static char *put_time(char *out, uint32_t left, uint64_t ticks, uint32_t unit)
{
    const int digits = 3 * ((int)unit - STOA__CIVIL_SECOND);

    out = put_pair(out, left / 3600, ':');
    out = put_pair(out, left / 60 % 60, ':');
    out = put_pair(out, left % 60, '.');
    if (digits == 0)
        return out - 1; /* The point. */
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + ticks % 10);
        ticks /= 10;
    }
    return out + digits;
}

static size_t put_timestamp(struct stoa__put_column *column, int64_t value, char *out)
{
    const int64_t per_second = stoa__civil_per_second(column->type->unit);
    int64_t day = value / (86400 * per_second), rest = value % (86400 * per_second);
    char *end = out;

    if (rest < 0) {
        rest += 86400 * per_second;
        day--;
    }
    if (column->day_size == 0 || day != column->day) {
        column->day = day;
        column->day_size = stoa__date_format(day, column->day_text);
        if (column->day_size == 0)
            return 0;
    }
    memcpy(out, column->day_text, column->day_size);
    end += column->day_size;
    *end++ = 'T';
    end = put_time(end, (uint32_t)(rest / per_second), (uint64_t)(rest % per_second),
                   column->type->unit);
    if (column->type->zone[0])
        *end++ = 'Z';
    return (size_t)(end - out);
}

static size_t put_double(double value, char *out, bool *number)
{
    *number = isfinite(value);
    return stoa__double_format(value, out);
}

bool stoa__put_quick(struct stoa__put_column *column, int64_t row, stoa__buffer *out,
                     bool *number)
{
    char *at = (char *)out->data + out->size;
    const void *data;
    double value;
    size_t size;

    assert(out->capacity - out->size >= 64);
    if (!column->plain || column->type->kind == STOA__ARROW_FIXED_BINARY)
        return false;
    data = column->array->buffers[1];
    row += column->offset;
    *number = true;
    switch ((int)column->type->kind) {
    case STOA__ARROW_INT64:
        size = stoa__int64_format(stoa__load_i64(data, row), at);
        break;
    case STOA__ARROW_INT8:
    case STOA__ARROW_INT16:
    case STOA__ARROW_INT32:
        size = stoa__int64_format(stoa__load_int(data, column->type->width, row), at);
        break;
    case STOA__ARROW_UINT8:
    case STOA__ARROW_UINT16:
    case STOA__ARROW_UINT32:
    case STOA__ARROW_UINT64:
        size = stoa__uint64_format(stoa__load_uint(data, column->type->width, row), at);
        break;
    case STOA__ARROW_FLOAT64:
        memcpy(&value, (const char *)data + row * 8, sizeof value);
        size = put_double(value, at, number);
        break;
    case STOA__ARROW_DATE32:
        *number = false;
        size = stoa__date_format(stoa__load_i32(data, row), at);
        break;
    case STOA__ARROW_TIMESTAMP:
        *number = false;
        size = put_timestamp(column, stoa__load_i64(data, row), at);
        break;
    default:
        return false;
    }
    out->size += size;
    return size > 0;
}

stoa_status stoa__put_quoted(stoa__buffer *out, const uint8_t *text, size_t size, char quote)
{
    stoa_status rc = stoa__buffer_reserve(out, 2 * size + 2);
    uint8_t *to;

    if (rc != STOA_OK)
        return rc;
    to = out->data + out->size;
    *to++ = (uint8_t)quote;
    while (size > 0) {
        const uint8_t *next = memchr(text, quote, size);
        const size_t part = next ? (size_t)(next - text) + 1 : size;

        memcpy(to, text, part);
        to += part;
        text += part;
        size -= part;
        if (next)
            *to++ = (uint8_t)quote;
    }
    *to++ = (uint8_t)quote;
    out->size = (size_t)(to - out->data);
    return STOA_OK;
}
