/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collection of a million elements read from a CSV file and written into one, with an enum, dates
 * and a relation, against the same by hand: one buffer cut by memchr, one statement kept and bound.
 * Both on SQLite's shared memory VFS; afterwards both tables and both files must be the same.
 */
#include "bench.h"

#include "sqlite3.h"
#include "stoa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000000, REGIONS = 200 };

#define SCHEMA                                                                                   \
    "CREATE TABLE Configuration(id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"     \
    "CREATE TABLE Region(id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"            \
    "CREATE TABLE Orchard(id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL, "    \
    "tree_count INTEGER NOT NULL, area REAL, date_planted TEXT, soil INTEGER, "                  \
    "region_id INTEGER REFERENCES Region(id) ON DELETE SET NULL ON UPDATE CASCADE) STRICT;"
#define HEADER "label,tree_count,area,date_planted,soil,region_id\n"
#define ENUM_LABELS "{\"soil\":{\"en\":{\"clay\":1,\"sand\":2,\"loam\":3}}}"

static const stoa_op no_limit = {0};
static const char *const soils[] = {"", "clay", "sand", "loam"};

struct shared {
    char *in, *ours, *theirs; /* Files. */
    stoa_db db;
    stoa_conn conn;
    sqlite3 *raw;
};

static void must(stoa_status rc, const stoa_error *err)
{
    if (rc < 0)
        bench_check(false, err->text);
}

static void raw_must(sqlite3 *db, int code)
{
    bench_check(code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE,
                sqlite3_errmsg(db));
}

static void raw_exec(sqlite3 *db, const char *sql)
{
    raw_must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* ---- the data ---- */

static void write_input(const char *path)
{
    FILE *file = fopen(path, "w");

    bench_check(file != NULL, "cannot make the input");
    fputs(HEADER, file);
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "orchard-%d,%d,%.15g,20%02d-%02d-%02dT06:30:00,%s,region-%03d\n", i, i % 977,
                i % 4001 / 4.0, i % 30, i % 12 + 1, i % 28 + 1, soils[i % 3 + 1], i * 7 % REGIONS);
    bench_check(fclose(file) == 0, "cannot write the input");
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *text;

    bench_check(file && fseek(file, 0, SEEK_END) == 0, "cannot read a file");
    *size = (size_t)ftell(file);
    rewind(file);
    text = malloc(*size + 1);
    bench_check(text && fread(text, 1, *size, file) == *size, "cannot read a file");
    fclose(file);
    text[*size] = '\0';
    return text;
}

/* ---- by hand: in ---- */

struct regions {
    char labels[REGIONS][16];
    size_t sizes[REGIONS];
    int64_t ids[REGIONS];
};

static void raw_regions(sqlite3 *db, struct regions *out)
{
    sqlite3_stmt *all;

    raw_must(db, sqlite3_prepare_v2(db, "SELECT id, label FROM Region ORDER BY label", -1, &all,
                                    NULL));
    for (int i = 0; i < REGIONS; i++) {
        raw_must(db, sqlite3_step(all));
        out->ids[i] = sqlite3_column_int64(all, 0);
        snprintf(out->labels[i], sizeof out->labels[i], "%s", sqlite3_column_text(all, 1));
        out->sizes[i] = strlen(out->labels[i]);
    }
    sqlite3_finalize(all);
}

