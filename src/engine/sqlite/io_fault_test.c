/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation on files fails once, or from then on: whatever was being done either succeeds or
 * says so, the file is as before or as after, the handle goes on working, nothing leaks.
 */
#include "support/app.h"
#include "support/faulty_io.h"

#include "base/mem.h"

#include <dirent.h>

static const char digest[] =
    "SELECT count(*), ifnull(sum(id), 0), ifnull(group_concat(DISTINCT substr(v, 1, 1)), '') FROM "
    "t";

struct job {
    const char *settings;
    stoa_status (*run)(stoa_db db, stoa_conn conn, stoa_error *err);
};

/* ---- files ---- */

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    size_t size;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

    CHECK(in && out);
    while ((size = fread(bytes, 1, sizeof(bytes), in)) > 0)
        CHECK(fwrite(bytes, 1, size, out) == size);
    CHECK_INT(fclose(in) | fclose(out), 0);
}

static void remove_with_logs(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[1024];

    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)remove(name);
    }
}

/* No copy half made stays beside the others. */
static void check_no_parts(const char *folder)
{
    DIR *directory = opendir(folder);

    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strstr(entry->d_name, ".part-"))
            printf("# %s is left\n", entry->d_name), test_fail();
    closedir(directory);
}

/* ---- what is done ---- */

static stoa_status insert_rows(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)db;
    return app_try(conn, "INSERT INTO t SELECT id + 100000, 'w' || v FROM t", err);
}

static stoa_status change_rows(stoa_db db, stoa_conn conn, stoa_error *err)
{
    stoa_status rc = stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, err);

    (void)db;
    if (rc == STOA_OK)
        rc = app_try(conn, "UPDATE t SET v = 'x' || v; DELETE FROM t WHERE id % 3 = 0;"
                           "CREATE INDEX i ON t (v)", err);
    if (rc == STOA_OK)
        rc = stoa_commit(conn, NO_OP, err);
    int32_t state = 0;
    CHECK_INT(stoa_conn_transaction(conn, &state, NULL), STOA_OK);
    if (rc != STOA_OK && state != STOA_TRANSACTION_NONE)
        (void)stoa_rollback(conn, NO_OP, NULL);
    return rc;
}

enum { PUSH_ROWS = 400 };

static stoa_status push(stoa_db db, const char *mode, stoa_error *err)
{
    stoa_option options[3] = {{"mode", mode}, {"ack", "durable"}, {"keys", "id"}};
    int64_t ids[PUSH_ROWS], offsets[PUSH_ROWS + 1];
    char texts[PUSH_ROWS];
    stoa_ingest ingest;
    stoa_status rc;

    for (int i = 0; i < PUSH_ROWS; i++) {
        ids[i] = strcmp(mode, "upsert") == 0 ? i : 500000 + i;
        texts[i] = 'p';
        offsets[i] = i;
    }
    offsets[PUSH_ROWS] = PUSH_ROWS;
    stoa_column columns[2] = {{.name = "id", .name_size = 2, .type = STOA_TYPE_INT64,
                               .count = PUSH_ROWS, .data = ids, .data_size = sizeof(ids)},
                              {.name = "v", .name_size = 1, .type = STOA_TYPE_TEXT,
                               .layout = STOA_LAYOUT_PACKED, .count = PUSH_ROWS, .data = texts,
                               .data_size = sizeof(texts), .offsets = offsets}};
    stoa_table table = {.struct_size = sizeof(table), .name = "t", .name_size = 1,
                        .row_count = PUSH_ROWS, .columns = columns, .column_count = 2};

    rc = stoa_ingest_open(db, "t", 1, options, strcmp(mode, "upsert") == 0 ? 3 : 2, &ingest, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa_ingest_push(ingest, NO_OP, &table, 1, NULL, NULL, err);
    if (rc == STOA_OK)
        rc = stoa_ingest_finish(ingest, NO_OP, err);
    stoa_ingest_close(ingest);
    return rc;
}

static stoa_status push_append(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)conn;
    return push(db, "append", err);
}

static stoa_status push_replace(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)conn;
    return push(db, "replace", err);
}

static stoa_status push_create_append(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)conn;
    return push(db, "create_append", err);
}

static stoa_status push_upsert(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)conn;
    return push(db, "upsert", err);
}

static char *copy_path, *source_path;

static stoa_status make_backup(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)db;
    return stoa_backup(conn, NO_OP, copy_path, STOA_NUL, 1, err);
}

static stoa_status restore(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)db;
    return stoa_restore(conn, NO_OP, source_path, STOA_NUL, err);
}

static stoa_status vacuum(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)db;
    return stoa_vacuum(conn, NO_OP, err);
}

static stoa_status checkpoint(stoa_db db, stoa_conn conn, stoa_error *err)
{
    (void)db;
    const stoa_status rc = app_try(conn, "INSERT INTO t VALUES (777777, 'c')", err);

    return rc != STOA_OK ? rc : stoa_checkpoint(conn, NO_OP, STOA_CHECKPOINT_TRUNCATE, err);
}

