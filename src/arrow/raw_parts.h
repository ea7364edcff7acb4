/* SPDX-License-Identifier: Apache-2.0 */
/* What raw.c (descriptors) and raw_text.c (text in its layouts) share. Nobody else's. */
#ifndef STOA_ARROW_RAW_PARTS_H
#define STOA_ARROW_RAW_PARTS_H

#include "arrow/raw.h"

#include <stdbool.h>

/* One column while it is made; the memory is in `arena`. */
struct raw_column {
    stoa__arena *arena;
    const stoa_column *from;
    const char *name; /* Of the column, also in its dictionary. */
    bool is_dictionary;
    struct ArrowSchema *schema;
    struct ArrowArray *array;
    const void **buffers; /* The array's. */
};

/* INVALID: "column 'x': reason". */
stoa_status stoa__raw_fail(const struct raw_column *raw, const char *reason,
                           stoa_error *err);
/* Zeroed, and never without a byte: an empty buffer is no NULL. */
void *stoa__raw_alloc(struct raw_column *raw, int64_t count, int64_t size);
bool stoa__raw_valid(const struct raw_column *raw, int64_t row);
/* Make the array node with `count` buffers, of which the first is the validity. */
stoa_status stoa__raw_buffers(struct raw_column *raw, int64_t count, stoa_error *err);
/* `size` bytes at `data`, or a copy where `alignment` asks for it. */
stoa_status stoa__raw_aligned(struct raw_column *raw, const void *data, int64_t size,
                              int32_t alignment, const void **out, stoa_error *err);
/* The `count` values of `width` bytes at `data`, checked; zeros where there is no data
 * and all rows are null. */
stoa_status stoa__raw_values(struct raw_column *raw, int32_t width, int32_t alignment,
                             const void **out, stoa_error *err);

stoa_status stoa__raw_packed(struct raw_column *raw, stoa_error *err);
/* `view_format` is the schema's format where views are kept. */
stoa_status stoa__raw_views(struct raw_column *raw, const char *view_format,
                            stoa_error *err);

#endif
