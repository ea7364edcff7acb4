/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of an append on their way into one table. What was found out about a table and
 * a source is a plan, kept by the session: which column goes where and how, the source's
 * virtual table, and the statements that move rows. A plan holds while the schema's mark
 * is the same.
 */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/ingest_plan.h"
#include "engine/sqlite/type.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum {
    /* Rows up to which binding them one by one is cheaper than one scan of a virtual
     * table. */
    BIND_ROWS_MAX = 3
};

/* ---- the source as a virtual table ---- */

static stoa_status plan_declare(struct sqlite_source *self, stoa__buffer *sql,
                                stoa_error *err)
{
    stoa_status rc = sqlite_sql(sql, err, "CREATE TABLE rows(");

    for (int32_t i = 0; i < self->type->child_count && rc == STOA_OK; i++)
        rc = sqlite_sql(sql, err, "%sc%d", i > 0 ? "," : "", i);
    return rc == STOA_OK ? sqlite_sql(sql, err, ")") : rc;
}

static stoa_status plan_start(struct sqlite_source *self, int64_t row_low, void **reading,
                              stoa_error *err)
{
    struct sqlite_ingest_plan *const plan = (struct sqlite_ingest_plan *)self;

    (void)row_low;
    *reading = NULL;
    if (!plan->rows || plan->started)
        return stoa__fail(err, STOA_ERR_INTERNAL, "the rows of an ingest are read once");
    plan->started = true;
    return STOA_OK;
}

stoa_status sqlite_rows_pull(struct sqlite_session *session, struct stoa__source *source,
                             const struct ArrowArray **batch, stoa_error *err)
{
    const bool before = session->in_callback;
    stoa_status rc;

    session->in_callback = true;
    rc = source->next(source->self, batch, err);
    session->in_callback = before;
    return rc;
}

static stoa_status plan_next(struct sqlite_source *self, void *reading,
                             struct sqlite_batch *out, stoa_error *err)
{
    struct sqlite_ingest_plan *const plan = (struct sqlite_ingest_plan *)self;
    const struct ArrowArray *batch = plan->batch;
    stoa_status rc = STOA_OK;

    (void)reading;
    plan->batch = NULL;
    if (!batch && plan->rows->source->batch)
        rc = STOA_DONE; /* There is one. */
    else if (!batch)
        rc = sqlite_rows_pull(self->session, plan->rows->source, &batch, err);
    if (rc != STOA_OK) {
        plan->ended = rc == STOA_DONE;
        return rc;
    }
    *out = (struct sqlite_batch){batch, plan->delivered, true};
    plan->delivered += batch->length;
    if (self->call)
        stoa__call_progress(self->call, plan->delivered, plan->rows->source->row_count);
    return STOA_OK;
}

static void plan_stop(struct sqlite_source *self, void *reading)
{
    (void)self, (void)reading;
}

static void plan_unref(struct sqlite_source *self)
{
    struct sqlite_ingest_plan *const plan = (struct sqlite_ingest_plan *)self;

    if (--plan->references > 0)
        return;
    stoa__buffer_release(&plan->scratch);
    stoa__arena_release(&plan->arena);
    stoa__free(plan);
}

/* ---- plans ---- */

static void plan_drop(struct sqlite_ingest_plan *plan)
{
    sqlite3_finalize(plan->all);
    sqlite3_finalize(plan->one);
    if (plan->has_module)
        sqlite_vtab_drop(plan->source.session, plan->module);
    plan_unref(&plan->source);
}

stoa_status sqlite_ingest_steps(struct sqlite_session *session, struct sqlite_steps **out,
                                stoa_error *err)
{
    if (!session->ingest_cache)
        session->ingest_cache = stoa__alloc_zero(1, sizeof(*session->ingest_cache));
    if (!session->ingest_cache)
        return stoa__fail_nomem(err);
    *out = &session->ingest_cache->steps;
    return STOA_OK;
}

