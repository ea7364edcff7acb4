/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cell.h"

#include "arrow/load.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/number.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { VIEW_SIZE = 16, VIEW_INLINE_MAX = 12 };

static bool is_valid(const struct ArrowArray *array, int64_t row)
{
    const uint8_t *validity = array->n_buffers > 0 ? array->buffers[0] : NULL;

    return !validity || stoa__bit_get(validity, row);
}

/* The index a dictionary column has at physical row `row`. */
static int64_t dictionary_index(const struct stoa__arrow_type *type,
                                const struct ArrowArray *array, int64_t row)
{
    if (stoa__arrow_is_unsigned(type->kind))
        return (int64_t)stoa__load_uint(array->buffers[1], type->width, row);
    return stoa__load_int(array->buffers[1], type->width, row);
}

/* Which run covers `row`: the first that ends behind it. */
static int64_t find_run(const struct stoa__arrow_type *type,
                        const struct ArrowArray *ends, int64_t row)
{
    int64_t low = 0;
    int64_t high = ends->length - 1;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (stoa__load_int(ends->buffers[1], type->width, ends->offset + middle) > row)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void stoa__cell_at(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                   int64_t row, struct stoa__cell *out)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    bool null = false;

    assert(row >= 0 && row < array->length);
    row += array->offset;
    while (shape == STOA__SHAPE_DICTIONARY || shape == STOA__SHAPE_RUN_END) {
        if (shape == STOA__SHAPE_DICTIONARY) {
            null = null || !is_valid(array, row);
            row = null ? 0 : dictionary_index(type, array, row);
            array = array->dictionary;
            type = type->dictionary;
        } else {
            row = null ? 0 : find_run(&type->children[0], array->children[0], row);
            array = array->children[1];
            type = &type->children[1];
        }
        row += array->offset;
        shape = stoa__arrow_shape(type);
    }
    if (shape == STOA__SHAPE_NONE)
        null = true;
    else if (!null && shape != STOA__SHAPE_DENSE && shape != STOA__SHAPE_SPARSE)
        null = !is_valid(array, row);
    *out = (struct stoa__cell){type, array, row, null};
}

int64_t stoa__cell_int64(const struct stoa__cell *cell)
{
    const struct stoa__arrow_type *type = cell->type;

    assert(!cell->null && stoa__arrow_is_integral(type->kind));
    if (type->kind == STOA__ARROW_BOOL)
        return stoa__bit_get(cell->array->buffers[1], cell->row);
    if (stoa__arrow_is_unsigned(type->kind))
        return (int64_t)stoa__load_uint(cell->array->buffers[1], type->width, cell->row);
    return stoa__load_int(cell->array->buffers[1], type->width, cell->row);
}

double stoa__cell_float64(const struct stoa__cell *cell)
{
    const void *place = stoa__cell_fixed(cell);
    double value;
    float single;
    uint16_t half;

    assert(stoa__arrow_is_float(cell->type->kind));
    if (cell->type->kind == STOA__ARROW_FLOAT64) {
        memcpy(&value, place, sizeof(value));
    } else if (cell->type->kind == STOA__ARROW_FLOAT32) {
        memcpy(&single, place, sizeof(single));
        value = (double)single;
    } else {
        memcpy(&half, place, sizeof(half));
        value = stoa__half_to_double(half);
    }
    return value;
}

const void *stoa__cell_fixed(const struct stoa__cell *cell)
{
    assert(!cell->null && stoa__arrow_kind_shape(cell->type->kind) == STOA__SHAPE_FIXED);
    if (cell->type->width == 0)
        return "";
    return (const uint8_t *)cell->array->buffers[1] + cell->row * cell->type->width;
}

static const uint8_t *view_bytes(const struct stoa__cell *cell, int64_t *size)
{
    const uint8_t *view =
        (const uint8_t *)cell->array->buffers[1] + cell->row * VIEW_SIZE;
    int32_t buffer_index = stoa__load_i32(view, 2);

    *size = stoa__load_i32(view, 0);
    if (*size <= VIEW_INLINE_MAX)
        return view + 4;
    return (const uint8_t *)cell->array->buffers[2 + buffer_index] +
           stoa__load_i32(view, 3);
}

const uint8_t *stoa__cell_bytes(const struct stoa__cell *cell, int64_t *size)
{
    const struct ArrowArray *array = cell->array;
    enum stoa__arrow_kind kind = cell->type->kind;
    int32_t width = stoa__arrow_offset_width(kind);
    int64_t start;

    assert(!cell->null && (stoa__arrow_is_text(kind) || stoa__arrow_is_binary(kind)));
    if (kind == STOA__ARROW_FIXED_BINARY) {
        *size = cell->type->width;
        return stoa__cell_fixed(cell);
    }
    if (stoa__arrow_kind_shape(kind) == STOA__SHAPE_VIEW)
        return view_bytes(cell, size);
    start = stoa__load_int(array->buffers[1], width, cell->row);
    *size = stoa__load_int(array->buffers[1], width, cell->row + 1) - start;
    /* There may be no buffer where there is no byte. */
    return *size > 0 ? (const uint8_t *)array->buffers[2] + start : (const uint8_t *)"";
}

