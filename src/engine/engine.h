/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine table: what an engine fills in. The core calls through it and knows no engine; an
 * engine knows no handle.
 *
 * Rules of the house for engines
 *
 *   Session   Everything below a session (statements, cursors, ingests, blobs, scans, functions) is
 *             called only by the holder of the session's in-use mark, which the core takes. So an
 *             engine needs no lock for it. The holder may be re-entered on the same thread through
 *             a stream exported from the session (cursor_next only).
 *   Blocking  What is given a call asks stoa__call_check() at least every 10 ms.
 *   Missing   A NULL function, or one behind `struct_size`, means "not supported": the core answers
 *             by name. `capabilities` must agree.
 *   Closing   close functions accept no failure, do no long work, and are called exactly once a
 *             successful open. Children are closed before parents.
 *   Failure   Outputs stay zero, state is as before, `err` holds a sentence.
 */
#ifndef STOA_ENGINE_ENGINE_H
#define STOA_ENGINE_ENGINE_H

#include "arrow/stream.h"
#include "arrow/type.h"
#include "base/buffer.h"
#include "base/call.h"
#include "base/settings.h"
#include "base/turn.h"
#include "stoa.h"

#include <stdbool.h>

#define STOA__CAN(capability) (UINT64_C(1) << (capability))

/* Packed values: parameters on their way in. Checked by the core: types known, ranges inside
 * `bytes`, UTF-8 of text. Names are gone: `names[i]` is NULL or the name of value i. */
struct stoa__params {
    const stoa_value *values;
    int64_t count;
    const uint8_t *bytes;
    int64_t bytes_size;
    const struct stoa__name *names; /* NULL: all positional. */
};

struct stoa__name {
    const char *text;
    int64_t size;
};

/* Rows on their way out; owned by whoever reads, emptied by the reader before each call. */
struct stoa__row_writer {
    stoa__buffer values; /* stoa_value */
    stoa__buffer bytes;
    int64_t row_count;
    int32_t column_count;
};

/* How results are read: the connection's settings, copied at execute. */
struct stoa__read_config {
    int64_t batch_rows;
    int32_t types;         /* enum stoa__types */
    int32_t type_mismatch; /* enum stoa__mismatch */
    int32_t nan;           /* enum stoa__nan */
};
enum stoa__types {
    STOA__TYPES_DECLARED,
    STOA__TYPES_AFFINITY,
    STOA__TYPES_INFER,
    STOA__TYPES_EXACT
};
enum stoa__mismatch {
    STOA__MISMATCH_ERROR,
    STOA__MISMATCH_NULL,
    STOA__MISMATCH_TEXT,
    STOA__MISMATCH_UNION
};
enum stoa__nan { STOA__NAN_ERROR, STOA__NAN_NULL };

/* What a cursor knows about itself; -1 = not known. */
struct stoa__cursor_info {
    int64_t rows_affected;
    int64_t last_insert_id;
    int64_t rows_scanned;
    int64_t values_coerced;
};

/* One statement parameter. `name` is "" for a plain placeholder. */
struct stoa__parameter {
    const char *name;
    const struct stoa__arrow_type *type; /* NULL: any. */
};

/* ---- ingest ---- */

enum stoa__ingest_mode {
    STOA__INGEST_APPEND,
    STOA__INGEST_CREATE,
    STOA__INGEST_REPLACE,
    STOA__INGEST_CREATE_APPEND,
    STOA__INGEST_UPSERT
};

/* The settings of stoa/ingest.h, parsed by the core. Texts live as long as the ingest. */
struct stoa__ingest_config {
    int32_t mode;          /* enum stoa__ingest_mode */
    const char *keys;      /* "a,b" or "" */
    bool truncate;
    int32_t dedup;         /* STOA_DEDUP_* */
    const char *dedup_columns;
    int32_t unit;          /* 0 append, 1 finish */
    int32_t ack;           /* STOA_ACK_* */
    const char *database;
    bool strict;
    int32_t nan;           /* enum stoa__nan */
    int32_t uint64_form;   /* 0 error, 1 text */
    int32_t decimal_form;  /* 0 text, 1 int */
    int32_t temporal_form; /* 0 int, 1 text */
    const char *index;
    int32_t check;         /* STOA_CHECK_* */
    bool in_caller_transaction; /* Opened on a connection. */
};

