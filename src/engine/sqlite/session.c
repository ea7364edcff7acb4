/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of SQLite's: opening, the hooks that let a call be stopped, settings and reset. */
#include "engine/sqlite/session.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/function.h"
#include "engine/sqlite/gate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Virtual machine steps between two looks at the call: about 10 us, not measurable in a scan. */
enum { PROGRESS_STEPS = 1000, NS_PER_MS = 1000000 };

/* ---- opening ---- */

static void add_pragma(char *sql, size_t capacity, const char *name, int64_t value)
{
    size_t used = strlen(sql);
    snprintf(sql + used, capacity - used, "PRAGMA %s=%lld;", name, (long long)value);
}

/* A file from somebody else: nothing in it may do more than hold data. */
static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 2000);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 50);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 250000);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
}

/* Settings of a connection that SQLite takes as text. */
static int run_pragmas(const struct sqlite_instance *instance, sqlite3 *db)
{
    const struct sqlite_config *config = &instance->config;
    char sql[512] = "";

    if (config->profile == PROFILE_STRANGER)
        add_pragma(sql, sizeof sql, "cell_size_check", 1);
    add_pragma(sql, sizeof sql, "synchronous", config->synchronous);
    add_pragma(sql, sizeof sql, "temp_store", config->temp_store ? 2 : 1);
    if (config->cache_size >= 0) /* Negative: kibibytes. */
        add_pragma(sql, sizeof sql, "cache_size", -(config->cache_size / 1024));
    if (config->wal_checkpoint_pages >= 0)
        add_pragma(sql, sizeof sql, "wal_autocheckpoint", config->wal_checkpoint_pages);
    if (config->journal_size_limit >= 0)
        add_pragma(sql, sizeof sql, "journal_size_limit", config->journal_size_limit);
    if (config->read_only && instance->memory)
        add_pragma(sql, sizeof sql, "query_only", 1);
    /* These modes are a connection's own; the others are the file's. */
    if (instance->journal >= JOURNAL_TRUNCATE && instance->journal <= JOURNAL_MEMORY &&
        !instance->memory) {
        static const char *const texts[] = {"truncate", "persist", "memory"};
        size_t used = strlen(sql);
        snprintf(sql + used, sizeof sql - used, "PRAGMA journal_mode=%s;",
                 texts[instance->journal - JOURNAL_TRUNCATE]);
    }
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int sqlite_connect(struct sqlite_session *session)
{
    const struct sqlite_instance *instance = session->instance;
    const struct sqlite_config *config = &instance->config;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;

    flags |= config->read_only && !instance->memory ? SQLITE_OPEN_READONLY
                                                    : SQLITE_OPEN_READWRITE;
    if (instance->memory || (!config->read_only && config->create && !instance->opened))
        flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(instance->address, &session->db, flags, NULL);
    if (code != SQLITE_OK)
        return code;

    sqlite3_db_config(session->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_FKEY, config->foreign_keys ? 1 : 0,
                      NULL);
    /* Closing a session must not do the work of a checkpoint; shutdown does. */
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (config->profile == PROFILE_STRANGER)
        harden(session->db);
    sqlite_session_hooks(session); /* Before the first look at the file, which may be locked. */
    code = run_pragmas(instance, session->db);
    session->dirty = false;
    return code;
}

/* ---- hooks ---- */

static int on_progress(void *self)
{
    struct sqlite_session *session = self;
    if (!session->call || (session->stepping && !sqlite3_stmt_busy(session->stepping)))
        return 0; /* What is over cannot be stopped any more. */
    if (session->report_steps)
        stoa__call_progress(session->call, session->steps += PROGRESS_STEPS, -1);
    return stoa__call_check(session->call, NULL) != STOA_OK;
}

bool sqlite_wait(struct sqlite_session *session, int attempt)
{
    static const int64_t waits_ms[] = {1, 2, 5, 10};
    int64_t now = stoa__clock_monotonic_ns();

    if (attempt == 0)
        session->busy_since_ns = now;
    int64_t wait = waits_ms[attempt < 3 ? attempt : 3] * NS_PER_MS;
    if (session->busy_timeout_ms >= 0 && session->busy_timeout_ms < INT64_MAX / NS_PER_MS / 2) {
        int64_t left = session->busy_since_ns + session->busy_timeout_ms * NS_PER_MS - now;
        if (left <= 0)
            return false;
        wait = wait < left ? wait : left;
    }
    if (session->call) {
        if (stoa__call_check(session->call, NULL) != STOA_OK)
            return false;
        wait = stoa__call_slice_ns(session->call, wait);
    }
    stoa__sleep_ns(wait);
    return true;
}

static int on_busy(void *self, int attempt)
{
    return sqlite_wait(self, attempt);
}

/* A pragma that would change more than its connection: the process. */
static int refuse_global(struct sqlite_session *session, const char *name)
{
    static const char *const names[] = {"hard_heap_limit", "soft_heap_limit",
                                        "temp_store_directory", "data_store_directory"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(name, names[i]) == 0) {
            (void)stoa__fail(&session->failure, STOA_ERR_UNSUPPORTED,
                             "PRAGMA %s would change every database of this process",
                             names[i]);
            return SQLITE_DENY;
        }
    return SQLITE_OK;
}

/* Pragmas that only tell. */
static bool only_tells(const char *name)
{
    static const char *const names[] = {"table_info",  "table_xinfo", "table_list",
                                        "index_list",  "index_info",  "index_xinfo",
                                        "foreign_key_list", "foreign_key_check"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(name, names[i]) == 0)
            return true;
    return false;
}

/* `verb` is BEGIN, COMMIT or ROLLBACK; END is COMMIT here, and a ROLLBACK TO is none of them. */
static int authorize_transaction(struct sqlite_session *session, const char *verb)
{
    if (!session->held || session->own_text || strcmp(verb, "BEGIN") == 0)
        return SQLITE_OK;
    (void)stoa__fail(&session->failure, STOA_ERR_INVALID,
                     "%s would end a transaction that is not this statement's to end", verb);
    return SQLITE_DENY;
}

/* Notes what a reset could not undo: then the session is not given to somebody else. */
static int on_authorize(void *self, int action, const char *first, const char *second,
                        const char *database, const char *trigger)
{
    struct sqlite_session *session = self;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
        session->dirty = true;
        break;
    case SQLITE_TRANSACTION:
        return authorize_transaction(session, first);
    case SQLITE_CREATE_VTABLE:
        session->dirty = true;
        break;
    case SQLITE_PRAGMA:
        if (second && first && !only_tells(first)) {
            session->dirty = true;
            return refuse_global(session, first);
        }
        break;
    default:
        break;
    }
    return SQLITE_OK;
}

