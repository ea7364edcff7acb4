/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the caller's functions on their way in and out, by declared type. Temporal arguments
 * may be stored as integers of the type's unit or as ISO text. */
#include "arrow/cell.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/function.h"
#include "text/civil.h"
#include "text/decimal.h"
#include "text/utf8.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

enum { NUMBER_TEXT_SIZE = 40, DAY_MS = 86400000 };

/* The declared type of argument `index`; the last one repeats in variadic functions. */
static const struct stoa__arrow_type *parameter_type(const struct sqlite_function *function,
                                                     int32_t index)
{
    int32_t last = function->parameter_count - 1;
    assert(last >= 0);
    return &function->spec.parameters->children[index < last ? index : last];
}

const struct stoa__arrow_type *sqlite_arguments_type(const struct sqlite_function *function,
                                                     int count, stoa__arena *arena)
{
    if (count == function->parameter_count)
        return function->spec.parameters;
    struct stoa__arrow_type *type = stoa__arena_alloc(arena, sizeof *type);
    struct stoa__arrow_type *children =
        stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *children);
    if (!type || !children)
        return NULL;
    for (int i = 0; i < count; i++)
        children[i] = *parameter_type(function, i);
    *type = *function->spec.parameters;
    type->children = children;
    type->child_count = count;
    return type;
}

static stoa_status refuse(const struct sqlite_function *function, int32_t index,
                          const struct stoa__arrow_type *type, const struct sqlite_cell *cell,
                          stoa_error *err)
{
    static const char *const classes[] = {
        [SQLITE_INTEGER] = "an integer", [SQLITE_FLOAT] = "a real number",
        [SQLITE_TEXT] = "text", [SQLITE_BLOB] = "a blob", [SQLITE_NULL] = "NULL"};
    char wanted[128];
    (void)function;
    stoa__arrow_type_text(type, wanted, sizeof wanted);
    return stoa__fail(err, STOA_ERR_TYPE, "argument %d is %s that does not fit %s", index + 1,
                      classes[cell->class], wanted);
}

/* ---- reading: one number for everything that is a count ---- */

/* Integers, bool, dates, times, timestamps, durations, months: in the type's own unit. */
static bool read_count(const struct stoa__arrow_type *type, const struct sqlite_cell *cell,
                       int64_t *out)
{
    if (cell->class != SQLITE_TEXT)
        return sqlite_cell_int64(cell, out);
    const char *text = (const char *)cell->bytes;
    size_t size = (size_t)cell->size;
    int64_t days = 0;
    switch ((int)type->kind) {
    case STOA__ARROW_DATE32:
        return stoa__date_parse(text, size, out, NULL) == STOA_OK;
    case STOA__ARROW_DATE64:
        return stoa__date_parse(text, size, &days, NULL) == STOA_OK &&
               !__builtin_mul_overflow(days, (int64_t)DAY_MS, out);
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        return stoa__time_parse(text, size, type->unit, out, NULL) == STOA_OK;
    case STOA__ARROW_TIMESTAMP:
        return stoa__timestamp_parse(text, size, type->unit, out, NULL, NULL) == STOA_OK;
    default:
        return sqlite_cell_int64(cell, out);
    }
}

static bool is_float(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_FLOAT16 || kind == STOA__ARROW_FLOAT32 ||
           kind == STOA__ARROW_FLOAT64;
}

static bool is_decimal(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_DECIMAL32 && kind <= STOA__ARROW_DECIMAL256;
}

static bool is_text(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_UTF8 || kind == STOA__ARROW_LARGE_UTF8 ||
           kind == STOA__ARROW_UTF8_VIEW;
}

static bool is_bytes(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_BINARY || kind == STOA__ARROW_LARGE_BINARY ||
           kind == STOA__ARROW_BINARY_VIEW || kind == STOA__ARROW_FIXED_BINARY;
}

