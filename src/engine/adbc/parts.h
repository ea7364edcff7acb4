/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of this engine, shared by its files: instance, session, statement, cursor.
 *
 *   The foreign structs are members of ours, so they stay where they were made and are never
 *   copied. Each operation uses a fresh foreign statement; the foreign order of release is stream,
 *   statement, connection, database. Calls that may block run on the session's worker, or are
 *   watched by it; those that only note something (options, binding, release) run on the calling
 *   thread.
 */
#ifndef STOA_ENGINE_ADBC_PARTS_H
#define STOA_ENGINE_ADBC_PARTS_H

#include "engine/adbc/ability.h"
#include "engine/adbc/target.h"
#include "engine/adbc/worker.h"
#include "engine/engine.h"
#include "text/sql_params.h"

/* ---- what is known of a vendor ---- */

/* A failure whose text contains `part`. */
struct adbc_text_rule {
    const char *part;
    stoa_status status;
};

struct adbc_quirk {
    const char *vendor; /* As the driver names its database; "" for all others. */
    uint32_t dialect;   /* STOA__SQL_* of text/sql.h */
    enum stoa__sql_style style;
    const char *batch_rows_key; /* The statement option that bounds a batch; NULL: none. */
    const char *copy_key;       /* The one that is "false" for rows that are no query's: SHOW and
                                   EXPLAIN cannot be read by COPY; NULL: none. */
    const char *reset_sql;      /* Makes a used session new; NULL: none. */
    const struct adbc_text_rule *texts; /* Ends with a NULL part. */
    const char *read_only_sql;  /* For a session, where no option does it; NULL: none. */
    bool in_process;            /* A new connection costs nothing: so a session is made new. */
    bool local;                 /* Calls do not wait for a server, whose silence or SIGPIPE would
                                   be the calling thread's: they run on it when it has no tick. */
    bool sql_transactions;      /* What a result left open is taken for the transaction that is to
                                   begin, and ends with it: so transactions are begun by SQL. */
    bool savepoints;
    bool durable_commit;        /* What is committed survives the loss of power. */
    bool one_stream;            /* A second execution spoils an open stream. */
    bool one_row_binds;         /* Binds of several rows are refused: they go one by one. */
    bool reads_ahead;           /* Validity of a window is read beyond its end. */
    bool append_by_position;    /* Appending ignores the names of columns. */
    bool loses_nan;             /* NaN is stored as NULL. */
    bool wraps_uint64;          /* What is above the largest int64 becomes negative. */
    bool cuts_nanoseconds;      /* Times are kept in microseconds. */
    bool error_ends_transaction; /* After a failure only a rollback helps; COMMIT says nothing. */
    bool atomic_ingest;         /* A failed ingest leaves nothing, without a transaction. */
};
/* By the vendor's name; never NULL. */
const struct adbc_quirk *adbc_quirk_find(const char *vendor);

/* ---- instance ---- */

struct adbc_instance {
    const char *engine; /* "adbc", "duckdb", ...: begins error texts. */
    struct adbc_driver *driver;
    struct adbc_object database;
    stoa__arena arena; /* Of the target. */
    struct adbc_target target;
    _Atomic uint64_t has, lacks; /* 1 << ADBC_CAN_* */
    struct adbc_session *spare; /* Opened with the database, for the first who wants one. */
    stoa__mutex lock;       /* Guards `spare`. */
    const struct adbc_quirk *quirk; /* This and the rest: found out by the first session. */
    char *vendor, *vendor_version, *driver_name, *driver_version;
};

/* The error form the driver's version understands. */
adbc_error adbc_error_for(const struct adbc_instance *instance);
/* Turn what a driver said into ours; `error` is released. `what` begins the sentence if not NULL.
 * `status` may be OK: then the driver broke its rules, and `what` says how. */
stoa_status adbc_fail(const struct adbc_instance *instance, adbc_status status, adbc_error *error,
                      const char *what, stoa_error *err);
/* Release what a call that succeeded may have left. */
void adbc_error_drop(adbc_error *error);
/* A failure of the driver's stream, as stream_in said it; may ask the driver for more. */
stoa_status adbc_fail_stream(const struct adbc_instance *instance, struct ArrowArrayStream *stream,
                             stoa_error *err);
/* Where the statement is wrong, if the text quotes it. */
void adbc_error_place(const struct adbc_instance *instance, const char *sql, size_t size,
                      stoa_error *err);

/* ---- abilities ---- */

