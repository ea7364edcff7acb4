/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of one element in a group, and a single column of them. */
#include "collection/element.h"

#include "base/error.h"
#include "collection/rows.h"

#include <string.h>

#include "base/ban.h"

static const char *const whole_operations[] = {"update_group", "update_vector_group",
                                               "update_set_group", "update_time_series_group"};

/* ---- whole groups ---- */

/* A misspelt name must not wipe data: only no columns at all clear a group. */
static stoa_status check_lengths(const struct collection_call *call,
                                 const struct collection_inputs *columns, int64_t row_count,
                                 stoa_error *err)
{
    char list[512] = "";
    size_t size = 0;

    for (int32_t i = 0; i < columns->count; i++) {
        const struct collection_input *const column = &columns->items[i];

        if (column->array.length > 0 || size + column->name_size + 3 > sizeof list)
            continue;
        if (size > 0)
            memcpy(list + size, ", ", 2);
        size += size > 0 ? 2 : 0;
        memcpy(list + size, column->name, column->name_size + 1);
        size += column->name_size;
    }
    if (size > 0)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "columns [%s] contain no rows; pass no columns to clear the group",
                               list);
    for (int32_t i = 0; i < columns->count; i++)
        if (columns->items[i].array.length != row_count)
            return collection_fail(call, err, STOA_ERR_INVALID,
                                   "column '%s' has %lld rows, not %lld; all columns must have the "
                                   "same length",
                                   columns->items[i].name,
                                   (long long)columns->items[i].array.length,
                                   (long long)row_count);
    return STOA_OK;
}

static stoa_status value_column(const struct collection_write *write,
                                const struct collection_table *table, const char *name,
                                const struct collection_column **out, stoa_error *err)
{
    const int32_t column = collection_find_column(table, name, strlen(name));
    const bool managed = column >= 0 && (column == table->id || column == table->vector_index);

    if (managed && table->role != ROLE_TIME_SERIES)
        return collection_fail(&write->call, err, STOA_ERR_INVALID,
                               "column '%s' is managed by the group table, not a value column",
                               name);
    if (column < 0 || managed)
        return collection_fail(&write->call, err, STOA_ERR_NOT_FOUND,
                               "column '%s' not found in group '%s' for collection '%s'", name,
                               table->group, write->collection->name);
    *out = &table->columns[column];
    return STOA_OK;
}

static stoa_status build(struct collection_write *write, const struct collection_table *table,
                         const struct collection_inputs *columns, struct collection_group *group,
                         stoa_error *err)
{
    const int32_t style =
        table->role == ROLE_TIME_SERIES ? COLLECTION_SERIES : COLLECTION_ARRAY;
    stoa_status rc = collection_group_init(group, table, columns->count, &write->arena, err);

    for (int32_t i = 0; i < columns->count && rc == STOA_OK; i++) {
        const struct collection_column *column = NULL;

        rc = value_column(write, table, columns->items[i].name, &column, err);
        if (rc == STOA_OK)
            rc = collection_group_add(group, &write->call, column, &columns->items[i], style, err);
    }
    if (rc == STOA_OK && columns->count > 0)
        rc = collection_group_check(group, &write->relations, &write->arena, err);
    return rc;
}

struct place {
    int32_t kind;
    const char *group;
    int64_t group_size;
    const stoa_value *key;
    const uint8_t *bytes;
    int64_t bytes_size;
};

static stoa_status replace(struct collection_write *write, const struct place *place,
                           const struct collection_inputs *columns, int64_t row_count,
                           stoa_error *err)
{
    const struct collection_table *table;
    struct collection_group group;
    int64_t id;
    stoa_status rc = check_lengths(&write->call, columns, row_count, err);

    if (rc == STOA_OK)
        rc = collection_group_get(&write->call, write->collection, place->kind, place->group,
                                  place->group_size, &table, err);
    if (rc != STOA_OK)
        return rc;
    write->call.operation = whole_operations[table->role];
    rc = collection_element_find(&write->relations, write->collection, place->key, place->bytes,
                                 place->bytes_size, &id, err);
    if (rc == STOA_OK)
        rc = build(write, table, columns, &group, err);
    if (rc == STOA_OK)
        rc = collection_group_clear(&write->call, table, id, err);
    return rc == STOA_OK ? collection_group_insert(&write->call, &group, id, err) : rc;
}

