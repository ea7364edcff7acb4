/* SPDX-License-Identifier: Apache-2.0 */
/* One element: made, changed, deleted. */
#include "collection/element.h"

#include "base/error.h"
#include "collection/route.h"
#include "collection/rows.h"
#include "core/enter.h"

#include <string.h>

#include "base/ban.h"

/* What was given for an element. */
struct element {
    struct collection_write *write;
    struct collection_cells cells;
    struct collection_inputs arrays;
    struct collection_group *groups;
    int32_t group_count;
    int64_t id;
    bool with_id; /* Made here, and not among the cells. */
};

static void release(struct element *element)
{
    collection_inputs_release(&element->cells.inputs);
    collection_inputs_release(&element->arrays);
}

/* ---- what goes where ---- */

static stoa_status add_groups(struct element *element, const struct collection_route *routes,
                              int32_t count, stoa_error *err)
{
    struct collection_write *const write = element->write;
    int32_t at = 0;
    stoa_status rc = STOA_OK;

    element->groups = stoa__arena_alloc_zero(&write->arena, (size_t)count + 1,
                                             sizeof *element->groups);
    if (!element->groups)
        return stoa__fail_nomem(err);
    while (at < count && rc == STOA_OK) {
        const struct collection_route *const first = &routes[at];
        const int32_t run = collection_route_run(routes, count, &at);
        struct collection_group *const group = &element->groups[element->group_count++];

        rc = collection_group_init(group, first->table, run, &write->arena, err);
        for (int32_t i = 0; i < run && rc == STOA_OK; i++)
            rc = collection_group_add(group, &write->call, first[i].column,
                                      &element->arrays.items[first[i].input], COLLECTION_ARRAY,
                                      err);
    }
    return rc;
}

/* Arrays without rows clear a group when an element is changed, and do nothing when it is made. */
static stoa_status route_arrays(struct element *element, bool skip_empty, stoa_error *err)
{
    struct collection_write *const write = element->write;
    const int32_t count = element->arrays.count;
    struct collection_named *names;
    struct collection_route *routes;
    int32_t route_count;
    stoa_status rc;

    if (count == 0)
        return STOA_OK;
    names = stoa__arena_alloc_zero(&write->arena, (size_t)count, sizeof *names);
    if (!names)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < count; i++) {
        const struct collection_input *const input = &element->arrays.items[i];

        names[i] = (struct collection_named){input->name, input->name_size,
                                             skip_empty && input->array.length == 0};
    }
    rc = collection_route(&write->call, write->collection, names, count, &write->arena, &routes,
                          &route_count, err);
    return rc == STOA_OK ? add_groups(element, routes, route_count, err) : rc;
}

static stoa_status feed_cells(struct element *element, stoa_error *err)
{
    struct collection_write *const write = element->write;
    stoa_status rc = collection_cells_init(&element->cells, write, err);

    for (int32_t i = 0; i < element->cells.inputs.count && rc == STOA_OK; i++) {
        const struct collection_input *const cell = &element->cells.inputs.items[i];
        const struct collection_column *column = NULL;

        rc = collection_scalar(&write->call, write->collection, cell->name, &column, err);
        if (rc == STOA_OK)
            collection_feed_init(&element->cells.feeds[i], &write->call.state->policy, column,
                                 cell->type, COLLECTION_SCALAR);
    }
    return rc;
}

static stoa_status read_all(struct element *element, const stoa_value *cells, int64_t cell_count,
                            const uint8_t *bytes, int64_t bytes_size, const stoa_column *arrays,
                            int64_t array_count, bool create, stoa_error *err)
{
    const struct collection_call *const call = &element->write->call;
    stoa_status rc = collection_inputs_cells(call, cells, cell_count, bytes, bytes_size,
                                             &element->cells.inputs, err);

    if (rc == STOA_OK)
        rc = collection_inputs_columns(call, arrays, array_count, &element->arrays, err);
    if (rc == STOA_OK && create && element->cells.inputs.count == 0)
        rc = collection_fail(call, err, STOA_ERR_INVALID,
                             "element must have at least one scalar attribute");
    if (rc == STOA_OK && element->cells.inputs.count + element->arrays.count == 0)
        rc = collection_fail(call, err, STOA_ERR_INVALID,
                             "element must have at least one attribute to update");
    if (rc == STOA_OK)
        rc = feed_cells(element, err);
    return rc == STOA_OK ? route_arrays(element, create, err) : rc;
}

/* ---- checks ---- */

static stoa_status check_all(struct element *element, stoa_error *err)
{
    struct collection_write *const write = element->write;
    stoa_status rc = collection_cells_check(&element->cells, write, err);

    for (int32_t i = 0; i < element->group_count && rc == STOA_OK; i++)
        rc = collection_group_check(&element->groups[i], &write->relations, &write->arena, err);
    return rc;
}

