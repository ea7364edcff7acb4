/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of migrations: folders named by numbers from 1, each with up.sql and down.sql. */
#ifndef STOA_COLLECTION_MIGRATE_FOLDER_H
#define STOA_COLLECTION_MIGRATE_FOLDER_H

#include "base/buffer.h"

#include <stdbool.h>

struct migration {
    int64_t version;
    char *name; /* Of its folder: "7", "007". */
};

struct migration_folder {
    char *path;
    struct migration *migrations; /* By version. */
    int64_t count;
};

/* Read the names. Other names and files are none of ours; two folders of one number, and numbers no
 * database can have as its version, are INVALID. Release it also after a failure. */
stoa_status collection_migration_folder_read(struct migration_folder *folder, const char *path,
                                             size_t size, stoa_error *err);
void collection_migration_folder_release(struct migration_folder *folder);

/* Newest version; 0 when there is none. */
int64_t collection_migration_newest(const struct migration_folder *folder);
/* The migration of a version, or NULL. */
const struct migration *collection_migration_find(const struct migration_folder *folder,
                                                  int64_t version);
/* The greatest version below `version`; 0 when there is none. */
int64_t collection_migration_below(const struct migration_folder *folder, int64_t version);

/* NOT_FOUND, "migration 3 has no up.sql file", when it is missing or empty. */
stoa_status collection_migration_script(const struct migration_folder *folder,
                                        const struct migration *migration, bool down,
                                        stoa__buffer *out, stoa_error *err);

#endif
