/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_apply() and stoa_collection_create(). */
#include "collection/apply.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/settings.h"
#include "collection/file.h"
#include "collection/rules.h"
#include "collection/sql.h"
#include "engine/sqlite/place.h"

#include <string.h>

#include "base/ban.h"

#define SQL_BYTES_MAX INT64_C(1000000000) /* As for every text of SQL. */

/* ---- on a connection ---- */

stoa_status collection_validate(struct collection_call *call, bool basic, stoa_error *err)
{
    struct collection_model *model = NULL;
    stoa_status rc = collection_load_raw(call, &model, err);

    if (rc == STOA_OK)
        rc = collection_rules_pass(model, !basic, err);
    collection_model_free(model);
    return rc;
}

static stoa_status apply(struct collection_call *call, const char *sql, size_t size, bool basic,
                         stoa_error *err)
{
    int64_t count = 0;
    stoa_status rc = collection_sql_script(call, sql, size, NULL, &count, err);

    if (rc == STOA_OK && count == 0)
        rc = stoa__fail(err, STOA_ERR_INVALID, "Cannot apply_schema: schema file is empty");
    return rc == STOA_OK ? collection_validate(call, basic, err) : rc;
}

stoa_status collection_apply(struct collection_call *call, const char *sql, size_t size, bool basic,
                             stoa_error *err)
{
    stoa_status rc = collection_write_begin(call, err);

    if (rc != STOA_OK)
        return rc;
    return collection_write_end(call, apply(call, sql, size, basic, err), err);
}

/* `basic` NULL: by the connection's policy. */
static stoa_status apply_on(stoa_conn conn, stoa_op op, const char *sql, size_t size,
                            const bool *basic, stoa_error *err)
{
    struct collection_call call;
    stoa_status rc = collection_enter_bare(&call, conn, op, "apply_schema", err);

    if (rc != STOA_OK)
        return rc;
    rc = collection_apply(&call, sql, size, basic ? *basic : call.state->policy.rules_basic, err);
    return collection_leave(&call, rc);
}

stoa_status stoa_collection_apply(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                                  stoa_error *err)
{
    size_t size = 0;
    const stoa_status rc = stoa__text_size("sql", sql, sql_size, SQL_BYTES_MAX, &size, err);

    return rc == STOA_OK ? apply_on(conn, op, sql ? sql : "", size, NULL, err) : rc;
}

/* ---- to a new file ---- */

struct creation {
    int32_t if_exists; /* 1: replace. */
    int32_t rules;     /* 1: basic. */
    int32_t journal;   /* 1: delete. */
    bool read_only;
    const char *schema_file; /* "": `sql` is the schema. */
};

static const struct stoa__setting settings_table[] = {
    {.key = "if_exists",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct creation, if_exists),
     .choices = "refuse|replace"},
    {.key = "rules",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct creation, rules),
     .choices = "all|basic"},
    {.key = "journal",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct creation, journal),
     .choices = "wal|delete"},
    {.key = "read_only",
     .type = STOA__SETTING_BOOL,
     .offset = offsetof(struct creation, read_only)},
    {.key = "schema_file",
     .type = STOA__SETTING_TEXT,
     .offset = offsetof(struct creation, schema_file)},
};

