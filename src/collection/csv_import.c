/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_import_csv(): the file from its header to its last row. */
#include "collection/csv_import.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

#include "base/ban.h"

enum {
    BATCH_ROWS = 512,
    DONE_SIZE_MAX = 4096, /* A stoa_import_done will never be larger: a size above was not set. */
    CODE_UNIQUE = 2067, /* SQLite's extended codes. */
    CODE_PRIMARY_KEY = 1555,
    CODE_ROWID = 2579
};

/* ---- rows that are wrong ---- */

stoa_status collection_csv_fail_row(struct csv_import *import, const char *column,
                                    stoa_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)stoa__fail_v(&import->problem, status, format, args);
    va_end(args);
    import->row_failed = true;
    import->problem_column = column;
    return status;
}

stoa_status collection_csv_fail_statement(struct csv_import *import, stoa_status rc)
{
    stoa_error error = *import->err;
    const int32_t code = error.engine_code;

    if (rc != STOA_ERR_CONSTRAINT || collection_write_lost(import->csv.call))
        return rc;
    if (import->csv.options.mode != CSV_APPEND &&
        (code == CODE_UNIQUE || code == CODE_PRIMARY_KEY || code == CODE_ROWID))
        rc = collection_csv_fail_row(import, NULL, rc,
                                     "There are duplicate entries in the CSV file.");
    else
        rc = collection_csv_fail_row(import, NULL, rc, "%s", error.text);
    import->problem.engine_code = code;
    return rc;
}

static stoa_status skip(struct csv_import *import, int64_t line)
{
    struct collection_rows *rows = &import->skipped;

    if (import->reports) {
        collection_rows_int64(rows, line);
        collection_rows_string(rows, import->problem_column);
        collection_rows_string(rows, import->problem.text);
    }
    import->done.skipped++;
    return stoa__buffer_append(&import->skipped_lines, &line, sizeof line) == STOA_OK
               ? STOA_OK
               : stoa__fail_nomem(import->err);
}

stoa_status collection_csv_import_row_end(struct csv_import *import, stoa_status rc, int64_t line)
{
    if (rc >= 0 || !import->row_failed)
        return rc;
    import->row_failed = false;
    if (import->csv.options.skip)
        return skip(import, line);
    rc = collection_fail(import->csv.call, import->err, rc, "%s [line %lld]",
                         import->problem.text, (long long)line);
    stoa__error_engine(import->err, import->problem.engine_code, NULL);
    return rc;
}

/* ---- reading rows ---- */

static stoa_status check_length(struct csv_import *import)
{
    const struct csv_file *file = &import->file;
    int32_t count = file->cell_count;

    while (count > import->column_count && count > file->cell_count - import->extra_count &&
           file->cells[count - 1].size == 0)
        count--;
    if (count == import->column_count)
        return STOA_OK;
    return collection_csv_fail_row(import, NULL, STOA_ERR_INVALID,
                                   "Row %lld has %d columns, but the header has %d.",
                                   (long long)import->row, (int)count, (int)import->column_count);
}

stoa_status collection_csv_import_next(struct csv_import *import)
{
    for (;;) {
        stoa_error error;
        stoa_status rc = collection_csv_file_next(&import->file, &error);

        if (rc == STOA_DONE)
            return rc;
        import->row++;
        if (rc == STOA_OK)
            rc = check_length(import);
        else if (rc == STOA_ERR_INVALID)
            rc = collection_csv_fail_row(import, NULL, rc, "%s", error.text);
        else
            stoa__error_copy(import->err, &error);
        if (rc == STOA_OK)
            return rc;
        rc = collection_csv_import_row_end(import, rc, import->file.line);
        if (rc != STOA_OK)
            return rc;
    }
}

/* ---- the header ---- */

static int32_t find_column(const struct csv_import *import, const struct csv_cell *cell)
{
    const int32_t found = collection_find_column(import->csv.table, cell->text, cell->size);

    return found >= 0 && collection_csv_has_column(import->csv.table, found) ? found : -1;
}

