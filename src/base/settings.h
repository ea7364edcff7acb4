/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: one parser for stoa_option arrays, target texts (URIs), command lines and keyword
 * arguments. A stoa__settings is a list of key/value pairs; each layer reads the keys it knows
 * through a table, and what nobody read is an error that suggests the nearest key.
 */
#ifndef STOA_BASE_SETTINGS_H
#define STOA_BASE_SETTINGS_H

#include "base/arena.h"
#include "stoa/base.h"

#include <stdbool.h>

enum stoa__setting_type {
    STOA__SETTING_BOOL,     /* bool: true false yes no on off 1 0 */
    STOA__SETTING_INT,      /* int64_t within [min, max] */
    STOA__SETTING_SIZE,     /* int64_t bytes: 4096, 64k, 16M, 1G (powers of 1024); [min, max] */
    STOA__SETTING_DURATION, /* int64_t milliseconds: 250, 250ms, 2s, 5min, 1h; -1 or "none" */
    STOA__SETTING_TEXT,     /* const char *, in the settings' arena */
    STOA__SETTING_CHOICE,   /* int32_t: index in `choices`, "a|b|c" */
};

struct stoa__setting {
    const char *key;
    enum stoa__setting_type type;
    size_t offset;       /* Of the field in the target struct, which holds the defaults. */
    int64_t min, max;    /* INT, SIZE. */
    const char *choices; /* CHOICE. */
    bool secret;         /* Its value never reaches an error. */
};

struct stoa__settings_entry {
    const char *key;
    const char *value;
    bool used;
};

typedef struct stoa__settings {
    stoa__arena arena;
    struct stoa__settings_entry *entries;
    size_t count;
    struct stoa__settings_known *known; /* Every key some layer has asked for: suggestions. */
} stoa__settings;

/* All-zero is empty. Copies. Later pairs win over earlier ones of the same key. NULL keys or
 * values, an empty key, or a key twice within one array are INVALID. */
stoa_status stoa__settings_add(stoa__settings *settings, const stoa_option *options, int64_t count,
                               stoa_error *err);
stoa_status stoa__settings_add_pair(stoa__settings *settings, const char *key, const char *value,
                                    stoa_error *err);
/* The part behind '?': key=value&key=value, percent-encoded. */
stoa_status stoa__settings_add_query(stoa__settings *settings, const char *text, size_t size,
                                     stoa_error *err);

/* Read the keys of `table` into `target`, and mark them used. `what` names the layer in errors
 * ("sqlite", "ingest"). Bad values name key, value (unless secret) and what is allowed. */
stoa_status stoa__settings_read(stoa__settings *settings, const char *what,
                                const struct stoa__setting *table, size_t table_count, void *target,
                                stoa_error *err);
/* INVALID for the first pair nobody read: "unknown setting 'jurnal' (did you mean 'journal'?)". */
stoa_status stoa__settings_finish(stoa__settings *settings, const char *what, stoa_error *err);
void stoa__settings_release(stoa__settings *settings);

/* By its key, a setting of whatever reads it later (a driver, a server): it holds "password",
 * "token" or another word of the kind, in any case. */
bool stoa__setting_is_secret(const char *key, size_t size);

/*
 * A target: "engine:rest?key=value" or a bare path, which means "sqlite:". One letter before the
 * colon, or no such word-like scheme, is a path too; so a path is never cut at a '?' and "./a:b"
 * is a file. "scheme://..." keeps the scheme in `engine` and everything behind the colon in rest.
 * `rest` is percent-decoded only where a '?' part was allowed. Pairs go to `settings`.
 * So a URL is left whole, its '?' part included, for the engine that knows its grammar; one that
 * takes Stoa's settings there cuts at the '?' itself and calls stoa__settings_add_query().
 * Behind "adbc:" everything is left whole, too: it is another target.
 * An empty text, a NUL byte and a bad escape are INVALID; errors never quote the text.
 */
struct stoa__target {
    const char *engine; /* In the settings' arena. */
    const char *rest;
};
stoa_status stoa__target_parse(const char *text, size_t size, stoa__settings *settings,
                               struct stoa__target *out, stoa_error *err);

#endif
