/* SPDX-License-Identifier: Apache-2.0 */
/* Converting a batch from one type to another, value by value and without loss. */
#ifndef STOA_ARROW_CAST_H
#define STOA_ARROW_CAST_H

#include "arrow/type.h"

struct stoa__cell;
struct stoa__column;

/* See stoa_batch_cast(). `array` has been validated against `from`. */
stoa_status stoa__arrow_cast(const struct stoa__arrow_type *from,
                             const struct ArrowArray *array,
                             const struct stoa__arrow_type *to, struct ArrowArray *out,
                             stoa_error *err);

/* Append one cell to a builder column, converted to its type; for equal types this is
 * a copy. NULL goes into any column here: whether it may is for the caller to say.
 * TYPE when the value does not fit (the text tells the value, not the place),
 * UNSUPPORTED naming both types when no value of one is a value of the other. On
 * failure the column is as before. */
stoa_status stoa__cell_cast(const struct stoa__cell *cell, struct stoa__column *column,
                            stoa_error *err);

#endif
