/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/db.h: databases, connections, transactions and the care of a database.
 *
 * Targets are "engine:rest"; a bare path means "sqlite:". `?key=value` settings are read only
 * behind a scheme, so a file name may hold a question mark.
 *
 *   app.db   sqlite:app.db?journal=wal   sqlite::memory:   :memory:   null:
 *
 * A child of fork() is answered STOA_ERR_FORKED for every handle of its parent, and by stoa_open()
 * if a database was open when it was made: locks of files do not cross fork(). After exec it is a
 * process like any other.
 */
#ifndef STOA_DB_H
#define STOA_DB_H

#include "stoa/base.h"
#include "stoa/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An open database. Any thread may use it, at any time. */
typedef struct stoa_db {
    uint64_t id;
} stoa_db;

/* One session with a database: its statements and its open transaction. Used by one thread at a
 * time, but may move between threads; a second thread is answered STOA_ERR_BUSY. */
typedef struct stoa_conn {
    uint64_t id;
} stoa_conn;

/* What an engine can do; stoa_db_supports(). Missing abilities answer STOA_ERR_UNSUPPORTED. */
enum {
    STOA_CAN_SQL = 1,
    STOA_CAN_PREPARE = 2,
    STOA_CAN_TRANSACTIONS = 3,
    STOA_CAN_SAVEPOINTS = 4,
    STOA_CAN_INGEST = 5,
    STOA_CAN_UPSERT = 6,
    STOA_CAN_TRUNCATE = 7,
    STOA_CAN_DEDUP = 8,
    STOA_CAN_MULTI_TABLE_PUSH = 9, /* Several tables in one transaction. */
    STOA_CAN_SCANS = 10,
    STOA_CAN_FUNCTIONS = 11,
    STOA_CAN_COLLATIONS = 12,
    STOA_CAN_BLOBS = 13,
    STOA_CAN_BACKUP = 14,
    STOA_CAN_CHECK = 15,
    STOA_CAN_CHECKPOINT = 16,
    STOA_CAN_VACUUM = 17,
    STOA_CAN_CATALOG = 18,
    STOA_CAN_READ = 19,
    STOA_CAN_MULTI_STATEMENT = 20,
    STOA_CAN_DURABLE_ACK = 21,
    STOA_CAN_KEY_VALUE = 22,      /* No engine yet. */
    STOA_CAN_ADMINISTRATION = 23, /* No engine yet. */
    STOA_CAN_SUBSCRIPTIONS = 24,  /* No engine yet. */
    STOA_CAN_DRY_RUNS = 25
};

/*
 * Open a database. May block.
 *
 *   target     Borrowed for the call. See the top of this page.
 *   options    Settings, which win over those in the target; borrowed for the call. Unknown keys
 *              fail and the nearest known one is named.
 *
 * Settings of every engine: pool_idle_max (idle sessions kept, 8), read_only (no),
 * batch_rows (65536), types, type_mismatch, nan (see stoa_conn_set). Those of SQLite:
 *
 *   create          yes | no           make the file when it is missing (yes)
 *   journal         keep | wal | delete | truncate | persist | memory
 *                                      new files: wal; an existing file keeps its mode
 *   synchronous     full | normal | extra | off          user connections (full)
 *   busy_timeout    time to wait for another writer (5s)
 *   foreign_keys    yes | no (yes)
 *   page_size, cache_size, wal_checkpoint_pages, journal_size_limit, memory_size_limit
 *   profile         own | stranger     stranger: a file from somebody else: defensive mode,
 *                                      untrusted schema, cell size checks, tight limits, read only
 *                                      unless read_only=no is given (own)
 *   shared_file     refuse | allow     what to do when another SQLite in this process has the file
 *                                      open, whose close would drop our locks (refuse)
 *   temp_store      memory | file (memory)
 */
STOA_API stoa_status stoa_open(stoa_op op, const char *target, int64_t target_size,
                               const stoa_option *options, int64_t option_count, stoa_db *out,
                               stoa_error *err);

/* Abandon `db` and everything opened from it. Never fails, never waits; calls running on it in
 * other threads are cancelled. To flush and be told, stoa_db_shutdown() first. Arrow data and
 * streams handed out stay usable. */
STOA_API void stoa_db_close(stoa_db db);

/* Finish everything: refuse new work, wait for running calls, flush ingests, end exported streams
 * with a sticky error, checkpoint, and release file and locks; then close. May block; when it fails
 * the database is open still and may be shut down again or closed. */
STOA_API stoa_status stoa_db_shutdown(stoa_db db, stoa_op op, stoa_error *err);

