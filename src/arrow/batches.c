/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of batches held in memory. */
#include "arrow/array.h"
#include "arrow/stream.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct batches {
    struct ArrowSchema schema;
    struct ArrowArray *list; /* Batches before `next` are given away. */
    int64_t count, next;
};

static void batches_release(void *self)
{
    struct batches *batches = self;

    stoa__schema_release(&batches->schema);
    for (int64_t i = batches->next; i < batches->count; i++)
        stoa__array_release(&batches->list[i]);
    stoa__free(batches->list);
    stoa__free(batches);
}

static stoa_status batches_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    return stoa_schema_copy(&((struct batches *)self)->schema, out, err);
}

static stoa_status batches_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct batches *batches = self;

    (void)err;
    if (batches->next == batches->count)
        return STOA_DONE;
    *out = batches->list[batches->next++];
    return STOA_OK;
}

static const struct stoa__producer batches_producer = {batches_schema, batches_next,
                                                       batches_release};

static stoa_status check_batches(const struct ArrowSchema *schema,
                                 const struct ArrowArray *list, int64_t count,
                                 stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc = stoa__arrow_type_parse(schema, &arena, &type, err);

    if (rc == STOA_OK && type->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_TYPE,
                        "the schema has format '%s', not that of a struct", type->format);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        rc = stoa__arrow_validate(type, &list[i], STOA_CHECK_SHAPE, err);
        if (rc != STOA_OK)
            stoa__wrap(err, "batch %lld", (long long)i);
    }
    stoa__arena_release(&arena);
    return rc;
}

/* Everything that may fail comes before anything is taken. */
static stoa_status batches_new(int64_t count, struct batches **out, stoa_error *err)
{
    struct batches *batches = stoa__alloc_zero(1, sizeof(*batches));

    *out = batches;
    if (!batches)
        return stoa__fail_nomem(err);
    batches->list = stoa__alloc_zero((size_t)count, sizeof(*batches->list));
    return batches->list ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status stoa_stream_from_batches(struct ArrowSchema *schema,
                                     struct ArrowArray *batches, int64_t batch_count,
                                     struct ArrowArrayStream *out, stoa_error *err)
{
    struct batches *self = NULL;
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    memset(out, 0, sizeof(*out));
    if (batch_count < 0 || (batch_count > 0 && !batches))
        return stoa__fail(err, STOA_ERR_INVALID, "%lld batches at %s",
                          (long long)batch_count, batches ? "an address" : "NULL");
    rc = check_batches(schema, batches, batch_count, err);
    if (rc == STOA_OK)
        rc = batches_new(batch_count, &self, err);
    if (rc == STOA_OK)
        rc = stoa__stream_out(&batches_producer, self, out, err);
    if (rc != STOA_OK) {
        if (self)
            batches_release(self);
        return rc;
    }
    self->schema = *schema;
    memset(schema, 0, sizeof(*schema));
    for (int64_t i = 0; i < batch_count; i++) {
        self->list[i] = batches[i];
        memset(&batches[i], 0, sizeof(batches[i]));
    }
    self->count = batch_count;
    return STOA_OK;
}
