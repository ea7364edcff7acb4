/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kit.h"

/* test.h keeps the process in each file that includes it; the runner set only its own. */
char *kit_path(const char *name)
{
    if (test_pid == 0)
        test_pid = getpid();
    return test_path(name);
}

stoa_db kit_open(void)
{
    return kit_open_with(NULL, 0);
}

stoa_db kit_open_with(const stoa_option *options, int64_t option_count)
{
    stoa_error err = {0};
    char target[512];
    char *path = kit_path("test.db");
    const char *hole = strstr(quirks.target, "%s");
    stoa_db db;

    if (hole)
        (void)snprintf(target, sizeof(target), "%.*s%s%s", (int)(hole - quirks.target),
                       quirks.target, path, hole + 2);
    else
        (void)snprintf(target, sizeof(target), "%s", quirks.target);
    free(path);
    MUST(stoa_open(NO_OP, target[0] == '$' ? getenv(target + 1) : target, STOA_NUL, options,
                   option_count, &db, &err));
    if (quirks.fresh) {
        stoa_conn conn = kit_connect(db);

        MUST(stoa_run(conn, NO_OP, quirks.fresh, STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
        stoa_conn_close(conn);
    }
    return db;
}

stoa_conn kit_connect(stoa_db db)
{
    stoa_error err = {0};
    stoa_conn conn;

    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

const char *kit_sql(const char *pattern, long long number)
{
    static _Thread_local char text[512];
    const char *hole = strstr(pattern, "%lld");

    if (!hole)
        return pattern;
    (void)snprintf(text, sizeof(text), "%.*s%lld%s", (int)(hole - pattern), pattern,
                   number, hole + 4);
    return text;
}

stoa_result kit_query(stoa_conn conn, const char *sql)
{
    stoa_error err = {0};
    stoa_result result;

    MUST(stoa_query(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &err));
    return result;
}

void kit_fill(stoa_conn conn, int64_t rows)
{
    const stoa_option options[] = {{"mode", "replace"}};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    int64_t written = 0;

    data_stream(&stream, 1, rows, -1);
    MUST(stoa_insert(conn, NO_OP, "t", STOA_NUL, &stream, options, 1, &written, &err));
    CHECK(!stream.release);
    CHECK_INT(written, rows);
}

int64_t kit_int64(stoa_conn conn, const char *sql)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.row_count, 1);
    return rows.values[0].a;
}

void kit_check_nothing_left(void)
{
    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_SESSION; kind++) {
        stoa_error err = {0};
        int64_t count = -1;

        MUST(stoa_live(kind, &count, &err));
        if (count != 0)
            printf("# stoa_live(%d) is %lld\n", (int)kind, (long long)count);
        CHECK_INT(count, 0);
    }
    CHECK_INT(data_alive, 0);
}
