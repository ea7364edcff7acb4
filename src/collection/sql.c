/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/sql.h"

#include "base/error.h"
#include "core/prepare.h"
#include "core/value.h"
#include "text/identifier.h"
#include "text/sql.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Values as they are stored, whatever the columns declare. */
static const struct stoa__read_config as_stored = {.batch_rows = 1024,
                                                   .types = STOA__TYPES_INFER,
                                                   .type_mismatch = STOA__MISMATCH_ERROR,
                                                   .nan = STOA__NAN_NULL};

/* ---- texts ---- */

/* Out of memory is a capacity no buffer has; nothing is appended from then on. */
#define BROKEN SIZE_MAX

static bool is_broken(const stoa__buffer *text)
{
    return text->capacity == BROKEN;
}

static void break_text(stoa__buffer *text)
{
    stoa__buffer_release(text);
    text->capacity = BROKEN;
}

static void add(stoa__buffer *text, const char *bytes, size_t size)
{
    if (!is_broken(text) && stoa__buffer_append(text, bytes, size) != STOA_OK)
        break_text(text);
}

/* The name came from the file, so it need not be one that we would make. */
static void add_quoted(stoa__buffer *text, const char *name)
{
    add(text, "\"", 1);
    for (const char *quote; (quote = strchr(name, '"')); name = quote + 1) {
        add(text, name, (size_t)(quote - name) + 1);
        add(text, "\"", 1);
    }
    add(text, name, strlen(name));
    add(text, "\"", 1);
}

static void add_directive(stoa__buffer *text, char directive, va_list *args)
{
    const char *word;
    char digits[16];

    switch (directive) {
    case 'T': /* A temporary table of that name would come before it. */
        add(text, "main.", 5);
        add_quoted(text, va_arg(*args, const char *));
        break;
    case 'Q':
        add_quoted(text, va_arg(*args, const char *));
        break;
    case 's':
        word = va_arg(*args, const char *);
        add(text, word, strlen(word));
        break;
    case 'd':
        (void)snprintf(digits, sizeof digits, "%d", va_arg(*args, int));
        add(text, digits, strlen(digits));
        break;
    default:
        assert(directive == '%');
        add(text, "%", 1);
    }
}

void collection_text(stoa__buffer *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format) {
        const size_t plain = strcspn(format, "%");

        add(text, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        add_directive(text, format[1], &args);
        format += 2;
    }
    va_end(args);
}

void collection_text_break(stoa__buffer *text)
{
    break_text(text);
}

stoa_status collection_text_end(stoa__buffer *text, stoa_error *err)
{
    if (!is_broken(text) && stoa__buffer_terminate(text) == STOA_OK)
        return STOA_OK;
    if (is_broken(text))
        *text = (stoa__buffer){0};
    return stoa__fail_nomem(err);
}

/* ---- statements ---- */

/* What the engine says of a database that was opened for reading is about our own opening of it;
 * programs know SQLite's words. */
stoa_status collection_sql_fail(stoa_status rc, stoa_error *err)
{
    if (rc == STOA_ERR_READ_ONLY && err && !strstr(err->text, "attempt to write a readonly"))
        stoa__wrap(err, "attempt to write a readonly database");
    stoa__wrap(err, "Failed to execute statement");
    return rc;
}

stoa_status collection_sql_open(struct collection_sql *sql, struct collection_call *call,
                                const char *text, size_t size, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    size_t used = 0;
    stoa_status rc;

    *sql = (struct collection_sql){.call = call};
    rc = entry->engine->prepare(entry->session->native, &entry->call, text, size, &used,
                                &sql->native, err);
    if (rc != STOA_OK)
        stoa__wrap(err, "Failed to prepare statement");
    assert(rc != STOA_OK || sql->native);
    return rc;
}

static void end_run(struct collection_sql *sql)
{
    if (sql->cursor)
        sql->call->entry.engine->cursor_close(sql->cursor);
    sql->cursor = NULL;
}

static void close_statement(struct collection_sql *sql)
{
    end_run(sql);
    if (sql->native)
        sql->call->entry.engine->statement_close(sql->native);
    sql->native = NULL;
}

void collection_sql_close(struct collection_sql *sql)
{
    close_statement(sql);
    stoa__row_writer_release(&sql->row);
    *sql = (struct collection_sql){0};
}

static struct stoa__params params_of(const stoa_value *values, int64_t count,
                                     const uint8_t *bytes, int64_t bytes_size)
{
    return (struct stoa__params){
        .values = values, .count = count, .bytes = bytes, .bytes_size = bytes_size};
}

