/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/validate_values.h"

#include "arrow/format.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "text/utf8.h"

#include <assert.h>

#include "base/ban.h"

typedef struct stoa__arrow_span node_span;

#define FAIL(...)                                                                        \
    stoa__arrow_fail(span->at, "batch", span->err, STOA_ERR_INVALID, __VA_ARGS__)

int64_t stoa__arrow_first_null(const uint8_t *validity, int64_t first, int64_t count)
{
    int64_t row = 0;

    if (!validity)
        return -1;
    while (row < count) {
        const int64_t bit = first + row;

        if ((bit & 7) == 0 && count - row >= 64 &&
            stoa__load_uint(validity + bit / 8, 8, 0) == UINT64_MAX) {
            row += 64;
            continue;
        }
        if (!stoa__bit_get(validity, bit))
            return row;
        row++;
    }
    return -1;
}

static bool is_null(const node_span *span, int64_t row)
{
    return span->validity && !stoa__bit_get(span->validity, span->first + row);
}

/* The bitmap is the truth; but a reader may skip it where null_count is 0. */
static stoa_status check_null_count(const node_span *span)
{
    int64_t row;

    if (span->array->null_count != 0)
        return STOA_OK;
    row = stoa__arrow_first_null(span->validity, span->first, span->count);
    if (row < 0)
        return STOA_OK;
    return FAIL("null_count is 0 but row %lld is NULL", (long long)row);
}

static stoa_status check_offsets(const node_span *span)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const void *offsets = span->array->buffers[1];
    int64_t last;

    if (span->count == 0)
        return STOA_OK;
    last = stoa__load_int(offsets, width, span->first);
    for (int64_t row = 0; row < span->count; row++) {
        const int64_t next = stoa__load_int(offsets, width, span->first + row + 1);

        if (next < last)
            return FAIL("row %lld ends at offset %lld, before its start at %lld",
                        (long long)row, (long long)next, (long long)last);
        last = next;
    }
    return STOA_OK;
}

static stoa_status check_utf8(const node_span *span, int64_t row, const char *text,
                              int64_t size)
{
    const size_t bad = size > 0 ? stoa__utf8_check(text, (size_t)size) : 0;

    if (bad == (size_t)size)
        return STOA_OK;
    return FAIL("row %lld is not valid UTF-8 at byte %lld", (long long)row,
                (long long)bad);
}

/* Valid as a whole and cut between characters is the same as valid row by row, and faster. */
static bool is_utf8_at_once(const node_span *span, int32_t width)
{
    const void *offsets = span->array->buffers[1];
    const char *text = span->array->buffers[2];
    const int64_t first = stoa__load_int(offsets, width, span->first);
    const int64_t last = stoa__load_int(offsets, width, span->first + span->count);
    const size_t size = (size_t)(last - first);

    if (span->validity)
        return false;
    if (size > 0 && stoa__utf8_check(text + first, size) != size)
        return false;
    for (int64_t row = 1; row < span->count; row++) {
        const int64_t at = stoa__load_int(offsets, width, span->first + row);

        if (at < last && ((unsigned char)text[at] & 0xc0) == 0x80)
            return false;
    }
    return true;
}

static stoa_status check_text(const node_span *span)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const void *offsets = span->array->buffers[1];
    const char *text = span->array->buffers[2];
    stoa_status rc = check_offsets(span);

    if (rc != STOA_OK || span->count == 0 || !stoa__arrow_is_text(span->type->kind) ||
        is_utf8_at_once(span, width))
        return rc;
    for (int64_t row = 0; rc == STOA_OK && row < span->count; row++) {
        const int64_t at = stoa__load_int(offsets, width, span->first + row);
        const int64_t end = stoa__load_int(offsets, width, span->first + row + 1);

        if (end > at && !is_null(span, row))
            rc = check_utf8(span, row, text + at, end - at);
    }
    return rc;
}

