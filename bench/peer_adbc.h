/* SPDX-License-Identifier: Apache-2.0 */
/* An ADBC driver as a peer of the benchmarks: opened from its shared library. That of the SQLite
 * driver is where bench/setup writes down. */
#ifndef STOA_BENCH_PEER_ADBC_H
#define STOA_BENCH_PEER_ADBC_H

#include "stoa/arrow.h"

#include <stdbool.h>

struct peer;

/* NULL, and a sentence on stderr, when the driver cannot be had. `uri`: a path or ":memory:". */
struct peer *peer_open(const char *uri);
/* Any driver whose database is found by its `uri`. */
struct peer *peer_open_driver(const char *library, const char *uri);
void peer_close(struct peer *peer);
/* The driver's version and the SQLite inside it, for the report. */
const char *peer_name(struct peer *peer);

/* All of these stop the program with the driver's own words when they fail. */
void peer_run(struct peer *peer, const char *sql);
/* Create `table` from the stream, which is consumed. */
void peer_ingest(struct peer *peer, const char *table, struct ArrowArrayStream *stream);
void peer_query(struct peer *peer, const char *sql, struct ArrowArrayStream *out);

/* A statement prepared once and executed with one int64 parameter: the point query. */
struct peer_lookup;
struct peer_lookup *peer_lookup_open(struct peer *peer, const char *sql);
/* Reads the one row; answers the int64 in its first column. */
int64_t peer_lookup_get(struct peer_lookup *lookup, int64_t key);
void peer_lookup_close(struct peer_lookup *lookup);

#endif
