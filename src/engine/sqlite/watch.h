/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching files from outside SQLite: which descriptors of this process are our SQLite's own, and
 * whether a file that must stay as it is did. It opens and closes no database file itself, since
 * closing any descriptor of a file drops the process's locks on it.
 */
#ifndef STOA_ENGINE_SQLITE_WATCH_H
#define STOA_ENGINE_SQLITE_WATCH_H

#include "stoa/base.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Have our SQLite's open and close noted. Once, before its first open. */
void sqlite_watch_start(void);

/* BUSY when this process has a descriptor of the file that is not our SQLite's: another SQLite, or
 * anything else whose close would drop our locks. */
stoa_status sqlite_watch_foreign(const char *path, dev_t device, ino_t inode, stoa_error *err);

/*
 * A WAL file opened read-only while nobody has it open is read in place, as if it could not change,
 * because any other way would leave files behind. So each batch read is checked against this mark
 * before it is given out: a writer makes a -wal file first, and touches the file only later.
 */
struct sqlite_file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* False when there is no such file. */
bool sqlite_file_mark(const char *path, struct sqlite_file_mark *out);
/* Whether `path`-wal is there and has content. */
bool sqlite_file_has_wal(const char *path);
/* Whether `path`-shm is there. */
bool sqlite_file_has_shm(const char *path);
/* Whether `path`-journal or `path`-wal has content: what stands in `path` is not all there is. */
bool sqlite_file_has_log(const char *path);
/* Whether the file is as it was and nobody has opened it for writing. */
bool sqlite_file_unchanged(const char *path, const struct sqlite_file_mark *mark);

#endif
