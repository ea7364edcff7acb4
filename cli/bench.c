/* SPDX-License-Identifier: Apache-2.0 */
/* stoa bench: rows per second of the machine it runs on, the best of some rounds a step. */
#include "cli.h"
#include "formats.h"
#include "sensors.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 1000000, ROWS_QUICK = 20000, BATCHES_MAX = 32 };

static const char help[] =
    "usage: stoa bench [FOLDER] [--quick] [--format MODE]\n"
    "\n"
    "Measure this machine in a minute: what goes into a table and out of it, as Arrow, CSV and\n"
    "JSON lines, single rows and queries. Its files are in a folder of their own below FOLDER\n"
    "(TMPDIR, or /tmp), and are removed at the end; the disk measured is FOLDER's. With --quick a\n"
    "second, to see what it does. The best of some rounds counts.\n"
    "\n"
    "  stoa bench\n"
    "  stoa bench /mnt/disk\n"
    "  stoa bench --format csv > before.csv\n";

struct bench {
    struct session session;
    char folder[512];
    struct text database, csv, jsonl;
    int64_t rows;   /* Of the table. */
    double seconds; /* What a step may take. */
    struct ArrowSchema schema;
    struct ArrowArray batches[BATCHES_MAX];
    int batch_count;
    struct text found; /* Rows of a VALUES clause: what is printed at the end. */
};

/* ---- the data, in memory, so that making it is not measured ---- */

struct replay {
    struct bench *bench;
    int next;
};

static void release_borrowed(struct ArrowArray *batch)
{
    batch->release = NULL;
}

static void release_borrowed_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static int replay_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    const struct replay *replay = stream->private_data;
    *out = replay->bench->schema;
    out->release = release_borrowed_schema;
    return 0;
}

static int replay_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct replay *replay = stream->private_data;

    *out = (struct ArrowArray){0};
    if (replay->next < replay->bench->batch_count) {
        *out = replay->bench->batches[replay->next++];
        out->release = release_borrowed;
    }
    return 0;
}

static const char *replay_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void replay_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

static struct ArrowArrayStream replay_open(struct replay *replay)
{
    return (struct ArrowArrayStream){replay_schema, replay_next, replay_error, replay_release,
                                     replay};
}

static stoa_status make_rows(struct bench *bench)
{
    stoa_error *err = &bench->session.error;
    struct ArrowArrayStream stream;

    if (sensors_open(bench->rows, -1, &stream) != 0)
        return session_fail(&bench->session, STOA_ERR_NOMEM, "out of memory");
    stoa_status rc = stoa_stream_schema(&stream, &bench->schema, err);
    while (rc == STOA_OK && bench->batch_count < BATCHES_MAX) {
        rc = stoa_stream_next(&stream, &bench->batches[bench->batch_count], err);
        bench->batch_count += rc == STOA_OK;
    }
    stoa_stream_release(&stream);
    return rc < 0 ? rc : STOA_OK;
}

/* ---- steps: each does its work once and counts it ---- */

static stoa_status insert_stream(struct bench *bench, struct ArrowArrayStream *stream,
                                 const char *table, int64_t *count)
{
    static const stoa_option replace = {"mode", "replace"};
    struct session *session = &bench->session;
    stoa_status rc = stoa_insert(session->conn, session->progress.op, table, STOA_NUL, stream,
                                 &replace, 1, count, &session->error);
    stoa_stream_release(stream);
    return rc;
}

static stoa_status insert_arrow(struct bench *bench, int64_t *count)
{
    struct replay replay = {bench, 0};
    struct ArrowArrayStream stream = replay_open(&replay);
    return insert_stream(bench, &stream, "readings", count);
}

