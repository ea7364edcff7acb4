/* SPDX-License-Identifier: Apache-2.0 */
/* What cast.c (columns) and cast_fast.c (columns without looking at cells) share. */
#ifndef STOA_ARROW_CAST_PARTS_H
#define STOA_ARROW_CAST_PARTS_H

#include "arrow/type.h"

/* Whether every array of `from` is one of `to` as it lies in memory: a deep copy is the
 * cast. NULLs of `from` itself (not of its children) are for the caller to look at. */
bool stoa__cast_is_copy(const struct stoa__arrow_type *from,
                        const struct stoa__arrow_type *to);

/* Integers and floats of any width into each other. STOA_DONE, with `out` as it was, when
 * these are not such types or some value needs a closer look. */
stoa_status stoa__cast_numbers(const struct stoa__arrow_type *from,
                               const struct ArrowArray *array,
                               const struct stoa__arrow_type *to, struct ArrowArray *out,
                               stoa_error *err);

/* NULLs among the rows of an array that has a validity bitmap, or no buffers of its own
 * (0 for what has no bitmap). */
int64_t stoa__cast_null_count(const struct ArrowArray *array);

#endif
