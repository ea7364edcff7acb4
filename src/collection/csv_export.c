/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_export_csv(): rows of one statement, batch by batch, as text. */
#include "collection/csv.h"

#include "base/error.h"
#include "base/mem.h"
#include "collection/pattern.h"
#include "collection/read.h"
#include "format/put.h"
#include "format/sink.h"
#include "text/number.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ban.h"

enum { BATCH_ROWS = 4096, NUMBER_ROOM = 64 };

struct export {
    struct csv_call csv;
    struct read_statement statement;
    struct read_column *columns;
    const struct collection_enum **enums; /* NULL: none. */
    int32_t column_count;
    stoa__arena arena; /* Of the columns. */
    stoa__sink sink;
    int64_t rows;
    stoa_error *err;
};

/* ---- cells ---- */

static bool needs_quotes(const struct export *export, const uint8_t *text, size_t size)
{
    if (size == 0)
        return true; /* Empty without quotes is NULL. */
    for (size_t i = 0; i < size; i++)
        if (text[i] == export->csv.separator || text[i] == '"' || text[i] == ' ' ||
            text[i] == ',' || (text[i] >= '\t' && text[i] <= '\r'))
            return true;
    return false;
}

static stoa_status put_text(struct export *export, const uint8_t *text, size_t size)
{
    return needs_quotes(export, text, size)
               ? stoa__put_quoted(&export->sink.out, text, size, '"')
               : stoa__buffer_append(&export->sink.out, text, size);
}

static stoa_status put_int64(struct export *export, int32_t column, int64_t value)
{
    const struct collection_enum *labels = export->enums[column];
    const struct collection_enum_label *label =
        labels ? collection_enum_label(labels, value) : NULL;
    stoa__buffer *out = &export->sink.out;

    if (label)
        return put_text(export, (const uint8_t *)label->label, label->size);
    if (stoa__buffer_reserve(out, NUMBER_ROOM) != STOA_OK)
        return STOA_ERR_NOMEM;
    out->size += stoa__int64_format(value, (char *)out->data + out->size);
    return STOA_OK;
}

static stoa_status put_double(struct export *export, double value)
{
    stoa__buffer *out = &export->sink.out;

    if (stoa__buffer_reserve(out, NUMBER_ROOM) != STOA_OK)
        return STOA_ERR_NOMEM;
    out->size += stoa__double_format_short(value, (char *)out->data + out->size);
    return STOA_OK;
}

/* As stored, where it is no date. */
static stoa_status put_date(struct export *export, const uint8_t *text, size_t size)
{
    const char *pattern = export->csv.options.date_time_format;
    struct collection_instant at;
    stoa__buffer formatted = {0};
    stoa_status rc = STOA_ERR_NOMEM;

    if (*pattern == '\0' || !collection_date_read((const char *)text, size, &at))
        return put_text(export, text, size);
    if (collection_pattern_write(pattern, at, &formatted))
        rc = put_text(export, formatted.data, formatted.size);
    stoa__buffer_release(&formatted);
    return rc;
}

static stoa_status put_cell(struct export *export, const struct stoa__put_column *put,
                            int32_t column, int64_t row)
{
    const int64_t at = put->offset + row;
    const uint8_t *text;
    int64_t size;

    if (stoa__put_is_null(put, row))
        return STOA_OK;
    if (stoa__put_text(put, row, &text, &size))
        return export->columns[column].type == TYPE_DATE_TIME
                   ? put_date(export, text, (size_t)size)
                   : put_text(export, text, (size_t)size);
    if (export->columns[column].type == TYPE_FLOAT)
        return put_double(export, ((const double *)put->array->buffers[1])[at]);
    return put_int64(export, column, ((const int64_t *)put->array->buffers[1])[at]);
}

/* ---- rows ---- */

static stoa_status put_rows(struct export *export, const struct ArrowArray *batch,
                            struct stoa__put_column *cells)
{
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; row < batch->length && rc == STOA_OK; row++) {
        for (int32_t i = 0; i < export->column_count && rc == STOA_OK; i++) {
            if (i > 0)
                rc = stoa__buffer_append_byte(&export->sink.out, export->csv.separator);
            if (rc == STOA_OK)
                rc = put_cell(export, &cells[i], i, row);
        }
        if (rc == STOA_OK)
            rc = stoa__buffer_append_byte(&export->sink.out, '\n');
    }
    export->rows += batch->length;
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(export->err);
}

static stoa_status put_batch(struct export *export, const struct stoa__arrow_type *type,
                             struct stoa__put_column *cells)
{
    stoa__call *call = &export->csv.call->entry.call;
    struct ArrowArray batch = {0};
    stoa_status rc = collection_read_statement_next(&export->statement, call, &batch, export->err);

    if (rc != STOA_OK)
        return rc;
    for (int32_t i = 0; i < export->column_count; i++)
        stoa__put_column_set(&cells[i], &type->children[i], batch.children[i]);
    rc = put_rows(export, &batch, cells);
    batch.release(&batch);
    return rc == STOA_OK ? stoa__sink_flush(&export->sink, call, false, export->err) : rc;
}

