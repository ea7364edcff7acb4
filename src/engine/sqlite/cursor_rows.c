/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as packed values (stoa/value.h): straight from SQLite's where the form is simple,
 * by way of an Arrow batch where it is not. */
#include "engine/sqlite/cursor.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "text/civil.h"
#include "text/number.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { DIGITS_MAX = 40, DAY_MS = 86400000 };

/* ---- values ---- */

static inline stoa_status put_value(struct stoa__row_writer *out, int32_t type, int64_t a,
                                    int64_t b)
{
    stoa__buffer *values = &out->values;

    if (values->capacity - values->size < sizeof(stoa_value) &&
        stoa__buffer_reserve(values, sizeof(stoa_value)) != STOA_OK)
        return STOA_ERR_NOMEM;
    *(stoa_value *)(void *)(values->data + values->size) =
        (stoa_value){.type = type, .a = a, .b = b};
    values->size += sizeof(stoa_value);
    return STOA_OK;
}

static stoa_status put_bytes(struct stoa__row_writer *out, int32_t type,
                             const void *bytes, int64_t size)
{
    const int64_t offset = (int64_t)out->bytes.size;

    if (size > 0 && stoa__buffer_append(&out->bytes, bytes, (size_t)size) != STOA_OK)
        return STOA_ERR_NOMEM;
    return put_value(out, type, offset, size);
}

static stoa_status put_real(struct stoa__row_writer *out, int32_t type, double value)
{
    int64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return put_value(out, type, bits, 0);
}

/* What integers of a kind are as a value. */
static int32_t value_type(const struct stoa__arrow_type *type)
{
    switch ((int)type->kind) {
    case STOA__ARROW_BOOL:
        return STOA_TYPE_BOOL;
    case STOA__ARROW_INT8:
        return STOA_TYPE_INT8;
    case STOA__ARROW_INT16:
        return STOA_TYPE_INT16;
    case STOA__ARROW_INT32:
        return STOA_TYPE_INT32;
    case STOA__ARROW_UINT8:
        return STOA_TYPE_UINT8;
    case STOA__ARROW_UINT16:
        return STOA_TYPE_UINT16;
    case STOA__ARROW_UINT32:
        return STOA_TYPE_UINT32;
    case STOA__ARROW_UINT64:
        return STOA_TYPE_UINT64;
    case STOA__ARROW_DATE32:
    case STOA__ARROW_DATE64:
        return STOA_TYPE_DATE;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        return STOA_TYPE_TIME;
    case STOA__ARROW_TIMESTAMP:
        return STOA_TYPE_TIMESTAMP;
    case STOA__ARROW_DURATION:
        return STOA_TYPE_DURATION;
    case STOA__ARROW_INTERVAL_MONTHS:
        return STOA_TYPE_INTERVAL;
    default:
        return STOA_TYPE_INT64;
    }
}

static int32_t real_type(const struct stoa__arrow_type *type)
{
    return type->kind == STOA__ARROW_FLOAT64 ? STOA_TYPE_FLOAT64 : STOA_TYPE_FLOAT32;
}

/* An integer of the column's kind in the unit values have. TYPE with text when it has
 * none there. */
static stoa_status put_integer(struct stoa__row_writer *out,
                               const struct stoa__arrow_type *type, int64_t value,
                               stoa_error *err)
{
    const int32_t as = value_type(type);
    int64_t nanos = value;

    if (type->kind == STOA__ARROW_DATE64) {
        if (value % DAY_MS != 0)
            return stoa__fail(err, STOA_ERR_TYPE, "%lld ms is no whole day",
                              (long long)value);
        nanos = value / DAY_MS;
    } else if (as == STOA_TYPE_TIME || as == STOA_TYPE_TIMESTAMP ||
               as == STOA_TYPE_DURATION) {
        if (!stoa__civil_convert(value, type->unit, STOA__CIVIL_NANO, &nanos, NULL))
            return stoa__fail(
                err, STOA_ERR_TYPE,
                "%lld is out of the range of nanoseconds in 64 bits; read it as "
                "Arrow instead",
                (long long)value);
    } else if (as == STOA_TYPE_INTERVAL) {
        nanos = value & UINT32_MAX;
    }
    return put_value(out, as, nanos, 0);
}

/* ---- straight from SQLite ---- */

