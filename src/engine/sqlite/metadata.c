/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's metadata of a field: int32 count, then key and value, each an int32 size and
 * its bytes. What comes here has been bounded before. */
#include "engine/sqlite/type.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#include "base/ban.h"

static char *put_sized(char *at, const char *bytes, size_t size)
{
    const int32_t count = (int32_t)size;

    memcpy(at, &count, 4);
    if (size > 0)
        memcpy(at + 4, bytes, size);
    return at + 4 + size;
}

/* Copy all entries but those of `key`; answers their count, and moves `*to`. */
static int32_t copy_others(const char *metadata, const char *key, char **to)
{
    int32_t count = 0, kept = 0;
    const char *at = metadata;

    if (!metadata)
        return 0;
    memcpy(&count, at, 4);
    at += 4;
    for (int32_t i = 0; i < count; i++) {
        const char *entry = at;
        int32_t key_size, value_size;

        memcpy(&key_size, at, 4);
        memcpy(&value_size, at + 4 + key_size, 4);
        at += 8 + key_size + value_size;
        if ((size_t)key_size == strlen(key) &&
            memcmp(entry + 4, key, (size_t)key_size) == 0)
            continue;
        memcpy(*to, entry, (size_t)(at - entry));
        *to += at - entry;
        kept++;
    }
    return kept;
}

static size_t metadata_bytes(const char *metadata)
{
    int32_t count = 0, size;
    const char *at = metadata;

    if (!metadata)
        return 4;
    memcpy(&count, at, 4);
    at += 4;
    for (int32_t i = 0; i < 2 * count; i++) {
        memcpy(&size, at, 4);
        at += 4 + size;
    }
    return (size_t)(at - metadata);
}

stoa_status sqlite_metadata_with(const char *metadata, const char *key, const char *value,
                                 size_t value_size, stoa__arena *arena, const char **out,
                                 int32_t *out_size, stoa_error *err)
{
    const size_t size = metadata_bytes(metadata) + 8 + strlen(key) + value_size;
    char *bytes, *at;

    if (size > STOA__METADATA_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "a column's metadata is larger than %d bytes",
                          (int)STOA__METADATA_BYTES_MAX);
    bytes = stoa__arena_alloc(arena, size);
    if (!bytes)
        return stoa__fail_nomem(err);
    at = bytes + 4;
    const int32_t count = copy_others(metadata, key, &at) + 1;

    memcpy(bytes, &count, 4);
    at = put_sized(at, key, strlen(key));
    at = put_sized(at, value, value_size);
    *out = bytes;
    *out_size = (int32_t)(at - bytes);
    return STOA_OK;
}
