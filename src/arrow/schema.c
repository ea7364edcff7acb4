/* SPDX-License-Identifier: Apache-2.0 */
/* Owned ArrowSchemas. Each node is one allocation, so that a consumer may move any of them out of
 * its parent:
 *
 *   | child pointers | child structs | dictionary struct | format \0 | name \0 | metadata |
 */
#include "arrow/array.h"

#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static void release_node(struct ArrowSchema *schema)
{
    assert(schema->release == release_node);
    for (int64_t i = 0; i < schema->n_children; i++)
        stoa__schema_release(schema->children[i]);
    stoa__schema_release(schema->dictionary);
    stoa__free(schema->private_data);
    memset(schema, 0, sizeof(*schema));
}

void stoa__schema_release(struct ArrowSchema *schema)
{
    if (schema && schema->release)
        schema->release(schema);
}

void stoa_schema_release(struct ArrowSchema *schema)
{
    stoa__schema_release(schema);
}

static char *place_text(char **at, const char *text, size_t size)
{
    char *start = *at;

    memcpy(start, text, size);
    *at += size;
    return start;
}

static int64_t flags_of(const struct stoa__arrow_type *type)
{
    return (type->nullable ? ARROW_FLAG_NULLABLE : 0) |
           (type->map_keys_sorted ? ARROW_FLAG_MAP_KEYS_SORTED : 0) |
           (type->dictionary_ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0);
}

/* One node whose children and dictionary are still released. */
static stoa_status node_init(struct ArrowSchema *schema,
                             const struct stoa__arrow_type *type, stoa_error *err)
{
    const size_t count = (size_t)type->child_count;
    const size_t format_size = strlen(type->format) + 1;
    const size_t name_size = strlen(type->name) + 1;
    const size_t metadata_size = type->metadata ? (size_t)type->metadata_size : 0;
    /* Bounded by parse: no overflow. */
    const size_t nodes_size = count * (sizeof(struct ArrowSchema *) + sizeof(*schema)) +
                              (type->dictionary ? sizeof(*schema) : 0);
    struct ArrowSchema *nodes;
    char *piece, *text;

    piece = stoa__alloc_zero(1, nodes_size + format_size + name_size + metadata_size);
    if (!piece)
        return stoa__fail_nomem(err);
    text = piece + nodes_size;
    schema->private_data = piece;
    schema->children = count > 0 ? schema->private_data : NULL;
    nodes = (void *)(piece + count * sizeof(struct ArrowSchema *));
    for (size_t i = 0; i < count; i++)
        schema->children[i] = &nodes[i];
    schema->dictionary = type->dictionary ? &nodes[count] : NULL;
    schema->n_children = type->child_count;
    schema->flags = flags_of(type);
    schema->format = place_text(&text, type->format, format_size);
    schema->name = place_text(&text, type->name, name_size);
    if (type->metadata)
        schema->metadata = place_text(&text, type->metadata, metadata_size);
    schema->release = release_node;
    return STOA_OK;
}

/* On failure what is there is released by the caller, at the root. */
static stoa_status export_node(const struct stoa__arrow_type *type,
                               struct ArrowSchema *schema, stoa_error *err)
{
    stoa_status rc = node_init(schema, type, err);

    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++)
        rc = export_node(&type->children[i], schema->children[i], err);
    if (rc == STOA_OK && type->dictionary)
        rc = export_node(type->dictionary, schema->dictionary, err);
    return rc;
}

stoa_status stoa__arrow_type_export(const struct stoa__arrow_type *type,
                                    struct ArrowSchema *out, stoa_error *err)
{
    stoa_status rc;

    assert(type && out);
    memset(out, 0, sizeof(*out));
    rc = export_node(type, out, err);
    if (rc != STOA_OK)
        stoa__schema_release(out);
    return rc;
}

/* By way of a schema, which copies all there is. */
stoa_status stoa__arrow_type_copy(const struct stoa__arrow_type *type, stoa__arena *arena,
                                  struct stoa__arrow_type **out, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_status rc = stoa__arrow_type_export(type, &schema, err);

    *out = NULL;
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&schema, arena, out, err);
    stoa__schema_release(&schema);
    return rc;
}

const struct stoa__arrow_type *stoa__arrow_type_values(const struct stoa__arrow_type *type)
{
    for (;;) {
        if (type->dictionary)
            type = type->dictionary;
        else if (type->kind == STOA__ARROW_RUN_END)
            type = &type->children[1];
        else
            return type;
    }
}

stoa_status stoa_schema_copy(const struct ArrowSchema *schema, struct ArrowSchema *out,
                             stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    if (out == schema)
        return stoa__fail(err, STOA_ERR_INVALID, "out is the schema itself");
    memset(out, 0, sizeof(*out));
    rc = stoa__arrow_type_parse(schema, &arena, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, out, err);
    stoa__arena_release(&arena);
    return rc;
}
