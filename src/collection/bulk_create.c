/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many elements made in one call. Ids are known before the first row is written, so that every
 * table is filled in one pass. A relation to a later row of the call points at its own row first
 * and is set right when all rows are there: SQLite would look for waiting relations at every row.
 */
#include "collection/bulk.h"
#include "collection/output.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

/* A relation to a row that comes later. */
struct later {
    int64_t id, target;
};

struct create {
    struct bulk bulk;
    struct bulk_column *id; /* Of the stream; NULL: ids are made here. */
    struct bulk_column *label;
    int64_t first_id;
};

static struct bulk_column *find_column(const struct bulk *bulk, const char *name)
{
    for (int32_t i = 0; i < bulk->column_count; i++)
        if (strcmp(bulk->columns[i].feed.column->name, name) == 0)
            return &bulk->columns[i];
    return NULL;
}

static void cell_of(const struct bulk *bulk, const struct bulk_column *column, int64_t batch,
                    int64_t row, struct collection_cell *out)
{
    const struct ArrowArray *const array = &collection_bulk_batch_at(bulk, batch)->array;

    collection_feed_cell(&column->feed, array->children[column->child], array->offset + row, out);
}

/* ---- before the rows ---- */

static stoa_status check_given(const struct create *create, stoa_error *err)
{
    const struct bulk *const bulk = &create->bulk;

    if (bulk->column_count == 0)
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                               "element must have at least one scalar attribute");
    for (int32_t i = 0; i < bulk->collection->column_count; i++) {
        const struct collection_column *const column = &bulk->collection->columns[i];

        if (!column->not_null || column->default_value || column->generated ||
            i == bulk->collection->id || find_column(bulk, column->name))
            continue;
        return stoa__fail(err, STOA_ERR_CONSTRAINT,
                          "Failed to execute statement: NOT NULL constraint failed: %s.%s",
                          bulk->collection->name, column->name);
    }
    return STOA_OK;
}

static stoa_status know_ids(struct create *create, stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    struct collection_cell cell;
    stoa_status rc;

    bulk->ids = stoa__arena_alloc(&bulk->arena, ((size_t)bulk->row_count + 1) * sizeof(int64_t));
    if (!bulk->ids)
        return stoa__fail_nomem(err);
    if (!create->id) {
        rc = collection_next_id(&bulk->call, bulk->collection, bulk->row_count, &create->first_id,
                                err);
        for (int64_t i = 0; i < bulk->row_count && rc == STOA_OK; i++)
            bulk->ids[i] = create->first_id + i;
        return rc;
    }
    rc = collection_bulk_column_check(bulk, create->id, err);
    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && rc == STOA_OK; b++)
        for (int64_t row = 0; row < collection_bulk_batch_at(bulk, b)->array.length; row++) {
            cell_of(bulk, create->id, b, row, &cell);
            collection_note_id(&bulk->call, cell.integer);
            bulk->ids[collection_bulk_batch_at(bulk, b)->first + row] = cell.integer;
        }
    return rc;
}

static bool is_own(const struct bulk *bulk, const struct collection_feed *feed)
{
    return feed->form == COLLECTION_FORM_LABEL &&
           strcmp(feed->column->target, bulk->collection->name) == 0;
}

static bool relates_to_own(const struct bulk *bulk)
{
    for (int32_t i = 0; i < bulk->column_count; i++)
        if (is_own(bulk, &bulk->columns[i].feed))
            return true;
    for (int32_t g = 0; g < bulk->group_count; g++)
        for (int32_t i = 0; i < bulk->groups[g].feed_count; i++)
            if (is_own(bulk, &bulk->groups[g].feeds[i]))
                return true;
    return false;
}

/* Labels of the call's own rows, or of none that is given twice. */
static stoa_status put_labels(struct create *create, struct collection_labels *labels,
                              stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    struct collection_cell cell;
    stoa_status rc = STOA_OK;

    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && rc == STOA_OK; b++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, b);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            int64_t id = batch->first + row;

            cell_of(bulk, create->label, b, row, &cell);
            if (cell.type != STOA_TYPE_TEXT)
                continue;
            id = bulk->ids[id];
            rc = collection_labels_put(labels, cell.text, cell.size, &id, err);
            if (rc != STOA_ERR_EXISTS)
                continue;
            rc = stoa__fail(err, STOA_ERR_CONSTRAINT,
                            "Failed to execute statement: UNIQUE constraint failed: %s.label",
                            bulk->collection->name);
            stoa__error_append(err, "row %lld, '%.*s' again", (long long)(batch->first + row),
                               (int)(cell.size < 200 ? cell.size : 200), cell.text);
        }
    }
    return rc;
}

