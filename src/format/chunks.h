/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source cut into chunks of whole records, which several threads parse and which come out in
 * order. It knows neither CSV nor JSON.
 *
 *   pulling thread   read, cut ──> ring of chunks ──> hand out in order
 *   "stoa-parse" ...                │   ^ parse
 *
 * The pulling thread parses as well when nothing else is to be done; with one thread there are no
 * others. Slots of the ring: EMPTY -> READY -> CLAIMED -> DONE -> EMPTY. Only the pulling thread
 * touches an EMPTY or DONE one, only who claimed it a CLAIMED one; `lock` guards the states.
 */
#ifndef STOA_FORMAT_CHUNKS_H
#define STOA_FORMAT_CHUNKS_H

#include "base/buffer.h"
#include "base/thread.h"
#include "format/rejects.h"
#include "format/source.h"
#include "stoa/arrow.h"

/* Bytes that may be read behind the last one of a chunk's text. */
enum { STOA__CHUNK_PADDING = 64 };

enum stoa__chunk_state {
    STOA__CHUNK_EMPTY = 0,
    STOA__CHUNK_READY,
    STOA__CHUNK_CLAIMED,
    STOA__CHUNK_DONE
};

struct stoa__chunk {
    enum stoa__chunk_state state;
    uint8_t *text; /* Whole records; the last one ends with a line end, also at the end. */
    size_t size, capacity;
    size_t skip; /* Bytes at the beginning that are not rows: mark, header. Counted as lines. */
    /* What parsing leaves. */
    struct ArrowArray batch; /* Released: no rows. */
    int64_t lines;           /* Line ends in `text`. */
    stoa__rejects rejects;   /* Their lines count from 0 at the beginning of the text. */
    stoa_error error;        /* code 0: none. `fault` is where. */
    struct stoa__fault fault;
};

/* What a format does. `cut` runs on the pulling thread, `parse` on any, each with a worker of its
 * own. */
struct stoa__chunk_format {
    /* How many bytes of `text` are whole records; 0: not even the first. */
    size_t (*cut)(void *self, const uint8_t *text, size_t size);
    stoa_status (*worker_new)(void *self, void **worker, stoa_error *err);
    void (*worker_free)(void *worker);
    /* Fill what parsing leaves. */
    void (*parse)(void *self, void *worker, struct stoa__chunk *chunk);
};

typedef struct stoa__chunks {
    stoa__source source;
    const struct stoa__chunk_format *format;
    void *self;
    int64_t chunk_size, record_size;
    int32_t thread_count;
    size_t first_skip; /* `skip` of the first chunk. */

    struct stoa__chunk *ring;
    int32_t ring_size;
    int64_t head, tail;  /* Handed out, filled: counted for ever, slot is the rest by ring_size. */
    stoa__buffer rest;   /* The beginning of the next chunk. */
    bool ended;          /* Nothing will be read any more ... */
    stoa_error failure;  /* ... because of this, if code is not 0: told behind the last chunk. */

    stoa__mutex lock;
    stoa__condition ready, done;
    bool stopping; /* Under `lock`. */
    struct stoa__chunk_thread *threads; /* One less than thread_count; NULL before they start. */
    void *worker;                       /* The pulling thread's. */
} stoa__chunks;

/* Settings and `source` are set by the caller, the rest is zero. Reads until `rest`, the sample,
 * has `size` bytes: a piece of the beginning that need not end with a record. *all: there is no
 * more. May be called again for more. */
stoa_status stoa__chunks_sample(stoa__chunks *chunks, stoa__call *call, size_t size, bool *all,
                                stoa_error *err);
/* Then, when the format knows how to cut and parse. */
stoa_status stoa__chunks_start(stoa__chunks *chunks, const struct stoa__chunk_format *format,
                               void *self, stoa_error *err);
/* The next parsed chunk, which is the caller's until stoa__chunks_give_back(); DONE at the end. */
stoa_status stoa__chunks_next(stoa__chunks *chunks, stoa__call *call, struct stoa__chunk **out,
                              stoa_error *err);
void stoa__chunks_give_back(stoa__chunks *chunks, struct stoa__chunk *chunk);
/* Stops the threads. Accepts all-zero, leaves all-zero. */
void stoa__chunks_release(stoa__chunks *chunks);

/* Line ends (LF, CRLF, CR) in `text`; one byte behind it may be read. */
int64_t stoa__count_lines(const uint8_t *text, size_t size);

#endif
