/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of the collections against what a careful C program would write by hand for the same
 * tables: statements that are kept, columns of memory, types looked at. Both sides read the same
 * rows from files of their own, on one thread and from cached pages; so it is processor time that
 * is compared, which others on the machine disturb less.
 */
#include "bench.h"

#include "sqlite3.h"
#include "stoa.h"
#include "stoa/collection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ELEMENTS = 1000000, VECTORS = 100000, POINTS = 1000000, BATCH = 65536 };
enum { SERIES = 10000, SERIES_ROWS = 1000, TABLES = 200, ELEMENT_CALLS = 20000 };

static const stoa_op no_limit = {0};
static stoa_error error;

static const char TABLES_SQL[] =
    "CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"
    "CREATE TABLE Item (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, n INTEGER NOT NULL, "
    "r REAL NOT NULL, t TEXT NOT NULL, m REAL, date_d TEXT, p INTEGER) STRICT;"
    "CREATE TABLE Item_vector_v (id INTEGER NOT NULL REFERENCES Item(id) ON DELETE CASCADE "
    "ON UPDATE CASCADE, vector_index INTEGER NOT NULL, x REAL, PRIMARY KEY (id, vector_index)) "
    "STRICT, WITHOUT ROWID;"
    "CREATE TABLE Item_time_series_s (id INTEGER NOT NULL REFERENCES Item(id) ON DELETE CASCADE "
    "ON UPDATE CASCADE, date_time TEXT NOT NULL, y REAL, PRIMARY KEY (id, date_time)) STRICT, "
    "WITHOUT ROWID;";
static const char ROWS_SQL[] =
    "PRAGMA foreign_keys = OFF; BEGIN;"
    "WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 1000000) "
    "INSERT INTO Item SELECT i, 'item ' || i, i * 7 % 1000003, i / 8.0 + 0.3, 'text ' || (i * 31), "
    "iif(i % 4 = 0, NULL, i / 3.0), '2024-01-01T00:00:00', i % 100 FROM i;"
    "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < 999999) "
    "INSERT INTO Item_vector_v SELECT 1 + i / 10, 1 + i % 10, i / 7.0 FROM i;"
    "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < 999999) "
    "INSERT INTO Item_time_series_s SELECT 1, strftime('%Y-%m-%dT%H:%M:%S', i * 600, 'unixepoch'), "
    "i / 9.0 FROM i;"
    "COMMIT;";

