/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a public function gets in and out: pin the object, begin the call, take the session's
 * mark; and the reverse. Every function on a connection, or on what was opened from one, is
 *
 *     struct stoa__entry entry;
 *     stoa_status rc = stoa__enter(&entry, handle.id, STOA__KIND_..., op, err);
 *
 *     if (rc != STOA_OK)
 *         return rc;
 *     rc = work(&entry, err);
 *     return stoa__leave(&entry, rc);
 */
#ifndef STOA_CORE_ENTER_H
#define STOA_CORE_ENTER_H

#include "base/call.h"
#include "core/session.h"

struct stoa__conn;

/* First member of everything that lives on a session. */
struct stoa__leaf {
    struct stoa__object object;
    struct stoa__session *session; /* Referenced by the connection (or ingest) above. */
    struct stoa__conn *conn; /* The parent, or itself; NULL: an ingest of its own. */
    struct stoa__leaf_link link;
    struct stoa__grave grave;
};

struct stoa__entry {
    struct stoa__leaf *leaf;
    struct stoa__session *session;
    const struct stoa__engine *engine;
    stoa__call call;
};

/* Accepts a handle of `kind` alone. On failure nothing is held. */
stoa_status stoa__enter(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                        stoa_op op, stoa_error *err);
/* The same in two steps, for what waits its turn in between: pin and begin; take the mark. */
stoa_status stoa__enter_pin(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                            stoa_op op, stoa_error *err);
stoa_status stoa__enter_take(struct stoa__entry *entry, stoa_error *err);
void stoa__leave_take(struct stoa__entry *entry);
void stoa__leave_pin(struct stoa__entry *entry);

/* The same for what may be called though the engine has rolled a dry run back. */
stoa_status stoa__enter_lost(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                             stoa_op op, stoa_error *err);

/* Answers `rc`. */
stoa_status stoa__leave(struct stoa__entry *entry, stoa_status rc);

/* Pin for what needs neither engine nor mark. */
stoa_status stoa__leaf_pin(uint64_t id, enum stoa__kind kind, struct stoa__leaf **out,
                           stoa_error *err);

/*
 * Publish a leaf whose session's mark is held; `end` ends it, once, after its handle and its
 * children are gone. While the mark is held its memory stays, whoever closes it. On failure it
 * is not linked and end() does not run.
 */
stoa_status stoa__leaf_open(struct stoa__leaf *leaf, const struct stoa__class *class,
                            struct stoa__object *parent,
                            void (*end)(struct stoa__grave *grave), uint64_t *id,
                            stoa_error *err);
/* The destroy() of every leaf's class: buries it. */
void stoa__leaf_destroy(struct stoa__object *object);
/* The leaf around a grave; unlinks it. First thing in every end(). */
struct stoa__leaf *stoa__leaf_end(struct stoa__grave *grave);

struct stoa__leaf *stoa__leaf_of_link(struct stoa__leaf_link *link);

/* For `*out` of a public function: INVALID, "out is NULL". */
stoa_status stoa__fail_null(stoa_error *err, const char *name);

#endif
