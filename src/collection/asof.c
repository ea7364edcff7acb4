/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As-of reads of many elements. Each value is found by a seek in the key of the time series, which
 * holds the element and the date. Further dimensions that are not fixed stand behind the date, so
 * that their values have to be looked for among an element's rows; then each has its seek.
 */
#include "collection/asof.h"

#include "base/error.h"
#include "core/enter.h"
#include "text/json.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- what is asked for ---- */

static bool is_attribute(const struct collection_table *group, int32_t column)
{
    return column >= 0 && column != group->id && column != group->date;
}

stoa_status collection_asof_find(struct asof *asof, const char *group, size_t group_size,
                                 const char *attribute, size_t attribute_size)
{
    int32_t column;

    asof->group =
        collection_find_group(asof->collection, ROLE_TIME_SERIES, group, group_size);
    if (!asof->group)
        return stoa__fail(asof->err, STOA_ERR_NOT_FOUND,
                          "Time series group '%.*s' not found for collection '%s'",
                          (int)group_size, group, asof->collection->name);
    if (asof->group->unusable || asof->group->date < 0)
        return collection_fail(asof->call, asof->err, STOA_ERR_INVALID, "%s",
                               asof->group->unusable ? asof->group->unusable
                                                     : "the group has no date in its key");
    column = collection_find_column(asof->group, attribute, attribute_size);
    if (!is_attribute(asof->group, column))
        return stoa__fail(asof->err, STOA_ERR_NOT_FOUND,
                          "Time series attribute not found: '%.*s' in group '%s' of collection "
                          "'%s'",
                          (int)attribute_size, attribute, asof->group->group,
                          asof->collection->name);
    asof->value = &asof->group->columns[column];
    asof->attribute = asof->value->name;
    return STOA_OK;
}

static bool is_fixed(const struct asof *asof, int32_t column)
{
    for (int64_t i = 0; i < asof->fixed_count; i++)
        if (asof->fixed[i].column == column)
            return true;
    return false;
}

stoa_status collection_asof_fix(struct asof *asof, const struct read_packed *cells)
{
    const struct collection_table *group = asof->group;
    stoa_status rc = collection_read_fix(asof->call, group, cells, &asof->params, &asof->arena,
                                         &asof->fixed, &asof->fixed_count, asof->err);

    if (rc != STOA_OK)
        return rc;
    if (is_fixed(asof, group->date))
        return collection_fail(asof->call, asof->err, STOA_ERR_INVALID,
                               "'%s' is what the instant is compared with",
                               group->columns[group->date].name);
    asof->open =
        stoa__arena_alloc_zero(&asof->arena, (size_t)group->column_count, sizeof *asof->open);
    if (!asof->open)
        return stoa__fail_nomem(asof->err);
    for (int32_t key = 1; key <= group->column_count; key++)
        for (int32_t i = 0; i < group->column_count; i++)
            if (group->columns[i].key == key && group->columns[i].dimension && i != group->date &&
                &group->columns[i] != asof->value && !is_fixed(asof, i))
                asof->open[asof->open_count++] = i;
    return STOA_OK;
}

void collection_asof_release(struct asof *asof)
{
    collection_read_params_release(&asof->params);
    stoa__buffer_release(&asof->text);
    stoa__arena_release(&asof->arena);
}

/* ---- the statement ---- */

void collection_asof_rows_sql(struct asof *asof, const char *id, const char *instant)
{
    collection_text(&asof->text, " FROM %T AS g WHERE g.\"id\" = %s AND g.%Q <= %s",
                    asof->group->name, id, asof->group->columns[asof->group->date].name, instant);
    collection_read_fixed_sql(&asof->text, asof->group, asof->fixed, asof->fixed_count);
    collection_text(&asof->text, " AND g.%Q IS NOT NULL", asof->value->name);
}

void collection_asof_value_sql(struct asof *asof, const char *id, const char *instant,
                               void (*open)(struct asof *asof, int32_t number))
{
    collection_text(&asof->text, "(SELECT g.%Q", asof->value->name);
    collection_asof_rows_sql(asof, id, instant);
    for (int32_t i = 0; open && i < asof->open_count; i++) {
        collection_text(&asof->text, " AND g.%Q IS ", asof->group->columns[asof->open[i]].name);
        open(asof, i);
    }
    collection_text(&asof->text, " ORDER BY g.%Q DESC LIMIT 1)",
                    asof->group->columns[asof->group->date].name);
}

