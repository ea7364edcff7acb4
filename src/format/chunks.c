/* SPDX-License-Identifier: Apache-2.0 */
#include "format/chunks.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/scan.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Chunks beyond one a thread: what the pulling thread reads ahead before it is away. */
enum { RING_SPARE = 2 };

struct stoa__chunk_thread {
    stoa__thread thread;
    stoa__chunks *chunks;
    void *worker;
};

int64_t stoa__count_lines(const uint8_t *text, size_t size)
{
    int64_t count = 0;
    uint64_t before = 0; /* The byte before this block was a CR. */

    for (size_t at = 0; at < size; at += STOA__SCAN_SIZE) {
        uint8_t last[STOA__SCAN_SIZE] = {0};
        const size_t left = size - at;
        const bool whole = left >= STOA__SCAN_SIZE;

        if (!whole)
            memcpy(last, text + at, left);
        const stoa__lanes lanes = stoa__lanes_load(whole ? text + at : last);
        const uint64_t lf = stoa__lanes_equal(&lanes, '\n');
        const uint64_t cr = stoa__lanes_equal(&lanes, '\r');

        /* An LF behind a CR is counted already. */
        count += __builtin_popcountll(cr) + __builtin_popcountll(lf & ~(cr << 1 | before));
        before = cr >> 63;
    }
    return count;
}

/* ---- reading and cutting, on the pulling thread ---- */

static stoa_status grow(struct stoa__chunk *chunk, size_t capacity, stoa_error *err)
{
    uint8_t *text;

    if (chunk->capacity >= capacity)
        return STOA_OK;
    text = stoa__alloc_aligned(capacity + STOA__CHUNK_PADDING);
    if (!text)
        return stoa__fail_nomem(err);
    if (chunk->size > 0)
        memcpy(text, chunk->text, chunk->size);
    stoa__free(chunk->text);
    chunk->text = text;
    chunk->capacity = capacity;
    return STOA_OK;
}

/* Read until the text has `wanted` bytes; *end: the source has no more. */
static stoa_status read_up_to(stoa__chunks *chunks, stoa__call *call, struct stoa__chunk *chunk,
                              size_t wanted, bool *end, stoa_error *err)
{
    size_t got = 0;
    stoa_status rc = grow(chunk, wanted + 1, err); /* A line end may be added. */

    *end = false;
    if (rc != STOA_OK || chunk->size >= wanted)
        return rc;
    rc = stoa__source_read(&chunks->source, call, chunk->text + chunk->size,
                           wanted - chunk->size, &got, err);
    chunk->size += got;
    *end = rc == STOA_OK && chunk->size < wanted;
    return rc;
}

static stoa_status fail_long(const stoa__chunks *chunks, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_FULL,
                      "a record is longer than record_size allows (%lld bytes); if it is none, "
                      "a quote may never be closed",
                      (long long)chunks->record_size);
}

/* All that is left is the last chunk. */
static stoa_status end(stoa__chunks *chunks, struct stoa__chunk *chunk)
{
    const uint8_t last = chunk->size > 0 ? chunk->text[chunk->size - 1] : '\n';

    chunks->ended = true;
    if (last != '\n' && last != '\r')
        chunk->text[chunk->size++] = '\n';
    return STOA_OK;
}

static stoa_status keep_rest(stoa__chunks *chunks, struct stoa__chunk *chunk, size_t whole,
                             stoa_error *err)
{
    chunks->rest.size = 0;
    if (stoa__buffer_append(&chunks->rest, chunk->text + whole, chunk->size - whole) != STOA_OK)
        return stoa__fail_nomem(err);
    chunk->size = whole;
    return STOA_OK;
}

/* Fill an empty chunk with whole records. */
static stoa_status fill(stoa__chunks *chunks, stoa__call *call, struct stoa__chunk *chunk,
                        stoa_error *err)
{
    size_t wanted = (size_t)chunks->chunk_size, whole;
    bool at_end = false;
    stoa_status rc;

    chunk->size = 0;
    rc = grow(chunk, chunks->rest.size + 1, err);
    if (rc != STOA_OK)
        return rc;
    if (chunks->rest.size > 0)
        memcpy(chunk->text, chunks->rest.data, chunks->rest.size);
    chunk->size = chunks->rest.size;
    for (;;) {
        rc = read_up_to(chunks, call, chunk, wanted, &at_end, err);
        if (rc != STOA_OK)
            return rc;
        if (at_end)
            return end(chunks, chunk);
        whole = chunks->format->cut(chunks->self, chunk->text, chunk->size);
        if (whole > 0)
            return keep_rest(chunks, chunk, whole, err);
        if (chunk->size > (size_t)chunks->record_size)
            return fail_long(chunks, err);
        wanted = 2 * (wanted > chunk->size ? wanted : chunk->size);
        if (wanted > (size_t)chunks->record_size)
            wanted = (size_t)chunks->record_size + 1;
    }
}

