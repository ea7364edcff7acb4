/* SPDX-License-Identifier: Apache-2.0 */
#include "core/value.h"

#include "base/error.h"
#include "base/limits.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { UUID_SIZE = 16 };

#define NS_PER_DAY INT64_C(86400000000000)

bool stoa__value_has_bytes(int32_t type)
{
    return type >= STOA_TYPE_DECIMAL && type <= STOA_TYPE_NAME;
}

/* What `a` may be, where it is not any number. */
struct range {
    int64_t min, max;
};

static const struct range ranges[STOA_TYPE_NAME + 1] = {
    [STOA_TYPE_BOOL] = {0, 1},
    [STOA_TYPE_INT8] = {INT8_MIN, INT8_MAX},
    [STOA_TYPE_INT16] = {INT16_MIN, INT16_MAX},
    [STOA_TYPE_INT32] = {INT32_MIN, INT32_MAX},
    [STOA_TYPE_UINT8] = {0, UINT8_MAX},
    [STOA_TYPE_UINT16] = {0, UINT16_MAX},
    [STOA_TYPE_UINT32] = {0, UINT32_MAX},
    [STOA_TYPE_DATE] = {INT32_MIN, INT32_MAX},
    [STOA_TYPE_TIME] = {0, NS_PER_DAY - 1},
};

static size_t digits(const char *text, size_t size)
{
    size_t count = 0;

    while (count < size && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* Digits with a sign, a point and an exponent, where it has them. */
static bool is_decimal(const char *text, size_t size)
{
    size_t at = size > 0 && (text[0] == '-' || text[0] == '+');
    size_t whole = digits(text + at, size - at), part = 0;

    at += whole;
    if (at < size && text[at] == '.') {
        part = digits(text + at + 1, size - at - 1);
        at += 1 + part;
    }
    if (whole + part > 0 && at + 1 < size && (text[at] == 'e' || text[at] == 'E')) {
        at += text[at + 1] == '-' || text[at + 1] == '+' ? 2 : 1;
        if (at == size)
            return false;
        at += digits(text + at, size - at);
    }
    return whole + part > 0 && at == size;
}

static stoa_status check_text(const stoa_value *value, const uint8_t *bytes,
                              const char *what, int64_t number, stoa_error *err)
{
    const size_t size = (size_t)value->b;
    const char *text = size > 0 ? (const char *)bytes + value->a : "";
    const size_t valid = stoa__utf8_check(text, size);

    if (valid == size && (value->type != STOA_TYPE_DECIMAL || is_decimal(text, size)))
        return STOA_OK;
    if (valid == size)
        return stoa__fail(err, STOA_ERR_INVALID, "%s %lld is not a decimal number", what,
                          (long long)number);
    return stoa__fail(err, STOA_ERR_INVALID, "%s %lld (%s) is not UTF-8 at byte %zu",
                      what, (long long)number, stoa_type_name(value->type), valid);
}

static stoa_status check_bytes(const stoa_value *value, const uint8_t *bytes,
                               int64_t bytes_size, const char *what, int64_t number,
                               stoa_error *err)
{
    if (value->a < 0 || value->b < 0 || value->a > bytes_size ||
        value->b > bytes_size - value->a)
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "%s %lld (%s): %lld bytes at %lld are not inside the %lld bytes given", what,
            (long long)number, stoa_type_name(value->type), (long long)value->b,
            (long long)value->a, (long long)bytes_size);
    if (value->type == STOA_TYPE_BYTES)
        return STOA_OK;
    if (value->type == STOA_TYPE_UUID) {
        if (value->b == UUID_SIZE)
            return STOA_OK;
        return stoa__fail(err, STOA_ERR_INVALID, "%s %lld (uuid) has %lld bytes, not 16",
                          what, (long long)number, (long long)value->b);
    }
    return check_text(value, bytes, what, number, err);
}

stoa_status stoa__value_check(const stoa_value *value, const uint8_t *bytes,
                              int64_t bytes_size, const char *what, int64_t number,
                              stoa_error *err)
{
    const struct range *range;

    if (value->type == STOA_TYPE_LIST)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s %lld is a list: these are in rows that come out alone", what,
                          (long long)number);
    if (value->type < STOA_TYPE_NULL || value->type > STOA_TYPE_NAME)
        return stoa__fail(err, STOA_ERR_INVALID, "%s %lld: %d is not a STOA_TYPE", what,
                          (long long)number, (int)value->type);
    if (value->flags != 0)
        return stoa__fail(err, STOA_ERR_INVALID, "%s %lld: flags are %d, not 0", what,
                          (long long)number, (int)value->flags);
    if (stoa__value_has_bytes(value->type))
        return check_bytes(value, bytes, bytes_size, what, number, err);
    range = &ranges[value->type];
    if (range->min == range->max || (value->a >= range->min && value->a <= range->max))
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_INVALID, "%s %lld: %lld is outside of %s", what,
                      (long long)number, (long long)value->a,
                      stoa_type_name(value->type));
}

/* ---- parameters ---- */

