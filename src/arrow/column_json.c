/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cell.h"

#include "arrow/cell_text.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/base64.h"
#include "text/decimal.h"
#include "text/json.h"
#include "text/number.h"

#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { PATH_TEXT_MAX = 256 };

/* Where in the JSON a value is; a chain on the stack, written out only for an error. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an item of an array. */
    int64_t index;
};

struct reader {
    stoa__json json;
    stoa__buffer scratch; /* Unescaped text, or the bytes of base64. */
    stoa_error *err;
};

static stoa_status read_value(struct reader *reader, const struct place *place,
                              struct stoa__column *column,
                              const struct stoa__json_token *token);

/* Steps that do not fit are left out. */
static size_t place_text(const struct place *place, char *text, size_t capacity)
{
    size_t used = 1;
    int size;

    if (!place->up) {
        text[0] = '$';
        return used;
    }
    used = place_text(place->up, text, capacity);
    if (place->name)
        size = snprintf(text + used, capacity - used, ".%s", place->name);
    else
        size = snprintf(text + used, capacity - used, "[%lld]", (long long)place->index);
    if (size > 0 && (size_t)size < capacity - used)
        used += (size_t)size;
    return used;
}

/* Put the path in front of what is wrong; `code` is passed on. */
static stoa_status at(struct reader *reader, const struct place *place, stoa_status code)
{
    char text[PATH_TEXT_MAX];
    size_t size;

    if (code < 0 && code != STOA_ERR_NOMEM && reader->err) {
        size = place_text(place, text, sizeof(text));
        stoa__wrap(reader->err, "%.*s", (int)size, text);
    }
    return code;
}

static const char *token_name(enum stoa__json_kind kind)
{
    static const char *const names[] = {
        [STOA__JSON_END] = "nothing",   [STOA__JSON_OBJECT] = "an object",
        [STOA__JSON_OBJECT_END] = "}",  [STOA__JSON_ARRAY] = "an array",
        [STOA__JSON_ARRAY_END] = "]",   [STOA__JSON_KEY] = "a key",
        [STOA__JSON_TEXT] = "a string", [STOA__JSON_NUMBER] = "a number",
        [STOA__JSON_TRUE] = "true",     [STOA__JSON_FALSE] = "false",
        [STOA__JSON_NULL] = "null",
    };
    return names[kind];
}

static stoa_status refuse(struct reader *reader, const struct place *place,
                          const struct stoa__column *column,
                          const struct stoa__json_token *token)
{
    char text[128];

    stoa__arrow_type_text(column->type, text, sizeof(text));
    return at(reader, place,
              stoa__fail(reader->err, STOA_ERR_TYPE, "%s is not a value of %s",
                         token_name(token->kind), text));
}

static stoa_status next(struct reader *reader, struct stoa__json_token *token)
{
    return stoa__json_next(&reader->json, token, reader->err);
}

/* The value of a string token: in the input, or unescaped in `scratch`. */
static stoa_status token_value(struct reader *reader,
                               const struct stoa__json_token *token, const char **text,
                               size_t *size)
{
    *text = token->text;
    *size = token->size;
    if (!token->escaped)
        return STOA_OK;
    reader->scratch.size = 0;
    if (stoa__json_unescape(token, &reader->scratch) != STOA_OK)
        return stoa__fail_nomem(reader->err);
    *text = (const char *)reader->scratch.data;
    *size = reader->scratch.size;
    return STOA_OK;
}

/* A whole number written with a point or an exponent, such as 1e3. */
static stoa_status read_whole(struct reader *reader, struct stoa__column *column,
                              const struct stoa__json_token *token)
{
    bool is_unsigned = column->type->kind == STOA__ARROW_UINT64;
    char decimal[16];
    uint64_t bits = 0;
    int64_t value = 0;
    stoa_status rc = stoa__decimal_parse(token->text, token->size, 38, 0, sizeof(decimal),
                                         decimal, reader->err);

    if (rc != STOA_OK)
        return rc;
    if (is_unsigned) {
        rc = stoa__decimal_to_uint64(decimal, sizeof(decimal), 0, &bits, reader->err);
        value = (int64_t)bits;
    } else {
        rc = stoa__decimal_to_int64(decimal, sizeof(decimal), 0, &value, reader->err);
    }
    return rc == STOA_OK ? stoa__column_append_int64(column, value, reader->err) : rc;
}

