/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real drivers beyond the conformance suite: what becomes of each Arrow type on its way in and out
 * (docs/adbc.md has the table), that a failed ingest leaves a table as it was bit by bit, columns
 * in another order, and cancelling. REAL_DRIVER says which driver.
 */
#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/cast.h"
#include "arrow/cell.h"
#include "conformance/data.h"
#include "stoa.h"
#include "test.h"

#include <time.h>

#define NO_OP ((stoa_op){0})
#define MUST(call) must((call), &err, __LINE__, #call)

static void must(stoa_status rc, const stoa_error *err, int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# line %d: %s: %s: %s\n", line, what, stoa_status_name(rc), err->text);
    test_fail();
}

enum { SQLITE, DUCKDB, POSTGRESQL, DRIVER_COUNT };

static int driver(void)
{
    if (strcmp(REAL_DRIVER, "sqlite") == 0)
        return SQLITE;
    return strcmp(REAL_DRIVER, "duckdb") == 0 ? DUCKDB : POSTGRESQL;
}

static stoa_db open_real(void)
{
    stoa_error err = {0};
    char target[512];
    char *path = test_path("real.db");
    stoa_conn conn;
    stoa_db db;

    if (driver() == SQLITE)
        (void)snprintf(target, sizeof(target), "adbc:sqlite:%s", path);
    else if (driver() == DUCKDB)
        (void)snprintf(target, sizeof(target), "duckdb:%s", path);
    else
        (void)snprintf(target, sizeof(target), "%s", getenv("STOA_TEST_PG"));
    free(path);
    MUST(stoa_open(NO_OP, target, STOA_NUL, NULL, 0, &db, &err));
    if (driver() == POSTGRESQL) {
        MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
        MUST(stoa_run(conn, NO_OP, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", STOA_NUL,
                      NULL, 0, NULL, 0, NULL, &err));
        stoa_conn_close(conn);
    }
    return db;
}

