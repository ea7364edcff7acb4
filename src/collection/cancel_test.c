/* SPDX-License-Identifier: Apache-2.0 */
/* Long writes are cancelled on their way: nothing of them is left, the connection works on, and so
 * does the caller's transaction, if they run in one. */
#include "collection/write_kit.h"

#include <sys/stat.h>

enum { MANY = 20000, FILLED = 3000, STOP_AT = 1000 };

static stoa_db db;
static stoa_conn conn;
static stoa_op running;
static int64_t rows_run;

/* How an element that goes in is noticed, and in whose transaction. */
static struct way {
    bool by_trigger, inside;
} way;

static const struct way ways[] = {{false, false}, {true, false}, {false, true}, {true, true}};
enum { WAYS = sizeof ways / sizeof *ways };

/* Called for each row that is inserted; cancels at one of them. */
static stoa_status stopping(void *self, const stoa_rows *arguments, stoa_value *out,
                            const uint8_t **bytes, stoa_error *error)
{
    (void)self;
    (void)bytes;
    *out = arguments->values[0];
    return ++rows_run == STOP_AT ? stoa_op_cancel(running, error) : STOA_OK;
}

static void open_stopping(void)
{
    db = app_open(":memory:", NULL);
    conn = app_connect(db);
    app_function(conn, "stopping", stopping);
    app_run(conn, KIT_SCHEMA "INSERT INTO Orchard(label) VALUES ('first')");
    app_run(conn, way.by_trigger
                      ? "CREATE TRIGGER noticed AFTER INSERT ON Orchard BEGIN "
                        "SELECT stopping(new.id); END;"
                        "CREATE TRIGGER changed AFTER UPDATE ON Orchard BEGIN "
                        "SELECT stopping(new.id); END"
                      : "ALTER TABLE Orchard ADD COLUMN note INTEGER CHECK (stopping(id) > 0)");
    app_must(stoa_op_open(-1, NULL, NULL, NULL, &running, &kit_error), &kit_error, "op");
    if (way.inside)
        app_run(conn, "BEGIN; INSERT INTO Region(label) VALUES ('mine')");
    rows_run = 0;
}

/* What the caller wrote before is there yet, and is committed. */
static void check_inside(void)
{
    int32_t state = -1;

    if (!way.inside)
        return;
    CHECK_INT(kit_error.flags & STOA_ERROR_ROLLED_BACK, 0);
    CHECK_INT(stoa_conn_transaction(conn, &state, NULL), STOA_OK);
    CHECK_INT(state, STOA_TRANSACTION_WRITE);
    app_must(stoa_commit(conn, NO_OP, &kit_error), &kit_error, "commit");
    CHECK_ROWS(conn, "SELECT label FROM Region", "mine");
}

static void check_stopped(stoa_status rc)
{
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    if (rows_run < STOP_AT || rows_run >= MANY)
        printf("# %lld rows\n", (long long)rows_run);
    CHECK(rows_run >= STOP_AT && rows_run < MANY);
    check_inside();
    CHECK_ROWS(conn, "SELECT id, label FROM Orchard", "1|first");
    CHECK_ROWS(conn, "PRAGMA user_version", "0");
    CHECK_INT(kit_made(conn, "Orchard", "label='next'"), 2);
    stoa_op_close(running);
    stoa_conn_close(conn);
    stoa_db_close(db);
}

/* Rows of a format with one number. */
static char *rows_of(int count, const char *before, const char *between, const char *after)
{
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);

    for (int i = 0; i < count; i++)
        fprintf(text, "%se%d%s%s", before, i, after, i + 1 < count ? between : "");
    fclose(text);
    return out;
}

static void many_are_not_created(void)
{
    char *rows = rows_of(MANY, "{\"label\":\"", ";", "\"}");

    for (int i = 0; i < WAYS; i++) {
        struct ArrowArrayStream stream = kit_stream("label:u", rows, -1);

        way = ways[i];
        open_stopping();
        check_stopped(stoa_elements_create(conn, running, "Orchard", STOA_NUL, &stream, NULL,
                                           &kit_error));
        CHECK(stream.release != NULL); /* It was not taken. */
        stream.release(&stream);
    }
    free(rows);
}

/* FILLED elements that are there before, e0 and so on. */
static void open_filled(const struct way *chosen)
{
    way = (struct way){chosen->by_trigger, false};
    open_stopping();
    rows_run = STOP_AT;
    app_run(conn, "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 2999) "
                  "INSERT INTO Orchard(id, label, soil) SELECT n + 2, 'e' || n, 1 FROM c;"
                  "CREATE TRIGGER gone AFTER DELETE ON Orchard BEGIN SELECT stopping(old.id); END");
    way = *chosen;
    if (way.inside)
        app_run(conn, "BEGIN; INSERT INTO Region(label) VALUES ('mine')");
    rows_run = 0;
}

