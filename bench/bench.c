/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

int bench_round_count(int otherwise)
{
    const char *given = getenv("STOA_BENCH_ROUNDS");
    int rounds = given ? (int)strtol(given, NULL, 10) : otherwise;
    return rounds > 0 ? rounds : otherwise;
}

void bench_rounds(struct bench_side *sides, int side_count, int rounds)
{
    for (int round = -1; round < rounds; round++)
        for (int i = 0; i < side_count; i++) {
            double seconds = sides[i].run(sides[i].self);
            if (round < 0)
                continue;
            printf("# round %d %s %.6f s\n", round + 1, sides[i].name, seconds);
            if (round == 0 || seconds < sides[i].least)
                sides[i].least = seconds;
        }
    for (int i = 0; i < side_count; i++)
        printf("# least %s %.6f s\n", sides[i].name, sides[i].least);
}

void bench_at_least(const char *name, double value, double target)
{
    printf("bar %s %.3f >=%g %s\n", name, value, target, value >= target ? "ok" : "short");
    fflush(stdout);
}

void bench_at_most(const char *name, double value, double target)
{
    printf("bar %s %.3f <=%g %s\n", name, value, target, value <= target ? "ok" : "short");
    fflush(stdout);
}

/* On disk, not in a memory file system: beside the build. */
static char folder[] = "build/bench-XXXXXX";

void bench_remove(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[256];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void remove_folder(void)
{
    rmdir(folder);
}

const char *bench_path(const char *name)
{
    static char paths[8][128];
    static int next;
    static bool made;
    if (!made) {
        bench_check(mkdtemp(folder) != NULL, "no folder for the files");
        made = true;
        atexit(remove_folder);
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

int64_t bench_peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}
