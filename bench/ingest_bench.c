/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape as an Arrow stream into a fresh table, from handing over the stream to the
 * commit: Stoa, INSERT .. SELECT from a virtual table written by hand for these five
 * columns, and the ADBC SQLite driver. In memory and on file; the hand-written twin uses
 * the same storage, journal and synchronous level as Stoa, the driver its own defaults.
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

static void must(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, status < 0 ? error->text : "");
}

static void must_raw(int code, sqlite3 *db)
{
    bench_check(code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW,
                sqlite3_errmsg(db));
}

struct place {
    struct shape *shape;
    const char *stoa, *raw, *peer; /* Targets; NULL: in memory. */
};

/* ---- the hand-written virtual table ---- */

struct raw_table {
    sqlite3_vtab base;
    struct shape *shape;
};

struct raw_cursor {
    sqlite3_vtab_cursor base;
    const struct shape_batch *batch;
    int64_t number, row;
};

static int raw_connect(sqlite3 *db, void *self, int argc, const char *const *argv,
                       sqlite3_vtab **out, char **message)
{
    struct raw_table *table = calloc(1, sizeof *table);

    (void)argc, (void)argv, (void)message;
    bench_check(table != NULL, "out of memory");
    table->shape = self;
    *out = &table->base;
    return sqlite3_declare_vtab(db, SHAPE_CREATE);
}

static int raw_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int raw_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e6;
    return SQLITE_OK;
}

static int raw_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct raw_cursor *cursor = calloc(1, sizeof *cursor);

    (void)table;
    bench_check(cursor != NULL, "out of memory");
    *out = &cursor->base;
    return SQLITE_OK;
}

static int raw_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static void raw_take(struct raw_cursor *cursor)
{
    struct shape *shape = ((struct raw_table *)cursor->base.pVtab)->shape;

    cursor->row = 0;
    cursor->batch = cursor->number < shape_batch_count(shape)
                        ? shape_batch(shape, cursor->number)
                        : NULL;
}

static int raw_filter(sqlite3_vtab_cursor *base, int number, const char *text, int count,
                      sqlite3_value **values)
{
    struct raw_cursor *cursor = (struct raw_cursor *)base;

    (void)number, (void)text, (void)count, (void)values;
    cursor->number = 0;
    raw_take(cursor);
    return SQLITE_OK;
}

static int raw_next(sqlite3_vtab_cursor *base)
{
    struct raw_cursor *cursor = (struct raw_cursor *)base;

    if (++cursor->row >= cursor->batch->rows) {
        cursor->number++;
        raw_take(cursor);
    }
    return SQLITE_OK;
}

static int raw_eof(sqlite3_vtab_cursor *base)
{
    return ((struct raw_cursor *)base)->batch == NULL;
}

