/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages: how an ingest is all or nothing where the driver has no transactions.
 *
 *   append   INSERT INTO table SELECT ... FROM stage, then the stage is dropped
 *   create   the stage gets the table's name
 *   replace  the table gets another name, the stage its own, and the old table is dropped
 *
 * A failure before leaves the table as it was, and no stage. A process that dies in between leaves
 * tables named stoa_stage_... or, in the middle of a replacement, stoa_old_..., which are whole.
 */
#include "engine/adbc/parts.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "text/identifier.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

/* ---- statements ---- */

static stoa_status put(stoa__buffer *sql, const char *text, stoa_error *err)
{
    return stoa__buffer_append_text(sql, text) == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status put_name(stoa__buffer *sql, const char *name, size_t size, stoa_error *err)
{
    return stoa__identifier_quote(name, size, sql, err);
}

/* "catalog"."schema"."table", of which the first two may be missing. */
static stoa_status put_table(stoa__buffer *sql, const char *database, const char *table,
                             stoa_error *err)
{
    const char *point = database ? strchr(database, '.') : NULL;
    stoa_status rc = STOA_OK;

    if (point) {
        rc = put_name(sql, database, (size_t)(point - database), err);
        if (rc == STOA_OK)
            rc = put(sql, ".", err);
        database = point + 1;
    }
    if (rc == STOA_OK && database)
        rc = put_name(sql, database, strlen(database), err);
    if (rc == STOA_OK && database)
        rc = put(sql, ".", err);
    return rc == STOA_OK ? put_name(sql, table, strlen(table), err) : rc;
}

static stoa_status put_columns(stoa__buffer *sql, const struct stoa__arrow_type *columns,
                               stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < columns->child_count && rc == STOA_OK; i++) {
        rc = put(sql, i > 0 ? ", " : "", err);
        if (rc == STOA_OK)
            rc = put_name(sql, columns->children[i].name, strlen(columns->children[i].name), err);
    }
    return rc;
}