/* The numbers the kind holds. */
static void range_of(const struct stoa__arrow_type *type, int64_t *least, int64_t *most)
{
    const bool from_zero =
        type->kind == STOA__ARROW_BOOL || stoa__arrow_is_unsigned(type->kind);
    const int bits = type->kind == STOA__ARROW_BOOL ? 1
                     : type->width > 0              ? type->width * 8
                                                    : 64;

    *least = INT64_MIN;
    *most = INT64_MAX;
    if (bits < 64) {
        *most = (INT64_C(1) << (from_zero ? bits : bits - 1)) - 1;
        *least = -*most - 1;
    }
    if (from_zero)
        *least = 0;
}

static bool in_range(const struct stoa__arrow_type *type, int64_t value)
{
    int64_t least, most;

    range_of(type, &least, &most);
    return value >= least && value <= most;
}

static int32_t bytes_type(const struct stoa__arrow_type *type)
{
    const char *extension = type->extension_name ? type->extension_name : "";

    if (stoa__arrow_is_text(type->kind))
        return strcmp(extension, "arrow.json") == 0 ? STOA_TYPE_JSON : STOA_TYPE_TEXT;
    return strcmp(extension, "arrow.uuid") == 0 ? STOA_TYPE_UUID : STOA_TYPE_BYTES;
}

/* An integer goes out as it is, or multiplied: where its kind has more to say, not at all. */
static void plan_integer(struct sqlite_plan_column *column)
{
    const struct stoa__arrow_type *type = column->type;
    const int32_t as = value_type(type);

    if (type->kind == STOA__ARROW_DATE64 || as == STOA_TYPE_INTERVAL)
        return;
    range_of(type, &column->least, &column->most);
    if (as == STOA_TYPE_TIME || as == STOA_TYPE_TIMESTAMP || as == STOA_TYPE_DURATION) {
        (void)stoa__civil_convert(1, type->unit, STOA__CIVIL_NANO, &column->factor, NULL);
        if (column->least < INT64_MIN / column->factor)
            column->least = INT64_MIN / column->factor;
        if (column->most > INT64_MAX / column->factor)
            column->most = INT64_MAX / column->factor;
    }
    column->packs[SQLITE_INTEGER] = as;
}

/* Which classes of values the column takes as they are. */
static void plan_packing(struct sqlite_plan_column *column)
{
    static const int32_t as_class[] = {[SQLITE_INTEGER] = STOA_TYPE_INT64,
                                       [SQLITE_FLOAT] = STOA_TYPE_FLOAT64,
                                       [SQLITE_TEXT] = STOA_TYPE_TEXT,
                                       [SQLITE_BLOB] = STOA_TYPE_BYTES,
                                       [SQLITE_NULL] = STOA_TYPE_NULL};
    const struct stoa__arrow_type *type = column->type;

    memset(column->packs, 0, sizeof column->packs);
    column->least = INT64_MIN;
    column->most = INT64_MAX;
    column->factor = 1;
    if (!type)
        memcpy(column->packs, as_class, sizeof as_class);
    else if (column->form == SQLITE_FORM_INT)
        plan_integer(column);
    else if (column->form == SQLITE_FORM_REAL)
        column->packs[SQLITE_FLOAT] = real_type(type);
    else if (column->form == SQLITE_FORM_TEXT)
        column->packs[SQLITE_TEXT] = bytes_type(type);
    else if (column->form == SQLITE_FORM_BLOB && type->kind != STOA__ARROW_FIXED_BINARY)
        column->packs[SQLITE_BLOB] = bytes_type(type);
}

bool sqlite_packs_directly(struct sqlite_plan_column *column)
{
    plan_packing(column);
    if (!column->type)
        return true;
    if (column->type->dictionary || column->type->kind == STOA__ARROW_RUN_END ||
        column->type->kind == STOA__ARROW_DENSE_UNION)
        return false;
    return column->form == SQLITE_FORM_INT || column->form == SQLITE_FORM_REAL ||
           column->form == SQLITE_FORM_TEXT || column->form == SQLITE_FORM_BLOB ||
           column->form == SQLITE_FORM_NULL;
}

/* TYPE: text that is not UTF-8, and the empty blob, which SQLite has nowhere. */
static stoa_status pack_plain_bytes(int32_t type, bool text, sqlite3_value *value,
                                    struct stoa__row_writer *out)
{
    const void *bytes = text ? sqlite3_value_text(value) : sqlite3_value_blob(value);
    const int size = sqlite3_value_bytes(value);

