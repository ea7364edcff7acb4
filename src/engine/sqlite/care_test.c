/* SPDX-License-Identifier: Apache-2.0 */
/* Backup, restore, check, checkpoint, vacuum, attached files; blobs by stream. */
#include "support/app.h"

#include "base/mem.h"

#include <fcntl.h>

static bool exists(const char *path, const char *suffix)
{
    char name[1024];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

static void put_file(const char *path, const char *suffix, const char *text)
{
    char name[1024];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    FILE *file = fopen(name, "wb");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
}

static stoa_status backup(stoa_conn conn, const char *path, int32_t replace, stoa_error *err)
{
    return stoa_backup(conn, NO_OP, path, STOA_NUL, replace, err);
}

static stoa_status restore(stoa_conn conn, const char *path, stoa_error *err)
{
    return stoa_restore(conn, NO_OP, path, STOA_NUL, err);
}

static void check_count(const char *path, const char *rows)
{
    stoa_db db = app_open(path, "read_only=yes");

    CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", rows);
    stoa_db_close(db);
}

/* ---- backup ---- */

static void a_backup_is_the_whole_database_and_nothing_beside_it(void)
{
    char *path = test_path("a.db"), *copy = test_path("copy of #1?.db");
    stoa_error err;
    stoa_op op;
    int64_t done = 0, total = 0;

    app_make(path, NULL, 20000);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    app_run(conn, "INSERT INTO t VALUES (20001, 'in the log')");
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    app_must(stoa_backup(conn, op, copy, STOA_NUL, 0, &err), &err, "backup");
    CHECK_INT(stoa_op_progress(op, &done, &total, NULL), STOA_OK);
    CHECK(total > 50);
    CHECK_INT(done, total);
    stoa_op_close(op);
    CHECK(!exists(copy, "-journal") && !exists(copy, "-wal") && !exists(copy, "-shm"));
    check_count(copy, "20001");

    CHECK_INT(backup(conn, copy, 0, &err), STOA_ERR_EXISTS);
    app_run(conn, "DELETE FROM t WHERE id > 100");
    CHECK_INT(backup(conn, copy, 1, &err), STOA_OK);
    check_count(copy, "100");
    stoa_db_close(db);
    free(copy);
    free(path);
}

static void a_backup_never_lands_where_it_would_do_harm(void)
{
    char *path = test_path("a.db"), *copy = test_path("b.db"), *deep = test_path("no/b.db");
    char *folder = test_path("folder"), *name = test_path("file:b.db?mode=memory");
    stoa_error err;

    app_make(path, NULL, 3);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    app_run(conn, "INSERT INTO t VALUES (4, 'x')");
    CHECK_INT(backup(conn, path, 1, &err), STOA_ERR_EXISTS); /* Its log is beside it. */
    app_must(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_TRUNCATE, &err), &err, "checkpoint");
    CHECK_INT(backup(conn, path, 1, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "itself");
    CHECK_INT(mkdir(folder, 0700), 0);
    CHECK_INT(backup(conn, folder, 1, &err), STOA_ERR_INVALID);
    CHECK_INT(backup(conn, deep, 0, &err), STOA_ERR_NOT_FOUND);
    put_file(copy, "-wal", "somebody's last words");
    CHECK_INT(backup(conn, copy, 1, &err), STOA_ERR_EXISTS);
    CHECK_HAS(err.text, "log beside it");
    CHECK(!exists(copy, ""));
    app_must(backup(conn, name, 0, &err), &err, "backup"); /* A name, not an address. */
    CHECK(exists(name, ""));
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (9, 'x')");
    CHECK_INT(backup(conn, deep, 0, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "transaction");
    stoa_db_close(db);
    free(name);
    free(folder);
    free(deep);
    free(copy);
    free(path);
}

static int32_t stop_at(void *user_data)
{
    return --*(int *)user_data < 0;
}

static void a_cancelled_backup_leaves_the_target_alone(void)
{
    char *path = test_path("a.db"), *copy = test_path("b.db");
    stoa_error err;
    stoa_op op;

    app_make(path, NULL, 50000);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    put_file(copy, "", "an old file");
    CHECK_INT(stoa_op_cancel(op, NULL), STOA_OK);
    CHECK_INT(stoa_backup(conn, op, copy, STOA_NUL, 1, &err), STOA_ERR_CANCELLED);
    stoa_op_close(op);
    /* A tick under a stopped clock: cancelled between two slices. */
    int ticks = 0;
    CHECK_INT(stoa_op_open(1, stop_at, &ticks, NULL, &op, NULL), STOA_OK);
    const stoa_status rc = stoa_backup(conn, op, copy, STOA_NUL, 1, &err);
    CHECK(rc == STOA_ERR_CANCELLED || rc == STOA_ERR_TIMEOUT || rc == STOA_OK);
    stoa_op_close(op);
    if (rc != STOA_OK) {
        char text[32] = "";
        FILE *file = fopen(copy, "rb");
        CHECK(file && fgets(text, sizeof(text), file));
        fclose(file);
        CHECK_TEXT(text, "an old file");
    }
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "50000");
    stoa_db_close(db);
    free(copy);
    free(path);
}

/* ---- restore ---- */

static void restoring_replaces_everything(void)
{
    static const char *const modes[] = {"journal=wal", "journal=delete"};
    char *from = test_path("from.db"), *listing = test_path("");
    stoa_error err;

    app_make(from, NULL, 500);
    for (int i = 0; i < 3; i++) {
        char *path = test_path(i == 0 ? "w.db" : "d.db");
        stoa_db db = i == 2 ? app_open(":memory:", NULL) : app_open(path, modes[i]);
        stoa_conn conn = app_connect(db), other = app_connect(db);

        app_run(conn, "CREATE TABLE t (other, columns, entirely); CREATE TABLE u (a)");
        CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
        CHECK_ROWS(other, "SELECT count(*) FROM u", "0");
        app_must(restore(conn, from, &err), &err, "restore");
        CHECK_ROWS(conn, "SELECT count(*), max(v) FROM t", "500|v99");
        CHECK_ROWS(other, "SELECT count(*) FROM t", "500");
        CHECK_FAILS(conn, "SELECT * FROM u", STOA_ERR_NOT_FOUND, "u");
        CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
        CHECK_ROWS(conn, "PRAGMA journal_mode", i == 0 ? "wal" : i == 1 ? "delete" : "memory");
        app_run(conn, "INSERT INTO t VALUES (1000, 'more')");
        stoa_db_close(db);
        CHECK(!exists(from, "-wal") && !exists(from, "-shm"));
        free(path);
    }
    free(listing);
    free(from);
}

static void what_cannot_be_restored_changes_nothing(void)
{
    char *path = test_path("a.db"), *from = test_path("from.db"), *text = test_path("x.txt");
    char *wide = test_path("wide.db"), *missing = test_path("missing.db");
    stoa_result result;
    stoa_error err;

    app_make(path, NULL, 7);
    app_make(from, NULL, 9);
    app_make(wide, "page_size=8192", 9);
    put_file(text, "", "this is a text file and nothing that anybody would take for a database, "
                       "be it ever so long and ever so full of words\n");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db), other = app_connect(db);
    CHECK_INT(restore(conn, missing, &err), STOA_ERR_NOT_FOUND);
    CHECK(!exists(missing, ""));
    CHECK_INT(restore(conn, text, &err), STOA_ERR_CORRUPT);
    CHECK_HAS(err.text, "x.txt");
    CHECK_INT(restore(conn, path, &err), STOA_ERR_INVALID);
    CHECK_INT(restore(conn, wide, &err), STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "8192 bytes");
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, NULL), STOA_OK);
    CHECK_INT(restore(conn, from, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_rollback(conn, NO_OP, NULL), STOA_OK);
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &result,
                         NULL), STOA_OK);
    CHECK_INT(restore(conn, from, &err), STOA_ERR_BUSY);
    stoa_result_close(result);
    CHECK_INT(stoa_begin(other, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    CHECK_INT(restore(conn, from, &err), STOA_ERR_LOCKED);
    CHECK_INT(stoa_rollback(other, NO_OP, NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "7");
    app_must(restore(conn, from, &err), &err, "restore");
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "9");
    stoa_db_close(db);
    free(missing);
    free(wide);
    free(text);
    free(from);
    free(path);
}

/* ---- check ---- */

static void damage_is_a_finding_and_not_a_failure(void)
{
    char *path = test_path("a.db"), text[256] = "";
    int64_t problems = -1;
    stoa_error err;

    app_make(path, "journal=delete", 3000);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    app_must(stoa_check(conn, NO_OP, STOA_CHECK_INTEGRITY, &problems, text, sizeof(text), &err),
             &err, "check");
    CHECK_INT(problems, 0);
    CHECK_TEXT(text, "");
    stoa_conn_close(conn);
    app_shutdown(db);

    const int fd = open(path, O_RDWR | O_CLOEXEC);
    char noise[4096];
    memset(noise, 0x5a, sizeof(noise));
    CHECK_INT(pwrite(fd, noise, sizeof(noise), 4096 * 4), (long)sizeof(noise));
    close(fd);
    db = app_open(path, "read_only=yes");
    conn = app_connect(db);
    for (int level = STOA_CHECK_QUICK; level <= STOA_CHECK_INTEGRITY; level++) {
        problems = 0;
        app_must(stoa_check(conn, NO_OP, level, &problems, text, sizeof(text), &err), &err,
                 "check");
        CHECK(problems > 0);
        CHECK(strlen(text) > 5);
    }
    CHECK_FAILS(conn, "SELECT sum(length(v)) FROM t", STOA_ERR_CORRUPT, "malformed");
    stoa_db_close(db);
    free(path);
}

/* ---- checkpoint, vacuum ---- */

static off_t size_of(const char *path, const char *suffix)
{
    char name[1024];
    struct stat status;

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &status) == 0 ? status.st_size : -1;
}

