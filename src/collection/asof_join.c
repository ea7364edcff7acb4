/* SPDX-License-Identifier: Apache-2.0 */
/* As-of reads of pairs: a stream of elements and instants, to whose rows the value is added. */
#include "collection/asof.h"

#include "arrow/array.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "arrow/stream.h"
#include "base/error.h"
#include "core/enter.h"
#include "text/civil.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct asof_join {
    struct asof asof;
    struct stoa__stream_in in;
    struct stoa__arrow_type *type; /* Of the result: the pairs' and the attribute. */
    struct read_column value;
    int32_t key, at;   /* Columns of the pairs. */
    int32_t *open;     /* The same, of the open dimensions. */
    bool by_label;
    int32_t param;     /* Of the key; the instant and open dimensions stand behind it. */
    size_t fixed_bytes; /* Of the parameters before it. */
    struct read_run run;
    struct collection_sql sql;
    stoa__buffer batches; /* struct ArrowArray */
    int64_t row; /* Of the pairs, over all batches. */
};

/* ---- the pairs' columns ---- */

static int32_t find_column(const struct stoa__arrow_type *type, const char *name)
{
    for (int32_t i = 0; i < type->child_count; i++)
        if (strcmp(type->children[i].name, name) == 0)
            return i;
    return -1;
}

static stoa_status find_columns(struct asof_join *join)
{
    struct asof *asof = &join->asof;
    const struct stoa__arrow_type *type = join->in.type;
    const int32_t id = find_column(type, "id"), label = find_column(type, "label");

    join->by_label = id < 0;
    join->key = id < 0 ? label : id;
    join->at = find_column(type, "at");
    if (join->key < 0 || join->at < 0)
        return collection_fail(asof->call, asof->err, STOA_ERR_INVALID,
                               "the pairs have no column '%s'",
                               join->key < 0 ? "id' or 'label" : "at");
    join->open =
        stoa__arena_alloc_zero(&asof->arena, (size_t)asof->open_count + 1, sizeof *join->open);
    if (!join->open)
        return stoa__fail_nomem(asof->err);
    for (int32_t i = 0; i < asof->open_count; i++) {
        const char *name = asof->group->columns[asof->open[i]].name;

        join->open[i] = find_column(type, name);
        if (join->open[i] < 0)
            return collection_fail(asof->call, asof->err, STOA_ERR_INVALID,
                                   "dimension '%s' has no value: neither a cell nor a column of "
                                   "the pairs",
                                   name);
    }
    return STOA_OK;
}

/* What the pairs have, and the attribute behind it. */
static stoa_status make_type(struct asof_join *join)
{
    static const struct collection_read_options plain = {0};
    struct asof *asof = &join->asof;
    struct stoa__arrow_type *pairs = NULL;
    stoa_status rc = stoa__arrow_type_parse(&join->in.schema, &asof->arena, &pairs, asof->err);

    if (rc == STOA_OK)
        rc = collection_read_column_init(asof->call, asof->value, asof->value->name, &plain,
                                         &asof->arena, &join->value, asof->err);
    if (rc != STOA_OK)
        return rc;
    join->value.nullable = true;
    join->type = collection_struct_type(&asof->arena, pairs->child_count + 1);
    if (!join->type)
        return stoa__fail_nomem(asof->err);
    if (pairs->child_count > 0)
        memcpy(join->type->children, pairs->children,
               (size_t)pairs->child_count * sizeof *pairs->children);
    return collection_read_column_field(&join->value, &asof->arena,
                                        &join->type->children[pairs->child_count], asof->err);
}

/* ---- one pair ---- */

static stoa_status fail_cell(struct asof_join *join, const struct stoa__cell *cell,
                             const char *what)
{
    char type[64];

    stoa__arrow_type_text(cell->type, type, sizeof type);
    return collection_fail(join->asof.call, join->asof.err, STOA_ERR_TYPE,
                           "row %lld: column '%s' is %s, not %s", (long long)join->row,
                           cell->type->name, type, what);
}

static stoa_status fail_null(struct asof_join *join, const char *name)
{
    return collection_fail(join->asof.call, join->asof.err, STOA_ERR_INVALID,
                           "row %lld: column '%s' is NULL", (long long)join->row, name);
}

