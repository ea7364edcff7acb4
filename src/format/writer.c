/* SPDX-License-Identifier: Apache-2.0 */
#include "format/writer.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/base64.h"
#include "text/hex.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

/* Rows between two looks at operation and sink: some hundred microseconds. */
enum { ROWS_AT_ONCE = 1024 };

static stoa_status read_settings(stoa__writer *writer, const stoa_option *options,
                                 int64_t option_count, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"exists", STOA__SETTING_CHOICE, offsetof(struct stoa__writer_settings, exists), 0, 0,
         "error|replace", false},
        {"binary", STOA__SETTING_CHOICE, offsetof(struct stoa__writer_settings, binary), 0, 0,
         "base64|hex", false},
    };
    stoa_status rc = stoa__settings_add(&writer->options, options, option_count, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(&writer->options, "format", table, sizeof table / sizeof *table,
                                 &writer->settings, err);
    return rc;
}

static stoa_status write_rows(stoa__writer *writer, int64_t from, int64_t to, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t row = from; rc == STOA_OK && row < to; row++) {
        rc = writer->row(writer, row, err);
        if (rc < 0)
            stoa__wrap(err, "row %lld", (long long)(writer->rows_before + row + 1));
    }
    return rc;
}

static stoa_status write_by_rows(stoa__writer *writer, const struct ArrowArray *batch,
                                 int64_t before, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    writer->rows_before = before - batch->offset;
    for (int32_t i = 0; i < writer->column_count; i++)
        stoa__put_column_set(&writer->columns[i], stoa__writer_field(writer, i),
                             batch->children[i]);
    for (int64_t row = 0; rc == STOA_OK && row < batch->length; row += ROWS_AT_ONCE) {
        int64_t end = batch->length - row < ROWS_AT_ONCE ? batch->length : row + ROWS_AT_ONCE;

        /* A struct's own offset shifts its children. */
        rc = write_rows(writer, batch->offset + row, batch->offset + end, err);
        if (rc == STOA_OK)
            rc = stoa__sink_flush(&writer->sink, &writer->call, false, err);
        if (rc == STOA_OK)
            rc = stoa__call_check(&writer->call, err);
        stoa__call_progress(&writer->call, before + end, -1);
    }
    return rc;
}

static stoa_status write_batch(stoa__writer *writer, const struct ArrowArray *batch,
                               int64_t before, stoa_error *err)
{
    stoa_status rc;

    if (writer->row)
        return write_by_rows(writer, batch, before, err);
    rc = writer->batch(writer, batch, err);
    if (rc == STOA_OK)
        rc = stoa__call_check(&writer->call, err);
    stoa__call_progress(&writer->call, before + batch->length, -1);
    return rc;
}

static stoa_status write_batches(stoa__writer *writer, stoa_error *err)
{
    struct ArrowArray batch = {0};
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        int64_t before = writer->in.row_count;

        rc = stoa__stream_in_next(&writer->in, &batch, err);
        if (rc == STOA_OK)
            rc = write_batch(writer, &batch, before, err);
        stoa__array_release(&batch);
    }
    if (rc == STOA_DONE && writer->end) {
        stoa_status last = writer->end(writer, err);

        rc = last == STOA_OK ? rc : last;
    }
    return rc == STOA_DONE ? stoa__sink_finish(&writer->sink, &writer->call, err) : rc;
}

static stoa_status write_all(stoa__writer *writer, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    writer->column_count = writer->in.type->child_count;
    writer->columns =
        stoa__alloc_zero((size_t)writer->column_count + 1, sizeof *writer->columns);
    if (!writer->columns)
        return stoa__fail_nomem(err);
    rc = writer->begin(writer, err);
    return rc == STOA_OK ? write_batches(writer, err) : rc;
}

/* The sink is taken first, so that its release runs whatever happens then. */
static stoa_status run(stoa__writer *writer, struct ArrowArrayStream *stream, stoa_error *err)
{
    stoa_status rc = stoa__stream_in_init(&writer->in, stream, STOA_CHECK_FULL, err);

    if (rc != STOA_OK)
        return rc;
    rc = write_all(writer, err);
    if (rc != STOA_OK)
        stoa__stream_in_return(&writer->in, stream);
    return rc;
}

static stoa_status check(const struct ArrowArrayStream *stream, const stoa_sink *sink,
                         stoa_error *err)
{
    if (!sink)
        return stoa__fail(err, STOA_ERR_INVALID, "sink is NULL");
    if (!stream || !stream->release)
        return stoa__fail(err, STOA_ERR_INVALID, "stream is %s", stream ? "released" : "NULL");
    return STOA_OK;
}

stoa_status stoa__writer_run(stoa__writer *writer, stoa_op op, struct ArrowArrayStream *stream,
                             const stoa_sink *sink, const stoa_option *options,
                             int64_t option_count, int64_t *rows, stoa_error *err)
{
    stoa_status rc = check(stream, sink, err);

    if (rows)
        *rows = 0;
    if (rc == STOA_OK)
        rc = stoa__call_begin(&writer->call, op, NULL, err);
    if (rc == STOA_OK)
        rc = read_settings(writer, options, option_count, err);
    if (rc == STOA_OK)
        rc = stoa__sink_open(&writer->sink, sink, writer->settings.exists == 1, err);
    else if (sink && sink->struct_size >= (int64_t)sizeof *sink && sink->release)
        sink->release(sink->user_data);
    if (rc == STOA_OK)
        rc = run(writer, stream, err);
    if (rc == STOA_OK && rows)
        *rows = writer->in.row_count;
    stoa__sink_release(&writer->sink);
    stoa__stream_in_release(&writer->in);
    stoa__free(writer->columns);
    stoa__settings_release(&writer->options);
    stoa__call_end(&writer->call);
    return rc;
}

stoa_status stoa__writer_binary(const stoa__writer *writer, const uint8_t *bytes, int64_t size,
                                stoa__buffer *out, stoa_error *err)
{
    stoa_status rc = writer->settings.binary == 1
                         ? stoa__hex_encode(bytes, (size_t)size, out)
                         : stoa__base64_encode(bytes, (size_t)size, out);

    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
