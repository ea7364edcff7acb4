/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one cell of any validated array, whatever its encoding: dictionaries, run ends,
 * views and offsets are followed here and nowhere else. Hot loops look at buffers
 * themselves; all other readers (nested values to JSON, comparing, casting, printing)
 * come here. No buffer need be aligned.
 */
#ifndef STOA_ARROW_CELL_H
#define STOA_ARROW_CELL_H

#include "arrow/type.h"
#include "base/buffer.h"

/* A cell resolved to its value type: dictionary and run-end are gone. */
struct stoa__cell {
    const struct stoa__arrow_type *type;
    const struct ArrowArray *array; /* Where the value lies ... */
    int64_t row; /* ... and at which row, the array's offset included. */
    bool null;   /* Never of a union, whose active child may be. */
};

/* Resolve row `row` (0 <= row < array->length) of `array`. */
void stoa__cell_at(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                   int64_t row, struct stoa__cell *out);

/* Typed reads of a resolved, non-null cell whose kind fits (asserted). */

/* bool, integers, dates, times, timestamps, durations, months; uint64 as its bits. */
int64_t stoa__cell_int64(const struct stoa__cell *cell);
/* Floats of any width. */
double stoa__cell_float64(const struct stoa__cell *cell);
/* Text and binary of every form, FIXED_BINARY too. */
const uint8_t *stoa__cell_bytes(const struct stoa__cell *cell, int64_t *size);
/* The type->width bytes of any fixed-width value: decimals, intervals. */
const void *stoa__cell_fixed(const struct stoa__cell *cell);
/* Items of a list or map: the child array's rows [*first, *first + *count). */
void stoa__cell_items(const struct stoa__cell *cell, int64_t *first, int64_t *count);
/* Child `index` of a struct cell, or the active child of a union cell (index ignored). */
void stoa__cell_child(const struct stoa__cell *cell, int32_t index,
                      struct stoa__cell *out);
/* Item `item` (0-based from `first` of stoa__cell_items) of a list cell. */
void stoa__cell_item(const struct stoa__cell *cell, int64_t item, struct stoa__cell *out);
/* The type id of a union cell, and its child's number in the type. */
int8_t stoa__cell_union_id(const struct stoa__cell *cell, int32_t *index);

/* Append bytes that are the same for equal values of one type and for no others, never
 * none. NaNs are equal when their bits are; the zeros of two signs are two values; null
 * is a value. */
stoa_status stoa__cell_key(const struct stoa__cell *cell, stoa__buffer *out,
                           stoa_error *err);

/*
 * Append the cell as JSON: lists as arrays, structs as objects in field order, maps as
 * arrays of pairs, unions as {"t":type id,"v":value}, binary as base64, decimals as
 * strings, NaN and infinities as strings, dates, times, timestamps, durations and
 * day-time and month-day-nano intervals as ISO text, months as a number. A timestamp with
 * a zone ends in Z. Temporal values that have no text (years beyond -9999..9999, times of
 * day beyond 24 hours) are their number. TYPE when text is not UTF-8.
 */
stoa_status stoa__cell_json(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err);

/* Append the cell as text a person reads: as JSON, but text and ISO forms without quotes,
 * binary as its raw bytes, nothing for NULL; unions are their value. */
stoa_status stoa__cell_text(const struct stoa__cell *cell, stoa__buffer *out,
                            stoa_error *err);

struct stoa__column;
/*
 * The way back: parse JSON text into one value appended to a builder column of any type;
 * what stoa__cell_json() wrote gives the same value. More is taken than is written:
 * decimals as numbers, temporal values as integers in their unit, numbers as strings,
 * bool as 0 and 1, objects with their fields in any order. A missing field is NULL where
 * it may be. TYPE, with the path inside the JSON ("$.a[3]"), for a value that does not
 * fit, a NULL or missing field that is not nullable, an unknown or repeated field; SYNTAX
 * for what is not JSON. On failure the column is as before.
 */
stoa_status stoa__column_append_json(struct stoa__column *column, const char *text,
                                     int64_t size, stoa_error *err);

#endif
