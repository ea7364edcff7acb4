/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies. Each function here copies one layout; rows [first, first + count) of a node become
 * rows [0, count) of the copy. What a failure leaves half made is released at the root. */
#include "arrow/array.h"

#include "arrow/copy_views.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

typedef struct stoa__arrow_span node_span;
typedef struct stoa__arrow_path path;

#define FAIL(...)                                                                        \
    stoa__arrow_fail(span->at, "batch", span->err, STOA_ERR_INVALID, __VA_ARGS__)

static stoa_status copy_node(const node_span *node, struct ArrowArray *out);

stoa_status stoa__copy_buffer(const struct stoa__arrow_span *span, struct ArrowArray *out,
                              int64_t index, const void *bytes, int64_t size)
{
    void *piece = stoa__alloc_aligned((size_t)size);

    if (!piece)
        return stoa__fail_nomem(span->err);
    if (size > 0 && bytes)
        memcpy(piece, bytes, (size_t)size);
    else if (size > 0)
        memset(piece, 0, (size_t)size);
    stoa__array_set_buffer(out, index, piece);
    return STOA_OK;
}

/* A zeroed buffer of the copy that is still to be filled. */
static stoa_status new_buffer(const node_span *span, struct ArrowArray *out,
                              int64_t index, int64_t size, void **piece)
{
    stoa_status rc = stoa__copy_buffer(span, out, index, NULL, size);

    *piece = rc == STOA_OK ? (void *)(uintptr_t)out->buffers[index] : NULL;
    return rc;
}

/* Write number `index` of `width` bytes. */
static void store(void *buffer, int32_t width, int64_t index, int64_t value)
{
    memcpy((char *)buffer + index * width, &value, (size_t)width);
}

/* Bits [first, first + count) to the front of `out`; the rest of its last byte is zero. */
static void copy_bits(const uint8_t *bits, int64_t first, int64_t count, uint8_t *out)
{
    const int64_t size = (count + 7) / 8, source_size = ((first & 7) + count + 7) / 8;
    const unsigned shift = (unsigned)(first & 7);

    bits += first / 8;
    for (int64_t i = 0; i < size; i++) {
        unsigned value = (unsigned)bits[i] >> shift;

        if (shift > 0 && i + 1 < source_size)
            value |= (unsigned)bits[i + 1] << (8 - shift);
        out[i] = (uint8_t)value;
    }
    if ((count & 7) != 0)
        out[size - 1] = (uint8_t)(out[size - 1] & ((1U << (count & 7)) - 1));
}

static int64_t count_nulls(const uint8_t *bits, int64_t count)
{
    int64_t valid = 0;

    for (int64_t i = 0; i < (count + 7) / 8; i++)
        valid += __builtin_popcount(bits[i]);
    return count - valid;
}

static stoa_status copy_bitmap(const node_span *span, struct ArrowArray *out,
                               int64_t index)
{
    void *piece;
    stoa_status rc = new_buffer(span, out, index, (span->count + 7) / 8, &piece);

    if (rc == STOA_OK && span->count > 0)
        copy_bits(span->array->buffers[index], span->first, span->count, piece);
    return rc;
}

static stoa_status copy_validity(const node_span *span, struct ArrowArray *out)
{
    stoa_status rc;

    if (!span->validity)
        return STOA_OK;
    rc = copy_bitmap(span, out, 0);
    if (rc != STOA_OK)
        return rc;
    out->null_count = count_nulls(out->buffers[0], span->count);
    if (out->null_count == 0)
        stoa__array_set_buffer(out, 0, NULL);
    return STOA_OK;
}

static stoa_status copy_fixed(const node_span *span, struct ArrowArray *out,
                              int64_t index, int64_t width)
{
    const char *values = span->array->buffers[index];

    if (span->count == 0 || width == 0)
        return stoa__copy_buffer(span, out, index, NULL, 0);
    return stoa__copy_buffer(span, out, index, values + span->first * width,
                             span->count * width);
}

/* Rows of a child, or bytes of text. */
struct range {
    int64_t first, count;
};

/* Offsets, so that they start at 0; which part of the data or the child they are about, and
 * which part SHAPE has found to be there. */
