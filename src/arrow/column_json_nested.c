/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/column_json.h"

#include "base/error.h"
#include "text/number.h"

#include "base/ban.h"

/* An array whose items are the column's: its values, or the entries of a map. */
static stoa_status read_items(struct stoa__json_reader *reader,
                              const struct stoa__json_place *place,
                              struct stoa__column *column,
                              const struct stoa__json_token *token,
                              stoa_status (*read_item)(struct stoa__json_reader *,
                                                       const struct stoa__json_place *,
                                                       struct stoa__column *,
                                                       const struct stoa__json_token *))
{
    struct stoa__json_place item = {place, NULL, 0};
    struct stoa__json_token inner;
    stoa_status rc;

    if (token->kind != STOA__JSON_ARRAY)
        return stoa__json_refuse(reader, place, column, token);
    for (;; item.index++) {
        rc = stoa__json_read(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if (inner.kind == STOA__JSON_ARRAY_END)
            return stoa__json_at(reader, place,
                                 stoa__column_end_list(column, reader->err));
        rc = read_item(reader, &item, column->children, &inner);
        if (rc != STOA_OK)
            return rc;
    }
}

stoa_status stoa__json_read_list(struct stoa__json_reader *reader,
                                 const struct stoa__json_place *place,
                                 struct stoa__column *column,
                                 const struct stoa__json_token *token)
{
    return read_items(reader, place, column, token, stoa__json_read_value);
}

/* [key, value]: one entry of a map. */
static stoa_status read_entry(struct stoa__json_reader *reader,
                              const struct stoa__json_place *place,
                              struct stoa__column *entries,
                              const struct stoa__json_token *token)
{
    struct stoa__json_token inner;
    stoa_status rc;

    if (token->kind != STOA__JSON_ARRAY)
        return stoa__json_at(
            reader, place,
            stoa__fail(reader->err, STOA_ERR_TYPE,
                       "%s is not an entry of a map, which is [key, value]",
                       stoa__json_token_name(token->kind)));
    for (int32_t i = 0; i <= 2; i++) {
        struct stoa__json_place part = {place, NULL, i};
        rc = stoa__json_read(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if ((inner.kind == STOA__JSON_ARRAY_END) != (i == 2))
            return stoa__json_at(
                reader, place,
                stoa__fail(reader->err, STOA_ERR_TYPE,
                           "an entry of a map has two parts, [key, value]"));
        if (i < 2) {
            rc = stoa__json_read_value(reader, &part, &entries->children[i], &inner);
            if (rc != STOA_OK)
                return rc;
        }
    }
    return stoa__column_end_struct(entries, reader->err);
}

stoa_status stoa__json_read_map(struct stoa__json_reader *reader,
                                const struct stoa__json_place *place,
                                struct stoa__column *column,
                                const struct stoa__json_token *token)
{
    return read_items(reader, place, column, token, read_entry);
}

/* The first field named by `key` that has no value in this row yet; fields mostly come
 * in order, so the search begins at `start`. */
static stoa_status find_field(struct stoa__json_reader *reader,
                              const struct stoa__json_place *place,
                              const struct stoa__column *column,
                              const struct stoa__json_token *key, int32_t start,
                              int32_t *index)
{
    int32_t named = -1;
    const char *text;
    size_t size;

    for (int32_t i = 0; i < column->child_count; i++) {
        int32_t field = (start + i) % column->child_count;
        if (!stoa__json_is(key, column->children[field].type->name))
            continue;
        if (stoa__column_length(&column->children[field]) == column->length) {
            *index = field;
            return STOA_OK;
        }
        named = field;
    }
    if (stoa__json_token_value(reader, key, &text, &size) != STOA_OK)
        return STOA_ERR_NOMEM;
    return stoa__json_at(reader, place,
                         stoa__fail(reader->err, STOA_ERR_TYPE,
                                    named >= 0 ? "field \"%.*s\" is there twice"
                                               : "there is no field \"%.*s\" in the type",
                                    (int)(size > 256 ? 256 : size), text));
}

/* Fields the object does not have are NULL. */
static stoa_status fill_missing(struct stoa__json_reader *reader,
                                const struct stoa__json_place *place,
                                struct stoa__column *column)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < column->child_count; i++) {
        struct stoa__column *child = &column->children[i];
        if (stoa__column_length(child) > column->length)
            continue;
        if (!child->type->nullable)
            return stoa__json_at(reader, place,
                                 stoa__fail(reader->err, STOA_ERR_TYPE,
                                            "field \"%s\" is missing and cannot be null",
                                            child->type->name));
        rc = stoa__column_append_null(child, reader->err);
    }
    return rc;
}

