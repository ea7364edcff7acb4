/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *const *argv)
{
    char *words[16] = {0};
    int null = open("/dev/null", O_WRONLY);

    for (size_t i = 0; argv[i] && i < sizeof words / sizeof *words - 1; i++)
        words[i] = strdup(argv[i]);
    dup2(null, STDOUT_FILENO);
    execvp(words[0], words);
    perror(words[0]);
    _exit(127);
}

double command_run(const char *const *argv, int64_t *peak)
{
    struct rusage usage;
    int status = -1;
    double begin = bench_now();

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        become(argv);
    bench_check(child > 0 && wait4(child, &status, 0, &usage) == child, "no process");
    double seconds = bench_now() - begin;
    if (status != 0)
        fprintf(stderr, "bench: %s failed; bench/setup fetches what is missing\n", argv[0]);
    bench_check(status == 0, "a command failed");
    if (peak)
        *peak = (int64_t)usage.ru_maxrss * 1024;
    return seconds;
}

void command_settle(void)
{
    sync();
}
