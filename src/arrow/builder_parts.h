/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the builder share: builder.c (memory of columns), builder_append.c
 * (rows in), builder_null.c (rows without content), builder_finish.c (arrays out),
 * builder_encode.c (dictionaries and runs). Nobody else's. */
#ifndef STOA_ARROW_BUILDER_PARTS_H
#define STOA_ARROW_BUILDER_PARTS_H

#include "arrow/builder.h"
#include "arrow/shape.h"

/* Room for one more row in the column's own buffers, not in those of its children. */
stoa_status stoa__column_need_row(struct stoa__column *column, stoa_error *err);
/* The buffers Arrow wants to be there even when there are no rows. */
stoa_status stoa__column_need_buffers(struct stoa__column *column, stoa_error *err);
/* The validity bitmap, made now if there is none: all bits 1, so that from here on only
 * NULLs need writing. */
stoa_status stoa__column_need_validity(struct stoa__column *column, stoa_error *err);
/* Bytes a row takes in `data`: only where rows have a place of fixed width there. */
int32_t stoa__column_data_width(const struct stoa__arrow_type *type);
/* NULL where the type allows it, else zero. */
stoa_status stoa__column_append_filler(struct stoa__column *column, stoa_error *err);

/* Hand the column's rows over as an array; on failure `out` may hold a part, to be
 * released. */
stoa_status stoa__column_finish(struct stoa__column *column, struct ArrowArray *out,
                                stoa_error *err);
/* The same for columns whose values are encoded. */
stoa_status stoa__column_encode_dictionary(struct stoa__column *column,
                                           struct ArrowArray *out, stoa_error *err);
stoa_status stoa__column_encode_runs(struct stoa__column *column, struct ArrowArray *out,
                                     stoa_error *err);

#endif
