/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/builder.h"

#include "arrow/builder_parts.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Arrow's wish for buffers: a multiple of 64 bytes, so that vector code may read past
 * the end. */
enum { PADDING = 64, TEXT_BYTES_FIRST = 1024 };

struct stoa__column *stoa__column_target(struct stoa__column *column)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);

    while (shape == STOA__SHAPE_DICTIONARY || shape == STOA__SHAPE_RUN_END) {
        column = column->children;
        shape = stoa__arrow_shape(column->type);
    }
    return column;
}

int64_t stoa__column_length(const struct stoa__column *column)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);

    while (shape == STOA__SHAPE_DICTIONARY || shape == STOA__SHAPE_RUN_END) {
        column = column->children;
        shape = stoa__arrow_shape(column->type);
    }
    return column->length;
}

int32_t stoa__column_data_width(const struct stoa__arrow_type *type)
{
    switch ((int)stoa__arrow_shape(type)) {
    case STOA__SHAPE_FIXED:
        return type->width;
    case STOA__SHAPE_DENSE:
    case STOA__SHAPE_SPARSE:
        return 1;
    default:
        return 0;
    }
}

/* Replace `*piece` by one of `size` bytes that begins with the same `used` ones. */
static stoa_status regrow(void **piece, size_t used, size_t size, stoa_error *err)
{
    void *grown;

    assert(used <= size);
    if (size > (size_t)STOA__BUFFER_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_FULL,
                          "a buffer of %zu bytes is beyond all bounds", size);
    size = (size + PADDING - 1) / PADDING * PADDING;
    grown = stoa__alloc_aligned(size > 0 ? size : PADDING);
    if (!grown)
        return stoa__fail_nomem(err);
    if (used > 0)
        memcpy(grown, *piece, used);
    stoa__free(*piece);
    *piece = grown;
    return STOA_OK;
}

static size_t bit_bytes(int64_t bits)
{
    return ((size_t)bits + 7) / 8;
}

/* Bits from `length` on stay `filler`, also in the padding. */
static stoa_status regrow_bits(uint8_t **bits, int64_t used, int64_t capacity,
                               uint8_t filler, stoa_error *err)
{
    void *piece = *bits;
    size_t kept = bit_bytes(used);
    size_t size = bit_bytes(capacity) > 0 ? bit_bytes(capacity) : 1;
    stoa_status rc = regrow(&piece, *bits ? kept : 0, size, err);

    if (rc != STOA_OK)
        return rc;
    if (!*bits)
        kept = 0;
    *bits = piece;
    memset(*bits + kept, filler, (size + PADDING - 1) / PADDING * PADDING - kept);
    return STOA_OK;
}

/* Offsets for `capacity` rows; all but those of dense unions have one more and begin
 * with 0. */
static stoa_status grow_offsets(struct stoa__column *column, int64_t capacity,
                                stoa_error *err)
{
    size_t width = (size_t)stoa__arrow_offset_width(column->type->kind);
    size_t extra = stoa__arrow_shape(column->type) == STOA__SHAPE_DENSE ? 0 : 1;
    size_t used = column->offsets ? ((size_t)column->length + extra) * width : 0;
    bool fresh = !column->offsets;
    stoa_status rc;

    if (width == 0 || column->type->dictionary)
        return STOA_OK;
    rc = regrow(&column->offsets, used, ((size_t)capacity + extra) * width, err);
    if (rc == STOA_OK && fresh)
        memset(column->offsets, 0, width);
    return rc;
}

/* Make the column's own buffers hold `capacity` rows. */
static stoa_status grow_rows(struct stoa__column *column, int64_t capacity,
                             stoa_error *err)
{
    size_t width = (size_t)stoa__column_data_width(column->type);
    size_t size = 0;
    void *data = column->data;
    stoa_status rc = STOA_OK;

    if (capacity > STOA__BUFFER_BYTES_MAX / 16)
        return stoa__fail(err, STOA_ERR_FULL, "%lld rows are beyond all bounds",
                          (long long)capacity);
    if (column->validity)
        rc = regrow_bits(&column->validity, column->length, capacity, 0xff, err);
    if (rc == STOA_OK && stoa__arrow_shape(column->type) == STOA__SHAPE_BITS)
        rc = regrow_bits(&column->data, column->length, capacity, 0, err);
    if (rc == STOA_OK)
        rc = grow_offsets(column, capacity, err);
    if (rc == STOA_OK &&
        (width > 0 || stoa__arrow_shape(column->type) == STOA__SHAPE_FIXED)) {
        if (stoa__mul_overflow((size_t)capacity, width, &size))
            return stoa__fail_nomem(err);
        rc = regrow(&data, (size_t)column->length * width, size, err);
        column->data = data;
    }
    if (rc == STOA_OK)
        column->capacity = capacity;
    return rc;
}

/* Room for `rows` more in this column's own buffers: exactly that at first, then by
 * doubling. */
