/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view is 16 bytes:
 *
 *   size <= 12   | int32 size | up to 12 bytes of text, the rest zero |
 *   else         | int32 size | 4 bytes prefix | int32 buffer | int32 offset |
 */
#include "arrow/copy_views.h"

#include "arrow/array.h"
#include "arrow/load.h"
#include "base/error.h"

#include <string.h>

#include "base/ban.h"

enum { VIEW_SIZE = 16, INLINE_SIZE_MAX = 12 };

#define FAIL(...)                                                                        \
    stoa__arrow_fail(span->at, "batch", span->err, STOA_ERR_INVALID, __VA_ARGS__)

static const char *view_at(const struct stoa__arrow_span *span, int64_t row)
{
    return (const char *)span->array->buffers[1] + (span->first + row) * VIEW_SIZE;
}

static bool is_null(const struct stoa__arrow_span *span, int64_t row)
{
    return span->validity && !stoa__bit_get(span->validity, span->first + row);
}

static int64_t buffer_size(const struct ArrowArray *array, int64_t index)
{
    return stoa__load_i64(array->buffers[array->n_buffers - 1], index);
}

stoa_status stoa__view_plan(const struct stoa__arrow_span *span,
                            struct stoa__view_plan *plan)
{
    const struct ArrowArray *array = span->array;
    const int64_t count = array->n_buffers - 3;
    int64_t whole = 0;

    *plan = (struct stoa__view_plan){0, 0, true};
    for (int64_t row = 0; row < span->count; row++) {
        const char *view = view_at(span, row);
        const int32_t size = stoa__load_i32(view, 0), buffer = stoa__load_i32(view, 2);
        const int32_t offset = stoa__load_i32(view, 3);

        if (is_null(span, row) || (size >= 0 && size <= INLINE_SIZE_MAX))
            continue;
        if (size < 0 || buffer < 0 || buffer >= count || offset < 0 ||
            (int64_t)offset + size > buffer_size(array, buffer))
            return FAIL("row %lld has %d bytes at %d, outside data buffer %d of %lld",
                        (long long)row, (int)size, (int)offset, (int)buffer,
                        (long long)count);
        plan->size += size;
    }
    for (int64_t i = 0; i < count && whole < plan->size; i++)
        whole += buffer_size(array, i);
    /* Views may share their text: packed it could grow beyond any bound. */
    plan->packed = plan->size <= INT32_MAX && plan->size <= whole;
    plan->buffer_count = plan->packed ? plan->size > 0 : count;
    return STOA_OK;
}

static stoa_status copy_whole(const struct stoa__arrow_span *span, struct ArrowArray *out)
{
    const struct ArrowArray *array = span->array;
    const int64_t count = array->n_buffers - 3;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < count; i++)
        rc = stoa__copy_buffer(span, out, 2 + i, array->buffers[2 + i],
                               buffer_size(array, i));
    if (rc == STOA_OK)
        rc = stoa__copy_buffer(span, out, 2 + count, array->buffers[2 + count],
                               count * 8);
    if (rc == STOA_OK && span->count > 0)
        memcpy((void *)(uintptr_t)out->buffers[1], view_at(span, 0),
               (size_t)span->count * VIEW_SIZE);
    return rc;
}

static void pack(const struct stoa__arrow_span *span, char *views, char *data)
{
    int32_t used = 0;

    for (int64_t row = 0; row < span->count; row++, views += VIEW_SIZE) {
        const char *view = view_at(span, row);
        const int32_t size = stoa__load_i32(view, 0), buffer = stoa__load_i32(view, 2);
        const int32_t offset = stoa__load_i32(view, 3);
        const char *text;

        if (is_null(span, row))
            continue;
        if (size <= INLINE_SIZE_MAX) {
            memcpy(views, view, 4 + (size_t)size);
            continue;
        }
        text = (const char *)span->array->buffers[2 + buffer] + offset;
        memcpy(views, &size, 4);
        memcpy(views + 4, text, 4);
        memcpy(views + 12, &used, 4); /* Buffer 0, so 8 to 11 stay zero. */
        memcpy(data + used, text, (size_t)size);
        used += size;
    }
}

stoa_status stoa__view_copy(const struct stoa__arrow_span *span,
                            const struct stoa__view_plan *plan, struct ArrowArray *out)
{
    const int64_t last = plan->buffer_count + 2;
    stoa_status rc = stoa__copy_buffer(span, out, 1, NULL, span->count * VIEW_SIZE);

    if (rc != STOA_OK || !plan->packed)
        return rc == STOA_OK ? copy_whole(span, out) : rc;
    if (plan->size > 0)
        rc = stoa__copy_buffer(span, out, 2, NULL, plan->size);
    if (rc == STOA_OK)
        rc = stoa__copy_buffer(span, out, last, &plan->size, plan->buffer_count * 8);
    if (rc == STOA_OK)
        pack(span, (void *)(uintptr_t)out->buffers[1],
             plan->size > 0 ? (void *)(uintptr_t)out->buffers[2] : NULL);
    return rc;
}