struct world {
    stoa_db db;
    stoa_conn conn;
    sqlite3 *raw;
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void must(stoa_status status)
{
    bench_check(status >= 0, status < 0 ? error.text : "");
}

static void must_raw(int code, sqlite3 *db)
{
    bench_check(code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW,
                sqlite3_errmsg(db));
}

/* Aligned as Arrow wants it. It costs: glibc gives such pieces back to the system at once and takes
 * every page anew for the next batch, on either side. */
static void *need(size_t size)
{
    void *piece = aligned_alloc(64, (size + 63) / 64 * 64);

    bench_check(piece != NULL, "out of memory");
    return piece;
}

static void run(stoa_conn conn, const char *sql)
{
    must(stoa_run(conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, &error));
}

static void open_world(struct world *world, const char *stoa, const char *raw)
{
    must(stoa_open(no_limit, stoa, STOA_NUL, NULL, 0, &world->db, &error));
    must(stoa_connect(world->db, no_limit, NULL, 0, &world->conn, &error));
    run(world->conn, TABLES_SQL);
    run(world->conn, ROWS_SQL);
    bench_check(sqlite3_open(raw, &world->raw) == SQLITE_OK, "no database for the floor");
    must_raw(sqlite3_exec(world->raw, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), world->raw);
    must_raw(sqlite3_exec(world->raw, TABLES_SQL, NULL, NULL, NULL), world->raw);
    must_raw(sqlite3_exec(world->raw, ROWS_SQL, NULL, NULL, NULL), world->raw);
}

/* ---- what was read, in one number ---- */

struct sum {
    int64_t rows, values, nulls;
    double total;
};

static void sum_column(struct sum *sum, const struct ArrowArray *array, char kind)
{
    const uint8_t *valid = array->buffers[0];
    const double *reals = array->buffers[1];
    const int64_t *wholes = array->buffers[1];
    const int32_t *offsets = array->buffers[1];

    for (int64_t i = 0; i < array->length; i++) {
        sum->values++;
        if (valid && !(valid[i / 8] >> (i % 8) & 1))
            sum->nulls++;
        else
            sum->total += kind == 'g'   ? reals[i]
                          : kind == 'l' ? (double)(wholes[i] % 1000003)
                                        : (double)(offsets[i + 1] - offsets[i]);
    }
}

static void same(const struct sum *a, const struct sum *b, const char *what)
{
    bench_check(a->rows == b->rows && a->values == b->values && a->nulls == b->nulls &&
                    a->total > b->total * 0.999999 - 1 && a->total < b->total * 1.000001 + 1,
                what);
}

/* ---- a column of elements ---- */

struct column {
    struct world *world;
    const char *name;
    char kind;
};

static void take(stoa_result result, const struct column *column, struct sum *sum)
{
    struct ArrowArray batch;
    stoa_status status;

    while ((status = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK) {
        if (sum) {
            sum->rows += batch.length;
            sum_column(sum,
                       column->kind == 'v' ? batch.children[1]->children[0] : batch.children[1],
                       column->kind == 'v' ? 'g' : column->kind);
        }
        batch.release(&batch);
    }
    must(status);
    stoa_result_close(result);
}

static void read_column(const struct column *column, struct sum *sum)
{
    const stoa_value name = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(column->name)};
    stoa_result result;

    must(stoa_elements_read(column->world->conn, no_limit, "Item", STOA_NUL, &name, 1, NULL, 0,
                            (const uint8_t *)column->name, name.b, NULL, 0, &result, &error));
    take(result, column, sum);
}

static double run_column(void *self)
{
    const double start = now();

    read_column(self, NULL);
    return now() - start;
}

/* Memory for a batch of one column besides the ids. */
struct buffers {
    int64_t *ids;
    uint8_t *valid;
    double *reals;
    int64_t *wholes;
    int32_t *offsets;
    char *bytes;
    size_t room;
};

static struct buffers buffers_new(char kind)
{
    struct buffers to = {.ids = need(8 * BATCH), .room = 32 * (size_t)BATCH};

