/* SPDX-License-Identifier: Apache-2.0 */
/* A record batch's tables and body as an array. Every buffer is copied out of the body, so that
 * what is read behind it is noticed, and long enough for what the array will be read for; whether
 * the values in it are sound is asked of arrow/validate then. */
#include "format/ipc.h"

#include "arrow/array.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/ipc_unpack.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION, BATCH_VARIADIC };

struct reading {
    stoa__flat *flat;
    const uint8_t *body;
    size_t body_size;
    struct stoa__flat_vector nodes, buffers, variadic;
    size_t node, buffer, views; /* The next of each. */
    size_t taken;               /* Bytes of buffers so far: the body's at most. */
    int64_t codec;              /* enum stoa__ipc_codec */
    size_t unpacked;            /* Bytes that were packed. */
    const struct stoa__ipc_dictionaries *dictionaries;
    stoa_error *err;
};

static stoa_status corrupt(const struct reading *reading, const char *what)
{
    return stoa__fail(reading->err, STOA_ERR_CORRUPT, "a record batch %s", what);
}

/* The next buffer's bytes in the body. */
static stoa_status next_piece(struct reading *reading, const uint8_t **at, size_t *size)
{
    int64_t offset, length;

    if (reading->buffer == reading->buffers.count)
        return corrupt(reading, "has too few buffers");
    offset = stoa__flat_int64(reading->flat, reading->buffers.at + 16 * reading->buffer);
    length = stoa__flat_int64(reading->flat, reading->buffers.at + 16 * reading->buffer + 8);
    reading->buffer++;
    if (offset < 0 || length < 0 || (uint64_t)offset > reading->body_size ||
        (uint64_t)length > reading->body_size - (size_t)offset)
        return corrupt(reading, "has a buffer outside of its body");
    reading->taken += (size_t)length;
    if (reading->taken > reading->body_size)
        return corrupt(reading, "has buffers that lie on each other");
    *at = length > 0 ? reading->body + offset : NULL;
    *size = (size_t)length;
    return STOA_OK;
}

/* The next buffer, of at least `need` bytes, as buffer `index` of the array; with `whole` all of
 * it, else just those. `*size` is how many. An empty one becomes `need` zeros. */
static stoa_status take(struct reading *reading, struct ArrowArray *array, int64_t index,
                        size_t need, bool whole, size_t *size)
{
    const uint8_t *at = NULL;
    size_t given = 0;
    uint8_t *piece = NULL;
    stoa_status rc = next_piece(reading, &at, &given);

    if (rc == STOA_OK && given > 0 && reading->codec != STOA__IPC_PLAIN)
        rc = stoa__ipc_unpack(reading->codec, at, given, &reading->unpacked, &piece, &given,
                              reading->err);
    if (rc != STOA_OK)
        return rc;
    if (given < need && (given > 0 || array->length > 0)) {
        stoa__free(piece);
        return corrupt(reading, "has a buffer that is too short for its rows");
    }
    *size = whole && given > need ? given : need;
    if (!piece) {
        piece = stoa__alloc_aligned(*size + 8);
        if (!piece)
            return stoa__fail_nomem(reading->err);
        memset(piece, 0, *size + 8);
        if (given > 0)
            memcpy(piece, at, *size);
    }
    stoa__array_set_buffer(array, index, piece);
    return STOA_OK;
}

/* The bitmap may be left out where nothing is NULL. */
static stoa_status take_validity(struct reading *reading, struct ArrowArray *array)
{
    const size_t bytes = ((size_t)array->length + 7) / 8;
    const uint8_t *at = NULL;
    size_t given = 0, size = 0;

    if (array->null_count == 0)
        return next_piece(reading, &at, &given);
    return take(reading, array, 0, bytes, false, &size);
}

static stoa_status take_text(struct reading *reading, const struct stoa__arrow_type *type,
                             struct ArrowArray *array)
{
    const size_t width = (size_t)stoa__arrow_offset_width(type->kind);
    size_t size = 0;
    int64_t last;
    stoa_status rc =
        take(reading, array, 1, ((size_t)array->length + 1) * width, false, &size);

