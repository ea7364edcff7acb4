/* SPDX-License-Identifier: Apache-2.0 */
/* Writes of a few values by name: a relation, a row of a time series, the paths of files. */
#include "collection/element.h"

#include "base/error.h"
#include "base/limits.h"
#include "collection/rows.h"

#include <string.h>

#include "base/ban.h"

/* What becomes of columns that are not given. */
enum { MODE_MERGE, MODE_REPLACE };
static const char modes[] = "merge|replace";

/* Run `text` with the id, where there is one, and the cells. */
static stoa_status run(struct collection_write *write, stoa__buffer *text, const int64_t *id,
                       const struct collection_cells *cells, struct stoa__cursor_info *info,
                       stoa_error *err)
{
    struct collection_packed packed = {.row_count = 1};
    stoa_status rc = id ? collection_packed_int64(&packed, *id) : STOA_OK;

    if (rc == STOA_OK)
        rc = collection_cells_pack(cells, &packed.values, &packed.bytes);
    if (rc == STOA_OK)
        rc = collection_packed_run(&packed, &write->call, text, info, NULL, err);
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(text);
    collection_packed_release(&packed);
    return rc;
}

/* ---- a relation ---- */

struct relation {
    const char *attribute, *from, *to;
    size_t attribute_size, from_size, to_size;
};

static stoa_status find_label(struct collection_write *write, const char *target, const char *text,
                              size_t size, int64_t *id, stoa_error *err)
{
    struct collection_labels *labels = NULL;
    stoa_status rc = collection_labels_of(&write->relations, target, &labels, err);

    if (write->call.state->policy.trim)
        collection_trim(&text, &size);
    return rc == STOA_OK ? collection_labels_find(labels, text, size, id, err) : rc;
}

static stoa_status find_ends(struct collection_write *write, const struct relation *relation,
                             const struct collection_column *column, int64_t *from, int64_t *to,
                             stoa_error *err)
{
    stoa_status rc = find_label(write, write->collection->name, relation->from,
                                relation->from_size, from, err);

    if (rc == STOA_DONE)
        return collection_element_fail_label(write->collection, relation->from,
                                             relation->from_size, err);
    if (rc == STOA_OK && relation->to)
        rc = find_label(write, column->target, relation->to, relation->to_size, to, err);
    if (rc == STOA_DONE)
        return stoa__fail(err, STOA_ERR_NOT_FOUND,
                          "Target element not found: '%.*s' in collection '%s'",
                          (int)(relation->to_size < 200 ? relation->to_size : 200), relation->to,
                          column->target);
    return rc;
}

static stoa_status write_relation(struct collection_write *write, const struct relation *relation,
                                  stoa_error *err)
{
    const int32_t position = collection_find_column(write->collection, relation->attribute,
                                                    relation->attribute_size);
    const struct collection_column *column;
    struct collection_packed packed = {.row_count = 1};
    stoa_value value = {0};
    stoa__buffer text = {0};
    int64_t from = 0, to = 0;
    stoa_status rc;

    if (position < 0)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "Column '%.*s' not found in table '%s'",
                          (int)relation->attribute_size, relation->attribute,
                          write->collection->name);
    column = &write->collection->columns[position];
    if (!column->target || column->generated)
        return collection_fail(&write->call, err, STOA_ERR_INVALID,
                               "attribute '%s' is not a foreign key in collection '%s'",
                               column->name, write->collection->name);
    rc = find_ends(write, relation, column, &from, &to, err);
    if (rc != STOA_OK)
        return rc;
    if (relation->to)
        value = (stoa_value){.type = STOA_TYPE_INT64, .a = to};
    rc = stoa__buffer_append(&packed.values, &value, sizeof value);
    if (rc == STOA_OK)
        rc = collection_packed_int64(&packed, from);
    collection_text(&text, "UPDATE %T SET %Q=?1 WHERE \"id\"=?2", write->collection->name,
                    column->name);
    if (rc == STOA_OK)
        rc = collection_packed_run(&packed, &write->call, &text, NULL, NULL, err);
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&text);
    collection_packed_release(&packed);
    return rc;
}

