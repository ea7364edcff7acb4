/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cast_parts.h"

#include "arrow/array.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Rows that are converted in one go: they and their result stay in the first-level
 * cache. */
enum { CHUNK_ROWS = 1024 };

/* A count whose bytes mean the same in both kinds. Times of day and dates in milliseconds
 * are not every number. */
static bool is_same_count(const struct stoa__arrow_type *from,
                          const struct stoa__arrow_type *to)
{
    bool from_count = stoa__arrow_is_integral(from->kind) &&
                      from->kind != STOA__ARROW_BOOL &&
                      !stoa__arrow_is_unsigned(from->kind);
    bool to_integer = stoa__arrow_is_signed(to->kind);
    bool to_free = to->kind == STOA__ARROW_DATE32 || to->kind == STOA__ARROW_TIMESTAMP ||
                   to->kind == STOA__ARROW_DURATION ||
                   to->kind == STOA__ARROW_INTERVAL_MONTHS;

    return from_count && from->width == to->width &&
           (to_integer || (to_free && stoa__arrow_is_signed(from->kind)));
}

static bool fixed_is_copy(const struct stoa__arrow_type *from,
                          const struct stoa__arrow_type *to)
{
    if (stoa__arrow_is_decimal(from->kind))
        return from->kind == to->kind && from->scale == to->scale &&
               from->precision <= to->precision;
    if (from->kind == to->kind)
        return from->unit == to->unit && from->width == to->width;
    return is_same_count(from, to);
}

static bool text_is_copy(enum stoa__arrow_kind from, enum stoa__arrow_kind to)
{
    return from == to || (from == STOA__ARROW_UTF8 && to == STOA__ARROW_BINARY) ||
           (from == STOA__ARROW_LARGE_UTF8 && to == STOA__ARROW_LARGE_BINARY) ||
           (from == STOA__ARROW_UTF8_VIEW && to == STOA__ARROW_BINARY_VIEW);
}

/* Same children in the same order, and where that matters of the same names and ids. */
static bool children_are_copies(const struct stoa__arrow_type *from,
                                const struct stoa__arrow_type *to)
{
    bool named = from->kind == STOA__ARROW_STRUCT;

    if (from->kind != to->kind || from->child_count != to->child_count ||
        from->list_size != to->list_size)
        return false;
    for (int32_t i = 0; i < from->child_count; i++) {
        const struct stoa__arrow_type *a = &from->children[i];
        const struct stoa__arrow_type *b = &to->children[i];
        if ((a->nullable && !b->nullable) || !stoa__cast_is_copy(a, b) ||
            (named && strcmp(a->name, b->name) != 0) ||
            (from->union_ids && from->union_ids[i] != to->union_ids[i]))
            return false;
    }
    return true;
}

/* Keys and values, whatever they and the entries are called. */
static bool map_is_copy(const struct stoa__arrow_type *from,
                        const struct stoa__arrow_type *to)
{
    const struct stoa__arrow_type *a = from->children[0].children;
    const struct stoa__arrow_type *b = to->children[0].children;

    return from->kind == to->kind && stoa__cast_is_copy(&a[0], &b[0]) &&
           stoa__cast_is_copy(&a[1], &b[1]) && (!a[1].nullable || b[1].nullable);
}

bool stoa__cast_is_copy(const struct stoa__arrow_type *from,
                        const struct stoa__arrow_type *to)
{
    if (from->dictionary || to->dictionary)
        return from->dictionary && to->dictionary && from->kind == to->kind &&
               stoa__cast_is_copy(from->dictionary, to->dictionary);
    switch ((int)stoa__arrow_shape(from)) {
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_BITS:
        return from->kind == to->kind;
    case STOA__SHAPE_FIXED:
        return fixed_is_copy(from, to);
    case STOA__SHAPE_TEXT:
    case STOA__SHAPE_VIEW:
        return text_is_copy(from->kind, to->kind);
    default:
        if (from->kind == STOA__ARROW_MAP && to->kind == STOA__ARROW_MAP)
            return map_is_copy(from, to);
        return children_are_copies(from, to);
    }
}

