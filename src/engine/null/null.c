/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null engine: it keeps nothing, but reads every cell of what is written to it and tells what
 * it saw. It shows that a binding copies nothing, and what an engine may leave out: it has no
 * savepoints, no rows (batches alone), no point query, no scans and no functions.
 *
 *   target    null:      with the setting read_only
 *
 * Its SQL, statements ended by semicolons, words in any case:
 *
 *   seen              the columns of every append: append (int64), table, column, type (text),
 *                     rows, nulls, address (int64, of the values, 0 for none), checksum (text)
 *   rows N            N rows 0, 1, 2 ... of one int64 column `n`
 *   values P, P, ...  one row of the parameters ? (as many as there are P = `?`), typed as passed;
 *                     columns `1`, `2`, ...
 *   sleep MS          waits, honouring the operation; no rows
 *   fail CODE text    fails with that status when it is executed
 *   forget            forgets what was seen
 *   begin, commit, rollback
 *
 * A checksum is the sum of a hash of each cell, so it does not depend on how rows are cut into
 * batches.
 */
#include "engine/null/null.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/registry.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct null_settings {
    bool read_only;
};

static const struct stoa__setting settings_table[] = {
    {.key = "read_only", .type = STOA__SETTING_BOOL, .offset = 0},
};

void null_sightings_free(struct null_sighting *first)
{
    while (first) {
        struct null_sighting *next = first->next;

        stoa__free(first->table);
        stoa__free(first);
        first = next;
    }
}

/* ---- the instance ---- */

static stoa_status null_probe(stoa__buffer *version, stoa__buffer *detail,
                              stoa_error *err)
{
    if (stoa__buffer_append_text(version, "1") != STOA_OK ||
        stoa__buffer_append_text(detail, "built in") != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

static stoa_status null_open(const char *rest, stoa__settings *settings, stoa__call *call,
                             void **out, stoa_error *err)
{
    struct null_settings read = {0};
    struct null_instance *instance;
    stoa_status rc = stoa__settings_read(settings, "null", settings_table, 1, &read, err);

    (void)call;
    if (rc == STOA_OK)
        rc = stoa__settings_finish(settings, "null", err);
    if (rc == STOA_OK && rest[0] != '\0')
        rc = stoa__fail(err, STOA_ERR_INVALID,
                        "null: the target has nothing behind \"null:\"");
    if (rc != STOA_OK)
        return rc;
    instance = stoa__alloc_zero(1, sizeof *instance);
    if (!instance)
        return stoa__fail_nomem(err);
    stoa__mutex_init(&instance->lock);
    instance->read_only = read.read_only;
    *out = instance;
    return STOA_OK;
}

static void null_close(void *self)
{
    struct null_instance *instance = self;

    null_sightings_free(instance->first);
    stoa__mutex_release(&instance->lock);
    stoa__free(instance);
}

static stoa_status null_property(void *self, const char *name, stoa__buffer *out,
                                 stoa_error *err)
{
    struct null_instance *instance = self;
    const char *value = NULL;

    if (strcmp(name, "engine_version") == 0)
        value = "1";
    else if (strcmp(name, "path") == 0)
        value = "";
    else if (strcmp(name, "read_only") == 0)
        value = instance->read_only ? "yes" : "no";
    else
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "null has no property '%s'", name);
    return stoa__buffer_append_text(out, value) == STOA_OK ? STOA_OK
                                                           : stoa__fail_nomem(err);
}

/* ---- sessions ---- */

static stoa_status null_session_open(void *self, stoa__call *call, void **out,
                                     stoa_error *err)
{
    struct null_session *session = stoa__alloc_zero(1, sizeof *session);

    (void)call;
    if (!session)
        return stoa__fail_nomem(err);
    session->instance = self;
    *out = session;
    return STOA_OK;
}

static void null_session_close(void *self)
{
    struct null_session *session = self;

    null_sightings_free(session->first);
    stoa__free(session);
}

static stoa_status null_session_reset(void *self, bool *reusable, stoa_error *err)
{
    *reusable = true;
    return null_rollback(self, err);
}

static stoa_status null_ping(void *self, stoa__call *call, stoa_error *err)
{
    (void)self;
    return stoa__call_check(call, err);
}

/* ---- transactions ---- */

void null_publish(struct null_session *session)
{
    struct null_instance *instance = session->instance;
    int64_t append = 0;

    if (!session->first)
        return;
    stoa__mutex_lock(&instance->lock);
    /* Appends were numbered from 1 within the session. */
    for (struct null_sighting *s = session->first; s; s = s->next) {
        append = s->append;
        s->append += instance->append_count;
    }
    instance->append_count += append;
    if (instance->last)
        instance->last->next = session->first;
    else
        instance->first = session->first;
    instance->last = session->last;
    stoa__mutex_unlock(&instance->lock);
    session->first = session->last = NULL;
}

stoa_status null_begin(void *self, stoa__call *call, int32_t mode, stoa_error *err)
{
    struct null_session *session = self;

    (void)call;
    if (session->transaction != STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID, "null: a transaction is open already");
    if (mode == STOA_BEGIN_WRITE && session->instance->read_only)
        return stoa__fail(err, STOA_ERR_READ_ONLY,
                          "null: the database was opened for reading");
    session->transaction =
        mode == STOA_BEGIN_WRITE ? STOA_TRANSACTION_WRITE : STOA_TRANSACTION_READ;
    session->lazy = mode == STOA_BEGIN_LAZY;
    return STOA_OK;
}

stoa_status null_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct null_session *session = self;

    (void)call;
    (void)err;
    null_publish(session);
    session->transaction = STOA_TRANSACTION_NONE;
    return STOA_OK;
}

