/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of stoa_collection_import_csv(): the file, its columns, and what became of rows. */
#ifndef STOA_COLLECTION_CSV_IMPORT_H
#define STOA_COLLECTION_CSV_IMPORT_H

#include "collection/csv.h"
#include "collection/csv_file.h"
#include "collection/output.h"
#include "collection/relation.h"
#include "collection/rows.h"

enum csv_role {
    CSV_IGNORED, /* Generated, or nothing: it is not written. */
    CSV_VALUE,
    CSV_ELEMENT, /* `id` of a group: the label of an element. */
    CSV_INDEX,   /* `vector_index` */
    CSV_SELF     /* A relation of the collection to itself: set once all rows are there. */
};

/* A column of the file. */
struct csv_column {
    const struct collection_column *column;
    int32_t role; /* enum csv_role */
    struct collection_labels *labels;     /* Of a relation or ELEMENT. */
    const struct collection_enum *enumeration;
};

struct csv_import {
    struct csv_call csv;
    struct collection_relations relations;
    struct csv_file file;
    struct csv_column *columns;
    int32_t column_count;
    int32_t extra_count; /* Empty columns at the header's end. */
    int64_t row;         /* Of data, from 1. */
    stoa_import_done done;
    bool ruled;   /* The table has a rule of its own for rows. */
    bool reports; /* The rows passed over are asked for. */
    struct collection_rows skipped;
    stoa__buffer skipped_lines; /* int64_t */
    /* What is wrong with a row, if that is what failed. */
    bool row_failed;
    stoa_error problem;
    const char *problem_column; /* NULL: none in particular. */
    stoa_error *err;
};

/* The next row into file.cells, its length checked; DONE at the end. */
stoa_status collection_csv_import_next(struct csv_import *import);
/* Begin at the first row again. */
stoa_status collection_csv_import_rewind(struct csv_import *import);

/* A row is wrong: answers `status`. It is the call's error, or a skipped row, after
 * collection_csv_import_row_end(). `column` may be NULL. */
stoa_status collection_csv_fail_row(struct csv_import *import, const char *column,
                                    stoa_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* After a row: OK when it is fine or is skipped, else the call fails. */
stoa_status collection_csv_import_row_end(struct csv_import *import, stoa_status rc, int64_t line);
/* The engine refused a row: CONSTRAINT is a problem of the row, the rest of the call. */
stoa_status collection_csv_fail_statement(struct csv_import *import, stoa_status rc);

/* The cell of file column `column` as it is stored. A CSV_SELF's is not looked up. */
stoa_status collection_csv_import_cell(struct csv_import *import, int32_t column,
                                       struct collection_cell *out);

/* ---- statements ---- */

/* Append a value to packed ones. */
stoa_status collection_csv_pack(struct csv_import *import, struct collection_packed *packed,
                                const struct collection_cell *cell);

/* One statement for many rows. All-zero but for what open() sets. */
struct csv_batch {
    struct csv_import *import;
    struct collection_sql sql;
    struct collection_packed packed;
    stoa__buffer lines; /* int64_t, one a row. */
    int32_t value_count; /* A row. */
    int64_t *counter;    /* Of rows that went in, */
    bool counts_runs;    /* or that were run. */
};
/* `text` is released. */
stoa_status collection_csv_batch_open(struct csv_batch *batch, struct csv_import *import,
                                      stoa__buffer *text, int32_t value_count, int64_t *counter);
/* The current row's values are packed: run the statement once there are enough rows. */
stoa_status collection_csv_batch_row(struct csv_batch *batch);
stoa_status collection_csv_batch_run(struct csv_batch *batch);
void collection_csv_batch_close(struct csv_batch *batch);

/* Prepare `text`, which is released. */
stoa_status collection_csv_open(struct csv_import *import, struct collection_sql *sql,
                                stoa__buffer *text);

/* ---- the two kinds ---- */

stoa_status collection_csv_import_elements(struct csv_import *import);
stoa_status collection_csv_import_group(struct csv_import *import);

#endif
