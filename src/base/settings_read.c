/* SPDX-License-Identifier: Apache-2.0 */
/* Texts to typed values, by table. */
#include "base/error.h"
#include "base/nearest.h"
#include "base/settings_parts.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* A value as its type; which member counts, the type says. */
union value {
    bool boolean;
    int32_t choice;
    int64_t number;
    const char *text;
};

static bool is_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1", NULL};
    static const char *const no[] = {"false", "no", "off", "0", NULL};

    *out = is_word(text, yes);
    return *out || is_word(text, no);
}

/* Digits, with a '-' before them or not; `end` is what follows. */
static bool parse_number(const char *text, int64_t *out, const char **end)
{
    const char *at = text[0] == '-' ? text + 1 : text;
    int64_t value = 0;

    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        int64_t digit = text[0] == '-' ? '0' - *at : *at - '0';

        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    *end = at;
    return true;
}

static bool parse_int(const char *text, int64_t *out)
{
    const char *end;

    return parse_number(text, out, &end) && *end == '\0';
}

struct unit {
    const char *name;
    int64_t factor;
};

static bool parse_with_unit(const char *text, const struct unit *units, int64_t *out)
{
    const char *end;

    if (!parse_number(text, out, &end))
        return false;
    for (; units->name; units++)
        if (strcmp(end, units->name) == 0)
            return !__builtin_mul_overflow(*out, units->factor, out);
    return false;
}

static bool parse_size(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"", 1},        {"k", 1 << 10}, {"K", 1 << 10}, {"m", 1 << 20},
        {"M", 1 << 20}, {"g", 1 << 30}, {"G", 1 << 30}, {NULL, 0},
    };

    return parse_with_unit(text, units, out);
}

static bool parse_duration(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {NULL, 0},
    };

    *out = -1;
    if (strcmp(text, "none") == 0 || strcmp(text, "-1") == 0)
        return true;
    return text[0] != '-' && parse_with_unit(text, units, out);
}

/* One name of "a|b|c". */
static size_t choice_size(const char *at)
{
    return strcspn(at, "|");
}

static bool parse_choice(const char *text, const char *choices, int32_t *out)
{
    size_t size = strlen(text);
    const char *at = choices;

    for (int32_t index = 0;; index++) {
        size_t name_size = choice_size(at);

        if (name_size == size && memcmp(at, text, size) == 0) {
            *out = index;
            return true;
        }
        if (at[name_size] == '\0')
            return false;
        at += name_size + 1;
    }
}

static bool within(const struct stoa__setting *setting, int64_t number)
{
    return number >= setting->min && number <= setting->max;
}

static bool parse(const struct stoa__setting *setting, const char *text, union value *out)
{
    *out = (union value){.number = 0};
    switch (setting->type) {
    case STOA__SETTING_BOOL:
        return parse_bool(text, &out->boolean);
    case STOA__SETTING_INT:
        return parse_int(text, &out->number) && within(setting, out->number);
    case STOA__SETTING_SIZE:
        return parse_size(text, &out->number) && within(setting, out->number);
    case STOA__SETTING_DURATION:
        return parse_duration(text, &out->number);
    case STOA__SETTING_TEXT:
        out->text = text;
        return true;
    case STOA__SETTING_CHOICE:
        return parse_choice(text, setting->choices, &out->choice);
    }
    return false;
}

static void write_value(const struct stoa__setting *setting, const union value *value,
                        void *target)
{
    char *field = (char *)target + setting->offset;

    switch (setting->type) {
    case STOA__SETTING_BOOL:
        memcpy(field, &value->boolean, sizeof value->boolean);
        break;
    case STOA__SETTING_INT:
    case STOA__SETTING_SIZE:
    case STOA__SETTING_DURATION:
        memcpy(field, &value->number, sizeof value->number);
        break;
    case STOA__SETTING_TEXT:
        memcpy(field, &value->text, sizeof value->text);
        break;
    case STOA__SETTING_CHOICE:
        memcpy(field, &value->choice, sizeof value->choice);
        break;
    }
}

/* What is allowed, in words. */
static stoa_status fail_type(const char *what, const struct stoa__setting *setting,
                             stoa_error *err)
{
    const char *key = setting->key;

    switch (setting->type) {
    case STOA__SETTING_BOOL:
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s: the setting '%s' must be true or false", what, key);
    case STOA__SETTING_INT:
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s: the setting '%s' must be a whole number from %lld to %lld",
                          what, key, (long long)setting->min, (long long)setting->max);
    case STOA__SETTING_SIZE:
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "%s: the setting '%s' must be a size such as 4096, 64k or 16M, from "
            "%lld to %lld bytes",
            what, key, (long long)setting->min, (long long)setting->max);
    case STOA__SETTING_DURATION:
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "%s: the setting '%s' must be a time such as 250ms, 2s, 5min or 1h, "
            "or none",
            what, key);
    case STOA__SETTING_CHOICE:
        return stoa__fail(err, STOA_ERR_INVALID, "%s: the setting '%s' must be one of %s",
                          what, key, setting->choices);
    case STOA__SETTING_TEXT:
        break;
    }
    return stoa__fail(err, STOA_ERR_INTERNAL, "%s: the setting '%s' has no such type",
                      what, key);
}

static void suggest_choice(const char *text, const char *choices, stoa_error *err)
{
    stoa__nearest nearest = stoa__nearest_start(text, strlen(text));

    for (const char *at = choices;; at += choice_size(at) + 1) {
        stoa__nearest_offer(&nearest, at, choice_size(at));
        if (at[choice_size(at)] == '\0')
            break;
    }
    if (nearest.best)
        stoa__error_append(err, "did you mean '%.*s'?", (int)nearest.best_size,
                           nearest.best);
}

static stoa_status fail_value(const char *what, const struct stoa__setting *setting,
                              const char *text, stoa_error *err)
{
    stoa_status rc = fail_type(what, setting, err);

    if (setting->secret)
        return rc;
    stoa__error_append(err, "it is '%.100s'", text);
    if (setting->type == STOA__SETTING_CHOICE)
        suggest_choice(text, setting->choices, err);
    return rc;
}

/* All values are looked at before the first is written. */
stoa_status stoa__settings_read(stoa__settings *settings, const char *what,
                                const struct stoa__setting *table, size_t table_count,
                                void *target, stoa_error *err)
{
    union value value;

    for (size_t i = 0; i < table_count; i++) {
        struct stoa__settings_entry *entry = stoa__settings_find(settings, table[i].key);

        if (!stoa__settings_know(settings, table[i].key))
            return stoa__fail_nomem(err);
        if (entry && !parse(&table[i], entry->value, &value))
            return fail_value(what, &table[i], entry->value, err);
    }
    for (size_t i = 0; i < table_count; i++) {
        struct stoa__settings_entry *entry = stoa__settings_find(settings, table[i].key);

        if (!entry || !parse(&table[i], entry->value, &value))
            continue;
        write_value(&table[i], &value, target);
        entry->used = true;
    }
    return STOA_OK;
}