static bool is_count(enum stoa__arrow_kind kind)
{
    return (kind >= STOA__ARROW_BOOL && kind <= STOA__ARROW_UINT64) ||
           (kind >= STOA__ARROW_DATE32 && kind <= STOA__ARROW_INTERVAL_MONTHS);
}

/* ---- arguments as a column ---- */

stoa_status sqlite_argument_append(const struct sqlite_function *function, int32_t index,
                                   sqlite3_value *value, struct stoa__column *column,
                                   stoa_error *err)
{
    const struct stoa__arrow_type *type = stoa__arrow_type_values(column->type);
    struct sqlite_cell cell;
    char digits[NUMBER_TEXT_SIZE];
    const char *text = NULL;
    int64_t size = 0;
    int64_t count = 0;
    double real = 0;
    stoa_status rc;

    if (!sqlite_cell_load(value, &cell))
        return stoa__fail_nomem(err);
    if (cell.class == SQLITE_NULL)
        return stoa__column_append_null(column, err);
    if (is_float(type->kind))
        return sqlite_cell_float64(&cell, &real)
                   ? stoa__column_append_float64(column, real, err)
                   : refuse(function, index, type, &cell, err);
    if (is_count(type->kind)) {
        rc = read_count(type, &cell, &count) ? stoa__column_append_int64(column, count, err)
                                             : STOA_ERR_TYPE;
        return rc == STOA_ERR_TYPE ? refuse(function, index, type, &cell, err) : rc;
    }
    if (is_bytes(type->kind)) {
        rc = cell.class == SQLITE_BLOB
                 ? stoa__column_append_bytes(column, cell.bytes, cell.size, err)
                 : STOA_ERR_TYPE;
        return rc == STOA_ERR_TYPE ? refuse(function, index, type, &cell, err) : rc;
    }
    if (!sqlite_cell_text(&cell, digits, &text, &size))
        return refuse(function, index, type, &cell, err);
    if (is_text(type->kind))
        return stoa__column_append_bytes(column, text, size, err);
    if (is_decimal(type->kind)) {
        uint8_t number[STOA__DECIMAL_WIDTH_MAX];
        rc = stoa__decimal_parse(text, (size_t)size, type->precision, type->scale, type->width,
                                 number, NULL);
        return rc == STOA_OK ? stoa__column_append_fixed(column, number, err)
                             : refuse(function, index, type, &cell, err);
    }
    return stoa__column_append_json(column, text, size, err);
}

/* ---- arguments as packed values ---- */

static int32_t packed_type(const struct stoa__arrow_type *type)
{
    if (type->kind >= STOA__ARROW_BOOL && type->kind <= STOA__ARROW_UINT64)
        return STOA_TYPE_BOOL + (int32_t)(type->kind - STOA__ARROW_BOOL);
    if (type->kind == STOA__ARROW_DATE32 || type->kind == STOA__ARROW_DATE64)
        return STOA_TYPE_DATE;
    if (type->kind == STOA__ARROW_TIMESTAMP)
        return STOA_TYPE_TIMESTAMP;
    if (type->kind == STOA__ARROW_TIME32 || type->kind == STOA__ARROW_TIME64)
        return STOA_TYPE_TIME;
    if (type->kind == STOA__ARROW_DURATION)
        return STOA_TYPE_DURATION;
    if (type->kind == STOA__ARROW_INTERVAL_MONTHS)
        return STOA_TYPE_INTERVAL;
    return is_decimal(type->kind) ? STOA_TYPE_DECIMAL : STOA_TYPE_JSON;
}

_Static_assert(STOA_TYPE_UINT64 - STOA_TYPE_BOOL ==
                   (int)STOA__ARROW_UINT64 - (int)STOA__ARROW_BOOL,
               "integers are numbered alike in Arrow kinds and packed types");

