/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/bulk.h"

#include "arrow/array.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "collection/route.h"
#include "core/enter.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- in and out ---- */

const struct bulk_batch *collection_bulk_batch_at(const struct bulk *bulk, int64_t index)
{
    return (const struct bulk_batch *)(const void *)bulk->batches.data + index;
}

int64_t collection_bulk_batch_count(const struct bulk *bulk)
{
    return (int64_t)(bulk->batches.size / sizeof(struct bulk_batch));
}

/* A batch may not know how many NULLs it has. */
static bool has_null(const struct ArrowArray *rows)
{
    const uint8_t *const validity = rows->n_buffers > 0 ? rows->buffers[0] : NULL;

    for (int64_t i = 0; validity && rows->null_count != 0 && i < rows->length; i++)
        if (!stoa__bit_get(validity, rows->offset + i))
            return true;
    return false;
}

static stoa_status keep(struct bulk *bulk, struct bulk_batch *batch, stoa_error *err)
{
    batch->first = bulk->row_count;
    if (has_null(&batch->array))
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID, "the stream has NULL for rows");
    if (stoa__buffer_append(&bulk->batches, batch, sizeof *batch) != STOA_OK)
        return stoa__fail_nomem(err);
    bulk->row_count += batch->array.length;
    return STOA_OK;
}

