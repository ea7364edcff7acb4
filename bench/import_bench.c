/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five million rows of five columns, a CSV file into a database file, the last checkpoint included,
 * and the memory that takes. The peers: Debian's sqlite3 with .import into a table of the same
 * types, and DuckDB's read_csv() with a checkpoint, on as many threads as there are processors.
 */
#include "bench.h"
#include "command.h"
#include "rows_file.h"

#include <stdio.h>
#include <unistd.h>

enum { ROWS = 5000000, ROUNDS = 3 };

struct import {
    const char *csv, *file;
    int64_t peak;
};

static double import_stoa(void *self)
{
    struct import *import = self;
    const char *argv[] = {COMMAND_STOA, "import", import->file, import->csv, "t", NULL};

    bench_remove(import->file);
    command_settle();
    return command_run(argv, &import->peak);
}

static double import_sqlite3(void *self)
{
    const struct import *import = self;
    char line[256];
    const char *argv[] = {"sqlite3", import->file,
                          "create table t(id integer, time text, sensor text, value real,"
                          " count integer)",
                          ".mode csv", line, NULL};

    snprintf(line, sizeof line, ".import --skip 1 %s t", import->csv);
    bench_remove(import->file);
    command_settle();
    return command_run(argv, NULL);
}

/* The seconds it tells itself: Python's own start is not DuckDB's. */
static double import_duckdb(void *self)
{
    const struct import *import = self;
    char line[512];
    double seconds = 0;

    unlink(import->file);
    snprintf(line, sizeof line, "%s bench/duckdb_peer.py %s %s %ld", COMMAND_PYTHON, import->csv,
             import->file, sysconf(_SC_NPROCESSORS_ONLN));
    command_settle();
    FILE *pipe = popen(line, "r");
    bench_check(pipe != NULL, "the peer cannot be started");
    int found = fscanf(pipe, "%lf", &seconds);
    bench_check(pclose(pipe) == 0 && found == 1, "DuckDB failed; bench/setup fetches it");
    return seconds;
}

int main(void)
{
    const char *csv = bench_path("import.csv");
    struct import ours = {csv, bench_path("stoa.db"), 0};
    struct import sqlite3 = {csv, bench_path("sqlite3.db"), 0};
    struct import duckdb = {csv, bench_path("duckdb.db"), 0};
    struct bench_side sides[] = {{.name = "stoa", .run = import_stoa, .self = &ours},
                                 {.name = "sqlite3", .run = import_sqlite3, .self = &sqlite3},
                                 {.name = "duckdb", .run = import_duckdb, .self = &duckdb}};

    rows_file_make(csv, "csv", ROWS);
    bench_rounds(sides, 3, bench_round_count(ROUNDS));
    bench_remove(csv);
    bench_remove(ours.file);
    bench_remove(sqlite3.file);
    bench_remove(duckdb.file);
    bench_at_least("import_csv_vs_sqlite3", sides[1].least / sides[0].least, 2);
    bench_at_most("import_csv_vs_duckdb", sides[0].least / sides[2].least, 2);
    bench_at_most("import_csv_mib", (double)ours.peak / (1 << 20), 128);
    return 0;
}
