/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turn.h"

#include "base/clock.h"
#include "base/error.h"
#include "test.h"

#include <stdatomic.h>

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

        CHECK_INT(stoa__turn_take(&turn, &own, &call, -1, NULL), STOA_OK);
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
static _Atomic int standing;

struct comer {
    int number;
};

static void come_once(void *argument)
{
    struct comer *comer = argument;
    stoa__call call = {0};

    while (atomic_load(&standing) != comer->number)
        stoa__sleep_ns(100000);
    atomic_fetch_add(&standing, 1);
    CHECK_INT(stoa__turn_take(&turn, comer, &call, -1, NULL), STOA_OK);
    order[atomic_fetch_add(&order_count, 1)] = comer->number;
    stoa__turn_give(&turn, comer);
}

/* How many stand in line. */
static int line_length(void)
{
    int count = 0;

    stoa__mutex_lock(&turn.lock);
    count = turn.first ? 1 + (turn.first != turn.last) : 0;
    stoa__mutex_unlock(&turn.lock);
    return count;
}

static void those_who_wait_go_in_order_of_arrival(void)
{
    stoa__thread threads[THREAD_COUNT] = {0};
    struct comer comers[THREAD_COUNT];
    stoa__call call = {0};

    stoa__turn_init(&turn);
    CHECK_INT(stoa__turn_take(&turn, &turn, &call, -1, NULL), STOA_OK);
    for (int i = 0; i < THREAD_COUNT; i++) {
        comers[i].number = i;
        CHECK_INT(stoa__thread_start(&threads[i], "turn", come_once, &comers[i], NULL), STOA_OK);
        /* Until this one surely stands in line, the next is not started. */
        while (atomic_load(&standing) <= i || line_length() == 0)
            stoa__sleep_ns(100000);
        stoa__sleep_ns(20000000);
    }
    stoa__turn_give(&turn, &turn);
    for (int i = 0; i < THREAD_COUNT; i++)
        stoa__thread_stop(&threads[i]);
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_INT(order[i], i);
    stoa__turn_release(&turn);
}

/* ---- a greedy owner ---- */

static _Atomic bool enough;

static void come_again_and_again(void *argument)
{
    int64_t *count = argument;

    while (!atomic_load(&enough)) {
        stoa__call call = {0};

        CHECK_INT(stoa__turn_take(&turn, count, &call, -1, NULL), STOA_OK);
        ++*count;
        stoa__turn_give(&turn, count);
    }
}

static void an_owner_who_comes_back_does_not_starve_the_line(void)
{
    stoa__thread threads[2] = {0};
    int64_t counts[2] = {0};

    stoa__turn_init(&turn);
    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "turn", come_again_and_again, &counts[i], NULL),
                  STOA_OK);
    stoa__sleep_ns(300000000);
    atomic_store(&enough, true);
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
    CHECK(counts[0] > 0 && counts[1] > 0);
    CHECK(counts[0] < counts[1] * 20 && counts[1] < counts[0] * 20);
    stoa__turn_release(&turn);
}

/* ---- giving up ---- */

static void hold_until_enough(void *argument)
{
    stoa__call call = {0};

    CHECK_INT(stoa__turn_take(&turn, argument, &call, -1, NULL), STOA_OK);
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
    CHECK_INT(stoa__turn_take(&turn, &own, &call, 30, NULL), STOA_ERR_LOCKED);
    CHECK(stoa__clock_monotonic_ns() - before >= 30000000);

    CHECK_INT(stoa_op_open(20, NULL, NULL, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    CHECK_INT(stoa__turn_take(&turn, &own, &call, -1, &error), STOA_ERR_TIMEOUT);
    CHECK_HAS(error.text, "deadline");
    stoa__call_end(&call);
    stoa_op_close(op);

    atomic_store(&enough, true);
    call = (stoa__call){0};
    CHECK_INT(stoa__turn_take(&turn, &own, &call, -1, NULL), STOA_OK);
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
    CHECK_INT(stoa__turn_take(&turn, &first, &call, -1, NULL), STOA_OK);
    CHECK_INT(stoa__turn_take(&turn, &second, &call, -1, NULL), STOA_ERR_BUSY);
    stoa__turn_give(&turn, &first);
    CHECK_INT(stoa__turn_take(&turn, &second, &call, -1, NULL), STOA_OK);
    stoa__turn_give(&turn, &second);
    stoa__turn_release(&turn);
}

TEST_MAIN({"one thread has it at a time", one_thread_has_it_at_a_time},
          {"those who wait go in order of arrival", those_who_wait_go_in_order_of_arrival},
          {"an owner who comes back does not starve the line",
           an_owner_who_comes_back_does_not_starve_the_line},
          {"who waits too long is told, and the line goes on",
           who_waits_too_long_is_told_and_the_line_goes_on},
          {"who would wait for itself is told at once",
           who_would_wait_for_itself_is_told_at_once})
