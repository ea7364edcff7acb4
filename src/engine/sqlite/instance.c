/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a target: settings, the file or shared memory behind it, and what it is found to be. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/gate.h"
#include "engine/sqlite/memory_vfs.h"
#include "engine/sqlite/session.h"
#include "engine/sqlite/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ban.h"

#define SETTING(name, kind, low, high, list)                                                       \
    {                                                                                              \
        .key = #name, .type = STOA__SETTING_##kind,                                                \
        .offset = offsetof(struct sqlite_config, name), .min = (low), .max = (high),               \
        .choices = (list)                                                                          \
    }

static const struct stoa__setting settings_table[] = {
    SETTING(create, BOOL, 0, 0, NULL),
    SETTING(journal, CHOICE, 0, 0, "keep|wal|delete|truncate|persist|memory"),
    SETTING(synchronous, CHOICE, 0, 0, "off|normal|full|extra"),
    {.key = "busy_timeout",
     .type = STOA__SETTING_DURATION,
     .offset = offsetof(struct sqlite_config, busy_timeout_ms)},
    SETTING(foreign_keys, BOOL, 0, 0, NULL),
    SETTING(page_size, SIZE, 512, 65536, NULL),
    SETTING(cache_size, SIZE, 0, INT64_C(1) << 40, NULL),
    SETTING(wal_checkpoint_pages, INT, 0, INT32_MAX, NULL),
    SETTING(journal_size_limit, SIZE, 0, INT64_C(1) << 50, NULL),
    SETTING(memory_size_limit, SIZE, 4096, INT64_C(1) << 50, NULL),
    SETTING(profile, CHOICE, 0, 0, "own|stranger"),
    SETTING(shared_file, CHOICE, 0, 0, "refuse|allow"),
    SETTING(temp_store, CHOICE, 0, 0, "file|memory"),
};

/* Unset choices and numbers are -1, so that "as SQLite has it" needs no second flag. */
static const struct sqlite_config config_default = {
    .create = true,
    .journal = -1,
    .synchronous = SYNC_FULL,
    .busy_timeout_ms = 5000,
    .foreign_keys = true,
    .page_size = -1,
    .cache_size = -1,
    .wal_checkpoint_pages = -1,
    .journal_size_limit = -1,
    .memory_size_limit = INT64_C(1) << 40,
    .temp_store = TEMP_MEMORY,
};

/* Whether `read_only` was given matters: the stranger's profile turns it on by default. So it is
 * read with either default; an answer that stays the same was given. */
static stoa_status read_read_only(stoa__settings *settings, struct sqlite_config *config,
                                  stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {.key = "read_only", .type = STOA__SETTING_BOOL, .offset = 0}};
    bool if_no = false;
    bool if_yes = true;
    stoa_status rc = stoa__settings_read(settings, "sqlite", table, 1, &if_no, err);
    if (rc == STOA_OK)
        rc = stoa__settings_read(settings, "sqlite", table, 1, &if_yes, err);
    config->read_only = if_no == if_yes ? if_no : config->profile == PROFILE_STRANGER;
    return rc;
}

static stoa_status read_config(stoa__settings *settings, struct sqlite_config *config,
                               stoa_error *err)
{
    *config = config_default;
    stoa_status rc =
        stoa__settings_read(settings, "sqlite", settings_table,
                            sizeof settings_table / sizeof *settings_table, config, err);
    if (rc == STOA_OK)
        rc = read_read_only(settings, config, err);
    if (rc == STOA_OK) /* Before a file is made for a setting that was misspelt. */
        rc = stoa__settings_finish(settings, "sqlite", err);
    if (rc != STOA_OK)
        return rc;
    if (config->page_size > 0 && (config->page_size & (config->page_size - 1)) != 0)
        return stoa__fail(err, STOA_ERR_INVALID, "page_size %lld is not a power of two",
                          (long long)config->page_size);
    return STOA_OK;
}

static void initialize(void)
{
    sqlite3_initialize();
    sqlite_watch_start();
}

/* SQLite with the WAL-reset bug can lose a commit when two connections share a WAL file. */
static bool wal_is_safe(void)
{
    int version = sqlite3_libversion_number();
    return (version >= 3051003 && version != 3052000) ||
           (version >= 3050007 && version < 3051000) || (version >= 3044006 && version < 3045000);
}

