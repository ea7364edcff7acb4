/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: in which order, all or nothing, up and down, and by two at once. */
#include "base/mem.h"
#include "collection/collection_kit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SCHEMA_SQL                                                                               \
    "SELECT group_concat(name || ': ' || sql, x'0a') FROM (SELECT * FROM "                       \
    "sqlite_schema WHERE sql NOTNULL ORDER BY name)"
#define CASCADE " ON DELETE CASCADE ON UPDATE CASCADE"

static stoa_error err;
static stoa_db db;
static stoa_conn conn;
static char *folder;

static void must(stoa_status rc) { app_must(rc, &err, "call"); }

static void write_file(const char *name, const char *which, const char *text)
{
    char path[800];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, name, which);
    file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0);
    fclose(file);
}

/* A folder of three migrations that lead from nothing to the sample schema, and back. */
static void write_three(void)
{
    write_file("1", "up.sql", "BEGIN;\n" KIT_CONFIGURATION KIT_REGION "COMMIT;\n");
    write_file("1", "down.sql", "DROP TABLE Region; DROP TABLE Configuration;");
    write_file("2", "up.sql", KIT_ORCHARD "INSERT INTO Region (label) VALUES ('North'); END");
    write_file("2", "down.sql", "DROP TABLE Orchard; DELETE FROM Region WHERE label = 'North'");
    write_file("10", "up.sql", KIT_ROWS KIT_YIELD "PRAGMA user_version = 77;");
    write_file("10", "down.sql",
               "DROP TABLE Orchard_vector_rows; "
               "DROP TABLE Orchard_time_series_yield;");
}

static void begin_test(void)
{
    folder = test_path("migrations");
    CHECK_INT(mkdir(folder, 0755), 0);
    db = app_open(":memory:", NULL);
    conn = app_connect(db);
}

static void end_test(void)
{
    int64_t bytes;

    stoa_db_close(db);
    must(stoa_live(STOA_LIVE_BYTES, &bytes, &err));
    CHECK_INT(bytes, 0);
    free(folder);
}

static stoa_status try_migrate(int64_t target, const char *settings, stoa_result *out)
{
    char copy[APP_TEXT_SIZE];
    stoa_option options[APP_OPTION_COUNT];
    const int64_t count = app_options(settings, copy, options);

    return stoa_collection_migrate(conn, NO_OP, folder, STOA_NUL, target, options, count, out,
                                   &err);
}

static void check_migrate(int64_t target, const char *settings, const char *right)
{
    stoa_result result;
    char *rows;

    must(try_migrate(target, settings, &result));
    rows = kit_rows(result);
    CHECK_TEXT(rows, right);
    free(rows);
}

static void check_fails(int64_t target, const char *settings, stoa_status status,
                        const char *text)
{
    stoa_result result;
    const stoa_status rc = try_migrate(target, settings, &result);

    CHECK_TEXT(rc < 0 ? err.text : "", text);
    CHECK_INT(rc, status);
    CHECK_INT(result.id, 0);
}

static void check_version(const char *right) { CHECK_ROWS(conn, "PRAGMA user_version", right); }

static void pending_ones_run_in_the_order_of_their_numbers(void)
{
    stoa_result list;

    begin_test();
    write_three();
    write_file("0", "up.sql", "nonsense");
    write_file("-1", "up.sql", "nonsense");
    write_file("3x", "up.sql", "nonsense");
    write_file("..", "11", "no folder");
    write_file(".", "12", "no folder");
    check_migrate(-1, "plan=yes", "1|up|2|false\n2|up|2|false\n10|up|3|false");
    check_version("0");
    check_migrate(2, "dry_run=yes", "1|up|2|false\n2|up|2|false");
    CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    check_version("0");
    check_migrate(-1, NULL, "1|up|2|true\n2|up|2|true\n10|up|3|true");
    check_version("10");
    must(stoa_collection_list(conn, NO_OP, "Orchard", 7, &list, &err));
    check_migrate(-1, NULL, "");
    must(stoa_collection_migrate(conn, NO_OP, folder, STOA_NUL, -1, NULL, 0, NULL, &err));
    end_test();
}

