/* SPDX-License-Identifier: Apache-2.0 */
/* Streams on their way out, whose errors can be asked for, and on their way in, as parameters by
 * position. */
#include "adbc_export/parts.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#include "base/ban.h"

/* ---- out ---- */

struct reader {
    struct ArrowArrayStream inner;
    stoa_op op;
    struct AdbcError error; /* Of the last failure, in the form of 1.1. */
    AdbcStatusCode status;
};

static stoa_status note(struct reader *reader, stoa_status rc, const stoa_error *failure,
                        stoa_error *err)
{
    if (rc < 0) {
        reader->status = stoa__driver_fail_stoa(&reader->error, failure);
        stoa__error_copy(err, failure);
    }
    return rc;
}

static stoa_status reader_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    struct reader *reader = self;
    stoa_error failure;
    stoa_status rc = stoa_stream_schema(&reader->inner, out, &failure);

    return note(reader, rc, &failure, err);
}

static stoa_status reader_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct reader *reader = self;
    stoa_error failure;
    stoa_status rc = stoa_stream_next(&reader->inner, out, &failure);

    return note(reader, rc, &failure, err);
}

static void reader_release(void *self)
{
    struct reader *reader = self;

    stoa_stream_release(&reader->inner);
    stoa_op_close(reader->op);
    if (reader->error.release)
        reader->error.release(&reader->error);
    stoa__free(reader);
}

static const struct stoa__producer reader_producer = {reader_schema, reader_next,
                                                      reader_release};

stoa_status stoa__driver_stream(struct ArrowArrayStream *inner, stoa_op op,
                                struct ArrowArrayStream *out, stoa_error *err)
{
    struct reader *reader = stoa__alloc_zero(1, sizeof *reader);
    stoa_status rc;

    if (!reader)
        return stoa__fail_nomem(err);
    rc = stoa__stream_out(&reader_producer, reader, out, err);
    if (rc != STOA_OK) {
        stoa__free(reader);
        return rc;
    }
    reader->op = op;
    reader->error.vendor_code = ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
    reader->inner = *inner;
    *inner = (struct ArrowArrayStream){0};
    return STOA_OK;
}

const struct AdbcError *stoa__driver_stream_error(struct ArrowArrayStream *stream,
                                                  AdbcStatusCode *status)
{
    struct reader *reader =
        stream && stream->release ? stoa__stream_self(stream, &reader_producer) : NULL;

    if (!reader || !reader->error.release)
        return NULL;
    if (status)
        *status = reader->status;
    return &reader->error;
}

/* ---- in ---- */

stoa_status stoa__driver_rename(const struct ArrowSchema *schema, bool sigils,
                                struct ArrowSchema *out, stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc = stoa__arrow_type_parse(schema, &arena, &type, err);

    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++) {
        const char *name = type->children[i].name;

        type->children[i].name = sigils ? name + strspn(name, ":@$?") : "";
    }
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, out, err);
    stoa__arena_release(&arena);
    return rc;
}

static stoa_status nameless_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_status rc = stoa_stream_schema(self, &schema, err);

    if (rc == STOA_OK)
        rc = stoa__driver_rename(&schema, false, out, err);
    stoa__schema_release(&schema);
    return rc;
}

static stoa_status nameless_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    return stoa_stream_next(self, out, err);
}

static void nameless_release(void *self)
{
    stoa_stream_release(self);
    stoa__free(self);
}

static const struct stoa__producer nameless_producer = {nameless_schema, nameless_next,
                                                        nameless_release};

stoa_status stoa__driver_nameless(struct ArrowArrayStream *stream, struct ArrowArrayStream *out,
                                  stoa_error *err)
{
    struct ArrowArrayStream *inner = stoa__alloc_zero(1, sizeof *inner);
    stoa_status rc;

    if (!inner)
        return stoa__fail_nomem(err);
    rc = stoa__stream_out(&nameless_producer, inner, out, err);
    if (rc != STOA_OK) {
        stoa__free(inner);
        return rc;
    }
    *inner = *stream;
    *stream = (struct ArrowArrayStream){0};
    return STOA_OK;
}
