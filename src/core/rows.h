/* SPDX-License-Identifier: Apache-2.0 */
/* Packed rows made from Arrow batches, for engines that give only those; and a packed value as
 * other types, for the getters. */
#ifndef STOA_CORE_ROWS_H
#define STOA_CORE_ROWS_H

#include "engine/engine.h"

/* Append rows [row, row + row_count) of a validated struct array. On failure the writer is
 * empty. */
stoa_status stoa__rows_from_batch(const struct stoa__arrow_type *type,
                                  const struct ArrowArray *batch, int64_t row,
                                  int64_t row_count, struct stoa__row_writer *out,
                                  stoa_error *err);

/* One packed value as another type, without loss or STOA_ERR_TYPE; NULL is one for all. */
stoa_status stoa__value_int64(const stoa_value *value, const uint8_t *bytes, int64_t *out,
                              stoa_error *err);
stoa_status stoa__value_float64(const stoa_value *value, const uint8_t *bytes,
                                double *out, stoa_error *err);
/* As text a person reads, appended. */
stoa_status stoa__value_text(const stoa_value *value, const uint8_t *bytes,
                             stoa__buffer *out, stoa_error *err);

#endif
