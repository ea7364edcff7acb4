/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one run of a statement, as Arrow batches or packed rows. Shared by
 *
 *   cursor.c        lifecycle, rows read ahead
 *   cursor_batch.c  the step loop, batches, as they are or as asked for
 *   cursor_type.c   which type each column has (sqlite-arrow.md 7.3)
 *   cursor_write.c  one value into an Arrow column, policies included (7.4)
 *   cursor_rows.c   packed rows
 *
 * A run begins in execute, which takes the first step: so what a result shows is fixed
 * there, and a statement SQLite had to prepare again has its columns. Statements that
 * write run to their end there, their rows kept: what they wrote is known, committed, and
 * the gate given back.
 */
#ifndef STOA_ENGINE_SQLITE_CURSOR_H
#define STOA_ENGINE_SQLITE_CURSOR_H

#include "arrow/builder.h"
#include "engine/sqlite/sqlite.h"
#include "engine/sqlite/type.h"

struct sqlite_statement;

/* ---- values ---- */

/* One value of SQLite's, wherever it was read from. */
struct sqlite_cell {
    int class; /* SQLITE_INTEGER, _FLOAT, _TEXT, _BLOB, _NULL */
    int64_t integer;
    double real;
    const uint8_t *bytes; /* TEXT in UTF-8, BLOB; never NULL for these. */
    int64_t size;
};

/* Read a value; its bytes live as long as SQLite's value. False: memory ran out. */
bool sqlite_cell_load(sqlite3_value *value, struct sqlite_cell *out);

/* Rows kept in memory: those read ahead to tell types, and those of statements that
 * write. */
struct sqlite_kept {
    stoa__buffer cells; /* struct sqlite_kept_cell */
    stoa__buffer bytes;
    int64_t row_count;
    int64_t next; /* First row not yet given. */
};

/* What has been seen of a column's values. */
struct sqlite_facts {
    uint32_t classes;    /* 1 << class of each class seen, NULL left out. */
    int64_t least, most; /* Of the integers. */
    bool text_invalid;   /* Some text is not UTF-8. */
};

/* ---- types ---- */

struct sqlite_plan_column {
    const struct stoa__arrow_type *type; /* NULL: its values decide. */
    enum sqlite_form form;
    enum sqlite_affinity affinity;
    const char *declared; /* NULL: an expression. */
    bool tentative;       /* As in struct sqlite_declared. */
    bool nullable;
    bool guaranteed; /* Values of another class cannot be there. */

    /* By sqlite_packs_directly(). The STOA_TYPE of a packed value by its class, where nothing is
     * done to it but that integers, from `least` to `most`, are multiplied; NULL: the long way. */
    int32_t packs[SQLITE_NULL + 1];
    int64_t least, most, factor;
};

/* The types of a statement's columns as far as they are known without rows. All-zero is
 * empty. */
struct sqlite_plan {
    stoa__arena arena;
    struct sqlite_plan_column *columns;
    int32_t column_count;
    struct stoa__arrow_type *type; /* Undecided children as if no value were seen. */
    int32_t types, mismatch;       /* The settings it was made for. */
    int prepared;                  /* SQLITE_STMTSTATUS_REPREPARE when it was made. */
    bool ready;
    bool decided; /* No column waits for its values. */
    bool direct;  /* Packed rows need no Arrow on the way. */
};

/* Make `plan` fit the statement as it is prepared now; nothing to do where it does
 * already. */
stoa_status sqlite_plan_make(struct sqlite_session *session, stoa__call *call,
                             sqlite3_stmt *stmt, const struct stoa__read_config *config,
                             struct sqlite_plan *plan, stoa_error *err);
void sqlite_plan_release(struct sqlite_plan *plan);

/* Is `plan` still true for the statement and these settings? */
static inline bool sqlite_plan_fits(const struct sqlite_plan *plan, sqlite3_stmt *stmt,
                                    const struct stoa__read_config *config)
{
    return plan->ready && plan->types == config->types &&
           plan->mismatch == config->type_mismatch &&
           plan->prepared == sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0);
}

