/* SPDX-License-Identifier: Apache-2.0 */
/* Bad rows: where they are, why, and their text. It does not decide what becomes of them. */
#ifndef STOA_FORMAT_REJECTS_H
#define STOA_FORMAT_REJECTS_H

#include "base/buffer.h"
#include "stoa/arrow.h"

/* A place in a file. Lines from 0, columns from 1; column 0: the whole row. */
struct stoa__fault {
    int64_t line;
    int32_t column;
};

struct stoa__reject {
    struct stoa__fault at;
    size_t reason, reason_size; /* In `bytes`. */
    size_t text, text_size;
};

/* All-zero is empty. */
typedef struct stoa__rejects {
    stoa__buffer items; /* struct stoa__reject */
    stoa__buffer bytes;
} stoa__rejects;

/* Copies. NOMEM alone. */
stoa_status stoa__rejects_add(stoa__rejects *rejects, const struct stoa__fault *at,
                              const char *reason, size_t reason_size, const void *text,
                              size_t text_size);
int64_t stoa__rejects_count(const stoa__rejects *rejects);
/* Forget all but the memory. */
void stoa__rejects_reset(stoa__rejects *rejects);
void stoa__rejects_release(stoa__rejects *rejects);

/* As a stream of one batch, see stoa_format_bad_rows(); `rejects` is empty then. */
stoa_status stoa__rejects_export(stoa__rejects *rejects, struct ArrowArrayStream *out,
                                 stoa_error *err);

#endif
