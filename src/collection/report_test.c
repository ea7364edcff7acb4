/* SPDX-License-Identifier: Apache-2.0 */
/* The reports and the list of the schema, compared in full. */
#include "base/mem.h"
#include "collection/collection_kit.h"

#define DATA                                                                                     \
    "INSERT INTO Region (label) VALUES ('North');"                                               \
    "INSERT INTO Orchard (label, tree_count, area, soil, region_id) "                            \
    "VALUES ('Hill', 120, 2, 1, 1), ('Dale', 0, NULL, 2, NULL);"                                 \
    "INSERT INTO Orchard_vector_rows (id, vector_index, spacing) VALUES (1, 1, 4), (1, 2, 4.5);" \
    "INSERT INTO Orchard_time_series_yield (id, date_time, block) "                              \
    "VALUES (2, '2024-01-01T00:00:00', 1);"

#define ORCHARD                                                                            \
    "Collection: Orchard (2 elements)\n  Scalars:\n    - id (INTEGER) PRIMARY KEY\n"       \
    "    - label (TEXT) NOT NULL\n    - tree_count (INTEGER) NOT NULL\n    - area (REAL)\n" \
    "    - date_planted (DATE_TIME)\n    - soil (INTEGER)\n    - region_id (INTEGER)\n"    \
    "    - orchard_neighbour (INTEGER)\n  Vectors:\n    - rows: spacing(REAL), "           \
    "variety(TEXT)\n  Sets:\n    - buyers: region_sold_to(INTEGER)\n  Time Series:\n"      \
    "    - yield: [date_time], block(INTEGER), tonnes(REAL), grade(INTEGER)\n"

static stoa_error err;

typedef stoa_status (*report)(stoa_conn conn, stoa_op op, const char *collection, int64_t size,
                              stoa_rows *out, stoa_error *err);

static void check_report(stoa_conn conn, report call, const char *collection, const char *right)
{
    stoa_rows rows;
    char *text;

    kit_must(call(conn, NO_OP, collection, collection ? STOA_NUL : 0, &rows, &err), &err,
             "report");
    text = kit_text(&rows);
    CHECK_TEXT(text, right);
    free(text);
}

