/* SPDX-License-Identifier: Apache-2.0 */
/* Many elements changed or deleted in one call. */
#include "collection/bulk.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

static int compare_ids(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Two rows for one element would be a matter of order. */
static stoa_status check_once(struct bulk *bulk, stoa_error *err)
{
    const size_t size = (size_t)bulk->row_count * sizeof(int64_t);
    int64_t *const sorted = stoa__alloc(size + 1);
    int64_t twice = 0, seen = 0;
    bool found = false;

    if (!sorted)
        return stoa__fail_nomem(err);
    memcpy(sorted, bulk->ids, size);
    qsort(sorted, (size_t)bulk->row_count, sizeof *sorted, compare_ids);
    for (int64_t i = 1; i < bulk->row_count && !found; i++) {
        found = sorted[i] == sorted[i - 1];
        twice = sorted[i];
    }
    stoa__free(sorted);
    for (int64_t i = 0; i < bulk->row_count && found; i++) {
        seen += bulk->ids[i] == twice;
        if (seen == 2)
            return collection_bulk_at_row(collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                                          "element %lld was given twice",
                                                          (long long)twice),
                                          i, err);
    }
    return STOA_OK;
}

/* ---- update ---- */

static void update_text(const struct bulk *bulk, stoa__buffer *text)
{
    collection_text(text, "UPDATE %T SET ", bulk->collection->name);
    for (int32_t i = 0; i < bulk->column_count; i++)
        collection_text(text, "%s%Q=?%d", i > 0 ? "," : "", bulk->columns[i].feed.column->name,
                        i + 1);
    collection_text(text, " WHERE \"id\"=?%d", bulk->column_count + 1);
}

static stoa_status pack_row(const struct bulk *bulk, const struct bulk_batch *batch, int64_t row,
                            struct collection_packed *packed)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < bulk->column_count && rc == STOA_OK; i++) {
        const struct bulk_column *const column = &bulk->columns[i];

        rc = collection_feed_pack(&column->feed, batch->array.children[column->child],
                                  batch->array.offset + row,
                                  column->ids ? column->ids[batch->first + row] : 0,
                                  &packed->values, &packed->bytes);
    }
    if (rc == STOA_OK)
        rc = collection_packed_int64(packed, bulk->ids[batch->first + row]);
    packed->row_count++;
    return rc;
}

enum { PACKED_ROWS = 1024 };

static stoa_status run_packed(struct bulk *bulk, struct collection_packed *packed,
                              void (*make_text)(const struct bulk *bulk, stoa__buffer *text),
                              int64_t last, stoa_error *err)
{
    const int64_t first = last + 1 - packed->row_count;
    stoa__buffer text = {0};
    int64_t done = 0;
    stoa_status rc;

    make_text(bulk, &text);
    rc = collection_packed_run(packed, &bulk->call, &text, NULL, &done, err);
    if (rc == STOA_ERR_CONSTRAINT)
        (void)collection_bulk_at_row(rc, first + done, err);
    return rc;
}

static stoa_status update_scalars(struct bulk *bulk, stoa_error *err)
{
    struct collection_packed packed = {0};
    stoa_status rc = STOA_OK;

    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && bulk->column_count > 0; b++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, b);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            rc = pack_row(bulk, batch, row, &packed);
            if (rc != STOA_OK)
                rc = stoa__fail_nomem(err);
            else if (packed.row_count == PACKED_ROWS || row + 1 == batch->array.length)
                rc = run_packed(bulk, &packed, update_text, batch->first + row, err);
        }
    }
    collection_packed_release(&packed);
    return rc;
}

