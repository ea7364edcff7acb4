/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/find.h"

#include "base/error.h"
#include "engine/adbc/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

struct finder {
    const struct adbc_search *search;
    stoa__arena *arena;
    struct adbc_found *out;
    stoa__buffer *tried;
    stoa_error *err;
};

static stoa_status tried(struct finder *finder, const char *place, const char *why)
{
    stoa_status rc = stoa__buffer_format(finder->tried, "%s%s: %s",
                                         finder->tried->size > 0 ? "; " : "", place, why);

    return rc == STOA_OK ? STOA_ERR_NOT_FOUND : stoa__fail_nomem(finder->err);
}

/* In the arena; NULL when memory is out. */
static const char *join(stoa__arena *arena, const char *folder, size_t folder_size,
                        const char *between, const char *name, const char *suffix)
{
    size_t sizes[] = {folder_size, strlen(between), strlen(name), strlen(suffix)};
    const char *const texts[] = {folder, between, name, suffix};
    char *out = stoa__arena_alloc(arena, sizes[0] + sizes[1] + sizes[2] + sizes[3] + 1);
    char *at = out;

    for (int i = 0; out && i < 4; i++) {
        memcpy(at, texts[i], sizes[i]);
        at += sizes[i];
    }
    if (out)
        *at = '\0';
    return out;
}

static stoa_status found(struct finder *finder, const char *path)
{
    *finder->out = (struct adbc_found){.path = path};
    return STOA_OK;
}

/* NOT_FOUND: it is not there, and nothing was said. */
static stoa_status look_for_library(struct finder *finder, const char *folder, size_t folder_size,
                                    const char *before, const char *name, const char *suffix)
{
    const char *path = join(finder->arena, folder, folder_size, before, name, suffix);

    if (!path)
        return stoa__fail_nomem(finder->err);
    return access(path, F_OK) == 0 ? found(finder, path) : STOA_ERR_NOT_FOUND;
}

/* The manifest first, then a library of the name. */
static stoa_status look_in_folder(struct finder *finder, const char *what, const char *folder,
                                  size_t size)
{
    const struct adbc_search *search = finder->search;
    const char *manifest = join(finder->arena, folder, size, "/", search->name, ".toml");
    const char *path = join(finder->arena, folder, size, "", "", "");
    const char *place = path ? join(finder->arena, what, strlen(what), " ", path, "") : NULL;
    stoa_error failure = {0};
    bool there = false;
    stoa_status rc = STOA_ERR_NOMEM;

    if (manifest && place)
        rc = adbc_manifest_read(manifest, finder->arena, finder->out, &there, &failure);
    if (rc == STOA_ERR_NOT_FOUND && there)
        return tried(finder, manifest, failure.text);
    if (rc == STOA_ERR_NOT_FOUND)
        rc = look_for_library(finder, folder, size, "/lib", search->name, ".so");
    if (rc == STOA_ERR_NOT_FOUND)
        rc = look_for_library(finder, folder, size, "/libadbc_driver_", search->name, ".so");
    if (rc == STOA_ERR_NOT_FOUND)
        rc = look_for_library(finder, folder, size, "/", search->name, ".so");
    if (rc == STOA_ERR_NOT_FOUND && search->file)
        rc = look_for_library(finder, folder, size, "/", search->file, "");
    if (rc == STOA_ERR_INVALID)
        stoa__error_copy(finder->err, &failure);
    if (rc == STOA_ERR_NOMEM)
        return stoa__fail_nomem(finder->err);
    if (rc != STOA_ERR_NOT_FOUND)
        return rc;
    return tried(finder, place,
                 access(path, F_OK) == 0 ? "neither its manifest nor its library is there"
                                             : "does not exist");
}

/* "a:b"; empty items are nothing. */
static stoa_status look_in_list(struct finder *finder, const char *what, const char *list)
{
    stoa_status rc = STOA_ERR_NOT_FOUND;

    if (!list || list[0] == '\0')
        return tried(finder, what, "not set");
    while (rc == STOA_ERR_NOT_FOUND && *list != '\0') {
        size_t size = strcspn(list, ":");

        if (size > 0)
            rc = look_in_folder(finder, what, list, size);
        list += size + (list[size] == ':');
    }
    return rc;
}

/* FOLDER + suffix, where the folder is told by the environment. */
static stoa_status look_under(struct finder *finder, const char *what, const char *folder,
                              const char *suffix)
{
    const char *path;

    if (!folder || folder[0] == '\0')
        return tried(finder, what, "not set");
    path = join(finder->arena, folder, strlen(folder), suffix, "", "");
    if (!path)
        return stoa__fail_nomem(finder->err);
    return look_in_folder(finder, what, path, strlen(path));
}

