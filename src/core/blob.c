/* SPDX-License-Identifier: Apache-2.0 */
/* Stored values read and written in place. */
#include "core/conn.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/target.h"

#include <assert.h>

#include "base/ban.h"

struct blob {
    struct stoa__leaf leaf;
    void *native;
    int64_t size;
    bool writable;
};

static void blob_end(struct stoa__grave *grave)
{
    struct blob *blob = (struct blob *)stoa__leaf_end(grave);

    blob->leaf.session->engine->blob_close(blob->native);
    stoa__free(blob);
}

static const struct stoa__class blob_class = {.kind = STOA__KIND_BLOB,
                                              .destroy = stoa__leaf_destroy};

struct place {
    char *database, *table, *column;
    int64_t row_id;
};

static stoa_status blob_open(struct stoa__entry *entry, const struct place *place,
                             bool writable, uint64_t *id, stoa_error *err)
{
    const struct stoa__engine *engine = entry->engine;
    struct blob *blob;
    stoa_status rc;

    if (!STOA__HAS(engine, blob_open) || !STOA__HAS(engine, blob_read))
        return stoa__unsupported(engine, STOA_CAN_BLOBS, err);
    blob = stoa__alloc_zero(1, sizeof *blob);
    if (!blob)
        return stoa__fail_nomem(err);
    blob->leaf.session = entry->session;
    blob->leaf.conn = entry->leaf->conn;
    blob->writable = writable;
    rc = engine->blob_open(entry->session->native, &entry->call,
                           place->database ? place->database : "main", place->table,
                           place->column, place->row_id, writable, &blob->native,
                           &blob->size, err);
    if (rc == STOA_OK) {
        rc = stoa__leaf_open(&blob->leaf, &blob_class, &entry->leaf->object, blob_end, id,
                             err);
        if (rc == STOA_OK)
            return STOA_OK;
        engine->blob_close(blob->native);
    }
    stoa__free(blob);
    return rc;
}

stoa_status stoa_blob_open(stoa_conn conn, stoa_op op, const char *database,
                           int64_t database_size, const char *table, int64_t table_size,
                           const char *column, int64_t column_size, int64_t row_id,
                           int32_t writable, stoa_blob *out, stoa_error *err)
{
    struct place place = {.row_id = row_id};
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_blob){0};
    if (writable != 0 && writable != 1)
        return stoa__fail(err, STOA_ERR_INVALID, "writable is %d, not 0 or 1",
                          (int)writable);
    rc = stoa__name_copy_optional("database", database, database_size, &place.database,
                                  err);
    if (rc == STOA_OK)
        rc = stoa__name_copy("table", table, table_size, &place.table, err);
    if (rc == STOA_OK)
        rc = stoa__name_copy("column", column, column_size, &place.column, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry, blob_open(&entry, &place, writable == 1, &out->id, err));
    stoa__free(place.database);
    stoa__free(place.table);
    stoa__free(place.column);
    return rc;
}

void stoa_blob_close(stoa_blob blob)
{
    stoa__object_close(blob.id, STOA__KIND_BLOB);
}

stoa_status stoa_blob_size(stoa_blob handle, int64_t *size, stoa_error *err)
{
    struct stoa__leaf *leaf = NULL;
    stoa_status rc;

    if (!size)
        return stoa__fail_null(err, "size");
    *size = 0;
    rc = stoa__leaf_pin(handle.id, STOA__KIND_BLOB, &leaf, err);
    if (rc != STOA_OK)
        return rc;
    *size = ((struct blob *)leaf)->size; /* Never changes. */
    stoa__object_unpin(&leaf->object);
    return STOA_OK;
}

/* Enter for bytes [offset, offset + size). */
static stoa_status enter_range(struct stoa__entry *entry, stoa_blob handle, stoa_op op,
                               int64_t offset, int64_t size, const void *bytes,
                               struct blob **out, stoa_error *err)
{
    stoa_status rc;

    if (size < 0 || offset < 0 || (!bytes && size > 0))
        return stoa__fail(
            err, STOA_ERR_INVALID, "offset is %lld, size is %lld and bytes is %s",
            (long long)offset, (long long)size, bytes ? "not NULL" : "NULL");
    rc = stoa__enter(entry, handle.id, STOA__KIND_BLOB, op, err);
    if (rc != STOA_OK)
        return rc;
    *out = (struct blob *)entry->leaf;
    if (offset <= (*out)->size && size <= (*out)->size - offset)
        return STOA_OK;
    rc = stoa__fail(err, STOA_ERR_INVALID,
                    "%lld bytes at %lld are not inside the %lld there are",
                    (long long)size, (long long)offset, (long long)(*out)->size);
    return stoa__leave(entry, rc);
}

stoa_status stoa_blob_read(stoa_blob handle, stoa_op op, int64_t offset, uint8_t *bytes,
                           int64_t size, stoa_error *err)
{
    struct stoa__entry entry;
    struct blob *blob = NULL;
    stoa_status rc = enter_range(&entry, handle, op, offset, size, bytes, &blob, err);

    if (rc != STOA_OK)
        return rc;
    rc = entry.engine->blob_read(blob->native, &entry.call, offset, bytes, size, err);
    return stoa__leave(&entry, rc);
}

stoa_status stoa_blob_write(stoa_blob handle, stoa_op op, int64_t offset,
                            const uint8_t *bytes, int64_t size, stoa_error *err)
{
    struct stoa__entry entry;
    struct blob *blob = NULL;
    stoa_status rc = enter_range(&entry, handle, op, offset, size, bytes, &blob, err);

    if (rc != STOA_OK)
        return rc;
    if (!STOA__HAS(entry.engine, blob_write))
        rc = stoa__unsupported(entry.engine, STOA_CAN_BLOBS, err);
    else if (!blob->writable)
        rc = stoa__fail(err, STOA_ERR_READ_ONLY, "the blob was opened for reading");
    else
        rc =
            entry.engine->blob_write(blob->native, &entry.call, offset, bytes, size, err);
    return stoa__leave(&entry, rc);
}

stoa_status stoa_blob_finish(stoa_blob handle, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, handle.id, STOA__KIND_BLOB, op, err);

    if (rc != STOA_OK)
        return rc;
    if (STOA__HAS(entry.engine, blob_finish))
        rc = entry.engine->blob_finish(((struct blob *)entry.leaf)->native, &entry.call,
                                       err);
    if (rc == STOA_OK)
        stoa__object_close(handle.id, STOA__KIND_BLOB);
    return stoa__leave(&entry, rc);
}
