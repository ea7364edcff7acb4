/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of many elements for one group, from a stream. */
#include "collection/bulk.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/hash.h"

#include <string.h>

#include "base/ban.h"

static const char *const operations[] = {"update_group", "update_vector_group", "update_set_group",
                                         "update_time_series_group"};

enum mode { MODE_REPLACE, MODE_APPEND, MODE_MERGE };
static const char modes[] = "replace|append|merge";

/* ---- the elements there are ---- */

/* An element and the index its last row has. */
struct counted {
    int64_t id, last;
};

/* All of them in the order they came, and a map of their places. */
struct counts {
    struct counted *items;
    int64_t count;
    int64_t *slots; /* Places, plus 1; 0: free. */
    uint64_t mask;
};

static stoa_status counts_init(struct counts *counts, int64_t most, stoa__arena *arena,
                               stoa_error *err)
{
    uint64_t slots = 16;

    while (slots < (uint64_t)most * 2)
        slots *= 2;
    *counts = (struct counts){.mask = slots - 1};
    counts->items = stoa__arena_alloc(arena, ((size_t)most + 1) * sizeof *counts->items);
    counts->slots = stoa__arena_alloc_zero(arena, (size_t)slots, sizeof *counts->slots);
    return counts->items && counts->slots ? STOA_OK : stoa__fail_nomem(err);
}

static struct counted *counted_of(struct counts *counts, int64_t id)
{
    for (uint64_t i = stoa__hash_number((uint64_t)id, 0);; i++) {
        int64_t *const slot = &counts->slots[i & counts->mask];

        if (*slot > 0 && counts->items[*slot - 1].id != id)
            continue;
        if (*slot == 0) {
            counts->items[counts->count] = (struct counted){id, 0};
            *slot = ++counts->count;
        }
        return &counts->items[*slot - 1];
    }
}

/* Elements are few where rows are many: count runs first. */
static int64_t count_runs(const struct bulk *bulk)
{
    int64_t runs = bulk->row_count > 0;

    for (int64_t i = 1; i < bulk->row_count; i++)
        runs += bulk->ids[i] != bulk->ids[i - 1];
    return runs;
}

static stoa_status ask_last(struct collection_call *call, const struct collection_table *table,
                            struct counts *counts, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT max(\"vector_index\") FROM %T WHERE \"id\" = ?1", table->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text.data, text.size, err);
    for (int64_t i = 0; i < counts->count && rc == STOA_OK; i++) {
        const stoa_value key = {.type = STOA_TYPE_INT64, .a = counts->items[i].id};

        rc = collection_sql_row(&sql, &key, 1, NULL, 0, err);
        if (rc == STOA_OK)
            counts->items[i].last = collection_row_int64(&sql.row, 0);
    }
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc;
}

/* ---- columns ---- */

struct work {
    struct bulk bulk;
    const struct collection_table *table;
    struct counts counts;
    int64_t *indexes; /* vector_index of each row, unless it was given. */
    int32_t mode;
};

static stoa_status add_column(struct work *work, int32_t child, stoa_error *err)
{
    struct bulk *const bulk = &work->bulk;
    const struct collection_table *const table = work->table;
    const char *const name = bulk->in.type->children[child].name;
    const int32_t column = collection_find_column(table, name, strlen(name));

    if (column < 0 || column == table->id)
        return collection_fail(&bulk->call, err, STOA_ERR_NOT_FOUND,
                               "column '%s' not found in group '%s' for collection '%s'", name,
                               table->group, bulk->collection->name);
    if (table->columns[column].generated)
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                               "column '%s' is generated and cannot be written", name);
    for (int32_t i = 0; i < bulk->column_count; i++)
        if (bulk->columns[i].feed.column == &table->columns[column])
            return collection_fail(&bulk->call, err, STOA_ERR_INVALID, "'%s' was given twice",
                                   name);
    (void)collection_bulk_add(bulk, &table->columns[column], child,
                              table->role == ROLE_TIME_SERIES ? COLLECTION_SERIES
                                                              : COLLECTION_SCALAR);
    return STOA_OK;
}

static bool is_given(const struct bulk *bulk, const struct collection_column *column)
{
    for (int32_t i = 0; i < bulk->column_count; i++)
        if (bulk->columns[i].feed.column == column)
            return true;
    return false;
}

