/* SPDX-License-Identifier: Apache-2.0 */
#include "format/writer.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "format/scan.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

struct settings {
    const char *separator, *quote, *null;
    bool header;
    int32_t quoting;  /* 0: needed, 1: all. */
    int32_t line_end; /* 0: LF, 1: CRLF. */
};

struct csv {
    struct settings settings;
    uint8_t separator, quote;
    bool plain_values; /* Numbers, dates and times never need quotes. */
    size_t null_size;
    stoa__buffer scratch;
};

enum { VALUE_SIZE = 64 };

static stoa_status one_character(const char *key, const char *value, uint8_t *out,
                                 stoa_error *err)
{
    if (strcmp(value, "tab") == 0)
        value = "\t";
    if (value[0] <= 0 || value[1] != '\0' || value[0] == '\n' || value[0] == '\r')
        return stoa__fail(err, STOA_ERR_INVALID,
                          "setting '%s' is '%.20s', which is not one ASCII character", key, value);
    *out = (uint8_t)value[0];
    return STOA_OK;
}

static bool same_words(const struct csv *csv)
{
    return strchr(csv->settings.null, csv->separator) || strchr(csv->settings.null, csv->quote) ||
           strpbrk(csv->settings.null, "\r\n");
}

/* Whether no number, date or time has the separator or a quote in it, or reads as NULL. */
static bool have_plain_values(const struct csv *csv)
{
    static const char characters[] = "0123456789+-.:eTZinfNa ";
    const char *null = csv->settings.null;

    return csv->settings.quoting == 0 && !strchr(characters, csv->separator) &&
           !strchr(characters, csv->quote) &&
           (null[0] == '\0' || null[strspn(null, characters)] != '\0');
}

static stoa_status read_settings(stoa__writer *writer, struct csv *csv, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"separator", STOA__SETTING_TEXT, offsetof(struct settings, separator), 0, 0, NULL, false},
        {"quote", STOA__SETTING_TEXT, offsetof(struct settings, quote), 0, 0, NULL, false},
        {"null", STOA__SETTING_TEXT, offsetof(struct settings, null), 0, 0, NULL, false},
        {"header", STOA__SETTING_BOOL, offsetof(struct settings, header), 0, 0, NULL, false},
        {"quoting", STOA__SETTING_CHOICE, offsetof(struct settings, quoting), 0, 0, "needed|all",
         false},
        {"line_end", STOA__SETTING_CHOICE, offsetof(struct settings, line_end), 0, 0, "lf|crlf",
         false},
    };
    stoa_status rc;

    csv->settings = (struct settings){.separator = ",", .quote = "\"", .null = "", .header = true};
    rc = stoa__settings_read(&writer->options, "csv", table, sizeof table / sizeof *table,
                             &csv->settings, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&writer->options, "csv", err);
    if (rc == STOA_OK)
        rc = one_character("separator", csv->settings.separator, &csv->separator, err);
    if (rc == STOA_OK)
        rc = one_character("quote", csv->settings.quote, &csv->quote, err);
    if (rc == STOA_OK && csv->separator == csv->quote)
        rc = stoa__fail(err, STOA_ERR_INVALID, "separator and quote are both '%c'", csv->quote);
    if (rc == STOA_OK && same_words(csv))
        rc = stoa__fail(err, STOA_ERR_INVALID,
                        "null='%.40s' holds the separator, the quote or a line end",
                        csv->settings.null);
    csv->null_size = rc == STOA_OK ? strlen(csv->settings.null) : 0;
    csv->plain_values = rc == STOA_OK && have_plain_values(csv);
    return rc;
}

/* Would the text come back as another one without quotes? */
static bool needs_quotes(const struct csv *csv, const uint8_t *text, size_t size)
{
    if (size == csv->null_size && (size == 0 || memcmp(text, csv->settings.null, size) == 0))
        return true;
    if (size == 0)
        return true;
    for (size_t at = 0; at < size; at += STOA__SCAN_SIZE) {
        uint8_t last[STOA__SCAN_SIZE] = {0};
        const size_t left = size - at;

        if (left < STOA__SCAN_SIZE)
            memcpy(last, text + at, left);
        const stoa__lanes lanes = stoa__lanes_load(left < STOA__SCAN_SIZE ? last : text + at);

        if ((stoa__lanes_equal(&lanes, csv->separator) | stoa__lanes_equal(&lanes, csv->quote) |
             stoa__lanes_equal(&lanes, '\n') | stoa__lanes_equal(&lanes, '\r')) &
            stoa__low_bits(left))
            return true;
    }
    return false;
}

/* Short texts, most of them, are looked at byte by byte. */
static bool short_needs_quotes(const struct csv *csv, const uint8_t *text, size_t size)
{
    if (size > 24 || size == csv->null_size || size == 0)
        return needs_quotes(csv, text, size);
    for (size_t i = 0; i < size; i++) {
        const uint8_t c = text[i];

        if (c == csv->separator || c == csv->quote || c == '\n' || c == '\r')
            return true;
    }
    return false;
}