    if (rc != STOA_OK)
        return rc;
    last = width == 4 ? stoa__load_i32(array->buffers[1], array->length)
                      : stoa__load_i64(array->buffers[1], array->length);
    if (array->length == 0)
        last = 0; /* Nobody follows it. */
    if (last < 0)
        return corrupt(reading, "has a negative offset");
    return take(reading, array, 2, (size_t)last, true, &size);
}

/* Views, then as many buffers as are told, whose sizes the C interface wants behind them. */
static stoa_status take_views(struct reading *reading, struct ArrowArray *array, int64_t count)
{
    int64_t *sizes = stoa__alloc_aligned(((size_t)count + 1) * sizeof *sizes);
    size_t size = 0;
    stoa_status rc;

    if (!sizes)
        return stoa__fail_nomem(reading->err);
    stoa__array_set_buffer(array, 2 + count, sizes);
    rc = take(reading, array, 1, 16 * (size_t)array->length, false, &size);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        rc = take(reading, array, 2 + i, 0, true, &size);
        sizes[i] = (int64_t)size;
    }
    return rc;
}

static stoa_status take_buffers(struct reading *reading, const struct stoa__arrow_type *type,
                                struct ArrowArray *array, int64_t views)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const size_t length = (size_t)array->length;
    const size_t offset = (size_t)stoa__arrow_offset_width(type->kind);
    size_t size = 0;
    stoa_status rc = STOA_OK;

    if (shape == STOA__SHAPE_NONE || shape == STOA__SHAPE_RUN_END)
        return STOA_OK;
    if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE) {
        rc = take(reading, array, 0, length, false, &size);
        return rc == STOA_OK && shape == STOA__SHAPE_DENSE
                   ? take(reading, array, 1, 4 * length, false, &size)
                   : rc;
    }
    rc = take_validity(reading, array);
    if (rc != STOA_OK)
        return rc;
    switch ((int)shape) {
    case STOA__SHAPE_BITS:
        return take(reading, array, 1, (length + 7) / 8, false, &size);
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_DICTIONARY:
        return take(reading, array, 1, length * (size_t)type->width, false, &size);
    case STOA__SHAPE_TEXT:
        return take_text(reading, type, array);
    case STOA__SHAPE_VIEW:
        return take_views(reading, array, views);
    case STOA__SHAPE_LIST:
        return take(reading, array, 1, (length + 1) * offset, false, &size);
    case STOA__SHAPE_LIST_VIEW:
        rc = take(reading, array, 1, length * offset, false, &size);
        return rc == STOA_OK ? take(reading, array, 2, length * offset, false, &size) : rc;
    default: /* A struct, a list of fixed size. */
        return STOA_OK;
    }
}

static int64_t buffer_count(enum stoa__arrow_shape shape, int64_t views)
{
    static const int8_t counts[] = {
        [STOA__SHAPE_NONE] = 0,       [STOA__SHAPE_BITS] = 2,   [STOA__SHAPE_FIXED] = 2,
        [STOA__SHAPE_TEXT] = 3,       [STOA__SHAPE_VIEW] = 3,   [STOA__SHAPE_LIST] = 2,
        [STOA__SHAPE_LIST_VIEW] = 3,  [STOA__SHAPE_STRUCT] = 1, [STOA__SHAPE_FIXED_LIST] = 1,
        [STOA__SHAPE_DENSE] = 2,      [STOA__SHAPE_SPARSE] = 1, [STOA__SHAPE_RUN_END] = 0,
        [STOA__SHAPE_DICTIONARY] = 2,
    };
    return counts[shape] + views;
}

/* How many buffers of characters a column of views has. */
static stoa_status count_views(struct reading *reading, int64_t *count)
{
    if (reading->views == reading->variadic.count)
        return corrupt(reading, "does not say how many buffers its views have");
    *count = stoa__flat_int64(reading->flat, reading->variadic.at + 8 * reading->views++);
    if (*count < 0 || *count > STOA__ARROW_VIEW_BUFFER_COUNT_MAX ||
        (uint64_t)*count > reading->buffers.count)
        return corrupt(reading, "has an absurd number of buffers of views");
    return STOA_OK;
}

static stoa_status attach_dictionary(struct reading *reading, const struct stoa__arrow_type *type,
                                     struct ArrowArray *array)
{
    struct ArrowArray values = {0};
    stoa_status rc = stoa__array_add_dictionary(array, reading->err);

