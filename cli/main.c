/* SPDX-License-Identifier: Apache-2.0 */
/* stoa: the command line. It uses the public header and nothing else. */
#include "cli.h"
#include "print.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All there is to add for another command: its line here, and its function in cli.h. */
static const struct command {
    const char *name;
    int (*run)(struct args *args);
    const char *help;
} commands[] = {
    {"import", cli_import, "CSV, JSON lines and Arrow into a table"},
    {"export", cli_export, "a table or a query into a file"},
    {"copy", cli_copy, "rows from one database into another"},
    {"check", cli_check, "look for damage"},
    {"backup", cli_backup, "copy a database while others use it"},
    {"collection", cli_collection, "elements, vectors, sets and time series by a schema"},
    {"engines", cli_engines, "what this build can open"},
    {"bench", cli_bench, "how fast this machine is, in a minute"},
    {"demo", cli_demo, "the main job, step by step, on a file of its own"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const char usage[] =
    "usage: stoa TARGET               a prompt; from a pipe: run what it holds\n"
    "       stoa TARGET SQL...        run statements, print their rows\n"
    "       stoa COMMAND ...          COMMAND --help tells more\n"
    "       stoa --version\n"
    "\n";

static const char options[] =
    "\n"
    "TARGET is a file (app.db), :memory:, or engine:rest.\n"
    "\n"
    "  --format MODE    " MODE_NAMES "\n"
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
    "  stoa :memory: \"select avg(price) from 'trades.csv.gz'\"     a file is a table, too\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 called wrongly, 130 Ctrl-C, 143 SIGTERM.\n";

static void print_usage(FILE *file)
{
    fputs(usage, file);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  stoa %-10s %s\n", commands[i].name, commands[i].help);
    fputs(options, file);
}

/* A stream that was closed stays so: no file that is opened later takes its number, and with it
 * what was meant for a person. */
static void keep_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_PATH);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct args args;

    keep_streams();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("stoa %s\n", stoa_version());
        return CLI_OK;
    }
    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return args_parse(&args, argv, argc, 2) ? commands[i].run(&args) : CLI_USAGE;
    if (!args_parse(&args, argv, argc, 1))
        return CLI_USAGE;
    if (args_take(&args, "help")) {
        print_usage(stdout);
        return CLI_OK;
    }
    if (args.count == 0) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    return cli_run(&args);
}