static stoa_status read_all(stoa_db db, stoa_conn conn, stoa_error *err)
{
    stoa_rows rows;
    stoa_conn other;
    stoa_status rc = stoa_connect(db, NO_OP, NULL, 0, &other, err);

    (void)conn;
    if (rc == STOA_OK)
        rc = stoa_query_row(other, NO_OP, "SELECT sum(length(v)) FROM t", STOA_NUL, NULL, 0, NULL,
                            0, &rows, err);
    stoa_conn_close(other);
    return rc;
}

/* ---- the sweep ---- */

static void check_status(stoa_status rc, const stoa_error *err, int64_t nth)
{
    if (rc == STOA_OK || rc == STOA_ERR_IO || rc == STOA_ERR_FULL || rc == STOA_ERR_NOMEM)
        return;
    printf("# fault %lld: %s: %s\n", (long long)nth, stoa_status_name(rc), err->text);
    test_fail();
}

/* What a fresh look at the file says, by a process that knows nothing of the fault. */
static char *state_of(const char *path)
{
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    char *out = app_rows(conn, digest);

    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    stoa_conn_close(conn);
    app_shutdown(db);
    return out;
}

struct sweep {
    const struct job *job;
    char *template, *path;
    char *before, *after;
    struct faulty_plan plan;
    int64_t runs, failures;
};

/* One run with the n-th operation failing; false when there is no n-th. */
static bool run_once(struct sweep *sweep, int64_t nth)
{
    stoa_error err = {.text = ""};
    char *live = NULL, *now;
    bool in_doubt = false;

    remove_with_logs(sweep->path);
    copy_file(sweep->template, sweep->path);
    stoa_db db = app_open(sweep->path, sweep->job->settings);
    stoa_conn conn = app_connect(db);

    sweep->plan.nth = nth;
    faulty_plan(&sweep->plan);
    const stoa_status rc = sweep->job->run(db, conn, &err);
    const bool hit = faulty_fired();
    check_status(rc, &err, nth);
    sweep->runs++;
    sweep->failures += rc != STOA_OK;
    if (rc != STOA_OK)
        CHECK(strlen(err.text) > 8);
    in_doubt = rc != STOA_OK && (err.flags & STOA_ERROR_IN_DOUBT);

    live = app_rows(conn, digest); /* The handle works on. */
    CHECK(strcmp(live, sweep->before) == 0 || strcmp(live, sweep->after) == 0);
    if (rc == STOA_OK)
        CHECK_TEXT(live, sweep->after);
    stoa_conn_close(conn);
    stoa_db_close(db);
    now = state_of(sweep->path);
    if (strcmp(now, live) != 0 && !in_doubt)
        printf("# fault %lld: the handle saw %s, the file has %s; %s\n", (long long)nth, live, now,
               err.text);
    CHECK(in_doubt || strcmp(now, live) == 0);
    CHECK(strcmp(now, sweep->before) == 0 || strcmp(now, sweep->after) == 0);
    CHECK_INT(stoa__mem_allocations(), 0);
    free(now);
    free(live);
    return hit;
}

static void sweep_job(const struct job *job)
{
    static const struct faulty_plan plans[] = {
        {.kinds = FAULTY_ALL},
        {.kinds = FAULTY_ALL, .stays = true, .tear = true},
        {.kinds = FAULTY_WRITE, .code = 13 /* SQLITE_FULL */, .tear = true},
    };
    struct sweep sweep = {.job = job, .template = test_path("template.db"),
                          .path = test_path("a.db")};
    stoa_error err;
    char *folder = test_path(".");

    copy_path = test_path("copy.db");
    source_path = test_path("source.db");
    faulty_install();
    app_make(sweep.template, job->settings, 300);
    app_make(source_path, NULL, 900);
    sweep.before = state_of(sweep.template);
    copy_file(sweep.template, sweep.path);
    stoa_db db = app_open(sweep.path, job->settings);
    stoa_conn conn = app_connect(db);
    app_must(job->run(db, conn, &err), &err, "without a fault");
    sweep.after = app_rows(conn, digest);
    stoa_db_close(db);
    for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
        sweep.plan = plans[i];
        for (int64_t nth = 0; run_once(&sweep, nth); nth++)
            continue;
        check_no_parts(folder);
    }
    printf("# %lld runs, of which %lld failed as they should\n", (long long)sweep.runs,
           (long long)sweep.failures);
    CHECK(sweep.failures > 3);
    free(folder);
    free(sweep.template);
    free(sweep.path);
    free(copy_path);
    free(source_path);
    free(sweep.before);
    free(sweep.after);
}

#define SWEEP(name, function, setting)                                                   \
    static void name(void)                                                               \
    {                                                                                    \
        static const struct job job = {setting, function};                               \
        sweep_job(&job);                                                                 \
    }

