/* SPDX-License-Identifier: Apache-2.0 */
/* Which Arrow type each column of a result has (sqlite-arrow.md 7.3). */
#include "engine/sqlite/column_type.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/scan.h"

#include "base/error.h"
#include "base/limits.h"
#include "text/identifier.h"
#include "text/sql.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Where a column of a result comes from; all NULL for an expression. */
struct origin {
    const char *database, *table, *column;
};

/* A plan while it is made, and the table its last column came from: columns of one table
 * stand together. */
struct planner {
    struct sqlite_session *session;
    stoa__call *call;
    sqlite3_stmt *stmt;
    const struct stoa__read_config *config;
    stoa__arena *arena;
    stoa_error *err;
    const char *database, *table; /* NULL: none yet. */
    struct sqlite_table_facts facts;
    bool keeps_not_null;
};

/* ---- nullability ---- */

static bool same_name(const struct stoa__sql_token *token, const char *name)
{
    size_t size = token->size;
    const char *text = token->text;

    if (token->kind == STOA__SQL_NAME && size >= 2) {
        text++;
        size -= 2;
    }
    return stoa__name_is(text, size, name);
}

/* `sql` stands behind FROM: is there `table` alone? */
static bool only_term(stoa__sql *sql, const char *table)
{
    struct stoa__sql_token name, next;

    stoa__sql_next_solid(sql, &name);
    stoa__sql_next_solid(sql, &next);
    if (next.size == 1 && *next.text == '.') {
        stoa__sql_next_solid(sql, &name);
        stoa__sql_next_solid(sql, &next);
    }
    if ((name.kind != STOA__SQL_WORD && name.kind != STOA__SQL_NAME) ||
        !same_name(&name, table))
        return false;
    for (; next.kind != STOA__SQL_END; stoa__sql_next_solid(sql, &next))
        if (*next.text == '(' || *next.text == ',' || stoa__sql_is(&next, "join") ||
            stoa__sql_is(&next, "union") || stoa__sql_is(&next, "group"))
            return false;
    return true;
}

/*
 * Is the statement so simple that a NOT NULL column of `table` cannot be NULL in it?
 * Outer joins, aggregates of nothing and scalar subqueries make NULLs of their own, and
 * SQLite tells nobody. So: one SELECT, no parentheses, one name behind FROM.
 */
static bool keeps_not_null(const char *text, const char *table)
{
    struct stoa__sql_token token;
    stoa__sql sql;

    stoa__sql_init(&sql, text, strlen(text), STOA__SQL_SQLITE);
    stoa__sql_next_solid(&sql, &token);
    if (!stoa__sql_is(&token, "select"))
        return false;
    for (;;) {
        stoa__sql_next_solid(&sql, &token);
        if (token.kind == STOA__SQL_END || *token.text == '(')
            return false;
        if (stoa__sql_is(&token, "from"))
            return only_term(&sql, table);
    }
}

static stoa_status look_at_table(struct planner *planner, const struct origin *origin)
{
    stoa_status rc;

    if (planner->table && strcmp(planner->table, origin->table) == 0 &&
        strcmp(planner->database, origin->database) == 0)
        return STOA_OK;
    rc = sqlite_table_facts(planner->session, planner->call, origin->database,
                            origin->table, &planner->facts, planner->err);
    if (rc != STOA_OK)
        return rc;
    planner->database = origin->database;
    planner->table = origin->table;
    planner->keeps_not_null =
        !planner->session->dirty && /* A temporary view may hide behind the name. */
        keeps_not_null(sqlite3_sql(planner->stmt), origin->table);
    return STOA_OK;
}

/* What the table says about the column beyond its declared type. */
static stoa_status look_at_origin(struct planner *planner, const struct origin *origin,
                                  struct sqlite_plan_column *column)
{
    const int32_t mismatch = planner->config->type_mismatch;
    const bool wants_guarantee =
        mismatch == STOA__MISMATCH_TEXT || mismatch == STOA__MISMATCH_UNION;
    int not_null = 0, key = 0;