static stoa_status copy_offsets(const node_span *span, struct ArrowArray *out,
                                struct range *inner, struct range *outer)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const void *offsets = span->array->buffers[1];
    int64_t low, high, last;
    void *piece;
    stoa_status rc = new_buffer(span, out, 1, (span->count + 1) * width, &piece);

    *inner = *outer = (struct range){0, 0};
    if (rc != STOA_OK || span->count == 0)
        return rc;
    low = stoa__load_int(offsets, width, span->outer_first);
    high = stoa__load_int(offsets, width, span->outer_first + span->outer_count);
    *outer = (struct range){low, high - low};
    inner->first = stoa__load_int(offsets, width, span->first);
    low = inner->first > low ? inner->first : low;
    last = stoa__load_int(offsets, width, span->first + span->count);
    high = last < high ? last : high;
    for (int64_t i = 0; i <= span->count; i++) {
        const int64_t at = stoa__load_int(offsets, width, span->first + i);

        if (at < low || at > high)
            return FAIL("row %lld has an offset outside those of the first and last row",
                        (long long)i);
        store(piece, width, i, at - low);
    }
    inner->count = last - inner->first; /* Both are in [low, high]. */
    return STOA_OK;
}

static stoa_status copy_text(const node_span *span, struct ArrowArray *out)
{
    struct range inner, outer;
    stoa_status rc = copy_offsets(span, out, &inner, &outer);

    if (rc != STOA_OK)
        return rc;
    if (inner.count == 0)
        return stoa__copy_buffer(span, out, 2, NULL, 0);
    return stoa__copy_buffer(span, out, 2,
                             (const char *)span->array->buffers[2] + inner.first,
                             inner.count);
}

/* Rows of child `index`, without its own offset. */
static stoa_status copy_child(const node_span *span, struct ArrowArray *out,
                              int32_t index, struct range inner, struct range outer)
{
    const struct stoa__arrow_type *type = &span->type->children[index];
    const path below = stoa__arrow_path_below(span->at, type->name, index);
    const node_span child = {
        .type = type,
        .array = span->array->children[index],
        .first = inner.first,
        .count = inner.count,
        .at = &below,
        .err = span->err,
        .outer_first = outer.first,
        .outer_count = outer.count,
    };

    return copy_node(&child, out->children[index]);
}

/* The same rows as of the parent, or `size` for each of them. */
static stoa_status copy_children(const node_span *span, struct ArrowArray *out,
                                 int64_t size)
{
    const struct range inner = {span->first * size, span->count * size};
    const struct range outer = {span->outer_first * size, span->outer_count * size};
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < span->type->child_count; i++)
        rc = copy_child(span, out, i, inner, outer);
    return rc;
}

/* Rows of a child all of which SHAPE has looked at. */
static stoa_status copy_chosen(const node_span *span, struct ArrowArray *out,
                               int32_t index, int64_t first, int64_t count)
{
    const struct range inner = {first, count};
    const struct range outer = {0, span->array->children[index]->length};

    return copy_child(span, out, index, inner, outer);
}

static stoa_status copy_list(const node_span *span, struct ArrowArray *out)
{
    struct range inner, outer;
    stoa_status rc = copy_offsets(span, out, &inner, &outer);

    return rc == STOA_OK ? copy_child(span, out, 0, inner, outer) : rc;
}

/* The child's rows from the lowest to the highest that is used; gaps are copied too. */
static stoa_status list_view_extent(const node_span *span, int64_t *start, int64_t *end)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const int64_t length = span->array->children[0]->length;

    *start = length;
    *end = 0;
    for (int64_t row = 0; row < span->count; row++) {
        int64_t at, size;

        if (span->validity && !stoa__bit_get(span->validity, span->first + row))
            continue;
        at = stoa__load_int(span->array->buffers[1], width, span->first + row);
        size = stoa__load_int(span->array->buffers[2], width, span->first + row);
        if (at < 0 || size < 0 || size > length || at > length - size)
            return FAIL("row %lld has %lld items at %lld, outside a child of %lld rows",
                        (long long)row, (long long)size, (long long)at,
                        (long long)length);
        if (size > 0 && at < *start)
            *start = at;
        if (size > 0 && at + size > *end)
            *end = at + size;
    }
    if (*start > *end)
        *start = *end;
    return STOA_OK;
}

static stoa_status copy_list_view(const node_span *span, struct ArrowArray *out)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    void *offsets, *sizes;
    int64_t start, end;
    stoa_status rc = list_view_extent(span, &start, &end);

    if (rc == STOA_OK)
        rc = new_buffer(span, out, 1, span->count * width, &offsets);
    if (rc == STOA_OK)
        rc = new_buffer(span, out, 2, span->count * width, &sizes);
    for (int64_t row = 0; rc == STOA_OK && row < span->count; row++) {
        const int64_t from = span->first + row;
        const int64_t size = stoa__load_int(span->array->buffers[2], width, from);

        if (size <= 0 || (span->validity && !stoa__bit_get(span->validity, from)))
            continue; /* Empty and NULL rows are 0 items at 0. */
        store(offsets, width, row,
              stoa__load_int(span->array->buffers[1], width, from) - start);
        store(sizes, width, row, size);
    }
    return rc == STOA_OK ? copy_chosen(span, out, 0, start, end - start) : rc;
}

