/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/scan.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/sqlite/ingest.h"
#include "engine/sqlite/scan_own.h"
#include "engine/sqlite/session.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* What a resolver's stream may keep for being read again: the default of stoa/scan.h. */
static const int64_t RESOLVED_RETAIN_SIZE = INT64_C(1) << 30;

/* ---- life ---- */

static void release_kept(struct sqlite_scan *scan)
{
    for (int64_t i = 0; i < scan->kept_count; i++) {
        stoa__array_release(scan->kept[i]);
        stoa__free(scan->kept[i]);
    }
    scan->kept_count = 0;
}

static void release_data(struct stoa__scan_source *data)
{
    for (int64_t i = 0; i < data->batch_count; i++)
        stoa__array_release(&data->batches[i]);
    stoa__free(data->batches);
    if (data->stream)
        stoa__stream_in_release(data->stream);
    stoa__free(data->stream);
    if (data->release)
        data->release(data->user_data);
    stoa__arena_release(&data->arena);
    *data = (struct stoa__scan_source){0};
}

static void scan_unref(struct sqlite_source *self)
{
    struct sqlite_scan *const scan = sqlite_scan_of(self);

    if (--scan->references > 0)
        return;
    release_kept(scan);
    stoa__free(scan->kept);
    stoa__free(scan->first_rows);
    release_data(&scan->data);
    stoa__arena_release(&scan->arena);
    stoa__free(scan->name);
    stoa__free(scan);
}

static stoa_status scan_declare(struct sqlite_source *self, stoa__buffer *sql,
                                stoa_error *err)
{
    static const struct sqlite_forms forms = {0};
    stoa_status rc = sqlite_sql(sql, err, "CREATE TABLE scan(");

    for (int32_t i = 0; i < self->type->child_count && rc == STOA_OK; i++) {
        enum sqlite_form form;
        bool metadata;

        rc =
            sqlite_sql(sql, err, "%s%N ", i > 0 ? "," : "", self->type->children[i].name);
        if (rc == STOA_OK)
            rc = sqlite_type_declare(&self->type->children[i], &forms, sql, &form,
                                     &metadata, err);
    }
    return rc == STOA_OK ? sqlite_sql(sql, err, ")") : rc;
}

static stoa_status add_columns(struct sqlite_scan *scan, stoa_error *err)
{
    static const struct sqlite_forms forms = {0};
    const struct stoa__arrow_type *const type = scan->source.type;
    struct sqlite_source_column *columns;
    stoa__buffer text = {0};
    bool metadata;
    stoa_status rc = sqlite_source_check(scan->source.session, type, err);

    if (rc != STOA_OK)
        return rc;
    columns =
        stoa__arena_alloc_zero(&scan->arena, (size_t)type->child_count, sizeof(*columns));
    if (!columns)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < type->child_count && rc == STOA_OK; i++) {
        columns[i].type = &type->children[i];
        rc = sqlite_type_declare(&type->children[i], &forms, &text, &columns[i].form,
                                 &metadata, err);
    }
    stoa__buffer_release(&text);
    scan->source.columns = columns;
    return rc;
}

/* The batches of a scan in memory, one list whatever they come from. */
static stoa_status add_batches(struct sqlite_scan *scan,
                               const struct stoa__scan_source *data, stoa_error *err)
{
    stoa_status rc = sqlite_scan_reserve(scan, data->batch_count, err);

    for (int64_t i = 0; i < data->batch_count && rc == STOA_OK; i++) {
        struct ArrowArray *const batch = stoa__alloc_zero(1, sizeof(*batch));

        if (!batch)
            rc = stoa__fail_nomem(err);
        else
            sqlite_scan_keep(scan, batch);
    }
    return rc;
}

/* From here on nothing fails: the data changes hands. */
static void take_data(struct sqlite_scan *scan, struct stoa__scan_source *data)
{
    for (int64_t i = 0; i < data->batch_count; i++) {
        *scan->kept[i] = data->batches[i];
        data->batches[i].release = NULL;
        scan->first_rows[i] =
            i == 0 ? 0 : scan->first_rows[i - 1] + scan->kept[i - 1]->length;
        scan->row_count = scan->first_rows[i] + scan->kept[i]->length;
    }
    scan->complete = !data->stream && !data->open;
    if (scan->complete)
        scan->source.row_count = scan->row_count;
    scan->data = *data;
    *data = (struct stoa__scan_source){0};
}

