/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa_db_shutdown(): step by step, each of which may fail and leaves a database that works.
 *
 *   1. Refuse new calls, and take every session's mark as the calls on it end.
 *   2. Commit and sync what ingests hold back.
 *   3. Close connections and ingests, end exported streams, close the sessions.
 *   4. Let the engine flush and release; then close the database.
 */
#include "core/db.h"

#include "base/error.h"
#include "core/capability.h"
#include "core/enter.h"
#include "core/ingest.h"
#include "core/pool.h"

#include <assert.h>

#include "base/ban.h"

enum { WAIT_NS = 1000000 };

static stoa_status begin(struct stoa__db *db, stoa_error *err)
{
    bool shutting;

    stoa__mutex_lock(&db->lock);
    shutting = db->shutting;
    db->shutting = true;
    stoa__mutex_unlock(&db->lock);
    if (shutting)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "the database is being shut down by another call");
    atomic_store(&db->stopping, true);
    return STOA_OK;
}

static void end(struct stoa__db *db)
{
    atomic_store(&db->stopping, false);
    stoa__mutex_lock(&db->lock);
    db->shutting = false;
    stoa__mutex_unlock(&db->lock);
}

/* ---- marks ---- */

/* The database's lock is held, so the session is in memory even if it is on its way out. */
static void try_mark(struct stoa__session *session)
{
    if (session->stopping || !stoa__session_try(session))
        return;
    if (stoa__session_try_ref(session)) {
        session->stopping = true;
        return;
    }
    session->depth = 0;
    atomic_store(&session->owner, 0);
}

/* Take what marks are free. How many sessions are not ours yet; -1: one is running the callback
 * that called. */
static int64_t take_marks(struct stoa__db *db)
{
    int64_t missing;

    stoa__mutex_lock(&db->lock);
    missing = db->session_count;
    for (struct stoa__session *s = db->sessions; s && missing >= 0; s = s->next) {
        if (!s->stopping && stoa__session_is_mine(s))
            missing = -1;
        else
            try_mark(s);
        if (s->stopping)
            missing--;
    }
    stoa__mutex_unlock(&db->lock);
    return missing;
}

static stoa_status take_all_marks(struct stoa__db *db, stoa__call *call, stoa_error *err)
{
    int64_t missing;
    stoa_status rc = STOA_OK;

    while ((missing = take_marks(db)) > 0 && rc == STOA_OK) {
        stoa__sleep_ns(stoa__call_slice_ns(call, WAIT_NS));
        rc = stoa__call_check(call, err);
    }
    if (rc == STOA_OK && missing < 0)
        rc = stoa__fail(
            err, STOA_ERR_BUSY,
            "a connection of the database is running the callback that called");
    return rc;
}

static struct stoa__session *next_of(struct stoa__db *db, struct stoa__session *after)
{
    struct stoa__session *session;

    stoa__mutex_lock(&db->lock);
    session = after ? after->next : db->sessions;
    while (session && !session->stopping)
        session = session->next;
    stoa__mutex_unlock(&db->lock);
    return session;
}

static void give_mark_back(struct stoa__db *db, struct stoa__session *session)
{
    stoa__mutex_lock(&db->lock);
    session->stopping = false;
    stoa__mutex_unlock(&db->lock);
    stoa__session_let_go(session);
    stoa__session_unref(session);
}

static void give_marks_back(struct stoa__db *db)
{
    struct stoa__session *session;

    while ((session = next_of(db, NULL)))
        give_mark_back(db, session);
}

/* ---- what is done under them ---- */

static stoa_status flush_ingests(struct stoa__db *db, stoa__call *call, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (struct stoa__session *s = next_of(db, NULL); s && rc == STOA_OK;
         s = next_of(db, s)) {
        stoa__session_sweep(s);
        for (struct stoa__leaf_link *link = s->leaves; link && rc == STOA_OK;
             link = link->next)
            if (link->kind == STOA__KIND_INGEST)
                rc = stoa__ingest_flush(stoa__leaf_of_link(link), call, err);
    }
    return rc;
}

static stoa_status close_session(struct stoa__session *session, stoa__call *call,
                                 stoa_error *err)
{
    stoa_status rc;

    stoa__object_close(session->holder, session->holder_kind);
    rc = stoa__session_clear(session, call, err);
    if (rc != STOA_OK)
        return rc;
    stoa__ledger_end(&session->ledger, false);
    stoa__session_drop_resolver(session);
    stoa__pool_close_native(session);
    return STOA_OK;
}

static stoa_status close_sessions(struct stoa__db *db, stoa__call *call, stoa_error *err)
{
    struct stoa__session *session;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && (session = next_of(db, NULL))) {
        rc = close_session(session, call, err);
        give_mark_back(db, session);
    }
    return rc;
}

static stoa_status shut_down(struct stoa__db *db, stoa__call *call, stoa_error *err)
{
    stoa_status rc;

    stoa__pool_empty(db, false);
    rc = take_all_marks(db, call, err);
    if (rc == STOA_OK)
        rc = flush_ingests(db, call, err);
    if (rc == STOA_OK)
        rc = close_sessions(db, call, err);
    give_marks_back(db);
    if (rc == STOA_OK && STOA__HAS(db->engine, shutdown))
        rc = db->engine->shutdown(db->instance, call, err);
    return rc;
}

stoa_status stoa_db_shutdown(stoa_db handle, stoa_op op, stoa_error *err)
{
    struct stoa__object *object = NULL;
    struct stoa__db *db;
    stoa__call call;
    stoa_status rc = stoa__object_pin(handle.id, STOA__KIND_DB, &object, err);

    if (rc != STOA_OK)
        return rc;
    db = (struct stoa__db *)object;
    rc = stoa__call_begin(&call, op, object, err);
    if (rc == STOA_OK) {
        rc = begin(db, err);
        if (rc == STOA_OK) {
            rc = shut_down(db, &call, err);
            if (rc == STOA_OK)
                stoa__object_close(handle.id, STOA__KIND_DB);
            end(db);
        }
        stoa__call_end(&call);
    }
    stoa__object_unpin(object);
    return rc;
}
