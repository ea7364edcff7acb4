/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an ArrowArray against a parsed type before anything reads it. The one place that decides
 * whether foreign data is safe to touch. */
#ifndef STOA_ARROW_VALIDATE_H
#define STOA_ARROW_VALIDATE_H

#include "arrow/type.h"

/*
 * Check `array`, of which rows [array->offset, + length) will be used, at `level` (STOA_CHECK_*).
 * A struct's children are checked over the parent's span. Reads `null_count` as a claim only.
 * SHAPE is O(columns); FULL is O(values). INVALID with path, what was found and what is allowed.
 */
stoa_status stoa__arrow_validate(const struct stoa__arrow_type *type,
                                 const struct ArrowArray *array, int32_t level, stoa_error *err);

#endif
