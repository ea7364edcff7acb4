/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into one table, inside the transaction of the call. A few are bound one by one; many go
 * through the engine's ingest, which reads them where they lie, in chunks, so that memory stays
 * small however many there are. It checks nothing: values were checked and labels resolved before.
 */
#ifndef STOA_COLLECTION_ROWS_H
#define STOA_COLLECTION_ROWS_H

#include "collection/sql.h"
#include "collection/value.h"

/* Rows up to which binding is cheaper than setting up an ingest. */
enum { COLLECTION_FEW_ROWS = 64 };

/* What goes into a table: columns that are made here, `id` and `vector_index` in this order, and
 * those of the feeds. */
struct collection_columns {
    const struct collection_table *table;
    const struct collection_feed *feeds;
    int32_t feed_count;
    bool with_id, with_index;
    bool high_ids; /* Ids may come to their end (collection_has_high_ids()). */
};

/* Those of a group's rows. */
static inline struct collection_columns
collection_group_columns(const struct collection_table *table, const struct collection_feed *feeds,
                         int32_t feed_count)
{
    return (struct collection_columns){
        table, feeds, feed_count, true, table->role == ROLE_VECTOR, false};
}

/* Packed rows for one statement, which comes from the session's cache. */
struct collection_packed {
    stoa__buffer values, bytes;
    int64_t row_count;
};
void collection_packed_release(struct collection_packed *packed);
/* For small writes: the connection's own memory, empty, for two that are all-zero (what is lent is
 * not lent again), and its way back in place of a release. */
void collection_packed_borrow(struct collection_packed *packed, struct collection_call *call,
                              stoa__buffer *text);
void collection_packed_return(struct collection_packed *packed, struct collection_call *call,
                              stoa__buffer *text);
stoa_status collection_packed_int64(struct collection_packed *packed, int64_t value);
/* Run `text` (collection_text(), not yet ended; released here) once a row, and empty `packed`.
 * `info` may be NULL. On failure `*done` (may be NULL) rows had gone in. */
stoa_status collection_packed_run(struct collection_packed *packed, struct collection_call *call,
                                  stoa__buffer *text, struct stoa__cursor_info *info,
                                  int64_t *done, stoa_error *err);

/* INSERT INTO "t"("id", ...) VALUES(?1, ...); where ids are high SELECT ?1, ..., which is slower:
 * when SQLite finds none that is free, of a SELECT it takes back no more than the statement. */
void collection_insert_text(const struct collection_columns *columns, stoa__buffer *text);

/* Rows that lie together: of each feed an array, where in it they begin, and ids of labels. */
struct collection_segment {
    const struct ArrowArray **arrays;
    int64_t *first;
    const int64_t **ids; /* NULL where the feed has no labels. */
    int64_t count;
};

/* Where the rows come from, segment by segment. The arrays of `segment` have room for all feeds. */
struct collection_flow {
    struct collection_columns columns;
    int64_t row_count; /* Of all segments. */
    bool (*next)(void *self, struct collection_segment *segment); /* False at the end. */
    /* `id` and `vector_index` of rows [from, from + count) of the segment given last; either is
     * NULL when it is not wanted. */
    void (*number)(void *self, int64_t from, int64_t count, int64_t *ids, int64_t *indexes);
    void (*rewind)(void *self); /* To before the first segment. */
    /* Which row of the caller's is the segment's row `at`? */
    int64_t (*row)(void *self, int64_t at);
    void *self;
};
/* Write all rows. A row that the table refuses is found again and named; what went in before it is
 * there then, for whoever takes the call back. `*ignored` (may be NULL): how many the table left
 * out, by a trigger or a conflict clause. */
stoa_status collection_flow_write(struct collection_call *call, const struct collection_flow *flow,
                                  int64_t *ignored, stoa_error *err);
/* Has the table a rule of its own for rows: triggers, or a conflict clause? */
stoa_status collection_rows_ruled(struct collection_call *call,
                                  const struct collection_table *table, bool *out,
                                  stoa_error *err);
/* The same, a row at a time, by a statement of the caller's, whose parameters are the columns. */
stoa_status collection_flow_bind(struct collection_call *call, const struct collection_flow *flow,
                                 void (*make_text)(const struct collection_columns *columns,
                                                   stoa__buffer *text),
                                 stoa_error *err);

#endif
