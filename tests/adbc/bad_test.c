/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine makes of a driver that misbehaves: bad_driver.c, in each of its ways. */
#include "conformance/data.h"
#include "stoa.h"
#include "test.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define NO_OP ((stoa_op){0})

/* Smaller batches are gathered before a driver sees them. */
enum { BATCH = 1100 };

#define MUST(call) must((call), &err, __LINE__, #call)

static void must(stoa_status rc, const stoa_error *err, int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# line %d: %s: %s: %s\n", line, what, stoa_status_name(rc), err->text);
    test_fail();
}

/* The driver in the way `mode`, through `entrypoint` (NULL: the default). */
static stoa_status open_bad(const char *mode, const char *entrypoint, stoa_db *db, stoa_error *err)
{
    const char *path = getenv("STOA_BAD_DRIVER");
    const stoa_option options[] = {{"uri", mode}, {"entrypoint", entrypoint}};
    char target[1024];

    CHECK(path != NULL);
    (void)snprintf(target, sizeof(target), "adbc:%s", path);
    return stoa_open(NO_OP, target, STOA_NUL, options, entrypoint ? 2 : 1, db, err);
}

static stoa_conn connect_bad(const char *mode, stoa_db *db)
{
    stoa_error err = {0};
    stoa_conn conn;

    MUST(open_bad(mode, NULL, db, &err));
    MUST(stoa_connect(*db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

static int64_t count(stoa_conn conn)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, "count", STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.row_count, 1);
    return rows.values[0].a;
}

static void nothing_left(void)
{
    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_SESSION; kind++) {
        int64_t alive = -1;

        CHECK_INT(stoa_live(kind, &alive, NULL), STOA_OK);
        CHECK_INT(alive, 0);
    }
    CHECK_INT(data_alive, 0);
}

/* ---- loading ---- */

