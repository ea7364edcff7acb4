/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/relation.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/value.h"
#include "text/hash.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum {
    /* Labels asked for one by one before any is remembered: a map costs more than they do. */
    PLAIN_COUNT = 8,
    /* And before the whole table is read. */
    ASK_COUNT = 1024,
    LOAD_ROWS = 4096,
    FIRST_SLOTS = 64,
    /* Between two looks at the call. */
    CHECK_ROWS = 1024
};

struct collection_label_slot {
    int64_t id;
    uint64_t at; /* In `texts`, plus 1; 0: free. */
    uint32_t size, hash;
};

/* ---- the map ---- */

static uint32_t hash_of(const char *text, size_t size)
{
    const uint64_t hash = stoa__hash(text, size, 0);

    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot that has the label, or the free one it belongs into. */
static struct collection_label_slot *slot_of(const struct collection_labels *labels,
                                             const char *text, size_t size, uint32_t hash)
{
    const size_t mask = labels->slot_count - 1;

    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct collection_label_slot *const slot = &labels->slots[i];

        if (slot->at == 0 ||
            (slot->hash == hash && slot->size == size &&
             (size == 0 || memcmp(labels->texts.data + slot->at - 1, text, size) == 0)))
            return slot;
    }
}

static stoa_status grow(struct collection_labels *labels, stoa_error *err)
{
    struct collection_label_slot *const before = labels->slots;
    const size_t count = labels->slot_count;

    if (labels->used * 4 < count * 3)
        return STOA_OK;
    labels->slots = stoa__alloc_zero(count > 0 ? count * 2 : FIRST_SLOTS, sizeof *before);
    if (!labels->slots) {
        labels->slots = before;
        return stoa__fail_nomem(err);
    }
    labels->slot_count = count > 0 ? count * 2 : FIRST_SLOTS;
    for (size_t i = 0; i < count; i++) {
        size_t at = before[i].hash & (labels->slot_count - 1);

        if (before[i].at == 0)
            continue;
        while (labels->slots[at].at != 0)
            at = (at + 1) & (labels->slot_count - 1);
        labels->slots[at] = before[i];
    }
    stoa__free(before);
    return STOA_OK;
}

stoa_status collection_labels_put(struct collection_labels *labels, const char *text, size_t size,
                                  int64_t *id, stoa_error *err)
{
    const uint32_t hash = hash_of(text, size);
    struct collection_label_slot *slot;
    stoa_status rc = grow(labels, err);

    if (rc != STOA_OK)
        return rc;
    slot = slot_of(labels, text, size, hash);
    if (slot->at != 0) {
        *id = slot->id;
        return STOA_ERR_EXISTS;
    }
    /* Never without a byte, so that the place of an empty label is one. */
    if (size > UINT32_MAX || stoa__buffer_append(&labels->texts, text, size) != STOA_OK ||
        stoa__buffer_append_byte(&labels->texts, 0) != STOA_OK)
        return stoa__fail_nomem(err);
    *slot = (struct collection_label_slot){*id, labels->texts.size - size, (uint32_t)size, hash};
    labels->used++;
    return STOA_OK;
}

/* ---- asking ---- */

static stoa_status open_one(struct collection_labels *labels, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc;

    if (labels->one.native)
        return STOA_OK;
    collection_text(&text, "SELECT \"id\" FROM %T WHERE \"label\" = ?1", labels->target);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&labels->one, labels->call, (const char *)text.data, text.size,
                                 err);
    stoa__buffer_release(&text);
    return rc;
}

static stoa_status ask(struct collection_labels *labels, const char *text, size_t size, int64_t *id,
                       stoa_error *err)
{
    const stoa_value value = {.type = STOA_TYPE_TEXT, .b = (int64_t)size};
    stoa_status rc = open_one(labels, err);

    if (rc == STOA_OK)
        rc = collection_sql_row(&labels->one, &value, 1, (const uint8_t *)text, (int64_t)size, err);
    if (rc == STOA_OK)
        *id = collection_row_int64(&labels->one.row, 0);
    return rc;
}

static stoa_status load_rows(struct collection_labels *labels, struct collection_sql *sql,
                             stoa_error *err)
{
    stoa_status rc = collection_sql_rows(sql, LOAD_ROWS, err);

    for (int64_t i = 0; i < sql->row.row_count && rc == STOA_OK; i++) {
        int64_t id = collection_row_int64(&sql->row, 2 * i);
        size_t size;
        const char *text = collection_row_text(&sql->row, 2 * i + 1, &size);

        rc = text ? collection_labels_put(labels, text, size, &id, err) : STOA_OK;
        if (rc == STOA_ERR_EXISTS)
            rc = STOA_OK;
    }
    return rc;
}

