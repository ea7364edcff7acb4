/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

static struct stoa__row_writer writer;

static void clear(void)
{
    writer.values.size = 0;
    writer.bytes.size = 0;
    writer.row_count = 0;
}

static void release_writer(void)
{
    stoa__buffer_release(&writer.values);
    stoa__buffer_release(&writer.bytes);
}

/* ---- once a row of a source ---- */

struct batches {
    struct stoa__source source;
    struct ArrowArray *list;
    int64_t count, next, fail_at;
};

static stoa_status next_batch(void *self, const struct ArrowArray **batch,
                              stoa_error *err)
{
    struct batches *batches = self;

    if (batches->next == batches->fail_at)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the producer broke");
    if (batches->next == batches->count)
        return STOA_DONE;
    *batch = &batches->list[batches->next++];
    return STOA_OK;
}

/* Rows read from one session serve as a source. */
static void read_batches(struct fixture *f, struct sqlite_cursor *cursor,
                         struct batches *out, struct ArrowArray *list)
{
    const struct stoa__arrow_type *type;

    *out = (struct batches){.list = list, .fail_at = -1};
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f->err), STOA_OK);
    while (sqlite_cursor_next(cursor, NULL, &list[out->count], &f->err) == STOA_OK)
        out->count++;
    out->source = (struct stoa__source){
        .type = type, .next = next_batch, .self = out, .row_count = -1};
}

static void release_batches(struct batches *batches)
{
    for (int64_t i = 0; i < batches->count; i++)
        batches->list[i].release(&batches->list[i]);
}

static void rows_of_a_source_run_the_statement(void)
{
    static struct fixture f;
    struct ArrowArray list[8];
    struct batches rows_in;
    stoa_done done;

    open_memory(&f);
    f.config.batch_rows = 2;
    run(&f, "CREATE TABLE t(a INTEGER, b TEXT)");
    struct sqlite_cursor *cursor = query(
        &f,
        "SELECT * FROM (SELECT 1 AS b, 'x' AS a UNION ALL VALUES(2, 'y'), (3, NULL))");

    read_batches(&f, cursor, &rows_in, list);
    struct sqlite_statement *statement = prepare(&f, "INSERT INTO t VALUES(?, ?)");

    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err),
              STOA_OK);
    CHECK_INT(done.rows_affected, 3);
    CHECK_INT(done.last_insert_id, 3);
    sqlite_statement_close(statement);
    statement = prepare(&f, "INSERT INTO t(a, b) VALUES(:b, :a)"); /* By name. */
    rows_in.next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err),
              STOA_OK);
    sqlite_statement_close(statement);
    statement = prepare(
        &f, "UPDATE t SET b = 'two' WHERE a = :b"); /* Columns may be left over. */
    rows_in.next = 1;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err),
              STOA_OK);
    CHECK_INT(done.rows_affected, 2);
    sqlite_statement_close(statement);
    statement = prepare(&f, "INSERT INTO t VALUES(:c, :a)"); /* Not the one's by position. */
    rows_in.next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "no column of the rows has the name of parameter 'c'");
    sqlite_statement_close(statement);
    sqlite_cursor_close(cursor);
    release_batches(&rows_in);
    CHECK_TEXT(rows(&f, "SELECT a, b FROM t"),
               "1|\"x\"\n2|\"y\"\n3|\"two\"\n1|\"x\"\n2|\"y\"\n3|\"two\"\n");
    close_all(&f);
}

/* `failing` leaves nothing behind, whether a transaction is open or not. */
static void check_all_or_none(struct fixture *f, struct batches *rows_in,
                              bool in_transaction)
{
    struct sqlite_statement *statement = prepare(f, "INSERT INTO t VALUES(?, ?)");
    stoa_done done = {7, 7};

    if (in_transaction)
        run(f, "BEGIN; INSERT INTO t VALUES(100, 'mine')");
    rows_in->next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in->source, 0, &done, &f->err),
              STOA_ERR_CONSTRAINT);
    CHECK_HAS(f->err.text, "row 2: "); /* Rows that are handed in are counted from 0. */
    CHECK_INT(done.rows_affected, 0);
    rows_in->next = 0;
    rows_in->fail_at = 1;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in->source, 0, &done, &f->err),
              STOA_ERR_CALLBACK);
    CHECK_TEXT(f->err.text, "the producer broke");
    rows_in->fail_at = -1;
    CHECK_INT(sqlite3_get_autocommit(f->session->db), !in_transaction);
    if (in_transaction)
        run(f, "COMMIT");
    sqlite_statement_close(statement);
    CHECK(!f->session->holds_gate);
    CHECK_INT(f->session->running, 0);
    CHECK_TEXT(rows(f, "SELECT a FROM t ORDER BY a"),
               in_transaction ? "3\n100\n" : "3\n");
}

