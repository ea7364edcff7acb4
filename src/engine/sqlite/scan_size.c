/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/scan_size.h"

#include "arrow/load.h"
#include "arrow/shape.h"

#include "base/ban.h"

static int64_t text_size(const struct stoa__arrow_type *type,
                         const struct ArrowArray *array)
{
    const int32_t width = stoa__arrow_offset_width(type->kind);
    const void *const offsets = array->buffers[1];

    if (!offsets)
        return 0;
    return stoa__load_int(offsets, width, array->offset + array->length) -
           stoa__load_int(offsets, width, array->offset) + array->length * width;
}

static int64_t view_size(const struct ArrowArray *array)
{
    const int64_t count = array->n_buffers - 3;
    const void *const sizes = array->buffers[array->n_buffers - 1];
    int64_t size = array->length * 16;

    for (int64_t i = 0; sizes && i < count; i++)
        size += stoa__load_i64(sizes, i);
    return size;
}

static int64_t own_size(const struct stoa__arrow_type *type,
                        const struct ArrowArray *array)
{
    switch (stoa__arrow_shape(type)) {
    case STOA__SHAPE_BITS:
        return array->length / 8;
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_DICTIONARY:
        return array->length * type->width;
    case STOA__SHAPE_TEXT:
        return text_size(type, array);
    case STOA__SHAPE_VIEW:
        return view_size(array);
    case STOA__SHAPE_LIST:
    case STOA__SHAPE_LIST_VIEW:
    case STOA__SHAPE_DENSE:
        return array->length * 8;
    case STOA__SHAPE_SPARSE:
        return array->length;
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_FIXED_LIST:
    case STOA__SHAPE_STRUCT:
    case STOA__SHAPE_RUN_END:
        break;
    }
    return 0;
}

/* The type was parsed, so its depth is bounded. */
int64_t sqlite_scan_size(const struct stoa__arrow_type *type,
                         const struct ArrowArray *array)
{
    int64_t size = own_size(type, array) + array->length / 8;

    for (int32_t i = 0; i < type->child_count; i++)
        size += sqlite_scan_size(&type->children[i], array->children[i]);
    if (type->dictionary)
        size += sqlite_scan_size(type->dictionary, array->dictionary);
    return size;
}
