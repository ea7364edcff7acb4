/* SPDX-License-Identifier: Apache-2.0 */
/* The VFS that memory databases are opened by. */
#ifndef STOA_ENGINE_SQLITE_MEMORY_VFS_H
#define STOA_ENGINE_SQLITE_MEMORY_VFS_H

#include "stoa/base.h"

/* Names that begin so are memory databases, all others are files. In such a name is no slash, so
 * nobody finds a folder in it. */
#define SQLITE_MEMORY_PREFIX "\\:memory:"
#define SQLITE_MEMORY_VFS "stoa-memory"

/* A transaction of several attached files with rollback journals, of which a crash might leave
 * some: it is refused with this code, which SQLite does not use itself. */
#define SQLITE_MEMORY_TORN SQLITE_CANTOPEN_DIRTYWAL

/* Make it known to SQLite. Any thread, any number of times. */
stoa_status sqlite_memory_vfs_register(stoa_error *err);

#endif
