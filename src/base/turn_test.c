/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turn.h"

#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREAD_COUNT = 6, ROUND_COUNT = 2000 };

static struct stoa__turn turn;

/* ---- many threads ---- */

static int64_t guarded; /* Only under the turn. */
static _Atomic bool inside;

static void take_and_count(void *argument)
{
    int own = 0;

    (void)argument;
    for (int i = 0; i < ROUND_COUNT; i++) {
        stoa__call call = {0};

        CHECK_INT(stoa__turn_offer(&turn, &own, NULL, &call, -1, NULL), STOA_OK);
        CHECK(!atomic_exchange(&inside, true));
        guarded++;
        CHECK(atomic_exchange(&inside, false));
        stoa__turn_give(&turn, &own);
    }
}

static void one_thread_has_it_at_a_time(void)
{
    stoa__thread threads[THREAD_COUNT] = {0};

    stoa__turn_init(&turn);
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "turn", take_and_count, NULL, NULL), STOA_OK);
    for (int i = 0; i < THREAD_COUNT; i++)
        stoa__thread_stop(&threads[i]);
    CHECK_INT(guarded, (int64_t)THREAD_COUNT * ROUND_COUNT);
    stoa__turn_release(&turn);
}

/* ---- order ---- */

static int order[THREAD_COUNT];
static _Atomic int order_count;

struct comer {
    int number;
};

static void come_once(void *argument)
{
    struct comer *comer = argument;
    stoa__call call = {0};

    CHECK_INT(stoa__turn_offer(&turn, comer, NULL, &call, -1, NULL), STOA_OK);
    order[atomic_fetch_add(&order_count, 1)] = comer->number;
    stoa__turn_give(&turn, comer);
}

static const void *last_in_line(void)
{
    stoa__mutex_lock(&turn.lock);
    const void *last = turn.last;
    stoa__mutex_unlock(&turn.lock);
    return last;
}

/* Start who comes once; back when it stands in line. */
static void start_comer(stoa__thread *thread, struct comer *comer)
{
    const void *before = last_in_line();

    CHECK_INT(stoa__thread_start(thread, "turn", come_once, comer, NULL), STOA_OK);
    while (last_in_line() == before)
        stoa__sleep_ns(100000);
}

static void those_who_wait_go_in_order_of_arrival(void)
{
    stoa__thread threads[THREAD_COUNT] = {0};
    struct comer comers[THREAD_COUNT];
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_offer(&turn, &turn, NULL, &call, -1, NULL), STOA_OK);
    for (int i = 0; i < THREAD_COUNT; i++) {
        comers[i].number = i;
        start_comer(&threads[i], &comers[i]);
    }
    stoa__turn_give(&turn, &turn);
    for (int i = 0; i < THREAD_COUNT; i++)
        stoa__thread_stop(&threads[i]);
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_INT(order[i], i);
    stoa__turn_release(&turn);
}

/* ---- a greedy owner ---- */

static void an_owner_whose_turn_is_over_stands_in_line(void)
{
    struct comer comer = {.number = 7};
    stoa__thread thread = {0};
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_offer(&turn, &turn, NULL, &call, -1, NULL), STOA_OK);
    start_comer(&thread, &comer);
    stoa__sleep_ns(STOA__TURN_NS);
    stoa__turn_give(&turn, &turn);
    CHECK_INT(stoa__turn_offer(&turn, &turn, NULL, &call, -1, NULL), STOA_OK);
    CHECK_INT(order_count, 1);
    CHECK_INT(order[0], 7);
    stoa__turn_give(&turn, &turn);
    stoa__thread_stop(&thread);
    stoa__turn_release(&turn);
}

static _Atomic bool enough;

static void come_again_and_again(void *argument)
{
    _Atomic int64_t *count = argument;

    while (!atomic_load(&enough)) {
        stoa__call call = {0};

        CHECK_INT(stoa__turn_offer(&turn, argument, NULL, &call, -1, NULL), STOA_OK);
        atomic_fetch_add(count, 1);
        stoa__turn_give(&turn, argument);
    }
}

/* Ends when each has come often enough, which one that starves never has. */
static void owners_who_come_back_do_not_starve_each_other(void)
{
    stoa__thread threads[2] = {0};
    _Atomic int64_t counts[2] = {0};

    stoa__turn_init(&turn);
    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "turn", come_again_and_again, &counts[i], NULL),
                  STOA_OK);
    while (atomic_load(&counts[0]) < 1000 || atomic_load(&counts[1]) < 1000)
        stoa__sleep_ns(1000000);
    atomic_store(&enough, true);
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
    stoa__turn_release(&turn);
}

/* ---- giving up ---- */

static void hold_until_enough(void *argument)
{
    stoa__call call = {0};

    CHECK_INT(stoa__turn_offer(&turn, argument, NULL, &call, -1, NULL), STOA_OK);
    atomic_store(&inside, true);
    while (!atomic_load(&enough))
        stoa__sleep_ns(1000000);
    stoa__turn_give(&turn, argument);
}

