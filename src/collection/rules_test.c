/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule of a schema alone, with its whole text; their order; what is well all the same. */
#include "base/mem.h"
#include "collection/collection_kit.h"

#define ELEMENT "id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL"
#define ITEM "CREATE TABLE Item (" ELEMENT ");"
#define BASE KIT_CONFIGURATION ITEM
#define OWNED "id INTEGER REFERENCES Item(id) ON DELETE CASCADE ON UPDATE CASCADE"
#define CASCADE " ON DELETE CASCADE ON UPDATE CASCADE"

static stoa_error err;

struct rule {
    const char *number;
    const char *sql;
    const char *text; /* Behind "Failed to validate schema: ". */
};

/* Those of everybody. */
static const struct rule rules[] = {
    {"1", ITEM, "Schema must have a 'Configuration' table"},
    {"1", "CREATE TABLE configuration (" ELEMENT ");",
     "Schema must have a 'Configuration' table"},
    {"2", BASE "CREATE TABLE My_item (" ELEMENT ");",
     "Invalid collection name 'My_item': collection names cannot contain underscores"},
    {"2", BASE "CREATE TABLE Item_vector_ (" OWNED ", vector_index INTEGER);",
     "Invalid collection name 'Item_vector_': collection names cannot contain underscores"},
    {"3", KIT_CONFIGURATION "CREATE TABLE T (id INTEGER, label TEXT UNIQUE NOT NULL);",
     "Collection 'T' must have 'id' as primary key"},
    {"3", KIT_CONFIGURATION "CREATE TABLE T (label TEXT UNIQUE NOT NULL);",
     "Collection 'T' must have 'id' as primary key"},
    {"4", KIT_CONFIGURATION "CREATE TABLE T (id INTEGER PRIMARY KEY);",
     "Collection 'T' must have a 'label' column"},
    {"4", "CREATE TABLE Configuration (id INTEGER PRIMARY KEY);",
     "Collection 'Configuration' must have a 'label' column"},
    {"5",
     KIT_CONFIGURATION "CREATE TABLE T (id INTEGER PRIMARY KEY, label INTEGER UNIQUE NOT NULL);",
     "Collection 'T' label column must be TEXT type"},
    {"6", KIT_CONFIGURATION "CREATE TABLE T (id INTEGER PRIMARY KEY, label TEXT UNIQUE);",
     "Collection 'T' label column must have NOT NULL constraint"},
    {"7",
     KIT_CONFIGURATION "CREATE TABLE T (id INTEGER PRIMARY KEY, label TEXT NOT NULL, x REAL, "
                       "UNIQUE (label, x));",
     "Collection 'T' label column must have UNIQUE constraint"},
    {"8",
     KIT_CONFIGURATION "CREATE TABLE No_vector_v (id INTEGER, vector_index INTEGER, x REAL, "
                       "PRIMARY KEY (id, vector_index));",
     "Vector table 'No_vector_v' references non-existent collection 'No'"},
    {"9", BASE "CREATE TABLE Item_vector_v (vector_index INTEGER PRIMARY KEY, x REAL);",
     "Vector table 'Item_vector_v' must have 'id' column"},
    {"10",
     BASE "CREATE TABLE Item_vector_v (id INTEGER PRIMARY KEY REFERENCES Item(id)" CASCADE
          ", vector_index INTEGER, x REAL, UNIQUE (id, vector_index));",
     "Vector table 'Item_vector_v' must have composite primary key (id, vector_index), not just "
     "'id'"},
    {"11", BASE "CREATE TABLE Item_vector_v (" OWNED ", x REAL);",
     "Vector table 'Item_vector_v' must have 'vector_index' column"},
    {"12",
     BASE "CREATE TABLE Item_vector_v (id INTEGER, vector_index INTEGER, x REAL, "
          "PRIMARY KEY (id, vector_index));",
     "Vector table 'Item_vector_v' must have foreign key to parent collection 'Item'"},
    {"13",
     BASE "CREATE TABLE Item_vector_v (id INTEGER REFERENCES Item(id) ON DELETE CASCADE, "
          "vector_index INTEGER, x REAL, PRIMARY KEY (id, vector_index));",
     "Vector table 'Item_vector_v' FK to parent must use ON DELETE CASCADE ON UPDATE CASCADE"},
    {"14", BASE "CREATE TABLE Item_set_s (" OWNED ", x REAL);",
     "Set table 'Item_set_s' must have a UNIQUE constraint"},
    {"15", BASE "CREATE TABLE Item_set_s (" OWNED ", x REAL, y REAL, UNIQUE (id, x));",
     "Set table 'Item_set_s' column 'y' must be part of a UNIQUE constraint"},
    {"16", KIT_CONFIGURATION "CREATE TABLE No_time_series_files (x TEXT);",
     "Time series files table 'No_time_series_files' references non-existent collection 'No'"},
    {"17", BASE "CREATE TABLE Item_time_series_files (x TEXT, y REAL);",
     "Time series files table 'Item_time_series_files' column 'y' must be TEXT type (for file "
     "paths)"},
    {"17", BASE "CREATE TABLE Item_time_series_files (date_x TEXT);",
     "Time series files table 'Item_time_series_files' column 'date_x' must be TEXT type (for "
     "file "
     "paths)"},
    {"18",
     KIT_CONFIGURATION "CREATE TABLE Item (" ELEMENT ", "
                       "x REAL);"
                       "CREATE TABLE Item_set_s (" OWNED ", x REAL, UNIQUE (id, x));",
     "Duplicate attribute 'x' found in table 'Item_set_s' (already defined in collection "
     "'Item')"},
    {"18",
     BASE "CREATE TABLE Item_set_s (" OWNED ", x REAL, UNIQUE (id, x));"
          "CREATE TABLE Item_vector_v (" OWNED ", vector_index INTEGER, x REAL, "
          "PRIMARY KEY (id, vector_index));",
     "Duplicate attribute 'x' found in table 'Item_vector_v' (already defined in collection "
     "'Item')"},
    {"19",
     BASE "CREATE TABLE T (" ELEMENT ", item_id INTEGER "
          "NOT NULL REFERENCES Item(id) ON DELETE SET NULL ON UPDATE CASCADE);",
     "Foreign key column 'item_id' in table 'T' has ON DELETE SET NULL but NOT NULL constraint"},
    {"20",
     BASE "CREATE TABLE T (" ELEMENT ", item_id INTEGER "
          "REFERENCES Item(id) ON DELETE SET NULL);",
     "Foreign key 'item_id' in table 'T' must use ON UPDATE CASCADE"},
    {"21",
     BASE "CREATE TABLE T (" ELEMENT ", item_id INTEGER "
          "REFERENCES Item(id) ON DELETE RESTRICT ON UPDATE CASCADE);",
     "Foreign key 'item_id' in table 'T' must use ON DELETE SET NULL or ON DELETE CASCADE"},
    {"22",
     BASE "CREATE TABLE T (" ELEMENT ", owner INTEGER "
          "REFERENCES Item(id)" CASCADE ");",
     "Foreign key column 'owner' in table 'T' should follow naming pattern '<collection>_id'"},
};

