/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conn.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/db.h"
#include "core/pool.h"

#include <assert.h>

#include "base/ban.h"

/* ---- the object ---- */

static void conn_closing(struct stoa__object *object)
{
    stoa__session_abandon(((struct stoa__leaf *)object)->session);
}

/* Free what the floor above keeps on the connection. */
static void drop_extension(struct stoa__conn *conn)
{
    void *extension = conn->extension;

    conn->extension = NULL;
    if (extension)
        conn->extension_free(extension);
}

/* Nothing of it is in the engine but the session, so it isn't buried. */
static void conn_destroy(struct stoa__object *object)
{
    struct stoa__conn *conn = (struct stoa__conn *)object;

    stoa__session_unref(conn->leaf.session);
    drop_extension(conn);
    stoa__params_room_release(&conn->room);
    stoa__row_writer_release(&conn->row);
    stoa__free(conn);
}

static const struct stoa__class conn_class = {
    .kind = STOA__KIND_CONN, .closing = conn_closing, .destroy = conn_destroy};

/* Make a connection on a session whose mark is held; it takes a reference of its own. */
static stoa_status open_conn(struct stoa__session *session, const struct stoa__read_config *read,
                             uint64_t *id, stoa_error *err)
{
    struct stoa__conn *conn = stoa__alloc_zero(1, sizeof *conn);
    stoa_status rc;

    assert(stoa__session_is_mine(session));
    if (!conn)
        return stoa__fail_nomem(err);
    stoa__session_ref(session);
    conn->leaf.session = session;
    conn->leaf.conn = conn;
    conn->read = *read;
    rc =
        stoa__object_open(&conn->leaf.object, &conn_class, &session->db->object, id, err);
    if (rc != STOA_OK) {
        stoa__session_unref(session);
        stoa__free(conn);
        return rc;
    }
    session->holder = *id;
    session->holder_kind = STOA__KIND_CONN;
    return STOA_OK;
}

/* ---- settings ---- */

/* `read` is changed only on success. */
static stoa_status set(struct stoa__session *session, struct stoa__read_config *read,
                       const stoa_option *options, int64_t option_count, stoa_error *err)
{
    struct stoa__read_config changed = *read;
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add(&settings, options, option_count, err);

    if (rc == STOA_OK)
        rc = stoa__read_config_set(&changed, &settings, err);
    if (rc == STOA_OK && STOA__HAS(session->engine, session_set))
        rc = session->engine->session_set(session->native, &settings, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "connection", err);
    if (rc == STOA_OK)
        *read = changed;
    stoa__settings_release(&settings);
    return rc;
}

stoa_status stoa_conn_set(stoa_conn handle, const stoa_option *options,
                          int64_t option_count, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, handle.id, STOA__KIND_CONN, (stoa_op){0}, err);

    if (rc != STOA_OK)
        return rc;
    rc = set(entry.session, &entry.leaf->conn->read, options, option_count, err);
    return stoa__leave(&entry, rc);
}

/* ---- connect ---- */

static stoa_status connect(struct stoa__db_entry *entry, const stoa_option *options,
                           int64_t option_count, uint64_t *id, stoa_error *err)
{
    struct stoa__read_config read = entry->db->read;
    struct stoa__session *session = NULL;
    stoa_status rc = stoa__pool_take(entry->db, &entry->call, &session, err);

    if (rc != STOA_OK)
        return rc;
    rc = set(session, &read, options, option_count, err);
    if (rc == STOA_OK)
        rc = open_conn(session, &read, id, err);
    stoa__session_let_go(session);
    stoa__session_unref(session);
    return rc;
}

stoa_status stoa_connect(stoa_db db, stoa_op op, const stoa_option *options,
                         int64_t option_count, stoa_conn *out, stoa_error *err)
{
    struct stoa__db_entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_conn){0};
    rc = stoa__db_enter(&entry, db, op, err);
    if (rc != STOA_OK)
        return rc;
    rc = connect(&entry, options, option_count, &out->id, err);
    stoa__db_leave(&entry);
    return rc;
}

void stoa_conn_close(stoa_conn conn)
{
    stoa__object_close(conn.id, STOA__KIND_CONN);
}

/* ---- reset, ping ---- */

static stoa_status reset(struct stoa__entry *entry, stoa_error *err)
{
    struct stoa__session *session = entry->session;
    bool reusable = false;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, session_reset))
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "%s: connections cannot be reset; close it and connect again",
                          entry->engine->name);
    rc = stoa__session_clear(session, &entry->call, err);
    if (rc != STOA_OK)
        return rc;
    stoa__ledger_end(&session->ledger, false);
    stoa__session_end_dry_run(session);
    stoa__session_drop_resolver(session);
    drop_extension(entry->leaf->conn);
    rc = entry->engine->session_reset(session->native, &reusable, err);
    if (rc == STOA_OK && !reusable)
        rc = stoa__pool_renew(session, &entry->call, err);
    if (rc == STOA_OK)
        entry->leaf->conn->read = session->db->read;
    return rc;
}

stoa_status stoa_conn_reset(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter_lost(&entry, conn.id, STOA__KIND_CONN, op, err);

    return rc == STOA_OK ? stoa__leave(&entry, reset(&entry, err)) : rc;
}

stoa_status stoa_ping(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);

    if (rc != STOA_OK)
        return rc;
    if (STOA__HAS(entry.engine, ping))
        rc = entry.engine->ping(entry.session->native, &entry.call, err);
    return stoa__leave(&entry, rc);
}
