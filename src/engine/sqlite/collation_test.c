/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's collations, through the public interface. */
#include "base/mem.h"
#include "support/app.h"

struct probe {
    int released, calls;
};

static void released(void *user_data)
{
    ((struct probe *)user_data)->released++;
}

static stoa_conn memory(void)
{
    return app_connect(app_open(":memory:", NULL));
}

static int32_t by_length(void *user_data, const char *a, int64_t a_size, const char *b,
                         int64_t b_size)
{
    (void)a, (void)b;
    ((struct probe *)user_data)->calls++;
    return a_size < b_size ? -1 : a_size > b_size;
}

static stoa_status collate(stoa_conn conn, const char *name, stoa_compare compare,
                           struct probe *probe, stoa_error *err)
{
    return stoa_collation_register(conn, name, STOA_NUL, compare, probe, released, err);
}

static void collations_order_and_are_released_once(void)
{
    stoa_conn conn = memory();
    struct probe first = {0}, second = {0}, refused = {0}, removal = {0};
    stoa_result result;
    stoa_error err;

    app_must(collate(conn, "length", by_length, &first, &err), &err, "collation");
    app_run(conn, "CREATE TABLE t (a TEXT COLLATE length); INSERT INTO t VALUES ('ccc'), ('bb'), "
                  "('a'), ('')");
    CHECK_ROWS(conn, "SELECT group_concat(a, '<') FROM (SELECT a FROM t ORDER BY a)", "<a<bb<ccc");
    CHECK_ROWS(conn, "SELECT count(*) FROM t WHERE a = 'zzz'", "1");
    CHECK(first.calls > 0);
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT a FROM t", STOA_NUL, NULL, 0, NULL, 0, &result, NULL),
              STOA_OK);
    CHECK_INT(collate(conn, "LENGTH", by_length, &refused, &err), STOA_ERR_BUSY);
    CHECK_HAS(err.text, "while statements run");
    CHECK_INT(refused.released, 1);
    stoa_result_close(result);
    app_must(collate(conn, "LENGTH", by_length, &second, &err), &err, "collation");
    CHECK_INT(first.released, 1);
    CHECK_INT(collate(conn, "nocase", by_length, &refused, &err), STOA_ERR_EXISTS);
    CHECK_INT(collate(conn, "Binary", NULL, &refused, &err), STOA_ERR_EXISTS);
    CHECK_INT(refused.released, 3);
    app_must(collate(conn, "length", NULL, &removal, &err), &err, "collation");
    CHECK_INT(second.released, 1);
    CHECK_INT(removal.released, 1);
    CHECK_FAILS(conn, "SELECT a FROM t ORDER BY a", STOA_ERR_NOT_FOUND, "length");
    app_must(collate(conn, "length", by_length, &first, &err), &err, "collation");
    stoa_conn_close(conn);
    CHECK_INT(first.released, 2);
}

static void registering_a_collation_survives_every_allocation_failure(void)
{
    stoa_conn conn = memory();
    stoa_status rc = STOA_ERR_NOMEM;
    stoa_error err;
    int64_t nth = 0;

    for (; rc != STOA_OK; nth++) {
        struct probe probe = {0};

        stoa__mem_fail_nth = nth;
        rc = collate(conn, "c", by_length, &probe, &err);
        stoa__mem_fail_nth = -1;
        CHECK_INT(probe.released, rc == STOA_OK ? 0 : 1);
        if (rc == STOA_OK)
            CHECK_INT(collate(conn, "c", NULL, &probe, &err), STOA_OK);
    }
    CHECK(nth >= 2);
}

TEST_MAIN({"collations order and are released once", collations_order_and_are_released_once},
          {"registering a collation survives every allocation failure",
           registering_a_collation_survives_every_allocation_failure})
