/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/stream.h"
#include "base/error.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/ingest_kit.h"
#include "engine/sqlite/statement.h"

/* ---- streams that count ---- */

#define COLUMNS "k l;name u"
enum { ROWS = 4 }; /* A batch. */

static int opened, released, pulled;

struct producer {
    struct stoa__arrow_type *type;
    stoa__arena arena;
    int at, count, fails_at;
};

static stoa_status produce_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    return stoa__arrow_type_export(((struct producer *)self)->type, out, err);
}

/* Batch b holds keys b * ROWS ... and a name each. */
static stoa_status produce(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct producer *const producer = self;
    char rows[512] = "";

    if (producer->at == producer->fails_at)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the producer gave up");
    if (producer->at == producer->count)
        return STOA_DONE;
    for (int i = 0; i < ROWS; i++) {
        const int key = producer->at * ROWS + i;

        (void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows),
                       "{\"k\":%d,\"name\":\"a name that is long, %08d\"}\n", key,
                       (key * 7919) % 1000);
    }
    producer->at++;
    pulled++;

    const int64_t nth = stoa__mem_fail_nth; /* Only the library's memory is to fail. */

    stoa__mem_fail_nth = -1;
    *out = kit_batch(producer->type, rows);
    stoa__mem_fail_nth = nth;
    return STOA_OK;
}

static void produce_end(void *self)
{
    struct producer *const producer = self;

    stoa__arena_release(&producer->arena);
    free(producer);
    released++;
}

static void open_stream(int count, int fails_at, const char *columns,
                        struct ArrowArrayStream *out)
{
    static const struct stoa__producer class = {produce_schema, produce, produce_end};
    struct producer *producer = calloc(1, sizeof(*producer));
    stoa_error err;

    producer->type = kit_type(&producer->arena, columns);
    producer->count = count;
    producer->fails_at = fails_at;
    opened++;
    CHECK_INT(stoa__stream_out(&class, producer, out, &err), STOA_OK);
}

static struct stoa__scan_source stream_source(int count, int fails_at,
                                              int64_t retain_size)
{
    struct stoa__scan_source source = {.retain_size = retain_size,
                                       .check = STOA_CHECK_FULL};
    struct ArrowArrayStream stream;
    stoa_error err;

    open_stream(count, fails_at, COLUMNS, &stream);
    source.stream = stoa__alloc_zero(1, sizeof(*source.stream));
    CHECK_INT(stoa__stream_in_init(source.stream, &stream, source.check, &err), STOA_OK);
    source.type = source.stream->type;
    return source;
}

static void *add(struct kit *kit, const char *name, struct stoa__scan_source source)
{
    void *scan;

    kit_status(sqlite_scan_add(kit->session, name, &source, false, &scan, &kit->err),
               STOA_OK, &kit->err, __FILE__, __LINE__);
    return scan;
}

static void *add_stream(struct kit *kit, const char *name, int count, int64_t retain_size)
{
    return add(kit, name, stream_source(count, -1, retain_size));
}

static struct stoa__scan_source batch_source(const char *columns, const char *rows)
{
    struct stoa__scan_source source = {.check = STOA_CHECK_FULL};

    source.type = kit_type(&source.arena, columns);
    source.batches = stoa__alloc_zero(1, sizeof(*source.batches));
    source.batches[0] = kit_batch(source.type, rows);
    source.batch_count = 1;
    return source;
}

static void release_source(struct stoa__scan_source *source)
{
    for (int64_t i = 0; i < source->batch_count; i++)
        stoa__array_release(&source->batches[i]);
    stoa__free(source->batches);
    if (source->stream)
        stoa__stream_in_release(source->stream);
    stoa__free(source->stream);
    stoa__arena_release(&source->arena);
}

static const int64_t MUCH = INT64_C(1) << 30;

/* ---- one-shot streams ---- */

