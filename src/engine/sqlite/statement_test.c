/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include "base/limits.h"

#include <math.h>

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

/* ---- preparing ---- */

static void check_used(struct fixture *f, const char *sql, size_t right, bool empty)
{
    void *statement;
    size_t used;

    CHECK_INT(sqlite_prepare(f->session, NULL, sql, strlen(sql), &used, &statement, &f->err),
              STOA_OK);
    CHECK_INT(used, right);
    CHECK_INT(statement == NULL, empty);
    if (statement)
        sqlite_statement_close(statement);
}

static void the_first_statement_of_a_text_is_prepared(void)
{
    static struct fixture f;

    open_memory(&f);
    check_used(&f, "SELECT 1; SELECT 2", 9, false);
    check_used(&f, "SELECT 1 -- end", 15, false);
    check_used(&f, "SELECT ';' ; -- more\n", 12, false);
    check_used(&f, "  /* nothing */ -- at all", 25, true);
    check_used(&f, "", 0, true);
    check_used(&f, "SELECT $1, '$2' ;x", 17, false);
    close_all(&f);
}

static void what_cannot_be_prepared_is_told_with_its_place(void)
{
    static struct fixture f;
    void *statement = &f;
    size_t used = 9;

    open_memory(&f);
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT 1 FRM t", 14, &used, &statement, &f.err),
              STOA_ERR_SYNTAX);
    CHECK(!statement && used == 0);
    CHECK_INT(f.err.position, 13);
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT nope FROM sqlite_schema", 30, &used,
                             &statement, &f.err),
              STOA_ERR_NOT_FOUND);
    CHECK_INT(f.err.position, 7);
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT * FROM nope", 18, &used, &statement, &f.err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(f.err.text, "no such table: nope");
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT\0 1", 9, &used, &statement, &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "NUL at byte 6");
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT ?99999", 13, &used, &statement, &f.err),
              STOA_ERR_INVALID);
    CHECK(!statement);
    close_all(&f);
}

static void a_kept_statement_is_given_to_one_at_a_time(void)
{
    static struct fixture f;

    open_memory(&f);
    struct sqlite_statement *first = prepare(&f, "SELECT 1");
    struct sqlite_statement *second = prepare(&f, "SELECT 1");

    CHECK(first != second);
    sqlite_statement_close(second);
    CHECK(prepare(&f, "SELECT 1") == second);
    sqlite_statement_close(first);
    sqlite_statement_close(second);
    CHECK_INT(f.session->cache_count, 2);
    CHECK(prepare(&f, "SELECT 1") == second);
    sqlite_statement_close(second);
    check_used(&f, "SELECT 1; SELECT 2", 9, false); /* A script's part is not kept. */
    CHECK_INT(f.session->cache_count, 2);
    close_all(&f);
}

static void the_cache_lets_the_oldest_go(void)
{
    static struct fixture f;
    char sql[64];

    open_memory(&f);
    for (int i = 0; i < STOA__STATEMENT_CACHE_COUNT + 10; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        sqlite_statement_close(prepare(&f, sql));
        sqlite_statement_close(prepare(&f, "SELECT 'often'"));
    }
    CHECK_INT(f.session->cache_count, STOA__STATEMENT_CACHE_COUNT);
    struct sqlite_statement *often = f.session->cache_first;

    CHECK(prepare(&f, "SELECT 'often'") == often);
    sqlite_statement_close(often);
    CHECK_TEXT(f.session->cache_last->sql, "SELECT 11");
    close_all(&f);
}

static void a_statement_too_long_for_a_key_is_not_kept(void)
{
    static struct fixture f;
    static char sql[STOA__STATEMENT_CACHE_SQL_BYTES_MAX + 100];

    open_memory(&f);
    memset(sql, ' ', sizeof sql - 1);
    memcpy(sql, "SELECT 1", 8);
    check_used(&f, sql, sizeof sql - 1, false);
    CHECK_INT(f.session->cache_count, 0);
    close_all(&f);
}

