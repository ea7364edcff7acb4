/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader.h"

#include "arrow/array.h"
#include "arrow/stream.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/op.h"
#include "format/convert.h"
#include "format/put.h"
#include "format/table.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

/* A bad row's text in the caller's file or stream; a record may be a gigabyte. */
enum { BAD_TEXT_MAX = 1 << 16 };

/* ---- opening ---- */

static stoa_status read_settings(stoa__reader *reader, const stoa_option *options,
                                 int64_t option_count, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"bad_rows", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, bad_rows), 0, 0,
         "refuse|skip|keep|file", false},
        {"bad_rows_max", STOA__SETTING_INT, offsetof(struct stoa__reader_settings, bad_rows_max),
         0, INT64_MAX, NULL, false},
        {"bad_file", STOA__SETTING_TEXT, offsetof(struct stoa__reader_settings, bad_file), 0, 0,
         NULL, false},
        {"sample_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, sample_size),
         STOA__CHUNK_BYTES_MIN, STOA__CHUNK_BYTES_MAX, NULL, false},
        {"chunk_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, chunk_size),
         STOA__CHUNK_BYTES_MIN, STOA__CHUNK_BYTES_MAX, NULL, false},
        {"record_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, record_size),
         1, STOA__RECORD_BYTES_MAX, NULL, false},
        {"threads", STOA__SETTING_INT, offsetof(struct stoa__reader_settings, threads), 1,
         STOA__PARSE_THREADS_MAX, NULL, false},
        {"compression", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, compression),
         0, 0, "auto|none|gzip|zstd", false},
        {"numbers", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, numbers), 0, 0,
         "float|decimal|text", false},
        {"times", STOA__SETTING_BOOL, offsetof(struct stoa__reader_settings, times), 0, 0, NULL,
         false},
        {"binary", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, binary), 0, 0,
         "base64|hex", false},
        {"nul", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, nul), 0, 0,
         "refuse|keep", false},
    };
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct stoa__reader_settings *settings = &reader->settings;
    stoa_status rc;

    *settings = (struct stoa__reader_settings){
        .bad_rows_max = STOA__BAD_ROWS_DEFAULT,
        .sample_size = STOA__CHUNK_BYTES_DEFAULT,
        .chunk_size = STOA__CHUNK_BYTES_DEFAULT,
        .record_size = STOA__RECORD_BYTES_DEFAULT,
        .threads = processors < 1                             ? 1
                   : processors > STOA__PARSE_THREADS_DEFAULT ? STOA__PARSE_THREADS_DEFAULT
                                                              : processors,
        .times = true,
    };
    rc = stoa__settings_add(&reader->options, options, option_count, err);
    if (rc == STOA_OK)
        rc = stoa__settings_read(&reader->options, "format", table,
                                 sizeof table / sizeof *table, settings, err);
    if (rc == STOA_OK && (settings->bad_rows == STOA__BAD_FILE) != (settings->bad_file != NULL))
        rc = stoa__fail(err, STOA_ERR_INVALID,
                        "bad_rows=file and bad_file go together; one of them is missing");
    return rc;
}

static stoa_status read_target(stoa__reader *reader, const struct ArrowSchema *target,
                               stoa_error *err)
{
    stoa_status rc;

    if (!target)
        return STOA_OK;
    rc = stoa__arrow_type_parse(target, &reader->arena, &reader->target, err);
    if (rc == STOA_OK && reader->target->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_INVALID, "the target schema is no struct");
    if (rc != STOA_OK)
        stoa__wrap(err, "target");
    return rc;
}

/* From here on the source belongs to the reader. */
static stoa_status init(stoa__reader *reader, stoa__call *call, const stoa_source *source,
                        const struct ArrowSchema *target, const stoa_option *options,
                        int64_t option_count, stoa_error *err)
{
    stoa_status rc = read_settings(reader, options, option_count, err);

    reader->process = (long)getpid();
    reader->report.bytes_total = -1;
    if (rc == STOA_OK)
        rc = read_target(reader, target, err);
    if (rc != STOA_OK) {
        if (source->release)
            source->release(source->user_data);
        return rc;
    }
    reader->chunks.chunk_size = reader->settings.chunk_size;
    reader->chunks.record_size = reader->settings.record_size;
    reader->chunks.thread_count = (int32_t)reader->settings.threads;
    return stoa__source_open(&reader->chunks.source, source, reader->settings.compression, call,
                             err);
}

static stoa_status begin(stoa_op op, const stoa_source *source,
                         const struct ArrowArrayStream *out, size_t size, stoa__call *call,
                         stoa__reader **reader, stoa_error *err)
{
    stoa_status rc;

    if (!source || !out)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", source ? "out" : "source");
    if (source->struct_size < (int64_t)sizeof *source)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the source's struct_size is %lld, not at least %zu",
                          (long long)source->struct_size, sizeof *source);
    rc = stoa__call_begin(call, op, NULL, err);
    if (rc != STOA_OK)
        return rc;
    *reader = stoa__alloc_zero(1, size);
    if (*reader)
        return STOA_OK;
    stoa__call_end(call);
    return stoa__fail_nomem(err);
}

