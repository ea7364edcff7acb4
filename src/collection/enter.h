/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every public function of the collections gets in and out: on a connection of the SQLite
 * engine, with the schema read and valid, the policies at hand, and its name for error texts.
 *
 *     struct collection_call call;
 *     stoa_status rc = collection_enter(&call, conn, op, "create_element", err);
 *
 *     if (rc != STOA_OK)
 *         return rc;
 *     rc = collection_write_begin(&call, err);
 *     if (rc == STOA_OK)
 *         rc = collection_write_end(&call, work(&call, err), err);
 *     return collection_leave(&call, rc);
 */
#ifndef STOA_COLLECTION_ENTER_H
#define STOA_COLLECTION_ENTER_H

#include "base/buffer.h"
#include "collection/model.h"
#include "core/conn.h"

/* stoa_collection_set() */
struct collection_policy {
    bool trim;
    bool dates_raw;
    bool nan_null;
    bool arrays_fan_out;
    bool cells_null;
    bool rules_basic;
};

/* What a connection keeps between calls; made by the first one, freed with the connection. */
struct collection_state {
    struct collection_policy policy;
    struct collection_model *model; /* NULL: not read yet. Replaced, not changed. */
    bool high_ids; /* This connection has made ids above COLLECTION_ID_HIGH. */
    stoa__buffer room[3]; /* Memory of small writes, lent to one at a time (rows.h). */
};

struct collection_call {
    struct stoa__entry entry; /* First: the engine, the session, the operation. */
    const char *operation;    /* "create_element" */
    struct collection_state *state;
    const struct collection_model *model; /* Valid for this call. */
    bool own_transaction;
    bool savepoint;
    bool undoing; /* What runs now runs though the call is to stop. */
};

/* Pin, take the mark, and read the schema when it is not known or has changed. `operation` lives
 * for ever. collection_enter_bare() does all but the schema (model is NULL). */
stoa_status collection_enter(struct collection_call *call, stoa_conn conn, stoa_op op,
                             const char *operation, stoa_error *err);
stoa_status collection_enter_bare(struct collection_call *call, stoa_conn conn, stoa_op op,
                                  const char *operation, stoa_error *err);
/* Answers `rc`. */
stoa_status collection_leave(struct collection_call *call, stoa_status rc);

/* Read and validate the schema into `call` now (after DDL of our own). */
stoa_status collection_load(struct collection_call *call, stoa_error *err);
/* Read it with all that is wrong with it (model->findings), and keep nothing: to be given to
 * collection_model_free(). */
stoa_status collection_load_raw(struct collection_call *call, struct collection_model **out,
                                stoa_error *err);

/* Begin a write transaction, or a savepoint in the one that is open, which has the write lock then;
 * and commit or take all of it back, answering `rc` or why the commit failed. Reading several
 * statements as one view is the same with collection_read_begin(), which does nothing inside a
 * transaction. */
stoa_status collection_write_begin(struct collection_call *call, stoa_error *err);
stoa_status collection_write_end(struct collection_call *call, stoa_status rc, stoa_error *err);
/* Has the engine ended the transaction by itself? What ran now would be kept. */
bool collection_write_lost(const struct collection_call *call);
/* Take all of it back though it went well. */
void collection_write_cancel(struct collection_call *call);
/* A savepoint around a part of it: what fails is taken back. */
stoa_status collection_write_guard(struct collection_call *call, stoa_error *err);
stoa_status collection_write_unguard(struct collection_call *call, stoa_status rc,
                                     stoa_error *err);
/* What a statement that may write runs under: this call, or none inside of the caller's
 * transaction, all of which SQLite would take back with a write that is cut short. Fails when it is
 * time to stop, so there it is asked before each statement and every COLLECTION_WRITE_ROWS rows. */
enum { COLLECTION_WRITE_ROWS = 256 };
stoa_status collection_write_under(struct collection_call *call, stoa__call **under,
                                   stoa_error *err);
stoa_status collection_read_begin(struct collection_call *call, stoa_error *err);
stoa_status collection_read_end(struct collection_call *call, stoa_status rc, stoa_error *err);

/* "Cannot {operation}: {format}" */
stoa_status collection_fail(const struct collection_call *call, stoa_error *err,
                            stoa_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The collection, or NOT_FOUND "Cannot {op}: collection not found: {c}"; usable, or why not. */
stoa_status collection_get(const struct collection_call *call, const char *name,
                           int64_t name_size, const struct collection_table **out,
                           stoa_error *err);

#endif
