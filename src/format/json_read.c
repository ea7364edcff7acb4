/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/hash.h"
#include "text/identifier.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

static void jsonl_end(stoa__reader *reader)
{
    stoa__jsonl *jsonl = (stoa__jsonl *)reader;

    stoa__reader_release(reader);
    stoa__free(jsonl);
}

static stoa_status read_settings(stoa__jsonl *jsonl, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"nested", STOA__SETTING_CHOICE, offsetof(struct stoa__jsonl_settings, nested), 0, 0,
         "struct|json", false},
        {"unknown", STOA__SETTING_CHOICE, offsetof(struct stoa__jsonl_settings, unknown), 0, 0,
         "refuse|ignore", false},
    };
    stoa_status rc = stoa__settings_read(&jsonl->reader.options, "jsonl", table,
                                         sizeof table / sizeof *table, &jsonl->settings, err);

    return rc == STOA_OK ? stoa__settings_finish(&jsonl->reader.options, "jsonl", err) : rc;
}

/* ---- columns by name ---- */

/* The same for names that differ in ASCII case alone. */
static uint64_t hash_name(const uint8_t *name, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++) {
        const uint8_t c = name[i];

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32U : c)) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

int32_t stoa__jsonl_find(const stoa__jsonl *jsonl, const uint8_t *name, size_t size)
{
    const struct stoa__json_names *names = &jsonl->names;
    size_t slot = (size_t)hash_name(name, size) & (names->slot_count - 1);

    for (;; slot = (slot + 1) & (names->slot_count - 1)) {
        const int32_t index = names->slots[slot];

        if (index < 0)
            return -1;
        if (names->sizes[index] == size &&
            (memcmp(jsonl->reader.type->children[index].name, name, size) == 0 ||
             (jsonl->reader.origins[index].given &&
              stoa__name_is((const char *)name, size,
                            jsonl->reader.type->children[index].name))))
            return index;
    }
}

static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (*name == '"' || *name == '\\' || (uint8_t)*name < 0x20)
            return false;
    return true;
}

static stoa_status index_names(stoa__jsonl *jsonl, stoa_error *err)
{
    struct stoa__json_names *names = &jsonl->names;
    const int32_t count = jsonl->reader.type->child_count;
    stoa__arena *arena = &jsonl->reader.arena;

    names->slot_count = 16;
    while (names->slot_count < 2 * (size_t)count + 1)
        names->slot_count *= 2;
    names->slots = stoa__arena_alloc_zero(arena, names->slot_count, sizeof *names->slots);
    names->sizes = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *names->sizes);
    names->plain = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *names->plain);
    if (!names->slots || !names->sizes || !names->plain)
        return stoa__fail_nomem(err);
    memset(names->slots, 0xff, names->slot_count * sizeof *names->slots);
    for (int32_t i = 0; i < count; i++) {
        const char *name = jsonl->reader.type->children[i].name;
        size_t slot;

        names->sizes[i] = strlen(name);
        names->plain[i] = is_plain(name);
        slot = (size_t)hash_name((const uint8_t *)name, names->sizes[i]);
        for (slot &= names->slot_count - 1; names->slots[slot] >= 0;)
            slot = (slot + 1) & (names->slot_count - 1);
        names->slots[slot] = i;
    }
    return STOA_OK;
}

/* The sample must hold a whole line. */
static stoa_status look(stoa__jsonl *jsonl, stoa__call *call, stoa_error *err)
{
    stoa__chunks *chunks = &jsonl->reader.chunks;
    bool all = false;
    stoa_status rc = stoa__reader_sample(&jsonl->reader, call, &all, err);

    while (rc == STOA_OK && !all && !memchr(chunks->rest.data, '\n', chunks->rest.size)) {
        if (chunks->rest.size > (size_t)chunks->record_size)
            return stoa__fail(err, STOA_ERR_FULL,
                              "%s, line 1 is longer than record_size allows (%lld bytes)",
                              chunks->source.name, (long long)chunks->record_size);
        rc = stoa__chunks_sample(chunks, call, 2 * chunks->rest.size, &all, err);
    }
    if (rc == STOA_OK)
        rc = stoa__jsonl_infer(jsonl, chunks->rest.data, chunks->rest.size, all, err);
    return rc == STOA_OK ? index_names(jsonl, err) : rc;
}

stoa_status stoa_jsonl_open(stoa_op op, const stoa_source *source,
                            const struct ArrowSchema *target, const stoa_option *options,
                            int64_t option_count, struct ArrowArrayStream *out, stoa_error *err)
{
    stoa__reader *reader = NULL;
    stoa__jsonl *jsonl;
    stoa__call call = {0};
    stoa_status rc;

    if (out)
        *out = (struct ArrowArrayStream){0};
    rc = stoa__reader_open(op, source, target, options, option_count, out, sizeof *jsonl, &call,
                           &reader, err);
    if (rc != STOA_OK)
        return rc;
    jsonl = (stoa__jsonl *)reader;
    reader->format = &stoa__jsonl_format;
    reader->end = jsonl_end;
    rc = read_settings(jsonl, err);
    if (rc == STOA_OK)
        rc = look(jsonl, &call, err);
    if (rc == STOA_OK)
        rc = stoa__reader_export(reader, &call, out, err);
    if (rc != STOA_OK)
        jsonl_end(reader);
    stoa__call_end(&call);
    return rc;
}
