/* SPDX-License-Identifier: Apache-2.0 */
/* Care of a database: backup, restore, check, checkpoint, vacuum, attached files. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/care.h"
#include "engine/sqlite/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

/* Pages between two looks at the call: a quarter of a megabyte at the default page size. */
enum { BACKUP_PAGES = 64, PROBLEMS_MAX = 100 };

/* ---- copying pages ---- */

/* Copy all pages of `from` into `to`. Somebody's lock is waited for as the session's busy handler
 * does, and the call is asked between slices. */
static stoa_status copy_pages(struct sqlite_session *session, stoa__call *call, sqlite3 *to,
                              sqlite3 *from, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int code = SQLITE_OK;
    int waited = 0;

    while (backup && rc == STOA_OK && code != SQLITE_DONE) {
        code = sqlite3_backup_step(backup, BACKUP_PAGES);
        int total = sqlite3_backup_pagecount(backup);
        stoa__call_progress(call, total - sqlite3_backup_remaining(backup), total);
        bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
        if (code != SQLITE_OK && code != SQLITE_DONE && !(busy && sqlite_wait(session, waited)))
            break;
        waited = busy ? waited + 1 : 0;
        rc = stoa__call_check(call, err);
    }
    int end = sqlite3_backup_finish(backup);
    if (rc != STOA_OK)
        return rc;
    if (backup && code == SQLITE_DONE && end == SQLITE_OK)
        return STOA_OK;
    struct sqlite_session at = {.db = to,
                                .call = call,
                                .instance = session->instance,
                                .holds_gate = to == session->db}; /* Then in doubt, perhaps. */
    if (code == SQLITE_OK || code == SQLITE_DONE)
        code = end != SQLITE_OK ? end : sqlite3_extended_errcode(to);
    return sqlite_fail(&at, code, err);
}

/* Does `path` name the very file the session is on? */
static bool is_own_file(const struct sqlite_session *session, const struct stat *status)
{
    const struct sqlite_instance *instance = session->instance;
    return !instance->memory && status->st_dev == instance->mark.device &&
           status->st_ino == instance->mark.inode;
}

/* ---- backup ---- */

static stoa_status sync_path(const char *path, int flags, stoa_error *err)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return stoa__fail_errno(err, errno, "sync '%s'", path);
    int failed = fsync(fd) != 0 ? errno : 0;
    close(fd);
    return failed ? stoa__fail_errno(err, failed, "sync '%s'", path) : STOA_OK;
}

stoa_status sqlite_sync_folder(const char *path, stoa_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return sync_path(".", O_RDONLY | O_DIRECTORY, err);
    char *folder = stoa__copy_text(path, slash == path ? 1 : (size_t)(slash - path));
    if (!folder)
        return stoa__fail_nomem(err);
    stoa_status rc = sync_path(folder, O_RDONLY | O_DIRECTORY, err);
    stoa__free(folder);
    return rc;
}

static stoa_status backup_into(struct sqlite_session *session, stoa__call *call,
                               const char *path, stoa_error *err)
{
    sqlite3 *copy = NULL;
    char *address = NULL;
    struct sqlite_session at = {.instance = session->instance, .call = call};
    stoa_status rc = sqlite_make_address(path, "", &address, err);
    if (rc != STOA_OK)
        return rc;
    int code = sqlite3_open_v2(address, &copy,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI,
                               NULL);
    stoa__free(address);
    at.db = copy;
    if (code != SQLITE_OK)
        rc = copy ? sqlite_fail(&at, code, err) : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = copy_pages(session, call, copy, session->db, err);
    sqlite3_close(copy);
    if (rc == STOA_OK)
        rc = sqlite_session_current(session, err);
    if (rc == STOA_OK)
        rc = sync_path(path, O_RDONLY, err);
    return rc;
}

