/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "cli.h"
#include "pager.h"
#include "statement.h"
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const color_names[COLOR_COUNT] = {"auto", "on", "off"};

int color_find(const char *name)
{
    for (int color = 0; color < COLOR_COUNT; color++)
        if (strcmp(name, color_names[color]) == 0)
            return color;
    return -1;
}

const char *color_name(enum color color)
{
    return color_names[color];
}

int session_colors(const struct session *session, int fd)
{
    return session->color == COLOR_AUTO ? terminal_colors(fd) : session->color == COLOR_ON;
}

void session_refresh(struct session *session)
{
    struct output *output = &session->output;

    output->terminal = !session->output_path && isatty(STDOUT_FILENO);
    output->color = !session->output_path && session_colors(session, STDOUT_FILENO);
}

void session_init(struct session *session)
{
    *session = (struct session){.output.file = stdout};
    session_refresh(session);
    session->output.mode = session->output.terminal ? MODE_BOX : MODE_TABS;
    session->output.rows_max = 200;
    session->output.progress = &session->progress;
    session->output.pager = session->output.terminal ? pager_default() : NULL;
}

int session_exit(stoa_status rc)
{
    int number = interrupt_seen();
    return rc == STOA_OK ? CLI_OK : number ? CLI_SIGNAL + number : CLI_FAILED;
}

stoa_status session_begin(struct session *session, const char *what, const char *unit)
{
    stoa_status rc = progress_begin(&session->progress, what, unit, &session->error);
    session->told = 0;
    return rc;
}

int64_t session_estimate(struct session *session, const char *table)
{
    struct text sql = {0};
    stoa_rows row = {0};
    int64_t rows = 0;

    text_put(&sql, "SELECT max(rowid) FROM ");
    text_identifier(&sql, table);
    if (stoa_query_row(session->conn, session->progress.op, text_string(&sql), STOA_NUL, NULL, 0,
                       NULL, 0, &row, NULL) == STOA_OK &&
        row.values[0].type == STOA_TYPE_INT64 && row.values[0].a > 0)
        rows = row.values[0].a;
    text_release(&sql);
    return rows;
}

void session_tell(struct session *session, const char *sql)
{
    int number = interrupt_seen();

    if (!session->told && session->error.code == STOA_ERR_CANCELLED && number == SIGINT)
        session_fail(session, STOA_ERR_CANCELLED, "cancelled by Ctrl-C");
    else if (!session->told && session->error.code == STOA_ERR_CANCELLED && number)
        session_fail(session, STOA_ERR_CANCELLED, "ended by a signal: %s", strsignal(number));
    if (!session->told)
        error_print(&session->error, sql, session_colors(session, STDERR_FILENO));
    session->told = 1;
}

stoa_status session_open(struct session *session, const char *target, const stoa_option *options,
                         int64_t count)
{
    stoa_db db = {0};
    stoa_conn conn = {0};
    stoa_status rc = session_begin(session, "open", "");

    if (rc == STOA_OK)
        rc = stoa_open(session->progress.op, target, STOA_NUL, options, count, &db,
                       &session->error);
    if (rc == STOA_OK)
        rc = stoa_connect(db, session->progress.op, NULL, 0, &conn, &session->error);
    progress_end(&session->progress);
    if (rc != STOA_OK) {
        stoa_db_close(db);
        return rc;
    }
    if (session_close(session) < 0) /* What was open until now. */
        session_tell(session, NULL);
    stoa_db_close(session->db);
    free(session->target);
    session->db = db;
    session->conn = conn;
    session->target = cli_string(target);
    session->changed = 1;
    session_files(session);
    return STOA_OK;
}

stoa_status session_close(struct session *session)
{
    stoa_status rc = STOA_OK;
    if (session->db.id) {
        rc = session_begin(session, "close", "");
        if (rc == STOA_OK)
            rc = stoa_db_shutdown(session->db, session->progress.op, &session->error);
        progress_end(&session->progress);
    }
    return rc;
}