static stoa_status put_all(struct export *export)
{
    stoa__call *call = &export->csv.call->entry.call;
    const struct stoa__arrow_type *type = NULL;
    struct stoa__put_column *cells =
        stoa__alloc_zero((size_t)export->column_count, sizeof *cells);
    stoa_status rc = cells ? STOA_OK : stoa__fail_nomem(export->err);

    if (rc == STOA_OK)
        rc = export->statement.run.engine->cursor_type(export->statement.cursor, call, &type,
                                                       export->err);
    while (rc == STOA_OK)
        rc = put_batch(export, type, cells);
    stoa__free(cells);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status put_head(struct export *export)
{
    stoa__buffer *out = &export->sink.out;
    const uint8_t separator = export->csv.separator;
    stoa_status rc = STOA_OK;

    if (export->csv.options.separator_line)
        rc = stoa__buffer_format(out, "sep=%c\n", separator);
    for (int32_t i = 0; i < export->column_count && rc == STOA_OK; i++) {
        const char *name = export->columns[i].stored;

        if (i > 0)
            rc = stoa__buffer_append_byte(out, separator);
        if (rc == STOA_OK)
            rc = put_text(export, (const uint8_t *)name, strlen(name));
    }
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(out, '\n');
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(export->err);
}

/* ---- the statement ---- */

/* The file's columns, relations as labels, dates as they are stored. */
static stoa_status make_columns(struct export *export, stoa__buffer *text)
{
    static const struct collection_read_options as_text = {.labels = 1, .text = 1};
    const struct collection_table *table = export->csv.table;
    const size_t count = (size_t)table->column_count;

    export->columns = stoa__arena_alloc_zero(&export->arena, count, sizeof *export->columns);
    export->enums = stoa__arena_alloc_zero(&export->arena, count, sizeof *export->enums);
    if (!export->columns || !export->enums)
        return stoa__fail_nomem(export->err);
    for (int32_t i = 0; i < table->column_count; i++) {
        const struct collection_column *column = &table->columns[i];
        const int32_t at = export->column_count;
        stoa_status rc;

        if (!collection_csv_has_column(table, i))
            continue;
        rc = collection_read_column_init(export->csv.call, column, column->name, &as_text,
                                         &export->arena, &export->columns[at], export->err);
        if (rc != STOA_OK)
            return rc;
        if (export->columns[at].form == READ_PLAIN)
            export->enums[at] = collection_enums_of(&export->csv.enums, column->name);
        collection_text(text, at == 0 ? "SELECT " : ", ");
        collection_read_column_sql(text, "g", column, &export->columns[at], at);
        export->column_count++;
    }
    return STOA_OK;
}

static stoa_status open_statement(struct export *export)
{
    const struct collection_table *table = export->csv.table;
    const struct read_packed none = {0};
    stoa__buffer text = {0};
    stoa_status rc = make_columns(export, &text);

    if (rc != STOA_OK) {
        stoa__buffer_release(&text);
        return rc;
    }
    collection_text(&text, " FROM %T AS g", table->name);
    if (table->role == ROLE_COLLECTION)
        collection_text(&text, " ORDER BY g.\"id\"");
    else
        collection_read_group_order(&text, table);
    export->statement.columns = export->columns;
    export->statement.column_count = export->column_count;
    return collection_read_statement_open(&export->statement, export->csv.call, &text, &none,
                                          BATCH_ROWS, &export->arena, export->err);
}

/* ---- the file ---- */

/* Make the folders of the path. What fails is told by the open. */
static void make_folders(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0777);
        *at = '/';
    }
}

static stoa_status open_sink(struct export *export)
{
    const stoa_sink sink = {
        .struct_size = sizeof sink, .path = export->csv.path, .path_size = STOA_NUL};
    stoa_status rc;

    make_folders(export->csv.path);
    rc = stoa__sink_open(&export->sink, &sink, true, export->err);
    if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
        stoa__wrap(export->err, "Failed to export_csv: could not open file: %s", export->csv.path);
    return rc;
}

static stoa_status run(struct export *export)
{
    stoa__call *call = &export->csv.call->entry.call;
    stoa_status rc = open_statement(export);

    if (rc == STOA_OK)
        rc = open_sink(export);
    if (rc == STOA_OK)
        rc = put_head(export);
    if (rc == STOA_OK)
        rc = put_all(export);
    if (rc == STOA_OK)
        rc = stoa__sink_finish(&export->sink, call, export->err);
    stoa__sink_release(&export->sink);
    collection_read_statement_close(&export->statement);
    stoa__arena_release(&export->arena);
    return rc;
}

stoa_status stoa_collection_export_csv(stoa_conn conn, stoa_op op, const char *collection,
                                       int64_t collection_size, int32_t kind, const char *group,
                                       int64_t group_size, const char *path, int64_t path_size,
                                       const stoa_option *options, int64_t option_count,
                                       int64_t *rows, stoa_error *err)
{
    struct export export = {.err = err};
    struct collection_call call;
    stoa_status rc;

    if (rows)
        *rows = 0;
    rc = collection_csv_options_read(&export.csv, path, path_size, options, option_count, false,
                                     err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "export_csv", err);
    if (rc == STOA_OK) {
        export.csv.call = &call;
        rc = collection_csv_find(&export.csv, collection, collection_size, kind, group, group_size,
                                 err);
        if (rc == STOA_OK)
            rc = run(&export);
        rc = collection_leave(&call, rc);
    }
    if (rc == STOA_OK && rows)
        *rows = export.rows;
    collection_csv_release(&export.csv);
    return rc;
}
