/* SPDX-License-Identifier: Apache-2.0 */
/* Closing everything in every order, with what is left used in between; from callbacks; and from
 * other threads while it is used. */
#include "lifetime/world.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

/* The stream is closed like the rest. */
enum { STREAM = WORLD_KIND_COUNT, THINGS, RANDOM_ORDERS = 1500 };

static unsigned pick(unsigned *seed, unsigned count)
{
    return (unsigned)rand_r(seed) % count;
}

static const char *const targets[] = {"null:", ":memory:"};

static void close_thing(struct world *world, int thing)
{
    if (thing == STREAM)
        stoa_stream_release(&world->stream);
    else
        world_close_one(world, (enum world_kind)thing);
}

/* Whatever the answer is, it is an answer. */
static void use_everything(struct world *world)
{
    struct ArrowArray batch = {0};
    struct ArrowArray appended;
    stoa_error err;
    stoa_rows rows;

    (void)stoa_ping((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){world->ids[WORLD_OP]},
                    &err);
    (void)stoa_result_step((stoa_result){world->ids[WORLD_RESULT]}, (stoa_op){0}, &err);
    (void)stoa_execute_row((stoa_stmt){world->ids[WORLD_STMT]}, (stoa_op){0}, NULL, 0,
                           NULL, 0, &rows, &err);
    data_batch(&appended, 0, 1);
    (void)stoa_ingest_append((stoa_ingest){world->ids[WORLD_INGEST]}, (stoa_op){0},
                             &world->schema, &appended, NULL, &err);
    stoa_batch_release(&appended);
    if (world->stream.release)
        (void)stoa_stream_next(&world->stream, &batch, &err);
    stoa_batch_release(&batch);
}

static void close_in_order(const char *target, const int *order, int count)
{
    struct world world;

    world_open(&world, target);
    for (int i = 0; i < count; i++) {
        close_thing(&world, order[i]);
        use_everything(&world);
    }
    world_close(&world);
    world_check_nothing_left();
}

/* Heap's algorithm. */
static void permute(const char *target, int *order, int size, int count)
{
    if (size == 1) {
        close_in_order(target, order, count);
        return;
    }
    for (int i = 0; i < size; i++) {
        int from = size % 2 == 0 ? i : 0, kept;

        permute(target, order, size - 1, count);
        kept = order[from];
        order[from] = order[size - 1];
        order[size - 1] = kept;
    }
}

static void every_order_of_the_main_six(void)
{
    for (int t = 0; t < 2; t++) {
        int order[] = {WORLD_DB,     WORLD_CONN,   WORLD_STMT,
                       WORLD_RESULT, WORLD_INGEST, STREAM};

        permute(targets[t], order, 6, 6);
    }
}

static void many_orders_of_all(void)
{
    unsigned seed = 20260101;

    for (int round = 0; round < RANDOM_ORDERS; round++) {
        int order[THINGS];

        for (int i = 0; i < THINGS; i++) {
            int at = (int)pick(&seed, (unsigned)i + 1);

            order[i] = order[at];
            order[at] = i;
        }
        close_in_order(targets[round % 4 != 0], order, THINGS);
    }
}

/* ---- from callbacks ---- */

struct closer {
    struct world *world;
    int thing;
    int calls;
};

static void close_from(void *user_data)
{
    struct closer *closer = user_data;

    if (closer->calls++ == 1)
        close_thing(closer->world, closer->thing);
}

static int32_t close_from_tick(void *user_data)
{
    struct closer *closer = user_data;

    close_thing(closer->world, closer->thing);
    return ++closer->calls > 2; /* By then the close has ended it, or nothing will. */
}

static void closing_inside_a_stream(void)
{
    const stoa_option mode[] = {{"mode", "create_append"}};

    for (int t = 0; t < 2; t++)
        for (int thing = 0; thing < THINGS; thing++) {
            struct ArrowArrayStream stream;
            struct closer closer = {.thing = thing};
            struct world world;
            stoa_error err;

            world_open(&world, targets[t]);
            closer.world = &world;
            data_stream_calling(&stream, 4, close_from, &closer);
            (void)stoa_insert((stoa_conn){world.ids[WORLD_CONN]},
                              (stoa_op){world.ids[WORLD_OP]}, "v", 1, &stream, mode, 1,
                              NULL, &err);
            CHECK(closer.calls >= 2);
            stoa_stream_release(&stream);
            use_everything(&world);
            world_close(&world);
            world_check_nothing_left();
        }
}

