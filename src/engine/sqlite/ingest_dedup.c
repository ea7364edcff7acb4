/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows taken away: truncation by ranges of an index, and rows that are there already.
 *
 * Deduplication goes through a temporary table, so that it costs one sort and one join
 * whatever the batches are, needs no index on the table, and never holds rows in memory.
 * Rows are the same when IS says so of every column: NULL is NULL. The stage is made and
 * dropped inside the append's own transaction or savepoint, so a failure leaves nothing
 * of it.
 */
#include "base/error.h"
#include "engine/sqlite/ingest_plan.h"
#include "engine/sqlite/type.h"
#include "text/civil.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* ---- truncation ---- */

/* A bound of a range as the index column stores it. */
struct bound {
    int64_t number;
    char text[STOA__CIVIL_TEXT_MAX];
    size_t text_size; /* 0: `number`. */
};

static int64_t ceiling(int64_t value, int64_t unit)
{
    assert(unit > 0); /* Columns of other kinds were refused at the opening. */
    const int64_t whole = value / unit;

    return whole + (value % unit > 0 ? 1 : 0);
}

static int64_t unit_ns(const struct stoa__arrow_type *type)
{
    switch ((int)type->kind) {
    case STOA__ARROW_TIMESTAMP:
        return INT64_C(1000000000) / stoa__civil_per_second(type->unit);
    case STOA__ARROW_DATE32:
        return INT64_C(86400) * INT64_C(1000000000);
    case STOA__ARROW_DATE64:
        return INT64_C(1000000);
    case STOA__ARROW_INT64:
        return 1; /* A plain INTEGER is taken at its word: nanoseconds. */
    default:
        return 0;
    }
}

/* [begin, end) of nanoseconds holds the ticks ceiling(begin) <= t < ceiling(end). */
static void bound_of(const struct stoa__arrow_type *type, enum sqlite_form form,
                     int64_t ns, struct bound *out)
{
    *out = (struct bound){.number = ceiling(ns, unit_ns(type))};
    if (form == SQLITE_FORM_DATE_TEXT) {
        out->text_size =
            stoa__date_format(type->kind == STOA__ARROW_DATE32
                                  ? out->number
                                  : ceiling(ns, INT64_C(86400) * INT64_C(1000000000)),
                              out->text);
    } else if (form == SQLITE_FORM_TIMESTAMP_TEXT) {
        out->text_size = stoa__timestamp_format(out->number, type->unit, out->text);
        if (*type->zone)
            out->text[out->text_size++] = 'Z';
    }
}

static int bind_bound(sqlite3_stmt *statement, int position, const struct bound *bound)
{
    if (bound->text_size > 0)
        return sqlite3_bind_text(statement, position, bound->text, (int)bound->text_size,
                                 SQLITE_TRANSIENT);
    return sqlite3_bind_int64(statement, position, bound->number);
}

static stoa_status delete_range(struct sqlite_ingest_plan *plan, stoa__call *call,
                                sqlite3_stmt *statement, const stoa_range *range,
                                const struct sqlite_source_column *column,
                                int64_t *deleted, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    const struct stoa__arrow_type *const type =
        stoa__arrow_type_values(column->cast ? column->cast : column->type);
    struct bound begin, end;
    stoa_status rc;

    bound_of(type, column->form, range->begin, &begin);
    bound_of(type, column->form, range->end, &end);
    if (bind_bound(statement, 1, &begin) != SQLITE_OK ||
        bind_bound(statement, 2, &end) != SQLITE_OK)
        return stoa__fail_nomem(err);
    rc = sqlite_ask_next(session, call, statement, err);
    if (rc == STOA_DONE)
        *deleted += sqlite3_changes64(session->db);
    sqlite3_reset(statement);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status check_index(struct sqlite_ingest_plan *plan, int32_t index,
                               stoa_error *err)
{
    const struct sqlite_source_column *column;
    const struct stoa__arrow_type *type;
    char text[256];

    if (index < 0 || index >= plan->names.count)
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "table '%s' is to be truncated by ranges, but has no index column",
            plan->name.table);
    column = &plan->source.columns[index];
    type = stoa__arrow_type_values(column->cast ? column->cast : column->type);
    if (unit_ns(type) > 0)
        return STOA_OK;
    stoa__arrow_type_text(type, text, sizeof(text));
    return stoa__fail(
        err, STOA_ERR_TYPE,
        "table '%s' cannot be truncated by ranges of column '%s', which is %s and "
        "no time",
        plan->name.table, plan->names.items[index], text);
}

