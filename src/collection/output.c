/* SPDX-License-Identifier: Apache-2.0 */
/* A result is the core's; here is the cursor below it, under a table of functions for cursors. */
#include "collection/output.h"

#include "arrow/array.h"
#include "arrow/cast.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/result.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct output {
    const struct collection_reader *reader;
    void *self;
    const struct stoa__arrow_type *type;      /* Of what the reader makes; in it. */
    const struct stoa__arrow_type *requested; /* In `arena`, or NULL. */
    stoa__arena arena;
};

/* ---- the cursor ---- */

static stoa_status output_type(void *self, stoa__call *call, const struct stoa__arrow_type **type,
                               stoa_error *err)
{
    const struct output *output = self;

    (void)call;
    (void)err;
    *type = output->requested ? output->requested : output->type;
    return STOA_OK;
}

static stoa_status output_next(void *self, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err)
{
    struct output *output = self;
    struct ArrowArray batch = {0};
    stoa_status rc = stoa__call_check(call, err);

    if (rc == STOA_OK)
        rc = output->reader->next(output->self, call, &batch, err);
    if (rc != STOA_OK)
        return rc;
    if (!output->requested) {
        *out = batch;
        return STOA_OK;
    }
    rc = stoa__arrow_cast(output->type, &batch, output->requested, out, err);
    stoa__array_release(&batch);
    return rc;
}

static void output_close(void *self)
{
    struct output *output = self;

    output->reader->close(output->self);
    stoa__arena_release(&output->arena);
    stoa__free(output);
}

/* Columns asked for as "n" stay as they are, and so do names. */
static stoa_status request(struct output *output, const struct stoa__arrow_type *asked,
                           stoa__arena *arena, stoa_error *err)
{
    struct stoa__arrow_type *type = collection_struct_type(arena, output->type->child_count);
    struct ArrowSchema schema = {0};
    struct stoa__arrow_type *copy = NULL;
    stoa_status rc;

    if (!type)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < type->child_count; i++) {
        const struct stoa__arrow_type *have = &output->type->children[i];

        type->children[i] =
            asked->children[i].kind == STOA__ARROW_NULL ? *have : asked->children[i];
        type->children[i].name = have->name;
    }
    /* What was asked for is the caller's: a copy of it, by way of its schema. */
    rc = stoa__arrow_type_export(type, &schema, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&schema, arena, &copy, err);
    stoa__schema_release(&schema);
    if (rc == STOA_OK)
        output->requested = copy;
    return rc;
}

static stoa_status output_request(void *self, const struct stoa__arrow_type *asked,
                                  stoa_error *err)
{
    struct output *output = self;
    stoa__arena arena = {0};
    stoa_status rc;

    if (asked->child_count != output->type->child_count)
        return stoa__fail(err, STOA_ERR_INVALID, "the result has %d columns, not %d",
                          (int)output->type->child_count, (int)asked->child_count);
    output->requested = NULL;
    rc = request(output, asked, &arena, err);
    if (rc != STOA_OK) {
        stoa__arena_release(&arena);
        return rc;
    }
    stoa__arena_release(&output->arena);
    output->arena = arena;
    return STOA_OK;
}

/* The functions of cursors alone: see core/result.h. */
static const struct stoa__engine cursors = {.struct_size = sizeof(struct stoa__engine),
                                            .name = "collection",
                                            .cursor_type = output_type,
                                            .cursor_request = output_request,
                                            .cursor_next = output_next,
                                            .cursor_close = output_close};

stoa_status collection_output(struct collection_call *call, const struct collection_reader *reader,
                              void *self, const struct stoa__arrow_type *type, stoa_result *out,
                              stoa_error *err)
{
    struct stoa__result *result = out ? stoa__result_new(&call->entry, err) : NULL;
    struct output *output = result ? stoa__alloc_zero(1, sizeof *output) : NULL;
    stoa_status rc;

    if (!output) {
        reader->close(self);
        if (!out)
            return STOA_OK;
        if (result)
            stoa__result_free(result);
        return stoa__fail_nomem(err);
    }
    *output = (struct output){.reader = reader, .self = self, .type = type};
    result->cursors = &cursors;
    result->cursor = output;
    rc = stoa__result_publish(result, &out->id, err);
    if (rc != STOA_OK)
        stoa__result_free(result);
    return rc;
}

/* ---- batches in memory ---- */

struct memory {
    stoa__arena arena; /* Of the type. */
    struct ArrowArray *batches;
    int64_t count, next;
};

static stoa_status memory_next(void *self, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err)
{
    struct memory *memory = self;

    (void)call;
    (void)err;
    if (memory->next == memory->count)
        return STOA_DONE;
    *out = memory->batches[memory->next];
    memory->batches[memory->next++] = (struct ArrowArray){0};
    return STOA_OK;
}

