/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a stoa_db: an engine's instance and the sessions opened on it. What a
 * session does is session.h's; who gets one is pool.h's. */
#ifndef STOA_CORE_DB_H
#define STOA_CORE_DB_H

#include "base/call.h"
#include "base/object.h"
#include "engine/engine.h"

struct stoa__session;

struct stoa__db {
    struct stoa__object object;
    const struct stoa__engine *engine;
    void *instance;
    char *target; /* As given, secrets masked. */
    int64_t pool_idle_max;
    struct stoa__read_config read;  /* What connections begin with. */
    _Atomic bool stopping;          /* stoa_db_shutdown() is under way. */
    stoa__mutex lock;               /* Guards what follows. */
    bool closed;                    /* Nothing goes back to the pool. */
    bool shutting;                  /* One shutdown at a time. */
    struct stoa__session *sessions; /* In use. */
    struct stoa__session *idle;     /* Most recent first. */
    int64_t idle_count;
    int64_t session_count; /* Native ones, idle ones and those on their way in or out. */
};

/* A call on the database itself. */
struct stoa__db_entry {
    struct stoa__db *db;
    stoa__call call;
};

/* Pin and begin the call; fails when the database is shutting down. */
stoa_status stoa__db_enter(struct stoa__db_entry *entry, stoa_db handle, stoa_op op,
                           stoa_error *err);
void stoa__db_leave(struct stoa__db_entry *entry);

/* CLOSED, "the database is shutting down". */
stoa_status stoa__db_fail_stopping(stoa_error *err);

/* The settings of a connection that the core itself reads, into `read`. */
stoa_status stoa__read_config_set(struct stoa__read_config *read,
                                  stoa__settings *settings, stoa_error *err);

/* Put text into a caller's buffer: cut to what fits, always ended by a NUL if there is room. */
void stoa__text_out(const char *value, size_t value_size, char *text,
                    int64_t text_capacity, int64_t *text_size);

#endif
