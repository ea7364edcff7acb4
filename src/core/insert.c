/* SPDX-License-Identifier: Apache-2.0 */
/* Whole streams in one call: into a table, or into a statement's parameters. */
#include "core/conn.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/ingest.h"
#include "core/prepare.h"
#include "core/result.h"
#include "core/source.h"
#include "core/stmt.h"
#include "core/target.h"

#include "base/ban.h"

/* ---- stoa_insert ---- */

static stoa_status write_all(struct stoa__entry *entry, void *native,
                             struct stoa__ingest_part *part,
                             const struct stoa__ingest_config *config, stoa_error *err)
{
    const struct stoa__engine *engine = entry->engine;
    int32_t level = STOA_ACK_ACCEPTED;
    stoa_status rc = engine->ingest_append(native, &entry->call, part, 1, &level, err);

    if (rc == STOA_OK && config->unit == 1)
        rc = engine->ingest_commit(native, &entry->call, err);
    if (rc != STOA_OK || config->ack != STOA_ACK_DURABLE || level != STOA_ACK_COMMITTED)
        return rc;
    rc = engine->ingest_sync(native, &entry->call, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "the rows are committed, but not known to be durable");
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    }
    return rc;
}

static stoa_status insert(struct stoa__entry *entry, const char *table,
                          struct stoa__stream_source *source,
                          const struct stoa__ingest_config *config, int64_t *rows,
                          stoa_error *err)
{
    struct stoa__ingest_part part = {
        .table = table, .source = &source->source, .config = config, .index_column = -1};
    void *native = NULL;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, ingest_open))
        return stoa__unsupported(entry->engine, STOA_CAN_INGEST, err);
    rc = entry->engine->ingest_open(entry->session->native, config, &native, err);
    if (rc != STOA_OK)
        return rc;
    rc = write_all(entry, native, &part, config, err);
    entry->engine->ingest_close(native);
    if (rc == STOA_OK)
        *rows = part.done.written;
    return rc;
}

/* Entered; the stream is taken on success. */
static stoa_status insert_stream(struct stoa__entry *entry, const char *table,
                                 struct ArrowArrayStream *stream,
                                 const struct stoa__ingest_config *config, int64_t *rows,
                                 stoa_error *err)
{
    struct stoa__stream_source source;
    stoa_status rc = stoa__stream_source_init(&source, stream, config->check, err);

    if (rc != STOA_OK)
        return rc;
    rc = insert(entry, table, &source, config, rows, err);
    if (rc == STOA_OK)
        stoa__stream_source_release(&source);
    else
        stoa__stream_source_return(&source, stream);
    return rc;
}

stoa_status stoa_insert(stoa_conn conn, stoa_op op, const char *table, int64_t table_size,
                        struct ArrowArrayStream *stream, const stoa_option *options,
                        int64_t option_count, int64_t *rows, stoa_error *err)
{
    struct stoa__ingest_config config;
    stoa__settings settings = {0};
    struct stoa__entry entry;
    int64_t count = 0;
    char *name = NULL;
    stoa_status rc;

    if (rows)
        *rows = 0;
    if (!stream)
        return stoa__fail_null(err, "stream");
    rc = stoa__name_copy("table", table, table_size, &name, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK) {
        rc = stoa__ingest_config_read(entry.engine, &settings, options, option_count,
                                      &config, err);
        config.in_caller_transaction = true;
        if (rc == STOA_OK)
            rc = insert_stream(&entry, name, stream, &config, &count, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__settings_release(&settings);
    stoa__free(name);
    if (rc == STOA_OK && rows)
        *rows = count;
    return rc;
}

/* ---- once a row ---- */

static stoa_status execute_source(struct stoa__entry *entry, struct stoa__stmt *stmt,
                                  struct stoa__source *source, stoa_done *done,
                                  stoa_error *err)
{
    stoa_status rc;

    if (!STOA__HAS(entry->engine, execute_source))
        return stoa__unsupported(entry->engine, STOA_CAN_PREPARE, err);
    if (stmt->running)
        stoa__result_supersede(stmt->running);
    rc = entry->engine->execute_source(stmt->native, &entry->call, source,
                                       stmt->leaf.conn->read.nan, done, err);
    if (rc == STOA_OK)
        stoa__note_text(entry->session, stmt->sql, stmt->sql_size);
    return rc;
}

stoa_status stoa_execute_stream(stoa_stmt handle, stoa_op op,
                                struct ArrowArrayStream *rows, stoa_done *out,
                                stoa_error *err)
{
    struct stoa__stream_source source;
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_done done = {0};
    stoa_status rc;

    if (out)
        *out = done;
    if (!rows)
        return stoa__fail_null(err, "rows");
    rc = stoa__stmt_enter(&entry, handle, op, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__stream_source_init(&source, rows, STOA_CHECK_FULL, err);
    if (rc != STOA_OK)
        return stoa__leave(&entry, rc);
    rc = stoa__leave(&entry, execute_source(&entry, stmt, &source.source, &done, err));
    if (rc != STOA_OK) {
        stoa__stream_source_return(&source, rows);
        return rc;
    }
    stoa__stream_source_release(&source);
    if (out)
        *out = done;
    return STOA_OK;
}

stoa_status stoa_execute_columns(stoa_stmt handle, stoa_op op,
                                 const struct stoa_column *columns, int64_t column_count,
                                 int64_t row_count, stoa_done *out, stoa_error *err)
{
    struct stoa__raw_source source = {0};
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_done done = {0};
    stoa_status rc;

    if (out)
        *out = done;
    rc = stoa__raw_source_init(&source, NULL, columns, column_count, row_count, STOA_CHECK_FULL,
                               err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__stmt_enter(&entry, handle, op, &stmt, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry,
                         execute_source(&entry, stmt, &source.batch.source, &done, err));
    stoa__raw_source_release(&source);
    if (rc == STOA_OK && out)
        *out = done;
    return rc;
}
