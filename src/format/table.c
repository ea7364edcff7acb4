/* SPDX-License-Identifier: Apache-2.0 */
#include "format/table.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

stoa_status stoa__struct_type(const struct stoa__arrow_type *fields, int32_t count,
                              stoa__arena *arena, struct stoa__arrow_type **out,
                              stoa_error *err)
{
    struct stoa__arrow_type *type = stoa__arena_alloc_zero(arena, 1, sizeof *type);

    if (!type)
        return stoa__fail_nomem(err);
    type->kind = STOA__ARROW_STRUCT;
    type->zone = type->name = "";
    type->format = "+s";
    type->child_count = count;
    type->children = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *type);
    if (!type->children)
        return stoa__fail_nomem(err);
    if (count > 0)
        memcpy(type->children, fields, (size_t)count * sizeof *fields);
    *out = type;
    return STOA_OK;
}

stoa_status stoa__table_init(stoa__table *table, const struct stoa__table_column *columns,
                             int32_t column_count, stoa_error *err)
{
    struct stoa__arrow_type *fields =
        stoa__arena_alloc_zero(&table->arena, (size_t)column_count, sizeof *fields);
    struct stoa__arrow_type *field = NULL;
    stoa_status rc = fields ? STOA_OK : stoa__fail_nomem(err);

    for (int32_t i = 0; rc == STOA_OK && i < column_count; i++) {
        rc = stoa__arrow_type_simple(columns[i].format, columns[i].name, false, &table->arena,
                                     &field, err);
        if (rc == STOA_OK)
            fields[i] = *field;
    }
    if (rc == STOA_OK)
        rc = stoa__struct_type(fields, column_count, &table->arena, &table->type, err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&table->builder, table->type, 0, err);
    return rc;
}

stoa_status stoa__table_int64(stoa__table *table, int32_t column, int64_t value,
                              stoa_error *err)
{
    return stoa__column_append_int64(&table->builder.root.children[column], value, err);
}

stoa_status stoa__table_text(stoa__table *table, int32_t column, const char *text, size_t size,
                             stoa_error *err)
{
    struct stoa__column *cells = &table->builder.root.children[column];
    char *repaired;
    stoa_status rc;

    if (stoa__utf8_check(text, size) == size)
        return stoa__column_append_bytes(cells, text, (int64_t)size, err);
    repaired = stoa__copy_text(text, size);
    if (!repaired)
        return stoa__fail_nomem(err);
    size = stoa__text_repair(repaired, size, false);
    rc = stoa__column_append_bytes(cells, repaired, (int64_t)size, err);
    stoa__free(repaired);
    return rc;
}

stoa_status stoa__table_end_row(stoa__table *table, stoa_error *err)
{
    return stoa__column_end_struct(&table->builder.root, err);
}

stoa_status stoa__table_export(stoa__table *table, struct ArrowArrayStream *out,
                               stoa_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    stoa_status rc = stoa__arrow_type_export(table->type, &schema, err);

    if (rc == STOA_OK)
        rc = stoa__builder_finish(&table->builder, 0, &batch, err);
    if (rc == STOA_OK)
        rc = stoa_stream_from_batches(&schema, &batch, 1, out, err);
    if (schema.release)
        schema.release(&schema);
    if (batch.release)
        batch.release(&batch);
    return rc;
}

void stoa__table_release(stoa__table *table)
{
    stoa__builder_release(&table->builder);
    stoa__arena_release(&table->arena);
    *table = (stoa__table){0};
}
