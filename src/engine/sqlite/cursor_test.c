/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

/* ---- statements of all kinds ---- */

static void pragma_explain_and_returning_are_results(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT)");
    CHECK_TEXT(rows(&f, "PRAGMA user_version"), "0\n");
    CHECK_HAS(rows(&f, "EXPLAIN SELECT * FROM t"), "Halt");
    CHECK_HAS(rows(&f, "EXPLAIN QUERY PLAN DELETE FROM t WHERE s > 1"), "SCAN t");
    CHECK(!f.session->holds_gate);
    struct sqlite_cursor *cursor =
        query(&f, "INSERT INTO t(s) VALUES('a'), ('b') RETURNING id, s, id * 1.5 AS x");

    sqlite_cursor_info(cursor, &info);
    CHECK_INT(info.rows_affected, 2);
    CHECK_INT(info.last_insert_id, 2);
    CHECK(!f.session->holds_gate); /* It is written, and others may go on. */
    CHECK_INT(f.session->running, 0);
    CHECK_TEXT(drain(&f, cursor), "1|\"a\"|1.5\n2|\"b\"|3.0\n");
    cursor = query(&f, "DELETE FROM t RETURNING s");
    sqlite_cursor_close(cursor); /* Unread: it happened all the same. */
    CHECK_TEXT(rows(&f, "SELECT count(*) FROM t"), "0\n");
    close_all(&f);
}

static void statements_without_columns_answer_an_empty_result(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;
    struct ArrowArray batch;

    open_memory(&f);
    struct sqlite_cursor *cursor = query(&f, "CREATE TABLE t(a)");

    CHECK_TEXT(type_text(&f, cursor->type ? cursor->type : &(struct stoa__arrow_type){0}),
               "");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_DONE);
    sqlite_cursor_info(cursor, &info);
    CHECK_INT(info.rows_affected, -1);
    sqlite_cursor_close(cursor);
    close_all(&f);
}

static void many_columns_are_read(void)
{
    static struct fixture f;
    static char sql[32768];
    const int counts[] = {130, 1100, 2000};

    open_memory(&f);
    for (size_t i = 0; i < 3; i++) {
        const struct stoa__arrow_type *type;
        struct ArrowArray batch;

        snprintf(sql, sizeof sql, "SELECT 0");
        for (int j = 1; j < counts[i]; j++)
            snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ",%d", j);
        struct sqlite_cursor *cursor = query(&f, sql);

        CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
        CHECK_INT(type->child_count, counts[i]);
        CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(batch.n_children, counts[i]);
        CHECK_INT(((const int64_t *)batch.children[counts[i] - 1]->buffers[1])[0],
                  counts[i] - 1);
        batch.release(&batch);
        sqlite_cursor_close(cursor);
    }
    close_all(&f);
}

static void two_cursors_are_read_in_turn(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 2;
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3), (4), (5)");
    struct sqlite_cursor *up = query(&f, "SELECT a FROM t ORDER BY a");
    struct sqlite_cursor *down = query(&f, "SELECT a FROM t ORDER BY a DESC");

    CHECK_INT(f.session->running, 2);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sqlite_cursor_next(up, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[0], 1 + 2 * i);
        batch.release(&batch);
        CHECK_INT(sqlite_cursor_next(down, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[0], 5 - 2 * i);
        batch.release(&batch);
    }
    CHECK_INT(f.session->running, 0); /* Both have seen their end. */
    CHECK_INT(sqlite_cursor_next(up, NULL, &batch, &f.err), STOA_DONE);
    sqlite_cursor_close(up);
    sqlite_cursor_close(down);
    close_all(&f);
}

/* What a result shows is fixed by execute, and batches outlive everything. */
static void a_result_keeps_what_it_saw(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3)");
    struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t ORDER BY -a");

    run(&f, "DELETE FROM t WHERE a < 3");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    sqlite_cursor_close(cursor);
    close_all(&f);
    CHECK_INT(batch.length, 3);
    CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[2], 1);
    batch.release(&batch);
}

static void a_rollback_under_a_result_ends_it(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 1;
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3)");
    run(&f, "BEGIN; CREATE TABLE u(b)");
    struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t");

    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    run(&f, "ROLLBACK");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_ERR_CLOSED);
    CHECK_HAS(f.err.text, "rollback");
    sqlite_cursor_close(cursor);
    close_all(&f);
}

