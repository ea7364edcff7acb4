/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor's life, and rows kept in memory. */
#include "engine/sqlite/cursor.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/sqlite/statement.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* What is read ahead at most to tell the types of expressions. */
enum { AHEAD_ROWS_MAX = 65536, AHEAD_BYTES_MAX = 16 << 20 };

/* ---- rows kept in memory ---- */

struct sqlite_kept_cell {
    int64_t class;
    union {
        int64_t integer;
        double real;
        int64_t offset; /* In `bytes`. */
    };
    int64_t size;
};

static stoa_status keep_cell(struct sqlite_kept *kept, const struct sqlite_cell *cell)
{
    struct sqlite_kept_cell to = {.class = cell->class};

    if (cell->class == SQLITE_INTEGER) {
        to.integer = cell->integer;
    } else if (cell->class == SQLITE_FLOAT) {
        to.real = cell->real;
    } else if (cell->class != SQLITE_NULL) {
        to.offset = (int64_t)kept->bytes.size;
        to.size = cell->size;
        if (stoa__buffer_append(&kept->bytes, cell->bytes, (size_t)cell->size) != STOA_OK)
            return STOA_ERR_NOMEM;
    }
    return stoa__buffer_append(&kept->cells, &to, sizeof to);
}

static stoa_status keep_row(struct sqlite_cursor *cursor, stoa_error *err)
{
    struct sqlite_cell cell;

    for (int32_t i = 0; i < cursor->column_count; i++)
        if (!sqlite_cell_load(sqlite3_column_value(cursor->stmt, i), &cell) ||
            keep_cell(&cursor->kept, &cell) != STOA_OK)
            return stoa__fail_nomem(err);
    cursor->kept.row_count++;
    return STOA_OK;
}

static void kept_cell(const struct sqlite_cursor *cursor, int64_t row, int32_t column,
                      struct sqlite_cell *out)
{
    const struct sqlite_kept *kept = &cursor->kept;
    struct sqlite_kept_cell from;
    const size_t index = (size_t)row * (size_t)cursor->column_count + (size_t)column;

    memcpy(&from, kept->cells.data + index * sizeof from, sizeof from);
    out->class = (int)from.class;
    if (out->class == SQLITE_INTEGER) {
        out->integer = from.integer;
    } else if (out->class == SQLITE_FLOAT) {
        out->real = from.real;
    } else if (out->class != SQLITE_NULL) {
        out->size = from.size;
        out->bytes = from.size > 0 ? kept->bytes.data + from.offset : (const uint8_t *)"";
    }
}

static void release_kept(struct sqlite_kept *kept)
{
    stoa__buffer_release(&kept->cells);
    stoa__buffer_release(&kept->bytes);
    *kept = (struct sqlite_kept){0};
}

bool sqlite_cursor_has_kept(const struct sqlite_cursor *cursor)
{
    return cursor->kept.next < cursor->kept.row_count;
}

/* ---- the run ---- */

void sqlite_cursor_end(struct sqlite_cursor *cursor)
{
    if (!cursor->counted)
        return;
    sqlite3_reset(cursor->stmt);
    cursor->stepping = false;
    cursor->row = false;
    cursor->counted = false;
    cursor->session->running--;
    sqlite_write_settle(cursor->session);
}

stoa_status sqlite_cursor_stick(struct sqlite_cursor *cursor, stoa_status rc,
                                stoa_error *err)
{
    sqlite_cursor_end(cursor);
    cursor->failure.code = rc;
    stoa__error_copy(err, &cursor->failure);
    return rc;
}

stoa_status sqlite_cursor_repeat(const struct sqlite_cursor *cursor, stoa_error *err)
{
    stoa__error_copy(err, &cursor->failure);
    return cursor->failure.code;
}

stoa_status sqlite_cursor_stepped(struct sqlite_cursor *cursor, int code, stoa_error *err)
{
    cursor->stepping = false;
    return code == SQLITE_DONE ? STOA_DONE : sqlite_fail(cursor->session, code, err);
}

