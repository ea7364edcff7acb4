/* SPDX-License-Identifier: Apache-2.0 */
/* Ingest that fails: whatever failed, wherever and when, the database is as it was. */
#include "base/error.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/ingest_kit.h"
#include "engine/sqlite/statement.h"

enum { BATCHES = 4 };

/* Four batches of two rows; keys from 100 on, so that only `clash` meets a stored one. */
static struct kit_source *rows_source(void)
{
    return kit_source("id l;name u",
                      "{\"id\":100,\"name\":\"a\"}\n{\"id\":101,\"name\":\"b\"}\n\n"
                      "{\"id\":102,\"name\":\"c\"}\n{\"id\":103,\"name\":\"d\"}\n\n"
                      "{\"id\":104,\"name\":\"e\"}\n{\"id\":105,\"name\":\"f\"}\n\n"
                      "{\"id\":106,\"name\":\"g\"}\n{\"id\":107,\"name\":\"h\"}");
}

static const char *const tables[] = {
    "CREATE TABLE t(id INTEGER, name TEXT)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)",
    "CREATE TABLE t(name TEXT, id INTEGER, PRIMARY KEY(id)) WITHOUT ROWID",
};

/* What is there before: rows, an index, a trigger, another table. */
static void furnish(struct kit *kit, const char *table)
{
    kit_run(kit, table);
    kit_run(
        kit,
        "INSERT INTO t(id, name) VALUES(1, 'one'), (2, 'two');"
        "CREATE INDEX t_name ON t(name); CREATE TABLE log(x);"
        "CREATE TRIGGER t_log AFTER INSERT ON t BEGIN INSERT INTO log VALUES(new.id); "
        "END;");
}

struct way {
    int32_t mode, dedup;
    bool truncate, create;
    const char *keys;
};

