/* SPDX-License-Identifier: Apache-2.0 */
/* Owned ArrowArrays: allocation of nodes, release, sharing, slicing and deep copy. It does not
 * interpret values. */
#ifndef STOA_ARROW_ARRAY_H
#define STOA_ARROW_ARRAY_H

#include "arrow/type.h"
#include "base/buffer.h"

/*
 * Make the zeroed `array`, or the place of a child or dictionary in such a node, an empty node with
 * `buffer_count` NULL buffers and `child_count` released children. Its release frees buffers (with
 * stoa__free), children and dictionary (contents and the struct itself, a piece of stoa__alloc).
 * Counts in STOA_LIVE_ARRAY, unless it is in a place inside another. On failure `array` is zero.
 */
stoa_status stoa__array_init(struct ArrowArray *array, int64_t buffer_count, int64_t child_count,
                             stoa_error *err);
/* Move `array` into `slot`, the place of a child or dictionary; it no longer counts. */
void stoa__array_adopt(struct ArrowArray *slot, struct ArrowArray *array);
/* It is part of something that counts. Arrays of others are left as they are. */
void stoa__array_uncount(struct ArrowArray *array);
/* Give the node a place for its dictionary. */
stoa_status stoa__array_add_dictionary(struct ArrowArray *array, stoa_error *err);
/* Give a node made by stoa__array_init a buffer (a piece of stoa__alloc or
 * stoa__alloc_aligned); it is then owned by the node, and freed in place of the one before. */
void stoa__array_set_buffer(struct ArrowArray *array, int64_t index, void *piece);
/* Release if not released. NULL allowed. */
void stoa__array_release(struct ArrowArray *array);
void stoa__schema_release(struct ArrowSchema *schema);

/*
 * A node whose whole content (`source`, taken) is kept alive by a counted reference, so that
 * windows on it are cheap (one allocation) and each is independent. `source` need not have been
 * validated: INVALID when its tree is broken (released or missing nodes, depth, absurd numbers).
 * Sharing what is shared already adds no layer. Thread-safe release, as Arrow asks.
 */
stoa_status stoa__array_share(struct ArrowArray *source, struct ArrowArray *out, stoa_error *err);
/* Another reference to an array made by stoa__array_share, clone or window (no copy). */
stoa_status stoa__array_clone(const struct ArrowArray *shared, struct ArrowArray *out,
                              stoa_error *err);
/* A window on rows [row, row + row_count) of such an array: offsets and lengths only. That of a
 * batch has the offset 0 and is cut in its children, because other libraries take nothing else for
 * a record batch. INVALID when there are fewer rows. */
stoa_status stoa__array_window(const struct ArrowArray *shared, int64_t row, int64_t row_count,
                               struct ArrowArray *out, stoa_error *err);

/*
 * Deep copy, compacted: only the used span is copied, offsets start at 0; dictionaries whole.
 * `array` has been validated, at SHAPE at least: what SHAPE does not look at (list views, views,
 * dense unions, run ends) is checked here before it is followed, INVALID.
 */
stoa_status stoa__array_copy(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                             struct ArrowArray *out, stoa_error *err);

#endif
