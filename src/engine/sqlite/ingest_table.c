/* SPDX-License-Identifier: Apache-2.0 */
/* The table an ingest writes to: as it is, as it is made, and which values go into its
 * columns. */
#include "arrow/cast_types.h"
#include "base/error.h"
#include "engine/sqlite/column_type.h"
#include "engine/sqlite/ingest.h"
#include "engine/sqlite/ingest_step.h"
#include "engine/sqlite/type.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static bool same_name(const char *a, const char *b)
{
    return stoa__name_equal(a, strlen(a), b, strlen(b));
}

/* ---- names ---- */

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && strchr(" \t", **text)) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && strchr(" \t", (*text)[*size - 1]))
        (*size)--;
}

stoa_status sqlite_names_parse(const char *setting, const char *text, stoa__arena *arena,
                               struct sqlite_names *out, stoa_error *err)
{
    int32_t count = *text ? 1 : 0;
    const char **items;

    *out = (struct sqlite_names){0};
    for (const char *at = text; *at; at++)
        count += *at == ',';
    items = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof(*items));
    if (!items)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < count; i++) {
        const char *name = text;
        size_t size = strcspn(text, ",");

        text += size + (text[size] == ',');
        trim(&name, &size);
        if (size == 0)
            return stoa__fail(err, STOA_ERR_INVALID, "setting '%s' names an empty column",
                              setting);
        items[i] = stoa__arena_copy_text(arena, name, size);
        if (!items[i])
            return stoa__fail_nomem(err);
    }
    *out = (struct sqlite_names){items, count};
    return STOA_OK;
}

stoa_status sqlite_source_check(struct sqlite_session *session,
                                const struct stoa__arrow_type *type, stoa_error *err)
{
    const struct stoa__arrow_type *const columns = type->children;
    const int32_t most = sqlite3_limit(session->db, SQLITE_LIMIT_COLUMN, -1);

    if (type->child_count == 0)
        return stoa__fail(err, STOA_ERR_INVALID, "the source has no columns");
    if (type->child_count > most)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the source has %d columns; SQLite takes %d",
                          (int)type->child_count, (int)most);
    for (int32_t i = 0; i < type->child_count; i++) {
        if (!*columns[i].name)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "column %d of the source has no name", (int)i);
        for (int32_t j = 0; j < i; j++)
            if (same_name(columns[i].name, columns[j].name))
                return stoa__fail(err, STOA_ERR_INVALID,
                                  "column '%s' is in the source twice", columns[i].name);
    }
    return STOA_OK;
}

/* ---- the table as it is ---- */

static stoa_status read_kind(struct sqlite_session *session, stoa__call *call,
                             struct sqlite_stored_table *out, stoa_error *err)
{
    sqlite3_stmt *rows = NULL;
    stoa_status rc = sqlite_ask(session, call, &rows, err,
                                "SELECT type, wr, strict FROM pragma_table_list(?2) "
                                "WHERE schema = ?1 COLLATE NOCASE");

    if (rc == STOA_OK)
        rc = sqlite_ask_texts(session, rows, out->name.database, out->name.table, err);
    if (rc == STOA_OK)
        rc = sqlite_ask_next(session, call, rows, err);
    if (rc == STOA_OK) {
        const char *const kind = (const char *)sqlite3_column_text(rows, 0);

        out->kind = TABLE_PLAIN;
        if (kind && strcmp(kind, "view") == 0)
            out->kind = TABLE_VIEW;
        if (kind && strcmp(kind, "virtual") == 0)
            out->kind = TABLE_VIRTUAL;
        out->without_rowid = sqlite3_column_int(rows, 1) != 0;
        out->strict = sqlite3_column_int(rows, 2) != 0;
    }
    sqlite3_finalize(rows);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status read_column(sqlite3_stmt *rows, stoa__arena *arena,
                               struct sqlite_stored_column *out, stoa_error *err)
{
    const char *const name = (const char *)sqlite3_column_text(rows, 0);
    const char *const declared = (const char *)sqlite3_column_text(rows, 1);

