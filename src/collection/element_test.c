/* SPDX-License-Identifier: Apache-2.0 */
/* One element: made, changed, deleted; values of every type for columns of every type. */
#include "collection/write_kit.h"

static stoa_db db;

static stoa_conn orchard(void)
{
    const stoa_conn conn = kit_open(KIT_SCHEMA, &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    return conn;
}

#define SCALARS                                                                                   \
    "SELECT id, label, tree_count, area, date_planted, soil, region_id, orchard_neighbour "       \
    "FROM Orchard ORDER BY id"
#define ROWS "SELECT * FROM Orchard_vector_rows ORDER BY 1, 2"
#define BUYERS "SELECT * FROM Orchard_set_buyers ORDER BY 1, 2"
#define YIELD "SELECT * FROM Orchard_time_series_yield ORDER BY 1, 2, 3"
#define COUNT                                                                                     \
    "SELECT (SELECT count(*) FROM Orchard) + (SELECT count(*) FROM Orchard_vector_rows) + "       \
    "(SELECT count(*) FROM Orchard_set_buyers) + (SELECT count(*) FROM Orchard_time_series_yield)"

static void create_fails(stoa_conn conn, const char *words, stoa_status right, const char *text)
{
    int64_t id = 7;

    kit_fails(kit_create(conn, "Orchard", words, &id), right, text);
    CHECK_INT(id, 0);
    CHECK_ROWS(conn, COUNT, "0");
}

static void the_worked_example(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_made(conn, "Orchard",
                       "label='Hill' tree_count=120 area=2 date_planted='2019-03-01' soil=1 "
                       "region_id='North' spacing=[4.0 4.5] variety=['Gala' 'Fuji'] "
                       "region_sold_to=['North'] date_time=['2024-01-01' '2024-01-01T00:00:00Z'] "
                       "block=[2 1] tonnes=[1.5 2.5]"),
              1);
    CHECK_INT(kit_made(conn, "Orchard", "label='Dale' soil=2 orchard_neighbour='Hill'"), 2);
    CHECK_ROWS(conn, SCALARS,
               "1|Hill|120|2.0|2019-03-01T00:00:00|1|1|NULL\n2|Dale|0|NULL|NULL|2|NULL|1");
    CHECK_ROWS(conn, ROWS, "1|1|4.0|Gala\n1|2|4.5|Fuji");
    CHECK_ROWS(conn, BUYERS, "1|1");
    CHECK_ROWS(conn, YIELD,
               "1|2024-01-01T00:00:00|1|2.5|NULL\n1|2024-01-01T00:00:00|2|1.5|NULL");
    stoa_db_close(db);
}

/* ---- values ---- */

static void each_type_goes_where_it_belongs(void)
{
    static const struct {
        const char *words, *text;
    } wrong[] = {
        {"soil=1.0", "Cannot create_element: type mismatch for column 'soil': expected INTEGER, "
                     "got REAL"},
        {"soil='x'", "Cannot resolve attribute: 'soil' is INTEGER but received string 'x' (not a "
                     "foreign key)"},
        {"soil=@5", "type mismatch for column 'soil': expected INTEGER, got DATE_TIME"},
        {"area='x'", "type mismatch for column 'area': expected REAL, got TEXT"},
        {"area=#5", "type mismatch for column 'area': expected REAL, got DATE_TIME"},
        {"label=1", "type mismatch for column 'label': expected TEXT, got INTEGER"},
        {"label=1.5", "type mismatch for column 'label': expected TEXT, got REAL"},
        {"label=@1", "type mismatch for column 'label': expected TEXT, got DATE_TIME"},
        {"date_planted=1", "type mismatch for column 'date_planted': expected DATE_TIME, got "
                           "INTEGER"},
        {"date_planted=1.5", "type mismatch for column 'date_planted': expected DATE_TIME, got "
                             "REAL"},
        {"region_id=1.0", "type mismatch for column 'region_id': expected INTEGER, got REAL"},
        {"spacing=['x']", "type mismatch for array 'spacing' index 0: expected REAL, got TEXT"},
        {"variety=[NULL 2]", "type mismatch for array 'variety' index 1: expected TEXT, got "
                             "INTEGER"},
        {"region_sold_to=[1.5]", "type mismatch for array 'region_sold_to' index 0: expected "
                                 "INTEGER, got REAL"},
        {"date_time=[1] block=[1]", "type mismatch for array 'date_time' index 0: expected "
                                    "DATE_TIME, got INTEGER"},
        {"grade=['x'] date_time=[@0] block=[1]",
         "Cannot resolve attribute: 'grade' is INTEGER but received string 'x'"},
    };
    const stoa_conn conn = orchard();
    char words[256];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)snprintf(words, sizeof words, "%s%s",
                       strncmp(wrong[i].words, "label", 5) == 0 ? "" : "label='a' ",
                       wrong[i].words);
        create_fails(conn, words, STOA_ERR_TYPE, wrong[i].text);
    }
    stoa_db_close(db);
}

