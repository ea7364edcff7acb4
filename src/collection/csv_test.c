/* SPDX-License-Identifier: Apache-2.0 */
/* Collections and groups written into CSV files, byte by byte. */
#include "base/mem.h"
#include "collection/csv_kit.h"

#include <sys/stat.h>

#define DATA                                                                                  \
    "INSERT INTO Region(label) VALUES('North'),('South');"                                    \
    "INSERT INTO Orchard(id,label,tree_count,area,date_planted,soil,region_id) "              \
    "VALUES(1,'Hill',120,2,'2019-03-01T00:00:00',1,1);"                                       \
    "INSERT INTO Orchard(id,label,soil,orchard_neighbour) VALUES(2,'Dale',2,1);"              \
    "INSERT INTO Orchard_vector_rows VALUES(1,2,4.5,'say \"hi\", x'),(1,1,4,'Gala');"         \
    "INSERT INTO Orchard_set_buyers VALUES(1,1),(2,2),(2,NULL);"                              \
    "INSERT INTO Orchard_time_series_yield VALUES"                                            \
    "(1,'2024-01-01T00:00:00',2,1.5,NULL),(1,'2024-01-01T00:00:00',1,2.5,NULL);"
#define SOIL "enum_labels={\"soil\":{\"en\":{\"clay\":1},\"de\":{\"Ton\":1,\"Sand\":2}}}"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void check_export(const char *group, const char *settings, const char *wanted)
{
    char *path = test_path("out.csv");
    char *text;
    int64_t rows = -1;

    app_must(csv_try_export(conn, group, path, settings, &rows, &err), &err, "export");
    text = csv_read_file(path);
    CHECK_TEXT(text, wanted);
    free(text);
    free(path);
}

static void the_sample_has_its_golden_bytes(void)
{
    conn = kit_open(KIT_SCHEMA DATA, &db);
    check_export("", "date_time_format=%d/%m/%Y\n" SOIL "\nlocale=en",
                 "sep=,\nlabel,tree_count,area,date_planted,soil,region_id,orchard_neighbour\n"
                 "Hill,120,2,01/03/2019,clay,North,\nDale,0,,,2,,Hill\n");
    check_export("", SOIL "\nseparator_line=no",
                 "label,tree_count,area,date_planted,soil,region_id,orchard_neighbour\n"
                 "Hill,120,2,2019-03-01T00:00:00,clay,North,\nDale,0,,,Sand,,Hill\n");
    check_export("rows", "",
                 "sep=,\nid,vector_index,spacing,variety\nHill,1,4,Gala\n"
                 "Hill,2,4.5,\"say \"\"hi\"\", x\"\n");
    check_export("yield", "date_time_format=%d/%m/%Y",
                 "sep=,\nid,date_time,block,tonnes,grade\nHill,01/01/2024,1,2.5,\n"
                 "Hill,01/01/2024,2,1.5,\n");
    check_export("buyers", "separator=;",
                 "sep=;\nid;region_sold_to\nHill;North\nDale;South\nDale;\n");
    stoa_db_close(db);
}

static void what_would_not_come_back_is_quoted(void)
{
    conn = kit_open(KIT_SCHEMA
                    "INSERT INTO Orchard(label) VALUES(''),('a b'),(' a'),('a\tb'),('\"a\"'),"
                    "('a' || char(13)),('a,b'),('a' || char(10) || 'b'),('a;b');",
                    &db);
    check_export("", "separator_line=no",
                 "label,tree_count,area,date_planted,soil,region_id,orchard_neighbour\n"
                 "\"\",0,,,,,\n\"a b\",0,,,,,\n\" a\",0,,,,,\n\"a\tb\",0,,,,,\n"
                 "\"\"\"a\"\"\",0,,,,,\n\"a\r\",0,,,,,\n\"a,b\",0,,,,,\n\"a\nb\",0,,,,,\n"
                 "a;b,0,,,,,\n");
    stoa_db_close(db);
}

static void an_empty_collection_is_a_header(void)
{
    conn = kit_open(KIT_SCHEMA, &db);
    check_export("buyers", "", "sep=,\nid,region_sold_to\n");
    stoa_db_close(db);
}