/* Ours. */
static const struct rule own_rules[] = {
    {"S1",
     KIT_CONFIGURATION "CREATE TABLE T (id INTEGER, other INTEGER, label TEXT UNIQUE NOT NULL, "
                       "PRIMARY KEY (id, other));",
     "Collection 'T' must have 'id' as a single INTEGER primary key"},
    {"S1", KIT_CONFIGURATION "CREATE TABLE T (id TEXT PRIMARY KEY, label TEXT UNIQUE NOT NULL);",
     "Collection 'T' must have 'id' as a single INTEGER primary key"},
    {"S2",
     KIT_CONFIGURATION "CREATE TABLE T (id INTEGER PRIMARY KEY, label TEXT NOT NULL);"
                       "CREATE UNIQUE INDEX t_label ON T (label) WHERE id > 5;",
     "Collection 'T' label column must have UNIQUE constraint"},
    {"S3",
     BASE "CREATE TABLE Item_vector_v (" OWNED ", vector_index INTEGER, x REAL, "
          "PRIMARY KEY (id, vector_index, x));",
     "Vector table 'Item_vector_v' must have composite primary key (id, vector_index)"},
    {"S3",
     BASE "CREATE TABLE Item_vector_v (" OWNED ", vector_index TEXT, x REAL, "
          "PRIMARY KEY (id, vector_index));",
     "Vector table 'Item_vector_v' must have composite primary key (id, vector_index)"},
    {"S4", KIT_CONFIGURATION "CREATE TABLE No_set_s (id INTEGER, x REAL, UNIQUE (id, x));",
     "Set table 'No_set_s' references non-existent collection 'No'"},
    {"S4", BASE "CREATE TABLE Item_set_s (x REAL UNIQUE);",
     "Set table 'Item_set_s' must have 'id' column"},
    {"S4", BASE "CREATE TABLE Item_set_s (id INTEGER, x REAL, UNIQUE (id, x));",
     "Set table 'Item_set_s' must have foreign key to parent collection 'Item'"},
    {"S4",
     BASE "CREATE TABLE Item_set_s (id INTEGER REFERENCES Item(id) ON DELETE SET NULL "
          "ON UPDATE CASCADE, x REAL, UNIQUE (id, x));",
     "Set table 'Item_set_s' FK to parent must use ON DELETE CASCADE ON UPDATE CASCADE"},
    {"S4", BASE "CREATE TABLE Item_set_s (" OWNED ", x REAL UNIQUE);",
     "Set table 'Item_set_s' must have a UNIQUE constraint that holds 'id'"},
    {"S5",
     KIT_CONFIGURATION "CREATE TABLE No_time_series_t (id INTEGER, date_time TEXT, x REAL, "
                       "PRIMARY KEY (id, date_time));",
     "Time series table 'No_time_series_t' references non-existent collection 'No'"},
    {"S5", BASE "CREATE TABLE Item_time_series_t (date_time TEXT PRIMARY KEY, x REAL);",
     "Time series table 'Item_time_series_t' must have 'id' column"},
    {"S5",
     BASE "CREATE TABLE Item_time_series_t (id INTEGER, date_time TEXT, x REAL, "
          "PRIMARY KEY (id, date_time));",
     "Time series table 'Item_time_series_t' must have foreign key to parent collection 'Item'"},
    {"S5",
     BASE "CREATE TABLE Item_time_series_t (id INTEGER REFERENCES Item(id), date_time TEXT, "
          "x REAL, PRIMARY KEY (id, date_time));",
     "Time series table 'Item_time_series_t' FK to parent must use ON DELETE CASCADE ON UPDATE "
     "CASCADE"},
    {"S6", BASE "CREATE TABLE Item_time_series_t (" OWNED ", date_time TEXT, x REAL);",
     "Time series table 'Item_time_series_t' must have primary key (id, date column, ...)"},
    {"S6",
     BASE "CREATE TABLE Item_time_series_t (" OWNED ", block INTEGER, date_time TEXT, "
          "PRIMARY KEY (id, block));",
     "Time series table 'Item_time_series_t' must have primary key (id, date column, ...)"},
    {"S7",
     BASE "CREATE TABLE Item_vector_v (" OWNED ", vector_index INTEGER, x REAL, "
          "PRIMARY KEY (id, vector_index));"
          "CREATE UNIQUE INDEX v ON Item_vector_v (x);"
          "CREATE TABLE T (" ELEMENT ", item_vector_v_id "
          "INTEGER REFERENCES Item_vector_v(x)" CASCADE ");",
     "Foreign key 'item_vector_v_id' in table 'T' must reference the 'id' of a collection"},
};

