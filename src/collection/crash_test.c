/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process is killed at every write of a call, and two of them work on one file: what is found
 * is what was there before a call or behind it, never something between.
 */
#include "collection/write_kit.h"
#include "support/faulty_io.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIGEST                                                                                    \
    "SELECT (SELECT user_version FROM pragma_user_version) || ';' || (SELECT count(*) FROM "      \
    "sqlite_schema) || ';' || (SELECT count(*) || ',' || ifnull(sum(id), 0) || ',' || "           \
    "ifnull(sum(soil), 0) || ',' || count(orchard_neighbour) FROM Orchard) || ';' || "            \
    "(SELECT count(*) || ',' || ifnull(sum(spacing), 0) FROM Orchard_vector_rows)"

/* ---- kill -9 ---- */

struct killed {
    char *folder, *copy; /* Where the file is as it was found. */
    char *extra;         /* What the call reads. */
};

static void make_file(stoa_conn conn)
{
    app_run(conn, KIT_SCHEMA);
    app_run(conn, "INSERT INTO Region(label) VALUES ('North');"
                  "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) "
                  "INSERT INTO Orchard(label, soil) SELECT 'e' || i, i FROM n;"
                  "INSERT INTO Orchard_vector_rows SELECT id, 1, id, 'x' FROM Orchard");
}

static stoa_status create_many(stoa_conn conn, const struct killed *killed)
{
    char *rows = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&rows, &size);

    (void)killed;
    for (int i = 0; i < 100; i++)
        fprintf(text, "%s{\"label\":\"n%d\",\"soil\":%d,\"orchard_neighbour\":\"n%d\","
                      "\"spacing\":[%d,1,2]}", i > 0 ? ";" : "", i, i, 99 - i, i);
    fclose(text);
    const stoa_status rc = kit_create_many(
        conn, "Orchard", "label:u soil:l orchard_neighbour:u spacing:[g", rows, NULL);

    free(rows);
    return rc;
}

static stoa_status import(stoa_conn conn, const struct killed *killed)
{
    const stoa_option options[] = {{"columns", "some"}};
    FILE *file = fopen(killed->extra, "w");

    CHECK(file != NULL);
    fprintf(file, "label,soil,orchard_neighbour\n");
    for (int i = 50; i < 150; i++)
        fprintf(file, "e%d,%d,e%d\n", i, 2 * i, 199 - i);
    CHECK_INT(fclose(file), 0);
    return stoa_collection_import_csv(conn, NO_OP, "Orchard", STOA_NUL, STOA_GROUP_ANY, NULL, 0,
                                      killed->extra, STOA_NUL, options, 1, NULL, NULL, &kit_error);
}

static void write_script(const char *folder, int version, const char *sql)
{
    char path[1024];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%d", folder, version);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/%d/up.sql", folder, version);
    file = fopen(path, "w");
    CHECK(file && fputs(sql, file) >= 0 && fclose(file) == 0);
}

static stoa_status migrate(stoa_conn conn, const struct killed *killed)
{
    (void)mkdir(killed->extra, 0700);
    write_script(killed->extra, 1, "CREATE TABLE Crop (id INTEGER PRIMARY KEY, label TEXT UNIQUE "
                                   "NOT NULL); UPDATE Orchard SET soil = soil + 1;");
    write_script(killed->extra, 2,
                 "PRAGMA foreign_keys = OFF; ALTER TABLE Orchard_vector_rows RENAME TO "
                 "Orchard_vector_old; " KIT_ROWS "INSERT INTO Orchard_vector_rows "
                 "SELECT id, vector_index, spacing + 1, variety FROM Orchard_vector_old; "
                 "DROP TABLE Orchard_vector_old;");
    return stoa_collection_migrate(conn, NO_OP, killed->extra, STOA_NUL, -1, NULL, 0, NULL,
                                   &kit_error);
}

