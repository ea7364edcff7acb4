/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of `db` that read elements, groups and time series. */
#include "collection/lua.h"

#include <string.h>

#include "base/ban.h"

static bool is_missing_element(const struct lua_runner *runner, stoa_status rc)
{
    return rc == STOA_ERR_NOT_FOUND &&
           strncmp(runner->failure.text, "Element not found", 17) == 0;
}

/* ---- one attribute of all elements ---- */

static const char *const kind_names[] = {"scalar", "vector", "set", "time_series"};

static void open_attribute(struct lua_runner *runner, const struct lua_text *collection,
                           const struct lua_text *attribute, const stoa_option *options,
                           int64_t option_count)
{
    const stoa_value name = {.type = STOA_TYPE_TEXT, .b = attribute ? attribute->size : 0};

    collection_lua_must(
        runner, stoa_elements_read(
                    runner->conn, runner->op, collection->text, collection->size, &name,
                    attribute != NULL, NULL, 0, attribute ? (const uint8_t *)attribute->text : NULL,
                    name.b, options, option_count, &runner->scratch.result, &runner->failure));
}

/* The column of the scratch's result as a list on top: of scalars with holes; of lists without
 * those that are empty. */
static void push_column(struct lua_runner *runner, int64_t column, bool lists)
{
    const struct lua_scratch *scratch = &runner->scratch;
    int64_t index = 0;

    runner->lua.new_table(runner->state, 0, 0);
    while (collection_lua_next_batch(runner))
        for (int64_t row = 0; row < scratch->batch.length; row++) {
            const struct ArrowArray *array = scratch->batch.children[column];
            const struct ArrowSchema *schema = scratch->schema.children[column];

            if (lists && collection_lua_list_size(schema, array, row) == 0)
                continue;
            collection_lua_push_cell(runner, schema, array, row, lists);
            runner->lua.raw_set_index(runner->state, -2, ++index);
        }
}

static int read_attribute(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text attribute = collection_lua_take_text(runner, 3, "attribute");
    const stoa_option options[] = {
        {"kind", kind_names[method->kind]}, {"as", method->detail}, {"dates", "text"}};

    open_attribute(runner, &collection, &attribute, options, 3);
    push_column(runner, 1, method->kind != STOA_GROUP_ANY);
    return 1;
}

static int read_ids(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");

    (void)method;
    open_attribute(runner, &collection, NULL, NULL, 0);
    push_column(runner, 0, false);
    return 1;
}

static int count_elements(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    int64_t count = 0;

    (void)method;
    collection_lua_must(runner, stoa_elements_count(runner->conn, runner->op, collection.text,
                                                    collection.size, &count, &runner->failure));
    runner->lua.push_integer(runner->state, count);
    return 1;
}

/* ---- one element ---- */

/* Columns of the element's groups of a kind, each with an empty list, into the table on top. */
static void add_empty_lists(struct lua_runner *runner, struct lua_text collection,
                            const char *kind)
{
    stoa_result *result = &runner->scratch.result;
    stoa_rows rows;
    stoa_status rc;

    collection_lua_scratch_empty(&runner->scratch);
    collection_lua_must(runner, stoa_collection_list(runner->conn, runner->op, collection.text,
                                                     collection.size, result, &runner->failure));
    while ((rc = stoa_result_rows(*result, runner->op, 1, &rows, &runner->failure)) == STOA_OK) {
        const struct lua_text name = collection_lua_row_text(&rows, LIST_NAME);

        if (!collection_lua_text_is(collection_lua_row_text(&rows, LIST_KIND), kind))
            continue;
        runner->lua.new_table(runner->state, 0, 0);
        collection_lua_set_field(runner, -2, name.text, (size_t)name.size);
    }
    collection_lua_must(runner, rc);
}

/* Attributes of a kind into the table on top. An element that is not there has none, and lists
 * without anything in them. */
static void add_attributes(struct lua_runner *runner, struct lua_text collection,
                           const stoa_value *key, const char *kind)
{
    const stoa_option options[] = {{"groups", kind}, {"dates", "text"}};
    const bool lists = strcmp(kind, "scalar") != 0;
    stoa_rows rows;
    const stoa_status rc =
        stoa_element_read(runner->conn, runner->op, collection.text, collection.size, key, NULL,
                          0, options, 2, &rows, &runner->failure);

    if (is_missing_element(runner, rc)) {
        if (lists)
            add_empty_lists(runner, collection, kind);
        return;
    }
    collection_lua_must(runner, rc);
    for (int64_t row = 0; row < rows.row_count; row++) {
        const stoa_value *pair = &rows.values[2 * row];

        collection_lua_push_value(runner, &rows, &pair[1], true);
        collection_lua_set_field(runner, -2, (const char *)rows.bytes + pair[0].a,
                                 (size_t)pair[0].b);
    }
}

static int read_element(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const stoa_value key = {.type = STOA_TYPE_INT64,
                            .a = collection_lua_take_integer(runner, 3, "id")};

    runner->lua.new_table(runner->state, 0, 0);
    if (method->detail) {
        add_attributes(runner, collection, &key, method->detail);
        return 1;
    }
    for (int kind = STOA_GROUP_ANY; kind <= STOA_GROUP_SET; kind++)
        add_attributes(runner, collection, &key, kind_names[kind]);
    return 1;
}