static int32_t find_cell(const struct element *element, const char *name)
{
    for (int32_t i = 0; i < element->cells.inputs.count; i++)
        if (strcmp(element->cells.inputs.items[i].name, name) == 0)
            return i;
    return -1;
}

/* The value of cell `index` as it is stored; false: it is none of that type. */
static bool stored_cell(const struct element *element, int32_t index, int32_t type,
                        struct collection_cell *out)
{
    if (index < 0 || element->cells.feeds[index].form == COLLECTION_FORM_WRONG)
        return false;
    collection_feed_cell(&element->cells.feeds[index], &element->cells.inputs.items[index].array, 0,
                         out);
    return out->type == type;
}

/* ---- create ---- */

static bool relates_to_own(const struct collection_feed *feed, const char *collection)
{
    return feed->form == COLLECTION_FORM_LABEL && strcmp(feed->column->target, collection) == 0;
}

/* A relation by label to elements of its own collection may mean the element itself: so it has its
 * id before it is there. */
static stoa_status know_itself(struct element *element, stoa_error *err)
{
    struct collection_write *const write = element->write;
    const char *const name = write->collection->name;
    struct collection_labels *labels = NULL;
    struct collection_cell label, id;
    bool relates = false;
    stoa_status rc;

    for (int32_t i = 0; i < element->cells.inputs.count; i++)
        relates = relates || relates_to_own(&element->cells.feeds[i], name);
    for (int32_t g = 0; g < element->group_count; g++)
        for (int32_t i = 0; i < element->groups[g].feed_count; i++)
            relates = relates || relates_to_own(&element->groups[g].feeds[i], name);
    if (!relates || !stored_cell(element, find_cell(element, "label"), STOA_TYPE_TEXT, &label))
        return STOA_OK;
    if (stored_cell(element, find_cell(element, "id"), STOA_TYPE_INT64, &id)) {
        element->id = id.integer;
    } else if (find_cell(element, "id") < 0) {
        rc = collection_next_id(&write->call, write->collection, 1, &element->id, err);
        if (rc != STOA_OK)
            return rc;
        element->with_id = true;
    } else {
        return STOA_OK;
    }
    rc = collection_labels_of(&write->relations, name, &labels, err);
    if (rc == STOA_OK)
        rc = collection_labels_put(labels, label.text, label.size, &element->id, err);
    return rc;
}

/* SQLite says the same of a full disk and of ids that have come to their end. */
static stoa_status fail_full(struct element *element, stoa_error *err)
{
    stoa_error told = {0};
    int64_t id;

    if (collection_next_id(&element->write->call, element->write->collection, 1, &id, &told) ==
        STOA_ERR_FULL)
        stoa__error_copy(err, &told);
    return STOA_ERR_FULL;
}

static stoa_status insert_cells(struct element *element, stoa_error *err)
{
    struct collection_write *const write = element->write;
    const struct collection_columns columns = {.table = write->collection,
                                               .feeds = element->cells.feeds,
                                               .feed_count = element->cells.inputs.count,
                                               .with_id = element->with_id,
                                               .high_ids = collection_has_high_ids(&write->call)};
    struct collection_packed packed = {.row_count = 1};
    struct collection_cell id;
    struct stoa__cursor_info info;
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    collection_packed_borrow(&packed, &write->call, &text);
    if (element->with_id)
        rc = collection_packed_int64(&packed, element->id);
    if (rc == STOA_OK)
        rc = collection_cells_pack(&element->cells, &packed.values, &packed.bytes);
    if (rc == STOA_OK) {
        collection_insert_text(&columns, &text);
        rc = collection_packed_run(&packed, &write->call, &text, &info, NULL, err);
    } else {
        rc = stoa__fail_nomem(err);
    }
    collection_packed_return(&packed, &write->call, &text);
    if (rc == STOA_ERR_FULL && !element->with_id && find_cell(element, "id") < 0)
        return fail_full(element, err);
    if (rc == STOA_OK && info.rows_affected == 0) /* Its id would be another's. */
        return collection_element_fail_ignored(&write->call, write->collection, err);
    if (rc == STOA_OK && !element->with_id)
        element->id = info.last_insert_id;
    /* A table without row ids tells none. */
    if (rc == STOA_OK && stored_cell(element, find_cell(element, "id"), STOA_TYPE_INT64, &id))
        element->id = id.integer;
    if (rc == STOA_OK)
        collection_note_id(&write->call, element->id);
    return rc;
}

