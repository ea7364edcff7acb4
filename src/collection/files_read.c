/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of a collection's files. */
#include "collection/sql.h"

#include "base/error.h"
#include "core/conn.h"
#include "core/enter.h"

#include <string.h>

#include "base/ban.h"

static stoa_status read_row(struct collection_call *call, const struct collection_table *files,
                            struct collection_sql *sql, bool *found, stoa_error *err)
{
    stoa__buffer text = {0};
    stoa_status rc;

    for (int32_t i = 0; i < files->column_count; i++)
        collection_text(&text, "%s%Q", i == 0 ? "SELECT " : ", ", files->columns[i].name);
    collection_text(&text, " FROM %T LIMIT 1", files->name);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_once(sql, call, (const char *)text.data, err);
    *found = rc == STOA_OK;
    stoa__buffer_release(&text);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status put_text(struct stoa__row_writer *row, const char *text, size_t size,
                            stoa_error *err)
{
    const stoa_value value = {
        .type = STOA_TYPE_TEXT, .a = (int64_t)row->bytes.size, .b = (int64_t)size};

    if (stoa__buffer_append(&row->bytes, text, size) != STOA_OK ||
        stoa__buffer_append(&row->values, &value, sizeof value) != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

static stoa_status put_path(struct stoa__row_writer *row, const struct collection_sql *sql,
                            bool found, int32_t column, stoa_error *err)
{
    static const stoa_value null = {.type = STOA_TYPE_NULL};
    const char *path;
    size_t size;

    if (found && !collection_row_is_null(&sql->row, column)) {
        path = collection_row_text(&sql->row, column, &size);
        return put_text(row, path, size, err);
    }
    return stoa__buffer_append(&row->values, &null, sizeof null) == STOA_OK
               ? STOA_OK
               : stoa__fail_nomem(err);
}

static stoa_status read_files(struct collection_call *call, const struct collection_table *files,
                              struct stoa__row_writer *row, stoa_error *err)
{
    struct collection_sql sql = {0};
    bool found = false;
    stoa_status rc = STOA_OK;

    if (files->unusable)
        return collection_fail(call, err, STOA_ERR_INVALID, "%s", files->unusable);
    rc = read_row(call, files, &sql, &found, err);
    for (int32_t i = 0; rc == STOA_OK && i < files->column_count; i++) {
        rc = put_text(row, files->columns[i].name, strlen(files->columns[i].name), err);
        if (rc == STOA_OK)
            rc = put_path(row, &sql, found, i, err);
        row->row_count++;
    }
    row->column_count = 2;
    collection_sql_close(&sql);
    return rc;
}

stoa_status stoa_files_read(stoa_conn conn, stoa_op op, const char *collection,
                            int64_t collection_size, stoa_rows *out, stoa_error *err)
{
    static const struct stoa__cursor_info info = {-1, -1, -1, -1};
    const struct collection_table *table = NULL;
    struct stoa__row_writer *row;
    struct collection_call call;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_rows){0};
    rc = collection_enter(&call, conn, op, "read_time_series_files", err);
    if (rc != STOA_OK)
        return rc;
    row = &call.entry.leaf->conn->row;
    stoa__row_writer_empty(row);
    rc = collection_get(&call, collection, collection_size, &table, err);
    if (rc == STOA_OK && !table->files)
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND,
                        "Time series files table not found for collection '%s'", table->name);
    if (rc == STOA_OK)
        rc = read_files(&call, table->files, row, err);
    if (rc == STOA_OK)
        stoa__row_writer_rows(row, &info, out);
    else
        stoa__row_writer_empty(row);
    return collection_leave(&call, rc);
}
