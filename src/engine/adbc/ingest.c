/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ingest that cannot lie. Every append is a unit (unit.c); rows are fed through a stream that
 * remembers what its producer said, how many rows it gave and whether its end was reached. Only
 * when all of that and the driver agree are the rows kept.
 */
#include "engine/adbc/parts.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static const char stage_table[] = "stoa_stage";

struct adbc_ingest {
    struct adbc_session *session;
    const struct stoa__ingest_config *config;
    bool began;   /* unit=finish: the open transaction is ours. */
    bool written; /* An append was made: what mode makes is there. */
};

/* ---- opening ---- */

stoa_status adbc_ingest_open(void *self, const struct stoa__ingest_config *config, void **out,
                             stoa_error *err)
{
    struct adbc_session *session = self;
    const char *engine = session->instance->engine;
    const struct {
        bool asked;
        const char *name;
    } lacking[] = {
        {config->keys[0] != '\0', "keys"},
        {config->strict, "strict tables"},
        {config->index[0] != '\0', "an index made with the rows"},
        {config->uint64_form != 0, "uint64=text"},
        {config->decimal_form != 0, "decimal=int"},
        {config->temporal_form != 0, "temporal=text"},
    };
    struct adbc_ingest *ingest;

    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++)
        if (lacking[i].asked)
            return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                              "%s: %s cannot be asked of a driver's ingest", engine,
                              lacking[i].name);
    if (session->instance->target.read_only)
        return stoa__fail(err, STOA_ERR_READ_ONLY, "%s: the database was opened for reading",
                          engine);
    ingest = stoa__alloc_zero(1, sizeof *ingest);
    if (!ingest)
        return stoa__fail_nomem(err);
    ingest->session = session;
    ingest->config = config;
    *out = ingest;
    return STOA_OK;
}

/* ---- the foreign call ---- */

/* One table of an append, on the worker. */
struct writing {
    struct adbc_session *session;
    struct adbc_unit *unit;
    struct adbc_object native;
    struct adbc_feed *feed;
    const char *table;
    const char *database; /* NULL: where the driver puts it. */
    int32_t mode;         /* enum stoa__ingest_mode */
    bool temporary;
    const struct stoa__arrow_type *columns; /* To copy out of the stage; NULL: no stage. */
    int64_t rows;                           /* Out: as the driver says. */
};

static const char *const mode_names[] = {
    [STOA__INGEST_APPEND] = "adbc.ingest.mode.append",
    [STOA__INGEST_CREATE] = "adbc.ingest.mode.create",
    [STOA__INGEST_REPLACE] = "adbc.ingest.mode.replace",
    [STOA__INGEST_CREATE_APPEND] = "adbc.ingest.mode.create_append",
};

/* Which ability an option of an ingest shows; -1: none. */
static int ability_of(const char *key, const char *value)
{
    static const int of_mode[] = {[STOA__INGEST_APPEND] = ADBC_CAN_APPEND,
                                  [STOA__INGEST_CREATE] = ADBC_CAN_CREATE,
                                  [STOA__INGEST_REPLACE] = ADBC_CAN_REPLACE,
                                  [STOA__INGEST_CREATE_APPEND] = ADBC_CAN_CREATE_APPEND};

    for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++)
        if (strcmp(value, mode_names[i]) == 0)
            return of_mode[i];
    if (strcmp(key, "adbc.ingest.temporary") == 0)
        return ADBC_CAN_TEMPORARY;
    return strcmp(key, "adbc.ingest.target_db_schema") == 0 ? ADBC_CAN_SCHEMA_INGEST : -1;
}

static stoa_status set(struct writing *writing, const char *key, const char *value,
                       stoa_error *err)
{
    struct adbc_instance *instance = writing->session->instance;
    adbc_error error = adbc_error_for(instance);
    adbc_status status =
        instance->driver->table.statement_set(&writing->native, key, value, &error);
    int ability = ability_of(key, value);

    if (ability >= 0)
        adbc_note_answer(instance, ability, status);
    if (status == ADBC_OK) {
        adbc_error_drop(&error);
        return STOA_OK;
    }
    return adbc_fail(instance, status, &error, key, err);
}

