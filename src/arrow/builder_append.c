/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/builder.h"

#include "arrow/builder_parts.h"
#include "base/error.h"
#include "text/number.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static stoa_status fail_kind(const struct stoa__column *column, const char *what,
                             stoa_error *err)
{
    char text[128];

    stoa__arrow_type_text(column->type, text, sizeof(text));
    return stoa__fail(err, STOA_ERR_TYPE, "column '%s' of type %s does not take %s",
                      column->type->name, text, what);
}

/* Put the column in front, if it has a name: whoever casts one column has told it already. */
static stoa_status name_column(const struct stoa__column *column, stoa_error *err)
{
    if (*column->type->name)
        stoa__wrap(err, "column '%s'", column->type->name);
    return STOA_ERR_TYPE;
}

static stoa_status fail_range(const struct stoa__column *column, int64_t value,
                              stoa_error *err)
{
    char text[128];

    stoa__arrow_type_text(column->type, text, sizeof(text));
    (void)stoa__fail(err, STOA_ERR_TYPE, "%lld does not fit %s", (long long)value, text);
    return name_column(column, err);
}

/* Whether `value` is one of the type's. */
static bool integer_fits(const struct stoa__arrow_type *type, int64_t value)
{
    int bits = type->width * 8;

    if (type->kind == STOA__ARROW_BOOL)
        return value == 0 || value == 1;
    if (bits >= 64)
        return true;
    if (stoa__arrow_is_unsigned(type->kind))
        return value >= 0 && value < (INT64_C(1) << bits);
    return value >= -(INT64_C(1) << (bits - 1)) && value < (INT64_C(1) << (bits - 1));
}

/* The first `width` bytes of a little-endian number are the narrower number. */
static void write_fixed(struct stoa__column *column, const void *value)
{
    size_t width = (size_t)column->type->width;

    if (width > 0)
        memcpy(column->data + (size_t)column->length * width, value, width);
    column->length++;
}

stoa_status stoa__column_append_int64(struct stoa__column *column, int64_t value,
                                      stoa_error *err)
{
    stoa_status rc;

    column = stoa__column_target(column);
    if (!stoa__arrow_is_integral(column->type->kind))
        return fail_kind(column, "integers", err);
    if (!integer_fits(column->type, value))
        return fail_range(column, value, err);
    rc = stoa__column_need_row(column, err);
    if (rc != STOA_OK)
        return rc;
    if (column->type->kind == STOA__ARROW_BOOL) {
        if (value)
            stoa__bit_set(column->data, column->length);
        column->length++;
    } else {
        write_fixed(column, &value);
    }
    return STOA_OK;
}

stoa_status stoa__column_append_float64(struct stoa__column *column, double value,
                                        stoa_error *err)
{
    float single;
    uint16_t half;
    stoa_status rc;

    column = stoa__column_target(column);
    if (!stoa__arrow_is_float(column->type->kind))
        return fail_kind(column, "floats", err);
    rc = stoa__column_need_row(column, err);
    if (rc != STOA_OK)
        return rc;
    if (column->type->kind == STOA__ARROW_FLOAT64) {
        write_fixed(column, &value);
    } else if (column->type->kind == STOA__ARROW_FLOAT32) {
        single = stoa__float_from_double(value, NULL);
        write_fixed(column, &single);
    } else {
        half = stoa__half_from_double(value, NULL);
        write_fixed(column, &half);
    }
    return STOA_OK;
}

stoa_status stoa__column_append_fixed(struct stoa__column *column, const void *value,
                                      stoa_error *err)
{
    stoa_status rc;

    column = stoa__column_target(column);
    if (stoa__arrow_shape(column->type) != STOA__SHAPE_FIXED)
        return fail_kind(column, "values of fixed width", err);
    rc = stoa__column_need_row(column, err);
    if (rc == STOA_OK)
        write_fixed(column, value);
    return rc;
}

