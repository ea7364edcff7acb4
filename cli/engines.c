/* SPDX-License-Identifier: Apache-2.0 */
/* What this build can open, and what a database that was opened tells about itself. */
#include "cli.h"
#include "dot.h"
#include "session.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: stoa engines [TARGET] [--format MODE] [--KEY VALUE]...\n"
    "\n"
    "The engines this build knows: version, whether each can be used here and if not why, what it\n"
    "can do, and what its targets look like. With a target: what is behind it, once it is open.\n"
    "For an ADBC driver that is its library and version, and what it was found to be able to do,\n"
    "to lack, and not to have been asked for yet.\n"
    "\n"
    "  stoa engines\n"
    "  stoa engines duckdb:app.duckdb --format json\n";

/* ---- one database ---- */

/* Names of properties; an engine that has not one of them says so, and it is left out. */
static const char *const properties[] = {
    "engine",         "engine_version", "path",         "read_only", "vendor",  "driver",
    "driver_name",    "driver_version", "adbc_version", "entrypoint", "abilities", "missing",
    "untried"};
enum { PROPERTY_COUNT = sizeof(properties) / sizeof(*properties) };

static stoa_status add_property(stoa_db db, const char *name, struct text *sql, stoa_error *error)
{
    int64_t size = 0;
    stoa_status rc = stoa_db_property(db, name, STOA_NUL, NULL, 0, &size, error);
    char *value;

    if (rc == STOA_ERR_NOT_FOUND)
        return STOA_OK;
    if (rc != STOA_OK)
        return rc;
    value = cli_new((size_t)size + 1, 1);
    rc = stoa_db_property(db, name, STOA_NUL, value, size + 1, NULL, error);
    if (rc == STOA_OK) {
        text_put(sql, sql->size > 0 ? " UNION ALL SELECT " : "SELECT ");
        text_literal(sql, name);
        text_put(sql, " AS property, ");
        text_literal(sql, value);
        text_put(sql, " AS value");
    }
    free(value);
    return rc;
}

/* Rows of our own are shown like any others: by a database in memory. */
static stoa_status describe(struct session *session, const char *target,
                            const stoa_option *options, int64_t option_count)
{
    struct text sql = {0};
    stoa_db db = {0};
    stoa_status rc = session_open(session, ":memory:", NULL, 0);

    if (rc == STOA_OK)
        rc = session_begin(session, NULL, "");
    if (rc == STOA_OK)
        rc = stoa_open(session->progress.op, target, STOA_NUL, options, option_count, &db,
                       &session->error);
    for (int i = 0; i < PROPERTY_COUNT && rc == STOA_OK; i++)
        rc = add_property(db, properties[i], &sql, &session->error);
    stoa_db_close(db);
    progress_end(&session->progress);
    if (rc == STOA_OK)
        rc = session_run(session, text_string(&sql));
    text_release(&sql);
    return rc;
}

/* ---- the command ---- */

int cli_engines(struct args *args)
{
    struct words words = {0};
    struct session session;
    const char *format = args_take(args, "format");

    if (args_take(args, "help")) {
        fputs(help, stdout);
        return CLI_OK;
    }
    if (args->count > 1 || (args->count == 0 && args->option_count > 0) ||
        (format && mode_find(format) < 0)) {
        fputs(help, stderr);
        return CLI_USAGE;
    }
    session_init(&session);
    if (format)
        session.output.mode = (enum mode)mode_find(format);
    stoa_status rc = args->count == 1 ? describe(&session, args->words[0], args->options,
                                                 args->option_count)
                                      : dot_engines(&session, &words);
    if (rc < 0)
        session_tell(&session, NULL);
    session_release(&session);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}