static void dates_that_are_none_are_written_as_they_lie(void)
{
    conn = kit_open(KIT_SCHEMA "INSERT INTO Orchard(label,date_planted) VALUES('a','not-a-date'),"
                               "('b','2024-01-02');",
                    &db);
    check_export("", "date_time_format=%Y\nseparator_line=no",
                 "label,tree_count,area,date_planted,soil,region_id,orchard_neighbour\n"
                 "a,0,,not-a-date,,,\nb,0,,2024,,,\n");
    stoa_db_close(db);
}

static void folders_are_made_and_files_replaced(void)
{
    char *path = test_path("some/folder/out.csv");
    int64_t rows = -1;

    conn = kit_open(KIT_SCHEMA DATA, &db);
    app_must(csv_try_export(conn, "", path, "", &rows, &err), &err, "export");
    CHECK_INT(rows, 2);
    app_must(csv_try_export(conn, "rows", path, "", &rows, &err), &err, "again");
    CHECK_INT(rows, 2);
    free(path);
    path = test_path("some");
    CHECK(csv_try_export(conn, "", path, "", &rows, &err) < 0);
    CHECK_HAS(err.text, "Failed to export_csv: could not open file: ");
    CHECK_INT(rows, 0);
    free(path);
    stoa_db_close(db);
}

static void what_is_wrong_with_an_export_is_told(void)
{
    static const struct {
        const char *group, *settings, *text;
        stoa_status status;
    } cases[] = {
        {"none", "", "Cannot export_csv: group not found: 'none' in collection 'Orchard'",
         STOA_ERR_NOT_FOUND},
        {"", "separator=\"", "separator '\"' is neither", STOA_ERR_INVALID},
        {"", "separator=auto", "separator 'auto' is neither", STOA_ERR_INVALID},
        {"", "date_time_format=%Q", "date_time_format '%Q': '%Q' is not known", STOA_ERR_INVALID},
        {"", "enum_labels={\"soil\":3}", "enum_labels is not {attribute: {locale:",
         STOA_ERR_INVALID},
        {"", "enum_labels={\"soil\":{\"en\":{\"a\":1.5}}}", "at byte", STOA_ERR_INVALID},
        {"", "enum_labels={", "enum_labels", STOA_ERR_SYNTAX},
        {"", SOIL "\nlocale=fr", "enum_labels has no locale 'fr'", STOA_ERR_INVALID},
        {"", "seperator=,", "did you mean 'separator'", STOA_ERR_INVALID},
    };
    char *path = test_path("out.csv");

    conn = kit_open(KIT_SCHEMA DATA, &db);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(csv_try_export(conn, cases[i].group, path, cases[i].settings, NULL, &err),
                  cases[i].status);
        CHECK_HAS(err.text, cases[i].text);
        CHECK(access(path, F_OK) != 0);
    }
    free(path);
    stoa_db_close(db);
}

static void an_export_survives_every_allocation_failure(void)
{
    char *path = test_path("out.csv");
    int64_t nth = 0;

    conn = kit_open(KIT_SCHEMA DATA, &db);
    app_must(csv_try_export(conn, "", path, SOIL, NULL, &err), &err, "first");
    CHECK_INT(unlink(path), 0);
    for (;; nth++) {
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = csv_try_export(conn, "", path, SOIL, NULL, &err);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK)
            break;
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(access(path, F_OK) != 0);
    }
    CHECK(nth > 10);
    free(path);
    stoa_db_close(db);
}

TEST_MAIN({"the sample has its golden bytes", the_sample_has_its_golden_bytes},
          {"what would not come back is quoted", what_would_not_come_back_is_quoted},
          {"an empty collection is a header", an_empty_collection_is_a_header},
          {"dates that are none are written as they lie",
           dates_that_are_none_are_written_as_they_lie},
          {"folders are made and files replaced", folders_are_made_and_files_replaced},
          {"what is wrong with an export is told", what_is_wrong_with_an_export_is_told},
          {"an export survives every allocation failure",
           an_export_survives_every_allocation_failure})