    if (!name || !declared)
        return stoa__fail_nomem(err);
    out->name = stoa__arena_copy_text(arena, name, strlen(name));
    out->declared = stoa__arena_copy_text(arena, declared, strlen(declared));
    out->not_null = sqlite3_column_int(rows, 2) != 0;
    out->has_default = sqlite3_column_int(rows, 3) != 0;
    out->key = sqlite3_column_int(rows, 4);
    out->generated = sqlite3_column_int(rows, 5) >= 2;
    return out->name && out->declared ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status read_columns(struct sqlite_session *session, stoa__call *call,
                                stoa__arena *arena, struct sqlite_stored_table *out,
                                stoa_error *err)
{
    sqlite3_stmt *rows = NULL;
    stoa_status rc =
        sqlite_ask(session, call, &rows, err,
                   "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden, "
                   "count(*) OVER () FROM pragma_table_xinfo(?2, ?1) ORDER BY cid");

    if (rc == STOA_OK)
        rc = sqlite_ask_texts(session, rows, out->name.database, out->name.table, err);
    while (rc == STOA_OK) {
        rc = sqlite_ask_next(session, call, rows, err);
        if (rc != STOA_OK)
            break;
        if (!out->columns)
            out->columns = stoa__arena_alloc_zero(
                arena, (size_t)sqlite3_column_int(rows, 6), sizeof(*out->columns));
        if (!out->columns)
            rc = stoa__fail_nomem(err);
        else
            rc = read_column(rows, arena, &out->columns[out->column_count++], err);
    }
    sqlite3_finalize(rows);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_table_look(struct sqlite_session *session, stoa__call *call,
                              struct sqlite_table_name name, stoa__arena *arena,
                              struct sqlite_stored_table *out, stoa_error *err)
{
    stoa_status rc;

    *out = (struct sqlite_stored_table){.name = name};
    rc = read_kind(session, call, out, err);
    if (rc == STOA_OK && out->kind != TABLE_MISSING)
        rc = read_columns(session, call, arena, out, err);
    return rc;
}

/* ---- tables made and widened ---- */

static bool is_key(const char *name, struct sqlite_names keys)
{
    for (int32_t i = 0; i < keys.count; i++)
        if (same_name(name, keys.items[i]))
            return true;
    return false;
}

/* `INTEGER PRIMARY KEY`, in just these words, is the row id itself: twice as fast and no
 * index beside the table. So an integer key gets them, whatever its width. */
static bool is_row_id(const struct stoa__arrow_type *column, struct sqlite_names keys)
{
    const struct stoa__arrow_type *const values = stoa__arrow_type_values(column);

    return keys.count == 1 && is_key(column->name, keys) &&
           (stoa__arrow_is_signed(values->kind) ||
            (stoa__arrow_is_unsigned(values->kind) && values->width < 8));
}

static stoa_status declare_column(stoa__buffer *sql,
                                  const struct stoa__arrow_type *column,
                                  struct sqlite_names keys,
                                  const struct sqlite_forms *forms, bool *metadata,
                                  stoa_error *err)
{
    const size_t size = sql->size;
    enum sqlite_form form;
    stoa_status rc = sqlite_sql(sql, err, "%N ", column->name);

    if (rc == STOA_OK)
        rc = sqlite_type_declare(column, forms, sql, &form, metadata, err);
    if (rc == STOA_OK && is_row_id(column, keys)) {
        sql->size = size;
        *metadata = *metadata || column->kind != STOA__ARROW_INT64;
        return sqlite_sql(sql, err, "%N INTEGER PRIMARY KEY", column->name);
    }
    if (rc == STOA_OK && is_key(column->name, keys))
        rc = sqlite_sql(sql, err, " NOT NULL");
    if (rc != STOA_OK)
        stoa__wrap(err, "column '%s'", column->name);
    return rc;
}

static stoa_status create_text(stoa__buffer *sql, struct sqlite_table_name name,
                               const struct stoa__arrow_type *type,
                               struct sqlite_names keys, const struct sqlite_forms *forms,
                               bool *metadata, stoa_error *err)
{
    stoa_status rc = sqlite_sql(sql, err, "CREATE TABLE %T(", name);
    bool row_id = false;

    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++) {
        row_id = row_id || is_row_id(&type->children[i], keys);
        rc = sqlite_sql(sql, err, "%s", i > 0 ? ", " : "");
        if (rc == STOA_OK)
            rc = declare_column(sql, &type->children[i], keys, forms, &metadata[i], err);
    }
    if (rc == STOA_OK && keys.count > 0 && !row_id)
        rc = sqlite_sql(sql, err, ", PRIMARY KEY(%L)", keys);
    if (rc == STOA_OK)
        rc = sqlite_sql(sql, err, ")%s", forms->strict ? " STRICT" : "");
    return rc;
}

static stoa_status check_keys(const struct stoa__arrow_type *type,
                              struct sqlite_names keys, stoa_error *err)
{
    for (int32_t i = 0; i < keys.count; i++) {
        bool found = false;

        for (int32_t j = 0; j < type->child_count && !found; j++)
            found = same_name(keys.items[i], type->children[j].name);
        if (!found)
            return stoa__fail(err, STOA_ERR_NOT_FOUND,
                              "key column '%s' is not in the source", keys.items[i]);
    }
    return STOA_OK;
}

/* What the metadata table says of an earlier table of this name is no longer so, though
 * the text of the new one may be the same. */
static stoa_status forget_metadata(struct sqlite_session *session, stoa__call *call,
                                   struct sqlite_table_name name, stoa_error *err)
{
    sqlite3_stmt *statement = NULL;
    stoa__buffer sql = {0};
    stoa_status rc;

