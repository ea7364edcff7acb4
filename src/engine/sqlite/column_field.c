/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Arrow field as bytes. Numbers are LEB128; texts are their size and their bytes.
 *
 *   byte     1: this layout
 *   node
 *     byte   flags: 1 dictionary ordered, 2 nullable, 4 map keys sorted, 8 dictionary
 *     text   format
 *     text   name
 *     text   metadata, as the Arrow C data interface has it, little-endian; empty: none
 *     number children, and these nodes
 *     node   the dictionary, if flag 8
 */
#include "engine/sqlite/column_type.h"

#include "base/error.h"
#include "base/limits.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { LAYOUT = 1, FLAG_DICTIONARY = 8, FLAGS_ALL = 15 };

/* ---- out ---- */

struct encoder {
    stoa__buffer *out;
    stoa_status rc;
};

static void put_byte(struct encoder *to, uint8_t byte)
{
    if (to->rc == STOA_OK)
        to->rc = stoa__buffer_append_byte(to->out, byte);
}

static void put_number(struct encoder *to, uint64_t number)
{
    for (; number > 127; number >>= 7)
        put_byte(to, (uint8_t)(number & 127) | 128);
    put_byte(to, (uint8_t)number);
}

static void put_text(struct encoder *to, const char *bytes, size_t size)
{
    put_number(to, size);
    if (to->rc == STOA_OK && size > 0)
        to->rc = stoa__buffer_append(to->out, bytes, size);
}

/* Depth is bounded: the type was parsed. */
static void put_node(struct encoder *to, const struct stoa__arrow_type *type)
{
    put_byte(to,
             (uint8_t)((type->dictionary_ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0) |
                       (type->nullable ? ARROW_FLAG_NULLABLE : 0) |
                       (type->map_keys_sorted ? ARROW_FLAG_MAP_KEYS_SORTED : 0) |
                       (type->dictionary ? FLAG_DICTIONARY : 0)));
    put_text(to, type->format, strlen(type->format));
    put_text(to, type->name, strlen(type->name));
    put_text(to, type->metadata, type->metadata ? (size_t)type->metadata_size : 0);
    put_number(to, (uint64_t)type->child_count);
    for (int32_t i = 0; i < type->child_count; i++)
        put_node(to, &type->children[i]);
    if (type->dictionary)
        put_node(to, type->dictionary);
}