/* site-packages/adbc_driver_x/libadbc_driver_x.so */
static stoa_status look_in_packages(struct finder *finder, const char *folder)
{
    const struct adbc_search *search = finder->search;
    const char *package = search->package;
    const char *path;

    if (folder[0] == '\0')
        return tried(finder, "driver_folder", "not set");
    if (!package)
        package = join(finder->arena, "adbc_driver_", 12, "", search->name, "");
    path = package ? join(finder->arena, folder, strlen(folder), "/", package, "") : NULL;
    if (!path)
        return stoa__fail_nomem(finder->err);
    if (access(path, F_OK) != 0)
        return look_in_folder(finder, "driver_folder", folder, strlen(folder));
    if (search->package_file) {
        stoa_status rc =
            look_for_library(finder, path, strlen(path), "/", search->package_file, "");

        if (rc != STOA_ERR_NOT_FOUND)
            return rc;
    }
    return look_in_folder(finder, "driver_folder", path, strlen(path));
}

static stoa_status look_for_user(struct finder *finder)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (config && config[0] != '\0')
        return look_under(finder, "the user's", config, "/adbc/drivers");
    return look_under(finder, "the user's", home, "/.config/adbc/drivers");
}

static stoa_status look_for_name(struct finder *finder)
{
    const struct adbc_search *search = finder->search;
    bool environment = (search->flags & ADBC_FIND_ENVIRONMENT) != 0;
    stoa_status rc = look_in_list(finder, "search_path", search->search_path);

    if (rc == STOA_ERR_NOT_FOUND)
        rc = look_in_packages(finder, search->driver_folder);
    if (rc == STOA_ERR_NOT_FOUND)
        rc = environment ? look_in_list(finder, "ADBC_DRIVER_PATH", getenv("ADBC_DRIVER_PATH"))
                         : tried(finder, "ADBC_DRIVER_PATH", "switched off");
    if (rc == STOA_ERR_NOT_FOUND && environment)
        rc = look_under(finder, "VIRTUAL_ENV", getenv("VIRTUAL_ENV"), "/etc/adbc/drivers");
    if (rc == STOA_ERR_NOT_FOUND)
        rc = (search->flags & ADBC_FIND_USER) != 0
                 ? look_for_user(finder)
                 : tried(finder, "the user's folder", "switched off");
    if (rc == STOA_ERR_NOT_FOUND)
        rc = (search->flags & ADBC_FIND_SYSTEM) != 0
                 ? look_under(finder, "the system's", "/etc/adbc", "/drivers")
                 : tried(finder, "/etc/adbc/drivers", "switched off");
    return rc;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);

    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* There is a point in the last part of the path, though not as its first character. */
static bool has_extension(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return name[0] != '\0' && strchr(name + 1, '.') != NULL;
}

static stoa_status read_manifest(struct finder *finder, const char *path)
{
    bool there = false;
    stoa_status rc = adbc_manifest_read(path, finder->arena, finder->out, &there, finder->err);

    if (rc == STOA_ERR_NOT_FOUND)
        stoa__wrap(finder->err, "the driver manifest %s", path);
    return rc;
}

static stoa_status look_for_path(struct finder *finder)
{
    const char *path = finder->search->name, *manifest;

    if (path[0] != '/' && (finder->search->flags & ADBC_FIND_RELATIVE) == 0)
        return stoa__fail(finder->err, STOA_ERR_INVALID,
                          "the driver '%s' is a relative path; write a full one, or allow it with "
                          "load_flags=%d",
                          path, ADBC_FIND_DEFAULT | ADBC_FIND_RELATIVE);
    if (ends_with(path, ".toml"))
        return read_manifest(finder, path);
    if (!has_extension(path)) {
        manifest = join(finder->arena, path, strlen(path), "", ".toml", "");
        if (!manifest)
            return stoa__fail_nomem(finder->err);
        if (access(manifest, F_OK) == 0)
            return read_manifest(finder, manifest);
    }
    if (access(path, F_OK) != 0)
        return stoa__fail(finder->err, STOA_ERR_NOT_FOUND, "there is no driver at %s", path);
    return found(finder, path);
}

stoa_status adbc_find(const struct adbc_search *search, stoa__arena *arena,
                      struct adbc_found *out, stoa__buffer *list, stoa_error *err)
{
    struct finder finder = {
        .search = search, .arena = arena, .out = out, .tried = list, .err = err};

    *out = (struct adbc_found){0};
    if (strchr(search->name, '/') || ends_with(search->name, ".toml") ||
        ends_with(search->name, ".so") || strstr(search->name, ".so."))
        return look_for_path(&finder);
    return look_for_name(&finder);
}