/* A number where the type's text is another: temporal values count in their unit. */
static stoa_status read_number(struct reader *reader, struct stoa__column *column,
                               const struct stoa__json_token *token)
{
    enum stoa__arrow_kind kind = column->type->kind;
    bool plain = true;

    for (size_t i = 0; i < token->size; i++)
        plain = plain && strchr(".eE", token->text[i]) == NULL;
    if (stoa__arrow_is_integral(kind) &&
        (!plain || stoa__arrow_is_temporal(kind) || kind == STOA__ARROW_BOOL))
        return read_whole(reader, column, token);
    return stoa__column_append_text(column, token->text, token->size, reader->err);
}

static stoa_status read_base64(struct reader *reader, struct stoa__column *column,
                               const char *text, size_t size)
{
    stoa__buffer bytes = {0};
    stoa_status rc = stoa__base64_decode(text, size, &bytes, reader->err);

    if (rc == STOA_OK)
        rc = stoa__column_append_bytes(column, bytes.data, (int64_t)bytes.size,
                                       reader->err);
    stoa__buffer_release(&bytes);
    return rc;
}

static stoa_status read_scalar(struct reader *reader, const struct place *place,
                               struct stoa__column *column,
                               const struct stoa__json_token *token)
{
    enum stoa__arrow_kind kind = column->type->kind;
    bool binary = stoa__arrow_is_binary(kind);
    bool text_kind = stoa__arrow_is_text(kind);
    bool interval = kind == STOA__ARROW_INTERVAL_DAYS_MS ||
                    kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS;
    const char *text;
    size_t size;
    stoa_status rc;

    if (token->kind == STOA__JSON_TEXT) {
        rc = token_value(reader, token, &text, &size);
        if (rc == STOA_OK)
            rc = binary ? read_base64(reader, column, text, size)
                        : stoa__column_append_text(column, text, size, reader->err);
        return at(reader, place, rc);
    }
    if (token->kind == STOA__JSON_NUMBER && !binary && !text_kind && !interval)
        return at(reader, place, read_number(reader, column, token));
    if (kind == STOA__ARROW_BOOL &&
        (token->kind == STOA__JSON_TRUE || token->kind == STOA__JSON_FALSE))
        return stoa__column_append_int64(column, token->kind == STOA__JSON_TRUE,
                                         reader->err);
    return refuse(reader, place, column, token);
}