    to.valid = need(BATCH / 8);
    memset(to.valid, 0xff, BATCH / 8);
    if (kind == 'g')
        to.reals = need(8 * BATCH);
    if (kind == 'l')
        to.wholes = need(8 * BATCH);
    if (kind == 'u') {
        to.offsets = need(4 * (BATCH + 1));
        to.bytes = need(to.room);
        to.offsets[0] = 0;
    }
    return to;
}

static void buffers_free(struct buffers *buffers)
{
    free(buffers->ids);
    free(buffers->valid);
    free(buffers->reals);
    free(buffers->wholes);
    free(buffers->offsets);
    free(buffers->bytes);
}

static void raw_text(struct buffers *to, sqlite3_value *value, int64_t row)
{
    const void *text = sqlite3_value_blob(value);
    const int size = sqlite3_value_bytes(value);

    if ((size_t)to->offsets[row] + (size_t)size > to->room) {
        to->room *= 2;
        to->bytes = realloc(to->bytes, to->room);
        bench_check(to->bytes != NULL, "out of memory");
    }
    memcpy(to->bytes + to->offsets[row], text, (size_t)size);
    to->offsets[row + 1] = to->offsets[row] + size;
}

static void raw_value(struct buffers *to, sqlite3_value *value, char kind, int64_t row)
{
    const int class = sqlite3_value_type(value);

    if (class == SQLITE_NULL) {
        to->valid[row / 8] &= (uint8_t)~(1 << row % 8);
        if (kind == 'g')
            to->reals[row] = 0;
        return;
    }
    if (kind == 'g') {
        bench_check(class == SQLITE_FLOAT, "not a number");
        to->reals[row] = sqlite3_value_double(value);
    } else if (kind == 'l') {
        bench_check(class == SQLITE_INTEGER, "not an integer");
        to->wholes[row] = sqlite3_value_int64(value);
    } else {
        bench_check(class == SQLITE_TEXT, "not text");
        raw_text(to, value, row);
    }
}

static void sum_buffers(struct sum *sum, const struct buffers *from, int64_t rows, char kind)
{
    const void *places[3] = {from->valid,
                             kind == 'g'   ? (const void *)from->reals
                             : kind == 'l' ? (const void *)from->wholes
                                           : (const void *)from->offsets,
                             from->bytes};
    const struct ArrowArray array = {.length = rows, .buffers = places};

    sum->rows += rows;
    sum_column(sum, &array, kind);
}

static bool raw_batch(sqlite3_stmt *stmt, char kind, struct sum *sum)
{
    struct buffers to = buffers_new(kind);
    int64_t rows = 0;
    bool more = true;

    while (rows < BATCH && (more = sqlite3_step(stmt) == SQLITE_ROW)) {
        to.ids[rows] = sqlite3_column_int64(stmt, 0);
        raw_value(&to, sqlite3_column_value(stmt, 1), kind, rows);
        rows++;
    }
    if (sum)
        sum_buffers(sum, &to, rows, kind);
    buffers_free(&to);
    return more;
}

static void read_raw_column(const struct column *column, struct sum *sum)
{
    char sql[128];
    sqlite3_stmt *stmt;

    (void)snprintf(sql, sizeof sql, "SELECT id, %s FROM Item ORDER BY id", column->name);
    must_raw(sqlite3_prepare_v2(column->world->raw, sql, -1, &stmt, NULL), column->world->raw);
    while (raw_batch(stmt, column->kind, sum))
        ;
    must_raw(sqlite3_finalize(stmt), column->world->raw);
}

static double run_raw_column(void *self)
{
    const double start = now();

    read_raw_column(self, NULL);
    return now() - start;
}

static void compare_column(struct world *world, const char *name, char kind, const char *bar)
{
    struct column column = {world, name, kind};
    struct bench_side sides[] = {{"stoa", run_column, &column, 0},
                                 {"floor", run_raw_column, &column, 0}};
    struct sum ours = {0}, theirs = {0};

    read_column(&column, &ours);
    read_raw_column(&column, &theirs);
    same(&ours, &theirs, bar);
    bench_check(ours.rows == ELEMENTS, bar);
    bench_rounds(sides, 2, bench_round_count(7));
    bench_at_most(bar, sides[0].least / sides[1].least, 1.2);
}

/* ---- vectors as lists ---- */

static int64_t next_id(sqlite3_stmt *stmt)
{
    return sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : INT64_MAX;
}

/* A batch of elements and the values of each. */
struct raw_lists {
    int64_t *ids;
    int32_t *offsets;
    double *values;
    int64_t count, room;
};

static void raw_list(struct raw_lists *to, sqlite3_stmt *stmt, int64_t id, int64_t *vector)
{
    for (; *vector == id; *vector = next_id(stmt)) {
        if (to->count == to->room) {
            to->room *= 2;
            to->values = realloc(to->values, 8 * (size_t)to->room);
            bench_check(to->values != NULL, "out of memory");
        }
        bench_check(sqlite3_column_type(stmt, 1) == SQLITE_FLOAT, "not a number");
        to->values[to->count++] = sqlite3_column_double(stmt, 1);
    }
}

static void read_raw_lists(sqlite3 *db, struct sum *sum)
{
    sqlite3_stmt *elements, *vectors;
    int64_t vector, id = 0;

    must_raw(sqlite3_prepare_v2(db, "SELECT id FROM Item ORDER BY id", -1, &elements, NULL), db);
    must_raw(sqlite3_prepare_v2(
                 db, "SELECT id, x FROM Item_vector_v ORDER BY id, vector_index", -1, &vectors,
                 NULL),
             db);
    vector = next_id(vectors);
    while (id != INT64_MAX) {
        struct raw_lists to = {need(8 * BATCH), need(4 * (BATCH + 1)), need(8 * BATCH), 0, BATCH};
        int64_t rows = 0;

        to.offsets[0] = 0;
        while (rows < BATCH && (id = next_id(elements)) != INT64_MAX) {
            to.ids[rows] = id;
            raw_list(&to, vectors, id, &vector);
            to.offsets[++rows] = (int32_t)to.count;
        }
        for (int64_t i = 0; sum && i < to.count; i++)
            sum->total += to.values[i];
        if (sum) {
            sum->rows += rows;
            sum->values += to.count;
        }
        free(to.ids);
        free(to.offsets);
        free(to.values);
    }
    must_raw(sqlite3_finalize(elements), db);
    must_raw(sqlite3_finalize(vectors), db);
}

static double run_raw_lists(void *self)
{
    const struct column *column = self;
    const double start = now();

    read_raw_lists(column->world->raw, NULL);
    return now() - start;
}

static void compare_lists(struct world *world)
{
    struct column column = {world, "x", 'v'};
    struct bench_side sides[] = {{"stoa", run_column, &column, 0},
                                 {"floor", run_raw_lists, &column, 0}};
    struct sum ours = {0}, theirs = {0};

    read_column(&column, &ours);
    read_raw_lists(world->raw, &theirs);
    same(&ours, &theirs, "vectors");
    bench_check(ours.values == 10 * VECTORS, "vectors");
    bench_rounds(sides, 2, bench_round_count(7));
    bench_at_most("collection_read_vectors", sides[0].least / sides[1].least, 1.2);
}

/* ---- a time series ---- */

static void read_series(stoa_conn conn, struct sum *sum, struct ArrowArray *kept)
{
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1};
    struct ArrowArray batch;
    stoa_result result;
    stoa_status status;

