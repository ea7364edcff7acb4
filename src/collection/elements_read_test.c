/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of elements, in bulk and by key. */
#include "base/mem.h"
#include "collection/read_kit.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void open_sample(void)
{
    conn = kit_open(KIT_SCHEMA READ_DATA, &db);
}

static void scalars_come_in_order_of_id_with_their_nulls(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_elements, "-5\n1\n3", .names = NULL);
    CHECK_READ(conn, try_elements, "-5|-0.25|7|Low Moor\n1|2.5|120|Hill\n3|NULL|0|Dale",
               .names = "area tree_count label");
    CHECK_READ(conn, try_elements, "-5|2|-5\n1|1|NULL\n3|NULL|1",
               .names = "region_id orchard_neighbour");
    CHECK_READ(conn, try_elements, "", .collection = "Configuration", .names = "discount");
    kit_must(try_elements(conn, &(struct ask){.names = "label area soil date_planted"}, &result,
                          &err),
             &err, "read");
    check_schema(result, "l:id u:label g?:area l?:soil tsn:UTC?:date_planted", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void order_holds_after_deletes_and_with_explicit_ids(void)
{
    open_sample();
    app_run(conn, "DELETE FROM Orchard WHERE id = 1;"
                  "INSERT INTO Orchard (id, label) VALUES (0, 'Zero'), "
                  "(9223372036854775807, 'Max'), "
                  "(-9223372036854775808, 'Min')");
    CHECK_READ(conn, try_elements,
               "-9223372036854775808|Min\n-5|Low Moor\n0|Zero\n3|Dale\n9223372036854775807|Max",
               .names = "label");
    stoa_db_close(db);
}

static void dates_are_timestamps_or_text(void)
{
    open_sample();
    CHECK_READ(conn, try_elements,
               "-5|2020-02-29T00:00:00Z\n1|2019-03-01T00:00:00Z\n3|NULL",
               .names = "date_planted");
    CHECK_READ(conn, try_elements, "-5|2020-02-29\n1|2019-03-01T00:00:00\n3|NULL",
               .names = "date_planted", .settings = "dates=text");
    app_run(conn, "UPDATE Orchard SET date_planted = '2019-03-01 10:00+02:00' WHERE id = 1;"
                  "UPDATE Orchard SET date_planted = '1969-12-31T23:59:59.5' WHERE id = 3");
    CHECK_READ(conn, try_elements,
               "-5|2020-02-29T00:00:00Z\n1|2019-03-01T08:00:00Z\n"
               "3|1969-12-31T23:59:59.500Z",
               .names = "date_planted");
    stoa_db_close(db);
}

static void a_date_that_cannot_be_read_names_element_and_column(void)
{
    static const stoa_option lenient = {"cells", "null"};

    open_sample();
    app_run(conn, "UPDATE Orchard SET date_planted = 'not-a-date' WHERE id = 3");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 3: 'not-a-date' in column 'date_planted' is "
                     "not a date",
                     .names = "label date_planted");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 3: 'not-a-date' in column 'date_planted' is "
                     "not a date",
                     .names = "date_planted", .keys = "1 3");
    app_run(conn, "UPDATE Orchard SET date_planted = '0001-01-01T00:00:00' WHERE id = 3");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 3: '0001-01-01T00:00:00' in column "
                     "'date_planted' is outside of the years 1678 to 2261; read it with dates=text",
                     .names = "date_planted");
    CHECK_READ(conn, try_elements, "3|0001-01-01T00:00:00", .names = "date_planted", .keys = "3",
               .settings = "dates=text");
    kit_must(stoa_collection_set(conn, &lenient, 1, &err), &err, "set");
    CHECK_READ(conn, try_elements,
               "-5|2020-02-29T00:00:00Z\n1|2019-03-01T00:00:00Z\n3|NULL",
               .names = "date_planted");
    stoa_db_close(db);
}