/* An open dimension of the row: of one, the value itself; of several, a place in a list. */
static void open_sql(struct asof *asof, int32_t number)
{
    if (asof->open_count == 1)
        collection_text(&asof->text, "k.value");
    else
        collection_text(&asof->text, "(k.value ->> %d)", (int)number);
}

/* The sets of open dimensions an element has up to the instant, as a table. */
static void open_table_sql(struct asof *asof, const char *instant)
{
    stoa__buffer *text = &asof->text;

    collection_text(text, " LEFT JOIN json_each((SELECT json_group_array(DISTINCT ");
    if (asof->open_count > 1)
        collection_text(text, "json_array(");
    for (int32_t i = 0; i < asof->open_count; i++)
        collection_text(text, "%sg.%Q", i > 0 ? ", " : "",
                        asof->group->columns[asof->open[i]].name);
    collection_text(text, asof->open_count > 1 ? "))" : ")");
    collection_asof_rows_sql(asof, "e.\"id\"", instant);
    collection_text(text, ")) AS k");
}

/* ---- the call ---- */

struct asof_read {
    struct asof asof;
    struct read_packed instants, keys, cells;
    struct collection_read_options options;
    int32_t instant_param;
    struct read_column *columns;
    int32_t column_count;
};

/* One instant is a parameter; several are a list of texts. */
static stoa_status add_instants(struct asof_read *read)
{
    struct asof *asof = &read->asof;
    stoa__buffer json = {0};
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < read->instants.count; i++) {
        char room[COLLECTION_DATE_MAX];
        const char *text = "";
        size_t size = 0;

        rc = collection_read_instant(asof->call, &read->instants.values[i], read->instants.bytes,
                                     "instant", i + 1, room, &text, &size, asof->err);
        if (rc == STOA_OK && read->instants.count == 1) {
            read->instant_param = collection_read_params_add_text(&asof->params, text, size);
            return read->instant_param > 0 ? STOA_OK : stoa__fail_nomem(asof->err);
        }
        if (rc == STOA_OK && stoa__buffer_append_byte(&json, i == 0 ? '[' : ',') != STOA_OK)
            rc = stoa__fail_nomem(asof->err);
        if (rc == STOA_OK)
            rc = stoa__json_write_text(&json, text, size, asof->err);
    }
    if (rc == STOA_OK && stoa__buffer_append_byte(&json, ']') != STOA_OK)
        rc = stoa__fail_nomem(asof->err);
    if (rc == STOA_OK) {
        read->instant_param =
            collection_read_params_add_text(&asof->params, (const char *)json.data, json.size);
        rc = read->instant_param > 0 ? STOA_OK : stoa__fail_nomem(asof->err);
    }
    stoa__buffer_release(&json);
    return rc;
}

static stoa_status add_column(struct asof_read *read, const struct collection_column *column)
{
    struct read_column *to = &read->columns[read->column_count++];
    stoa_status rc =
        collection_read_column_init(read->asof.call, column, column->name, &read->options,
                                    &read->asof.arena, to, read->asof.err);

    to->nullable = true; /* Where an element has no value. */
    return rc;
}

static stoa_status add_columns(struct asof_read *read)
{
    struct asof *asof = &read->asof;
    stoa_status rc = STOA_OK;

    read->columns = stoa__arena_alloc_zero(&asof->arena, (size_t)asof->open_count + 3,
                                           sizeof *read->columns);
    if (!read->columns)
        return stoa__fail_nomem(asof->err);
    read->columns[read->column_count++] = collection_read_id_column;
    if (read->instants.count > 1) {
        const struct collection_column at = {
            .name = "at", .type = TYPE_DATE_TIME, .not_null = true};

        rc = add_column(read, &at);
        read->columns[1].nullable = false;
    }
    for (int32_t i = 0; rc == STOA_OK && i < asof->open_count; i++)
        rc = add_column(read, &asof->group->columns[asof->open[i]]);
    return rc == STOA_OK ? add_column(read, asof->value) : rc;
}

static void select_sql(struct asof_read *read, const char *instant)
{
    struct asof *asof = &read->asof;
    int32_t number = 1;

    collection_text(&asof->text, "SELECT e.\"id\" AS c0");
    if (read->instants.count > 1)
        collection_text(&asof->text, ", i.value AS c%d", (int)number++);
    for (int32_t i = 0; i < asof->open_count; i++) {
        collection_text(&asof->text, ", ");
        open_sql(asof, i);
        collection_text(&asof->text, " AS c%d", (int)number++);
    }
    collection_text(&asof->text, ", ");
    collection_asof_value_sql(asof, "e.\"id\"", instant, open_sql);
    collection_text(&asof->text, " AS c%d FROM %T AS e", (int)number, asof->collection->name);
}