stoa_status stoa__reader_open(stoa_op op, const stoa_source *source,
                              const struct ArrowSchema *target, const stoa_option *options,
                              int64_t option_count, const struct ArrowArrayStream *out,
                              size_t size, stoa__call *call, stoa__reader **reader,
                              stoa_error *err)
{
    const bool released = source && source->struct_size >= (int64_t)sizeof *source;
    stoa_status rc = begin(op, source, out, size, call, reader, err);

    if (rc != STOA_OK) {
        if (released && source->release)
            source->release(source->user_data);
        return rc;
    }
    rc = init(*reader, call, source, target, options, option_count, err);
    if (rc != STOA_OK) {
        stoa__reader_release(*reader);
        stoa__free(*reader);
        stoa__call_end(call);
    }
    return rc;
}

static stoa_status refuse_encoding(const stoa__reader *reader, const char *name, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s is %s; only UTF-8 is read, so it must be converted first (iconv -f %s "
                      "-t UTF-8)",
                      reader->chunks.source.name, name, name);
}

/* By its mark, or by zeros in every other byte, which no text in UTF-8 has. */
static stoa_status check_encoding(const stoa__reader *reader, stoa_error *err)
{
    const uint8_t *text = reader->chunks.rest.data;
    size_t size = reader->chunks.rest.size < 256 ? reader->chunks.rest.size : 256;
    size_t zeros[2] = {0, 0};

    if (size >= 4 && memcmp(text, "\xff\xfe\0\0", 4) == 0)
        return refuse_encoding(reader, "UTF-32LE", err);
    if (size >= 4 && memcmp(text, "\0\0\xfe\xff", 4) == 0)
        return refuse_encoding(reader, "UTF-32BE", err);
    if (size >= 2 && memcmp(text, "\xff\xfe", 2) == 0)
        return refuse_encoding(reader, "UTF-16LE", err);
    if (size >= 2 && memcmp(text, "\xfe\xff", 2) == 0)
        return refuse_encoding(reader, "UTF-16BE", err);
    for (size_t i = 0; i + 1 < size; i += 2) {
        zeros[0] += text[i] == 0;
        zeros[1] += text[i + 1] == 0;
    }
    if (size >= 8 && zeros[1] > size / 3 && zeros[0] < size / 16)
        return refuse_encoding(reader, "UTF-16LE", err);
    if (size >= 8 && zeros[0] > size / 3 && zeros[1] < size / 16)
        return refuse_encoding(reader, "UTF-16BE", err);
    return STOA_OK;
}

stoa_status stoa__reader_sample(stoa__reader *reader, stoa__call *call, bool *all,
                                stoa_error *err)
{
    stoa__buffer *rest = &reader->chunks.rest;
    stoa_status rc = stoa__chunks_sample(&reader->chunks, call,
                                         (size_t)reader->settings.sample_size, all, err);

    if (rc == STOA_OK)
        rc = check_encoding(reader, err);
    if (rc != STOA_OK)
        return rc;
    if (rest->size >= 3 && memcmp(rest->data, "\xef\xbb\xbf", 3) == 0) {
        rest->size -= 3;
        memmove(rest->data, rest->data + 3, rest->size + STOA__CHUNK_PADDING - 3);
    }
    return STOA_OK;
}

int32_t stoa__reader_find(const stoa__reader *reader, const char *name, size_t size)
{
    for (int32_t i = 0; reader->target && i < reader->target->child_count; i++)
        if (stoa__name_is(name, size, reader->target->children[i].name))
            return i;
    return -1;
}

/* ---- bad rows ---- */

void stoa__reader_fail(struct stoa__chunk *chunk, size_t at, int32_t column,
                       const stoa_error *error)
{
    stoa__error_copy(&chunk->error, error);
    chunk->fault = (struct stoa__fault){(int64_t)at, column};
}

bool stoa__reader_bad_row(const stoa__reader *reader, struct stoa__chunk *chunk, size_t at,
                          int32_t column, size_t begin, size_t end, const stoa_error *error)
{
    const struct stoa__fault fault = {(int64_t)at, column};
    const size_t size = end - begin < BAD_TEXT_MAX ? end - begin : BAD_TEXT_MAX;

    if (reader->settings.bad_rows == STOA__BAD_REFUSE ||
        stoa__rejects_count(&chunk->rejects) > reader->settings.bad_rows_max) {
        stoa__reader_fail(chunk, at, column, error);
        return false;
    }
    if (stoa__rejects_add(&chunk->rejects, &fault, error->text, (size_t)error->text_size,
                          chunk->text + begin, size) == STOA_OK)
        return true;
    (void)stoa__fail_nomem(&chunk->error);
    return false;
}

static int by_place(const void *a, const void *b)
{
    const struct stoa__reject *left = a, *right = b;

    return (left->at.line > right->at.line) - (left->at.line < right->at.line);
}

