/* SPDX-License-Identifier: Apache-2.0 */
/* Work on offer in line, and what becomes of those who offer it. */
#include "base/clock.h"
#include "base/error.h"
#include "base/turn.h"
#include "test.h"

#include <stdatomic.h>

enum { OFFER_COUNT = 4, THREAD_COUNT = 6, ROUND_COUNT = 2000 };

static struct stoa__turn turn;

struct offer {
    struct stoa__turn_work work;
    stoa__thread thread;
    stoa_op op;
    int value;      /* Changed by whoever does the work. */
    stoa_status rc; /* Of the wait. */
};

static void offer_once(void *argument)
{
    struct offer *self = argument;
    stoa__call call;

    CHECK_INT(stoa__call_begin(&call, self->op, NULL, NULL), STOA_OK);
    self->rc = stoa__turn_offer(&turn, self, &self->work, &call, -1, NULL);
    if (self->rc == STOA_OK) {
        self->value += 100; /* Its own doing. */
        stoa__turn_give(&turn, self);
    }
    stoa__call_end(&call);
}

static struct stoa__turn_waiter *last_in_line(void)
{
    stoa__mutex_lock(&turn.lock);
    struct stoa__turn_waiter *last = turn.last;
    stoa__mutex_unlock(&turn.lock);
    return last;
}

/* Returns when it stands in line. */
static void start(struct offer *offer)
{
    struct stoa__turn_waiter *before = last_in_line();

    CHECK_INT(stoa__thread_start(&offer->thread, "turn", offer_once, offer, NULL), STOA_OK);
    while (last_in_line() == before)
        stoa__sleep_ns(100000);
}

static struct offer *offer_of(struct stoa__turn_work *work)
{
    return (struct offer *)work;
}

static bool all(const struct stoa__turn_work *work, void *self)
{
    (void)work, (void)self;
    return true;
}

static bool odd(const struct stoa__turn_work *work, void *self)
{
    const struct offer *offer = (const struct offer *)work;

    (void)self;
    return offer->value % 2 != 0;
}

static void open_held(struct offer *offers, int count)
{
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_offer(&turn, &turn, NULL, &call, -1, NULL), STOA_OK);
    for (int i = 0; i < count; i++) {
        offers[i].value = i;
        start(&offers[i]);
    }
}

static void close_released(struct offer *offers, int count)
{
    stoa__turn_give(&turn, &turn);
    for (int i = 0; i < count; i++)
        stoa__thread_stop(&offers[i].thread);
    stoa__turn_release(&turn);
}

static void work_is_gathered_in_order_and_finished(void)
{
    struct offer offers[OFFER_COUNT] = {0};
    int seen = 0;

    open_held(offers, OFFER_COUNT);
    struct stoa__turn_work *works = stoa__turn_gather(&turn, OFFER_COUNT, all, NULL);

    for (struct stoa__turn_work *at = works; at; at = at->next) {
        CHECK_INT(offer_of(at)->value, seen++);
        offer_of(at)->value = 7;
    }
    CHECK_INT(seen, OFFER_COUNT);
    CHECK(!stoa__turn_gather(&turn, OFFER_COUNT, all, NULL));
    stoa__turn_finish(&turn, works);
    close_released(offers, OFFER_COUNT);
    for (int i = 0; i < OFFER_COUNT; i++) {
        CHECK_INT(offers[i].rc, STOA_DONE);
        CHECK_INT(offers[i].value, 7);
    }
}

static void what_does_not_fit_or_is_too_much_stays(void)
{
    struct offer offers[OFFER_COUNT] = {0};

    open_held(offers, OFFER_COUNT);
    struct stoa__turn_work *works = stoa__turn_gather(&turn, 1, odd, NULL);

    CHECK(works && offer_of(works) == &offers[1] && !works->next);
    stoa__turn_finish(&turn, works);
    works = stoa__turn_gather(&turn, OFFER_COUNT, odd, NULL);
    CHECK(works && offer_of(works) == &offers[3] && !works->next);
    stoa__turn_finish(&turn, works);
    close_released(offers, OFFER_COUNT);
    for (int i = 0; i < OFFER_COUNT; i++) {
        CHECK_INT(offers[i].rc, i % 2 != 0 ? STOA_DONE : STOA_OK);
        CHECK_INT(offers[i].value, i % 2 != 0 ? i : i + 100);
    }
}

