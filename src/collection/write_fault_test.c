/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation on the file fails once, or from then on, while a collection is written: the call
 * says so or succeeds, the file is as before or as after, and the connection works on; also inside
 * a transaction, which keeps what it had or is gone as a whole.
 */
#include "collection/write_kit.h"
#include "support/faulty_io.h"

#define DIGEST                                                                                    \
    "SELECT (SELECT count(*) || ',' || ifnull(sum(id), 0) || ',' || ifnull(sum(soil), 0) "        \
    "FROM Orchard) || ';' || (SELECT count(*) || ',' || ifnull(sum(spacing), 0) FROM "            \
    "Orchard_vector_rows) || ';' || (SELECT count(*) FROM Orchard_set_buyers) || ';' || "         \
    "(SELECT count(*) || ',' || ifnull(sum(tonnes), 0) FROM Orchard_time_series_yield)"

enum { MANY = 40 };

/* ---- what is done ---- */

static stoa_status create_one(stoa_conn conn)
{
    int64_t id;

    return kit_create(conn, "Orchard",
                      "label='z' soil=5 region_id='North' spacing=[4.0 4.5] "
                      "region_sold_to=['North'] date_time=[@0 @1] block=[1 1] tonnes=[1.0 2.0]",
                      &id);
}

static stoa_status update_one(stoa_conn conn)
{
    return kit_update(conn, "Orchard", "'e5'",
                      "soil=50 spacing=[] region_sold_to=['South'] date_time=[@0] block=[9]");
}

static stoa_status delete_one(stoa_conn conn)
{
    return kit_delete(conn, "Orchard", "'e5'");
}

/* JSON rows numbered from `first` on, as `format` has them. */
static char *rows_of(const char *format, int first)
{
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);

    for (int i = first; i < first + MANY; i++) {
        fprintf(text, "%s", i > first ? ";" : "");
        for (const char *at = format; *at; at++) {
            if (*at == '#')
                fprintf(text, "%d", i);
            else
                fputc(*at, text);
        }
    }
    fclose(text);
    return out;
}

static stoa_status create_many(stoa_conn conn)
{
    char *const rows = rows_of("{\"label\":\"n#\",\"soil\":#,\"orchard_neighbour\":\"e1\","
                               "\"spacing\":[#,1,2],\"region_sold_to\":[\"North\"]}",
                               1000);
    const stoa_status rc =
        kit_create_many(conn, "Orchard",
                        "label:u soil:l orchard_neighbour:u spacing:[g region_sold_to:[u", rows,
                        NULL);

    free(rows);
    return rc;
}

static stoa_status update_many(stoa_conn conn)
{
    char *const rows = rows_of("{\"label\":\"e#\",\"soil\":3,\"spacing\":[#,#]}", 0);
    const stoa_status rc =
        kit_update_many(conn, "Orchard", "label:u soil:l spacing:[g", rows, NULL);

    free(rows);
    return rc;
}

static stoa_status write_series(stoa_conn conn)
{
    char *const rows = rows_of("{\"label\":\"e#\",\"date_time\":\"2024-01-01\",\"block\":#,"
                               "\"tonnes\":1}",
                               0);
    const stoa_status rc =
        kit_group_many(conn, STOA_GROUP_TIME_SERIES, "yield", "replace",
                       "label:u date_time:u block:l tonnes:g", rows, NULL);

    free(rows);
    return rc;
}

/* ---- the sweep ---- */

struct sweep {
    stoa_status (*run)(stoa_conn conn);
    const char *settings;
    char *template, *path, *before, *after;
    bool nested;
    int64_t failures;
};

static void copy_file(const char *from, const char *to)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    char bytes[65536], name[1024];
    size_t size;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

    CHECK(in && out);
    while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
        CHECK(fwrite(bytes, 1, size, out) == size);
    CHECK_INT(fclose(in) | fclose(out), 0);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        (void)snprintf(name, sizeof name, "%s%s", to, suffixes[i]);
        (void)remove(name);
    }
}

static void make_template(const struct sweep *sweep)
{
    const stoa_db db = app_open(sweep->template, sweep->settings);
    const stoa_conn conn = app_connect(db);

    app_run(conn, KIT_SCHEMA);
    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South');"
                  "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59) "
                  "INSERT INTO Orchard(label, soil) SELECT 'e' || i, i FROM n;"
                  "INSERT INTO Orchard_vector_rows SELECT id, 1, id, 'x' FROM Orchard;"
                  "INSERT INTO Orchard_time_series_yield SELECT id, '2020-01-01T00:00:00', 1, id, "
                  "1 FROM Orchard");
    stoa_conn_close(conn);
    app_shutdown(db);
}

