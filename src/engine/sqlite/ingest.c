/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/ingest_own.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- open and close ---- */

/* A writer of its own waits for the disk when somebody asks it to: see ingest.h. */
static stoa_status relax(struct sqlite_ingest *ingest, stoa_error *err)
{
    struct sqlite_durability *const now = &ingest->durability;
    const int32_t level = now->level;
    stoa_status rc;

    if (!now->wal || ingest->config->in_caller_transaction ||
        ingest->config->ack == STOA_ACK_DURABLE || level <= SYNC_NORMAL)
        return STOA_OK;
    rc = sqlite_durability_set(ingest->session, ingest->database, SYNC_NORMAL, err);
    if (rc == STOA_OK) {
        ingest->synchronous = level;
        now->level = SYNC_NORMAL;
        now->at_commit = false;
    }
    return rc;
}

static stoa_status check_config(const struct stoa__ingest_config *config, stoa_error *err)
{
    if (config->mode == STOA__INGEST_UPSERT && !*config->keys)
        return stoa__fail(err, STOA_ERR_INVALID, "mode=upsert needs keys");
    if (config->mode == STOA__INGEST_UPSERT && config->dedup != STOA_DEDUP_NONE)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "mode=upsert and dedup exclude each other");
    return STOA_OK;
}

stoa_status sqlite_ingest_open(void *self, const struct stoa__ingest_config *config,
                               void **out, stoa_error *err)
{
    struct sqlite_session *const session = self;
    struct sqlite_ingest *ingest;
    stoa_status rc = check_config(config, err);

    *out = NULL;
    if (rc != STOA_OK)
        return rc;
    ingest = stoa__alloc_zero(1, sizeof(*ingest));
    if (!ingest)
        return stoa__fail_nomem(err);
    ingest->session = session;
    ingest->config = config;
    ingest->database = config->database && *config->database ? config->database : "main";
    ingest->synchronous = -1;
    rc = sqlite_ingest_steps(session, &ingest->steps, err);
    if (rc == STOA_OK)
        rc = sqlite_durability_look(session, ingest->database, &ingest->durability, err);
    if (rc == STOA_OK)
        rc = relax(ingest, err);
    if (rc != STOA_OK) {
        stoa__free(ingest);
        return rc;
    }
    *out = ingest;
    return STOA_OK;
}

static void forget_started(struct sqlite_ingest *ingest, const struct sqlite_started *until)
{
    while (ingest->started != until) {
        struct sqlite_started *const gone = ingest->started;

        ingest->started = gone->next;
        stoa__free(gone->table);
        stoa__free(gone);
    }
}

void sqlite_ingest_close(void *self)
{
    struct sqlite_ingest *const ingest = self;
    struct sqlite_session *const session = ingest->session;

    if (ingest->held && !sqlite3_get_autocommit(session->db))
        (void)sqlite_run(session, NULL, "ROLLBACK", NULL);
    if (ingest->synchronous >= 0 && sqlite3_get_autocommit(session->db))
        (void)sqlite_durability_set(session, ingest->database, ingest->synchronous, NULL);
    sqlite_write_settle(session);
    forget_started(ingest, NULL);
    stoa__free(ingest);
}

/* ---- before the transaction ---- */

static bool is_started(const struct sqlite_ingest *ingest, const char *table)
{
    for (const struct sqlite_started *at = ingest->started; at; at = at->next)
        if (stoa__name_equal(at->table, strlen(at->table), table, strlen(table)))
            return true;
    return false;
}

static stoa_status start(struct sqlite_ingest *ingest, const char *table, stoa_error *err)
{
    struct sqlite_started *const started = stoa__alloc_zero(1, sizeof(*started));

    if (started)
        started->table = stoa__copy_text(table, strlen(table));
    if (!started || !started->table) {
        stoa__free(started);
        return stoa__fail_nomem(err);
    }
    started->next = ingest->started;
    ingest->started = started;
    return STOA_OK;
}

/* SQLite drops no table while any statement of the connection reads, not even another
 * table. */
