/* SPDX-License-Identifier: Apache-2.0 */
#include "format/csv.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/table.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

static void csv_end(stoa__reader *reader)
{
    stoa__reader_release(reader);
    stoa__free(reader);
}

static stoa_status read_settings(stoa__csv *csv, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"separator", STOA__SETTING_TEXT, offsetof(struct stoa__csv_settings, separator), 0, 0,
         NULL, false},
        {"quote", STOA__SETTING_TEXT, offsetof(struct stoa__csv_settings, quote), 0, 0, NULL,
         false},
        {"null", STOA__SETTING_TEXT, offsetof(struct stoa__csv_settings, null), 0, 0, NULL, false},
        {"header", STOA__SETTING_CHOICE, offsetof(struct stoa__csv_settings, header), 0, 0,
         "auto|yes|no", false},
        {"types", STOA__SETTING_CHOICE, offsetof(struct stoa__csv_settings, types), 0, 0,
         "infer|text", false},
        {"skip_lines", STOA__SETTING_INT, offsetof(struct stoa__csv_settings, skip_lines), 0,
         INT32_MAX, NULL, false},
    };
    stoa_status rc;

    csv->settings = (struct stoa__csv_settings){.separator = "auto", .quote = "auto", .null = ""};
    rc = stoa__settings_read(&csv->reader.options, "csv", table, sizeof table / sizeof *table,
                             &csv->settings, err);
    return rc == STOA_OK ? stoa__settings_finish(&csv->reader.options, "csv", err) : rc;
}

/* "NA,NULL": words between commas; "" is the empty one alone. */
static stoa_status read_nulls(stoa__csv *csv, stoa_error *err)
{
    const char *at = csv->settings.null;
    size_t count = 1, i = 0;
    const char **words;
    size_t *sizes;

    for (const char *c = at; *c; c++)
        count += *c == ',';
    words = stoa__arena_alloc_zero(&csv->reader.arena, count, sizeof *words);
    sizes = stoa__arena_alloc_zero(&csv->reader.arena, count, sizeof *sizes);
    if (!words || !sizes)
        return stoa__fail_nomem(err);
    for (; i < count; i++) {
        words[i] = at;
        sizes[i] = strcspn(at, ",");
        csv->nulls.size_bits |= UINT64_C(1) << (sizes[i] & 63);
        at += sizes[i] + 1;
    }
    csv->nulls.words = words;
    csv->nulls.sizes = sizes;
    csv->nulls.count = (int32_t)count;
    return STOA_OK;
}

/* Lines before the header are no CSV: they are cut off by their line ends alone. */
static stoa_status skip_lines(stoa__csv *csv, stoa_error *err)
{
    stoa__buffer *rest = &csv->reader.chunks.rest;
    size_t at = 0;

    for (int64_t i = 0; i < csv->settings.skip_lines; i++) {
        while (at < rest->size && rest->data[at] != '\n' && rest->data[at] != '\r')
            at++;
        if (at >= rest->size)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "skip_lines=%lld, but the first %zu bytes have %lld lines",
                              (long long)csv->settings.skip_lines, rest->size, (long long)i);
        at += at + 1 < rest->size && rest->data[at] == '\r' && rest->data[at + 1] == '\n' ? 2 : 1;
    }
    rest->size -= at;
    memmove(rest->data, rest->data + at, rest->size + STOA__CHUNK_PADDING);
    csv->reader.passed_lines = csv->settings.skip_lines;
    return STOA_OK;
}

/* The sample must hold the first record: it says how many columns there are. */
static stoa_status find_first(stoa__csv *csv, stoa__call *call, bool *all,
                              struct stoa__csv_header *first, stoa_error *err)
{
    stoa__chunks *chunks = &csv->reader.chunks;
    stoa_status rc;

    for (;;) {
        rc = stoa__csv_read_header(csv, chunks->rest.data, chunks->rest.size, 0, first, err);
        if (rc != STOA_OK || !first->cut || *all)
            return rc;
        if (chunks->rest.size > (size_t)chunks->record_size)
            return stoa__fail(err, STOA_ERR_FULL,
                              "%s, line 1: the record is longer than record_size allows (%lld "
                              "bytes); if it is none, a quote may never be closed",
                              chunks->source.name, (long long)chunks->record_size);
        rc = stoa__chunks_sample(chunks, call, 2 * chunks->rest.size, all, err);
        if (rc != STOA_OK)
            return rc;
    }
}

static stoa_status look(stoa__csv *csv, stoa__call *call, stoa_error *err)
{
    stoa__chunks *chunks = &csv->reader.chunks;
    struct stoa__csv_header first = {0};
    bool all = false;
    stoa_status rc = stoa__reader_sample(&csv->reader, call, &all, err);

    if (rc == STOA_OK)
        rc = skip_lines(csv, err);
    if (rc == STOA_OK)
        rc = stoa__csv_detect(csv, chunks->rest.data, chunks->rest.size, all, err);
    if (rc == STOA_OK)
        rc = find_first(csv, call, &all, &first, err);
    if (rc != STOA_OK)
        return rc;
    csv->header = stoa__csv_is_header(csv, &first);
    csv->column_count = first.count;
    chunks->first_skip = csv->header ? first.next : 0;
    csv->reader.report.separator = csv->dialect.separator;
    csv->reader.report.quote = csv->dialect.quote;
    csv->reader.report.header = csv->header;
    return stoa__csv_infer(csv, &first, chunks->rest.data, chunks->rest.size, all, err);
}

stoa_status stoa_csv_open(stoa_op op, const stoa_source *source, const struct ArrowSchema *target,
                          const stoa_option *options, int64_t option_count,
                          struct ArrowArrayStream *out, stoa_error *err)
{
    stoa__reader *reader = NULL;
    stoa__csv *csv;
    stoa__call call = {0};
    stoa_status rc;

    if (out)
        *out = (struct ArrowArrayStream){0};
    rc = stoa__reader_open(op, source, target, options, option_count, out, sizeof *csv, &call,
                           &reader, err);
    if (rc != STOA_OK)
        return rc;
    csv = (stoa__csv *)reader;
    csv->reader.format = &stoa__csv_format;
    csv->reader.end = csv_end;
    rc = read_settings(csv, err);
    if (rc == STOA_OK)
        rc = read_nulls(csv, err);
    if (rc == STOA_OK)
        rc = look(csv, &call, err);
    if (rc == STOA_OK)
        rc = stoa__reader_export(&csv->reader, &call, out, err);
    if (rc != STOA_OK)
        csv_end(&csv->reader);
    stoa__call_end(&call);
    return rc;
}
