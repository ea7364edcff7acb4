/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/migrate_folder.h"

#include "base/error.h"
#include "base/mem.h"
#include "collection/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ban.h"

/* PRAGMA user_version is 32 bits wide. */
#define VERSION_MAX INT64_C(2147483647)

/* ---- names ---- */

/* 0: it is no number from 1. Too great ones are VERSION_MAX + 1. */
static int64_t number_of(const char *name)
{
    int64_t number = 0;

    for (const char *at = name; *at; at++) {
        if (*at < '0' || *at > '9')
            return 0;
        number = 10 * number + (*at - '0');
        if (number > VERSION_MAX)
            number = VERSION_MAX + 1;
    }
    return number;
}

static bool is_folder(int directory, const char *name)
{
    struct stat status;

    return fstatat(directory, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static stoa_status add(struct migration_folder *folder, int64_t version, const char *name,
                       stoa_error *err)
{
    const size_t size = ((size_t)folder->count + 1) * sizeof *folder->migrations;
    struct migration *grown = stoa__realloc(folder->migrations, size);

    if (!grown)
        return stoa__fail_nomem(err);
    folder->migrations = grown;
    grown[folder->count] = (struct migration){version, stoa__copy_text(name, strlen(name))};
    if (!grown[folder->count].name)
        return stoa__fail_nomem(err);
    folder->count++;
    return STOA_OK;
}

static int by_version(const void *a, const void *b)
{
    const struct migration *first = a, *second = b;

    return (first->version > second->version) - (first->version < second->version);
}

static stoa_status read_names(struct migration_folder *folder, DIR *directory, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (struct dirent *entry; rc == STOA_OK && (entry = readdir(directory));) {
        const int64_t version = number_of(entry->d_name);

        if (version == 0 || !is_folder(dirfd(directory), entry->d_name))
            continue;
        if (version > VERSION_MAX)
            rc = stoa__fail(err, STOA_ERR_INVALID, "the number of folder '%s' is above %lld",
                            entry->d_name, (long long)VERSION_MAX);
        else
            rc = add(folder, version, entry->d_name, err);
    }
    return rc;
}

static stoa_status sort(struct migration_folder *folder, stoa_error *err)
{
    if (folder->count > 0)
        qsort(folder->migrations, (size_t)folder->count, sizeof *folder->migrations, by_version);
    for (int64_t i = 1; i < folder->count; i++) {
        const struct migration *a = &folder->migrations[i - 1], *b = &folder->migrations[i];

        if (a->version == b->version)
            return stoa__fail(err, STOA_ERR_INVALID, "folders '%s' and '%s' have one number",
                              strcmp(a->name, b->name) < 0 ? a->name : b->name,
                              strcmp(a->name, b->name) < 0 ? b->name : a->name);
    }
    return STOA_OK;
}

stoa_status collection_migration_folder_read(struct migration_folder *folder, const char *path,
                                             size_t size, stoa_error *err)
{
    DIR *directory;
    stoa_status rc;

    *folder = (struct migration_folder){.path = stoa__copy_text(path, size)};
    if (!folder->path)
        return stoa__fail_nomem(err);
    directory = opendir(folder->path);
    if (!directory && errno == ENOENT)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "Migrations path not found: %s", folder->path);
    if (!directory && errno == ENOTDIR)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot from_migrations: path is not a directory: %s", folder->path);
    if (!directory)
        return stoa__fail_errno(err, errno, "Cannot from_migrations: '%s'", folder->path);
    rc = read_names(folder, directory, err);
    closedir(directory);
    if (rc == STOA_OK)
        rc = sort(folder, err);
    if (rc == STOA_ERR_INVALID)
        stoa__wrap(err, "Cannot from_migrations");
    return rc;
}

void collection_migration_folder_release(struct migration_folder *folder)
{
    for (int64_t i = 0; i < folder->count; i++)
        stoa__free(folder->migrations[i].name);
    stoa__free(folder->migrations);
    stoa__free(folder->path);
    *folder = (struct migration_folder){0};
}

int64_t collection_migration_newest(const struct migration_folder *folder)
{
    return folder->count > 0 ? folder->migrations[folder->count - 1].version : 0;
}

const struct migration *collection_migration_find(const struct migration_folder *folder,
                                                  int64_t version)
{
    for (int64_t i = 0; i < folder->count; i++)
        if (folder->migrations[i].version == version)
            return &folder->migrations[i];
    return NULL;
}

int64_t collection_migration_below(const struct migration_folder *folder, int64_t version)
{
    int64_t below = 0;

    for (int64_t i = 0; i < folder->count && folder->migrations[i].version < version; i++)
        below = folder->migrations[i].version;
    return below;
}

/* ---- scripts ---- */

/* One that is missing is as an empty one. */
static stoa_status read_script(const char *path, stoa__buffer *out, stoa_error *err)
{
    const stoa_status rc = collection_read_file(path, out, err);

    return rc == STOA_ERR_NOT_FOUND ? STOA_OK : rc;
}

stoa_status collection_migration_script(const struct migration_folder *folder,
                                        const struct migration *migration, bool down,
                                        stoa__buffer *out, stoa_error *err)
{
    const char *const name = down ? "down.sql" : "up.sql";
    stoa__buffer path = {0};
    stoa_status rc =
        stoa__buffer_format(&path, "%s/%s/%s", folder->path, migration->name, name);

    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&path);
    rc = rc == STOA_OK ? read_script((const char *)path.data, out, err) : stoa__fail_nomem(err);
    stoa__buffer_release(&path);
    if (rc == STOA_OK && out->size == 0)
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND, "migration %lld has no %s file",
                        (long long)migration->version, name);
    return rc;
}