static void down_and_up_again_is_the_same_schema(void)
{
    static const char *const targets[] = {"2", "1", "0"};
    char *whole, *again;

    begin_test();
    write_three();
    check_migrate(-1, NULL, "1|up|2|true\n2|up|2|true\n10|up|3|true");
    whole = app_rows(conn, SCHEMA_SQL);
    check_migrate(10, "direction=down", "");
    check_migrate(0, "direction=down plan=yes",
                  "10|down|2|false\n2|down|2|false\n1|down|2|false");
    for (int i = 0; i < 3; i++) {
        stoa_result result;

        must(try_migrate(strtol(targets[i], NULL, 10), "direction=down", &result));
        stoa_result_close(result);
        check_version(targets[i]);
        must(try_migrate(-1, NULL, &result));
        stoa_result_close(result);
        again = app_rows(conn, SCHEMA_SQL);
        CHECK_TEXT(again, whole);
        free(again);
    }
    check_migrate(5, "direction=down", "10|down|2|true");
    check_version("5"); /* No folder, but asked for. */
    check_migrate(0, "direction=down", "2|down|2|true\n1|down|2|true");
    CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'", "0");
    free(whole);
    end_test();
}

static void a_failure_leaves_what_was_there(void)
{
    begin_test();
    write_three();
    write_file("2", "up.sql", KIT_ORCHARD "INSERT INTO Region (label)\n VALUES (NULL);");
    check_fails(-1, NULL, STOA_ERR_CONSTRAINT,
                "Failed to migrate_up: migration 2: Failed to execute SQL: NOT NULL constraint "
                "failed: Region.label; line 2, column 1; the database is at version 0");
    CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    check_fails(-1, "per_version=yes", STOA_ERR_CONSTRAINT,
                "Failed to migrate_up: migration 2: Failed to execute SQL: NOT NULL constraint "
                "failed: Region.label; line 2, column 1; the database is at version 1");
    check_version("1");
    CHECK_ROWS(conn, "SELECT count(*) FROM Region", "0");
    end_test();
}

static void an_invalid_schema_never_stays(void)
{
    begin_test();
    write_file("1", "up.sql", KIT_CONFIGURATION);
    write_file("2", "up.sql", "CREATE TABLE a_b (x REAL)");
    check_fails(
        -1, NULL, STOA_ERR_INVALID,
        "Failed to validate schema: Invalid collection name 'a_b': collection names cannot "
        "contain underscores; the database is at version 0");
    check_version("0");
    check_fails(
        -1, "per_version=yes", STOA_ERR_INVALID,
        "Failed to validate schema: Invalid collection name 'a_b': collection names cannot "
        "contain underscores; the database is at version 1");
    check_version("1");
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema WHERE type = 'table'", "Configuration");
    end_test();
}