static stoa_status collection_read_stream(struct bulk *bulk, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        struct bulk_batch batch = {0};

        rc = stoa__call_check(&bulk->call.entry.call, err);
        if (rc == STOA_OK)
            rc = stoa__stream_in_next(&bulk->in, &batch.array, err);
        if (rc != STOA_OK)
            break;
        rc = keep(bulk, &batch, err);
        if (rc != STOA_OK)
            stoa__array_release(&batch.array);
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

static void release(struct bulk *bulk)
{
    struct bulk_batch *const batches = (struct bulk_batch *)(void *)bulk->batches.data;

    for (int64_t i = 0; i < collection_bulk_batch_count(bulk); i++)
        stoa__array_release(&batches[i].array);
    stoa__buffer_release(&bulk->batches);
    stoa__arena_release(&bulk->arena);
}

static stoa_status leave(struct bulk *bulk, stoa_status rc, struct ArrowArrayStream *rows)
{
    release(bulk);
    if (rc == STOA_OK)
        stoa__stream_in_release(&bulk->in);
    else
        stoa__stream_in_return(&bulk->in, rows);
    return collection_leave(&bulk->call, rc);
}

stoa_status collection_bulk_enter(struct bulk *bulk, stoa_conn conn, stoa_op op,
                                  const char *operation, const char *collection,
                                  int64_t collection_size, struct ArrowArrayStream *rows,
                                  stoa_error *err)
{
    stoa_status rc;

    memset(bulk, 0, sizeof *bulk);
    if (!rows)
        return stoa__fail_null(err, "rows");
    rc = collection_enter(&bulk->call, conn, op, operation, err);
    if (rc != STOA_OK)
        return rc;
    bulk->relations.call = &bulk->call;
    rc = collection_get(&bulk->call, collection, collection_size, &bulk->collection, err);
    if (rc == STOA_OK)
        rc = stoa__stream_in_init(&bulk->in, rows, STOA_CHECK_FULL, err);
    if (rc != STOA_OK)
        return collection_leave(&bulk->call, rc);
    rc = collection_read_stream(bulk, err);
    if (rc == STOA_OK)
        rc = collection_write_begin(&bulk->call, err);
    return rc == STOA_OK ? STOA_OK : leave(bulk, rc, rows);
}

stoa_status collection_bulk_leave(struct bulk *bulk, stoa_status rc, struct ArrowArrayStream *rows,
                                  stoa_error *err)
{
    collection_relations_release(&bulk->relations);
    return leave(bulk, collection_write_end(&bulk->call, rc, err), rows);
}

stoa_status collection_bulk_at_row(stoa_status rc, int64_t row, stoa_error *err)
{
    stoa__error_append(err, "row %lld", (long long)row);
    return rc;
}

/* ---- which column goes where ---- */

int32_t collection_bulk_child(const struct bulk *bulk, const char *name)
{
    for (int32_t i = 0; i < bulk->in.type->child_count; i++)
        if (strcmp(bulk->in.type->children[i].name, name) == 0)
            return i;
    return -1;
}

struct bulk_column *collection_bulk_add(struct bulk *bulk, const struct collection_column *column,
                                        int32_t child, int32_t style)
{
    struct bulk_column *const added = &bulk->columns[bulk->column_count++];

    collection_feed_init(&added->feed, &bulk->call.state->policy, column,
                         &bulk->in.type->children[child], style);
    added->feed.nullable = !column->not_null;
    added->child = child;
    return added;
}

/* A list of structs is a group as a whole. */
static const struct collection_table *named_group(const struct bulk *bulk,
                                                  const struct stoa__arrow_type *type)
{
    const struct collection_table *found = NULL;

    if (type->children[0].kind != STOA__ARROW_STRUCT)
        return NULL;
    for (int32_t role = ROLE_VECTOR; role <= ROLE_TIME_SERIES && !found; role++)
        found = collection_find_group(bulk->collection, role, type->name, strlen(type->name));
    return found;
}

/* Places being found. */
struct mapping {
    struct collection_named *names;
    struct bulk_items *items; /* One a name. */
    int32_t count;
};

static stoa_status add_list(struct bulk *bulk, struct mapping *mapping, int32_t child,
                            stoa_error *err)
{
    const struct stoa__arrow_type *const type = &bulk->in.type->children[child];
    const struct collection_table *const group = named_group(bulk, type);
    const struct stoa__arrow_type *const fields = &type->children[0];

    if (!group) {
        mapping->items[mapping->count] = (struct bulk_items){child, -1};
        mapping->names[mapping->count++] =
            (struct collection_named){type->name, strlen(type->name), false};
        return STOA_OK;
    }
    for (int32_t i = 0; i < fields->child_count; i++) {
        const size_t group_size = strlen(type->name), size = strlen(fields->children[i].name);
        char *const name = stoa__arena_alloc(&bulk->arena, group_size + size + 2);

        if (!name)
            return stoa__fail_nomem(err);
        memcpy(name, type->name, group_size);
        name[group_size] = '.';
        memcpy(name + group_size + 1, fields->children[i].name, size + 1);
        mapping->items[mapping->count] = (struct bulk_items){child, i};
        mapping->names[mapping->count++] =
            (struct collection_named){name, group_size + 1 + size, false};
    }
    return STOA_OK;
}

static stoa_status add_groups(struct bulk *bulk, const struct mapping *mapping,
                              const struct collection_route *routes, int32_t count,
                              stoa_error *err)
{
    int32_t at = 0;

    bulk->groups = stoa__arena_alloc_zero(&bulk->arena, (size_t)count + 1, sizeof *bulk->groups);
    if (!bulk->groups)
        return stoa__fail_nomem(err);
    while (at < count) {
        const struct collection_route *const first = &routes[at];
        const size_t run = (size_t)collection_route_run(routes, count, &at);
        struct bulk_group *const group = &bulk->groups[bulk->group_count++];

        group->table = first->table;
        group->feeds = stoa__arena_alloc_zero(&bulk->arena, run, sizeof *group->feeds);
        group->items = stoa__arena_alloc_zero(&bulk->arena, run, sizeof *group->items);
        group->ids = stoa__arena_alloc_zero(&bulk->arena, run, sizeof *group->ids);
        if (!group->feeds || !group->items || !group->ids)
            return stoa__fail_nomem(err);
        for (size_t i = 0; i < run; i++) {
            const struct bulk_items items = mapping->items[first[i].input];
            const struct stoa__arrow_type *const list = &bulk->in.type->children[items.child];
            const struct stoa__arrow_type *const values =
                items.field < 0 ? &list->children[0] : &list->children[0].children[items.field];

            if (first[i].column->generated)
                return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                       "column '%s' is generated and cannot be written",
                                       first[i].column->name);
            collection_feed_init(&group->feeds[i], &bulk->call.state->policy, first[i].column,
                                 values, COLLECTION_ARRAY);
            group->feeds[i].nullable = !first[i].column->not_null;
            group->items[i] = items;
            group->feed_count++;
        }
    }
    return STOA_OK;
}

static stoa_status map_child(struct bulk *bulk, struct mapping *mapping, int32_t child,
                             stoa_error *err)
{
    const struct stoa__arrow_type *const type = &bulk->in.type->children[child];
    const struct collection_column *column = NULL;
    stoa_status rc;

    for (int32_t i = 0; i < child; i++)
        if (strcmp(bulk->in.type->children[i].name, type->name) == 0)
            return collection_fail(&bulk->call, err, STOA_ERR_INVALID, "'%s' was given twice",
                                   type->name);
    if (collection_bulk_is_list(type))
        return add_list(bulk, mapping, child, err);
    rc = collection_scalar(&bulk->call, bulk->collection, type->name, &column, err);
    if (rc == STOA_OK)
        (void)collection_bulk_add(bulk, column, child, COLLECTION_SCALAR);
    return rc;
}