void sqlite_facts_add(struct sqlite_facts *facts, const struct sqlite_cell *cell);
/* Finish a plan's types: `facts` one a column, all rows (`whole`) or the first ones. The
 * types are in `arena`; `columns` is changed. */
stoa_status sqlite_plan_decide(const struct sqlite_plan *plan,
                               const struct sqlite_facts *facts, bool whole,
                               stoa__arena *arena, struct sqlite_plan_column *columns,
                               struct stoa__arrow_type **type, stoa_error *err);

/* ---- the cursor ---- */

enum sqlite_writer {
    SQLITE_WRITE_OTHER, /* By sqlite_write_cell(). */
    SQLITE_WRITE_INT64,
    SQLITE_WRITE_INT32,
    SQLITE_WRITE_FLOAT64,
    SQLITE_WRITE_TEXT,
    SQLITE_WRITE_BLOB
};

struct sqlite_column {
    struct stoa__column *out; /* Where values go: dictionary and run-end resolved. */
    enum sqlite_writer writer;
    bool text_later; /* Becomes WRITE_TEXT at the first text, if that is UTF-8. */
    enum sqlite_form form;
    const struct stoa__arrow_type *type; /* Of the values. */
    const struct stoa__arrow_type *field;
    int64_t text_bytes; /* Of the batch before. */
    bool noticed;       /* A value made NULL was logged. */
};

struct sqlite_cursor {
    struct sqlite_session *session;
    struct sqlite_statement *statement;
    sqlite3_stmt *stmt;
    struct stoa__read_config config;
    struct stoa__cursor_info info;
    bool stepping; /* The statement has more to give. */
    bool row;      /* It stands on a row that was not given yet. */
    bool typed;
    bool started;       /* The first batch was begun: too late for a request. */
    bool counted;       /* In session->running. */
    bool owns;          /* The statement is closed with it. */
    stoa_error failure; /* Sticky; code 0: none. */
    stoa__arena arena;
    struct sqlite_plan_column *plan; /* In `arena`, or the statement's plan. */
    int32_t column_count;
    const struct stoa__arrow_type *type; /* As read. */
    struct stoa__arrow_type *requested;  /* In `arena`, or NULL. */
    struct sqlite_column *columns;       /* In `arena`. */
    struct sqlite_facts *facts;          /* In `arena`; of all rows when `facts_whole`. */
    bool facts_whole;
    bool direct;
    struct stoa__builder builder;
    bool builds;      /* The builder is in use. */
    int64_t reserved; /* Rows the builder has room for. */
    struct sqlite_kept kept;
    int64_t row_count; /* Given so far. */
    stoa__buffer scratch;
};

/* Open a cursor for a statement whose parameters are bound; takes the first step. */
stoa_status sqlite_cursor_open(struct sqlite_statement *statement, stoa__call *call,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config,
                               struct sqlite_cursor **out, stoa_error *err);

/* Make the columns' types, reading ahead where they need it. */
stoa_status sqlite_cursor_prepare_types(struct sqlite_cursor *cursor, stoa__call *call,
                                        stoa_error *err);
/* Move to the next row: DONE at the end. `cells` are those of the row, read from where it
 * is. */
stoa_status sqlite_cursor_row(struct sqlite_cursor *cursor, stoa_error *err);
bool sqlite_cursor_cell(struct sqlite_cursor *cursor, int32_t column,
                        struct sqlite_cell *out);
bool sqlite_cursor_has_kept(const struct sqlite_cursor *cursor);
/* What follows from a step that gave no row: the end, or a failure. */
stoa_status sqlite_cursor_stepped(struct sqlite_cursor *cursor, int code, stoa_error *err);
/* One step of the statement, inside sqlite_enter(); it must not stand on a row not yet
 * taken. */
static inline stoa_status sqlite_cursor_step(struct sqlite_cursor *cursor, stoa_error *err)
{
    const int code = sqlite_step(cursor->session, cursor->stmt);

    if (code != SQLITE_ROW)
        return sqlite_cursor_stepped(cursor, code, err);
    cursor->row = true;
    return STOA_OK;
}

/* A run that is over may have been committed: whoever asks for its rows, or whether there are any,
 * is not told that the call was stopped, nor fails for want of memory where there are none. */
