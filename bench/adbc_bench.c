/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stoa's adbc engine against the same driver used directly: a million rows in and out, on SQLite
 * and DuckDB, and on PostgreSQL where STOA_TEST_PG names a server. Batches are of the same size on
 * both sides; what the transaction around an ingest costs is in Stoa's time and told apart.
 */
#include "bench.h"
#include "shape.h"

#include "engine/adbc/adbc.h"
#include "stoa.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_OP ((stoa_op){0})

enum { ROWS = 1000000 };

static struct shape *shape;

/* One driver, reached both ways. */
struct peer {
    const char *name, *library, *entrypoint, *key;
    const char *batch_rows_key; /* NULL: the driver has none. */
    char place[256], path[512];
    struct adbc_table table;
    struct adbc_object database, connection;
    stoa_db db;
    stoa_conn conn;
    double begin_commit; /* Seconds, the least. */
};

/* ---- the driver itself ---- */

static void need(adbc_status status, const adbc_error *error, const char *what)
{
    if (status != ADBC_OK)
        fprintf(stderr, "%s: %s\n", what, error->message ? error->message : "?");
    bench_check(status == ADBC_OK, what);
}

static void open_direct(struct peer *peer)
{
    adbc_error error = {0};
    void *library = dlopen(peer->path, RTLD_NOW | RTLD_LOCAL);
    void *found = library ? dlsym(library, peer->entrypoint) : NULL;
    adbc_entry entry;

    bench_check(found != NULL, peer->path);
    memcpy(&entry, &found, sizeof entry);
    need(entry(ADBC_VERSION_1_1, &peer->table, &error), &error, "init");
    need(peer->table.database_new(&peer->database, &error), &error, "database");
    need(peer->table.database_set(&peer->database, peer->key, peer->place, &error), &error, "uri");
    need(peer->table.database_init(&peer->database, &error), &error, "database");
    need(peer->table.connection_new(&peer->connection, &error), &error, "connection");
    need(peer->table.connection_init(&peer->connection, &peer->database, &error), &error,
         "connection");
}

static void close_direct(struct peer *peer)
{
    adbc_error error = {0};

    need(peer->table.connection_release(&peer->connection, &error), &error, "connection");
    need(peer->table.database_release(&peer->database, &error), &error, "database");
}

/* Not on the clock: dropping a table inside a transaction would be Stoa's alone to pay. */
static void drop(struct peer *peer)
{
    struct adbc_object statement = {0};
    adbc_error error = {0};

    need(peer->table.statement_new(&peer->connection, &statement, &error), &error, "statement");
    need(peer->table.statement_query(&statement, "DROP TABLE IF EXISTS t", &error), &error, "drop");
    need(peer->table.statement_execute(&statement, NULL, NULL, &error), &error, "drop");
    need(peer->table.statement_release(&statement, &error), &error, "statement");
}

static double ingest_direct(void *self)
{
    struct peer *peer = self;
    struct adbc_object statement = {0};
    struct ArrowArrayStream stream;
    adbc_error error = {0};
    int64_t rows = 0;
    double before;

    drop(peer);
    before = bench_now();
    shape_stream(shape, &stream);
    need(peer->table.statement_new(&peer->connection, &statement, &error), &error, "statement");
    need(peer->table.statement_set(&statement, "adbc.ingest.target_table", "t", &error), &error,
         "table");
    need(peer->table.statement_set(&statement, "adbc.ingest.mode", "adbc.ingest.mode.create",
                                   &error),
         &error, "mode");
    need(peer->table.statement_bind_stream(&statement, &stream, &error), &error, "bind");
    need(peer->table.statement_execute(&statement, NULL, &rows, &error), &error, "ingest");
    need(peer->table.statement_release(&statement, &error), &error, "statement");
    return bench_now() - before;
}

static void add_up(struct ArrowArrayStream *stream, const char *who)
{
    struct shape_sum sum = {0};
    struct ArrowArray batch;

    while (stream->get_next(stream, &batch) == 0 && batch.release)
        shape_sum_add(&sum, &batch);
    bench_check(sum.rows == ROWS, who);
    stream->release(stream);
}

static double scan_direct(void *self)
{
    struct peer *peer = self;
    struct adbc_object statement = {0};
    struct ArrowArrayStream stream = {0};
    adbc_error error = {0};
    double before = bench_now();

    need(peer->table.statement_new(&peer->connection, &statement, &error), &error, "statement");
    if (peer->batch_rows_key)
        need(peer->table.statement_set(&statement, peer->batch_rows_key, "65536", &error), &error,
             "batch rows");
    need(peer->table.statement_query(&statement, "SELECT * FROM t", &error), &error, "query");
    need(peer->table.statement_execute(&statement, &stream, NULL, &error), &error, "query");
    add_up(&stream, peer->name);
    need(peer->table.statement_release(&statement, &error), &error, "statement");
    return bench_now() - before;
}

/* ---- by way of Stoa ---- */

