/* SPDX-License-Identifier: Apache-2.0 */
#include "core/type_cache.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdatomic.h>
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

void stoa__type_cache_init(struct stoa__type_cache *cache)
{
    *cache = (struct stoa__type_cache){0};
    stoa__mutex_init(&cache->lock);
}

void stoa__type_cache_release(struct stoa__type_cache *cache)
{
    stoa__known_type_unref(cache->last);
    cache->last = NULL;
    stoa__mutex_release(&cache->lock);
}

void stoa__known_type_unref(struct stoa__known_type *known)
{
    if (!known || atomic_fetch_sub_explicit(&known->references, 1, memory_order_acq_rel) > 1)
        return;
    stoa__arena_release(&known->arena);
    stoa__free(known);
}

static stoa_status parse(const struct ArrowSchema *schema, struct stoa__known_type **out,
                         stoa_error *err)
{
    struct stoa__known_type *const known = stoa__alloc_zero(1, sizeof *known);
    stoa_status rc;

    if (!known)
        return stoa__fail_nomem(err);
    atomic_store_explicit(&known->references, 1, memory_order_relaxed);
    rc = stoa__arrow_type_parse(schema, &known->arena, &known->type, err);
    if (rc == STOA_OK && known->type->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_INVALID, "schema is not a struct: its format is \"%s\"",
                        known->type->format);
    if (rc == STOA_OK)
        *out = known;
    else
        stoa__known_type_unref(known);
    return rc;
}

static struct stoa__known_type *last_of(struct stoa__type_cache *cache)
{
    struct stoa__known_type *known;

    stoa__mutex_lock(&cache->lock);
    known = cache->last;
    if (known)
        atomic_fetch_add_explicit(&known->references, 1, memory_order_relaxed);
    stoa__mutex_unlock(&cache->lock);
    return known;
}

static void remember(struct stoa__type_cache *cache, struct stoa__known_type *known)
{
    struct stoa__known_type *before;

    atomic_fetch_add_explicit(&known->references, 1, memory_order_relaxed);
    stoa__mutex_lock(&cache->lock);
    before = cache->last;
    cache->last = known;
    stoa__mutex_unlock(&cache->lock);
    stoa__known_type_unref(before);
}

stoa_status stoa__type_cache_get(struct stoa__type_cache *cache,
                                 const struct ArrowSchema *schema,
                                 struct stoa__known_type **out, stoa_error *err)
{
    struct stoa__known_type *known = cache ? last_of(cache) : NULL;
    stoa_status rc = STOA_OK;

    *out = NULL;
    if (!known || !same(schema, known->type)) {
        stoa__known_type_unref(known);
        known = NULL;
        rc = parse(schema, &known, err);
        if (rc == STOA_OK && cache)
            remember(cache, known);
    }
    *out = known;
    return rc;
}
