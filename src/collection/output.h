/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of the collections' own: a result whose batches a reader makes, and the reader most of
 * them need, rows kept in memory. A result behaves as every other: rows, batches, requests, export;
 * what is exported outlives the handles.
 *
 *     static const struct collection_field fields[] = {{"id", "l", false}, {"text", "u", true}};
 *     struct collection_rows rows = {0};
 *     stoa_status rc = collection_rows_init(&rows, fields, 2, err);
 *
 *     for (...) {
 *         collection_rows_int64(&rows, id);
 *         collection_rows_string(&rows, text);      (column by column, and around again)
 *     }
 *     if (rc == STOA_OK)
 *         rc = collection_rows_publish(&rows, call, out, err);
 *     collection_rows_release(&rows);
 */
#ifndef STOA_COLLECTION_OUTPUT_H
#define STOA_COLLECTION_OUTPUT_H

#include "arrow/builder.h"
#include "collection/enter.h"

/* What makes a result's batches. It is called with the session's mark held, also from an exported
 * stream; so it keeps nothing of the call it was made in. */
struct collection_reader {
    /* The next batch; DONE at the end. Not called again after either DONE or a failure. */
    stoa_status (*next)(void *self, stoa__call *call, struct ArrowArray *out, stoa_error *err);
    void (*close)(void *self); /* Frees it, and ends what it has of the engine's. */
};

/* Publish a result on the call's connection; `out` may be NULL: the reader is closed then. `type`,
 * the struct of the batches, lives as long as `self`. `self` is taken, also on failure. */
stoa_status collection_output(struct collection_call *call, const struct collection_reader *reader,
                              void *self, const struct stoa__arrow_type *type, stoa_result *out,
                              stoa_error *err);

/* ---- rows in memory ---- */

/* A column: an Arrow format without children ("l", "u", "b"). */
struct collection_field {
    const char *name;
    const char *format;
    bool nullable;
};

/* All-zero is empty. */
struct collection_rows {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    int32_t column;    /* The next value's. */
    stoa_status failed; /* Sticky; told by publish. */
};

stoa_status collection_rows_init(struct collection_rows *rows,
                                 const struct collection_field *fields, int32_t count,
                                 stoa_error *err);
/* The next value of the row; behind the last column begins the next row. */
void collection_rows_int64(struct collection_rows *rows, int64_t value); /* And "b": 0 or 1. */
/* Text up to a NUL; NULL is NULL. */
void collection_rows_string(struct collection_rows *rows, const char *text);
/* Hand them over as a result; `out` may be NULL. `rows` is empty afterwards, if it succeeds. */
stoa_status collection_rows_publish(struct collection_rows *rows, struct collection_call *call,
                                    stoa_result *out, stoa_error *err);
/* Accepts all-zero. */
void collection_rows_release(struct collection_rows *rows);

/* The same with batches that are there already, all of `type`, which lies in `arena`. All is taken,
 * also on failure. */
stoa_status collection_output_batches(struct collection_call *call, stoa__arena *arena,
                                      const struct stoa__arrow_type *type,
                                      struct ArrowArray *batches, int64_t count, stoa_result *out,
                                      stoa_error *err);

/* A struct type of `count` columns, which the caller fills in, in `arena`. NULL: out of memory. */
struct stoa__arrow_type *collection_struct_type(stoa__arena *arena, int32_t count);

#endif
