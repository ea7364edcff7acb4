/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/place.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/session.h"
#include "engine/sqlite/watch.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

/* Where SQLite locks a file: whoever reads or writes it, or has it open in WAL mode, holds some
 * byte of these. */
enum { LOCK_BYTE = 0x40000000, LOCK_SIZE = 512 };

/* What SQLite keeps beside a file. */
static const char *const beside[] = {"-wal", "-journal", "-shm"};
enum { BESIDE_COUNT = sizeof beside / sizeof *beside };

/* NULL: out of memory. */
static char *joined(const char *path, const char *suffix)
{
    stoa__buffer text = {0};

    if (stoa__buffer_append_text(&text, path) == STOA_OK &&
        stoa__buffer_append_text(&text, suffix) == STOA_OK &&
        stoa__buffer_terminate(&text) == STOA_OK)
        return (char *)stoa__buffer_take(&text);
    stoa__buffer_release(&text);
    return NULL;
}

/* ---- who has it ---- */

/* Closing a descriptor of a file drops all locks this process has on it, so ours is opened only
 * when there is no other. */
static bool is_open_here(const struct stat *file)
{
    DIR *directory = opendir("/proc/self/fd");
    bool found = false;

    for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
        struct stat status;

        found = entry->d_name[0] != '.' &&
                fstat((int)strtol(entry->d_name, NULL, 10), &status) == 0 &&
                status.st_dev == file->st_dev && status.st_ino == file->st_ino;
    }
    if (directory)
        closedir(directory);
    return found;
}

static stoa_status fail_locked(const char *path, stoa_error *err)
{
    (void)stoa__fail(err, STOA_ERR_LOCKED, "'%s' is in use", path);
    stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return STOA_ERR_LOCKED;
}

