/* SPDX-License-Identifier: Apache-2.0 */
/* stoa: the command line. It uses the public header and nothing else. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: stoa TARGET SQL...      run statements, print their rows\n"
    "       stoa engines            what this build can open\n"
    "       stoa demo               the main job, step by step, on a file of its own\n"
    "       stoa --version\n"
    "\n"
    "TARGET is a file (app.db), :memory:, or engine:rest.\n"
    "Rows are aligned on a terminal and separated by tabs elsewhere.\n"
    "\n"
    "  stoa app.db \"create table t(a integer)\" \"insert into t values (1), (2)\"\n"
    "  stoa app.db \"select sum(a) from t\"\n";

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("stoa %s\n", stoa_version());
        return CLI_OK;
    }
    if (argc == 2 && strcmp(argv[1], "engines") == 0)
        return cli_engines();
    if (argc == 2 && strcmp(argv[1], "demo") == 0)
        return cli_demo();
    if (argc < 3) {
        fputs(usage, stderr);
        return CLI_USAGE;
    }
    return cli_run(argv[1], argv + 2, argc - 2);
}
