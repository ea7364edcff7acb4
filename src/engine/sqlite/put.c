/* SPDX-License-Identifier: Apache-2.0 */
/* One Arrow value given to SQLite, bound or returned, in the form its column is stored
 * in. */
#include "engine/sqlite/type.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/civil.h"
#include "text/decimal.h"
#include "text/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* Where a value goes. */
struct target {
    sqlite3_stmt *statement; /* NULL: `context`. */
    int position;
    sqlite3_context *context;
    bool stable;
    int32_t nan;
    stoa__buffer *scratch;
    stoa_error *err;
};

static stoa_status check(const struct target *to, int code)
{
    if (code == SQLITE_OK)
        return STOA_OK;
    if (code == SQLITE_NOMEM)
        return stoa__fail_nomem(to->err);
    const stoa_status rc = stoa__fail(
        to->err, STOA_ERR_INVALID, "the value cannot be bound: %s", sqlite3_errstr(code));

    stoa__error_engine(to->err, code, "22001");
    return rc;
}

static stoa_status put_null(const struct target *to)
{
    if (to->statement)
        return check(to, sqlite3_bind_null(to->statement, to->position));
    sqlite3_result_null(to->context);
    return STOA_OK;
}

static stoa_status put_int(const struct target *to, int64_t value)
{
    if (to->statement)
        return check(to, sqlite3_bind_int64(to->statement, to->position, value));
    sqlite3_result_int64(to->context, value);
    return STOA_OK;
}

static stoa_status put_real(const struct target *to, double value)
{
    if (isnan(value) && to->nan == STOA__NAN_ERROR)
        return stoa__fail(to->err, STOA_ERR_TYPE,
                          "NaN, which SQLite cannot hold; nan=null makes it NULL");
    if (isnan(value))
        return put_null(to);
    if (to->statement)
        return check(to, sqlite3_bind_double(to->statement, to->position, value));
    sqlite3_result_double(to->context, value);
    return STOA_OK;
}

/* Never a NULL pointer: SQLite would make it a NULL value. */
static stoa_status put_text(const struct target *to, const void *text, size_t size,
                            bool stable)
{
    const sqlite3_destructor_type hold = stable ? SQLITE_STATIC : SQLITE_TRANSIENT;
    const char *bytes = size > 0 ? text : "";

    if (to->statement)
        return check(to, sqlite3_bind_text64(to->statement, to->position, bytes, size,
                                             hold, SQLITE_UTF8));
    sqlite3_result_text64(to->context, bytes, size, hold, SQLITE_UTF8);
    return STOA_OK;
}

static stoa_status put_blob(const struct target *to, const void *bytes, size_t size,
                            bool stable)
{
    const sqlite3_destructor_type hold = stable ? SQLITE_STATIC : SQLITE_TRANSIENT;
    const void *data = size > 0 ? bytes : "";

    if (to->statement)
        return check(to,
                     sqlite3_bind_blob64(to->statement, to->position, data, size, hold));
    sqlite3_result_blob64(to->context, data, size, hold);
    return STOA_OK;
}

static stoa_status put_uint64(const struct target *to, const struct stoa__cell *cell)
{
    const int64_t value = stoa__cell_int64(cell);

    if (cell->type->kind == STOA__ARROW_UINT64 && value < 0)
        return stoa__fail(
            to->err, STOA_ERR_TYPE,
            "%llu is above 9223372036854775807, the largest integer of SQLite; "
            "uint64=text stores such values as text",
            (unsigned long long)value);
    return put_int(to, value);
}

/* Twenty digits, so that text sorts as the numbers do. */
static stoa_status put_uint64_text(const struct target *to, const struct stoa__cell *cell)
{
    char digits[STOA__INTEGER_TEXT_MAX], text[STOA__INTEGER_TEXT_MAX];
    const size_t size = stoa__uint64_format((uint64_t)stoa__cell_int64(cell), digits);

    memset(text, '0', sizeof text);
    memcpy(text + sizeof text - size, digits, size);
    return put_text(to, text, sizeof text, false);
}

static stoa_status put_decimal(const struct target *to, const struct stoa__cell *cell,
                               bool as_int)
{
    const struct stoa__arrow_type *type = cell->type;
    const void *value = stoa__cell_fixed(cell);
    char text[STOA__DECIMAL_TEXT_MAX];
    int64_t unscaled;
    stoa_status rc;

    if (!as_int)
        return put_text(
            to, text, stoa__decimal_format(value, type->width, type->scale, text), false);
    rc = stoa__decimal_to_int64(value, type->width, 0, &unscaled, to->err);
    return rc == STOA_OK ? put_int(to, unscaled) : rc;
}

enum { DAY_MS = 86400000 };

