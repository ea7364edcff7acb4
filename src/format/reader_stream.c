/* SPDX-License-Identifier: Apache-2.0 */
/* The stream that is handed out: parsed chunks in order, and what is known about them. */
#include "format/reader.h"

#include "arrow/stream.h"
#include "base/error.h"
#include "base/op.h"
#include "format/table.h"

#include <string.h>
#include <unistd.h>

#include "base/ban.h"

static stoa_status enter(stoa__reader *reader, stoa__call *call, stoa_error *err)
{
    if (reader->process != (long)getpid())
        return stoa__fail(err, STOA_ERR_FORKED,
                          "this stream was opened before fork(): it belongs to the parent "
                          "process");
    stoa__call_resume(call, stoa__op_of_object(reader->op), NULL);
    return stoa__call_check(call, err);
}

static stoa_status reader_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    return stoa__arrow_type_export(((stoa__reader *)self)->type, out, err);
}

static stoa_status take_chunk(stoa__reader *reader, stoa__call *call, struct stoa__chunk *chunk,
                              struct ArrowArray *out, stoa_error *err)
{
    stoa_error failure = chunk->error;
    stoa_status rc = stoa__reader_take_rejects(reader, call, chunk, err);

    if (rc == STOA_OK && failure.code != 0) {
        rc = stoa__reader_place(reader, &chunk->fault, &failure);
        stoa__error_copy(err, &failure);
    }
    reader->passed_lines += chunk->lines;
    reader->report.lines = reader->passed_lines;
    if (rc == STOA_OK && chunk->batch.release) {
        reader->report.rows += chunk->batch.length;
        *out = chunk->batch;
        chunk->batch = (struct ArrowArray){0};
    }
    stoa__chunks_give_back(&reader->chunks, chunk);
    return rc;
}

static stoa_status finish(stoa__reader *reader, stoa__call *call, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (reader->bad_sink_open) {
        reader->bad_sink_open = false;
        rc = stoa__sink_finish(&reader->bad_sink, call, err);
        stoa__sink_release(&reader->bad_sink);
    }
    return rc;
}

static stoa_status reader_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    stoa__reader *reader = self;
    struct stoa__chunk *chunk = NULL;
    stoa__call call;
    stoa_status rc = enter(reader, &call, err);

    while (rc == STOA_OK && !out->release) {
        rc = stoa__chunks_next(&reader->chunks, &call, &chunk, err);
        if (rc == STOA_OK)
            rc = take_chunk(reader, &call, chunk, out, err);
        else if (rc == STOA_ERR_FULL)
            stoa__wrap(err, "%s, line %lld", reader->chunks.source.name,
                       (long long)reader->passed_lines + 1);
    }
    if (rc != STOA_OK && reader->process == (long)getpid()) {
        stoa_status last = finish(reader, &call, rc == STOA_DONE ? err : NULL);

        rc = last == STOA_OK || rc < 0 ? rc : last;
    }
    return rc;
}

static void reader_free(void *self)
{
    stoa__reader *reader = self;

    /* In a child of fork() the threads are not there to be stopped. */
    if (reader->process == (long)getpid())
        reader->end(reader);
}

static const struct stoa__producer producer = {
    .schema = reader_schema, .next = reader_next, .release = reader_free};

stoa_status stoa__reader_export(stoa__reader *reader, stoa__call *call,
                                struct ArrowArrayStream *out, stoa_error *err)
{
    stoa_status rc = stoa__chunks_start(&reader->chunks, reader->format, reader, err);

    if (rc == STOA_OK)
        rc = stoa__stream_out(&producer, reader, out, err);
    if (rc != STOA_OK)
        return rc;
    reader->op = stoa__call_op_object(call);
    if (reader->op)
        stoa__object_ref(reader->op);
    return STOA_OK;
}

