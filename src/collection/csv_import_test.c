/* SPDX-License-Identifier: Apache-2.0 */
/* CSV files read into collections and groups. */
#include "base/mem.h"
#include "collection/csv_kit.h"

#define LABELS "label,tree_count,area,date_planted,soil,region_id,orchard_neighbour"
#define HEAD LABELS "\n"
#define DATA                                                                                  \
    "INSERT INTO Region(label) VALUES('North'),('South');"                                    \
    "INSERT INTO Orchard(id,label,tree_count,region_id) VALUES(1,'Hill',120,1),(5,'Dale',7,2);" \
    "INSERT INTO Orchard_vector_rows VALUES(1,1,4,'Gala'),(5,1,1,NULL);"                      \
    "INSERT INTO Orchard_set_buyers VALUES(1,1),(5,2);"                                       \
    "INSERT INTO Orchard_time_series_yield VALUES(1,'2024-01-01T00:00:00',1,2.5,3);"
#define SOIL "enum_labels={\"soil\":{\"en\":{\"clay\":1,\"2 Phase\":7},\"de\":{\"Ton\":1}}}"
#define ORCHARDS                                                                              \
    "SELECT id,label,tree_count,area,date_planted,soil,region_id,orchard_neighbour "          \
    "FROM Orchard ORDER BY id"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void open_sample(void)
{
    conn = kit_open(KIT_SCHEMA DATA, &db);
}

static void known_labels_keep_their_ids(void)
{
    stoa_import_done done;

    open_sample();
    done = csv_import(conn, "",
                      "sep=,\n" HEAD "New,1,,,,,\nHill,2,0.5,2024-01-02,,South,New\n"
                      "Last,3,,,,,Last\n",
                      "");
    CHECK_ROWS(conn, ORCHARDS,
               "1|Hill|2|0.5|2024-01-02T00:00:00|NULL|2|6\n6|New|1|NULL|NULL|NULL|NULL|NULL\n"
               "7|Last|3|NULL|NULL|NULL|NULL|7");
    CHECK_INT(done.rows, 3);
    CHECK_INT(done.inserted, 2);
    CHECK_INT(done.updated, 1);
    CHECK_INT(done.deleted, 1);
    /* What was declared for the element that is gone has happened. */
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_vector_rows", "1");
    CHECK_ROWS(conn, "PRAGMA foreign_key_check", "");
    stoa_db_close(db);
}

static void a_header_alone_empties_the_table(void)
{
    open_sample();
    CHECK_INT(csv_import(conn, "", HEAD, "").deleted, 2);
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "0");
    CHECK_INT(csv_import(conn, "rows", "id,vector_index,spacing,variety\n", "").rows, 0);
    stoa_db_close(db);
}

static void append_and_merge_keep_what_is_there(void)
{
    stoa_import_done done;

    open_sample();
    done = csv_import(conn, "", HEAD "Dale,8,,,,,\nNew,1,,,,,Dale\n", "mode=merge");
    CHECK_INT(done.updated, 1);
    CHECK_INT(done.inserted, 1);
    CHECK_INT(done.deleted, 0);
    done = csv_import(conn, "", "label,tree_count\nMore,5\n", "mode=append\ncolumns=some");
    CHECK_INT(done.inserted, 1);
    done = csv_import(conn, "", "area,label\n9.5,Hill\n", "mode=merge\ncolumns=some");
    CHECK_INT(done.updated, 1);
    CHECK_ROWS(conn, ORCHARDS,
               "1|Hill|120|9.5|NULL|NULL|1|NULL\n5|Dale|8|NULL|NULL|NULL|NULL|NULL\n"
               "6|New|1|NULL|NULL|NULL|NULL|5\n7|More|5|NULL|NULL|NULL|NULL|NULL");
    CHECK_INT(csv_try_import(conn, "", HEAD "Hill,1,,,,,\n", "mode=append", &done, NULL, &err),
              STOA_ERR_CONSTRAINT);
    CHECK_HAS(err.text, "UNIQUE constraint failed: Orchard.label [line 2]");
    stoa_db_close(db);
}