static stoa_status know_itself(struct create *create, stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    struct collection_labels *labels = NULL;
    stoa_status rc;

    if (!create->label || create->label->feed.form == COLLECTION_FORM_WRONG ||
        !relates_to_own(bulk))
        return STOA_OK;
    rc = collection_labels_of(&bulk->relations, bulk->collection->name, &labels, err);
    return rc == STOA_OK ? put_labels(create, labels, err) : rc;
}

/* ---- rows ---- */

/* Ids in a relation to the own collection, with ids of the caller's: as if they were labels. */
static stoa_status take_ids(struct create *create, struct bulk_column *column,
                            stoa_error *err)
{
    const struct bulk *const bulk = &create->bulk;
    struct collection_cell cell;

    if (!create->id || column->feed.form != COLLECTION_FORM_AS_IS || !column->feed.column->target ||
        strcmp(column->feed.column->target, bulk->collection->name) != 0)
        return STOA_OK;
    column->ids = stoa__arena_alloc_zero(&create->bulk.arena, (size_t)bulk->row_count + 1,
                                         sizeof *column->ids);
    if (!column->ids)
        return stoa__fail_nomem(err);
    for (int64_t b = 0; b < collection_bulk_batch_count(bulk); b++)
        for (int64_t row = 0; row < collection_bulk_batch_at(bulk, b)->array.length; row++) {
            cell_of(bulk, column, b, row, &cell);
            if (cell.type == STOA_TYPE_INT64)
                column->ids[collection_bulk_batch_at(bulk, b)->first + row] = cell.integer;
        }
    column->feed.form = COLLECTION_FORM_LABEL;
    return STOA_OK;
}

/* With ids of the caller's their order says nothing. */
static bool is_later(const struct create *create, const struct later *one)
{
    return create->id || (one->target > one->id && one->target >= create->first_id);
}

/* Take relations to later rows out, into `later`; the row's own id stands in. */
static stoa_status take_later(struct create *create, struct bulk_column *column,
                              stoa__buffer *later, stoa_error *err)
{
    const struct bulk *const bulk = &create->bulk;
    struct collection_cell cell;
    stoa_status rc = take_ids(create, column, err);

    if (rc != STOA_OK || !is_own(bulk, &column->feed))
        return rc;
    for (int64_t b = 0; b < collection_bulk_batch_count(bulk); b++)
        for (int64_t row = 0; row < collection_bulk_batch_at(bulk, b)->array.length; row++) {
            const int64_t i = collection_bulk_batch_at(bulk, b)->first + row;
            const struct later one = {bulk->ids[i], column->ids[i]};

            if (!is_later(create, &one))
                continue;
            cell_of(bulk, column, b, row, &cell);
            if (cell.type == STOA_TYPE_NULL)
                continue;
            if (stoa__buffer_append(later, &one, sizeof one) != STOA_OK)
                return stoa__fail_nomem(err);
            column->ids[i] = one.id;
        }
    return STOA_OK;
}

static stoa_status set_later(struct bulk *bulk, const struct bulk_column *column,
                             const stoa__buffer *later, stoa_error *err)
{
    const struct later *const list = (const struct later *)(const void *)later->data;
    const size_t count = later->size / sizeof *list;
    struct collection_packed packed = {0};
    stoa_status rc = STOA_OK;

    for (size_t i = 0; i < count && rc == STOA_OK; i++) {
        stoa__buffer text = {0};

        rc = collection_packed_int64(&packed, list[i].target);
        if (rc == STOA_OK)
            rc = collection_packed_int64(&packed, list[i].id);
        packed.row_count++;
        if (rc != STOA_OK || (packed.row_count < COLLECTION_CHUNK_ROWS && i + 1 < count))
            continue;
        collection_text(&text, "UPDATE %T SET %Q=?1 WHERE \"id\"=?2", bulk->collection->name,
                        column->feed.column->name);
        rc = collection_packed_run(&packed, &bulk->call, &text, NULL, NULL, err);
    }
    collection_packed_release(&packed);
    return rc == STOA_ERR_NOMEM ? stoa__fail_nomem(err) : rc;
}

/* The table has left rows out, whose ids would be answered: which is the first? */
static stoa_status fail_ignored(struct bulk *bulk, stoa_error *err)
{
    int64_t row;
    stoa_status rc = collection_bulk_missing(bulk, &row, err);

    if (rc != STOA_OK)
        return rc;
    rc = collection_element_fail_ignored(&bulk->call, bulk->collection, err);
    return row < 0 ? rc : collection_bulk_at_row(rc, row, err);
}

