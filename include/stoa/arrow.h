/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/arrow.h: the Arrow C Data Interface, and functions for languages that cannot call through
 * the function pointers in it.
 *
 * What Stoa hands out is owned by the caller through its own release() and stays valid after every
 * handle is closed. What is handed in is *taken on success*: `release` is NULL if and only if it
 * was taken.
 */
#ifndef STOA_ARROW_H
#define STOA_ARROW_H

#include "stoa/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* Release, if not NULL and not released already. Calls back (the producer's release). */
STOA_API void stoa_schema_release(struct ArrowSchema *schema);
STOA_API void stoa_batch_release(struct ArrowArray *batch);
STOA_API void stoa_stream_release(struct ArrowArrayStream *stream);

/* The stream's schema, owned by the caller. May block and call back, as the producer decides. */
STOA_API stoa_status stoa_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out,
                                        stoa_error *err);

/* The stream's next batch, owned by the caller; STOA_DONE at its end, with `out` released. May
 * block and call back, as the producer decides. */
STOA_API stoa_status stoa_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out,
                                      stoa_error *err);

/* How closely to look at foreign data. */
enum {
    STOA_CHECK_SHAPE = 0, /* Structure, buffers, first and last offsets: what keeps memory safe when
                             the producer is honest about its buffers' sizes. Per batch. */
    STOA_CHECK_FULL = 1   /* Every offset, index, view and text as well. Per element. */
};

/* Check a schema, and an array against it, as every call that takes Arrow data does. The text names
 * the column's path and what is wrong with it. `batch` may be NULL. Neither is changed. */
STOA_API stoa_status stoa_arrow_check(const struct ArrowSchema *schema,
                                      const struct ArrowArray *batch, int32_t level,
                                      stoa_error *err);

/* A copy that shares nothing with its source. */
STOA_API stoa_status stoa_schema_copy(const struct ArrowSchema *schema, struct ArrowSchema *out,
                                      stoa_error *err);
STOA_API stoa_status stoa_batch_copy(const struct ArrowSchema *schema,
                                     const struct ArrowArray *batch, struct ArrowArray *out,
                                     stoa_error *err);

/* Rows [row, row + row_count) of `batch`, sharing its memory: `batch` is taken on success. The
 * slice of a struct has the offset 0 where it can: other libraries expect that of a batch. */
STOA_API stoa_status stoa_batch_slice(struct ArrowArray *batch, int64_t row, int64_t row_count,
                                      struct ArrowArray *out, stoa_error *err);

/* Convert `batch` from one schema to another, column by column: widening, narrowing that loses
 * nothing, text to and from values (JSON to lists, structs, maps and unions), time units,
 * dictionaries and views unpacked. A value that does not fit is STOA_ERR_TYPE and names column and
 * row. `batch` is borrowed. */
STOA_API stoa_status stoa_batch_cast(const struct ArrowSchema *from, const struct ArrowArray *batch,
                                     const struct ArrowSchema *to, struct ArrowArray *out,
                                     stoa_error *err);

/* A stream of batches held in memory. `schema` is taken on success, and so are all `batches`. */
STOA_API stoa_status stoa_stream_from_batches(struct ArrowSchema *schema,
                                              struct ArrowArray *batches, int64_t batch_count,
                                              struct ArrowArrayStream *out, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