stoa_status collection_bulk_map(struct bulk *bulk, int32_t key, stoa_error *err)
{
    const struct stoa__arrow_type *const type = bulk->in.type;
    struct mapping mapping = {0};
    struct collection_route *routes;
    int32_t route_count;
    size_t most = 1;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < type->child_count; i++)
        most += 1 + (size_t)(collection_bulk_is_list(&type->children[i])
                                 ? type->children[i].children[0].child_count
                                 : 0);
    mapping.names = stoa__arena_alloc_zero(&bulk->arena, most, sizeof *mapping.names);
    mapping.items = stoa__arena_alloc_zero(&bulk->arena, most, sizeof *mapping.items);
    bulk->columns = stoa__arena_alloc_zero(&bulk->arena, most, sizeof *bulk->columns);
    if (!mapping.names || !mapping.items || !bulk->columns)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++)
        if (i != key)
            rc = map_child(bulk, &mapping, i, err);
    if (rc == STOA_OK)
        rc = collection_route(&bulk->call, bulk->collection, mapping.names, mapping.count,
                              &bulk->arena, &routes, &route_count, err);
    if (rc == STOA_OK)
        rc = add_groups(bulk, &mapping, routes, route_count, err);
    for (int32_t i = 0; i < bulk->group_count && rc == STOA_OK; i++)
        rc = collection_bulk_group_measure(bulk, &bulk->groups[i], err);
    return rc;
}

/* ---- checks ---- */

stoa_status collection_bulk_column_resolve(struct bulk *bulk, struct bulk_column *column,
                                           stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (column->feed.form != COLLECTION_FORM_LABEL)
        return STOA_OK;
    column->ids = stoa__arena_alloc(&bulk->arena, ((size_t)bulk->row_count + 1) * sizeof(int64_t));
    if (!column->ids)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < collection_bulk_batch_count(bulk) && rc == STOA_OK; i++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, i);
        int64_t bad;

        rc = collection_feed_resolve(&column->feed, &bulk->relations,
                                     batch->array.children[column->child], batch->array.offset,
                                     batch->array.length, column->ids + batch->first, &bad, err);
        if (rc == STOA_ERR_NOT_FOUND)
            stoa__error_append(err, "row %lld, column '%s'", (long long)(batch->first + bad),
                               column->feed.column->name);
    }
    return rc;
}

stoa_status collection_bulk_column_check(struct bulk *bulk, struct bulk_column *column,
                                         stoa_error *err)
{
    for (int64_t i = 0; i < collection_bulk_batch_count(bulk); i++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, i);
        const struct ArrowArray *const array = batch->array.children[column->child];
        int32_t problem;
        int64_t bad;
        const stoa_status rc =
            collection_feed_check_all(&column->feed, &bulk->call, array, batch->array.offset,
                                      batch->array.length, &bad, &problem, err);

        if (rc != STOA_OK)
            return rc;
        if (bad >= 0)
            return collection_bulk_at_row(collection_feed_fail(&bulk->call, &column->feed, array,
                                                               batch->array.offset + bad,
                                                               batch->first + bad, problem, err),
                                          batch->first + bad, err);
    }
    collection_feed_settle(&column->feed);
    return STOA_OK;
}

stoa_status collection_bulk_resolve(struct bulk *bulk, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < bulk->column_count && rc == STOA_OK; i++)
        rc = collection_bulk_column_resolve(bulk, &bulk->columns[i], err);
    for (int32_t i = 0; i < bulk->group_count && rc == STOA_OK; i++)
        rc = collection_bulk_group_resolve(bulk, &bulk->groups[i], err);
    return rc;
}

stoa_status collection_bulk_check(struct bulk *bulk, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < bulk->column_count && rc == STOA_OK; i++)
        rc = collection_bulk_column_check(bulk, &bulk->columns[i], err);
    for (int32_t i = 0; i < bulk->group_count && rc == STOA_OK; i++)
        rc = collection_bulk_group_check(bulk, &bulk->groups[i], err);
    return rc;
}

/* ---- rows as they came ---- */

bool collection_bulk_rows_next(void *self, struct collection_segment *segment)
{
    struct bulk_rows *const rows = self;
    const struct bulk_batch *batch;

    if (rows->batch == collection_bulk_batch_count(rows->bulk))
        return false;
    batch = collection_bulk_batch_at(rows->bulk, rows->batch++);
    rows->first = batch->first;
    for (int32_t i = 0; i < rows->column_count; i++) {
        segment->arrays[i] = batch->array.children[rows->columns[i].child];
        segment->first[i] = batch->array.offset;
        segment->ids[i] = rows->columns[i].ids ? rows->columns[i].ids + batch->first : NULL;
    }
    segment->count = batch->array.length;
    return true;
}

void collection_bulk_rows_number(void *self, int64_t from, int64_t count, int64_t *ids,
                                 int64_t *indexes)
{
    const struct bulk_rows *const rows = self;
    const size_t size = (size_t)count * sizeof(int64_t);

    if (ids)
        memcpy(ids, rows->ids + rows->first + from, size);
    if (indexes)
        memcpy(indexes, rows->indexes + rows->first + from, size);
}

