/* SPDX-License-Identifier: Apache-2.0 */
/* What writing any format has in common: settings, the stream being read, the sink, and the loop
 * over batches and rows. The formats know what a row looks like. */
#ifndef STOA_FORMAT_WRITER_H
#define STOA_FORMAT_WRITER_H

#include "arrow/stream.h"
#include "base/settings.h"
#include "format/put.h"
#include "format/sink.h"

struct stoa__writer_settings {
    int32_t exists; /* 0: error, 1: replace. */
    int32_t binary; /* 0: base64, 1: hexadecimal. */
};

typedef struct stoa__writer {
    stoa__call call;
    stoa__settings options;
    struct stoa__writer_settings settings;
    struct stoa__stream_in in;
    stoa__sink sink;
    struct stoa__put_column *columns;
    int32_t column_count;
    int64_t rows_before; /* The current batch. */
    void *self; /* The format's. */
    /* Its own settings, and what goes before the rows; the columns' types are known. */
    stoa_status (*begin)(struct stoa__writer *writer, stoa_error *err);
    /* One row of the current batch, appended to sink.out ... */
    stoa_status (*row)(struct stoa__writer *writer, int64_t row, stoa_error *err);
    /* ... or, where that is NULL, a batch at once. */
    stoa_status (*batch)(struct stoa__writer *writer, const struct ArrowArray *batch,
                         stoa_error *err);
    stoa_status (*end)(struct stoa__writer *writer, stoa_error *err); /* Behind all; may be NULL. */
} stoa__writer;

/* Everything the public calls do. `writer` is zero but for the format's part. */
stoa_status stoa__writer_run(stoa__writer *writer, stoa_op op, struct ArrowArrayStream *stream,
                             const stoa_sink *sink, const stoa_option *options,
                             int64_t option_count, int64_t *rows, stoa_error *err);

/* Append binary as text. */
stoa_status stoa__writer_binary(const stoa__writer *writer, const uint8_t *bytes, int64_t size,
                                stoa__buffer *out, stoa_error *err);
/* The type's fields by number. */
static inline const struct stoa__arrow_type *stoa__writer_field(const stoa__writer *writer,
                                                                int32_t index)
{
    return &writer->in.type->children[index];
}

#endif
