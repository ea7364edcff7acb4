/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a result in one of eight modes. */
#ifndef STOA_CLI_PRINT_H
#define STOA_CLI_PRINT_H

#include "cell.h"
#include "progress.h"
#include "stoa.h"

#include <stdio.h>

enum mode {
    MODE_BOX,
    MODE_CSV,
    MODE_JSON,
    MODE_JSONL,
    MODE_MARKDOWN,
    MODE_LINE,
    MODE_HTML,
    MODE_TABS,
    MODE_COUNT
};

/* By name; -1 when there is none. */
int mode_find(const char *name);
const char *mode_name(enum mode mode);
/* "box, csv, ... or tabs", for sentences. */
#define MODE_NAMES "box, csv, json, jsonl, markdown, line, html or tabs"

/*
 * Where rows go and how.
 *
 *   terminal   `file` is one: long results are cut, wide ones narrowed.
 *   rows_max   More rows than these are cut in the middle; 0: never.
 *   pager      A command for what is longer than the terminal; NULL: none.
 *   progress   Hidden before rows are written; may be NULL.
 */
struct output {
    FILE *file;
    enum mode mode;
    int terminal, color;
    int64_t rows_max;
    const char *pager;
    struct progress *progress;
};

/* Columns of a result, as the modes need them. */
struct columns {
    int32_t count;
    const char **names; /* The schema's. */
    enum kind *kinds;
};

/* Print every row; `*rows` is their number. A statement without columns prints nothing. */
stoa_status print_result(const struct output *output, stoa_result result, stoa_op op, int64_t *rows,
                         stoa_error *err);

/* table.c: the modes that need to know all widths first, box and markdown. */
stoa_status print_table(const struct output *output, stoa_result result, stoa_op op,
                        const struct columns *columns, int64_t *rows, stoa_error *err);

/* print_file.c: CSV, tabs and both forms of JSON. */
stoa_status print_file(const struct output *output, stoa_result result, stoa_op op, int64_t *rows,
                       stoa_error *err);

/* Height and width of the terminal behind `file`; 24 and 80 when it does not say. */
void terminal_size(FILE *file, int *height, int *width);

#endif
