/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload NAME ROWS: one job, done once, for counting its instructions. What counts happens inside
 * measured() alone; bench/instructions tells callgrind so.
 *
 *   ingest    rows of the shape into a new table in memory
 *   scan      all rows of that table into Arrow batches
 *   rows      the same as packed rows, a thousand at a time
 *   point     one row by its key, by one call
 *   scan_sum  a sum over the shape registered as a table
 */
#include "bench.h"
#include "shape.h"
#include "stoa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const stoa_op no_limit = {0};

struct job {
    struct shape *shape;
    int64_t rows;
    stoa_conn conn;
};

static void must(stoa_status rc, const stoa_error *error)
{
    bench_check(rc >= 0, rc < 0 ? error->text : "");
}

static void open_memory(struct job *job)
{
    stoa_error error;
    stoa_db db;

    must(stoa_open(no_limit, ":memory:", STOA_NUL, NULL, 0, &db, &error), &error);
    must(stoa_connect(db, no_limit, NULL, 0, &job->conn, &error), &error);
}

static void ingest(struct job *job)
{
    static const stoa_option create = {"mode", "create"};
    struct ArrowArrayStream stream;
    int64_t rows;
    stoa_error error;

    shape_stream(job->shape, &stream);
    must(stoa_insert(job->conn, no_limit, "t", STOA_NUL, &stream, &create, 1, &rows, &error),
         &error);
    bench_check(rows == job->rows, "not all rows went in");
    stoa_stream_release(&stream);
}

static stoa_result query(struct job *job, const char *sql)
{
    stoa_result result;
    stoa_error error;

    must(stoa_query(job->conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &error), &error);
    return result;
}

static void scan(struct job *job)
{
    stoa_result result = query(job, "SELECT * FROM t");
    struct ArrowArray batch;
    int64_t rows = 0;
    stoa_error error;
    stoa_status rc;

    while ((rc = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK) {
        rows += batch.length;
        stoa_batch_release(&batch);
    }
    must(rc, &error);
    bench_check(rows == job->rows, "not all rows came out");
    stoa_result_close(result);
}

static void read_rows(struct job *job)
{
    stoa_result result = query(job, "SELECT * FROM t");
    stoa_rows packed;
    int64_t rows = 0;
    stoa_error error;
    stoa_status rc;

    while ((rc = stoa_result_rows(result, no_limit, 1000, &packed, &error)) == STOA_OK)
        rows += packed.row_count;
    must(rc, &error);
    bench_check(rows == job->rows, "not all rows came out");
    stoa_result_close(result);
}

static void point(struct job *job)
{
    static const char sql[] = "SELECT px, qty, name FROM t WHERE id = ?";
    stoa_error error;

    for (int64_t i = 0; i < job->rows; i++) {
        const stoa_value key = {.type = STOA_TYPE_INT64, .a = i * 7919 % job->rows};
        stoa_rows row;

        must(stoa_query_row(job->conn, no_limit, sql, sizeof sql - 1, &key, 1, NULL, 0, &row,
                            &error),
             &error);
        bench_check(row.row_count == 1, "a row is missing");
    }
}

static void scan_sum(struct job *job)
{
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_scan table;
    stoa_result result;
    stoa_error error;

    shape_stream(job->shape, &stream);
    must(stoa_scan_register(job->conn, no_limit, "s", STOA_NUL, &stream, NULL, 0, &table, &error),
         &error);
    result = query(job, "SELECT sum(px) FROM s");
    must(stoa_result_next(result, no_limit, &batch, &error), &error);
    stoa_batch_release(&batch);
    stoa_result_close(result);
    stoa_scan_close(table);
}

static void index_keys(struct job *job)
{
    stoa_error error;

    must(stoa_run(job->conn, no_limit, "CREATE UNIQUE INDEX t_id ON t(id)", STOA_NUL, NULL, 0,
                  NULL, 0, NULL, &error),
         &error);
}

/* Callgrind counts from its call to its return, so it has to be called. */
void measured(void (*run)(struct job *job), struct job *job);
__attribute__((noinline)) void measured(void (*run)(struct job *job), struct job *job)
{
    run(job);
    __asm__ volatile("" ::: "memory"); /* No jump in the place of the call. */
}

static const struct {
    const char *name;
    void (*run)(struct job *job);
    bool stored, indexed; /* What it needs: the table t, an index on its keys. */
} workloads[] = {
    {"ingest", ingest, false, false},    {"scan", scan, true, false},
    {"rows", read_rows, true, false},    {"point", point, true, true},
    {"scan_sum", scan_sum, false, false},
};

int main(int argc, char **argv)
{
    struct job job = {.rows = argc == 3 ? strtoll(argv[2], NULL, 10) : 0};

    for (size_t i = 0; job.rows > 0 && i < sizeof workloads / sizeof *workloads; i++) {
        if (strcmp(workloads[i].name, argv[1]) != 0)
            continue;
        job.shape = shape_new(job.rows);
        open_memory(&job);
        if (workloads[i].stored)
            ingest(&job);
        if (workloads[i].indexed)
            index_keys(&job);
        measured(workloads[i].run, &job);
        shape_free(job.shape);
        return 0;
    }
    fputs("usage: workload ingest|scan|rows|point|scan_sum ROWS\n", stderr);
    return 2;
}