/* Run what was put together, if it was; on the worker. */
static stoa_status run(struct adbc_session *session, stoa__buffer *sql, stoa_status rc,
                       stoa_error *err)
{
    if (rc == STOA_OK && stoa__buffer_terminate(sql) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = adbc_run_now(session, (char *)sql->data, NULL, err);
    stoa__buffer_release(sql);
    return rc;
}

stoa_status adbc_copy_now(struct adbc_session *session, const char *database, const char *table,
                          const struct stoa__arrow_type *columns, const char *from,
                          stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = put(&sql, "INSERT INTO ", err);

    if (rc == STOA_OK)
        rc = put_table(&sql, database, table, err);
    if (rc == STOA_OK)
        rc = put(&sql, " (", err);
    if (rc == STOA_OK)
        rc = put_columns(&sql, columns, err);
    if (rc == STOA_OK)
        rc = put(&sql, ") SELECT ", err);
    if (rc == STOA_OK)
        rc = put_columns(&sql, columns, err);
    if (rc == STOA_OK)
        rc = put(&sql, " FROM ", err);
    if (rc == STOA_OK)
        rc = put(&sql, from, err);
    return run(session, &sql, rc, err);
}

static stoa_status copy_stage(const struct adbc_stage *stage,
                              const struct stoa__arrow_type *columns, stoa_error *err)
{
    stoa__buffer from = {0};
    stoa_status rc = put_table(&from, stage->database, stage->name, err);

    if (rc == STOA_OK && stoa__buffer_terminate(&from) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = adbc_copy_now(stage->session, stage->database, stage->table, columns,
                           (char *)from.data, err);
    stoa__buffer_release(&from);
    return rc;
}

static stoa_status rename_table(const struct adbc_stage *stage, const char *table,
                                const char *name, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = put(&sql, "ALTER TABLE ", err);

    if (rc == STOA_OK)
        rc = put_table(&sql, stage->database, table, err);
    if (rc == STOA_OK)
        rc = put(&sql, " RENAME TO ", err);
    if (rc == STOA_OK)
        rc = put_name(&sql, name, strlen(name), err);
    return run(stage->session, &sql, rc, err);
}

static stoa_status drop_table(const struct adbc_stage *stage, const char *table, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = put(&sql, "DROP TABLE ", err);

    if (rc == STOA_OK)
        rc = put_table(&sql, stage->database, table, err);
    return run(stage->session, &sql, rc, err);
}

/* The rows are where they belong: a table that is left does no harm, but somebody should know. */
static void drop_or_tell(const struct adbc_stage *stage, const char *table)
{
    stoa_error failure = {0};

    if (drop_table(stage, table, &failure) != STOA_OK)
        stoa__log(STOA_LOG_WARNING, "table '%s', which nobody needs, could not be dropped: %s",
                  table, failure.text);
}

/* ---- a stage ---- */

stoa_status adbc_stage_open(struct adbc_stage *stage, stoa__call *call, stoa_error *err)
{
    struct adbc_session *session = stage->session;
    const char *engine = session->instance->engine;
    uint64_t mark = (uint64_t)stoa__clock_monotonic_ns() ^ (uint64_t)getpid() << 40;
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_error failure = {0};
    stoa_status rc = adbc_table_type(session, call, stage->database, stage->table, &arena, &type,
                                     &failure);

    stoa__arena_release(&arena);
    if (rc != STOA_OK && rc != STOA_ERR_NOT_FOUND) {
        stoa__error_copy(err, &failure);
        if (rc == STOA_ERR_UNSUPPORTED)
            stoa__error_append(err, "without transactions either, an ingest cannot be all or none "
                                    "(atomic=best_effort tries)");
        return rc;
    }
    stage->there = rc == STOA_OK;
    if (stage->there && stage->mode == STOA__INGEST_CREATE)
        return stoa__fail(err, STOA_ERR_EXISTS, "%s: table '%s' is there already", engine,
                          stage->table);
    if (!stage->there && stage->mode == STOA__INGEST_APPEND)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "%s: there is no table '%s'", engine,
                          stage->table);
    if (stage->mode == STOA__INGEST_CREATE_APPEND)
        stage->mode = stage->there ? STOA__INGEST_APPEND : STOA__INGEST_CREATE;
    (void)snprintf(stage->name, sizeof stage->name, "stoa_stage_%016llx",
                   (unsigned long long)mark);
    (void)snprintf(stage->old, sizeof stage->old, "stoa_old_%016llx", (unsigned long long)mark);
    return STOA_OK;
}

static stoa_status drop_job(void *self, stoa_error *err)
{
    const struct adbc_stage *stage = self;

    return drop_table(stage, stage->name, err);
}

void adbc_stage_drop(struct adbc_stage *stage, stoa_error *err)
{
    stoa_error failure = {0};
    stoa__call call;
    stoa_status rc;

    stoa__call_resume(&call, NULL, NULL); /* Also when the call that wrote it was cancelled. */
    rc = adbc_work(stage->session, &call, NULL, drop_job, stage, &failure);
    /* It may never have been made. */
    if (rc != STOA_OK && rc != STOA_ERR_NOT_FOUND)
        stoa__error_append(err, "and table '%s', which is useless now, could not be dropped: %s",
                           stage->name, failure.text);
}

/* ---- publishing ---- */

static stoa_status replace(const struct adbc_stage *stage, stoa_error *err)
{
    stoa_error failure = {0};
    stoa_status rc = rename_table(stage, stage->table, stage->old, err);

    if (rc != STOA_OK)
        return rc;
    rc = rename_table(stage, stage->name, stage->table, err);
    if (rc == STOA_OK) {
        drop_or_tell(stage, stage->old);
        return STOA_OK;
    }
    if (rename_table(stage, stage->old, stage->table, &failure) != STOA_OK) {
        stoa__error_append(err, "and the table is called '%s' now, which could not be undone: %s",
                           stage->old, failure.text);
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    }
    return rc;
}

struct publishing {
    struct adbc_stage *stage;
    const struct stoa__arrow_type *columns;
};

static stoa_status publish_job(void *self, stoa_error *err)
{
    const struct publishing *publishing = self;
    const struct adbc_stage *stage = publishing->stage;
    stoa_status rc;

    if (stage->mode == STOA__INGEST_REPLACE && stage->there)
        return replace(stage, err);
    if (stage->mode != STOA__INGEST_APPEND)
        return rename_table(stage, stage->name, stage->table, err);
    rc = copy_stage(stage, publishing->columns, err);
    if (rc == STOA_OK)
        drop_or_tell(stage, stage->name);
    else if (rc != STOA_ERR_NOT_FOUND && rc != STOA_ERR_SYNTAX) {
        /* One statement is one, as far as anybody knows. */
        stoa__error_append(err, "the driver has no transactions: some rows may be there");
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    }
    return rc;
}

stoa_status adbc_stage_publish(struct adbc_stage *stage, const struct stoa__arrow_type *columns,
                               stoa_error *err)
{
    struct publishing publishing = {stage, columns};
    stoa_error failure = {0};
    stoa__call call;
    stoa_status rc;

    stoa__call_resume(&call, NULL, NULL);
    rc = adbc_work(stage->session, &call, NULL, publish_job, &publishing, &failure);
    if (rc == STOA_OK)
        return rc;
    adbc_stage_drop(stage, &failure);
    stoa__error_copy(err, &failure);
    return rc;
}
