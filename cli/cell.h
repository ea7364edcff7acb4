/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a result as a person or a program wants to read it. */
#ifndef STOA_CLI_CELL_H
#define STOA_CLI_CELL_H

#include "stoa.h"
#include "text.h"

/* What the values of a column are, as far as writing them differs. */
enum kind { KIND_TEXT, KIND_NUMBER, KIND_BOOL, KIND_BINARY, KIND_NESTED };
enum kind cell_kind(const struct ArrowSchema *column);

/* The current row's value; `text` is NULL for NULL, else ends with a NUL and is borrowed until the
 * next step. Binary values are bytes (`binary`); their text is made by cell_hex(). */
struct cell {
    const char *text;
    int64_t size;
    int binary;
};
stoa_status cell_read(stoa_result result, int32_t column, enum kind kind, struct cell *out,
                      stoa_error *err);

/* Bytes as hexadecimal digits. */
void cell_hex(struct text *out, const struct cell *cell);

/* On one line and without power over a terminal: control characters become \n, \t, \x1b ... */
void cell_visible(struct text *out, const char *text, size_t size);

#endif