/* 1 in `out` if the engine can do `capability` (STOA_CAN_*), else 0. */
STOA_API stoa_status stoa_db_supports(stoa_db db, int32_t capability, int32_t *out,
                                      stoa_error *err);

/*
 * A property as text: "engine", "engine_version", "target" (secrets masked), "path", "read_only",
 * and the engine's settings in force by their own names.
 *
 *   text, text_capacity   The caller's buffer; always NUL-terminated when the capacity is > 0.
 *   text_size             Out: bytes needed without the NUL; the value was cut when it is >= the
 *                         capacity. May be NULL.
 */
STOA_API stoa_status stoa_db_property(stoa_db db, const char *name, int64_t name_size, char *text,
                                      int64_t text_capacity, int64_t *text_size, stoa_error *err);

/* Open a connection: a session of the pool, or a new one. May block. `options` as in
 * stoa_conn_set(). */
STOA_API stoa_status stoa_connect(stoa_db db, stoa_op op, const stoa_option *options,
                                  int64_t option_count, stoa_conn *out, stoa_error *err);

/* Abandon the connection, its statements, results, scans, functions and open transaction (which
 * is rolled back). Never fails, never waits. Exported streams go on. */
STOA_API void stoa_conn_close(stoa_conn conn);

/* Make the connection as good as new: roll back, close its statements and results, drop its scans,
 * functions and temporary objects, detach, restore its settings. Streams exported from it end with
 * a sticky error. May block. */
STOA_API stoa_status stoa_conn_reset(stoa_conn conn, stoa_op op, stoa_error *err);

/* Ask the engine for a sign of life. May block. */
STOA_API stoa_status stoa_ping(stoa_conn conn, stoa_op op, stoa_error *err);

/*
 * Change settings of this connection; they hold for statements begun later.
 *
 *   batch_rows      rows in a batch of a result, 1 to 16777216 (65536)
 *   types           declared | affinity | infer | exact: how result columns get their types
 *   type_mismatch   error | null | text | union: what becomes of a value that does not fit the
 *                   type its column has (error)
 *   nan             error | null: a NaN for an engine that cannot hold it (error)
 *   busy_timeout, synchronous, foreign_keys: as in stoa_open()
 */
STOA_API stoa_status stoa_conn_set(stoa_conn conn, const stoa_option *options,
                                   int64_t option_count, stoa_error *err);

/* ---- transactions ---- */

/* How a transaction begins. */
enum {
    STOA_BEGIN_WRITE = 0, /* Takes the write lock at once (SQLite: IMMEDIATE). */
    STOA_BEGIN_READ = 1,  /* Only reads; writing in it is STOA_ERR_READ_ONLY. */
    STOA_BEGIN_LAZY = 2   /* Takes the write lock at its first write. */
};

/* May block: for the write lock, in turns, in order of arrival; INVALID when a transaction is open;
 * LOCKED when this very thread holds it through another connection, or when somebody keeps it past
 * busy_timeout. */
STOA_API stoa_status stoa_begin(stoa_conn conn, stoa_op op, int32_t mode, stoa_error *err);
/* May block, and is not cut short by a cancel once begun. INVALID when no transaction is open. */
STOA_API stoa_status stoa_commit(stoa_conn conn, stoa_op op, stoa_error *err);
/* INVALID when no transaction is open. */
STOA_API stoa_status stoa_rollback(stoa_conn conn, stoa_op op, stoa_error *err);

/* Set, forget or return to a point inside the transaction (one is begun when none is open).
 * Returning keeps the point. */
STOA_API stoa_status stoa_savepoint(stoa_conn conn, stoa_op op, const char *name,
                                    int64_t name_size, stoa_error *err);
STOA_API stoa_status stoa_savepoint_release(stoa_conn conn, stoa_op op, const char *name,
                                            int64_t name_size, stoa_error *err);
STOA_API stoa_status stoa_savepoint_rollback(stoa_conn conn, stoa_op op, const char *name,
                                             int64_t name_size, stoa_error *err);

/* Whether a transaction is open. */
enum { STOA_TRANSACTION_NONE = 0, STOA_TRANSACTION_READ = 1, STOA_TRANSACTION_WRITE = 2 };
STOA_API stoa_status stoa_conn_transaction(stoa_conn conn, int32_t *state, stoa_error *err);

/*
 * Begin a dry run: one real transaction, which sees its own writes and is rolled back whatever
 * happens. While it lasts stoa_begin(), stoa_commit() and stoa_rollback() succeed and do nothing,
 * so that code with transactions of its own runs inside; statements that would end the transaction
 * (COMMIT, END, ROLLBACK) are INVALID, whenever they were prepared; savepoints work. INVALID when a
 * dry run or a transaction is active already. When the engine itself rolls the transaction back,
 * every call is INVALID until the dry run is ended. stoa_conn_reset() and closing end it, too.
 * Takes the write lock as stoa_begin() does. May block.
 */