bool sqlite_cursor_has_nothing(const struct sqlite_cursor *cursor);
stoa_status sqlite_cursor_check(const struct sqlite_cursor *cursor, stoa__call *call,
                                stoa_error *err);
/* The statement has ended, or is to: SQLite's locks and the gate are free again. */
void sqlite_cursor_end(struct sqlite_cursor *cursor);
/* Remember the failure in cursor->failure for ever after; answers it in `err`. */
stoa_status sqlite_cursor_stick(struct sqlite_cursor *cursor, stoa_status rc,
                                stoa_error *err);
stoa_status sqlite_cursor_repeat(const struct sqlite_cursor *cursor, stoa_error *err);
void sqlite_cursor_taken(struct sqlite_cursor *cursor);
/* The number, from 1, of the row being read. */
static inline int64_t sqlite_cursor_row_number(const struct sqlite_cursor *cursor)
{
    return cursor->row_count + 1;
}
/* cursor_batch.c: up to `rows_max` rows as a batch of cursor->type (not of what was
 * requested). */
stoa_status sqlite_cursor_batch(struct sqlite_cursor *cursor, stoa__call *call,
                                int64_t rows_max, struct ArrowArray *out,
                                stoa_error *err);
/* A batch's columns as the caller asked for them; `batch` is taken. */
stoa_status sqlite_cursor_convert(struct sqlite_cursor *cursor, struct ArrowArray *batch,
                                  struct ArrowArray *out, stoa_error *err);

/* cursor_write.c: append the value, converted without loss, or as the policy says. FULL:
 * the column cannot take it; the batch is to be closed. */
stoa_status sqlite_write_cell(struct sqlite_cursor *cursor, int32_t column,
                              const struct sqlite_cell *cell, stoa_error *err);
/* The error, or the NULL counted, for a value that does not fit. STOA_OK: make it NULL.
 * `why` may be NULL. */
stoa_status sqlite_write_mismatch(struct sqlite_cursor *cursor, int32_t column,
                                  const struct sqlite_cell *cell, const char *why,
                                  stoa_error *err);
/* Lossless conversions (sqlite-arrow.md 7.4). */
bool sqlite_cell_int64(const struct sqlite_cell *cell, int64_t *out);
bool sqlite_cell_float64(const struct sqlite_cell *cell, double *out);
/* Numbers as text in `digits` (at least 40 bytes), text as it is; false for the rest. */
bool sqlite_cell_text(const struct sqlite_cell *cell, char *digits, const char **text,
                      int64_t *size);

/* cursor_rows.c: can a value of this type and form be packed straight from SQLite's? The column is
 * told how. */
bool sqlite_packs_directly(struct sqlite_plan_column *column);
/* Append the values of the row `stmt` stands on, from column `*next` on, which is moved behind
 * them. TYPE: the next one needs more than its column's plan. Else NOMEM. */
stoa_status sqlite_pack_plain(const struct sqlite_plan_column *columns, int32_t count,
                              sqlite3_stmt *stmt, int32_t *next, struct stoa__row_writer *out);
/* The same for whatever is there; values of columns without type as their class. */
stoa_status sqlite_pack_columns(struct sqlite_cursor *cursor, int32_t next,
                                struct stoa__row_writer *out, stoa_error *err);

/* Put a key into the metadata of the result's schema. */
stoa_status sqlite_cursor_note(void *cursor, const char *key, const char *value,
                               stoa_error *err);

/* The engine table's functions. */
stoa_status sqlite_cursor_type(void *cursor, stoa__call *call,
                               const struct stoa__arrow_type **type, stoa_error *err);
stoa_status sqlite_cursor_request(void *cursor, const struct stoa__arrow_type *type,
                                  stoa_error *err);
stoa_status sqlite_cursor_next(void *cursor, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err);
stoa_status sqlite_cursor_rows(void *cursor, stoa__call *call, int64_t rows_max,
                               struct stoa__row_writer *out, stoa_error *err);
void sqlite_cursor_info(void *cursor, struct stoa__cursor_info *out);
void sqlite_cursor_close(void *cursor);

#endif
