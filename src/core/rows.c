/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rows.h"

#include "arrow/cell.h"
#include "base/error.h"
#include "text/civil.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static const uint32_t civil_units[] = {
    [STOA__UNIT_SECOND] = STOA__CIVIL_SECOND,
    [STOA__UNIT_MILLI] = STOA__CIVIL_MILLI,
    [STOA__UNIT_MICRO] = STOA__CIVIL_MICRO,
    [STOA__UNIT_NANO] = STOA__CIVIL_NANO,
};

/* One row's cell on its way into the writer. */
struct put {
    const struct stoa__cell *cell;
    struct stoa__row_writer *out;
    stoa_error *err;
    bool symbol; /* It came from a dictionary. */
};

static stoa_status put_value(const struct put *put, int32_t type, int64_t a, int64_t b)
{
    stoa_value value = {.type = type, .a = a, .b = b};

    if (stoa__buffer_append(&put->out->values, &value, sizeof value) != STOA_OK)
        return stoa__fail_nomem(put->err);
    return STOA_OK;
}

/* What was appended to the writer's bytes since `before`. */
static stoa_status put_appended(const struct put *put, int32_t type, size_t before)
{
    return put_value(put, type, (int64_t)before,
                     (int64_t)(put->out->bytes.size - before));
}

static stoa_status put_double(const struct put *put, int32_t type)
{
    double value = stoa__cell_float64(put->cell);
    int64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return put_value(put, type, bits, 0);
}

static stoa_status put_nanoseconds(const struct put *put, int32_t type)
{
    int64_t value = 0;
    stoa_status rc = stoa__civil_convert_exact(stoa__cell_int64(put->cell),
                                               civil_units[put->cell->type->unit],
                                               STOA__CIVIL_NANO, &value, put->err);

    return rc == STOA_OK ? put_value(put, type, value, 0) : rc;
}

static stoa_status put_date64(const struct put *put)
{
    const int64_t ms_per_day = 86400000;
    int64_t ms = stoa__cell_int64(put->cell);

    if (ms % ms_per_day != 0)
        return stoa__fail(put->err, STOA_ERR_TYPE, "%lld ms is not a whole day",
                          (long long)ms);
    return put_value(put, STOA_TYPE_DATE, ms / ms_per_day, 0);
}

static stoa_status put_interval(const struct put *put)
{
    int32_t months = 0, days = 0, ms;
    int64_t nanos = 0;

    if (put->cell->type->kind == STOA__ARROW_INTERVAL_MONTHS) {
        months = (int32_t)stoa__cell_int64(put->cell);
    } else if (put->cell->type->kind == STOA__ARROW_INTERVAL_DAYS_MS) {
        const char *bytes = stoa__cell_fixed(put->cell);

        memcpy(&days, bytes, sizeof days);
        memcpy(&ms, bytes + sizeof days, sizeof ms);
        nanos = ms * INT64_C(1000000);
    } else {
        const char *bytes = stoa__cell_fixed(put->cell);

        memcpy(&months, bytes, sizeof months);
        memcpy(&days, bytes + 4, sizeof days);
        memcpy(&nanos, bytes + 8, sizeof nanos);
    }
    return put_value(
        put, STOA_TYPE_INTERVAL,
        (int64_t)((uint64_t)(uint32_t)months | (uint64_t)(uint32_t)days << 32), nanos);
}

static stoa_status put_bytes(const struct put *put, int32_t type)
{
    size_t before = put->out->bytes.size;
    int64_t size = 0;
    const uint8_t *bytes = stoa__cell_bytes(put->cell, &size);

    if (size > 0 && stoa__buffer_append(&put->out->bytes, bytes, (size_t)size) != STOA_OK)
        return stoa__fail_nomem(put->err);
    return put_appended(put, type, before);
}

static stoa_status put_text(const struct put *put)
{
    const char *extension = put->cell->type->extension_name;
    int32_t type = put->symbol ? STOA_TYPE_SYMBOL : STOA_TYPE_TEXT;

    if (extension && strcmp(extension, "arrow.json") == 0)
        type = STOA_TYPE_JSON;
    else if (extension && strcmp(extension, "stoa.decimal") == 0)
        type = STOA_TYPE_DECIMAL;
    else if (extension && strcmp(extension, "stoa.symbol") == 0)
        type = STOA_TYPE_SYMBOL;
    return put_bytes(put, type);
}

static stoa_status put_decimal(const struct put *put)
{
    size_t before = put->out->bytes.size;
    stoa_status rc = stoa__cell_text(put->cell, &put->out->bytes, put->err);

    return rc == STOA_OK ? put_appended(put, STOA_TYPE_DECIMAL, before) : rc;
}

static stoa_status put_json(const struct put *put)
{
    size_t before = put->out->bytes.size;
    stoa_status rc = stoa__cell_json(put->cell, &put->out->bytes, put->err);

    return rc == STOA_OK ? put_appended(put, STOA_TYPE_JSON, before) : rc;
}

static stoa_status put_null(const struct put *put)
{
    return put_value(put, STOA_TYPE_NULL, 0, 0);
}

static stoa_status put_bool(const struct put *put)
{
    return put_value(put, STOA_TYPE_BOOL, stoa__cell_int64(put->cell), 0);
}

