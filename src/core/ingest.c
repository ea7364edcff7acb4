/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ingest.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/db.h"
#include "core/pool.h"
#include "core/source.h"
#include "core/target.h"

#include <assert.h>
#include <inttypes.h>

#include "base/ban.h"

/* ---- the object ---- */

static void ingest_free(struct stoa__ingest *ingest)
{
    stoa__type_cache_release(&ingest->types);
    stoa__settings_release(&ingest->settings);
    stoa__turn_release(&ingest->turn);
    stoa__free(ingest->table);
    stoa__free(ingest);
}

static void ingest_end(struct stoa__grave *grave)
{
    struct stoa__ingest *ingest = (struct stoa__ingest *)stoa__leaf_end(grave);
    struct stoa__session *session = ingest->leaf.session;

    session->engine->ingest_close(ingest->native);
    stoa__tally_release(&ingest->tally, &session->ledger);
    ingest_free(ingest);
}

static void ingest_destroy(struct stoa__object *object)
{
    struct stoa__ingest *ingest = (struct stoa__ingest *)object;
    struct stoa__session *session = ingest->leaf.session;
    bool own = !ingest->leaf.conn;

    stoa__leaf_destroy(object); /* From here on `ingest` may be gone. */
    if (own)
        stoa__session_unref(session);
}

static const struct stoa__class ingest_class = {.kind = STOA__KIND_INGEST,
                                                .destroy = ingest_destroy};

static struct stoa__ingest *ingest_new(const char *table, int64_t table_size,
                                       stoa_status *rc, stoa_error *err)
{
    struct stoa__ingest *ingest = stoa__alloc_zero(1, sizeof *ingest);

    if (!ingest) {
        *rc = stoa__fail_nomem(err);
        return NULL;
    }
    stoa__turn_init(&ingest->turn);
    stoa__type_cache_init(&ingest->types);
    stoa__tally_init(&ingest->tally);
    *rc = stoa__name_copy_optional("table", table, table_size, &ingest->table, err);
    if (*rc == STOA_OK)
        return ingest;
    ingest_free(ingest);
    return NULL;
}

/* Open the native writer and publish; the mark is held. Takes `ingest`, also on failure. */
static stoa_status ingest_open(struct stoa__ingest *ingest, struct stoa__session *session,
                               struct stoa__object *parent, uint64_t *id, stoa_error *err)
{
    const struct stoa__engine *engine = session->engine;
    stoa_status rc;

    ingest->leaf.session = session;
    if (!STOA__HAS(engine, ingest_open))
        rc = stoa__unsupported(engine, STOA_CAN_INGEST, err);
    else
        rc = engine->ingest_open(session->native, &ingest->config, &ingest->native, err);
    if (rc == STOA_OK) {
        if (!ingest->leaf.conn)
            stoa__session_ref(session);
        rc = stoa__leaf_open(&ingest->leaf, &ingest_class, parent, ingest_end, id, err);
        if (rc == STOA_OK)
            return STOA_OK;
        engine->ingest_close(ingest->native);
        if (!ingest->leaf.conn)
            stoa__session_unref(session);
    }
    ingest_free(ingest);
    return rc;
}

static stoa_status open_on_db(struct stoa__db_entry *entry, struct stoa__ingest *ingest,
                              uint64_t *id, stoa_error *err)
{
    struct stoa__session *session = NULL;
    stoa_status rc = stoa__pool_take(entry->db, &entry->call, &session, err);

    if (rc != STOA_OK) {
        ingest_free(ingest);
        return rc;
    }
    rc = ingest_open(ingest, session, &entry->db->object, id, err);
    if (rc == STOA_OK) {
        session->holder = *id;
        session->holder_kind = STOA__KIND_INGEST;
    }
    stoa__session_let_go(session);
    stoa__session_unref(session);
    return rc;
}