static void who_waits_too_long_is_told_and_the_line_goes_on(void)
{
    stoa__thread thread = {0};
    int holder = 0;
    int own = 0;
    stoa__call call = {0};
    stoa_op op;
    stoa_error error;

    stoa__turn_init(&turn);
    CHECK_INT(stoa__thread_start(&thread, "turn", hold_until_enough, &holder, NULL), STOA_OK);
    while (!atomic_load(&inside))
        stoa__sleep_ns(100000);
    int64_t before = stoa__clock_monotonic_ns();
    CHECK_INT(stoa__turn_offer(&turn, &own, NULL, &call, 30, NULL), STOA_ERR_LOCKED);
    CHECK(stoa__clock_monotonic_ns() - before >= 30000000);

    CHECK_INT(stoa_op_open(300, NULL, NULL, NULL, &op, NULL), STOA_OK);
    while (stoa__call_begin(&call, op, NULL, NULL) != STOA_OK) { /* Over already. */
        stoa_op_close(op);
        CHECK_INT(stoa_op_open(300, NULL, NULL, NULL, &op, NULL), STOA_OK);
    }
    CHECK_INT(stoa__turn_offer(&turn, &own, NULL, &call, -1, &error), STOA_ERR_TIMEOUT);
    CHECK_HAS(error.text, "deadline");
    stoa__call_end(&call);
    stoa_op_close(op);

    atomic_store(&enough, true);
    call = (stoa__call){0};
    CHECK_INT(stoa__turn_offer(&turn, &own, NULL, &call, -1, NULL), STOA_OK);
    stoa__turn_give(&turn, &own);
    stoa__thread_stop(&thread);
    stoa__turn_release(&turn);
}

static void who_would_wait_for_itself_is_told_at_once(void)
{
    int first = 0;
    int second = 0;
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_offer(&turn, &first, NULL, &call, -1, NULL), STOA_OK);
    CHECK_INT(stoa__turn_offer(&turn, &second, NULL, &call, -1, NULL), STOA_ERR_BUSY);
    stoa__turn_give(&turn, &first);
    CHECK_INT(stoa__turn_offer(&turn, &second, NULL, &call, -1, NULL), STOA_OK);
    stoa__turn_give(&turn, &second);
    stoa__turn_release(&turn);
}

/* ---- the work of those who wait ---- */

struct offer {
    struct stoa__turn_work work; /* First: see turn.h. */
    stoa__thread thread;
    stoa_op op;
    int number;
    stoa_status answer;
    _Atomic bool told;
};

static struct offer *offer_of(const struct stoa__turn_work *work)
{
    return (struct offer *)(void *)(uintptr_t)work;
}

static bool is_even(const struct stoa__turn_work *work, void *self)
{
    CHECK(self == &turn);
    return offer_of(work)->number % 2 == 0;
}

static void offer_once(void *argument)
{
    struct offer *const offer = argument;
    stoa__call call;

    CHECK_INT(stoa__call_begin(&call, offer->op, NULL, NULL), STOA_OK);
    offer->answer = stoa__turn_offer(&turn, offer, &offer->work, &call, -1, NULL);
    if (offer->answer == STOA_OK) {
        order[atomic_fetch_add(&order_count, 1)] = offer->number;
        stoa__turn_give(&turn, offer);
    }
    stoa__call_end(&call);
    atomic_store(&offer->told, true);
}

/* The main thread holds the turn; offers 0, 1, ... stand in line. */
static void start_offers(struct offer *offers, int count)
{
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_offer(&turn, &turn, NULL, &call, -1, NULL), STOA_OK);
    for (int i = 0; i < count; i++) {
        const void *before = last_in_line();

        offers[i] = (struct offer){.number = i};
        CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &offers[i].op, NULL), STOA_OK);
        CHECK_INT(stoa__thread_start(&offers[i].thread, "turn", offer_once, &offers[i], NULL),
                  STOA_OK);
        while (last_in_line() == before)
            stoa__sleep_ns(100000);
    }
}

static void stop_offers(struct offer *offers, int count)
{
    for (int i = 0; i < count; i++) {
        stoa__thread_stop(&offers[i].thread);
        stoa_op_close(offers[i].op);
    }
    CHECK(!turn.first && !turn.last);
    stoa__turn_release(&turn);
}

