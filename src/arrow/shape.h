/* SPDX-License-Identifier: Apache-2.0 */
/* How the buffers of each Arrow kind are laid out, in one table, so that building,
 * reading and casting agree. It does not know values. */
#ifndef STOA_ARROW_SHAPE_H
#define STOA_ARROW_SHAPE_H

#include "arrow/type.h"

enum stoa__arrow_shape {
    STOA__SHAPE_NONE = 1,   /* No buffers: null. */
    STOA__SHAPE_BITS,       /* validity, bits. */
    STOA__SHAPE_FIXED,      /* validity, values of `width` bytes. */
    STOA__SHAPE_TEXT,       /* validity, offsets, bytes. */
    STOA__SHAPE_VIEW,       /* validity, views of 16 bytes, buffers ..., their sizes. */
    STOA__SHAPE_LIST,       /* validity, offsets; maps too. */
    STOA__SHAPE_LIST_VIEW,  /* validity, offsets, sizes. */
    STOA__SHAPE_FIXED_LIST, /* validity. */
    STOA__SHAPE_STRUCT,     /* validity. */
    STOA__SHAPE_DENSE,      /* type ids, offsets. */
    STOA__SHAPE_SPARSE,     /* type ids. */
    STOA__SHAPE_RUN_END,    /* No buffers; children run_ends, values. */
    STOA__SHAPE_DICTIONARY  /* validity, indices of `width` bytes. */
};

enum stoa__arrow_shape stoa__arrow_shape(const struct stoa__arrow_type *type);
/* The same of the kind alone, whether there is a dictionary or not. */
enum stoa__arrow_shape stoa__arrow_kind_shape(enum stoa__arrow_kind kind);

/* Bytes of one offset (4 or 8) where the shape has offsets, else 0. Views have none in
 * Arrow but 4 while they are being built. */
int32_t stoa__arrow_offset_width(enum stoa__arrow_kind kind);

/* Families of kinds that share what their values mean. */
bool stoa__arrow_is_text(enum stoa__arrow_kind kind);     /* utf8, large, view */
bool stoa__arrow_is_binary(enum stoa__arrow_kind kind);   /* binary, large, view, fixed */
bool stoa__arrow_is_signed(enum stoa__arrow_kind kind);   /* int8 ... int64 */
bool stoa__arrow_is_unsigned(enum stoa__arrow_kind kind); /* uint8 ... uint64 */
bool stoa__arrow_is_float(enum stoa__arrow_kind kind);
bool stoa__arrow_is_decimal(enum stoa__arrow_kind kind);
/* Lists of every layout, maps not included. */
bool stoa__arrow_is_list(enum stoa__arrow_kind kind);
/* What stoa__cell_int64() reads: bool, integers, dates, times, timestamps, durations,
 * months. */
bool stoa__arrow_is_integral(enum stoa__arrow_kind kind);

static inline bool stoa__bit_get(const uint8_t *bits, int64_t index)
{
    return (bits[index >> 3] >> (index & 7)) & 1;
}

static inline void stoa__bit_set(uint8_t *bits, int64_t index)
{
    bits[index >> 3] = (uint8_t)(bits[index >> 3] | (1U << (index & 7)));
}

static inline void stoa__bit_clear(uint8_t *bits, int64_t index)
{
    bits[index >> 3] = (uint8_t)(bits[index >> 3] & ~(1U << (index & 7)));
}

#endif
