/* SPDX-License-Identifier: Apache-2.0 */
/* Bad rows: told by parsers in bytes of their chunk, and taken in order, in lines of the file. */
#include "format/reader.h"

#include "base/error.h"
#include "format/put.h"

#include <stdlib.h>

#include "base/ban.h"

/* A bad row's text in the caller's file or stream; a record may be a gigabyte. */
enum { BAD_TEXT_MAX = 1 << 16 };

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
stoa_status stoa__reader_place(const stoa__reader *reader, const struct stoa__fault *fault,
                               stoa_error *err)
{
    const char *name = reader->chunks.source.name;
    const long long line = (long long)(reader->passed_lines + fault->line + 1);

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
        (void)stoa__reader_place(reader, &reject->at, &own);
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

stoa_status stoa__reader_take_rejects(stoa__reader *reader, stoa__call *call,
                                      struct stoa__chunk *chunk, stoa_error *err)
{
    struct stoa__reject *items = (struct stoa__reject *)(void *)chunk->rejects.items.data;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < stoa__rejects_count(&chunk->rejects); i++)
        rc = take_reject(reader, call, &items[i], chunk->rejects.bytes.data, err);
    return rc;
}
