/* SPDX-License-Identifier: Apache-2.0 */
#include "formats.h"
#include "transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static stoa_status write_output(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    FILE *file = user_data;
    if (fwrite(bytes, 1, (size_t)size, file) == (size_t)size)
        return STOA_OK;
    *err = (stoa_error){.code = STOA_ERR_IO, .engine_code = errno, .position = -1};
    err->text_size = snprintf(err->text, sizeof err->text, "standard output: %s", strerror(errno));
    return STOA_ERR_IO;
}

/* A query is what has a blank in it; a name becomes SELECT * FROM it. */
static stoa_status open_rows(struct session *session, stoa_op op, const char *source,
                             struct ArrowArrayStream *out)
{
    struct text sql = {0};
    stoa_result result = {0};
    stoa_status rc;

    if (strpbrk(source, " \t\n")) {
        text_put(&sql, source);
    } else {
        if (session->progress.on)
            session->progress.total = session_estimate(session, source);
        text_put(&sql, "SELECT * FROM ");
        text_identifier(&sql, source);
    }
    rc = stoa_query(session->conn, op, text_string(&sql), STOA_NUL, NULL, 0, NULL, 0, &result,
                    &session->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, op, out, &session->error);
    stoa_result_close(result);
    text_release(&sql);
    return rc;
}

/* What the file's name says, as far as nobody said otherwise. */
static stoa_status heed_name(struct session *session, struct transfer *transfer)
{
    const char *refusal = format_refusal(transfer->file);
    const char *separator = format_separator(transfer->file);

    if (transfer->format)
        return STOA_OK;
    if (refusal)
        return session_fail(session, STOA_ERR_UNSUPPORTED, "%s: %s", transfer->file, refusal);
    for (int64_t i = 0; i < transfer->reading_count; i++)
        if (strcmp(transfer->reading[i].key, "separator") == 0)
            return STOA_OK;
    if (separator)
        (void)transfer_setting(transfer, "separator", separator);
    return STOA_OK;
}

stoa_status transfer_export(struct session *session, struct transfer *transfer)
{
    const struct format *format = format_find(transfer->format, transfer->file);
    struct ArrowArrayStream stream = {0};
    stoa_sink sink = {.struct_size = sizeof sink};
    stoa_op op = {0};
    stoa_status rc;

    if (!format)
        return session_fail(session, STOA_ERR_INVALID, "--format %s: it is one of %s",
                            transfer->format, FORMAT_NAMES);
    if (strcmp(transfer->file, "-") == 0) {
        sink.write = write_output;
        sink.user_data = session->output.file;
    } else {
        sink.path = transfer->file;
        sink.path_size = STOA_NUL;
    }
    rc = session_begin(session, "export", "rows");
    if (rc == STOA_OK)
        rc = heed_name(session, transfer);
    if (rc == STOA_OK)
        rc = progress_second(&session->progress, &op, &session->error);
    if (rc == STOA_OK)
        rc = open_rows(session, op, transfer->table, &stream);
    if (rc == STOA_OK)
        rc = format->write(session->progress.op, &stream, &sink, transfer->reading,
                           transfer->reading_count, &transfer->rows, &session->error);
    stoa_stream_release(&stream);
    stoa_op_close(op);
    double seconds = progress_end(&session->progress);
    if (rc == STOA_OK && !transfer->quiet && isatty(STDERR_FILENO) && sink.path)
        fprintf(stderr, "%s: %lld rows, %.2f s\n", transfer->file, (long long)transfer->rows,
                seconds);
    return rc;
}
