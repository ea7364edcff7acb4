/* SPDX-License-Identifier: Apache-2.0 */
/* Databases and files that nobody would make on purpose. */
#include "collection/csv_kit.h"
#include "collection/write_kit.h"

#define ORCHARD(columns)                                                                           \
    "CREATE TABLE Orchard (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL"       \
    columns ") STRICT;"
#define SELF(name, null, action)                                                                   \
    ", " name " INTEGER" null " REFERENCES Orchard(id) ON DELETE " action " ON UPDATE CASCADE"

static stoa_error err;
static stoa_db db;
static stoa_conn conn;

static void open_with(const char *sql)
{
    conn = kit_open(sql, &db);
}

static void close_all(void)
{
    stoa_conn_close(conn);
    stoa_db_close(db);
}

static stoa_status import(const char *text, const char *settings)
{
    stoa_import_done done;

    return csv_try_import(conn, "", text, settings, &done, NULL, &err);
}

/* ---- temporary tables ---- */

static int64_t create(const char *label)
{
    const int64_t size = (int64_t)strlen(label);
    const stoa_value cells[] = {{.type = STOA_TYPE_NAME, .a = 0, .b = 5},
                                {.type = STOA_TYPE_TEXT, .a = 5, .b = size}};
    const double spacing = 1.5;
    const stoa_column column = {.name = "spacing",
                                .name_size = 7,
                                .type = STOA_TYPE_FLOAT64,
                                .data = &spacing,
                                .count = 1,
                                .data_size = sizeof spacing};
    char bytes[64];
    int64_t id = 0;

    (void)snprintf(bytes, sizeof bytes, "label%s", label);
    app_must(stoa_element_create(conn, NO_OP, "Orchard", STOA_NUL, cells, 2,
                                 (const uint8_t *)bytes, 5 + size, &column, 1, &id, &err),
             &err, "create");
    return id;
}

/* A temporary table comes before a stored one of its name. */
static void temporary_tables_are_not_meant(void)
{
    static const stoa_value names[] = {{.type = STOA_TYPE_TEXT, .a = 0, .b = 10},
                                       {.type = STOA_TYPE_TEXT, .a = 10, .b = 7}};
    stoa_value key = {.type = STOA_TYPE_INT64};
    stoa_result result;
    int64_t count;
    char *rows;

    open_with(KIT_SCHEMA);
    app_run(conn, "CREATE TEMP TABLE Orchard AS SELECT * FROM main.Orchard;"
                  "CREATE TEMP TABLE Orchard_vector_rows AS SELECT * FROM main.Orchard_vector_rows;"
                  "CREATE TEMP VIEW Region AS SELECT 1 AS id, 'x' AS label");
    key.a = create("A");
    CHECK_INT(create("B"), key.a + 1);
    app_must(stoa_elements_count(conn, NO_OP, "Orchard", STOA_NUL, &count, &err), &err, "count");
    CHECK_INT(count, 2);
    app_must(import("label,tree_count\nA,4\nC,5\n", "columns=some"), &err, "import");
    app_must(stoa_elements_read(conn, NO_OP, "Orchard", STOA_NUL, names, 2, NULL, 0,
                                (const uint8_t *)"tree_countspacing", 17, NULL, 0, &result, &err),
             &err, "read");
    rows = kit_rows(result);
    CHECK_TEXT(rows, "1|4|[1.5]\n3|5|[]");
    free(rows);
    app_must(stoa_element_delete(conn, NO_OP, "Orchard", STOA_NUL, &key, NULL, 0, &err), &err,
             "delete");
    CHECK_ROWS(conn, "SELECT label FROM main.Orchard", "C");
    CHECK_ROWS(conn, "SELECT count(*) FROM main.Orchard_vector_rows", "0");
    CHECK_ROWS(conn, "SELECT (SELECT count(*) FROM temp.Orchard), count(*) "
                     "FROM temp.Orchard_vector_rows", "0|0");
    close_all();
}

/* ---- relations of a collection to itself ---- */