static void checkpoints_move_the_log(void)
{
    char *path = test_path("a.db");
    stoa_result result;
    stoa_error err;

    app_make(path, NULL, 10);
    stoa_db db = app_open(path, "wal_checkpoint_pages=0");
    stoa_conn conn = app_connect(db);
    app_run(conn, "UPDATE t SET v = 'more than before'");
    CHECK(size_of(path, "-wal") > 0);
    app_must(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_PASSIVE, &err), &err, "passive");
    CHECK(size_of(path, "-wal") > 0);
    app_must(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_FULL, &err), &err, "full");
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &result,
                         NULL), STOA_OK);
    CHECK_INT(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_TRUNCATE, &err), STOA_ERR_BUSY);
    stoa_result_close(result);
    app_must(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_TRUNCATE, &err), &err, "truncate");
    CHECK_INT(size_of(path, "-wal"), 0);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    CHECK_INT(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_FULL, &err), STOA_ERR_INVALID);
    stoa_db_close(db);
    free(path);
}

static void a_vacuum_gives_room_back(void)
{
    char *path = test_path("a.db");
    stoa_result result;
    stoa_error err;
    stoa_op op;
    int64_t done = 0, total = 0;

    app_make(path, "journal=delete", 50000);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    const off_t before = size_of(path, "");
    app_run(conn, "DELETE FROM t WHERE id > 1000");
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &result,
                         NULL), STOA_OK);
    CHECK_INT(stoa_vacuum(conn, NO_OP, &err), STOA_ERR_BUSY);
    stoa_result_close(result);
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    app_must(stoa_vacuum(conn, op, &err), &err, "vacuum");
    CHECK_INT(stoa_op_progress(op, &done, &total, NULL), STOA_OK);
    CHECK(done > 0);
    stoa_op_close(op);
    CHECK(size_of(path, "") < before / 5);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, NULL), STOA_OK);
    CHECK_INT(stoa_vacuum(conn, NO_OP, &err), STOA_ERR_INVALID);
    stoa_db_close(db);
    free(path);
}

