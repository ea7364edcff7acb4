/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of many elements: all of them as they come, or some by their keys. */
#include "collection/read_point.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/limits.h"
#include "core/enter.h"

#include <string.h>

#include "base/ban.h"

struct elements_read {
    struct collection_call *call;
    const struct collection_table *collection;
    struct read_packed names, keys;
    const struct collection_read_options *options;
    struct read_attribute *attributes;
    struct read_column *columns; /* The first is the id. */
    stoa__arena arena;
    stoa_result *out;
    stoa_error *err;
};

/* What users of other readers of such files know the call as. */
static const char *operation_of(const struct collection_read_options *options)
{
    static const char *const names[][4] = {
        [READ_KIND_SCALAR] = {"read_elements", "read_scalar_integers", "read_scalar_floats",
                              "read_scalar_strings"},
        [READ_KIND_VECTOR] = {"read_elements", "read_vector_integers", "read_vector_floats",
                              "read_vector_strings"},
        [READ_KIND_SET] = {"read_elements", "read_set_integers", "read_set_floats",
                           "read_set_strings"},
    };

    if (options->kind < READ_KIND_SCALAR || options->kind > READ_KIND_SET)
        return "read_elements";
    return names[options->kind][options->as];
}

static stoa_status add_name(struct elements_read *read, int64_t index)
{
    struct read_attribute *attribute = &read->attributes[index];
    struct read_column *column = &read->columns[index + 1];
    size_t size;
    const char *name =
        collection_read_text(read->call, &read->names.values[index], read->names.bytes, &size);
    stoa_status rc = collection_read_find(read->call, read->collection, read->options->kind, name,
                                          size, &read->arena, attribute, read->err);

    if (rc == STOA_OK)
        rc = collection_read_column_init(read->call, &attribute->table->columns[attribute->column],
                                         attribute->name, read->options, &read->arena, column,
                                         read->err);
    if (rc == STOA_OK)
        rc = collection_read_column_as(read->call, read->collection, attribute, read->options->as,
                                       column, read->err);
    return rc;
}

static stoa_status add_names(struct elements_read *read)
{
    const size_t count = (size_t)read->names.count + 1;
    stoa_status rc = STOA_OK;

    read->attributes = stoa__arena_alloc_zero(&read->arena, count, sizeof *read->attributes);
    read->columns = stoa__arena_alloc_zero(&read->arena, count, sizeof *read->columns);
    if (!read->attributes || !read->columns)
        return stoa__fail_nomem(read->err);
    read->columns[0] = collection_read_id_column;
    for (int64_t i = 0; rc == STOA_OK && i < read->names.count; i++)
        rc = add_name(read, i);
    return rc;
}

/* ---- all of them ---- */

static stoa_status read_scalars(struct elements_read *read)
{
    static const struct read_packed none = {0};
    const int32_t count = (int32_t)read->names.count;
    stoa__buffer text = {0};

    collection_text(&text, "SELECT e.\"id\" AS c0");
    for (int32_t i = 0; i < count; i++) {
        collection_text(&text, ", ");
        collection_read_column_sql(&text, "e",
                                   &read->collection->columns[read->attributes[i].column],
                                   &read->columns[i + 1], i + 1);
    }
    collection_text(&text, " FROM %T AS e ORDER BY e.\"id\"", read->collection->name);
    return collection_read_stream(read->call, &text, &none, read->columns, count + 1, &read->arena,
                                  read->out, read->err);
}

static stoa_status read_all(struct elements_read *read)
{
    for (int64_t i = 0; i < read->names.count; i++)
        if (read->attributes[i].table != read->collection)
            return collection_read_lists(read->call, read->collection, read->attributes,
                                         read->columns + 1, (int32_t)read->names.count,
                                         &read->arena, read->out, read->err);
    return read_scalars(read);
}

/* ---- some by their keys ---- */

struct by_key {
    struct elements_read *read;
    struct read_point point;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    stoa__buffer batches; /* struct ArrowArray */
};

static stoa_status make_type(struct by_key *by)
{
    struct elements_read *read = by->read;
    const int32_t count = (int32_t)read->names.count;
    stoa_status rc = STOA_OK;

    by->type = collection_struct_type(&read->arena, count + 1);
    if (!by->type)
        return stoa__fail_nomem(read->err);
    for (int32_t i = 0; rc == STOA_OK && i <= count; i++) {
        const bool scalar = i == 0 || read->attributes[i - 1].table == read->collection;

        rc = scalar ? collection_read_column_field(&read->columns[i], &read->arena,
                                                   &by->type->children[i], read->err)
                    : collection_read_column_field_list(&read->columns[i], &read->arena,
                                                        &by->type->children[i], read->err);
    }
    return rc == STOA_OK ? stoa__builder_init(&by->builder, by->type, 0, read->err) : rc;
}

static stoa_status append_rows(struct by_key *by, int32_t attribute, int64_t rows,
                               struct stoa__column *column)
{
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < rows; row++) {
        const uint8_t *bytes;
        stoa_value value;

        rc =
            collection_read_point_value(&by->point, attribute, row, &value, &bytes, by->read->err);
        if (rc == STOA_OK)
            rc = collection_read_column_append(column, &value, bytes, by->read->err);
    }
    return rc;
}

static stoa_status append_element(struct by_key *by)
{
    struct stoa__column *root = &by->builder.root;
    stoa_status rc = stoa__column_append_int64(&root->children[0], by->point.id.a, by->read->err);

    for (int32_t i = 0; rc == STOA_OK && i < by->point.count; i++) {
        struct stoa__column *column = &root->children[i + 1];
        const int32_t owner = by->point.owners[i];

        if (owner < 0) {
            rc = append_rows(by, i, 1, column);
            continue;
        }
        rc = append_rows(by, i, by->point.groups[owner].row.row_count, &column->children[0]);
        if (rc == STOA_OK)
            rc = stoa__column_end_list(column, by->read->err);
    }
    return rc;
}