static const struct way ways[] = {
    {STOA__INGEST_APPEND, 0, false, false, ""},
    {STOA__INGEST_APPEND, 0, true, false, ""},
    {STOA__INGEST_REPLACE, 0, false, false, ""},
    {STOA__INGEST_REPLACE, 0, false, false, "id"},
    {STOA__INGEST_CREATE_APPEND, 0, false, true, ""},
    {STOA__INGEST_UPSERT, 0, false, false, "id"},
    {STOA__INGEST_APPEND, STOA_DEDUP_DROP, false, false, ""},
    {STOA__INGEST_APPEND, STOA_DEDUP_UPSERT, true, false, ""},
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

static stoa_status go(struct kit *kit, const struct way *way, struct kit_source *source,
                      stoa__call *call)
{
    struct stoa__ingest_config config = kit_config(way->mode);
    struct stoa__ingest_part part = {.table = "t",
                                     .source = &source->base,
                                     .config = &config,
                                     .index_column = -1,
                                     .create = way->create};
    void *ingest = NULL;
    int32_t level;
    stoa_status rc;

    config.keys = way->keys;
    config.dedup = way->dedup;
    config.dedup_columns = way->dedup ? "id" : "";
    config.truncate = way->truncate;
    config.index = "name";
    rc = sqlite_ingest_open(kit->session, &config, &ingest, &kit->err);
    if (rc != STOA_OK)
        return rc;
    source->base.row_count = -1;
    rc = sqlite_ingest_append(ingest, call, &part, 1, &level, &kit->err);
    sqlite_ingest_close(ingest);
    return rc;
}

static void check_unchanged(struct kit *kit, const char *before, const struct way *way,
                            bool in_transaction)
{
    char *after = kit_dump(kit);

    if (strcmp(before, after) != 0)
        printf("# mode %d, in transaction: %d\n", (int)way->mode, (int)in_transaction);
    CHECK_TEXT(after, before);
    free(after);
    CHECK_INT(sqlite3_get_autocommit(kit->db), !in_transaction);
    CHECK(!kit->session->in_callback);
    CHECK_INT(kit->session->failure.code, STOA_OK);
    CHECK_INT(kit->session->holds_gate, in_transaction);
}

static void a_producer_that_fails_changes_nothing(void)
{
    for (size_t t = 0; t < 3; t++)
        for (size_t w = 0; w < WAYS; w++)
            for (int at = 0; at <= BATCHES; at++)
                for (int inside = 0; inside < 2; inside++) {
                    struct kit kit = kit_open(":memory:", "");
                    struct kit_source *source = rows_source();

                    furnish(&kit, tables[t]);
                    if (ways[w].mode == STOA__INGEST_UPSERT && t == 0)
                        kit_run(&kit, "CREATE UNIQUE INDEX t_id ON t(id)");
                    if (inside) {
                        KIT_OK(
                            sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
                        kit_run(&kit, "INSERT INTO log VALUES('mine')");
                        sqlite_write_settle(kit.session);
                    }
                    char *before = kit_dump(&kit);

                    source->fails_at = at;
                    KIT_FAILS(go(&kit, &ways[w], source, NULL), STOA_ERR_CALLBACK);
                    CHECK_HAS(kit.err.text, "the producer gave up");
                    CHECK_INT(kit.err.flags & STOA_ERROR_ROLLED_BACK, 0);
                    check_unchanged(&kit, before, &ways[w], inside);
                    free(before);
                    if (inside)
                        KIT_OK(sqlite_commit(kit.session, NULL, &kit.err));
                    /* The same, not failing, then works. */
                    source->fails_at = -1;
                    source->at = 0;
                    KIT_OK(go(&kit, &ways[w], source, NULL));
                    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t WHERE id >= 100"),
                               "8\n");
                    kit_source_free(source);
                    kit_close(&kit);
                }
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);

    CHECK(file && bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void the_file_is_the_same_byte_for_byte(void)
{
    char *path = test_path("a.db");
    struct kit kit = kit_open(path, "journal=keep");

    kit_run(&kit, "PRAGMA journal_mode=delete");
    furnish(&kit, tables[1]);
    for (size_t w = 0; w < WAYS; w++) {
        struct kit_source *source = rows_source();
        size_t before_size, after_size;
        char *before = read_file(path, &before_size), *after;

        source->fails_at = BATCHES;
        KIT_FAILS(go(&kit, &ways[w], source, NULL), STOA_ERR_CALLBACK);
        after = read_file(path, &after_size);
        CHECK_INT(after_size, before_size);
        CHECK(memcmp(before, after, before_size) == 0);
        free(before);
        free(after);
        kit_source_free(source);
    }
    kit_close(&kit);
    free(path);
}

/* A constraint at the last row: what SQLite found, not the producer. */
static void a_row_that_is_refused_takes_all_back(void)
{
    struct kit kit = kit_open(":memory:", "");

    furnish(&kit, tables[1]);
    for (int inside = 0; inside < 2; inside++) {
        if (inside)
            KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
        char *before = kit_dump(&kit);

        KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "id l;name u",
                            "{\"id\":7,\"name\":\"x\"}\n{\"id\":8,\"name\":\"y\"}\n"
                            "{\"id\":9,\"name\":\"z\"}\n{\"id\":2,\"name\":\"w\"}"),
                  STOA_ERR_CONSTRAINT);
        KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "id l;name u",
                            "{\"id\":7,\"name\":\"x\"}\n{\"id\":2,\"name\":\"w\"}"),
                  STOA_ERR_CONSTRAINT);
        check_unchanged(&kit, before, &ways[0], inside);
        free(before);
    }
    KIT_OK(sqlite_rollback(kit.session, &kit.err));
    kit_close(&kit);
}

/* Codes that SQLite would take for its own end the user's transaction: none of ours
 * reaches it. */
static stoa_status any_failure(void *self, const struct ArrowArray **batch,
                               stoa_error *err)
{
    struct kit_source *const source = self;

    if (source->at < 2)
        return kit_source_next(self, batch, err);
    return stoa__fail(err, *(const stoa_status *)source->data, "as told");
}

static void no_failure_ends_the_users_transaction(void)
{
    for (stoa_status status = STOA_ERR_INTERNAL; status < 0; status++)
        for (size_t t = 0; t < 3; t++) {
            struct kit kit = kit_open(":memory:", "");
            struct kit_source *source = rows_source();

            furnish(&kit, tables[t]);
            KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
            kit_run(&kit, "INSERT INTO t VALUES(3, 'three')");
            char *before = kit_dump(&kit);

            source->base.next = any_failure;
            source->data = &status;
            KIT_FAILS(go(&kit, &ways[0], source, NULL), status);
            CHECK_HAS(kit.err.text, "as told");
            check_unchanged(&kit, before, &ways[0], true);
            KIT_OK(sqlite_commit(kit.session, NULL, &kit.err));
            free(before);
            kit_source_free(source);
            kit_close(&kit);
        }
}

/* ---- cancellation ---- */

