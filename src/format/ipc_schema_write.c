/* SPDX-License-Identifier: Apache-2.0 */
/* Types as Schema tables. */
#include "format/ipc.h"
#include "format/ipc_types.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* What a type's own table holds: up to three numbers. */
struct parameters {
    enum stoa__ipc_type id;
    struct stoa__flat_fields fields;
    int64_t values[3];
};

static void add(struct parameters *to, size_t width, int64_t value)
{
    assert(to->fields.count < 3);
    to->values[to->fields.count] = value;
    to->fields.width[to->fields.count++] = width;
}

static void describe_number(const struct stoa__arrow_type *type, struct parameters *out)
{
    static const struct {
        int8_t bits, is_signed;
    } whole[] = {{8, 1}, {16, 1}, {32, 1}, {64, 1}, {8, 0}, {16, 0}, {32, 0}, {64, 0}};

    if (type->kind <= STOA__ARROW_UINT64) {
        out->id = STOA__IPC_INT;
        add(out, 4, whole[type->kind - STOA__ARROW_INT8].bits);
        add(out, 1, whole[type->kind - STOA__ARROW_INT8].is_signed);
    } else if (type->kind <= STOA__ARROW_FLOAT64) {
        out->id = STOA__IPC_FLOAT;
        add(out, 2, type->kind - STOA__ARROW_FLOAT16);
    } else {
        out->id = STOA__IPC_DECIMAL;
        add(out, 4, type->precision);
        add(out, 4, type->scale);
        add(out, 4, 8 * (int64_t)type->width);
    }
}

static void describe_time(const struct stoa__arrow_type *type, struct parameters *out)
{
    const int64_t unit = (int64_t)type->unit - STOA__UNIT_SECOND;

    switch ((int)type->kind) {
    case STOA__ARROW_DATE32:
    case STOA__ARROW_DATE64:
        out->id = STOA__IPC_DATE;
        add(out, 2, type->kind == STOA__ARROW_DATE64);
        break;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        out->id = STOA__IPC_TIME;
        add(out, 2, unit);
        add(out, 4, type->kind == STOA__ARROW_TIME64 ? 64 : 32);
        break;
    case STOA__ARROW_TIMESTAMP:
        out->id = STOA__IPC_TIMESTAMP;
        add(out, 2, unit);
        add(out, type->zone[0] ? 4 : 0, 0); /* The zone, put in behind. */
        break;
    case STOA__ARROW_DURATION:
        out->id = STOA__IPC_DURATION;
        add(out, 2, unit);
        break;
    default:
        out->id = STOA__IPC_INTERVAL;
        add(out, 2, type->kind - STOA__ARROW_INTERVAL_MONTHS);
        break;
    }
}

static void describe(const struct stoa__arrow_type *type, struct parameters *out)
{
    static const uint8_t plain[STOA__ARROW_KIND_COUNT] = {
        [STOA__ARROW_NULL] = STOA__IPC_NULL,
        [STOA__ARROW_BOOL] = STOA__IPC_BOOL,
        [STOA__ARROW_UTF8] = STOA__IPC_UTF8,
        [STOA__ARROW_LARGE_UTF8] = STOA__IPC_LARGE_UTF8,
        [STOA__ARROW_UTF8_VIEW] = STOA__IPC_UTF8_VIEW,
        [STOA__ARROW_BINARY] = STOA__IPC_BINARY,
        [STOA__ARROW_LARGE_BINARY] = STOA__IPC_LARGE_BINARY,
        [STOA__ARROW_BINARY_VIEW] = STOA__IPC_BINARY_VIEW,
        [STOA__ARROW_LIST] = STOA__IPC_LIST,
        [STOA__ARROW_LARGE_LIST] = STOA__IPC_LARGE_LIST,
        [STOA__ARROW_LIST_VIEW] = STOA__IPC_LIST_VIEW,
        [STOA__ARROW_LARGE_LIST_VIEW] = STOA__IPC_LARGE_LIST_VIEW,
        [STOA__ARROW_STRUCT] = STOA__IPC_STRUCT,
        [STOA__ARROW_RUN_END] = STOA__IPC_RUN_END,
    };

    *out = (struct parameters){.id = (enum stoa__ipc_type)plain[type->kind]};
    if (out->id != 0)
        return;
    if (type->kind <= STOA__ARROW_DECIMAL256) {
        describe_number(type, out);
    } else if (type->kind <= STOA__ARROW_INTERVAL_MONTHS_DAYS_NS) {
        describe_time(type, out);
    } else if (type->kind == STOA__ARROW_FIXED_BINARY || type->kind == STOA__ARROW_FIXED_LIST) {
        const bool list = type->kind == STOA__ARROW_FIXED_LIST;

        out->id = list ? STOA__IPC_FIXED_LIST : STOA__IPC_FIXED_BINARY;
        add(out, 4, list ? type->list_size : type->width);
    } else if (type->kind == STOA__ARROW_MAP) {
        out->id = STOA__IPC_MAP;
        add(out, 1, type->map_keys_sorted);
    } else {
        out->id = STOA__IPC_UNION;
        add(out, 2, type->kind == STOA__ARROW_DENSE_UNION);
        add(out, 4, 0); /* The ids, put in behind. */
    }
}

/* The type's own table, and what it points to. */
static stoa_status write_parameters(const struct stoa__arrow_type *type,
                                    struct parameters *parameters, stoa__buffer *out, size_t *at)
{
    struct stoa__flat_fields *fields = &parameters->fields;
    size_t text = 0;
    stoa_status rc = stoa__flat_put_table(out, fields, at);