static void what_is_returned_is_done_by_its_owner(void)
{
    struct offer offers[OFFER_COUNT] = {0};

    open_held(offers, OFFER_COUNT);
    stoa__turn_return(&turn, stoa__turn_gather(&turn, OFFER_COUNT - 1, all, NULL));
    struct stoa__turn_work *works = stoa__turn_gather(&turn, OFFER_COUNT, all, NULL);

    /* Not twice; the one that was not taken still stands. */
    CHECK(works && offer_of(works) == &offers[OFFER_COUNT - 1] && !works->next);
    stoa__turn_return(&turn, works);
    CHECK(!stoa__turn_gather(&turn, OFFER_COUNT, all, NULL));
    close_released(offers, OFFER_COUNT);
    for (int i = 0; i < OFFER_COUNT; i++) {
        CHECK_INT(offers[i].rc, STOA_OK);
        CHECK_INT(offers[i].value, i + 100);
    }
}

/* ---- stops ---- */

static _Atomic int ticks;

static int32_t count_tick(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&ticks, 1);
    return 0;
}

static void a_stop_is_answered_when_the_work_is_back(void)
{
    struct offer offers[2] = {0};

    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa_op_open(-1, count_tick, NULL, NULL, &offers[i].op, NULL), STOA_OK);
    open_held(offers, 2);
    struct stoa__turn_work *first = stoa__turn_gather(&turn, 1, all, NULL);
    struct stoa__turn_work *second = stoa__turn_gather(&turn, 1, all, NULL);

    CHECK(first && second);
    while (atomic_load(&ticks) < 4) /* They tick while others work for them. */
        stoa__sleep_ns(1000000);
    CHECK_INT(stoa_op_cancel(offers[0].op, NULL), STOA_OK);
    CHECK_INT(stoa_op_cancel(offers[1].op, NULL), STOA_OK);
    stoa__sleep_ns(50000000); /* Time to go away, which neither may. */
    offer_of(first)->value = 7;
    offer_of(second)->value = 8;
    stoa__turn_finish(&turn, first);
    stoa__turn_return(&turn, second);
    for (int i = 0; i < 2; i++) /* The turn is held: the second goes because it was cancelled. */
        stoa__thread_stop(&offers[i].thread);
    CHECK_INT(offers[0].rc, STOA_DONE);
    CHECK_INT(offers[0].value, 7);
    CHECK_INT(offers[1].rc, STOA_ERR_CANCELLED);
    CHECK_INT(offers[1].value, 8);
    close_released(offers, 0);
    for (int i = 0; i < 2; i++)
        stoa_op_close(offers[i].op);
}

/* ---- many threads ---- */

static int64_t guarded; /* Only under the turn. */
static _Atomic int64_t done_by_others;

struct count {
    struct stoa__turn_work work;
    int amount;
};

static void count_with_others(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUND_COUNT; i++) {
        struct count own = {.amount = 1};
        stoa__call call = {0};
        stoa_status rc = stoa__turn_offer(&turn, &own, &own.work, &call, -1, NULL);

        if (rc == STOA_DONE) {
            CHECK_INT(own.amount, 0);
            atomic_fetch_add(&done_by_others, 1);
            continue;
        }
        CHECK_INT(rc, STOA_OK);
        guarded += own.amount;
        struct stoa__turn_work *works = stoa__turn_gather(&turn, i % 4, all, NULL);

        if (works && i % 5 == 0) {
            stoa__turn_return(&turn, works);
            works = NULL;
        }
        for (struct stoa__turn_work *at = works; at; at = at->next) {
            guarded += ((struct count *)at)->amount;
            ((struct count *)at)->amount = 0;
        }
        stoa__turn_finish(&turn, works);
        stoa__turn_give(&turn, &own);
    }
}

static void work_is_done_once_whoever_does_it(void)
{
    stoa__thread threads[THREAD_COUNT] = {0};

    stoa__turn_init(&turn);
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "turn", count_with_others, NULL, NULL), STOA_OK);
    for (int i = 0; i < THREAD_COUNT; i++)
        stoa__thread_stop(&threads[i]);
    CHECK_INT(guarded, (int64_t)THREAD_COUNT * ROUND_COUNT);
    CHECK(atomic_load(&done_by_others) < guarded);
    stoa__turn_release(&turn);
}

TEST_MAIN({"work is gathered in order and finished", work_is_gathered_in_order_and_finished},
          {"what does not fit, or is too much, stays", what_does_not_fit_or_is_too_much_stays},
          {"what is returned is done by its owner", what_is_returned_is_done_by_its_owner},
          {"a stop is answered when the work is back", a_stop_is_answered_when_the_work_is_back},
          {"work is done once, whoever does it", work_is_done_once_whoever_does_it})
