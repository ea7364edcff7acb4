/* SPDX-License-Identifier: Apache-2.0 */
/* The last value at or before an instant. */
#include "base/mem.h"
#include "collection/read_kit.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

/* One series with a block dimension (READ_DATA's), and one without: `price`. */
static void open_sample(void)
{
    conn = kit_open(
        KIT_SCHEMA READ_DATA
        "CREATE TABLE Orchard_time_series_market (" KIT_PARENT ", date_time TEXT NOT NULL, "
        "price REAL, date_seen TEXT, PRIMARY KEY (id, date_time)) STRICT;"
        "INSERT INTO Orchard_time_series_market VALUES (1, '2024-01-01T00:00:00', 10, NULL), "
        "(1, '2024-01-02T00:00:00', NULL, '2024-02-01'), (1, '2024-01-03T00:00:00', 12, NULL), "
        "(-5, '2024-01-02T00:00:00', 20, NULL)",
        &db);
}

static void the_last_value_at_or_before_is_found(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_asof, "-5|NULL\n1|NULL\n3|NULL", .group = "market",
               .names = "price 2023-12-31T23:59:59");
    CHECK_READ(conn, try_asof, "-5|NULL\n1|10.0\n3|NULL", .group = "market",
               .names = "price 2024-01-01");
    CHECK_READ(conn, try_asof, "-5|20.0\n1|10.0\n3|NULL", .group = "market",
               .names = "price 2024-01-02T23:00:00Z");
    CHECK_READ(conn, try_asof, "-5|20.0\n1|12.0\n3|NULL", .group = "market",
               .names = "price 2024-01-03T01:00:00+01:00");
    CHECK_READ(conn, try_asof, "-5|20.0\n1|12.0\n3|NULL", .group = "market",
               .names = "price 9999-12-31");
    CHECK_READ(conn, try_asof, "-5|NULL\n1|2024-02-01T00:00:00Z\n3|NULL", .group = "market",
               .names = "date_seen 2024-01-09");
    CHECK_READ(conn, try_asof, "1|2024-02-01", .group = "market",
               .names = "date_seen 2024-01-09", .settings = "dates=text", .keys = "'Hill");
    kit_must(try_asof(conn, &(struct ask){.group = "market", .names = "price 2024-01-09"}, &result,
                      &err),
             &err, "read");
    check_schema(result, "l:id g?:price", __FILE__, __LINE__);
    stoa_result_close(result);
    app_run(conn, "DELETE FROM Orchard");
    CHECK_READ(conn, try_asof, "", .group = "market", .names = "price 2024-01-09");
    stoa_db_close(db);
}

static void keys_restrict_the_elements(void)
{
    open_sample();
    CHECK_READ(conn, try_asof, "1|12.0", .group = "market", .names = "price 2024-01-09",
               .keys = "1");
    CHECK_READ(conn, try_asof, "-5|20.0\n1|12.0", .group = "market", .names = "price 2024-01-09",
               .keys = "1 -5 1");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_NOT_FOUND,
                     "Element not found: 'None' in collection 'Orchard'", .group = "market",
                     .names = "price 2024-01-09", .keys = "'Hill 'None");
    stoa_db_close(db);
}