/* The groups' rows of the elements that have a list for them. */
static stoa_status clear_group(struct bulk *bulk, const struct bulk_group *group, stoa_error *err)
{
    struct collection_packed packed = {0};
    stoa_status rc = STOA_OK;

    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && rc == STOA_OK; b++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, b);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            stoa__buffer text = {0};

            if (collection_bulk_group_touches(bulk, group, b, row)) {
                rc = collection_packed_int64(&packed, bulk->ids[batch->first + row]);
                packed.row_count++;
            }
            if (rc != STOA_OK)
                rc = stoa__fail_nomem(err);
            if (rc != STOA_OK || packed.row_count == 0 ||
                (packed.row_count < PACKED_ROWS && row + 1 < batch->array.length))
                continue;
            collection_text(&text, "DELETE FROM %T WHERE \"id\"=?1", group->table->name);
            rc = collection_packed_run(&packed, &bulk->call, &text, NULL, NULL, err);
        }
    }
    collection_packed_release(&packed);
    return rc;
}

static stoa_status update(struct bulk *bulk, stoa_error *err)
{
    const int32_t by_id = collection_bulk_child(bulk, "id");
    const int32_t key = by_id >= 0 ? by_id : collection_bulk_child(bulk, "label");
    stoa_status rc;

    if (key < 0)
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                               "the stream has neither a column 'id' nor a column 'label'");
    rc = collection_bulk_map(bulk, key, err);
    if (rc == STOA_OK && bulk->column_count + bulk->group_count == 0)
        rc = collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                             "element must have at least one attribute to update");
    if (rc == STOA_OK)
        rc = collection_bulk_find_elements(bulk, key, err);
    if (rc == STOA_OK)
        rc = check_once(bulk, err);
    if (rc == STOA_OK)
        rc = collection_bulk_resolve(bulk, err);
    if (rc == STOA_OK)
        rc = collection_bulk_check(bulk, err);
    if (rc == STOA_OK)
        rc = update_scalars(bulk, err);
    for (int32_t i = 0; i < bulk->group_count && rc == STOA_OK; i++) {
        rc = clear_group(bulk, &bulk->groups[i], err);
        if (rc == STOA_OK)
            rc = collection_bulk_group_insert(bulk, &bulk->groups[i], err);
    }
    return rc;
}

stoa_status stoa_elements_update(stoa_conn conn, stoa_op op, const char *collection,
                                 int64_t collection_size, struct ArrowArrayStream *rows,
                                 int64_t *count, stoa_error *err)
{
    struct bulk bulk;
    stoa_status rc;

    if (count)
        *count = 0;
    rc = collection_bulk_enter(&bulk, conn, op, "update_elements", collection, collection_size,
                               rows, err);
    if (rc != STOA_OK)
        return rc;
    rc = update(&bulk, err);
    const int64_t updated = bulk.row_count;

    rc = collection_bulk_leave(&bulk, rc, rows, err);
    if (rc == STOA_OK && count)
        *count = updated;
    return rc;
}

/* ---- delete ---- */

static stoa_status delete_keys(struct collection_write *write, const stoa_value *keys,
                               int64_t key_count, const uint8_t *bytes, int64_t bytes_size,
                               struct collection_packed *packed, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < key_count && rc == STOA_OK; i++) {
        int64_t id;

        rc = collection_element_find(&write->relations, write->collection, &keys[i], bytes,
                                     bytes_size, &id, err);
        if (rc != STOA_OK)
            stoa__error_append(err, "key %lld", (long long)i);
        else if (collection_packed_int64(packed, id) != STOA_OK)
            rc = stoa__fail_nomem(err);
    }
    if (rc != STOA_OK)
        return rc;
    packed->row_count = key_count;
    collection_text(&text, "DELETE FROM %T WHERE \"id\"=?1", write->collection->name);
    return collection_packed_run(packed, &write->call, &text, NULL, NULL, err);
}

stoa_status stoa_elements_delete(stoa_conn conn, stoa_op op, const char *collection,
                                 int64_t collection_size, const stoa_value *keys, int64_t key_count,
                                 const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    struct collection_packed packed = {0};
    struct collection_write write;
    stoa_status rc;

    if (key_count < 1 || !keys)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot delete_elements: at least one key must be given");
    rc = collection_write_enter(&write, conn, op, "delete_elements", collection, collection_size,
                                err);
    if (rc != STOA_OK)
        return rc;
    rc = delete_keys(&write, keys, key_count, bytes, bytes_size, &packed, err);
    collection_packed_release(&packed);
    return collection_write_leave(&write, rc, err);
}