static stoa_status pull(struct bench *bench, struct ArrowArrayStream *stream, int64_t *count)
{
    struct ArrowArray batch;
    stoa_status rc;

    while ((rc = stoa_stream_next(stream, &batch, &bench->session.error)) == STOA_OK) {
        *count += batch.length;
        stoa_batch_release(&batch);
    }
    stoa_stream_release(stream);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status open_table(struct bench *bench, struct ArrowArrayStream *out)
{
    struct session *session = &bench->session;
    stoa_result result = {0};
    stoa_status rc = stoa_query(session->conn, session->progress.op, "SELECT * FROM readings",
                                STOA_NUL, NULL, 0, NULL, 0, &result, &session->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, session->progress.op, out, &session->error);
    stoa_result_close(result);
    return rc;
}

static stoa_status scan_table(struct bench *bench, int64_t *count)
{
    struct ArrowArrayStream stream;
    stoa_status rc = open_table(bench, &stream);
    return rc == STOA_OK ? pull(bench, &stream, count) : rc;
}

static stoa_status run(struct bench *bench, const char *sql)
{
    struct session *session = &bench->session;
    return stoa_run(session->conn, session->progress.op, sql, STOA_NUL, NULL, 0, NULL, 0, NULL,
                    &session->error);
}

static stoa_status group_table(struct bench *bench, int64_t *count)
{
    *count = bench->rows;
    return run(bench, "SELECT sensor, count(*), avg(temperature), max(humidity) FROM readings"
                      " GROUP BY sensor");
}

static stoa_status sum_stream(struct bench *bench, int64_t *count)
{
    struct session *session = &bench->session;
    struct replay replay = {bench, 0};
    struct ArrowArrayStream stream = replay_open(&replay);
    stoa_scan scan = {0};
    stoa_status rc = stoa_scan_register(session->conn, session->progress.op, "live", STOA_NUL,
                                        &stream, NULL, 0, &scan, &session->error);
    if (rc == STOA_OK)
        rc = run(bench, "SELECT sum(temperature), sum(battery) FROM live");
    stoa_scan_close(scan);
    stoa_stream_release(&stream);
    *count = bench->rows;
    return rc;
}

/* One row after the other, for as long as a step may take. */
static stoa_status repeat(struct bench *bench, const char *sql, int64_t *count)
{
    struct session *session = &bench->session;
    double end = cli_now() + bench->seconds;
    stoa_value value = {.type = STOA_TYPE_INT64};
    stoa_status rc = STOA_OK;
    stoa_rows row;

    while (rc >= 0 && cli_now() < end) {
        value.a = (*count)++ * 7919 % bench->rows + 1;
        rc = stoa_query_row(session->conn, session->progress.op, sql, STOA_NUL, &value, 1, NULL, 0,
                            &row, &session->error);
    }
    return rc < 0 ? rc : STOA_OK;
}

static stoa_status find_rows(struct bench *bench, int64_t *count)
{
    return repeat(bench, "SELECT * FROM readings WHERE rowid = ?", count);
}

static stoa_status commit_rows(struct bench *bench, int64_t *count)
{
    return repeat(bench, "INSERT INTO single VALUES (?)", count);
}

static stoa_status write_rows(struct bench *bench, const char *format, const struct text *path,
                              int64_t *count)
{
    static const stoa_option replace = {"exists", "replace"};
    stoa_sink sink = {.struct_size = sizeof sink, .path = text_string(path), .path_size = STOA_NUL};
    stoa_op none = {0}; /* The table's stream is under the step's. */
    struct ArrowArrayStream stream;
    stoa_status rc = open_table(bench, &stream);

    if (rc != STOA_OK)
        return rc;
    rc = format_find(format, NULL)
             ->write(none, &stream, &sink, &replace, 1, count, &bench->session.error);
    stoa_stream_release(&stream);
    return rc;
}

static stoa_status write_csv(struct bench *bench, int64_t *count)
{
    return write_rows(bench, "csv", &bench->csv, count);
}

static stoa_status write_jsonl(struct bench *bench, int64_t *count)
{
    return write_rows(bench, "jsonl", &bench->jsonl, count);
}

static stoa_status open_rows(struct bench *bench, const char *format, const struct text *path,
                             struct ArrowArrayStream *out)
{
    stoa_source source = {
        .struct_size = sizeof source, .path = text_string(path), .path_size = STOA_NUL};
    struct session *session = &bench->session;
    return format_find(format, NULL)
        ->open(session->progress.op, &source, NULL, NULL, 0, out, &session->error);
}

static stoa_status read_csv(struct bench *bench, int64_t *count)
{
    struct ArrowArrayStream stream;
    stoa_status rc = open_rows(bench, "csv", &bench->csv, &stream);
    return rc == STOA_OK ? pull(bench, &stream, count) : rc;
}

static stoa_status read_jsonl(struct bench *bench, int64_t *count)
{
    struct ArrowArrayStream stream;
    stoa_status rc = open_rows(bench, "jsonl", &bench->jsonl, &stream);
    return rc == STOA_OK ? pull(bench, &stream, count) : rc;
}

static stoa_status import_csv(struct bench *bench, int64_t *count)
{
    struct ArrowArrayStream stream;
    stoa_status rc = open_rows(bench, "csv", &bench->csv, &stream);
    return rc == STOA_OK ? insert_stream(bench, &stream, "imported", count) : rc;
}

static stoa_status import_jsonl(struct bench *bench, int64_t *count)
{
    struct ArrowArrayStream stream;
    stoa_status rc = open_rows(bench, "jsonl", &bench->jsonl, &stream);
    return rc == STOA_OK ? insert_stream(bench, &stream, "imported", count) : rc;
}

static const struct step {
    const char *name;
    stoa_status (*run)(struct bench *bench, int64_t *count);
} steps[] = {
    {"Arrow into a table", insert_arrow},    {"one row a transaction", commit_rows},
    {"a table into Arrow", scan_table},      {"one row by its key", find_rows},
    {"group by", group_table},               {"sums of an Arrow stream", sum_stream},
    {"a table into CSV", write_csv},         {"CSV into Arrow", read_csv},
    {"CSV into a table", import_csv},        {"a table into JSON lines", write_jsonl},
    {"JSON lines into Arrow", read_jsonl},   {"JSON lines into a table", import_jsonl},
};
enum { STEP_COUNT = sizeof steps / sizeof *steps };

/* ---- all of them ---- */

/* Rounds until the step's time is up; the fastest is noted. */
static stoa_status measure(struct bench *bench, const struct step *step)
{
    double begun = cli_now(), least = 1e9;
    int64_t rows = 0;
    stoa_status rc;

    do {
        int64_t count = 0;
        double start = cli_now();
        rc = session_begin(&bench->session, step->name, "");
        if (rc == STOA_OK)
            rc = step->run(bench, &count);
        progress_end(&bench->session.progress);
        double seconds = cli_now() - start;
        if (rc == STOA_OK && seconds / (double)(count + 1) < least) {
            least = seconds / (double)(count + 1);
            rows = count;
        }
    } while (rc == STOA_OK && cli_now() - begun < bench->seconds);
    if (rc == STOA_OK)
        text_format(&bench->found, "%s(%d, '%s', %lld, round(%.6f, 3), cast(%.0f as integer))",
                    bench->found.size > 0 ? ", " : "", (int)(step - steps), step->name,
                    (long long)rows, least * (double)rows, 1 / least);
    return rc;
}

static stoa_status begin(struct bench *bench, const char *folder)
{
    struct session *session = &bench->session;
    stoa_status rc;

    snprintf(bench->folder, sizeof bench->folder, "%s/stoa-bench-XXXXXX", folder);
    if (!mkdtemp(bench->folder)) {
        bench->folder[0] = '\0';
        return session_fail(session, STOA_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    text_format(&bench->database, "%s/bench.db", bench->folder);
    text_format(&bench->csv, "%s/bench.csv", bench->folder);
    text_format(&bench->jsonl, "%s/bench.jsonl", bench->folder);
    rc = session_open(session, text_string(&bench->database), NULL, 0);
    if (rc == STOA_OK)
        rc = run(bench, "CREATE TABLE single(a INTEGER)");
    return rc == STOA_OK ? make_rows(bench) : rc;
}

static void print_found(struct bench *bench)
{
    struct text sql = {0};
    text_format(&sql,
                "WITH found(nth, step, rows, seconds, rows_per_second) AS (VALUES %s)"
                " SELECT step, rows, seconds, rows_per_second FROM found ORDER BY nth",
                text_string(&bench->found));
    (void)session_run(&bench->session, text_string(&sql));
    text_release(&sql);
}

static void finish(struct bench *bench)
{
    static const char *const names[] = {"bench.db", "bench.db-wal", "bench.db-shm", "bench.csv",
                                        "bench.jsonl"};
    struct text path = {0};

    session_release(&bench->session);
    for (size_t i = 0; bench->folder[0] && i < sizeof names / sizeof *names; i++) {
        text_clear(&path);
        text_format(&path, "%s/%s", bench->folder, names[i]);
        unlink(text_string(&path));
    }
    if (bench->folder[0])
        rmdir(bench->folder);
    for (int i = 0; i < bench->batch_count; i++)
        stoa_batch_release(&bench->batches[i]);
    stoa_schema_release(&bench->schema);
    text_release(&path);
    text_release(&bench->database);
    text_release(&bench->csv);
    text_release(&bench->jsonl);
    text_release(&bench->found);
}

int cli_bench(struct args *args)
{
    struct bench bench = {.rows = ROWS, .seconds = 3};
    const char *folder = getenv("TMPDIR"), *format = args_take(args, "format");
    stoa_status rc;

    if (args_take(args, "help")) {
        fputs(help, stdout);
        return CLI_OK;
    }
    if (args_take(args, "quick"))
        bench = (struct bench){.rows = ROWS_QUICK, .seconds = 0.03};
    if (args->count > 1 || args->option_count > 0 || (format && mode_find(format) < 0)) {
        fputs(help, stderr);
        return CLI_USAGE;
    }
    session_init(&bench.session);
    if (format)
        bench.session.output.mode = (enum mode)mode_find(format);
    interrupt_catch();
    rc = begin(&bench, args->count > 0 ? args->words[0] : folder && *folder ? folder : "/tmp");
    for (size_t i = 0; rc == STOA_OK && i < STEP_COUNT; i++)
        rc = measure(&bench, &steps[i]);
    if (rc == STOA_OK)
        print_found(&bench);
    else
        session_tell(&bench.session, NULL);
    finish(&bench);
    return session_exit(rc);
}
