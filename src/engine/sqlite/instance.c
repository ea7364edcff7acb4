/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a target: settings, the file or shared memory behind it, and what it is found to be. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/gate.h"
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

/* read_only is the core's setting and no table entry of ours may hide that it was not given: the
 * stranger's profile turns it on by default. */
struct read_only_setting {
    int32_t value; /* -1: not given. */
};
static const struct stoa__setting read_only_table[] = {
    {.key = "read_only", .type = STOA__SETTING_CHOICE, .offset = 0, .choices = "no|yes"},
};

static stoa_status read_config(stoa__settings *settings, struct sqlite_config *config,
                               stoa_error *err)
{
    struct read_only_setting read_only = {-1};
    *config = config_default;
    stoa_status rc =
        stoa__settings_read(settings, "sqlite", settings_table,
                            sizeof settings_table / sizeof *settings_table, config, err);
    if (rc == STOA_OK)
        rc = stoa__settings_read(settings, "sqlite", read_only_table, 1, &read_only, err);
    if (rc != STOA_OK)
        return rc;
    if (config->page_size > 0 && (config->page_size & (config->page_size - 1)) != 0)
        return stoa__fail(err, STOA_ERR_INVALID, "page_size %lld is not a power of two",
                          (long long)config->page_size);
    config->read_only =
        read_only.value >= 0 ? read_only.value == 1 : config->profile == PROFILE_STRANGER;
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

static stoa_status fail_open(sqlite3 *db, const struct sqlite_instance *instance, int code,
                             stoa_error *err)
{
    struct sqlite_session seen = {.db = db};
    if (!db)
        return stoa__fail_nomem(err);
    stoa_status rc = (code & 0xff) == SQLITE_CANTOPEN && !instance->config.create
                         ? stoa__fail(err, STOA_ERR_NOT_FOUND, "there is no such file")
                         : sqlite_fail(&seen, code, err);
    stoa__wrap(err, "open '%s'", instance->path);
    return rc;
}

static stoa_status open_memory(struct sqlite_instance *instance, stoa_error *err)
{
    static _Atomic uint64_t number;
    char name[64];
    snprintf(name, sizeof name, "/stoa-%llu",
             (unsigned long long)atomic_fetch_add(&number, 1) + 1);
    instance->memory = true;
    instance->path = stoa__copy_text(name, strlen(name));
    if (!instance->path)
        return stoa__fail_nomem(err);
    stoa_status rc = sqlite_make_address(name, "?vfs=memdb", &instance->address, err);
    if (rc == STOA_OK)
        rc = sqlite_gate_ref(0, 0, &instance->gate, err);
    if (rc != STOA_OK)
        return rc;

    int code = sqlite_connect(instance, &instance->anchor);
    sqlite3_int64 limit = instance->config.memory_size_limit;
    if (code == SQLITE_OK)
        code = sqlite3_file_control(instance->anchor, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);
    return code == SQLITE_OK ? STOA_OK : fail_open(instance->anchor, instance, code, err);
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

/* Read-only: choose an address that leaves no files behind, and open by it. */
static stoa_status open_to_read(struct sqlite_instance *instance, sqlite3 **db, stoa_error *err)
{
    int code = sqlite_connect(instance, db);
    if (code != SQLITE_OK)
        return fail_open(*db, instance, code, err);
    if (!header_says_wal(*db))
        return STOA_OK;

    instance->wal = true;
    instance->frozen = !sqlite_file_has_wal(instance->path);
    if (instance->frozen && !sqlite_file_mark(instance->path, &instance->mark))
        return stoa__fail_errno(err, errno, "open '%s'", instance->path);
    stoa_status rc = sqlite_make_address(instance->path,
                                  instance->frozen ? "?immutable=1" : "?readonly_shm=1",
                                  &instance->address, err);
    if (rc != STOA_OK)
        return rc;
    sqlite3_close(*db);
    *db = NULL;
    code = sqlite_connect(instance, db);
    return code == SQLITE_OK ? STOA_OK : fail_open(*db, instance, code, err);
}

/* Bring a file for writing into its journal mode: asked for, or WAL when it is new. */
static stoa_status settle_journal(struct sqlite_instance *instance, sqlite3 *db, bool is_new,
                                  stoa_error *err)
{
    static const char *const modes[] = {"", "wal", "delete", "truncate", "persist", "memory"};
    int32_t wanted = instance->config.journal;
    char sql[64];
    sqlite3_stmt *statement = NULL;

    if (wanted < 0)
        wanted = is_new && wal_is_safe() ? JOURNAL_WAL : JOURNAL_KEEP;
    if (wanted == JOURNAL_WAL && !wal_is_safe())
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "SQLite %s can lose commits in WAL mode; use journal=delete",
                          sqlite3_libversion());
    snprintf(sql, sizeof sql, "PRAGMA journal_mode%s%s", wanted > 0 ? "=" : "", modes[wanted]);
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        instance->wal = mode && strcmp(mode, "wal") == 0;
        code = SQLITE_OK;
    }
    int end = sqlite3_finalize(statement);
    if (code != SQLITE_OK || end != SQLITE_OK)
        return fail_open(db, instance, end != SQLITE_OK ? end : code, err);
    if (instance->wal && !wal_is_safe())
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "'%s' is in WAL mode, in which SQLite %s can lose commits",
                          instance->path, sqlite3_libversion());
    return STOA_OK;
}