/* As packed value; its bytes are the cell's. False: no value that a parameter may be. */
static bool packed_of(const struct stoa__cell *cell, stoa_value *value, const uint8_t **bytes)
{
    const enum stoa__arrow_kind kind = cell->type->kind;
    double number;

    *value = (stoa_value){.type = STOA_TYPE_INT64};
    if (stoa__arrow_is_signed(kind) ||
        (stoa__arrow_is_unsigned(kind) && kind != STOA__ARROW_UINT64)) {
        value->a = stoa__cell_int64(cell);
    } else if (stoa__arrow_is_float(kind)) {
        number = stoa__cell_float64(cell);
        value->type = STOA_TYPE_FLOAT64;
        memcpy(&value->a, &number, sizeof number);
    } else if (stoa__arrow_is_text(kind)) {
        value->type = STOA_TYPE_TEXT;
        *bytes = stoa__cell_bytes(cell, &value->b);
    } else {
        return false;
    }
    return true;
}

static stoa_status add_text(struct asof_join *join, const char *text, size_t size)
{
    return collection_read_params_add_text(&join->asof.params, text, size) > 0
               ? STOA_OK
               : stoa__fail_nomem(join->asof.err);
}

static stoa_status add_instant(struct asof_join *join, const struct stoa__cell *cell)
{
    char room[COLLECTION_DATE_MAX];
    struct collection_instant at;
    const char *text = room;
    const uint8_t *bytes = NULL;
    stoa_value value = {0};
    size_t size = 0;
    stoa_status rc;

    if (stoa__arrow_is_text(cell->type->kind) && packed_of(cell, &value, &bytes)) {
        rc = collection_read_instant(join->asof.call, &value, bytes, "the instant of row",
                                     join->row, room, &text, &size, join->asof.err);
        return rc == STOA_OK ? add_text(join, text, size) : rc;
    }
    if (cell->type->kind == STOA__ARROW_TIMESTAMP)
        at = collection_date_of_ticks(stoa__cell_int64(cell), cell->type->unit);
    else if (cell->type->kind == STOA__ARROW_DATE32)
        at = collection_date_of_days(stoa__cell_int64(cell));
    else if (cell->type->kind == STOA__ARROW_DATE64)
        at = collection_date_of_ticks(stoa__cell_int64(cell), STOA__CIVIL_MILLI);
    else
        return fail_cell(join, cell, "a timestamp, a date or text");
    size = collection_date_write(at, room);
    if (size == 0)
        return collection_fail(join->asof.call, join->asof.err, STOA_ERR_INVALID,
                               "the instant of row %lld is outside of the years 1 to 9999",
                               (long long)join->row);
    return add_text(join, text, size);
}

static stoa_status add_value(struct asof_join *join, const struct stoa__cell *cell, int32_t type)
{
    const uint8_t *bytes = NULL;
    stoa_value value;
    bool fits = packed_of(cell, &value, &bytes);

    if (type == TYPE_DATE_TIME)
        return add_instant(join, cell);
    if (type == TYPE_INTEGER)
        fits = fits && value.type == STOA_TYPE_INT64;
    else if (type == TYPE_FLOAT)
        fits = fits && value.type != STOA_TYPE_TEXT;
    else
        fits = fits && value.type == STOA_TYPE_TEXT;
    if (!fits)
        return fail_cell(join, cell, collection_type_word(type));
    return collection_read_params_add(&join->asof.params, &value, bytes) > 0
               ? STOA_OK
               : stoa__fail_nomem(join->asof.err);
}

static stoa_status add_cell(struct asof_join *join, const struct ArrowArray *batch, int64_t row,
                            int32_t column, int32_t type)
{
    struct stoa__cell cell;

    stoa__cell_at(&join->in.type->children[column], batch->children[column], row, &cell);
    if (cell.null)
        return fail_null(join, join->in.type->children[column].name);
    return add_value(join, &cell, type);
}

static stoa_status bind_row(struct asof_join *join, const struct ArrowArray *batch, int64_t row)
{
    const struct asof *asof = &join->asof;
    stoa_status rc;

    join->asof.params.values.size = (size_t)(join->param - 1) * sizeof(stoa_value);
    join->asof.params.bytes.size = join->fixed_bytes;
    rc = add_cell(join, batch, row, join->key, join->by_label ? TYPE_STRING : TYPE_INTEGER);
    if (rc == STOA_OK)
        rc = add_cell(join, batch, row, join->at, TYPE_DATE_TIME);
    for (int32_t i = 0; rc == STOA_OK && i < asof->open_count; i++)
        rc = add_cell(join, batch, row, join->open[i], asof->group->columns[asof->open[i]].type);
    return rc;
}