    if (sqlite3_table_column_metadata(session->db, name.database, "stoa_column_type",
                                      NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
        return STOA_OK;
    rc = sqlite_sql(&sql, err, "DELETE FROM %N.stoa_column_type WHERE tbl = ?1",
                    name.database);
    if (rc == STOA_OK)
        rc = sqlite_ask(session, call, &statement, err, (const char *)sql.data);
    if (rc == STOA_OK)
        rc = sqlite_ask_texts(session, statement, name.table, NULL, err);
    if (rc == STOA_OK)
        rc = sqlite_ask_next(session, call, statement, err);
    sqlite3_finalize(statement);
    stoa__buffer_release(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_table_create(struct sqlite_session *session, stoa__call *call,
                                struct sqlite_table_name name,
                                const struct stoa__arrow_type *type,
                                struct sqlite_names keys,
                                const struct sqlite_forms *forms, stoa_error *err)
{
    stoa__arena arena = {0};
    stoa__buffer sql = {0};
    bool *metadata = NULL;
    stoa_status rc = sqlite_source_check(session, type, err);

    if (rc == STOA_OK)
        rc = check_keys(type, keys, err);
    if (rc == STOA_OK) {
        metadata =
            stoa__arena_alloc_zero(&arena, (size_t)type->child_count, sizeof(*metadata));
        rc = metadata ? create_text(&sql, name, type, keys, forms, metadata, err)
                      : stoa__fail_nomem(err);
    }
    if (rc == STOA_OK)
        rc = sqlite_run(session, call, (const char *)sql.data, err);
    if (rc == STOA_OK)
        rc = forget_metadata(session, call, name, err);
    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++)
        if (metadata[i])
            rc = sqlite_column_type_write(session, call, name.database, name.table,
                                          &type->children[i], err);
    stoa__buffer_release(&sql);
    stoa__arena_release(&arena);
    return rc;
}

static const struct sqlite_stored_column *
find_stored(const struct sqlite_stored_table *table, const char *name)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (same_name(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

static stoa_status add_column(struct sqlite_session *session, stoa__call *call,
                              struct sqlite_table_name name,
                              const struct stoa__arrow_type *column,
                              const struct sqlite_forms *forms, bool *metadata,
                              stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(&sql, err, "ALTER TABLE %T ADD COLUMN ", name);

    if (rc == STOA_OK)
        rc = declare_column(&sql, column, (struct sqlite_names){0}, forms, metadata, err);
    if (rc == STOA_OK && stoa__buffer_terminate(&sql) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = sqlite_run(session, call, (const char *)sql.data, err);
    stoa__buffer_release(&sql);
    return rc;
}

stoa_status sqlite_table_widen(struct sqlite_session *session, stoa__call *call,
                               const struct sqlite_stored_table *table,
                               const struct stoa__arrow_type *type,
                               const struct sqlite_forms *given, int32_t *added,
                               stoa_error *err)
{
    const struct sqlite_table_name name = table->name;
    const size_t known = (size_t)table->column_count;
    struct sqlite_forms forms = *given;
    struct stoa__arrow_type **types;
    stoa__arena arena = {0};
    stoa_status rc = sqlite_source_check(session, type, err);
    bool *metadata;

    *added = 0;
    forms.strict = table->strict;
    types = stoa__arena_alloc_zero(&arena, known + 1, sizeof(*types));
    metadata =
        stoa__arena_alloc_zero(&arena, (size_t)type->child_count + 1, sizeof(*metadata));
    if (rc == STOA_OK && (!types || !metadata))
        rc = stoa__fail_nomem(err);
    /* Rows of the metadata table hold for one text of the table, which is about to
     * change. */
    for (size_t i = 0; i < known && rc == STOA_OK; i++)
        rc = sqlite_column_type_read(session, call, name.database, name.table,
                                     table->columns[i].name, &arena, &types[i], err);
    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++) {
        if (find_stored(table, type->children[i].name))
            continue;
        rc = add_column(session, call, name, &type->children[i], &forms, &metadata[i],
                        err);
        *added += 1;
    }
    for (size_t i = 0; i < known && rc == STOA_OK && *added > 0; i++)
        if (types[i])
            rc = sqlite_column_type_write(session, call, name.database, name.table,
                                          types[i], err);
    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++)
        if (metadata[i])
            rc = sqlite_column_type_write(session, call, name.database, name.table,
                                          &type->children[i], err);
    stoa__arena_release(&arena);
    return rc;
}

/* ---- which values go into a column ---- */

static bool is_count(enum stoa__arrow_family family)
{
    return family == STOA__FAMILY_DATE || family == STOA__FAMILY_TIME ||
           family == STOA__FAMILY_TIMESTAMP || family == STOA__FAMILY_DURATION ||
           family == STOA__FAMILY_MONTHS || family == STOA__FAMILY_BOOL;
}

static bool is_nested(enum stoa__arrow_family family)
{
    return family == STOA__FAMILY_LIST || family == STOA__FAMILY_STRUCT ||
           family == STOA__FAMILY_MAP || family == STOA__FAMILY_UNION;
}

/* Are values of the one type values of the other, without a change of meaning? An instant
 * is no local time, a text no number; a plain INTEGER column takes what is counted. */
static bool takes(const struct stoa__arrow_type *stored,
                  const struct stoa__arrow_type *given)
{
    const enum stoa__arrow_family to = stoa__arrow_family(stored->kind);
    const enum stoa__arrow_family from = stoa__arrow_family(given->kind);

    if (from == STOA__FAMILY_NULL)
        return true;
    if (is_nested(to) || to == STOA__FAMILY_INTERVAL || to == STOA__FAMILY_NULL)
        return stoa__arrow_type_equal(stored, given);
    if (to == STOA__FAMILY_TIMESTAMP && from == to)
        return (*stored->zone != 0) == (*given->zone != 0);
    if (from == to)
        return true;
    if (to == STOA__FAMILY_INTEGER && is_count(from))
        return stored->kind == STOA__ARROW_INT64 || from == STOA__FAMILY_BOOL;
    return from == STOA__FAMILY_INTEGER &&
           (to == STOA__FAMILY_FLOAT || to == STOA__FAMILY_BOOL ||
            to == STOA__FAMILY_DECIMAL);
}

/* Bits of magnitude an integer kind has, and whether it goes below zero. */
static int32_t int_bits(const struct stoa__arrow_type *type)
{
    return type->width * 8 - (stoa__arrow_is_signed(type->kind) ? 1 : 0);
}

static bool fits_int(const struct stoa__arrow_type *stored,
                     const struct stoa__arrow_type *given)
{
    const enum stoa__arrow_family from = stoa__arrow_family(given->kind);

    if (stored->kind == STOA__ARROW_INT64)
        return true; /* Beyond 2^63 the reader says so. */
    if (from == STOA__FAMILY_BOOL)
        return true;
    if (stoa__arrow_family(stored->kind) != STOA__FAMILY_INTEGER)
        return from == stoa__arrow_family(stored->kind) && stored->unit == given->unit &&
               stored->kind == given->kind;
    return int_bits(stored) >= int_bits(given) &&
           (stoa__arrow_is_signed(stored->kind) || stoa__arrow_is_unsigned(given->kind));
}

/* Can every cell be stored as it lies, so that nothing needs to be converted? */
static bool fits(const struct stoa__arrow_type *stored, enum sqlite_form form,
                 const struct stoa__arrow_type *given)
{
    switch (form) {
    case SQLITE_FORM_INT:
        return fits_int(stored, given);
    case SQLITE_FORM_REAL:
        return stoa__arrow_is_float(given->kind) &&
               (stored->width > given->width || stored->kind == given->kind);
    case SQLITE_FORM_TEXT:
        return true;
    case SQLITE_FORM_BLOB:
        return stored->kind != STOA__ARROW_FIXED_BINARY ||
               (given->kind == stored->kind && given->width == stored->width);
    case SQLITE_FORM_DECIMAL_TEXT:
    case SQLITE_FORM_DECIMAL_INT:
        return stoa__arrow_is_decimal(given->kind) && given->scale == stored->scale &&
               given->precision <= stored->precision;
    case SQLITE_FORM_UINT64_TEXT:
    case SQLITE_FORM_DATE_TEXT:
    case SQLITE_FORM_TIME_TEXT:
    case SQLITE_FORM_TIMESTAMP_TEXT:
        return given->kind == stored->kind && given->unit == stored->unit;
    case SQLITE_FORM_INTERVAL_BLOB:
    case SQLITE_FORM_JSON:
    case SQLITE_FORM_NULL:
        break;
    }
    return true;
}

static stoa_status fail_type(const struct sqlite_stored_table *table,
                             const struct sqlite_stored_column *stored,
                             const struct stoa__arrow_type *type,
                             const struct stoa__arrow_type *given, stoa_error *err)
{
    char has[256], gets[256];

    stoa__arrow_type_text(type, has, sizeof(has));
    stoa__arrow_type_text(given, gets, sizeof(gets));
    return stoa__fail(
        err, STOA_ERR_TYPE,
        "column '%s' of table '%s' is %s (declared '%s') and does not take %s",
        stored->name, table->name.table, has, stored->declared, gets);
}

/* What the column promises; `*type` NULL: nothing. */
static stoa_status stored_type(struct sqlite_session *session, stoa__call *call,
                               const struct sqlite_stored_table *table,
                               const struct sqlite_stored_column *stored,
                               stoa__arena *arena, struct stoa__arrow_type **type,
                               enum sqlite_form *form, stoa_error *err)
{
    struct sqlite_declared declared = {0};
    stoa_status rc =
        sqlite_column_type_read(session, call, table->name.database, table->name.table,
                                stored->name, arena, type, err);

    if (rc != STOA_OK)
        return rc;
    if (*type) {
        *form = sqlite_type_form(*type, stored->declared);
        return STOA_OK;
    }
    rc = sqlite_type_parse(stored->declared, arena, &declared, err);
    /* A BOOLEAN of somebody else's may hold any number. */
    *type = declared.tentative ? NULL : declared.type;
    *form = declared.form;
    return rc;
}

static stoa_status match_column(struct sqlite_session *session, stoa__call *call,
                                const struct sqlite_stored_table *table,
                                const struct sqlite_stored_column *stored,
                                const struct stoa__arrow_type *given,
                                const struct sqlite_forms *forms, stoa__arena *arena,
                                struct sqlite_source_column *out, stoa_error *err)
{
    const struct stoa__arrow_type *const values = stoa__arrow_type_values(given), *to;
    struct stoa__arrow_type *type = NULL;
    stoa__buffer scratch = {0};
    bool metadata;
    stoa_status rc =
        stored_type(session, call, table, stored, arena, &type, &out->form, err);

    out->type = given;
    if (rc == STOA_OK && !type) {
        rc = sqlite_type_declare(values, forms, &scratch, &out->form, &metadata, err);
        stoa__buffer_release(&scratch);
        return rc;
    }
    if (rc != STOA_OK)
        return rc;
    to = stoa__arrow_type_values(type);
    if (!takes(to, values))
        return fail_type(table, stored, to, values, err);
    if (values->kind == STOA__ARROW_NULL)
        out->form = SQLITE_FORM_NULL;
    else if (!fits(to, out->form, values))
        out->cast = to;
    return STOA_OK;
}

/* Every column that must have a value must get one. */
static stoa_status check_missing(const struct sqlite_stored_table *table,
                                 const struct stoa__arrow_type *type, stoa_error *err)
{
    for (int32_t i = 0; i < table->column_count; i++) {
        const struct sqlite_stored_column *const stored = &table->columns[i];
        bool given = false;

        if (!stored->not_null || stored->has_default || stored->generated ||
            (stored->key == 1 && same_name(stored->declared, "INTEGER")))
            continue;
        for (int32_t j = 0; j < type->child_count && !given; j++)
            given = same_name(type->children[j].name, stored->name);
        if (!given)
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "column '%s' of table '%s' is NOT NULL without a default, and "
                "the source does not have it",
                stored->name, table->name.table);
    }
    return STOA_OK;
}

stoa_status sqlite_table_match(struct sqlite_session *session, stoa__call *call,
                               const struct sqlite_stored_table *table,
                               const struct stoa__arrow_type *type,
                               const struct sqlite_forms *forms, stoa__arena *arena,
                               struct sqlite_source_column **columns, const char ***names,
                               stoa_error *err)
{
    const size_t count = (size_t)type->child_count;
    stoa_status rc = sqlite_source_check(session, type, err);

    *columns = stoa__arena_alloc_zero(arena, count + 1, sizeof(**columns));
    *names = stoa__arena_alloc_zero(arena, count + 1, sizeof(**names));
    if (rc == STOA_OK && (!*columns || !*names))
        rc = stoa__fail_nomem(err);
    if (rc != STOA_OK)
        return rc;
    assert(*columns && *names);
    for (size_t i = 0; i < count && rc == STOA_OK; i++) {
        const struct stoa__arrow_type *const given = &type->children[i];
        const struct sqlite_stored_column *const stored = find_stored(table, given->name);

        if (!stored)
            return stoa__fail(err, STOA_ERR_NOT_FOUND, "table '%s' has no column '%s'",
                              table->name.table, given->name);
        if (stored->generated)
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "column '%s' of table '%s' is generated and cannot be written",
                stored->name, table->name.table);
        (*names)[i] = stored->name;
        rc = match_column(session, call, table, stored, given, forms, arena,
                          &(*columns)[i], err);
    }
    return rc == STOA_OK ? check_missing(table, type, err) : rc;
}
