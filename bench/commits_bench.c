/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits a second: eight threads insert single rows into one WAL file for a fixed time, each row
 * a commit, at the committed level (WAL, synchronous NORMAL). Stoa's ways, a writer all threads
 * share and a writer a thread through the writer gate, against hand-written code: one connection
 * of the same SQLite under one mutex.
 */
#include "bench.h"

#include "sqlite3.h"
#include "stoa.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { THREAD_COUNT = 8, RUN_MS = 1500 };

static const stoa_op no_limit = {0};

struct run {
    const char *path;
    _Atomic bool stop;
    _Atomic int64_t next;
    int64_t counts[THREAD_COUNT];
    void (*insert)(struct run *run, int thread, int64_t number);
    /* stoa */
    stoa_db db;
    stoa_ingest ingests[THREAD_COUNT];
    /* by hand */
    sqlite3 *connection;
    sqlite3_stmt *statement;
    pthread_mutex_t lock;
};

struct worker {
    struct run *run;
    int thread;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;
    while (!atomic_load_explicit(&run->stop, memory_order_relaxed)) {
        run->insert(run, worker->thread, atomic_fetch_add(&run->next, 1));
        run->counts[worker->thread]++;
    }
    return NULL;
}

/* Processor time of this process so far, in seconds. */
static double used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Commits a second, and the slowest thread's share of the mean. */
static double measure(struct run *run, double *fairness)
{
    pthread_t threads[THREAD_COUNT];
    struct worker workers[THREAD_COUNT];
    struct timespec pause = {RUN_MS / 1000, RUN_MS % 1000 * 1000000L};
    int64_t total = 0;
    int64_t least = INT64_MAX;

    memset(run->counts, 0, sizeof run->counts);
    atomic_store(&run->stop, false);
    double start = bench_now();
    double used_before = used();
    for (int i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (struct worker){run, i};
        bench_check(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "no thread");
    }
    nanosleep(&pause, NULL);
    atomic_store(&run->stop, true);
    for (int i = 0; i < THREAD_COUNT; i++) {
        pthread_join(threads[i], NULL);
        total += run->counts[i];
        least = run->counts[i] < least ? run->counts[i] : least;
    }
    double seconds = bench_now() - start;
    printf("# %.2f us of processor time a commit\n", (used() - used_before) * 1e6 / (double)total);
    *fairness = (double)least * THREAD_COUNT / (double)total;
    return (double)total / seconds;
}

/* ---- by hand ---- */

static void insert_by_hand(struct run *run, int thread, int64_t number)
{
    (void)thread;
    pthread_mutex_lock(&run->lock);
    sqlite3_bind_int64(run->statement, 1, number);
    sqlite3_bind_double(run->statement, 2, (double)number / 7.0);
    bench_check(sqlite3_step(run->statement) == SQLITE_DONE, "insert by hand");
    sqlite3_reset(run->statement);
    pthread_mutex_unlock(&run->lock);
}

static void open_by_hand(struct run *run)
{
    bench_check(sqlite3_open(run->path, &run->connection) == SQLITE_OK &&
                    sqlite3_exec(run->connection,
                                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                                 "CREATE TABLE t(id INTEGER, px REAL)",
                                 NULL, NULL, NULL) == SQLITE_OK &&
                    sqlite3_prepare_v2(run->connection, "INSERT INTO t VALUES(?1, ?2)", -1,
                                       &run->statement, NULL) == SQLITE_OK,
                "open by hand");
    pthread_mutex_init(&run->lock, NULL);
    run->insert = insert_by_hand;
}

static int64_t close_by_hand(struct run *run)
{
    sqlite3_stmt *count = NULL;
    sqlite3_finalize(run->statement);
    bench_check(sqlite3_prepare_v2(run->connection, "SELECT count(*) FROM t", -1, &count, NULL) ==
                        SQLITE_OK &&
                    sqlite3_step(count) == SQLITE_ROW,
                "count by hand");
    int64_t rows = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(run->connection);
    return rows;
}

