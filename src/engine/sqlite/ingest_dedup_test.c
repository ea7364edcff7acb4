/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"

static stoa_table_done dedup(struct kit *kit, int32_t how, const char *by,
                             const char *columns, const char *rows)
{
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source = kit_source(columns, rows);
    stoa_table_done done;

    config.dedup = how;
    config.dedup_columns = by;
    kit_status(kit_append(kit, &config, "t", source, &done), STOA_OK, &kit->err, __FILE__,
               __LINE__);
    kit_source_free(source);
    CHECK_TEXT(kit_text(kit, "SELECT count(*) FROM temp.sqlite_schema"), "0\n");
    return done;
}

static void check_done(stoa_table_done done, int64_t written, int64_t dropped,
                       int64_t replaced)
{
    CHECK_INT(done.written, written);
    CHECK_INT(done.dropped, dropped);
    CHECK_INT(done.replaced, replaced);
    CHECK_INT(done.deleted, 0);
}

static const char five_rows[] =
    "{\"a\":1,\"b\":\"x\",\"v\":10}\n{\"a\":2,\"b\":null,\"v\":20}\n"
    "{\"a\":1,\"b\":\"x\",\"v\":30}\n\n"
    "{\"a\":3,\"b\":\"z\",\"v\":40}\n{\"a\":2,\"b\":null,\"v\":50}";

/* With no index, with one, and in a table without row ids. */
static const char *const tables[] = {
    "CREATE TABLE t(a INTEGER, b TEXT, v REAL)",
    "CREATE TABLE t(a INTEGER, b TEXT, v REAL); CREATE INDEX i ON t(b, a)",
    "CREATE TABLE t(a INTEGER, b TEXT, v REAL, n INTEGER PRIMARY KEY)",
};

static void drop_keeps_the_first(void)
{
    for (size_t i = 0; i < 3; i++) {
        struct kit kit = kit_open(":memory:", "");

        kit_run(&kit, tables[i]);
        kit_run(&kit, "INSERT INTO t(a, b, v) VALUES(3, 'z', 1), (4, NULL, 2)");
        check_done(dedup(&kit, STOA_DEDUP_DROP, "A, b", "a l;b u;v g", five_rows), 2, 3,
                   0);
        CHECK_TEXT(kit_text(&kit, "SELECT a, b, v FROM t"),
                   "3|z|1.0\n4|NULL|2.0\n1|x|10.0\n2|NULL|20.0\n");
        /* Once more leaves the count. */
        check_done(dedup(&kit, STOA_DEDUP_DROP, "a,b", "a l;b u;v g", five_rows), 0, 5,
                   0);
        kit_close(&kit);
    }
}

static void upsert_keeps_the_last(void)
{
    for (size_t i = 0; i < 3; i++) {
        struct kit kit = kit_open(":memory:", "");

        kit_run(&kit, tables[i]);
        kit_run(&kit,
                "INSERT INTO t(a, b, v) VALUES(3, 'z', 1), (4, NULL, 2), (3, 'z', 3)");
        check_done(dedup(&kit, STOA_DEDUP_UPSERT, "a,b", "a l;b u;v g", five_rows), 2, 0,
                   3);
        CHECK_TEXT(kit_text(&kit, "SELECT a, b, v FROM t ORDER BY a"),
                   "1|x|30.0\n2|NULL|50.0\n3|z|40.0\n4|NULL|2.0\n");
        check_done(dedup(&kit, STOA_DEDUP_UPSERT, "a,b", "a l;b u;v g", five_rows), 0, 0,
                   5);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "4\n");
        kit_close(&kit);
    }
}

static void without_row_ids_too(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE TABLE t(v REAL PRIMARY KEY, a INTEGER, b TEXT) WITHOUT ROWID;"
                  "INSERT INTO t VALUES(1, 3, 'z'), (2, 4, NULL)");
    check_done(dedup(&kit, STOA_DEDUP_UPSERT, "a,b", "a l;b u;v g", five_rows), 2, 0, 3);
    CHECK_TEXT(kit_text(&kit, "SELECT v, a FROM t"), "2.0|4\n30.0|1\n40.0|3\n50.0|2\n");
    check_done(dedup(&kit, STOA_DEDUP_DROP, "v", "a l;b u;v g", five_rows), 2, 3, 0);
    kit_close(&kit);
}

static void all_columns_where_none_are_named(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE TABLE t(a INTEGER, x REAL, rowid TEXT)");
    check_done(
        dedup(&kit, STOA_DEDUP_DROP, "", "a l;x g",
              "{\"a\":1,\"x\":1}\n{\"a\":1,\"x\":1}\n{\"a\":1,\"x\":-0.0}\n"
              "{\"a\":1,\"x\":0.0}\n{\"a\":null,\"x\":null}\n{\"a\":null,\"x\":null}"),
        3, 3, 0);
    CHECK_TEXT(kit_text(&kit, "SELECT a, x FROM t"), "1|1.0\n1|0.0\nNULL|NULL\n");
    check_done(dedup(&kit, STOA_DEDUP_DROP, "", "a l;x g", ""), 0, 0, 0);
    kit_close(&kit);
}

