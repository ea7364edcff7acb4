/* SPDX-License-Identifier: Apache-2.0 */
/* Appends written along with another: together, alone, or not at all. */
#include "base/error.h"
#include "engine/sqlite/gate.h"
#include "engine/sqlite/ingest_kit.h"
#include "support/faulty_io.h"
#include "test.h"

#include <stdatomic.h>

enum { OTHERS_MAX = 6 };

static struct kit kit;
static struct stoa__turn line;
static void *ingest;
static struct stoa__ingest_config config;
static int commits; /* Of the session. */

static int count_commit(void *self)
{
    (void)self;
    commits++;
    return 0;
}

/* One append, whoever writes it. */
struct append {
    struct stoa__ingest_append base;
    struct stoa__ingest_part part;
    struct kit_source *source;
    stoa__thread thread;
    stoa_status rc;
    bool by_other;
    stoa_error err;
};

/* Rows as "1one 2two 3-", a dash for NULL. */
static void append_init(struct append *self, const char *rows)
{
    char text[256];
    size_t used = 0;

    for (char *end; *rows; rows = end + (*end == ' ')) {
        const long id = strtol(rows, &end, 10);
        const char *const v = end;

        end += strcspn(end, " ");
        if (*v == '-')
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "{\"id\":%ld,\"v\":null}\n", id);
        else
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "{\"id\":%ld,\"v\":\"%.*s\"}\n", id, (int)(end - v), v);
    }
    *self = (struct append){.source = kit_source("id l;v u", text)};
    self->source->base.batch = &self->source->batches[0];
    self->part = (struct stoa__ingest_part){
        .table = "t", .source = &self->source->base, .config = &config, .index_column = -1};
    self->base = (struct stoa__ingest_append){
        .ingest = ingest, .parts = &self->part, .part_count = 1, .level = -1};
    CHECK(stoa__ingest_append_is_small(&self->base));
}

/* Another thread of the same ingest, as the core has it stand in line. */
static void stand(void *argument)
{
    struct append *self = argument;
    stoa__call call = {0};

    self->rc = stoa__turn_offer(&line, self, &self->base.work, &call, -1, &self->err);
    if (self->rc == STOA_DONE) {
        self->by_other = true;
        self->rc = STOA_OK;
        return;
    }
    CHECK_INT(self->rc, STOA_OK);
    self->rc = sqlite_ingest_append(ingest, &call, &self->part, 1, &self->base.level, &self->err);
    stoa__turn_give(&line, self);
}

static struct stoa__turn_waiter *last_in_line(void)
{
    stoa__mutex_lock(&line.lock);
    struct stoa__turn_waiter *last = line.last;
    stoa__mutex_unlock(&line.lock);
    return last;
}

static void start(struct append *other)
{
    struct stoa__turn_waiter *before = last_in_line();

    CHECK_INT(stoa__thread_start(&other->thread, "other", stand, other, NULL), STOA_OK);
    while (last_in_line() == before)
        stoa__sleep_ns(100000);
}

static void open_on(const char *settings, const char *schema)
{
    kit = kit_open_file("along.db", settings);
    kit_run(&kit, schema);
    config = kit_config(STOA__INGEST_APPEND);
    config.in_caller_transaction = false;
    KIT_OK(sqlite_ingest_open(kit.session, &config, &ingest, &kit.err));
    stoa__turn_init(&line);
    sqlite3_commit_hook(kit.db, count_commit, NULL);
}

static void close_all(void)
{
    sqlite_ingest_close(ingest);
    stoa__turn_release(&line);
    kit_close(&kit);
}

/* Write `own` while the others stand in line, then let these go. `nth`: the allocation that
 * fails. Answers own's status. */
static stoa_status write_with(struct append *own, struct append *others, int count, int64_t nth)
{
    stoa__call call = {0};

    CHECK_INT(stoa__turn_offer(&line, own, NULL, &call, -1, NULL), STOA_OK);
    for (int i = 0; i < count; i++)
        start(&others[i]);
    commits = 0;
    stoa__mem_fail_nth = nth;
    own->rc = sqlite_ingest_append_along(ingest, &call, &own->base, &line, &own->err);
    bool injected = nth >= 0 && stoa__mem_fail_nth < 0;
    stoa__mem_fail_nth = -1;
    CHECK(!kit.session->holds_gate);
    CHECK(sqlite3_get_autocommit(kit.db) != 0);
    stoa__turn_give(&line, own);
    for (int i = 0; i < count; i++)
        stoa__thread_stop(&others[i].thread);
    return injected && own->rc == STOA_OK ? STOA_DONE : own->rc;
}