void session_release(struct session *session)
{
    stoa_db_close(session->db);
    if (session->output_path)
        fclose(session->output.file);
    free(session->output_path);
    free(session->pager);
    free(session->target);
    parameter_clear(session);
}

stoa_status session_output(struct session *session, const char *path)
{
    FILE *file = path ? fopen(path, "w") : stdout;
    stoa_status rc = STOA_OK;

    if (!file)
        return session_fail(session, STOA_ERR_IO, "%s: %s", path, strerror(errno));
    if (session->output_path && fclose(session->output.file) != 0) /* Closed all the same. */
        rc = session_fail(session, STOA_ERR_IO, "%s: %s", session->output_path, strerror(errno));
    free(session->output_path);
    session->output_path = path ? cli_string(path) : NULL;
    session->output.file = file;
    session_refresh(session);
    return rc;
}

stoa_status session_flush(struct session *session, stoa_status rc)
{
    if (fflush(session->output.file) == 0 || rc < 0)
        return rc;
    return session_fail(session, STOA_ERR_IO, "%s: %s",
                        session->output_path ? session->output_path : "standard output",
                        strerror(errno));
}

/* ---- running ---- */

/* What a person is told after a statement: what it changed, how long it took. */
static void tell(struct session *session, stoa_result result, int64_t rows, double begun)
{
    stoa_stats stats = {.struct_size = sizeof stats};

    if (session->timer)
        fprintf(stderr, "%.3f s, %lld row%s\n", cli_now() - begun, (long long)rows,
                rows == 1 ? "" : "s");
    if (session->interactive && stoa_result_stats(result, &stats, NULL) == STOA_OK &&
        stats.rows_affected >= 0 && rows == 0)
        fprintf(session->output.file, "%lld row%s changed\n", (long long)stats.rows_affected,
                stats.rows_affected == 1 ? "" : "s");
}

/* Results of `result` until there are no more; it is closed. */
static stoa_status show_all(struct session *session, stoa_result result)
{
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        int64_t rows = 0;
        double begun = cli_now();
        rc = print_result(&session->output, result, session->progress.op, &rows, &session->error);
        if (rc == STOA_OK)
            tell(session, result, rows, begun);
        if (rc == STOA_OK)
            rc = stoa_result_next_result(result, session->progress.op, &session->error);
    }
    stoa_result_close(result);
    rc = session_flush(session, rc);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status session_show(struct session *session, stoa_result result)
{
    return show_all(session, result);
}

/* With parameters each statement is prepared by itself; `*at` is where the failing one begins. */
static stoa_status run_bound(struct session *session, const char *sql, size_t *at)
{
    size_t size = strlen(sql);
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && !statement_empty(sql + *at, size - *at)) {
        stoa_stmt stmt = {0};
        stoa_result result = {0};
        size_t end = statement_end(sql + *at, size - *at);
        if (end == 0)
            end = size - *at;
        rc = parameter_execute(session, sql + *at, end, &stmt, &result);
        if (rc == STOA_OK)
            rc = show_all(session, result);
        stoa_stmt_close(stmt);
        if (rc == STOA_OK)
            *at += end;
    }
    return rc;
}

stoa_status session_run(struct session *session, const char *sql)
{
    size_t at = 0;
    stoa_result result;
    stoa_status rc;

    if (statement_empty(sql, strlen(sql)))
        return STOA_OK;
    rc = session_begin(session, "query", "");
    session->changed = 1;
    if (rc == STOA_OK && session->parameter_count > 0) {
        rc = run_bound(session, sql, &at);
    } else if (rc == STOA_OK) {
        rc = stoa_query(session->conn, session->progress.op, sql, STOA_NUL, NULL, 0, NULL, 0,
                        &result, &session->error);
        if (rc == STOA_OK)
            rc = show_all(session, result);
    }
    progress_end(&session->progress);
    if (rc < 0)
        session_tell(session, sql + at);
    return rc;
}
