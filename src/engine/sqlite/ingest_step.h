/* SPDX-License-Identifier: Apache-2.0 */
/* Our own statements, prepared and stepped inside a session, and the few that are kept:
 * the ends of transactions and the question for the schema's version. */
#ifndef STOA_ENGINE_SQLITE_INGEST_STEP_H
#define STOA_ENGINE_SQLITE_INGEST_STEP_H

#include "engine/sqlite/sqlite.h"

/* Prepare text of ours; it does not make the session dirty. Owned by the caller:
 * sqlite3_finalize(). */
stoa_status sqlite_ask(struct sqlite_session *session, stoa__call *call,
                       sqlite3_stmt **out, stoa_error *err, const char *sql);
/* Bind ?1 and ?2 (NULL: not used), which outlive the statement's run. */
stoa_status sqlite_ask_texts(struct sqlite_session *session, sqlite3_stmt *statement,
                             const char *first, const char *second, stoa_error *err);
/* Step: OK with a row, DONE without. */
stoa_status sqlite_ask_next(struct sqlite_session *session, stoa__call *call,
                            sqlite3_stmt *statement, stoa_error *err);
/* Prepare, step to the end, finalize. `*changes` (may be NULL): rows it changed. */
stoa_status sqlite_ask_run(struct sqlite_session *session, stoa__call *call,
                           const char *sql, int64_t *changes, stoa_error *err);
/* The one integer of the one row that `sql` gives. */
stoa_status sqlite_ask_int(struct sqlite_session *session, stoa__call *call,
                           const char *sql, int64_t *out, stoa_error *err);

/* Prepared once a session. */
enum sqlite_step {
    STEP_BEGIN,
    STEP_COMMIT,
    STEP_ROLLBACK,
    STEP_SAVEPOINT,
    STEP_RELEASE,
    STEP_ROLLBACK_TO,
    STEP_COUNT
};

struct sqlite_steps {
    sqlite3_stmt *steps[STEP_COUNT];
    sqlite3_stmt *version; /* PRAGMA schema_version of: */
    char *version_database;
    int64_t refreshed; /* By statements for `version` that are gone. */
};

stoa_status sqlite_steps_run(struct sqlite_session *session, struct sqlite_steps *steps,
                             stoa__call *call, enum sqlite_step step, stoa_error *err);

/* A number that differs whenever what was known of the schema may no longer hold: its
 * version in the file, and how often SQLite itself has thrown away what it knew, as it
 * does when a change of the schema is rolled back. */
struct sqlite_schema_mark {
    int64_t version;
    int64_t refreshed;
};
stoa_status sqlite_steps_mark(struct sqlite_session *session, struct sqlite_steps *steps,
                              stoa__call *call, const char *database,
                              struct sqlite_schema_mark *out, stoa_error *err);

void sqlite_steps_release(struct sqlite_steps *steps);

#endif
