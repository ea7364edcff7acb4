/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The correctness bars of docs/adbc.md on one driver, REAL_DRIVER: sqlite, duckdb, postgresql, or
 * bad, which is bad_driver.c behaving.
 */
#include "conformance/data.h"
#include "stoa.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_OP ((stoa_op){0})
#define MUST(call) must((call), &err, __LINE__, #call)

enum { ROWS = 5000, SUM = ROWS * (ROWS - 1) / 2 };

static void must(stoa_status rc, const stoa_error *err, int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# line %d: %s: %s: %s\n", line, what, stoa_status_name(rc), err->text);
    test_fail();
}

/* 5000 rows 0, 1, 2 ... of one int64 column, and a query of one row. */
static const struct way {
    const char *driver, *rows, *one;
} ways[] = {
    {"sqlite",
     "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r LIMIT 5000) SELECT n FROM r",
     "SELECT 1"},
    {"duckdb",
     "WITH RECURSIVE r(n) AS (SELECT 0::BIGINT UNION ALL SELECT n + 1 FROM r WHERE n < 4999) "
     "SELECT n FROM r",
     "SELECT 1"},
    {"postgresql",
     "WITH RECURSIVE r(n) AS (SELECT 0::BIGINT UNION ALL SELECT n + 1 FROM r WHERE n < 4999) "
     "SELECT n FROM r",
     "SELECT 1"},
    {"bad", "rows 5000", "count"},
};

static const struct way *way(void)
{
    size_t i = 0;

    while (strcmp(ways[i].driver, REAL_DRIVER) != 0)
        i++;
    return &ways[i];
}

static stoa_db open_it(void)
{
    const stoa_option options[] = {{"uri", ""}};
    bool bad = strcmp(REAL_DRIVER, "bad") == 0;
    stoa_error err = {0};
    char target[1024];
    char *path = test_path("bars.db");
    stoa_db db;

    if (bad)
        (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    else if (strcmp(REAL_DRIVER, "sqlite") == 0)
        (void)snprintf(target, sizeof(target), "adbc:sqlite:%s", path);
    else if (strcmp(REAL_DRIVER, "duckdb") == 0)
        (void)snprintf(target, sizeof(target), "duckdb:%s", path);
    else
        (void)snprintf(target, sizeof(target), "%s", getenv("STOA_TEST_PG"));
    free(path);
    MUST(stoa_open(NO_OP, target, STOA_NUL, options, bad ? 1 : 0, &db, &err));
    return db;
}

static stoa_conn connect_it(stoa_db db)
{
    stoa_error err = {0};
    stoa_conn conn;

    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

static void nothing_left(void)
{
    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_SESSION; kind++) {
        int64_t alive = -1;

        CHECK_INT(stoa_live(kind, &alive, NULL), STOA_OK);
        CHECK_INT(alive, 0);
    }
}

static void check_all(struct ArrowArrayStream *stream)
{
    stoa_error err = {0};
    int64_t rows = 0, sum = 0;

    MUST(data_sum(stream, &rows, &sum, &err));
    CHECK_INT(rows, ROWS);
    CHECK_INT(sum, SUM);
}

/* ---- C1, C2: closing ---- */

struct things {
    stoa_db db;
    stoa_conn conn;
    stoa_stmt stmt;
    struct ArrowArrayStream stream;
};

static void begin_things(struct things *out)
{
    stoa_error err = {0};
    stoa_result result;

    out->db = open_it();
    out->conn = connect_it(out->db);
    MUST(stoa_prepare(out->conn, NO_OP, way()->rows, STOA_NUL, &out->stmt, &err));
    MUST(stoa_execute(out->stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_export(result, NO_OP, &out->stream, &err));
}

static void close_one(struct things *things, int which)
{
    const struct things copy = *things; /* Handles are numbers: a copy is as good. */

    for (int twice = 0; twice < 2; twice++)
        switch (which) {
        case 0:
            stoa_db_close(copy.db);
            break;
        case 1:
            stoa_conn_close(copy.conn);
            break;
        case 2:
            stoa_stmt_close(copy.stmt);
            break;
        default:
            stoa_stream_release(&things->stream);
            break;
        }
}

/* All 24 orders, each thing twice; what is closed is said when it is used. */
static void everything_closes_in_any_order(void)
{
    for (int code = 0; code < 256; code++) {
        const int order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        stoa_error err = {0};
        struct things things;
        stoa_result result;

        if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15)
            continue;
        begin_things(&things);
        for (int i = 0; i < 4; i++) {
            if (order[i] == 3 && i == 3)
                check_all(&things.stream); /* It outlives all. */
            close_one(&things, order[i]);
        }
        CHECK_INT(stoa_execute(things.stmt, NO_OP, NULL, 0, NULL, 0, &result, &err),
                  STOA_ERR_CLOSED);
        CHECK_INT(stoa_ping(things.conn, NO_OP, &err), STOA_ERR_CLOSED);
        nothing_left();
    }
}

/* ---- C3: again ---- */

static void executing_again_spoils_nothing(void)
{
    stoa_error err = {0};
    stoa_db db = open_it();
    stoa_conn conn = connect_it(db);
    struct ArrowArrayStream first, second;
    struct ArrowArray batch;
    stoa_result result, later;
    stoa_stmt stmt;
    int64_t rows;

    MUST(stoa_prepare(conn, NO_OP, way()->rows, STOA_NUL, &stmt, &err));
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_next(result, NO_OP, &batch, &err));
    stoa_batch_release(&batch);
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &later, &err));
    CHECK_INT(stoa_result_next(result, NO_OP, &batch, &err), STOA_ERR_CLOSED);
    CHECK_HAS(err.text, "executed again");
    MUST(stoa_result_export(later, NO_OP, &second, &err));
    check_all(&second);
    stoa_result_close(result);
    /* An exported stream is its reader's own: both are whole. */
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_export(result, NO_OP, &first, &err));
    MUST(stoa_stream_next(&first, &batch, &err));
    rows = batch.length;
    stoa_batch_release(&batch);
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_export(result, NO_OP, &second, &err));
    check_all(&second);
    while (stoa_stream_next(&first, &batch, &err) == STOA_OK) {
        rows += batch.length;
        stoa_batch_release(&batch);
    }
    CHECK_INT(rows, ROWS);
    stoa_stream_release(&first);
    stoa_db_close(db);
    nothing_left();
}