/* "catalog.schema", or a schema alone. */
static stoa_status set_database(struct writing *writing, stoa_error *err)
{
    const char *point = strchr(writing->database, '.');
    stoa_status rc = STOA_OK;
    char *catalog;

    if (!point)
        return set(writing, "adbc.ingest.target_db_schema", writing->database, err);
    catalog = stoa__copy_text(writing->database, (size_t)(point - writing->database));
    if (!catalog)
        return stoa__fail_nomem(err);
    rc = set(writing, "adbc.ingest.target_catalog", catalog, err);
    if (rc == STOA_OK)
        rc = set(writing, "adbc.ingest.target_db_schema", point + 1, err);
    stoa__free(catalog);
    return rc;
}

static stoa_status set_target(struct writing *writing, stoa_error *err)
{
    bool stages = writing->columns != NULL;
    stoa_status rc =
        set(writing, "adbc.ingest.target_table", stages ? stage_table : writing->table, err);

    if (rc == STOA_OK)
        rc = set(writing, "adbc.ingest.mode",
                 mode_names[stages ? STOA__INGEST_CREATE : writing->mode], err);
    if (rc == STOA_OK && (stages || writing->temporary))
        rc = set(writing, "adbc.ingest.temporary", "true", err);
    else if (rc == STOA_OK && writing->database)
        rc = set_database(writing, err);
    return rc;
}

static stoa_status hand_over(struct writing *writing, stoa_error *err)
{
    const struct adbc_instance *instance = writing->session->instance;
    const struct adbc_table *table = &instance->driver->table;
    struct ArrowArrayStream stream;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;
    stoa_status rc = STOA_OK;

    adbc_feed_stream(writing->feed, &stream);
    status = table->statement_bind_stream(&writing->native, &stream, &error);
    if (status == ADBC_OK) {
        adbc_error_drop(&error);
        error = adbc_error_for(instance);
        status = table->statement_execute(&writing->native, NULL, &writing->rows, &error);
    }
    if (status != ADBC_OK)
        rc = adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    stoa_stream_release(&stream);
    return rc;
}

static stoa_status write_job(void *self, stoa_error *err)
{
    struct writing *writing = self;
    stoa_status rc;

    writing->rows = -1;
    rc = set_target(writing, err);
    return rc == STOA_OK ? hand_over(writing, err) : rc;
}

/* Out of the stage, which is gone then. */
static stoa_status unload_job(void *self, stoa_error *err)
{
    struct writing *writing = self;
    stoa_status rc = adbc_copy_now(writing->session, writing->database, writing->table,
                                   writing->columns, "temp.stoa_stage", err);

    if (rc == STOA_OK)
        rc = adbc_run_now(writing->session, "DROP TABLE temp.stoa_stage", NULL, err);
    return rc;
}

/* A fresh statement for each: some drivers never forget that one was for an ingest. */
static stoa_status write_table(struct writing *writing, stoa__call *call, stoa_error *err)
{
    struct adbc_session *session = writing->session;
    stoa_status rc = adbc_native_new(session, &writing->native, err);

    if (rc != STOA_OK)
        return rc;
    rc = adbc_work_fed(session, call, &writing->native, write_job, writing, err);
    adbc_native_close(session, &writing->native);
    if (rc == STOA_OK && writing->columns)
        rc = adbc_work(session, call, NULL, unload_job, writing, err);
    return rc;
}

/* ---- columns ---- */

/* The table's columns by the source's: columns[i] is what table column i takes. DONE: the table has
 * columns the source lacks. */
static stoa_status align(const struct stoa__arrow_type *table, const struct stoa__arrow_type *rows,
                         const char *name, int32_t *columns, stoa_error *err)
{
    int32_t found = 0;

    for (int32_t i = 0; i < table->child_count; i++) {
        const char *wanted = table->children[i].name;

        columns[i] = -1;
        for (int32_t j = 0; j < rows->child_count && columns[i] < 0; j++)
            if (stoa__name_is(wanted, strlen(wanted), rows->children[j].name))
                columns[i] = j;
        found += columns[i] >= 0;
    }
    if (found < rows->child_count)
        for (int32_t j = 0; j < rows->child_count; j++) {
            int32_t i = 0;

            while (i < table->child_count && columns[i] != j)
                i++;
            if (i == table->child_count)
                return stoa__fail(err, STOA_ERR_NOT_FOUND, "table '%s' has no column '%s'", name,
                                  rows->children[j].name);
        }
    return found == table->child_count ? STOA_OK : STOA_DONE;
}

/* How the rows reach a table whose driver looks at positions alone. `columns` has room for the
 * table's; *count 0: they fit as they are. */
struct fitting {
    stoa__arena arena;
    int32_t *columns;
    int32_t count;
    bool stages;
};