static void values_are_stored_as_they_are(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='  b ' soil=9223372036854775807 area=9007199254740992");
    kit_made(conn, "Orchard", "label='' soil=-9223372036854775808 area=inf");
    kit_made(conn, "Orchard",
             "label='\xc3\xa9' area=-0.0 soil=NULL region_id=NULL date_planted=NULL");
    CHECK_ROWS(conn, "SELECT '[' || label || ']', soil, area, typeof(area) FROM Orchard",
               "[  b ]|9223372036854775807|9007199254740992.0|real\n"
               "[]|-9223372036854775808|inf|real\n[\xc3\xa9]|NULL|0.0|real");
    kit_fails(kit_update(conn, "Orchard", "1", "area=9007199254740993"), STOA_ERR_TYPE,
              "Cannot update_element: 9007199254740993 in column 'area' has no exact REAL");
    kit_fails(kit_update(conn, "Orchard", "1", "area=9223372036854775807"), STOA_ERR_TYPE,
              "has no exact REAL");
    kit_fails(kit_update(conn, "Orchard", "1", "area=nan"), STOA_ERR_TYPE,
              "Cannot update_element: NaN in column 'area'");
    kit_fails(kit_update(conn, "Orchard", "1", "spacing=[1.0 nan]"), STOA_ERR_TYPE,
              "Cannot update_element: NaN in column 'spacing'; index 1");
    kit_set(conn, "nan", "null");
    CHECK_INT(kit_update(conn, "Orchard", "1", "area=nan spacing=[1.0 nan]"), STOA_OK);
    CHECK_ROWS(conn, "SELECT area FROM Orchard WHERE id = 1", "NULL");
    CHECK_ROWS(conn, "SELECT spacing FROM Orchard_vector_rows", "1.0\nNULL");
    stoa_db_close(db);
}

static void text_may_hold_a_nul_and_must_be_utf8(void)
{
    const stoa_conn conn = orchard();
    const uint8_t bytes[] = "labela\0b\xff";
    stoa_value cells[] = {{STOA_TYPE_NAME, 0, 0, 5}, {STOA_TYPE_TEXT, 0, 5, 3}};
    int64_t id;

    CHECK_INT(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 9, NULL, 0, &id,
                                  &kit_error),
              STOA_OK);
    CHECK_ROWS(conn, "SELECT hex(label) FROM Orchard", "610062");
    cells[1].b = 4;
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 9, NULL, 0, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "not UTF-8");
    cells[1].b = 5;
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 9, NULL, 0, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "not inside");
    stoa_db_close(db);
}

