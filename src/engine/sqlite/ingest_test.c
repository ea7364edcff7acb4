/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"

#define TABLE "id l;px g;name u"
static const char table_rows[] = "{\"id\":1,\"px\":1.5,\"name\":\"a\"}\n"
                                 "{\"id\":2,\"px\":null,\"name\":\"\"}\n\n"
                                 "{\"id\":null,\"px\":-2.25,\"name\":null}\n"
                                 "{\"id\":4,\"px\":0.0,\"name\":\"d\xc3\xa9\"}";

/* ---- modes ---- */

static void create_makes_the_table_and_writes_it(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE, "t", TABLE, table_rows));
    CHECK_TEXT(kit_text(&kit, "SELECT id, px, name, typeof(px), typeof(name) FROM t"),
               "1|1.5|a|real|text\n2|NULL||null|text\nNULL|-2.25|NULL|real|null\n"
               "4|0.0|d\xc3\xa9|real|text\n");
    CHECK_TEXT(kit_text(&kit, "SELECT sql FROM sqlite_schema WHERE name = 't'"),
               "CREATE TABLE \"t\"(\"id\" INTEGER, \"px\" REAL, \"name\" TEXT)\n");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_CREATE, "T", TABLE, table_rows),
              STOA_ERR_EXISTS);
    CHECK_HAS(kit.err.text, "'T'");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "4\n");
    kit_close(&kit);
}

static void append_finds_columns_by_name(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "a l", "{\"a\":1}"),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(kit.err.text, "'t'");
    kit_run(&kit, "CREATE TABLE t(\"A b\" INTEGER, name TEXT DEFAULT 'none', x REAL)");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", "X g;a B l",
                     "{\"X\":0.5,\"a B\":7}\n{\"X\":1.5,\"a B\":8}"));
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t"), "7|none|0.5\n8|none|1.5\n");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "x g;y g", "{\"x\":1,\"y\":1}"),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(kit.err.text, "'y'");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "x g;X g", ""), STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "twice");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "x g; g", ""), STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "no name");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "", ""), STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "no columns");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "2\n");
    kit_close(&kit);
}

static void what_cannot_be_written_is_named(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE TABLE g(a INTEGER, b INTEGER AS (a * 2), c INTEGER NOT NULL);"
                  "CREATE VIEW v AS SELECT 1 AS a;"
                  "CREATE TABLE k(id INTEGER PRIMARY KEY NOT NULL, a TEXT)");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "g", "a l;b l;c l", ""),
              STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "'b' of table 'g' is generated");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "g", "a l", ""), STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "'c'");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "v", "a l", "{\"a\":1}"),
              STOA_ERR_INVALID);
    CHECK_HAS(kit.err.text, "view");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_REPLACE, "v", "a l", "{\"a\":1}"),
              STOA_ERR_EXISTS);
    KIT_OK(
        kit_write(&kit, STOA__INGEST_APPEND, "k", "a u", "{\"a\":\"x\"}\n{\"a\":\"y\"}"));
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM k"), "1|x\n2|y\n");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "g", "a l;c l",
                        "{\"a\":1,\"c\":1}\n{\"a\":2,\"c\":null}"),
              STOA_ERR_CONSTRAINT);
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM g"), "0\n");
    kit_close(&kit);
}

static void replace_and_create_append_make_what_is_not_there(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", "a l", "{\"a\":1}"));
    kit_run(&kit, "CREATE INDEX i ON t(a)");
    KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", "b u", "{\"b\":\"x\"}"));
    CHECK_TEXT(kit_text(&kit, "SELECT name, sql FROM sqlite_schema"),
               "t|CREATE TABLE \"t\"(\"b\" TEXT)\n");
    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE_APPEND, "t", "b u", "{\"b\":\"y\"}"));
    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE_APPEND, "n", "b u", "{\"b\":\"z\"}"));
    CHECK_TEXT(kit_text(&kit, "SELECT b FROM t UNION ALL SELECT b FROM n"), "x\ny\nz\n");
    kit_close(&kit);
}