static _Atomic int32_t stopped;

static void stop_at_third(struct kit_source *source)
{
    if (source->at == 2)
        stopped = 1;
}

static void a_cancelled_ingest_changes_nothing(void)
{
    for (size_t w = 0; w < WAYS; w++)
        for (int inside = 0; inside < 2; inside++) {
            struct kit kit = kit_open(":memory:", "");
            struct kit_source *source = rows_source();
            stoa__call call;

            furnish(&kit, tables[1]);
            if (inside)
                KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
            char *before = kit_dump(&kit);

            stoa__call_resume(&call, NULL, NULL);
            call.stopped = &stopped;
            stopped = 0;
            source->inside = stop_at_third;
            KIT_FAILS(go(&kit, &ways[w], source, &call), STOA_ERR_CANCELLED);
            check_unchanged(&kit, before, &ways[w], inside);
            free(before);
            if (inside)
                KIT_OK(sqlite_rollback(kit.session, &kit.err));
            kit_source_free(source);
            kit_close(&kit);
        }
}

static void stop_now(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)context, (void)argc, (void)argv;
    stopped = 1;
}

/* Stopped by a row in the middle of a batch: the progress handler would see it first, and
 * what it stops is the caller's whole transaction. */
static void a_long_ingest_that_is_cancelled_keeps_the_users_transaction(void)
{
    char *rows = malloc(1 << 18);

    rows[0] = 0;
    for (int i = 0, at = 0; i < 4000; i++)
        at += snprintf(rows + at, (size_t)((1 << 18) - at),
                       "%s{\"id\":%d,\"name\":\"n%d\"}",
                       i % 1000 == 0 && i > 0 ? "\n\n"
                       : i > 0                ? "\n"
                                              : "",
                       i + 100, i);
    for (size_t w = 0; w < WAYS; w++)
        for (int inside = 0; inside < 2; inside++) {
            struct kit kit = kit_open(":memory:", "");
            struct kit_source *source = kit_source("id l;name u", rows);
            stoa__call call;

            furnish(&kit, tables[1]);
            CHECK_INT(sqlite3_create_function_v2(kit.db, "stop_now", 0,
                                                 SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL,
                                                 stop_now, NULL, NULL, NULL),
                      SQLITE_OK);
            kit_run(&kit,
                    "CREATE TRIGGER t_stop AFTER INSERT ON t WHEN new.id = 110 BEGIN "
                    "SELECT stop_now(); END");
            if (inside) {
                KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
                kit_run(&kit, "INSERT INTO log VALUES('mine')");
            }
            char *before = kit_dump(&kit);

            stoa__call_resume(&call, NULL, NULL);
            call.stopped = &stopped;
            stopped = 0;
            if (ways[w].mode == STOA__INGEST_REPLACE) /* It has no trigger any more. */
                source->inside = stop_at_third;
            KIT_FAILS(go(&kit, &ways[w], source, &call), STOA_ERR_CANCELLED);
            CHECK_INT(kit.err.flags & STOA_ERROR_ROLLED_BACK, 0);
            check_unchanged(&kit, before, &ways[w], inside);
            free(before);
            if (inside)
                KIT_OK(sqlite_rollback(kit.session, &kit.err));
            kit_source_free(source);
            kit_close(&kit);
        }
    free(rows);
}

/* ---- inside the producer ---- */

static void look_at_session(struct kit_source *source)
{
    const struct sqlite_session *const session = source->data;

    CHECK(session->in_callback);
    CHECK(!session->holds_gate ||
          source->at > 0); /* The first batch comes before any lock. */
}

static void the_session_is_marked_while_the_producer_runs(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct kit_source *source = rows_source();

    furnish(&kit, tables[0]);
    source->inside = look_at_session;
    source->data = kit.session;
    KIT_OK(go(&kit, &ways[0], source, NULL));
    CHECK_INT(source->at, BATCHES);
    kit_source_free(source);
    kit_close(&kit);
}

/* insert("copy", select on the same session): the producer is a cursor of the session
 * itself. */
struct reader {
    void *cursor;
    struct ArrowArray batch;
    int64_t batches;
};

static stoa_status next_of_cursor(void *self, const struct ArrowArray **batch,
                                  stoa_error *err)
{
    struct reader *const reader = self;
    stoa_status rc;

    stoa__array_release(&reader->batch);
    rc = sqlite_cursor_next(reader->cursor, NULL, &reader->batch, err);
    reader->batches += rc == STOA_OK;
    *batch = &reader->batch;
    return rc;
}

