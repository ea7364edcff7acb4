/* SPDX-License-Identifier: Apache-2.0 */
/* Who a driver and its database say they are. */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "arrow/cell.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#include "base/ban.h"

enum { VENDOR_NAME = 0, VENDOR_VERSION = 1, DRIVER_NAME = 100, DRIVER_VERSION = 101 };

static char **place_of(struct adbc_instance *instance, int64_t code)
{
    switch (code) {
    case VENDOR_NAME:
        return &instance->vendor;
    case VENDOR_VERSION:
        return &instance->vendor_version;
    case DRIVER_NAME:
        return &instance->driver_name;
    case DRIVER_VERSION:
        return &instance->driver_version;
    default:
        return NULL;
    }
}

/* One row: a code and a union of which the text is kept. */
static stoa_status keep(struct adbc_instance *instance, const struct stoa__cell *row,
                        stoa_error *err)
{
    struct stoa__cell code, value, text;
    const uint8_t *bytes;
    char **place;
    int64_t size;

    stoa__cell_child(row, 0, &code);
    stoa__cell_child(row, 1, &value);
    if (code.null || code.type->kind != STOA__ARROW_UINT32 || value.null ||
        (value.type->kind != STOA__ARROW_DENSE_UNION &&
         value.type->kind != STOA__ARROW_SPARSE_UNION))
        return STOA_OK;
    stoa__cell_child(&value, 0, &text);
    place = place_of(instance, stoa__cell_int64(&code));
    if (!place || *place || text.null || text.type->kind != STOA__ARROW_UTF8)
        return STOA_OK;
    bytes = stoa__cell_bytes(&text, &size);
    *place = stoa__copy_text((const char *)bytes, (size_t)size);
    return *place ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status read_info(struct adbc_instance *instance, struct stoa__stream_in *in,
                             stoa_error *err)
{
    struct ArrowArray batch;
    stoa_status rc;

    while ((rc = stoa__stream_in_next(in, &batch, err)) == STOA_OK) {
        for (int64_t i = 0; i < batch.length && rc == STOA_OK && in->type->child_count >= 2; i++) {
            struct stoa__cell row;

            stoa__cell_at(in->type, &batch, i, &row);
            rc = keep(instance, &row, err);
        }
        stoa__array_release(&batch);
        if (rc != STOA_OK)
            return rc;
    }
    if (rc == STOA_DONE)
        return STOA_OK;
    return rc == STOA_ERR_NOMEM ? rc : adbc_fail_stream(instance, &in->stream, err);
}

static stoa_status ask(struct adbc_session *session, stoa_error *err)
{
    static const uint32_t codes[] = {VENDOR_NAME, VENDOR_VERSION, DRIVER_NAME, DRIVER_VERSION};
    struct adbc_instance *instance = session->instance;
    struct ArrowArrayStream stream = {0};
    struct stoa__stream_in in;
    adbc_error error = adbc_error_for(instance);
    adbc_status status = instance->driver->table.connection_info(
        &session->connection, codes, sizeof codes / sizeof *codes, &stream, &error);
    stoa_status rc;

    /* A server that will not say who it is may be of use all the same. */
    if (status == ADBC_NOT_IMPLEMENTED || status == ADBC_NOT_FOUND) {
        adbc_error_drop(&error);
        return STOA_OK;
    }
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = stoa__stream_in_init(&in, &stream, STOA_CHECK_FULL, err);
    if (rc != STOA_OK) {
        rc = adbc_fail_stream(instance, &stream, err);
        stoa_stream_release(&stream);
        return rc;
    }
    rc = read_info(instance, &in, err);
    stoa__stream_in_release(&in);
    return rc;
}

/* Whether there are transactions is asked by opening an empty one, which changes nothing. Failures
 * other than NOT_IMPLEMENTED say nothing about that. */
static stoa_status try_transactions(struct adbc_session *session, stoa_error *err)
{
    if (adbc_lacks(session->instance, ADBC_CAN_TRANSACTIONS) ||
        adbc_autocommit_now(session, false, NULL) != STOA_OK)
        return STOA_OK;
    return adbc_autocommit_now(session, true, err);
}

stoa_status adbc_know(struct adbc_session *session, stoa_error *err)
{
    struct adbc_instance *instance = session->instance;
    stoa_status rc = ask(session, err);

    if (rc == STOA_OK && !instance->vendor)
        instance->vendor = stoa__copy_text("unknown", 7);
    if (rc == STOA_OK && !instance->vendor)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        instance->quirk = adbc_quirk_find(instance->vendor);
    if (rc == STOA_OK)
        adbc_note_quirk(instance);
    if (rc == STOA_OK && !instance->quirk->sql_transactions)
        rc = try_transactions(session, err);
    return rc;
}