static int64_t raw_region(const struct regions *regions, const char *text, size_t size)
{
    int low = 0, high = REGIONS;

    while (low < high) {
        const int middle = (low + high) / 2;
        const int order = memcmp(regions->labels[middle], text, size);

        if (order == 0 && regions->sizes[middle] == size)
            return regions->ids[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bench_check(false, "no such region");
    return 0;
}

static bool raw_is_date(const char *text, size_t size)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";

    for (size_t i = 0; i < size && i < sizeof shape - 1; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    return size == sizeof shape - 1;
}

static int raw_soil(const char *text, size_t size)
{
    for (int i = 1; i < 4; i++)
        if (strlen(soils[i]) == size && memcmp(soils[i], text, size) == 0)
            return i;
    bench_check(false, "no such soil");
    return 0;
}

static const char *raw_row(const char *at, const char *end, const struct regions *regions,
                           sqlite3_stmt *insert)
{
    const char *cells[6];
    size_t sizes[6];
    const char *line = memchr(at, '\n', (size_t)(end - at));

    for (int i = 0; i < 6; i++) {
        const char *comma = i < 5 ? memchr(at, ',', (size_t)(line - at)) : line;

        cells[i] = at;
        sizes[i] = (size_t)(comma - at);
        at = comma + 1;
    }
    bench_check(raw_is_date(cells[3], sizes[3]), "no date");
    sqlite3_bind_text(insert, 1, cells[0], (int)sizes[0], SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, strtoll(cells[1], NULL, 10));
    sqlite3_bind_double(insert, 3, strtod(cells[2], NULL));
    sqlite3_bind_text(insert, 4, cells[3], (int)sizes[3], SQLITE_STATIC);
    sqlite3_bind_int64(insert, 5, raw_soil(cells[4], sizes[4]));
    sqlite3_bind_int64(insert, 6, raw_region(regions, cells[5], sizes[5]));
    return at;
}

static double raw_import(void *self)
{
    struct shared *shared = self;
    sqlite3 *db = shared->raw;
    struct regions *regions = malloc(sizeof *regions);
    sqlite3_stmt *insert;
    double before;
    size_t size;
    char *text;

    raw_exec(db, "DELETE FROM Orchard");
    before = bench_now();
    bench_check(regions != NULL, "out of memory");
    text = read_file(shared->in, &size);
    raw_exec(db, "BEGIN");
    raw_regions(db, regions);
    raw_must(db, sqlite3_prepare_v2(db,
                                    "INSERT INTO Orchard(label,tree_count,area,date_planted,soil,"
                                    "region_id) VALUES(?,?,?,?,?,?)",
                                    -1, &insert, NULL));
    for (const char *at = text + strlen(HEADER); at < text + size;) {
        at = raw_row(at, text + size, regions, insert);
        raw_must(db, sqlite3_step(insert));
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    raw_exec(db, "COMMIT");
    free(text);
    free(regions);
    return bench_now() - before;
}

/* ---- by hand: out ---- */

static double raw_export(void *self)
{
    struct shared *shared = self;
    sqlite3 *db = shared->raw;
    FILE *file = fopen(shared->theirs, "w");
    const double before = bench_now();
    sqlite3_stmt *all;

    bench_check(file != NULL, "cannot make a file");
    raw_must(db, sqlite3_prepare_v2(db,
                                    "SELECT o.label, tree_count, area, date_planted, soil, r.label "
                                    "FROM Orchard o LEFT JOIN Region r ON r.id = o.region_id "
                                    "ORDER BY o.id",
                                    -1, &all, NULL));
    fputs("sep=,\n" HEADER, file);
    while (sqlite3_step(all) == SQLITE_ROW)
        fprintf(file, "%s,%lld,%.15g,%s,%s,%s\n", sqlite3_column_text(all, 0),
                (long long)sqlite3_column_int64(all, 1), sqlite3_column_double(all, 2),
                sqlite3_column_text(all, 3), soils[sqlite3_column_int(all, 4)],
                sqlite3_column_text(all, 5));
    sqlite3_finalize(all);
    bench_check(fclose(file) == 0, "cannot write a file");
    return bench_now() - before;
}

/* ---- Stoa ---- */

static double import_csv(void *self)
{
    static const stoa_option options[] = {{"enum_labels", ENUM_LABELS}};
    struct shared *shared = self;
    stoa_import_done done = {.struct_size = sizeof done};
    stoa_error err;
    double before;

    must(stoa_run(shared->conn, no_limit, "DELETE FROM Orchard", STOA_NUL, NULL, 0, NULL, 0, NULL,
                  &err),
         &err);
    before = bench_now();
    must(stoa_collection_import_csv(shared->conn, no_limit, "Orchard", STOA_NUL, STOA_GROUP_ANY,
                                    NULL, 0, shared->in, STOA_NUL, options, 1, &done, NULL, &err),
         &err);
    bench_check(done.inserted == ROWS, "rows are missing");
    return bench_now() - before;
}

static double export_csv(void *self)
{
    static const stoa_option options[] = {{"enum_labels", ENUM_LABELS}};
    struct shared *shared = self;
    const double before = bench_now();
    stoa_error err;

    must(stoa_collection_export_csv(shared->conn, no_limit, "Orchard", STOA_NUL, STOA_GROUP_ANY,
                                    NULL, 0, shared->ours, STOA_NUL, options, 1, NULL, &err),
         &err);
    return bench_now() - before;
}

/* ---- both ---- */

static void fill(struct shared *shared)
{
    char region[96];
    stoa_error err;

    must(stoa_collection_apply(shared->conn, no_limit, SCHEMA, STOA_NUL, &err), &err);
    raw_exec(shared->raw, SCHEMA);
    for (int i = 0; i < REGIONS; i++) {
        snprintf(region, sizeof region, "INSERT INTO Region(label) VALUES('region-%03d')", i);
        must(stoa_run(shared->conn, no_limit, region, STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
             &err);
        raw_exec(shared->raw, region);
    }
}

static void compare(const struct shared *shared)
{
    size_t our_size, their_size;
    char *ours = read_file(shared->ours, &our_size);
    char *theirs = read_file(shared->theirs, &their_size);

    bench_check(our_size == their_size && memcmp(ours, theirs, our_size) == 0,
                "the files differ");
    free(ours);
    free(theirs);
}

int main(void)
{
    struct shared shared = {.in = strdup(bench_path("in.csv")),
                            .ours = strdup(bench_path("ours.csv")),
                            .theirs = strdup(bench_path("theirs.csv"))};
    struct bench_side in[] = {{"Stoa in", import_csv, &shared, 0},
                              {"by hand in", raw_import, &shared, 0}};
    struct bench_side out[] = {{"Stoa out", export_csv, &shared, 0},
                               {"by hand out", raw_export, &shared, 0}};
    stoa_error err;

    must(stoa_open(no_limit, ":memory:", STOA_NUL, NULL, 0, &shared.db, &err), &err);
    must(stoa_connect(shared.db, no_limit, NULL, 0, &shared.conn, &err), &err);
    raw_must(shared.raw, sqlite3_open_v2("file:/csv-by-hand?vfs=memdb", &shared.raw,
                                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                             SQLITE_OPEN_URI,
                                         NULL));
    raw_exec(shared.raw, "PRAGMA foreign_keys=ON");
    write_input(shared.in);
    fill(&shared);
    bench_rounds(in, 2, bench_round_count(5));
    bench_rounds(out, 2, bench_round_count(5));
    compare(&shared);
    bench_at_most("collection_csv_import_vs_by_hand", in[0].least / in[1].least, 2.0);
    bench_at_most("collection_csv_export_vs_by_hand", out[0].least / out[1].least, 2.0);
    stoa_db_close(shared.db);
    sqlite3_close(shared.raw);
    return 0;
}