static stoa_status open_to_write(struct sqlite_instance *instance, bool is_new, sqlite3 **db,
                                 stoa_error *err)
{
    int code = sqlite_connect(instance, db);
    if (code == SQLITE_OK && is_new && instance->config.page_size > 0) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA page_size=%lld",
                 (long long)instance->config.page_size);
        code = sqlite3_exec(*db, sql, NULL, NULL, NULL);
    }
    if (code != SQLITE_OK)
        return fail_open(*db, instance, code, err);
    return settle_journal(instance, *db, is_new, err);
}

static stoa_status open_file(struct sqlite_instance *instance, const char *rest, stoa_error *err)
{
    struct stat status;
    sqlite3 *db = NULL;

    stoa_status rc = sqlite_absolute_path(rest, &instance->path, err);
    if (rc == STOA_OK)
        rc = sqlite_make_address(instance->path, "", &instance->address, err);
    if (rc != STOA_OK)
        return rc;
    bool there = stat(instance->path, &status) == 0;
    if (there && S_ISDIR(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is a folder", instance->path);
    if (!there && (instance->config.read_only || !instance->config.create))
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "'%s' does not exist", instance->path);
    if (there && instance->config.shared_file == SHARED_FILE_REFUSE)
        rc = sqlite_watch_foreign(instance->path, status.st_dev, status.st_ino, err);

    if (rc == STOA_OK)
        rc = instance->config.read_only
                 ? open_to_read(instance, &db, err)
                 : open_to_write(instance, !there || status.st_size == 0, &db, err);
    if (rc == STOA_OK && stat(instance->path, &status) != 0)
        rc = stoa__fail_errno(err, errno, "open '%s'", instance->path);
    if (rc == STOA_OK)
        rc = sqlite_gate_ref(status.st_dev, status.st_ino, &instance->gate, err);
    if (rc == STOA_OK)
        atomic_store(&instance->spare, db);
    else
        sqlite3_close(db);
    return rc;
}

stoa_status sqlite_open(const char *rest, stoa__settings *settings, stoa__call *call,
                        void **out, stoa_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_instance *instance = NULL;
    stoa_status rc;

    (void)call; /* Opening takes no lock anybody holds for long. */
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
        rc = strcmp(rest, ":memory:") == 0 ? open_memory(instance, err)
                                           : open_file(instance, rest, err);
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
    if (instance->memory || instance->config.read_only || !instance->wal)
        return STOA_OK;
    int code = sqlite_connect(instance, &last.db);
    if (code == SQLITE_OK) {
        sqlite_session_hooks(&last);
        code = sqlite3_wal_checkpoint_v2(last.db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_db_config(last.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    /* Somebody else's reader in another process may keep the log: the data is safe either way. */
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        rc = last.db ? sqlite_fail(&last, code, err) : stoa__fail_nomem(err);
    sqlite3_close(last.db);
    return rc;
}

stoa_status sqlite_property(void *self, const char *name, stoa__buffer *out, stoa_error *err)
{
    const struct sqlite_instance *instance = self;
    const struct sqlite_config *config = &instance->config;
    static const char *const syncs[] = {"off", "normal", "full", "extra"};
    stoa_status rc;

    if (strcmp(name, "engine_version") == 0)
        rc = stoa__buffer_append_text(out, sqlite3_libversion());
    else if (strcmp(name, "path") == 0)
        rc = stoa__buffer_append_text(out, instance->memory ? "" : instance->path);
    else if (strcmp(name, "read_only") == 0)
        rc = stoa__buffer_append_text(out, config->read_only ? "yes" : "no");
    else if (strcmp(name, "journal") == 0)
        rc = stoa__buffer_append_text(out, instance->memory ? "memory"
                                           : instance->wal  ? "wal"
                                                            : "rollback");
    else if (strcmp(name, "synchronous") == 0)
        rc = stoa__buffer_append_text(out, syncs[config->synchronous]);
    else if (strcmp(name, "busy_timeout") == 0)
        rc = stoa__buffer_format(out, "%lldms", (long long)config->busy_timeout_ms);
    else if (strcmp(name, "foreign_keys") == 0)
        rc = stoa__buffer_append_text(out, config->foreign_keys ? "yes" : "no");
    else if (strcmp(name, "profile") == 0)
        rc = stoa__buffer_append_text(
            out, config->profile == PROFILE_STRANGER ? "stranger" : "own");
    else
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "sqlite has no property '%s'", name);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
