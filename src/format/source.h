/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a file format come from: a file, memory or the caller's callback, unpacked
 * if they are packed. It does not look into them but for how they are packed. */
#ifndef STOA_FORMAT_SOURCE_H
#define STOA_FORMAT_SOURCE_H

#include "base/call.h"
#include "format/unpack.h"
#include "stoa/format.h"

enum stoa__source_packed {
    STOA__PACKED_AUTO = 0, /* By the first bytes. */
    STOA__PACKED_NONE,
    STOA__PACKED_GZIP,
    STOA__PACKED_ZSTD
};

typedef struct stoa__source {
    stoa_source given;       /* The caller's; `path` is not used after opening. */
    char *name;              /* What sentences call it. Owned. */
    int file;                /* Counts while `name` is not NULL; -1: none. */
    bool waits;              /* Reading the file may wait: a pipe, a terminal. */
    bool ended;              /* Nothing more comes from the caller's side. */
    int64_t at;              /* In the bytes of memory. */
    int64_t done, total;     /* Bytes got from the caller's side; total -1: unknown. */
    stoa__unpack *unpack;    /* NULL: as they are. */
    uint8_t *packed;         /* The bytes being unpacked; those looked at before that. */
    size_t packed_size, packed_at;
    bool between;            /* No packed member has begun that has not ended. */
    bool unpacked, more;     /* Something was; the last time there may be more to be had. */
    int32_t compression;     /* STOA_COMPRESSION_* */
} stoa__source;

/* INVALID where a caller's `given`, or the `out` that goes with it, cannot be looked at. */
stoa_status stoa__source_check(const stoa_source *given, const void *out, stoa_error *err);
/* On failure `source` is zero, and the caller's `release` has run: it always runs once. */
stoa_status stoa__source_open(stoa__source *source, const stoa_source *given, int32_t packed,
                              stoa__call *call, stoa_error *err);
/* Fill `buffer` as far as there are bytes: less than `capacity` only at the end. */
stoa_status stoa__source_read(stoa__source *source, stoa__call *call, uint8_t *buffer,
                              size_t capacity, size_t *size, stoa_error *err);
/* Accepts all-zero, leaves all-zero. */
void stoa__source_release(stoa__source *source);

#endif
