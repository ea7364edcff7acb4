/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes at every sync and at chance moments in between, with what was not synced there,
 * not there or torn. What was acknowledged as durable must be there, transactions are whole and in
 * order, the file is sound. With everything written still there (kill -9) what was acknowledged as
 * committed must be.
 *
 * STOA_TEST_SEED chooses the chances; with STOA_TEST_LONG more moments are tried.
 */
#include "support/app.h"
#include "support/faulty_io.h"

enum { PROMISES_MAX = 128, TXN_ROWS = 7 };

/* At moment `now` the transactions up to `number` had been promised. */
struct promise {
    int64_t now, number;
};
static struct promise durable[PROMISES_MAX], committed[PROMISES_MAX];
static int durable_count, committed_count;
static int64_t txn;

static void promise(struct promise *list, int *count, int64_t number)
{
    CHECK(*count < PROMISES_MAX);
    list[(*count)++] = (struct promise){faulty_now(), number};
}

static int64_t promised(const struct promise *list, int count, int64_t now)
{
    int64_t number = 0;

    for (int i = 0; i < count && list[i].now <= now; i++)
        number = list[i].number;
    return number;
}

/* ---- what is written ---- */

/* Every transaction writes TXN_ROWS rows of its number, and changes one counter. */
static void write_as_user(stoa_conn conn, bool is_durable)
{
    char sql[512];

    txn++;
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN IMMEDIATE; INSERT INTO t SELECT %lld, value, "
                   "hex(zeroblob(40 + %lld * value)) FROM json_each('[1,2,3,4,5,6,7]');"
                   "UPDATE counter SET n = %lld; COMMIT",
                   (long long)txn, (long long)(txn * 37 % 300), (long long)txn);
    app_run(conn, sql);
    promise(committed, &committed_count, txn);
    if (is_durable)
        promise(durable, &durable_count, txn);
}

static void append(stoa_ingest ingest, uint64_t *sequence)
{
    int64_t numbers[TXN_ROWS], rows[TXN_ROWS];
    stoa_error err;

    txn++;
    for (int i = 0; i < TXN_ROWS; i++) {
        numbers[i] = txn;
        rows[i] = i + 1;
    }
    const stoa_column columns[2] = {
        {.name = "txn", .name_size = 3, .type = STOA_TYPE_INT64, .count = TXN_ROWS,
         .data = numbers, .data_size = sizeof(numbers)},
        {.name = "row", .name_size = 3, .type = STOA_TYPE_INT64, .count = TXN_ROWS, .data = rows,
         .data_size = sizeof(rows)}};
    const stoa_table table = {.struct_size = sizeof(table), .name = "t", .name_size = 1,
                              .row_count = TXN_ROWS, .columns = columns, .column_count = 2};
    stoa_push_done done;

    app_must(stoa_ingest_push(ingest, NO_OP, &table, 1, NULL, &done, &err), &err, "push");
    *sequence = done.sequence;
}

/* Appends, whose acknowledgements are believed, not assumed. */
static void write_as_ingest(stoa_db db, const char *ack, int appends)
{
    stoa_option option = {"ack", ack};
    stoa_ingest ingest;
    stoa_error err;
    const int64_t base = txn;

    app_must(stoa_ingest_open(db, "t", 1, &option, 1, &ingest, &err), &err, "ingest");
    for (int i = 0; i < appends; i++) {
        stoa_acks acks;
        uint64_t sequence;

        append(ingest, &sequence);
        if (i % 3 == 2)
            app_must(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_DURABLE, sequence, &err), &err,
                     "wait");
        app_must(stoa_ingest_acks(ingest, &acks, &err), &err, "acks");
        promise(committed, &committed_count, base + (int64_t)acks.committed);
        promise(durable, &durable_count, base + (int64_t)acks.durable);
    }
    app_must(stoa_ingest_finish(ingest, NO_OP, &err), &err, "finish");
    promise(durable, &durable_count, txn);
}