static void what_is_not_there_is_named(void)
{
    char text[900], *none = test_path("none"), *file = test_path("file");
    FILE *made = fopen(file, "w");

    begin_test();
    fclose(made);
    CHECK_INT(stoa_collection_migrate(conn, NO_OP, none, STOA_NUL, -1, NULL, 0, NULL, &err),
              STOA_ERR_NOT_FOUND);
    (void)snprintf(text, sizeof text, "Migrations path not found: %s", none);
    CHECK_TEXT(err.text, text);
    CHECK_INT(stoa_collection_migrate(conn, NO_OP, file, STOA_NUL, -1, NULL, 0, NULL, &err),
              STOA_ERR_INVALID);
    (void)snprintf(text, sizeof text, "Cannot from_migrations: path is not a directory: %s",
                   file);
    CHECK_TEXT(err.text, text);
    check_migrate(-1, NULL, ""); /* No numbers. */
    write_file("1", "up.sql", "");
    check_fails(
        -1, NULL, STOA_ERR_NOT_FOUND,
        "Cannot migrate_up: migration 1 has no up.sql file; the database is at version 0");
    write_file("1", "up.sql", KIT_CONFIGURATION);
    check_migrate(-1, NULL, "1|up|1|true");
    check_fails(
        0, "direction=down", STOA_ERR_NOT_FOUND,
        "Cannot migrate_down: migration 1 has no down.sql file; the database is at version "
        "1");
    check_fails(7, NULL, STOA_ERR_NOT_FOUND, "Cannot migrate_up: there is no migration 7");
    check_fails(-1, "direction=down", STOA_ERR_INVALID, "Cannot migrate_down: target is -1");
    check_fails(-2, NULL, STOA_ERR_INVALID, "Cannot migrate_up: target is -2");
    CHECK_INT(try_migrate(-1, "plam=yes", NULL), STOA_ERR_INVALID);
    write_file("001", "up.sql", KIT_CONFIGURATION);
    check_fails(-1, NULL, STOA_ERR_INVALID,
                "Cannot from_migrations: folders '001' and '1' have one number");
    free(none);
    free(file);
    end_test();
}

static void numbers_and_versions_must_agree(void)
{
    begin_test();
    write_file("1", "up.sql", KIT_CONFIGURATION);
    write_file("1", "down.sql", "DROP TABLE Configuration");
    check_migrate(-1, NULL, "1|up|1|true");
    app_run(conn, "PRAGMA user_version = 9");
    check_fails(-1, NULL, STOA_ERR_INVALID,
                "Cannot migrate_up: the database is at version 9, the newest migration is 1; the "
                "database is at version 9");
    check_migrate(-1, "allow_newer=yes", "");
    check_version("9");
    write_file("2147483648", "up.sql", "");
    check_fails(-1, NULL, STOA_ERR_INVALID,
                "Cannot from_migrations: the number of folder '2147483648' is above 2147483647");
    end_test();
}

static void a_rebuild_with_foreign_keys_off_keeps_the_rows(void)
{
    begin_test();
    write_file("1", "up.sql",
               KIT_CONFIGURATION
               "CREATE TABLE P (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL);"
               "CREATE TABLE P_vector_v (id INTEGER REFERENCES P(id)" CASCADE
               ", vector_index INTEGER, "
               "x REAL, PRIMARY KEY (id, vector_index));"
               "INSERT INTO P VALUES (1, 'a'); INSERT INTO P_vector_v VALUES (1, 1, 0.5);");
    write_file(
        "2", "up.sql",
        "PRAGMA foreign_keys = OFF;\nBEGIN;\n"
        "CREATE TABLE NewP (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, more REAL);\n"
        "INSERT INTO NewP (id, label) SELECT id, label FROM P;\n"
        "DROP TABLE P;\nALTER TABLE NewP RENAME TO P;\n"
        "PRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n");
    check_migrate(-1, "dry_run=yes", "1|up|5|false\n2|up|7|false");
    CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    check_migrate(-1, NULL, "1|up|5|true\n2|up|7|true");
    CHECK_ROWS(conn, "SELECT id, x FROM P_vector_v", "1|0.5");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
    CHECK_FAILS(conn, "INSERT INTO P_vector_v VALUES (7, 1, 1)", STOA_ERR_CONSTRAINT,
                "FOREIGN KEY");
    app_run(conn, "DELETE FROM P WHERE id = 1");
    CHECK_ROWS(conn, "SELECT count(*) FROM P_vector_v", "0");
    end_test();
}

