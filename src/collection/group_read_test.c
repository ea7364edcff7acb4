/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of whole groups. */
#include "base/mem.h"
#include "collection/read_kit.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void open_sample(void)
{
    conn = kit_open(KIT_SCHEMA READ_DATA, &db);
}

#define DAY INT64_C(86400000000000)
#define HOUR INT64_C(3600000000000)

static void vectors_come_by_index(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_group, "-5|1|NULL|NULL\n1|1|4.0|Gala\n1|2|NULL|Fuji\n1|3|4.5|NULL",
               .kind = STOA_GROUP_VECTOR, .group = "rows");
    CHECK_READ(conn, try_group, "1|1|Gala\n1|2|Fuji\n1|3|NULL", .kind = STOA_GROUP_VECTOR,
               .group = "rows", .names = "variety", .keys = "1");
    CHECK_READ(conn, try_group, "", .kind = STOA_GROUP_VECTOR, .group = "rows", .keys = "'Dale");
    CHECK_READ(conn, try_group, "-5|1|NULL|NULL\n1|1|4.0|Gala\n1|2|NULL|Fuji\n1|3|4.5|NULL",
               .group = "rows", .keys = "1 -5 3 1");
    kit_must(try_group(conn, &(struct ask){.group = "rows"}, &result, &err), &err, "read");
    check_schema(result, "l:id l:vector_index g?:spacing u?:variety", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void sets_come_as_they_were_inserted(void)
{
    open_sample();
    CHECK_READ(conn, try_group, "-5|2\n1|2\n1|1", .kind = STOA_GROUP_SET, .group = "buyers");
    CHECK_READ(conn, try_group, "1|South\n1|North", .kind = STOA_GROUP_SET, .group = "buyers",
               .keys = "1", .settings = "relations=label");
    stoa_db_close(db);
}

static void series_come_by_all_their_dimensions(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_group,
               "-5|2024-01-02T06:00:00Z|1|9.0|NULL\n1|2024-01-01T00:00:00Z|1|2.5|10\n"
               "1|2024-01-01T00:00:00Z|2|1.5|NULL\n1|2024-01-02T00:00:00Z|1|3.0|30\n"
               "1|2024-01-03T12:30:00Z|1|NULL|40",
               .kind = STOA_GROUP_TIME_SERIES, .group = "yield");
    CHECK_READ(conn, try_group, "1|2024-01-01T00:00:00|2|NULL", .group = "yield",
               .names = "grade", .keys = "1", .cells = "block 2", .settings = "dates=text");
    CHECK_READ(conn, try_group, "1|2024-01-01T00:00:00Z|1|10\n1|2024-01-01T00:00:00Z|2|NULL",
               .group = "yield", .names = "grade", .cells = "date_time 2024-01-01");
    kit_must(try_group(conn, &(struct ask){.group = "yield"}, &result, &err), &err, "read");
    check_schema(result, "l:id tsn:UTC:date_time l:block g?:tonnes l?:grade", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void ranges_hold_their_begin_and_not_their_end(void)
{
    const int64_t first = 19723 * DAY; /* 2024-01-01 */

    open_sample();
    CHECK_READ(conn, try_group, "1|2024-01-01T00:00:00Z|1|10\n1|2024-01-01T00:00:00Z|2|NULL",
               .group = "yield", .names = "grade", .ranged = true, .begin = first,
               .end = first + DAY);
    CHECK_READ(conn, try_group, "-5|2024-01-02T06:00:00Z|1|NULL\n1|2024-01-02T00:00:00Z|1|30",
               .group = "yield", .names = "grade", .ranged = true, .begin = first + 1,
               .end = first + 2 * DAY + 12 * HOUR);
    CHECK_READ(conn, try_group, "1|2024-01-03T12:30:00Z|1|40", .group = "yield", .names = "grade",
               .ranged = true, .begin = first + 2 * DAY + 12 * HOUR + HOUR / 2, .end = INT64_MAX);
    CHECK_READ(conn, try_group, "", .group = "yield", .ranged = true, .begin = INT64_MIN,
               .end = first);
    CHECK_READ(conn, try_group, "", .group = "yield", .ranged = true, .begin = first, .end = first);
    app_run(conn, "INSERT INTO Orchard_time_series_yield (id, date_time, block) VALUES "
                  "(3, '2024-01-01', 1), (3, '2024-01-02 00:00', 1)");
    CHECK_READ(conn, try_group, "3|2024-01-01|1|NULL", .group = "yield", .names = "grade",
               .settings = "dates=text", .keys = "3", .ranged = true, .begin = first,
               .end = first + DAY);
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_INVALID,
                     "Cannot read_vector_group: group 'rows' has no dates to be between",
                     .group = "rows", .ranged = true, .begin = 0, .end = 1);
    stoa_db_close(db);
}

static void what_a_group_lacks_is_told(void)
{
    open_sample();
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Vector group not found: 'buyers' in collection 'Orchard'",
                     .kind = STOA_GROUP_VECTOR, .group = "buyers");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Set group not found: 'rows' in collection 'Orchard'", .kind = STOA_GROUP_SET,
                     .group = "rows");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Time series group not found: 'rows' in collection 'Orchard'",
                     .kind = STOA_GROUP_TIME_SERIES, .group = "rows");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Group not found: 'none' in collection 'Orchard'", .group = "none");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Cannot read_vector_group: column 'colour' not found in group 'rows' for "
                     "collection 'Orchard'",
                     .group = "rows", .names = "colour");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_INVALID,
                     "Cannot read_vector_group: column 'vector_index' is managed by the group "
                     "table, not a value column",
                     .group = "rows", .names = "vector_index");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Element not found: 2 in collection 'Orchard'", .group = "rows",
                     .keys = "1 2");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Cannot read_time_series_group: 'tonnes' is not a dimension of group 'yield'",
                     .group = "yield", .cells = "tonnes 3");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_TYPE,
                     "Cannot read_time_series_group: column 'block' has type INTEGER but received "
                     "TEXT",
                     .group = "yield", .cells = "block 'one");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_INVALID,
                     "Cannot read_time_series_group: date_time 1: 'never' is not a date",
                     .group = "yield", .cells = "date_time 'never");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_INVALID, "kind is 4, not a STOA_GROUP", .kind = 4,
                     .group = "yield");
    stoa_db_close(db);
}