/* From the type's unit to what a stoa_value of that type counts. False: out of range. */
static bool pack_count(const struct stoa__arrow_type *type, int64_t count, stoa_value *out)
{
    int64_t remainder = 0;

    out->type = packed_type(type);
    out->a = count;
    if (out->type == STOA_TYPE_INTERVAL)
        out->a = (int64_t)(uint32_t)(int32_t)count;
    if (type->kind == STOA__ARROW_DATE64)
        out->a = count / DAY_MS - (count % DAY_MS < 0);
    if (type->unit == STOA__UNIT_NONE)
        return true;
    return stoa__civil_convert(count, type->unit, STOA__CIVIL_NANO, &out->a, &remainder);
}

/* Is the count within the type? The column's own check, without a column. */
static bool count_fits(const struct stoa__arrow_type *type, int64_t count)
{
    switch ((int)type->kind) {
    case STOA__ARROW_BOOL:
        return count == 0 || count == 1;
    case STOA__ARROW_INT8:
        return count == (int8_t)count;
    case STOA__ARROW_INT16:
        return count == (int16_t)count;
    case STOA__ARROW_INT32:
    case STOA__ARROW_DATE32:
    case STOA__ARROW_TIME32:
    case STOA__ARROW_INTERVAL_MONTHS:
        return count == (int32_t)count;
    case STOA__ARROW_UINT8:
        return count == (uint8_t)count;
    case STOA__ARROW_UINT16:
        return count == (uint16_t)count;
    case STOA__ARROW_UINT32:
        return count == (uint32_t)count;
    case STOA__ARROW_UINT64:
        return count >= 0;
    default:
        return true;
    }
}

