/* SPDX-License-Identifier: Apache-2.0 */
/* Whole elements, paths of files, single answers. */
#include "base/mem.h"
#include "collection/read_kit.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void open_sample(void)
{
    conn = kit_open(KIT_SCHEMA READ_DATA, &db);
}

/* ---- packed values as text ---- */

static void put_value(FILE *text, const stoa_rows *rows, const stoa_value *value)
{
    double number;

    switch (value->type) {
    case STOA_TYPE_NULL:
        fprintf(text, "NULL");
        break;
    case STOA_TYPE_INT64:
        fprintf(text, "%lld", (long long)value->a);
        break;
    case STOA_TYPE_TIMESTAMP:
        fprintf(text, "@%lld", (long long)value->a);
        break;
    case STOA_TYPE_FLOAT64:
        memcpy(&number, &value->a, sizeof number);
        fprintf(text, "%g", number);
        break;
    case STOA_TYPE_TEXT:
        CHECK(value->a >= 0 && value->a + value->b <= rows->bytes_size);
        fprintf(text, "%.*s", (int)value->b, (const char *)rows->bytes + value->a);
        break;
    case STOA_TYPE_LIST:
        CHECK(value->a >= rows->row_count * rows->column_count);
        fputc('[', text);
        for (int64_t i = 0; i < value->b; i++) {
            fprintf(text, "%s", i > 0 ? "," : "");
            put_value(text, rows, &rows->values[value->a + i]);
        }
        fputc(']', text);
        break;
    default:
        CHECK_TEXT(stoa_type_name(value->type), "a type of elements");
    }
}

/* "name=value" a line. */
static char *rows_text(const stoa_rows *rows)
{
    size_t size = 0;
    char *out = NULL;
    FILE *text = open_memstream(&out, &size);

    CHECK_INT(rows->column_count, 2);
    for (int64_t i = 0; i < rows->row_count; i++) {
        CHECK_INT(rows->values[2 * i].type, STOA_TYPE_TEXT);
        fprintf(text, "%s", i > 0 ? "\n" : "");
        put_value(text, rows, &rows->values[2 * i]);
        fputc('=', text);
        put_value(text, rows, &rows->values[2 * i + 1]);
    }
    fclose(text);
    return out;
}

static stoa_status try_element(const char *key, const char *settings, stoa_rows *rows)
{
    const struct ask ask = {.keys = key, .settings = settings};
    struct asked a;

    ask_pack(&ask, &a);
    return stoa_element_read(conn, NO_OP, "Orchard", STOA_NUL, a.pack.values, a.pack.bytes,
                             a.pack.size, a.options, a.option_count, rows, &err);
}

static void check_element(const char *key, const char *settings, const char *right)
{
    stoa_rows rows;
    char *text;

    kit_must(try_element(key, settings, &rows), &err, key);
    text = rows_text(&rows);
    CHECK_TEXT(text, right);
    free(text);
}

#define HILL_SCALARS                                                                    \
    "id=1\nlabel=Hill\ntree_count=120\narea=2.5\ndate_planted=@1551398400000000000\n"    \
    "soil=1\nregion_id=1\norchard_neighbour=NULL"

static void an_element_is_read_whole(void)
{
    open_sample();
    check_element("1", NULL,
                  HILL_SCALARS
                  "\nspacing=[4,NULL,4.5]\nvariety=[Gala,Fuji,NULL]\nregion_sold_to=[2,1]\n"
                  "date_time=[@1704067200000000000,@1704067200000000000,@1704153600000000000,"
                  "@1704285000000000000]\nblock=[1,2,1,1]\ntonnes=[2.5,1.5,3,NULL]\n"
                  "grade=[10,NULL,30,40]");
    check_element("'Dale", "dates=text relations=label",
                  "id=3\nlabel=Dale\ntree_count=0\narea=NULL\ndate_planted=NULL\nsoil=NULL\n"
                  "region_id=NULL\norchard_neighbour=Hill\nspacing=[]\nvariety=[]\n"
                  "region_sold_to=[]\ndate_time=[]\nblock=[]\ntonnes=[]\ngrade=[]");
    stoa_db_close(db);
}

static void parts_of_an_element_are_read(void)
{
    open_sample();
    check_element("1", "groups=none", HILL_SCALARS);
    check_element("1", "groups=scalar", HILL_SCALARS);
    check_element("1", "groups=vector", "spacing=[4,NULL,4.5]\nvariety=[Gala,Fuji,NULL]");
    check_element("1", "groups=set relations=label", "region_sold_to=[South,North]");
    check_element("-5", "groups=time_series dates=text",
                  "date_time=[2024-01-02T06:00:00]\nblock=[1]\ntonnes=[9]\ngrade=[NULL]");
    stoa_db_close(db);
}

