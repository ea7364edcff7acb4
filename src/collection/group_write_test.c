/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of one element, single columns, relations, rows of time series, files. */
#include "collection/write_kit.h"

static stoa_db db;

#define ROWS "SELECT * FROM Orchard_vector_rows ORDER BY 1, 2"
#define BUYERS "SELECT * FROM Orchard_set_buyers ORDER BY 1, 2"
#define YIELD "SELECT * FROM Orchard_time_series_yield ORDER BY 1, 2, 3"
#define FILES "SELECT * FROM Orchard_time_series_files"

static stoa_conn orchard(void)
{
    const stoa_conn conn = kit_open(KIT_SCHEMA, &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    kit_made(conn, "Orchard", "label='a' spacing=[1.0 2.0] variety=['x' 'y'] region_sold_to=[1] "
                              "date_time=[@0 @0] block=[1 2] tonnes=[1.0 2.0]");
    kit_made(conn, "Orchard", "label='b' spacing=[9.0]");
    return conn;
}

static stoa_status vector(stoa_conn conn, const char *key, const char *words)
{
    return kit_group(conn, STOA_GROUP_VECTOR, "rows", key, words);
}

static stoa_status set(stoa_conn conn, const char *key, const char *words)
{
    return kit_group(conn, STOA_GROUP_SET, "buyers", key, words);
}

static stoa_status series(stoa_conn conn, const char *key, const char *words)
{
    return kit_group(conn, STOA_GROUP_TIME_SERIES, "yield", key, words);
}

static void a_group_is_replaced_as_a_whole(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(vector(conn, "1", "spacing=[5.0 NULL 7.0]"), STOA_OK);
    CHECK_ROWS(conn, ROWS, "1|1|5.0|NULL\n1|2|NULL|NULL\n1|3|7.0|NULL\n2|1|9.0|NULL");
    CHECK_INT(set(conn, "'a'", "region_sold_to=['South' 'North']"), STOA_OK);
    CHECK_ROWS(conn, BUYERS, "1|1\n1|2");
    CHECK_INT(series(conn, "1", "tonnes=[3.0] block=[7] date_time=['2024-01-01']"), STOA_OK);
    CHECK_ROWS(conn, YIELD, "1|2024-01-01T00:00:00|7|3.0|NULL");
    CHECK_INT(vector(conn, "1", ""), STOA_OK);
    CHECK_INT(series(conn, "1", ""), STOA_OK);
    CHECK_ROWS(conn, ROWS, "2|1|9.0|NULL");
    CHECK_ROWS(conn, YIELD, "");
    CHECK_INT(kit_group(conn, STOA_GROUP_ANY, "yield", "2", "date_time=[@0] block=[1]"), STOA_OK);
    CHECK_ROWS(conn, YIELD, "2|1970-01-01T00:00:00|1|NULL|NULL");
    stoa_db_close(db);
}

static void a_wrong_group_changes_nothing(void)
{
    const stoa_conn conn = orchard();

    kit_fails(vector(conn, "1", "spacing=[] variety=[]"), STOA_ERR_INVALID,
              "Cannot update_vector_group: columns [spacing, variety] contain no rows; pass no "
              "columns to clear the group");
    kit_fails(vector(conn, "1", "spacing=[1.0] variety=[]"), STOA_ERR_INVALID,
              "columns [variety] contain no rows");
    kit_fails(vector(conn, "1", "spacing=[1.0 2.0] variety=['x']"), STOA_ERR_INVALID,
              "same length");
    kit_fails(kit_group(conn, STOA_GROUP_VECTOR, "buyers", "1", ""), STOA_ERR_NOT_FOUND,
              "Vector group not found: 'buyers' in collection 'Orchard'");
    kit_fails(kit_group(conn, STOA_GROUP_SET, "rows", "1", ""), STOA_ERR_NOT_FOUND,
              "Set group not found: 'rows' in collection 'Orchard'");
    kit_fails(kit_group(conn, STOA_GROUP_TIME_SERIES, "rows", "1", ""), STOA_ERR_NOT_FOUND,
              "Time series group 'rows' not found for collection 'Orchard'");
    kit_fails(vector(conn, "7", "spacing=[1.0]"), STOA_ERR_NOT_FOUND,
              "Element not found: 7 in collection 'Orchard'");
    kit_fails(series(conn, "'z'", ""), STOA_ERR_NOT_FOUND,
              "Element not found: 'z' in collection 'Orchard'");
    kit_fails(vector(conn, "1", "vector_index=[1]"), STOA_ERR_INVALID,
              "Cannot update_vector_group: column 'vector_index' is managed by the group table, "
              "not a value column");
    kit_fails(set(conn, "1", "id=[1]"), STOA_ERR_INVALID,
              "Cannot update_set_group: column 'id' is managed by the group table");
    kit_fails(series(conn, "1", "id=[1]"), STOA_ERR_NOT_FOUND,
              "Cannot update_time_series_group: column 'id' not found in group 'yield' for "
              "collection 'Orchard'");
    kit_fails(vector(conn, "1", "spacing=[1.0] wood=[1.0]"), STOA_ERR_NOT_FOUND,
              "column 'wood' not found in group 'rows' for collection 'Orchard'");
    kit_fails(vector(conn, "1", "spacing=['x']"), STOA_ERR_TYPE,
              "Cannot update_vector_group: type mismatch for array 'spacing' index 0");
    kit_fails(series(conn, "1", "date_time=[@0] block=['x']"), STOA_ERR_TYPE,
              "Cannot update_time_series_group: column 'block' has type INTEGER but received TEXT");
    kit_fails(series(conn, "1", "date_time=[@0] tonnes=[1.0]"), STOA_ERR_INVALID,
              "Cannot update_time_series_group: row missing required 'block' column");
    kit_fails(series(conn, "1", "date_time=[@0 @0] block=[1 1]"), STOA_ERR_CONSTRAINT,
              "Failed to execute statement: UNIQUE constraint failed");
    kit_fails(series(conn, "1", "date_time=[@0 @0] block=[1 NULL]"), STOA_ERR_CONSTRAINT,
              "NOT NULL constraint failed: Orchard_time_series_yield.block");
    kit_fails(set(conn, "1", "region_sold_to=[1 1]"), STOA_ERR_CONSTRAINT, "UNIQUE");
    kit_fails(set(conn, "1", "region_sold_to=[NULL NULL]"), STOA_ERR_CONSTRAINT,
              "UNIQUE constraint failed: Orchard_set_buyers (rows that are equal");
    CHECK_INT(set(conn, "2", "region_sold_to=[NULL 1]"), STOA_OK);
    CHECK_ROWS(conn, ROWS, "1|1|1.0|x\n1|2|2.0|y\n2|1|9.0|NULL");
    CHECK_ROWS(conn, BUYERS, "1|1\n2|NULL\n2|1");
    CHECK_ROWS(conn, YIELD,
               "1|1970-01-01T00:00:00|1|1.0|NULL\n1|1970-01-01T00:00:00|2|2.0|NULL");
    stoa_db_close(db);
}

/* More rows than are bound one by one. */
static void many_rows_of_one_element(void)
{
    enum { COUNT = 20000 };
    const stoa_conn conn = orchard();
    int64_t *const at = calloc(COUNT, sizeof *at), *const block = calloc(COUNT, sizeof *block);
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = 2};
    stoa_column columns[2] = {{.name = "date_time", .name_size = STOA_NUL,
                               .type = STOA_TYPE_TIMESTAMP, .count = COUNT, .data = at,
                               .data_size = COUNT * 8},
                              {.name = "block", .name_size = STOA_NUL, .type = STOA_TYPE_INT64,
                               .count = COUNT, .data = block, .data_size = COUNT * 8}};

    for (int64_t i = 0; i < COUNT; i++) {
        at[i] = i * 1000000000;
        block[i] = i % 3;
    }
    app_must(stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_TIME_SERIES, "yield", 5, &key,
                              NULL, 0, columns, 2, COUNT, &kit_error),
             &kit_error, "write");
    CHECK_ROWS(conn,
               "SELECT count(*), min(date_time), max(date_time), sum(block) "
               "FROM Orchard_time_series_yield WHERE id = 2",
               "20000|1970-01-01T00:00:00|1970-01-01T05:33:19|19999");
    at[COUNT - 1] = 0;
    block[COUNT - 1] = 0;
    kit_fails(stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_TIME_SERIES, "yield", 5, &key,
                               NULL, 0, columns, 2, COUNT, &kit_error),
              STOA_ERR_CONSTRAINT, "UNIQUE constraint failed");
    CHECK_HAS(kit_error.text, "row 19999");
    columns[1].name = "spacing";
    columns[0].name = "spacing";
    kit_fails(stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_VECTOR, "rows", 4, &key, NULL,
                               0, columns, 2, COUNT, &kit_error),
              STOA_ERR_INVALID, "'spacing' was given twice");
    app_must(stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_VECTOR, "rows", 4, &key, NULL,
                              0, &columns[1], 1, COUNT, &kit_error),
             &kit_error, "vector");
    CHECK_ROWS(conn,
               "SELECT count(*), max(vector_index), sum(spacing), "
               "sum(spacing = (vector_index - 1) % 3) FROM Orchard_vector_rows WHERE id = 2",
               "20000|20000|19998.0|19999");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_time_series_yield WHERE id = 2", "20000");
    free(at);
    free(block);
    stoa_db_close(db);
}