SWEEP(insert_wal, insert_rows, "journal=wal")
SWEEP(insert_delete, insert_rows, "journal=delete")
SWEEP(insert_persist, insert_rows, "journal=persist")
SWEEP(change_wal, change_rows, "journal=wal cache_size=16k")
SWEEP(change_delete, change_rows, "journal=delete cache_size=16k")
SWEEP(append_wal, push_append, "journal=wal")
SWEEP(append_delete, push_append, "journal=delete")
SWEEP(replace_wal, push_replace, "journal=wal")
SWEEP(replace_delete, push_replace, "journal=delete")
SWEEP(create_append_wal, push_create_append, "journal=wal")
SWEEP(upsert_delete, push_upsert, "journal=delete")
SWEEP(backup_wal, make_backup, "journal=wal")
SWEEP(backup_delete, make_backup, "journal=delete")
SWEEP(restore_wal, restore, "journal=wal")
SWEEP(restore_delete, restore, "journal=delete")
SWEEP(vacuum_wal, vacuum, "journal=wal")
SWEEP(vacuum_delete, vacuum, "journal=delete")
SWEEP(checkpoint_wal, checkpoint, "journal=wal")
SWEEP(read_wal, read_all, "journal=wal")
SWEEP(read_delete, read_all, "journal=delete")

/* ---- opening and shutting down ---- */

static void opening_a_new_file_fails_cleanly(void)
{
    static const char *const settings[] = {NULL, "journal=delete", "page_size=8192"};
    char *path = test_path("a.db");

    faulty_install();
    for (size_t i = 0; i < 3; i++) {
        bool hit = true;

        for (int64_t nth = 0; hit; nth++) {
            stoa_db db;
            stoa_conn conn = {0};
            stoa_error err;

            remove_with_logs(path);
            faulty_plan(&(struct faulty_plan){.kinds = FAULTY_ALL, .nth = nth, .tear = true});
            stoa_status rc = app_try_open(path, settings[i], &db, &err);
            if (rc == STOA_OK)
                rc = stoa_connect(db, NO_OP, NULL, 0, &conn, &err);
            if (rc == STOA_OK)
                rc = app_try(conn, "CREATE TABLE t (a)", &err);
            hit = faulty_fired();
            check_status(rc, &err, nth);
            stoa_conn_close(conn);
            stoa_db_close(db);
            CHECK_INT(stoa__mem_allocations(), 0);

            db = app_open(path, settings[i]); /* Now it works. */
            conn = app_connect(db);
            app_run(conn, "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)");
            CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
            stoa_conn_close(conn);
            app_shutdown(db);
            CHECK(nth < 400);
        }
    }
    free(path);
}

static void a_shutdown_that_fails_may_be_tried_again(void)
{
    char *path = test_path("a.db"), *template = test_path("template.db");
    bool hit = true;

    faulty_install();
    app_make(template, NULL, 500);
    for (int64_t nth = 0; hit; nth++) {
        stoa_error err = {.text = ""};

        remove_with_logs(path);
        copy_file(template, path);
        stoa_db db = app_open(path, NULL);
        stoa_conn conn = app_connect(db);
        app_run(conn, "UPDATE t SET v = 'z'");
        stoa_conn_close(conn);
        faulty_plan(&(struct faulty_plan){.kinds = FAULTY_ALL, .nth = nth});
        const stoa_status rc = stoa_db_shutdown(db, NO_OP, &err);
        hit = faulty_fired();
        check_status(rc, &err, nth);
        if (rc != STOA_OK)
            app_must(stoa_db_shutdown(db, NO_OP, &err), &err, "shutdown again");
        stoa_db_close(db);
        CHECK_INT(stoa__mem_allocations(), 0);
        char *state = state_of(path);
        CHECK_TEXT(state, "500|125250|z");
        free(state);
    }
    free(template);
    free(path);
}

TEST_MAIN({"inserting, WAL", insert_wal}, {"inserting, rollback journal", insert_delete},
          {"inserting, persistent journal", insert_persist},
          {"a transaction, WAL", change_wal}, {"a transaction, rollback journal", change_delete},
          {"ingest append, WAL", append_wal}, {"ingest append, rollback journal", append_delete},
          {"ingest replace, WAL", replace_wal},
          {"ingest replace, rollback journal", replace_delete},
          {"ingest create_append, WAL", create_append_wal},
          {"ingest upsert, rollback journal", upsert_delete}, {"backup, WAL", backup_wal},
          {"backup, rollback journal", backup_delete}, {"restore, WAL", restore_wal},
          {"restore, rollback journal", restore_delete}, {"vacuum, WAL", vacuum_wal},
          {"vacuum, rollback journal", vacuum_delete}, {"checkpoint, WAL", checkpoint_wal},
          {"reading, WAL", read_wal}, {"reading, rollback journal", read_delete},
          {"opening a new file fails cleanly", opening_a_new_file_fails_cleanly},
          {"a shutdown that fails may be tried again", a_shutdown_that_fails_may_be_tried_again})
