/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_describe() and stoa_collection_summarize(): texts for people. */
#include "base/error.h"
#include "base/settings.h"
#include "collection/sql.h"
#include "core/db.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* More distinct values than these are no list for a person. */
enum { DISTINCT_MAX = 64 };

struct report {
    struct collection_call *call;
    stoa__buffer text;
    bool nomem;
    stoa_error *err;
};

static void add(struct report *report, const char *text)
{
    report->nomem =
        report->nomem || stoa__buffer_append_text(&report->text, text) != STOA_OK;
}

static void add_number(struct report *report, int64_t number)
{
    report->nomem = report->nomem ||
                    stoa__buffer_format(&report->text, "%lld", (long long)number) != STOA_OK;
}

/* ---- numbers from the database ---- */

/* The first column of the first row. */
static stoa_status ask(struct report *report, stoa__buffer *text, int64_t *out)
{
    struct collection_sql sql = {0};
    stoa_status rc = collection_text_end(text, report->err);

    if (rc == STOA_OK)
        rc = collection_sql_once(&sql, report->call, (const char *)text->data, report->err);
    *out = rc == STOA_OK ? collection_row_int64(&sql.row, 0) : 0;
    collection_sql_close(&sql);
    stoa__buffer_release(text);
    return rc;
}

static stoa_status count_rows(struct report *report, const char *table, int64_t *out)
{
    stoa__buffer text = {0};

    collection_text(&text, "SELECT count(*) FROM %T", table);
    return ask(report, &text, out);
}

/* ---- describe ---- */

static stoa_status add_head(struct report *report, const struct collection_table *table,
                            int64_t *count)
{
    const stoa_status rc = count_rows(report, table->name, count);

    add(report, "Collection: ");
    add(report, table->name);
    add(report, " (");
    add_number(report, *count);
    add(report, *count == 1 ? " element)\n  Scalars:\n" : " elements)\n  Scalars:\n");
    return rc;
}

static void describe_scalar(struct report *report, const struct collection_column *column)
{
    add(report, "    - ");
    add(report, column->name);
    add(report, " (");
    add(report, collection_type_word(column->type));
    add(report, ")");
    if (column->key > 0)
        add(report, " PRIMARY KEY");
    else if (column->not_null)
        add(report, " NOT NULL");
    add(report, "\n");
}

static void describe_group(struct report *report, const struct collection_table *table)
{
    const char *separator = ": ";

    add(report, "    - ");
    add(report, table->group);
    for (int32_t i = 0; i < table->column_count; i++) {
        const struct collection_column *column = &table->columns[i];
        const bool date =
            table->role == ROLE_TIME_SERIES && strncmp(column->name, "date_", 5) == 0;

        if (i == table->id || i == table->vector_index)
            continue;
        add(report, separator);
        add(report, date ? "[" : "");
        add(report, column->name);
        add(report, date ? "]" : "(");
        add(report, date ? "" : collection_type_word(column->type));
        add(report, date ? "" : ")");
        separator = ", ";
    }
    add(report, "\n");
}

static const char *heading(int32_t kind)
{
    static const char *const headings[] = {"", "  Vectors:\n", "  Sets:\n", "  Time Series:\n"};

    assert(kind >= ROLE_VECTOR && kind <= ROLE_TIME_SERIES);
    return headings[kind];
}

static stoa_status describe_one(struct report *report, const struct collection_table *table)
{
    int64_t count;
    const stoa_status rc = add_head(report, table, &count);

    for (int32_t i = 0; i < table->column_count; i++)
        describe_scalar(report, &table->columns[i]);
    for (int32_t kind = ROLE_VECTOR; kind < ROLE_FILES; kind++) {
        add(report, table->group_count[kind] > 0 ? heading(kind) : "");
        for (int32_t i = 0; i < table->group_count[kind]; i++)
            describe_group(report, table->groups[kind][i]);
    }
    return rc;
}

/* As it was given, without engine and settings. */
static stoa_status add_path(struct report *report)
{
    const char *text = report->call->entry.session->db->target;
    struct stoa__target target;
    stoa__settings settings = {0};
    const stoa_status rc =
        stoa__target_parse(text, strlen(text), &settings, &target, report->err);

    if (rc == STOA_OK)
        add(report, target.rest);
    stoa__settings_release(&settings);
    return rc;
}

static stoa_status describe_database(struct report *report)
{
    stoa__buffer text = {0};
    int64_t version = 0;
    stoa_status rc;

    collection_text(&text, "PRAGMA user_version");
    rc = ask(report, &text, &version);
    add(report, "Database: ");
    if (rc == STOA_OK)
        rc = add_path(report);
    add(report, "\nVersion: ");
    add_number(report, version);
    add(report, "\n");
    return rc;
}

/* ---- summarize ---- */