static void a_claimed_width_takes_no_memory(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a BLOB FIXED(50000000)); INSERT INTO t VALUES(x'00')");
    CHECK_INT(failure(&f, "SELECT a FROM t"), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "a blob of 1 bytes is no fixed_binary(50000000)");
    close_all(&f);
}

static void a_stopped_call_ends_the_read_and_nothing_else(void)
{
    static struct fixture f;
    _Atomic int32_t stopped = 0;
    struct ArrowArray batch;
    stoa__call call;
    void *cursor;
    static const char sql[] =
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
        "SELECT i FROM c";

    open_memory(&f);
    stoa__call_resume(&call, NULL, NULL);
    call.stopped = &stopped;
    CHECK_INT(sqlite_query_owned(f.session, &call, sql, sizeof sql - 1, NULL, &f.config,
                                 &cursor, &f.err),
              STOA_OK);
    CHECK_INT(sqlite_cursor_next(cursor, &call, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    stopped = 1;
    CHECK_INT(sqlite_cursor_next(cursor, &call, &batch, &f.err), STOA_ERR_CANCELLED);
    sqlite_cursor_close(cursor);
    CHECK_TEXT(rows(&f, "SELECT 1"), "1\n");
    close_all(&f);
}

/* ---- memory ---- */

static const char SWEEP[] = "SELECT id, s, d, s || 'x', id * 1.5 FROM t";

static stoa_status read_all(struct fixture *f, bool packed)
{
    struct stoa__row_writer out = {0};
    struct ArrowArray batch = {0};
    void *cursor = NULL;
    stoa_status rc = sqlite_query_owned(f->session, NULL, SWEEP, sizeof SWEEP - 1, NULL,
                                        &f->config, &cursor, &f->err);

    if (rc != STOA_OK) {
        CHECK(!cursor);
        return rc;
    }
    while (rc == STOA_OK) {
        rc = packed ? sqlite_cursor_rows(cursor, NULL, 3, &out, &f->err)
                    : sqlite_cursor_next(cursor, NULL, &batch, &f->err);
        if (rc == STOA_OK && !packed)
            batch.release(&batch);
        else
            CHECK(!batch.release);
        out.values.size = out.bytes.size = 0;
        out.row_count = 0;
    }
    stoa__buffer_release(&out.values);
    stoa__buffer_release(&out.bytes);
    sqlite_cursor_close(cursor);
    return rc;
}

static void sweep(bool packed, int32_t types_mode)
{
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT, d TEXT DECIMAL(9,2));"
        "INSERT INTO t(s, d) VALUES('a', '1.5'), (NULL, NULL), ('ccc', '2'), ('d', '0')");
    f.config.batch_rows = 3;
    f.config.types = types_mode;
    for (int nth = 0;; nth++) {
        sqlite_statement_cache_clear(f.session);
        sqlite_type_cache_clear(f.session);
        stoa__mem_fail_nth = nth;
        const stoa_status rc = read_all(&f, packed);

        stoa__mem_fail_nth = -1;
        CHECK_INT(f.session->running, 0);
        if (rc == STOA_DONE) {
            CHECK(nth > 10);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    close_all(&f);
}

static void batches_survive_every_allocation_failure(void)
{
    sweep(false, STOA__TYPES_DECLARED);
    sweep(false, STOA__TYPES_EXACT);
}

static void rows_survive_every_allocation_failure(void)
{
    sweep(true, STOA__TYPES_DECLARED);
    sweep(true, STOA__TYPES_AFFINITY);
}

TEST_MAIN({"PRAGMA, EXPLAIN and RETURNING are results",
           pragma_explain_and_returning_are_results},
          {"statements without columns answer an empty result",
           statements_without_columns_answer_an_empty_result},
          {"many columns are read", many_columns_are_read},
          {"two cursors are read in turn", two_cursors_are_read_in_turn},
          {"a result keeps what it saw", a_result_keeps_what_it_saw},
          {"a rollback under a result ends it", a_rollback_under_a_result_ends_it},
          {"a claimed width takes no memory", a_claimed_width_takes_no_memory},
          {"a stopped call ends the read and nothing else",
           a_stopped_call_ends_the_read_and_nothing_else},
          {"batches survive every allocation failure",
           batches_survive_every_allocation_failure},
          {"rows survive every allocation failure",
           rows_survive_every_allocation_failure})
