/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue against a schema of everything SQLite has, and tables read without SQL. */
#include "support/app.h"

#include "base/mem.h"

static const char schema[] =
    "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE,"
    " d TEXT DECIMAL(10,2), u UNIQUE, twice AS (id * 2), kept AS (id + 1) STORED);"
    "CREATE TABLE strict (a INT, b ANY) STRICT;"
    "CREATE TABLE tight (a INT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE child (p INTEGER REFERENCES plain(id) ON DELETE CASCADE ON UPDATE SET NULL,"
    " a INT, b TEXT, FOREIGN KEY (b, a) REFERENCES tight, UNIQUE (a, b));"
    "CREATE INDEX pi ON plain (name DESC, lower(name) COLLATE RTRIM) WHERE id > 3;"
    "CREATE VIEW seen AS SELECT id, name FROM plain;"
    "CREATE VIRTUAL TABLE words USING fts5(text);"
    "CREATE TEMP TABLE passing (a);"
    "CREATE TABLE \"odd \"\"name\" (\"odd column\" TEXT);"
    "CREATE TABLE stoa_hidden (a);"
    "ATTACH ':memory:' AS other;"
    "CREATE TABLE other.plain (z REAL)";

static char *list(stoa_conn conn, int32_t what, const char *database, const char *table)
{
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);
    struct ArrowSchema columns;
    stoa_result result;
    stoa_error err;

    app_must(stoa_catalog(conn, NO_OP, what, database, database ? STOA_NUL : 0, table,
                          table ? STOA_NUL : 0, &result, &err), &err, "catalog");
    app_must(stoa_result_schema(result, &columns, &err), &err, "schema");
    stoa_status rc;
    while ((rc = stoa_result_step(result, NO_OP, &err)) == STOA_OK) {
        for (int32_t i = 0; i < columns.n_children; i++) {
            const char *value = "-";
            int64_t value_size;
            int32_t null = 0;

            CHECK_INT(stoa_result_is_null(result, i, &null, &err), STOA_OK);
            if (!null)
                app_must(stoa_result_text(result, i, &value, &value_size, &err), &err, "text");
            if (strncmp(value, "CREATE", 6) == 0)
                value = "CREATE";
            fprintf(text, "%s%s", i > 0 ? " " : "", value);
        }
        fputc('\n', text);
    }
    app_must(rc, &err, "step");
    columns.release(&columns);
    stoa_result_close(result);
    fclose(text);
    return out;
}

static void check_list(stoa_conn conn, int32_t what, const char *database, const char *table,
                       const char *right)
{
    char *got = list(conn, what, database, table);

    CHECK_TEXT(got, right);
    free(got);
}

static stoa_conn with_schema(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));

    app_run(conn, schema);
    return conn;
}

/* The promise of stoa/catalog.h: names, formats and NULLs of the columns. */
static void the_columns_are_those_of_the_header(void)
{
    static const struct {
        int32_t what;
        const char *names, *formats;
    } kinds[] = {
        {STOA_CATALOG_DATABASES, "database path read_only", "uub"},
        {STOA_CATALOG_TABLES, "database table type sql strict without_rowid column_count",
         "uuuubbi"},
        {STOA_CATALOG_COLUMNS, "database table column position type format nullable default "
                               "key_position generated hidden collation", "uuuiuubuiubu"},
        {STOA_CATALOG_INDEXES, "database table index unique origin partial position column "
                               "descending collation sql", "uuububiubuu"},
        {STOA_CATALOG_KEYS, "database table name kind position column other_table other_column "
                            "on_update on_delete", "uuuuiuuuuu"},
        {STOA_CATALOG_FUNCTIONS, "name kind argument_count origin deterministic", "uuiub"},
        {STOA_CATALOG_COLLATIONS, "name", "u"},
    };
    stoa_conn conns[2] = {with_schema(), app_connect(app_open(":memory:", NULL))};

    for (int c = 0; c < 2; c++) /* Also when there is nothing to list. */
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
            char names[256] = "", formats[32] = "";
            struct ArrowSchema columns;
            stoa_result result;

            CHECK_INT(stoa_catalog(conns[c], NO_OP, kinds[i].what, NULL, 0, NULL, 0, &result,
                                   NULL), STOA_OK);
            CHECK_INT(stoa_result_schema(result, &columns, NULL), STOA_OK);
            for (int64_t k = 0; k < columns.n_children; k++) {
                snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                         k > 0 ? " " : "", columns.children[k]->name);
                snprintf(formats + strlen(formats), sizeof(formats) - strlen(formats), "%s",
                         columns.children[k]->format);
            }
            CHECK_TEXT(names, kinds[i].names);
            CHECK_TEXT(formats, kinds[i].formats);
            columns.release(&columns);
            stoa_result_close(result);
        }
}