static int64_t lines_before(const struct stoa__chunk *chunk, int64_t from, int64_t to)
{
    return stoa__count_lines(chunk->text + from, (size_t)(to - from));
}

void stoa__reader_settle(struct stoa__chunk *chunk)
{
    const int64_t count = stoa__rejects_count(&chunk->rejects);
    struct stoa__reject *items = (struct stoa__reject *)(void *)chunk->rejects.items.data;
    int64_t at = 0, line = 0;

    if (count > 1)
        qsort(items, (size_t)count, sizeof *items, by_place);
    for (int64_t i = 0; i < count; i++) {
        const int64_t place = items[i].at.line;

        line += lines_before(chunk, at, place);
        at = place;
        items[i].at.line = line;
    }
    if (chunk->error.code != 0)
        chunk->fault.line = lines_before(chunk, 0, chunk->fault.line);
}

static stoa_status open_bad_sink(stoa__reader *reader, stoa_error *err)
{
    const stoa_sink given = {.struct_size = sizeof given,
                             .path = reader->settings.bad_file,
                             .path_size = STOA_NUL};
    stoa_status rc = stoa__sink_open(&reader->bad_sink, &given, false, err);

    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&reader->bad_sink.out, "line,column,reason,text\n");
    reader->bad_sink_open = rc == STOA_OK;
    if (rc != STOA_OK)
        stoa__wrap(err, "bad_file");
    return rc;
}

static stoa_status write_bad(stoa__reader *reader, stoa__call *call,
                             const struct stoa__reject *reject, const uint8_t *bytes,
                             stoa_error *err)
{
    stoa__buffer *out = &reader->bad_sink.out;
    stoa_status rc = reader->bad_sink_open ? STOA_OK : open_bad_sink(reader, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__buffer_format(out, "%lld,%d,", (long long)reject->at.line, reject->at.column);
    if (rc == STOA_OK)
        rc = stoa__put_quoted(out, bytes + reject->reason, reject->reason_size, '"');
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(out, ',');
    if (rc == STOA_OK)
        rc = stoa__put_quoted(out, bytes + reject->text, reject->text_size, '"');
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(out, '\n');
    return rc == STOA_OK ? stoa__sink_flush(&reader->bad_sink, call, false, err)
                         : stoa__fail_nomem(err);
}

/* What the column at `column` (from 1) is called. */
static const char *column_name(const stoa__reader *reader, int32_t column)
{
    return column >= 1 && column <= reader->type->child_count
               ? reader->type->children[column - 1].name
               : "";
}

/* Put the place in front of what is wrong. */
static stoa_status tell_place(const stoa__reader *reader, const struct stoa__fault *fault,
                              int64_t lines, stoa_error *err)
{
    const char *name = reader->chunks.source.name;
    const long long line = (long long)(lines + fault->line + 1);

    if (fault->column < 1)
        stoa__wrap(err, "%s, line %lld", name, line);
    else
        stoa__wrap(err, "%s, line %lld, column %d ('%.80s')", name, line, fault->column,
                   column_name(reader, fault->column));
    return err ? err->code : STOA_ERR_TYPE;
}

static stoa_status take_reject(stoa__reader *reader, stoa__call *call,
                               struct stoa__reject *reject, const uint8_t *bytes,
                               stoa_error *err)
{
    stoa_error own = {0};

    if (++reader->report.bad_rows > reader->settings.bad_rows_max) {
        (void)stoa__fail(&own, STOA_ERR_FULL,
                         "%.*s (and there are more than %lld bad rows, which bad_rows_max allows)",
                         (int)reject->reason_size, (const char *)bytes + reject->reason,
                         (long long)reader->settings.bad_rows_max);
        (void)tell_place(reader, &reject->at, reader->passed_lines, &own);
        stoa__error_copy(err, &own);
        return STOA_ERR_FULL;
    }
    reject->at.line += reader->passed_lines + 1;
    if (reader->settings.bad_rows == STOA__BAD_FILE)
        return write_bad(reader, call, reject, bytes, err);
    if (reader->settings.bad_rows == STOA__BAD_KEEP &&
        stoa__rejects_add(&reader->kept, &reject->at, (const char *)bytes + reject->reason,
                          reject->reason_size, bytes + reject->text, reject->text_size) != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

static stoa_status take_rejects(stoa__reader *reader, stoa__call *call,
                                struct stoa__chunk *chunk, stoa_error *err)
{
    struct stoa__reject *items = (struct stoa__reject *)(void *)chunk->rejects.items.data;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < stoa__rejects_count(&chunk->rejects); i++)
        rc = take_reject(reader, call, &items[i], chunk->rejects.bytes.data, err);
    return rc;
}

/* ---- the producer ---- */

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
    stoa_status rc = take_rejects(reader, call, chunk, err);

    if (rc == STOA_OK && failure.code != 0) {
        rc = tell_place(reader, &chunk->fault, reader->passed_lines, &failure);
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

/* ---- what is known about a stream ---- */

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
