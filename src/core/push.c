/* SPDX-License-Identifier: Apache-2.0 */
/* Several tables of raw columns as one append; raw columns as Arrow; blocks of memory. */
#include "core/ingest.h"

#include "arrow/array.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/source.h"
#include "core/target.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

/* One table on its way to the engine. */
struct pushed {
    struct stoa__raw_source rows;
    struct stoa__ingest_config config;
    const stoa_column *columns; /* The index, if there is one, and the columns. */
    stoa_column *gathered;      /* Where they are when there is one; else they are the caller's. */
    int64_t column_count;
    int32_t *dedup_columns; /* In those. */
    char *name;
};

struct push {
    struct pushed *tables;
    struct stoa__ingest_part *parts;
    int64_t count;
    struct pushed table; /* The only one. */
    struct stoa__ingest_part part;
    stoa_push_done done;
    bool anything; /* Some part has something to do. */
};

static void push_release(struct push *push)
{
    for (int64_t i = 0; push->tables && i < push->count; i++) {
        struct pushed *table = &push->tables[i];

        stoa__raw_source_release(&table->rows);
        stoa__free(table->gathered);
        stoa__free(table->dedup_columns);
        stoa__free(table->name);
    }
    if (push->tables != &push->table)
        stoa__free(push->tables);
    if (push->parts != &push->part)
        stoa__free(push->parts);
}

/* ---- one table ---- */

static stoa_status check_counts(const stoa_table *table, stoa_error *err)
{
    const struct {
        const char *name;
        const void *items;
        int64_t count, max;
    } lists[] = {
        {"column_count", table->columns, table->column_count, STOA__COLUMN_COUNT_MAX},
        {"truncate_count", table->truncate, table->truncate_count, INT32_MAX},
        {"dedup_column_count", table->dedup_columns, table->dedup_column_count,
         STOA__COLUMN_COUNT_MAX},
    };

    if (table->row_count < 0)
        return stoa__fail(err, STOA_ERR_INVALID, "row_count is %lld",
                          (long long)table->row_count);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        bool all_rows = lists[i].items == table->truncate && lists[i].count == -1;

        if (!all_rows && (lists[i].count < 0 || lists[i].count > lists[i].max ||
                          (!lists[i].items && lists[i].count > 0)))
            return stoa__fail(err, STOA_ERR_INVALID, "%s is %lld%s", lists[i].name,
                              (long long)lists[i].count,
                              lists[i].items ? "" : ", and what it counts is NULL");
    }
    if (table->dedup < STOA_DEDUP_NONE || table->dedup > STOA_DEDUP_UPSERT)
        return stoa__fail(err, STOA_ERR_INVALID, "dedup is %d, not a STOA_DEDUP",
                          (int)table->dedup);
    if (table->create != 0 && table->create != 1)
        return stoa__fail(err, STOA_ERR_INVALID, "create is %d, not 0 or 1",
                          (int)table->create);
    if (table->truncate_count > 0 && !table->index)
        return stoa__fail(err, STOA_ERR_INVALID, "ranges to truncate need an index");
    if (table->index && table->index->type != STOA_TYPE_TIMESTAMP)
        return stoa__fail(err, STOA_ERR_INVALID, "the index is of type %s, not timestamp",
                          stoa_type_name(table->index->type));
    return STOA_OK;
}

/* Index first, as it stands in tables that are made. */
static stoa_status gather_columns(struct pushed *out, const stoa_table *table,
                                  stoa_error *err)
{
    int64_t index_count = table->index ? 1 : 0;

    out->column_count = index_count + table->column_count;
    out->columns = table->columns;
    if (!table->index)
        return STOA_OK;
    out->gathered = stoa__alloc_zero((size_t)out->column_count, sizeof *out->gathered);
    if (!out->gathered)
        return stoa__fail_nomem(err);
    out->columns = out->gathered;
    out->gathered[0] = *table->index;
    if (table->column_count > 0)
        memcpy(out->gathered + 1, table->columns,
               (size_t)table->column_count * sizeof *out->gathered);
    return STOA_OK;
}

static stoa_status gather_dedup(struct pushed *out, const stoa_table *table,
                                stoa_error *err)
{
    int32_t index_count = table->index ? 1 : 0;

    if (table->dedup_column_count == 0)
        return STOA_OK;
    out->dedup_columns =
        stoa__alloc_zero((size_t)table->dedup_column_count, sizeof *out->dedup_columns);
    if (!out->dedup_columns)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < table->dedup_column_count; i++) {
        int32_t column = table->dedup_columns[i];

        if (column < -index_count || column >= table->column_count)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "dedup_columns[%lld] is %d: no such column", (long long)i,
                              (int)column);
        out->dedup_columns[i] = column + index_count;
    }
    return STOA_OK;
}