/* int32 size; then up to 12 bytes of text, or a prefix, int32 buffer and int32 offset. */
static stoa_status check_view(const node_span *span, int64_t row)
{
    const struct ArrowArray *array = span->array;
    const int64_t buffer_count = array->n_buffers - 3;
    const char *view = (const char *)array->buffers[1] + (span->first + row) * 16;
    const int32_t size = stoa__load_i32(view, 0);
    const int32_t buffer = stoa__load_i32(view, 2), offset = stoa__load_i32(view, 3);
    const bool text = stoa__arrow_is_text(span->type->kind);

    if (size < 0)
        return FAIL("row %lld has the negative size %d", (long long)row, (int)size);
    if (size <= 12)
        return text ? check_utf8(span, row, view + 4, size) : STOA_OK;
    if (buffer < 0 || buffer >= buffer_count)
        return FAIL("row %lld lies in data buffer %d of %lld", (long long)row,
                    (int)buffer, (long long)buffer_count);
    if (offset < 0 ||
        (int64_t)offset + size >
            stoa__load_i64(array->buffers[array->n_buffers - 1], buffer))
        return FAIL("row %lld has %d bytes at %d, outside data buffer %d", (long long)row,
                    (int)size, (int)offset, (int)buffer);
    if (!text)
        return STOA_OK;
    return check_utf8(span, row, (const char *)array->buffers[2 + buffer] + offset, size);
}

static stoa_status check_list_view(const node_span *span, int64_t row)
{
    const int32_t width = stoa__arrow_offset_width(span->type->kind);
    const int64_t length = span->array->children[0]->length;
    const int64_t offset =
        stoa__load_int(span->array->buffers[1], width, span->first + row);
    const int64_t size =
        stoa__load_int(span->array->buffers[2], width, span->first + row);

    if (offset >= 0 && size >= 0 && size <= length && offset <= length - size)
        return STOA_OK;
    return FAIL("row %lld has %lld items at %lld, outside a child of %lld rows",
                (long long)row, (long long)size, (long long)offset, (long long)length);
}

static stoa_status check_index(const node_span *span, int64_t row)
{
    const int64_t length = span->array->dictionary->length;
    const void *indices = span->array->buffers[1];
    const int32_t width = span->type->width;

    if (stoa__arrow_is_unsigned(span->type->kind)) {
        const uint64_t index = stoa__load_uint(indices, width, span->first + row);

        if (index >= (uint64_t)length)
            return FAIL("row %lld has index %llu into a dictionary of %lld rows",
                        (long long)row, (unsigned long long)index, (long long)length);
    } else {
        const int64_t index = stoa__load_int(indices, width, span->first + row);

        if (index < 0 || index >= length)
            return FAIL("row %lld has index %lld into a dictionary of %lld rows",
                        (long long)row, (long long)index, (long long)length);
    }
    return STOA_OK;
}

static stoa_status check_union(const node_span *span)
{
    const int8_t *ids = span->array->buffers[0];
    const bool dense = span->type->kind == STOA__ARROW_DENSE_UNION;
    int32_t child_of[128];

    for (int32_t i = 0; i < 128; i++)
        child_of[i] = -1;
    for (int32_t i = 0; i < span->type->child_count; i++)
        child_of[span->type->union_ids[i]] = i;
    for (int64_t row = 0; row < span->count; row++) {
        const int8_t id = ids[span->first + row];
        int64_t offset, length;

        if (id < 0 || child_of[id] < 0)
            return FAIL("row %lld has the unknown type id %d", (long long)row, (int)id);
        if (!dense)
            continue;
        offset = stoa__load_i32(span->array->buffers[1], span->first + row);
        length = span->array->children[child_of[id]]->length;
        if (offset < 0 || offset >= length)
            return FAIL("row %lld is row %lld of a child of %lld rows", (long long)row,
                        (long long)offset, (long long)length);
    }
    return STOA_OK;
}

static stoa_status check_run_ends(const node_span *span)
{
    const struct ArrowArray *ends = span->array->children[0];
    const int32_t width = span->type->children[0].width;
    const int64_t null =
        stoa__arrow_first_null(ends->buffers[0], ends->offset, ends->length);
    int64_t last = 0;

    if (null >= 0)
        return FAIL("the end of run %lld is NULL", (long long)null);
    for (int64_t i = 0; i < ends->length; i++) {
        const int64_t end = stoa__load_int(ends->buffers[1], width, ends->offset + i);

        if (end <= last)
            return FAIL("run %lld ends at %lld, not behind %lld", (long long)i,
                        (long long)end, (long long)last);
        last = end;
    }
    return STOA_OK;
}

enum { LIMB_COUNT = 8 }; /* 256 bits in words of 32, least significant first. */