static int raw_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
    const struct raw_cursor *cursor = (struct raw_cursor *)base;
    const struct shape_batch *batch = cursor->batch;
    const int64_t row = cursor->row;
    int32_t begin;

    switch (index) {
    case 0:
        sqlite3_result_int64(context, batch->id[row]);
        break;
    case 1:
        sqlite3_result_int64(context, batch->ts[row]);
        break;
    case 2:
        sqlite3_result_double(context, batch->px[row]);
        break;
    case 3:
        sqlite3_result_int64(context, batch->qty[row]);
        break;
    default:
        begin = batch->name_offsets[row];
        sqlite3_result_text(context, batch->names + begin,
                            batch->name_offsets[row + 1] - begin, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

static int raw_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    const struct raw_cursor *cursor = (struct raw_cursor *)base;

    *out = cursor->number * SHAPE_BATCH_ROWS + cursor->row;
    return SQLITE_OK;
}

static const sqlite3_module raw_module = {
    .iVersion = 1,
    .xConnect = raw_connect,
    .xBestIndex = raw_best_index,
    .xDisconnect = raw_disconnect,
    .xOpen = raw_open,
    .xClose = raw_close,
    .xFilter = raw_filter,
    .xNext = raw_next,
    .xEof = raw_eof,
    .xColumn = raw_column,
    .xRowid = raw_rowid,
};

/* ---- one run a side: fresh database, clock, check ---- */

static const char SUMS[] = "SELECT count(*), sum(id), sum(qty), sum(length(name)) FROM t";

static void check(const struct place *place, int64_t rows, int64_t ids,
                  int64_t quantities, int64_t name_bytes, const char *who)
{
    int64_t right = 0;

    for (int64_t i = 0; i < shape_batch_count(place->shape); i++)
        for (int64_t row = 0; row < shape_batch(place->shape, i)->rows; row++)
            right += shape_batch(place->shape, i)->qty[row];
    bench_check(rows == ROWS && ids == (int64_t)ROWS * (ROWS - 1) / 2 &&
                    quantities == right && name_bytes == shape_name_bytes(place->shape),
                who);
}

static double run_stoa(void *self)
{
    static const stoa_option create = {"mode", "create"};
    const struct place *place = self;
    struct ArrowArrayStream stream;
    struct shape_sum sum = {0};
    struct ArrowArray batch;
    stoa_result result;
    stoa_error error;
    stoa_conn conn;
    stoa_status status;
    int64_t rows;
    stoa_db db;

    if (place->stoa)
        bench_remove(place->stoa);
    must(stoa_open(no_limit, place->stoa ? place->stoa : ":memory:", STOA_NUL, NULL, 0,
                   &db, &error),
         &error);
    must(stoa_connect(db, no_limit, NULL, 0, &conn, &error), &error);
    shape_stream(place->shape, &stream);
    const double start = bench_now();

    must(stoa_insert(conn, no_limit, "t", STOA_NUL, &stream, &create, 1, &rows, &error),
         &error);
    const double seconds = bench_now() - start;

    must(stoa_query(conn, no_limit, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0,
                    &result, &error),
         &error);
    while ((status = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK)
        shape_sum_add(&sum, &batch);
    must(status, &error);
    shape_sum_check(&sum, place->shape, "stoa");
    stoa_result_close(result);
    stoa_conn_close(conn);
    stoa_db_close(db);
    return seconds;
}

static double run_raw(void *self)
{
    const struct place *place = self;
    sqlite3_stmt *sums;
    sqlite3 *db = NULL;
    int code;

    if (place->raw)
        bench_remove(place->raw);
    /* In memory both are on SQLite's shared memory VFS, so that connections can share. */
    code = sqlite3_open_v2(place->raw ? place->raw : "file:/raw?vfs=memdb", &db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                               SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                           NULL);
    must_raw(code, db);
    if (place->raw)
        must_raw(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
                              NULL, NULL, NULL),
                 db);
    must_raw(sqlite3_create_module_v2(db, "source", &raw_module, place->shape, NULL), db);
    const double start = bench_now();

    must_raw(sqlite3_exec(db,
                          "BEGIN IMMEDIATE; " SHAPE_CREATE ";"
                          "INSERT INTO t SELECT id, ts, px, qty, name FROM source;"
                          "COMMIT",
                          NULL, NULL, NULL),
             db);
    const double seconds = bench_now() - start;

    must_raw(sqlite3_prepare_v2(db, SUMS, -1, &sums, NULL), db);
    must_raw(sqlite3_step(sums), db);
    check(place, sqlite3_column_int64(sums, 0), sqlite3_column_int64(sums, 1),
          sqlite3_column_int64(sums, 2), sqlite3_column_int64(sums, 3),
          "the hand-written twin wrote something else");
    sqlite3_finalize(sums);
    bench_check(sqlite3_close(db) == SQLITE_OK, "the twin was not closed");
    return seconds;
}

static double run_peer(void *self)
{
    const struct place *place = self;
    struct ArrowArrayStream stream;
    struct shape_sum sum = {0};
    struct ArrowArray batch;
    struct peer *peer;

    if (place->peer)
        bench_remove(place->peer);
    peer = peer_open(place->peer ? place->peer : ":memory:");
    bench_check(peer != NULL, "the peer went away");
    shape_stream(place->shape, &stream);
    const double start = bench_now();

    peer_ingest(peer, "t", &stream);
    const double seconds = bench_now() - start;

    peer_query(peer, "SELECT * FROM t", &stream);
    for (;;) {
        bench_check(stream.get_next(&stream, &batch) == 0, "the peer's stream failed");
        if (!batch.release)
            break;
        shape_sum_add(&sum, &batch);
    }
    stream.release(&stream);
    shape_sum_check(&sum, place->shape, "adbc");
    peer_close(peer);
    return seconds;
}

/* ---- rounds ---- */

static void compare(struct place *place, const char *where, double adbc_target)
{
    struct bench_side sides[] = {{"stoa", run_stoa, place, 0},
                                 {"raw", run_raw, place, 0},
                                 {"adbc", run_peer, place, 0}};
    struct peer *peer = peer_open(":memory:");
    char name[64];

    printf("# ingest, %s; adbc: %s\n", where, peer ? peer_name(peer) : "not there");
    bench_rounds(sides, peer ? 3 : 2, bench_round_count(7));
    snprintf(name, sizeof name, "ingest_%s_raw", where);
    bench_at_least(name, sides[1].least / sides[0].least, 0.85);
    snprintf(name, sizeof name, "ingest_%s_adbc", where);
    if (peer)
        bench_at_least(name, sides[2].least / sides[0].least, adbc_target);
    printf("# ingest_%s: %.1f million rows a second\n", where,
           ROWS / sides[0].least / 1e6);
    if (peer)
        peer_close(peer);
}

int main(void)
{
    struct place place = {.shape = shape_new(ROWS)};
    char stoa[512], raw[512], peer[512];

    snprintf(stoa, sizeof stoa, "%s", bench_path("ingest_stoa.db"));
    snprintf(raw, sizeof raw, "%s", bench_path("ingest_raw.db"));
    snprintf(peer, sizeof peer, "%s", bench_path("ingest_adbc.db"));
    compare(&place, "memory", 2.0);
    place.stoa = stoa;
    place.raw = raw;
    place.peer = peer;
    compare(&place, "file", 1.5);
    bench_remove(stoa);
    bench_remove(raw);
    bench_remove(peer);
    shape_free(place.shape);
    return 0;
}