/* Apply to an empty database in memory; the text of the failure, or "". */
static const char *apply(const char *sql, const char *policy)
{
    const stoa_option option = {"rules", policy};
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    stoa_status rc;

    kit_must(stoa_collection_set(conn, &option, 1, &err), &err, "set");
    rc = stoa_collection_apply(conn, NO_OP, sql, STOA_NUL, &err);
    if (rc == STOA_OK)
        err.text[0] = '\0';
    else
        CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    stoa_db_close(db);
    return err.text;
}

static const char *with_prefix(const char *text)
{
    static char whole[500];

    (void)snprintf(whole, sizeof whole, "Failed to validate schema: %s", text);
    return whole;
}

static char *check(stoa_conn conn)
{
    stoa_result result;

    kit_must(stoa_collection_check(conn, NO_OP, &result, &err), &err, "check");
    return kit_rows(result);
}

/* Is the rule the first thing the check finds in such a file, and with this text? */
static void check_first_finding(stoa_conn conn, const struct rule *rule, bool fatal)
{
    char *rows = check(conn), begin[100];

    (void)snprintf(begin, sizeof begin, "%s|%s|", rule->number, fatal ? "true" : "false");
    CHECK(strncmp(rows, begin, strlen(begin)) == 0);
    CHECK_HAS(rows, rule->text);
    free(rows);
}

static void every_rule_refuses_with_its_text(void)
{
    stoa_result list;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        stoa_db db;
        stoa_conn conn;

        CHECK_TEXT(apply(rules[i].sql, "all"), with_prefix(rules[i].text));
        CHECK_TEXT(apply(rules[i].sql, "basic"), with_prefix(rules[i].text));
        conn = kit_open(rules[i].sql, &db);
        CHECK_INT(stoa_collection_list(conn, NO_OP, NULL, 0, &list, &err), STOA_ERR_INVALID);
        CHECK_TEXT(err.text, with_prefix(rules[i].text));
        check_first_finding(conn, &rules[i], true);
        stoa_db_close(db);
    }
}

