/* SPDX-License-Identifier: Apache-2.0 */
/* Reading numbers out of Arrow buffers, which need not be aligned. A producer may hand over any
 * address; these loads cost the same and are defined. */
#ifndef STOA_ARROW_LOAD_H
#define STOA_ARROW_LOAD_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

static inline int32_t stoa__load_i32(const void *buffer, int64_t index)
{
    int32_t value;

    memcpy(&value, (const char *)buffer + index * 4, sizeof(value));
    return value;
}

static inline int64_t stoa__load_i64(const void *buffer, int64_t index)
{
    int64_t value;

    memcpy(&value, (const char *)buffer + index * 8, sizeof(value));
    return value;
}

/* A signed number of 1, 2, 4 or 8 bytes: offsets, sizes, run ends, signed indices. */
static inline int64_t stoa__load_int(const void *buffer, int32_t width, int64_t index)
{
    int16_t half;

    assert(width == 1 || width == 2 || width == 4 || width == 8);
    if (width == 4)
        return stoa__load_i32(buffer, index);
    if (width == 8)
        return stoa__load_i64(buffer, index);
    if (width == 1)
        return ((const int8_t *)buffer)[index];
    memcpy(&half, (const char *)buffer + index * 2, sizeof(half));
    return half;
}

/* An unsigned number of 1, 2, 4 or 8 bytes. */
static inline uint64_t stoa__load_uint(const void *buffer, int32_t width, int64_t index)
{
    uint64_t value = 0;

    assert(width == 1 || width == 2 || width == 4 || width == 8);
    memcpy(&value, (const char *)buffer + index * width, (size_t)width);
    return value;
}

#endif
