/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of messages as an Arrow stream. */
#include "format/ipc.h"

#include "arrow/array.h"
#include "arrow/stream.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/op.h"
#include "base/settings.h"
#include "format/source.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

enum {
    METADATA_MAX = 1 << 26,
    STEP = 1 << 22, /* Memory grows as bytes come, whatever a message says of its size. */
    MESSAGE_VERSION = 0,
    MESSAGE_TYPE,
    MESSAGE_HEADER,
    MESSAGE_BODY,
    DICTIONARY_ID = 0,
    DICTIONARY_DATA,
    DICTIONARY_DELTA
};
#define BODY_MAX (INT64_C(1) << 36)
#define CONTINUES UINT32_C(0xffffffff)

struct ipc {
    stoa__source source;
    stoa__settings options;
    struct stoa__object *op; /* Referenced; NULL: no limit. */
    long process;
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__ipc_dictionaries dictionaries;
    stoa__buffer metadata, body; /* Of the last message. */
    int64_t message_count;
};

/* The message that was read. */
struct message {
    stoa__flat flat;
    int64_t type; /* enum stoa__ipc_header */
    struct stoa__flat_table header;
};

/* ---- messages ---- */

static stoa_status read_bytes(struct ipc *ipc, stoa__call *call, stoa__buffer *to, uint64_t size,
                              stoa_error *err)
{
    stoa_status rc = STOA_OK;

    to->size = 0;
    while (rc == STOA_OK && to->size < size) {
        const size_t left = (size_t)size - to->size, step = left < STEP ? left : STEP;
        size_t got = 0;

        if (stoa__buffer_reserve(to, step) != STOA_OK)
            return stoa__fail_nomem(err);
        rc = stoa__source_read(&ipc->source, call, to->data + to->size, step, &got, err);
        to->size += got;
        if (rc == STOA_OK && got < step)
            return stoa__fail(err, STOA_ERR_CORRUPT, "it ends in the middle of a message");
    }
    return rc;
}

static stoa_status read_word(struct ipc *ipc, stoa__call *call, uint32_t *word, size_t *got,
                             stoa_error *err)
{
    stoa_status rc = stoa__source_read(&ipc->source, call, (uint8_t *)word, sizeof *word, got, err);

    if (rc == STOA_OK && *got > 0 && *got < sizeof *word)
        return stoa__fail(err, STOA_ERR_CORRUPT, "it ends in the middle of a message");
    return rc;
}

/* How long the metadata of the next message is; DONE at the end. Before version 15 of Arrow there
 * was no mark in front of it. A file begins with eight bytes of its own. */
static stoa_status read_prefix(struct ipc *ipc, stoa__call *call, uint32_t *size, stoa_error *err)
{
    size_t got = 0;
    stoa_status rc = read_word(ipc, call, size, &got, err);

    if (rc == STOA_OK && ipc->message_count == 0 && got == 4 && memcmp(size, "ARRO", 4) == 0) {
        rc = read_word(ipc, call, size, &got, err);
        if (rc == STOA_OK && (got == 0 || memcmp(size, "W1", 2) != 0))
            rc = stoa__fail(err, STOA_ERR_CORRUPT, "it is no Arrow file");
        if (rc == STOA_OK)
            rc = read_word(ipc, call, size, &got, err);
    }
    if (rc == STOA_OK && got == 4 && *size == CONTINUES)
        rc = read_word(ipc, call, size, &got, err);
    if (rc != STOA_OK)
        return rc;
    if (got == 0 || *size == 0)
        return STOA_DONE;
    if (*size > METADATA_MAX)
        return stoa__fail(err, STOA_ERR_CORRUPT,
                          ipc->message_count == 0 ? "it is neither an Arrow stream nor a file"
                                                  : "the metadata of a message is too large");
    return STOA_OK;
}

