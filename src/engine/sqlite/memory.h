/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database in memory that several connections share, as a file of SQLite's. What is written stays
 * where it was put: room is added behind it and never moved, in huge pages where the system has
 * them, because a new 4 KiB page costs more than the rows that fill it. It knows bytes and locks;
 * it does not know what they mean, nor which names are its own: memory_vfs.h.
 */
#ifndef STOA_ENGINE_SQLITE_MEMORY_H
#define STOA_ENGINE_SQLITE_MEMORY_H

#include <sqlite3.h>

/* What xOpen is given: all that open a name share what is in it, and it is gone with the last of
 * them. SQLITE_OK or SQLITE_NOMEM. */
int sqlite_memory_open(const char *name, sqlite3_file *file, int flags, int *got);
/* The bytes of such a sqlite3_file. */
int sqlite_memory_file_size(void);

#endif