static int read_relation(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text attribute = collection_lua_take_text(runner, 3, "attribute");
    const stoa_option options[] = {{"kind", "scalar"}, {"relations", "label"}};

    (void)method;
    open_attribute(runner, &collection, &attribute, options, 2);
    push_column(runner, 1, false);
    return 1;
}

/* ---- time series ---- */

/* Columns of the batch, but for `id`, behind what is in the tables of the table on top. */
static void add_rows(struct lua_runner *runner, int64_t before)
{
    const struct lua_api *lua = &runner->lua;
    const struct lua_scratch *scratch = &runner->scratch;

    for (int64_t i = 1; i < scratch->schema.n_children; i++) {
        const struct ArrowSchema *schema = scratch->schema.children[i];

        collection_lua_push_text(runner, schema->name, strlen(schema->name));
        if (lua->raw_get(runner->state, -2) == LUA_NIL) {
            lua->set_top(runner->state, -2);
            lua->new_table(runner->state, 0, 0);
            lua->push_value(runner->state, -1);
            collection_lua_set_field(runner, -3, schema->name, strlen(schema->name));
        }
        for (int64_t row = 0; row < scratch->batch.length; row++) {
            collection_lua_push_cell(runner, schema, scratch->batch.children[i], row, false);
            lua->raw_set_index(runner->state, -2, before + row + 1);
        }
        lua->set_top(runner->state, -2);
    }
}

static int read_series(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text group = collection_lua_take_text(runner, 3, "group");
    const stoa_value key = {.type = STOA_TYPE_INT64,
                            .a = collection_lua_take_integer(runner, 4, "id")};
    const stoa_option options[] = {{"dates", "text"}};
    const stoa_status rc = stoa_group_read(
        runner->conn, runner->op, collection.text, collection.size, method->kind, group.text,
        group.size, NULL, 0, &key, 1, NULL, 0, NULL, 0, INT64_MIN, INT64_MAX, options, 1,
        &runner->scratch.result, &runner->failure);

    runner->lua.new_table(runner->state, 0, 0);
    if (is_missing_element(runner, rc))
        return 1;
    collection_lua_must(runner, rc);
    for (int64_t rows = 0; collection_lua_next_batch(runner); rows += runner->scratch.batch.length)
        if (runner->scratch.batch.length > 0)
            add_rows(runner, rows);
    return 1;
}

/* One value an element: of those that differ in a further dimension, the first there is. */
static int read_series_row(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text group = collection_lua_take_text(runner, 3, "group");
    const struct lua_text attribute = collection_lua_take_text(runner, 4, "attribute");
    const struct lua_text at = collection_lua_take_text(runner, 5, "date_time");
    const stoa_value instant = {.type = STOA_TYPE_TEXT, .b = at.size};
    const stoa_option options[] = {{"dates", "text"}};
    const struct lua_scratch *scratch = &runner->scratch;
    int64_t index = 0, last = 0;
    bool empty = false;

    (void)method;
    collection_lua_must(
        runner, stoa_series_asof(runner->conn, runner->op, collection.text, collection.size,
                                 group.text, group.size, attribute.text, attribute.size, &instant,
                                 1, NULL, 0, NULL, 0, (const uint8_t *)at.text, at.size, options, 1,
                                 &runner->scratch.result, &runner->failure));
    runner->lua.new_table(runner->state, 0, 0);
    while (collection_lua_next_batch(runner))
        for (int64_t row = 0; row < scratch->batch.length; row++) {
            const struct ArrowArray *ids = scratch->batch.children[0];
            const int64_t id = ((const int64_t *)ids->buffers[1])[row + ids->offset];
            const int64_t value = scratch->schema.n_children - 1;

            if (index > 0 && id == last && !empty)
                continue;
            index += index == 0 || id != last;
            last = id;
            collection_lua_push_cell(runner, scratch->schema.children[value],
                                     scratch->batch.children[value], row, false);
            empty = runner->lua.type(runner->state, -1) == LUA_NIL;
            runner->lua.raw_set_index(runner->state, -2, index);
        }
    return 1;
}

const struct lua_method collection_lua_db_read_methods[] = {
    {"read_scalar_integers", read_attribute, STOA_GROUP_ANY, "integer"},
    {"read_scalar_floats", read_attribute, STOA_GROUP_ANY, "float"},
    {"read_scalar_strings", read_attribute, STOA_GROUP_ANY, "text"},
    {"read_vector_integers", read_attribute, STOA_GROUP_VECTOR, "integer"},
    {"read_vector_floats", read_attribute, STOA_GROUP_VECTOR, "float"},
    {"read_vector_strings", read_attribute, STOA_GROUP_VECTOR, "text"},
    {"read_set_integers", read_attribute, STOA_GROUP_SET, "integer"},
    {"read_set_floats", read_attribute, STOA_GROUP_SET, "float"},
    {"read_set_strings", read_attribute, STOA_GROUP_SET, "text"},
    {"read_element_ids", read_ids, 0, NULL},
    {"number_of_elements", count_elements, 0, NULL},
    {"read_scalars_by_id", read_element, 0, "scalar"},
    {"read_vectors_by_id", read_element, 0, "vector"},
    {"read_sets_by_id", read_element, 0, "set"},
    {"read_element_by_id", read_element, 0, NULL},
    {"read_scalar_relation", read_relation, 0, NULL},
    {"read_time_series_group", read_series, STOA_GROUP_TIME_SERIES, NULL},
    {"read_time_series_row", read_series_row, 0, NULL},
    {0},
};
