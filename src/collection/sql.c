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

/* Rows that nobody looks at: whatever they hold. */
static const struct stoa__read_config unseen = {.batch_rows = 1024,
                                                .types = STOA__TYPES_INFER,
                                                .type_mismatch = STOA__MISMATCH_NULL,
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
    stoa_status rc;

    assert(!sql->cursor);
    stoa__row_writer_empty(&sql->row);
    rc = entry->engine->execute_row(sql->native, &entry->call, &params, &as_stored, &sql->row,
                                    &sql->info, err);
    return rc < 0 ? collection_sql_fail(rc, err) : rc;
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

/* ---- scripts ---- */

/* Put the place of a failure behind its text. */
static void say_where(const char *text, size_t size, stoa_error *err)
{
    int64_t line = 1, column = 1;

    if (!err || err->position < 0)
        return;
    for (size_t i = 0; i < size && i < (size_t)err->position; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    stoa__error_append(err, "line %lld, column %lld", (long long)line, (long long)column);
}

/* Rows of PRAGMA foreign_key_check are failures that nobody else would look at. */
static bool checks_keys(const struct stoa__script *script)
{
    struct stoa__sql_token token;
    stoa__sql scan;

    stoa__sql_init(&scan, script->sql + script->begin, script->at - script->begin,
                   STOA__SQL_SQLITE);
    stoa__sql_next_solid(&scan, &token);
    if (!stoa__sql_is(&token, "pragma"))
        return false;
    do
        stoa__sql_next_solid(&scan, &token);
    while (token.kind != STOA__SQL_END && !stoa__sql_is(&token, "foreign_key_check"));
    return token.kind != STOA__SQL_END;
}

static stoa_status fail_dangling(const struct stoa__row_writer *row, stoa_error *err)
{
    size_t table_size, parent_size;
    const char *table = collection_row_text(row, 0, &table_size);
    const char *parent = collection_row_text(row, 2, &parent_size);

    return stoa__fail(err, STOA_ERR_CONSTRAINT,
                      "FOREIGN KEY constraint failed: a row of '%.*s' refers to none of '%.*s'",
                      (int)table_size, table, (int)parent_size, parent);
}

static stoa_status drain(struct stoa__entry *entry, void *cursor, bool checks, stoa_error *err)
{
    struct stoa__row_writer row = {0};
    stoa_status rc;

    do {
        stoa__row_writer_empty(&row);
        rc = entry->engine->cursor_rows(cursor, &entry->call, checks ? 1 : unseen.batch_rows,
                                        &row, err);
        if (rc == STOA_OK && checks)
            rc = fail_dangling(&row, err);
    } while (rc == STOA_OK);
    stoa__row_writer_release(&row);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status run_to_end(struct stoa__entry *entry, void *statement, bool checks,
                              stoa_error *err)
{
    const struct stoa__params none = {0};
    void *cursor = NULL;
    stoa_status rc =
        entry->engine->execute(statement, &entry->call, &none, &unseen, &cursor, err);

    if (rc != STOA_OK)
        return rc;
    rc = drain(entry, cursor, checks, err);
    entry->engine->cursor_close(cursor);
    return rc;
}

/* The first solid byte from `at` on: where a statement begins for a reader. */
static size_t solid_at(const char *text, size_t size, size_t at)
{
    struct stoa__sql_token token;
    stoa__sql scan;

    stoa__sql_init(&scan, text + at, size - at, STOA__SQL_SQLITE);
    stoa__sql_next_solid(&scan, &token);
    return token.kind == STOA__SQL_END ? at : (size_t)(token.text - text);
}

/* Pass over statements that are not to be run, before the engine sees them. */
static void pass_over(struct stoa__script *script, collection_skip skip)
{
    struct stoa__sql_statement next;
    stoa__sql rest;

    stoa__sql_init(&rest, script->sql + script->at, script->size - script->at,
                   STOA__SQL_SQLITE);
    while (stoa__sql_split(&rest, &next) && (next.size == 0 || skip(&next)))
        script->at = (size_t)(rest.text - script->sql) + rest.at;
}

static stoa_status run_next(struct collection_call *call, struct stoa__script *script,
                            int64_t *count, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    const size_t begin = solid_at(script->sql, script->size, script->at);
    void *statement = NULL;
    stoa_status rc = stoa__call_check(&entry->call, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__script_next(entry, script, &statement, err);
    if (rc == STOA_OK) {
        rc = run_to_end(entry, statement, checks_keys(script), err);
        *count += rc == STOA_OK;
        entry->engine->statement_close(statement);
        if (rc != STOA_OK)
            stoa__position_add(err, script->begin);
    }
    if (rc >= 0)
        return rc;
    if (err && err->position < 0)
        stoa__error_position(err, (int64_t)begin);
    say_where(script->sql, script->size, err);
    stoa__wrap(err, "Failed to execute SQL");
    return rc;
}

stoa_status collection_sql_script(struct collection_call *call, const char *text, size_t size,
                                  collection_skip skip, int64_t *count, stoa_error *err)
{
    const struct stoa__entry *entry = &call->entry;
    struct stoa__script script;
    int64_t run = 0;
    stoa_status rc = stoa__script_init(&script, text, (int64_t)size, err);

    assert(entry->engine->transaction(entry->session->native) != STOA_TRANSACTION_NONE);
    entry->engine->transaction_hold(entry->session->native, true);
    while (rc == STOA_OK) {
        if (skip)
            pass_over(&script, skip);
        rc = run_next(call, &script, &run, err);
    }
    entry->engine->transaction_hold(entry->session->native, entry->session->dry_run);
    if (count)
        *count = run;
    return rc == STOA_DONE ? STOA_OK : rc;
}

int64_t collection_sql_count(const char *text, size_t size, collection_skip skip)
{
    struct stoa__sql_statement next;
    int64_t count = 0;
    stoa__sql scan;

    stoa__sql_init(&scan, text, size, STOA__SQL_SQLITE);
    while (stoa__sql_split(&scan, &next))
        count += next.size > 0 && !(skip && skip(&next));
    return count;
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
