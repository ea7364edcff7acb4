/* SPDX-License-Identifier: Apache-2.0 */
/* Closing what lives on a session, from threads that do not use it. */
#include "arrow_make.h"
#include "support/app.h"

#include <pthread.h>
#include <semaphore.h>

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

static sem_t releasing, may_go_on;

static void release_slowly(void *unused)
{
    (void)unused;
    CHECK_INT(sem_post(&releasing), 0);
    CHECK_INT(sem_wait(&may_go_on), 0);
}

static stoa_status answer_null(void *unused, const stoa_rows *arguments, stoa_value *result,
                               const uint8_t **result_bytes, stoa_error *err)
{
    (void)unused, (void)arguments, (void)result, (void)result_bytes, (void)err;
    return STOA_OK;
}

static void *close_function(void *function)
{
    stoa_function_close(*(stoa_function *)function);
    return NULL;
}

/* However long that takes: the call's own deadline ends the wait, and nothing is BUSY. */
static void a_call_waits_for_who_closes_on_another_thread(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    struct ArrowSchema *none = make_schema("+s", "");
    const stoa_function_spec spec = {.struct_size = sizeof spec,
                                     .name = "f",
                                     .name_size = STOA_NUL,
                                     .parameters = none,
                                     .row = answer_null};
    stoa_error err;
    stoa_function function;
    stoa_op soon;
    pthread_t closer;

    CHECK(sem_init(&releasing, 0, 0) == 0 && sem_init(&may_go_on, 0, 0) == 0);
    app_must(stoa_function_register(conn, &spec, NULL, release_slowly, &function, &err), &err,
             "register");
    CHECK_INT(pthread_create(&closer, NULL, close_function, &function), 0);
    CHECK_INT(sem_wait(&releasing), 0);
    app_must(stoa_op_open(20, NULL, NULL, NULL, &soon, &err), &err, "op");
    CHECK_INT(stoa_ping(conn, soon, &err), STOA_ERR_TIMEOUT);
    CHECK_INT(sem_post(&may_go_on), 0);
    app_must(stoa_ping(conn, NO_OP, &err), &err, "ping");
    CHECK_INT(pthread_join(closer, NULL), 0);
    stoa_op_close(soon);
    make_free_schema(none);
    app_shutdown(db);
}

TEST_MAIN({"closing on another thread is never in the way",
           closing_on_another_thread_is_never_in_the_way},
          {"a call waits for who closes on another thread",
           a_call_waits_for_who_closes_on_another_thread})
