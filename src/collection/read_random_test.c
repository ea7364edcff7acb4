/* SPDX-License-Identifier: Apache-2.0 */
/* Random data written by plain SQL, read by every route, and compared with what plain SQL says. */
#include "collection/read_kit.h"

enum { ROUNDS = 12, ELEMENTS_MAX = 120 };

static stoa_db db;
static stoa_conn conn;
static uint64_t state;

static int64_t below(int64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)n);
}

static const char *number_or_null(char room[64])
{
    if (below(5) == 0)
        return "NULL";
    (void)snprintf(room, 64, "%lld.%lld", (long long)below(1000) - 500, (long long)below(4) * 25);
    return room;
}

static const char *text_or_null(char room[64])
{
    static const char *const words[] = {"''", "'a'", "'été'", "'longer than twelve bytes'",
                                        "' x '"};

    (void)room;
    return below(5) == 0 ? "NULL" : words[below(5)];
}

static const char *date_of(char room[64])
{
    (void)snprintf(room, 64, "'2024-%02d-%02dT%02d:00:00'", (int)below(12) + 1,
                   (int)below(28) + 1, (int)below(24));
    return room;
}

static void add_group_rows(FILE *sql, int64_t id)
{
    char a[64], b[64];
    const int64_t vectors = below(3) == 0 ? 0 : below(9), series = below(3) == 0 ? 0 : below(12);

    for (int64_t i = vectors; i > 0; i--)
        fprintf(sql, "INSERT INTO Orchard_vector_rows VALUES (%lld, %lld, %s, %s);\n",
                (long long)id, (long long)i, number_or_null(a), text_or_null(b));
    for (int64_t i = below(3); i > 0; i--)
        fprintf(sql, "INSERT OR IGNORE INTO Orchard_set_buyers VALUES (%lld, %lld);\n",
                (long long)id, (long long)below(4) + 1);
    for (int64_t i = 0; i < series; i++)
        fprintf(sql,
                "INSERT OR IGNORE INTO Orchard_time_series_yield VALUES (%lld, %s, %lld, %s, "
                "%lld);\n",
                (long long)id, date_of(a), (long long)below(3), number_or_null(b),
                (long long)below(100));
}

/* Ids are any order of any numbers. */
static void fill(uint64_t seed)
{
    size_t size = 0;
    char *text = NULL, a[64];
    FILE *sql = open_memstream(&text, &size);
    int64_t count;

    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    count = below(ELEMENTS_MAX);
    fprintf(sql, "BEGIN; INSERT INTO Region (label) VALUES ('r1'), ('r2'), ('r3'), ('r4');\n");
    for (int64_t i = 0; i < count; i++) {
        const int64_t id = below(100000) * 100 + i - 5000000;

        fprintf(sql, "INSERT INTO Orchard (id, label, area, region_id) VALUES (%lld, 'e%lld', %s, "
                     "%s);\n",
                (long long)id, (long long)i, number_or_null(a), below(3) == 0 ? "NULL" : "2");
        add_group_rows(sql, id);
    }
    fprintf(sql, "COMMIT;");
    fclose(sql);
    app_run(conn, text);
    free(text);
}

/* ---- compared ---- */

#define CHECK_SAME(sql, read, ...)                                         \
    do {                                                                   \
        char *right = app_rows(conn, sql);                                 \
        CHECK_READ(conn, read, right, __VA_ARGS__);                        \
        free(right);                                                       \
    } while (0)

#define LIST(value, table, order)                                                            \
    "(SELECT json_group_array(" value ") FROM (SELECT * FROM " table                         \
    " WHERE id = e.id ORDER BY " order ") AS g)"

static void compare_elements(void)
{
    CHECK_SAME("SELECT id, label, area, region_id FROM Orchard ORDER BY id", try_elements,
               .names = "label area region_id");
    CHECK_SAME("SELECT id, (SELECT label FROM Region WHERE id = region_id) FROM Orchard e "
               "ORDER BY id",
               try_elements, .names = "region_id", .settings = "relations=label");
    CHECK_SAME("SELECT id, " LIST("spacing", "Orchard_vector_rows", "vector_index") ", label, "
               LIST("variety", "Orchard_vector_rows", "vector_index") ", "
               LIST("region_sold_to", "Orchard_set_buyers", "rowid") ", "
               LIST("grade", "Orchard_time_series_yield", "date_time, block")
               " FROM Orchard AS e ORDER BY id",
               try_elements, .names = "spacing label variety region_sold_to grade");
}

