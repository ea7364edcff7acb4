/* SPDX-License-Identifier: Apache-2.0 */
/* Databases opened for reading alone: they change no file, and notice who does. */
#include "engine/sqlite/sqlite.h"

#include "engine/sqlite/folder_kit.h"

static void read_and_compare(const char *folder, const char *path, const char *rows)
{
    char *before = listing(folder);
    stoa_db db = app_open(path, "read_only=yes");
    stoa_conn a = app_connect(db), b = app_connect(db);
    int64_t problems = 0;

    CHECK_ROWS(a, "SELECT count(*) FROM t", rows);
    CHECK_ROWS(b, "SELECT count(*) FROM t", rows);
    CHECK_FAILS(a, "INSERT INTO t VALUES (999, 'x')", STOA_ERR_READ_ONLY, "read");
    CHECK_FAILS(a, "PRAGMA user_version = 7", STOA_ERR_READ_ONLY, "read");
    CHECK_INT(stoa_begin(a, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    CHECK_INT(stoa_commit(a, NO_OP, NULL), STOA_OK);
    CHECK_INT(stoa_vacuum(a, NO_OP, NULL), STOA_ERR_READ_ONLY);
    CHECK_INT(stoa_check(a, NO_OP, STOA_CHECK_INTEGRITY, &problems, NULL, 0, NULL), STOA_OK);
    CHECK_INT(problems, 0);
    stoa_conn_close(a);
    stoa_conn_close(b);
    app_shutdown(db);
    char *after = listing(folder);
    CHECK_TEXT(after, before);
    free(before);
    free(after);
}

static void reading_leaves_a_file_and_its_folder_as_they_were(void)
{
    char *folder = test_folder(), *path = in_folder(folder, "a.db");

    app_make(path, "journal=delete", 100);
    read_and_compare(folder, path, "100");
    free(path);
    free(folder);
}

static void reading_a_wal_file_makes_neither_log_nor_shared_memory(void)
{
    char *folder = test_folder(), *path = in_folder(folder, "a.db");

    app_make(path, NULL, 100);
    CHECK(!exists(path, "-wal"));
    read_and_compare(folder, path, "100");
    free(path);
    free(folder);
}

/* In a process of its own that dies with the log full. */
static void die_writing(const char *path)
{
    const pid_t child = fork();

    if (child == 0) {
        stoa_conn conn = app_connect(app_open(path, NULL));

        app_run(conn, "INSERT INTO t VALUES (1001, 'late')");
        _exit(42);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(WEXITSTATUS(status), 42);
}

static void reading_a_log_that_a_dead_writer_left_changes_nothing(void)
{
    char *folder = test_folder(), *path = in_folder(folder, "a.db");
    char shm[1024];

    app_make(path, NULL, 100);
    die_writing(path);
    CHECK(exists(path, "-wal") && exists(path, "-shm"));
    read_and_compare(folder, path, "101");
    (void)snprintf(shm, sizeof(shm), "%s-shm", path);
    CHECK_INT(unlink(shm), 0);
    char *before = listing(folder);
    check_open_fails(path, "read_only=yes", STOA_ERR_READ_ONLY, "once for writing");
    char *after = listing(folder);
    CHECK_TEXT(after, before);
    free(before);
    free(after);
    free(path);
    free(folder);
}

static void a_reader_beside_a_live_writer_sees_its_commits(void)
{
    char *path = test_path("a.db");
    app_make(path, NULL, 10);
    stoa_db writer = app_open(path, NULL);
    stoa_conn writes = app_connect(writer);

    app_run(writes, "INSERT INTO t VALUES (11, 'x')");
    stoa_db reader = app_open(path, "read_only=yes");
    stoa_conn reads = app_connect(reader);
    CHECK_ROWS(reads, "SELECT count(*) FROM t", "11");
    app_run(writes, "INSERT INTO t VALUES (12, 'x')");
    CHECK_ROWS(reads, "SELECT count(*) FROM t", "12");
    stoa_db_close(reader);
    app_run(writes, "INSERT INTO t VALUES (13, 'x')");
    CHECK_ROWS(writes, "SELECT count(*) FROM t", "13");
    stoa_db_close(writer);
    free(path);
}

/* Every way of getting rows out must notice. */
static void a_frozen_file_that_somebody_writes_is_noticed(void)
{
    char *path = test_path("a.db");
    int go[2], done[2];
    char byte = 0;

    app_make(path, NULL, 5000);
    CHECK(pipe(go) == 0 && pipe(done) == 0);
    const pid_t child = fork();
    if (child == 0) {
        CHECK_INT(read(go[0], &byte, 1), 1);
        stoa_db db = app_open(path, NULL);
        app_run(app_connect(db), "UPDATE t SET v = 'changed'");
        CHECK_INT(write(done[1], &byte, 1), 1);
        CHECK_INT(read(go[0], &byte, 1), 1);
        _exit(0);
    }
    stoa_db db = app_open(path, "read_only=yes batch_rows=100");
    stoa_conn conn = app_connect(db);
    stoa_result batches, rows;
    struct ArrowArray batch;
    stoa_rows row;
    stoa_error err;

    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &batches,
                         NULL), STOA_OK);
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &rows, NULL),
              STOA_OK);
    CHECK_INT(stoa_result_next(batches, NO_OP, &batch, NULL), STOA_OK);
    batch.release(&batch);
    CHECK_INT(stoa_result_rows(rows, NO_OP, 10, &row, NULL), STOA_OK);
    CHECK_INT(write(go[1], &byte, 1), 1);
    CHECK_INT(read(done[0], &byte, 1), 1);

    CHECK_INT(stoa_result_next(batches, NO_OP, &batch, &err), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "opened for writing");
    CHECK(err.flags & STOA_ERROR_RETRYABLE);
    CHECK_INT(stoa_result_rows(rows, NO_OP, 10, &row, &err), STOA_ERR_LOCKED);
    CHECK_INT(stoa_query_row(conn, NO_OP, "SELECT v FROM t WHERE id = 1", STOA_NUL, NULL, 0, NULL,
                             0, &row, &err),
              STOA_ERR_LOCKED);
    CHECK_FAILS(conn, "SELECT v FROM t WHERE id = 1", STOA_ERR_LOCKED, "opened for writing");
    int64_t problems = 0;
    CHECK_INT(stoa_check(conn, NO_OP, STOA_CHECK_QUICK, &problems, NULL, 0, NULL),
              STOA_ERR_LOCKED);
    char *copy = test_path("copy.db");
    CHECK_INT(stoa_backup(conn, NO_OP, copy, STOA_NUL, 0, NULL), STOA_ERR_LOCKED);
    CHECK(!exists(copy, ""));
    stoa_db_close(db);

    db = app_open(path, "read_only=yes"); /* Again, as the text says. */
    CHECK_ROWS(app_connect(db), "SELECT DISTINCT v FROM t", "changed");
    stoa_db_close(db);
    CHECK_INT(write(go[1], &byte, 1), 1);
    CHECK_INT(waitpid(child, NULL, 0), child);
    free(copy);
    free(path);
}

TEST_MAIN({"reading leaves a file and its folder as they were",
           reading_leaves_a_file_and_its_folder_as_they_were},
          {"reading a WAL file makes neither log nor shared memory",
           reading_a_wal_file_makes_neither_log_nor_shared_memory},
          {"reading a log that a dead writer left changes nothing",
           reading_a_log_that_a_dead_writer_left_changes_nothing},
          {"a reader beside a live writer sees its commits",
           a_reader_beside_a_live_writer_sees_its_commits},
          {"a frozen file that somebody writes is noticed",
           a_frozen_file_that_somebody_writes_is_noticed})