static void a_source_without_rows_still_makes_its_table(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "a l", ""), STOA_ERR_NOT_FOUND);
    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE, "t", "a l;b *u", ""));
    CHECK_TEXT(kit_text(&kit, "SELECT name, type FROM pragma_table_info('t')"),
               "a|INTEGER\nb|TEXT\n");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", "a l", ""));
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "a u", ""), STOA_ERR_TYPE);
    CHECK_INT(sqlite3_total_changes64(kit.db), 1); /* The row about the dictionary. */
    kit_close(&kit);
}

static void keys_become_the_primary_key(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *source = kit_source("ID i;b u", "{\"ID\":5,\"b\":\"x\"}");

    config.keys = " id ";
    KIT_OK(kit_append(&kit, &config, "one", source, NULL));
    kit_source_free(source);
    config.keys = "b, a";
    source = kit_source("a u;b tsu:UTC", "{\"a\":\"x\",\"b\":\"2024-01-02T00:00:00Z\"}");
    config.index = "a; b,a ;";
    KIT_OK(kit_append(&kit, &config, "two", source, NULL));
    config.index = "";
    config.keys = "nobody";
    KIT_FAILS(kit_append(&kit, &config, "three", source, NULL), STOA_ERR_NOT_FOUND);
    config.keys = "a,,b";
    KIT_FAILS(kit_append(&kit, &config, "three", source, NULL), STOA_ERR_INVALID);
    kit_source_free(source);
    CHECK_TEXT(kit_text(&kit, "SELECT name, sql FROM sqlite_schema WHERE tbl_name IN "
                              "('one', 'two') AND sql IS NOT NULL"),
               "one|CREATE TABLE \"one\"(\"ID\" INTEGER PRIMARY KEY, \"b\" TEXT)\n"
               "two|CREATE TABLE \"two\"(\"a\" TEXT NOT NULL, \"b\" INTEGER TIMESTAMP_US "
               "\"UTC\" NOT NULL, PRIMARY KEY(\"b\",\"a\"))\n"
               "two_a|CREATE INDEX \"two_a\" ON \"two\"(\"a\")\n"
               "two_b_a|CREATE INDEX \"two_b_a\" ON \"two\"(\"b\",\"a\")\n");
    /* The width of the integer key is not in its declared type. */
    CHECK_TEXT(kit_text(&kit, "SELECT tbl, col, format FROM stoa_column_type"),
               "one|ID|i\n");
    kit_close(&kit);
}

/* ---- upsert ---- */

static stoa_table_done upsert(struct kit *kit, const char *table, const char *keys,
                              const char *columns, const char *rows)
{
    struct stoa__ingest_config config = kit_config(STOA__INGEST_UPSERT);
    struct kit_source *source = kit_source(columns, rows);
    stoa_table_done done;

    config.keys = keys;
    kit_status(kit_append(kit, &config, table, source, &done), STOA_OK, &kit->err,
               __FILE__, __LINE__);
    kit_source_free(source);
    return done;
}

static void upsert_replaces_rows_of_the_same_key(void)
{
    struct kit kit = kit_open(":memory:", "");
    stoa_table_done done;

    kit_run(&kit, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, keep TEXT);"
                  "INSERT INTO t VALUES(1, 'old', 'k1'), (2, 'old', 'k2')");
    done = upsert(&kit, "t", "id", "id l;a u",
                  "{\"id\":2,\"a\":\"x\"}\n{\"id\":3,\"a\":\"y\"}\n\n"
                  "{\"id\":3,\"a\":\"z\"}\n{\"id\":4,\"a\":\"w\"}");
    CHECK_INT(done.written, 2);
    CHECK_INT(done.replaced, 2);
    CHECK_INT(done.dropped, 0);
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t"),
               "1|old|k1\n2|x|k2\n3|z|NULL\n4|w|NULL\n");
    done = upsert(&kit, "t", "ID", "id l;a u",
                  "{\"id\":1,\"a\":\"n\"}\n{\"id\":9,\"a\":\"m\"}");
    CHECK_INT(done.written, 1);
    CHECK_INT(done.replaced, 1);
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t WHERE id IN (1, 9)"),
               "1|n|k1\n9|m|NULL\n");
    kit_close(&kit);
}

