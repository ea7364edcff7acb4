/* SPDX-License-Identifier: Apache-2.0 */
/* A statement's parameters: their names, and packed values bound to them. */
#include "engine/sqlite/statement.h"

#include "base/error.h"
#include "base/limits.h"
#include "text/civil.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* ---- names ---- */

/* Without its sign; "" for ? and ?12. Copied, because SQLite's own dies when the statement is
 * prepared again. NULL: memory ran out. */
static const char *bare_name(struct sqlite_statement *statement, int32_t position)
{
    const char *name = sqlite3_bind_parameter_name(statement->stmt, position);

    if (!name || *name == '?')
        return "";
    return stoa__arena_copy_text(&statement->arena, name + 1, strlen(name + 1));
}

stoa_status sqlite_parameters_load(struct sqlite_statement *statement, stoa_error *err)
{
    const size_t count = (size_t)statement->parameter_count;
    struct stoa__parameter *list;

    if (statement->parameters)
        return STOA_OK;
    list = stoa__arena_alloc_zero(&statement->arena, count + 1, sizeof *list);
    statement->given =
        stoa__arena_alloc_zero(&statement->arena, count + 1, sizeof *statement->given);
    if (!list || !statement->given)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        list[i].name = bare_name(statement, (int32_t)i + 1);
        if (!list[i].name)
            return stoa__fail_nomem(err);
    }
    statement->parameters = list;
    return STOA_OK;
}

static stoa_status fail_unknown(const struct sqlite_statement *statement,
                                const struct stoa__name *name, stoa_error *err)
{
    enum { SHOWN_MAX = 20 };
    int32_t shown = 0;

    (void)stoa__fail(err, STOA_ERR_INVALID, "the statement has no parameter named '%.*s'",
                     (int)(name->size < 100 ? name->size : 100), name->text);
    for (int32_t i = 1; i <= statement->parameter_count && err; i++) {
        const char *known = sqlite3_bind_parameter_name(statement->stmt, i);

        if (!known || *known == '?')
            continue;
        if (shown == SHOWN_MAX) {
            stoa__error_append(err, "and others");
            break;
        }
        stoa__error_append(err, "%s%s", shown++ == 0 ? "there is " : "", known);
    }
    if (shown == 0)
        stoa__error_append(err, statement->parameter_count > 0
                                    ? "its parameters have no names"
                                    : "it has no parameters");
    return STOA_ERR_INVALID;
}

/* ---- one value ---- */

struct binding {
    struct sqlite_statement *statement;
    sqlite3_stmt *stmt;
    const struct stoa__params *params;
    int32_t nan;
    sqlite3_destructor_type hold;
    stoa_error *err;
};

static stoa_status check(const struct binding *to, int code)
{
    return code == SQLITE_OK ? STOA_OK
                             : sqlite_fail(to->statement->session, code, to->err);
}

static const uint8_t *bytes_of(const struct binding *to, const stoa_value *value)
{
    return value->b > 0 ? to->params->bytes + value->a : (const uint8_t *)"";
}

static stoa_status bind_text(const struct binding *to, int32_t position,
                             const stoa_value *value)
{
    return check(
        to, sqlite3_bind_text64(to->stmt, position, (const char *)bytes_of(to, value),
                                (sqlite3_uint64)value->b, to->hold, SQLITE_UTF8));
}

static stoa_status bind_blob(const struct binding *to, int32_t position,
                             const stoa_value *value)
{
    return check(to, sqlite3_bind_blob64(to->stmt, position, bytes_of(to, value),
                                         (sqlite3_uint64)value->b, to->hold));
}

static stoa_status bind_double(const struct binding *to, int32_t position,
                               const stoa_value *value)
{
    double number;

    memcpy(&number, &value->a, sizeof number);
    if (isnan(number) && to->nan == STOA__NAN_ERROR)
        return stoa__fail(
            to->err, STOA_ERR_TYPE,
            "parameter %d is NaN, which SQLite cannot hold; nan=null makes it NULL",
            (int)position);
    return check(to, isnan(number) ? sqlite3_bind_null(to->stmt, position)
                                   : sqlite3_bind_double(to->stmt, position, number));
}

/* Nanoseconds as whole microseconds. */
static stoa_status bind_micros(const struct binding *to, int32_t position,
                               const stoa_value *value, const char *what)
{
    if (value->a % 1000 != 0)
        return stoa__fail(
            to->err, STOA_ERR_TYPE,
            "parameter %d is a %s of %lld ns, which is no whole number of "
            "microseconds; bind the integer of the column's own unit instead",
            (int)position, what, (long long)value->a);
    return check(to, sqlite3_bind_int64(to->stmt, position, value->a / 1000));
}

/* Big-endian, sign bit flipped: bytes sort as the numbers do. */
static void put_ordered(uint8_t *out, uint64_t bits, int size)
{
    bits ^= UINT64_C(1) << (size * 8 - 1);
    for (int i = size - 1; i >= 0; i--, bits >>= 8)
        out[i] = (uint8_t)bits;
}

static stoa_status bind_interval(const struct binding *to, int32_t position,
                                 const stoa_value *value)
{
    uint8_t bytes[16];

    put_ordered(bytes, (uint64_t)value->a & UINT32_MAX, 4);
    put_ordered(bytes + 4, (uint64_t)value->a >> 32, 4);
    put_ordered(bytes + 8, (uint64_t)value->b, 8);
    return check(to, sqlite3_bind_blob64(to->stmt, position, bytes, sizeof bytes,
                                         SQLITE_TRANSIENT));
}

