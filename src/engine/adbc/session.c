/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: one foreign connection each, used by one operation at a time. */
#include "engine/adbc/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static const char autocommit_key[] = "adbc.connection.autocommit";

/* ---- work ---- */

/* What a call that stopped tells the driver; on the calling thread, as the interface allows. */
struct cancelling {
    struct adbc_session *session;
    struct adbc_object *statement;
};

static bool cancel_by(struct adbc_instance *instance, adbc_plain function, adbc_object *object,
                      int ability)
{
    adbc_error error = adbc_error_for(instance);
    adbc_status status;

    if (!object || !object->state || adbc_lacks(instance, ability))
        return false;
    status = function(object, &error);
    adbc_error_drop(&error);
    adbc_note_answer(instance, ability, status);
    return status == ADBC_OK;
}

static void cancel(void *self)
{
    struct cancelling *cancelling = self;
    struct adbc_instance *instance = cancelling->session->instance;
    const struct adbc_table *table = &instance->driver->table;

    if (!cancel_by(instance, table->statement_cancel, cancelling->statement,
                   ADBC_CAN_CANCEL_STATEMENT))
        (void)cancel_by(instance, table->connection_cancel, &cancelling->session->connection,
                        ADBC_CAN_CANCEL_CONNECTION);
}

bool adbc_works_here(const struct adbc_session *session, const stoa__call *call)
{
    const struct adbc_instance *instance = session->instance;
    enum adbc_worker_use use = instance->target.worker;

    if (use == ADBC_WORKER_AUTO)
        use = instance->quirk->local ? ADBC_WORKER_WATCH : ADBC_WORKER_YES;
    return use == ADBC_WORKER_NO || (use == ADBC_WORKER_WATCH && adbc_worker_watches(call));
}

stoa_status adbc_work(struct adbc_session *session, stoa__call *call, struct adbc_object *statement,
                      stoa_status (*run)(void *self, stoa_error *err), void *self,
                      stoa_error *err)
{
    struct cancelling cancelling = {session, statement};
    stoa_status rc;

    if (!adbc_works_here(session, call))
        return adbc_work_fed(session, call, statement, run, self, err);
    assert(!session->working);
    session->working = true;
    rc = adbc_worker_watch(&session->worker, call, run, self, cancel, &cancelling, err);
    session->working = false;
    return rc;
}

stoa_status adbc_work_fed(struct adbc_session *session, stoa__call *call,
                          struct adbc_object *statement,
                          stoa_status (*run)(void *self, stoa_error *err), void *self,
                          stoa_error *err)
{
    struct cancelling cancelling = {session, statement};
    stoa_status rc;

    assert(!session->working);
    session->working = true;
    rc = adbc_worker_run(&session->worker, call, run, self, cancel, &cancelling, err);
    session->working = false;
    return rc;
}

/* ---- statements of our own ---- */

stoa_status adbc_run_now(struct adbc_session *session, const char *sql, int64_t *rows,
                         stoa_error *err)
{
    const struct adbc_instance *instance = session->instance;
    struct adbc_object native = {0};
    adbc_error error = adbc_error_for(instance);
    int64_t count = -1;
    adbc_status status;
    stoa_status rc = adbc_native_open(session, &native, sql, err);

    if (rc != STOA_OK)
        return rc;
    status = instance->driver->table.statement_execute(&native, NULL, &count, &error);
    if (status != ADBC_OK)
        rc = adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    adbc_native_close(session, &native);
    if (rows)
        *rows = count;
    return rc;
}

stoa_status adbc_autocommit_now(struct adbc_session *session, bool on, stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    adbc_error error = adbc_error_for(instance);
    adbc_status status = instance->driver->table.connection_set(
        &session->connection, autocommit_key, on ? "true" : "false", &error);

    adbc_note_answer(instance, ADBC_CAN_TRANSACTIONS, status);
    if (status == ADBC_OK) {
        adbc_error_drop(&error);
        return STOA_OK;
    }
    return adbc_fail(instance, status, &error, on ? "ending a transaction" : "transactions", err);
}

/* ---- opening ---- */