static void free_all(struct append *own, struct append *others, int count)
{
    kit_source_free(own->source);
    for (int i = 0; i < count; i++)
        kit_source_free(others[i].source);
}

static const char plain[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL)";

static void those_in_line_are_one_commit(void)
{
    struct append own, others[OTHERS_MAX];
    char rows[96];

    open_on("", plain);
    append_init(&own, "1a");
    for (int i = 0; i < OTHERS_MAX; i++) {
        (void)snprintf(rows, sizeof(rows), i % 2 ? "%db" : "%db %dc", 10 * i + 10,
                       10 * i + 11);
        append_init(&others[i], rows);
    }
    CHECK_INT(write_with(&own, others, OTHERS_MAX, -1), STOA_OK);
    CHECK_INT(commits, 1);
    CHECK_INT(own.base.level, STOA_ACK_COMMITTED);
    CHECK_INT(own.part.done.written, 1);
    for (int i = 0; i < OTHERS_MAX; i++) {
        CHECK(others[i].by_other);
        CHECK_INT(others[i].base.level, STOA_ACK_COMMITTED);
        CHECK_INT(others[i].part.done.written, i % 2 ? 1 : 2);
    }
    CHECK_TEXT(kit_text(&kit, "SELECT count(*), sum(id) FROM t"), "10|304\n");
    free_all(&own, others, OTHERS_MAX);
    close_all();
}

/* A row that is there; the second of three rows; a NULL; and good ones between. */
static void one_that_fails_fails_alone(void)
{
    static const char *const rows[] = {"10x", "1again", "20x 1again 21x", "30-", "40x"};
    struct append own, others[5];

    open_on("", plain);
    append_init(&own, "1a");
    for (int i = 0; i < 5; i++)
        append_init(&others[i], rows[i]);
    CHECK_INT(write_with(&own, others, 5, -1), STOA_OK);
    CHECK_INT(commits, 1);
    for (int i = 0; i < 5; i++) {
        const bool good = i == 0 || i == 4;

        CHECK_INT(others[i].by_other, good);
        CHECK_INT(others[i].rc, good ? STOA_OK : STOA_ERR_CONSTRAINT);
        CHECK_INT(others[i].part.done.written, good);
    }
    CHECK_HAS(others[1].err.text, "UNIQUE constraint failed: t.id");
    CHECK_HAS(others[3].err.text, "NOT NULL constraint failed: t.v");
    CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id) FROM t"), "1,10,40\n");
    free_all(&own, others, 5);
    close_all();
}

/* The first fails: nothing was taken from the others, who write their own. */
static void a_failure_of_its_own_touches_nobody(void)
{
    struct append own, other;

    open_on("", plain);
    kit_run(&kit, "INSERT INTO t VALUES(1, 'there')");
    append_init(&own, "1a");
    append_init(&other, "2b");
    CHECK_INT(write_with(&own, &other, 1, -1), STOA_ERR_CONSTRAINT);
    CHECK_HAS(own.err.text, "UNIQUE constraint failed: t.id");
    CHECK(!other.by_other);
    CHECK_INT(other.rc, STOA_OK);
    CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id || v) FROM t"), "1there,2b\n");
    free_all(&own, &other, 1);
    close_all();
}

/* What ends the transaction, or keeps it from being committed, is the fault of one. */
static void the_transaction_of_all_is_not_the_fate_of_all(void)
{
    static const char *const schemas[] = {
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE TRIGGER r BEFORE INSERT ON t WHEN "
        "new.v = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
        "CREATE TABLE t(id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK, v TEXT); INSERT INTO t "
        "VALUES(20, 'there')",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE TRIGGER r AFTER INSERT ON t WHEN "
        "new.v = 'bad' BEGIN SELECT RAISE(FAIL, 'no'); END",
        "CREATE TABLE p(v TEXT PRIMARY KEY); INSERT INTO p VALUES('x'); CREATE TABLE t(id INTEGER "
        "PRIMARY KEY, v TEXT REFERENCES p DEFERRABLE INITIALLY DEFERRED)"};

    for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++) {
        struct append own, others[3];

        open_on("foreign_keys=yes", "DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS p");
        kit_run(&kit, schemas[i]);
        append_init(&own, "1x");
        append_init(&others[0], "10x");
        append_init(&others[1], "20bad");
        append_init(&others[2], "30x");
        CHECK_INT(write_with(&own, others, 3, -1), STOA_OK);
        CHECK_INT(others[0].rc, STOA_OK);
        CHECK_INT(others[1].rc, STOA_ERR_CONSTRAINT);
        CHECK_INT(others[2].rc, STOA_OK);
        CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id) FROM t WHERE v = 'x'"), "1,10,30\n");
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t WHERE v = 'bad'"), "0\n");
        free_all(&own, others, 3);
        close_all();
    }
}