static stoa_status check_abilities(const struct stoa__engine *engine,
                                   const stoa_table *table, stoa_error *err)
{
    if (table->truncate_count != 0 && !stoa__engine_can(engine, STOA_CAN_TRUNCATE))
        return stoa__unsupported(engine, STOA_CAN_TRUNCATE, err);
    if (table->dedup != STOA_DEDUP_NONE && !stoa__engine_can(engine, STOA_CAN_DEDUP))
        return stoa__unsupported(engine, STOA_CAN_DEDUP, err);
    return STOA_OK;
}

static void fill_part(struct stoa__ingest_part *part, struct pushed *pushed,
                      const stoa_table *table, const struct stoa__ingest_config *config)
{
    pushed->config = *config;
    if (table->dedup != STOA_DEDUP_NONE) {
        pushed->config.dedup = table->dedup;
        pushed->config.dedup_columns = "";
    }
    *part = (struct stoa__ingest_part){
        .table = pushed->name,
        .source = &pushed->rows.batch.source,
        .config = &pushed->config,
        .truncate = table->truncate,
        .truncate_count = table->truncate_count,
        .index_column = table->index ? 0 : -1,
        .dedup_columns = pushed->dedup_columns,
        .dedup_column_count = table->dedup_column_count,
        .create = table->create == 1,
    };
}

static int64_t bytes_of(const stoa_column *column)
{
    int64_t bytes = column->data_size;

    if (column->layout == STOA_LAYOUT_VIEW)
        for (int64_t i = 0; i < column->count; i++) {
            stoa_view view;

            /* Any alignment. */
            memcpy(&view, (const char *)column->data + i * (int64_t)sizeof view,
                   sizeof view);
            bytes += view.size;
        }
    if (column->dictionary)
        bytes += bytes_of(column->dictionary);
    return bytes;
}

static stoa_status add_table(struct push *push, int64_t index, const stoa_table *table,
                             struct stoa__ingest *ingest, const struct stoa__engine *engine,
                             stoa_error *err)
{
    struct pushed *out = &push->tables[index];
    stoa_status rc =
        stoa__name_copy("name", table->name, table->name_size, &out->name, err);

    if (rc == STOA_OK)
        rc = check_counts(table, err);
    if (rc == STOA_OK)
        rc = check_abilities(engine, table, err);
    if (rc == STOA_OK)
        rc = gather_columns(out, table, err);
    if (rc == STOA_OK)
        rc = gather_dedup(out, table, err);
    if (rc == STOA_OK)
        rc = stoa__raw_source_init(&out->rows, push->count == 1 ? &ingest->types : NULL,
                                   out->columns, out->column_count, table->row_count,
                                   ingest->config.check, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "table '%s'", out->name ? out->name : "");
        return rc;
    }
    fill_part(&push->parts[index], out, table, &ingest->config);
    push->done.rows += table->row_count;
    for (int64_t i = 0; i < out->column_count; i++)
        push->done.bytes += bytes_of(&out->columns[i]);
    push->anything = push->anything || table->row_count > 0 ||
                     table->truncate_count != 0 || table->create == 1;
    return STOA_OK;
}

/* ---- all of them ---- */

/* Tables may come from a caller with a longer struct of a later version. */
static stoa_status table_at(const stoa_table *tables, int64_t index, stoa_table *out,
                            stoa_error *err)
{
    int64_t stride = tables->struct_size;
    const char *at;

    if (stride < (int64_t)sizeof *out || stride > 4096 ||
        stride % (int64_t)sizeof(void *) != 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "struct_size of the tables is %lld, not %zu", (long long)stride,
                          sizeof *out);
    at = (const char *)tables + index * stride;
    memcpy(out, at, sizeof *out);
    if (out->struct_size != stride)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "struct_size of table %lld is %lld, not %lld", (long long)index,
                          (long long)out->struct_size, (long long)stride);
    return STOA_OK;
}

static stoa_status push_init(struct push *push, struct stoa__ingest *ingest,
                             const struct stoa__engine *engine, const stoa_table *tables,
                             int64_t table_count, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    push->tables = &push->table;
    push->parts = &push->part;
    if (table_count != 1) {
        push->tables = stoa__alloc_zero((size_t)table_count, sizeof *push->tables);
        push->parts = stoa__alloc_zero((size_t)table_count, sizeof *push->parts);
    }
    push->count = table_count;
    if (!push->tables || !push->parts)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < table_count && rc == STOA_OK; i++) {
        stoa_table table;

        rc = table_at(tables, i, &table, err);
        if (rc == STOA_OK)
            rc = add_table(push, i, &table, ingest, engine, err);
    }
    return rc;
}

