/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite engine's own objects, shared by the files of this folder and by nobody else.
 *
 *   instance.c     opening a target: settings, VFS, memory databases, second-SQLite check
 *   watch.c        which descriptors are ours; files that must not change
 *   gate.c         one writer a file in this process, in turns
 *   session.c      a connection of SQLite's: opening, hooks, reset, busy and progress handlers
 *   transaction.c  begin, commit, savepoints, what a failure did to the transaction
 *   statement.c    prepare and cache; parameters.c; execute.c: runs and the point query
 *   cursor.c       rows: cursor_type.c their types, cursor_batch.c into Arrow, cursor_rows.c packed
 *   type.c         declared types and Arrow types, both ways; column_type.c: the metadata table
 *   vtab.c         an Arrow source as a virtual table; filter.c: its pushed-down predicates
 *   ingest.c       tables made, filled, upserted; ingest_sql.c: the statements it needs
 *   scan.c         the caller's data by name, and the resolver
 *   function.c     user functions; aggregate.c; collation.c
 *   catalog.c, care.c, blob.c, read.c, fault.c (SQLite's codes to ours)
 */
#ifndef STOA_ENGINE_SQLITE_SQLITE_H
#define STOA_ENGINE_SQLITE_SQLITE_H

#include "base/arena.h"
#include "engine/engine.h"
#include "engine/sqlite/watch.h"
#include "sqlite3.h"

struct sqlite_gate;   /* gate.h */
struct sqlite_cursor; /* cursor.h */

/* Indices of the settings' choices. */
enum { SYNC_OFF, SYNC_NORMAL, SYNC_FULL, SYNC_EXTRA }; /* As PRAGMA synchronous numbers them. */
enum {
    JOURNAL_KEEP,
    JOURNAL_WAL,
    JOURNAL_DELETE,
    JOURNAL_TRUNCATE,
    JOURNAL_PERSIST,
    JOURNAL_MEMORY,
    JOURNAL_OFF /* Found, never chosen. */
};
enum { PROFILE_OWN, PROFILE_STRANGER };
enum { SHARED_FILE_REFUSE, SHARED_FILE_ALLOW };
enum { TEMP_FILE, TEMP_MEMORY };

/* Settings of the engine, in force for an instance. */
struct sqlite_config {
    bool create;
    bool read_only;
    int32_t journal; /* enum sqlite_journal: keep first */
    int32_t synchronous;
    int64_t busy_timeout_ms;
    bool foreign_keys;
    int64_t page_size, cache_size, wal_checkpoint_pages, journal_size_limit, memory_size_limit;
    int32_t profile; /* 0 own, 1 stranger */
    int32_t shared_file;
    int32_t temp_store;
};

/* One open target. Any thread; all but `spare` is fixed once open. */
struct sqlite_instance {
    struct sqlite_config config;
    char *path;     /* Absolute; the name in the shared VFS of a memory database. */
    char *address;  /* What SQLite opens: a file: URI. */
    bool memory;
    bool opened;     /* The file is there: no later connection may make it again. */
    int32_t journal; /* The mode found or brought about; of KEEP nothing is known yet. */
    bool wal;        /* That is WAL. */
    bool frozen;     /* Read-only, a WAL file nobody has open: see watch.h. */
    struct sqlite_file_mark mark; /* The file as it was when it was opened. */
    struct sqlite_gate *gate;     /* Counted; shared by all instances of the same file. */
    sqlite3 *anchor;         /* Memory: the connection that keeps the database alive. */
    _Atomic(sqlite3 *) spare; /* Opened to look at the file; the first session takes it. */
};

/* One connection of SQLite's. Only the holder of the core's in-use mark touches it. */
struct sqlite_session {
    struct sqlite_instance *instance;
    sqlite3 *db;
    stoa__call *call;   /* The call inside SQLite now: progress and busy handlers ask it. */
    bool dirty;         /* Something was changed that a reset cannot undo: do not pool. */
    bool in_callback;   /* A user's function or stream runs inside SQLite now. */
    bool holds_gate;
    sqlite3_stmt *stepping; /* By sqlite_step(), the innermost. */
    bool in_transaction;   /* As of the last settle: the caller's transaction is open. */
    bool read_transaction; /* Begun with STOA_BEGIN_READ: statements that write are refused. */
    bool held;             /* Statements must not end the transaction, */
    bool own_text;         /* but those that we run ourselves now. */
    bool changed_settings; /* session_set was used: reset restores the instance's. */
    struct sqlite_statement *cache_first, *cache_last; /* Most recent first. */
    int32_t cache_count;
    int32_t running;    /* Cursors open. */
    int32_t writing;    /* Of these, cursors of statements that write. */
    stoa_error failure; /* A callback's own error, behind SQLite's generic one; code 0: none. */
    struct sqlite_scan *scans;
    uint64_t scans_gone; /* So far. A statement from before one went may hold its data. */
    struct sqlite_function *functions;
    stoa_resolver resolver;
    void *resolver_data;
    struct sqlite_ingest_cache *ingest_cache;
    struct sqlite_type_cache *type_cache;
    int64_t busy_timeout_ms;
    int64_t busy_since_ns;
    bool catalog_ready; /* Functions of catalog.c are registered. */
    bool report_steps;  /* Progress of the call counts virtual machine steps. */
    int64_t steps;
    uint64_t savepoint_number;
};

/* ---- what hangs on a session, let go by those who own it; made again when it is needed ---- */

void sqlite_statement_cache_clear(struct sqlite_session *session); /* statement.c */
void sqlite_ingest_cache_clear(struct sqlite_session *session);    /* ingest.c */
void sqlite_type_cache_clear(struct sqlite_session *session);      /* column_type.c */
void sqlite_scans_clear(struct sqlite_session *session);           /* scan.c */

/* ---- session.c: entering and leaving SQLite ---- */

/* Make `call` the one the handlers ask; nested. Returns the one before, for leave. */
stoa__call *sqlite_enter(struct sqlite_session *session, stoa__call *call);
void sqlite_leave(struct sqlite_session *session, stoa__call *before);

/* Frozen files (watch.h): LOCKED when somebody has written since. Asked before a batch is given
 * out; free for all others. */
stoa_status sqlite_session_current(struct sqlite_session *session, stoa_error *err);

/* sqlite3_step(), for whatever may write: SQLite asks the progress handler once more when a
 * statement has ended, perhaps with a commit, and would answer that it was interrupted. */
static inline int sqlite_step(struct sqlite_session *session, sqlite3_stmt *statement)
{
    sqlite3_stmt *const before = session->stepping;
    int code;

    session->stepping = statement;
    code = sqlite3_step(statement);
    session->stepping = before;
    return code;
}

/* Run SQL without rows or parameters (our own text). */
stoa_status sqlite_run(struct sqlite_session *session, stoa__call *call, const char *sql,
                       stoa_error *err);
stoa_status sqlite_run_format(struct sqlite_session *session, stoa__call *call, stoa_error *err,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- scan.c ---- */

/* Before a statement is prepared, or taken from the cache, on a session with scans: scans of the
 * resolver's that served an earlier statement go, and scans that a stored table hides come forth
 * again. */
stoa_status sqlite_scans_settle(struct sqlite_session *session, stoa_error *err);

/* Ask the session's resolver for a table that was not found, by the name in SQLite's message
 * (which may begin with a database). `found`: it is there now, prepare again. */
stoa_status sqlite_resolve(struct sqlite_session *session, const char *name, bool *found,
                           stoa_error *err);

/* ---- fault.c ---- */

/*
 * The error behind a failed SQLite call on `session`: a callback's own failure if one is kept, the
 * call's stop if that was it, else by extended code and message (sqlite-arrow.md 10), position
 * included. Adds ROLLED_BACK (and says so) when the caller's transaction is gone. Clears
 * session->failure.
 */
stoa_status sqlite_fail(struct sqlite_session *session, int code, stoa_error *err);

/* ---- gate.c and transaction.c ---- */

/* Before anything that writes: take the gate unless held; waits with `call`. LOCKED when this
 * thread holds it through another session (names it). */
stoa_status sqlite_write_begin(struct sqlite_session *session, stoa__call *call, stoa_error *err);
/* The same, with work on offer (base/turn.h): DONE when whoever held the gate did it. */
stoa_status sqlite_write_offer(struct sqlite_session *session, struct stoa__turn_work *work,
                               stoa__call *call, stoa_error *err);
/* After any statement's end (done, failed or reset): note whether a transaction is open, and give
 * the gate back unless a write transaction or a writing cursor still needs it. */
void sqlite_write_settle(struct sqlite_session *session);

/* ---- type.c, column_type.c ---- */

/* Forms new tables use for values SQLite has no own type for; from the ingest config. */
struct sqlite_forms {
    int32_t uint64_form, decimal_form, temporal_form;
    bool strict;
};

/* How one column's values are stored and read: the pair of an Arrow type and a storage form.
 * sqlite-arrow.md 7.2 is the table. */
enum sqlite_form {
    SQLITE_FORM_INT,     /* INTEGER as it is: ints, bool, dates, times, ... */
    SQLITE_FORM_REAL,
    SQLITE_FORM_TEXT,    /* UTF-8 as it is. */
    SQLITE_FORM_BLOB,    /* Bytes as they are; FIXED too. */
    SQLITE_FORM_UINT64_TEXT,
    SQLITE_FORM_DECIMAL_TEXT,
    SQLITE_FORM_DECIMAL_INT,
    SQLITE_FORM_DATE_TEXT,
    SQLITE_FORM_TIME_TEXT,
    SQLITE_FORM_TIMESTAMP_TEXT,
    SQLITE_FORM_INTERVAL_BLOB,
    SQLITE_FORM_JSON, /* Nested types. */
    SQLITE_FORM_NULL
};

struct sqlite_column_form {
    const struct stoa__arrow_type *type; /* Value type: dictionary and run-end resolved. */
    enum sqlite_form form;
};

/* Declared type for a column of Arrow type `type` in a new table, appended to `out`; `metadata` is
 * set when the type needs a row in the metadata table to be read back as the same type. */
stoa_status sqlite_type_declare(const struct stoa__arrow_type *type,
                                const struct sqlite_forms *forms, stoa__buffer *out,
                                enum sqlite_form *form, bool *metadata, stoa_error *err);
/* The Arrow type and form a declared type promises; NULL type: it promises nothing (step 5 of
 * sqlite-arrow.md 7.3). `guaranteed`: values of another class cannot be there (STRICT). */
stoa_status sqlite_type_read(const char *declared, stoa__arena *arena,
                             struct stoa__arrow_type **type, enum sqlite_form *form,
                             stoa_error *err);

/* The metadata table, one row a column that its declared type does not fully describe. */
stoa_status sqlite_column_type_write(struct sqlite_session *session, stoa__call *call,
                                     const char *database, const char *table,
                                     const struct stoa__arrow_type *column, stoa_error *err);
/* NULL `type`: there is none, or it is stale. */
stoa_status sqlite_column_type_read(struct sqlite_session *session, stoa__call *call,
                                    const char *database, const char *table, const char *column,
                                    stoa__arena *arena, struct stoa__arrow_type **type,
                                    stoa_error *err);

/* Give row `row` of `array` (validated; offset added here) to SQLite, stored as `form`:
 * sqlite3_bind_* when `statement` is not NULL, else sqlite3_result_*. `stable`: the array's memory
 * outlives the statement's run, so texts may be SQLITE_STATIC. The general path; hot loops have
 * their own. Errors leave a sentence in `err`. */
stoa_status sqlite_put(const struct sqlite_column_form *form, const struct ArrowArray *array,
                       int64_t row, bool stable, int32_t nan, stoa__buffer *scratch,
                       sqlite3_stmt *statement, int position, sqlite3_context *context,
                       stoa_error *err);

/* ---- the engine table's functions, by file (contracts: engine/engine.h) ---- */

/* instance.c */
stoa_status sqlite_open(const char *rest, stoa__settings *settings, stoa__call *call,
                        void **instance, stoa_error *err);
void sqlite_close(void *instance);
stoa_status sqlite_shutdown(void *instance, stoa__call *call, stoa_error *err);
stoa_status sqlite_property(void *instance, const char *name, stoa__buffer *out, stoa_error *err);

/* session.c */
stoa_status sqlite_session_open(void *instance, stoa__call *call, void **session, stoa_error *err);
void sqlite_session_close(void *session);
stoa_status sqlite_session_reset(void *session, bool *reusable, stoa_error *err);
stoa_status sqlite_session_set(void *session, stoa__settings *settings, stoa_error *err);
stoa_status sqlite_ping(void *session, stoa__call *call, stoa_error *err);

/* transaction.c */
stoa_status sqlite_begin(void *session, stoa__call *call, int32_t mode, stoa_error *err);
stoa_status sqlite_commit(void *session, stoa__call *call, stoa_error *err);
stoa_status sqlite_rollback(void *session, stoa_error *err);
stoa_status sqlite_savepoint(void *session, stoa__call *call, const char *name, stoa_error *err);
stoa_status sqlite_savepoint_release(void *session, stoa__call *call, const char *name,
                                     stoa_error *err);
stoa_status sqlite_savepoint_rollback(void *session, stoa__call *call, const char *name,
                                      stoa_error *err);
int32_t sqlite_transaction(void *session);
void sqlite_transaction_hold(void *session, bool held);

#endif