stoa_status stoa_ingest_open(stoa_db db, const char *table, int64_t table_size,
                             const stoa_option *options, int64_t option_count,
                             stoa_ingest *out, stoa_error *err)
{
    struct stoa__db_entry entry;
    struct stoa__ingest *ingest;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_ingest){0};
    rc = stoa__db_enter(&entry, db, (stoa_op){0}, err);
    if (rc != STOA_OK)
        return rc;
    ingest = ingest_new(table, table_size, &rc, err);
    if (ingest) {
        rc = stoa__ingest_config_read(entry.db->engine, &ingest->settings, options,
                                      option_count, &ingest->config, err);
        if (rc == STOA_OK)
            rc = open_on_db(&entry, ingest, &out->id, err);
        else
            ingest_free(ingest);
    }
    stoa__db_leave(&entry);
    return rc;
}

stoa_status stoa_conn_ingest_open(stoa_conn conn, const char *table, int64_t table_size,
                                  const stoa_option *options, int64_t option_count,
                                  stoa_ingest *out, stoa_error *err)
{
    struct stoa__ingest *ingest;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_ingest){0};
    rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc != STOA_OK)
        return rc;
    ingest = ingest_new(table, table_size, &rc, err);
    if (ingest) {
        ingest->leaf.conn = entry.leaf->conn;
        rc = stoa__ingest_config_read(entry.engine, &ingest->settings, options,
                                      option_count, &ingest->config, err);
        ingest->config.in_caller_transaction = true;
        if (rc == STOA_OK)
            rc = ingest_open(ingest, entry.session, &entry.leaf->object, &out->id, err);
        else
            ingest_free(ingest);
    }
    return stoa__leave(&entry, rc);
}

void stoa_ingest_close(stoa_ingest ingest)
{
    stoa__object_close(ingest.id, STOA__KIND_INGEST);
}

/* ---- in and out ---- */

/* Threads that share a writer stand in line; the entry is whose turn it is. With `work`, DONE
 * when whoever had the turn did it. Nobody waits for a thread that may be waiting for him. */
static stoa_status take_turn(struct stoa__ingest *ingest, struct stoa__entry *entry,
                             struct stoa__turn_work *work, stoa_error *err)
{
    const bool blocked = STOA__HAS(entry->engine, ingest_blocked) &&
                         entry->engine->ingest_blocked(ingest->native);
    stoa_status rc = stoa__turn_offer(&ingest->turn, entry, blocked ? NULL : work, &entry->call,
                                      blocked ? 0 : -1, err);

    if (rc == STOA_ERR_BUSY)
        return stoa__fail(err, STOA_ERR_BUSY, "the ingest is running the callback that called");
    if (rc != STOA_ERR_LOCKED)
        return rc;
    rc = stoa__fail(err, STOA_ERR_LOCKED,
                    "another thread has the ingest, and this one has a write transaction open on "
                    "the same database through another connection: they would wait for each other");
    stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return rc;
}

/* A child of fork() has neither the turn nor the threads that stand in line. */
static void give_turn(struct stoa__ingest *ingest, struct stoa__entry *entry)
{
    if (!ingest->leaf.conn && entry->call.stop != STOA_ERR_FORKED)
        stoa__turn_give(&ingest->turn, entry);
}

