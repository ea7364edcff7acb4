/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stoa's adbc engine against the same driver used directly: a million rows in and out, on SQLite,
 * DuckDB and PostgreSQL, whose server tests/adbc/with_postgresql starts. Batches are of the same
 * size on both sides. What the transaction around an ingest costs is named apart, and taken from
 * the time it is compared by.
 *
 * Instructions are compared as well, where valgrind is: `adbc_bench count DRIVER SIDE TIMES` does
 * one thing so many times, and what more of them cost is the cost of one, on all threads.
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

enum { ROWS = 1000000, COUNTED_ROWS = 100000, TRANSACTION_ROUNDS = 20 };

static struct shape *shape;
static int64_t row_count = ROWS;

/* One driver, reached both ways. */
struct peer {
    const char *name, *library, *entrypoint, *key;
    const char *batch_rows_key; /* NULL: the driver has none. */
    int counted_times;          /* Noise is less than what so many take. */
    bool one_thread;            /* Threads that wait busily are not to be counted. */
    const char *slow[3];        /* Queries that take long; NULL: it cannot cancel. */
    const char *deaf;           /* What the server does not interrupt, turned off; NULL: nothing. */
    char place[256], path[384];
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
    if (peer->one_thread)
        need(peer->table.database_set(&peer->database, "threads", "1", &error), &error, "threads");
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
    bench_check(sum.rows == row_count, who);
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
                                   {peer->key, peer->place},
                                   {"threads", "1"}};
    stoa_error err = {0};

    good(stoa_open(NO_OP, "adbc:", STOA_NUL, options, peer->one_thread ? 4 : 3, &peer->db, &err),
         &err);
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
    bench_check(rows == row_count, "rows");
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

    for (int i = 0; i < TRANSACTION_ROUNDS; i++) {
        double before = bench_now(), took;

        good(stoa_begin(peer->conn, NO_OP, STOA_BEGIN_LAZY, &err), &err);
        good(stoa_commit(peer->conn, NO_OP, &err), &err);
        took = bench_now() - before;
        if (i == 0 || took < peer->begin_commit)
            peer->begin_commit = took;
    }
    printf("# %s: an empty transaction takes %.6f s\n", peer->name, peer->begin_commit);
}

/* ---- stopping ---- */

/* How long after its deadline a call comes back, at worst: while it scans, sorts and groups, at
 * five points in time each. The connection is good afterwards. */
static double worst_stop_ms(const struct peer *peer)
{
    static const int64_t points_ms[] = {20, 60, 100, 150, 250};
    double worst = 0;

    for (int i = 0; i < 3 && peer->slow[i]; i++)
        for (int point = 0; point < 5; point++) {
            double before = bench_now(), late;
            stoa_error err = {0};
            stoa_rows rows;
            stoa_op op;

            good(stoa_op_open(points_ms[point], NULL, NULL, NULL, &op, &err), &err);
            bench_check(stoa_query_row(peer->conn, op, peer->slow[i], STOA_NUL, NULL, 0, NULL, 0,
                                       &rows, &err) == STOA_ERR_TIMEOUT,
                        peer->slow[i]);
            late = (bench_now() - before) * 1000 - (double)points_ms[point];
            worst = late > worst ? late : worst;
            stoa_op_close(op);
            good(stoa_ping(peer->conn, NO_OP, &err), &err);
        }
    return worst;
}

