/* SPDX-License-Identifier: Apache-2.0 */
/* Results: a driver's stream that is validated, cut to the size asked for, and read on the
 * session's worker; or rows of our own. */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "arrow/cast.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* What an open stream may be drained into when another statement needs its connection. */
enum { KEPT_ROWS_MAX = 1 << 24, KEPT_BATCHES_GROW = 64 };
/* How long one visit to the worker may collect small batches. */
enum { PULL_NS_MAX = 2000000 };

/* ---- its life ---- */

struct adbc_cursor *adbc_cursor_new(struct adbc_session *session, stoa_error *err)
{
    struct adbc_cursor *cursor = stoa__alloc_zero(1, sizeof *cursor);

    if (!cursor) {
        (void)stoa__fail_nomem(err);
        return NULL;
    }
    cursor->session = session;
    cursor->rows_affected = -1;
    cursor->batch_rows = STOA__BATCH_ROWS_DEFAULT;
    return cursor;
}

static void link_stream(struct adbc_cursor *cursor)
{
    struct adbc_session *session = cursor->session;

    cursor->streaming = true;
    cursor->previous = NULL;
    cursor->next = session->streams;
    if (cursor->next)
        cursor->next->previous = cursor;
    session->streams = cursor;
}

static void unlink_stream(struct adbc_cursor *cursor)
{
    if (!cursor->streaming)
        return;
    if (cursor->previous)
        cursor->previous->next = cursor->next;
    else
        cursor->session->streams = cursor->next;
    if (cursor->next)
        cursor->next->previous = cursor->previous;
    cursor->next = cursor->previous = NULL;
    cursor->streaming = false;
}

void adbc_cursor_close(void *self)
{
    struct adbc_cursor *cursor = self;

    unlink_stream(cursor);
    for (int64_t i = cursor->kept_at; i < cursor->kept_count; i++)
        stoa__array_release(&cursor->kept[i]);
    stoa__free(cursor->kept);
    stoa__array_release(&cursor->rest);
    stoa__array_release(&cursor->top);
    if (cursor->in.type)
        stoa__stream_in_release(&cursor->in);
    stoa__arena_release(&cursor->arena);
    stoa__free(cursor);
}

static stoa_status keep(struct adbc_cursor *cursor, struct ArrowArray *batch, stoa_error *err)
{
    if (cursor->kept_count == cursor->kept_room) {
        int64_t room = cursor->kept_room + KEPT_BATCHES_GROW;
        struct ArrowArray *grown = stoa__realloc(cursor->kept, (size_t)room * sizeof *grown);

        if (!grown)
            return stoa__fail_nomem(err);
        cursor->kept = grown;
        cursor->kept_room = room;
    }
    cursor->kept[cursor->kept_count++] = *batch;
    *batch = (struct ArrowArray){0};
    return STOA_OK;
}

stoa_status adbc_cursor_of_batch(struct adbc_session *session, const struct stoa__arrow_type *type,
                                 struct ArrowArray *batch, void **out, stoa_error *err)
{
    struct adbc_cursor *cursor = adbc_cursor_new(session, err);
    stoa_status rc;

    if (!cursor)
        return STOA_ERR_NOMEM;
    rc = stoa__arrow_type_copy(type, &cursor->arena, &cursor->type, err);
    if (rc == STOA_OK && batch)
        rc = keep(cursor, batch, err);
    if (rc == STOA_OK)
        *out = cursor;
    else
        adbc_cursor_close(cursor);
    return rc;
}

stoa_status adbc_cursor_stream(struct adbc_cursor *cursor, struct ArrowArrayStream *stream,
                               stoa_error *err)
{
    const struct adbc_instance *instance = cursor->session->instance;
    stoa_error failure = {0};
    stoa_status rc;

    if (!stream->release)
        return stoa__fail(err, STOA_ERR_PROTOCOL,
                          "%s: the driver said that it executed, and gave no stream",
                          instance->engine);
    rc = stoa__stream_in_init(&cursor->in, stream, STOA_CHECK_SHAPE, &failure);
    if (rc != STOA_OK) {
        if (rc != STOA_ERR_NOMEM)
            rc = adbc_fail_stream(instance, stream, &failure);
        stoa__error_copy(err, &failure);
        stoa_stream_release(stream);
        return rc;
    }
    return STOA_OK;
}

/* ---- batches ---- */