static stoa_status make_text(struct asof_read *read)
{
    struct asof *asof = &read->asof;
    const bool several = read->instants.count > 1;
    stoa__buffer param = {0};
    const char *instant = "i.value";
    stoa_status rc = STOA_OK;

    collection_text(&param, "+?%d", (int)read->instant_param);
    rc = collection_text_end(&param, asof->err);
    if (rc == STOA_OK && !several)
        instant = (const char *)param.data;
    select_sql(read, instant);
    if (several)
        collection_text(&asof->text, " CROSS JOIN json_each(?%d) AS i", (int)read->instant_param);
    if (asof->open_count > 0)
        open_table_sql(asof, instant);
    if (rc == STOA_OK)
        rc = collection_read_keys_sql(asof->call, asof->collection, &read->keys, "e", " WHERE ",
                                      &asof->params, &asof->text, asof->err);
    collection_text(&asof->text, " ORDER BY e.\"id\"%s", several ? ", i.key" : "");
    for (int32_t i = 0; i < asof->open_count; i++) {
        collection_text(&asof->text, ", ");
        open_sql(asof, i);
    }
    stoa__buffer_release(&param);
    return rc;
}

static stoa_status read_values(struct asof_read *read, stoa_result *out)
{
    struct asof *asof = &read->asof;
    struct read_packed params;
    stoa_status rc = collection_asof_fix(asof, &read->cells);

    if (rc == STOA_OK)
        rc = add_instants(read);
    if (rc == STOA_OK)
        rc = add_columns(read);
    if (rc == STOA_OK)
        rc = make_text(read);
    if (rc != STOA_OK)
        return rc;
    params = collection_read_params_packed(&asof->params);
    return collection_read_stream(asof->call, &asof->text, &params, read->columns,
                                  read->column_count, &asof->arena, out, asof->err);
}

static stoa_status check(const struct asof_read *read, stoa_error *err)
{
    stoa_status rc = collection_read_check_keys(&read->keys, err);

    if (rc == STOA_OK && (read->instants.count < 1 || !read->instants.values))
        rc = stoa__fail(err, STOA_ERR_INVALID, "instant_count is %lld: there must be one",
                        (long long)read->instants.count);
    return rc == STOA_OK ? collection_read_check_values(&read->instants, "instant", err) : rc;
}

stoa_status stoa_series_asof(stoa_conn conn, stoa_op op, const char *collection,
                             int64_t collection_size, const char *group, int64_t group_size,
                             const char *attribute, int64_t attribute_size,
                             const stoa_value *instants, int64_t instant_count,
                             const stoa_value *keys, int64_t key_count, const stoa_value *cells,
                             int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                             const stoa_option *options, int64_t option_count, stoa_result *out,
                             stoa_error *err)
{
    struct collection_call call;
    struct asof_read read = {.asof = {.call = &call, .err = err},
                             .instants = {instants, instant_count, bytes, bytes_size},
                             .keys = {keys, key_count, bytes, bytes_size},
                             .cells = {cells, cell_count, bytes, bytes_size}};
    size_t group_bytes = 0, attribute_bytes = 0;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = collection_read_options(options, option_count, READ_KNOWS_DATES, &read.options, err);
    if (rc == STOA_OK)
        rc = stoa__text_size("group", group, group_size, INT32_MAX, &group_bytes, err);
    if (rc == STOA_OK)
        rc = stoa__text_size("attribute", attribute, attribute_size, INT32_MAX, &attribute_bytes,
                             err);
    if (rc == STOA_OK)
        rc = check(&read, err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "read_time_series_row", err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_get(&call, collection, collection_size, &read.asof.collection, err);
    if (rc == STOA_OK)
        rc = collection_asof_find(&read.asof, group, group_bytes, attribute, attribute_bytes);
    if (rc == STOA_OK)
        rc = collection_read_begin(&call, err);
    if (rc == STOA_OK)
        rc = collection_read_end(&call, read_values(&read, out), err);
    collection_asof_release(&read.asof);
    return collection_leave(&call, rc);
}