static stoa_status put_temporal(const struct target *to, const struct stoa__cell *cell,
                                enum sqlite_form form)
{
    const struct stoa__arrow_type *type = cell->type;
    char text[STOA__CIVIL_TEXT_MAX + 1];
    int64_t value = stoa__cell_int64(cell);
    size_t size;

    if (form == SQLITE_FORM_DATE_TEXT) {
        if (type->kind == STOA__ARROW_DATE64 && value % DAY_MS != 0)
            return stoa__fail(to->err, STOA_ERR_TYPE,
                              "%lld ms is no whole day and has no text as a date",
                              (long long)value);
        size = stoa__date_format(
            type->kind == STOA__ARROW_DATE64 ? value / DAY_MS : value, text);
    } else if (form == SQLITE_FORM_TIME_TEXT) {
        size = stoa__time_format(value, type->unit, text);
    } else {
        size = stoa__timestamp_format(value, type->unit, text);
    }
    if (size == 0)
        return stoa__fail(
            to->err, STOA_ERR_TYPE,
            "%lld has no text: years are -9999 to 9999, times below 24 hours",
            (long long)value);
    if (form == SQLITE_FORM_TIMESTAMP_TEXT && *type->zone)
        text[size++] = 'Z';
    return put_text(to, text, size, false);
}

/* Big-endian, sign bit flipped: bytes sort as the numbers do. */
static void put_ordered(uint8_t *out, uint64_t bits, int size)
{
    bits ^= UINT64_C(1) << (size * 8 - 1);
    for (int i = size - 1; i >= 0; i--, bits >>= 8)
        out[i] = (uint8_t)bits;
}

static stoa_status put_interval(const struct target *to, const struct stoa__cell *cell)
{
    const char *value = stoa__cell_fixed(cell);
    const bool short_form = cell->type->kind == STOA__ARROW_INTERVAL_DAYS_MS;
    uint8_t bytes[16];
    uint32_t first, second;
    uint64_t nanos;

    memcpy(&first, value, 4);
    memcpy(&second, value + 4, 4);
    put_ordered(bytes, first, 4);
    put_ordered(bytes + 4, second, 4);
    if (!short_form) {
        memcpy(&nanos, value + 8, 8);
        put_ordered(bytes + 8, nanos, 8);
    }
    return put_blob(to, bytes, short_form ? 8 : 16, false);
}

static stoa_status put_json(const struct target *to, const struct stoa__cell *cell)
{
    stoa_status rc;

    to->scratch->size = 0;
    rc = stoa__cell_json(cell, to->scratch, to->err);
    return rc == STOA_OK ? put_text(to, to->scratch->data, to->scratch->size, false) : rc;
}

static stoa_status put_bytes(const struct target *to, const struct stoa__cell *cell,
                             bool text)
{
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);

    return text ? put_text(to, bytes, (size_t)size, to->stable)
                : put_blob(to, bytes, (size_t)size, to->stable);
}

stoa_status sqlite_put(const struct sqlite_column_form *form,
                       const struct ArrowArray *array, int64_t row, bool stable,
                       int32_t nan, stoa__buffer *scratch, sqlite3_stmt *statement,
                       int position, sqlite3_context *context, stoa_error *err)
{
    const struct target to = {statement, position, context, stable, nan, scratch, err};
    struct stoa__cell cell;

    stoa__cell_at(form->type, array, row, &cell);
    if (cell.null || cell.type->kind == STOA__ARROW_NULL)
        return put_null(&to);
    switch (form->form) {
    case SQLITE_FORM_INT:
        return put_uint64(&to, &cell);
    case SQLITE_FORM_REAL:
        return put_real(&to, stoa__cell_float64(&cell));
    case SQLITE_FORM_TEXT:
        return put_bytes(&to, &cell, true);
    case SQLITE_FORM_BLOB:
        return put_bytes(&to, &cell, false);
    case SQLITE_FORM_UINT64_TEXT:
        return put_uint64_text(&to, &cell);
    case SQLITE_FORM_DECIMAL_TEXT:
    case SQLITE_FORM_DECIMAL_INT:
        return put_decimal(&to, &cell, form->form == SQLITE_FORM_DECIMAL_INT);
    case SQLITE_FORM_DATE_TEXT:
    case SQLITE_FORM_TIME_TEXT:
    case SQLITE_FORM_TIMESTAMP_TEXT:
        return put_temporal(&to, &cell, form->form);
    case SQLITE_FORM_INTERVAL_BLOB:
        return put_interval(&to, &cell);
    case SQLITE_FORM_JSON:
        return put_json(&to, &cell);
    case SQLITE_FORM_NULL:
        break;
    }
    return put_null(&to);
}
