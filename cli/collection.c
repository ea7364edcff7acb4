/* SPDX-License-Identifier: Apache-2.0 */
/* stoa collection: schema-first collections from the command line. */
#include "cli.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: stoa collection describe   TARGET [COLLECTION]\n"
    "       stoa collection summarise  TARGET [COLLECTION]\n"
    "       stoa collection check      TARGET\n"
    "       stoa collection create     FILE SCHEMA.sql [--if-exists replace]\n"
    "       stoa collection migrate    TARGET FOLDER [up [VERSION] | down VERSION | status]\n"
    "       stoa collection export-csv TARGET COLLECTION[.GROUP] FILE [--SETTING VALUE...]\n"
    "       stoa collection import-csv TARGET COLLECTION[.GROUP] FILE [--SETTING VALUE...]\n"
    "\n"
    "Collections are tables that follow a few rules: elements with scalars, vectors, sets, time\n"
    "series (stoa/collection.h).\n"
    "\n"
    "  stoa collection create farm.db schema.sql\n"
    "  stoa collection describe farm.db Orchard\n"
    "  stoa collection migrate farm.db migrations status\n"
    "  stoa collection migrate farm.db migrations             to the newest version\n"
    "  stoa collection migrate farm.db migrations down 3 --plan yes\n"
    "  stoa collection export-csv farm.db Orchard orchards.csv --date-time-format %d/%m/%Y\n"
    "  stoa collection import-csv farm.db Orchard.yield yield.csv --mode merge --on-error skip\n"
    "\n"
    "check ends with 1 when the collections cannot be used.\n";

/* What a verb is run with. */
struct run {
    struct session session;
    struct args *args; /* Words behind the verb. */
    stoa_op op;
};

static const char *word(const struct run *run, int at)
{
    return at < run->args->count ? run->args->words[at] : NULL;
}

/* Rows of the library's own, shown as any others. */
static stoa_status show(struct run *run, stoa_result result)
{
    return session_show(&run->session, result);
}

/* ---- reports ---- */

typedef stoa_status (*reporter)(stoa_conn, stoa_op, const char *, int64_t, stoa_rows *,
                                stoa_error *);

static stoa_status report(struct run *run, reporter ask, const char *collection)
{
    struct session *session = &run->session;
    stoa_rows rows;
    const stoa_status rc =
        ask(session->conn, run->op, collection, collection ? STOA_NUL : 0, &rows,
                 &session->error);

    if (rc == STOA_OK)
        fwrite(rows.bytes + rows.values[0].a, 1, (size_t)rows.values[0].b, session->output.file);
    return rc;
}

static stoa_status describe(struct run *run)
{
    return report(run, stoa_collection_describe, word(run, 1));
}

/* One after the other, where no collection is named. */
static stoa_status summarise(struct run *run)
{
    return report(run, stoa_collection_summarize, word(run, 1));
}

/* ---- the schema ---- */

/* Whether a row of stoa_collection_check() is fatal is its second column. */
static stoa_status count_fatal(struct run *run, int64_t *fatal)
{
    struct session *session = &run->session;
    stoa_result result;
    stoa_status rc = stoa_collection_check(session->conn, run->op, &result, &session->error);

    *fatal = 0;
    while (rc == STOA_OK) {
        int64_t value = 0;

        rc = stoa_result_step(result, run->op, &session->error);
        if (rc == STOA_OK)
            rc = stoa_result_int64(result, 1, &value, &session->error);
        *fatal += rc == STOA_OK && value != 0;
    }
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status check(struct run *run)
{
    struct session *session = &run->session;
    stoa_result result;
    int64_t fatal;
    stoa_status rc = count_fatal(run, &fatal);

    if (rc == STOA_OK)
        rc = stoa_collection_check(session->conn, run->op, &result, &session->error);
    if (rc == STOA_OK)
        rc = show(run, result);
    if (rc == STOA_OK && fatal > 0)
        rc = session_fail(session, STOA_ERR_CORRUPT, "the collections cannot be used: %lld %s",
                          (long long)fatal, fatal == 1 ? "finding" : "findings");
    return rc;
}

/* There is no session yet: the file is made whole. */
static stoa_status create(struct run *run)
{
    struct args *args = run->args;
    stoa_option options[ARGS_OPTIONS_MAX + 1] = {{"schema_file", word(run, 1)}};

    memcpy(options + 1, args->options, (size_t)args->option_count * sizeof *options);
    return stoa_collection_create(run->op, word(run, 0), STOA_NUL, NULL, 0, options,
                                  args->option_count + 1, &run->session.error);
}

/* ---- migrations ---- */

static stoa_status read_version(struct run *run, const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= 0
               ? STOA_OK
               : session_fail(&run->session, STOA_ERR_INVALID, "'%s' is not a version", text);
}

static stoa_status migrate_to(struct run *run, int64_t target, const char *direction, int plan)
{
    struct session *session = &run->session;
    struct args *args = run->args;
    stoa_option options[ARGS_OPTIONS_MAX + 2];
    int64_t count = args->option_count;
    stoa_result result;
    stoa_status rc;

    memcpy(options, args->options, (size_t)count * sizeof *options);
    options[count++] = (stoa_option){"direction", direction};
    if (plan)
        options[count++] = (stoa_option){"plan", "yes"};
    rc = stoa_collection_migrate(session->conn, run->op, word(run, 1), STOA_NUL, target, options,
                                 count, &result, &session->error);
    return rc == STOA_OK ? show(run, result) : rc;
}

static stoa_status status(struct run *run)
{
    struct session *session = &run->session;
    stoa_rows rows;
    stoa_status rc = stoa_query_row(session->conn, run->op, "PRAGMA user_version", STOA_NUL, NULL,
                                    0, NULL, 0, &rows, &session->error);

    if (rc != STOA_OK)
        return rc;
    fprintf(session->output.file, "version %" PRId64 "\n", rows.values[0].a);
    return migrate_to(run, -1, "up", 1);
}

static stoa_status migrate(struct run *run)
{
    const char *verb = word(run, 2), *version = word(run, 3);
    int64_t target = -1;
    stoa_status rc = STOA_OK;

    if (!verb || strcmp(verb, "up") == 0) {
        if (version)
            rc = read_version(run, version, &target);
        return rc == STOA_OK ? migrate_to(run, target, "up", 0) : rc;
    }
    if (strcmp(verb, "status") == 0 && !version)
        return status(run);
    if (strcmp(verb, "down") == 0 && version) {
        rc = read_version(run, version, &target);
        return rc == STOA_OK ? migrate_to(run, target, "down", 0) : rc;
    }
    return session_fail(&run->session, STOA_ERR_INVALID,
                        "migrate %s: it is up, up VERSION, down VERSION or status", verb);
}

/* ---- CSV ---- */

/* "Orchard.yield": the collection ends at the point. */
static const char *split(const char *name, int64_t *collection_size)
{
    const char *point = strchr(name, '.');

    *collection_size = point ? point - name : (int64_t)strlen(name);
    return point ? point + 1 : "";
}

static void tell_rows(const struct run *run, int64_t count)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%s: %" PRId64 " rows\n", word(run, 2), count);
}