void stoa__reader_release(stoa__reader *reader)
{
    stoa__call call;

    if (reader->bad_sink_open) {
        stoa__call_resume(&call, NULL, NULL);
        (void)finish(reader, &call, NULL);
    }
    stoa__chunks_release(&reader->chunks);
    stoa__rejects_release(&reader->kept);
    stoa__settings_release(&reader->options);
    stoa__arena_release(&reader->arena);
    if (reader->op)
        stoa__object_unref(reader->op);
}

/* ---- what is known about it ---- */

/* NULL, with `err` filled, when it is not one of ours or `out` is missing. */
static stoa__reader *reader_of(struct ArrowArrayStream *stream, const void *out, stoa_error *err)
{
    stoa__reader *reader;

    if (!stream || !out) {
        stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", stream ? "out" : "stream");
        return NULL;
    }
    reader = stoa__stream_self(stream, &producer);
    if (!reader)
        stoa__fail(err, STOA_ERR_INVALID,
                   "the stream was released, or was not made by stoa_csv_open() or "
                   "stoa_jsonl_open()");
    return reader;
}

stoa_status stoa_format_report_get(struct ArrowArrayStream *stream, stoa_format_report *out,
                                   stoa_error *err)
{
    const stoa__reader *reader = reader_of(stream, out, err);

    if (out)
        *out = (stoa_format_report){0};
    if (!reader || !out)
        return STOA_ERR_INVALID;
    *out = reader->report;
    out->bytes = reader->chunks.source.done;
    out->bytes_total = reader->chunks.source.total;
    out->compression = reader->chunks.source.compression;
    return STOA_OK;
}

static stoa_status describe(const stoa__reader *reader, int32_t column, stoa__table *table,
                            stoa_error *err)
{
    const struct stoa__arrow_type *type = &reader->type->children[column];
    const struct stoa__origin *origin = &reader->origins[column];
    char name[256], why[256];
    stoa_status rc;

    stoa__arrow_type_text(type, name, sizeof name);
    stoa__guess_why(&origin->guess, why, sizeof why);
    rc = stoa__table_text(table, 0, type->name, strlen(type->name), err);
    if (rc == STOA_OK)
        rc = stoa__table_text(table, 1, name, strlen(name), err);
    if (rc == STOA_OK)
        rc = stoa__table_int64(table, 2, origin->guess.values, err);
    if (rc == STOA_OK)
        rc = stoa__table_int64(table, 3, origin->guess.nulls, err);
    if (rc == STOA_OK) {
        const char *text = origin->given ? "the target has it" : origin->why ? origin->why : why;

        rc = stoa__table_text(table, 4, text, strlen(text), err);
    }
    return rc == STOA_OK ? stoa__table_end_row(table, err) : rc;
}

stoa_status stoa_format_columns(struct ArrowArrayStream *stream, struct ArrowArrayStream *out,
                                stoa_error *err)
{
    static const struct stoa__table_column columns[] = {
        {"name", "u"}, {"type", "u"}, {"values", "l"}, {"nulls", "l"}, {"why", "u"}};
    const stoa__reader *reader = reader_of(stream, out, err);
    stoa__table table = {0};
    stoa_status rc;

    if (out)
        *out = (struct ArrowArrayStream){0};
    if (!reader)
        return STOA_ERR_INVALID;
    rc = stoa__table_init(&table, columns, 5, err);
    for (int32_t i = 0; rc == STOA_OK && i < reader->type->child_count; i++)
        rc = describe(reader, i, &table, err);
    if (rc == STOA_OK)
        rc = stoa__table_export(&table, out, err);
    stoa__table_release(&table);
    return rc;
}

stoa_status stoa_format_bad_rows(struct ArrowArrayStream *stream, struct ArrowArrayStream *out,
                                 stoa_error *err)
{
    stoa__reader *reader = reader_of(stream, out, err);

    if (out)
        *out = (struct ArrowArrayStream){0};
    return reader ? stoa__rejects_export(&reader->kept, out, err) : STOA_ERR_INVALID;
}
