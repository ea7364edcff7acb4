/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a group. With mode=replace those that are there go first; foreign keys stay on. */
#include "collection/csv_import.h"
#include "collection/csv_map.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

struct group {
    struct csv_import *import;
    const struct collection_table *table;
    int32_t id, index; /* Their columns of the file; -1: none. */
    struct csv_batch insert;
    struct csv_map lasts;      /* Of a vector: the last index of each element in the file; */
    struct csv_map bases;      /* and with mode=append what was there, plus one. */
    struct collection_sql base;
    int64_t *last;             /* Of the row's element, once the row has counted. */
    bool any_null;
};

/* ---- statements ---- */

/* Is the column part of what tells rows apart? */
static bool is_key(const struct collection_table *table, const struct collection_column *column)
{
    return column->position == table->id || column->position == table->vector_index ||
           column->dimension;
}

/* Rows that are there are updated; those of a set are all key. */
static void add_merge(const struct group *group, stoa__buffer *text)
{
    const struct csv_import *import = group->import;
    int32_t count = 0;

    collection_text(text, " ON CONFLICT");
    if (group->table->role == ROLE_SET) {
        collection_text(text, " DO NOTHING");
        return;
    }
    for (int32_t i = 0; i < group->table->column_count; i++)
        if (is_key(group->table, &group->table->columns[i]))
            collection_text(text, "%s%Q", count++ > 0 ? "," : "(",
                            group->table->columns[i].name);
    collection_text(text, ") DO");
    count = 0;
    for (int32_t i = 0; i < import->column_count; i++) {
        const struct collection_column *column = import->columns[i].column;

        if (import->columns[i].role == CSV_IGNORED || is_key(group->table, column))
            continue;
        collection_text(text, "%s%Q=excluded.%Q", count++ > 0 ? "," : " UPDATE SET ",
                        column->name, column->name);
    }
    if (count == 0)
        collection_text(text, " NOTHING");
}

static stoa_status open_insert(struct group *group)
{
    struct csv_import *import = group->import;
    stoa__buffer text = {0};
    int32_t count = 0;

    collection_text(&text, "INSERT INTO %T(", group->table->name);
    for (int32_t i = 0; i < import->column_count; i++)
        if (import->columns[i].role != CSV_IGNORED)
            collection_text(&text, "%s%Q", count++ > 0 ? "," : "",
                            import->columns[i].column->name);
    collection_text(&text, ") VALUES(");
    for (int32_t i = 0; i < count; i++)
        collection_text(&text, "%s?%d", i > 0 ? "," : "", i + 1);
    collection_text(&text, ")");
    group->insert.counts_runs = import->csv.options.mode == CSV_MERGE;
    if (group->insert.counts_runs)
        add_merge(group, &text);
    return collection_csv_batch_open(&group->insert, import, &text, count, &import->done.inserted);
}

static stoa_status clear(struct group *group)
{
    struct csv_import *import = group->import;
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "DELETE FROM %T", group->table->name);
    rc = collection_csv_open(import, &sql, &text);
    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, NULL, 0, NULL, 0, import->err);
    if (rc >= 0)
        import->done.deleted = sql.info.rows_affected;
    collection_sql_close(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* The first column of the only row of `text`. */
static stoa_status count(struct group *group, stoa__buffer *text, int64_t *out)
{
    struct collection_sql sql = {0};
    stoa_status rc = collection_csv_open(group->import, &sql, text);

    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, NULL, 0, NULL, 0, group->import->err);
    *out = rc == STOA_OK ? collection_row_int64(&sql.row, 0) : 0;
    collection_sql_close(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status count_rows(struct group *group, int64_t *out)
{
    stoa__buffer text = {0};

    collection_text(&text, "SELECT count(*) FROM %T", group->table->name);
    return count(group, &text, out);
}

/* ---- vectors ---- */

/* What an appended vector goes on from. */
static stoa_status find_base(struct group *group, int64_t id, int64_t *out)
{
    struct csv_import *import = group->import;
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = id};
    int64_t *base = collection_csv_map_at(&group->bases, id);
    stoa_status rc;

    if (!base)
        return stoa__fail_nomem(import->err);
    *out = *base - 1;
    if (*base > 0)
        return STOA_OK;
    rc = collection_sql_row(&group->base, &key, 1, NULL, 0, import->err);
    *out = rc == STOA_OK ? collection_row_int64(&group->base.row, 0) : 0;
    *base = *out < INT64_MAX ? *out + 1 : 0;
    return rc;
}

/* An element's rows are 1, 2, ... in the order of the file. */
static stoa_status number(struct group *group, int64_t id, int64_t *index)
{
    struct csv_import *import = group->import;
    int64_t *last = collection_csv_map_at(&group->lasts, id);
    int64_t base = 0;
    stoa_status rc = STOA_OK;

    if (!last)
        return stoa__fail_nomem(import->err);
    if (*index != *last + 1)
        return collection_csv_fail_row(
            import, "vector_index", STOA_ERR_INVALID,
            "Column vector_index must be consecutive, unique and start at 1.");
    *last = *index;
    group->last = last;
    if (import->csv.options.mode == CSV_APPEND)
        rc = find_base(group, id, &base);
    if (__builtin_add_overflow(*index, base, index))
        return collection_csv_fail_row(import, "vector_index", STOA_ERR_FULL,
                                       "Column vector_index has no number left behind %lld.",
                                       (long long)base);
    return rc;
}

/* ---- rows ---- */

static stoa_status pack(struct group *group)
{
    struct csv_import *import = group->import;
    struct collection_packed *packed = &group->insert.packed;
    stoa_status rc = STOA_OK;
    int64_t id = 0;

    if (group->index >= 0) {
        struct collection_cell element;

        rc = collection_csv_import_cell(import, group->id, &element);
        id = element.integer;
    }
    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++) {
        struct collection_cell cell;

        if (import->columns[i].role == CSV_IGNORED)
            continue;
        rc = collection_csv_import_cell(import, i, &cell);
        if (rc == STOA_OK && i == group->index)
            rc = number(group, id, &cell.integer);
        if (rc == STOA_OK)
            rc = collection_csv_pack(import, packed, &cell);
        group->any_null = group->any_null || cell.type == STOA_TYPE_NULL;
    }
    return rc;
}