/* What is at the target now: nothing or an empty file may be replaced unasked. */
static stoa_status check_target(const struct sqlite_session *session, const char *path,
                                bool replace, stoa_error *err)
{
    struct stat status;

    /* SQLite would apply such a log to whatever file of that name it finds. */
    if (sqlite_file_has_log(path))
        return stoa__fail(err, STOA_ERR_EXISTS,
                          "'%s' has a log beside it, of a database that is in use or was not "
                          "shut down; it would be applied to the copy",
                          path);
    if (stat(path, &status) != 0)
        return errno == ENOENT ? STOA_OK : stoa__fail_errno(err, errno, "'%s'", path);
    if (is_own_file(session, &status))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is the database itself", path);
    if (!S_ISREG(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file", path);
    if (status.st_size > 0 && !replace)
        return stoa__fail(err, STOA_ERR_EXISTS, "'%s' exists already", path);
    return STOA_OK;
}

/* The unfinished copy, and the journal it may have beside it. */
static void remove_part(const char *name)
{
    stoa__buffer journal = {0};
    unlink(name);
    if (stoa__buffer_format(&journal, "%s-journal", name) == STOA_OK &&
        stoa__buffer_terminate(&journal) == STOA_OK)
        unlink((const char *)journal.data);
    stoa__buffer_release(&journal);
}

/* Write the copy beside the target under a name of its own, then rename it: the target is never
 * half. */
static stoa_status backup_to(struct sqlite_session *session, stoa__call *call, const char *path,
                             stoa_error *err)
{
    stoa__buffer part = {0};
    if (stoa__buffer_format(&part, "%s.part-%ld-%p", path, (long)getpid(), (void *)session) !=
            STOA_OK ||
        stoa__buffer_terminate(&part) != STOA_OK) {
        stoa__buffer_release(&part);
        return stoa__fail_nomem(err);
    }
    const char *name = (const char *)part.data;
    stoa__call *before = sqlite_enter(session, call);
    stoa_status rc = backup_into(session, call, name, err);
    sqlite_leave(session, before);
    if (rc == STOA_OK && rename(name, path) != 0)
        rc = stoa__fail_errno(err, errno, "rename the finished copy to '%s'", path);
    if (rc != STOA_OK)
        remove_part(name);
    else
        rc = sqlite_sync_folder(path, err);
    stoa__buffer_release(&part);
    return rc;
}

stoa_status sqlite_backup(void *self, stoa__call *call, const char *path, bool replace,
                          stoa_error *err)
{
    struct sqlite_session *session = self;
    char *absolute = NULL;

    if (sqlite3_txn_state(session->db, "main") == SQLITE_TXN_WRITE)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "backup cannot run while this connection's own transaction writes");
    stoa_status rc = sqlite_absolute_path(path, &absolute, err);
    if (rc == STOA_OK)
        rc = check_target(session, absolute, replace, err);
    if (rc == STOA_OK)
        rc = backup_to(session, call, absolute, err);
    if (rc != STOA_OK)
        stoa__wrap(err, "backup to '%s'", path);
    stoa__free(absolute);
    return rc;
}

/* ---- restore ---- */

/* Open the database to restore from: for writing where that can be had, because only then does
 * SQLite remove the empty log it makes to read; but a log that is there stays. */
static stoa_status open_source(struct sqlite_session *session, stoa__call *call, const char *path,
                               sqlite3 **from, stoa_error *err)
{
    struct sqlite_session at = {.instance = session->instance, .call = call};
    struct stat status;
    char *absolute = NULL;
    char *address = NULL;

    if (stat(path, &status) != 0)
        return stoa__fail_errno(err, errno, "'%s'", path);
    if (!S_ISREG(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file", path);
    if (is_own_file(session, &status))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is the database itself", path);
    stoa_status rc = sqlite_absolute_path(path, &absolute, err);
    if (rc == STOA_OK)
        rc = sqlite_make_address(absolute, "", &address, err);
    if (rc == STOA_OK) {
        int code = sqlite3_open_v2(address, from,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                       SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI,
                                   NULL);
        at.db = *from;
        if (code == SQLITE_OK && sqlite_file_has_log(absolute))
            sqlite3_db_config(*from, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_exec(*from, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);
        if (code != SQLITE_OK)
            rc = *from ? sqlite_fail(&at, code, err) : stoa__fail_nomem(err);
    }
    stoa__free(address);
    stoa__free(absolute);
    return rc;
}

static int64_t page_size(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int64_t size = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA main.page_size", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        size = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return size;
}

/* A database in memory can have no log, so its header must not ask for one: put a copy of `*from`
 * whose header does not in its place. */
static stoa_status forget_wal(struct sqlite_session *session, sqlite3 **from, stoa_error *err)
{
    sqlite3 *copy = NULL;
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(*from, "main", &size, 0);

    if (!image) /* Empty, or memory ran out; copying will tell. */
        return STOA_OK;
    if (size >= 100)
        image[18] = image[19] = 1;
    int code = sqlite3_open_v2(":memory:", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                                      SQLITE_OPEN_EXRESCODE,
                               NULL);
    if (code == SQLITE_OK) /* Frees the image, also when it fails. */
        code = sqlite3_deserialize(copy, "main", image, size, size,
                                   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
    else
        sqlite3_free(image);
    if (code != SQLITE_OK) {
        struct sqlite_session at = {.db = copy, .instance = session->instance};
        stoa_status rc = copy ? sqlite_fail(&at, code, err) : stoa__fail_nomem(err);
        sqlite3_close(copy);
        return rc;
    }
    sqlite3_close(*from);
    *from = copy;
    return STOA_OK;
}

/* The header came with the content, and with it the journal mode: have ours again. Others that read
 * may be in the way; the content is right in either mode. */
static void keep_journal(struct sqlite_session *session)
{
    const struct sqlite_instance *instance = session->instance;
    if (!instance->memory && !instance->wal)
        sqlite_run_format(session, NULL, NULL, "PRAGMA main.journal_mode=%s",
                          sqlite_journal_name(instance->journal));
}

static stoa_status restore_from(struct sqlite_session *session, stoa__call *call, sqlite3 *from,
                                stoa_error *err)
{
    int64_t theirs = page_size(from);
    int64_t ours = page_size(session->db);

    if (session->instance->wal && theirs > 0 && ours > 0 && theirs != ours)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "its pages have %lld bytes, those of the database %lld, and in WAL mode "
                          "they cannot change",
                          (long long)theirs, (long long)ours);
    /* What is kept of the old content. */
    sqlite_ingest_cache_clear(session);
    sqlite_type_cache_clear(session);
    sqlite_statement_cache_clear(session);
    stoa__call *before = sqlite_enter(session, call);
    stoa_status rc = copy_pages(session, call, session->db, from, err);
    sqlite_leave(session, before);
    return rc;
}

stoa_status sqlite_restore(void *self, stoa__call *call, const char *path, stoa_error *err)
{
    struct sqlite_session *session = self;
    sqlite3 *from = NULL;

    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "restore cannot run inside a transaction");
    if (session->running > 0)
        return stoa__fail(err, STOA_ERR_BUSY, "a result of this connection is still open");
    stoa_status rc = sqlite_write_begin(session, call, err);
    if (rc != STOA_OK)
        return rc;
    rc = open_source(session, call, path, &from, err);
    if (rc == STOA_OK && session->instance->memory)
        rc = forget_wal(session, &from, err);
    if (rc == STOA_OK)
        rc = restore_from(session, call, from, err);
    sqlite3_close(from);
    if (rc == STOA_OK)
        keep_journal(session);
    sqlite_write_settle(session);
    if (rc != STOA_OK)
        stoa__wrap(err, "restore from '%s'", path);
    return rc;
}

/* ---- check ---- */

stoa_status sqlite_check(void *self, stoa__call *call, int32_t level, int64_t *problems,
                         stoa__buffer *first, stoa_error *err)
{
    static const char *const texts[] = {"PRAGMA quick_check(100)", "PRAGMA integrity_check(100)"};
    struct sqlite_session *session = self;
    sqlite3_stmt *statement = NULL;
    stoa_status rc = STOA_OK;
    int64_t found = 0;
    const bool was_dirty = session->dirty; /* These pragmas change nothing. */

    *problems = 0;
    _Static_assert(PROBLEMS_MAX == 100, "the pragmas above say how many problems are listed");
    stoa__call *before = sqlite_enter(session, call);
    int code = sqlite3_prepare_v2(session->db, texts[level == STOA_CHECK_INTEGRITY], -1,
                                  &statement, NULL);
    while (code == SQLITE_OK && rc == STOA_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        code = SQLITE_OK;
        if (!text || strcmp(text, "ok") == 0)
            continue;
        if (found++ == 0 && stoa__buffer_append_text(first, text) != STOA_OK)
            rc = stoa__fail_nomem(err);
    }
    /* A file too damaged to be checked is a finding, not a failure of the call. */
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) {
        if (found++ == 0 && stoa__buffer_append_text(first, sqlite3_errmsg(session->db)))
            rc = stoa__fail_nomem(err);
    } else if (rc == STOA_OK && code != SQLITE_DONE) {
        rc = sqlite_fail(session, code, err);
    }
    sqlite3_finalize(statement);
    sqlite_leave(session, before);
    session->dirty = was_dirty;
    if (rc == STOA_OK)
        rc = sqlite_session_current(session, err);
    if (rc == STOA_OK)
        *problems = found;
    return rc;
}

/* ---- checkpoint, vacuum ---- */

stoa_status sqlite_checkpoint(void *self, stoa__call *call, int32_t mode, stoa_error *err)
{
    static const int modes[] = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
                                SQLITE_CHECKPOINT_TRUNCATE};
    struct sqlite_session *session = self;
    stoa_status rc = STOA_OK;

    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "checkpoint cannot run inside a transaction");
    if (mode != STOA_CHECKPOINT_PASSIVE && session->running > 0)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "a result of this connection is still open, and keeps the log");
    if (mode != STOA_CHECKPOINT_PASSIVE)
        rc = sqlite_write_begin(session, call, err);
    if (rc != STOA_OK)
        return rc;
    stoa__call *before = sqlite_enter(session, call);
    int code = sqlite3_wal_checkpoint_v2(session->db, NULL, modes[mode], NULL, NULL);
    if (code != SQLITE_OK)
        rc = sqlite_fail(session, code, err);
    sqlite_leave(session, before);
    sqlite_write_settle(session);
    return rc;
}

