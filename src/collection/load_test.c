/* SPDX-License-Identifier: Apache-2.0 */
/* When a schema is read, and read again; what is made of its tables; ways in that are barred. */
#include "base/mem.h"
#include "collection/collection_kit.h"
#include "collection/enter.h"
#include "collection/sql.h"

static stoa_error err;
static stoa_db db;
static stoa_conn conn;

static void must(stoa_status rc) { app_must(rc, &err, "call"); }

static void begin_test(const char *sql) { conn = kit_open(sql, &db); }

static void end_test(void)
{
    int64_t bytes;

    stoa_db_close(db);
    must(stoa_live(STOA_LIVE_BYTES, &bytes, &err));
    CHECK_INT(bytes, 0);
}

/* Can the collection be found now? */
static bool sees(const char *collection)
{
    stoa_result list;
    const stoa_status rc = stoa_collection_list(conn, NO_OP, collection, STOA_NUL, &list, &err);

    stoa_result_close(list);
    CHECK(rc == STOA_OK || rc == STOA_ERR_NOT_FOUND);
    return rc == STOA_OK;
}

#define TABLE(name) "CREATE TABLE " name " (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL);"

static void a_change_of_the_schema_is_seen(void)
{
    begin_test(KIT_CONFIGURATION);
    CHECK(!sees("A"));
    app_run(conn, TABLE("A"));
    CHECK(sees("A"));
    app_run(conn, "DROP TABLE A;");
    CHECK(!sees("A"));
    end_test();
}

static void another_connections_change_is_seen(void)
{
    char *path = test_path("two.db");
    stoa_conn other;

    db = app_open(path, NULL);
    conn = app_connect(db);
    other = app_connect(db);
    app_run(conn, KIT_CONFIGURATION);
    CHECK(!sees("A"));
    app_run(other, TABLE("A"));
    CHECK(sees("A"));
    free(path);
    end_test();
}

/* The number of a schema that was rolled back is given to the next one. */
static void a_change_that_is_taken_back_is_forgotten(void)
{
    begin_test(KIT_CONFIGURATION);
    app_run(conn, "BEGIN;" TABLE("A"));
    CHECK(sees("A"));
    app_run(conn, "ROLLBACK; BEGIN;" TABLE("B"));
    CHECK(!sees("A"));
    CHECK(sees("B"));
    app_run(conn, "SAVEPOINT s;" TABLE("C"));
    CHECK(sees("C"));
    app_run(conn, "ROLLBACK TO s;" TABLE("D"));
    CHECK(!sees("C"));
    CHECK(sees("D"));
    app_run(conn, "COMMIT");
    CHECK(sees("B"));
    CHECK(sees("D"));
    end_test();
}

static void a_schema_that_fails_is_not_kept(void)
{
    stoa_result list;

    begin_test(KIT_CONFIGURATION "CREATE TABLE a_b (x REAL);");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stoa_collection_list(conn, NO_OP, NULL, 0, &list, &err), STOA_ERR_INVALID);
        CHECK_HAS(err.text, "Failed to validate schema: ");
    }
    app_run(conn, "DROP TABLE a_b;" TABLE("A"));
    CHECK(sees("A"));
    app_run(conn, "CREATE TABLE a_b (x REAL)");
    CHECK_INT(stoa_collection_list(conn, NO_OP, NULL, 0, &list, &err), STOA_ERR_INVALID);
    app_run(conn, "DROP TABLE a_b");
    CHECK(sees("A"));
    end_test();
}

static void a_collection_that_breaks_a_rule_of_ours_says_so_when_it_is_used(void)
{
    begin_test(KIT_CONFIGURATION
               "CREATE TABLE T (id TEXT PRIMARY KEY, label TEXT UNIQUE NOT NULL);");
    CHECK_INT(stoa_collection_list(conn, NO_OP, "T", 1, &(stoa_result){0}, &err),
              STOA_ERR_INVALID);
    CHECK_TEXT(err.text,
               "Cannot list_scalar_attributes: Collection 'T' must have 'id' as a single "
               "INTEGER primary key");
    CHECK(sees("Configuration"));
    end_test();
}

/* ---- the model itself ---- */

static const struct collection_table *table_of(const struct collection_call *call,
                                               const char *name)
{
    const struct collection_table *table = collection_find_table(call->model, name, strlen(name));

    CHECK(table != NULL);
    return table;
}