STOA_API stoa_status stoa_dry_run_begin(stoa_conn conn, stoa_op op, stoa_error *err);
/* Roll everything back. INVALID when there is no dry run. May block. */
STOA_API stoa_status stoa_dry_run_end(stoa_conn conn, stoa_op op, stoa_error *err);
/* 1 in `active` while there is one, else 0. */
STOA_API stoa_status stoa_conn_dry_run(stoa_conn conn, int32_t *active, stoa_error *err);

/* ---- care ---- */

/* Copy the database, while others use it, to `path`, which must not exist or be an empty file
 * (EXISTS otherwise, unless `replace` is 1: then it is replaced once the copy is complete and
 * synced). Progress in pages. May block. */
STOA_API stoa_status stoa_backup(stoa_conn conn, stoa_op op, const char *path, int64_t path_size,
                                 int32_t replace, stoa_error *err);

/* Replace the whole content by that of the database at `path`, in one transaction. LOCKED while
 * anybody reads or writes. Progress in pages. May block. */
STOA_API stoa_status stoa_restore(stoa_conn conn, stoa_op op, const char *path, int64_t path_size,
                                  stoa_error *err);

/* How closely to check. */
enum { STOA_CHECK_QUICK = 0, STOA_CHECK_INTEGRITY = 1 };

/* Check the database. `problems` counts what was found; the first is in the caller's `text` buffer
 * (may be NULL). Problems are not a failure of the call. May block. */
STOA_API stoa_status stoa_check(stoa_conn conn, stoa_op op, int32_t level, int64_t *problems,
                                char *text, int64_t text_capacity, stoa_error *err);

/* Move the write-ahead log into the database: as far as nobody is in the way, or all of it. */
enum { STOA_CHECKPOINT_PASSIVE = 0, STOA_CHECKPOINT_FULL = 1, STOA_CHECKPOINT_TRUNCATE = 2 };
STOA_API stoa_status stoa_checkpoint(stoa_conn conn, stoa_op op, int32_t mode, stoa_error *err);

/* Rebuild the database without its free pages. Not inside a transaction. May block. */
STOA_API stoa_status stoa_vacuum(stoa_conn conn, stoa_op op, stoa_error *err);

/* Make another database visible under `name` in this connection's statements, or no more. The
 * target is opened by the connection's own engine. */
STOA_API stoa_status stoa_attach(stoa_conn conn, stoa_op op, const char *target,
                                 int64_t target_size, const char *name, int64_t name_size,
                                 stoa_error *err);
STOA_API stoa_status stoa_detach(stoa_conn conn, stoa_op op, const char *name, int64_t name_size,
                                 stoa_error *err);

/* ---- blobs by stream ---- */

/* One stored value opened for reading or writing in place. Used like its connection. */
typedef struct stoa_blob {
    uint64_t id;
} stoa_blob;

/*
 * Open the blob or text at `column` of the row with `row_id`. Its size is fixed; make room with
 * zeroblob(n). May block.
 *
 *   database   "main", "temp" or an attached name; a size of 0 means "main".
 *   writable   1 to write as well.
 */
STOA_API stoa_status stoa_blob_open(stoa_conn conn, stoa_op op, const char *database,
                                    int64_t database_size, const char *table, int64_t table_size,
                                    const char *column, int64_t column_size, int64_t row_id,
                                    int32_t writable, stoa_blob *out, stoa_error *err);
STOA_API stoa_status stoa_blob_size(stoa_blob blob, int64_t *size, stoa_error *err);
/* Exactly `size` bytes at `offset`; INVALID beyond the end. CLOSED once the row was changed by
 * other means. */
STOA_API stoa_status stoa_blob_read(stoa_blob blob, stoa_op op, int64_t offset, uint8_t *bytes,
                                    int64_t size, stoa_error *err);
STOA_API stoa_status stoa_blob_write(stoa_blob blob, stoa_op op, int64_t offset,
                                     const uint8_t *bytes, int64_t size, stoa_error *err);
/* Outside a transaction a write is committed when its blob is closed; stoa_blob_finish() closes
 * and reports. */
STOA_API stoa_status stoa_blob_finish(stoa_blob blob, stoa_op op, stoa_error *err);
STOA_API void stoa_blob_close(stoa_blob blob);

#ifdef __cplusplus
}
#endif

#endif