static stoa_status take(struct stoa__entry *entry, struct stoa__ingest *ingest,
                        struct stoa__turn_work *work, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (!ingest->leaf.conn)
        rc = take_turn(ingest, entry, work, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__enter_take(entry, err);
    if (rc != STOA_OK)
        give_turn(ingest, entry);
    return rc;
}

static void let_go(struct stoa__entry *entry, struct stoa__ingest *ingest)
{
    stoa__leave_take(entry);
    give_turn(ingest, entry);
}

stoa_status stoa__ingest_pin(struct stoa__entry *entry, stoa_ingest handle, stoa_op op,
                             struct stoa__ingest **out, stoa_error *err)
{
    stoa_status rc = stoa__enter_pin(entry, handle.id, STOA__KIND_INGEST, op, err);

    *out = rc == STOA_OK ? (struct stoa__ingest *)entry->leaf : NULL;
    return rc;
}

/* Pin, wait for one's turn, take the mark; and the reverse. */
static stoa_status enter(struct stoa__entry *entry, stoa_ingest handle, stoa_op op,
                         struct stoa__ingest **out, stoa_error *err)
{
    stoa_status rc = stoa__ingest_pin(entry, handle, op, out, err);

    if (rc != STOA_OK)
        return rc;
    rc = take(entry, *out, NULL, err);
    if (rc != STOA_OK)
        stoa__leave_pin(entry);
    return rc;
}

static stoa_status leave(struct stoa__entry *entry, stoa_status rc)
{
    let_go(entry, (struct stoa__ingest *)entry->leaf);
    stoa__leave_pin(entry);
    return rc;
}

/* ---- appending ---- */

static stoa_status sync_now(struct stoa__ingest *ingest, stoa__call *call,
                            stoa_error *err)
{
    const struct stoa__engine *engine = ingest->leaf.session->engine;
    stoa_acks before;
    stoa_status rc;

    if (!STOA__HAS(engine, ingest_sync))
        return stoa__unsupported(engine, STOA_CAN_DURABLE_ACK, err);
    stoa__tally_acks(&ingest->tally, &before);
    rc = engine->ingest_sync(ingest->native, call, err);
    if (rc == STOA_OK)
        stoa__tally_durable(&ingest->tally, before.committed);
    return rc;
}

/* The mark is held. `append` may be written along with others', and others with it; NULL: not. */
static stoa_status write(struct stoa__entry *entry, struct stoa__ingest *ingest,
                         struct stoa__ingest_part *parts, int64_t part_count,
                         struct stoa__ingest_append *append, uint64_t *sequence, stoa_error *err)
{
    int32_t level = STOA_ACK_ACCEPTED;
    stoa_status rc = stoa__tally_reserve(&ingest->tally, err);

    if (rc == STOA_OK && append) {
        rc = entry->engine->ingest_append_along(ingest->native, &entry->call, append,
                                                &ingest->turn, err);
        level = append->level;
    } else if (rc == STOA_OK) {
        rc = entry->engine->ingest_append(ingest->native, &entry->call, parts, part_count,
                                          &level, err);
    }
    if (rc != STOA_OK)
        return rc;
    *sequence = stoa__tally_append(&ingest->tally, &entry->session->ledger, level);
    if (ingest->config.ack != STOA_ACK_DURABLE || level != STOA_ACK_COMMITTED)
        return STOA_OK;
    rc = sync_now(ingest, &entry->call, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "append %" PRIu64 " is committed, but not known to be durable",
                   *sequence);
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
        *sequence = 0;
    }
    return rc;
}

stoa_status stoa__ingest_write(struct stoa__entry *entry, struct stoa__ingest *ingest,
                               struct stoa__ingest_part *parts, int64_t part_count,
                               uint64_t *sequence, stoa_error *err)
{
    struct stoa__ingest_append append = {
        .ingest = ingest->native, .parts = parts, .part_count = part_count};
    const bool along = STOA__HAS(entry->engine, ingest_append_along) && !ingest->leaf.conn &&
                       stoa__ingest_append_is_small(&append);
    stoa_status rc = take(entry, ingest, along ? &append.work : NULL, err);

    if (rc == STOA_DONE) {
        *sequence = stoa__tally_append_done(&ingest->tally, append.level);
        return STOA_OK;
    }
    if (rc != STOA_OK)
        return rc;
    rc = write(entry, ingest, parts, part_count, along ? &append : NULL, sequence, err);
    let_go(entry, ingest);
    return rc;
}