static void a_stream_is_read_once_and_scanned_often(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add_stream(&kit, "s", 5, MUCH);

    CHECK_INT(pulled, 0);
    CHECK_TEXT(kit_text(&kit, "SELECT k FROM s LIMIT 1"), "0\n");
    CHECK_INT(pulled, 1);
    CHECK_TEXT(kit_text(&kit, "SELECT count(*), max(k), max(name), min(name) FROM s"),
               "20|19|a name that is long, 00000947|a name that is long, 00000000\n");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM s a JOIN s b USING (name)"), "20\n");
    CHECK_TEXT(kit_text(&kit, "SELECT k FROM s WHERE rowid BETWEEN 9 AND 10"), "9\n10\n");
    CHECK_INT(pulled, 5);
    CHECK_INT(released, 0);
    sqlite_scan_drop(scan);
    CHECK_INT(released, 1);
    CHECK_HAS(kit_text(&kit, "SELECT * FROM s"), "no such table");
    kit_close(&kit);
}

/* Each of these holds a text past its row; a batch that went too early would be seen by
 * ASan, or in the answer. */
static void texts_outlive_their_row(void)
{
    static const char *const queries[] = {
        "SELECT max(name), min(name) FROM s",
        "SELECT k % 3, max(name), min(name), count(*) FROM s GROUP BY 1 ORDER BY 1",
        "SELECT max(name) OVER (ORDER BY k ROWS 3 PRECEDING) FROM s",
        "SELECT max(name) FROM (SELECT name FROM s UNION ALL SELECT 'b' WHERE 0)",
        "SELECT (SELECT max(name) FROM t WHERE t.k <= s.k) FROM s ORDER BY s.k",
        "SELECT DISTINCT substr(name, 1, 4) FROM s",
        "SELECT name FROM s ORDER BY name DESC LIMIT 2",
        "SELECT max(name), k FROM s",
        "SELECT lag(name, 2) OVER (ORDER BY k) FROM s",
    };
    /* Kept whole, kept in part and then passing by, never kept, and in memory. */
    static const int64_t keeps[] = {INT64_C(1) << 30, 400, 0};

    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        struct kit kit = kit_open(":memory:", "");
        char *right;

        kit_run(&kit, "CREATE TABLE t(k INTEGER, name TEXT)");
        void *scan = add_stream(&kit, "s", 10, MUCH);

        kit_run(&kit, "INSERT INTO t SELECT * FROM s");
        sqlite_scan_drop(scan);
        char *native =
            sqlite3_mprintf("WITH s AS MATERIALIZED (SELECT * FROM t) %s", queries[i]);

        right = strdup(kit_text(&kit, native));
        CHECK(!strstr(right, "error"));
        for (size_t k = 0; k < 3; k++) {
            scan = add_stream(&kit, "s", 10, keeps[k]);
            CHECK_TEXT(kit_text(&kit, queries[i]), right);
            sqlite_scan_drop(scan);
        }
        free(right);
        sqlite3_free(native);
        kit_close(&kit);
    }
}

