/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Arrow columns as text in a buffer, fast, for the writers of CSV and JSON lines. */
#ifndef STOA_FORMAT_PUT_H
#define STOA_FORMAT_PUT_H

#include "arrow/type.h"
#include "base/buffer.h"
#include "text/civil.h"

/* One column of the batch being written. */
struct stoa__put_column {
    const struct stoa__arrow_type *type;
    const struct ArrowArray *array;
    const uint8_t *validity; /* NULL: all valid. */
    int64_t offset;          /* Of the array: row 0 is there. */
    bool plain;              /* Neither dictionary nor run ends. */
    /* Of timestamps: the last day and its text, as rows near each other are mostly of one. */
    int64_t day;
    size_t day_size; /* 0: none yet. */
    char day_text[STOA__CIVIL_TEXT_MAX];
};

/* `array` has been validated against `type`. */
void stoa__put_column_set(struct stoa__put_column *column, const struct stoa__arrow_type *type,
                          const struct ArrowArray *array);
/* NULL, whatever the encoding. */
bool stoa__put_is_null(const struct stoa__put_column *column, int64_t row);
/* Text of a column of plain utf8 (32 or 64 bits): true, and where it lies. */
bool stoa__put_text(const struct stoa__put_column *column, int64_t row, const uint8_t **text,
                    int64_t *size);
/*
 * Append a valid value of fixed width in its usual text, without quotes. False: it has no quick
 * way. `*number`: the text is a number or a bool, as JSON has them. There must be room for 64
 * bytes.
 */
bool stoa__put_quick(struct stoa__put_column *column, int64_t row, stoa__buffer *out,
                     bool *number);

/* In quotes, with those inside doubled. NOMEM alone. */
stoa_status stoa__put_quoted(stoa__buffer *out, const uint8_t *text, size_t size, char quote);

#endif
