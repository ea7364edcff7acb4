/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections written: elements one by one and in one call, time series of one element and of many,
 * against the same written by hand: statements kept and bound for single rows, INSERT .. SELECT
 * from a virtual table for these very columns in bulk. Both on SQLite's shared memory VFS, in one
 * transaction; afterwards both databases must hold the same. Peak memory is that of a process of
 * its own, on file.
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

enum { ITEMS = 20000, PER_ITEM = 10, MANY = 1000000, ROWS = 1000000, SERIES = 10000, EACH = 100 };

static const stoa_op no_limit = {0};

#define SCHEMA                                                                                   \
    "CREATE TABLE Configuration(id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"     \
    "CREATE TABLE Item(id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL, "       \
    "area REAL, count INTEGER) STRICT;"                                                          \
    "CREATE TABLE Item_vector_spacing(id INTEGER NOT NULL REFERENCES Item(id) ON DELETE "        \
    "CASCADE ON UPDATE CASCADE, vector_index INTEGER NOT NULL, spacing REAL, "                   \
    "PRIMARY KEY(id, vector_index)) STRICT;"                                                     \
    "CREATE TABLE Item_vector_grade(id INTEGER NOT NULL REFERENCES Item(id) ON DELETE CASCADE "  \
    "ON UPDATE CASCADE, vector_index INTEGER NOT NULL, grade INTEGER, "                          \
    "PRIMARY KEY(id, vector_index)) STRICT;"                                                     \
    "CREATE TABLE Item_time_series_yield(id INTEGER NOT NULL REFERENCES Item(id) ON DELETE "     \
    "CASCADE ON UPDATE CASCADE, date_time TEXT NOT NULL, tonnes REAL, "                          \
    "PRIMARY KEY(id, date_time)) STRICT;"

/* Processor time: all of it is computing in memory, and others may use the machine. */
static double processor_now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the data ---- */

struct data {
    int64_t items, rows; /* Rows of the series, over all its items. */
    char *labels;        /* Ten bytes each. */
    int32_t *label_at, *list_at;
    double *area, *spacing, *tonnes;
    int64_t *count, *grade, *owner;
    char *dates; /* Nineteen bytes each. */
    int64_t *date_at;
    int32_t *date_at32;
};

static void *need(size_t count, size_t size)
{
    void *piece = calloc(count, size);

    bench_check(piece != NULL, "out of memory");
    return piece;
}

static struct data *data_new(int64_t items, int64_t per_item, int64_t series, int64_t each)
{
    struct data *const data = need(1, sizeof *data);
    const size_t n = (size_t)items, values = (size_t)(items * per_item);
    const size_t rows = (size_t)(series * each);
    char text[64];

    data->items = items;
    data->rows = (int64_t)rows;
    data->labels = need(n * 10 + 16, 1);
    data->label_at = need(n + 1, sizeof(int32_t));
    data->list_at = need(n + 1, sizeof(int32_t));
    data->area = need(n, 8);
    data->count = need(n, 8);
    data->spacing = need(values + 1, 8);
    data->grade = need(values + 1, 8);
    data->tonnes = need(rows + 1, 8);
    data->owner = need(rows + 1, 8);
    data->dates = need(rows * 19 + 32, 1);
    data->date_at = need(rows + 1, 8);
    data->date_at32 = need(rows + 1, 4);
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "item%06zu", (i * 7919) % n);
        memcpy(data->labels + i * 10, text, 10);
        data->label_at[i + 1] = (int32_t)(i + 1) * 10;
        data->list_at[i + 1] = (int32_t)((int64_t)(i + 1) * per_item);
        data->area[i] = (double)i * 0.25;
        data->count[i] = (int64_t)i % 1000;
    }
    for (size_t i = 0; i < values; i++) {
        data->spacing[i] = (double)i * 0.5;
        data->grade[i] = (int64_t)i % 7;
    }
    for (size_t i = 0; i < rows; i++) {
        const unsigned hour = (unsigned)(i % (size_t)each);

        snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:00:00", 1900 + hour / 24 / 28 / 12,
                 hour / 24 / 28 % 12 + 1, hour / 24 % 28 + 1, hour % 24);
        memcpy(data->dates + i * 19, text, 19);
        data->date_at[i + 1] = (int64_t)(i + 1) * 19;
        data->date_at32[i + 1] = (int32_t)(i + 1) * 19;
        data->tonnes[i] = (double)i * 0.125;
        data->owner[i] = (int64_t)(i / (size_t)each) + 1;
    }
    return data;
}