static void a_stream_too_large_to_keep_is_read_once(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add_stream(&kit, "s", 8, 500);
    void *statement, *cursor = NULL;
    const struct stoa__read_config config = {.batch_rows = 100};
    const char *const sql = "SELECT count(*) FROM s";
    struct ArrowArray out = {0};
    size_t used;

    CHECK_TEXT(kit_text(&kit, "SELECT count(*), max(name) FROM s"),
               "32|a name that is long, 00000975\n");
    CHECK_HAS(kit_text(&kit, sql), "retain_size=500");
    KIT_OK(
        sqlite_prepare(kit.session, NULL, sql, strlen(sql), &used, &statement, &kit.err));
    stoa_status rc = sqlite_execute(statement, NULL, NULL, &config, &cursor, &kit.err);

    if (rc == STOA_OK)
        rc = sqlite_cursor_next(cursor, NULL, &out, &kit.err);
    CHECK_INT(rc, STOA_ERR_FULL);
    if (cursor)
        sqlite_cursor_close(cursor);
    sqlite_statement_close(statement);
    sqlite_scan_drop(scan);
    /* A join wants it twice at once. */
    scan = add_stream(&kit, "s", 8, 500);
    CHECK_HAS(kit_text(&kit, "SELECT count(*) FROM s a, s b"), "retain_size=500");
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

static void a_producers_failure_is_the_statements(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add(&kit, "s", stream_source(5, 2, MUCH));

    for (int i = 0; i < 2; i++) { /* It stays so. */
        CHECK_HAS(kit_text(&kit, "SELECT count(*) FROM s"), "error: ");
        CHECK_HAS(kit_text(&kit, "SELECT count(*) FROM s"), "the producer gave up");
    }
    CHECK_TEXT(kit_text(&kit, "SELECT k FROM s LIMIT 2"), "0\n1\n");
    CHECK(!kit.session->in_callback);
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

/* ---- factories ---- */

struct factory {
    struct kit *kit;
    int count, fails_at;
    stoa_status answer;
    const char *columns;
    int ended;
};

static stoa_status factory_open(void *self, struct ArrowArrayStream *out, stoa_error *err)
{
    struct factory *const factory = self;

    CHECK(factory->kit->session->in_callback);
    if (factory->answer != STOA_OK)
        return factory->answer == STOA_ERR_IO
                   ? stoa__fail(err, STOA_ERR_IO, "no such file")
                   : factory->answer;
    open_stream(factory->count, factory->fails_at, factory->columns, out);
    return STOA_OK;
}

static void factory_release(void *self)
{
    ((struct factory *)self)->ended++;
}

static struct stoa__scan_source factory_source(struct factory *factory)
{
    struct stoa__scan_source source = {.retain_size = MUCH, .check = STOA_CHECK_FULL};

    source.type = kit_type(&source.arena, COLUMNS);
    source.open = factory_open;
    source.user_data = factory;
    source.release = factory_release;
    return source;
}

static void a_factory_is_opened_for_each_scan(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct factory factory = {
        .kit = &kit, .count = 3, .fails_at = -1, .columns = COLUMNS};
    void *scan = add(&kit, "s", factory_source(&factory));

    for (int i = 1; i <= 3; i++) {
        CHECK_TEXT(kit_text(&kit, "SELECT count(*), max(name) FROM s"),
                   "12|a name that is long, 00000919\n");
        CHECK_INT(opened, i);
        CHECK_INT(released, i);
    }
    CHECK_TEXT(
        kit_text(&kit, "SELECT count(*), max(a.name) FROM s a JOIN s b ON a.k = b.k + 1"),
        "11|a name that is long, 00000919\n");
    CHECK_TEXT(kit_text(&kit, "SELECT rowid, k FROM s WHERE rowid > 9"),
               "10|10\n11|11\n");
    factory.answer = STOA_ERR_IO;
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM s"), "error: scan 's': no such file");
    factory.answer = STOA_ERR_BUSY;
    CHECK_HAS(kit_text(&kit, "SELECT * FROM s"), "scan 's': ");
    factory.answer = STOA_OK;
    factory.columns = "k i;name u";
    CHECK_HAS(kit_text(&kit, "SELECT * FROM s"), "another schema");
    factory.columns = COLUMNS;
    factory.fails_at = 1;
    CHECK_HAS(kit_text(&kit, "SELECT * FROM s"), "the producer gave up");
    CHECK_INT(opened, released);
    CHECK_INT(factory.ended, 0);
    sqlite_scan_drop(scan);
    CHECK_INT(factory.ended, 1);
    kit_close(&kit);
}

/* ---- names ---- */

static void names_are_taken_and_given_back(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__scan_source second = batch_source("a l", "{\"a\":2}");
    void *one = add(&kit, "it's \"s\"", batch_source("a l", "{\"a\":1}")), *two;

    KIT_FAILS(sqlite_scan_add(kit.session, "IT'S \"s\"", &second, false, &two, &kit.err),
              STOA_ERR_EXISTS);
    CHECK(two == NULL && second.batches[0].release != NULL);
    CHECK_TEXT(kit_text(&kit, "SELECT a FROM \"It's \"\"s\"\"\""), "1\n");
    KIT_OK(sqlite_scan_add(kit.session, "it's \"S\"", &second, true, &two, &kit.err));
    CHECK_TEXT(kit_text(&kit, "SELECT a FROM \"It's \"\"s\"\"\""), "2\n");
    sqlite_scan_drop(one); /* Gone already: the other one stays. */
    CHECK_TEXT(kit_text(&kit, "SELECT a FROM \"It's \"\"s\"\"\""), "2\n");
    sqlite_scan_drop(two);
    CHECK_HAS(kit_text(&kit, "SELECT a FROM \"It's \"\"s\"\"\""), "no such table");
    kit_close(&kit);
}

static void what_cannot_be_a_scan_is_left_to_the_caller(void)
{
    static const char *const columns[] = {"", "a l;A l", " l"};
    struct kit kit = kit_open(":memory:", "");
    void *scan;

    for (size_t i = 0; i < 3; i++) {
        struct stoa__scan_source source = batch_source(columns[i], "");

        KIT_FAILS(sqlite_scan_add(kit.session, "s", &source, false, &scan, &kit.err),
                  STOA_ERR_INVALID);
        CHECK(source.batch_count == 1 && source.batches[0].release != NULL);
        release_source(&source);
    }
    struct stoa__scan_source source = batch_source("a l", "");

    KIT_FAILS(sqlite_scan_add(kit.session, "", &source, false, &scan, &kit.err),
              STOA_ERR_INVALID);
    kit_run(&kit, "CREATE TEMP TABLE s(a)");
    KIT_FAILS(sqlite_scan_add(kit.session, "s", &source, false, &scan, &kit.err),
              STOA_ERR_EXISTS);
    CHECK_HAS(kit.err.text, "temporary");
    release_source(&source);
    CHECK_INT(kit.session->scans == NULL, 1);
    kit_close(&kit);
}

/* Through the engine's own prepare, as users come. */
static const char *ask(struct kit *kit, const char *sql)
{
    const struct stoa__read_config config = {.batch_rows = 100};
    static char text[1200];
    struct ArrowArray out = {0};
    void *statement = NULL, *cursor = NULL;
    size_t used;
    stoa_status rc = sqlite_prepare(kit->session, NULL, sql, strlen(sql), &used,
                                    &statement, &kit->err);

    if (rc == STOA_OK)
        rc = sqlite_execute(statement, NULL, NULL, &config, &cursor, &kit->err);
    if (rc == STOA_OK)
        rc = sqlite_cursor_next(cursor, NULL, &out, &kit->err);
    if (rc < 0)
        (void)snprintf(text, sizeof(text), "%s: %s", stoa_status_name(rc), kit->err.text);
    else if (rc == STOA_DONE)
        (void)snprintf(text, sizeof(text), "nothing");
    else
        (void)snprintf(text, sizeof(text), "%lld",
                       (long long)((const int64_t *)out.children[0]->buffers[1])[0]);
    stoa__array_release(&out);
    if (cursor)
        sqlite_cursor_close(cursor);
    if (statement)
        sqlite_statement_close(statement);
    return text;
}

static void a_stored_table_is_hidden(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan;

    kit_run(&kit, "CREATE TABLE s(a INTEGER); INSERT INTO s VALUES(100);"
                  "CREATE VIEW v AS SELECT 200 AS a; CREATE VIEW w AS SELECT a FROM s");
    scan = add(&kit, "s", batch_source("a l", "{\"a\":1}"));
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1");
    CHECK_TEXT(ask(&kit, "SELECT a FROM main.s"), "100");
    CHECK_TEXT(ask(&kit, "SELECT a FROM w"),
               "100"); /* A stored view means the stored table. */
    CHECK_TEXT(ask(&kit, "SELECT max(a) FROM S WHERE a < 50"), "1");
    sqlite_scan_drop(scan);
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "100");
    scan = add(&kit, "v", batch_source("a l", "{\"a\":1}"));
    CHECK_TEXT(ask(&kit, "SELECT a FROM v"), "1");
    sqlite_scan_drop(scan);
    CHECK_TEXT(ask(&kit, "SELECT a FROM v"), "200");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM temp.sqlite_schema"), "0\n");
    kit_close(&kit);
}

static void a_table_made_later_is_hidden_too(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add(&kit, "s", batch_source("a l", "{\"a\":1}"));

    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1");
    kit_run(&kit, "CREATE TABLE s(a INTEGER); INSERT INTO main.s VALUES(100)");
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1");
    CHECK_TEXT(ask(&kit, "SELECT a FROM main.s"), "100");
    sqlite_scan_drop(scan);
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "100");
    kit_close(&kit);
}

