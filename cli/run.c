/* SPDX-License-Identifier: Apache-2.0 */
/* Running statements under an operation that Ctrl-C cancels. */
#include "cli.h"

#include <signal.h>
#include <stdio.h>

/* Set by the signal, read by the operation's tick. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int32_t tick(void *user_data)
{
    (void)user_data;
    return interrupted;
}

/* Every statement of `sql`, rows printed. */
static stoa_status run_text(stoa_conn conn, stoa_op op, const char *sql, stoa_error *err)
{
    stoa_result result;
    stoa_status rc = stoa_query(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, &result, err);

    while (rc == STOA_OK) {
        rc = cli_print(result, op, err);
        if (rc == STOA_OK)
            rc = stoa_result_next_result(result, op, err);
    }
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

int cli_run(const char *target, char **texts, int count)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    const char *sql = NULL;
    stoa_error error;
    stoa_db db = {0};
    stoa_conn conn;
    stoa_op op = {0};

    sigaction(SIGINT, &action, NULL);
    stoa_status rc = stoa_op_open(-1, tick, NULL, NULL, &op, &error);
    if (rc == STOA_OK)
        rc = stoa_open(op, target, STOA_NUL, NULL, 0, &db, &error);
    if (rc == STOA_OK)
        rc = stoa_connect(db, op, NULL, 0, &conn, &error);
    for (int i = 0; i < count && rc == STOA_OK; i++) {
        sql = texts[i];
        rc = run_text(conn, op, sql, &error);
    }
    if (rc == STOA_OK) {
        sql = NULL;
        rc = stoa_db_shutdown(db, op, &error);
    }
    if (rc < 0)
        cli_print_error(&error, sql);
    stoa_db_close(db);
    stoa_op_close(op);
    return rc == STOA_OK ? CLI_OK : interrupted ? CLI_CANCELLED : CLI_FAILED;
}

int cli_engines(void)
{
    struct ArrowArrayStream engines;
    stoa_error error;
    stoa_db db = {0};
    stoa_conn conn;
    stoa_scan scan;
    stoa_result result;
    static const stoa_op no_limit = {0};

    /* A table like any other: scanned, queried and printed. */
    stoa_status rc = stoa_engines(&engines, &error);
    if (rc == STOA_OK)
        rc = stoa_open(no_limit, ":memory:", STOA_NUL, NULL, 0, &db, &error);
    if (rc == STOA_OK)
        rc = stoa_connect(db, no_limit, NULL, 0, &conn, &error);
    if (rc == STOA_OK)
        rc = stoa_scan_register(conn, no_limit, "engines", STOA_NUL, &engines, NULL, 0, &scan,
                                &error);
    if (rc == STOA_OK)
        rc = stoa_query(conn, no_limit,
                        "SELECT name, version, available, detail, example FROM engines", STOA_NUL,
                        NULL, 0, NULL, 0, &result, &error);
    if (rc == STOA_OK)
        rc = cli_print(result, no_limit, &error);
    if (rc < 0)
        cli_print_error(&error, NULL);
    stoa_stream_release(&engines);
    stoa_db_close(db);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}