void sqlite_session_hooks(struct sqlite_session *session)
{
    session->busy_timeout_ms = session->instance->config.busy_timeout_ms;
    sqlite3_busy_handler(session->db, on_busy, session);
    sqlite3_progress_handler(session->db, PROGRESS_STEPS, on_progress, session);
    sqlite3_set_authorizer(session->db, on_authorize, session);
}

/* Setting an authorizer has SQLite compile statements again that run after it; the ones that run
 * now go on. */
void sqlite_session_expire(struct sqlite_session *session)
{
    sqlite3_set_authorizer(session->db, on_authorize, session);
}

void sqlite_transaction_hold(void *self, bool held)
{
    struct sqlite_session *session = self;

    session->held = held;
    if (held)
        sqlite_session_expire(session); /* Asked again what was allowed before. */
}

void sqlite_session_unhook(sqlite3 *db)
{
    sqlite3_busy_handler(db, NULL, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    sqlite3_set_authorizer(db, NULL, NULL);
}

/* ---- the engine's functions ---- */

/* The name may stand for another file by now; its gate and our other sessions are this one's. */
static stoa_status check_same_file(const struct sqlite_instance *instance, stoa_error *err)
{
    struct sqlite_file_mark now;
    if (instance->memory || (sqlite_file_mark(instance->path, &now) &&
                             now.device == instance->mark.device &&
                             now.inode == instance->mark.inode))
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_IO, "'%s' was moved, deleted or replaced since it was opened",
                      instance->path);
}

stoa_status sqlite_session_open(void *self, stoa__call *call, void **out, stoa_error *err)
{
    struct sqlite_instance *instance = self;
    struct sqlite_session *session = stoa__alloc_zero(1, sizeof *session);
    stoa_status rc = STOA_OK;

    *out = NULL;
    if (!session)
        return stoa__fail_nomem(err);
    session->instance = instance;
    session->call = call;
    session->db = atomic_exchange(&instance->spare, NULL);
    if (session->db) {
        sqlite_session_hooks(session);
    } else {
        rc = check_same_file(instance, err);
        int code = rc == STOA_OK ? sqlite_connect(session) : SQLITE_OK;
        if (code != SQLITE_OK)
            rc = session->db ? sqlite_fail(session, code, err) : stoa__fail_nomem(err);
    }
    session->call = NULL;
    if (rc != STOA_OK) {
        sqlite3_close(session->db);
        stoa__free(session);
        return rc;
    }
    *out = session;
    return STOA_OK;
}

/* End the caller's transaction, if one is open, whatever it takes. */
static void abandon_transaction(struct sqlite_session *session)
{
    session->held = false;
    if (!sqlite3_get_autocommit(session->db))
        sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL);
    session->in_transaction = false;
    session->read_transaction = false;
    sqlite_write_settle(session);
}

void sqlite_session_close(void *self)
{
    struct sqlite_session *session = self;
    assert(session->running == 0);
    abandon_transaction(session);
    sqlite_ingest_cache_clear(session);
    stoa__free(session->ingest_cache);
    sqlite_type_cache_clear(session);
    sqlite_scans_clear(session);
    sqlite_statement_cache_clear(session);
    int code = sqlite3_close(session->db);
    assert(code == SQLITE_OK);
    (void)code;
    sqlite_functions_forget(session);
    if (session->holds_gate) /* Memory was too short for a ROLLBACK; the close was one. */
        sqlite_gate_give(session->instance->gate, session);
    stoa__free(session);
}