static void lists_are_aligned_with_elements(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_elements,
               "-5|Low Moor|[null]|[null]|[2]\n"
               "1|Hill|[4.0,null,4.5]|[\"Gala\",\"Fuji\",null]|[2,1]\n"
               "3|Dale|[]|[]|[]",
               .names = "label spacing variety region_sold_to");
    CHECK_READ(conn, try_elements, "-5|[9.0]|[1]\n1|[2.5,1.5,3.0,null]|[1,2,1,1]\n3|[]|[]",
               .names = "tonnes block");
    CHECK_READ(conn, try_elements, "-5|[null]\n1|[4.0,null,4.5]\n3|[]", .names = "rows.spacing");
    CHECK_READ(conn, try_elements, "3|[]\n-5|[2]\n1|[2,1]\n3|[]", .names = "region_sold_to",
               .keys = "3 -5 1 3");
    kit_must(try_elements(conn, &(struct ask){.names = "spacing variety date_time"}, &result, &err),
             &err, "read");
    check_schema(result, "l:id +l<g>:spacing +l<u>:variety +l<tsn:UTC>:date_time", __FILE__,
                 __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void relations_are_ids_or_labels(void)
{
    stoa_result result;

    open_sample();
    CHECK_READ(conn, try_elements,
               "-5|South|Low Moor|[\"South\"]\n1|North|NULL|[\"South\",\"North\"]\n"
               "3|NULL|Hill|[]",
               .names = "region_id orchard_neighbour region_sold_to",
               .settings = "relations=label");
    CHECK_READ(conn, try_elements, "1|North|[\"South\",\"North\"]\n-5|South|[\"South\"]",
               .names = "region_id region_sold_to", .keys = "'Hill 'Low~Moor",
               .settings = "relations=label");
    kit_must(try_elements(conn,
                          &(struct ask){.names = "region_id region_sold_to soil",
                                        .settings = "relations=label"},
                          &result, &err),
             &err, "read");
    check_schema(result, "l:id id?:region_id +l<id>:region_sold_to l?:soil", __FILE__, __LINE__);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void keys_say_which_and_in_what_order(void)
{
    open_sample();
    CHECK_READ(conn, try_elements, "3|Dale\n-5|Low Moor\n3|Dale", .names = "label",
               .keys = "3 -5 3");
    CHECK_READ(conn, try_elements, "1|120", .names = "tree_count", .keys = "'Hill");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Element not found: 4 in collection 'Orchard'", .names = "label",
                     .keys = "1 4");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Element not found: 'hill' in collection 'Orchard'", .names = "label",
                     .keys = "'hill");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_INVALID, "key 2 is text, and the first is int64",
                     .names = "label", .keys = "1 'Hill");
    stoa_db_close(db);
}

static void labels_of_keys_are_trimmed_by_policy(void)
{
    static const stoa_option trim = {"trim", "yes"};

    open_sample();
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Element not found: ' Hill ' in collection 'Orchard'", .keys = "~Hill~");
    kit_must(stoa_collection_set(conn, &trim, 1, &err), &err, "set");
    CHECK_READ(conn, try_elements, "1", .keys = "~Hill~");
    stoa_db_close(db);
}

static void another_type_than_the_declared_one_is_an_error(void)
{
    open_sample();
    CHECK_READ(conn, try_elements, "-5|7\n1|120\n3|0", .names = "tree_count",
               .settings = "kind=scalar as=integer");
    CHECK_READ(conn, try_elements, "-5|7.0\n1|120.0\n3|0.0", .names = "tree_count",
               .settings = "kind=scalar as=float");
    CHECK_READ(conn, try_elements, "-5|2020-02-29\n1|2019-03-01T00:00:00\n3|NULL",
               .names = "date_planted", .settings = "kind=scalar as=text");
    CHECK_READ(conn, try_elements, "1|[2.0,1.0]", .names = "region_sold_to",
               .settings = "kind=set as=float", .keys = "1");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_scalar_integers: attribute 'area' in collection 'Orchard' has "
                     "type REAL",
                     .names = "area", .settings = "kind=scalar as=integer");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_scalar_strings: attribute 'tree_count' in collection 'Orchard' "
                     "has type INTEGER",
                     .names = "tree_count", .settings = "kind=scalar as=text");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_vector_floats: attribute 'variety' in collection 'Orchard' has "
                     "type TEXT",
                     .names = "variety", .settings = "kind=vector as=float");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_set_strings: attribute 'region_sold_to' in collection 'Orchard' "
                     "has type INTEGER",
                     .names = "region_sold_to", .settings = "kind=set as=text");
    CHECK_READ(conn, try_elements, "-5|South\n1|North\n3|NULL", .names = "region_id",
               .settings = "kind=scalar as=text relations=label");
    stoa_db_close(db);
}