static void upsert_by_several_keys(void)
{
    struct kit kit = kit_open(":memory:", "");
    stoa_table_done done;

    kit_run(&kit,
            "CREATE TABLE t(a TEXT, b INTEGER, v REAL, PRIMARY KEY(a, b)) WITHOUT ROWID;"
            "CREATE TABLE k(a TEXT, b INTEGER, UNIQUE(a, b))");
    for (int i = 0; i < 2; i++)
        done = upsert(&kit, "t", "b,a", "a u;b l;v g",
                      "{\"a\":\"x\",\"b\":1,\"v\":1}\n{\"a\":\"x\",\"b\":2,\"v\":2}\n"
                      "{\"a\":\"y\",\"b\":1,\"v\":3}\n{\"a\":\"x\",\"b\":1,\"v\":4}");
    CHECK_INT(done.written, 0);
    CHECK_INT(done.replaced, 4);
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t"), "x|1|4.0\nx|2|2.0\ny|1|3.0\n");
    done = upsert(&kit, "k", "a,b", "a u;b l",
                  "{\"a\":\"x\",\"b\":1}\n{\"a\":\"x\",\"b\":1}\n{\"a\":\"z\",\"b\":1}");
    CHECK_INT(done.written, 2);
    CHECK_INT(done.replaced, 1);
    kit_close(&kit);
}

static void upsert_without_its_key_says_so(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_UPSERT);
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    void *ingest;

    KIT_FAILS(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err),
              STOA_ERR_INVALID);
    CHECK(ingest == NULL);
    kit_run(&kit, "CREATE TABLE t(a INTEGER)");
    config.keys = "a";
    KIT_FAILS(kit_append(&kit, &config, "t", source, NULL), STOA_ERR_CONSTRAINT);
    CHECK_HAS(kit.err.text, "no PRIMARY KEY or UNIQUE constraint");
    config.keys = "zz";
    KIT_FAILS(kit_append(&kit, &config, "t", source, NULL), STOA_ERR_NOT_FOUND);
    CHECK_HAS(kit.err.text, "keys: the rows have no column 'zz'");
    config.dedup = STOA_DEDUP_DROP;
    KIT_FAILS(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err),
              STOA_ERR_INVALID);
    kit_source_free(source);
    kit_close(&kit);
}

/* ---- transactions ---- */

static void an_append_is_part_of_the_callers_transaction(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    void *ingest;
    int32_t level;

    kit_run(&kit, "CREATE TABLE t(a INTEGER)");
    KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_WRITE, &kit.err));
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(level, STOA_ACK_ACCEPTED);
    CHECK_INT(sqlite_transaction(kit.session), STOA_TRANSACTION_WRITE);
    KIT_OK(sqlite_rollback(kit.session, &kit.err));
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "0\n");
    source->at = 0;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(level, STOA_ACK_DURABLE); /* Memory: nothing more can be done. */
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "1\n");
    sqlite_ingest_close(ingest);
    kit_source_free(source);
    kit_close(&kit);
}

