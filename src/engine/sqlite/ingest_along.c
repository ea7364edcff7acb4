/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small appends of several threads in one transaction. Whoever has the gate writes its own append
 * first, then what others offer: those that stand in line for the same ingest, and ingests of the
 * same database that wait at the gate. Then it commits once, and tells them.
 *
 * They are only ever told of success. An append that cannot be written along is taken back and
 * left to its own thread, which will write it alone, and fail alone, with its own words; when the
 * transaction itself fails, all are. So nothing of an append's meaning depends on its company.
 *
 * Only in WAL mode, where a commit waits for nobody: those whose appends are taken cannot be
 * called off before it has ended.
 */
#include "base/limits.h"
#include "engine/sqlite/gate.h"
#include "engine/sqlite/ingest_own.h"

#include <assert.h>

#include "base/ban.h"

/* A transaction of several: where they came from, and what became of them. */
struct together {
    struct sqlite_ingest *ingest;
    stoa__call *call;
    struct stoa__turn *line;
    struct sqlite_gate *gate;
    struct stoa__turn_work *line_done, *line_left;
    struct stoa__turn_work *gate_done, *gate_left;
    int32_t count;
    bool lost; /* The transaction is gone, or not to be trusted. */
};

static struct stoa__ingest_append *append_of(const struct stoa__turn_work *work)
{
    return (struct stoa__ingest_append *)(void *)(uintptr_t)work;
}

/* Own writers of one database differ in what their commit reaches, and in nothing else. */
static bool fits(const struct stoa__turn_work *work, void *self)
{
    const struct sqlite_ingest *const ingest = self;
    const struct sqlite_ingest *const other = append_of(work)->ingest;

    return other->session->instance == ingest->session->instance &&
           other->durability.at_commit == ingest->durability.at_commit;
}

static bool always(const struct stoa__turn_work *work, void *self)
{
    (void)work, (void)self;
    return true;
}

/* ---- one of them ---- */

static stoa_status write_rows(struct sqlite_ingest *ingest, stoa__call *call,
                              struct stoa__ingest_append *append, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < append->part_count && rc == STOA_OK; i++) {
        struct stoa__ingest_part *const part = &append->parts[i];
        const struct sqlite_work work = {
            .batch = part->source->batch->length > 0 ? part->source->batch : NULL,
            .config = part->config};

        part->done = (stoa_table_done){0};
        rc = sqlite_ingest_write(ingest, call, NULL, part, &work, err);
    }
    return rc;
}

/* One statement of one row is all or nothing by itself, unless the table has rules of its own. */
static bool needs_savepoint(struct sqlite_ingest *ingest,
                            const struct stoa__ingest_append *append)
{
    bool no_rules = false;

    if (append->part_count > 1 || append->parts[0].source->batch->length > 1)
        return true;
    return sqlite_ingest_no_rules(ingest->session, &no_rules, NULL) != STOA_OK || !no_rules;
}

/* False: nothing of it is there, unless all is lost. */
static bool write_other(struct together *all, struct stoa__ingest_append *append)
{
    struct sqlite_ingest *const ingest = all->ingest;
    struct sqlite_session *const session = ingest->session;
    const bool guarded = needs_savepoint(ingest, append);
    stoa_status rc = STOA_OK;

    if (guarded)
        rc = sqlite_steps_run(session, ingest->steps, NULL, STEP_SAVEPOINT, NULL);
    if (rc != STOA_OK)
        return false;
    rc = write_rows(ingest, NULL, append, NULL);
    if (rc == STOA_OK && guarded)
        rc = sqlite_steps_run(session, ingest->steps, NULL, STEP_RELEASE, NULL);
    all->lost = sqlite3_get_autocommit(session->db) != 0;
    if (rc == STOA_OK || all->lost)
        return !all->lost;
    if (guarded &&
        (sqlite_steps_run(session, ingest->steps, NULL, STEP_ROLLBACK_TO, NULL) != STOA_OK ||
         sqlite_steps_run(session, ingest->steps, NULL, STEP_RELEASE, NULL) != STOA_OK))
        all->lost = true;
    return false;
}

/* ---- all of them ---- */

static void push(struct stoa__turn_work **list, struct stoa__turn_work *work)
{
    work->next = *list;
    *list = work;
}

static struct stoa__turn_work *reversed(struct stoa__turn_work *list)
{
    struct stoa__turn_work *out = NULL, *next;

    for (; list; list = next) {
        next = list->next;
        push(&out, list);
    }
    return out;
}

static void write_list(struct together *all, struct stoa__turn_work *works,
                       struct stoa__turn_work **done, struct stoa__turn_work **left)
{
    struct stoa__turn_work *next;

    for (; works; works = next) {
        next = works->next;
        if (all->call) /* Its tick; a stop comes too late for what is written. */
            (void)stoa__call_check(all->call, NULL);
        push(!all->lost && write_other(all, append_of(works)) ? done : left, works);
        all->count++;
    }
}

