/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/ingest_sql.h"

#include "base/error.h"
#include "text/identifier.h"

#include <stdarg.h>
#include <string.h>

#include "base/ban.h"

static stoa_status add_text(stoa__buffer *out, const char *text, size_t size,
                            stoa_error *err)
{
    return stoa__buffer_append(out, text, size) == STOA_OK ? STOA_OK
                                                           : stoa__fail_nomem(err);
}

static stoa_status add_name(stoa__buffer *out, const char *name, stoa_error *err)
{
    return stoa__identifier_quote(name, strlen(name), out, err);
}

static stoa_status add_list(stoa__buffer *out, struct sqlite_names names, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < names.count && rc == STOA_OK; i++) {
        rc = add_text(out, ",", i > 0 ? 1 : 0, err);
        if (rc == STOA_OK)
            rc = add_name(out, names.items[i], err);
    }
    return rc;
}

static stoa_status add_table(stoa__buffer *out, struct sqlite_table_name table,
                             stoa_error *err)
{
    stoa_status rc = add_name(out, table.database, err);

    if (rc == STOA_OK)
        rc = add_text(out, ".", 1, err);
    return rc == STOA_OK ? add_name(out, table.table, err) : rc;
}

static stoa_status add_piece(stoa__buffer *out, char kind, va_list *args, stoa_error *err)
{
    const char *text;

    switch (kind) {
    case '%':
        return add_text(out, "%", 1, err);
    case 'N':
        return add_name(out, va_arg(*args, const char *), err);
    case 'T':
        return add_table(out, va_arg(*args, struct sqlite_table_name), err);
    case 'L':
        return add_list(out, va_arg(*args, struct sqlite_names), err);
    case 'd':
        return stoa__buffer_format(out, "%d", va_arg(*args, int)) == STOA_OK
                   ? STOA_OK
                   : stoa__fail_nomem(err);
    default:
        text = va_arg(*args, const char *);
        return add_text(out, text, strlen(text), err);
    }
}

stoa_status sqlite_sql(stoa__buffer *out, stoa_error *err, const char *format, ...)
{
    stoa_status rc = STOA_OK;
    va_list args;

    va_start(args, format);
    while (*format && rc == STOA_OK) {
        const size_t size = strcspn(format, "%");

        rc = add_text(out, format, size, err);
        format += size;
        if (*format == '%' && rc == STOA_OK) {
            rc = add_piece(out, format[1], &args, err);
            format += 2;
        }
    }
    va_end(args);
    if (rc == STOA_OK && stoa__buffer_terminate(out) != STOA_OK)
        rc = stoa__fail_nomem(err);
    return rc;
}

static bool is_key(const char *name, struct sqlite_names keys)
{
    for (int32_t i = 0; i < keys.count; i++)
        if (stoa__name_equal(name, strlen(name), keys.items[i], strlen(keys.items[i])))
            return true;
    return false;
}

/* A row whose key is there takes its place, column by column, so that columns the source
 * does not have stay. Rows that are all key change nothing but count. */
static stoa_status add_conflict(stoa__buffer *out, struct sqlite_names columns,
                                struct sqlite_names keys, stoa_error *err)
{
    stoa_status rc;
    int32_t count = 0;

    if (keys.count == 0)
        return STOA_OK;
    rc = sqlite_sql(out, err, " ON CONFLICT(%L) DO UPDATE SET ", keys);
    for (int32_t i = 0; i < columns.count && rc == STOA_OK; i++)
        if (!is_key(columns.items[i], keys))
            rc = sqlite_sql(out, err, "%s%N=excluded.%N", count++ > 0 ? "," : "",
                            columns.items[i], columns.items[i]);
    if (rc == STOA_OK && count == 0)
        rc = sqlite_sql(out, err, "%N=excluded.%N", keys.items[0], keys.items[0]);
    if (rc == STOA_OK)
        rc = sqlite_sql(out, err, " WHERE stoa_replaced()");
    return rc;
}

stoa_status sqlite_sql_insert_all(stoa__buffer *out, struct sqlite_table_name table,
                                  struct sqlite_names columns, struct sqlite_names keys,
                                  const char *module, stoa_error *err)
{
    stoa_status rc = sqlite_sql(out, err, "INSERT INTO %T(%L) SELECT ", table, columns);

    for (int32_t i = 0; i < columns.count && rc == STOA_OK; i++)
        rc = sqlite_sql(out, err, "%sc%d", i > 0 ? "," : "", i);
    /* Without a WHERE the parser takes the ON of an upsert for a join's. */
    if (rc == STOA_OK)
        rc = sqlite_sql(out, err, " FROM %N%s", module,
                        keys.count > 0 ? " WHERE true" : "");
    return rc == STOA_OK ? add_conflict(out, columns, keys, err) : rc;
}

stoa_status sqlite_sql_insert_one(stoa__buffer *out, struct sqlite_table_name table,
                                  struct sqlite_names columns, struct sqlite_names keys,
                                  stoa_error *err)
{
    stoa_status rc = sqlite_sql(out, err, "INSERT INTO %T(%L) VALUES(", table, columns);

    for (int32_t i = 0; i < columns.count && rc == STOA_OK; i++)
        rc = sqlite_sql(out, err, "%s?%d", i > 0 ? "," : "", i + 1);
    if (rc == STOA_OK)
        rc = sqlite_sql(out, err, ")");
    return rc == STOA_OK ? add_conflict(out, columns, keys, err) : rc;
}

stoa_status sqlite_sql_same(stoa__buffer *out, const char *a, const char *b,
                            struct sqlite_names keys, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < keys.count && rc == STOA_OK; i++)
        rc = sqlite_sql(out, err, "%s%s.%N IS %s.%N", i > 0 ? " AND " : "", a,
                        keys.items[i], b, keys.items[i]);
    return rc;
}