static stoa_status read_row(struct asof_join *join, const struct ArrowArray *batch, int64_t row,
                            struct stoa__column *out)
{
    struct asof *asof = &join->asof;
    const stoa_value *values;
    struct read_packed params;
    stoa_value value;
    stoa_status rc = bind_row(join, batch, row);

    if (rc != STOA_OK)
        return rc;
    params = collection_read_params_packed(&asof->params);
    rc = collection_sql_row(&join->sql, params.values, params.count, params.bytes,
                            params.bytes_size, asof->err);
    if (rc == STOA_DONE) {
        rc =
            collection_read_fail_missing(asof->call, asof->collection,
                                         &params.values[join->param - 1], params.bytes, asof->err);
        stoa__error_append(asof->err, "row %lld", (long long)join->row);
    }
    if (rc != STOA_OK)
        return rc;
    values = (const stoa_value *)(const void *)join->sql.row.values.data;
    value = values[1];
    rc = collection_read_column_value(&join->run, &join->value, values[0].a,
                                      join->sql.row.bytes.data, &value, asof->err);
    return rc == STOA_OK
               ? collection_read_column_append(out, &value, join->sql.row.bytes.data, asof->err)
               : rc;
}

/* ---- batches ---- */

/* The batch with its new column; `batch` is taken. */
static stoa_status widen(struct asof_join *join, struct ArrowArray *batch,
                         struct ArrowArray *values, struct ArrowArray *out)
{
    const int32_t count = join->type->child_count;
    stoa_status rc = stoa__array_init(out, 1, count, join->asof.err);

    if (rc != STOA_OK)
        return rc;
    out->length = batch->length;
    for (int32_t i = 0; i + 1 < count; i++)
        stoa__array_adopt(out->children[i], batch->children[i]);
    stoa__array_adopt(out->children[count - 1], values);
    stoa__array_release(batch);
    return STOA_OK;
}

/* Values of all rows of a batch, which is taken. */
static stoa_status add_batch(struct asof_join *join, struct ArrowArray *batch)
{
    const struct stoa__arrow_type *field = &join->type->children[join->type->child_count - 1];
    struct stoa__builder builder = {0};
    struct ArrowArray values = {0}, out = {0};
    stoa_error *err = join->asof.err;
    stoa_status rc = stoa__builder_init(&builder, field, batch->length, err);

    for (int64_t row = 0; rc == STOA_OK && row < batch->length; row++) {
        rc = read_row(join, batch, row, &builder.root);
        join->row += rc == STOA_OK;
        if (rc == STOA_OK && row % 1024 == 1023)
            rc = stoa__call_check(&join->asof.call->entry.call, err);
    }
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, &values, err);
    if (rc == STOA_OK)
        rc = widen(join, batch, &values, &out);
    if (rc == STOA_OK && stoa__buffer_append(&join->batches, &out, sizeof out) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc != STOA_OK)
        stoa__array_release(&out);
    stoa__array_release(&values);
    stoa__builder_release(&builder);
    return rc;
}

static struct ArrowArray *batches_of(const struct asof_join *join, int64_t *count)
{
    *count = (int64_t)(join->batches.size / sizeof(struct ArrowArray));
    return (struct ArrowArray *)(void *)join->batches.data;
}

/* A batch may begin anywhere in its columns; ours begins where they do. */
static stoa_status next_batch(struct asof_join *join, struct ArrowArray *out)
{
    struct ArrowArray batch = {0};
    stoa_status rc = stoa__stream_in_next(&join->in, &batch, join->asof.err);

    if (rc == STOA_OK)
        rc = stoa_batch_slice(&batch, 0, batch.length, out, join->asof.err);
    stoa__array_release(&batch);
    return rc;
}

/* All pairs are read before the first is looked up: the producer may be anybody, even this
 * connection, and all look-ups are of one view. */
static stoa_status read_pairs(struct asof_join *join)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        struct ArrowArray batch = {0};

        rc = next_batch(join, &batch);
        if (rc == STOA_OK && stoa__buffer_append(&join->batches, &batch, sizeof batch) != STOA_OK) {
            stoa__array_release(&batch);
            rc = stoa__fail_nomem(join->asof.err);
        }
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status look_up(struct asof_join *join)
{
    stoa__buffer pairs = join->batches;
    struct ArrowArray *batches;
    int64_t count;
    stoa_status rc = STOA_OK;

    batches = batches_of(join, &count);
    join->batches = (stoa__buffer){0};
    for (int64_t i = 0; i < count; i++) {
        if (rc == STOA_OK)
            rc = add_batch(join, &batches[i]);
        stoa__array_release(&batches[i]);
    }
    stoa__buffer_release(&pairs);
    return rc;
}