stoa_status collection_sql_row(struct collection_sql *sql, const stoa_value *values, int64_t count,
                               const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    struct stoa__entry *entry = &sql->call->entry;
    const struct stoa__params params = params_of(values, count, bytes, bytes_size);
    stoa__call *under;
    stoa_status rc = collection_write_under(sql->call, &under, err);

    assert(!sql->cursor);
    stoa__row_writer_empty(&sql->row);
    if (rc == STOA_OK)
        rc = entry->engine->execute_row(sql->native, under, &params, &as_stored, &sql->row,
                                        &sql->info, err);
    return rc < 0 ? collection_sql_fail(rc, err) : rc;
}

/* Rows from `*done` on, of `width` values each. */
static stoa_status run_piece(struct collection_sql *sql, const stoa_value *values, int64_t width,
                             int64_t count, const uint8_t *bytes, int64_t bytes_size,
                             struct stoa__cursor_info *info, int64_t *done, stoa_error *err)
{
    const struct stoa__params params =
        params_of(width > 0 ? values + *done * width : NULL, count * width, bytes, bytes_size);
    struct stoa__cursor_info piece;
    int64_t piece_done = 0;
    stoa__call *under;
    stoa_status rc = collection_write_under(sql->call, &under, err);

    if (rc == STOA_OK)
        rc = sql->call->entry.engine->execute_rows(sql->native, under, &params, count,
                                                   STOA__NAN_NULL, &piece, &piece_done, err);
    *done += piece_done;
    if (rc != STOA_OK)
        return collection_sql_fail(rc, err);
    piece.rows_affected += info->rows_affected > 0 ? info->rows_affected : 0;
    *info = piece;
    return STOA_OK;
}

stoa_status collection_sql_each(struct collection_sql *sql, const stoa_value *values,
                                int64_t value_count, int64_t row_count, const uint8_t *bytes,
                                int64_t bytes_size, struct stoa__cursor_info *info, int64_t *done,
                                stoa_error *err)
{
    const int64_t width = row_count > 0 ? value_count / row_count : 0;
    const int64_t most = sql->call->savepoint ? COLLECTION_WRITE_ROWS : row_count;
    stoa_status rc = STOA_OK;

    *info = (struct stoa__cursor_info){.rows_affected = 0, .rows_scanned = -1};
    *done = 0;
    while (*done < row_count && rc == STOA_OK) {
        const int64_t left = row_count - *done;

        rc = run_piece(sql, values, width, left < most ? left : most, bytes, bytes_size, info,
                       done, err);
    }
    return rc;
}

stoa_status collection_sql_run(struct collection_sql *sql, const stoa_value *values, int64_t count,
                               const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    struct stoa__entry *entry = &sql->call->entry;
    const struct stoa__params params = params_of(values, count, bytes, bytes_size);
    stoa_status rc;

    end_run(sql);
    rc = entry->engine->execute(sql->native, &entry->call, &params, &as_stored, &sql->cursor, err);
    return rc < 0 ? collection_sql_fail(rc, err) : rc;
}

stoa_status collection_sql_rows(struct collection_sql *sql, int64_t rows_max, stoa_error *err)
{
    struct stoa__entry *entry = &sql->call->entry;
    stoa_status rc;

    assert(sql->cursor);
    stoa__row_writer_empty(&sql->row);
    rc = entry->engine->cursor_rows(sql->cursor, &entry->call, rows_max, &sql->row, err);
    if (entry->engine->cursor_info)
        entry->engine->cursor_info(sql->cursor, &sql->info);
    return rc < 0 ? collection_sql_fail(rc, err) : rc;
}

stoa_status collection_sql_once(struct collection_sql *sql, struct collection_call *call,
                                const char *text, stoa_error *err)
{
    stoa_status rc = collection_sql_open(sql, call, text, strlen(text), err);

    if (rc == STOA_OK)
        rc = collection_sql_row(sql, NULL, 0, NULL, 0, err);
    close_statement(sql);
    return rc;
}

/* ---- what was read ---- */

static const stoa_value *value_at(const struct stoa__row_writer *row, int64_t column)
{
    assert(column >= 0 && column < row->row_count * row->column_count);
    return (const stoa_value *)(const void *)row->values.data + column;
}

int64_t collection_row_int64(const struct stoa__row_writer *row, int64_t column)
{
    const stoa_value *value = value_at(row, column);

    return value->type == STOA_TYPE_INT64 || value->type == STOA_TYPE_BOOL ? value->a : 0;
}

const char *collection_row_text(const struct stoa__row_writer *row, int64_t column, size_t *size)
{
    const stoa_value *value = value_at(row, column);

    *size = 0;
    if (!stoa__value_has_bytes(value->type) || value->b == 0)
        return "";
    *size = (size_t)value->b;
    return (const char *)row->bytes.data + value->a;
}

bool collection_row_is_null(const struct stoa__row_writer *row, int64_t column)
{
    return value_at(row, column)->type == STOA_TYPE_NULL;
}
