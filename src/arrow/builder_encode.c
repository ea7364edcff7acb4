/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dictionaries and runs from plain values: the collected rows become an array, equal
 * values are found by their keys (stoa__cell_key), and the first of each is copied into a
 * second array.
 */
#include "arrow/builder.h"

#include "arrow/builder_parts.h"
#include "arrow/cast.h"
#include "arrow/cell.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/hash.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* The different values seen so far, in order of appearance. */
struct distinct {
    stoa__buffer keys;   /* One behind the other. */
    stoa__buffer ends;   /* int64: where in `keys` each ends. */
    stoa__buffer hashes; /* uint64 of each. */
    int64_t *slots;      /* Open addressing: number of the value + 1; 0 is free. */
    size_t slot_count;   /* A power of two, at least twice `count`. */
    int64_t count;
    uint64_t
        seed; /* Unlike in every process, so that nobody can choose colliding values. */
};

enum { SLOTS_FIRST = 64 };

static void distinct_release(struct distinct *set)
{
    stoa__buffer_release(&set->keys);
    stoa__buffer_release(&set->ends);
    stoa__buffer_release(&set->hashes);
    stoa__free(set->slots);
    *set = (struct distinct){0};
}

static stoa_status distinct_grow(struct distinct *set, stoa_error *err)
{
    size_t slot_count = set->slot_count ? 2 * set->slot_count : SLOTS_FIRST;
    int64_t *slots = stoa__alloc_zero(slot_count, sizeof(*slots));
    const uint64_t *hashes = (const uint64_t *)(const void *)set->hashes.data;

    if (!slots)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < set->count; i++) {
        size_t at = (size_t)hashes[i] & (slot_count - 1);
        while (slots[at])
            at = (at + 1) & (slot_count - 1);
        slots[at] = i + 1;
    }
    stoa__free(set->slots);
    set->slots = slots;
    set->slot_count = slot_count;
    return STOA_OK;
}

static bool distinct_is(const struct distinct *set, int64_t number,
                        const stoa__buffer *key)
{
    const int64_t *ends = (const int64_t *)(const void *)set->ends.data;
    int64_t start = number > 0 ? ends[number - 1] : 0;

    return (size_t)(ends[number] - start) == key->size &&
           memcmp(set->keys.data + start, key->data, key->size) == 0;
}

/* The number of `key`, which is `count` of before when it is new. Keys are never
 * empty. */
static stoa_status distinct_find(struct distinct *set, const stoa__buffer *key,
                                 int64_t *number, stoa_error *err)
{
    uint64_t hash = stoa__hash(key->data, key->size, set->seed);
    int64_t end = (int64_t)(set->keys.size + key->size);
    size_t at;

    assert(key->size > 0);
    if ((size_t)set->count >= set->slot_count / 2 && distinct_grow(set, err) != STOA_OK)
        return STOA_ERR_NOMEM;
    for (at = (size_t)hash & (set->slot_count - 1); set->slots[at];
         at = (at + 1) & (set->slot_count - 1)) {
        *number = set->slots[at] - 1;
        if (distinct_is(set, *number, key))
            return STOA_OK;
    }
    if (stoa__buffer_append(&set->keys, key->data, key->size) != STOA_OK ||
        stoa__buffer_append(&set->ends, &end, sizeof(end)) != STOA_OK ||
        stoa__buffer_append(&set->hashes, &hash, sizeof(hash)) != STOA_OK)
        return stoa__fail_nomem(err);
    *number = set->count++;
    set->slots[at] = set->count;
    return STOA_OK;
}

/* How many values an index, or rows a run end, of this type counts. */
static int64_t count_max(const struct stoa__arrow_type *type)
{
    int bits = type->width * 8 - (stoa__arrow_is_unsigned(type->kind) ? 0 : 1);

    return bits >= 63 ? INT64_MAX : INT64_C(1) << bits;
}

/* Everything needed while one column is encoded. */
struct encoding {
    const struct stoa__arrow_type *type; /* Of the values. */
    struct ArrowArray plain;
    struct stoa__builder kept; /* The first of each. */
    struct distinct set;
    stoa__buffer key, last_key;
};

static void encoding_release(struct encoding *encoding)
{
    stoa__array_release(&encoding->plain);
    stoa__builder_release(&encoding->kept);
    distinct_release(&encoding->set);
    stoa__buffer_release(&encoding->key);
    stoa__buffer_release(&encoding->last_key);
}

static stoa_status encoding_init(struct encoding *encoding, struct stoa__column *column,
                                 stoa_error *err)
{
    stoa_status rc;

    *encoding = (struct encoding){.type = column->children->type};
    encoding->set.seed = (uint64_t)(uintptr_t)encoding;
    rc = stoa__column_finish(column->children, &encoding->plain, err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&encoding->kept, encoding->type, 0, err);
    return rc;
}

