/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a driver library by what the user wrote: a path, a manifest, or a name. It reads
 * directories and manifests; it loads nothing. */
#ifndef STOA_ENGINE_ADBC_FIND_H
#define STOA_ENGINE_ADBC_FIND_H

#include "base/arena.h"
#include "base/buffer.h"

enum {
    ADBC_FIND_ENVIRONMENT = 1, /* $ADBC_DRIVER_PATH, $VIRTUAL_ENV */
    ADBC_FIND_USER = 2,
    ADBC_FIND_SYSTEM = 4,
    ADBC_FIND_RELATIVE = 8, /* Paths that are not absolute. */
    ADBC_FIND_DEFAULT = 7
};

struct adbc_search {
    const char *name;          /* A path, or a bare name. */
    const char *search_path;   /* Folders, separated by colons; searched first. "" for none. */
    const char *driver_folder; /* Where Python packages are installed. "" for none. */
    const char *file;          /* What the library is called beside the usual; NULL: nothing. */
    const char *package;       /* Its folder under driver_folder; NULL: adbc_driver_<name>. */
    const char *package_file;  /* The library in that folder; NULL: named as anywhere. */
    int64_t flags;             /* ADBC_FIND_* */
};

struct adbc_found {
    const char *path;       /* For dlopen; in the arena. */
    const char *entrypoint; /* Of the manifest; NULL: to be derived. */
    const char *version;    /* Of the manifest; NULL: unknown. */
};

/* The first place that has it. `tried` gains "place: why not" for every place before, separated by
 * semicolons. NOT_FOUND without text: only the dynamic loader is left to be asked. A manifest that
 * is broken ends the search with INVALID. */
stoa_status adbc_find(const struct adbc_search *search, stoa__arena *arena,
                      struct adbc_found *out, stoa__buffer *tried, stoa_error *err);

#endif