static void dates_get_one_spelling(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='a' date_planted='2024-02-29T12:30:00.250+02:00'");
    kit_made(conn, "Orchard", "label='b' date_planted=@1500000000");
    kit_made(conn, "Orchard", "label='c' date_planted=#19782");
    kit_made(conn, "Orchard", "label='d' date_time=['2024-01-02 03:04' '2024-01-02T03:04:05'] "
                              "block=[1 1]");
    CHECK_ROWS(conn, "SELECT date_planted FROM Orchard ORDER BY id",
               "2024-02-29T10:30:00.25\n1970-01-01T00:00:01.5\n2024-02-29T00:00:00\nNULL");
    CHECK_ROWS(conn, "SELECT date_time FROM Orchard_time_series_yield",
               "2024-01-02T03:04:00\n2024-01-02T03:04:05");
    kit_fails(kit_update(conn, "Orchard", "1", "date_planted='2024-02-31'"), STOA_ERR_TYPE,
              "Cannot update_element: '2024-02-31' in column 'date_planted' is not a date");
    kit_fails(kit_update(conn, "Orchard", "1", "date_time=['2024-01-01' 'no'] block=[1 2]"),
              STOA_ERR_TYPE, "'no' in column 'date_time' is not a date; index 1");
    kit_fails(kit_update(conn, "Orchard", "4",
                         "date_time=['2024-01-01' '2024-01-01T00:00Z'] block=[1 1]"),
              STOA_ERR_CONSTRAINT, "Failed to execute statement: UNIQUE constraint failed");
    kit_set(conn, "dates", "raw");
    CHECK_INT(kit_update(conn, "Orchard", "1", "date_planted='not-a-date'"), STOA_OK);
    CHECK_INT(kit_update(conn, "Orchard", "2", "date_planted='2024-01-01'"), STOA_OK);
    CHECK_ROWS(conn, "SELECT date_planted FROM Orchard WHERE id < 3", "not-a-date\n2024-01-01");
    stoa_db_close(db);
}

static void trimming_is_a_policy(void)
{
    const stoa_conn conn = orchard();

    kit_set(conn, "trim", "yes");
    kit_made(conn, "Orchard", "label=' \tHill\r\n ' region_id=' North ' variety=[' a ' 'b' ''] "
                              "date_planted=' 2024-01-01 '");
    CHECK_ROWS(conn, "SELECT '[' || label || ']', region_id, date_planted FROM Orchard",
               "[Hill]|1|2024-01-01T00:00:00");
    CHECK_ROWS(conn, "SELECT '[' || variety || ']' FROM Orchard_vector_rows", "[a]\n[b]\n[]");
    CHECK_INT(kit_update(conn, "Orchard", "' Hill '", "soil=3"), STOA_OK);
    stoa_db_close(db);
}

/* ---- relations ---- */

static void relations_take_ids_and_labels(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='a' region_id=2 region_sold_to=['South' 'North']");
    kit_made(conn, "Orchard", "label='b' region_id='South' orchard_neighbour='a'");
    kit_made(conn, "Orchard", "label='c' orchard_neighbour='c'");
    kit_made(conn, "Orchard", "id=40 label='d' orchard_neighbour='d'");
    CHECK_ROWS(conn, "SELECT id, region_id, orchard_neighbour FROM Orchard",
               "1|2|NULL\n2|2|1\n3|NULL|3\n40|NULL|40");
    CHECK_ROWS(conn, BUYERS, "1|1\n1|2");
    CHECK_INT(kit_update(conn, "Orchard", "'b'", "region_id=NULL orchard_neighbour='b'"), STOA_OK);
    CHECK_ROWS(conn, "SELECT region_id, orchard_neighbour FROM Orchard WHERE id = 2", "NULL|2");
    app_run(conn, "DELETE FROM Region WHERE id = 2");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard WHERE region_id IS NOT NULL", "0");
    CHECK_ROWS(conn, BUYERS, "1|1");
    stoa_db_close(db);
}

static void an_unknown_target_writes_nothing(void)
{
    const stoa_conn conn = orchard();

    create_fails(conn, "label='a' region_id='West'", STOA_ERR_NOT_FOUND,
                 "Failed to resolve label 'West' to ID in table 'Region'");
    create_fails(conn, "label='a' region_id=' North'", STOA_ERR_NOT_FOUND,
                 "Failed to resolve label ' North' to ID in table 'Region'");
    create_fails(conn, "label='a' region_sold_to=['North' 'West']", STOA_ERR_NOT_FOUND,
                 "Failed to resolve label 'West' to ID in table 'Region'");
    create_fails(conn, "label='a' orchard_neighbour='b'", STOA_ERR_NOT_FOUND,
                 "Failed to resolve label 'b' to ID in table 'Orchard'");
    create_fails(conn, "label='a' region_id=9", STOA_ERR_CONSTRAINT,
                 "Failed to execute statement: FOREIGN KEY constraint failed");
    create_fails(conn, "label='a' region_sold_to=[1 9]", STOA_ERR_CONSTRAINT,
                 "FOREIGN KEY constraint failed");
    stoa_db_close(db);
}

/* ---- create ---- */