/* SQLite compiles a kept statement again when the schema has changed; so are its types. */
static void a_changed_schema_changes_the_columns(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1\n");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "a int64");
    run(&f, "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1|\"x\"\n");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "a int64, b utf8");
    run(&f, "DROP TABLE t; CREATE TABLE t(a REAL); INSERT INTO t VALUES(1)");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1.0\n");
    close_all(&f);
}

static void types_are_told_before_a_run(void)
{
    static struct fixture f;
    const struct stoa__arrow_type *type;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER INT8, b TEXT)");
    struct sqlite_statement *statement = prepare(&f, "SELECT a, b, a + 1 AS c FROM t");

    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type), "a int8, b utf8, c utf8");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type), "a utf8, b utf8, c utf8");
    sqlite_statement_close(statement);
    statement = prepare(&f, "DELETE FROM t");
    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_INT(type->child_count, 0);
    sqlite_statement_close(statement);
    close_all(&f);
}

/* ---- parameters ---- */

static void parameters_are_listed(void)
{
    static struct fixture f;
    const struct stoa__parameter *list;
    int64_t count;

    open_memory(&f);
    struct sqlite_statement *statement = prepare(&f, "SELECT ?, :a, @b, $c, ?7, :a");

    CHECK_INT(sqlite_statement_parameters(statement, &list, &count, &f.err), STOA_OK);
    CHECK_INT(count, 7);
    CHECK_TEXT(list[0].name, "");
    CHECK_TEXT(list[1].name, "a");
    CHECK_TEXT(list[2].name, "b");
    CHECK_TEXT(list[3].name, "c");
    CHECK_TEXT(list[6].name, "");
    sqlite_statement_close(statement);
    statement = prepare(&f, "SELECT $2, $1, '$3', \"$4\"\"$5\", $x FROM (SELECT 1 AS \"$4\"\"$5\")");
    CHECK_INT(sqlite_statement_parameters(statement, &list, &count, &f.err), STOA_OK);
    CHECK_INT(count, 3);
    CHECK_TEXT(list[0].name, "");
    CHECK_TEXT(list[2].name, "x");
    sqlite_statement_close(statement);
    close_all(&f);
}

struct values {
    stoa_value list[16];
    struct stoa__name names[16];
    uint8_t bytes[256];
    struct stoa__params params;
};

static void add_number(struct values *values, const char *name, int32_t type, int64_t a)
{
    const int64_t i = values->params.count++;

    values->list[i] = (stoa_value){.type = type, .a = a};
    values->names[i] = (struct stoa__name){name, name ? (int64_t)strlen(name) : 0};
    values->params.values = values->list;
    values->params.bytes = values->bytes;
    values->params.names = values->names;
}

static void add_bytes(struct values *values, const char *name, int32_t type, const char *text)
{
    add_number(values, name, type, values->params.bytes_size);
    values->list[values->params.count - 1].b = (int64_t)strlen(text);
    memcpy(values->bytes + values->params.bytes_size, text, strlen(text));
    values->params.bytes_size += (int64_t)strlen(text);
}

static stoa_status execute(struct fixture *f, const char *sql, const struct values *values,
                           struct sqlite_cursor **out)
{
    void *cursor = NULL;
    const stoa_status rc = sqlite_query_owned(f->session, NULL, sql, strlen(sql),
                                              values ? &values->params : NULL, &f->config, &cursor,
                                              &f->err);

    *out = cursor;
    CHECK_INT(rc == STOA_OK, cursor != NULL);
    return rc;
}