static stoa_status set_read_only(struct adbc_session *session, stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    const struct adbc_known *known = instance->target.known;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;

    if (!instance->target.read_only || (known && known->read_only_key))
        return STOA_OK;
    if (instance->quirk->read_only_sql)
        return adbc_run_now(session, instance->quirk->read_only_sql, NULL, err);
    status = instance->driver->table.connection_set(&session->connection,
                                                    "adbc.connection.readonly", "true", &error);
    adbc_note_answer(instance, ADBC_CAN_READ_ONLY, status);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, "read_only", err);
    adbc_error_drop(&error);
    return STOA_OK;
}

/* On the worker. */
static stoa_status connect_now(void *self, stoa_error *err)
{
    struct adbc_session *session = self;
    struct adbc_instance *instance = session->instance;
    const struct adbc_table *table = &instance->driver->table;
    adbc_error error = adbc_error_for(instance);
    uint64_t late = 0;
    adbc_status status = table->connection_new(&session->connection, &error);
    stoa_status rc;

    session->connection.table = &instance->driver->table;
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = adbc_session_options(session, &late, false, err);
    if (rc != STOA_OK)
        return rc;
    error = adbc_error_for(instance);
    status = table->connection_init(&session->connection, &instance->database, &error);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = adbc_session_options(session, &late, true, err);
    if (rc == STOA_OK && !instance->vendor)
        rc = adbc_know(session, err);
    return rc == STOA_OK ? set_read_only(session, err) : rc;
}

static void disconnect(struct adbc_session *session)
{
    struct adbc_instance *instance = session->instance;
    adbc_error error = adbc_error_for(instance);

    if (session->connection.state)
        (void)instance->driver->table.connection_release(&session->connection, &error);
    adbc_error_drop(&error);
    session->connection = (struct adbc_object){0};
}

static struct adbc_session *take_spare(struct adbc_instance *instance)
{
    struct adbc_session *spare;

    stoa__mutex_lock(&instance->lock);
    spare = instance->spare;
    instance->spare = NULL;
    stoa__mutex_unlock(&instance->lock);
    return spare;
}

stoa_status adbc_session_open(void *self, stoa__call *call, void **out, stoa_error *err)
{
    struct adbc_instance *instance = self;
    struct adbc_session *session = take_spare(instance);
    stoa_status rc;

    *out = session;
    if (session)
        return STOA_OK;
    session = stoa__alloc_zero(1, sizeof *session);
    if (!session)
        return stoa__fail_nomem(err);
    session->instance = instance;
    rc = adbc_worker_start(&session->worker, instance->target.worker != ADBC_WORKER_NO, err);
    if (rc != STOA_OK) {
        stoa__free(session);
        return rc;
    }
    rc = adbc_worker_run(&session->worker, call, connect_now, session, NULL, NULL, err);
    if (rc == STOA_OK)
        *out = session;
    else
        adbc_session_close(session);
    return rc;
}

void adbc_session_close(void *self)
{
    struct adbc_session *session = self;

    assert(!session->streams);
    if (session->transaction != STOA_TRANSACTION_NONE)
        (void)adbc_rollback(session, NULL);
    adbc_worker_stop(&session->worker);
    disconnect(session);
    stoa__free(session);
}

stoa_status adbc_session_reset(void *self, bool *reusable, stoa_error *err)
{
    struct adbc_session *session = self;
    const struct adbc_quirk *quirk = session->instance->quirk;
    stoa_status rc = STOA_OK;

    *reusable = quirk->reset_sql || quirk->in_process;
    if (session->transaction != STOA_TRANSACTION_NONE)
        rc = adbc_rollback(session, err);
    if (rc != STOA_OK)
        return rc;
    if (quirk->reset_sql) {
        rc = adbc_run_now(session, quirk->reset_sql, NULL, err);
        return rc == STOA_OK ? set_read_only(session, err) : rc;
    }
    if (!quirk->in_process)
        return STOA_OK;
    disconnect(session);
    return connect_now(session, err);
}

stoa_status adbc_session_set(void *self, stoa__settings *settings, stoa_error *err)
{
    struct adbc_session *session = self;
    struct adbc_instance *instance = session->instance;

    for (size_t i = 0; i < settings->count; i++) {
        struct stoa__settings_entry *entry = &settings->entries[i];
        adbc_error error = adbc_error_for(instance);
        adbc_status status;

        if (entry->used || strncmp(entry->key, "adbc.", 5) != 0)
            continue;
        entry->used = true;
        status = instance->driver->table.connection_set(&session->connection, entry->key,
                                                        entry->value, &error);
        if (status != ADBC_OK)
            return adbc_fail(instance, status, &error, entry->key, err);
        adbc_error_drop(&error);
    }
    return STOA_OK;
}

