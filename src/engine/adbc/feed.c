/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the caller as a stream for a driver. The driver may pull on any of its threads; the
 * caller's code runs on the calling thread alone. What is handed over is the driver's own: a batch
 * that its source cannot give away is copied. Whatever the driver says in the end, what happened
 * here is what counts.
 */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/cast.h"
#include "arrow/cell.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/ban.h"

/* Several drivers pay by the batch: those smaller than tiny are gathered. */
enum { NS_PER_US = 1000, TINY_ROWS = 1024, GATHERED_ROWS = 8192 };

struct adbc_feed {
    stoa__mutex lock; /* Held by a thread that pulls, until it has its answer. */
    int32_t references; /* Ours and the stream's; under `lock`. */
    struct adbc_session *session;
    struct stoa__source *source; /* NULL: it has ended. */
    stoa__call *call;
    const struct stoa__arrow_type *type; /* Of the rows handed over; in `arena`. */
    struct ArrowSchema schema; /* For the first who asks: PostgreSQL's driver dies if it fails. */
    stoa__arena arena;
    int32_t *columns; /* NULL: all. */
    bool refuse_nan, refuse_uint64, refuse_nanoseconds;
    stoa_status rc; /* Of the last pull. */
    struct ArrowArray batch;
    struct ArrowArray held; /* The source's, behind what was gathered. */
    bool source_done;       /* It has no more than is held. */
    int64_t rows;
    bool ended;
    stoa_error failure;
};

static void unref(struct adbc_feed *feed)
{
    bool last;

    stoa__mutex_lock(&feed->lock);
    last = --feed->references == 0;
    stoa__mutex_unlock(&feed->lock);
    if (!last)
        return;
    stoa__mutex_release(&feed->lock);
    stoa__schema_release(&feed->schema);
    stoa__array_release(&feed->held);
    stoa__arena_release(&feed->arena);
    stoa__free(feed);
}

/* ---- what is handed over ---- */

static stoa_status own_batch(struct adbc_feed *feed, const struct ArrowArray *batch,
                             struct ArrowArray *out, stoa_error *err)
{
    struct stoa__source *source = feed->source;
    bool whole = batch->offset == 0;

    for (int64_t i = 0; i < batch->n_children && whole; i++)
        whole = batch->children[i]->offset == 0;
    /* Children are moved one by one only when they are not windows of something longer. */
    if (source->take &&
        (whole || (!feed->columns && !feed->session->instance->quirk->reads_ahead))) {
        source->take(source->self, out);
        return STOA_OK;
    }
    return stoa__array_copy(source->type, batch, out, err);
}

/* The columns asked for, moved out of `whole`. */
static stoa_status pick(struct adbc_feed *feed, struct ArrowArray *whole, struct ArrowArray *out,
                        stoa_error *err)
{
    stoa_status rc = stoa__array_init(out, 1, feed->type->child_count, err);

    if (rc != STOA_OK)
        return rc;
    out->length = whole->length;
    for (int32_t i = 0; i < feed->type->child_count && rc == STOA_OK; i++) {
        struct ArrowArray *from = whole->children[feed->columns[i]], copy = {0};

        for (int32_t later = i + 1; later < feed->type->child_count; later++)
            if (feed->columns[later] == feed->columns[i] && !copy.release)
                rc = stoa__array_copy(&feed->type->children[i], from, &copy, err);
        if (rc != STOA_OK)
            break;
        if (copy.release) {
            stoa__array_adopt(out->children[i], &copy);
        } else {
            *out->children[i] = *from;
            from->release = NULL;
        }
    }
    if (rc != STOA_OK)
        stoa__array_release(out);
    return rc;
}

static bool is_float(const struct stoa__arrow_type *type)
{
    return type->kind == STOA__ARROW_FLOAT64 || type->kind == STOA__ARROW_FLOAT32 ||
           type->kind == STOA__ARROW_FLOAT16;
}

