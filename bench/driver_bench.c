/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stoa as an ADBC driver (src/adbc_export) against the ADBC SQLite driver: the same client reaches
 * both through the interface's table. A million rows in and out of memory, and a prepared point
 * query.
 */
#include "bench.h"
#include "peer_adbc.h"
#include "shape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 1000000, KEYS = 100000, GETS = 20000 };

static const char fill[] =
    "INSERT INTO k SELECT value, value * 0.5, 'name' || value FROM (WITH RECURSIVE n(value) AS "
    "(SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100000) SELECT value FROM n)";

static struct shape *shape;

static double ingest(void *self)
{
    struct ArrowArrayStream stream;
    double before;

    peer_run(self, "DROP TABLE IF EXISTS t");
    before = bench_now();
    shape_stream(shape, &stream);
    peer_ingest(self, "t", &stream);
    return bench_now() - before;
}

static double scan(void *self)
{
    struct ArrowArrayStream stream = {0};
    struct shape_sum sum = {0};
    struct ArrowArray batch;
    double before = bench_now();

    peer_query(self, "SELECT * FROM t", &stream);
    while (stream.get_next(&stream, &batch) == 0 && batch.release)
        shape_sum_add(&sum, &batch);
    stream.release(&stream);
    bench_check(sum.rows == ROWS, "rows");
    return bench_now() - before;
}

static double get(void *self)
{
    double before = bench_now();
    struct peer_lookup *lookup = peer_lookup_open(self, "SELECT id, px, name FROM k WHERE id = ?");

    for (int64_t i = 0; i < GETS; i++) {
        int64_t key = i * 7919 % KEYS + 1;

        bench_check(peer_lookup_get(lookup, key) == key, "the row of the key");
    }
    peer_lookup_close(lookup);
    return bench_now() - before;
}

static void prepare(struct peer *peer)
{
    bench_check(peer != NULL, "a driver");
    peer_run(peer, "CREATE TABLE k(id INTEGER PRIMARY KEY, px REAL, name TEXT)");
    peer_run(peer, fill);
}

/* One side alone, one thing, so many times: for callgrind. */
static int run_one(struct peer *peer, const char *what, int times)
{
    double (*run)(void *) = strcmp(what, "ingest") == 0 ? ingest : get;

    if (strcmp(what, "scan") == 0)
        run = scan;
    if (run == scan)
        (void)ingest(peer);
    for (int i = 0; i < times; i++)
        (void)run(peer);
    return 0;
}

int main(int argc, char **argv)
{
    char library[4096], self[4000], *slash;
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);

    bench_check(size > 0, "the program's own place");
    self[size] = '\0';
    for (int i = 0; i < 2; i++) /* The folder bench/ is beside the library. */
        if ((slash = strrchr(self, '/')))
            *slash = '\0';
    (void)snprintf(library, sizeof library, "%s/libstoa.so.0", self);
    shape = shape_new(ROWS);
    struct peer *stoa = peer_open_driver(library, ":memory:"), *other = peer_open(":memory:");

    prepare(stoa);
    if (argc == 4 && strcmp(argv[1], "stoa") == 0)
        return run_one(stoa, argv[2], argv[3][0] - '0');
    bench_check(other != NULL, "the ADBC SQLite driver");
    prepare(other);
    if (argc == 4)
        return run_one(other, argv[2], argv[3][0] - '0');

    struct {
        const char *name;
        double (*run)(void *self);
    } const things[] = {{"ingest", ingest}, {"scan", scan}, {"point", get}};
    double least[3][2];

    for (int i = 0; i < 3; i++) {
        struct bench_side sides[] = {{"stoa", things[i].run, stoa, 0},
                                     {"adbc sqlite", things[i].run, other, 0}};

        printf("# %s\n", things[i].name);
        bench_rounds(sides, 2, bench_round_count(7));
        least[i][0] = sides[0].least;
        least[i][1] = sides[1].least;
    }
    bench_at_least("driver_ingest", least[0][1] / least[0][0], 2.0);
    bench_at_least("driver_scan", least[1][1] / least[1][0], 1.7);
    bench_at_most("driver_point", least[2][0] / least[2][1], 0.7);
    shape_free(shape);
    return 0;
}
