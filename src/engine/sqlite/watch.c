/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/watch.h"

#include "base/error.h"
#include "base/thread.h"
#include "sqlite3.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

/* A bit a descriptor that our SQLite opened. Descriptors beyond are not told apart: they count as
 * foreign, which errs on the safe side. */
enum { DESCRIPTOR_COUNT = 1 << 20, PATH_BYTES_MAX = 4096 };
static uint8_t own[DESCRIPTOR_COUNT / 8];
/* Guards `own`, and is held over open and close: a look at the descriptors that came in between
 * would take ours for a foreign one. Innermost: nothing is called under it but the system. */
static stoa__mutex lock = STOA__MUTEX_INITIALIZER;

typedef int (*open_function)(const char *, int, int);
typedef int (*close_function)(int);
static open_function system_open;
static close_function system_close;

static void note(int fd, bool mine)
{
    if (fd < 0 || fd >= DESCRIPTOR_COUNT)
        return;
    uint8_t bit = (uint8_t)(1u << (fd % 8));
    own[fd / 8] = (uint8_t)(mine ? own[fd / 8] | bit : own[fd / 8] & ~bit);
}

static bool is_own(int fd)
{
    return fd >= 0 && fd < DESCRIPTOR_COUNT && (own[fd / 8] & (1u << (fd % 8)));
}

static int watched_open(const char *path, int flags, int mode)
{
    stoa__mutex_lock(&lock);
    int fd = system_open(path, flags, mode);
    int failure = errno;
    note(fd, true);
    stoa__mutex_unlock(&lock);
    errno = failure;
    return fd;
}

static int watched_close(int fd)
{
    stoa__mutex_lock(&lock);
    int rc = system_close(fd);
    int failure = errno;
    note(fd, false);
    stoa__mutex_unlock(&lock);
    errno = failure;
    return rc;
}

void sqlite_watch_start(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    if (!vfs || vfs->iVersion < 3)
        return;
    system_open = (open_function)vfs->xGetSystemCall(vfs, "open");
    system_close = (close_function)vfs->xGetSystemCall(vfs, "close");
    vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)watched_open);
    vfs->xSetSystemCall(vfs, "close", (sqlite3_syscall_ptr)watched_close);
}

/* The descriptor a name in /proc/self/fd stands for, if it is a foreign one of the file; else -1.
 * By its name, since other threads open and close as they like. */
static int foreign_descriptor(DIR *directory, const char *name, dev_t device, ino_t inode)
{
    struct stat status;
    char *end = NULL;
    long fd = strtol(name, &end, 10);

    if (end == name || *end != '\0' || fd < 0 || fd > INT32_MAX || is_own((int)fd))
        return -1;
    if (fstatat(dirfd(directory), name, &status, 0) != 0 || status.st_dev != device ||
        status.st_ino != inode)
        return -1;
    int flags = fcntl((int)fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) ? -1 : (int)fd;
}

stoa_status sqlite_watch_foreign(const char *path, dev_t device, ino_t inode, stoa_error *err)
{
    int found = -1;

    stoa__mutex_lock(&lock);
    DIR *directory = opendir("/proc/self/fd"); /* No /proc: the check is a courtesy. */
    struct dirent *entry = directory ? readdir(directory) : NULL;
    for (; entry && found < 0; entry = readdir(directory))
        found = foreign_descriptor(directory, entry->d_name, device, inode);
    if (directory)
        closedir(directory);
    stoa__mutex_unlock(&lock);

    if (found < 0)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_BUSY,
                      "'%s' is already open in this process outside Stoa (descriptor %d), by "
                      "another SQLite perhaps; its close would drop Stoa's locks on the file. "
                      "Close it first, or set shared_file=allow",
                      path, found);
}

bool sqlite_file_mark(const char *path, struct sqlite_file_mark *out)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    *out = (struct sqlite_file_mark){
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .changed = status.st_ctim,
    };
    return true;
}

/* Size of the file named `path` and `suffix`; -1: there is none. */
static off_t size_beside(const char *path, const char *suffix)
{
    char name[PATH_BYTES_MAX];
    struct stat status;
    int size = snprintf(name, sizeof name, "%s%s", path, suffix);
    if (size < 0 || (size_t)size >= sizeof name)
        return 1; /* Cannot tell: assume the worst. */
    return stat(name, &status) == 0 ? status.st_size : -1;
}

bool sqlite_file_has_wal(const char *path)
{
    return size_beside(path, "-wal") > 0;
}

bool sqlite_file_has_shm(const char *path)
{
    return size_beside(path, "-shm") >= 0;
}

bool sqlite_file_has_log(const char *path)
{
    return size_beside(path, "-wal") > 0 || size_beside(path, "-journal") > 0;
}

bool sqlite_file_unchanged(const char *path, const struct sqlite_file_mark *mark)
{
    struct sqlite_file_mark now;
    return sqlite_file_mark(path, &now) && now.device == mark->device &&
           now.inode == mark->inode && now.size == mark->size &&
           now.changed.tv_sec == mark->changed.tv_sec &&
           now.changed.tv_nsec == mark->changed.tv_nsec && !sqlite_file_has_wal(path);
}