static void unknown_names_are_not_found(void)
{
    open_sample();
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_elements: collection not found: orchard",
                     .collection = "orchard");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_elements: collection not found: Orchard_vector_rows",
                     .collection = "Orchard_vector_rows");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_elements: attribute 'colour' not found in collection 'Orchard'",
                     .names = "label colour");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_scalar_floats: column 'spacing' not found in table 'Orchard'",
                     .names = "spacing", .settings = "kind=scalar as=float");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_vector_floats: column 'rows' not found in table "
                     "'Orchard_vector_rows'",
                     .names = "rows", .settings = "kind=vector as=float");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Vector attribute 'area' not found for collection 'Orchard'", .names = "area",
                     .settings = "kind=vector as=float");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Set attribute 'vector_index' not found for collection 'Orchard'",
                     .names = "vector_index", .settings = "kind=set as=integer");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Vector attribute 'vector_index' not found for collection 'Orchard'",
                     .names = "vector_index", .settings = "kind=vector as=integer");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_INVALID,
                     "read: unknown setting 'relation' (did you mean 'relations'?)",
                     .settings = "relation=label");
    stoa_db_close(db);
}

static void a_name_in_several_groups_is_spelt_out(void)
{
    open_sample();
    app_run(conn, "CREATE TABLE Orchard_set_more (" KIT_PARENT ", region_sold_to INTEGER "
                  "REFERENCES Region(id) ON DELETE CASCADE ON UPDATE CASCADE, "
                  "UNIQUE (id, region_sold_to)) STRICT;"
                  "INSERT INTO Orchard_set_more VALUES (3, 1)");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_INVALID,
                     "Cannot read_elements: attribute 'region_sold_to' matches several group "
                     "tables (Orchard_set_buyers, Orchard_set_more); write 'group.column'",
                     .names = "region_sold_to");
    CHECK_READ(conn, try_elements, "-5|[]|[2]\n1|[]|[2,1]\n3|[1]|[]",
               .names = "more.region_sold_to buyers.region_sold_to");
    CHECK_READ(conn, try_elements, "-5|[2]\n1|[2,1]\n3|[]", .names = "region_sold_to",
               .settings = "kind=set");
    stoa_db_close(db);
}

static void any_column_name_is_read(void)
{
    conn = kit_open(KIT_CONFIGURATION
                    "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
                    "\"order\" INTEGER, \"sel\"\"ect\" REAL, \"Größe.x\" TEXT, "
                    "\"c1\" INTEGER) STRICT;"
                    "INSERT INTO A VALUES (1, 'a', 2, 3.5, 'ü', 7)",
                    &db);
    CHECK_READ(conn, try_elements, "1|7|2|3.5|ü|a|7", .collection = "A",
               .names = "c1 order sel\"ect Größe.x label c1");
    CHECK_READ(conn, try_elements, "1|7|ü", .collection = "A", .names = "c1 Größe.x",
               .keys = "1");
    stoa_db_close(db);
}

static void a_value_of_another_class_is_an_error_or_null(void)
{
    static const stoa_option lenient = {"cells", "null"};

    conn = kit_open(
        KIT_CONFIGURATION
        "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, n INTEGER, r REAL, "
        "t TEXT, date_d DATE_TIME);"
        "CREATE TABLE A_vector_v (id INTEGER REFERENCES A(id) ON DELETE CASCADE ON UPDATE CASCADE, "
        "vector_index INTEGER, x INTEGER, PRIMARY KEY (id, vector_index));"
        "INSERT INTO A VALUES (1, 'a', 1, 1.5, 't', '2024-01-01'), "
        "(2, 'b', 'two', X'00', X'01', '2024-01-02'), (3, 'c', 3, 3, '3', NULL);"
        "INSERT INTO A_vector_v VALUES (1, 1, 5), (3, 1, 6), (3, 2, 'six')",
        &db);
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 2: column 'n' holds TEXT, not INTEGER",
                     .collection = "A", .names = "label n");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 2: column 'r' holds BLOB, not REAL",
                     .collection = "A", .names = "r");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_elements: element 2: column 't' holds BLOB, not TEXT",
                     .collection = "A", .names = "t", .keys = "1 2");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_TYPE,
                     "Cannot read_vector_integers: element 3: column 'x' holds TEXT, not INTEGER",
                     .collection = "A", .names = "x", .settings = "kind=vector as=integer");
    kit_must(stoa_collection_set(conn, &lenient, 1, &err), &err, "set");
    CHECK_READ(conn, try_elements,
               "1|1|1.5|t|2024-01-01T00:00:00Z|[5]\n"
               "2|NULL|NULL|NULL|2024-01-02T00:00:00Z|[]\n3|3|3.0|3|NULL|[6,null]",
               .collection = "A", .names = "n r t date_d x");
    CHECK_READ(conn, try_elements, "2|NULL|[]\n3|3|[6,null]", .collection = "A",
               .names = "n x", .keys = "2 3");
    stoa_db_close(db);
}

