/* SPDX-License-Identifier: Apache-2.0 */
/* How long `stoa db "select 1"` takes from its start to its end, against sqlite3 on the same
 * file. */
#include "bench.h"
#include "command.h"

#include <stddef.h>

enum { STARTS = 40, ROUNDS = 15 };

/* The fastest of some: what the machine does besides only ever adds. */
static double start(const char *program, const char *file)
{
    const char *argv[] = {program, file, "select 1", NULL};
    double least = 1e9;

    for (int i = 0; i < STARTS; i++) {
        double seconds = command_run(argv, NULL);
        least = seconds < least ? seconds : least;
    }
    return least;
}

struct side {
    const char *program, *file;
};

static double start_side(void *self)
{
    const struct side *side = self;
    return start(side->program, side->file);
}

int main(void)
{
    const char *file = bench_path("start.db");
    const char *make[] = {COMMAND_STOA, file, "create table t(a)", NULL};
    struct side ours = {COMMAND_STOA, file}, theirs = {"sqlite3", file};
    struct bench_side sides[] = {{.name = "stoa", .run = start_side, .self = &ours},
                                 {.name = "sqlite3", .run = start_side, .self = &theirs}};

    (void)command_run(make, NULL);
    bench_rounds(sides, 2, bench_round_count(ROUNDS));
    bench_remove(file);
    bench_at_most("start_vs_sqlite3", sides[0].least / sides[1].least, 1.5);
    return 0;
}