static stoa_status check_readers(struct sqlite_ingest *ingest, const struct sqlite_work *work,
                                 const struct stoa__ingest_part *part, stoa_error *err)
{
    sqlite3_stmt *at = NULL;

    if (!work->first || work->config->mode != STOA__INGEST_REPLACE)
        return STOA_OK;
    while ((at = sqlite3_next_stmt(ingest->session->db, at)))
        if (sqlite3_stmt_busy(at))
            return stoa__fail(
                err, STOA_ERR_BUSY,
                "table '%s' cannot be replaced while a result of this connection "
                "is open; close it first",
                part->table);
    return STOA_OK;
}

/* First batches come before any lock: a producer that is slow to begin keeps nobody
 * waiting. */
static stoa_status pull_first(struct sqlite_ingest *ingest, struct stoa__ingest_part *parts,
                              int64_t count, struct sqlite_work *works, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        parts[i].done = (stoa_table_done){0};
        works[i].config = parts[i].config ? parts[i].config : ingest->config;
        works[i].first = !is_started(ingest, parts[i].table);
        rc = check_config(works[i].config, err);
        if (rc == STOA_OK)
            rc = check_readers(ingest, &works[i], &parts[i], err);
    }
    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        rc = sqlite_rows_pull(ingest->session, parts[i].source, &works[i].batch, err);
        if (rc == STOA_DONE) {
            works[i].batch = NULL;
            rc = STOA_OK;
        }
    }
    return rc;
}

static bool writes(const struct stoa__ingest_part *part, const struct sqlite_work *work)
{
    const int32_t mode = work->config->mode;

    return work->batch || part->truncate_count != 0 || part->create ||
           (work->first &&
            (work->config->truncate || *work->config->index ||
             (mode != STOA__INGEST_APPEND && mode != STOA__INGEST_UPSERT)));
}

/* ---- one part ---- */

static struct sqlite_rows rows_of(const struct sqlite_ingest *ingest, stoa__call *call,
                                  const struct stoa__ingest_part *part,
                                  const struct sqlite_work *work)
{
    const struct stoa__ingest_config *const config = work->config;

    return (struct sqlite_rows){
        .name = {ingest->database, part->table},
        .config = config,
        .forms = {config->uint64_form, config->decimal_form, config->temporal_form,
                  config->strict},
        .source = part->source,
        .call = call,
        .batch = work->batch,
        .keys = config->mode == STOA__INGEST_UPSERT ? config->keys : "",
    };
}

static stoa_status create(struct sqlite_ingest *ingest, stoa__call *call,
                          const struct sqlite_rows *rows, stoa_error *err)
{
    struct sqlite_names keys;
    stoa__arena arena = {0};
    stoa_status rc = sqlite_names_parse("keys", rows->config->keys, &arena, &keys, err);

    if (rc == STOA_OK)
        rc = sqlite_table_create(ingest->session, call, rows->name, rows->source->type,
                                 keys, &rows->forms, err);
    stoa__arena_release(&arena);
    return rc;
}

