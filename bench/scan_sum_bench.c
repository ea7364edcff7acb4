/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL over the caller's Arrow batches against the same SQL over a stored table: a sum, with
 * the registration and the prepare inside the clock, and two more queries for the record.
 */
#include "bench.h"
#include "shape.h"

#include "stoa.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 1000000 };

static const stoa_op no_limit = {0};

struct sides {
    struct shape *shape;
    stoa_conn conn;
    const char *before, *after; /* The query around the table's name. */
    double answer;
};

static void must(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, status < 0 ? error->text : "");
}

/* The first column of the one row, as a double. */
static double ask(struct sides *self, const char *table)
{
    char sql[256];
    struct ArrowArray batch;
    struct ArrowSchema schema;
    stoa_result result;
    stoa_error error;
    double answer;

    snprintf(sql, sizeof sql, "%s %s %s", self->before, table, self->after);
    must(stoa_query(self->conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, &result,
                    &error),
         &error);
    must(stoa_result_schema(result, &schema, &error), &error);
    bench_check(stoa_result_next(result, no_limit, &batch, &error) == STOA_OK &&
                    batch.length == 1,
                "not one row");
    if (strcmp(schema.children[0]->format, "g") == 0)
        answer = ((const double *)batch.children[0]->buffers[1])[0];
    else
        answer = (double)((const int64_t *)batch.children[0]->buffers[1])[0];
    stoa_schema_release(&schema);
    stoa_batch_release(&batch);
    stoa_result_close(result);
    return answer;
}

static double run_native(void *data)
{
    struct sides *self = data;
    const double start = bench_now();
    const double answer = ask(self, "t");
    const double seconds = bench_now() - start;

    bench_check(answer == self->answer, "the stored table answers something else");
    return seconds;
}

static double run_scan(void *data)
{
    struct sides *self = data;
    struct ArrowArrayStream stream;
    stoa_error error;
    stoa_scan scan;

    shape_stream(self->shape, &stream);
    const double start = bench_now();

    must(stoa_scan_register(self->conn, no_limit, "frame", STOA_NUL, &stream, NULL, 0,
                            &scan, &error),
         &error);
    const double answer = ask(self, "frame");
    const double seconds = bench_now() - start;

    bench_check(answer == self->answer, "the scan answers something else");
    stoa_scan_close(scan);
    return seconds;
}

static void fill(struct sides *self)
{
    static const stoa_option create = {"mode", "create"};
    struct ArrowArrayStream stream;
    stoa_error error;
    int64_t rows;

    shape_stream(self->shape, &stream);
    must(stoa_insert(self->conn, no_limit, "t", STOA_NUL, &stream, &create, 1, &rows,
                     &error),
         &error);
    bench_check(rows == ROWS, "not all rows went in");
}

int main(void)
{
    static const struct {
        const char *name, *before, *after;
        double target; /* 0: for the record. */
    } cases[] = {
        {"scan_sum", "SELECT sum(px) FROM", "", 1.0},
        {"scan_filter", "SELECT count(*) FROM", "WHERE qty = 7", 0},
        {"scan_group", "SELECT max(s) FROM (SELECT sum(px) AS s FROM",
         "GROUP BY qty)", 0},
    };
    struct sides self = {.shape = shape_new(ROWS)};
    stoa_error error;
    stoa_db db;

    must(stoa_open(no_limit, ":memory:", STOA_NUL, NULL, 0, &db, &error), &error);
    must(stoa_connect(db, no_limit, NULL, 0, &self.conn, &error), &error);
    fill(&self);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench_side sides[] = {{"scan", run_scan, &self, 0},
                                     {"native", run_native, &self, 0}};

        self.before = cases[i].before;
        self.after = cases[i].after;
        self.answer = ask(&self, "t");
        printf("# %s ... %s\n", cases[i].before, cases[i].after);
        bench_rounds(sides, 2, bench_round_count(7));
        if (cases[i].target > 0)
            bench_at_least(cases[i].name, sides[1].least / sides[0].least,
                           cases[i].target);
        printf("# %s: %.0f against %.0f million rows a second\n", cases[i].name,
               ROWS / sides[0].least / 1e6, ROWS / sides[1].least / 1e6);
    }
    stoa_conn_close(self.conn);
    stoa_db_close(db);
    shape_free(self.shape);
    return 0;
}
