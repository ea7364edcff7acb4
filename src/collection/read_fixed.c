/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read_fixed.h"

#include "base/error.h"
#include "core/conn.h"
#include "core/value.h"
#include "text/civil.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- parameters ---- */

int32_t collection_read_params_add(struct read_params *params, const stoa_value *value,
                                   const void *bytes)
{
    stoa_value own = *value;

    if (stoa__value_has_bytes(value->type)) {
        own.a = (int64_t)params->bytes.size;
        if (value->b > 0 &&
            stoa__buffer_append(&params->bytes, (const uint8_t *)bytes + value->a,
                                (size_t)value->b) != STOA_OK)
            return 0;
    }
    if (stoa__buffer_append(&params->values, &own, sizeof own) != STOA_OK)
        return 0;
    return (int32_t)(params->values.size / sizeof own);
}

int32_t collection_read_params_add_text(struct read_params *params, const char *text, size_t size)
{
    const stoa_value value = {.type = STOA_TYPE_TEXT, .b = (int64_t)size};

    return collection_read_params_add(params, &value, text);
}

struct read_packed collection_read_params_packed(const struct read_params *params)
{
    return (struct read_packed){
        .values = (const stoa_value *)(const void *)params->values.data,
        .count = (int64_t)(params->values.size / sizeof(stoa_value)),
        .bytes = params->bytes.data,
        .bytes_size = (int64_t)params->bytes.size,
    };
}

void collection_read_params_release(struct read_params *params)
{
    stoa__buffer_release(&params->values);
    stoa__buffer_release(&params->bytes);
}

/* ---- instants ---- */

stoa_status collection_read_instant(const struct collection_call *call, const stoa_value *value,
                                    const uint8_t *bytes, const char *what, int64_t number,
                                    char room[COLLECTION_DATE_MAX], const char **text,
                                    size_t *size, stoa_error *err)
{
    enum { SHOWN_MAX = 60 };
    struct collection_instant at = {0};
    bool read = true;

    if (value->type == STOA_TYPE_TIMESTAMP) {
        at = collection_date_of_ticks(value->a, STOA__CIVIL_NANO);
    } else if (value->type == STOA_TYPE_DATE) {
        at = collection_date_of_days(value->a);
    } else if (value->type == STOA_TYPE_TEXT) {
        *text = collection_read_text(call, value, bytes, size);
        if (call->state->policy.dates_raw)
            return STOA_OK;
        read = collection_date_read(*text, *size, &at);
    } else {
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "%s %lld is %s, not a timestamp, a date or text", what,
                               (long long)number, stoa_type_name(value->type));
    }
    if (!read)
        return collection_fail(call, err, STOA_ERR_INVALID, "%s %lld: '%.*s' is not a date", what,
                               (long long)number, (int)(*size < SHOWN_MAX ? *size : SHOWN_MAX),
                               *text);
    *text = room;
    *size = collection_date_write(at, room);
    if (*size > 0)
        return STOA_OK;
    return collection_fail(call, err, STOA_ERR_INVALID,
                           "%s %lld is outside of the years 1 to 9999", what, (long long)number);
}

/* ---- dimensions ---- */

struct fixing {
    struct collection_call *call;
    const struct collection_table *group;
    struct read_params *params;
    stoa_error *err;
};

static stoa_status fail_value(const struct fixing *fixing, const struct collection_column *column,
                              const stoa_value *value)
{
    const char *word = value->type == STOA_TYPE_TEXT      ? "TEXT"
                       : value->type == STOA_TYPE_FLOAT64 ? "REAL"
                       : value->type == STOA_TYPE_INT64   ? "INTEGER"
                                                          : stoa_type_name(value->type);

    return collection_fail(fixing->call, fixing->err, STOA_ERR_TYPE,
                           "column '%s' has type %s but received %s", column->name,
                           collection_type_word(column->type), word);
}

static stoa_status add(const struct fixing *fixing, const stoa_value *value, const void *bytes,
                       int32_t *param)
{
    *param = collection_read_params_add(fixing->params, value, bytes);
    return *param > 0 ? STOA_OK : stoa__fail_nomem(fixing->err);
}

/* A relation by its label. */
static stoa_status add_label(const struct fixing *fixing, const struct collection_column *column,
                             const stoa_value *value, const uint8_t *bytes, int32_t *param)
{
    const struct collection_table *target =
        collection_find(fixing->call->model, column->target, strlen(column->target));
    const struct read_packed key = {value, 1, bytes, 0};
    stoa_value id = {.type = STOA_TYPE_INT64};
    stoa__buffer ids = {0};
    const char *text;
    size_t size;
    stoa_status rc = STOA_ERR_NOT_FOUND;

    if (target)
        rc = collection_read_key_ids(fixing->call, target, &key, &ids, fixing->err);
    if (rc == STOA_OK) {
        memcpy(&id.a, ids.data, sizeof id.a);
        rc = add(fixing, &id, NULL, param);
    } else if (rc == STOA_ERR_NOT_FOUND) {
        text = collection_read_text(fixing->call, value, bytes, &size);
        rc = stoa__fail(fixing->err, rc, "Failed to resolve label '%.*s' to ID in table '%s'",
                        (int)(size < 200 ? size : 200), text, column->target);
    }
    stoa__buffer_release(&ids);
    return rc;
}