stoa_status sqlite_cursor_row(struct sqlite_cursor *cursor, stoa_error *err)
{
    stoa_status rc;

    if (sqlite_cursor_has_kept(cursor) || cursor->row)
        return STOA_OK;
    if (!cursor->stepping)
        return STOA_DONE;
    rc = sqlite_cursor_step(cursor, err);
    if (rc == STOA_DONE)
        sqlite_cursor_end(cursor);
    return rc;
}

bool sqlite_cursor_has_nothing(const struct sqlite_cursor *cursor)
{
    return cursor->column_count == 0 && !cursor->stepping;
}

stoa_status sqlite_cursor_check(const struct sqlite_cursor *cursor, stoa__call *call,
                                stoa_error *err)
{
    return call && cursor->stepping ? stoa__call_check(call, err) : STOA_OK;
}

bool sqlite_cursor_cell(struct sqlite_cursor *cursor, int32_t column,
                        struct sqlite_cell *out)
{
    if (!sqlite_cursor_has_kept(cursor))
        return sqlite_cell_load(sqlite3_column_value(cursor->stmt, column), out);
    kept_cell(cursor, cursor->kept.next, column, out);
    return true;
}

void sqlite_cursor_taken(struct sqlite_cursor *cursor)
{
    cursor->row_count++;
    if (!sqlite_cursor_has_kept(cursor)) {
        cursor->row = false;
        return;
    }
    cursor->kept.next++;
    if (!sqlite_cursor_has_kept(cursor))
        release_kept(&cursor->kept);
}

/* ---- opening ---- */

/* To the end, rows kept: see the top of cursor.h. */
static stoa_status run_to_end(struct sqlite_cursor *cursor, stoa_status rc,
                              stoa_error *err)
{
    while (rc == STOA_OK) {
        if (cursor->column_count > 0)
            rc = keep_row(cursor, err);
        cursor->row = false;
        if (rc == STOA_OK)
            rc = sqlite_cursor_step(cursor, err);
    }
    return rc;
}

/*
 * Rows of RETURNING may turn out not to fit memory when everything is written already,
 * and ending a statement early commits what it did. So inside a savepoint, which an
 * abandoned one is not.
 */
static bool needs_savepoint(const struct sqlite_cursor *cursor)
{
    return cursor->statement->verb != SQLITE_VERB_OTHER &&
           sqlite3_column_count(cursor->stmt) > 0;
}

static stoa_status end_savepoint(struct sqlite_cursor *cursor, stoa__call *call,
                                 stoa_status rc, stoa_error *err)
{
    if (rc >= 0) {
        const stoa_status released =
            sqlite_run(cursor->session, call, "RELEASE stoa_run", err);

        if (released == STOA_OK)
            return rc;
        rc = released;
    }
    sqlite3_reset(cursor->stmt);
    if (!sqlite3_get_autocommit(cursor->session->db))
        (void)sqlite_run(cursor->session, NULL, "ROLLBACK TO stoa_run; RELEASE stoa_run",
                         NULL);
    return rc;
}

/* A statement kept from earlier may name a scan that is gone: SQLite sees it when it
 * steps. */
static stoa_status step_resolving(struct sqlite_cursor *cursor, stoa_error *err)
{
    stoa_error own; /* What is resolved in the end must leave none behind. */
    stoa_status rc = sqlite_cursor_step(cursor, &own);

    for (int i = 0; rc == STOA_ERR_NOT_FOUND && i < SQLITE_RESOLVE_MAX; i++) {
        rc = sqlite_statement_resolve(cursor->session, rc, &own);
        if (rc != STOA_OK)
            break;
        sqlite3_reset(cursor->stmt);
        cursor->stepping = true;
        rc = sqlite_cursor_step(cursor, &own);
    }
    if (rc < 0)
        stoa__error_copy(err, &own);
    return rc;
}

/* PRAGMA journal_mode, say, counts as writing, but must answer where nothing can be
 * written; SQLite itself refuses those that would, in a transaction that was begun for
 * reading once it is told. */
static bool only_asks(const struct sqlite_statement *statement)
{
    const struct sqlite_session *session = statement->session;

    return statement->pragma &&
           (session->read_transaction || session->instance->config.read_only);
}

