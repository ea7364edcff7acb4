/* SPDX-License-Identifier: Apache-2.0 */
#include "core/enter.h"

#include "base/error.h"
#include "core/conn.h"
#include "core/db.h"

#include <assert.h>
#include <stddef.h>

#include "base/ban.h"

stoa_status stoa__fail_null(stoa_error *err, const char *name)
{
    return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", name);
}

stoa_status stoa__leaf_pin(uint64_t id, enum stoa__kind kind, struct stoa__leaf **out,
                           stoa_error *err)
{
    struct stoa__object *object = NULL;
    stoa_status rc = stoa__object_pin(id, kind, &object, err);

    *out = (struct stoa__leaf *)object;
    return rc;
}

stoa_status stoa__enter_pin(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                            stoa_op op, stoa_error *err)
{
    stoa_status rc = stoa__leaf_pin(id, kind, &entry->leaf, err);

    if (__builtin_expect(rc != STOA_OK, 0))
        return rc;
    entry->session = entry->leaf->session;
    entry->engine = entry->session->engine;
    rc = stoa__call_begin(&entry->call, op, &entry->leaf->object, err);
    if (__builtin_expect(rc != STOA_OK, 0))
        stoa__object_unpin(&entry->leaf->object);
    return rc;
}

static bool was_closed(const struct stoa__object *object)
{
    return atomic_load(&object->closed) != STOA__KIND_NONE;
}

/* Closed between the pin and the mark, a connection has lost its functions, scans and transaction
 * already: what ran now would miss them, and commit by itself. */
static stoa_status check_open(const struct stoa__entry *entry, stoa_error *err)
{
    const struct stoa__object *object = &entry->leaf->object;
    const struct stoa__conn *conn = entry->leaf->conn;

    if (__builtin_expect(was_closed(object), 0))
        return stoa__object_fail_closed(object, object, err);
    if (__builtin_expect(conn && was_closed(&conn->leaf.object), 0))
        return stoa__object_fail_closed(object, &conn->leaf.object, err);
    return STOA_OK;
}

static stoa_status take(struct stoa__entry *entry, stoa_error *err)
{
    struct stoa__db *db = entry->session->db;
    const stoa_status taken = stoa__session_take(entry->session, &entry->call, err);
    stoa_status rc = taken == STOA_OK ? check_open(entry, err) : taken;

    if (__builtin_expect(atomic_load_explicit(&db->stopping, memory_order_relaxed), 0))
        rc = stoa__db_fail_stopping(err);
    if (__builtin_expect(taken == STOA_OK && rc != STOA_OK, 0))
        stoa__session_let_go(entry->session);
    return rc;
}

/* What ran now would be committed as it goes: an INSERT OR ROLLBACK, a trigger or a full disk ended
 * the transaction that is to take it back. */
static bool is_lost(const struct stoa__session *session)
{
    return session->dry_run && session->native &&
           session->engine->transaction(session->native) == STOA_TRANSACTION_NONE;
}

stoa_status stoa__enter_take(struct stoa__entry *entry, stoa_error *err)
{
    stoa_status rc = take(entry, err);

    if (__builtin_expect(rc != STOA_OK || !is_lost(entry->session), 1))
        return rc;
    stoa__session_let_go(entry->session);
    return stoa__fail(err, STOA_ERR_INVALID,
                      "the engine has rolled the dry run back already; end it first");
}

void stoa__leave_take(struct stoa__entry *entry)
{
    if (__builtin_expect(
            entry->session->ledger.pending || entry->session->ledger.savepoints, 0))
        stoa__session_settle(entry->session);
    stoa__session_let_go(entry->session);
}

void stoa__leave_pin(struct stoa__entry *entry)
{
    stoa__call_end(&entry->call);
    stoa__object_unpin(&entry->leaf->object);
}

stoa_status stoa__enter(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                        stoa_op op, stoa_error *err)
{
    stoa_status rc = stoa__enter_pin(entry, id, kind, op, err);

    if (__builtin_expect(rc != STOA_OK, 0))
        return rc;
    rc = stoa__enter_take(entry, err);
    if (__builtin_expect(rc != STOA_OK, 0))
        stoa__leave_pin(entry);
    return rc;
}

stoa_status stoa__enter_lost(struct stoa__entry *entry, uint64_t id, enum stoa__kind kind,
                             stoa_op op, stoa_error *err)
{
    stoa_status rc = stoa__enter_pin(entry, id, kind, op, err);

    if (rc != STOA_OK)
        return rc;
    rc = take(entry, err);
    if (rc != STOA_OK)
        stoa__leave_pin(entry);
    return rc;
}

stoa_status stoa__leave(struct stoa__entry *entry, stoa_status rc)
{
    stoa__leave_take(entry);
    stoa__leave_pin(entry);
    return rc;
}

/* ---- leaves ---- */

stoa_status stoa__leaf_open(struct stoa__leaf *leaf, const struct stoa__class *class,
                            struct stoa__object *parent,
                            void (*end)(struct stoa__grave *grave), uint64_t *id,
                            stoa_error *err)
{
    stoa_status rc;

    assert(stoa__session_is_mine(leaf->session));
    leaf->grave.end = end;
    leaf->link.kind = class->kind;
    stoa__session_link(leaf->session, &leaf->link);
    rc = stoa__object_open(&leaf->object, class, parent, id, err);
    if (rc == STOA_OK)
        leaf->link.id = *id;
    else
        stoa__session_unlink(leaf->session, &leaf->link);
    return rc;
}

void stoa__leaf_destroy(struct stoa__object *object)
{
    struct stoa__leaf *leaf = (struct stoa__leaf *)object;

    stoa__session_bury(leaf->session, &leaf->grave);
}

struct stoa__leaf *stoa__leaf_end(struct stoa__grave *grave)
{
    struct stoa__leaf *leaf =
        (struct stoa__leaf *)(void *)((char *)grave - offsetof(struct stoa__leaf, grave));

    stoa__session_unlink(leaf->session, &leaf->link);
    return leaf;
}

struct stoa__leaf *stoa__leaf_of_link(struct stoa__leaf_link *link)
{
    return (struct stoa__leaf *)(void *)((char *)link -
                                         offsetof(struct stoa__leaf, link));
}