/* Both lists go through the widths in the same order. */
static stoa_status put_integer(const struct put *put)
{
    return put_value(put,
                     STOA_TYPE_INT8 + (int32_t)(put->cell->type->kind - STOA__ARROW_INT8),
                     stoa__cell_int64(put->cell), 0);
}

static stoa_status put_float32(const struct put *put)
{
    return put_double(put, STOA_TYPE_FLOAT32);
}

static stoa_status put_float64(const struct put *put)
{
    return put_double(put, STOA_TYPE_FLOAT64);
}

static stoa_status put_date32(const struct put *put)
{
    return put_value(put, STOA_TYPE_DATE, stoa__cell_int64(put->cell), 0);
}

static stoa_status put_time(const struct put *put)
{
    return put_nanoseconds(put, STOA_TYPE_TIME);
}

static stoa_status put_timestamp(const struct put *put)
{
    return put_nanoseconds(put, STOA_TYPE_TIMESTAMP);
}

static stoa_status put_duration(const struct put *put)
{
    return put_nanoseconds(put, STOA_TYPE_DURATION);
}

static stoa_status put_binary(const struct put *put)
{
    return put_bytes(put, STOA_TYPE_BYTES);
}

static stoa_status put_fixed(const struct put *put)
{
    const struct stoa__arrow_type *type = put->cell->type;
    bool uuid = type->width == 16 && type->extension_name &&
                strcmp(type->extension_name, "arrow.uuid") == 0;

    return put_bytes(put, uuid ? STOA_TYPE_UUID : STOA_TYPE_BYTES);
}

/* What is not here is nested, and goes as JSON. */
static stoa_status (*const puts_by_kind[STOA__ARROW_KIND_COUNT])(const struct put *) = {
    [STOA__ARROW_NULL] = put_null,
    [STOA__ARROW_BOOL] = put_bool,
    [STOA__ARROW_INT8] = put_integer,
    [STOA__ARROW_INT16] = put_integer,
    [STOA__ARROW_INT32] = put_integer,
    [STOA__ARROW_INT64] = put_integer,
    [STOA__ARROW_UINT8] = put_integer,
    [STOA__ARROW_UINT16] = put_integer,
    [STOA__ARROW_UINT32] = put_integer,
    [STOA__ARROW_UINT64] = put_integer,
    [STOA__ARROW_FLOAT16] = put_float32,
    [STOA__ARROW_FLOAT32] = put_float32,
    [STOA__ARROW_FLOAT64] = put_float64,
    [STOA__ARROW_DECIMAL32] = put_decimal,
    [STOA__ARROW_DECIMAL64] = put_decimal,
    [STOA__ARROW_DECIMAL128] = put_decimal,
    [STOA__ARROW_DECIMAL256] = put_decimal,
    [STOA__ARROW_DATE32] = put_date32,
    [STOA__ARROW_DATE64] = put_date64,
    [STOA__ARROW_TIME32] = put_time,
    [STOA__ARROW_TIME64] = put_time,
    [STOA__ARROW_TIMESTAMP] = put_timestamp,
    [STOA__ARROW_DURATION] = put_duration,
    [STOA__ARROW_INTERVAL_MONTHS] = put_interval,
    [STOA__ARROW_INTERVAL_DAYS_MS] = put_interval,
    [STOA__ARROW_INTERVAL_MONTHS_DAYS_NS] = put_interval,
    [STOA__ARROW_UTF8] = put_text,
    [STOA__ARROW_LARGE_UTF8] = put_text,
    [STOA__ARROW_UTF8_VIEW] = put_text,
    [STOA__ARROW_BINARY] = put_binary,
    [STOA__ARROW_LARGE_BINARY] = put_binary,
    [STOA__ARROW_BINARY_VIEW] = put_binary,
    [STOA__ARROW_FIXED_BINARY] = put_fixed,
};

static stoa_status put_cell(const struct put *put)
{
    stoa_status (*by_kind)(const struct put *) = puts_by_kind[put->cell->type->kind];

    if (put->cell->null)
        return put_null(put);
    return by_kind ? by_kind(put) : put_json(put);
}

static stoa_status put_row(const struct stoa__arrow_type *type,
                           const struct ArrowArray *batch, int64_t row,
                           struct stoa__row_writer *out, stoa_error *err)
{
    struct stoa__cell whole, cell;

    stoa__cell_at(type, batch, row, &whole);
    for (int32_t i = 0; i < type->child_count; i++) {
        const struct put put = {&cell, out, err, type->children[i].dictionary != NULL};
        stoa_status rc;

        stoa__cell_child(&whole, i, &cell);
        rc = put_cell(&put);
        if (rc != STOA_OK) {
            stoa__wrap(err, "column '%s'", type->children[i].name);
            return rc;
        }
    }
    return STOA_OK;
}

stoa_status stoa__rows_from_batch(const struct stoa__arrow_type *type,
                                  const struct ArrowArray *batch, int64_t row,
                                  int64_t row_count, struct stoa__row_writer *out,
                                  stoa_error *err)
{
    stoa_status rc = STOA_OK;

    assert(type->kind == STOA__ARROW_STRUCT && row + row_count <= batch->length);
    for (int64_t i = 0; i < row_count && rc == STOA_OK; i++)
        rc = put_row(type, batch, row + i, out, err);
    if (rc != STOA_OK) {
        out->values.size = out->bytes.size = 0;
        out->row_count = 0;
        return rc;
    }
    out->row_count += row_count;
    out->column_count = type->child_count;
    return STOA_OK;
}
