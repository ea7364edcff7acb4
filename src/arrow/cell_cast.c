/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cast.h"

#include "arrow/cast_types.h"
#include "arrow/cell_text.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/civil.h"
#include "text/decimal.h"
#include "text/duration.h"
#include "text/number.h"
#include "text/refuse.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

enum { SECONDS_PER_DAY = 86400 };

/* "12.5 does not fit int64: <reason>". */
static stoa_status fail_value(const struct stoa__cell *cell,
                              const struct stoa__column *column, const char *reason,
                              stoa_error *err)
{
    char text[STOA__SCALAR_TEXT_MAX];
    char type[160];
    bool number;
    size_t size = stoa__scalar_text(cell, text, &number);

    stoa__arrow_type_text(column->type, type, sizeof(type));
    return stoa__fail(err, STOA_ERR_TYPE, "%.*s does not fit %s: %s", (int)size, text,
                      type, reason);
}

static stoa_status from_text(const struct stoa__cell *cell, struct stoa__column *column,
                             stoa_error *err)
{
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);

    return stoa__column_append_text(column, (const char *)bytes, (size_t)size, err);
}

/* Not every number is a time of day, or a date in milliseconds. */
static const char *refuse_count(const struct stoa__arrow_type *to, int64_t value)
{
    if (stoa__arrow_family(to->kind) == STOA__FAMILY_TIME &&
        (value < 0 || value >= stoa__civil_per_second(to->unit) * SECONDS_PER_DAY))
        return "it is not a time of day";
    if (to->kind == STOA__ARROW_DATE64 && value % (SECONDS_PER_DAY * INT64_C(1000)) != 0)
        return "it is not midnight";
    return NULL;
}

/* A count goes into any kind that holds counts: bool, integers, temporal values. */
static stoa_status from_count(const struct stoa__cell *cell, struct stoa__column *column,
                              stoa_error *err)
{
    bool from_large = cell->type->kind == STOA__ARROW_UINT64;
    bool to_large = column->type->kind == STOA__ARROW_UINT64;
    int64_t value = stoa__cell_int64(cell);
    const char *reason = refuse_count(column->type, value);

    if (from_large != to_large && value < 0)
        reason = "it is out of range";
    if (reason)
        return fail_value(cell, column, reason, err);
    return stoa__column_append_int64(column, value, err);
}

static stoa_status decimal_to_count(const struct stoa__cell *cell,
                                    struct stoa__column *column, stoa_error *err)
{
    const void *decimal = stoa__cell_fixed(cell);
    uint64_t bits = 0;
    int64_t value = 0;
    stoa_status rc;

    if (column->type->kind == STOA__ARROW_UINT64) {
        rc = stoa__decimal_to_uint64(decimal, cell->type->width, cell->type->scale, &bits,
                                     err);
        value = (int64_t)bits;
    } else {
        rc = stoa__decimal_to_int64(decimal, cell->type->width, cell->type->scale, &value,
                                    err);
    }
    return rc == STOA_OK ? stoa__column_append_int64(column, value, err) : rc;
}

static stoa_status to_integer(const struct stoa__cell *cell, struct stoa__column *column,
                              enum stoa__arrow_family from, stoa_error *err)
{
    uint64_t bits = 0;
    int64_t value = 0;
    bool whole;

    if (from == STOA__FAMILY_DECIMAL)
        return decimal_to_count(cell, column, err);
    if (from != STOA__FAMILY_FLOAT)
        return from_count(cell, column, err);
    if (column->type->kind == STOA__ARROW_UINT64) {
        whole = stoa__double_to_uint64(stoa__cell_float64(cell), &bits);
        value = (int64_t)bits;
    } else {
        whole = stoa__double_to_int64(stoa__cell_float64(cell), &value);
    }
    if (!whole)
        return fail_value(cell, column, "it is not whole or out of range", err);
    return stoa__column_append_int64(column, value, err);
}