static void a_good_driver_works(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("", &db);
    struct ArrowArrayStream stream;
    char text[64];
    int64_t rows;

    MUST(stoa_db_property(db, "adbc_version", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_TEXT(text, "1.1.0");
    CHECK_INT(count(conn), 0);
    data_stream(&stream, 3, 7, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, &rows, &err));
    CHECK_INT(rows, 21);
    CHECK_INT(count(conn), 21);
    stoa_db_close(db);
    nothing_left();
}

static void an_old_driver_is_asked_for_1_0(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn;
    char text[64];

    MUST(open_bad("", "BadOldInit", &db, &err));
    MUST(stoa_db_property(db, "adbc_version", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_TEXT(text, "1.0.0");
    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    CHECK_INT(count(conn), 0);
    CHECK_INT(stoa_run(conn, NO_OP, "wrong", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_NOT_FOUND);
    CHECK(!strstr(err.text, "bad.reason")); /* Details belong to 1.1. */
    stoa_db_close(db);
    nothing_left();
}

static void what_is_no_driver_is_named(void)
{
    stoa_error err = {0};
    stoa_db db;

    CHECK_INT(open_bad("", "BadEmptyInit", &db, &err), STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "StatementExecuteQuery");
    CHECK_INT(open_bad("", "BadRefusingInit", &db, &err), STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "not today");
    CHECK_INT(open_bad("", "NobodyInit", &db, &err), STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "NobodyInit");
    CHECK_INT(stoa_open(NO_OP, "adbc:/nowhere/libx.so", STOA_NUL, NULL, 0, &db, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "/nowhere/libx.so");
    CHECK_INT(stoa_open(NO_OP, "adbc:no-such-driver", STOA_NUL, NULL, 0, &db, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "ADBC_DRIVER_PATH");
    CHECK_HAS(err.text, "/etc/adbc/drivers");
    CHECK_HAS(err.text, "search_path: not set");
    CHECK_INT(stoa_open(NO_OP, "adbc:", STOA_NUL, NULL, 0, &db, &err), STOA_ERR_INVALID);
    nothing_left();
}

static void opening_fails_with_the_drivers_words(void)
{
    const stoa_option unknown[] = {{"colour", "blue"}};
    stoa_error err = {0};
    char target[1024];
    stoa_db db;

    CHECK_INT(open_bad("init_fails", NULL, &db, &err), STOA_ERR_IO);
    CHECK_HAS(err.text, "the database is not there");
    CHECK_INT(open_bad("connect_fails", NULL, &db, &err), STOA_ERR_IO);
    CHECK_HAS(err.text, "nobody answers");
    (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    CHECK_INT(stoa_open(NO_OP, target, STOA_NUL, unknown, 1, &db, &err), STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "colour");
    MUST(open_bad("text_on_success", NULL, &db, &err)); /* The status decides, not the text. */
    stoa_db_close(db);
    nothing_left();
}

static void secrets_are_masked(void)
{
    const stoa_option options[] = {{"uri", "secret"}, {"password", "hunter22"}};
    stoa_error err = {0};
    char target[1024];
    stoa_db db;

    (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    CHECK_INT(stoa_open(NO_OP, target, STOA_NUL, options, 2, &db, &err), STOA_ERR_AUTH);
    CHECK_HAS(err.text, "'bob'");
    CHECK(!strstr(err.text, "hunter22"));
    CHECK_INT(open_bad("secret://bob:hunter22@host", NULL, &db, &err), STOA_ERR_AUTH);
    nothing_left();
}

static stoa_status open_go(const char *name, const char *setting, stoa_db *db, stoa_error *err)
{
    char target[1024];

    CHECK(getenv("STOA_GO_DRIVERS") != NULL);
    (void)snprintf(target, sizeof(target), "adbc:%s/libstoa_go_driver_%s.so%s",
                   getenv("STOA_GO_DRIVERS"), name, setting);
    return stoa_open(NO_OP, target, STOA_NUL, NULL, 0, db, err);
}

/* The same library twice is one runtime. */
static void two_go_runtimes_do_not_meet(void)
{
    stoa_error err = {0};
    stoa_db db, again, other;

    MUST(open_go("one", "", &db, &err));
    MUST(open_go("one", "", &again, &err));
    CHECK_INT(open_go("two", "", &other, &err), STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "libstoa_go_driver_two.so brings a Go runtime");
    CHECK_HAS(err.text, "libstoa_go_driver_one.so has brought one");
    CHECK_HAS(err.text, "allow_two_go_runtimes");
    stoa_db_close(again);
    stoa_db_close(db);
    /* No library is ever unloaded: it is there still. */
    CHECK_INT(open_go("two", "", &other, &err), STOA_ERR_UNSUPPORTED);
    MUST(open_go("two", "?allow_two_go_runtimes=yes", &other, &err));
    stoa_db_close(other);
    MUST(open_go("two", "", &other, &err));
    stoa_db_close(other);
    nothing_left();
}

/* ---- errors ---- */

static void errors_keep_all_there_is(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("", &db);

    CHECK_INT(stoa_run(conn, NO_OP, "wrong", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.sqlstate, "42P01");
    CHECK_HAS(err.text, "adbc: a detailed failure with a bad byte ? and a line");
    CHECK_HAS(err.text, "bad.reason=on request");
    CHECK(!strstr(err.text, "bad.bytes"));
    CHECK(err.engine_code != 0);
    CHECK_INT(count(conn), 0);
    stoa_db_close(db);
    nothing_left();
}

/* ---- results ---- */

static stoa_status read_all(stoa_conn conn, int64_t *rows, stoa_error *err)
{
    stoa_result result;
    struct ArrowArray batch;
    stoa_status rc =
        stoa_query(conn, NO_OP, "rows 35", STOA_NUL, NULL, 0, NULL, 0, &result, err);

    *rows = 0;
    if (rc != STOA_OK)
        return rc;
    while ((rc = stoa_result_next(result, NO_OP, &batch, err)) == STOA_OK) {
        *rows += batch.length;
        stoa_batch_release(&batch);
    }
    if (rc < 0) { /* Sticky. */
        stoa_error again = {0};

        CHECK_INT(stoa_result_next(result, NO_OP, &batch, &again), rc);
        CHECK_TEXT(again.text, err->text);
    }
    stoa_result_close(result);
    return rc;
}

static void bad_results_are_refused(void)
{
    static const struct {
        const char *mode, *says;
        stoa_status status;
        int64_t rows;
    } ways[] = {
        {"no_stream", "gave no stream", STOA_ERR_PROTOCOL, 0},
        {"schema_fails", "schema", STOA_ERR_IO, 0},
        {"not_a_struct", "struct", STOA_ERR_PROTOCOL, 0},
        {"odd_format", "what?", STOA_ERR_PROTOCOL, 0},
        {"stream_fails", "the tape is torn", STOA_ERR_IO, 20},
        {"short_child", "n", STOA_ERR_PROTOCOL, 0},
        {"negative_length", "length", STOA_ERR_PROTOCOL, 0},
        {"missing_buffers", "buffers", STOA_ERR_PROTOCOL, 0},
        {"huge_offset", "offset", STOA_ERR_PROTOCOL, 0},
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        stoa_error err = {0};
        stoa_db db;
        stoa_conn conn = connect_bad(ways[i].mode, &db);
        int64_t rows = -1;
        stoa_status rc = read_all(conn, &rows, &err);

        if (rc != ways[i].status || !strstr(err.text, ways[i].says))
            printf("# %s: %s: %s\n", ways[i].mode, stoa_status_name(rc), err.text);
        CHECK_INT(rc, ways[i].status);
        CHECK_HAS(err.text, ways[i].says);
        CHECK_INT(rows, ways[i].rows);
        stoa_db_close(db);
        nothing_left();
    }
}

static void a_statement_without_state_is_refused(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("no_state", &db);

    CHECK_INT(stoa_run(conn, NO_OP, "count", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "made none");
    stoa_db_close(db);
    nothing_left();
}

/* This driver's streams die with their statements: nothing may be released too early. */
static void a_stream_outlives_every_handle(void)
{
    for (int order = 0; order < 4; order++) {
        stoa_error err = {0};
        struct ArrowArrayStream stream;
        stoa_db db;
        stoa_conn conn = connect_bad("", &db);
        stoa_result result;
        int64_t rows = 0, sum = 0;
        stoa_stmt stmt;

        MUST(stoa_prepare(conn, NO_OP, "rows 5000", STOA_NUL, &stmt, &err));
        MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
        MUST(stoa_result_export(result, NO_OP, &stream, &err));
        for (int step = 0; step < 4; step++) {
            if ((step + order) % 4 == 0)
                stoa_stmt_close(stmt);
            if ((step + order) % 4 == 1)
                stoa_conn_close(conn);
            if ((step + order) % 4 == 2)
                stoa_db_close(db);
            if ((step + order) % 4 == 3)
                stoa_result_close(result);
        }
        MUST(data_sum(&stream, &rows, &sum, &err));
        CHECK_INT(rows, 5000);
        CHECK_INT(sum, 4999 * 2500);
        nothing_left();
    }
}

/* ---- ingest ---- */

/* Rows there were before stay, whatever the driver says. */
static void ingest_cannot_lie(void)
{
    static const struct {
        const char *mode, *says;
        int64_t fail_at;
        stoa_status status;
    } ways[] = {
        {"", "the disk is gone", 3, STOA_ERR_CALLBACK},
        {"ignores_producer", "the disk is gone", 0, STOA_ERR_CALLBACK},
        {"ignores_producer", "the disk is gone", 3, STOA_ERR_CALLBACK},
        {"ignores_producer", "the disk is gone", 15, STOA_ERR_CALLBACK},
        {"stops_early", "stopped reading", -1, STOA_ERR_PROTOCOL},
        {"wrong_count", "says that it wrote", -1, STOA_ERR_PROTOCOL},
        {"fails_after_rows", "a key is there twice", -1, STOA_ERR_CONSTRAINT},
        {"bind_fails", "does not fit", -1, STOA_ERR_PROTOCOL},
        {"commit_fails", "the disk is full", -1, STOA_ERR_IO},
    };
    static const char *const modes[] = {"create", "append", "replace", "create_append"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        for (size_t j = 0; j < 4; j++) {
            const stoa_option options[] = {{"mode", modes[j]}};
            struct ArrowArrayStream stream;
            stoa_error err = {0};
            stoa_db db;
            stoa_conn conn = connect_bad(ways[i].mode, &db);
            int64_t rows = -1;

            data_stream(&stream, 16, BATCH, ways[i].fail_at);
            CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, &rows, &err),
                      ways[i].status);
            CHECK_HAS(err.text, ways[i].says);
            CHECK_INT(rows, 0);
            CHECK(stream.release != NULL);
            stream.release(&stream);
            CHECK_INT(count(conn), 0);
            stoa_db_close(db);
            nothing_left();
        }
}

static int64_t number(stoa_conn conn, const char *sql)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    return rows.row_count == 1 ? rows.values[0].a : -1;
}

/* Tiny batches are gathered, others are left alone, and no row is lost. */
static void tiny_batches_are_gathered(void)
{
    static const struct {
        int64_t batches, rows, given;
    } ways[] = {{1, 5, 1}, {2, 5, 1}, {2000, 5, 2}, {3, 2000, 3}, {20, 1023, 3}, {0, 0, 0}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        struct ArrowArrayStream stream;
        stoa_error err = {0};
        stoa_db db;
        stoa_conn conn = connect_bad("", &db);

        data_stream(&stream, ways[i].batches, ways[i].rows, -1);
        MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
        CHECK_INT(count(conn), ways[i].batches * ways[i].rows);
        CHECK_INT(number(conn, "batches"), ways[i].given);
        stoa_db_close(db);
        nothing_left();
    }
}

static void a_failure_dooms_the_callers_transaction(void)
{
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("ignores_producer", &db);

    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    data_stream(&stream, 4, BATCH, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
    data_stream(&stream, 4, BATCH, 2);
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err), STOA_ERR_CALLBACK);
    CHECK_HAS(err.text, "rolled back");
    stream.release(&stream);
    CHECK_INT(stoa_commit(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "only be rolled back");
    CHECK_INT(stoa_run(conn, NO_OP, "count", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_INVALID);
    MUST(stoa_rollback(conn, NO_OP, &err));
    CHECK_INT(count(conn), 0);
    stoa_db_close(db);
    nothing_left();
}

/* Without transactions rows go by way of a stage: the table is as it was, or has all of them, and
 * no stage is left. */
static void without_transactions_there_is_a_stage(void)
{
    static const struct {
        const char *way, *says;
        int64_t fail_at;
        stoa_status status;
    } ways[] = {
        {"no_transactions", "", -1, STOA_OK},
        {"no_transactions", "the disk is gone", 0, STOA_ERR_CALLBACK},
        {"no_transactions", "the disk is gone", 3, STOA_ERR_CALLBACK},
        {"no_transactions,ignores_producer", "the disk is gone", 3, STOA_ERR_CALLBACK},
        {"no_transactions,stops_early", "stopped reading", -1, STOA_ERR_PROTOCOL},
        {"no_transactions,wrong_count", "says that it wrote", -1, STOA_ERR_PROTOCOL},
        {"no_transactions,fails_after_rows", "a key is there twice", -1, STOA_ERR_CONSTRAINT},
        {"no_transactions,bind_fails", "does not fit", -1, STOA_ERR_PROTOCOL},
    };
    static const char *const modes[] = {"create", "append", "replace", "create_append"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        for (size_t j = 0; j < 4; j++) {
            const stoa_option options[] = {{"mode", modes[j]}};
            struct ArrowArrayStream stream;
            stoa_error err = {0};
            stoa_db db;
            stoa_conn conn = connect_bad(ways[i].way, &db);
            stoa_status expected = j == 0 ? STOA_ERR_EXISTS : ways[i].status;
            stoa_status rc;

            data_stream(&stream, 16, BATCH, ways[i].fail_at);
            rc = stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, &err);
            if (rc != expected)
                printf("# %s, %s: %s\n", ways[i].way, modes[j], err.text);
            CHECK_INT(rc, expected);
            if (rc != STOA_OK) {
                CHECK_HAS(err.text, j == 0 ? "there already" : ways[i].says);
                CHECK((err.flags & STOA_ERROR_IN_DOUBT) == 0);
                stream.release(&stream);
            }
            CHECK_INT(count(conn), rc == STOA_OK ? 16 * BATCH : 0);
            CHECK_INT(number(conn, "tables"), 1);
            data_stream(&stream, 16, BATCH, ways[i].fail_at);
            rc = stoa_insert(conn, NO_OP, "new", 3, &stream, options, 1, NULL, &err);
            CHECK_INT(rc, j == 1 ? STOA_ERR_NOT_FOUND : ways[i].status);
            if (rc != STOA_OK)
                stream.release(&stream);
            CHECK_INT(number(conn, "tables"), rc == STOA_OK ? 2 : 1);
            stoa_db_close(db);
            nothing_left();
        }
}

/* Publishing the stage fails. */
static void a_stage_that_cannot_be_published_is_dropped(void)
{
    struct ArrowArrayStream stream;
    stoa_option options[] = {{"mode", "replace"}};
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("no_transactions,no_rename,no_copy", &db);

    data_stream(&stream, 4, BATCH, -1);
    CHECK(stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, &err) < 0);
    CHECK_HAS(err.text, "it cannot be called that");
    CHECK((err.flags & STOA_ERROR_IN_DOUBT) == 0); /* It has its name again. */
    stream.release(&stream);
    CHECK_INT(count(conn), 0);
    CHECK_INT(number(conn, "tables"), 1);
    options[0].value = "append";
    err = (stoa_error){0};
    data_stream(&stream, 4, BATCH, -1);
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, &err),
              STOA_ERR_CONSTRAINT);
    CHECK((err.flags & STOA_ERROR_IN_DOUBT) != 0);
    stream.release(&stream);
    CHECK_INT(number(conn, "tables"), 1);
    stoa_db_close(db);
    nothing_left();
}

/* What a stage cannot make all or none is refused before anything is done. */
static void what_cannot_be_whole_is_refused(void)
{
    const stoa_option best_effort[] = {{"uri", "no_transactions"}, {"atomic", "best_effort"}};
    const stoa_option temporary[] = {{"database", "temp"}};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("no_transactions,no_table_schema", &db);
    char target[1024];
    stoa_done done;
    stoa_stmt stmt;
    int32_t can = 1;

    data_stream(&stream, 4, BATCH, -1);
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err),
              STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "best_effort");
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, temporary, 1, NULL, &err),
              STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "temporary");
    MUST(stoa_prepare(conn, NO_OP, "put ?, ?", STOA_NUL, &stmt, &err));
    CHECK_INT(stoa_execute_stream(stmt, NO_OP, &stream, &done, &err), STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "best_effort");
    stream.release(&stream);
    MUST(stoa_db_supports(db, STOA_CAN_TRANSACTIONS, &can, &err));
    CHECK_INT(can, 0);
    MUST(stoa_db_supports(db, STOA_CAN_INGEST, &can, &err));
    CHECK_INT(can, 1);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_UNSUPPORTED);
    stoa_db_close(db);
    nothing_left();
    (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    MUST(stoa_open(NO_OP, target, STOA_NUL, best_effort, 2, &db, &err));
    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    data_stream(&stream, 4, 2000, 2);
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err), STOA_ERR_CALLBACK);
    CHECK((err.flags & STOA_ERROR_IN_DOUBT) != 0);
    CHECK_HAS(err.text, "no transactions");
    stream.release(&stream);
    CHECK_INT(count(conn), 4000);
    stoa_db_close(db);
    nothing_left();
}