stoa_status sqlite_vacuum(void *self, stoa__call *call, stoa_error *err)
{
    struct sqlite_session *session = self;
    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "vacuum cannot run inside a transaction");
    if (session->running > 0)
        return stoa__fail(err, STOA_ERR_BUSY, "a result of this connection is still open");
    stoa_status rc = sqlite_write_begin(session, call, err);
    if (rc != STOA_OK)
        return rc;
    /* SQLite attaches the new file, which the stranger's profile does not allow. */
    int attached = sqlite3_limit(session->db, SQLITE_LIMIT_ATTACHED, -1);
    if (attached == 0)
        sqlite3_limit(session->db, SQLITE_LIMIT_ATTACHED, 1);
    session->steps = 0;
    session->report_steps = true;
    rc = sqlite_run(session, call, "VACUUM", err);
    session->report_steps = false;
    sqlite3_limit(session->db, SQLITE_LIMIT_ATTACHED, attached);
    sqlite_write_settle(session);
    return rc;
}

/* ---- attached files ---- */

/* Run ATTACH or DETACH with its texts bound, so that nothing needs quoting. */
static stoa_status run_bound(struct sqlite_session *session, stoa__call *call, const char *sql,
                             const char *first, const char *second, stoa_error *err)
{
    sqlite3_stmt *statement = NULL;
    stoa__call *before = sqlite_enter(session, call);
    int code = sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
    if (code == SQLITE_OK && second)
        code = sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    stoa_status rc = code == SQLITE_DONE ? STOA_OK : sqlite_fail(session, code, err);
    sqlite3_finalize(statement);
    sqlite_leave(session, before);
    return rc;
}