/* The Arrow format of a statement's first column. */
static const char *format_of(struct kit *kit, const char *sql)
{
    const struct stoa__read_config config = {.batch_rows = 100};
    static char text[16];
    const struct stoa__arrow_type *type = NULL;
    void *statement = NULL, *cursor = NULL;
    size_t used;
    stoa_status rc = sqlite_prepare(kit->session, NULL, sql, strlen(sql), &used,
                                    &statement, &kit->err);

    if (rc == STOA_OK)
        rc = sqlite_execute(statement, NULL, NULL, &config, &cursor, &kit->err);
    if (rc == STOA_OK)
        rc = sqlite_cursor_type(cursor, NULL, &type, &kit->err);
    (void)snprintf(text, sizeof(text), "%s", type ? type->children[0].format : "none");
    if (cursor)
        sqlite_cursor_close(cursor);
    if (statement)
        sqlite_statement_close(statement);
    return text;
}

static void a_nested_column_keeps_its_type(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *hidden, *plain = add(&kit, "o", batch_source("x +l;y u", "{\"x\":[1,null]}"));

    kit_run(&kit, "CREATE TABLE h(x TEXT)");
    hidden = add(&kit, "h", batch_source("x +l", "{\"x\":[1]}\n{\"x\":null}"));
    CHECK_TEXT(format_of(&kit, "SELECT x FROM o"), "+l");
    CHECK_TEXT(format_of(&kit, "SELECT x FROM h"), "+l");
    CHECK_TEXT(format_of(&kit, "SELECT y FROM o"), "u");
    CHECK_TEXT(format_of(&kit, "SELECT x || '' FROM o"), "u");
    CHECK_TEXT(format_of(&kit, "SELECT x FROM main.h"), "u");
    sqlite_scan_drop(hidden);
    CHECK_TEXT(format_of(&kit, "SELECT x FROM h"), "u");
    sqlite_scan_drop(plain);
    kit_close(&kit);
}

