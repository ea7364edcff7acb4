/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ledger.h"

#include "base/mem.h"
#include "test.h"

static uint64_t append(struct stoa__tally *tally, struct stoa__ledger *ledger,
                       int32_t level)
{
    CHECK_INT(stoa__tally_reserve(tally, NULL), STOA_OK);
    return stoa__tally_append(tally, ledger, level);
}

static void check(struct stoa__tally *tally, uint64_t accepted, uint64_t committed,
                  uint64_t durable)
{
    stoa_acks acks;

    stoa__tally_acks(tally, &acks);
    CHECK_INT(acks.accepted, accepted);
    CHECK_INT(acks.committed, committed);
    CHECK_INT(acks.durable, durable);
}

static void savepoint(struct stoa__ledger *ledger, const char *name)
{
    struct stoa__savepoint *made = stoa__savepoint_new(name, NULL);

    CHECK(made != NULL);
    stoa__ledger_savepoint(ledger, made);
}

static void numbers_run_from_one(void)
{
    struct stoa__ledger ledger = {0};
    struct stoa__tally tally;

    stoa__tally_init(&tally);
    check(&tally, 0, 0, 0);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_COMMITTED), 1);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_COMMITTED), 2);
    check(&tally, 2, 2, 0);
    stoa__tally_durable(&tally, 2);
    check(&tally, 2, 2, 2);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_DURABLE), 3);
    check(&tally, 3, 3, 3);
    CHECK(!ledger.pending);
    stoa__tally_release(&tally, &ledger);
}

static void a_commit_moves_all_that_waits(void)
{
    struct stoa__ledger ledger = {0};
    struct stoa__tally one, other;

    stoa__tally_init(&one);
    stoa__tally_init(&other);
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    (void)append(&other, &ledger, STOA_ACK_ACCEPTED);
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    check(&one, 2, 0, 0);
    stoa__ledger_end(&ledger, true);
    check(&one, 2, 2, 0);
    check(&other, 1, 1, 0);
    CHECK(!ledger.pending);
    stoa__tally_release(&one, &ledger);
    stoa__tally_release(&other, &ledger);
}

static void a_rollback_gives_numbers_back(void)
{
    struct stoa__ledger ledger = {0};
    struct stoa__tally tally;

    stoa__tally_init(&tally);
    (void)append(&tally, &ledger, STOA_ACK_COMMITTED);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_ACCEPTED), 2);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_ACCEPTED), 3);
    stoa__ledger_end(&ledger, false);
    check(&tally, 1, 1, 0);
    CHECK_INT(append(&tally, &ledger, STOA_ACK_COMMITTED), 2);
    stoa__tally_release(&tally, &ledger);
}

static void savepoints_withdraw_what_came_after(void)
{
    struct stoa__ledger ledger = {0};
    struct stoa__tally one, other;

    stoa__tally_init(&one);
    stoa__tally_init(&other);
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    savepoint(&ledger, "a");
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    (void)append(&other, &ledger, STOA_ACK_ACCEPTED);
    savepoint(&ledger, "b");
    savepoint(&ledger, "a"); /* The newest of a name counts. */
    (void)append(&other, &ledger, STOA_ACK_ACCEPTED);
    stoa__ledger_return(&ledger, "A");
    check(&one, 2, 0, 0);
    check(&other, 1, 0, 0);
    stoa__ledger_release(&ledger, "b"); /* Takes the newer one with it. */
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    stoa__ledger_return(&ledger, "nobody");
    check(&one, 3, 0, 0);
    stoa__ledger_return(&ledger, "a");
    check(&one, 1, 0, 0);
    check(&other, 0, 0, 0);
    CHECK(ledger.pending == &one && !one.next);
    stoa__ledger_return(&ledger, "a"); /* Returning keeps it. */
    stoa__ledger_end(&ledger, true);
    check(&one, 1, 1, 0);
    CHECK(!ledger.savepoints);
    stoa__tally_release(&one, &ledger);
    stoa__tally_release(&other, &ledger);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void an_ingest_may_end_before_its_transaction(void)
{
    struct stoa__ledger ledger = {0};
    struct stoa__tally one, other, third;

    stoa__tally_init(&one);
    stoa__tally_init(&other);
    stoa__tally_init(&third);
    (void)append(&one, &ledger, STOA_ACK_ACCEPTED);
    (void)append(&other, &ledger, STOA_ACK_ACCEPTED);
    (void)append(&third, &ledger, STOA_ACK_ACCEPTED);
    stoa__tally_release(&other, &ledger);
    stoa__ledger_end(&ledger, true);
    check(&one, 1, 1, 0);
    check(&third, 1, 1, 0);
    stoa__tally_release(&one, &ledger);
    stoa__tally_release(&third, &ledger);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void memory_fails_before_the_append(void)
{
    struct stoa__tally tally;
    stoa_error err = {0};

    stoa__tally_init(&tally);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__tally_reserve(&tally, &err), STOA_ERR_NOMEM);
    for (int nth = 0; nth < 2; nth++) {
        stoa__mem_fail_nth = nth;
        CHECK(!stoa__savepoint_new("s", &err));
        CHECK_INT(err.code, STOA_ERR_NOMEM);
    }
    stoa__mem_fail_nth = -1;
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"numbers run from one", numbers_run_from_one},
          {"a commit moves all that waits", a_commit_moves_all_that_waits},
          {"a rollback gives numbers back", a_rollback_gives_numbers_back},
          {"savepoints withdraw what came after", savepoints_withdraw_what_came_after},
          {"an ingest may end before its transaction",
           an_ingest_may_end_before_its_transaction},
          {"memory fails before the append", memory_fails_before_the_append})
