/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what is written: every cell is read, and every access stays inside what the schema
 * and the lengths allow, so that a sanitizer sees a producer that lies. */
#include "engine/null/null.h"

#include "arrow/cell.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/hash.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { CHECK_EVERY_ROWS = 4096, TYPE_TEXT_SIZE = 512 };

struct null_ingest {
    struct null_session *session;
    bool own_unit; /* unit=finish: what was seen waits for the commit. */
    bool began;    /* It opened the transaction that is open. */
    bool shared;   /* In the caller's transaction, if there is one. */
    stoa__buffer key;
};

stoa_status null_ingest_open(void *self, const struct stoa__ingest_config *config,
                             void **out, stoa_error *err)
{
    struct null_session *session = self;
    struct null_ingest *ingest;

    if (session->instance->read_only)
        return stoa__fail(err, STOA_ERR_READ_ONLY,
                          "null: the database was opened for reading");
    ingest = stoa__alloc_zero(1, sizeof *ingest);
    if (!ingest)
        return stoa__fail_nomem(err);
    ingest->session = session;
    ingest->own_unit = config->unit == 1;
    ingest->shared = config->in_caller_transaction;
    *out = ingest;
    return STOA_OK;
}

/* ---- one part ---- */

/* Texts in one piece, so that a sighting is all there or not at all. */
static struct null_sighting *
sighting_new(const char *table, const struct stoa__arrow_type *column, int64_t append)
{
    struct null_sighting *sighting = stoa__alloc_zero(1, sizeof *sighting);
    size_t table_size = strlen(table) + 1, column_size = strlen(column->name) + 1;
    char type[TYPE_TEXT_SIZE];
    size_t type_size;

    stoa__arrow_type_text(column, type, sizeof type);
    type_size = strlen(type) + 1;
    if (sighting)
        sighting->table = stoa__alloc(table_size + column_size + type_size);
    if (!sighting || !sighting->table) {
        stoa__free(sighting);
        return NULL;
    }
    memcpy(sighting->table, table, table_size);
    sighting->column = sighting->table + table_size;
    memcpy(sighting->column, column->name, column_size);
    sighting->type = sighting->column + column_size;
    memcpy(sighting->type, type, type_size);
    sighting->append = append;
    return sighting;
}

/* Where a column's values lie: the last buffer with an address, which for fixed widths are the
 * values and for texts their bytes. */
static int64_t address_of(const struct ArrowArray *array)
{
    for (int64_t i = array->n_buffers - 1; i >= 1; i--)
        if (array->buffers[i])
            return (int64_t)(intptr_t)array->buffers[i];
    return 0;
}

static stoa_status see_cell(struct null_ingest *ingest, struct null_sighting *sighting,
                            const struct stoa__cell *cell, stoa_error *err)
{
    stoa_status rc;

    ingest->key.size = 0;
    rc = stoa__cell_key(cell, &ingest->key, err);
    if (rc != STOA_OK)
        return rc;
    sighting->rows++;
    sighting->nulls += cell->null || cell->type->kind == STOA__ARROW_NULL;
    sighting->checksum += stoa__hash(ingest->key.data, ingest->key.size, 0);
    return STOA_OK;
}

static stoa_status see_batch(struct null_ingest *ingest, struct null_sighting *first,
                             const struct stoa__arrow_type *type,
                             const struct ArrowArray *batch, stoa__call *call,
                             stoa_error *err)
{
    for (int64_t row = 0; row < batch->length; row++) {
        struct null_sighting *sighting = first;
        struct stoa__cell whole, cell;
        stoa_status rc = STOA_OK;

        if (row % CHECK_EVERY_ROWS == 0)
            rc = stoa__call_check(call, err);
        stoa__cell_at(type, batch, row, &whole);
        for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++) {
            stoa__cell_child(&whole, i, &cell);
            rc = see_cell(ingest, sighting, &cell, err);
            sighting = sighting->next;
        }
        if (rc != STOA_OK)
            return rc;
    }
    return STOA_OK;
}

