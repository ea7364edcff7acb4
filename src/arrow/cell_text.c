/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cell_text.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "text/civil.h"
#include "text/decimal.h"
#include "text/duration.h"
#include "text/number.h"
#include "text/refuse.h"
#include "text/utf8.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

_Static_assert((int)STOA__SCALAR_TEXT_MAX > (int)STOA__DECIMAL_TEXT_MAX,
               "a decimal has room");
_Static_assert((int)STOA__SCALAR_TEXT_MAX > (int)STOA__CIVIL_TEXT_MAX,
               "a time has room, and a Z");

enum { MS_PER_DAY = 86400000, NS_PER_MS = 1000000 };

bool stoa__arrow_is_temporal(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_DATE32 && kind <= STOA__ARROW_INTERVAL_MONTHS_DAYS_NS;
}

void stoa__interval_read(enum stoa__arrow_kind kind, const void *value,
                         struct stoa__interval *out)
{
    int32_t parts[2];

    *out = (struct stoa__interval){0};
    if (kind == STOA__ARROW_INTERVAL_MONTHS) {
        memcpy(&out->months, value, sizeof(out->months));
        return;
    }
    memcpy(parts, value, sizeof(parts));
    if (kind == STOA__ARROW_INTERVAL_DAYS_MS) {
        out->days = parts[0];
        out->nanos = (int64_t)parts[1] * NS_PER_MS;
        return;
    }
    assert(kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS);
    out->months = parts[0];
    out->days = parts[1];
    memcpy(&out->nanos, (const char *)value + sizeof(parts), sizeof(out->nanos));
}

bool stoa__interval_write(enum stoa__arrow_kind kind, const struct stoa__interval *value,
                          void *out)
{
    int64_t ms = value->nanos / NS_PER_MS;
    int32_t parts[2] = {value->months, value->days};

    if (kind == STOA__ARROW_INTERVAL_MONTHS) {
        memcpy(out, &value->months, sizeof(value->months));
        return value->days == 0 && value->nanos == 0;
    }
    if (kind == STOA__ARROW_INTERVAL_DAYS_MS) {
        parts[0] = value->days;
        parts[1] = (int32_t)ms;
        memcpy(out, parts, sizeof(parts));
        return value->months == 0 && value->nanos % NS_PER_MS == 0 && ms == parts[1];
    }
    assert(kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS);
    memcpy(out, parts, sizeof(parts));
    memcpy((char *)out + sizeof(parts), &value->nanos, sizeof(value->nanos));
    return true;
}

/* 0 when the value has no text. */
static size_t temporal_text(const struct stoa__cell *cell, char *out)
{
    const struct stoa__arrow_type *type = cell->type;
    int64_t value = stoa__cell_int64(cell);
    size_t size;

    switch ((int)type->kind) {
    case STOA__ARROW_DATE32:
        return stoa__date_format(value, out);
    case STOA__ARROW_DATE64:
        return value % MS_PER_DAY == 0 ? stoa__date_format(value / MS_PER_DAY, out) : 0;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        return stoa__time_format(value, type->unit, out);
    case STOA__ARROW_TIMESTAMP:
        size = stoa__timestamp_format(value, type->unit, out);
        if (size > 0 && type->zone[0])
            out[size++] = 'Z';
        return size;
    default:
        return stoa__duration_format(value, type->unit, out);
    }
}

static size_t float_text(const struct stoa__cell *cell, char *out)
{
    double value = stoa__cell_float64(cell);

    if (cell->type->kind == STOA__ARROW_FLOAT64)
        return stoa__double_format(value, out);
    return stoa__float_format((float)value, out);
}

static size_t word(const char *text, char *out)
{
    memcpy(out, text, strlen(text));
    return strlen(text);
}

size_t stoa__scalar_text(const struct stoa__cell *cell, char *out, bool *number)
{
    enum stoa__arrow_kind kind = cell->type->kind;
    struct stoa__interval interval;
    size_t size = 0;

    assert(!cell->null && kind < STOA__ARROW_UTF8);
    *number = false;
    if (stoa__arrow_is_decimal(kind))
        return stoa__decimal_format(stoa__cell_fixed(cell), cell->type->width,
                                    cell->type->scale, out);
    if (kind == STOA__ARROW_INTERVAL_DAYS_MS ||
        kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS) {
        stoa__interval_read(kind, stoa__cell_fixed(cell), &interval);
        return stoa__interval_format(&interval, out);
    }
    if (kind >= STOA__ARROW_DATE32 && kind <= STOA__ARROW_DURATION)
        size = temporal_text(cell, out);
    if (size > 0)
        return size;
    *number = true;
    if (stoa__arrow_is_float(kind))
        return float_text(cell, out);
    if (kind == STOA__ARROW_BOOL)
        return word(stoa__cell_int64(cell) ? "true" : "false", out);
    if (kind == STOA__ARROW_UINT64)
        return stoa__uint64_format((uint64_t)stoa__cell_int64(cell), out);
    return stoa__int64_format(stoa__cell_int64(cell), out);
}

static stoa_status append_bool(struct stoa__column *column, const char *text, size_t size,
                               stoa_error *err)
{
    if ((size == 4 && memcmp(text, "true", 4) == 0) || (size == 1 && *text == '1'))
        return stoa__column_append_int64(column, 1, err);
    if ((size == 5 && memcmp(text, "false", 5) == 0) || (size == 1 && *text == '0'))
        return stoa__column_append_int64(column, 0, err);
    return stoa__refuse(err, "a bool", text, size, "it is neither true nor false");
}