static void one_column_of_a_vector(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "1", "spacing=[7.0 NULL]"),
              STOA_OK);
    CHECK_ROWS(conn, ROWS, "1|1|7.0|x\n1|2|NULL|y\n2|1|9.0|NULL");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "1", "spacing=[7.0]"),
              STOA_ERR_INVALID,
              "Cannot update_vector_floats: group 'rows' has other columns; use "
              "update_vector_group");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "1", "spacing=[]"),
              STOA_ERR_INVALID, "group 'rows' has other columns");
    CHECK_INT(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "'b'", "spacing=[1.0 2.0]"),
              STOA_OK);
    CHECK_INT(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "2", "spacing=[]"), STOA_OK);
    CHECK_ROWS(conn, ROWS, "1|1|7.0|x\n1|2|NULL|y");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "1", "wood=[1]"),
              STOA_ERR_NOT_FOUND, "Vector attribute 'wood' not found for collection 'Orchard'");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_SET, "1", "spacing=[1.0]"),
              STOA_ERR_NOT_FOUND, "Set attribute 'spacing' not found for collection 'Orchard'");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "1", "spacing=['x' 'y']"),
              STOA_ERR_TYPE,
              "Cannot update_vector_strings: type mismatch for array 'spacing' index 0");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_VECTOR, "5", "spacing=[1.0]"),
              STOA_ERR_NOT_FOUND, "Element not found: 5 in collection 'Orchard'");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_TIME_SERIES, "5", "tonnes=[1.0]"),
              STOA_ERR_INVALID, "kind is neither VECTOR nor SET");
    stoa_db_close(db);
}

