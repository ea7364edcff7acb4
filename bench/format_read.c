/* SPDX-License-Identifier: Apache-2.0 */
#include "format_read.h"

#include "command.h"
#include "rows_file.h"
#include "stoa.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 2000000, ROUNDS = 3, THREADS = 2 };

struct reading {
    const char *form, *path;
};

static double read_stoa(void *self)
{
    static const stoa_option options[] = {{"threads", "2"}};
    const struct reading *reading = self;
    stoa_source source = {
        .struct_size = sizeof source, .path = reading->path, .path_size = STOA_NUL};
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_error err = {0};
    int64_t rows = 0;
    double begin = bench_now();
    stoa_status rc;

    if (strcmp(reading->form, "csv") == 0)
        rc = stoa_csv_open((stoa_op){0}, &source, NULL, options, 1, &stream, &err);
    else
        rc = stoa_jsonl_open((stoa_op){0}, &source, NULL, options, 1, &stream, &err);
    bench_check(rc == STOA_OK, err.text);
    while ((rc = stoa_stream_next(&stream, &batch, &err)) == STOA_OK) {
        rows += batch.length;
        stoa_batch_release(&batch);
    }
    bench_check(rc == STOA_DONE, err.text);
    stoa_stream_release(&stream);
    bench_check(rows == ROWS, "Stoa read another number of rows");
    return bench_now() - begin;
}

static double read_peer(void *self)
{
    const struct reading *reading = self;
    char command[512];
    double seconds = 0;
    long long rows = 0;
    FILE *pipe;
    int found;

    snprintf(command, sizeof command, "%s bench/format_peer.py %s %s %d", COMMAND_PYTHON,
             reading->form, reading->path, THREADS);
    pipe = popen(command, "r");
    bench_check(pipe != NULL, "the peer cannot be started");
    found = fscanf(pipe, "%lf %lld", &seconds, &rows);
    bench_check(pclose(pipe) == 0 && found == 2 && rows == ROWS,
                "pyarrow failed, or read another number of rows; bench/setup fetches it");
    return seconds;
}

void format_read_bench(const char *form, const char *bar)
{
    struct reading reading = {form, bench_path(form)};
    struct bench_side sides[] = {{.name = "stoa", .run = read_stoa, .self = &reading},
                                 {.name = "pyarrow", .run = read_peer, .self = &reading}};

    rows_file_make(reading.path, form, ROWS);
    bench_rounds(sides, 2, bench_round_count(ROUNDS));
    bench_remove(reading.path);
    bench_at_least(bar, sides[1].least / sides[0].least, 1);
}