static void compare_groups(void)
{
    CHECK_SAME("SELECT * FROM Orchard_vector_rows ORDER BY id, vector_index", try_group,
               .group = "rows");
    CHECK_SAME("SELECT id, (SELECT label FROM Region r WHERE r.id = region_sold_to) "
               "FROM Orchard_set_buyers ORDER BY id, rowid",
               try_group, .group = "buyers", .settings = "relations=label");
    CHECK_SAME("SELECT * FROM Orchard_time_series_yield ORDER BY id, date_time, block", try_group,
               .group = "yield", .settings = "dates=text");
    CHECK_SAME("SELECT id, date_time, block, grade FROM Orchard_time_series_yield WHERE block = 1 "
               "AND date_time >= '2024-03-01' AND date_time < '2024-09-01' "
               "ORDER BY id, date_time, block",
               try_group, .group = "yield", .names = "grade", .cells = "block 1",
               .settings = "dates=text", .ranged = true, .begin = INT64_C(1709251200000000000),
               .end = INT64_C(1725148800000000000));
}

/* Another way to the same answer: the greatest date by an aggregate, joined. */
static void compare_asof(void)
{
    CHECK_SAME("SELECT e.id, y.tonnes FROM Orchard e LEFT JOIN (SELECT id, max(date_time) AS m "
               "FROM Orchard_time_series_yield WHERE block = 2 AND date_time <= "
               "'2024-06-15T00:00:00' AND tonnes IS NOT NULL GROUP BY id) AS a ON a.id = e.id "
               "LEFT JOIN Orchard_time_series_yield y ON y.id = a.id AND y.date_time = a.m AND "
               "y.block = 2 ORDER BY e.id",
               try_asof, .names = "tonnes 2024-06-15", .cells = "block 2");
    CHECK_SAME("SELECT e.id, a.block, y.tonnes FROM Orchard e LEFT JOIN (SELECT id, block, "
               "max(date_time) AS m FROM Orchard_time_series_yield WHERE date_time <= "
               "'2024-06-15T00:00:00' AND tonnes IS NOT NULL GROUP BY id, block) AS a "
               "ON a.id = e.id LEFT JOIN Orchard_time_series_yield y ON y.id = a.id AND "
               "y.date_time = a.m AND y.block = a.block ORDER BY e.id, a.block",
               try_asof, .names = "tonnes 2024-06-15");
}

/* One by one, and by whole elements, it is what the bulk says. */
static void compare_keys(void)
{
    char *ids = app_rows(conn, "SELECT id FROM Orchard ORDER BY label"), *rest = NULL;

    for (char *id = strtok_r(ids, "\n", &rest); id; id = strtok_r(NULL, "\n", &rest)) {
        char sql[700];

        if (!*id)
            continue;
        (void)snprintf(sql, sizeof sql,
                       "SELECT id, area, label, " LIST("spacing", "Orchard_vector_rows",
                                                       "vector_index") ", "
                       LIST("grade", "Orchard_time_series_yield", "date_time, block")
                       " FROM Orchard AS e WHERE id = %s",
                       id);
        CHECK_SAME(sql, try_elements, .names = "area label spacing grade", .keys = id);
    }
    free(ids);
}

static void every_route_says_what_plain_sql_says(void)
{
    static const char *const batches[] = {"1", "7", "65536"};

    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        const stoa_option option = {"batch_rows", batches[seed % 3]};
        stoa_error err;

        printf("# seed %d\n", (int)seed);
        conn = kit_open(KIT_SCHEMA, &db);
        fill(seed);
        kit_must(stoa_conn_set(conn, &option, 1, &err), &err, "batch_rows");
        compare_elements();
        compare_groups();
        compare_asof();
        compare_keys();
        stoa_db_close(db);
    }
}

TEST_MAIN({"every route says what plain SQL says", every_route_says_what_plain_sql_says})
