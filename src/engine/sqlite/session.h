/* SPDX-License-Identifier: Apache-2.0 */
/* Inside one connection of SQLite's: what instance.c and transaction.c need of session.c beyond
 * sqlite.h. */
#ifndef STOA_ENGINE_SQLITE_SESSION_H
#define STOA_ENGINE_SQLITE_SESSION_H

#include "engine/sqlite/sqlite.h"

/* Open session->db by the instance's address, with hooks and settings; session->instance and call
 * are set. Answers SQLite's code; the connection is to be closed even on failure, and NULL when
 * memory ran out. */
int sqlite_connect(struct sqlite_session *session);

/* The address of a file for SQLite's open: its absolute path, which need not exist but for its
 * folder; and a file: URI of it with `query` ("" or "?..."). Owned by the caller (stoa__free);
 * `*address` is replaced. */
stoa_status sqlite_absolute_path(const char *path, char **out, stoa_error *err);
stoa_status sqlite_make_address(const char *path, const char *query, char **address,
                                stoa_error *err);

/* Sync the folder `path` is in, so that names made and removed there survive too. */
stoa_status sqlite_sync_folder(const char *path, stoa_error *err);

/* As PRAGMA journal_mode writes it. */
const char *sqlite_journal_name(int32_t journal);

/* Wait a little for somebody's lock, longer at each attempt from 0; false when busy_timeout or the
 * call says to give up. */
bool sqlite_wait(struct sqlite_session *session, int attempt);

/* Install the busy and progress handlers and the authorizer. `session` stays where it is. */
void sqlite_session_hooks(struct sqlite_session *session);
/* Take them away: `db` waits for another session. */
void sqlite_session_unhook(sqlite3 *db);

/* A name means something else now (a scan came or went): every prepared statement looks again when
 * it is next run. */
void sqlite_session_expire(struct sqlite_session *session);

#endif
