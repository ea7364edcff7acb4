/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a file format go: a file, which gets its name when it is complete, or the
 * caller's callback. Its buffer is the writer's own, so that values are put straight into it. */
#ifndef STOA_FORMAT_SINK_H
#define STOA_FORMAT_SINK_H

#include "base/buffer.h"
#include "base/call.h"
#include "stoa/format.h"

typedef struct stoa__sink {
    stoa_sink given;
    stoa__buffer out; /* Appended to by the writer. */
    char *path;       /* NULL: a callback. Owned. */
    char *part;       /* The file being written; NULL: `path` itself, a pipe or a device. */
    int file;         /* Counts while `path` is not NULL; -1: none. */
    bool replace;
} stoa__sink;

/* On failure `sink` is zero, and the caller's `release` has run: it always runs once. */
stoa_status stoa__sink_open(stoa__sink *sink, const stoa_sink *given, bool replace,
                            stoa_error *err);
/* Pass on what is in `out` if it is worth a call; all of it with `now`. */
stoa_status stoa__sink_flush(stoa__sink *sink, stoa__call *call, bool now, stoa_error *err);
/* Flush, and give the file its name. */
stoa_status stoa__sink_finish(stoa__sink *sink, stoa__call *call, stoa_error *err);
/* What is not finished is removed. Accepts all-zero, leaves all-zero. */
void stoa__sink_release(stoa__sink *sink);

#endif
