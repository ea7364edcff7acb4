/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/builder.h"

#include "arrow/builder_parts.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* A view's text of up to 12 bytes lies in the view itself. */
enum { VIEW_SIZE = 16, VIEW_INLINE_MAX = 12, VIEW_PREFIX = 4 };

static void give(struct ArrowArray *out, int64_t index, void **piece)
{
    stoa__array_set_buffer(out, index, *piece);
    *piece = NULL;
}

/* Move validity, data and offsets, as far as the shape has them, to where Arrow wants
 * them. */
static void give_buffers(struct stoa__column *column, enum stoa__arrow_shape shape,
                         struct ArrowArray *out)
{
    void *validity = column->validity;
    void *data = column->data;

    column->validity = NULL;
    column->data = NULL;
    if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE) {
        assert(!validity);
        give(out, 0, &data);
        if (shape == STOA__SHAPE_DENSE)
            give(out, 1, &column->offsets);
        return;
    }
    if (shape != STOA__SHAPE_NONE && column->null_count > 0)
        give(out, 0, &validity);
    if (shape == STOA__SHAPE_BITS || shape == STOA__SHAPE_FIXED)
        give(out, 1, &data);
    if (shape == STOA__SHAPE_TEXT)
        give(out, 2, &data);
    if (shape == STOA__SHAPE_TEXT || shape == STOA__SHAPE_LIST ||
        shape == STOA__SHAPE_LIST_VIEW)
        give(out, 1, &column->offsets);
    stoa__free(validity);
    stoa__free(data);
}

/* The column is empty and has no memory any more. */
static void forget(struct stoa__column *column)
{
    stoa__free(column->validity);
    stoa__free(column->data);
    stoa__free(column->offsets);
    column->validity = NULL;
    column->data = NULL;
    column->offsets = NULL;
    column->length = column->capacity = column->null_count = 0;
    column->data_size = column->data_capacity = 0;
}

static void forget_all(struct stoa__column *column)
{
    forget(column);
    for (int32_t i = 0; i < column->child_count; i++)
        forget_all(&column->children[i]);
}

static void write_view(uint8_t *view, const uint8_t *data, int32_t start, int32_t end)
{
    int32_t size = end - start;
    int32_t buffer_index = 0;

    memset(view, 0, VIEW_SIZE);
    memcpy(view, &size, sizeof(size));
    if (size > VIEW_INLINE_MAX) {
        memcpy(view + 4, data + start, VIEW_PREFIX);
        memcpy(view + 8, &buffer_index, sizeof(buffer_index));
        memcpy(view + 12, &start, sizeof(start));
    } else if (size > 0) {
        memcpy(view + 4, data + start, (size_t)size);
    }
}

/* Views from offsets; the text stays where it is, as the one buffer, if any value is
 * long. */
static stoa_status finish_views(struct stoa__column *column, struct ArrowArray *out,
                                stoa_error *err)
{
    const int32_t *offsets = column->offsets;
    bool outside = false;
    uint8_t *views = NULL;
    int64_t *sizes = NULL;
    size_t size;
    stoa_status rc;

    for (int64_t row = 0; !outside && row < column->length; row++)
        outside = offsets[row + 1] - offsets[row] > VIEW_INLINE_MAX;
    rc = stoa__array_init(out, outside ? 4 : 3, 0, err);
    if (rc != STOA_OK)
        return rc;
    if (stoa__mul_overflow((size_t)column->length, VIEW_SIZE, &size))
        return stoa__fail_nomem(err);
    views = stoa__alloc_aligned(size > 0 ? size : 1);
    stoa__array_set_buffer(out, 1, views);
    sizes = stoa__alloc_aligned(sizeof(*sizes));
    stoa__array_set_buffer(out, outside ? 3 : 2, sizes);
    if (!views || !sizes)
        return stoa__fail_nomem(err);
    for (int64_t row = 0; row < column->length; row++)
        write_view(views + row * VIEW_SIZE, column->data, offsets[row], offsets[row + 1]);
    *sizes = outside ? column->data_size : 0;
    if (outside) {
        stoa__array_set_buffer(out, 2, column->data);
        column->data = NULL;
    }
    if (column->null_count > 0) {
        stoa__array_set_buffer(out, 0, column->validity);
        column->validity = NULL;
    }
    return STOA_OK;
}

/* The sizes buffer of a list view, which follows from the offsets of the lists. */
static stoa_status add_sizes(const struct stoa__column *column, struct ArrowArray *out,
                             stoa_error *err)
{
    int32_t width = stoa__arrow_offset_width(column->type->kind);
    void *sizes = stoa__alloc_aligned((size_t)(column->length + 1) * (size_t)width);

    if (!sizes)
        return stoa__fail_nomem(err);
    stoa__array_set_buffer(out, 2, sizes);
    for (int64_t row = 0; row < column->length; row++) {
        if (width == 8)
            ((int64_t *)sizes)[row] = ((const int64_t *)column->offsets)[row + 1] -
                                      ((const int64_t *)column->offsets)[row];
        else
            ((int32_t *)sizes)[row] = ((const int32_t *)column->offsets)[row + 1] -
                                      ((const int32_t *)column->offsets)[row];
    }
    return STOA_OK;
}

