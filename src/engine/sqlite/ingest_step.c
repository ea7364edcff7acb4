/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/ingest_step.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/ingest_sql.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static stoa_status prepare(struct sqlite_session *session, stoa__call *call,
                           const char *sql, unsigned flags, sqlite3_stmt **out,
                           stoa_error *err)
{
    const bool was_dirty = session->dirty; /* Our own text: we know what it does. */
    stoa__call *const before = sqlite_enter(session, call);
    const int code = sqlite3_prepare_v3(session->db, sql, -1, flags, out, NULL);
    stoa_status rc = code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);

    sqlite_leave(session, before);
    session->dirty = was_dirty;
    return rc;
}

stoa_status sqlite_ask(struct sqlite_session *session, stoa__call *call,
                       sqlite3_stmt **out, stoa_error *err, const char *sql)
{
    return prepare(session, call, sql, 0, out, err);
}

stoa_status sqlite_ask_texts(struct sqlite_session *session, sqlite3_stmt *statement,
                             const char *first, const char *second, stoa_error *err)
{
    int code = sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);

    if (code == SQLITE_OK && second)
        code = sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
    return code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);
}

stoa_status sqlite_ask_next(struct sqlite_session *session, stoa__call *call,
                            sqlite3_stmt *statement, stoa_error *err)
{
    const bool was_dirty = session->dirty;
    stoa__call *const before = sqlite_enter(session, call);
    const int code = sqlite_step(session, statement);
    stoa_status rc = STOA_OK;

    if (code == SQLITE_DONE)
        rc = STOA_DONE;
    else if (code != SQLITE_ROW)
        rc = sqlite_fail(session, code, err);
    sqlite_leave(session, before);
    session->dirty = was_dirty;
    return rc;
}

stoa_status sqlite_ask_run(struct sqlite_session *session, stoa__call *call,
                           const char *sql, int64_t *changes, stoa_error *err)
{
    sqlite3_stmt *statement = NULL;
    stoa_status rc = sqlite_ask(session, call, &statement, err, sql);

    while (rc == STOA_OK)
        rc = sqlite_ask_next(session, call, statement, err);
    if (rc == STOA_DONE && changes)
        *changes = sqlite3_changes64(session->db);
    sqlite3_finalize(statement);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_ask_int(struct sqlite_session *session, stoa__call *call,
                           const char *sql, int64_t *out, stoa_error *err)
{
    sqlite3_stmt *statement = NULL;
    stoa_status rc = sqlite_ask(session, call, &statement, err, sql);

    if (rc == STOA_OK)
        rc = sqlite_ask_next(session, call, statement, err);
    if (rc == STOA_OK)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    assert(rc != STOA_DONE);
    return rc;
}

/* Step one that is kept, and leave it ready for the next time. */
static stoa_status step_kept(struct sqlite_session *session, stoa__call *call,
                             sqlite3_stmt *statement, stoa_error *err)
{
    const stoa_status rc = sqlite_ask_next(session, call, statement, err);

    sqlite3_reset(statement);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_steps_run(struct sqlite_session *session, struct sqlite_steps *steps,
                             stoa__call *call, enum sqlite_step step, stoa_error *err)
{
    static const char *const texts[STEP_COUNT] = {
        [STEP_BEGIN] = "BEGIN IMMEDIATE",
        [STEP_COMMIT] = "COMMIT",
        [STEP_ROLLBACK] = "ROLLBACK",
        [STEP_SAVEPOINT] = "SAVEPOINT stoa_ingest",
        [STEP_RELEASE] = "RELEASE stoa_ingest",
        [STEP_ROLLBACK_TO] = "ROLLBACK TO stoa_ingest",
    };
    stoa_status rc = STOA_OK;

    if (!steps->steps[step])
        rc = prepare(session, call, texts[step], SQLITE_PREPARE_PERSISTENT,
                     &steps->steps[step], err);
    if (rc != STOA_OK)
        return rc;
    return step_kept(session, call, steps->steps[step], err);
}

static stoa_status ask_version_of(struct sqlite_session *session,
                                  struct sqlite_steps *steps, stoa__call *call,
                                  const char *database, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc;

    if (steps->version && strcmp(steps->version_database, database) == 0)
        return STOA_OK;
    if (steps->version)
        steps->refreshed +=
            1 + sqlite3_stmt_status(steps->version, SQLITE_STMTSTATUS_REPREPARE, 0);
    sqlite3_finalize(steps->version);
    stoa__free(steps->version_database);
    steps->version = NULL;
    steps->version_database = stoa__copy_text(database, strlen(database));
    if (!steps->version_database)
        return stoa__fail_nomem(err);
    rc = sqlite_sql(&sql, err, "PRAGMA %N.schema_version", database);
    if (rc == STOA_OK)
        rc = prepare(session, call, (const char *)sql.data, SQLITE_PREPARE_PERSISTENT,
                     &steps->version, err);
    stoa__buffer_release(&sql);
    return rc;
}

stoa_status sqlite_steps_mark(struct sqlite_session *session, struct sqlite_steps *steps,
                              stoa__call *call, const char *database,
                              struct sqlite_schema_mark *out, stoa_error *err)
{
    stoa_status rc = ask_version_of(session, steps, call, database, err);

    if (rc == STOA_OK)
        rc = sqlite_ask_next(session, call, steps->version, err);
    if (rc == STOA_OK) {
        out->version = sqlite3_column_int64(steps->version, 0);
        out->refreshed =
            steps->refreshed +
            sqlite3_stmt_status(steps->version, SQLITE_STMTSTATUS_REPREPARE, 0);
    }
    if (steps->version)
        sqlite3_reset(steps->version);
    assert(rc != STOA_DONE);
    return rc;
}

void sqlite_steps_release(struct sqlite_steps *steps)
{
    for (int32_t i = 0; i < STEP_COUNT; i++)
        sqlite3_finalize(steps->steps[i]);
    sqlite3_finalize(steps->version);
    stoa__free(steps->version_database);
    *steps = (struct sqlite_steps){0};
}