static void power_of_ten(int32_t digits, uint32_t power[LIMB_COUNT])
{
    for (int i = 0; i < LIMB_COUNT; i++)
        power[i] = i == 0;
    for (; digits > 0; digits--) {
        uint64_t carry = 0;

        for (int i = 0; i < LIMB_COUNT; i++) {
            carry += (uint64_t)power[i] * 10;
            power[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

/* The absolute value of a little-endian two's complement number of `width` bytes. */
static void magnitude(const unsigned char *value, int32_t width, uint32_t out[LIMB_COUNT])
{
    const uint32_t fill = (value[width - 1] & 0x80) ? UINT32_MAX : 0;
    uint64_t carry = fill & 1;

    for (int i = 0; i < LIMB_COUNT; i++) {
        const uint32_t limb =
            i * 4 < width ? (uint32_t)stoa__load_uint(value, 4, i) : fill;

        carry += limb ^ fill;
        out[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static bool is_below(const uint32_t a[LIMB_COUNT], const uint32_t b[LIMB_COUNT])
{
    for (int i = LIMB_COUNT - 1; i > 0; i--)
        if (a[i] != b[i])
            return a[i] < b[i];
    return a[0] < b[0];
}

static stoa_status check_decimals(const node_span *span)
{
    const int32_t width = span->type->width;
    const unsigned char *values = span->array->buffers[1];
    uint32_t limit[LIMB_COUNT], value[LIMB_COUNT];

    power_of_ten(span->type->precision, limit);
    for (int64_t row = 0; row < span->count; row++) {
        if (is_null(span, row))
            continue;
        magnitude(values + (span->first + row) * width, width, value);
        if (!is_below(value, limit))
            return FAIL("row %lld has more than %d digits", (long long)row,
                        (int)span->type->precision);
    }
    return STOA_OK;
}

static int64_t units_a_day(enum stoa__arrow_unit unit)
{
    static const int64_t units_a_second[] = {0, 1, 1000, 1000000, 1000000000};

    assert(unit >= STOA__UNIT_SECOND && unit <= STOA__UNIT_NANO);
    return 86400 * units_a_second[unit];
}

static stoa_status check_times(const node_span *span)
{
    const int64_t day = units_a_day(span->type->unit);

    for (int64_t row = 0; row < span->count; row++) {
        int64_t value;

        if (is_null(span, row))
            continue;
        value = stoa__load_int(span->array->buffers[1], span->type->width,
                               span->first + row);
        if (value < 0 || value >= day)
            return FAIL("row %lld is %lld, which is not a time of day", (long long)row,
                        (long long)value);
    }
    return STOA_OK;
}

/* Values that NULL rows need not have. */
static stoa_status check_valid_rows(const node_span *span,
                                    stoa_status (*check)(const node_span *, int64_t))
{
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < span->count; row++)
        if (!is_null(span, row))
            rc = check(span, row);
    return rc;
}

stoa_status stoa__arrow_validate_values(const node_span *span)
{
    stoa_status rc = check_null_count(span);

    if (rc != STOA_OK)
        return rc;
    switch (stoa__arrow_shape(span->type)) {
    case STOA__SHAPE_TEXT:
        return check_text(span);
    case STOA__SHAPE_VIEW:
        return check_valid_rows(span, check_view);
    case STOA__SHAPE_LIST:
        return check_offsets(span);
    case STOA__SHAPE_LIST_VIEW:
        return check_valid_rows(span, check_list_view);
    case STOA__SHAPE_DENSE:
    case STOA__SHAPE_SPARSE:
        return check_union(span);
    case STOA__SHAPE_RUN_END:
        return check_run_ends(span);
    case STOA__SHAPE_DICTIONARY:
        return check_valid_rows(span, check_index);
    case STOA__SHAPE_FIXED:
        if (stoa__arrow_is_decimal(span->type->kind))
            return check_decimals(span);
        if (span->type->kind == STOA__ARROW_TIME32 ||
            span->type->kind == STOA__ARROW_TIME64)
            return check_times(span);
        return STOA_OK;
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_BITS:
    case STOA__SHAPE_FIXED_LIST:
    case STOA__SHAPE_STRUCT:
        return STOA_OK;
    }
    return STOA_OK;
}