static void data_free(struct data *data)
{
    void *const pieces[] = {data->labels, data->label_at, data->list_at, data->area,
                            data->count,  data->spacing,  data->grade,   data->tonnes,
                            data->owner,  data->dates,    data->date_at, data->date_at32};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        free(pieces[i]);
    free(data);
}

/* ---- by hand: a virtual table for each table ---- */

enum kind { ITEM, SPACING, GRADE, YIELD, YIELD_OF_ONE };

static const char *const declared[] = {
    "CREATE TABLE x(id, label, area, count)", "CREATE TABLE x(id, vector_index, spacing)",
    "CREATE TABLE x(id, vector_index, grade)", "CREATE TABLE x(id, date_time, tonnes)",
    "CREATE TABLE x(id, date_time, tonnes)"};

struct hand {
    const struct data *data;
    enum kind kind;
    int64_t rows;
};

struct hand_table {
    sqlite3_vtab base;
    const struct hand *hand;
};

struct hand_cursor {
    sqlite3_vtab_cursor base;
    const struct hand *hand;
    int64_t row;
};

static int hand_connect(sqlite3 *db, void *self, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message)
{
    struct hand_table *const table = need(1, sizeof *table);

    (void)argc, (void)argv, (void)message;
    table->hand = self;
    *out = &table->base;
    return sqlite3_declare_vtab(db, declared[table->hand->kind]);
}

static int hand_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int hand_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e6;
    return SQLITE_OK;
}

static int hand_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct hand_cursor *const cursor = need(1, sizeof *cursor);

    cursor->hand = ((struct hand_table *)table)->hand;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int hand_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int hand_filter(sqlite3_vtab_cursor *base, int number, const char *text, int count,
                       sqlite3_value **values)
{
    (void)number, (void)text, (void)count, (void)values;
    ((struct hand_cursor *)base)->row = 0;
    return SQLITE_OK;
}

static int hand_next(sqlite3_vtab_cursor *base)
{
    ((struct hand_cursor *)base)->row++;
    return SQLITE_OK;
}

static int hand_eof(sqlite3_vtab_cursor *base)
{
    const struct hand_cursor *const cursor = (struct hand_cursor *)base;

    return cursor->row == cursor->hand->rows;
}

static int hand_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((struct hand_cursor *)base)->row;
    return SQLITE_OK;
}

static int item_column(const struct data *data, int64_t row, int index, sqlite3_context *context)
{
    switch (index) {
    case 0:
        sqlite3_result_int64(context, row + 1);
        break;
    case 1:
        sqlite3_result_text(context, data->labels + data->label_at[row],
                            data->label_at[row + 1] - data->label_at[row], SQLITE_STATIC);
        break;
    case 2:
        sqlite3_result_double(context, data->area[row]);
        break;
    default:
        sqlite3_result_int64(context, data->count[row]);
    }
    return SQLITE_OK;
}

static int hand_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
    const struct hand_cursor *const cursor = (struct hand_cursor *)base;
    const struct data *const data = cursor->hand->data;
    const enum kind kind = cursor->hand->kind;
    const int64_t row = cursor->row;

    if (kind == ITEM)
        return item_column(data, row, index, context);
    if (kind == YIELD || kind == YIELD_OF_ONE) {
        if (index == 0)
            sqlite3_result_int64(context, kind == YIELD ? data->owner[row] : 1);
        else if (index == 1)
            sqlite3_result_text(context, data->dates + data->date_at[row],
                                (int)(data->date_at[row + 1] - data->date_at[row]),
                                SQLITE_STATIC);
        else
            sqlite3_result_double(context, data->tonnes[row]);
    } else if (index == 0) {
        sqlite3_result_int64(context, row / PER_ITEM + 1);
    } else if (index == 1) {
        sqlite3_result_int64(context, row % PER_ITEM + 1);
    } else if (kind == SPACING) {
        sqlite3_result_double(context, data->spacing[row]);
    } else {
        sqlite3_result_int64(context, data->grade[row]);
    }
    return SQLITE_OK;
}

static const sqlite3_module hand_module = {.xConnect = hand_connect,
                                           .xBestIndex = hand_best_index,
                                           .xDisconnect = hand_disconnect,
                                           .xOpen = hand_open,
                                           .xClose = hand_close,
                                           .xFilter = hand_filter,
                                           .xNext = hand_next,
                                           .xEof = hand_eof,
                                           .xColumn = hand_column,
                                           .xRowid = hand_rowid};