/* The engine refuses line 4 after line 5 was found wrong; neither has a relation to be set. */
static void skipped_rows_leave_relations_alone(void)
{
    stoa_import_done done;
    stoa_result skipped;
    char *rows;

    open_with(KIT_CONFIGURATION ORCHARD(", n INTEGER" SELF("orchard_next", "", "SET NULL")));
    app_must(csv_try_import(conn, "", "label,n,orchard_next\nA,1,B\nB,2,\nA,3,C\nC,x,\nC,5,A\n",
                            "on_error=skip", &done, &skipped, &err),
             &err, "import");
    rows = kit_rows(skipped);
    CHECK_TEXT(rows, "5|n|Invalid integer value 'x' for column 'n'.\n"
                     "4|NULL|There are duplicate entries in the CSV file.");
    free(rows);
    CHECK_INT(done.skipped, 2);
    CHECK_ROWS(conn, "SELECT a.label, n, b.label FROM Orchard a LEFT JOIN (SELECT id, label FROM "
                     "Orchard) b ON b.id = orchard_next ORDER BY 1", "A|1|B\nB|2|NULL\nC|5|A");
    close_all();
}

static void one_relation_that_is_not_there_leaves_the_other(void)
{
    open_with(KIT_CONFIGURATION ORCHARD(SELF("orchard_a", "", "SET NULL")
                                        SELF("orchard_b", "", "SET NULL")));
    app_must(import("label,orchard_a,orchard_b\nA,Z,B\nB,,A\n", "on_error=skip"), &err, "import");
    CHECK_ROWS(conn, "SELECT label, orchard_a, orchard_b FROM Orchard", "A|NULL|2\nB|NULL|1");
    close_all();
}

static void relations_that_must_be_there_are_not_left_out(void)
{
    static const char file[] = "label,orchard_a\nA,Z\nB,A\n";

    open_with(KIT_CONFIGURATION ORCHARD(SELF("orchard_a", " NOT NULL", "CASCADE")));
    CHECK_INT(import(file, "on_error=skip"), STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "with label Z");
    CHECK_HAS(err.text, "[line 2]");
    app_run(conn, "BEGIN");
    CHECK_INT(import(file, "on_error=skip"), STOA_ERR_NOT_FOUND);
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "0");
    close_all();
}

/* What an import defers is not deferred for its caller, however it ends. */
static void foreign_keys_are_deferred_for_an_import_alone(void)
{
    open_with(KIT_CONFIGURATION ORCHARD(SELF("orchard_a", " NOT NULL", "CASCADE")));
    app_run(conn, "BEGIN");
    app_must(import("label,orchard_a\nA,B\nB,A\n", ""), &err, "import");
    CHECK_ROWS(conn, "PRAGMA defer_foreign_keys", "0");
    CHECK_INT(import("label,orchard_a\nC,Z\n", ""), STOA_ERR_NOT_FOUND);
    CHECK_ROWS(conn, "PRAGMA defer_foreign_keys", "0");
    CHECK_FAILS(conn, "INSERT INTO Orchard(label, orchard_a) VALUES ('x', 99)", STOA_ERR_CONSTRAINT,
                "FOREIGN KEY");
    app_run(conn, "CREATE TRIGGER t BEFORE UPDATE ON Orchard WHEN new.label = 'C' BEGIN "
                  "SELECT RAISE(IGNORE); END");
    CHECK_INT(import("label,orchard_a\nA,B\nB,A\nC,A\n", "mode=merge"), STOA_ERR_CONSTRAINT);
    CHECK_HAS(err.text, "FOREIGN KEY constraint failed: column 'orchard_a' of table 'Orchard'");
    app_run(conn, "PRAGMA defer_foreign_keys=ON");
    app_must(import("label,orchard_a\nA,A\nB,A\n", ""), &err, "import");
    CHECK_ROWS(conn, "PRAGMA defer_foreign_keys", "1");
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT id, label, orchard_a FROM Orchard", "1|A|1\n2|B|1");
    close_all();
}

/* What stands in for a relation that is to be set is no element that goes. */
static void rows_are_not_deleted_with_element_zero(void)
{
    open_with(KIT_CONFIGURATION ORCHARD(SELF("orchard_a", " NOT NULL", "CASCADE")));
    app_run(conn, "INSERT INTO Orchard(id, label, orchard_a) VALUES (0, 'zero', 0), (5, 'E', 5)");
    app_must(import("label,orchard_a\nA,A\nB,A\nE,B\n", ""), &err, "import");
    CHECK_ROWS(conn, "SELECT id, label, orchard_a FROM Orchard", "5|E|7\n6|A|6\n7|B|6");
    close_all();
}