/* `commits_last`: a commit of the user's is durable when it returns. */
static void write_everything(const char *path, const char *settings, bool commits_last)
{
    stoa_error err;

    faulty_record();
    stoa_db db = app_open(path, settings);
    stoa_conn conn = app_connect(db);
    app_run(conn, "CREATE TABLE t (txn INTEGER, row INTEGER, text TEXT);"
                  "CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0);"
                  "CREATE INDEX ti ON t (row, txn)");
    const int64_t made = faulty_now();
    for (int i = 0; i < 4; i++)
        write_as_user(conn, commits_last);
    write_as_ingest(db, "committed", 6);
    write_as_user(conn, commits_last);
    app_must(stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_PASSIVE, &err), &err, "checkpoint");
    write_as_ingest(db, "durable", 3);
    for (int i = 0; i < 3; i++)
        write_as_user(conn, commits_last);
    stoa_conn_close(conn);
    app_shutdown(db);
    promise(durable, &durable_count, txn);
    CHECK(made > 0 && faulty_now() > 100);
}

/* ---- what is found ---- */

static void check_crash(const char *folder, const char *path, int64_t now, uint64_t seed)
{
    stoa_db db;
    stoa_error err;
    char *rows = NULL;

    faulty_crash(now, seed, folder);
    const stoa_status rc = app_try_open(path, NULL, &db, &err);
    app_must(rc, &err, "open after the crash");
    stoa_conn conn = app_connect(db);
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    const bool made =
        app_try_rows(conn, "SELECT ifnull(max(txn), 0), count(*) FROM t", &rows, &err) == STOA_OK;
    const int64_t least = seed ? promised(durable, durable_count, now)
                               : promised(committed, committed_count, now);
    long long last = 0, count = 0;

    CHECK(made || least == 0);
    if (made)
        CHECK_INT(sscanf(rows, "%lld|%lld", &last, &count), 2);
    if (last < least)
        printf("# moment %lld, seed %llu: %lld transactions, of which %lld were promised\n",
               (long long)now, (unsigned long long)seed, last, (long long)least);
    CHECK(last >= least);
    CHECK_INT(count, last * TXN_ROWS); /* Whole, and none is missing in between. */
    if (made)
        CHECK_ROWS(conn, "SELECT count(*) FROM (SELECT txn FROM t GROUP BY txn "
                         "HAVING count(*) <> 7 OR sum(row) <> 28)", "0");
    if (made && last > 0)
        app_run(conn, "INSERT INTO t VALUES (0, 0, 'goes on')");
    free(rows);
    stoa_conn_close(conn);
    app_shutdown(db);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void lose_power(const char *settings, bool commits_last)
{
    char *folder = test_path("after"), *from = test_path("before.db"), *path;
    uint64_t seed = number_from("STOA_TEST_SEED", 20260101);
    const uint64_t rounds = getenv("STOA_TEST_LONG") ? 3000 : 150;

    CHECK(asprintf(&path, "%s/before.db", folder) > 0);
    CHECK_INT(mkdir(folder, 0700), 0);
    faulty_install();
    write_everything(from, settings, commits_last);
    const int64_t end = faulty_now();
    int64_t syncs = 0;

    printf("# %s: seed %llu, %lld events\n", settings, (unsigned long long)seed, (long long)end);
    faulty_plan(&(struct faulty_plan){.nth = -1});
    for (int64_t now = 1; now <= end; now++)
        if (faulty_is_sync(now)) {
            syncs++;
            check_crash(folder, path, now, 0);
            check_crash(folder, path, now - 1, seed + (uint64_t)now);
            check_crash(folder, path, now, seed + (uint64_t)now);
        }
    for (uint64_t i = 1; i <= rounds; i++)
        check_crash(folder, path, (int64_t)((seed + i * 7919) % (uint64_t)end) + 1,
                    i % 8 ? seed + i : 0);
    CHECK(syncs > 5);
    faulty_forget();
    free(path);
    free(from);
    free(folder);
}

static void with_a_log(void)
{
    lose_power("journal=wal wal_checkpoint_pages=20", true);
}

static void with_a_journal(void)
{
    lose_power("journal=delete", false);
}

static void with_a_journal_and_the_folder_synced(void)
{
    lose_power("journal=delete synchronous=extra", true);
}

static void with_a_truncated_journal(void)
{
    lose_power("journal=truncate", true);
}

static void with_a_journal_that_stays(void)
{
    lose_power("journal=persist", true);
}

TEST_MAIN({"power lost with a write-ahead log", with_a_log},
          {"power lost with a rollback journal", with_a_journal},
          {"power lost with a rollback journal, extra", with_a_journal_and_the_folder_synced},
          {"power lost with a truncated journal", with_a_truncated_journal},
          {"power lost with a journal that stays", with_a_journal_that_stays})
