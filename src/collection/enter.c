/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/enter.h"

#include "base/error.h"
#include "base/mem.h"
#include "collection/load.h"
#include "collection/rules.h"
#include "collection/sql.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/ban.h"

/* Names of savepoints nest, so one name is enough. */
static const char savepoint[] = "stoa_collection";

/* ---- state ---- */

static void free_state(void *extension)
{
    struct collection_state *state = extension;

    collection_model_free(state->model);
    for (size_t i = 0; i < sizeof state->room / sizeof *state->room; i++)
        stoa__buffer_release(&state->room[i]);
    stoa__free(state);
}

static stoa_status need_state(struct collection_call *call, stoa_error *err)
{
    struct stoa__conn *conn = call->entry.leaf->conn;

    if (!conn->extension) {
        conn->extension = stoa__alloc_zero(1, sizeof(struct collection_state));
        conn->extension_free = free_state;
    }
    call->state = conn->extension;
    return call->state ? STOA_OK : stoa__fail_nomem(err);
}

/* ---- in and out ---- */

static stoa_status enter_state(struct collection_call *call, stoa_error *err)
{
    if (strcmp(call->entry.engine->name, "sqlite") != 0)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: collections are not supported",
                          call->entry.engine->name);
    return need_state(call, err);
}

stoa_status collection_enter_bare(struct collection_call *call, stoa_conn conn, stoa_op op,
                                  const char *operation, stoa_error *err)
{
    stoa_status rc;

    *call = (struct collection_call){.operation = operation};
    rc = stoa__enter(&call->entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc != STOA_OK)
        return rc;
    rc = enter_state(call, err);
    return rc == STOA_OK ? STOA_OK : stoa__leave(&call->entry, rc);
}

stoa_status collection_leave(struct collection_call *call, stoa_status rc)
{
    assert(!call->own_transaction && !call->savepoint);
    return stoa__leave(&call->entry, rc);
}

/* ---- the schema ---- */

static stoa_status schema_mark(struct collection_call *call, int64_t *version, int64_t *changes,
                               stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;

    return entry->engine->schema_mark(entry->session->native, &entry->call, version, changes, err);
}

/* Versions that a rollback takes back are given again, to other schemas; marks are not. */
static stoa_status is_current(struct collection_call *call, bool *current, stoa_error *err)
{
    const struct collection_model *model = call->state->model;
    int64_t version = 0, changes = 0;
    stoa_status rc = STOA_OK;

    if (model)
        rc = schema_mark(call, &version, &changes, err);
    *current = model && rc == STOA_OK && version == model->schema_version &&
               changes == model->schema_changes;
    return rc;
}

static int32_t transaction_of(const struct collection_call *call)
{
    return call->entry.engine->transaction(call->entry.session->native);
}

static stoa_status read_model(struct collection_call *call, struct collection_model *model,
                              stoa_error *err)
{
    stoa_status rc = schema_mark(call, &model->schema_version, &model->schema_changes, err);

    if (rc == STOA_OK)
        rc = collection_model_load(call, model, err);
    if (rc == STOA_OK)
        rc = collection_rules_find(model, err);
    return rc;
}

stoa_status collection_load_raw(struct collection_call *call, struct collection_model **out,
                                stoa_error *err)
{
    struct collection_model *model = stoa__alloc_zero(1, sizeof *model);
    const bool alone = transaction_of(call) == STOA_TRANSACTION_NONE;
    stoa_status rc;

    *out = NULL;
    if (!model)
        return stoa__fail_nomem(err);
    rc = alone ? collection_read_begin(call, err) : STOA_OK;
    if (rc == STOA_OK)
        rc = read_model(call, model, err);
    if (alone)
        rc = collection_read_end(call, rc, err);
    if (rc == STOA_OK)
        *out = model;
    else
        collection_model_free(model);
    return rc;
}

stoa_status collection_load(struct collection_call *call, stoa_error *err)
{
    struct collection_model *model;
    stoa_status rc = collection_load_raw(call, &model, err);

    if (rc == STOA_OK)
        rc = collection_rules_pass(model, false, err);
    if (rc != STOA_OK) {
        collection_model_free(model);
        return rc;
    }
    collection_model_free(call->state->model);
    call->state->model = model;
    call->model = model;
    return STOA_OK;
}