static void unit_finish_is_one_transaction(void)
{
    struct kit kit = kit_open_file("a.db", "journal=wal");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    struct sqlite_session *other = kit_session(kit.instance);
    struct kit look = {.session = other, .db = other->db};
    void *ingest;
    int32_t level;

    config.unit = 1;
    config.in_caller_transaction = false;
    for (int pass = 0; pass < 2; pass++) {
        KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
        for (int i = 0; i < 3; i++) {
            source->at = 0;
            KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
            CHECK_INT(level, STOA_ACK_ACCEPTED);
        }
        /* A failure takes its own rows back, and no others. */
        source->at = 0;
        source->fails_at = 1;
        source->base.row_count = -1;
        KIT_FAILS(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err),
                  STOA_ERR_CALLBACK);
        source->fails_at = -1;
        source->base.row_count = 1;
        CHECK_HAS(kit_text(&look, "SELECT * FROM t"), "no such table");
        if (pass == 1)
            KIT_OK(sqlite_ingest_commit(ingest, NULL, &kit.err));
        sqlite_ingest_close(ingest);
        CHECK_INT(sqlite_transaction(kit.session), STOA_TRANSACTION_NONE);
        CHECK(!kit.session->holds_gate);
        if (pass == 0)
            CHECK_HAS(kit_text(&kit, "SELECT * FROM t"), "no such table");
    }
    CHECK_TEXT(kit_text(&look, "SELECT count(*) FROM t"), "3\n");
    sqlite_session_close(other);
    kit_source_free(source);
    kit_close(&kit);
}

static const char *synchronous(struct kit *kit)
{
    return kit_text(kit, "PRAGMA synchronous");
}

static void committed_and_durable_are_two_moments_in_wal_mode(void)
{
    struct kit kit = kit_open_file("a.db", "journal=wal");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE_APPEND);
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    static const struct {
        bool in_caller;
        int32_t ack, level;
        const char *synchronous;
    } cases[] = {
        {false, STOA_ACK_COMMITTED, STOA_ACK_COMMITTED, "1\n"},
        {false, STOA_ACK_DURABLE, STOA_ACK_DURABLE, "2\n"},
        {true, STOA_ACK_COMMITTED, STOA_ACK_DURABLE, "2\n"},
    };
    int32_t level;
    void *ingest;

    for (size_t i = 0; i < 3; i++) {
        config.in_caller_transaction = cases[i].in_caller;
        config.ack = cases[i].ack;
        KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
        CHECK_TEXT(synchronous(&kit), cases[i].synchronous);
        source->at = 0;
        KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
        CHECK_INT(level, cases[i].level);
        KIT_OK(sqlite_ingest_sync(ingest, NULL, &kit.err));
        sqlite_ingest_close(ingest);
        CHECK_TEXT(synchronous(&kit), "2\n");
    }
    kit_source_free(source);
    kit_close(&kit);
}

static void a_rollback_journal_keeps_its_settings(void)
{
    struct kit kit = kit_open_file("a.db", "journal=keep");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE_APPEND);
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    void *ingest;
    int32_t level;

    kit_run(&kit, "PRAGMA journal_mode=delete");
    config.in_caller_transaction = false;
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    CHECK_TEXT(synchronous(&kit), "2\n");
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(level, STOA_ACK_COMMITTED); /* At FULL; see ingest_durable.h. */
    KIT_OK(sqlite_ingest_sync(ingest, NULL, &kit.err));
    sqlite_ingest_close(ingest);
    config.in_caller_transaction = true;
    kit_run(&kit, "PRAGMA synchronous=extra");
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    source->at = 0;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(level, STOA_ACK_DURABLE);
    sqlite_ingest_close(ingest);
    kit_run(&kit, "PRAGMA synchronous=off");
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    source->at = 0;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(level, STOA_ACK_COMMITTED);
    sqlite_ingest_close(ingest);
    kit_source_free(source);
    kit_close(&kit);
}

/* ---- modes that apply once ---- */