/* How many rows child `index` must have. */
static bool child_fits(const struct stoa__column *column, enum stoa__arrow_shape shape,
                       int32_t index, int64_t *wanted)
{
    int64_t found = stoa__column_length(&column->children[index]);

    *wanted = found;
    if (shape == STOA__SHAPE_STRUCT || shape == STOA__SHAPE_SPARSE)
        *wanted = column->length;
    else if (shape == STOA__SHAPE_FIXED_LIST)
        *wanted = column->length * column->type->list_size;
    else if (stoa__arrow_offset_width(column->type->kind) == 8)
        *wanted = ((const int64_t *)column->offsets)[column->length];
    else if (shape != STOA__SHAPE_DENSE)
        *wanted = ((const int32_t *)column->offsets)[column->length];
    return found == *wanted;
}

static stoa_status finish_children(struct stoa__column *column,
                                   enum stoa__arrow_shape shape, struct ArrowArray *out,
                                   stoa_error *err)
{
    stoa_status rc = STOA_OK;
    int64_t wanted = 0;

    for (int32_t i = 0; i < column->child_count; i++)
        if (!child_fits(column, shape, i, &wanted))
            return stoa__fail(err, STOA_ERR_INVALID,
                              "column '%s' has %lld values where '%s' needs %lld",
                              column->children[i].type->name,
                              (long long)stoa__column_length(&column->children[i]),
                              column->type->name, (long long)wanted);
    for (int32_t i = 0; rc == STOA_OK && i < column->child_count; i++)
        rc = stoa__column_finish(&column->children[i], out->children[i], err);
    return rc;
}

static int64_t buffer_count(enum stoa__arrow_shape shape)
{
    switch ((int)shape) {
    case STOA__SHAPE_NONE:
        return 0;
    case STOA__SHAPE_BITS:
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_LIST:
    case STOA__SHAPE_DENSE:
        return 2;
    case STOA__SHAPE_TEXT:
    case STOA__SHAPE_LIST_VIEW:
        return 3;
    default:
        return 1;
    }
}

stoa_status stoa__column_finish(struct stoa__column *column, struct ArrowArray *out,
                                stoa_error *err)
{
    enum stoa__arrow_shape shape = stoa__arrow_shape(column->type);
    bool null_type = shape == STOA__SHAPE_NONE;
    stoa_status rc;

    if (shape == STOA__SHAPE_DICTIONARY)
        return stoa__column_encode_dictionary(column, out, err);
    if (shape == STOA__SHAPE_RUN_END)
        return stoa__column_encode_runs(column, out, err);
    rc = stoa__column_need_buffers(column, err);
    if (rc == STOA_OK && shape == STOA__SHAPE_VIEW)
        rc = finish_views(column, out, err);
    else if (rc == STOA_OK)
        rc = stoa__array_init(out, buffer_count(shape), column->child_count, err);
    if (rc == STOA_OK)
        rc = finish_children(column, shape, out, err);
    if (rc == STOA_OK && shape == STOA__SHAPE_LIST_VIEW)
        rc = add_sizes(column, out, err);
    if (rc != STOA_OK)
        return rc;
    out->length = column->length;
    out->null_count = null_type ? column->length : column->null_count;
    if (shape != STOA__SHAPE_VIEW)
        give_buffers(column, shape, out);
    forget(column);
    return STOA_OK;
}

/* Text tends to be as large in the next batch as it was in the last. */
static stoa_status reserve_text(struct stoa__column *column,
                                const struct ArrowArray *last, stoa_error *err)
{
    const struct stoa__column *target = stoa__column_target(column);
    stoa_status rc = STOA_OK;
    int64_t size = 0;

    if (target != column)
        return STOA_OK;
    if (stoa__arrow_shape(column->type) == STOA__SHAPE_TEXT) {
        size = stoa__arrow_offset_width(column->type->kind) == 8
                   ? ((const int64_t *)last->buffers[1])[last->length]
                   : ((const int32_t *)last->buffers[1])[last->length];
        return stoa__column_reserve_bytes(column, size, err);
    }
    for (int32_t i = 0; rc == STOA_OK && i < column->child_count; i++)
        rc = reserve_text(&column->children[i], last->children[i], err);
    return rc;
}

stoa_status stoa__builder_finish(struct stoa__builder *builder, int64_t rows,
                                 struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc;

    assert(rows >= 0);
    *out = (struct ArrowArray){0};
    rc = stoa__column_finish(&builder->root, out, err);
    if (rc == STOA_OK && rows > 0)
        rc = stoa__column_reserve(&builder->root, rows, err);
    if (rc == STOA_OK && rows > 0)
        rc = reserve_text(&builder->root, out, err);
    if (rc != STOA_OK) {
        stoa__array_release(out);
        *out = (struct ArrowArray){0};
        forget_all(&builder->root);
    }
    return rc;
}