stoa_status stoa__column_append_bytes(struct stoa__column *column, const void *bytes,
                                      int64_t size, stoa_error *err)
{
    enum stoa__arrow_kind kind;
    stoa_status rc;

    column = stoa__column_target(column);
    kind = column->type->kind;
    if (!stoa__arrow_is_text(kind) && !stoa__arrow_is_binary(kind))
        return fail_kind(column, "text or binary", err);
    if (kind == STOA__ARROW_FIXED_BINARY) {
        if (size != column->type->width) {
            (void)stoa__fail(err, STOA_ERR_TYPE, "it takes %d bytes a value, not %lld",
                             column->type->width, (long long)size);
            return name_column(column, err);
        }
        return stoa__column_append_fixed(column, bytes, err);
    }
    rc = stoa__column_need_row(column, err);
    if (rc == STOA_OK)
        rc = stoa__column_reserve_bytes(column, size, err);
    if (rc != STOA_OK)
        return rc;
    if (size > 0)
        memcpy(column->data + column->data_size, bytes, (size_t)size);
    column->data_size += size;
    column->length++;
    if (stoa__arrow_offset_width(kind) == 8)
        ((int64_t *)column->offsets)[column->length] = column->data_size;
    else
        ((int32_t *)column->offsets)[column->length] = (int32_t)column->data_size;
    return STOA_OK;
}

/* Where the items of row `row` begin, or would begin. */
static int64_t list_offset(const struct stoa__column *column, int64_t row)
{
    if (!column->offsets)
        return 0;
    if (stoa__arrow_offset_width(column->type->kind) == 8)
        return ((const int64_t *)column->offsets)[row];
    return ((const int32_t *)column->offsets)[row];
}

static stoa_status end_fixed_list(struct stoa__column *column, int64_t items,
                                  stoa_error *err)
{
    int64_t size = column->type->list_size;
    int64_t found = items - column->length * size;
    stoa_status rc;

    if (found < 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': items of closed lists were taken away",
                          column->type->name);
    if (found != size)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "column '%s' takes lists of %lld items, not %lld",
                          column->type->name, (long long)size, (long long)found);
    rc = stoa__column_need_row(column, err);
    if (rc == STOA_OK)
        column->length++;
    return rc;
}

stoa_status stoa__column_end_list(struct stoa__column *column, stoa_error *err)
{
    int64_t items;
    stoa_status rc;

    column = stoa__column_target(column);
    if (!stoa__arrow_is_list(column->type->kind) && column->type->kind != STOA__ARROW_MAP)
        return fail_kind(column, "lists", err);
    items = stoa__column_length(column->children);
    if (column->type->kind == STOA__ARROW_FIXED_LIST)
        return end_fixed_list(column, items, err);
    if (items < list_offset(column, column->length))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': items of closed lists were taken away",
                          column->type->name);
    if (items > INT32_MAX && stoa__arrow_offset_width(column->type->kind) == 4)
        return stoa__fail(
            err, STOA_ERR_FULL,
            "column '%s' has lists of %lld items in all; its offsets count to %d",
            column->type->name, (long long)items, INT32_MAX);
    rc = stoa__column_need_row(column, err);
    if (rc != STOA_OK)
        return rc;
    column->length++;
    if (stoa__arrow_offset_width(column->type->kind) == 8)
        ((int64_t *)column->offsets)[column->length] = items;
    else
        ((int32_t *)column->offsets)[column->length] = (int32_t)items;
    return STOA_OK;
}

stoa_status stoa__column_end_struct(struct stoa__column *column, stoa_error *err)
{
    stoa_status rc;

    column = stoa__column_target(column);
    if (column->type->kind != STOA__ARROW_STRUCT)
        return fail_kind(column, "structs", err);
    for (int32_t i = 0; i < column->child_count; i++) {
        int64_t found = stoa__column_length(&column->children[i]);
        if (found != column->length + 1)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "field '%s' of '%s' has %lld values where row %lld ends",
                              column->children[i].type->name, column->type->name,
                              (long long)found, (long long)column->length);
    }
    rc = stoa__column_need_row(column, err);
    if (rc == STOA_OK)
        column->length++;
    return rc;
}

int32_t stoa__column_union_child(const struct stoa__column *column, int64_t type_id)
{
    for (int32_t i = 0; i < column->child_count; i++)
        if (column->type->union_ids[i] == type_id)
            return i;
    return -1;
}

/* Give the other children of a sparse union a row as well. */
static stoa_status fill_sparse(struct stoa__column *column, int32_t chosen,
                               stoa_error *err)
{
    stoa_status rc = STOA_OK;
    int32_t filled = 0;

    for (; rc == STOA_OK && filled < column->child_count; filled++)
        if (filled != chosen)
            rc = stoa__column_append_filler(&column->children[filled], err);
    for (int32_t i = 0; rc != STOA_OK && i < filled; i++)
        if (i != chosen)
            stoa__column_truncate(&column->children[i], column->length);
    return rc;
}

