/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_line.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/json.h"


#include "base/ban.h"

static stoa_status append_null(struct stoa__column *column, stoa_error *err)
{
    if (!column->type->nullable)
        return stoa__fail(err, STOA_ERR_TYPE, "it is NULL or missing, which the column does not "
                                              "take");
    return stoa__column_append_null(column, err);
}

/* Nothing but the value may be there. */
static stoa_status pass_value(stoa__json *json, const struct stoa__json_token *token,
                              stoa_error *err)
{
    struct stoa__json_token end;
    stoa_status rc = stoa__json_skip(json, token, err);

    return rc == STOA_OK ? stoa__json_next(json, &end, err) : rc;
}

static stoa_status append_string(stoa__json_worker *worker, struct stoa__column *column,
                                 const struct stoa__json_token *token, stoa_error *err)
{
    const char *text = token->text;
    size_t size = token->size;

    if (token->escaped) {
        worker->scratch.size = 0;
        if (stoa__json_unescape(token, &worker->scratch) != STOA_OK)
            return stoa__fail_nomem(err);
        text = (const char *)worker->scratch.data;
        size = worker->scratch.size;
    }
    return stoa__convert_text(&worker->convert, column, size > 0 ? text : "", size, err);
}

stoa_status stoa__json_append_value(stoa__json_worker *worker, int32_t index,
                                    const uint8_t *text, size_t size, stoa_error *err)
{
    struct stoa__column *column = worker->columns[index], *target = worker->targets[index];
    const enum stoa__arrow_kind kind = target->type->kind;
    struct stoa__json_token token;
    stoa__json json;
    stoa_status rc;

    stoa__json_init(&json, (const char *)text, size);
    rc = stoa__json_next(&json, &token, err);
    if (rc == STOA_OK)
        rc = pass_value(&json, &token, err);
    if (rc != STOA_OK)
        return rc;
    if (token.kind == STOA__JSON_NULL)
        return append_null(column, err);
    if (token.kind == STOA__JSON_TEXT &&
        (stoa__arrow_is_text(kind) || stoa__arrow_is_binary(kind)))
        return append_string(worker, target, &token, err);
    if (stoa__arrow_is_text(kind))
        return stoa__column_append_bytes(target, text, (int64_t)size, err);
    return stoa__column_append_json(column, (const char *)text, (int64_t)size, err);
}

bool stoa__json_fill_missing(stoa__json_worker *worker, int64_t row)
{
    for (int32_t i = 0; i < stoa__json_column_count(worker); i++) {
        if (stoa__json_has_value(worker, i, row))
            continue;
        if (append_null(worker->columns[i], &worker->error) != STOA_OK) {
            worker->fault_column = i + 1;
            return false;
        }
    }
    return true;
}

/* The end of the value that `token`, just read, begins. */
static stoa_status value_end(stoa__json *json, const struct stoa__json_token *token, size_t *end,
                             stoa_error *err)
{
    struct stoa__json_token next = *token;
    const int32_t depth = json->depth;
    stoa_status rc = STOA_OK;

    if (token->kind == STOA__JSON_OBJECT || token->kind == STOA__JSON_ARRAY)
        while (rc == STOA_OK && json->depth >= depth)
            rc = stoa__json_next(json, &next, err);
    /* Strings have a quote on each side; brackets are one byte. */
    *end = next.position + next.size + (next.kind == STOA__JSON_TEXT ? 2 : 0);
    if (next.kind == STOA__JSON_OBJECT_END || next.kind == STOA__JSON_ARRAY_END)
        *end = next.position + 1;
    return rc;
}

static stoa_status key_column(stoa__json_worker *worker, const struct stoa__json_token *key,
                              int64_t row, int32_t *index)
{
    const uint8_t *name = (const uint8_t *)key->text;
    size_t size = key->size;

    if (key->escaped) {
        worker->scratch.size = 0;
        if (stoa__json_unescape(key, &worker->scratch) != STOA_OK)
            return stoa__fail_nomem(&worker->error);
        name = worker->scratch.data;
        size = worker->scratch.size;
    }
    *index = stoa__jsonl_find(worker->jsonl, name, size);
    if (*index < 0 && worker->jsonl->settings.unknown == 0)
        return stoa__fail(&worker->error, STOA_ERR_TYPE,
                          "the key '%.*s' is no column: the sample did not have it "
                          "(unknown=ignore passes over it)",
                          (int)(size < 80 ? size : 80), (const char *)name);
    if (*index >= 0 && stoa__json_has_value(worker, *index, row))
        return stoa__fail(&worker->error, STOA_ERR_TYPE, "the key '%.*s' is there twice",
                          (int)(size < 80 ? size : 80), (const char *)name);
    return STOA_OK;
}

static stoa_status read_pair(stoa__json_worker *worker, stoa__json *json, const uint8_t *line,
                             const struct stoa__json_token *key, int64_t row)
{
    struct stoa__json_token token;
    int32_t index = -1;
    size_t end = 0;
    stoa_status rc = key_column(worker, key, row, &index);

    worker->fault = line + key->position;
    if (rc == STOA_OK)
        rc = stoa__json_next(json, &token, &worker->error);
    if (rc == STOA_OK)
        rc = value_end(json, &token, &end, &worker->error);
    if (rc != STOA_OK || index < 0)
        return rc;
    rc = stoa__json_append_value(worker, index, line + token.position, end - token.position,
                      &worker->error);
    if (rc != STOA_OK) {
        worker->fault = line + token.position;
        worker->fault_column = index + 1;
    }
    return rc;
}

bool stoa__json_read_strict(stoa__json_worker *worker, const uint8_t *line, size_t size,
                            int64_t row)
{
    struct stoa__json_token token;
    stoa__json json;
    stoa_status rc;

    stoa__json_init(&json, (const char *)line, size);
    rc = stoa__json_next(&json, &token, &worker->error);
    if (rc == STOA_OK && token.kind != STOA__JSON_OBJECT)
        rc = stoa__fail(&worker->error, STOA_ERR_TYPE,
                        token.kind == STOA__JSON_ARRAY
                            ? "the line is no object but an array, whose elements want a line each "
                              "(jq -c '.[]' writes them so)"
                            : "the line is no object");
    while (rc == STOA_OK) {
        rc = stoa__json_next(&json, &token, &worker->error);
        if (rc == STOA_OK && token.kind == STOA__JSON_OBJECT_END)
            break;
        if (rc == STOA_OK)
            rc = read_pair(worker, &json, line, &token, row);
    }
    if (rc == STOA_OK)
        rc = stoa__json_next(&json, &token, &worker->error); /* Nothing may follow. */
    return rc == STOA_OK && stoa__json_fill_missing(worker, row);
}