static stoa_status read_message(struct ipc *ipc, stoa__call *call, struct message *message,
                                stoa_error *err)
{
    struct stoa__flat_table root;
    uint32_t size = 0;
    int64_t body, version;
    stoa_status rc = read_prefix(ipc, call, &size, err);

    if (rc == STOA_OK)
        rc = read_bytes(ipc, call, &ipc->metadata, size, err);
    if (rc != STOA_OK)
        return rc;
    message->flat = (stoa__flat){.data = ipc->metadata.data, .size = ipc->metadata.size};
    root = stoa__flat_root(&message->flat);
    version = stoa__flat_int(&message->flat, &root, MESSAGE_VERSION, 2, 0);
    message->type = stoa__flat_int(&message->flat, &root, MESSAGE_TYPE, 1, 0);
    message->header = stoa__flat_child(&message->flat, &root, MESSAGE_HEADER);
    body = stoa__flat_int(&message->flat, &root, MESSAGE_BODY, 8, 0);
    if (message->flat.bad || message->header.at == 0 || body < 0 || body > BODY_MAX)
        return stoa__fail(err, STOA_ERR_CORRUPT,
                          ipc->message_count == 0 ? "it is neither an Arrow stream nor a file"
                                                  : "the metadata of a message is damaged");
    if (version != STOA__IPC_VERSION4 && version != STOA__IPC_VERSION5)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "its metadata is of version %lld, not 4 or 5",
                          (long long)version + 1);
    ipc->message_count++;
    return read_bytes(ipc, call, &ipc->body, (uint64_t)body, err);
}

/* ---- dictionaries and batches ---- */

/* A dictionary comes as a batch of one column. */
static stoa_status read_values(struct ipc *ipc, struct message *message,
                               const struct stoa__arrow_type *node, struct ArrowArray *out,
                               stoa_error *err)
{
    const struct stoa__arrow_type batch = {.kind = STOA__ARROW_STRUCT,
                                           .format = "+s",
                                           .name = "",
                                           .zone = "",
                                           .nullable = true,
                                           .children = node->dictionary,
                                           .child_count = 1};
    const struct stoa__flat_table data =
        stoa__flat_child(&message->flat, &message->header, DICTIONARY_DATA);
    struct ArrowArray read = {0}, values;
    stoa_status rc = stoa__ipc_batch_read(&message->flat, &data, ipc->body.data, ipc->body.size,
                                          &batch, &ipc->dictionaries, &read, err);

    if (rc != STOA_OK)
        return rc;
    values = *read.children[0];
    read.children[0]->release = NULL;
    stoa__array_release(&read);
    rc = stoa__array_share(&values, out, err);
    if (rc != STOA_OK)
        stoa__array_release(&values);
    return rc;
}

static stoa_status take_dictionary(struct ipc *ipc, struct message *message, stoa_error *err)
{
    const int64_t id =
        stoa__flat_int(&message->flat, &message->header, DICTIONARY_ID, 8, 0);
    stoa_status rc = STOA_OK;

    if (stoa__flat_int(&message->flat, &message->header, DICTIONARY_DELTA, 1, 0) != 0)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "a dictionary is added to, which is not read");
    for (int32_t i = 0; rc == STOA_OK && i < ipc->dictionaries.count; i++) {
        struct stoa__ipc_dictionary *dictionary = &ipc->dictionaries.items[i];
        struct ArrowArray values = {0};

        if (dictionary->id != id)
            continue;
        rc = read_values(ipc, message, dictionary->node, &values, err);
        if (rc == STOA_OK) {
            stoa__array_release(&dictionary->values);
            dictionary->values = values;
        }
    }
    return rc;
}

static stoa_status next(struct ipc *ipc, stoa__call *call, struct ArrowArray *out, stoa_error *err)
{
    struct message message;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && !out->release) {
        rc = read_message(ipc, call, &message, err);
        if (rc != STOA_OK)
            break;
        if (message.type == STOA__IPC_BATCH)
            rc = stoa__ipc_batch_read(&message.flat, &message.header, ipc->body.data,
                                      ipc->body.size, ipc->type, &ipc->dictionaries, out, err);
        else if (message.type == STOA__IPC_DICTIONARY)
            rc = take_dictionary(ipc, &message, err);
        else
            rc = stoa__fail(err, STOA_ERR_CORRUPT, "a message of kind %lld is where a batch should"
                            " be", (long long)message.type);
    }
    return rc;
}

/* ---- the producer ---- */

static stoa_status ipc_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    return stoa__arrow_type_export(((struct ipc *)self)->type, out, err);
}