static void tables_are_what_their_names_say(void)
{
    struct collection_call call;
    const struct collection_table *orchard, *table;

    begin_test(KIT_SCHEMA);
    must(collection_enter(&call, conn, NO_OP, "test", &err));
    CHECK_INT(call.model->table_count, 7);
    orchard = table_of(&call, "Orchard");
    CHECK_INT(orchard->role, ROLE_COLLECTION);
    CHECK(orchard->parent == orchard);
    CHECK_INT(orchard->group_count[ROLE_VECTOR], 1);
    CHECK(orchard->groups[ROLE_SET][0] == table_of(&call, "Orchard_set_buyers"));
    CHECK(orchard->files == table_of(&call, "Orchard_time_series_files"));
    CHECK_INT(orchard->files->role, ROLE_FILES);
    table = table_of(&call, "Orchard_time_series_yield");
    CHECK_INT(table->role, ROLE_TIME_SERIES);
    CHECK_TEXT(table->group, "yield");
    CHECK_TEXT(table->columns[table->date].name, "date_time");
    CHECK(table->columns[2].dimension && !table->columns[0].dimension);
    CHECK(collection_find_group(orchard, STOA_GROUP_ANY, "yield", 5) == table);
    CHECK(!collection_find_group(orchard, STOA_GROUP_SET, "yield", 5));
    CHECK(!collection_find(call.model, "orchard", 7));
    CHECK(!collection_find(call.model, "Orchard_set_buyers", 18));
    CHECK(!collection_find_table(call.model, "Orchard\0x", 9));
    CHECK_INT(collection_find_column(orchard, "soil", 4), 5);
    CHECK_INT(collection_find_column(orchard, "soi", 3), -1);
    CHECK_TEXT(orchard->columns[6].target, "Region");
    CHECK_INT(orchard->columns[6].on_delete, ACTION_SET_NULL);
    CHECK_INT(collection_leave(&call, STOA_OK), STOA_OK);
    end_test();
}

/* `date_time` whatever the order; else the first date in the key. */
static void the_date_of_a_series_is_in_its_key(void)
{
    struct collection_call call;
    const struct collection_table *table;

    begin_test(KIT_CONFIGURATION TABLE(
        "A") "CREATE TABLE A_time_series_x (id INTEGER, date_a TEXT, date_b TEXT, date_c TEXT, "
             "v REAL, PRIMARY KEY (id, date_c, date_b));"
             "CREATE TABLE A_time_series_y (id INTEGER, date_a TEXT, w REAL, date_time TEXT, "
             "PRIMARY KEY (id, date_a, date_time)) WITHOUT ROWID;");
    must(collection_enter(&call, conn, NO_OP, "test", &err));
    table = table_of(&call, "A_time_series_x");
    CHECK_TEXT(table->columns[table->date].name, "date_c");
    CHECK(!table->without_rowid);
    table = table_of(&call, "A_time_series_y");
    CHECK_TEXT(table->columns[table->date].name, "date_time");
    CHECK(table->without_rowid);
    (void)collection_leave(&call, STOA_OK);
    end_test();
}

/* ---- guards ---- */

/* Write a row in a guarded call that ends with `with`. */
static void write_row(stoa_status with)
{
    static const char text[] =
        "INSERT INTO Configuration (label) SELECT count(*) FROM Configuration";
    struct collection_call call;
    struct collection_sql sql;

    must(collection_enter(&call, conn, NO_OP, "test", &err));
    must(collection_write_begin(&call, &err));
    must(collection_sql_open(&sql, &call, text, sizeof text - 1, &err));
    CHECK_INT(collection_sql_row(&sql, NULL, 0, NULL, 0, &err), STOA_DONE);
    collection_sql_close(&sql);
    CHECK_INT(collection_write_end(&call, with, &err), with);
    CHECK_INT(collection_leave(&call, with), with);
}

static void a_failed_write_leaves_nothing(void)
{
    begin_test(KIT_CONFIGURATION);
    write_row(STOA_ERR_TYPE);
    CHECK_ROWS(conn, "SELECT count(*) FROM Configuration", "0");
    write_row(STOA_OK);
    app_run(conn, "BEGIN; INSERT INTO Configuration (label) VALUES ('mine')");
    write_row(STOA_ERR_TYPE);
    write_row(STOA_OK);
    write_row(STOA_ERR_TYPE);
    CHECK_ROWS(conn, "SELECT label FROM Configuration ORDER BY id", "0\nmine\n2");
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT count(*) FROM Configuration", "3");
    app_run(conn, "SAVEPOINT stoa_collection"); /* Our own name, taken. */
    write_row(STOA_ERR_TYPE);
    write_row(STOA_OK);
    app_run(conn, "ROLLBACK TO stoa_collection; RELEASE stoa_collection");
    CHECK_ROWS(conn, "SELECT count(*) FROM Configuration", "3");
    end_test();
}

/* Between the look at the schema and the lock. */
static void a_schema_that_changes_under_a_write_is_told(void)
{
    char *path = test_path("race.db");
    struct collection_call call;
    stoa_conn other;

    db = app_open(path, NULL);
    conn = app_connect(db);
    other = app_connect(db);
    app_run(conn, KIT_CONFIGURATION);
    must(collection_enter(&call, conn, NO_OP, "create_element", &err));
    app_run(other, TABLE("A"));
    CHECK_INT(collection_write_begin(&call, &err), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "Cannot create_element: another connection changed the schema");
    CHECK(err.flags & STOA_ERROR_RETRYABLE);
    (void)collection_leave(&call, STOA_ERR_LOCKED);
    write_row(STOA_OK);
    free(path);
    end_test();
}