static void databases_and_tables(void)
{
    stoa_conn conn = with_schema();
    char *all = list(conn, STOA_CATALOG_TABLES, NULL, NULL);

    check_list(conn, STOA_CATALOG_DATABASES, "other", NULL, "other  false\n");
    check_list(conn, STOA_CATALOG_TABLES, "main", "PLAIN",
               "main plain table CREATE false false 6\n");
    check_list(conn, STOA_CATALOG_TABLES, NULL, "plain",
               "main plain table CREATE false false 6\nother plain table CREATE false false 1\n");
    check_list(conn, STOA_CATALOG_TABLES, NULL, "tight",
               "main tight table CREATE true true 2\n");
    check_list(conn, STOA_CATALOG_TABLES, NULL, "seen", "main seen view CREATE false false 2\n");
    check_list(conn, STOA_CATALOG_TABLES, "temp", NULL,
               "temp passing table CREATE false false 1\n");
    check_list(conn, STOA_CATALOG_TABLES, NULL, "nothing", "");
    CHECK_HAS(all, "main words virtual CREATE");
    CHECK_HAS(all, "main words_data shadow CREATE");
    CHECK_HAS(all, "main odd \"name table");
    CHECK(!strstr(all, "stoa_hidden") && !strstr(all, "sqlite_"));
    check_list(conn, STOA_CATALOG_TABLES, NULL, "stoa_hidden",
               "main stoa_hidden table CREATE false false 1\n");
    free(all);
}

static void columns(void)
{
    stoa_conn conn = with_schema();

    check_list(conn, STOA_CATALOG_COLUMNS, "main", "plain",
               "main plain id 1 INTEGER l true - 1 none false BINARY\n"
               "main plain name 2 TEXT u false 'x' 0 none false NOCASE\n"
               "main plain d 3 TEXT DECIMAL(10,2) d:10,2 true - 0 none false BINARY\n"
               "main plain u 4  - true - 0 none false BINARY\n"
               "main plain twice 5  - true - 0 virtual false BINARY\n"
               "main plain kept 6  - true - 0 stored false BINARY\n");
    check_list(conn, STOA_CATALOG_COLUMNS, "main", "odd \"name",
               "main odd \"name odd column 1 TEXT u true - 0 none false BINARY\n");
    char *words = list(conn, STOA_CATALOG_COLUMNS, "main", "words");
    CHECK_HAS(words, "main words words 2  - true - 0 none true");
    free(words);
}

static void indexes_and_keys(void)
{
    stoa_conn conn = with_schema();

    check_list(conn, STOA_CATALOG_INDEXES, "main", "plain",
               "main plain pi false created true 1 name true NOCASE CREATE\n"
               "main plain pi false created true 2 - false RTRIM CREATE\n"
               "main plain sqlite_autoindex_plain_1 true unique false 1 u false BINARY -\n");
    check_list(conn, STOA_CATALOG_KEYS, "main", "child",
               "main child sqlite_autoindex_child_1 unique 1 a - - - -\n"
               "main child sqlite_autoindex_child_1 unique 2 b - - - -\n"
               "main child 0 foreign 1 b tight - no action no action\n"
               "main child 0 foreign 2 a tight - no action no action\n"
               "main child 1 foreign 1 p plain id set null cascade\n");
    check_list(conn, STOA_CATALOG_KEYS, "main", "tight",
               "main tight - primary 1 b - - - -\nmain tight - primary 2 a - - - -\n");
}

