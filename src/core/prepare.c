/* SPDX-License-Identifier: Apache-2.0 */
#include "core/prepare.h"

#include "base/error.h"
#include "core/capability.h"
#include "text/sql.h"

#include <assert.h>

#include "base/ban.h"

/* Engines bound it further; positions are 32 bits wide in some. */
#define SQL_BYTES_MAX INT64_C(1000000000)

stoa_status stoa__script_init(struct stoa__script *script, const char *sql,
                              int64_t sql_size, stoa_error *err)
{
    *script = (struct stoa__script){.sql = sql ? sql : ""};
    return stoa__text_size("sql", sql, sql_size, SQL_BYTES_MAX, &script->size, err);
}

stoa_status stoa__script_enter(struct stoa__script *script, struct stoa__entry *entry,
                               stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                               stoa_error *err)
{
    stoa_status rc = stoa__script_init(script, sql, sql_size, err);

    return rc == STOA_OK ? stoa__enter(entry, conn.id, STOA__KIND_CONN, op, err) : rc;
}

void stoa__position_add(stoa_error *err, size_t by)
{
    if (err && err->position >= 0)
        err->position += (int64_t)by;
}

stoa_status stoa__script_next(struct stoa__entry *entry, struct stoa__script *script,
                              void **statement, stoa_error *err)
{
    *statement = NULL;
    if (!STOA__HAS(entry->engine, prepare))
        return stoa__unsupported(entry->engine, STOA_CAN_SQL, err);
    while (script->at < script->size) {
        size_t used = 0;
        stoa_status rc;

        script->begin = script->at;
        rc = entry->engine->prepare(entry->session->native, &entry->call,
                                    script->sql + script->at, script->size - script->at,
                                    &used, statement, err);

        if (rc != STOA_OK) {
            stoa__position_add(err, script->at);
            return rc;
        }
        assert(used <= script->size - script->at);
        script->at += used;
        if (*statement)
            return STOA_OK;
        if (used == 0)
            break;
    }
    return STOA_DONE;
}

stoa_status stoa__script_only(struct stoa__entry *entry, struct stoa__script *script,
                              void **statement, stoa_error *err)
{
    void *second = NULL;
    size_t end;
    stoa_status rc = stoa__script_next(entry, script, statement, err);

    if (rc == STOA_DONE)
        return stoa__fail(err, STOA_ERR_SYNTAX, "the text holds no statement");
    if (rc != STOA_OK || script->at == script->size)
        return rc;
    end = script->at;
    rc = stoa__script_next(entry, script, &second, err);
    if (rc == STOA_DONE)
        return STOA_OK;
    entry->engine->statement_close(*statement);
    *statement = NULL;
    if (rc != STOA_OK)
        return rc;
    entry->engine->statement_close(second);
    rc = stoa__fail(err, STOA_ERR_SYNTAX, "the text holds more than one statement");
    if (err)
        err->position = (int64_t)end;
    return rc;
}

void stoa__note_text(struct stoa__session *session, const char *sql, size_t size)
{
    struct stoa__sql_token token;
    stoa__sql scan;

    if (__builtin_expect(!session->ledger.pending, 1))
        return;
    /* What ends a transaction begins alike in all dialects. */
    stoa__sql_init(&scan, sql, size, 0);
    stoa__sql_next_solid(&scan, &token);
    session->ledger.commit_seen = stoa__sql_is(&token, "commit") ||
                                  stoa__sql_is(&token, "end") ||
                                  stoa__sql_is(&token, "release");
}

void stoa__note_statement(struct stoa__session *session,
                          const struct stoa__script *script)
{
    stoa__note_text(session, script->sql + script->begin, script->at - script->begin);
}