/* A temporary table comes before everything: it wins, and nothing else suffers. */
static void a_temporary_table_made_later_wins(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add(&kit, "s", batch_source("a l", "{\"a\":1}"));

    kit_run(&kit, "CREATE TEMP TABLE s(a INTEGER); INSERT INTO s VALUES(100)");
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "100");
    CHECK_TEXT(ask(&kit, "SELECT 5"), "5");
    kit_run(&kit, "DROP TABLE temp.s");
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1");
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

static void a_rollback_does_not_uncover_it(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *plain, *hidden;

    kit_run(&kit, "CREATE TABLE h(a INTEGER); INSERT INTO h VALUES(100)");
    KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
    plain = add(&kit, "p", batch_source("a l", "{\"a\":1}"));
    hidden = add(&kit, "h", batch_source("a l", "{\"a\":2}"));
    CHECK_TEXT(ask(&kit, "SELECT a FROM h"), "2");
    KIT_OK(sqlite_rollback(kit.session, &kit.err));
    CHECK_TEXT(ask(&kit, "SELECT a FROM p"), "1");
    CHECK_TEXT(ask(&kit, "SELECT a FROM h"), "2");
    sqlite_scan_drop(plain);
    sqlite_scan_drop(hidden);
    CHECK_TEXT(ask(&kit, "SELECT a FROM h"), "100");
    kit_close(&kit);
}