static void rows_of_a_source_go_in_together_or_not_at_all(void)
{
    static struct fixture f;
    struct ArrowArray list[8];
    struct batches rows_in;

    open_memory(&f);
    f.config.batch_rows = 2;
    run(&f, "CREATE TABLE t(a INTEGER UNIQUE, b TEXT); INSERT INTO t VALUES(3, 'there')");
    struct sqlite_cursor *cursor =
        query(&f, "VALUES(1, 'x'), (2, 'y'), (3, 'z'), (4, '')");

    read_batches(&f, cursor, &rows_in, list);
    check_all_or_none(&f, &rows_in, false);
    check_all_or_none(&f, &rows_in, true);
    struct sqlite_statement *statement = prepare(&f, "DELETE FROM t WHERE a = ?");
    stoa_done done;

    rows_in.next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "the statement has 1 parameter, the rows have 2 columns");
    sqlite_statement_close(statement);
    sqlite_cursor_close(cursor);
    release_batches(&rows_in);
    close_all(&f);
}

/* ---- the point query ---- */

static stoa_status get(struct fixture *f, struct sqlite_statement *statement, int64_t key,
                       struct stoa__cursor_info *info)
{
    const stoa_value value = {.type = STOA_TYPE_INT64, .a = key};
    const struct stoa__params params = {.values = &value, .count = 1};

    clear();
    return sqlite_execute_row(statement, NULL, &params, &f->config, &writer, info,
                              &f->err);
}

static void check_text(int64_t index, const char *text)
{
    const stoa_value *value = (const stoa_value *)(void *)writer.values.data + index;

    CHECK_INT(value->type, STOA_TYPE_TEXT);
    CHECK_INT(value->b, strlen(text));
    CHECK(memcmp(writer.bytes.data + value->a, text, strlen(text)) == 0);
}

static void one_row_is_given_and_the_statement_is_free(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT, x);"
            "INSERT INTO t VALUES(1, 'one', 1.5), (2, 'two', x'00')");
    struct sqlite_statement *statement =
        prepare(&f, "SELECT s, x, id + 1 FROM t WHERE id >= ?");

    for (int round = 0; round < 3; round++) {
        CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
        CHECK_INT(writer.row_count, 1);
        CHECK_INT(writer.column_count, 3);
        check_text(0, "one");
        CHECK_INT(info.rows_affected, -1);
        CHECK_INT(get(&f, statement, 2, &info), STOA_OK);
        check_text(0, "two");
        CHECK_INT(get(&f, statement, 3, &info), STOA_DONE);
        CHECK_INT(writer.row_count, 0);
        CHECK_INT(writer.column_count, 3);
        CHECK_INT(f.session->running, 0);
        run(&f,
            round == 0 ? "ALTER TABLE t ADD COLUMN y" : "SELECT 1"); /* Compiled again. */
    }
    sqlite_statement_close(statement);
    close_all(&f);
}

static void one_row_may_be_of_a_statement_that_writes(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT, d TEXT DECIMAL(5,1))");
    struct sqlite_statement *statement =
        prepare(&f, "INSERT INTO t(id, s, d) VALUES($1, 'a', '2'), ($1 + 1, 'b', NULL)"
                    " RETURNING s, d");

    CHECK_INT(get(&f, statement, 5, &info), STOA_OK);
    CHECK_INT(writer.row_count, 1);
    check_text(0, "a");
    CHECK_INT(info.rows_affected, 2);
    CHECK_INT(info.last_insert_id, 6);
    CHECK_INT(get(&f, statement, 5, &info), STOA_ERR_CONSTRAINT);
    sqlite_statement_close(statement);
    statement = prepare(&f, "SELECT d FROM t WHERE id = ?"); /* By way of Arrow. */
    CHECK_INT(get(&f, statement, 5, &info), STOA_OK);
    CHECK_INT(((const stoa_value *)(void *)writer.values.data)->type, STOA_TYPE_DECIMAL);
    CHECK_INT(get(&f, statement, 6, &info), STOA_OK);
    CHECK_INT(((const stoa_value *)(void *)writer.values.data)->type, STOA_TYPE_NULL);
    CHECK_INT(get(&f, statement, 7, &info), STOA_DONE);
    sqlite_statement_close(statement);
    release_writer();
    close_all(&f);
}