static void those_who_are_returned_go_in_order_of_arrival(void)
{
    struct append own, others[4];

    open_on("foreign_keys=yes", "CREATE TABLE p(v TEXT PRIMARY KEY); INSERT INTO p VALUES('x');"
                                "CREATE TABLE t(id INTEGER, v TEXT REFERENCES p DEFERRABLE "
                                "INITIALLY DEFERRED)");
    append_init(&own, "1x");
    append_init(&others[0], "10x");
    append_init(&others[1], "20x");
    append_init(&others[2], "30bad"); /* Which the commit finds. */
    append_init(&others[3], "40x");
    CHECK_INT(write_with(&own, others, 4, -1), STOA_OK);
    CHECK_INT(others[2].rc, STOA_ERR_CONSTRAINT);
    CHECK(!others[0].by_other && !others[1].by_other && !others[3].by_other);
    CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id) FROM t"), "1,10,20,40\n");
    free_all(&own, others, 4);
    close_all();
}

static void every_allocation_may_fail(void)
{
    open_on("", plain);
    for (int64_t nth = 0;; nth++) {
        struct append own, others[2];
        char right[64];

        kit_run(&kit, "DELETE FROM t");
        append_init(&own, "1a");
        append_init(&others[0], "2b 3b");
        append_init(&others[1], "4c");
        const stoa_status rc = write_with(&own, others, 2, nth);

        CHECK(rc == STOA_OK || rc == STOA_DONE || rc == STOA_ERR_NOMEM);
        CHECK_INT(others[0].rc, STOA_OK);
        CHECK_INT(others[1].rc, STOA_OK);
        (void)snprintf(right, sizeof(right), "%s2,3,4\n", own.rc == STOA_OK ? "1," : "");
        CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id) FROM t"), right);
        free_all(&own, others, 2);
        if (rc == STOA_OK)
            break;
        /* What is kept for the next time is forgotten, so that each time is a first time. */
        sqlite_ingest_cache_clear(kit.session);
        KIT_OK(sqlite_ingest_steps(kit.session, &(struct sqlite_steps *){NULL}, &kit.err));
    }
    close_all();
}

/* The table is another one in between: made so by others, and by this very session. */
static void a_table_that_changed_is_looked_at_again(void)
{
    static const char change[] =
        "DROP TABLE t; CREATE TABLE t(v TEXT, id TEXT UNIQUE, w TEXT DEFAULT 'new')";

    for (int own_session = 0; own_session < 2; own_session++) {
        struct kit other = {0};
        struct append rows[3];

        open_on("", "DROP TABLE IF EXISTS t");
        kit_run(&kit, plain);
        other.instance = kit.instance;
        other.session = kit_session(kit.instance);
        for (int i = 0; i < 3; i++) {
            append_init(&rows[i], i == 0 ? "1a" : i == 1 ? "2b" : "3c");
            if (i == 2)
                kit_run(own_session ? &kit : &other, change);
            CHECK_INT(write_with(&rows[i], NULL, 0, -1), i < 2 ? STOA_OK : STOA_ERR_TYPE);
        }
        CHECK_HAS(rows[2].err.text, "column 'id'"); /* An integer is no text. */
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "0\n");
        for (int i = 0; i < 3; i++)
            kit_source_free(rows[i].source);
        sqlite_session_close(other.session);
        close_all();
    }
}

/* One operation on the files fails, or all from then on: each append is there if its thread was
 * told so, and is not there if it was told otherwise. */
static void check_faults(struct faulty_plan plan)
{
    static const int ids[] = {1, 2, 4, 5};

    faulty_install();
    open_on("", "DROP TABLE IF EXISTS t");
    kit_run(&kit, plain);
    for (plan.nth = 0;; plan.nth++) {
        struct append own, others[3];
        char right[64] = "";
        bool fired;

        kit_run(&kit, "DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE)");
        append_init(&own, "1a");
        append_init(&others[0], "2b 3b");
        append_init(&others[1], "4c");
        append_init(&others[2], "5d");
        faulty_plan(&plan);
        (void)write_with(&own, others, 3, -1);
        fired = faulty_fired();
        for (int i = 0; i < 4; i++) {
            const stoa_status rc = i == 0 ? own.rc : others[i - 1].rc;

            CHECK(rc == STOA_OK || rc == (plan.code == SQLITE_FULL ? STOA_ERR_FULL : STOA_ERR_IO));
            if (rc == STOA_OK)
                (void)snprintf(right + strlen(right), sizeof(right) - strlen(right), "%s%d",
                               *right ? "," : "", ids[i]);
        }
        (void)snprintf(right + strlen(right), sizeof(right) - strlen(right), "\n");
        CHECK_TEXT(kit_text(&kit, "SELECT coalesce(group_concat(id), '') FROM t WHERE id <> 3"),
                   right);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t WHERE id IN (2, 3)"),
                   others[0].rc == STOA_OK ? "2\n" : "0\n");
        free_all(&own, others, 3);
        if (!fired)
            break;
    }
    close_all();
}

