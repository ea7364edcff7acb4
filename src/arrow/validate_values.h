/* SPDX-License-Identifier: Apache-2.0 */
/* The element-wise half of validation: one node whose structure and ends validate.c has found to be
 * sound. It does not descend into children. */
#ifndef STOA_ARROW_VALIDATE_VALUES_H
#define STOA_ARROW_VALIDATE_VALUES_H

#include "arrow/path.h"
#include "arrow/shape.h"
#include "arrow/type.h"

/* The rows of one node that are used. */
struct stoa__arrow_span {
    const struct stoa__arrow_type *type;
    const struct ArrowArray *array;
    int64_t first; /* In the buffers: the array's offset included. */
    int64_t count;
    const uint8_t *validity; /* NULL: there are no NULLs. */
    const struct stoa__arrow_path *at;
    stoa_error *err;
    /* Copies: the rows whose ends SHAPE has looked at, of which those above may be a part that
     * values of the parent chose. Counted like them. */
    int64_t outer_first, outer_count;
};

/* Children and dictionary have been validated before. */
stoa_status stoa__arrow_validate_values(const struct stoa__arrow_span *span);

/* Buffers of a shape; views have data buffers besides. */
int64_t stoa__arrow_buffer_count(enum stoa__arrow_shape shape);
bool stoa__arrow_has_validity(enum stoa__arrow_shape shape);

/* The first row of [first, first + count) whose bit is not set, counted from `first`; -1: none. */
int64_t stoa__arrow_first_null(const uint8_t *validity, int64_t first, int64_t count);

#endif
