/* SPDX-License-Identifier: Apache-2.0 */
/* Predicates over a scan and over a stored copy of it: equal answers, and less work. */
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"

static uint64_t state = 88172645463325252;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int below(int count)
{
    return (int)(next_random() % (uint64_t)count);
}

#define COLUMNS "i l;s s;u C;b b;at tsu:;px g;f f;name u;v vu;code *u;big L;d d:5,1"
static const char *const names[] = {"i",    "s", "u",    "b",   "at", "px",   "f",
                                    "name", "v", "code", "big", "d",  "rowid"};
enum { NAMES = sizeof(names) / sizeof(*names) };

static const char *const texts[] = {
    "",  "a",   "A",   "abc",       "ABC",
    "5", "5.0", "ab%", "b\xc3\xa9", "a text that is longer than twelve"};

static void random_row(stoa__buffer *out)
{
    static const char *const reals[] = {
        "0.0",   "-0.0",         "1.0",           "5.0",     "-2.5",
        "1e300", "\"Infinity\"", "\"-Infinity\"", "\"NaN\"", "null"};
    static const char *const ints[] = {"0", "1", "5", "-1", "127", "-128", "null", "7"};
    static const char *const longs[] = {"9007199254740993",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "5",
                                        "0",
                                        "null"};
    static const char *const bytes[] = {"0", "1", "5", "255", "null", "7"};
    char text[2][64];

    for (int i = 0; i < 2; i++)
        (void)snprintf(text[i], 64, "\"%s\"", texts[below(10)]);
    (void)stoa__buffer_format(
        out,
        "{\"i\":%s,\"s\":%s,\"u\":%s,\"b\":%s,\"at\":%s,\"px\":%s,\"f\":%s,\"name\":%s,"
        "\"v\":%s,\"code\":%s,\"big\":%s,\"d\":%s}\n",
        longs[below(6)], ints[below(8)], bytes[below(6)],
        below(5) == 0 ? "null"
        : below(2)    ? "true"
                      : "false",
        below(4) == 0 ? "null" : "\"1970-01-01T00:00:00.000005\"", reals[below(10)],
        reals[below(5)], below(6) == 0 ? "null" : text[0],
        below(6) == 0 ? "null" : text[1], below(6) == 0 ? "null" : text[0],
        bytes[below(6)], below(3) ? "\"5.0\"" : "null");
}

/* A scan `s` in several batches, and a stored copy `t` with the scan's own declared types
 * and row ids. */
static void *make_both(struct kit *kit)
{
    struct stoa__scan_source source = {.check = STOA_CHECK_FULL};
    void *scan;

    source.type = kit_type(&source.arena, COLUMNS);
    source.batch_count = 5;
    source.batches = stoa__alloc_zero(5, sizeof(*source.batches));
    for (int b = 0; b < 5; b++) {
        stoa__buffer rows = {0};
        struct ArrowArray batch;

        for (int i = b == 2 ? 0 : 1 + below(30); i > 0; i--)
            random_row(&rows);
        (void)stoa__buffer_terminate(&rows);
        batch = kit_batch(source.type, (const char *)rows.data);
        kit_status(stoa__array_share(&batch, &source.batches[b], &kit->err), STOA_OK,
                   &kit->err, __FILE__, __LINE__);
        stoa__buffer_release(&rows);
    }
    kit_status(sqlite_scan_add(kit->session, "s", &source, false, &scan, &kit->err),
               STOA_OK, &kit->err, __FILE__, __LINE__);

    char *columns = strdup(kit_text(kit, "SELECT group_concat(name || ' ' || type) FROM "
                                         "pragma_table_info('s')"));
    char *sql =
        sqlite3_mprintf("DROP TABLE IF EXISTS t; CREATE TABLE t(%s); "
                        "INSERT INTO t(rowid, i, s, u, b, at, px, f, name, v, code, big, "
                        "d) SELECT rowid, * FROM s",
                        columns);

    kit_run(kit, sql);
    sqlite3_free(sql);
    free(columns);
    return scan;
}

