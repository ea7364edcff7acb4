/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of a database: opened, kept idle for the next connection, and closed. */
#ifndef STOA_CORE_POOL_H
#define STOA_CORE_POOL_H

#include "core/db.h"

struct stoa__session;

/* An idle session or a new one, with one reference and the mark held. */
stoa_status stoa__pool_take(struct stoa__db *db, stoa__call *call,
                            struct stoa__session **out, stoa_error *err);

/* The last reference is gone: empty the graveyard, then keep the session or close it. */
void stoa__pool_give_back(struct stoa__session *session);

/* Put a new native session in the place of one that a reset cannot make good, under the
 * mark and with no leaves left. On failure the old one stays. */
stoa_status stoa__pool_renew(struct stoa__session *session, stoa__call *call,
                             stoa_error *err);

/* Close the native session, under the mark, while others hold references (shutdown). */
void stoa__pool_close_native(struct stoa__session *session);

/* Close the idle sessions. With `closed` nothing is kept from now on. */
void stoa__pool_empty(struct stoa__db *db, bool closed);

#endif
