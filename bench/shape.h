/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table every benchmark uses: id, ts, px, qty, name, without NULLs, by xorshift64; batches of
 * 65,536 rows made before the clock starts and handed out without a copy.
 */
#ifndef STOA_BENCH_SHAPE_H
#define STOA_BENCH_SHAPE_H

#include "stoa/arrow.h"

enum { SHAPE_BATCH_ROWS = 65536, SHAPE_COLUMNS = 5 };

#define SHAPE_CREATE \
    "CREATE TABLE t(id INTEGER, ts INTEGER, px REAL, qty INTEGER, name TEXT)"

struct shape;

struct shape *shape_new(int64_t rows);
void shape_free(struct shape *shape);
/* A stream over its batches, any number of times; `shape` outlives it. */
void shape_stream(struct shape *shape, struct ArrowArrayStream *out);
/* Bytes of all names together: 8,889,759 for a million rows. */
int64_t shape_name_bytes(const struct shape *shape);

/* The same rows made on the fly, a batch at a time, for runs that must stay small. */
void shape_generate(int64_t rows, struct ArrowArrayStream *out);

/* The raw columns of a batch, for hand-written twins. */
struct shape_batch {
    int64_t rows;
    int64_t *id, *ts, *qty;
    double *px;
    int32_t *name_offsets; /* rows + 1 */
    char *names;
};
int64_t shape_batch_count(const struct shape *shape);
const struct shape_batch *shape_batch(const struct shape *shape, int64_t index);

/* What a reader adds up over all rows it got, to compare answers: order counts. */
struct shape_sum {
    int64_t rows, ids, times, quantities, name_bytes;
    double prices;
};
/* Add an Arrow batch (any offsets, 32-bit texts) and release it. */
void shape_sum_add(struct shape_sum *sum, struct ArrowArray *batch);
void shape_sum_check(const struct shape_sum *sum, const struct shape *shape, const char *who);

#endif
