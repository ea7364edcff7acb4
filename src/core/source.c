/* SPDX-License-Identifier: Apache-2.0 */
#include "core/source.h"

#include "arrow/array.h"
#include "arrow/validate.h"
#include "base/error.h"

#include <assert.h>

#include "base/ban.h"

/* ---- a batch ---- */

static stoa_status batch_next(void *self, const struct ArrowArray **batch,
                              stoa_error *err)
{
    struct stoa__batch_source *source = self;

    (void)err;
    *batch = source->given ? NULL : source->batch;
    if (source->given)
        return STOA_DONE;
    source->given = true;
    return STOA_OK;
}

stoa_status stoa__batch_source_init(struct stoa__batch_source *out,
                                    const struct stoa__arrow_type *type,
                                    const struct ArrowArray *batch, int32_t check,
                                    stoa_error *err)
{
    stoa_status rc = stoa__arrow_validate(type, batch, check, err);

    *out = (struct stoa__batch_source){0};
    if (rc != STOA_OK)
        return rc;
    out->batch = batch;
    out->source = (struct stoa__source){
        .type = type, .next = batch_next, .self = out, .row_count = batch->length,
        .batch = batch};
    return STOA_OK;
}

/* ---- a stream ---- */

static stoa_status stream_next(void *self, const struct ArrowArray **batch,
                               stoa_error *err)
{
    struct stoa__stream_source *source = self;
    stoa_status rc;

    *batch = NULL;
    stoa__array_release(&source->batch);
    source->batch = (struct ArrowArray){0};
    rc = stoa__stream_in_next(&source->in, &source->batch, err);
    if (rc == STOA_OK)
        *batch = &source->batch;
    return rc;
}

static void stream_take(void *self, struct ArrowArray *out)
{
    struct stoa__stream_source *source = self;

    *out = source->batch;
    source->batch = (struct ArrowArray){0};
}

stoa_status stoa__stream_source_init(struct stoa__stream_source *out,
                                     struct ArrowArrayStream *stream, int32_t check,
                                     stoa_error *err)
{
    stoa_status rc;

    *out = (struct stoa__stream_source){0};
    rc = stoa__stream_in_init(&out->in, stream, check, err);
    if (rc != STOA_OK)
        return rc;
    out->source = (struct stoa__source){
        .type = out->in.type, .next = stream_next, .self = out, .row_count = -1,
        .take = stream_take};
    return STOA_OK;
}

void stoa__stream_source_return(struct stoa__stream_source *source,
                                struct ArrowArrayStream *stream)
{
    stoa__array_release(&source->batch);
    stoa__stream_in_return(&source->in, stream);
}

void stoa__stream_source_release(struct stoa__stream_source *source)
{
    stoa__array_release(&source->batch);
    stoa__stream_in_release(&source->in);
}

/* ---- raw columns ---- */

stoa_status stoa__raw_source_init(struct stoa__raw_source *out, struct stoa__type_cache *types,
                                  const stoa_column *columns, int64_t column_count,
                                  int64_t row_count, int32_t check, stoa_error *err)
{
    stoa_status rc;

    *out = (struct stoa__raw_source){0};
    rc = stoa__raw_init(&out->raw, columns, column_count, row_count, err);
    if (rc == STOA_OK)
        rc = stoa__type_cache_get(types, &out->raw.schema, &out->known, err);
    if (rc == STOA_OK)
        rc = stoa__batch_source_init(&out->batch, out->known->type, &out->raw.array, check, err);
    if (rc != STOA_OK)
        stoa__raw_source_release(out);
    return rc;
}

void stoa__raw_source_release(struct stoa__raw_source *source)
{
    stoa__known_type_unref(source->known);
    stoa__raw_release(&source->raw);
    *source = (struct stoa__raw_source){0};
}
