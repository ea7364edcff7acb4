/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and savepoints of a connection. Inside a dry run (dry_run.c) those that would begin
 * or end the transaction are absorbed. */
#include "core/conn.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/target.h"

#include "base/ban.h"

static stoa_status begin(struct stoa__entry *entry, int32_t mode, stoa_error *err)
{
    if (!STOA__HAS(entry->engine, begin))
        return stoa__unsupported(entry->engine, STOA_CAN_TRANSACTIONS, err);
    if (entry->session->dry_run)
        return STOA_OK;
    if (STOA__HAS(entry->engine, transaction) &&
        entry->engine->transaction(entry->session->native) != STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot begin_transaction: transaction already active");
    return entry->engine->begin(entry->session->native, &entry->call, mode, err);
}

stoa_status stoa_begin(stoa_conn conn, stoa_op op, int32_t mode, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    if (mode < STOA_BEGIN_WRITE || mode > STOA_BEGIN_LAZY)
        return stoa__fail(err, STOA_ERR_INVALID, "mode is %d, not a STOA_BEGIN",
                          (int)mode);
    rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, begin(&entry, mode, err));
}

/* INVALID unless a transaction is open. */
static stoa_status need_transaction(struct stoa__entry *entry, const char *operation,
                                    stoa_error *err)
{
    const struct stoa__engine *engine = entry->engine;

    if (!STOA__HAS(engine, transaction) || !STOA__HAS(engine, commit) ||
        !STOA__HAS(engine, rollback))
        return stoa__unsupported(engine, STOA_CAN_TRANSACTIONS, err);
    if (engine->transaction(entry->session->native) == STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID, "Cannot %s: no active transaction",
                          operation);
    return STOA_OK;
}

static stoa_status commit(struct stoa__entry *entry, stoa_error *err)
{
    stoa_status rc =
        entry->session->dry_run ? STOA_DONE : need_transaction(entry, "commit", err);

    if (rc == STOA_DONE)
        return STOA_OK;
    if (rc == STOA_OK)
        rc = entry->engine->commit(entry->session->native, &entry->call, err);
    if (rc == STOA_OK)
        stoa__ledger_end(&entry->session->ledger, true);
    return rc;
}

stoa_status stoa_commit(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);

    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, commit(&entry, err));
}

static stoa_status rollback(struct stoa__entry *entry, stoa_error *err)
{
    stoa_status rc =
        entry->session->dry_run ? STOA_DONE : need_transaction(entry, "rollback", err);

    if (rc == STOA_DONE)
        return STOA_OK;
    if (rc == STOA_OK)
        rc = entry->engine->rollback(entry->session->native, err);
    if (rc == STOA_OK)
        stoa__ledger_end(&entry->session->ledger, false);
    return rc;
}

stoa_status stoa_rollback(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);

    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, rollback(&entry, err));
}

/* ---- savepoints ---- */

enum step { SET, RELEASE, RETURN };

static stoa_status savepoint_set(struct stoa__entry *entry, const char *name,
                                 stoa_error *err)
{
    struct stoa__savepoint *savepoint = stoa__savepoint_new(name, err);
    stoa_status rc;

    if (!savepoint)
        return STOA_ERR_NOMEM;
    rc = entry->engine->savepoint(entry->session->native, &entry->call, name, err);
    if (rc == STOA_OK)
        stoa__ledger_savepoint(&entry->session->ledger, savepoint);
    else
        stoa__savepoint_free(savepoint);
    return rc;
}

static stoa_status savepoint_release(struct stoa__entry *entry, const char *name,
                                     stoa_error *err)
{
    stoa_status rc =
        entry->engine->savepoint_release(entry->session->native, &entry->call, name, err);

    if (rc != STOA_OK)
        return rc;
    stoa__ledger_release(&entry->session->ledger, name);
    /* Releasing the outermost one of a transaction that it began commits. */
    entry->session->ledger.commit_seen = true;
    return STOA_OK;
}

static stoa_status savepoint_return(struct stoa__entry *entry, const char *name,
                                    stoa_error *err)
{
    stoa_status rc = entry->engine->savepoint_rollback(entry->session->native,
                                                       &entry->call, name, err);

    if (rc == STOA_OK)
        stoa__ledger_return(&entry->session->ledger, name);
    return rc;
}

static stoa_status savepoint_step(struct stoa__entry *entry, enum step step,
                                  const char *name, stoa_error *err)
{
    const struct stoa__engine *engine = entry->engine;

    if (!STOA__HAS(engine, savepoint) || !STOA__HAS(engine, savepoint_release) ||
        !STOA__HAS(engine, savepoint_rollback))
        return stoa__unsupported(engine, STOA_CAN_SAVEPOINTS, err);
    if (step == SET)
        return savepoint_set(entry, name, err);
    return step == RELEASE ? savepoint_release(entry, name, err)
                           : savepoint_return(entry, name, err);
}

static stoa_status savepoint(stoa_conn conn, stoa_op op, enum step step, const char *name,
                             int64_t name_size, stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc = stoa__name_copy("name", name, name_size, &copy, err);

    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry, savepoint_step(&entry, step, copy, err));
    stoa__free(copy);
    return rc;
}

stoa_status stoa_savepoint(stoa_conn conn, stoa_op op, const char *name,
                           int64_t name_size, stoa_error *err)
{
    return savepoint(conn, op, SET, name, name_size, err);
}

stoa_status stoa_savepoint_release(stoa_conn conn, stoa_op op, const char *name,
                                   int64_t name_size, stoa_error *err)
{
    return savepoint(conn, op, RELEASE, name, name_size, err);
}

stoa_status stoa_savepoint_rollback(stoa_conn conn, stoa_op op, const char *name,
                                    int64_t name_size, stoa_error *err)
{
    return savepoint(conn, op, RETURN, name, name_size, err);
}

stoa_status stoa_conn_transaction(stoa_conn conn, int32_t *state, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    if (!state)
        return stoa__fail_null(err, "state");
    *state = STOA_TRANSACTION_NONE;
    rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc != STOA_OK)
        return rc;
    if (STOA__HAS(entry.engine, transaction))
        *state = entry.engine->transaction(entry.session->native);
    return stoa__leave(&entry, STOA_OK);
}
