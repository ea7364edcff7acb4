/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read_point.h"

#include "base/error.h"
#include "base/limits.h"

#include <assert.h>

#include "base/ban.h"

/* ---- statements ---- */

static void add_columns(const struct read_point *point, int32_t group, const char *alias,
                        bool comma, stoa__buffer *text)
{
    for (int32_t i = 0; i < point->count; i++) {
        const struct read_attribute *attribute = &point->attributes[i];

        if (point->owners[i] != group)
            continue;
        collection_text(text, comma ? ", " : "");
        read_column_sql(text, alias, &attribute->table->columns[attribute->column],
                        &point->columns[i], point->places[i]);
        comma = true;
    }
}

static stoa_status open_text(struct read_point *point, struct collection_sql *sql,
                             stoa__buffer *text, stoa_error *err)
{
    stoa_status rc = collection_text_end(text, err);

    if (rc == STOA_OK)
        rc = collection_sql_open(sql, point->call, (const char *)text->data, text->size, err);
    text->size = 0;
    return rc;
}

static stoa_status open_statements(struct read_point *point, bool by_label, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT e.\"id\" AS c0");
    add_columns(point, -1, "e", true, &text);
    collection_text(&text, " FROM %Q AS e WHERE e.%Q = ?1", point->collection->name,
                    by_label ? "label" : "id");
    rc = open_text(point, &point->element, &text, err);
    for (int32_t g = 0; rc == STOA_OK && g < point->group_count; g++) {
        struct read_point_group *group = &point->groups[g];

        collection_text(&text, "SELECT ");
        add_columns(point, g, "g", false, &text);
        collection_text(&text, " FROM %Q AS g WHERE g.\"id\" = ?1", group->table->name);
        read_group_order(&text, group->table);
        rc = open_text(point, &group->sql, &text, err);
    }
    stoa__buffer_release(&text);
    return rc;
}

/* ---- which attribute comes from where ---- */

static int32_t group_of(struct read_point *point, const struct collection_table *table)
{
    int32_t g = 0;

    while (g < point->group_count && point->groups[g].table != table)
        g++;
    if (g == point->group_count)
        point->groups[point->group_count++].table = table;
    return g;
}

static void place(struct read_point *point, int32_t *columns)
{
    int32_t scalars = 1;

    for (int32_t i = 0; i < point->count; i++) {
        const struct collection_table *table = point->attributes[i].table;

        if (table == point->collection) {
            point->owners[i] = -1;
            point->places[i] = scalars++;
        } else {
            struct read_point_group *group = &point->groups[group_of(point, table)];

            point->owners[i] = (int32_t)(group - point->groups);
            point->places[i] = group->column_count++;
        }
    }
    for (int32_t g = 0; g < point->group_count; g++) {
        point->groups[g].attributes = columns;
        for (int32_t i = 0; i < point->count; i++)
            if (point->owners[i] == g)
                *columns++ = i;
    }
}

stoa_status read_point_open(struct read_point *point, stoa__arena *arena, bool by_label,
                            stoa_error *err)
{
    const size_t count = (size_t)point->count + 1;
    int32_t *numbers = stoa__arena_alloc_zero(arena, 3 * count, sizeof *numbers);

    point->run = read_run_of(point->call);
    point->groups = stoa__arena_alloc_zero(arena, count, sizeof *point->groups);
    if (!numbers || !point->groups)
        return stoa__fail_nomem(err);
    point->places = numbers;
    point->owners = numbers + count;
    place(point, numbers + 2 * count);
    return open_statements(point, by_label, err);
}

void read_point_close(struct read_point *point)
{
    for (int32_t g = 0; g < point->group_count; g++)
        collection_sql_close(&point->groups[g].sql);
    collection_sql_close(&point->element);
}

/* ---- reading ---- */

static stoa_status read_group(const struct read_point *point, struct read_point_group *group,
                              stoa_error *err)
{
    const stoa_value id = {.type = STOA_TYPE_INT64, .a = point->id};
    stoa_status rc = collection_sql_run(&group->sql, &id, 1, NULL, 0, err);

    if (rc == STOA_OK)
        rc = collection_sql_rows(&group->sql, STOA__BATCH_ROWS_MAX, err);
    group->row_count = rc == STOA_OK ? group->sql.row.row_count : 0;
    if (group->row_count == STOA__BATCH_ROWS_MAX)
        rc = stoa__fail(err, STOA_ERR_FULL, "Cannot %s: element %lld has %d rows or more in '%s'",
                        point->call->operation, (long long)point->id, STOA__BATCH_ROWS_MAX,
                        group->table->name);
    return rc < 0 ? rc : STOA_OK;
}

stoa_status read_point_read(struct read_point *point, const stoa_value *key, const uint8_t *bytes,
                            stoa_error *err)
{
    stoa_value value = *key;
    const char *text = "";
    size_t size = 0;
    stoa_status rc;

    if (key->type == STOA_TYPE_TEXT) {
        text = read_text(point->call, key, bytes, &size);
        value = (stoa_value){.type = STOA_TYPE_TEXT, .b = (int64_t)size};
    }
    rc = collection_sql_row(&point->element, &value, 1, (const uint8_t *)text, (int64_t)size, err);
    if (rc == STOA_DONE)
        return read_fail_missing(point->call, point->collection, key, bytes, err);
    if (rc == STOA_OK)
        point->id = collection_row_int64(&point->element.row, 0);
    for (int32_t g = 0; rc == STOA_OK && g < point->group_count; g++)
        rc = read_group(point, &point->groups[g], err);
    return rc;
}

stoa_status read_point_value(const struct read_point *point, int32_t attribute, int64_t row,
                             stoa_value *value, const uint8_t **bytes, stoa_error *err)
{
    const int32_t owner = point->owners[attribute];
    const struct collection_sql *sql = owner < 0 ? &point->element : &point->groups[owner].sql;
    const stoa_value *values = (const stoa_value *)(const void *)sql->row.values.data;

    assert(row < sql->row.row_count);
    *value = values[row * sql->row.column_count + point->places[attribute]];
    *bytes = sql->row.bytes.data;
    return read_column_value(&point->run, &point->columns[attribute], point->id, *bytes, value,
                             err);
}