static void a_file_that_fails_once_fails_no_more_than_it_must(void)
{
    check_faults((struct faulty_plan){.kinds = FAULTY_WRITE});
    check_faults((struct faulty_plan){.kinds = FAULTY_READ | FAULTY_SYNC | FAULTY_TRUNCATE});
}

static void a_full_disk_fails_them_all(void)
{
    check_faults((struct faulty_plan){.kinds = FAULTY_WRITE, .code = SQLITE_FULL, .stays = true});
}

/* SQLite asks its progress handler now and then, at times when a commit is done already. */
static _Atomic int32_t stopped;

static int stop_in_commit(void *self)
{
    (void)self;
    atomic_store(&stopped, 1);
    return 0;
}

static stoa_status write_one(int id, bool stopped_before, stoa_error *err)
{
    stoa__call call = {.stopped = &stopped};
    struct append own;
    stoa_status rc;
    char row[32];

    (void)snprintf(row, sizeof(row), "%da", id);
    append_init(&own, row);
    atomic_store(&stopped, 0);
    CHECK_INT(stoa__turn_offer(&line, &own, NULL, &call, -1, NULL), STOA_OK);
    atomic_store(&stopped, stopped_before);
    rc = sqlite_ingest_append_along(ingest, &call, &own.base, &line, err);
    stoa__turn_give(&line, &own);
    kit_source_free(own.source);
    CHECK(sqlite3_get_autocommit(kit.db) != 0 && !kit.session->holds_gate);
    return rc;
}

static void a_stop_ends_an_append_wholly_or_not_at_all(void)
{
    enum { COUNT = 2000 };

    for (int wal = 0; wal < 2; wal++) {
        open_on(wal ? "" : "journal=memory&synchronous=off", "DROP TABLE IF EXISTS t");
        kit_run(&kit, plain);
        for (int i = 0; i < COUNT; i++)
            KIT_FAILS(write_one(i, true, &kit.err), STOA_ERR_CANCELLED);
        sqlite3_commit_hook(kit.db, stop_in_commit, NULL);
        for (int i = 0; i < COUNT; i++) {
            KIT_OK(write_one(i, false, &kit.err));
            CHECK_INT(atomic_load(&stopped), 1);
        }
        sqlite3_commit_hook(kit.db, NULL, NULL);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "2000\n");
        close_all();
    }
}

static void without_wal_each_writes_its_own(void)
{
    struct append own, other;

    open_on("journal=delete", plain);
    append_init(&own, "1a");
    append_init(&other, "2b");
    CHECK_INT(write_with(&own, &other, 1, -1), STOA_OK);
    CHECK(!other.by_other);
    CHECK_TEXT(kit_text(&kit, "SELECT group_concat(id) FROM t"), "1,2\n");
    free_all(&own, &other, 1);
    close_all();
}

/* ---- at the gate ---- */

static bool any(const struct stoa__turn_work *work, void *self)
{
    (void)work, (void)self;
    return true;
}

struct visitor {
    struct append append;
    struct stoa__turn line;
    stoa_status rc;
};

static void write_at_gate(void *argument)
{
    struct visitor *self = argument;
    stoa__call call = {0};

    CHECK_INT(stoa__turn_offer(&self->line, self, NULL, &call, -1, NULL), STOA_OK);
    self->rc = sqlite_ingest_append_along(ingest, &call, &self->append.base, &self->line,
                                          &self->append.err);
    stoa__turn_give(&self->line, self);
}

