/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FlatBuffers, as far as Arrow's metadata needs them. Reading looks at nothing outside of the
 * buffer, whatever is in it: what leads outside makes `bad`, and the default is answered. Writing
 * goes forward: a table comes first, and what it points to behind it.
 *
 *   table    | int32 distance back to its vtable | fields ... |
 *   vtable   | uint16 its bytes | uint16 the table's | uint16 a field: where it is, 0: absent |
 *   vector   | uint32 count | elements |      string   a vector of bytes with a NUL behind it
 *   pointer  uint32 distance forward from itself
 */
#ifndef STOA_FORMAT_FLAT_H
#define STOA_FORMAT_FLAT_H

#include "base/buffer.h"

/* A buffer being read. */
typedef struct stoa__flat {
    const uint8_t *data;
    size_t size;
    bool bad;
} stoa__flat;

/* Positions in it. All zero: an absent table or vector. */
struct stoa__flat_table {
    size_t at, vtable;
    size_t vtable_size, size;
};
struct stoa__flat_vector {
    size_t at; /* Of the first element. */
    size_t count;
};

struct stoa__flat_table stoa__flat_root(stoa__flat *flat);
/* Field `field` of `width` bytes (1, 2, 4, 8), with its sign; `otherwise` where it is absent. */
int64_t stoa__flat_int(stoa__flat *flat, const struct stoa__flat_table *table, int field,
                       size_t width, int64_t otherwise);
struct stoa__flat_table stoa__flat_child(stoa__flat *flat, const struct stoa__flat_table *table,
                                         int field);
/* Elements of `width` bytes, all inside the buffer. */
struct stoa__flat_vector stoa__flat_vector(stoa__flat *flat, const struct stoa__flat_table *table,
                                           int field, size_t width);
/* A string's bytes and their number; NULL where it is absent. */
const char *stoa__flat_string(stoa__flat *flat, const struct stoa__flat_table *table, int field,
                              size_t *size);
/* An element of a vector of tables (width 4). */
struct stoa__flat_table stoa__flat_element(stoa__flat *flat,
                                           const struct stoa__flat_vector *vector, size_t index);
/* Eight bytes at a position that was checked, such as a part of a vector's element. */
int64_t stoa__flat_int64(const stoa__flat *flat, size_t at);

/* ---- writing; all fail with NOMEM alone ---- */

enum { STOA__FLAT_FIELDS_MAX = 8 };

/* The fields of a table: their widths (0: absent), and out: where they are. */
struct stoa__flat_fields {
    int count;
    size_t width[STOA__FLAT_FIELDS_MAX];
    size_t at[STOA__FLAT_FIELDS_MAX];
};

/* A table whose fields are zero yet; `*at` is its place. */
stoa_status stoa__flat_put_table(stoa__buffer *out, struct stoa__flat_fields *fields, size_t *at);
/* A vector of `count` zeroed elements, aligned; `*at` is its place, they are 4 behind. */
stoa_status stoa__flat_put_vector(stoa__buffer *out, size_t count, size_t width, size_t alignment,
                                  size_t *at);
stoa_status stoa__flat_put_string(stoa__buffer *out, const char *text, size_t size, size_t *at);
/* The low `width` bytes of a value at a place that is there. */
void stoa__flat_set(stoa__buffer *out, size_t at, int64_t value, size_t width);
/* Make the pointer at `at` lead to `target`, which is behind it. */
void stoa__flat_link(stoa__buffer *out, size_t at, size_t target);

#endif