static void rows_left_dangling_fail_the_script(void)
{
    begin_test();
    write_file("1", "up.sql",
               KIT_CONFIGURATION
               "CREATE TABLE P (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL);"
               "CREATE TABLE P_vector_v (id INTEGER REFERENCES P(id)" CASCADE
               ", vector_index INTEGER, "
               "x REAL, PRIMARY KEY (id, vector_index));"
               "INSERT INTO P VALUES (1, 'a'); INSERT INTO P_vector_v VALUES (1, 1, 0.5);");
    write_file("2", "up.sql", "PRAGMA foreign_keys(0); DELETE FROM P;");
    check_fails(
        -1, NULL, STOA_ERR_CONSTRAINT,
        "Failed to migrate_up: migration 2: Failed to execute SQL: FOREIGN KEY constraint "
        "failed: a row of 'P_vector_v' refers to none of 'P'; line 1, column 1; the database "
        "is at version 0");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
    CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    /* Waiting for the commit would be too late. */
    write_file("2", "up.sql", "PRAGMA defer_foreign_keys = ON; UPDATE P_vector_v SET id = 3;");
    write_file("3", "up.sql", "PRAGMA foreign_keys = off; SELECT 1;");
    check_fails(-1, NULL, STOA_ERR_INVALID,
                "Failed to migrate_up: migration 3: FOREIGN KEY constraint failed: rows of this "
                "transaction refer to none; the database is at version 0");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
    end_test();
}

static void a_transaction_of_the_callers_goes_on(void)
{
    begin_test();
    write_three();
    app_run(conn, "BEGIN; CREATE TABLE mine (x)");
    write_file("10", "up.sql", "nonsense");
    check_fails(
        -1, NULL, STOA_ERR_SYNTAX,
        "Failed to migrate_up: migration 10: Failed to execute SQL: near \"nonsense\": syntax "
        "error; line 1, column 1; the database is at version 0");
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema", "mine");
    app_run(conn, "DROP TABLE mine");
    check_migrate(2, NULL, "1|up|2|true\n2|up|2|true");
    check_version("2");
    app_run(conn, "ROLLBACK");
    check_version("0");
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    check_migrate(2, NULL, "1|up|2|true\n2|up|2|true");
    check_version("2");
    must(stoa_dry_run_end(conn, NO_OP, &err));
    check_version("0");
    write_file("2", "up.sql", KIT_ORCHARD "ROLLBACK;");
    check_fails(
        2, NULL, STOA_ERR_INVALID,
        "Failed to migrate_up: migration 2: Failed to execute SQL: ROLLBACK would end a "
        "transaction that is not this statement's to end; line 2, column 1; the database is "
        "at version 0");
    end_test();
}

/* Around a script are savepoints of its caller's and of ours. */
static void a_script_ends_its_own_savepoints_alone(void)
{
    static const char *const wrong[] = {
        "RELEASE stoa_collection",         "RELEASE SAVEPOINT \"Stoa_Collection\"",
        "ROLLBACK TO [stoa_collection]",   "ROLLBACK TRANSACTION TO SAVEPOINT 'stoa_collection'",
        "RELEASE mine",                    "/* a */ ROLLBACK /* b */ TO mine",
        "SAVEPOINT a; RELEASE A; RELEASE a", "SAVEPOINT a; SAVEPOINT b; RELEASE a; ROLLBACK TO b"};

    begin_test();
    write_three();
    app_run(conn, "SAVEPOINT mine; CREATE TABLE kept (x)");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        stoa_result result;

        write_file("2", "up.sql", wrong[i]);
        if (try_migrate(2, NULL, &result) != STOA_ERR_INVALID)
            printf("# %s: %s\n", wrong[i], err.text);
        CHECK_HAS(err.text, ": the script has no such savepoint; line 1, column ");
        CHECK_ROWS(conn, "SELECT name FROM sqlite_schema", "kept");
    }
    app_run(conn, "DROP TABLE kept");
    write_file("2", "up.sql",
               KIT_ORCHARD "SAVEPOINT stoa_collection; INSERT INTO Region(label) VALUES ('x'); "
                           "ROLLBACK TO \"stoa_collection\"; SAVEPOINT \"a\"\"b\"; SAVEPOINT c; "
                           "INSERT INTO Region(label) VALUES ('y'); RELEASE 'A\"B'; "
                           "RELEASE stoa_collection; SAVEPOINT left_open");
    check_migrate(2, NULL, "1|up|2|true\n2|up|10|true");
    CHECK_ROWS(conn, "SELECT label FROM Region", "y");
    app_run(conn, "ROLLBACK TO mine; RELEASE mine");
    check_version("0");
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema", "");
    end_test();
}

