/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs of handles. On one thread they are handles_fuzz.c's, with its exact model; on
 * up to four threads the model knows what may be: a pin that succeeds finds a living object, one
 * that fails has a close to blame, and in the end everything is gone, children first.
 *
 * STOA_SEED=n starts from that seed, STOA_ROUNDS=n runs so many.
 */
#include "test.h"

#include "base/mem.h"
#include "base/object.h"

#include <stdatomic.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PROGRAM_BYTES_MAX = 3000,
    LONG_BYTES = 15000,
    SHARED_COUNT = 24,
    NODE_COUNT_MAX = 4000,
    STEPS = 400
};
enum { ALIVE = 0x51a7e, DEAD = 0xdead };

static uint64_t seed;

/* splitmix64: every seed gives a good start. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* A crash says nothing of seeds, so they are told before. */
static void tell_seed(void)
{
    printf("# STOA_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
}

#define EXPECT(condition) expect((condition), __LINE__, #condition)

static void expect(bool holds, int line, const char *what)
{
    if (!holds)
        tell_seed();
    test_check(holds, __FILE__, line, what);
}

static void programs_on_one_thread_follow_the_model(void)
{
    static uint8_t program[LONG_BYTES];
    uint64_t rounds = from_environment("STOA_ROUNDS", 3000);

    seed = from_environment("STOA_SEED", 1);
    tell_seed();
    for (uint64_t round = 0; round < rounds; round++, seed++) {
        uint64_t state = seed;
        /* A long one takes slots again that it has left. */
        size_t size =
            round % 50 == 1 ? LONG_BYTES : random_next(&state) % PROGRAM_BYTES_MAX;
        pid_t child;
        int status = -1;

        for (size_t i = 0; i < size; i++)
            program[i] = (uint8_t)random_next(&state);
        if (round % 100 != 0) { /* Most run in one process, so that slots are reused. */
            (void)LLVMFuzzerTestOneInput(program, size);
            continue;
        }
        child = fork();
        if (child == 0) {
            (void)LLVMFuzzerTestOneInput(program, size);
            _exit(0);
        }
        EXPECT(waitpid(child, &status, 0) == child && status == 0);
    }
}

/* ---- several threads ---- */

struct node {
    struct stoa__object object;
    _Atomic int state;
    int index;
};

struct entry {
    _Atomic uint64_t id; /* 0 until it is open. */
    enum stoa__kind kind;
    int parent; /* -1: a root. */
    _Atomic bool closing_asked;
    _Atomic int closings, destroys;
};

static struct entry entries[NODE_COUNT_MAX];
static _Atomic int entry_count;

/* What the threads have in common: handles, with the entry each belongs to. */
struct shared {
    stoa__mutex lock;
    uint64_t id;
    int index;
};
static struct shared shared[SHARED_COUNT];

static void node_closing(struct stoa__object *object)
{
    EXPECT(atomic_fetch_add(&entries[((struct node *)object)->index].closings, 1) == 0);
    EXPECT(object->closed != STOA__KIND_NONE);
}

static void node_destroy(struct stoa__object *object)
{
    struct node *node = (struct node *)object;
    struct entry *entry = &entries[node->index];

    EXPECT(node->state == ALIVE);
    node->state = DEAD;
    EXPECT(entry->closings == 1 && atomic_fetch_add(&entry->destroys, 1) == 0);
    EXPECT(entry->parent < 0 || entries[entry->parent].destroys == 0);
    stoa__free(node);
}

#define CLASS(kind) [kind] = {kind, node_closing, node_destroy}
static const struct stoa__class classes[STOA__KIND_COUNT] = {
    CLASS(STOA__KIND_DB),
    CLASS(STOA__KIND_CONN),
    CLASS(STOA__KIND_STMT),
    CLASS(STOA__KIND_RESULT),
};

/* Did anybody ask to close it, or what it came from? */
static bool may_be_closed(int index)
{
    for (; index >= 0; index = entries[index].parent)
        if (entries[index].closing_asked)
            return true;
    return false;
}

static struct shared read_shared(uint64_t random)
{
    struct shared *from = &shared[random % SHARED_COUNT], copy;

    stoa__mutex_lock(&from->lock);
    copy.id = from->id;
    copy.index = from->index;
    stoa__mutex_unlock(&from->lock);
    return copy;
}

static void write_shared(uint64_t random, uint64_t id, int index)
{
    struct shared *to = &shared[random % SHARED_COUNT];

    stoa__mutex_lock(&to->lock);
    to->id = id;
    to->index = index;
    stoa__mutex_unlock(&to->lock);
}

static void open_node(uint64_t random, struct stoa__object *parent, int parent_index)
{
    enum stoa__kind kind = parent ? entries[parent_index].kind + 1 : STOA__KIND_DB;
    struct node *node;
    stoa_status rc;
    uint64_t id;
    int index;

    if (kind > STOA__KIND_RESULT)
        return;
    index = atomic_fetch_add(&entry_count, 1);
    EXPECT(index < NODE_COUNT_MAX);
    node = stoa__alloc_zero(1, sizeof *node);
    EXPECT(node != NULL);
    node->state = ALIVE;
    node->index = index;
    entries[index].kind = kind;
    entries[index].parent = parent_index;
    rc = stoa__object_open(&node->object, &classes[kind], parent, &id, NULL);
    if (rc == STOA_OK) {
        entries[index].id = id;
        write_shared(random, id, index);
        return;
    }
    EXPECT(rc == STOA_ERR_CLOSED && may_be_closed(parent_index));
    entries[index].closing_asked = true;
    entries[index].closings = entries[index].destroys = 1; /* It never was. */
    stoa__free(node);
}

static void close_node(const struct shared *one)
{
    entries[one->index].closing_asked = true;
    stoa__object_close(one->id, entries[one->index].kind);
}

static void pin_node(uint64_t random, const struct shared *one)
{
    struct stoa__object *object;
    stoa_error err;
    stoa_status rc = stoa__object_pin(one->id, entries[one->index].kind, &object, &err);

    if (rc != STOA_OK) {
        EXPECT(rc == STOA_ERR_CLOSED && may_be_closed(one->index));
        return;
    }
    EXPECT(((struct node *)object)->index == one->index);
    if (random % 4 == 0)
        stoa__object_ref(object);
    if (random % 8 < 3)
        open_node(random >> 8, object, one->index);
    if (random % 64 == 7)
        close_node(one);
    EXPECT(((struct node *)object)->state == ALIVE);
    stoa__object_unpin(object);
    if (random % 4 != 0)
        return;
    EXPECT(((struct node *)object)->state == ALIVE);
    stoa__object_unref(object);
}

static void run_program(void *argument)
{
    uint64_t state = *(const uint64_t *)argument;

    for (int i = 0; i < STEPS; i++) {
        uint64_t random = random_next(&state);
        struct shared one = read_shared(random >> 32);

        if (one.id == 0)
            open_node(random >> 8, NULL, -1);
        else if (random % 16 == 0)
            close_node(&one);
        else if (random % 16 == 1)
            write_shared(random >> 32, 0, 0); /* A root again: a handle nobody closes. */
        else
            pin_node(random >> 8, &one);
    }
}

static void run_threads(int threads)
{
    stoa__thread running[4];
    uint64_t states[4];

    for (int i = 0; i < threads; i++) {
        states[i] = seed * 4 + (uint64_t)i;
        EXPECT(stoa__thread_start(&running[i], "program", run_program, &states[i],
                                  NULL) == STOA_OK);
    }
    for (int i = 0; i < threads; i++)
        stoa__thread_stop(&running[i]);
}

/* Handles that dropped out of `shared` are still open. */
static void close_and_look(void)
{
    for (int i = 0; i < entry_count; i++)
        if (entries[i].id != 0)
            stoa__object_close(entries[i].id, entries[i].kind);
    for (int i = 0; i < entry_count; i++)
        EXPECT(entries[i].closings == 1 && entries[i].destroys == 1);
    for (int kind = STOA__KIND_DB; kind <= STOA__KIND_RESULT; kind++)
        EXPECT(stoa__object_count((enum stoa__kind)kind) == 0);
}

static void programs_on_several_threads_stay_within_the_model(void)
{
    uint64_t rounds = from_environment("STOA_ROUNDS", 1200);
    int opened = 0;

    for (int i = 0; i < SHARED_COUNT; i++)
        stoa__mutex_init(&shared[i].lock);
    seed = from_environment("STOA_SEED", 1);
    tell_seed();
    for (uint64_t round = 0; round < rounds; round++, seed++) {
        memset(entries, 0, sizeof entries);
        entry_count = 0;
        for (int i = 0; i < SHARED_COUNT; i++)
            write_shared((uint64_t)i, 0, 0);
        run_threads(1 + (int)(seed % 4));
        opened += entry_count;
        close_and_look();
    }
    CHECK(opened > 0);
    for (int i = 0; i < SHARED_COUNT; i++)
        stoa__mutex_release(&shared[i].lock);
}

TEST_MAIN({"programs on one thread follow the model",
           programs_on_one_thread_follow_the_model},
          {"programs on several threads stay within the model",
           programs_on_several_threads_stay_within_the_model})