/* Rows to be written: a struct type and its batches. Batches are borrowed until the next call of
 * next() or the end of the append. A source that cannot be read again answers CALLBACK or the
 * producer's failure for ever. */
struct stoa__source {
    const struct stoa__arrow_type *type;
    stoa_status (*next)(void *self, const struct ArrowArray **batch, stoa_error *err); /* DONE */
    void *self;
    int64_t row_count; /* -1: not known before. */
    /* The only batch, if it is in memory and any thread may read it, at any time and again: what
     * next() gives. NULL: there is next() alone. */
    const struct ArrowArray *batch;
    /* Move the batch next() gave last to `out`, for an engine that must own it. NULL: it can't be
     * given away (the caller's own), and is copied where that is needed. */
    void (*take)(void *self, struct ArrowArray *out);
};

/* One table of an append. */
struct stoa__ingest_part {
    const char *table; /* NUL-terminated. */
    struct stoa__source *source;
    const struct stoa__ingest_config *config; /* What holds for this table. */
    const stoa_range *truncate;               /* Ranges on `index_column`; */
    int64_t truncate_count;                   /* -1: all rows; 0: by config. */
    int32_t index_column;                     /* In the source's type; -1 none. */
    const int32_t *dedup_columns;             /* In the source's type; NULL: by config. */
    int64_t dedup_column_count;
    bool create; /* Make the table when it is not there, and columns it lacks (stoa_table). */
    stoa_table_done done;                     /* Out. */
};

/* An append that threads waiting for the same writer may do for each other (base/turn.h): all of
 * its parts or nothing, whatever becomes of the others in its transaction. */
struct stoa__ingest_append {
    struct stoa__turn_work work;
    void *ingest; /* Whose. */
    struct stoa__ingest_part *parts;
    int64_t part_count;
    int32_t level; /* Out, as of ingest_append. */
};

/* Small, in memory, and nothing but rows for tables that are there: another thread may write it. */
bool stoa__ingest_append_is_small(const struct stoa__ingest_append *append);

/* ---- scans, functions ---- */

/* Where a scan's rows come from. The engine owns it from scan_add's success on and releases it. */
struct stoa__scan_source {
    struct stoa__arrow_type *type; /* In `arena`. */
    stoa__arena arena;
    struct ArrowArray *batches;    /* Shared arrays (arrow/array.h): in memory, re-scannable. */
    int64_t batch_count;
    struct stoa__stream_in *stream; /* Or a one-shot stream; NULL otherwise. */
    stoa_stream_factory open;       /* Or a factory; NULL otherwise. */
    void *user_data;
    stoa_release release;
    int64_t retain_size;
    int32_t check;
};

/* A function to register, its schemas parsed. Owned by the engine from function_add's success on:
 * release(user_data) runs once, when the engine lets go. */
struct stoa__function_spec {
    const char *name; /* NUL-terminated, in `arena`. */
    struct stoa__arrow_type *parameters;
    struct stoa__arrow_type *returns; /* NULL: dynamic. */
    int64_t flags;
    stoa_row_function row;
    stoa_batch_function batch;
    stoa_aggregate_step step;
    stoa_aggregate_finish finish;
    stoa_aggregate_free drop;
    void *user_data;
    stoa_release release;
    stoa__arena arena;
};

/* ---- the table ---- */

struct stoa__engine {
    uint32_t struct_size;
    const char *name;
    const char *example;
    uint64_t capabilities;
    bool keeps_statistics; /* catalog() knows STOA_CATALOG_STATISTICS. */

    /* Version, and whether it can be used at all; `detail` says where it is, or where it was looked
     * for. NULL: built in. */
    stoa_status (*probe)(stoa__buffer *version, stoa__buffer *detail, stoa_error *err);

    /* `rest` is the target behind the colon. Reads its own settings from `settings`; the core has
     * read its own, so what is then unread is unknown, and is refused before anything is touched
     * (stoa__settings_finish). */
    stoa_status (*open)(const char *rest, stoa__settings *settings, stoa__call *call,
                        void **instance, stoa_error *err);
    void (*close)(void *instance); /* Its sessions are closed. */
    /* Flush and release; called when no session is open any more. After success only close(). */
    stoa_status (*shutdown)(void *instance, stoa__call *call, stoa_error *err);
    stoa_status (*property)(void *instance, const char *name, stoa__buffer *out, stoa_error *err);
    /* Those of `capabilities` that this instance was found not to have, as STOA__CAN(). */
    uint64_t (*lacking)(void *instance);

