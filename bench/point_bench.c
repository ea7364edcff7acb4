/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row by its key, 200,000 times, keys in the order (k * 7919) mod 1,000,000 of a
 * table keyed by id, all in memory and warm: Stoa in one call a row, raw SQLite with a
 * statement prepared once, and the ADBC SQLite driver with a statement prepared once.
 */
#include "bench.h"
#include "peer_adbc.h"

#include "sqlite3.h"
#include "stoa.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 1000000, GETS = 200000 };

static const stoa_op no_limit = {0};
static const char SELECT[] = "SELECT id, ts, px, qty, name FROM t WHERE id = ?1";
static const char FILL[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, ts INTEGER, px REAL, qty INTEGER, name TEXT);"
    "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 999999)"
    " INSERT INTO t SELECT i, 1700000000000000 + 1000 * i, (i * 7919 % 100000) / 7.0, i "
    "% 1000,"
    " 'sym' || (i * 7919 % 1000000) FROM c;";

struct point {
    stoa_conn conn;
    sqlite3 *raw;
    struct peer *peer;
};

/* What a caller would look at: the number in each column, the text's size. */
struct seen {
    int64_t whole, name_bytes;
    double price;
};

static void must(stoa_status status, const stoa_error *error)
{
    bench_check(status == STOA_OK, status != STOA_OK ? error->text : "");
}

static int64_t key_of(int64_t get)
{
    return get * 7919 % ROWS;
}

static void read_stoa(struct point *point, struct seen *seen)
{
    stoa_value key = {.type = STOA_TYPE_INT64};
    stoa_error error;
    stoa_rows row;
    double price;

    for (int64_t get = 0; get < GETS; get++) {
        key.a = key_of(get);
        must(stoa_query_row(point->conn, no_limit, SELECT, sizeof SELECT - 1, &key, 1,
                            NULL, 0, &row, &error),
             &error);
        memcpy(&price, &row.values[2].a, sizeof price);
        seen->whole += row.values[0].a + row.values[1].a + row.values[3].a;
        seen->price += price;
        seen->name_bytes += row.values[4].b;
    }
}

static void read_raw(struct point *point, struct seen *seen)
{
    sqlite3_stmt *stmt;

    bench_check(sqlite3_prepare_v2(point->raw, SELECT, -1, &stmt, NULL) == SQLITE_OK,
                sqlite3_errmsg(point->raw));
    for (int64_t get = 0; get < GETS; get++) {
        sqlite3_bind_int64(stmt, 1, key_of(get));
        bench_check(sqlite3_step(stmt) == SQLITE_ROW, sqlite3_errmsg(point->raw));
        seen->whole += sqlite3_column_int64(stmt, 0) + sqlite3_column_int64(stmt, 1) +
                       sqlite3_column_int64(stmt, 3);
        seen->price += sqlite3_column_double(stmt, 2);
        bench_check(sqlite3_column_text(stmt, 4) != NULL, "no text");
        seen->name_bytes += sqlite3_column_bytes(stmt, 4);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
}

static double run_stoa(void *self)
{
    struct seen seen = {0};
    const double start = bench_now();

    read_stoa(self, &seen);
    return bench_now() - start;
}

static double run_raw(void *self)
{
    struct seen seen = {0};
    const double start = bench_now();

    read_raw(self, &seen);
    return bench_now() - start;
}

static double run_peer(void *self)
{
    struct point *point = self;
    const double start = bench_now();
    struct peer_lookup *lookup = peer_lookup_open(point->peer, SELECT);

    for (int64_t get = 0; get < GETS; get++)
        bench_check(peer_lookup_get(lookup, key_of(get)) == key_of(get),
                    "the peer's row");
    peer_lookup_close(lookup);
    return bench_now() - start;
}

static void fill(struct point *point)
{
    stoa_error error;
    stoa_db db;

    must(stoa_open(no_limit, ":memory:", STOA_NUL, NULL, 0, &db, &error), &error);
    must(stoa_connect(db, no_limit, NULL, 0, &point->conn, &error), &error);
    must(stoa_run(point->conn, no_limit, FILL, STOA_NUL, NULL, 0, NULL, 0, NULL, &error),
         &error);
    bench_check(
        sqlite3_open_v2(":memory:", &point->raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK &&
            sqlite3_exec(point->raw, FILL, NULL, NULL, NULL) == SQLITE_OK,
        sqlite3_errmsg(point->raw));
    point->peer = peer_open(":memory:");
    if (!point->peer)
        return;
    char sql[sizeof FILL];
    char *insert;

    memcpy(sql, FILL, sizeof FILL); /* One statement at a time. */
    insert = strchr(sql, ';');
    *insert = 0;
    peer_run(point->peer, sql);
    peer_run(point->peer, insert + 1);
}

int main(void)
{
    struct point point = {0};
    struct seen stoa = {0}, raw = {0};
    struct bench_side sides[] = {{"stoa", run_stoa, &point, 0},
                                 {"raw", run_raw, &point, 0},
                                 {"adbc", run_peer, &point, 0}};

    fill(&point);
    read_stoa(&point, &stoa);
    read_raw(&point, &raw);
    bench_check(stoa.whole == raw.whole && stoa.price == raw.price &&
                    stoa.name_bytes == raw.name_bytes,
                "raw and stoa do not agree");
    printf("# point; adbc: %s\n", point.peer ? peer_name(point.peer) : "not there");
    bench_rounds(sides, point.peer ? 3 : 2, bench_round_count(7));
    bench_at_most("point_raw", sides[0].least / sides[1].least, 1.5);
    if (point.peer)
        bench_at_most("point_adbc", sides[0].least / sides[2].least, 0.5);
    printf("# point: %.3f us a row\n", sides[0].least / GETS * 1e6);
    stoa_conn_close(point.conn);
    sqlite3_close(point.raw);
    if (point.peer)
        peer_close(point.peer);
    return 0;
}
