/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/memory.h"

#include "base/mem.h"
#include "base/thread.h"
#include "engine/sqlite/memory_vfs.h"
#include "test.h"

enum { PAGE = 4096, THREADS = 4, ROWS = 50 };

static const char address[] = "file:" SQLITE_MEMORY_PREFIX "test?vfs=" SQLITE_MEMORY_VFS;

static void begin(void)
{
    CHECK_INT(sqlite3_initialize(), SQLITE_OK);
    CHECK_INT(sqlite_memory_vfs_register(NULL), STOA_OK);
}

static int try_open(sqlite3 **db)
{
    return sqlite3_open_v2(address, db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
                               SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           NULL);
}

static sqlite3 *opened(void)
{
    sqlite3 *db;

    begin();
    CHECK_INT(try_open(&db), SQLITE_OK);
    return db;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void must(sqlite3 *db, const char *sql)
{
    if (run(db, sql) != SQLITE_OK)
        printf("# %s: %s\n", sql, sqlite3_errmsg(db));
    CHECK_INT(sqlite3_errcode(db), SQLITE_OK);
}

static void close_all(sqlite3 *a, sqlite3 *b)
{
    CHECK_INT(sqlite3_close(a), SQLITE_OK);
    CHECK_INT(sqlite3_close(b), SQLITE_OK);
    CHECK_INT(stoa__mem_allocations(), 0);
}

/* The first cell of a statement's first row. */
static char *ask(sqlite3 *db, const char *sql)
{
    static char answer[256];
    sqlite3_stmt *statement;

    CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
    snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(statement, 0));
    CHECK_INT(sqlite3_finalize(statement), SQLITE_OK);
    return answer;
}

static void fill(sqlite3 *db, int mebibytes)
{
    char sql[160];

    must(db, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, data BLOB)");
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d) "
             "INSERT INTO t(data) SELECT randomblob(16384) FROM n",
             mebibytes * 64);
    must(db, sql);
}

/* ---- who sees what ---- */

static void connections_share_it_and_the_last_takes_it_along(void)
{
    sqlite3 *a = opened(), *b = opened();

    must(a, "CREATE TABLE t(x); INSERT INTO t VALUES (7)");
    CHECK_TEXT(ask(b, "SELECT x FROM t"), "7");
    CHECK_INT(sqlite3_close(a), SQLITE_OK);
    CHECK_TEXT(ask(b, "SELECT x FROM t"), "7");
    CHECK_INT(sqlite3_close(b), SQLITE_OK);
    CHECK_INT(stoa__mem_allocations(), 0);
    a = opened();
    CHECK_TEXT(ask(a, "SELECT count(*) FROM sqlite_schema"), "0");
    close_all(a, NULL);
}

