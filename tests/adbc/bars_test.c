/* SPDX-License-Identifier: Apache-2.0 */
/* The correctness bars of docs/adbc.md on one driver. */
#include "adbc/kit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_all(struct ArrowArrayStream *stream)
{
    stoa_error err = {0};
    int64_t rows = 0, sum = 0;

    MUST(data_sum(stream, &rows, &sum, &err));
    CHECK_INT(rows, KIT_ROWS);
    CHECK_INT(sum, KIT_SUM);
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

    out->db = kit_open();
    out->conn = kit_connect(out->db);
    MUST(stoa_prepare(out->conn, NO_OP, kit_driver()->rows, STOA_NUL, &out->stmt, &err));
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
        kit_nothing_left();
    }
}

/* ---- C3: again ---- */

static void executing_again_spoils_nothing(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream first, second;
    struct ArrowArray batch;
    stoa_result result, later;
    stoa_stmt stmt;
    int64_t rows;

    MUST(stoa_prepare(conn, NO_OP, kit_driver()->rows, STOA_NUL, &stmt, &err));
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
    CHECK_INT(rows, KIT_ROWS);
    stoa_stream_release(&first);
    stoa_db_close(db);
    kit_nothing_left();
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
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream stream;

    kit_make_table(conn);
    for (int mode = 0; mode < 4; mode++)
        for (int which = 0; which < 2; which++) {
            const stoa_option options[] = {{"mode", modes[mode]}};

            data_stream(&stream, 16, 1100, -1);
            next_of_producer = stream.get_next;
            batches_given = 0;
            if (which == 0)
                stream.get_schema = no_schema;
            else
                stream.get_next = short_next;
            CHECK(stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, &err) < 0);
            CHECK(stream.release != NULL);
            stream.release(&stream);
            CHECK_INT(kit_count(conn), 0);
        }
    stoa_db_close(db);
    kit_nothing_left();
}

/* ---- C6: stopping ---- */

/* A producer without an end, and a deadline: what was written is gone, the connection is good. */
static void an_endless_ingest_is_stopped(void)
{
    static const char *const modes[] = {"append", "replace", "create_append"};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);

    kit_make_table(conn);
    for (int mode = 0; mode < 3; mode++) {
        const stoa_option options[] = {{"mode", modes[mode]}};
        struct ArrowArrayStream stream;
        stoa_op op;

        data_stream(&stream, INT32_MAX, 1100, -1);
        MUST(stoa_op_open(60, NULL, NULL, NULL, &op, &err));
        CHECK_INT(stoa_insert(conn, op, "t", 1, &stream, options, 1, NULL, &err),
                  STOA_ERR_TIMEOUT);
        CHECK_HAS(err.text, "60 ms");
        stoa_op_close(op);
        stream.release(&stream);
        CHECK_INT(kit_count(conn), 0);
        MUST(stoa_ping(conn, NO_OP, &err));
    }
    stoa_db_close(db);
    kit_nothing_left();
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
    wrong += stoa_query(things->conn, NO_OP, kit_driver()->one, STOA_NUL, NULL, 0, NULL, 0, &result,
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
    kit_nothing_left();
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
        stoa_status rc = stoa_query(hammer->conn, NO_OP, kit_driver()->one, STOA_NUL, NULL, 0,
                                    NULL, 0, &result, &err);

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
    stoa_db db = kit_open();
    struct hammer hammers[3] = {{.db = db}, {.db = db}, {.db = db}};

    hammers[0].conn = hammers[1].conn = kit_connect(db);
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
    kit_nothing_left();
}

TEST_MAIN({"C1, C2: everything closes in any order", everything_closes_in_any_order},
          {"C3: executing again spoils nothing", executing_again_spoils_nothing},
          {"C4: wrong producers change nothing", wrong_producers_change_nothing},
          {"C6: an endless ingest is stopped", an_endless_ingest_is_stopped},
          {"C9: a child of fork is told", a_child_of_fork_is_told},
          {"C10: threads are served or told", threads_are_served_or_told})
