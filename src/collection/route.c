/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/route.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

/* The work: for each name and each group table of the collection, its column there. */
struct routing {
    const struct collection_call *call;
    const struct collection_table *collection;
    const struct collection_named *names;
    int32_t count;
    const struct collection_table **tables; /* All groups: vectors, sets, time series. */
    int32_t table_count;
    int32_t *columns; /* [name * table_count + table]; -1: none. */
    bool *waits;      /* [name]: a dimension that follows the values. */
};

static bool is_value(const struct collection_table *table, int32_t column)
{
    return column >= 0 && column != table->id && column != table->vector_index;
}

/* "group.column"; names may have points, so all are tried. */
static bool find_dotted(const struct routing *routing, const struct collection_named *name,
                        int32_t *columns)
{
    bool found = false;

    for (int32_t t = 0; t < routing->table_count && !found; t++) {
        const struct collection_table *const table = routing->tables[t];
        const size_t size = strlen(table->group);
        int32_t column;

        if (name->size <= size + 1 || name->name[size] != '.' ||
            memcmp(name->name, table->group, size) != 0)
            continue;
        column = collection_find_column(table, name->name + size + 1, name->size - size - 1);
        found = is_value(table, column);
        columns[t] = found ? column : -1;
    }
    return found;
}

static stoa_status fail_several(const struct routing *routing, const struct collection_named *name,
                                const int32_t *columns, stoa_error *err)
{
    char list[512] = "";
    size_t size = 0;

    for (int32_t t = 0; t < routing->table_count; t++) {
        const size_t length = strlen(routing->tables[t]->name);

        if (columns[t] < 0 || size + length + 3 > sizeof list)
            continue;
        if (size > 0)
            memcpy(list + size, ", ", 2);
        size += size > 0 ? 2 : 0;
        memcpy(list + size, routing->tables[t]->name, length + 1);
        size += length;
    }
    return collection_fail(routing->call, err, STOA_ERR_INVALID,
                           "array '%.*s' matches several group tables (%s); write 'group.column'",
                           (int)name->size, name->name, list);
}

static stoa_status place(struct routing *routing, int32_t index, stoa_error *err)
{
    const struct collection_named *const name = &routing->names[index];
    int32_t *const columns = &routing->columns[(int64_t)index * routing->table_count];
    int32_t found = 0, dimensions = 0;

    for (int32_t t = 0; t < routing->table_count; t++) {
        const struct collection_table *const table = routing->tables[t];

        columns[t] = collection_find_column(table, name->name, name->size);
        if (!is_value(table, columns[t]))
            columns[t] = -1;
        found += columns[t] >= 0;
        dimensions += columns[t] >= 0 && table->columns[columns[t]].dimension;
    }
    if (found == 0 && !find_dotted(routing, name, columns))
        return collection_fail(routing->call, err, STOA_ERR_NOT_FOUND,
                               "array '%.*s' does not match any vector, set, or time series table "
                               "in collection '%s'",
                               (int)name->size, name->name, routing->collection->name);
    if (found <= 1 || routing->call->state->policy.arrays_fan_out || name->skipped)
        return STOA_OK;
    routing->waits[index] = dimensions == found;
    return dimensions == found ? STOA_OK : fail_several(routing, name, columns, err);
}

/* Does a value go to the table, so that its dimensions do too? */
static bool is_wanted(const struct routing *routing, int32_t table)
{
    for (int32_t i = 0; i < routing->count; i++)
        if (!routing->waits[i] && !routing->names[i].skipped &&
            routing->columns[i * routing->table_count + table] >= 0)
            return true;
    return false;
}

static stoa_status follow(struct routing *routing, int32_t index, stoa_error *err)
{
    int32_t *const columns = &routing->columns[(int64_t)index * routing->table_count];
    bool any = false;

    for (int32_t t = 0; t < routing->table_count; t++)
        any = any || (columns[t] >= 0 && is_wanted(routing, t));
    if (!any)
        return fail_several(routing, &routing->names[index], columns, err);
    for (int32_t t = 0; t < routing->table_count; t++)
        if (columns[t] >= 0 && !is_wanted(routing, t))
            columns[t] = -1;
    return STOA_OK;
}

static stoa_status collect(const struct routing *routing, stoa__arena *arena,
                           struct collection_route **routes, int32_t *route_count, stoa_error *err)
{
    const size_t most = (size_t)routing->count * (size_t)routing->table_count;
    int32_t count = 0;

    *routes = stoa__arena_alloc_zero(arena, most + 1, sizeof **routes);
    if (!*routes)
        return stoa__fail_nomem(err);
    for (int32_t t = 0; t < routing->table_count; t++)
        for (int32_t i = 0; i < routing->count; i++) {
            const int32_t column = routing->columns[i * routing->table_count + t];
            const struct collection_table *const table = routing->tables[t];

            if (column < 0 || routing->names[i].skipped)
                continue;
            if (table->unusable)
                return collection_fail(routing->call, err, STOA_ERR_INVALID, "%s",
                                       table->unusable);
            for (int32_t k = 0; k < count; k++)
                if ((*routes)[k].column == &table->columns[column])
                    return collection_fail(routing->call, err, STOA_ERR_INVALID,
                                           "column '%s' of table '%s' was given twice",
                                           table->columns[column].name, table->name);
            (*routes)[count++] = (struct collection_route){i, table, &table->columns[column]};
        }
    *route_count = count;
    return STOA_OK;
}

static stoa_status routing_init(struct routing *routing, stoa__arena *arena, stoa_error *err)
{
    const struct collection_table *const collection = routing->collection;
    size_t tables = 0;

    for (int32_t role = ROLE_VECTOR; role <= ROLE_TIME_SERIES; role++)
        tables += (size_t)collection->group_count[role];
    routing->tables = stoa__arena_alloc(arena, (tables + 1) * sizeof *routing->tables);
    routing->columns = stoa__arena_alloc(
        arena, ((size_t)routing->count * tables + 1) * sizeof *routing->columns);
    routing->waits = stoa__arena_alloc_zero(arena, (size_t)routing->count + 1, sizeof(bool));
    if (!routing->tables || !routing->columns || !routing->waits)
        return stoa__fail_nomem(err);
    for (int32_t role = ROLE_VECTOR; role <= ROLE_TIME_SERIES; role++)
        for (int32_t i = 0; i < collection->group_count[role]; i++)
            routing->tables[routing->table_count++] = collection->groups[role][i];
    return STOA_OK;
}

stoa_status collection_route(const struct collection_call *call,
                             const struct collection_table *collection,
                             const struct collection_named *names, int32_t count,
                             stoa__arena *arena, struct collection_route **routes,
                             int32_t *route_count, stoa_error *err)
{
    struct routing routing = {
        .call = call, .collection = collection, .names = names, .count = count};
    stoa_status rc = routing_init(&routing, arena, err);

    *route_count = 0;
    for (int32_t i = 0; i < count && rc == STOA_OK; i++)
        rc = place(&routing, i, err);
    for (int32_t i = 0; i < count && rc == STOA_OK; i++)
        if (routing.waits[i])
            rc = follow(&routing, i, err);
    return rc == STOA_OK ? collect(&routing, arena, routes, route_count, err) : rc;
}

int32_t collection_route_run(const struct collection_route *routes, int32_t count, int32_t *at)
{
    const int32_t first = *at;

    while (*at < count && routes[*at].table == routes[first].table)
        ++*at;
    return *at - first;
}