    must(stoa_group_read(conn, no_limit, "Item", STOA_NUL, STOA_GROUP_TIME_SERIES, "s", STOA_NUL,
                         NULL, 0, &key, 1, NULL, 0, NULL, 0, INT64_MIN, INT64_MAX, NULL, 0,
                         &result, &error));
    while ((status = stoa_result_next(result, no_limit, &batch, &error)) == STOA_OK) {
        if (sum) {
            const int64_t *times = batch.children[1]->buffers[1];

            sum->rows += batch.length;
            sum_column(sum, batch.children[2], 'g');
            for (int64_t i = 0; i < batch.length; i++)
                sum->total += (double)(times[i] / 1000000000 % 1000003);
        }
        if (kept)
            *kept++ = batch;
        else
            batch.release(&batch);
    }
    must(status);
    stoa_result_close(result);
}

static double run_series(void *self)
{
    const double start = now();

    read_series(((struct world *)self)->conn, NULL, NULL);
    return now() - start;
}

static int64_t digits(const char *text, int count)
{
    int64_t number = 0;

    while (count-- > 0)
        number = number * 10 + (*text++ - '0');
    return number;
}

static int64_t date_ns(const char *text, int size)
{
    int64_t year, month, day, era, days;

    bench_check(size == 19 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
                    text[13] == ':' && text[16] == ':',
                "not a date");
    year = digits(text, 4);
    month = digits(text + 5, 2);
    day = digits(text + 8, 2);
    year -= month <= 2;
    era = year / 400;
    days = era * 146097 + (year % 400) * 365 + year % 400 / 4 - year % 400 / 100 +
           (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
    return (((days * 24 + digits(text + 11, 2)) * 60 + digits(text + 14, 2)) * 60 +
            digits(text + 17, 2)) *
           1000000000;
}

static void read_raw_series(sqlite3 *db, struct sum *sum)
{
    sqlite3_stmt *stmt;
    bool more = true;

    must_raw(sqlite3_prepare_v2(db,
                                "SELECT id, date_time, y FROM Item_time_series_s WHERE id = 1 "
                                "ORDER BY date_time",
                                -1, &stmt, NULL),
             db);
    while (more) {
        struct buffers to = buffers_new('g');
        int64_t *times = need(8 * BATCH), rows = 0;

        while (rows < BATCH && (more = sqlite3_step(stmt) == SQLITE_ROW)) {
            to.ids[rows] = sqlite3_column_int64(stmt, 0);
            times[rows] = date_ns((const char *)sqlite3_column_text(stmt, 1),
                                  sqlite3_column_bytes(stmt, 1));
            raw_value(&to, sqlite3_column_value(stmt, 2), 'g', rows);
            rows++;
        }
        if (sum)
            sum_buffers(sum, &to, rows, 'g');
        for (int64_t i = 0; sum && i < rows; i++)
            sum->total += (double)(times[i] / 1000000000 % 1000003);
        free(times);
        buffers_free(&to);
    }
    must_raw(sqlite3_finalize(stmt), db);
}

static double run_raw_series(void *self)
{
    const double start = now();

    read_raw_series(((struct world *)self)->raw, NULL);
    return now() - start;
}

static void compare_series(struct world *world)
{
    struct bench_side sides[] = {{"stoa", run_series, world, 0},
                                 {"floor", run_raw_series, world, 0}};
    struct sum ours = {0}, theirs = {0};

    read_series(world->conn, &ours, NULL);
    read_raw_series(world->raw, &theirs);
    same(&ours, &theirs, "series");
    bench_check(ours.rows == POINTS, "series");
    bench_rounds(sides, 2, bench_round_count(7));
    bench_at_most("collection_read_series", sides[0].least / sides[1].least, 1.2);
}

/* All batches of the series kept, in a process of its own. */
static void measure_memory(const char *path)
{
    static struct ArrowArray kept[POINTS / BATCH + 2];
    const double data = 3.0 * 8 * POINTS;
    struct world world;
    int64_t before;
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        const stoa_value warm = {.type = STOA_TYPE_INT64, .a = 1};
        stoa_rows rows;

        must(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &world.db, &error));
        must(stoa_connect(world.db, no_limit, NULL, 0, &world.conn, &error));
        must(stoa_element_read(world.conn, no_limit, "Item", STOA_NUL, &warm, NULL, 0,
                               &(stoa_option){"groups", "none"}, 1, &rows, &error));
        run(world.conn, "SELECT sum(y) FROM Item_time_series_s"); /* Its pages are at hand. */
        before = bench_peak_bytes();
        read_series(world.conn, NULL, kept);
        bench_at_most("collection_read_series_memory",
                      (double)(bench_peak_bytes() - before) / data, 1.3);
        fflush(stdout);
        _exit(0);
    }
    bench_check(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child");
}