/* ---- triggers, keys, names ---- */

/* The id would be that of the row before. */
static void an_element_that_a_trigger_ignores_is_none(void)
{
    int64_t id;

    open_with(KIT_SCHEMA);
    (void)kit_made(conn, "Orchard", "label='a'");
    app_run(conn, "CREATE TRIGGER t BEFORE INSERT ON Orchard BEGIN SELECT RAISE(IGNORE); END");
    kit_fails(kit_create(conn, "Orchard", "label='x' spacing=[1.0]", &id), STOA_ERR_CONSTRAINT,
              "Cannot create_element: a trigger or conflict clause of table 'Orchard' ignored the "
              "element");
    CHECK_INT(id, 0);
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_vector_rows", "0");
    close_all();
}

/* Many at once, by each way rows take, with the first that is missing. */
static void elements_that_a_table_ignores_are_none(void)
{
    static const char *const rules[] = {
        "CREATE TRIGGER t BEFORE INSERT ON Orchard WHEN new.label IN ('e1500', 'e1700') BEGIN "
        "SELECT RAISE(IGNORE); END",
        "CREATE TEMP TRIGGER t BEFORE INSERT ON main.Orchard WHEN new.soil >= 1500 BEGIN "
        "SELECT RAISE(IGNORE); END"};
    char *rows = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&rows, &size);

    for (int i = 0; i < 2000; i++)
        fprintf(text, "{\"label\":\"e%d\",\"soil\":%d}%s", i, i, i < 1999 ? ";" : "");
    fclose(text);
    for (size_t i = 0; i < 2; i++) {
        open_with(KIT_SCHEMA);
        app_run(conn, rules[i]);
        kit_fails(kit_create_many(conn, "Orchard", "label:u soil:l", rows, NULL),
                  STOA_ERR_CONSTRAINT,
                  "Cannot create_elements: a trigger or conflict clause of table 'Orchard' "
                  "ignored the element; row 1500");
        CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "0");
        app_run(conn, "DROP TRIGGER t");
        app_must(kit_create_many(conn, "Orchard", "label:u soil:l", rows, NULL), &kit_error,
                 "without");
        close_all();
    }
    free(rows);
    open_with(KIT_CONFIGURATION "CREATE TABLE Orchard (id INTEGER PRIMARY KEY, label TEXT NOT NULL "
              "UNIQUE ON CONFLICT IGNORE); INSERT INTO Orchard(label) VALUES ('b')");
    kit_fails(kit_create_many(conn, "Orchard", "label:u",
                              "{\"label\":\"a\"};{\"label\":\"b\"}|{\"label\":\"c\"}", NULL),
              STOA_ERR_CONSTRAINT, "ignored the element; row 1");
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "b");
    close_all();
}

/* The row that is refused is named, though rows before it went in in pieces. */
static void refused_rows_are_named_beside_triggers(void)
{
    char *rows = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&rows, &size);

    for (int i = 0; i < 3000; i++)
        fprintf(text, "{\"label\":\"e%d\"}%s", i == 2500 ? 7 : i, i < 2999 ? ";" : "");
    fclose(text);
    open_with(KIT_SCHEMA "CREATE TRIGGER t AFTER INSERT ON Orchard BEGIN SELECT 1; END");
    kit_fails(kit_create_many(conn, "Orchard", "label:u", rows, NULL), STOA_ERR_CONSTRAINT,
              "UNIQUE constraint failed: Orchard.label; row 2500");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "0");
    close_all();
    free(rows);
}