static void several_instants_are_asked_for_at_once(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_asof,
               "-5|2024-01-03T00:00:00Z|20.0\n-5|2024-01-01T00:00:00Z|NULL\n"
               "1|2024-01-03T00:00:00Z|12.0\n1|2024-01-01T00:00:00Z|10.0\n"
               "3|2024-01-03T00:00:00Z|NULL\n3|2024-01-01T00:00:00Z|NULL",
               .group = "market", .names = "price 2024-01-03 2024-01-01");
    kit_must(try_asof(conn,
                      &(struct ask){.group = "market", .names = "price 2024-01-03 2024-01-01"},
                      &result, &err),
             &err, "read");
    check_schema(result, "l:id tsn:UTC:at g?:price", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void further_dimensions_are_fixed_or_read(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_asof, "-5|9.0\n1|3.0\n3|NULL", .names = "tonnes 2024-01-09",
               .cells = "block 1");
    CHECK_READ(conn, try_asof, "-5|NULL\n1|1.5\n3|NULL", .names = "tonnes 2024-01-09",
               .cells = "block 2");
    CHECK_READ(conn, try_asof, "-5|1|9.0\n1|1|3.0\n1|2|1.5\n3|NULL|NULL",
               .names = "tonnes 2024-01-09");
    CHECK_READ(conn, try_asof, "-5|NULL|NULL\n1|1|2.5\n1|2|1.5\n3|NULL|NULL",
               .names = "tonnes 2024-01-01");
    CHECK_READ(conn, try_asof,
               "-5|2024-01-01T00:00:00Z|NULL|NULL\n-5|2024-01-09T00:00:00Z|1|9.0\n"
               "1|2024-01-01T00:00:00Z|1|2.5\n1|2024-01-01T00:00:00Z|2|1.5\n"
               "1|2024-01-09T00:00:00Z|1|3.0\n1|2024-01-09T00:00:00Z|2|1.5\n"
               "3|2024-01-01T00:00:00Z|NULL|NULL\n3|2024-01-09T00:00:00Z|NULL|NULL",
               .names = "tonnes 2024-01-01 2024-01-09");
    CHECK_READ(conn, try_asof, "-5|1\n1|1\n3|NULL", .names = "block 2024-01-09");
    kit_must(try_asof(conn, &(struct ask){.names = "tonnes 2024-01-09"}, &result, &err), &err,
             "read");
    check_schema(result, "l:id l?:block g?:tonnes", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void two_open_dimensions_of_any_type(void)
{
    conn = kit_open(
        KIT_CONFIGURATION
        "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"
        "CREATE TABLE A_time_series_s (id INTEGER NOT NULL REFERENCES A(id) ON DELETE CASCADE "
        "ON UPDATE CASCADE, date_time TEXT NOT NULL, name TEXT NOT NULL, depth REAL NOT NULL, "
        "v INTEGER, PRIMARY KEY (id, date_time, name, depth)) STRICT;"
        "INSERT INTO A VALUES (1, 'a'), (2, 'b');"
        "INSERT INTO A_time_series_s VALUES (1, '2024-01-01T00:00:00', 'x\"y', 0.1, 1), "
        "(1, '2024-01-02T00:00:00', 'x\"y', 0.1, 2), (1, '2024-01-02T00:00:00', 'é', 1e300, 3), "
        "(1, '2024-01-03T00:00:00', 'é', 1e300, NULL), (1, '2024-01-01T00:00:00', 'é', 0.3, 5)",
        &db);
    CHECK_READ(conn, try_asof, "1|x\"y|0.1|2\n1|é|0.3|5\n1|é|1e300|3\n2|NULL|NULL|NULL",
               .collection = "A", .group = "s", .names = "v 2025-01-01");
    CHECK_READ(conn, try_asof, "1|0.3|5\n1|1e300|3\n2|NULL|NULL", .collection = "A", .group = "s",
               .names = "v 2025-01-01", .cells = "name 'é");
    stoa_db_close(db);
}

static void what_cannot_be_asked_is_told(void)
{
    open_sample();
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_NOT_FOUND,
                     "Time series group 'rows' not found for collection 'Orchard'",
                     .group = "rows", .names = "spacing 2024-01-01");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_NOT_FOUND,
                     "Time series attribute not found: 'date_time' in group 'market' of "
                     "collection 'Orchard'",
                     .group = "market", .names = "date_time 2024-01-01");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_NOT_FOUND,
                     "Time series attribute not found: 'id' in group 'market' of collection "
                     "'Orchard'",
                     .group = "market", .names = "id 2024-01-01");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_INVALID,
                     "Cannot read_time_series_row: instant 2: '31.2.2024' is not a date",
                     .group = "market", .names = "price 2024-01-01 31.2.2024");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_INVALID, "instant_count is 0: there must be one",
                     .group = "market", .names = "price");
    CHECK_READ_FAILS(conn, try_asof, STOA_ERR_INVALID,
                     "Cannot read_time_series_row: 'date_time' is what the instant is compared "
                     "with",
                     .names = "tonnes 2024-01-01", .cells = "date_time 2024-01-01");
    stoa_db_close(db);
}

/* ---- pairs ---- */

/* A stream of what a query answers. */
static void stream_of(const char *sql, struct ArrowArrayStream *out)
{
    stoa_result result;

    kit_must(stoa_query(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &err), &err, sql);
    kit_must(stoa_result_export(result, NO_OP, out, &err), &err, "export");
}

static stoa_status try_join(const char *group, const char *attribute, const char *pairs,
                            const char *cells, stoa_result *out)
{
    const struct ask ask = {.cells = cells};
    struct ArrowArrayStream stream;
    struct asked a;
    stoa_status rc;

    ask_pack(&ask, &a);
    stream_of(pairs, &stream);
    rc = stoa_series_asof_join(conn, NO_OP, "Orchard", STOA_NUL, group, STOA_NUL, attribute,
                               STOA_NUL, &stream, a.pack.values, a.cell_count, a.pack.bytes,
                               a.pack.size, out, &err);
    CHECK((rc == STOA_OK) == !stream.release);
    if (stream.release)
        stream.release(&stream);
    return rc;
}

