/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: the writer gate around them, savepoints, and what a failure did to them. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/function.h"
#include "engine/sqlite/gate.h"
#include "engine/sqlite/statement.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Names of savepoints the library makes itself, again and again, are shorter. */
enum { OWN_NAME_MAX = 32 };

stoa_status sqlite_write_begin(struct sqlite_session *session, stoa__call *call, stoa_error *err)
{
    return sqlite_write_offer(session, NULL, call, err);
}

stoa_status sqlite_write_offer(struct sqlite_session *session, struct stoa__turn_work *work,
                               stoa__call *call, stoa_error *err)
{
    struct sqlite_instance *instance = session->instance;
    stoa_status rc;

    if (session->read_transaction)
        return stoa__fail(err, STOA_ERR_READ_ONLY,
                          "the open transaction was begun for reading only");
    if (instance->config.read_only)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "the database was opened read-only");
    if (session->holds_gate)
        return STOA_OK;
    rc = sqlite_gate_take(instance->gate, session, work, call, session->busy_timeout_ms, err);
    session->holds_gate = rc == STOA_OK;
    return rc;
}

void sqlite_write_settle(struct sqlite_session *session)
{
    session->in_transaction = !sqlite3_get_autocommit(session->db);
    if (!session->in_transaction)
        session->read_transaction = false;
    session->failure.code = STOA_OK; /* Left by a callback whose statement nobody asked again. */
    if (session->functions && session->running == 0)
        sqlite_functions_settle(session);
    if (!session->holds_gate || session->writing > 0 ||
        sqlite3_txn_state(session->db, NULL) == SQLITE_TXN_WRITE)
        return;
    session->holds_gate = false;
    sqlite_gate_give(session->instance->gate, session);
}

int32_t sqlite_transaction(void *self)
{
    struct sqlite_session *session = self;
    if (sqlite3_get_autocommit(session->db))
        return STOA_TRANSACTION_NONE;
    return sqlite3_txn_state(session->db, NULL) == SQLITE_TXN_WRITE ? STOA_TRANSACTION_WRITE
                                                                   : STOA_TRANSACTION_READ;
}

stoa_status sqlite_begin(void *self, stoa__call *call, int32_t mode, stoa_error *err)
{
    struct sqlite_session *session = self;
    bool write = mode == STOA_BEGIN_WRITE && !session->instance->config.read_only;
    stoa_status rc = STOA_OK;

    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "a transaction is open already");
    if (write)
        rc = sqlite_write_begin(session, call, err);
    if (rc == STOA_OK)
        rc = sqlite_run(session, call, write ? "BEGIN IMMEDIATE" : "BEGIN", err);
    session->read_transaction = rc == STOA_OK && mode == STOA_BEGIN_READ;
    sqlite_write_settle(session);
    return rc;
}

stoa_status sqlite_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct sqlite_session *session = self;
    if (sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "no transaction is open");
    stoa_status rc = sqlite_run(session, call, "COMMIT", err);
    sqlite_write_settle(session);
    return rc;
}

stoa_status sqlite_rollback(void *self, stoa_error *err)
{
    struct sqlite_session *session = self;
    if (sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "no transaction is open");
    stoa_status rc = sqlite_run(session, NULL, "ROLLBACK", err);
    sqlite_write_settle(session);
    return rc;
}

/* The same by a statement that is kept: for names that come again and again. */
static stoa_status run_kept(struct sqlite_session *session, stoa__call *call, const char *sql,
                            size_t size, stoa_error *err)
{
    const bool was_dirty = session->dirty; /* Our own text: we know what it does. */
    void *statement;
    size_t used;
    stoa_status rc = sqlite_prepare(session, call, sql, size, &used, &statement, err);

    if (rc == STOA_OK) {
        stoa__call *const before = sqlite_enter(session, call);
        const int code = sqlite_step(session, ((struct sqlite_statement *)statement)->stmt);

        if (code != SQLITE_DONE)
            rc = sqlite_fail(session, code, err);
        sqlite_leave(session, before);
        sqlite_statement_close(statement);
    }
    session->dirty = was_dirty;
    return rc;
}

/* `verb` "name", for a name of our own, which needs no care. */
static stoa_status run_own(struct sqlite_session *session, stoa__call *call, const char *verb,
                           const char *name, stoa_error *err)
{
    const size_t verb_size = strlen(verb), name_size = strlen(name);
    char sql[64];
    stoa_status rc;

    assert(verb_size + name_size + 2 <= sizeof sql);
    memcpy(sql, verb, verb_size);
    sql[verb_size] = '"';
    memcpy(sql + verb_size + 1, name, name_size);
    sql[verb_size + 1 + name_size] = '"';
    rc = run_kept(session, call, sql, verb_size + name_size + 2, err);
    sqlite_write_settle(session);
    return rc;
}

/* `verb` "name", quoted. */
static stoa_status run_named(struct sqlite_session *session, stoa__call *call, const char *verb,
                             const char *name, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc;

    if (strncmp(name, "stoa_", 5) == 0 && strlen(name) < OWN_NAME_MAX && !strchr(name, '"'))
        return run_own(session, call, verb, name, err);
    rc = stoa__buffer_append_text(&sql, verb);
    if (rc == STOA_OK)
        rc = stoa__identifier_quote(name, strlen(name), &sql, err);
    else
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK && stoa__buffer_terminate(&sql) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = sqlite_run(session, call, (const char *)sql.data, err);
    stoa__buffer_release(&sql);
    sqlite_write_settle(session);
    return rc;
}

stoa_status sqlite_savepoint(void *self, stoa__call *call, const char *name, stoa_error *err)
{
    return run_named(self, call, "SAVEPOINT ", name, err);
}

stoa_status sqlite_savepoint_release(void *self, stoa__call *call, const char *name,
                                     stoa_error *err)
{
    return run_named(self, call, "RELEASE ", name, err);
}

stoa_status sqlite_savepoint_rollback(void *self, stoa__call *call, const char *name,
                                      stoa_error *err)
{
    return run_named(self, call, "ROLLBACK TO ", name, err);
}