static int64_t double_bits(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Text, bytes, decimals and JSON: behind the row's other bytes. */
static stoa_status pack_bytes(stoa_value *out, int32_t type, const void *bytes, int64_t size,
                              stoa__buffer *into)
{
    out->type = type;
    out->a = (int64_t)into->size;
    out->b = size;
    return stoa__buffer_append(into, bytes, (size_t)size);
}

/* A parameter of any type: as SQLite has the value. */
static stoa_status pack_as_is(const struct sqlite_cell *cell, stoa_value *out,
                              stoa__buffer *bytes)
{
    switch (cell->class) {
    case SQLITE_INTEGER:
        *out = (stoa_value){.type = STOA_TYPE_INT64, .a = cell->integer};
        return STOA_OK;
    case SQLITE_FLOAT:
        *out = (stoa_value){.type = STOA_TYPE_FLOAT64, .a = double_bits(cell->real)};
        return STOA_OK;
    case SQLITE_TEXT:
        return pack_bytes(out, STOA_TYPE_TEXT, cell->bytes, cell->size, bytes);
    case SQLITE_BLOB:
        return pack_bytes(out, STOA_TYPE_BYTES, cell->bytes, cell->size, bytes);
    default:
        return STOA_OK;
    }
}

static stoa_status pack_typed(const struct sqlite_function *function, int32_t index,
                              const struct stoa__arrow_type *type,
                              const struct sqlite_cell *cell, stoa_value *out,
                              stoa__buffer *bytes, stoa_error *err)
{
    char digits[NUMBER_TEXT_SIZE];
    const char *text = NULL;
    int64_t size = 0;
    int64_t count = 0;
    double real = 0;

    if (is_float(type->kind)) {
        out->type = type->kind == STOA__ARROW_FLOAT64 ? STOA_TYPE_FLOAT64 : STOA_TYPE_FLOAT32;
        if (!sqlite_cell_float64(cell, &real))
            return refuse(function, index, type, cell, err);
        out->a = double_bits(real);
        return STOA_OK;
    }
    if (is_count(type->kind)) {
        bool fits = read_count(type, cell, &count) && count_fits(type, count) &&
                    pack_count(type, count, out);
        return fits ? STOA_OK : refuse(function, index, type, cell, err);
    }
    stoa_status rc = STOA_ERR_TYPE;
    if (is_bytes(type->kind)) {
        bool uuid = type->extension_name && strcmp(type->extension_name, "arrow.uuid") == 0;
        if (cell->class == SQLITE_BLOB &&
            (type->kind != STOA__ARROW_FIXED_BINARY || cell->size == type->width))
            rc = pack_bytes(out, uuid ? STOA_TYPE_UUID : STOA_TYPE_BYTES, cell->bytes, cell->size,
                            bytes);
    } else if (sqlite_cell_text(cell, digits, &text, &size)) {
        rc = pack_bytes(out, is_text(type->kind) ? STOA_TYPE_TEXT : packed_type(type), text, size,
                        bytes);
    }
    if (rc == STOA_ERR_TYPE)
        return refuse(function, index, type, cell, err);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status sqlite_argument_pack(const struct sqlite_function *function, int32_t index,
                                 sqlite3_value *value, stoa__buffer *values, stoa__buffer *bytes,
                                 stoa_error *err)
{
    const struct stoa__arrow_type *type = parameter_type(function, index);
    struct sqlite_cell cell;
    stoa_value out = {.type = STOA_TYPE_NULL};
    stoa_status rc;

    if (!sqlite_cell_load(value, &cell))
        return stoa__fail_nomem(err);
    if (cell.class == SQLITE_NULL)
        rc = STOA_OK;
    else if (type->kind == STOA__ARROW_NULL)
        rc = pack_as_is(&cell, &out, bytes) == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
    else
        rc = pack_typed(function, index, stoa__arrow_type_values(type), &cell, &out, bytes, err);
    if (rc == STOA_OK && stoa__buffer_append(values, &out, sizeof out) != STOA_OK)
        rc = stoa__fail_nomem(err);
    return rc;
}

/* ---- results ---- */

static double bits_double(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static stoa_status give_bytes(sqlite3_context *context, const stoa_value *value,
                              const uint8_t *bytes, bool text, stoa_error *err)
{
    if (value->b < 0 || value->a < 0 || (value->b > 0 && !bytes))
        return stoa__fail(err, STOA_ERR_CALLBACK, "gave a result without its bytes");
    const char *start = value->b > 0 ? (const char *)bytes + value->a : "";
    if (text && stoa__utf8_check(start, (size_t)value->b) != (size_t)value->b)
        return stoa__fail(err, STOA_ERR_TYPE, "gave text that is not UTF-8");
    if (text)
        sqlite3_result_text64(context, start, (sqlite3_uint64)value->b, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
    else
        sqlite3_result_blob64(context, start, (sqlite3_uint64)value->b, SQLITE_TRANSIENT);
    return STOA_OK;
}

/* A count in nanoseconds, in the unit of the declared result (microseconds without one, as for
 * parameters: statement.h). */
static stoa_status give_time(const struct sqlite_function *function, sqlite3_context *context,
                             int64_t ns, stoa_error *err)
{
    uint32_t unit = function->returns.type ? function->returns.type->unit : STOA__CIVIL_MICRO;
    int64_t count = ns;
    stoa_status rc = STOA_OK;
    if (unit != STOA__UNIT_NONE)
        rc = stoa__civil_convert_exact(ns, STOA__CIVIL_NANO, unit, &count, err);
    if (rc == STOA_OK)
        sqlite3_result_int64(context, count);
    return rc;
}

/* Is it a value of the declared type? Whole numbers are floats and decimals too, and what is
 * written down is text. */
static bool result_fits(const struct stoa__arrow_type *type, const stoa_value *value)
{
    bool whole = value->type >= STOA_TYPE_BOOL && value->type <= STOA_TYPE_UINT64;

    if (value->type == STOA_TYPE_NULL)
        return true;
    if (is_float(type->kind))
        return whole || value->type == STOA_TYPE_FLOAT32 || value->type == STOA_TYPE_FLOAT64;
    if (is_decimal(type->kind))
        return whole || value->type == STOA_TYPE_DECIMAL;
    if (is_text(type->kind))
        return value->type == STOA_TYPE_TEXT || value->type == STOA_TYPE_SYMBOL ||
               value->type == STOA_TYPE_JSON || value->type == STOA_TYPE_DECIMAL;
    if (is_bytes(type->kind))
        return value->type == STOA_TYPE_BYTES || value->type == STOA_TYPE_UUID;
    if (type->kind <= STOA__ARROW_UINT64)
        return whole && count_fits(type, value->a);
    return value->type == packed_type(type);
}

static stoa_status check_result(const struct sqlite_function *function, const stoa_value *value,
                                stoa_error *err)
{
    const struct stoa__arrow_type *type = function->returns.type;
    char declared[128];

    if (!type || type->kind == STOA__ARROW_NULL || result_fits(type, value))
        return STOA_OK;
    stoa__arrow_type_text(type, declared, sizeof declared);
    return stoa__fail(err, STOA_ERR_TYPE, "gave a value of type %s that does not fit %s",
                      stoa_type_name(value->type), declared);
}

stoa_status sqlite_result_pack(const struct sqlite_function *function, sqlite3_context *context,
                               const stoa_value *value, const uint8_t *bytes, stoa_error *err)
{
    stoa_status rc = check_result(function, value, err);

    if (rc != STOA_OK)
        return rc;
    switch (value->type) {
    case STOA_TYPE_NULL:
        sqlite3_result_null(context);
        return STOA_OK;
    case STOA_TYPE_BOOL:
        sqlite3_result_int(context, value->a != 0);
        return STOA_OK;
    case STOA_TYPE_UINT64:
        if (value->a < 0)
            return stoa__fail(err, STOA_ERR_TYPE, "gave an integer above 2^63-1");
        sqlite3_result_int64(context, value->a);
        return STOA_OK;
    case STOA_TYPE_INT8:
    case STOA_TYPE_INT16:
    case STOA_TYPE_INT32:
    case STOA_TYPE_INT64:
    case STOA_TYPE_UINT8:
    case STOA_TYPE_UINT16:
    case STOA_TYPE_UINT32:
    case STOA_TYPE_DATE:
        sqlite3_result_int64(context, value->a);
        return STOA_OK;
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        if (isnan(bits_double(value->a)))
            return stoa__fail(err, STOA_ERR_TYPE, "gave NaN, which SQLite cannot hold");
        sqlite3_result_double(context, bits_double(value->a));
        return STOA_OK;
    case STOA_TYPE_TIMESTAMP:
    case STOA_TYPE_TIME:
    case STOA_TYPE_DURATION:
        return give_time(function, context, value->a, err);
    case STOA_TYPE_TEXT:
    case STOA_TYPE_SYMBOL:
    case STOA_TYPE_JSON:
    case STOA_TYPE_DECIMAL:
        return give_bytes(context, value, bytes, true, err);
    case STOA_TYPE_BYTES:
    case STOA_TYPE_UUID:
        return give_bytes(context, value, bytes, false, err);
    default:
        return stoa__fail(err, STOA_ERR_CALLBACK, "gave a result of type %d, which is none",
                          value->type);
    }
}

stoa_status sqlite_result_array(const struct sqlite_function *function, sqlite3_context *context,
                                const struct ArrowArray *array, stoa_error *err)
{
    stoa__buffer scratch = {0};

    if (!array->release)
        return stoa__fail(err, STOA_ERR_CALLBACK, "gave no result");
    stoa_status rc =
        stoa__arrow_validate(function->spec.returns, array, STOA_CHECK_FULL, err);
    if (rc == STOA_OK && array->length != 1)
        rc = stoa__fail(err, STOA_ERR_CALLBACK, "gave %lld results for 1 row",
                        (long long)array->length);
    const struct sqlite_column_form form = {function->spec.returns, function->returns.form};
    if (rc == STOA_OK)
        rc = sqlite_put(&form, array, 0, false, STOA__NAN_ERROR, &scratch, NULL, 0, context, err);
    stoa__buffer_release(&scratch);
    return rc;
}
