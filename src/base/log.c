/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two listeners. The hook is counted while it runs, so that replacing it can wait for
 * that; no lock is held meanwhile. The ring is an array of lines whose descriptor is
 * readable exactly while a line waits. One lock guards both.
 */
#include "base/log.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ban.h"

struct line {
    int32_t level;
    int32_t size;
    char text[STOA__LOG_LINE_BYTES_MAX];
};

struct hook {
    int32_t level;
    stoa_log log;
    void *user_data;
    stoa_release release; /* May be NULL. */
    int64_t running;      /* Lines being delivered. Under the lock. */
};

static struct {
    _Atomic int32_t level; /* The lower one of hook and ring: what is worth making. */
    stoa__mutex lock;
    stoa__condition delivered;
    bool ready; /* `delivered` and the fork handlers are set up. */
    struct hook *hook;
    struct line *ring; /* STOA__LOG_RING_LINES of them, or NULL. */
    int32_t ring_level;
    int32_t ring_first, ring_count;
    int32_t fd; /* -1: none yet. */
} state = {
    .level = STOA_LOG_OFF,
    .lock = STOA__MUTEX_INITIALIZER,
    .ring_level = STOA_LOG_OFF,
    .fd = -1,
};

/* A hook that makes the library log again is not called again for it. */
static _Thread_local bool delivering;

/* ---- fork ---- */

static void fork_prepare(void)
{
    stoa__mutex_lock(&state.lock);
}

static void fork_parent(void)
{
    stoa__mutex_unlock(&state.lock);
}

/* Other threads' deliveries are gone. The descriptor is shared with the parent, so
 * reading it here would take the parent's wake-ups: the ring is off until asked for
 * again. */
static void fork_child(void)
{
    stoa__mutex_init(&state.lock);
    stoa__condition_init(&state.delivered);
    if (state.hook)
        state.hook->running = delivering ? 1 : 0;
    if (state.fd >= 0)
        close(state.fd);
    state.fd = -1;
    state.ring_level = STOA_LOG_OFF;
    state.ring_first = state.ring_count = 0;
    atomic_store(&state.level, state.hook ? state.hook->level : STOA_LOG_OFF);
}

/* The lock is held. */
static stoa_status get_ready(stoa_error *err)
{
    if (state.ready)
        return STOA_OK;
    if (pthread_atfork(fork_prepare, fork_parent, fork_child) != 0)
        return stoa__fail_nomem(err);
    stoa__condition_init(&state.delivered);
    state.ready = true;
    return STOA_OK;
}

/* ---- ring; the lock is held ---- */

static void ring_clear(void)
{
    uint64_t count;

    state.ring_first = state.ring_count = 0;
    if (state.fd >= 0 && read(state.fd, &count, sizeof count) < 0)
        return; /* Nothing waited. */
}

static void ring_wake(void)
{
    const uint64_t one = 1;
    ssize_t written = write(state.fd, &one, sizeof one);

    assert(written == (ssize_t)sizeof one); /* The eventfd held 0. */
    (void)written;
}

static void ring_append(int32_t level, const char *text, size_t size)
{
    struct line *line;

    if (!state.ring || level < state.ring_level)
        return;
    if (state.ring_count == STOA__LOG_RING_LINES) {
        state.ring_first = (state.ring_first + 1) % STOA__LOG_RING_LINES;
        state.ring_count--;
    }
    line = &state.ring[(state.ring_first + state.ring_count) % STOA__LOG_RING_LINES];
    line->level = level;
    line->size = (int32_t)size;
    memcpy(line->text, text, size);
    state.ring_count++;
    if (state.ring_count == 1)
        ring_wake();
}

static void ring_take(char *text, size_t capacity, int32_t *level, int64_t *text_size)
{
    const struct line *line = &state.ring[state.ring_first];
    size_t size = (size_t)line->size;
    bool cut = size > capacity;

    if (cut)
        size = capacity;
    if (size > 0)
        memcpy(text, line->text, size);
    *level = line->level;
    *text_size = (int64_t)stoa__text_repair(text, size, cut);
    state.ring_first = (state.ring_first + 1) % STOA__LOG_RING_LINES;
    state.ring_count--;
    if (state.ring_count == 0)
        ring_clear();
}

static stoa_status ring_start(int32_t level, stoa_error *err)
{
    if (state.fd < 0)
        state.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state.fd < 0)
        return stoa__fail(err, STOA_ERR_IO,
                          "no descriptor for the log ring could be made");
    if (!state.ring)
        state.ring = stoa__alloc(STOA__LOG_RING_LINES * sizeof *state.ring);
    if (!state.ring)
        return stoa__fail_nomem(err);
    state.ring_level = level;
    return STOA_OK;
}

static void ring_stop(void)
{
    ring_clear();
    stoa__free(state.ring);
    state.ring = NULL;
    state.ring_level = STOA_LOG_OFF;
}

/* ---- lines ---- */

/* The lock is held. */
static void update_level(void)
{
    int32_t level = state.ring_level;

    if (state.hook && state.hook->level < level)
        level = state.hook->level;
    atomic_store(&state.level, level);
}

