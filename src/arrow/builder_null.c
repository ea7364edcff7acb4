/* SPDX-License-Identifier: Apache-2.0 */
/* Rows without content: NULLs, zeros, and what children have under a NULL of their
 * parent. */
#include "arrow/builder.h"

#include "arrow/builder_parts.h"
#include "base/error.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* An empty value at the row `length`: what lies under a NULL, and the zero value. */
static void write_nothing(struct stoa__column *column)
{
    size_t width = (size_t)stoa__column_data_width(column->type);
    int64_t row = column->length;

    if (width > 0)
        memset(column->data + (size_t)row * width, 0, width);
    else if (column->offsets && stoa__arrow_offset_width(column->type->kind) == 8)
        ((int64_t *)column->offsets)[row + 1] = ((int64_t *)column->offsets)[row];
    else if (column->offsets)
        ((int32_t *)column->offsets)[row + 1] = ((int32_t *)column->offsets)[row];
}

stoa_status stoa__column_mark_null(struct stoa__column *column, stoa_error *err)
{
    stoa_status rc;

    assert(stoa__column_target(column) == column);
    assert(column->length < column->capacity);
    if (stoa__arrow_shape(column->type) != STOA__SHAPE_NONE) {
        rc = stoa__column_need_validity(column, err);
        if (rc != STOA_OK)
            return rc;
        stoa__bit_clear(column->validity, column->length);
    }
    write_nothing(column);
    column->null_count++;
    return STOA_OK;
}

/* A union is NULL by one of its children, if one may be. */
static int32_t null_child(const struct stoa__column *column);

static bool takes_null(struct stoa__column *column)
{
    const struct stoa__column *target = stoa__column_target(column);
    enum stoa__arrow_shape shape = stoa__arrow_shape(target->type);

    if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE)
        return column->type->nullable && null_child(target) >= 0;
    return column->type->nullable;
}

static int32_t null_child(const struct stoa__column *column)
{
    for (int32_t i = 0; i < column->child_count; i++)
        if (takes_null(&column->children[i]))
            return i;
    return -1;
}

/* A row in a child whose parent has none for it. */
static stoa_status append_filler(struct stoa__column *column, int64_t rows,
                                 stoa_error *err)
{
    bool null = takes_null(column);
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < rows; i++)
        rc = null ? stoa__column_append_null(column, err)
                  : stoa__column_append_zero(column, err);
    return rc;
}

/* What children must have for a row that is not theirs. */
static stoa_status fill_children(struct stoa__column *column, stoa_error *err)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);
    stoa_status rc = STOA_OK;

    if (shape == STOA__SHAPE_FIXED_LIST)
        return append_filler(column->children, column->type->list_size, err);
    for (int32_t i = 0;
         rc == STOA_OK && shape == STOA__SHAPE_STRUCT && i < column->child_count; i++)
        rc = append_filler(&column->children[i], 1, err);
    return rc;
}

/* A union has no validity of its own: one of its children is NULL. */
static stoa_status append_union_nothing(struct stoa__column *column, bool null,
                                        stoa_error *err)
{
    int32_t index = null ? null_child(column) : 0;
    stoa_status rc;

    if (column->child_count == 0)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "column '%s' is a union of no types and has no values",
                          column->type->name);
    if (index < 0)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "column '%s' is a union of which no type is nullable",
                          column->type->name);
    rc = null ? stoa__column_append_null(&column->children[index], err)
              : stoa__column_append_zero(&column->children[index], err);
    if (rc == STOA_OK)
        rc = stoa__column_end_union(column, column->type->union_ids[index], err);
    return rc;
}

/* One row without content, NULL or zero. */
static stoa_status append_nothing(struct stoa__column *column, bool null, stoa_error *err)
{
    enum stoa__arrow_shape shape;
    int64_t before;
    stoa_status rc;

    column = stoa__column_target(column);
    shape = stoa__arrow_shape(column->type);
    before = column->length;
    if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE) {
        rc = append_union_nothing(column, null, err);
    } else {
        rc = stoa__column_need_row(column, err);
        if (rc == STOA_OK)
            rc = fill_children(column, err);
        if (rc == STOA_OK && (null || shape == STOA__SHAPE_NONE))
            rc = stoa__column_mark_null(column, err);
        else if (rc == STOA_OK)
            write_nothing(column);
        if (rc == STOA_OK)
            column->length++;
    }
    if (rc != STOA_OK)
        stoa__column_truncate(column, before);
    return rc;
}

stoa_status stoa__column_append_null(struct stoa__column *column, stoa_error *err)
{
    return append_nothing(column, true, err);
}

stoa_status stoa__column_append_zero(struct stoa__column *column, stoa_error *err)
{
    return append_nothing(column, false, err);
}

stoa_status stoa__column_append_filler(struct stoa__column *column, stoa_error *err)
{
    return append_filler(column, 1, err);
}