static void must_raw(int code, sqlite3 *db)
{
    bench_check(code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW,
                sqlite3_errmsg(db));
}

static void exec(sqlite3 *db, const char *sql)
{
    must_raw(sqlite3_exec(db, sql, NULL, NULL, NULL), db);
}

static sqlite3 *hand_database(void)
{
    sqlite3 *db = NULL;

    must_raw(sqlite3_open_v2("file:/hand?vfs=memdb", &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_URI,
                             NULL),
             db);
    exec(db, "PRAGMA foreign_keys=ON");
    exec(db, SCHEMA);
    return db;
}

static void hand_fill(sqlite3 *db, const struct data *data, enum kind kind, int64_t rows,
                      const char *table)
{
    struct hand hand = {data, kind, rows};
    char sql[128];

    snprintf(sql, sizeof sql, "INSERT INTO %s SELECT * FROM hand", table);
    must_raw(sqlite3_create_module_v2(db, "hand", &hand_module, &hand, NULL), db);
    exec(db, sql);
    must_raw(sqlite3_create_module_v2(db, "hand", NULL, NULL, NULL), db);
}

/* ---- what both hold in the end ---- */

#define SUMS                                                                                     \
    "SELECT (SELECT count(*) || ',' || ifnull(sum(id * count), 0) || ',' || "                    \
    "ifnull(sum(area), 0) || ',' || ifnull(max(label), '') FROM Item) || ';' || "                \
    "(SELECT count(*) || ',' || ifnull(sum(id * vector_index * spacing), 0) "                    \
    "FROM Item_vector_spacing) || ';' || "                                                       \
    "(SELECT count(*) || ',' || ifnull(sum(id * vector_index * grade), 0) "                      \
    "FROM Item_vector_grade) || ';' || "                                                         \
    "(SELECT count(*) || ',' || ifnull(sum(id * tonnes), 0) || ',' || "                          \
    "ifnull(min(date_time) || max(date_time), '') FROM Item_time_series_yield)"

static char hand_sums[1024];

static void hand_end(sqlite3 *db)
{
    sqlite3_stmt *sums = NULL;

    must_raw(sqlite3_prepare_v2(db, SUMS, -1, &sums, NULL), db);
    must_raw(sqlite3_step(sums), db);
    snprintf(hand_sums, sizeof hand_sums, "%s", (const char *)sqlite3_column_text(sums, 0));
    sqlite3_finalize(sums);
    bench_check(sqlite3_close(db) == SQLITE_OK, "the twin was not closed");
}

static void must(stoa_status status, const stoa_error *error)
{
    bench_check(status >= 0, status < 0 ? error->text : "");
}

static void run(stoa_conn conn, const char *sql)
{
    stoa_error error;

    must(stoa_run(conn, no_limit, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, &error), &error);
}

static stoa_conn stoa_database(const char *target, stoa_db *db)
{
    stoa_error error;
    stoa_conn conn;

    must(stoa_open(no_limit, target, STOA_NUL, NULL, 0, db, &error), &error);
    must(stoa_connect(*db, no_limit, NULL, 0, &conn, &error), &error);
    run(conn, SCHEMA);
    return conn;
}

static void stoa_end(stoa_conn conn, stoa_db db)
{
    stoa_error error;
    stoa_rows rows;

    must(stoa_query_row(conn, no_limit, SUMS, STOA_NUL, NULL, 0, NULL, 0, &rows, &error), &error);
    if (*hand_sums)
        bench_check(rows.bytes_size == (int64_t)strlen(hand_sums) &&
                        memcmp(rows.bytes, hand_sums, strlen(hand_sums)) == 0,
                    "both have not written the same");
    stoa_db_close(db);
}

/* ---- Arrow over the data ---- */

struct tree {
    struct ArrowSchema schemas[8], *schema_children[8];
    struct ArrowArray arrays[8], *children[8], *items[2];
    struct ArrowSchema *item_schemas[2];
    const void *buffers[8][3];
    int count;
    bool given;
};

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void keep_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static int tree_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    *out = ((struct tree *)stream->private_data)->schemas[0];
    return 0;
}

static int tree_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct tree *const tree = stream->private_data;

    memset(out, 0, sizeof *out);
    if (!tree->given)
        *out = tree->arrays[0];
    tree->given = true;
    return 0;
}