static void a_writer_keeps_others_out_and_readers_keep_it_from_committing(void)
{
    sqlite3 *a = opened(), *b = opened();

    must(a, "CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    CHECK_INT(run(b, "SELECT * FROM t"), SQLITE_BUSY);
    CHECK_INT(run(b, "BEGIN IMMEDIATE"), SQLITE_BUSY);
    must(a, "COMMIT");
    must(b, "BEGIN; SELECT * FROM t");
    must(a, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
    CHECK_INT(run(a, "COMMIT"), SQLITE_BUSY);
    CHECK_INT(run(b, "INSERT INTO t VALUES (3)"), SQLITE_BUSY);
    must(b, "COMMIT");
    must(a, "COMMIT");
    CHECK_TEXT(ask(b, "SELECT sum(x) FROM t"), "3");
    must(a, "BEGIN EXCLUSIVE");
    CHECK_INT(run(b, "SELECT * FROM t"), SQLITE_BUSY);
    must(a, "ROLLBACK");
    CHECK_TEXT(ask(b, "SELECT count(*) FROM t"), "2");
    close_all(a, b);
}

/* ---- room ---- */

static void what_is_larger_than_caches_comes_back_whole(void)
{
    sqlite3 *a = opened(), *b = opened();
    char sums[256];

    must(a, "PRAGMA cache_size=20");
    fill(a, 9);
    must(a, "CREATE TABLE sums AS SELECT id, hex(substr(data, 1, 8)) AS head FROM t");
    snprintf(sums, sizeof sums, "SELECT count(*) FROM t JOIN sums USING (id) WHERE "
                                "hex(substr(data, 1, 8)) = head AND length(data) = 16384");
    CHECK_TEXT(ask(b, sums), "576");
    CHECK_TEXT(ask(b, "PRAGMA integrity_check"), "ok");
    must(a, "BEGIN; DELETE FROM t WHERE id % 3 = 0; UPDATE t SET data = zeroblob(20000); ROLLBACK");
    CHECK_TEXT(ask(b, sums), "576");
    must(b, "DELETE FROM t WHERE id % 2 = 0");
    CHECK_TEXT(ask(a, sums), "288");
    CHECK_TEXT(ask(a, "PRAGMA integrity_check"), "ok");
    close_all(a, b);
}

static void room_is_given_back(void)
{
    sqlite3 *db = opened();
    int64_t full;

    fill(db, 9);
    full = stoa__mem_bytes();
    CHECK(full >= 9 << 20);
    must(db, "DELETE FROM t; VACUUM");
    CHECK(stoa__mem_bytes() < full / 8);
    fill(db, 9);
    CHECK_TEXT(ask(db, "SELECT count(*) FROM t"), "576");
    CHECK_TEXT(ask(db, "PRAGMA integrity_check"), "ok");
    close_all(db, NULL);
}

static void a_limit_is_kept(void)
{
    sqlite3 *db = opened();
    sqlite3_int64 limit = 64 * PAGE, asked = -1;

    must(db, "CREATE TABLE t(x)");
    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit), SQLITE_OK);
    CHECK_INT(run(db, "INSERT INTO t VALUES (randomblob(300000))"), SQLITE_FULL);
    must(db, "INSERT INTO t VALUES (randomblob(200000))");
    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_SIZE_LIMIT, &asked), SQLITE_OK);
    CHECK_INT(asked, 64 * PAGE);
    limit = 1; /* Less than there is. */
    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit), SQLITE_OK);
    CHECK_TEXT(ask(db, "SELECT sum(length(x)) FROM t"), "200000");
    CHECK(limit > 200000 && limit <= 64 * PAGE);
    close_all(db, NULL);
}

