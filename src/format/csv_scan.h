/* SPDX-License-Identifier: Apache-2.0 */
/* Where the records and fields of CSV text are. It does not look into fields. */
#ifndef STOA_FORMAT_CSV_SCAN_H
#define STOA_FORMAT_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct stoa__csv_dialect {
    uint8_t separator;
    uint8_t quote; /* 0: none. */
} stoa__csv_dialect;

enum stoa__csv_end {
    STOA__CSV_WHOLE = 0, /* A line end is behind it. */
    STOA__CSV_CUT,       /* The text ends first ... */
    STOA__CSV_OPEN       /* ... inside quotes. */
};

/* One record, found byte by byte. */
struct stoa__csv_record {
    size_t begin, end, next; /* `next` is behind the line end. */
    int32_t field_count;
    int32_t garbage; /* The first field with something behind its closing quote, from 1; 0. */
    enum stoa__csv_end how;
};

/* The record at `begin`. The ends of its first `ends_max` fields go to `ends`; each field begins
 * behind the end of the one before. */
void stoa__csv_read_record(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size,
                           size_t begin, uint32_t *ends, int32_t ends_max,
                           struct stoa__csv_record *out);

/* How many bytes of `text`, which begins with a record, are whole records. */
size_t stoa__csv_cut(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size);

/* Why the scan stopped at a record. */
enum stoa__csv_problem {
    STOA__CSV_NONE = 0,
    STOA__CSV_FIELDS,  /* Another number of fields: `count`. */
    STOA__CSV_GARBAGE, /* Field `count` has text behind its closing quote. */
    STOA__CSV_LONG,    /* `count` bytes. */
    STOA__CSV_UNCLOSED /* A quote; the rest of the text belongs to it. */
};

/*
 * Scans records into `slots`, column_count + 1 a row: the first is the byte before the record, the
 * others are the ends of its fields, so that field c is [slot[c] + 1, slot[c + 1]).
 */
typedef struct stoa__csv_scanner {
    stoa__csv_dialect dialect;
    const uint8_t *text; /* 64 bytes more may be read. */
    size_t size;         /* At most UINT32_MAX - 64. The text ends with a line end. */
    int32_t column_count;
    size_t record_size; /* The longest record. */
    uint32_t *slots;    /* Room for row_max rows. */
    int64_t row_max;
    /* The first problem of the last run: its record is passed over, [begin, end). */
    enum stoa__csv_problem problem;
    size_t begin, end;
    int64_t count;
    /* Private. */
    size_t block;       /* The next 64 bytes. */
    size_t base;        /* The current ones; `bits` of them are to be looked at. */
    uint64_t bits;
    uint64_t inside, allowed, closed; /* What is carried from block to block: 0 or 1, see .c. */
    size_t record;      /* Where the current record begins. */
    int32_t field;      /* Fields of it that have ended. */
    bool plain;         /* Quotes are where they should be, so far. */
} stoa__csv_scanner;

/* The public fields are set; scanning begins at `begin`. */
void stoa__csv_scan_start(stoa__csv_scanner *scanner, size_t begin);
/* Rows found, up to row_max or a problem; 0 without a problem is the end. */
int64_t stoa__csv_scan(stoa__csv_scanner *scanner);

#endif