    stoa_status (*session_open)(void *instance, stoa__call *call, void **session, stoa_error *err);
    void (*session_close)(void *session);
    /* Back to a fresh session; `reusable` false: close it instead of pooling it. Rolls back. */
    stoa_status (*session_reset)(void *session, bool *reusable, stoa_error *err);
    stoa_status (*session_set)(void *session, stoa__settings *settings, stoa_error *err);
    stoa_status (*ping)(void *session, stoa__call *call, stoa_error *err);

    /* Prepare the first statement of `sql`. `used`: bytes up to its end, semicolon included.
     * `statement` stays NULL when there is nothing but space and comments. */
    stoa_status (*prepare)(void *session, stoa__call *call, const char *sql, size_t size,
                           size_t *used, void **statement, stoa_error *err);
    void (*statement_close)(void *statement);
    stoa_status (*statement_parameters)(void *statement, const struct stoa__parameter **list,
                                        int64_t *count, stoa_error *err);
    /* The struct type of its rows as far as known before it runs; valid while it is open. */
    stoa_status (*statement_type)(void *statement, const struct stoa__read_config *config,
                                  const struct stoa__arrow_type **type, stoa_error *err);
    stoa_status (*execute)(void *statement, stoa__call *call, const struct stoa__params *params,
                           const struct stoa__read_config *config, void **cursor,
                           stoa_error *err);
    /* Once a row of `rows`, all or none. */
    stoa_status (*execute_source)(void *statement, stoa__call *call, struct stoa__source *rows,
                                  int32_t nan, stoa_done *out, stoa_error *err);
    /* Execute, give at most one row, end the statement: the point query. DONE: no row. */
    stoa_status (*execute_row)(void *statement, stoa__call *call,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config,
                               struct stoa__row_writer *out, struct stoa__cursor_info *info,
                               stoa_error *err);

    /* Once for each of `row_count` rows of packed values, which lie row by row in `params` (all
     * positional). Nothing guards the rows that went in before one that fails: that is for the
     * transaction around. `info` sums up; `rows_done` tells how many went in. */
    stoa_status (*execute_rows)(void *statement, stoa__call *call,
                                const struct stoa__params *params, int64_t row_count, int32_t nan,
                                struct stoa__cursor_info *info, int64_t *rows_done,
                                stoa_error *err);

    stoa_status (*cursor_type)(void *cursor, stoa__call *call, const struct stoa__arrow_type **type,
                               stoa_error *err);
    stoa_status (*cursor_request)(void *cursor, const struct stoa__arrow_type *type,
                                  stoa_error *err);
    stoa_status (*cursor_next)(void *cursor, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err);
    stoa_status (*cursor_rows)(void *cursor, stoa__call *call, int64_t rows_max,
                               struct stoa__row_writer *out, stoa_error *err);
    void (*cursor_info)(void *cursor, struct stoa__cursor_info *out);
    /* Ends the statement's run; the statement can be executed again. */
    void (*cursor_close)(void *cursor);

    stoa_status (*begin)(void *session, stoa__call *call, int32_t mode, stoa_error *err);
    stoa_status (*commit)(void *session, stoa__call *call, stoa_error *err);
    stoa_status (*rollback)(void *session, stoa_error *err);
    stoa_status (*savepoint)(void *session, stoa__call *call, const char *name, stoa_error *err);
    stoa_status (*savepoint_release)(void *session, stoa__call *call, const char *name,
                                     stoa_error *err);
    stoa_status (*savepoint_rollback)(void *session, stoa__call *call, const char *name,
                                      stoa_error *err);
    int32_t (*transaction)(void *session); /* STOA_TRANSACTION_*, as the engine sees it now. */
    /* While it is held, statements that would end the transaction are refused, whenever they were
     * prepared; commit() and rollback() end it still. A reset lets go. */
    void (*transaction_hold)(void *session, bool held);

