/* SPDX-License-Identifier: Apache-2.0 */
#include "dot.h"
#include "formats.h"

#include <stdlib.h>
#include <string.h>

/* A listing is a table like any other: scanned as `listing` by a database in memory, and shown in
 * the session's mode. `stream` is released. */
static stoa_status show_stream(struct session *session, struct ArrowArrayStream *stream,
                               const char *sql)
{
    stoa_op op = session->progress.op;
    stoa_error *err = &session->error;
    stoa_result result;
    stoa_scan scan;
    stoa_conn conn;
    stoa_db db = {0};
    stoa_status rc = stoa_open(op, ":memory:", STOA_NUL, NULL, 0, &db, err);

    if (rc == STOA_OK)
        rc = stoa_connect(db, op, NULL, 0, &conn, err);
    if (rc == STOA_OK)
        rc = stoa_scan_register(conn, op, "listing", STOA_NUL, stream, NULL, 0, &scan, err);
    if (rc == STOA_OK)
        rc = stoa_query(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, &result, err);
    if (rc == STOA_OK)
        rc = session_show(session, result);
    stoa_stream_release(stream);
    stoa_db_close(db);
    return rc;
}

static stoa_status show_catalog(struct session *session, int32_t what, const char *table,
                                const char *sql)
{
    struct ArrowArrayStream stream = {0};
    stoa_result result = {0};
    stoa_status rc = session_begin(session, NULL, "");

    if (rc == STOA_OK)
        rc = stoa_catalog(session->conn, session->progress.op, what, NULL, 0, table,
                          table ? STOA_NUL : 0, &result, &session->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, session->progress.op, &stream, &session->error);
    if (rc == STOA_OK)
        rc = show_stream(session, &stream, sql);
    stoa_result_close(result);
    progress_end(&session->progress);
    return rc;
}

static void add_pattern(struct text *sql, const char *column, const struct words *words)
{
    if (words->count == 1)
        return;
    text_format(sql, " WHERE %s LIKE ", column);
    text_literal(sql, words->word[1]);
}

stoa_status dot_tables(struct session *session, const struct words *words)
{
    struct text sql = {0};
    text_put(&sql, "SELECT database, \"table\", type, column_count AS columns FROM listing");
    add_pattern(&sql, "\"table\"", words);
    text_put(&sql, words->count > 1 ? " AND type <> 'shadow'" : " WHERE type <> 'shadow'");
    text_put(&sql, " ORDER BY 1, 2");
    stoa_status rc = show_catalog(session, STOA_CATALOG_TABLES, NULL, text_string(&sql));
    text_release(&sql);
    return rc;
}

stoa_status dot_indexes(struct session *session, const struct words *words)
{
    return show_catalog(session, STOA_CATALOG_INDEXES, words->count > 1 ? words->word[1] : NULL,
                        "SELECT \"table\", \"index\", \"unique\", origin,"
                        " group_concat(coalesce(\"column\", '(expression)'), ', ') AS columns"
                        " FROM (SELECT * FROM listing ORDER BY position)"
                        " GROUP BY database, \"table\", \"index\" ORDER BY 1, 2");
}

stoa_status dot_functions(struct session *session, const struct words *words)
{
    struct text sql = {0};
    text_put(&sql, "SELECT name, kind, argument_count AS arguments, origin FROM listing");
    add_pattern(&sql, "name", words);
    text_put(&sql, " GROUP BY 1, 2, 3 ORDER BY 1, 3");
    stoa_status rc = show_catalog(session, STOA_CATALOG_FUNCTIONS, NULL, text_string(&sql));
    text_release(&sql);
    return rc;
}

stoa_status dot_engines(struct session *session, const struct words *words)
{
    struct ArrowArrayStream stream;
    stoa_status rc = session_begin(session, NULL, "");

    (void)words;
    if (rc == STOA_OK)
        rc = stoa_engines(&stream, &session->error);
    if (rc == STOA_OK)
        rc = show_stream(session, &stream,
                         "SELECT name, version, available, detail, capabilities, example "
                         "FROM listing");
    progress_end(&session->progress);
    return rc;
}

stoa_status dot_columns(struct session *session, const struct words *words)
{
    stoa_source source = {
        .struct_size = sizeof source, .path = words->word[1], .path_size = STOA_NUL};
    struct ArrowArrayStream reader = {0}, columns = {0};
    stoa_option options[DOT_WORDS_MAX];
    int64_t count = dot_options(session, words, options);
    const struct format *format = format_find(NULL, words->word[1]);
    stoa_status rc = count < 0 ? STOA_ERR_INVALID : session_begin(session, NULL, "");

    if (rc == STOA_OK)
        rc = format->open(session->progress.op, &source, NULL, options, count, &reader,
                          &session->error);
    if (rc == STOA_OK && !format->guessed)
        rc = session_fail(session, STOA_ERR_UNSUPPORTED, "%s says its types itself: select from it",
                          words->word[1]);
    if (rc == STOA_OK)
        rc = stoa_format_columns(&reader, &columns, &session->error);
    if (rc == STOA_OK)
        rc = show_stream(session, &columns,
                         "SELECT name, type, \"values\", nulls, why FROM listing");
    stoa_stream_release(&reader);
    stoa_stream_release(&columns);
    progress_end(&session->progress);
    return rc;
}

