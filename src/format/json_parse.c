/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk of JSON lines into a batch. A line of the usual form (keys in the order of the columns,
 * numbers and plain strings) is read in one pass straight into the columns. A value that is not of
 * that form is cut out and given to the strict reader of text/json; a line that is not, is read
 * again by it from its beginning, so that what is wrong is told by it alone.
 */
#include "format/json.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"
#include "format/convert.h"
#include "format/quick.h"
#include "format/scan.h"
#include "text/json.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { ROWS_FIRST = 1024 };

/* How a value is read, by the column's type. */
enum how { BY_JSON, BY_INT64, BY_DOUBLE, BY_TEXT, BY_TIMESTAMP, BY_BOOL };

struct worker {
    const stoa__jsonl *jsonl;
    struct stoa__builder builder;
    struct stoa__column **columns; /* The builder's own ... */
    struct stoa__column **targets; /* ... and where their values go. */
    uint8_t *how;                  /* enum how */
    int64_t rows_before;
    stoa__convert convert;
    stoa__buffer scratch;
    struct stoa__chunk *chunk;
    bool check; /* The chunk is not all UTF-8. */
    /* Of the value that is bad. */
    const uint8_t *fault;
    int32_t fault_column;
    stoa_error error;
};

static void worker_free(void *self)
{
    struct worker *worker = self;

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
        return BY_INT64;
    case STOA__ARROW_FLOAT64:
        return BY_DOUBLE;
    case STOA__ARROW_UTF8:
    case STOA__ARROW_LARGE_UTF8:
    case STOA__ARROW_UTF8_VIEW:
        return BY_TEXT;
    case STOA__ARROW_TIMESTAMP:
        return BY_TIMESTAMP;
    case STOA__ARROW_BOOL:
        return BY_BOOL;
    default:
        return BY_JSON;
    }
}

static int32_t column_count(const struct worker *worker)
{
    return worker->jsonl->reader.type->child_count;
}