/* A list of sightings, one a column. */
static struct null_sighting *sightings_new(const struct stoa__ingest_part *part,
                                           int64_t append)
{
    const struct stoa__arrow_type *type = part->source->type;
    struct null_sighting *first = NULL;

    for (int32_t i = type->child_count - 1; i >= 0; i--) {
        struct null_sighting *sighting =
            sighting_new(part->table, &type->children[i], append);

        if (!sighting) {
            null_sightings_free(first);
            return NULL;
        }
        sighting->next = first;
        first = sighting;
    }
    return first;
}

static stoa_status see_part(struct null_ingest *ingest, stoa__call *call,
                            struct stoa__ingest_part *part, int64_t append,
                            struct null_sighting **out, stoa_error *err)
{
    const struct stoa__arrow_type *type = part->source->type;
    const struct ArrowArray *batch = NULL;
    bool addressed = false;
    stoa_status rc = STOA_OK;

    *out = sightings_new(part, append);
    if (!*out && type->child_count > 0)
        return stoa__fail_nomem(err);
    part->done = (stoa_table_done){0};
    while (rc == STOA_OK) {
        struct null_sighting *sighting = *out;

        rc = part->source->next(part->source->self, &batch, err);
        if (rc != STOA_OK)
            break;
        for (int64_t i = 0; !addressed && i < batch->n_children;
             i++, sighting = sighting->next)
            sighting->address = address_of(batch->children[i]);
        addressed = true;
        rc = see_batch(ingest, *out, type, batch, call, err);
        part->done.written += batch->length;
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* ---- an append ---- */

static void append_list(struct null_sighting **first, struct null_sighting **last,
                        struct null_sighting *list)
{
    if (!list)
        return;
    if (*last)
        (*last)->next = list;
    else
        *first = list;
    while (list->next)
        list = list->next;
    *last = list;
}

stoa_status null_ingest_append(void *self, stoa__call *call,
                               struct stoa__ingest_part *parts, int64_t part_count,
                               int32_t *level, stoa_error *err)
{
    struct null_ingest *ingest = self;
    struct null_session *session = ingest->session;
    struct null_sighting *first = NULL, *last = NULL;
    int64_t append = session->last ? session->last->append + 1 : 1;
    bool waits = ingest->own_unit ||
                 (ingest->shared && session->transaction != STOA_TRANSACTION_NONE);
    stoa_status rc = STOA_OK;

    if (session->transaction == STOA_TRANSACTION_READ && session->lazy)
        session->transaction = STOA_TRANSACTION_WRITE;
    if (session->transaction == STOA_TRANSACTION_READ)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "null: the transaction only reads");
    for (int64_t i = 0; i < part_count && rc == STOA_OK; i++) {
        struct null_sighting *seen = NULL;

        rc = see_part(ingest, call, &parts[i], append, &seen, err);
        append_list(&first, &last, seen);
    }
    if (rc != STOA_OK) {
        null_sightings_free(first);
        return rc;
    }
    append_list(&session->first, &session->last, first);
    if (ingest->own_unit && session->transaction == STOA_TRANSACTION_NONE) {
        session->transaction = STOA_TRANSACTION_WRITE;
        ingest->began = true;
    }
    if (!waits)
        null_publish(session);
    *level = waits ? STOA_ACK_ACCEPTED : STOA_ACK_COMMITTED;
    return STOA_OK;
}

stoa_status null_ingest_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct null_ingest *ingest = self;

    if (!ingest->began)
        return STOA_OK; /* The caller's transaction decides. */
    ingest->began = false;
    return null_commit(ingest->session, call, err);
}

stoa_status null_ingest_sync(void *self, stoa__call *call, stoa_error *err)
{
    (void)self;
    return stoa__call_check(call, err);
}

void null_ingest_close(void *self)
{
    struct null_ingest *ingest = self;

    if (ingest->began)
        (void)null_rollback(ingest->session, NULL);
    stoa__buffer_release(&ingest->key);
    stoa__free(ingest);
}
