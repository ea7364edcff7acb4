/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/sqlite.h"

#include "base/mem.h"
#include "base/thread.h"
#include "engine/sqlite/folder_kit.h"

#include <dlfcn.h>
#include <fcntl.h>

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
}

static const char *property(stoa_db db, const char *name)
{
    static char text[1024];
    stoa_error err;

    app_must(stoa_db_property(db, name, STOA_NUL, text, sizeof(text), NULL, &err), &err, name);
    return text;
}

/* ---- what is opened ---- */

static void a_bare_path_is_a_new_file_in_wal_mode(void)
{
    char *path = test_path("new.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);

    CHECK_TEXT(property(db, "engine"), "sqlite");
    CHECK_TEXT(property(db, "path"), path);
    CHECK_TEXT(property(db, "journal"), "wal");
    CHECK_TEXT(property(db, "synchronous"), "full");
    CHECK_TEXT(property(db, "read_only"), "no");
    CHECK_TEXT(property(db, "busy_timeout"), "5000ms");
    CHECK_TEXT(property(db, "page_size"), "default");
    CHECK_ROWS(conn, "PRAGMA journal_mode", "wal");
    CHECK_ROWS(conn, "PRAGMA synchronous", "2");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
    app_run(conn, "CREATE TABLE t (a)");
    stoa_db_close(db);
    free(path);
}

static void an_existing_file_keeps_its_mode_unless_asked(void)
{
    char *path = test_path("old.db");
    stoa_db db;

    app_make(path, "journal=delete", 3);
    db = app_open(path, NULL);
    CHECK_TEXT(property(db, "journal"), "delete");
    app_shutdown(db);
    db = app_open(path, "journal=wal");
    CHECK_TEXT(property(db, "journal"), "wal");
    app_shutdown(db);
    db = app_open(path, "journal=keep");
    CHECK_TEXT(property(db, "journal"), "wal");
    app_shutdown(db);
    db = app_open(path, "journal=delete");
    CHECK_TEXT(property(db, "journal"), "delete");
    app_shutdown(db);
    free(path);
}

static void keep_leaves_a_new_file_as_sqlite_makes_it(void)
{
    char *path = test_path("keep.db");
    stoa_db db = app_open(path, "journal=keep");

    CHECK_TEXT(property(db, "journal"), "delete");
    stoa_db_close(db);
    free(path);
}

static void a_journal_mode_holds_for_every_connection(void)
{
    static const char *const modes[] = {"truncate", "persist", "memory"};

    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        char settings[64], *path = test_path(modes[i]);
        stoa_db db;

        (void)snprintf(settings, sizeof(settings), "journal=%s", modes[i]);
        db = app_open(path, settings);
        CHECK_TEXT(property(db, "journal"), modes[i]);
        stoa_conn first = app_connect(db);
        stoa_conn second = app_connect(db);
        CHECK_ROWS(first, "PRAGMA journal_mode", modes[i]);
        CHECK_ROWS(second, "PRAGMA journal_mode", modes[i]);
        stoa_db_close(db);
        free(path);
    }
}

static void the_page_size_is_that_of_new_files(void)
{
    char *path = test_path("pages.db");
    stoa_db db = app_open(path, "page_size=16k");
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t (a)");
    CHECK_ROWS(conn, "PRAGMA page_size", "16384");
    stoa_conn_close(conn);
    app_shutdown(db);
    db = app_open(path, "page_size=4096");
    CHECK_ROWS(app_connect(db), "PRAGMA page_size", "16384");
    stoa_db_close(db);
    check_open_fails(path, "page_size=3000", STOA_ERR_INVALID, "power of two");
    check_open_fails(path, "page_size=256", STOA_ERR_INVALID, "page_size");
    db = app_open(":memory:", "page_size=1024");
    CHECK_ROWS(app_connect(db), "PRAGMA page_size", "1024");
    stoa_db_close(db);
    free(path);
}