/* Forbid writing for a pragma in such a transaction. `*forbade`: it must be undone. */
static stoa_status forbid_writing(struct sqlite_session *session, bool *forbade,
                                  stoa_error *err)
{
    sqlite3_stmt *ask = NULL;
    const int code =
        sqlite3_prepare_v2(session->db, "PRAGMA query_only", -1, &ask, NULL);
    const bool already =
        sqlite3_step(ask) == SQLITE_ROW && sqlite3_column_int(ask, 0) != 0;
    stoa_status rc = code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);

    sqlite3_finalize(ask);
    if (rc == STOA_OK && !already)
        rc = sqlite_run(session, NULL, "PRAGMA query_only=1", err);
    *forbade = rc == STOA_OK && !already;
    return rc;
}

/* The first step of a pragma that may only ask. */
static stoa_status step_asking(struct sqlite_cursor *cursor, stoa_error *err)
{
    struct sqlite_session *session = cursor->session;
    bool forbade = false;
    stoa_status rc = STOA_OK;

    if (session->read_transaction)
        rc = forbid_writing(session, &forbade, err);
    if (rc == STOA_OK)
        rc = sqlite_cursor_step(cursor, err);
    if (forbade)
        (void)sqlite_run(session, NULL, "PRAGMA query_only=0", NULL);
    return rc;
}

static stoa_status first_step(struct sqlite_cursor *cursor, stoa__call *call,
                              stoa_error *err)
{
    struct sqlite_session *session = cursor->session;
    const bool writes = sqlite_statement_writes(cursor->statement);
    const bool gated = writes && !only_asks(cursor->statement);
    struct sqlite_run run;
    stoa_status rc = gated ? sqlite_write_begin(session, call, err) : STOA_OK;

    if (rc != STOA_OK)
        return rc;
    const bool guarded = writes && needs_savepoint(cursor);

    if (guarded)
        rc = sqlite_run(session, call, "SAVEPOINT stoa_run", err);
    if (rc != STOA_OK) {
        sqlite_write_settle(session);
        return rc;
    }
    session->running++;
    session->writing += writes;
    cursor->counted = true;
    cursor->stepping = true;
    sqlite_run_begin(cursor->statement, &run);
    stoa__call *before = sqlite_enter(session, call);

    rc = writes && !gated ? step_asking(cursor, err) : step_resolving(cursor, err);
    cursor->column_count = sqlite3_column_count(cursor->stmt);
    if (writes || cursor->column_count == 0)
        rc = run_to_end(cursor, rc, err);
    sqlite_leave(session, before);
    if (guarded)
        rc = end_savepoint(cursor, call, rc, err);
    session->writing -= writes;
    sqlite_run_end(cursor->statement, &run, rc < 0 ? NULL : &cursor->info);
    if (rc < 0)
        return rc;
    if (rc == STOA_DONE)
        sqlite_cursor_end(cursor);
    return STOA_OK;
}

static stoa_status add_facts(struct sqlite_cursor *cursor, sqlite3_stmt *stmt)
{
    struct sqlite_cell cell;

    for (int32_t i = 0; i < cursor->column_count; i++) {
        if (!sqlite_cell_load(sqlite3_column_value(stmt, i), &cell))
            return STOA_ERR_NOMEM;
        sqlite_facts_add(&cursor->facts[i], &cell);
    }
    return STOA_OK;
}

static stoa_status make_facts(struct sqlite_cursor *cursor, stoa_error *err)
{
    cursor->facts = stoa__arena_alloc_zero(
        &cursor->arena, (size_t)cursor->column_count + 1, sizeof *cursor->facts);
    return cursor->facts ? STOA_OK : stoa__fail_nomem(err);
}

/*
 * types=exact: look at every row before the first is given. The statement stands on its
 * first row and so keeps its read transaction; a second one of the same text runs inside
 * the same.
 */