static stoa_status fit(struct adbc_session *session, stoa__call *call, struct writing *writing,
                       const struct stoa__arrow_type *rows, struct fitting *out, stoa_error *err)
{
    struct stoa__arrow_type *table = NULL;
    stoa_error failure = {0};
    stoa_status rc;

    if (!session->instance->quirk->append_by_position ||
        (writing->mode != STOA__INGEST_APPEND && writing->mode != STOA__INGEST_CREATE_APPEND))
        return STOA_OK;
    rc = adbc_table_type(session, call, writing->database, writing->table, &out->arena, &table,
                         &failure);
    if (rc == STOA_ERR_NOT_FOUND && writing->mode == STOA__INGEST_CREATE_APPEND)
        return STOA_OK;
    if (rc != STOA_OK) {
        stoa__error_copy(err, &failure);
        return rc;
    }
    writing->mode = STOA__INGEST_APPEND;
    out->columns = stoa__arena_alloc_zero(&out->arena, (size_t)table->child_count + 1,
                                          sizeof *out->columns);
    if (!out->columns)
        return stoa__fail_nomem(err);
    rc = align(table, rows, writing->table, out->columns, err);
    out->stages = rc == STOA_DONE;
    out->count = rc == STOA_OK ? table->child_count : 0;
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* ---- one append ---- */

static stoa_status check_count(const struct writing *writing, stoa_error *err)
{
    int64_t rows = adbc_feed_rows(writing->feed);

    if (writing->rows < 0 || writing->rows == rows || writing->columns)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_PROTOCOL,
                      "%s: the driver took %lld rows and says that it wrote %lld",
                      writing->session->instance->engine, (long long)rows,
                      (long long)writing->rows);
}

static stoa_status write_fed(struct writing *writing, stoa__call *call,
                             struct stoa__ingest_part *part, stoa_error *err)
{
    stoa_status rc = write_table(writing, call, err);
    bool well = rc == STOA_OK;

    /* What the producer said comes first, then the driver, then the sums. */
    if (adbc_feed_failure(writing->feed, NULL) != STOA_OK)
        rc = adbc_feed_failure(writing->feed, err);
    else if (rc == STOA_OK)
        rc = adbc_feed_check(writing->feed, err);
    if (rc == STOA_OK)
        rc = check_count(writing, err);
    if (rc == STOA_OK)
        part->done = (stoa_table_done){.written = adbc_feed_rows(writing->feed)};
    writing->unit->lied = well && rc != STOA_OK;
    return rc;
}

/* Into a stage first. */
static stoa_status write_staged(struct writing *writing, stoa__call *call,
                                struct stoa__ingest_part *part, stoa_error *err)
{
    struct adbc_stage stage = {.session = writing->session,
                               .database = writing->database,
                               .table = writing->table,
                               .mode = writing->mode};
    stoa_status rc;

    if (writing->temporary)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "%s: without transactions, an ingest into a temporary table cannot be "
                          "all or none (atomic=best_effort tries)",
                          writing->session->instance->engine);
    rc = adbc_stage_open(&stage, call, err);
    if (rc != STOA_OK)
        return rc;
    writing->table = stage.name;
    writing->mode = STOA__INGEST_CREATE;
    rc = write_fed(writing, call, part, err);
    if (rc == STOA_OK && stoa__call_should_stop(call))
        rc = stoa__call_fail(call, err);
    if (rc == STOA_OK)
        return adbc_stage_publish(&stage, part->source->type, err);
    adbc_stage_drop(&stage, err);
    return rc;
}

/* `again`: the ingest has written to this table before. */
static stoa_status write_part(struct adbc_ingest *ingest, stoa__call *call,
                              struct stoa__ingest_part *part, struct adbc_unit *unit, bool again,
                              stoa_error *err)
{
    const struct stoa__ingest_config *config = part->config;
    struct adbc_session *session = ingest->session;
    struct writing writing = {
        .session = session, .unit = unit, .table = part->table, .mode = config->mode};
    const struct stoa__arrow_type *type = part->source->type;
    struct fitting fitting = {0};
    stoa_status rc;

    /* What is made is made once; a push makes what it does not find. */
    if ((again && (config->mode == STOA__INGEST_CREATE || config->mode == STOA__INGEST_REPLACE)) ||
        (part->create && config->mode == STOA__INGEST_APPEND))
        writing.mode = STOA__INGEST_CREATE_APPEND;
    writing.temporary = strcmp(config->database, "temp") == 0;
    if (!writing.temporary && strcmp(config->database, "main") != 0)
        writing.database = config->database;
    if (part->truncate_count != 0)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: truncating ingests are not supported",
                          session->instance->engine);
    rc = fit(session, call, &writing, type, &fitting, err);
    if (rc == STOA_OK)
        rc = adbc_feed_new(session, part->source, call,
                           fitting.count > 0 ? fitting.columns : NULL, fitting.count, config->nan,
                           &writing.feed, err);
    if (rc == STOA_OK) {
        writing.columns = fitting.stages ? type : NULL;
        rc = unit->kind == ADBC_UNIT_STAGE ? write_staged(&writing, call, part, err)
                                           : write_fed(&writing, call, part, err);
        adbc_feed_end(writing.feed);
    }
    stoa__arena_release(&fitting.arena);
    return rc;
}