/* Whether exactly the chosen child has a value more than the rows need. */
static bool union_value_is_there(const struct stoa__column *column, int32_t chosen)
{
    bool dense = column->type->kind == STOA__ARROW_DENSE_UNION;
    int64_t total = 0;
    int64_t found = 0;

    for (int32_t i = 0; i < column->child_count; i++) {
        found = stoa__column_length(&column->children[i]);
        total += found;
        if (!dense && found != column->length + (i == chosen))
            return false;
    }
    return !dense || (total == column->length + 1 &&
                      stoa__column_length(&column->children[chosen]) > 0);
}

stoa_status stoa__column_end_union(struct stoa__column *column, int8_t type_id,
                                   stoa_error *err)
{
    int32_t chosen;
    int64_t offset;
    stoa_status rc;

    column = stoa__column_target(column);
    if (column->type->kind != STOA__ARROW_DENSE_UNION &&
        column->type->kind != STOA__ARROW_SPARSE_UNION)
        return fail_kind(column, "values with a type id", err);
    chosen = stoa__column_union_child(column, type_id);
    if (chosen < 0)
        return stoa__fail(err, STOA_ERR_TYPE, "column '%s' has no type id %d",
                          column->type->name, type_id);
    if (!union_value_is_there(column, chosen))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': row %lld ends without one value of type id %d",
                          column->type->name, (long long)column->length, type_id);
    offset = stoa__column_length(&column->children[chosen]) - 1;
    if (column->type->kind == STOA__ARROW_DENSE_UNION && offset > INT32_MAX)
        return stoa__fail(err, STOA_ERR_FULL, "column '%s' has %lld values of type id %d",
                          column->type->name, (long long)offset, type_id);
    rc = stoa__column_need_row(column, err);
    if (rc == STOA_OK && column->type->kind == STOA__ARROW_SPARSE_UNION)
        rc = fill_sparse(column, chosen, err);
    if (rc != STOA_OK)
        return rc;
    if (column->type->kind == STOA__ARROW_DENSE_UNION)
        ((int32_t *)column->offsets)[column->length] = (int32_t)offset;
    column->data[column->length++] = (uint8_t)type_id;
    return STOA_OK;
}

/* Take rows [length, column->length) out of the bitmaps: validity 1 again, bools 0. */
static void truncate_bits(struct stoa__column *column, int64_t length)
{
    bool bits = stoa__arrow_shape(column->type) == STOA__SHAPE_BITS;

    if (stoa__arrow_shape(column->type) == STOA__SHAPE_NONE)
        column->null_count = length;
    for (int64_t row = length; row < column->length; row++) {
        if (column->validity && !stoa__bit_get(column->validity, row)) {
            stoa__bit_set(column->validity, row);
            column->null_count--;
        }
        if (bits)
            stoa__bit_clear(column->data, row);
    }
}

/* A dense union's child keeps one value for each remaining row of its type id. */
static int64_t dense_length(const struct stoa__column *column, int32_t index)
{
    uint8_t id = (uint8_t)column->type->union_ids[index];
    int64_t count = 0;

    for (int64_t row = 0; row < column->length; row++)
        count += column->data[row] == id;
    return count;
}

void stoa__column_truncate(struct stoa__column *column, int64_t length)
{
    enum stoa__arrow_shape shape;

    assert(length >= 0);
    column = stoa__column_target(column);
    shape = stoa__arrow_shape(column->type);
    if (length < column->length) {
        truncate_bits(column, length);
        column->length = length;
    }
    if (shape == STOA__SHAPE_TEXT || shape == STOA__SHAPE_VIEW)
        column->data_size = list_offset(column, column->length);
    for (int32_t i = 0; i < column->child_count; i++) {
        int64_t kept = length;
        if (shape == STOA__SHAPE_LIST || shape == STOA__SHAPE_LIST_VIEW)
            kept = list_offset(column, column->length);
        else if (shape == STOA__SHAPE_FIXED_LIST)
            kept = column->length * column->type->list_size;
        else if (shape == STOA__SHAPE_DENSE)
            kept = dense_length(column, i);
        stoa__column_truncate(&column->children[i], kept);
    }
}