static void groups_are_read_by_label(void)
{
    stoa_import_done done;

    open_sample();
    done = csv_import(conn, "rows",
                      "sep=;\nvariety;id;vector_index;spacing\nGala;Hill;1;1\nFuji;Dale;1;2\n"
                      "\"\";Hill;2;3\n",
                      "");
    CHECK_INT(done.deleted, 2);
    CHECK_INT(done.inserted, 3);
    CHECK_ROWS(conn, "SELECT *, typeof(variety) FROM Orchard_vector_rows ORDER BY 1,2",
               "1|1|1.0|Gala|text\n1|2|3.0||text\n5|1|2.0|Fuji|text");
    done = csv_import(conn, "rows", "id,vector_index,spacing,variety\nHill,1,9,\nHill,2,10,\n",
                      "mode=append");
    CHECK_ROWS(conn, "SELECT vector_index,spacing FROM Orchard_vector_rows WHERE id=1 ORDER BY 1",
               "1|1.0\n2|3.0\n3|9.0\n4|10.0");
    done = csv_import(conn, "rows", "id,vector_index,spacing\nHill,1,11\nDale,1,12\n",
                      "mode=merge\ncolumns=some");
    CHECK_INT(done.updated, 2);
    CHECK_ROWS(conn, "SELECT spacing,variety FROM Orchard_vector_rows WHERE vector_index=1",
               "11.0|Gala\n12.0|Fuji");
    csv_import(conn, "buyers", "id,region_sold_to\nHill,North\nHill,South\n", "mode=merge");
    CHECK_ROWS(conn, "SELECT * FROM Orchard_set_buyers ORDER BY 1,2", "1|1\n1|2\n5|2");
    done = csv_import(conn, "yield",
                      "id,date_time,block,tonnes,grade\nHill,2024-01-01,1,7,\n"
                      "Dale,2024-01-01 06:00Z,2,,1\n",
                      "mode=merge");
    CHECK_INT(done.inserted, 1);
    CHECK_INT(done.updated, 1);
    CHECK_ROWS(conn, "SELECT * FROM Orchard_time_series_yield ORDER BY 1",
               "1|2024-01-01T00:00:00|1|7.0|NULL\n5|2024-01-01T06:00:00|2|NULL|1");
    stoa_db_close(db);
}

static void cells_have_the_types_of_their_columns(void)
{
    open_sample();
    csv_import(conn, "",
               HEAD "a,2.0,1e3,01/03/2019,CLAY,,\n\" b \",-3,inf,,2 Phase,,\n c ,1,,,7,North,\n",
               SOIL "\ndate_time_format=%d/%m/%Y");
    CHECK_ROWS(conn, "SELECT '['||label||']',tree_count,area,date_planted,soil FROM Orchard",
               "[a]|2|1000.0|2019-03-01T00:00:00|1\n[ b ]|-3|inf|NULL|7\n[c]|1|NULL|NULL|7");
    stoa_db_close(db);
}

static void files_are_read_as_people_write_them(void)
{
    static const char *const files[] = {
        HEAD "a,1,,,,,\n",
        "\xef\xbb\xbfsep=,\r\n" LABELS "\r\na,1,,,,,\r\n",
        "label;tree_count;area;date_planted;soil;region_id;orchard_neighbour\na;1;;;;;",
        "label\ttree_count\tarea\tdate_planted\tsoil\tregion_id\torchard_neighbour\na\t1\t\t\t\t\t",
        "\n\nlabel, tree_count ,area,date_planted,soil,region_id,orchard_neighbour\n\na,1,,,,,\n\n",
        LABELS ",,\na,1,,,,,,,\n",
        LABELS ",,\na,1,,,,,\n",
        "orchard_neighbour,label,region_id,soil,date_planted,area,tree_count\n,\"a\",,,,,1\n",
        "sep=|\nlabel|tree_count|area|date_planted|soil|region_id|orchard_neighbour\na|1|||||\n",
    };

    open_sample();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        csv_import(conn, "", HEAD, "");
        csv_import(conn, "", files[i], "");
        CHECK_ROWS(conn, "SELECT label,tree_count,area FROM Orchard", "a|1|NULL");
    }
    stoa_db_close(db);
}