/* Are there values of the type that the database would change without a word? */
static bool is_doubtful(const struct adbc_feed *feed, const struct stoa__arrow_type *type)
{
    return (feed->refuse_nan && is_float(type)) ||
           (feed->refuse_uint64 && type->kind == STOA__ARROW_UINT64) ||
           (feed->refuse_nanoseconds && type->unit == STOA__UNIT_NANO);
}

/* The name of such a value; NULL: it fits. */
static const char *unfit(const struct stoa__cell *cell)
{
    double value;

    if (cell->null)
        return NULL;
    if (cell->type->kind == STOA__ARROW_UINT64)
        return stoa__cell_int64(cell) < 0 ? "an integer above 9223372036854775807" : NULL;
    if (cell->type->unit == STOA__UNIT_NANO)
        return stoa__cell_int64(cell) % NS_PER_US != 0 ? "nanoseconds" : NULL;
    value = stoa__cell_float64(cell);
    return value != value ? "NaN (nan=null makes it NULL)" : NULL;
}

static stoa_status check_values(struct adbc_feed *feed, const struct ArrowArray *batch,
                                stoa_error *err)
{
    for (int32_t i = 0; i < feed->type->child_count; i++) {
        const struct stoa__arrow_type *type = &feed->type->children[i];

        if (type->dictionary || !is_doubtful(feed, type))
            continue;
        for (int64_t row = 0; row < batch->length; row++) {
            struct stoa__cell cell;
            const char *what;

            stoa__cell_at(type, batch->children[i], row, &cell);
            what = unfit(&cell);
            if (what)
                return stoa__fail(err, STOA_ERR_TYPE,
                                  "%s: column '%s', row %lld: it cannot hold %s",
                                  feed->session->instance->engine, type->name,
                                  (long long)(feed->rows + row), what);
        }
    }
    return STOA_OK;
}

/* ---- gathering ---- */

/* The source's next batch, our own. */
static stoa_status next_of_source(struct adbc_feed *feed, struct ArrowArray *out, stoa_error *err)
{
    const struct ArrowArray *batch = NULL;
    stoa_status rc = STOA_DONE;

    *out = feed->held;
    feed->held = (struct ArrowArray){0};
    if (out->release)
        return STOA_OK;
    if (!feed->source_done)
        rc = stoa__call_check(feed->call, err);
    if (rc == STOA_OK)
        rc = feed->source->next(feed->source->self, &batch, err);
    if (rc == STOA_OK)
        return own_batch(feed, batch, out, err);
    feed->source_done = rc == STOA_DONE;
    return rc;
}

/* FULL: it does not fit behind what is there, which is as it was. */
static stoa_status append_rows(struct stoa__builder *builder, const struct ArrowArray *batch,
                               stoa_error *err)
{
    const struct stoa__arrow_type *type = builder->root.type;
    int64_t before = stoa__column_length(&builder->root);
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; row < batch->length && rc == STOA_OK; row++) {
        struct stoa__cell root, cell;

        stoa__cell_at(type, batch, row, &root);
        for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++) {
            stoa__cell_child(&root, i, &cell);
            rc = stoa__cell_cast(&cell, &builder->root.children[i], err);
        }
        if (rc == STOA_OK)
            rc = stoa__column_end_struct(&builder->root, err);
    }
    if (rc == STOA_ERR_FULL)
        stoa__column_truncate(&builder->root, before);
    return rc;
}

