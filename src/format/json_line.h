/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of JSON into columns, in two ways. A line of the usual form (keys in the order of the
 * columns, numbers and plain strings) is read in one pass straight into them (json_line.c). A value
 * that is not of that form is cut out and given to the strict reader of text/json; a line that is
 * not, is read again by it from its beginning (json_strict.c), so that what is wrong is told by it
 * alone.
 */
#ifndef STOA_FORMAT_JSON_LINE_H
#define STOA_FORMAT_JSON_LINE_H

#include "format/convert.h"
#include "format/json.h"

/* How a value is read, by the column's type. */
enum stoa__json_how {
    STOA__BY_JSON,
    STOA__BY_INT64,
    STOA__BY_DOUBLE,
    STOA__BY_TEXT,
    STOA__BY_TIMESTAMP,
    STOA__BY_BOOL
};

typedef struct stoa__json_worker {
    const stoa__jsonl *jsonl;
    struct stoa__builder builder;
    struct stoa__column **columns; /* The builder's own ... */
    struct stoa__column **targets; /* ... and where their values go. */
    uint8_t *how;                  /* enum stoa__json_how */
    int64_t rows_before;
    stoa__convert convert;
    stoa__buffer scratch;
    struct stoa__chunk *chunk;
    bool check; /* The chunk is not all UTF-8. */
    /* Of the value that is bad. */
    const uint8_t *fault;
    int32_t fault_column;
    stoa_error error;
} stoa__json_worker;

static inline int32_t stoa__json_column_count(const stoa__json_worker *worker)
{
    return worker->jsonl->reader.type->child_count;
}

/* Has row `row` a value in the column already? */
static inline bool stoa__json_has_value(const stoa__json_worker *worker, int32_t index, int64_t row)
{
    return stoa__column_length(worker->columns[index]) > row;
}

static inline const uint8_t *stoa__json_pass_blanks(const uint8_t *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* A line [at, end) of the usual form as row `row`. False: it must be read strictly, or, if
 * worker->error has a code, it is bad. */
bool stoa__json_read_quick(stoa__json_worker *worker, const uint8_t *at, const uint8_t *end,
                           int64_t row);
/* Any line. False: it is bad, and error, fault and fault_column say why and where. */
bool stoa__json_read_strict(stoa__json_worker *worker, const uint8_t *line, size_t size,
                            int64_t row);

/* One value's text, by the strict reader. */
stoa_status stoa__json_append_value(stoa__json_worker *worker, int32_t index,
                                    const uint8_t *text, size_t size, stoa_error *err);
/* NULLs in the columns that the line has no key for. */
bool stoa__json_fill_missing(stoa__json_worker *worker, int64_t row);

#endif
