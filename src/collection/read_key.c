/* SPDX-License-Identifier: Apache-2.0 */
/* What a read was asked for: options, names, keys. */
#include "collection/read.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/settings.h"
#include "core/value.h"
#include "text/json.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

/* ---- options ---- */

static const struct {
    int32_t knows;
    struct stoa__setting setting;
} known_options[] = {
    {READ_KNOWS_RELATIONS,
     {"relations", STOA__SETTING_CHOICE, offsetof(struct collection_read_options, labels), 0, 0,
      "id|label", false}},
    {READ_KNOWS_DATES,
     {"dates", STOA__SETTING_CHOICE, offsetof(struct collection_read_options, text), 0, 0,
      "timestamp|text", false}},
    {READ_KNOWS_KIND,
     {"kind", STOA__SETTING_CHOICE, offsetof(struct collection_read_options, kind), 0, 0,
      "any|scalar|vector|set|time_series", false}},
    {READ_KNOWS_KIND,
     {"as", STOA__SETTING_CHOICE, offsetof(struct collection_read_options, as), 0, 0,
      "declared|integer|float|text", false}},
    {READ_KNOWS_GROUPS,
     {"groups", STOA__SETTING_CHOICE, offsetof(struct collection_read_options, groups), 0, 0,
      "all|none|scalar|vector|set|time_series", false}},
};

stoa_status collection_read_options(const stoa_option *options, int64_t count, int32_t knows,
                                    struct collection_read_options *out, stoa_error *err)
{
    const size_t known_count = sizeof known_options / sizeof *known_options;
    stoa__settings settings = {0};
    stoa_status rc;

    *out = (struct collection_read_options){0};
    if (count == 0)
        return STOA_OK;
    rc = stoa__settings_add(&settings, options, count, err);
    for (size_t i = 0; rc == STOA_OK && i < known_count; i++)
        if (knows & known_options[i].knows)
            rc = stoa__settings_read(&settings, "read", &known_options[i].setting, 1, out, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "read", err);
    stoa__settings_release(&settings);
    return rc;
}

/* ---- packed values ---- */

static stoa_status check_packed(const struct read_packed *packed, const char *what,
                                stoa_error *err)
{
    if (packed->count < 0 || (!packed->values && packed->count > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "%s_count is %lld%s", what,
                          (long long)packed->count,
                          packed->count < 0 ? "" : ", and there are no values");
    if (packed->bytes_size < 0 || (!packed->bytes && packed->bytes_size > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "bytes_size is %lld%s",
                          (long long)packed->bytes_size,
                          packed->bytes_size < 0 ? "" : ", and bytes is NULL");
    return STOA_OK;
}

static stoa_status check_value(const struct read_packed *packed, int64_t index, const char *what,
                               stoa_error *err)
{
    return stoa__value_check(&packed->values[index], packed->bytes, packed->bytes_size, what,
                             index + 1, err);
}

stoa_status collection_read_check_values(const struct read_packed *packed, const char *what,
                                         stoa_error *err)
{
    stoa_status rc = check_packed(packed, what, err);

    for (int64_t i = 0; rc == STOA_OK && i < packed->count; i++)
        rc = check_value(packed, i, what, err);
    return rc;
}

stoa_status collection_read_check_names(const struct read_packed *names, const char *what,
                                        stoa_error *err)
{
    stoa_status rc = collection_read_check_values(names, what, err);

    for (int64_t i = 0; rc == STOA_OK && i < names->count; i++) {
        if (names->values[i].type != STOA_TYPE_TEXT)
            rc = stoa__fail(err, STOA_ERR_INVALID, "%s %lld is %s, not text", what,
                            (long long)(i + 1), stoa_type_name(names->values[i].type));
    }
    return rc;
}

stoa_status collection_read_check_keys(const struct read_packed *keys, stoa_error *err)
{
    stoa_status rc = check_packed(keys, "key", err);

    for (int64_t i = 0; rc == STOA_OK && i < keys->count; i++) {
        const int32_t type = keys->values[i].type;

        rc = check_value(keys, i, "key", err);
        if (rc == STOA_OK && type != STOA_TYPE_INT64 && type != STOA_TYPE_TEXT)
            rc = stoa__fail(err, STOA_ERR_INVALID,
                            "key %lld is %s: a key is an id (int64) or a label (text)",
                            (long long)(i + 1), stoa_type_name(type));
        else if (rc == STOA_OK && type != keys->values[0].type)
            rc = stoa__fail(err, STOA_ERR_INVALID, "key %lld is %s, and the first is %s",
                            (long long)(i + 1), stoa_type_name(type),
                            stoa_type_name(keys->values[0].type));
    }
    return rc;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *collection_read_text(const struct collection_call *call, const stoa_value *value,
                                 const uint8_t *bytes, size_t *size)
{
    const char *text = value->b > 0 ? (const char *)bytes + value->a : "";

    *size = (size_t)value->b;
    if (!call->state->policy.trim)
        return text;
    while (*size > 0 && is_blank(text[*size - 1]))
        --*size;
    for (; *size > 0 && is_blank(*text); --*size)
        text++;
    return text;
}

/* ---- keys ---- */

stoa_status collection_read_fail_missing(const struct collection_call *call,
                                         const struct collection_table *collection,
                                         const stoa_value *key, const uint8_t *bytes,
                                         stoa_error *err)
{
    enum { SHOWN_MAX = 200 };
    const char *text;
    size_t size;

    if (key->type == STOA_TYPE_INT64)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "Element not found: %lld in collection '%s'",
                          (long long)key->a, collection->name);
    text = collection_read_text(call, key, bytes, &size);
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "Element not found: '%.*s' in collection '%s'",
                      (int)(size < SHOWN_MAX ? size : SHOWN_MAX), text, collection->name);
}

static stoa_status look_up(struct collection_sql *sql, const struct collection_table *collection,
                           const struct read_packed *keys, int64_t index, stoa__buffer *ids,
                           stoa_error *err)
{
    const stoa_value *key = &keys->values[index];
    stoa_value value = *key;
    const char *text = "";
    size_t size = 0;
    int64_t id;
    stoa_status rc;

    if (key->type == STOA_TYPE_TEXT) {
        text = collection_read_text(sql->call, key, keys->bytes, &size);
        value = (stoa_value){.type = STOA_TYPE_TEXT, .b = (int64_t)size};
    }
    rc = collection_sql_row(sql, &value, 1, (const uint8_t *)text, (int64_t)size, err);
    if (rc == STOA_DONE)
        return collection_read_fail_missing(sql->call, collection, key, keys->bytes, err);
    if (rc != STOA_OK)
        return rc;
    id = collection_row_int64(&sql->row, 0);
    return stoa__buffer_append(ids, &id, sizeof id) == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status collection_read_key_ids(struct collection_call *call,
                                    const struct collection_table *collection,
                                    const struct read_packed *keys, stoa__buffer *ids,
                                    stoa_error *err)
{
    const bool by_label = keys->count > 0 && keys->values[0].type == STOA_TYPE_TEXT;
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT \"id\" FROM %T WHERE %Q = ?1", collection->name,
                    by_label ? "label" : "id");
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text.data, text.size, err);
    for (int64_t i = 0; rc == STOA_OK && i < keys->count; i++)
        rc = look_up(&sql, collection, keys, i, ids, err);
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left, right;

    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return (left > right) - (left < right);
}