static void modes_apply_with_the_first_append(void)
{
    static const int32_t modes[] = {STOA__INGEST_CREATE, STOA__INGEST_REPLACE,
                                    STOA__INGEST_CREATE_APPEND, STOA__INGEST_APPEND};
    struct kit kit = kit_open(":memory:", "");
    struct kit_source *source = kit_source("a l", "{\"a\":1}");
    void *ingest;
    int32_t level;

    for (size_t m = 0; m < 4; m++) {
        struct stoa__ingest_config config = kit_config(modes[m]);
        struct stoa__ingest_part part = {
            .table = "t", .source = &source->base, .index_column = -1};

        config.truncate = true;
        kit_run(&kit, "DROP TABLE IF EXISTS t");
        if (modes[m] != STOA__INGEST_CREATE)
            kit_run(&kit, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(8), (9)");
        KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
        for (int i = 0; i < 3; i++) {
            source->at = 0;
            KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
            CHECK_INT(part.done.written, 1);
            CHECK_INT(part.done.deleted, i == 0 && modes[m] >= STOA__INGEST_CREATE_APPEND
                                             ? 2
                                         : i == 0 && modes[m] == STOA__INGEST_APPEND ? 2
                                                                                     : 0);
        }
        sqlite_ingest_close(ingest);
        CHECK_TEXT(kit_text(&kit, "SELECT a FROM t"), "1\n1\n1\n");
    }
    kit_source_free(source);
    kit_close(&kit);
}

static void several_tables_are_one_append(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *a = kit_source("x l", "{\"x\":1}\n{\"x\":2}");
    struct kit_source *b = kit_source("y u", "{\"y\":\"p\"}");
    struct kit_source *c =
        kit_source("x l", "{\"x\":3}\n{\"x\":4}\n{\"x\":5}\n{\"x\":6}");
    struct stoa__ingest_part parts[] = {
        {.table = "a", .source = &a->base, .config = &config, .index_column = -1},
        {.table = "b", .source = &b->base, .config = &config, .index_column = -1},
        {.table = "A", .source = &c->base, .config = &config, .index_column = -1},
    };
    void *ingest;
    int32_t level;

    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    b->fails_at = 0;
    KIT_FAILS(sqlite_ingest_append(ingest, NULL, parts, 3, &level, &kit.err),
              STOA_ERR_CALLBACK);
    b->fails_at = 1;
    b->base.row_count = -1;
    a->at = 0;
    KIT_FAILS(sqlite_ingest_append(ingest, NULL, parts, 3, &level, &kit.err),
              STOA_ERR_CALLBACK);
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM sqlite_schema"), "0\n");
    CHECK_INT(parts[0].done.written, 0);
    b->fails_at = -1;
    a->at = b->at = c->at = 0;
    KIT_OK(sqlite_ingest_append(ingest, NULL, parts, 3, &level, &kit.err));
    CHECK_INT(parts[0].done.written, 2);
    CHECK_INT(parts[1].done.written, 1);
    CHECK_INT(parts[2].done.written, 4);
    CHECK_TEXT(kit_text(&kit, "SELECT x FROM a"), "1\n2\n3\n4\n5\n6\n");
    sqlite_ingest_close(ingest);
    kit_source_free(a);
    kit_source_free(b);
    kit_source_free(c);
    kit_close(&kit);
}

static void create_widens_a_table(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *a = kit_source("id l;tags +l", "{\"id\":1,\"tags\":[1,2]}");
    struct kit_source *b =
        kit_source("ID l;at tsu:UTC;more +l",
                   "{\"ID\":2,\"at\":\"1970-01-01T00:00:01Z\",\"more\":[3]}");
    struct stoa__ingest_part part = {.table = "t",
                                     .source = &a->base,
                                     .config = &config,
                                     .index_column = -1,
                                     .create = true};
    void *ingest;
    int32_t level;

    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    part.source = &b->base;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    a->at = 0;
    part.source = &a->base;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t"),
               "1|[1,2]|NULL|NULL\n2|NULL|1000000|[3]\n1|[1,2]|NULL|NULL\n");
    CHECK_TEXT(kit_text(&kit, "SELECT col, format FROM stoa_column_type ORDER BY col"),
               "more|+l\ntags|+l\n");
    CHECK_TEXT(kit_text(&kit, "SELECT count(DISTINCT sql_hash) FROM stoa_column_type"),
               "1\n");
    sqlite_ingest_close(ingest);
    kit_source_free(a);
    kit_source_free(b);
    kit_close(&kit);
}