    if (!origin->table ||
        sqlite3_table_column_metadata(planner->session->db, origin->database,
                                      origin->table, origin->column, NULL, NULL,
                                      &not_null, &key, NULL) != SQLITE_OK)
        return STOA_OK;
    if (!wants_guarantee && !not_null && !key)
        return STOA_OK;
    const stoa_status rc = look_at_table(planner, origin);

    if (rc != STOA_OK)
        return rc;
    const bool alias = key && planner->facts.rowid_alias && column->declared &&
                       sqlite3_stricmp(column->declared, "INTEGER") == 0;

    column->guaranteed = planner->facts.strict || alias;
    if ((not_null || alias) && (mismatch != STOA__MISMATCH_NULL || column->guaranteed))
        column->nullable = !planner->keeps_not_null;
    return STOA_OK;
}

/* ---- the type of one column ---- */

static stoa_status set_simple(struct sqlite_plan_column *column, const char *format,
                              stoa__arena *arena, stoa_error *err)
{
    struct stoa__arrow_type *type;
    const stoa_status rc = stoa__arrow_type_simple(format, "", true, arena, &type, err);

    if (rc != STOA_OK)
        return rc;
    column->type = type;
    column->form = *format == 'g'   ? SQLITE_FORM_REAL
                   : *format == 'u' ? SQLITE_FORM_TEXT
                   : *format == 'z' ? SQLITE_FORM_BLOB
                                    : SQLITE_FORM_INT;
    return STOA_OK;
}

/* The four classes a value can have, each as it is. */
static stoa_status set_union(struct sqlite_plan_column *column, stoa__arena *arena,
                             stoa_error *err)
{
    static const int8_t ids[] = {0, 1, 2, 3};
    static const struct {
        const char *format, *name;
    } members[] = {{"l", "integer"}, {"g", "real"}, {"u", "text"}, {"z", "blob"}};
    struct stoa__arrow_type *type = stoa__arena_alloc_zero(arena, 1, sizeof *type);
    struct stoa__arrow_type *children =
        stoa__arena_alloc_zero(arena, 4, sizeof *children);

    if (!type || !children)
        return stoa__fail_nomem(err);
    for (int i = 0; i < 4; i++) {
        struct stoa__arrow_type *child;
        const stoa_status rc = stoa__arrow_type_simple(members[i].format, members[i].name,
                                                       true, arena, &child, err);

        if (rc != STOA_OK)
            return rc;
        children[i] = *child;
    }
    *type = (struct stoa__arrow_type){.kind = STOA__ARROW_DENSE_UNION,
                                      .format = "+ud:0,1,2,3",
                                      .zone = "",
                                      .name = "",
                                      .nullable = true,
                                      .union_ids = ids,
                                      .children = children,
                                      .child_count = 4};
    column->type = type;
    column->form = SQLITE_FORM_NULL;
    return STOA_OK;
}

static const char *affinity_format(enum sqlite_affinity affinity)
{
    switch (affinity) {
    case SQLITE_AFFINITY_INTEGER:
        return "l";
    case SQLITE_AFFINITY_REAL:
    case SQLITE_AFFINITY_NUMERIC:
        return "g";
    case SQLITE_AFFINITY_TEXT:
        return "u";
    case SQLITE_AFFINITY_BLOB:
        break;
    }
    return "z";
}

/* Steps 2 to 4: the metadata table, the declared type. */
static stoa_status read_declared(const struct planner *planner,
                                 const struct origin *origin,
                                 struct sqlite_plan_column *column)
{
    struct sqlite_declared promised;
    struct stoa__arrow_type *kept = NULL;
    stoa_status rc = STOA_OK;

