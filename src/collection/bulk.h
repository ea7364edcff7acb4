/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many elements from a stream: its batches are held as they came, all of them are checked before
 * anything is written, and what is written is read where it lies. Failures name the row, counted
 * from 0 over all batches.
 */
#ifndef STOA_COLLECTION_BULK_H
#define STOA_COLLECTION_BULK_H

#include "arrow/stream.h"
#include "collection/element.h"
#include "collection/rows.h"

struct bulk_batch {
    struct ArrowArray array;
    int64_t first; /* Its first row among all. */
};

/* A column with a value a row. */
struct bulk_column {
    struct collection_feed feed;
    int32_t child;  /* Of the batches. */
    int64_t *ids;   /* Of labels, one a row of all batches. */
};

/* A column with values for a group: items of a list, or a field of its items. */
struct bulk_items {
    int32_t child;
    int32_t field; /* -1: the items themselves. */
};

/* The rows of a group: lists, which are of one length in each row. */
struct bulk_group {
    const struct collection_table *table;
    struct collection_feed *feeds;
    struct bulk_items *items; /* One a feed. */
    int64_t **ids;            /* Of labels, in the order of the flow. */
    int32_t feed_count;
    int64_t row_count;        /* Of all elements. */
    bool may_repeat;          /* A set with NULLs. */
};

struct bulk {
    struct collection_call call;
    const struct collection_table *collection;
    struct collection_relations relations;
    stoa__arena arena;
    struct stoa__stream_in in;
    stoa__buffer batches; /* struct bulk_batch */
    int64_t row_count;
    struct bulk_column *columns;
    int32_t column_count;
    struct bulk_group *groups;
    int32_t group_count;
    int64_t *ids; /* Of the elements, one a row. */
};

/* Enter, read the stream to its end, find the collection, begin the transaction. `rows` is taken;
 * collection_bulk_leave() gives it back on failure. On failure nothing is held. */
stoa_status collection_bulk_enter(struct bulk *bulk, stoa_conn conn, stoa_op op,
                                  const char *operation, const char *collection,
                                  int64_t collection_size, struct ArrowArrayStream *rows,
                                  stoa_error *err);
stoa_status collection_bulk_leave(struct bulk *bulk, stoa_status rc, struct ArrowArrayStream *rows,
                                  stoa_error *err);

const struct bulk_batch *collection_bulk_batch_at(const struct bulk *bulk, int64_t index);
int64_t collection_bulk_batch_count(const struct bulk *bulk);
/* The child of the stream with that name; -1: none. */
int32_t collection_bulk_child(const struct bulk *bulk, const char *name);

/* Find a place for every child but `key` (-1: none): scalars and lists. */
stoa_status collection_bulk_map(struct bulk *bulk, int32_t key, stoa_error *err);
/* Add a column; there is room. */
struct bulk_column *collection_bulk_add(struct bulk *bulk, const struct collection_column *column,
                                        int32_t child, int32_t style);
/* Check all scalars and lists, after labels were resolved. */
stoa_status collection_bulk_resolve(struct bulk *bulk, stoa_error *err);
stoa_status collection_bulk_check(struct bulk *bulk, stoa_error *err);
/* The same of one column. */
stoa_status collection_bulk_column_resolve(struct bulk *bulk, struct bulk_column *column,
                                           stoa_error *err);
stoa_status collection_bulk_column_check(struct bulk *bulk, struct bulk_column *column,
                                         stoa_error *err);

/* Say which row a failure is about, and answer `rc`. */
stoa_status collection_bulk_at_row(stoa_status rc, int64_t row, stoa_error *err);

/* A segment a batch, for columns with a value a row. */
struct bulk_rows {
    const struct bulk *bulk;
    const struct bulk_column *columns;
    int32_t column_count;
    int64_t batch;          /* The next one. */
    int64_t first;          /* Row of the segment given last. */
    const int64_t *ids;     /* One a row; */
    const int64_t *indexes; /* and vector_index; NULL: not wanted. */
};
bool collection_bulk_rows_next(void *self, struct collection_segment *segment);
void collection_bulk_rows_number(void *self, int64_t from, int64_t count, int64_t *ids,
                                 int64_t *indexes);
void collection_bulk_rows_rewind(void *self);
int64_t collection_bulk_rows_row(void *self, int64_t at);

/* Ids of the elements named by column `child`, which holds ids or labels: one a row. */
stoa_status collection_bulk_find_elements(struct bulk *bulk, int32_t child, stoa_error *err);
/* The first row of `ids` whose element is not there; -1: none. */
stoa_status collection_bulk_missing(struct bulk *bulk, int64_t *row, stoa_error *err);

/* ---- lists (bulk_list.c) ---- */

/* Does the column hold lists? */
bool collection_bulk_is_list(const struct stoa__arrow_type *type);
/* Count the rows of a group and see that its lists go together. */
stoa_status collection_bulk_group_measure(const struct bulk *bulk, struct bulk_group *group,
                                          stoa_error *err);
stoa_status collection_bulk_group_resolve(struct bulk *bulk, struct bulk_group *group,
                                          stoa_error *err);
stoa_status collection_bulk_group_check(struct bulk *bulk, struct bulk_group *group,
                                        stoa_error *err);
/* Insert the rows of all elements, whose ids are in bulk->ids. */
stoa_status collection_bulk_group_insert(struct bulk *bulk, const struct bulk_group *group,
                                         stoa_error *err);
/* Has the row a list for the group at all? */
bool collection_bulk_group_touches(const struct bulk *bulk, const struct bulk_group *group,
                                   int64_t batch, int64_t row);

#endif
