/* SPDX-License-Identifier: Apache-2.0 */
#include "format/flat.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Little-endian, as the machines are that this is built for. */
static uint64_t load(const stoa__flat *flat, size_t at, size_t width)
{
    uint64_t value = 0;

    assert(at <= flat->size && width <= flat->size - at);
    memcpy(&value, flat->data + at, width);
    return value;
}

static bool inside(stoa__flat *flat, size_t at, size_t size)
{
    const bool good = at <= flat->size && size <= flat->size - at;

    flat->bad = flat->bad || !good;
    return good;
}

static struct stoa__flat_table fail(stoa__flat *flat)
{
    flat->bad = true;
    return (struct stoa__flat_table){0};
}

static struct stoa__flat_table table_at(stoa__flat *flat, size_t at)
{
    struct stoa__flat_table table = {.at = at};
    int64_t vtable;

    if (!inside(flat, at, 4))
        return (struct stoa__flat_table){0};
    vtable = (int64_t)at - (int32_t)(uint32_t)load(flat, at, 4);
    if (vtable < 0 || !inside(flat, (size_t)vtable, 4))
        return fail(flat);
    table.vtable = (size_t)vtable;
    table.vtable_size = (size_t)load(flat, table.vtable, 2);
    table.size = (size_t)load(flat, table.vtable + 2, 2);
    if (table.vtable_size < 4 || table.size < 4 || !inside(flat, table.vtable, table.vtable_size) ||
        !inside(flat, at, table.size))
        return fail(flat);
    return table;
}

struct stoa__flat_table stoa__flat_root(stoa__flat *flat)
{
    return inside(flat, 0, 4) ? table_at(flat, (size_t)load(flat, 0, 4))
                              : (struct stoa__flat_table){0};
}

/* Where the field is; 0: absent. */
static size_t field_at(stoa__flat *flat, const struct stoa__flat_table *table, int field,
                       size_t width)
{
    const size_t entry = 4 + 2 * (size_t)field;
    size_t offset;

    if (entry + 2 > table->vtable_size)
        return 0;
    offset = (size_t)load(flat, table->vtable + entry, 2);
    if (offset == 0)
        return 0;
    if (offset < 4 || offset + width > table->size) {
        flat->bad = true;
        return 0;
    }
    return table->at + offset;
}

int64_t stoa__flat_int(stoa__flat *flat, const struct stoa__flat_table *table, int field,
                       size_t width, int64_t otherwise)
{
    const size_t at = field_at(flat, table, field, width);
    const unsigned unused = 64 - 8 * (unsigned)width;

    return at == 0 ? otherwise : (int64_t)(load(flat, at, width) << unused) >> unused;
}

/* What the pointer in the field leads to; 0: absent. */
static size_t follow(stoa__flat *flat, const struct stoa__flat_table *table, int field)
{
    const size_t at = field_at(flat, table, field, 4);

    return at == 0 ? 0 : at + (size_t)load(flat, at, 4);
}

struct stoa__flat_table stoa__flat_child(stoa__flat *flat, const struct stoa__flat_table *table,
                                         int field)
{
    const size_t at = follow(flat, table, field);

    return at == 0 ? (struct stoa__flat_table){0} : table_at(flat, at);
}

struct stoa__flat_vector stoa__flat_vector(stoa__flat *flat, const struct stoa__flat_table *table,
                                           int field, size_t width)
{
    const size_t at = follow(flat, table, field);
    struct stoa__flat_vector vector = {0};

    if (at == 0 || !inside(flat, at, 4))
        return vector;
    vector.count = (size_t)load(flat, at, 4);
    vector.at = at + 4;
    /* Both are below 2^32. */
    if (!inside(flat, vector.at, vector.count * width))
        return (struct stoa__flat_vector){0};
    return vector;
}

const char *stoa__flat_string(stoa__flat *flat, const struct stoa__flat_table *table, int field,
                              size_t *size)
{
    const struct stoa__flat_vector text = stoa__flat_vector(flat, table, field, 1);

    *size = text.count;
    return text.at > 0 ? (const char *)flat->data + text.at : NULL;
}

struct stoa__flat_table stoa__flat_element(stoa__flat *flat,
                                           const struct stoa__flat_vector *vector, size_t index)
{
    const size_t at = vector->at + 4 * index;

    assert(index < vector->count);
    return table_at(flat, at + (size_t)load(flat, at, 4));
}

int64_t stoa__flat_int64(const stoa__flat *flat, size_t at)
{
    return (int64_t)load(flat, at, 8);
}

/* ---- writing ---- */

static stoa_status align(stoa__buffer *out, size_t alignment)
{
    return stoa__buffer_append_zero(out, (alignment - out->size % alignment) % alignment);
}

void stoa__flat_set(stoa__buffer *out, size_t at, int64_t value, size_t width)
{
    assert(at + width <= out->size);
    memcpy(out->data + at, &value, width);
}

void stoa__flat_link(stoa__buffer *out, size_t at, size_t target)
{
    assert(target > at && target - at <= UINT32_MAX);
    stoa__flat_set(out, at, (int64_t)(target - at), 4);
}

stoa_status stoa__flat_put_table(stoa__buffer *out, struct stoa__flat_fields *fields, size_t *at)
{
    const size_t vtable_size = 4 + 2 * (size_t)fields->count;
    size_t offsets[STOA__FLAT_FIELDS_MAX] = {0}, size = 4, vtable;
    stoa_status rc = align(out, 2);

    assert(fields->count <= STOA__FLAT_FIELDS_MAX);
    for (int i = 0; i < fields->count; i++) {
        const size_t width = fields->width[i];

        if (width == 0)
            continue;
        size += (width - size % width) % width;
        offsets[i] = size;
        size += width;
    }
    vtable = out->size;
    if (rc == STOA_OK)
        rc = stoa__buffer_append_zero(out, vtable_size);
    if (rc == STOA_OK)
        rc = align(out, 8);
    *at = out->size;
    if (rc == STOA_OK)
        rc = stoa__buffer_append_zero(out, size);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_set(out, vtable, (int64_t)vtable_size, 2);
    stoa__flat_set(out, vtable + 2, (int64_t)size, 2);
    stoa__flat_set(out, *at, (int64_t)(*at - vtable), 4);
    for (int i = 0; i < fields->count; i++) {
        stoa__flat_set(out, vtable + 4 + 2 * (size_t)i, (int64_t)offsets[i], 2);
        fields->at[i] = *at + offsets[i];
    }
    return STOA_OK;
}

stoa_status stoa__flat_put_vector(stoa__buffer *out, size_t count, size_t width, size_t alignment,
                                  size_t *at)
{
    stoa_status rc = align(out, 4);

    /* The elements, not the count, are aligned. */
    while (rc == STOA_OK && (out->size + 4) % alignment != 0)
        rc = stoa__buffer_append_zero(out, 4);
    *at = out->size;
    if (rc == STOA_OK)
        rc = stoa__buffer_append_zero(out, 4 + count * width);
    if (rc == STOA_OK)
        stoa__flat_set(out, *at, (int64_t)count, 4);
    return rc;
}

stoa_status stoa__flat_put_string(stoa__buffer *out, const char *text, size_t size, size_t *at)
{
    stoa_status rc = stoa__flat_put_vector(out, size, 1, 4, at);

    if (rc == STOA_OK && size > 0)
        memcpy(out->data + *at + 4, text, size);
    return rc == STOA_OK ? stoa__buffer_append_byte(out, 0) : rc;
}