static void a_history_notices_what_was_changed(void)
{
    stoa_rows rows;
    char *text;

    begin_test();
    write_three();
    check_migrate(1, NULL, "1|up|2|true");
    check_migrate(2, "history=yes", "2|up|2|true"); /* What was there is taken as it is. */
    CHECK_ROWS(conn, "SELECT id, label, length(sha256), length(date_applied) FROM StoaMigration",
               "1|1|64|19\n2|2|64|19");
    must(stoa_collection_describe(conn, NO_OP, NULL, 0, &rows, &err));
    text = kit_text(&rows);
    CHECK(!strstr(text, "StoaMigration"));
    free(text);
    write_file("1", "up.sql", KIT_CONFIGURATION KIT_REGION "-- changed");
    check_fails(
        -1, "history=yes", STOA_ERR_INVALID,
        "Cannot migrate_up: migration 1 was changed after it was applied; the database is at "
        "version 2");
    check_migrate(10, NULL, "10|up|3|true"); /* Nobody asked; it is kept all the same. */
    write_file("1", "up.sql", "BEGIN;\n" KIT_CONFIGURATION KIT_REGION "COMMIT;\n");
    write_file("7", "up.sql", "SELECT 1");
    check_fails(
        -1, "history=yes", STOA_ERR_INVALID,
        "Cannot migrate_up: migration 7 was never applied; the database is at version 10");
    write_file("7", "down.sql", " ");
    check_migrate(1, "direction=down", "10|down|2|true\n7|down|0|true\n2|down|2|true");
    CHECK_ROWS(conn, "SELECT id FROM StoaMigration", "1");
    end_test();
}

static void a_read_only_database_is_not_migrated(void)
{
    char *path = test_path("read.db");
    stoa_conn kept;
    stoa_db file;

    begin_test();
    write_three();
    app_make(path, NULL, 1);
    file = app_open(path, "read_only=yes");
    kept = conn;
    conn = app_connect(file);
    check_fails(
        -1, NULL, STOA_ERR_READ_ONLY,
        "Cannot from_migrations: read_only mode (use Database constructor to open existing)");
    check_migrate(-1, "plan=yes", "1|up|2|false\n2|up|2|false\n10|up|3|false");
    stoa_db_close(file);
    conn = kept;
    free(path);
    end_test();
}

/* Two processes start at once; each migration is run by one of them. */
static void two_processes_migrate_together(void)
{
    char *path = test_path("two.db");
    int go[2], status;
    char byte;

    folder = test_path("migrations");
    CHECK_INT(mkdir(folder, 0755), 0);
    write_file("1", "up.sql",
               KIT_CONFIGURATION "CREATE TABLE N (id INTEGER PRIMARY KEY, label TEXT "
                                 "UNIQUE NOT NULL);");
    for (int i = 2; i < 30; i++) {
        char name[8], sql[80];

        (void)snprintf(name, sizeof name, "%d", i);
        (void)snprintf(sql, sizeof sql, "INSERT INTO N (label) VALUES ('%d')", i);
        write_file(name, "up.sql", sql);
    }
    CHECK_INT(pipe(go), 0);
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            (void)read(go[0], &byte, 1);
            db = app_open(path, "busy_timeout=60s");
            conn = app_connect(db);
            must(try_migrate(-1, "per_version=yes", NULL));
            _exit(0);
        }
    CHECK_INT(write(go[1], "ab", 2), 2);
    for (int i = 0; i < 2; i++) {
        CHECK(wait(&status) > 0);
        CHECK_INT(status, 0);
    }
    db = app_open(path, NULL);
    conn = app_connect(db);
    check_version("29");
    CHECK_ROWS(conn, "SELECT count(*) FROM N", "28");
    free(path);
    end_test();
}