static void replace_needs_every_result_closed(void)
{
    struct kit kit = kit_open(":memory:", "");
    sqlite3_stmt *reader = NULL;

    kit_run(&kit, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2);"
                  "CREATE TABLE other(a INTEGER); INSERT INTO other VALUES(1), (2)");
    CHECK_INT(sqlite3_prepare_v2(kit.db, "SELECT * FROM other", -1, &reader, NULL),
              SQLITE_OK);
    CHECK_INT(sqlite3_step(reader), SQLITE_ROW);
    KIT_FAILS(kit_write(&kit, STOA__INGEST_REPLACE, "t", "b u", "{\"b\":\"x\"}"),
              STOA_ERR_BUSY);
    CHECK_HAS(kit.err.text, "'t'");
    CHECK_TEXT(kit_text(&kit, "SELECT a FROM t"), "1\n2\n");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", "a l", "{\"a\":3}"));
    CHECK_INT(sqlite3_step(reader), SQLITE_ROW);
    sqlite3_finalize(reader);
    KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", "b u", "{\"b\":\"x\"}"));
    kit_close(&kit);
}

/* ---- what is remembered ---- */

static void a_plan_does_not_outlive_the_schema(void)
{
    struct kit kit = kit_open_file("a.db", "journal=wal");
    struct sqlite_session *other = kit_session(kit.instance);
    struct kit elsewhere = {.session = other, .db = other->db};
    const char *const columns = "d d:10,2", *const row = "{\"d\":\"1.50\"}";

    kit_run(&kit, "CREATE TABLE t(d TEXT DECIMAL(10,2))");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    /* Somebody else's change ... */
    kit_run(&elsewhere, "DROP TABLE t; CREATE TABLE t(d INTEGER DECIMAL(10,2))");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    CHECK_TEXT(kit_text(&kit, "SELECT d, typeof(d) FROM t"), "150|integer\n");
    /* ... our own, in a transaction, and taken back. */
    kit_run(&kit, "BEGIN; DROP TABLE t; CREATE TABLE t(d TEXT DECIMAL(10,2))");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    CHECK_TEXT(kit_text(&kit, "SELECT d, typeof(d) FROM t"), "1.50|text\n");
    kit_run(&kit, "ROLLBACK");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    kit_run(&kit,
            "BEGIN; SAVEPOINT s; DROP TABLE t; CREATE TABLE t(d TEXT DECIMAL(10,2))");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    kit_run(&kit, "ROLLBACK TO s");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", columns, row));
    kit_run(&kit, "COMMIT");
    CHECK_TEXT(kit_text(&kit, "SELECT d, typeof(d) FROM t"),
               "150|integer\n150|integer\n150|integer\n");
    sqlite_session_close(other);
    kit_close(&kit);
}

static void more_tables_than_plans(void)
{
    struct kit kit = kit_open(":memory:", "");
    char name[16];

    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < 40; i++) {
            (void)snprintf(name, sizeof(name), "t%d", i);
            KIT_OK(kit_write(&kit, STOA__INGEST_CREATE_APPEND, name, "a l;b u",
                             "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n"
                             "{\"a\":3,\"b\":\"z\"}\n{\"a\":4,\"b\":\"w\"}"));
            KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, name, "a l", "{\"a\":5}"));
        }
    CHECK_TEXT(kit_text(&kit, "SELECT count(*), sum(a), count(b) FROM t17"),
               "15|45|12\n");
    kit_close(&kit);
}

