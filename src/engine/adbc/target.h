/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind "adbc:" or a shorthand, taken apart: which driver, what it is told, and which
 * settings are ours. It opens nothing. */
#ifndef STOA_ENGINE_ADBC_TARGET_H
#define STOA_ENGINE_ADBC_TARGET_H

#include "base/settings.h"
#include "engine/adbc/driver.h"

/* A driver we know by name. */
struct adbc_known {
    const char *name;
    const char *file;       /* Its library, if it is not called libadbc_driver_NAME.so. */
    const char *package, *package_file; /* Of a Python wheel, likewise. */
    const char *entrypoint; /* If it cannot be guessed. */
    const char *place_key;  /* The option that says which database. */
    bool files; /* Its databases are files: a path behind the colon is no URI. */
    const char *read_only_key, *read_only_value; /* Of the database; NULL: by connection. */
    const char *advice;     /* How to get it. */
};
/* NULL: not known. Other names of the same ("postgres", "grpc") are known too. */
const struct adbc_known *adbc_known_find(const char *name);

struct adbc_option {
    const char *key;
    const char *value;
    int32_t type; /* enum adbc_option_type */
};
enum adbc_option_type { ADBC_OPTION_TEXT, ADBC_OPTION_INT, ADBC_OPTION_DOUBLE, ADBC_OPTION_BYTES };

/* Where driver calls run. */
enum adbc_worker_use {
    ADBC_WORKER_AUTO,  /* WATCH where the database is known to be local, else YES. */
    ADBC_WORKER_YES,   /* On the session's worker. */
    ADBC_WORKER_WATCH, /* On the calling thread, watched by the worker's; not a call that ticks. */
    ADBC_WORKER_NO     /* On the calling thread: neither tick nor cancel. */
};

/* Everything is in the arena it was read into. */
struct adbc_target {
    struct adbc_driver_wish wish;
    const struct adbc_known *known; /* NULL: a driver nobody told us about. */
    struct adbc_option *options;    /* Of the database. */
    int32_t option_count;
    struct adbc_option *session_options; /* adbc.connection.* */
    int32_t session_option_count;
    const char **secrets; /* Texts that must not be shown. */
    int32_t secret_count;
    const char *place;    /* Which database, secrets masked. */
    enum adbc_worker_use worker;
    bool read_only, buffer_streams;
    bool best_effort; /* Without transactions, ingest may leave some rows. */
};

/* `engine` is "adbc" or the name of a driver. Marks what it read in `settings`: all of them go to
 * the driver that are not ours; a slip of the pen in one of ours is INVALID. */
stoa_status adbc_target_read(const char *engine, const char *rest, stoa__settings *settings,
                             stoa__arena *arena, struct adbc_target *out, stoa_error *err);

#endif
