/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a stoa_ingest: a native writer, its settings, and the numbers of its
 * appends. */
#ifndef STOA_CORE_INGEST_H
#define STOA_CORE_INGEST_H

#include "base/turn.h"
#include "core/enter.h"
#include "core/ledger.h"
#include "core/type_cache.h"

struct stoa__ingest {
    struct stoa__leaf
        leaf; /* leaf.conn NULL: it has a session of its own, and is thread-safe. */
    struct stoa__turn turn;  /* The line of those threads. */
    stoa__settings settings; /* Texts of `config`. */
    struct stoa__ingest_config config;
    char *table; /* NULL: it only pushes. */
    void *native;
    struct stoa__tally tally;
    struct stoa__type_cache types;
};

/* Read the settings of stoa/ingest.h; the engine must be able to do what they ask. */
stoa_status stoa__ingest_config_read(const struct stoa__engine *engine,
                                     stoa__settings *settings, const stoa_option *options,
                                     int64_t option_count,
                                     struct stoa__ingest_config *out, stoa_error *err);

/* Pin; stoa__leave_pin() is the reverse. */
stoa_status stoa__ingest_pin(struct stoa__entry *entry, stoa_ingest handle, stoa_op op,
                             struct stoa__ingest **out, stoa_error *err);

/* Write parts as one append, give it its number, and wait as `ack` says. The ingest is pinned;
 * what the parts read is in memory and checked. */
stoa_status stoa__ingest_write(struct stoa__entry *entry, struct stoa__ingest *ingest,
                               struct stoa__ingest_part *parts, int64_t part_count,
                               uint64_t *sequence, stoa_error *err);

/* Commit what is held back and make all of it durable (as far as no caller's transaction has it);
 * the mark is held. */
stoa_status stoa__ingest_flush(struct stoa__leaf *ingest, stoa__call *call,
                               stoa_error *err);

#endif
