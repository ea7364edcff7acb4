/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk of CSV into a batch: rows are scanned and converted some thousand fields at a time, so
 * that text and slots are still in the processor's cache when a column comes to them. */
#include "format/csv.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

enum { SLOTS = 1 << 14, ROWS_FIRST = 1024 };

struct worker {
    const stoa__csv *csv;
    struct stoa__builder builder;
    struct stoa__column **columns; /* Targets of the builder's. */
    uint32_t *slots;
    int64_t row_max;
    int64_t rows_before; /* Of the last chunk: room for the next. */
    stoa__csv_scanner scanner;
    stoa__convert convert;
    struct stoa__chunk *chunk;
    /* The bad values of the block being converted. */
    uint8_t *bad; /* A byte a row. */
    int64_t bad_count;
    int64_t bad_row; /* With `refuse`: the first row that is bad; -1: none. */
    stoa_error bad_error;
    int32_t bad_column;
    size_t bad_at;
};

static void worker_free(void *self)
{
    struct worker *worker = self;

    if (!worker)
        return;
    stoa__builder_release(&worker->builder);
    stoa__buffer_release(&worker->convert.scratch);
    stoa__free(worker->columns);
    stoa__free(worker->slots);
    stoa__free(worker->bad);
    stoa__free(worker);
}

static bool take_bad(void *self, int64_t row, int32_t column, size_t begin,
                     const stoa_error *error)
{
    struct worker *worker = self;
    const stoa__reader *reader = &worker->csv->reader;
    const uint32_t *slot = worker->slots + row * worker->convert.stride;

    if (reader->settings.bad_rows == STOA__BAD_REFUSE) {
        worker->bad_row = row;
        worker->bad_column = column + 1;
        worker->bad_at = begin;
        stoa__error_copy(&worker->bad_error, error);
        return false;
    }
    if (worker->bad[row])
        return true;
    worker->bad[row] = 1;
    worker->bad_count++;
    return stoa__reader_bad_row(reader, worker->chunk, begin, column + 1, slot[0] + 1U,
                                slot[worker->csv->column_count], error);
}

static stoa_status worker_new(void *self, void **out, stoa_error *err)
{
    const stoa__csv *csv = self;
    const size_t columns = (size_t)csv->column_count;
    struct worker *worker = stoa__alloc_zero(1, sizeof *worker);
    stoa_status rc;

    if (!worker)
        return stoa__fail_nomem(err);
    *out = worker;
    worker->csv = csv;
    worker->row_max = SLOTS / (csv->column_count + 1);
    worker->row_max = worker->row_max > 0 ? worker->row_max : 1;
    worker->rows_before = ROWS_FIRST;
    worker->columns = stoa__alloc_zero(columns + 1, sizeof *worker->columns);
    worker->slots = stoa__alloc((size_t)worker->row_max * (columns + 1) * sizeof *worker->slots);
    worker->bad = stoa__alloc_zero((size_t)worker->row_max, 1);
    if (!worker->columns || !worker->slots || !worker->bad)
        return stoa__fail_nomem(err);
    rc = stoa__builder_init(&worker->builder, csv->reader.type, 0, err);
    for (int32_t i = 0; rc == STOA_OK && i < csv->column_count; i++)
        worker->columns[i] = stoa__column_target(&worker->builder.root.children[i]);
    worker->convert.slots = worker->slots;
    worker->convert.stride = csv->column_count + 1;
    worker->convert.quote = csv->dialect.quote;
    worker->convert.nulls = &csv->nulls;
    worker->convert.hexadecimal = csv->reader.settings.binary == 1;
    worker->convert.keep_nul = csv->reader.settings.nul == 1;
    worker->convert.bad = take_bad;
    worker->convert.self = worker;
    return rc;
}

/* Bad bytes somewhere in the chunk mean that each text must be looked at. */
static bool must_check(const struct worker *worker)
{
    const struct stoa__chunk *chunk = worker->chunk;

    return stoa__utf8_check((const char *)chunk->text, chunk->size) < chunk->size ||
           (worker->csv->reader.settings.nul == 0 && memchr(chunk->text, '\0', chunk->size));
}

/* Every column, rows [0, rows) of the slots. */
static stoa_status convert_columns(struct worker *worker, int64_t rows, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < worker->csv->column_count; i++) {
        struct stoa__column *column = worker->columns[i];

        rc = stoa__column_reserve(column, rows, err);
        if (rc == STOA_OK && rows > 0)
            rc = stoa__convert_column(&worker->convert, column, i, rows, err);
        /* A bad value ends it; what is left of it to find is a bad value in a row before. */
        if (rc == STOA_ERR_TYPE && worker->bad_row >= 0) {
            rows = worker->bad_row;
            rc = STOA_OK;
        }
    }
    return rc;
}

/* Take the bad rows out of the slots; how many are left. */
static int64_t drop_bad(struct worker *worker, int64_t rows)
{
    const int64_t stride = worker->convert.stride;
    int64_t kept = 0;

    for (int64_t row = 0; row < rows; row++) {
        if (!worker->bad[row])
            memmove(worker->slots + kept++ * stride, worker->slots + row * stride,
                    (size_t)stride * sizeof *worker->slots);
        worker->bad[row] = 0;
    }
    worker->bad_count = 0;
    return kept;
}

