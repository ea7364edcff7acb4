/* SPDX-License-Identifier: Apache-2.0 */
#include "format/writer.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"
#include "format/scan.h"
#include "text/json.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

struct settings {
    int32_t nulls; /* 0: write, 1: omit. */
};

/* `"name":` of each column, one behind the other. */
struct jsonl {
    struct settings settings;
    stoa__buffer keys;
    size_t *ends;
    stoa__buffer scratch;
};

enum { VALUE_SIZE = 64 };

static stoa_status read_settings(stoa__writer *writer, struct jsonl *jsonl, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"nulls", STOA__SETTING_CHOICE, offsetof(struct settings, nulls), 0, 0, "write|omit",
         false},
    };
    stoa_status rc = stoa__settings_read(&writer->options, "jsonl", table,
                                         sizeof table / sizeof *table, &jsonl->settings, err);

    return rc == STOA_OK ? stoa__settings_finish(&writer->options, "jsonl", err) : rc;
}

static stoa_status write_keys(stoa__writer *writer, stoa_error *err)
{
    struct jsonl *jsonl = writer->self;
    stoa_status rc = read_settings(writer, jsonl, err);

    if (rc != STOA_OK)
        return rc;
    jsonl->ends = stoa__alloc_zero((size_t)writer->column_count + 1, sizeof *jsonl->ends);
    if (!jsonl->ends)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < writer->column_count; i++) {
        const char *name = stoa__writer_field(writer, i)->name;

        rc = stoa__json_write_text(&jsonl->keys, name, strlen(name), err);
        if (rc == STOA_OK && stoa__buffer_append_byte(&jsonl->keys, ':') != STOA_OK)
            rc = stoa__fail_nomem(err);
        jsonl->ends[i] = jsonl->keys.size;
    }
    return rc;
}

/* Most texts need no escape, which 16 bytes at a time can tell; validated before: it is UTF-8. */
static stoa_status put_text(stoa__buffer *out, const uint8_t *text, size_t size, stoa_error *err)
{
    bool plain = true;
    uint8_t *to;

    for (size_t at = 0; plain && at < size; at += STOA__SCAN_SIZE) {
        /* Ends of what is copied stop the search. */
        uint8_t part[STOA__SCAN_SIZE + 17] = {0};
        const size_t left = size - at < STOA__SCAN_SIZE ? size - at : STOA__SCAN_SIZE;

        memcpy(part, text + at, left);
        plain = stoa__string_end(part) == part + left;
    }
    if (!plain)
        return stoa__json_write_text(out, (const char *)text, size, err);
    if (stoa__buffer_reserve(out, size + 2) != STOA_OK)
        return stoa__fail_nomem(err);
    to = out->data + out->size;
    *to++ = '"';
    memcpy(to, text, size);
    to[size] = '"';
    out->size += size + 2;
    return STOA_OK;
}

static stoa_status put_cell(stoa__writer *writer, const struct stoa__put_column *column,
                            int64_t row, stoa_error *err)
{
    struct jsonl *jsonl = writer->self;
    struct stoa__cell cell;
    const uint8_t *bytes;
    int64_t size;
    stoa_status rc;

    stoa__cell_at(column->type, column->array, row, &cell);
    if (cell.null || !stoa__arrow_is_binary(cell.type->kind))
        return stoa__cell_json(&cell, &writer->sink.out, err);
    bytes = stoa__cell_bytes(&cell, &size);
    jsonl->scratch.size = 0;
    rc = stoa__writer_binary(writer, bytes, size, &jsonl->scratch, err);
    return rc == STOA_OK
               ? put_text(&writer->sink.out, jsonl->scratch.data, jsonl->scratch.size, err)
               : rc;
}

/* A quick value, in quotes unless it is a number. */
static stoa_status put_value(stoa__writer *writer, struct stoa__put_column *column,
                             int64_t row, stoa_error *err)
{
    stoa__buffer *out = &writer->sink.out;
    const size_t begin = out->size;
    const uint8_t *text = NULL;
    int64_t size = 0;
    bool number = false;

    if (stoa__put_text(column, row, &text, &size))
        return put_text(out, text, (size_t)size, err);
    if (stoa__buffer_reserve(out, VALUE_SIZE + 2) != STOA_OK)
        return stoa__fail_nomem(err);
    out->size++;
    if (!stoa__put_quick(column, row, out, &number)) {
        out->size = begin;
        return put_cell(writer, column, row, err);
    }
    if (number) {
        out->size--;
        memmove(out->data + begin, out->data + begin + 1, out->size - begin);
        return STOA_OK;
    }
    if (column->type->kind == STOA__ARROW_FLOAT64) { /* NaN and infinities have names of JSON's. */
        out->size = begin;
        return put_cell(writer, column, row, err);
    }
    out->data[begin] = '"';
    out->data[out->size++] = '"';
    return STOA_OK;
}

static stoa_status write_row(stoa__writer *writer, int64_t row, stoa_error *err)
{
    struct jsonl *jsonl = writer->self;
    stoa__buffer *out = &writer->sink.out;
    stoa_status rc = stoa__buffer_append_byte(out, '{');
    bool first = true;

    for (int32_t i = 0; rc == STOA_OK && i < writer->column_count; i++) {
        const bool null = stoa__put_is_null(&writer->columns[i], row);
        const size_t key = i > 0 ? jsonl->ends[i - 1] : 0;

        if (null && jsonl->settings.nulls == 1)
            continue;
        if (!first)
            rc = stoa__buffer_append_byte(out, ',');
        first = false;
        if (rc == STOA_OK)
            rc = stoa__buffer_append(out, jsonl->keys.data + key, jsonl->ends[i] - key);
        if (rc == STOA_OK && null)
            rc = stoa__buffer_append(out, "null", 4);
        else if (rc == STOA_OK)
            rc = put_value(writer, &writer->columns[i], row, err);
        if (rc < 0 && rc != STOA_ERR_NOMEM)
            stoa__wrap(err, "column '%.80s'", stoa__writer_field(writer, i)->name);
    }
    if (rc == STOA_OK)
        rc = stoa__buffer_append(out, "}\n", 2);
    return rc == STOA_ERR_NOMEM ? stoa__fail_nomem(err) : rc;
}

stoa_status stoa_jsonl_write(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                             const stoa_option *options, int64_t option_count, int64_t *rows,
                             stoa_error *err)
{
    struct jsonl jsonl = {0};
    stoa__writer writer = {.self = &jsonl, .begin = write_keys, .row = write_row};
    stoa_status rc =
        stoa__writer_run(&writer, op, stream, sink, options, option_count, rows, err);

    stoa__buffer_release(&jsonl.keys);
    stoa__buffer_release(&jsonl.scratch);
    stoa__free(jsonl.ends);
    return rc;
}
