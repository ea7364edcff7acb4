/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign keys enforced or not, for a part of a transaction. */
#ifndef STOA_ENGINE_SQLITE_ENFORCE_H
#define STOA_ENGINE_SQLITE_ENFORCE_H

#include "stoa/base.h"

#include <stdbool.h>

/* Does the session enforce foreign keys? */
bool sqlite_enforces(void *session);
/* INVALID while rows of the transaction wait for what they refer to: what is counted now would not
 * be counted down. Whoever enforces again has looked at all rows (PRAGMA foreign_key_check). */
stoa_status sqlite_enforce(void *session, bool enforced, stoa_error *err);

#endif