/* Values are compared as they are stored, whatever type they came as. */
static void stored_forms_are_compared(void)
{
    struct kit kit = kit_open(":memory:", "");

    kit_run(&kit, "CREATE TABLE t(d TEXT DECIMAL(10,2), at INTEGER TIMESTAMP_MS);"
                  "INSERT INTO t VALUES('1.50', 1000)");
    check_done(dedup(&kit, STOA_DEDUP_DROP, "",
                     "d d:5,1;at tss:", "{\"d\":\"1.5\",\"at\":\"1970-01-01T00:00:01\"}"),
               0, 1, 0);
    kit_close(&kit);
}

static void a_result_may_be_open_meanwhile(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source = kit_source("a l;b u;v g", five_rows);
    sqlite3_stmt *reader = NULL;
    stoa_table_done done;

    kit_run(&kit, tables[0]);
    kit_run(&kit, "INSERT INTO t VALUES(3, 'z', 1), (4, 'w', 1)");
    CHECK_INT(sqlite3_prepare_v2(kit.db, "SELECT * FROM t", -1, &reader, NULL),
              SQLITE_OK);
    CHECK_INT(sqlite3_step(reader), SQLITE_ROW);
    config.dedup = STOA_DEDUP_UPSERT;
    for (int i = 0; i < 3; i++) {
        source->at = 0;
        KIT_OK(kit_append(&kit, &config, "t", source, &done));
    }
    CHECK_INT(done.replaced, 5);
    sqlite3_finalize(reader);
    kit_source_free(source);
    kit_close(&kit);
}

static void columns_that_are_not_there_are_named(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source = kit_source("a l;b u;v g", five_rows);
    const int32_t wrong[] = {0, 3};
    struct stoa__ingest_part part = {.table = "t",
                                     .source = &source->base,
                                     .config = &config,
                                     .index_column = -1,
                                     .dedup_columns = wrong,
                                     .dedup_column_count = 2};
    void *ingest;
    int32_t level;

    kit_run(&kit, tables[0]);
    config.dedup = STOA_DEDUP_DROP;
    config.dedup_columns = "a,nobody";
    KIT_FAILS(kit_append(&kit, &config, "t", source, NULL), STOA_ERR_NOT_FOUND);
    CHECK_HAS(kit.err.text, "nobody");
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    source->at = 0;
    KIT_FAILS(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err),
              STOA_ERR_INVALID);
    part.dedup_column_count = 1;
    source->at = 0;
    KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
    CHECK_INT(part.done.written, 3);
    CHECK_INT(part.done.dropped, 2);
    sqlite_ingest_close(ingest);
    kit_run(
        &kit,
        "DROP TABLE t; CREATE TABLE t(a INTEGER, rowid TEXT, _rowid_ TEXT, oid TEXT)");
    kit_source_free(source);
    source = kit_source("a l", "{\"a\":1}");
    config.dedup_columns = "";
    KIT_FAILS(kit_append(&kit, &config, "t", source, NULL), STOA_ERR_UNSUPPORTED);
    kit_source_free(source);
    kit_close(&kit);
}

/* ---- against a model ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Rows (k, v) with few keys; the model is the list of them, done by hand. */
static void as_by_hand(void)
{
    uint64_t state = 88172645463325252;

    for (int round = 0; round < 60; round++) {
        struct kit kit = kit_open(":memory:", "");
        const bool upsert = round % 2 == 1;
        int64_t model[64], written = 0, same = 0;
        int32_t count = 0, v = 0;
        char rows[1024];

        kit_run(&kit, round % 4 < 2 ? "CREATE TABLE t(k INTEGER, v INTEGER)"
                                    : "CREATE TABLE t(k INTEGER, v INTEGER); "
                                      "CREATE INDEX i ON t(k)");
        memset(model, -1, sizeof(model));
        for (int push = 0; push < 3; push++) {
            const int n = (int)(next_random(&state) % 12);

            rows[0] = 0;
            written = same = 0;
            for (int i = 0; i < n; i++) {
                const int k = (int)(next_random(&state) % 8);
                char key[8] = "null";

                v++;
                if (k > 0)
                    (void)snprintf(key, sizeof(key), "%d", k);
                (void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows),
                               "%s{\"k\":%s,\"v\":%d}", i > 0 ? "\n" : "", key, v);
                written += model[k] < 0;
                same += model[k] >= 0;
                if (model[k] < 0 || upsert)
                    model[k] = v;
            }
            check_done(dedup(&kit, upsert ? STOA_DEDUP_UPSERT : STOA_DEDUP_DROP, "k",
                             "k l;v l", rows),
                       written, upsert ? 0 : same, upsert ? same : 0);
        }
        rows[0] = 0;
        for (int k = 0; k < 8; k++)
            if (model[k] >= 0) {
                count++;
                (void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows),
                               "%d|%d\n", k, (int)model[k]);
            }
        CHECK_TEXT(kit_text(&kit, "SELECT ifnull(k, 0), v FROM t ORDER BY 1"), rows);
        CHECK(count <= 8);
        kit_close(&kit);
    }
}

/* ---- truncation ---- */

