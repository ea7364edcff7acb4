/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: statement by statement, inside a transaction that is not theirs. */
#include "collection/sql.h"

#include "base/error.h"
#include "core/prepare.h"
#include "core/value.h"

#include <assert.h>

#include "base/ban.h"

/* Rows that nobody looks at: whatever they hold. */
static const struct stoa__read_config unseen = {.batch_rows = 1024,
                                                .types = STOA__TYPES_INFER,
                                                .type_mismatch = STOA__MISMATCH_NULL,
                                                .nan = STOA__NAN_NULL};

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

static stoa_status drain(const struct stoa__entry *entry, void *cursor, stoa__call *under,
                         bool checks, stoa_error *err)
{
    struct stoa__row_writer row = {0};
    stoa_status rc;

    do {
        stoa__row_writer_empty(&row);
        rc = entry->engine->cursor_rows(cursor, under, checks ? 1 : unseen.batch_rows, &row, err);
        if (rc == STOA_OK && checks)
            rc = fail_dangling(&row, err);
    } while (rc == STOA_OK);
    stoa__row_writer_release(&row);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status run_to_end(struct collection_call *call, void *statement, bool checks,
                              stoa_error *err)
{
    const struct stoa__entry *entry = &call->entry;
    const struct stoa__params none = {0};
    void *cursor = NULL;
    stoa__call *under;
    stoa_status rc = collection_write_under(call, &under, err);

    if (rc == STOA_OK)
        rc = entry->engine->execute(statement, under, &none, &unseen, &cursor, err);
    if (rc != STOA_OK)
        return rc;
    rc = drain(entry, cursor, under, checks, err);
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

/* ---- savepoints ---- */

/* What is inside of quotes, byte by byte, in upper case. */
struct name {
    const char *at, *end;
    char quote; /* Doubled inside; 0: none. */
};

static struct name name_of(const struct stoa__sql_token *token)
{
    const bool quoted = token->kind != STOA__SQL_WORD && token->size >= 2;

    return (struct name){token->text + quoted, token->text + token->size - quoted,
                         (char)(quoted && *token->text != '[' ? *token->text : 0)};
}

static int next_byte(struct name *name)
{
    int byte;

    if (name->at == name->end)
        return -1;
    byte = (unsigned char)*name->at++;
    if (name->quote && byte == name->quote && name->at < name->end)
        name->at++;
    return byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte;
}

static bool is_same_name(const struct stoa__sql_token *one, const struct stoa__sql_token *other)
{
    struct name a = name_of(one), b = name_of(other);
    int byte;

    do {
        byte = next_byte(&a);
        if (byte != next_byte(&b))
            return false;
    } while (byte >= 0);
    return true;
}

enum verb { VERB_OTHER, VERB_SAVEPOINT, VERB_RELEASE, VERB_ROLLBACK_TO };

/* What the statement does to which savepoint. */
static enum verb savepoint_verb(const char *text, size_t size, struct stoa__sql_token *name)
{
    enum verb verb = VERB_OTHER;
    stoa__sql scan;

    stoa__sql_init(&scan, text, size, STOA__SQL_SQLITE);
    stoa__sql_next_solid(&scan, name);
    if (stoa__sql_is(name, "savepoint"))
        verb = VERB_SAVEPOINT;
    else if (stoa__sql_is(name, "release"))
        verb = VERB_RELEASE;
    else if (!stoa__sql_is(name, "rollback"))
        return VERB_OTHER;
    while (verb == VERB_OTHER && name->kind != STOA__SQL_END) {
        stoa__sql_next_solid(&scan, name);
        if (stoa__sql_is(name, "to"))
            verb = VERB_ROLLBACK_TO;
    }
    stoa__sql_next_solid(&scan, name);
    if (verb != VERB_SAVEPOINT && stoa__sql_is(name, "savepoint"))
        stoa__sql_next_solid(&scan, name);
    return verb;
}

/* A script, and the savepoints it has begun: it may end those alone, for around it are its
 * caller's and ours. */
struct run {
    struct collection_call *call;
    struct stoa__script script;
    stoa__buffer savepoints; /* struct stoa__sql_token: their names */
};

static stoa_status check_savepoint(const struct run *run, enum verb verb,
                                   const struct stoa__sql_token *name, size_t *at, stoa_error *err)
{
    const struct stoa__sql_token *const names =
        (const struct stoa__sql_token *)(const void *)run->savepoints.data;

    *at = run->savepoints.size / sizeof *names;
    if (verb != VERB_RELEASE && verb != VERB_ROLLBACK_TO)
        return STOA_OK;
    while (*at > 0)
        if (is_same_name(&names[--*at], name))
            return STOA_OK;
    return stoa__fail(err, STOA_ERR_INVALID, "%s %.*s: the script has no such savepoint",
                      verb == VERB_RELEASE ? "RELEASE" : "ROLLBACK TO", (int)name->size,
                      name->text);
}

/* After the statement: which there are now. */
static stoa_status note_savepoint(struct run *run, enum verb verb,
                                  const struct stoa__sql_token *name, size_t at, stoa_error *err)
{
    if (verb == VERB_RELEASE)
        run->savepoints.size = at * sizeof *name;
    else if (verb == VERB_ROLLBACK_TO)
        run->savepoints.size = (at + 1) * sizeof *name;
    else if (verb == VERB_SAVEPOINT &&
             stoa__buffer_append(&run->savepoints, name, sizeof *name) != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

/* ---- statements ---- */

static stoa_status run_statement(struct run *run, void *statement, stoa_error *err)
{
    const struct stoa__script *const script = &run->script;
    struct stoa__sql_token name;
    size_t at;
    const enum verb verb =
        savepoint_verb(script->sql + script->begin, script->at - script->begin, &name);
    stoa_status rc = check_savepoint(run, verb, &name, &at, err);

    if (rc == STOA_OK)
        rc = run_to_end(run->call, statement, checks_keys(script), err);
    return rc == STOA_OK ? note_savepoint(run, verb, &name, at, err) : rc;
}

static stoa_status run_next(struct run *run, int64_t *count, stoa_error *err)
{
    struct collection_call *const call = run->call;
    struct stoa__script *const script = &run->script;
    struct stoa__entry *entry = &call->entry;
    const size_t begin = solid_at(script->sql, script->size, script->at);
    void *statement = NULL;
    stoa_status rc = stoa__call_check(&entry->call, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__script_next(entry, script, &statement, err);
    if (rc == STOA_OK) {
        rc = run_statement(run, statement, err);
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
    struct run run = {.call = call};
    int64_t done = 0;
    stoa_status rc = stoa__script_init(&run.script, text, (int64_t)size, err);

    assert(entry->engine->transaction(entry->session->native) != STOA_TRANSACTION_NONE);
    entry->engine->transaction_hold(entry->session->native, true);
    while (rc == STOA_OK) {
        if (skip)
            pass_over(&run.script, skip);
        rc = run_next(&run, &done, err);
    }
    entry->engine->transaction_hold(entry->session->native, entry->session->dry_run);
    stoa__buffer_release(&run.savepoints);
    if (count)
        *count = done;
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