void sqlite_ingest_cache_clear(struct sqlite_session *session)
{
    struct sqlite_ingest_cache *const cache = session->ingest_cache;
    int64_t refreshed;

    if (!cache)
        return;
    /* The mark of a schema is never one that was given before. */
    refreshed = cache->steps.refreshed + 1;
    if (cache->steps.version)
        refreshed += sqlite3_stmt_status(cache->steps.version, SQLITE_STMTSTATUS_REPREPARE, 0);
    sqlite_steps_release(&cache->steps);
    while (cache->first) {
        struct sqlite_ingest_plan *const plan = cache->first;

        cache->first = plan->next;
        plan_drop(plan);
    }
    if (cache->counts)
        sqlite3_create_function_v2(session->db, "stoa_replaced", 0, SQLITE_UTF8, NULL,
                                   NULL, NULL, NULL, NULL);
    /* Open ingests point into it. */
    *cache = (struct sqlite_ingest_cache){.steps.refreshed = refreshed};
}

stoa_status sqlite_schema_mark(void *self, stoa__call *call, int64_t *version, int64_t *changes,
                               stoa_error *err)
{
    struct sqlite_session *const session = self;
    struct sqlite_schema_mark mark = {0};
    struct sqlite_steps *steps = NULL;
    stoa_status rc = sqlite_ingest_steps(session, &steps, err);

    if (rc == STOA_OK)
        rc = sqlite_steps_mark(session, steps, call, "main", &mark, err);
    *version = mark.version;
    *changes = mark.refreshed;
    return rc;
}

/* Would the plan made for these rows be this one? Their names and settings are compared
 * before their type, which is a walk. */
static bool serves(const struct sqlite_ingest_plan *plan, const struct sqlite_rows *rows)
{
    const struct sqlite_forms *const a = &plan->forms, *const b = &rows->forms;

    return strcmp(plan->name.table, rows->name.table) == 0 &&
           strcmp(plan->name.database, rows->name.database) == 0 &&
           strcmp(plan->key_list, rows->keys) == 0 &&
           plan->source.nan == rows->config->nan && a->uint64_form == b->uint64_form &&
           a->decimal_form == b->decimal_form && a->temporal_form == b->temporal_form &&
           stoa__arrow_type_equal(plan->source.type, rows->source->type);
}

static stoa_status copy_names(struct sqlite_ingest_plan *plan,
                              struct sqlite_table_name name, const char *key_list,
                              stoa_error *err)
{
    plan->name.database =
        stoa__arena_copy_text(&plan->arena, name.database, strlen(name.database));
    plan->name.table =
        stoa__arena_copy_text(&plan->arena, name.table, strlen(name.table));
    plan->key_list = stoa__arena_copy_text(&plan->arena, key_list, strlen(key_list));
    return plan->name.database && plan->name.table && plan->key_list
               ? STOA_OK
               : stoa__fail_nomem(err);
}

/* A key that the rows do not have could not tell which of them replaces what. */
static stoa_status check_keys(const struct sqlite_ingest_plan *plan, stoa_error *err)
{
    const struct stoa__arrow_type *type = plan->source.type;

    for (int32_t i = 0; i < plan->keys.count; i++) {
        const char *key = plan->keys.items[i];
        bool found = false;

        for (int32_t j = 0; j < type->child_count && !found; j++)
            found = stoa__name_equal(type->children[j].name, strlen(type->children[j].name), key,
                                     strlen(key));
        if (!found)
            return stoa__fail(err, STOA_ERR_NOT_FOUND, "keys: the rows have no column '%s'", key);
    }
    return STOA_OK;
}