stoa_status collection_enter(struct collection_call *call, stoa_conn conn, stoa_op op,
                             const char *operation, stoa_error *err)
{
    bool current = false;
    stoa_status rc = collection_enter_bare(call, conn, op, operation, err);

    if (rc != STOA_OK)
        return rc;
    rc = is_current(call, &current, err);
    if (rc == STOA_OK && !current)
        rc = collection_load(call, err);
    if (rc != STOA_OK)
        return collection_leave(call, rc);
    call->model = call->state->model;
    return STOA_OK;
}

/* ---- transactions ---- */

/* Somebody may have changed the schema between our look at it and the lock. */
static stoa_status check_unchanged(struct collection_call *call, stoa_error *err)
{
    int64_t version = 0, changes = 0;
    stoa_status rc = STOA_OK;

    if (!call->model)
        return STOA_OK;
    rc = schema_mark(call, &version, &changes, err);
    if (rc != STOA_OK || version == call->model->schema_version)
        return rc;
    rc = collection_fail(call, err, STOA_ERR_LOCKED,
                         "another connection changed the schema at this moment; call again");
    stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return rc;
}

/* Waiting for the lock can be stopped: nothing is written yet that could be lost. Where nothing can
 * be written the statements themselves will say so. */
static stoa_status lock(struct collection_call *call, stoa_error *err)
{
    struct collection_sql sql;
    stoa_error failure = {0};
    stoa_status rc;

    if (!call->model || transaction_of(call) == STOA_TRANSACTION_WRITE)
        return STOA_OK;
    rc = collection_sql_once(&sql, call, "DELETE FROM main.\"Configuration\" WHERE 0", &failure);
    collection_sql_close(&sql);
    if (rc >= 0 || rc == STOA_ERR_READ_ONLY)
        return STOA_OK;
    stoa__error_copy(err, &failure);
    return rc;
}

static stoa_status begin_inside(struct collection_call *call, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    stoa_status rc = entry->engine->savepoint(entry->session->native, &entry->call, savepoint, err);

    if (rc != STOA_OK)
        return rc;
    rc = lock(call, err);
    call->savepoint = true;
    return rc == STOA_OK ? STOA_OK : collection_write_end(call, rc, err);
}

stoa_status collection_write_begin(struct collection_call *call, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    stoa_status rc;

    assert(!call->own_transaction && !call->savepoint);
    if (transaction_of(call) != STOA_TRANSACTION_NONE)
        return begin_inside(call, err);
    rc = entry->engine->begin(entry->session->native, &entry->call, STOA_BEGIN_WRITE, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "Failed to begin transaction");
        return rc;
    }
    call->own_transaction = true;
    rc = check_unchanged(call, err);
    return rc == STOA_OK ? STOA_OK : collection_write_end(call, rc, err);
}

bool collection_write_lost(const struct collection_call *call)
{
    return transaction_of(call) == STOA_TRANSACTION_NONE;
}

static void undo_savepoint(struct collection_call *call)
{
    struct stoa__entry *entry = &call->entry;
    void *native = entry->session->native;

    if (entry->engine->savepoint_rollback(native, NULL, savepoint, NULL) == STOA_OK)
        (void)entry->engine->savepoint_release(native, NULL, savepoint, NULL);
}

/* The engine may have rolled back everything already: a full disk, a trigger. */
static void undo(struct collection_call *call)
{
    struct stoa__entry *entry = &call->entry;

    if (collection_write_lost(call))
        return;
    if (call->own_transaction)
        (void)entry->engine->rollback(entry->session->native, NULL);
    else
        undo_savepoint(call);
}

stoa_status collection_write_guard(struct collection_call *call, stoa_error *err)
{
    const struct stoa__entry *entry = &call->entry;

    assert(call->own_transaction || call->savepoint);
    return entry->engine->savepoint(entry->session->native, NULL, savepoint, err);
}