/* ---- Stoa ---- */

static void need(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, error->text);
}

static void insert_stoa(struct run *run, int thread, int64_t number)
{
    const double price = (double)number / 7.0;
    const stoa_column columns[] = {
        {.name = "id", .name_size = 2, .type = STOA_TYPE_INT64, .count = 1, .data = &number,
         .data_size = 8},
        {.name = "px", .name_size = 2, .type = STOA_TYPE_FLOAT64, .count = 1, .data = &price,
         .data_size = 8},
    };
    const stoa_table table = {.struct_size = sizeof table, .name = "t", .name_size = 1,
                              .row_count = 1, .columns = columns, .column_count = 2};
    stoa_error error;
    need(stoa_ingest_push(run->ingests[thread], no_limit, &table, 1, NULL, NULL, &error), &error);
}

static void open_stoa(struct run *run, bool shared)
{
    stoa_conn conn;
    stoa_error error;
    need(stoa_open(no_limit, run->path, STOA_NUL, NULL, 0, &run->db, &error), &error);
    need(stoa_connect(run->db, no_limit, NULL, 0, &conn, &error), &error);
    need(stoa_run(conn, no_limit, "CREATE TABLE t(id INTEGER, px REAL)", STOA_NUL, NULL, 0, NULL,
                  0, NULL, &error),
         &error);
    stoa_conn_close(conn);
    for (int i = 0; i < THREAD_COUNT; i++) {
        if (i == 0 || !shared)
            need(stoa_ingest_open(run->db, NULL, 0, NULL, 0, &run->ingests[i], &error), &error);
        else
            run->ingests[i] = run->ingests[0];
    }
    run->insert = insert_stoa;
}

static int64_t close_stoa(struct run *run)
{
    stoa_conn conn;
    stoa_rows rows;
    stoa_error error;
    need(stoa_connect(run->db, no_limit, NULL, 0, &conn, &error), &error);
    need(stoa_query_row(conn, no_limit, "SELECT count(*) FROM t", STOA_NUL, NULL, 0, NULL, 0,
                        &rows, &error),
         &error);
    int64_t count = rows.values[0].a;
    need(stoa_db_shutdown(run->db, no_limit, &error), &error);
    return count;
}

/* ---- rounds ---- */

enum { BY_HAND, SHARED, OWN, WAY_COUNT };

static double one(int way, double *fairness)
{
    struct run run = {.path = bench_path("commits.db")};
    if (way == BY_HAND)
        open_by_hand(&run);
    else
        open_stoa(&run, way == SHARED);
    double rate = measure(&run, fairness);
    int64_t counted = 0;
    for (int i = 0; i < THREAD_COUNT; i++)
        counted += run.counts[i];
    int64_t rows = way == BY_HAND ? close_by_hand(&run) : close_stoa(&run);
    bench_check(rows == counted, "the file does not hold every acknowledged row");
    bench_remove(run.path);
    return rate;
}

int main(void)
{
    static const char *const names[WAY_COUNT] = {"by hand", "shared writer", "writer a thread"};
    double best[WAY_COUNT] = {0};
    double fairness[WAY_COUNT] = {0};
    int rounds = bench_round_count(3);

    for (int round = 0; round < rounds; round++)
        for (int way = 0; way < WAY_COUNT; way++) {
            double fair = 0;
            double rate = one(way, &fair);
            printf("# round %d %s: %.0f commits/s, slowest thread %.2f of the mean\n", round + 1,
                   names[way], rate, fair);
            if (rate > best[way]) {
                best[way] = rate;
                fairness[way] = fair;
            }
        }
    bench_at_least("commits_shared_vs_hand", best[SHARED] / best[BY_HAND], 1.0);
    bench_at_least("commits_shared_slowest", fairness[SHARED], 0.5);
    bench_at_least("commits_gate_vs_hand", best[OWN] / best[BY_HAND], 1.0);
    bench_at_least("commits_gate_slowest", fairness[OWN], 0.5);
    return 0;
}