static stoa_status add_value(const struct fixing *fixing, const struct collection_column *column,
                             const stoa_value *value, const uint8_t *bytes, int32_t *param)
{
    const bool whole = value->type == STOA_TYPE_INT64, text = value->type == STOA_TYPE_TEXT;
    char room[COLLECTION_DATE_MAX];
    const char *date;
    size_t size;
    stoa_status rc;

    if (column->target && text)
        return add_label(fixing, column, value, bytes, param);
    if (column->type == TYPE_DATE_TIME &&
        (text || value->type == STOA_TYPE_TIMESTAMP || value->type == STOA_TYPE_DATE)) {
        rc = collection_read_instant(fixing->call, value, bytes, column->name, 1, room, &date,
                                     &size, fixing->err);
        if (rc == STOA_OK) {
            *param = collection_read_params_add_text(fixing->params, date, size);
            rc = *param > 0 ? STOA_OK : stoa__fail_nomem(fixing->err);
        }
        return rc;
    }
    if ((column->type == TYPE_INTEGER && whole) || (column->type == TYPE_STRING && text) ||
        (column->type == TYPE_FLOAT && (whole || value->type == STOA_TYPE_FLOAT64)))
        return add(fixing, value, bytes, param);
    return fail_value(fixing, column, value);
}

stoa_status collection_read_fix(struct collection_call *call, const struct collection_table *group,
                                const struct read_packed *cells, struct read_params *params,
                                stoa__arena *arena, struct read_fixed **out, int64_t *count,
                                stoa_error *err)
{
    const struct fixing fixing = {call, group, params, err};
    struct stoa__params checked;
    stoa_status rc = stoa__params_check(cells->values, cells->count, cells->bytes,
                                        cells->bytes_size, &call->entry.leaf->conn->room, &checked,
                                        err);

    *count = 0;
    if (rc == STOA_OK && checked.count > 0 && !checked.names)
        rc = collection_fail(call, err, STOA_ERR_INVALID, "the values of dimensions have no names");
    if (rc != STOA_OK)
        return rc;
    *out = stoa__arena_alloc_zero(arena, (size_t)checked.count + 1, sizeof **out);
    if (!*out)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; rc == STOA_OK && i < checked.count; i++) {
        const struct stoa__name *name = &checked.names[i];
        struct read_fixed *fixed = &(*out)[*count];

        fixed->column = collection_find_column(group, name->text, (size_t)name->size);
        if (fixed->column < 0 || !group->columns[fixed->column].dimension)
            return collection_fail(call, err, STOA_ERR_NOT_FOUND,
                                   "'%.*s' is not a dimension of group '%s'", (int)name->size,
                                   name->text, group->group);
        rc = add_value(&fixing, &group->columns[fixed->column], &checked.values[i], cells->bytes,
                       &fixed->param);
        ++*count;
    }
    return rc;
}

void collection_read_fixed_sql(stoa__buffer *text, const struct collection_table *group,
                               const struct read_fixed *fixed, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        collection_text(text, " AND g.%Q = +?%d", group->columns[fixed[i].column].name,
                        (int)fixed[i].param);
}

/* ---- keys ---- */

stoa_status collection_read_keys_sql(struct collection_call *call,
                                     const struct collection_table *collection,
                                     const struct read_packed *keys, const char *alias,
                                     const char *before, struct read_params *params,
                                     stoa__buffer *text, stoa_error *err)
{
    stoa_value id = {.type = STOA_TYPE_INT64};
    stoa__buffer ids = {0}, json = {0};
    int32_t param = 0;
    stoa_status rc;

    if (keys->count == 0)
        return STOA_OK;
    rc = collection_read_key_ids(call, collection, keys, &ids, err);
    if (rc == STOA_OK && keys->count == 1) {
        memcpy(&id.a, ids.data, sizeof id.a);
        param = collection_read_params_add(params, &id, NULL);
        collection_text(text, "%s%s.\"id\" = +?%d", before, alias, (int)param);
    } else if (rc == STOA_OK) {
        rc = collection_read_ids_json(&ids, &json, err);
        if (rc == STOA_OK)
            param = collection_read_params_add_text(params, (const char *)json.data, json.size);
        collection_text(text, "%s%s.\"id\" IN (SELECT value FROM json_each(?%d))", before, alias,
                        (int)param);
    }
    if (rc == STOA_OK && param == 0)
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&ids);
    stoa__buffer_release(&json);
    return rc;
}