static void ids_are_as_sqlite_gives_them_or_as_told(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_made(conn, "Orchard", "label='a' id=0"), 0);
    CHECK_INT(kit_made(conn, "Orchard", "label='b' id=-5 spacing=[1.0]"), -5);
    CHECK_INT(kit_made(conn, "Orchard", "label='c' id=1000000000000"), 1000000000000);
    CHECK_INT(kit_made(conn, "Orchard", "label='d'"), 1000000000001);
    app_run(conn, "DELETE FROM Orchard WHERE label = 'd'");
    CHECK_INT(kit_made(conn, "Orchard", "label='e' orchard_neighbour='e'"), 1000000000002);
    CHECK_INT(kit_made(conn, "Configuration", "label='x'"), 1);
    app_run(conn, "DELETE FROM Configuration");
    CHECK_INT(kit_made(conn, "Configuration", "label='y'"), 1);
    CHECK_ROWS(conn, "SELECT label, discount FROM Configuration", "y|0.1");
    CHECK_ROWS(conn, ROWS, "-5|1|1.0|NULL");
    stoa_db_close(db);
}

static void a_call_that_is_wrong_says_so(void)
{
    const stoa_conn conn = orchard();
    int64_t id;

    create_fails(conn, "", STOA_ERR_INVALID,
                 "Cannot create_element: element must have at least one scalar attribute");
    create_fails(conn, "spacing=[1.0]", STOA_ERR_INVALID, "at least one scalar attribute");
    create_fails(conn, "soil=1", STOA_ERR_CONSTRAINT,
                 "Failed to execute statement: NOT NULL constraint failed: Orchard.label");
    create_fails(conn, "label=NULL", STOA_ERR_CONSTRAINT,
                 "NOT NULL constraint failed: Orchard.label");
    create_fails(conn, "label='a' wood=1", STOA_ERR_NOT_FOUND,
                 "Column 'wood' not found in table 'Orchard'");
    create_fails(conn, "label='a' label='b'", STOA_ERR_INVALID, "'label' was given twice");
    create_fails(conn, "label='a' spacing=1.0", STOA_ERR_NOT_FOUND,
                 "Column 'spacing' not found in table 'Orchard'");
    create_fails(conn, "label='a' soil=[1]", STOA_ERR_NOT_FOUND,
                 "Cannot create_element: array 'soil' does not match any vector, set, or time "
                 "series table in collection 'Orchard'");
    create_fails(conn, "label='a' wood=[]", STOA_ERR_NOT_FOUND, "array 'wood' does not match");
    create_fails(conn, "label='a' id=[1]", STOA_ERR_NOT_FOUND, "array 'id' does not match");
    create_fails(conn, "label='a' vector_index=[1]", STOA_ERR_NOT_FOUND,
                 "array 'vector_index' does not match");
    create_fails(conn, "label='a' spacing=[1.0] variety=['x' 'y']", STOA_ERR_INVALID,
                 "Cannot create_element: vector columns in table 'Orchard_vector_rows' must have "
                 "the same length");
    create_fails(conn, "label='a' spacing=[1.0 2.0] variety=['x']", STOA_ERR_INVALID,
                 "must have the same length");
    create_fails(conn, "label='a' tonnes=[1.0] date_time=[@0]", STOA_ERR_INVALID,
                 "Cannot create_element: row missing required 'block' column");
    create_fails(conn, "label='a' spacing=[1.0] rows.spacing=[1.0]", STOA_ERR_INVALID,
                 "column 'spacing' of table 'Orchard_vector_rows' was given twice");
    kit_fails(kit_create(conn, "orchard", "label='a'", &id), STOA_ERR_NOT_FOUND,
              "Cannot create_element: collection not found: orchard");
    kit_fails(kit_create(conn, "Orchard_vector_rows", "label='a'", &id), STOA_ERR_NOT_FOUND,
              "collection not found: Orchard_vector_rows");
    stoa_db_close(db);
}

static void empty_arrays_are_skipped(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='a' spacing=[] variety=['x'] tonnes=[]");
    CHECK_ROWS(conn, ROWS, "1|1|NULL|x");
    CHECK_ROWS(conn, YIELD, "");
    stoa_db_close(db);
}