static void a_row_that_does_not_fit_follows_the_policy(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES(1, "
            "'odd')");
    struct sqlite_statement *statement = prepare(&f, "SELECT n FROM t WHERE id = ?");

    CHECK_INT(get(&f, statement, 1, &info), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "column 'n', row 1: the text 'odd' is no int64");
    f.config.type_mismatch = STOA__MISMATCH_NULL;
    CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
    CHECK_INT(info.values_coerced, 1);
    CHECK_INT(((const stoa_value *)(void *)writer.values.data)->type, STOA_TYPE_NULL);
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
    check_text(0, "odd");
    f.config.type_mismatch = STOA__MISMATCH_UNION;
    CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
    check_text(0, "odd");
    f.config.type_mismatch = STOA__MISMATCH_ERROR;
    f.config.types = STOA__TYPES_EXACT;
    CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
    check_text(0, "odd");
    sqlite_statement_close(statement);
    release_writer();
    close_all(&f);
}

/* Columns that go out as they are, and in between some that need more. */
static void a_row_of_all_kinds_is_one_row(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    f.config.type_mismatch = STOA__MISMATCH_NULL;
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INTEGER DATE64, c REAL, d INTEGER, "
            "e TEXT, g INTEGER INT8);"
            "INSERT INTO t VALUES(1, 'first', 172800000, 0.5, 'odd', 'last', 300),"
            " (2, NULL, NULL, NULL, 7, '', 8)");
    struct sqlite_statement *statement = prepare(&f, "SELECT * FROM t WHERE id = ?");

    for (int again = 0; again < 2; again++) {
        CHECK_INT(get(&f, statement, 1, &info), STOA_OK);
        CHECK_INT(writer.row_count, 1);
        CHECK_INT(writer.column_count, 7);
        CHECK_INT(writer.values.size, 7 * sizeof(stoa_value));
        CHECK_INT(info.values_coerced, 2);
        check_text(1, "first");
        check_text(5, "last");
        const stoa_value *values = (const stoa_value *)(void *)writer.values.data;

        CHECK_INT(values[2].type, STOA_TYPE_DATE);
        CHECK_INT(values[2].a, 2);
        CHECK_INT(values[3].type, STOA_TYPE_FLOAT64);
        CHECK_INT(values[4].type, STOA_TYPE_NULL);
        CHECK_INT(values[6].type, STOA_TYPE_NULL);
        CHECK_INT(get(&f, statement, 2, &info), STOA_OK);
        CHECK_INT(info.values_coerced, 0);
        values = (const stoa_value *)(void *)writer.values.data;
        CHECK_INT(values[1].type, STOA_TYPE_NULL);
        CHECK_INT(values[2].type, STOA_TYPE_NULL);
        CHECK_INT(values[4].a, 7);
        CHECK_INT(values[6].type, STOA_TYPE_INT8);
    }
    sqlite_statement_close(statement);
    release_writer();
    close_all(&f);
}

/* ---- tables made when asked for ---- */

struct maker {
    struct fixture *f;
    int64_t calls;
};

static stoa_status make_table(void *self, const char *name, int64_t name_size,
                              struct ArrowArrayStream *out, stoa_error *err)
{
    struct maker *maker = self;
    struct stoa__builder builder = {0};
    struct stoa__arrow_type *column;
    struct stoa__arrow_type root = {
        .kind = STOA__ARROW_STRUCT, .format = "+s", .name = "", .zone = ""};
    stoa__arena arena = {0};
    struct ArrowSchema schema;
    struct ArrowArray batch;