/* The hook, kept until hook_leave(); NULL when it does not want the line. */
static struct hook *hook_enter(int32_t level)
{
    struct hook *hook = state.hook;

    if (!hook || level < hook->level || delivering)
        return NULL;
    hook->running++;
    return hook;
}

static void hook_leave(struct hook *hook)
{
    stoa__mutex_lock(&state.lock);
    hook->running--;
    if (hook->running == 0)
        stoa__condition_broadcast(&state.delivered);
    stoa__mutex_unlock(&state.lock);
}

static void deliver(int32_t level, const char *text, size_t size)
{
    struct hook *hook;

    stoa__mutex_lock(&state.lock);
    ring_append(level, text, size);
    hook = hook_enter(level);
    stoa__mutex_unlock(&state.lock);
    if (!hook)
        return;
    delivering = true;
    hook->log(hook->user_data, level, text, (int64_t)size);
    delivering = false;
    hook_leave(hook);
}

void stoa__log(int32_t level, const char *format, ...)
{
    char text[STOA__LOG_LINE_BYTES_MAX];
    va_list args;
    int made;
    bool cut;

    assert(level >= STOA_LOG_DEBUG && level <= STOA_LOG_ERROR);
    if (level < atomic_load_explicit(&state.level, memory_order_relaxed))
        return;
    va_start(args, format);
    made = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (made < 0)
        return;
    cut = (size_t)made >= sizeof text;
    deliver(level, text,
            stoa__text_repair(text, cut ? sizeof text - 1 : (size_t)made, cut));
}

/* ---- the public calls ---- */

static stoa_status check_level(int32_t level, stoa_error *err)
{
    if (level >= STOA_LOG_DEBUG && level <= STOA_LOG_OFF)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_INVALID, "%d is not one of STOA_LOG_*", (int)level);
}

/* Take the hook's place, then wait until no line is on its way to the old one. */
static stoa_status hook_replace(struct hook *next, struct hook **previous,
                                stoa_error *err)
{
    stoa_status rc;

    stoa__mutex_lock(&state.lock);
    rc = get_ready(err);
    if (rc == STOA_OK) {
        *previous = state.hook;
        state.hook = next;
        update_level();
        while (*previous && (*previous)->running > 0)
            stoa__condition_wait(&state.delivered, &state.lock, -1);
    }
    stoa__mutex_unlock(&state.lock);
    return rc;
}

static void hook_free(struct hook *hook)
{
    if (!hook)
        return;
    if (hook->release)
        hook->release(hook->user_data);
    stoa__free(hook);
}

static stoa_status log_set(const struct hook *wanted, stoa_error *err)
{
    struct hook *next, *previous = NULL;
    stoa_status rc = check_level(wanted->level, err);

    if (rc != STOA_OK)
        return rc;
    if (delivering)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "the log hook cannot be set from inside it");
    next = stoa__alloc(sizeof *next);
    if (!next)
        return stoa__fail_nomem(err);
    *next = *wanted;
    rc = hook_replace(next, &previous, err);
    if (rc != STOA_OK)
        stoa__free(next);
    hook_free(previous);
    return rc;
}

static stoa_status log_remove(stoa_error *err)
{
    struct hook *previous = NULL;
    stoa_status rc;

    if (delivering)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "the log hook cannot be set from inside it");
    rc = hook_replace(NULL, &previous, err);
    hook_free(previous);
    return rc;
}

stoa_status stoa_log_set(int32_t level, stoa_log log, void *user_data,
                         stoa_release release, stoa_error *err)
{
    const struct hook wanted = {level, log, user_data, release, 0};
    stoa_status rc = log ? log_set(&wanted, err) : log_remove(err);

    if (release && (rc != STOA_OK || !log))
        release(user_data);
    return rc;
}

stoa_status stoa_log_next(char *text, int64_t text_capacity, int32_t *level,
                          int64_t *text_size, stoa_error *err)
{
    stoa_status rc = STOA_TIMEOUT_EMPTY;

    if (level)
        *level = 0;
    if (text_size)
        *text_size = 0;
    if (!level || !text_size)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL",
                          level ? "text_size" : "level");
    if (text_capacity < 0 || (!text && text_capacity > 0))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "text is NULL or its capacity is negative");
    stoa__mutex_lock(&state.lock);
    if (state.ring_count > 0) {
        ring_take(text, (size_t)text_capacity, level, text_size);
        rc = STOA_OK;
    }
    stoa__mutex_unlock(&state.lock);
    return rc;
}

stoa_status stoa_log_ring(int32_t level, int32_t *fd, stoa_error *err)
{
    stoa_status rc;

    if (!fd)
        return stoa__fail(err, STOA_ERR_INVALID, "fd is NULL");
    *fd = -1;
    rc = check_level(level, err);
    if (rc != STOA_OK)
        return rc;
    stoa__mutex_lock(&state.lock);
    rc = get_ready(err);
    if (rc == STOA_OK && level == STOA_LOG_OFF)
        ring_stop();
    else if (rc == STOA_OK)
        rc = ring_start(level, err);
    if (rc == STOA_OK)
        *fd = state.fd;
    update_level();
    stoa__mutex_unlock(&state.lock);
    return rc;
}