    if (origin->table)
        rc = sqlite_column_type_read(planner->session, planner->call, origin->database,
                                     origin->table, origin->column, planner->arena, &kept,
                                     planner->err);
    if (rc == STOA_OK && !kept && origin->table && planner->session->scans &&
        column->declared && strncmp(column->declared, "TEXT ", 5) == 0)
        rc = sqlite_scan_nested_type(planner->session, origin->table, origin->column,
                                     planner->arena, &kept, planner->err);
    if (rc == STOA_OK && kept) {
        column->type = kept;
        column->form = sqlite_type_form(kept, column->declared ? column->declared : "");
        return STOA_OK;
    }
    if (rc != STOA_OK || !column->declared)
        return rc;
    rc = sqlite_type_parse(column->declared, planner->arena, &promised, planner->err);
    column->tentative = promised.tentative;
    column->type = promised.tentative ? NULL : promised.type;
    column->form = promised.form;
    return rc;
}

/* Is there no value that could not be given as `column` has it? */
static bool always_fits(const struct sqlite_plan_column *column)
{
    if (!column->guaranteed || !column->type || column->type->dictionary)
        return false;
    switch ((int)column->type->kind) {
    case STOA__ARROW_INT64:
    case STOA__ARROW_TIMESTAMP:
    case STOA__ARROW_DURATION:
    case STOA__ARROW_DATE64:
    case STOA__ARROW_TIME64:
        return column->form == SQLITE_FORM_INT;
    case STOA__ARROW_FLOAT64:
        return column->form == SQLITE_FORM_REAL;
    case STOA__ARROW_BINARY:
    case STOA__ARROW_LARGE_BINARY:
    case STOA__ARROW_BINARY_VIEW:
        return column->form == SQLITE_FORM_BLOB;
    default:
        return false;
    }
}

static stoa_status plan_column(struct planner *planner, int index,
                               struct sqlite_plan_column *column)
{
    sqlite3_stmt *stmt = planner->stmt;
    const struct origin origin = {sqlite3_column_database_name(stmt, index),
                                  sqlite3_column_table_name(stmt, index),
                                  sqlite3_column_origin_name(stmt, index)};
    const struct stoa__read_config *config = planner->config;
    const char *declared = sqlite3_column_decltype(stmt, index);
    stoa_status rc = STOA_OK;

    *column = (struct sqlite_plan_column){.nullable = true};
    if (declared) {
        column->declared =
            stoa__arena_copy_text(planner->arena, declared, strlen(declared));
        if (!column->declared)
            return stoa__fail_nomem(planner->err);
        column->affinity = sqlite_type_affinity(declared);
    }
    if (config->types == STOA__TYPES_DECLARED || config->types == STOA__TYPES_EXACT)
        rc = read_declared(planner, &origin, column);
    else if (config->types == STOA__TYPES_AFFINITY && declared &&
             column->affinity != SQLITE_AFFINITY_NUMERIC)
        rc = set_simple(column, affinity_format(column->affinity), planner->arena,
                        planner->err);
    if (rc == STOA_OK)
        rc = look_at_origin(planner, &origin, column);
    if (rc != STOA_OK || always_fits(column))
        return rc;
    if (config->type_mismatch == STOA__MISMATCH_TEXT)
        return set_simple(column, "u", planner->arena, planner->err);
    if (config->type_mismatch == STOA__MISMATCH_UNION)
        return set_union(column, planner->arena, planner->err);
    return STOA_OK;
}

/* ---- the struct of all columns ---- */

/* A name that is Arrow's: UTF-8. A file may hold others. */
static const char *clean_name(const char *name, stoa__arena *arena)
{
    const size_t size = name ? strlen(name) : 0;
    char *copy = stoa__arena_copy_text(arena, name ? name : "", size);

    if (!copy)
        return NULL;
    for (size_t at = stoa__utf8_check(copy, size); at < size;
         at += stoa__utf8_check(copy + at, size - at))
        copy[at] = '?';
    return copy;
}

/* The field of a result: the column's type under its name in the result. */
static stoa_status make_field(const struct sqlite_plan_column *column, const char *name,
                              stoa__arena *arena, struct stoa__arrow_type *out,
                              stoa_error *err)
{
    *out = *column->type;
    out->name = name;
    out->nullable = column->nullable;
    if (!column->declared)
        return STOA_OK;
    return sqlite_metadata_with(out->metadata, "SQLITE:type", column->declared,
                                strlen(column->declared), arena, &out->metadata,
                                &out->metadata_size, err);
}