static int64_t truncate_by(struct kit *kit, const char *columns, const char *rows,
                           const stoa_range *ranges, int64_t count, stoa_status right)
{
    struct stoa__ingest_config config = kit_config(STOA__INGEST_APPEND);
    struct kit_source *source = kit_source(columns, rows);
    struct stoa__ingest_part part = {.table = "t",
                                     .source = &source->base,
                                     .config = &config,
                                     .truncate = ranges,
                                     .truncate_count = count,
                                     .index_column = 0};
    void *ingest;
    int32_t level;

    kit_status(sqlite_ingest_open(kit->session, &config, &ingest, &kit->err), STOA_OK,
               &kit->err, __FILE__, __LINE__);
    kit_status(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit->err), right,
               &kit->err, __FILE__, __LINE__);
    sqlite_ingest_close(ingest);
    kit_source_free(source);
    return part.done.deleted;
}

static void ranges_are_half_open_and_exact(void)
{
    static const struct {
        const char *declared, *format;
        const char *rows; /* Ticks 0, 1, 2, 3 of the unit. */
        int64_t tick;
    } cases[] = {
        {"INTEGER TIMESTAMP_S", "at tss:", "(0),(1),(2),(3)", INT64_C(1000000000)},
        {"INTEGER TIMESTAMP_US", "at tsu:", "(0),(1),(2),(3)", 1000},
        {"INTEGER TIMESTAMP_NS \"UTC\"", "at tsn:UTC", "(0),(1),(2),(3)", 1},
        {"INTEGER DATE32", "at tdD", "(0),(1),(2),(3)", INT64_C(86400000000000)},
        {"INTEGER", "at l", "(0),(1),(2),(3)", 1},
        {"TEXT DATE32", "at tdD",
         "('1970-01-01'),('1970-01-02'),('1970-01-03'),('1970-01-04')",
         INT64_C(86400000000000)},
        {"TEXT TIMESTAMPTZ_MS", "at tsm:UTC",
         "('1970-01-01T00:00:00.000Z'),('1970-01-01T00:00:00.001Z'),"
         "('1970-01-01T00:00:00.002Z'),('1970-01-01T00:00:00.003Z')",
         1000000},
    };
    char sql[512];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct kit kit = kit_open(":memory:", "");
        const int64_t tick = cases[i].tick;
        const stoa_range one = {tick, 3 * tick};
        const stoa_range two[] = {{tick + 1, 2 * tick + 1}, {3 * tick, 3 * tick}};

        (void)snprintf(sql, sizeof(sql), "CREATE TABLE t(at %s); INSERT INTO t VALUES%s",
                       cases[i].declared, cases[i].rows);
        kit_run(&kit, sql);
        CHECK_INT(truncate_by(&kit, cases[i].format, "", &one, 1, STOA_OK), 2);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "2\n");
        kit_run(&kit, "DELETE FROM t");
        (void)snprintf(sql, sizeof(sql), "INSERT INTO t VALUES%s", cases[i].rows);
        kit_run(&kit, sql);
        /* (tick, 2 tick + 1) holds tick 2 alone; an empty range nothing. */
        CHECK_INT(truncate_by(&kit, cases[i].format, "", two, 2, STOA_OK), 1);
        CHECK_INT(truncate_by(&kit, cases[i].format, "",
                              &(stoa_range){INT64_MIN, INT64_MAX}, 1, STOA_OK),
                  3);
        kit_close(&kit);
    }
}

static void truncation_comes_before_the_rows(void)
{
    struct kit kit = kit_open(":memory:", "");
    const stoa_range range = {0, INT64_C(10000)};

    kit_run(&kit, "CREATE TABLE t(at INTEGER TIMESTAMP_US, v TEXT);"
                  "INSERT INTO t VALUES(5, 'old'), (50, 'old')");
    CHECK_INT(truncate_by(&kit, "at tsu:;v u",
                          "{\"at\":\"1970-01-01T00:00:00\",\"v\":\"n\"}", &range, 1,
                          STOA_OK),
              1);
    CHECK_TEXT(kit_text(&kit, "SELECT * FROM t ORDER BY at"), "0|n\n50|old\n");
    CHECK_INT(truncate_by(&kit, "at tsu:;v u", "", NULL, -1, STOA_OK), 2);
    CHECK_INT(truncate_by(&kit, "v u;at tsu:", "", &range, 1, STOA_ERR_TYPE), 0);
    CHECK_HAS(kit.err.text, "'v'");
    kit_close(&kit);
}

TEST_MAIN({"drop keeps the first", drop_keeps_the_first},
          {"upsert keeps the last", upsert_keeps_the_last},
          {"without row ids, too", without_row_ids_too},
          {"all columns where none are named", all_columns_where_none_are_named},
          {"stored forms are compared", stored_forms_are_compared},
          {"a result may be open meanwhile", a_result_may_be_open_meanwhile},
          {"columns that are not there are named", columns_that_are_not_there_are_named},
          {"as done by hand", as_by_hand},
          {"ranges are half open and exact", ranges_are_half_open_and_exact},
          {"truncation comes before the rows", truncation_comes_before_the_rows})