static stoa_conn connect_real(stoa_db db)
{
    stoa_error err = {0};
    stoa_conn conn;

    MUST(stoa_connect(db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

/* ---- types ---- */

/* A type, three values of it as JSON besides NULL, and what comes back of each driver: a format,
 * "" when ingest refuses it by name, and a '!' before the format when values change. */
struct round {
    const char *format;
    const char *values[3];
    const char *back[DRIVER_COUNT];
};

static const struct round rounds[] = {
    {"b", {"true", "false", "true"}, {"l", "b", "b"}},
    {"c", {"-128", "0", "127"}, {"l", "c", "s"}},
    {"s", {"-32768", "0", "32767"}, {"l", "s", "s"}},
    {"i", {"-2147483648", "0", "2147483647"}, {"l", "i", "i"}},
    {"l", {"-9223372036854775808", "0", "9223372036854775807"}, {"l", "l", "l"}},
    {"C", {"0", "1", "255"}, {"l", "C", "s"}},
    {"S", {"0", "1", "65535"}, {"l", "S", "i"}},
    {"I", {"0", "1", "4294967295"}, {"l", "I", "l"}},
    {"L", {"0", "1", "18446744073709551615"}, {"", "L", ""}},
    {"e", {"-1.5", "0.5", "2.0"}, {"g", "", "f"}},
    {"f", {"-1.5", "0.5", "3.25"}, {"g", "f", "f"}},
    {"g", {"-1.5", "0.1", "1e300"}, {"g", "g", "g"}},
    {"u", {"\"\"", "\"a\"", "\"\u4f8b\""}, {"u", "u", "u"}},
    {"U", {"\"\"", "\"a\"", "\"b\""}, {"u", "u", "u"}},
    {"vu", {"\"\"", "\"a\"", "\"longer than twelve\""}, {"u", "u", "u"}},
    {"z", {"\"\"", "\"AAE=\"", "\"/v8=\""}, {"z", "z", "z"}},
    {"Z", {"\"\"", "\"AAE=\"", "\"/v8=\""}, {"z", "z", "z"}},
    {"vz", {"\"\"", "\"AAE=\"", "\"/v8=\""}, {"z", "z", "z"}},
    {"w:4", {"\"AAECAw==\"", "\"AAECBA==\"", "\"AAECBQ==\""}, {"z", "z", "z"}},
    {"d:10,2", {"\"0.00\"", "\"-12.34\"", "\"99999999.99\""}, {"", "d:10,2,128", "u"}},
    {"d:38,0", {"\"0\"", "\"-1\"", "\"99999999999999999999999999999999999999\""},
     {"", "d:38,0,128", "u"}},
    {"tdD", {"\"1970-01-01\"", "\"2024-02-29\"", "\"1969-12-31\""}, {"u", "tdD", "tdD"}},
    {"tdm", {"\"1970-01-01\"", "\"2024-02-29\"", "\"1969-12-31\""}, {"", "tdD", ""}},
    {"tts", {"0", "1", "86399"}, {"", "ttu", "ttu"}},
    {"ttm", {"0", "1", "86399999"}, {"", "ttu", "ttu"}},
    {"ttu", {"0", "1", "86399999999"}, {"", "ttu", "ttu"}},
    {"ttn", {"0", "1000", "86399999999000"}, {"", "ttn", "ttu"}},
    {"tss:", {"0", "1", "-1"}, {"u", "tss:", "tsu:"}},
    {"tsm:", {"0", "1", "-1"}, {"u", "tsm:", "tsu:"}},
    {"tsu:", {"0", "1", "-1"}, {"u", "tsu:", "tsu:"}},
    {"tsn:", {"0", "1000", "-1000"}, {"u", "tsn:", "tsu:"}},
    {"tsu:UTC", {"0", "1", "-1"}, {"!u", "tsu:UTC", "tsu:UTC"}},
    {"tsu:America/Los_Angeles", {"0", "1", "-1"}, {"!u", "tsu:UTC", "tsu:UTC"}},
    {"tDs", {"0", "1", "-1"}, {"", "!tin", "!tin"}},
    {"tDu", {"0", "1", "-1"}, {"", "!tin", "!tin"}},
    {"tDn", {"0", "1000", "-1000"}, {"", "!tin", "!tin"}},
    {"tin", {"\"P1M\"", "\"P2D\"", "\"PT3S\""}, {"", "tin", "tin"}},
};

static void make(const struct round *round, struct ArrowSchema *schema, struct ArrowArray *batch)
{
    stoa__arena arena = {0};
    stoa_error err = {0};
    struct stoa__arrow_type *id = NULL, *value = NULL, root = {.kind = STOA__ARROW_STRUCT,
                                                               .zone = "",
                                                               .name = "",
                                                               .format = "+s"};
    struct stoa__builder builder = {0};

    MUST(stoa__arrow_type_simple("l", "id", true, &arena, &id, &err));
    MUST(stoa__arrow_type_simple(round->format, "v", true, &arena, &value, &err));
    struct stoa__arrow_type children[] = {*id, *value};
    root.children = children;
    root.child_count = 2;
    MUST(stoa__builder_init(&builder, &root, 4, &err));
    for (int i = 0; i < 4; i++) {
        const char *text = i < 3 ? round->values[i] : "null";

        MUST(stoa__column_append_int64(&builder.root.children[0], i, &err));
        MUST(stoa__column_append_json(&builder.root.children[1], text, (int64_t)strlen(text),
                                      &err));
        MUST(stoa__column_end_struct(&builder.root, &err));
    }
    MUST(stoa__builder_finish(&builder, 0, batch, &err));
    MUST(stoa__arrow_type_export(&root, schema, &err));
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

/* The four values as JSON, one behind the other. */
static void json_of(const struct stoa__arrow_type *type, const struct ArrowArray *batch,
                    char *out, size_t capacity)
{
    stoa__buffer text = {0};
    stoa_error err = {0};

    for (int64_t row = 0; row < batch->length; row++) {
        struct stoa__cell root, cell;

        stoa__cell_at(type, batch, row, &root);
        stoa__cell_child(&root, type->child_count - 1, &cell);
        MUST(stoa__cell_json(&cell, &text, &err));
        MUST(stoa__buffer_append_text(&text, " "));
    }
    (void)snprintf(out, capacity, "%.*s", (int)text.size, (const char *)text.data);
    stoa__buffer_release(&text);
}

/* What becomes of it: "", a format, or "!" and a format. */
static void there_and_back(stoa_conn conn, const struct round *round, char *out, size_t capacity)
{
    const stoa_option options[] = {{"mode", "replace"}};
    struct ArrowSchema schema = {0}, back_schema;
    struct ArrowArray batch = {0}, cast = {0}, back;
    struct ArrowArrayStream stream;
    struct stoa__arrow_type *type = NULL, *back_type = NULL;
    stoa__arena arena = {0};
    char before[4096], after[4096];
    stoa_error err = {0};
    stoa_result result;

    make(round, &schema, &batch);
    MUST(stoa__arrow_type_parse(&schema, &arena, &type, &err));
    json_of(type, &batch, before, sizeof(before));
    MUST(stoa_stream_from_batches(&schema, &batch, 1, &stream, &err));
    *out = '\0';
    if (stoa_insert(conn, NO_OP, "r", 1, &stream, options, 1, NULL, &err) < 0) {
        CHECK(err.text[0] != '\0');
        stream.release(&stream);
        stoa__arena_release(&arena);
        return;
    }
    MUST(stoa_query(conn, NO_OP, "SELECT id, v FROM r ORDER BY id", STOA_NUL, NULL, 0, NULL, 0,
                    &result, &err));
    MUST(stoa_result_schema(result, &back_schema, &err));
    MUST(stoa__arrow_type_parse(&back_schema, &arena, &back_type, &err));
    MUST(stoa_result_next(result, NO_OP, &back, &err));
    CHECK_INT(back.length, 4);
    (void)snprintf(after, sizeof(after), "another type");
    if (stoa__arrow_cast(back_type, &back, type, &cast, &err) == STOA_OK)
        json_of(type, &cast, after, sizeof(after));
    stoa_batch_release(&cast);
    (void)snprintf(out, capacity, "%s%s", strcmp(before, after) == 0 ? "" : "!",
                   back_type->children[1].format);
    if (getenv("STOA_SHOW_TYPES"))
        printf("# %s: %s\n#   %s-> %s\n", round->format, out, before, after);
    stoa_batch_release(&back);
    stoa_schema_release(&back_schema);
    stoa_result_close(result);
    stoa__arena_release(&arena);
}

static void types_round_trip_as_tabled(void)
{
    (void)setenv("TZ", "UTC", 1); /* DuckDB names the zone it runs in. */
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    bool good = true;

    for (size_t i = 0; i < sizeof(rounds) / sizeof(*rounds); i++) {
        char back[64];

        there_and_back(conn, &rounds[i], back, sizeof(back));
        if (strcmp(back, rounds[i].back[driver()]) == 0)
            continue;
        printf("# %s comes back as \"%s\", not \"%s\"\n", rounds[i].format, back,
               rounds[i].back[driver()]);
        good = false;
    }
    CHECK(good);
    stoa_db_close(db);
}

/* What a database would change without a word is refused. */
static void silent_changes_are_refused(void)
{
    static const struct round cut[] = {{"tsn:", {"0", "1", "-1001"}, {"u", "tsn:", ""}},
                                       {"ttn", {"0", "1", "1001"}, {"", "ttn", ""}},
                                       {"g", {"1", "\"nan\"", "2"}, {"", "g", "g"}}};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);

    for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
        char back[64];

        there_and_back(conn, &cut[i], back, sizeof(back));
        CHECK_TEXT(back, cut[i].back[driver()]);
    }
    stoa_db_close(db);
}

/* ---- ingest ---- */

/* All rows and the catalogue of table t, as one text. */
static void digest(stoa_conn conn, char *out, size_t capacity)
{
    static const char *const queries[] = {"SELECT * FROM t ORDER BY 1", NULL};
    stoa_error err = {0};
    size_t size = 0;

    out[0] = '\0';
    for (int i = 0; i < 2; i++) {
        stoa_result result;

        if (queries[i])
            MUST(stoa_query(conn, NO_OP, queries[i], STOA_NUL, NULL, 0, NULL, 0, &result, &err));
        else
            MUST(stoa_catalog(conn, NO_OP, STOA_CATALOG_COLUMNS, NULL, 0, NULL, 0, &result, &err));
        while (stoa_result_step(result, NO_OP, &err) == STOA_OK)
            for (int32_t column = 0;; column++) {
                const char *text;
                int64_t text_size;
                int32_t null;

                if (stoa_result_is_null(result, column, &null, &err) < 0)
                    break;
                if (null)
                    text = "NULL", text_size = 4;
                else
                    MUST(stoa_result_text(result, column, &text, &text_size, &err));
                CHECK(size + (size_t)text_size + 2 < capacity);
                size += (size_t)snprintf(out + size, capacity - size, "%.*s|",
                                         (int)text_size, text);
            }
        stoa_result_close(result);
    }
}

static void a_failed_ingest_leaves_the_table(void)
{
    static const char *const modes[] = {"create", "append", "replace", "create_append"};
    static char before[65536], after[65536];
    static const int64_t fail_at[] = {0, 1, 3, 15};
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    struct ArrowArrayStream stream;
    int64_t rows;

    data_stream(&stream, 1, 20, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, &(stoa_option){"mode", "create"}, 1, &rows,
                     &err));
    digest(conn, before, sizeof(before));
    for (int mode = 0; mode < 4; mode++)
        for (int i = 0; i < 4; i++)
            for (int inside = 0; inside < 2; inside++) {
                const stoa_option options[] = {{"mode", modes[mode]}};
                stoa_status rc;

                if (inside)
                    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
                data_stream(&stream, 16, 1100, fail_at[i]);
                rc = stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, &rows, &err);
                /* The table is there: create need not ask for a row. */
                CHECK(rc == STOA_ERR_CALLBACK || (mode == 0 && rc == STOA_ERR_EXISTS));
                stream.release(&stream);
                if (inside)
                    MUST(stoa_rollback(conn, NO_OP, &err));
                digest(conn, after, sizeof(after));
                CHECK_TEXT(after, before);
            }
    data_stream(&stream, 16, 1100, 3);
    CHECK_INT(stoa_insert(conn, NO_OP, "new", STOA_NUL, &stream,
                          &(stoa_option){"mode", "create"}, 1, &rows, &err),
              STOA_ERR_CALLBACK);
    stream.release(&stream);
    digest(conn, after, sizeof(after));
    CHECK_TEXT(after, before);
    stoa_db_close(db);
}

