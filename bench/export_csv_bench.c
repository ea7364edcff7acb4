/* SPDX-License-Identifier: Apache-2.0 */
/* Five million rows of five columns, a table into a CSV file, against Debian's sqlite3. Each has
 * the table as its own import made it, so that both write the same texts. */
#include "bench.h"
#include "command.h"
#include "rows_file.h"

#include <stdio.h>
#include <unistd.h>

enum { ROWS = 5000000, ROUNDS = 3 };

struct export {
    const char *file, *csv;
};

static double export_stoa(void *self)
{
    const struct export *export = self;
    const char *argv[] = {COMMAND_STOA, "export", export->file, "t", export->csv, NULL};

    unlink(export->csv);
    command_settle();
    return command_run(argv, NULL);
}

static double export_sqlite3(void *self)
{
    const struct export *export = self;
    char line[256];
    const char *argv[] = {"sqlite3", export->file, ".mode csv", ".headers on",
                          line,      "select * from t", NULL};

    snprintf(line, sizeof line, ".output %s", export->csv);
    unlink(export->csv);
    command_settle();
    return command_run(argv, NULL);
}

/* As import_bench.c has it. */
static void fill_sqlite3(const char *file, const char *csv)
{
    char line[256];
    const char *argv[] = {"sqlite3", file,
                          "create table t(id integer, time text, sensor text, value real,"
                          " count integer)",
                          ".mode csv", line, NULL};

    snprintf(line, sizeof line, ".import --skip 1 %s t", csv);
    (void)command_run(argv, NULL);
}

int main(void)
{
    const char *csv = bench_path("rows.csv");
    struct export ours = {bench_path("export.db"), bench_path("stoa.csv")};
    struct export theirs = {bench_path("sqlite3.db"), bench_path("sqlite3.csv")};
    struct bench_side sides[] = {{.name = "stoa", .run = export_stoa, .self = &ours},
                                 {.name = "sqlite3", .run = export_sqlite3, .self = &theirs}};
    const char *import[] = {COMMAND_STOA, "import", ours.file, csv, "t", NULL};

    rows_file_make(csv, "csv", ROWS);
    (void)command_run(import, NULL);
    fill_sqlite3(theirs.file, csv);
    unlink(csv);
    bench_rounds(sides, 2, bench_round_count(ROUNDS));
    unlink(ours.csv);
    unlink(theirs.csv);
    bench_remove(ours.file);
    bench_remove(theirs.file);
    bench_at_least("export_csv_vs_sqlite3", sides[1].least / sides[0].least, 2);
    return 0;
}
