/* SPDX-License-Identifier: Apache-2.0 */
/* Closing what lives on a session, from threads that do not use it. */
#include "support/app.h"

#include <pthread.h>

enum { RESULTS = 64, ROUNDS = 40 };

static stoa_result results[RESULTS];

static void *close_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < RESULTS; i++)
        stoa_result_close(results[i]);
    return NULL;
}

static void closing_on_another_thread_is_never_in_the_way(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    stoa_error err;

    app_run(conn, "CREATE TABLE t(a INTEGER)");
    app_run(conn, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                  "WHERE i < 1000) SELECT i FROM n");
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t closer;

        for (int i = 0; i < RESULTS; i++)
            app_must(stoa_query(conn, NO_OP, "SELECT a FROM t ORDER BY a + 1", STOA_NUL, NULL, 0,
                                NULL, 0, &results[i], &err),
                     &err, "query");
        CHECK_INT(pthread_create(&closer, NULL, close_all, NULL), 0);
        for (int i = 0; i < RESULTS; i++)
            app_must(stoa_ping(conn, NO_OP, &err), &err, "ping");
        CHECK_INT(pthread_join(closer, NULL), 0);
    }
    app_shutdown(db);
}

TEST_MAIN({"closing on another thread is never in the way",
           closing_on_another_thread_is_never_in_the_way})
