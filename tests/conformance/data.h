/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrow data as a foreign producer makes it, in memory of its own, with its releases counted.
 *
 * Rows are {id: int64, name: utf8}; row i has id i and the name "name i", or NULL for every
 * tenth.
 */
#ifndef STOA_TESTS_DATA_H
#define STOA_TESTS_DATA_H

#include "stoa.h"

/* Arrays, schemas and streams alive. Every test ends with none. */
extern _Atomic int data_alive;

void data_schema(struct ArrowSchema *out);
/* Rows [first, first + rows). */
void data_batch(struct ArrowArray *out, int64_t first, int64_t rows);
/* `batches` batches of `rows` rows; the one numbered `fail_at` fails with "the disk is gone"
 * (-1: none). */
void data_stream(struct ArrowArrayStream *out, int64_t batches, int64_t rows,
                 int64_t fail_at);

/* The stream calls `pull` before each batch, to do what a callback might. */
void data_stream_calling(struct ArrowArrayStream *out, int64_t batches,
                         void (*pull)(void *), void *user_data);

/* Read a stream of one int64 column to its end: how many rows, and their sum. Releases it. */
stoa_status data_sum(struct ArrowArrayStream *stream, int64_t *rows, int64_t *sum,
                     stoa_error *err);

#endif
