/* SPDX-License-Identifier: Apache-2.0 */
/* One stored value, read and written in place. A blob open for writing holds SQLite's write
 * transaction, and so the gate, until it ends. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/care.h"

#include "base/ban.h"

/* Bytes moved between two looks at the call. */
enum { SLICE_BYTES = 1 << 20 };

struct sqlite_blob {
    struct sqlite_session *session;
    sqlite3_blob *native; /* NULL once finished. */
    int size;
    bool writable;
};

/* SQLite guards its own tables, and those that hold virtual ones, against statements only. */
static stoa_status check_writable(struct sqlite_session *session, const char *table,
                                  stoa_error *err)
{
    sqlite3_stmt *ask = NULL;
    int code = sqlite3_prepare_v2(session->db,
                                  "SELECT 1 FROM pragma_table_list(?1) WHERE type = 'shadow'",
                                  -1, &ask, NULL);
    bool own = sqlite3_strnicmp(table, "sqlite_", 7) == 0;

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(ask, 1, table, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(ask);
    own = own || code == SQLITE_ROW;
    stoa_status rc = code == SQLITE_ROW || code == SQLITE_DONE
                         ? STOA_OK
                         : sqlite_fail(session, code, err);
    sqlite3_finalize(ask);
    if (rc == STOA_OK && own)
        rc = stoa__fail(err, STOA_ERR_READ_ONLY, "table %s may not be modified", table);
    return rc;
}

stoa_status sqlite_blob_open(void *self, stoa__call *call, const char *database,
                             const char *table, const char *column, int64_t row_id, bool writable,
                             void **out, int64_t *size, stoa_error *err)
{
    struct sqlite_session *session = self;
    struct sqlite_blob *blob = stoa__alloc_zero(1, sizeof *blob);
    stoa_status rc = blob ? STOA_OK : stoa__fail_nomem(err);

    if (rc == STOA_OK && writable)
        rc = sqlite_write_begin(session, call, err);
    if (rc != STOA_OK) {
        stoa__free(blob);
        return rc;
    }
    stoa__call *before = sqlite_enter(session, call);
    if (writable)
        rc = check_writable(session, table, err);
    int code = rc == STOA_OK ? sqlite3_blob_open(session->db, database, table, column, row_id,
                                                 writable, &blob->native)
                             : SQLITE_OK;
    if (code != SQLITE_OK)
        rc = sqlite_fail(session, code, err);
    sqlite_leave(session, before);
    if (rc != STOA_OK) {
        sqlite_write_settle(session);
        stoa__free(blob);
        return rc;
    }
    blob->session = session;
    blob->size = sqlite3_blob_bytes(blob->native);
    blob->writable = writable;
    session->running++;
    session->writing += writable;
    *out = blob;
    *size = blob->size;
    return STOA_OK;
}

static stoa_status check_range(const struct sqlite_blob *blob, int64_t offset, int64_t size,
                               stoa_error *err)
{
    if (!blob->native)
        return stoa__fail(err, STOA_ERR_CLOSED, "the blob is finished");
    if (offset < 0 || size < 0 || offset > blob->size || size > blob->size - offset)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "bytes %lld to %lld lie outside the blob, which has %d",
                          (long long)offset, (long long)offset + (long long)size, blob->size);
    return STOA_OK;
}

static stoa_status fail_blob(struct sqlite_blob *blob, int code, stoa_error *err)
{
    if ((code & 0xff) == SQLITE_ABORT)
        return stoa__fail(err, STOA_ERR_CLOSED,
                          "the row of this blob was changed or deleted since it was opened");
    return sqlite_fail(blob->session, code, err);
}

/* Move bytes in slices; `write` says which way. */
static stoa_status move_bytes(struct sqlite_blob *blob, stoa__call *call, int64_t offset,
                              uint8_t *into, const uint8_t *from, int64_t size, stoa_error *err)
{
    stoa_status rc = check_range(blob, offset, size, err);
    stoa__call *before = sqlite_enter(blob->session, call);

    for (int64_t done = 0; rc == STOA_OK && done < size;) {
        int slice = (int)(size - done < SLICE_BYTES ? size - done : SLICE_BYTES);
        int at = (int)(offset + done);
        int code = into ? sqlite3_blob_read(blob->native, into + done, slice, at)
                        : sqlite3_blob_write(blob->native, from + done, slice, at);
        if (code != SQLITE_OK)
            rc = fail_blob(blob, code, err);
        done += slice;
        if (rc == STOA_OK && done < size)
            rc = stoa__call_check(call, err);
    }
    sqlite_leave(blob->session, before);
    if (rc == STOA_OK && into)
        rc = sqlite_session_current(blob->session, err);
    return rc;
}

stoa_status sqlite_blob_read(void *self, stoa__call *call, int64_t offset, uint8_t *bytes,
                             int64_t size, stoa_error *err)
{
    return move_bytes(self, call, offset, bytes, NULL, size, err);
}

stoa_status sqlite_blob_write(void *self, stoa__call *call, int64_t offset, const uint8_t *bytes,
                              int64_t size, stoa_error *err)
{
    struct sqlite_blob *blob = self;
    if (!blob->writable)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "the blob was opened for reading");
    return move_bytes(blob, call, offset, NULL, bytes, size, err);
}

static int end_blob(struct sqlite_blob *blob)
{
    struct sqlite_session *session = blob->session;
    int code = sqlite3_blob_close(blob->native);
    blob->native = NULL;
    session->running--;
    session->writing -= blob->writable;
    return code;
}

stoa_status sqlite_blob_finish(void *self, stoa__call *call, stoa_error *err)
{
    struct sqlite_blob *blob = self;
    stoa_status rc = STOA_OK;
    if (!blob->native)
        return STOA_OK;
    stoa__call *before = sqlite_enter(blob->session, call);
    int code = end_blob(blob);
    if (code != SQLITE_OK)
        rc = sqlite_fail(blob->session, code, err);
    sqlite_leave(blob->session, before);
    sqlite_write_settle(blob->session);
    return rc;
}

void sqlite_blob_close(void *self)
{
    struct sqlite_blob *blob = self;
    if (blob->native) {
        end_blob(blob);
        sqlite_write_settle(blob->session);
    }
    stoa__free(blob);
}