/* An integer as a double; false when it is not that integer any more. */
static bool integer_to_double(const struct stoa__cell *cell, double *out)
{
    int64_t value = stoa__cell_int64(cell);
    uint64_t bits = 0;
    int64_t back = 0;

    if (cell->type->kind == STOA__ARROW_UINT64) {
        *out = (double)(uint64_t)value;
        return stoa__double_to_uint64(*out, &bits) && bits == (uint64_t)value;
    }
    *out = (double)value;
    return stoa__double_to_int64(*out, &back) && back == value;
}

static stoa_status to_float(const struct stoa__cell *cell, struct stoa__column *column,
                            enum stoa__arrow_family from, stoa_error *err)
{
    bool exact = true;
    bool narrow = true;
    double value;

    if (from == STOA__FAMILY_FLOAT)
        value = stoa__cell_float64(cell);
    else if (from == STOA__FAMILY_DECIMAL)
        value = stoa__decimal_to_double(stoa__cell_fixed(cell), cell->type->width,
                                        cell->type->scale, &exact);
    else
        exact = integer_to_double(cell, &value);
    if (column->type->kind == STOA__ARROW_FLOAT32)
        stoa__float_from_double(value, &narrow);
    else if (column->type->kind == STOA__ARROW_FLOAT16)
        stoa__half_from_double(value, &narrow);
    if (!exact || !narrow)
        return fail_value(cell, column, "it would be rounded", err);
    return stoa__column_append_float64(column, value, err);
}

static stoa_status to_decimal(const struct stoa__cell *cell, struct stoa__column *column,
                              enum stoa__arrow_family from, stoa_error *err)
{
    const struct stoa__arrow_type *to = column->type;
    char value[STOA__DECIMAL_WIDTH_MAX];
    char text[STOA__SCALAR_TEXT_MAX];
    bool number;
    stoa_status rc;

    if (from ==
        STOA__FAMILY_FLOAT) /* The shortest decimal that names it, at its own width. */
        return stoa__column_append_text(column, text,
                                        stoa__scalar_text(cell, text, &number), err);
    if (from == STOA__FAMILY_DECIMAL)
        rc = stoa__decimal_rescale(stoa__cell_fixed(cell), cell->type->width,
                                   cell->type->scale, to->precision, to->scale, to->width,
                                   value, err);
    else if (cell->type->kind == STOA__ARROW_UINT64)
        rc = stoa__decimal_from_uint64((uint64_t)stoa__cell_int64(cell), to->precision,
                                       to->scale, to->width, value, err);
    else
        rc = stoa__decimal_from_int64(stoa__cell_int64(cell), to->precision, to->scale,
                                      to->width, value, err);
    return rc == STOA_OK ? stoa__column_append_fixed(column, value, err) : rc;
}

/* A point in time, or a length of it, as a count of a unit. */
static int64_t time_count(const struct stoa__cell *cell, uint32_t *unit)
{
    int64_t value = stoa__cell_int64(cell);

    *unit = cell->type->unit;
    if (cell->type->kind == STOA__ARROW_DATE64)
        *unit = STOA__CIVIL_MILLI;
    if (cell->type->kind != STOA__ARROW_DATE32)
        return value;
    *unit = STOA__CIVIL_SECOND;
    return value * SECONDS_PER_DAY;
}

static stoa_status to_time(const struct stoa__cell *cell, struct stoa__column *column,
                           stoa_error *err)
{
    const struct stoa__arrow_type *to = column->type;
    uint32_t unit;
    int64_t value = time_count(cell, &unit);
    int64_t per_day = stoa__civil_per_second(unit) * SECONDS_PER_DAY;
    uint32_t to_unit =
        to->kind == STOA__ARROW_DATE64 ? (uint32_t)STOA__CIVIL_MILLI : (uint32_t)to->unit;
    bool date = to->kind == STOA__ARROW_DATE32 || to->kind == STOA__ARROW_DATE64;
    stoa_status rc;

    if (date && value % per_day != 0)
        return fail_value(cell, column, "it is not midnight", err);
    if (to->kind == STOA__ARROW_DATE32)
        return stoa__column_append_int64(column, value / per_day, err);
    rc = stoa__civil_convert_exact(value, unit, to_unit, &value, err);
    return rc == STOA_OK ? stoa__column_append_int64(column, value, err) : rc;
}

