/* SPDX-License-Identifier: Apache-2.0 */
/* What another thread closes between a call's two steps. */
#include "core/enter.h"

#include "support/app.h"

static stoa_status pin_close_take(stoa_conn conn, uint64_t id, enum stoa__kind kind,
                                  stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    app_must(stoa__enter_pin(&entry, id, kind, NO_OP, err), err, "pin");
    stoa_conn_close(conn);
    rc = stoa__enter_take(&entry, err);
    if (rc == STOA_OK)
        stoa__leave_take(&entry);
    stoa__leave_pin(&entry);
    return rc;
}

static void a_connection_closed_before_its_mark_is_taken_is_closed(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    stoa_error err;

    CHECK_INT(pin_close_take(conn, conn.id, STOA__KIND_CONN, &err), STOA_ERR_CLOSED);
    CHECK_TEXT(err.text, "this connection is closed");
    app_shutdown(db);
}

static void a_statement_of_a_connection_closed_then_is_closed(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    stoa_stmt stmt;
    stoa_error err;

    app_must(stoa_prepare(conn, NO_OP, "SELECT 1", STOA_NUL, &stmt, &err), &err, "prepare");
    CHECK_INT(pin_close_take(conn, stmt.id, STOA__KIND_STMT, &err), STOA_ERR_CLOSED);
    CHECK_TEXT(err.text, "this statement is closed: its connection was closed");
    app_shutdown(db);
}

TEST_MAIN({"a connection closed before its mark is taken is closed",
           a_connection_closed_before_its_mark_is_taken_is_closed},
          {"a statement of a connection closed then is closed",
           a_statement_of_a_connection_closed_then_is_closed})
