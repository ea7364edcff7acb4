/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of CSV: what its parts share. */
#ifndef STOA_FORMAT_CSV_H
#define STOA_FORMAT_CSV_H

#include "format/convert.h"
#include "format/csv_scan.h"
#include "format/reader.h"

struct stoa__csv_settings {
    const char *separator, *quote, *null;
    int32_t header; /* 0: auto, 1: yes, 2: no. */
    int32_t types;  /* 0: infer, 1: text. */
    int64_t skip_lines;
};

typedef struct stoa__csv {
    stoa__reader reader; /* First. */
    struct stoa__csv_settings settings;
    stoa__csv_dialect dialect;
    struct stoa__null_words nulls;
    bool header;
    int32_t column_count;
} stoa__csv;

/* The first record of a text, unquoted, in an arena. */
struct stoa__csv_header {
    const char **names; /* With a NUL. */
    size_t *sizes;
    int32_t count;
    size_t next; /* Behind the record. */
    bool cut;    /* There is no line end. */
};

/* Which characters separate and quote, by the settings and the sample. */
stoa_status stoa__csv_detect(stoa__csv *csv, const uint8_t *text, size_t size, bool all,
                             stoa_error *err);
/* The record at `begin`; empty lines before it are passed over. Zero fields: there is none. */
stoa_status stoa__csv_read_header(stoa__csv *csv, const uint8_t *text, size_t size, size_t begin,
                                  struct stoa__csv_header *out, stoa_error *err);
/* Is that record a header, by settings, target and what its fields look like? */
bool stoa__csv_is_header(const stoa__csv *csv, const struct stoa__csv_header *header);
/* Fill the reader's type and origins from target and sample. */
stoa_status stoa__csv_infer(stoa__csv *csv, const struct stoa__csv_header *header,
                            const uint8_t *text, size_t size, bool all, stoa_error *err);

/* What the chunks of CSV are cut and parsed by. */
extern const struct stoa__chunk_format stoa__csv_format;

#endif
