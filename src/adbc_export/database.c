/* SPDX-License-Identifier: Apache-2.0 */
/* The database of the interface: options until it is initialised, then a stoa_db. */
#include "adbc_export/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"

#include <string.h>

#include "base/ban.h"

AdbcStatusCode stoa__driver_database_new(struct AdbcDatabase *self, struct AdbcError *error)
{
    struct driver_node *node;
    stoa_error failure;

    if (!self)
        return stoa__driver_fail_null(error, "database");
    self->private_data = NULL;
    node = stoa__driver_node_new(sizeof(struct driver_database));
    if (!node) {
        stoa__fail_nomem(&failure);
        return stoa__driver_fail_stoa(error, &failure);
    }
    if (stoa__driver_node_open(node, STOA__KIND_ADBC_DATABASE, NULL, &self->private_data,
                               &failure) != STOA_OK)
        return stoa__driver_fail_stoa(error, &failure);
    return ADBC_STATUS_OK;
}

/* ---- options ---- */

AdbcStatusCode stoa__driver_database_set(struct driver_database *database, const char *key,
                                         const struct driver_value *value,
                                         struct AdbcError *error)
{
    bool plain = strcmp(key, "uri") == 0 || strcmp(key, "username") == 0 ||
                 strcmp(key, "password") == 0;

    if (!plain && !stoa__driver_key_behind(key, "stoa."))
        return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                                 "a database has no option %s; there are uri, username, "
                                 "password and stoa.*",
                                 key);
    if (value->type == DRIVER_BYTES || (plain && value->type != DRIVER_TEXT))
        return stoa__driver_fail_value(error, key, "text");
    if (database->db.id != 0)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                 "%s is set before the database is initialised", key);
    return stoa__driver_remember(&database->node, key, value, error);
}

static void list_capabilities(stoa_db db, struct driver_room *out)
{
    char text[sizeof out->text] = "";
    size_t at = 0;

    for (int32_t i = 1; i <= STOA__CAPABILITY_MAX; i++) {
        const char *name = stoa__capability_name(i);
        int32_t can = 0;

        if (!name || stoa_db_supports(db, i, &can, NULL) != STOA_OK || !can ||
            at + strlen(name) + 2 > sizeof text)
            continue;
        if (at > 0)
            text[at++] = ',';
        memcpy(text + at, name, strlen(name) + 1);
        at += strlen(name);
    }
    stoa__driver_room_text(out, text);
}

bool stoa__driver_database_get(stoa_db db, const char *key, struct driver_room *out)
{
    const char *name = stoa__driver_key_behind(key, "stoa.");

    if (!name)
        return false;
    if (strcmp(name, "version") == 0) {
        stoa__driver_room_text(out, stoa_version());
        return true;
    }
    if (db.id == 0)
        return false;
    if (strcmp(name, "handle") == 0)
        stoa__driver_room_int(out, (int64_t)db.id);
    else if (strcmp(name, "capabilities") == 0)
        list_capabilities(db, out);
    else if (stoa_db_property(db, name, STOA_NUL, out->text, sizeof out->text, NULL, NULL) ==
             STOA_OK)
        out->value = (struct driver_value){DRIVER_TEXT, out->text, strlen(out->text), 0, 0};
    else
        return false;
    return true;
}

/* ---- opening ---- */

/* A driver manager passes stoa:/a/b on as it is, and stoa:b as b. */
static const char *without_scheme(const char *uri)
{
    const char *rest = stoa__driver_key_behind(uri, "stoa:");

    if (!rest)
        return uri;
    return strncmp(rest, "//", 2) == 0 ? rest + 2 : rest;
}

/* The target: the uri, behind the engine if one is given. Freed by the caller. */
static stoa_status make_target(struct driver_database *database, char **out, stoa_error *err)
{
    const char *uri = stoa__driver_settings_text(database->node.settings, "uri");
    const char *engine = stoa__driver_settings_text(database->node.settings, "stoa.engine");
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    *out = NULL;
    if (!uri)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the option uri is not set: it is the target, such as app.db or "
                          ":memory:");
    uri = without_scheme(uri);
    if (engine)
        rc = stoa__buffer_format(&text, "%s:", engine);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&text, uri);
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&text);
    if (rc != STOA_OK) {
        stoa__buffer_release(&text);
        return stoa__fail_nomem(err);
    }
    *out = (char *)stoa__buffer_take(&text);
    return STOA_OK;
}

static stoa_status make_options(struct driver_database *database, struct driver_options *out,
                                stoa_error *err)
{
    static const char *const plain[] = {"username", "password"};
    stoa_status rc = stoa__driver_options_make(database->node.settings, "stoa.", out, err);
    int64_t kept = 0;

    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < out->count; i++)
        if (strcmp(out->list[i].key, "engine") != 0)
            out->list[kept++] = out->list[i];
    out->count = kept;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const char *text = stoa__driver_settings_text(database->node.settings, plain[i]);

        if (text)
            stoa__driver_options_add(out, plain[i], text);
    }
    return STOA_OK;
}

static stoa_status init(struct driver_database *database, stoa_error *err)
{
    struct driver_options options;
    char *target = NULL;
    stoa_db db = {0};
    stoa_status rc;

    rc = make_options(database, &options, err);
    if (rc != STOA_OK)
        return rc;
    rc = make_target(database, &target, err);
    if (rc == STOA_OK)
        rc = stoa_open((stoa_op){0}, target, STOA_NUL, options.list, options.count, &db, err);
    stoa__driver_options_release(&options);
    stoa__free(target);
    if (rc != STOA_OK)
        return rc;
    stoa__mutex_lock(&database->node.lock);
    database->db = db;
    stoa__mutex_unlock(&database->node.lock);
    /* Released by another thread meanwhile: its closing() may have come too early. */
    if (atomic_load(&database->node.object.closed))
        stoa_db_close(db);
    return STOA_OK;
}

AdbcStatusCode stoa__driver_database_init(struct AdbcDatabase *self, struct AdbcError *error)
{
    struct driver_database *database;
    struct driver_node *node;
    stoa_error failure;
    AdbcStatusCode status =
        stoa__driver_enter(self, STOA__KIND_ADBC_DATABASE, &node, error);

    if (status != ADBC_STATUS_OK)
        return status;
    database = (struct driver_database *)(void *)node;
    if (database->db.id != 0)
        status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                   "this database is initialised already");
    else if (init(database, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(node, status);
}