/* Killed while a script runs: before or after, never between. */
static void a_kill_in_the_middle_leaves_nothing(void)
{
    char *path = test_path("kill.db");
    int status;
    pid_t child;

    folder = test_path("migrations");
    CHECK_INT(mkdir(folder, 0755), 0);
    write_file("1", "up.sql", KIT_CONFIGURATION);
    write_file("2", "up.sql",
               KIT_REGION "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                          "INSERT INTO Region (label) SELECT 'r' || x FROM c;"); /* For ever. */
    child = fork();
    if (child == 0) {
        db = app_open(path, NULL);
        conn = app_connect(db);
        must(try_migrate(1, NULL, NULL));
        (void)alarm(1);
        (void)try_migrate(-1, NULL, NULL);
        _exit(1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    db = app_open(path, NULL);
    conn = app_connect(db);
    check_version("1");
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema WHERE type = 'table'", "Configuration");
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    free(path);
    end_test();
}

/* No file of this process grows beyond so many bytes: writes fail as on a full disk. */
static void a_full_disk_changes_nothing(void)
{
    char *path = test_path("full.db");
    struct rlimit limit, small;
    stoa_status rc;
    rlim_t size;

    folder = test_path("migrations");
    CHECK_INT(mkdir(folder, 0755), 0);
    write_three();
    (void)signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (size = 0;; size += 4096) {
        db = app_open(path, "journal=delete");
        conn = app_connect(db);
        small = (struct rlimit){size, limit.rlim_max};
        CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
        rc = try_migrate(-1, NULL, NULL);
        CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
        if (rc == STOA_OK)
            break;
        CHECK(rc == STOA_ERR_FULL || rc == STOA_ERR_IO);
        check_version("0");
        CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
        stoa_db_close(db);
    }
    CHECK(size > 3 * 4096);
    check_version("10");
    free(path);
    end_test();
}

static void migrating_survives_every_allocation_failure(void)
{
    stoa_status rc;
    int64_t nth;

    begin_test();
    write_three();
    for (nth = 0;; nth++) {
        stoa_result result;

        stoa__mem_fail_nth = nth;
        rc = try_migrate(-1, "history=yes", &result);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK)
            break;
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_INT(result.id, 0);
        check_version("0");
        CHECK_ROWS(conn, "SELECT count(*) FROM sqlite_schema", "0");
    }
    CHECK(nth > 100);
    check_version("10");
    end_test();
}

TEST_MAIN({"pending ones run in the order of their numbers",
           pending_ones_run_in_the_order_of_their_numbers},
          {"down and up again is the same schema", down_and_up_again_is_the_same_schema},
          {"a failure leaves what was there", a_failure_leaves_what_was_there},
          {"an invalid schema never stays", an_invalid_schema_never_stays},
          {"what is not there is named", what_is_not_there_is_named},
          {"numbers and versions must agree", numbers_and_versions_must_agree},
          {"a rebuild with foreign keys off keeps the rows",
           a_rebuild_with_foreign_keys_off_keeps_the_rows},
          {"rows left dangling fail the script", rows_left_dangling_fail_the_script},
          {"a transaction of the caller's goes on", a_transaction_of_the_callers_goes_on},
          {"a script ends its own savepoints alone", a_script_ends_its_own_savepoints_alone},
          {"a history notices what was changed", a_history_notices_what_was_changed},
          {"a read-only database is not migrated", a_read_only_database_is_not_migrated},
          {"two processes migrate together", two_processes_migrate_together},
          {"a kill in the middle leaves nothing", a_kill_in_the_middle_leaves_nothing},
          {"a full disk changes nothing", a_full_disk_changes_nothing},
          {"migrating survives every allocation failure",
           migrating_survives_every_allocation_failure})
