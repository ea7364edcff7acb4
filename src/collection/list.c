/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_list() and stoa_collection_check(): the schema, and what is wrong with it. */
#include "base/error.h"
#include "collection/load.h"
#include "collection/output.h"
#include "collection/rules.h"
#include "collection/sql.h"

#include "base/ban.h"

/* ---- the schema ---- */

static const struct collection_field list_fields[] = {
    {"collection", "u", false},
    {"kind", "u", false},
    {"group", "u", true},
    {"name", "u", false},
    {"position", "l", false},
    {"type", "u", false},
    {"not_null", "b", false},
    {"primary_key", "b", false},
    {"dimension", "b", false},
    {"default_value", "u", true},
    {"references_collection", "u", true},
    {"references_column", "u", true},
    {"generated", "b", false},
};

static const char *kind_name(int32_t role)
{
    static const char *const names[] = {"scalar", "vector", "set", "time_series", "files"};

    return names[role];
}

static void list_column(struct collection_rows *rows, const struct collection_table *table,
                        const struct collection_column *column)
{
    collection_rows_string(rows, table->parent_name);
    collection_rows_string(rows, kind_name(table->role));
    collection_rows_string(rows, table->group);
    collection_rows_string(rows, column->name);
    collection_rows_int64(rows, column->position);
    collection_rows_string(rows, collection_type_name(column->type));
    collection_rows_int64(rows, column->not_null);
    collection_rows_int64(rows, column->key > 0);
    collection_rows_int64(rows, column->dimension);
    collection_rows_string(rows, column->default_value);
    collection_rows_string(rows, column->target);
    collection_rows_string(rows, column->target_column);
    collection_rows_int64(rows, column->generated);
}

/* The date of a time series first: it is the dimension its other columns go along. */
static void list_table(struct collection_rows *rows, const struct collection_table *table)
{
    if (table->date >= 0)
        list_column(rows, table, &table->columns[table->date]);
    for (int32_t i = 0; i < table->column_count; i++)
        if (i != table->date &&
            (!table->group || (i != table->id && i != table->vector_index)))
            list_column(rows, table, &table->columns[i]);
}

static void list_collection(struct collection_rows *rows, const struct collection_table *table)
{
    list_table(rows, table);
    for (int32_t kind = ROLE_VECTOR; kind < ROLE_FILES; kind++)
        for (int32_t i = 0; i < table->group_count[kind]; i++)
            list_table(rows, table->groups[kind][i]);
    if (table->files)
        list_table(rows, table->files);
}

static stoa_status list(struct collection_call *call, const struct collection_table *only,
                        stoa_result *out, stoa_error *err)
{
    const struct collection_model *model = call->model;
    struct collection_rows rows = {0};
    stoa_status rc = collection_rows_init(
        &rows, list_fields, sizeof list_fields / sizeof *list_fields, err);

    if (rc != STOA_OK)
        return rc;
    for (int32_t i = 0; i < model->table_count; i++)
        if (only ? only == &model->tables[i] : collection_is_listed(&model->tables[i]))
            list_collection(&rows, &model->tables[i]);
    rc = collection_rows_publish(&rows, call, out, err);
    collection_rows_release(&rows);
    return rc;
}

stoa_status stoa_collection_list(stoa_conn conn, stoa_op op, const char *collection,
                                 int64_t collection_size, stoa_result *out, stoa_error *err)
{
    const struct collection_table *only = NULL;
    struct collection_call call;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = collection_enter(&call, conn, op, "list_scalar_attributes", err);
    if (rc != STOA_OK)
        return rc;
    if (collection_size != 0)
        rc = collection_get(&call, collection, collection_size, &only, err);
    if (rc == STOA_OK)
        rc = list(&call, only, out, err);
    return collection_leave(&call, rc);
}

/* ---- what is wrong with it ---- */

static const struct collection_field check_fields[] = {
    {"rule", "u", false},   {"fatal", "b", false}, {"table", "u", true},
    {"column", "u", true}, {"text", "u", false},
};

