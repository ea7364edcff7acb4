/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of an engine and who may touch it: the in-use mark, the graveyard, and the list of
 * what lives on it. It knows nothing of the objects but how they end.
 *
 *   Mark        Whoever calls the engine on a session holds its mark: one thread, never waited
 *               for, unless all it does is to end what it closed. The holder alone may enter
 *               again, to pull an exported stream.
 *   Lease       The holder may keep the mark between its calls: to all others it is held, the
 *               holder's next call enters under it. So nobody touches the session, or ends what
 *               lives on it, between two calls that belong together.
 *   Graveyard   What is closed on any thread leaves its native part there. The holder of the
 *               mark ends it, first come first served, when it lets the mark go; so children,
 *               which are buried first, end before their parents.
 *   Leaves      Everything that has a native part on the session, linked from its opening until
 *               it was ended, under the mark. So while the mark is held no leaf's memory goes.
 *   References  A connection (or an ingest of its own) and every exported stream hold one. The
 *               last one gives the session back to its database's pool, or closes it.
 *
 * Every function here is called with a reference held.
 */
#ifndef STOA_CORE_SESSION_H
#define STOA_CORE_SESSION_H

#include "base/object.h"
#include "core/ledger.h"
#include "engine/engine.h"

struct stoa__db;

/* First member of whatever is buried. `end` runs once, under the mark, and frees it. */
struct stoa__grave {
    struct stoa__grave *next;
    void (*end)(struct stoa__grave *grave);
};

/* A link in the session's list of leaves. */
struct stoa__leaf_link {
    struct stoa__leaf_link *next, *previous;
    uint64_t id; /* Of its handle; 0: it has none. */
    enum stoa__kind kind;
    const char
        *name; /* Of a scan or function, for dropping it by name; NULL otherwise. */
    /* An exported stream lets its native part go and leaves the list; NULL for all others. */
    void (*stop)(struct stoa__leaf_link *link);
};

struct stoa__session {
    const struct stoa__engine *engine;
    struct stoa__db *db; /* Referenced, but for idle sessions. */
    void *native;        /* NULL once the database was shut down. */
    _Atomic uint64_t owner;
    int32_t depth; /* Of the owner's entries, 1 and more; a lease is the first. Under the mark. */
    bool leased;   /* Under the mark. */
    _Atomic(struct stoa__grave *) graves;
    _Atomic int32_t references;
    _Atomic bool abandoned; /* Its connection was closed: roll back. */
    struct stoa__leaf_link *leaves;
    struct stoa__ledger ledger;
    bool dry_run; /* The transaction is one, and held. Under the mark. */
    void *resolver_data; /* Of the resolver in force. */
    stoa_release resolver_release;
    uint64_t holder; /* The connection or ingest that opened it. */
    enum stoa__kind holder_kind;
    bool stopping; /* stoa_db_shutdown() holds the mark. Under the database's lock. */
    struct stoa__session *next, *previous; /* In the database's list, under its lock. */
};

/* Take the mark, or BUSY at once; behind a thread that only ends what it closed, when it is done,
 * or what stops `call`. */
stoa_status stoa__session_take(struct stoa__session *session, stoa__call *call,
                               stoa_error *err);
/* The same, but the holder may take it again. */
stoa_status stoa__session_take_nested(struct stoa__session *session, stoa__call *call,
                                      stoa_error *err);
/* Let the mark go; the outermost time empties the graveyard. */
void stoa__session_let_go(struct stoa__session *session);
/* Take it without a word and without emptying the graveyard. */
bool stoa__session_try(struct stoa__session *session);
bool stoa__session_is_mine(const struct stoa__session *session);
/* Under the mark: keep it until the lease ends, with a reference. False: it is kept already. */
bool stoa__session_lease(struct stoa__session *session);
/* On the thread that leased it, between its calls; lets mark and reference go. */
void stoa__session_end_lease(struct stoa__session *session);
/* End what is buried; the mark is held, once. */
void stoa__session_sweep(struct stoa__session *session);

/* Leave `grave` to the holder of the mark; nobody holding it, it is ended at once. */
void stoa__session_bury(struct stoa__session *session, struct stoa__grave *grave);
/* The connection is closed: roll back what it left open, as soon as the mark is free. */
void stoa__session_abandon(struct stoa__session *session);

/* Under the mark. */
void stoa__session_link(struct stoa__session *session, struct stoa__leaf_link *link);
void stoa__session_unlink(struct stoa__session *session, struct stoa__leaf_link *link);
/* Close all leaves, stop exported streams, and end what is buried until none is left. */
stoa_status stoa__session_clear(struct stoa__session *session, stoa__call *call,
                                stoa_error *err);

/* After a call while appends are pending: if it has ended their transaction they are committed or
 * withdrawn. */
void stoa__session_settle(struct stoa__session *session);

/* The transaction may be ended as any other again. */
void stoa__session_end_dry_run(struct stoa__session *session);

/* Remove the resolver from the engine and release what it holds. */
void stoa__session_drop_resolver(struct stoa__session *session);

void stoa__session_ref(struct stoa__session *session);
/* False when it is on its way out. */
bool stoa__session_try_ref(struct stoa__session *session);
void stoa__session_unref(struct stoa__session *session);

#endif