static stoa_status plan_make(struct sqlite_ingest_plan *plan, stoa__call *call,
                             const struct sqlite_rows *rows, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    struct sqlite_source_column *columns = NULL;
    const char **names = NULL;
    struct stoa__arrow_type *type = NULL;
    stoa_status rc = copy_names(plan, rows->name, rows->keys, err);

    /* The source's type lives as long as the append; the plan's must live on. */
    if (rc == STOA_OK)
        rc = stoa__arrow_type_copy(rows->source->type, &plan->arena, &type, err);
    plan->source.type = type;
    if (rc == STOA_OK)
        rc =
            sqlite_table_look(session, call, plan->name, &plan->arena, &plan->table, err);
    if (rc == STOA_OK && plan->table.kind == TABLE_MISSING)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "there is no table '%s' in '%s'",
                          rows->name.table, rows->name.database);
    if (rc == STOA_OK && plan->table.kind == TABLE_VIEW)
        return stoa__fail(err, STOA_ERR_INVALID, "'%s' is a view, which holds no rows",
                          rows->name.table);
    if (rc == STOA_OK)
        rc = sqlite_table_match(session, call, &plan->table, plan->source.type,
                                &rows->forms, &plan->arena, &columns, &names, err);
    if (rc == STOA_OK)
        rc = sqlite_names_parse("keys", plan->key_list, &plan->arena, &plan->keys, err);
    if (rc == STOA_OK)
        rc = check_keys(plan, err);
    if (rc != STOA_OK)
        return rc;
    plan->source.columns = columns;
    plan->names = (struct sqlite_names){names, plan->source.type->child_count};
    plan->readers = stoa__arena_alloc_zero(&plan->arena, (size_t)plan->names.count,
                                           sizeof(*plan->readers));
    return plan->readers ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status plan_new(struct sqlite_session *session, stoa__call *call,
                            const struct sqlite_rows *rows,
                            struct sqlite_ingest_plan **out, stoa_error *err)
{
    struct sqlite_ingest_cache *const cache = session->ingest_cache;
    struct sqlite_ingest_plan *const plan = stoa__alloc_zero(1, sizeof(*plan));
    stoa_status rc;

    if (!plan)
        return stoa__fail_nomem(err);
    plan->source = (struct sqlite_source){
        .session = session,
        .row_count = -1,
        .nan = rows->config->nan,
        .declare = plan_declare,
        .start = plan_start,
        .next = plan_next,
        .stop = plan_stop,
        .unref = plan_unref,
    };
    plan->references = 1;
    plan->forms = rows->forms;
    (void)snprintf(plan->module, sizeof(plan->module), "stoa_in_%llu",
                   (unsigned long long)++cache->module_number);
    rc = plan_make(plan, call, rows, err);
    if (rc != STOA_OK) {
        plan_unref(&plan->source);
        return rc;
    }
    *out = plan;
    return STOA_OK;
}

/* Take the plan that serves out of the list; when there is none and the list is full,
 * drop the one used longest ago. */
static struct sqlite_ingest_plan *take(struct sqlite_ingest_cache *cache,
                                       const struct sqlite_rows *rows)
{
    struct sqlite_ingest_plan **link = &cache->first;
    struct sqlite_ingest_plan *plan;
    int32_t count = 0;

    while ((plan = *link)) {
        const bool found = serves(plan, rows);

        if (found || ++count == INGEST_PLAN_COUNT) {
            *link = plan->next;
            if (found)
                return plan;
            plan_drop(plan);
            return NULL;
        }
        link = &plan->next;
    }
    return NULL;
}

/* ---- what the schema was ---- */

static bool same_mark(struct sqlite_schema_mark a, struct sqlite_schema_mark b)
{
    return a.version == b.version && a.refreshed == b.refreshed;
}

static stoa_status look_at_mark(struct sqlite_session *session, stoa__call *call,
                                const char *database, stoa_error *err)
{
    struct sqlite_steps *steps = NULL;
    struct sqlite_ingest_cache *cache;
    stoa_status rc = sqlite_ingest_steps(session, &steps, err);

    if (rc != STOA_OK)
        return rc;
    cache = session->ingest_cache;
    if (cache->mark_holds && cache->mark_is_main)
        return STOA_OK;
    cache->mark_is_main = strcmp(database, "main") == 0;
    return sqlite_steps_mark(session, steps, call, database, &cache->mark, err);
}

void sqlite_ingest_mark_holds(struct sqlite_session *session, bool on)
{
    session->ingest_cache->mark_holds = on;
}

