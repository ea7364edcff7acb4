/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of CSV text into the columns of a batch. It does not know where records are, nor what
 * becomes of bad rows. */
#ifndef STOA_FORMAT_CONVERT_H
#define STOA_FORMAT_CONVERT_H

#include "arrow/builder.h"
#include "format/csv_scan.h"

/* The spellings of NULL. */
struct stoa__null_words {
    const char **words;
    const size_t *sizes;
    int32_t count;
    uint64_t size_bits; /* Bit n: one has n bytes, modulo 64. */
};

/* One block of rows to be converted. */
typedef struct stoa__convert {
    const uint8_t *text; /* 64 bytes more may be read. */
    const uint32_t *slots; /* See stoa__csv_scanner. */
    int32_t stride;
    uint8_t quote;
    const struct stoa__null_words *nulls;
    bool hexadecimal;  /* Binary columns. */
    bool check;        /* There are bytes that are no ASCII, or NULs: look at each text. */
    bool keep_nul;
    stoa__buffer scratch;
    /* A bad value: text in `error`. Answers whether to go on, with a filler in its place. */
    bool (*bad)(void *self, int64_t row, int32_t column, size_t begin, const stoa_error *error);
    void *self;
} stoa__convert;

/* convert_column.c: append field `index` of rows [0, rows) to `column`, which is its own target.
 * Fails with NOMEM and FULL; a bad value that ends it answers TYPE. */
stoa_status stoa__convert_column(stoa__convert *convert, struct stoa__column *column,
                                 int32_t index, int64_t rows, stoa_error *err);

/* Append one field as it stands, quotes and all. */
stoa_status stoa__convert_field(stoa__convert *convert, struct stoa__column *column,
                                const uint8_t *text, size_t size, stoa_error *err);

/* Append one text that is no NULL to a column of any type: what is not quick. */
stoa_status stoa__convert_text(stoa__convert *convert, struct stoa__column *column,
                               const char *text, size_t size, stoa_error *err);

/* Is there a NUL, or a byte that is not UTF-8? TYPE with a sentence. */
stoa_status stoa__check_text(const char *text, size_t size, bool keep_nul, stoa_error *err);

bool stoa__is_null_word(const struct stoa__null_words *nulls, const uint8_t *text, size_t size);

/* The value of a quoted field's inside, with its doubled quotes made single, in `out`. */
stoa_status stoa__unquote(const uint8_t *text, size_t size, uint8_t quote, stoa__buffer *out);

#endif
