/* SPDX-License-Identifier: Apache-2.0 */
/* SQL that makes a database again. The values are written by SQLite's own quote() and hex(), which
 * keep every bit but the sign of a zero; so it is for the engine sqlite alone. */
#include "dot.h"

#include <string.h>

/* Each row's first column, with `end` behind it. */
static stoa_status put_lines(struct session *session, const char *sql, const char *end)
{
    stoa_result result = {0};
    stoa_status rc = stoa_query(session->conn, session->progress.op, sql, STOA_NUL, NULL, 0, NULL,
                                0, &result, &session->error);
    while (rc == STOA_OK) {
        const char *text;
        int64_t size;
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_text(result, 0, &text, &size, &session->error);
        if (rc == STOA_OK) {
            fwrite(text, 1, (size_t)size, session->output.file);
            fputs(end, session->output.file);
        }
    }
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* What one value is written by. quote() ends a text where it holds a NUL. */
static void put_value(struct text *sql, const char *column)
{
    struct text name = {0};

    text_identifier(&name, column);
    text_format(sql,
                "CASE WHEN typeof(%s) = 'text' AND instr(%s, char(0))"
                " THEN 'CAST(X''' || hex(%s) || ''' AS TEXT)' ELSE quote(%s) END",
                text_string(&name), text_string(&name), text_string(&name), text_string(&name));
    text_release(&name);
}

/* How an INSERT into `table` begins, and a query for the values of all; its generated columns are
 * left to be computed. */
static stoa_status insert_parts(struct session *session, const char *table, struct text *begin,
                                struct text *sql)
{
    struct text list = {0};
    stoa_result result = {0};
    stoa_status rc;
    int count = 0;

    text_put(&list, "SELECT name FROM pragma_table_xinfo(");
    text_literal(&list, table);
    text_put(&list, ") WHERE hidden = 0");
    rc = stoa_query(session->conn, session->progress.op, text_string(&list), STOA_NUL, NULL, 0,
                    NULL, 0, &result, &session->error);
    text_put(begin, "INSERT INTO ");
    text_identifier(begin, table);
    text_put(sql, "SELECT ");
    while (rc == STOA_OK) {
        const char *column;
        int64_t size;
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_text(result, 0, &column, &size, &session->error);
        if (rc != STOA_OK)
            break;
        text_put(begin, count > 0 ? ", " : "(");
        text_identifier(begin, column);
        text_put(sql, count++ > 0 ? ", " : "");
        put_value(sql, column);
    }
    text_put(begin, ") VALUES (");
    text_put(sql, " FROM ");
    text_identifier(sql, table);
    stoa_result_close(result);
    text_release(&list);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* One row, whose values are written already. */
static stoa_status put_row(struct session *session, stoa_result result, const struct text *begin,
                           int32_t column_count)
{
    FILE *file = session->output.file;
    stoa_status rc = STOA_OK;

    fwrite(begin->data, 1, begin->size, file);
    for (int32_t i = 0; i < column_count && rc == STOA_OK; i++) {
        const char *text;
        int64_t size;
        rc = stoa_result_text(result, i, &text, &size, &session->error);
        if (rc != STOA_OK)
            break;
        fputs(i > 0 ? ", " : "", file);
        fwrite(text, 1, (size_t)size, file);
    }
    fputs(");\n", file);
    return rc;
}

static stoa_status put_rows(struct session *session, const char *table)
{
    struct ArrowSchema schema = {0};
    struct text begin = {0}, sql = {0};
    stoa_result result = {0};
    stoa_status rc = insert_parts(session, table, &begin, &sql);

    if (rc == STOA_OK)
        rc = stoa_query(session->conn, session->progress.op, text_string(&sql), STOA_NUL, NULL, 0,
                        NULL, 0, &result, &session->error);
    if (rc == STOA_OK)
        rc = stoa_result_schema(result, &schema, &session->error);
    while (rc == STOA_OK) {
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = put_row(session, result, &begin, (int32_t)schema.n_children);
    }
    stoa_schema_release(&schema);
    stoa_result_close(result);
    text_release(&begin);
    text_release(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* Tables first, each with its rows; sqlite_sequence, once it is there, by what it counts. */
static stoa_status put_tables(struct session *session, const char *only)
{
    struct text sql = {0};
    stoa_result result = {0};
    stoa_status rc;

    text_put(&sql, "SELECT name, sql, sql LIKE 'create virtual%' FROM sqlite_schema"
                   " WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%'"
                   " ESCAPE '\\'");
    if (only) {
        text_put(&sql, " AND name = ");
        text_literal(&sql, only);
    }
    rc = stoa_query(session->conn, session->progress.op, text_string(&sql), STOA_NUL, NULL, 0, NULL,
                    0, &result, &session->error);
    while (rc == STOA_OK) {
        const char *name, *create;
        int64_t size, is_virtual = 0;
        rc = stoa_result_step(result, session->progress.op, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_text(result, 0, &name, &size, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_text(result, 1, &create, &size, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_int64(result, 2, &is_virtual, &session->error);
        if (rc == STOA_OK && is_virtual)
            rc = session_fail(session, STOA_ERR_UNSUPPORTED,
                              "the table '%s' is virtual, which SQL cannot make again with its"
                              " rows; .backup copies everything",
                              name);
        if (rc != STOA_OK)
            break;
        fprintf(session->output.file, "%s;\n", create);
        rc = put_rows(session, name);
    }
    stoa_result_close(result);
    text_release(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status put_rest(struct session *session, const char *only)
{
    struct text sql = {0};
    stoa_status rc;

    text_put(&sql, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('index',"
                   " 'trigger', 'view')");
    if (only) {
        text_put(&sql, " AND tbl_name = ");
        text_literal(&sql, only);
    }
    text_put(&sql, " ORDER BY rowid");
    rc = put_lines(session, text_string(&sql), ";\n");
    text_release(&sql);
    return rc;
}

static stoa_status put_sequences(struct session *session)
{
    stoa_rows row;
    stoa_status rc = stoa_query_row(session->conn, session->progress.op,
                                    "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'",
                                    STOA_NUL, NULL, 0, NULL, 0, &row, &session->error);
    if (rc != STOA_OK)
        return rc == STOA_DONE ? STOA_OK : rc;
    fputs("DELETE FROM sqlite_sequence;\n", session->output.file);
    return put_rows(session, "sqlite_sequence");
}

/* The numbers an application marks its file with. */
static stoa_status put_marks(struct session *session)
{
    static const char *const names[] = {"user_version", "application_id"};
    stoa_status rc = STOA_OK;

    for (size_t i = 0; i < sizeof names / sizeof *names && rc == STOA_OK; i++) {
        struct text sql = {0};
        stoa_rows row;
        text_format(&sql, "PRAGMA %s", names[i]);
        rc = stoa_query_row(session->conn, session->progress.op, text_string(&sql), STOA_NUL, NULL,
                            0, NULL, 0, &row, &session->error);
        if (rc == STOA_OK && row.values[0].a != 0)
            fprintf(session->output.file, "%s=%lld;\n", text_string(&sql),
                    (long long)row.values[0].a);
        text_release(&sql);
    }
    return rc;
}

stoa_status dot_dump(struct session *session, const struct words *words)
{
    const char *only = words->count > 1 ? words->word[1] : NULL;
    char engine[32] = "";
    int32_t state = STOA_TRANSACTION_NONE;
    stoa_status rc;

    (void)stoa_db_property(session->db, "engine", STOA_NUL, engine, sizeof engine, NULL, NULL);
    if (strcmp(engine, "sqlite") != 0)
        return session_fail(session, STOA_ERR_UNSUPPORTED,
                            "%s: .dump writes the SQL of sqlite alone; .export writes rows",
                            engine);
    rc = session_begin(session, NULL, "");
    if (rc == STOA_OK)
        rc = stoa_conn_transaction(session->conn, &state, &session->error);
    if (rc == STOA_OK && state == STOA_TRANSACTION_NONE)
        rc = stoa_begin(session->conn, session->progress.op, STOA_BEGIN_READ, &session->error);
    int begun = rc == STOA_OK && state == STOA_TRANSACTION_NONE;

    fputs("PRAGMA foreign_keys=OFF;\nBEGIN;\n", session->output.file);
    if (rc == STOA_OK)
        rc = put_tables(session, only);
    if (rc == STOA_OK && !only)
        rc = put_sequences(session);
    if (rc == STOA_OK)
        rc = put_rest(session, only);
    if (rc == STOA_OK && !only)
        rc = put_marks(session);
    fputs(rc == STOA_OK ? "COMMIT;\n" : "ROLLBACK; -- it was not complete\n",
          session->output.file);
    if (begun)
        (void)stoa_rollback(session->conn, (stoa_op){0}, NULL);
    progress_end(&session->progress);
    return rc;
}
