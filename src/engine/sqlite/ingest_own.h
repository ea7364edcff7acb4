/* SPDX-License-Identifier: Apache-2.0 */
/* The writer itself and the steps of an append; inside ingest.c and ingest_along.c. */
#ifndef STOA_ENGINE_SQLITE_INGEST_OWN_H
#define STOA_ENGINE_SQLITE_INGEST_OWN_H

#include "engine/sqlite/ingest.h"
#include "engine/sqlite/ingest_durable.h"

/* A table that has been written to: the modes that change it apply once. */
struct sqlite_started {
    struct sqlite_started *next;
    char *table;
};

struct sqlite_ingest {
    struct sqlite_session *session;
    const struct stoa__ingest_config *config;
    const char *database;
    struct sqlite_started *started;
    struct sqlite_steps *steps;          /* The session's. */
    bool held;                           /* unit=finish: a transaction of ours is open. */
    struct sqlite_durability durability; /* As of the last look at the settings. */
    int32_t synchronous; /* To go back to at close; -1: was not changed. */
};

/* One part on its way. */
struct sqlite_work {
    const struct ArrowArray *batch; /* The first; NULL: there are no rows. */
    const struct stoa__ingest_config *config;
    bool first; /* Of its table in this ingest. */
};

/* The gate and BEGIN, or a savepoint (`nested`). */
stoa_status sqlite_ingest_begin(struct sqlite_ingest *ingest, stoa__call *call, bool *nested,
                                stoa_error *err);
/* One part in the open transaction. `asked` is the caller's call; `call` the one statements run
 * under. */
stoa_status sqlite_ingest_write(struct sqlite_ingest *ingest, stoa__call *asked,
                                stoa__call *call, struct stoa__ingest_part *part,
                                const struct sqlite_work *work, stoa_error *err);
/* Take back what begin() began. */
void sqlite_ingest_undo(struct sqlite_ingest *ingest, bool nested, stoa_error *err);
/* Commit, hold or release it, or undo it when `rc` is a failure; let the gate go. */
stoa_status sqlite_ingest_end(struct sqlite_ingest *ingest, stoa__call *call, bool nested,
                              stoa_status rc, int32_t *level, stoa_error *err);
/* What a commit of this writer reaches. */
int32_t sqlite_ingest_level(const struct sqlite_ingest *ingest);

#endif