static stoa_status attach_file(struct sqlite_session *session, stoa__call *call,
                               const char *rest, const char *name, stoa_error *err)
{
    const struct sqlite_config *config = &session->instance->config;
    const char *query = config->read_only ? "?mode=ro" : config->create ? "?mode=rwc" : "?mode=rw";
    struct stat status;
    char *path = NULL;
    char *address = NULL;

    stoa_status rc = sqlite_absolute_path(rest, &path, err);
    bool there = rc == STOA_OK && stat(path, &status) == 0;
    if (rc == STOA_OK && !there && (config->read_only || !config->create))
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND, "'%s' does not exist", path);
    if (there && !S_ISREG(status.st_mode))
        rc = stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file", path);
    if (rc == STOA_OK && there && config->shared_file == SHARED_FILE_REFUSE)
        rc = sqlite_watch_foreign(path, status.st_dev, status.st_ino, err);
    if (rc == STOA_OK)
        rc = sqlite_make_address(path, query, &address, err);
    if (rc == STOA_OK)
        rc = run_bound(session, call, "ATTACH ?1 AS ?2", address, name, err);
    stoa__free(address);
    stoa__free(path);
    return rc;
}

stoa_status sqlite_attach(void *self, stoa__call *call, const char *target, const char *name,
                          stoa_error *err)
{
    struct sqlite_session *session = self;
    stoa__settings settings = {0};
    struct stoa__target parsed = {0};

    if (!sqlite3_get_autocommit(session->db))
        return stoa__fail(err, STOA_ERR_INVALID, "attach cannot run inside a transaction");
    stoa_status rc = stoa__target_parse(target, strlen(target), &settings, &parsed, err);
    if (rc == STOA_OK && strcmp(parsed.engine, "sqlite") != 0)
        rc = stoa__fail(err, STOA_ERR_UNSUPPORTED,
                        "'%s': only files of the same engine can be attached", parsed.engine);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "attach", err);
    if (rc == STOA_OK)
        rc = strcmp(parsed.rest, ":memory:") == 0
                 ? run_bound(session, call, "ATTACH ?1 AS ?2", ":memory:", name, err)
                 : attach_file(session, call, parsed.rest, name, err);
    session->dirty = true;
    stoa__settings_release(&settings);
    return rc;
}

stoa_status sqlite_detach(void *self, stoa__call *call, const char *name, stoa_error *err)
{
    struct sqlite_session *session = self;
    /* Another file may come under that name. */
    sqlite_ingest_cache_clear(session);
    sqlite_type_cache_clear(session);
    sqlite_statement_cache_clear(session);
    return run_bound(session, call, "DETACH ?1", name, NULL, err);
}
