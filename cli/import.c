/* SPDX-License-Identifier: Apache-2.0 */
#include "formats.h"
#include "transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Stands between reader and database, so that the reader is still ours to ask once the database
 * has taken the stream. */
static int lent_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct ArrowArrayStream *reader = stream->private_data;
    return reader->get_schema(reader, out);
}

static int lent_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct ArrowArrayStream *reader = stream->private_data;
    return reader->get_next(reader, out);
}

static const char *lent_error(struct ArrowArrayStream *stream)
{
    struct ArrowArrayStream *reader = stream->private_data;
    return reader->get_last_error(reader);
}

static void lent_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

static struct ArrowArrayStream lend(struct ArrowArrayStream *reader)
{
    return (struct ArrowArrayStream){lent_schema, lent_next, lent_error, lent_release, reader};
}

static stoa_status read_input(void *user_data, void *buffer, int64_t capacity, int64_t *size,
                              stoa_error *err)
{
    ssize_t got;
    (void)user_data;
    do {
        got = read(STDIN_FILENO, buffer, (size_t)capacity);
    } while (got < 0 && errno == EINTR && !interrupt_seen());
    *size = got > 0 ? got : 0;
    if (got >= 0)
        return STOA_OK;
    *err = (stoa_error){.code = STOA_ERR_IO, .engine_code = errno, .position = -1};
    err->text_size = snprintf(err->text, sizeof err->text, "standard input: %s", strerror(errno));
    return STOA_ERR_IO;
}

/* ---- the steps ---- */

/* A file without a byte is named; the database would say it of "the source". */
static stoa_status check_columns(struct session *session, const struct transfer *transfer,
                                 struct ArrowArrayStream *reader)
{
    struct ArrowSchema schema = {0};
    int64_t columns;

    if (reader->get_schema(reader, &schema) != 0)
        return STOA_OK; /* Whoever reads it will be told. */
    columns = schema.n_children;
    stoa_schema_release(&schema);
    if (columns > 0)
        return STOA_OK;
    return session_fail(session, STOA_ERR_INVALID, "%s has no columns", transfer->file);
}

/* The reader, whose columns have the types of the table where there is one. */
static stoa_status open_reader(struct session *session, const struct transfer *transfer,
                               const struct format *format, struct ArrowArrayStream *out)
{
    stoa_source source = {.struct_size = sizeof source};
    struct ArrowSchema target = {0};
    stoa_op op = session->progress.op;

    if (strcmp(transfer->file, "-") == 0) {
        source.read = read_input;
    } else {
        source.path = transfer->file;
        source.path_size = STOA_NUL;
    }
    stoa_status rc = stoa_table_schema(session->conn, op, NULL, 0, transfer->table, STOA_NUL,
                                       &target, &session->error);
    if (rc == STOA_OK || rc == STOA_ERR_NOT_FOUND)
        rc = format->open(op, &source, target.release ? &target : NULL, transfer->reading,
                          transfer->reading_count, out, &session->error);
    stoa_schema_release(&target);
    return rc;
}

static stoa_status write_rows(struct session *session, struct transfer *transfer,
                              struct ArrowArrayStream *reader)
{
    struct ArrowArrayStream stream = lend(reader);
    stoa_option options[TRANSFER_OPTIONS_MAX + 1] = {{"mode", "create_append"}};
    int64_t count = 1;
    stoa_op op;
    stoa_status rc = progress_second(&session->progress, &op, &session->error);

    for (int64_t i = 0; i < transfer->writing_count; i++) {
        if (strcmp(transfer->writing[i].key, "mode") == 0)
            options[0] = transfer->writing[i];
        else
            options[count++] = transfer->writing[i];
    }
    if (rc == STOA_OK)
        rc = stoa_insert(session->conn, op, transfer->table, STOA_NUL, &stream, options, count,
                         &transfer->rows, &session->error);
    stoa_stream_release(&stream);
    stoa_op_close(op);
    return rc;
}

/* Bad rows that were kept become the table NAME_bad_rows. */
static stoa_status keep_bad_rows(struct session *session, const struct transfer *transfer,
                                 struct ArrowArrayStream *reader, int64_t *kept)
{
    static const stoa_option mode = {"mode", "create_append"};
    struct ArrowArrayStream bad = {0};
    struct text name = {0};
    int wanted = 0;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < transfer->reading_count; i++)
        wanted |= strcmp(transfer->reading[i].key, "bad_rows") == 0 &&
                  strcmp(transfer->reading[i].value, "keep") == 0;
    if (!wanted)
        return STOA_OK;
    text_format(&name, "%s_bad_rows", transfer->table);
    rc = stoa_format_bad_rows(reader, &bad, &session->error);
    if (rc == STOA_OK)
        rc = stoa_insert(session->conn, session->progress.op, text_string(&name), STOA_NUL, &bad,
                         &mode, 1, kept, &session->error);
    stoa_stream_release(&bad);
    text_release(&name);
    return rc;
}

static void tell(const struct transfer *transfer, const stoa_format_report *report, double seconds)
{
    if (report->bad_rows > 0)
        fprintf(stderr, "stoa: %s: %lld bad rows were left out\n", transfer->file,
                (long long)report->bad_rows);
    if (transfer->quiet || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "%s: %lld row%s into %s, %.2f s", transfer->file, (long long)transfer->rows,
            transfer->rows == 1 ? "" : "s", transfer->table, seconds);
    if (seconds > 0.5)
        fprintf(stderr, ", %.2f million rows/s", (double)transfer->rows / 1e6 / seconds);
    fputc('\n', stderr);
}

stoa_status transfer_import(struct session *session, struct transfer *transfer)
{
    struct ArrowArrayStream reader = {0};
    stoa_format_report report = {0};
    int64_t kept = 0;
    const struct format *format = format_find(transfer->format, transfer->file);
    stoa_status rc = session_begin(session, "import", "bytes");

    session->changed = 1;
    if (rc == STOA_OK && !format)
        rc = session_fail(session, STOA_ERR_INVALID, "--format %s: it is one of %s",
                          transfer->format, FORMAT_NAMES);
    if (rc == STOA_OK)
        rc = open_reader(session, transfer, format, &reader);
    if (rc == STOA_OK)
        rc = check_columns(session, transfer, &reader);
    if (rc == STOA_OK)
        rc = write_rows(session, transfer, &reader);
    if (rc == STOA_OK && format->guessed)
        rc = stoa_format_report_get(&reader, &report, &session->error);
    if (rc == STOA_OK && format->guessed)
        rc = keep_bad_rows(session, transfer, &reader, &kept);
    stoa_stream_release(&reader);
    double seconds = progress_end(&session->progress);
    if (rc == STOA_OK)
        tell(transfer, &report, seconds);
    return rc;
}
