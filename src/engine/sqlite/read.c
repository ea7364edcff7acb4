/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tables without SQL: the statement is written here, from the table's own types. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/catalog.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/statement.h"
#include "engine/sqlite/type.h"
#include "text/civil.h"
#include "text/identifier.h"

#include <string.h>

#include "base/ban.h"

/* What a read is made of, found out before its text is written. */
struct read {
    const char *table;
    const char *const *columns;
    const struct stoa__arrow_type *type; /* Of the whole table. */
    const struct stoa__arrow_type *index; /* NULL: it has none. */
    int64_t begin, end;
    bool from, to; /* Which ends of the range bind. */
};

static const struct stoa__arrow_type *find_column(const struct stoa__arrow_type *type,
                                                  const char *name)
{
    for (int32_t i = 0; i < type->child_count; i++)
        if (stoa__name_equal(type->children[i].name, strlen(type->children[i].name), name,
                             strlen(name)))
            return &type->children[i];
    return NULL;
}

static stoa_status check(struct read *read, stoa_error *err)
{
    for (int32_t i = 0; i < read->type->child_count && !read->index; i++)
        if (read->type->children[i].kind == STOA__ARROW_TIMESTAMP)
            read->index = &read->type->children[i];
    for (const char *const *name = read->columns; name && *name; name++)
        if (!find_column(read->type, *name))
            return stoa__fail(err, STOA_ERR_NOT_FOUND, "table '%s' has no column '%s'",
                              read->table, *name);
    if (read->begin > read->end)
        return stoa__fail(err, STOA_ERR_INVALID, "the range ends before it begins");
    read->from = read->begin != INT64_MIN;
    read->to = read->end != INT64_MAX;
    if ((read->from || read->to) && !read->index)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "table '%s' has no timestamp column that a range could be of",
                          read->table);
    return STOA_OK;
}

static stoa_status append_name(stoa__buffer *sql, const char *name)
{
    return stoa__identifier_quote(name, strlen(name), sql, NULL);
}

static stoa_status append_columns(const struct read *read, stoa__buffer *sql)
{
    stoa_status rc = STOA_OK;
    if (!read->columns)
        return stoa__buffer_append_text(sql, "*");
    for (const char *const *name = read->columns; *name && rc == STOA_OK; name++) {
        if (name != read->columns)
            rc = stoa__buffer_append_text(sql, ", ");
        const struct stoa__arrow_type *column = find_column(read->type, *name);
        if (rc == STOA_OK) /* check() has found them all. */
            rc = column ? append_name(sql, column->name) : STOA_ERR_INTERNAL;
    }
    return rc;
}

static stoa_status append_bound(const struct read *read, stoa__buffer *sql, const char *lead,
                                const char *compare)
{
    stoa_status rc = stoa__buffer_append_text(sql, lead);
    if (rc == STOA_OK)
        rc = append_name(sql, read->index->name);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(sql, compare);
    return rc;
}

static stoa_status write_sql(const struct read *read, stoa__buffer *sql)
{
    stoa_status rc = stoa__buffer_append_text(sql, "SELECT ");
    if (rc == STOA_OK)
        rc = append_columns(read, sql);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(sql, " FROM ");
    if (rc == STOA_OK)
        rc = append_name(sql, read->table);
    if (rc == STOA_OK && read->from)
        rc = append_bound(read, sql, " WHERE ", " >= ?1");
    if (rc == STOA_OK && read->to)
        rc = append_bound(read, sql, read->from ? " AND " : " WHERE ", " < ?2");
    if (rc == STOA_OK && read->index)
        rc = append_bound(read, sql, " ORDER BY ", "");
    return rc;
}

/* An end of the range in the unit of the index, rounded up: both ">= begin" and "< end" keep their
 * meaning for whole units. */
static int64_t in_unit(const struct stoa__arrow_type *index, int64_t ns)
{
    int64_t value = ns;
    int64_t remainder = 0;
    if (stoa__civil_convert(ns, STOA__CIVIL_NANO, index->unit, &value, &remainder) &&
        remainder > 0)
        value++;
    return value;
}

/* The ends as the column stores them: integers, or texts when it is declared as text. */
static void bind_ends(const struct read *read, bool text, stoa_value values[2], char *bytes,
                      int64_t *bytes_size)
{
    const int64_t ends[2] = {read->begin, read->end};
    const bool used[2] = {read->from, read->to};
    *bytes_size = 0;
    for (int i = 0; i < 2; i++) {
        values[i] = (stoa_value){.type = STOA_TYPE_NULL};
        if (!used[i])
            continue;
        int64_t value = in_unit(read->index, ends[i]);
        if (!text) {
            values[i] = (stoa_value){.type = STOA_TYPE_INT64, .a = value};
            continue;
        }
        size_t size = stoa__timestamp_format(value, read->index->unit, bytes + *bytes_size);
        values[i] = (stoa_value){
            .type = STOA_TYPE_TEXT, .a = *bytes_size, .b = (int64_t)size};
        *bytes_size += (int64_t)size;
    }
}

static bool stored_as_text(const struct stoa__arrow_type *index)
{
    int32_t size = 0;
    const char *declared = stoa__arrow_metadata_find(index->metadata, "SQLITE:type", &size);
    return declared && size >= 4 && sqlite3_strnicmp(declared, "TEXT", 4) == 0;
}

stoa_status sqlite_read_table(void *self, stoa__call *call, const char *table,
                              const char *const *columns, int64_t begin, int64_t end,
                              const struct stoa__read_config *config, void **cursor,
                              stoa_error *err)
{
    struct read read = {.table = table, .columns = columns, .begin = begin, .end = end};
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa__buffer sql = {0};
    stoa_value values[2];
    char bytes[2 * STOA__CIVIL_TEXT_MAX];
    int64_t bytes_size = 0;

    stoa_status rc = sqlite_table_type(self, call, NULL, table, &arena, &type, err);
    read.type = type;
    if (rc == STOA_OK)
        rc = check(&read, err);
    if (rc == STOA_OK && write_sql(&read, &sql) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK) {
        if (read.index)
            bind_ends(&read, stored_as_text(read.index), values, bytes, &bytes_size);
        const struct stoa__params params = {
            .values = values,
            .count = read.to ? 2 : read.from ? 1 : 0,
            .bytes = (const uint8_t *)bytes,
            .bytes_size = bytes_size,
        };
        rc = sqlite_query_owned(self, call, (const char *)sql.data, sql.size, &params, config,
                                cursor, err);
    }
    if (rc == STOA_OK && read.index) {
        rc = sqlite_cursor_note(*cursor, "stoa:index", read.index->name, err);
        if (rc != STOA_OK) {
            sqlite_cursor_close(*cursor);
            *cursor = NULL;
        }
    }
    stoa__buffer_release(&sql);
    stoa__arena_release(&arena);
    return rc;
}