static stoa_status map_columns(struct work *work, int32_t key, stoa_error *err)
{
    struct bulk *const bulk = &work->bulk;
    const struct collection_table *const table = work->table;
    stoa_status rc = STOA_OK;

    bulk->columns = stoa__arena_alloc_zero(
        &bulk->arena, (size_t)bulk->in.type->child_count + 1, sizeof *bulk->columns);
    if (!bulk->columns)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < bulk->in.type->child_count && rc == STOA_OK; i++)
        if (i != key)
            rc = add_column(work, i, err);
    for (int32_t c = 0; c < table->column_count && rc == STOA_OK; c++) {
        const struct collection_column *const column = &table->columns[c];

        if (c == table->id || c == table->vector_index || is_given(bulk, column))
            continue;
        if (column->dimension)
            rc = collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                 "row missing required '%s' column", column->name);
        else if (column->not_null && !column->default_value && !column->generated)
            rc = stoa__fail(err, STOA_ERR_CONSTRAINT,
                            "Failed to execute statement: NOT NULL constraint failed: %s.%s",
                            table->name, column->name);
    }
    return rc;
}

/* ---- rows ---- */

static stoa_status number_rows(struct work *work, stoa_error *err)
{
    struct bulk *const bulk = &work->bulk;
    const struct collection_table *const table = work->table;
    struct counted *counted = NULL;
    bool number;
    stoa_status rc = counts_init(&work->counts, count_runs(bulk), &bulk->arena, err);

    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < bulk->row_count; i++)
        if (i == 0 || bulk->ids[i] != bulk->ids[i - 1])
            (void)counted_of(&work->counts, bulk->ids[i]);
    number = table->role == ROLE_VECTOR && !is_given(bulk, &table->columns[table->vector_index]);
    if (!number)
        return STOA_OK;
    if (work->mode == MODE_APPEND)
        rc = ask_last(&bulk->call, table, &work->counts, err);
    work->indexes =
        stoa__arena_alloc(&bulk->arena, ((size_t)bulk->row_count + 1) * sizeof(int64_t));
    if (rc == STOA_OK && !work->indexes)
        rc = stoa__fail_nomem(err);
    for (int64_t i = 0; i < bulk->row_count && rc == STOA_OK; i++) {
        if (!counted || counted->id != bulk->ids[i])
            counted = counted_of(&work->counts, bulk->ids[i]);
        if (counted->last == INT64_MAX)
            return collection_bulk_at_row(collection_fail(&bulk->call, err, STOA_ERR_FULL,
                                                          "no vector_index is left behind %lld",
                                                          (long long)counted->last),
                                          i, err);
        work->indexes[i] = ++counted->last;
    }
    return rc;
}

static stoa_status clear(struct work *work, stoa_error *err)
{
    enum { CLEARED = 1024 };
    struct collection_packed packed = {0};
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < work->counts.count && rc == STOA_OK; i++) {
        stoa__buffer text = {0};

        if (collection_packed_int64(&packed, work->counts.items[i].id) != STOA_OK)
            rc = stoa__fail_nomem(err);
        packed.row_count++;
        if (rc != STOA_OK || (packed.row_count < CLEARED && i + 1 < work->counts.count))
            continue;
        collection_text(&text, "DELETE FROM %T WHERE \"id\"=?1", work->table->name);
        rc = collection_packed_run(&packed, &work->bulk.call, &text, NULL, NULL, err);
    }
    collection_packed_release(&packed);
    return rc;
}

static bool in_index(const struct collection_index *index, const char *name)
{
    for (int32_t i = 0; i < index->column_count; i++)
        if (index->columns[i] && strcmp(index->columns[i], name) == 0)
            return true;
    return false;
}

/* Columns that tell rows apart: of a set those of its UNIQUE, else the key. */
static bool is_key(const struct collection_columns *columns, const struct collection_column *column)
{
    const struct collection_table *const table = columns->table;

    if (table->role == ROLE_VECTOR)
        return column->position == table->id || column->position == table->vector_index;
    if (table->role == ROLE_TIME_SERIES)
        return column->position == table->id || column->dimension;
    for (int32_t i = 0; i < table->index_count; i++)
        if (!table->indexes[i].partial && in_index(&table->indexes[i], "id"))
            return in_index(&table->indexes[i], column->name);
    return true;
}

static void merge_text(const struct collection_columns *columns, stoa__buffer *text)
{
    const char *between = " ON CONFLICT(";

    collection_insert_text(columns, text);
    for (int32_t c = 0; c < columns->table->column_count; c++) {
        if (!is_key(columns, &columns->table->columns[c]))
            continue;
        collection_text(text, "%s%Q", between, columns->table->columns[c].name);
        between = ",";
    }
    between = ") DO UPDATE SET ";
    for (int32_t i = 0; i < columns->feed_count; i++) {
        const struct collection_column *const column = columns->feeds[i].column;

        if (is_key(columns, column))
            continue;
        collection_text(text, "%s%Q=excluded.%Q", between, column->name, column->name);
        between = ",";
    }
    if (*between == ')')
        collection_text(text, ") DO NOTHING");
}