    for (int32_t i = 0; rc == STOA_OK && i < reading->dictionaries->count; i++) {
        const struct stoa__ipc_dictionary *dictionary = &reading->dictionaries->items[i];

        if (dictionary->node != type)
            continue;
        if (!dictionary->values.release)
            return corrupt(reading, "comes before its dictionary");
        rc = stoa__array_clone(&dictionary->values, &values, reading->err);
        if (rc == STOA_OK)
            stoa__array_adopt(array->dictionary, &values);
        return rc;
    }
    return rc;
}

/* Depth is bounded by the type's. */
static stoa_status read_node(struct reading *reading, const struct stoa__arrow_type *type,
                             struct ArrowArray *array)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const size_t at = reading->nodes.at + 16 * reading->node;
    int64_t length, nulls, views = 0;
    stoa_status rc = STOA_OK;

    if (reading->node == reading->nodes.count)
        return corrupt(reading, "has too few columns");
    reading->node++;
    length = stoa__flat_int64(reading->flat, at);
    nulls = stoa__flat_int64(reading->flat, at + 8);
    if (length < 0 || length > INT32_MAX || nulls < 0 || nulls > length)
        return corrupt(reading, "has an absurd number of rows");
    if (shape == STOA__SHAPE_VIEW)
        rc = count_views(reading, &views);
    if (rc == STOA_OK)
        rc = stoa__array_init(array, buffer_count(shape, views), type->child_count, reading->err);
    if (rc != STOA_OK)
        return rc;
    array->length = length;
    array->null_count = shape == STOA__SHAPE_NONE ? length : nulls;
    rc = take_buffers(reading, type, array, views);
    if (rc == STOA_OK && type->dictionary)
        rc = attach_dictionary(reading, type, array);
    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++)
        rc = read_node(reading, &type->children[i], array->children[i]);
    return rc;
}

/* The columns of a batch have no node of their own above them. */
static stoa_status read_root(struct reading *reading, const struct stoa__flat_table *batch,
                             const struct stoa__arrow_type *type, struct ArrowArray *out)
{
    const int64_t length = stoa__flat_int(reading->flat, batch, BATCH_LENGTH, 8, 0);
    stoa_status rc;

    if (length < 0 || length > INT32_MAX)
        return corrupt(reading, "has an absurd number of rows");
    rc = stoa__array_init(out, 1, type->child_count, reading->err);
    if (rc != STOA_OK)
        return rc;
    out->length = length;
    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++) {
        rc = read_node(reading, &type->children[i], out->children[i]);
        if (rc == STOA_OK && out->children[i]->length != length)
            rc = corrupt(reading, "has columns of different lengths");
    }
    return rc;
}

stoa_status stoa__ipc_batch_read(stoa__flat *flat, const struct stoa__flat_table *batch,
                                 const uint8_t *body, size_t body_size,
                                 const struct stoa__arrow_type *type,
                                 const struct stoa__ipc_dictionaries *dictionaries,
                                 struct ArrowArray *out, stoa_error *err)
{
    struct reading reading = {.flat = flat,
                              .body = body,
                              .body_size = body_size,
                              .codec = STOA__IPC_PLAIN,
                              .dictionaries = dictionaries,
                              .err = err};
    struct stoa__flat_table compression;
    stoa_status rc;

    *out = (struct ArrowArray){0};
    reading.nodes = stoa__flat_vector(flat, batch, BATCH_NODES, 16);
    reading.buffers = stoa__flat_vector(flat, batch, BATCH_BUFFERS, 16);
    reading.variadic = stoa__flat_vector(flat, batch, BATCH_VARIADIC, 8);
    compression = stoa__flat_child(flat, batch, BATCH_COMPRESSION);
    if (compression.at > 0)
        reading.codec = stoa__flat_int(flat, &compression, 0, 1, 0);
    if (flat->bad)
        return corrupt(&reading, "has damaged metadata");
    rc = read_root(&reading, batch, type, out);
    if (rc == STOA_OK)
        rc = stoa__arrow_validate(type, out, STOA_CHECK_FULL, err);
    if (rc == STOA_ERR_INVALID) /* The file's fault, not the caller's. */
        rc = stoa__ipc_corrupt(err);
    if (rc != STOA_OK)
        stoa__array_release(out);
    return rc;
}