stoa_status sqlite_absolute_path(const char *path, char **out, stoa_error *err)
{
    char folder[PATH_MAX];
    char resolved[PATH_MAX];
    const char *name = strrchr(path, '/');

    if (realpath(path, resolved)) {
        *out = stoa__copy_text(resolved, strlen(resolved));
        return *out ? STOA_OK : stoa__fail_nomem(err);
    }
    if (errno != ENOENT)
        return stoa__fail_errno(err, errno, "open '%s'", path);
    size_t folder_size = name ? (size_t)(name - path) : 0;
    name = name ? name + 1 : path;
    if (folder_size >= sizeof folder || *name == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file name", path);
    memcpy(folder, path, folder_size);
    folder[folder_size] = '\0';
    const char *start = folder_size > 0 ? folder : (*path == '/' ? "/" : ".");
    if (!realpath(start, resolved))
        return stoa__fail_errno(err, errno, "open '%s': its folder", path);

    stoa__buffer text = {0};
    stoa_status rc = stoa__buffer_format(&text, "%s%s%s", resolved,
                                         strcmp(resolved, "/") == 0 ? "" : "/", name);
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&text);
    if (rc != STOA_OK) {
        stoa__buffer_release(&text);
        return stoa__fail_nomem(err);
    }
    *out = (char *)stoa__buffer_take(&text);
    return STOA_OK;
}

stoa_status sqlite_make_address(const char *path, const char *query, char **out, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc = stoa__buffer_append_text(&text, "file:");
    for (const char *at = path; rc == STOA_OK && *at; at++)
        rc = *at == '?' || *at == '#' || *at == '%'
                 ? stoa__buffer_format(&text, "%%%02x", (unsigned)(unsigned char)*at)
                 : stoa__buffer_append_byte(&text, (uint8_t)*at);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&text, query);
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&text);
    if (rc != STOA_OK) {
        stoa__buffer_release(&text);
        return stoa__fail_nomem(err);
    }
    stoa__free(*out);
    *out = (char *)stoa__buffer_take(&text);
    return STOA_OK;
}

static stoa_status fail_open(struct sqlite_session *at, int code, stoa_error *err)
{
    const struct sqlite_instance *instance = at->instance;
    int reason = at->db ? sqlite3_system_errno(at->db) : 0;

    if (!at->db)
        return stoa__fail_nomem(err);
    if ((code & 0xff) == SQLITE_CANTOPEN && reason != 0)
        return stoa__fail_errno(err, reason, "open '%s'", instance->path);
    stoa_status rc = sqlite_fail(at, code, err);
    stoa__wrap(err, "open '%s'", instance->path);
    return rc;
}

/* Of a database that is not there yet. One in memory is made by it: other connections could not
 * know the size. */
static int set_page_size(const struct sqlite_instance *instance, sqlite3 *db)
{
    char sql[96];
    if (instance->config.page_size <= 0)
        return SQLITE_OK;
    snprintf(sql, sizeof sql, "PRAGMA page_size=%lld%s", (long long)instance->config.page_size,
             instance->memory && !instance->config.read_only ? "; PRAGMA user_version=0" : "");
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static stoa_status open_memory(struct sqlite_instance *instance, stoa__call *call,
                               stoa_error *err)
{
    static _Atomic uint64_t number;
    struct sqlite_session at = {.instance = instance, .call = call};
    sqlite3_int64 limit = instance->config.memory_size_limit;
    char name[64];
    snprintf(name, sizeof name, SQLITE_MEMORY_PREFIX "%llu",
             (unsigned long long)atomic_fetch_add(&number, 1) + 1);
    instance->memory = true;
    instance->journal = JOURNAL_MEMORY;
    instance->path = stoa__copy_text(name, strlen(name));
    if (!instance->path)
        return stoa__fail_nomem(err);
    stoa_status rc = sqlite_memory_vfs_register(err);
    if (rc == STOA_OK)
        rc = sqlite_make_address(name, "?vfs=" SQLITE_MEMORY_VFS, &instance->address, err);
    if (rc == STOA_OK)
        rc = sqlite_gate_ref(0, 0, &instance->gate, err);
    if (rc != STOA_OK)
        return rc;

    int code = sqlite_connect(&at);
    instance->anchor = at.db;
    if (code == SQLITE_OK)
        code = set_page_size(instance, at.db);
    if (code == SQLITE_OK)
        code = sqlite3_file_control(at.db, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);
    rc = code == SQLITE_OK ? STOA_OK : fail_open(&at, code, err);
    if (at.db)
        sqlite_session_unhook(at.db);
    return rc;
}

/* Bytes 18 and 19 of a database file are 2 when it is in WAL mode. Read through SQLite's own
 * descriptor, because closing one of ours would drop locks. */
static bool header_says_wal(sqlite3 *db)
{
    unsigned char header[100];
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        !file->pMethods)
        return false;
    return file->pMethods->xRead(file, header, sizeof header, 0) == SQLITE_OK &&
           header[18] == 2 && header[19] == 2;
}