/* The whole table at once. */
static stoa_status load(struct collection_labels *labels, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT \"id\", \"label\" FROM %T", labels->target);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, labels->call, (const char *)text.data, text.size, err);
    if (rc == STOA_OK)
        rc = collection_sql_run(&sql, NULL, 0, NULL, 0, err);
    while (rc == STOA_OK)
        rc = load_rows(labels, &sql, err);
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    labels->loaded = rc == STOA_DONE;
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status collection_labels_find(struct collection_labels *labels, const char *text, size_t size,
                                   int64_t *id, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (labels->asked >= ASK_COUNT && !labels->loaded)
        rc = load(labels, err);
    if (rc != STOA_OK)
        return rc;
    if (labels->slot_count > 0) {
        const struct collection_label_slot *slot =
            slot_of(labels, text, size, hash_of(text, size));

        if (slot->at != 0) {
            *id = slot->id;
            return STOA_OK;
        }
    }
    rc = ask(labels, text, size, id, err);
    if (rc == STOA_OK && labels->asked++ >= PLAIN_COUNT)
        rc = collection_labels_put(labels, text, size, id, err);
    return rc;
}

stoa_status collection_labels_fail(const struct collection_labels *labels, const char *text,
                                   size_t size, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "Failed to resolve label '%.*s' to ID in table '%s'",
                      (int)(size < 200 ? size : 200), text, labels->target);
}

stoa_status collection_labels_of(struct collection_relations *relations, const char *target,
                                 struct collection_labels **out, stoa_error *err)
{
    struct collection_labels *labels = relations->first;

    while (labels && strcmp(labels->target, target) != 0)
        labels = labels->next;
    if (!labels) {
        labels = stoa__alloc_zero(1, sizeof *labels);
        if (!labels)
            return stoa__fail_nomem(err);
        labels->call = relations->call;
        labels->target = target;
        labels->next = relations->first;
        relations->first = labels;
    }
    *out = labels;
    return STOA_OK;
}

void collection_relations_release(struct collection_relations *relations)
{
    while (relations->first) {
        struct collection_labels *const labels = relations->first;

        relations->first = labels->next;
        collection_sql_close(&labels->one);
        stoa__buffer_release(&labels->texts);
        stoa__free(labels->slots);
        stoa__free(labels);
    }
}

/* ---- feeds ---- */

stoa_status collection_feed_resolve(const struct collection_feed *feed,
                                    struct collection_relations *relations,
                                    const struct ArrowArray *array, int64_t first, int64_t count,
                                    int64_t *ids, int64_t *bad, stoa_error *err)
{
    struct collection_labels *labels = NULL;
    struct collection_cell cell;
    stoa_status rc = collection_labels_of(relations, feed->column->target, &labels, err);

    assert(feed->form == COLLECTION_FORM_LABEL);
    *bad = 0;
    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        collection_feed_cell(feed, array, first + i, &cell);
        ids[i] = 0;
        if (cell.type == STOA_TYPE_NULL)
            continue;
        if (i % CHECK_ROWS == CHECK_ROWS - 1)
            rc = stoa__call_check(&relations->call->entry.call, err);
        if (rc != STOA_OK)
            break;
        *bad = i;
        rc = collection_labels_find(labels, cell.text, cell.size, &ids[i], err);
        if (rc == STOA_DONE)
            rc = collection_labels_fail(labels, cell.text, cell.size, err);
    }
    return rc;
}

/* ---- elements ---- */

stoa_status collection_element_fail(const struct collection_table *collection, int64_t id,
                                    stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "Element not found: %lld in collection '%s'",
                      (long long)id, collection->name);
}

stoa_status collection_element_fail_label(const struct collection_table *collection,
                                          const char *text, size_t size, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "Element not found: '%.*s' in collection '%s'",
                      (int)(size < 200 ? size : 200), text, collection->name);
}

static stoa_status find_id(struct collection_call *call, const struct collection_table *collection,
                           const stoa_value *key, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT \"id\" FROM %T WHERE \"id\" = ?1", collection->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text.data, text.size, err);
    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, key, 1, NULL, 0, err);
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc == STOA_DONE ? collection_element_fail(collection, key->a, err) : rc;
}

stoa_status collection_element_find(struct collection_relations *relations,
                                    const struct collection_table *collection,
                                    const stoa_value *key, const uint8_t *bytes,
                                    int64_t bytes_size, int64_t *id, stoa_error *err)
{
    struct collection_call *const call = relations->call;
    struct collection_labels *labels = NULL;
    const char *text;
    size_t size;
    stoa_status rc;

    if (!key)
        return collection_fail(call, err, STOA_ERR_INVALID, "the key is NULL");
    rc = stoa__value_check(key, bytes, bytes_size, "key", 0, err);
    if (rc != STOA_OK)
        return rc;
    if (key->type == STOA_TYPE_INT64) {
        *id = key->a;
        return find_id(call, collection, key, err);
    }
    if (key->type != STOA_TYPE_TEXT)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "a key is an id (int64) or a label (text), not %s",
                               stoa_type_name(key->type));
    text = key->b > 0 ? (const char *)bytes + key->a : "";
    size = (size_t)key->b;
    if (call->state->policy.trim)
        collection_trim(&text, &size);
    rc = collection_labels_of(relations, collection->name, &labels, err);
    if (rc == STOA_OK)
        rc = collection_labels_find(labels, text, size, id, err);
    return rc == STOA_DONE ? collection_element_fail_label(collection, text, size, err) : rc;
}