static void check_filled(stoa_status rc)
{
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    CHECK(rows_run >= STOP_AT && rows_run < FILLED);
    check_inside();
    CHECK_ROWS(conn, "SELECT count(*), sum(soil) FROM Orchard", "3001|3000");
    stoa_op_close(running);
    stoa_conn_close(conn);
    stoa_db_close(db);
}

static void many_are_not_changed(void)
{
    char *rows = rows_of(FILLED, "{\"soil\":2,\"label\":\"", ";", "\"}");

    for (int i = 1; i < WAYS; i += 2) { /* A CHECK is not asked about other columns. */
        struct ArrowArrayStream stream = kit_stream("soil:l label:u", rows, -1);

        open_filled(&ways[i]);
        check_filled(stoa_elements_update(conn, running, "Orchard", STOA_NUL, &stream, NULL,
                                          &kit_error));
        stream.release(&stream);
    }
    free(rows);
}

static void many_are_not_deleted(void)
{
    stoa_value *keys = calloc(FILLED, sizeof *keys);

    CHECK(keys != NULL);
    for (int i = 0; i < FILLED; i++)
        keys[i] = (stoa_value){.type = STOA_TYPE_INT64, .a = i + 2};
    for (int i = 0; i < WAYS; i++) {
        open_filled(&ways[i]);
        check_filled(stoa_elements_delete(conn, running, "Orchard", STOA_NUL, keys, FILLED, NULL, 0,
                                          &kit_error));
    }
    free(keys);
}

static void write_text(const char *path, const char *head, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK(file && fprintf(file, "%s%s", head, text) > 0 && fclose(file) == 0);
}

static void a_file_is_not_imported(void)
{
    static const char *const modes[] = {"append", "merge", "replace"};
    char *path = test_path("many.csv"), *rows = rows_of(MANY, "", "\n", "");

    write_text(path, "label\n", rows);
    for (int i = 0; i < 3 * WAYS; i++) {
        const stoa_option options[] = {{"columns", "some"}, {"mode", modes[i / WAYS]}};

        way = ways[i % WAYS];
        open_stopping();
        check_stopped(stoa_collection_import_csv(conn, running, "Orchard", STOA_NUL,
                                                 STOA_GROUP_ANY, NULL, 0, path, STOA_NUL, options,
                                                 2, NULL, NULL, &kit_error));
    }
    free(rows);
    free(path);
}

static void versions_are_not_passed(void)
{
    char *folder = test_path("steps"), path[1024];

    CHECK_INT(mkdir(folder, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/1", folder);
    CHECK_INT(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/1/up.sql", folder);
    write_text(path, "CREATE TABLE Crop (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL);",
               "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000) "
               "INSERT INTO Orchard(label) SELECT 'e' || n FROM c");
    way = ways[0];
    open_stopping();
    check_stopped(stoa_collection_migrate(conn, running, folder, STOA_NUL, -1, NULL, 0, NULL,
                                          &kit_error));
    free(folder);
}

/* A statement that is cut short would take the caller's transaction along: it ends first. */
static void a_script_ends_with_a_statement(void)
{
    static const char script[] =
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) "
        "INSERT INTO Orchard(label) SELECT 'e' || n FROM c;"
        "INSERT INTO Orchard(label) VALUES ('z')";

    way = (struct way){.inside = true};
    open_stopping();
    check_stopped(stoa_collection_apply(conn, running, script, STOA_NUL, &kit_error));
}

/* The lock is waited for first; nobody can wait for himself. */
static void a_transaction_lives_without_the_lock(void)
{
    int32_t state = -1;
    stoa_conn other;
    int64_t id;

    way = (struct way){false, false};
    open_stopping();
    other = app_connect(db);
    app_run(conn, "BEGIN; SELECT count(*) FROM Orchard");
    app_run(other, "BEGIN IMMEDIATE");
    CHECK_INT(kit_create(conn, "Orchard", "label='a'", &id), STOA_ERR_LOCKED);
    CHECK_INT(stoa_conn_transaction(conn, &state, NULL), STOA_OK);
    CHECK_INT(state, STOA_TRANSACTION_READ);
    app_run(other, "ROLLBACK");
    CHECK_INT(kit_made(conn, "Orchard", "label='a'"), 2);
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "2");
    stoa_op_close(running);
    stoa_db_close(db);
}

TEST_MAIN({"many are not created", many_are_not_created},
          {"many are not changed", many_are_not_changed},
          {"many are not deleted", many_are_not_deleted},
          {"a script ends with a statement", a_script_ends_with_a_statement},
          {"a file is not imported", a_file_is_not_imported},
          {"a transaction lives without the lock", a_transaction_lives_without_the_lock},
          {"versions are not passed", versions_are_not_passed})