stoa_status collection_read_ids_json(stoa__buffer *ids, stoa__buffer *out, stoa_error *err)
{
    const size_t count = ids->size / sizeof(int64_t);
    const int64_t *list = (const int64_t *)(const void *)ids->data;
    stoa_status rc = stoa__buffer_append_byte(out, '[');
    bool first = true;

    if (count > 1)
        qsort(ids->data, count, sizeof *list, compare_ids);
    for (size_t i = 0; rc == STOA_OK && i < count; i++) {
        if (i > 0 && list[i] == list[i - 1])
            continue;
        if (!first)
            rc = stoa__buffer_append_byte(out, ',');
        if (rc == STOA_OK)
            rc = stoa__json_write_int64(out, list[i]);
        first = false;
    }
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(out, ']');
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* ---- names ---- */

struct search {
    const struct collection_call *call;
    const struct collection_table *collection;
    int32_t kind;
    const char *name;
    size_t size;
    struct read_attribute *out;
    stoa_error *err;
};

static bool is_asked(int32_t kind, int32_t role)
{
    return kind == READ_KIND_ANY || kind == role + 1;
}

_Static_assert(READ_KIND_VECTOR == ROLE_VECTOR + 1 && READ_KIND_SERIES == ROLE_TIME_SERIES + 1,
               "kinds follow roles");

/* A value column or a dimension of a group: what holds it together is no attribute. */
static int32_t find_in_group(const struct collection_table *table, const char *name, size_t size)
{
    const int32_t column = collection_find_column(table, name, size);

    return column == table->id || column == table->vector_index ? -1 : column;
}

/* 'group.column', the dot anywhere. */
static bool find_spelt_out(const struct search *search)
{
    for (size_t dot = 0; dot < search->size; dot++) {
        if (search->name[dot] != '.')
            continue;
        for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++) {
            const struct collection_table *group =
                is_asked(search->kind, role)
                    ? collection_find_group(search->collection, role, search->name, dot)
                    : NULL;
            const int32_t column = group ? find_in_group(group, search->name + dot + 1,
                                                         search->size - dot - 1)
                                         : -1;

            if (column < 0)
                continue;
            search->out->table = group;
            search->out->column = column;
            return true;
        }
    }
    return false;
}