static stoa_status convert_block(struct worker *worker, int64_t rows, stoa_error *err)
{
    const int64_t length = worker->builder.root.length;
    stoa_status rc;

    worker->bad_row = -1;
    rc = convert_columns(worker, rows, err);
    if (rc == STOA_OK && worker->bad_row >= 0) {
        stoa__reader_fail(worker->chunk, worker->bad_at, worker->bad_column, &worker->bad_error);
        return STOA_ERR_TYPE;
    }
    if (rc == STOA_OK && worker->bad_count > 0) {
        for (int32_t i = 0; i < worker->csv->column_count; i++)
            stoa__column_truncate(worker->columns[i], length);
        rows = drop_bad(worker, rows);
        rc = convert_columns(worker, rows, err);
    }
    worker->builder.root.length = length + rows;
    return rc;
}

static stoa_status name_problem(const struct worker *worker, stoa_error *err)
{
    const stoa__csv_scanner *scanner = &worker->scanner;

    switch (scanner->problem) {
    case STOA__CSV_FIELDS:
        return stoa__fail(err, STOA_ERR_TYPE, "the record has %lld field%s, not %d",
                          (long long)scanner->count, scanner->count == 1 ? "" : "s",
                          worker->csv->column_count);
    case STOA__CSV_GARBAGE:
        return stoa__fail(err, STOA_ERR_TYPE,
                          "field %lld has text behind its closing quote",
                          (long long)scanner->count);
    case STOA__CSV_LONG:
        return stoa__fail(err, STOA_ERR_FULL,
                          "the record has %lld bytes, more than record_size allows (%lld)",
                          (long long)scanner->count,
                          (long long)worker->csv->reader.settings.record_size);
    case STOA__CSV_UNCLOSED:
        return stoa__fail(err, STOA_ERR_SYNTAX,
                          "a quote in the record that begins here is never closed");
    case STOA__CSV_NONE:
        break;
    }
    return STOA_OK;
}

/* What the scanner found. False: the chunk has failed. */
static bool take_problem(struct worker *worker)
{
    const stoa__csv_scanner *scanner = &worker->scanner;
    const int32_t column = scanner->problem == STOA__CSV_GARBAGE ? (int32_t)scanner->count : 0;
    stoa_error error = {0};

    if (scanner->problem == STOA__CSV_NONE)
        return true;
    (void)name_problem(worker, &error);
    if (scanner->problem != STOA__CSV_UNCLOSED)
        return stoa__reader_bad_row(&worker->csv->reader, worker->chunk, scanner->begin, column,
                                    scanner->begin, scanner->end, &error);
    stoa__reader_fail(worker->chunk, scanner->begin, 0, &error);
    return false;
}

static bool parse_blocks(struct worker *worker)
{
    stoa__csv_scanner *scanner = &worker->scanner;
    stoa_error error = {0};

    for (;;) {
        int64_t rows = stoa__csv_scan(scanner);

        if (rows == 0 && scanner->problem == STOA__CSV_NONE)
            return true;
        if (rows > 0 && convert_block(worker, rows, &error) != STOA_OK) {
            if (worker->chunk->error.code == 0)
                stoa__reader_fail(worker->chunk, worker->chunk->skip, 0, &error);
            return false;
        }
        if (!take_problem(worker))
            return false;
    }
}

static void finish(struct worker *worker, bool good)
{
    struct stoa__chunk *chunk = worker->chunk;
    const int64_t rows = worker->builder.root.length;
    stoa_error error = {0};

    if (good && rows > 0) {
        worker->rows_before = rows;
        if (stoa__builder_finish(&worker->builder, 0, &chunk->batch, &error) != STOA_OK)
            stoa__reader_fail(chunk, chunk->skip, 0, &error);
    } else {
        for (int32_t i = 0; i < worker->csv->column_count; i++)
            stoa__column_truncate(worker->columns[i], 0);
        worker->builder.root.length = 0;
    }
    if (chunk->error.code != 0 || stoa__rejects_count(&chunk->rejects) > 0)
        stoa__reader_settle(chunk);
}

static void parse(void *self, void *argument, struct stoa__chunk *chunk)
{
    const stoa__csv *csv = self;
    struct worker *worker = argument;
    stoa_error error = {0};

    worker->chunk = chunk;
    if (csv->column_count == 0)
        return;
    worker->convert.text = chunk->text;
    worker->convert.check = must_check(worker);
    worker->scanner = (stoa__csv_scanner){
        .dialect = csv->dialect,
        .text = chunk->text,
        .size = chunk->size,
        .column_count = csv->column_count,
        .record_size = (size_t)csv->reader.settings.record_size,
        .slots = worker->slots,
        .row_max = worker->row_max,
    };
    stoa__csv_scan_start(&worker->scanner, chunk->skip);
    /* Somewhat more than the last chunk had. */
    if (stoa__column_reserve(&worker->builder.root, worker->rows_before + worker->rows_before / 16,
                             &error) != STOA_OK) {
        stoa__reader_fail(chunk, chunk->skip, 0, &error);
        finish(worker, false);
        return;
    }
    finish(worker, parse_blocks(worker));
}

static size_t cut(void *self, const uint8_t *text, size_t size)
{
    return stoa__csv_cut(&((const stoa__csv *)self)->dialect, text, size);
}

const struct stoa__chunk_format stoa__csv_format = {
    .cut = cut, .worker_new = worker_new, .worker_free = worker_free, .parse = parse};