int64_t stoa__cast_null_count(const struct ArrowArray *array)
{
    const uint8_t *validity = array->n_buffers > 0 ? array->buffers[0] : NULL;
    int64_t valid = 0;

    if (!validity)
        return 0;
    for (int64_t row = array->offset; row < array->offset + array->length;) {
        if (row % 8 == 0 && row + 8 <= array->offset + array->length) {
            valid += __builtin_popcount(validity[row / 8]);
            row += 8;
        } else {
            valid += stoa__bit_get(validity, row++);
        }
    }
    return array->length - valid;
}

static bool is_number(const struct stoa__arrow_type *type)
{
    return !type->dictionary &&
           (stoa__arrow_is_signed(type->kind) || stoa__arrow_is_unsigned(type->kind) ||
            type->kind == STOA__ARROW_FLOAT32 || type->kind == STOA__ARROW_FLOAT64);
}

/* The loops below are written out by width so that each is one vector loop. */

static void load_integers(const struct stoa__arrow_type *type, const void *data,
                          int64_t first, int64_t count, int64_t *out)
{
    bool is_unsigned = stoa__arrow_is_unsigned(type->kind);

    if (type->width == 8)
        memcpy(out, (const char *)data + first * 8, (size_t)count * 8);
    else if (type->width == 4 && is_unsigned)
        for (int64_t i = 0; i < count; i++)
            out[i] = (int64_t)stoa__load_uint(data, 4, first + i);
    else if (type->width == 4)
        for (int64_t i = 0; i < count; i++)
            out[i] = stoa__load_i32(data, first + i);
    else if (is_unsigned)
        for (int64_t i = 0; i < count; i++)
            out[i] = (int64_t)stoa__load_uint(data, type->width, first + i);
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = stoa__load_int(data, type->width, first + i);
}

static void store_integers(int32_t width, const int64_t *values, int64_t count, void *out)
{
    if (width == 8)
        memcpy(out, values, (size_t)count * 8);
    else if (width == 4)
        for (int64_t i = 0; i < count; i++)
            ((int32_t *)out)[i] = (int32_t)values[i];
    else if (width == 2)
        for (int64_t i = 0; i < count; i++)
            ((int16_t *)out)[i] = (int16_t)values[i];
    else
        for (int64_t i = 0; i < count; i++)
            ((int8_t *)out)[i] = (int8_t)values[i];
}

/* The integers from `from` that are certainly values of `to`, as int64. */
static void exact_range(const struct stoa__arrow_type *from,
                        const struct stoa__arrow_type *to, int64_t *low, int64_t *high)
{
    int bits = to->width * 8;

    *low = INT64_MIN;
    *high = INT64_MAX;
    if (to->kind == STOA__ARROW_FLOAT64 || to->kind == STOA__ARROW_FLOAT32) {
        *high = INT64_C(1) << (to->kind == STOA__ARROW_FLOAT64 ? 53 : 24);
        *low = -*high;
    } else if (stoa__arrow_is_unsigned(to->kind)) {
        *low = 0;
        *high = bits == 64 ? INT64_MAX : (INT64_C(1) << bits) - 1;
    } else if (bits < 64) {
        *high = (INT64_C(1) << (bits - 1)) - 1;
        *low = -*high - 1;
    }
    if (from->kind == STOA__ARROW_UINT64 && *low < 0)
        *low = 0; /* Below zero is beyond int64 here. */
}

static bool convert_integers(const struct stoa__arrow_type *from, const void *data,
                             int64_t first, int64_t count, const uint8_t *validity,
                             const struct stoa__arrow_type *to, void *out)
{
    int64_t values[CHUNK_ROWS];
    int64_t low, high;
    bool outside = false;

    load_integers(from, data, first, count, values);
    for (int64_t i = 0; validity && i < count; i++)
        if (!stoa__bit_get(validity, first + i))
            values[i] = 0;
    exact_range(from, to, &low, &high);
    for (int64_t i = 0; i < count; i++)
        outside |= values[i] < low || values[i] > high;
    if (outside)
        return false;
    if (to->kind == STOA__ARROW_FLOAT64)
        for (int64_t i = 0; i < count; i++)
            ((double *)out)[i] = (double)values[i];
    else if (to->kind == STOA__ARROW_FLOAT32)
        for (int64_t i = 0; i < count; i++)
            ((float *)out)[i] = (float)values[i];
    else
        store_integers(to->width, values, count, out);
    return true;
}