static void a_select_of_the_same_session_can_be_written(void)
{
    struct kit kit = kit_open(":memory:", "");
    const struct stoa__read_config read = {.batch_rows = 3};
    const char *const sql = "SELECT id, name FROM t ORDER BY id";
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct reader reader = {0};
    struct stoa__source source = {
        .next = next_of_cursor, .self = &reader, .row_count = -1};
    struct stoa__ingest_part part = {
        .table = "copy", .source = &source, .index_column = -1};
    void *statement, *ingest;
    size_t used;
    int32_t level;

    furnish(&kit, tables[0]);
    kit_run(
        &kit,
        "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 20) "
        "INSERT INTO t SELECT i, 'row ' || i FROM n");
    KIT_OK(
        sqlite_prepare(kit.session, NULL, sql, strlen(sql), &used, &statement, &kit.err));
    KIT_OK(sqlite_execute(statement, NULL, NULL, &read, &reader.cursor, &kit.err));
    KIT_OK(sqlite_cursor_type(reader.cursor, NULL, &source.type, &kit.err));
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK(reader.batches > 5);
    CHECK_INT(part.done.written, 20);
    CHECK_TEXT(kit_text(&kit, "SELECT count(*), min(name), max(name) FROM copy"),
               "20|one|two\n");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t JOIN copy USING (id, name)"),
               "20\n");
    sqlite_ingest_close(ingest);
    stoa__array_release(&reader.batch);
    sqlite_cursor_close(reader.cursor);
    sqlite_statement_close(statement);
    kit_close(&kit);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void)
{
    for (size_t w = 0; w < WAYS; w++) {
        struct kit kit = kit_open(":memory:", "");
        struct kit_source *source = rows_source();
        int64_t nth = 0;

        furnish(&kit, tables[1]);
        char *before = kit_dump(&kit);

        for (;; nth++) {
            sqlite_ingest_cache_clear(kit.session);
            sqlite_type_cache_clear(kit.session);
            source->at = 0;
            stoa__mem_fail_nth = nth;
            const stoa_status rc = go(&kit, &ways[w], source, NULL);

            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK)
                break;
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(kit.err.code, STOA_ERR_NOMEM);
            check_unchanged(&kit, before, &ways[w], false);
        }
        CHECK(nth >= 10);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t WHERE id >= 100"), "8\n");
        free(before);
        kit_source_free(source);
        kit_close(&kit);
    }
}

static void every_allocation_of_a_small_append_may_fail(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source =
        kit_source("id L;d d:5,2;name *u;l +l",
                   "{\"id\":1,\"d\":\"1.50\",\"name\":\"x\",\"l\":[1]}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    void *ingest;
    int32_t level;
    int64_t nth;

    kit_run(&kit, "CREATE TABLE t(id INTEGER, d TEXT DECIMAL(10,4), name TEXT, l)");
    for (int warm = 0; warm < 2; warm++) {
        KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
        for (nth = 0;; nth++) {
            source->at = 0;
            stoa__mem_fail_nth = nth;
            const stoa_status rc =
                sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err);

            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK)
                break;
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), warm ? "1\n" : "0\n");
        }
        sqlite_ingest_close(ingest);
    }
    CHECK(nth >= 1);
    CHECK_TEXT(kit_text(&kit, "SELECT DISTINCT * FROM t"), "1|1.5000|x|[1]\n");
    kit_source_free(source);
    kit_close(&kit);
}

TEST_MAIN({"a producer that fails changes nothing",
           a_producer_that_fails_changes_nothing},
          {"the file is the same byte for byte", the_file_is_the_same_byte_for_byte},
          {"a row that is refused takes all back", a_row_that_is_refused_takes_all_back},
          {"no failure ends the user's transaction",
           no_failure_ends_the_users_transaction},
          {"a cancelled ingest changes nothing", a_cancelled_ingest_changes_nothing},
          {"a long ingest that is cancelled keeps the user's transaction",
           a_long_ingest_that_is_cancelled_keeps_the_users_transaction},
          {"the session is marked while the producer runs",
           the_session_is_marked_while_the_producer_runs},
          {"a select of the same session can be written",
           a_select_of_the_same_session_can_be_written},
          {"every allocation may fail", every_allocation_may_fail},
          {"every allocation of a small append may fail",
           every_allocation_of_a_small_append_may_fail})