/* Until nobody is waiting any more, or enough is enough. */
static void write_others(struct together *all)
{
    struct stoa__turn_work *line, *gate;

    sqlite_ingest_mark_holds(all->ingest->session, true);
    do {
        line = stoa__turn_gather(all->line, STOA__ALONG_COUNT_MAX - all->count, always, NULL);
        write_list(all, line, &all->line_done, &all->line_left);
        gate = sqlite_gate_gather(all->gate, STOA__ALONG_COUNT_MAX - all->count, fits,
                                  all->ingest);
        write_list(all, gate, &all->gate_done, &all->gate_left);
    } while ((line || gate) && !all->lost);
    sqlite_ingest_mark_holds(all->ingest->session, false);
}

static stoa_status commit(struct together *all)
{
    return all->lost ? STOA_ERR_IO
                     : sqlite_steps_run(all->ingest->session, all->ingest->steps, NULL,
                                        STEP_COMMIT, NULL);
}

static void set_level(struct stoa__turn_work *works, int32_t level)
{
    for (; works; works = works->next)
        append_of(works)->level = level;
}

/* Tell those whose appends are committed; the others write theirs alone. */
static void part(struct together *all)
{
    const int32_t level = sqlite_ingest_level(all->ingest);

    set_level(all->line_done, level);
    set_level(all->gate_done, level);
    stoa__turn_finish(all->line, all->line_done);
    sqlite_gate_finish(all->gate, all->gate_done);
    stoa__turn_return(all->line, reversed(all->line_left));
    sqlite_gate_return(all->gate, reversed(all->gate_left));
}

/* Both lists have the latest first; so they stay, and nobody is overtaken by who came later. */
static void leave(struct stoa__turn_work **done, struct stoa__turn_work **left)
{
    struct stoa__turn_work **end = done;

    while (*end)
        end = &(*end)->next;
    *end = *left;
    *left = *done;
    *done = NULL;
}

static void give_up(struct together *all)
{
    sqlite_ingest_undo(all->ingest, false, NULL);
    leave(&all->line_done, &all->line_left);
    leave(&all->gate_done, &all->gate_left);
    part(all);
}

/* Its own append, and what others offer meanwhile. */
static stoa_status write_together(struct together *all, struct stoa__ingest_append *append,
                                  stoa_error *err)
{
    struct sqlite_ingest *const ingest = all->ingest;
    bool nested = false;
    stoa_status rc = sqlite_ingest_begin(ingest, all->call, &nested, err);

    if (rc != STOA_OK)
        return rc;
    assert(!nested);
    sqlite_ingest_mark_holds_since(ingest->session);
    rc = write_rows(ingest, all->call, append, err);
    sqlite_ingest_mark_holds(ingest->session, false);
    if (rc == STOA_OK && all->call)
        rc = stoa__call_check(all->call, err);
    if (rc == STOA_OK)
        write_others(all);
    if (all->count == 0) {
        rc = sqlite_ingest_end(ingest, all->call, nested, rc, &append->level, err);
        sqlite_ingest_mark_note(ingest->session, rc == STOA_OK);
        return rc;
    }
    if (commit(all) != STOA_OK) {
        give_up(all);
        return sqlite_ingest_append(ingest, all->call, append->parts, append->part_count,
                                    &append->level, err);
    }
    sqlite_ingest_mark_note(ingest->session, true);
    append->level = sqlite_ingest_level(ingest);
    part(all);
    sqlite_write_settle(ingest->session);
    return STOA_OK;
}

bool sqlite_ingest_blocked(void *self)
{
    const struct sqlite_ingest *const ingest = self;

    return sqlite_gate_is_mine(ingest->session->instance->gate, ingest->session);
}

stoa_status sqlite_ingest_append_along(void *self, stoa__call *call,
                                       struct stoa__ingest_append *append,
                                       struct stoa__turn *line, stoa_error *err)
{
    struct sqlite_ingest *const ingest = self;
    struct together all = {
        .ingest = ingest,
        .call = call,
        .line = line,
        .gate = ingest->session->instance->gate,
    };
    stoa_status rc;

    assert(stoa__ingest_append_is_small(append) && append->ingest == ingest && !ingest->held);
    if (!ingest->durability.wal || (ingest->config->ack == STOA_ACK_DURABLE &&
                                    sqlite_ingest_level(ingest) < STOA_ACK_DURABLE))
        return sqlite_ingest_append(ingest, call, append->parts, append->part_count,
                                    &append->level, err);
    rc = sqlite_write_offer(ingest->session, &append->work, call, err);
    if (rc == STOA_OK)
        rc = write_together(&all, append, err);
    for (int64_t i = 0; i < append->part_count && rc < 0; i++)
        append->parts[i].done = (stoa_table_done){0};
    return rc == STOA_DONE ? STOA_OK : rc;
}
