/* SPDX-License-Identifier: Apache-2.0 */
/* One look-up, pin and unpin of a handle, on one thread and on two with a handle each. */
#include "base/clock.h"
#include "base/error.h"
#include "base/object.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 5000000, REPEATS = 5, THREADS_MAX = 2, TARGET_NS = 20 };

struct thing {
    struct stoa__object object;
    int64_t touched;
};

static void thing_destroy(struct stoa__object *object)
{
    (void)object;
}

static const struct stoa__class thing_class = {.kind = STOA__KIND_CONN,
                                               .destroy = thing_destroy};

struct runner {
    struct thing thing;
    uint64_t id;
    stoa__thread thread;
    int64_t ns;
    int failures;
};

static void run(void *argument)
{
    struct runner *runner = argument;
    int64_t start = stoa__clock_monotonic_ns();

    for (int i = 0; i < ROUNDS; i++) {
        struct stoa__object *object;

        if (stoa__object_pin(runner->id, STOA__KIND_CONN, &object, NULL) != STOA_OK) {
            runner->failures++;
            continue;
        }
        ((struct thing *)object)->touched++;
        stoa__object_unpin(object);
    }
    runner->ns = stoa__clock_monotonic_ns() - start;
}

/* The slowest thread's nanoseconds a round; below zero when something failed. */
static double measure(int threads)
{
    static struct runner runners[THREADS_MAX];
    double slowest = 0;
    bool good = true;

    for (int i = 0; i < threads; i++) {
        struct runner *runner = &runners[i];

        *runner = (struct runner){0};
        if (stoa__object_open(&runner->thing.object, &thing_class, NULL, &runner->id,
                              NULL) != STOA_OK)
            return -1;
    }
    for (int i = 0; i < threads; i++)
        good &= stoa__thread_start(&runners[i].thread, "bench", run, &runners[i], NULL) ==
                STOA_OK;
    for (int i = 0; i < threads; i++) {
        struct runner *runner = &runners[i];
        double ns;

        stoa__thread_stop(&runner->thread);
        stoa__object_close(runner->id, STOA__KIND_CONN);
        good &= runner->failures == 0 && runner->thing.touched == ROUNDS;
        ns = (double)runner->ns / ROUNDS;
        slowest = ns > slowest ? ns : slowest;
    }
    return good ? slowest : -1;
}

static bool report(const char *name, int threads)
{
    double best = measure(threads);

    for (int i = 1; i < REPEATS; i++) {
        double ns = measure(threads);

        best = ns < best ? ns : best;
    }
    printf("bar %s %.1f %d %s\n", name, best, TARGET_NS,
           best >= 0 && best <= TARGET_NS ? "ok" : "short");
    return best >= 0;
}

int main(void)
{
    bool good = report("handle_pin", 1);

    good &= report("handle_pin_two_threads", 2);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
