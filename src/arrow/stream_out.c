/* SPDX-License-Identifier: Apache-2.0 */
/* Our producers as Arrow streams. */
#include "arrow/stream.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/live.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/ban.h"

struct stream_out {
    const struct stoa__producer *producer;
    void *self;
    bool busy;      /* The producer runs. What it calls back may come here again ... */
    bool abandoned; /* ... and release the stream, which then waits for the way out. */
    bool ended;
    stoa_error failure;     /* Of `next`; code 0: none. Sticky. */
    stoa_error passing;     /* Of a call that took no rows away: `schema`, or `next` while what it
                               reads from was in use. Not sticky. */
    const stoa_error *last; /* What get_last_error tells: of the last call, if it failed. */
};

static void destroy(struct stream_out *self)
{
    self->producer->release(self->self);
    stoa__free(self);
    stoa__live_add(STOA_LIVE_STREAM, -1);
}

static void out_release(struct ArrowArrayStream *stream)
{
    struct stream_out *self;

    if (!stream || !stream->release)
        return;
    assert(stream->release == out_release);
    self = stream->private_data;
    stream->release = NULL;
    stream->private_data = NULL;
    self->abandoned = self->busy;
    if (!self->busy)
        destroy(self);
}

/* The other functions stay callable after release: get_schema and get_next answer EINVAL. */
static struct stream_out *alive(struct ArrowArrayStream *stream)
{
    return stream && stream->release == out_release ? stream->private_data : NULL;
}

static int tell(struct stream_out *self, const stoa_error *failure)
{
    self->last = failure;
    return stoa__errno_from_status(failure->code);
}

/* A producer that broke its promise is our own fault, but it must not reach the consumer. */
static void settle(stoa_status rc, bool released, const char *what, stoa_error *error)
{
    if (rc < 0)
        error->code = rc; /* In case it wrote no text. */
    else if (rc > STOA_DONE)
        (void)stoa__fail(error, STOA_ERR_INTERNAL, "%s answered %d", what, (int)rc);
    else if (rc == STOA_OK && released)
        (void)stoa__fail(error, STOA_ERR_INTERNAL, "%s gave nothing", what);
}

/* The stream was released while its producer ran. */
static int leave(struct stream_out *self)
{
    destroy(self);
    return ECANCELED;
}

static int out_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct stream_out *self = alive(stream);
    stoa_status rc;

    if (out)
        memset(out, 0, sizeof(*out));
    if (!self || !out)
        return EINVAL;
    if (self->busy)
        return EBUSY;
    self->last = NULL;
    self->passing.code = STOA_OK;
    self->passing.text[0] = '\0';
    self->busy = true;
    rc = self->producer->schema(self->self, out, &self->passing);
    self->busy = false;
    if (self->abandoned) {
        stoa__schema_release(out);
        return leave(self);
    }
    settle(rc, !out->release, "the stream's schema", &self->passing);
    if (self->passing.code == 0)
        return 0;
    stoa__schema_release(out);
    memset(out, 0, sizeof(*out));
    return tell(self, &self->passing);
}

static int out_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct stream_out *self = alive(stream);
    stoa_status rc;

    if (out)
        memset(out, 0, sizeof(*out));
    if (!self || !out)
        return EINVAL;
    if (self->busy)
        return EBUSY;
    self->last = NULL;
    if (self->failure.code != 0)
        return tell(self, &self->failure);
    if (self->ended)
        return 0;
    self->busy = true;
    rc = self->producer->next(self->self, out, &self->failure);
    self->busy = false;
    if (self->abandoned) {
        stoa__array_release(out);
        return leave(self);
    }
    settle(rc, !out->release, "the stream's next batch", &self->failure);
    if (rc == STOA_OK && self->failure.code == 0)
        return 0;
    stoa__array_release(out);
    memset(out, 0, sizeof(*out));
    self->ended = rc == STOA_DONE;
    if (rc == STOA_ERR_BUSY) {
        self->passing = self->failure;
        self->failure.code = STOA_OK;
        return tell(self, &self->passing);
    }
    return self->ended ? 0 : tell(self, &self->failure);
}

static const char *out_last_error(struct ArrowArrayStream *stream)
{
    struct stream_out *self = alive(stream);

    return self && self->last ? self->last->text : NULL;
}

const stoa_error *stoa__stream_own_error(struct ArrowArrayStream *stream)
{
    struct stream_out *self = alive(stream);

    return self ? self->last : NULL;
}

void *stoa__stream_self(struct ArrowArrayStream *stream, const struct stoa__producer *producer)
{
    struct stream_out *self = alive(stream);

    return self && self->producer == producer ? self->self : NULL;
}

stoa_status stoa__stream_out(const struct stoa__producer *producer, void *self,
                             struct ArrowArrayStream *out, stoa_error *err)
{
    struct stream_out *piece;

    assert(producer && producer->schema && producer->next && producer->release && out);
    memset(out, 0, sizeof(*out));
    piece = stoa__alloc(sizeof(*piece)); /* Most of it is text that is not there yet. */
    if (!piece)
        return stoa__fail_nomem(err);
    piece->producer = producer;
    piece->self = self;
    piece->busy = piece->abandoned = piece->ended = false;
    piece->failure.code = piece->passing.code = STOA_OK;
    piece->failure.text[0] = piece->passing.text[0] = '\0';
    piece->last = NULL;
    out->get_schema = out_schema;
    out->get_next = out_next;
    out->get_last_error = out_last_error;
    out->release = out_release;
    out->private_data = piece;
    stoa__live_add(STOA_LIVE_STREAM, 1);
    return STOA_OK;
}
