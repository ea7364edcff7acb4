/* SPDX-License-Identifier: Apache-2.0 */
/* Small appends from many threads: whoever wrote them, an append that succeeded is there, and one
 * that failed is not. */
#include "support/app.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { THREAD_COUNT = 6, APPEND_COUNT = 150, KILL_COUNT = 8 };

struct world {
    stoa_db db;
    stoa_ingest ingests[THREAD_COUNT];
    int append_count;
    _Atomic int64_t good; /* Appends that succeeded so far. */
};

struct worker {
    struct world *world;
    pthread_t thread;
    int number;
    bool there[APPEND_COUNT]; /* What must be found. */
    uint64_t sequences[APPEND_COUNT];
    bool ended; /* By the end of its ingest. */
};

static stoa_status push_row(stoa_ingest ingest, stoa_op op, int64_t id, stoa_push_done *done,
                            stoa_error *err)
{
    const stoa_column column = {.name = "id",
                                .name_size = STOA_NUL,
                                .type = STOA_TYPE_INT64,
                                .count = 1,
                                .data = &id,
                                .data_size = 8};
    const stoa_table table = {.struct_size = sizeof table,
                              .name = "t",
                              .name_size = STOA_NUL,
                              .row_count = 1,
                              .columns = &column,
                              .column_count = 1};

    return stoa_ingest_push(ingest, op, &table, 1, NULL, done, err);
}

static int64_t id_of(int thread, int append)
{
    return thread * 1000 + append + 1;
}

/* Every seventh row is there already, every eleventh has next to no time. */
static void *append_rows(void *argument)
{
    struct worker *self = argument;
    struct world *world = self->world;
    stoa_ingest ingest = world->ingests[self->number];

    for (int i = 0; i < world->append_count && !self->ended; i++) {
        const bool clash = i % 7 == 6, hurry = i % 11 == 10;
        stoa_push_done done = {0};
        stoa_op op = {0};
        stoa_error err;

        if (hurry)
            CHECK_INT(stoa_op_open(i % 3, NULL, NULL, NULL, &op, NULL), STOA_OK);
        const stoa_status rc = push_row(ingest, op, clash ? 1 << 20 : id_of(self->number, i), &done,
                                        &err);

        stoa_op_close(op);
        self->there[i] = rc == STOA_OK && !clash;
        self->sequences[i] = done.sequence;
        if (rc == STOA_OK) {
            CHECK(!clash && done.sequence > 0 && done.rows == 1);
            atomic_fetch_add(&world->good, 1);
        } else if (clash && rc == STOA_ERR_CONSTRAINT) {
            CHECK_HAS(err.text, "UNIQUE constraint failed: t.id");
        } else if (rc != STOA_ERR_TIMEOUT || !hurry) {
            self->ended = rc == STOA_ERR_CLOSED || rc == STOA_ERR_CANCELLED;
            if (!self->ended)
                app_must(rc, &err, "push");
        }
    }
    return NULL;
}

static void open_world(struct world *world, const char *path, const char *settings, bool shared,
                       const stoa_option *options, int64_t option_count)
{
    char patient[80];
    stoa_error err;

    (void)snprintf(patient, sizeof(patient), "busy_timeout=none %s", settings ? settings : "");
    *world = (struct world){.db = app_open(path, patient), .append_count = APPEND_COUNT};
    stoa_conn conn = app_connect(world->db);

    app_run(conn, "DROP TABLE IF EXISTS t; CREATE TABLE t(id INTEGER PRIMARY KEY);"
                  "INSERT INTO t VALUES(1 << 20)");
    stoa_conn_close(conn);
    for (int i = 0; i < THREAD_COUNT; i++) {
        world->ingests[i] = world->ingests[0];
        if (i == 0 || !shared)
            app_must(stoa_ingest_open(world->db, "t", STOA_NUL, options, option_count,
                                      &world->ingests[i], &err),
                     &err, "ingest");
    }
}

static void start_all(struct world *world, struct worker *workers)
{
    for (int i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (struct worker){.world = world, .number = i};
        CHECK_INT(pthread_create(&workers[i].thread, NULL, append_rows, &workers[i]), 0);
    }
}

static void join_all(struct worker *workers)
{
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_join(workers[i].thread, NULL);
}