static void set_state(stoa__chunks *chunks, struct stoa__chunk *chunk,
                      enum stoa__chunk_state state)
{
    assert(((int)chunk->state + 1) % 4 == (int)state);
    stoa__mutex_lock(&chunks->lock);
    chunk->state = state;
    stoa__mutex_unlock(&chunks->lock);
}

static struct stoa__chunk *slot(const stoa__chunks *chunks, int64_t number)
{
    return &chunks->ring[number % chunks->ring_size];
}

/* Read ahead as far as there is room. What went wrong is told when its turn comes. */
static void read_ahead(stoa__chunks *chunks, stoa__call *call)
{
    while (!chunks->ended && chunks->tail - chunks->head < chunks->ring_size) {
        struct stoa__chunk *chunk = slot(chunks, chunks->tail);

        memset(&chunk->error, 0, sizeof chunk->error);
        chunk->skip = chunks->tail == 0 ? chunks->first_skip : 0;
        if (fill(chunks, call, chunk, &chunks->failure) != STOA_OK) {
            chunks->ended = true;
            return;
        }
        if (chunk->size == 0)
            return;
        set_state(chunks, chunk, STOA__CHUNK_READY);
        chunks->tail++;
        if (chunks->threads)
            stoa__condition_signal(&chunks->ready);
    }
}

/* ---- parsing, on every thread ---- */

/* The oldest chunk nobody parses; under the lock. */
static struct stoa__chunk *claim(stoa__chunks *chunks)
{
    struct stoa__chunk *oldest = NULL;

    for (int64_t i = 0; !oldest && i < chunks->ring_size; i++) {
        struct stoa__chunk *chunk = slot(chunks, chunks->head + i);

        if (chunk->state == STOA__CHUNK_READY)
            oldest = chunk;
    }
    if (oldest)
        oldest->state = STOA__CHUNK_CLAIMED;
    return oldest;
}

static void parse(stoa__chunks *chunks, void *worker, struct stoa__chunk *chunk)
{
    memset(chunk->text + chunk->size, 0, STOA__CHUNK_PADDING);
    chunk->lines = stoa__count_lines(chunk->text, chunk->size);
    chunks->format->parse(chunks->self, worker, chunk);
    set_state(chunks, chunk, STOA__CHUNK_DONE);
    stoa__condition_signal(&chunks->done);
}

static void thread_run(void *argument)
{
    struct stoa__chunk_thread *thread = argument;
    stoa__chunks *chunks = thread->chunks;
    struct stoa__chunk *chunk;

    stoa__mutex_lock(&chunks->lock);
    while (!chunks->stopping) {
        chunk = claim(chunks);
        if (!chunk) {
            stoa__condition_wait(&chunks->ready, &chunks->lock, -1);
            continue;
        }
        stoa__mutex_unlock(&chunks->lock);
        parse(chunks, thread->worker, chunk);
        stoa__mutex_lock(&chunks->lock);
    }
    stoa__mutex_unlock(&chunks->lock);
}

/* Threads are worth it from the second chunk on. */
static stoa_status start_threads(stoa__chunks *chunks, stoa_error *err)
{
    const int32_t count = chunks->thread_count - 1;
    stoa_status rc = STOA_OK;

    chunks->threads = stoa__alloc_zero((size_t)count, sizeof *chunks->threads);
    if (!chunks->threads)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        struct stoa__chunk_thread *thread = &chunks->threads[i];

        thread->chunks = chunks;
        rc = chunks->format->worker_new(chunks->self, &thread->worker, err);
        if (rc == STOA_OK)
            rc = stoa__thread_start(&thread->thread, "stoa-parse", thread_run, thread, err);
    }
    return rc;
}

/* The first chunk that is not handed out yet, parsed. */
static stoa_status wait_head(stoa__chunks *chunks, stoa__call *call, stoa_error *err)
{
    struct stoa__chunk *head = slot(chunks, chunks->head), *mine = NULL;
    bool done = false;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && !done) {
        stoa__mutex_lock(&chunks->lock);
        done = head->state == STOA__CHUNK_DONE;
        mine = done ? NULL : claim(chunks);
        if (!done && !mine)
            stoa__condition_wait(&chunks->done, &chunks->lock, stoa__call_slice_ns(call, -1));
        stoa__mutex_unlock(&chunks->lock);
        if (mine)
            parse(chunks, chunks->worker, mine);
        if (!done)
            rc = stoa__call_check(call, err);
    }
    return rc;
}