static stoa_status ping_now(void *self, stoa_error *err)
{
    struct adbc_session *session = self;

    return adbc_run_now(session, "SELECT 1", NULL, err);
}

stoa_status adbc_ping(void *self, stoa__call *call, stoa_error *err)
{
    struct adbc_session *session = self;

    /* A session whose only stream is open has shown that it lives. */
    if (session->failed || (session->streams && session->instance->quirk->one_stream))
        return stoa__call_check(call, err);
    return adbc_work(session, call, NULL, ping_now, session, err);
}

/* ---- transactions ---- */

int32_t adbc_transaction(void *self)
{
    return ((struct adbc_session *)self)->transaction;
}

void adbc_note_failure(struct adbc_session *session)
{
    if (session->transaction != STOA_TRANSACTION_NONE &&
        session->instance->quirk->error_ends_transaction)
        session->failed = true;
}

static stoa_status begin_now(void *self, stoa_error *err)
{
    struct adbc_session *session = self;
    stoa_status rc;

    if (session->instance->quirk->sql_transactions) {
        rc = adbc_run_now(session, "BEGIN TRANSACTION", NULL, err);
        if (rc == STOA_OK)
            adbc_note(session->instance, ADBC_CAN_TRANSACTIONS, true);
        return rc;
    }
    return adbc_autocommit_now(session, false, err);
}

stoa_status adbc_begin(void *self, stoa__call *call, int32_t mode, stoa_error *err)
{
    struct adbc_session *session = self;
    struct adbc_instance *instance = session->instance;
    stoa_status rc;

    if (session->transaction != STOA_TRANSACTION_NONE)
        return stoa__fail(err, STOA_ERR_INVALID, "%s: a transaction is open already",
                          instance->engine);
    if (mode == STOA_BEGIN_WRITE && instance->target.read_only)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "%s: the database was opened for reading",
                          instance->engine);
    rc = adbc_make_room(session, call, false, err);
    if (rc == STOA_OK)
        rc = adbc_work(session, call, NULL, begin_now, session, err);
    if (rc == STOA_OK)
        session->transaction =
            mode == STOA_BEGIN_READ ? STOA_TRANSACTION_READ : STOA_TRANSACTION_WRITE;
    return rc;
}

static void transaction_over(struct adbc_session *session)
{
    session->transaction = STOA_TRANSACTION_NONE;
    session->failed = false;
    stoa__free(session->outer_savepoint);
    session->outer_savepoint = NULL;
}

/* COMMIT or ROLLBACK, by SQL or by the interface, which begins another at once that is empty. */
static stoa_status end_now(struct adbc_session *session, bool commits, stoa_error *err)
{
    const struct adbc_instance *instance = session->instance;
    const struct adbc_table *table = &instance->driver->table;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;

    if (instance->quirk->sql_transactions)
        return adbc_run_now(session, commits ? "COMMIT" : "ROLLBACK", NULL, err);
    status = (commits ? table->connection_commit : table->connection_rollback)(
        &session->connection, &error);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, commits ? "committing" : "rolling back", err);
    adbc_error_drop(&error);
    return STOA_OK;
}

static stoa_status back_to_autocommit(struct adbc_session *session, stoa_error *err)
{
    transaction_over(session);
    return session->instance->quirk->sql_transactions ? STOA_OK
                                                      : adbc_autocommit_now(session, true, err);
}

static stoa_status rollback_now(struct adbc_session *session, stoa_error *err)
{
    stoa_status rc = end_now(session, false, err);

    return rc == STOA_OK ? back_to_autocommit(session, err) : rc;
}

static stoa_status commit_now(void *self, stoa_error *err)
{
    struct adbc_session *session = self;
    stoa_status rc = end_now(session, true, err);

    if (rc == STOA_OK)
        return back_to_autocommit(session, err);
    if (rc == STOA_ERR_LOCKED)
        return rc; /* Nothing happened: it may be tried again. */
    if (rc == STOA_ERR_IO || rc == STOA_ERR_NETWORK || rc == STOA_ERR_PROTOCOL)
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    if (rollback_now(session, NULL) == STOA_OK)
        stoa__error_flag(err, STOA_ERROR_ROLLED_BACK);
    return rc;
}

