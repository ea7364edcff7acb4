/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a stoa_stmt: a prepared statement, its parameters, and which result runs on
 * it. */
#ifndef STOA_CORE_STMT_H
#define STOA_CORE_STMT_H

#include "core/enter.h"
#include "core/value.h"

struct stoa__result;

struct stoa__stmt {
    struct stoa__leaf leaf;
    char *sql;
    size_t sql_size;
    void *native; /* NULL: an exported stream has it; prepared again when needed. */
    struct stoa__stmt **lent; /* Where that stream notes whom to give it back; NULL: nowhere. */
    struct stoa__result *running; /* The result whose cursor runs on `native`; or NULL. */

    /* Values bound one by one, and their packed form. Empty until the first is bound. */
    struct stoa__binding *bindings;
    int64_t binding_count;
    bool packed_stale;
    stoa__buffer packed; /* stoa_value */
    stoa__buffer packed_bytes;
};

/* Enter a statement; its native one is there on success. */
stoa_status stoa__stmt_enter(struct stoa__entry *entry, stoa_stmt handle, stoa_op op,
                             struct stoa__stmt **out, stoa_error *err);

/* What is bound, as parameters (bind.c). */
stoa_status stoa__stmt_bound(struct stoa__stmt *stmt, struct stoa__params *out,
                             stoa_error *err);
void stoa__stmt_bound_release(struct stoa__stmt *stmt);


#endif