/* Nothing was seen: the affinity's type if there is one, else text. */
static const char *unseen_format(const struct sqlite_plan_column *column)
{
    if (column->tentative)
        return "b";
    return column->declared ? affinity_format(column->affinity) : "u";
}

static stoa_status make_struct(const struct sqlite_plan_column *columns, int32_t count,
                               const char *const *names, stoa__arena *arena,
                               struct stoa__arrow_type **out, stoa_error *err)
{
    struct stoa__arrow_type *type = stoa__arena_alloc_zero(arena, 1, sizeof *type);
    struct stoa__arrow_type *fields =
        stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *fields);
    stoa_status rc = STOA_OK;

    if (!type || !fields)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        struct sqlite_plan_column column = columns[i];

        if (!column.type)
            rc = set_simple(&column, unseen_format(&column), arena, err);
        if (rc == STOA_OK)
            rc = make_field(&column, names[i], arena, &fields[i], err);
    }
    *type = (struct stoa__arrow_type){.kind = STOA__ARROW_STRUCT,
                                      .format = "+s",
                                      .zone = "",
                                      .name = "",
                                      .children = fields,
                                      .child_count = count};
    *out = type;
    return rc;
}

static stoa_status plan_columns(struct planner *planner, struct sqlite_plan *plan)
{
    const int32_t count = sqlite3_column_count(planner->stmt);
    stoa__arena *arena = planner->arena;
    const char **names = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *names);
    stoa_status rc = STOA_OK;

    plan->columns =
        stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *plan->columns);
    if (!names || !plan->columns)
        return stoa__fail_nomem(planner->err);
    plan->column_count = count;
    plan->decided = true;
    plan->direct = true;
    for (int32_t i = 0; rc == STOA_OK && i < count; i++) {
        names[i] = clean_name(sqlite3_column_name(planner->stmt, i), arena);
        if (!names[i])
            return stoa__fail_nomem(planner->err);
        rc = plan_column(planner, i, &plan->columns[i]);
        plan->decided = plan->decided && plan->columns[i].type;
        plan->direct = plan->direct && sqlite_packs_directly(&plan->columns[i]);
    }
    if (rc == STOA_OK)
        rc = make_struct(plan->columns, count, names, arena, &plan->type, planner->err);
    return rc;
}

stoa_status sqlite_plan_make(struct sqlite_session *session, stoa__call *call,
                             sqlite3_stmt *stmt, const struct stoa__read_config *config,
                             struct sqlite_plan *plan, stoa_error *err)
{
    struct planner planner = {.session = session,
                              .call = call,
                              .stmt = stmt,
                              .config = config,
                              .arena = &plan->arena,
                              .err = err};

    assert(!plan->ready || !sqlite_plan_fits(plan, stmt, config));
    plan->ready = false;
    plan->types = config->types;
    plan->mismatch = config->type_mismatch;
    plan->prepared = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0);
    const stoa_status rc = plan_columns(&planner, plan);

    plan->ready = rc == STOA_OK;
    return rc;
}

void sqlite_plan_release(struct sqlite_plan *plan)
{
    stoa__arena_release(&plan->arena);
    *plan = (struct sqlite_plan){0};
}

/* ---- by values ---- */

enum { SEEN_INTEGER = 1 << SQLITE_INTEGER, SEEN_REAL = 1 << SQLITE_FLOAT };
enum { SEEN_TEXT = 1 << SQLITE_TEXT, SEEN_BLOB = 1 << SQLITE_BLOB };

/* Every integer up to here is a double. */
#define EXACT_MAX (INT64_C(1) << 53)

