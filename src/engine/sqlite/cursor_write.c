/* SPDX-License-Identifier: Apache-2.0 */
/* One value of SQLite's into an Arrow column: the general path, with every form and every
 * policy. The step loop of cursor.c writes what is simple by itself and comes here for
 * the rest. */
#include "engine/sqlite/cursor.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/log.h"
#include "text/civil.h"
#include "text/decimal.h"
#include "text/hex.h"
#include "text/number.h"
#include "text/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { DIGITS_MAX = 40 };

/* ---- conversions that lose nothing ---- */

bool sqlite_cell_load(sqlite3_value *value, struct sqlite_cell *out)
{
    out->class = sqlite3_value_type(value);
    switch (out->class) {
    case SQLITE_INTEGER:
        out->integer = sqlite3_value_int64(value);
        return true;
    case SQLITE_FLOAT:
        out->real = sqlite3_value_double(value);
        return true;
    case SQLITE_TEXT:
        out->bytes = sqlite3_value_text(value);
        break;
    case SQLITE_BLOB:
        out->bytes = sqlite3_value_blob(value);
        break;
    default:
        return true;
    }
    out->size = sqlite3_value_bytes(value);
    if (!out->bytes && out->size > 0)
        return false;
    if (!out->bytes) {
        if (out->class == SQLITE_TEXT) /* Text always has a terminator. */
            return false;
        out->bytes = (const uint8_t *)"";
    }
    return true;
}

static bool same_text(const struct sqlite_cell *cell, const char *text, size_t size)
{
    return (size_t)cell->size == size && memcmp(cell->bytes, text, size) == 0;
}

bool sqlite_cell_int64(const struct sqlite_cell *cell, int64_t *out)
{
    char digits[DIGITS_MAX];

    switch (cell->class) {
    case SQLITE_INTEGER:
        *out = cell->integer;
        return true;
    case SQLITE_FLOAT:
        return stoa__double_to_int64(cell->real, out);
    case SQLITE_TEXT: /* Only where the text is how the number is written. */
        return cell->size <= STOA__INTEGER_TEXT_MAX &&
               stoa__int64_parse((const char *)cell->bytes, (size_t)cell->size, out,
                                 NULL) == STOA_OK &&
               same_text(cell, digits, stoa__int64_format(*out, digits));
    default:
        return false;
    }
}

static bool int64_is_double(int64_t value, double *out)
{
    int64_t back;

    *out = (double)value;
    return stoa__double_to_int64(*out, &back) && back == value;
}

bool sqlite_cell_float64(const struct sqlite_cell *cell, double *out)
{
    char digits[DIGITS_MAX];
    int64_t whole;

    switch (cell->class) {
    case SQLITE_INTEGER:
        return int64_is_double(cell->integer, out);
    case SQLITE_FLOAT:
        *out = cell->real;
        return true;
    case SQLITE_TEXT:
        if (sqlite_cell_int64(cell, &whole))
            return int64_is_double(whole, out);
        return cell->size <= STOA__DOUBLE_TEXT_MAX &&
               stoa__double_parse((const char *)cell->bytes, (size_t)cell->size, out,
                                  NULL) == STOA_OK &&
               isfinite(*out) &&
               same_text(cell, digits, stoa__double_format(*out, digits));
    default:
        return false;
    }
}

bool sqlite_cell_text(const struct sqlite_cell *cell, char *digits, const char **text,
                      int64_t *size)
{
    switch (cell->class) {
    case SQLITE_INTEGER:
        *text = digits;
        *size = (int64_t)stoa__int64_format(cell->integer, digits);
        return true;
    case SQLITE_FLOAT:
        *text = digits;
        *size = (int64_t)stoa__double_format(cell->real, digits);
        return true;
    case SQLITE_TEXT:
        *text = (const char *)cell->bytes;
        *size = cell->size;
        return stoa__utf8_check(*text, (size_t)*size) == (size_t)*size;
    default:
        return false;
    }
}

/* ---- what does not fit ---- */

static const char *class_name(int class)
{
    switch (class) {
    case SQLITE_INTEGER:
        return "the integer";
    case SQLITE_FLOAT:
        return "the real";
    case SQLITE_TEXT:
        return "the text";
    case SQLITE_BLOB:
        return "a blob";
    default:
        return "NULL";
    }
}