/* Lock the file for good, so that nobody comes in; `*fd` is to be closed. */
static stoa_status claim(const char *path, int *fd, stoa_error *err)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BYTE, .l_len = LOCK_SIZE};
    struct stat status;
    int code;

    *fd = -1;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? STOA_OK : stoa__fail_errno(err, errno, "'%s'", path);
    if (!S_ISREG(status.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is not a file", path);
    if (is_open_here(&status))
        return fail_locked(path, err);
    *fd = open(path, O_RDWR | O_CLOEXEC);
    if (*fd < 0)
        return stoa__fail_errno(err, errno, "'%s'", path);
    if (fcntl(*fd, F_OFD_SETLK, &lock) == 0)
        return STOA_OK;
    code = errno;
    close(*fd);
    *fd = -1;
    return code == EAGAIN || code == EACCES ? fail_locked(path, err)
                                            : stoa__fail_errno(err, code, "lock '%s'", path);
}

static void give_up_claim(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- opening ---- */

static stoa_status check_place(const struct sqlite_place *place, const char *path, stoa_error *err)
{
    struct stat status;
    stoa_status rc;
    int fd;

    if (place->replace) {
        rc = claim(place->path, &fd, err);
        give_up_claim(fd);
        return rc;
    }
    if (lstat(place->path, &status) == 0)
        return stoa__fail(err, STOA_ERR_EXISTS, "file already exists: %s", path);
    if (errno != ENOENT)
        return stoa__fail_errno(err, errno, "'%s'", path);
    /* SQLite would apply such a log to whatever file of that name it finds. */
    if (sqlite_file_has_log(place->path))
        return stoa__fail(err, STOA_ERR_EXISTS, "'%s' has a log beside it, but is not there", path);
    return STOA_OK;
}

stoa_status sqlite_place_open(const char *path, bool replace, struct sqlite_place *out,
                              stoa_error *err)
{
    char suffix[64];
    stoa_status rc;

    *out = (struct sqlite_place){.replace = replace};
    rc = sqlite_absolute_path(path, &out->path, err);
    if (rc == STOA_OK)
        rc = check_place(out, path, err);
    if (rc == STOA_OK) {
        (void)snprintf(suffix, sizeof suffix, ".stoa-new-%ld-%llx", (long)getpid(),
                       (unsigned long long)stoa__clock_monotonic_ns());
        out->made = joined(out->path, suffix);
        rc = out->made ? STOA_OK : stoa__fail_nomem(err);
    }
    if (rc != STOA_OK)
        sqlite_place_close(out);
    return rc;
}

void sqlite_place_close(struct sqlite_place *place)
{
    for (size_t i = 0; place->made && i < BESIDE_COUNT; i++) {
        char *name = joined(place->made, beside[i]);

        if (name)
            (void)unlink(name);
        stoa__free(name);
    }
    if (place->made)
        (void)unlink(place->made);
    stoa__free(place->made);
    stoa__free(place->path);
    *place = (struct sqlite_place){0};
}

/* ---- moving ---- */

/* The names of the old file's log, and where it waits while the files change places. */
struct logs {
    char *from[BESIDE_COUNT], *to[BESIDE_COUNT];
    bool moved[BESIDE_COUNT];
};

static void free_logs(struct logs *logs)
{
    for (size_t i = 0; i < BESIDE_COUNT; i++) {
        stoa__free(logs->from[i]);
        stoa__free(logs->to[i]);
    }
}

static stoa_status name_logs(const struct sqlite_place *place, struct logs *logs, stoa_error *err)
{
    char *aside = joined(place->made, ".old");
    bool nomem = !aside;

    for (size_t i = 0; !nomem && i < BESIDE_COUNT; i++) {
        logs->from[i] = joined(place->path, beside[i]);
        logs->to[i] = joined(aside, beside[i]);
        nomem = !logs->from[i] || !logs->to[i];
    }
    stoa__free(aside);
    return nomem ? stoa__fail_nomem(err) : STOA_OK;
}

/* An old log beside the new file would be taken for its own. A crash between the two moves leaves
 * the old file, and its log under the other name. */
static stoa_status move_logs_aside(struct logs *logs, stoa_error *err)
{
    for (size_t i = 0; i < BESIDE_COUNT; i++) {
        logs->moved[i] = rename(logs->from[i], logs->to[i]) == 0;
        if (!logs->moved[i] && errno != ENOENT)
            return stoa__fail_errno(err, errno, "'%s'", logs->from[i]);
    }
    return STOA_OK;
}

static void settle_logs(struct logs *logs, bool gone)
{
    for (size_t i = 0; i < BESIDE_COUNT; i++) {
        if (!logs->moved[i])
            continue;
        assert(logs->from[i] && logs->to[i]);
        (void)(gone ? unlink(logs->to[i]) : rename(logs->to[i], logs->from[i]));
    }
}

static stoa_status sync_made(const struct sqlite_place *place, stoa_error *err)
{
    const int fd = open(place->made, O_RDONLY | O_CLOEXEC);
    stoa_status rc = STOA_OK;
    struct stat old;

    if (fd < 0)
        return stoa__fail_errno(err, errno, "'%s'", place->made);
    if (place->replace && stat(place->path, &old) == 0)
        (void)fchmod(fd, old.st_mode & 07777);
    if (fsync(fd) != 0)
        rc = stoa__fail_errno(err, errno, "sync '%s'", place->made);
    close(fd);
    return rc;
}

static stoa_status move_made(const struct sqlite_place *place, stoa_error *err)
{
    const unsigned flags = place->replace ? 0 : RENAME_NOREPLACE;
    int code = renameat2(AT_FDCWD, place->made, AT_FDCWD, place->path, flags);

    if (code != 0 && flags && (errno == EINVAL || errno == ENOSYS)) {
        struct stat status; /* A file system without the flag. */

        code = lstat(place->path, &status) == 0 ? (errno = EEXIST, -1)
                                                : rename(place->made, place->path);
    }
    if (code == 0)
        return STOA_OK;
    if (errno == EEXIST)
        return stoa__fail(err, STOA_ERR_EXISTS, "file already exists: %s", place->path);
    return stoa__fail_errno(err, errno, "'%s'", place->path);
}

static stoa_status change_places(struct sqlite_place *place, struct logs *logs, stoa_error *err)
{
    stoa_status rc;
    int fd;

    if (!place->replace)
        return move_made(place, err);
    rc = claim(place->path, &fd, err);
    if (rc != STOA_OK)
        return rc;
    rc = move_logs_aside(logs, err);
    if (rc == STOA_OK)
        rc = move_made(place, err);
    settle_logs(logs, rc == STOA_OK);
    give_up_claim(fd);
    return rc;
}

/* Opened before the move, which nothing may fail behind but the sync itself. */
static stoa_status open_folder(const struct sqlite_place *place, int *fd, stoa_error *err)
{
    const char *slash = strrchr(place->path, '/');
    char *folder = stoa__copy_text(place->path, slash == place->path
                                                    ? 1
                                                    : (size_t)(slash - place->path));

    if (!folder)
        return stoa__fail_nomem(err);
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stoa__free(folder);
    return *fd >= 0 ? STOA_OK : stoa__fail_errno(err, errno, "the folder of '%s'", place->path);
}

static stoa_status sync_folder(const struct sqlite_place *place, int fd, stoa_error *err)
{
    stoa_status rc;

    if (fsync(fd) == 0)
        return STOA_OK;
    rc = stoa__fail_errno(err, errno, "sync the folder of '%s'", place->path);
    stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    return rc;
}

static stoa_status move_and_sync(struct sqlite_place *place, struct logs *logs, int folder,
                                 stoa_error *err)
{
    stoa_status rc = sync_made(place, err);

    if (rc == STOA_OK)
        rc = change_places(place, logs, err);
    if (rc != STOA_OK)
        return rc;
    stoa__free(place->made);
    place->made = NULL;
    return sync_folder(place, folder, err);
}

stoa_status sqlite_place_take(struct sqlite_place *place, stoa_error *err)
{
    struct logs logs = {0};
    int folder = -1;
    stoa_status rc = name_logs(place, &logs, err);

    assert(place->made);
    if (rc == STOA_OK)
        rc = open_folder(place, &folder, err);
    if (rc == STOA_OK) {
        rc = move_and_sync(place, &logs, folder, err);
        close(folder);
    }
    free_logs(&logs);
    return rc;
}