static void memory_is_shared_by_connections_and_by_nothing_else(void)
{
    stoa_db a = app_open(":memory:", NULL);
    stoa_db b = app_open("sqlite::memory:", NULL);
    stoa_conn first = app_connect(a), second = app_connect(a), other = app_connect(b);

    app_run(first, "CREATE TABLE t (x); INSERT INTO t VALUES (7)");
    CHECK_ROWS(second, "SELECT x FROM t", "7");
    CHECK_FAILS(other, "SELECT x FROM t", STOA_ERR_NOT_FOUND, "no such table: t");
    CHECK_TEXT(property(a, "path"), "");
    CHECK_TEXT(property(a, "journal"), "memory");
    stoa_conn_close(first);
    CHECK_ROWS(second, "SELECT x FROM t", "7");
    stoa_db_close(a);
    stoa_db_close(b);
}

static void memory_has_a_limit_one_can_set(void)
{
    stoa_db db = app_open(":memory:", "memory_size_limit=256k");
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t (x)");
    CHECK_FAILS(conn, "INSERT INTO t VALUES (zeroblob(1000000))", STOA_ERR_FULL, "full");
    app_run(conn, "INSERT INTO t VALUES (zeroblob(10000))");
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "1");
    stoa_db_close(db);
}

static void names_may_hold_what_addresses_are_made_of(void)
{
    static const char *const names[] = {"what?mode=ro", "a#b",  "100%25 sure", "two  words",
                                        "file:x",       "caf\xc3\xa9", "a&b=c", ":memory:x"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char *path = test_path(names[i]);

        app_make(path, NULL, 2);
        CHECK(exists(path, ""));
        stoa_db db = app_open(path, "read_only=yes");
        CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", "2");
        stoa_db_close(db);
        free(path);
    }
}

/* ---- what is not opened ---- */

static void what_is_no_database_is_said_to_be_none(void)
{
    char *folder = test_folder();
    char *text = in_folder(folder, "notes.txt"), *fifo = in_folder(folder, "fifo");
    char *missing = in_folder(folder, "missing.db"), *deep = in_folder(folder, "no/such/x.db");
    char *slash = in_folder(folder, "x.db/");

    write_file(text, "This is a text of more than a hundred bytes and certainly no database, "
                     "however long one looks at it from any side.\n");
    CHECK_INT(mkfifo(fifo, 0600), 0);
    char *before = in_folder(folder, "");

    check_open_fails(text, NULL, STOA_ERR_CORRUPT, "not a database");
    check_open_fails(text, "read_only=yes", STOA_ERR_CORRUPT, "not a database");
    check_open_fails(folder, NULL, STOA_ERR_INVALID, "is a folder");
    check_open_fails(fifo, NULL, STOA_ERR_INVALID, "is not a file");
    check_open_fails(missing, "create=no", STOA_ERR_NOT_FOUND, "missing.db");
    check_open_fails(missing, "read_only=yes", STOA_ERR_NOT_FOUND, "does not exist");
    check_open_fails(deep, NULL, STOA_ERR_NOT_FOUND, "folder");
    check_open_fails(slash, NULL, STOA_ERR_INVALID, "not a file name");
    check_open_fails("sqlite:", NULL, STOA_ERR_INVALID, "names no file");
    CHECK(!exists(missing, "") && !exists(deep, ""));
    free(before);
    free(slash);
    free(deep);
    free(missing);
    free(fifo);
    free(text);
    free(folder);
}

static void settings_that_are_none_are_named(void)
{
    check_open_fails(":memory:", "jurnal=wal", STOA_ERR_INVALID, "journal");
    check_open_fails(":memory:", "journal=fast", STOA_ERR_INVALID, "fast");
    check_open_fails(":memory:", "synchronous=2", STOA_ERR_INVALID, "synchronous");
    check_open_fails(":memory:", "read_only=perhaps", STOA_ERR_INVALID, "perhaps");

    char *path = test_path("never.db");

    check_open_fails(path, "jurnal=wal", STOA_ERR_INVALID, "journal");
    CHECK(!exists(path, ""));
    free(path);
}

