/* SPDX-License-Identifier: Apache-2.0 */
/* A walk through what GetObjects and GetStatistics nest: reading cells by the names of fields, and
 * writing the rows of stoa/catalog.h. */
#ifndef STOA_ENGINE_ADBC_WALK_H
#define STOA_ENGINE_ADBC_WALK_H

#include "arrow/builder.h"
#include "arrow/cell.h"
#include "engine/adbc/parts.h"

enum { ADBC_NAME_SIZE = 1024 };

struct adbc_text {
    const char *data; /* NULL: it is null. */
    int64_t size;
};

struct adbc_walk {
    struct adbc_session *session;
    int32_t what;
    const char *database, *table; /* Filters; NULL: all. */
    stoa__arena arena;
    struct stoa__arrow_type type;
    struct stoa__builder builder;
    struct ArrowArray batch;
    char current[ADBC_NAME_SIZE]; /* Catalog of the connection; "": unknown. */
    char name[2 * ADBC_NAME_SIZE]; /* Of the database being walked. */
    struct adbc_text catalog, schema;
    struct stoa__arrow_type *table_type; /* Of the table being walked; NULL: unknown. */
    struct adbc_statistic_name *statistics; /* The driver's own; in `arena`. */
    stoa_error *err;
};

/* ---- cells ---- */

/* A field of a struct cell; a null cell if there is none. */
struct stoa__cell adbc_field(const struct stoa__cell *row, const char *name);
bool adbc_is_text(const struct stoa__cell *cell);
struct adbc_text adbc_text_of(const struct stoa__cell *row, const char *name);
bool adbc_text_is(struct adbc_text text, const char *word);
int64_t adbc_integer_of(const struct stoa__cell *row, const char *name, int64_t otherwise);
/* A list's items, none if it is null or no list. */
int64_t adbc_items_of(const struct stoa__cell *row, const char *name, struct stoa__cell *list);

/* ---- rows ---- */

stoa_status adbc_put_text(struct adbc_walk *walk, int32_t column, struct adbc_text text);
/* NULL is null. */
stoa_status adbc_put_word(struct adbc_walk *walk, int32_t column, const char *word);
stoa_status adbc_put_number(struct adbc_walk *walk, int32_t column, int64_t number);
stoa_status adbc_end_row(struct adbc_walk *walk);

/* ---- statistics ---- */

/* Ask the driver for them, and for the names of its own; on the worker. */
adbc_status adbc_statistics_ask(struct adbc_walk *walk, struct ArrowArrayStream *out,
                                adbc_error *error);
/* Those of one schema. */
stoa_status adbc_statistics_put(struct adbc_walk *walk, const struct stoa__cell *schema);

#endif
