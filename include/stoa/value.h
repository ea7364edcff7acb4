/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/value.h: single values and rows of them, packed so that they cross a language boundary
 * without pointers: an array of 24-byte values and one byte buffer. Parameters go in and rows come
 * out in the same form.
 */
#ifndef STOA_VALUE_H
#define STOA_VALUE_H

#include "stoa/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The type of a value or of a raw column. "a" and "b" say how a stoa_value holds it; "bytes" means
 * `b` bytes at offset `a` of the byte buffer that goes with the values. */
enum {
    STOA_TYPE_NULL = 0,       /* Nothing. */
    STOA_TYPE_BOOL = 1,       /* a: 0 or 1. */
    STOA_TYPE_INT8 = 2,       /* a. So are all integers; */
    STOA_TYPE_INT16 = 3,
    STOA_TYPE_INT32 = 4,
    STOA_TYPE_INT64 = 5,
    STOA_TYPE_UINT8 = 6,
    STOA_TYPE_UINT16 = 7,
    STOA_TYPE_UINT32 = 8,
    STOA_TYPE_UINT64 = 9,     /* a: the bits of the unsigned number. */
    STOA_TYPE_FLOAT32 = 10,   /* a: the bits of the value as a double. */
    STOA_TYPE_FLOAT64 = 11,   /* a: the bits of the double. */
    STOA_TYPE_TIMESTAMP = 12, /* a: nanoseconds since 1970, UTC. */
    STOA_TYPE_DATE = 13,      /* a: days since 1970. */
    STOA_TYPE_TIME = 14,      /* a: nanoseconds since midnight. */
    STOA_TYPE_DURATION = 15,  /* a: nanoseconds. */
    STOA_TYPE_INTERVAL = 16,  /* a: months in the low, days in the high 32 bits; b: nanoseconds. */
    STOA_TYPE_DECIMAL = 17,   /* bytes: decimal text, such as "-12.50". */
    STOA_TYPE_UUID = 18,      /* bytes: 16, in the order they are written. */
    STOA_TYPE_TEXT = 19,      /* bytes: UTF-8. */
    STOA_TYPE_BYTES = 20,     /* bytes. */
    STOA_TYPE_SYMBOL = 21,    /* bytes: UTF-8; columns: text with a dictionary. */
    STOA_TYPE_JSON = 22,      /* bytes: JSON text; how lists, structs and maps travel in a row. */
    STOA_TYPE_NAME = 23,      /* bytes: in parameters only: the name of the value that follows. */
    STOA_TYPE_LIST = 24       /* `b` values from number `a` of `values` on, behind the rows; only in
                                 rows that say so. */
};

/* One value. 24 bytes on every platform; the layout is frozen. `flags` is 0. */
typedef struct stoa_value {
    int32_t type;
    int32_t flags;
    int64_t a;
    int64_t b;
} stoa_value;

/*
 * Rows that came out: `row_count` * `column_count` values, row by row. Everything is borrowed from
 * the object that filled it, until the event its function names.
 */
typedef struct stoa_rows {
    const stoa_value *values;
    const uint8_t *bytes;
    int64_t bytes_size;
    int64_t row_count;
    int32_t column_count;
    int32_t flags;           /* 0. */
    int64_t rows_affected;   /* By this statement so far; -1 when it is not one that writes. */
    int64_t last_insert_id;  /* Of the last row this statement inserted; 0 if none. */
} stoa_rows;

/* The name of a type, such as "timestamp"; "unknown" for others. */
STOA_API const char *stoa_type_name(int32_t type);

#ifdef __cplusplus
}
#endif

#endif