/* A file its user may not write, as somebody who is bound by that. */
static void a_file_that_may_not_be_written_is_an_error_at_once(void)
{
    char *folder = test_folder();
    char *path = in_folder(folder, "a.db"), *secret = in_folder(folder, "b.db");

    app_make(path, "journal=delete", 3);
    app_make(secret, "journal=delete", 3);
    CHECK_INT(chmod(path, 0444), 0);
    CHECK_INT(chmod(secret, 0), 0);
    CHECK_INT(chmod(folder, 0755), 0);
    char outer[1024];
    (void)snprintf(outer, sizeof(outer), "%s/..", folder);
    CHECK_INT(chmod(outer, 0755), 0);
    if (geteuid() == 0)
        CHECK_INT(seteuid(65534), 0);
    check_open_fails(path, NULL, STOA_ERR_READ_ONLY, "read_only=yes");
    check_open_fails(secret, NULL, STOA_ERR_READ_ONLY, "ermission denied");
    stoa_db db = app_open(path, "read_only=yes");
    CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", "3");
    stoa_db_close(db);
    if (getuid() == 0)
        CHECK_INT(seteuid(0), 0);
    free(secret);
    free(path);
    free(folder);
}

/* ---- strangers ---- */

static void a_strangers_file_can_only_hold_data(void)
{
    char *path = test_path("stranger.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t (a); CREATE TABLE log (a); INSERT INTO t VALUES (1);"
                  "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END");
    stoa_conn_close(conn);
    app_shutdown(db);

    db = app_open(path, "profile=stranger");
    conn = app_connect(db);
    CHECK_TEXT(property(db, "read_only"), "yes");
    CHECK_ROWS(conn, "SELECT a FROM t", "1");
    CHECK_ROWS(conn, "PRAGMA cell_size_check", "1");
    CHECK_ROWS(conn, "PRAGMA trusted_schema", "0");
    CHECK_FAILS(conn, "INSERT INTO t VALUES (2)", STOA_ERR_READ_ONLY, "read");
    CHECK_FAILS(conn, "ATTACH ':memory:' AS other", STOA_ERR_INVALID, "too many attached");
    stoa_db_close(db);

    db = app_open(path, "profile=stranger read_only=no");
    conn = app_connect(db);
    app_run(conn, "INSERT INTO t VALUES (2)");
    CHECK_ROWS(conn, "SELECT count(*) FROM log", "0"); /* Its trigger did not run. */
    CHECK_INT(stoa_vacuum(conn, NO_OP, NULL), STOA_OK);
    stoa_error err;
    CHECK_INT(stoa_attach(conn, NO_OP, ":memory:", STOA_NUL, "x", 1, &err), STOA_ERR_INVALID);
    stoa_db_close(db);
    free(path);
}

static void every_profile_is_defensive(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t (a)");
    app_run(conn, "PRAGMA writable_schema = 1");
    CHECK_FAILS(conn, "DELETE FROM sqlite_schema", STOA_ERR_INVALID, "sqlite_master");
    stoa_db_close(db);
}

/* ---- other openers in the same process ---- */

