/* SPDX-License-Identifier: Apache-2.0 */
/* Many elements in one call, from Arrow of every shape; and nothing of them when one is wrong. */
#include "collection/write_kit.h"

static stoa_db db;

#define SCALARS                                                                                   \
    "SELECT id, label, tree_count, area, date_planted, soil, region_id, orchard_neighbour "       \
    "FROM Orchard ORDER BY id"
#define ROWS "SELECT * FROM Orchard_vector_rows ORDER BY 1, 2"
#define BUYERS "SELECT * FROM Orchard_set_buyers ORDER BY 1, 2"
#define YIELD "SELECT * FROM Orchard_time_series_yield ORDER BY 1, 2, 3"
#define COUNT                                                                                     \
    "SELECT (SELECT count(*) FROM Orchard) + (SELECT count(*) FROM Orchard_vector_rows) + "       \
    "(SELECT count(*) FROM Orchard_set_buyers) + (SELECT count(*) FROM Orchard_time_series_yield)"
#define SERIES "yield:[{date_time:u,block:l,tonnes:g}"

static stoa_conn orchard(void)
{
    const stoa_conn conn = kit_open(KIT_SCHEMA, &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    return conn;
}

static void made(stoa_conn conn, const char *schema, const char *batches, const char *right)
{
    char *ids;

    app_must(kit_create_many(conn, "Orchard", schema, batches, &ids), &kit_error, batches);
    CHECK_TEXT(ids, right);
    free(ids);
}

static void fails(stoa_conn conn, const char *schema, const char *batches, stoa_status right,
                  const char *text, const char *place)
{
    char *ids;

    kit_fails(kit_create_many(conn, "Orchard", schema, batches, &ids), right, text);
    CHECK_HAS(kit_error.text, place);
    CHECK_ROWS(conn, COUNT, "0");
}

/* ---- create ---- */

static void elements_with_all_that_belongs_to_them(void)
{
    const stoa_conn conn = orchard();

    made(conn,
         "label:u tree_count:i area:f date_planted:tss:UTC soil:S region_id:u "
         "orchard_neighbour:i>u spacing:[g variety:[u region_sold_to:[u " SERIES,
         "{\"label\":\"a\",\"tree_count\":1,\"area\":0.5,\"date_planted\":\"2024-01-02T03:04:05Z\","
         "\"soil\":7,\"region_id\":\"South\",\"orchard_neighbour\":\"c\",\"spacing\":[1,2],"
         "\"variety\":[\"x\",null],\"region_sold_to\":[\"North\",\"South\"],"
         "\"yield\":[{\"date_time\":\"2024-01-01\",\"block\":2,\"tonnes\":null},"
         "{\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":3}]};"
         "{\"label\":\"b\",\"tree_count\":2,\"area\":null,\"date_planted\":null,\"soil\":null,"
         "\"region_id\":null,\"orchard_neighbour\":\"a\",\"spacing\":null,\"variety\":[],"
         "\"region_sold_to\":null,\"yield\":[]}|"
         "{\"label\":\"c\",\"tree_count\":3,\"area\":1,\"date_planted\":null,\"soil\":1,"
         "\"region_id\":\"North\",\"orchard_neighbour\":\"c\",\"spacing\":[5],\"variety\":[\"z\"],"
         "\"region_sold_to\":[],\"yield\":null}",
         "1\n2\n3");
    CHECK_ROWS(conn, SCALARS,
               "1|a|1|0.5|2024-01-02T03:04:05|7|2|3\n2|b|2|NULL|NULL|NULL|NULL|1\n"
               "3|c|3|1.0|NULL|1|1|3");
    CHECK_ROWS(conn, ROWS, "1|1|1.0|x\n1|2|2.0|NULL\n3|1|5.0|z");
    CHECK_ROWS(conn, BUYERS, "1|1\n1|2");
    CHECK_ROWS(conn, YIELD,
               "1|2024-01-01T00:00:00|1|3.0|NULL\n1|2024-01-01T00:00:00|2|NULL|NULL");
    stoa_db_close(db);
}

