/* SPDX-License-Identifier: Apache-2.0 */
/* Packed values: checking parameters on their way in, keeping rows on their way out. */
#ifndef STOA_CORE_VALUE_H
#define STOA_CORE_VALUE_H

#include "engine/engine.h"

/* Room for parameters with names, kept from call to call. All-zero is empty. */
struct stoa__params_room {
    stoa__buffer values; /* stoa_value */
    stoa__buffer names;  /* struct stoa__name */
};

/* Check packed parameters in one pass and cut the names off. `out` borrows all it is given, and
 * `room`, which is touched only when there are names. */
stoa_status stoa__params_check(const stoa_value *params, int64_t param_count,
                               const uint8_t *bytes, int64_t bytes_size,
                               struct stoa__params_room *room, struct stoa__params *out,
                               stoa_error *err);
void stoa__params_room_release(struct stoa__params_room *room);

/* Check one value; `what` and `number` say which in errors ("parameter", 3). */
stoa_status stoa__value_check(const stoa_value *value, const uint8_t *bytes,
                              int64_t bytes_size, const char *what, int64_t number,
                              stoa_error *err);
/* Does a value of this type lie in the byte buffer? */
bool stoa__value_has_bytes(int32_t type);

void stoa__row_writer_empty(struct stoa__row_writer *writer);
void stoa__row_writer_release(struct stoa__row_writer *writer);
/* What is in the writer, for a caller. */
void stoa__row_writer_rows(const struct stoa__row_writer *writer,
                           const struct stoa__cursor_info *info, stoa_rows *out);

#endif
