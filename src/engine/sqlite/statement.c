/* SPDX-License-Identifier: Apache-2.0 */
/* Preparing statements and keeping them; what a statement is and what a run of it did. */
#include "engine/sqlite/statement.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/sql.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- the cache: statements nobody has, most recent first ---- */

static void unlink_cached(struct sqlite_session *session,
                          struct sqlite_statement *statement)
{
    if (statement->previous)
        statement->previous->next = statement->next;
    else
        session->cache_first = statement->next;
    if (statement->next)
        statement->next->previous = statement->previous;
    else
        session->cache_last = statement->previous;
    statement->next = NULL;
    statement->previous = NULL;
    session->cache_count--;
}

static void link_cached(struct sqlite_session *session,
                        struct sqlite_statement *statement)
{
    statement->next = session->cache_first;
    statement->previous = NULL;
    if (session->cache_first)
        session->cache_first->previous = statement;
    else
        session->cache_last = statement;
    session->cache_first = statement;
    session->cache_count++;
}

/* Compared and not hashed: the text that was run last mostly is the one that is run next, and few
 * others are as long. */
static struct sqlite_statement *take_cached(struct sqlite_session *session,
                                            const char *sql, size_t size)
{
    for (struct sqlite_statement *at = session->cache_first; at; at = at->next) {
        if (at->sql_size != size || memcmp(at->sql, sql, size) != 0)
            continue;
        unlink_cached(session, at);
        at->scans_gone = session->scans_gone;
        return at;
    }
    return NULL;
}

static void free_statement(struct sqlite_statement *statement)
{
    sqlite3_finalize(statement->stmt);
    sqlite_plan_release(&statement->plan);
    sqlite_plan_release(&statement->told);
    stoa__arena_release(&statement->arena);
    stoa__buffer_release(&statement->scratch);
    stoa__free(statement->sql);
    stoa__free(statement);
}

void sqlite_statement_cache_clear(struct sqlite_session *session)
{
    while (session->cache_first) {
        struct sqlite_statement *statement = session->cache_first;

        unlink_cached(session, statement);
        free_statement(statement);
    }
    assert(session->cache_count == 0);
}

/* ---- preparing ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* SQLite takes $1 for a name. Is there one? */
static bool has_dollar_number(const char *sql, size_t size)
{
    const char *end = sql + size;

    for (const char *at = sql; size > 0 && (at = memchr(at, '$', (size_t)(end - at)));
         at++)
        if (at + 1 < end && is_digit(at[1]))
            return true;
    return false;
}

/* Make $12 ?12, in place: positions of errors stay true. */
static void number_dollars(char *text, size_t size)
{
    struct stoa__sql_token token;
    stoa__sql sql;

    stoa__sql_init(&sql, text, size, STOA__SQL_SQLITE);
    for (;;) {
        size_t digits = 1;

        stoa__sql_next(&sql, &token);
        if (token.kind == STOA__SQL_END)
            return;
        if (token.kind != STOA__SQL_PARAM || *token.text != '$')
            continue;
        while (digits < token.size && is_digit(token.text[digits]))
            digits++;
        if (digits == token.size && digits > 1)
            text[token.text - text] = '?';
    }
}

/* The table a message is about: "no such table: main.x". NULL: it is another message. */
static const char *missing_table(sqlite3 *db)
{
    static const char begin[] = "no such table: ";
    const char *text = sqlite3_errmsg(db);

    return strncmp(text, begin, sizeof begin - 1) == 0 ? text + sizeof begin - 1 : NULL;
}

stoa_status sqlite_statement_resolve(struct sqlite_session *session, stoa_status failed,
                                     stoa_error *err)
{
    char name[STOA__NAME_BYTES_MAX + 1];
    const char *missing = missing_table(session->db);
    stoa_error own;
    bool found = false;
    stoa_status rc;

    if (failed != STOA_ERR_NOT_FOUND || !missing || strlen(missing) >= sizeof name)
        return failed;
    memcpy(name, missing, strlen(missing) + 1);
    rc = sqlite_resolve(session, name, &found, &own);
    if (rc != STOA_OK) {
        stoa__error_copy(err, &own);
        return rc;
    }
    return found ? STOA_OK : failed;
}

static stoa_status compile(struct sqlite_session *session, const char *sql, size_t size,
                           sqlite3_stmt **stmt, const char **tail, stoa_error *err)
{
    const unsigned flags =
        size <= STOA__STATEMENT_CACHE_SQL_BYTES_MAX ? SQLITE_PREPARE_PERSISTENT : 0;
    stoa_error own; /* What is resolved in the end must leave none behind. */
    stoa_status rc = STOA_OK;

    for (int i = 0; i < SQLITE_RESOLVE_MAX; i++) {
        const int code =
            sqlite3_prepare_v3(session->db, sql, (int)size, flags, stmt, tail);

        if (code == SQLITE_OK)
            return STOA_OK;
        rc = sqlite_fail(session, code, &own);
        rc = sqlite_statement_resolve(session, rc, &own);
        if (rc != STOA_OK) {
            stoa__error_copy(err, &own);
            return rc;
        }
    }
    return stoa__fail(err, STOA_ERR_INVALID,
                      "the statement asks for more than %d missing tables",
                      (int)SQLITE_RESOLVE_MAX);
}

