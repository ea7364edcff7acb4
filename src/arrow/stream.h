/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams, both ways, and the only translator between errno and stoa_error.
 *
 * In: a foreign stream wrapped so that its schema is parsed once, every batch is validated, the
 * first error is remembered and repeated, its text is captured at once, and release happens once.
 * Out: our producers wrapped so that any stream outlives every handle and errors are sticky.
 */
#ifndef STOA_ARROW_STREAM_H
#define STOA_ARROW_STREAM_H

#include "arrow/type.h"

/* A foreign stream being read. */
struct stoa__stream_in {
    struct ArrowArrayStream stream;  /* Owned. */
    struct ArrowSchema schema;       /* Owned; as the producer gave it. */
    struct stoa__arrow_type *type;   /* In `arena`. A struct. */
    stoa__arena arena;
    int32_t check;                   /* STOA_CHECK_* */
    bool ended;
    stoa_error failure;              /* code 0: none. Sticky. */
    int64_t batch_count, row_count;  /* Delivered so far. */
};

/* Take `stream` on success: its schema has then been fetched and must be a struct. On failure the
 * stream is untouched except that its get_schema may have been called, and `in` is zero. A failure
 * of the producer is CALLBACK, as below. Calls back. */
stoa_status stoa__stream_in_init(struct stoa__stream_in *in, struct ArrowArrayStream *stream,
                                 int32_t check, stoa_error *err);
/* Next batch, validated; STOA_DONE with a released `out` at the end, for ever after. A failure of
 * the producer is CALLBACK with its text and its errno in engine_code, unless the producer is a
 * stream of ours, whose error comes through as it was; a batch that does not validate is INVALID;
 * all sticky. Zero-row batches are passed on. Calls back. */
stoa_status stoa__stream_in_next(struct stoa__stream_in *in, struct ArrowArray *out,
                                 stoa_error *err);
/* Give the foreign stream back to the caller unread (a call that failed before using it). */
void stoa__stream_in_return(struct stoa__stream_in *in, struct ArrowArrayStream *stream);
void stoa__stream_in_release(struct stoa__stream_in *in);

/* What one of our producers does. `next` answers OK or DONE; on DONE `out` stays released. Never
 * called again after a failure or DONE. `release` runs exactly once. */
struct stoa__producer {
    stoa_status (*schema)(void *self, struct ArrowSchema *out, stoa_error *err);
    stoa_status (*next)(void *self, struct ArrowArray *out, stoa_error *err);
    void (*release)(void *self);
};

/*
 * Wrap a producer as an ArrowArrayStream; `producer` is borrowed for ever. On success `self`
 * belongs to the stream; on failure (NOMEM) release(self) has not run. Counts in
 * STOA_LIVE_STREAM. A stream released from inside its producer ends with ECANCELED on the way
 * out, one that is called from there answers EBUSY; get_schema and get_next of a released
 * stream answer EINVAL. A failed schema is told but is not sticky, and neither is BUSY.
 */
stoa_status stoa__stream_out(const struct stoa__producer *producer, void *self,
                             struct ArrowArrayStream *out, stoa_error *err);

/* The whole error of the last call on a stream made by stoa__stream_out; NULL when that call did
 * not fail, or `stream` is somebody else's. */
const stoa_error *stoa__stream_own_error(struct ArrowArrayStream *stream);

/* The `self` of a stream made by stoa__stream_out for this producer; NULL if it is not. */
void *stoa__stream_self(struct ArrowArrayStream *stream, const struct stoa__producer *producer);

/* stoa_status of an errno an Arrow callback returned, and the reverse. */
stoa_status stoa__status_from_errno(int errno_code); /* CALLBACK for what has no word here. */
int stoa__errno_from_status(stoa_status status);     /* `status` < 0. */

#endif