static const char *answer(struct fixture *f, const char *sql, const struct values *values)
{
    struct sqlite_cursor *cursor;

    if (execute(f, sql, values, &cursor) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    return drain(f, cursor);
}

static void refuse(struct fixture *f, const char *sql, const struct values *values,
                   stoa_status status, const char *text)
{
    struct sqlite_cursor *cursor;

    CHECK_INT(execute(f, sql, values, &cursor), status);
    CHECK_HAS(f->err.text, text);
    CHECK_INT(f->session->running, 0);
}

static void values_go_by_position_or_by_name(void)
{
    static struct fixture f;
    struct values by_place = {0}, by_name = {0}, signs = {0};

    open_memory(&f);
    add_number(&by_place, NULL, STOA_TYPE_INT64, 1);
    add_bytes(&by_place, NULL, STOA_TYPE_TEXT, "two");
    CHECK_TEXT(answer(&f, "SELECT ?, ?", &by_place), "1|\"two\"\n");
    CHECK_TEXT(answer(&f, "SELECT $2, $1, $2", &by_place), "\"two\"|1|\"two\"\n");
    CHECK_TEXT(answer(&f, "SELECT :b, :a, :b", &by_place), "1|\"two\"|1\n");
    add_bytes(&by_name, "b", STOA_TYPE_TEXT, "bee");
    add_number(&by_name, "a", STOA_TYPE_INT64, 7);
    CHECK_TEXT(answer(&f, "SELECT :a, @b, $b, :a", &by_name), "7|\"bee\"|\"bee\"|7\n");
    add_number(&signs, ":a", STOA_TYPE_INT64, 8);
    CHECK_TEXT(answer(&f, "SELECT $a + 1", &signs), "9\n");
    close_all(&f);
}

static void values_that_do_not_match_are_told(void)
{
    static struct fixture f;
    struct values one = {0}, named = {0}, twice = {0}, mixed = {0}, none = {0}, unknown = {0};

    open_memory(&f);
    add_number(&one, NULL, STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT ?, ?", &one, STOA_ERR_INVALID,
           "the statement has 2 parameters, 1 value was given");
    refuse(&f, "SELECT ?", &none, STOA_ERR_INVALID,
           "the statement has 1 parameter, 0 values were given");
    refuse(&f, "SELECT ?", NULL, STOA_ERR_INVALID, "0 values were given");
    refuse(&f, "SELECT 1", &one, STOA_ERR_INVALID, "the statement has 0 parameters");
    add_number(&named, "x", STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :a, :b", &named, STOA_ERR_INVALID,
           "the statement has no parameter named 'x'; there is :a; :b");
    refuse(&f, "SELECT ?", &named, STOA_ERR_INVALID, "its parameters have no names");
    refuse(&f, "SELECT 1", &named, STOA_ERR_INVALID, "it has no parameters");
    refuse(&f, "SELECT :x, :y", &named, STOA_ERR_INVALID, "parameter :y was given no value");
    add_number(&twice, "x", STOA_TYPE_INT64, 1);
    add_number(&twice, "$x", STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :x", &twice, STOA_ERR_INVALID, "parameter 'x' was given twice");
    add_number(&mixed, "x", STOA_TYPE_INT64, 1);
    add_number(&mixed, NULL, STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :x, ?", &mixed, STOA_ERR_INVALID, "value 2 has no name, others have");
    add_number(&unknown, NULL, 99, 0);
    refuse(&f, "SELECT ?", &unknown, STOA_ERR_INVALID, "parameter 1 has the unknown type 99");
    close_all(&f);
}

static int64_t bits(double value)
{
    int64_t out;

    memcpy(&out, &value, 8);
    return out;
}

static const char *stored(struct fixture *f, int32_t type, int64_t a, int64_t b)
{
    struct values values = {0};

    add_number(&values, NULL, type, a);
    values.list[0].b = b;
    return answer(f, "SELECT typeof($1), quote($1)", &values);
}

static const char *stored_bytes(struct fixture *f, int32_t type, const char *text)
{
    struct values values = {0};

    add_bytes(&values, NULL, type, text);
    return answer(f, "SELECT typeof($1), quote($1)", &values);
}

static void every_type_is_bound_as_documented(void)
{
    static struct fixture f;

    open_memory(&f);
    CHECK_TEXT(stored(&f, STOA_TYPE_NULL, 0, 0), "\"null\"|\"NULL\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_BOOL, 1, 0), "\"integer\"|\"1\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INT8, -8, 0), "\"integer\"|\"-8\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INT64, INT64_MIN, 0),
               "\"integer\"|\"-9223372036854775808\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_UINT64, INT64_MAX, 0), "\"integer\"|\"9223372036854775807\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_FLOAT32, bits(0.5), 0), "\"real\"|\"0.5\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_FLOAT64, bits(-0.25), 0), "\"real\"|\"-0.25\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_TIMESTAMP, 5000, 0), "\"integer\"|\"5\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_TIME, -3000, 0), "\"integer\"|\"-3\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_DURATION, 0, 0), "\"integer\"|\"0\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_DATE, 19000, 0), "\"integer\"|\"19000\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INTERVAL, 13 | INT64_C(2) << 32, -1),
               "\"blob\"|\"X'8000000D800000027FFFFFFFFFFFFFFF'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_DECIMAL, "1.50"), "\"text\"|\"'1.50'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_TEXT, ""), "\"text\"|\"''\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_SYMBOL, "s"), "\"text\"|\"'s'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_JSON, "[]"), "\"text\"|\"'[]'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_BYTES, ""), "\"blob\"|\"X''\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_UUID, "AB"), "\"blob\"|\"X'4142'\"\n");
    close_all(&f);
}

static void values_sqlite_cannot_hold_are_told(void)
{
    static struct fixture f;
    struct values big = {0}, nan_value = {0}, fine = {0};

    open_memory(&f);
    add_number(&big, NULL, STOA_TYPE_UINT64, -1);
    refuse(&f, "SELECT ?", &big, STOA_ERR_TYPE, "18446744073709551615, is above");
    add_number(&fine, NULL, STOA_TYPE_TIMESTAMP, 1500);
    refuse(&f, "SELECT ?", &fine, STOA_ERR_TYPE, "no whole number of microseconds");
    add_number(&nan_value, NULL, STOA_TYPE_FLOAT64, bits(NAN));
    refuse(&f, "SELECT ?", &nan_value, STOA_ERR_TYPE, "nan=null");
    f.config.nan = STOA__NAN_NULL;
    CHECK_TEXT(answer(&f, "SELECT ?", &nan_value), "NULL\n");
    close_all(&f);
}

/* ---- what a run did ---- */

static void check_info(struct fixture *f, const char *sql, int64_t affected, int64_t id)
{
    struct stoa__cursor_info info;
    struct sqlite_cursor *cursor = query(f, sql);

    sqlite_cursor_info(cursor, &info);
    sqlite_cursor_close(cursor);
    if (info.rows_affected != affected || info.last_insert_id != id)
        printf("# %s\n", sql);
    CHECK_INT(info.rows_affected, affected);
    CHECK_INT(info.last_insert_id, id);
    CHECK(!f->session->holds_gate);
}

static void counts_are_those_of_the_statement_itself(void)
{
    static struct fixture f;

    open_memory(&f);
    check_info(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT UNIQUE)", -1, 0);
    check_info(&f, "CREATE TABLE w(k TEXT PRIMARY KEY) WITHOUT ROWID", -1, 0);
    check_info(&f, "INSERT INTO t(s) VALUES('a'), ('b'), ('c')", 3, 3);
    check_info(&f, "CREATE TABLE u(x)", -1, 0);
    check_info(&f, "INSERT OR IGNORE INTO t(s) VALUES('a')", 0, 0);
    check_info(&f, "INSERT INTO w VALUES('k')", 1, 0);
    check_info(&f, "INSERT INTO t(s) VALUES('a') ON CONFLICT(s) DO UPDATE SET s = 'z'", 1, 0);
    check_info(&f, "UPDATE t SET s = s || 'x'", 3, 0);
    check_info(&f, "UPDATE t SET s = 'n' WHERE 0", 0, 0);
    check_info(&f, "SELECT * FROM t", -1, 0);
    check_info(&f, "WITH x(v) AS (SELECT 'w') INSERT INTO t(s) SELECT v FROM x", 1, 4);
    check_info(&f, "REPLACE INTO t(id, s) VALUES(9, 'nine')", 1, 9);
    check_info(&f, "SELECT last_insert_rowid()", -1, 0);
    CHECK_TEXT(rows(&f, "SELECT last_insert_rowid()"), "9\n");
    check_info(&f, "INSERT INTO u VALUES(last_insert_rowid())", 1, 1);
    CHECK_TEXT(rows(&f, "SELECT x FROM u"), "9\n");
    check_info(&f, "DELETE FROM t", 5, 0);
    check_info(&f, "BEGIN", -1, 0);
    check_info(&f, "COMMIT", -1, 0);
    check_info(&f, "; INSERT INTO u VALUES(1)", 1, 2);
    close_all(&f);
}

static void the_gate_is_held_as_long_as_sqlite_writes(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a UNIQUE)");
    sqlite_cursor_close(query(&f, "BEGIN IMMEDIATE"));
    CHECK(f.session->holds_gate);
    sqlite_cursor_close(query(&f, "INSERT INTO t VALUES(1)"));
    CHECK(f.session->holds_gate);
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n");
    CHECK(f.session->holds_gate);
    sqlite_cursor_close(query(&f, "COMMIT"));
    CHECK(!f.session->holds_gate);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1)"), STOA_ERR_CONSTRAINT);
    CHECK(!f.session->holds_gate);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(2), (1) RETURNING a"), STOA_ERR_CONSTRAINT);
    CHECK(!f.session->holds_gate);
    CHECK_INT(sqlite3_get_autocommit(f.session->db), 1);
    CHECK_TEXT(rows(&f, "SELECT count(*) FROM t"), "1\n");
    close_all(&f);
}

static void a_read_only_database_refuses_to_write(void)
{
    static struct fixture f, g;
    char *path = test_path("r.db");

    open_target(&g, path, NULL, NULL);
    run(&g, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    open_target(&f, path, "read_only", "yes");
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1)"), STOA_ERR_READ_ONLY);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1) RETURNING a"), STOA_ERR_READ_ONLY);
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n");
    close_all(&f);
    close_all(&g);
    free(path);
}