/* Many tiny batches are all there, in every column. */
static void tiny_batches_arrive(void)
{
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    struct ArrowArrayStream stream;
    stoa_rows rows;

    data_stream(&stream, 1500, 7, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, &(stoa_option){"mode", "create"}, 1, NULL,
                     &err));
    MUST(stoa_query_row(conn, NO_OP,
                        "SELECT count(*), CAST(sum(id) AS BIGINT), count(name), "
                        "count(DISTINCT name) FROM t",
                        STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].a, 10500);
    CHECK_INT(rows.values[1].a, 10499 * 5250);
    CHECK_INT(rows.values[2].a, 9450);
    CHECK_INT(rows.values[3].a, 9450);
    stoa_db_close(db);
}

/* Rows {id, name} into a table whose columns stand otherwise. */
static void columns_are_found_by_name(void)
{
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    struct ArrowArrayStream stream;
    stoa_rows rows;

    MUST(stoa_run(conn, NO_OP,
                  "CREATE TABLE swapped (name TEXT, id BIGINT);"
                  "CREATE TABLE wider (extra INTEGER DEFAULT 7, name TEXT, id BIGINT);"
                  "CREATE TABLE other (id BIGINT, colour TEXT)",
                  STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    data_stream(&stream, 2, 10, -1);
    MUST(stoa_insert(conn, NO_OP, "swapped", STOA_NUL, &stream, NULL, 0, NULL, &err));
    MUST(stoa_query_row(conn, NO_OP, "SELECT id FROM swapped WHERE name = 'name 13'", STOA_NUL,
                        NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].a, 13);
    data_stream(&stream, 2, 10, -1);
    MUST(stoa_insert(conn, NO_OP, "wider", STOA_NUL, &stream, NULL, 0, NULL, &err));
    MUST(stoa_query_row(conn, NO_OP, "SELECT id FROM wider WHERE name = 'name 13' AND extra = 7",
                        STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.row_count, 1);
    CHECK_INT(rows.values[0].a, 13);
    data_stream(&stream, 2, 10, -1);
    CHECK(stoa_insert(conn, NO_OP, "other", STOA_NUL, &stream, NULL, 0, NULL, &err) < 0);
    CHECK_HAS(err.text, "name");
    stream.release(&stream);
    data_stream(&stream, 2, 10, -1);
    CHECK_INT(stoa_insert(conn, NO_OP, "nowhere", STOA_NUL, &stream, NULL, 0, NULL, &err),
              STOA_ERR_NOT_FOUND);
    stream.release(&stream);
    stoa_db_close(db);
}

/* Once a row, all or none. */
static void statements_run_over_streams(void)
{
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    struct ArrowArrayStream stream;
    stoa_rows rows;
    stoa_done done;
    stoa_stmt stmt;

    MUST(stoa_run(conn, NO_OP, "CREATE TABLE t (name TEXT, id BIGINT)", STOA_NUL, NULL, 0, NULL, 0,
                  NULL, &err));
    MUST(stoa_prepare(conn, NO_OP, "INSERT INTO t VALUES (:name, :id)", STOA_NUL, &stmt, &err));
    data_stream(&stream, 2, 10, -1);
    MUST(stoa_execute_stream(stmt, NO_OP, &stream, &done, &err));
    CHECK(done.rows_affected == 20 || done.rows_affected == -1);
    data_stream(&stream, 4, 10, 2);
    CHECK_INT(stoa_execute_stream(stmt, NO_OP, &stream, &done, &err), STOA_ERR_CALLBACK);
    stream.release(&stream);
    MUST(stoa_query_row(conn, NO_OP, "SELECT count(*), max(id) FROM t", STOA_NUL, NULL, 0, NULL, 0,
                        &rows, &err));
    CHECK_INT(rows.values[0].a, 20);
    CHECK_INT(rows.values[1].a, 19);
    stoa_db_close(db);
}

/* ---- cancelling ---- */

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The deadline passes while it scans, sorts and groups; the connection is usable after. */
static void deadlines_are_kept(void)
{
    static const char *const slow[DRIVER_COUNT][3] = {
        {NULL, NULL, NULL},
        {"SELECT max(a.range * b.range % 7) FROM range(10000000) a, range(10000000) b",
         "SELECT hash(range) AS h FROM range(300000000) ORDER BY h",
         "SELECT hash(range) AS h, count(*) FROM range(500000000) GROUP BY h"},
        {"SELECT max(a * b % 7) FROM generate_series(1, 1000000) a, generate_series(1, 100000) b",
         "SELECT md5(a::text) AS h FROM generate_series(1, 50000000) a ORDER BY h",
         "SELECT md5(a::text) AS h, count(*) FROM generate_series(1, 50000000) a GROUP BY h"}};
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);

    for (int i = 0; i < 3 && slow[driver()][i]; i++)
        for (int round = 0; round < 3; round++) {
            double before = seconds(), over;
            stoa_rows rows;
            stoa_op op;

            MUST(stoa_op_open(40 + 60 * round, NULL, NULL, NULL, &op, &err));
            CHECK_INT(stoa_query_row(conn, op, slow[driver()][i], STOA_NUL, NULL, 0, NULL, 0, &rows,
                                     &err),
                      STOA_ERR_TIMEOUT);
            over = seconds() - before - 0.04 - 0.06 * round;
            printf("# %s: %.1f ms after the deadline\n", slow[driver()][i], over * 1000);
            CHECK(over < 20);
            stoa_op_close(op);
            MUST(stoa_ping(conn, NO_OP, &err));
        }
    stoa_db_close(db);
}

/* One connection holds what another wants: the wait ends with the deadline, or is refused. */
static void waiting_for_a_lock_ends(void)
{
    static const char change[] = "UPDATE t SET name = 'other' WHERE id = 1";
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn holder = connect_real(db), other = connect_real(db);
    stoa_status rc;
    stoa_op op;

    MUST(stoa_run(holder, NO_OP, "CREATE TABLE t (id BIGINT, name TEXT); INSERT INTO t VALUES "
                                 "(1, 'a')",
                  STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    MUST(stoa_begin(holder, NO_OP, STOA_BEGIN_WRITE, &err));
    MUST(stoa_run(holder, NO_OP, change, STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    MUST(stoa_op_open(100, NULL, NULL, NULL, &op, &err));
    rc = stoa_run(other, op, change, STOA_NUL, NULL, 0, NULL, 0, NULL, &err);
    stoa_op_close(op);
    if (driver() == POSTGRESQL)
        CHECK_INT(rc, STOA_ERR_TIMEOUT);
    else
        CHECK(rc == STOA_ERR_LOCKED || rc == STOA_ERR_TIMEOUT);
    MUST(stoa_commit(holder, NO_OP, &err));
    MUST(stoa_run(other, NO_OP, change, STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    stoa_db_close(db);
}

/* ---- statistics ---- */

/* Where they are offered, what there is to a table of 20 rows; else that they are not. */
static void statistics_are_listed_or_refused(void)
{
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);
    struct ArrowArrayStream stream;
    stoa_result result;
    bool counted = false;
    stoa_status rc;

    data_stream(&stream, 1, 20, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, &(stoa_option){"mode", "create"}, 1, NULL,
                     &err));
    MUST(stoa_run(conn, NO_OP, "ANALYZE", STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    rc = stoa_catalog(conn, NO_OP, STOA_CATALOG_STATISTICS, NULL, 0, "t", 1, &result, &err);
    if (driver() == SQLITE) {
        CHECK_INT(rc, STOA_ERR_UNSUPPORTED);
        CHECK_HAS(err.text, "statistics");
        stoa_db_close(db);
        return;
    }
    MUST(rc);
    while (stoa_result_step(result, NO_OP, &err) == STOA_OK) {
        const char *name, *value;
        int64_t name_size, value_size;

        MUST(stoa_result_text(result, 3, &name, &name_size, &err));
        MUST(stoa_result_text(result, 4, &value, &value_size, &err));
        counted = counted || (name_size == 9 && memcmp(name, "row count", 9) == 0 &&
                              value_size == 4 && memcmp(value, "20.0", 4) == 0);
    }
    CHECK(counted);
    stoa_result_close(result);
    stoa_db_close(db);
}

/* ---- what gives rows and is no query ---- */

static void what_is_shown_is_read(void)
{
    static const char *const shown[DRIVER_COUNT][3] = {
        {"PRAGMA user_version", "EXPLAIN QUERY PLAN SELECT 1", "pragma table_info(t)"},
        {"EXPLAIN SELECT 1", "SHOW TABLES", "DESCRIBE t"},
        {"SHOW server_version", "EXPLAIN SELECT 1", "/* of all */ EXPLAIN (ANALYZE) TABLE t"}};
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = connect_real(db);

    MUST(stoa_run(conn, NO_OP, "CREATE TABLE t (id BIGINT)", STOA_NUL, NULL, 0, NULL, 0, NULL,
                  &err));
    for (int i = 0; i < 6; i++) {
        stoa_rows rows;

        if (i == 3)
            MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, &err));
        MUST(stoa_query_row(conn, NO_OP, shown[driver()][i % 3], STOA_NUL, NULL, 0, NULL, 0, &rows,
                            &err));
        CHECK_INT(rows.row_count, 1);
        MUST(stoa_query_row(conn, NO_OP, "SELECT count(*) FROM t", STOA_NUL, NULL, 0, NULL, 0,
                            &rows, &err));
        CHECK_INT(rows.values[0].a, 0);
    }
    MUST(stoa_commit(conn, NO_OP, &err));
    stoa_db_close(db);
}

/* Only PostgreSQL's driver has levels; the others say that they have none. */
static void isolation_levels_reach_the_driver(void)
{
    static const stoa_option serializable = {
        "adbc.connection.transaction.isolation_level",
        "adbc.connection.transaction.isolation.serializable"};
    stoa_error err = {0};
    stoa_db db = open_real();
    stoa_conn conn = {0};
    stoa_rows rows;
    stoa_status rc = stoa_connect(db, NO_OP, &serializable, 1, &conn, &err);

    if (driver() != POSTGRESQL) {
        CHECK_INT(rc, STOA_ERR_UNSUPPORTED);
        CHECK_HAS(err.text, "isolation_level");
        stoa_db_close(db);
        return;
    }
    MUST(rc);
    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, &err));
    MUST(stoa_query_row(conn, NO_OP, "SELECT current_setting('transaction_isolation')", STOA_NUL,
                        NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].b, 12);
    CHECK(memcmp(rows.bytes + rows.values[0].a, "serializable", 12) == 0);
    MUST(stoa_commit(conn, NO_OP, &err));
    stoa_db_close(db);
}

TEST_MAIN({"types round trip as tabled", types_round_trip_as_tabled},
          {"silent changes are refused", silent_changes_are_refused},
          {"a failed ingest leaves the table as it was", a_failed_ingest_leaves_the_table},
          {"tiny batches arrive", tiny_batches_arrive},
          {"columns are found by name", columns_are_found_by_name},
          {"statements run over streams", statements_run_over_streams},
          {"deadlines are kept", deadlines_are_kept},
          {"waiting for a lock ends", waiting_for_a_lock_ends},
          {"statistics are listed or refused", statistics_are_listed_or_refused},
          {"what is shown is read", what_is_shown_is_read},
          {"isolation levels reach the driver", isolation_levels_reach_the_driver})