static stoa_status scan_new(struct sqlite_session *session, const char *name,
                            const struct stoa__scan_source *data,
                            struct sqlite_scan **out, stoa_error *err)
{
    struct sqlite_scan *const scan = stoa__alloc_zero(1, sizeof(*scan));
    stoa_status rc;

    if (!scan)
        return stoa__fail_nomem(err);
    scan->references = 1;
    scan->source = (struct sqlite_source){
        .session = session,
        .type = data->type,
        .row_count = -1,
        .nan = STOA__NAN_NULL, /* Read, not stored: a NaN is NULL to SQL. */
        .pushdown = true,
        .declare = scan_declare,
        .start = sqlite_scan_start,
        .next = sqlite_scan_next,
        .stop = sqlite_scan_stop,
        .unref = scan_unref,
    };
    scan->name = stoa__copy_text(name, strlen(name));
    rc = scan->name ? add_columns(scan, err) : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = add_batches(scan, data, err);
    if (rc != STOA_OK) {
        scan_unref(&scan->source);
        return rc;
    }
    *out = scan;
    return STOA_OK;
}

/* ---- names ---- */

static struct sqlite_scan *find(struct sqlite_session *session, const char *name)
{
    for (struct sqlite_scan *at = session->scans; at; at = at->next)
        if (stoa__name_equal(at->name, strlen(at->name), name, strlen(name)))
            return at;
    return NULL;
}