static char *state_of(const char *path)
{
    const stoa_db db = app_open(path, NULL);
    const stoa_conn conn = app_connect(db);
    char *out = app_rows(conn, DIGEST);

    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    CHECK_ROWS(conn, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    stoa_conn_close(conn);
    app_shutdown(db);
    return out;
}

static void check_failure(stoa_status rc, int64_t nth)
{
    if (rc == STOA_OK || rc == STOA_ERR_IO || rc == STOA_ERR_FULL || rc == STOA_ERR_NOMEM)
        return;
    printf("# fault %lld: %s: %s\n", (long long)nth, stoa_status_name(rc), kit_error.text);
    test_fail();
}

static bool run_once(struct sweep *sweep, struct faulty_plan plan)
{
    stoa_error err = {.flags = 0};
    bool in_doubt, hit;
    char *live, *now;
    stoa_status rc;

    copy_file(sweep->template, sweep->path);
    const stoa_db db = app_open(sweep->path, sweep->settings);
    const stoa_conn conn = app_connect(db);
    if (sweep->nested)
        app_run(conn, "BEGIN IMMEDIATE");
    faulty_plan(&plan);
    rc = sweep->run(conn);
    hit = faulty_fired();
    check_failure(rc, plan.nth);
    sweep->failures += rc != STOA_OK;
    in_doubt = rc != STOA_OK && (kit_error.flags & STOA_ERROR_IN_DOUBT);
    live = app_rows(conn, DIGEST); /* The connection works on. */
    CHECK(in_doubt || strcmp(live, rc == STOA_OK ? sweep->after : sweep->before) == 0);
    if (sweep->nested)
        (void)stoa_commit(conn, NO_OP, &err); /* The fault may have ended the transaction. */
    stoa_conn_close(conn);
    stoa_db_close(db);
    now = state_of(sweep->path);
    CHECK(strcmp(now, sweep->before) == 0 || strcmp(now, sweep->after) == 0);
    CHECK(in_doubt || strcmp(now, live) == 0);
    free(now);
    free(live);
    return hit;
}

static void sweep_all(stoa_status (*run)(stoa_conn conn), const char *settings, bool nested)
{
    static const struct faulty_plan plans[] = {
        {.kinds = FAULTY_ALL},
        {.kinds = FAULTY_WRITE, .code = 13 /* SQLITE_FULL */, .tear = true, .stays = true},
    };
    struct sweep sweep = {.run = run, .settings = settings, .nested = nested,
                          .template = test_path("template.db"), .path = test_path("a.db")};

    faulty_install();
    make_template(&sweep);
    sweep.before = state_of(sweep.template);
    copy_file(sweep.template, sweep.path);
    const stoa_db db = app_open(sweep.path, settings);
    const stoa_conn conn = app_connect(db);

    app_must(run(conn), &kit_error, "without a fault");
    sweep.after = app_rows(conn, DIGEST);
    stoa_db_close(db);
    CHECK(strcmp(sweep.before, sweep.after) != 0);
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct faulty_plan plan = plans[i];

        while (run_once(&sweep, plan))
            plan.nth += plan.nth < 16 ? 1 : 5; /* Most of them are pages of one kind. */
    }
    CHECK(sweep.failures > 0);
    free(sweep.template);
    free(sweep.path);
    free(sweep.before);
    free(sweep.after);
}

#define SWEEP(name, run, settings, nested)                                                        \
    static void name(void)                                                                        \
    {                                                                                             \
        sweep_all(run, settings, nested);                                                         \
    }

/* A small cache, so that pages go to the file before the end. */
SWEEP(one_created, create_one, "journal=wal", false)
SWEEP(one_created_delete, create_one, "journal=delete", false)
SWEEP(one_updated, update_one, "journal=delete", false)
SWEEP(one_deleted, delete_one, "journal=delete", false)
SWEEP(many_created, create_many, "journal=wal cache_size=16k", false)
SWEEP(many_created_delete, create_many, "journal=delete cache_size=16k", false)
SWEEP(many_created_nested, create_many, "journal=delete cache_size=16k", true)
SWEEP(many_updated, update_many, "journal=delete cache_size=16k", false)
SWEEP(series_written, write_series, "journal=delete cache_size=16k", false)
SWEEP(series_written_nested, write_series, "journal=wal cache_size=16k", true)

TEST_MAIN({"one created", one_created}, {"one created, with a journal", one_created_delete},
          {"one updated", one_updated}, {"one deleted", one_deleted},
          {"many created", many_created}, {"many created, with a journal", many_created_delete},
          {"many created in a transaction", many_created_nested},
          {"many updated", many_updated}, {"a series written", series_written},
          {"a series written in a transaction", series_written_nested})
