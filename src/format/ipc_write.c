/* SPDX-License-Identifier: Apache-2.0 */
/* Batches as messages. Each is made compact first, so that every buffer is as long as its rows
 * need and begins with them. */
#include "format/ipc.h"

#include "arrow/array.h"
#include "arrow/cast.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"
#include "format/writer.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

enum {
    ALIGNMENT = 8,
    PREFIX_SIZE = 8,
    BLOCK_SIZE = 24,
    MESSAGE_FIELDS = 4,
    MESSAGE_VERSION = 0,
    MESSAGE_TYPE,
    MESSAGE_HEADER,
    MESSAGE_BODY,
    BATCH_LENGTH = 0,
    BATCH_NODES,
    BATCH_BUFFERS,
    BATCH_VARIADIC = 4
};

static const char magic[8] = "ARROW1\0";

struct settings {
    int32_t form; /* 0: file, 1: stream. */
};

/* A place in the file, as its footer has it. */
struct block {
    int64_t offset, metadata_size, body_size;
};

struct piece {
    const void *bytes; /* NULL: zeros. */
    int64_t size;
    int64_t last_bits; /* Of the last byte, the others being zero; 0: all. */
};

struct ipc {
    struct settings settings;
    stoa__arena arena;
    const struct stoa__arrow_type *type; /* Without dictionaries. */
    bool decodes;                        /* ... which the stream's has. */
    stoa__buffer metadata;
    stoa__buffer nodes, pieces, variadic; /* Pairs of int64; struct piece; int64. */
    stoa__buffer blocks;                  /* struct block */
    int64_t written;
};

/* ---- what a batch consists of ---- */

static int64_t count_nulls(const struct ArrowArray *array)
{
    int64_t valid = 0;

    if (array->null_count >= 0 || !array->buffers[0])
        return array->null_count > 0 ? array->null_count : 0;
    for (int64_t i = 0; i < array->length; i++)
        valid += stoa__bit_get(array->buffers[0], i);
    return array->length - valid;
}

static stoa_status add_piece(struct ipc *ipc, const void *bytes, int64_t size)
{
    const struct piece piece = {bytes, size, 0};

    return stoa__buffer_append(&ipc->pieces, &piece, sizeof piece);
}

static stoa_status add_bits(struct ipc *ipc, const void *bytes, int64_t length)
{
    const struct piece piece = {bytes, (length + 7) / 8, length % 8};

    return stoa__buffer_append(&ipc->pieces, &piece, sizeof piece);
}

static stoa_status add_text(struct ipc *ipc, const struct ArrowArray *array, int64_t width)
{
    const void *offsets = array->buffers[1];
    int64_t last = 0;
    stoa_status rc = add_piece(ipc, offsets, (array->length + 1) * width);

    if (offsets)
        last = width == 4 ? stoa__load_i32(offsets, array->length)
                          : stoa__load_i64(offsets, array->length);
    return rc == STOA_OK ? add_piece(ipc, array->buffers[2], last) : rc;
}

static stoa_status add_views(struct ipc *ipc, const struct ArrowArray *array)
{
    const int64_t count = array->n_buffers - 3;
    const void *sizes = array->buffers[array->n_buffers - 1];
    stoa_status rc = add_piece(ipc, array->buffers[1], 16 * array->length);

    for (int64_t i = 0; rc == STOA_OK && i < count; i++)
        rc = add_piece(ipc, array->buffers[2 + i], stoa__load_i64(sizes, i));
    return rc == STOA_OK ? stoa__buffer_append(&ipc->variadic, &count, sizeof count) : rc;
}

/* Those behind the bitmap. */
static stoa_status add_values(struct ipc *ipc, const struct stoa__arrow_type *type,
                              const struct ArrowArray *array)
{
    const int64_t length = array->length, offset = stoa__arrow_offset_width(type->kind);
    stoa_status rc;

    switch ((int)stoa__arrow_shape(type)) {
    case STOA__SHAPE_BITS:
        return add_bits(ipc, array->buffers[1], length);
    case STOA__SHAPE_FIXED:
        return add_piece(ipc, array->buffers[1], length * type->width);
    case STOA__SHAPE_TEXT:
        return add_text(ipc, array, offset);
    case STOA__SHAPE_VIEW:
        return add_views(ipc, array);
    case STOA__SHAPE_LIST:
        return add_piece(ipc, array->buffers[1], (length + 1) * offset);
    case STOA__SHAPE_LIST_VIEW:
        rc = add_piece(ipc, array->buffers[1], length * offset);
        return rc == STOA_OK ? add_piece(ipc, array->buffers[2], length * offset) : rc;
    default: /* A struct, a list of fixed size. */
        return STOA_OK;
    }
}

