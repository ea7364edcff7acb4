/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/validate.h"

#include "arrow/load.h"
#include "arrow/shape.h"
#include "arrow/validate_values.h"
#include "base/error.h"
#include "base/limits.h"

#include <assert.h>

#include "base/ban.h"

typedef struct stoa__arrow_span node_span;
typedef struct stoa__arrow_path path;

#define FAIL(...)                                                                        \
    stoa__arrow_fail(span->at, "batch", span->err, STOA_ERR_INVALID, __VA_ARGS__)

enum { WHOLE = -1 }; /* A count: all rows of the child. */

/* Rows `first` and on of `span->array` are needed; the array's own offset is not in `first`. */
static stoa_status check_node(int32_t level, const node_span *node);

static stoa_status check_header(const node_span *span, int64_t needed)
{
    const struct ArrowArray *array = span->array;

    if (!array)
        return FAIL("the array is NULL");
    if (!array->release)
        return FAIL("the array is released");
    if (array->length < 0 || array->offset < 0 ||
        array->length > STOA__ARROW_ROW_COUNT_MAX ||
        array->offset > STOA__ARROW_ROW_COUNT_MAX - array->length)
        return FAIL("length %lld at offset %lld is outside 0 to %lld rows",
                    (long long)array->length, (long long)array->offset,
                    (long long)STOA__ARROW_ROW_COUNT_MAX);
    if (array->null_count < -1 || array->null_count > array->length)
        return FAIL("null_count %lld is outside -1 to the length %lld",
                    (long long)array->null_count, (long long)array->length);
    if (needed > array->length)
        return FAIL("the array has %lld rows where %lld are needed",
                    (long long)array->length, (long long)needed);
    return STOA_OK;
}

int64_t stoa__arrow_buffer_count(enum stoa__arrow_shape shape)
{
    switch (shape) {
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_RUN_END:
        return 0;
    case STOA__SHAPE_FIXED_LIST:
    case STOA__SHAPE_STRUCT:
    case STOA__SHAPE_SPARSE:
        return 1;
    case STOA__SHAPE_BITS:
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_DICTIONARY:
    case STOA__SHAPE_LIST:
    case STOA__SHAPE_DENSE:
        return 2;
    case STOA__SHAPE_TEXT:
    case STOA__SHAPE_VIEW:
    case STOA__SHAPE_LIST_VIEW:
        return 3;
    }
    return 0;
}

static stoa_status check_structure(const node_span *span, enum stoa__arrow_shape shape)
{
    const struct ArrowArray *array = span->array;
    const int64_t expected = stoa__arrow_buffer_count(shape);
    int64_t max = expected;

    if (shape == STOA__SHAPE_VIEW)
        max += STOA__ARROW_VIEW_BUFFER_COUNT_MAX;
    else if (shape == STOA__SHAPE_NONE)
        max = 1; /* Older producers give null arrays an empty validity buffer. */
    if (array->n_buffers < expected || array->n_buffers > max)
        return FAIL("the array has %lld buffers instead of %lld",
                    (long long)array->n_buffers, (long long)expected);
    if (array->n_buffers > 0 && !array->buffers)
        return FAIL("the list of buffers is NULL");
    if (array->n_children != span->type->child_count)
        return FAIL("the array has %lld children instead of %d",
                    (long long)array->n_children, (int)span->type->child_count);
    if (array->n_children > 0 && !array->children)
        return FAIL("the list of children is NULL");
    if (!array->dictionary != !span->type->dictionary)
        return FAIL("the array has %s dictionary and its schema has %s",
                    array->dictionary ? "a" : "no",
                    span->type->dictionary ? "one" : "none");
    return STOA_OK;
}

bool stoa__arrow_has_validity(enum stoa__arrow_shape shape)
{
    return shape != STOA__SHAPE_NONE && shape != STOA__SHAPE_DENSE &&
           shape != STOA__SHAPE_SPARSE && shape != STOA__SHAPE_RUN_END;
}

static stoa_status check_validity(node_span *span, enum stoa__arrow_shape shape)
{
    if (!stoa__arrow_has_validity(shape))
        return STOA_OK;
    span->validity = span->array->buffers[0];
    if (!span->validity && span->array->null_count > 0)
        return FAIL("null_count is %lld but there is no validity buffer",
                    (long long)span->array->null_count);
    return STOA_OK;
}

/* Buffer `index` holds `width` bytes for each row of the array. */
static stoa_status check_rows(const node_span *span, int64_t index, int64_t width)
{
    int64_t size;

    if (__builtin_mul_overflow(span->first + span->count, width, &size) ||
        size > STOA__BUFFER_BYTES_MAX)
        return FAIL("%lld values of %lld bytes are more than a buffer can hold",
                    (long long)(span->first + span->count), (long long)width);
    if (span->count > 0 && width > 0 && !span->array->buffers[index])
        return FAIL("buffer %lld is NULL", (long long)index);
    return STOA_OK;
}