/* The index of row `row`, 0 and *null for NULL; a value not seen before is kept. */
static stoa_status encode_row(struct encoding *encoding, int64_t row, int64_t *index,
                              bool *null, stoa_error *err)
{
    int64_t before = encoding->set.count;
    struct stoa__cell cell;
    stoa_status rc;

    stoa__cell_at(encoding->type, &encoding->plain, row, &cell);
    *index = 0;
    *null = cell.null;
    if (cell.null)
        return STOA_OK;
    encoding->key.size = 0;
    rc = stoa__cell_key(&cell, &encoding->key, err);
    if (rc == STOA_OK)
        rc = distinct_find(&encoding->set, &encoding->key, index, err);
    if (rc == STOA_OK && encoding->set.count > before)
        rc = stoa__cell_cast(&cell, &encoding->kept.root, err);
    return rc;
}

static stoa_status encode_indices(struct encoding *encoding,
                                  const struct stoa__arrow_type *type,
                                  struct ArrowArray *out, stoa_error *err)
{
    int64_t length = encoding->plain.length;
    size_t width = (size_t)type->width;
    size_t bitmap_size = (size_t)(length / 8 + 1);
    uint8_t *indices = stoa__alloc_aligned((size_t)(length + 1) * width);
    uint8_t *validity = stoa__alloc_aligned(bitmap_size);
    stoa_status rc = STOA_OK;

    stoa__array_set_buffer(out, 0, validity);
    stoa__array_set_buffer(out, 1, indices);
    if (!indices || !validity)
        return stoa__fail_nomem(err);
    memset(validity, 0xff, bitmap_size);
    for (int64_t row = 0; row < length; row++) {
        bool null = false;
        int64_t index = 0;
        rc = encode_row(encoding, row, &index, &null, err);
        if (rc != STOA_OK)
            return rc;
        if (index >= count_max(type))
            return stoa__fail(
                err, STOA_ERR_FULL,
                "column '%s' has more than %lld different values, which is what its "
                "dictionary's index type counts",
                type->name, (long long)count_max(type));
        memcpy(indices + (size_t)row * width, &index, width);
        if (null) {
            stoa__bit_clear(validity, row);
            out->null_count++;
        }
    }
    return STOA_OK;
}

stoa_status stoa__column_encode_dictionary(struct stoa__column *column,
                                           struct ArrowArray *out, stoa_error *err)
{
    struct encoding encoding;
    stoa_status rc = encoding_init(&encoding, column, err);

    if (rc == STOA_OK)
        rc = stoa__array_init(out, 2, 0, err);
    if (rc == STOA_OK)
        rc = encode_indices(&encoding, column->type, out, err);
    if (rc == STOA_OK) {
        out->length = encoding.plain.length;
        rc = stoa__array_add_dictionary(out, err);
    }
    if (rc == STOA_OK)
        rc = stoa__column_finish(&encoding.kept.root, out->dictionary, err);
    encoding_release(&encoding);
    return rc;
}

/* Keep the first row of each run in `kept` and the row behind it in `ends`; *count of
 * them. */
static stoa_status encode_runs(struct encoding *encoding, uint8_t *ends, size_t width,
                               int64_t *count, stoa_error *err)
{
    struct stoa__cell cell;
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < encoding->plain.length; row++) {
        int64_t end = row + 1;
        stoa__buffer swap = encoding->last_key;
        encoding->last_key = encoding->key;
        encoding->key = swap;
        encoding->key.size = 0;
        stoa__cell_at(encoding->type, &encoding->plain, row, &cell);
        rc = stoa__cell_key(&cell, &encoding->key, err);
        if (rc == STOA_OK && (row == 0 || encoding->key.size != encoding->last_key.size ||
                              memcmp(encoding->key.data, encoding->last_key.data,
                                     encoding->key.size) != 0)) {
            rc = stoa__cell_cast(&cell, &encoding->kept.root, err);
            (*count)++;
        }
        if (rc == STOA_OK)
            memcpy(ends + (size_t)(*count - 1) * width, &end, width);
    }
    return rc;
}

stoa_status stoa__column_encode_runs(struct stoa__column *column, struct ArrowArray *out,
                                     stoa_error *err)
{
    const struct stoa__arrow_type *end_type = &column->type->children[0];
    struct encoding encoding;
    uint8_t *ends = NULL;
    int64_t count = 0;
    stoa_status rc = encoding_init(&encoding, column, err);

    if (rc == STOA_OK && encoding.plain.length > count_max(end_type) - 1)
        rc = stoa__fail(err, STOA_ERR_FULL,
                        "column '%s' has %lld rows; its run ends count to %lld",
                        column->type->name, (long long)encoding.plain.length,
                        (long long)(count_max(end_type) - 1));
    if (rc == STOA_OK)
        rc = stoa__array_init(out, 0, 2, err);
    if (rc == STOA_OK)
        rc = stoa__array_init(out->children[0], 2, 0, err);
    if (rc == STOA_OK) {
        ends = stoa__alloc_aligned((size_t)(encoding.plain.length + 1) *
                                   (size_t)end_type->width);
        stoa__array_set_buffer(out->children[0], 1, ends);
        rc = ends ? encode_runs(&encoding, ends, (size_t)end_type->width, &count, err)
                  : stoa__fail_nomem(err);
    }
    if (rc == STOA_OK)
        rc = stoa__column_finish(&encoding.kept.root, out->children[1], err);
    if (rc == STOA_OK) {
        out->length = encoding.plain.length;
        out->children[0]->length = count;
    }
    encoding_release(&encoding);
    return rc;
}