/* Look at a file's header in a way that can leave nothing behind: immutable, so that SQLite makes
 * neither log nor shared memory; and without a statement, since the file may be changing. */
static stoa_status look_at_header(struct sqlite_instance *instance, stoa_error *err)
{
    struct sqlite_session at = {.instance = instance};
    char *address = NULL;
    stoa_status rc = sqlite_make_address(instance->path, "?immutable=1", &address, err);
    if (rc != STOA_OK)
        return rc;
    int code = sqlite3_open_v2(address, &at.db,
                               SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                                   SQLITE_OPEN_URI,
                               NULL);
    if (code != SQLITE_OK)
        rc = fail_open(&at, code, err);
    else
        instance->wal = header_says_wal(at.db);
    sqlite3_close(at.db);
    stoa__free(address);
    return rc;
}

/* Read-only: choose an address that leaves no files behind, and open by it. */
static stoa_status open_to_read(struct sqlite_session *at, struct sqlite_instance *instance,
                                stoa_error *err)
{
    stoa_status rc = look_at_header(instance, err);
    if (rc != STOA_OK)
        return rc;
    instance->journal = instance->wal ? JOURNAL_WAL : JOURNAL_DELETE;
    instance->frozen = instance->wal && !sqlite_file_has_wal(instance->path);
    if (instance->wal && !instance->frozen && !sqlite_file_has_shm(instance->path))
        return stoa__fail(err, STOA_ERR_READ_ONLY,
                          "'%s-wal' holds changes that are not in the database yet, and reading "
                          "them without '-shm' would write; open it once for writing",
                          instance->path);
    if (instance->wal)
        rc = sqlite_make_address(instance->path,
                                 instance->frozen ? "?immutable=1" : "?readonly_shm=1",
                                 &instance->address, err);
    if (rc != STOA_OK)
        return rc;
    int code = sqlite_connect(at);
    return code == SQLITE_OK ? STOA_OK : fail_open(at, code, err);
}

static const char *const journal_names[] = {"",         "wal",     "delete", "truncate",
                                            "persist",  "memory",  "off"};

const char *sqlite_journal_name(int32_t journal)
{
    return journal_names[journal];
}

static int32_t journal_of(const char *name)
{
    for (int32_t i = JOURNAL_WAL; i <= JOURNAL_OFF; i++)
        if (name && strcmp(name, journal_names[i]) == 0)
            return i;
    return JOURNAL_DELETE;
}

/* Ask for a journal mode, or with KEEP only which it is; `*mode` is the one in force. */
static int ask_journal(sqlite3 *db, int32_t wanted, int32_t *mode)
{
    sqlite3_stmt *statement = NULL;
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA journal_mode%s%s", wanted != JOURNAL_KEEP ? "=" : "",
             journal_names[wanted]);
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *mode = journal_of((const char *)sqlite3_column_text(statement, 0));
    int end = sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

/* Bring a file for writing into its journal mode: asked for, or WAL when it is new. */
static stoa_status settle_journal(struct sqlite_session *at, struct sqlite_instance *instance,
                                  bool is_new, stoa_error *err)
{
    int32_t asked = instance->config.journal;
    int32_t wanted = asked;
    int32_t mode = JOURNAL_KEEP;

    if (wanted < 0)
        wanted = is_new && wal_is_safe() ? JOURNAL_WAL : JOURNAL_KEEP;
    if (wanted == JOURNAL_WAL && !wal_is_safe())
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "SQLite %s can lose commits in WAL mode; use journal=delete",
                          sqlite3_libversion());
    int code = ask_journal(at->db, wanted, &mode);
    if (code != SQLITE_OK)
        return fail_open(at, code, err);
    if (asked > JOURNAL_KEEP && mode != asked)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "open '%s': journal=%s is not to be had here, it stays %s",
                          instance->path, journal_names[asked], journal_names[mode]);
    instance->journal = mode;
    instance->wal = mode == JOURNAL_WAL;
    if (instance->wal && !wal_is_safe())
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "'%s' is in WAL mode, in which SQLite %s can lose commits",
                          instance->path, sqlite3_libversion());
    return STOA_OK;
}

