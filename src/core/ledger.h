/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acknowledgements: the numbers of an ingest's appends, and what becomes of those made inside a
 * transaction of the caller's. It does not know the engine; it is told what happened.
 *
 * Numbers run from 1. An append inside a transaction is accepted and waits in the ledger of its
 * session; the commit moves *committed*, a rollback takes the number back, so that the next
 * append gets it again.
 */
#ifndef STOA_CORE_LEDGER_H
#define STOA_CORE_LEDGER_H

#include "base/buffer.h"
#include "base/thread.h"
#include "stoa/ingest.h"

#include <stdbool.h>

/* Of one ingest. What waits for a transaction is changed under its session's mark; the three
 * numbers are anybody's, under the lock. */
struct stoa__tally {
    stoa__mutex lock;
    stoa_acks acks;
    stoa__buffer clocks; /* uint64_t: the ledger's clock at each append that waits. */
    struct stoa__tally *next; /* Among the pending ones. */
    bool listed;
};

struct stoa__savepoint {
    struct stoa__savepoint *next;
    uint64_t clock;
    char *name;
};

/* Of one session. All-zero is empty. */
struct stoa__ledger {
    struct stoa__tally *pending;
    struct stoa__savepoint *savepoints; /* Newest first. */
    uint64_t clock;                     /* Appends so far. */
    bool commit_seen; /* If what runs now ends the transaction, it commits it. */
};

void stoa__tally_init(struct stoa__tally *tally);

/* Before an append: make sure that it can be noted. */
stoa_status stoa__tally_reserve(struct stoa__tally *tally, stoa_error *err);
/* After it: `level` is what it reached. Answers its number. */
uint64_t stoa__tally_append(struct stoa__tally *tally, struct stoa__ledger *ledger,
                            int32_t level);
/* After one that is committed, at least, and was written by another thread: without the mark. */
uint64_t stoa__tally_append_done(struct stoa__tally *tally, int32_t level);
/* All that waited is committed (unit=finish). */
void stoa__tally_committed(struct stoa__tally *tally, struct stoa__ledger *ledger);
/* What was committed up to `number` is durable. */
void stoa__tally_durable(struct stoa__tally *tally, uint64_t number);
void stoa__tally_acks(struct stoa__tally *tally, stoa_acks *out);
/* Its ingest ends; the ledger forgets it. */
void stoa__tally_release(struct stoa__tally *tally, struct stoa__ledger *ledger);

/* The transaction ended. */
void stoa__ledger_end(struct stoa__ledger *ledger, bool committed);
/* A savepoint was set, is the newest no more, or was returned to. Names ignore ASCII case. */
struct stoa__savepoint *stoa__savepoint_new(const char *name, stoa_error *err);
void stoa__savepoint_free(struct stoa__savepoint *savepoint);
void stoa__ledger_savepoint(struct stoa__ledger *ledger,
                            struct stoa__savepoint *savepoint);
void stoa__ledger_release(struct stoa__ledger *ledger, const char *name);
void stoa__ledger_return(struct stoa__ledger *ledger, const char *name);

#endif
