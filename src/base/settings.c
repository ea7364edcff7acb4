/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs are kept in an array that is replaced as a whole, so that an add which fails
 * leaves everything as it was; what is left behind is in the arena. The readers of values
 * are in settings_read.c, texts are taken apart in target.c.
 */
#include "base/settings.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "base/settings_parts.h"

#include <string.h>

#include "base/ban.h"

static struct stoa__settings_entry *find(struct stoa__settings_entry *entries,
                                         size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].key, key) == 0)
            return &entries[i];
    return NULL;
}

struct stoa__settings_entry *stoa__settings_find(const stoa__settings *settings,
                                                 const char *key)
{
    return find(settings->entries, settings->count, key);
}

static stoa_status check_pair(const char *key, const char *value, stoa_error *err)
{
    if (!key)
        return stoa__fail(err, STOA_ERR_INVALID, "the key of a setting is NULL");
    if (key[0] == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "the key of a setting is empty");
    if (strnlen(key, STOA__NAME_BYTES_MAX + 1) > STOA__NAME_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the key of a setting is longer than %d bytes",
                          STOA__NAME_BYTES_MAX);
    if (!value)
        return stoa__fail(err, STOA_ERR_INVALID, "the value of the setting '%s' is NULL",
                          key);
    if (strnlen(value, STOA__TARGET_BYTES_MAX + 1) > STOA__TARGET_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the value of the setting '%s' is longer than %d bytes", key,
                          STOA__TARGET_BYTES_MAX);
    return STOA_OK;
}

static stoa_status check_options(const stoa_option *options, int64_t count,
                                 stoa_error *err)
{
    if (count < 0)
        return stoa__fail(err, STOA_ERR_INVALID, "the count of settings is negative");
    if (!options && count > 0)
        return stoa__fail(err, STOA_ERR_INVALID, "the settings are NULL");
    if (count > STOA__OPTION_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "more than %d settings are given",
                          STOA__OPTION_COUNT_MAX);
    for (int64_t i = 0; i < count; i++) {
        stoa_status rc = check_pair(options[i].key, options[i].value, err);

        if (rc != STOA_OK)
            return rc;
        for (int64_t before = 0; before < i; before++)
            if (strcmp(options[before].key, options[i].key) == 0)
                return stoa__fail(err, STOA_ERR_INVALID,
                                  "the setting '%s' is given twice", options[i].key);
    }
    return STOA_OK;
}

/* Set one pair in an array that has room for it. */
static bool put(stoa__arena *arena, struct stoa__settings_entry *entries, size_t *count,
                const stoa_option *option)
{
    struct stoa__settings_entry *entry = find(entries, *count, option->key);
    struct stoa__settings_entry made = {.used = false};

    made.key = entry ? entry->key
                     : stoa__arena_copy_text(arena, option->key, strlen(option->key));
    made.value = stoa__arena_copy_text(arena, option->value, strlen(option->value));
    if (!made.key || !made.value)
        return false;
    if (!entry)
        entry = &entries[(*count)++];
    *entry = made;
    return true;
}

stoa_status stoa__settings_add(stoa__settings *settings, const stoa_option *options,
                               int64_t count, stoa_error *err)
{
    struct stoa__settings_entry *entries;
    size_t total = settings->count;
    stoa_status rc = check_options(options, count, err);

    if (rc != STOA_OK || count == 0)
        return rc;
    entries =
        stoa__arena_alloc_zero(&settings->arena, total + (size_t)count, sizeof *entries);
    if (!entries)
        return stoa__fail_nomem(err);
    if (total > 0)
        memcpy(entries, settings->entries, total * sizeof *entries);
    for (int64_t i = 0; i < count; i++)
        if (!put(&settings->arena, entries, &total, &options[i]))
            return stoa__fail_nomem(err);
    if (total > STOA__OPTION_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "more than %d settings are given",
                          STOA__OPTION_COUNT_MAX);
    settings->entries = entries;
    settings->count = total;
    return STOA_OK;
}

stoa_status stoa__settings_add_pair(stoa__settings *settings, const char *key,
                                    const char *value, stoa_error *err)
{
    const stoa_option option = {.key = key, .value = value};

    return stoa__settings_add(settings, &option, 1, err);
}

/* ---- what nobody read ---- */

struct stoa__settings_known {
    struct stoa__settings_known *next;
    const char *key; /* In the arena: a table may be gone when settings are finished. */
};

bool stoa__settings_know(stoa__settings *settings, const char *key)
{
    struct stoa__settings_known *known;

    for (known = settings->known; known; known = known->next)
        if (strcmp(known->key, key) == 0)
            return true;
    known = stoa__arena_alloc(&settings->arena, sizeof *known);
    if (!known)
        return false;
    known->key = stoa__arena_copy_text(&settings->arena, key, strlen(key));
    if (!known->key)
        return false;
    known->next = settings->known;
    settings->known = known;
    return true;
}

static stoa_status fail_unknown(const stoa__settings *settings, const char *what,
                                const char *key, stoa_error *err)
{
    stoa__nearest nearest = stoa__nearest_start(key, strlen(key));

    for (struct stoa__settings_known *known = settings->known; known; known = known->next)
        stoa__nearest_offer(&nearest, known->key, strlen(known->key));
    if (!nearest.best)
        return stoa__fail(err, STOA_ERR_INVALID, "%s: unknown setting '%s'", what, key);
    return stoa__fail(err, STOA_ERR_INVALID,
                      "%s: unknown setting '%s' (did you mean '%s'?)", what, key,
                      nearest.best);
}

stoa_status stoa__settings_finish(stoa__settings *settings, const char *what,
                                  stoa_error *err)
{
    for (size_t i = 0; i < settings->count; i++)
        if (!settings->entries[i].used)
            return fail_unknown(settings, what, settings->entries[i].key, err);
    return STOA_OK;
}

bool stoa__setting_is_secret(const char *key, size_t size)
{
    static const char *const words[] = {"password", "passwd", "pwd",  "token",     "secret",
                                        "key",      "auth",   "cred", "passphrase"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t word_size = strlen(words[i]);

        for (size_t at = 0; at + word_size <= size; at++) {
            size_t same = 0;

            /* Setting bit 5 makes ASCII letters small. */
            while (same < word_size && (key[at + same] | 0x20) == words[i][same])
                same++;
            if (same == word_size)
                return true;
        }
    }
    return false;
}

void stoa__settings_release(stoa__settings *settings)
{
    stoa__arena_release(&settings->arena);
    *settings = (stoa__settings){0};
}
