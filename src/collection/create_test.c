/* SPDX-License-Identifier: Apache-2.0 */
/* Making a database from a schema: the file that stands there outlives every failure. */
#include "base/mem.h"
#include "collection/collection_kit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static stoa_error err;

static stoa_status create(const char *path, const char *sql, const char *settings)
{
    char copy[APP_TEXT_SIZE];
    stoa_option options[APP_OPTION_COUNT];
    const int64_t count = app_options(settings, copy, options);

    return stoa_collection_create(NO_OP, path, STOA_NUL, sql, STOA_NUL, options, count, &err);
}

static void must(stoa_status rc)
{
    app_must(rc, &err, "call");
}

/* What a file holds; owned by the caller. */
static char *content(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);

    CHECK(file && bytes);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

struct before {
    const char *path;
    char *bytes;
    size_t size;
};

static struct before look(const char *path)
{
    struct before before = {.path = path};

    before.bytes = content(path, &before.size);
    return before;
}

static void check_untouched(struct before *before)
{
    size_t size;
    char *bytes = content(before->path, &size);

    CHECK_INT(size, before->size);
    CHECK(memcmp(bytes, before->bytes, size) == 0);
    free(bytes);
}

/* How many files lie in the test's folder. */
static int file_count(void)
{
    char *path = test_path("");
    DIR *directory = opendir(path);
    int count = 0;

    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    free(path);
    return count;
}

static void a_file_is_made_of_a_schema(void)
{
    char *path = test_path("new.db");
    stoa_db db;
    stoa_conn conn;

    must(create(path, KIT_SCHEMA "INSERT INTO Region (label) VALUES ('North'); "
                                 "PRAGMA user_version = 5;",
                NULL));
    CHECK_INT(file_count(), 1); /* No log, no rest. */
    db = app_open(path, "create=no");
    conn = app_connect(db);
    CHECK_ROWS(conn, "SELECT label FROM Region", "North");
    CHECK_ROWS(conn, "PRAGMA user_version", "5");
    CHECK_ROWS(conn, "PRAGMA journal_mode", "wal");
    CHECK_INT(create(path, KIT_SCHEMA, NULL), STOA_ERR_EXISTS);
    CHECK_HAS(err.text, "Cannot from_schema: file already exists: ");
    CHECK_HAS(err.text, path);
    stoa_conn_close(conn);
    app_shutdown(db);
    must(create(path, KIT_SCHEMA, "if_exists=replace journal=delete"));
    db = app_open(path, "create=no");
    conn = app_connect(db);
    CHECK_ROWS(conn, "PRAGMA journal_mode", "delete");
    CHECK_ROWS(conn, "SELECT label FROM Region", "");
    stoa_conn_close(conn);
    app_shutdown(db);
    free(path);
}

static void failures_leave_the_old_file_as_it_was(void)
{
    static const struct {
        const char *sql, *text;
        stoa_status status;
    } bad[] = {
        {"CREATE TABLE Configuration (\n  id INTEGR PRIMARY KEY);\nCREATE TABEL x (y);",
         "Failed to execute SQL: near \"TABEL\": syntax error; line 3, column 8", STOA_ERR_SYNTAX},
        {KIT_CONFIGURATION "\n  SELECT * FROM missing;",
         "Failed to execute SQL: no such table: missing; line 3, column 3", STOA_ERR_NOT_FOUND},
        {KIT_CONFIGURATION "INSERT INTO Configuration (label) VALUES (NULL)",
         "Failed to execute SQL: NOT NULL constraint failed: Configuration.label; line 2, column 1",
         STOA_ERR_CONSTRAINT},
        {KIT_ORCHARD, "Failed to validate schema: Schema must have a 'Configuration' table",
         STOA_ERR_INVALID},
        {"", "Cannot apply_schema: schema file is empty", STOA_ERR_INVALID},
        {" -- nothing\n /* at all */ ;", "Cannot apply_schema: schema file is empty",
         STOA_ERR_INVALID},
        {"BEGIN; " KIT_CONFIGURATION "COMMIT;",
         "Failed to execute SQL: cannot start a transaction within a transaction; line 1, column 1",
         STOA_ERR_INVALID},
        {KIT_CONFIGURATION "COMMIT; CREATE TABLE a_b (x);",
         "Failed to execute SQL: COMMIT would end a transaction that is not this statement's to "
         "end; line 2, column 1",
         STOA_ERR_INVALID},
    };
    char *path = test_path("old.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    struct before before;

    app_run(conn, "CREATE TABLE precious (x); INSERT INTO precious VALUES (1)");
    stoa_conn_close(conn);
    app_shutdown(db);
    before = look(path);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const stoa_status rc = create(path, bad[i].sql, "if_exists=replace");

        CHECK_TEXT(err.text, bad[i].text);
        CHECK_INT(rc, bad[i].status);
        check_untouched(&before);
        CHECK_INT(file_count(), 1);
    }
    CHECK_INT(create(path, KIT_SCHEMA, "if_exists=perhaps"), STOA_ERR_INVALID);
    CHECK_INT(create(path, KIT_SCHEMA, "colour=red"), STOA_ERR_INVALID);
    CHECK_INT(create("", KIT_SCHEMA, NULL), STOA_ERR_INVALID);
    CHECK_INT(create(":memory:", KIT_SCHEMA, NULL), STOA_ERR_INVALID);
    CHECK_INT(create("/nowhere/at/all.db", KIT_SCHEMA, NULL), STOA_ERR_NOT_FOUND);
    check_untouched(&before);
    free(before.bytes);
    free(path);
}

