/* SPDX-License-Identifier: Apache-2.0 */
/* stoa: the command line. It uses the public header and nothing else. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: stoa TARGET               a prompt; from a pipe: run what it holds\n"
    "       stoa TARGET SQL...        run statements, print their rows\n"
    "       stoa COMMAND --help       import, export, copy, check, backup\n"
    "       stoa engines              what this build can open\n"
    "       stoa demo                 the main job, step by step, on a file of its own\n"
    "       stoa --version\n"
    "\n"
    "TARGET is a file (app.db), :memory:, or engine:rest.\n"
    "\n"
    "  --format MODE    box, csv, json, jsonl, markdown, line, html or tabs\n"
    "                   (box on a terminal, tabs elsewhere)\n"
    "  --output FILE    rows go there\n"
    "  --read FILE      run the statements of a file first\n"
    "  --rows COUNT     on a terminal, cut longer results in the middle (200; 0: never)\n"
    "  --color WHEN     auto, on or off (auto: on a terminal, without NO_COLOR)\n"
    "  --timer          tell how long statements take\n"
    "  --no-config      don't read the configuration of the prompt\n"
    "  --KEY VALUE      any setting of the target, such as --read-only or --journal wal\n"
    "\n"
    "  stoa app.db \"create table t(a integer)\" \"insert into t values (1), (2)\"\n"
    "  stoa app.db \"select sum(a) from t\" --format json\n"
    "  stoa app.db < statements.sql\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 called wrongly, 130 Ctrl-C.\n";

static const struct command {
    const char *name;
    int (*run)(struct args *args);
} commands[] = {
    {"backup", cli_backup}, {"check", cli_check},   {"copy", cli_copy},   {"demo", cli_demo},
    {"engines", cli_engines}, {"export", cli_export}, {"import", cli_import},
};

int main(int argc, char **argv)
{
    struct args args;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("stoa %s\n", stoa_version());
        return CLI_OK;
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return args_parse(&args, argv, argc, 2) ? commands[i].run(&args) : CLI_USAGE;
    if (!args_parse(&args, argv, argc, 1))
        return CLI_USAGE;
    if (args_take(&args, "help")) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    if (args.count == 0) {
        fputs(usage, stderr);
        return CLI_USAGE;
    }
    return cli_run(&args);
}
