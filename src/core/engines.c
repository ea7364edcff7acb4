/* SPDX-License-Identifier: Apache-2.0 */
/* The engines of this build, as an Arrow stream of one batch. */
#include "stoa/catalog.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/error.h"
#include "core/capability.h"

#include <string.h>

#include "base/ban.h"

enum { NAME, VERSION, AVAILABLE, DETAIL, CAPABILITIES, EXAMPLE, COLUMN_COUNT };

/* ---- its type ---- */

/* A schema on the stack, only to be parsed. */
static void stays(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static stoa_status make_type(stoa__arena *arena, struct stoa__arrow_type **out,
                             stoa_error *err)
{
    static const struct {
        const char *name, *format;
    } columns[COLUMN_COUNT] = {
        [NAME] = {"name", "u"},
        [VERSION] = {"version", "u"},
        [AVAILABLE] = {"available", "b"},
        [DETAIL] = {"detail", "u"},
        [CAPABILITIES] = {"capabilities", "+l"},
        [EXAMPLE] = {"example", "u"},
    };
    struct ArrowSchema fields[COLUMN_COUNT], *children[COLUMN_COUNT];
    struct ArrowSchema item = {.format = "u", .name = "item", .release = stays},
                       *items = &item;
    struct ArrowSchema root = {.format = "+s", .name = "", .release = stays};

    for (int i = 0; i < COLUMN_COUNT; i++) {
        fields[i] = (struct ArrowSchema){
            .format = columns[i].format, .name = columns[i].name, .release = stays};
        children[i] = &fields[i];
    }
    fields[VERSION].flags = fields[DETAIL].flags = ARROW_FLAG_NULLABLE;
    fields[CAPABILITIES].n_children = 1;
    fields[CAPABILITIES].children = &items;
    root.n_children = COLUMN_COUNT;
    root.children = children;
    return stoa__arrow_type_parse(&root, arena, out, err);
}

/* ---- its rows ---- */

static stoa_status append_text(struct stoa__column *column, const char *text,
                               stoa_error *err)
{
    return stoa__column_append_bytes(column, text, (int64_t)strlen(text), err);
}

/* NULL when empty. */
static stoa_status append_buffer(struct stoa__column *column, const stoa__buffer *text,
                                 stoa_error *err)
{
    if (text->size == 0)
        return stoa__column_append_null(column, err);
    return stoa__column_append_bytes(column, text->data, (int64_t)text->size, err);
}

static stoa_status append_capabilities(struct stoa__column *column,
                                       const struct stoa__engine *engine, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 1; i <= STOA__CAPABILITY_MAX && rc == STOA_OK; i++)
        if (stoa__engine_can(engine, i))
            rc = append_text(&column->children[0], stoa__capability_name(i), err);
    return rc == STOA_OK ? stoa__column_end_list(column, err) : rc;
}

static stoa_status append_engine(struct stoa__column *root,
                                 const struct stoa__engine *engine, stoa_error *err)
{
    stoa__buffer version = {0}, detail = {0};
    struct stoa__column *columns = root->children;
    stoa_error failure = {0};
    bool available = true;
    stoa_status rc = STOA_OK;

    /* An engine that is missing says where it was looked for. */
    if (STOA__HAS(engine, probe))
        available = engine->probe(&version, &detail, &failure) == STOA_OK;
    if (!available && failure.code == STOA_ERR_NOMEM)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK && !available && detail.size == 0)
        rc = stoa__buffer_append_text(&detail, failure.text);
    if (rc == STOA_OK)
        rc = append_text(&columns[NAME], engine->name, err);
    if (rc == STOA_OK)
        rc = append_buffer(&columns[VERSION], &version, err);
    if (rc == STOA_OK)
        rc = stoa__column_append_int64(&columns[AVAILABLE], available, err);
    if (rc == STOA_OK)
        rc = append_buffer(&columns[DETAIL], &detail, err);
    if (rc == STOA_OK)
        rc = append_capabilities(&columns[CAPABILITIES], engine, err);
    if (rc == STOA_OK)
        rc = append_text(&columns[EXAMPLE], engine->example, err);
    if (rc == STOA_OK)
        rc = stoa__column_end_struct(root, err);
    stoa__buffer_release(&version);
    stoa__buffer_release(&detail);
    return rc;
}

static stoa_status make_batch(const struct stoa__arrow_type *type, struct ArrowArray *out,
                              stoa_error *err)
{
    struct stoa__builder builder = {0};
    const struct stoa__engine *engine;
    stoa_status rc = stoa__builder_init(&builder, type, 8, err);

    for (int32_t i = 0; rc == STOA_OK && (engine = stoa__engine_at(i)); i++)
        rc = append_engine(&builder.root, engine, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

stoa_status stoa_engines(struct ArrowArrayStream *out, stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    stoa__arena arena = {0};
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    *out = (struct ArrowArrayStream){0};
    rc = make_type(&arena, &type, err);
    if (rc == STOA_OK)
        rc = make_batch(type, &batch, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, &schema, err);
    if (rc == STOA_OK)
        rc = stoa_stream_from_batches(&schema, &batch, 1, out, err);
    stoa__schema_release(&schema);
    stoa__array_release(&batch);
    stoa__arena_release(&arena);
    return rc;
}