/* First and last offset of the rows used. */
static stoa_status check_ends(const node_span *span, int64_t *first, int64_t *last)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const void *offsets = span->array->buffers[1];

    *first = *last = 0;
    if (span->count == 0)
        return STOA_OK;
    if (!offsets)
        return FAIL("the offsets buffer is NULL");
    *first = stoa__load_int(offsets, width, span->first);
    *last = stoa__load_int(offsets, width, span->first + span->count);
    if (*first < 0 || *last < *first || *last > STOA__BUFFER_BYTES_MAX)
        return FAIL("the offsets go from %lld to %lld", (long long)*first,
                    (long long)*last);
    return STOA_OK;
}

static stoa_status check_text(const node_span *span)
{
    int64_t first, last;
    stoa_status rc = check_ends(span, &first, &last);

    if (rc == STOA_OK && last > 0 && !span->array->buffers[2])
        return FAIL("the data buffer is NULL but the offsets go to %lld",
                    (long long)last);
    return rc;
}

static stoa_status check_view(const node_span *span)
{
    const struct ArrowArray *array = span->array;
    const int64_t count = array->n_buffers - 3;
    const void *sizes = array->buffers[array->n_buffers - 1];

    if (span->count > 0 && !array->buffers[1])
        return FAIL("the views buffer is NULL");
    if (count > 0 && !sizes)
        return FAIL("the buffer with the sizes of the data buffers is NULL");
    for (int64_t i = 0; i < count; i++) {
        const int64_t size = stoa__load_i64(sizes, i);

        if (size < 0 || size > STOA__BUFFER_BYTES_MAX)
            return FAIL("data buffer %lld has an impossible size %lld", (long long)i,
                        (long long)size);
        if (size > 0 && !array->buffers[2 + i])
            return FAIL("data buffer %lld is NULL", (long long)i);
    }
    return check_rows(span, 1, 16);
}

static stoa_status check_list_view(const node_span *span)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    stoa_status rc = check_rows(span, 1, width);

    return rc == STOA_OK ? check_rows(span, 2, width) : rc;
}

static stoa_status check_dense(const node_span *span)
{
    stoa_status rc = check_rows(span, 0, 1);

    return rc == STOA_OK ? check_rows(span, 1, 4) : rc;
}

/* Lists: the children's rows that are used. */
static stoa_status check_list(const node_span *span, int64_t *first, int64_t *count)
{
    int64_t last;
    stoa_status rc = check_ends(span, first, &last);

    if (rc != STOA_OK)
        return rc;
    if (last > STOA__ARROW_ROW_COUNT_MAX)
        return FAIL("the offsets go to %lld", (long long)last);
    *count = last - *first;
    return STOA_OK;
}

static stoa_status check_fixed_list(const node_span *span, int64_t *first, int64_t *count)
{
    const int64_t size = span->type->list_size;
    int64_t end;

    if (__builtin_mul_overflow(span->first + span->count, size, &end) ||
        end > STOA__ARROW_ROW_COUNT_MAX)
        return FAIL("%lld lists of %lld items are more than an array can hold",
                    (long long)(span->first + span->count), (long long)size);
    *first = span->first * size;
    *count = span->count * size;
    return STOA_OK;
}

/* The node's own buffers at their ends, and which rows of the children are used. */
static stoa_status check_shape(const node_span *span, enum stoa__arrow_shape shape,
                               int64_t *first, int64_t *count)
{
    *first = 0;
    *count = WHOLE;
    switch (shape) {
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_RUN_END:
        return STOA_OK;
    case STOA__SHAPE_BITS: /* A byte for eight rows; 2^40 rows are always few enough. */
        return check_rows(span, 1, 1);
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_DICTIONARY:
        return check_rows(span, 1, span->type->width);
    case STOA__SHAPE_TEXT:
        return check_text(span);
    case STOA__SHAPE_VIEW:
        return check_view(span);
    case STOA__SHAPE_LIST:
        return check_list(span, first, count);
    case STOA__SHAPE_LIST_VIEW:
        return check_list_view(span);
    case STOA__SHAPE_FIXED_LIST:
        return check_fixed_list(span, first, count);
    case STOA__SHAPE_STRUCT:
        break;
    case STOA__SHAPE_DENSE:
        return check_dense(span);
    case STOA__SHAPE_SPARSE:
        *first = span->first;
        *count = span->count;
        return check_rows(span, 0, 1);
    }
    *first = span->first;
    *count = span->count;
    return STOA_OK;
}