stoa_status stoa__json_read_struct(struct stoa__json_reader *reader,
                                   const struct stoa__json_place *place,
                                   struct stoa__column *column,
                                   const struct stoa__json_token *token)
{
    struct stoa__json_token inner;
    int32_t field = -1;
    stoa_status rc;

    if (token->kind != STOA__JSON_OBJECT)
        return stoa__json_refuse(reader, place, column, token);
    for (;;) {
        rc = stoa__json_read(reader, &inner);
        if (rc != STOA_OK || inner.kind == STOA__JSON_OBJECT_END)
            break;
        rc = find_field(reader, place, column, &inner, field + 1, &field);
        if (rc == STOA_OK)
            rc = stoa__json_read(reader, &inner);
        if (rc != STOA_OK)
            break;
        struct stoa__json_place below = {place, column->children[field].type->name, 0};
        rc = stoa__json_read_value(reader, &below, &column->children[field], &inner);
        if (rc != STOA_OK)
            break;
    }
    if (rc == STOA_OK)
        rc = fill_missing(reader, place, column);
    return rc == STOA_OK ? stoa__column_end_struct(column, reader->err) : rc;
}

/* What has been seen of {"t": type id, "v": value}, in whichever order. */
struct variant {
    int32_t child; /* -1: not seen. */
    bool seen;     /* The value: read if `child` was known, else kept for later: */
    stoa__json kept;
    struct stoa__json_token token;
};

static stoa_status read_type_id(struct stoa__json_reader *reader,
                                const struct stoa__json_place *place,
                                struct stoa__column *column, struct variant *variant)
{
    struct stoa__json_token token;
    int64_t id = 0;
    stoa_status rc = stoa__json_read(reader, &token);

    if (rc != STOA_OK)
        return rc;
    if (variant->child >= 0)
        return stoa__json_at(
            reader, place,
            stoa__fail(reader->err, STOA_ERR_TYPE, "\"t\" is there twice"));
    if (token.kind != STOA__JSON_NUMBER)
        return stoa__json_at(reader, place,
                             stoa__fail(reader->err, STOA_ERR_TYPE,
                                        "\"t\" is %s, not a type id",
                                        stoa__json_token_name(token.kind)));
    rc = stoa__int64_parse(token.text, token.size, &id, reader->err);
    if (rc != STOA_OK)
        return stoa__json_at(reader, place, rc);
    variant->child = stoa__column_union_child(column, id);
    if (variant->child < 0)
        return stoa__json_at(reader, place,
                             stoa__fail(reader->err, STOA_ERR_TYPE,
                                        "the union has no type id %lld", (long long)id));
    return STOA_OK;
}

static stoa_status read_variant_value(struct stoa__json_reader *reader,
                                      const struct stoa__json_place *place,
                                      struct stoa__column *column,
                                      struct variant *variant,
                                      const struct stoa__json_token *token)
{
    struct stoa__json_place below = {place, "v", 0};

    return stoa__json_read_value(reader, &below, &column->children[variant->child],
                                 token);
}

static stoa_status read_variant_part(struct stoa__json_reader *reader,
                                     const struct stoa__json_place *place,
                                     struct stoa__column *column, struct variant *variant,
                                     const struct stoa__json_token *key)
{
    struct stoa__json_token token;
    stoa_status rc;

    if (stoa__json_is(key, "t"))
        return read_type_id(reader, place, column, variant);
    if (!stoa__json_is(key, "v") || variant->seen)
        return stoa__json_at(
            reader, place,
            stoa__fail(reader->err, STOA_ERR_TYPE,
                       "a union's value is {\"t\": type id, \"v\": value} and no more"));
    variant->seen = true;
    rc = stoa__json_read(reader, &token);
    if (rc != STOA_OK)
        return rc;
    if (variant->child >= 0)
        return read_variant_value(reader, place, column, variant, &token);
    variant->kept = reader->json;
    variant->token = token;
    return stoa__json_skip(&reader->json, &token, reader->err);
}

stoa_status stoa__json_read_union(struct stoa__json_reader *reader,
                                  const struct stoa__json_place *place,
                                  struct stoa__column *column,
                                  const struct stoa__json_token *token)
{
    struct variant variant = {.child = -1};
    struct stoa__json_token inner;
    stoa__json after;
    stoa_status rc;

    if (token->kind != STOA__JSON_OBJECT)
        return stoa__json_refuse(reader, place, column, token);
    for (;;) {
        rc = stoa__json_read(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if (inner.kind == STOA__JSON_OBJECT_END)
            break;
        rc = read_variant_part(reader, place, column, &variant, &inner);
        if (rc != STOA_OK)
            return rc;
    }
    if (variant.child < 0 || !variant.seen)
        return stoa__json_at(reader, place,
                             stoa__fail(reader->err, STOA_ERR_TYPE,
                                        "\"%s\" of the union's value is missing",
                                        variant.child < 0 ? "t" : "v"));
    if (variant.kept.text) {
        after = reader->json;
        reader->json = variant.kept;
        rc = read_variant_value(reader, place, column, &variant, &variant.token);
        reader->json = after;
    }
    if (rc != STOA_OK)
        return rc;
    return stoa__column_end_union(column, column->type->union_ids[variant.child],
                                  reader->err);
}