static stoa_status need_table(const struct stoa__ingest *ingest, stoa_error *err)
{
    if (ingest->table)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_INVALID,
                      "the ingest was opened without a table: it pushes");
}

static struct stoa__ingest_part part_of(struct stoa__ingest *ingest,
                                        struct stoa__source *source)
{
    return (struct stoa__ingest_part){.table = ingest->table,
                                      .source = source,
                                      .config = &ingest->config,
                                      .index_column = -1};
}

static stoa_status append_batch(struct stoa__entry *entry, struct stoa__ingest *ingest,
                                const struct ArrowSchema *schema,
                                const struct ArrowArray *batch, uint64_t *sequence,
                                stoa_error *err)
{
    struct stoa__known_type *known = NULL;
    struct stoa__batch_source source;
    struct stoa__ingest_part part;
    stoa_status rc = need_table(ingest, err);

    if (rc == STOA_OK)
        rc = stoa__type_cache_get(&ingest->types, schema, &known, err);
    if (rc == STOA_OK)
        rc = stoa__batch_source_init(&source, known->type, batch, ingest->config.check, err);
    if (rc == STOA_OK) {
        part = part_of(ingest, &source.source);
        rc = stoa__ingest_write(entry, ingest, &part, 1, sequence, err);
    }
    stoa__known_type_unref(known);
    return rc;
}

stoa_status stoa_ingest_append(stoa_ingest handle, stoa_op op,
                               const struct ArrowSchema *schema, struct ArrowArray *batch,
                               uint64_t *sequence, stoa_error *err)
{
    struct stoa__ingest *ingest = NULL;
    struct stoa__entry entry;
    uint64_t number = 0;
    stoa_status rc;

    if (sequence)
        *sequence = 0;
    if (!schema || !batch)
        return stoa__fail_null(err, schema ? "batch" : "schema");
    rc = stoa__ingest_pin(&entry, handle, op, &ingest, err);
    if (rc != STOA_OK)
        return rc;
    rc = append_batch(&entry, ingest, schema, batch, &number, err);
    stoa__leave_pin(&entry);
    if (rc != STOA_OK)
        return rc;
    stoa__array_release(batch);
    if (sequence)
        *sequence = number;
    return STOA_OK;
}

static stoa_status append_stream(struct stoa__entry *entry, struct stoa__ingest *ingest,
                                 struct stoa__source *source, int64_t *rows,
                                 uint64_t *sequence, stoa_error *err)
{
    struct stoa__ingest_part part = part_of(ingest, source);
    stoa_status rc = need_table(ingest, err);

    if (rc == STOA_OK)
        rc = write(entry, ingest, &part, 1, NULL, sequence, err);
    if (rc == STOA_OK)
        *rows = part.done.written;
    return rc;
}

stoa_status stoa_ingest_append_stream(stoa_ingest handle, stoa_op op,
                                      struct ArrowArrayStream *stream, int64_t *rows,
                                      uint64_t *sequence, stoa_error *err)
{
    struct stoa__ingest *ingest = NULL;
    struct stoa__stream_source source;
    struct stoa__entry entry;
    uint64_t number = 0;
    int64_t count = 0;
    stoa_status rc;

    if (rows)
        *rows = 0;
    if (sequence)
        *sequence = 0;
    if (!stream)
        return stoa__fail_null(err, "stream");
    rc = enter(&entry, handle, op, &ingest, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__stream_source_init(&source, stream, ingest->config.check, err);
    if (rc != STOA_OK)
        return leave(&entry, rc);
    rc = append_stream(&entry, ingest, &source.source, &count, &number, err);
    rc = leave(&entry, rc);
    if (rc != STOA_OK) {
        stoa__stream_source_return(&source, stream);
        return rc;
    }
    stoa__stream_source_release(&source);
    if (rows)
        *rows = count;
    if (sequence)
        *sequence = number;
    return STOA_OK;
}

/* ---- acknowledgements ---- */

stoa_status stoa_ingest_acks(stoa_ingest handle, stoa_acks *out, stoa_error *err)
{
    struct stoa__leaf *leaf = NULL;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_acks){0};
    rc = stoa__leaf_pin(handle.id, STOA__KIND_INGEST, &leaf, err);
    if (rc != STOA_OK)
        return rc;
    stoa__tally_acks(&((struct stoa__ingest *)leaf)->tally, out);
    stoa__object_unpin(&leaf->object);
    return STOA_OK;
}