/* Texts in `out` are those of `settings`. */
static stoa_status read_settings(stoa__settings *settings, const stoa_option *options,
                                 int64_t option_count, struct creation *out, stoa_error *err)
{
    stoa_status rc = stoa__settings_add(settings, options, option_count, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(settings, "collection", settings_table,
                                 sizeof settings_table / sizeof *settings_table, out, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(settings, "collection", err);
    if (rc == STOA_OK && out->read_only)
        rc = stoa__fail(err, STOA_ERR_READ_ONLY,
                        "Cannot from_schema: read_only mode (use Database constructor to open "
                        "existing)");
    return rc;
}

/* Closed in the end, so that the file is all there is. */
static stoa_status build(stoa_op op, const char *path, const char *sql, size_t size,
                         const struct creation *creation, stoa_error *err)
{
    const stoa_option options[] = {{"journal", creation->journal ? "delete" : "wal"}};
    const bool basic = creation->rules != 0;
    stoa_conn conn;
    stoa_db db;
    stoa_status rc = stoa_open(op, path, STOA_NUL, options, 1, &db, err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa_connect(db, op, NULL, 0, &conn, err);
    if (rc == STOA_OK)
        rc = apply_on(conn, op, sql, size, &basic, err);
    if (rc == STOA_OK)
        rc = stoa_db_shutdown(db, op, err);
    stoa_db_close(db);
    return rc;
}

static stoa_status create(stoa_op op, const char *path, const char *sql, size_t size,
                          const struct creation *creation, stoa_error *err)
{
    struct sqlite_place place;
    stoa_status rc = sqlite_place_open(path, creation->if_exists != 0, &place, err);

    if (rc == STOA_OK)
        rc = build(op, place.made, sql, size, creation, err);
    else
        stoa__wrap(err, "Cannot from_schema");
    if (rc == STOA_OK) {
        rc = sqlite_place_take(&place, err);
        if (rc != STOA_OK)
            stoa__wrap(err, "Cannot from_schema");
    }
    sqlite_place_close(&place);
    return rc;
}

static stoa_status create_from_file(stoa_op op, const char *path, const struct creation *creation,
                                    stoa_error *err)
{
    const char *file = creation->schema_file;
    stoa__buffer sql = {0};
    stoa_status rc = collection_read_file(file, &sql, err);

    if (rc == STOA_ERR_NOT_FOUND)
        rc = stoa__fail(err, rc, "Schema file not found: %s", file);
    else if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
        stoa__wrap(err, "Failed to apply_schema: could not open file: %s", file);
    else if (rc == STOA_OK && sql.size == 0)
        rc = stoa__fail(err, STOA_ERR_INVALID, "Cannot apply_schema: schema file is empty: %s",
                        file);
    if (rc == STOA_OK)
        rc = create(op, path, (const char *)sql.data, sql.size, creation, err);
    stoa__buffer_release(&sql);
    return rc;
}

static stoa_status create_named(stoa_op op, const char *path, const char *sql, size_t size,
                                const struct creation *creation, stoa_error *err)
{
    if (strcmp(path, ":memory:") == 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "Cannot from_schema: a database in memory is opened, and the schema "
                          "applied to it");
    if (!*creation->schema_file)
        return create(op, path, sql ? sql : "", size, creation, err);
    if (size > 0)
        return stoa__fail(err, STOA_ERR_INVALID, "both sql and schema_file are given");
    return create_from_file(op, path, creation, err);
}

stoa_status stoa_collection_create(stoa_op op, const char *path, int64_t path_size,
                                   const char *sql, int64_t sql_size, const stoa_option *options,
                                   int64_t option_count, stoa_error *err)
{
    struct creation creation = {.schema_file = ""};
    stoa__settings settings = {0};
    size_t size = 0, sql_bytes = 0;
    char *name = NULL;
    stoa_status rc =
        stoa__text_size("path", path, path_size, STOA__TARGET_BYTES_MAX, &size, err);

    if (rc == STOA_OK)
        rc = stoa__text_size("sql", sql, sql_size, SQL_BYTES_MAX, &sql_bytes, err);
    if (rc == STOA_OK && (size == 0 || memchr(path, '\0', size)))
        rc = stoa__fail(err, STOA_ERR_INVALID, "path is empty or holds a NUL");
    if (rc == STOA_OK)
        rc = read_settings(&settings, options, option_count, &creation, err);
    if (rc == STOA_OK) {
        name = stoa__copy_text(path, size);
        rc = name ? create_named(op, name, sql, sql_bytes, &creation, err)
                  : stoa__fail_nomem(err);
    }
    stoa__free(name);
    stoa__settings_release(&settings);
    return rc;
}