static stoa_status fail_ambiguous(const struct search *search)
{
    stoa__buffer tables = {0};
    stoa_status rc = STOA_OK;
    bool first = true;

    for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++)
        for (int32_t i = 0; rc == STOA_OK && i < search->collection->group_count[role]; i++) {
            const struct collection_table *group = search->collection->groups[role][i];

            if (find_in_group(group, search->name, search->size) < 0)
                continue;
            rc = stoa__buffer_format(&tables, "%s%s", first ? "" : ", ", group->name);
            first = false;
        }
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&tables);
    if (rc == STOA_OK)
        rc = collection_fail(search->call, search->err, STOA_ERR_INVALID,
                             "attribute '%.*s' matches several group tables (%s); write "
                             "'group.column'",
                             (int)search->size, search->name, (const char *)tables.data);
    else
        rc = stoa__fail_nomem(search->err);
    stoa__buffer_release(&tables);
    return rc;
}

/* The tables of the kinds asked for that have the column; the first of them in `out`. */
static int32_t count_groups(const struct search *search)
{
    int32_t count = 0;

    for (int32_t role = ROLE_VECTOR; role < ROLE_FILES; role++)
        for (int32_t i = 0;
             is_asked(search->kind, role) && i < search->collection->group_count[role]; i++) {
            const struct collection_table *group = search->collection->groups[role][i];
            const int32_t column = find_in_group(group, search->name, search->size);

            if (column < 0)
                continue;
            if (count++ == 0) {
                search->out->table = group;
                search->out->column = column;
            }
        }
    return count;
}

/* A kind was given: the group that has the attribute's name goes first. */
static bool find_namesake(const struct search *search)
{
    const struct collection_table *group = collection_find_group(
        search->collection, search->kind - 1, search->name, search->size);
    const int32_t column = group ? find_in_group(group, search->name, search->size) : -1;

    if (column < 0)
        return false;
    search->out->table = group;
    search->out->column = column;
    return true;
}

static stoa_status fail_unknown(const struct search *search)
{
    static const char *const kinds[] = {[READ_KIND_VECTOR] = "Vector",
                                        [READ_KIND_SET] = "Set",
                                        [READ_KIND_SERIES] = "Time series"};
    const struct collection_table *group = NULL;
    const int size = (int)search->size;

    if (search->kind > READ_KIND_SCALAR)
        group = collection_find_group(search->collection, search->kind - 1, search->name,
                                      search->size);
    if (group || search->kind == READ_KIND_SCALAR)
        return collection_fail(search->call, search->err, STOA_ERR_NOT_FOUND,
                               "column '%.*s' not found in table '%s'", size, search->name,
                               group ? group->name : search->collection->name);
    if (search->kind == READ_KIND_ANY)
        return collection_fail(search->call, search->err, STOA_ERR_NOT_FOUND,
                               "attribute '%.*s' not found in collection '%s'", size,
                               search->name, search->collection->name);
    return stoa__fail(search->err, STOA_ERR_NOT_FOUND,
                      "%s attribute '%.*s' not found for collection '%s'", kinds[search->kind],
                      size, search->name, search->collection->name);
}

static stoa_status find(const struct search *search)
{
    struct read_attribute *out = search->out;
    int32_t count;

    if (search->kind <= READ_KIND_SCALAR) {
        out->column = collection_find_column(search->collection, search->name, search->size);
        out->table = search->collection;
        if (out->column >= 0)
            return STOA_OK;
    }
    if (search->kind > READ_KIND_SCALAR && find_namesake(search))
        return STOA_OK;
    count = search->kind == READ_KIND_SCALAR ? 0 : count_groups(search);
    if (count > 1 && search->kind == READ_KIND_ANY)
        return fail_ambiguous(search);
    if (count > 0 || (search->kind != READ_KIND_SCALAR && find_spelt_out(search)))
        return STOA_OK;
    return fail_unknown(search);
}

stoa_status collection_read_find(const struct collection_call *call,
                                 const struct collection_table *collection, int32_t kind,
                                 const char *name, size_t size, stoa__arena *arena,
                                 struct read_attribute *out, stoa_error *err)
{
    const struct search search = {call, collection, kind, name, size, out, err};
    stoa_status rc;

    *out = (struct read_attribute){.column = -1};
    rc = find(&search);
    if (rc == STOA_OK && out->table->unusable)
        rc = collection_fail(call, err, STOA_ERR_INVALID, "%s", out->table->unusable);
    if (rc != STOA_OK)
        return rc;
    out->name = stoa__arena_copy_text(arena, name, size);
    return out->name ? STOA_OK : stoa__fail_nomem(err);
}