static void time_stops(const struct peer *peer)
{
    stoa_error err = {0};
    char name[64];

    if (!peer->slow[0]) {
        printf("# %s: the driver cannot cancel\n", peer->name);
        return;
    }
    if (peer->deaf) {
        printf("# %s: %.1f ms without '%s'\n", peer->name, worst_stop_ms(peer), peer->deaf);
        good(stoa_run(peer->conn, NO_OP, peer->deaf, STOA_NUL, NULL, 0, NULL, 0, NULL, &err), &err);
    }
    (void)snprintf(name, sizeof name, "adbc_%s_stop_ms", peer->name);
    bench_at_most(name, worst_stop_ms(peer), 50);
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
    time_stops(peer);
    stoa_db_close(peer->db);
    close_direct(peer);
    (void)snprintf(name, sizeof name, "adbc_%s_ingest", peer->name);
    bench_at_most(name, (in[1].least - peer->begin_commit) / in[0].least, 1.10);
    (void)snprintf(name, sizeof name, "adbc_%s_scan", peer->name);
    bench_at_most(name, out[1].least / out[0].least, 1.10);
}

/* ---- instructions ---- */

/* What the bars compare, and what a transaction costs that has nothing in it. */
static const char *const sides[] = {"direct_ingest", "stoa_ingest", "direct_scan", "stoa_scan",
                                    "stoa_transaction"};
enum { DIRECT_INGEST, STOA_INGEST, DIRECT_SCAN, STOA_SCAN, STOA_TRANSACTION, SIDE_COUNT };

/* The process that is counted. Each side opens what the others open, in the same order. */
static void run_counted(struct peer *peer, const char *side, int times)
{
    static double (*const runs[])(void *self) = {ingest_direct, ingest_stoa, scan_direct,
                                                 scan_stoa};
    int which = 0;

    while (which < SIDE_COUNT && strcmp(side, sides[which]) != 0)
        which++;
    bench_check(which < SIDE_COUNT, side);
    open_direct(peer);
    open_stoa(peer);
    (void)ingest_direct(peer);
    (void)ingest_stoa(peer);
    for (int i = 0; i < times; i++)
        if (which == STOA_TRANSACTION)
            time_begin_commit(peer);
        else
            (void)runs[which](peer);
    stoa_db_close(peer->db);
    close_direct(peer);
}

static double counted(const struct peer *peer, const char *side, int times)
{
    char command[1024], line[256];
    double total = 0;
    FILE *told;

    (void)snprintf(command, sizeof command,
                   "valgrind --tool=callgrind --callgrind-out-file=/dev/null /proc/%d/exe count %s "
                   "%s %d 2>&1 >/dev/null",
                   (int)getpid(), peer->name, side, times);
    told = popen(command, "r");
    bench_check(told != NULL, "valgrind");
    while (fgets(line, sizeof line, told)) {
        const char *found = strstr(line, "Collected : ");

        if (found)
            total = strtod(found + 12, NULL);
    }
    bench_check(pclose(told) == 0 && total > 0, command);
    return total;
}

static bool have_valgrind(void)
{
    FILE *told = popen("valgrind --version 2>/dev/null", "r");
    char line[64] = "";

    if (!told)
        return false;
    while (fgets(line, sizeof line, told))
        continue;
    return pclose(told) == 0;
}

static void compare_instructions(const struct peer *peer)
{
    double each[SIDE_COUNT];
    char name[64];

    for (int i = 0; i < SIDE_COUNT; i++) {
        each[i] = (counted(peer, sides[i], 1 + peer->counted_times) - counted(peer, sides[i], 1)) /
                  peer->counted_times;
        printf("# %s: %s: %.0f instructions\n", peer->name, sides[i], each[i]);
    }
    each[STOA_TRANSACTION] /= TRANSACTION_ROUNDS;
    (void)snprintf(name, sizeof name, "adbc_%s_ingest_instructions", peer->name);
    bench_at_most(name, (each[STOA_INGEST] - each[STOA_TRANSACTION]) / each[DIRECT_INGEST], 1.03);
    (void)snprintf(name, sizeof name, "adbc_%s_scan_instructions", peer->name);
    bench_at_most(name, each[STOA_SCAN] / each[DIRECT_SCAN], 1.03);
}

/* ---- who ---- */