/* The rows of each child that are used: [start, end). */
struct extent {
    int64_t start, end;
};

static stoa_status dense_extents(const node_span *span, struct extent extents[128])
{
    const int8_t *ids = span->array->buffers[0];

    for (int i = 0; i < 128; i++)
        extents[i] = (struct extent){0, -1}; /* No such child. */
    for (int32_t i = 0; i < span->type->child_count; i++)
        extents[span->type->union_ids[i]] =
            (struct extent){span->array->children[i]->length, 0};
    for (int64_t row = 0; row < span->count; row++) {
        const int8_t id = ids[span->first + row];
        const int64_t at = stoa__load_i32(span->array->buffers[1], span->first + row);
        struct extent *extent = &extents[id < 0 ? 0 : id];

        if (id < 0 || extent->end < 0)
            return FAIL("row %lld has the unknown type id %d", (long long)row, (int)id);
        if (at < 0)
            return FAIL("row %lld is row %lld of a child", (long long)row,
                        (long long)at);
        if (at < extent->start)
            extent->start = at;
        if (at >= extent->end)
            extent->end = at + 1;
    }
    return STOA_OK;
}

static stoa_status copy_dense_children(const node_span *span, struct ArrowArray *out,
                                       const struct extent extents[128])
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < span->type->child_count; i++) {
        const struct extent *extent = &extents[span->type->union_ids[i]];

        if (extent->end == 0)
            rc = copy_chosen(span, out, i, 0, 0);
        else if (extent->end > span->array->children[i]->length)
            rc = FAIL("its rows %lld to %lld are outside child %d of %lld rows",
                      (long long)extent->start, (long long)extent->end - 1, (int)i,
                      (long long)span->array->children[i]->length);
        else
            rc = copy_chosen(span, out, i, extent->start, extent->end - extent->start);
    }
    return rc;
}

static stoa_status copy_dense(const node_span *span, struct ArrowArray *out)
{
    struct extent extents[128];
    void *offsets;
    stoa_status rc = dense_extents(span, extents);

    if (rc == STOA_OK)
        rc = copy_fixed(span, out, 0, 1);
    if (rc == STOA_OK)
        rc = new_buffer(span, out, 1, span->count * 4, &offsets);
    if (rc == STOA_OK)
        rc = copy_dense_children(span, out, extents);
    for (int64_t row = 0; rc == STOA_OK && row < span->count; row++) {
        const int8_t id = ((const int8_t *)span->array->buffers[0])[span->first + row];
        const int64_t at = stoa__load_i32(span->array->buffers[1], span->first + row);

        store(offsets, 4, row, at - extents[id].start);
    }
    return rc;
}

static stoa_status copy_sparse(const node_span *span, struct ArrowArray *out)
{
    stoa_status rc = copy_fixed(span, out, 0, 1);

    return rc == STOA_OK ? copy_children(span, out, 1) : rc;
}

/* Which runs hold the rows used: the first, and how many. */
static stoa_status find_runs(const node_span *span, int64_t *first, int64_t *count)
{
    const struct ArrowArray *ends = span->array->children[0];
    const int32_t width = span->type->children[0].width;
    const int64_t stop = span->first + span->count;
    int64_t last = 0;

    *first = *count = 0;
    for (int64_t i = 0; last < stop && span->count > 0; i++) {
        const int64_t end =
            i < ends->length
                ? stoa__load_int(ends->buffers[1], width, ends->offset + i)
                : 0;

        if (end <= last)
            return FAIL("run %lld ends at %lld, not behind %lld", (long long)i,
                        (long long)end, (long long)last);
        if (end <= span->first)
            *first = i + 1;
        else
            (*count)++;
        last = end;
    }
    return STOA_OK;
}

static stoa_status copy_runs(const node_span *span, struct ArrowArray *out)
{
    const struct ArrowArray *ends = span->array->children[0];
    const int32_t width = span->type->children[0].width;
    const int64_t stop = span->first + span->count;
    int64_t first, count;
    stoa_status rc = find_runs(span, &first, &count);

    if (rc == STOA_OK)
        rc = copy_chosen(span, out, 0, first, count);
    if (rc == STOA_OK) /* Of the values SHAPE has looked at one for each run. */
        rc = copy_child(span, out, 1, (struct range){first, count},
                        (struct range){0, ends->length});
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        const int64_t end =
            stoa__load_int(ends->buffers[1], width, ends->offset + first + i);
        void *piece = (void *)(uintptr_t)out->children[0]->buffers[1];

        store(piece, width, i, (end < stop ? end : stop) - span->first);
    }
    return rc;
}