/* ---- attach ---- */

static void attached_files_are_seen_under_their_name(void)
{
    char *path = test_path("a.db"), *other = test_path("b ?#%.db"), *none = test_path("c.db");
    stoa_error err;

    app_make(other, NULL, 4);
    stoa_db db = app_open(path, "create=yes");
    stoa_conn conn = app_connect(db);
    app_must(stoa_attach(conn, NO_OP, other, STOA_NUL, "x \"y\"", STOA_NUL, &err), &err, "attach");
    CHECK_ROWS(conn, "SELECT count(*) FROM \"x \"\"y\"\"\".t", "4");
    CHECK_INT(stoa_attach(conn, NO_OP, other, STOA_NUL, "x \"y\"", STOA_NUL, &err),
              STOA_ERR_EXISTS);
    CHECK_INT(stoa_detach(conn, NO_OP, "x \"y\"", STOA_NUL, &err), STOA_OK);
    CHECK_INT(stoa_detach(conn, NO_OP, "x \"y\"", STOA_NUL, &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(stoa_attach(conn, NO_OP, "null:", STOA_NUL, "n", 1, &err), STOA_ERR_UNSUPPORTED);
    CHECK_INT(stoa_attach(conn, NO_OP, "sqlite:a?journal=wal", STOA_NUL, "n", 1, &err),
              STOA_ERR_INVALID);
    app_must(stoa_attach(conn, NO_OP, ":memory:", STOA_NUL, "m", 1, &err), &err, "attach");
    app_run(conn, "CREATE TABLE m.t AS SELECT 1");
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, NULL), STOA_OK);
    CHECK_INT(stoa_attach(conn, NO_OP, other, STOA_NUL, "z", 1, &err), STOA_ERR_INVALID);
    stoa_db_close(db);

    db = app_open(path, "create=no");
    conn = app_connect(db);
    CHECK_INT(stoa_attach(conn, NO_OP, none, STOA_NUL, "z", 1, &err), STOA_ERR_NOT_FOUND);
    CHECK(!exists(none, ""));
    stoa_db_close(db);
    db = app_open(path, "read_only=yes");
    conn = app_connect(db);
    app_must(stoa_attach(conn, NO_OP, other, STOA_NUL, "z", 1, &err), &err, "attach");
    CHECK_FAILS(conn, "DELETE FROM z.t", STOA_ERR_READ_ONLY, "read");
    stoa_db_close(db);
    free(none);
    free(other);
    free(path);
}