/* There are no transactions: by which other way is it all or nothing? */
static stoa_status settle_unit(struct adbc_unit *unit, int64_t part_count, stoa_error *err)
{
    const struct adbc_instance *instance = unit->session->instance;

    if (instance->target.best_effort)
        return STOA_OK;
    unit->kind = instance->quirk->atomic_ingest ? ADBC_UNIT_DRIVER : ADBC_UNIT_STAGE;
    if (part_count <= 1)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s: the driver has no transactions: rows for several tables cannot be all "
                      "or none (atomic=best_effort tries)",
                      instance->engine);
}

static stoa_status write_parts(struct adbc_ingest *ingest, stoa__call *call,
                               struct stoa__ingest_part *parts, int64_t part_count,
                               stoa_error *err)
{
    struct adbc_unit unit;
    stoa_status rc = adbc_unit_begin(&unit, ingest->session, call, err);

    if (rc == STOA_OK && unit.kind == ADBC_UNIT_NONE)
        rc = settle_unit(&unit, part_count, err);
    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < part_count && rc == STOA_OK; i++) {
        bool again = ingest->written;

        for (int64_t before = 0; before < i && !again; before++)
            again = stoa__name_is(parts[i].table, strlen(parts[i].table), parts[before].table);
        rc = write_part(ingest, call, &parts[i], &unit, again, err);
    }
    return adbc_unit_end(&unit, call, rc, err);
}

stoa_status adbc_ingest_append(void *self, stoa__call *call, struct stoa__ingest_part *parts,
                               int64_t part_count, int32_t *level, stoa_error *err)
{
    struct adbc_ingest *ingest = self;
    struct adbc_session *session = ingest->session;
    bool begins = ingest->config->unit == 1 && session->transaction == STOA_TRANSACTION_NONE;
    stoa_error failure = {0};
    stoa_status rc = adbc_make_room(session, call, true, err);

    if (rc == STOA_OK && begins)
        rc = adbc_begin(session, call, STOA_BEGIN_LAZY, err);
    if (rc != STOA_OK)
        return rc;
    ingest->began = ingest->began || begins;
    rc = write_parts(ingest, call, parts, part_count, &failure);
    if (rc != STOA_OK) {
        if (begins) {
            (void)adbc_rollback(session, NULL);
            ingest->began = false;
        }
        stoa__error_copy(err, &failure);
        return rc;
    }
    ingest->written = true;
    if (session->transaction != STOA_TRANSACTION_NONE)
        *level = STOA_ACK_ACCEPTED;
    else
        *level = session->instance->quirk->durable_commit ? STOA_ACK_DURABLE : STOA_ACK_COMMITTED;
    return STOA_OK;
}

stoa_status adbc_ingest_commit(void *self, stoa__call *call, stoa_error *err)
{
    struct adbc_ingest *ingest = self;
    stoa_status rc;

    if (!ingest->began)
        return STOA_OK; /* The caller's transaction decides. */
    rc = adbc_commit(ingest->session, call, err);
    if (rc == STOA_OK || ingest->session->transaction == STOA_TRANSACTION_NONE)
        ingest->began = false;
    return rc;
}

stoa_status adbc_ingest_sync(void *self, stoa__call *call, stoa_error *err)
{
    struct adbc_ingest *ingest = self;
    const struct adbc_instance *instance = ingest->session->instance;

    if (instance->quirk->durable_commit)
        return stoa__call_check(call, err);
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s: whether commits are durable is not known of this database",
                      instance->engine);
}

void adbc_ingest_close(void *self)
{
    struct adbc_ingest *ingest = self;

    if (ingest->began && ingest->session->transaction != STOA_TRANSACTION_NONE)
        (void)adbc_rollback(ingest->session, NULL);
    stoa__free(ingest);
}