static stoa_status add_buffers(struct ipc *ipc, const struct stoa__arrow_type *type,
                               const struct ArrowArray *array, int64_t nulls)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    stoa_status rc;

    if (shape == STOA__SHAPE_NONE || shape == STOA__SHAPE_RUN_END)
        return STOA_OK;
    if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE) {
        rc = add_piece(ipc, array->buffers[0], array->length);
        return rc == STOA_OK && shape == STOA__SHAPE_DENSE
                   ? add_piece(ipc, array->buffers[1], 4 * array->length)
                   : rc;
    }
    rc = add_bits(ipc, array->buffers[0], nulls > 0 ? array->length : 0);
    return rc == STOA_OK ? add_values(ipc, type, array) : rc;
}

/* Depth is bounded by the type's. */
static stoa_status add_node(struct ipc *ipc, const struct stoa__arrow_type *type,
                            const struct ArrowArray *array)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const bool has_bitmap = shape != STOA__SHAPE_NONE && shape != STOA__SHAPE_RUN_END &&
                            shape != STOA__SHAPE_DENSE && shape != STOA__SHAPE_SPARSE;
    const int64_t nulls = has_bitmap                ? count_nulls(array)
                          : shape == STOA__SHAPE_NONE ? array->length
                                                      : 0;
    const int64_t node[2] = {array->length, nulls};
    stoa_status rc = stoa__buffer_append(&ipc->nodes, node, sizeof node);

    assert(array->offset == 0);
    if (rc == STOA_OK)
        rc = add_buffers(ipc, type, array, nulls);
    for (int32_t i = 0; rc == STOA_OK && i < type->child_count; i++)
        rc = add_node(ipc, &type->children[i], array->children[i]);
    return rc;
}

/* ---- messages ---- */