static const char *tree_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void tree_release(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

/* Number `at` of the tree. */
static void tree_node(struct tree *tree, int at, const char *format, const char *name,
                      int64_t length, int buffers, const void *first, const void *second)
{
    tree->schemas[at] = (struct ArrowSchema){.format = format,
                                             .name = name,
                                             .flags = ARROW_FLAG_NULLABLE,
                                             .release = keep_schema};
    tree->buffers[at][1] = first;
    tree->buffers[at][2] = second;
    tree->arrays[at] = (struct ArrowArray){.length = length,
                                           .n_buffers = buffers,
                                           .buffers = tree->buffers[at],
                                           .release = keep_array};
}

static void tree_column(struct tree *tree, const char *format, const char *name, int64_t length,
                        int buffers, const void *first, const void *second)
{
    const int at = ++tree->count;

    tree_node(tree, at, format, name, length, buffers, first, second);
    tree->schema_children[at - 1] = &tree->schemas[at];
    tree->children[at - 1] = &tree->arrays[at];
}

/* Nodes 6 and 7 are items. */
static void tree_list(struct tree *tree, int which, const char *name, const struct data *data,
                      const char *format, const void *values)
{
    tree_column(tree, "+l", name, data->items, 2, data->list_at, NULL);
    tree_node(tree, 6 + which, format, "item", data->items * PER_ITEM, 2, values, NULL);
    tree->items[which] = &tree->arrays[6 + which];
    tree->item_schemas[which] = &tree->schemas[6 + which];
    tree->arrays[tree->count].n_children = tree->schemas[tree->count].n_children = 1;
    tree->arrays[tree->count].children = &tree->items[which];
    tree->schemas[tree->count].children = &tree->item_schemas[which];
}

static struct ArrowArrayStream tree_stream(struct tree *tree, int64_t length)
{
    tree_node(tree, 0, "+s", "", length, 1, NULL, NULL);
    tree->schemas[0].n_children = tree->arrays[0].n_children = tree->count;
    tree->schemas[0].children = tree->schema_children;
    tree->arrays[0].children = tree->children;
    return (struct ArrowArrayStream){tree_schema, tree_next, tree_error, tree_release, tree};
}

/* ---- one by one ---- */

static double one_by_one_hand(void *self)
{
    const struct data *const data = self;
    sqlite3 *const db = hand_database();
    sqlite3_stmt *statements[3];
    static const char *const texts[] = {"INSERT INTO Item(label, area, count) VALUES(?1,?2,?3)",
                                        "INSERT INTO Item_vector_spacing VALUES(?1,?2,?3)",
                                        "INSERT INTO Item_vector_grade VALUES(?1,?2,?3)"};

    for (int i = 0; i < 3; i++)
        must_raw(sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i],
                                    NULL),
                 db);
    const double start = processor_now();

    exec(db, "BEGIN IMMEDIATE");
    for (int64_t i = 0; i < data->items; i++) {
        int64_t id;

        sqlite3_bind_text(statements[0], 1, data->labels + i * 10, 10, SQLITE_STATIC);
        sqlite3_bind_double(statements[0], 2, data->area[i]);
        sqlite3_bind_int64(statements[0], 3, data->count[i]);
        must_raw(sqlite3_step(statements[0]), db);
        sqlite3_reset(statements[0]);
        id = sqlite3_last_insert_rowid(db);
        for (int g = 1; g < 3; g++)
            for (int64_t k = 0; k < PER_ITEM; k++) {
                sqlite3_bind_int64(statements[g], 1, id);
                sqlite3_bind_int64(statements[g], 2, k + 1);
                if (g == 1)
                    sqlite3_bind_double(statements[g], 3, data->spacing[i * PER_ITEM + k]);
                else
                    sqlite3_bind_int64(statements[g], 3, data->grade[i * PER_ITEM + k]);
                must_raw(sqlite3_step(statements[g]), db);
                sqlite3_reset(statements[g]);
            }
    }
    exec(db, "COMMIT");
    const double seconds = processor_now() - start;

    for (int i = 0; i < 3; i++)
        sqlite3_finalize(statements[i]);
    hand_end(db);
    return seconds;
}