static stoa_status drop(struct sqlite_ingest *ingest, stoa__call *call,
                        const struct sqlite_stored_table *table, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = sqlite_sql(&sql, err, "DROP TABLE %T", table->name);

    if (rc == STOA_OK)
        rc = sqlite_run(ingest->session, call, (const char *)sql.data, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* Bring the table to be as its mode wants it before the rows. */
static stoa_status prepare_table(struct sqlite_ingest *ingest, stoa__call *call,
                                 const struct sqlite_rows *rows, bool create_all,
                                 int32_t mode, stoa_error *err)
{
    struct sqlite_stored_table table;
    stoa__arena arena = {0};
    int32_t added;
    stoa_status rc =
        sqlite_table_look(ingest->session, call, rows->name, &arena, &table, err);

    if (rc == STOA_OK && table.kind == TABLE_VIEW)
        rc = stoa__fail(err, STOA_ERR_EXISTS, "'%s' is a view", rows->name.table);
    if (rc == STOA_OK && mode == STOA__INGEST_CREATE && table.kind != TABLE_MISSING)
        rc = stoa__fail(err, STOA_ERR_EXISTS, "table '%s' exists already",
                        rows->name.table);
    if (rc == STOA_OK && mode == STOA__INGEST_REPLACE && table.kind != TABLE_MISSING) {
        rc = drop(ingest, call, &table, err);
        table.kind = TABLE_MISSING;
    }
    if (rc == STOA_OK && table.kind == TABLE_MISSING)
        rc = create(ingest, call, rows, err);
    else if (rc == STOA_OK && create_all)
        rc = sqlite_table_widen(ingest->session, call, &table, rows->source->type,
                                &rows->forms, &added, err);
    stoa__arena_release(&arena);
    return rc;
}

static stoa_status make_index(struct sqlite_ingest *ingest, stoa__call *call, const char *table,
                              struct sqlite_names columns, stoa__arena *arena,
                              stoa_error *err)
{
    stoa__buffer name = {0}, sql = {0};
    stoa_status rc = STOA_OK;

    (void)arena;
    if (stoa__buffer_append_text(&name, table) != STOA_OK)
        rc = stoa__fail_nomem(err);
    for (int32_t i = 0; i < columns.count && rc == STOA_OK; i++)
        if (stoa__buffer_format(&name, "_%s", columns.items[i]) != STOA_OK)
            rc = stoa__fail_nomem(err);
    if (rc == STOA_OK && stoa__buffer_terminate(&name) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = sqlite_sql(
            &sql, err, "CREATE INDEX IF NOT EXISTS %T ON %N(%L)",
            (struct sqlite_table_name){ingest->database, (const char *)name.data}, table,
            columns);
    if (rc == STOA_OK)
        rc = sqlite_run(ingest->session, call, (const char *)sql.data, err);
    stoa__buffer_release(&name);
    stoa__buffer_release(&sql);
    return rc;
}

/* After the rows: an index that is there while they come costs ten times as much. */
static stoa_status make_indexes(struct sqlite_ingest *ingest, stoa__call *call,
                                const char *table, const char *lists, stoa_error *err)
{
    stoa__arena arena = {0};
    stoa_status rc = STOA_OK;

    while (*lists && rc == STOA_OK) {
        const size_t size = strcspn(lists, ";");
        char *const list = stoa__arena_copy_text(&arena, lists, size);
        struct sqlite_names columns = {0};

        lists += size + (lists[size] == ';');
        rc = list ? sqlite_names_parse("index", list, &arena, &columns, err)
                  : stoa__fail_nomem(err);
        if (rc == STOA_OK && columns.count > 0)
            rc = make_index(ingest, call, table, columns, &arena, err);
    }
    stoa__arena_release(&arena);
    return rc;
}

static bool has_column(const struct stoa__arrow_type *type, const char *name)
{
    for (int32_t i = 0; i < type->child_count; i++)
        if (stoa__name_equal(type->children[i].name, strlen(type->children[i].name), name,
                             strlen(name)))
            return true;
    return false;
}

/* The columns that tell rows apart: the part's own, the config's, or all. */
static stoa_status dedup_columns(const struct stoa__ingest_part *part,
                                 const struct sqlite_rows *rows, stoa__arena *arena,
                                 struct sqlite_names *out, stoa_error *err)
{
    const struct stoa__arrow_type *const type = rows->source->type;
    const int32_t *const chosen = part->dedup_columns;
    const char **items;
    int32_t count = type->child_count;
    stoa_status rc;

    if (!chosen && *rows->config->dedup_columns) {
        rc = sqlite_names_parse("dedup_columns", rows->config->dedup_columns, arena, out,
                                err);
        for (int32_t i = 0; rc == STOA_OK && i < out->count; i++)
            if (!has_column(type, out->items[i]))
                rc = stoa__fail(err, STOA_ERR_NOT_FOUND,
                                "dedup column '%s' is not in the source", out->items[i]);
        return rc;
    }
    if (chosen && part->dedup_column_count > 0)
        count = (int32_t)part->dedup_column_count;
    items = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof(*items));
    if (!items)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < count; i++) {
        const int32_t index = chosen && part->dedup_column_count > 0 ? chosen[i] : i;

        if (index < 0 || index >= type->child_count)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "dedup column %d is not in the source", (int)index);
        items[i] = type->children[index].name;
    }
    *out = (struct sqlite_names){items, count};
    return STOA_OK;
}

