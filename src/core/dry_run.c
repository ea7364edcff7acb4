/* SPDX-License-Identifier: Apache-2.0 */
/* Dry runs: a transaction that is held, so that nothing ends it but the end of the dry run. What
 * they make of stoa_begin() and its like is in transaction.c; what becomes of one that the engine
 * itself rolls back, in enter.c. */
#include "base/error.h"
#include "core/capability.h"
#include "core/enter.h"

#include "base/ban.h"

static int32_t transaction_of(const struct stoa__entry *entry)
{
    return entry->engine->transaction(entry->session->native);
}

static stoa_status begin(struct stoa__entry *entry, stoa_error *err)
{
    const struct stoa__engine *engine = entry->engine;
    struct stoa__session *session = entry->session;
    stoa_status rc;

    if (!STOA__HAS(engine, transaction_hold))
        return stoa__unsupported(engine, STOA_CAN_DRY_RUNS, err);
    if (session->dry_run)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot begin_dry_run: dry run already active");
    if (transaction_of(entry) != STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot begin_dry_run: transaction already active");
    rc = engine->begin(session->native, &entry->call, STOA_BEGIN_WRITE, err);
    if (rc != STOA_OK)
        return rc;
    session->dry_run = true;
    engine->transaction_hold(session->native, true);
    return STOA_OK;
}

stoa_status stoa_dry_run_begin(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter_lost(&entry, conn.id, STOA__KIND_CONN, op, err);

    return rc == STOA_OK ? stoa__leave(&entry, begin(&entry, err)) : rc;
}

static stoa_status end(struct stoa__entry *entry, stoa_error *err)
{
    struct stoa__session *session = entry->session;
    stoa_status rc = STOA_OK;

    if (!session->dry_run)
        return stoa__fail(err, STOA_ERR_INVALID, "Cannot end_dry_run: no active dry run");
    if (transaction_of(entry) != STOA_TRANSACTION_NONE)
        rc = entry->engine->rollback(session->native, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "Failed to end_dry_run: rollback left the transaction open");
        return rc;
    }
    stoa__session_end_dry_run(session);
    stoa__ledger_end(&session->ledger, false);
    return STOA_OK;
}

stoa_status stoa_dry_run_end(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter_lost(&entry, conn.id, STOA__KIND_CONN, op, err);

    return rc == STOA_OK ? stoa__leave(&entry, end(&entry, err)) : rc;
}

stoa_status stoa_conn_dry_run(stoa_conn conn, int32_t *active, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    if (!active)
        return stoa__fail_null(err, "active");
    *active = 0;
    rc = stoa__enter_lost(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc != STOA_OK)
        return rc;
    *active = entry.session->dry_run;
    return stoa__leave(&entry, STOA_OK);
}