/* What it has and lacks is told by its table, and by its answers. */
static void abilities_are_remembered(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("", &db);
    char text[1024];
    stoa_rows rows;
    stoa_op op;

    MUST(stoa_db_property(db, "missing", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_HAS(text, "statistics");
    CHECK_HAS(text, "cancelling of connections");
    CHECK(!strstr(text, "transactions"));
    MUST(stoa_db_property(db, "abilities", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_HAS(text, "transactions");
    CHECK(!strstr(text, "cancelling of statements"));
    MUST(stoa_db_property(db, "untried", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_HAS(text, "cancelling of statements");
    text[0] = '\0';
    /* A busy machine may not have begun when the time is up: then it has more. */
    for (int64_t ms = 30; ms < 10000 && !strstr(text, "cancelling of statements"); ms *= 2) {
        MUST(stoa_op_open(ms, NULL, NULL, NULL, &op, &err));
        CHECK_INT(stoa_query_row(conn, op, "slow", STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
                  STOA_ERR_TIMEOUT);
        stoa_op_close(op);
        MUST(stoa_db_property(db, "abilities", STOA_NUL, text, sizeof(text), NULL, &err));
    }
    CHECK_HAS(text, "cancelling of statements");
    stoa_db_close(db);
    nothing_left();
}

static void remember_thread(void *user_data)
{
    pthread_t *thread = user_data;

    *thread = pthread_self();
}

static void the_producer_runs_on_the_calling_thread(void)
{
    static const char *const modes[] = {"", "pulls_elsewhere"};

    for (int i = 0; i < 2; i++) {
        struct ArrowArrayStream stream;
        pthread_t thread = 0;
        stoa_error err = {0};
        stoa_db db;
        stoa_conn conn = connect_bad(modes[i], &db);

        data_stream_calling(&stream, 3, remember_thread, &thread);
        MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
        CHECK(pthread_equal(thread, pthread_self()));
        CHECK(count(conn) > 0);
        stoa_db_close(db);
        nothing_left();
    }
}

/* The driver pulls once more, and would crash if it got rows. */
static void wait_for_late_pull(void)
{
    void *driver = dlopen(getenv("STOA_BAD_DRIVER"), RTLD_NOW | RTLD_NOLOAD);
    _Atomic int *pulls = driver ? dlsym(driver, "bad_late_pulls") : NULL;

    CHECK(pulls != NULL);
    while (atomic_load(pulls) == 0)
        (void)usleep(1000);
    (void)dlclose(driver);
}

static void late_pulls_get_nothing(void)
{
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_bad("pulls_late", &db);

    data_stream(&stream, 3, 5, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
    stoa_db_close(db);
    wait_for_late_pull();
    nothing_left();
}

/* ---- cancelling ---- */

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int32_t tick(void *user_data)
{
    pthread_t *thread = user_data;

    CHECK(pthread_equal(*thread, pthread_self()));
    return 0;
}

static void calls_are_cancelled(void)
{
    static const char *const modes[] = {"", "cancel_oddly"};

    for (int i = 0; i < 4; i++) {
        stoa_error err = {0};
        pthread_t self = pthread_self();
        stoa_db db;
        stoa_conn conn = connect_bad(modes[i % 2], &db);
        double before = seconds();
        stoa_result result;
        stoa_rows rows;
        stoa_op op;

        MUST(stoa_op_open(60, tick, &self, NULL, &op, &err));
        if (i < 2) {
            CHECK_INT(stoa_query_row(conn, op, "slow", STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
                      STOA_ERR_TIMEOUT);
        } else {
            MUST(stoa_query(conn, NO_OP, "slow", STOA_NUL, NULL, 0, NULL, 0, &result, &err));
            CHECK_INT(stoa_result_step(result, op, &err), STOA_ERR_TIMEOUT);
            stoa_result_close(result);
        }
        CHECK_HAS(err.text, "60 ms");
        CHECK(seconds() - before < 30);
        stoa_op_close(op);
        CHECK_INT(count(conn), 0);
        stoa_db_close(db);
        nothing_left();
    }
}

static void a_worker_is_an_option(void)
{
    const stoa_option options[] = {{"uri", "ignores_producer"}, {"worker", "no"}};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char target[1024];
    stoa_conn conn;
    stoa_db db;

    (void)snprintf(target, sizeof(target), "adbc:%s", getenv("STOA_BAD_DRIVER"));
    MUST(stoa_open(NO_OP, target, STOA_NUL, options, 2, &db, &err));
    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    data_stream(&stream, 3, 5, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
    data_stream(&stream, 3, 5, 1);
    CHECK_INT(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err), STOA_ERR_CALLBACK);
    stream.release(&stream);
    CHECK_INT(count(conn), 15);
    stoa_db_close(db);
    nothing_left();
}

TEST_MAIN({"a good driver works", a_good_driver_works},
          {"an old driver is asked for 1.0", an_old_driver_is_asked_for_1_0},
          {"what is no driver is named", what_is_no_driver_is_named},
          {"opening fails with the driver's words", opening_fails_with_the_drivers_words},
          {"secrets are masked", secrets_are_masked},
          {"two Go runtimes do not meet", two_go_runtimes_do_not_meet},
          {"errors keep all there is", errors_keep_all_there_is},
          {"bad results are refused", bad_results_are_refused},
          {"a statement without state is refused", a_statement_without_state_is_refused},
          {"a stream outlives every handle", a_stream_outlives_every_handle},
          {"ingest cannot lie", ingest_cannot_lie},
          {"tiny batches are gathered", tiny_batches_are_gathered},
          {"a failure dooms the caller's transaction", a_failure_dooms_the_callers_transaction},
          {"without transactions there is a stage", without_transactions_there_is_a_stage},
          {"a stage that cannot be published is dropped",
           a_stage_that_cannot_be_published_is_dropped},
          {"what cannot be whole is refused", what_cannot_be_whole_is_refused},
          {"abilities are remembered", abilities_are_remembered},
          {"the producer runs on the calling thread", the_producer_runs_on_the_calling_thread},
          {"late pulls get nothing", late_pulls_get_nothing},
          {"calls are cancelled", calls_are_cancelled},
          {"a worker is an option", a_worker_is_an_option})