static void a_database_is_described(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(KIT_SCHEMA DATA "PRAGMA user_version = 3;", &db);

    check_report(conn, stoa_collection_describe, "Orchard", ORCHARD);
    check_report(conn, stoa_collection_describe, NULL,
                 "Database: :memory:\nVersion: 3\n\n"
                 "Collection: Configuration (0 elements)\n  Scalars:\n"
                 "    - id (INTEGER) PRIMARY KEY\n    - label (TEXT) NOT NULL\n"
                 "    - discount (REAL)\n\n" ORCHARD "\n"
                 "Collection: Region (1 element)\n  Scalars:\n"
                 "    - id (INTEGER) PRIMARY KEY\n    - label (TEXT) NOT NULL\n");
    CHECK_INT(stoa_collection_describe(conn, NO_OP, "orchard", 7, &(stoa_rows){0}, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Cannot describe_collection: collection not found: orchard");
    stoa_db_close(db);
}

static void the_path_is_the_one_that_was_given(void)
{
    char *path = test_path("a?b.db"), right[600];
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);

    app_run(conn, KIT_CONFIGURATION);
    (void)snprintf(right, sizeof right,
                   "Database: %s\nVersion: 0\n\nCollection: Configuration (0 elements)\n"
                   "  Scalars:\n    - id (INTEGER) PRIMARY KEY\n    - label (TEXT) NOT NULL\n"
                   "    - discount (REAL)\n",
                   path);
    check_report(conn, stoa_collection_describe, NULL, right);
    stoa_db_close(db);
    free(path);
}

static void data_is_summarized(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(KIT_SCHEMA DATA, &db);

    check_report(conn, stoa_collection_summarize, "Orchard",
                 "Collection: Orchard (2 elements)\n  Scalars:\n    - id: 2 non-null, 0 null\n"
                 "    - label: 2 non-null, 0 null\n"
                 "    - tree_count: 2 non-null, 0 null; values {0: 1, 120: 1}\n"
                 "    - area: 1 non-null, 1 null\n    - date_planted: 0 non-null, 2 null\n"
                 "    - soil: 2 non-null, 0 null; values {1: 1, 2: 1}\n"
                 "    - region_id: 1 non-null, 1 null; values {1: 1}\n"
                 "    - orchard_neighbour: 0 non-null, 2 null\n"
                 "  Vectors:\n    - rows: 1/2 non-empty\n  Sets:\n    - buyers: 0/2 non-empty\n"
                 "  Time Series:\n    - yield: 1/2 non-empty\n");
    stoa_db_close(db);
}

static void up_to_64_values_are_counted(void)
{
    stoa_rows rows;
    char *text;
    stoa_db db;
    stoa_conn conn = kit_open(KIT_CONFIGURATION
                              "CREATE TABLE N (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
                              "n INTEGER);"
                              "INSERT INTO N (label, n) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
                              "SELECT x + 1 FROM c WHERE x < 64) SELECT 'l' || x, -x FROM c;",
                              &db);

    kit_must(stoa_collection_summarize(conn, NO_OP, "N", 1, &rows, &err), &err, "summarize");
    text = kit_text(&rows);
    CHECK_HAS(text, "n: 64 non-null, 0 null; values {-64: 1, -63: 1, ");
    CHECK_HAS(text, "-2: 1, -1: 1}\n");
    free(text);
    app_run(conn, "INSERT INTO N (label, n) VALUES ('more', 0)");
    check_report(conn, stoa_collection_summarize, "N",
                 "Collection: N (65 elements)\n  Scalars:\n    - id: 65 non-null, 0 null\n"
                 "    - label: 65 non-null, 0 null\n    - n: 65 non-null, 0 null\n");
    stoa_db_close(db);
}

static void check_list(stoa_conn conn, const char *collection, const char *right)
{
    stoa_result result;
    char *rows;

    kit_must(stoa_collection_list(conn, NO_OP, collection, collection ? STOA_NUL : 0, &result,
                                  &err),
             &err, "list");
    rows = kit_rows(result);
    CHECK_TEXT(rows, right);
    free(rows);
}

static void every_field_of_the_schema_is_listed(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(
        KIT_CONFIGURATION "CREATE TABLE Tree (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
        "\"order\" INTEGER DEFAULT 6, name TEXT DEFAULT 'x''y', date_cut TEXT, "
        "tree_id INTEGER REFERENCES tree ON DELETE SET NULL ON UPDATE CASCADE, "
        "twice INTEGER GENERATED ALWAYS AS (\"order\" * 2) STORED) STRICT;"
        "CREATE TABLE Tree_time_series_rings (id INTEGER NOT NULL REFERENCES Tree(id) "
        "ON DELETE CASCADE ON UPDATE CASCADE, width REAL, ring INTEGER NOT NULL, "
        "date_seen TEXT, date_time TEXT NOT NULL, PRIMARY KEY (id, date_time, ring)) STRICT;"
        "CREATE TABLE Tree_time_series_files (photo TEXT);",
        &db);

    check_list(conn, "Tree",
               "Tree|scalar|NULL|id|0|integer|true|true|false|NULL|NULL|NULL|false\n"
               "Tree|scalar|NULL|label|1|text|true|false|false|NULL|NULL|NULL|false\n"
               "Tree|scalar|NULL|order|2|integer|false|false|false|6|NULL|NULL|false\n"
               "Tree|scalar|NULL|name|3|text|false|false|false|'x''y'|NULL|NULL|false\n"
               "Tree|scalar|NULL|date_cut|4|date_time|false|false|false|NULL|NULL|NULL|false\n"
               "Tree|scalar|NULL|tree_id|5|integer|false|false|false|NULL|Tree|id|false\n"
               "Tree|scalar|NULL|twice|6|integer|false|false|false|NULL|NULL|NULL|true\n"
               "Tree|time_series|rings|date_time|4|date_time|true|true|true|NULL|NULL|NULL|false\n"
               "Tree|time_series|rings|width|1|real|false|false|false|NULL|NULL|NULL|false\n"
               "Tree|time_series|rings|ring|2|integer|true|true|true|NULL|NULL|NULL|false\n"
               "Tree|time_series|rings|date_seen|3|date_time|false|false|false|NULL|NULL|NULL|"
               "false\n"
               "Tree|files|NULL|photo|0|text|false|false|false|NULL|NULL|NULL|false");
    check_list(conn, "Configuration",
               "Configuration|scalar|NULL|id|0|integer|true|true|false|NULL|NULL|NULL|false\n"
               "Configuration|scalar|NULL|label|1|text|true|false|false|NULL|NULL|NULL|false\n"
               "Configuration|scalar|NULL|discount|2|real|false|false|false|0.1|NULL|NULL|false");
    CHECK_INT(stoa_collection_list(conn, NO_OP, "Bush", 4, &(stoa_result){0}, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Cannot list_scalar_attributes: collection not found: Bush");
    stoa_db_close(db);
}

static void reports_survive_every_allocation_failure(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(KIT_SCHEMA DATA, &db);
    static const report calls[] = {stoa_collection_describe, stoa_collection_summarize};

    for (size_t i = 0; i < 2; i++)
        for (int64_t nth = 0;; nth++) {
            stoa_rows rows;
            stoa_status rc;

            app_run(conn, "PRAGMA schema_version = 77; PRAGMA user_version = 1");
            app_run(conn, i ? "PRAGMA schema_version = 78" : "PRAGMA schema_version = 79");
            stoa__mem_fail_nth = nth;
            rc = calls[i](conn, NO_OP, NULL, 0, &rows, &err);
            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK) {
                CHECK(nth > 20);
                break;
            }
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(rows.row_count, 0);
        }
    stoa_db_close(db);
}

TEST_MAIN({"a database is described", a_database_is_described},
          {"the path is the one that was given", the_path_is_the_one_that_was_given},
          {"data is summarized", data_is_summarized},
          {"up to 64 values are counted", up_to_64_values_are_counted},
          {"every field of the schema is listed", every_field_of_the_schema_is_listed},
          {"reports survive every allocation failure", reports_survive_every_allocation_failure})