static void a_file_opened_read_only_takes_scans(void)
{
    char *path = test_path("a.db");
    struct kit kit = kit_open(path, "journal=keep");
    void *scan;

    kit_run(&kit, "PRAGMA journal_mode=delete; CREATE TABLE s(a INTEGER); "
                  "INSERT INTO s VALUES(100)");
    kit_close(&kit);
    kit = kit_open(path, "read_only=yes");
    scan = add(&kit, "s", batch_source("a l", "{\"a\":1}"));
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1");
    CHECK_TEXT(ask(&kit, "SELECT a FROM main.s"), "100");
    sqlite_scan_drop(scan);
    kit_close(&kit);
    free(path);
}

static void a_running_statement_keeps_what_is_dropped(void)
{
    for (int hidden = 0; hidden < 2; hidden++) {
        struct kit kit = kit_open(":memory:", "");
        sqlite3_stmt *rows = NULL;
        void *scan;

        if (hidden)
            kit_run(&kit, "CREATE TABLE s(k INTEGER, name TEXT)");
        pulled = released = 0;
        scan = add_stream(&kit, "s", 3, MUCH);
        CHECK_INT(sqlite3_prepare_v2(kit.db, "SELECT k, name FROM s", -1, &rows, NULL),
                  SQLITE_OK);
        CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
        sqlite_scan_drop(scan);
        CHECK_TEXT(ask(&kit, hidden ? "SELECT count(*) FROM s" : "SELECT 0"), "0");
        for (int i = 1; i < 3 * ROWS; i++) {
            CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
            CHECK_INT(sqlite3_column_int(rows, 0), i);
        }
        CHECK_INT(sqlite3_step(rows), SQLITE_DONE);
        CHECK_INT(released, 0);
        /* Run again it looks for the name, and the scan is not there. */
        sqlite3_reset(rows);
        CHECK_INT(sqlite3_step(rows) & 0xff, hidden ? SQLITE_DONE : SQLITE_ERROR);
        sqlite3_finalize(rows);
        CHECK_INT(released, 1);
        kit_close(&kit);
    }
}