/* The table holds what succeeded, and that alone. */
static void check_rows(stoa_db db, const struct worker *workers)
{
    stoa_conn conn = app_connect(db);
    char sql[128];
    int64_t count = 1;

    for (int i = 0; i < THREAD_COUNT; i++)
        for (int k = 0; k < APPEND_COUNT; k++) {
            (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM t WHERE id = %d",
                           (int)id_of(i, k));
            CHECK_ROWS(conn, sql, workers[i].there[k] ? "1" : "0");
            count += workers[i].there[k];
        }
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) = %d FROM t", (int)count);
    CHECK_ROWS(conn, sql, "1");
    stoa_conn_close(conn);
}

/* Each number once, from 1 on without a gap. */
static void check_numbers(const struct worker *workers, int64_t count)
{
    static bool seen[THREAD_COUNT * APPEND_COUNT + 1];

    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < THREAD_COUNT; i++)
        for (int k = 0; k < APPEND_COUNT; k++) {
            const uint64_t number = workers[i].sequences[k];

            CHECK_INT(number > 0, workers[i].there[k]);
            CHECK(number <= (uint64_t)count && (number == 0 || !seen[number]));
            seen[number] = true;
        }
}

static void run_to_the_end(const char *settings, bool shared, const char *ack)
{
    const stoa_option option = {"ack", ack};
    static struct worker workers[THREAD_COUNT];
    struct world world;
    char *path = test_path("threads.db");
    stoa_acks acks;

    open_world(&world, path, settings, shared, &option, 1);
    if (strcmp(ack, "durable") == 0)
        world.append_count = APPEND_COUNT / 5; /* Each takes a sync. */
    start_all(&world, workers);
    join_all(workers);
    check_rows(world.db, workers);
    if (shared) {
        check_numbers(workers, world.good);
        CHECK_INT(stoa_ingest_acks(world.ingests[0], &acks, NULL), STOA_OK);
        CHECK_INT(acks.accepted, world.good);
        CHECK_INT(acks.committed, world.good);
        if (strcmp(ack, "durable") == 0)
            CHECK_INT(acks.durable, world.good);
    }
    app_shutdown(world.db);
    free(path);
}

static void threads_share_a_writer(void)
{
    run_to_the_end(NULL, true, "committed");
    run_to_the_end("journal=delete synchronous=off", true, "committed");
}

static void threads_have_a_writer_each(void)
{
    run_to_the_end(NULL, false, "committed");
}

static void appends_are_durable_together(void)
{
    run_to_the_end(NULL, true, "durable");
    run_to_the_end("synchronous=normal", true, "durable");
    run_to_the_end(NULL, false, "durable");
}

/* ---- an end in between ---- */

static void end_while_they_write(bool shared, bool shutdown)
{
    static struct worker workers[THREAD_COUNT];
    struct world world;
    char *path = test_path("ended.db");
    stoa_error err;

    open_world(&world, path, NULL, shared, NULL, 0);
    start_all(&world, workers);
    while (atomic_load(&world.good) < THREAD_COUNT * 4)
        usleep(100);
    if (shutdown)
        app_must(stoa_db_shutdown(world.db, NO_OP, &err), &err, "shutdown");
    else
        stoa_db_close(world.db);
    join_all(workers);
    stoa_db_close(world.db);
    world.db = app_open(path, NULL);
    check_rows(world.db, workers);
    app_shutdown(world.db);
    free(path);
}

static void the_end_of_the_database_ends_them_all(void)
{
    for (int i = 0; i < 4; i++)
        end_while_they_write(i % 2 == 0, i / 2 == 0);
}

/* ---- kill -9 ---- */

struct told {
    _Atomic int64_t rows[THREAD_COUNT]; /* Acknowledged. */
};

struct teller {
    stoa_ingest ingest;
    _Atomic int64_t *rows;
    int number;
};

static void *tell_for_ever(void *argument)
{
    struct teller *self = argument;
    stoa_error err;

    for (int64_t i = atomic_load(self->rows);; i++) {
        app_must(push_row(self->ingest, NO_OP, self->number * (int64_t)1000000 + i, NULL, &err),
                 &err, "push");
        atomic_store(self->rows, i + 1);
    }
    return NULL;
}

