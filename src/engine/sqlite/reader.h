/* SPDX-License-Identifier: Apache-2.0 */
/* One column of a batch, looked at once so that reading a cell is a switch and a load:
 * raw pointers with every offset added, for the kinds that are hot. It knows Arrow and
 * storage forms; it does not know SQLite's calls. */
#ifndef STOA_ENGINE_SQLITE_READER_H
#define STOA_ENGINE_SQLITE_READER_H

#include "arrow/load.h"
#include "arrow/shape.h"
#include "engine/sqlite/sqlite.h"

/* How a cell is read. */
enum sqlite_read {
    READ_LATER = 0, /* Not looked at yet: a column nobody asks for costs nothing. */
    READ_NULL,      /* Every cell. */
    READ_BOOL,
    READ_INT8,
    READ_INT16,
    READ_INT32,
    READ_INT64,
    READ_UINT8,
    READ_UINT16,
    READ_UINT32,
    READ_UINT64,
    READ_FLOAT32,
    READ_FLOAT64,
    READ_TEXT, /* 32-bit offsets; */
    READ_LARGE_TEXT,
    READ_TEXT_VIEW,
    READ_BLOB,
    READ_LARGE_BLOB,
    READ_BLOB_VIEW,
    READ_FIXED_BLOB,
    READ_DICTIONARY, /* `values` read at the index. */
    READ_CELL        /* Everything else: sqlite_put(). */
};

/* How a column of a source is given to SQLite; fixed for all batches. */
struct sqlite_source_column {
    const struct stoa__arrow_type *type; /* As the batches have it. */
    const struct stoa__arrow_type
        *cast;             /* Converted to this first, batch by batch; or NULL. */
    enum sqlite_form form; /* Of the value type of `cast`, or else of `type`. */
};

struct sqlite_reader {
    int32_t read;            /* enum sqlite_read */
    int32_t width;           /* FIXED_BLOB: bytes a value. DICTIONARY: bytes an index. */
    const uint8_t *validity; /* NULL: no cell is NULL, as far as this reader knows. */
    int64_t validity_first;  /* Bit of the batch's row 0. */
    const uint8_t *data;     /* Values of row 0 on; TEXT, BLOB: all bytes. BOOL: bits. */
    int64_t first; /* Row of `array` that is the batch's row 0, without its offset. */
    const uint8_t *offsets;              /* TEXT, BLOB: offset of row 0. */
    const void **buffers;                /* VIEW: the data buffers. */
    bool index_signed;                   /* DICTIONARY. */
    int64_t value_count;                 /* DICTIONARY: rows of `values`. */
    struct sqlite_reader *values;        /* DICTIONARY. Owned. */
    const struct stoa__arrow_type *type; /* Of `array`. */
    const struct ArrowArray *array;
    struct ArrowArray converted; /* Owned, when the column is cast. */
};

/* Look at column `index` of `batch`, a validated struct, of which rows [0, length) will
 * be read. TYPE when it is cast and a value does not fit, NOMEM. `reader` was zeroed or
 * released. */
stoa_status sqlite_reader_load(struct sqlite_reader *reader,
                               const struct sqlite_source_column *column,
                               const struct ArrowArray *batch, int32_t index,
                               stoa_error *err);
/* Leaves READ_LATER; accepts all-zero. */
void sqlite_reader_release(struct sqlite_reader *reader);

static inline bool sqlite_reader_null(const struct sqlite_reader *reader, int64_t row)
{
    return reader->validity &&
           !stoa__bit_get(reader->validity, reader->validity_first + row);
}

/* The index of a DICTIONARY cell; -1 when it is outside the dictionary. */
static inline int64_t sqlite_reader_index(const struct sqlite_reader *reader, int64_t row)
{
    const int64_t index =
        reader->index_signed ? stoa__load_int(reader->data, reader->width, row)
                             : (int64_t)stoa__load_uint(reader->data, reader->width, row);

    return index >= 0 && index < reader->value_count ? index : -1;
}

/* The bytes of a text or blob cell of any layout that is not DICTIONARY; NULL when its
 * offsets are out of order (a batch that was not checked in full). Never NULL for an
 * empty cell: SQLite takes that for a NULL value. */
static inline const uint8_t *sqlite_reader_bytes(const struct sqlite_reader *reader,
                                                 int64_t row, int64_t *size)
{
    int64_t begin, end;

    switch (reader->read) {
    case READ_TEXT:
    case READ_BLOB:
        begin = stoa__load_i32(reader->offsets, row);
        end = stoa__load_i32(reader->offsets, row + 1);
        break;
    case READ_LARGE_TEXT:
    case READ_LARGE_BLOB:
        begin = stoa__load_i64(reader->offsets, row);
        end = stoa__load_i64(reader->offsets, row + 1);
        break;
    case READ_FIXED_BLOB:
        *size = reader->width;
        return reader->data + row * reader->width;
    default: {
        const uint8_t *view = reader->data + row * 16;
        const int32_t length = stoa__load_i32(view, 0);

        *size = length;
        if (length < 0)
            return NULL;
        if (length <= 12)
            return view + 4;
        return (const uint8_t *)reader->buffers[stoa__load_i32(view, 2)] +
               stoa__load_i32(view, 3);
    }
    }
    *size = end - begin;
    return begin >= 0 && end >= begin ? reader->data + begin : NULL;
}

#endif
