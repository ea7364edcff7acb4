/* SPDX-License-Identifier: Apache-2.0 */
#include "core/db.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/enter.h"
#include "core/pool.h"
#include "core/target.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

/* ---- settings ---- */

#define READ_FIELD(field) offsetof(struct stoa__read_config, field)

static const char types_choices[] = "declared|affinity|infer|exact";
static const char mismatch_choices[] = "error|null|text|union";
static const char nan_choices[] = "error|null";

static const struct stoa__setting read_settings[] = {
    {.key = "batch_rows",
     .type = STOA__SETTING_INT,
     .offset = READ_FIELD(batch_rows),
     .min = 1,
     .max = STOA__BATCH_ROWS_MAX},
    {.key = "types",
     .type = STOA__SETTING_CHOICE,
     .offset = READ_FIELD(types),
     .choices = types_choices},
    {.key = "type_mismatch",
     .type = STOA__SETTING_CHOICE,
     .offset = READ_FIELD(type_mismatch),
     .choices = mismatch_choices},
    {.key = "nan",
     .type = STOA__SETTING_CHOICE,
     .offset = READ_FIELD(nan),
     .choices = nan_choices},
};

static const struct stoa__setting pool_settings[] = {
    {.key = "pool_idle_max",
     .type = STOA__SETTING_INT,
     .offset = 0,
     .min = 0,
     .max = 1024},
};

stoa_status stoa__read_config_set(struct stoa__read_config *read,
                                  stoa__settings *settings, stoa_error *err)
{
    return stoa__settings_read(settings, "connection", read_settings,
                               sizeof read_settings / sizeof *read_settings, read, err);
}

/* ---- the object ---- */

static void db_free(struct stoa__db *db)
{
    stoa__free(db->target);
    stoa__mutex_release(&db->lock);
    stoa__free(db);
}

static void db_closing(struct stoa__object *object)
{
    stoa__pool_empty((struct stoa__db *)object, true);
}

static void db_destroy(struct stoa__object *object)
{
    struct stoa__db *db = (struct stoa__db *)object;

    assert(!db->sessions && !db->idle && db->session_count == 0);
    db->engine->close(db->instance);
    db_free(db);
}

static const struct stoa__class db_class = {
    .kind = STOA__KIND_DB, .closing = db_closing, .destroy = db_destroy};

static struct stoa__db *db_new(const char *target, size_t target_size)
{
    struct stoa__db *db = stoa__alloc_zero(1, sizeof *db);

    if (!db)
        return NULL;
    stoa__mutex_init(&db->lock);
    db->pool_idle_max = STOA__POOL_IDLE_MAX;
    db->read.batch_rows = STOA__BATCH_ROWS_DEFAULT;
    db->target = stoa__target_mask(target, target_size);
    if (db->target)
        return db;
    db_free(db);
    return NULL;
}

static stoa_status open_instance(struct stoa__db *db, const struct stoa__target *target,
                                 stoa__settings *settings, stoa__call *call,
                                 stoa_error *err)
{
    stoa_status rc;

    db->engine = stoa__engine_find(target->engine, err);
    if (!db->engine)
        return STOA_ERR_NOT_FOUND;
    rc = stoa__settings_read(settings, "database", pool_settings, 1, &db->pool_idle_max,
                             err);
    if (rc == STOA_OK)
        rc = stoa__read_config_set(&db->read, settings, err);
    if (rc == STOA_OK)
        rc = db->engine->open(target->rest, settings, call, &db->instance, err);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__settings_read(settings, "database", pool_settings, 1, &db->pool_idle_max,
                             err);
    if (rc == STOA_OK) /* Again: the engine may have found more in its own text. */
        rc = stoa__read_config_set(&db->read, settings, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(settings, db->engine->name, err);
    if (rc != STOA_OK)
        db->engine->close(db->instance);
    return rc;
}

static stoa_status db_open(struct stoa__db *db, const char *target, size_t target_size,
                           const stoa_option *options, int64_t option_count,
                           stoa__call *call, stoa_db *out, stoa_error *err)
{
    stoa__settings settings = {0};
    struct stoa__target parts = {0};
    stoa_status rc = stoa__target_parse(target, target_size, &settings, &parts, err);

    if (rc == STOA_OK)
        rc = stoa__settings_add(&settings, options, option_count, err);
    if (rc == STOA_OK)
        rc = open_instance(db, &parts, &settings, call, err);
    stoa__settings_release(&settings);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__object_open(&db->object, &db_class, NULL, &out->id, err);
    if (rc != STOA_OK)
        db->engine->close(db->instance);
    return rc;
}

stoa_status stoa_open(stoa_op op, const char *target, int64_t target_size,
                      const stoa_option *options, int64_t option_count, stoa_db *out,
                      stoa_error *err)
{
    struct stoa__db *db;
    stoa__call call;
    size_t size = 0;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_db){0};
    rc = stoa__text_size("target", target, target_size, STOA__TARGET_BYTES_MAX, &size,
                         err);
    if (rc == STOA_OK)
        rc = stoa__fork_check(err);
    if (rc == STOA_OK)
        rc = stoa__call_begin(&call, op, NULL, err);
    if (rc != STOA_OK)
        return rc;
    db = db_new(target, size);
    rc = db ? db_open(db, target, size, options, option_count, &call, out, err)
            : stoa__fail_nomem(err);
    if (rc != STOA_OK && db)
        db_free(db);
    stoa__call_end(&call);
    return rc;
}

