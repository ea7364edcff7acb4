/* SPDX-License-Identifier: Apache-2.0 */
/* What a folder holds, for tests of what a database does to the files around it. */
#ifndef STOA_SQLITE_FOLDER_KIT_H
#define STOA_SQLITE_FOLDER_KIT_H

#include "support/app.h"

#include <dirent.h>

static inline uint64_t file_hash(const char *path)
{
    uint64_t hash = 14695981039346656037u;
    FILE *file = fopen(path, "rb");
    int c;

    CHECK(file != NULL);
    while ((c = fgetc(file)) != EOF)
        hash = (hash ^ (uint64_t)c) * 1099511628211u;
    fclose(file);
    return hash;
}

static inline int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Read with descriptors of our own, so only while no Stoa database of the folder is open. */
static inline char *listing(const char *folder)
{
    struct dirent **entries = NULL;
    char *out = NULL, path[1024];
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);
    const int count = scandir(folder, &entries, NULL, by_name);

    CHECK(count >= 0);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
            fprintf(text, "%s %llx\n", entries[i]->d_name,
                    (unsigned long long)file_hash(path));
        }
        free(entries[i]);
    }
    free(entries);
    fclose(text);
    return out;
}

static inline char *test_folder(void)
{
    char *inner = test_path("data");

    CHECK_INT(mkdir(inner, 0755), 0);
    return inner;
}

static inline char *in_folder(const char *folder, const char *name)
{
    char *path = NULL;

    CHECK(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static inline bool exists(const char *path, const char *suffix)
{
    char name[1024];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

static inline void check_open_fails(const char *path, const char *settings, stoa_status status,
                             const char *part)
{
    stoa_db db;
    stoa_error err;

    CHECK_INT(app_try_open(path, settings, &db, &err), status);
    CHECK_HAS(err.text, part);
    CHECK_INT(db.id, 0);
}

#endif
