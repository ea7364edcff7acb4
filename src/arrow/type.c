/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/type.h"

#include "arrow/format.h"
#include "arrow/path.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/limits.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* What one schema has used up of its bounds. */
struct parse {
    stoa__arena *arena;
    int64_t node_count; /* Children, counted before any of them is looked at. */
    int64_t byte_count; /* Names, formats, metadata. */
    stoa_error *err;
};

typedef struct stoa__arrow_path path;

#define FAIL(code, ...) stoa__arrow_fail(at, "schema", parse->err, code, __VA_ARGS__)

enum { DICTIONARY = -1 }; /* Its place among its siblings: there is no other. */

static stoa_status parse_node(struct parse *parse, const struct ArrowSchema *schema,
                              const path *up, int64_t index,
                              struct stoa__arrow_type *type);

/* Copy into the arena, within the bound of the whole schema. */
static stoa_status keep(struct parse *parse, const path *at, const char *bytes,
                        size_t size, const char **out)
{
    parse->byte_count += (int64_t)size;
    if (parse->byte_count > STOA__ARROW_SCHEMA_BYTES_MAX)
        return FAIL(STOA_ERR_INVALID,
                    "names and metadata of the schema are larger than %d bytes",
                    (int)STOA__ARROW_SCHEMA_BYTES_MAX);
    *out = stoa__arena_copy_text(parse->arena, bytes, size);
    return *out ? STOA_OK : stoa__fail_nomem(parse->err);
}

static stoa_status parse_name(struct parse *parse, const path *at, const char *name,
                              const char **out)
{
    const size_t size = name ? strnlen(name, STOA__NAME_BYTES_MAX + 1) : 0;

    if (size > STOA__NAME_BYTES_MAX)
        return FAIL(STOA_ERR_INVALID, "the name is longer than %d bytes",
                    (int)STOA__NAME_BYTES_MAX);
    if (size > 0 && stoa__utf8_check(name, size) != size)
        return FAIL(STOA_ERR_INVALID, "the name is not valid UTF-8");
    return keep(parse, at, size > 0 ? name : "", size, out);
}

static stoa_status parse_format(struct parse *parse, const path *at, const char *format,
                                struct stoa__arrow_type *type, int32_t *child_count)
{
    const char *problem = NULL;
    size_t size;
    stoa_status rc;

    if (!format)
        return FAIL(STOA_ERR_INVALID, "the format is NULL");
    size = strnlen(format, STOA__ARROW_FORMAT_BYTES_MAX + 1);
    if (size > STOA__ARROW_FORMAT_BYTES_MAX)
        return FAIL(STOA_ERR_TYPE, "the format is longer than %d bytes",
                    (int)STOA__ARROW_FORMAT_BYTES_MAX);
    rc = stoa__arrow_format_parse(format, size, parse->arena, type, child_count,
                                  &problem);
    if (rc == STOA_ERR_TYPE)
        return FAIL(STOA_ERR_TYPE, "format '%.64s': %s", format, problem);
    if (rc != STOA_OK)
        return stoa__fail_nomem(parse->err);
    return keep(parse, at, format, size, &type->format);
}

/* A count or a size of the metadata at *position; false when it would lead past the bound. */
static bool metadata_number(const char *metadata, int64_t *position, int32_t max,
                            int32_t *out)
{
    if (*position + 4 > STOA__METADATA_BYTES_MAX)
        return false;
    memcpy(out, metadata + *position, sizeof(*out));
    *position += 4;
    return *out >= 0 && *out <= max && *position + *out <= STOA__METADATA_BYTES_MAX;
}

/* Its size is only known by walking it. Never looks behind STOA__METADATA_BYTES_MAX. */
static bool metadata_size(const char *metadata, int32_t *size)
{
    int64_t position = 0;
    int32_t count = 0, text = 0;

    if (!metadata_number(metadata, &position, STOA__METADATA_COUNT_MAX, &count))
        return false;
    for (int64_t i = 0; i < 2 * (int64_t)count; i++) {
        if (!metadata_number(metadata, &position, STOA__METADATA_BYTES_MAX, &text))
            return false;
        position += text;
    }
    *size = (int32_t)position;
    return true;
}

