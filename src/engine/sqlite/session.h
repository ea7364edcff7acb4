/* SPDX-License-Identifier: Apache-2.0 */
/* Inside one connection of SQLite's: what instance.c and transaction.c need of session.c beyond
 * sqlite.h. */
#ifndef STOA_ENGINE_SQLITE_SESSION_H
#define STOA_ENGINE_SQLITE_SESSION_H

#include "engine/sqlite/sqlite.h"

/* Open a connection to the instance's address, with everything set that needs no session. Answers
 * SQLite's code; `*db` is to be closed even on failure, and NULL when memory ran out. */
int sqlite_connect(const struct sqlite_instance *instance, sqlite3 **db);

/* Install the busy and progress handlers and the authorizer. `session` stays where it is. */
void sqlite_session_hooks(struct sqlite_session *session);

#endif