static int64_t padded(int64_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The message's own table at the beginning of `metadata`; the header comes behind it. */
static stoa_status begin_message(struct ipc *ipc, int64_t header, int64_t body_size,
                                 size_t *header_field)
{
    struct stoa__flat_fields fields = {.count = MESSAGE_FIELDS, .width = {2, 1, 4, 8}};
    stoa__buffer *out = &ipc->metadata;
    size_t at = 0;
    stoa_status rc;

    out->size = 0;
    rc = stoa__buffer_append_zero(out, 4); /* Leads to the root. */
    if (rc == STOA_OK)
        rc = stoa__flat_put_table(out, &fields, &at);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_link(out, 0, at);
    stoa__flat_set(out, fields.at[MESSAGE_VERSION], STOA__IPC_VERSION5, 2);
    stoa__flat_set(out, fields.at[MESSAGE_TYPE], header, 1);
    stoa__flat_set(out, fields.at[MESSAGE_BODY], body_size, 8);
    *header_field = fields.at[MESSAGE_HEADER];
    return STOA_OK;
}

static stoa_status put(stoa__writer *writer, const void *bytes, size_t size)
{
    struct ipc *ipc = writer->self;

    ipc->written += (int64_t)size;
    return bytes ? stoa__buffer_append(&writer->sink.out, bytes, size)
                 : stoa__buffer_append_zero(&writer->sink.out, size);
}

/* The mark, the size and the metadata, so that the body begins at a multiple of eight. */
static stoa_status put_metadata(stoa__writer *writer, stoa_error *err)
{
    struct ipc *ipc = writer->self;
    const int64_t size = padded((int64_t)ipc->metadata.size);
    const uint32_t prefix[2] = {UINT32_C(0xffffffff), (uint32_t)size};
    stoa_status rc = put(writer, prefix, sizeof prefix);

    if (rc == STOA_OK)
        rc = put(writer, ipc->metadata.data, ipc->metadata.size);
    if (rc == STOA_OK)
        rc = put(writer, NULL, (size_t)size - ipc->metadata.size);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* Nodes and buffers are vectors of structs of two int64. */
static stoa_status put_structs(struct ipc *ipc, size_t field, size_t count, size_t *at)
{
    stoa_status rc = stoa__flat_put_vector(&ipc->metadata, count, 16, 8, at);

    if (rc == STOA_OK)
        stoa__flat_link(&ipc->metadata, field, *at);
    return rc;
}

static stoa_status describe_buffers(struct ipc *ipc, size_t field)
{
    const struct piece *pieces = (const struct piece *)(const void *)ipc->pieces.data;
    const size_t count = ipc->pieces.size / sizeof *pieces;
    int64_t offset = 0;
    size_t at = 0;
    stoa_status rc = put_structs(ipc, field, count, &at);

    for (size_t i = 0; rc == STOA_OK && i < count; i++) {
        stoa__flat_set(&ipc->metadata, at + 4 + 16 * i, offset, 8);
        stoa__flat_set(&ipc->metadata, at + 12 + 16 * i, pieces[i].size, 8);
        offset += padded(pieces[i].size);
    }
    return rc;
}

static stoa_status describe_batch(struct ipc *ipc, int64_t length, int64_t body_size)
{
    const bool views = ipc->variadic.size > 0;
    struct stoa__flat_fields fields = {.count = 5, .width = {8, 4, 4, 0, views ? 4 : 0}};
    size_t header = 0, at = 0;
    stoa_status rc = begin_message(ipc, STOA__IPC_BATCH, body_size, &header);

    if (rc == STOA_OK)
        rc = stoa__flat_put_table(&ipc->metadata, &fields, &at);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_link(&ipc->metadata, header, at);
    stoa__flat_set(&ipc->metadata, fields.at[BATCH_LENGTH], length, 8);
    rc = put_structs(ipc, fields.at[BATCH_NODES], ipc->nodes.size / 16, &at);
    if (rc == STOA_OK && ipc->nodes.size > 0)
        memcpy(ipc->metadata.data + at + 4, ipc->nodes.data, ipc->nodes.size);
    if (rc == STOA_OK)
        rc = describe_buffers(ipc, fields.at[BATCH_BUFFERS]);
    if (rc != STOA_OK || !views)
        return rc;
    rc = stoa__flat_put_vector(&ipc->metadata, ipc->variadic.size / 8, 8, 8, &at);
    if (rc == STOA_OK) {
        stoa__flat_link(&ipc->metadata, fields.at[BATCH_VARIADIC], at);
        memcpy(ipc->metadata.data + at + 4, ipc->variadic.data, ipc->variadic.size);
    }
    return rc;
}

static stoa_status put_piece(stoa__writer *writer, const struct piece *piece)
{
    const size_t size = (size_t)piece->size;
    stoa_status rc = put(writer, piece->bytes, size);

    if (rc == STOA_OK && piece->last_bits > 0 && size > 0)
        writer->sink.out.data[writer->sink.out.size - 1] &=
            (uint8_t)((1U << piece->last_bits) - 1);
    return rc == STOA_OK ? put(writer, NULL, (size_t)padded(piece->size) - size) : rc;
}

static stoa_status put_body(stoa__writer *writer, stoa_error *err)
{
    struct ipc *ipc = writer->self;
    const struct piece *pieces = (const struct piece *)(const void *)ipc->pieces.data;
    stoa_status rc = STOA_OK;

    for (size_t i = 0; rc == STOA_OK && i < ipc->pieces.size / sizeof *pieces; i++) {
        if (put_piece(writer, &pieces[i]) != STOA_OK)
            return stoa__fail_nomem(err);
        rc = stoa__sink_flush(&writer->sink, &writer->call, false, err);
    }
    return rc;
}

static stoa_status put_batch(stoa__writer *writer, const struct ArrowArray *batch,
                             stoa_error *err)
{
    struct ipc *ipc = writer->self;
    struct block block = {.offset = ipc->written};
    stoa_status rc = STOA_OK;

    ipc->nodes.size = ipc->pieces.size = ipc->variadic.size = 0;
    for (int32_t i = 0; rc == STOA_OK && i < ipc->type->child_count; i++)
        rc = add_node(ipc, &ipc->type->children[i], batch->children[i]);
    for (size_t i = 0; rc == STOA_OK && i < ipc->pieces.size / sizeof(struct piece); i++)
        block.body_size += padded(((struct piece *)(void *)ipc->pieces.data)[i].size);
    if (rc == STOA_OK)
        rc = describe_batch(ipc, batch->length, block.body_size);
    block.metadata_size = PREFIX_SIZE + padded((int64_t)ipc->metadata.size);
    if (rc == STOA_OK)
        rc = stoa__buffer_append(&ipc->blocks, &block, sizeof block);
    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    rc = put_metadata(writer, err);
    return rc == STOA_OK ? put_body(writer, err) : rc;
}

/* ---- the writer ---- */

static stoa_status write_batch(stoa__writer *writer, const struct ArrowArray *batch,
                               stoa_error *err)
{
    const struct ipc *ipc = writer->self;
    struct ArrowArray compact = {0};
    stoa_status rc = ipc->decodes
                         ? stoa__arrow_cast(writer->in.type, batch, ipc->type, &compact, err)
                         : stoa__array_copy(ipc->type, batch, &compact, err);

    if (rc == STOA_OK)
        rc = put_batch(writer, &compact, err);
    stoa__array_release(&compact);
    return rc;
}

/* Columns with dictionaries become what they stand for. */
static stoa_status decode(struct ipc *ipc, const struct stoa__arrow_type *from,
                          struct stoa__arrow_type *to)
{
    *to = *from;
    if (from->dictionary) {
        ipc->decodes = true;
        *to = *from->dictionary;
        to->name = from->name;
        to->nullable = from->nullable;
        to->metadata = from->metadata;
        to->metadata_size = from->metadata_size;
        from = from->dictionary;
    }
    if (from->child_count == 0)
        return STOA_OK;
    to->children = stoa__arena_alloc_zero(&ipc->arena, (size_t)from->child_count, sizeof *to);
    if (!to->children)
        return STOA_ERR_NOMEM;
    for (int32_t i = 0; i < from->child_count; i++)
        if (decode(ipc, &from->children[i], &to->children[i]) != STOA_OK)
            return STOA_ERR_NOMEM;
    return STOA_OK;
}

static stoa_status begin(stoa__writer *writer, stoa_error *err)
{
    static const struct stoa__setting table[] = {{"form", STOA__SETTING_CHOICE,
                                                  offsetof(struct settings, form), 0, 0,
                                                  "file|stream", false}};
    struct ipc *ipc = writer->self;
    struct stoa__arrow_type *type;
    size_t header = 0, at = 0;
    stoa_status rc = stoa__settings_read(&writer->options, "ipc", table, 1, &ipc->settings, err);

    if (rc == STOA_OK)
        rc = stoa__settings_finish(&writer->options, "ipc", err);
    if (rc != STOA_OK)
        return rc;
    type = stoa__arena_alloc_zero(&ipc->arena, 1, sizeof *type);
    if (!type || decode(ipc, writer->in.type, type) != STOA_OK ||
        (ipc->settings.form == 0 && put(writer, magic, sizeof magic) != STOA_OK) ||
        begin_message(ipc, STOA__IPC_SCHEMA, 0, &header) != STOA_OK)
        return stoa__fail_nomem(err);
    ipc->type = type;
    rc = stoa__ipc_schema_write(type, &ipc->metadata, &at, err);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_link(&ipc->metadata, header, at);
    return put_metadata(writer, err);
}

/* Where the batches are, behind the schema once more. */
static stoa_status describe_file(struct ipc *ipc, stoa_error *err)
{
    struct stoa__flat_fields fields = {.count = 4, .width = {2, 4, 4, 4}};
    const struct block *blocks = (const struct block *)(const void *)ipc->blocks.data;
    const size_t count = ipc->blocks.size / sizeof *blocks;
    stoa__buffer *out = &ipc->metadata;
    size_t at = 0;
    stoa_status rc;

    out->size = 0;
    rc = stoa__buffer_append_zero(out, 4);
    if (rc == STOA_OK)
        rc = stoa__flat_put_table(out, &fields, &at);
    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    stoa__flat_link(out, 0, at);
    stoa__flat_set(out, fields.at[0], STOA__IPC_VERSION5, 2);
    rc = stoa__ipc_schema_write(ipc->type, out, &at, err);
    if (rc != STOA_OK)
        return rc;
    stoa__flat_link(out, fields.at[1], at);
    for (int i = 2; rc == STOA_OK && i < 4; i++) { /* Dictionaries, of which there are none. */
        rc = stoa__flat_put_vector(out, i == 2 ? 0 : count, BLOCK_SIZE, 8, &at);
        if (rc == STOA_OK)
            stoa__flat_link(out, fields.at[i], at);
    }
    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        stoa__flat_set(out, at + 4 + BLOCK_SIZE * i, blocks[i].offset, 8);
        stoa__flat_set(out, at + 12 + BLOCK_SIZE * i, blocks[i].metadata_size, 4);
        stoa__flat_set(out, at + 20 + BLOCK_SIZE * i, blocks[i].body_size, 8);
    }
    return STOA_OK;
}

static stoa_status end(stoa__writer *writer, stoa_error *err)
{
    static const uint32_t last[2] = {UINT32_C(0xffffffff), 0};
    struct ipc *ipc = writer->self;
    stoa_status rc = put(writer, last, sizeof last);
    uint32_t size;

    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    if (ipc->settings.form != 0)
        return STOA_OK;
    rc = describe_file(ipc, err);
    if (rc != STOA_OK)
        return rc;
    size = (uint32_t)ipc->metadata.size;
    if (put(writer, ipc->metadata.data, ipc->metadata.size) != STOA_OK ||
        put(writer, &size, sizeof size) != STOA_OK || put(writer, magic, 6) != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

stoa_status stoa_ipc_write(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                           const stoa_option *options, int64_t option_count, int64_t *rows,
                           stoa_error *err)
{
    struct ipc ipc = {0};
    stoa__writer writer = {.self = &ipc, .begin = begin, .batch = write_batch, .end = end};
    stoa_status rc = stoa__writer_run(&writer, op, stream, sink, options, option_count, rows, err);

    stoa__buffer_release(&ipc.metadata);
    stoa__buffer_release(&ipc.nodes);
    stoa__buffer_release(&ipc.pieces);
    stoa__buffer_release(&ipc.variadic);
    stoa__buffer_release(&ipc.blocks);
    stoa__arena_release(&ipc.arena);
    return rc;
}