static stoa_status read_list(struct reader *reader, const struct place *place,
                             struct stoa__column *column,
                             const struct stoa__json_token *token)
{
    struct place item = {place, NULL, 0};
    struct stoa__json_token inner;
    stoa_status rc;

    if (token->kind != STOA__JSON_ARRAY)
        return refuse(reader, place, column, token);
    for (;; item.index++) {
        rc = next(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if (inner.kind == STOA__JSON_ARRAY_END)
            return at(reader, place, stoa__column_end_list(column, reader->err));
        rc = read_value(reader, &item, column->children, &inner);
        if (rc != STOA_OK)
            return rc;
    }
}

/* [key, value]: one entry of a map. */
static stoa_status read_entry(struct reader *reader, const struct place *place,
                              struct stoa__column *entries,
                              const struct stoa__json_token *token)
{
    struct stoa__json_token inner;
    stoa_status rc;

    if (token->kind != STOA__JSON_ARRAY)
        return at(reader, place,
                  stoa__fail(reader->err, STOA_ERR_TYPE,
                             "%s is not an entry of a map, which is [key, value]",
                             token_name(token->kind)));
    for (int32_t i = 0; i <= 2; i++) {
        struct place part = {place, NULL, i};
        rc = next(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if ((inner.kind == STOA__JSON_ARRAY_END) != (i == 2))
            return at(reader, place,
                      stoa__fail(reader->err, STOA_ERR_TYPE,
                                 "an entry of a map has two parts, [key, value]"));
        if (i < 2) {
            rc = read_value(reader, &part, &entries->children[i], &inner);
            if (rc != STOA_OK)
                return rc;
        }
    }
    return stoa__column_end_struct(entries, reader->err);
}

static stoa_status read_map(struct reader *reader, const struct place *place,
                            struct stoa__column *column,
                            const struct stoa__json_token *token)
{
    struct place entry = {place, NULL, 0};
    struct stoa__json_token inner;
    stoa_status rc;

    if (token->kind != STOA__JSON_ARRAY)
        return refuse(reader, place, column, token);
    for (;; entry.index++) {
        rc = next(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if (inner.kind == STOA__JSON_ARRAY_END)
            return at(reader, place, stoa__column_end_list(column, reader->err));
        rc = read_entry(reader, &entry, column->children, &inner);
        if (rc != STOA_OK)
            return rc;
    }
}

/* The first field named by `key` that has no value in this row yet; fields mostly come
 * in order, so the search begins at `start`. */
static stoa_status find_field(struct reader *reader, const struct place *place,
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
    if (token_value(reader, key, &text, &size) != STOA_OK)
        return STOA_ERR_NOMEM;
    return at(reader, place,
              stoa__fail(reader->err, STOA_ERR_TYPE,
                         named >= 0 ? "field \"%.*s\" is there twice"
                                    : "there is no field \"%.*s\" in the type",
                         (int)(size > 256 ? 256 : size), text));
}

/* Fields the object does not have are NULL. */
static stoa_status fill_missing(struct reader *reader, const struct place *place,
                                struct stoa__column *column)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < column->child_count; i++) {
        struct stoa__column *child = &column->children[i];
        if (stoa__column_length(child) > column->length)
            continue;
        if (!child->type->nullable)
            return at(reader, place,
                      stoa__fail(reader->err, STOA_ERR_TYPE,
                                 "field \"%s\" is missing and cannot be null",
                                 child->type->name));
        rc = stoa__column_append_null(child, reader->err);
    }
    return rc;
}

static stoa_status read_struct(struct reader *reader, const struct place *place,
                               struct stoa__column *column,
                               const struct stoa__json_token *token)
{
    struct stoa__json_token inner;
    int32_t field = -1;
    stoa_status rc;

    if (token->kind != STOA__JSON_OBJECT)
        return refuse(reader, place, column, token);
    for (;;) {
        rc = next(reader, &inner);
        if (rc != STOA_OK || inner.kind == STOA__JSON_OBJECT_END)
            break;
        rc = find_field(reader, place, column, &inner, field + 1, &field);
        if (rc == STOA_OK)
            rc = next(reader, &inner);
        if (rc != STOA_OK)
            break;
        struct place below = {place, column->children[field].type->name, 0};
        rc = read_value(reader, &below, &column->children[field], &inner);
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

static stoa_status read_type_id(struct reader *reader, const struct place *place,
                                struct stoa__column *column, struct variant *variant)
{
    struct stoa__json_token token;
    int64_t id = 0;
    stoa_status rc = next(reader, &token);

    if (rc != STOA_OK)
        return rc;
    if (variant->child >= 0)
        return at(reader, place,
                  stoa__fail(reader->err, STOA_ERR_TYPE, "\"t\" is there twice"));
    if (token.kind != STOA__JSON_NUMBER)
        return at(reader, place,
                  stoa__fail(reader->err, STOA_ERR_TYPE, "\"t\" is %s, not a type id",
                             token_name(token.kind)));
    rc = stoa__int64_parse(token.text, token.size, &id, reader->err);
    if (rc != STOA_OK)
        return at(reader, place, rc);
    variant->child = stoa__column_union_child(column, id);
    if (variant->child < 0)
        return at(reader, place,
                  stoa__fail(reader->err, STOA_ERR_TYPE, "the union has no type id %lld",
                             (long long)id));
    return STOA_OK;
}

static stoa_status read_variant_value(struct reader *reader, const struct place *place,
                                      struct stoa__column *column,
                                      struct variant *variant,
                                      const struct stoa__json_token *token)
{
    struct place below = {place, "v", 0};

    return read_value(reader, &below, &column->children[variant->child], token);
}

static stoa_status read_variant_part(struct reader *reader, const struct place *place,
                                     struct stoa__column *column, struct variant *variant,
                                     const struct stoa__json_token *key)
{
    struct stoa__json_token token;
    stoa_status rc;

    if (stoa__json_is(key, "t"))
        return read_type_id(reader, place, column, variant);
    if (!stoa__json_is(key, "v") || variant->seen)
        return at(
            reader, place,
            stoa__fail(reader->err, STOA_ERR_TYPE,
                       "a union's value is {\"t\": type id, \"v\": value} and no more"));
    variant->seen = true;
    rc = next(reader, &token);
    if (rc != STOA_OK)
        return rc;
    if (variant->child >= 0)
        return read_variant_value(reader, place, column, variant, &token);
    variant->kept = reader->json;
    variant->token = token;
    return stoa__json_skip(&reader->json, &token, reader->err);
}

static stoa_status read_union(struct reader *reader, const struct place *place,
                              struct stoa__column *column,
                              const struct stoa__json_token *token)
{
    struct variant variant = {.child = -1};
    struct stoa__json_token inner;
    stoa__json after;
    stoa_status rc;

    if (token->kind != STOA__JSON_OBJECT)
        return refuse(reader, place, column, token);
    for (;;) {
        rc = next(reader, &inner);
        if (rc != STOA_OK)
            return rc;
        if (inner.kind == STOA__JSON_OBJECT_END)
            break;
        rc = read_variant_part(reader, place, column, &variant, &inner);
        if (rc != STOA_OK)
            return rc;
    }
    if (variant.child < 0 || !variant.seen)
        return at(reader, place,
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

static stoa_status read_value(struct reader *reader, const struct place *place,
                              struct stoa__column *column,
                              const struct stoa__json_token *token)
{
    bool nullable = column->type->nullable;

    column = stoa__column_target(column);
    if (token->kind == STOA__JSON_NULL) {
        if (!nullable && column->type->kind != STOA__ARROW_NULL)
            return refuse(reader, place, column, token);
        return stoa__column_append_null(column, reader->err);
    }
    switch ((int)column->type->kind) {
    case STOA__ARROW_NULL:
        return refuse(reader, place, column, token);
    case STOA__ARROW_STRUCT:
        return read_struct(reader, place, column, token);
    case STOA__ARROW_MAP:
        return read_map(reader, place, column, token);
    case STOA__ARROW_DENSE_UNION:
    case STOA__ARROW_SPARSE_UNION:
        return read_union(reader, place, column, token);
    default:
        return stoa__arrow_is_list(column->type->kind)
                   ? read_list(reader, place, column, token)
                   : read_scalar(reader, place, column, token);
    }
}

stoa_status stoa__column_append_json(struct stoa__column *column, const char *text,
                                     int64_t size, stoa_error *err)
{
    struct place root = {NULL, NULL, 0};
    struct reader reader = {.err = err};
    struct stoa__json_token token;
    int64_t before = stoa__column_length(column);
    stoa_status rc;

    stoa__json_init(&reader.json, text, (size_t)size);
    rc = next(&reader, &token);
    if (rc == STOA_OK)
        rc = read_value(&reader, &root, column, &token);
    if (rc == STOA_OK)
        rc = next(&reader, &token);
    stoa__buffer_release(&reader.scratch);
    if (rc != STOA_OK)
        stoa__column_truncate(column, before);
    return rc;
}
