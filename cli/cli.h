/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the command line share: exit codes and its commands. */
#ifndef STOA_CLI_CLI_H
#define STOA_CLI_CLI_H

#include "args.h"
#include "stoa.h"

/* What a script can tell apart. A signal is 128 and its number, so Ctrl-C is 130. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_SIGNAL = 128 };

/* run.c: TARGET SQL..., TARGET alone (a prompt, or statements from a pipe), and `engines`. */
int cli_run(struct args *args);
int cli_engines(struct args *args);

/* commands.c */
int cli_import(struct args *args);
int cli_export(struct args *args);
int cli_copy(struct args *args);
int cli_check(struct args *args);
int cli_backup(struct args *args);

/* collection.c: what schema-first collections need. */
int cli_collection(struct args *args);

/* bench.c: rows per second of the user's own machine. */
int cli_bench(struct args *args);

/* demo.c: the main job, step by step. */
int cli_demo(struct args *args);

#endif