stoa_status sqlite_field_encode(const struct stoa__arrow_type *field, stoa__buffer *out,
                                stoa_error *err)
{
    struct encoder to = {.out = out};

    put_byte(&to, LAYOUT);
    put_node(&to, field);
    return to.rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* ---- in ---- */

struct decoder {
    const uint8_t *at, *end;
    stoa__arena *arena; /* Of the schema, gone after the parse. */
    int64_t node_count;
    bool broken;
    bool nomem;
};

static uint64_t get_number(struct decoder *from)
{
    uint64_t number = 0;

    for (int shift = 0; shift < 35; shift += 7) {
        if (from->at == from->end)
            break;
        const uint8_t byte = *from->at++;

        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return number;
    }
    from->broken = true;
    return 0;
}

/* A copy with a NUL behind it; NULL when it is broken. */
static const char *get_text(struct decoder *from, size_t *size)
{
    const uint64_t claimed = get_number(from);
    const char *text;

    *size = 0;
    if (from->broken || claimed > (uint64_t)(from->end - from->at)) {
        from->broken = true;
        return NULL;
    }
    text = stoa__arena_copy_text(from->arena, (const char *)from->at, (size_t)claimed);
    from->nomem = from->nomem || !text;
    from->at += claimed;
    *size = (size_t)claimed;
    return text;
}

/* Names and formats hold no NUL: what stands behind it would be lost unseen. */
static const char *get_name(struct decoder *from)
{
    size_t size;
    const char *text = get_text(from, &size);

    if (text && strlen(text) != size)
        from->broken = true;
    return text;
}

/* Entries and sizes inside the bytes, to the last. Arrow's own layout does not say where
 * it ends. */
static bool is_metadata(const char *bytes, size_t size)
{
    int32_t count, part;
    size_t at = 4;

    if (size < 4)
        return false;
    memcpy(&count, bytes, 4);
    if (count < 0 || count > STOA__METADATA_COUNT_MAX)
        return false;
    for (int32_t i = 0; i < 2 * count; i++) {
        if (size - at < 4)
            return false;
        memcpy(&part, bytes + at, 4);
        at += 4;
        if (part < 0 || (size_t)part > size - at)
            return false;
        at += (size_t)part;
    }
    return at == size;
}

static void release_nothing(struct ArrowSchema *schema)
{
    schema->release = NULL; /* All of it is in an arena. */
}

static void get_node(struct decoder *from, struct ArrowSchema *out, int32_t depth);

static bool get_children(struct decoder *from, struct ArrowSchema *out, uint64_t count,
                         int32_t depth)
{
    /* A node has five bytes at least. */
    if (count > (uint64_t)(from->end - from->at) / 5 ||
        from->node_count + (int64_t)count > STOA__ARROW_NODE_COUNT_MAX) {
        from->broken = true;
        return false;
    }
    from->node_count += (int64_t)count;
    out->children =
        stoa__arena_alloc_zero(from->arena, (size_t)count + 1, sizeof *out->children);
    struct ArrowSchema *nodes =
        stoa__arena_alloc_zero(from->arena, (size_t)count + 1, sizeof *nodes);

    if (!out->children || !nodes) {
        from->nomem = true;
        return false;
    }
    out->n_children = (int64_t)count;
    for (uint64_t i = 0; i < count && !from->broken && !from->nomem; i++) {
        out->children[i] = &nodes[i];
        get_node(from, &nodes[i], depth + 1);
    }
    return !from->broken && !from->nomem;
}

static void get_node(struct decoder *from, struct ArrowSchema *out, int32_t depth)
{
    size_t size = 0;

    if (from->at == from->end || depth > STOA__DEPTH_MAX) {
        from->broken = true;
        return;
    }
    const uint8_t flags = *from->at++;

    out->release = release_nothing;
    out->flags = flags & ~FLAG_DICTIONARY;
    out->format = get_name(from);
    out->name = from->broken ? NULL : get_name(from);
    const char *metadata = from->broken ? NULL : get_text(from, &size);

    if (from->broken || from->nomem || flags > FLAGS_ALL ||
        (size > 0 && !is_metadata(metadata, size))) {
        from->broken = true;
        return;
    }
    out->metadata = size > 0 ? metadata : NULL;
    if (!get_children(from, out, get_number(from), depth) || !(flags & FLAG_DICTIONARY))
        return;
    out->dictionary = stoa__arena_alloc_zero(from->arena, 1, sizeof *out->dictionary);
    if (out->dictionary)
        get_node(from, out->dictionary, depth + 1);
    else
        from->nomem = true;
}

stoa_status sqlite_field_decode(const void *bytes, size_t size, stoa__arena *arena,
                                struct stoa__arrow_type **out, stoa_error *err)
{
    stoa__arena scratch = {0};
    struct ArrowSchema schema = {0};
    struct decoder from = {
        .at = bytes, .end = (const uint8_t *)bytes + size, .arena = &scratch};
    stoa_status rc;

    *out = NULL;
    if (size == 0 || *from.at++ != LAYOUT)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "a column type in a layout this version does not know");
    get_node(&from, &schema, 0);
    if (from.nomem)
        rc = stoa__fail_nomem(err);
    else if (from.broken || from.at != from.end)
        rc = stoa__fail(err, STOA_ERR_TYPE, "a column type whose bytes are damaged");
    else
        rc = stoa__arrow_type_parse(&schema, arena, out, err);
    stoa__arena_release(&scratch);
    return rc;
}
