/* SPDX-License-Identifier: Apache-2.0 */
/* Executing a statement of the interface: a query, or bound data into a table. */
#include "adbc_export/rows.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

#include "base/ban.h"

/* ---- ingest ---- */

static const char *setting(struct driver_statement *statement, const char *key)
{
    return stoa__driver_settings_text(statement->node.settings, key);
}

/* Where the table is: "" is where new tables go. Freed by the caller. */
static stoa_status make_database(struct driver_statement *statement, char **out,
                                 stoa_error *err)
{
    const char *catalog = setting(statement, "adbc.ingest.target_catalog");
    const char *schema = setting(statement, "adbc.ingest.target_db_schema");
    const char *temporary = setting(statement, "adbc.ingest.temporary");
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    if (temporary && strcmp(temporary, "true") == 0)
        rc = stoa__buffer_append_text(&text, "temp");
    else if (catalog)
        rc = stoa__buffer_append_text(&text, catalog);
    if (rc == STOA_OK && schema && *schema)
        rc = stoa__buffer_format(&text, "%s%s", text.size > 0 ? "." : "", schema);
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&text);
    if (rc != STOA_OK) {
        stoa__buffer_release(&text);
        return stoa__fail_nomem(err);
    }
    *out = (char *)stoa__buffer_take(&text);
    return STOA_OK;
}

static stoa_status insert(struct driver_statement *statement, stoa_op op, const char *database,
                          int64_t *rows, stoa_error *err)
{
    const char *mode = setting(statement, "adbc.ingest.mode");
    struct driver_options options;
    stoa_status rc = stoa__driver_bound_stream(statement, err);

    if (rc == STOA_OK)
        rc = stoa__driver_options_make(statement->node.settings, "stoa.ingest.", &options, err);
    if (rc != STOA_OK)
        return rc;
    mode = mode ? strrchr(mode, '.') + 1 : "create";
    /* With a key, appended rows replace those that have it. */
    if (strcmp(mode, "append") == 0 && setting(statement, "stoa.ingest.keys"))
        mode = "upsert";
    stoa__driver_options_add(&options, "mode", mode);
    if (*database)
        stoa__driver_options_add(&options, "database", database);
    rc = stoa_insert(driver_connection_of(statement)->conn, op,
                     setting(statement, "adbc.ingest.target_table"), STOA_NUL,
                     &statement->bound, options.list, options.count, rows, err);
    stoa__driver_options_release(&options);
    return rc;
}

static AdbcStatusCode check_ingest(struct driver_statement *statement, bool out,
                                   struct AdbcError *error)
{
    const char *temporary = setting(statement, "adbc.ingest.temporary");
    const char *wrong = NULL;

    if (!setting(statement, "adbc.ingest.target_table"))
        wrong = "the option adbc.ingest.target_table is not set";
    else if (!driver_is_bound(statement))
        wrong = "there is nothing to ingest: no data is bound";
    else if (out)
        wrong = "an ingest gives no rows: the output must be NULL";
    else if (temporary && strcmp(temporary, "true") == 0 &&
             (setting(statement, "adbc.ingest.target_catalog") ||
              setting(statement, "adbc.ingest.target_db_schema")))
        wrong = "a temporary table has no catalog and no schema";
    return wrong ? stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE, "%s", wrong)
                 : ADBC_STATUS_OK;
}

static stoa_status ingest(struct driver_statement *statement, stoa_op op, int64_t *rows,
                          stoa_error *err)
{
    char *database = NULL;
    stoa_status rc = make_database(statement, &database, err);

    if (rc == STOA_OK)
        rc = stoa__driver_begin(driver_connection_of(statement), op, err);
    if (rc == STOA_OK)
        rc = insert(statement, op, database, rows, err);
    stoa__free(database);
    return rc;
}

/* ---- execution ---- */

static AdbcStatusCode check_state(struct driver_statement *statement, bool out,
                                  struct AdbcError *error)
{
    if (statement->state == DRIVER_INGEST)
        return check_ingest(statement, out, error);
    if (statement->state == DRIVER_EMPTY)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                 "there is nothing to execute: no query is set");
    return ADBC_STATUS_OK;
}

static AdbcStatusCode execute(struct driver_statement *statement, struct ArrowArrayStream *out,
                              int64_t *rows, struct AdbcError *error)
{
    AdbcStatusCode status = check_state(statement, out != NULL, error);
    stoa_error failure;
    stoa_op op = {0};
    stoa_status rc;

    if (status != ADBC_STATUS_OK) {
        stoa__driver_unbind(statement); /* Or the next execution, of another kind, would use it. */
        return status;
    }
    rc = stoa__driver_op_open(&statement->node, &op, &failure);
    if (rc == STOA_OK && statement->state == DRIVER_INGEST)
        rc = ingest(statement, op, rows, &failure);
    else if (rc == STOA_OK)
        rc = stoa__driver_execute(statement, op, out, rows, &failure);
    /* Bound data serves one execution. */
    stoa__driver_unbind(statement);
    if (!out || !out->release)
        stoa_op_close(op);
    if (rc == STOA_OK)
        return ADBC_STATUS_OK;
    *rows = -1;
    return stoa__driver_fail_stoa(error, &failure);
}