static stoa_status fail_failed(const struct adbc_session *session, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID,
                      "%s: the transaction has failed and can only be rolled back",
                      session->instance->engine);
}

stoa_status adbc_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct adbc_session *session = self;

    if (session->failed)
        return fail_failed(session, err);
    return adbc_work(session, call, NULL, commit_now, session, err);
}

stoa_status adbc_rollback(void *self, stoa_error *err)
{
    return rollback_now(self, err);
}

/* ---- savepoints ---- */

struct savepoint {
    struct adbc_session *session;
    const char *verb, *name;
};

static stoa_status savepoint_now(void *self, stoa_error *err)
{
    const struct savepoint *savepoint = self;
    stoa__buffer sql = {0};
    stoa_status rc = stoa__buffer_append_text(&sql, savepoint->verb);

    /* Savepoints are the same in any case of letters, as everywhere in Stoa. */
    for (const char *c = savepoint->name; *c != '\0' && rc == STOA_OK; c++)
        rc = stoa__buffer_append_byte(
            &sql, (uint8_t)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c));
    if (rc == STOA_OK)
        rc = stoa__buffer_append(&sql, "\"", 2);
    if (rc != STOA_OK)
        rc = stoa__fail_nomem(err);
    else
        rc = adbc_run_now(savepoint->session, (char *)sql.data, NULL, err);
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status savepoint(struct adbc_session *session, stoa__call *call, const char *verb,
                             const char *name, stoa_error *err)
{
    struct savepoint savepoint = {session, verb, name};

    if (!session->instance->quirk->savepoints)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: savepoints are not supported",
                          session->instance->engine);
    if (strchr(name, '"'))
        return stoa__fail(err, STOA_ERR_INVALID, "%s: a savepoint's name has no quotes",
                          session->instance->engine);
    return adbc_work(session, call, NULL, savepoint_now, &savepoint, err);
}

/* One that begins a transaction ends it when it is released. */
static stoa_status begin_by(struct adbc_session *session, stoa__call *call, const char *name,
                            stoa_error *err)
{
    char *copy = stoa__copy_text(name, strlen(name));
    stoa_status rc = copy ? adbc_begin(session, call, STOA_BEGIN_LAZY, err) : stoa__fail_nomem(err);

    if (rc == STOA_OK)
        session->outer_savepoint = copy;
    else
        stoa__free(copy);
    return rc;
}

stoa_status adbc_savepoint(void *self, stoa__call *call, const char *name, stoa_error *err)
{
    struct adbc_session *session = self;
    bool begins = session->transaction == STOA_TRANSACTION_NONE;
    stoa_status rc = STOA_OK;

    if (session->failed)
        return fail_failed(session, err);
    if (begins && session->instance->quirk->savepoints)
        rc = begin_by(session, call, name, err);
    if (rc != STOA_OK)
        return rc;
    rc = savepoint(session, call, "SAVEPOINT \"", name, err);
    if (rc != STOA_OK && begins && session->transaction != STOA_TRANSACTION_NONE)
        (void)rollback_now(session, NULL);
    return rc;
}

stoa_status adbc_savepoint_release(void *self, stoa__call *call, const char *name, stoa_error *err)
{
    struct adbc_session *session = self;
    const char *outer = session->outer_savepoint;
    bool ends = outer && stoa__name_is(name, strlen(name), outer);
    stoa_status rc;

    if (session->failed)
        return fail_failed(session, err);
    if (ends)
        return adbc_commit(session, call, err);
    rc = savepoint(session, call, "RELEASE SAVEPOINT \"", name, err);
    if (rc != STOA_OK)
        adbc_note_failure(session);
    return rc;
}

stoa_status adbc_savepoint_rollback(void *self, stoa__call *call, const char *name,
                                    stoa_error *err)
{
    struct adbc_session *session = self;
    stoa_status rc = savepoint(session, call, "ROLLBACK TO SAVEPOINT \"", name, err);

    if (rc == STOA_OK)
        session->failed = false;
    else
        adbc_note_failure(session);
    return rc;
}
