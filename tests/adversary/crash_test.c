/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are killed while they write, and processes that write to one file. */
#include "support/app.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { KILL_COUNT = 25, ROWS = 64, WRITER_COUNT = 2, TRANSFER_COUNT = 150 };

/* What a process that is about to die leaves behind. */
struct shared {
    _Atomic int64_t acknowledged; /* Rows 1 to this one are committed. */
    _Atomic int32_t stop;
};

static struct shared *shared_new(void)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    return shared;
}

static stoa_status push(stoa_ingest ingest, int64_t first, stoa_error *err)
{
    int64_t ids[ROWS];
    const stoa_column column = {.name = "id",
                                .name_size = STOA_NUL,
                                .type = STOA_TYPE_INT64,
                                .layout = STOA_LAYOUT_FIXED,
                                .count = ROWS,
                                .data = ids,
                                .data_size = sizeof(ids)};
    const stoa_table table = {.struct_size = sizeof(table),
                              .name = "t",
                              .name_size = STOA_NUL,
                              .row_count = ROWS,
                              .columns = &column,
                              .column_count = 1};

    for (int i = 0; i < ROWS; i++)
        ids[i] = first + i;
    return stoa_ingest_push(ingest, NO_OP, &table, 1, NULL, NULL, err);
}

/* Write on and on, telling each acknowledgement, until killed. */
static _Noreturn void ingest_for_ever(const char *path, struct shared *shared,
                                      int64_t next)
{
    stoa_db db = app_open(path, NULL);
    stoa_ingest ingest;
    stoa_error err;

    app_must(stoa_ingest_open(db, "t", STOA_NUL, NULL, 0, &ingest, &err), &err, "ingest");
    for (;; next += ROWS) {
        app_must(push(ingest, next, &err), &err, "push");
        atomic_store(&shared->acknowledged, next + ROWS - 1);
    }
}

/* All that was acknowledged is there, in whole appends. */
static int64_t check_file(const char *path, struct shared *shared)
{
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    char *count;
    int64_t rows;

    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    CHECK_ROWS(conn, "SELECT count(*) = coalesce(max(id), 0) FROM t", "1");
    count = app_rows(conn, "SELECT count(*) FROM t");
    rows = strtoll(count, NULL, 10);
    free(count);
    CHECK(rows >= atomic_load(&shared->acknowledged));
    CHECK(rows <= atomic_load(&shared->acknowledged) + ROWS);
    CHECK_INT(rows % ROWS, 0);
    app_shutdown(db);
    /* Killed between commit and acknowledgement: seen now, so the next one starts from there. */
    atomic_store(&shared->acknowledged, rows);
    return rows;
}

static void kill_while_writing(const char *path, const char *journal)
{
    struct shared *shared = shared_new();
    unsigned random = 7;

    stoa_db db = app_open(path, journal);
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
    app_shutdown(db);
    for (int i = 0; i < KILL_COUNT; i++) {
        const int64_t next = check_file(path, shared) + 1;
        const pid_t child = fork();

        if (child == 0)
            ingest_for_ever(path, shared, next);
        CHECK(child > 0);
        while (i == 0 && atomic_load(&shared->acknowledged) == 0)
            usleep(1000); /* The first lives to write something, however slow the machine. */
        usleep(2000 + (useconds_t)(rand_r(&random) % 40000));
        CHECK_INT(kill(child, SIGKILL), 0);
        CHECK_INT(waitpid(child, NULL, 0), child);
    }
    CHECK(check_file(path, shared) > 0);
}

static void what_was_acknowledged_survives_kill_9(void)
{
    char *path = test_path("wal.db");

    kill_while_writing(path, "journal=wal");
    free(path);
    path = test_path("delete.db");
    kill_while_writing(path, "journal=delete");
    free(path);
}

/* Move amounts between rows in transactions: the sum stays. */
static void transfer(const char *path, int count, unsigned random)
{
    stoa_db db = app_open(path, "busy_timeout=60s");
    stoa_conn conn = app_connect(db);
    char sql[256];

    for (int i = 0; i < count; i++) {
        (void)snprintf(
            sql, sizeof(sql),
            "BEGIN IMMEDIATE; UPDATE a SET v = v - 1 WHERE id = %d; UPDATE a SET "
            "v = v + 1 WHERE id = %d; COMMIT",
            rand_r(&random) % 50, rand_r(&random) % 50);
        app_run(conn, sql);
        CHECK_ROWS(conn, "SELECT sum(v) FROM a", "5000");
    }
    app_shutdown(db);
}

static void processes_that_write_to_one_file_keep_the_sum(void)
{
    char *path = test_path("a.db");
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    pid_t children[WRITER_COUNT];
    int status;

    app_run(conn,
            "CREATE TABLE a(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO a SELECT "
            "value, 100 FROM (WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT "
            "value + 1 FROM n LIMIT 50) SELECT value FROM n)");
    app_shutdown(db);
    for (unsigned i = 0; i < WRITER_COUNT; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            transfer(path, TRANSFER_COUNT, i + 1);
            exit(0);
        }
    }
    transfer(path, TRANSFER_COUNT, WRITER_COUNT + 1);
    for (unsigned i = 0; i < WRITER_COUNT; i++) {
        CHECK_INT(waitpid(children[i], &status, 0), children[i]);
        CHECK_INT(status, 0);
    }
    free(path);
}

TEST_MAIN({"what was acknowledged survives kill -9",
           what_was_acknowledged_survives_kill_9},
          {"processes that write to one file keep the sum",
           processes_that_write_to_one_file_keep_the_sum})