static void a_schema_is_read_from_a_file(void)
{
    char *path = test_path("new.db"), *file = test_path("schema.sql"), *none = test_path("none");
    char *folder = test_path("");
    char text[900];
    stoa_option option = {"schema_file", none};
    FILE *made = fopen(file, "w");

    fclose(made);
    CHECK_INT(stoa_collection_create(NO_OP, path, STOA_NUL, NULL, 0, &option, 1, &err),
              STOA_ERR_NOT_FOUND);
    (void)snprintf(text, sizeof text, "Schema file not found: %s", none);
    CHECK_TEXT(err.text, text);
    option.value = file;
    CHECK_INT(stoa_collection_create(NO_OP, path, STOA_NUL, NULL, 0, &option, 1, &err),
              STOA_ERR_INVALID);
    (void)snprintf(text, sizeof text, "Cannot apply_schema: schema file is empty: %s", file);
    CHECK_TEXT(err.text, text);
    CHECK_INT(stoa_collection_create(NO_OP, path, STOA_NUL, "x", 1, &option, 1, &err),
              STOA_ERR_INVALID);
    made = fopen(file, "w");
    fputs(KIT_SCHEMA, made);
    fclose(made);
    must(stoa_collection_create(NO_OP, path, STOA_NUL, NULL, 0, &option, 1, &err));
    CHECK_INT(file_count(), 2);
    option.value = folder; /* No file to read. */
    CHECK(stoa_collection_create(NO_OP, none, STOA_NUL, NULL, 0, &option, 1, &err) < 0);
    (void)snprintf(text, sizeof text, "Failed to apply_schema: could not open file: %s", folder);
    CHECK_HAS(err.text, text);
    CHECK_INT(create(path, KIT_SCHEMA, "read_only=yes"), STOA_ERR_READ_ONLY);
    CHECK_TEXT(err.text,
               "Cannot from_schema: read_only mode (use Database constructor to open existing)");
    free(path);
    free(file);
    free(folder);
    free(none);
}