static void create_one(stoa_conn conn, const struct data *data, int64_t i)
{
    static const char names[] = "labelareacount";
    const stoa_column arrays[] = {
        {"spacing", STOA_NUL, STOA_TYPE_FLOAT64, STOA_LAYOUT_FIXED, PER_ITEM,
         data->spacing + i * PER_ITEM, PER_ITEM * 8, NULL, NULL, NULL},
        {"grade", STOA_NUL, STOA_TYPE_INT64, STOA_LAYOUT_FIXED, PER_ITEM,
         data->grade + i * PER_ITEM, PER_ITEM * 8, NULL, NULL, NULL}};
    stoa_value cells[] = {{STOA_TYPE_NAME, 0, 0, 5}, {STOA_TYPE_TEXT, 0, 14, 10},
                          {STOA_TYPE_NAME, 0, 5, 4}, {STOA_TYPE_FLOAT64, 0, 0, 0},
                          {STOA_TYPE_NAME, 0, 9, 5}, {STOA_TYPE_INT64, 0, data->count[i], 0}};
    uint8_t bytes[24];
    stoa_error error;
    int64_t id;

    memcpy(bytes, names, 14);
    memcpy(bytes + 14, data->labels + i * 10, 10);
    memcpy(&cells[3].a, &data->area[i], 8);
    must(stoa_element_create(conn, no_limit, "Item", 4, cells, 6, bytes, 24, arrays, 2, &id,
                             &error),
         &error);
}

static double one_by_one_stoa(void *self)
{
    const struct data *const data = self;
    stoa_db db;
    const stoa_conn conn = stoa_database(":memory:", &db);
    const double start = processor_now();

    run(conn, "BEGIN IMMEDIATE");
    for (int64_t i = 0; i < data->items; i++)
        create_one(conn, data, i);
    run(conn, "COMMIT");
    const double seconds = processor_now() - start;

    stoa_end(conn, db);
    return seconds;
}

/* ---- in bulk ---- */

struct bulk_job {
    const struct data *data;
    bool vectors;
};

static double bulk_hand(void *self)
{
    const struct bulk_job *const job = self;
    const struct data *const data = job->data;
    sqlite3 *const db = hand_database();
    const double start = processor_now();

    exec(db, "BEGIN IMMEDIATE");
    hand_fill(db, data, ITEM, data->items, "Item");
    if (job->vectors) {
        hand_fill(db, data, SPACING, data->items * PER_ITEM, "Item_vector_spacing");
        hand_fill(db, data, GRADE, data->items * PER_ITEM, "Item_vector_grade");
    }
    exec(db, "COMMIT");
    const double seconds = processor_now() - start;

    hand_end(db);
    return seconds;
}

static double bulk_stoa(void *self)
{
    const struct bulk_job *const job = self;
    const struct data *const data = job->data;
    struct tree tree = {.count = 0};
    struct ArrowArrayStream stream;
    stoa_error error;
    stoa_db db;
    const stoa_conn conn = stoa_database(":memory:", &db);

    tree_column(&tree, "u", "label", data->items, 3, data->label_at, data->labels);
    tree_column(&tree, "g", "area", data->items, 2, data->area, NULL);
    tree_column(&tree, "l", "count", data->items, 2, data->count, NULL);
    if (job->vectors) {
        tree_list(&tree, 0, "spacing", data, "g", data->spacing);
        tree_list(&tree, 1, "grade", data, "l", data->grade);
    }
    stream = tree_stream(&tree, data->items);
    const double start = processor_now();

    must(stoa_elements_create(conn, no_limit, "Item", 4, &stream, NULL, &error), &error);
    const double seconds = processor_now() - start;

    stoa_end(conn, db);
    return seconds;
}

/* ---- time series ---- */

#define MAKE_ITEMS                                                                              \
    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "                    \
    "INSERT INTO Item(label) SELECT 'item' || i FROM n"

struct series_job {
    const struct data *data;
    bool one;
};

static double series_hand(void *self)
{
    const struct series_job *const job = self;
    sqlite3 *const db = hand_database();

    exec(db, MAKE_ITEMS);
    const double start = processor_now();

    exec(db, "BEGIN IMMEDIATE");
    hand_fill(db, job->data, job->one ? YIELD_OF_ONE : YIELD, job->data->rows,
              "Item_time_series_yield");
    exec(db, "COMMIT");
    const double seconds = processor_now() - start;

    hand_end(db);
    return seconds;
}

static void write_one(stoa_conn conn, const struct data *data)
{
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1};
    const stoa_column columns[] = {
        {"date_time", STOA_NUL, STOA_TYPE_TEXT, STOA_LAYOUT_PACKED, data->rows, data->dates,
         data->rows * 19, data->date_at, NULL, NULL},
        {"tonnes", STOA_NUL, STOA_TYPE_FLOAT64, STOA_LAYOUT_FIXED, data->rows, data->tonnes,
         data->rows * 8, NULL, NULL, NULL}};
    stoa_error error;

    must(stoa_group_write(conn, no_limit, "Item", 4, STOA_GROUP_TIME_SERIES, "yield", 5, &key,
                          NULL, 0, columns, 2, data->rows, &error),
         &error);
}

