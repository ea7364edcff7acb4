/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object behind a stoa_result: a cursor, what was read from it and not given yet, and what is
 * left to run behind it.
 *
 * The cursor is the engine's, or one of a room above: that room fills in a table with the functions
 * of cursors alone (cursor_type and cursor_next at least), and its cursor_close ends whatever of
 * the engine's the cursor holds. They are called as the engine's are, with the session's mark held,
 * also from an exported stream, and cursor_close also when the database is shut down.
 */
#ifndef STOA_CORE_RESULT_H
#define STOA_CORE_RESULT_H

#include "core/enter.h"
#include "core/prepare.h"
#include "core/value.h"

struct stoa__stmt;
struct stoa__read_plan;

struct stoa__result {
    struct stoa__leaf leaf;
    struct stoa__stmt *stmt; /* Of stoa_execute(), referenced; NULL for others. */
    void *statement;         /* Native, its own; NULL when `stmt` has it. */
    void *cursor;            /* NULL: no statement is left. */
    const struct stoa__engine *cursors; /* Its functions. The engine, if nobody says else. */
    struct stoa__read_config read;

    struct stoa__script rest; /* Statements to come. */
    char *sql;                /* Its text, from `sql_base` of the caller's on. */
    size_t sql_base;
    struct stoa__read_plan *plan; /* Tables to come; stoa_read(). */

    stoa_error failure; /* code 0: none. Repeated for ever. */
    bool started;       /* Something was read. */
    bool done;          /* The cursor said so. */

    struct stoa__row_writer rows; /* What stoa_result_rows() and _step() gave. */
    bool stepped;                 /* They hold the current row of _step(). */
    stoa__arena texts;            /* Of the current row, made by getters. */
    struct ArrowArray batch; /* Of an engine without rows: read and not given wholly. */
    int64_t batch_row;

    int64_t rows_read;
    int64_t elapsed_ns;
};

/* An empty result on the entry's session; its maker fills in cursor, statement and the rest, and
 * publishes it as a child of the connection. */
struct stoa__result *stoa__result_new(struct stoa__entry *entry, stoa_error *err);
stoa_status stoa__result_publish(struct stoa__result *result, uint64_t *id,
                                 stoa_error *err);
/* Of one that was not published. */
void stoa__result_free(struct stoa__result *result);

/* Enter a result; fails as it failed before. */
stoa_status stoa__result_enter(struct stoa__entry *entry, stoa_result handle, stoa_op op,
                               struct stoa__result **out, stoa_error *err);
/* Make `rc`, whose error is in result->failure, the caller's; a failure stays. */
stoa_status stoa__result_answer(struct stoa__result *result, stoa_status rc,
                                stoa_error *err);

/* A statement runs anew: its result answers CLOSED from now on. */
void stoa__result_supersede(struct stoa__result *result);

/* What the cursor knows; all -1 without one. */
void stoa__result_info(struct stoa__result *result, struct stoa__cursor_info *out);

/* Read up to `rows_max` rows into result->rows (result_rows.c); the error goes to
 * result->failure. */
stoa_status stoa__result_read_rows(struct stoa__entry *entry, struct stoa__result *result,
                                   int64_t rows_max);
/* Next batch, what is left of one read for rows first. */
stoa_status stoa__result_read_batch(struct stoa__entry *entry,
                                    struct stoa__result *result, struct ArrowArray *out);

/* Begin the next table of a plan; DONE behind the last (read.c). */
stoa_status stoa__read_plan_next(struct stoa__entry *entry, struct stoa__result *result,
                                 stoa_error *err);
const char *stoa__read_plan_table(const struct stoa__read_plan *plan);
void stoa__read_plan_free(struct stoa__read_plan *plan);

#endif