    for (int i = 0; rc == STOA_OK && i < fields->count; i++)
        if (fields->width[i] > 0)
            stoa__flat_set(out, fields->at[i], parameters->values[i], fields->width[i]);
    if (rc == STOA_OK && parameters->id == STOA__IPC_TIMESTAMP && type->zone[0]) {
        rc = stoa__flat_put_string(out, type->zone, strlen(type->zone), &text);
        if (rc == STOA_OK)
            stoa__flat_link(out, fields->at[1], text);
    }
    if (rc == STOA_OK && parameters->id == STOA__IPC_UNION) {
        rc = stoa__flat_put_vector(out, (size_t)type->child_count, 4, 4, &text);
        for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++)
            stoa__flat_set(out, text + 4 + 4 * (size_t)i, type->union_ids[i], 4);
        if (rc == STOA_OK)
            stoa__flat_link(out, fields->at[1], text);
    }
    return rc;
}

static stoa_status write_string(const char **from, stoa__buffer *out, size_t field)
{
    int32_t size;
    size_t at = 0;
    stoa_status rc;

    memcpy(&size, *from, sizeof size);
    rc = stoa__flat_put_string(out, *from + sizeof size, (size_t)size, &at);
    if (rc == STOA_OK)
        stoa__flat_link(out, field, at);
    *from += sizeof size + (size_t)size;
    return rc;
}

/* Keys and values, bounded by the parser. */
static stoa_status write_metadata(const struct stoa__arrow_type *type, stoa__buffer *out,
                                  size_t field)
{
    const char *from = type->metadata;
    int32_t count;
    size_t at = 0;
    stoa_status rc;

    memcpy(&count, from, sizeof count);
    from += sizeof count;
    rc = stoa__flat_put_vector(out, (size_t)count, 4, 4, &at);
    if (rc == STOA_OK)
        stoa__flat_link(out, field, at);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        struct stoa__flat_fields pair = {.count = 2, .width = {4, 4}};
        size_t table = 0;

        rc = stoa__flat_put_table(out, &pair, &table);
        if (rc == STOA_OK)
            stoa__flat_link(out, at + 4 + 4 * (size_t)i, table);
        for (int part = 0; rc == STOA_OK && part < 2; part++)
            rc = write_string(&from, out, pair.at[part]);
    }
    return rc;
}

static stoa_status write_field(const struct stoa__arrow_type *type, stoa__buffer *out, size_t *at);

static stoa_status write_fields(const struct stoa__arrow_type *parent, stoa__buffer *out,
                                size_t field)
{
    size_t at = 0;
    stoa_status rc = stoa__flat_put_vector(out, (size_t)parent->child_count, 4, 4, &at);

    if (rc == STOA_OK)
        stoa__flat_link(out, field, at);
    for (int32_t i = 0; rc == STOA_OK && i < parent->child_count; i++) {
        size_t child = 0;

        rc = write_field(&parent->children[i], out, &child);
        if (rc == STOA_OK)
            stoa__flat_link(out, at + 4 + 4 * (size_t)i, child);
    }
    return rc;
}

static bool has_metadata(const struct stoa__arrow_type *type)
{
    int32_t count = 0;

    if (type->metadata)
        memcpy(&count, type->metadata, sizeof count);
    return count > 0;
}

/* Depth is bounded by the parser. */
static stoa_status write_field(const struct stoa__arrow_type *type, stoa__buffer *out, size_t *at)
{
    struct stoa__flat_fields fields = {.count = 7, .width = {4, 1, 1, 4, 0, 4, 0}};
    struct parameters parameters;
    size_t part = 0;
    stoa_status rc;

    assert(!type->dictionary);
    describe(type, &parameters);
    fields.width[STOA__IPC_FIELD_METADATA] = has_metadata(type) ? 4 : 0;
    rc = stoa__flat_put_table(out, &fields, at);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_set(out, fields.at[STOA__IPC_FIELD_NULLABLE], type->nullable, 1);
    stoa__flat_set(out, fields.at[STOA__IPC_FIELD_TYPE_ID], parameters.id, 1);
    rc = stoa__flat_put_string(out, type->name, strlen(type->name), &part);
    if (rc == STOA_OK) {
        stoa__flat_link(out, fields.at[STOA__IPC_FIELD_NAME], part);
        rc = write_parameters(type, &parameters, out, &part);
    }
    if (rc == STOA_OK) {
        stoa__flat_link(out, fields.at[STOA__IPC_FIELD_TYPE], part);
        rc = write_fields(type, out, fields.at[STOA__IPC_FIELD_CHILDREN]);
    }
    if (rc == STOA_OK && has_metadata(type))
        rc = write_metadata(type, out, fields.at[STOA__IPC_FIELD_METADATA]);
    return rc;
}

stoa_status stoa__ipc_schema_write(const struct stoa__arrow_type *type, stoa__buffer *out,
                                   size_t *at, stoa_error *err)
{
    struct stoa__flat_fields fields = {.count = 3, .width = {2, 4, has_metadata(type) ? 4 : 0}};
    stoa_status rc = stoa__flat_put_table(out, &fields, at);

    if (rc == STOA_OK)
        rc = write_fields(type, out, fields.at[STOA__IPC_SCHEMA_FIELDS]);
    if (rc == STOA_OK && has_metadata(type))
        rc = write_metadata(type, out, fields.at[STOA__IPC_SCHEMA_METADATA]);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
