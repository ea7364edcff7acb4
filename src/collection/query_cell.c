/* SPDX-License-Identifier: Apache-2.0 */
/* One statement, one value. */
#include "collection/read.h"

#include "base/error.h"
#include "collection/dates.h"
#include "core/conn.h"
#include "core/enter.h"
#include "core/prepare.h"

#include <string.h>

#include "base/ban.h"

struct query {
    struct collection_call call;
    struct stoa__script script;
    const char *operation;
    int32_t type;
    struct read_packed params;
    stoa__buffer trimmed; /* stoa_value */
    stoa_error *err;
};

static const char *operation_of(int32_t type)
{
    switch (type) {
    case STOA_TYPE_INT64:
        return "query_integer";
    case STOA_TYPE_FLOAT64:
        return "query_float";
    case STOA_TYPE_TEXT:
        return "query_string";
    case STOA_TYPE_TIMESTAMP:
        return "query_date_time";
    default:
        return NULL;
    }
}

/* Texts of parameters without the blanks around them, if that is the policy. */
static stoa_status trim(struct query *query, struct stoa__params *params)
{
    stoa_value *values;

    if (!query->call.state->policy.trim || params->count == 0)
        return STOA_OK;
    if (stoa__buffer_append(&query->trimmed, params->values,
                            (size_t)params->count * sizeof *values) != STOA_OK)
        return stoa__fail_nomem(query->err);
    values = (stoa_value *)(void *)query->trimmed.data;
    for (int64_t i = 0; i < params->count; i++) {
        size_t size;
        const char *text;

        if (values[i].type != STOA_TYPE_TEXT || values[i].b == 0)
            continue;
        text = collection_read_text(&query->call, &values[i], params->bytes, &size);
        values[i].a = (const uint8_t *)text - params->bytes;
        values[i].b = (int64_t)size;
    }
    params->values = values;
    return STOA_OK;
}

static stoa_status prepare(struct query *query, void **statement)
{
    stoa_status rc =
        stoa__script_only(&query->call.entry, &query->script, statement, query->err);

    if (rc != STOA_OK)
        stoa__wrap(query->err, "Failed to prepare statement");
    return rc;
}

static stoa_status check_count(const struct query *query, void *statement,
                               const struct stoa__params *params)
{
    const struct stoa__parameter *list = NULL;
    int64_t count = 0;
    stoa_status rc = query->call.entry.engine->statement_parameters(statement, &list, &count,
                                                                    query->err);

    if (rc != STOA_OK || count == params->count)
        return rc;
    return stoa__fail(query->err, STOA_ERR_INVALID,
                      "Failed to execute statement: expected %lld bound parameter(s) but got %lld",
                      (long long)count, (long long)params->count);
}

static stoa_status run(struct query *query, void *statement, const struct stoa__params *params,
                       struct stoa__row_writer *row)
{
    static const struct stoa__read_config as_stored = {.batch_rows = 1,
                                                       .types = STOA__TYPES_INFER};
    const struct stoa__engine *engine = query->call.entry.engine;
    struct stoa__cursor_info info;
    stoa_status rc = check_count(query, statement, params);

    if (rc != STOA_OK)
        return rc;
    rc = engine->execute_row(statement, &query->call.entry.call, params, &as_stored, row, &info,
                             query->err);
    if (rc < 0)
        stoa__wrap(query->err, "Failed to execute statement");
    else
        stoa__note_statement(query->call.entry.session, &query->script);
    return rc;
}

/* The first value as the type asked for, in its place; all others go. */
static stoa_status choose(const struct query *query, struct stoa__row_writer *row)
{
    stoa_value *value = (stoa_value *)(void *)row->values.data;
    struct collection_instant at;
    int64_t ns;
    const char *text;
    size_t size;

    if (value->type == STOA_TYPE_BYTES)
        return stoa__fail(query->err, STOA_ERR_TYPE,
                          "Failed to execute statement: BLOB type not supported");
    if (query->type == STOA_TYPE_TIMESTAMP && value->type == STOA_TYPE_TEXT) {
        text = collection_row_text(row, 0, &size);
        if (!collection_date_read(text, size, &at) || !collection_date_to_ns(at, &ns))
            return collection_fail(&query->call, query->err, STOA_ERR_TYPE,
                                   "'%.*s' is not a date, or outside of the years 1678 to 2261",
                                   (int)(size < 60 ? size : 60), text);
        *value = (stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = ns};
    } else if (query->type == STOA_TYPE_FLOAT64 && value->type == STOA_TYPE_INT64) {
        const double number = (double)value->a;

        value->type = STOA_TYPE_FLOAT64;
        memcpy(&value->a, &number, sizeof number);
    } else if (value->type != query->type) {
        *value = (stoa_value){.type = STOA_TYPE_NULL};
    }
    row->values.size = sizeof *value;
    row->column_count = 1;
    row->row_count = 1;
    return STOA_OK;
}

static stoa_status none(struct stoa__row_writer *row, stoa_error *err)
{
    static const stoa_value null = {.type = STOA_TYPE_NULL};

    stoa__row_writer_empty(row);
    if (stoa__buffer_append(&row->values, &null, sizeof null) != STOA_OK)
        return stoa__fail_nomem(err);
    row->row_count = row->column_count = 1;
    return STOA_OK;
}

static stoa_status query_cell(struct query *query, struct stoa__row_writer *row)
{
    struct stoa__params params;
    void *statement = NULL;
    stoa_status rc = stoa__params_check(query->params.values, query->params.count,
                                        query->params.bytes, query->params.bytes_size,
                                        &query->call.entry.leaf->conn->room, &params, query->err);

    stoa__row_writer_empty(row);
    if (rc == STOA_OK)
        rc = trim(query, &params);
    if (rc == STOA_OK)
        rc = prepare(query, &statement);
    if (rc == STOA_OK)
        rc = run(query, statement, &params, row);
    if (statement)
        query->call.entry.engine->statement_close(statement);
    if (rc == STOA_OK && row->row_count > 0 && row->column_count > 0)
        return choose(query, row);
    return rc < 0 ? rc : none(row, query->err);
}

stoa_status stoa_query_cell(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                            const stoa_value *params, int64_t param_count, const uint8_t *bytes,
                            int64_t bytes_size, int32_t type, stoa_rows *out, stoa_error *err)
{
    static const struct stoa__cursor_info info = {-1, -1, -1, -1};
    struct query query = {.operation = operation_of(type),
                          .type = type,
                          .params = {params, param_count, bytes, bytes_size},
                          .err = err};
    struct stoa__row_writer *row;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    if (!query.operation)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "type is %d: it can be int64, float64, text or timestamp", (int)type);
    rc = stoa__script_init(&query.script, sql, sql_size, err);
    if (rc == STOA_OK)
        rc = collection_enter_bare(&query.call, conn, op, query.operation, err);
    if (rc != STOA_OK)
        return rc;
    row = &query.call.entry.leaf->conn->row;
    rc = query_cell(&query, row);
    if (rc == STOA_OK)
        stoa__row_writer_rows(row, &info, out);
    else
        stoa__row_writer_empty(row);
    stoa__buffer_release(&query.trimmed);
    return collection_leave(&query.call, rc);
}