stoa_status sqlite_rows_truncate(struct sqlite_ingest_plan *plan, stoa__call *call,
                                 const struct stoa__ingest_part *part, bool all,
                                 stoa_table_done *done, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    const int32_t index = part->index_column;
    sqlite3_stmt *statement = NULL;
    stoa__buffer sql = {0};
    int64_t deleted = 0;
    stoa_status rc = all ? STOA_OK : check_index(plan, index, err);

    if (rc == STOA_OK)
        rc = sqlite_sql(&sql, err, "DELETE FROM %T", plan->name);
    if (rc == STOA_OK && !all)
        rc = sqlite_sql(&sql, err, " WHERE %N >= ?1 AND %N < ?2",
                        plan->names.items[index], plan->names.items[index]);
    if (rc == STOA_OK && all)
        rc = sqlite_ask_run(session, call, (const char *)sql.data, &deleted, err);
    else if (rc == STOA_OK)
        rc = sqlite_ask(session, call, &statement, err, (const char *)sql.data);
    for (int64_t i = 0; !all && i < part->truncate_count && rc == STOA_OK; i++)
        rc = delete_range(plan, call, statement, &part->truncate[i],
                          &plan->source.columns[index], &deleted, err);
    sqlite3_finalize(statement);
    stoa__buffer_release(&sql);
    done->deleted += deleted;
    return rc;
}

/* ---- deduplication ---- */

struct stage {
    struct sqlite_ingest_plan *plan;
    stoa__call *call, *asked;    /* Of statements, and of the caller. */
    struct sqlite_names columns; /* That tell rows apart. */
    struct sqlite_table_name name;
    char table[40];
    const char *row;       /* The row id's name in the stage. */
    const char *table_row; /* And in the table; NULL: it has none. */
    bool by_stage;         /* Join from the stage: the table has an index for it. */
};

/* One statement, text as sqlite_sql() has it. */
static stoa_status run(struct stage *stage, stoa__buffer *sql, int64_t *changes,
                       stoa_error *err)
{
    stoa_status rc = sqlite_ask_run(stage->plan->source.session, stage->call,
                                    (const char *)sql->data, changes, err);

    sql->size = 0;
    if (rc == STOA_OK && stage->asked)
        rc = stoa__call_check(stage->asked, err);
    return rc;
}

/* A name of the row id that no column has taken. */
static const char *free_row_name(const struct sqlite_stored_table *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        bool taken = false;

        for (int32_t j = 0; j < table->column_count && !taken; j++)
            taken = sqlite3_stricmp(table->columns[j].name, names[i]) == 0;
        if (!taken)
            return names[i];
    }
    return NULL;
}

