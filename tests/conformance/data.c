/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/data.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic int data_alive;

static void *need(void *piece)
{
    if (!piece)
        abort();
    return piece;
}

/* ---- schemas ---- */

static void release_field(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    schema->release = NULL;
    data_alive--;
}

static struct ArrowSchema *field(const char *format, const char *name)
{
    struct ArrowSchema *out = need(calloc(1, sizeof(*out)));

    out->format = format;
    out->name = name;
    out->flags = ARROW_FLAG_NULLABLE;
    out->release = release_field;
    return out;
}

void data_schema(struct ArrowSchema *out)
{
    *out = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 2, .release = release_schema};
    out->children = need(calloc(2, sizeof(*out->children)));
    out->children[0] = field("l", "id");
    out->children[1] = field("u", "name");
    data_alive++;
}

/* ---- arrays ---- */

static void release_column(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_buffers; i++)
        free((void *)(uintptr_t)array->buffers[i]);
    free(array->buffers);
    array->release = NULL;
}

static void release_batch(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release)
            array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    free(array->children);
    free(array->buffers);
    array->release = NULL;
    data_alive--;
}

static struct ArrowArray *column(int64_t rows, int64_t buffer_count)
{
    struct ArrowArray *out = need(calloc(1, sizeof(*out)));

    out->length = rows;
    out->n_buffers = buffer_count;
    out->buffers = need(calloc((size_t)buffer_count, sizeof(*out->buffers)));
    out->release = release_column;
    return out;
}

static struct ArrowArray *ids(int64_t first, int64_t rows)
{
    struct ArrowArray *out = column(rows, 2);
    int64_t *values = need(calloc((size_t)rows + 1, sizeof(*values)));

    for (int64_t i = 0; i < rows; i++)
        values[i] = first + i;
    out->buffers[1] = values;
    return out;
}

static struct ArrowArray *names(int64_t first, int64_t rows)
{
    struct ArrowArray *out = column(rows, 3);
    uint8_t *validity = need(calloc((size_t)rows / 8 + 1, 1));
    int32_t *offsets = need(calloc((size_t)rows + 1, sizeof(*offsets)));
    char *bytes = need(calloc((size_t)rows + 1, 32));

    for (int64_t i = 0; i < rows; i++) {
        offsets[i + 1] = offsets[i];
        if ((first + i) % 10 == 0) {
            out->null_count++;
            continue;
        }
        validity[i / 8] = (uint8_t)(validity[i / 8] | 1 << i % 8);
        offsets[i + 1] +=
            snprintf(bytes + offsets[i], 32, "name %lld", (long long)(first + i));
    }
    out->buffers[0] = validity;
    out->buffers[1] = offsets;
    out->buffers[2] = bytes;
    return out;
}

void data_batch(struct ArrowArray *out, int64_t first, int64_t rows)
{
    *out = (struct ArrowArray){
        .length = rows, .n_buffers = 1, .n_children = 2, .release = release_batch};
    out->buffers = need(calloc(1, sizeof(*out->buffers)));
    out->children = need(calloc(2, sizeof(*out->children)));
    out->children[0] = ids(first, rows);
    out->children[1] = names(first, rows);
    data_alive++;
}

/* ---- streams ---- */

struct producer {
    int64_t batches, rows, fail_at, next;
    void (*pull)(void *);
    void *user_data;
    bool failed;
};

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    (void)stream;
    data_schema(out);
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct producer *self = stream->private_data;

    if (self->pull)
        self->pull(self->user_data);
    if (self->next == self->fail_at) {
        self->failed = true;
        return EIO;
    }
    if (self->next == self->batches) {
        *out = (struct ArrowArray){0};
        return 0;
    }
    data_batch(out, self->next * self->rows, self->rows);
    self->next++;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    return ((struct producer *)stream->private_data)->failed ? "the disk is gone" : NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    free(stream->private_data);
    stream->release = NULL;
    data_alive--;
}

static struct producer *make(struct ArrowArrayStream *out)
{
    struct producer *self = need(calloc(1, sizeof(*self)));

    self->fail_at = -1;
    *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream,
                                     self};
    data_alive++;
    return self;
}

void data_stream(struct ArrowArrayStream *out, int64_t batches, int64_t rows,
                 int64_t fail_at)
{
    struct producer *self = make(out);

    self->batches = batches;
    self->rows = rows;
    self->fail_at = fail_at;
}

void data_stream_calling(struct ArrowArrayStream *out, int64_t batches,
                         void (*pull)(void *), void *user_data)
{
    struct producer *self = make(out);

    self->batches = batches;
    self->rows = 3;
    self->pull = pull;
    self->user_data = user_data;
}

stoa_status data_sum(struct ArrowArrayStream *stream, int64_t *rows, int64_t *sum,
                     stoa_error *err)
{
    struct ArrowArray batch = {0};
    stoa_status rc;

    *rows = *sum = 0;
    while ((rc = stoa_stream_next(stream, &batch, err)) == STOA_OK) {
        const int64_t *values = batch.children[0]->buffers[1];

        for (int64_t i = 0; i < batch.length; i++)
            *sum += values[batch.offset + batch.children[0]->offset + i];
        *rows += batch.length;
        stoa_batch_release(&batch);
    }
    stoa_stream_release(stream);
    return rc == STOA_DONE ? STOA_OK : rc;
}