static stoa_status to_interval(const struct stoa__cell *cell, struct stoa__column *column,
                               stoa_error *err)
{
    struct stoa__interval interval;
    char value[16];

    stoa__interval_read(cell->type->kind, stoa__cell_fixed(cell), &interval);
    if (!stoa__interval_write(column->type->kind, &interval, value))
        return fail_value(cell, column, "it has parts that the type does not keep", err);
    return stoa__column_append_fixed(column, value, err);
}

static stoa_status to_text(const struct stoa__cell *cell, struct stoa__column *column,
                           enum stoa__arrow_family from, stoa_error *err)
{
    char text[STOA__SCALAR_TEXT_MAX];
    const uint8_t *bytes;
    bool number;
    int64_t size;

    if (from == STOA__FAMILY_TEXT) {
        bytes = stoa__cell_bytes(cell, &size);
        return stoa__column_append_bytes(column, bytes, size, err);
    }
    if (from == STOA__FAMILY_BINARY)
        return from_text(cell, column, err);
    size = (int64_t)stoa__scalar_text(cell, text, &number);
    if (number && stoa__arrow_is_temporal(cell->type->kind) &&
        cell->type->kind != STOA__ARROW_INTERVAL_MONTHS)
        return fail_value(cell, column, "it is beyond what the calendar's text can say",
                          err);
    return stoa__column_append_bytes(column, text, size, err);
}

static stoa_status to_binary(const struct stoa__cell *cell, struct stoa__column *column,
                             stoa_error *err)
{
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);

    return stoa__column_append_bytes(column, bytes, size, err);
}

/* What a text has of a list, a struct, a map or a union is JSON. */
static stoa_status to_nested(const struct stoa__cell *cell, struct stoa__column *column,
                             stoa_error *err)
{
    stoa_error cause = {0};
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);
    stoa_status rc = stoa__column_append_json(column, (const char *)bytes, size, &cause);

    if (rc == STOA_OK || rc == STOA_ERR_NOMEM)
        return rc == STOA_OK ? rc : stoa__fail_nomem(err);
    return stoa__fail(err, STOA_ERR_TYPE, "%s", cause.text);
}

/* Values of the one type are values of the other, bit by bit (NaNs keep theirs). */
static bool same_fixed(const struct stoa__arrow_type *from,
                       const struct stoa__arrow_type *to)
{
    return from->kind == to->kind && from->unit == to->unit && from->width == to->width &&
           from->precision == to->precision && from->scale == to->scale &&
           stoa__arrow_kind_shape(from->kind) == STOA__SHAPE_FIXED;
}

static stoa_status cast_scalar(const struct stoa__cell *cell, struct stoa__column *column,
                               enum stoa__arrow_family from, stoa_error *err)
{
    enum stoa__arrow_family to = stoa__arrow_family(column->type->kind);

    if (same_fixed(cell->type, column->type))
        return stoa__column_append_fixed(column, stoa__cell_fixed(cell), err);
    if (to == STOA__FAMILY_TEXT)
        return to_text(cell, column, from, err);
    if (to == STOA__FAMILY_BINARY)
        return to_binary(cell, column, err);
    if (from == STOA__FAMILY_TEXT)
        return to >= STOA__FAMILY_LIST ? to_nested(cell, column, err)
                                       : from_text(cell, column, err);
    switch ((int)to) {
    case STOA__FAMILY_BOOL:
    case STOA__FAMILY_INTEGER:
        return to_integer(cell, column, from, err);
    case STOA__FAMILY_FLOAT:
        return to_float(cell, column, from, err);
    case STOA__FAMILY_DECIMAL:
        return to_decimal(cell, column, from, err);
    case STOA__FAMILY_MONTHS:
    case STOA__FAMILY_INTERVAL:
        return from == STOA__FAMILY_INTEGER ? from_count(cell, column, err)
                                            : to_interval(cell, column, err);
    default:
        return from == STOA__FAMILY_INTEGER ? from_count(cell, column, err)
                                            : to_time(cell, column, err);
    }
}