static void ignored_rows_of_a_file_are_not_counted(void)
{
    stoa_import_done done;

    open_with(KIT_SCHEMA "INSERT INTO Orchard(label) VALUES ('known'), ('fixed'), ('stays');"
              "CREATE TRIGGER i BEFORE INSERT ON Orchard WHEN new.label = 'b' BEGIN "
              "SELECT RAISE(IGNORE); END;"
              "CREATE TRIGGER u BEFORE UPDATE ON Orchard WHEN new.label = 'fixed' BEGIN "
              "SELECT RAISE(IGNORE); END;"
              "CREATE TRIGGER d BEFORE DELETE ON Orchard WHEN old.label = 'stays' BEGIN "
              "SELECT RAISE(IGNORE); END;"
              "CREATE TRIGGER v BEFORE INSERT ON Orchard_vector_rows WHEN new.spacing > 2 BEGIN "
              "SELECT RAISE(IGNORE); END");
    for (int skip = 0; skip < 2; skip++) {
        app_run(conn, "DELETE FROM Orchard WHERE label IN ('a', 'c')");
        done = csv_import(conn, "",
                          skip ? "label,soil\na,1\nb,2\nc,3\nc,3\nknown,4\nfixed,5\n"
                               : "label,soil\na,1\nb,2\nc,3\nknown,4\nfixed,5\n",
                          skip ? "columns=some\non_error=skip" : "columns=some");
        CHECK_INT(done.rows, 5 + skip);
        CHECK_INT(done.inserted, 2);
        CHECK_INT(done.updated, 1);
        CHECK_INT(done.deleted, 0);
        CHECK_INT(done.skipped, skip);
    }
    CHECK_ROWS(conn, "SELECT label, soil FROM Orchard ORDER BY label",
               "a|1\nc|3\nfixed|NULL\nknown|4\nstays|NULL");
    done = csv_import(conn, "rows", "id,vector_index,spacing,variety\na,1,1,\na,2,3,\na,3,2,\n",
                      "");
    CHECK_INT(done.inserted, 2);
    close_all();
}

/* Rows of nothing but NULL, in arrays that count no NULLs, are equal too. */
static void sets_of_nothing_have_one_row(void)
{
    static const stoa_option nan_null[] = {{"nan", "null"}};
    const stoa_value one = {.type = STOA_TYPE_INT64, .a = 1};
    const stoa_column nothing = {
        .name = "size", .name_size = STOA_NUL, .type = STOA_TYPE_NULL, .count = 2};

    open_with(KIT_CONFIGURATION "CREATE TABLE Tag (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT "
              "NULL); CREATE TABLE Tag_set_size (id INTEGER NOT NULL REFERENCES Tag(id) ON DELETE "
              "CASCADE ON UPDATE CASCADE, size REAL, UNIQUE (id, size))");
    CHECK_INT(kit_made(conn, "Tag", "label='a' size=[NULL]"), 1);
    kit_fails(stoa_group_write(conn, NO_OP, "Tag", STOA_NUL, STOA_GROUP_SET, "size", STOA_NUL, &one,
                               NULL, 0, &nothing, 1, 2, &kit_error),
              STOA_ERR_CONSTRAINT, "Tag_set_size (rows that are equal");
    kit_fails(kit_create_many(conn, "Tag", "label:u size:[n",
                              "{\"label\":\"b\",\"size\":[null,null]}", NULL),
              STOA_ERR_CONSTRAINT, "Tag_set_size (rows that are equal");
    app_must(stoa_collection_set(conn, nan_null, 1, &err), &err, "set");
    kit_fails(kit_create_many(conn, "Tag", "label:u size:[g",
                              "{\"label\":\"b\",\"size\":[\"NaN\",\"NaN\"]}", NULL),
              STOA_ERR_CONSTRAINT, "Tag_set_size (rows that are equal");
    CHECK_ROWS(conn, "SELECT label, size FROM Tag JOIN Tag_set_size USING (id)", "a|NULL");
    close_all();
}

