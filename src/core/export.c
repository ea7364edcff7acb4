/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an exported stream
 *
 *   It owns cursor and native statement, and holds the session and the operation by reference.
 *   A statement of stoa_prepare() that is there when the stream ends, and was not run in between,
 *   gets its native part back.
 *   Pulling takes the session's mark, again if the thread has it already. Releasing it, on any
 *   thread, buries the native part like any leaf. A shutdown of the database (or a reset of the
 *   connection) stops it: the native part ends at once, and the stream fails from then on.
 */
#include "core/result.h"

#include "arrow/array.h"
#include "arrow/stream.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/op.h"
#include "core/db.h"
#include "core/stmt.h"

#include <assert.h>
#include <stddef.h>

#include "base/ban.h"

struct export
{
    struct stoa__leaf_link link;
    struct stoa__grave grave;
    struct stoa__session *session; /* Referenced. */
    struct stoa__object *op;       /* Referenced; NULL: no limit. */
    void *statement, *cursor;      /* NULL once stopped. */
    struct stoa__stmt *home;       /* Whose `statement` is; NULL: its own. */
    const struct stoa__engine *cursors; /* The functions of the cursor. */
    struct ArrowArray batch;       /* What was read ahead for rows. */
    int64_t batch_row;
    _Atomic int32_t released; /* Cancels a pull that runs on another thread. */
};

/* The mark is held. */
static void end_statement(struct export *export)
{
    struct stoa__stmt *home = export->home;

    if (home)
        home->lent = NULL;
    if (home && !home->native)
        home->native = export->statement;
    else if (export->statement)
        export->session->engine->statement_close(export->statement);
    export->home = NULL;
    export->statement = NULL;
}

/* The mark is held. */
static void end_native(struct export *export)
{
    if (!export->cursor)
        return;
    stoa__session_unlink(export->session, &export->link);
    export->cursors->cursor_close(export->cursor);
    export->cursor = NULL;
    end_statement(export);
    stoa__array_release(&export->batch);
}

static void export_stop(struct stoa__leaf_link *link)
{
    struct export *export =
        (struct export *)(void *)((char *)link - offsetof(struct export, link));

    end_native(export);
}

static void export_end(struct stoa__grave *grave)
{
    struct export *export =
        (struct export *)(void *)((char *)grave - offsetof(struct export, grave));

    end_native(export);
    stoa__free(export);
}

/* ---- the producer ---- */

static stoa_status enter(struct export *export, stoa__call *call, stoa_error *err)
{
    struct stoa__session *session = export->session;
    stoa_status rc;

    if (stoa__object_forked(&session->db->object))
        return stoa__fail(
            err, STOA_ERR_FORKED,
            "this stream was opened before fork(): it belongs to the parent "
            "process");
    stoa__call_resume(call, stoa__op_of_object(export->op), NULL);
    call->stopped = &export->released;
    rc = stoa__session_take_nested(session, call, err);
    if (rc != STOA_OK)
        return rc;
    if (!export->cursor)
        rc = stoa__fail(
            err, STOA_ERR_CLOSED,
            "the stream was ended: its database was shut down or its connection "
            "reset");
    else if (atomic_load(&session->db->stopping))
        rc = stoa__db_fail_stopping(err);
    else
        rc = stoa__call_check(call, err);
    if (rc != STOA_OK)
        stoa__session_let_go(session);
    return rc;
}

static stoa_status export_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    const struct stoa__arrow_type *type = NULL;
    struct export *export = self;
    stoa__call call;
    stoa_status rc = enter(export, &call, err);

    if (rc != STOA_OK)
        return rc;
    rc = export->cursors->cursor_type(export->cursor, &call, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, out, err);
    stoa__session_let_go(export->session);
    return rc;
}

/* What was read ahead, from its first row that was not given yet. */
static stoa_status give_batch(struct export *export, struct ArrowArray *out,
                              stoa_error *err)
{
    struct ArrowArray whole = export->batch;
    int64_t row = export->batch_row;
    stoa_status rc;

    export->batch = (struct ArrowArray){0};
    if (row == 0) {
        *out = whole;
        return STOA_OK;
    }
    rc = stoa_batch_slice(&whole, row, whole.length - row, out, err);
    stoa__array_release(&whole);
    return rc;
}

static stoa_status export_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct export *export = self;
    stoa__call call;
    stoa_status rc = enter(export, &call, err);

    if (rc != STOA_OK)
        return rc;
    if (export->batch.release)
        rc = give_batch(export, out, err);
    else
        rc = export->cursors->cursor_next(export->cursor, &call, out, err);
    stoa__session_let_go(export->session);
    return rc;
}

static void export_release(void *self)
{
    struct export *export = self;
    struct stoa__session *session = export->session;
    struct stoa__object *op = export->op;

    if (stoa__object_forked(&session->db->object))
        return; /* All of it is the parent process's. */
    atomic_store(&export->released, 1);
    stoa__session_bury(session, &export->grave);
    stoa__session_unref(session);
    if (op)
        stoa__object_unref(op);
}

static const struct stoa__producer producer = {
    .schema = export_schema, .next = export_next, .release = export_release};

/* ---- from a result ---- */

static struct export *export_new(struct stoa__entry *entry)
{
    struct export *export = stoa__alloc_zero(1, sizeof *export);

    if (!export)
        return NULL;
    export->session = entry->session;
    export->grave.end = export_end;
    export->link.kind = STOA__KIND_NONE;
    export->link.stop = export_stop;
    export->op = stoa__call_op_object(&entry->call);
    return export;
}

/* Nothing fails from here on. */
static void move(struct export *export, struct stoa__result *result)
{
    struct stoa__stmt *stmt = result->stmt;

    export->cursor = result->cursor;
    export->cursors = result->cursors;
    export->statement = result->statement;
    if (stmt) {
        /* The statement prepares itself again when it is needed before that. */
        if (stmt->lent)
            *stmt->lent = NULL;
        stmt->lent = &export->home;
        export->home = stmt;
        export->statement = stmt->native;
        stmt->native = NULL;
        stmt->running = NULL;
    }
    export->batch = result->batch;
    export->batch_row = result->batch_row;
    result->cursor = result->statement = NULL;
    result->batch = (struct ArrowArray){0};
    stoa__session_ref(export->session);
    if (export->op)
        stoa__object_ref(export->op);
    stoa__session_link(export->session, &export->link);
}

/* Take the rest of `result`, whose mark the entry holds; on failure it is as before. */
static stoa_status take_rest(struct stoa__entry *entry, struct stoa__result *result,
                             struct ArrowArrayStream *out, stoa_error *err)
{
    struct export *export;
    stoa_status rc;

    if (!result->cursor)
        return stoa__fail(err, STOA_ERR_INVALID, "the result has no statement left");
    export = export_new(entry);
    if (!export)
        return stoa__fail_nomem(err);
    rc = stoa__stream_out(&producer, export, out, err);
    if (rc != STOA_OK) {
        stoa__free(export);
        return rc;
    }
    move(export, result);
    return STOA_OK;
}

stoa_status stoa_result_export(stoa_result handle, stoa_op op,
                               struct ArrowArrayStream *out, stoa_error *err)
{
    struct stoa__result *result;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowArrayStream){0};
    rc = stoa__result_enter(&entry, handle, op, &result, err);
    if (rc != STOA_OK)
        return rc;
    rc = take_rest(&entry, result, out, err);
    if (rc == STOA_OK)
        stoa__object_close(handle.id, STOA__KIND_RESULT);
    return stoa__leave(&entry, rc);
}