/* ---- blobs ---- */

static stoa_status open_blob(stoa_conn conn, const char *column, int64_t row, int32_t writable,
                             stoa_blob *blob, stoa_error *err)
{
    return stoa_blob_open(conn, NO_OP, NULL, 0, "b", 1, column, STOA_NUL, row, writable, blob,
                          err);
}

static stoa_conn with_blobs(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));

    app_run(conn, "CREATE TABLE b (id INTEGER PRIMARY KEY, data BLOB, n INT, k TEXT);"
                  "CREATE INDEX bk ON b(k);"
                  "INSERT INTO b VALUES (1, zeroblob(3000000), 5, 'key'), (2, NULL, 1, 'x')");
    return conn;
}

static void blobs_are_read_and_written_in_place(void)
{
    stoa_conn conn = with_blobs();
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8] = {0};
    int64_t size = 0;
    stoa_blob blob;
    stoa_error err;

    app_must(open_blob(conn, "data", 1, 1, &blob, &err), &err, "blob");
    CHECK_INT(stoa_blob_size(blob, &size, NULL), STOA_OK);
    CHECK_INT(size, 3000000);
    CHECK_INT(stoa_blob_write(blob, NO_OP, 2999992, bytes, 8, &err), STOA_OK);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 2999992, back, 8, &err), STOA_OK);
    CHECK(memcmp(bytes, back, 8) == 0);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 2999993, back, 8, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "3000000");
    CHECK_INT(stoa_blob_read(blob, NO_OP, -1, back, 1, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_blob_read(blob, NO_OP, INT64_MAX, back, 8, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 3000000, back, 0, &err), STOA_OK);
    uint8_t *all = calloc(1, 3000000);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 0, all, 3000000, &err), STOA_OK);
    CHECK_INT(all[2999999], 8);
    free(all);
    CHECK_INT(stoa_blob_finish(blob, NO_OP, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT hex(substr(data, -8)) FROM b WHERE id = 1", "0102030405060708");
}

static void a_blob_open_for_writing_holds_the_gate(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db), other = app_connect(db);
    stoa_blob blob;
    stoa_error err;

    app_run(conn, "CREATE TABLE b (id INTEGER PRIMARY KEY, data BLOB);"
                  "INSERT INTO b VALUES (1, zeroblob(10))");
    app_must(open_blob(conn, "data", 1, 1, &blob, &err), &err, "blob");
    CHECK_INT(stoa_begin(other, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_LOCKED);
    stoa_blob_close(blob);
    CHECK_INT(stoa_begin(other, NO_OP, STOA_BEGIN_WRITE, &err), STOA_OK);
    CHECK_INT(open_blob(conn, "data", 1, 1, &blob, &err), STOA_ERR_LOCKED);
    stoa_db_close(db);
}

static void blobs_say_what_is_wrong(void)
{
    stoa_conn conn = with_blobs();
    uint8_t byte = 0;
    stoa_blob blob;
    stoa_error err;

    CHECK_INT(open_blob(conn, "data", 9, 0, &blob, &err), STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "rowid: 9");
    CHECK_INT(open_blob(conn, "nope", 1, 0, &blob, &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(open_blob(conn, "data", 2, 0, &blob, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "null");
    CHECK_INT(open_blob(conn, "n", 1, 0, &blob, &err), STOA_ERR_INVALID);
    CHECK_INT(open_blob(conn, "k", 1, 1, &blob, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "indexed");
    app_must(open_blob(conn, "data", 1, 0, &blob, &err), &err, "blob");
    CHECK_INT(stoa_blob_write(blob, NO_OP, 0, &byte, 1, &err), STOA_ERR_READ_ONLY);
    app_run(conn, "UPDATE b SET n = 6 WHERE id = 1");
    CHECK_INT(stoa_blob_read(blob, NO_OP, 0, &byte, 1, &err), STOA_ERR_CLOSED);
    CHECK_HAS(err.text, "changed");
    stoa_blob_close(blob);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 0, &byte, 1, &err), STOA_ERR_CLOSED);
    CHECK_INT(open_blob(conn, "data", 1, 0, &blob, &err), STOA_OK);
    stoa_conn_close(conn);
    CHECK_INT(stoa_blob_read(blob, NO_OP, 0, &byte, 1, &err), STOA_ERR_CLOSED);
}

/* ---- memory ---- */

static void care_survives_every_allocation_failure(void)
{
    char *path = test_path("a.db"), *copy = test_path("b.db");
    stoa_error err;

    app_make(path, NULL, 100);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    for (int what = 0; what < 5; what++) {
        stoa_status rc = STOA_ERR_NOMEM;
        int64_t nth = 0;

        for (; rc != STOA_OK; nth++) {
            int64_t problems;
            const int64_t before = stoa__mem_allocations();

            stoa__mem_fail_nth = nth;
            rc = what == 0   ? backup(conn, copy, 1, &err)
                 : what == 1 ? restore(conn, copy, &err)
                 : what == 2 ? stoa_attach(conn, NO_OP, copy, STOA_NUL, "x", 1, &err)
                 : what == 3 ? stoa_detach(conn, NO_OP, "x", 1, &err)
                             : stoa_check(conn, NO_OP, 1, &problems, NULL, 0, &err);
            stoa__mem_fail_nth = -1;
            if (rc != STOA_OK) {
                CHECK_INT(rc, STOA_ERR_NOMEM);
                CHECK(stoa__mem_allocations() <= before);
            }
            CHECK(nth < 1000);
        }
    }
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "100");
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    stoa_db_close(db);
    CHECK_INT(stoa__mem_allocations(), 0);
    free(copy);
    free(path);
}

TEST_MAIN({"a backup is the whole database and nothing beside it",
           a_backup_is_the_whole_database_and_nothing_beside_it},
          {"a backup never lands where it would do harm",
           a_backup_never_lands_where_it_would_do_harm},
          {"a cancelled backup leaves the target alone",
           a_cancelled_backup_leaves_the_target_alone},
          {"restoring replaces everything", restoring_replaces_everything},
          {"what cannot be restored changes nothing", what_cannot_be_restored_changes_nothing},
          {"damage is a finding and not a failure", damage_is_a_finding_and_not_a_failure},
          {"checkpoints move the log", checkpoints_move_the_log},
          {"a vacuum gives room back", a_vacuum_gives_room_back},
          {"attached files are seen under their name", attached_files_are_seen_under_their_name},
          {"blobs are read and written in place", blobs_are_read_and_written_in_place},
          {"a blob open for writing holds the gate", a_blob_open_for_writing_holds_the_gate},
          {"blobs say what is wrong", blobs_say_what_is_wrong},
          {"care survives every allocation failure", care_survives_every_allocation_failure})