stoa_status collection_write_unguard(struct collection_call *call, stoa_status rc,
                                     stoa_error *err)
{
    const struct stoa__entry *entry = &call->entry;

    if (rc >= 0)
        rc = entry->engine->savepoint_release(entry->session->native, NULL, savepoint, err);
    if (rc < 0 && !collection_write_lost(call))
        undo_savepoint(call);
    return rc;
}

/* Who had no transaction open is not to be told that it is lost. */
static void forget_rollback(stoa_error *err)
{
    static const char words[] = "; the open transaction was rolled back";
    const size_t size = sizeof words - 1;
    char *at;

    if (!err)
        return;
    err->flags &= ~(uint32_t)STOA_ERROR_ROLLED_BACK;
    at = strstr(err->text, words);
    if (!at)
        return;
    memmove(at, at + size, strlen(at + size) + 1);
    err->text_size -= (int32_t)size;
}

stoa_status collection_write_end(struct collection_call *call, stoa_status rc, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    void *native = entry->session->native;

    assert(call->own_transaction || call->savepoint);
    if (rc >= 0) {
        const stoa_status done =
            call->own_transaction
                ? entry->engine->commit(native, &entry->call, err)
                : entry->engine->savepoint_release(native, NULL, savepoint, err);

        if (done != STOA_OK)
            stoa__wrap(err, "Failed to commit transaction");
        rc = done != STOA_OK ? done : rc;
    }
    if (rc < 0) {
        undo(call);
        if (call->own_transaction)
            forget_rollback(err);
    }
    call->own_transaction = call->savepoint = false;
    return rc;
}

stoa_status collection_write_under(struct collection_call *call, stoa__call **under,
                                   stoa_error *err)
{
    *under = call->savepoint ? NULL : &call->entry.call;
    *under = call->undoing ? NULL : *under;
    return call->savepoint && !call->undoing ? stoa__call_check(&call->entry.call, err) : STOA_OK;
}

void collection_write_cancel(struct collection_call *call)
{
    assert(call->own_transaction || call->savepoint);
    undo(call);
    call->own_transaction = call->savepoint = false;
}

stoa_status collection_read_begin(struct collection_call *call, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    stoa_status rc;

    assert(!call->own_transaction);
    if (call->savepoint || transaction_of(call) != STOA_TRANSACTION_NONE)
        return STOA_OK;
    rc = entry->engine->begin(entry->session->native, &entry->call, STOA_BEGIN_READ, err);
    if (rc != STOA_OK)
        stoa__wrap(err, "Failed to begin transaction");
    call->own_transaction = rc == STOA_OK;
    return rc;
}

stoa_status collection_read_end(struct collection_call *call, stoa_status rc, stoa_error *err)
{
    struct stoa__entry *entry = &call->entry;
    void *native = entry->session->native;

    if (!call->own_transaction)
        return rc;
    if (rc >= 0) { /* Gentler than a rollback to what else is being read here. */
        const stoa_status done = entry->engine->commit(native, NULL, err);

        rc = done == STOA_OK ? rc : done;
    }
    if (rc < 0)
        undo(call);
    call->own_transaction = false;
    return rc;
}

/* ---- failures, names ---- */

stoa_status collection_fail(const struct collection_call *call, stoa_error *err,
                            stoa_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)stoa__fail_v(err, status, format, args);
    va_end(args);
    stoa__wrap(err, "Cannot %s", call->operation);
    return status;
}

stoa_status collection_get(const struct collection_call *call, const char *name,
                           int64_t name_size, const struct collection_table **out,
                           stoa_error *err)
{
    size_t size = 0;
    stoa_status rc = stoa__text_size("collection", name, name_size, INT32_MAX, &size, err);

    *out = NULL;
    if (rc != STOA_OK)
        return rc;
    *out = collection_find(call->model, name, size);
    if (!*out)
        return collection_fail(call, err, STOA_ERR_NOT_FOUND, "collection not found: %.*s",
                               (int)size, name);
    if (!(*out)->unusable)
        return STOA_OK;
    rc = collection_fail(call, err, STOA_ERR_INVALID, "%s", (*out)->unusable);
    *out = NULL;
    return rc;
}