static stoa_status set_column(struct csv_import *import, struct csv_column *out,
                              const struct collection_column *column)
{
    const struct collection_table *table = import->csv.table;
    const int32_t position = column->position;
    const char *target = column->target;

    *out = (struct csv_column){.column = column, .role = CSV_VALUE};
    if (column->generated)
        out->role = CSV_IGNORED;
    else if (table->role != ROLE_COLLECTION && position == table->id)
        out->role = CSV_ELEMENT;
    else if (table->role == ROLE_VECTOR && position == table->vector_index)
        out->role = CSV_INDEX;
    else if (target && table->role == ROLE_COLLECTION && strcmp(target, table->name) == 0)
        out->role = CSV_SELF;
    if (!target)
        out->enumeration = collection_enums_of(&import->csv.enums, column->name);
    if (out->role == CSV_ELEMENT)
        target = import->csv.collection->name;
    return target && (out->role == CSV_VALUE || out->role == CSV_ELEMENT)
               ? collection_labels_of(&import->relations, target, &out->labels, import->err)
               : STOA_OK;
}

static stoa_status fail_header(const struct csv_import *import, const char *text)
{
    return collection_fail(import->csv.call, import->err, STOA_ERR_INVALID, "%s", text);
}

/* Each of the header's once; and all that must be there. */
static stoa_status check_columns(const struct csv_import *import, const bool *given,
                                 int32_t given_count)
{
    static const char other_number[] = "The number of columns in the CSV file does not match the "
                                       "number of columns in the database.";
    static const char others[] =
        "The columns in the CSV file do not match the columns in the database.";
    const struct collection_table *table = import->csv.table;
    const int32_t label = table->role == ROLE_COLLECTION ? table->label : -1;
    int32_t wanted = 0, missing = 0;

    for (int32_t i = 0; i < table->column_count; i++) {
        const bool key = i == table->id || i == table->vector_index || i == label ||
                         table->columns[i].dimension;
        const bool needed = collection_csv_has_column(table, i) && !table->columns[i].generated &&
                            (key || !import->csv.options.some);

        wanted += needed || given[i];
        missing += needed && !given[i];
    }
    if (label >= 0 && !given[label])
        return fail_header(import, "CSV file does not contain a 'label' column.");
    if (!import->csv.options.some && wanted != import->column_count)
        return fail_header(import, other_number);
    return missing > 0 || given_count != import->column_count ? fail_header(import, others)
                                                              : STOA_OK;
}

static stoa_status read_columns(struct csv_import *import)
{
    const struct collection_table *table = import->csv.table;
    bool *given = stoa__alloc_zero((size_t)table->column_count, sizeof *given);
    int32_t given_count = 0;
    stoa_status rc = given ? STOA_OK : stoa__fail_nomem(import->err);

    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++) {
        struct csv_cell *cell = &import->file.cells[i];
        int32_t found;

        found = find_column(import, cell); /* A name may have blanks at its ends. */
        collection_csv_cell_trim(cell);
        if (found < 0)
            found = find_column(import, cell);
        if (found < 0 || given[found])
            continue;
        given[found] = true;
        given_count++;
        rc = set_column(import, &import->columns[i], &table->columns[found]);
    }
    if (rc == STOA_OK)
        rc = check_columns(import, given, given_count);
    stoa__free(given);
    return rc;
}

static stoa_status read_header(struct csv_import *import)
{
    stoa_status rc = collection_csv_file_next(&import->file, import->err);

    if (rc == STOA_DONE)
        return fail_header(import, "CSV file is empty.");
    if (rc != STOA_OK) {
        stoa__wrap(import->err, "Cannot %s", import->csv.call->operation);
        return rc;
    }
    import->column_count = import->file.cell_count;
    while (import->column_count > 0 && import->file.cells[import->column_count - 1].size == 0)
        import->column_count--;
    import->extra_count = import->file.cell_count - import->column_count;
    import->columns =
        stoa__alloc_zero((size_t)import->column_count + 1, sizeof *import->columns);
    return import->columns ? read_columns(import) : stoa__fail_nomem(import->err);
}

