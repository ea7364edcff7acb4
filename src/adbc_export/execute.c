/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running queries. What only reads is handed over as it is read. What writes is run to its end at
 * once, rows it returns are kept, because a caller need not read them. Several bound rows with
 * results run one after the other, as a whole or not at all, and what they answer is kept.
 */
#include "adbc_export/parts.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/rows.h"

#include <string.h>

#include "base/ban.h"

/* Batches kept, each with the schema it came with. */
struct kept {
    stoa__buffer batches; /* struct ArrowArray */
    stoa__buffer schemas; /* struct ArrowSchema */
    int64_t count;
};

static struct ArrowArray *kept_batches(struct kept *kept)
{
    return (struct ArrowArray *)(void *)kept->batches.data;
}

static struct ArrowSchema *kept_schemas(struct kept *kept)
{
    return (struct ArrowSchema *)(void *)kept->schemas.data;
}

static void kept_release(struct kept *kept)
{
    for (int64_t i = 0; i < kept->count; i++) {
        stoa__array_release(&kept_batches(kept)[i]);
        stoa__schema_release(&kept_schemas(kept)[i]);
    }
    stoa__buffer_release(&kept->batches);
    stoa__buffer_release(&kept->schemas);
}

/* Takes the batch, also when it fails. */
static stoa_status keep(struct kept *kept, const struct ArrowSchema *schema,
                        struct ArrowArray *batch, stoa_error *err)
{
    struct ArrowSchema copy = {0};
    stoa_status rc = stoa_schema_copy(schema, &copy, err);

    if (rc == STOA_OK && (stoa__buffer_reserve(&kept->batches, sizeof *batch) != STOA_OK ||
                          stoa__buffer_append(&kept->schemas, &copy, sizeof copy) != STOA_OK))
        rc = stoa__fail_nomem(err);
    if (rc != STOA_OK) {
        stoa__schema_release(&copy);
        stoa__array_release(batch);
        return rc;
    }
    stoa__buffer_append(&kept->batches, batch, sizeof *batch); /* There is room. */
    kept->count++;
    return STOA_OK;
}

/* ---- one result ---- */

static int64_t affected(stoa_result result)
{
    stoa_stats stats = {.struct_size = sizeof stats};

    return stoa_result_stats(result, &stats, NULL) == STOA_OK ? stats.rows_affected : -1;
}

/* Read to the end; batches go into `kept`, or nowhere. */
static stoa_status drain(stoa_result result, stoa_op op, const struct ArrowSchema *schema,
                         struct kept *kept, stoa_error *err)
{
    struct ArrowArray batch = {0};
    stoa_status rc;