/* ---- schema ---- */

/* The column `sql` of a catalogue's rows, each a statement; an index has a row for each of its
 * columns, so a text that comes again is passed over. */
static stoa_status put_sql(struct session *session, int32_t what, int32_t column, const char *table,
                           int *found)
{
    stoa_result result = {0};
    struct text last = {0};
    stoa_status rc = stoa_catalog(session->conn, session->progress.op, what, NULL, 0, table,
                                  table ? STOA_NUL : 0, &result, &session->error);

    while (rc == STOA_OK) {
        struct cell cell = {0};
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = cell_read(result, column, KIND_TEXT, &cell, &session->error);
        if (rc != STOA_OK || !cell.text || !*cell.text)
            continue;
        if (last.size == 0 || strcmp(text_string(&last), cell.text) != 0)
            fprintf(session->output.file, "%s;\n", cell.text);
        text_clear(&last);
        text_put(&last, cell.text);
        *found = 1;
    }
    stoa_result_close(result);
    text_release(&last);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status dot_schema(struct session *session, const struct words *words)
{
    enum { TABLES_SQL = 3, INDEXES_SQL = 10 };
    const char *table = words->count > 1 ? words->word[1] : NULL;
    int found = 0;
    stoa_status rc = session_begin(session, NULL, "");

    if (rc == STOA_OK)
        rc = put_sql(session, STOA_CATALOG_TABLES, TABLES_SQL, table, &found);
    if (rc == STOA_OK)
        rc = put_sql(session, STOA_CATALOG_INDEXES, INDEXES_SQL, table, &found);
    if (rc == STOA_OK && table && !found)
        rc = session_fail(session, STOA_ERR_NOT_FOUND, "there is no table '%s'", table);
    progress_end(&session->progress);
    return rc;
}

/* ---- settings ---- */

static void put_property(struct session *session, const char *name)
{
    char value[512];
    if (stoa_db_property(session->db, name, STOA_NUL, value, sizeof value, NULL, NULL) == STOA_OK)
        fprintf(session->output.file, "%-22s %s\n", name, value);
}

stoa_status dot_settings(struct session *session, const struct words *words)
{
    static const char *const names[] = {
        "engine",        "engine_version", "target",       "path",
        "read_only",     "journal",        "synchronous",  "busy_timeout",
        "foreign_keys",  "page_size",      "cache_size",   "wal_checkpoint_pages",
        "profile",       "shared_file",    "temp_store",   "journal_size_limit",
        "pool_idle_max", "batch_rows",     "types",        "type_mismatch",
        "nan",
    };
    if (words->count == 2)
        return session_fail(session, STOA_ERR_INVALID, ".settings %s: it wants a value",
                            words->word[1]);
    if (words->count == 3) {
        stoa_option option = {words->word[1], words->word[2]};
        session->told = 0;
        return stoa_conn_set(session->conn, &option, 1, &session->error);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_property(session, names[i]);
    return STOA_OK;
}

/* ---- explain ---- */

struct plan {
    int64_t *ids;
    int *depths;
    size_t count;
};

static int depth_below(const struct plan *plan, int64_t parent)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->ids[i] == parent)
            return plan->depths[i] + 1;
    return 0;
}

/* One step of a plan, indented below the step it serves. */
static stoa_status put_step(struct session *session, stoa_result result, struct plan *plan)
{
    int64_t id = 0, parent = 0, size;
    const char *detail = "";
    stoa_error *err = &session->error;
    stoa_status rc = stoa_result_int64(result, 0, &id, err);

    if (rc == STOA_OK)
        rc = stoa_result_int64(result, 1, &parent, err);
    if (rc == STOA_OK)
        rc = stoa_result_text(result, 3, &detail, &size, err);
    if (rc != STOA_OK)
        return rc;
    plan->ids = cli_grow(plan->ids, plan->count + 1, sizeof *plan->ids);
    plan->depths = cli_grow(plan->depths, plan->count + 1, sizeof *plan->depths);
    int depth = depth_below(plan, parent);
    plan->ids[plan->count] = id;
    plan->depths[plan->count++] = depth;
    fprintf(session->output.file, "%*s%s%s\n", depth * 3, "", depth > 0 ? "└─ " : "", detail);
    return STOA_OK;
}

stoa_status dot_explain(struct session *session, const struct words *words)
{
    struct plan plan = {0};
    struct text sql = {0};
    stoa_result result = {0};
    stoa_status rc = session_begin(session, NULL, "");

    text_format(&sql, "EXPLAIN QUERY PLAN %s", words->word[1]);
    if (rc == STOA_OK)
        rc = stoa_query(session->conn, session->progress.op, text_string(&sql), STOA_NUL, NULL, 0,
                        NULL, 0, &result, &session->error);
    while (rc == STOA_OK) {
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = put_step(session, result, &plan);
    }
    stoa_result_close(result);
    progress_end(&session->progress);
    text_release(&sql);
    free(plan.ids);
    free(plan.depths);
    return rc;
}
