/* SPDX-License-Identifier: Apache-2.0 */
/* Streams being read, and the calls for languages that cannot call through pointers. */
#include "arrow/stream.h"

#include "arrow/array.h"
#include "arrow/validate.h"
#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { PRODUCER_TEXT_SIZE = 768 };

/* Ask for the producer's words now: they die with the next call. */
static stoa_status capture(struct ArrowArrayStream *stream, int errno_code,
                           stoa_status status, const char *what, stoa_error *err)
{
    const stoa_error *own = stoa__stream_own_error(stream);
    const char *text;

    if (own) {
        stoa__error_copy(err, own);
        return own->code;
    }
    text = stream->get_last_error ? stream->get_last_error(stream) : NULL;
    if (text && text[0] != '\0')
        (void)stoa__fail(err, status, "%s failed: %.*s", what, PRODUCER_TEXT_SIZE, text);
    else
        (void)stoa__fail(err, status, "%s failed with errno %d and no text", what,
                         errno_code);
    stoa__error_engine(err, errno_code, NULL);
    return status;
}

static stoa_status check_stream(const struct ArrowArrayStream *stream, stoa_error *err)
{
    if (!stream)
        return stoa__fail(err, STOA_ERR_INVALID, "the stream is NULL");
    if (!stream->release)
        return stoa__fail(err, STOA_ERR_INVALID, "the stream is released");
    if (!stream->get_schema || !stream->get_next)
        return stoa__fail(err, STOA_ERR_INVALID, "the stream has no %s function",
                          stream->get_schema ? "get_next" : "get_schema");
    return STOA_OK;
}

/* `on_errno` is the status of a failure; 0: by its errno. */
static stoa_status fetch_schema(struct ArrowArrayStream *stream, stoa_status on_errno,
                                struct ArrowSchema *out, stoa_error *err)
{
    int code;

    memset(out, 0, sizeof(*out));
    code = stream->get_schema(stream, out);
    if (code == 0 && out->release)
        return STOA_OK;
    memset(out, 0, sizeof(*out)); /* After a failure it is not ours to release. */
    if (code == 0)
        return stoa__fail(err, STOA_ERR_INVALID, "the stream gave a released schema");
    return capture(stream, code, on_errno ? on_errno : stoa__status_from_errno(code),
                   "the stream's schema", err);
}

static stoa_status fetch_batch(struct ArrowArrayStream *stream, stoa_status on_errno,
                               struct ArrowArray *out, stoa_error *err)
{
    int code;

    memset(out, 0, sizeof(*out));
    code = stream->get_next(stream, out);
    if (code == 0)
        return out->release ? STOA_OK : STOA_DONE;
    memset(out, 0, sizeof(*out));
    return capture(stream, code, on_errno ? on_errno : stoa__status_from_errno(code),
                   "the stream", err);
}

stoa_status stoa__stream_in_init(struct stoa__stream_in *in,
                                 struct ArrowArrayStream *stream, int32_t check,
                                 stoa_error *err)
{
    stoa_status rc;

    assert(in && (check == STOA_CHECK_SHAPE || check == STOA_CHECK_FULL));
    memset(in, 0, sizeof(*in));
    rc = check_stream(stream, err);
    if (rc == STOA_OK)
        rc = fetch_schema(stream, STOA_ERR_CALLBACK, &in->schema, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&in->schema, &in->arena, &in->type, err);
    if (rc == STOA_OK && in->type->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_TYPE,
                        "the stream's schema has format '%s', not that of a struct",
                        in->type->format);
    if (rc != STOA_OK) {
        stoa__stream_in_release(in);
        return rc;
    }
    in->check = check;
    in->stream = *stream;
    memset(stream, 0, sizeof(*stream));
    return STOA_OK;
}

stoa_status stoa__stream_in_next(struct stoa__stream_in *in, struct ArrowArray *out,
                                 stoa_error *err)
{
    stoa_status rc;

    assert(in && in->type && out);
    memset(out, 0, sizeof(*out));
    if (in->failure.code != 0) {
        stoa__error_copy(err, &in->failure);
        return in->failure.code;
    }
    if (in->ended)
        return STOA_DONE;
    rc = fetch_batch(&in->stream, STOA_ERR_CALLBACK, out, &in->failure);
    if (rc == STOA_OK) {
        rc = stoa__arrow_validate(in->type, out, in->check, &in->failure);
        if (rc != STOA_OK)
            stoa__wrap(&in->failure, "batch %lld of the stream",
                       (long long)in->batch_count);
    }
    if (rc == STOA_OK) {
        in->batch_count++;
        in->row_count += out->length;
        return STOA_OK;
    }
    stoa__array_release(out);
    memset(out, 0, sizeof(*out));
    in->ended = rc == STOA_DONE;
    if (rc < 0)
        stoa__error_copy(err, &in->failure);
    return rc;
}

void stoa__stream_in_return(struct stoa__stream_in *in, struct ArrowArrayStream *stream)
{
    assert(in && in->stream.release && stream && !stream->release);
    *stream = in->stream;
    memset(&in->stream, 0, sizeof(in->stream));
    stoa__stream_in_release(in);
}

void stoa__stream_in_release(struct stoa__stream_in *in)
{
    assert(in);
    stoa__schema_release(&in->schema);
    stoa_stream_release(&in->stream);
    stoa__arena_release(&in->arena);
    memset(in, 0, sizeof(*in));
}

void stoa_stream_release(struct ArrowArrayStream *stream)
{
    if (stream && stream->release)
        stream->release(stream);
}

stoa_status stoa_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out,
                               stoa_error *err)
{
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    memset(out, 0, sizeof(*out));
    rc = check_stream(stream, err);
    return rc == STOA_OK ? fetch_schema(stream, 0, out, err) : rc;
}

stoa_status stoa_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out,
                             stoa_error *err)
{
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    memset(out, 0, sizeof(*out));
    rc = check_stream(stream, err);
    return rc == STOA_OK ? fetch_batch(stream, 0, out, err) : rc;
}
