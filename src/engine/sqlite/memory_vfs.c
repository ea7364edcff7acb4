/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite looks for what is attached where the main database is. With main in a VFS of memory
 * alone, ATTACH 'a.db' and VACUUM INTO 'b.db' would make databases in memory under these names, and
 * what is written to them would be lost. So main is opened by this VFS, which leads names of memory
 * databases to memory.h and all others to the file system. Files it opens have methods of their
 * own.
 */
#include "engine/sqlite/memory_vfs.h"

#include "base/error.h"
#include "base/thread.h"
#include "engine/sqlite/memory.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/ban.h"

/* SQLite has one list of VFSs in a process, and they stay in it. */
static struct {
    stoa__mutex lock;
    sqlite3_vfs vfs;
    sqlite3_vfs *files; /* NULL until `vfs` is registered. */
} here = {.lock = STOA__MUTEX_INITIALIZER};

/* Asked for at the start of each read, hence without a call. */
static bool is_memory(const char *name)
{
    static const char prefix[] = SQLITE_MEMORY_PREFIX;
    size_t same = 0;

    while (name && prefix[same] != '\0' && name[same] == prefix[same])
        same++;
    return prefix[same] == '\0';
}

/* A journal that holds those of several files together would lie beside main, in memory, where no
 * crash leaves it; and without it each file would be taken for whole. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    (void)vfs;
    if (!is_memory(name))
        return here.files->xOpen(here.files, name, file, flags, got);
    if (!(flags & SQLITE_OPEN_SUPER_JOURNAL))
        return sqlite_memory_open(name, file, flags, got);
    file->pMethods = NULL;
    return SQLITE_MEMORY_TORN;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    return is_memory(name) ? SQLITE_OK : here.files->xDelete(here.files, name, sync_folder);
}

/* Beside a memory database there is nothing. */
static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
    (void)vfs;
    if (!is_memory(name))
        return here.files->xAccess(here.files, name, flags, there);
    *there = 0;
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    if (!is_memory(name))
        return here.files->xFullPathname(here.files, name, size, out);
    (void)snprintf(out, (size_t)size, "%s", name);
    return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    return here.files->xRandomness(here.files, size, out);
}

static int sleep_us(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return here.files->xSleep(here.files, microseconds);
}

static int time_days(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    return here.files->xCurrentTime(here.files, out);
}

static int time_ms(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    return here.files->xCurrentTimeInt64(here.files, out);
}

static int last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    return here.files->xGetLastError(here.files, size, out);
}

/* The lock is held. No extension is ever loaded, so there is nothing to load one with. */
static int make(void)
{
    sqlite3_vfs *const files = sqlite3_vfs_find("unix");
    const int size = sqlite_memory_file_size();

    if (!files)
        return SQLITE_NOMEM; /* SQLite could not start. */
    here.vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = files->szOsFile > size ? files->szOsFile : size,
        .mxPathname = files->mxPathname,
        .zName = SQLITE_MEMORY_VFS,
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = access_file,
        .xFullPathname = full_path,
        .xRandomness = randomness,
        .xSleep = sleep_us,
        .xCurrentTime = time_days,
        .xGetLastError = last_error,
        .xCurrentTimeInt64 = time_ms,
    };
    const int code = sqlite3_vfs_register(&here.vfs, 0);

    if (code == SQLITE_OK)
        here.files = files;
    return code;
}

stoa_status sqlite_memory_vfs_register(stoa_error *err)
{
    int code = SQLITE_OK;

    stoa__mutex_lock(&here.lock);
    if (!here.files)
        code = make();
    stoa__mutex_unlock(&here.lock);
    return code == SQLITE_OK ? STOA_OK : stoa__fail_nomem(err);
}