/* ADBC_NO, ADBC_YES or ADBC_UNKNOWN_ABILITY. A no stays one. */
int adbc_ability(const struct adbc_instance *instance, int ability);
bool adbc_lacks(const struct adbc_instance *instance, int ability);
void adbc_note(struct adbc_instance *instance, int ability, bool can);
/* OK: it can. NOT_IMPLEMENTED: it cannot. Anything else tells nothing. */
void adbc_note_answer(struct adbc_instance *instance, int ability, adbc_status status);
/* What the driver's table tells, and what was measured before. */
void adbc_note_table(struct adbc_instance *instance);
void adbc_note_quirk(struct adbc_instance *instance);
/* Names of those that are `which`, behind commas. */
stoa_status adbc_abilities_list(const struct adbc_instance *instance, int which,
                                stoa__buffer *out);
/* STOA__CAN() of what the engine offers and this driver was found not to have. */
uint64_t adbc_lacking(void *instance);

stoa_status adbc_open(const char *engine, const char *rest, stoa__settings *settings,
                      stoa__call *call, void **out, stoa_error *err);
void adbc_close(void *instance);
stoa_status adbc_property(void *instance, const char *name, stoa__buffer *out, stoa_error *err);

/* ---- session ---- */

struct adbc_session {
    struct adbc_instance *instance;
    struct adbc_object connection;
    struct adbc_worker worker;
    int32_t transaction;  /* STOA_TRANSACTION_* */
    bool failed;          /* The transaction can only be rolled back. */
    bool working;         /* A job runs: what it calls back finds the driver occupied. */
    char *outer_savepoint; /* The one that began the transaction; NULL: none did. */
    struct adbc_cursor *streams; /* Those that are open and not read to their end. */
};

stoa_status adbc_session_open(void *instance, stoa__call *call, void **out, stoa_error *err);
void adbc_session_close(void *session);
stoa_status adbc_session_reset(void *session, bool *reusable, stoa_error *err);
stoa_status adbc_session_set(void *session, stoa__settings *settings, stoa_error *err);
stoa_status adbc_ping(void *session, stoa__call *call, stoa_error *err);

/* The target's options; `late` are those refused before Init. */
stoa_status adbc_session_options(struct adbc_session *session, uint64_t *late, bool again,
                                 stoa_error *err);

/* A job that may block; `statement` is what is cancelled (NULL: the connection). It runs on the
 * worker, or, where the database is local and the call does not tick, on this thread, watched by
 * the worker's. "On the worker" below means in such a job. */
stoa_status adbc_work(struct adbc_session *session, stoa__call *call, struct adbc_object *statement,
                      stoa_status (*run)(void *self, stoa_error *err), void *self,
                      stoa_error *err);
/* Would it run on this thread? */
bool adbc_works_here(const struct adbc_session *session, const stoa__call *call);
/* One that pulls from the caller: always on the worker. */
stoa_status adbc_work_fed(struct adbc_session *session, stoa__call *call,
                          struct adbc_object *statement,
                          stoa_status (*run)(void *self, stoa_error *err), void *self,
                          stoa_error *err);

/* Called on the worker: one statement of our own, without rows. */
stoa_status adbc_run_now(struct adbc_session *session, const char *sql, int64_t *rows,
                         stoa_error *err);
/* Called on the worker. */
stoa_status adbc_autocommit_now(struct adbc_session *session, bool on, stoa_error *err);

stoa_status adbc_begin(void *session, stoa__call *call, int32_t mode, stoa_error *err);
stoa_status adbc_commit(void *session, stoa__call *call, stoa_error *err);
stoa_status adbc_rollback(void *session, stoa_error *err);
stoa_status adbc_savepoint(void *session, stoa__call *call, const char *name, stoa_error *err);
stoa_status adbc_savepoint_release(void *session, stoa__call *call, const char *name,
                                   stoa_error *err);
stoa_status adbc_savepoint_rollback(void *session, stoa__call *call, const char *name,
                                    stoa_error *err);
int32_t adbc_transaction(void *session);
/* Something failed inside the transaction. */
void adbc_note_failure(struct adbc_session *session);

/* Ask a connection who it is, for its instance. On the worker. */
stoa_status adbc_know(struct adbc_session *session, stoa_error *err);

/* ---- statement ---- */

enum adbc_verb {
    ADBC_VERB_READ, /* Gives rows, and may write (WITH). */
    ADBC_VERB_WRITE, /* INSERT and the like: has a count. */
    ADBC_VERB_DEFINE, /* CREATE and the like: has none. */
    ADBC_VERB_BEGIN,
    ADBC_VERB_COMMIT,
    ADBC_VERB_ROLLBACK
};