/* `first` and what follows it, as long as it is tiny. Takes `first`. */
static stoa_status gather(struct adbc_feed *feed, struct ArrowArray *first, struct ArrowArray *out,
                          stoa_error *err)
{
    struct stoa__builder builder = {0};
    struct ArrowArray batch = *first;
    stoa_error full = {0};
    stoa_status rc = stoa__builder_init(&builder, feed->source->type, GATHERED_ROWS, err);

    *first = (struct ArrowArray){0};
    while (rc == STOA_OK && stoa__column_length(&builder.root) < GATHERED_ROWS) {
        rc = append_rows(&builder, &batch, &full);
        if (rc == STOA_ERR_FULL && stoa__column_length(&builder.root) > 0)
            break;
        stoa__array_release(&batch);
        if (rc != STOA_OK)
            stoa__error_copy(err, &full);
        if (rc == STOA_OK)
            rc = next_of_source(feed, &batch, err);
        if (rc == STOA_OK && batch.length >= TINY_ROWS)
            break;
    }
    if (rc == STOA_DONE || rc == STOA_ERR_FULL)
        rc = STOA_OK;
    if (rc == STOA_OK)
        feed->held = batch;
    else
        stoa__array_release(&batch);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

/* A batch that is alone, or not tiny, is handed over as it is. */
static stoa_status next_whole(struct adbc_feed *feed, struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc = next_of_source(feed, out, err);
    struct ArrowArray first, second = {0};

    if (rc != STOA_OK || out->length >= TINY_ROWS)
        return rc;
    rc = next_of_source(feed, &second, err);
    if (rc < 0)
        return rc;
    feed->held = second;
    if (rc == STOA_DONE || second.length >= TINY_ROWS)
        return STOA_OK;
    first = *out;
    *out = (struct ArrowArray){0};
    return gather(feed, &first, out, err);
}

static stoa_status next_batch(struct adbc_feed *feed, stoa_error *err)
{
    struct ArrowArray whole = {0};
    stoa_status rc = next_whole(feed, feed->columns ? &whole : &feed->batch, err);

    if (rc == STOA_OK && feed->columns)
        rc = pick(feed, &whole, &feed->batch, err);
    stoa__array_release(&whole);
    if (rc == STOA_OK && (feed->refuse_nan || feed->refuse_uint64 || feed->refuse_nanoseconds))
        rc = check_values(feed, &feed->batch, err);
    return rc;
}

/* On the calling thread. */
static void pull(void *self)
{
    struct adbc_feed *feed = self;

    feed->batch = (struct ArrowArray){0};
    feed->rc = next_batch(feed, &feed->failure);
    if (feed->rc == STOA_OK) {
        feed->rows += feed->batch.length;
        stoa__call_progress(feed->call, feed->rows, feed->source->row_count);
        return;
    }
    stoa__array_release(&feed->batch);
    feed->batch = (struct ArrowArray){0};
    feed->ended = feed->rc == STOA_DONE;
    if (feed->rc < 0)
        feed->failure.code = feed->rc;
}

/* ---- the stream ---- */

static int feed_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct adbc_feed *feed = stream->private_data;
    int code = 0;

    stoa__mutex_lock(&feed->lock);
    *out = feed->schema;
    feed->schema = (struct ArrowSchema){0};
    if (!out->release && stoa__arrow_type_export(feed->type, out, &feed->failure) != STOA_OK)
        code = stoa__errno_from_status(feed->failure.code);
    stoa__mutex_unlock(&feed->lock);
    return code;
}

/* The lock is held. */
static int answer(struct adbc_feed *feed, struct ArrowArray *out)
{
    if (!feed->source)
        return ECANCELED; /* Long after its time. */
    if (feed->failure.code != 0)
        return stoa__errno_from_status(feed->failure.code);
    if (feed->ended)
        return 0;
    if (!adbc_worker_ask(&feed->session->worker, pull, feed))
        return ECANCELED;
    if (feed->failure.code != 0)
        return stoa__errno_from_status(feed->failure.code);
    *out = feed->batch;
    feed->batch = (struct ArrowArray){0};
    return 0;
}

static int feed_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct adbc_feed *feed = stream->private_data;
    int code;

    *out = (struct ArrowArray){0};
    stoa__mutex_lock(&feed->lock);
    code = answer(feed, out);
    stoa__mutex_unlock(&feed->lock);
    return code;
}

static const char *feed_get_last_error(struct ArrowArrayStream *stream)
{
    struct adbc_feed *feed = stream->private_data;

    return feed->failure.code != 0 ? feed->failure.text : NULL;
}

static void feed_release(struct ArrowArrayStream *stream)
{
    struct adbc_feed *feed = stream->private_data;

    stream->release = NULL;
    stream->private_data = NULL;
    unref(feed);
}