/* ---- once a row of a source ---- */

struct batches {
    struct stoa__source source;
    struct ArrowArray *list;
    int64_t count, next, fail_at;
};

static stoa_status next_batch(void *self, const struct ArrowArray **batch, stoa_error *err)
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
static void read_batches(struct fixture *f, struct sqlite_cursor *cursor, struct batches *out,
                         struct ArrowArray *list)
{
    const struct stoa__arrow_type *type;

    *out = (struct batches){.list = list, .fail_at = -1};
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f->err), STOA_OK);
    while (sqlite_cursor_next(cursor, NULL, &list[out->count], &f->err) == STOA_OK)
        out->count++;
    out->source = (struct stoa__source){type, next_batch, out, -1};
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
    struct sqlite_cursor *cursor =
        query(&f, "SELECT * FROM (SELECT 1 AS b, 'x' AS a UNION ALL VALUES(2, 'y'), (3, NULL))");

    read_batches(&f, cursor, &rows_in, list);
    struct sqlite_statement *statement = prepare(&f, "INSERT INTO t VALUES(?, ?)");

    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err), STOA_OK);
    CHECK_INT(done.rows_affected, 3);
    CHECK_INT(done.last_insert_id, 3);
    sqlite_statement_close(statement);
    statement = prepare(&f, "INSERT INTO t(a, b) VALUES(:b, :a)"); /* By name. */
    rows_in.next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err), STOA_OK);
    sqlite_statement_close(statement);
    statement = prepare(&f, "UPDATE t SET b = 'two' WHERE a = :b"); /* Columns may be left over. */
    rows_in.next = 1;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in.source, 0, &done, &f.err), STOA_OK);
    CHECK_INT(done.rows_affected, 2);
    sqlite_statement_close(statement);
    sqlite_cursor_close(cursor);
    release_batches(&rows_in);
    CHECK_TEXT(rows(&f, "SELECT a, b FROM t"),
               "1|\"x\"\n2|\"y\"\n3|\"two\"\n1|\"x\"\n2|\"y\"\n3|\"two\"\n");
    close_all(&f);
}