static _Noreturn void write_until_killed(const char *path, struct told *told)
{
    stoa_db db = app_open(path, NULL);
    struct teller tellers[THREAD_COUNT];
    stoa_ingest ingest;
    pthread_t thread;
    stoa_error err;

    app_must(stoa_ingest_open(db, "t", STOA_NUL, NULL, 0, &ingest, &err), &err, "ingest");
    for (int i = 0; i < THREAD_COUNT; i++) {
        tellers[i] = (struct teller){ingest, &told->rows[i], i};
        CHECK_INT(pthread_create(&thread, NULL, tell_for_ever, &tellers[i]), 0);
    }
    for (;;)
        pause();
}

/* A thread has one append on its way at most: it may be there without a word. */
static void check_told(const char *path, struct told *told)
{
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);

    for (int i = 0; i < THREAD_COUNT; i++) {
        const int64_t rows = atomic_load(&told->rows[i]);
        char sql[160];

        (void)snprintf(sql, sizeof(sql),
                       "SELECT count(*), coalesce(max(id) %% 1000000 + 1, 0) = count(*) FROM t "
                       "WHERE id / 1000000 = %d",
                       i);
        char *text = app_rows(conn, sql);
        char *end = text;
        const int64_t count = strtoll(text, &end, 10);

        CHECK_TEXT(end, "|1");
        CHECK(count == rows || count == rows + 1);
        atomic_store(&told->rows[i], count);
        free(text);
    }
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    app_shutdown(db);
}

static void what_each_was_told_survives_kill_9(void)
{
    struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *path = test_path("killed.db");
    stoa_db db = app_open(path, NULL);

    CHECK(told != MAP_FAILED);
    app_run(app_connect(db), "CREATE TABLE t(id INTEGER PRIMARY KEY)");
    app_shutdown(db);
    for (int i = 0; i < KILL_COUNT; i++) {
        const int64_t before = atomic_load(&told->rows[0]);
        const pid_t child = fork();

        if (child == 0)
            write_until_killed(path, told);
        CHECK(child > 0);
        while (atomic_load(&told->rows[0]) == before)
            usleep(500); /* It lives to write something. */
        usleep((useconds_t)(i * 1700));
        CHECK_INT(kill(child, SIGKILL), 0);
        CHECK_INT(waitpid(child, NULL, 0), child);
        check_told(path, told);
    }
    free(path);
}

/* ---- a thread that would wait for itself ---- */

static void *push_one(void *argument)
{
    struct worker *self = argument;
    stoa_error err;

    app_must(push_row(self->world->ingests[0], (stoa_op){0}, 1, NULL, &err), &err, "push");
    return NULL;
}

/* The other thread has the ingest and waits for this one's transaction, for ten minutes: waiting
 * for it in turn would be as long. */
static void who_keeps_the_writer_does_not_wait_for_the_line(void)
{
    struct worker other = {0};
    char *path = test_path("itself.db");
    struct world world;
    stoa_error err;

    open_world(&world, path, NULL, true, NULL, 0);
    stoa_conn conn = app_connect(world.db);

    other.world = &world;
    app_run(conn, "BEGIN IMMEDIATE");
    CHECK_INT(pthread_create(&other.thread, NULL, push_one, &other), 0);
    do { /* Until the other one has it, the writer itself says so. */
        CHECK_INT(push_row(world.ingests[0], (stoa_op){0}, 2, NULL, &err), STOA_ERR_LOCKED);
        CHECK(err.flags & STOA_ERROR_RETRYABLE);
    } while (!strstr(err.text, "another thread has the ingest"));
    CHECK_INT(stoa_ingest_wait(world.ingests[0], (stoa_op){0}, STOA_ACK_DURABLE, 0, &err),
              STOA_ERR_LOCKED);
    app_run(conn, "COMMIT");
    CHECK_INT(pthread_join(other.thread, NULL), 0);
    app_must(push_row(world.ingests[0], (stoa_op){0}, 2, NULL, &err), &err, "push");
    CHECK_ROWS(conn, "SELECT count(*) FROM t WHERE id < 3", "2");
    app_shutdown(world.db);
    free(path);
}

TEST_MAIN({"who keeps the writer does not wait for the line",
           who_keeps_the_writer_does_not_wait_for_the_line},
          {"threads share a writer", threads_share_a_writer},
          {"threads have a writer each", threads_have_a_writer_each},
          {"appends are durable together", appends_are_durable_together},
          {"the end of the database ends them all", the_end_of_the_database_ends_them_all},
          {"what each was told survives kill -9", what_each_was_told_survives_kill_9})