    if (!bytes || (text && stoa__utf8_check(bytes, (size_t)size) != (size_t)size))
        return STOA_ERR_TYPE;
    return put_bytes(out, type, bytes, size);
}

static inline stoa_status pack_plain(const struct sqlite_plan_column *column,
                                     sqlite3_value *value, struct stoa__row_writer *out)
{
    const int class = sqlite3_value_type(value);
    const int32_t type = column->packs[class];
    int64_t whole;

    if (class == SQLITE_NULL)
        return put_value(out, STOA_TYPE_NULL, 0, 0);
    if (type == STOA_TYPE_NULL)
        return STOA_ERR_TYPE;
    switch (class) {
    case SQLITE_INTEGER:
        whole = sqlite3_value_int64(value);
        if (whole < column->least || whole > column->most)
            return STOA_ERR_TYPE;
        return put_value(out, type, whole * column->factor, 0);
    case SQLITE_FLOAT:
        return put_real(out, type, sqlite3_value_double(value));
    default:
        return pack_plain_bytes(type, class == SQLITE_TEXT, value, out);
    }
}

stoa_status sqlite_pack_plain(const struct sqlite_plan_column *columns, int32_t count,
                              sqlite3_stmt *stmt, int32_t *next, struct stoa__row_writer *out)
{
    stoa_status rc = STOA_OK;
    int32_t i = *next;

    while (i < count &&
           (rc = pack_plain(&columns[i], sqlite3_column_value(stmt, i), out)) == STOA_OK)
        i++;
    *next = i;
    return rc;
}

/* A value whose column has no type yet: as its class. */
static stoa_status pack_class(const struct sqlite_cell *cell,
                              struct stoa__row_writer *out)
{
    switch (cell->class) {
    case SQLITE_INTEGER:
        return put_value(out, STOA_TYPE_INT64, cell->integer, 0);
    case SQLITE_FLOAT:
        return put_real(out, STOA_TYPE_FLOAT64, cell->real);
    case SQLITE_TEXT:
        return put_bytes(out,
                         stoa__utf8_check((const char *)cell->bytes,
                                          (size_t)cell->size) == (size_t)cell->size
                             ? STOA_TYPE_TEXT
                             : STOA_TYPE_BYTES,
                         cell->bytes, cell->size);
    case SQLITE_BLOB:
        return put_bytes(out, STOA_TYPE_BYTES, cell->bytes, cell->size);
    default:
        return put_value(out, STOA_TYPE_NULL, 0, 0);
    }
}

/* TYPE, maybe with a sentence: it does not fit. */
static stoa_status pack_typed(const struct sqlite_plan_column *column,
                              const struct sqlite_cell *cell,
                              struct stoa__row_writer *out, stoa_error *why)
{
    const struct stoa__arrow_type *type = column->type;
    char digits[DIGITS_MAX];
    const char *text;
    int64_t whole, size;
    double real;

    switch ((int)column->form) {
    case SQLITE_FORM_INT:
        if (!sqlite_cell_int64(cell, &whole) || !in_range(type, whole))
            return STOA_ERR_TYPE;
        return put_integer(out, type, whole, why);
    case SQLITE_FORM_REAL:
        if (!sqlite_cell_float64(cell, &real))
            return STOA_ERR_TYPE;
        return put_real(out, real_type(type), real);
    case SQLITE_FORM_TEXT:
        if (!sqlite_cell_text(cell, digits, &text, &size))
            return STOA_ERR_TYPE;
        return put_bytes(out, bytes_type(type), text, size);
    case SQLITE_FORM_BLOB:
        text = (const char *)cell->bytes;
        size = cell->size;
        if (cell->class != SQLITE_BLOB && cell->class != SQLITE_TEXT)
            (void)sqlite_cell_text(cell, digits, &text, &size);
        if (type->kind == STOA__ARROW_FIXED_BINARY && size != type->width)
            return STOA_ERR_TYPE;
        return put_bytes(out, bytes_type(type), text, size);
    default:
        return STOA_ERR_TYPE;
    }
}