/* A trigger may end the transaction: ours, of which nobody is told, or the caller's. */
static void what_a_trigger_rolls_back_stays_so(void)
{
    static const char lost[] = "the open transaction was rolled back";
    int64_t id;

    open_with(KIT_SCHEMA "CREATE TRIGGER t BEFORE INSERT ON Orchard WHEN new.label = 'x' BEGIN "
                         "SELECT RAISE(ROLLBACK, 'no'); END");
    for (int inside = 0; inside < 2; inside++)
        for (int way = 0; way < 4; way++) {
            stoa_error *const told = way < 2 ? &kit_error : &err;

            app_run(conn, inside ? "BEGIN" : "");
            if (way == 0)
                CHECK_INT(kit_create(conn, "Orchard", "label='x'", &id), STOA_ERR_CONSTRAINT);
            else if (way == 1)
                CHECK_INT(kit_create_many(conn, "Orchard", "label:u",
                                          "{\"label\":\"a\"};{\"label\":\"x\"}", NULL),
                          STOA_ERR_CONSTRAINT);
            else
                CHECK_INT(import("label\na\nx\nb\n", way == 2 ? "columns=some"
                                                              : "columns=some\non_error=skip"),
                          STOA_ERR_CONSTRAINT);
            CHECK_HAS(told->text, "no");
            CHECK_INT((told->flags & STOA_ERROR_ROLLED_BACK) != 0, inside);
            CHECK_INT(strstr(told->text, lost) != NULL, inside);
            CHECK_INT(told->text_size, (int64_t)strlen(told->text));
            CHECK_FAILS(conn, "COMMIT", STOA_ERR_INVALID, "");
            CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "0");
        }
    close_all();
}

/* SQLite calls that a full disk. */
static void ids_come_to_an_end(void)
{
    int64_t id;

    open_with(KIT_SCHEMA);
    (void)kit_made(conn, "Orchard", "label='last' id=9223372036854775807");
    for (int inside = 0; inside < 2; inside++) {
        app_run(conn, inside ? "BEGIN; INSERT INTO Region(label) VALUES ('mine')" : "");
        kit_fails(kit_create(conn, "Orchard", "label='x'", &id), STOA_ERR_FULL,
                  "Cannot create_element: no ids are left in collection 'Orchard'");
        kit_fails(kit_create_many(conn, "Orchard", "label:u", "{\"label\":\"x\"}", NULL),
                  STOA_ERR_FULL, "no ids are left in collection 'Orchard'");
        CHECK_INT(import("label\nlast\nx\n", "columns=some"), STOA_ERR_FULL);
        CHECK_INT(err.flags & STOA_ERROR_ROLLED_BACK, 0);
    }
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT label FROM Region", "mine");
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "last");
    CHECK_INT(kit_made(conn, "Orchard", "label='zero' id=0"), 0);
    stoa_conn_close(conn);
    conn = app_connect(db); /* It reads how high they are. */
    app_run(conn, "BEGIN; INSERT INTO Region(label) VALUES ('again')");
    kit_fails(kit_create(conn, "Orchard", "label='x'", &id), STOA_ERR_FULL, "no ids are left");
    app_run(conn, "COMMIT");
    close_all();
}

/* Such an id is not the row's number, and may be NULL. */
static void a_descending_key_is_no_id(void)
{
    int64_t id;

    open_with(KIT_CONFIGURATION
              "CREATE TABLE Orchard (id INTEGER PRIMARY KEY DESC, label TEXT UNIQUE NOT NULL)");
    kit_fails(kit_create(conn, "Orchard", "label='x'", &id), STOA_ERR_INVALID,
              "Collection 'Orchard' must have 'id' as a single INTEGER primary key");
    close_all();
}

/* In quotes a name keeps what is at its ends. */
static void names_of_columns_come_back(void)
{
    char *path = test_path("names.csv"), *text;

    open_with(KIT_CONFIGURATION "CREATE TABLE Orchard (id INTEGER PRIMARY KEY, label TEXT UNIQUE "
              "NOT NULL, \"a,\"\"b\n\" INTEGER, \" pad \" TEXT)");
    app_run(conn, "INSERT INTO Orchard VALUES (1, 'x', 5, 'p')");
    app_must(csv_try_export(conn, "", path, "", NULL, &err), &err, "export");
    text = csv_read_file(path);
    CHECK_TEXT(text, "sep=,\nlabel,\"a,\"\"b\n\",\" pad \"\nx,5,p\n");
    app_must(import(text, ""), &err, "import");
    app_must(import("  label \t\ny\n", "columns=some\nmode=append"), &err, "trimmed");
    free(text);
    free(path);
    close_all();
}

/* ---- numbers at their ends ---- */