/* ---- C4: producers that are wrong before they begin ---- */

static int no_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    (void)stream;
    (void)out;
    return EIO;
}

static int (*next_of_producer)(struct ArrowArrayStream *stream, struct ArrowArray *out);
static int batches_given;

/* The second column of the third batch is too short. */
static int short_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    int code = next_of_producer(stream, out);

    if (code == 0 && out->release && ++batches_given == 3)
        out->children[1]->length--;
    return code;
}

static void wrong_producers_change_nothing(void)
{
    static const char *const modes[] = {"create", "append", "replace", "create_append"};
    stoa_error err = {0};
    stoa_db db = open_it();
    stoa_conn conn = connect_it(db);
    struct ArrowArrayStream stream;
    stoa_rows rows;

    if (strcmp(REAL_DRIVER, "bad") != 0) {
        (void)stoa_run(conn, NO_OP, "DROP TABLE t", STOA_NUL, NULL, 0, NULL, 0, NULL, NULL);
        MUST(stoa_run(conn, NO_OP, "CREATE TABLE t (id BIGINT, name TEXT)", STOA_NUL, NULL, 0, NULL,
                      0, NULL, &err));
    }
    for (int mode = 0; mode < 4; mode++)
        for (int which = 0; which < 2; which++) {
            const stoa_option options[] = {{"mode", modes[mode]}};

            data_stream(&stream, 16, 50, -1);
            next_of_producer = stream.get_next;
            batches_given = 0;
            if (which == 0)
                stream.get_schema = no_schema;
            else
                stream.get_next = short_next;
            CHECK(stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, &err) < 0);
            CHECK(stream.release != NULL);
            stream.release(&stream);
            MUST(stoa_query_row(conn, NO_OP,
                                strcmp(REAL_DRIVER, "bad") == 0 ? "count"
                                                                : "SELECT count(*) FROM t",
                                STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
            CHECK_INT(rows.values[0].a, 0);
        }
    stoa_db_close(db);
    nothing_left();
}

/* ---- C9: fork ---- */

/* Nothing but calls that must be refused: the driver's threads are not there. */
static int in_the_child(struct things *things)
{
    struct ArrowArray batch;
    stoa_error err = {0};
    stoa_result result;
    stoa_conn conn;
    int wrong = 0;

    wrong += stoa_ping(things->conn, NO_OP, &err) != STOA_ERR_FORKED;
    wrong += stoa_query(things->conn, NO_OP, way()->one, STOA_NUL, NULL, 0, NULL, 0, &result,
                        &err) != STOA_ERR_FORKED;
    wrong += stoa_execute(things->stmt, NO_OP, NULL, 0, NULL, 0, &result, &err) != STOA_ERR_FORKED;
    wrong += stoa_stream_next(&things->stream, &batch, &err) >= 0;
    wrong += stoa_connect(things->db, NO_OP, NULL, 0, &conn, &err) != STOA_ERR_FORKED;
    stoa_db_close(things->db);
    return wrong;
}

static void a_child_of_fork_is_told(void)
{
    struct things things;
    stoa_error err = {0};
    int status = -1;
    pid_t child;

    begin_things(&things);
    child = fork();
    if (child == 0)
        _exit(in_the_child(&things));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    check_all(&things.stream);
    MUST(stoa_ping(things.conn, NO_OP, &err));
    stoa_db_close(things.db);
    nothing_left();
}

/* ---- C10: threads ---- */

enum { CALLS = 1000, CONNECTIONS = 20 };

struct hammer {
    stoa_db db;
    stoa_conn conn;
    pthread_t thread;
    _Atomic int wrong, good;
};

static void *strike(void *argument)
{
    struct hammer *hammer = argument;

    for (int i = 0; i < CALLS; i++) {
        stoa_error err = {0};
        stoa_result result = {0};
        struct ArrowArray batch;
        stoa_status rc = stoa_query(hammer->conn, NO_OP, way()->one, STOA_NUL, NULL, 0, NULL, 0,
                                    &result, &err);

        if (rc == STOA_OK)
            rc = stoa_result_next(result, NO_OP, &batch, &err);
        if (rc == STOA_OK)
            stoa_batch_release(&batch);
        stoa_result_close(result);
        hammer->good += rc == STOA_OK;
        if (rc != STOA_OK && rc != STOA_ERR_BUSY) {
            printf("# %s: %s\n", stoa_status_name(rc), err.text);
            hammer->wrong++;
        }
    }
    return NULL;
}

static void *come_and_go(void *argument)
{
    struct hammer *hammer = argument;

    for (int i = 0; i < CONNECTIONS; i++) {
        stoa_error err = {0};
        stoa_conn conn = {0};
        stoa_status rc = stoa_connect(hammer->db, NO_OP, NULL, 0, &conn, &err);

        if (rc == STOA_OK)
            rc = stoa_ping(conn, NO_OP, &err);
        hammer->wrong += rc != STOA_OK;
        stoa_conn_close(conn);
    }
    return NULL;
}

/* Two threads on one connection, and one that opens and closes others. */
static void threads_are_served_or_told(void)
{
    stoa_db db = open_it();
    struct hammer hammers[3] = {{.db = db}, {.db = db}, {.db = db}};

    hammers[0].conn = hammers[1].conn = connect_it(db);
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&hammers[i].thread, NULL, i < 2 ? strike : come_and_go,
                                 &hammers[i]),
                  0);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(hammers[i].thread, NULL);
        CHECK_INT(hammers[i].wrong, 0);
    }
    CHECK(hammers[0].good + hammers[1].good > 0);
    stoa_db_close(db);
    nothing_left();
}

TEST_MAIN({"C1, C2: everything closes in any order", everything_closes_in_any_order},
          {"C3: executing again spoils nothing", executing_again_spoils_nothing},
          {"C4: wrong producers change nothing", wrong_producers_change_nothing},
          {"C9: a child of fork is told", a_child_of_fork_is_told},
          {"C10: threads are served or told", threads_are_served_or_told})