/* ---- the life ---- */

stoa_status stoa__chunks_sample(stoa__chunks *chunks, stoa__call *call, size_t size, bool *all,
                                stoa_error *err)
{
    stoa__buffer *rest = &chunks->rest;
    size_t more = size > rest->size ? size - rest->size : 0, got = 0;
    stoa_status rc;

    if (stoa__buffer_reserve(rest, more + STOA__CHUNK_PADDING) != STOA_OK)
        return stoa__fail_nomem(err);
    rc = stoa__source_read(&chunks->source, call, rest->data + rest->size, more, &got, err);
    rest->size += got;
    *all = rc == STOA_OK && got < more;
    memset(rest->data + rest->size, 0, STOA__CHUNK_PADDING);
    return rc;
}

stoa_status stoa__chunks_start(stoa__chunks *chunks, const struct stoa__chunk_format *format,
                               void *self, stoa_error *err)
{
    assert(chunks->thread_count >= 1 && chunks->chunk_size > 0 && !chunks->ring);
    chunks->format = format;
    chunks->self = self;
    chunks->ring_size = chunks->thread_count > 1 ? chunks->thread_count + RING_SPARE : 1;
    stoa__mutex_init(&chunks->lock);
    stoa__condition_init(&chunks->ready);
    stoa__condition_init(&chunks->done);
    chunks->ring = stoa__alloc_zero((size_t)chunks->ring_size, sizeof *chunks->ring);
    if (!chunks->ring)
        return stoa__fail_nomem(err);
    return format->worker_new(self, &chunks->worker, err);
}

stoa_status stoa__chunks_next(stoa__chunks *chunks, stoa__call *call, struct stoa__chunk **out,
                              stoa_error *err)
{
    stoa_status rc = stoa__call_check(call, err);

    *out = NULL;
    if (rc != STOA_OK)
        return rc;
    read_ahead(chunks, call);
    if (chunks->head == chunks->tail) {
        if (chunks->failure.code == 0)
            return STOA_DONE;
        stoa__error_copy(err, &chunks->failure);
        return chunks->failure.code;
    }
    if (!chunks->threads && chunks->tail - chunks->head > 1)
        rc = start_threads(chunks, err);
    if (rc == STOA_OK)
        rc = wait_head(chunks, call, err);
    if (rc == STOA_OK)
        *out = slot(chunks, chunks->head);
    return rc;
}

void stoa__chunks_give_back(stoa__chunks *chunks, struct stoa__chunk *chunk)
{
    assert(chunk == slot(chunks, chunks->head));
    stoa__array_release(&chunk->batch);
    stoa__rejects_reset(&chunk->rejects);
    stoa__mutex_lock(&chunks->lock);
    chunk->state = STOA__CHUNK_EMPTY;
    chunks->head++; /* claim() looks at it. */
    stoa__mutex_unlock(&chunks->lock);
}

static void stop_threads(stoa__chunks *chunks)
{
    if (!chunks->threads)
        return;
    stoa__mutex_lock(&chunks->lock);
    chunks->stopping = true;
    stoa__condition_broadcast(&chunks->ready);
    stoa__mutex_unlock(&chunks->lock);
    for (int32_t i = 0; i < chunks->thread_count - 1; i++) {
        stoa__thread_stop(&chunks->threads[i].thread);
        chunks->format->worker_free(chunks->threads[i].worker);
    }
    stoa__free(chunks->threads);
}

void stoa__chunks_release(stoa__chunks *chunks)
{
    stop_threads(chunks);
    for (int32_t i = 0; chunks->ring && i < chunks->ring_size; i++) {
        stoa__array_release(&chunks->ring[i].batch);
        stoa__rejects_release(&chunks->ring[i].rejects);
        stoa__free(chunks->ring[i].text);
    }
    stoa__free(chunks->ring);
    if (chunks->format) {
        chunks->format->worker_free(chunks->worker);
        stoa__condition_release(&chunks->done);
        stoa__condition_release(&chunks->ready);
        stoa__mutex_release(&chunks->lock);
    }
    stoa__buffer_release(&chunks->rest);
    stoa__source_release(&chunks->source);
    *chunks = (stoa__chunks){0};
}
