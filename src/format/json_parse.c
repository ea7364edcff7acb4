/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk of JSON lines into a batch, with a worker a thread. */
#include "format/json_line.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

enum { ROWS_FIRST = 1024 };

static void worker_free(void *self)
{
    stoa__json_worker *worker = self;

    if (!worker)
        return;
    stoa__builder_release(&worker->builder);
    stoa__buffer_release(&worker->scratch);
    stoa__buffer_release(&worker->convert.scratch);
    stoa__free(worker->columns);
    stoa__free(worker->targets);
    stoa__free(worker->how);
    stoa__free(worker);
}

static uint8_t how_of(const struct stoa__arrow_type *type)
{
    switch ((int)type->kind) {
    case STOA__ARROW_INT64:
        return STOA__BY_INT64;
    case STOA__ARROW_FLOAT64:
        return STOA__BY_DOUBLE;
    case STOA__ARROW_UTF8:
    case STOA__ARROW_LARGE_UTF8:
    case STOA__ARROW_UTF8_VIEW:
        return STOA__BY_TEXT;
    case STOA__ARROW_TIMESTAMP:
        return STOA__BY_TIMESTAMP;
    case STOA__ARROW_BOOL:
        return STOA__BY_BOOL;
    default:
        return STOA__BY_JSON;
    }
}

static stoa_status worker_new(void *self, void **out, stoa_error *err)
{
    const stoa__jsonl *jsonl = self;
    const size_t count = (size_t)jsonl->reader.type->child_count;
    stoa__json_worker *worker = stoa__alloc_zero(1, sizeof *worker);
    stoa_status rc;

    if (!worker)
        return stoa__fail_nomem(err);
    *out = worker;
    worker->jsonl = jsonl;
    worker->rows_before = ROWS_FIRST;
    worker->convert.hexadecimal = jsonl->reader.settings.binary == 1;
    worker->convert.keep_nul = jsonl->reader.settings.nul == 1;
    worker->columns = stoa__alloc_zero(count + 1, sizeof *worker->columns);
    worker->targets = stoa__alloc_zero(count + 1, sizeof *worker->targets);
    worker->how = stoa__alloc_zero(count + 1, 1);
    if (!worker->columns || !worker->targets || !worker->how)
        return stoa__fail_nomem(err);
    rc = stoa__builder_init(&worker->builder, jsonl->reader.type, 0, err);
    for (size_t i = 0; rc == STOA_OK && i < count; i++) {
        worker->columns[i] = &worker->builder.root.children[i];
        worker->targets[i] = stoa__column_target(worker->columns[i]);
        worker->how[i] = how_of(worker->targets[i]->type);
    }
    return rc;
}

static void take_back(stoa__json_worker *worker, int64_t row)
{
    for (int32_t i = 0; i < stoa__json_column_count(worker); i++)
        stoa__column_truncate(worker->columns[i], row);
}

/* A row, or a bad one; false ends the chunk. */
static bool take_line(stoa__json_worker *worker, const uint8_t *line, const uint8_t *end)
{
    const stoa__reader *reader = &worker->jsonl->reader;
    const uint8_t *text = worker->chunk->text;
    const int64_t row = worker->builder.root.length;
    const size_t size = (size_t)(end - line);
    bool good = false;

    worker->error.code = 0;
    worker->fault = line;
    worker->fault_column = 0;
    if (size > (size_t)reader->settings.record_size)
        (void)stoa__fail(&worker->error, STOA_ERR_FULL,
                         "the line has %zu bytes, more than record_size allows (%lld)", size,
                         (long long)reader->settings.record_size);
    else if (!worker->check || stoa__utf8_check((const char *)line, size) == size)
        good = stoa__json_read_quick(worker, line, end, row);
    if (!good && worker->error.code == 0) {
        take_back(worker, row);
        good = stoa__json_read_strict(worker, line, size, row);
    }
    if (good) {
        worker->builder.root.length++;
        return true;
    }
    take_back(worker, row);
    if (worker->error.code == STOA_ERR_NOMEM) {
        stoa__reader_fail(worker->chunk, (size_t)(line - text), 0, &worker->error);
        return false;
    }
    return stoa__reader_bad_row(reader, worker->chunk, (size_t)(worker->fault - text),
                                worker->fault_column, (size_t)(line - text),
                                (size_t)(end - text), &worker->error);
}

static bool take_lines(stoa__json_worker *worker)
{
    const struct stoa__chunk *chunk = worker->chunk;
    const uint8_t *at = chunk->text, *last = at + chunk->size;
    stoa_error error = {0};

    while (at < last) {
        const uint8_t *end = memchr(at, '\n', (size_t)(last - at));
        const uint8_t *line = stoa__json_pass_blanks(at);

        if (!end)
            end = last;
        at = end + 1;
        if (line >= end)
            continue;
        if (worker->builder.root.length == worker->builder.root.capacity &&
            stoa__column_reserve(&worker->builder.root, 1, &error) != STOA_OK) {
            stoa__reader_fail(worker->chunk, 0, 0, &error);
            return false;
        }
        if (!take_line(worker, line, end))
            return false;
    }
    return true;
}

static void parse(void *self, void *argument, struct stoa__chunk *chunk)
{
    stoa__json_worker *worker = argument;
    const int64_t room = worker->rows_before + worker->rows_before / 16;
    stoa_error error = {0};
    bool good;

    (void)self;
    worker->chunk = chunk;
    worker->check = stoa__utf8_check((const char *)chunk->text, chunk->size) < chunk->size;
    good = stoa__column_reserve(&worker->builder.root, room, &error) == STOA_OK;
    if (!good)
        stoa__reader_fail(chunk, 0, 0, &error);
    good = good && take_lines(worker);
    if (good && worker->builder.root.length > 0) {
        worker->rows_before = worker->builder.root.length;
        if (stoa__builder_finish(&worker->builder, 0, &chunk->batch, &error) != STOA_OK)
            stoa__reader_fail(chunk, 0, 0, &error);
    }
    take_back(worker, 0);
    worker->builder.root.length = 0;
    if (chunk->error.code != 0 || stoa__rejects_count(&chunk->rejects) > 0)
        stoa__reader_settle(chunk);
}

static size_t cut(void *self, const uint8_t *text, size_t size)
{
    const uint8_t *lf = memrchr(text, '\n', size);

    (void)self;
    return lf ? (size_t)(lf - text) + 1 : 0;
}

const struct stoa__chunk_format stoa__jsonl_format = {
    .cut = cut, .worker_new = worker_new, .worker_free = worker_free, .parse = parse};