static void names_find_their_group(void)
{
    const stoa_conn conn = kit_open(
        KIT_CONFIGURATION KIT_REGION KIT_ORCHARD KIT_ROWS KIT_YIELD
        "CREATE TABLE Orchard_set_home (" KIT_PARENT ", region_a INTEGER REFERENCES Region(id) "
        "ON DELETE CASCADE ON UPDATE CASCADE, UNIQUE(id, region_a));"
        "CREATE TABLE Orchard_set_away (" KIT_PARENT ", region_a INTEGER REFERENCES Region(id) "
        "ON DELETE CASCADE ON UPDATE CASCADE, UNIQUE(id, region_a));"
        "CREATE TABLE Orchard_time_series_rain (" KIT_PARENT ", date_time TEXT NOT NULL, "
        "mm REAL NOT NULL, PRIMARY KEY (id, date_time)) STRICT;",
        &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    kit_fails(kit_create(conn, "Orchard", "label='a' soil.x=[1]", &(int64_t){0}),
              STOA_ERR_NOT_FOUND, "array 'soil.x'");
    kit_fails(kit_create(conn, "Orchard", "label='a' region_a=[1]", &(int64_t){0}),
              STOA_ERR_INVALID,
              "Cannot create_element: array 'region_a' matches several group tables "
              "(Orchard_set_away, Orchard_set_home); write 'group.column'");
    kit_fails(kit_create(conn, "Orchard", "label='a' date_time=[@0]", &(int64_t){0}),
              STOA_ERR_INVALID, "array 'date_time' matches several group tables");
    kit_made(conn, "Orchard", "label='a' away.region_a=['South'] date_time=[@0] mm=[1.0]");
    CHECK_ROWS(conn, "SELECT * FROM Orchard_set_away", "1|2");
    CHECK_ROWS(conn, "SELECT * FROM Orchard_set_home", "");
    CHECK_ROWS(conn, "SELECT * FROM Orchard_time_series_rain", "1|1970-01-01T00:00:00|1.0");
    CHECK_ROWS(conn, YIELD, "");
    kit_made(conn, "Orchard",
             "label='b' date_time=[@0] mm=[1.0] block=[1] tonnes=[2.0]");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_time_series_yield", "1");
    kit_set(conn, "arrays", "fan_out");
    kit_made(conn, "Orchard", "label='c' region_a=['North']");
    CHECK_ROWS(conn, "SELECT * FROM Orchard_set_away UNION ALL SELECT * FROM Orchard_set_home",
               "1|2\n3|1\n3|1");
    stoa_db_close(db);
}

/* ---- update, delete ---- */

static void an_update_changes_what_it_names(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='a' soil=1 area=2.0 spacing=[1.0 2.0] variety=['x' 'y'] "
                              "region_sold_to=[1 2] date_time=[@0] block=[1] tonnes=[1.0]");
    CHECK_INT(kit_update(conn, "Orchard", "'a'", "soil=NULL spacing=[3.0]"), STOA_OK);
    CHECK_ROWS(conn, SCALARS, "1|a|0|2.0|NULL|NULL|NULL|NULL");
    CHECK_ROWS(conn, ROWS, "1|1|3.0|NULL");
    CHECK_ROWS(conn, BUYERS, "1|1\n1|2");
    CHECK_INT(kit_update(conn, "Orchard", "1", "region_sold_to=[] tonnes=[] date_time=[] block=[]"),
              STOA_OK);
    CHECK_ROWS(conn, BUYERS, "");
    CHECK_ROWS(conn, YIELD, "");
    CHECK_INT(kit_update(conn, "Orchard", "1", "id=9 variety=['z']"), STOA_OK);
    CHECK_ROWS(conn, ROWS, "9|1|NULL|z");
    kit_fails(kit_update(conn, "Orchard", "9", ""), STOA_ERR_INVALID,
              "Cannot update_element: element must have at least one attribute to update");
    kit_fails(kit_update(conn, "Orchard", "1", "soil=1"), STOA_ERR_NOT_FOUND,
              "Element not found: 1 in collection 'Orchard'");
    kit_fails(kit_update(conn, "Orchard", "'b'", "soil=1"), STOA_ERR_NOT_FOUND,
              "Element not found: 'b' in collection 'Orchard'");
    kit_fails(kit_update(conn, "Orchard", "9.5", "soil=1"), STOA_ERR_INVALID,
              "a key is an id (int64) or a label (text), not float64");
    kit_fails(kit_update(conn, "Orchard", "9", "label=NULL"), STOA_ERR_CONSTRAINT, "NOT NULL");
    kit_fails(kit_update(conn, "Orchard", "9", "spacing=[1.0] variety=[]"), STOA_ERR_INVALID,
              "must have the same length");
    CHECK_ROWS(conn, ROWS, "9|1|NULL|z");
    stoa_db_close(db);
}

