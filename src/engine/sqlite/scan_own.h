/* SPDX-License-Identifier: Apache-2.0 */
/* A scan as its two files see it: scan.c gives it a name and a life, scan_read.c reads
 * it. */
#ifndef STOA_ENGINE_SQLITE_SCAN_OWN_H
#define STOA_ENGINE_SQLITE_SCAN_OWN_H

#include "engine/sqlite/vtab.h"

struct sqlite_reading;

struct sqlite_scan {
    struct sqlite_source source; /* First. */
    struct sqlite_scan *next;    /* In the session's list, while `listed`. */
    int32_t references;          /* The handle's and the module's. */
    bool listed;
    bool resolved; /* The resolver's: for one statement. */
    bool hidden;   /* Behind a temporary view. */
    char *name;
    char module[32]; /* While `hidden`; else the module has the scan's name. */
    struct stoa__scan_source data;
    stoa__arena arena;

    /* Batches in memory: all of them, or what was kept of a stream. */
    struct ArrowArray **kept;
    int64_t *first_rows;
    int64_t kept_count, kept_capacity, kept_size;
    int64_t row_count; /* Delivered so far. */
    bool complete;     /* There are no more. */
    bool overflowed;   /* One was let go: the stream cannot be read again ... */
    const struct sqlite_reading *last; /* ... but by the one that reads it now. */
};

static inline struct sqlite_scan *sqlite_scan_of(struct sqlite_source *source)
{
    return (struct sqlite_scan *)source;
}

/* Room for `more` batches. */
stoa_status sqlite_scan_reserve(struct sqlite_scan *scan, int64_t more, stoa_error *err);
/* Add a batch (the struct is owned by the scan, a piece of stoa__alloc) behind the
 * others; room is there. */
void sqlite_scan_keep(struct sqlite_scan *scan, struct ArrowArray *batch);

/* What struct sqlite_source asks of a source. */
stoa_status sqlite_scan_start(struct sqlite_source *self, int64_t row_low, void **reading,
                              stoa_error *err);
stoa_status sqlite_scan_next(struct sqlite_source *self, void *reading,
                             struct sqlite_batch *out, stoa_error *err);
void sqlite_scan_stop(struct sqlite_source *self, void *reading);

#endif