static void closing_inside_a_tick(void)
{
    for (int thing = 0; thing < THINGS; thing++) {
        struct closer closer = {.thing = thing};
        stoa_error err = {0};
        struct world world;
        stoa_rows rows;
        stoa_op op;

        world_open(&world, "null:");
        closer.world = &world;
        CHECK_INT(stoa_op_open(-1, close_from_tick, &closer, NULL, &op, &err), STOA_OK);
        CHECK_INT(stoa_query_row((stoa_conn){world.ids[WORLD_CONN]}, op, "sleep 60000",
                                 STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
                  STOA_ERR_CANCELLED);
        stoa_op_close(op);
        use_everything(&world);
        world_close(&world);
        world_check_nothing_left();
    }
}

static void close_on_release(void *user_data)
{
    stoa_db_close(*(stoa_db *)user_data);
}

static stoa_status open_nothing(void *user_data, struct ArrowArrayStream *out,
                                stoa_error *err)
{
    (void)user_data, (void)err;
    data_stream(out, 0, 1, -1);
    return STOA_OK;
}

static void closing_inside_a_release(void)
{
    struct world world;
    stoa_scan scan;
    stoa_db db;

    world_open(&world, ":memory:");
    db.id = world.ids[WORLD_DB];
    CHECK_INT(stoa_scan_register_factory((stoa_conn){world.ids[WORLD_CONN]}, (stoa_op){0},
                                         "f", 1, open_nothing, &db, close_on_release,
                                         NULL, 0, &scan, NULL),
              STOA_OK);
    stoa_scan_close(scan);
    CHECK_INT(stoa_ping((stoa_conn){world.ids[WORLD_CONN]}, (stoa_op){0}, NULL),
              STOA_ERR_CLOSED);
    world_close(&world);
    world_check_nothing_left();
}

/* ---- from other threads ---- */

enum { ROUNDS = 60, USERS = 2, CLOSERS = 2 };

struct worker {
    struct world world; /* A copy: its handles are shared, the rest is its own. */
    unsigned seed;
    bool closes;
    _Atomic bool *stop;
    pthread_t thread;
};

static void use_at_random(struct worker *worker)
{
    while (!*worker->stop) {
        const struct call *call = &calls[pick(&worker->seed, (unsigned)call_count)];
        stoa_error err;

        /* Files of one name would be in each other's way, and a shutdown ends the fun. */
        if (strcmp(call->name, "stoa_backup") == 0 ||
            strcmp(call->name, "stoa_restore") == 0 || call->ends)
            continue;
        (void)call->run(&worker->world, worker->world.ids[call->kind], (stoa_op){0},
                        &err);
    }
}

static void close_at_random(struct worker *worker)
{
    for (int i = 0; i < THINGS; i++) {
        (void)usleep(pick(&worker->seed, 1500));
        world_close_one(&worker->world,
                        (enum world_kind)pick(&worker->seed, WORLD_KIND_COUNT));
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    if (worker->closes)
        close_at_random(worker);
    else
        use_at_random(worker);
    return NULL;
}

static void one_round(const char *target, unsigned seed)
{
    struct worker workers[USERS + CLOSERS];
    _Atomic bool stop = false;
    struct world world;

    world_open(&world, target);
    world.crowded = true;
    for (int i = 0; i < USERS + CLOSERS; i++) {
        workers[i] = (struct worker){.world = world,
                                     .seed = seed * 31 + (unsigned)i,
                                     .closes = i >= USERS,
                                     .stop = &stop};
        CHECK_INT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = USERS; i < USERS + CLOSERS; i++)
        (void)pthread_join(workers[i].thread, NULL);
    stop = true;
    for (int i = 0; i < USERS; i++)
        (void)pthread_join(workers[i].thread, NULL);
    world_close(&world);
    world_check_nothing_left();
}

static void closing_while_others_use(void)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        one_round(targets[round % 2], round + 1);
}

/* Streams go on while their connection is closed, reset and opened again. */
static void *pull(void *argument)
{
    struct ArrowArrayStream *stream = argument;
    struct ArrowArray batch = {0};

    while (stoa_stream_next(stream, &batch, NULL) == STOA_OK)
        stoa_batch_release(&batch);
    stoa_stream_release(stream);
    return NULL;
}

static void streams_end_on_other_threads(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct ArrowArrayStream stream;
        struct world world;
        stoa_result result;
        pthread_t thread;

        world_open(&world, targets[round % 2]);
        CHECK_INT(stoa_query((stoa_conn){world.ids[WORLD_CONN]}, (stoa_op){0},
                             world.sqlite
                                 ? "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT "
                                   "n + 1 FROM r LIMIT 100000) SELECT n FROM r"
                                 : "rows 100000",
                             STOA_NUL, NULL, 0, NULL, 0, &result, NULL),
                  STOA_OK);
        CHECK_INT(stoa_result_export(result, (stoa_op){0}, &stream, NULL), STOA_OK);
        CHECK_INT(pthread_create(&thread, NULL, pull, &stream), 0);
        if (round % 3 == 0)
            stoa_conn_close((stoa_conn){world.ids[WORLD_CONN]});
        if (round % 3 == 1)
            (void)stoa_db_shutdown((stoa_db){world.ids[WORLD_DB]}, (stoa_op){0}, NULL);
        if (round % 3 == 2)
            (void)stoa_conn_reset((stoa_conn){world.ids[WORLD_CONN]}, (stoa_op){0}, NULL);
        (void)pthread_join(thread, NULL);
        world_close(&world);
        world_check_nothing_left();
    }
}

TEST_MAIN({"every order of database, connection, statement, result, ingest and stream",
           every_order_of_the_main_six},
          {"many orders of everything", many_orders_of_all},
          {"closing inside a stream that is read", closing_inside_a_stream},
          {"closing inside a tick", closing_inside_a_tick},
          {"closing inside a release", closing_inside_a_release},
          {"closing while other threads use it", closing_while_others_use},
          {"streams end on other threads", streams_end_on_other_threads})