static stoa_status open_file(struct csv_import *import)
{
    const struct csv_call *csv = &import->csv;
    const stoa_status rc = collection_csv_file_open(&import->file, csv->path, csv->separator,
                                                    &csv->call->entry.call, import->err);

    if (rc != STOA_OK && rc != STOA_ERR_NOMEM && rc != STOA_ERR_CANCELLED)
        stoa__wrap(import->err, "Cannot %s: could not open file: %s", csv->call->operation,
                   csv->path);
    return rc;
}

stoa_status collection_csv_import_rewind(struct csv_import *import)
{
    stoa_status rc;

    collection_csv_file_close(&import->file);
    import->row = 0;
    rc = open_file(import);
    return rc == STOA_OK ? collection_csv_file_next(&import->file, import->err) : rc;
}

/* ---- statements ---- */

stoa_status collection_csv_pack(struct csv_import *import, struct collection_packed *packed,
                                const struct collection_cell *cell)
{
    stoa_value value = {.type = cell->type};
    stoa_status rc = STOA_OK;

    if (cell->type == STOA_TYPE_INT64) {
        value.a = cell->integer;
    } else if (cell->type == STOA_TYPE_FLOAT64) {
        memcpy(&value.a, &cell->real, sizeof value.a);
    } else if (cell->type == STOA_TYPE_TEXT) {
        value.a = (int64_t)packed->bytes.size;
        value.b = (int64_t)cell->size;
        rc = stoa__buffer_append(&packed->bytes, cell->text, cell->size);
    }
    if (rc == STOA_OK)
        rc = stoa__buffer_append(&packed->values, &value, sizeof value);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(import->err);
}

stoa_status collection_csv_open(struct csv_import *import, struct collection_sql *sql,
                                stoa__buffer *text)
{
    stoa_status rc = collection_text_end(text, import->err);

    if (rc == STOA_OK)
        rc = collection_sql_open(sql, import->csv.call, (const char *)text->data, text->size,
                                 import->err);
    stoa__buffer_release(text);
    return rc;
}

stoa_status collection_csv_batch_open(struct csv_batch *batch, struct csv_import *import,
                                      stoa__buffer *text, int32_t value_count, int64_t *counter)
{
    batch->import = import;
    batch->value_count = value_count;
    batch->counter = counter;
    return collection_csv_open(import, &batch->sql, text);
}

/* Rows from `first` on; `*done` were run. What went in of rows before one that is refused is not
 * told, so with a table that leaves rows out those that may be skipped run one by one. */
static stoa_status run_from(struct csv_batch *batch, int64_t first, int64_t *done)
{
    struct csv_import *import = batch->import;
    const struct collection_packed *packed = &batch->packed;
    const bool singly = import->ruled && import->csv.options.skip;
    const int64_t count = singly ? 1 : packed->row_count - first;
    struct stoa__cursor_info info;
    const stoa_status rc = collection_sql_each(
        &batch->sql,
        (const stoa_value *)(const void *)packed->values.data + first * batch->value_count,
        count * batch->value_count, count, packed->bytes.data, (int64_t)packed->bytes.size, &info,
        done, import->err);

    *batch->counter += rc == STOA_OK && !batch->counts_runs ? info.rows_affected : *done;
    return rc;
}

stoa_status collection_csv_batch_run(struct csv_batch *batch)
{
    const int64_t *lines = (const int64_t *)(const void *)batch->lines.data;
    int64_t at = 0;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && at < batch->packed.row_count) {
        int64_t done = 0;

        rc = run_from(batch, at, &done);
        at += done;
        if (rc != STOA_OK) {
            rc = collection_csv_fail_statement(batch->import, rc);
            rc = collection_csv_import_row_end(batch->import, rc, lines[at]);
            at++;
        }
    }
    batch->packed.values.size = batch->packed.bytes.size = batch->lines.size = 0;
    batch->packed.row_count = 0;
    return rc;
}

stoa_status collection_csv_batch_row(struct csv_batch *batch)
{
    const int64_t line = batch->import->file.line;

    if (stoa__buffer_append(&batch->lines, &line, sizeof line) != STOA_OK)
        return stoa__fail_nomem(batch->import->err);
    batch->packed.row_count++;
    return batch->packed.row_count >= BATCH_ROWS ? collection_csv_batch_run(batch) : STOA_OK;
}