static stoa_status write_rows(struct sqlite_ingest_plan *plan, stoa__call *call,
                              struct stoa__ingest_part *part,
                              const struct sqlite_rows *rows, stoa_error *err)
{
    const int32_t dedup = rows->config->dedup;
    struct sqlite_names columns;
    stoa__arena arena = {0};
    stoa_status rc;

    if (dedup == STOA_DEDUP_NONE)
        return sqlite_rows_write(plan, call, rows, &part->done, err);
    rc = dedup_columns(part, rows, &arena, &columns, err);
    if (rc == STOA_OK)
        rc = sqlite_rows_dedup(plan, call, rows, columns, dedup == STOA_DEDUP_UPSERT,
                               &part->done, err);
    stoa__arena_release(&arena);
    return rc;
}

stoa_status sqlite_ingest_write(struct sqlite_ingest *ingest, stoa__call *asked, stoa__call *call,
                              struct stoa__ingest_part *part, const struct sqlite_work *work,
                              stoa_error *err)
{
    const struct sqlite_rows rows = rows_of(ingest, asked, part, work);
    const int32_t mode = work->config->mode;
    const bool makes = mode != STOA__INGEST_APPEND && mode != STOA__INGEST_UPSERT;
    const bool changes = makes || work->config->truncate || *work->config->index;
    const bool first = changes && !is_started(ingest, part->table);
    const bool all = part->truncate_count < 0 ||
                     (part->truncate_count == 0 && first && work->config->truncate);
    struct sqlite_ingest_plan *plan = NULL;
    stoa_status rc = STOA_OK;

    if (part->create || (first && makes))
        rc = prepare_table(ingest, call, &rows, part->create,
                           first ? mode : STOA__INGEST_APPEND, err);
    if (rc == STOA_OK)
        rc = sqlite_ingest_plan_find(ingest->session, call, &rows, &plan, err);
    if (rc == STOA_OK && (all || part->truncate_count > 0))
        rc = sqlite_rows_truncate(plan, call, part, all, &part->done, err);
    if (rc == STOA_OK)
        rc = write_rows(plan, call, part, &rows, err);
    if (rc == STOA_OK && first)
        rc = make_indexes(ingest, call, part->table, work->config->index, err);
    if (rc == STOA_OK && first)
        rc = start(ingest, part->table, err);
    return rc;
}

/* ---- the transaction ---- */

stoa_status sqlite_ingest_begin(struct sqlite_ingest *ingest, stoa__call *call, bool *nested,
                                    stoa_error *err)
{
    struct sqlite_session *const session = ingest->session;
    stoa_status rc = sqlite_write_begin(session, call, err);

    *nested = !sqlite3_get_autocommit(session->db);
    if (rc == STOA_OK)
        rc = sqlite_steps_run(session, ingest->steps, *nested ? NULL : call,
                              *nested ? STEP_SAVEPOINT : STEP_BEGIN, err);
    if (rc != STOA_OK)
        sqlite_write_settle(session);
    return rc;
}

/* Take everything back. SQLite may have done so already, and with more than was ours:
 * then the caller's transaction is gone, and the error must say it. */
void sqlite_ingest_undo(struct sqlite_ingest *ingest, bool nested, stoa_error *err)
{
    struct sqlite_session *const session = ingest->session;
    struct sqlite_steps *const steps = ingest->steps;

    if (sqlite3_get_autocommit(session->db)) {
        if (nested && session->in_transaction) {
            stoa__error_flag(err, STOA_ERROR_ROLLED_BACK);
            stoa__error_append(err, "the open transaction was rolled back");
        }
        ingest->held = false;
        return;
    }
    /* Not under the call: one that was cancelled must still be undone. */
    if (!nested) {
        (void)sqlite_steps_run(session, steps, NULL, STEP_ROLLBACK, NULL);
        return;
    }
    (void)sqlite_steps_run(session, steps, NULL, STEP_ROLLBACK_TO, NULL);
    (void)sqlite_steps_run(session, steps, NULL, STEP_RELEASE, NULL);
}