static stoa_status bind_value(const struct binding *to, int32_t position,
                              const stoa_value *value)
{
    switch (value->type) {
    case STOA_TYPE_NULL:
        return check(to, sqlite3_bind_null(to->stmt, position));
    case STOA_TYPE_UINT64:
        if (value->a < 0)
            return stoa__fail(
                to->err, STOA_ERR_TYPE,
                "parameter %d, %llu, is above 9223372036854775807, the largest "
                "integer of SQLite",
                (int)position, (unsigned long long)value->a);
        return check(to, sqlite3_bind_int64(to->stmt, position, value->a));
    case STOA_TYPE_BOOL:
    case STOA_TYPE_INT8:
    case STOA_TYPE_INT16:
    case STOA_TYPE_INT32:
    case STOA_TYPE_INT64:
    case STOA_TYPE_UINT8:
    case STOA_TYPE_UINT16:
    case STOA_TYPE_UINT32:
    case STOA_TYPE_DATE:
        return check(to, sqlite3_bind_int64(to->stmt, position, value->a));
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        return bind_double(to, position, value);
    case STOA_TYPE_TIMESTAMP:
        return bind_micros(to, position, value, "timestamp");
    case STOA_TYPE_TIME:
        return bind_micros(to, position, value, "time");
    case STOA_TYPE_DURATION:
        return bind_micros(to, position, value, "duration");
    case STOA_TYPE_INTERVAL:
        return bind_interval(to, position, value);
    case STOA_TYPE_DECIMAL:
    case STOA_TYPE_TEXT:
    case STOA_TYPE_SYMBOL:
    case STOA_TYPE_JSON:
        return bind_text(to, position, value);
    case STOA_TYPE_UUID:
    case STOA_TYPE_BYTES:
        return bind_blob(to, position, value);
    default:
        return stoa__fail(to->err, STOA_ERR_INVALID,
                          "parameter %d has the unknown type %d", (int)position,
                          (int)value->type);
    }
}

/* ---- all of them ---- */

/* Bind the value to every parameter of its name, whatever their signs. */
static stoa_status bind_named(const struct binding *to, const struct stoa__name *name,
                              const stoa_value *value)
{
    const struct sqlite_statement *statement = to->statement;
    const char *text = name->text;
    size_t size = (size_t)name->size;
    bool found = false;

    if (size > 1 && (*text == ':' || *text == '@' || *text == '$')) {
        text++;
        size--;
    }
    for (int32_t i = 0; size > 0 && i < statement->parameter_count; i++) {
        const char *known = statement->parameters[i].name;
        stoa_status rc;

        if (strlen(known) != size || memcmp(known, text, size) != 0)
            continue;
        if (statement->given[i])
            return stoa__fail(to->err, STOA_ERR_INVALID, "parameter '%s' was given twice",
                              known);
        rc = bind_value(to, i + 1, value);
        if (rc != STOA_OK)
            return rc;
        statement->given[i] = true;
        found = true;
    }
    return found ? STOA_OK : fail_unknown(statement, name, to->err);
}

static stoa_status bind_all_named(const struct binding *to)
{
    struct sqlite_statement *statement = to->statement;
    const struct stoa__params *params = to->params;
    stoa_status rc = sqlite_parameters_load(statement, to->err);

    if (rc == STOA_OK)
        memset(statement->given, 0, (size_t)statement->parameter_count);
    for (int64_t i = 0; rc == STOA_OK && i < params->count; i++) {
        if (!params->names[i].text)
            return stoa__fail(
                to->err, STOA_ERR_INVALID,
                "value %lld has no name, others have; give all or none a name",
                (long long)i + 1);
        rc = bind_named(to, &params->names[i], &params->values[i]);
    }
    for (int32_t i = 0; rc == STOA_OK && i < statement->parameter_count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement->stmt, i + 1);

        if (!statement->given[i])
            rc = stoa__fail(to->err, STOA_ERR_INVALID, "parameter %s was given no value",
                            name ? name : "?");
    }
    return rc;
}

static bool any_named(const struct stoa__params *params)
{
    for (int64_t i = 0; params->names && i < params->count; i++)
        if (params->names[i].text)
            return true;
    return false;
}

stoa_status sqlite_bind(struct sqlite_statement *statement, sqlite3_stmt *stmt,
                        const struct stoa__params *params, int32_t nan,
                        enum sqlite_hold hold, stoa_error *err)
{
    const int64_t count = params ? params->count : 0;
    const struct binding to = {
        .statement = statement,
        .stmt = stmt,
        .params = params,
        .nan = nan,
        .hold = hold == SQLITE_HOLD_COPIED ? SQLITE_TRANSIENT : SQLITE_STATIC,
        .err = err,
    };
    stoa_status rc = STOA_OK;

    if (count > 0 && any_named(params))
        return bind_all_named(&to);
    if (count != statement->parameter_count)
        return stoa__fail(
            err, STOA_ERR_INVALID, "the statement has %d parameter%s, %lld value%s given",
            (int)statement->parameter_count, statement->parameter_count == 1 ? "" : "s",
            (long long)count, count == 1 ? " was" : "s were");
    for (int32_t i = 0; rc == STOA_OK && i < count; i++)
        rc = bind_value(&to, i + 1, &params->values[i]);
    return rc;
}