/* ---- as-of ---- */

static const char INSTANT[] = "2000-09-01T00:00:00";

static void read_asof(stoa_conn conn, struct sum *sum)
{
    const stoa_value at = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(INSTANT)};
    const struct column column = {.kind = 'g'};
    stoa_result result;

    must(stoa_series_asof(conn, no_limit, "Item", STOA_NUL, "s", STOA_NUL, "y", STOA_NUL, &at, 1,
                          NULL, 0, NULL, 0, (const uint8_t *)INSTANT, at.b, NULL, 0, &result,
                          &error));
    take(result, &column, sum);
}

static void read_aggregate(stoa_conn conn, struct sum *sum)
{
    const stoa_value at = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(INSTANT)};
    const struct column column = {.kind = 'g'};
    stoa_result result;

    must(stoa_query(conn, no_limit,
                    "SELECT e.id, t.y FROM Item e LEFT JOIN (SELECT id, max(date_time) AS m FROM "
                    "Item_time_series_s WHERE date_time <= ?1 AND y IS NOT NULL GROUP BY id) AS a "
                    "ON a.id = e.id LEFT JOIN Item_time_series_s t ON t.id = a.id AND "
                    "t.date_time = a.m ORDER BY e.id",
                    STOA_NUL, &at, 1, (const uint8_t *)INSTANT, at.b, &result, &error));
    take(result, &column, sum);
}

static double run_asof(void *self)
{
    const double start = now();

    read_asof(*(stoa_conn *)self, NULL);
    return now() - start;
}

static double run_aggregate(void *self)
{
    const double start = now();

    read_aggregate(*(stoa_conn *)self, NULL);
    return now() - start;
}

static void compare_asof(const char *path)
{
    struct sum ours = {0}, theirs = {0};
    char sql[700];
    stoa_conn conn;
    stoa_db db;
    struct bench_side sides[] = {{"seeks", run_asof, &conn, 0},
                                 {"aggregate", run_aggregate, &conn, 0}};

    must(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &db, &error));
    must(stoa_connect(db, no_limit, NULL, 0, &conn, &error));
    run(conn, TABLES_SQL);
    (void)snprintf(
        sql, sizeof sql,
        "PRAGMA foreign_keys = OFF; BEGIN;"
        "WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < %d) "
        "INSERT INTO Item (id, label, n, r, t) SELECT i, i, 0, 0, '' FROM i;"
        "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < %d) "
        "INSERT INTO Item_time_series_s SELECT e.id, strftime('%%Y-%%m-%%dT%%H:%%M:%%S', "
        "946684800 + i.i * 43200, 'unixepoch'), iif(i.i %% 9 = 0, NULL, i.i / 3.0) "
        "FROM Item e CROSS JOIN i; COMMIT;",
        SERIES, SERIES_ROWS - 1);
    run(conn, sql);
    read_asof(conn, &ours);
    read_aggregate(conn, &theirs);
    same(&ours, &theirs, "as-of");
    bench_check(ours.rows == SERIES, "as-of");
    bench_rounds(sides, 2, bench_round_count(5));
    bench_at_least("collection_read_asof", sides[1].least / sides[0].least, 5);
    stoa_conn_close(conn);
    stoa_db_close(db);
}