static stoa_status look_at_all(struct sqlite_cursor *cursor, stoa__call *call,
                               const struct stoa__params *params, stoa_error *err)
{
    struct sqlite_session *session = cursor->session;
    sqlite3_stmt *second = NULL;
    stoa__call *before = sqlite_enter(session, call);
    stoa_status rc = make_facts(cursor, err);
    int code = SQLITE_ROW;

    if (rc == STOA_OK)
        code =
            sqlite3_prepare_v2(session->db, sqlite3_sql(cursor->stmt), -1, &second, NULL);
    if (rc == STOA_OK && second)
        rc = sqlite_bind(cursor->statement, second, params, cursor->config.nan,
                         SQLITE_HOLD_BORROWED, err);
    while (rc == STOA_OK && second && (code = sqlite3_step(second)) == SQLITE_ROW)
        rc = add_facts(cursor, second) == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
    if (rc == STOA_OK && code != SQLITE_DONE)
        rc = sqlite_fail(session, code, err);
    sqlite3_finalize(second);
    sqlite_leave(session, before);
    cursor->facts_whole = rc == STOA_OK;
    return rc;
}

stoa_status sqlite_cursor_open(struct sqlite_statement *statement, stoa__call *call,
                               const struct stoa__params *params,
                               const struct stoa__read_config *config,
                               struct sqlite_cursor **out, stoa_error *err)
{
    struct sqlite_cursor *cursor = stoa__alloc_zero(1, sizeof *cursor);
    const bool lazy = !sqlite_statement_writes(statement);
    stoa_status rc;

    assert(!statement->running);
    *out = NULL;
    if (!cursor)
        return stoa__fail_nomem(err);
    cursor->session = statement->session;
    cursor->statement = statement;
    cursor->stmt = statement->stmt;
    cursor->config = *config;
    cursor->info = (struct stoa__cursor_info){-1, 0, -1, 0};
    statement->running = true;
    rc = sqlite_bind(statement, cursor->stmt, params, config->nan,
                     lazy ? SQLITE_HOLD_COPIED : SQLITE_HOLD_BORROWED, err);
    if (rc == STOA_OK)
        rc = first_step(cursor, call, err);
    if (rc == STOA_OK && cursor->row && config->types == STOA__TYPES_EXACT)
        rc = look_at_all(cursor, call, params, err);
    if (rc != STOA_OK) {
        sqlite_cursor_close(cursor);
        return rc;
    }
    *out = cursor;
    return STOA_OK;
}

void sqlite_cursor_close(void *self)
{
    struct sqlite_cursor *cursor = self;

    sqlite_cursor_end(cursor);
    sqlite3_clear_bindings(cursor->stmt); /* They may be copies, which take memory. */
    cursor->statement->running = false;
    if (cursor->owns)
        sqlite_statement_close(cursor->statement);
    release_kept(&cursor->kept);
    stoa__builder_release(&cursor->builder);
    stoa__buffer_release(&cursor->scratch);
    stoa__arena_release(&cursor->arena);
    stoa__free(cursor);
}

/* ---- types ---- */

static stoa_status read_ahead(struct sqlite_cursor *cursor, stoa__call *call,
                              stoa_error *err)
{
    const int64_t rows_max = cursor->config.batch_rows < AHEAD_ROWS_MAX
                                 ? cursor->config.batch_rows
                                 : AHEAD_ROWS_MAX;
    stoa__call *before = sqlite_enter(cursor->session, call);
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && cursor->kept.row_count < rows_max &&
           cursor->kept.cells.size + cursor->kept.bytes.size < AHEAD_BYTES_MAX) {
        if (!cursor->row && !cursor->stepping)
            break;
        rc = cursor->row ? STOA_OK : sqlite_cursor_step(cursor, err);
        if (rc == STOA_OK)
            rc = keep_row(cursor, err);
        cursor->row = false;
    }
    sqlite_leave(cursor->session, before);
    if (rc == STOA_DONE)
        sqlite_cursor_end(cursor);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static void kept_facts(struct sqlite_cursor *cursor)
{
    struct sqlite_cell cell;

    for (int64_t row = 0; row < cursor->kept.row_count; row++)
        for (int32_t i = 0; i < cursor->column_count; i++) {
            kept_cell(cursor, row, i, &cell);
            sqlite_facts_add(&cursor->facts[i], &cell);
        }
}