static void memory_close(void *self)
{
    struct memory *memory = self;

    for (int64_t i = memory->next; i < memory->count; i++)
        stoa__array_release(&memory->batches[i]);
    stoa__free(memory->batches);
    stoa__arena_release(&memory->arena);
    stoa__free(memory);
}

static const struct collection_reader memory_reader = {memory_next, memory_close};

static struct memory *memory_new(const struct ArrowArray *batches, int64_t count)
{
    struct memory *memory = stoa__alloc_zero(1, sizeof *memory);

    if (!memory)
        return NULL;
    memory->batches = stoa__alloc_zero((size_t)count + 1, sizeof *memory->batches);
    if (!memory->batches) {
        stoa__free(memory);
        return NULL;
    }
    if (count > 0)
        memcpy(memory->batches, batches, (size_t)count * sizeof *batches);
    memory->count = count;
    return memory;
}

stoa_status collection_output_batches(struct collection_call *call, stoa__arena *arena,
                                      const struct stoa__arrow_type *type,
                                      struct ArrowArray *batches, int64_t count, stoa_result *out,
                                      stoa_error *err)
{
    struct memory *memory = memory_new(batches, count);

    for (int64_t i = 0; i < count; i++) {
        if (!memory)
            stoa__array_release(&batches[i]);
        batches[i] = (struct ArrowArray){0};
    }
    if (!memory) {
        stoa__arena_release(arena);
        return stoa__fail_nomem(err);
    }
    memory->arena = *arena;
    *arena = (stoa__arena){0};
    return collection_output(call, &memory_reader, memory, type, out, err);
}

/* ---- rows in memory ---- */

struct stoa__arrow_type *collection_struct_type(stoa__arena *arena, int32_t count)
{
    struct stoa__arrow_type *type = stoa__arena_alloc_zero(arena, 1, sizeof *type);
    struct stoa__arrow_type *children =
        stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *children);

    if (!type || !children)
        return NULL;
    *type = (struct stoa__arrow_type){.kind = STOA__ARROW_STRUCT,
                                      .format = "+s",
                                      .zone = "",
                                      .name = "",
                                      .children = children,
                                      .child_count = count};
    return type;
}

stoa_status collection_rows_init(struct collection_rows *rows,
                                 const struct collection_field *fields, int32_t count,
                                 stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *rows = (struct collection_rows){0};
    rows->type = collection_struct_type(&rows->arena, count);
    if (!rows->type)
        rc = stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        struct stoa__arrow_type *field;

        rc = stoa__arrow_type_simple(fields[i].format, fields[i].name, fields[i].nullable,
                                     &rows->arena, &field, err);
        if (rc == STOA_OK)
            rows->type->children[i] = *field;
    }
    if (rc == STOA_OK)
        rc = stoa__builder_init(&rows->builder, rows->type, 0, err);
    if (rc != STOA_OK)
        collection_rows_release(rows);
    return rc;
}

/* The next value's column; NULL after a failure. */
static struct stoa__column *next_column(struct collection_rows *rows)
{
    struct stoa__column *root = &rows->builder.root;
    struct stoa__column *column;

    if (rows->failed != STOA_OK || root->child_count == 0)
        return NULL;
    column = &root->children[rows->column];
    rows->column = rows->column + 1 == root->child_count ? 0 : rows->column + 1;
    return column;
}

void collection_rows_int64(struct collection_rows *rows, int64_t value)
{
    struct stoa__column *column = next_column(rows);

    if (column)
        rows->failed = stoa__column_append_int64(column, value, NULL);
}

void collection_rows_string(struct collection_rows *rows, const char *text)
{
    struct stoa__column *column = next_column(rows);

    if (column)
        rows->failed = text ? stoa__column_append_bytes(column, text, (int64_t)strlen(text), NULL)
                            : stoa__column_append_null(column, NULL);
}

stoa_status collection_rows_publish(struct collection_rows *rows, struct collection_call *call,
                                    stoa_result *out, stoa_error *err)
{
    struct stoa__column *root = &rows->builder.root;
    struct ArrowArray batch = {0};
    stoa_status rc = rows->failed;

    assert(rows->column == 0 || rc != STOA_OK);
    if (rc == STOA_ERR_NOMEM)
        return stoa__fail_nomem(err);
    if (rc != STOA_OK)
        return stoa__fail(err, rc, "the rows do not fit a batch");
    root->length = root->child_count > 0 ? stoa__column_length(&root->children[0]) : 0;
    rc = stoa__builder_finish(&rows->builder, 0, &batch, err);
    if (rc != STOA_OK)
        return rc;
    stoa__builder_release(&rows->builder);
    if (batch.length > 0)
        return collection_output_batches(call, &rows->arena, rows->type, &batch, 1, out, err);
    stoa__array_release(&batch);
    return collection_output_batches(call, &rows->arena, rows->type, NULL, 0, out, err);
}

void collection_rows_release(struct collection_rows *rows)
{
    stoa__builder_release(&rows->builder);
    stoa__arena_release(&rows->arena);
    *rows = (struct collection_rows){0};
}
