/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of JSON lines from a sample: a tree of what was seen under each key. Values of
 * different kinds (a string here, an object there) are text; where that happens inside a nested
 * value, the whole column is its JSON text, because text inside of structs is strings alone.
 */
#include "format/json.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/table.h"
#include "text/json.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { SEEN_SCALAR = 1, SEEN_OBJECT = 2, SEEN_ARRAY = 4 };

struct node {
    const char *name; /* With a NUL. */
    size_t name_size;
    uint32_t seen;
    stoa__guess *guess;
    struct node *item;   /* Of arrays. */
    struct node *fields; /* Of objects, in order: a list, and the one that is likely next. */
    struct node *last, *hint, *next;
    int32_t field_count;
};

struct infer {
    stoa__jsonl *jsonl;
    stoa__arena *arena;
    struct stoa__guess_rules rules;
    stoa__json json;
    stoa__buffer scratch;
    int64_t line;
};

static struct node *node_new(struct infer *infer, const char *name, size_t size)
{
    struct node *node = stoa__arena_alloc_zero(infer->arena, 1, sizeof *node);

    if (!node)
        return NULL;
    node->name = stoa__arena_copy_text(infer->arena, name, size);
    node->name_size = size;
    node->guess = stoa__arena_alloc_zero(infer->arena, 1, sizeof *node->guess);
    return node->name && node->guess ? node : NULL;
}

static bool is_named(const struct node *node, const char *name, size_t size)
{
    return node->name_size == size && memcmp(node->name, name, size) == 0;
}

static stoa_status find_field(struct infer *infer, struct node *parent, const char *name,
                              size_t size, struct node **out, stoa_error *err)
{
    struct node *field = parent->hint;

    if (!field || !is_named(field, name, size))
        for (field = parent->fields; field && !is_named(field, name, size);)
            field = field->next;
    if (!field) {
        if (size > STOA__NAME_BYTES_MAX || memchr(name, '\0', size) ||
            parent->field_count >= STOA__COLUMN_COUNT_MAX)
            return stoa__fail(err, STOA_ERR_FULL,
                              "a key has %zu bytes, holds a NUL, or there are more than %d", size,
                              STOA__COLUMN_COUNT_MAX);
        field = node_new(infer, name, size);
        if (!field)
            return stoa__fail_nomem(err);
        if (parent->last)
            parent->last->next = field;
        else
            parent->fields = field;
        parent->last = field;
        parent->field_count++;
    }
    parent->hint = field->next;
    *out = field;
    return STOA_OK;
}

/* The value of a key or string, unescaped. */
static stoa_status value_of(struct infer *infer, const struct stoa__json_token *token,
                            const char **text, size_t *size, stoa_error *err)
{
    infer->scratch.size = 0;
    if (token->escaped && stoa__json_unescape(token, &infer->scratch) != STOA_OK)
        return stoa__fail_nomem(err);
    *text = token->escaped ? (const char *)infer->scratch.data : token->text;
    *size = token->escaped ? infer->scratch.size : token->size;
    if (*size == 0)
        *text = "";
    return STOA_OK;
}

static stoa_status see_scalar(struct infer *infer, struct node *node,
                              const struct stoa__json_token *token, stoa_error *err)
{
    const char *text = token->text;
    size_t size = token->size;
    stoa_status rc = STOA_OK;

    if (token->kind == STOA__JSON_NULL) {
        node->guess->nulls++;
        return STOA_OK;
    }
    node->seen |= SEEN_SCALAR;
    if (token->kind == STOA__JSON_NUMBER) {
        stoa__guess_value(node->guess, &infer->rules, text, size, infer->line);
    } else if (token->kind == STOA__JSON_TEXT) {
        rc = value_of(infer, token, &text, &size, err);
        if (rc == STOA_OK)
            stoa__guess_string(node->guess, &infer->rules, text, size, infer->line);
    } else {
        stoa__guess_only(node->guess, STOA__GUESS_BOOL, text, size, infer->line);
    }
    return rc;
}