/* Append the value of a column; of one without type, as its class. */
static stoa_status pack_cell(struct sqlite_cursor *cursor, int32_t column,
                             const struct sqlite_cell *cell, struct stoa__row_writer *out,
                             stoa_error *err)
{
    const struct sqlite_plan_column *plan = &cursor->plan[column];
    stoa_error why;
    stoa_status rc;

    if (!plan->type || cell->class == SQLITE_NULL) {
        rc = pack_class(cell, out);
    } else {
        why.text[0] = 0;
        rc = pack_typed(plan, cell, out, &why);
        if (rc == STOA_ERR_TYPE) {
            rc = sqlite_write_mismatch(cursor, column, cell,
                                       why.text[0] ? why.text : NULL, err);
            if (rc != STOA_OK)
                return rc;
            rc = put_value(out, STOA_TYPE_NULL, 0, 0);
        }
    }
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status sqlite_pack_columns(struct sqlite_cursor *cursor, int32_t next,
                                struct stoa__row_writer *out, stoa_error *err)
{
    const int32_t count = cursor->column_count;
    struct sqlite_cell cell;
    stoa_status rc;

    while ((rc = sqlite_pack_plain(cursor->plan, count, cursor->stmt, &next, out)) ==
           STOA_ERR_TYPE) {
        if (!sqlite_cell_load(sqlite3_column_value(cursor->stmt, next), &cell))
            return stoa__fail_nomem(err);
        rc = pack_cell(cursor, next++, &cell, out, err);
        if (rc != STOA_OK)
            return rc;
    }
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* A row that was read ahead. */
static stoa_status pack_kept_row(struct sqlite_cursor *cursor, struct stoa__row_writer *out,
                                 stoa_error *err)
{
    struct sqlite_cell cell;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < cursor->column_count; i++) {
        (void)sqlite_cursor_cell(cursor, i, &cell);
        rc = pack_cell(cursor, i, &cell, out, err);
    }
    return rc;
}

/* ---- from Arrow ---- */

static stoa_status pack_interval(const struct stoa__cell *cell,
                                 struct stoa__row_writer *out, stoa_error *err)
{
    const char *value = stoa__cell_fixed(cell);
    int32_t first, second;
    int64_t nanos = 0;
    uint64_t a;

    memcpy(&first, value, 4);
    memcpy(&second, value + 4, 4);
    if (cell->type->kind == STOA__ARROW_INTERVAL_DAYS_MS) {
        a = (uint64_t)(uint32_t)first << 32;
        nanos = (int64_t)second * 1000000;
    } else {
        a = (uint64_t)(uint32_t)first | (uint64_t)(uint32_t)second << 32;
        memcpy(&nanos, value + 8, 8);
    }
    return put_value(out, STOA_TYPE_INTERVAL, (int64_t)a, nanos) == STOA_OK
               ? STOA_OK
               : stoa__fail_nomem(err);
}

/* The text of a cell, whatever `write` makes of it, as a value of type `as`. */
static stoa_status pack_written(const struct stoa__cell *cell,
                                struct stoa__row_writer *out, int32_t as,
                                stoa_status (*write)(const struct stoa__cell *,
                                                     stoa__buffer *, stoa_error *),
                                stoa_error *err)
{
    const int64_t offset = (int64_t)out->bytes.size;
    stoa_status rc = write(cell, &out->bytes, err);

    if (rc == STOA_OK &&
        put_value(out, as, offset, (int64_t)out->bytes.size - offset) != STOA_OK)
        rc = stoa__fail_nomem(err);
    return rc;
}

static stoa_status pack_bytes(const struct stoa__cell *cell, bool symbol,
                              struct stoa__row_writer *out)
{
    const int32_t as = bytes_type(cell->type);
    int64_t size;
    const uint8_t *bytes = stoa__cell_bytes(cell, &size);

    return put_bytes(out, symbol && as == STOA_TYPE_TEXT ? STOA_TYPE_SYMBOL : as, bytes,
                     size);
}

static stoa_status pack_arrow(const struct stoa__cell *cell, bool symbol,
                              struct stoa__row_writer *out, stoa_error *err)
{
    const struct stoa__arrow_type *type = cell->type;
    stoa_status rc = STOA_OK;

    if (cell->null || type->kind == STOA__ARROW_NULL)
        rc = put_value(out, STOA_TYPE_NULL, 0, 0);
    else if (type->kind == STOA__ARROW_INTERVAL_DAYS_MS ||
             type->kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS)
        return pack_interval(cell, out, err);
    else if (stoa__arrow_is_integral(type->kind))
        return put_integer(out, type, stoa__cell_int64(cell), err);
    else if (stoa__arrow_is_float(type->kind))
        rc = put_real(out, real_type(type), stoa__cell_float64(cell));
    else if (stoa__arrow_is_text(type->kind) || stoa__arrow_is_binary(type->kind))
        rc = pack_bytes(cell, symbol, out);
    else if (stoa__arrow_is_decimal(type->kind))
        return pack_written(cell, out, STOA_TYPE_DECIMAL, stoa__cell_text, err);
    else
        return pack_written(cell, out, STOA_TYPE_JSON, stoa__cell_json, err);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* Behind type_mismatch=union a value is packed as what it is, without the union around
 * it. */
static struct stoa__cell member_of(const struct stoa__cell *cell)
{
    struct stoa__cell member;

    stoa__cell_child(cell, 0, &member);
    return member;
}

/* `classes`: unions are those of type_mismatch=union. */
static stoa_status pack_batch(const struct stoa__arrow_type *type,
                              const struct ArrowArray *batch, bool classes,
                              int64_t first_row, struct stoa__row_writer *out,
                              stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < batch->length; row++)
        for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++) {
            const struct stoa__arrow_type *field = &type->children[i];
            struct stoa__cell cell;

            stoa__cell_at(field, batch->children[i], row, &cell);
            if (field->kind == STOA__ARROW_DENSE_UNION && classes)
                cell = member_of(&cell);
            rc = pack_arrow(&cell, field->dictionary != NULL, out, err);
            if (rc != STOA_OK)
                stoa__wrap(err, "column '%s', row %lld", field->name,
                           (long long)(first_row + row + 1));
        }
    out->row_count += rc == STOA_OK ? batch->length : 0;
    return rc;
}