static void one_column_of_a_set(void)
{
    const stoa_conn conn = kit_open(
        KIT_CONFIGURATION KIT_REGION KIT_ORCHARD KIT_BUYERS
        "CREATE TABLE Orchard_set_pairs (" KIT_PARENT ", a INTEGER, b INTEGER, UNIQUE(id, a, b));",
        &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    kit_made(conn, "Orchard", "label='a'");
    CHECK_INT(kit_attribute(conn, "Orchard", STOA_GROUP_SET, "1", "region_sold_to=['South']"),
              STOA_OK);
    CHECK_ROWS(conn, BUYERS, "1|2");
    CHECK_INT(kit_attribute(conn, "Orchard", STOA_GROUP_SET, "1", "region_sold_to=[]"), STOA_OK);
    CHECK_ROWS(conn, BUYERS, "");
    kit_fails(kit_attribute(conn, "Orchard", STOA_GROUP_SET, "1", "a=[1]"), STOA_ERR_INVALID,
              "Cannot update_set_integers: group 'pairs' has other columns; use update_set_group");
    stoa_db_close(db);
}

static stoa_status relate(stoa_conn conn, const char *attribute, const char *from, const char *to)
{
    return stoa_relation_write(conn, NO_OP, "Orchard", STOA_NUL, attribute, STOA_NUL, from,
                               STOA_NUL, to, STOA_NUL, &kit_error);
}

static void relations_by_label(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(relate(conn, "region_id", "a", "South"), STOA_OK);
    CHECK_INT(relate(conn, "orchard_neighbour", "a", "a"), STOA_OK);
    CHECK_ROWS(conn, "SELECT region_id, orchard_neighbour FROM Orchard", "2|1\nNULL|NULL");
    CHECK_INT(relate(conn, "region_id", "a", NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT region_id FROM Orchard", "NULL\nNULL");
    kit_fails(relate(conn, "region_id", "z", "South"), STOA_ERR_NOT_FOUND,
              "Element not found: 'z' in collection 'Orchard'");
    kit_fails(relate(conn, "region_id", "a", "West"), STOA_ERR_NOT_FOUND,
              "Target element not found: 'West' in collection 'Region'");
    kit_fails(relate(conn, "soil", "a", "West"), STOA_ERR_INVALID,
              "Cannot update_scalar_relation: attribute 'soil' is not a foreign key in collection "
              "'Orchard'");
    kit_fails(relate(conn, "wood", "a", "West"), STOA_ERR_NOT_FOUND,
              "Column 'wood' not found in table 'Orchard'");
    kit_fails(relate(conn, "region_id", NULL, "West"), STOA_ERR_INVALID, "from");
    stoa_db_close(db);
}

static void a_row_is_put_in_or_changed(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_upsert(conn, "yield", "2", "date_time='2024-01-01' block=1 tonnes=2.0", "merge"),
              STOA_OK);
    CHECK_INT(kit_upsert(conn, "yield", "'b'", "date_time=@1704067200000000000 block=1 grade=5",
                         "merge"),
              STOA_OK);
    CHECK_ROWS(conn, "SELECT * FROM Orchard_time_series_yield WHERE id = 2",
               "2|2024-01-01T00:00:00|1|2.0|5");
    CHECK_INT(kit_upsert(conn, "yield", "2", "date_time='2024-01-01' block=1 tonnes=NULL", "merge"),
              STOA_OK);
    CHECK_INT(kit_upsert(conn, "yield", "2", "date_time='2024-01-01' block=1", "merge"), STOA_OK);
    CHECK_ROWS(conn, "SELECT * FROM Orchard_time_series_yield WHERE id = 2",
               "2|2024-01-01T00:00:00|1|NULL|5");
    CHECK_INT(kit_upsert(conn, "yield", "2", "date_time='2024-01-01' block=1 tonnes=8.0",
                         "replace"),
              STOA_OK);
    CHECK_ROWS(conn, "SELECT * FROM Orchard_time_series_yield WHERE id = 2",
               "2|2024-01-01T00:00:00|1|8.0|NULL");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time='2024-01-01'", "merge"), STOA_ERR_INVALID,
              "Cannot upsert_time_series_row: row missing required 'block' column");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time='x' block=1", "merge"), STOA_ERR_TYPE,
              "'x' in column 'date_time' is not a date");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time=@0 block=1.5", "merge"), STOA_ERR_TYPE,
              "Cannot upsert_time_series_row: column 'block' has type INTEGER but received REAL");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time=@0 block=1 wood=1", "merge"),
              STOA_ERR_NOT_FOUND, "column 'wood' not found in group 'yield'");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time=@0 block=1 id=1", "merge"),
              STOA_ERR_NOT_FOUND, "column 'id' not found in group 'yield'");
    kit_fails(kit_upsert(conn, "yield", "3", "date_time=@0 block=1", "merge"), STOA_ERR_NOT_FOUND,
              "Element not found: 3 in collection 'Orchard'");
    kit_fails(kit_upsert(conn, "rows", "2", "date_time=@0 block=1", "merge"), STOA_ERR_NOT_FOUND,
              "Time series group 'rows' not found for collection 'Orchard'");
    kit_fails(kit_upsert(conn, "yield", "2", "date_time=@0 block=1", "upsert"), STOA_ERR_INVALID,
              "mode");
    stoa_db_close(db);
}