stoa_status stoa_group_write(stoa_conn conn, stoa_op op, const char *collection,
                             int64_t collection_size, int32_t kind, const char *group,
                             int64_t group_size, const stoa_value *key, const uint8_t *bytes,
                             int64_t bytes_size, const stoa_column *columns, int64_t column_count,
                             int64_t row_count, stoa_error *err)
{
    const struct place place = {kind, group, group_size, key, bytes, bytes_size};
    struct collection_inputs inputs = {0};
    struct collection_write write;
    stoa_status rc;

    if (kind < STOA_GROUP_ANY || kind > STOA_GROUP_TIME_SERIES || row_count < 0)
        return stoa__fail(err, STOA_ERR_INVALID, "kind %d or row_count %lld is not one", (int)kind,
                          (long long)row_count);
    rc = collection_write_enter(&write, conn, op, whole_operations[kind], collection,
                                collection_size, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_inputs_columns(&write.call, columns, column_count, &inputs, err);
    if (rc == STOA_OK)
        rc = replace(&write, &place, &inputs, row_count, err);
    collection_inputs_release(&inputs);
    return collection_write_leave(&write, rc, err);
}

/* ---- one column ---- */

/* The group of that name if it has such a column, else any that has. */
static const struct collection_table *find_attribute(const struct collection_table *collection,
                                                     int32_t role, const char *name)
{
    const size_t size = strlen(name);
    const struct collection_table *table = collection_find_group(collection, role, name, size);

    if (table && collection_find_column(table, name, size) >= 0)
        return table;
    for (int32_t i = 0; i < collection->group_count[role]; i++) {
        table = collection->groups[role][i];
        if (collection_find_column(table, name, size) >= 0)
            return table;
    }
    return NULL;
}

static bool is_other(const struct collection_table *table, int32_t column, const char *name)
{
    return column != table->id && column != table->vector_index &&
           !table->columns[column].generated && strcmp(table->columns[column].name, name) != 0;
}

static bool has_others(const struct collection_table *table, const char *name)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (is_other(table, i, name))
            return true;
    return false;
}

/* What the vector holds: its rows, and how many of them have something in another column. Rows that
 * are not numbered 1, 2, ... count as none of the length. */
static stoa_status look(struct collection_call *call, const struct collection_group *group,
                        int64_t id, int64_t *rows, int64_t *others, stoa_error *err)
{
    const struct collection_table *const table = group->table;
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = id};
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT CASE WHEN min(\"vector_index\") = 1 AND max(\"vector_index\") = "
                           "count(*) THEN count(*) ELSE -1 END, coalesce(sum(0");
    for (int32_t i = 0; i < table->column_count; i++)
        if (is_other(table, i, group->feeds[0].column->name))
            collection_text(&text, " OR %Q IS NOT NULL", table->columns[i].name);
    collection_text(&text, "), 0) FROM %T WHERE \"id\" = ?1", table->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text.data, text.size, err);
    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, &key, 1, NULL, 0, err);
    if (rc == STOA_OK) {
        *rows = collection_row_int64(&sql.row, 0);
        *others = collection_row_int64(&sql.row, 1);
    }
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc;
}

static stoa_status update_rows(struct collection_call *call, const struct collection_group *group,
                               int64_t id, stoa_error *err)
{
    struct collection_packed packed = {.row_count = group->row_count};
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    collection_text(&text, "UPDATE %T SET %Q=?1 WHERE \"id\"=?2 AND \"vector_index\"=?3",
                    group->table->name, group->feeds[0].column->name);
    for (int64_t row = 0; row < group->row_count && rc == STOA_OK; row++) {
        rc = collection_feed_pack(&group->feeds[0], group->arrays[0], row,
                                  group->ids[0] ? group->ids[0][row] : 0, &packed.values,
                                  &packed.bytes);
        if (rc == STOA_OK)
            rc = collection_packed_int64(&packed, id);
        if (rc == STOA_OK)
            rc = collection_packed_int64(&packed, row + 1);
    }
    if (rc == STOA_OK)
        rc = collection_packed_run(&packed, call, &text, NULL, NULL, err);
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&text);
    collection_packed_release(&packed);
    return rc;
}