/* From the driver; on the worker. */
static stoa_status pull_now(struct adbc_cursor *cursor, struct ArrowArray *out, stoa_error *err)
{
    stoa_error failure = {0};
    stoa_status rc;

    do
        rc = stoa__stream_in_next(&cursor->in, out, &failure);
    while (rc == STOA_OK && out->length == 0 && (stoa__array_release(out), true));
    if (rc >= 0)
        return rc;
    if (rc != STOA_ERR_NOMEM)
        rc = adbc_fail_stream(cursor->session->instance, &cursor->in.stream, &failure);
    stoa__error_copy(err, &failure);
    return rc;
}

/*
 * The C library gives the free end of a thread's heap back to the system at once, so that the
 * memory of every visit's batches would be faulted in anew, which takes longer than filling them.
 * So the last one made, which lies at that end, stays until the next ones are there. It is a wish:
 * without memory for it, nothing is kept.
 */
static void keep_top(struct adbc_cursor *cursor)
{
    struct ArrowArray *last = &cursor->kept[cursor->kept_count - 1];
    struct ArrowArray shared = {0}, top = {0};

    if (stoa__array_share(last, &shared, NULL) != STOA_OK)
        return;
    *last = shared;
    if (stoa__array_clone(last, &top, NULL) != STOA_OK)
        return;
    stoa__array_release(&cursor->top);
    cursor->top = top;
}

/* One batch. From the worker as many as make one of the size asked for, if they come quickly: going
 * there and back costs as much as making a small batch. What comes behind the first is kept. */
static stoa_status pull_job(void *self, stoa_error *err)
{
    struct adbc_cursor *cursor = self;
    const int64_t end = cursor->gathers ? stoa__clock_monotonic_ns() + PULL_NS_MAX : 0;
    int64_t rows = 0;
    stoa_status rc;

    cursor->kept_at = cursor->kept_count = 0;
    do {
        struct ArrowArray batch = {0};

        rc = pull_now(cursor, &batch, err);
        if (rc != STOA_OK)
            break;
        rows += batch.length;
        rc = keep(cursor, &batch, err);
        stoa__array_release(&batch);
    } while (rc == STOA_OK && cursor->gathers && rows < cursor->batch_rows &&
             stoa__clock_monotonic_ns() < end);
    if (cursor->kept_count > 1)
        keep_top(cursor);
    return rc;
}

static stoa_status next_whole(struct adbc_cursor *cursor, stoa__call *call, struct ArrowArray *out,
                              stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (cursor->kept_at == cursor->kept_count && cursor->streaming) {
        if (cursor->session->working)
            return stoa__fail(err, STOA_ERR_BUSY,
                              "%s: the connection is executing the statement that reads this "
                              "stream",
                              cursor->session->instance->engine);
        cursor->gathers = !adbc_works_here(cursor->session, call);
        rc = adbc_work(cursor->session, call, cursor->statement, pull_job, cursor,
                       &cursor->failure);
        if (rc != STOA_OK)
            unlink_stream(cursor); /* It is at its end, or will give nothing any more. */
        if (rc < 0) {
            adbc_note_failure(cursor->session);
            cursor->failure.code = rc;
        }
    }
    if (cursor->kept_at < cursor->kept_count) {
        *out = cursor->kept[cursor->kept_at++];
        return STOA_OK;
    }
    if (cursor->failure.code == 0)
        return STOA_DONE;
    stoa__error_copy(err, &cursor->failure);
    return cursor->failure.code;
}

/* Give the first rows of a batch that is too long, and keep the others. */
static stoa_status cut(struct adbc_cursor *cursor, struct ArrowArray *whole,
                       struct ArrowArray *out, stoa_error *err)
{
    struct ArrowArray shared = {0};
    stoa_status rc = STOA_OK;

    if (whole->release) {
        cursor->rest_count = whole->length;
        cursor->rest_row = 0;
        rc = stoa__array_share(whole, &shared, err);
        if (rc != STOA_OK)
            return rc;
        cursor->rest = shared;
    }
    int64_t count = cursor->rest_count - cursor->rest_row;

    if (count > cursor->batch_rows)
        count = cursor->batch_rows;
    rc = stoa__array_window(&cursor->rest, cursor->rest_row, count, out, err);
    cursor->rest_row += count;
    if (rc != STOA_OK || cursor->rest_row >= cursor->rest_count)
        stoa__array_release(&cursor->rest);
    return rc;
}

static const struct stoa__arrow_type *own_type(const struct adbc_cursor *cursor)
{
    return cursor->in.type ? cursor->in.type : cursor->type;
}

static stoa_status as_wanted(struct adbc_cursor *cursor, struct ArrowArray *batch, stoa_error *err)
{
    struct ArrowArray converted = {0};
    stoa_status rc;

    if (!cursor->wanted)
        return STOA_OK;
    rc = stoa__arrow_cast(own_type(cursor), batch, cursor->wanted, &converted, err);
    stoa__array_release(batch);
    *batch = converted;
    return rc;
}