static void paths_of_files(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_files(conn, "Orchard", "", "merge"), STOA_OK);
    CHECK_ROWS(conn, FILES, "");
    CHECK_INT(kit_files(conn, "Orchard", "drone_images='a.bin'", "merge"), STOA_OK);
    CHECK_INT(kit_files(conn, "Orchard", "harvest_log='b.bin'", "merge"), STOA_OK);
    CHECK_ROWS(conn, FILES, "a.bin|b.bin");
    CHECK_INT(kit_files(conn, "Orchard", "drone_images=NULL", "merge"), STOA_OK);
    CHECK_ROWS(conn, FILES, "NULL|b.bin");
    CHECK_INT(kit_files(conn, "Orchard", "drone_images='c.bin'", "replace"), STOA_OK);
    CHECK_ROWS(conn, FILES, "c.bin|NULL");
    CHECK_INT(kit_files(conn, "Orchard", "", "replace"), STOA_OK);
    CHECK_ROWS(conn, FILES, "c.bin|NULL");
    kit_fails(kit_files(conn, "Orchard", "wood='x'", "merge"), STOA_ERR_NOT_FOUND,
              "Cannot update_time_series_files: column 'wood' not found in table "
              "'Orchard_time_series_files'");
    kit_fails(kit_files(conn, "Orchard", "drone_images=1", "merge"), STOA_ERR_TYPE,
              "Cannot update_time_series_files: type mismatch for column 'drone_images'");
    kit_fails(kit_files(conn, "Region", "x='y'", "merge"), STOA_ERR_NOT_FOUND,
              "Time series files table not found for collection 'Region'");
    stoa_db_close(db);
}

