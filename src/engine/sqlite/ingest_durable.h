/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From committed to durable: what SQLite has synced when COMMIT returns, and syncing the
 * rest. By journal mode, a commit is durable
 *
 *   wal                  at FULL and EXTRA: the log is synced with each commit
 *   truncate, persist    at FULL and EXTRA
 *   delete               at EXTRA; at FULL the journal's removal may be lost with the
 *                        power, and the journal, there again, takes the commit back
 *
 * Memory and temporary databases are as durable as they get.
 */
#ifndef STOA_ENGINE_SQLITE_INGEST_DURABLE_H
#define STOA_ENGINE_SQLITE_INGEST_DURABLE_H

#include "engine/sqlite/sqlite.h"

struct sqlite_durability {
    bool wal;
    bool removes;  /* The journal is removed with each commit. */
    int32_t level; /* SYNC_* */
    bool at_commit;
};

/* The settings of `database` as they are now. */
stoa_status sqlite_durability_look(struct sqlite_session *session, const char *database,
                                   struct sqlite_durability *out, stoa_error *err);
/* PRAGMA synchronous; not inside a transaction. */
stoa_status sqlite_durability_set(struct sqlite_session *session, const char *database,
                                  int32_t level, stoa_error *err);
/* Make durable what was committed. */
stoa_status sqlite_durability_sync(struct sqlite_session *session, const char *database,
                                   const struct sqlite_durability *about,
                                   stoa_error *err);

#endif