static stoa_status ipc_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct ipc *ipc = self;
    stoa__call call;
    stoa_status rc;

    if (ipc->process != (long)getpid())
        return stoa__fail(err, STOA_ERR_FORKED, "this stream was opened before fork(): it belongs "
                          "to the parent process");
    stoa__call_resume(&call, stoa__op_of_object(ipc->op), NULL);
    rc = stoa__call_check(&call, err);
    if (rc == STOA_OK)
        rc = next(ipc, &call, out, err);
    if (rc < 0)
        stoa__wrap(err, "%s, message %lld", ipc->source.name, (long long)ipc->message_count + 1);
    return rc;
}

static void ipc_release(void *self)
{
    struct ipc *ipc = self;

    for (int32_t i = 0; i < ipc->dictionaries.count; i++)
        stoa__array_release(&ipc->dictionaries.items[i].values);
    stoa__buffer_release(&ipc->metadata);
    stoa__buffer_release(&ipc->body);
    stoa__source_release(&ipc->source);
    stoa__settings_release(&ipc->options);
    stoa__arena_release(&ipc->arena);
    if (ipc->op)
        stoa__object_unref(ipc->op);
    stoa__free(ipc);
}

static const struct stoa__producer producer = {
    .schema = ipc_schema, .next = ipc_next, .release = ipc_release};

/* ---- opening ---- */

static stoa_status read_schema(struct ipc *ipc, stoa__call *call, stoa_error *err)
{
    struct message message;
    stoa_status rc = read_message(ipc, call, &message, err);

    if (rc == STOA_DONE)
        rc = stoa__fail(err, STOA_ERR_CORRUPT, "it is empty");
    if (rc == STOA_OK && message.type != STOA__IPC_SCHEMA)
        rc = stoa__fail(err, STOA_ERR_CORRUPT, "it does not begin with a schema");
    if (rc == STOA_OK)
        rc = stoa__ipc_schema_read(&message.flat, &message.header, &ipc->arena, &ipc->type,
                                   &ipc->dictionaries, err);
    return rc;
}

/* The source is the caller's to release until the reader has it. */
static stoa_status open_reader(struct ipc *ipc, stoa__call *call, const stoa_source *source,
                               const stoa_option *options, int64_t option_count,
                               struct ArrowArrayStream *out, stoa_error *err)
{
    stoa_status rc = stoa__settings_add(&ipc->options, options, option_count, err);

    ipc->process = (long)getpid();
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&ipc->options, "ipc", err);
    if (rc != STOA_OK) {
        if (source->release)
            source->release(source->user_data);
        return rc;
    }
    rc = stoa__source_open(&ipc->source, source, STOA__PACKED_AUTO, call, err);
    if (rc != STOA_OK)
        return rc;
    rc = read_schema(ipc, call, err);
    if (rc != STOA_OK)
        stoa__wrap(err, "%s", ipc->source.name);
    return rc == STOA_OK ? stoa__stream_out(&producer, ipc, out, err) : rc;
}

static stoa_status begin(stoa_op op, const stoa_source *source, const struct ArrowArrayStream *out,
                         stoa__call *call, struct ipc **ipc, stoa_error *err)
{
    stoa_status rc = stoa__source_check(source, out, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__call_begin(call, op, NULL, err);
    if (rc == STOA_OK) {
        *ipc = stoa__alloc_zero(1, sizeof **ipc);
        if (!*ipc) {
            stoa__call_end(call);
            rc = stoa__fail_nomem(err);
        }
    }
    if (rc != STOA_OK && source->release)
        source->release(source->user_data);
    return rc;
}

stoa_status stoa_ipc_open(stoa_op op, const stoa_source *source, const stoa_option *options,
                          int64_t option_count, struct ArrowArrayStream *out, stoa_error *err)
{
    struct ipc *ipc = NULL;
    stoa__call call = {0};
    stoa_status rc;

    if (out)
        *out = (struct ArrowArrayStream){0};
    rc = begin(op, source, out, &call, &ipc, err);
    if (rc != STOA_OK || !ipc)
        return rc;
    rc = open_reader(ipc, &call, source, options, option_count, out, err);
    if (rc == STOA_OK) {
        ipc->op = stoa__call_op_object(&call);
        if (ipc->op)
            stoa__object_ref(ipc->op);
    } else {
        ipc_release(ipc);
    }
    stoa__call_end(&call);
    return rc;
}
