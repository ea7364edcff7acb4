/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/raw_parts.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#include "base/ban.h"

enum { VIEW_SIZE = 16, VIEW_INLINE_MAX = 12 };

static stoa_status check_offsets(const struct raw_column *raw, const int64_t *offsets,
                                 stoa_error *err)
{
    int64_t count = raw->from->count;
    int64_t last = offsets[count];

    if (offsets[0] < 0)
        return stoa__raw_fail(raw, "its first offset is below zero", err);
    for (int64_t row = 0; row < count; row++)
        if (offsets[row + 1] < offsets[row])
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "column '%s': offsets go back from %lld to %lld at row %lld", raw->name,
                (long long)offsets[row], (long long)offsets[row + 1], (long long)row);
    if (last > raw->from->data_size)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': its last offset is %lld and data_size %lld",
                          raw->name, (long long)last, (long long)raw->from->data_size);
    if (last > offsets[0] && !raw->from->data)
        return stoa__raw_fail(raw, "data is NULL and offsets say that there is text",
                              err);
    return STOA_OK;
}

/* Offsets as they are: large offsets need not start at 0 in Arrow either. */
stoa_status stoa__raw_packed(struct raw_column *raw, stoa_error *err)
{
    static const int64_t no_rows = 0;
    int64_t count = raw->from->count;
    const void *offsets = &no_rows;
    stoa_status rc = stoa__raw_buffers(raw, 3, err);

    if (rc != STOA_OK)
        return rc;
    if (count > STOA__BUFFER_BYTES_MAX / 8)
        return stoa__raw_fail(raw, "it has more rows than any memory", err);
    if (count > 0 && !raw->from->offsets)
        return stoa__raw_fail(raw, "it is packed and has no offsets", err);
    if (count > 0)
        rc =
            stoa__raw_aligned(raw, raw->from->offsets, (count + 1) * 8, 8, &offsets, err);
    if (rc == STOA_OK && count > 0)
        rc = check_offsets(raw, offsets, err);
    if (rc != STOA_OK)
        return rc;
    raw->buffers[1] = offsets;
    raw->buffers[2] = raw->from->data && count > 0 ? raw->from->data : "";
    return STOA_OK;
}

/* What is known of a VIEW column after one look at it. */
struct views {
    const stoa_view *at;
    int64_t bytes; /* Of all values. */
    int64_t long_count;
    int64_t size_max;
};

static stoa_status check_views(const struct raw_column *raw, struct views *views,
                               stoa_error *err)
{
    for (int64_t row = 0; row < raw->from->count; row++) {
        const stoa_view *view = &views->at[row];
        if (!stoa__raw_valid(raw, row))
            continue;
        if (view->size < 0 || view->size > STOA__BUFFER_BYTES_MAX ||
            (!view->data && view->size > 0))
            return stoa__fail(err, STOA_ERR_INVALID,
                              "column '%s': row %lld is a view of %lld bytes%s",
                              raw->name, (long long)row, (long long)view->size,
                              view->data ? "" : " at NULL");
        views->bytes += view->size;
        views->long_count += view->size > VIEW_INLINE_MAX;
        views->size_max = view->size > views->size_max ? view->size : views->size_max;
        if (views->bytes > STOA__BUFFER_BYTES_MAX)
            return stoa__raw_fail(raw, "its values have more bytes than any memory", err);
    }
    return STOA_OK;
}

/* One behind the other, with large offsets. */
static stoa_status copy_views(struct raw_column *raw, const struct views *views,
                              stoa_error *err)
{
    int64_t count = raw->from->count;
    int64_t *offsets = stoa__raw_alloc(raw, count + 1, 8);
    char *bytes = stoa__raw_alloc(raw, views->bytes, 1);
    stoa_status rc = stoa__raw_buffers(raw, 3, err);
    int64_t size = 0;

    if (!offsets || !bytes || rc != STOA_OK)
        return stoa__fail_nomem(err);
    for (int64_t row = 0; row < count; row++) {
        if (stoa__raw_valid(raw, row) && views->at[row].size > 0) {
            memcpy(bytes + size, views->at[row].data, (size_t)views->at[row].size);
            size += views->at[row].size;
        }
        offsets[row + 1] = size;
    }
    raw->buffers[1] = offsets;
    raw->buffers[2] = bytes;
    return STOA_OK;
}

static void write_view(uint8_t *out, const stoa_view *view, int32_t buffer_index)
{
    int32_t size = (int32_t)view->size;

    memcpy(out, &size, 4);
    if (size <= VIEW_INLINE_MAX) {
        if (size > 0)
            memcpy(out + 4, view->data, (size_t)size);
        return;
    }
    memcpy(out + 4, view->data, 4);
    memcpy(out + 8, &buffer_index, 4); /* Its offset in that buffer is 0, as allocated. */
}

/* Each long value is a buffer of its own, where it lies. */
static stoa_status keep_views(struct raw_column *raw, const struct views *views,
                              stoa_error *err)
{
    int64_t count = raw->from->count;
    uint8_t *out = stoa__raw_alloc(raw, count, VIEW_SIZE);
    int64_t *sizes = stoa__raw_alloc(raw, views->long_count, 8);
    stoa_status rc = stoa__raw_buffers(raw, views->long_count + 3, err);
    int32_t used = 0;

    if (!out || !sizes || rc != STOA_OK)
        return stoa__fail_nomem(err);
    for (int64_t row = 0; row < count; row++) {
        const stoa_view *view = &views->at[row];
        if (!stoa__raw_valid(raw, row))
            continue;
        write_view(out + row * VIEW_SIZE, view, used);
        if (view->size > VIEW_INLINE_MAX) {
            sizes[used] = view->size;
            raw->buffers[2 + used++] = view->data;
        }
    }
    raw->buffers[1] = out;
    raw->buffers[2 + used] = sizes;
    return STOA_OK;
}

stoa_status stoa__raw_views(struct raw_column *raw, const char *view_format,
                            stoa_error *err)
{
    struct views views = {0};
    const void *data = NULL;
    stoa_status rc;

    rc = stoa__raw_values(raw, sizeof(stoa_view), sizeof(void *), &data, err);
    views.at = data;
    if (rc == STOA_OK)
        rc = check_views(raw, &views, err);
    if (rc != STOA_OK)
        return rc;
    if (views.size_max > INT32_MAX ||
        views.long_count > STOA__ARROW_VIEW_BUFFER_COUNT_MAX ||
        views.bytes / STOA__RAW_LONG_BYTES < raw->from->count || raw->from->count == 0)
        return copy_views(raw, &views, err);
    raw->schema->format = view_format;
    return keep_views(raw, &views, err);
}
