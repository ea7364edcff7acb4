/* SPDX-License-Identifier: Apache-2.0 */
/* Copying the view layout, whose long texts are packed anew. Part of copy.c. */
#ifndef STOA_ARROW_COPY_VIEWS_H
#define STOA_ARROW_COPY_VIEWS_H

#include "arrow/validate_values.h"

/* How the texts will lie. */
struct stoa__view_plan {
    int64_t size;         /* Bytes of all long texts. */
    int64_t buffer_count; /* Of data buffers in the copy. */
    bool packed;          /* All in one buffer; else the buffers are copied as they are. */
};

/* Look at every view; INVALID when one leads outside its buffer. */
stoa_status stoa__view_plan(const struct stoa__arrow_span *span,
                            struct stoa__view_plan *plan);
/* Fill the buffers of `out`, a node with plan->buffer_count + 3 of them, but for validity. */
stoa_status stoa__view_copy(const struct stoa__arrow_span *span,
                            const struct stoa__view_plan *plan, struct ArrowArray *out);

/* Give `out` a copy of `size` bytes as buffer `index`; zeros where `bytes` is NULL. */
stoa_status stoa__copy_buffer(const struct stoa__arrow_span *span, struct ArrowArray *out,
                              int64_t index, const void *bytes, int64_t size);

#endif
