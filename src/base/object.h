/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects behind handles: the handle table, pins, and the owner tree. It owns the rule of how
 * things close; it does not know what any object does.
 *
 * A handle's id packs kind (8 bits), slot (24) and generation (32). A slot is one atomic word:
 *
 *     63           32 31    28 27   26            0
 *    +---------------+--------+----+---------------+
 *    |  generation   | reason |free|     pins      |
 *    +---------------+--------+----+---------------+
 *
 * `reason` is 0 while open, then says what was closed (an enum stoa__kind: the object itself or
 * an ancestor). Pin = add one, look, take it back if the generation, reason or free bit say no.
 * Whoever brings pins to 0 while a reason is set tries to move the slot to (generation + 1, free);
 * exactly one compare-and-swap wins, and the winner drops the table's reference.
 *
 * Memory: an object lives while its handle, its children or somebody's stoa__object_ref() hold
 * it; its destroy() runs when the last one lets go, children before parents.
 */
#ifndef STOA_BASE_OBJECT_H
#define STOA_BASE_OBJECT_H

#include "base/thread.h"
#include "stoa/base.h"

#include <stdatomic.h>

enum stoa__kind {
    STOA__KIND_NONE = 0,
    STOA__KIND_DB,
    STOA__KIND_CONN,
    STOA__KIND_STMT,
    STOA__KIND_RESULT,
    STOA__KIND_INGEST,
    STOA__KIND_OP,
    STOA__KIND_SCAN,
    STOA__KIND_FUNCTION,
    STOA__KIND_SUBSCRIPTION,
    STOA__KIND_BLOB,
    STOA__KIND_LUA,
    STOA__KIND_ADBC_DATABASE, /* From here on of other interfaces: not counted by stoa_live(). */
    STOA__KIND_ADBC_CONNECTION,
    STOA__KIND_ADBC_STATEMENT,
    STOA__KIND_COUNT /* At most 15: a reason has four bits. */
};

struct stoa__object;
struct stoa__slot;

/* One per kind, static. */
struct stoa__class {
    enum stoa__kind kind;
    /* Runs once, on the closing thread, after the children were closed and before the handle dies;
     * calls may still be running on the object. (A child that another thread is closing at the
     * same moment may be behind: nobody waits.) Must not block. May be NULL. */
    void (*closing)(struct stoa__object *object);
    /* Runs once, when the last reference is gone, on whatever thread that was: give native things
     * to their session's graveyard and free the memory `object` is part of. Must not block. */
    void (*destroy)(struct stoa__object *object);
};

/* First member of every object. Fields are private to object.c, but for `closed`. */
struct stoa__object {
    const struct stoa__class *class;
    uint64_t id;
    struct stoa__slot *slot;
    struct stoa__object *parent; /* Referenced. NULL for a root. */
    struct stoa__object *children;
    struct stoa__object *next, *previous; /* Among the parent's children, under its lock. */
    stoa__mutex lock;                     /* Guards `children` and `adopting`. */
    _Atomic int32_t references;
    _Atomic int32_t closed; /* 0, or the enum stoa__kind that was closed. Polled by calls. */
    bool adopting;          /* Children may still be added. */
    bool adopted;           /* In the parent's list; under the parent's lock. */
};

/*
 * Publish `object` (zeroed but for its owner's fields) under a new handle, as a child of `parent`
 * or as a root. The table holds one reference. CLOSED when the parent is closed, NOMEM, FULL when
 * all slots are taken. On failure nothing is kept and destroy() does not run.
 *
 * A child's kind is greater than its parent's, which bounds the depth of the tree. The caller has
 * the parent pinned or referenced. From success on another thread may close the parent and with
 * it this object: a caller that goes on using `object` takes a stoa__object_ref() before.
 */
stoa_status stoa__object_open(struct stoa__object *object, const struct stoa__class *class,
                              struct stoa__object *parent, uint64_t *id, stoa_error *err);

/* Find and pin. Fails with HANDLE (null, noise, another kind: names both kinds), CLOSED (names the
 * object, connection or database that was closed) or FORKED. */
stoa_status stoa__object_pin(uint64_t id, enum stoa__kind kind, struct stoa__object **out,
                             stoa_error *err);
void stoa__object_unpin(struct stoa__object *object);

/* Close by id, children first. Null, stale or foreign ids: nothing happens. */
void stoa__object_close(uint64_t id, enum stoa__kind kind);

/* The same of whatever kind the id says. */
void stoa__object_close_any(uint64_t id);

/* The same CLOSED for a pinned object: since then `ended`, itself or an ancestor, was closed. */
stoa_status stoa__object_fail_closed(const struct stoa__object *object,
                                     const struct stoa__object *ended, stoa_error *err);

/* Was it closed because something it was opened from was? False too when that is long ago. */
bool stoa__object_orphaned(uint64_t id, enum stoa__kind kind);

/* Memory references, for what outlives its handle (an exported stream). */
void stoa__object_ref(struct stoa__object *object);
void stoa__object_unref(struct stoa__object *object);

/* "connection", "statement", ... */
const char *stoa__kind_name(enum stoa__kind kind);

/* Open handles of a kind (stoa_live). */
int64_t stoa__object_count(enum stoa__kind kind);

/* True in a child of fork() for an object of the parent process. There its handle answers FORKED,
 * and closing, unpinning and unreferencing it do nothing: what it holds is the parent's. */
bool stoa__object_forked(const struct stoa__object *object);

/* FORKED in a child of fork() if a database was alive when it forked, be it by a reference alone.
 * Called by what makes roots. */
stoa_status stoa__fork_check(stoa_error *err);

#endif
