/* SPDX-License-Identifier: Apache-2.0 */
/* Peak memory above an idle process: ten million rows ingested from a stream made on the fly, then
 * scanned, each in a process of its own, on a file with the default cache. */
#include "bench.h"
#include "shape.h"

#include "stoa.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 10000000 };

static const stoa_op no_limit = {0};

static void need(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, error->text);
}

static stoa_conn connect_to(const char *path)
{
    stoa_db db;
    stoa_conn conn;
    stoa_error error;
    need(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &db, &error), &error);
    need(stoa_connect(db, no_limit, NULL, 0, &conn, &error), &error);
    return conn;
}

static void ingest(const char *path)
{
    static const stoa_option create = {"mode", "create"};
    struct ArrowArrayStream stream;
    stoa_error error;
    int64_t rows = 0;
    shape_generate(ROWS, &stream);
    need(stoa_insert(connect_to(path), no_limit, "t", STOA_NUL, &stream, &create, 1, &rows,
                     &error),
         &error);
    bench_check(rows == ROWS, "rows are missing");
}

static void scan(const char *path)
{
    stoa_result result;
    stoa_error error;
    struct ArrowArray batch;
    struct shape_sum sum = {0};
    need(stoa_query(connect_to(path), no_limit, "SELECT * FROM t", STOA_NUL, NULL, 0, NULL, 0,
                    &result, &error),
         &error);
    stoa_status rc;
    while ((rc = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK)
        shape_sum_add(&sum, &batch);
    need(rc, &error);
    bench_check(sum.rows == ROWS, "rows are missing");
}

/* MiB above what the process had before. */
static double measure(void (*run)(const char *), const char *path)
{
    int ends[2];
    double mib = 0;
    int status = 0;

    bench_check(pipe(ends) == 0, "no pipe");
    fflush(stdout);
    pid_t child = fork();
    bench_check(child >= 0, "no process");
    if (child == 0) {
        int64_t before = bench_peak_bytes();
        run(path);
        mib = (double)(bench_peak_bytes() - before) / (1 << 20);
        _exit(write(ends[1], &mib, sizeof mib) == (ssize_t)sizeof mib ? 0 : 1);
    }
    close(ends[1]); /* Else nothing ends the reading when the child fails. */
    bench_check(read(ends[0], &mib, sizeof mib) == (ssize_t)sizeof mib &&
                    waitpid(child, &status, 0) == child && status == 0,
                "the measured process failed");
    close(ends[0]);
    return mib;
}

int main(void)
{
    const char *path = bench_path("memory.db");
    bench_at_most("memory_ingest_mib", measure(ingest, path), 64);
    bench_at_most("memory_scan_mib", measure(scan, path), 64);
    bench_remove(path);
    return 0;
}