void sqlite_facts_add(struct sqlite_facts *facts, const struct sqlite_cell *cell)
{
    if (cell->class == SQLITE_NULL)
        return;
    if (cell->class == SQLITE_INTEGER) {
        const bool first = !(facts->classes & SEEN_INTEGER);

        facts->least =
            first || cell->integer < facts->least ? cell->integer : facts->least;
        facts->most = first || cell->integer > facts->most ? cell->integer : facts->most;
    }
    if (cell->class == SQLITE_TEXT && !facts->text_invalid)
        facts->text_invalid = stoa__utf8_check((const char *)cell->bytes,
                                               (size_t)cell->size) != (size_t)cell->size;
    facts->classes |= 1U << cell->class;
}

/* The type that holds everything that was seen. */
static const char *seen_format(const struct sqlite_facts *facts,
                               const struct sqlite_plan_column *column)
{
    if (facts->classes == 0)
        return unseen_format(column);
    if ((facts->classes & SEEN_BLOB) || facts->text_invalid)
        return "z";
    if (facts->classes & SEEN_TEXT)
        return "u";
    if (facts->classes == SEEN_INTEGER)
        return column->tentative && facts->least >= 0 && facts->most <= 1 ? "b" : "l";
    if (facts->classes == SEEN_REAL)
        return "g";
    return facts->least >= -EXACT_MAX && facts->most <= EXACT_MAX ? "g" : "u";
}

/* The integers a kind can hold. */
static bool holds_range(const struct stoa__arrow_type *type, int64_t least, int64_t most)
{
    switch ((int)type->kind) {
    case STOA__ARROW_BOOL:
        return least >= 0 && most <= 1;
    case STOA__ARROW_INT8:
        return least >= INT8_MIN && most <= INT8_MAX;
    case STOA__ARROW_INT16:
        return least >= INT16_MIN && most <= INT16_MAX;
    case STOA__ARROW_INT32:
    case STOA__ARROW_DATE32:
    case STOA__ARROW_TIME32:
    case STOA__ARROW_INTERVAL_MONTHS:
        return least >= INT32_MIN && most <= INT32_MAX;
    case STOA__ARROW_UINT8:
        return least >= 0 && most <= UINT8_MAX;
    case STOA__ARROW_UINT16:
        return least >= 0 && most <= UINT16_MAX;
    case STOA__ARROW_UINT32:
        return least >= 0 && most <= UINT32_MAX;
    case STOA__ARROW_UINT64:
        return least >= 0;
    default:
        return true;
    }
}

/* Would the declared type take all that was seen? Forms with a text of their own are
 * believed. */
static bool takes_all(const struct sqlite_plan_column *column,
                      const struct sqlite_facts *facts)
{
    if (facts->classes == 0 || column->type->kind == STOA__ARROW_DENSE_UNION)
        return true;
    switch ((int)column->form) {
    case SQLITE_FORM_INT:
        return facts->classes == SEEN_INTEGER &&
               holds_range(column->type, facts->least, facts->most);
    case SQLITE_FORM_REAL:
        return facts->classes == SEEN_REAL;
    case SQLITE_FORM_TEXT:
        return facts->classes == SEEN_TEXT && !facts->text_invalid;
    case SQLITE_FORM_BLOB:
        return facts->classes == SEEN_BLOB;
    case SQLITE_FORM_NULL:
        return false;
    default:
        return true;
    }
}

stoa_status sqlite_plan_decide(const struct sqlite_plan *plan,
                               const struct sqlite_facts *facts, bool whole,
                               stoa__arena *arena, struct sqlite_plan_column *columns,
                               struct stoa__arrow_type **type, stoa_error *err)
{
    const bool exact = whole && plan->types == STOA__TYPES_EXACT;
    const char **names =
        stoa__arena_alloc_zero(arena, (size_t)plan->column_count + 1, sizeof *names);
    stoa_status rc = STOA_OK;

    if (!names)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < plan->column_count; i++) {
        names[i] = plan->type->children[i].name;
        columns[i] = plan->columns[i];
        if (columns[i].type && (!exact || takes_all(&columns[i], &facts[i])))
            continue;
        rc = set_simple(&columns[i], seen_format(&facts[i], &columns[i]), arena, err);
    }
    if (rc == STOA_OK)
        rc = make_struct(columns, plan->column_count, names, arena, type, err);
    return rc;
}
