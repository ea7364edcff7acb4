/* SPDX-License-Identifier: Apache-2.0 */
#include "shape.h"

#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 9 }; /* "sym" and up to six digits. */

struct shape {
    int64_t rows, batch_count, name_bytes;
    struct shape_batch *batches;
    struct shape_sum sum;
};

struct generator {
    uint64_t state;
    int64_t next, rows;
};

static void *need(size_t size)
{
    void *piece = malloc(size);
    bench_check(piece != NULL, "out of memory");
    return piece;
}

/* ---- rows ---- */

static void fill_row(struct generator *generator, struct shape_batch *batch, int64_t row)
{
    uint64_t state = generator->state;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    generator->state = state;
    int64_t number = generator->next++;

    batch->id[row] = number;
    batch->ts[row] = INT64_C(1700000000000000) + 1000 * number;
    batch->px[row] = (double)(state % 100000) / 7.0;
    batch->qty[row] = (int64_t)(state % 1000);
    char *name = batch->names + batch->name_offsets[row];
    int size = snprintf(name, NAME_BYTES_MAX + 1, "sym%u", (unsigned)(state % 1000000));
    batch->name_offsets[row + 1] = batch->name_offsets[row] + size;
}

static void fill_batch(struct generator *generator, struct shape_batch *batch)
{
    int64_t left = generator->rows - generator->next;
    batch->rows = left < SHAPE_BATCH_ROWS ? left : SHAPE_BATCH_ROWS;
    size_t rows = (size_t)batch->rows;
    batch->id = need(rows * 8 + 8);
    batch->ts = need(rows * 8 + 8);
    batch->qty = need(rows * 8 + 8);
    batch->px = need(rows * 8 + 8);
    batch->name_offsets = need((rows + 1) * 4);
    batch->names = need(rows * NAME_BYTES_MAX + 16);
    batch->name_offsets[0] = 0;
    for (int64_t row = 0; row < batch->rows; row++)
        fill_row(generator, batch, row);
}

static void free_batch(struct shape_batch *batch)
{
    free(batch->id);
    free(batch->ts);
    free(batch->qty);
    free(batch->px);
    free(batch->name_offsets);
    free(batch->names);
}

struct shape *shape_new(int64_t rows)
{
    struct shape *shape = calloc(1, sizeof *shape);
    struct generator generator = {.state = UINT64_C(88172645463325252), .rows = rows};
    bench_check(shape != NULL, "out of memory");
    shape->rows = rows;
    shape->batch_count = (rows + SHAPE_BATCH_ROWS - 1) / SHAPE_BATCH_ROWS;
    shape->batches = need((size_t)shape->batch_count * sizeof *shape->batches + 1);
    for (int64_t i = 0; i < shape->batch_count; i++) {
        struct shape_batch *batch = &shape->batches[i];
        fill_batch(&generator, batch);
        shape->name_bytes += batch->name_offsets[batch->rows];
        for (int64_t row = 0; row < batch->rows; row++) {
            shape->sum.ids += batch->id[row];
            shape->sum.times += batch->ts[row] % 1000003;
            shape->sum.quantities += batch->qty[row];
            shape->sum.prices += batch->px[row];
        }
    }
    shape->sum.rows = rows;
    shape->sum.name_bytes = shape->name_bytes;
    return shape;
}

void shape_free(struct shape *shape)
{
    for (int64_t i = 0; i < shape->batch_count; i++)
        free_batch(&shape->batches[i]);
    free(shape->batches);
    free(shape);
}

int64_t shape_name_bytes(const struct shape *shape)
{
    return shape->name_bytes;
}

int64_t shape_batch_count(const struct shape *shape)
{
    return shape->batch_count;
}

const struct shape_batch *shape_batch(const struct shape *shape, int64_t index)
{
    return &shape->batches[index];
}

/* ---- as Arrow ---- */

struct arrow_batch {
    struct ArrowArray columns[SHAPE_COLUMNS];
    struct ArrowArray *children[SHAPE_COLUMNS];
    const void *buffers[SHAPE_COLUMNS][3];
    const void *no_buffers[1];
    struct shape_batch own; /* Of generated batches; else empty. */
};

static void release_column(struct ArrowArray *column)
{
    column->release = NULL;
}

static void release_batch(struct ArrowArray *batch)
{
    struct arrow_batch *arrow = batch->private_data;
    free_batch(&arrow->own);
    free(arrow);
    batch->release = NULL;
}

