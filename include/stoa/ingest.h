/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/ingest.h: writing columns.
 *
 * The unit is one append: one transaction, one sequence number. Acknowledgements then advance
 * through three levels: accepted (the library has it), committed (it survives the death of the
 * process), durable (it survives the loss of power). On failure nothing of the append is there.
 * Inside a transaction of the caller's an append is accepted until the commit. A rollback, also one
 * to a savepoint by stoa_savepoint_rollback(), takes its number back: the next append gets it.
 *
 * Threads that wait for the same writer may have their small appends committed in one transaction
 * of the engine's, by one of them. That changes nothing but the time it takes: each append is all
 * or nothing by itself, succeeds or fails by itself, and returns when it is committed. A cancel or
 * a deadline that comes while another thread is committing it is too late, as it would be during a
 * commit of its own.
 *
 * Settings of an ingest (and of stoa_insert)
 *
 *   mode      append         the table must be there (the default)
 *             create         it must not be there
 *             replace        dropped and made anew, with the first append
 *             create_append  made if it is not there
 *             upsert         rows replace those with the same `keys`
 *   keys      column names, separated by commas: the key of upsert; with a mode that creates, the
 *             primary key
 *   truncate  yes: delete all rows first, with the first append
 *   dedup     drop | upsert: rows equal in the `dedup_columns` (none: all) to stored or earlier
 *             ones are not written, or replace them; NULL equals NULL
 *   unit      append | finish: finish makes the whole ingest one transaction (append)
 *   ack       accepted | committed | durable: what an append waits for (committed)
 *   database  where the table lives: "main", "temp" or an attached name
 *   strict    yes: make STRICT tables
 *   nan       error | null: NaN where the engine cannot hold it (error)
 *   uint64    error | text; decimal: text | int; temporal: int | text: stored forms of new tables
 *   index     column names: make an index over them after the rows, in the same transaction; may be
 *             given as several lists separated by semicolons
 *   check     shape | full: how closely to look at the data (full for text and offsets)
 */
#ifndef STOA_INGEST_H
#define STOA_INGEST_H

#include "stoa/arrow.h"
#include "stoa/db.h"
#include "stoa/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A writer of columns. One opened on a database may be used by any number of threads; one opened
 * on a connection is used like its connection. */
typedef struct stoa_ingest {
    uint64_t id;
} stoa_ingest;

/*
 * Open a writer with a session of its own; each append is a transaction.
 *
 *   table   The table appends go to; a size of 0 for a writer that only pushes.
 */
STOA_API stoa_status stoa_ingest_open(stoa_db db, const char *table, int64_t table_size,
                                      const stoa_option *options, int64_t option_count,
                                      stoa_ingest *out, stoa_error *err);

/* Open a writer in the connection's own transaction: with one open, appends are part of it, and
 * *committed* moves at its commit; without one each append is a transaction. */
STOA_API stoa_status stoa_conn_ingest_open(stoa_conn conn, const char *table, int64_t table_size,
                                           const stoa_option *options, int64_t option_count,
                                           stoa_ingest *out, stoa_error *err);

/*
 * Write one batch: all of it or nothing. May block. Columns are found by name, ignoring ASCII case;
 * stored columns that are missing get their default.
 *
 *   schema     A struct's schema; borrowed for the call.
 *   batch      Taken on success; on failure still the caller's.
 *   sequence   Out: the append's number, from 1. May be NULL.
 */
STOA_API stoa_status stoa_ingest_append(stoa_ingest ingest, stoa_op op,
                                        const struct ArrowSchema *schema,
                                        struct ArrowArray *batch, uint64_t *sequence,
                                        stoa_error *err);

/* Write a whole stream as one append: all or nothing. `stream` is taken on success; on failure it
 * is the caller's to release, its position unspecified. `rows` may be NULL. May block. Calls
 * back. */
STOA_API stoa_status stoa_ingest_append_stream(stoa_ingest ingest, stoa_op op,
                                               struct ArrowArrayStream *stream, int64_t *rows,
                                               uint64_t *sequence, stoa_error *err);

/* Levels of acknowledgement. */
enum { STOA_ACK_ACCEPTED = 0, STOA_ACK_COMMITTED = 1, STOA_ACK_DURABLE = 2 };

/* The highest sequence number that every append up to it has reached, a level. */
typedef struct stoa_acks {
    uint64_t accepted;
    uint64_t committed;
    uint64_t durable;
} stoa_acks;
STOA_API stoa_status stoa_ingest_acks(stoa_ingest ingest, stoa_acks *out, stoa_error *err);

/* Wait until appends up to `sequence` have reached `level`; waiting for durable makes them so. May
 * block. INVALID for a number not given out. */
STOA_API stoa_status stoa_ingest_wait(stoa_ingest ingest, stoa_op op, int32_t level,
                                      uint64_t sequence, stoa_error *err);

/* Finish: commit what `unit=finish` holds back, wait until everything is durable, and close. On
 * failure the writer is open still. May block. */
STOA_API stoa_status stoa_ingest_finish(stoa_ingest ingest, stoa_op op, stoa_error *err);

/* Abandon the writer: what was not acknowledged may be lost; `unit=finish` is rolled back. */
STOA_API void stoa_ingest_close(stoa_ingest ingest);

