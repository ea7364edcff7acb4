/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a whole group, as they come. */
#include "collection/read_fixed.h"

#include "base/error.h"
#include "core/conn.h"
#include "core/enter.h"
#include "text/civil.h"

#include <string.h>

#include "base/ban.h"

struct group_read {
    struct collection_call *call;
    const struct collection_table *collection, *group;
    struct read_packed names, keys, cells;
    int64_t begin, end;
    const struct collection_read_options *options;
    struct read_params params;
    struct read_column *columns;
    int32_t *stored; /* Of `columns`: which of the group's. */
    int32_t column_count;
    stoa__buffer text;
    stoa__arena arena;
    stoa_error *err;
};

static const char *const operations[] = {[STOA_GROUP_ANY] = "read_group",
                                         [STOA_GROUP_VECTOR] = "read_vector_group",
                                         [STOA_GROUP_SET] = "read_set_group",
                                         [STOA_GROUP_TIME_SERIES] = "read_time_series_group"};
static const char *const kinds[] = {[STOA_GROUP_ANY] = "Group",
                                    [STOA_GROUP_VECTOR] = "Vector group",
                                    [STOA_GROUP_SET] = "Set group",
                                    [STOA_GROUP_TIME_SERIES] = "Time series group"};

static stoa_status find_group(struct group_read *read, int32_t kind, const char *group, size_t size)
{
    for (int32_t role = ROLE_VECTOR; !read->group && role < ROLE_FILES; role++)
        if (kind == STOA_GROUP_ANY || kind == role)
            read->group = collection_find_group(read->collection, role, group, size);
    if (!read->group)
        return stoa__fail(read->err, STOA_ERR_NOT_FOUND, "%s not found: '%.*s' in collection '%s'",
                          kinds[kind], (int)size, group, read->collection->name);
    read->call->operation = operations[read->group->role];
    if (read->group->unusable)
        return collection_fail(read->call, read->err, STOA_ERR_INVALID, "%s",
                               read->group->unusable);
    return STOA_OK;
}

/* ---- columns ---- */

static stoa_status add_column(struct group_read *read, int32_t index)
{
    const struct collection_column *column = &read->group->columns[index];

    read->stored[read->column_count] = index;
    return collection_read_column_init(read->call, column, column->name, read->options,
                                       &read->arena, &read->columns[read->column_count++],
                                       read->err);
}

/* The date first, the further ones as the key has them. */
static stoa_status add_dimensions(struct group_read *read)
{
    const struct collection_table *group = read->group;
    stoa_status rc = STOA_OK;

    if (group->role == ROLE_VECTOR)
        return add_column(read, group->vector_index);
    if (group->role != ROLE_TIME_SERIES)
        return STOA_OK;
    if (group->date >= 0)
        rc = add_column(read, group->date);
    for (int32_t key = 1; rc == STOA_OK && key <= group->column_count; key++)
        for (int32_t i = 0; rc == STOA_OK && i < group->column_count; i++)
            if (group->columns[i].key == key && group->columns[i].dimension && i != group->date)
                rc = add_column(read, i);
    return rc;
}

static bool is_value(const struct collection_table *group, int32_t index)
{
    return index != group->id && index != group->vector_index && !group->columns[index].dimension;
}

static stoa_status add_named(struct group_read *read, int64_t number)
{
    const struct collection_table *group = read->group;
    size_t size;
    const char *name =
        collection_read_text(read->call, &read->names.values[number], read->names.bytes, &size);
    const int32_t index = collection_find_column(group, name, size);

    if (index < 0)
        return collection_fail(read->call, read->err, STOA_ERR_NOT_FOUND,
                               "column '%.*s' not found in group '%s' for collection '%s'",
                               (int)size, name, group->group, read->collection->name);
    if (!is_value(group, index))
        return collection_fail(read->call, read->err, STOA_ERR_INVALID,
                               "column '%.*s' is managed by the group table, not a value column",
                               (int)size, name);
    return add_column(read, index);
}

static stoa_status add_columns(struct group_read *read)
{
    const size_t most = (size_t)read->group->column_count + (size_t)read->names.count + 1;
    stoa_status rc;

    read->columns = stoa__arena_alloc_zero(&read->arena, most, sizeof *read->columns);
    read->stored = stoa__arena_alloc_zero(&read->arena, most, sizeof *read->stored);
    if (!read->columns || !read->stored)
        return stoa__fail_nomem(read->err);
    rc = add_column(read, read->group->id);
    if (rc == STOA_OK) {
        read->columns[0] = collection_read_id_column; /* An id, whatever relations are read as. */
        rc = add_dimensions(read);
    }
    for (int64_t i = 0; rc == STOA_OK && i < read->names.count; i++)
        rc = add_named(read, i);
    for (int32_t i = 0; rc == STOA_OK && read->names.count == 0 && i < read->group->column_count;
         i++)
        if (is_value(read->group, i))
            rc = add_column(read, i);
    return rc;
}

/* ---- rows ---- */

/*
 * The least text of an instant: texts are compared, and a file may spell midnight as the day alone,
 * or leave out seconds. All spellings of it are behind this one, those of earlier instants before.
 */