stoa_status stoa_relation_write(stoa_conn conn, stoa_op op, const char *collection,
                                int64_t collection_size, const char *attribute,
                                int64_t attribute_size, const char *from, int64_t from_size,
                                const char *to, int64_t to_size, stoa_error *err)
{
    struct relation relation = {.attribute = attribute, .from = from, .to = to};
    struct collection_write write;
    stoa_status rc = stoa__text_size("attribute", attribute, attribute_size, STOA__NAME_BYTES_MAX,
                                     &relation.attribute_size, err);

    if (rc == STOA_OK)
        rc = stoa__text_size("from", from, from_size, INT32_MAX, &relation.from_size, err);
    if (rc == STOA_OK && to)
        rc = stoa__text_size("to", to, to_size, INT32_MAX, &relation.to_size, err);
    if (rc == STOA_OK && (!attribute || !from))
        rc = stoa__fail(err, STOA_ERR_INVALID, "attribute or from is NULL");
    if (rc == STOA_OK)
        rc = collection_write_enter(&write, conn, op, "update_scalar_relation", collection,
                                    collection_size, err);
    if (rc != STOA_OK)
        return rc;
    return collection_write_leave(&write, write_relation(&write, &relation, err), err);
}

/* ---- a row of a time series ---- */

static stoa_status series_feeds(struct collection_write *write,
                                const struct collection_table *table,
                                struct collection_cells *cells, stoa_error *err)
{
    stoa_status rc = collection_cells_init(cells, write, err);

    for (int32_t i = 0; i < cells->inputs.count && rc == STOA_OK; i++) {
        const struct collection_input *const input = &cells->inputs.items[i];
        const int32_t column = collection_find_column(table, input->name, input->name_size);

        if (column < 0 || column == table->id)
            rc = collection_fail(&write->call, err, STOA_ERR_NOT_FOUND,
                                 "column '%s' not found in group '%s' for collection '%s'",
                                 input->name, table->group, write->collection->name);
        else if (table->columns[column].generated)
            rc = collection_fail(&write->call, err, STOA_ERR_INVALID,
                                 "column '%s' is generated and cannot be written", input->name);
        else
            collection_feed_init(&cells->feeds[i], &write->call.state->policy,
                                 &table->columns[column], input->type, COLLECTION_SERIES);
    }
    for (int32_t c = 0; c < table->column_count && rc == STOA_OK; c++) {
        bool given = !table->columns[c].dimension;

        for (int32_t i = 0; i < cells->inputs.count && !given; i++)
            given = cells->feeds[i].column == &table->columns[c];
        if (!given)
            rc = collection_fail(&write->call, err, STOA_ERR_INVALID,
                                 "row missing required '%s' column", table->columns[c].name);
    }
    return rc;
}

static void upsert_text(const struct collection_table *table, const struct collection_cells *cells,
                        bool replace, stoa__buffer *text)
{
    const int32_t count = cells->inputs.count;
    const char *between = " DO UPDATE SET ";

    collection_text(text, "INSERT%s INTO %T(\"id\"", replace ? " OR REPLACE" : "", table->name);
    for (int32_t i = 0; i < count; i++)
        collection_text(text, ",%Q", cells->feeds[i].column->name);
    collection_text(text, ") VALUES(?1");
    for (int32_t i = 0; i < count; i++)
        collection_text(text, ",?%d", i + 2);
    collection_text(text, ")");
    if (replace)
        return;
    collection_text(text, " ON CONFLICT(\"id\"");
    for (int32_t c = 0; c < table->column_count; c++)
        if (table->columns[c].dimension)
            collection_text(text, ",%Q", table->columns[c].name);
    collection_text(text, ")");
    for (int32_t i = 0; i < count; i++) {
        const struct collection_column *const column = cells->feeds[i].column;

        if (column->dimension)
            continue;
        collection_text(text, "%s%Q=excluded.%Q", between, column->name, column->name);
        between = ",";
    }
    if (*between == ' ')
        collection_text(text, " DO NOTHING");
}

static stoa_status upsert(struct collection_write *write, const char *group, int64_t group_size,
                          int64_t id, struct collection_cells *cells, bool replace,
                          stoa_error *err)
{
    const struct collection_table *table;
    stoa__buffer text = {0};
    stoa_status rc = collection_group_get(&write->call, write->collection, STOA_GROUP_TIME_SERIES,
                                          group, group_size, &table, err);

    if (rc == STOA_OK)
        rc = series_feeds(write, table, cells, err);
    if (rc == STOA_OK)
        rc = collection_cells_check(cells, write, err);
    if (rc != STOA_OK)
        return rc;
    upsert_text(table, cells, replace, &text);
    return run(write, &text, &id, cells, NULL, err);
}