/* The value that begins with `token`. Depth is bounded by the reader of JSON. */
static stoa_status see(struct infer *infer, struct node *node,
                       const struct stoa__json_token *token, stoa_error *err)
{
    struct stoa__json_token next;
    struct node *field = NULL;
    const char *name = "";
    size_t size = 0;
    stoa_status rc = STOA_OK;

    if (token->kind != STOA__JSON_OBJECT && token->kind != STOA__JSON_ARRAY)
        return see_scalar(infer, node, token, err);
    node->seen |= token->kind == STOA__JSON_OBJECT ? SEEN_OBJECT : SEEN_ARRAY;
    node->hint = node->fields;
    if (token->kind == STOA__JSON_ARRAY && !node->item) {
        node->item = node_new(infer, "item", 4);
        if (!node->item)
            return stoa__fail_nomem(err);
    }
    for (;;) {
        rc = stoa__json_next(&infer->json, &next, err);
        if (rc != STOA_OK || next.kind == STOA__JSON_OBJECT_END ||
            next.kind == STOA__JSON_ARRAY_END)
            return rc;
        field = node->item;
        if (next.kind == STOA__JSON_KEY) {
            rc = value_of(infer, &next, &name, &size, err);
            if (rc == STOA_OK)
                rc = find_field(infer, node, name, size, &field, err);
            if (rc == STOA_OK)
                rc = stoa__json_next(&infer->json, &next, err);
        }
        if (rc == STOA_OK)
            rc = see(infer, field, &next, err);
        if (rc != STOA_OK)
            return rc;
    }
}

/* Lines that are no objects are left for parsing to refuse. */
static stoa_status see_line(struct infer *infer, struct node *root, const char *text, size_t size,
                            stoa_error *err)
{
    struct stoa__json_token token;
    stoa_status rc;

    stoa__json_init(&infer->json, text, size);
    rc = stoa__json_next(&infer->json, &token, err);
    if (rc == STOA_OK && token.kind == STOA__JSON_OBJECT)
        rc = see(infer, root, &token, err);
    return rc == STOA_ERR_SYNTAX ? STOA_OK : rc;
}

static stoa_status see_sample(struct infer *infer, struct node *root, const uint8_t *text,
                              size_t size, bool all, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    size_t at = 0;

    while (rc == STOA_OK && at < size) {
        const uint8_t *lf = memchr(text + at, '\n', size - at);
        const size_t end = lf ? (size_t)(lf - text) : size;

        if (!lf && !all)
            break;
        infer->line++;
        rc = see_line(infer, root, (const char *)text + at, end - at, err);
        at = end + 1;
    }
    return rc;
}

/* ---- types ---- */

/* Is there a place inside a nested value that only text can hold? */
static bool is_mixed(const struct node *node)
{
    bool mixed = (node->seen & (node->seen - 1)) != 0 ||
                 (node->seen == SEEN_OBJECT && node->field_count == 0);

    if (node->item && !mixed)
        mixed = is_mixed(node->item);
    for (const struct node *field = node->fields; field && !mixed; field = field->next)
        mixed = is_mixed(field);
    if (node->seen == SEEN_SCALAR && !mixed) /* A number here, a string there. */
        mixed = stoa__guess_answer(node->guess) == STOA__GUESS_TEXT && node->guess->others;
    return mixed;
}

static stoa_status text_type(const struct node *node, struct infer *infer,
                             struct stoa__arrow_type *out, stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa_status rc = stoa__arrow_type_simple("u", node->name, true, infer->arena, &type, err);

    if (rc == STOA_OK)
        *out = *type;
    return rc;
}

