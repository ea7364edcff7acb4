/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark programs share: the clock, minima over interleaved rounds, and the line a bar
 * is reported in. */
#ifndef STOA_BENCH_BENCH_H
#define STOA_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

double bench_now(void); /* Seconds, monotonic. */

/* One side of a comparison: `run` does the work once and answers its seconds. */
struct bench_side {
    const char *name;
    double (*run)(void *self);
    void *self;
    double least; /* Out: the best of the rounds. */
};

/* Run the sides in turn, A B A B ..., `rounds` times after one that does not count. Every round is
 * printed; the minima are left in the sides. */
void bench_rounds(struct bench_side *sides, int side_count, int rounds);

/* `bar NAME value target ok|short`; at least or at most. */
void bench_at_least(const char *name, double value, double target);
void bench_at_most(const char *name, double value, double target);

/* STOA_BENCH_ROUNDS, or `otherwise`. */
int bench_round_count(int otherwise);

/* Stop the program with a sentence unless `good`. */
void bench_check(bool good, const char *what);

/* A file name in a folder of the run's own, on disk; files there are removed at exit. */
const char *bench_path(const char *name);
void bench_remove(const char *path); /* With its -wal, -shm and -journal. */

/* Peak memory of this process so far, in bytes. */
int64_t bench_peak_bytes(void);

#endif