stoa_status stoa_series_upsert(stoa_conn conn, stoa_op op, const char *collection,
                               int64_t collection_size, const char *group, int64_t group_size,
                               const stoa_value *key, const stoa_value *cells, int64_t cell_count,
                               const uint8_t *bytes, int64_t bytes_size,
                               const stoa_option *options, int64_t option_count, stoa_error *err)
{
    struct collection_cells given = {0};
    struct collection_write write;
    int32_t mode;
    int64_t id = 0;
    stoa_status rc = collection_mode_read(options, option_count, modes, &mode, err);

    if (rc == STOA_OK)
        rc = collection_write_enter(&write, conn, op, "upsert_time_series_row", collection,
                                    collection_size, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_inputs_cells(&write.call, cells, cell_count, bytes, bytes_size, &given.inputs,
                                 err);
    if (rc == STOA_OK)
        rc = collection_element_find(&write.relations, write.collection, key, bytes, bytes_size,
                                     &id, err);
    if (rc == STOA_OK)
        rc = upsert(&write, group, group_size, id, &given, mode == MODE_REPLACE, err);
    collection_inputs_release(&given.inputs);
    return collection_write_leave(&write, rc, err);
}

/* ---- files ---- */

static stoa_status files_feeds(struct collection_write *write, struct collection_cells *cells,
                               stoa_error *err)
{
    const struct collection_table *const table = write->collection->files;
    stoa_status rc = collection_cells_init(cells, write, err);

    for (int32_t i = 0; i < cells->inputs.count && rc == STOA_OK; i++) {
        const struct collection_input *const input = &cells->inputs.items[i];
        const int32_t column = collection_find_column(table, input->name, input->name_size);

        if (column < 0 || table->columns[column].generated)
            return collection_fail(&write->call, err, STOA_ERR_NOT_FOUND,
                                   "column '%s' not found in table '%s'", input->name,
                                   table->name);
        collection_feed_init(&cells->feeds[i], &write->call.state->policy, &table->columns[column],
                             input->type, COLLECTION_SCALAR);
    }
    return rc == STOA_OK ? collection_cells_check(cells, write, err) : rc;
}

static void files_insert_text(const struct collection_table *table,
                              const struct collection_cells *cells, stoa__buffer *text)
{
    const struct collection_columns columns = {
        .table = table, .feeds = cells->feeds, .feed_count = cells->inputs.count};

    collection_insert_text(&columns, text);
}

static void files_update_text(const struct collection_table *table,
                              const struct collection_cells *cells, stoa__buffer *text)
{
    collection_text(text, "UPDATE %T SET ", table->name);
    for (int32_t i = 0; i < cells->inputs.count; i++)
        collection_text(text, "%s%Q=?%d", i > 0 ? "," : "", cells->feeds[i].column->name, i + 1);
}

static stoa_status write_files(struct collection_write *write, struct collection_cells *cells,
                               bool replace, stoa_error *err)
{
    const struct collection_table *const table = write->collection->files;
    const struct collection_cells none = {0};
    struct stoa__cursor_info info = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    if (!table)
        return stoa__fail(err, STOA_ERR_NOT_FOUND,
                          "Time series files table not found for collection '%s'",
                          write->collection->name);
    rc = files_feeds(write, cells, err);
    if (rc != STOA_OK || cells->inputs.count == 0)
        return rc;
    if (replace) {
        collection_text(&text, "DELETE FROM %T", table->name);
        rc = run(write, &text, NULL, &none, &info, err);
    } else {
        files_update_text(table, cells, &text);
        rc = run(write, &text, NULL, cells, &info, err);
    }
    if (rc != STOA_OK || (!replace && info.rows_affected > 0))
        return rc;
    files_insert_text(table, cells, &text);
    return run(write, &text, NULL, cells, NULL, err);
}

stoa_status stoa_files_write(stoa_conn conn, stoa_op op, const char *collection,
                             int64_t collection_size, const stoa_value *cells, int64_t cell_count,
                             const uint8_t *bytes, int64_t bytes_size, const stoa_option *options,
                             int64_t option_count, stoa_error *err)
{
    struct collection_cells given = {0};
    struct collection_write write;
    int32_t mode;
    stoa_status rc = collection_mode_read(options, option_count, modes, &mode, err);

    if (rc == STOA_OK)
        rc = collection_write_enter(&write, conn, op, "update_time_series_files", collection,
                                    collection_size, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_inputs_cells(&write.call, cells, cell_count, bytes, bytes_size, &given.inputs,
                                 err);
    if (rc == STOA_OK)
        rc = write_files(&write, &given, mode == MODE_REPLACE, err);
    collection_inputs_release(&given.inputs);
    return collection_write_leave(&write, rc, err);
}