static stoa_status metadata_text(struct parse *parse, const path *at, const char *metadata,
                                 const char *key, const char **out)
{
    int32_t size = 0;
    const char *value = stoa__arrow_metadata_find(metadata, key, &size);

    if (!value)
        return STOA_OK;
    if (stoa__utf8_check(value, (size_t)size) != (size_t)size)
        return FAIL(STOA_ERR_INVALID, "metadata '%s' is not valid UTF-8", key);
    return keep(parse, at, value, (size_t)size, out);
}

static stoa_status parse_metadata(struct parse *parse, const path *at,
                                  const char *metadata, struct stoa__arrow_type *type)
{
    stoa_status rc;

    if (!metadata)
        return STOA_OK;
    if (!metadata_size(metadata, &type->metadata_size))
        return FAIL(STOA_ERR_INVALID,
                    "the metadata has a negative count or size, more than %d entries or "
                    "more than %d bytes",
                    (int)STOA__METADATA_COUNT_MAX, (int)STOA__METADATA_BYTES_MAX);
    rc = keep(parse, at, metadata, (size_t)type->metadata_size, &type->metadata);
    if (rc == STOA_OK)
        rc = metadata_text(parse, at, type->metadata, "ARROW:extension:name",
                           &type->extension_name);
    if (rc == STOA_OK)
        rc = metadata_text(parse, at, type->metadata, "ARROW:extension:metadata",
                           &type->extension_data);
    return rc;
}

static stoa_status parse_children(struct parse *parse, const path *at,
                                  const struct ArrowSchema *schema, int32_t expected,
                                  struct stoa__arrow_type *type)
{
    const int64_t count = schema->n_children;
    stoa_status rc = STOA_OK;

    if (count < 0 || count > STOA__COLUMN_COUNT_MAX)
        return FAIL(STOA_ERR_INVALID, "%lld children are outside 0 to %d",
                    (long long)count, (int)STOA__COLUMN_COUNT_MAX);
    if (expected >= 0 && count != expected)
        return FAIL(STOA_ERR_TYPE, "format '%s' has %lld children instead of %d",
                    type->format, (long long)count, (int)expected);
    if (count == 0)
        return STOA_OK;
    if (!schema->children)
        return FAIL(STOA_ERR_INVALID, "the list of children is NULL");
    parse->node_count += count;
    if (parse->node_count > STOA__ARROW_NODE_COUNT_MAX)
        return FAIL(STOA_ERR_INVALID, "the schema has more than %d fields",
                    (int)STOA__ARROW_NODE_COUNT_MAX);
    type->children = stoa__arena_alloc_zero(parse->arena, (size_t)count,
                                            sizeof(type->children[0]));
    if (!type->children)
        return stoa__fail_nomem(parse->err);
    type->child_count = (int32_t)count;
    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++)
        rc = parse_node(parse, schema->children[i], at, i, &type->children[i]);
    return rc;
}

static stoa_status parse_dictionary(struct parse *parse, const path *at,
                                    const struct ArrowSchema *schema,
                                    struct stoa__arrow_type *type)
{
    if (!schema->dictionary)
        return STOA_OK;
    if (type->kind < STOA__ARROW_INT8 || type->kind > STOA__ARROW_UINT64)
        return FAIL(STOA_ERR_TYPE, "a dictionary's index has format '%s', not an integer",
                    type->format);
    type->dictionary =
        stoa__arena_alloc_zero(parse->arena, 1, sizeof(*type->dictionary));
    if (!type->dictionary)
        return stoa__fail_nomem(parse->err);
    return parse_node(parse, schema->dictionary, at, DICTIONARY, type->dictionary);
}

/* Rules between a nested type and its children. */
static stoa_status check_children(struct parse *parse, const path *at,
                                  const struct stoa__arrow_type *type)
{
    const struct stoa__arrow_type *first = type->children;

    if (type->kind == STOA__ARROW_MAP) {
        if (first->kind != STOA__ARROW_STRUCT || first->child_count != 2)
            return FAIL(STOA_ERR_TYPE,
                        "a map's child is not a struct of a key and a value");
        if (first->children[0].nullable)
            return FAIL(STOA_ERR_TYPE, "a map's key is nullable");
    }
    if (type->kind == STOA__ARROW_RUN_END &&
        ((first->kind != STOA__ARROW_INT16 && first->kind != STOA__ARROW_INT32 &&
          first->kind != STOA__ARROW_INT64) ||
         first->dictionary))
        return FAIL(STOA_ERR_TYPE, "run ends are not int16, int32 or int64");
    return STOA_OK;
}

