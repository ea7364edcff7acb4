/* SPDX-License-Identifier: Apache-2.0 */
/* The types of metadata results, from their descriptions, and their rows as streams. */
#include "adbc_export/parts.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/error.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { FIELD_MAX = 24, NAME_MAX = 64, DEPTH_MAX = 16 };

struct description {
    const char *at;
    stoa__arena *arena;
    stoa_error *err;
};

static stoa_status read_fields(struct description *text, int depth,
                               struct stoa__arrow_type *parent);

static char *copy_until(struct description *text, const char *ends)
{
    size_t size = strcspn(text->at, ends);
    char *copy = stoa__arena_copy_text(text->arena, text->at, size);

    assert(size < NAME_MAX);
    text->at += size;
    return copy;
}

static void set_nested(struct stoa__arrow_type *type, const char *format, const char *name)
{
    static const int8_t ids[] = {0, 1, 2, 3, 4, 5};

    *type = (struct stoa__arrow_type){.format = format, .name = name, .zone = ""};
    switch (format[1]) {
    case 'l':
        type->kind = STOA__ARROW_LIST;
        break;
    case 'm':
        type->kind = STOA__ARROW_MAP;
        break;
    case 'u':
        type->kind = STOA__ARROW_DENSE_UNION;
        type->union_ids = ids;
        break;
    default:
        type->kind = STOA__ARROW_STRUCT;
    }
}

/* name:format, perhaps (children), perhaps '!'. */
static stoa_status read_field(struct description *text, int depth, struct stoa__arrow_type *out)
{
    char *name = copy_until(text, ":");
    struct stoa__arrow_type *simple = NULL;
    stoa_status rc = STOA_OK;
    char *format;

    assert(*text->at == ':' && depth < DEPTH_MAX);
    text->at++;
    format = copy_until(text, *text->at == '+' && text->at[1] == 'u' ? "(" : ",()!");
    if (!name || !format)
        return stoa__fail_nomem(text->err);
    if (format[0] == '+') {
        set_nested(out, format, name);
        text->at++;
        rc = read_fields(text, depth + 1, out);
        assert(rc != STOA_OK || *text->at == ')');
        text->at++;
    } else {
        rc = stoa__arrow_type_simple(format, name, true, text->arena, &simple, text->err);
        if (rc == STOA_OK)
            *out = *simple;
    }
    if (rc != STOA_OK)
        return rc;
    out->nullable = *text->at != '!';
    text->at += !out->nullable;
    return STOA_OK;
}

static stoa_status read_fields(struct description *text, int depth,
                               struct stoa__arrow_type *parent)
{
    parent->children =
        stoa__arena_alloc_zero(text->arena, FIELD_MAX, sizeof *parent->children);
    if (!parent->children)
        return stoa__fail_nomem(text->err);
    for (;;) {
        stoa_status rc = read_field(text, depth, &parent->children[parent->child_count]);

        if (rc != STOA_OK)
            return rc;
        parent->child_count++;
        if (*text->at != ',')
            return STOA_OK;
        assert(parent->child_count < FIELD_MAX);
        text->at++;
    }
}

stoa_status stoa__driver_type(const char *description, stoa__arena *arena,
                              struct stoa__arrow_type **out, stoa_error *err)
{
    struct description text = {description, arena, err};

    *out = stoa__arena_alloc_zero(arena, 1, sizeof **out);
    if (!*out)
        return stoa__fail_nomem(err);
    set_nested(*out, "+s", "");
    return read_fields(&text, 0, *out);
}

stoa_status stoa__driver_answer(struct stoa__builder *builder,
                                const struct stoa__arrow_type *type, stoa_op op,
                                struct ArrowArrayStream *out, stoa_error *err)
{
    struct ArrowArrayStream inner = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    stoa_status rc = stoa__arrow_type_export(type, &schema, err);

    if (rc == STOA_OK)
        rc = stoa__builder_finish(builder, 0, &batch, err);
    if (rc == STOA_OK)
        rc = stoa_stream_from_batches(&schema, &batch, 1, &inner, err);
    if (rc == STOA_OK)
        rc = stoa__driver_stream(&inner, op, out, err);
    stoa_stream_release(&inner);
    stoa__array_release(&batch);
    stoa__schema_release(&schema);
    return rc;
}