stoa_status null_rollback(void *self, stoa_error *err)
{
    struct null_session *session = self;

    (void)err;
    null_sightings_free(session->first);
    session->first = session->last = NULL;
    session->transaction = STOA_TRANSACTION_NONE;
    return STOA_OK;
}

static int32_t null_transaction(void *self)
{
    return ((struct null_session *)self)->transaction;
}

const struct stoa__engine stoa__engine_null = {
    .struct_size = sizeof(struct stoa__engine),
    .name = "null",
    .example = "null:",
    .capabilities = STOA__CAN(STOA_CAN_SQL) | STOA__CAN(STOA_CAN_PREPARE) |
                    STOA__CAN(STOA_CAN_TRANSACTIONS) | STOA__CAN(STOA_CAN_INGEST) |
                    STOA__CAN(STOA_CAN_UPSERT) | STOA__CAN(STOA_CAN_TRUNCATE) |
                    STOA__CAN(STOA_CAN_DEDUP) | STOA__CAN(STOA_CAN_MULTI_TABLE_PUSH) |
                    STOA__CAN(STOA_CAN_MULTI_STATEMENT) | STOA__CAN(STOA_CAN_DURABLE_ACK),
    .probe = null_probe,
    .open = null_open,
    .close = null_close,
    .property = null_property,
    .session_open = null_session_open,
    .session_close = null_session_close,
    .session_reset = null_session_reset,
    .ping = null_ping,
    .prepare = null_prepare,
    .statement_close = null_statement_close,
    .statement_parameters = null_statement_parameters,
    .statement_type = null_statement_type,
    .execute = null_execute,
    .cursor_type = null_cursor_type,
    .cursor_next = null_cursor_next,
    .cursor_info = null_cursor_info,
    .cursor_close = null_cursor_close,
    .begin = null_begin,
    .commit = null_commit,
    .rollback = null_rollback,
    .transaction = null_transaction,
    .ingest_open = null_ingest_open,
    .ingest_append = null_ingest_append,
    .ingest_commit = null_ingest_commit,
    .ingest_sync = null_ingest_sync,
    .ingest_close = null_ingest_close,
};