static void check_row(struct collection_rows *rows, const struct collection_finding *finding,
                      bool fatal)
{
    collection_rows_string(rows, finding->rule);
    collection_rows_int64(rows, fatal);
    collection_rows_string(rows, finding->table);
    collection_rows_string(rows, finding->column);
    collection_rows_string(rows, finding->text);
}

/* Dates of a column that are not as we would write them: a day that is none comes back as another
 * one; a fraction has digits, at most nine, and does not end in a zero. */
static const char dates_sql[] =
    "SELECT count(*) FROM %T WHERE %Q IS NOT NULL AND (typeof(%Q) = 'text' "
    "AND substr(%Q, 1, 19) IS strftime('%%Y-%%m-%%dT%%H:%%M:%%S', substr(%Q, 1, 19)) "
    "AND substr(%Q, 1, 4) > '0000' AND (length(%Q) = 19 OR (length(%Q) BETWEEN 21 AND 29 "
    "AND substr(%Q, 20, 1) = '.' AND substr(%Q, 21) NOT GLOB '*[^0-9]*' "
    "AND %Q NOT GLOB '*0'))) IS NOT TRUE";

static stoa_status count_dates(struct collection_call *call, const char *table, const char *column,
                               int64_t *count, stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, dates_sql, table, column, column, column, column, column, column,
                    column, column, column, column);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_once(&sql, call, (const char *)text.data, err);
    *count = rc == STOA_OK ? collection_row_int64(&sql.row, 0) : 0;
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc;
}

static stoa_status note_dates(struct collection_rows *rows, const char *table, const char *column,
                              int64_t count, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc = stoa__buffer_format(
        &text, "%lld of the dates in column '%s' of table '%s' are not written as "
        "YYYY-MM-DDTHH:MM:SS", (long long)count, column, table);

    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&text);
    if (rc == STOA_OK)
        check_row(rows,
                  &(struct collection_finding){.rule = "dates",
                                               .table = table,
                                               .column = column,
                                               .text = (const char *)text.data},
                  false);
    stoa__buffer_release(&text);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status check_dates(struct collection_call *call, const struct collection_table *table,
                               struct collection_rows *rows, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < table->column_count; i++) {
        int64_t count = 0;

        if (table->columns[i].type == TYPE_DATE_TIME)
            rc = count_dates(call, table->name, table->columns[i].name, &count, err);
        if (rc == STOA_OK && count > 0)
            rc = note_dates(rows, table->name, table->columns[i].name, count, err);
    }
    return rc;
}

static stoa_status check(struct collection_call *call, struct collection_rows *rows,
                         stoa_error *err)
{
    struct collection_model *model = NULL;
    stoa_status rc = collection_load_raw(call, &model, err);

    if (rc != STOA_OK)
        return rc;
    for (const struct collection_finding *finding = model->findings; finding;
         finding = finding->next)
        check_row(rows, finding, collection_rule_is_fatal(finding));
    for (int32_t i = 0; rc == STOA_OK && i < model->table_count; i++)
        rc = check_dates(call, &model->tables[i], rows, err);
    collection_model_free(model);
    return rc;
}

stoa_status stoa_collection_check(stoa_conn conn, stoa_op op, stoa_result *out, stoa_error *err)
{
    struct collection_rows rows = {0};
    struct collection_call call;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = collection_enter_bare(&call, conn, op, "check", err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_rows_init(&rows, check_fields, sizeof check_fields / sizeof *check_fields,
                              err);
    if (rc == STOA_OK)
        rc = collection_read_begin(&call, err);
    if (rc == STOA_OK)
        rc = collection_read_end(&call, check(&call, &rows, err), err);
    if (rc == STOA_OK)
        rc = collection_rows_publish(&rows, &call, out, err);
    collection_rows_release(&rows);
    return collection_leave(&call, rc);
}
