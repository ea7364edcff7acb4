/* SPDX-License-Identifier: Apache-2.0 */
/* Binding parameters one by one. They are kept by the statement and packed when it runs. */
#include "core/stmt.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"

#include <string.h>

#include "base/ban.h"

struct stoa__binding {
    stoa_value value;
    uint8_t *bytes; /* The value's own, if it has some. */
};

static stoa_status make_bindings(struct stoa__entry *entry, struct stoa__stmt *stmt,
                                 stoa_error *err)
{
    const struct stoa__parameter *list = NULL;
    int64_t count = 0;
    stoa_status rc;

    if (stmt->bindings)
        return STOA_OK;
    if (!STOA__HAS(entry->engine, statement_parameters))
        return stoa__unsupported(entry->engine, STOA_CAN_PREPARE, err);
    rc = entry->engine->statement_parameters(stmt->native, &list, &count, err);
    if (rc != STOA_OK)
        return rc;
    stmt->bindings = stoa__alloc_zero((size_t)count, sizeof *stmt->bindings);
    if (!stmt->bindings)
        return stoa__fail_nomem(err);
    stmt->binding_count = count;
    return STOA_OK;
}

static stoa_status bind_value(struct stoa__entry *entry, struct stoa__stmt *stmt,
                              int32_t position, const stoa_value *value,
                              const uint8_t *bytes, stoa_error *err)
{
    stoa_status rc = make_bindings(entry, stmt, err);
    struct stoa__binding *binding;
    uint8_t *copy = NULL;

    if (rc != STOA_OK)
        return rc;
    if (position < 1 || position > stmt->binding_count)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "position is %d, and the statement has %lld parameters",
                          (int)position, (long long)stmt->binding_count);
    if (stoa__value_has_bytes(value->type) && value->b > 0) {
        copy = stoa__alloc((size_t)value->b);
        if (!copy)
            return stoa__fail_nomem(err);
        memcpy(copy, bytes + value->a, (size_t)value->b);
    }
    binding = &stmt->bindings[position - 1];
    stoa__free(binding->bytes);
    *binding = (struct stoa__binding){*value, copy};
    stmt->packed_stale = true;
    return STOA_OK;
}

stoa_status stoa_bind_value(stoa_stmt handle, int32_t position, const stoa_value *value,
                            const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc;

    if (!value)
        return stoa__fail_null(err, "value");
    if (bytes_size < 0 || (!bytes && bytes_size > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "bytes_size is %lld and bytes is %s",
                          (long long)bytes_size, bytes ? "not NULL" : "NULL");
    rc = stoa__value_check(value, bytes, bytes_size, "parameter", position, err);
    if (rc == STOA_OK && value->type == STOA_TYPE_NAME)
        rc = stoa__fail(err, STOA_ERR_INVALID, "parameter %d: a name is not a value",
                        (int)position);
    if (rc == STOA_OK)
        rc = stoa__stmt_enter(&entry, handle, (stoa_op){0}, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, bind_value(&entry, stmt, position, value, bytes, err));
}

stoa_status stoa_bind_null(stoa_stmt stmt, int32_t position, stoa_error *err)
{
    stoa_value value = {.type = STOA_TYPE_NULL};

    return stoa_bind_value(stmt, position, &value, NULL, 0, err);
}

stoa_status stoa_bind_int64(stoa_stmt stmt, int32_t position, int64_t value,
                            stoa_error *err)
{
    stoa_value packed = {.type = STOA_TYPE_INT64, .a = value};

    return stoa_bind_value(stmt, position, &packed, NULL, 0, err);
}

stoa_status stoa_bind_float64(stoa_stmt stmt, int32_t position, double value,
                              stoa_error *err)
{
    stoa_value packed = {.type = STOA_TYPE_FLOAT64};

    memcpy(&packed.a, &value, sizeof value);
    return stoa_bind_value(stmt, position, &packed, NULL, 0, err);
}

stoa_status stoa_bind_text(stoa_stmt stmt, int32_t position, const char *text,
                           int64_t text_size, stoa_error *err)
{
    stoa_value packed = {.type = STOA_TYPE_TEXT};
    size_t size = 0;
    stoa_status rc = stoa__text_size("text", text, text_size, INT64_MAX, &size, err);

    packed.b = (int64_t)size;
    if (rc != STOA_OK)
        return rc;
    return stoa_bind_value(stmt, position, &packed, (const uint8_t *)text, (int64_t)size,
                           err);
}

stoa_status stoa_bind_bytes(stoa_stmt stmt, int32_t position, const uint8_t *bytes,
                            int64_t bytes_size, stoa_error *err)
{
    stoa_value packed = {.type = STOA_TYPE_BYTES, .b = bytes_size};

    return stoa_bind_value(stmt, position, &packed, bytes, bytes_size, err);
}

void stoa__stmt_bound_release(struct stoa__stmt *stmt)
{
    for (int64_t i = 0; i < stmt->binding_count; i++)
        stoa__free(stmt->bindings[i].bytes);
    stoa__free(stmt->bindings);
    stmt->bindings = NULL;
    stmt->binding_count = 0;
    stoa__buffer_release(&stmt->packed);
    stoa__buffer_release(&stmt->packed_bytes);
}

stoa_status stoa_bind_clear(stoa_stmt handle, stoa_error *err)
{
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc = stoa__stmt_enter(&entry, handle, (stoa_op){0}, &stmt, err);

    if (rc != STOA_OK)
        return rc;
    stoa__stmt_bound_release(stmt);
    return stoa__leave(&entry, STOA_OK);
}

static stoa_status pack(struct stoa__stmt *stmt)
{
    stoa_status rc = STOA_OK;

    stmt->packed.size = stmt->packed_bytes.size = 0;
    for (int64_t i = 0; i < stmt->binding_count && rc == STOA_OK; i++) {
        stoa_value value = stmt->bindings[i].value;

        if (stoa__value_has_bytes(value.type)) {
            value.a = (int64_t)stmt->packed_bytes.size;
            if (value.b > 0)
                rc = stoa__buffer_append(&stmt->packed_bytes, stmt->bindings[i].bytes,
                                         (size_t)value.b);
        }
        if (rc == STOA_OK)
            rc = stoa__buffer_append(&stmt->packed, &value, sizeof value);
    }
    return rc;
}

stoa_status stoa__stmt_bound(struct stoa__stmt *stmt, struct stoa__params *out,
                             stoa_error *err)
{
    *out = (struct stoa__params){0};
    if (stmt->packed_stale && pack(stmt) != STOA_OK)
        return stoa__fail_nomem(err);
    stmt->packed_stale = false;
    out->values = (const stoa_value *)(const void *)stmt->packed.data;
    out->count = stmt->binding_count;
    out->bytes = stmt->packed_bytes.data;
    out->bytes_size = (int64_t)stmt->packed_bytes.size;
    return STOA_OK;
}
