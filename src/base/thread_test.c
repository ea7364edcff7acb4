/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include "base/clock.h"
#include "base/mem.h"
#include "test.h"

#include <pthread.h>

enum { MS = 1000000 };

struct shared {
    stoa__mutex lock;
    stoa__condition changed;
    int count;
    uint64_t self;
    char name[16];
    bool deaf;
};

static void init(struct shared *shared)
{
    memset(shared, 0, sizeof *shared);
    stoa__mutex_init(&shared->lock);
    stoa__condition_init(&shared->changed);
}

static void release(struct shared *shared)
{
    stoa__condition_release(&shared->changed);
    stoa__mutex_release(&shared->lock);
}

static void count_up(void *argument)
{
    struct shared *shared = argument;
    sigset_t blocked;

    for (int i = 0; i < 10000; i++) {
        stoa__mutex_lock(&shared->lock);
        shared->count++;
        stoa__mutex_unlock(&shared->lock);
    }
    stoa__mutex_lock(&shared->lock);
    shared->self = stoa__thread_self();
    pthread_getname_np(pthread_self(), shared->name, sizeof shared->name);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    shared->deaf =
        sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR1) == 1;
    stoa__condition_broadcast(&shared->changed);
    stoa__mutex_unlock(&shared->lock);
}

static void threads_run_named_and_deaf(void)
{
    struct shared shared;
    stoa__thread threads[2];

    init(&shared);
    for (int i = 0; i < 2; i++)
        CHECK_INT(
            stoa__thread_start(&threads[i], "fifteen-letters", count_up, &shared, NULL),
            STOA_OK);
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
    stoa__thread_stop(&threads[0]);
    CHECK_INT(shared.count, 20000);
    CHECK(shared.self != 0 && shared.self != stoa__thread_self());
    CHECK_INT(stoa__thread_self(), stoa__thread_self());
    CHECK_TEXT(shared.name, "fifteen-letters");
    CHECK(shared.deaf);
    release(&shared);
}

static void a_thread_that_never_started_stops(void)
{
    stoa__thread thread = {0};
    stoa_error err;

    stoa__thread_stop(&thread);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__thread_start(&thread, "x", count_up, NULL, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK(!thread.running);
    stoa__thread_stop(&thread);
}

static void a_wait_ends_when_signalled(void)
{
    struct shared shared;
    stoa__thread thread;

    init(&shared);
    stoa__mutex_lock(&shared.lock);
    CHECK_INT(stoa__thread_start(&thread, "x", count_up, &shared, NULL), STOA_OK);
    while (shared.self == 0)
        stoa__condition_wait(&shared.changed, &shared.lock, -1);
    CHECK_INT(shared.count, 10000);
    stoa__mutex_unlock(&shared.lock);
    stoa__thread_stop(&thread);
    release(&shared);
}

static void a_wait_ends_in_time(void)
{
    struct shared shared;
    int64_t start = stoa__clock_monotonic_ns();

    init(&shared);
    stoa__mutex_lock(&shared.lock);
    while (stoa__clock_monotonic_ns() - start < 20 * MS)
        stoa__condition_wait(&shared.changed, &shared.lock, 20 * MS);
    stoa__condition_wait(&shared.changed, &shared.lock, 0);
    CHECK(stoa__clock_monotonic_ns() - start < 20000 * (int64_t)MS);
    stoa__mutex_unlock(&shared.lock);
    release(&shared);
}

static void wait_almost_for_ever(void *argument)
{
    struct shared *shared = argument;

    stoa__mutex_lock(&shared->lock);
    shared->count = 1;
    while (shared->count == 1)
        stoa__condition_wait(&shared->changed, &shared->lock, INT64_MAX);
    stoa__mutex_unlock(&shared->lock);
}

static void the_longest_wait_does_not_overflow(void)
{
    struct shared shared;
    stoa__thread thread;
    int count = 0;

    init(&shared);
    CHECK_INT(stoa__thread_start(&thread, "x", wait_almost_for_ever, &shared, NULL),
              STOA_OK);
    while (count == 0) {
        stoa__sleep_ns(MS);
        stoa__mutex_lock(&shared.lock);
        count = shared.count;
        stoa__mutex_unlock(&shared.lock);
    }
    stoa__mutex_lock(&shared.lock);
    shared.count = 2;
    stoa__condition_signal(&shared.changed);
    stoa__mutex_unlock(&shared.lock);
    stoa__thread_stop(&thread);
    release(&shared);
}

static void clocks_go_forward(void)
{
    int64_t start = stoa__clock_monotonic_ns();

    stoa__sleep_ns(5 * MS);
    stoa__sleep_ns(-1);
    CHECK(stoa__clock_monotonic_ns() - start >= 5 * MS);
}

TEST_MAIN({"threads run named and deaf", threads_run_named_and_deaf},
          {"a thread that never started stops", a_thread_that_never_started_stops},
          {"a wait ends when signalled", a_wait_ends_when_signalled},
          {"a wait ends in time", a_wait_ends_in_time},
          {"the longest wait does not overflow", the_longest_wait_does_not_overflow},
          {"clocks go forward", clocks_go_forward})
