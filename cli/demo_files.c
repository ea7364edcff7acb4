/* SPDX-License-Identifier: Apache-2.0 */
#include "demo.h"

#include <errno.h>
#include <string.h>

static const stoa_op no_limit = {0};

static void csv_path(const struct demo *demo, char *path, size_t size)
{
    snprintf(path, size, "%s/readings.csv", demo->folder);
}

stoa_status demo_write_csv(struct demo *demo)
{
    stoa_sink sink = {.struct_size = sizeof sink, .path_size = STOA_NUL};
    struct ArrowArrayStream stream = {0};
    stoa_result result;
    int64_t rows = 0;
    char path[96];

    demo_heading("A table becomes a CSV file");
    csv_path(demo, path, sizeof path);
    sink.path = path;
    double start = cli_now();
    stoa_status rc = stoa_query(demo->conn, no_limit, "SELECT * FROM readings", STOA_NUL, NULL, 0,
                                NULL, 0, &result, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_result_export(result, no_limit, &stream, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_csv_write(no_limit, &stream, &sink, NULL, 0, &rows, &demo->error);
    if (rc == STOA_OK)
        demo_report(demo, "stoa_csv_write", rows, start);
    stoa_stream_release(&stream);
    return rc;
}

stoa_status demo_import_csv(struct demo *demo)
{
    static const stoa_option create = {"mode", "create"};
    stoa_source source = {.struct_size = sizeof source, .path_size = STOA_NUL};
    struct ArrowArrayStream stream = {0};
    struct progress progress;
    int64_t rows = 0;
    char path[96];

    demo_heading("And a CSV file becomes a table, its types found by looking");
    csv_path(demo, path, sizeof path);
    source.path = path;
    double start = cli_now();
    stoa_status rc = progress_begin(&progress, "import", "bytes", &demo->error);
    if (rc == STOA_OK)
        rc = stoa_csv_open(progress.op, &source, NULL, NULL, 0, &stream, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_insert(demo->conn, no_limit, "imported", STOA_NUL, &stream, &create, 1, &rows,
                         &demo->error);
    stoa_stream_release(&stream);
    progress_end(&progress);
    if (rc == STOA_OK)
        demo_report(demo, "stoa_csv_open, stoa_insert, committed", rows, start);
    return rc;
}

stoa_status demo_scan_csv(struct demo *demo)
{
    stoa_source source = {.struct_size = sizeof source, .path_size = STOA_NUL};
    struct ArrowArrayStream stream = {0};
    stoa_scan scan = {0};
    char path[96];

    demo_heading("Or it is queried where it lies, without an import");
    csv_path(demo, path, sizeof path);
    source.path = path;
    double start = cli_now();
    stoa_status rc = stoa_csv_open(no_limit, &source, NULL, NULL, 0, &stream, &demo->error);
    if (rc == STOA_OK)
        rc = stoa_scan_register(demo->conn, no_limit, "file", STOA_NUL, &stream, NULL, 0, &scan,
                                &demo->error);
    if (rc == STOA_OK)
        rc = demo_query(demo, "SELECT datetime(min(time) / 1000000, 'unixepoch') AS first,"
                              " datetime(max(time) / 1000000, 'unixepoch') AS last,"
                              " round(avg(humidity), 2) AS humidity FROM file");
    if (rc == STOA_OK)
        demo_report(demo, "CSV file, scanned by SQL", demo->rows, start);
    stoa_scan_close(scan);
    stoa_stream_release(&stream);
    return rc;
}

/* Some good rows of the same table, and one that is not. */
static int write_bad(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return 0;
    fputs("time,sensor,temperature,humidity,battery\n", file);
    for (int i = 0; i < 1000; i++)
        fprintf(file, "2024-05-01T00:00:%02dZ,sensor-%02d,%s,50.5,99\n", i % 60, i % 50,
                i == 700 ? "warm" : "21.5");
    return fclose(file) == 0;
}

stoa_status demo_import_bad(struct demo *demo)
{
    stoa_source source = {.struct_size = sizeof source, .path_size = STOA_NUL};
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema table = {0};
    char path[96];

    demo_heading("And so does a file with a bad row, which is named");
    snprintf(path, sizeof path, "%s/bad.csv", demo->folder);
    if (!write_bad(path)) {
        snprintf(demo->error.text, sizeof demo->error.text, "%s: %s", path, strerror(errno));
        return STOA_ERR_IO;
    }
    source.path = path;
    stoa_status rc = stoa_table_schema(demo->conn, no_limit, NULL, 0, "readings", STOA_NUL, &table,
                                       &demo->error);
    if (rc == STOA_OK)
        rc = stoa_csv_open(no_limit, &source, &table, NULL, 0, &stream, &demo->error);
    stoa_schema_release(&table);
    if (rc != STOA_OK)
        return rc;
    rc = stoa_insert(demo->conn, no_limit, "readings", STOA_NUL, &stream, NULL, 0, NULL,
                     &demo->error);
    stoa_stream_release(&stream);
    return rc < 0 ? demo_failed(demo, rc) : STOA_ERR_INTERNAL;
}