static void a_descriptor_that_is_not_ours_is_refused(void)
{
    char *path = test_path("a.db");
    app_make(path, NULL, 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const int hidden = open(path, O_PATH | O_CLOEXEC);

    CHECK(fd >= 0 && hidden >= 0);
    check_open_fails(path, NULL, STOA_ERR_BUSY, "shared_file=allow");
    stoa_db db = app_open(path, "shared_file=allow");
    stoa_db_close(db);
    const int copy = dup(fd);
    close(fd);
    check_open_fails(path, "read_only=yes", STOA_ERR_BUSY, "descriptor");
    close(copy);
    db = app_open(path, NULL); /* One that only names it has no locks to drop. */
    stoa_db_close(db);
    close(hidden);
    free(path);
}

typedef int (*open_other)(const char *, void **);
typedef int (*close_other)(void *);
typedef int (*exec_other)(void *, const char *, void *, void *, char **);

static void another_sqlite_in_the_process_is_refused(void)
{
    char *path = test_path("a.db");
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    void *other = NULL;

    app_make(path, NULL, 1);
    if (!library) {
        printf("# no libsqlite3.so.0 here: the test before this one says the same\n");
        free(path);
        return;
    }
    open_other open_it = __extension__(open_other)dlsym(library, "sqlite3_open");
    exec_other exec_it = __extension__(exec_other)dlsym(library, "sqlite3_exec");
    close_other close_it = __extension__(close_other)dlsym(library, "sqlite3_close");
    CHECK(open_it && exec_it && close_it);
    CHECK_INT(open_it(path, &other), 0);
    CHECK_INT(exec_it(other, "SELECT count(*) FROM t", NULL, NULL, NULL), 0);
    check_open_fails(path, NULL, STOA_ERR_BUSY, "another SQLite perhaps");
    char *attached = test_path("b.db");
    stoa_db db = app_open(attached, NULL);
    CHECK_INT(stoa_attach(app_connect(db), NO_OP, path, STOA_NUL, "a", 1, NULL), STOA_ERR_BUSY);
    stoa_db_close(db);
    db = app_open(path, "shared_file=allow");
    stoa_db_close(db);
    CHECK_INT(close_it(other), 0);
    db = app_open(path, NULL);
    CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", "1");
    stoa_db_close(db);
    free(attached);
    free(path);
}

static void the_same_file_twice_has_one_gate(void)
{
    char *path = test_path("a.db"), *link = test_path("link.db");
    stoa_error err;

    app_make(path, NULL, 1);
    CHECK_INT(symlink(path, link), 0);
    stoa_db a = app_open(path, NULL), b = app_open(link, NULL);
    stoa_conn first = app_connect(a), second = app_connect(b);

    CHECK_INT(stoa_begin(first, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    CHECK_INT(stoa_begin(second, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "wait for itself");
    CHECK_INT(stoa_commit(first, NO_OP, NULL), STOA_OK);
    CHECK_INT(stoa_begin(second, NO_OP, STOA_BEGIN_WRITE, &err), STOA_OK);
    app_run(second, "INSERT INTO t VALUES (5, 'five')");
    CHECK_INT(stoa_commit(second, NO_OP, NULL), STOA_OK);
    CHECK_ROWS(first, "SELECT v FROM t WHERE id = 5", "five");
    stoa_db_close(a);
    CHECK_ROWS(second, "SELECT v FROM t WHERE id = 5", "five");
    app_run(second, "DELETE FROM t WHERE id = 5");
    stoa_db_close(b);
    free(link);
    free(path);
}

/* Openers and closers on many threads never take each other's descriptors for foreign. */
static char *shared_path;

static void open_and_close(void *self)
{
    (void)self;
    for (int i = 0; i < 60; i++) {
        stoa_db db = app_open(shared_path, "busy_timeout=none");

        CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", "1");
        stoa_db_close(db);
    }
}

static void threads_that_open_one_file_do_not_refuse_each_other(void)
{
    stoa__thread threads[4] = {0};

    shared_path = test_path("a.db");
    app_make(shared_path, NULL, 1);
    for (int i = 0; i < 4; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "opener", open_and_close, NULL, NULL), STOA_OK);
    for (int i = 0; i < 4; i++)
        stoa__thread_stop(&threads[i]);
    free(shared_path);
}

/* ---- fork, replacement, the end ---- */

/* Asked in a process of its own, whose close drops nobody's lock. */
static bool write_lock_is_held(const char *path)
{
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000001, .l_len = 1};
        const int fd = open(path, O_RDWR | O_CLOEXEC);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 7 : 0);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 7;
}

static void a_child_of_fork_is_told_so_and_the_parents_locks_stay(void)
{
    char *path = test_path("a.db");
    app_make(path, "journal=delete", 1);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (2, 'two')");
    const pid_t child = fork();
    if (child == 0) {
        stoa_db again;
        stoa_error err;

        CHECK_INT(app_try(conn, "SELECT 1", &err), STOA_ERR_FORKED);
        CHECK_INT(app_try_open(path, NULL, &again, &err), STOA_ERR_FORKED);
        stoa_conn_close(conn);
        stoa_db_close(db);
        _exit(0);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(write_lock_is_held(path));
    CHECK_INT(stoa_commit(conn, NO_OP, NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "2");
    stoa_db_close(db);
    free(path);
}

static void a_file_that_was_replaced_is_not_taken_for_the_old_one(void)
{
    char *path = test_path("a.db"), *other = test_path("b.db");
    stoa_conn late;
    stoa_error err;

    app_make(path, NULL, 1);
    app_make(other, NULL, 2);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    CHECK_INT(rename(other, path), 0);
    CHECK_INT(stoa_connect(db, NO_OP, NULL, 0, &late, &err), STOA_ERR_IO);
    CHECK_HAS(err.text, "replaced");
    CHECK_INT(unlink(path), 0);
    CHECK_INT(stoa_connect(db, NO_OP, NULL, 0, &late, &err), STOA_ERR_IO);
    stoa_conn_close(conn);
    CHECK(stoa_db_shutdown(db, NO_OP, &err) < 0);
    CHECK(!exists(path, "")); /* Nor is it made anew. */
    stoa_db_close(db);
    free(other);
    free(path);
}

static void closing_leaves_the_log_and_shutdown_removes_it(void)
{
    char *path = test_path("a.db");
    app_make(path, NULL, 1);
    CHECK(!exists(path, "-wal") && !exists(path, "-shm"));
    stoa_db db = app_open(path, NULL);
    app_run(app_connect(db), "INSERT INTO t VALUES (2, 'two')");
    stoa_db_close(db);
    CHECK(exists(path, "-wal"));
    db = app_open(path, NULL);
    CHECK_ROWS(app_connect(db), "SELECT count(*) FROM t", "2");
    app_shutdown(db);
    CHECK(!exists(path, "-wal") && !exists(path, "-shm"));
    free(path);
}

static void opening_survives_every_allocation_failure(void)
{
    static const char *const settings[] = {"read_only=yes", "journal=wal"};
    char *path = test_path("a.db");

    app_make(path, NULL, 1);
    for (size_t i = 0; i < 3; i++) {
        const char *target = i < 2 ? path : ":memory:";
        int64_t nth = 0;

        for (;; nth++) {
            const int64_t before = stoa__mem_allocations();
            stoa_db db;
            stoa_error err;

            stoa__mem_fail_nth = nth;
            const stoa_status rc = app_try_open(target, i < 2 ? settings[i] : NULL, &db, &err);
            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK) {
                stoa_db_close(db);
                break;
            }
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(db.id, 0);
            CHECK_INT(stoa__mem_allocations(), before);
        }
        CHECK(nth >= 4);
    }
    free(path);
}

TEST_MAIN({"a bare path is a new file in WAL mode", a_bare_path_is_a_new_file_in_wal_mode},
          {"an existing file keeps its mode unless asked",
           an_existing_file_keeps_its_mode_unless_asked},
          {"keep leaves a new file as SQLite makes it", keep_leaves_a_new_file_as_sqlite_makes_it},
          {"a journal mode holds for every connection", a_journal_mode_holds_for_every_connection},
          {"the page size is that of new files", the_page_size_is_that_of_new_files},
          {"memory is shared by connections and by nothing else",
           memory_is_shared_by_connections_and_by_nothing_else},
          {"memory has a limit one can set", memory_has_a_limit_one_can_set},
          {"names may hold what addresses are made of", names_may_hold_what_addresses_are_made_of},
          {"what is no database is said to be none", what_is_no_database_is_said_to_be_none},
          {"settings that are none are named", settings_that_are_none_are_named},
          {"a file that may not be written is an error at once",
           a_file_that_may_not_be_written_is_an_error_at_once},
          {"a stranger's file can only hold data", a_strangers_file_can_only_hold_data},
          {"every profile is defensive", every_profile_is_defensive},
          {"a descriptor that is not ours is refused", a_descriptor_that_is_not_ours_is_refused},
          {"another SQLite in the process is refused", another_sqlite_in_the_process_is_refused},
          {"the same file twice has one gate", the_same_file_twice_has_one_gate},
          {"threads that open one file do not refuse each other",
           threads_that_open_one_file_do_not_refuse_each_other},
          {"a child of fork is told so and the parent's locks stay",
           a_child_of_fork_is_told_so_and_the_parents_locks_stay},
          {"a file that was replaced is not taken for the old one",
           a_file_that_was_replaced_is_not_taken_for_the_old_one},
          {"closing leaves the log and shutdown removes it",
           closing_leaves_the_log_and_shutdown_removes_it},
          {"opening survives every allocation failure", opening_survives_every_allocation_failure})
