/* SPDX-License-Identifier: Apache-2.0 */
/* Every public function with handles that are not what it asks for, and with every allocation
 * failing in turn. */
#include "base/mem.h"
#include "lifetime/world.h"
#include "test.h"

#include <sys/wait.h>

static const char *const targets[] = {"null:", ":memory:"};

static void check_refused(const struct call *call, stoa_status rc, const stoa_error *err,
                          uint64_t id)
{
    if ((rc == STOA_ERR_HANDLE || rc == STOA_ERR_CLOSED) && err->code == rc &&
        err->text[0] != '\0')
        return;
    /* Cancelling what has ended is harmless. */
    if (rc == STOA_OK && strcmp(call->name, "stoa_op_cancel") == 0)
        return;
    printf("# %s with 0x%llx: %s\n", call->name, (unsigned long long)id,
           stoa_status_name(rc));
    test_fail();
}

static uint64_t noise(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static bool is_alive(const struct world *world, uint64_t id)
{
    for (int kind = 0; kind < WORLD_KIND_COUNT; kind++)
        if (world->ids[kind] == id)
            return true;
    return false;
}

static void refuse_all(const struct call *call, struct world *world,
                       const struct world *closed, uint64_t *seed)
{
    const int same = call->kind == WORLD_CONN_INGEST ? WORLD_INGEST : (int)call->kind;
    stoa_error err;

    for (int other = 0; other < WORLD_KIND_COUNT; other++) {
        const int kind = other == WORLD_CONN_INGEST ? WORLD_INGEST : other;

        if (kind != same)
            check_refused(call, call->run(world, world->ids[other], (stoa_op){0}, &err),
                          &err, world->ids[other]);
    }
    check_refused(call, call->run(world, 0, (stoa_op){0}, &err), &err, 0);
    if (closed->ids[call->kind] != 0)
        check_refused(call, call->run(world, closed->ids[call->kind], (stoa_op){0}, &err),
                      &err, closed->ids[call->kind]);
    for (int i = 0; i < 20; i++) {
        uint64_t id = noise(seed);

        if (i % 2 == 0) /* Nearly right. */
            id = world->ids[call->kind] ^ UINT64_C(1) << (id % 64);
        if (!is_alive(world, id))
            check_refused(call, call->run(world, id, (stoa_op){0}, &err), &err, id);
    }
    CHECK(call->run(world, 0, (stoa_op){0}, NULL) != STOA_OK ||
          strcmp(call->name, "stoa_op_cancel") == 0);
}

static void wrong_handles_are_refused(void)
{
    uint64_t seed = UINT64_C(88172645463325252);

    for (int t = 0; t < 2; t++) {
        struct world world, closed;

        world_open(&closed, targets[t]);
        world_close(&closed);
        world_open(&world, targets[t]);
        for (int i = 0; i < call_count; i++)
            refuse_all(&calls[i], &world, &closed, &seed);
        world_close(&world);
        world_check_nothing_left();
    }
}

static void wrong_operations_are_refused(void)
{
    for (int t = 0; t < 2; t++) {
        struct world world, closed;
        stoa_error err;

        world_open(&closed, targets[t]);
        world_close(&closed);
        world_open(&world, targets[t]);
        for (int i = 0; i < call_count; i++) {
            const uint64_t bad[] = {closed.ids[WORLD_OP], world.ids[WORLD_CONN], 12345};
            const uint64_t id = world.ids[calls[i].kind];

            if (!calls[i].takes_op || id == 0)
                continue;
            for (int k = 0; k < 3; k++)
                check_refused(&calls[i],
                              calls[i].run(&world, id, (stoa_op){bad[k]}, &err), &err,
                              bad[k]);
        }
        world_close(&world);
        world_check_nothing_left();
    }
}

/* Fail the 1st allocation, then the 2nd, ... until the call passes without having met one. */
static int sweep(const struct call *call, struct world *world)
{
    int failed = 0;

    for (int64_t nth = 0;; nth++) {
        stoa_error err = {0};
        stoa_status rc;

        if (call->kind == WORLD_DB && call->ends && nth > 0) {
            world_close(world);
            world_open(world, world->target);
        }
        stoa__mem_fail_nth = nth;
        rc = call->run(world, world->ids[call->kind], (stoa_op){world->ids[WORLD_OP]},
                       &err);
        stoa__mem_fail_nth = -1;
        if (world->left >= 0)
            break; /* It made fewer allocations than that. */
        failed++;
        if (rc == STOA_ERR_NOMEM && err.code == rc)
            continue;
        printf("# %s, allocation %lld: %s: %s\n", call->name, (long long)nth,
               stoa_status_name(rc), err.text);
        test_fail();
    }
    return failed;
}

static void sweep_target(const char *target, int least)
{
    int failed = 0;

    for (int i = 0; i < call_count; i++) {
        struct world world;

        world_open(&world, target);
        if (world.ids[calls[i].kind] != 0)
            failed += sweep(&calls[i], &world);
        world_close(&world);
        world_check_nothing_left();
    }
    CHECK(failed > least);
}

static void allocations_fail_on_null(void)
{
    sweep_target("null:", 100);
}

static void allocations_fail_on_sqlite(void)
{
    sweep_target(":memory:", 300);
}

/* Without a receiver. */
static void allocations_fail_without_a_handle(void)
{
    for (int t = 0; t < 3; t++) {
        for (int64_t nth = 0;; nth++) {
            struct ArrowArrayStream stream;
            int64_t left;
            stoa_status rc;
            stoa_db db;

            stoa__mem_fail_nth = nth;
            rc = t < 2 ? stoa_open((stoa_op){0}, targets[t], STOA_NUL, NULL, 0, &db, NULL)
                       : stoa_engines(&stream, NULL);
            left = stoa__mem_fail_nth;
            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK && t < 2)
                stoa_db_close(db);
            else if (rc == STOA_OK)
                stoa_stream_release(&stream);
            if (left >= 0) {
                CHECK(nth > 2);
                CHECK_INT(rc, STOA_OK);
                break;
            }
            CHECK_INT(rc, STOA_ERR_NOMEM);
            if (t < 2)
                CHECK_INT(db.id, 0);
        }
        world_check_nothing_left();
    }
}