/* Prepare, by way of a copy where the text must change first. `used`: bytes of the
 * text. */
static stoa_status compile_text(struct sqlite_session *session, const char *sql,
                                size_t size, sqlite3_stmt **stmt, size_t *used,
                                stoa_error *err)
{
    const char *tail = sql;
    char *copy = NULL;
    stoa_status rc;

    if (has_dollar_number(sql, size)) {
        copy = stoa__copy_text(sql, size);
        if (!copy)
            return stoa__fail_nomem(err);
        number_dollars(copy, size);
        tail = copy;
    }
    rc = compile(session, copy ? copy : sql, size, stmt, &tail, err);
    *used = rc == STOA_OK ? (size_t)(tail - (copy ? copy : sql)) : 0;
    stoa__free(copy);
    return rc;
}

/* ---- what it is ---- */

static bool only_space(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            return false;
    return true;
}

/* The first word, told of a statement that writes. */
static void read_verb(struct sqlite_statement *statement, const char *text, size_t size)
{
    struct stoa__sql_token word;
    stoa__sql sql;

    stoa__sql_init(&sql, text, size, STOA__SQL_SQLITE);
    do /* Semicolons in front are nothing to SQLite. */
        stoa__sql_next_solid(&sql, &word);
    while (word.kind == STOA__SQL_SEMICOLON);
    statement->pragma = stoa__sql_is(&word, "pragma");
    if (stoa__sql_is(&word, "insert") || stoa__sql_is(&word, "replace") ||
        stoa__sql_is(&word, "with"))
        statement->verb = SQLITE_VERB_INSERT;
    else if (stoa__sql_is(&word, "update") || stoa__sql_is(&word, "delete"))
        statement->verb = SQLITE_VERB_CHANGE;
}

static bool mentions(const char *text, size_t size, const char *word)
{
    const size_t word_size = strlen(word);

    for (size_t i = 0; i + word_size <= size; i++)
        if (sqlite3_strnicmp(text + i, word, (int)word_size) == 0)
            return true;
    return false;
}

bool sqlite_statement_writes(const struct sqlite_statement *statement)
{
    return !statement->explain && !sqlite3_stmt_readonly(statement->stmt);
}

static stoa_status make_statement(struct sqlite_session *session, sqlite3_stmt *stmt,
                                  const char *sql, size_t size, size_t used,
                                  struct sqlite_statement **out, stoa_error *err)
{
    struct sqlite_statement *statement = stoa__alloc_zero(1, sizeof *statement);

    *out = NULL;
    if (!statement)
        return stoa__fail_nomem(err);
    statement->session = session;
    statement->scans_gone = session->scans_gone;
    statement->stmt = stmt;
    statement->used = used;
    statement->explain = sqlite3_stmt_isexplain(stmt) != 0;
    statement->parameter_count = sqlite3_bind_parameter_count(stmt);
    if (sqlite_statement_writes(statement))
        read_verb(statement, sql, used);
    statement->reads_insert_id =
        statement->verb == SQLITE_VERB_INSERT && mentions(sql, used, "last_insert_rowid");
    if (size <= STOA__STATEMENT_CACHE_SQL_BYTES_MAX &&
        only_space(sql + used, size - used)) {
        statement->sql = stoa__copy_text(sql, size);
        statement->sql_size = size;
        if (!statement->sql) {
            stoa__free(statement);
            return stoa__fail_nomem(err);
        }
    }
    *out = statement;
    return STOA_OK;
}

/* SQLite copies all it is handed, so a long script is handed over by statements. */
static size_t first_size(const char *sql, size_t size)
{
    struct stoa__sql_statement first;
    stoa__sql script;

    if (size <= STOA__STATEMENT_CACHE_SQL_BYTES_MAX)
        return size;
    stoa__sql_init(&script, sql, size, STOA__SQL_SQLITE);
    return stoa__sql_split(&script, &first) && first.complete ? script.at : size;
}

/* `size`: of the first statement of `whole` bytes. */
static stoa_status prepare_new(struct sqlite_session *session, stoa__call *call,
                               const char *sql, size_t size, size_t whole, size_t *used,
                               struct sqlite_statement **out, stoa_error *err)
{
    sqlite3_stmt *stmt = NULL;
    stoa_status rc;