static void check_join(const char *group, const char *attribute, const char *pairs,
                       const char *cells, const char *right)
{
    stoa_result result;
    char *rows;

    kit_must(try_join(group, attribute, pairs, cells, &result), &err, pairs);
    rows = kit_rows(result);
    CHECK_TEXT(rows, right);
    free(rows);
}

static void check_no_join(const char *pairs, const char *text)
{
    stoa_result result;

    CHECK(try_join("yield", "tonnes", pairs, NULL, &result) < 0);
    CHECK_TEXT(err.text, text);
    CHECK_INT(result.id, 0);
}

static void pairs_come_back_with_their_values(void)
{
    open_sample();
    check_join("market", "price",
               "SELECT 'p' AS note, id, at FROM (VALUES (1)) JOIN (SELECT 1 AS id, '2024-01-02' AS "
               "at UNION ALL SELECT -5, '2024-01-01' UNION ALL SELECT 1, '2024-01-03T00:00:00' "
               "UNION ALL SELECT 3, '2024-01-03')",
               NULL,
               "p|1|2024-01-02|10.0\np|-5|2024-01-01|NULL\np|1|2024-01-03T00:00:00|12.0\n"
               "p|3|2024-01-03|NULL");
    check_join("market", "price", "SELECT '2024-01-09' AS at, label FROM Orchard ORDER BY label",
               NULL,
               "2024-01-09|Dale|NULL\n2024-01-09|Hill|12.0\n2024-01-09|Low Moor|20.0");
    check_join("market", "price", "SELECT 1 AS id, '2024-01-01' AS at WHERE 0", NULL, "");
    stoa_db_close(db);
}

static void dimensions_of_pairs_are_cells_or_columns(void)
{
    open_sample();
    check_join("yield", "tonnes", "SELECT 1 AS id, '2024-01-09' AS at", "block 2",
               "1|2024-01-09|1.5");
    check_join("yield", "tonnes",
               "SELECT 2 AS block, 1 AS id, '2024-01-09' AS at UNION ALL SELECT 1, 1, '2024-01-09'",
               NULL, "2|1|2024-01-09|1.5\n1|1|2024-01-09|3.0");
    stoa_db_close(db);
}

static void pairs_that_cannot_be_looked_up_are_told(void)
{
    open_sample();
    check_no_join("SELECT 1 AS block, '2024-01-01' AS at",
                  "Cannot read_time_series_row: the pairs have no column 'id' or 'label'");
    check_no_join("SELECT 1 AS block, 1 AS id",
                  "Cannot read_time_series_row: the pairs have no column 'at'");
    check_no_join("SELECT 1 AS id, '2024-01-01' AS at",
                  "Cannot read_time_series_row: dimension 'block' has no value: neither a cell nor "
                  "a column of the pairs");
    check_no_join("SELECT 1 AS block, 1 AS id, '2024-01-01' AS at "
                  "UNION ALL SELECT 1, 9, '2024-01-01'",
                  "Element not found: 9 in collection 'Orchard'; row 1");
    check_no_join("SELECT 1 AS block, 1 AS id, 'soon' AS at",
                  "Cannot read_time_series_row: the instant of row 0: 'soon' is not a date");
    check_no_join("SELECT 1 AS block, 1 AS id, 3 AS at",
                  "Cannot read_time_series_row: row 0: column 'at' is int64, not a timestamp, a "
                  "date or text");
    check_no_join("SELECT 1 AS block, 1.5 AS id, '2024-01-01' AS at",
                  "Cannot read_time_series_row: row 0: column 'id' is float64, not INTEGER");
    check_no_join("SELECT 1 AS block, 1 AS id, '2024-01-01' AS at UNION ALL SELECT 1, NULL, 'x'",
                  "Cannot read_time_series_row: row 1: column 'id' is NULL");
    stoa_db_close(db);
}

TEST_MAIN({"the last value at or before is found", the_last_value_at_or_before_is_found},
          {"keys restrict the elements", keys_restrict_the_elements},
          {"several instants are asked for at once", several_instants_are_asked_for_at_once},
          {"further dimensions are fixed or read", further_dimensions_are_fixed_or_read},
          {"two open dimensions of any type", two_open_dimensions_of_any_type},
          {"what cannot be asked is told", what_cannot_be_asked_is_told},
          {"pairs come back with their values", pairs_come_back_with_their_values},
          {"dimensions of pairs are cells or columns", dimensions_of_pairs_are_cells_or_columns},
          {"pairs that cannot be looked up are told", pairs_that_cannot_be_looked_up_are_told})