static void rules_of_our_own_refuse_new_schemas_alone(void)
{
    stoa_result list;

    for (size_t i = 0; i < sizeof own_rules / sizeof *own_rules; i++) {
        stoa_db db;
        stoa_conn conn;

        CHECK_TEXT(apply(own_rules[i].sql, "all"), with_prefix(own_rules[i].text));
        CHECK_TEXT(apply(own_rules[i].sql, "basic"), "");
        conn = kit_open(own_rules[i].sql, &db);
        kit_must(stoa_collection_list(conn, NO_OP, NULL, 0, &list, &err), &err, own_rules[i].sql);
        check_first_finding(conn, &own_rules[i], false);
        stoa_db_close(db);
    }
}

static void types_come_first(void)
{
    static const char *const types[] = {"INT", "BLOB",     "ANY", "VARCHAR(10)",
                                        "",    "DATETIME", "date"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char sql[600], right[200];
        stoa_db db;
        stoa_conn conn;
        char *rows;

        (void)snprintf(sql, sizeof sql, "CREATE TABLE My_t (id INTEGER PRIMARY KEY, x %s);",
                       types[i]);
        (void)snprintf(right, sizeof right, "Unknown data type: %s (column 'x' of table 'My_t')",
                       types[i]);
        CHECK_TEXT(apply(sql, "all"), right);
        conn = kit_open(sql, &db);
        rows = check(conn);
        (void)snprintf(sql, sizeof sql,
                       "type|true|My_t|x|%s\n1|true|NULL|NULL|Schema must have a 'Configuration' "
                       "table\n2|true|My_t|NULL|Invalid collection name 'My_t': collection names "
                       "cannot contain underscores",
                       right);
        CHECK_TEXT(rows, sql);
        free(rows);
        stoa_db_close(db);
    }
}

/* Loading, 1, 2 over all tables, 3 to 17 table by table, 18, 19 to 22. */
static void the_first_failure_is_told_in_the_stated_order(void)
{
    static const char *const parts[] = {
        "CREATE TABLE Z (" ELEMENT ", "
        "item_id INTEGER REFERENCES Item(id) ON DELETE RESTRICT);", /* 20 */
        "CREATE TABLE Item_set_a (" OWNED ", x REAL, UNIQUE (id, x));"
        "CREATE TABLE Item_set_b (" OWNED ", x REAL, UNIQUE (id, x));", /* 18 */
        "CREATE TABLE Z_vector_v (x REAL);",                            /* 9 */
        "CREATE TABLE B (id INTEGER PRIMARY KEY);",                     /* 4 */
        "CREATE TABLE Under_score (x REAL);",                           /* 2 */
    };
    static const char *const texts[] = {
        "Foreign key 'item_id' in table 'Z' must use ON UPDATE CASCADE",
        ("Duplicate attribute 'x' found in table 'Item_set_b' (already defined in collection "
        "'Item')"),
        "Vector table 'Z_vector_v' must have 'id' column",
        "Collection 'B' must have a 'label' column",
        "Invalid collection name 'Under_score': collection names cannot contain underscores",
    };
    char sql[3000] = BASE;

    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), "%s", parts[i]);
        CHECK_TEXT(apply(sql, "basic"), with_prefix(texts[i]));
    }
    CHECK_TEXT(apply(sql + sizeof KIT_CONFIGURATION - 1, "basic"),
               with_prefix("Schema must have a 'Configuration' table"));
    (void)snprintf(sql, sizeof sql, "%s",
                   "CREATE TABLE U_u (x REAL); CREATE TABLE T (x NUMBER);");
    CHECK_TEXT(apply(sql, "basic"), "Unknown data type: NUMBER (column 'x' of table 'T')");
}

