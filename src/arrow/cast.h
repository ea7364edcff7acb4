/* SPDX-License-Identifier: Apache-2.0 */
/* Converting a batch from one type to another, value by value and without loss. */
#ifndef STOA_ARROW_CAST_H
#define STOA_ARROW_CAST_H

#include "arrow/type.h"

/* See stoa_batch_cast(). `array` has been validated against `from`. */
stoa_status stoa__arrow_cast(const struct stoa__arrow_type *from, const struct ArrowArray *array,
                             const struct stoa__arrow_type *to, struct ArrowArray *out,
                             stoa_error *err);

#endif