static void no_memory_changes_nothing(void)
{
    const stoa_conn conn = orchard();
    struct given *const given = given_words("region_sold_to=['South' 'North']");
    struct given *const row = given_words("date_time=@0 block=1 tonnes=7.0");
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1};
    stoa_status rc = STOA_ERR_NOMEM;

    for (int nth = 0; rc != STOA_OK; nth++) {
        stoa__mem_fail_nth = nth;
        rc = stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_SET, "buyers", 6, &key, NULL,
                              0, given->arrays, 1, 2, &kit_error);
        stoa__mem_fail_nth = -1;
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        kit_holds(conn, BUYERS, rc == STOA_OK ? "1|1\n1|2" : "1|1");
    }
    rc = STOA_ERR_NOMEM;
    for (int nth = 0; rc != STOA_OK; nth++) {
        stoa__mem_fail_nth = nth;
        rc = stoa_attribute_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_SET, &key, NULL, 0,
                                  given->arrays, &kit_error);
        stoa__mem_fail_nth = -1;
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
    }
    rc = STOA_ERR_NOMEM;
    for (int nth = 0; rc != STOA_OK; nth++) {
        stoa__mem_fail_nth = nth;
        rc = stoa_series_upsert(conn, NO_OP, "Orchard", 7, "yield", 5, &key, row->cells,
                                row->cell_count, row->bytes, row->size, NULL, 0, &kit_error);
        stoa__mem_fail_nth = -1;
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        kit_holds(conn, "SELECT tonnes FROM Orchard_time_series_yield WHERE block = 1",
                   rc == STOA_OK ? "7.0" : "1.0");
    }
    rc = STOA_ERR_NOMEM;
    for (int nth = 0; rc != STOA_OK; nth++) {
        stoa__mem_fail_nth = nth;
        rc = relate(conn, "region_id", "a", "South");
        stoa__mem_fail_nth = -1;
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
    }
    free(given);
    free(row);
    stoa_db_close(db);
}

TEST_MAIN({"a group is replaced as a whole", a_group_is_replaced_as_a_whole},
          {"a wrong group changes nothing", a_wrong_group_changes_nothing},
          {"many rows of one element", many_rows_of_one_element},
          {"one column of a vector", one_column_of_a_vector},
          {"one column of a set", one_column_of_a_set},
          {"relations by label", relations_by_label},
          {"a row is put in or changed", a_row_is_put_in_or_changed},
          {"paths of files", paths_of_files},
          {"no memory changes nothing", no_memory_changes_nothing})