/* The value as it may stand in a sentence; short. */
static void describe(const struct sqlite_cell *cell, char *out, size_t capacity)
{
    char digits[DIGITS_MAX];
    const char *text = "", *more = "";
    int64_t size = 0;

    if (cell->class == SQLITE_BLOB) {
        (void)snprintf(out, capacity, "a blob of %lld bytes", (long long)cell->size);
    } else if (cell->class == SQLITE_NULL) {
        (void)snprintf(out, capacity, "NULL");
    } else if (!sqlite_cell_text(cell, digits, &text, &size)) {
        (void)snprintf(out, capacity, "text that is not UTF-8");
    } else {
        const size_t shown = stoa__utf8_cut(text, (size_t)size, 40);

        more = shown < (size_t)size ? "..." : "";
        (void)snprintf(out, capacity, "%s %s%.*s%s%s", class_name(cell->class),
                       cell->class == SQLITE_TEXT ? "'" : "", (int)shown, text, more,
                       cell->class == SQLITE_TEXT ? "'" : "");
    }
}

/* What would have let it pass, given what is in force. */
static const char *advice(const struct sqlite_cursor *cursor)
{
    if (cursor->config.type_mismatch != STOA__MISMATCH_ERROR)
        return "";
    return cursor->config.types == STOA__TYPES_EXACT
               ? "; type_mismatch=null, text or union would let it pass"
               : "; type_mismatch=null, text or union, or types=exact, would let it pass";
}

stoa_status sqlite_write_mismatch(struct sqlite_cursor *cursor, int32_t column,
                                  const struct sqlite_cell *cell, const char *why,
                                  stoa_error *err)
{
    const struct stoa__arrow_type *field = &cursor->type->children[column];
    const long long row = (long long)sqlite_cursor_row_number(cursor);
    char value[160], type[128];

    describe(cell, value, sizeof value);
    stoa__arrow_type_text(stoa__arrow_type_values(field), type, sizeof type);
    if (cursor->config.type_mismatch != STOA__MISMATCH_NULL || !field->nullable)
        return stoa__fail(err, STOA_ERR_TYPE, "column '%s', row %lld: %s is no %s%s%s%s",
                          field->name, row, value, type, why ? ": " : "", why ? why : "",
                          advice(cursor));
    if (cursor->columns && !cursor->columns[column].noticed) {
        cursor->columns[column].noticed = true;
        stoa__log(STOA_LOG_INFO,
                  "sqlite: column '%s', row %lld: %s is no %s and is read as NULL",
                  field->name, row, value, type);
    }
    cursor->info.values_coerced++;
    return STOA_OK;
}

static stoa_status write_null(struct sqlite_cursor *cursor, struct sqlite_column *to,
                              stoa_error *err)
{
    if (to->field->nullable || to->type->kind == STOA__ARROW_NULL)
        return stoa__column_append_null(to->out, err);
    return stoa__fail(err, STOA_ERR_CORRUPT,
                      "column '%s', row %lld: NULL in a column declared NOT NULL",
                      to->field->name, (long long)sqlite_cursor_row_number(cursor));
}

/* ---- forms ---- */

/* INT: TYPE from the builder where the kind is narrower. */
static stoa_status write_int(struct sqlite_column *to, const struct sqlite_cell *cell,
                             stoa_error *err)
{
    int64_t value;

    if (!sqlite_cell_int64(cell, &value))
        return STOA_ERR_TYPE;
    if (to->type->kind == STOA__ARROW_UINT64 &&
        value < 0) /* The builder takes its bits. */
        return STOA_ERR_TYPE;
    return stoa__column_append_int64(to->out, value, err);
}

static stoa_status write_real(struct sqlite_column *to, const struct sqlite_cell *cell,
                              stoa_error *err)
{
    bool exact = true;
    double value;

    if (!sqlite_cell_float64(cell, &value))
        return STOA_ERR_TYPE;
    if (to->type->kind == STOA__ARROW_FLOAT32)
        (void)stoa__float_from_double(value, &exact);
    else if (to->type->kind == STOA__ARROW_FLOAT16)
        (void)stoa__half_from_double(value, &exact);
    return exact ? stoa__column_append_float64(to->out, value, err) : STOA_ERR_TYPE;
}