    if (size > INT32_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "a statement of %zu bytes is too long",
                          size);
    const char *nul = size > 0 ? memchr(sql, 0, size) : NULL;

    if (nul)
        return stoa__fail(err, STOA_ERR_INVALID, "the statement has a NUL at byte %lld",
                          (long long)(nul - sql));
    stoa__call *before = sqlite_enter(session, call);

    rc = compile_text(session, size > 0 ? sql : "", size, &stmt, used, err);
    if (rc == STOA_ERR_SYNTAX && size < whole) { /* It may end elsewhere for SQLite. */
        size = whole;
        rc = compile_text(session, sql, size, &stmt, used, err);
    }
    sqlite_leave(session, before);
    if (rc != STOA_OK || !stmt)
        return rc;
    rc = make_statement(session, stmt, sql, size, *used, out, err);
    if (rc != STOA_OK) {
        sqlite3_finalize(stmt);
        *used = 0;
    }
    return rc;
}

stoa_status sqlite_prepare(void *self, stoa__call *call, const char *sql, size_t whole,
                           size_t *used, void **out, stoa_error *err)
{
    struct sqlite_session *session = self;
    const size_t size = first_size(sql, whole);
    struct sqlite_statement *statement;
    stoa_status rc = STOA_OK;

    *out = NULL;
    *used = 0;
    if (session->scans)
        rc = sqlite_scans_settle(session, err);
    if (rc != STOA_OK)
        return rc;
    statement = take_cached(session, sql, size);
    if (statement)
        *used = statement->used;
    else
        rc = prepare_new(session, call, sql, size, whole, used, &statement, err);
    *out = statement;
    return rc;
}

void sqlite_statement_close(void *self)
{
    struct sqlite_statement *statement = self;
    struct sqlite_session *session = statement->session;

    assert(!statement->running);
    if (statement->told.column_count > 0) /* Few have ever been asked. */
        sqlite_plan_release(&statement->told);
    if (!statement->sql || statement->scans_gone != session->scans_gone) {
        free_statement(statement);
        return;
    }
    if (session->cache_count >= STOA__STATEMENT_CACHE_COUNT && session->cache_last) {
        struct sqlite_statement *oldest = session->cache_last;

        unlink_cached(session, oldest);
        free_statement(oldest);
    }
    link_cached(session, statement);
}

/* ---- what is known of it ---- */

stoa_status sqlite_statement_parameters(void *self, const struct stoa__parameter **list,
                                        int64_t *count, stoa_error *err)
{
    struct sqlite_statement *statement = self;
    const stoa_status rc = sqlite_parameters_load(statement, err);

    *list = rc == STOA_OK ? statement->parameters : NULL;
    *count = rc == STOA_OK ? statement->parameter_count : 0;
    return rc;
}

stoa_status sqlite_statement_type(void *self, const struct stoa__read_config *config,
                                  const struct stoa__arrow_type **type, stoa_error *err)
{
    struct sqlite_statement *statement = self;
    struct sqlite_plan *told = &statement->told;
    stoa_status rc = STOA_OK;

    *type = NULL;
    if (!sqlite_plan_fits(told, statement->stmt,
                          config)) /* Earlier answers stay in its arena. */
        rc = sqlite_plan_make(statement->session, NULL, statement->stmt, config, told,
                              err);
    *type = rc == STOA_OK ? told->type : NULL;
    return rc;
}

/* ---- what a run did ---- */

/*
 * SQLite's last row id is that of whatever inserted last, so it is zeroed before a
 * statement that may insert: what stands there afterwards is the statement's own. A
 * BEFORE trigger that asks for last_insert_rowid() sees the 0; a statement that asks
 * itself is left alone.
 */
void sqlite_run_begin(struct sqlite_statement *statement, struct sqlite_run *run)
{
    sqlite3 *db = statement->session->db;

    run->insert_id = 0;
    run->watched = statement->verb == SQLITE_VERB_INSERT && !statement->reads_insert_id;
    if (!run->watched)
        return;
    run->insert_id = sqlite3_last_insert_rowid(db);
    sqlite3_set_last_insert_rowid(db, 0);
}

void sqlite_run_end(struct sqlite_statement *statement, const struct sqlite_run *run,
                    struct stoa__cursor_info *info)
{
    sqlite3 *db = statement->session->db;
    int64_t inserted = 0;

    if (statement->verb == SQLITE_VERB_INSERT)
        inserted = sqlite3_last_insert_rowid(db);
    if (run->watched && inserted == 0)
        sqlite3_set_last_insert_rowid(db, run->insert_id);
    if (!info || statement->verb == SQLITE_VERB_OTHER)
        return;
    info->rows_affected = sqlite3_changes64(db);
    if (info->rows_affected > 0)
        info->last_insert_id = inserted;
}