static stoa_status worker_new(void *self, void **out, stoa_error *err)
{
    const stoa__jsonl *jsonl = self;
    const size_t count = (size_t)jsonl->reader.type->child_count;
    struct worker *worker = stoa__alloc_zero(1, sizeof *worker);
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

/* ---- one value, by the strict reader ---- */

static stoa_status append_null(struct stoa__column *column, stoa_error *err)
{
    if (!column->type->nullable)
        return stoa__fail(err, STOA_ERR_TYPE, "it is NULL or missing, which the column does not "
                                              "take");
    return stoa__column_append_null(column, err);
}

/* Nothing but the value may be there. */
static stoa_status pass_value(stoa__json *json, const struct stoa__json_token *token,
                              stoa_error *err)
{
    struct stoa__json_token end;
    stoa_status rc = stoa__json_skip(json, token, err);

    return rc == STOA_OK ? stoa__json_next(json, &end, err) : rc;
}

static stoa_status append_string(struct worker *worker, struct stoa__column *column,
                                 const struct stoa__json_token *token, stoa_error *err)
{
    const char *text = token->text;
    size_t size = token->size;

    if (token->escaped) {
        worker->scratch.size = 0;
        if (stoa__json_unescape(token, &worker->scratch) != STOA_OK)
            return stoa__fail_nomem(err);
        text = (const char *)worker->scratch.data;
        size = worker->scratch.size;
    }
    return stoa__convert_text(&worker->convert, column, size > 0 ? text : "", size, err);
}

static stoa_status append_value(struct worker *worker, int32_t index, const uint8_t *text,
                                size_t size, stoa_error *err)
{
    struct stoa__column *column = worker->columns[index], *target = worker->targets[index];
    const enum stoa__arrow_kind kind = target->type->kind;
    struct stoa__json_token token;
    stoa__json json;
    stoa_status rc;

    stoa__json_init(&json, (const char *)text, size);
    rc = stoa__json_next(&json, &token, err);
    if (rc == STOA_OK)
        rc = pass_value(&json, &token, err);
    if (rc != STOA_OK)
        return rc;
    if (token.kind == STOA__JSON_NULL)
        return append_null(column, err);
    if (token.kind == STOA__JSON_TEXT &&
        (stoa__arrow_is_text(kind) || stoa__arrow_is_binary(kind)))
        return append_string(worker, target, &token, err);
    if (stoa__arrow_is_text(kind))
        return stoa__column_append_bytes(target, text, (int64_t)size, err);
    return stoa__column_append_json(column, (const char *)text, (int64_t)size, err);
}

/* ---- the usual form ---- */

static inline const uint8_t *pass_blanks(const uint8_t *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* Behind the string whose quote is at `at`; NULL when the line ends first. */
static const uint8_t *pass_string(const uint8_t *at, const uint8_t *end)
{
    for (at = stoa__string_end(at + 1); at < end; at = stoa__string_end(at)) {
        if (*at == '"')
            return at + 1;
        at += *at == '\\' ? 2 : 1;
    }
    return NULL;
}

/* Behind the value at `at`, which need not be a right one; NULL when the line ends first. */
static const uint8_t *pass_any(const uint8_t *at, const uint8_t *end)
{
    int64_t depth = 0;

    while (at < end) {
        const uint8_t c = *at;

        if (c == '"') {
            at = pass_string(at, end);
            if (!at)
                return NULL;
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
        } else if ((c == '}' || c == ']' || c == ',') && depth == 0) {
            return at;
        } else {
            depth -= c == '}' || c == ']';
            at++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    return NULL;
}

static inline const uint8_t *pass_number(const uint8_t *at)
{
    while ((*at >= '0' && *at <= '9') || *at == '.' || *at == '-' || *at == '+' || *at == 'e' ||
           *at == 'E')
        at++;
    return at;
}

/* JSON writes a zero in front alone. */
static inline bool leads_with_zero(const uint8_t *at, size_t size)
{
    const size_t sign = *at == '-';

    return size > sign + 1 && at[sign] == '0' && at[sign + 1] != '.';
}

static inline void put_fixed(struct stoa__column *column, const void *value)
{
    memcpy(column->data + column->length * 8, value, 8);
    column->length++;
}

/* A plain string, `size` bytes at `text`, into a column of text. */
static inline stoa_status put_string(struct stoa__column *column, const uint8_t *text,
                                     size_t size, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (column->data_capacity - column->data_size < (int64_t)size + 16)
        rc = stoa__column_reserve_bytes(column, (int64_t)size + 16, err);
    if (rc != STOA_OK)
        return rc;
    if (size <= 16)
        memcpy(column->data + column->data_size, text, 16);
    else
        memcpy(column->data + column->data_size, text, size);
    column->data_size += (int64_t)size;
    column->length++;
    if (column->type->kind == STOA__ARROW_LARGE_UTF8)
        ((int64_t *)column->offsets)[column->length] = column->data_size;
    else
        ((int32_t *)column->offsets)[column->length] = (int32_t)column->data_size;
    return STOA_OK;
}

/* A string value of text or time without escapes: behind it, or NULL. */
static inline const uint8_t *put_quoted(struct stoa__column *column, enum how how,
                                        const uint8_t *at, stoa_status *rc, stoa_error *err)
{
    const uint8_t *text = at + 1, *end = stoa__string_end(text);
    const struct stoa__arrow_type *type = column->type;
    int64_t value = 0;

    if (*end != '"')
        return NULL;
    if (how == BY_TEXT) {
        *rc = put_string(column, text, (size_t)(end - text), err);
        return *rc == STOA_OK ? end + 1 : NULL;
    }
    if (how != BY_TIMESTAMP || end == text ||
        !stoa__quick_timestamp(text, (size_t)(end - text), stoa__civil_per_second(type->unit),
                               type->zone[0] != '\0', &value))
        return NULL;
    put_fixed(column, &value);
    return end + 1;
}

static inline const uint8_t *put_number(struct stoa__column *column, enum how how,
                                        const uint8_t *at)
{
    const uint8_t *end = pass_number(at);
    const size_t size = (size_t)(end - at);
    int64_t value = 0;
    double real = 0;

    if (leads_with_zero(at, size))
        return NULL;
    if (how == BY_INT64 && stoa__quick_int64(at, size, &value))
        put_fixed(column, &value);
    else if (how == BY_DOUBLE && stoa__quick_double(at, size, &real))
        put_fixed(column, &real);
    else
        return NULL;
    return end;
}

static inline const uint8_t *put_bool(struct stoa__column *column, const uint8_t *at)
{
    const bool yes = memcmp(at, "true", 4) == 0;

    if (!yes && memcmp(at, "false", 5) != 0)
        return NULL;
    if (yes)
        stoa__bit_set(column->data, column->length);
    column->length++;
    return at + (yes ? 4 : 5);
}

/* The value at `at` into column `index`: behind it. NULL: the line must be read again, or, if
 * worker->error has a code, it is bad. */
static inline const uint8_t *read_value(struct worker *worker, int32_t index, const uint8_t *at,
                                        const uint8_t *end)
{
    struct stoa__column *column = worker->targets[index];
    const enum how how = (enum how)worker->how[index];
    const uint8_t *behind = NULL;
    stoa_status rc = STOA_OK;

    if (*at == '"' && (how == BY_TEXT || how == BY_TIMESTAMP))
        behind = put_quoted(column, how, at, &rc, &worker->error);
    else if (how == BY_INT64 || how == BY_DOUBLE)
        behind = put_number(column, how, at);
    else if (how == BY_BOOL)
        behind = put_bool(column, at);
    if (behind)
        return behind;
    if (end - at > 4 && memcmp(at, "null", 4) == 0 && column->type->nullable &&
        how != BY_JSON) {
        rc = stoa__column_append_null(worker->columns[index], &worker->error);
        return rc == STOA_OK ? at + 4 : NULL;
    }
    behind = rc == STOA_OK ? pass_any(at, end) : NULL;
    if (!behind)
        return NULL;
    while (behind > at && (behind[-1] == ' ' || behind[-1] == '\t' || behind[-1] == '\r'))
        behind--;
    if (append_value(worker, index, at, (size_t)(behind - at), &worker->error) == STOA_OK)
        return behind;
    worker->fault = at;
    worker->fault_column = index + 1;
    return NULL;
}

/* The column of the key whose quote is at `at`, the one after `last` in most lines; `*behind` its
 * closing quote. -1: unknown, -2: not of the usual form. */
static inline int32_t read_key(const struct worker *worker, const uint8_t *at,
                               const uint8_t *line_end, int32_t last, const uint8_t **behind)
{
    const stoa__jsonl *jsonl = worker->jsonl;
    const int32_t likely = last + 1;
    const uint8_t *end;

    at++;
    if (likely < column_count(worker) && jsonl->names.plain[likely]) {
        const size_t size = jsonl->names.sizes[likely];

        if ((size_t)(line_end - at) > size && at[size] == '"' &&
            memcmp(at, jsonl->reader.type->children[likely].name, size) == 0) {
            *behind = at + size + 1;
            return likely;
        }
    }
    end = stoa__string_end(at);
    if (*end != '"')
        return -2;
    *behind = end + 1;
    return stoa__jsonl_find(jsonl, at, (size_t)(end - at));
}

static bool has_value(const struct worker *worker, int32_t index, int64_t row)
{
    return stoa__column_length(worker->columns[index]) > row;
}

/* Columns that the line has no key for. */
static bool fill_missing(struct worker *worker, int64_t row)
{
    for (int32_t i = 0; i < column_count(worker); i++) {
        if (has_value(worker, i, row))
            continue;
        if (append_null(worker->columns[i], &worker->error) != STOA_OK) {
            worker->fault_column = i + 1;
            return false;
        }
    }
    return true;
}

/* A line [at, end) of the usual form. False as read_value() says NULL. */
static bool read_line(struct worker *worker, const uint8_t *at, const uint8_t *end, int64_t row)
{
    int32_t last = -1, found = 0;

    at = pass_blanks(at);
    if (*at++ != '{')
        return false;
    for (;;) {
        at = pass_blanks(at);
        if (*at != '"')
            return false;
        last = read_key(worker, at, end, last, &at);
        if (last < 0 || has_value(worker, last, row))
            return false;
        at = pass_blanks(at);
        if (*at != ':')
            return false;
        at = read_value(worker, last, pass_blanks(at + 1), end);
        if (!at)
            return false;
        found++;
        at = pass_blanks(at);
        if (*at != ',')
            break;
        at++;
    }
    if (*at != '}' || pass_blanks(at + 1) != end)
        return false;
    return found == column_count(worker) || fill_missing(worker, row);
}

/* ---- a whole line, by the strict reader ---- */

/* The end of the value that `token`, just read, begins. */
static stoa_status value_end(stoa__json *json, const struct stoa__json_token *token, size_t *end,
                             stoa_error *err)
{
    struct stoa__json_token next = *token;
    const int32_t depth = json->depth;
    stoa_status rc = STOA_OK;

    if (token->kind == STOA__JSON_OBJECT || token->kind == STOA__JSON_ARRAY)
        while (rc == STOA_OK && json->depth >= depth)
            rc = stoa__json_next(json, &next, err);
    /* Strings have a quote on each side; brackets are one byte. */
    *end = next.position + next.size + (next.kind == STOA__JSON_TEXT ? 2 : 0);
    if (next.kind == STOA__JSON_OBJECT_END || next.kind == STOA__JSON_ARRAY_END)
        *end = next.position + 1;
    return rc;
}

static stoa_status key_column(struct worker *worker, const struct stoa__json_token *key,
                              int64_t row, int32_t *index)
{
    const uint8_t *name = (const uint8_t *)key->text;
    size_t size = key->size;

    if (key->escaped) {
        worker->scratch.size = 0;
        if (stoa__json_unescape(key, &worker->scratch) != STOA_OK)
            return stoa__fail_nomem(&worker->error);
        name = worker->scratch.data;
        size = worker->scratch.size;
    }
    *index = stoa__jsonl_find(worker->jsonl, name, size);
    if (*index < 0 && worker->jsonl->settings.unknown == 0)
        return stoa__fail(&worker->error, STOA_ERR_TYPE,
                          "the key '%.*s' is no column: the sample did not have it "
                          "(unknown=ignore passes over it)",
                          (int)(size < 80 ? size : 80), (const char *)name);
    if (*index >= 0 && has_value(worker, *index, row))
        return stoa__fail(&worker->error, STOA_ERR_TYPE, "the key '%.*s' is there twice",
                          (int)(size < 80 ? size : 80), (const char *)name);
    return STOA_OK;
}

static stoa_status read_pair(struct worker *worker, stoa__json *json, const uint8_t *line,
                             const struct stoa__json_token *key, int64_t row)
{
    struct stoa__json_token token;
    int32_t index = -1;
    size_t end = 0;
    stoa_status rc = key_column(worker, key, row, &index);

    worker->fault = line + key->position;
    if (rc == STOA_OK)
        rc = stoa__json_next(json, &token, &worker->error);
    if (rc == STOA_OK)
        rc = value_end(json, &token, &end, &worker->error);
    if (rc != STOA_OK || index < 0)
        return rc;
    rc = append_value(worker, index, line + token.position, end - token.position,
                      &worker->error);
    if (rc != STOA_OK) {
        worker->fault = line + token.position;
        worker->fault_column = index + 1;
    }
    return rc;
}

static bool read_strictly(struct worker *worker, const uint8_t *line, size_t size, int64_t row)
{
    struct stoa__json_token token;
    stoa__json json;
    stoa_status rc;

    stoa__json_init(&json, (const char *)line, size);
    rc = stoa__json_next(&json, &token, &worker->error);
    if (rc == STOA_OK && token.kind != STOA__JSON_OBJECT)
        rc = stoa__fail(&worker->error, STOA_ERR_TYPE, "the line is no object");
    while (rc == STOA_OK) {
        rc = stoa__json_next(&json, &token, &worker->error);
        if (rc == STOA_OK && token.kind == STOA__JSON_OBJECT_END)
            break;
        if (rc == STOA_OK)
            rc = read_pair(worker, &json, line, &token, row);
    }
    if (rc == STOA_OK)
        rc = stoa__json_next(&json, &token, &worker->error); /* Nothing may follow. */
    return rc == STOA_OK && fill_missing(worker, row);
}

/* ---- a chunk ---- */

static void take_back(struct worker *worker, int64_t row)
{
    for (int32_t i = 0; i < column_count(worker); i++)
        stoa__column_truncate(worker->columns[i], row);
}

/* A row, or a bad one; false ends the chunk. */
static bool take_line(struct worker *worker, const uint8_t *line, const uint8_t *end)
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
        good = read_line(worker, line, end, row);
    if (!good && worker->error.code == 0) {
        take_back(worker, row);
        good = read_strictly(worker, line, size, row);
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

static bool take_lines(struct worker *worker)
{
    const struct stoa__chunk *chunk = worker->chunk;
    const uint8_t *at = chunk->text, *last = at + chunk->size;
    stoa_error error = {0};

    while (at < last) {
        const uint8_t *end = memchr(at, '\n', (size_t)(last - at));
        const uint8_t *line = pass_blanks(at);

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
    struct worker *worker = argument;
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