static void the_lowest_id_is_an_id(void)
{
    stoa_import_done done;

    open_with(KIT_SCHEMA);
    app_run(conn, "INSERT INTO Orchard(id, label) VALUES (-9223372036854775808, 'low')");
    done = csv_import(conn, "", "label,tree_count\nlow,4\n", "columns=some");
    CHECK_INT(done.updated, 1);
    CHECK_ROWS(conn, "SELECT id, tree_count FROM Orchard", "-9223372036854775808|4");
    done = csv_import(conn, "", "label,tree_count\nA,1\n", "columns=some");
    CHECK_INT(done.deleted, 1);
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "A");
    close_all();
}

static void a_vector_ends_at_the_highest_index(void)
{
    static const char file[] = "id,vector_index,spacing,variety\nA,1,2,x\n";
    stoa_import_done done;

    open_with(KIT_SCHEMA "INSERT INTO Orchard(id, label) VALUES (1, 'A');"
              "INSERT INTO Orchard_vector_rows(id, vector_index) VALUES (1, 9223372036854775807)");
    CHECK_INT(csv_try_import(conn, "rows", file, "mode=append", &done, NULL, &err),
              STOA_ERR_FULL);
    CHECK_HAS(err.text, "vector_index has no number left");
    app_run(conn, "UPDATE Orchard_vector_rows SET vector_index = 9223372036854775806");
    app_must(csv_try_import(conn, "rows", file, "mode=append", &done, NULL, &err), &err, "import");
    CHECK_ROWS(conn, "SELECT max(vector_index), count(*) FROM Orchard_vector_rows",
               "9223372036854775807|2");
    close_all();
}

/* ---- texts ---- */

/* Many labels are looked up in a map, which knows one spelling. */
static void labels_are_equal_as_the_table_says(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    open_with(KIT_CONFIGURATION
              "CREATE TABLE Region (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL COLLATE "
              "NOCASE) STRICT;" ORCHARD(", region_id INTEGER REFERENCES Region(id) ON DELETE SET "
                                        "NULL ON UPDATE CASCADE")
              "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1500) "
              "INSERT INTO Region SELECT n, 'R' || n FROM c");
    fprintf(file, "label,region_id\n");
    for (int i = 1; i <= 1500; i++)
        fprintf(file, "L%d,r%d\n", i, i);
    fclose(file);
    app_must(import(text, ""), &err, "import");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard WHERE substr(label, 2) = region_id || ''",
               "1500");
    free(text);
    close_all();
}

static void separators_are_characters(void)
{
    static const char *const files[] = {"sep=\"\nlabel\"tree_count\nA\"1\n",
                                        "sep=\r\nlabel,tree_count\nA,1\n",
                                        "sep=\n\nlabel,tree_count\nA,1\n"};

    open_with(KIT_SCHEMA);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CHECK_INT(import(files[i], "columns=some"), STOA_ERR_INVALID);
        CHECK_HAS(err.text, "Cannot import_csv: CSV file does not contain a 'label' column.");
    }
    app_must(import("sep=\t\r\nlabel\ttree_count\nA\t1\n", "columns=some"), &err, "tab");
    close_all();
}

/* ---- streams ---- */

/* Another's only batch, whose rows have a bitmap and are not counted. */
struct uncounted {
    struct ArrowArrayStream inner;
    uint8_t bits;
    struct ArrowArray batch;
    const void *buffers[1];
};

static void uncounted_free(struct ArrowArray *batch)
{
    struct uncounted *const stream = batch->private_data;

    stream->batch.release(&stream->batch);
    batch->release = NULL;
}

static int uncounted_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct uncounted *const stream = self->private_data;

    return stream->inner.get_schema(&stream->inner, out);
}

static int uncounted_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct uncounted *const stream = self->private_data;
    const int code = stream->inner.get_next(&stream->inner, out);

    if (code != 0 || !out->release)
        return code;
    stream->batch = *out;
    stream->buffers[0] = &stream->bits;
    out->buffers = stream->buffers;
    out->n_buffers = 1;
    out->null_count = -1;
    out->private_data = stream;
    out->release = uncounted_free;
    return 0;
}

