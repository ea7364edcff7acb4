/* SPDX-License-Identifier: Apache-2.0 */
/* Schema tables of Arrow's metadata and types. What is read becomes a schema of the C interface,
 * whose parser then bounds it like anybody's. */
#include "format/ipc.h"
#include "format/ipc_types.h"

#include "base/error.h"
#include "base/limits.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct reading {
    stoa__flat *flat;
    stoa__arena *arena;
    struct stoa__ipc_dictionaries *dictionaries;
    int32_t node_count;
    size_t byte_count;  /* Names and metadata: places in a buffer may be pointed to often. */
    stoa__buffer text; /* The format or the metadata being made. */
    stoa_error *err;
};

stoa_status stoa__ipc_corrupt(stoa_error *err)
{
    if (err)
        err->code = STOA_ERR_CORRUPT;
    return STOA_ERR_CORRUPT;
}

static void release_nothing(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static stoa_status fail_metadata(stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_CORRUPT, "its metadata is damaged");
}

/* Keeps a copy, within the bound of a schema. */
static stoa_status keep(struct reading *reading, const char *bytes, size_t size, const char **out)
{
    reading->byte_count += size;
    if (reading->byte_count > STOA__ARROW_SCHEMA_BYTES_MAX)
        return stoa__fail(reading->err, STOA_ERR_FULL,
                          "names and metadata of the schema are larger than %d bytes",
                          (int)STOA__ARROW_SCHEMA_BYTES_MAX);
    *out = stoa__arena_copy_text(reading->arena, bytes, size);
    return *out ? STOA_OK : stoa__fail_nomem(reading->err);
}

static stoa_status put_int(struct reading *reading, const struct stoa__flat_table *type)
{
    const int64_t bits = stoa__flat_int(reading->flat, type, 0, 4, 0);
    const bool is_signed = stoa__flat_int(reading->flat, type, 1, 1, 0) != 0;
    const char *format = bits == 8    ? "cC"
                         : bits == 16 ? "sS"
                         : bits == 32 ? "iI"
                         : bits == 64 ? "lL"
                                      : NULL;

    if (!format)
        return fail_metadata(reading->err);
    return stoa__buffer_append_byte(&reading->text, (uint8_t)format[!is_signed]);
}

/* A letter for the value of field `field`, one of `letters`. */
static stoa_status put_letter(struct reading *reading, const struct stoa__flat_table *type,
                              int field, int64_t otherwise, const char *begin, const char *letters)
{
    const int64_t value = stoa__flat_int(reading->flat, type, field, 2, otherwise);

    if (value < 0 || value >= (int64_t)strlen(letters))
        return fail_metadata(reading->err);
    return stoa__buffer_format(&reading->text, "%s%c", begin, letters[value]);
}

static stoa_status put_decimal(struct reading *reading, const struct stoa__flat_table *type)
{
    const int precision = (int)stoa__flat_int(reading->flat, type, 0, 4, 0);
    const int scale = (int)stoa__flat_int(reading->flat, type, 1, 4, 0);
    const int bits = (int)stoa__flat_int(reading->flat, type, 2, 4, 128);

    return stoa__buffer_format(&reading->text, "d:%d,%d,%d", precision, scale, bits);
}

static stoa_status put_timestamp(struct reading *reading, const struct stoa__flat_table *type)
{
    size_t size = 0;
    const char *zone = stoa__flat_string(reading->flat, type, 1, &size);
    stoa_status rc = put_letter(reading, type, 0, 0, "ts", "smun");

    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(&reading->text, ':');
    if (rc != STOA_OK || !zone)
        return rc;
    if (size > STOA__ARROW_ZONE_BYTES_MAX || (size > 0 && memchr(zone, '\0', size)))
        return fail_metadata(reading->err);
    return stoa__buffer_append(&reading->text, zone, size);
}