static void write_many(stoa_conn conn, const struct data *data)
{
    struct tree tree = {.count = 0};
    struct ArrowArrayStream stream;
    stoa_error error;
    int64_t rows;

    tree_column(&tree, "l", "id", data->rows, 2, data->owner, NULL);
    tree_column(&tree, "u", "date_time", data->rows, 3, data->date_at32, data->dates);
    tree_column(&tree, "g", "tonnes", data->rows, 2, data->tonnes, NULL);
    stream = tree_stream(&tree, data->rows);
    must(stoa_group_write_stream(conn, no_limit, "Item", 4, STOA_GROUP_TIME_SERIES, "yield", 5,
                                 &stream, NULL, 0, &rows, &error),
         &error);
    bench_check(rows == data->rows, "not all rows went in");
}

static double series_stoa(void *self)
{
    const struct series_job *const job = self;
    stoa_db db;
    const stoa_conn conn = stoa_database(":memory:", &db);

    run(conn, MAKE_ITEMS);
    const double start = processor_now();

    if (job->one)
        write_one(conn, job->data);
    else
        write_many(conn, job->data);
    const double seconds = processor_now() - start;

    stoa_end(conn, db);
    return seconds;
}

/* ---- peak memory ---- */

/* In a process of its own, whose peak was nothing before; its answer comes through a pipe. */
static double peak_ratio(bool one)
{
    const char *const path = bench_path("collection_peak.db");
    double ratio = 0;
    int ends[2], status;
    pid_t child;

    bench_check(pipe(ends) == 0, "no pipe");
    child = fork();
    bench_check(child >= 0, "no process");
    if (child == 0) {
        struct data *const data = data_new(1, 0, one ? 1 : SERIES, one ? ROWS : EACH);
        const double size = (double)data->rows * (one ? 8 + 19 + 8 : 8 + 4 + 19 + 8);
        stoa_db db;
        const stoa_conn conn = stoa_database(path, &db);

        run(conn, MAKE_ITEMS);
        const int64_t before = bench_peak_bytes();

        if (one)
            write_one(conn, data);
        else
            write_many(conn, data);
        /* The data were there before: they count once. */
        ratio = 1 + (double)(bench_peak_bytes() - before) / size;
        status = write(ends[1], &ratio, sizeof ratio) == sizeof ratio ? 0 : 1;
        _exit(status);
    }
    bench_check(read(ends[0], &ratio, sizeof ratio) == sizeof ratio, "the child said nothing");
    waitpid(child, &status, 0);
    close(ends[0]);
    close(ends[1]);
    bench_remove(path);
    return ratio;
}

static void compare(const char *name, double (*stoa)(void *), double (*hand)(void *), void *self,
                    double most)
{
    struct bench_side sides[] = {{"hand", hand, self, 0}, {"stoa", stoa, self, 0}};

    printf("# %s\n", name);
    *hand_sums = 0;
    bench_rounds(sides, 2, bench_round_count(5));
    bench_at_most(name, sides[1].least / sides[0].least, most);
}

int main(void)
{
    /* First: a child of a process that is small. */
    const double peak_one = peak_ratio(true), peak_many = peak_ratio(false);
    struct data *data = data_new(ITEMS, PER_ITEM, 0, 1);
    struct bulk_job bulk = {data, true};
    struct series_job series = {data, true};

    bench_at_most("collection_series_one_peak", peak_one, 1.3);
    bench_at_most("collection_series_many_peak", peak_many, 1.3);
    compare("collection_create_one_by_one", one_by_one_stoa, one_by_one_hand, data, 1.5);
    compare("collection_create_bulk_vectors", bulk_stoa, bulk_hand, &bulk, 1.2);
    data_free(data);
    data = data_new(MANY, 0, 0, 1);
    bulk = (struct bulk_job){data, false};
    compare("collection_create_bulk_scalars", bulk_stoa, bulk_hand, &bulk, 1.2);
    data_free(data);
    data = data_new(1, 0, 1, ROWS);
    series = (struct series_job){data, true};
    compare("collection_series_one", series_stoa, series_hand, &series, 1.2);
    data_free(data);
    data = data_new(1, 0, SERIES, EACH);
    series = (struct series_job){data, false};
    compare("collection_series_many", series_stoa, series_hand, &series, 1.2);
    data_free(data);
    return 0;
}
