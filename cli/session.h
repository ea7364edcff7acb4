/* SPDX-License-Identifier: Apache-2.0 */
/* A connection with how its rows are shown: what the prompt, scripts and arguments work on. */
#ifndef STOA_CLI_SESSION_H
#define STOA_CLI_SESSION_H

#include "print.h"
#include "progress.h"
#include "stoa.h"

/* A value for a placeholder, set by .parameter. */
struct parameter {
    char *name, *value; /* Without its colon; value NULL is NULL. */
    int32_t type;       /* STOA_TYPE_INT64, FLOAT64 or TEXT. */
};

/* Whether to colour: as the terminal and NO_COLOR say, always, or never. */
enum color { COLOR_AUTO, COLOR_ON, COLOR_OFF, COLOR_COUNT };
/* -1 for a name there is not. */
int color_find(const char *name);
const char *color_name(enum color color);
#define COLOR_NAMES "auto, on or off"

struct session {
    stoa_db db;
    stoa_conn conn;
    char *target;
    struct output output;
    char *output_path; /* NULL: standard output. */
    char *pager;       /* Set by .pager; output.pager is this or the environment's. */
    struct parameter *parameters;
    size_t parameter_count;
    struct progress progress;
    enum color color;
    int timer;
    int interactive; /* A person types: failures do not end it. */
    int quit;
    int changed; /* Something ran since completion last looked at the catalogue. */
    int depth;   /* Of .read inside .read. */
    int told;    /* `error` was printed. */
    stoa_error error;
};

/* session.c: `options` as for stoa_open(). Failures are in session->error. */
void session_init(struct session *session);
stoa_status session_open(struct session *session, const char *target, const stoa_option *options,
                         int64_t count);
/* files.c: names no database knows are files from now on. */
void session_files(struct session *session);
/* Flushes and closes; the failure of a flush is told. */
stoa_status session_close(struct session *session);
void session_release(struct session *session);

/* Under an operation that Ctrl-C cancels. `what` as in progress_begin(). */
stoa_status session_begin(struct session *session, const char *what, const char *unit);

/* For progress.total: how many rows a table of SQLite has at most, which its greatest rowid tells
 * at once; 0 when it cannot be told. */
int64_t session_estimate(struct session *session, const char *table);

/* Runs every statement of `sql` and prints its rows; the failure is printed too. */
stoa_status session_run(struct session *session, const char *sql);

/* Prints and closes `result`; session_run()'s end for results of other calls. */
stoa_status session_show(struct session *session, stoa_result result);

/* What depends on where rows go and on `color`; after either has changed. */
void session_refresh(struct session *session);

/* Send rows to a file, or back to standard output with NULL. */
stoa_status session_output(struct session *session, const char *path);

/* Hands over what was printed; a failure, unless `rc` is one already. */
stoa_status session_flush(struct session *session, stoa_status rc);

/* session->error made by the command line itself. Gives `code`. */
__attribute__((format(printf, 3, 4))) stoa_status session_fail(struct session *session,
                                                              stoa_status code,
                                                              const char *format, ...);

/* parameter.c */
void parameter_set(struct session *session, const char *name, const char *value);
void parameter_clear(struct session *session);
/* Runs one statement with those of the parameters that it has. */
stoa_status parameter_execute(struct session *session, const char *sql, size_t size,
                              stoa_stmt *stmt, stoa_result *out);

/* script.c: statements and dot commands of a text, line by line; of a file ("-": standard input),
 * which errors call `name`. The first failure ends it. */
stoa_status script_run(struct session *session, FILE *file, const char *name);
stoa_status script_read(struct session *session, const char *path);
/* One argument or input: a dot command or statements. */
stoa_status script_text(struct session *session, const char *text);

/* What the program ends with: 0, 1, or 128 and the number of the signal that ended it. */
int session_exit(stoa_status rc);

/* Whether `fd` is to be coloured. */
int session_colors(const struct session *session, int fd);

/* Prints session->error, once. */
void session_tell(struct session *session, const char *sql);

/* error.c: with the line it is about and a caret where the position is known. */
void error_print(const stoa_error *error, const char *sql, int color);

#endif
