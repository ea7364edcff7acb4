/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file format against pyarrow on the same threads: what csv_bench.c and jsonl_bench.c
 * share. */
#ifndef STOA_BENCH_FORMAT_READ_H
#define STOA_BENCH_FORMAT_READ_H

#include "bench.h"

/* Make a file, read it with Stoa and with pyarrow in turn, and print the bar `bar`. */
void format_read_bench(const char *form, const char *bar);

#endif
