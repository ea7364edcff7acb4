/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/column_json.h"

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

/* Steps that do not fit are left out. */
static size_t place_text(const struct stoa__json_place *place, char *text,
                         size_t capacity)
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

stoa_status stoa__json_at(struct stoa__json_reader *reader,
                          const struct stoa__json_place *place, stoa_status code)
{
    char text[PATH_TEXT_MAX];
    size_t size;

    if (code < 0 && code != STOA_ERR_NOMEM && reader->err) {
        size = place_text(place, text, sizeof(text));
        stoa__wrap(reader->err, "%.*s", (int)size, text);
    }
    return code;
}

const char *stoa__json_token_name(enum stoa__json_kind kind)
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

stoa_status stoa__json_refuse(struct stoa__json_reader *reader,
                              const struct stoa__json_place *place,
                              const struct stoa__column *column,
                              const struct stoa__json_token *token)
{
    char text[128];

    stoa__arrow_type_text(column->type, text, sizeof(text));
    return stoa__json_at(reader, place,
                         stoa__fail(reader->err, STOA_ERR_TYPE, "%s is not a value of %s",
                                    stoa__json_token_name(token->kind), text));
}

stoa_status stoa__json_read(struct stoa__json_reader *reader,
                            struct stoa__json_token *token)
{
    return stoa__json_next(&reader->json, token, reader->err);
}

stoa_status stoa__json_token_value(struct stoa__json_reader *reader,
                                   const struct stoa__json_token *token,
                                   const char **text, size_t *size)
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
static stoa_status read_whole(struct stoa__json_reader *reader,
                              struct stoa__column *column,
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
static stoa_status read_number(struct stoa__json_reader *reader,
                               struct stoa__column *column,
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

static stoa_status read_base64(struct stoa__json_reader *reader,
                               struct stoa__column *column, const char *text, size_t size)
{
    stoa__buffer bytes = {0};
    stoa_status rc = stoa__base64_decode(text, size, &bytes, reader->err);

    if (rc == STOA_OK)
        rc = stoa__column_append_bytes(column, bytes.data, (int64_t)bytes.size,
                                       reader->err);
    stoa__buffer_release(&bytes);
    return rc;
}

static stoa_status read_scalar(struct stoa__json_reader *reader,
                               const struct stoa__json_place *place,
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
        rc = stoa__json_token_value(reader, token, &text, &size);
        if (rc == STOA_OK)
            rc = binary ? read_base64(reader, column, text, size)
                        : stoa__column_append_text(column, text, size, reader->err);
        return stoa__json_at(reader, place, rc);
    }
    if (token->kind == STOA__JSON_NUMBER && !binary && !text_kind && !interval)
        return stoa__json_at(reader, place, read_number(reader, column, token));
    if (kind == STOA__ARROW_BOOL &&
        (token->kind == STOA__JSON_TRUE || token->kind == STOA__JSON_FALSE))
        return stoa__column_append_int64(column, token->kind == STOA__JSON_TRUE,
                                         reader->err);
    return stoa__json_refuse(reader, place, column, token);
}

stoa_status stoa__json_read_value(struct stoa__json_reader *reader,
                                  const struct stoa__json_place *place,
                                  struct stoa__column *column,
                                  const struct stoa__json_token *token)
{
    bool nullable = column->type->nullable;

    column = stoa__column_target(column);
    if (token->kind == STOA__JSON_NULL) {
        if (!nullable && column->type->kind != STOA__ARROW_NULL)
            return stoa__json_refuse(reader, place, column, token);
        return stoa__column_append_null(column, reader->err);
    }
    switch ((int)column->type->kind) {
    case STOA__ARROW_NULL:
        return stoa__json_refuse(reader, place, column, token);
    case STOA__ARROW_STRUCT:
        return stoa__json_read_struct(reader, place, column, token);
    case STOA__ARROW_MAP:
        return stoa__json_read_map(reader, place, column, token);
    case STOA__ARROW_DENSE_UNION:
    case STOA__ARROW_SPARSE_UNION:
        return stoa__json_read_union(reader, place, column, token);
    default:
        return stoa__arrow_is_list(column->type->kind)
                   ? stoa__json_read_list(reader, place, column, token)
                   : read_scalar(reader, place, column, token);
    }
}

stoa_status stoa__column_append_json(struct stoa__column *column, const char *text,
                                     int64_t size, stoa_error *err)
{
    struct stoa__json_place root = {NULL, NULL, 0};
    struct stoa__json_reader reader = {.err = err};
    struct stoa__json_token token;
    int64_t before = stoa__column_length(column);
    stoa_status rc;

    stoa__json_init(&reader.json, text, (size_t)size);
    rc = stoa__json_read(&reader, &token);
    if (rc == STOA_OK)
        rc = stoa__json_read_value(&reader, &root, column, &token);
    if (rc == STOA_OK)
        rc = stoa__json_read(&reader, &token);
    stoa__buffer_release(&reader.scratch);
    if (rc != STOA_OK)
        stoa__column_truncate(column, before);
    return rc;
}
