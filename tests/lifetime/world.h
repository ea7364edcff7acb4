/* SPDX-License-Identifier: Apache-2.0 */
/* One of every object, and every public function that takes one, as a table. */
#ifndef STOA_TESTS_WORLD_H
#define STOA_TESTS_WORLD_H

#include "conformance/data.h"
#include "stoa.h"

#include <stdbool.h>

enum world_kind {
    WORLD_DB,
    WORLD_CONN,
    WORLD_STMT,
    WORLD_RESULT,
    WORLD_INGEST,      /* Of the database. */
    WORLD_CONN_INGEST, /* Of the connection. */
    WORLD_SCAN,
    WORLD_FUNCTION,
    WORLD_BLOB,
    WORLD_LUA, /* 0 where there is no Lua. */
    WORLD_OP,
    WORLD_KIND_COUNT
};

struct world {
    const char *target;
    bool sqlite; /* Has scans, functions, blobs and, if there is one, Lua. */
    uint64_t ids[WORLD_KIND_COUNT];
    struct ArrowArrayStream stream; /* Exported from the connection. */
    struct ArrowSchema schema;      /* Of data.h. */
    int64_t left;                   /* stoa__mem_fail_nth behind the last call. */
    bool crowded;                   /* Other threads use it too: less can be checked. */
};

/* "null:" or ":memory:". */
void world_open(struct world *world, const char *target);
/* Close everything that is open still, the stream too. */
void world_close(struct world *world);
void world_close_one(const struct world *world, enum world_kind kind);

struct call {
    const char *name;
    enum world_kind kind; /* Of its receiver. */
    bool takes_op;
    bool ends; /* Its receiver is closed when it succeeds. */
    /* Call with the receiver `id`, undo what it did, and check that outputs are zero on failure. */
    stoa_status (*run)(struct world *world, uint64_t id, stoa_op op, stoa_error *err);
};

/* What calls gave away to be released, and what was. */
extern _Atomic int calls_given, calls_released;

extern const struct call calls[];
extern const int call_count;

/* stoa_live() counts nothing any more. */
void world_check_nothing_left(void);

#endif