static stoa_status write_attribute(struct collection_write *write,
                                   const struct collection_group *group, int64_t id,
                                   stoa_error *err)
{
    const struct collection_table *const table = group->table;
    const bool shared = has_others(table, group->feeds[0].column->name);
    int64_t rows = 0, others = 0;
    stoa_status rc = STOA_OK;

    if (shared && table->role == ROLE_VECTOR)
        rc = look(&write->call, group, id, &rows, &others, err);
    if (rc != STOA_OK)
        return rc;
    if (shared && rows == group->row_count && rows > 0)
        return update_rows(&write->call, group, id, err);
    if (shared && (table->role == ROLE_SET || others > 0))
        return collection_fail(&write->call, err, STOA_ERR_INVALID,
                               "group '%s' has other columns; use %s", table->group,
                               whole_operations[table->role]);
    rc = collection_group_clear(&write->call, table, id, err);
    return rc == STOA_OK ? collection_group_insert(&write->call, group, id, err) : rc;
}

static stoa_status write_column(struct collection_write *write, int32_t role,
                                const struct place *place, const struct collection_input *input,
                                stoa_error *err)
{
    const struct collection_table *const table =
        find_attribute(write->collection, role, input->name);
    const struct collection_column *column = NULL;
    struct collection_group group;
    int64_t id;
    stoa_status rc;

    if (!table)
        return stoa__fail(err, STOA_ERR_NOT_FOUND,
                          "%s attribute '%s' not found for collection '%s'",
                          role == ROLE_VECTOR ? "Vector" : "Set", input->name,
                          write->collection->name);
    if (table->unusable)
        return collection_fail(&write->call, err, STOA_ERR_INVALID, "%s", table->unusable);
    rc = collection_element_find(&write->relations, write->collection, place->key, place->bytes,
                                 place->bytes_size, &id, err);
    if (rc == STOA_OK)
        rc = value_column(write, table, input->name, &column, err);
    if (rc == STOA_OK)
        rc = collection_group_init(&group, table, 1, &write->arena, err);
    if (rc == STOA_OK)
        rc = collection_group_add(&group, &write->call, column, input, COLLECTION_ARRAY, err);
    if (rc == STOA_OK)
        rc = collection_group_check(&group, &write->relations, &write->arena, err);
    return rc == STOA_OK ? write_attribute(write, &group, id, err) : rc;
}

static const char *operation_of(int32_t kind, int32_t type)
{
    const bool vector = kind == STOA_GROUP_VECTOR;

    switch (type) {
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        return vector ? "update_vector_floats" : "update_set_floats";
    case STOA_TYPE_TEXT:
    case STOA_TYPE_TIMESTAMP:
    case STOA_TYPE_DATE:
        return vector ? "update_vector_strings" : "update_set_strings";
    default:
        return vector ? "update_vector_integers" : "update_set_integers";
    }
}

stoa_status stoa_attribute_write(stoa_conn conn, stoa_op op, const char *collection,
                                 int64_t collection_size, int32_t kind, const stoa_value *key,
                                 const uint8_t *bytes, int64_t bytes_size,
                                 const stoa_column *array, stoa_error *err)
{
    const struct place place = {.kind = kind, .key = key, .bytes = bytes, .bytes_size = bytes_size};
    struct collection_inputs inputs = {0};
    struct collection_write write;
    stoa_status rc;

    if ((kind != STOA_GROUP_VECTOR && kind != STOA_GROUP_SET) || !array)
        return stoa__fail(err, STOA_ERR_INVALID,
                          array ? "kind is neither VECTOR nor SET" : "array is NULL");
    rc = collection_write_enter(&write, conn, op, operation_of(kind, array->type), collection,
                                collection_size, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_inputs_columns(&write.call, array, 1, &inputs, err);
    if (rc == STOA_OK)
        rc = write_column(&write, kind, &place, &inputs.items[0], err);
    collection_inputs_release(&inputs);
    return collection_write_leave(&write, rc, err);
}