struct adbc_statement {
    struct adbc_session *session;
    struct adbc_object native; /* state NULL: a transaction's, or spoilt. */
    enum adbc_verb verb;
    bool returns_rows, writes;
    bool shows; /* It gives rows, and is no query: SHOW, EXPLAIN. */
    char *sql; /* As the driver has it. */
    stoa__sql_params params; /* Names point into `text`. */
    char *text;
    size_t text_size;
    struct stoa__parameter *parameters; /* Made when asked for. */
    struct stoa__arrow_type *type;      /* Likewise. */
    stoa__arena arena;
};

stoa_status adbc_prepare(void *session, stoa__call *call, const char *sql, size_t size,
                         size_t *used, void **statement, stoa_error *err);
void adbc_statement_close(void *statement);
stoa_status adbc_statement_parameters(void *statement, const struct stoa__parameter **list,
                                      int64_t *count, stoa_error *err);
stoa_status adbc_statement_type(void *statement, const struct stoa__read_config *config,
                                const struct stoa__arrow_type **type, stoa_error *err);
stoa_status adbc_execute(void *statement, stoa__call *call, const struct stoa__params *params,
                         const struct stoa__read_config *config, void **cursor, stoa_error *err);
stoa_status adbc_execute_source(void *statement, stoa__call *call, struct stoa__source *rows,
                                int32_t nan, stoa_done *out, stoa_error *err);

/* A new foreign statement. One that a job works with and that may be cancelled meanwhile is made
 * before the job and closed after it, on the calling thread: so who cancels it finds it whole. */
stoa_status adbc_native_new(struct adbc_session *session, struct adbc_object *native,
                            stoa_error *err);
/* The same with its text; on the worker. */
stoa_status adbc_native_open(struct adbc_session *session, struct adbc_object *native,
                             const char *sql, stoa_error *err);
void adbc_native_close(struct adbc_session *session, struct adbc_object *native);

/* Packed values as one row. `places` of a statement with question marks may repeat values. */
stoa_status adbc_bind_values(struct adbc_statement *statement, struct adbc_object *native,
                             const struct stoa__params *params, stoa_error *err);

/* ---- cursor ---- */

struct adbc_cursor {
    struct adbc_session *session;
    struct adbc_cursor *next, *previous; /* In session->streams while `streaming`. */
    struct adbc_object *statement;       /* What to cancel; may be NULL. */
    struct stoa__stream_in in;           /* type NULL: none, `type` says all. */
    bool streaming;
    struct stoa__arrow_type *type; /* Of rows without a stream; in `arena`. */
    struct stoa__arrow_type *wanted; /* cursor_request; in `arena`. */
    stoa__arena arena;
    struct ArrowArray rest; /* Shared; what of the last batch was not given yet. */
    int64_t rest_row, rest_count;
    struct ArrowArray *kept; /* Batches read ahead, or made here. */
    int64_t kept_count, kept_at, kept_room;
    bool gathers; /* Batches are made on the worker: several at a time. */
    struct ArrowArray top; /* Shared: the last one gathered, kept until others are. */
    int64_t batch_rows;
    int64_t rows_affected, rows_read;
    stoa_error failure; /* Of draining ahead. */
};

/* A cursor over one batch of our own; takes it. The type is copied. */
stoa_status adbc_cursor_of_batch(struct adbc_session *session, const struct stoa__arrow_type *type,
                                 struct ArrowArray *batch, void **cursor, stoa_error *err);
struct adbc_cursor *adbc_cursor_new(struct adbc_session *session, stoa_error *err);
/* The stream of an execution, on the worker: read its schema. Takes `stream` in any case. Then, on
 * the calling thread, adbc_cursor_opened(). */
stoa_status adbc_cursor_stream(struct adbc_cursor *cursor, struct ArrowArrayStream *stream,
                               stoa_error *err);
void adbc_cursor_opened(struct adbc_cursor *cursor);
/* Before another execution: where a database has one stream at a time, those that are open are
 * read into memory, or in the way (BUSY). `always`: wherever there are any, because what comes may
 * read them. */
stoa_status adbc_make_room(struct adbc_session *session, stoa__call *call, bool always,
                           stoa_error *err);
stoa_status adbc_cursor_type(void *cursor, stoa__call *call, const struct stoa__arrow_type **type,
                             stoa_error *err);
stoa_status adbc_cursor_request(void *cursor, const struct stoa__arrow_type *type,
                                stoa_error *err);
stoa_status adbc_cursor_next(void *cursor, stoa__call *call, struct ArrowArray *out,
                             stoa_error *err);
void adbc_cursor_info(void *cursor, struct stoa__cursor_info *out);
void adbc_cursor_close(void *cursor);

/* ---- units ---- */