static void all_findings_are_rows_of_the_check(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(
        BASE
        "CREATE TABLE T (id INTEGER PRIMARY KEY, label INTEGER, owner INTEGER REFERENCES "
        "Item(id));"
        "CREATE TABLE Item_set_s (id INTEGER, date_x TEXT, UNIQUE (id, date_x));"
        "INSERT INTO Item_set_s VALUES (1, '2024-01-01'), (1, '2024-01-01T00:00:00'), "
        "(1, '2024-02-31T00:00:00'), (1, NULL), (1, ''), (1, '2024-01-01 10:00:00'), "
        "(1, '2024-01-01T10:00:00.5'), (1, '2024-01-01T10:00:00.50'), "
        "(1, '2024-01-01T10:00:00.'), (1, '2024-01-01T10:00:00Z'), (1, x'00'), "
        "(1, '0000-01-01T00:00:00'), (1, '0001-01-01T00:00:00'), (1, '2024-01-01T24:00:00'), "
        "(1, '2024-01-01T10:00:00.123456789'), (1, '2024-01-01T10:00:00.1234567891');",
        &db);
    char *rows = check(conn);

    CHECK_TEXT(
        rows,
        "S4|false|Item_set_s|id|Set table 'Item_set_s' must have foreign key to parent "
        "collection 'Item'\n"
        "5|true|T|label|Collection 'T' label column must be TEXT type\n"
        "6|true|T|label|Collection 'T' label column must have NOT NULL constraint\n"
        "7|true|T|label|Collection 'T' label column must have UNIQUE constraint\n"
        "20|true|T|owner|Foreign key 'owner' in table 'T' must use ON UPDATE CASCADE\n"
        "21|true|T|owner|Foreign key 'owner' in table 'T' must use ON DELETE SET NULL or ON "
        "DELETE CASCADE\n"
        "22|true|T|owner|Foreign key column 'owner' in table 'T' should follow naming pattern "
        "'<collection>_id'\n"
        "dates|false|Item_set_s|date_x|11 of the dates in column 'date_x' of table "
        "'Item_set_s' are not written as YYYY-MM-DDTHH:MM:SS");
    free(rows);
    stoa_db_close(db);
}

/* What upstream refuses or fails on, and what every reader takes. */
static void what_is_well_is_taken(void)
{
    static const char *const schemas[] = {
        KIT_SCHEMA,
        "CREATE TABLE Configuration (id integer primary key, label text unique not null, x "
        "real);",
        BASE "CREATE TABLE T (id INTEGER PRIMARY KEY, label TEXT NOT NULL, seen DATE_TIME);"
             "CREATE UNIQUE INDEX t_label ON T (label);",
        /* Beside: a view, a trigger, a virtual table with its shadows, a table of our own. */
        BASE "CREATE VIEW a_b AS SELECT 1 AS x; CREATE TRIGGER c_d AFTER INSERT ON Item BEGIN "
             "SELECT 1; "
             "END; CREATE VIRTUAL TABLE found_texts USING fts5(body);"
             "CREATE TABLE stoa_column_type (x BLOB);",
        /* Any name of a column, and an infix behind the first. */
        KIT_CONFIGURATION
        "CREATE TABLE A (" ELEMENT ", \"order\" "
        "REAL, \"select \"\"x\"\"\" TEXT, \"größe\" REAL);"
        "CREATE TABLE A_vector_b_set_c (id INTEGER REFERENCES A(id)" CASCADE
        ", vector_index INTEGER, \"group\" REAL, PRIMARY KEY (id, vector_index));",
        /* Two series with one dimension name; two groups with one relation's. */
        BASE "CREATE TABLE Item_time_series_a (" OWNED ", date_time TEXT, block INTEGER, x REAL, "
             "PRIMARY KEY (id, date_time, block));"
             "CREATE TABLE Item_time_series_b (" OWNED ", date_time TEXT, block INTEGER, y REAL, "
             "PRIMARY KEY (id, date_time, block)) WITHOUT ROWID;"
             "CREATE TABLE Item_set_a (" OWNED ", item_id INTEGER REFERENCES Item(id)" CASCADE
             ", UNIQUE (id, item_id));"
             "CREATE TABLE Item_vector_b (" OWNED ", vector_index INTEGER, item_id INTEGER "
             "REFERENCES Item(id)" CASCADE ", PRIMARY KEY (id, vector_index));",
        /* A vector's key may be a UNIQUE; a relation may be NOT NULL with a cascade. */
        BASE "CREATE TABLE Item_vector_b (" OWNED ", vector_index INTEGER, x REAL, "
             "UNIQUE (vector_index, id));"
             "CREATE TABLE T (" ELEMENT ", ITEM_Owner INTEGER "
             "NOT NULL REFERENCES item(ID)" CASCADE ");",
        /* Configuration may repeat names. */
        KIT_CONFIGURATION
        "CREATE TABLE Configuration_set_s (id INTEGER REFERENCES Configuration(id)" CASCADE
        ", discount REAL, UNIQUE (id, discount));",
    };

    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        CHECK_TEXT(apply(schemas[i], "all"), "");
}

TEST_MAIN({"every rule refuses with its text", every_rule_refuses_with_its_text},
          {"rules of our own refuse new schemas alone",
           rules_of_our_own_refuse_new_schemas_alone},
          {"types come first", types_come_first},
          {"the first failure is told in the stated order",
           the_first_failure_is_told_in_the_stated_order},
          {"all findings are rows of the check", all_findings_are_rows_of_the_check},
          {"what is well is taken", what_is_well_is_taken})