/* `failing` leaves nothing behind, whether a transaction is open or not. */
static void check_all_or_none(struct fixture *f, struct batches *rows_in, bool in_transaction)
{
    struct sqlite_statement *statement = prepare(f, "INSERT INTO t VALUES(?, ?)");
    stoa_done done = {7, 7};

    if (in_transaction)
        run(f, "BEGIN; INSERT INTO t VALUES(100, 'mine')");
    rows_in->next = 0;
    CHECK_INT(sqlite_execute_source(statement, NULL, &rows_in->source, 0, &done, &f->err),
              STOA_ERR_CONSTRAINT);
    CHECK_HAS(f->err.text, "row 3: ");
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
    CHECK_TEXT(rows(f, "SELECT a FROM t ORDER BY a"), in_transaction ? "3\n100\n" : "3\n");
}

static void rows_of_a_source_go_in_together_or_not_at_all(void)
{
    static struct fixture f;
    struct ArrowArray list[8];
    struct batches rows_in;

    open_memory(&f);
    f.config.batch_rows = 2;
    run(&f, "CREATE TABLE t(a INTEGER UNIQUE, b TEXT); INSERT INTO t VALUES(3, 'there')");
    struct sqlite_cursor *cursor = query(&f, "VALUES(1, 'x'), (2, 'y'), (3, 'z'), (4, '')");

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
    return sqlite_execute_row(statement, NULL, &params, &f->config, &writer, info, &f->err);
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
    struct sqlite_statement *statement = prepare(&f, "SELECT s, x, id + 1 FROM t WHERE id >= ?");

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
        run(&f, round == 0 ? "ALTER TABLE t ADD COLUMN y" : "SELECT 1"); /* Compiled again. */
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
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES(1, 'odd')");
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

/* ---- memory ---- */

static stoa_status point(struct fixture *f)
{
    static const char sql[] = "SELECT s, $1 FROM t WHERE id = $1";
    struct stoa__cursor_info info;
    void *statement = NULL;
    size_t used;
    stoa_status rc = sqlite_prepare(f->session, NULL, sql, sizeof sql - 1, &used, &statement,
                                    &f->err);

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
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT); INSERT INTO t VALUES(1, 'one')");
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
        const stoa_status rc = sqlite_query_owned(f.session, NULL, sql, sizeof sql - 1, NULL,
                                                  &f.config, &cursor, &f.err);

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

TEST_MAIN(
    {"the first statement of a text is prepared", the_first_statement_of_a_text_is_prepared},
    {"what cannot be prepared is told with its place",
     what_cannot_be_prepared_is_told_with_its_place},
    {"a kept statement is given to one at a time", a_kept_statement_is_given_to_one_at_a_time},
    {"the cache lets the oldest go", the_cache_lets_the_oldest_go},
    {"a statement too long for a key is not kept", a_statement_too_long_for_a_key_is_not_kept},
    {"a changed schema changes the columns", a_changed_schema_changes_the_columns},
    {"types are told before a run", types_are_told_before_a_run},
    {"parameters are listed", parameters_are_listed},
    {"values go by position or by name", values_go_by_position_or_by_name},
    {"values that do not match are told", values_that_do_not_match_are_told},
    {"every type is bound as documented", every_type_is_bound_as_documented},
    {"values SQLite cannot hold are told", values_sqlite_cannot_hold_are_told},
    {"counts are those of the statement itself", counts_are_those_of_the_statement_itself},
    {"the gate is held as long as SQLite writes", the_gate_is_held_as_long_as_sqlite_writes},
    {"a read-only database refuses to write", a_read_only_database_refuses_to_write},
    {"rows of a source run the statement", rows_of_a_source_run_the_statement},
    {"rows of a source go in together or not at all",
     rows_of_a_source_go_in_together_or_not_at_all},
    {"one row is given and the statement is free", one_row_is_given_and_the_statement_is_free},
    {"one row may be of a statement that writes", one_row_may_be_of_a_statement_that_writes},
    {"a row that does not fit follows the policy", a_row_that_does_not_fit_follows_the_policy},
    {"the point query survives every allocation failure",
     the_point_query_survives_every_allocation_failure},
    {"writing survives every allocation failure", writing_survives_every_allocation_failure},
    {"RETURNING that does not fit memory writes nothing",
     returning_that_does_not_fit_memory_writes_nothing})
