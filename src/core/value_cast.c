/* SPDX-License-Identifier: Apache-2.0 */
/* A packed value as an integer, a double or a text. */
#include "core/rows.h"

#include "base/error.h"
#include "text/civil.h"
#include "text/duration.h"
#include "text/hex.h"
#include "text/number.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

static double double_of(const stoa_value *value)
{
    double out;

    memcpy(&out, &value->a, sizeof out);
    return out;
}

static stoa_status fail_loss(const stoa_value *value, const char *as, stoa_error *err)
{
    char text[STOA__DOUBLE_TEXT_MAX];
    size_t size;

    if (value->type == STOA_TYPE_NULL)
        return stoa__fail(err, STOA_ERR_TYPE, "NULL is no %s", as);
    if (value->type == STOA_TYPE_FLOAT32 || value->type == STOA_TYPE_FLOAT64)
        size = stoa__double_format(double_of(value), text);
    else if (value->type == STOA_TYPE_UINT64)
        size = stoa__uint64_format((uint64_t)value->a, text);
    else if (value->type < STOA_TYPE_FLOAT32)
        size = stoa__int64_format(value->a, text);
    else
        return stoa__fail(err, STOA_ERR_TYPE, "a value of type %s is no %s",
                          stoa_type_name(value->type), as);
    return stoa__fail(err, STOA_ERR_TYPE, "%.*s is no %s without loss", (int)size, text,
                      as);
}

stoa_status stoa__value_int64(const stoa_value *value, const uint8_t *bytes, int64_t *out,
                              stoa_error *err)
{
    switch (value->type) {
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        if (stoa__double_to_int64(double_of(value), out))
            return STOA_OK;
        break;
    case STOA_TYPE_UINT64:
        *out = value->a;
        if (value->a >= 0)
            return STOA_OK;
        break;
    case STOA_TYPE_DECIMAL:
        return stoa__int64_parse((const char *)bytes + value->a, (size_t)value->b, out,
                                 err);
    default:
        if (value->type >= STOA_TYPE_BOOL && value->type <= STOA_TYPE_DURATION) {
            *out = value->a;
            return STOA_OK;
        }
    }
    *out = 0;
    return fail_loss(value, "int64", err);
}

stoa_status stoa__value_float64(const stoa_value *value, const uint8_t *bytes,
                                double *out, stoa_error *err)
{
    int64_t back;

    (void)bytes;
    *out = 0;
    if (value->type == STOA_TYPE_FLOAT32 || value->type == STOA_TYPE_FLOAT64) {
        *out = double_of(value);
        return STOA_OK;
    }
    if (value->type == STOA_TYPE_UINT64) {
        uint64_t same;

        if (stoa__double_to_uint64((double)(uint64_t)value->a, &same) &&
            same == (uint64_t)value->a) {
            *out = (double)same;
            return STOA_OK;
        }
    } else if (value->type >= STOA_TYPE_BOOL && value->type < STOA_TYPE_FLOAT32 &&
               stoa__double_to_int64((double)value->a, &back) && back == value->a) {
        *out = (double)value->a;
        return STOA_OK;
    }
    return fail_loss(value, "float64", err);
}

/* ---- text ---- */

/* A row counts time in nanoseconds; a person reads as many digits as the value has, by threes. */
static uint32_t coarsest_unit(int64_t *value)
{
    uint32_t unit = STOA__CIVIL_NANO;

    for (; unit > STOA__CIVIL_SECOND && *value % 1000 == 0; unit--)
        *value /= 1000;
    return unit;
}

static size_t format_temporal(const stoa_value *value, char *text)
{
    const struct stoa__interval interval = {(int32_t)(uint32_t)value->a,
                                            (int32_t)(uint32_t)((uint64_t)value->a >> 32),
                                            value->b};
    int64_t count = value->a;
    uint32_t unit;

    switch (value->type) {
    case STOA_TYPE_TIMESTAMP:
        unit = coarsest_unit(&count);
        return stoa__timestamp_format(count, unit, text);
    case STOA_TYPE_DATE:
        return stoa__date_format(value->a, text);
    case STOA_TYPE_TIME:
        unit = coarsest_unit(&count);
        return stoa__time_format(count, unit, text);
    case STOA_TYPE_DURATION:
        return stoa__duration_format(value->a, STOA__CIVIL_NANO, text);
    default:
        return stoa__interval_format(&interval, text);
    }
}

static size_t format_scalar(const stoa_value *value, char *text)
{
    switch (value->type) {
    case STOA_TYPE_BOOL:
        memcpy(text, value->a ? "true" : "false", 5);
        return value->a ? 4 : 5;
    case STOA_TYPE_UINT64:
        return stoa__uint64_format((uint64_t)value->a, text);
    case STOA_TYPE_FLOAT32:
        return stoa__float_format((float)double_of(value), text);
    case STOA_TYPE_FLOAT64:
        return stoa__double_format(double_of(value), text);
    default:
        if (value->type >= STOA_TYPE_TIMESTAMP)
            return format_temporal(value, text);
        return stoa__int64_format(value->a, text);
    }
}

/* 8-4-4-4-12 digits. */
static stoa_status append_uuid(const uint8_t *bytes, stoa__buffer *out)
{
    static const size_t parts[] = {4, 2, 2, 2, 6};
    stoa_status rc = STOA_OK;

    for (size_t i = 0; i < 5 && rc == STOA_OK; i++) {
        if (i > 0)
            rc = stoa__buffer_append_byte(out, '-');
        if (rc == STOA_OK)
            rc = stoa__hex_encode(bytes, parts[i], out);
        bytes += parts[i];
    }
    return rc;
}

stoa_status stoa__value_text(const stoa_value *value, const uint8_t *bytes,
                             stoa__buffer *out, stoa_error *err)
{
    char text[STOA__CIVIL_TEXT_MAX];
    stoa_status rc;
    size_t size;

    if (value->type == STOA_TYPE_NULL)
        return fail_loss(value, "text", err);
    if (value->type == STOA_TYPE_BYTES && value->b > 0 &&
        stoa__utf8_check((const char *)bytes + value->a, (size_t)value->b) !=
            (size_t)value->b)
        return stoa__fail(err, STOA_ERR_TYPE, "the bytes are not UTF-8");
    if (value->type == STOA_TYPE_UUID) {
        rc = append_uuid(bytes + value->a, out);
    } else if (value->type >= STOA_TYPE_DECIMAL) {
        rc = value->b > 0 ? stoa__buffer_append(out, bytes + value->a, (size_t)value->b)
                          : STOA_OK;
    } else {
        size = format_scalar(value, text);
        if (size == 0)
            return stoa__fail(err, STOA_ERR_TYPE, "%lld is a %s outside of the calendar",
                              (long long)value->a, stoa_type_name(value->type));
        rc = stoa__buffer_append(out, text, size);
    }
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
