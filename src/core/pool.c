/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pool.h"

#include "base/error.h"
#include "base/live.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/session.h"

#include <assert.h>

#include "base/ban.h"

enum { GLANCE_NS = 1000 };

/* The database's lock is held. */
static void link_session(struct stoa__db *db, struct stoa__session *session)
{
    session->previous = NULL;
    session->next = db->sessions;
    if (session->next)
        session->next->previous = session;
    db->sessions = session;
}

static void unlink_session(struct stoa__db *db, struct stoa__session *session)
{
    if (session->previous)
        session->previous->next = session->next;
    else if (db->sessions == session)
        db->sessions = session->next;
    if (session->next)
        session->next->previous = session->previous;
    session->next = session->previous = NULL;
}

/* A slot for one more session, and an idle one if there is any. */
static stoa_status reserve(struct stoa__db *db, struct stoa__session **idle,
                           stoa_error *err)
{
    bool stopping;

    stoa__mutex_lock(&db->lock);
    stopping = db->closed || atomic_load(&db->stopping);
    *idle = stopping ? NULL : db->idle;
    if (*idle) {
        db->idle = (*idle)->next;
        db->idle_count--;
    } else if (!stopping) {
        db->session_count++;
    }
    stoa__mutex_unlock(&db->lock);
    return stopping ? stoa__db_fail_stopping(err) : STOA_OK;
}

static void unreserve(struct stoa__db *db)
{
    stoa__mutex_lock(&db->lock);
    db->session_count--;
    stoa__mutex_unlock(&db->lock);
}

/* NULL on failure. */
static struct stoa__session *open_session(struct stoa__db *db, stoa__call *call,
                                          stoa_status *rc, stoa_error *err)
{
    struct stoa__session *session = stoa__alloc_zero(1, sizeof *session);

    if (!session) {
        *rc = stoa__fail_nomem(err);
        return NULL;
    }
    session->engine = db->engine;
    *rc = db->engine->session_open(db->instance, call, &session->native, err);
    if (*rc != STOA_OK) {
        stoa__free(session);
        return NULL;
    }
    stoa__live_add(STOA_LIVE_SESSION, 1);
    return session;
}

/* From here shutdown sees it, and waits for the mark. */
static void start_using(struct stoa__db *db, struct stoa__session *session)
{
    bool mine;

    stoa__object_ref(&db->object);
    session->db = db;
    session->holder = 0;
    session->holder_kind = STOA__KIND_NONE;
    session->stopping = false;
    atomic_store(&session->abandoned, false);
    atomic_store(&session->references, 1);
    mine = stoa__session_try(session);
    assert(mine);
    (void)mine;
    stoa__mutex_lock(&db->lock);
    link_session(db, session);
    stoa__mutex_unlock(&db->lock);
}

stoa_status stoa__pool_take(struct stoa__db *db, stoa__call *call,
                            struct stoa__session **out, stoa_error *err)
{
    struct stoa__session *session = NULL;
    stoa_status rc = reserve(db, &session, err);

    if (rc != STOA_OK)
        return rc;
    if (!session)
        session = open_session(db, call, &rc, err);
    if (!session) {
        unreserve(db);
        return rc;
    }
    start_using(db, session);
    *out = session;
    return STOA_OK;
}

static void close_native(struct stoa__session *session)
{
    if (!session->native)
        return;
    session->engine->session_close(session->native);
    session->native = NULL;
    stoa__live_add(STOA_LIVE_SESSION, -1);
}

stoa_status stoa__pool_renew(struct stoa__session *session, stoa__call *call,
                             stoa_error *err)
{
    void *fresh = NULL;
    stoa_status rc;

    assert(stoa__session_is_mine(session) && !session->leaves);
    rc = session->engine->session_open(session->db->instance, call, &fresh, err);
    if (rc != STOA_OK)
        return rc;
    session->engine->session_close(session->native);
    session->native = fresh;
    return STOA_OK;
}

void stoa__pool_close_native(struct stoa__session *session)
{
    struct stoa__db *db = session->db;

    assert(stoa__session_is_mine(session) && !session->leaves);
    close_native(session);
    stoa__mutex_lock(&db->lock);
    unlink_session(db, session);
    db->session_count--;
    stoa__mutex_unlock(&db->lock);
}

/* Is there a place for it? Resetting it for nothing would be long work in a close. */
static bool is_wanted(struct stoa__db *db)
{
    bool wanted;

    stoa__mutex_lock(&db->lock);
    wanted =
        !db->closed && !atomic_load(&db->stopping) && db->idle_count < db->pool_idle_max;
    stoa__mutex_unlock(&db->lock);
    return wanted;
}

static bool is_reusable(struct stoa__session *session)
{
    const struct stoa__engine *engine = session->engine;
    bool reusable = false;

    if (!session->native || !STOA__HAS(engine, session_reset) || !is_wanted(session->db))
        return false;
    return engine->session_reset(session->native, &reusable, NULL) == STOA_OK && reusable;
}

/* Takes it out of the sessions in use; true if it was put among the idle ones. */
static bool keep(struct stoa__db *db, struct stoa__session *session, bool reusable)
{
    bool kept;

    stoa__mutex_lock(&db->lock);
    unlink_session(db, session);
    kept = reusable && !db->closed && !atomic_load(&db->stopping) &&
           db->idle_count < db->pool_idle_max;
    if (kept) {
        session->db = NULL;
        session->next = db->idle;
        db->idle = session;
        db->idle_count++;
    }
    stoa__mutex_unlock(&db->lock);
    return kept;
}

void stoa__pool_give_back(struct stoa__session *session)
{
    struct stoa__db *db = session->db;
    bool reusable;

    if (stoa__object_forked(&db->object))
        return; /* What it holds is the parent process's. */
    /* The last reference is the last user, but a shutdown may be looking at it. */
    while (!stoa__session_try(session))
        stoa__sleep_ns(GLANCE_NS);
    stoa__session_sweep(session);
    assert(!session->leaves);
    reusable = is_reusable(session);
    stoa__session_let_go(session);
    if (!keep(db, session, reusable)) {
        if (session->native) {
            close_native(session);
            unreserve(db);
        }
        stoa__free(session);
    }
    stoa__object_unref(&db->object);
}

void stoa__pool_empty(struct stoa__db *db, bool closed)
{
    struct stoa__session *idle;

    stoa__mutex_lock(&db->lock);
    db->closed = db->closed || closed;
    idle = db->idle;
    db->idle = NULL;
    db->idle_count = 0;
    stoa__mutex_unlock(&db->lock);
    while (idle) {
        struct stoa__session *next = idle->next;

        close_native(idle);
        unreserve(db);
        stoa__free(idle);
        idle = next;
    }
}