/* A writer with a session of its own offers at the gate, and takes back what is returned. */
static void a_writer_of_its_own_offers_at_the_gate(void)
{
    for (int returned = 0; returned < 2; returned++) {
        struct visitor visitor = {.rc = -1};
        struct stoa__turn_work *work = NULL;
        struct sqlite_session *mine;
        stoa__thread thread = {0};

        open_on("", "DROP TABLE IF EXISTS t");
        kit_run(&kit, plain);
        append_init(&visitor.append, "1a");
        stoa__turn_init(&visitor.line);
        mine = kit_session(kit.instance);
        KIT_OK(sqlite_write_begin(mine, NULL, &kit.err));
        CHECK_INT(stoa__thread_start(&thread, "other", write_at_gate, &visitor, NULL), STOA_OK);
        while (!work) {
            work = sqlite_gate_gather(mine->instance->gate, 1, any, NULL);
            stoa__sleep_ns(100000);
        }
        CHECK(work == &visitor.append.base.work);
        if (returned) {
            sqlite_gate_return(mine->instance->gate, work);
        } else {
            visitor.append.base.level = STOA_ACK_COMMITTED;
            sqlite_gate_finish(mine->instance->gate, work);
        }
        sqlite_write_settle(mine);
        stoa__thread_stop(&thread);
        CHECK_INT(visitor.rc, STOA_OK);
        CHECK_INT(visitor.append.base.level, STOA_ACK_COMMITTED);
        CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), returned ? "1\n" : "0\n");
        kit_source_free(visitor.append.source);
        stoa__turn_release(&visitor.line);
        sqlite_session_close(mine);
        close_all();
    }
}

/* ---- what is small ---- */

static void what_does_more_than_add_rows_is_not_small(void)
{
    struct append one;
    const struct stoa__ingest_config right = config;

    open_on("", plain);
    append_init(&one, "1a");
#define NOT_SMALL(change, back)                                                                    \
    change;                                                                                        \
    CHECK(!stoa__ingest_append_is_small(&one.base));                                               \
    back;                                                                                          \
    CHECK(stoa__ingest_append_is_small(&one.base))
    NOT_SMALL(config.mode = STOA__INGEST_CREATE, config.mode = STOA__INGEST_APPEND);
    NOT_SMALL(config.mode = STOA__INGEST_REPLACE, config.mode = STOA__INGEST_UPSERT);
    NOT_SMALL(config.truncate = true, config.truncate = false);
    NOT_SMALL(config.dedup = STOA_DEDUP_DROP, config.dedup = STOA_DEDUP_NONE);
    NOT_SMALL(config.unit = 1, config.unit = 0);
    NOT_SMALL(config.index = "id", config.index = "");
    NOT_SMALL(config.database = "temp", config.database = "");
    NOT_SMALL(config.in_caller_transaction = true, config.in_caller_transaction = false);
    NOT_SMALL(one.part.truncate_count = -1, one.part.truncate_count = 0);
    NOT_SMALL(one.part.create = true, one.part.create = false);
    NOT_SMALL(one.base.part_count = 9, one.base.part_count = 1);
    NOT_SMALL(one.source->base.batch = NULL, one.source->base.batch = &one.source->batches[0]);
    NOT_SMALL(one.source->batches[0].length = 0, one.source->batches[0].length = 1);
    NOT_SMALL(one.source->batches[0].length = 1001, one.source->batches[0].length = 1);
    int32_t *const offsets = (int32_t *)(uintptr_t)one.source->batches[0].children[1]->buffers[1];
    const int32_t end = offsets[1];
    NOT_SMALL(offsets[1] = 1 << 17, offsets[1] = end);
    NOT_SMALL(offsets[1] = -1, offsets[1] = end);
    struct stoa__arrow_type *const text = &one.source->base.type->children[1];
    const enum stoa__arrow_kind kind = text->kind;
    NOT_SMALL(text->kind = STOA__ARROW_UTF8_VIEW, text->kind = kind);
#undef NOT_SMALL
    config = right;
    kit_source_free(one.source);
    close_all();
}

TEST_MAIN({"those in line are one commit", those_in_line_are_one_commit},
          {"one that fails, fails alone", one_that_fails_fails_alone},
          {"a failure of its own touches nobody", a_failure_of_its_own_touches_nobody},
          {"the transaction of all is not the fate of all",
           the_transaction_of_all_is_not_the_fate_of_all},
          {"those who are returned go in order of arrival",
           those_who_are_returned_go_in_order_of_arrival},
          {"every allocation may fail", every_allocation_may_fail},
          {"a table that changed is looked at again", a_table_that_changed_is_looked_at_again},
          {"a file that fails once fails no more than it must",
           a_file_that_fails_once_fails_no_more_than_it_must},
          {"a full disk fails them all", a_full_disk_fails_them_all},
          {"a stop ends an append wholly or not at all",
           a_stop_ends_an_append_wholly_or_not_at_all},
          {"without WAL each writes its own", without_wal_each_writes_its_own},
          {"a writer of its own offers at the gate", a_writer_of_its_own_offers_at_the_gate},
          {"what does more than add rows is not small",
           what_does_more_than_add_rows_is_not_small})