static void give_batch(const struct shape_batch *batch, const struct shape_batch *own,
                       struct ArrowArray *out)
{
    struct arrow_batch *arrow = calloc(1, sizeof *arrow);
    const void *const data[SHAPE_COLUMNS][3] = {
        {NULL, batch->id},
        {NULL, batch->ts},
        {NULL, batch->px},
        {NULL, batch->qty},
        {NULL, batch->name_offsets, batch->names},
    };
    bench_check(arrow != NULL, "out of memory");
    if (own)
        arrow->own = *own;
    memcpy(arrow->buffers, data, sizeof data);
    for (int i = 0; i < SHAPE_COLUMNS; i++) {
        arrow->columns[i] = (struct ArrowArray){.length = batch->rows,
                                                .n_buffers = i == 4 ? 3 : 2,
                                                .buffers = arrow->buffers[i],
                                                .release = release_column};
        arrow->children[i] = &arrow->columns[i];
    }
    *out = (struct ArrowArray){.length = batch->rows,
                               .n_buffers = 1,
                               .buffers = arrow->no_buffers,
                               .n_children = SHAPE_COLUMNS,
                               .children = arrow->children,
                               .release = release_batch,
                               .private_data = arrow};
}

static void release_field(struct ArrowSchema *field)
{
    field->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    free(schema->private_data);
    schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static const char *const formats[SHAPE_COLUMNS] = {"l", "l", "g", "l", "u"};
    static const char *const names[SHAPE_COLUMNS] = {"id", "ts", "px", "qty", "name"};
    struct {
        struct ArrowSchema columns[SHAPE_COLUMNS];
        struct ArrowSchema *children[SHAPE_COLUMNS];
    } *fields = calloc(1, sizeof *fields);

    (void)stream;
    bench_check(fields != NULL, "out of memory");
    for (int i = 0; i < SHAPE_COLUMNS; i++) {
        fields->columns[i] = (struct ArrowSchema){.format = formats[i],
                                                  .name = names[i],
                                                  .flags = ARROW_FLAG_NULLABLE,
                                                  .release = release_field};
        fields->children[i] = &fields->columns[i];
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = SHAPE_COLUMNS,
                                .children = fields->children,
                                .release = release_schema,
                                .private_data = fields};
    return 0;
}

/* ---- streams ---- */

struct source {
    struct shape *shape; /* NULL: generated. */
    int64_t next;
    struct generator generator;
};

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct source *source = stream->private_data;
    out->release = NULL;
    if (source->shape) {
        if (source->next < source->shape->batch_count)
            give_batch(&source->shape->batches[source->next++], NULL, out);
        return 0;
    }
    if (source->generator.next < source->generator.rows) {
        struct shape_batch batch;
        fill_batch(&source->generator, &batch);
        give_batch(&batch, &batch, out);
    }
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    free(stream->private_data);
    stream->release = NULL;
}

static void open_stream(const struct source *source, struct ArrowArrayStream *out)
{
    struct source *copy = need(sizeof *copy);
    *copy = *source;
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release_stream,
                                     .private_data = copy};
}

void shape_stream(struct shape *shape, struct ArrowArrayStream *out)
{
    open_stream(&(struct source){.shape = shape}, out);
}

void shape_generate(int64_t rows, struct ArrowArrayStream *out)
{
    open_stream(&(struct source){.generator = {.state = UINT64_C(88172645463325252),
                                               .rows = rows}},
                out);
}

/* ---- comparing answers ---- */

void shape_sum_add(struct shape_sum *sum, struct ArrowArray *batch)
{
    const struct ArrowArray *const *columns = (const struct ArrowArray *const *)batch->children;
    const int64_t *id = (const int64_t *)columns[0]->buffers[1] + columns[0]->offset;
    const int64_t *ts = (const int64_t *)columns[1]->buffers[1] + columns[1]->offset;
    const double *px = (const double *)columns[2]->buffers[1] + columns[2]->offset;
    const int64_t *qty = (const int64_t *)columns[3]->buffers[1] + columns[3]->offset;
    const int32_t *offsets = (const int32_t *)columns[4]->buffers[1] + columns[4]->offset;

    for (int64_t row = 0; row < batch->length; row++) {
        sum->ids += id[row];
        sum->times += ts[row] % 1000003;
        sum->prices += px[row];
        sum->quantities += qty[row];
    }
    sum->name_bytes += offsets[batch->length] - offsets[0];
    sum->rows += batch->length;
    batch->release(batch);
}

void shape_sum_check(const struct shape_sum *sum, const struct shape *shape, const char *who)
{
    const struct shape_sum *wanted = &shape->sum;
    bool same = sum->rows == wanted->rows && sum->ids == wanted->ids &&
                sum->times == wanted->times && sum->quantities == wanted->quantities &&
                sum->name_bytes == wanted->name_bytes && sum->prices == wanted->prices;
    if (!same)
        fprintf(stderr, "bench: %s answered other rows than were written\n", who);
    bench_check(same, "the answers differ");
}