static const struct {
    const char *group, *text, *error;
} wrong[] = {
    {"", "", "CSV file is empty."},
    {"", "tree_count\n", "CSV file does not contain a 'label' column."},
    {"", "label,tree_count\n",
     "The number of columns in the CSV file does not match the number of columns in the "
     "database."},
    {"", "label,tree_count,area,date_planted,soil,region_id,other\n",
     "The columns in the CSV file do not match the columns in the database."},
    {"", HEAD "a,1\n", "Row 1 has 2 columns, but the header has 7. [line 2]"},
    {"", HEAD "a,1,,,,,\nb,1,,,,,,\n", "Row 2 has 8 columns, but the header has 7. [line 3]"},
    {"", HEAD "a,,,,,,\n", "Column tree_count cannot be NULL. [line 2]"},
    {"", HEAD ",1,,,,,\n", "Column label cannot be NULL."},
    {"", HEAD "a,1,,,,West,\n",
     "Could not find an existing element from collection Region with label West.\nCreate the "
     "element before referencing it. [line 2]"},
    {"", HEAD "a,1,,,,,Dale\n",
     "Could not find an existing element from collection Orchard with label Dale."},
    {"", HEAD "a,12abc,,,,,\n", "Invalid integer value '12abc' for column 'tree_count'."},
    {"", HEAD "a,1.5,,,,,\n", "Invalid integer value '1.5' for column 'tree_count'."},
    {"", HEAD "a,1,,,loam,,\n", "Invalid enum value 'loam' for column 'soil'."},
    {"", HEAD "a,1,\"1,5\",,,,\n", "Invalid float value '1,5' for column 'area'."},
    {"", HEAD "a,1,nan,,,,\n", "NaN in column 'area'"},
    {"", HEAD "a,1,,31/02/2024,,,\n",
     "Timestamp 31/02/2024 is not valid. Please provide a valid timestamp with format "
     "%Y-%m-%dT%H:%M:%S."},
    {"", HEAD "a,1,,,,,\na,2,,,,,\n", "There are duplicate entries in the CSV file."},
    {"", HEAD "Hill,1,,,,,\nHill,2,,,,,\n", "There are duplicate entries in the CSV file."},
    {"", HEAD "\"a,1,,,,,\n", "A quote is never closed."},
    {"", HEAD "\"a\"b,1,,,,,\n", "Cell 1 has text behind its closing quote."},
    {"", HEAD "a\xff,1,,,,,\n", "Column label is not UTF-8."},
    {"rows", "id,vector_index,spacing,variety\nWood,1,,\n",
     "Element with id Wood does not exist in collection Orchard."},
    {"rows", "id,vector_index,spacing,variety\nHill,2,,\n",
     "Column vector_index must be consecutive, unique and start at 1."},
    {"rows", "id,vector_index,spacing,variety\nHill,1,,\nDale,1,,\nHill,1,,\n",
     "Column vector_index must be consecutive, unique and start at 1. [line 4]"},
    {"rows", "id,vector_index,spacing,variety\n,1,,\n", "Column id cannot be NULL."},
    {"buyers", "id,region_sold_to\nHill,North\nHill,North\n",
     "There are duplicate entries in the CSV file."},
    {"buyers", "id,region_sold_to\nHill,\nHill,\n",
     "There are duplicate entries in the CSV file."},
    {"buyers", "id,region_sold_to\nHill,West\n",
     "Could not find an existing element from collection Region with label West. [line 2]"},
    {"yield", "id,date_time,block,tonnes,grade\nHill,2024-01-01,1,,x\n",
     "Invalid enum value 'x' for column 'grade'."},
    {"yield", "id,date_time,block,tonnes,grade\nHill,,1,,\n",
     "Column date_time cannot be NULL."},
    {"none", "id\n", "group not found: 'none' in collection 'Orchard'"},
};