AdbcStatusCode stoa__driver_execute_query(struct AdbcStatement *self,
                                          struct ArrowArrayStream *out, int64_t *rows,
                                          struct AdbcError *error)
{
    struct driver_statement *statement;
    int64_t count = -1;
    AdbcStatusCode status;

    if (out)
        *out = (struct ArrowArrayStream){0};
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status == ADBC_STATUS_OK)
        status = stoa__driver_leave(&statement->node, execute(statement, out, &count, error));
    if (rows)
        *rows = count;
    return status;
}

/* ---- what a statement is like ---- */

/* A SELECT over no table: its one row costs nothing to make, and alone can tell its types. SQLite
 * says so in one line of its plan. */
static bool is_constant(struct driver_statement *statement, stoa_op op)
{
    const struct driver_connection *connection = driver_connection_of(statement);
    struct driver_rows plan = {0};
    stoa__buffer sql = {0};
    char engine[32] = "";
    bool yes = false;

    if (strncasecmp(statement->sql, "SELECT", 6) != 0 ||
        stoa_db_property(connection->db, "engine", STOA_NUL, engine, sizeof engine, NULL, NULL) !=
            STOA_OK ||
        strcmp(engine, "sqlite") != 0)
        return false;
    if (stoa__buffer_format(&sql, "EXPLAIN QUERY PLAN %s", statement->sql) == STOA_OK &&
        stoa__buffer_terminate(&sql) == STOA_OK &&
        stoa__driver_rows_query(&plan, connection->conn, op, (const char *)sql.data, NULL) ==
            STOA_OK)
        yes = plan.row_count == 1 && plan.column_count == 4 &&
              stoa__driver_text_is(stoa__driver_rows_text(&plan, 0, 3), "SCAN CONSTANT ROW");
    stoa__driver_rows_release(&plan);
    stoa__buffer_release(&sql);
    return yes;
}

/* False: it has parameters, or its value cannot be computed. */
static bool run_for_schema(struct driver_statement *statement, stoa_op op,
                           struct ArrowSchema *out)
{
    stoa_result result = {0};
    stoa_status rc = stoa_execute(statement->stmt, op, NULL, 0, NULL, 0, &result, NULL);

    if (rc == STOA_OK)
        rc = stoa_result_schema(result, out, NULL);
    stoa_result_close(result);
    return rc == STOA_OK;
}

stoa_status stoa__driver_describe(struct driver_statement *statement, struct ArrowSchema *out,
                                  stoa_error *err)
{
    stoa_op op = {0};
    stoa_status rc = stoa__driver_op_open(&statement->node, &op, err);

    if (rc == STOA_OK)
        rc = stoa__driver_prepare(statement, op, err);
    if (rc == STOA_OK && !(is_constant(statement, op) && run_for_schema(statement, op, out)))
        rc = stoa_stmt_schema(statement->stmt, out, err);
    stoa_op_close(op);
    return rc;
}

static stoa_status parameters(struct driver_statement *statement, struct ArrowSchema *out,
                              stoa_error *err)
{
    struct ArrowSchema schema = {0};
    stoa_status rc = stoa_stmt_parameters(statement->stmt, &schema, err);

    if (rc == STOA_OK)
        rc = stoa__driver_rename(&schema, true, out, err);
    stoa__schema_release(&schema);
    return rc;
}

/* `tell` needs a query, or one that is prepared. */
static AdbcStatusCode give_schema(struct AdbcStatement *self, bool prepared,
                                  stoa_status (*tell)(struct driver_statement *statement,
                                                      struct ArrowSchema *out, stoa_error *err),
                                  struct ArrowSchema *out, struct AdbcError *error)
{
    struct driver_statement *statement;
    AdbcStatusCode status;
    stoa_error failure;

    if (!out)
        return stoa__driver_fail_null(error, "schema");
    *out = (struct ArrowSchema){0};
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status != ADBC_STATUS_OK)
        return status;
    if (statement->state != DRIVER_PREPARED && (prepared || statement->state != DRIVER_QUERY))
        status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE, "%s",
                                   prepared ? "the statement is not prepared"
                                            : "no query is set");
    else if (tell(statement, out, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(&statement->node, status);
}

AdbcStatusCode stoa__driver_execute_schema(struct AdbcStatement *self, struct ArrowSchema *out,
                                           struct AdbcError *error)
{
    return give_schema(self, false, stoa__driver_describe, out, error);
}

AdbcStatusCode stoa__driver_parameter_schema(struct AdbcStatement *self, struct ArrowSchema *out,
                                             struct AdbcError *error)
{
    return give_schema(self, true, parameters, out, error);
}
