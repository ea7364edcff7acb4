/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values on their way into a column: which types it takes, whether each value can be stored, and
 * the form it is stored in. One policy for scalars, arrays, groups and series, whatever holds the
 * values; all of them are Arrow here. It reads and writes no table: labels become ids in
 * relation.h.
 *
 *     collection_feed_init(&feed, ...);                     once a column
 *     row = collection_feed_check(&feed, array, ...);   once a batch, all before the first write
 *     collection_feed_settle(&feed);
 *     collection_feed_chunk() or collection_feed_cell()     what is stored
 */
#ifndef STOA_COLLECTION_VALUE_H
#define STOA_COLLECTION_VALUE_H

#include "arrow/type.h"
#include "base/buffer.h"
#include "collection/dates.h"
#include "collection/enter.h"

/* How failures are worded. */
enum collection_style {
    COLLECTION_SCALAR, /* type mismatch for column 'x': expected REAL, got TEXT */
    COLLECTION_ARRAY,  /* type mismatch for array 'x' index 3: ... */
    COLLECTION_SERIES  /* column 'x' has type REAL but received TEXT */
};

enum collection_form {
    COLLECTION_FORM_AS_IS,
    COLLECTION_FORM_NULLS, /* There is nothing else. */
    COLLECTION_FORM_REAL,  /* Integers in a REAL column. */
    COLLECTION_FORM_TEXT,  /* Text to be trimmed. */
    COLLECTION_FORM_DATE,  /* Text that is a date; */
    COLLECTION_FORM_TICKS, /* a timestamp; */
    COLLECTION_FORM_DAYS,  /* or a day. */
    COLLECTION_FORM_LABEL, /* Text for a relation, stored as an id. */
    COLLECTION_FORM_WRONG  /* No value but NULL can be stored. */
};

enum collection_problem {
    COLLECTION_FINE,
    COLLECTION_TYPE,
    COLLECTION_NAN,
    COLLECTION_INEXACT,    /* An integer no double represents. */
    COLLECTION_TOO_LARGE,  /* A uint64 beyond 2^63 - 1. */
    COLLECTION_NO_DATE,
    COLLECTION_DATE_RANGE, /* Years 0001 to 9999. */
    COLLECTION_NOT_NULL
};

/* Values of one type for one column, in any number of arrays. */
struct collection_feed {
    const struct collection_column *column;
    const struct stoa__arrow_type *type; /* As they lie in memory; borrowed. */
    const struct collection_policy *policy;
    int32_t style; /* enum collection_style */
    int32_t form;  /* enum collection_form */
    bool changed;  /* TEXT, DATE: some are stored otherwise than they came. */
    bool nullable; /* NULL passes; else it is COLLECTION_NOT_NULL. */
};

void collection_feed_init(struct collection_feed *feed, const struct collection_policy *policy,
                          const struct collection_column *column,
                          const struct stoa__arrow_type *type, int32_t style);
/* The first of rows [first, first + count) of `array`, counted from 0, that cannot be stored, and
 * why; -1: all can be. `array` has been validated. */
int64_t collection_feed_check(struct collection_feed *feed, const struct ArrowArray *array,
                              int64_t first, int64_t count, int32_t *problem);
/* The same for any number of rows, asking the call in between; `*bad` is the row, or -1. */
stoa_status collection_feed_check_all(struct collection_feed *feed, struct collection_call *call,
                                      const struct ArrowArray *array, int64_t first, int64_t count,
                                      int64_t *bad, int32_t *problem, stoa_error *err);
/* May some of the array be stored as NULL? */
bool collection_feed_may_be_null(const struct collection_feed *feed,
                                 const struct ArrowArray *array);
/* All are checked: what needs no change is handed on as it lies. */
void collection_feed_settle(struct collection_feed *feed);
/* The error for what check() found at `row`, the `index`th of its array. */
stoa_status collection_feed_fail(const struct collection_call *call,
                                 const struct collection_feed *feed,
                                 const struct ArrowArray *array, int64_t row, int64_t index,
                                 int32_t problem, stoa_error *err);

/* One value as it is stored: NULL, INT64, FLOAT64 or TEXT; that of a LABEL is the label. `text`
 * points into the array or into `room`. */
struct collection_cell {
    int32_t type; /* STOA_TYPE_* */
    int64_t integer;
    double real;
    const char *text;
    size_t size;
    char room[COLLECTION_DATE_MAX];
};
void collection_feed_cell(const struct collection_feed *feed, const struct ArrowArray *array,
                          int64_t row, struct collection_cell *out);

/* The rows of a chunk. */
enum { COLLECTION_CHUNK_ROWS = 8192 };

/* Memory for the chunks of one feed, one after the other. All-zero is empty. */
struct collection_room {
    struct ArrowArray array;
    const void *buffers[3];
    uint8_t *validity;
    int64_t *numbers; /* Or doubles, by their bits; */
    int32_t *offsets; /* or texts. */
    stoa__buffer bytes;
};
void collection_room_release(struct collection_room *room);

/* The type that chunks have, once the feed is settled. `column`s name is not in it. */
const struct stoa__arrow_type *collection_feed_stored(const struct collection_feed *feed);
/* Rows [first, first + count) of `array` as they are stored, count <= COLLECTION_CHUNK_ROWS; `ids`
 * are those of a LABEL, one a row of the chunk, 0 where it is NULL. `*out` lies in `room` until its
 * next chunk, and has no release. */
stoa_status collection_feed_chunk(const struct collection_feed *feed, struct collection_room *room,
                                  const struct ArrowArray *array, int64_t first, int64_t count,
                                  const int64_t *ids, struct ArrowArray **out, stoa_error *err);

/* Append the stored values of row `row` to packed rows; `id` is that of a LABEL. NOMEM alone. */
stoa_status collection_feed_pack(const struct collection_feed *feed, const struct ArrowArray *array,
                                 int64_t row, int64_t id, stoa__buffer *values,
                                 stoa__buffer *bytes);

/* Take space, tab, CR and LF off both ends. */
void collection_trim(const char **text, size_t *size);

/* "INTEGER", "REAL", "TEXT", "DATE_TIME" of what came, or Arrow's own name of it. */
const char *collection_given_word(const struct stoa__arrow_type *type, char *room, size_t size);

#endif