static int32_t compare(void *user_data, const char *a, int64_t a_size, const char *b,
                       int64_t b_size)
{
    (void)user_data, (void)a, (void)b;
    return (int32_t)(a_size - b_size);
}

static void functions_and_collations(void)
{
    stoa_conn conn = with_schema();

    CHECK_INT(stoa_collation_register(conn, "length", STOA_NUL, compare, NULL, NULL, NULL),
              STOA_OK);
    check_list(conn, STOA_CATALOG_COLLATIONS, NULL, "LENGTH", "length\n");
    check_list(conn, STOA_CATALOG_FUNCTIONS, NULL, "abs", "abs scalar 1 engine true\n");
    check_list(conn, STOA_CATALOG_FUNCTIONS, NULL, "random", "random scalar 0 engine false\n");
    check_list(conn, STOA_CATALOG_FUNCTIONS, NULL, "stoa_schema_sql", "");
    char *all = list(conn, STOA_CATALOG_FUNCTIONS, NULL, NULL);
    CHECK_HAS(all, "row_number window");
    free(all);
}

/* They can be called by anybody who writes SQL. */
static void the_helpers_take_anything(void)
{
    stoa_conn conn = with_schema();

    check_list(conn, STOA_CATALOG_DATABASES, "main", NULL, "main  false\n");
    CHECK_ROWS(conn, "SELECT stoa_schema_sql(NULL, 'plain'), stoa_column_format(NULL, 1, 2, 3), "
                     "stoa_column_collation('main', NULL, 'x'), stoa_read_only(NULL), "
                     "stoa_column_collation(1, 2, 3), stoa_read_only('nowhere')",
               "NULL|NULL|NULL|NULL|NULL|0");
    CHECK_FAILS(conn, "SELECT stoa_schema_sql('nowhere', 'x')", STOA_ERR_NOT_FOUND, "nowhere");
}