void collection_bulk_rows_rewind(void *self)
{
    struct bulk_rows *const rows = self;

    rows->batch = rows->first = 0;
}

int64_t collection_bulk_rows_row(void *self, int64_t at)
{
    const struct bulk_rows *const rows = self;

    return rows->first + at;
}

/* ---- elements by id or label ---- */

/* Runs of one id are asked for once. */
stoa_status collection_bulk_missing(struct bulk *bulk, int64_t *row, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    *row = -1;
    collection_text(&text, "SELECT 1 FROM %T WHERE \"id\" = ?1", bulk->collection->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, &bulk->call, (const char *)text.data, text.size, err);
    for (int64_t i = 0; i < bulk->row_count && rc == STOA_OK; i++) {
        const stoa_value key = {.type = STOA_TYPE_INT64, .a = bulk->ids[i]};

        if (i > 0 && bulk->ids[i] == bulk->ids[i - 1])
            continue;
        rc = stoa__call_check(&bulk->call.entry.call, err);
        if (rc == STOA_OK)
            rc = collection_sql_row(&sql, &key, 1, NULL, 0, err);
        if (rc == STOA_DONE)
            *row = i;
    }
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status must_exist(struct bulk *bulk, stoa_error *err)
{
    int64_t row;
    const stoa_status rc = collection_bulk_missing(bulk, &row, err);

    if (rc != STOA_OK || row < 0)
        return rc;
    return collection_bulk_at_row(collection_element_fail(bulk->collection, bulk->ids[row], err),
                                  row, err);
}

/* Plain ids lie there as they are wanted. */
static bool copy_ids(struct bulk *bulk, int32_t child)
{
    const struct stoa__arrow_type *const type = &bulk->in.type->children[child];

    if (type->kind != STOA__ARROW_INT64 || type->dictionary)
        return false;
    for (int64_t i = 0; i < collection_bulk_batch_count(bulk); i++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, i);
        const struct ArrowArray *const array = batch->array.children[child];

        if (array->null_count != 0 && array->buffers[0])
            return false;
        if (batch->array.length > 0)
            memcpy(bulk->ids + batch->first,
                   (const char *)array->buffers[1] + (array->offset + batch->array.offset) * 8,
                   (size_t)batch->array.length * sizeof(int64_t));
    }
    return true;
}

static stoa_status find_one(struct bulk *bulk, const struct collection_cell *cell,
                            struct collection_labels *labels, int64_t *id, stoa_error *err)
{
    stoa_status rc;

    if (cell->type == STOA_TYPE_INT64) {
        *id = cell->integer;
        return STOA_OK;
    }
    if (cell->type == STOA_TYPE_NULL)
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID, "an element is NULL");
    rc = collection_labels_find(labels, cell->text, cell->size, id, err);
    return rc == STOA_DONE
               ? collection_element_fail_label(bulk->collection, cell->text, cell->size, err)
               : rc;
}

stoa_status collection_bulk_find_elements(struct bulk *bulk, int32_t child, stoa_error *err)
{
    const struct collection_table *const collection = bulk->collection;
    const bool by_label = strcmp(bulk->in.type->children[child].name, "label") == 0;
    struct bulk_column key = {.child = child};
    struct collection_labels *labels = NULL;
    struct collection_cell cell;
    stoa_status rc = collection_labels_of(&bulk->relations, collection->name, &labels, err);

    bulk->ids = stoa__arena_alloc(&bulk->arena, ((size_t)bulk->row_count + 1) * sizeof(int64_t));
    if (rc == STOA_OK && !bulk->ids)
        rc = stoa__fail_nomem(err);
    collection_feed_init(&key.feed, &bulk->call.state->policy,
                         &collection->columns[by_label ? collection->label : collection->id],
                         &bulk->in.type->children[child], COLLECTION_SCALAR);
    if (rc == STOA_OK)
        rc = collection_bulk_column_check(bulk, &key, err);
    if (rc == STOA_OK && !by_label && copy_ids(bulk, child))
        return must_exist(bulk, err);
    for (int64_t i = 0; i < collection_bulk_batch_count(bulk) && rc == STOA_OK; i++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, i);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            collection_feed_cell(&key.feed, batch->array.children[child],
                                 batch->array.offset + row, &cell);
            rc = find_one(bulk, &cell, labels, &bulk->ids[batch->first + row], err);
            if (rc == STOA_ERR_NOT_FOUND || rc == STOA_ERR_INVALID)
                (void)collection_bulk_at_row(rc, batch->first + row, err);
        }
    }
    return rc == STOA_OK && !by_label ? must_exist(bulk, err) : rc;
}