/* Types that the values decide. */
static stoa_status decide(struct sqlite_cursor *cursor, stoa__call *call, stoa_error *err)
{
    const struct sqlite_plan *plan = &cursor->statement->plan;
    struct stoa__arrow_type *type;
    stoa_status rc = STOA_OK;

    if (!cursor->facts_whole) {
        rc = read_ahead(cursor, call, err);
        if (rc == STOA_OK)
            rc = make_facts(cursor, err);
        if (rc != STOA_OK)
            return rc;
        kept_facts(cursor);
        cursor->facts_whole = !cursor->stepping;
    }
    cursor->plan = stoa__arena_alloc_zero(
        &cursor->arena, (size_t)cursor->column_count + 1, sizeof *cursor->plan);
    if (!cursor->plan)
        return stoa__fail_nomem(err);
    rc = sqlite_plan_decide(plan, cursor->facts, cursor->facts_whole, &cursor->arena,
                            cursor->plan, &type, err);
    cursor->type = type;
    cursor->direct = true;
    for (int32_t i = 0; rc == STOA_OK && i < cursor->column_count; i++)
        cursor->direct = cursor->direct && sqlite_packs_directly(&cursor->plan[i]);
    return rc;
}

/* Which loop may write the column. */
static enum sqlite_writer writer_of(const struct sqlite_plan_column *column,
                                    const struct stoa__arrow_type *values)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(values);

    if (column->form == SQLITE_FORM_INT && shape == STOA__SHAPE_FIXED &&
        values->width == 8 && values->kind != STOA__ARROW_UINT64)
        return SQLITE_WRITE_INT64;
    if (column->form == SQLITE_FORM_INT && shape == STOA__SHAPE_FIXED &&
        values->width == 4 && values->kind != STOA__ARROW_UINT32)
        return SQLITE_WRITE_INT32;
    if (values->kind == STOA__ARROW_FLOAT64 && column->form == SQLITE_FORM_REAL)
        return SQLITE_WRITE_FLOAT64;
    if (values->kind == STOA__ARROW_BINARY && column->form == SQLITE_FORM_BLOB)
        return SQLITE_WRITE_BLOB;
    return SQLITE_WRITE_OTHER;
}

static stoa_status make_columns(struct sqlite_cursor *cursor, stoa_error *err)
{
    cursor->columns = stoa__arena_alloc_zero(
        &cursor->arena, (size_t)cursor->column_count + 1, sizeof *cursor->columns);
    if (!cursor->columns)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < cursor->column_count; i++) {
        const struct stoa__arrow_type *field = &cursor->type->children[i];
        const struct stoa__arrow_type *values = stoa__arrow_type_values(field);

        cursor->columns[i] = (struct sqlite_column){
            .writer = writer_of(&cursor->plan[i], values),
            .text_later = values->kind == STOA__ARROW_UTF8 &&
                          cursor->plan[i].form == SQLITE_FORM_TEXT,
            .form = cursor->plan[i].form,
            .type = values,
            .field = field,
        };
    }
    return STOA_OK;
}

stoa_status sqlite_cursor_prepare_types(struct sqlite_cursor *cursor, stoa__call *call,
                                        stoa_error *err)
{
    struct sqlite_statement *statement = cursor->statement;
    struct sqlite_plan *plan = &statement->plan;
    stoa_status rc = STOA_OK;

    if (cursor->typed)
        return STOA_OK;
    if (!sqlite_plan_fits(plan, cursor->stmt, &cursor->config)) {
        sqlite_plan_release(plan);
        rc = sqlite_plan_make(cursor->session, call, cursor->stmt, &cursor->config, plan,
                              err);
    }
    if (rc != STOA_OK)
        return rc;
    assert(plan->column_count == cursor->column_count);
    cursor->plan = plan->columns;
    cursor->type = plan->type;
    cursor->direct = plan->direct;
    if (!plan->decided ||
        (cursor->config.types == STOA__TYPES_EXACT && cursor->column_count > 0))
        rc = decide(cursor, call, err);
    if (rc == STOA_OK)
        rc = make_columns(cursor, err);
    cursor->typed = rc == STOA_OK;
    return rc;
}

/* ---- the engine's functions ---- */

