/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, mutexes and conditions: a thin skin over pthreads with checked ownership in debug
 * builds, named threads, and waits on the monotonic clock. */
#ifndef STOA_BASE_THREAD_H
#define STOA_BASE_THREAD_H

#include "stoa/base.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct stoa__mutex {
    pthread_mutex_t native;
} stoa__mutex;
typedef struct stoa__condition {
    pthread_cond_t native;
} stoa__condition;
typedef struct stoa__thread {
    pthread_t native;
    bool running;
} stoa__thread;

/* For the few locks that are static. */
#ifdef NDEBUG
#define STOA__MUTEX_INITIALIZER {PTHREAD_MUTEX_INITIALIZER}
#else
#define STOA__MUTEX_INITIALIZER {PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP}
#endif

/* Neither allocates; both always succeed on Linux. */
void stoa__mutex_init(stoa__mutex *mutex);
void stoa__mutex_release(stoa__mutex *mutex);
void stoa__mutex_lock(stoa__mutex *mutex);
void stoa__mutex_unlock(stoa__mutex *mutex);

void stoa__condition_init(stoa__condition *condition);
void stoa__condition_release(stoa__condition *condition);
void stoa__condition_signal(stoa__condition *condition);
void stoa__condition_broadcast(stoa__condition *condition);
/* Wait until signalled or `ns` have passed (< 0: for ever). Spurious wake-ups happen. */
void stoa__condition_wait(stoa__condition *condition, stoa__mutex *mutex, int64_t ns);

/* `name` has at most 15 bytes. All signals are blocked in the new thread. */
stoa_status stoa__thread_start(stoa__thread *thread, const char *name, void (*run)(void *),
                               void *argument, stoa_error *err);
/* Waits for the thread to end. Accepts one that never started. */
void stoa__thread_stop(stoa__thread *thread);

/* A number that differs between live threads; never 0. Cheap (thread-local). */
uint64_t stoa__thread_self(void);

void stoa__sleep_ns(int64_t ns);

#endif
