/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units: what happens between begin and end happens wholly or not at all. Without a transaction of
 * the caller's it is one of ours; within one it is a savepoint, and where the database has none a
 * failure dooms the caller's transaction. Without transactions an ingest is whole by way of a stage
 * (stage.c), or by the driver's own doing; anything else can promise nothing: what failed there may
 * have left something, and the error says so.
 */
#include "engine/adbc/parts.h"

#include "base/error.h"

#include <assert.h>

#include "base/ban.h"

static stoa_status savepoint_job(void *self, stoa_error *err)
{
    return adbc_run_now(self, "SAVEPOINT stoa_unit", NULL, err);
}

static stoa_status release_job(void *self, stoa_error *err)
{
    return adbc_run_now(self, "RELEASE SAVEPOINT stoa_unit", NULL, err);
}

stoa_status adbc_unit_begin(struct adbc_unit *unit, struct adbc_session *session, stoa__call *call,
                            stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    stoa_error failure = {0};
    stoa_status rc = STOA_OK;

    *unit = (struct adbc_unit){.session = session, .kind = ADBC_UNIT_NONE};
    if (session->transaction == STOA_TRANSACTION_READ)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "%s: the transaction only reads",
                          instance->engine);
    if (session->failed)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s: the transaction has failed and can only be rolled back",
                          instance->engine);
    if (session->transaction != STOA_TRANSACTION_NONE) {
        unit->kind = instance->quirk->savepoints ? ADBC_UNIT_SAVEPOINT : ADBC_UNIT_CALLERS;
        if (unit->kind == ADBC_UNIT_SAVEPOINT)
            rc = adbc_work(session, call, NULL, savepoint_job, session, err);
        return rc;
    }
    if (adbc_lacks(instance, ADBC_CAN_TRANSACTIONS))
        return STOA_OK;
    rc = adbc_begin(session, call, STOA_BEGIN_LAZY, &failure);
    if (rc == STOA_OK)
        unit->kind = ADBC_UNIT_OWN;
    else if (adbc_lacks(instance, ADBC_CAN_TRANSACTIONS))
        rc = STOA_OK;
    if (rc != STOA_OK)
        stoa__error_copy(err, &failure);
    return rc;
}

/* Put things back; `err` holds why. */
static void put_back(struct adbc_unit *unit, stoa_error *err)
{
    struct adbc_session *session = unit->session;
    stoa_error failure = {0};
    stoa_status rc = STOA_OK;

    switch (unit->kind) {
    case ADBC_UNIT_OWN:
        rc = adbc_rollback(session, &failure);
        break;
    case ADBC_UNIT_SAVEPOINT:
        rc = adbc_run_now(session, "ROLLBACK TO SAVEPOINT stoa_unit", NULL, &failure);
        if (rc == STOA_OK)
            rc = adbc_run_now(session, "RELEASE SAVEPOINT stoa_unit", NULL, &failure);
        session->failed = rc != STOA_OK;
        break;
    case ADBC_UNIT_CALLERS:
        session->failed = true;
        stoa__error_append(err, "the transaction can only be rolled back now");
        return;
    case ADBC_UNIT_STAGE:
        return; /* It has said itself what is left. */
    case ADBC_UNIT_DRIVER:
        if (!unit->lied)
            return;
        stoa__error_append(err, "the driver said that all is well: some rows may be there");
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
        return;
    case ADBC_UNIT_NONE:
        stoa__error_append(err, "the driver has no transactions: some rows may be there");
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
        return;
    }
    if (rc != STOA_OK) {
        stoa__error_append(err, "and it could not be undone: %s", failure.text);
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    }
}

stoa_status adbc_unit_end(struct adbc_unit *unit, stoa__call *call, stoa_status rc,
                          stoa_error *err)
{
    struct adbc_session *session = unit->session;

    if (rc == STOA_OK && unit->kind >= ADBC_UNIT_OWN && stoa__call_should_stop(call))
        rc = stoa__call_fail(call, err);
    if (rc != STOA_OK) {
        put_back(unit, err);
        return rc;
    }
    if (unit->kind == ADBC_UNIT_OWN) {
        rc = adbc_commit(session, call, err);
        if (rc != STOA_OK && session->transaction != STOA_TRANSACTION_NONE)
            put_back(unit, err);
    } else if (unit->kind == ADBC_UNIT_SAVEPOINT) {
        rc = adbc_work(session, call, NULL, release_job, session, err);
        if (rc != STOA_OK)
            put_back(unit, err);
    }
    return rc;
}
