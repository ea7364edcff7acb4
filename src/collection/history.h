/* SPDX-License-Identifier: Apache-2.0 */
/* What migrations were applied, in the collection StoaMigration: version, SHA-256 of up.sql, time.
 * All inside the transaction of the migrations. */
#ifndef STOA_COLLECTION_HISTORY_H
#define STOA_COLLECTION_HISTORY_H

#include "collection/enter.h"
#include "collection/migrate_folder.h"

/* Is there a history? */
stoa_status collection_history_exists(struct collection_call *call, bool *exists, stoa_error *err);
/* Begin one, in which what was applied up to `version` stands as it is now. */
stoa_status collection_history_begin(struct collection_call *call,
                                     const struct migration_folder *folder, int64_t version,
                                     stoa_error *err);
/* INVALID when a script up to `version` was changed since it was applied, or never was. */
stoa_status collection_history_check(struct collection_call *call,
                                     const struct migration_folder *folder, int64_t version,
                                     stoa_error *err);
/* Note that it was applied, or taken back. */
stoa_status collection_history_note(struct collection_call *call,
                                    const struct migration_folder *folder,
                                    const struct migration *migration, bool down, stoa_error *err);

#endif