/* float32 to float64, and back where nothing is lost. */
static bool convert_floats(const struct stoa__arrow_type *from, const void *data,
                           int64_t first, int64_t count, const uint8_t *validity,
                           const struct stoa__arrow_type *to, void *out)
{
    double doubles[CHUNK_ROWS];
    float floats[CHUNK_ROWS];
    bool exact = true;

    if (stoa__arrow_is_float(from->kind) != stoa__arrow_is_float(to->kind))
        return false;
    if (from->kind == STOA__ARROW_FLOAT32) {
        memcpy(floats, (const char *)data + first * 4, (size_t)count * 4);
        for (int64_t i = 0; i < count; i++)
            ((double *)out)[i] = (double)floats[i];
        return true;
    }
    memcpy(doubles, (const char *)data + first * 8, (size_t)count * 8);
    for (int64_t i = 0; i < count; i++) {
        bool null = validity && !stoa__bit_get(validity, first + i);
        bool in_range = doubles[i] >= -0x1.fffffep127 && doubles[i] <= 0x1.fffffep127;
        float value = in_range && !null ? (float)doubles[i] : 0.0F;
        exact = exact && (null || (in_range && (double)value == doubles[i]));
        ((float *)out)[i] = value;
    }
    return exact;
}

static bool convert_rows(const struct stoa__arrow_type *from,
                         const struct ArrowArray *array, const uint8_t *validity,
                         const struct stoa__arrow_type *to, uint8_t *out)
{
    bool floats = stoa__arrow_is_float(from->kind);
    bool good = true;

    for (int64_t row = 0; good && row < array->length; row += CHUNK_ROWS) {
        int64_t left = array->length - row;
        int64_t count = left < CHUNK_ROWS ? left : CHUNK_ROWS;
        void *place = out + row * to->width;
        good = floats ? convert_floats(from, array->buffers[1], array->offset + row,
                                       count, validity, to, place)
                      : convert_integers(from, array->buffers[1], array->offset + row,
                                         count, validity, to, place);
    }
    return good;
}

/* Bits [first, first + count), of which there is at least one, to bit 0 of `out` on. */
static void copy_bits(uint8_t *out, const uint8_t *bits, int64_t first, int64_t count)
{
    int64_t last = (first + count - 1) / 8;
    int shift = (int)(first % 8);

    for (int64_t i = 0; i <= (count - 1) / 8; i++) {
        unsigned int low = bits[first / 8 + i];
        unsigned int high = first / 8 + i < last ? bits[first / 8 + i + 1] : 0;
        out[i] = (uint8_t)((low | high << 8) >> shift);
    }
}

stoa_status stoa__cast_numbers(const struct stoa__arrow_type *from,
                               const struct ArrowArray *array,
                               const struct stoa__arrow_type *to, struct ArrowArray *out,
                               stoa_error *err)
{
    int64_t null_count;
    uint8_t *validity = NULL;
    uint8_t *data;
    stoa_status rc;

    if (!is_number(from) || !is_number(to))
        return STOA_DONE;
    null_count = stoa__cast_null_count(array);
    rc = stoa__array_init(out, 2, 0, err);
    if (rc != STOA_OK)
        return rc;
    data = stoa__alloc_aligned((size_t)(array->length + 1) * (size_t)to->width);
    stoa__array_set_buffer(out, 1, data);
    if (null_count > 0) {
        validity = stoa__alloc_aligned((size_t)array->length / 8 + 1);
        stoa__array_set_buffer(out, 0, validity);
    }
    if (!data || (null_count > 0 && !validity)) {
        stoa__array_release(out);
        return stoa__fail_nomem(err);
    }
    if (!convert_rows(from, array, validity ? array->buffers[0] : NULL, to, data)) {
        stoa__array_release(out);
        return STOA_DONE;
    }
    if (validity)
        copy_bits(validity, array->buffers[0], array->offset, array->length);
    out->length = array->length;
    out->null_count = null_count;
    return STOA_OK;
}