static void good(stoa_status rc, const stoa_error *err)
{
    if (rc < 0)
        fprintf(stderr, "%s\n", err->text);
    bench_check(rc >= 0, "stoa");
}

static void open_stoa(struct peer *peer)
{
    const stoa_option options[] = {{"driver", peer->path},
                                   {"entrypoint", peer->entrypoint},
                                   {peer->key, peer->place}};
    stoa_error err = {0};

    good(stoa_open(NO_OP, "adbc:", STOA_NUL, options, 3, &peer->db, &err), &err);
    good(stoa_connect(peer->db, NO_OP, NULL, 0, &peer->conn, &err), &err);
}

static double ingest_stoa(void *self)
{
    const stoa_option mode[] = {{"mode", "create"}, {"check", "shape"}};
    struct peer *peer = self;
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    int64_t rows = 0;
    double before;

    good(stoa_run(peer->conn, NO_OP, "DROP TABLE IF EXISTS t", STOA_NUL, NULL, 0, NULL, 0, NULL,
                  &err),
         &err);
    before = bench_now();
    shape_stream(shape, &stream);
    good(stoa_insert(peer->conn, NO_OP, "t", 1, &stream, mode, 2, &rows, &err), &err);
    bench_check(rows == ROWS, "rows");
    return bench_now() - before;
}

static double scan_stoa(void *self)
{
    struct peer *peer = self;
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_result result;
    double before = bench_now();

    good(stoa_query(peer->conn, NO_OP, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0, &result,
                    &err),
         &err);
    good(stoa_result_export(result, NO_OP, &stream, &err), &err);
    add_up(&stream, "stoa");
    return bench_now() - before;
}

static void time_begin_commit(struct peer *peer)
{
    stoa_error err = {0};

    for (int i = 0; i < 20; i++) {
        double before = bench_now(), took;

        good(stoa_begin(peer->conn, NO_OP, STOA_BEGIN_LAZY, &err), &err);
        good(stoa_commit(peer->conn, NO_OP, &err), &err);
        took = bench_now() - before;
        if (i == 0 || took < peer->begin_commit)
            peer->begin_commit = took;
    }
    printf("# %s: an empty transaction takes %.6f s\n", peer->name, peer->begin_commit);
}

/* ---- both ---- */

static void compare(struct peer *peer)
{
    int rounds = bench_round_count(15);
    struct bench_side in[] = {{"direct ingest", ingest_direct, peer, 0},
                              {"stoa ingest", ingest_stoa, peer, 0}};
    struct bench_side out[] = {{"direct scan", scan_direct, peer, 0},
                               {"stoa scan", scan_stoa, peer, 0}};
    char name[64];

    open_direct(peer);
    open_stoa(peer);
    bench_rounds(in, 2, rounds);
    (void)ingest_direct(peer);
    bench_rounds(out, 2, rounds);
    time_begin_commit(peer);
    stoa_db_close(peer->db);
    close_direct(peer);
    (void)snprintf(name, sizeof name, "adbc_%s_ingest", peer->name);
    bench_at_most(name, in[1].least / in[0].least, 1.10);
    (void)snprintf(name, sizeof name, "adbc_%s_scan", peer->name);
    bench_at_most(name, out[1].least / out[0].least, 1.10);
}

static bool find(struct peer *peer)
{
    (void)snprintf(peer->path, sizeof peer->path, "%s/build/adbc-drivers/%s",
                   getenv("PWD") ? getenv("PWD") : ".", peer->library);
    if (access(peer->path, F_OK) == 0)
        return true;
    printf("# %s: %s is not there; tests/adbc/drivers fetches it\n", peer->name, peer->path);
    return false;
}

int main(void)
{
    struct peer sqlite = {.name = "sqlite",
                          .library = "libadbc_driver_sqlite.so",
                          .entrypoint = "AdbcDriverSqliteInit",
                          .key = "uri",
                          .batch_rows_key = "adbc.sqlite.query.batch_rows"};
    struct peer duckdb = {.name = "duckdb",
                          .library = "libduckdb.so",
                          .entrypoint = "duckdb_adbc_init",
                          .key = "path",
                          .place = ":memory:"};
    struct peer postgresql = {.name = "postgresql",
                              .library = "libadbc_driver_postgresql.so",
                              .entrypoint = "AdbcDriverPostgresqlInit",
                              .key = "uri"};
    const char *server = getenv("STOA_TEST_PG");
    const char *file = bench_path("adbc.db");

    shape = shape_new(ROWS);
    (void)snprintf(sqlite.place, sizeof sqlite.place, "%s", file);
    if (find(&sqlite))
        compare(&sqlite);
    if (find(&duckdb))
        compare(&duckdb);
    if (server && find(&postgresql)) {
        /* Without Stoa's own settings. */
        (void)snprintf(postgresql.place, sizeof postgresql.place, "%.*s",
                       (int)strcspn(server, "?"), server);
        compare(&postgresql);
    }
    bench_remove(file);
    shape_free(shape);
    return 0;
}