static void an_attached_database_and_temp_are_written_to(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *source = kit_source("a l;b +l", "{\"a\":1,\"b\":[1]}");
    static const char *const databases[] = {"temp", "far \"away\"", "main"};
    void *ingest;

    kit_run(&kit, "ATTACH ':memory:' AS \"far \"\"away\"\"\"");
    for (size_t i = 0; i < 3; i++) {
        config.database = databases[i];
        config.index = "a";
        source->at = 0;
        KIT_OK(kit_append(&kit, &config, "it's \"t\"", source, NULL));
    }
    CHECK_TEXT(kit_text(&kit,
                        "SELECT * FROM temp.\"it's \"\"t\"\"\" UNION ALL "
                        "SELECT * FROM \"far \"\"away\"\"\".\"it's \"\"t\"\"\" UNION ALL "
                        "SELECT * FROM main.\"it's \"\"t\"\"\""),
               "1|[1]\n1|[1]\n1|[1]\n");
    config.database = "nowhere";
    KIT_FAILS(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(kit.err.text, "nowhere");
    kit_source_free(source);
    kit_close(&kit);
}

static void triggers_and_conflict_clauses_may_drop_rows(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source =
        kit_source("a l", "{\"a\":1}\n{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":-1}");
    stoa_table_done done;

    kit_run(&kit, "CREATE TABLE t(a INTEGER UNIQUE ON CONFLICT IGNORE)");
    KIT_OK(kit_append(&kit, &config, "t", source, &done));
    CHECK_INT(done.written, 4);
    CHECK_INT(done.dropped, 1);
    kit_run(&kit, "CREATE TABLE s(a INTEGER);"
                  "CREATE TRIGGER g BEFORE INSERT ON s WHEN new.a < 0 BEGIN "
                  "SELECT raise(IGNORE); END");
    source->at = 0;
    KIT_OK(kit_append(&kit, &config, "s", source, &done));
    CHECK_INT(done.written, 4);
    CHECK_INT(done.dropped, 1);
    kit_source_free(source);
    kit_close(&kit);
}

static void a_read_only_transaction_refuses(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE TABLE t(a INTEGER)");
    KIT_OK(sqlite_begin(kit.session, NULL, STOA_BEGIN_READ, &kit.err));
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "a l", "{\"a\":1}"),
              STOA_ERR_READ_ONLY);
    KIT_OK(sqlite_rollback(kit.session, &kit.err));
    kit_close(&kit);
}

/* How many rows an upsert by text replaced, of those it wrote twice. */
static int64_t upsert_into_unique(struct kit *kit, const char *rows)
{
    stoa_table_done done;

    kit_run(kit, "CREATE TABLE u(k INTEGER, t TEXT UNIQUE)");
    done = upsert(kit, "u", "t", "k l;t u", rows);
    CHECK_INT(done.written, 5);
    done = upsert(kit, "u", "t", "t u;k l",
                  "{\"t\":\"a\\u0000b\",\"k\":9}\n"
                  "{\"t\":\"\",\"k\":9}\n{\"t\":\"a\",\"k\":9}");
    return done.replaced;
}

static void a_file_in_utf16_and_texts_with_nul(void)
{
    static const char *const encodings[] = {"UTF-8", "UTF-16le", "UTF-16be"};
    const char *const rows =
        "{\"k\":1,\"t\":\"a\\u0000b\"}\n{\"k\":2,\"t\":\"\xc3\xa9\xf0\x9f\x98\x80\"}\n"
        "{\"k\":3,\"t\":\"\"}\n{\"k\":4,\"t\":\"x\"}\n{\"k\":4,\"t\":\"y\"}";

    for (size_t i = 0; i < 3; i++) {
        struct kit kit = kit_open_file("a.db", "journal=keep");
        char sql[64];

        (void)snprintf(sql, sizeof(sql), "PRAGMA encoding='%s'", encodings[i]);
        kit_run(&kit, sql);
        KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", "k l;t u", rows));
        CHECK_INT(upsert_into_unique(&kit, rows), 2);
        CHECK_TEXT(kit_text(&kit, "SELECT k, hex(CAST(t AS BLOB)) = hex(t), length(t), "
                                  "unicode(t) FROM t ORDER BY k, t"),
                   "1|1|1|97\n2|1|2|233\n3|1|0|NULL\n4|1|1|120\n4|1|1|121\n");
        kit_run(&kit, "DROP TABLE t; DROP TABLE u");
        kit_close(&kit);
    }
}