static char *found(const char *path)
{
    const stoa_db db = app_open(path, NULL);
    const stoa_conn conn = app_connect(db);
    char *rows = app_rows(conn, DIGEST);

    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    CHECK_ROWS(conn, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    stoa_conn_close(conn);
    app_shutdown(db);
    return rows;
}

/* At every moment from `from` on the file is as before until it is as after. */
static void check_moments(const struct killed *killed, int64_t from, int64_t end,
                          const char *before, const char *after)
{
    bool changed = false;

    CHECK(end - from > 5);
    faulty_plan(&(struct faulty_plan){.nth = -1});
    for (int64_t now = from; now <= end; now++) {
        char *rows;

        faulty_crash(now, 0, killed->folder);
        rows = found(killed->copy);
        if (strcmp(rows, before) != 0 || changed) {
            CHECK_TEXT(rows, after);
            changed = true;
        }
        free(rows);
    }
    CHECK(changed);
}

static void kill_within(stoa_status (*call)(stoa_conn, const struct killed *),
                        const char *settings)
{
    char *path = test_path("crash.db"), *before, *after;
    struct killed killed = {.folder = test_path("found"), .extra = test_path("extra")};
    stoa_db db;
    stoa_conn conn;
    int64_t from, end;

    CHECK(asprintf(&killed.copy, "%s/crash.db", killed.folder) > 0);
    CHECK_INT(mkdir(killed.folder, 0700), 0);
    faulty_install();
    faulty_record();
    db = app_open(path, settings);
    conn = app_connect(db);
    make_file(conn);
    before = app_rows(conn, DIGEST);
    from = faulty_now();
    app_must(call(conn, &killed), &kit_error, "call");
    end = faulty_now();
    after = app_rows(conn, DIGEST);
    CHECK(strcmp(before, after) != 0);
    stoa_conn_close(conn);
    app_shutdown(db);
    check_moments(&killed, from, end, before, after);
    faulty_forget();
    free(before);
    free(after);
    free(killed.folder);
    free(killed.extra);
    free(killed.copy);
    free(path);
}

/* A small cache, so that pages go to the file before the end. */
#define KILLS(name, call)                                                                         \
    static void name##_with_a_log(void)                                                           \
    {                                                                                             \
        kill_within(call, "journal=wal cache_size=16k");                                          \
    }                                                                                             \
    static void name##_with_a_journal(void)                                                       \
    {                                                                                             \
        kill_within(call, "journal=delete cache_size=16k");                                       \
    }
KILLS(create, create_many)
KILLS(import, import)
KILLS(migrate, migrate)

/* ---- two processes ---- */

enum { TURNS = 20 };

/* Everyone makes elements with vectors, changes and deletes them, and reads what there is. */
static void work(const char *path, const char *name)
{
    const stoa_db db = app_open(path, "busy_timeout=120s");
    const stoa_conn conn = app_connect(db);
    char words[128], key[32];
    int64_t count;

    for (int i = 0; i < TURNS; i++) {
        (void)snprintf(words, sizeof words, "label='%s%d' soil=%d spacing=[1.0 2.0]", name, i, i);
        (void)kit_made(conn, "Orchard", words);
        (void)snprintf(key, sizeof key, "'%s%d'", name, i);
        app_must(kit_update(conn, "Orchard", key, "soil=7 orchard_neighbour='first'"), &kit_error,
                 key);
        if (i % 2 > 0)
            app_must(kit_delete(conn, "Orchard", key), &kit_error, key);
        app_must(stoa_elements_count(conn, NO_OP, "Orchard", STOA_NUL, &count, &kit_error),
                 &kit_error, "count");
        CHECK(count > i / 2);
    }
    stoa_conn_close(conn);
    app_shutdown(db);
}

static void two_processes_write_one_file(void)
{
    char *path = test_path("two.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    pid_t children[2];
    int status;

    app_run(conn, KIT_SCHEMA "INSERT INTO Orchard(label) VALUES ('first')");
    stoa_conn_close(conn);
    app_shutdown(db);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            work(path, i > 0 ? "b" : "a");
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(waitpid(children[i], &status, 0), children[i]);
        CHECK_INT(status, 0);
    }
    db = app_open(path, NULL);
    conn = app_connect(db);
    CHECK_ROWS(conn, "SELECT count(*), sum(soil), count(orchard_neighbour) FROM Orchard",
               "21|140|20");
    CHECK_ROWS(conn, "SELECT count(*), count(DISTINCT id) FROM Orchard_vector_rows", "40|20");
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    stoa_conn_close(conn);
    app_shutdown(db);
    free(path);
}

/* What another process makes of the schema is seen by the next call. */
static void another_process_changes_the_schema(void)
{
    char *path = test_path("schema.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn;
    int ready[2], go[2], status;
    char byte = 0;
    pid_t child;

    CHECK(pipe(ready) == 0 && pipe(go) == 0);
    conn = app_connect(db);
    app_run(conn, KIT_SCHEMA);
    stoa_conn_close(conn);
    app_shutdown(db);
    child = fork();
    if (child == 0) {
        db = app_open(path, NULL);
        conn = app_connect(db);
        (void)kit_made(conn, "Orchard", "label='a' soil=1");
        CHECK_INT(write(ready[1], "x", 1), 1);
        CHECK_INT(read(go[0], &byte, 1), 1);
        (void)kit_made(conn, "Orchard", "label='b' height=2.5");
        kit_fails(kit_create(conn, "Orchard", "label='c' soil=1", &(int64_t){0}),
                  STOA_ERR_NOT_FOUND, "Column 'soil' not found in table 'Orchard'");
        _exit(0);
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    db = app_open(path, "busy_timeout=120s");
    conn = app_connect(db);
    app_run(conn, "ALTER TABLE Orchard ADD COLUMN height REAL;"
                  "ALTER TABLE Orchard DROP COLUMN soil");
    CHECK_INT(write(go[1], "x", 1), 1);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_ROWS(conn, "SELECT label, height FROM Orchard", "a|NULL\nb|2.5");
    stoa_conn_close(conn);
    app_shutdown(db);
    free(path);
}

TEST_MAIN({"killed while many are created, with a log", create_with_a_log},
          {"killed while many are created, with a journal", create_with_a_journal},
          {"killed while a file is imported, with a log", import_with_a_log},
          {"killed while a file is imported, with a journal", import_with_a_journal},
          {"killed while versions are passed, with a log", migrate_with_a_log},
          {"killed while versions are passed, with a journal", migrate_with_a_journal},
          {"two processes write one file", two_processes_write_one_file},
          {"another process changes the schema", another_process_changes_the_schema})
