/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of the shape into Arrow batches, from execute to the end of the stream, each
 * batch released: Stoa, the raw step loop into hand-made buffers, and the ADBC SQLite
 * driver. In memory and from a file; each side has a database of its own.
 */
#include "bench.h"
#include "peer_adbc.h"
#include "shape.h"

#include "sqlite3.h"
#include "stoa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000000 };

static const stoa_op no_limit = {0};
static const char SELECT[] = "SELECT * FROM t";

struct scan {
    struct shape *shape;
    stoa_conn conn;
    sqlite3 *raw;
    struct peer *peer;
};

static void must(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, status < 0 ? error->text : "");
}

static void must_raw(int code, sqlite3 *db)
{
    bench_check(code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW,
                sqlite3_errmsg(db));
}

/* ---- filling ---- */

static void open_stoa(struct scan *scan, const char *path)
{
    static const stoa_option append = {"mode", "append"};
    struct ArrowArrayStream stream;
    int64_t rows;
    stoa_error error;
    stoa_db db;

    must(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &db, &error), &error);
    must(stoa_connect(db, no_limit, NULL, 0, &scan->conn, &error), &error);
    must(stoa_run(scan->conn, no_limit, SHAPE_CREATE, STOA_NUL, NULL, 0, NULL, 0, NULL,
                  &error),
         &error);
    shape_stream(scan->shape, &stream);
    must(stoa_insert(scan->conn, no_limit, "t", STOA_NUL, &stream, &append, 1, &rows,
                     &error),
         &error);
    stoa_stream_release(&stream);
    bench_check(rows == ROWS, "not all rows went in");
}

static void fill_raw(sqlite3 *db, const struct shape_batch *batch, sqlite3_stmt *insert)
{
    for (int64_t row = 0; row < batch->rows; row++) {
        const int32_t begin = batch->name_offsets[row];

        sqlite3_bind_int64(insert, 1, batch->id[row]);
        sqlite3_bind_int64(insert, 2, batch->ts[row]);
        sqlite3_bind_double(insert, 3, batch->px[row]);
        sqlite3_bind_int64(insert, 4, batch->qty[row]);
        sqlite3_bind_text(insert, 5, batch->names + begin,
                          batch->name_offsets[row + 1] - begin, SQLITE_STATIC);
        must_raw(sqlite3_step(insert), db);
        sqlite3_reset(insert);
    }
}

static void open_raw(struct scan *scan, const char *path)
{
    sqlite3_stmt *insert;

    must_raw(sqlite3_open_v2(
                 path, &scan->raw,
                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL),
             scan->raw);
    must_raw(sqlite3_exec(scan->raw, "PRAGMA journal_mode=WAL; " SHAPE_CREATE "; BEGIN",
                          NULL, NULL, NULL),
             scan->raw);
    must_raw(sqlite3_prepare_v2(scan->raw, "INSERT INTO t VALUES(?,?,?,?,?)", -1, &insert,
                                NULL),
             scan->raw);
    for (int64_t i = 0; i < shape_batch_count(scan->shape); i++)
        fill_raw(scan->raw, shape_batch(scan->shape, i), insert);
    sqlite3_finalize(insert);
    must_raw(sqlite3_exec(scan->raw, "COMMIT", NULL, NULL, NULL), scan->raw);
}

static void open_peer(struct scan *scan, const char *path)
{
    struct ArrowArrayStream stream;

    scan->peer = peer_open(path);
    if (!scan->peer)
        return;
    shape_stream(scan->shape, &stream);
    peer_ingest(scan->peer, "t", &stream);
}

/* ---- reading ---- */