static stoa_status push_tables(struct stoa__entry *entry, struct stoa__ingest *ingest,
                               struct push *push, const stoa_table *tables,
                               int64_t table_count, stoa_error *err)
{
    stoa_status rc;

    if (table_count > 1 && !stoa__engine_can(entry->engine, STOA_CAN_MULTI_TABLE_PUSH))
        return stoa__unsupported(entry->engine, STOA_CAN_MULTI_TABLE_PUSH, err);
    rc = push_init(push, ingest, entry->engine, tables, table_count, err);
    if (rc != STOA_OK || !push->anything)
        return rc;
    return stoa__ingest_write(entry, ingest, push->parts, push->count,
                              &push->done.sequence, err);
}

stoa_status stoa_ingest_push(stoa_ingest handle, stoa_op op, const stoa_table *tables,
                             int64_t table_count, stoa_table_done *done,
                             stoa_push_done *out, stoa_error *err)
{
    struct stoa__ingest *ingest = NULL;
    struct stoa__entry entry;
    struct push push = {0};
    stoa_status rc;

    if (out)
        *out = (stoa_push_done){0};
    if (table_count < 0 || table_count > STOA__PUSH_TABLE_COUNT_MAX ||
        (!tables && table_count > 0))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "table_count is %lld, not in 0..%d, or NULL",
                          (long long)table_count, STOA__PUSH_TABLE_COUNT_MAX);
    for (int64_t i = 0; done && i < table_count; i++)
        done[i] = (stoa_table_done){0};
    rc = stoa__ingest_pin(&entry, handle, op, &ingest, err);
    if (rc != STOA_OK)
        return rc;
    rc = push_tables(&entry, ingest, &push, tables, table_count, err);
    stoa__leave_pin(&entry);
    for (int64_t i = 0; rc == STOA_OK && done && i < table_count; i++)
        done[i] = push.parts[i].done;
    if (rc == STOA_OK && out)
        *out = push.done;
    push_release(&push);
    return rc;
}

/* ---- raw columns as Arrow ---- */

static stoa_status export_columns(const struct stoa__raw_source *source,
                                  struct ArrowSchema *schema, struct ArrowArray *batch,
                                  stoa_error *err)
{
    stoa_status rc = stoa__arrow_type_export(source->batch.source.type, schema, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__array_copy(source->batch.source.type, &source->raw.array, batch, err);
    if (rc != STOA_OK)
        stoa__schema_release(schema);
    return rc;
}

stoa_status stoa_column_export(const stoa_column *columns, int64_t column_count,
                               int64_t row_count, struct ArrowSchema *schema,
                               struct ArrowArray *batch, stoa_error *err)
{
    struct stoa__raw_source source = {0};
    stoa_status rc;

    if (schema)
        *schema = (struct ArrowSchema){0};
    if (batch)
        *batch = (struct ArrowArray){0};
    if (!schema || !batch)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL",
                          schema ? "batch" : "schema");
    rc = stoa__raw_source_init(&source, NULL, columns, column_count, row_count, STOA_CHECK_FULL,
                               err);
    if (rc == STOA_OK)
        rc = export_columns(&source, schema, batch, err);
    stoa__raw_source_release(&source);
    return rc;
}

/* ---- blocks ---- */

static stoa_status check_block_size(const char *name, int64_t size, stoa_error *err)
{
    if (size >= 0)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_INVALID, "%s is %lld", name, (long long)size);
}

stoa_status stoa_block_new(int64_t size, void **block, stoa_error *err)
{
    stoa_status rc;

    if (!block)
        return stoa__fail(err, STOA_ERR_INVALID, "block is NULL");
    *block = NULL;
    rc = check_block_size("size", size, err);
    if (rc != STOA_OK)
        return rc;
    *block = stoa__alloc_zero(1, (size_t)size);
    return *block ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status stoa_block_grow(void **block, int64_t old_size, int64_t new_size,
                            stoa_error *err)
{
    void *grown;
    stoa_status rc;

    if (!block)
        return stoa__fail(err, STOA_ERR_INVALID, "block is NULL");
    rc = check_block_size("old_size", old_size, err);
    if (rc == STOA_OK)
        rc = check_block_size("new_size", new_size, err);
    if (rc == STOA_OK && (new_size < old_size || (!*block && old_size > 0)))
        rc =
            stoa__fail(err, STOA_ERR_INVALID, "a block of %lld bytes cannot grow to %lld",
                       *block ? (long long)old_size : 0, (long long)new_size);
    if (rc != STOA_OK)
        return rc;
    grown = stoa__realloc(*block, (size_t)new_size);
    if (!grown)
        return stoa__fail_nomem(err);
    memset((char *)grown + old_size, 0, (size_t)(new_size - old_size));
    *block = grown;
    return STOA_OK;
}

void stoa_block_free(void *block)
{
    stoa__free(block);
}