static void a_tables_schema_is_that_of_its_rows(void)
{
    stoa_conn conn = with_schema();
    struct ArrowSchema schema_out;
    stoa_error err;

    app_must(stoa_table_schema(conn, NO_OP, "main", STOA_NUL, "plain", STOA_NUL, &schema_out, &err),
             &err, "table_schema");
    CHECK_INT(schema_out.n_children, 6);
    CHECK_TEXT(schema_out.children[2]->name, "d");
    CHECK_TEXT(schema_out.children[2]->format, "d:10,2");
    schema_out.release(&schema_out);
    CHECK_INT(stoa_table_schema(conn, NO_OP, NULL, 0, "nowhere", STOA_NUL, &schema_out, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_INT(stoa_table_schema(conn, NO_OP, "other", STOA_NUL, "plain", STOA_NUL, &schema_out,
                                &err), STOA_OK);
    CHECK_TEXT(schema_out.children[0]->format, "g");
    schema_out.release(&schema_out);
}

/* ---- whole tables ---- */

static stoa_status read_table(stoa_conn conn, const char *table, const char *column,
                              int64_t begin, int64_t end, stoa_result *out, stoa_error *err)
{
    char bytes[128];
    const int64_t table_size = (int64_t)strlen(table), size = column ? (int64_t)strlen(column) : 0;
    const stoa_value name = {.type = STOA_TYPE_TEXT, .b = table_size};
    const stoa_value wanted = {.type = STOA_TYPE_TEXT, .a = table_size, .b = size};

    snprintf(bytes, sizeof(bytes), "%s%s", table, column ? column : "");
    return stoa_read(conn, NO_OP, &name, 1, &wanted, column ? 1 : 0, (const uint8_t *)bytes,
                     table_size + size, begin, end, 0, out, err);
}

static void check_read(stoa_conn conn, const char *column, int64_t begin, int64_t end,
                       const char *right)
{
    char got[256] = "";
    stoa_result result;
    stoa_error err;

    app_must(read_table(conn, "events", column, begin, end, &result, &err), &err, "read");
    while (stoa_result_step(result, NO_OP, &err) == STOA_OK) {
        const char *text;
        int64_t size;

        app_must(stoa_result_text(result, 0, &text, &size, &err), &err, "text");
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", text);
    }
    stoa_result_close(result);
    CHECK_TEXT(got, right);
}

static void check_ranges(stoa_conn conn)
{
    check_read(conn, "NAME", INT64_MIN, INT64_MAX, "z a b c ");
    check_read(conn, NULL, 1000, 3000, "a b ");
    check_read(conn, "name", 1001, INT64_MAX, "b c "); /* Between two microseconds. */
    check_read(conn, "name", INT64_MIN, 2001, "z a b ");
    check_read(conn, "name", INT64_MIN, -999, "z ");
    check_read(conn, "name", 5, 5, "");
}

static void tables_are_read_in_the_order_of_their_index(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));
    stoa_result result;
    struct ArrowSchema columns_out;
    stoa_error err;

    app_run(conn, "CREATE TABLE events (name TEXT, at TEXT TIMESTAMP_US); INSERT INTO events "
                  "VALUES ('c', '1970-01-01T00:00:00.000003'), ('a', '1970-01-01T00:00:00.000001'),"
                  "('b', '1970-01-01T00:00:00.000002'), ('z', '1969-12-31T23:59:59.999999')");
    check_ranges(conn);
    app_run(conn, "DROP TABLE events; CREATE TABLE events (name TEXT, at INTEGER TIMESTAMP_US);"
                  "INSERT INTO events VALUES ('c', 3), ('a', 1), ('b', 2), ('z', -1);"
                  "CREATE TABLE bare (a INT)");
    check_ranges(conn);
    app_must(read_table(conn, "events", NULL, INT64_MIN, INT64_MAX, &result, &err), &err, "read");
    CHECK_INT(stoa_result_schema(result, &columns_out, NULL), STOA_OK);
    CHECK(columns_out.metadata != NULL);
    /* One pair: its count, then sizes and texts. */
    CHECK(memcmp(columns_out.metadata, "\1\0\0\0\12\0\0\0stoa:index\2\0\0\0at", 24) == 0);
    columns_out.release(&columns_out);
    stoa_result_close(result);
    CHECK_INT(read_table(conn, "events", "nope", INT64_MIN, INT64_MAX, &result, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "nope");
    CHECK_INT(read_table(conn, "nowhere", NULL, INT64_MIN, INT64_MAX, &result, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_INT(read_table(conn, "events", NULL, 2, 1, &result, &err), STOA_ERR_INVALID);
    CHECK_INT(read_table(conn, "bare", NULL, 1, INT64_MAX, &result, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "timestamp");
}

static void the_catalogue_survives_every_allocation_failure(void)
{
    stoa_conn conn = with_schema();

    for (int32_t what = STOA_CATALOG_DATABASES; what <= STOA_CATALOG_COLLATIONS; what++) {
        stoa_status rc = STOA_ERR_NOMEM;
        int64_t nth = 0;

        for (; rc != STOA_OK; nth += nth < 100 ? 1 : 7) {
            struct ArrowArray batch;
            stoa_result result;
            stoa_error err;

            stoa__mem_fail_nth = nth;
            rc = stoa_catalog(conn, NO_OP, what, NULL, 0, NULL, 0, &result, &err);
            while (rc == STOA_OK &&
                   (rc = stoa_result_next(result, NO_OP, &batch, &err)) == STOA_OK)
                batch.release(&batch);
            stoa_result_close(result);
            stoa__mem_fail_nth = -1;
            rc = rc == STOA_DONE ? STOA_OK : rc;
            CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        }
        CHECK(nth > 5);
    }
}

TEST_MAIN({"the columns are those of the header", the_columns_are_those_of_the_header},
          {"databases and tables", databases_and_tables}, {"columns", columns},
          {"indexes and keys", indexes_and_keys},
          {"functions and collations", functions_and_collations},
          {"the helpers take anything", the_helpers_take_anything},
          {"a table's schema is that of its rows", a_tables_schema_is_that_of_its_rows},
          {"tables are read in the order of their index",
           tables_are_read_in_the_order_of_their_index},
          {"the catalogue survives every allocation failure",
           the_catalogue_survives_every_allocation_failure})