void stoa__cell_items(const struct stoa__cell *cell, int64_t *first, int64_t *count)
{
    enum stoa__arrow_shape shape = stoa__arrow_kind_shape(cell->type->kind);
    int32_t width = stoa__arrow_offset_width(cell->type->kind);
    const void *offsets;

    assert(!cell->null);
    if (shape == STOA__SHAPE_FIXED_LIST) {
        *first = cell->row * cell->type->list_size;
        *count = cell->type->list_size;
        return;
    }
    offsets = cell->array->buffers[1];
    *first = stoa__load_int(offsets, width, cell->row);
    if (shape == STOA__SHAPE_LIST_VIEW)
        *count = stoa__load_int(cell->array->buffers[2], width, cell->row);
    else
        *count = stoa__load_int(offsets, width, cell->row + 1) - *first;
}

void stoa__cell_item(const struct stoa__cell *cell, int64_t item, struct stoa__cell *out)
{
    int64_t first, count;

    stoa__cell_items(cell, &first, &count);
    assert(item >= 0 && item < count);
    stoa__cell_at(&cell->type->children[0], cell->array->children[0], first + item, out);
}

int8_t stoa__cell_union_id(const struct stoa__cell *cell, int32_t *index)
{
    int8_t id = ((const int8_t *)cell->array->buffers[0])[cell->row];

    assert(cell->type->union_ids);
    for (*index = 0; *index < cell->type->child_count; (*index)++)
        if (cell->type->union_ids[*index] == id)
            break;
    assert(*index < cell->type->child_count);
    return id;
}

void stoa__cell_child(const struct stoa__cell *cell, int32_t index,
                      struct stoa__cell *out)
{
    enum stoa__arrow_kind kind = cell->type->kind;
    int64_t row = cell->row;

    assert(!cell->null);
    if (kind == STOA__ARROW_DENSE_UNION || kind == STOA__ARROW_SPARSE_UNION)
        stoa__cell_union_id(cell, &index);
    else
        assert(kind == STOA__ARROW_STRUCT);
    assert(index >= 0 && index < cell->type->child_count);
    if (kind == STOA__ARROW_DENSE_UNION)
        row = stoa__load_i32(cell->array->buffers[1], row);
    stoa__cell_at(&cell->type->children[index], cell->array->children[index], row, out);
}

static stoa_status append(stoa__buffer *out, const void *bytes, size_t size,
                          stoa_error *err)
{
    return stoa__buffer_append(out, bytes, size) == STOA_OK ? STOA_OK
                                                            : stoa__fail_nomem(err);
}

static stoa_status list_key(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err)
{
    struct stoa__cell item;
    int64_t first, count;
    stoa_status rc;

    stoa__cell_items(cell, &first, &count);
    rc = append(out, &count, sizeof(count), err);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_item(cell, i, &item);
        rc = stoa__cell_key(&item, out, err);
    }
    return rc;
}

/* Structs and unions: their children's keys; of a union its type id in front. */
static stoa_status children_key(const struct stoa__cell *cell, stoa__buffer *out,
                                stoa_error *err)
{
    bool one = cell->type->kind != STOA__ARROW_STRUCT;
    int32_t count = one ? 1 : cell->type->child_count;
    stoa_status rc = STOA_OK;
    struct stoa__cell child;
    int32_t index;
    int8_t id;

    if (one) {
        id = stoa__cell_union_id(cell, &index);
        rc = append(out, &id, sizeof(id), err);
    }
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_child(cell, i, &child);
        rc = stoa__cell_key(&child, out, err);
    }
    return rc;
}

stoa_status stoa__cell_key(const struct stoa__cell *cell, stoa__buffer *out,
                           stoa_error *err)
{
    uint8_t valid = !cell->null;
    const uint8_t *bytes;
    uint8_t bit;
    int64_t size;
    stoa_status rc = append(out, &valid, 1, err);

    if (rc != STOA_OK || cell->null)
        return rc;
    switch ((int)stoa__arrow_kind_shape(cell->type->kind)) {
    case STOA__SHAPE_BITS:
        bit = (uint8_t)stoa__cell_int64(cell);
        return append(out, &bit, 1, err);
    case STOA__SHAPE_FIXED:
        return append(out, stoa__cell_fixed(cell), (size_t)cell->type->width, err);
    case STOA__SHAPE_TEXT:
    case STOA__SHAPE_VIEW:
        bytes = stoa__cell_bytes(cell, &size);
        rc = append(out, &size, sizeof(size), err);
        return rc == STOA_OK ? append(out, bytes, (size_t)size, err) : rc;
    case STOA__SHAPE_LIST:
    case STOA__SHAPE_LIST_VIEW:
    case STOA__SHAPE_FIXED_LIST:
        return list_key(cell, out, err);
    default:
        return children_key(cell, out, err);
    }
}