/* What PRAGMA data_version tells, of our own commits as well, without a statement. */
static bool data_version(struct sqlite_session *session, unsigned int *out)
{
    return sqlite3_file_control(session->db, "main", SQLITE_FCNTL_DATA_VERSION, out) == SQLITE_OK;
}

void sqlite_ingest_mark_holds_since(struct sqlite_session *session)
{
    struct sqlite_ingest_cache *const cache = session->ingest_cache;
    unsigned int now = 0;

    cache->mark_holds =
        cache->version_known && data_version(session, &now) && now == cache->version;
}

void sqlite_ingest_mark_note(struct sqlite_session *session, bool known)
{
    struct sqlite_ingest_cache *const cache = session->ingest_cache;

    if (cache)
        cache->version_known = known && data_version(session, &cache->version);
}

stoa_status sqlite_ingest_no_rules(struct sqlite_session *session, bool *yes, stoa_error *err)
{
    struct sqlite_ingest_cache *cache;
    int64_t rules = 1;
    stoa_status rc = look_at_mark(session, NULL, "main", err);

    *yes = false;
    if (rc != STOA_OK)
        return rc;
    cache = session->ingest_cache;
    if (!cache->rules_known || !same_mark(cache->rules_mark, cache->mark)) {
        cache->rules_known = false;
        rc = sqlite_ask_int(session, NULL,
                            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger' OR "
                            "sql LIKE '%conflict%' OR sql LIKE 'create virtual%'",
                            &rules, err);
        cache->rules_known = rc == STOA_OK;
        cache->rules_mark = cache->mark;
        cache->no_rules = rules == 0;
    }
    *yes = cache->rules_known && cache->no_rules;
    return rc;
}

stoa_status sqlite_ingest_plan_find(struct sqlite_session *session, stoa__call *call,
                                    const struct sqlite_rows *rows,
                                    struct sqlite_ingest_plan **out, stoa_error *err)
{
    struct sqlite_ingest_plan *plan = NULL;
    stoa_status rc = look_at_mark(session, call, rows->name.database, err);

    if (rc != STOA_OK)
        return rc;
    plan = take(session->ingest_cache, rows);
    if (plan && !same_mark(plan->mark, session->ingest_cache->mark)) {
        plan_drop(plan);
        plan = NULL;
    }
    if (!plan)
        rc = plan_new(session, call, rows, &plan, err);
    assert((rc == STOA_OK) == (plan != NULL));
    if (!plan)
        return rc;
    plan->mark = session->ingest_cache->mark;
    plan->next = session->ingest_cache->first;
    session->ingest_cache->first = plan;
    *out = plan;
    return STOA_OK;
}

/* ---- statements ---- */

static void count_replaced(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct sqlite_ingest_cache *const cache = sqlite3_user_data(context);

    (void)argc, (void)argv;
    cache->replaced++;
    sqlite3_result_int(context, 1);
}

/* SQLite does not tell which rows of an upsert were there: its condition is asked for
 * each. */
static stoa_status need_counter(struct sqlite_session *session, stoa_error *err)
{
    struct sqlite_ingest_cache *const cache = session->ingest_cache;
    int code;

    if (cache->counts)
        return STOA_OK;
    code = sqlite3_create_function_v2(session->db, "stoa_replaced", 0,
                                      SQLITE_UTF8 | SQLITE_DIRECTONLY, cache,
                                      count_replaced, NULL, NULL, NULL);
    cache->counts = code == SQLITE_OK;
    return cache->counts ? STOA_OK : sqlite_fail(session, code, err);
}

stoa_status sqlite_ingest_plan_module(struct sqlite_ingest_plan *plan, stoa_error *err)
{
    stoa_status rc;

    if (plan->has_module)
        return STOA_OK;
    plan->references++; /* The module's; it gives it back when it fails, too. */
    rc = sqlite_vtab_add(&plan->source, plan->module, err);
    plan->has_module = rc == STOA_OK;
    return rc;
}