static void random_literal(char *out, size_t size)
{
    static const char *const literals[] = {"0",
                                           "1",
                                           "5",
                                           "-1",
                                           "5.0",
                                           "5.5",
                                           "'5'",
                                           "'5.0'",
                                           "' 5'",
                                           "'abc'",
                                           "'A'",
                                           "''",
                                           "NULL",
                                           "x'61'",
                                           "9e999",
                                           "-9e999",
                                           "127",
                                           "-128",
                                           "255",
                                           "256",
                                           "1e300",
                                           "0.0",
                                           "-0.0",
                                           "9007199254740992",
                                           "9007199254740993",
                                           "9007199254740992.0",
                                           "9223372036854775807",
                                           "-9223372036854775808",
                                           "9223372036854775808.0",
                                           "'a text that is longer than twelve'",
                                           "'b\xc3\xa9'",
                                           "-2.5"};

    (void)snprintf(out, size, "%s", literals[below(32)]);
}

static void random_predicate(char *out, size_t size, int depth)
{
    static const char *const ops[] = {
        "=", "<", "<=", ">", ">=", "IS", "<>", "IS NOT", "=="};
    const char *const name = names[below(NAMES)];
    char a[200], b[200];

    switch (below(depth > 0 ? 10 : 6)) {
    case 0:
        (void)snprintf(out, size, "%s IS %sNULL", name, below(2) ? "NOT " : "");
        return;
    case 1:
        random_literal(a, sizeof(a));
        random_literal(b, sizeof(b));
        (void)snprintf(out, size, "%s %s (%s, %s)", name, below(2) ? "IN" : "NOT IN", a,
                       b);
        return;
    case 2:
        random_literal(a, sizeof(a));
        random_literal(b, sizeof(b));
        (void)snprintf(out, size, "%s BETWEEN %s AND %s", name, a, b);
        return;
    case 3:
        (void)snprintf(out, size, "%s %s '%s'", name, below(2) ? "LIKE" : "GLOB",
                       below(2) ? "a%" : "a*");
        return;
    case 4:
        random_literal(a, sizeof(a));
        (void)snprintf(out, size, "%s = %s COLLATE NOCASE", name, a);
        return;
    case 6:
    case 7:
        random_predicate(a, sizeof(a), 0);
        random_predicate(b, sizeof(b), 0);
        (void)snprintf(out, size, "(%s) AND (%s)", a, b);
        return;
    case 8:
        random_predicate(a, sizeof(a), 0);
        random_predicate(b, sizeof(b), 0);
        (void)snprintf(out, size, "(%s) OR (%s)", a, b);
        return;
    default:
        random_literal(a, sizeof(a));
        (void)snprintf(out, size, below(8) ? "%s %s %s" : "%s %s +%s", name,
                       ops[below(9)], a);
    }
}

static void equal(struct kit *kit, const char *format, const char *what)
{
    char *ours = sqlite3_mprintf(format, "s", what),
         *native = sqlite3_mprintf(format, "t", what);
    char *right = strdup(kit_text(kit, native));
    const char *const got = kit_text(kit, ours);

    if (strcmp(got, right) != 0)
        printf("# %s\n", ours);
    CHECK_TEXT(got, right);
    free(right);
    sqlite3_free(ours);
    sqlite3_free(native);
}

static void random_predicates_answer_as_on_a_stored_copy(void)
{
    char predicate[512];

    for (int round = 0; round < 40; round++) {
        struct kit kit = kit_open(":memory:", "");
        void *scan = make_both(&kit);

        for (int i = 0; i < 100; i++) {
            random_predicate(predicate, sizeof(predicate), 1);
            equal(&kit, "SELECT rowid, i, px, name FROM %s WHERE %s ORDER BY rowid",
                  predicate);
            random_predicate(predicate, sizeof(predicate), 1);
            equal(&kit,
                  "SELECT count(*), count(name), min(v), max(code), sum(s) FROM %s "
                  "WHERE %s",
                  predicate);
        }
        sqlite_scan_drop(scan);
        kit_close(&kit);
    }
}