static stoa_status create(struct element *element, stoa_error *err)
{
    struct collection_call *const call = &element->write->call;
    stoa_status rc = know_itself(element, err);

    if (rc == STOA_OK)
        rc = check_all(element, err);
    if (rc == STOA_OK)
        rc = insert_cells(element, err);
    for (int32_t i = 0; i < element->group_count && rc == STOA_OK; i++)
        rc = collection_group_insert(call, &element->groups[i], element->id, err);
    return rc;
}

stoa_status stoa_element_create(stoa_conn conn, stoa_op op, const char *collection,
                                int64_t collection_size, const stoa_value *cells,
                                int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                const stoa_column *arrays, int64_t array_count, int64_t *id,
                                stoa_error *err)
{
    struct collection_write write;
    struct element element = {.write = &write};
    stoa_status rc;

    if (!id)
        return stoa__fail_null(err, "id");
    *id = 0;
    rc = collection_write_enter(&write, conn, op, "create_element", collection, collection_size,
                                err);
    if (rc != STOA_OK)
        return rc;
    rc = read_all(&element, cells, cell_count, bytes, bytes_size, arrays, array_count, true, err);
    if (rc == STOA_OK)
        rc = create(&element, err);
    release(&element);
    rc = collection_write_leave(&write, rc, err);
    if (rc == STOA_OK)
        *id = element.id;
    return rc;
}

/* ---- update ---- */

static stoa_status update_cells(struct element *element, stoa_error *err)
{
    struct collection_write *const write = element->write;
    const int32_t count = element->cells.inputs.count;
    struct collection_packed packed = {.row_count = 1};
    struct collection_cell id;
    stoa__buffer text = {0};
    stoa_status rc;

    if (count == 0)
        return STOA_OK;
    collection_text(&text, "UPDATE %T SET ", write->collection->name);
    for (int32_t i = 0; i < count; i++)
        collection_text(&text, "%s%Q=?%d", i > 0 ? "," : "",
                        element->cells.feeds[i].column->name, i + 1);
    collection_text(&text, " WHERE \"id\"=?%d", count + 1);
    rc = collection_cells_pack(&element->cells, &packed.values, &packed.bytes);
    if (rc == STOA_OK)
        rc = collection_packed_int64(&packed, element->id);
    if (rc == STOA_OK)
        rc = collection_packed_run(&packed, &write->call, &text, NULL, NULL, err);
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&text);
    collection_packed_release(&packed);
    if (rc == STOA_OK && stored_cell(element, find_cell(element, "id"), STOA_TYPE_INT64, &id))
        element->id = id.integer; /* The groups' rows went along. */
    collection_note_id(&write->call, element->id);
    return rc;
}

static stoa_status update(struct element *element, stoa_error *err)
{
    struct collection_call *const call = &element->write->call;
    stoa_status rc = check_all(element, err);

    if (rc == STOA_OK)
        rc = update_cells(element, err);
    for (int32_t i = 0; i < element->group_count && rc == STOA_OK; i++) {
        rc = collection_group_clear(call, element->groups[i].table, element->id, err);
        if (rc == STOA_OK)
            rc = collection_group_insert(call, &element->groups[i], element->id, err);
    }
    return rc;
}

stoa_status stoa_element_update(stoa_conn conn, stoa_op op, const char *collection,
                                int64_t collection_size, const stoa_value *key,
                                const stoa_value *cells, int64_t cell_count, const uint8_t *bytes,
                                int64_t bytes_size, const stoa_column *arrays, int64_t array_count,
                                stoa_error *err)
{
    struct collection_write write;
    struct element element = {.write = &write};
    stoa_status rc = collection_write_enter(&write, conn, op, "update_element", collection,
                                            collection_size, err);

    if (rc != STOA_OK)
        return rc;
    rc = read_all(&element, cells, cell_count, bytes, bytes_size, arrays, array_count, false, err);
    if (rc == STOA_OK)
        rc = collection_element_find(&write.relations, write.collection, key, bytes, bytes_size,
                                     &element.id, err);
    if (rc == STOA_OK)
        rc = update(&element, err);
    release(&element);
    return collection_write_leave(&write, rc, err);
}

/* ---- delete ---- */

stoa_status stoa_element_delete(stoa_conn conn, stoa_op op, const char *collection,
                                int64_t collection_size, const stoa_value *key,
                                const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    struct collection_write write;
    int64_t id = 0;
    stoa_status rc = collection_write_enter(&write, conn, op, "delete_element", collection,
                                            collection_size, err);

    if (rc != STOA_OK)
        return rc;
    rc = collection_element_find(&write.relations, write.collection, key, bytes, bytes_size, &id,
                                 err);
    if (rc == STOA_OK)
        rc = collection_group_clear(&write.call, write.collection, id, err);
    return collection_write_leave(&write, rc, err);
}