static stoa_status put_text(const struct csv *csv, stoa__buffer *out, const uint8_t *text,
                            size_t size)
{
    if (csv->settings.quoting == 1 || short_needs_quotes(csv, text, size))
        return stoa__put_quoted(out, text, size, (char)csv->quote);
    return stoa__buffer_append(out, text, size);
}

/* A value that is read as something else where the separator or the spelling of NULL looks like a
 * part of a number. */
static stoa_status quote_if_needed(const struct csv *csv, stoa__buffer *out, size_t begin,
                                   stoa__buffer *scratch)
{
    const size_t size = out->size - begin;

    if (csv->settings.quoting == 0 && !short_needs_quotes(csv, out->data + begin, size))
        return STOA_OK;
    scratch->size = 0;
    if (stoa__buffer_append(scratch, out->data + begin, size) != STOA_OK)
        return STOA_ERR_NOMEM;
    out->size = begin;
    return stoa__put_quoted(out, scratch->data, size, (char)csv->quote);
}

static stoa_status put_slowly(stoa__writer *writer, struct csv *csv,
                              const struct stoa__put_column *column, int64_t row, stoa_error *err)
{
    stoa__buffer *scratch = &csv->scratch, *out = &writer->sink.out;
    struct stoa__cell cell;
    const uint8_t *bytes;
    int64_t size;
    stoa_status rc;

    stoa__cell_at(column->type, column->array, row, &cell);
    scratch->size = 0;
    if (stoa__arrow_is_binary(cell.type->kind)) {
        bytes = stoa__cell_bytes(&cell, &size);
        rc = stoa__writer_binary(writer, bytes, size, scratch, err);
    } else {
        rc = stoa__cell_text(&cell, scratch, err);
    }
    if (rc != STOA_OK)
        return rc;
    rc = put_text(csv, out, scratch->data, scratch->size);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status put_value(stoa__writer *writer, struct csv *csv,
                             struct stoa__put_column *column, int64_t row, stoa_error *err)
{
    stoa__buffer *out = &writer->sink.out;
    const size_t begin = out->size;
    const uint8_t *text = NULL;
    int64_t size = 0;
    bool number = false;
    stoa_status rc = stoa__buffer_reserve(out, VALUE_SIZE);

    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    if (stoa__put_is_null(column, row))
        rc = stoa__buffer_append(out, csv->settings.null, csv->null_size);
    else if (stoa__put_text(column, row, &text, &size))
        rc = put_text(csv, out, text, (size_t)size);
    else if (stoa__put_quick(column, row, out, &number))
        rc = csv->plain_values ? STOA_OK : quote_if_needed(csv, out, begin, &csv->scratch);
    else
        return put_slowly(writer, csv, column, row, err);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status end_line(const struct csv *csv, stoa__buffer *out, stoa_error *err)
{
    stoa_status rc = csv->settings.line_end == 1 ? stoa__buffer_append(out, "\r\n", 2)
                                                 : stoa__buffer_append_byte(out, '\n');

    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status write_row(stoa__writer *writer, int64_t row, stoa_error *err)
{
    struct csv *csv = writer->self;
    stoa__buffer *out = &writer->sink.out;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < writer->column_count; i++) {
        if (i > 0 && stoa__buffer_append_byte(out, csv->separator) != STOA_OK)
            return stoa__fail_nomem(err);
        rc = put_value(writer, csv, &writer->columns[i], row, err);
        if (rc < 0)
            stoa__wrap(err, "column '%.80s'", stoa__writer_field(writer, i)->name);
    }
    return rc == STOA_OK ? end_line(csv, out, err) : rc;
}

static stoa_status write_header(stoa__writer *writer, stoa_error *err)
{
    struct csv *csv = writer->self;
    stoa__buffer *out = &writer->sink.out;
    stoa_status rc = read_settings(writer, csv, err);

    if (rc != STOA_OK || !csv->settings.header || writer->column_count == 0)
        return rc;
    for (int32_t i = 0; rc == STOA_OK && i < writer->column_count; i++) {
        const char *name = stoa__writer_field(writer, i)->name;

        if (i > 0)
            rc = stoa__buffer_append_byte(out, csv->separator);
        if (rc == STOA_OK)
            rc = put_text(csv, out, (const uint8_t *)name, strlen(name));
    }
    return rc == STOA_OK ? end_line(csv, out, err) : stoa__fail_nomem(err);
}

stoa_status stoa_csv_write(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                           const stoa_option *options, int64_t option_count, int64_t *rows,
                           stoa_error *err)
{
    struct csv csv = {0};
    stoa__writer writer = {.self = &csv, .begin = write_header, .row = write_row};
    stoa_status rc =
        stoa__writer_run(&writer, op, stream, sink, options, option_count, rows, err);

    stoa__buffer_release(&csv.scratch);
    return rc;
}
