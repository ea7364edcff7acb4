/* SPDX-License-Identifier: Apache-2.0 */
/* stoa demo: the main job, shown step by step on a file of its own, with rows per second. */
#include "cli.h"
#include "demo.h"
#include "plot.h"
#include "sensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 3000000, ROWS_MAX = 100000000, CANCEL_AFTER_MS = 100 };

static const char help[] =
    "usage: stoa demo [--svg FILE] [--rows COUNT]\n"
    "\n"
    "Show the main job on a file of its own, step by step, with rows per second. With --svg the\n"
    "line that is drawn in the terminal is a file, too.\n"
    "\n"
    "  stoa demo\n"
    "  stoa demo --svg temperature.svg\n"
    "  stoa demo --rows 50000\n";

static const stoa_op no_limit = {0};

void demo_report(struct demo *demo, const char *what, int64_t rows, double since)
{
    double seconds = cli_now() - since;
    printf("  %-44s %9lld rows  %6.3f s  %6.2f million rows/s\n", what, (long long)rows, seconds,
           (double)rows / seconds / 1e6);
    text_format(&demo->told, "  %-44s %8.2f\n", what, (double)rows / seconds / 1e6);
}

void demo_heading(const char *text)
{
    printf("\n%s\n", text);
}

/* ---- steps ---- */

