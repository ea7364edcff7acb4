/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers pass for one element, seen as Arrow without a copy: packed values and raw columns of
 * the types collections take. It checks that they are safe to read, text included, and interprets
 * nothing.
 */
#ifndef STOA_COLLECTION_INPUT_H
#define STOA_COLLECTION_INPUT_H

#include "arrow/raw.h"
#include "arrow/type.h"
#include "collection/enter.h"

/* A named run of values. */
struct collection_input {
    const char *name; /* NUL-terminated, without a NUL inside. */
    size_t name_size;
    const struct stoa__arrow_type *type;
    struct ArrowArray array; /* Borrows; has no release. */
    const void *buffers[3];  /* Of `array`, where they are our own; */
    int64_t number;          /* a single value; */
    int64_t offsets[2];      /* and a single text's. */
    struct stoa__raw raw;    /* Or whoever has the array. */
};

/* All of a call. They point into the caller's memory. */
struct collection_inputs {
    struct collection_input *items;
    int32_t count;
    stoa__arena arena;
};

/* Read cells, each a NAME and its value; sorted by name. INVALID for a value without a name, a name
 * without a value, and a name twice. TYPE for types that no column takes. */
stoa_status collection_inputs_cells(const struct collection_call *call, const stoa_value *cells,
                                    int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                    struct collection_inputs *out, stoa_error *err);
/* Read raw columns, which keep their order. INVALID for what is not safe to read, is not UTF-8, or
 * has a name twice. */
stoa_status collection_inputs_columns(const struct collection_call *call,
                                      const stoa_column *columns, int64_t column_count,
                                      struct collection_inputs *out, stoa_error *err);
/* The setting `mode`, the only one of a call that writes: its place in `choices`, "a|b|c". */
stoa_status collection_mode_read(const stoa_option *options, int64_t option_count,
                                 const char *choices, int32_t *mode, stoa_error *err);

/* Accepts all-zero. */
void collection_inputs_release(struct collection_inputs *inputs);

#endif
