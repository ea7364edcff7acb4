/* SPDX-License-Identifier: Apache-2.0 */
#include "adbc/kit.h"

void kit_must(stoa_status rc, const stoa_error *err, int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# line %d: %s: %s: %s\n", line, what, stoa_status_name(rc), err->text);
    test_fail();
}

bool kit_is(const char *driver)
{
    return strcmp(REAL_DRIVER, driver) == 0;
}

const struct kit_driver *kit_driver(void)
{
    static const char recursive[] =
        "WITH RECURSIVE r(n) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM r WHERE n < "
        "4999) SELECT n FROM r";
    static const struct kit_driver real = {REAL_DRIVER, recursive, "SELECT 1",
                                           "SELECT count(*) FROM t"};
    static const struct kit_driver bad = {REAL_DRIVER, "rows 5000", "count", "count"};

    static const struct kit_driver chdb = {
        REAL_DRIVER, "SELECT toInt64(number) AS n FROM numbers(5000)", "SELECT 1",
        "SELECT toInt64(count(*)) FROM t"};

    if (kit_is("chdb"))
        return &chdb;
    return kit_is("bad") ? &bad : &real;
}

stoa_status kit_try_open(stoa_db *db, stoa_error *err)
{
    const stoa_option options[] = {{"uri", ""}};
    char target[1024], *path;

    if (test_pid == 0)
        test_pid = getpid(); /* test.h keeps it in each file that includes it. */
    path = test_path("kit.db");
    if (kit_is("bad"))
        (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    else if (kit_is("sqlite"))
        (void)snprintf(target, sizeof(target), "adbc:sqlite:%s", path);
    else if (kit_is("duckdb"))
        (void)snprintf(target, sizeof(target), "duckdb:%s", path);
    else
        (void)snprintf(target, sizeof(target), "%s",
                       getenv(kit_is("chdb") ? "STOA_TEST_CHDB" : "STOA_TEST_PG"));
    free(path);
    return stoa_open(NO_OP, target, STOA_NUL, options, kit_is("bad") ? 1 : 0, db, err);
}

stoa_db kit_open(void)
{
    stoa_error err = {0};
    stoa_db db;

    MUST(kit_try_open(&db, &err));
    return db;
}

stoa_conn kit_connect(stoa_db db)
{
    stoa_error err = {0};
    stoa_conn conn;

    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

void kit_make_table(stoa_conn conn)
{
    stoa_error err = {0};

    if (kit_is("bad"))
        return; /* It is there from the beginning. */
    (void)stoa_run(conn, NO_OP, "DROP TABLE t", STOA_NUL, NULL, 0, NULL, 0, NULL, NULL);
    MUST(stoa_run(conn, NO_OP, "CREATE TABLE t (id BIGINT, name TEXT)", STOA_NUL, NULL, 0, NULL, 0,
                  NULL, &err));
}

int64_t kit_count(stoa_conn conn)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, kit_driver()->count, STOA_NUL, NULL, 0, NULL, 0, &rows,
                        &err));
    return rows.values[0].a;
}

void kit_nothing_left(void)
{
    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_SESSION; kind++) {
        int64_t alive = -1;

        CHECK_INT(stoa_live(kind, &alive, NULL), STOA_OK);
        CHECK_INT(alive, 0);
    }
}