static stoa_status explain_keys(const struct sqlite_ingest_plan *plan, stoa_error *err)
{
    if (plan->keys.count > 0 && err &&
        strstr(err->text, "ON CONFLICT clause does not match"))
        return stoa__fail(
            err, STOA_ERR_CONSTRAINT,
            "table '%s' has no PRIMARY KEY or UNIQUE constraint over the keys of "
            "the upsert (%s%s)",
            plan->name.table, plan->keys.items[0], plan->keys.count > 1 ? ", ..." : "");
    return err ? err->code : STOA_ERR_INVALID;
}

static stoa_status prepare(struct sqlite_ingest_plan *plan, stoa__call *call,
                           const stoa__buffer *sql, sqlite3_stmt **out, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    const bool was_dirty = session->dirty;
    stoa__call *const before = sqlite_enter(session, call);
    stoa_error failure = {0};
    stoa_status rc = STOA_OK;
    const int code =
        sqlite3_prepare_v3(session->db, (const char *)sql->data, (int)sql->size + 1,
                           SQLITE_PREPARE_PERSISTENT, out, NULL);

    if (code != SQLITE_OK) {
        (void)sqlite_fail(session, code, &failure);
        rc = explain_keys(plan, &failure);
        stoa__error_copy(err, &failure);
    }
    sqlite_leave(session, before);
    session->dirty = was_dirty;
    return rc;
}