static stoa_status open_to_write(struct sqlite_session *at, struct sqlite_instance *instance,
                                 bool is_new, stoa_error *err)
{
    int code = sqlite_connect(at);
    if (code == SQLITE_OK && is_new)
        code = set_page_size(instance, at->db);
    if (code != SQLITE_OK)
        return fail_open(at, code, err);
    if (sqlite3_db_readonly(at->db, "main") == 1) /* SQLite's way with a file it may not write. */
        return stoa__fail(err, STOA_ERR_READ_ONLY,
                          "'%s' may not be written; open it with read_only=yes to read it",
                          instance->path);
    return settle_journal(at, instance, is_new, err);
}

/* What is at the path, before it is opened. */
static stoa_status check_file(const struct sqlite_instance *instance, bool *is_new,
                              stoa_error *err)
{
    struct stat status;
    const char *path = instance->path;

    *is_new = true;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT)
            return stoa__fail_errno(err, errno, "open '%s'", path);
        if (instance->config.read_only || !instance->config.create)
            return stoa__fail(err, STOA_ERR_NOT_FOUND, "'%s' does not exist", path);
        return STOA_OK;
    }
    *is_new = status.st_size == 0;
    if (S_ISDIR(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is a folder", path);
    if (!S_ISREG(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file", path);
    if (instance->config.shared_file == SHARED_FILE_REFUSE)
        return sqlite_watch_foreign(path, status.st_dev, status.st_ino, err);
    return STOA_OK;
}

static stoa_status open_file(struct sqlite_instance *instance, const char *rest, stoa__call *call,
                             stoa_error *err)
{
    struct sqlite_session at = {.instance = instance, .call = call};
    bool is_new = false;

    stoa_status rc = sqlite_absolute_path(rest, &instance->path, err);
    if (rc == STOA_OK)
        rc = sqlite_make_address(instance->path, "", &instance->address, err);
    if (rc == STOA_OK)
        rc = check_file(instance, &is_new, err);
    /* Of a file that is read in place the mark comes before the first look. */
    if (rc == STOA_OK && instance->config.read_only &&
        !sqlite_file_mark(instance->path, &instance->mark))
        rc = stoa__fail_errno(err, errno, "open '%s'", instance->path);
    if (rc == STOA_OK)
        rc = instance->config.read_only ? open_to_read(&at, instance, err)
                                        : open_to_write(&at, instance, is_new, err);
    if (rc == STOA_OK && !instance->config.read_only &&
        !sqlite_file_mark(instance->path, &instance->mark))
        rc = stoa__fail_errno(err, errno, "open '%s'", instance->path);
    if (rc == STOA_OK)
        rc = sqlite_gate_ref(instance->mark.device, instance->mark.inode, &instance->gate, err);
    if (at.db)
        sqlite_session_unhook(at.db);
    if (rc == STOA_OK)
        atomic_store(&instance->spare, at.db);
    else
        sqlite3_close(at.db);
    instance->opened = rc == STOA_OK;
    return rc;
}

stoa_status sqlite_open(const char *rest, stoa__settings *settings, stoa__call *call,
                        void **out, stoa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_instance *instance = NULL;
    stoa_status rc;

    pthread_once(&once, initialize);
    *out = NULL;
    if (*rest == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "the target names no file; ':memory:' is a "
                                                 "database in memory");
    instance = stoa__alloc_zero(1, sizeof *instance);
    if (!instance)
        return stoa__fail_nomem(err);
    rc = read_config(settings, &instance->config, err);
    if (rc == STOA_OK)
        rc = strcmp(rest, ":memory:") == 0 ? open_memory(instance, call, err)
                                           : open_file(instance, rest, call, err);
    if (rc != STOA_OK) {
        sqlite_close(instance);
        return rc;
    }
    *out = instance;
    return STOA_OK;
}

void sqlite_close(void *self)
{
    struct sqlite_instance *instance = self;
    sqlite3_close(atomic_exchange(&instance->spare, NULL));
    sqlite3_close(instance->anchor);
    sqlite_gate_unref(instance->gate);
    stoa__free(instance->address);
    stoa__free(instance->path);
    stoa__free(instance);
}

/* The last connection of a WAL file checkpoints and removes the log when it is closed, unless told
 * otherwise as our sessions are: so open one more, and let it. */
stoa_status sqlite_shutdown(void *self, stoa__call *call, stoa_error *err)
{
    struct sqlite_instance *instance = self;
    struct sqlite_session last = {.instance = instance, .call = call};
    stoa_status rc = STOA_OK;

    sqlite3_close(atomic_exchange(&instance->spare, NULL));
    if (instance->memory || instance->config.read_only)
        return STOA_OK;
    int code = sqlite_connect(&last);
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(last.db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    /* Somebody else's reader may keep the log: the data is safe either way. */
    bool kept = (code & 0xff) == SQLITE_BUSY && call->stop == STOA_OK;
    if (code != SQLITE_OK && !kept)
        rc = last.db ? sqlite_fail(&last, code, err) : stoa__fail_nomem(err);
    if (last.db && code == SQLITE_OK)
        sqlite3_db_config(last.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (last.db)
        sqlite_session_unhook(last.db);
    sqlite3_close(last.db);
    /* A removed journal that is there again after a power loss would take its commit back. */
    if (rc == STOA_OK && !instance->wal && instance->config.synchronous != SYNC_OFF)
        rc = sqlite_sync_folder(instance->path, err);
    return rc;
}

/* ---- properties ---- */

static stoa_status append_choice(stoa__buffer *out, const char *const *names, int32_t index)
{
    return stoa__buffer_append_text(out, names[index]);
}

/* A number, or "default": as SQLite has it. */
static stoa_status append_number(stoa__buffer *out, int64_t value)
{
    return value < 0 ? stoa__buffer_append_text(out, "default")
                     : stoa__buffer_format(out, "%lld", (long long)value);
}

stoa_status sqlite_property(void *self, const char *name, stoa__buffer *out, stoa_error *err)
{
    static const char *const no_yes[] = {"no", "yes"};
    static const char *const syncs[] = {"off", "normal", "full", "extra"};
    static const char *const profiles[] = {"own", "stranger"};
    static const char *const shared[] = {"refuse", "allow"};
    static const char *const temps[] = {"file", "memory"};
    const struct sqlite_instance *instance = self;
    const struct sqlite_config *config = &instance->config;
    const struct {
        const char *name;
        const char *const *names; /* NULL: a number. */
        int64_t value;
    } list[] = {
        {"read_only", no_yes, config->read_only},
        {"create", no_yes, config->create},
        {"journal", journal_names, instance->journal},
        {"synchronous", syncs, config->synchronous},
        {"foreign_keys", no_yes, config->foreign_keys},
        {"profile", profiles, config->profile},
        {"shared_file", shared, config->shared_file},
        {"temp_store", temps, config->temp_store},
        {"page_size", NULL, config->page_size},
        {"cache_size", NULL, config->cache_size},
        {"wal_checkpoint_pages", NULL, config->wal_checkpoint_pages},
        {"journal_size_limit", NULL, config->journal_size_limit},
        {"memory_size_limit", NULL, config->memory_size_limit},
    };
    stoa_status rc = STOA_ERR_NOT_FOUND;

    if (strcmp(name, "engine_version") == 0)
        rc = stoa__buffer_append_text(out, sqlite3_libversion());
    else if (strcmp(name, "path") == 0)
        rc = stoa__buffer_append_text(out, instance->memory ? "" : instance->path);
    else if (strcmp(name, "busy_timeout") == 0)
        rc = config->busy_timeout_ms < 0
                 ? stoa__buffer_append_text(out, "none")
                 : stoa__buffer_format(out, "%lldms", (long long)config->busy_timeout_ms);
    for (size_t i = 0; i < sizeof list / sizeof *list && rc == STOA_ERR_NOT_FOUND; i++)
        if (strcmp(name, list[i].name) == 0)
            rc = list[i].names ? append_choice(out, list[i].names, (int32_t)list[i].value)
                               : append_number(out, list[i].value);
    if (rc == STOA_ERR_NOT_FOUND)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "sqlite has no property '%s'", name);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