/* Is there an index whose first column is one of those that tell rows apart? */
static stoa_status find_index(struct stage *stage, stoa_error *err)
{
    struct sqlite_session *const session = stage->plan->source.session;
    const struct sqlite_table_name name = stage->plan->name;
    sqlite3_stmt *rows = NULL;
    stoa_status rc = sqlite_ask(session, stage->call, &rows, err,
                                "SELECT i.name FROM pragma_index_list(?2, ?1) l, "
                                "pragma_index_info(l.name, ?1) i WHERE i.seqno = 0 "
                                "AND l.partial = 0 UNION ALL SELECT name FROM "
                                "pragma_table_xinfo(?2, ?1) WHERE pk = 1");

    if (rc == STOA_OK)
        rc = sqlite_ask_texts(session, rows, name.database, name.table, err);
    while (rc == STOA_OK &&
           (rc = sqlite_ask_next(session, stage->call, rows, err)) == STOA_OK) {
        const char *const column = (const char *)sqlite3_column_text(rows, 0);

        for (int32_t i = 0; column && i < stage->columns.count; i++)
            if (sqlite3_stricmp(column, stage->columns.items[i]) == 0)
                stage->by_stage = true;
    }
    sqlite3_finalize(rows);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* The stage has the affinities of the table, so that both compare what is stored. */
static stoa_status stage_fill(struct stage *stage, const struct sqlite_rows *rows,
                              stoa_error *err)
{
    struct sqlite_ingest_plan *const plan = stage->plan;
    struct sqlite_session *const session = plan->source.session;
    sqlite3_stmt *statement = NULL;
    stoa__buffer sql = {0};
    stoa_status rc =
        sqlite_sql(&sql, err, "CREATE TEMP TABLE %N AS SELECT %L FROM %T WHERE 0",
                   stage->name.table, plan->names, plan->name);

    if (rc == STOA_OK)
        rc = run(stage, &sql, NULL, err);
    if (rc == STOA_OK)
        rc = sqlite_ingest_plan_module(plan, err);
    if (rc == STOA_OK)
        rc = sqlite_sql_insert_all(&sql, stage->name, plan->names,
                                   (struct sqlite_names){0}, plan->module, err);
    if (rc == STOA_OK)
        rc = sqlite_ask(session, stage->call, &statement, err, (const char *)sql.data);
    if (rc == STOA_OK)
        rc = sqlite_ingest_plan_scan(plan, stage->call, rows, statement, err);
    sqlite3_finalize(statement);
    sql.size = 0;
    if (rc == STOA_OK)
        rc = sqlite_sql(&sql, err, "CREATE INDEX temp.\"%s_same\" ON %N(%L)",
                        stage->table, stage->name.table, stage->columns);
    if (rc == STOA_OK)
        rc = run(stage, &sql, NULL, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* FROM and WHERE of the pairs of a staged row s and a stored row t that are the same. The
 * smaller side is not known to SQLite, which has no statistics of either: so the order is
 * said. */
static stoa_status add_pairs(struct stage *stage, stoa__buffer *sql, stoa_error *err)
{
    stoa_status rc = stage->by_stage
                         ? sqlite_sql(sql, err, " FROM %T AS s CROSS JOIN %T AS t WHERE ",
                                      stage->name, stage->plan->name)
                         : sqlite_sql(sql, err, " FROM %T AS t CROSS JOIN %T AS s WHERE ",
                                      stage->plan->name, stage->name);

    return rc == STOA_OK ? sqlite_sql_same(sql, "t", "s", stage->columns, err) : rc;
}

/* Insert the first or the last of those that are the same, in the order they came. */
static stoa_status insert_staged(struct stage *stage, bool last, int64_t *count,
                                 stoa_error *err)
{
    struct sqlite_ingest_plan *const plan = stage->plan;
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(
        &sql, err,
        "INSERT INTO %T(%L) SELECT %L FROM %T WHERE %s IN (SELECT %s(%s) FROM %T "
        "GROUP BY %L)",
        plan->name, plan->names, plan->names, stage->name, stage->row,
        last ? "max" : "min", stage->row, stage->name, stage->columns);

    if (rc == STOA_OK && !last)
        rc = sqlite_sql(&sql, err, " AND %s NOT IN (SELECT s.%s", stage->row, stage->row);
    if (rc == STOA_OK && !last)
        rc = add_pairs(stage, &sql, err);
    if (rc == STOA_OK)
        rc = sqlite_sql(&sql, err, "%s ORDER BY %s", last ? "" : ")", stage->row);
    if (rc == STOA_OK)
        rc = run(stage, &sql, count, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* How many of the rows that will stay take the place of stored ones. */
static stoa_status count_matched(struct stage *stage, int64_t *count, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc =
        sqlite_sql(&sql, err,
                   "SELECT count(*) FROM %T WHERE %s IN (SELECT max(%s) FROM %T "
                   "GROUP BY %L) AND %s IN (SELECT s.%s",
                   stage->name, stage->row, stage->row, stage->name, stage->columns,
                   stage->row, stage->row);

    if (rc == STOA_OK)
        rc = add_pairs(stage, &sql, err);
    if (rc == STOA_OK)
        rc = sqlite_sql(&sql, err, ")");
    if (rc == STOA_OK)
        rc = sqlite_ask_int(stage->plan->source.session, stage->call,
                            (const char *)sql.data, count, err);
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status delete_matched(struct stage *stage, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc;

    if (stage->table_row) {
        rc = sqlite_sql(&sql, err, "DELETE FROM %T WHERE %s IN (SELECT t.%s",
                        stage->plan->name, stage->table_row, stage->table_row);
        if (rc == STOA_OK)
            rc = add_pairs(stage, &sql, err);
    } else {
        rc = sqlite_sql(&sql, err,
                        "DELETE FROM %T AS t WHERE EXISTS (SELECT 1 FROM %T AS s "
                        "WHERE ",
                        stage->plan->name, stage->name);
        if (rc == STOA_OK)
            rc = sqlite_sql_same(&sql, "s", "t", stage->columns, err);
    }
    if (rc == STOA_OK)
        rc = sqlite_sql(&sql, err, ")");
    if (rc == STOA_OK)
        rc = run(stage, &sql, NULL, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* A statement that reads on this connection holds every table fast: then the stage stays,
 * empty, until the connection is closed. */
static stoa_status stage_drop(struct stage *stage, stoa_error *err)
{
    struct sqlite_session *const session = stage->plan->source.session;
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(&sql, err, "DROP TABLE %T", stage->name);

    if (rc == STOA_OK)
        rc = run(stage, &sql, NULL, err);
    if (rc == STOA_ERR_BUSY) {
        session->dirty = true;
        rc = sqlite_sql(&sql, err, "DELETE FROM %T", stage->name);
        if (rc == STOA_OK)
            rc = run(stage, &sql, NULL, err);
    }
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status stage_move(struct stage *stage, bool upsert, stoa_table_done *done,
                              stoa_error *err)
{
    const int64_t staged = stage->plan->delivered;
    int64_t inserted = 0, matched = 0;
    stoa_status rc = STOA_OK;

    if (upsert)
        rc = count_matched(stage, &matched, err);
    if (rc == STOA_OK && matched > 0)
        rc = delete_matched(stage, err);
    if (rc == STOA_OK)
        rc = insert_staged(stage, upsert, &inserted, err);
    if (rc != STOA_OK)
        return rc;
    done->written += inserted - matched;
    if (upsert)
        done->replaced += staged - (inserted - matched);
    else
        done->dropped += staged - inserted;
    return STOA_OK;
}

stoa_status sqlite_rows_dedup(struct sqlite_ingest_plan *plan, stoa__call *call,
                              const struct sqlite_rows *rows, struct sqlite_names columns,
                              bool upsert, stoa_table_done *done, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    struct stage stage = {
        .plan = plan, .call = call, .asked = rows->call, .columns = columns};
    stoa_status rc;

    if (!rows->batch)
        return STOA_OK;
    (void)snprintf(stage.table, sizeof(stage.table), "stoa_stage_%llu",
                   (unsigned long long)++session->savepoint_number);
    stage.name = (struct sqlite_table_name){"temp", stage.table};
    stage.row = free_row_name(&plan->table);
    stage.table_row = plan->table.without_rowid ? NULL : stage.row;
    if (!stage.row)
        return stoa__fail(
            err, STOA_ERR_UNSUPPORTED,
            "table '%s' has columns named rowid, _rowid_ and oid, which leaves "
            "no name for its rows",
            plan->name.table);
    rc = find_index(&stage, err);
    if (rc == STOA_OK)
        rc = stage_fill(&stage, rows, err);
    if (rc == STOA_OK)
        rc = stage_move(&stage, upsert, done, err);
    return rc == STOA_OK ? stage_drop(&stage, err) : rc;
}
