/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/ingest_durable.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/ingest_sql.h"
#include "engine/sqlite/ingest_step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

static stoa_status ask_pragma(struct sqlite_session *session, const char *database,
                              const char *name, char *text, size_t capacity,
                              stoa_error *err)
{
    sqlite3_stmt *rows = NULL;
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(&sql, err, "PRAGMA %N.%s", database, name);

    text[0] = 0;
    if (rc == STOA_OK)
        rc = sqlite_ask(session, NULL, &rows, err, (const char *)sql.data);
    if (rc == STOA_OK)
        rc = sqlite_ask_next(session, NULL, rows, err);
    if (rc == STOA_OK && sqlite3_column_text(rows, 0))
        sqlite3_snprintf((int)capacity, text, "%s", sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    stoa__buffer_release(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_durability_look(struct sqlite_session *session, const char *database,
                                   struct sqlite_durability *out, stoa_error *err)
{
    char journal[16], level[16];
    stoa_status rc =
        ask_pragma(session, database, "journal_mode", journal, sizeof(journal), err);

    if (rc == STOA_OK)
        rc = ask_pragma(session, database, "synchronous", level, sizeof(level), err);
    if (rc != STOA_OK)
        return rc;
    out->wal = strcmp(journal, "wal") == 0;
    out->removes = strcmp(journal, "delete") == 0;
    out->level = level[0] >= '0' && level[0] <= '3' ? level[0] - '0' : SYNC_OFF;
    out->at_commit = out->level >= (out->removes ? SYNC_EXTRA : SYNC_FULL) ||
                     session->instance->memory || sqlite3_stricmp(database, "temp") == 0;
    return STOA_OK;
}

stoa_status sqlite_durability_set(struct sqlite_session *session, const char *database,
                                  int32_t level, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(&sql, err, "PRAGMA %N.synchronous=%d", database, level);

    if (rc == STOA_OK)
        rc = sqlite_run(session, NULL, (const char *)sql.data, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* Through SQLite's own file objects: no descriptor is opened whose closing would drop the
 * locks of this process, and the first sync of a log covers its folder. */
static stoa_status sync_file(struct sqlite_session *session, const char *database,
                             int which, stoa_error *err)
{
    sqlite3_file *file = NULL;
    int code = SQLITE_OK;

    (void)sqlite3_file_control(session->db, database, which, &file);
    if (file && file->pMethods)
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (code == SQLITE_OK)
        return STOA_OK;
    stoa__fail(err, STOA_ERR_IO, "cannot sync database '%s'", database);
    stoa__error_engine(err, code, "58030");
    return STOA_ERR_IO;
}

/* SQLite's VFS syncs a folder only along with a removal. */
static stoa_status sync_folder(struct sqlite_session *session, const char *database,
                               stoa_error *err)
{
    const char *const path = sqlite3_db_filename(session->db, database);
    const char *const end = path ? strrchr(path, '/') : NULL;
    stoa_status rc = STOA_OK;
    char *folder;
    int fd;

    if (!end)
        return STOA_OK;
    folder = stoa__copy_text(path, (size_t)(end - path) + 1);
    if (!folder)
        return stoa__fail_nomem(err);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        rc = stoa__fail_errno(err, errno, "cannot sync the folder '%s'", folder);
    if (fd >= 0)
        (void)close(fd);
    stoa__free(folder);
    return rc;
}

stoa_status sqlite_durability_sync(struct sqlite_session *session, const char *database,
                                   const struct sqlite_durability *about, stoa_error *err)
{
    stoa_status rc = sync_file(session, database, SQLITE_FCNTL_JOURNAL_POINTER, err);

    /* Frames that a checkpoint moved from the log to the file are durable already,
     * because it syncs both before the log is used again; unless it was told to sync
     * nothing. */
    if (rc == STOA_OK && (!about->wal || about->level == SYNC_OFF))
        rc = sync_file(session, database, SQLITE_FCNTL_FILE_POINTER, err);
    if (rc == STOA_OK && about->removes)
        rc = sync_folder(session, database, err);
    return rc;
}