static void joins_groups_and_orders_answer_as_on_a_stored_copy(void)
{
    static const char *const queries[] = {
        "SELECT max(name), min(name), max(v) FROM %s%s",
        "SELECT name, count(*), sum(s), max(code) FROM %s GROUP BY name ORDER BY name%s",
        "SELECT a.rowid, b.rowid, b.name FROM %s a JOIN t b ON a.name = b.name AND a.s = "
        "b.s "
        "ORDER BY 1, 2%s",
        "SELECT name, lag(name) OVER (ORDER BY rowid), max(v) OVER (ORDER BY rowid ROWS "
        "2 "
        "PRECEDING) FROM %s ORDER BY rowid%s",
        "SELECT rowid FROM %s ORDER BY rowid LIMIT 3 OFFSET 2%s",
        "SELECT rowid FROM %s ORDER BY rowid DESC%s",
        "SELECT (SELECT max(x.name) FROM t x WHERE x.s = o.s) FROM %s o ORDER BY "
        "o.rowid%s",
        "SELECT name FROM %s WHERE rowid BETWEEN 5 AND 9%s",
        "SELECT name FROM %s WHERE rowid > 3 AND rowid <= 7 AND rowid <> 5%s",
        "SELECT count(*) FROM %s WHERE rowid = 7%s",
        "SELECT count(*) FROM %s WHERE rowid IN (1, 3, 1000, -1, '5')%s",
        "SELECT DISTINCT code FROM %s ORDER BY 1%s",
        "SELECT count(*) FROM %s WHERE name IN (SELECT v FROM t)%s",
        "WITH q AS (SELECT name, v FROM %s) SELECT q.name, r.name FROM q, q r "
        "WHERE q.name = r.v ORDER BY 1, 2%s",
    };

    for (int round = 0; round < 10; round++) {
        struct kit kit = kit_open(":memory:", "");
        void *scan = make_both(&kit);

        for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
            equal(&kit, queries[i], "");
        sqlite_scan_drop(scan);
        kit_close(&kit);
    }
}

/* That predicates are pushed down at all: the plan says which, and far fewer steps are
 * made. */
static void plans_say_what_is_pushed_down(void)
{
    struct kit kit = kit_open(":memory:", "");
    void *scan = make_both(&kit);
    static const struct {
        const char *where, *plan;
    } cases[] = {
        {"i = 5", "INDEX 0:=0;"},        {"name = 'a' AND px > 1", "INDEX 0:=7;>5;"},
        {"rowid = 3", "INDEX 0:=-1;"},   {"rowid >= 3 AND rowid < 9", "INDEX 0:}-1;<-1;"},
        {"name IS NULL", "INDEX 0:07;"}, {"v IS NOT NULL", "INDEX 0:18;"},
        {"name > 'a'", "INDEX 0:"},      {"name = 'a' COLLATE NOCASE", "INDEX 0:"},
        {"code = 'a'", "INDEX 0:"},      {"big = 5", "INDEX 0:"},
        {"d = '5.0'", "INDEX 0:"},       {"abs(i) = 5", "INDEX 0:"},
    };
    char sql[200], right[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        sqlite3_stmt *plan = NULL;

        (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN SELECT px FROM s WHERE %s",
                       cases[i].where);
        CHECK_INT(sqlite3_prepare_v2(kit.db, sql, -1, &plan, NULL), SQLITE_OK);
        CHECK_INT(sqlite3_step(plan), SQLITE_ROW);
        (void)snprintf(right, sizeof(right), "SCAN s VIRTUAL TABLE %s", cases[i].plan);
        CHECK_TEXT((const char *)sqlite3_column_text(plan, 3), right);
        sqlite3_finalize(plan);
    }
    sqlite_scan_drop(scan);
    kit_close(&kit);
}

TEST_MAIN({"random predicates answer as on a stored copy",
           random_predicates_answer_as_on_a_stored_copy},
          {"joins, groups and orders answer as on a stored copy",
           joins_groups_and_orders_answer_as_on_a_stored_copy},
          {"plans say what is pushed down", plans_say_what_is_pushed_down})
