/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the command line share: exit codes, its commands, and printing rows. */
#ifndef STOA_CLI_CLI_H
#define STOA_CLI_CLI_H

#include "stoa.h"

/* What a script can tell apart. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_CANCELLED = 130 };

/* run.c: each text in turn, on one connection; the first failure ends it. Ctrl-C cancels. */
int cli_run(const char *target, char **texts, int count);
int cli_engines(void);

/* demo.c: the main job, step by step. */
int cli_demo(void);

/* print.c: the rows of a result: aligned on a terminal, else separated by tabs. */
stoa_status cli_print(stoa_result result, stoa_op op, stoa_error *err);

/* print.c: an error, with the line it is about and a caret where the position is known. */
void cli_print_error(const stoa_error *error, const char *sql);

#endif