static stoa_status add_bound(struct group_read *read, const char *relation, int64_t ns)
{
    const struct collection_instant at = collection_date_of_ticks(ns, STOA__CIVIL_NANO);
    char text[COLLECTION_DATE_MAX];
    size_t size = collection_date_write(at, text);
    int32_t param;

    if (at.nanos == 0 && at.seconds % 60 == 0)
        size = at.seconds % 86400 == 0 ? 10 : 16;
    param = collection_read_params_add_text(&read->params, text, size);
    collection_text(&read->text, " AND g.%Q %s +?%d", read->group->columns[read->group->date].name,
                    relation, (int)param);
    return param > 0 ? STOA_OK : stoa__fail_nomem(read->err);
}

static stoa_status add_range(struct group_read *read)
{
    const bool whole = read->begin == INT64_MIN && read->end == INT64_MAX;
    stoa_status rc = STOA_OK;

    if (whole)
        return STOA_OK;
    if (read->group->role != ROLE_TIME_SERIES)
        return collection_fail(read->call, read->err, STOA_ERR_INVALID,
                               "group '%s' has no dates to be between", read->group->group);
    if (read->begin != INT64_MIN)
        rc = add_bound(read, ">=", read->begin);
    if (rc == STOA_OK && read->end != INT64_MAX)
        rc = add_bound(read, "<", read->end);
    return rc;
}

static stoa_status add_conditions(struct group_read *read)
{
    struct read_fixed *fixed = NULL;
    int64_t count = 0;
    stoa_status rc;

    collection_text(&read->text, " WHERE 1");
    rc = collection_read_keys_sql(read->call, read->collection, &read->keys, "g", " AND ",
                                  &read->params, &read->text, read->err);
    if (rc == STOA_OK)
        rc = collection_read_fix(read->call, read->group, &read->cells, &read->params,
                                 &read->arena, &fixed, &count, read->err);
    if (rc != STOA_OK)
        return rc;
    collection_read_fixed_sql(&read->text, read->group, fixed, count);
    return add_range(read);
}

static stoa_status read_rows(struct group_read *read, stoa_result *out)
{
    struct read_packed params;
    stoa_status rc = add_columns(read);

    if (rc != STOA_OK)
        return rc;
    for (int32_t i = 0; i < read->column_count; i++) {
        collection_text(&read->text, i == 0 ? "SELECT " : ", ");
        collection_read_column_sql(&read->text, "g", &read->group->columns[read->stored[i]],
                                   &read->columns[i], i);
    }
    collection_text(&read->text, " FROM %T AS g", read->group->name);
    rc = add_conditions(read);
    if (rc != STOA_OK)
        return rc;
    collection_read_group_order(&read->text, read->group);
    params = collection_read_params_packed(&read->params);
    return collection_read_stream(read->call, &read->text, &params, read->columns,
                                  read->column_count, &read->arena, out, read->err);
}

/* Keys are looked up in the same view of the database. */
static stoa_status read_keyed_rows(struct group_read *read, stoa_result *out)
{
    stoa_status rc;

    if (read->keys.count == 0)
        return read_rows(read, out);
    rc = collection_read_begin(read->call, read->err);
    return rc == STOA_OK ? collection_read_end(read->call, read_rows(read, out), read->err) : rc;
}

static stoa_status check(const struct group_read *read, int32_t kind, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (kind < STOA_GROUP_ANY || kind > STOA_GROUP_TIME_SERIES)
        rc = stoa__fail(err, STOA_ERR_INVALID, "kind is %d, not a STOA_GROUP", (int)kind);
    if (rc == STOA_OK)
        rc = collection_read_check_names(&read->names, "name", err);
    return rc == STOA_OK ? collection_read_check_keys(&read->keys, err) : rc;
}

stoa_status stoa_group_read(stoa_conn conn, stoa_op op, const char *collection,
                            int64_t collection_size, int32_t kind, const char *group,
                            int64_t group_size, const stoa_value *names, int64_t name_count,
                            const stoa_value *keys, int64_t key_count, const stoa_value *cells,
                            int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                            int64_t begin, int64_t end, const stoa_option *options,
                            int64_t option_count, stoa_result *out, stoa_error *err)
{
    struct collection_read_options parsed;
    struct collection_call call;
    struct group_read read = {.call = &call,
                              .names = {names, name_count, bytes, bytes_size},
                              .keys = {keys, key_count, bytes, bytes_size},
                              .cells = {cells, cell_count, bytes, bytes_size},
                              .begin = begin,
                              .end = end,
                              .options = &parsed,
                              .err = err};
    size_t size = 0;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = collection_read_options(options, option_count, READ_KNOWS_RELATIONS | READ_KNOWS_DATES,
                                 &parsed, err);
    if (rc == STOA_OK)
        rc = stoa__text_size("group", group, group_size, INT32_MAX, &size, err);
    if (rc == STOA_OK)
        rc = check(&read, kind, err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, operations[kind], err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_get(&call, collection, collection_size, &read.collection, err);
    if (rc == STOA_OK)
        rc = find_group(&read, kind, group, size);
    if (rc == STOA_OK)
        rc = read_keyed_rows(&read, out);
    collection_read_params_release(&read.params);
    stoa__buffer_release(&read.text);
    stoa__arena_release(&read.arena);
    return collection_leave(&call, rc);
}