/* Sets may have rows that are equal but for NULLs, which SQLite takes for different. */
static stoa_status check_sets(struct work *work, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < work->counts.count && rc == STOA_OK; i++)
        rc = collection_set_check(&work->bulk.call, work->table, work->counts.items[i].id, err);
    return rc;
}

static bool may_repeat(const struct work *work)
{
    const struct bulk *const bulk = &work->bulk;

    if (work->table->role != ROLE_SET)
        return false;
    for (int32_t i = 0; i < bulk->column_count; i++)
        for (int64_t b = 0; b < collection_bulk_batch_count(bulk); b++)
            if (collection_feed_may_be_null(
                    &bulk->columns[i].feed,
                    collection_bulk_batch_at(bulk, b)->array.children[bulk->columns[i].child]))
                return true;
    return bulk->column_count < work->table->column_count - 1;
}

static stoa_status write_rows(struct work *work, stoa_error *err)
{
    struct bulk *const bulk = &work->bulk;
    struct bulk_rows rows = {.bulk = bulk,
                             .columns = bulk->columns,
                             .column_count = bulk->column_count,
                             .ids = bulk->ids,
                             .indexes = work->indexes};
    struct collection_feed *const feeds = stoa__arena_alloc_zero(
        &bulk->arena, (size_t)bulk->column_count + 1, sizeof *feeds);
    const struct collection_flow flow = {.columns = {.table = work->table,
                                                     .feeds = feeds,
                                                     .feed_count = bulk->column_count,
                                                     .with_id = true,
                                                     .with_index = work->indexes != NULL},
                                         .row_count = bulk->row_count,
                                         .next = collection_bulk_rows_next,
                                         .number = collection_bulk_rows_number,
                                         .rewind = collection_bulk_rows_rewind,
                                         .row = collection_bulk_rows_row,
                                         .self = &rows};
    stoa_status rc = STOA_OK;

    if (!feeds)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < bulk->column_count; i++)
        feeds[i] = bulk->columns[i].feed;
    if (work->mode == MODE_REPLACE)
        rc = clear(work, err);
    if (rc == STOA_OK && work->mode == MODE_MERGE)
        rc = collection_flow_bind(&bulk->call, &flow, merge_text, err);
    else if (rc == STOA_OK)
        rc = collection_flow_write(&bulk->call, &flow, NULL, err);
    return rc == STOA_OK && may_repeat(work) ? check_sets(work, err) : rc;
}

static stoa_status write_stream(struct work *work, int32_t kind, const char *group,
                                int64_t group_size, stoa_error *err)
{
    struct bulk *const bulk = &work->bulk;
    const int32_t by_id = collection_bulk_child(bulk, "id");
    const int32_t key = by_id >= 0 ? by_id : collection_bulk_child(bulk, "label");
    stoa_status rc = collection_group_get(&bulk->call, bulk->collection, kind, group, group_size,
                                          &work->table, err);

    if (rc != STOA_OK)
        return rc;
    bulk->call.operation = operations[work->table->role];
    if (key < 0)
        return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                               "the stream has neither a column 'id' nor a column 'label'");
    rc = map_columns(work, key, err);
    if (rc == STOA_OK)
        rc = collection_bulk_find_elements(bulk, key, err);
    if (rc == STOA_OK)
        rc = collection_bulk_resolve(bulk, err);
    if (rc == STOA_OK)
        rc = collection_bulk_check(bulk, err);
    if (rc == STOA_OK)
        rc = number_rows(work, err);
    return rc == STOA_OK ? write_rows(work, err) : rc;
}

stoa_status stoa_group_write_stream(stoa_conn conn, stoa_op op, const char *collection,
                                    int64_t collection_size, int32_t kind, const char *group,
                                    int64_t group_size, struct ArrowArrayStream *rows,
                                    const stoa_option *options, int64_t option_count,
                                    int64_t *row_count, stoa_error *err)
{
    struct work work = {.mode = MODE_REPLACE};
    int32_t mode;
    stoa_status rc = collection_mode_read(options, option_count, modes, &mode, err);

    if (row_count)
        *row_count = 0;
    if (rc == STOA_OK && (kind < STOA_GROUP_ANY || kind > STOA_GROUP_TIME_SERIES))
        rc = stoa__fail(err, STOA_ERR_INVALID, "%d is no kind of group", (int)kind);
    if (rc == STOA_OK)
        rc = collection_bulk_enter(&work.bulk, conn, op, operations[kind], collection,
                                   collection_size, rows, err);
    if (rc != STOA_OK)
        return rc;
    work.mode = mode;
    rc = write_stream(&work, kind, group, group_size, err);
    const int64_t written = work.bulk.row_count;

    rc = collection_bulk_leave(&work.bulk, rc, rows, err);
    if (rc == STOA_OK && row_count)
        *row_count = written;
    return rc;
}
