/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar values and their text, both ways: what JSON rendering, reading JSON and casting
 * share. It knows no quotes and nothing nested. */
#ifndef STOA_ARROW_CELL_TEXT_H
#define STOA_ARROW_CELL_TEXT_H

#include "arrow/builder.h"
#include "arrow/cell.h"

/* Room for the text of any scalar but text and binary: a decimal is the longest. */
enum { STOA__SCALAR_TEXT_MAX = 384 };

/* Write the text of a valid cell (neither text, binary nor nested) without a NUL; its
 * size. *number: it is a JSON number or word (bool, integers, floats, months, temporal
 * values without a text). */
size_t stoa__scalar_text(const struct stoa__cell *cell, char *out, bool *number);

/* Append what `text` says to a column of any type that is not nested or binary; texts
 * as they are, if valid UTF-8. The inverse of stoa__scalar_text(). TYPE quotes the
 * text. */
stoa_status stoa__column_append_text(struct stoa__column *column, const char *text,
                                     size_t size, stoa_error *err);

/* "2024-01-31": the kinds whose text is ISO 8601. */
bool stoa__arrow_is_temporal(enum stoa__arrow_kind kind);

/* An interval of any of the two-part and three-part kinds, and back; false if it does
 * not fit the kind. */
struct stoa__interval;
void stoa__interval_read(enum stoa__arrow_kind kind, const void *value,
                         struct stoa__interval *out);
bool stoa__interval_write(enum stoa__arrow_kind kind, const struct stoa__interval *value,
                          void *out);

#endif