/* The ids of a union's children, 0, 1, 2 ... where they are not told. */
static stoa_status put_union(struct reading *reading, const struct stoa__flat_table *type,
                             size_t child_count)
{
    const struct stoa__flat_vector ids = stoa__flat_vector(reading->flat, type, 1, 4);
    stoa_status rc = put_letter(reading, type, 0, 0, "+u", "sd");

    if (rc == STOA_OK && ((ids.at > 0 && ids.count != child_count) || child_count > 128))
        return fail_metadata(reading->err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(&reading->text, ':');
    for (size_t i = 0; rc == STOA_OK && i < child_count; i++) {
        int32_t id = (int32_t)i;

        if (ids.at > 0)
            memcpy(&id, reading->flat->data + ids.at + 4 * i, sizeof id);
        rc = stoa__buffer_format(&reading->text, i > 0 ? ",%d" : "%d", (int)id);
    }
    return rc;
}

/* The format of those types that have parameters; false for the others. */
static bool put_special(struct reading *reading, int64_t id, const struct stoa__flat_table *type,
                        size_t child_count, stoa_status *rc)
{
    switch (id) {
    case STOA__IPC_INT:
        *rc = put_int(reading, type);
        return true;
    case STOA__IPC_FLOAT:
        *rc = put_letter(reading, type, 0, 0, "", "efg");
        return true;
    case STOA__IPC_DECIMAL:
        *rc = put_decimal(reading, type);
        return true;
    case STOA__IPC_DATE:
        *rc = put_letter(reading, type, 0, 1, "td", "Dm");
        return true;
    case STOA__IPC_TIME:
        *rc = put_letter(reading, type, 0, 1, "tt", "smun");
        return true;
    case STOA__IPC_TIMESTAMP:
        *rc = put_timestamp(reading, type);
        return true;
    case STOA__IPC_INTERVAL:
        *rc = put_letter(reading, type, 0, 0, "ti", "MDn");
        return true;
    case STOA__IPC_UNION:
        *rc = put_union(reading, type, child_count);
        return true;
    case STOA__IPC_FIXED_BINARY:
    case STOA__IPC_FIXED_LIST:
        *rc = stoa__buffer_format(&reading->text, id == STOA__IPC_FIXED_LIST ? "+w:%d" : "w:%d",
                                  (int)stoa__flat_int(reading->flat, type, 0, 4, 0));
        return true;
    case STOA__IPC_DURATION:
        *rc = put_letter(reading, type, 0, 1, "tD", "smun");
        return true;
    default:
        return false;
    }
}

static stoa_status read_format(struct reading *reading, int64_t id,
                               const struct stoa__flat_table *type, size_t child_count,
                               const char **out)
{
    static const char *const plain[STOA__IPC_TYPE_COUNT] = {
        [STOA__IPC_NULL] = "n",
        [STOA__IPC_BINARY] = "z",
        [STOA__IPC_UTF8] = "u",
        [STOA__IPC_BOOL] = "b",
        [STOA__IPC_LIST] = "+l",
        [STOA__IPC_STRUCT] = "+s",
        [STOA__IPC_MAP] = "+m",
        [STOA__IPC_LARGE_BINARY] = "Z",
        [STOA__IPC_LARGE_UTF8] = "U",
        [STOA__IPC_LARGE_LIST] = "+L",
        [STOA__IPC_RUN_END] = "+r",
        [STOA__IPC_BINARY_VIEW] = "vz",
        [STOA__IPC_UTF8_VIEW] = "vu",
        [STOA__IPC_LIST_VIEW] = "+vl",
        [STOA__IPC_LARGE_LIST_VIEW] = "+vL",
    };
    stoa_status rc = STOA_OK;

    if (id < STOA__IPC_NULL || id >= STOA__IPC_TYPE_COUNT)
        return stoa__fail(reading->err, STOA_ERR_UNSUPPORTED,
                          "a column is of type number %lld, which is not known here",
                          (long long)id);
    reading->text.size = 0;
    if (!put_special(reading, id, type, child_count, &rc))
        rc = stoa__buffer_append_text(&reading->text, plain[id]);
    if (rc == STOA_ERR_NOMEM)
        return stoa__fail_nomem(reading->err);
    return rc == STOA_OK ? keep(reading, (char *)reading->text.data, reading->text.size, out) : rc;
}

/* Keys and values as the C interface has them, in native order. */
static stoa_status read_metadata(struct reading *reading, const struct stoa__flat_table *owner,
                                 int field, const char **out)
{
    const struct stoa__flat_vector pairs = stoa__flat_vector(reading->flat, owner, field, 4);
    const int32_t count = (int32_t)pairs.count;
    stoa__buffer *text = &reading->text;
    stoa_status rc = STOA_OK;

    if (pairs.count == 0)
        return STOA_OK;
    text->size = 0;
    if (pairs.count <= STOA__METADATA_COUNT_MAX)
        rc = stoa__buffer_append(text, &count, sizeof count);
    for (size_t i = 0; rc == STOA_OK && i < pairs.count && text->size <= STOA__METADATA_BYTES_MAX;
         i++) {
        const struct stoa__flat_table pair = stoa__flat_element(reading->flat, &pairs, i);

        for (int part = 0; rc == STOA_OK && part < 2; part++) {
            size_t size = 0;
            const char *bytes = stoa__flat_string(reading->flat, &pair, part, &size);
            const int32_t narrow = (int32_t)size;

            rc = stoa__buffer_append(text, &narrow, sizeof narrow);
            if (rc == STOA_OK && size > 0)
                rc = stoa__buffer_append(text, bytes, size);
        }
    }
    if (rc != STOA_OK)
        return stoa__fail_nomem(reading->err);
    if (pairs.count > STOA__METADATA_COUNT_MAX || text->size > STOA__METADATA_BYTES_MAX)
        return stoa__fail(reading->err, STOA_ERR_FULL, "the metadata of a column is too large");
    return keep(reading, (char *)text->data, text->size, out);
}

static stoa_status read_field(struct reading *reading, const struct stoa__flat_table *field,
                              int depth, struct ArrowSchema *out);

static stoa_status read_children(struct reading *reading, const struct stoa__flat_vector *fields,
                                 int depth, struct ArrowSchema *out)
{
    struct ArrowSchema *children;
    stoa_status rc = STOA_OK;

    reading->node_count += (int32_t)(fields->count < STOA__ARROW_NODE_COUNT_MAX
                                         ? fields->count
                                         : STOA__ARROW_NODE_COUNT_MAX);
    if (reading->node_count >= STOA__ARROW_NODE_COUNT_MAX || depth > STOA__DEPTH_MAX)
        return stoa__fail(reading->err, STOA_ERR_FULL, "the schema has more than %d columns in "
                          "all, or is deeper than %d",
                          (int)STOA__ARROW_NODE_COUNT_MAX, (int)STOA__DEPTH_MAX);
    if (fields->count == 0)
        return STOA_OK;
    children = stoa__arena_alloc_zero(reading->arena, fields->count, sizeof *children);
    out->children = stoa__arena_alloc_zero(reading->arena, fields->count, sizeof *out->children);
    if (!children || !out->children)
        return stoa__fail_nomem(reading->err);
    out->n_children = (int64_t)fields->count;
    for (size_t i = 0; rc == STOA_OK && i < fields->count; i++) {
        const struct stoa__flat_table field = stoa__flat_element(reading->flat, fields, i);

        out->children[i] = &children[i];
        rc = read_field(reading, &field, depth, &children[i]);
    }
    return rc;
}

static stoa_status note_dictionary(struct reading *reading, int64_t id)
{
    struct stoa__ipc_dictionaries *all = reading->dictionaries;

    if (all->count == all->capacity) {
        const int32_t capacity = all->capacity > 0 ? 2 * all->capacity : 8;
        struct stoa__ipc_dictionary *items =
            stoa__arena_alloc_zero(reading->arena, (size_t)capacity, sizeof *items);

        if (!items)
            return stoa__fail_nomem(reading->err);
        if (all->count > 0)
            memcpy(items, all->items, (size_t)all->count * sizeof *items);
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++].id = id;
    return STOA_OK;
}

/* The column becomes one of indices; what it was is their dictionary. */
static stoa_status encode(struct reading *reading, const struct stoa__flat_table *field,
                          struct ArrowSchema *out)
{
    const struct stoa__flat_table encoding =
        stoa__flat_child(reading->flat, field, STOA__IPC_FIELD_DICTIONARY);
    const struct stoa__flat_table index =
        stoa__flat_child(reading->flat, &encoding, STOA__IPC_ENCODING_INDEX);
    struct ArrowSchema *values = stoa__arena_alloc_zero(reading->arena, 1, sizeof *values);

    if (!values)
        return stoa__fail_nomem(reading->err);
    *values = (struct ArrowSchema){.format = out->format,
                                   .name = "",
                                   .flags = ARROW_FLAG_NULLABLE,
                                   .n_children = out->n_children,
                                   .children = out->children,
                                   .release = release_nothing};
    out->n_children = 0;
    out->children = NULL;
    out->dictionary = values;
    out->format = "i";
    if (stoa__flat_int(reading->flat, &encoding, STOA__IPC_ENCODING_ORDERED, 1, 0) != 0)
        out->flags |= ARROW_FLAG_DICTIONARY_ORDERED;
    return index.at == 0 ? STOA_OK : read_format(reading, STOA__IPC_INT, &index, 0, &out->format);
}

static stoa_status read_field(struct reading *reading, const struct stoa__flat_table *field,
                              int depth, struct ArrowSchema *out)
{
    stoa__flat *flat = reading->flat;
    const struct stoa__flat_vector children =
        stoa__flat_vector(flat, field, STOA__IPC_FIELD_CHILDREN, 4);
    const struct stoa__flat_table type = stoa__flat_child(flat, field, STOA__IPC_FIELD_TYPE);
    const struct stoa__flat_table encoding =
        stoa__flat_child(flat, field, STOA__IPC_FIELD_DICTIONARY);
    const int64_t id = stoa__flat_int(flat, field, STOA__IPC_FIELD_TYPE_ID, 1, 0);
    size_t size = 0;
    const char *name = stoa__flat_string(flat, field, STOA__IPC_FIELD_NAME, &size);
    stoa_status rc;

    out->release = release_nothing;
    rc = keep(reading, name ? name : "", size, &out->name);
    if (rc != STOA_OK)
        return rc;
    if (stoa__flat_int(flat, field, STOA__IPC_FIELD_NULLABLE, 1, 0) != 0)
        out->flags |= ARROW_FLAG_NULLABLE;
    if (id == STOA__IPC_MAP && stoa__flat_int(flat, &type, 0, 1, 0) != 0)
        out->flags |= ARROW_FLAG_MAP_KEYS_SORTED;
    rc = read_format(reading, id, &type, children.count, &out->format);
    if (rc == STOA_OK)
        rc = read_metadata(reading, field, STOA__IPC_FIELD_METADATA, &out->metadata);
    if (rc == STOA_OK && encoding.at > 0)
        rc = note_dictionary(reading, stoa__flat_int(flat, &encoding, STOA__IPC_ENCODING_ID, 8, 0));
    if (rc == STOA_OK)
        rc = read_children(reading, &children, depth + 1, out);
    if (rc == STOA_OK && encoding.at > 0)
        rc = encode(reading, field, out);
    return rc;
}

/* The nodes of the dictionaries, in the order they were noted. */
static void find_nodes(const struct stoa__arrow_type *type,
                       struct stoa__ipc_dictionaries *dictionaries, int32_t *next)
{
    if (type->dictionary) {
        assert(*next < dictionaries->count);
        dictionaries->items[(*next)++].node = type;
        type = type->dictionary;
    }
    for (int32_t i = 0; i < type->child_count; i++)
        find_nodes(&type->children[i], dictionaries, next);
}

stoa_status stoa__ipc_schema_read(stoa__flat *flat, const struct stoa__flat_table *schema,
                                  stoa__arena *arena, struct stoa__arrow_type **type,
                                  struct stoa__ipc_dictionaries *dictionaries, stoa_error *err)
{
    struct reading reading = {
        .flat = flat, .arena = arena, .dictionaries = dictionaries, .err = err};
    struct ArrowSchema root = {
        .format = "+s", .name = "", .flags = ARROW_FLAG_NULLABLE, .release = release_nothing};
    const struct stoa__flat_vector fields =
        stoa__flat_vector(flat, schema, STOA__IPC_SCHEMA_FIELDS, 4);
    int32_t next = 0;
    stoa_status rc = STOA_OK;

    *type = NULL;
    if (stoa__flat_int(flat, schema, STOA__IPC_SCHEMA_ENDIANNESS, 2, 0) != 0)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "its numbers are big-endian");
    rc = read_metadata(&reading, schema, STOA__IPC_SCHEMA_METADATA, &root.metadata);
    if (rc == STOA_OK)
        rc = read_children(&reading, &fields, 0, &root);
    stoa__buffer_release(&reading.text);
    if (flat->bad)
        return fail_metadata(err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&root, arena, type, err);
    if (rc == STOA_ERR_INVALID)
        rc = stoa__ipc_corrupt(err);
    if (rc == STOA_OK)
        find_nodes(*type, dictionaries, &next);
    return rc;
}