static stoa_status export_csv(struct run *run)
{
    struct session *session = &run->session;
    int64_t size, rows;
    const char *group = split(word(run, 1), &size);
    const stoa_status rc = stoa_collection_export_csv(
        session->conn, run->op, word(run, 1), size, STOA_GROUP_ANY, group, STOA_NUL, word(run, 2),
        STOA_NUL, run->args->options, run->args->option_count, &rows, &session->error);

    if (rc == STOA_OK)
        tell_rows(run, rows);
    return rc;
}

static stoa_status import_csv(struct run *run)
{
    struct session *session = &run->session;
    stoa_import_done done = {.struct_size = sizeof done};
    int64_t size;
    const char *group = split(word(run, 1), &size);
    stoa_result skipped;
    stoa_status rc = stoa_collection_import_csv(
        session->conn, run->op, word(run, 1), size, STOA_GROUP_ANY, group, STOA_NUL, word(run, 2),
        STOA_NUL, run->args->options, run->args->option_count, &done, &skipped, &session->error);

    if (rc != STOA_OK)
        return rc;
    tell_rows(run, done.rows);
    if (done.skipped > 0)
        return show(run, skipped);
    stoa_result_close(skipped);
    return STOA_OK;
}

/* ---- the command ---- */

static const struct verb {
    const char *name;
    stoa_status (*run)(struct run *run);
    int least, most; /* Words behind it, the target's included. */
    int bare;        /* It opens no session. */
} verbs[] = {
    {"describe", describe, 1, 2, 0},     {"summarise", summarise, 1, 2, 0},
    {"summarize", summarise, 1, 2, 0},   {"check", check, 1, 1, 0},
    {"create", create, 2, 2, 1},         {"migrate", migrate, 2, 4, 0},
    {"export-csv", export_csv, 3, 3, 0}, {"import-csv", import_csv, 3, 3, 0},
};

static const struct verb *find_verb(const struct args *args)
{
    for (size_t i = 0; args->count > 0 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(args->words[0], verbs[i].name) == 0)
            return args->count > verbs[i].least && args->count <= verbs[i].most + 1 ? &verbs[i]
                                                                                    : NULL;
    return NULL;
}

static stoa_status run_verb(struct run *run, const struct verb *verb)
{
    struct session *session = &run->session;
    stoa_status rc = STOA_OK;

    if (!verb->bare)
        rc = session_open(session, word(run, 0), NULL, 0);
    if (rc == STOA_OK)
        rc = session_begin(session, verb->name, "bytes");
    run->op = session->progress.op;
    if (rc == STOA_OK)
        rc = verb->run(run);
    progress_end(&session->progress);
    return rc == STOA_OK && !verb->bare ? session_close(session) : rc;
}

int cli_collection(struct args *args)
{
    struct run run = {.args = args};
    const struct verb *verb;
    const char *mode;
    stoa_status rc;

    if (args_take(args, "help")) {
        fputs(help, stdout);
        return CLI_OK;
    }
    verb = find_verb(args);
    if (!verb) {
        fputs(help, stderr);
        return CLI_USAGE;
    }
    interrupt_catch();
    args->words++;
    args->count--;
    session_init(&run.session);
    mode = args_take(args, "format");
    if (mode && mode_find(mode) < 0)
        rc = session_fail(&run.session, STOA_ERR_INVALID, "--format %s: it is one of %s", mode,
                          MODE_NAMES);
    else
        rc = STOA_OK;
    if (rc == STOA_OK && mode)
        run.session.output.mode = (enum mode)mode_find(mode);
    if (rc == STOA_OK)
        rc = run_verb(&run, verb);
    if (rc < 0)
        session_tell(&run.session, NULL);
    session_release(&run.session);
    return session_exit(rc);
}