static stoa_status open_file(struct demo *demo)
{
    snprintf(demo->folder, sizeof demo->folder, "/tmp/stoa-demo-XXXXXX");
    if (!mkdtemp(demo->folder)) {
        perror("stoa: a folder for the demo");
        exit(CLI_FAILED);
    }
    snprintf(demo->path, sizeof demo->path, "%s/sensors.db", demo->folder);
    demo_heading("A file is a database; there is no server");
    stoa_status rc = stoa_open(no_limit, demo->path, STOA_NUL, NULL, 0, &demo->db, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_connect(demo->db, no_limit, NULL, 0, &demo->conn, &demo->error);
    if (rc == STOA_OK)
        printf("  stoa_open(\"%s\")\n", demo->path);
    return rc;
}

static stoa_status ingest(struct demo *demo)
{
    static const stoa_option create = {"mode", "create"};
    struct ArrowArrayStream stream;
    int64_t rows = 0;

    demo_heading("Columns in: an Arrow stream becomes a table in one transaction");
    if (sensors_open(demo->rows, -1, &stream) != 0)
        return STOA_ERR_NOMEM;
    double start = cli_now();
    stoa_status rc = stoa_insert(demo->conn, no_limit, "readings", STOA_NUL, &stream, &create, 1,
                                 &rows, &demo->error);
    if (rc == STOA_OK)
        demo_report(demo, "stoa_insert, committed to the file", rows, start);
    stoa_stream_release(&stream);
    return rc;
}

static stoa_status scan(struct demo *demo)
{
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_result result;
    int64_t rows = 0;

    demo_heading("Columns out: a result is an Arrow stream that outlives every handle");
    double start = cli_now();
    stoa_status rc = stoa_query(demo->conn, no_limit, "SELECT * FROM readings", STOA_NUL, NULL, 0,
                                NULL, 0, &result, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, no_limit, &stream, &demo->error);
    if (rc != STOA_OK)
        return rc;
    while ((rc = stoa_stream_next(&stream, &batch, &demo->error)) == STOA_OK) {
        rows += batch.length;
        stoa_batch_release(&batch);
    }
    if (rc == STOA_DONE)
        demo_report(demo, "every row into Arrow batches", rows, start);
    stoa_stream_release(&stream);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status demo_query(struct demo *demo, const char *sql)
{
    stoa_result result;
    stoa_status rc = stoa_query(demo->conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, &result,
                                &demo->error);
    int64_t rows;
    if (rc == STOA_OK)
        rc = print_result(&demo->output, result, no_limit, &rows, &demo->error);
    stoa_result_close(result);
    return rc;
}

static stoa_status aggregate(struct demo *demo)
{
    demo_heading("SQL over it");
    double start = cli_now();
    stoa_status rc =
        demo_query(demo, "SELECT sensor, count(*) AS n, round(avg(temperature), 2) AS mean,"
                         " round(max(temperature), 2) AS highest FROM readings"
                         " GROUP BY sensor ORDER BY mean DESC LIMIT 3");
    if (rc == STOA_OK)
        demo_report(demo, "group by", demo->rows, start);
    return rc;
}

stoa_status demo_failed(struct demo *demo, stoa_status rc)
{
    printf("  %s: %s\n", stoa_status_name(rc), demo->error.text);
    return demo_query(demo, "SELECT count(*) AS \"rows, as before\" FROM readings");
}

/* ---- pictures ---- */

enum { POINTS_MAX = 100000 };

/* The first column of a query's rows. `*values` is the caller's to free. */
static stoa_status read_series(struct demo *demo, const char *sql, double **values, size_t *count)
{
    stoa_result result = {0};
    stoa_status rc = stoa_query(demo->conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, &result,
                                &demo->error);
    *count = 0;
    *values = cli_new(POINTS_MAX, sizeof **values);
    while (rc == STOA_OK && *count < POINTS_MAX) {
        rc = stoa_result_step(result, no_limit, &demo->error);
        if (rc == STOA_OK)
            rc = stoa_result_float64(result, 0, &(*values)[*count], &demo->error);
        *count += rc == STOA_OK;
    }
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status draw(struct demo *demo)
{
    double *hours = NULL, *readings = NULL;
    size_t count = 0;
    int failed = 0;

    demo_heading("Pictures of it: the mean of each hour, and how often each temperature was read");
    stoa_status rc = read_series(demo,
                                 "SELECT avg(temperature) FROM readings"
                                 " GROUP BY time / 3600000000 ORDER BY time LIMIT 240",
                                 &hours, &count);
    struct series series = {hours, count};
    if (rc == STOA_OK) {
        plot_line(stdout, &series, 64, 8);
        failed = demo->svg ? plot_svg(demo->svg, &series, "Temperature, mean of each hour") : 0;
        if (demo->svg && !failed)
            printf("  the same in %s\n", demo->svg);
        putchar('\n');
        rc = read_series(demo, "SELECT temperature FROM readings WHERE rowid % 53 = 0", &readings,
                         &count);
    }
    series = (struct series){readings, count};
    if (rc == STOA_OK)
        plot_histogram(stdout, &series, 10, 40);
    free(hours);
    free(readings);
    if (failed) {
        snprintf(demo->error.text, sizeof demo->error.text, "%s: %s", demo->svg, strerror(failed));
        rc = STOA_ERR_IO;
    }
    return rc;
}

static stoa_status register_scan(struct demo *demo)
{
    struct ArrowArrayStream stream;
    stoa_scan table;

    demo_heading("Your own Arrow data is a table too, where it lies");
    if (sensors_open(demo->rows / 2, -1, &stream) != 0)
        return STOA_ERR_NOMEM;
    double start = cli_now();
    stoa_status rc = stoa_scan_register(demo->conn, no_limit, "live", STOA_NUL, &stream, NULL, 0,
                                        &table, &demo->error);
    if (rc == STOA_OK)
        rc = demo_query(demo, "SELECT count(*) AS n, round(sum(humidity)) AS humidity FROM live");
    if (rc == STOA_OK)
        demo_report(demo, "made, scanned and summed", demo->rows / 2, start);
    stoa_scan_close(table);
    stoa_stream_release(&stream);
    return rc;
}

static stoa_status fail_halfway(struct demo *demo)
{
    struct ArrowArrayStream stream;

    demo_heading("A producer that fails halfway leaves the table as it was");
    if (sensors_open(demo->rows, demo->rows / 2, &stream) != 0)
        return STOA_ERR_NOMEM;
    stoa_status rc = stoa_insert(demo->conn, no_limit, "readings", STOA_NUL, &stream, NULL, 0,
                                 NULL, &demo->error);
    stoa_stream_release(&stream);
    return rc < 0 ? demo_failed(demo, rc) : STOA_ERR_INTERNAL;
}

static stoa_status cancel(struct demo *demo)
{
    stoa_op op;

    demo_heading("A query that takes too long is stopped");
    stoa_status rc = stoa_op_open(CANCEL_AFTER_MS, NULL, NULL, NULL, &op, &demo->error);
    if (rc != STOA_OK)
        return rc;
    double start = cli_now();
    rc = stoa_run(demo->conn, op, "SELECT count(*) FROM readings a, readings b", STOA_NUL, NULL, 0,
                  NULL, 0, NULL, &demo->error);
    stoa_op_close(op);
    if (rc >= 0)
        return STOA_ERR_INTERNAL;
    printf("  %s after %.0f ms: %s\n", stoa_status_name(rc), (cli_now() - start) * 1e3,
           demo->error.text);
    return STOA_OK;
}

static stoa_status close_in_any_order(struct demo *demo)
{
    demo_heading("Handles are checked: use after close is a sentence, not a crash");
    stoa_db_close(demo->db);
    stoa_db_close(demo->db);
    stoa_status rc = stoa_ping(demo->conn, no_limit, &demo->error);
    if (rc >= 0)
        return STOA_ERR_INTERNAL;
    printf("  %s: %s\n", stoa_status_name(rc), demo->error.text);
    return STOA_OK;
}

static void remove_files(const struct demo *demo)
{
    static const char *const names[] = {"sensors.db",   "sensors.db-wal", "sensors.db-shm",
                                        "readings.csv", "bad.csv"};
    char name[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/%s", demo->folder, names[i]);
        unlink(name);
    }
    rmdir(demo->folder);
}

/* 0 and a sentence when called wrongly. */
static int take_options(struct demo *demo, struct args *args)
{
    const char *rows = args_take(args, "rows");
    char *end = NULL;

    demo->svg = args_take(args, "svg");
    demo->rows = rows ? strtoll(rows, &end, 10) : ROWS;
    if (args->count == 0 && args->option_count == 0 && (!end || !*end) && demo->rows >= 1000 &&
        demo->rows <= ROWS_MAX)
        return 1;
    fputs(help, stderr);
    return 0;
}

int cli_demo(struct args *args)
{
    static stoa_status (*const steps[])(struct demo *) = {
        open_file,      ingest,          scan,          aggregate,        draw,
        demo_write_csv, demo_import_csv, demo_scan_csv, register_scan,    fail_halfway,
        demo_import_bad, cancel,         close_in_any_order,
    };
    struct demo demo = {.error = {.text = "out of memory"}};
    struct session session;
    stoa_status rc = STOA_OK;

    if (args_take(args, "help")) {
        fputs(help, stdout);
        return CLI_OK;
    }
    if (!take_options(&demo, args))
        return CLI_USAGE;
    session_init(&session);
    demo.output = session.output;
    demo.output.mode = MODE_BOX;
    printf("stoa %s\n", stoa_version());
    for (size_t i = 0; i < sizeof steps / sizeof *steps && rc == STOA_OK; i++)
        rc = steps[i](&demo);
    stoa_db_close(demo.db);
    remove_files(&demo);
    if (rc == STOA_OK)
        printf("\nMillion rows per second\n%s\nDone.\n", text_string(&demo.told));
    else
        error_print(&demo.error, NULL, 0);
    text_release(&demo.told);
    return rc == STOA_OK ? CLI_OK : CLI_FAILED;
}