    stoa_status (*ingest_open)(void *session, const struct stoa__ingest_config *config,
                               void **ingest, stoa_error *err);
    /* All parts or nothing; `level` (STOA_ACK_*) says what was reached on return: accepted inside a
     * transaction, committed, or durable. */
    stoa_status (*ingest_append)(void *ingest, stoa__call *call, struct stoa__ingest_part *parts,
                                 int64_t part_count, int32_t *level, stoa_error *err);
    /* The same for one that is small, by an ingest whose session is its own: others may be written
     * along, and it by others, while it waits for a writer; as long as a commit reaches what the
     * config's `ack` asks for. Those that wait in `line`, which the caller holds, are of this very
     * ingest. Optional. */
    stoa_status (*ingest_append_along)(void *ingest, stoa__call *call,
                                       struct stoa__ingest_append *append,
                                       struct stoa__turn *line, stoa_error *err);
    /* Does this very thread keep, through another session, what an append would wait for? Then who
     * appends must not wait for another thread that does. Without the session's mark; optional. */
    bool (*ingest_blocked)(void *ingest);
    /* Commit what unit=finish holds back. */
    stoa_status (*ingest_commit)(void *ingest, stoa__call *call, stoa_error *err);
    /* Make everything committed durable. */
    stoa_status (*ingest_sync)(void *ingest, stoa__call *call, stoa_error *err);
    void (*ingest_close)(void *ingest);

    stoa_status (*scan_add)(void *session, const char *name, struct stoa__scan_source *source,
                            bool replace, void **scan, stoa_error *err);
    void (*scan_drop)(void *scan);
    /* NULL resolver removes it. The core keeps user_data alive while it is set. */
    stoa_status (*scan_resolver)(void *session, stoa_resolver resolver, void *user_data,
                                 stoa_error *err);
    /* BUSY when one it would replace is in use. */
    stoa_status (*function_add)(void *session, struct stoa__function_spec *spec, void **function,
                                stoa_error *err);
    void (*function_drop)(void *function);
    stoa_status (*collation_add)(void *session, const char *name, stoa_compare compare,
                                 void *user_data, stoa_release release, stoa_error *err);

    /* `database` and `table` are NULL for all. The columns are those of stoa/catalog.h. */
    stoa_status (*catalog)(void *session, stoa__call *call, int32_t what, const char *database,
                           const char *table, void **cursor, stoa_error *err);
    stoa_status (*table_type)(void *session, stoa__call *call, const char *database,
                              const char *table, stoa__arena *arena,
                              struct stoa__arrow_type **type, stoa_error *err);
    /* One table of stoa_read(); columns NULL-terminated or NULL for all. */
    stoa_status (*read_table)(void *session, stoa__call *call, const char *table,
                              const char *const *columns, int64_t begin, int64_t end,
                              const struct stoa__read_config *config, void **cursor,
                              stoa_error *err);

    stoa_status (*backup)(void *session, stoa__call *call, const char *path, bool replace,
                          stoa_error *err);
    stoa_status (*restore)(void *session, stoa__call *call, const char *path, stoa_error *err);
    stoa_status (*check)(void *session, stoa__call *call, int32_t level, int64_t *problems,
                         stoa__buffer *first, stoa_error *err);
    /* What tells one schema of the main database from another within this session: two answers are
     * the same only where the schema is, also when a change was taken back. Optional. */
    stoa_status (*schema_mark)(void *session, stoa__call *call, int64_t *version, int64_t *changes,
                               stoa_error *err);
    stoa_status (*checkpoint)(void *session, stoa__call *call, int32_t mode, stoa_error *err);
    stoa_status (*vacuum)(void *session, stoa__call *call, stoa_error *err);
    stoa_status (*attach)(void *session, stoa__call *call, const char *target, const char *name,
                          stoa_error *err);
    stoa_status (*detach)(void *session, stoa__call *call, const char *name, stoa_error *err);

    stoa_status (*blob_open)(void *session, stoa__call *call, const char *database,
                             const char *table, const char *column, int64_t row_id, bool writable,
                             void **blob, int64_t *size, stoa_error *err);
    stoa_status (*blob_read)(void *blob, stoa__call *call, int64_t offset, uint8_t *bytes,
                             int64_t size, stoa_error *err);
    stoa_status (*blob_write)(void *blob, stoa__call *call, int64_t offset, const uint8_t *bytes,
                              int64_t size, stoa_error *err);
    /* Ends it and commits outside a transaction; afterwards blob_close is still owed. */
    stoa_status (*blob_finish)(void *blob, stoa__call *call, stoa_error *err);
    void (*blob_close)(void *blob);
};

/* The engines of this build. `at` answers NULL behind the last. */
const struct stoa__engine *stoa__engine_find(const char *name, stoa_error *err);
const struct stoa__engine *stoa__engine_at(int32_t index);

#endif
