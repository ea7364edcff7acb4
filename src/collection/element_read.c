/* SPDX-License-Identifier: Apache-2.0 */
/* A whole element as packed values: names and values first, behind them the items of lists. */
#include "collection/read_point.h"

#include "base/error.h"
#include "core/conn.h"
#include "core/enter.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct element_read {
    struct collection_call *call;
    const struct collection_table *collection;
    const struct collection_read_options *options;
    struct read_attribute *attributes;
    struct read_column *columns;
    int32_t count;
    struct stoa__row_writer *row; /* The connection's. */
    stoa__arena arena;
    stoa_error *err;
};

/* ---- which attributes ---- */

static bool is_asked(int32_t groups, int32_t role)
{
    if (groups == READ_GROUPS_ALL)
        return true;
    return role == ROLE_COLLECTION ? groups == READ_GROUPS_NONE || groups == READ_GROUPS_SCALAR
                                   : groups == READ_GROUPS_SCALAR + role;
}

_Static_assert(READ_GROUPS_VECTOR == READ_GROUPS_SCALAR + ROLE_VECTOR &&
                   READ_GROUPS_SERIES == READ_GROUPS_SCALAR + ROLE_TIME_SERIES,
               "choices follow roles");

static int64_t count_columns(const struct element_read *read)
{
    int64_t count = read->collection->column_count;

    for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++)
        for (int32_t i = 0; i < read->collection->group_count[role]; i++)
            count += read->collection->groups[role][i]->column_count;
    return count;
}

/* How many groups that are read have a column of that name? */
static int32_t count_name(const struct element_read *read, const char *name)
{
    int32_t count = 0;

    for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++)
        for (int32_t i = 0; i < read->collection->group_count[role]; i++)
            count +=
                collection_find_column(read->collection->groups[role][i], name, strlen(name)) >= 0;
    return count + (collection_find_column(read->collection, name, strlen(name)) >= 0);
}

/* 'group.column' where the name alone would not do. */
static const char *name_of(struct element_read *read, const struct collection_table *table,
                           const char *name)
{
    const size_t size = table->group ? strlen(table->group) : 0;
    char *spelt;

    if (table == read->collection || count_name(read, name) < 2)
        return name;
    spelt = stoa__arena_alloc(&read->arena, size + strlen(name) + 2);
    if (!spelt)
        return NULL;
    memcpy(spelt, table->group, size);
    spelt[size] = '.';
    memcpy(spelt + size + 1, name, strlen(name) + 1);
    return spelt;
}

static stoa_status add_table(struct element_read *read, const struct collection_table *table)
{
    stoa_status rc = STOA_OK;

    if (table->unusable)
        return collection_fail(read->call, read->err, STOA_ERR_INVALID, "%s", table->unusable);
    for (int32_t i = 0; rc == STOA_OK && i < table->column_count; i++) {
        const char *name = name_of(read, table, table->columns[i].name);

        if (table->group && (i == table->id || i == table->vector_index))
            continue;
        if (!name)
            return stoa__fail_nomem(read->err);
        read->attributes[read->count] =
            (struct read_attribute){.table = table, .column = i, .name = name};
        rc = collection_read_column_init(read->call, &table->columns[i], name, read->options,
                                         &read->arena, &read->columns[read->count], read->err);
        read->count++;
    }
    return rc;
}

static stoa_status add_attributes(struct element_read *read)
{
    const size_t most = (size_t)count_columns(read) + 1;
    stoa_status rc = STOA_OK;

    read->attributes = stoa__arena_alloc_zero(&read->arena, most, sizeof *read->attributes);
    read->columns = stoa__arena_alloc_zero(&read->arena, most, sizeof *read->columns);
    if (!read->attributes || !read->columns)
        return stoa__fail_nomem(read->err);
    if (is_asked(read->options->groups, ROLE_COLLECTION))
        rc = add_table(read, read->collection);
    for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++)
        for (int32_t i = 0; rc == STOA_OK && is_asked(read->options->groups, role) &&
                            i < read->collection->group_count[role];
             i++)
            rc = add_table(read, read->collection->groups[role][i]);
    return rc;
}

/* ---- packing ---- */

static stoa_value *value_at(const struct element_read *read, int64_t index)
{
    return (stoa_value *)(void *)read->row->values.data + index;
}

/* Bytes of the value, if it has any, into the row's. */
static stoa_status own_bytes(struct element_read *read, stoa_value *value, const void *bytes)
{
    stoa__buffer *to = &read->row->bytes;

    if (value->type != STOA_TYPE_TEXT)
        return STOA_OK;
    if (value->b > 0 &&
        stoa__buffer_append(to, (const uint8_t *)bytes + value->a, (size_t)value->b) != STOA_OK)
        return stoa__fail_nomem(read->err);
    value->a = (int64_t)to->size - value->b;
    return STOA_OK;
}