static void a_full_text_index_takes_rows(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE VIRTUAL TABLE f USING fts5(title, body)");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "f", "body u;title u",
                     "{\"body\":\"a quick fox\",\"title\":\"one\"}\n"
                     "{\"body\":\"a lazy dog\",\"title\":\"two\"}\n"
                     "{\"body\":\"nothing\",\"title\":\"three\"}\n"
                     "{\"body\":\"fox and dog\",\"title\":\"four\"}"));
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "f", "body u", "{\"body\":\"fox\"}"));
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM f WHERE f MATCH 'fox'"), "3\n");
    kit_close(&kit);
}

static void columns_have_a_most(void)
{
    struct kit kit = kit_open(":memory:", "");
    const int most = sqlite3_limit(kit.db, SQLITE_LIMIT_COLUMN, 100);

    CHECK(most >= 100);
    for (int count = 100; count <= 101; count++) {
        stoa__buffer columns = {0};
        stoa_status rc;

        for (int i = 0; i < count; i++)
            (void)stoa__buffer_format(&columns, "%sc%d l", i > 0 ? ";" : "", i);
        CHECK_INT(stoa__buffer_terminate(&columns), STOA_OK);
        rc = kit_write(&kit, STOA__INGEST_REPLACE, "t", (const char *)columns.data,
                       "{\"c7\":1}\n{\"c7\":1}\n{\"c7\":1}\n{\"c7\":1}");
        CHECK_INT(rc, count == 100 ? STOA_OK : STOA_ERR_INVALID);
        stoa__buffer_release(&columns);
    }
    CHECK_HAS(kit.err.text, "101 columns");
    CHECK_TEXT(kit_text(&kit, "SELECT sum(c7) FROM t"), "4\n");
    kit_close(&kit);
}

TEST_MAIN({"create makes the table and writes it", create_makes_the_table_and_writes_it},
          {"append finds columns by name", append_finds_columns_by_name},
          {"what cannot be written is named", what_cannot_be_written_is_named},
          {"replace and create_append make what is not there",
           replace_and_create_append_make_what_is_not_there},
          {"a source without rows still makes its table",
           a_source_without_rows_still_makes_its_table},
          {"keys become the primary key", keys_become_the_primary_key},
          {"upsert replaces rows of the same key", upsert_replaces_rows_of_the_same_key},
          {"upsert by several keys", upsert_by_several_keys},
          {"upsert without its key says so", upsert_without_its_key_says_so},
          {"an append is part of the caller's transaction",
           an_append_is_part_of_the_callers_transaction},
          {"unit=finish is one transaction", unit_finish_is_one_transaction},
          {"committed and durable are two moments in WAL mode",
           committed_and_durable_are_two_moments_in_wal_mode},
          {"a rollback journal keeps its settings",
           a_rollback_journal_keeps_its_settings},
          {"modes apply with the first append", modes_apply_with_the_first_append},
          {"several tables are one append", several_tables_are_one_append},
          {"create widens a table", create_widens_a_table},
          {"replace needs every result closed", replace_needs_every_result_closed},
          {"a plan does not outlive the schema", a_plan_does_not_outlive_the_schema},
          {"more tables than plans", more_tables_than_plans},
          {"an attached database and temp are written to",
           an_attached_database_and_temp_are_written_to},
          {"triggers and conflict clauses may drop rows",
           triggers_and_conflict_clauses_may_drop_rows},
          {"a read-only transaction refuses", a_read_only_transaction_refuses},
          {"a file in UTF-16, and texts with NUL", a_file_in_utf16_and_texts_with_nul},
          {"a full-text index takes rows", a_full_text_index_takes_rows},
          {"columns have a most", columns_have_a_most})
