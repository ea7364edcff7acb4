/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver libraries. A library is loaded once a process with local symbols and never unloaded: its
 * streams, error texts and threads may outlive anything of ours. Its table is initialised with the
 * first database on it and released with the last.
 */
#ifndef STOA_ENGINE_ADBC_DRIVER_H
#define STOA_ENGINE_ADBC_DRIVER_H

#include "base/thread.h"
#include "engine/adbc/ability.h"
#include "engine/adbc/adbc.h"
#include "engine/adbc/find.h"

#include <stdbool.h>

struct adbc_driver {
    struct adbc_driver *next;
    char *path;       /* As given to the loader. */
    char *entrypoint; /* The symbol that was found. */
    adbc_entry entry;
    struct adbc_table table; /* Every member set: what a driver lacks answers NOT_IMPLEMENTED. */
    int32_t version;         /* ADBC_VERSION_* of `table`. */
    uint64_t lacks;          /* 1 << ADBC_CAN_* of functions it left out. */
    int32_t use_count;       /* Databases on it. */
};

struct adbc_driver_wish {
    struct adbc_search search;
    const char *entrypoint;    /* NULL: the manifest's, or derived. */
    bool allow_two_go_runtimes;
};

/*
 * Find, load and negotiate; the answer counts as one use. NOT_FOUND with every place that was
 * tried; PROTOCOL for a library that is no driver or a broken one; UNSUPPORTED where it would
 * bring a second Go runtime.
 */
stoa_status adbc_driver_use(const struct adbc_driver_wish *wish, struct adbc_driver **out,
                            stoa_error *err);
void adbc_driver_unuse(struct adbc_driver *driver);

/* Where it would be loaded from, without loading it: "path", or NOT_FOUND with the places. */
stoa_status adbc_driver_locate(const struct adbc_search *search, stoa__buffer *path,
                               stoa__buffer *version, stoa_error *err);

/* The symbol a file name stands for: "libadbc_driver_sqlite.so.6" -> "AdbcDriverSqliteInit". */
void adbc_driver_symbol(const char *path, char *out, size_t capacity);

/* Check what a driver filled in and fill the rest. PROTOCOL names what is missing. */
stoa_status adbc_table_complete(struct adbc_table *table, int32_t version, stoa_error *err);
/* The abilities whose functions had to be filled in, as 1 << ADBC_CAN_*. */
uint64_t adbc_table_lacks(const struct adbc_table *table);

#endif
