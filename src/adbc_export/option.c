/* SPDX-License-Identifier: Apache-2.0 */
/* Options as they were given: text, bytes, integers or doubles under a key, and what they are read
 * as. */
#include "adbc_export/parts.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#include "base/ban.h"

const char *stoa__driver_key_behind(const char *key, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(key, prefix, size) == 0 ? key + size : NULL;
}

/* ---- the list ---- */

static struct driver_setting *find(struct driver_setting *list, const char *key)
{
    while (list && strcmp(list->key, key) != 0)
        list = list->next;
    return list;
}

static void *copy_bytes(const struct driver_value *value)
{
    bool has = value->type == DRIVER_TEXT || value->type == DRIVER_BYTES;

    return stoa__copy_text(has ? value->bytes : "", has ? value->size : 0);
}

static void free_bytes(struct driver_value *value)
{
    union {
        const void *given;
        void *own;
    } bytes = {.given = value->bytes};

    stoa__free(bytes.own);
}

static struct driver_setting *add(struct driver_setting **list, const char *key)
{
    struct driver_setting *setting = stoa__alloc_zero(1, sizeof *setting);

    if (setting)
        setting->key = stoa__copy_text(key, strlen(key));
    if (!setting || !setting->key) {
        stoa__free(setting);
        return NULL;
    }
    setting->next = *list;
    *list = setting;
    return setting;
}

stoa_status stoa__driver_settings_put(struct driver_setting **list, const char *key,
                                      const struct driver_value *value, stoa_error *err)
{
    struct driver_setting *setting = find(*list, key);
    void *bytes = copy_bytes(value);

    if (bytes && !setting)
        setting = add(list, key);
    if (!bytes || !setting) {
        stoa__free(bytes);
        return stoa__fail_nomem(err);
    }
    free_bytes(&setting->value);
    setting->value = *value;
    setting->value.bytes = bytes;
    return STOA_OK;
}

const struct driver_value *stoa__driver_settings_find(const struct driver_setting *list,
                                                      const char *key)
{
    for (; list; list = list->next)
        if (strcmp(list->key, key) == 0)
            return &list->value;
    return NULL;
}

const char *stoa__driver_settings_text(const struct driver_setting *list, const char *key)
{
    const struct driver_value *value = stoa__driver_settings_find(list, key);

    return value && value->type == DRIVER_TEXT ? value->bytes : NULL;
}

void stoa__driver_settings_drop(struct driver_setting **list, const char *prefix)
{
    while (*list) {
        struct driver_setting *setting = *list;

        if (!stoa__driver_key_behind(setting->key, prefix)) {
            list = &setting->next;
            continue;
        }
        *list = setting->next;
        free_bytes(&setting->value);
        stoa__free(setting->key);
        stoa__free(setting);
    }
}

/* ---- values ---- */

void stoa__driver_room_text(struct driver_room *room, const char *text)
{
    size_t size = strlen(text);

    if (size >= sizeof room->text)
        size = stoa__text_repair(memcpy(room->text, text, sizeof room->text),
                                 sizeof room->text - 1, true);
    else
        memcpy(room->text, text, size);
    room->text[size] = '\0';
    room->value = (struct driver_value){DRIVER_TEXT, room->text, size, 0, 0};
}

void stoa__driver_room_int(struct driver_room *room, int64_t value)
{
    room->value = (struct driver_value){.type = DRIVER_INT, .integer = value};
}

/* Digits, perhaps behind a minus. */
static bool read_int(const char *text, int64_t *out)
{
    bool minus = *text == '-';
    int64_t value = 0;

    text += minus;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *text - '0', &value))
            return false;
    }
    if (!minus && value == INT64_MIN)
        return false;
    *out = minus ? value : -value;
    return true;
}

bool stoa__driver_value_int(const struct driver_value *value, int64_t *out)
{
    if (value->type == DRIVER_TEXT)
        return read_int(value->bytes, out);
    *out = value->integer;
    return value->type == DRIVER_INT;
}

bool stoa__driver_value_bool(const struct driver_value *value, bool *out)
{
    if (value->type != DRIVER_TEXT)
        return false;
    *out = strcmp(value->bytes, "true") == 0;
    return *out || strcmp(value->bytes, "false") == 0;
}

/* ---- for calls ---- */

static const char *value_text(const struct driver_value *value, stoa__arena *texts)
{
    char text[64];

    if (value->type == DRIVER_INT)
        snprintf(text, sizeof text, "%lld", (long long)value->integer);
    else if (value->type == DRIVER_DOUBLE)
        snprintf(text, sizeof text, "%.17g", value->real);
    else
        return stoa__arena_copy_text(texts, value->bytes, value->size);
    return stoa__arena_copy_text(texts, text, strlen(text));
}

void stoa__driver_options_add(struct driver_options *options, const char *key,
                              const char *value)
{
    for (int64_t i = 0; i < options->count; i++)
        if (strcmp(options->list[i].key, key) == 0) {
            options->list[i].value = value;
            return;
        }
    options->list[options->count++] = (stoa_option){key, value};
}

stoa_status stoa__driver_options_make(const struct driver_setting *list, const char *prefix,
                                      struct driver_options *out, stoa_error *err)
{
    size_t count = 8; /* For what the caller adds. */

    *out = (struct driver_options){0};
    for (const struct driver_setting *at = list; at; at = at->next)
        count++;
    out->list = stoa__arena_alloc_zero(&out->texts, count, sizeof *out->list);
    for (; out->list && list; list = list->next) {
        const char *key = stoa__driver_key_behind(list->key, prefix);
        const char *value;

        if (!key)
            continue;
        key = stoa__arena_copy_text(&out->texts, key, strlen(key));
        value = value_text(&list->value, &out->texts);
        if (!key || !value) {
            out->list = NULL;
            break;
        }
        out->list[out->count++] = (stoa_option){key, value};
    }
    if (out->list)
        return STOA_OK;
    stoa__driver_options_release(out);
    return stoa__fail_nomem(err);
}

void stoa__driver_options_release(struct driver_options *options)
{
    stoa__arena_release(&options->texts);
    *options = (struct driver_options){0};
}