static stoa_status check_children(int32_t level, const node_span *node, int64_t first,
                                  int64_t count)
{
    const struct stoa__arrow_type *type = node->type;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++) {
        const path below = stoa__arrow_path_below(node->at, type->children[i].name, i);
        const bool values = type->kind == STOA__ARROW_RUN_END && i == 1;
        const node_span child = {
            .type = &type->children[i],
            .array = node->array->children[i],
            .first = first,
            .count = values ? node->array->children[0]->length : count,
            .at = &below,
            .err = node->err,
        };

        rc = check_node(level, &child);
    }
    if (rc == STOA_OK && type->dictionary) {
        const path below = stoa__arrow_path_below(node->at, "dictionary", 0);
        const node_span child = {
            .type = type->dictionary,
            .array = node->array->dictionary,
            .count = WHOLE,
            .at = &below,
            .err = node->err,
        };

        rc = check_node(level, &child);
    }
    return rc;
}

/* Run ends are followed by whoever looks for a row, so the last must reach it. */
static stoa_status check_run_ends(const node_span *span)
{
    const struct ArrowArray *ends = span->array->children[0];
    const int32_t width = span->type->children[0].width;
    int64_t first, last;

    if (ends->null_count > 0)
        return FAIL("there are NULLs among the run ends");
    if (span->count == 0)
        return STOA_OK;
    if (ends->length == 0)
        return FAIL("there are %lld rows but no runs", (long long)span->count);
    first = stoa__load_int(ends->buffers[1], width, ends->offset);
    last = stoa__load_int(ends->buffers[1], width, ends->offset + ends->length - 1);
    if (first < 1 || last < first || last < span->first + span->count)
        return FAIL("the run ends go from %lld to %lld where row %lld is used",
                    (long long)first, (long long)last,
                    (long long)(span->first + span->count));
    return STOA_OK;
}

/* The first NULL among rows of a node; the node's own offset is not in `first`. */
static int64_t find_null(const struct stoa__arrow_type *type,
                         const struct ArrowArray *array, int64_t first, int64_t count)
{
    if (!stoa__arrow_has_validity(stoa__arrow_shape(type)))
        return -1;
    return stoa__arrow_first_null(array->buffers[0], array->offset + first, count);
}

/* Entries of maps and their keys are never NULL. `first` and `count`: the entries used. */
static stoa_status check_entries(const node_span *span, int64_t first, int64_t count)
{
    const struct stoa__arrow_type *type = &span->type->children[0];
    const struct ArrowArray *entries = span->array->children[0];
    int64_t row = find_null(type, entries, first, count);

    if (row >= 0)
        return FAIL("entry %lld is NULL", (long long)row);
    row = find_null(&type->children[0], entries->children[0], entries->offset + first,
                    count);
    if (row >= 0)
        return FAIL("the key of entry %lld is NULL", (long long)row);
    return STOA_OK;
}

static stoa_status check_node(int32_t level, const node_span *node)
{
    node_span rows = *node;
    const node_span *span = &rows;
    enum stoa__arrow_shape shape = stoa__arrow_shape(rows.type);
    int64_t first, count;
    stoa_status rc;

    rc = check_header(span, node->count == WHOLE ? 0 : node->first + node->count);
    if (rc == STOA_OK)
        rc = check_structure(span, shape);
    if (rc != STOA_OK)
        return rc;
    if (node->count == WHOLE)
        rows.count = rows.array->length;
    rows.first += rows.array->offset;
    rc = check_validity(&rows, shape);
    if (rc == STOA_OK)
        rc = check_shape(span, shape, &first, &count);
    if (rc != STOA_OK)
        return rc;
    rc = check_children(level, span, first, count);
    if (rc == STOA_OK && shape == STOA__SHAPE_RUN_END)
        rc = check_run_ends(span);
    if (rc != STOA_OK || level == STOA_CHECK_SHAPE)
        return rc;
    /* After the children, since list views, unions and dictionaries point into them. */
    rc = stoa__arrow_validate_values(span);
    if (rc == STOA_OK && span->type->kind == STOA__ARROW_MAP)
        rc = check_entries(span, first, count);
    return rc;
}

stoa_status stoa__arrow_validate(const struct stoa__arrow_type *type,
                                 const struct ArrowArray *array, int32_t level,
                                 stoa_error *err)
{
    const path root = {NULL, NULL, 0, 0};
    const node_span node = {
        .type = type, .array = array, .count = WHOLE, .at = &root, .err = err};

    assert(type && (level == STOA_CHECK_SHAPE || level == STOA_CHECK_FULL));
    return check_node(level, &node);
}

stoa_status stoa_arrow_check(const struct ArrowSchema *schema,
                             const struct ArrowArray *batch, int32_t level,
                             stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (level != STOA_CHECK_SHAPE && level != STOA_CHECK_FULL)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "level %d is neither STOA_CHECK_SHAPE nor STOA_CHECK_FULL",
                          (int)level);
    rc = stoa__arrow_type_parse(schema, &arena, &type, err);
    if (rc == STOA_OK && batch)
        rc = stoa__arrow_validate(type, batch, level, err);
    stoa__arena_release(&arena);
    return rc;
}
