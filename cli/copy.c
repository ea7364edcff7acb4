/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <string.h>
#include <unistd.h>

/* `*row` is the greatest key at the destination; no row when there is no table or nothing in it. */
static stoa_status last_key(struct session *to, const char *table, const char *key, stoa_rows *row)
{
    struct ArrowSchema schema = {0};
    struct text sql = {0};
    stoa_op op = to->progress.op;
    stoa_status rc = stoa_table_schema(to->conn, op, NULL, 0, table, STOA_NUL, &schema, &to->error);

    *row = (stoa_rows){0};
    stoa_schema_release(&schema);
    if (rc == STOA_ERR_NOT_FOUND)
        return STOA_OK;
    if (rc != STOA_OK)
        return rc;
    text_put(&sql, "SELECT ");
    text_identifier(&sql, key);
    text_put(&sql, " FROM ");
    text_identifier(&sql, table);
    text_put(&sql, " ORDER BY 1 DESC LIMIT 1");
    rc = stoa_query_row(to->conn, op, text_string(&sql), STOA_NUL, NULL, 0, NULL, 0, row,
                        &to->error);
    text_release(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static void put_source(struct text *sql, const char *source, const char *key, int beyond)
{
    text_put(sql, "SELECT * FROM ");
    if (strpbrk(source, " \t\n"))
        text_format(sql, "(%s)", source);
    else
        text_identifier(sql, source);
    if (!key)
        return;
    if (beyond) {
        text_put(sql, " WHERE ");
        text_identifier(sql, key);
        text_put(sql, " > ?");
    }
    text_put(sql, " ORDER BY ");
    text_identifier(sql, key);
}

/* The rows still to be copied. */
static stoa_status open_source(struct session *from, struct session *to, const char *source,
                               const char *table, const char *key, struct ArrowArrayStream *out)
{
    struct text sql = {0};
    stoa_rows row = {0};
    stoa_result result = {0};
    stoa_op op = from->progress.op;
    stoa_status rc = key ? last_key(to, table, key, &row) : STOA_OK;
    int beyond = row.row_count > 0 && row.values && row.values[0].type != STOA_TYPE_NULL;

    if (rc != STOA_OK) {
        from->error = to->error;
        return rc;
    }
    put_source(&sql, source, key, beyond);
    rc = stoa_query(from->conn, op, text_string(&sql), STOA_NUL, row.values, beyond, row.bytes,
                    row.bytes_size, &result, &from->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, op, out, &from->error);
    stoa_result_close(result);
    text_release(&sql);
    return rc;
}

/* Batch by batch, each acknowledged: what was copied before an interruption stays. */
static stoa_status append_batches(struct session *to, const char *table, struct transfer *transfer,
                                  const stoa_option *options, int64_t count,
                                  struct ArrowArrayStream *stream)
{
    struct ArrowSchema schema = {0};
    stoa_ingest ingest = {0};
    stoa_op op = to->progress.op;
    stoa_error *err = &to->error;
    stoa_status rc = stoa_stream_schema(stream, &schema, err);

    if (rc == STOA_OK)
        rc = stoa_ingest_open(to->db, table, STOA_NUL, options, count, &ingest, err);
    while (rc == STOA_OK) {
        struct ArrowArray batch = {0};
        rc = stoa_stream_next(stream, &batch, err);
        if (rc != STOA_OK)
            break;
        int64_t rows = batch.length;
        rc = stoa_ingest_append(ingest, op, &schema, &batch, NULL, err);
        transfer->rows += rc == STOA_OK ? rows : 0;
        stoa_batch_release(&batch);
    }
    if (rc == STOA_DONE)
        rc = stoa_ingest_finish(ingest, op, err);
    stoa_ingest_close(ingest);
    stoa_schema_release(&schema);
    return rc;
}

stoa_status transfer_copy(struct session *from, struct session *to, const char *source,
                          const char *table, const char *key, struct transfer *transfer)
{
    stoa_option options[TRANSFER_OPTIONS_MAX + 1] = {{"mode", "create_append"}};
    struct ArrowArrayStream stream = {0};
    int64_t count = 1;
    stoa_status rc = session_begin(from, NULL, "");

    for (int64_t i = 0; i < transfer->writing_count; i++) {
        if (strcmp(transfer->writing[i].key, "mode") == 0)
            options[0] = transfer->writing[i];
        else
            options[count++] = transfer->writing[i];
    }
    if (rc == STOA_OK)
        rc = session_begin(to, "copy", "rows");
    if (rc == STOA_OK && to->progress.on && !key && !strpbrk(source, " \t\n"))
        to->progress.total = session_estimate(from, source);
    if (rc == STOA_OK)
        rc = open_source(from, to, source, table, key, &stream);
    if (rc == STOA_OK) {
        rc = key ? append_batches(to, table, transfer, options, count, &stream)
                 : stoa_insert(to->conn, to->progress.op, table, STOA_NUL, &stream, options, count,
                               &transfer->rows, &to->error);
        from->error = to->error;
    }
    stoa_stream_release(&stream);
    progress_end(&from->progress);
    double seconds = progress_end(&to->progress);
    if (rc == STOA_OK && !transfer->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "%lld rows into %s, %.2f s\n", (long long)transfer->rows, table, seconds);
    return rc;
}
