/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building one batch column by column, straight into buffers sized for the batch. The
 * writers of hot loops reach into the struct; the functions are for everything that is
 * not hot.
 *
 * Two ways to write, which may be mixed:
 *
 *   stoa__column_append_*() and stoa__column_end_*() grow by themselves; each is all or
 *   nothing.
 *
 *   Directly, after stoa__column_reserve(column, rows), for rows [length, capacity), on
 *   the column stoa__column_target() names (dictionary and run-end columns collect plain
 *   values there):
 *     fixed width  write type->width bytes at data + length * width, then length++;
 *     bool         set bit `length` of data for true (it is 0 already), then length++;
 *     text, views  after stoa__column_reserve_bytes(column, size): copy to data +
 *                  data_size, add to data_size, write it to offsets[length + 1], then
 *                  length++;
 *     NULL         stoa__column_mark_null(column), then length++.
 *   The root's `length` is set by the writer once, or by stoa__column_end_struct().
 *
 * A batch that cannot take a row (FULL: 32-bit offsets would overflow) is closed early:
 * stoa__column_truncate(&builder.root, rows) takes back the columns of the row that was
 * begun, stoa__builder_finish() makes the batch, and the row is written again into the
 * next one.
 */
#ifndef STOA_ARROW_BUILDER_H
#define STOA_ARROW_BUILDER_H

#include "arrow/array.h"

/*
 * Which memory is where, by shape of the type:
 *
 *              data                          offsets                    children
 *   null       -                             -                          -
 *   bool       bits, 0 from `length` on      -                          -
 *   fixed      capacity * width bytes        -                          -
 *   text       data_capacity bytes           capacity + 1 of 32/64 bit  -
 *   view       data_capacity bytes (as text) capacity + 1 of 32 bit     -
 *   lists, map -                             capacity + 1 of 32/64 bit  items
 *   fixed list -                             -                          items
 *   struct     -                             -                          fields
 *   union      capacity type ids             dense: capacity of 32 bit  one an id
 *   dictionary -                             -                          one: plain values
 *   run-end    -                             -                          one: plain values
 *
 * `validity` has room for `capacity` rows; bits from `length` on are 1, so that only
 * NULLs need writing. offsets[0] is 0. `length` of dictionary and run-end columns stays
 * 0: their rows are those of their target. List views are built as lists; views, indices
 * and run ends are made at finish. All buffers are 64-byte aligned and padded to 64
 * bytes.
 */
struct stoa__column {
    const struct stoa__arrow_type *type; /* Borrowed: outlives the builder. */
    int64_t length;
    int64_t capacity;  /* Rows validity, data (not text) and offsets have room for. */
    int64_t null_count;
    uint8_t *validity; /* NULL until the first NULL value. */
    uint8_t *data;     /* Fixed width values, bits of bool, type ids, or text bytes. */
    int64_t data_size; /* Text bytes used; others: unused. */
    int64_t data_capacity;
    void *offsets;     /* int32 or int64. */
    struct stoa__column *children;
    int32_t child_count;
};

struct stoa__builder {
    struct stoa__column root; /* Any type; a batch is a struct. */
};

/* Room for `rows` rows; text and items of lists grow as needed. Every type can be
 * built. */
stoa_status stoa__builder_init(struct stoa__builder *builder,
                               const struct stoa__arrow_type *type, int64_t rows,
                               stoa_error *err);
/* Make the batch and leave the builder empty, ready for `rows` more (0: do not
 * allocate again). Columns of unequal length are INVALID, naming them; FULL when a
 * dictionary has more values than its index type counts, or a run ends beyond its
 * type. On failure the rows are gone too, and the builder is empty with no room:
 * release it, or reserve and go on. */
stoa_status stoa__builder_finish(struct stoa__builder *builder, int64_t rows,
                                 struct ArrowArray *out, stoa_error *err);
/* Accepts all-zero, leaves all-zero. */
void stoa__builder_release(struct stoa__builder *builder);

/* The column that takes the values of a dictionary or run-end column (through any
 * number of both); any other column itself. */
struct stoa__column *stoa__column_target(struct stoa__column *column);
/* Rows appended so far, to whichever column holds them. */
int64_t stoa__column_length(const struct stoa__column *column);

/* Room for `rows` more rows, children of structs and sparse unions included; items of
 * lists of any layout grow as they are appended. */
stoa_status stoa__column_reserve(struct stoa__column *column, int64_t rows,
                                 stoa_error *err);
/* Room for `size` more text bytes. FULL when 32-bit offsets would overflow. */
stoa_status stoa__column_reserve_bytes(struct stoa__column *column, int64_t size,
                                       stoa_error *err);

/* Children that must have a row too get NULL, or a zero if they are not nullable; a
 * union takes the NULL in its first nullable child, and is TYPE if it has none. */
stoa_status stoa__column_append_null(struct stoa__column *column, stoa_error *err);
/* A valid value of nothing: zero, empty text, empty list, struct and fixed list of
 * such. */
stoa_status stoa__column_append_zero(struct stoa__column *column, stoa_error *err);
/* bool (0 or 1), integers, dates, times, timestamps, durations, months; uint64 as its
 * bits. TYPE when the value is outside the type. */
stoa_status stoa__column_append_int64(struct stoa__column *column, int64_t value,
                                      stoa_error *err);
/* Floats of any width, rounded to nearest. */
stoa_status stoa__column_append_float64(struct stoa__column *column, double value,
                                        stoa_error *err);
/* The raw bytes of one fixed-width value (decimals, intervals, FIXED_BINARY, any
 * other). */
stoa_status stoa__column_append_fixed(struct stoa__column *column, const void *value,
                                      stoa_error *err);
/* Text and binary of every form. UTF-8 is the caller's to check; TYPE when
 * FIXED_BINARY has another size. */
stoa_status stoa__column_append_bytes(struct stoa__column *column, const void *bytes,
                                      int64_t size, stoa_error *err);
/* Lists and maps: close the current element list, whose items were appended to
 * children[0] (map: to the key and value columns of children[0], which is closed with
 * end_struct for each entry). Fixed lists: TYPE when it has not its size, INVALID when
 * items were taken back. */
stoa_status stoa__column_end_list(struct stoa__column *column, stoa_error *err);
/* Structs: one row, for which every child has one value more. INVALID if one has not. */
stoa_status stoa__column_end_struct(struct stoa__column *column, stoa_error *err);
/* Unions: one row, whose value was appended to the child of `type_id`. INVALID if it
 * was not. */
stoa_status stoa__column_end_union(struct stoa__column *column, int8_t type_id,
                                   stoa_error *err);
/* The child of a union that `type_id` names; -1 if none does. */
int32_t stoa__column_union_child(const struct stoa__column *column, int64_t type_id);

/* Forget rows from `length` on, and what children have beyond it. Never fails; works
 * on columns in the middle of a row. Keeps the memory. */
void stoa__column_truncate(struct stoa__column *column, int64_t length);

/* Cold path of a hot writer, columns without children only: mark the row at `length`
 * NULL and zero its value; the caller then advances `length` itself. Room must be
 * there. */
stoa_status stoa__column_mark_null(struct stoa__column *column, stoa_error *err);

#endif