/* Write a whole stream into `table` in one call: all or nothing, in the connection's transaction
 * if one is open. `options` as above. `stream` and `rows` as in stoa_ingest_append_stream(). May
 * block. Calls back. */
STOA_API stoa_status stoa_insert(stoa_conn conn, stoa_op op, const char *table, int64_t table_size,
                                 struct ArrowArrayStream *stream, const stoa_option *options,
                                 int64_t option_count, int64_t *rows, stoa_error *err);

/* ---- raw columns: memory of the caller's own, borrowed for the call ---- */

/* How a raw column's values lie in memory. */
enum {
    STOA_LAYOUT_FIXED = 0,  /* data: `count` values of the type's width. */
    STOA_LAYOUT_PACKED = 1, /* data: bytes; offsets: count + 1, need not start at 0. */
    STOA_LAYOUT_VIEW = 2,   /* data: `count` of stoa_view. */
    STOA_LAYOUT_CODES = 3,  /* data: `count` of int32_t, rows of `dictionary`. */
    STOA_LAYOUT_BITS = 4    /* data: `count` bits, least significant first (BOOL). */
};

/* One text or blob somewhere in memory. */
typedef struct stoa_view {
    const void *data;
    int64_t size;
} stoa_view;

/*
 * A column in the caller's memory. The layout is frozen: 72 bytes on 64-bit platforms. Fixed
 * widths: BOOL 1 byte, integers and floats their size, TIMESTAMP, TIME and DURATION int64
 * nanoseconds, DATE int32 days, INTERVAL {int32 months, int32 days, int64 nanoseconds}, UUID 16
 * bytes. TEXT, SYMBOL, BYTES, JSON and DECIMAL (as text) are PACKED, VIEW or CODES.
 */
typedef struct stoa_column {
    const char *name; /* name_size bytes, or STOA_NUL. */
    int64_t name_size;
    int32_t type;     /* STOA_TYPE_* */
    int32_t layout;   /* STOA_LAYOUT_* */
    int64_t count;    /* Must equal the table's row count. */
    const void *data; /* Not read when count is 0. Any alignment. */
    int64_t data_size; /* Bytes at data: checked against count, width and offsets. */
    const int64_t *offsets;
    const uint8_t *validity; /* Least significant bit first; NULL = all valid. */
    const struct stoa_column *dictionary;
} stoa_column;

/* [begin, end) in nanoseconds, on a table's index. */
typedef struct stoa_range {
    int64_t begin;
    int64_t end;
} stoa_range;

enum { STOA_DEDUP_NONE = 0, STOA_DEDUP_DROP = 1, STOA_DEDUP_UPSERT = 2 };

/* One table of a push. `struct_size` is sizeof(stoa_table); the rest may be zero where unused. */
typedef struct stoa_table {
    int64_t struct_size;
    const char *name; /* name_size bytes, or STOA_NUL. */
    int64_t name_size;
    int64_t row_count;
    const stoa_column *columns;
    int64_t column_count;
    const stoa_column *index; /* The timestamp column rows are ordered by; NULL = none. */
    const stoa_range *truncate; /* Delete these rows first, in the same transaction. */
    int64_t truncate_count;     /* -1: all rows. */
    const int32_t *dedup_columns; /* Numbers in `columns`; -1 is the index. */
    int64_t dedup_column_count;   /* 0: the index and all columns. */
    int32_t dedup;                /* STOA_DEDUP_* */
    int32_t create;               /* 1: make the table, or missing columns, when not there. */
} stoa_table;

/* What became of one table of a push. */
typedef struct stoa_table_done {
    int64_t written;
    int64_t dropped;
    int64_t replaced;
    int64_t deleted; /* By truncate. */
} stoa_table_done;

/* What became of a push. */
typedef struct stoa_push_done {
    uint64_t sequence; /* 0 when there were no rows and nothing reached the engine. */
    int64_t rows;
    int64_t bytes;
} stoa_push_done;

/*
 * Write several tables, each with columns of its own, as one append in one transaction. Tables of
 * one name are written in order. Borrows everything for the call; keeps nothing; calls nothing back
 * but the op's tick. May block.
 *
 *   done   `table_count` entries, or NULL.
 *   out    May be NULL.
 */
STOA_API stoa_status stoa_ingest_push(stoa_ingest ingest, stoa_op op, const stoa_table *tables,
                                      int64_t table_count, stoa_table_done *done,
                                      stoa_push_done *out, stoa_error *err);

/* Copy raw columns into Arrow structs the caller owns. */
STOA_API stoa_status stoa_column_export(const stoa_column *columns, int64_t column_count,
                                        int64_t row_count, struct ArrowSchema *schema,
                                        struct ArrowArray *batch, stoa_error *err);

/* Zeroed memory for descriptor arrays of languages whose own memory may not hold pointers: make,
 * grow (what is new is zeroed; `*block` is replaced) and free. */
STOA_API stoa_status stoa_block_new(int64_t size, void **block, stoa_error *err);
STOA_API stoa_status stoa_block_grow(void **block, int64_t old_size, int64_t new_size,
                                     stoa_error *err);
STOA_API void stoa_block_free(void *block);

#ifdef __cplusplus
}
#endif

#endif