static stoa_status finish_batch(struct by_key *by)
{
    struct stoa__column *root = &by->builder.root;
    struct ArrowArray batch = {0};
    stoa_status rc;

    root->length = stoa__column_length(&root->children[0]);
    if (root->length == 0)
        return STOA_OK;
    rc = stoa__builder_finish(&by->builder, 0, &batch, by->read->err);
    if (rc == STOA_OK && stoa__buffer_append(&by->batches, &batch, sizeof batch) != STOA_OK) {
        stoa__array_release(&batch);
        rc = stoa__fail_nomem(by->read->err);
    }
    return rc;
}

static stoa_status append_all(struct by_key *by)
{
    const struct read_packed *keys = &by->read->keys;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < keys->count; i++) {
        if (i % 1024 == 1023)
            rc = stoa__call_check(&by->read->call->entry.call, by->read->err);
        if (rc == STOA_OK)
            rc = collection_read_point_read(&by->point, &keys->values[i], keys->bytes,
                                            by->read->err);
        if (rc == STOA_OK)
            rc = append_element(by);
        if (rc == STOA_OK && (i + 1) % by->point.run.batch_rows == 0)
            rc = finish_batch(by);
    }
    return rc == STOA_OK ? finish_batch(by) : rc;
}

/* All keys are looked up now, in one view: what is missing fails here, not at some later batch. */
static stoa_status read_keys(struct elements_read *read)
{
    struct by_key by = {.read = read,
                        .point = {.call = read->call,
                                  .collection = read->collection,
                                  .attributes = read->attributes,
                                  .columns = read->columns + 1,
                                  .count = (int32_t)read->names.count}};
    struct ArrowArray *batches;
    int64_t count;
    stoa_status rc = collection_read_begin(read->call, read->err);

    if (rc != STOA_OK)
        return rc;
    rc = make_type(&by);
    if (rc == STOA_OK)
        rc = collection_read_point_open(&by.point, &read->arena,
                                        read->keys.values[0].type == STOA_TYPE_TEXT, read->err);
    if (rc == STOA_OK)
        rc = append_all(&by);
    collection_read_point_close(&by.point);
    rc = collection_read_end(read->call, rc, read->err);
    stoa__builder_release(&by.builder);
    batches = (struct ArrowArray *)(void *)by.batches.data;
    count = (int64_t)(by.batches.size / sizeof *batches);
    if (rc == STOA_OK)
        rc = collection_output_batches(read->call, &read->arena, by.type, batches, count, read->out,
                                       read->err);
    for (int64_t i = 0; i < count; i++)
        stoa__array_release(&batches[i]);
    stoa__buffer_release(&by.batches);
    return rc;
}

stoa_status stoa_elements_read(stoa_conn conn, stoa_op op, const char *collection,
                               int64_t collection_size, const stoa_value *names,
                               int64_t name_count, const stoa_value *keys, int64_t key_count,
                               const uint8_t *bytes, int64_t bytes_size,
                               const stoa_option *options, int64_t option_count, stoa_result *out,
                               stoa_error *err)
{
    struct collection_read_options parsed;
    struct collection_call call;
    struct elements_read read = {.call = &call,
                                 .names = {names, name_count, bytes, bytes_size},
                                 .keys = {keys, key_count, bytes, bytes_size},
                                 .options = &parsed,
                                 .out = out,
                                 .err = err};
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = collection_read_options(options, option_count,
                                 READ_KNOWS_RELATIONS | READ_KNOWS_DATES | READ_KNOWS_KIND,
                                 &parsed, err);
    if (rc == STOA_OK)
        rc = collection_read_check_names(&read.names, "name", err);
    if (rc == STOA_OK)
        rc = collection_read_check_keys(&read.keys, err);
    if (rc == STOA_OK && name_count > STOA__COLUMN_COUNT_MAX)
        rc = stoa__fail(err, STOA_ERR_INVALID, "%lld names are more than %d",
                        (long long)name_count, STOA__COLUMN_COUNT_MAX);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, operation_of(&parsed), err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_get(&call, collection, collection_size, &read.collection, err);
    if (rc == STOA_OK)
        rc = add_names(&read);
    if (rc == STOA_OK)
        rc = key_count > 0 ? read_keys(&read) : read_all(&read);
    stoa__arena_release(&read.arena);
    return collection_leave(&call, rc);
}

/* ---- how many ---- */

static stoa_status count_rows(struct collection_call *call, const struct collection_table *table,
                              int64_t *count, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT count(*) FROM %T", table->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_once(&sql, call, (const char *)text.data, err);
    if (rc == STOA_OK)
        *count = collection_row_int64(&sql.row, 0);
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc;
}

stoa_status stoa_elements_count(stoa_conn conn, stoa_op op, const char *collection,
                                int64_t collection_size, int64_t *count, stoa_error *err)
{
    const struct collection_table *table = NULL;
    struct collection_call call;
    size_t size = 0;
    stoa_status rc;

    if (!count)
        return stoa__fail_null(err, "count");
    *count = 0;
    rc = stoa__text_size("collection", collection, collection_size, INT32_MAX, &size, err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "number_of_elements", err);
    if (rc != STOA_OK)
        return rc;
    table = collection_find_table(call.model, collection, size); /* A group's rows, too. */
    if (table)
        rc = count_rows(&call, table, count, err);
    else
        rc = collection_get(&call, collection, collection_size, &table, err);
    return collection_leave(&call, rc);
}