static stoa_status need_statement(struct sqlite_ingest_plan *plan, stoa__call *call,
                                  bool one, stoa_error *err)
{
    sqlite3_stmt **const statement = one ? &plan->one : &plan->all;
    stoa__buffer sql = {0};
    stoa_status rc = STOA_OK;

    if (*statement)
        return STOA_OK;
    if (plan->keys.count > 0)
        rc = need_counter(plan->source.session, err);
    if (rc == STOA_OK && one)
        rc = sqlite_sql_insert_one(&sql, plan->name, plan->names, plan->keys, err);
    else if (rc == STOA_OK)
        rc = sqlite_sql_insert_all(&sql, plan->name, plan->names, plan->keys,
                                   plan->module, err);
    if (rc == STOA_OK)
        rc = prepare(plan, call, &sql, statement, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* ---- rows ---- */

/* A trigger or a conflict clause of the table may leave rows out: that is the table's own
 * rule. Without one, a row less is a loss. */
static stoa_status account(struct sqlite_ingest_plan *plan, stoa__call *call,
                           int64_t delivered, int64_t changed, stoa_table_done *done,
                           stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    const int64_t replaced = session->ingest_cache->replaced;
    stoa__buffer sql = {0};
    int64_t rules = 0;
    stoa_status rc;

    done->written += changed - replaced;
    done->replaced += replaced;
    done->dropped += delivered - changed;
    if (changed == delivered)
        return STOA_OK;
    rc = sqlite_sql(
        &sql, err,
        "SELECT (SELECT count(*) FROM %N.sqlite_schema WHERE type = 'trigger' OR "
        "sql LIKE '%%conflict%%') + (SELECT count(*) FROM temp.sqlite_schema "
        "WHERE type = 'trigger')",
        plan->name.database);
    if (rc == STOA_OK)
        rc = sqlite_ask_int(session, call, (const char *)sql.data, &rules, err);
    stoa__buffer_release(&sql);
    if (rc == STOA_OK && (rules == 0 || changed > delivered))
        rc = stoa__fail(err, STOA_ERR_INTERNAL,
                        "table '%s': %lld rows went in and %lld arrived",
                        plan->name.table, (long long)delivered, (long long)changed);
    return rc;
}

/* Step to the end. SQLite's code is turned into words before the statement is reset. */
static stoa_status step(struct sqlite_ingest_plan *plan, stoa__call *call,
                        sqlite3_stmt *statement, stoa_error *err)
{
    struct sqlite_session *const session = plan->source.session;
    stoa__call *const before = sqlite_enter(session, call);
    const int code = sqlite_step(session, statement);
    stoa_status rc = code == SQLITE_DONE ? STOA_OK : sqlite_fail(session, code, err);

    sqlite3_reset(statement);
    sqlite_leave(session, before);
    return rc;
}

stoa_status sqlite_ingest_plan_scan(struct sqlite_ingest_plan *plan, stoa__call *call,
                                    const struct sqlite_rows *rows,
                                    sqlite3_stmt *statement, stoa_error *err)
{
    stoa_status rc;

    plan->rows = rows;
    plan->source.call = rows->call;
    plan->batch = rows->batch;
    plan->started = plan->ended = false;
    plan->delivered = 0;
    rc = step(plan, call, statement, err);
    plan->rows = NULL;
    plan->source.call = NULL;
    plan->batch = NULL;
    if (rc == STOA_OK && !plan->ended)
        rc =
            stoa__fail(err, STOA_ERR_INTERNAL,
                       "table '%s': the rows were not read to the end", plan->name.table);
    return rc;
}

static stoa_status write_all(struct sqlite_ingest_plan *plan, stoa__call *call,
                             const struct sqlite_rows *rows, int64_t *delivered,
                             int64_t *changed, stoa_error *err)
{
    stoa_status rc = sqlite_ingest_plan_module(plan, err);

    if (rc == STOA_OK)
        rc = need_statement(plan, call, false, err);
    if (rc == STOA_OK)
        rc = sqlite_ingest_plan_scan(plan, call, rows, plan->all, err);
    *delivered = plan->delivered;
    *changed = sqlite3_changes64(plan->source.session->db);
    return rc;
}

static stoa_status write_row(struct sqlite_ingest_plan *plan, stoa__call *call,
                             int64_t row, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < plan->names.count && rc == STOA_OK; i++)
        rc = sqlite_vtab_bind(&plan->source, i, &plan->readers[i], row, &plan->scratch,
                              plan->one, i + 1, err);
    return rc == STOA_OK ? step(plan, call, plan->one, err) : rc;
}

/* A handful of rows, bound one by one. */
static stoa_status write_few(struct sqlite_ingest_plan *plan, stoa__call *call,
                             const struct ArrowArray *batch, int64_t *delivered,
                             int64_t *changed, stoa_error *err)
{
    stoa_status rc = need_statement(plan, call, true, err);

    for (int32_t i = 0; i < plan->names.count && rc == STOA_OK; i++) {
        rc = sqlite_reader_load(&plan->readers[i], &plan->source.columns[i], batch, i,
                                err);
        if (rc != STOA_OK)
            stoa__wrap(err, "column '%s'", plan->source.type->children[i].name);
    }
    for (int64_t row = 0; row < batch->length && rc == STOA_OK; row++) {
        rc = write_row(plan, call, row, err);
        *delivered += 1;
        *changed += sqlite3_changes64(plan->source.session->db);
    }
    for (int32_t i = 0; i < plan->names.count; i++)
        if (plan->readers[i].read != READ_LATER)
            sqlite_reader_release(&plan->readers[i]);
    if (plan->one) /* What was bound points into the batch. */
        sqlite3_clear_bindings(plan->one);
    return rc;
}

stoa_status sqlite_rows_write(struct sqlite_ingest_plan *plan, stoa__call *call,
                              const struct sqlite_rows *rows, stoa_table_done *done,
                              stoa_error *err)
{
    const struct ArrowArray *const batch = rows->batch;
    int64_t delivered = 0, changed = 0;
    stoa_status rc;

    plan->source.session->ingest_cache->replaced = 0;
    if (!batch)
        return STOA_OK;
    if (rows->source->row_count >= 0 && rows->source->row_count <= BIND_ROWS_MAX &&
        batch->length == rows->source->row_count)
        rc = write_few(plan, call, batch, &delivered, &changed, err);
    else
        rc = write_all(plan, call, rows, &delivered, &changed, err);
    return rc == STOA_OK ? account(plan, call, delivered, changed, done, err) : rc;
}
