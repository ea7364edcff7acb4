/* SPDX-License-Identifier: Apache-2.0 */
/* How one engine differs from the others, as far as the conformance suite must know. */
#ifndef STOA_TESTS_QUIRKS_H
#define STOA_TESTS_QUIRKS_H

#include "stoa.h"

#include <stdbool.h>

struct quirks {
    const char *name;
    const char *target;    /* "%s" in it: a file of the test's own. */
    const char *engine;    /* As stoa_db_property says. */
    uint64_t can;          /* Bits 1 << STOA_CAN_*. */
    bool keeps_rows;       /* What was ingested can be queried. */
    bool writes_by_sql;    /* CREATE TABLE, INSERT and the like. */
    bool excludes_readers; /* Nobody reads while somebody writes. */

    bool lists_tables_alone; /* No indexes, functions, collations in its catalogue. */
    const char *fresh; /* Empties the database, which all tests share; NULL: each has its own. */

    /* Statements. "%lld" stands for a number. */
    const char *rows;    /* So many rows 0, 1, 2 ... of one int64 column n. */
    const char *one;     /* One row of one parameter. */
    const char *two;     /* One row of two parameters. */
    const char *slow;    /* Runs for a minute at least, unless it is stopped. */
    const char *wrong;   /* SYNTAX, with a position. */
    const char *failing; /* Prepares or not, but doesn't run: NOT_FOUND. */
    const char
        *count; /* count(*) and sum(id) of table t, which data.h's rows were put into. */
};

/* Set by each engine's own file. */
extern const struct quirks quirks;

static inline bool quirks_can(int32_t capability)
{
    return (quirks.can >> capability & 1) != 0;
}

#endif