/* " {0: 1, 120: 1}"; nothing when the values are none, or too many. */
static stoa_status add_values(struct report *report, const char *table, const char *column)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text,
                    "SELECT %Q, count(*) FROM %T WHERE %Q IS NOT NULL GROUP BY 1 ORDER BY 1 "
                    "LIMIT %d",
                    column, table, column, DISTINCT_MAX + 1);
    rc = collection_text_end(&text, report->err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, report->call, (const char *)text.data, text.size,
                                 report->err);
    if (rc == STOA_OK)
        rc = collection_sql_run(&sql, NULL, 0, NULL, 0, report->err);
    if (rc == STOA_OK)
        rc = collection_sql_rows(&sql, DISTINCT_MAX + 1, report->err);
    if (rc == STOA_OK && sql.row.row_count <= DISTINCT_MAX) {
        for (int64_t row = 0; row < sql.row.row_count; row++) {
            add(report, row == 0 ? "; values {" : ", ");
            add_number(report, collection_row_int64(&sql.row, 2 * row));
            add(report, ": ");
            add_number(report, collection_row_int64(&sql.row, 2 * row + 1));
        }
        add(report, "}");
    }
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status summarize_scalar(struct report *report, const struct collection_table *table,
                                    const struct collection_column *column, int64_t elements)
{
    stoa__buffer text = {0};
    int64_t count;
    stoa_status rc;

    collection_text(&text, "SELECT count(%Q) FROM %T", column->name, table->name);
    rc = ask(report, &text, &count);
    add(report, "    - ");
    add(report, column->name);
    add(report, ": ");
    add_number(report, count);
    add(report, " non-null, ");
    add_number(report, elements - count);
    add(report, " null");
    if (rc == STOA_OK && column->type == TYPE_INTEGER && column->key == 0)
        rc = add_values(report, table->name, column->name);
    add(report, "\n");
    return rc;
}

static stoa_status summarize_group(struct report *report, const struct collection_table *table,
                                   int64_t elements)
{
    stoa__buffer text = {0};
    int64_t count = 0;
    stoa_status rc = STOA_OK;

    if (table->id >= 0) {
        collection_text(&text, "SELECT count(DISTINCT \"id\") FROM %T", table->name);
        rc = ask(report, &text, &count);
    }
    add(report, "    - ");
    add(report, table->group);
    add(report, ": ");
    add_number(report, count);
    add(report, "/");
    add_number(report, elements);
    add(report, " non-empty\n");
    return rc;
}

static stoa_status summarize_one(struct report *report, const struct collection_table *table)
{
    int64_t elements;
    stoa_status rc = add_head(report, table, &elements);

    for (int32_t i = 0; rc == STOA_OK && i < table->column_count; i++)
        rc = summarize_scalar(report, table, &table->columns[i], elements);
    for (int32_t kind = ROLE_VECTOR; kind < ROLE_FILES; kind++) {
        add(report, table->group_count[kind] > 0 ? heading(kind) : "");
        for (int32_t i = 0; rc == STOA_OK && i < table->group_count[kind]; i++)
            rc = summarize_group(report, table->groups[kind][i], elements);
    }
    return rc;
}

/* ---- both ---- */

typedef stoa_status (*section)(struct report *report, const struct collection_table *table);

static stoa_status all_sections(struct report *report, section one)
{
    const struct collection_model *model = report->call->model;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < model->table_count; i++)
        if (collection_is_listed(&model->tables[i])) {
            add(report, report->text.size > 0 ? "\n" : "");
            rc = one(report, &model->tables[i]);
        }
    return rc;
}

/* The text as the one value of the connection's row. */
static stoa_status answer(struct report *report, stoa_rows *out)
{
    static const struct stoa__cursor_info none = {-1, -1, -1, -1};
    struct stoa__row_writer *row = &report->call->entry.leaf->conn->row;
    const stoa_value value = {.type = STOA_TYPE_TEXT, .b = (int64_t)report->text.size};

    stoa__row_writer_empty(row);
    if (report->nomem ||
        stoa__buffer_append(&row->bytes, report->text.data, report->text.size) != STOA_OK ||
        stoa__buffer_append(&row->values, &value, sizeof value) != STOA_OK)
        return stoa__fail_nomem(report->err);
    row->row_count = row->column_count = 1;
    stoa__row_writer_rows(row, &none, out);
    return STOA_OK;
}

static stoa_status write_report(struct report *report, const char *collection,
                                int64_t collection_size, section one)
{
    const struct collection_table *table = NULL;
    stoa_status rc;

    if (collection_size != 0) {
        rc = collection_get(report->call, collection, collection_size, &table, report->err);
        return rc == STOA_OK ? one(report, table) : rc;
    }
    rc = one == describe_one ? describe_database(report) : STOA_OK;
    return rc == STOA_OK ? all_sections(report, one) : rc;
}

static stoa_status run(stoa_conn conn, stoa_op op, const char *operation, const char *collection,
                       int64_t collection_size, section one, stoa_rows *out, stoa_error *err)
{
    struct collection_call call;
    struct report report = {.call = &call, .err = err};
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    rc = collection_enter(&call, conn, op, operation, err);
    if (rc != STOA_OK)
        return rc;
    rc = collection_read_begin(&call, err);
    if (rc == STOA_OK)
        rc = collection_read_end(
            &call, write_report(&report, collection, collection_size, one), err);
    if (rc == STOA_OK)
        rc = answer(&report, out);
    stoa__buffer_release(&report.text);
    return collection_leave(&call, rc);
}

stoa_status stoa_collection_describe(stoa_conn conn, stoa_op op, const char *collection,
                                     int64_t collection_size, stoa_rows *out, stoa_error *err)
{
    return run(conn, op, collection_size == 0 ? "describe" : "describe_collection", collection,
               collection_size, describe_one, out, err);
}

stoa_status stoa_collection_summarize(stoa_conn conn, stoa_op op, const char *collection,
                                      int64_t collection_size, stoa_rows *out, stoa_error *err)
{
    return run(conn, op, "summarize_collection", collection, collection_size, summarize_one, out,
               err);
}