static void a_delete_takes_all_that_belongs_to_it(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard",
             "label='a' spacing=[1.0] region_sold_to=[1] date_time=[@0] block=[1]");
    kit_made(conn, "Orchard", "label='b' orchard_neighbour='a'");
    CHECK_INT(kit_delete(conn, "Orchard", "'a'"), STOA_OK);
    CHECK_ROWS(conn, COUNT, "1");
    CHECK_ROWS(conn, "SELECT orchard_neighbour FROM Orchard", "NULL");
    kit_fails(kit_delete(conn, "Orchard", "1"), STOA_ERR_NOT_FOUND,
              "Element not found: 1 in collection 'Orchard'");
    kit_fails(kit_delete(conn, "Wood", "1"), STOA_ERR_NOT_FOUND,
              "Cannot delete_element: collection not found: Wood");
    stoa_db_close(db);
}

static void a_failure_leaves_nothing_and_the_transaction_goes_on(void)
{
    const stoa_conn conn = orchard();

    kit_made(conn, "Orchard", "label='a' spacing=[1.0]");
    app_run(conn, "BEGIN");
    kit_made(conn, "Orchard", "label='b'");
    kit_fails(kit_create(conn, "Orchard", "label='a'", &(int64_t){0}), STOA_ERR_CONSTRAINT,
              "Failed to execute statement: UNIQUE constraint failed: Orchard.label");
    kit_fails(kit_create(conn, "Orchard", "label='c' region_sold_to=[1 1]", &(int64_t){0}),
              STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Orchard_set_buyers.id");
    kit_fails(kit_update(conn, "Orchard", "'a'", "soil=5 spacing=[7.0] region_sold_to=[2 2]"),
              STOA_ERR_CONSTRAINT, "UNIQUE constraint failed");
    CHECK_ROWS(conn, "SELECT label, soil FROM Orchard", "a|NULL\nb|NULL");
    CHECK_ROWS(conn, ROWS, "1|1|1.0|NULL");
    kit_made(conn, "Orchard", "label='d'");
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "a\nb\nd");
    stoa_db_close(db);
}

static void a_database_for_reading_refuses(void)
{
    char *path = test_path("a.db");
    stoa_db plain = app_open(path, NULL);
    stoa_conn conn = app_connect(plain);

    app_run(conn, KIT_SCHEMA);
    kit_made(conn, "Orchard", "label='a'");
    stoa_conn_close(conn);
    app_shutdown(plain);
    plain = app_open(path, "read_only=yes");
    conn = app_connect(plain);
    kit_fails(kit_create(conn, "Orchard", "label='b'", &(int64_t){0}), STOA_ERR_READ_ONLY,
              "Failed to execute statement: attempt to write a readonly database");
    kit_fails(kit_update(conn, "Orchard", "1", "spacing=[1.0]"), STOA_ERR_READ_ONLY,
              "attempt to write a readonly database");
    kit_fails(kit_delete(conn, "Orchard", "'a'"), STOA_ERR_READ_ONLY,
              "attempt to write a readonly database");
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "a");
    stoa_db_close(plain);
    free(path);
}