/* Is there a table or view of this name in `database` (NULL: in any)? */
static stoa_status stored(struct sqlite_session *session, const char *database,
                          const char *name, bool *out, stoa_error *err)
{
    sqlite3_stmt *rows = NULL;
    stoa__buffer sql = {0};
    stoa_status rc = STOA_OK;

    *out = false;
    for (int i = 0; rc == STOA_OK && !*out; i++) {
        const char *const at = sqlite3_db_name(session->db, i);

        if (!at)
            break;
        if (database && strcmp(database, at) != 0)
            continue;
        sql.size = 0;
        rc = sqlite_sql(
            &sql, err,
            "SELECT 1 FROM %N.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND "
            "type IN ('table', 'view')",
            at);
        if (rc == STOA_OK)
            rc = sqlite_ask(session, session->call, &rows, err, (const char *)sql.data);
        if (rc == STOA_OK)
            rc = sqlite_ask_texts(session, rows, name, NULL, err);
        if (rc == STOA_OK)
            rc = sqlite_ask_next(session, session->call, rows, err);
        *out = rc == STOA_OK;
        sqlite3_finalize(rows);
        rows = NULL;
        rc = rc == STOA_DONE ? STOA_OK : rc;
    }
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status run_view(struct sqlite_scan *scan, bool create, stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    stoa__buffer sql = {0};
    stoa_status rc =
        create ? sqlite_sql(&sql, err, "CREATE TEMP VIEW %N AS SELECT * FROM %N",
                            scan->name, scan->module)
               : sqlite_sql(&sql, err, "DROP VIEW IF EXISTS temp.%N", scan->name);

    if (rc == STOA_OK)
        rc = sqlite_run(session, session->call, (const char *)sql.data, err);
    stoa__buffer_release(&sql);
    return rc;
}

/* Put the scan where its name finds it: under the name itself, or behind a view. */
static stoa_status place(struct sqlite_scan *scan, bool hide, stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    stoa_status rc;

    if (hide)
        (void)snprintf(scan->module, sizeof(scan->module), "stoa_scan_%llu",
                       (unsigned long long)++session->savepoint_number);
    scan->references++;
    rc = sqlite_vtab_add(&scan->source, hide ? scan->module : scan->name, err);
    if (rc == STOA_OK && hide) {
        rc = run_view(scan, true, err);
        if (rc != STOA_OK)
            sqlite_vtab_drop(session, scan->module);
    }
    scan->hidden = rc == STOA_OK && hide;
    return rc;
}

/* Take the name away. What runs goes on. */
static void displace(struct sqlite_scan *scan)
{
    struct sqlite_session *const session = scan->source.session;
    struct sqlite_scan **link = &session->scans;

    while (*link != scan)
        link = &(*link)->next;
    *link = scan->next;
    scan->listed = false;
    session->scans_gone++;
    if (scan->hidden)
        (void)run_view(scan, false, NULL);
    sqlite_vtab_drop(session, scan->hidden ? scan->module : scan->name);
}

static void enlist(struct sqlite_scan *scan)
{
    scan->next = scan->source.session->scans;
    scan->source.session->scans = scan;
    scan->listed = true;
}

/* ---- engine table ---- */

static stoa_status add(struct sqlite_session *session, const char *name,
                       struct stoa__scan_source *data, struct sqlite_scan *old,
                       struct sqlite_scan **out, stoa_error *err)
{
    struct sqlite_scan *scan = NULL;
    bool in_the_way = false, hide = false;
    stoa_status rc = scan_new(session, name, data, &scan, err);

    if (rc != STOA_OK)
        return rc;
    if (!old || !old->hidden)
        rc = stored(session, "temp", name, &in_the_way, err);
    if (rc == STOA_OK && in_the_way)
        rc =
            stoa__fail(err, STOA_ERR_EXISTS,
                       "there is a temporary table '%s', which a scan cannot hide", name);
    if (rc == STOA_OK)
        rc = stored(session, NULL, name, &hide, err);
    if (rc == STOA_OK && old)
        displace(old);
    if (rc == STOA_OK) {
        rc = place(scan, hide, err);
        if (rc != STOA_OK && old && place(old, hide, NULL) == STOA_OK)
            enlist(old); /* As before. */
    }
    if (rc != STOA_OK) {
        scan_unref(&scan->source);
        return rc;
    }
    if (old && old->resolved) /* Nobody else has it. */
        scan_unref(&old->source);
    take_data(scan, data);
    enlist(scan);
    *out = scan;
    return STOA_OK;
}

stoa_status sqlite_scan_add(void *self, const char *name,
                            struct stoa__scan_source *source, bool replace, void **out,
                            stoa_error *err)
{
    struct sqlite_session *const session = self;
    struct sqlite_scan *scan = NULL, *const old = find(session, name);
    stoa_status rc;

    *out = NULL;
    if (strlen(name) == 0 || strlen(name) > STOA__NAME_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "a scan's name has 1 to %d bytes",
                          (int)STOA__NAME_BYTES_MAX);
    if (old && !old->resolved && !replace)
        return stoa__fail(err, STOA_ERR_EXISTS, "there is a scan '%s' already", name);
    rc = add(session, name, source, old, &scan, err);
    sqlite_statement_cache_clear(session);
    sqlite_session_expire(session);
    *out = scan;
    return rc;
}

void sqlite_scan_drop(void *self)
{
    struct sqlite_scan *const scan = self;
    struct sqlite_session *const session = scan->source.session;

    if (scan->listed) {
        displace(scan);
        sqlite_statement_cache_clear(session);
        sqlite_session_expire(session);
    }
    scan_unref(&scan->source);
}

static void drop_resolved(struct sqlite_scan *scan)
{
    displace(scan);
    scan_unref(&scan->source);
}

void sqlite_scans_clear(struct sqlite_session *session)
{
    while (session->scans) {
        assert(
            session->scans->resolved); /* All others have a handle, which went first. */
        drop_resolved(session->scans);
    }
}

/* ---- the resolver ---- */

stoa_status sqlite_scan_resolver(void *self, stoa_resolver resolver, void *user_data,
                                 stoa_error *err)
{
    struct sqlite_session *const session = self;

    (void)err;
    session->resolver = resolver;
    session->resolver_data = user_data;
    return STOA_OK;
}

/* "main.t" names a place: nobody else's data belongs there. */
static bool names_database(struct sqlite_session *session, const char *name)
{
    const char *database;

    for (int i = 0; (database = sqlite3_db_name(session->db, i)); i++) {
        const size_t size = strlen(database);

        if (sqlite3_strnicmp(name, database, (int)size) == 0 && name[size] == '.')
            return true;
    }
    return false;
}

static stoa_status register_resolved(struct sqlite_session *session, const char *name,
                                     struct ArrowArrayStream *stream, stoa_error *err)
{
    struct stoa__scan_source data = {.retain_size = RESOLVED_RETAIN_SIZE,
                                     .check = STOA_CHECK_FULL};
    struct sqlite_scan *scan = NULL;
    stoa_status rc;

    data.stream = stoa__alloc_zero(1, sizeof(*data.stream));
    if (!data.stream)
        return stoa__fail_nomem(err);
    rc = stoa__stream_in_init(data.stream, stream, data.check, err);
    if (rc != STOA_OK) {
        stoa__free(data.stream);
        return rc;
    }
    data.type = data.stream->type;
    rc = add(session, name, &data, NULL, &scan, err);
    if (rc != STOA_OK)
        release_data(&data);
    else
        scan->resolved = true;
    return rc;
}

stoa_status sqlite_resolve(struct sqlite_session *session, const char *name, bool *found,
                           stoa_error *err)
{
    const bool before = session->in_callback;
    struct ArrowArrayStream stream = {0};
    stoa_error failure = {0};
    stoa_status rc;

    *found = false;
    if (!session->resolver || names_database(session, name) || find(session, name))
        return STOA_OK;
    session->in_callback = true;
    rc = session->resolver(session->resolver_data, name, (int64_t)strlen(name), &stream,
                           &failure);
    if (rc != STOA_OK && failure.code != STOA_OK)
        (void)stoa__error_mend(&failure, rc);
    if (rc == STOA_OK && !stream.release)
        rc = stoa__fail(&failure, STOA_ERR_CALLBACK, "it gave no stream");
    else if (rc == STOA_OK)
        rc = register_resolved(session, name, &stream, &failure);
    if (stream.release)
        stream.release(&stream);
    session->in_callback = before;
    *found = rc == STOA_OK;
    if (rc == STOA_OK || rc == STOA_ERR_NOT_FOUND)
        return STOA_OK;
    if (failure.code == STOA_OK)
        (void)stoa__fail(&failure, rc < 0 ? rc : STOA_ERR_CALLBACK, "it failed");
    stoa__error_copy(err, &failure);
    stoa__wrap(err, "the resolver, asked for table '%s'", name);
    return failure.code;
}

/* ---- before a prepare ---- */

static bool any_runs(struct sqlite_session *session)
{
    sqlite3_stmt *at = NULL;

    while ((at = sqlite3_next_stmt(session->db, at)))
        if (sqlite3_stmt_busy(at))
            return true;
    return false;
}

/* A table may have been made since that hides the scan, or a rollback have taken its
 * view. */
static stoa_status uncover(struct sqlite_scan *scan, bool *changed, stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    bool there = false;
    stoa_status rc;

    if (scan->hidden) {
        rc = stored(session, "temp", scan->name, &there, err);
        if (rc == STOA_OK && !there)
            rc = run_view(scan, true, err);
        *changed = *changed || !there;
        return rc;
    }
    if (sqlite3_table_column_metadata(session->db, NULL, scan->name, NULL, NULL, NULL,
                                      NULL, NULL, NULL) != SQLITE_OK)
        return STOA_OK;
    rc = stored(session, "temp", scan->name, &there, err);
    if (rc != STOA_OK || there) /* A temporary table, which nothing can hide. */
        return rc;
    rc = place(scan, true, err);
    if (rc == STOA_OK)
        sqlite_vtab_drop(session, scan->name);
    *changed = true;
    return rc;
}

stoa_status sqlite_scans_settle(struct sqlite_session *session, stoa_error *err)
{
    struct sqlite_scan *scan, *next;
    bool changed = false;
    stoa_status rc = STOA_OK;

    for (scan = session->scans; scan && rc == STOA_OK; scan = next) {
        next = scan->next;
        if (scan->resolved) {
            drop_resolved(scan);
            changed = true;
            continue;
        }
        if (scan->overflowed && scan->kept_count > 0 && !any_runs(session))
            release_kept(
                scan); /* No statement points into it, and nobody can read it again. */
        rc = uncover(scan, &changed, err);
    }
    if (changed)
        sqlite_statement_cache_clear(session);
    return rc;
}

/* ---- types ---- */

static const struct sqlite_scan *find_called(const struct sqlite_session *session,
                                             const char *table)
{
    const struct sqlite_scan *scan = session->scans;

    while (scan && sqlite3_stricmp(scan->hidden ? scan->module : scan->name, table) != 0)
        scan = scan->next;
    return scan;
}

static stoa_status copy_type(const struct stoa__arrow_type *type, stoa__arena *arena,
                             struct stoa__arrow_type **out, stoa_error *err)
{
    struct ArrowSchema schema;
    stoa_status rc = stoa__arrow_type_export(type, &schema, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa__arrow_type_parse(&schema, arena, out, err);
    schema.release(&schema);
    return rc;
}

stoa_status sqlite_scan_nested_type(struct sqlite_session *session, const char *table,
                                    const char *column, stoa__arena *arena,
                                    struct stoa__arrow_type **out, stoa_error *err)
{
    const struct sqlite_scan *scan = find_called(session, table);

    *out = NULL;
    for (int32_t i = 0; scan && i < scan->source.type->child_count; i++) {
        const struct stoa__arrow_type *type = &scan->source.type->children[i];

        if (strcmp(type->name, column) == 0)
            return type->child_count > 0 && type->kind != STOA__ARROW_RUN_END
                       ? copy_type(type, arena, out, err)
                       : STOA_OK;
    }
    return STOA_OK;
}