static bool find(struct peer *peer)
{
    char root[256];

    bench_check(getcwd(root, sizeof root) != NULL, "the folder has too long a name");
    (void)snprintf(peer->path, sizeof peer->path, "%s/build/adbc-drivers/%s", root, peer->library);
    if (access(peer->path, F_OK) == 0)
        return true;
    printf("# %s: %s is not there; tests/adbc/drivers fetches it\n", peer->name, peer->path);
    return false;
}

/* Once more with a server, if there is none and one can be started. */
static void start_server(char **argv)
{
    static const char starter[] = "tests/adbc/with_postgresql";
    char root[512], self[512];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);

    if (getenv("STOA_BENCH_ROOT") || getenv("STOA_TEST_PG") || size < 0 ||
        access(starter, X_OK) != 0 || !getcwd(root, sizeof root))
        return;
    self[size] = '\0';
    (void)setenv("STOA_BENCH_ROOT", root, 1);
    (void)execl(starter, starter, self, argv[1], (char *)NULL);
}

int main(int argc, char **argv)
{
    struct peer peers[] = {{.name = "sqlite",
                            .library = "libadbc_driver_sqlite.so",
                            .entrypoint = "AdbcDriverSqliteInit",
                            .key = "uri",
                            .counted_times = 3,
                            .batch_rows_key = "adbc.sqlite.query.batch_rows"},
                           {.name = "duckdb",
                            .library = "libduckdb.so",
                            .entrypoint = "duckdb_adbc_init",
                            .key = "path",
                            .counted_times = 30,
                            .slow = {"SELECT max(a.range * b.range % 7) FROM range(10000000) a, "
                                     "range(10000000) b",
                                     "SELECT hash(range) AS h FROM range(300000000) ORDER BY h",
                                     "SELECT hash(range) AS h, count(*) FROM range(500000000) "
                                     "GROUP BY h"},
                            .place = ":memory:"},
                           {.name = "postgresql",
                            .library = "libadbc_driver_postgresql.so",
                            .entrypoint = "AdbcDriverPostgresqlInit",
                            .key = "uri",
                            .slow = {"SELECT max(a * b % 7) FROM generate_series(1, 1000000) a, "
                                     "generate_series(1, 100000) b",
                                     "SELECT md5(a::text) AS h FROM generate_series(1, 50000000) a "
                                     "ORDER BY h",
                                     "SELECT md5(a::text) AS h, count(*) FROM "
                                     "generate_series(1, 50000000) a GROUP BY h"},
                            .deaf = "SET jit = off"}};
    enum { SQLITE, DUCKDB, POSTGRESQL, PEER_COUNT };
    bool counts = argc == 5 && strcmp(argv[1], "count") == 0;
    const char *server, *file;

    if (!counts)
        start_server(argv);
    if (getenv("STOA_BENCH_ROOT"))
        bench_check(chdir(getenv("STOA_BENCH_ROOT")) == 0, "STOA_BENCH_ROOT");
    server = getenv("STOA_TEST_PG");
    file = bench_path("adbc.db");
    (void)snprintf(peers[SQLITE].place, sizeof peers[SQLITE].place, "%s", file);
    if (server) /* Without Stoa's own settings. */
        (void)snprintf(peers[POSTGRESQL].place, sizeof peers[POSTGRESQL].place, "%.*s",
                       (int)strcspn(server, "?"), server);
    row_count = counts ? COUNTED_ROWS : ROWS;
    shape = shape_new(row_count);
    peers[DUCKDB].one_thread = counts;
    for (int i = 0; i < PEER_COUNT; i++)
        if (counts && strcmp(argv[2], peers[i].name) == 0 && find(&peers[i]))
            run_counted(&peers[i], argv[3], (int)strtol(argv[4], NULL, 10));
        else if (!counts && (i != POSTGRESQL || server) && find(&peers[i]))
            compare(&peers[i]);
    for (int i = 0; !counts && i < POSTGRESQL; i++)
        if (have_valgrind() && find(&peers[i]))
            compare_instructions(&peers[i]);
    bench_remove(file);
    shape_free(shape);
    return 0;
}