/* What waits for its transaction waits for this very caller. */
static stoa_status fail_uncommitted(const struct stoa__ingest *ingest, uint64_t sequence,
                                    stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID,
                      ingest->config.unit == 1
                          ? "append %" PRIu64 " is committed when the ingest is finished"
                          : "append %" PRIu64 " is committed when its transaction is",
                      sequence);
}

static stoa_status wait_level(struct stoa__entry *entry, struct stoa__ingest *ingest,
                              int32_t level, uint64_t sequence, stoa_error *err)
{
    stoa_acks acks;

    stoa__tally_acks(&ingest->tally, &acks);
    if (sequence > acks.accepted)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "append %" PRIu64 " was not made; the last one is %" PRIu64,
                          sequence, acks.accepted);
    if (level == STOA_ACK_ACCEPTED ||
        (level == STOA_ACK_COMMITTED && sequence <= acks.committed))
        return STOA_OK;
    if (sequence > acks.committed)
        return fail_uncommitted(ingest, sequence, err);
    if (sequence <= acks.durable)
        return STOA_OK;
    return sync_now(ingest, &entry->call, err);
}

stoa_status stoa_ingest_wait(stoa_ingest handle, stoa_op op, int32_t level,
                             uint64_t sequence, stoa_error *err)
{
    struct stoa__ingest *ingest = NULL;
    struct stoa__entry entry;
    stoa_status rc;

    if (level < STOA_ACK_ACCEPTED || level > STOA_ACK_DURABLE)
        return stoa__fail(err, STOA_ERR_INVALID, "level is %d, not a STOA_ACK",
                          (int)level);
    rc = enter(&entry, handle, op, &ingest, err);
    if (rc != STOA_OK)
        return rc;
    return leave(&entry, wait_level(&entry, ingest, level, sequence, err));
}

/* ---- finishing ---- */

static bool in_transaction(struct stoa__session *session)
{
    return STOA__HAS(session->engine, transaction) &&
           session->engine->transaction(session->native) != STOA_TRANSACTION_NONE;
}

stoa_status stoa__ingest_flush(struct stoa__leaf *leaf, stoa__call *call, stoa_error *err)
{
    struct stoa__ingest *ingest = (struct stoa__ingest *)leaf;
    struct stoa__session *session = leaf->session;
    stoa_status rc = STOA_OK;
    stoa_acks acks;

    if (ingest->config.unit == 1)
        rc = session->engine->ingest_commit(ingest->native, call, err);
    if (rc == STOA_OK && ingest->config.unit == 1 && !in_transaction(session))
        stoa__tally_committed(&ingest->tally, &session->ledger);
    stoa__tally_acks(&ingest->tally, &acks);
    if (rc == STOA_OK && acks.durable < acks.committed &&
        stoa__engine_can(session->engine, STOA_CAN_DURABLE_ACK))
        rc = sync_now(ingest, call, err);
    return rc;
}

stoa_status stoa_ingest_finish(stoa_ingest handle, stoa_op op, stoa_error *err)
{
    struct stoa__ingest *ingest = NULL;
    struct stoa__entry entry;
    stoa_status rc = enter(&entry, handle, op, &ingest, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__ingest_flush(&ingest->leaf, &entry.call, err);
    if (rc == STOA_OK)
        stoa__object_close(handle.id, STOA__KIND_INGEST);
    return leave(&entry, rc);
}