/* ---- the statement ---- */

static void open_sql(struct asof *asof, int32_t number)
{
    const struct asof_join *join = (const struct asof_join *)asof;

    collection_text(&asof->text, "+?%d", (int)(join->param + 2 + number));
}

static stoa_status open_statement(struct asof_join *join)
{
    struct asof *asof = &join->asof;
    stoa__buffer instant = {0};
    stoa_status rc;

    join->param = (int32_t)(asof->params.values.size / sizeof(stoa_value)) + 1;
    join->fixed_bytes = asof->params.bytes.size;
    join->run = collection_read_run_of(asof->call);
    collection_text(&instant, "+?%d", (int)join->param + 1);
    rc = collection_text_end(&instant, asof->err);
    collection_text(&asof->text, "SELECT e.\"id\" AS c0, ");
    if (rc == STOA_OK)
        collection_asof_value_sql(asof, "e.\"id\"", (const char *)instant.data, open_sql);
    collection_text(&asof->text, " AS c1 FROM %T AS e WHERE e.%Q = ?%d", asof->collection->name,
                    join->by_label ? "label" : "id", (int)join->param);
    if (rc == STOA_OK)
        rc = collection_text_end(&asof->text, asof->err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&join->sql, asof->call, (const char *)asof->text.data,
                                 asof->text.size, asof->err);
    stoa__buffer_release(&instant);
    return rc;
}

/* ---- the call ---- */

static stoa_status join_pairs(struct asof_join *join, const struct read_packed *cells,
                              stoa_result *out)
{
    struct asof *asof = &join->asof;
    struct ArrowArray *batches;
    int64_t count;
    stoa_status rc = collection_asof_fix(asof, cells);

    if (rc == STOA_OK)
        rc = find_columns(join);
    if (rc == STOA_OK)
        rc = make_type(join);
    if (rc == STOA_OK)
        rc = read_pairs(join);
    if (rc == STOA_OK)
        rc = collection_read_begin(asof->call, asof->err);
    if (rc == STOA_OK) {
        rc = open_statement(join);
        if (rc == STOA_OK)
            rc = look_up(join);
        collection_sql_close(&join->sql);
        rc = collection_read_end(asof->call, rc, asof->err);
    }
    batches = batches_of(join, &count);
    if (rc == STOA_OK)
        rc = collection_output_batches(asof->call, &asof->arena, join->type, batches, count, out,
                                       asof->err);
    for (int64_t i = 0; i < count; i++)
        stoa__array_release(&batches[i]);
    stoa__buffer_release(&join->batches);
    return rc;
}

static stoa_status join_stream(struct asof_join *join, struct ArrowArrayStream *pairs,
                               const struct read_packed *cells, stoa_result *out)
{
    stoa_status rc = stoa__stream_in_init(&join->in, pairs, STOA_CHECK_FULL, join->asof.err);

    if (rc != STOA_OK)
        return rc;
    rc = join_pairs(join, cells, out);
    if (rc == STOA_OK)
        stoa__stream_in_release(&join->in);
    else
        stoa__stream_in_return(&join->in, pairs);
    return rc;
}

stoa_status stoa_series_asof_join(stoa_conn conn, stoa_op op, const char *collection,
                                  int64_t collection_size, const char *group, int64_t group_size,
                                  const char *attribute, int64_t attribute_size,
                                  struct ArrowArrayStream *pairs, const stoa_value *cells,
                                  int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                  stoa_result *out, stoa_error *err)
{
    const struct read_packed dimensions = {cells, cell_count, bytes, bytes_size};
    struct collection_call call;
    struct asof_join join = {.asof = {.call = &call, .err = err}};
    size_t group_bytes = 0, attribute_bytes = 0;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    if (!pairs)
        return stoa__fail_null(err, "pairs");
    rc = stoa__text_size("group", group, group_size, INT32_MAX, &group_bytes, err);
    if (rc == STOA_OK)
        rc = stoa__text_size("attribute", attribute, attribute_size, INT32_MAX, &attribute_bytes,
                             err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "read_time_series_row", err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_get(&call, collection, collection_size, &join.asof.collection, err);
    if (rc == STOA_OK)
        rc = collection_asof_find(&join.asof, group, group_bytes, attribute, attribute_bytes);
    if (rc == STOA_OK)
        rc = join_stream(&join, pairs, &dimensions, out);
    collection_asof_release(&join.asof);
    return collection_leave(&call, rc);
}