static void one_that_is_in_use_is_locked(void)
{
    char *path = test_path("used.db");
    struct before before;
    stoa_conn conn;
    stoa_db db;
    pid_t child;
    int ready[2], done[2], status;
    char byte = 0;

    must(create(path, KIT_SCHEMA, NULL));
    db = app_open(path, NULL);
    CHECK_INT(create(path, KIT_SCHEMA, "if_exists=replace"), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "is in use");
    app_shutdown(db);
    before = look(path);
    CHECK_INT(pipe(ready), 0);
    CHECK_INT(pipe(done), 0);
    child = fork(); /* Nothing is open: it may begin anew. */
    if (child == 0) {
        db = app_open(path, NULL);
        conn = app_connect(db);
        app_run(conn, "SELECT * FROM Region");
        _exit(write(ready[1], &byte, 1) == 1 && read(done[0], &byte, 1) == 1 ? 0 : 1);
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    CHECK_INT(create(path, KIT_SCHEMA, "if_exists=replace"), STOA_ERR_LOCKED);
    CHECK_INT(write(done[1], &byte, 1), 1);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    check_untouched(&before);
    must(create(path, KIT_SCHEMA "INSERT INTO Region (label) VALUES ('new')", "if_exists=replace"));
    db = app_open(path, NULL);
    conn = app_connect(db);
    CHECK_ROWS(conn, "SELECT label FROM Region", "new");
    stoa_db_close(db);
    free(before.bytes);
    free(path);
}

/* A writer died: what it committed lies in the log, which must not be taken for the new file's. */
static void the_old_log_goes_with_the_old_file(void)
{
    char *path = test_path("died.db");
    stoa_conn conn;
    stoa_db db;
    int status;
    pid_t child;

    must(create(path, KIT_SCHEMA, NULL));
    child = fork();
    if (child == 0) {
        db = app_open(path, NULL);
        conn = app_connect(db);
        app_run(conn, "INSERT INTO Region (label) VALUES ('old')");
        (void)raise(SIGKILL);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK(file_count() > 1);
    CHECK_INT(create(path, "CREATE TABEL x (y)", "if_exists=replace"), STOA_ERR_SYNTAX);
    db = app_open(path, NULL);
    conn = app_connect(db);
    CHECK_ROWS(conn, "SELECT label FROM Region", "old");
    stoa_db_close(db);
    must(create(path, KIT_SCHEMA, "if_exists=replace"));
    CHECK_INT(file_count(), 1);
    db = app_open(path, NULL);
    conn = app_connect(db);
    CHECK_ROWS(conn, "SELECT label FROM Region", "");
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    stoa_db_close(db);
    free(path);
}

static void applying_is_all_or_nothing(void)
{
    stoa_db db;
    stoa_conn conn = kit_open(KIT_CONFIGURATION, &db);
    stoa_result list;

    CHECK_INT(stoa_collection_apply(conn, NO_OP, KIT_REGION "CREATE TABLE a_b (x REAL)", STOA_NUL,
                                    &err),
              STOA_ERR_INVALID);
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema WHERE type = 'table'", "Configuration");
    app_run(conn, "BEGIN; INSERT INTO Configuration (label) VALUES ('mine')");
    CHECK_INT(stoa_collection_apply(conn, NO_OP, KIT_REGION "CREATE TABLE a_b (x REAL)", STOA_NUL,
                                    &err),
              STOA_ERR_INVALID);
    CHECK_ROWS(conn, "SELECT name FROM sqlite_schema WHERE type = 'table'", "Configuration");
    must(stoa_collection_apply(conn, NO_OP, KIT_REGION, STOA_NUL, &err));
    must(stoa_collection_list(conn, NO_OP, "Region", 6, &list, &err));
    app_run(conn, "ROLLBACK");
    CHECK_INT(stoa_collection_list(conn, NO_OP, "Region", 6, &list, &err), STOA_ERR_NOT_FOUND);
    CHECK_ROWS(conn, "SELECT count(*) FROM Configuration", "0");
    CHECK_INT(stoa_collection_apply(conn, NO_OP, NULL, 5, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_collection_apply((stoa_conn){0}, NO_OP, "", 0, &err), STOA_ERR_HANDLE);
    stoa_db_close(db);
}

static void making_survives_every_allocation_failure(void)
{
    char *path = test_path("sweep.db");
    struct before before;
    stoa_status rc;

    must(create(path, KIT_CONFIGURATION, NULL));
    before = look(path);
    for (int64_t nth = 0;; nth++) {
        stoa__mem_fail_nth = nth;
        rc = create(path, KIT_SCHEMA, "if_exists=replace");
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth > 100);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        check_untouched(&before);
        CHECK_INT(file_count(), 1);
    }
    free(before.bytes);
    free(path);
}

/* Create while no file of this process grows beyond `size` bytes: writes fail as on a full disk. */
static stoa_status create_on_full_disk(const char *path, const char *settings, rlim_t size)
{
    struct rlimit before, limit;
    stoa_status rc;

    CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){size, before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rc = create(path, KIT_SCHEMA, settings);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
    return rc;
}

static void a_full_disk_leaves_the_old_file_as_it_was(void)
{
    static const char *const journals[] = {"if_exists=replace journal=wal",
                                           "if_exists=replace journal=delete"};
    char *path = test_path("full.db");
    struct before before;
    stoa_status rc;

    (void)signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        rlim_t size = 0;

        must(create(path, KIT_CONFIGURATION, "if_exists=replace"));
        before = look(path);
        for (;; size += 4096) {
            rc = create_on_full_disk(path, journals[i], size);
            if (rc == STOA_OK)
                break;
            CHECK(rc == STOA_ERR_FULL || rc == STOA_ERR_IO);
            check_untouched(&before);
            CHECK_INT(file_count(), 1);
        }
        CHECK(size > 3 * 4096);
        CHECK_INT(file_count(), 1);
        free(before.bytes);
    }
    free(path);
}

TEST_MAIN({"a file is made of a schema", a_file_is_made_of_a_schema},
          {"failures leave the old file as it was", failures_leave_the_old_file_as_it_was},
          {"a schema is read from a file", a_schema_is_read_from_a_file},
          {"one that is in use is locked", one_that_is_in_use_is_locked},
          {"the old log goes with the old file", the_old_log_goes_with_the_old_file},
          {"applying is all or nothing", applying_is_all_or_nothing},
          {"a full disk leaves the old file as it was", a_full_disk_leaves_the_old_file_as_it_was},
          {"making survives every allocation failure", making_survives_every_allocation_failure})