static void a_group_without_rowids_and_three_dimensions(void)
{
    conn = kit_open(
        KIT_CONFIGURATION KIT_REGION
        "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"
        "CREATE TABLE A_time_series_s (value REAL, region_id INTEGER NOT NULL "
        "REFERENCES Region(id) "
        "ON DELETE CASCADE ON UPDATE CASCADE, name TEXT NOT NULL, date_time TEXT NOT NULL, "
        "id INTEGER NOT NULL REFERENCES A(id) ON DELETE CASCADE ON UPDATE CASCADE, "
        "PRIMARY KEY (id, region_id, date_time, name)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE A_set_t (id INTEGER NOT NULL REFERENCES A(id) ON DELETE CASCADE "
        "ON UPDATE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (id, tag), UNIQUE (id, tag)) STRICT, "
        "WITHOUT ROWID;"
        "INSERT INTO Region VALUES (7, 'North'), (8, 'South'); INSERT INTO A VALUES (1, 'a');"
        "INSERT INTO A_time_series_s VALUES (1, 8, 'x', '2024-01-01T00:00:00', 1), "
        "(2, 7, 'y', '2024-01-02T00:00:00', 1), (3, 7, 'x', '2024-01-02T00:00:00', 1);"
        "INSERT INTO A_set_t VALUES (1, 'z'), (1, 'b')",
        &db);
    CHECK_READ(conn, try_group,
               "1|2024-01-02T00:00:00Z|7|x|3.0\n1|2024-01-02T00:00:00Z|7|y|2.0\n"
               "1|2024-01-01T00:00:00Z|8|x|1.0",
               .collection = "A", .group = "s");
    CHECK_READ(conn, try_group, "1|2024-01-02T00:00:00Z|North|x|3.0", .collection = "A",
               .group = "s", .cells = "name 'x region_id 'North", .settings = "relations=label");
    CHECK_READ_FAILS(conn, try_group, STOA_ERR_NOT_FOUND,
                     "Failed to resolve label 'West' to ID in table 'Region'", .collection = "A",
                     .group = "s", .cells = "region_id 'West");
    CHECK_READ(conn, try_group, "1|b\n1|z", .collection = "A", .group = "t");
    CHECK_READ(conn, try_elements, "1|[\"b\",\"z\"]|[3.0,2.0,1.0]|[\"North\",\"North\",\"South\"]",
               .collection = "A", .names = "tag value region_id", .settings = "relations=label");
    stoa_db_close(db);
}

TEST_MAIN({"vectors come by index", vectors_come_by_index},
          {"sets come as they were inserted", sets_come_as_they_were_inserted},
          {"series come by all their dimensions", series_come_by_all_their_dimensions},
          {"ranges hold their begin and not their end", ranges_hold_their_begin_and_not_their_end},
          {"what a group lacks is told", what_a_group_lacks_is_told},
          {"a group without row ids and with three dimensions",
           a_group_without_rowids_and_three_dimensions})