static void ids_follow_those_that_were_given(void)
{
    const stoa_conn conn = orchard();

    made(conn, "label:u", "{\"label\":\"a\"};{\"label\":\"b\"}", "1\n2");
    app_run(conn, "DELETE FROM Orchard");
    made(conn, "label:u", "{\"label\":\"a\"}", "3");
    made(conn, "id:l label:u spacing:[g",
         "{\"id\":-7,\"label\":\"x\",\"spacing\":[1]};{\"id\":50,\"label\":\"y\",\"spacing\":[2]}",
         "-7\n50");
    made(conn, "id:l label:u orchard_neighbour:l",
         "{\"id\":12,\"label\":\"p\",\"orchard_neighbour\":11};"
         "{\"id\":11,\"label\":\"q\",\"orchard_neighbour\":12};"
         "{\"id\":10,\"label\":\"r\",\"orchard_neighbour\":null}",
         "12\n11\n10");
    made(conn, "id:l label:u orchard_neighbour:u",
         "{\"id\":22,\"label\":\"s\",\"orchard_neighbour\":\"t\"};"
         "{\"id\":21,\"label\":\"t\",\"orchard_neighbour\":\"p\"};"
         "{\"id\":20,\"label\":\"u\",\"orchard_neighbour\":null}",
         "22\n21\n20");
    CHECK_ROWS(conn, "SELECT id, orchard_neighbour FROM Orchard WHERE id BETWEEN 10 AND 22",
               "10|NULL\n11|12\n12|11\n20|NULL\n21|12\n22|21");
    kit_fails(kit_create_many(conn, "Orchard", "id:l label:u orchard_neighbour:l",
                              "{\"id\":30,\"label\":\"v\",\"orchard_neighbour\":77}", NULL),
              STOA_ERR_CONSTRAINT, "FOREIGN KEY constraint failed");
    made(conn, "label:u", "{\"label\":\"b\"}", "51");
    CHECK_INT(kit_made(conn, "Orchard", "label='one'"), 52);
    CHECK_ROWS(conn, ROWS, "-7|1|1.0|NULL\n50|1|2.0|NULL");
    made(conn, "label:u", "", "");
    made(conn, "label:u", "||{\"label\":\"late\"}|", "53");
    CHECK_INT(kit_create_many(conn, "Region", "label:u", "{\"label\":\"West\"}", NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT max(id) FROM Region", "3");
    app_run(conn, "INSERT INTO Orchard(id, label) VALUES(9223372036854775807, 'last')");
    kit_fails(kit_create_many(conn, "Orchard", "label:u", "{\"label\":\"more\"}", NULL),
              STOA_ERR_FULL, "Cannot create_elements: no ids are left in collection 'Orchard'");
    stoa_db_close(db);
}

static void arrow_of_every_type(void)
{
    static const struct {
        const char *schema, *value, *column, *stored;
    } all[] = {
        {"soil:c", "-5", "soil", "-5"},
        {"soil:C", "200", "soil", "200"},
        {"soil:s", "-500", "soil", "-500"},
        {"soil:I", "4000000000", "soil", "4000000000"},
        {"soil:L", "9223372036854775807", "soil", "9223372036854775807"},
        {"soil:b", "true", "soil", "1"},
        {"soil:c>l", "77", "soil", "77"},
        {"area:e", "0.5", "area", "0.5"},
        {"area:l", "9007199254740992", "area", "9007199254740992.0"},
        {"area:b", "true", "area", "1.0"},
        {"area:L", "12", "area", "12.0"},
        {"date_planted:u", "\"2024-01-02\"", "date_planted", "2024-01-02T00:00:00"},
        {"date_planted:U", "\"2024-01-02T00:00:00\"", "date_planted", "2024-01-02T00:00:00"},
        {"date_planted:vu", "\"2024-01-02 01:02+01\"", "date_planted", "2024-01-02T00:02:00"},
        {"date_planted:i>u", "\"2024-01-02\"", "date_planted", "2024-01-02T00:00:00"},
        {"date_planted:tdD", "\"2024-01-02\"", "date_planted", "2024-01-02T00:00:00"},
        {"date_planted:tdm", "\"2024-01-02\"", "date_planted", "2024-01-02T00:00:00"},
        {"date_planted:tsn:", "\"2024-01-02T00:00:00.000000001\"", "date_planted",
         "2024-01-02T00:00:00.000000001"},
        {"date_planted:tsm:UTC", "\"2024-01-02T00:00:00.250Z\"", "date_planted",
         "2024-01-02T00:00:00.25"},
        {"region_id:C", "2", "region_id", "2"},
        {"region_id:vu", "\"South\"", "region_id", "2"},
        {"region_id:s>U", "\"South\"", "region_id", "2"},
        {"soil:n", "null", "soil", "NULL"},
        {"area:u", "null", "area", "NULL"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const stoa_conn conn = orchard();
        char schema[128], rows[512], sql[128];

        (void)snprintf(schema, sizeof schema, "label:u %s", all[i].schema);
        (void)snprintf(rows, sizeof rows,
                       "{\"label\":\"a\",\"%s\":null};{\"label\":\"b\",\"%s\":%s};"
                       "{\"label\":\"c\",\"%s\":%s};{\"label\":\"d\",\"%s\":null}",
                       all[i].column, all[i].column, all[i].value, all[i].column, all[i].value,
                       all[i].column);
        made(conn, schema, rows, "1\n2\n3\n4");
        (void)snprintf(sql, sizeof sql, "SELECT %s FROM Orchard WHERE id = 3", all[i].column);
        CHECK_ROWS(conn, sql, all[i].stored);
        (void)snprintf(sql, sizeof sql, "SELECT count(%s) FROM Orchard", all[i].column);
        kit_holds(conn, sql, strcmp(all[i].stored, "NULL") == 0 ? "0" : "2");
        stoa_db_close(db);
    }
}

static void a_bad_row_is_named_and_nothing_written(void)
{
    const stoa_conn conn = orchard();

    fails(conn, "label:u area:u",
          "{\"label\":\"a\",\"area\":null}|{\"label\":\"b\",\"area\":\"x\"}", STOA_ERR_TYPE,
          "Cannot create_elements: type mismatch for column 'area': expected REAL, got TEXT",
          "row 1");
    fails(conn, "label:u soil:L", "{\"label\":\"a\",\"soil\":18446744073709551615}", STOA_ERR_TYPE,
          "18446744073709551615 in column 'soil' is more than an INTEGER holds", "row 0");
    fails(conn, "label:u area:l", "{\"label\":\"a\",\"area\":1};{\"label\":\"b\",\"area\":"
          "9007199254740993}", STOA_ERR_TYPE, "has no exact REAL", "row 1");
    fails(conn, "label:u area:g", "{\"label\":\"a\",\"area\":\"NaN\"}", STOA_ERR_TYPE,
          "Cannot create_elements: NaN in column 'area'", "row 0");
    fails(conn, "label:u date_planted:u",
          "{\"label\":\"a\",\"date_planted\":\"2024-01-01\"};"
          "{\"label\":\"b\",\"date_planted\":\"x\"}",
          STOA_ERR_TYPE, "'x' in column 'date_planted' is not a date", "row 1");
    fails(conn, "label:u date_planted:tss:", "{\"label\":\"a\",\"date_planted\":1000000000000}",
          STOA_ERR_TYPE, "outside of the years 0001 to 9999", "row 0");
    fails(conn, "label:u region_id:u",
          "{\"label\":\"a\",\"region_id\":\"North\"}|{\"label\":\"b\",\"region_id\":\"West\"}",
          STOA_ERR_NOT_FOUND, "Failed to resolve label 'West' to ID in table 'Region'",
          "row 1, column 'region_id'");
    fails(conn, "label:u region_id:l", "{\"label\":\"a\",\"region_id\":1};"
          "{\"label\":\"b\",\"region_id\":9};{\"label\":\"c\",\"region_id\":1}",
          STOA_ERR_CONSTRAINT, "FOREIGN KEY constraint failed", "row 1");
    fails(conn, "label:u",
          "{\"label\":\"a\"};{\"label\":\"b\"}|{\"label\":\"c\"};{\"label\":\"b\"}",
          STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Orchard.label", "row 3");
    fails(conn, "label:u orchard_neighbour:u",
          "{\"label\":\"a\",\"orchard_neighbour\":\"a\"};"
          "{\"label\":\"a\",\"orchard_neighbour\":null}",
          STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Orchard.label", "row 1");
    fails(conn, "label:u", "{\"label\":\"a\"};{\"label\":null}", STOA_ERR_CONSTRAINT,
          "Cannot create_elements: column 'label' cannot be NULL", "row 1");
    fails(conn, "soil:l", "{\"soil\":1}", STOA_ERR_CONSTRAINT,
          "NOT NULL constraint failed: Orchard.label", "");
    stoa_db_close(db);
}

static void a_bad_list_is_named_and_nothing_written(void)
{
    const stoa_conn conn = orchard();

    fails(conn, "label:u wood:l", "{\"label\":\"a\",\"wood\":1}", STOA_ERR_NOT_FOUND,
          "Column 'wood' not found in table 'Orchard'", "");
    fails(conn, "label:u wood:[l", "{\"label\":\"a\",\"wood\":[1]}", STOA_ERR_NOT_FOUND,
          "Cannot create_elements: array 'wood' does not match any", "");
    fails(conn, "spacing:[g", "{\"spacing\":[1]}", STOA_ERR_INVALID,
          "at least one scalar attribute", "");
    fails(conn, "label:u spacing:[g variety:[u",
          "{\"label\":\"a\",\"spacing\":[1],\"variety\":[\"x\"]};"
          "{\"label\":\"b\",\"spacing\":[1],\"variety\":null}",
          STOA_ERR_INVALID,
          "Cannot create_elements: vector columns in table 'Orchard_vector_rows' must have the "
          "same length", "row 1");
    fails(conn, "label:u spacing:[u",
          "{\"label\":\"a\",\"spacing\":[null]};{\"label\":\"b\",\"spacing\":[null,null,\"x\"]}",
          STOA_ERR_TYPE, "type mismatch for array 'spacing' index 2: expected REAL, got TEXT",
          "row 1");
    fails(conn, "label:u region_sold_to:[u",
          "{\"label\":\"a\",\"region_sold_to\":[]};"
          "{\"label\":\"b\",\"region_sold_to\":[\"North\"]};"
          "{\"label\":\"c\",\"region_sold_to\":[\"North\",\"West\"]}",
          STOA_ERR_NOT_FOUND, "Failed to resolve label 'West'", "row 2");
    fails(conn, "label:u region_sold_to:[l",
          "{\"label\":\"a\",\"region_sold_to\":[1]};{\"label\":\"b\",\"region_sold_to\":[1,2,1]}",
          STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Orchard_set_buyers", "row 1");
    fails(conn, "label:u region_sold_to:[l",
          "{\"label\":\"a\",\"region_sold_to\":[1]};"
          "{\"label\":\"b\",\"region_sold_to\":[null,2,null]}",
          STOA_ERR_CONSTRAINT, "rows that are equal, with NULL in them", "row 1");
    fails(conn, "label:u yield:[{date_time:u,tonnes:g}",
          "{\"label\":\"a\",\"yield\":[{\"date_time\":\"2024-01-01\",\"tonnes\":1}]}",
          STOA_ERR_INVALID, "row missing required 'block' column", "");
    fails(conn, "label:u yield:[{date_time:u,block:l}",
          "{\"label\":\"a\",\"yield\":[{\"date_time\":\"2024-01-01\",\"block\":1},"
          "{\"date_time\":null,\"block\":1}]}",
          STOA_ERR_CONSTRAINT, "column 'date_time' cannot be NULL", "row 0");
    fails(conn, "label:u yield:[{date_time:u,block:l}", "{\"label\":\"a\",\"yield\":[null]}",
          STOA_ERR_INVALID, "item 0 of 'yield' is NULL, which is no row", "row 0");
    stoa_db_close(db);
}

static void a_stream_that_breaks_writes_nothing(void)
{
    const stoa_conn conn = orchard();
    struct ArrowArrayStream stream =
        kit_stream("label:u", "{\"label\":\"a\"}|{\"label\":\"b\"}|{\"label\":\"c\"}", 2);
    stoa_result result;

    kit_fails(stoa_elements_create(conn, NO_OP, "Orchard", 7, &stream, &result, &kit_error),
              STOA_ERR_IO, "the producer broke");
    CHECK_INT(result.id, 0);
    CHECK(stream.release != NULL);
    stream.release(&stream);
    CHECK_ROWS(conn, COUNT, "0");
    kit_fails(stoa_elements_create(conn, NO_OP, "Orchard", 7, NULL, &result, &kit_error),
              STOA_ERR_INVALID, "rows is NULL");
    stoa_db_close(db);
}

static void a_failure_inside_a_transaction_leaves_it_as_it_was(void)
{
    const stoa_conn conn = orchard();

    app_run(conn, "BEGIN");
    made(conn, "label:u spacing:[g", "{\"label\":\"a\",\"spacing\":[1,2]}", "1");
    kit_fails(kit_create_many(conn, "Orchard", "label:u spacing:[g",
                              "{\"label\":\"b\",\"spacing\":[3]};{\"label\":\"a\",\"spacing\":[4]}",
                              NULL),
              STOA_ERR_CONSTRAINT, "row 1");
    kit_fails(kit_update_many(conn, "Orchard", "label:u soil:l region_sold_to:[l",
                              "{\"label\":\"a\",\"soil\":4,\"region_sold_to\":[1,1]}", NULL),
              STOA_ERR_CONSTRAINT, "UNIQUE");
    CHECK_ROWS(conn, "SELECT label, soil FROM Orchard", "a|NULL");
    made(conn, "label:u", "{\"label\":\"c\"}", "2");
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, ROWS, "1|1|1.0|NULL\n1|2|2.0|NULL");
    stoa_db_close(db);
}

/* Offsets everywhere: a batch cut from a longer one, whose lists are cut too, over a NULL list that
 * has items all the same. */
static void slices_are_read_where_they_lie(void)
{
    const stoa_conn conn = orchard();
    static const int32_t label_at[] = {0, 1, 2, 3, 4}, list_at[] = {0, 2, 4, 5, 7};
    static const double spacing[] = {-1, 0, 1, 2, 3, 4, 5, 6, 7};
    struct ArrowSchema *const schema = make_schema("+s", "");
    struct ArrowArray *const batch = make_array(3, 0, 1, 1);
    struct ArrowArray *const labels = make_array(4, 0, 0, 3);
    struct ArrowArray *const lists = make_array(4, -1, 0, 2);
    struct ArrowArray *const items = make_array(7, 0, 2, 2);
    struct kit_stream *const stream = calloc(1, sizeof *stream);
    static const struct stoa__producer producer = {kit_stream_schema, kit_stream_next,
                                                   kit_stream_release};
    struct ArrowArrayStream out;

    CHECK(stream != NULL);
    make_schema_child(schema, make_schema("u", "label"));
    make_schema_child(schema,
                      make_schema_child(make_schema("+l", "spacing"), make_schema("g", "item")));
    make_buffer(labels, 1, label_at, sizeof label_at);
    make_buffer(labels, 2, "abcd", 4);
    make_buffer(lists, 0, (const uint8_t[]){0x0b}, 1); /* That of row 2 is NULL. */
    make_buffer(lists, 1, list_at, sizeof list_at);
    make_buffer(items, 1, spacing, sizeof spacing);
    make_child(lists, items);
    make_child(make_child(batch, labels), lists);
    stream->schema = schema;
    stream->fail_at = -1;
    stream->batches[0] = *batch;
    free(batch);
    stream->count = 1;
    app_must(stoa__arrow_type_parse(schema, &stream->arena, &stream->type, &kit_error), &kit_error,
             "type");
    app_must(stoa__stream_out(&producer, stream, &out, &kit_error), &kit_error, "stream");
    app_must(stoa_elements_create(conn, NO_OP, "Orchard", 7, &out, NULL, &kit_error), &kit_error,
             "create");
    CHECK_ROWS(conn, "SELECT id, label FROM Orchard", "1|b\n2|c\n3|d");
    CHECK_ROWS(conn, "SELECT id, vector_index, spacing FROM Orchard_vector_rows ORDER BY 1, 2",
               "1|1|3.0\n1|2|4.0\n3|1|6.0\n3|2|7.0");
    stoa_db_close(db);
}

/* Rows `from` to `to` of a format in which # is the number. */
static char *numbered(const char *format, int from, int to)
{
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);

    for (int i = from; i <= to; i++) {
        fprintf(text, "%s", i > from ? ";" : "");
        for (const char *at = format; *at; at++) {
            if (*at == '#')
                fprintf(text, "%d", i);
            else
                fputc(*at, text);
        }
    }
    fclose(text);
    return out;
}

/* More labels than are asked for one by one, and more rows than a chunk has. */
static void many_labels_and_many_items(void)
{
    const stoa_conn conn = orchard();
    char *regions = numbered("{\"label\":\"r#\"}", 1, 3000);
    char *rows = numbered("{\"label\":\"o#\",\"region_id\":\"r#\",\"orchard_neighbour\":\"o7\","
                          "\"spacing\":[#,1,2,3,4,5,6],\"region_sold_to\":[\"r#\",\"North\"]}",
                          1, 3000);
    char *wrong = numbered("{\"label\":\"p#\",\"region_id\":\"r#\"}", 1, 3001);

    CHECK_INT(kit_create_many(conn, "Region", "label:u", regions, NULL), STOA_OK);
    CHECK_INT(kit_create_many(conn, "Orchard",
                              "label:u region_id:u orchard_neighbour:u spacing:[g "
                              "region_sold_to:[u",
                              rows, NULL),
              STOA_OK);
    CHECK_ROWS(conn,
               "SELECT count(*), sum(o.region_id = r.id), sum(orchard_neighbour = 7) "
               "FROM Orchard o JOIN Region r ON substr(o.label, 2) = substr(r.label, 2)",
               "3000|3000|3000");
    CHECK_ROWS(conn,
               "SELECT count(*), sum(vector_index), sum(spacing), "
               "sum(spacing = CASE vector_index WHEN 1 THEN id ELSE vector_index - 1 END) "
               "FROM Orchard_vector_rows",
               "21000|84000|4564500.0|21000");
    CHECK_ROWS(conn, "SELECT count(*), sum(region_sold_to = id + 2) FROM Orchard_set_buyers",
               "6000|3000");
    kit_fails(kit_create_many(conn, "Orchard", "label:u region_id:u", wrong, NULL),
              STOA_ERR_NOT_FOUND, "Failed to resolve label 'r3001' to ID in table 'Region'");
    CHECK_HAS(kit_error.text, "row 3000");
    free(regions);
    free(rows);
    free(wrong);
    stoa_db_close(db);
}

/* ---- update, delete ---- */

static void updates_by_label_and_by_id(void)
{
    const stoa_conn conn = orchard();
    int64_t count;

    made(conn, "label:u soil:l spacing:[g region_sold_to:[u",
         "{\"label\":\"a\",\"soil\":1,\"spacing\":[1,2],\"region_sold_to\":[\"North\"]};"
         "{\"label\":\"b\",\"soil\":2,\"spacing\":[3],\"region_sold_to\":[\"South\"]};"
         "{\"label\":\"c\",\"soil\":3,\"spacing\":[4],\"region_sold_to\":null}",
         "1\n2\n3");
    CHECK_INT(kit_update_many(conn, "Orchard", "label:u soil:l region_id:u spacing:[g",
                              "{\"label\":\"c\",\"soil\":null,\"region_id\":\"South\","
                              "\"spacing\":[]};"
                              "{\"label\":\"a\",\"soil\":9,\"region_id\":null,\"spacing\":null}",
                              &count),
              STOA_OK);
    CHECK_INT(count, 2);
    CHECK_ROWS(conn, "SELECT id, soil, region_id FROM Orchard", "1|9|NULL\n2|2|NULL\n3|NULL|2");
    CHECK_ROWS(conn, ROWS, "1|1|1.0|NULL\n1|2|2.0|NULL\n2|1|3.0|NULL");
    CHECK_INT(kit_update_many(conn, "Orchard", "id:l label:u spacing:[g",
                              "{\"id\":2,\"label\":\"bb\",\"spacing\":[7,8]}|"
                              "{\"id\":1,\"label\":\"aa\",\"spacing\":[]}",
                              &count),
              STOA_OK);
    CHECK_ROWS(conn, "SELECT label FROM Orchard ORDER BY id", "aa\nbb\nc");
    CHECK_ROWS(conn, ROWS, "2|1|7.0|NULL\n2|2|8.0|NULL");
    CHECK_ROWS(conn, BUYERS, "1|1\n2|2");
    stoa_db_close(db);
}

static void an_update_that_is_wrong_changes_nothing(void)
{
    const stoa_conn conn = orchard();
    int64_t count = 5;

    made(conn, "label:u soil:l", "{\"label\":\"a\",\"soil\":1};{\"label\":\"b\",\"soil\":2}",
         "1\n2");
    kit_fails(kit_update_many(conn, "Orchard", "soil:l", "{\"soil\":1}", &count), STOA_ERR_INVALID,
              "Cannot update_elements: the stream has neither a column 'id' nor a column 'label'");
    CHECK_INT(count, 0);
    kit_fails(kit_update_many(conn, "Orchard", "id:l", "{\"id\":1}", NULL), STOA_ERR_INVALID,
              "at least one attribute to update");
    kit_fails(kit_update_many(conn, "Orchard", "id:l soil:l",
                              "{\"id\":1,\"soil\":7};{\"id\":3,\"soil\":7}", NULL),
              STOA_ERR_NOT_FOUND, "Element not found: 3 in collection 'Orchard'; row 1");
    kit_fails(kit_update_many(conn, "Orchard", "label:u soil:l",
                              "{\"label\":\"a\",\"soil\":7}|{\"label\":\"z\",\"soil\":7}", NULL),
              STOA_ERR_NOT_FOUND, "Element not found: 'z' in collection 'Orchard'; row 1");
    kit_fails(kit_update_many(conn, "Orchard", "id:l soil:l",
                              "{\"id\":1,\"soil\":7};{\"id\":2,\"soil\":7};{\"id\":1,\"soil\":8}",
                              NULL),
              STOA_ERR_INVALID, "element 1 was given twice; row 2");
    kit_fails(kit_update_many(conn, "Orchard", "id:l label:u",
                              "{\"id\":1,\"label\":\"x\"};{\"id\":2,\"label\":\"x\"}", NULL),
              STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Orchard.label; row 1");
    kit_fails(kit_update_many(conn, "Orchard", "id:g soil:l", "{\"id\":1.5,\"soil\":7}", NULL),
              STOA_ERR_TYPE, "type mismatch for column 'id'");
    kit_fails(kit_update_many(conn, "Orchard", "id:l soil:l", "{\"id\":null,\"soil\":7}", NULL),
              STOA_ERR_INVALID, "an element is NULL; row 0");
    CHECK_ROWS(conn, "SELECT label, soil FROM Orchard", "a|1\nb|2");
    stoa_db_close(db);
}

static void many_are_deleted_at_once(void)
{
    const stoa_conn conn = orchard();
    const stoa_value ids[] = {{STOA_TYPE_INT64, 0, 1, 0}, {STOA_TYPE_INT64, 0, 3, 0},
                              {STOA_TYPE_INT64, 0, 9, 0}};
    const stoa_value labels[] = {{STOA_TYPE_TEXT, 0, 0, 1}, {STOA_TYPE_TEXT, 0, 1, 1}};
    const uint8_t *const bytes = (const uint8_t *)"bc";

    made(conn, "label:u spacing:[g",
         "{\"label\":\"a\",\"spacing\":[1]};{\"label\":\"b\",\"spacing\":[2]};"
         "{\"label\":\"c\",\"spacing\":[3]}",
         "1\n2\n3");
    kit_fails(stoa_elements_delete(conn, NO_OP, "Orchard", 7, ids, 3, NULL, 0, &kit_error),
              STOA_ERR_NOT_FOUND, "Element not found: 9 in collection 'Orchard'; key 2");
    kit_fails(stoa_elements_delete(conn, NO_OP, "Orchard", 7, ids, 0, NULL, 0, &kit_error),
              STOA_ERR_INVALID, "Cannot delete_elements: at least one key");
    CHECK_ROWS(conn, COUNT, "6");
    app_must(stoa_elements_delete(conn, NO_OP, "Orchard", 7, labels, 2, bytes, 2, &kit_error),
             &kit_error, "delete");
    CHECK_ROWS(conn, COUNT, "2");
    app_must(stoa_elements_delete(conn, NO_OP, "Orchard", 7, ids, 1, NULL, 0, &kit_error),
             &kit_error, "delete");
    CHECK_ROWS(conn, COUNT, "0");
    stoa_db_close(db);
}

/* ---- groups ---- */

#define LONG "id:l date_time:u block:l tonnes:g"

static stoa_status series(stoa_conn conn, const char *mode, const char *schema, const char *rows)
{
    int64_t count;
    const stoa_status rc =
        kit_group_many(conn, STOA_GROUP_TIME_SERIES, "yield", mode, schema, rows, &count);

    CHECK(rc == STOA_OK || count == 0);
    return rc;
}

static void series_of_many_elements(void)
{
    const stoa_conn conn = orchard();

    made(conn, "label:u", "{\"label\":\"a\"};{\"label\":\"b\"};{\"label\":\"c\"}", "1\n2\n3");
    CHECK_INT(series(conn, "replace", LONG,
                     "{\"id\":2,\"date_time\":\"2024-01-02\",\"block\":1,\"tonnes\":1};"
                     "{\"id\":1,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":2}|"
                     "{\"id\":2,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":null}"),
              STOA_OK);
    CHECK_ROWS(conn, "SELECT id, date_time, tonnes FROM Orchard_time_series_yield ORDER BY 1, 2",
               "1|2024-01-01T00:00:00|2.0\n2|2024-01-01T00:00:00|NULL\n2|2024-01-02T00:00:00|1.0");
    CHECK_INT(series(conn, "replace", "label:u date_time:tdD block:l",
                     "{\"label\":\"b\",\"date_time\":\"2024-05-05\",\"block\":2}"),
              STOA_OK);
    CHECK_INT(series(conn, "append", LONG,
                     "{\"id\":3,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":7}"),
              STOA_OK);
    kit_fails(series(conn, "append", LONG,
                     "{\"id\":3,\"date_time\":\"2024-01-02\",\"block\":1,\"tonnes\":7};"
                     "{\"id\":3,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":8}"),
              STOA_ERR_CONSTRAINT, "UNIQUE constraint failed");
    CHECK_HAS(kit_error.text, "row 1");
    CHECK_INT(series(conn, "merge", "id:l date_time:u block:l grade:l",
                     "{\"id\":3,\"date_time\":\"2024-01-01\",\"block\":1,\"grade\":4};"
                     "{\"id\":1,\"date_time\":\"2024-02-01\",\"block\":1,\"grade\":5}"),
              STOA_OK);
    CHECK_ROWS(conn, YIELD,
               "1|2024-01-01T00:00:00|1|2.0|NULL\n1|2024-02-01T00:00:00|1|NULL|5\n"
               "2|2024-05-05T00:00:00|2|NULL|NULL\n3|2024-01-01T00:00:00|1|7.0|4");
    kit_fails(series(conn, "replace", LONG,
                     "{\"id\":1,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":7};"
                     "{\"id\":8,\"date_time\":\"2024-01-01\",\"block\":1,\"tonnes\":8}"),
              STOA_ERR_NOT_FOUND, "Element not found: 8 in collection 'Orchard'; row 1");
    kit_fails(series(conn, "replace", "id:l date_time:u tonnes:g",
                     "{\"id\":1,\"date_time\":\"2024-01-01\",\"tonnes\":7}"),
              STOA_ERR_INVALID,
              "Cannot update_time_series_group: row missing required 'block' column");
    kit_fails(series(conn, "replace", "id:l date_time:u block:l wood:l",
                     "{\"id\":1,\"date_time\":\"2024-01-01\",\"block\":7,\"wood\":1}"),
              STOA_ERR_NOT_FOUND, "column 'wood' not found in group 'yield'");
    kit_fails(series(conn, "replace", "id:l date_time:u block:u",
                     "{\"id\":1,\"date_time\":\"2024-01-01\",\"block\":\"x\"}"),
              STOA_ERR_TYPE, "column 'block' has type INTEGER but received TEXT; row 0");
    kit_fails(series(conn, "often", LONG, ""), STOA_ERR_INVALID, "mode");
    CHECK_ROWS(conn, "SELECT count(*), sum(tonnes) FROM Orchard_time_series_yield", "4|9.0");
    stoa_db_close(db);
}

static void vectors_and_sets_of_many_elements(void)
{
    const stoa_conn conn = orchard();
    int64_t count;

    made(conn, "label:u", "{\"label\":\"a\"};{\"label\":\"b\"}", "1\n2");
    CHECK_INT(kit_group_many(conn, STOA_GROUP_VECTOR, "rows", "replace", "id:l spacing:g",
                             "{\"id\":1,\"spacing\":1};{\"id\":2,\"spacing\":2};"
                             "{\"id\":1,\"spacing\":3}",
                             &count),
              STOA_OK);
    CHECK_INT(count, 3);
    CHECK_ROWS(conn, ROWS, "1|1|1.0|NULL\n1|2|3.0|NULL\n2|1|2.0|NULL");
    CHECK_INT(kit_group_many(conn, STOA_GROUP_VECTOR, "rows", "append", "label:u variety:u",
                             "{\"label\":\"a\",\"variety\":\"x\"};"
                             "{\"label\":\"a\",\"variety\":\"y\"}",
                             NULL),
              STOA_OK);
    CHECK_INT(kit_group_many(conn, STOA_GROUP_VECTOR, "rows", "merge",
                             "id:l vector_index:i spacing:g",
                             "{\"id\":2,\"vector_index\":1,\"spacing\":9};"
                             "{\"id\":2,\"vector_index\":2,\"spacing\":8}",
                             NULL),
              STOA_OK);
    CHECK_ROWS(conn, ROWS,
               "1|1|1.0|NULL\n1|2|3.0|NULL\n1|3|NULL|x\n1|4|NULL|y\n2|1|9.0|NULL\n2|2|8.0|NULL");
    CHECK_INT(kit_group_many(conn, STOA_GROUP_SET, "buyers", "replace", "id:l region_sold_to:u",
                             "{\"id\":1,\"region_sold_to\":\"South\"};"
                             "{\"id\":1,\"region_sold_to\":null}",
                             NULL),
              STOA_OK);
    CHECK_INT(kit_group_many(conn, STOA_GROUP_SET, "buyers", "merge", "id:l region_sold_to:u",
                             "{\"id\":1,\"region_sold_to\":\"South\"};"
                             "{\"id\":2,\"region_sold_to\":\"South\"}",
                             NULL),
              STOA_OK);
    kit_fails(kit_group_many(conn, STOA_GROUP_SET, "buyers", "append", "id:l region_sold_to:u",
                             "{\"id\":1,\"region_sold_to\":null}", NULL),
              STOA_ERR_CONSTRAINT, "rows that are equal, with NULL in them");
    kit_fails(kit_group_many(conn, STOA_GROUP_SET, "rows", "append", "id:l", "", NULL),
              STOA_ERR_NOT_FOUND, "Set group not found: 'rows'");
    CHECK_ROWS(conn, BUYERS, "1|NULL\n1|2\n2|2");
    stoa_db_close(db);
}

/* ---- memory ---- */

static void no_memory_writes_nothing(void)
{
    const stoa_conn conn = orchard();
    stoa_status rc = STOA_ERR_NOMEM;

    for (int nth = 0; rc != STOA_OK; nth++) {
        struct ArrowArrayStream stream =
            kit_stream("label:u region_id:u orchard_neighbour:u date_planted:u spacing:[g "
                       "region_sold_to:[u",
                       "{\"label\":\"a\",\"region_id\":\"South\",\"orchard_neighbour\":\"b\","
                       "\"date_planted\":\"2024-01-01\",\"spacing\":[1,2],"
                       "\"region_sold_to\":[\"North\"]}|"
                       "{\"label\":\"b\",\"region_id\":null,\"orchard_neighbour\":\"b\","
                       "\"date_planted\":null,\"spacing\":[],\"region_sold_to\":null}",
                       -1);
        stoa_result result;

        stoa__mem_fail_nth = nth;
        rc = stoa_elements_create(conn, NO_OP, "Orchard", 7, &stream, &result, &kit_error);
        stoa__mem_fail_nth = -1;
        CHECK_INT(stream.release == NULL, rc == STOA_OK);
        if (stream.release)
            stream.release(&stream);
        if (rc == STOA_OK)
            stoa_result_close(result);
        else
            CHECK_INT(rc, STOA_ERR_NOMEM);
        kit_holds(conn, COUNT, rc == STOA_OK ? "5" : "0");
    }
    rc = STOA_ERR_NOMEM;
    for (int nth = 0; rc != STOA_OK; nth++) {
        struct ArrowArrayStream stream =
            kit_stream("label:u soil:l spacing:[g",
                       "{\"label\":\"a\",\"soil\":1,\"spacing\":[3]};"
                       "{\"label\":\"b\",\"soil\":1,\"spacing\":null}",
                       -1);

        stoa__mem_fail_nth = nth;
        rc = stoa_elements_update(conn, NO_OP, "Orchard", 7, &stream, NULL, &kit_error);
        stoa__mem_fail_nth = -1;
        if (stream.release)
            stream.release(&stream);
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        kit_holds(conn, "SELECT count(soil) FROM Orchard", rc == STOA_OK ? "2" : "0");
    }
    rc = STOA_ERR_NOMEM;
    for (int nth = 0; rc != STOA_OK; nth++) {
        struct ArrowArrayStream stream =
            kit_stream(LONG, "{\"id\":2,\"date_time\":\"2024-01-02\",\"block\":1,\"tonnes\":1}",
                       -1);

        stoa__mem_fail_nth = nth;
        rc = stoa_group_write_stream(conn, NO_OP, "Orchard", 7, STOA_GROUP_TIME_SERIES, "yield", 5,
                                     &stream, NULL, 0, NULL, &kit_error);
        stoa__mem_fail_nth = -1;
        if (stream.release)
            stream.release(&stream);
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        kit_holds(conn, "SELECT count(*) FROM Orchard_time_series_yield",
                   rc == STOA_OK ? "1" : "0");
    }
    stoa_db_close(db);
}

TEST_MAIN({"elements with all that belongs to them", elements_with_all_that_belongs_to_them},
          {"ids follow those that were given", ids_follow_those_that_were_given},
          {"Arrow of every type", arrow_of_every_type},
          {"a bad row is named and nothing written", a_bad_row_is_named_and_nothing_written},
          {"a bad list is named and nothing written", a_bad_list_is_named_and_nothing_written},
          {"a stream that breaks writes nothing", a_stream_that_breaks_writes_nothing},
          {"a failure inside a transaction leaves it as it was",
           a_failure_inside_a_transaction_leaves_it_as_it_was},
          {"slices are read where they lie", slices_are_read_where_they_lie},
          {"many labels and many items", many_labels_and_many_items},
          {"updates by label and by id", updates_by_label_and_by_id},
          {"an update that is wrong changes nothing", an_update_that_is_wrong_changes_nothing},
          {"many are deleted at once", many_are_deleted_at_once},
          {"series of many elements", series_of_many_elements},
          {"vectors and sets of many elements", vectors_and_sets_of_many_elements},
          {"no memory writes nothing", no_memory_writes_nothing})