stoa_status adbc_cursor_next(void *self, stoa__call *call, struct ArrowArray *out, stoa_error *err)
{
    struct adbc_cursor *cursor = self;
    struct ArrowArray whole = {0};
    stoa_status rc = stoa__call_check(call, err);

    if (rc == STOA_OK && !cursor->rest.release)
        rc = next_whole(cursor, call, &whole, err);
    if (rc != STOA_OK)
        return rc;
    if (whole.release && whole.length <= cursor->batch_rows) {
        *out = whole;
    } else {
        rc = cut(cursor, &whole, out, err);
        stoa__array_release(&whole);
    }
    if (rc == STOA_OK)
        rc = as_wanted(cursor, out, err);
    if (rc == STOA_OK)
        cursor->rows_read += out->length;
    stoa__call_progress(call, cursor->rows_read, -1);
    return rc;
}

/* ---- types ---- */

stoa_status adbc_cursor_type(void *self, stoa__call *call, const struct stoa__arrow_type **type,
                             stoa_error *err)
{
    struct adbc_cursor *cursor = self;

    (void)call;
    (void)err;
    *type = cursor->wanted ? cursor->wanted : own_type(cursor);
    return STOA_OK;
}

stoa_status adbc_cursor_request(void *self, const struct stoa__arrow_type *type, stoa_error *err)
{
    struct adbc_cursor *cursor = self;
    const struct stoa__arrow_type *own = own_type(cursor);
    struct stoa__arrow_type *wanted = NULL, merged = *own;
    stoa__arena arena = {0};
    stoa_status rc = STOA_OK;

    if (type->child_count != own->child_count)
        return stoa__fail(err, STOA_ERR_INVALID, "types of %d columns were asked for, not of %d",
                          type->child_count, own->child_count);
    merged.children = stoa__arena_alloc_zero(&arena, (size_t)own->child_count, sizeof *own);
    if (!merged.children)
        rc = stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < own->child_count; i++) {
        bool asked = type->children[i].kind != STOA__ARROW_NULL;

        merged.children[i] = asked ? type->children[i] : own->children[i];
        merged.children[i].name = own->children[i].name;
    }
    if (rc == STOA_OK)
        rc = stoa__arrow_type_copy(&merged, &cursor->arena, &wanted, err);
    if (rc == STOA_OK)
        cursor->wanted = wanted;
    stoa__arena_release(&arena);
    return rc;
}

void adbc_cursor_info(void *self, struct stoa__cursor_info *out)
{
    struct adbc_cursor *cursor = self;

    *out = (struct stoa__cursor_info){.rows_affected = cursor->rows_affected,
                                      .last_insert_id = 0,
                                      .rows_scanned = -1,
                                      .values_coerced = 0};
}

/* ---- making room ---- */

/* Read the rest of a stream into memory; its failure is kept for its reader. */
static stoa_status drain_now(struct adbc_cursor *cursor, stoa_error *err)
{
    int64_t rows = 0;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        struct ArrowArray batch = {0};

        rc = pull_now(cursor, &batch, &cursor->failure);
        if (rc != STOA_OK)
            break;
        rows += batch.length;
        rc = keep(cursor, &batch, err);
        stoa__array_release(&batch);
        if (rc == STOA_OK && rows > KEPT_ROWS_MAX)
            rc = stoa__fail(err, STOA_ERR_FULL,
                            "%s: an open result has more than %d rows left, too many to keep "
                            "while its connection does something else; read it to its end first",
                            cursor->session->instance->engine, KEPT_ROWS_MAX);
        if (rc != STOA_OK)
            return rc;
    }
    if (rc < 0)
        cursor->failure.code = rc;
    unlink_stream(cursor);
    return STOA_OK;
}

static stoa_status drain_all(void *self, stoa_error *err)
{
    struct adbc_session *session = self;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && session->streams)
        rc = drain_now(session->streams, err);
    return rc;
}

stoa_status adbc_make_room(struct adbc_session *session, stoa__call *call, bool always,
                           stoa_error *err)
{
    const struct adbc_instance *instance = session->instance;

    if (!session->streams || (!always && !instance->quirk->one_stream))
        return STOA_OK;
    if (!always && !instance->target.buffer_streams)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "%s: the connection has an open result, and this database has one at a "
                          "time: read it to its end, close it, or open with "
                          "concurrent_streams=buffer",
                          instance->engine);
    return adbc_work(session, call, session->streams->statement, drain_all, session, err);
}

void adbc_cursor_opened(struct adbc_cursor *cursor)
{
    link_stream(cursor);
}