stoa_status sqlite_cursor_type(void *self, stoa__call *call,
                               const struct stoa__arrow_type **type, stoa_error *err)
{
    struct sqlite_cursor *cursor = self;
    stoa_status rc;

    *type = NULL;
    if (cursor->failure.code != STOA_OK)
        return sqlite_cursor_repeat(cursor, err);
    rc = sqlite_cursor_prepare_types(cursor, call, &cursor->failure);
    if (rc != STOA_OK)
        return sqlite_cursor_stick(cursor, rc, err);
    cursor->failure.code = STOA_OK;
    *type = cursor->requested ? cursor->requested : cursor->type;
    return STOA_OK;
}

static stoa_status check_request(const struct sqlite_cursor *cursor,
                                 const struct stoa__arrow_type *type, stoa_error *err)
{
    if (cursor->started || cursor->row_count > 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "types are asked for before the first row is read");
    if (type->kind != STOA__ARROW_STRUCT || type->child_count != cursor->column_count)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the types asked for have %d columns, the result has %d",
                          (int)(type->kind == STOA__ARROW_STRUCT ? type->child_count : 1),
                          (int)cursor->column_count);
    return STOA_OK;
}

stoa_status sqlite_cursor_request(void *self, const struct stoa__arrow_type *type,
                                  stoa_error *err)
{
    struct sqlite_cursor *cursor = self;
    struct stoa__arrow_type *root, *fields;
    struct ArrowSchema schema;
    stoa_status rc = sqlite_cursor_prepare_types(cursor, NULL, err);

    if (rc == STOA_OK)
        rc = check_request(cursor, type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, &schema, err); /* A copy of our own. */
    if (rc != STOA_OK)
        return rc;
    rc = stoa__arrow_type_parse(&schema, &cursor->arena, &root, err);
    stoa__schema_release(&schema);
    if (rc != STOA_OK)
        return rc;
    fields = root->children;
    for (int32_t i = 0; i < cursor->column_count; i++) {
        if (fields[i].kind == STOA__ARROW_NULL)
            fields[i] = cursor->type->children[i];
        fields[i].name = cursor->type->children[i].name;
    }
    cursor->requested = root;
    return STOA_OK;
}

stoa_status sqlite_cursor_next(void *self, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err)
{
    struct sqlite_cursor *cursor = self;
    stoa_error *failure = &cursor->failure;
    struct ArrowArray batch = {0};
    stoa_status rc;

    out->release = NULL;
    if (cursor->failure.code != STOA_OK)
        return sqlite_cursor_repeat(cursor, err);
    if (sqlite_cursor_has_nothing(cursor))
        return STOA_DONE;
    rc = sqlite_cursor_check(cursor, call, failure);
    if (rc == STOA_OK)
        rc = sqlite_cursor_prepare_types(cursor, call, failure);
    if (rc == STOA_OK)
        rc =
            sqlite_cursor_batch(cursor, call, cursor->config.batch_rows, &batch, failure);
    if (rc == STOA_OK)
        rc = sqlite_session_current(cursor->session, failure);
    if (rc == STOA_OK)
        rc = sqlite_cursor_convert(cursor, &batch, out, failure);
    stoa__array_release(&batch);
    if (rc < 0)
        return sqlite_cursor_stick(cursor, rc, err);
    failure->code = STOA_OK; /* Something below may have failed and found another way. */
    return rc;
}

stoa_status sqlite_cursor_note(void *self, const char *key, const char *value,
                               stoa_error *err)
{
    struct sqlite_cursor *cursor = self;
    struct stoa__arrow_type *type;
    stoa_status rc = sqlite_cursor_prepare_types(cursor, NULL, err);

    if (rc != STOA_OK)
        return rc;
    type = stoa__arena_alloc(&cursor->arena, sizeof *type);
    if (!type)
        return stoa__fail_nomem(err);
    *type = *cursor->type;
    rc = sqlite_metadata_with(type->metadata, key, value, strlen(value), &cursor->arena,
                              &type->metadata, &type->metadata_size, err);
    if (rc == STOA_OK)
        cursor->type = type;
    return rc;
}

void sqlite_cursor_info(void *self, struct stoa__cursor_info *out)
{
    const struct sqlite_cursor *cursor = self;

    *out = cursor->info;
}