static void a_prepared_statement_follows_a_replaced_scan(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__scan_source second = batch_source("a l", "{\"a\":2}");
    void *one = add(&kit, "s", batch_source("a l", "{\"a\":1}")), *two;
    sqlite3_stmt *rows = NULL;

    CHECK_INT(sqlite3_prepare_v2(kit.db, "SELECT a FROM s", -1, &rows, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
    CHECK_INT(sqlite3_column_int(rows, 0), 1);
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "1"); /* And one in the cache. */
    KIT_OK(sqlite_scan_add(kit.session, "s", &second, true, &two, &kit.err));
    CHECK_INT(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_reset(rows);
    CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
    CHECK_INT(sqlite3_column_int(rows, 0), 2);
    CHECK_TEXT(ask(&kit, "SELECT a FROM s"), "2");
    sqlite3_finalize(rows);
    sqlite_scan_drop(two);
    sqlite_scan_drop(one);
    kit_close(&kit);
}

static void views_and_triggers_of_the_file_cannot_use_it(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add(&kit, "s", batch_source("a l", "{\"a\":1}"));

    kit_run(&kit, "CREATE VIEW v AS SELECT a FROM s");
    CHECK_HAS(kit_text(&kit, "SELECT a FROM v"), "error");
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

/* ---- the resolver ---- */

struct resolver {
    struct kit *kit;
    int asked;
    char name[64];
};

static stoa_status resolve(void *self, const char *name, int64_t size,
                           struct ArrowArrayStream *out, stoa_error *err)
{
    struct resolver *const resolver = self;

    resolver->asked++;
    (void)snprintf(resolver->name, sizeof(resolver->name), "%.*s", (int)size, name);
    CHECK(resolver->kit->session->in_callback);
    if (strcmp(resolver->name, "frame") == 0 ||
        strcmp(resolver->name, "other frame") == 0) {
        open_stream(2, -1, COLUMNS, out);
        return STOA_OK;
    }
    if (strcmp(resolver->name, "bad") == 0)
        return stoa__fail(err, STOA_ERR_TYPE, "it is no frame");
    if (strcmp(resolver->name, "mute") == 0)
        return STOA_ERR_CALLBACK;
    if (strcmp(resolver->name, "empty") == 0)
        return STOA_OK;
    if (strcmp(resolver->name, "double") == 0) {
        open_stream(2, -1, "a l;a l", out);
        return STOA_OK;
    }
    return STOA_ERR_NOT_FOUND;
}

static void a_resolver_serves_one_statement(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct resolver resolver = {.kit = &kit};

    CHECK_HAS(ask(&kit, "SELECT count(*) FROM frame"),
              "STOA_ERR_NOT_FOUND: no such table: frame");
    KIT_OK(sqlite_scan_resolver(kit.session, resolve, &resolver, &kit.err));
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame"), "8");
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame"), "8");
    CHECK_INT(resolver.asked, 2); /* For each statement anew, cached or not. */
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame a JOIN \"other frame\" b USING (k)"),
               "8");
    CHECK_INT(resolver.asked, 4);
    CHECK_TEXT(ask(&kit, "SELECT 1"), "1");
    CHECK_INT(opened, released);
    CHECK_HAS(ask(&kit, "SELECT * FROM nobody"), "no such table: nobody");
    CHECK_TEXT(resolver.name, "nobody");
    CHECK_HAS(ask(&kit, "SELECT * FROM bad"),
              "STOA_ERR_TYPE: the resolver, asked for table 'bad': it is no frame");
    CHECK_HAS(ask(&kit, "SELECT * FROM mute"), "STOA_ERR_CALLBACK: ");
    CHECK_HAS(ask(&kit, "SELECT * FROM empty"), "STOA_ERR_CALLBACK: ");
    CHECK_HAS(ask(&kit, "SELECT * FROM double"), "STOA_ERR_INVALID: ");
    resolver.asked = 0;
    CHECK_HAS(ask(&kit, "SELECT * FROM main.frame"), "no such table: main.frame");
    CHECK_INT(resolver.asked, 0);
    KIT_OK(sqlite_scan_resolver(kit.session, NULL, NULL, &kit.err));
    CHECK_HAS(ask(&kit, "SELECT count(*) FROM frame"), "no such table");
    CHECK_INT(opened, released);
    kit_close(&kit);
}

static void a_scan_takes_the_place_of_a_resolved_one(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct resolver resolver = {.kit = &kit};
    void *scan;

    KIT_OK(sqlite_scan_resolver(kit.session, resolve, &resolver, &kit.err));
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame"), "8");
    scan = add(&kit, "frame", batch_source("a l", "{\"a\":1}"));
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame"), "1");
    CHECK_INT(resolver.asked, 1);
    CHECK_INT(opened, released);
    sqlite_scan_drop(scan);
    CHECK_TEXT(ask(&kit, "SELECT count(*) FROM frame"), "8");
    kit_close(&kit);
    CHECK_INT(opened, released);
}

/* ---- cancellation and memory ---- */

static void a_scan_is_cancelled_between_chunks(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = add_stream(&kit, "s", 5, MUCH);
    _Atomic int32_t stopped = 1;
    stoa__call call;

    stoa__call_resume(&call, NULL, NULL);
    call.stopped = &stopped;
    KIT_FAILS(sqlite_run(kit.session, &call, "SELECT count(*) FROM s", &kit.err),
              STOA_ERR_CANCELLED);
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM s"), "20\n");
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

static void every_allocation_of_a_registration_may_fail(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__scan_source source = batch_source("a l;b +l;c *u", "{\"a\":1}");
    void *scan;
    int64_t nth;

    kit_run(&kit, "CREATE TABLE s(a)");
    for (nth = 0;; nth++) {
        stoa__mem_fail_nth = nth;
        const stoa_status rc =
            sqlite_scan_add(kit.session, "s", &source, false, &scan, &kit.err);

        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK)
            break;
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(!scan && source.batches[0].release && !kit.session->scans);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM temp.sqlite_schema"), "0\n");
    }
    CHECK(nth >= 5);
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

static void every_allocation_of_a_scan_may_fail(void)
{
    struct kit kit = kit_open(":memory:", "");
    int64_t nth;

    for (nth = 0;; nth++) {
        void *scan = add_stream(&kit, "s", 3, 300);

        stoa__mem_fail_nth = nth;
        char *message = NULL;
        const int code = sqlite3_exec(kit.db,
                                      "SELECT max(name) FROM s WHERE name <> 'x' AND "
                                      "k >= 0",
                                      NULL, NULL, &message);
        const bool fired = stoa__mem_fail_nth < 0;

        stoa__mem_fail_nth = -1;
        kit.session->failure.code = STOA_OK;
        sqlite3_free(message);
        CHECK(!kit.session->in_callback);
        sqlite_scan_drop(scan);
        if (!fired) {
            CHECK_INT(code, SQLITE_OK);
            break;
        }
        CHECK_INT(code, SQLITE_ERROR);
    }
    CHECK(nth >= 5);
    CHECK_INT(opened, released);
    kit_close(&kit);
}

TEST_MAIN(
    {"a stream is read once and scanned often", a_stream_is_read_once_and_scanned_often},
    {"texts outlive their row", texts_outlive_their_row},
    {"a stream too large to keep is read once", a_stream_too_large_to_keep_is_read_once},
    {"a producer's failure is the statement's", a_producers_failure_is_the_statements},
    {"a factory is opened for each scan", a_factory_is_opened_for_each_scan},
    {"names are taken and given back", names_are_taken_and_given_back},
    {"what cannot be a scan is left to the caller",
     what_cannot_be_a_scan_is_left_to_the_caller},
    {"a stored table is hidden", a_stored_table_is_hidden},
    {"a nested column keeps its type", a_nested_column_keeps_its_type},
    {"a table made later is hidden, too", a_table_made_later_is_hidden_too},
    {"a temporary table made later wins", a_temporary_table_made_later_wins},
    {"a rollback does not uncover it", a_rollback_does_not_uncover_it},
    {"a file opened read-only takes scans", a_file_opened_read_only_takes_scans},
    {"a running statement keeps what is dropped",
     a_running_statement_keeps_what_is_dropped},
    {"a prepared statement follows a replaced scan",
     a_prepared_statement_follows_a_replaced_scan},
    {"views and triggers of the file cannot use it",
     views_and_triggers_of_the_file_cannot_use_it},
    {"a resolver serves one statement", a_resolver_serves_one_statement},
    {"a scan takes the place of a resolved one",
     a_scan_takes_the_place_of_a_resolved_one},
    {"a scan is cancelled between chunks", a_scan_is_cancelled_between_chunks},
    {"every allocation of a registration may fail",
     every_allocation_of_a_registration_may_fail},
    {"every allocation of a scan may fail", every_allocation_of_a_scan_may_fail})