enum adbc_unit_kind {
    ADBC_UNIT_NONE,     /* The driver has no transactions, and nothing is promised. */
    ADBC_UNIT_DRIVER,   /* Nor has it, but its ingest is all or nothing by itself. */
    ADBC_UNIT_STAGE,    /* Nor has it: rows go by way of a stage. */
    ADBC_UNIT_OWN,      /* A transaction of ours. */
    ADBC_UNIT_SAVEPOINT, /* In the caller's. */
    ADBC_UNIT_CALLERS   /* The caller's itself: a failure dooms it. */
};
struct adbc_unit {
    struct adbc_session *session;
    enum adbc_unit_kind kind;
    bool lied; /* The driver said that all is well, and it was not. */
};
stoa_status adbc_unit_begin(struct adbc_unit *unit, struct adbc_session *session, stoa__call *call,
                            stoa_error *err);
/* Keep what was done if `rc` is OK, else put it back; the answer is `rc`, or why keeping failed. */
stoa_status adbc_unit_end(struct adbc_unit *unit, stoa__call *call, stoa_status rc,
                          stoa_error *err);

/* ---- stages ---- */

/* INSERT INTO the table (columns) SELECT columns FROM `from`, which is SQL. On the worker. */
stoa_status adbc_copy_now(struct adbc_session *session, const char *database, const char *table,
                          const struct stoa__arrow_type *columns, const char *from,
                          stoa_error *err);

/* Where there are no transactions: rows are written to a table of their own, the stage, and from
 * there into their table by single statements. Whatever fails before leaves the table untouched. */
enum { ADBC_STAGE_NAME_SIZE = 32 };
struct adbc_stage {
    struct adbc_session *session;
    const char *database, *table; /* database NULL: where the driver puts it. */
    int32_t mode;                 /* STOA__INGEST_CREATE, APPEND or REPLACE: what there is to do. */
    bool there;                   /* The table is. */
    char name[ADBC_STAGE_NAME_SIZE], old[ADBC_STAGE_NAME_SIZE];
};
/* Look whether the table is there, which may settle it already: EXISTS, NOT_FOUND. */
stoa_status adbc_stage_open(struct adbc_stage *stage, stoa__call *call, stoa_error *err);
/* The rows are in the stage: put them where they belong. It cannot be cut short. */
stoa_status adbc_stage_publish(struct adbc_stage *stage, const struct stoa__arrow_type *columns,
                               stoa_error *err);
/* Forget the stage; `err` holds why, and is told when even that fails. */
void adbc_stage_drop(struct adbc_stage *stage, stoa_error *err);

/* ---- what is pulled from the caller ---- */

/* A source as a stream for a driver: it counts, remembers the first failure, notes whether the end
 * was reached, and pulls on the calling thread. */
struct adbc_feed;
/* `columns` (may be NULL: all) are the source's columns to hand over, in their order. */
stoa_status adbc_feed_new(struct adbc_session *session, struct stoa__source *source,
                          stoa__call *call, const int32_t *columns, int32_t column_count,
                          int32_t nan, struct adbc_feed **out, stoa_error *err);
/* The stream to hand over; once. */
void adbc_feed_stream(struct adbc_feed *feed, struct ArrowArrayStream *out);
int64_t adbc_feed_rows(const struct adbc_feed *feed);
/* OK, or why the rows are not all there: the source's own failure, or that the driver stopped
 * reading. */
stoa_status adbc_feed_check(struct adbc_feed *feed, stoa_error *err);
/* The source's own failure alone: OK if it had none. */
stoa_status adbc_feed_failure(struct adbc_feed *feed, stoa_error *err);
/* Cut it off from the source: whoever pulls later gets a failure. */
void adbc_feed_end(struct adbc_feed *feed);

/* ---- ingest, catalogue ---- */

stoa_status adbc_ingest_open(void *session, const struct stoa__ingest_config *config,
                             void **ingest, stoa_error *err);
stoa_status adbc_ingest_append(void *ingest, stoa__call *call, struct stoa__ingest_part *parts,
                               int64_t part_count, int32_t *level, stoa_error *err);
stoa_status adbc_ingest_commit(void *ingest, stoa__call *call, stoa_error *err);
stoa_status adbc_ingest_sync(void *ingest, stoa__call *call, stoa_error *err);
void adbc_ingest_close(void *ingest);

stoa_status adbc_catalog(void *session, stoa__call *call, int32_t what, const char *database,
                         const char *table, void **cursor, stoa_error *err);
stoa_status adbc_table_type(void *session, stoa__call *call, const char *database,
                            const char *table, stoa__arena *arena, struct stoa__arrow_type **type,
                            stoa_error *err);
#endif