void stoa_db_close(stoa_db db)
{
    stoa__object_close(db.id, STOA__KIND_DB);
}

/* ---- calls on it ---- */

stoa_status stoa__db_fail_stopping(stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_CLOSED, "the database is shutting down");
}

static stoa_status db_pin(stoa_db handle, struct stoa__db **out, stoa_error *err)
{
    struct stoa__object *object = NULL;
    stoa_status rc = stoa__object_pin(handle.id, STOA__KIND_DB, &object, err);

    *out = (struct stoa__db *)object;
    return rc;
}

stoa_status stoa__db_enter(struct stoa__db_entry *entry, stoa_db handle, stoa_op op,
                           stoa_error *err)
{
    stoa_status rc = db_pin(handle, &entry->db, err);

    if (rc != STOA_OK)
        return rc;
    if (atomic_load(&entry->db->stopping))
        rc = stoa__db_fail_stopping(err);
    else
        rc = stoa__call_begin(&entry->call, op, &entry->db->object, err);
    if (rc != STOA_OK)
        stoa__object_unpin(&entry->db->object);
    return rc;
}

void stoa__db_leave(struct stoa__db_entry *entry)
{
    stoa__call_end(&entry->call);
    stoa__object_unpin(&entry->db->object);
}

stoa_status stoa_db_supports(stoa_db handle, int32_t capability, int32_t *out,
                             stoa_error *err)
{
    struct stoa__db *db;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = 0;
    rc = db_pin(handle, &db, err);
    if (rc != STOA_OK)
        return rc;
    if (stoa__capability_name(capability))
        *out = stoa__engine_can(db->engine, capability) &&
               (!STOA__HAS(db->engine, lacking) ||
                (db->engine->lacking(db->instance) & STOA__CAN(capability)) == 0);
    else
        rc = stoa__fail(err, STOA_ERR_INVALID, "%d is not a STOA_CAN", (int)capability);
    stoa__object_unpin(&db->object);
    return rc;
}

/* ---- properties ---- */

void stoa__text_out(const char *value, size_t value_size, char *text,
                    int64_t text_capacity, int64_t *text_size)
{
    if (text_size)
        *text_size = (int64_t)value_size;
    if (text_capacity <= 0)
        return;
    if (value_size >= (size_t)text_capacity)
        value_size = (size_t)text_capacity - 1;
    if (value_size > 0)
        memcpy(text, value, value_size);
    text[value_size] = '\0';
}

/* The `index`-th of "a|b|c". */
static stoa_status append_choice(stoa__buffer *out, const char *choices, int32_t index)
{
    for (; index > 0; index--)
        choices = strchr(choices, '|') + 1;
    return stoa__buffer_append(out, choices, strcspn(choices, "|"));
}

/* NOT_FOUND when the core has no such property. */
static stoa_status own_property(struct stoa__db *db, const char *name, stoa__buffer *out)
{
    if (strcmp(name, "engine") == 0)
        return stoa__buffer_append_text(out, db->engine->name);
    if (strcmp(name, "target") == 0)
        return stoa__buffer_append_text(out, db->target);
    if (strcmp(name, "pool_idle_max") == 0)
        return stoa__buffer_format(out, "%lld", (long long)db->pool_idle_max);
    if (strcmp(name, "batch_rows") == 0)
        return stoa__buffer_format(out, "%lld", (long long)db->read.batch_rows);
    if (strcmp(name, "types") == 0)
        return append_choice(out, types_choices, db->read.types);
    if (strcmp(name, "type_mismatch") == 0)
        return append_choice(out, mismatch_choices, db->read.type_mismatch);
    if (strcmp(name, "nan") == 0)
        return append_choice(out, nan_choices, db->read.nan);
    return STOA_ERR_NOT_FOUND;
}

static stoa_status find_property(struct stoa__db *db, const char *name, stoa__buffer *out,
                                 stoa_error *err)
{
    stoa_status rc = own_property(db, name, out);

    if (rc == STOA_ERR_NOMEM)
        return stoa__fail_nomem(err);
    if (rc == STOA_OK)
        return rc;
    if (STOA__HAS(db->engine, property))
        return db->engine->property(db->instance, name, out, err);
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "%s has no property '%s'",
                      db->engine->name, name);
}

stoa_status stoa_db_property(stoa_db handle, const char *name, int64_t name_size,
                             char *text, int64_t text_capacity, int64_t *text_size,
                             stoa_error *err)
{
    stoa__buffer value = {0};
    struct stoa__db *db;
    char *copy = NULL;
    stoa_status rc;

    if (text_size)
        *text_size = 0;
    if (text_capacity < 0 || (!text && text_capacity > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "text_capacity is %lld and text is %s",
                          (long long)text_capacity, text ? "not NULL" : "NULL");
    if (text_capacity > 0)
        text[0] = '\0';
    rc = stoa__name_copy("name", name, name_size, &copy, err);
    if (rc != STOA_OK)
        return rc;
    rc = db_pin(handle, &db, err);
    if (rc == STOA_OK) {
        rc = find_property(db, copy, &value, err);
        stoa__object_unpin(&db->object);
    }
    if (rc == STOA_OK)
        stoa__text_out((const char *)value.data, value.size, text, text_capacity,
                       text_size);
    stoa__buffer_release(&value);
    stoa__free(copy);
    return rc;
}