/* A row that is skipped does not count, and those behind it are wrong too: vectors have no gaps. */
static void uncount(struct group *group)
{
    if (group->last)
        --*group->last;
}

/* What is packed of a row that is wrong is taken back. */
static stoa_status write_row(struct group *group)
{
    struct csv_import *import = group->import;
    struct collection_packed *packed = &group->insert.packed;
    const size_t values = packed->values.size, bytes = packed->bytes.size;
    const int64_t skipped = import->done.skipped;
    stoa_status rc;

    group->last = NULL;
    rc = pack(group);
    if (rc != STOA_OK) {
        packed->values.size = values;
        packed->bytes.size = bytes;
        uncount(group);
        return rc;
    }
    rc = collection_csv_batch_row(&group->insert);
    if (rc != STOA_OK || !import->csv.options.skip || group->index < 0)
        return rc;
    rc = collection_csv_batch_run(&group->insert);
    if (import->done.skipped > skipped)
        uncount(group);
    return rc;
}

static stoa_status write_rows(struct group *group)
{
    struct csv_import *import = group->import;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        rc = collection_csv_import_next(import);
        if (rc == STOA_OK)
            rc = collection_csv_import_row_end(import, write_row(group), import->file.line);
    }
    if (rc == STOA_DONE)
        rc = collection_csv_batch_run(&group->insert);
    import->done.rows = import->row;
    return rc;
}

/* Rows of a set that are equal where one has NULL, which SQLite takes for different. */
static stoa_status check_set(struct group *group)
{
    struct csv_import *import = group->import;
    stoa__buffer text = {0};
    int64_t same = 0;
    stoa_status rc;

    if (group->table->role != ROLE_SET || !group->any_null)
        return STOA_OK;
    collection_text(&text, "SELECT count(*) FROM (SELECT 1 FROM %T GROUP BY ",
                    group->table->name);
    for (int32_t i = 0; i < group->table->column_count; i++)
        collection_text(&text, "%s%Q", i > 0 ? "," : "", group->table->columns[i].name);
    collection_text(&text, " HAVING count(*)>1 LIMIT 1)");
    rc = count(group, &text, &same);
    if (rc != STOA_OK || same == 0)
        return rc;
    return collection_fail(import->csv.call, import->err, STOA_ERR_CONSTRAINT,
                           "There are duplicate entries in the CSV file.");
}

/* ---- all of it ---- */

static stoa_status prepare(struct group *group)
{
    struct csv_import *import = group->import;
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < import->column_count; i++) {
        if (import->columns[i].role == CSV_ELEMENT)
            group->id = i;
        else if (import->columns[i].role == CSV_INDEX)
            group->index = i;
    }
    if (import->csv.options.mode == CSV_REPLACE)
        rc = clear(group);
    if (rc == STOA_OK && group->index >= 0 && import->csv.options.mode == CSV_APPEND) {
        collection_text(&text,
                        "SELECT coalesce(max(\"vector_index\"),0) FROM %T WHERE \"id\"=?1",
                        group->table->name);
        rc = collection_csv_open(import, &group->base, &text);
    }
    return rc == STOA_OK ? open_insert(group) : rc;
}

stoa_status collection_csv_import_group(struct csv_import *import)
{
    struct group group = {.import = import, .table = import->csv.table, .id = -1, .index = -1};
    const bool merge = import->csv.options.mode == CSV_MERGE;
    int64_t before = 0, after = 0;
    stoa_status rc = merge ? count_rows(&group, &before) : STOA_OK;

    if (rc == STOA_OK)
        rc = prepare(&group);
    if (rc == STOA_OK)
        rc = write_rows(&group);
    if (rc == STOA_OK)
        rc = check_set(&group);
    if (rc == STOA_OK && merge)
        rc = count_rows(&group, &after);
    if (rc == STOA_OK && merge) {
        import->done.updated = import->done.inserted - (after - before);
        import->done.inserted = after - before;
    }
    collection_csv_batch_close(&group.insert);
    collection_sql_close(&group.base);
    collection_csv_map_release(&group.lasts);
    collection_csv_map_release(&group.bases);
    return rc;
}