    while ((rc = stoa_result_next(result, op, &batch, err)) == STOA_OK) {
        if (kept)
            rc = keep(kept, schema, &batch, err);
        else
            stoa__array_release(&batch);
        if (rc != STOA_OK)
            return rc;
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* What was kept as a stream. `schema` and the batches are taken on success. */
static stoa_status give_kept(struct kept *kept, struct ArrowSchema *schema, stoa_op op,
                             struct ArrowArrayStream *out, stoa_error *err)
{
    struct ArrowArrayStream inner = {0};
    stoa_status rc =
        stoa_stream_from_batches(schema, kept ? kept_batches(kept) : NULL,
                                 kept ? kept->count : 0, &inner, err);

    if (rc == STOA_OK)
        rc = stoa__driver_stream(&inner, op, out, err);
    stoa_stream_release(&inner);
    return rc;
}

stoa_status stoa__driver_export(stoa_result result, stoa_op op, struct ArrowArrayStream *out,
                                stoa_error *err)
{
    struct ArrowArrayStream inner = {0};
    stoa_status rc = stoa_result_export(result, op, &inner, err);

    if (rc == STOA_OK)
        rc = stoa__driver_stream(&inner, op, out, err);
    stoa_stream_release(&inner);
    return rc;
}

static stoa_status answer(struct driver_statement *statement, stoa_result result, stoa_op op,
                          struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    struct kept kept = {{0}, {0}, 0};
    stoa_status rc = STOA_OK;
    bool reads = out && affected(result) < 0;

    if (!reads || statement->answer != DRIVER_COLUMNS)
        rc = stoa_result_schema(result, &schema, err);
    reads = reads && (statement->answer == DRIVER_COLUMNS || schema.n_children > 0);
    if (rc == STOA_OK && reads) {
        rc = stoa__driver_export(result, op, out, err);
    } else if (rc == STOA_OK) {
        bool keeps = out && schema.n_children > 0;

        rc = drain(result, op, &schema, keeps ? &kept : NULL, err);
        *rows = affected(result);
        if (rc == STOA_OK && out)
            rc = give_kept(&kept, &schema, op, out, err);
    }
    kept_release(&kept);
    stoa__schema_release(&schema);
    stoa_result_close(result);
    return rc;
}

/* ---- one bound row after the other ---- */

static bool is_by_name(const struct driver_statement *statement)
{
    const char *value = stoa__driver_settings_text(statement->node.settings, DRIVER_BY_NAME);

    return value && strcmp(value, "true") == 0;
}

/* Each value of the row behind its column's name. */
static stoa_status add_names(const struct stoa__arrow_type *type,
                             struct stoa__row_writer *writer, stoa_error *err)
{
    const stoa_value *values = (const stoa_value *)(const void *)writer->values.data;
    stoa__buffer named = {0};
    bool failed = false;

    for (int32_t i = 0; i < type->child_count && !failed; i++) {
        const char *text = type->children[i].name;
        stoa_value name = {STOA_TYPE_NAME, 0, (int64_t)writer->bytes.size, (int64_t)strlen(text)};

        failed = stoa__buffer_append_text(&writer->bytes, text) != STOA_OK ||
                 stoa__buffer_append(&named, &name, sizeof name) != STOA_OK ||
                 stoa__buffer_append(&named, &values[i], sizeof values[i]) != STOA_OK;
    }
    stoa__buffer_release(failed ? &named : &writer->values);
    if (failed)
        return stoa__fail_nomem(err);
    writer->values = named;
    return STOA_OK;
}

static stoa_status execute_row(struct driver_statement *statement, stoa_op op,
                               const struct stoa__arrow_type *type,
                               const struct ArrowArray *batch, int64_t row, stoa_result *out,
                               stoa_error *err)
{
    struct stoa__row_writer writer = {0};
    stoa_status rc = stoa__rows_from_batch(type, batch, row, 1, &writer, err);

    if (rc == STOA_OK && is_by_name(statement))
        rc = add_names(type, &writer, err);
    if (rc == STOA_OK)
        rc = stoa_execute(statement->stmt, op, (const stoa_value *)(void *)writer.values.data,
                          (int64_t)(writer.values.size / sizeof(stoa_value)),
                          writer.bytes.data, (int64_t)writer.bytes.size, out, err);
    stoa__buffer_release(&writer.values);
    stoa__buffer_release(&writer.bytes);
    return rc;
}

static stoa_status keep_row(struct driver_statement *statement, stoa_op op,
                            const struct stoa__arrow_type *type, const struct ArrowArray *batch,
                            int64_t row, struct kept *kept, int64_t *rows, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_result result = {0};
    stoa_status rc = execute_row(statement, op, type, batch, row, &result, err);

    if (rc == STOA_OK)
        rc = stoa_result_schema(result, &schema, err);
    if (rc == STOA_OK)
        rc = drain(result, op, &schema, kept, err);
    if (rc == STOA_OK && *rows >= 0) {
        int64_t more = affected(result);

        *rows = more < 0 ? -1 : *rows + more;
    }
    stoa_result_close(result);
    stoa__schema_release(&schema);
    return rc;
}

/* Bound rows: one batch, or a stream. */
struct rows_in {
    const struct stoa__arrow_type *type;
    struct ArrowArray batch;
    struct stoa__stream_in *stream; /* NULL: there is the batch alone. */
};

/* The next batch that has rows. */
static stoa_status next_filled(struct rows_in *rows, struct ArrowArray *out, stoa_error *err)
{
    struct stoa__stream_in *in = rows->stream;
    stoa_status rc;

    if (!in) {
        *out = rows->batch;
        rows->batch = (struct ArrowArray){0};
        if (out->release && out->length > 0)
            return STOA_OK;
        stoa__array_release(out);
        return STOA_DONE;
    }
    while ((rc = stoa__stream_in_next(in, out, err)) == STOA_OK && out->length == 0)
        stoa__array_release(out);
    return rc;
}

/* Those of `batch` and of `next`, which were read ahead, and of the rest; both are taken. */
static stoa_status keep_rows(struct driver_statement *statement, stoa_op op,
                             struct rows_in *in, struct ArrowArray *batch,
                             struct ArrowArray *next, struct kept *kept, int64_t *rows,
                             stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *rows = 0;
    while (rc == STOA_OK) {
        for (int64_t i = 0; rc == STOA_OK && i < batch->length; i++)
            rc = keep_row(statement, op, in->type, batch, i, kept, rows, err);
        stoa__array_release(batch);
        *batch = *next;
        *next = (struct ArrowArray){0};
        if (rc == STOA_OK && !batch->release)
            rc = next_filled(in, batch, err);
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* A column of NULLs alone has no say in its type. */
static bool has_values(struct kept *kept, int64_t batch, int32_t column)
{
    const struct ArrowArray *array = kept_batches(kept)[batch].children[column];

    return array->null_count < array->length;
}

/* The schema of all: a column has the type it has in the first batch with values there. */
static stoa_status common_schema(struct driver_statement *statement, struct kept *kept,
                                 struct ArrowSchema *out, stoa_error *err)
{
    struct stoa__arrow_type *common = NULL, *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (kept->count == 0)
        return stoa_stmt_schema(statement->stmt, out, err);
    rc = stoa__arrow_type_parse(&kept_schemas(kept)[kept->count - 1], &arena, &common, err);
    for (int64_t i = kept->count - 1; rc == STOA_OK && i >= 0; i--) {
        rc = stoa__arrow_type_parse(&kept_schemas(kept)[i], &arena, &type, err);
        for (int32_t k = 0; rc == STOA_OK && k < common->child_count; k++)
            if (k < type->child_count && has_values(kept, i, k))
                common->children[k] = type->children[k];
    }
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(common, out, err);
    stoa__arena_release(&arena);
    return rc;
}

static stoa_status cast_kept(struct kept *kept, const struct ArrowSchema *schema,
                             stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < kept->count && rc == STOA_OK; i++) {
        struct ArrowArray *batch = &kept_batches(kept)[i], cast = {0};

        rc = stoa_batch_cast(&kept_schemas(kept)[i], batch, schema, &cast, err);
        if (rc != STOA_OK)
            return rc;
        stoa__array_release(batch);
        *batch = cast;
    }
    return rc;
}

static stoa_status run_rows(struct driver_statement *statement, stoa_op op,
                            struct rows_in *in, struct ArrowArray *batch,
                            struct ArrowArray *next, struct ArrowArrayStream *out,
                            int64_t *rows, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    struct kept kept = {{0}, {0}, 0};
    stoa_status rc = keep_rows(statement, op, in, batch, next, &kept, rows, err);

    if (rc == STOA_OK && out)
        rc = common_schema(statement, &kept, &schema, err);
    if (rc == STOA_OK && out)
        rc = cast_kept(&kept, &schema, err);
    if (rc == STOA_OK && out)
        rc = give_kept(&kept, &schema, op, out, err);
    kept_release(&kept);
    stoa__schema_release(&schema);
    return rc;
}

/* All of them or none: in a transaction of their own, or behind a point in the one that is
 * open. */
static stoa_status run_unit(struct driver_statement *statement, stoa_op op,
                            struct rows_in *in, struct ArrowArray *batch,
                            struct ArrowArray *next, struct ArrowArrayStream *out,
                            int64_t *rows, stoa_error *err)
{
    static const char point[] = "stoa_bound_rows";
    struct driver_connection *connection = driver_connection_of(statement);
    int32_t state = STOA_TRANSACTION_NONE, can = 0;
    stoa_status rc = stoa_conn_transaction(connection->conn, &state, err);

    if (rc == STOA_OK)
        rc = stoa_db_supports(connection->db, STOA_CAN_SAVEPOINTS, &can, err);
    if (rc == STOA_OK && can && state == STOA_TRANSACTION_NONE)
        rc = stoa_begin(connection->conn, op, STOA_BEGIN_LAZY, err);
    else if (rc == STOA_OK && can)
        rc = stoa_savepoint(connection->conn, op, point, STOA_NUL, err);
    if (rc != STOA_OK)
        return rc;
    rc = run_rows(statement, op, in, batch, next, out, rows, err);
    if (!can)
        return rc;
    if (rc == STOA_OK && state == STOA_TRANSACTION_NONE)
        rc = stoa_commit(connection->conn, op, err);
    else if (rc == STOA_OK)
        rc = stoa_savepoint_release(connection->conn, op, point, STOA_NUL, err);
    if (rc == STOA_OK)
        return STOA_OK;
    if (out)
        stoa_stream_release(out);
    if (state == STOA_TRANSACTION_NONE)
        stoa_rollback(connection->conn, (stoa_op){0}, NULL);
    else
        stoa_savepoint_rollback(connection->conn, (stoa_op){0}, point, STOA_NUL, NULL);
    return rc;
}

static stoa_status run_bound_rows(struct driver_statement *statement, stoa_op op,
                                  struct rows_in *in, struct ArrowArrayStream *out,
                                  int64_t *rows, stoa_error *err)
{
    struct ArrowArray batch = {0}, next = {0};
    stoa_result result = {0};
    stoa_status rc = next_filled(in, &batch, err);

    if (rc == STOA_OK && batch.length == 1)
        rc = next_filled(in, &next, err);
    if (rc >= 0 && (batch.length != 1 || rc == STOA_OK))
        rc = run_unit(statement, op, in, &batch, &next, out, rows, err);
    else if (rc == STOA_DONE) {
        rc = execute_row(statement, op, in->type, &batch, 0, &result, err);
        if (rc == STOA_OK)
            rc = answer(statement, result, op, out, rows, err);
    }
    stoa__array_release(&batch);
    stoa__array_release(&next);
    return rc;
}

/* ---- what is bound ---- */

static stoa_status run_source(struct driver_statement *statement, stoa_op op,
                              struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    struct ArrowArrayStream source = {0};
    struct ArrowSchema schema = {0};
    stoa_done done = {0};
    stoa_status rc = STOA_OK;

    if (is_by_name(statement)) {
        source = statement->bound;
        statement->bound = (struct ArrowArrayStream){0};
    } else {
        rc = stoa__driver_nameless(&statement->bound, &source, err);
    }
    if (rc == STOA_OK)
        rc = stoa_execute_stream(statement->stmt, op, &source, &done, err);
    stoa_stream_release(&source);
    if (rc == STOA_OK) {
        *rows = done.rows_affected;
        if (out)
            rc = stoa_stmt_schema(statement->stmt, &schema, err);
        if (out && rc == STOA_OK)
            rc = give_kept(NULL, &schema, op, out, err);
    }
    stoa__schema_release(&schema);
    return rc;
}

/* Without this a column whose name is no parameter's would be bound by its position. */
static stoa_status check_names(struct driver_statement *statement, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    int32_t position;
    stoa_status rc = stoa_stream_schema(&statement->bound, &schema, err);

    for (int64_t i = 0; rc == STOA_OK && i < schema.n_children; i++) {
        const char *name = schema.children[i]->name;

        rc = stoa_stmt_parameter(statement->stmt, name ? name : "", STOA_NUL, &position, err);
    }
    stoa__schema_release(&schema);
    return rc;
}

static stoa_status has_columns(struct driver_statement *statement, bool *yes, stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_status rc = STOA_OK;

    if (statement->answer == DRIVER_UNKNOWN) {
        rc = stoa_stmt_schema(statement->stmt, &schema, err);
        if (rc == STOA_OK)
            statement->answer = schema.n_children > 0 ? DRIVER_COLUMNS : DRIVER_NOTHING;
        stoa__schema_release(&schema);
    }
    *yes = statement->answer == DRIVER_COLUMNS;
    return rc;
}

static stoa_status run_bound_stream(struct driver_statement *statement, stoa_op op,
                                    struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    struct stoa__stream_in stream = {0};
    struct rows_in in = {.stream = &stream};
    stoa_status rc = stoa__stream_in_init(&stream, &statement->bound, STOA_CHECK_FULL, err);

    in.type = stream.type;
    if (rc == STOA_OK)
        rc = run_bound_rows(statement, op, &in, out, rows, err);
    stoa__stream_in_release(&stream);
    return rc;
}

static stoa_status run_bound_batch(struct driver_statement *statement, stoa_op op,
                                   struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    struct rows_in in = {.type = statement->type->type, .batch = statement->batch};
    stoa_status rc;

    statement->batch = (struct ArrowArray){0};
    rc = run_bound_rows(statement, op, &in, out, rows, err);
    stoa__array_release(&in.batch);
    return rc;
}

static stoa_status run_bound(struct driver_statement *statement, stoa_op op,
                             struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    bool columns = false;
    stoa_status rc = has_columns(statement, &columns, err);

    if (rc == STOA_OK && (is_by_name(statement) || !columns))
        rc = stoa__driver_bound_stream(statement, err);
    if (rc == STOA_OK && is_by_name(statement))
        rc = check_names(statement, err);
    if (rc != STOA_OK)
        return rc;
    if (!columns)
        return run_source(statement, op, out, rows, err);
    if (statement->batch.release)
        return run_bound_batch(statement, op, out, rows, err);
    return run_bound_stream(statement, op, out, rows, err);
}

/* ---- */

stoa_status stoa__driver_prepare(struct driver_statement *statement, stoa_op op,
                                 stoa_error *err)
{
    if (statement->stmt.id != 0)
        return STOA_OK;
    return stoa_prepare(driver_connection_of(statement)->conn, op, statement->sql, STOA_NUL,
                        &statement->stmt, err);
}

stoa_status stoa__driver_begin(struct driver_connection *connection, stoa_op op,
                               stoa_error *err)
{
    int32_t state = STOA_TRANSACTION_NONE;
    stoa_status rc = STOA_OK;

    if (connection->manual)
        rc = stoa_conn_transaction(connection->conn, &state, err);
    if (rc == STOA_OK && connection->manual && state == STOA_TRANSACTION_NONE)
        rc = stoa_begin(connection->conn, op, STOA_BEGIN_LAZY, err);
    return rc;
}

stoa_status stoa__driver_execute(struct driver_statement *statement, stoa_op op,
                                 struct ArrowArrayStream *out, int64_t *rows, stoa_error *err)
{
    stoa_result result = {0};
    stoa_status rc = stoa__driver_prepare(statement, op, err);

    if (rc == STOA_OK)
        rc = stoa__driver_begin(driver_connection_of(statement), op, err);
    if (rc != STOA_OK)
        return rc;
    if (driver_is_bound(statement))
        return run_bound(statement, op, out, rows, err);
    rc = stoa_execute(statement->stmt, op, NULL, 0, NULL, 0, &result, err);
    return rc == STOA_OK ? answer(statement, result, op, out, rows, err) : rc;
}