static void what_is_wrong_is_told_and_nothing_is_changed(void)
{
    char *before, *after;

    open_sample();
    before = app_rows(conn, ORCHARDS);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        stoa_import_done done;
        const stoa_status rc =
            csv_try_import(conn, wrong[i].group, wrong[i].text, SOIL, &done, NULL, &err);

        printf("# %s\n", wrong[i].error);
        CHECK(rc < 0);
        CHECK(strncmp(err.text, "Cannot import_csv: ", 19) == 0);
        CHECK_HAS(err.text, wrong[i].error);
        CHECK_INT(done.rows, 0);
        after = app_rows(conn, ORCHARDS);
        CHECK_TEXT(after, before);
        free(after);
        CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_vector_rows", "2");
        CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_set_buyers", "2");
    }
    free(before);
    stoa_db_close(db);
}

static void rows_can_be_skipped(void)
{
    stoa_import_done done;
    stoa_result skipped;
    char *rows;

    open_sample();
    app_must(csv_try_import(conn, "",
                            HEAD "a,1,,,,,\nb,x,,,,,\nc,1,,,,,b\na,2,,,,,\n\"d\"x,1,,,,,\ne,1\n"
                                 "Hill,1,,,,West,\nf,3,,,,,a\n",
                            "on_error=skip\nmode=merge", &done, &skipped, &err),
             &err, "import");
    rows = kit_rows(skipped);
    CHECK_TEXT(rows, "3|tree_count|Invalid integer value 'x' for column 'tree_count'.\n"
                     "5|label|There are duplicate entries in the CSV file.\n"
                     "6|NULL|Cell 1 has text behind its closing quote.\n"
                     "7|NULL|Row 6 has 2 columns, but the header has 7.\n"
                     "8|region_id|Could not find an existing element from collection Region with "
                     "label West.\nCreate the element before referencing it.\n"
                     "4|orchard_neighbour|Could not find an existing element from collection "
                     "Orchard with label b.\nCreate the element before referencing it.");
    free(rows);
    CHECK_INT(done.rows, 8);
    CHECK_INT(done.skipped, 5);
    CHECK_INT(done.inserted, 3);
    CHECK_ROWS(conn, "SELECT label,tree_count,orchard_neighbour FROM Orchard ORDER BY id",
               "Hill|120|NULL\nDale|7|NULL\na|1|NULL\nc|1|NULL\nf|3|6");
    app_must(csv_try_import(conn, "rows",
                            "id,vector_index,spacing,variety\nHill,1,1,\nHill,2,x,\nHill,3,3,\n"
                            "Dale,1,1,\nHill,2,2,\n",
                            "on_error=skip", &done, NULL, &err),
             &err, "import");
    CHECK_INT(done.skipped, 2);
    CHECK_ROWS(conn, "SELECT id,vector_index,spacing FROM Orchard_vector_rows ORDER BY 1,2",
               "1|1|1.0\n1|2|2.0\n5|1|1.0");
    stoa_db_close(db);
}

static void an_open_transaction_stays_usable(void)
{
    stoa_import_done done;

    open_sample();
    app_must(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), &err, "begin");
    app_run(conn, "INSERT INTO Orchard(label) VALUES('before')");
    CHECK(csv_try_import(conn, "", HEAD "a,1,,,,,\nb,x,,,,,\n", "", &done, NULL, &err) < 0);
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "3");
    CHECK_INT(csv_try_import(conn, "", HEAD, "open_transaction=refuse", &done, NULL, &err),
              STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot import_csv: transaction already active");
    csv_import(conn, "", HEAD "a,1,,,,,\n", "mode=append");
    app_must(stoa_rollback(conn, NO_OP, &err), &err, "rollback");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "2");
    stoa_db_close(db);
}

/* Two rows change the value of a UNIQUE column with each other. */
static void unique_values_may_move(void)
{
    conn = kit_open(KIT_CONFIGURATION
                    "CREATE TABLE Orchard (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
                    "code INTEGER UNIQUE, name TEXT NOT NULL UNIQUE, place INTEGER NOT NULL, "
                    "UNIQUE (place)) STRICT;"
                    "INSERT INTO Orchard VALUES(1,'a',10,'x',1),(2,'b',20,'y',2),(3,'c',30,'z',3);",
                    &db);
    csv_import(conn, "", "label,code,name,place\nb,10,x,1\na,20,y,3\nd,30,z,2\n", "");
    CHECK_ROWS(conn, "SELECT * FROM Orchard ORDER BY id",
               "1|a|20|y|3\n2|b|10|x|1\n4|d|30|z|2");
    csv_import(conn, "", "label,code,name,place\nb,20,y,3\na,10,x,1\n", "mode=merge");
    CHECK_ROWS(conn, "SELECT * FROM Orchard ORDER BY id",
               "1|a|10|x|1\n2|b|20|y|3\n4|d|30|z|2");
    stoa_db_close(db);
}

