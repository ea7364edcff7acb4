/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building one batch column by column, straight into buffers sized for the batch. The writers of
 * hot loops reach into the struct; the functions are for everything that is not hot.
 *
 * Values go in with stoa__column_append_*() (checked for room by the caller through reserve) or by
 * writing `data` directly. The validity bitmap is made at the first NULL.
 */
#ifndef STOA_ARROW_BUILDER_H
#define STOA_ARROW_BUILDER_H

#include "arrow/array.h"

struct stoa__column {
    const struct stoa__arrow_type *type; /* Borrowed: outlives the builder. */
    int64_t length;
    int64_t capacity;   /* Rows `validity`, `data` and `offsets` have room for. */
    int64_t null_count;
    uint8_t *validity;  /* NULL until the first NULL value. */
    uint8_t *data;      /* Fixed width values, bits of bool, or text bytes. */
    int64_t data_size;  /* Text bytes used. */
    int64_t data_capacity;
    void *offsets;      /* int32 or int64, length + 1 used; lists too. */
    struct stoa__column *children;
    int32_t child_count;
};

struct stoa__builder {
    struct stoa__column root; /* A struct column. */
};

/* Room for `rows` rows; text grows as needed. Any type but unions, views of lists and run-end:
 * utf8, binary and their large, view and fixed forms, lists, struct, map, dictionary (given as
 * its value type and encoded at finish). */
stoa_status stoa__builder_init(struct stoa__builder *builder, const struct stoa__arrow_type *type,
                               int64_t rows, stoa_error *err);
/* Make the batch and leave the builder empty, ready for `rows` more (0: do not allocate again).
 * Checks that all columns have the same length. */
stoa_status stoa__builder_finish(struct stoa__builder *builder, int64_t rows,
                                 struct ArrowArray *out, stoa_error *err);
void stoa__builder_release(struct stoa__builder *builder);

stoa_status stoa__column_reserve(struct stoa__column *column, int64_t rows, stoa_error *err);
/* Room for `size` more text bytes. FULL when 32-bit offsets would overflow. */
stoa_status stoa__column_reserve_bytes(struct stoa__column *column, int64_t size, stoa_error *err);

stoa_status stoa__column_append_null(struct stoa__column *column, stoa_error *err);
stoa_status stoa__column_append_int64(struct stoa__column *column, int64_t value, stoa_error *err);
stoa_status stoa__column_append_float64(struct stoa__column *column, double value,
                                        stoa_error *err);
/* The raw bytes of one fixed-width value (decimals, intervals, FIXED_BINARY). */
stoa_status stoa__column_append_fixed(struct stoa__column *column, const void *value,
                                      stoa_error *err);
stoa_status stoa__column_append_bytes(struct stoa__column *column, const void *bytes, int64_t size,
                                      stoa_error *err);
/* Lists and maps: close the current element list, whose items were appended to children[0] (map:
 * to the key and value columns of children[0], which is closed with end_struct for each entry). */
stoa_status stoa__column_end_list(struct stoa__column *column, stoa_error *err);
stoa_status stoa__column_end_struct(struct stoa__column *column, stoa_error *err);

/* Cold path of a hot writer: mark the row at `length` NULL and zero its value; the caller then
 * advances `length` itself. Room must be there. */
stoa_status stoa__column_mark_null(struct stoa__column *column, stoa_error *err);

#endif