static stoa_status copy_dictionary(const node_span *span, struct ArrowArray *out)
{
    const path below = stoa__arrow_path_below(span->at, "dictionary", 0);
    const struct ArrowArray *values = span->array->dictionary;
    const node_span whole = {
        .type = span->type->dictionary,
        .array = values,
        .count = values->length,
        .at = &below,
        .err = span->err,
        .outer_count = values->length,
    };
    stoa_status rc = copy_fixed(span, out, 1, span->type->width);

    if (rc == STOA_OK)
        rc = stoa__array_add_dictionary(out, span->err);
    return rc == STOA_OK ? copy_node(&whole, out->dictionary) : rc;
}

static stoa_status copy_layout(const node_span *span, enum stoa__arrow_shape shape,
                               const struct stoa__view_plan *plan, struct ArrowArray *out)
{
    switch (shape) {
    case STOA__SHAPE_NONE:
        out->null_count = span->count;
        return STOA_OK;
    case STOA__SHAPE_BITS:
        return copy_bitmap(span, out, 1);
    case STOA__SHAPE_FIXED:
        return copy_fixed(span, out, 1, span->type->width);
    case STOA__SHAPE_TEXT:
        return copy_text(span, out);
    case STOA__SHAPE_VIEW:
        return stoa__view_copy(span, plan, out);
    case STOA__SHAPE_LIST:
        return copy_list(span, out);
    case STOA__SHAPE_LIST_VIEW:
        return copy_list_view(span, out);
    case STOA__SHAPE_FIXED_LIST:
        return copy_children(span, out, span->type->list_size);
    case STOA__SHAPE_STRUCT:
        return copy_children(span, out, 1);
    case STOA__SHAPE_DENSE:
        return copy_dense(span, out);
    case STOA__SHAPE_SPARSE:
        return copy_sparse(span, out);
    case STOA__SHAPE_RUN_END:
        return copy_runs(span, out);
    case STOA__SHAPE_DICTIONARY:
        return copy_dictionary(span, out);
    }
    return STOA_OK;
}

/* Rows `first` and on of node->array; its own offset is not in `first` yet. */
static stoa_status copy_node(const node_span *node, struct ArrowArray *out)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(node->type);
    struct stoa__view_plan plan = {0, 0, true};
    node_span span = *node;
    stoa_status rc = STOA_OK;

    assert(span.outer_first <= span.first || span.count == 0);
    assert(span.first + span.count <= span.outer_first + span.outer_count ||
           span.count == 0);
    span.first += span.array->offset;
    span.outer_first += span.array->offset;
    if (stoa__arrow_has_validity(shape))
        span.validity = span.array->buffers[0];
    if (shape == STOA__SHAPE_VIEW)
        rc = stoa__view_plan(&span, &plan);
    if (rc == STOA_OK)
        rc = stoa__array_init(out, stoa__arrow_buffer_count(shape) + plan.buffer_count,
                              span.type->child_count, span.err);
    if (rc != STOA_OK)
        return rc;
    out->length = span.count;
    rc = copy_validity(&span, out);
    return rc == STOA_OK ? copy_layout(&span, shape, &plan, out) : rc;
}

stoa_status stoa__array_copy(const struct stoa__arrow_type *type,
                             const struct ArrowArray *array, struct ArrowArray *out,
                             stoa_error *err)
{
    const path root = {NULL, NULL, 0, 0};
    const node_span node = {
        .type = type,
        .array = array,
        .count = array->length,
        .at = &root,
        .err = err,
        .outer_count = array->length,
    };
    stoa_status rc;

    assert(type && out && out != array);
    memset(out, 0, sizeof(*out));
    rc = copy_node(&node, out);
    if (rc != STOA_OK) {
        stoa__array_release(out);
        memset(out, 0, sizeof(*out));
    }
    return rc;
}

stoa_status stoa_batch_copy(const struct ArrowSchema *schema,
                            const struct ArrowArray *batch, struct ArrowArray *out,
                            stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    if (out == batch)
        return stoa__fail(err, STOA_ERR_INVALID, "out is the batch itself");
    memset(out, 0, sizeof(*out));
    rc = stoa__arrow_type_parse(schema, &arena, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_validate(type, batch, STOA_CHECK_SHAPE, err);
    if (rc == STOA_OK)
        rc = stoa__array_copy(type, batch, out, err);
    stoa__arena_release(&arena);
    return rc;
}