static stoa_status node_type(struct infer *infer, const struct node *node,
                             struct stoa__arrow_type *out, stoa_error *err)
{
    const int32_t count = node->seen == SEEN_OBJECT ? node->field_count : 1;
    struct stoa__arrow_type *fields;
    const struct node *field = node->seen == SEEN_OBJECT ? node->fields : node->item;
    stoa_status rc = STOA_OK;

    if (node->seen == 0)
        return text_type(node, infer, out, err);
    if (node->seen == SEEN_SCALAR)
        return stoa__guess_type(node->guess, &infer->rules, node->name, infer->arena, out, err);
    fields = stoa__arena_alloc_zero(infer->arena, (size_t)count, sizeof *fields);
    if (!fields)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++, field = field->next)
        rc = node_type(infer, field, &fields[i], err);
    *out = (struct stoa__arrow_type){
        .kind = node->seen == SEEN_OBJECT ? STOA__ARROW_STRUCT : STOA__ARROW_LIST,
        .format = node->seen == SEEN_OBJECT ? "+s" : "+l",
        .zone = "",
        .name = node->name,
        .nullable = true,
        .children = fields,
        .child_count = count,
    };
    return rc;
}

static stoa_status column_type(struct infer *infer, const struct node *node,
                               struct stoa__origin *origin, struct stoa__arrow_type *out,
                               stoa_error *err)
{
    const bool nested = (node->seen & (SEEN_OBJECT | SEEN_ARRAY)) != 0;

    origin->guess = *node->guess;
    if (nested && infer->jsonl->settings.nested == 1)
        origin->why = "objects and arrays are their JSON text, as nested=json was asked for";
    else if (nested && is_mixed(node))
        origin->why = "values of different kinds, or empty objects, are their JSON text";
    else if (nested)
        origin->why = "every value of the sample has this shape";
    if (nested && (infer->jsonl->settings.nested == 1 || is_mixed(node)))
        return text_type(node, infer, out, err);
    return node_type(infer, node, out, err);
}

/* The target's columns, then those it does not have. */
static stoa_status make_columns(struct infer *infer, const struct node *root, stoa_error *err)
{
    stoa__reader *reader = &infer->jsonl->reader;
    const int32_t given = reader->target ? reader->target->child_count : 0;
    const size_t count_max = (size_t)given + (size_t)root->field_count;
    struct stoa__arrow_type *fields =
        stoa__arena_alloc_zero(infer->arena, count_max + 1, sizeof *fields);
    int32_t count = given;
    stoa_status rc = STOA_OK;

    reader->origins =
        stoa__arena_alloc_zero(infer->arena, count_max + 1, sizeof *reader->origins);
    if (!fields || !reader->origins)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < given; i++) {
        fields[i] = reader->target->children[i];
        reader->origins[i].given = true;
    }
    for (const struct node *field = root->fields; rc == STOA_OK && field; field = field->next) {
        if (stoa__reader_find(reader, field->name, field->name_size) >= 0)
            continue;
        rc = column_type(infer, field, &reader->origins[count], &fields[count], err);
        count++;
    }
    return rc == STOA_OK ? stoa__struct_type(fields, count, infer->arena, &reader->type, err) : rc;
}

stoa_status stoa__jsonl_infer(stoa__jsonl *jsonl, const uint8_t *text, size_t size, bool all,
                              stoa_error *err)
{
    struct infer infer = {
        .jsonl = jsonl,
        .arena = &jsonl->reader.arena,
        .rules = {jsonl->reader.settings.numbers, jsonl->reader.settings.times},
    };
    struct node *root = node_new(&infer, "", 0);
    stoa_status rc = root ? STOA_OK : stoa__fail_nomem(err);

    if (rc == STOA_OK)
        rc = see_sample(&infer, root, text, size, all, err);
    if (rc == STOA_OK)
        rc = make_columns(&infer, root, err);
    else
        stoa__wrap(err, "%s, line %lld", jsonl->reader.chunks.source.name,
                   (long long)infer.line);
    stoa__buffer_release(&infer.scratch);
    return rc;
}