static void what_is_exported_is_imported(void)
{
    char *path = test_path("round.csv"), *before, *after;
    stoa_error fault;

    open_sample();
    app_run(conn, "INSERT INTO Orchard(label,area,orchard_neighbour) VALUES(' x ',0.1,5),"
                  "('\"q\", ''',1e300,1),('',NULL,1),"
                  "('l' || char(10) || 'f' || char(13),-0.0,NULL)");
    app_run(conn, "UPDATE Orchard SET orchard_neighbour = 8 WHERE id = 1");
    before = app_rows(conn, ORCHARDS);
    app_must(csv_try_export(conn, "", path, "", NULL, &fault), &fault, "export");
    app_run(conn, "UPDATE Orchard SET orchard_neighbour = NULL, area = 3, label = label || '!'"
                  " WHERE id = 5");
    app_run(conn, "UPDATE Orchard SET label = 'Dale' WHERE id = 5");
    app_must(stoa_collection_import_csv(conn, NO_OP, "Orchard", STOA_NUL, 0, "", 0, path, STOA_NUL,
                                        NULL, 0, NULL, NULL, &fault),
             &fault, "import");
    after = app_rows(conn, ORCHARDS);
    CHECK_TEXT(after, before);
    free(before);
    free(after);
    free(path);
    stoa_db_close(db);
}

static void records_may_be_longer_than_what_is_read_at_once(void)
{
    enum { SIZE = 700000 };
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    stoa_import_done done;

    CHECK(file != NULL);
    open_sample();
    fprintf(file, HEAD "\"");
    for (int i = 0; i < SIZE; i++)
        fputc('x', file);
    fprintf(file, "\",1,,,,,\nshort,2,,,,,\n");
    fclose(file);
    done = csv_import(conn, "", text, "");
    CHECK_INT(done.inserted, 2);
    CHECK_ROWS(conn, "SELECT length(label) FROM Orchard ORDER BY id", "700000\n5");
    free(text);
    stoa_db_close(db);
}

static void an_import_survives_every_allocation_failure(void)
{
    static const char text[] = HEAD "Hill,2,,,clay,South,a\na,3,,,,,Hill\nb,1,x,,,,\n";
    char *before, *after;
    int64_t nth = 0;

    open_sample();
    before = app_rows(conn, ORCHARDS);
    for (;; nth++) {
        stoa_import_done done;
        stoa_result skipped;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = csv_try_import(conn, "", text, SOIL "\non_error=skip", &done, &skipped, &err);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            stoa_result_close(skipped);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_INT(skipped.id, 0);
        after = app_rows(conn, ORCHARDS);
        CHECK_TEXT(after, before);
        free(after);
    }
    CHECK(nth > 20);
    CHECK_ROWS(conn, "SELECT label FROM Orchard ORDER BY id", "Hill\na");
    free(before);
    stoa_db_close(db);
}

TEST_MAIN({"known labels keep their ids", known_labels_keep_their_ids},
          {"a header alone empties the table", a_header_alone_empties_the_table},
          {"append and merge keep what is there", append_and_merge_keep_what_is_there},
          {"groups are read by label", groups_are_read_by_label},
          {"cells have the types of their columns", cells_have_the_types_of_their_columns},
          {"files are read as people write them", files_are_read_as_people_write_them},
          {"what is wrong is told and nothing is changed",
           what_is_wrong_is_told_and_nothing_is_changed},
          {"rows can be skipped", rows_can_be_skipped},
          {"an open transaction stays usable", an_open_transaction_stays_usable},
          {"unique values may move", unique_values_may_move},
          {"what is exported is imported", what_is_exported_is_imported},
          {"records may be longer than what is read at once",
           records_may_be_longer_than_what_is_read_at_once},
          {"an import survives every allocation failure",
           an_import_survives_every_allocation_failure})
