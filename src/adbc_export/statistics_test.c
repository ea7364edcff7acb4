/* SPDX-License-Identifier: Apache-2.0 */
/* GetStatistics: what ANALYZE left, and what counting finds. */
#include "adbc_export/driver_kit.h"

#include "arrow/cell.h"
#include "arrow/stream.h"
#include "base/mem.h"

#define ONE(table, value, rough) \
    "{\"table_name\":\"" table "\",\"column_name\":null,\"statistic_key\":6," \
    "\"statistic_value\":" value ",\"statistic_is_approximate\":" rough "}"
#define CATALOG(name, statistics) \
    "{\"catalog_name\":\"" name "\",\"catalog_db_schemas\":[{\"db_schema_name\":\"\"," \
    "\"db_schema_statistics\":[" statistics "]}]}\n"

static char told[4096];

/* The answer as JSON, a catalog a line. */
static const char *ask(struct kit *kit, const char *catalog, const char *table, char approximate)
{
    struct AdbcError error = fresh();
    struct ArrowArrayStream stream;
    struct stoa__stream_in in;
    struct ArrowArray batch;
    stoa__buffer text = {0};
    stoa_error err;

    check_ok(driver.ConnectionGetStatistics(&kit->connection, catalog, NULL, table, approximate,
                                            &stream, &error),
             &error);
    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_FULL, &err), STOA_OK);
    while (stoa__stream_in_next(&in, &batch, &err) == STOA_OK) {
        for (int64_t row = 0; row < batch.length; row++) {
            struct stoa__cell cell;

            stoa__cell_at(in.type, &batch, row, &cell);
            CHECK_INT(stoa__cell_json(&cell, &text, &err), STOA_OK);
            CHECK_INT(stoa__buffer_append_text(&text, "\n"), STOA_OK);
        }
        batch.release(&batch);
    }
    stoa__stream_in_release(&in);
    CHECK(text.size < sizeof(told));
    (void)snprintf(told, sizeof(told), "%.*s", (int)text.size,
                   text.size > 0 ? (const char *)text.data : "");
    stoa__buffer_release(&text);
    return told;
}

static void fill(struct kit *kit)
{
    update(kit, "CREATE TABLE t(a INTEGER, b TEXT)");
    update(kit, "CREATE INDEX some ON t(a) WHERE a > 2");
    update(kit, "CREATE INDEX t_b ON t(b)");
    update(kit, "CREATE TABLE \"it's \"\"one\"(a INTEGER)");
    update(kit, "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')");
    update(kit, "CREATE VIEW v AS SELECT * FROM t");
}

static void exact_ones_are_counted(void)
{
    struct kit kit = open_kit();

    fill(&kit);
    CHECK_TEXT(ask(&kit, "main", "t", 0), CATALOG("main", ONE("t", "{\"t\":0,\"v\":3}", "false")));
    CHECK_TEXT(ask(&kit, "main", "it%", 0),
               CATALOG("main", ONE("it's \\\"one", "{\"t\":0,\"v\":0}", "false")));
    CHECK_TEXT(ask(&kit, "main", "v", 0), CATALOG("main", "")); /* A view has no rows of its own. */
    CHECK_TEXT(ask(&kit, "nothing", NULL, 0), "");
    close_kit(&kit);
}

static void approximate_ones_are_those_of_the_last_analysis(void)
{
    struct kit kit = open_kit();

    fill(&kit);
    CHECK_TEXT(ask(&kit, "main", NULL, 1), CATALOG("main", "")); /* Nothing was gathered. */
    update(&kit, "ANALYZE");
    update(&kit, "INSERT INTO t SELECT a + 10, b FROM t");
    CHECK_TEXT(ask(&kit, "main", "t", 1),
               CATALOG("main", ONE("t", "{\"t\":2,\"v\":3.0}", "true")));
    CHECK_TEXT(ask(&kit, "main", "t", 0), CATALOG("main", ONE("t", "{\"t\":0,\"v\":6}", "false")));
    close_kit(&kit);
}

static void each_attached_database_is_a_catalog(void)
{
    struct kit kit = open_kit();

    fill(&kit);
    update(&kit, "ATTACH ':memory:' AS other");
    update(&kit, "CREATE TABLE other.t AS SELECT 1 AS a");
    CHECK_TEXT(ask(&kit, NULL, "t", 0),
               CATALOG("main", ONE("t", "{\"t\":0,\"v\":3}", "false"))
                   CATALOG("other", ONE("t", "{\"t\":0,\"v\":1}", "false")));
    close_kit(&kit);
}

static void memory_may_be_out(void)
{
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;

    fill(&kit);
    for (int64_t nth = 0;; nth++) {
        struct AdbcError error = fresh();

        stoa__mem_fail_nth = nth;
        const AdbcStatusCode status = driver.ConnectionGetStatistics(
            &kit.connection, NULL, NULL, NULL, 0, &stream, &error);
        const bool injected = stoa__mem_fail_nth < 0;

        stoa__mem_fail_nth = -1;
        drop(&error);
        if (status == ADBC_STATUS_OK)
            stream.release(&stream);
        else
            CHECK(!stream.release);
        if (!injected)
            break;
    }
    CHECK_HAS(ask(&kit, "main", "t", 0), "\"v\":3");
    close_kit(&kit);
    check_no_objects();
}

TEST_MAIN({"exact ones are counted", exact_ones_are_counted},
          {"approximate ones are those of the last analysis",
           approximate_ones_are_those_of_the_last_analysis},
          {"each attached database is a catalog", each_attached_database_is_a_catalog},
          {"memory may be out", memory_may_be_out})