/* ---- rows ---- */

static stoa_status rows_directly(struct sqlite_cursor *cursor, stoa__call *call,
                                 int64_t rows_max, struct stoa__row_writer *out,
                                 stoa_error *err)
{
    stoa__call *before = sqlite_enter(cursor->session, call);
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < rows_max; row++) {
        rc = sqlite_cursor_row(cursor, err);
        if (rc == STOA_OK)
            rc = sqlite_cursor_has_kept(cursor) ? pack_kept_row(cursor, out, err)
                                                : sqlite_pack_columns(cursor, 0, out, err);
        if (rc != STOA_OK)
            break;
        sqlite_cursor_taken(cursor);
        out->row_count++;
    }
    sqlite_leave(cursor->session, before);
    cursor->started = true;
    return rc == STOA_DONE && out->row_count > 0 ? STOA_OK : rc;
}

static stoa_status rows_by_batch(struct sqlite_cursor *cursor, stoa__call *call,
                                 int64_t rows_max, struct stoa__row_writer *out,
                                 stoa_error *err)
{
    const struct stoa__arrow_type *type =
        cursor->requested ? cursor->requested : cursor->type;
    struct ArrowArray batch = {0}, converted = {0};
    stoa_status rc = sqlite_cursor_batch(cursor, call, rows_max, &batch, err);

    if (rc == STOA_OK)
        rc = sqlite_cursor_convert(cursor, &batch, &converted, err);
    if (rc == STOA_OK)
        rc = pack_batch(type, &converted,
                        cursor->config.type_mismatch == STOA__MISMATCH_UNION,
                        cursor->row_count - converted.length, out, err);
    stoa__array_release(&converted);
    return rc;
}

stoa_status sqlite_cursor_rows(void *self, stoa__call *call, int64_t rows_max,
                               struct stoa__row_writer *out, stoa_error *err)
{
    struct sqlite_cursor *cursor = self;
    stoa_error *failure = &cursor->failure;
    stoa_status rc;

    if (cursor->failure.code != STOA_OK)
        return sqlite_cursor_repeat(cursor, err);
    out->column_count = cursor->column_count;
    if (sqlite_cursor_has_nothing(cursor))
        return STOA_DONE;
    rc = sqlite_cursor_check(cursor, call, failure);
    if (rc == STOA_OK)
        rc = sqlite_cursor_prepare_types(cursor, call, failure);
    if (rc == STOA_OK && cursor->direct && !cursor->requested)
        rc = rows_directly(cursor, call, rows_max, out, failure);
    else if (rc == STOA_OK)
        rc = rows_by_batch(cursor, call, rows_max, out, failure);
    if (rc == STOA_OK)
        rc = sqlite_session_current(cursor->session, failure);
    if (rc < 0)
        return sqlite_cursor_stick(cursor, rc, err);
    failure->code = STOA_OK;
    return rc;
}