stoa_status sqlite_session_reset(void *self, bool *reusable, stoa_error *err)
{
    struct sqlite_session *session = self;
    stoa_status rc = STOA_OK;

    assert(session->running == 0);
    *reusable = false;
    abandon_transaction(session);
    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail_nomem(err); /* Nothing else keeps a rollback from starting. */
    if (session->changed_settings) {
        const struct sqlite_config *config = &session->instance->config;
        session->busy_timeout_ms = config->busy_timeout_ms;
        rc = sqlite_run_format(session, NULL, err, "PRAGMA synchronous=%d; PRAGMA foreign_keys=%d",
                               config->synchronous, config->foreign_keys);
        session->changed_settings = rc != STOA_OK;
    }
    sqlite3_set_last_insert_rowid(session->db, 0);
    session->failure.code = STOA_OK;
    *reusable = rc == STOA_OK && !session->dirty;
    return rc;
}

struct session_settings {
    int32_t synchronous; /* -1: not given. */
    bool foreign_keys;
    int64_t busy_timeout_ms;
};

stoa_status sqlite_session_set(void *self, stoa__settings *settings, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {.key = "synchronous",
         .type = STOA__SETTING_CHOICE,
         .offset = offsetof(struct session_settings, synchronous),
         .choices = "off|normal|full|extra"},
        {.key = "foreign_keys",
         .type = STOA__SETTING_BOOL,
         .offset = offsetof(struct session_settings, foreign_keys)},
        {.key = "busy_timeout",
         .type = STOA__SETTING_DURATION,
         .offset = offsetof(struct session_settings, busy_timeout_ms)},
    };
    struct sqlite_session *session = self;
    int keys = 0;

    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &keys);
    struct session_settings given = {-1, keys != 0, session->busy_timeout_ms};
    stoa_status rc = stoa__settings_read(settings, "sqlite", table, sizeof table / sizeof *table,
                                         &given, err);
    if (rc == STOA_OK) /* An unknown key, before anything has changed. */
        rc = stoa__settings_finish(settings, "connection", err);
    if (rc != STOA_OK)
        return rc;
    bool keys_change = given.foreign_keys != (keys != 0);
    if ((given.synchronous >= 0 || keys_change) && !sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "synchronous and foreign_keys cannot change inside a transaction");
    session->changed_settings = true;
    if (given.synchronous >= 0)
        rc = sqlite_run_format(session, NULL, err, "PRAGMA synchronous=%d", given.synchronous);
    if (rc != STOA_OK)
        return rc;
    if (keys_change)
        sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_FKEY, given.foreign_keys, NULL);
    session->busy_timeout_ms = given.busy_timeout_ms;
    return STOA_OK;
}

stoa_status sqlite_ping(void *self, stoa__call *call, stoa_error *err)
{
    return sqlite_run(self, call, "SELECT 1 FROM sqlite_schema LIMIT 1", err);
}

/* ---- entering and leaving SQLite ---- */

stoa__call *sqlite_enter(struct sqlite_session *session, stoa__call *call)
{
    stoa__call *before = session->call;
    session->call = call;
    if (session->holds_gate)
        sqlite_gate_touch(session->instance->gate);
    return before;
}

void sqlite_leave(struct sqlite_session *session, stoa__call *before)
{
    session->call = before;
}

stoa_status sqlite_session_current(struct sqlite_session *session, stoa_error *err)
{
    const struct sqlite_instance *instance = session->instance;
    if (!instance->frozen || sqlite_file_unchanged(instance->path, &instance->mark))
        return STOA_OK;
    stoa__fail(err, STOA_ERR_LOCKED,
               "'%s' was opened for writing after it was opened read-only here; open it again to "
               "read on",
               instance->path);
    stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return STOA_ERR_LOCKED;
}

stoa_status sqlite_run(struct sqlite_session *session, stoa__call *call, const char *sql,
                       stoa_error *err)
{
    bool was_dirty = session->dirty; /* Our own text: we know what it does. */
    bool was_own = session->own_text;
    stoa__call *before = sqlite_enter(session, call);
    session->own_text = true;
    int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);
    session->own_text = was_own;
    stoa_status rc = code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);
    sqlite_leave(session, before);
    session->dirty = was_dirty;
    return rc;
}

stoa_status sqlite_run_format(struct sqlite_session *session, stoa__call *call, stoa_error *err,
                              const char *format, ...)
{
    stoa__buffer text = {0};
    va_list args;
    char small[512];

    va_start(args, format);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < sizeof small)
        return sqlite_run(session, call, small, err);
    stoa_status rc = size < 0 ? STOA_ERR_NOMEM : stoa__buffer_reserve(&text, (size_t)size + 1);
    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    va_start(args, format);
    vsnprintf((char *)text.data, (size_t)size + 1, format, args);
    va_end(args);
    rc = sqlite_run(session, call, (const char *)text.data, err);
    stoa__buffer_release(&text);
    return rc;
}