static void work_that_is_taken_is_waited_for(void)
{
    struct offer offers[4];
    struct stoa__turn_work *works;

    start_offers(offers, 4);
    works = stoa__turn_gather(&turn, 1, is_even, &turn);
    CHECK(works == &offers[0].work && !works->next);
    CHECK_INT(stoa_op_cancel(offers[0].op, NULL), STOA_OK);
    stoa__sleep_ns(30000000); /* Longer than its call goes unasked. */
    CHECK(!atomic_load(&offers[0].told));
    stoa__turn_finish(&turn, works);
    stoa__turn_give(&turn, &turn);
    stop_offers(offers, 4);
    CHECK_INT(offers[0].answer, STOA_DONE);
    CHECK_INT(order_count, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(order[i], i + 1);
}

static void work_that_is_returned_is_first_in_line_again(void)
{
    struct offer offers[5];
    struct stoa__turn_work *works;

    start_offers(offers, 5);
    works = stoa__turn_gather(&turn, 5, is_even, &turn);
    CHECK(works == &offers[0].work && works->next == &offers[2].work);
    CHECK(works->next->next == &offers[4].work && !works->next->next->next);
    stoa__turn_return(&turn, works);
    CHECK(!stoa__turn_gather(&turn, 5, is_even, &turn)); /* Once is enough. */
    stoa__turn_give(&turn, &turn);
    stop_offers(offers, 5);
    CHECK_INT(order_count, 5);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(offers[i].answer, STOA_OK);
        CHECK_INT(order[i], i < 3 ? 2 * i : 2 * i - 5);
    }
}

static void who_was_stopped_meanwhile_is_told_when_its_work_is_returned(void)
{
    struct offer offers[3];
    struct stoa__turn_work *works;

    start_offers(offers, 3);
    works = stoa__turn_gather(&turn, 2, is_even, &turn);
    CHECK_INT(stoa_op_cancel(offers[0].op, NULL), STOA_OK);
    stoa__turn_return(&turn, works);
    while (!atomic_load(&offers[0].told))
        stoa__sleep_ns(100000);
    CHECK_INT(offers[0].answer, STOA_ERR_CANCELLED);
    stoa__turn_give(&turn, &turn);
    stop_offers(offers, 3);
    CHECK_INT(order_count, 2);
    CHECK_INT(order[0], 2);
    CHECK_INT(order[1], 1);
}

/* ---- fork ---- */

static pid_t forked;

/* In the child the lock is left as any thread of the parent might have had it. */
static int32_t fork_under_the_lock(void *user_data)
{
    if (forked != 0)
        return *(const int32_t *)user_data;
    stoa__mutex_lock(&turn.lock);
    forked = fork();
    if (forked == 0) {
        forked = -1;
        alarm(200);
        return *(const int32_t *)user_data;
    }
    stoa__mutex_unlock(&turn.lock);
    return 1;
}

static void nothing_is_left(struct stoa__object *object)
{
    (void)object;
}

static void wait_and_fork(int32_t answer)
{
    static const struct stoa__class class = {STOA__KIND_DB, NULL, nothing_is_left};
    struct stoa__object object = {0};
    int holder = 0, own = 0, status = -1;
    stoa__thread thread = {0};
    stoa__call call;
    stoa_error error;
    uint64_t id;
    stoa_op op;

    stoa__turn_init(&turn);
    CHECK_INT(stoa__object_open(&object, &class, NULL, &id, NULL), STOA_OK);
    CHECK_INT(stoa__thread_start(&thread, "turn", hold_until_enough, &holder, NULL), STOA_OK);
    while (!atomic_load(&inside))
        stoa__sleep_ns(100000);
    CHECK_INT(stoa_op_open(-1, fork_under_the_lock, &answer, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa__call_begin(&call, op, &object, NULL), STOA_OK);
    const stoa_status rc = stoa__turn_offer(&turn, &own, NULL, &call, -1, &error);

    if (forked < 0) /* The child: it came back, and knows why. */
        _exit(rc == STOA_ERR_FORKED && strstr(error.text, "before fork()") ? 0 : 1);
    CHECK_INT(rc, STOA_ERR_CANCELLED); /* By the parent's tick. */
    CHECK_INT(waitpid(forked, &status, 0), forked);
    CHECK_INT(status, 0);
    stoa__call_end(&call);
    stoa_op_close(op);
    stoa__object_close(id, STOA__KIND_DB);
    atomic_store(&enough, true);
    stoa__thread_stop(&thread);
    stoa__turn_release(&turn);
}

static void a_tick_that_forks_leaves_no_child_waiting(void)
{
    wait_and_fork(0);
}

static void not_even_when_it_cancels(void)
{
    wait_and_fork(1);
}

TEST_MAIN({"a tick that forks leaves no child waiting",
           a_tick_that_forks_leaves_no_child_waiting},
          {"not even when it cancels", not_even_when_it_cancels},
          {"one thread has it at a time", one_thread_has_it_at_a_time},
          {"those who wait go in order of arrival", those_who_wait_go_in_order_of_arrival},
          {"an owner whose turn is over stands in line",
           an_owner_whose_turn_is_over_stands_in_line},
          {"owners who come back do not starve each other",
           owners_who_come_back_do_not_starve_each_other},
          {"who waits too long is told, and the line goes on",
           who_waits_too_long_is_told_and_the_line_goes_on},
          {"who would wait for itself is told at once",
           who_would_wait_for_itself_is_told_at_once},
          {"work that is taken is waited for", work_that_is_taken_is_waited_for},
          {"work that is returned is first in line again",
           work_that_is_returned_is_first_in_line_again},
          {"who was stopped meanwhile is told when its work is returned",
           who_was_stopped_meanwhile_is_told_when_its_work_is_returned})