static const char *uncounted_error(struct ArrowArrayStream *self)
{
    struct uncounted *const stream = self->private_data;

    return stream->inner.get_last_error(&stream->inner);
}

static void uncounted_release(struct ArrowArrayStream *self)
{
    struct uncounted *const stream = self->private_data;

    stream->inner.release(&stream->inner);
    self->release = NULL;
}

static stoa_status create_uncounted(uint8_t bits)
{
    struct uncounted stream = {
        .inner = kit_stream("label:u", "{\"label\":\"a\"};{\"label\":\"b\"}", -1),
        .bits = bits};
    struct ArrowArrayStream rows = {uncounted_schema, uncounted_next, uncounted_error,
                                    uncounted_release, &stream};
    const stoa_status rc =
        stoa_elements_create(conn, NO_OP, "Orchard", STOA_NUL, &rows, NULL, &err);

    if (rows.release)
        rows.release(&rows);
    return rc;
}

static void rows_that_may_be_null_are_looked_at(void)
{
    open_with(KIT_SCHEMA);
    CHECK_INT(create_uncounted(1), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "the stream has NULL for rows");
    app_must(create_uncounted(3), &err, "create");
    CHECK_ROWS(conn, "SELECT label FROM Orchard", "a\nb");
    close_all();
}

static void a_row_of_a_group_is_not_null_beside_other_columns(void)
{
    open_with(KIT_SCHEMA);
    kit_fails(kit_create_many(conn, "Orchard", "label:u rows.spacing:[g rows:[{variety:u}",
                              "{\"label\":\"a\",\"rows.spacing\":[1,2],"
                              "\"rows\":[{\"variety\":\"x\"},null]}", NULL),
              STOA_ERR_INVALID, "item 1 of 'rows' is NULL, which is no row");
    close_all();
}

static void a_stream_ends_at_the_highest_index(void)
{
    int64_t count;

    open_with(KIT_SCHEMA "INSERT INTO Orchard(id, label) VALUES (1, 'A');"
              "INSERT INTO Orchard_vector_rows(id, vector_index) VALUES (1, 9223372036854775807)");
    kit_fails(kit_group_many(conn, STOA_GROUP_VECTOR, "rows", "append", "id:l spacing:g",
                             "{\"id\":1,\"spacing\":2}", &count),
              STOA_ERR_FULL, "no vector_index is left behind 9223372036854775807");
    close_all();
}

TEST_MAIN({"temporary tables are not meant", temporary_tables_are_not_meant},
          {"skipped rows leave relations alone", skipped_rows_leave_relations_alone},
          {"one relation that is not there leaves the other",
           one_relation_that_is_not_there_leaves_the_other},
          {"relations that must be there are not left out",
           relations_that_must_be_there_are_not_left_out},
          {"foreign keys are deferred for an import alone",
           foreign_keys_are_deferred_for_an_import_alone},
          {"rows are not deleted with element zero", rows_are_not_deleted_with_element_zero},
          {"an element that a trigger ignores is none",
           an_element_that_a_trigger_ignores_is_none},
          {"elements that a table ignores are none", elements_that_a_table_ignores_are_none},
          {"refused rows are named beside triggers", refused_rows_are_named_beside_triggers},
          {"ignored rows of a file are not counted", ignored_rows_of_a_file_are_not_counted},
          {"sets of nothing have one row", sets_of_nothing_have_one_row},
          {"what a trigger rolls back stays so", what_a_trigger_rolls_back_stays_so},
          {"ids come to an end", ids_come_to_an_end},
          {"a descending key is no id", a_descending_key_is_no_id},
          {"names of columns come back", names_of_columns_come_back},
          {"the lowest id is an id", the_lowest_id_is_an_id},
          {"a vector ends at the highest index", a_vector_ends_at_the_highest_index},
          {"labels are equal as the table says", labels_are_equal_as_the_table_says},
          {"separators are characters", separators_are_characters},
          {"rows that may be NULL are looked at", rows_that_may_be_null_are_looked_at},
          {"a row of a group is not NULL beside other columns",
           a_row_of_a_group_is_not_null_beside_other_columns},
          {"a stream ends at the highest index", a_stream_ends_at_the_highest_index})
