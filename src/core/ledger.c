/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ledger.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- tallies ---- */

void stoa__tally_init(struct stoa__tally *tally)
{
    *tally = (struct stoa__tally){0};
    stoa__mutex_init(&tally->lock);
}

static int64_t waiting_count(const struct stoa__tally *tally)
{
    return (int64_t)(tally->clocks.size / sizeof(uint64_t));
}

stoa_status stoa__tally_reserve(struct stoa__tally *tally, stoa_error *err)
{
    if (stoa__buffer_reserve(&tally->clocks, sizeof(uint64_t)) != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

static void list(struct stoa__tally *tally, struct stoa__ledger *ledger)
{
    if (tally->listed)
        return;
    tally->next = ledger->pending;
    ledger->pending = tally;
    tally->listed = true;
}

static void unlist(struct stoa__tally *tally, struct stoa__ledger *ledger)
{
    struct stoa__tally **at = &ledger->pending;

    if (!tally->listed)
        return;
    while (*at != tally)
        at = &(*at)->next;
    *at = tally->next;
    tally->next = NULL;
    tally->listed = false;
}

uint64_t stoa__tally_append_done(struct stoa__tally *tally, int32_t level)
{
    uint64_t number;

    assert(level >= STOA_ACK_COMMITTED);
    stoa__mutex_lock(&tally->lock);
    number = ++tally->acks.accepted;
    tally->acks.committed = number;
    if (level >= STOA_ACK_DURABLE)
        tally->acks.durable = number;
    stoa__mutex_unlock(&tally->lock);
    return number;
}

uint64_t stoa__tally_append(struct stoa__tally *tally, struct stoa__ledger *ledger,
                            int32_t level)
{
    uint64_t number;
    stoa_status rc;

    ledger->clock++;
    if (level != STOA_ACK_ACCEPTED) {
        tally->clocks.size = 0;
        unlist(tally, ledger);
        return stoa__tally_append_done(tally, level);
    }
    rc = stoa__buffer_append(&tally->clocks, &ledger->clock, sizeof ledger->clock);
    assert(rc == STOA_OK && "room was reserved");
    (void)rc;
    list(tally, ledger);
    stoa__mutex_lock(&tally->lock);
    number = ++tally->acks.accepted;
    stoa__mutex_unlock(&tally->lock);
    return number;
}

void stoa__tally_committed(struct stoa__tally *tally, struct stoa__ledger *ledger)
{
    tally->clocks.size = 0;
    unlist(tally, ledger);
    stoa__mutex_lock(&tally->lock);
    tally->acks.committed = tally->acks.accepted;
    stoa__mutex_unlock(&tally->lock);
}

void stoa__tally_durable(struct stoa__tally *tally, uint64_t number)
{
    stoa__mutex_lock(&tally->lock);
    assert(number <= tally->acks.committed);
    if (number > tally->acks.durable)
        tally->acks.durable = number;
    stoa__mutex_unlock(&tally->lock);
}

void stoa__tally_acks(struct stoa__tally *tally, stoa_acks *out)
{
    stoa__mutex_lock(&tally->lock);
    *out = tally->acks;
    stoa__mutex_unlock(&tally->lock);
}

void stoa__tally_release(struct stoa__tally *tally, struct stoa__ledger *ledger)
{
    unlist(tally, ledger);
    stoa__buffer_release(&tally->clocks);
    stoa__mutex_release(&tally->lock);
}

/* Take back what was appended since `clock`. */
static void withdraw(struct stoa__tally *tally, uint64_t clock)
{
    const uint64_t *clocks = (const uint64_t *)(const void *)tally->clocks.data;
    const int64_t before = waiting_count(tally);
    int64_t count = before;

    while (count > 0 && clocks[count - 1] > clock)
        count--;
    tally->clocks.size = (size_t)count * sizeof *clocks;
    stoa__mutex_lock(&tally->lock);
    tally->acks.accepted -= (uint64_t)(before - count);
    assert(tally->acks.accepted >= tally->acks.committed);
    stoa__mutex_unlock(&tally->lock);
}

static void withdraw_all(struct stoa__ledger *ledger, uint64_t clock)
{
    struct stoa__tally *tally = ledger->pending;

    while (tally) {
        struct stoa__tally *next = tally->next;

        withdraw(tally, clock);
        if (tally->clocks.size == 0)
            unlist(tally, ledger);
        tally = next;
    }
}

/* ---- the ledger ---- */

void stoa__ledger_end(struct stoa__ledger *ledger, bool committed)
{
    if (!committed)
        withdraw_all(ledger, 0);
    while (ledger->pending)
        stoa__tally_committed(ledger->pending, ledger);
    while (ledger->savepoints) {
        struct stoa__savepoint *savepoint = ledger->savepoints;

        ledger->savepoints = savepoint->next;
        stoa__savepoint_free(savepoint);
    }
}

struct stoa__savepoint *stoa__savepoint_new(const char *name, stoa_error *err)
{
    struct stoa__savepoint *savepoint = stoa__alloc_zero(1, sizeof *savepoint);

    if (savepoint)
        savepoint->name = stoa__copy_text(name, strlen(name));
    if (savepoint && savepoint->name)
        return savepoint;
    stoa__free(savepoint);
    (void)stoa__fail_nomem(err);
    return NULL;
}

void stoa__savepoint_free(struct stoa__savepoint *savepoint)
{
    stoa__free(savepoint->name);
    stoa__free(savepoint);
}

void stoa__ledger_savepoint(struct stoa__ledger *ledger,
                            struct stoa__savepoint *savepoint)
{
    savepoint->clock = ledger->clock;
    savepoint->next = ledger->savepoints;
    ledger->savepoints = savepoint;
}

static struct stoa__savepoint *find(struct stoa__ledger *ledger, const char *name)
{
    struct stoa__savepoint *savepoint = ledger->savepoints;

    while (savepoint &&
           !stoa__name_equal(savepoint->name, strlen(savepoint->name), name, strlen(name)))
        savepoint = savepoint->next;
    return savepoint;
}

/* Forget those newer than `until`. */
static void forget_until(struct stoa__ledger *ledger, struct stoa__savepoint *until)
{
    while (ledger->savepoints != until) {
        struct stoa__savepoint *newest = ledger->savepoints;

        ledger->savepoints = newest->next;
        stoa__savepoint_free(newest);
    }
}

void stoa__ledger_release(struct stoa__ledger *ledger, const char *name)
{
    struct stoa__savepoint *savepoint = find(ledger, name);

    if (savepoint)
        forget_until(ledger, savepoint->next);
}

void stoa__ledger_return(struct stoa__ledger *ledger, const char *name)
{
    struct stoa__savepoint *savepoint = find(ledger, name);

    if (!savepoint)
        return;
    withdraw_all(ledger, savepoint->clock);
    forget_until(ledger, savepoint);
}