static void texts_of_statements_quote_names(void)
{
    stoa__buffer text = {0};

    collection_text(&text, "SELECT %Q, %d%% FROM %Q %s", "a\"b", -5, "", "x");
    must(collection_text_end(&text, &err));
    CHECK_TEXT((const char *)text.data, "SELECT \"a\"\"b\", -5% FROM \"\" x");
    stoa__buffer_release(&text);
    stoa__mem_fail_nth = 0;
    collection_text(&text, "%s", "too much");
    collection_text(&text, "%Q", "more");
    stoa__mem_fail_nth = -1;
    CHECK_INT(collection_text_end(&text, &err), STOA_ERR_NOMEM);
    CHECK(text.data == NULL && text.capacity == 0);
}

static void failures_of_statements_say_where(void)
{
    struct collection_call call;
    struct collection_sql sql;

    begin_test(KIT_CONFIGURATION "INSERT INTO Configuration (label) VALUES ('a');");
    must(collection_enter(&call, conn, NO_OP, "test", &err));
    CHECK_INT(collection_sql_open(&sql, &call, "SELEC", 5, &err), STOA_ERR_SYNTAX);
    CHECK_HAS(err.text, "Failed to prepare statement: near");
    CHECK_INT(
        collection_sql_once(&sql, &call, "INSERT INTO Configuration (label) VALUES ('a')", &err),
        STOA_ERR_CONSTRAINT);
    CHECK_TEXT(err.text,
               "Failed to execute statement: UNIQUE constraint failed: Configuration.label");
    CHECK(err.engine_code != 0);
    collection_sql_close(&sql);
    (void)collection_leave(&call, STOA_OK);
    end_test();
}

static void ways_in_are_barred_with_a_reason(void)
{
    stoa_db null = app_open("null:", NULL);
    stoa_conn other = app_connect(null);
    stoa_option bad = {"trim", "perhaps"}, unknown = {"colour", "red"};

    begin_test(KIT_CONFIGURATION);
    CHECK_INT(stoa_collection_set(other, NULL, 0, &err), STOA_ERR_UNSUPPORTED);
    CHECK_TEXT(err.text, "null: collections are not supported");
    CHECK_INT(stoa_collection_list(other, NO_OP, NULL, 0, &(stoa_result){0}, &err),
              STOA_ERR_UNSUPPORTED);
    CHECK_INT(stoa_collection_set(conn, &bad, 1, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_collection_set(conn, &unknown, 1, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "colour");
    CHECK_INT(stoa_collection_list(conn, NO_OP, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "out is NULL");
    CHECK_INT(stoa_collection_check(conn, NO_OP, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_collection_describe(conn, NO_OP, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    stoa_db_close(null);
    CHECK_INT(stoa_collection_set(other, NULL, 0, &err), STOA_ERR_CLOSED);
    end_test();
}

static void policies_end_with_a_reset(void)
{
    static const char schema[] =
        KIT_CONFIGURATION "CREATE TABLE T (id TEXT PRIMARY KEY, label TEXT UNIQUE NOT NULL);";
    const stoa_option basic = {"rules", "basic"};

    begin_test("SELECT 1");
    must(stoa_collection_set(conn, &basic, 1, &err));
    must(stoa_conn_reset(conn, NO_OP, &err));
    CHECK_INT(stoa_collection_apply(conn, NO_OP, schema, STOA_NUL, &err), STOA_ERR_INVALID);
    must(stoa_collection_set(conn, &basic, 1, &err));
    must(stoa_collection_apply(conn, NO_OP, schema, STOA_NUL, &err));
    stoa_conn_close(conn);
    conn = app_connect(db);
    CHECK_INT(stoa_collection_apply(conn, NO_OP, "SELECT 1", STOA_NUL, &err), STOA_ERR_INVALID);
    end_test();
}

static void reading_survives_every_allocation_failure(void)
{
    int64_t nth;

    begin_test(KIT_SCHEMA);
    for (nth = 0;; nth++) {
        struct collection_call call;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = collection_enter(&call, conn, NO_OP, "test", &err);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK_INT(call.model->table_count, 7);
            (void)collection_leave(&call, rc);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    CHECK(nth > 20);
    end_test();
}

TEST_MAIN({"a change of the schema is seen", a_change_of_the_schema_is_seen},
          {"another connection's change is seen", another_connections_change_is_seen},
          {"a change that is taken back is forgotten", a_change_that_is_taken_back_is_forgotten},
          {"a schema that fails is not kept", a_schema_that_fails_is_not_kept},
          {"a collection that breaks a rule of ours says so when it is used",
           a_collection_that_breaks_a_rule_of_ours_says_so_when_it_is_used},
          {"tables are what their names say", tables_are_what_their_names_say},
          {"the date of a series is in its key", the_date_of_a_series_is_in_its_key},
          {"a failed write leaves nothing", a_failed_write_leaves_nothing},
          {"a schema that changes under a write is told",
           a_schema_that_changes_under_a_write_is_told},
          {"texts of statements quote names", texts_of_statements_quote_names},
          {"failures of statements say where", failures_of_statements_say_where},
          {"ways in are barred with a reason", ways_in_are_barred_with_a_reason},
          {"policies end with a reset", policies_end_with_a_reset},
          {"reading survives every allocation failure",
           reading_survives_every_allocation_failure})