/* TEXT: with the policy `text` blobs, and text that is none, are hexadecimal. */
static stoa_status write_text(struct sqlite_cursor *cursor, struct sqlite_column *to,
                              const struct sqlite_cell *cell, stoa_error *err)
{
    char digits[DIGITS_MAX];
    const char *text;
    int64_t size;

    if (sqlite_cell_text(cell, digits, &text, &size))
        return stoa__column_append_bytes(to->out, text, size, err);
    if (cursor->config.type_mismatch != STOA__MISMATCH_TEXT)
        return STOA_ERR_TYPE;
    cursor->scratch.size = 0;
    if (stoa__hex_encode(cell->bytes, (size_t)cell->size, &cursor->scratch) != STOA_OK)
        return stoa__fail_nomem(err);
    return stoa__column_append_bytes(to->out, cursor->scratch.data,
                                     (int64_t)cursor->scratch.size, err);
}

/* BLOB: text as its bytes, numbers as their text, as CAST has it. */
static stoa_status write_blob(struct sqlite_column *to, const struct sqlite_cell *cell,
                              stoa_error *err)
{
    char digits[DIGITS_MAX];
    const char *text = (const char *)cell->bytes;
    int64_t size = cell->size;

    if (cell->class != SQLITE_BLOB && cell->class != SQLITE_TEXT)
        (void)sqlite_cell_text(cell, digits, &text, &size);
    return stoa__column_append_bytes(to->out, text, size, err);
}

static stoa_status write_uint64(struct sqlite_column *to, const struct sqlite_cell *cell,
                                stoa_error *err)
{
    uint64_t value;

    if (cell->class != SQLITE_TEXT)
        return write_int(to, cell, err);
    if (stoa__uint64_parse((const char *)cell->bytes, (size_t)cell->size, &value, NULL) !=
        STOA_OK)
        return STOA_ERR_TYPE;
    return stoa__column_append_int64(to->out, (int64_t)value, err);
}

static stoa_status write_decimal(struct sqlite_column *to, const struct sqlite_cell *cell,
                                 stoa_error *err)
{
    const struct stoa__arrow_type *type = to->type;
    const int32_t scale = to->form == SQLITE_FORM_DECIMAL_INT ? 0 : type->scale;
    uint8_t value[STOA__DECIMAL_WIDTH_MAX] = {0};
    int64_t whole;
    stoa_status rc = STOA_ERR_TYPE;

    if (to->form == SQLITE_FORM_DECIMAL_INT) {
        if (sqlite_cell_int64(cell, &whole))
            rc = stoa__decimal_from_int64(whole, type->precision, scale, type->width,
                                          value, err);
    } else if (cell->class == SQLITE_TEXT) {
        rc = stoa__decimal_parse((const char *)cell->bytes, (size_t)cell->size,
                                 type->precision, scale, type->width, value, err);
    } else if (cell->class == SQLITE_INTEGER) {
        rc = stoa__decimal_from_int64(cell->integer, type->precision, scale, type->width,
                                      value, err);
    } else if (cell->class == SQLITE_FLOAT) {
        rc = stoa__decimal_from_double(cell->real, type->precision, scale, type->width,
                                       value, err);
    }
    return rc == STOA_OK ? stoa__column_append_fixed(to->out, value, err) : rc;
}

enum { DAY_MS = 86400000 };

static stoa_status write_temporal(struct sqlite_column *to,
                                  const struct sqlite_cell *cell, stoa_error *err)
{
    const struct stoa__arrow_type *type = to->type;
    const char *text = (const char *)cell->bytes;
    bool zoned = false;
    int64_t value;
    stoa_status rc;

    if (cell->class != SQLITE_TEXT)
        return STOA_ERR_TYPE;
    if (to->form == SQLITE_FORM_DATE_TEXT) {
        rc = stoa__date_parse(text, (size_t)cell->size, &value, err);
        if (type->kind == STOA__ARROW_DATE64)
            value = rc == STOA_OK ? value * DAY_MS : 0;
    } else if (to->form == SQLITE_FORM_TIME_TEXT) {
        rc = stoa__time_parse(text, (size_t)cell->size, type->unit, &value, err);
    } else {
        rc = stoa__timestamp_parse(text, (size_t)cell->size, type->unit, &value, &zoned,
                                   err);
        if (rc == STOA_OK && zoned && *type->zone == 0)
            return stoa__fail(err, STOA_ERR_TYPE,
                              "the column has no time zone, the text has one");
    }
    return rc == STOA_OK ? stoa__column_append_int64(to->out, value, err) : rc;
}

/* Big-endian with the sign bit flipped, so that bytes sort as the numbers do. */
static int64_t ordered(const uint8_t *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    if (size == 4)
        return (int32_t)(uint32_t)(value ^ UINT64_C(0x80000000));
    return (int64_t)(value ^ (UINT64_C(1) << 63));
}