stoa_status sqlite_ingest_end(struct sqlite_ingest *ingest, stoa__call *call, bool nested,
                                     stoa_status rc, int32_t *level, stoa_error *err)
{
    struct sqlite_session *const session = ingest->session;
    const bool hold = !nested && ingest->config->unit == 1;

    if (rc == STOA_OK && !hold)
        rc = sqlite_steps_run(session, ingest->steps, nested ? NULL : call,
                              nested ? STEP_RELEASE : STEP_COMMIT, err);
    if (rc != STOA_OK)
        sqlite_ingest_undo(ingest, nested, err);
    else if (hold)
        ingest->held = true;
    else if (!nested)
        *level = sqlite_ingest_level(ingest);
    sqlite_write_settle(session);
    return rc;
}

int32_t sqlite_ingest_level(const struct sqlite_ingest *ingest)
{
    return ingest->durability.at_commit ? STOA_ACK_DURABLE : STOA_ACK_COMMITTED;
}

/* ---- append ---- */

/* Nothing to write: the table must be there all the same, and take such rows. */
static stoa_status check_only(struct sqlite_ingest *ingest, stoa__call *call,
                              struct stoa__ingest_part *parts, int64_t count,
                              const struct sqlite_work *works, stoa_error *err)
{
    struct sqlite_ingest_plan *plan;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        const struct sqlite_rows rows = rows_of(ingest, call, &parts[i], &works[i]);

        rc = sqlite_ingest_plan_find(ingest->session, call, &rows, &plan, err);
    }
    return rc;
}

static stoa_status write_parts(struct sqlite_ingest *ingest, stoa__call *call,
                               struct stoa__ingest_part *parts, int64_t count,
                               struct sqlite_work *works, int32_t *level, stoa_error *err)
{
    const struct sqlite_started *const before = ingest->started;
    bool nested = false;
    stoa_status rc = STOA_OK;

    /* A connection's settings are its user's, who may have changed them. */
    if (ingest->config->in_caller_transaction)
        rc = sqlite_durability_look(ingest->session, ingest->database,
                                    &ingest->durability, err);
    if (rc == STOA_OK)
        rc = sqlite_ingest_begin(ingest, call, &nested, err);
    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        rc = sqlite_ingest_write(ingest, call, nested ? NULL : call, &parts[i], &works[i], err);
        if (rc == STOA_OK && call)
            rc = stoa__call_check(call, err);
    }
    rc = sqlite_ingest_end(ingest, call, nested, rc, level, err);
    if (rc != STOA_OK)
        forget_started(ingest, before);
    return rc;
}

stoa_status sqlite_ingest_append(void *self, stoa__call *call,
                                 struct stoa__ingest_part *parts, int64_t count,
                                 int32_t *level, stoa_error *err)
{
    struct sqlite_ingest *const ingest = self;
    struct sqlite_work one = {0}, *works = &one;
    bool needed = false;
    stoa_status rc;

    *level = STOA_ACK_ACCEPTED;
    sqlite_ingest_mark_note(ingest->session, false);
    if (count > 1)
        works = stoa__alloc_zero((size_t)count, sizeof(*works));
    if (!works)
        return stoa__fail_nomem(err);
    rc = pull_first(ingest, parts, count, works, err);
    for (int64_t i = 0; i < count && rc == STOA_OK; i++)
        needed = needed || writes(&parts[i], &works[i]);
    if (rc == STOA_OK && needed)
        rc = write_parts(ingest, call, parts, count, works, level, err);
    else if (rc == STOA_OK)
        rc = check_only(ingest, call, parts, count, works, err);
    for (int64_t i = 0; i < count && rc != STOA_OK; i++)
        parts[i].done = (stoa_table_done){0};
    if (works != &one)
        stoa__free(works);
    return rc;
}

stoa_status sqlite_ingest_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct sqlite_ingest *const ingest = self;
    struct sqlite_session *const session = ingest->session;
    stoa_status rc = STOA_OK;

    if (ingest->held && !sqlite3_get_autocommit(session->db))
        rc = sqlite_steps_run(session, ingest->steps, call, STEP_COMMIT, err);
    if (rc == STOA_OK || sqlite3_get_autocommit(session->db))
        ingest->held = false;
    sqlite_write_settle(session);
    return rc;
}

stoa_status sqlite_ingest_sync(void *self, stoa__call *call, stoa_error *err)
{
    const struct sqlite_ingest *const ingest = self;

    (void)call; /* A sync cannot be cut short. */
    return sqlite_durability_sync(ingest->session, ingest->database, &ingest->durability,
                                  err);
}
