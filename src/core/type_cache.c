/* SPDX-License-Identifier: Apache-2.0 */
#include "core/type_cache.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Byte by byte: equal bytes have led to equal lengths, so the foreign text is never read beyond
 * the first difference or its end. */
static bool same_metadata(const char *foreign, const struct stoa__arrow_type *type)
{
    if (!foreign || !type->metadata)
        return !foreign && !type->metadata;
    for (int32_t i = 0; i < type->metadata_size; i++)
        if (foreign[i] != type->metadata[i])
            return false;
    return true;
}

/* Recursion follows the parsed type, whose depth is bounded. */
static bool same(const struct ArrowSchema *schema, const struct stoa__arrow_type *type)
{
    if (!schema || !schema->release || !schema->format ||
        !same_text(schema->format, type->format) ||
        !same_text(schema->name, type->name) ||
        ((schema->flags & ARROW_FLAG_NULLABLE) != 0) != type->nullable ||
        ((schema->flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0) != type->map_keys_sorted ||
        ((schema->flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0) !=
            type->dictionary_ordered ||
        schema->n_children != type->child_count ||
        !schema->dictionary != !type->dictionary ||
        !same_metadata(schema->metadata, type))
        return false;
    if (type->dictionary && !same(schema->dictionary, type->dictionary))
        return false;
    if (type->child_count > 0 && !schema->children)
        return false;
    for (int32_t i = 0; i < type->child_count; i++)
        if (!same(schema->children[i], &type->children[i]))
            return false;
    return true;
}

stoa_status stoa__type_cache_get(struct stoa__type_cache *cache,
                                 const struct ArrowSchema *schema,
                                 const struct stoa__arrow_type **out, stoa_error *err)
{
    stoa_status rc;

    if (!cache->type || !same(schema, cache->type)) {
        cache->type = NULL;
        stoa__arena_reset(&cache->arena);
        rc = stoa__arrow_type_parse(schema, &cache->arena, &cache->type, err);
        if (rc != STOA_OK)
            return rc;
    }
    if (cache->type->kind != STOA__ARROW_STRUCT)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "schema is not a struct: its format is \"%s\"",
                          cache->type->format);
    *out = cache->type;
    return STOA_OK;
}

void stoa__type_cache_release(struct stoa__type_cache *cache)
{
    stoa__arena_release(&cache->arena);
    cache->type = NULL;
}