/* Items of one element in a batch: row, first item, last item. */
static void check_items(const struct ArrowArray *batch, int64_t row, int64_t count, int64_t last)
{
    const struct ArrowArray *list = batch->children[1], *items = list->children[0];
    const int32_t *offsets = (const int32_t *)list->buffers[1] + list->offset + row;
    const int64_t *values = (const int64_t *)items->buffers[1] + items->offset;

    CHECK_INT(offsets[1] - offsets[0], count);
    if (count > 0)
        CHECK_INT(values[offsets[1] - 1], last);
}

static void lists_of_many_rows_close_a_batch_early(void)
{
    struct ArrowArray batch;
    stoa_result result;

    conn = kit_open(
        KIT_CONFIGURATION
        "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"
        "CREATE TABLE A_vector_v (id INTEGER NOT NULL REFERENCES A(id) ON DELETE CASCADE "
        "ON UPDATE CASCADE, vector_index INTEGER NOT NULL, x INTEGER, PRIMARY KEY "
        "(id, vector_index)) STRICT, WITHOUT ROWID;"
        "INSERT INTO A VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) "
        "INSERT INTO A_vector_v SELECT 1, i, i FROM n UNION ALL SELECT 2, i, -i FROM n;"
        "INSERT INTO A_vector_v VALUES (4, 1, 77)",
        &db);
    kit_must(try_elements(conn, &(struct ask){.collection = "A", .names = "x label"}, &result,
                          &err),
             &err, "read");
    kit_must(stoa_result_next(result, NO_OP, &batch, &err), &err, "next");
    CHECK_INT(batch.length, 2);
    check_items(&batch, 0, 600000, 600000);
    check_items(&batch, 1, 600000, -600000);
    batch.release(&batch);
    kit_must(stoa_result_next(result, NO_OP, &batch, &err), &err, "next");
    CHECK_INT(batch.length, 2);
    check_items(&batch, 0, 0, 0);
    check_items(&batch, 1, 1, 77);
    batch.release(&batch);
    CHECK_INT(stoa_result_next(result, NO_OP, &batch, &err), STOA_DONE);
    stoa_result_close(result);
    stoa_db_close(db);
}

static void counts_are_of_collections_and_groups(void)
{
    int64_t count = -1;

    open_sample();
    CHECK_INT(stoa_elements_count(conn, NO_OP, "Orchard", STOA_NUL, &count, &err), STOA_OK);
    CHECK_INT(count, 3);
    CHECK_INT(stoa_elements_count(conn, NO_OP, "Orchard_vector_rows", STOA_NUL, &count, &err),
              STOA_OK);
    CHECK_INT(count, 4);
    CHECK_INT(stoa_elements_count(conn, NO_OP, "Configuration", STOA_NUL, &count, &err), STOA_OK);
    CHECK_INT(count, 0);
    CHECK_INT(stoa_elements_count(conn, NO_OP, "Nothing", STOA_NUL, &count, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "Cannot number_of_elements: collection not found: Nothing");
    CHECK_INT(count, 0);
    stoa_db_close(db);
}

TEST_MAIN({"scalars come in order of id with their NULLs",
           scalars_come_in_order_of_id_with_their_nulls},
          {"order holds after deletes and with explicit ids",
           order_holds_after_deletes_and_with_explicit_ids},
          {"dates are timestamps or text", dates_are_timestamps_or_text},
          {"a date that cannot be read names element and column",
           a_date_that_cannot_be_read_names_element_and_column},
          {"lists are aligned with elements", lists_are_aligned_with_elements},
          {"relations are ids or labels", relations_are_ids_or_labels},
          {"keys say which and in what order", keys_say_which_and_in_what_order},
          {"labels of keys are trimmed by policy", labels_of_keys_are_trimmed_by_policy},
          {"another type than the declared one is an error",
           another_type_than_the_declared_one_is_an_error},
          {"unknown names are not found", unknown_names_are_not_found},
          {"a name in several groups is spelt out", a_name_in_several_groups_is_spelt_out},
          {"any column name is read", any_column_name_is_read},
          {"a value of another class is an error or NULL",
           a_value_of_another_class_is_an_error_or_null},
          {"lists of many rows close a batch early", lists_of_many_rows_close_a_batch_early},
          {"counts are of collections and groups", counts_are_of_collections_and_groups})