/* DAYS_MS: days, milliseconds. MONTHS_DAYS_NANOS: months, days, nanoseconds. */
static stoa_status write_interval(struct sqlite_column *to,
                                  const struct sqlite_cell *cell, stoa_error *err)
{
    uint8_t value[16] = {0};
    const bool short_form = to->type->kind == STOA__ARROW_INTERVAL_DAYS_MS;

    if (cell->class != SQLITE_BLOB || cell->size != (short_form ? 8 : 16))
        return STOA_ERR_TYPE;
    const int32_t first = (int32_t)ordered(cell->bytes, 4);
    const int32_t second = (int32_t)ordered(cell->bytes + 4, 4);

    memcpy(value, &first, 4);
    memcpy(value + 4, &second, 4);
    if (!short_form) {
        const int64_t nanos = ordered(cell->bytes + 8, 8);

        memcpy(value + 8, &nanos, 8);
    }
    return stoa__column_append_fixed(to->out, value, err);
}

static stoa_status write_json(struct sqlite_column *to, const struct sqlite_cell *cell,
                              stoa_error *err)
{
    if (cell->class != SQLITE_TEXT)
        return STOA_ERR_TYPE;
    return stoa__column_append_json(to->out, (const char *)cell->bytes, cell->size, err);
}

static stoa_status write_union(struct sqlite_column *to, const struct sqlite_cell *cell,
                               stoa_error *err)
{
    struct stoa__column *children = to->out->children;
    int8_t id = 0;
    stoa_status rc;

    if (cell->class == SQLITE_INTEGER) {
        rc = stoa__column_append_int64(&children[0], cell->integer, err);
    } else if (cell->class == SQLITE_FLOAT) {
        id = 1;
        rc = stoa__column_append_float64(&children[1], cell->real, err);
    } else {
        id = cell->class == SQLITE_TEXT &&
                     stoa__utf8_check((const char *)cell->bytes, (size_t)cell->size) ==
                         (size_t)cell->size
                 ? 2
                 : 3;
        rc = stoa__column_append_bytes(&children[id], cell->bytes, cell->size, err);
    }
    return rc == STOA_OK ? stoa__column_end_union(to->out, id, err) : rc;
}

static stoa_status write_form(struct sqlite_cursor *cursor, struct sqlite_column *to,
                              const struct sqlite_cell *cell, stoa_error *err)
{
    switch (to->form) {
    case SQLITE_FORM_INT:
        return write_int(to, cell, err);
    case SQLITE_FORM_REAL:
        return write_real(to, cell, err);
    case SQLITE_FORM_TEXT:
        return write_text(cursor, to, cell, err);
    case SQLITE_FORM_BLOB:
        return write_blob(to, cell, err);
    case SQLITE_FORM_UINT64_TEXT:
        return write_uint64(to, cell, err);
    case SQLITE_FORM_DECIMAL_TEXT:
    case SQLITE_FORM_DECIMAL_INT:
        return write_decimal(to, cell, err);
    case SQLITE_FORM_DATE_TEXT:
    case SQLITE_FORM_TIME_TEXT:
    case SQLITE_FORM_TIMESTAMP_TEXT:
        return write_temporal(to, cell, err);
    case SQLITE_FORM_INTERVAL_BLOB:
        return write_interval(to, cell, err);
    case SQLITE_FORM_JSON:
        return write_json(to, cell, err);
    case SQLITE_FORM_NULL:
        break;
    }
    return to->type->kind == STOA__ARROW_DENSE_UNION ? write_union(to, cell, err)
                                                     : STOA_ERR_TYPE;
}

stoa_status sqlite_write_cell(struct sqlite_cursor *cursor, int32_t column,
                              const struct sqlite_cell *cell, stoa_error *err)
{
    struct sqlite_column *to = &cursor->columns[column];
    stoa_error why;
    stoa_status rc;

    if (cell->class == SQLITE_NULL)
        return write_null(cursor, to, err);
    why.text[0] = 0;
    rc = write_form(cursor, to, cell, &why);
    if (rc == STOA_OK)
        return STOA_OK;
    if (rc != STOA_ERR_TYPE && rc != STOA_ERR_SYNTAX) {
        stoa__error_copy(err, &why);
        return rc;
    }
    rc = sqlite_write_mismatch(cursor, column, cell, why.text[0] ? why.text : NULL, err);
    return rc == STOA_OK ? stoa__column_append_null(to->out, err) : rc;
}