static void bytes_are_where_they_were_put(void)
{
    static uint8_t bytes[300000], got[300000];
    sqlite3 *db = opened();
    sqlite3_file *file = NULL;
    sqlite3_int64 size;

    CHECK_INT(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (sqlite3_int64 at = 0; at < 6 << 20; at += 65536 - 77) {
        const sqlite3_int64 gap = at % 3 * 1000;

        CHECK_INT(file->pMethods->xTruncate(file, at), SQLITE_OK);
        CHECK_INT(file->pMethods->xWrite(file, bytes, sizeof bytes, at + gap), SQLITE_OK);
        CHECK_INT(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        CHECK_INT(size, at + gap + (int)sizeof bytes);
        CHECK_INT(file->pMethods->xRead(file, got, (int)gap, at), SQLITE_OK);
        for (sqlite3_int64 i = 0; i < gap; i++)
            CHECK_INT(got[i], 0);
        CHECK_INT(file->pMethods->xRead(file, got, sizeof got, at + gap), SQLITE_OK);
        CHECK(memcmp(got, bytes, sizeof bytes) == 0);
        CHECK_INT(file->pMethods->xRead(file, got, 100, size - 60), SQLITE_IOERR_SHORT_READ);
        CHECK(memcmp(got, bytes + sizeof bytes - 60, 60) == 0 && got[60] == 0 && got[99] == 0);
        CHECK_INT(file->pMethods->xRead(file, got, 10, size + 60), SQLITE_IOERR_SHORT_READ);
    }
    CHECK_INT(file->pMethods->xTruncate(file, 0), SQLITE_OK);
    close_all(db, NULL);
}

/* ---- when memory runs out ---- */

static void opening_without_memory_fails_cleanly(void)
{
    int failures = 0;

    for (int64_t nth = 0;; nth++, failures++) {
        sqlite3 *db = NULL;
        int code;

        begin();
        stoa__mem_fail_nth = nth;
        code = try_open(&db);
        if (code == SQLITE_OK)
            code = run(db, "CREATE TABLE t(x)");
        stoa__mem_fail_nth = -1;
        CHECK_INT(sqlite3_close(db), SQLITE_OK);
        CHECK_INT(stoa__mem_allocations(), 0);
        if (code == SQLITE_OK)
            break;
        CHECK_INT(code & 0xff, SQLITE_NOMEM);
    }
    CHECK_INT(failures, 3);
}

static void a_transaction_without_memory_is_taken_back(void)
{
    int failures = 0;

    for (int64_t nth = 0;; nth++, failures++) {
        sqlite3 *db = opened();
        int code;

        must(db, "CREATE TABLE t(x); INSERT INTO t VALUES ('before')");
        stoa__mem_fail_nth = nth;
        code = run(db, "INSERT INTO t VALUES (randomblob(5000000))");
        stoa__mem_fail_nth = -1;
        if (code != SQLITE_OK) {
            CHECK_INT(code & 0xff, SQLITE_NOMEM);
            CHECK_TEXT(ask(db, "SELECT group_concat(x) FROM t"), "before");
            must(db, "INSERT INTO t VALUES (randomblob(5000000))");
        }
        CHECK_TEXT(ask(db, "PRAGMA integrity_check"), "ok");
        close_all(db, NULL);
        if (code == SQLITE_OK)
            break;
    }
    CHECK(failures > 3);
}

/* ---- threads ---- */

static void *write_rows(void *unused)
{
    sqlite3 *db = opened();

    (void)unused;
    sqlite3_busy_timeout(db, 60000);
    for (int i = 0; i < ROWS; i++) {
        must(db, "BEGIN IMMEDIATE; INSERT INTO t VALUES (randomblob(9000)); COMMIT");
        must(db, "SELECT count(*) FROM t");
    }
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    return NULL;
}

static void threads_write_one_database(void)
{
    sqlite3 *db = opened();
    pthread_t threads[THREADS];

    must(db, "CREATE TABLE t(x)");
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_rows, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_TEXT(ask(db, "SELECT count(*) FROM t WHERE length(x) = 9000"), "200");
    CHECK_TEXT(ask(db, "PRAGMA integrity_check"), "ok");
    close_all(db, NULL);
}

static void *open_and_close(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROWS; i++)
        CHECK_INT(sqlite3_close(opened()), SQLITE_OK);
    return NULL;
}

static void threads_open_and_close_it(void)
{
    pthread_t threads[THREADS];

    begin();
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"connections share it and the last takes it along",
           connections_share_it_and_the_last_takes_it_along},
          {"a writer keeps others out and readers keep it from committing",
           a_writer_keeps_others_out_and_readers_keep_it_from_committing},
          {"what is larger than caches comes back whole",
           what_is_larger_than_caches_comes_back_whole},
          {"room is given back", room_is_given_back},
          {"a limit is kept", a_limit_is_kept},
          {"bytes are where they were put", bytes_are_where_they_were_put},
          {"opening without memory fails cleanly", opening_without_memory_fails_cleanly},
          {"a transaction without memory is taken back",
           a_transaction_without_memory_is_taken_back},
          {"threads write one database", threads_write_one_database},
          {"threads open and close it", threads_open_and_close_it})