    maker->calls++;
    if (name_size != 4 || memcmp(name, "made", 4) != 0)
        return STOA_ERR_NOT_FOUND;
    CHECK_INT(stoa__arrow_type_simple("l", "n", true, &arena, &column, NULL), STOA_OK);
    root.children = column;
    root.child_count = 1;
    CHECK_INT(stoa__arrow_type_export(&root, &schema, NULL), STOA_OK);
    CHECK_INT(stoa__builder_init(&builder, &root, 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_int64(builder.root.children, maker->calls, NULL),
              STOA_OK);
    CHECK_INT(stoa__column_end_struct(&builder.root, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &batch, NULL), STOA_OK);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
    return stoa_stream_from_batches(&schema, &batch, 1, out, err);
}

static void a_missing_table_is_asked_for(void)
{
    static struct fixture f;
    struct maker maker = {.f = &f};
    struct stoa__cursor_info info;

    open_memory(&f);
    f.session->resolver = make_table;
    f.session->resolver_data = &maker;
    CHECK_TEXT(rows(&f, "SELECT n FROM made"), "1\n");
    CHECK_INT(failure(&f, "SELECT n FROM missing"), STOA_ERR_NOT_FOUND);
    CHECK_HAS(f.err.text, "no such table: missing");
    CHECK_INT(maker.calls, 2);
    struct sqlite_statement *held = prepare(&f, "SELECT n FROM made WHERE n > ?");

    CHECK_INT(maker.calls, 3);
    CHECK_INT(get(&f, held, 0, &info), STOA_OK);
    CHECK_TEXT(rows(&f, "SELECT 1"), "1\n"); /* What was made for `held` goes. */
    run(&f, "CREATE TABLE other(a)");        /* SQLite compiles it again when it steps. */
    CHECK_INT(get(&f, held, 0, &info), STOA_OK);
    CHECK_INT(maker.calls, 4);
    CHECK_INT(((const stoa_value *)(void *)writer.values.data)->a, 4);
    f.session->resolver = NULL;
    CHECK_TEXT(rows(&f, "SELECT 2"), "2\n");
    run(&f, "DROP TABLE other");
    CHECK_INT(get(&f, held, 0, &info), STOA_ERR_NOT_FOUND);
    CHECK_HAS(f.err.text, "no such table: made");
    sqlite_statement_close(held);
    release_writer();
    close_all(&f);
}

/* ---- memory ---- */

static stoa_status point(struct fixture *f)
{
    static const char sql[] = "SELECT s, $1 FROM t WHERE id = $1";
    struct stoa__cursor_info info;
    void *statement = NULL;
    size_t used;
    stoa_status rc =
        sqlite_prepare(f->session, NULL, sql, sizeof sql - 1, &used, &statement, &f->err);

    if (rc != STOA_OK) {
        CHECK(!statement);
        return rc;
    }
    rc = get(f, statement, 1, &info);
    CHECK(rc == STOA_OK || writer.row_count == 0);
    sqlite_statement_close(statement);
    return rc;
}

static void the_point_query_survives_every_allocation_failure(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT); INSERT INTO t VALUES(1, 'one')");
    for (int nth = 0;; nth++) {
        sqlite_statement_cache_clear(f.session);
        release_writer();
        stoa__mem_fail_nth = nth;
        const stoa_status rc = point(&f);

        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth >= 5);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    const int64_t before = stoa__mem_allocations();

    CHECK_INT(point(&f), STOA_OK); /* Kept and warm it takes no memory at all. */
    stoa__mem_fail_nth = 0;
    CHECK_INT(point(&f), STOA_OK);
    CHECK_INT(stoa__mem_fail_nth, 0);
    stoa__mem_fail_nth = -1;
    CHECK_INT(stoa__mem_allocations(), before);
    release_writer();
    close_all(&f);
}

static void writing_survives_every_allocation_failure(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a)");
    for (int nth = 0;; nth++) {
        stoa__mem_fail_nth = nth;
        const stoa_status rc = failure(&f, "INSERT INTO t VALUES(1), (2) RETURNING a");

        stoa__mem_fail_nth = -1;
        CHECK(!f.session->holds_gate);
        CHECK_INT(sqlite3_get_autocommit(f.session->db), 1);
        if (rc == STOA_DONE) {
            CHECK(nth >= 5);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        run(&f, "DELETE FROM t"); /* Execute may have succeeded and the reading failed. */
    }
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n2\n");
    close_all(&f);
}

/* Until execute has succeeded nothing is written. */
static void returning_that_does_not_fit_memory_writes_nothing(void)
{
    static struct fixture f;
    static const char sql[] = "INSERT INTO t VALUES(1), (2) RETURNING a";

    open_memory(&f);
    run(&f, "CREATE TABLE t(a)");
    for (int nth = 0;; nth++) {
        void *cursor = NULL;

        sqlite_statement_cache_clear(f.session);
        stoa__mem_fail_nth = nth;
        const stoa_status rc = sqlite_query_owned(f.session, NULL, sql, sizeof sql - 1,
                                                  NULL, &f.config, &cursor, &f.err);

        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            sqlite_cursor_close(cursor);
            break;
        }
        CHECK_TEXT(rows(&f, "SELECT a FROM t"), "");
    }
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n2\n");
    close_all(&f);
}

TEST_MAIN({"rows of a source run the statement", rows_of_a_source_run_the_statement},
          {"rows of a source go in together or not at all",
           rows_of_a_source_go_in_together_or_not_at_all},
          {"one row is given and the statement is free",
           one_row_is_given_and_the_statement_is_free},
          {"one row may be of a statement that writes",
           one_row_may_be_of_a_statement_that_writes},
          {"a row that does not fit follows the policy",
           a_row_that_does_not_fit_follows_the_policy},
          {"a row of all kinds is one row", a_row_of_all_kinds_is_one_row},
          {"a missing table is asked for", a_missing_table_is_asked_for},
          {"the point query survives every allocation failure",
           the_point_query_survives_every_allocation_failure},
          {"writing survives every allocation failure",
           writing_survives_every_allocation_failure},
          {"RETURNING that does not fit memory writes nothing",
           returning_that_does_not_fit_memory_writes_nothing})