/* ---- fork ---- */

static void be_the_child(struct world *world)
{
    struct ArrowArray batch = {0};
    stoa_error err = {0};
    stoa_db db;

    for (int i = 0; i < call_count; i++) {
        const uint64_t id = world->ids[calls[i].kind];
        stoa_status rc;

        if (id == 0)
            continue;
        rc = calls[i].run(world, id, (stoa_op){0}, &err);
        if (rc != STOA_ERR_FORKED)
            printf("# %s: %s\n", calls[i].name, stoa_status_name(rc));
        CHECK_INT(rc, STOA_ERR_FORKED);
    }
    CHECK_INT(stoa_open((stoa_op){0}, "null:", STOA_NUL, NULL, 0, &db, &err),
              STOA_ERR_FORKED);
    CHECK(stoa_stream_next(&world->stream, &batch, &err) < 0);
    CHECK_HAS(err.text, "fork");
    world_close(world); /* Harmless. */
    fflush(stdout);
    _exit(0);
}

static void a_forked_child_is_told(void)
{
    for (int t = 0; t < 2; t++) {
        struct ArrowArray batch = {0};
        struct world world;
        int status = -1;
        pid_t child;

        world_open(&world, targets[t]);
        fflush(stdout);
        child = fork();
        if (child == 0)
            be_the_child(&world);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_INT(status, 0);
        CHECK_INT(stoa_ping((stoa_conn){world.ids[WORLD_CONN]}, (stoa_op){0}, NULL),
                  STOA_OK);
        CHECK_INT(stoa_stream_next(&world.stream, &batch, NULL), STOA_OK);
        stoa_batch_release(&batch);
        world_close(&world);
        world_check_nothing_left();
    }
}

TEST_MAIN({"wrong handles are refused by every function", wrong_handles_are_refused},
          {"wrong operations are refused by every function",
           wrong_operations_are_refused},
          {"every allocation may fail, on the null engine", allocations_fail_on_null},
          {"every allocation may fail, on SQLite", allocations_fail_on_sqlite},
          {"every allocation may fail where no handle is given",
           allocations_fail_without_a_handle},
          {"a forked child is told, and harms nothing", a_forked_child_is_told})
