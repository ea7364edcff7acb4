/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cell.h"

#include "arrow/cell_text.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/base64.h"
#include "text/json.h"

#include <string.h>

#include "base/ban.h"

static stoa_status put(stoa__buffer *out, const char *text, stoa_error *err)
{
    return stoa__buffer_append_text(out, text) == STOA_OK ? STOA_OK
                                                          : stoa__fail_nomem(err);
}

static stoa_status put_list(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err)
{
    struct stoa__cell item;
    int64_t first, count;
    stoa_status rc = put(out, "[", err);

    stoa__cell_items(cell, &first, &count);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_item(cell, i, &item);
        if (i > 0)
            rc = put(out, ",", err);
        if (rc == STOA_OK)
            rc = stoa__cell_json(&item, out, err);
    }
    return rc == STOA_OK ? put(out, "]", err) : rc;
}

static stoa_status put_map(const struct stoa__cell *cell, stoa__buffer *out,
                           stoa_error *err)
{
    struct stoa__cell entry, part;
    int64_t first, count;
    stoa_status rc = put(out, "[", err);

    stoa__cell_items(cell, &first, &count);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_item(cell, i, &entry);
        rc = put(out, i > 0 ? ",[" : "[", err);
        stoa__cell_child(&entry, 0, &part);
        if (rc == STOA_OK)
            rc = stoa__cell_json(&part, out, err);
        if (rc == STOA_OK)
            rc = put(out, ",", err);
        stoa__cell_child(&entry, 1, &part);
        if (rc == STOA_OK)
            rc = stoa__cell_json(&part, out, err);
        if (rc == STOA_OK)
            rc = put(out, "]", err);
    }
    return rc == STOA_OK ? put(out, "]", err) : rc;
}

static stoa_status put_struct(const struct stoa__cell *cell, stoa__buffer *out,
                              stoa_error *err)
{
    struct stoa__cell child;
    stoa_status rc = put(out, "{", err);

    for (int32_t i = 0; rc == STOA_OK && i < cell->type->child_count; i++) {
        const char *name = cell->type->children[i].name;
        if (i > 0)
            rc = put(out, ",", err);
        if (rc == STOA_OK)
            rc = stoa__json_write_text(out, name, strlen(name), err);
        if (rc == STOA_OK)
            rc = put(out, ":", err);
        stoa__cell_child(cell, i, &child);
        if (rc == STOA_OK)
            rc = stoa__cell_json(&child, out, err);
    }
    return rc == STOA_OK ? put(out, "}", err) : rc;
}

static stoa_status put_union(const struct stoa__cell *cell, stoa__buffer *out,
                             stoa_error *err)
{
    struct stoa__cell child;
    int32_t index;
    stoa_status rc;

    if (stoa__buffer_format(out, "{\"t\":%d,\"v\":", stoa__cell_union_id(cell, &index)) !=
        STOA_OK)
        return stoa__fail_nomem(err);
    stoa__cell_child(cell, 0, &child);
    rc = stoa__cell_json(&child, out, err);
    return rc == STOA_OK ? put(out, "}", err) : rc;
}

static stoa_status put_float(const struct stoa__cell *cell, stoa__buffer *out,
                             stoa_error *err)
{
    double value = stoa__cell_float64(cell);
    stoa_status rc;

    /* A half written as a float has fewer digits and reads back as the same half. */
    if (cell->type->kind == STOA__ARROW_FLOAT64)
        rc = stoa__json_write_double(out, value);
    else
        rc = stoa__json_write_float(out, (float)value);
    return rc == STOA_OK ? rc : stoa__fail_nomem(err);
}

static stoa_status put_bytes(const struct stoa__cell *cell, stoa__buffer *out,
                             stoa_error *err)
{
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);

    if (stoa__arrow_is_text(cell->type->kind))
        return stoa__json_write_text(out, (const char *)bytes, (size_t)size, err);
    if (stoa__buffer_append_byte(out, '"') != STOA_OK ||
        stoa__base64_encode(bytes, (size_t)size, out) != STOA_OK ||
        stoa__buffer_append_byte(out, '"') != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

/* Decimals and temporal values: their text in quotes, which needs no escapes. */
static stoa_status put_quoted(const struct stoa__cell *cell, stoa__buffer *out,
                              stoa_error *err)
{
    bool number;
    char text[STOA__SCALAR_TEXT_MAX];
    size_t size = stoa__scalar_text(cell, text, &number);

    if ((!number && stoa__buffer_append_byte(out, '"') != STOA_OK) ||
        stoa__buffer_append(out, text, size) != STOA_OK ||
        (!number && stoa__buffer_append_byte(out, '"') != STOA_OK))
        return stoa__fail_nomem(err);
    return STOA_OK;
}

static stoa_status put_nested(const struct stoa__cell *cell, stoa__buffer *out,
                              stoa_error *err)
{
    switch ((int)cell->type->kind) {
    case STOA__ARROW_MAP:
        return put_map(cell, out, err);
    case STOA__ARROW_STRUCT:
        return put_struct(cell, out, err);
    case STOA__ARROW_DENSE_UNION:
    case STOA__ARROW_SPARSE_UNION:
        return put_union(cell, out, err);
    default:
        return put_list(cell, out, err);
    }
}

stoa_status stoa__cell_json(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err)
{
    enum stoa__arrow_kind kind = cell->type->kind;

    if (cell->null)
        return put(out, "null", err);
    if (stoa__arrow_is_float(kind))
        return put_float(cell, out, err);
    if (stoa__arrow_is_text(kind) || stoa__arrow_is_binary(kind))
        return put_bytes(cell, out, err);
    if (kind >= STOA__ARROW_LIST)
        return put_nested(cell, out, err);
    return put_quoted(cell, out, err);
}

stoa_status stoa__cell_text(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err)
{
    enum stoa__arrow_kind kind = cell->type->kind;
    char text[STOA__SCALAR_TEXT_MAX];
    const void *bytes = text;
    struct stoa__cell child;
    int64_t size;
    bool number;

    if (cell->null)
        return STOA_OK;
    if (kind == STOA__ARROW_DENSE_UNION || kind == STOA__ARROW_SPARSE_UNION) {
        stoa__cell_child(cell, 0, &child);
        return stoa__cell_text(&child, out, err);
    }
    if (kind >= STOA__ARROW_LIST)
        return put_nested(cell, out, err);
    if (stoa__arrow_is_text(kind) || stoa__arrow_is_binary(kind))
        bytes = stoa__cell_bytes(cell, &size);
    else
        size = (int64_t)stoa__scalar_text(cell, text, &number);
    return stoa__buffer_append(out, bytes, (size_t)size) == STOA_OK
               ? STOA_OK
               : stoa__fail_nomem(err);
}