static stoa_status pack_list(struct element_read *read, const struct read_point *point,
                             int32_t attribute, stoa_value *list)
{
    const int64_t count = point->groups[point->owners[attribute]].row.row_count;
    stoa__buffer *values = &read->row->values;
    stoa_status rc = STOA_OK;

    *list = (stoa_value){
        .type = STOA_TYPE_LIST, .a = (int64_t)(values->size / sizeof *list), .b = count};
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        const uint8_t *bytes;
        stoa_value value;

        rc = collection_read_point_value(point, attribute, i, &value, &bytes, read->err);
        if (rc == STOA_OK)
            rc = own_bytes(read, &value, bytes);
        if (rc == STOA_OK && stoa__buffer_append(values, &value, sizeof value) != STOA_OK)
            rc = stoa__fail_nomem(read->err);
    }
    return rc;
}

static stoa_status pack_attribute(struct element_read *read, const struct read_point *point,
                                  int32_t attribute)
{
    const char *text = read->columns[attribute].name;
    stoa_value name = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(text)};
    const uint8_t *bytes;
    stoa_value value;
    stoa_status rc = own_bytes(read, &name, text);

    if (rc == STOA_OK && point->owners[attribute] >= 0) {
        rc = pack_list(read, point, attribute, &value);
    } else if (rc == STOA_OK) {
        rc = collection_read_point_value(point, attribute, 0, &value, &bytes, read->err);
        if (rc == STOA_OK)
            rc = own_bytes(read, &value, bytes);
    }
    if (rc != STOA_OK)
        return rc;
    *value_at(read, 2 * (int64_t)attribute) = name;
    *value_at(read, 2 * (int64_t)attribute + 1) = value;
    return STOA_OK;
}

static stoa_status pack(struct element_read *read, const struct read_point *point)
{
    stoa_status rc = STOA_OK;

    if (stoa__buffer_append_zero(&read->row->values,
                                 2 * (size_t)read->count * sizeof(stoa_value)) != STOA_OK)
        return stoa__fail_nomem(read->err);
    for (int32_t i = 0; rc == STOA_OK && i < read->count; i++)
        rc = pack_attribute(read, point, i);
    return rc;
}

static stoa_status read_one(struct element_read *read, const stoa_value *key, const uint8_t *bytes)
{
    struct read_point point = {.call = read->call,
                               .collection = read->collection,
                               .attributes = read->attributes,
                               .columns = read->columns,
                               .count = read->count};
    stoa_status rc = STOA_OK;

    /* One statement sees one state of the database by itself. */
    if (!is_asked(read->options->groups, ROLE_COLLECTION) ||
        read->options->groups == READ_GROUPS_ALL)
        rc = collection_read_begin(read->call, read->err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_read_point_open(&point, &read->arena, key->type == STOA_TYPE_TEXT, read->err);
    if (rc == STOA_OK)
        rc = collection_read_point_read(&point, key, bytes, read->err);
    if (rc == STOA_OK)
        rc = pack(read, &point);
    collection_read_point_close(&point);
    return collection_read_end(read->call, rc, read->err);
}

static void give(const struct element_read *read, stoa_rows *out)
{
    *out = (stoa_rows){.values = value_at(read, 0),
                       .bytes = read->row->bytes.data,
                       .bytes_size = (int64_t)read->row->bytes.size,
                       .row_count = read->count,
                       .column_count = 2,
                       .rows_affected = -1};
}

stoa_status stoa_element_read(stoa_conn conn, stoa_op op, const char *collection,
                              int64_t collection_size, const stoa_value *key, const uint8_t *bytes,
                              int64_t bytes_size, const stoa_option *options, int64_t option_count,
                              stoa_rows *out, stoa_error *err)
{
    const struct read_packed keys = {key, 1, bytes, bytes_size};
    struct collection_read_options parsed;
    struct collection_call call;
    struct element_read read = {.call = &call, .options = &parsed, .err = err};
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    if (!key)
        return stoa__fail_null(err, "key");
    rc = collection_read_options(options, option_count,
                                 READ_KNOWS_RELATIONS | READ_KNOWS_DATES | READ_KNOWS_GROUPS,
                                 &parsed, err);
    if (rc == STOA_OK)
        rc = collection_read_check_keys(&keys, err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "read_element", err);
    if (rc != STOA_OK)
        return rc;
    read.row = &call.entry.leaf->conn->row;
    stoa__row_writer_empty(read.row);
    rc = collection_get(&call, collection, collection_size, &read.collection, err);
    if (rc == STOA_OK)
        rc = add_attributes(&read);
    if (rc == STOA_OK)
        rc = read_one(&read, key, bytes);
    if (rc == STOA_OK)
        give(&read, out);
    stoa__arena_release(&read.arena);
    return collection_leave(&call, rc);
}
