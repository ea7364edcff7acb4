/* SPDX-License-Identifier: Apache-2.0 */
/* Owned ArrowArrays: allocation of nodes, release, sharing, slicing and deep copy. It does not
 * interpret values. */
#ifndef STOA_ARROW_ARRAY_H
#define STOA_ARROW_ARRAY_H

#include "arrow/type.h"
#include "base/buffer.h"

/* An empty node with `buffer_count` NULL buffers and `child_count` zeroed children, whose release
 * frees buffers (with stoa__free), children and dictionary. Counts in STOA_LIVE_ARRAY (roots). */
stoa_status stoa__array_init(struct ArrowArray *array, int64_t buffer_count, int64_t child_count,
                             stoa_error *err);
/* Give the node a buffer; it is then owned by the node. */
void stoa__array_set_buffer(struct ArrowArray *array, int64_t index, void *piece);
/* Release if not released. NULL allowed. */
void stoa__array_release(struct ArrowArray *array);
void stoa__schema_release(struct ArrowSchema *schema);

/* A node whose whole content (`source`, taken) is kept alive by a counted reference; `slice` gives
 * cheap windows on it and each window is independent. */
stoa_status stoa__array_share(struct ArrowArray *source, struct ArrowArray *out, stoa_error *err);
/* Another reference to an array made by stoa__array_share (no copy). */
stoa_status stoa__array_clone(const struct ArrowArray *shared, struct ArrowArray *out,
                              stoa_error *err);
/* A window on a shared array of struct type (or any type): offset and length only. */
stoa_status stoa__array_window(const struct ArrowArray *shared, int64_t row, int64_t row_count,
                               struct ArrowArray *out, stoa_error *err);

/* Deep copy, compacted: only the used span is copied, offsets start at 0. */
stoa_status stoa__array_copy(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                             struct ArrowArray *out, stoa_error *err);

#endif