static void a_name_of_several_groups_is_spelt_out(void)
{
    open_sample();
    app_run(conn, "CREATE TABLE Orchard_time_series_rain (" KIT_PARENT ", date_time TEXT NOT NULL, "
                  "mm REAL, PRIMARY KEY (id, date_time)) STRICT");
    check_element("3", "groups=time_series",
                  "rain.date_time=[]\nmm=[]\nyield.date_time=[]\nblock=[]\ntonnes=[]\ngrade=[]");
    stoa_db_close(db);
}

static void an_element_that_is_missing_is_not_found(void)
{
    stoa_rows rows;

    open_sample();
    CHECK_INT(try_element("2", NULL, &rows), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Element not found: 2 in collection 'Orchard'");
    CHECK_INT(rows.row_count, 0);
    CHECK_INT(try_element("'hill", NULL, &rows), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Element not found: 'hill' in collection 'Orchard'");
    app_run(conn, "UPDATE Orchard SET date_planted = 'soon' WHERE id = 1");
    CHECK_INT(try_element("1", NULL, &rows), STOA_ERR_TYPE);
    CHECK_TEXT(err.text,
               "Cannot read_element: element 1: 'soon' in column 'date_planted' is not a date");
    CHECK_INT(stoa_element_read(conn, NO_OP, "Orchard", STOA_NUL, NULL, NULL, 0, NULL, 0, &rows,
                                &err),
              STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "key is NULL");
    CHECK_INT(stoa_element_read(conn, NO_OP, "Orchard", STOA_NUL,
                                &(stoa_value){.type = STOA_TYPE_FLOAT64}, NULL, 0, NULL, 0, &rows,
                                &err),
              STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "key 1 is float64: a key is an id (int64) or a label (text)");
    stoa_db_close(db);
}

/* ---- files ---- */

static void paths_are_read(void)
{
    stoa_rows rows;
    char *text;

    open_sample();
    kit_must(stoa_files_read(conn, NO_OP, "Orchard", STOA_NUL, &rows, &err), &err, "files");
    text = rows_text(&rows);
    CHECK_TEXT(text, "drone_images=NULL\nharvest_log=NULL");
    free(text);
    app_run(conn, "INSERT INTO Orchard_time_series_files VALUES ('a/b.tif', NULL)");
    kit_must(stoa_files_read(conn, NO_OP, "Orchard", STOA_NUL, &rows, &err), &err, "files");
    text = rows_text(&rows);
    CHECK_TEXT(text, "drone_images=a/b.tif\nharvest_log=NULL");
    free(text);
    CHECK_INT(stoa_files_read(conn, NO_OP, "Region", STOA_NUL, &rows, &err), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Time series files table not found for collection 'Region'");
    CHECK_INT(stoa_files_read(conn, NO_OP, "None", STOA_NUL, &rows, &err), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Cannot read_time_series_files: collection not found: None");
    stoa_db_close(db);
}

/* ---- single answers ---- */

static char *query_text(const char *sql, int32_t type, const char *params)
{
    struct pack pack = {0};
    stoa_rows rows;
    size_t size = 0;
    char *out = NULL;
    FILE *text;

    pack_words(&pack, params, true);
    kit_must(stoa_query_cell(conn, NO_OP, sql, STOA_NUL, pack.values, pack.count, pack.bytes,
                             pack.size, type, &rows, &err),
             &err, sql);
    CHECK(rows.row_count == 1 && rows.column_count == 1);
    text = open_memstream(&out, &size);
    put_value(text, &rows, rows.values);
    fclose(text);
    return out;
}

static void check_query(const char *sql, int32_t type, const char *params, const char *right)
{
    char *text = query_text(sql, type, params);

    CHECK_TEXT(text, right);
    free(text);
}

static void a_query_answers_the_type_asked_for_or_nothing(void)
{
    open_sample();
    check_query("SELECT 5", STOA_TYPE_INT64, NULL, "5");
    check_query("SELECT 5", STOA_TYPE_FLOAT64, NULL, "5");
    check_query("SELECT 5", STOA_TYPE_TEXT, NULL, "NULL");
    check_query("SELECT 2.5", STOA_TYPE_INT64, NULL, "NULL");
    check_query("SELECT 2.5, 'more'", STOA_TYPE_FLOAT64, NULL, "2.5");
    check_query("SELECT 'a'", STOA_TYPE_TEXT, NULL, "a");
    check_query("SELECT 'a'", STOA_TYPE_INT64, NULL, "NULL");
    check_query("SELECT NULL", STOA_TYPE_TEXT, NULL, "NULL");
    check_query("SELECT 1 WHERE 0", STOA_TYPE_INT64, NULL, "NULL");
    check_query("SELECT date_planted FROM Orchard WHERE id = 1", STOA_TYPE_TIMESTAMP, NULL,
                "@1551398400000000000");
    check_query("SELECT 7", STOA_TYPE_TIMESTAMP, NULL, "NULL");
    check_query("SELECT count(*) FROM Orchard; -- all of them", STOA_TYPE_FLOAT64, NULL, "3");
    check_query("SELECT area FROM Orchard WHERE label = ?1", STOA_TYPE_FLOAT64, "'Hill", "2.5");
    check_query("SELECT ?1 + ?1", STOA_TYPE_INT64, "4", "8");
    check_query("UPDATE Orchard SET soil = 9 WHERE id = 1 RETURNING soil", STOA_TYPE_INT64, NULL,
                "9");
    check_query("INSERT INTO Region (label) VALUES ('West')", STOA_TYPE_INT64, NULL, "NULL");
    check_query("PRAGMA user_version", STOA_TYPE_INT64, NULL, "0");
    CHECK_ROWS(conn, "SELECT count(*), (SELECT soil FROM Orchard WHERE id = 1) FROM Region", "3|9");
    stoa_db_close(db);
}

static void check_no_query(const char *sql, int32_t type, const char *params, stoa_status status,
                           const char *text)
{
    struct pack pack = {0};
    stoa_rows rows;

    pack_words(&pack, params, true);
    CHECK_INT(stoa_query_cell(conn, NO_OP, sql, STOA_NUL, pack.values, pack.count, pack.bytes,
                              pack.size, type, &rows, &err),
              status);
    CHECK_HAS(err.text, text);
    CHECK_INT(rows.row_count, 0);
}

static void what_a_query_cannot_answer_is_told(void)
{
    open_sample();
    check_no_query("SELECT X'00'", STOA_TYPE_TEXT, NULL, STOA_ERR_TYPE,
                   "Failed to execute statement: BLOB type not supported");
    check_no_query("SELECT ?1", STOA_TYPE_INT64, NULL, STOA_ERR_INVALID,
                   "Failed to execute statement: expected 1 bound parameter(s) but got 0");
    check_no_query("SELECT ?1", STOA_TYPE_INT64, "1 2", STOA_ERR_INVALID,
                   "Failed to execute statement: expected 1 bound parameter(s) but got 2");
    check_no_query("SELECT nix", STOA_TYPE_INT64, NULL, STOA_ERR_NOT_FOUND,
                   "Failed to prepare statement: no such column: nix");
    check_no_query("SELECT 1; SELECT 2", STOA_TYPE_INT64, NULL, STOA_ERR_SYNTAX,
                   "Failed to prepare statement: ");
    check_no_query("INSERT INTO Orchard (label) VALUES ('Hill')", STOA_TYPE_INT64, NULL,
                   STOA_ERR_CONSTRAINT,
                   "Failed to execute statement: UNIQUE constraint failed: Orchard.label");
    check_no_query("SELECT 'soon'", STOA_TYPE_TIMESTAMP, NULL, STOA_ERR_TYPE,
                   "Cannot query_date_time: 'soon' is not a date");
    check_no_query("SELECT 1", STOA_TYPE_BOOL, NULL, STOA_ERR_INVALID,
                   "type is 1: it can be int64, float64, text or timestamp");
    stoa_db_close(db);
}

static void texts_of_parameters_are_trimmed_by_policy(void)
{
    static const stoa_option trim = {"trim", "yes"};

    open_sample();
    check_query("SELECT '<' || ?1 || '>'", STOA_TYPE_TEXT, "~a~", "< a >");
    kit_must(stoa_collection_set(conn, &trim, 1, &err), &err, "set");
    check_query("SELECT '<' || ?1 || '|' || ?2 || '>'", STOA_TYPE_TEXT, "~a~ ~", "<a|>");
    stoa_db_close(db);
}

TEST_MAIN({"an element is read whole", an_element_is_read_whole},
          {"parts of an element are read", parts_of_an_element_are_read},
          {"a name of several groups is spelt out", a_name_of_several_groups_is_spelt_out},
          {"an element that is missing is not found", an_element_that_is_missing_is_not_found},
          {"paths are read", paths_are_read},
          {"a query answers the type asked for or nothing",
           a_query_answers_the_type_asked_for_or_nothing},
          {"what a query cannot answer is told", what_a_query_cannot_answer_is_told},
          {"texts of parameters are trimmed by policy", texts_of_parameters_are_trimmed_by_policy})
