/* SPDX-License-Identifier: Apache-2.0 */
/* Packed values as one row of Arrow, bound to a foreign statement. */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/error.h"
#include "text/decimal.h"

#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { NS_PER_US = 1000, DECIMAL_DIGITS_MAX = 38, FORMAT_SIZE = 24 };

/* ---- which value goes where ---- */

static stoa_status fail_count(const struct adbc_statement *statement, int64_t given,
                              stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID, "the statement has %d parameter%s, %lld value%s given",
                      statement->params.count, statement->params.count == 1 ? "" : "s",
                      (long long)given, given == 1 ? " was" : "s were");
}

/* Number of the parameter that value `i` is for; 0 and an error if there is none. */
static int32_t number_of(const struct adbc_statement *statement, const struct stoa__params *params,
                         int64_t i, stoa_error *err)
{
    const struct stoa__name *name = params->names ? &params->names[i] : NULL;
    int32_t number;

    if (!name || !name->text)
        return (int32_t)i + 1;
    number = stoa__sql_params_find(&statement->params, name->text, (size_t)name->size);
    if (number == 0)
        (void)stoa__fail(err, STOA_ERR_INVALID, "the statement has no parameter named '%.*s'",
                         (int)(name->size < 128 ? name->size : 128), name->text);
    return number;
}

/* values[n - 1] becomes the index of the value of parameter n. */
static stoa_status order_values(const struct adbc_statement *statement,
                                const struct stoa__params *params, int64_t *order, stoa_error *err)
{
    for (int32_t i = 0; i < statement->params.count; i++)
        order[i] = -1;
    for (int64_t i = 0; i < params->count; i++) {
        int32_t number = number_of(statement, params, i, err);

        if (number == 0)
            return STOA_ERR_INVALID;
        if (order[number - 1] >= 0)
            return stoa__fail(err, STOA_ERR_INVALID, "parameter %d was given twice", number);
        order[number - 1] = i;
    }
    return STOA_OK;
}

/* ---- one value ---- */

static bool is_whole_us(const stoa_value *value)
{
    return value->a % NS_PER_US == 0;
}

/* Digits behind the point of a decimal text; -1: it has an exponent or too many digits. */
static int scale_of(const char *text, int64_t size)
{
    int digits = 0, scale = 0;
    bool behind = false;

    for (int64_t i = 0; i < size; i++) {
        if (text[i] == '.') {
            behind = true;
        } else if (text[i] >= '0' && text[i] <= '9') {
            digits++;
            scale += behind;
        } else if (text[i] != '-' && text[i] != '+') {
            return -1;
        }
    }
    return digits <= DECIMAL_DIGITS_MAX ? scale : -1;
}

/* As precise as needed and no more: few databases know nanoseconds. */
static const char *format_of(const stoa_value *value, const uint8_t *bytes, char *room)
{
    static const char *const formats[STOA_TYPE_JSON + 1] = {
        "n",   "b",   "c",   "s",   "i", "l",    "C", "S", "I", "L", "f", "g",
        NULL,  "tdD", NULL,  "tDn", "tin", NULL, "w:16", "u", "z", "u", "u"};
    int scale;

    switch (value->type) {
    case STOA_TYPE_TIMESTAMP:
        return is_whole_us(value) ? "tsu:UTC" : "tsn:UTC";
    case STOA_TYPE_TIME:
        return is_whole_us(value) ? "ttu" : "ttn";
    case STOA_TYPE_DURATION:
        return is_whole_us(value) ? "tDu" : "tDn";
    case STOA_TYPE_DECIMAL:
        scale = scale_of((const char *)bytes + value->a, value->b);
        if (scale < 0)
            return "u";
        (void)snprintf(room, FORMAT_SIZE, "d:%d,%d", DECIMAL_DIGITS_MAX, scale);
        return room;
    default:
        return formats[value->type];
    }
}

static stoa_status append_decimal(struct stoa__column *column, const stoa_value *value,
                                  const uint8_t *bytes, stoa_error *err)
{
    uint8_t number[STOA__DECIMAL_WIDTH_MAX];
    const struct stoa__arrow_type *type = column->type;
    stoa_status rc;

    if (type->kind != STOA__ARROW_DECIMAL128)
        return stoa__column_append_bytes(column, bytes + value->a, value->b, err);
    rc = stoa__decimal_parse((const char *)bytes + value->a, (size_t)value->b, type->precision,
                             type->scale, type->width, number, err);
    return rc == STOA_OK ? stoa__column_append_fixed(column, number, err) : rc;
}