static stoa_status append_float(struct stoa__column *column, const char *text,
                                size_t size, stoa_error *err)
{
    float single = 0;
    double value = 0;
    stoa_status rc;

    if (column->type->kind == STOA__ARROW_FLOAT32) {
        rc = stoa__float_parse(text, size, &single, err);
        value = (double)single;
    } else {
        rc = stoa__double_parse(text, size, &value, err);
    }
    if (rc != STOA_OK)
        return rc;
    if (column->type->kind == STOA__ARROW_FLOAT16 && isfinite(value) &&
        isinf(stoa__half_to_double(stoa__half_from_double(value, NULL))))
        return stoa__refuse(err, "a half float", text, size, "it is too large");
    return stoa__column_append_float64(column, value, err);
}

static stoa_status append_timestamp(struct stoa__column *column, const char *text,
                                    size_t size, stoa_error *err)
{
    bool has_zone = column->type->zone[0] != '\0';
    bool zoned = false;
    int64_t value = 0;
    stoa_status rc =
        stoa__timestamp_parse(text, size, column->type->unit, &value, &zoned, err);

    if (rc != STOA_OK)
        return rc;
    if (zoned != has_zone)
        return has_zone ? stoa__refuse(err, "a timestamp with a zone", text, size,
                                       "it does not say its offset from UTC, such as Z")
                        : stoa__refuse(err, "a timestamp without a zone", text, size,
                                       "it has an offset from UTC");
    return stoa__column_append_int64(column, value, err);
}

static stoa_status append_interval(struct stoa__column *column, const char *text,
                                   size_t size, stoa_error *err)
{
    struct stoa__interval interval = {0};
    char value[16];
    int64_t months = 0;

    if (column->type->kind == STOA__ARROW_INTERVAL_MONTHS && size > 0 &&
        !memchr(text, 'P', size)) {
        if (stoa__int64_parse(text, size, &months, err) != STOA_OK)
            return STOA_ERR_TYPE;
        return stoa__column_append_int64(column, months, err);
    }
    if (stoa__interval_parse(text, size, &interval, err) != STOA_OK)
        return STOA_ERR_TYPE;
    if (!stoa__interval_write(column->type->kind, &interval, value))
        return stoa__refuse(
            err, "an interval of this type", text, size,
            "it has parts that the type does not keep, or too large ones");
    return stoa__column_append_fixed(column, value, err);
}

static stoa_status append_temporal(struct stoa__column *column, const char *text,
                                   size_t size, stoa_error *err)
{
    const struct stoa__arrow_type *type = column->type;
    int64_t value = 0;
    stoa_status rc;

    switch ((int)type->kind) {
    case STOA__ARROW_DATE32:
    case STOA__ARROW_DATE64:
        rc = stoa__date_parse(text, size, &value, err);
        value = type->kind == STOA__ARROW_DATE64 ? value * MS_PER_DAY : value;
        break;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        rc = stoa__time_parse(text, size, type->unit, &value, err);
        break;
    case STOA__ARROW_TIMESTAMP:
        return append_timestamp(column, text, size, err);
    case STOA__ARROW_DURATION:
        rc = stoa__duration_parse(text, size, type->unit, &value, err);
        break;
    default:
        return append_interval(column, text, size, err);
    }
    return rc == STOA_OK ? stoa__column_append_int64(column, value, err) : rc;
}

static stoa_status append_integer(struct stoa__column *column, const char *text,
                                  size_t size, stoa_error *err)
{
    uint64_t bits = 0;
    int64_t value = 0;
    stoa_status rc;

    if (column->type->kind == STOA__ARROW_UINT64) {
        rc = stoa__uint64_parse(text, size, &bits, err);
        value = (int64_t)bits;
    } else {
        rc = stoa__int64_parse(text, size, &value, err);
    }
    return rc == STOA_OK ? stoa__column_append_int64(column, value, err) : rc;
}

stoa_status stoa__column_append_text(struct stoa__column *column, const char *text,
                                     size_t size, stoa_error *err)
{
    const struct stoa__arrow_type *type;
    char value[STOA__DECIMAL_WIDTH_MAX];

    column = stoa__column_target(column);
    type = column->type;
    if (stoa__arrow_is_text(type->kind)) {
        size_t good = stoa__utf8_check(text, size);
        if (good < size)
            return stoa__fail(err, STOA_ERR_TYPE, "the text is not UTF-8 at byte %zu",
                              good);
        return stoa__column_append_bytes(column, text, (int64_t)size, err);
    }
    if (type->kind == STOA__ARROW_BOOL)
        return append_bool(column, text, size, err);
    if (stoa__arrow_is_float(type->kind))
        return append_float(column, text, size, err);
    if (stoa__arrow_is_decimal(type->kind)) {
        if (stoa__decimal_parse(text, size, type->precision, type->scale, type->width,
                                value, err) != STOA_OK)
            return STOA_ERR_TYPE;
        return stoa__column_append_fixed(column, value, err);
    }
    if (stoa__arrow_is_temporal(type->kind))
        return append_temporal(column, text, size, err);
    assert(stoa__arrow_is_signed(type->kind) || stoa__arrow_is_unsigned(type->kind));
    return append_integer(column, text, size, err);
}