static stoa_status check_counts(const stoa_value *params, int64_t param_count,
                                const uint8_t *bytes, int64_t bytes_size, stoa_error *err)
{
    /* Each may have a name. */
    const int64_t count_max = INT64_C(2) * STOA__PARAM_COUNT_MAX;

    if (param_count < 0 || param_count > count_max)
        return stoa__fail(err, STOA_ERR_INVALID, "param_count is %lld, not in 0..%lld",
                          (long long)param_count, (long long)count_max);
    if (!params && param_count > 0)
        return stoa__fail(err, STOA_ERR_INVALID, "params is NULL and param_count is %lld",
                          (long long)param_count);
    if (bytes_size < 0)
        return stoa__fail(err, STOA_ERR_INVALID, "bytes_size is %lld",
                          (long long)bytes_size);
    if (!bytes && bytes_size > 0)
        return stoa__fail(err, STOA_ERR_INVALID, "bytes is NULL and bytes_size is %lld",
                          (long long)bytes_size);
    return STOA_OK;
}

static stoa_status check_positional(const stoa_value *params, int64_t param_count,
                                    const uint8_t *bytes, int64_t bytes_size,
                                    stoa_error *err)
{
    for (int64_t i = 0; i < param_count; i++) {
        stoa_status rc =
            stoa__value_check(&params[i], bytes, bytes_size, "parameter", i + 1, err);

        if (rc != STOA_OK)
            return rc;
        if (params[i].type == STOA_TYPE_NAME)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "parameter %lld is a name among parameters without names",
                              (long long)(i + 1));
    }
    return STOA_OK;
}

static stoa_status check_pair(const stoa_value *pair, int64_t number,
                              const uint8_t *bytes, int64_t bytes_size,
                              struct stoa__params_room *room, stoa_error *err)
{
    struct stoa__name name;
    stoa_status rc;

    if (pair[0].type != STOA_TYPE_NAME || pair[1].type == STOA_TYPE_NAME)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "parameter %lld is not a name and a value", (long long)number);
    rc = stoa__value_check(&pair[0], bytes, bytes_size, "the name of parameter", number,
                           err);
    if (rc == STOA_OK)
        rc = stoa__value_check(&pair[1], bytes, bytes_size, "parameter", number, err);
    if (rc != STOA_OK)
        return rc;
    if (pair[0].b == 0 || pair[0].b > STOA__NAME_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the name of parameter %lld has %lld bytes, not 1 to %d",
                          (long long)number, (long long)pair[0].b, STOA__NAME_BYTES_MAX);
    name = (struct stoa__name){(const char *)bytes + pair[0].a, pair[0].b};
    rc = stoa__buffer_append(&room->names, &name, sizeof name);
    if (rc == STOA_OK)
        rc = stoa__buffer_append(&room->values, &pair[1], sizeof pair[1]);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status check_named(const stoa_value *params, int64_t param_count,
                               const uint8_t *bytes, int64_t bytes_size,
                               struct stoa__params_room *room, struct stoa__params *out,
                               stoa_error *err)
{
    if (param_count % 2 != 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "param_count is %lld: the last name has no value",
                          (long long)param_count);
    room->names.size = room->values.size = 0;
    for (int64_t i = 0; i < param_count; i += 2) {
        stoa_status rc = check_pair(&params[i], i / 2 + 1, bytes, bytes_size, room, err);

        if (rc != STOA_OK)
            return rc;
    }
    out->values = (const stoa_value *)(const void *)room->values.data;
    out->names = (const struct stoa__name *)(const void *)room->names.data;
    out->count = param_count / 2;
    return STOA_OK;
}

stoa_status stoa__params_check(const stoa_value *params, int64_t param_count,
                               const uint8_t *bytes, int64_t bytes_size,
                               struct stoa__params_room *room, struct stoa__params *out,
                               stoa_error *err)
{
    stoa_status rc = check_counts(params, param_count, bytes, bytes_size, err);

    *out = (struct stoa__params){0};
    if (rc != STOA_OK || param_count == 0)
        return rc;
    out->bytes = bytes;
    out->bytes_size = bytes_size;
    if (params[0].type == STOA_TYPE_NAME)
        return check_named(params, param_count, bytes, bytes_size, room, out, err);
    out->values = params;
    out->count = param_count;
    if (param_count > STOA__PARAM_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "%lld parameters are more than %d",
                          (long long)param_count, STOA__PARAM_COUNT_MAX);
    return check_positional(params, param_count, bytes, bytes_size, err);
}

void stoa__params_room_release(struct stoa__params_room *room)
{
    stoa__buffer_release(&room->values);
    stoa__buffer_release(&room->names);
}

/* ---- rows ---- */

void stoa__row_writer_empty(struct stoa__row_writer *writer)
{
    writer->values.size = 0;
    writer->bytes.size = 0;
    writer->row_count = 0;
    writer->column_count = 0;
}

void stoa__row_writer_release(struct stoa__row_writer *writer)
{
    stoa__buffer_release(&writer->values);
    stoa__buffer_release(&writer->bytes);
    *writer = (struct stoa__row_writer){0};
}

void stoa__row_writer_rows(const struct stoa__row_writer *writer,
                           const struct stoa__cursor_info *info, stoa_rows *out)
{
    assert(writer->row_count * writer->column_count * (int64_t)sizeof(stoa_value) ==
           (int64_t)writer->values.size);
    *out = (stoa_rows){
        .values = (const stoa_value *)(const void *)writer->values.data,
        .bytes = writer->bytes.data,
        .bytes_size = (int64_t)writer->bytes.size,
        .row_count = writer->row_count,
        .column_count = writer->column_count,
        .rows_affected = info->rows_affected,
        .last_insert_id = info->last_insert_id < 0 ? 0 : info->last_insert_id,
    };
}
