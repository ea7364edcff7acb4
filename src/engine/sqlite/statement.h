/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One prepared statement of a session: its text, its parameters, what it does, and its
 * runs. It knows no rows; cursor.h does.
 *
 * Parameters: how a value is bound
 *
 *   BOOL 0 or 1 · INT*, UINT8 to UINT32 integer · UINT64 integer, TYPE above 2^63-1 ·
 *   FLOAT* real (NaN: TYPE, or NULL with nan=null) · DATE days since 1970 · TIMESTAMP,
 *   TIME, DURATION integer microseconds, TYPE when the nanoseconds are no whole number of
 *   them: bind the integer of the column's own unit instead · INTERVAL 16 bytes
 *   (sqlite-arrow.md 7.2) · DECIMAL, JSON, TEXT, SYMBOL text · UUID, BYTES blob.
 *
 * SQLite does not tell what a placeholder is compared with, so the unit cannot follow the
 * column: microseconds are the unit of TIMESTAMP_US, which is what Stoa's own tables have
 * most.
 */
#ifndef STOA_ENGINE_SQLITE_STATEMENT_H
#define STOA_ENGINE_SQLITE_STATEMENT_H

#include "engine/sqlite/cursor.h"

/* What the first word says. */
enum sqlite_verb {
    SQLITE_VERB_OTHER,
    SQLITE_VERB_INSERT, /* REPLACE, and WITH that writes, too. */
    SQLITE_VERB_CHANGE  /* UPDATE, DELETE */
};

struct sqlite_statement {
    struct sqlite_session *session;
    sqlite3_stmt *stmt;
    struct sqlite_statement *next, *previous; /* In the cache, while nobody has it. */
    char *sql; /* Its key in the cache; NULL: it is not to be kept. */
    size_t sql_size;
    size_t used; /* Bytes of `sql` up to its end. */
    enum sqlite_verb verb;
    bool explain, pragma;
    uint64_t scans_gone;  /* The session's, when it was taken: later, it is not kept. */
    bool reads_insert_id; /* It uses last_insert_rowid(), which must not be touched. */
    bool running;         /* A cursor is open. */
    int32_t parameter_count;
    struct stoa__parameter *parameters; /* In `arena`; NULL until asked for. */
    bool *given;                        /* In `arena`: scratch of binding by name. */
    stoa__arena arena;
    stoa__buffer scratch;    /* Bytes that are bound in another form. */
    struct sqlite_plan plan; /* Of the last run. */
    struct sqlite_plan told; /* Of sqlite_statement_type(). */
};

/* How a run's values are held: borrowed until the run's end, or copied because it
 * outlives them. SQLite keeps the address of what was borrowed, but nothing looks at it: a run
 * binds all its values anew. */
enum sqlite_hold { SQLITE_HOLD_BORROWED, SQLITE_HOLD_COPIED };

/* parameters.c: bind all of `params` to `stmt`, which is `statement`'s own or a second
 * one of the same text. */
stoa_status sqlite_bind(struct sqlite_statement *statement, sqlite3_stmt *stmt,
                        const struct stoa__params *params, int32_t nan,
                        enum sqlite_hold hold, stoa_error *err);
/* Make statement->parameters. */
stoa_status sqlite_parameters_load(struct sqlite_statement *statement, stoa_error *err);

/* What a run needs around its steps to tell afterwards what it did: SQLite's own counts
 * are those of whatever statement counted last. */
struct sqlite_run {
    int64_t insert_id; /* The session's, to be put back. */
    bool watched;
};
void sqlite_run_begin(struct sqlite_statement *statement, struct sqlite_run *run);
/* Also when the run failed, then with `info` NULL. */
void sqlite_run_end(struct sqlite_statement *statement, const struct sqlite_run *run,
                    struct stoa__cursor_info *info);

/* Does it write, so that it needs the gate? */
bool sqlite_statement_writes(const struct sqlite_statement *statement);

/* A statement may name this many tables that are made for it. */
enum { SQLITE_RESOLVE_MAX = 64 };
/* SQLite failed, which `failed` and `err` tell. Was it a missing table, have somebody
 * make it: OK, try again. Otherwise the failure stays. */
stoa_status sqlite_statement_resolve(struct sqlite_session *session, stoa_status failed,
                                     stoa_error *err);

/* statement.c (contracts: engine/engine.h) */
stoa_status sqlite_prepare(void *session, stoa__call *call, const char *sql, size_t size,
                           size_t *used, void **statement, stoa_error *err);
void sqlite_statement_close(void *statement);
stoa_status sqlite_statement_parameters(void *statement,
                                        const struct stoa__parameter **list,
                                        int64_t *count, stoa_error *err);
stoa_status sqlite_statement_type(void *statement, const struct stoa__read_config *config,
                                  const struct stoa__arrow_type **type, stoa_error *err);

/* execute.c */
stoa_status sqlite_execute(void *statement, stoa__call *call,
                           const struct stoa__params *params,
                           const struct stoa__read_config *config, void **cursor,
                           stoa_error *err);
/* Prepare `sql`, which is one statement, and open a cursor that closes it. */
stoa_status sqlite_query_owned(struct sqlite_session *session, stoa__call *call,
                               const char *sql, size_t size,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config, void **cursor,
                               stoa_error *err);
stoa_status sqlite_execute_source(void *statement, stoa__call *call,
                                  struct stoa__source *rows, int32_t nan, stoa_done *out,
                                  stoa_error *err);
stoa_status sqlite_execute_row(void *statement, stoa__call *call,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config,
                               struct stoa__row_writer *out,
                               struct stoa__cursor_info *info, stoa_error *err);
stoa_status sqlite_execute_rows(void *statement, stoa__call *call,
                                const struct stoa__params *params, int64_t row_count,
                                int32_t nan, struct stoa__cursor_info *info,
                                int64_t *rows_done, stoa_error *err);

#endif
