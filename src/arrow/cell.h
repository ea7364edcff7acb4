/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one cell of any validated array, whatever its encoding: dictionaries, run ends, views
 * and offsets are followed here and nowhere else. Hot loops look at buffers themselves; all other
 * readers (nested values to JSON, comparing, casting, printing) come here.
 */
#ifndef STOA_ARROW_CELL_H
#define STOA_ARROW_CELL_H

#include "arrow/type.h"
#include "base/buffer.h"

/* A cell resolved to its value type: dictionary and run-end are gone. */
struct stoa__cell {
    const struct stoa__arrow_type *type;
    const struct ArrowArray *array; /* Where the value lies ... */
    int64_t row;                    /* ... and at which row, the array's offset included. */
    bool null;
};

/* Resolve row `row` (0 <= row < array->length) of `array`. */
void stoa__cell_at(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                   int64_t row, struct stoa__cell *out);

/* Typed reads of a resolved, non-null cell whose kind fits (asserted). */
int64_t stoa__cell_int64(const struct stoa__cell *cell); /* bool, ints, dates, times, durations;
                                                            uint64 as its bits. */
double stoa__cell_float64(const struct stoa__cell *cell);
const uint8_t *stoa__cell_bytes(const struct stoa__cell *cell, int64_t *size); /* text, binary */
const void *stoa__cell_fixed(const struct stoa__cell *cell); /* decimals, intervals */
/* Items of a list, map or fixed list: the child array's rows [*first, *first + *count). */
void stoa__cell_items(const struct stoa__cell *cell, int64_t *first, int64_t *count);
/* Child `index` of a struct cell, or the active child of a union cell (index ignored). */
void stoa__cell_child(const struct stoa__cell *cell, int32_t index, struct stoa__cell *out);
/* Item `item` (0-based from `first` of stoa__cell_items) of a list cell. */
void stoa__cell_item(const struct stoa__cell *cell, int64_t item, struct stoa__cell *out);

/* Append the cell as JSON (sqlite-arrow.md 7.2: lists as arrays, structs as objects in field
 * order, maps as arrays of pairs, unions as {"t":,"v":}, binary as base64, decimals as strings,
 * temporal values as ISO text, NaN and infinities as strings). */
stoa_status stoa__cell_json(const struct stoa__cell *cell, stoa__buffer *out, stoa_error *err);

/* Append the cell as text a person reads (ISO times, decimals, JSON for nested, x'..' no: raw
 * bytes for binary). */
stoa_status stoa__cell_text(const struct stoa__cell *cell, stoa__buffer *out, stoa_error *err);

struct stoa__column;
/* The way back: parse JSON text into one value appended to a builder column of any type. TYPE with
 * the path inside the JSON when it does not fit. */
stoa_status stoa__column_append_json(struct stoa__column *column, const char *text, int64_t size,
                                     stoa_error *err);

#endif