/* ---- one element; the first use ---- */

static void measure_element(struct world *world)
{
    double least = 1;

    for (int round = 0; round < bench_round_count(5); round++) {
        const double start = now();

        for (int64_t i = 0; i < ELEMENT_CALLS; i++) {
            const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1000 + i};
            stoa_rows rows;

            must(stoa_element_read(world->conn, no_limit, "Item", STOA_NUL, &key, NULL, 0, NULL, 0,
                                   &rows, &error));
            bench_check(rows.row_count == 11, "an element");
        }
        if ((now() - start) / ELEMENT_CALLS < least)
            least = (now() - start) / ELEMENT_CALLS;
    }
    bench_at_most("collection_read_element_us", least * 1e6, 10);
}

static void make_schema(const char *path)
{
    char sql[400];
    stoa_conn conn;
    stoa_db db;

    must(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &db, &error));
    must(stoa_connect(db, no_limit, NULL, 0, &conn, &error));
    run(conn, "BEGIN; CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT "
              "NULL) STRICT;");
    for (int i = 0; i < TABLES / 2; i++) {
        (void)snprintf(sql, sizeof sql,
                       "CREATE TABLE C%d (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
                       "a INTEGER, b REAL, c TEXT, date_d TEXT) STRICT; CREATE TABLE C%d_vector_v "
                       "(id INTEGER NOT NULL REFERENCES C%d(id) ON DELETE CASCADE ON UPDATE "
                       "CASCADE, vector_index INTEGER NOT NULL, x REAL, "
                       "PRIMARY KEY (id, vector_index)) STRICT;",
                       i, i, i);
        run(conn, sql);
    }
    run(conn, "COMMIT");
    stoa_conn_close(conn);
    stoa_db_close(db);
}

static void measure_open(const char *path)
{
    double least = 1;

    make_schema(path);
    for (int round = 0; round < bench_round_count(9); round++) {
        const double start = now();
        int64_t count;
        stoa_conn conn;
        stoa_db db;

        must(stoa_open(no_limit, path, STOA_NUL, NULL, 0, &db, &error));
        must(stoa_connect(db, no_limit, NULL, 0, &conn, &error));
        must(stoa_elements_count(conn, no_limit, "C7", STOA_NUL, &count, &error));
        if (now() - start < least)
            least = now() - start;
        stoa_conn_close(conn);
        stoa_db_close(db);
    }
    bench_at_most("collection_open_200_tables_ms", least * 1e3, 6);
}

int main(void)
{
    static const char *const names[] = {"read_stoa.db", "read_raw.db", "read_asof.db",
                                        "read_open.db"};
    char paths[4][512];
    struct world world;

    for (int i = 0; i < 4; i++)
        (void)snprintf(paths[i], sizeof paths[i], "%s", bench_path(names[i]));
    open_world(&world, paths[0], paths[1]);
    compare_column(&world, "r", 'g', "collection_read_float");
    compare_column(&world, "n", 'l', "collection_read_int");
    compare_column(&world, "t", 'u', "collection_read_string");
    compare_column(&world, "m", 'g', "collection_read_nullable");
    compare_lists(&world);
    compare_series(&world);
    measure_element(&world);
    stoa_conn_close(world.conn);
    stoa_db_close(world.db);
    sqlite3_close(world.raw);
    measure_memory(paths[0]);
    measure_open(paths[3]);
    compare_asof(paths[2]);
    for (int i = 0; i < 4; i++)
        bench_remove(paths[i]);
    return 0;
}