static stoa_status reserve_rows(struct stoa__column *column, int64_t rows,
                                stoa_error *err)
{
    int64_t wanted;

    if (rows <= column->capacity - column->length)
        return STOA_OK;
    if (rows > INT64_MAX - column->length)
        return stoa__fail_nomem(err);
    wanted = column->length + rows;
    if (wanted < 2 * column->capacity)
        wanted = 2 * column->capacity;
    return grow_rows(column, wanted, err);
}

stoa_status stoa__column_reserve(struct stoa__column *column, int64_t rows,
                                 stoa_error *err)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);
    bool in_step = shape == STOA__SHAPE_STRUCT || shape == STOA__SHAPE_SPARSE ||
                   shape == STOA__SHAPE_DICTIONARY || shape == STOA__SHAPE_RUN_END;
    stoa_status rc;

    assert(rows >= 0);
    rc = reserve_rows(column, rows, err);
    for (int32_t i = 0; rc == STOA_OK && in_step && i < column->child_count; i++)
        rc = stoa__column_reserve(&column->children[i], rows, err);
    return rc;
}

stoa_status stoa__column_reserve_bytes(struct stoa__column *column, int64_t size,
                                       stoa_error *err)
{
    bool wide = stoa__arrow_offset_width(column->type->kind) == 8;
    int64_t size_max = wide ? STOA__BUFFER_BYTES_MAX : INT32_MAX;
    int64_t capacity = column->data_capacity;
    void *data = column->data;
    stoa_status rc;

    assert(size >= 0 && column->data_size <= capacity);
    if (size <= capacity - column->data_size)
        return STOA_OK;
    if (size > size_max - column->data_size)
        return stoa__fail(
            err, STOA_ERR_FULL,
            "column '%s' holds %lld bytes of text and cannot take %lld more; "
            "its offsets count to %lld",
            column->type->name, (long long)column->data_size, (long long)size,
            (long long)size_max);
    capacity = capacity > size_max / 2 ? size_max : 2 * capacity;
    if (capacity < TEXT_BYTES_FIRST)
        capacity = TEXT_BYTES_FIRST;
    if (capacity < column->data_size + size)
        capacity = column->data_size + size;
    capacity = (capacity + PADDING - 1) / PADDING * PADDING;
    rc = regrow(&data, (size_t)column->data_size, (size_t)capacity, err);
    if (rc != STOA_OK)
        return rc;
    column->data = data;
    column->data_capacity = capacity > size_max ? size_max : capacity;
    return STOA_OK;
}

/* The kinds that collect plain values have one child, of the type of those values. */
static const struct stoa__arrow_type *child_type(const struct stoa__arrow_type *type,
                                                 int32_t index)
{
    switch ((int)stoa__arrow_shape(type)) {
    case STOA__SHAPE_DICTIONARY:
        return type->dictionary;
    case STOA__SHAPE_RUN_END:
        return &type->children[1];
    default:
        return &type->children[index];
    }
}

static int32_t child_count(const struct stoa__arrow_type *type)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(type);

    if (shape == STOA__SHAPE_DICTIONARY || shape == STOA__SHAPE_RUN_END)
        return 1;
    return type->child_count;
}

static stoa_status init_column(struct stoa__column *column,
                               const struct stoa__arrow_type *type, stoa_error *err)
{
    int32_t count = child_count(type);
    stoa_status rc = STOA_OK;

    *column = (struct stoa__column){.type = type};
    if (count == 0)
        return STOA_OK;
    column->children = stoa__alloc_zero((size_t)count, sizeof(*column->children));
    if (!column->children)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        column->child_count = i + 1;
        rc = init_column(&column->children[i], child_type(type, i), err);
    }
    return rc;
}

static void release_column(struct stoa__column *column)
{
    for (int32_t i = 0; i < column->child_count; i++)
        release_column(&column->children[i]);
    stoa__free(column->children);
    stoa__free(column->validity);
    stoa__free(column->data);
    stoa__free(column->offsets);
    *column = (struct stoa__column){0};
}

stoa_status stoa__builder_init(struct stoa__builder *builder,
                               const struct stoa__arrow_type *type, int64_t rows,
                               stoa_error *err)
{
    stoa_status rc = init_column(&builder->root, type, err);

    if (rc == STOA_OK)
        rc = stoa__column_reserve(&builder->root, rows, err);
    if (rc != STOA_OK)
        release_column(&builder->root);
    return rc;
}

void stoa__builder_release(struct stoa__builder *builder)
{
    release_column(&builder->root);
}

stoa_status stoa__column_need_row(struct stoa__column *column, stoa_error *err)
{
    return reserve_rows(column, 1, err);
}

stoa_status stoa__column_need_buffers(struct stoa__column *column, stoa_error *err)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);
    stoa_status rc = STOA_OK;

    if (column->capacity == 0)
        rc = grow_rows(column, 1, err);
    if (rc == STOA_OK && shape == STOA__SHAPE_TEXT && !column->data)
        rc = stoa__column_reserve_bytes(column, 1, err);
    return rc;
}

stoa_status stoa__column_need_validity(struct stoa__column *column, stoa_error *err)
{
    if (column->validity)
        return STOA_OK;
    return regrow_bits(&column->validity, 0, column->capacity, 0xff, err);
}
