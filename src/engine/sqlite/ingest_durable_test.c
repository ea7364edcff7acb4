/* SPDX-License-Identifier: Apache-2.0 */
/* What an acknowledgement promises, against a disk that loses what was not synced. */
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"
#include "support/faulty_io.h"

enum { APPENDS = 6, SEEDS = 12 };

/* Rows of the table in what the disk holds after losing power at `now`; -1: no table. The
 * database must be whole. */
static int64_t rows_after_crash(int64_t now, uint64_t seed)
{
    char *folder = test_path("crash"), *path = test_path("crash/a.db"), *wal = NULL;
    sqlite3_stmt *rows = NULL;
    sqlite3 *db = NULL;
    int64_t count = -1;

    (void)mkdir(folder, 0700);
    CHECK(asprintf(&wal, "%s-wal", path) > 0);
    (void)unlink(path);
    (void)unlink(wal);
    faulty_crash(now, seed, folder);
    CHECK_INT(
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"),
        SQLITE_OK);
    CHECK_INT(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &rows, NULL),
              SQLITE_OK);
    CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
    CHECK_TEXT((const char *)sqlite3_column_text(rows, 0), "ok");
    sqlite3_finalize(rows);
    rows = NULL;
    if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &rows, NULL) == SQLITE_OK) {
        CHECK_INT(sqlite3_step(rows), SQLITE_ROW);
        count = sqlite3_column_int64(rows, 0);
    }
    sqlite3_finalize(rows);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    free(folder);
    free(path);
    free(wal);
    return count;
}

/* Moments at which appends were acknowledged, and what of them had been made durable. */
struct promise {
    int64_t moment, committed, durable; /* Rows. */
};

/* `sync_every`: how often durable is asked for; 0: never. */
static int32_t run(const char *journal, bool in_caller, int sync_every,
                   struct promise promises[APPENDS])
{
    struct kit kit = kit_open_file("a.db", "journal=keep");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE_APPEND);
    struct kit_source *source = kit_source("id l;name u", "{\"id\":1,\"name\":\"a\"}\n"
                                                          "{\"id\":2,\"name\":\"b\"}");
    struct stoa__ingest_part part = {
        .table = "t", .source = &source->base, .index_column = -1};
    char pragma[64];
    void *ingest;
    int32_t level = -1;
    int64_t durable = -1;

    (void)snprintf(pragma, sizeof(pragma), "PRAGMA journal_mode=%s", journal);
    kit_run(&kit, pragma);
    config.in_caller_transaction = in_caller;
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    for (int i = 0; i < APPENDS; i++) {
        source->at = 0;
        KIT_OK(sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit.err));
        if (sync_every > 0 && i % sync_every == 0) {
            KIT_OK(sqlite_ingest_sync(ingest, NULL, &kit.err));
            durable = 2 * (i + 1);
        }
        if (level == STOA_ACK_DURABLE)
            durable = 2 * (i + 1);
        promises[i] = (struct promise){faulty_now(), 2 * (i + 1), durable};
    }
    sqlite_ingest_close(ingest);
    kit_source_free(source);
    kit_close(&kit);
    return level;
}

static void check_promises(const char *journal, bool in_caller, int sync_every,
                           int32_t level)
{
    struct promise promises[APPENDS];
    bool lost = false;

    faulty_install();
    faulty_record();
    CHECK_INT(run(journal, in_caller, sync_every, promises), level);
    for (int i = 0; i < APPENDS; i++) {
        /* The process dies: everything committed is there. */
        CHECK_INT(rows_after_crash(promises[i].moment, 0), promises[i].committed);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const int64_t rows = rows_after_crash(promises[i].moment, seed);

            /* The power goes: everything durable is there, and of the rest whole appends. */
            CHECK(rows >= promises[i].durable);
            CHECK(rows <= promises[i].committed && (rows < 0 || rows % 2 == 0));
            lost = lost || rows < promises[i].committed;
        }
    }
    /* That the disk does forget, or the above would say nothing. */
    CHECK_INT(lost, level != STOA_ACK_DURABLE && sync_every != 1);
    faulty_forget();
}

static void committed_survives_a_kill(void)
{
    check_promises("wal", false, 0, STOA_ACK_COMMITTED);
}

static void a_sync_makes_it_survive_the_power(void)
{
    check_promises("wal", false, 1, STOA_ACK_COMMITTED);
}

static void what_came_after_the_sync_may_go(void)
{
    check_promises("wal", false, 3, STOA_ACK_COMMITTED);
}

static void a_users_own_session_is_durable_at_commit(void)
{
    check_promises("wal", true, 0, STOA_ACK_DURABLE);
}

/* Removed, it may be there again when the power comes back, and take the commit back. */
static void a_removed_journal_is_durable_at_extra(void)
{
    check_promises("delete", false, 0, STOA_ACK_COMMITTED);
}

static void and_is_durable_there(void)
{
    check_promises("delete; PRAGMA synchronous=extra", true, 0, STOA_ACK_DURABLE);
}

static void a_journal_that_stays_is_durable_at_commit(void)
{
    check_promises("truncate", false, 0, STOA_ACK_DURABLE);
}

static void even_when_nothing_is_synced_a_sync_is_one(void)
{
    check_promises("wal; PRAGMA synchronous=off; PRAGMA wal_autocheckpoint=1", true, 1,
                   STOA_ACK_COMMITTED);
}

static void off_is_not_on_offer(void)
{
    struct kit kit = kit_open_file("a.db", "journal=keep");

    /* It would make a mess of the first append that fails. */
    kit_run(&kit, "PRAGMA journal_mode=off");
    CHECK_TEXT(kit_text(&kit, "PRAGMA journal_mode"), "delete\n");
    kit_close(&kit);
}

TEST_MAIN({"committed survives a kill", committed_survives_a_kill},
          {"a sync makes it survive the power", a_sync_makes_it_survive_the_power},
          {"what came after the sync may go", what_came_after_the_sync_may_go},
          {"a user's own session is durable at commit",
           a_users_own_session_is_durable_at_commit},
          {"a removed journal may come back at FULL",
           a_removed_journal_is_durable_at_extra},
          {"and is durable at EXTRA", and_is_durable_there},
          {"a journal that stays is durable at commit",
           a_journal_that_stays_is_durable_at_commit},
          {"even when nothing is synced, a sync is one",
           even_when_nothing_is_synced_a_sync_is_one},
          {"journal_mode=off is not on offer", off_is_not_on_offer})
