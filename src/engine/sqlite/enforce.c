/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PRAGMA foreign_keys does nothing inside a transaction; the switch of sqlite3_db_config() does.
 * What the pragma guards against is the counter of violations that are to be gone by the commit:
 * one counted before the switch would never be counted down. So the switch is thrown when there is
 * none, and statements compiled under it count nothing.
 */
#include "engine/sqlite/enforce.h"

#include "base/error.h"
#include "engine/sqlite/sqlite.h"

#include "base/ban.h"

bool sqlite_enforces(void *self)
{
    struct sqlite_session *session = self;
    int enforced = 0;

    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &enforced);
    return enforced != 0;
}

stoa_status sqlite_enforce(void *self, bool enforced, stoa_error *err)
{
    struct sqlite_session *session = self;
    int waiting = 0, highest = 0;

    sqlite3_db_status(session->db, SQLITE_DBSTATUS_DEFERRED_FKS, &waiting, &highest, 0);
    if (waiting)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "FOREIGN KEY constraint failed: rows of this transaction refer to none");
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_FKEY, enforced, NULL);
    return STOA_OK;
}