void adbc_feed_stream(struct adbc_feed *feed, struct ArrowArrayStream *out)
{
    stoa__mutex_lock(&feed->lock);
    feed->references++;
    stoa__mutex_unlock(&feed->lock);
    *out = (struct ArrowArrayStream){.get_schema = feed_get_schema,
                                     .get_next = feed_get_next,
                                     .get_last_error = feed_get_last_error,
                                     .release = feed_release,
                                     .private_data = feed};
}

/* ---- its life ---- */

/* A type of its own: a driver may ask for it when the source is gone. */
static stoa_status make_type(struct adbc_feed *feed, const struct stoa__arrow_type *type,
                             const int32_t *columns, int32_t count, stoa_error *err)
{
    struct stoa__arrow_type picked = *type, *copy = NULL;
    struct ArrowSchema schema = {0};
    stoa_status rc;

    if (columns) {
        feed->columns = stoa__arena_alloc_zero(&feed->arena, (size_t)count, sizeof *columns);
        picked.children =
            stoa__arena_alloc_zero(&feed->arena, (size_t)count, sizeof *picked.children);
        if (!feed->columns || !picked.children)
            return stoa__fail_nomem(err);
        picked.child_count = count;
        for (int32_t i = 0; i < count; i++) {
            feed->columns[i] = columns[i];
            picked.children[i] = type->children[columns[i]];
        }
    }
    rc = stoa__arrow_type_export(&picked, &schema, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&schema, &feed->arena, &copy, err);
    stoa__schema_release(&schema);
    feed->type = copy;
    return rc == STOA_OK ? stoa__arrow_type_export(copy, &feed->schema, err) : rc;
}

stoa_status adbc_feed_new(struct adbc_session *session, struct stoa__source *source,
                          stoa__call *call, const int32_t *columns, int32_t column_count,
                          int32_t nan, struct adbc_feed **out, stoa_error *err)
{
    struct adbc_feed *feed = stoa__alloc_zero(1, sizeof *feed);
    stoa_status rc;

    if (!feed)
        return stoa__fail_nomem(err);
    stoa__mutex_init(&feed->lock);
    feed->references = 1;
    feed->session = session;
    feed->source = source;
    feed->call = call;
    feed->refuse_nan = nan == STOA__NAN_ERROR && session->instance->quirk->loses_nan;
    feed->refuse_uint64 = session->instance->quirk->wraps_uint64;
    feed->refuse_nanoseconds = session->instance->quirk->cuts_nanoseconds;
    rc = make_type(feed, source->type, columns, column_count, err);
    if (rc == STOA_OK)
        *out = feed;
    else
        unref(feed);
    return rc;
}

int64_t adbc_feed_rows(const struct adbc_feed *feed)
{
    return feed->rows;
}

stoa_status adbc_feed_failure(struct adbc_feed *feed, stoa_error *err)
{
    stoa_status rc;

    stoa__mutex_lock(&feed->lock);
    rc = feed->failure.code;
    if (rc != STOA_OK)
        stoa__error_copy(err, &feed->failure);
    stoa__mutex_unlock(&feed->lock);
    return rc;
}

stoa_status adbc_feed_check(struct adbc_feed *feed, stoa_error *err)
{
    stoa_status rc = adbc_feed_failure(feed, err);

    if (rc != STOA_OK || feed->ended)
        return rc;
    return stoa__fail(err, STOA_ERR_PROTOCOL,
                      "%s: the driver stopped reading after %lld rows and said that all is well",
                      feed->session->instance->engine, (long long)feed->rows);
}

void adbc_feed_end(struct adbc_feed *feed)
{
    stoa__mutex_lock(&feed->lock);
    stoa__array_release(&feed->held);
    feed->held = (struct ArrowArray){0};
    feed->source = NULL;
    feed->session = NULL;
    feed->call = NULL;
    stoa__mutex_unlock(&feed->lock);
    unref(feed);
}