static stoa_status insert_scalars(struct create *create, stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    const size_t count = (size_t)bulk->column_count;
    struct collection_feed *const feeds =
        stoa__arena_alloc_zero(&bulk->arena, count, sizeof *feeds);
    struct bulk_rows rows = {.bulk = bulk,
                             .columns = bulk->columns,
                             .column_count = bulk->column_count,
                             .ids = bulk->ids};
    const struct collection_flow flow = {.columns = {.table = bulk->collection,
                                                     .feeds = feeds,
                                                     .feed_count = bulk->column_count,
                                                     .with_id = !create->id},
                                         .row_count = bulk->row_count,
                                         .next = collection_bulk_rows_next,
                                         .number = collection_bulk_rows_number,
                                         .rewind = collection_bulk_rows_rewind,
                                         .row = collection_bulk_rows_row,
                                         .self = &rows};
    int64_t ignored;
    stoa_status rc;

    if (!feeds)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        feeds[i] = bulk->columns[i].feed;
    rc = collection_flow_write(&bulk->call, &flow, &ignored, err);
    return rc == STOA_OK && ignored > 0 ? fail_ignored(bulk, err) : rc;
}

static stoa_status insert_all(struct create *create, stoa__buffer *later, stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < bulk->column_count && rc == STOA_OK; i++)
        rc = take_later(create, &bulk->columns[i], &later[i], err);
    if (rc == STOA_OK)
        rc = insert_scalars(create, err);
    for (int32_t i = 0; i < bulk->column_count && rc == STOA_OK; i++)
        rc = set_later(bulk, &bulk->columns[i], &later[i], err);
    for (int32_t i = 0; i < bulk->group_count && rc == STOA_OK; i++)
        rc = collection_bulk_group_insert(bulk, &bulk->groups[i], err);
    return rc;
}

static stoa_status insert(struct create *create, stoa_error *err)
{
    const size_t count = (size_t)create->bulk.column_count;
    stoa__buffer *const later =
        stoa__arena_alloc_zero(&create->bulk.arena, count, sizeof *later);
    stoa_status rc;

    if (!later)
        return stoa__fail_nomem(err);
    rc = insert_all(create, later, err);
    for (size_t i = 0; i < count; i++)
        stoa__buffer_release(&later[i]);
    return rc;
}

static stoa_status publish_ids(struct bulk *bulk, stoa_result *out, stoa_error *err)
{
    static const struct collection_field fields[] = {{"id", "l", false}};
    struct collection_rows rows = {0};
    stoa_status rc;

    if (!out)
        return STOA_OK;
    rc = collection_rows_init(&rows, fields, 1, err);
    for (int64_t i = 0; i < bulk->row_count && rc == STOA_OK; i++)
        collection_rows_int64(&rows, bulk->ids[i]);
    if (rc == STOA_OK)
        rc = collection_rows_publish(&rows, &bulk->call, out, err);
    collection_rows_release(&rows);
    return rc;
}

static stoa_status make(struct create *create, stoa_result *out, stoa_error *err)
{
    struct bulk *const bulk = &create->bulk;
    stoa_status rc = collection_bulk_map(bulk, -1, err);

    create->id = rc == STOA_OK ? find_column(bulk, "id") : NULL;
    create->label = rc == STOA_OK ? find_column(bulk, "label") : NULL;
    if (rc == STOA_OK)
        rc = check_given(create, err);
    if (rc == STOA_OK)
        rc = know_ids(create, err);
    if (rc == STOA_OK)
        rc = know_itself(create, err);
    if (rc == STOA_OK)
        rc = collection_bulk_resolve(bulk, err);
    if (rc == STOA_OK)
        rc = collection_bulk_check(bulk, err);
    if (rc == STOA_OK && bulk->row_count > 0)
        rc = insert(create, err);
    return rc == STOA_OK ? publish_ids(bulk, out, err) : rc;
}

stoa_status stoa_elements_create(stoa_conn conn, stoa_op op, const char *collection,
                                 int64_t collection_size, struct ArrowArrayStream *rows,
                                 stoa_result *out, stoa_error *err)
{
    struct create create = {.first_id = 0};
    stoa_status rc;

    if (out)
        *out = (stoa_result){0};
    rc = collection_bulk_enter(&create.bulk, conn, op, "create_elements", collection,
                               collection_size, rows, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_bulk_leave(&create.bulk, make(&create, out, err), rows, err);
    if (rc != STOA_OK && out) { /* The commit may have failed. */
        stoa_result_close(*out);
        *out = (stoa_result){0};
    }
    return rc;
}
