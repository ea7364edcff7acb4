/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read_point.h"

#include "base/error.h"
#include "base/limits.h"
#include "core/value.h"

#include <assert.h>

#include "base/ban.h"

/* ---- statements ---- */

static void add_columns(const struct read_point *point, int32_t group, const char *alias,
                        stoa__buffer *text)
{
    collection_text(text, "SELECT %s.\"id\" AS c0", alias);
    for (int32_t i = 0; i < point->count; i++) {
        const struct read_attribute *attribute = &point->attributes[i];

        if (point->owners[i] != group)
            continue;
        collection_text(text, ", ");
        collection_read_column_sql(text, alias, &attribute->table->columns[attribute->column],
                                   &point->columns[i], point->places[i]);
    }
}

static stoa_status open_statements(struct read_point *point, stoa__arena *arena, bool by_label,
                                   stoa_error *err)
{
    enum { TEXT_SIZE = 1024 }; /* Most are shorter: room made once. */
    stoa__buffer text = {0};
    stoa_status rc = stoa__buffer_reserve(&text, TEXT_SIZE);

    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    add_columns(point, -1, "e", &text);
    collection_text(&text, " FROM %T AS e WHERE e.%Q = ?1", point->collection->name,
                    by_label ? "label" : "id");
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&point->element, point->call, (const char *)text.data, text.size,
                                 err);
    text.size = 0;
    for (int32_t g = 0; rc == STOA_OK && g < point->group_count; g++) {
        struct read_point_group *group = &point->groups[g];

        add_columns(point, g, "g", &text);
        collection_text(&text, " FROM %T AS g WHERE g.\"id\" = +?1", group->table->name);
        collection_read_group_order(&text, group->table);
        rc = collection_read_statement_prepare(&group->statement, point->call, &text, arena, err);
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

static stoa_status place(struct read_point *point, stoa__arena *arena, stoa_error *err)
{
    const size_t count = (size_t)point->count + 1;
    int32_t scalars = 1;

    for (int32_t i = 0; i < point->count; i++) {
        const struct collection_table *table = point->attributes[i].table;
        struct read_statement *statement;

        point->owners[i] = -1;
        if (table == point->collection) {
            point->places[i] = scalars++;
            continue;
        }
        point->owners[i] = group_of(point, table);
        statement = &point->groups[point->owners[i]].statement;
        if (!statement->columns) {
            statement->columns = stoa__arena_alloc(arena, count * sizeof *statement->columns);
            if (!statement->columns)
                return stoa__fail_nomem(err);
            statement->columns[statement->column_count++] = collection_read_id_column;
        }
        point->places[i] = statement->column_count;
        statement->columns[statement->column_count++] = point->columns[i];
    }
    return STOA_OK;
}

stoa_status collection_read_point_open(struct read_point *point, stoa__arena *arena, bool by_label,
                                       stoa_error *err)
{
    const size_t count = (size_t)point->count + 1;
    int32_t *numbers = stoa__arena_alloc_zero(arena, 2 * count, sizeof *numbers);
    stoa_status rc;

    point->run = collection_read_run_of(point->call);
    point->groups = stoa__arena_alloc_zero(arena, count, sizeof *point->groups);
    if (!numbers || !point->groups)
        return stoa__fail_nomem(err);
    point->places = numbers;
    point->owners = numbers + count;
    rc = place(point, arena, err);
    if (rc != STOA_OK)
        return rc;
    return open_statements(point, arena, by_label, err);
}

void collection_read_point_close(struct read_point *point)
{
    for (int32_t g = 0; g < point->group_count; g++) {
        collection_read_statement_close(&point->groups[g].statement);
        stoa__row_writer_release(&point->groups[g].row);
    }
    collection_sql_close(&point->element);
}

/* ---- reading ---- */

static stoa_status read_group(struct read_point *point, struct read_point_group *group,
                              stoa_error *err)
{
    stoa__call *call = &point->call->entry.call;
    stoa_status rc;

    stoa__row_writer_empty(&group->row);
    group->statement.params = (struct stoa__params){.values = &point->id, .count = 1};
    rc = collection_read_statement_run(&group->statement, call, STOA__BATCH_ROWS_MAX, err);
    if (rc == STOA_OK)
        rc = collection_read_statement_rows(&group->statement, call, STOA__BATCH_ROWS_MAX,
                                            &group->row, err);
    collection_read_statement_end(&group->statement);
    if (rc == STOA_OK && group->row.row_count == STOA__BATCH_ROWS_MAX)
        rc = stoa__fail(err, STOA_ERR_FULL, "Cannot %s: element %lld has %d rows or more in '%s'",
                        point->call->operation, (long long)point->id.a, STOA__BATCH_ROWS_MAX,
                        group->table->name);
    return rc < 0 ? rc : STOA_OK;
}

stoa_status collection_read_point_read(struct read_point *point, const stoa_value *key,
                                       const uint8_t *bytes, stoa_error *err)
{
    stoa_value value = *key;
    const char *text = "";
    size_t size = 0;
    stoa_status rc;

    if (key->type == STOA_TYPE_TEXT) {
        text = collection_read_text(point->call, key, bytes, &size);
        value = (stoa_value){.type = STOA_TYPE_TEXT, .b = (int64_t)size};
    }
    rc = collection_sql_row(&point->element, &value, 1, (const uint8_t *)text, (int64_t)size, err);
    if (rc == STOA_DONE)
        return collection_read_fail_missing(point->call, point->collection, key, bytes, err);
    if (rc == STOA_OK)
        point->id = (stoa_value){.type = STOA_TYPE_INT64,
                                 .a = collection_row_int64(&point->element.row, 0)};
    for (int32_t g = 0; rc == STOA_OK && g < point->group_count; g++)
        rc = read_group(point, &point->groups[g], err);
    return rc;
}

stoa_status collection_read_point_value(const struct read_point *point, int32_t attribute,
                                        int64_t row, stoa_value *value, const uint8_t **bytes,
                                        stoa_error *err)
{
    const int32_t owner = point->owners[attribute];
    const struct stoa__row_writer *from =
        owner < 0 ? &point->element.row : &point->groups[owner].row;
    const stoa_value *values = (const stoa_value *)(const void *)from->values.data;

    assert(row < from->row_count);
    *value = values[row * from->column_count + point->places[attribute]];
    *bytes = from->bytes.data;
    return collection_read_column_value(&point->run, &point->columns[attribute], point->id.a,
                                        *bytes, value, err);
}