/* `sum` NULL: only read. */
static void read_stoa(struct scan *scan, struct shape_sum *sum)
{
    struct ArrowArray batch;
    stoa_error error;
    stoa_result result;
    stoa_status status;

    must(stoa_query(scan->conn, no_limit, SELECT, STOA_NUL, NULL, 0, NULL, 0, &result,
                    &error),
         &error);
    while ((status = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK) {
        if (sum)
            shape_sum_add(sum, &batch);
        else
            stoa_batch_release(&batch);
    }
    must(status, &error);
    stoa_result_close(result);
}

static double run_stoa(void *self)
{
    const double start = bench_now();

    read_stoa(self, NULL);
    return bench_now() - start;
}

static void read_peer(struct scan *scan, struct shape_sum *sum)
{
    struct ArrowArrayStream stream;
    struct ArrowArray batch;

    peer_query(scan->peer, SELECT, &stream);
    for (;;) {
        bench_check(stream.get_next(&stream, &batch) == 0, "the peer's stream failed");
        if (!batch.release)
            break;
        if (sum)
            shape_sum_add(sum, &batch);
        else
            batch.release(&batch);
    }
    stream.release(&stream);
}

static double run_peer(void *self)
{
    const double start = bench_now();

    read_peer(self, NULL);
    return bench_now() - start;
}

/* What the raw loop fills: the least that could be called a batch. */
struct buffers {
    int64_t *id, *ts, *qty;
    double *px;
    int32_t *offsets;
    char *names;
};

static void *need(size_t size)
{
    void *piece = malloc(size);

    bench_check(piece != NULL, "out of memory");
    return piece;
}

static int64_t whole(sqlite3_stmt *stmt, int column)
{
    sqlite3_value *value = sqlite3_column_value(stmt, column);

    bench_check(sqlite3_value_type(value) == SQLITE_INTEGER, "not an integer");
    return sqlite3_value_int64(value);
}

static void raw_row(sqlite3_stmt *stmt, struct buffers *to, int64_t row)
{
    sqlite3_value *value;
    const void *text;
    int size;

    to->id[row] = whole(stmt, 0);
    to->ts[row] = whole(stmt, 1);
    value = sqlite3_column_value(stmt, 2);
    bench_check(sqlite3_value_type(value) == SQLITE_FLOAT ||
                    sqlite3_value_type(value) == SQLITE_INTEGER,
                "not a number");
    to->px[row] = sqlite3_value_double(value);
    to->qty[row] = whole(stmt, 3);
    value = sqlite3_column_value(stmt, 4);
    bench_check(sqlite3_value_type(value) == SQLITE_TEXT, "not text");
    text = sqlite3_value_blob(value);
    size = sqlite3_value_bytes(value);
    memcpy(to->names + to->offsets[row], text, (size_t)size);
    to->offsets[row + 1] = to->offsets[row] + size;
}

static void sum_raw(const struct buffers *from, int64_t rows, struct shape_sum *sum)
{
    for (int64_t row = 0; row < rows; row++) {
        sum->rows++;
        sum->ids += from->id[row];
        sum->times += from->ts[row] % 1000003;
        sum->prices += from->px[row];
        sum->quantities += from->qty[row];
    }
    sum->name_bytes += from->offsets[rows];
}

/* One batch; false at the end. */
static bool raw_batch(sqlite3_stmt *stmt, struct shape_sum *sum)
{
    const size_t rows_max = SHAPE_BATCH_ROWS;
    struct buffers to = {need(8 * rows_max),       need(8 * rows_max),
                         need(8 * rows_max),       need(8 * rows_max),
                         need(4 * (rows_max + 1)), need(16 * rows_max)};
    int64_t rows = 0;
    bool more = true;

    to.offsets[0] = 0;
    while (rows < SHAPE_BATCH_ROWS && (more = sqlite3_step(stmt) == SQLITE_ROW))
        raw_row(stmt, &to, rows++);
    if (sum)
        sum_raw(&to, rows, sum);
    free(to.id);
    free(to.ts);
    free(to.qty);
    free(to.px);
    free(to.offsets);
    free(to.names);
    return more;
}

static void read_raw(struct scan *scan, struct shape_sum *sum)
{
    sqlite3_stmt *stmt;

    must_raw(sqlite3_prepare_v2(scan->raw, SELECT, -1, &stmt, NULL), scan->raw);
    while (raw_batch(stmt, sum))
        ;
    must_raw(sqlite3_finalize(stmt), scan->raw);
}

static double run_raw(void *self)
{
    const double start = bench_now();

    read_raw(self, NULL);
    return bench_now() - start;
}

/* ---- rounds ---- */

static void check_answers(struct scan *scan)
{
    struct shape_sum stoa = {0}, raw = {0}, peer = {0};

    read_stoa(scan, &stoa);
    shape_sum_check(&stoa, scan->shape, "stoa");
    read_raw(scan, &raw);
    shape_sum_check(&raw, scan->shape, "raw");
    if (!scan->peer)
        return;
    read_peer(scan, &peer);
    shape_sum_check(&peer, scan->shape, "adbc");
}

static void compare(struct shape *shape, const char *where, const char *stoa_path,
                    const char *raw_path, const char *peer_path)
{
    struct scan scan = {.shape = shape};
    struct bench_side sides[] = {{"stoa", run_stoa, &scan, 0},
                                 {"raw", run_raw, &scan, 0},
                                 {"adbc", run_peer, &scan, 0}};
    char name[64];

    open_stoa(&scan, stoa_path);
    open_raw(&scan, raw_path);
    open_peer(&scan, peer_path);
    check_answers(&scan);
    printf("# scan, %s; adbc: %s\n", where,
           scan.peer ? peer_name(scan.peer) : "not there");
    bench_rounds(sides, scan.peer ? 3 : 2, bench_round_count(7));
    snprintf(name, sizeof name, "scan_%s_raw", where);
    bench_at_least(name, sides[1].least / sides[0].least, 0.85);
    snprintf(name, sizeof name, "scan_%s_adbc", where);
    if (scan.peer)
        bench_at_least(name, sides[2].least / sides[0].least, 1.7);
    printf("# scan_%s: %.1f million rows a second\n", where, ROWS / sides[0].least / 1e6);
    stoa_conn_close(scan.conn);
    sqlite3_close(scan.raw);
    if (scan.peer)
        peer_close(scan.peer);
}

int main(void)
{
    struct shape *shape = shape_new(ROWS);
    char stoa[512], raw[512], peer[512];

    snprintf(stoa, sizeof stoa, "%s", bench_path("scan_stoa.db"));
    snprintf(raw, sizeof raw, "%s", bench_path("scan_raw.db"));
    snprintf(peer, sizeof peer, "%s", bench_path("scan_adbc.db"));
    compare(shape, "memory", ":memory:", ":memory:", ":memory:");
    compare(shape, "file", stoa, raw, peer);
    bench_remove(stoa);
    bench_remove(raw);
    bench_remove(peer);
    shape_free(shape);
    return 0;
}