static stoa_status parse_node(struct parse *parse, const struct ArrowSchema *schema,
                              const path *up, int64_t index,
                              struct stoa__arrow_type *type)
{
    const char *label = index == DICTIONARY ? "dictionary" : NULL;
    path link = up ? stoa__arrow_path_below(up, label, index) : (path){0};
    const path *at = &link;
    int32_t child_count = 0;
    stoa_status rc;

    if (!schema)
        return FAIL(STOA_ERR_INVALID, "the schema is NULL");
    if (!schema->release)
        return FAIL(STOA_ERR_INVALID, "the schema is released");
    if (link.depth > STOA__DEPTH_MAX)
        return FAIL(STOA_ERR_INVALID, "types are nested deeper than %d",
                    (int)STOA__DEPTH_MAX);
    rc = parse_name(parse, at, schema->name, &type->name);
    if (rc != STOA_OK)
        return rc;
    if (!label)
        link.name = type->name;
    rc = parse_format(parse, at, schema->format, type, &child_count);
    if (rc == STOA_OK)
        rc = parse_metadata(parse, at, schema->metadata, type);
    if (rc != STOA_OK)
        return rc;
    type->nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    type->map_keys_sorted = (schema->flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0;
    type->dictionary_ordered = (schema->flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
    rc = parse_children(parse, at, schema, child_count, type);
    if (rc == STOA_OK)
        rc = check_children(parse, at, type);
    if (rc == STOA_OK)
        rc = parse_dictionary(parse, at, schema, type);
    return rc;
}

stoa_status stoa__arrow_type_parse(const struct ArrowSchema *schema, stoa__arena *arena,
                                   struct stoa__arrow_type **out, stoa_error *err)
{
    struct parse parse = {arena, 0, 0, err};
    struct stoa__arrow_type *type;
    stoa_status rc;

    assert(arena && out);
    *out = NULL;
    type = stoa__arena_alloc_zero(arena, 1, sizeof(*type));
    if (!type)
        return stoa__fail_nomem(err);
    rc = parse_node(&parse, schema, NULL, 0, type);
    if (rc == STOA_OK)
        *out = type;
    return rc;
}

stoa_status stoa__arrow_type_simple(const char *format, const char *name, bool nullable,
                                    stoa__arena *arena, struct stoa__arrow_type **out,
                                    stoa_error *err)
{
    struct parse context = {arena, 0, 0, err}, *parse = &context;
    const path root = {0}, *at = &root;
    struct stoa__arrow_type *type;
    int32_t child_count = 0;
    stoa_status rc;

    assert(format && arena && out);
    *out = NULL;
    type = stoa__arena_alloc_zero(arena, 1, sizeof(*type));
    if (!type)
        return stoa__fail_nomem(err);
    rc = parse_name(parse, at, name, &type->name);
    if (rc == STOA_OK)
        rc = parse_format(parse, at, format, type, &child_count);
    if (rc != STOA_OK)
        return rc;
    if (type->kind >= STOA__ARROW_LIST)
        return FAIL(STOA_ERR_TYPE, "format '%s' is nested", type->format);
    type->nullable = nullable;
    *out = type;
    return STOA_OK;
}

const char *stoa__arrow_metadata_find(const char *metadata, const char *key,
                                      int32_t *size)
{
    const size_t key_size = strlen(key);
    int32_t count = 0;

    assert(key && size);
    *size = 0;
    if (!metadata)
        return NULL;
    memcpy(&count, metadata, sizeof(count));
    metadata += sizeof(count);
    for (int32_t i = 0; i < count; i++) {
        int32_t sizes[2];
        const char *name = metadata + sizeof(sizes[0]);

        memcpy(&sizes[0], metadata, sizeof(sizes[0]));
        memcpy(&sizes[1], name + sizes[0], sizeof(sizes[1]));
        metadata = name + sizes[0] + sizeof(sizes[1]);
        if ((size_t)sizes[0] == key_size && memcmp(name, key, key_size) == 0) {
            *size = sizes[1];
            return metadata;
        }
        metadata += sizes[1];
    }
    return NULL;
}