/* A cell inside another, which may be NULL only where its type says so. */
static stoa_status cast_inner(const struct stoa__cell *cell, struct stoa__column *column,
                              stoa_error *err)
{
    if (cell->null && !column->type->nullable &&
        stoa__column_target(column)->type->kind != STOA__ARROW_NULL)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "'%s' is null where the type is not nullable",
                          column->type->name);
    return stoa__cell_cast(cell, column, err);
}

static stoa_status cast_list(const struct stoa__cell *cell, struct stoa__column *column,
                             stoa_error *err)
{
    struct stoa__cell item;
    int64_t first, count;
    stoa_status rc = STOA_OK;

    stoa__cell_items(cell, &first, &count);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_item(cell, i, &item);
        rc = cast_inner(&item, column->children, err);
    }
    return rc == STOA_OK ? stoa__column_end_list(column, err) : rc;
}

static stoa_status cast_map(const struct stoa__cell *cell, struct stoa__column *column,
                            stoa_error *err)
{
    struct stoa__column *entries = column->children;
    struct stoa__cell entry, part;
    int64_t first, count;
    stoa_status rc = STOA_OK;

    stoa__cell_items(cell, &first, &count);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__cell_item(cell, i, &entry);
        for (int32_t k = 0; rc == STOA_OK && k < 2; k++) {
            stoa__cell_child(&entry, k, &part);
            rc = cast_inner(&part, &entries->children[k], err);
        }
        if (rc == STOA_OK)
            rc = stoa__column_end_struct(entries, err);
    }
    return rc == STOA_OK ? stoa__column_end_list(column, err) : rc;
}

static stoa_status cast_struct(const struct stoa__cell *cell, struct stoa__column *column,
                               stoa_error *err)
{
    const struct stoa__arrow_type *from = cell->type;
    struct stoa__cell field;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < column->child_count; i++) {
        int32_t source =
            from == column->type ? i : stoa__cast_field(from, column->type, i);
        if (source >= 0)
            stoa__cell_child(cell, source, &field);
        rc = source < 0 ? stoa__column_append_null(&column->children[i], err)
                        : cast_inner(&field, &column->children[i], err);
    }
    return rc == STOA_OK ? stoa__column_end_struct(column, err) : rc;
}

static stoa_status cast_union(const struct stoa__cell *cell, struct stoa__column *column,
                              stoa_error *err)
{
    struct stoa__cell child;
    int32_t index, target;
    int8_t id = stoa__cell_union_id(cell, &index);
    stoa_status rc;

    target = stoa__column_union_child(column, id);
    if (target < 0)
        return stoa__fail(err, STOA_ERR_TYPE, "the union has no type id %d", id);
    stoa__cell_child(cell, 0, &child);
    rc = cast_inner(&child, &column->children[target], err);
    return rc == STOA_OK ? stoa__column_end_union(column, id, err) : rc;
}

stoa_status stoa__cell_cast(const struct stoa__cell *cell, struct stoa__column *column,
                            stoa_error *err)
{
    enum stoa__arrow_family from = stoa__arrow_family(cell->type->kind);
    int64_t before;
    stoa_status rc;

    column = stoa__column_target(column);
    before = column->length;
    if (cell->null)
        return stoa__column_append_null(column, err);
    if (!stoa__family_casts(from, stoa__arrow_family(column->type->kind)))
        return stoa__fail_cast(cell->type, column->type, err);
    switch ((int)from) {
    case STOA__FAMILY_LIST:
        rc = cast_list(cell, column, err);
        break;
    case STOA__FAMILY_MAP:
        rc = cast_map(cell, column, err);
        break;
    case STOA__FAMILY_STRUCT:
        rc = cast_struct(cell, column, err);
        break;
    case STOA__FAMILY_UNION:
        rc = cast_union(cell, column, err);
        break;
    default:
        return cast_scalar(cell, column, from, err);
    }
    if (rc != STOA_OK)
        stoa__column_truncate(column, before);
    return rc;
}