void collection_csv_batch_close(struct csv_batch *batch)
{
    collection_sql_close(&batch->sql);
    collection_packed_release(&batch->packed);
    stoa__buffer_release(&batch->lines);
}

/* ---- the call ---- */

/* What can fail comes before the commit. */
static stoa_status write_rows(struct csv_import *import, stoa_result *skipped)
{
    stoa_status rc = collection_write_begin(import->csv.call, import->err);

    if (rc != STOA_OK)
        return rc;
    rc = collection_rows_ruled(import->csv.call, import->csv.table, &import->ruled, import->err);
    if (rc == STOA_OK)
        rc = import->csv.table->role == ROLE_COLLECTION ? collection_csv_import_elements(import)
                                                        : collection_csv_import_group(import);
    if (rc == STOA_OK)
        rc = collection_rows_publish(&import->skipped, import->csv.call, skipped, import->err);
    rc = collection_write_end(import->csv.call, rc, import->err);
    if (rc != STOA_OK && skipped) {
        stoa_result_close(*skipped);
        *skipped = (stoa_result){0};
    }
    return rc;
}

static stoa_status check_transaction(const struct csv_import *import)
{
    const struct stoa__entry *entry = &import->csv.call->entry;

    if (!import->csv.options.refuse_transaction ||
        entry->engine->transaction(entry->session->native) == STOA_TRANSACTION_NONE)
        return STOA_OK;
    return fail_header(import, "transaction already active");
}

static stoa_status run(struct csv_import *import, stoa_result *skipped)
{
    static const struct collection_field fields[] = {
        {"line", "l", false}, {"column", "u", true}, {"text", "u", false}};
    stoa_status rc = check_transaction(import);

    import->reports = skipped != NULL;
    if (rc == STOA_OK)
        rc = collection_rows_init(&import->skipped, fields, 3, import->err);
    if (rc == STOA_OK)
        rc = open_file(import);
    if (rc == STOA_OK)
        rc = read_header(import);
    if (rc == STOA_OK)
        rc = write_rows(import, skipped);
    collection_rows_release(&import->skipped);
    collection_relations_release(&import->relations);
    collection_csv_file_close(&import->file);
    stoa__buffer_release(&import->skipped_lines);
    stoa__free(import->columns);
    return rc;
}

stoa_status stoa_collection_import_csv(stoa_conn conn, stoa_op op, const char *collection,
                                       int64_t collection_size, int32_t kind, const char *group,
                                       int64_t group_size, const char *path, int64_t path_size,
                                       const stoa_option *options, int64_t option_count,
                                       stoa_import_done *out, stoa_result *skipped,
                                       stoa_error *err)
{
    struct csv_import import = {.err = err};
    struct collection_call call;
    stoa_error own_err;
    stoa_status rc;

    if (skipped)
        *skipped = (stoa_result){0};
    if (out && (out->struct_size < (int64_t)sizeof out->struct_size ||
                out->struct_size > DONE_SIZE_MAX))
        return stoa__fail(err, STOA_ERR_INVALID, "out->struct_size is %lld",
                          (long long)out->struct_size);
    if (!err)
        import.err = &own_err; /* What the engine says of a row is looked at. */
    rc = collection_csv_options_read(&import.csv, path, path_size, options, option_count, true,
                                     err);
    if (rc == STOA_OK)
        rc = collection_enter(&call, conn, op, "import_csv", err);
    if (rc == STOA_OK) {
        import.csv.call = import.relations.call = &call;
        rc = collection_csv_find(&import.csv, collection, collection_size, kind, group, group_size,
                                 err);
        if (rc == STOA_OK)
            rc = run(&import, skipped);
        rc = collection_leave(&call, rc);
    }
    if (out) {
        const int64_t size = out->struct_size;
        const size_t known = size < (int64_t)sizeof *out ? (size_t)size : sizeof *out;

        if (rc != STOA_OK)
            import.done = (stoa_import_done){0};
        import.done.struct_size = size;
        memset(out, 0, (size_t)size);
        memcpy(out, &import.done, known);
    }
    collection_csv_release(&import.csv);
    return rc;
}
