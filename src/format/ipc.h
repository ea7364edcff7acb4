/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrow's own form of streams and files: what its parts share.
 *
 *   stream   message ... | ffffffff 00000000 |
 *   message  | ffffffff | int32 size of the metadata | metadata (a flatbuffer) | body |
 *   file     | ARROW1 00 00 | stream | footer (a flatbuffer) | int32 its size | ARROW1 |
 *
 * The first message is the schema; then dictionaries and record batches. A file is read as the
 * stream that is in it: its footer only says where things are.
 */
#ifndef STOA_FORMAT_IPC_H
#define STOA_FORMAT_IPC_H

#include "arrow/type.h"
#include "format/flat.h"

/* Message.header_type */
enum stoa__ipc_header {
    STOA__IPC_SCHEMA = 1,
    STOA__IPC_DICTIONARY = 2,
    STOA__IPC_BATCH = 3
};

/* Message.version: four and five are read, five is written. */
enum { STOA__IPC_VERSION4 = 3, STOA__IPC_VERSION5 = 4 };

/* A dictionary of the schema. */
struct stoa__ipc_dictionary {
    int64_t id;
    const struct stoa__arrow_type *node; /* The encoded column. */
    struct ArrowArray values;            /* Shared; released: none came yet. */
};

struct stoa__ipc_dictionaries {
    struct stoa__ipc_dictionary *items; /* In the arena; in the order of the columns. */
    int32_t count, capacity;
};

/* What is wrong is the file: CORRUPT, with the text that is there. */
stoa_status stoa__ipc_corrupt(stoa_error *err);

/* ipc_schema.c: Schema tables and types, both ways. `*type` is a struct. */
stoa_status stoa__ipc_schema_read(stoa__flat *flat, const struct stoa__flat_table *schema,
                                  stoa__arena *arena, struct stoa__arrow_type **type,
                                  struct stoa__ipc_dictionaries *dictionaries, stoa_error *err);
/* Appends the Schema table; no type in it may be dictionary-encoded. */
stoa_status stoa__ipc_schema_write(const struct stoa__arrow_type *type, stoa__buffer *out,
                                   size_t *at, stoa_error *err);

/* ipc_batch.c: a RecordBatch table and its body as an array of `type`, which is validated. The
 * array shares nothing with them. */
stoa_status stoa__ipc_batch_read(stoa__flat *flat, const struct stoa__flat_table *batch,
                                 const uint8_t *body, size_t body_size,
                                 const struct stoa__arrow_type *type,
                                 const struct stoa__ipc_dictionaries *dictionaries,
                                 struct ArrowArray *out, stoa_error *err);

#endif