static void no_memory_leaves_nothing(void)
{
    const stoa_conn conn = orchard();
    struct given *const given =
        given_words("label='Hill' area=2 region_id='North' orchard_neighbour='Hill' "
                    "date_planted='2024-01-01' spacing=[4.0 4.5] variety=['Gala' NULL] "
                    "region_sold_to=['North' NULL] date_time=[@5] block=[1]");

    for (int nth = 0;; nth++) {
        int64_t id;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_element_create(conn, NO_OP, "Orchard", 7, given->cells, given->cell_count,
                                 given->bytes, given->size, given->arrays, given->array_count, &id,
                                 &kit_error);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth > 10);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_ROWS(conn, COUNT, "0");
    }
    CHECK_ROWS(conn, COUNT, "6");
    free(given);
    for (int nth = 0;; nth++) {
        struct given *const change =
            given_words("soil=1 region_id='South' spacing=[1.0] region_sold_to=['South'] "
                        "date_time=[] block=[]");
        const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1};
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_element_update(conn, NO_OP, "Orchard", 7, &key, change->cells,
                                 change->cell_count, change->bytes, change->size, change->arrays,
                                 change->array_count, &kit_error);
        stoa__mem_fail_nth = -1;
        free(change);
        if (rc == STOA_OK)
            break;
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_ROWS(conn, COUNT, "6");
        CHECK_ROWS(conn, "SELECT soil, region_id FROM Orchard", "NULL|1");
    }
    for (int nth = 0;; nth++) {
        stoa_value key = {.type = STOA_TYPE_TEXT, .b = 4};
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_element_delete(conn, NO_OP, "Orchard", 7, &key, (const uint8_t *)"Hill", 4,
                                 &kit_error);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK)
            break;
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_ROWS(conn, COUNT, "3");
    }
    CHECK_ROWS(conn, COUNT, "0");
    stoa_db_close(db);
}

static void descriptors_are_checked(void)
{
    const stoa_conn conn = orchard();
    const stoa_value cells[] = {{STOA_TYPE_NAME, 0, 0, 5}, {STOA_TYPE_TEXT, 0, 5, 1}};
    const stoa_value nameless[] = {{STOA_TYPE_INT64, 0, 1, 0}, {STOA_TYPE_TEXT, 0, 5, 1}};
    const uint8_t *const bytes = (const uint8_t *)"labela";
    double data[2] = {1, 2};
    stoa_column array = {"spacing", STOA_NUL, STOA_TYPE_FLOAT64, STOA_LAYOUT_FIXED, 2, data, 15,
                         NULL, NULL, NULL};
    int64_t id;

    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 6, &array, 1, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "data_size is 15");
    array.data_size = 16;
    array.name = NULL;
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 6, &array, 1, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "name");
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 1, bytes, 6, NULL, 0, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "cells are not names and values");
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, nameless, 2, bytes, 6, NULL, 0, &id,
                                  &kit_error),
              STOA_ERR_INVALID, "has no name");
    kit_fails(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 2, bytes, 6, NULL, 0, NULL,
                                  &kit_error),
              STOA_ERR_INVALID, "id is NULL");
    kit_fails(stoa_element_update(conn, NO_OP, "Orchard", 7, NULL, cells, 2, bytes, 6, NULL, 0,
                                  &kit_error),
              STOA_ERR_INVALID, "key is NULL");
    CHECK_ROWS(conn, COUNT, "0");
    stoa_db_close(db);
}

TEST_MAIN({"the worked example", the_worked_example},
          {"each type goes where it belongs", each_type_goes_where_it_belongs},
          {"values are stored as they are", values_are_stored_as_they_are},
          {"text may hold a NUL and must be UTF-8", text_may_hold_a_nul_and_must_be_utf8},
          {"dates get one spelling", dates_get_one_spelling},
          {"trimming is a policy", trimming_is_a_policy},
          {"relations take ids and labels", relations_take_ids_and_labels},
          {"an unknown target writes nothing", an_unknown_target_writes_nothing},
          {"ids are as SQLite gives them or as told", ids_are_as_sqlite_gives_them_or_as_told},
          {"a call that is wrong says so", a_call_that_is_wrong_says_so},
          {"empty arrays are skipped", empty_arrays_are_skipped},
          {"names find their group", names_find_their_group},
          {"an update changes what it names", an_update_changes_what_it_names},
          {"a delete takes all that belongs to it", a_delete_takes_all_that_belongs_to_it},
          {"a failure leaves nothing and the transaction goes on",
           a_failure_leaves_nothing_and_the_transaction_goes_on},
          {"a database for reading refuses", a_database_for_reading_refuses},
          {"no memory leaves nothing", no_memory_leaves_nothing},
          {"descriptors are checked", descriptors_are_checked})