static stoa_status append_value(struct stoa__column *column, const stoa_value *value,
                                const uint8_t *bytes, stoa_error *err)
{
    char interval[16];
    double number;

    switch (value->type) {
    case STOA_TYPE_NULL:
        return stoa__column_append_null(column, err);
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        memcpy(&number, &value->a, sizeof number);
        return stoa__column_append_float64(column, number, err);
    case STOA_TYPE_TIMESTAMP:
    case STOA_TYPE_TIME:
    case STOA_TYPE_DURATION:
        return stoa__column_append_int64(
            column, is_whole_us(value) ? value->a / NS_PER_US : value->a, err);
    case STOA_TYPE_INTERVAL:
        memcpy(interval, &value->a, 8);
        memcpy(interval + 8, &value->b, 8);
        return stoa__column_append_fixed(column, interval, err);
    case STOA_TYPE_DECIMAL:
        return append_decimal(column, value, bytes, err);
    default:
        if (value->type < STOA_TYPE_DECIMAL)
            return stoa__column_append_int64(column, value->a, err);
        return stoa__column_append_bytes(
            column, value->b > 0 ? bytes + value->a : (const void *)"", value->b, err);
    }
}

/* ---- the row ---- */

struct row {
    const struct adbc_statement *statement;
    const struct stoa__params *params;
    int64_t *order;
    int32_t count; /* Columns: places, or parameters. */
    stoa__arena arena;
    struct stoa__arrow_type type;
};

static const stoa_value *value_at(const struct row *row, int32_t column)
{
    const stoa__sql_params *params = &row->statement->params;
    bool by_place = row->statement->session->instance->quirk->style == STOA__SQL_STYLE_QUESTION;
    int32_t number = by_place ? params->places[column] : column + 1;
    static const stoa_value nothing = {.type = STOA_TYPE_NULL};

    return row->order[number - 1] >= 0 ? &row->params->values[row->order[number - 1]] : &nothing;
}

static stoa_status make_type(struct row *row, stoa_error *err)
{
    row->type = (struct stoa__arrow_type){
        .kind = STOA__ARROW_STRUCT, .zone = "", .name = "", .format = "+s"};
    row->type.child_count = row->count;
    row->type.children =
        stoa__arena_alloc_zero(&row->arena, (size_t)row->count, sizeof *row->type.children);
    if (!row->type.children)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < row->count; i++) {
        struct stoa__arrow_type *child = NULL;
        char room[FORMAT_SIZE], name[16];
        stoa_status rc;

        (void)snprintf(name, sizeof name, "%d", i);
        rc = stoa__arrow_type_simple(format_of(value_at(row, i), row->params->bytes, room), name,
                                     true, &row->arena, &child, err);
        if (rc != STOA_OK)
            return rc;
        row->type.children[i] = *child;
    }
    return STOA_OK;
}

static stoa_status make_row(struct row *row, struct ArrowArray *out, stoa_error *err)
{
    struct stoa__builder builder = {0};
    stoa_status rc = stoa__builder_init(&builder, &row->type, 1, err);

    for (int32_t i = 0; i < row->count && rc == STOA_OK; i++) {
        rc = append_value(&builder.root.children[i], value_at(row, i), row->params->bytes, err);
        if (rc != STOA_OK)
            stoa__wrap(err, "parameter %d", i + 1);
    }
    if (rc == STOA_OK)
        rc = stoa__column_end_struct(&builder.root, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

/* Both are the driver's when it says OK; else they are ours still if it has not released them. */
static stoa_status hand_over(const struct adbc_instance *instance, struct adbc_object *native,
                             struct ArrowArray *batch, struct ArrowSchema *schema, stoa_error *err)
{
    adbc_error error = adbc_error_for(instance);
    adbc_status status = instance->driver->table.statement_bind(native, batch, schema, &error);
    stoa_status rc = STOA_OK;

    if (status != ADBC_OK)
        rc = adbc_fail(instance, status, &error, "binding", err);
    adbc_error_drop(&error);
    stoa__array_release(batch);
    stoa__schema_release(schema);
    return rc;
}

stoa_status adbc_bind_values(struct adbc_statement *statement, struct adbc_object *native,
                             const struct stoa__params *params, stoa_error *err)
{
    const struct adbc_instance *instance = statement->session->instance;
    struct row row = {.statement = statement, .params = params};
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    stoa_status rc;

    if (params->count != statement->params.count)
        return fail_count(statement, params->count, err);
    if (params->count == 0)
        return STOA_OK;
    row.count = instance->quirk->style == STOA__SQL_STYLE_QUESTION ? statement->params.place_count
                                                                   : statement->params.count;
    row.order = stoa__arena_alloc(&row.arena, (size_t)params->count * sizeof *row.order);
    rc = row.order ? order_values(statement, params, row.order, err) : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = make_type(&row, err);
    if (rc == STOA_OK)
        rc = make_row(&row, &batch, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(&row.type, &schema, err);
    if (rc == STOA_OK)
        rc = hand_over(instance, native, &batch, &schema, err);
    stoa__array_release(&batch);
    stoa__schema_release(&schema);
    stoa__arena_release(&row.arena);
    return rc;
}
