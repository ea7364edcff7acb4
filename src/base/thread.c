/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/ban.h"

#ifdef NDEBUG
enum { MUTEX_TYPE = PTHREAD_MUTEX_NORMAL };
#else
enum { MUTEX_TYPE = PTHREAD_MUTEX_ERRORCHECK };
#endif

enum { NAME_BYTES_MAX = 15, NS_PER_SECOND = 1000000000 };

static void expect_zero(int rc)
{
    assert(rc == 0);
    (void)rc;
}

void stoa__mutex_init(stoa__mutex *mutex)
{
    pthread_mutexattr_t attributes;

    expect_zero(pthread_mutexattr_init(&attributes));
    expect_zero(pthread_mutexattr_settype(&attributes, MUTEX_TYPE));
    expect_zero(pthread_mutex_init(&mutex->native, &attributes));
    expect_zero(pthread_mutexattr_destroy(&attributes));
}

void stoa__mutex_release(stoa__mutex *mutex)
{
    expect_zero(pthread_mutex_destroy(&mutex->native));
}

void stoa__mutex_lock(stoa__mutex *mutex)
{
    expect_zero(pthread_mutex_lock(&mutex->native));
}

void stoa__mutex_unlock(stoa__mutex *mutex)
{
    expect_zero(pthread_mutex_unlock(&mutex->native));
}

void stoa__condition_init(stoa__condition *condition)
{
    pthread_condattr_t attributes;

    expect_zero(pthread_condattr_init(&attributes));
    expect_zero(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    expect_zero(pthread_cond_init(&condition->native, &attributes));
    expect_zero(pthread_condattr_destroy(&attributes));
}

void stoa__condition_release(stoa__condition *condition)
{
    expect_zero(pthread_cond_destroy(&condition->native));
}

void stoa__condition_signal(stoa__condition *condition)
{
    expect_zero(pthread_cond_signal(&condition->native));
}

void stoa__condition_broadcast(stoa__condition *condition)
{
    expect_zero(pthread_cond_broadcast(&condition->native));
}

static struct timespec timespec_of(int64_t ns)
{
    struct timespec time = {
        .tv_sec = (time_t)(ns / NS_PER_SECOND),
        .tv_nsec = ns % NS_PER_SECOND,
    };

    return time;
}

void stoa__condition_wait(stoa__condition *condition, stoa__mutex *mutex, int64_t ns)
{
    struct timespec until;
    int64_t end;
    int rc;

    if (ns < 0) {
        expect_zero(pthread_cond_wait(&condition->native, &mutex->native));
        return;
    }
    if (__builtin_add_overflow(stoa__clock_monotonic_ns(), ns, &end))
        end = INT64_MAX;
    until = timespec_of(end);
    rc = pthread_cond_timedwait(&condition->native, &mutex->native, &until);
    assert(rc == 0 || rc == ETIMEDOUT);
    (void)rc;
}

struct start {
    void (*run)(void *);
    void *argument;
    char name[NAME_BYTES_MAX + 1];
};

static void *thread_main(void *argument)
{
    struct start start = *(struct start *)argument;

    stoa__free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.run(start.argument);
    return NULL;
}

/* Signals belong to the program's own threads. */
static int create_deaf(pthread_t *native, struct start *start)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(native, NULL, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

stoa_status stoa__thread_start(stoa__thread *thread, const char *name,
                               void (*run)(void *), void *argument, stoa_error *err)
{
    struct start *start;
    int rc;

    assert(strlen(name) <= NAME_BYTES_MAX);
    thread->running = false;
    start = stoa__alloc_zero(1, sizeof *start);
    if (!start)
        return stoa__fail_nomem(err);
    start->run = run;
    start->argument = argument;
    memcpy(start->name, name, strnlen(name, NAME_BYTES_MAX));
    rc = create_deaf(&thread->native, start);
    if (rc != 0) {
        stoa__free(start);
        return stoa__fail_errno(err, rc, "the thread '%s' cannot be started", name);
    }
    thread->running = true;
    return STOA_OK;
}

void stoa__thread_stop(stoa__thread *thread)
{
    if (!thread->running)
        return;
    expect_zero(pthread_join(thread->native, NULL));
    thread->running = false;
}

uint64_t stoa__thread_self(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t self;

    if (self == 0)
        self = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return self;
}

void stoa__sleep_ns(int64_t ns)
{
    struct timespec left = timespec_of(ns > 0 ? ns : 0);

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}
