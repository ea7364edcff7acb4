/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/shape.h"

#include <assert.h>

#include "base/ban.h"

static const uint8_t kind_shapes[STOA__ARROW_KIND_COUNT] = {
    [STOA__ARROW_NULL] = STOA__SHAPE_NONE,
    [STOA__ARROW_BOOL] = STOA__SHAPE_BITS,
    [STOA__ARROW_INT8] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INT16] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INT32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INT64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_UINT8] = STOA__SHAPE_FIXED,
    [STOA__ARROW_UINT16] = STOA__SHAPE_FIXED,
    [STOA__ARROW_UINT32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_UINT64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_FLOAT16] = STOA__SHAPE_FIXED,
    [STOA__ARROW_FLOAT32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_FLOAT64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DECIMAL32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DECIMAL64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DECIMAL128] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DECIMAL256] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DATE32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DATE64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_TIME32] = STOA__SHAPE_FIXED,
    [STOA__ARROW_TIME64] = STOA__SHAPE_FIXED,
    [STOA__ARROW_TIMESTAMP] = STOA__SHAPE_FIXED,
    [STOA__ARROW_DURATION] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INTERVAL_MONTHS] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INTERVAL_DAYS_MS] = STOA__SHAPE_FIXED,
    [STOA__ARROW_INTERVAL_MONTHS_DAYS_NS] = STOA__SHAPE_FIXED,
    [STOA__ARROW_UTF8] = STOA__SHAPE_TEXT,
    [STOA__ARROW_LARGE_UTF8] = STOA__SHAPE_TEXT,
    [STOA__ARROW_UTF8_VIEW] = STOA__SHAPE_VIEW,
    [STOA__ARROW_BINARY] = STOA__SHAPE_TEXT,
    [STOA__ARROW_LARGE_BINARY] = STOA__SHAPE_TEXT,
    [STOA__ARROW_BINARY_VIEW] = STOA__SHAPE_VIEW,
    [STOA__ARROW_FIXED_BINARY] = STOA__SHAPE_FIXED,
    [STOA__ARROW_LIST] = STOA__SHAPE_LIST,
    [STOA__ARROW_LARGE_LIST] = STOA__SHAPE_LIST,
    [STOA__ARROW_LIST_VIEW] = STOA__SHAPE_LIST_VIEW,
    [STOA__ARROW_LARGE_LIST_VIEW] = STOA__SHAPE_LIST_VIEW,
    [STOA__ARROW_FIXED_LIST] = STOA__SHAPE_FIXED_LIST,
    [STOA__ARROW_STRUCT] = STOA__SHAPE_STRUCT,
    [STOA__ARROW_MAP] = STOA__SHAPE_LIST,
    [STOA__ARROW_DENSE_UNION] = STOA__SHAPE_DENSE,
    [STOA__ARROW_SPARSE_UNION] = STOA__SHAPE_SPARSE,
    [STOA__ARROW_RUN_END] = STOA__SHAPE_RUN_END,
};

enum stoa__arrow_shape stoa__arrow_kind_shape(enum stoa__arrow_kind kind)
{
    assert(kind >= STOA__ARROW_NULL && kind < STOA__ARROW_KIND_COUNT);
    return (enum stoa__arrow_shape)kind_shapes[kind];
}

enum stoa__arrow_shape stoa__arrow_shape(const struct stoa__arrow_type *type)
{
    return type->dictionary ? STOA__SHAPE_DICTIONARY : stoa__arrow_kind_shape(type->kind);
}

int32_t stoa__arrow_offset_width(enum stoa__arrow_kind kind)
{
    switch ((int)kind) {
    case STOA__ARROW_LARGE_UTF8:
    case STOA__ARROW_LARGE_BINARY:
    case STOA__ARROW_LARGE_LIST:
    case STOA__ARROW_LARGE_LIST_VIEW:
        return 8;
    case STOA__ARROW_UTF8:
    case STOA__ARROW_BINARY:
    case STOA__ARROW_UTF8_VIEW:
    case STOA__ARROW_BINARY_VIEW:
    case STOA__ARROW_LIST:
    case STOA__ARROW_LIST_VIEW:
    case STOA__ARROW_MAP:
    case STOA__ARROW_DENSE_UNION:
        return 4;
    default:
        return 0;
    }
}

bool stoa__arrow_is_text(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_UTF8 && kind <= STOA__ARROW_UTF8_VIEW;
}

bool stoa__arrow_is_binary(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_BINARY && kind <= STOA__ARROW_FIXED_BINARY;
}

bool stoa__arrow_is_signed(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_INT8 && kind <= STOA__ARROW_INT64;
}

bool stoa__arrow_is_unsigned(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_UINT8 && kind <= STOA__ARROW_UINT64;
}

bool stoa__arrow_is_float(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_FLOAT16 && kind <= STOA__ARROW_FLOAT64;
}

bool stoa__arrow_is_decimal(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_DECIMAL32 && kind <= STOA__ARROW_DECIMAL256;
}

bool stoa__arrow_is_list(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_LIST && kind <= STOA__ARROW_FIXED_LIST;
}

bool stoa__arrow_is_integral(enum stoa__arrow_kind kind)
{
    return (kind >= STOA__ARROW_BOOL && kind <= STOA__ARROW_UINT64) ||
           (kind >= STOA__ARROW_DATE32 && kind <= STOA__ARROW_INTERVAL_MONTHS);
}
