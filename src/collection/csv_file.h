/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a CSV file, one after the other: one growing buffer, no copies but of cells with
 * doubled quotes. A line `sep=X` and a byte order mark in front of it are taken, empty lines passed
 * over. It does not know columns.
 */
#ifndef STOA_COLLECTION_CSV_FILE_H
#define STOA_COLLECTION_CSV_FILE_H

#include "base/buffer.h"
#include "base/call.h"
#include "format/csv_scan.h"

struct csv_cell {
    const char *text; /* Until the next record. */
    size_t size;
    bool quoted;
};

struct csv_file {
    stoa__call *call;
    struct csv_bytes *source; /* Where the bytes come from; known to csv_file.c alone. */
    stoa__csv_dialect dialect;
    stoa__buffer text;
    size_t at;     /* The next record. */
    bool ended;    /* Of the source. */
    int64_t line;  /* Of the current record, from 1; */
    int64_t lines; /* and of the next. */
    struct csv_cell *cells;
    int32_t cell_count, cell_max;
    uint32_t *ends;
    stoa__buffer unquoted;
    size_t buffer_size; /* What is read at a time. */
};

/* `separator` 0: what `sep=` says, or the first line shows. On failure it is all-zero. */
stoa_status collection_csv_file_open(struct csv_file *file, const char *path, uint8_t separator,
                                     stoa__call *call, stoa_error *err);
void collection_csv_file_close(struct csv_file *file);

/* The next record into `cells`; DONE at the end. INVALID for text behind a closing quote and a
 * quote that is never closed, FULL for a record that is too long; the rest can still be read. */
stoa_status collection_csv_file_next(struct csv_file *file, stoa_error *err);

/* Blanks off both ends. */
void collection_csv_cell_trim(struct csv_cell *cell);

#endif
