/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of the interface: options, autocommit, and the ends of transactions. */
#include "adbc_export/parts.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#include "base/ban.h"

#define AUTOCOMMIT "adbc.connection.autocommit"
#define READ_ONLY "adbc.connection.readonly"
#define CATALOG "adbc.connection.catalog"
#define ISOLATION "adbc.connection.transaction.isolation_level"
#define ISOLATION_LEVEL "adbc.connection.transaction.isolation."

AdbcStatusCode stoa__driver_connection_new(struct AdbcConnection *self, struct AdbcError *error)
{
    struct driver_node *node;
    stoa_error failure;

    if (!self)
        return stoa__driver_fail_null(error, "connection");
    self->private_data = NULL;
    node = stoa__driver_node_new(sizeof(struct driver_connection));
    if (!node) {
        stoa__fail_nomem(&failure);
        return stoa__driver_fail_stoa(error, &failure);
    }
    if (stoa__driver_node_open(node, STOA__KIND_ADBC_CONNECTION, NULL, &self->private_data,
                               &failure) != STOA_OK)
        return stoa__driver_fail_stoa(error, &failure);
    return ADBC_STATUS_OK;
}

/* ---- what the database is ---- */

static bool property_is(stoa_db db, const char *name, const char *value)
{
    char text[64] = "";

    return stoa_db_property(db, name, STOA_NUL, text, sizeof text, NULL, NULL) == STOA_OK &&
           strcmp(text, value) == 0;
}

static AdbcStatusCode check_transactions(stoa_db db, struct AdbcError *error)
{
    stoa_error failure;
    int32_t can = 0;

    if (stoa_db_supports(db, STOA_CAN_TRANSACTIONS, &can, &failure) != STOA_OK)
        return stoa__driver_fail_stoa(error, &failure);
    return can ? ADBC_STATUS_OK
               : stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                                   "this engine has no transactions: autocommit stays on");
}

static AdbcStatusCode check_read_only(stoa_db db, bool wanted, struct AdbcError *error)
{
    if (wanted == property_is(db, "read_only", "yes"))
        return ADBC_STATUS_OK;
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "a connection reads and writes as its database does: set "
                             "stoa.read_only on that");
}

static AdbcStatusCode check_isolation(stoa_db db, const char *value, struct AdbcError *error)
{
    const char *level = stoa__driver_key_behind(value, ISOLATION_LEVEL);

    if (!level)
        return stoa__driver_fail_value(error, ISOLATION, "an isolation level");
    if (strcmp(level, "default") == 0 ||
        (strcmp(level, "serializable") == 0 && property_is(db, "engine", "sqlite")))
        return ADBC_STATUS_OK;
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "this engine does not offer the isolation level %s", level);
}

static AdbcStatusCode check_catalog(stoa_db db, const char *value, struct AdbcError *error)
{
    if (property_is(db, "engine", "sqlite") && strcmp(value, "main") == 0)
        return ADBC_STATUS_OK;
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "the current catalog of this engine cannot be changed");
}

/* ---- transactions ---- */

static stoa_status end_transaction(struct driver_connection *connection, bool commit,
                                   stoa_error *err)
{
    int32_t state = STOA_TRANSACTION_NONE;
    stoa_op op = {0};
    stoa_status rc = stoa_conn_transaction(connection->conn, &state, err);

    if (rc != STOA_OK || state == STOA_TRANSACTION_NONE)
        return rc;
    rc = stoa__driver_op_open(&connection->node, &op, err);
    if (rc != STOA_OK)
        return rc;
    rc = commit ? stoa_commit(connection->conn, op, err)
                : stoa_rollback(connection->conn, op, err);
    stoa_op_close(op);
    return rc;
}

static AdbcStatusCode end(struct AdbcConnection *self, bool commit, struct AdbcError *error)
{
    struct driver_connection *connection;
    AdbcStatusCode status = stoa__driver_enter_open(self, &connection, error);
    stoa_error failure;

    if (status != ADBC_STATUS_OK)
        return status;
    if (!connection->manual)
        status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                   "there is nothing to %s: autocommit is on",
                                   commit ? "commit" : "roll back");
    else if (end_transaction(connection, commit, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(&connection->node, status);
}

AdbcStatusCode stoa__driver_commit(struct AdbcConnection *self, struct AdbcError *error)
{
    return end(self, true, error);
}

AdbcStatusCode stoa__driver_rollback(struct AdbcConnection *self, struct AdbcError *error)
{
    return end(self, false, error);
}

static AdbcStatusCode set_autocommit(struct driver_connection *connection, bool on,
                                     struct AdbcError *error)
{
    AdbcStatusCode status = ADBC_STATUS_OK;
    stoa_error failure;

    if (!on)
        status = check_transactions(connection->db, error);
    else if (connection->manual && end_transaction(connection, true, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    if (status == ADBC_STATUS_OK)
        connection->manual = !on;
    return status;
}

/* ---- options ---- */

/* Of an initialised connection. */
static AdbcStatusCode apply(struct driver_connection *connection, const char *key,
                            const struct driver_value *value, struct AdbcError *error)
{
    bool on = false;

    stoa__driver_value_bool(value, &on);
    if (strcmp(key, AUTOCOMMIT) == 0)
        return set_autocommit(connection, on, error);
    if (strcmp(key, READ_ONLY) == 0)
        return check_read_only(connection->db, on, error);
    if (strcmp(key, ISOLATION) == 0)
        return check_isolation(connection->db, value->bytes, error);
    if (strcmp(key, CATALOG) == 0)
        return check_catalog(connection->db, value->bytes, error);
    return ADBC_STATUS_OK;
}

static AdbcStatusCode apply_setting(struct driver_connection *connection, const char *key,
                                    const struct driver_value *value, struct AdbcError *error)
{
    struct driver_setting one = {NULL, NULL, *value};
    struct driver_options options;
    stoa_error failure;
    stoa_status rc;

    one.key = stoa__copy_text(key, strlen(key));
    if (!one.key) {
        stoa__fail_nomem(&failure);
        return stoa__driver_fail_stoa(error, &failure);
    }
    rc = stoa__driver_options_make(&one, "stoa.", &options, &failure);
    stoa__free(one.key);
    if (rc == STOA_OK)
        rc = stoa_conn_set(connection->conn, options.list, options.count, &failure);
    stoa__driver_options_release(&options);
    return rc == STOA_OK ? ADBC_STATUS_OK : stoa__driver_fail_stoa(error, &failure);
}

/* What can be told without a database. */
static AdbcStatusCode check(const char *key, const struct driver_value *value,
                            struct AdbcError *error)
{
    int64_t number;
    bool on;

    if (strcmp(key, "stoa.deadline_ms") == 0)
        return stoa__driver_value_int(value, &number) && number >= 0
                   ? ADBC_STATUS_OK
                   : stoa__driver_fail_value(error, key, "a number of milliseconds");
    if (value->type == DRIVER_BYTES)
        return stoa__driver_fail_value(error, key, "text");
    if (stoa__driver_key_behind(key, "stoa."))
        return ADBC_STATUS_OK;
    if (strcmp(key, AUTOCOMMIT) == 0 || strcmp(key, READ_ONLY) == 0)
        return stoa__driver_value_bool(value, &on)
                   ? ADBC_STATUS_OK
                   : stoa__driver_fail_value(error, key, "true or false");
    if (strcmp(key, ISOLATION) == 0 || strcmp(key, CATALOG) == 0)
        return value->type == DRIVER_TEXT ? ADBC_STATUS_OK
                                          : stoa__driver_fail_value(error, key, "text");
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "a connection has no option %s that can be set", key);
}

AdbcStatusCode stoa__driver_connection_set(struct driver_connection *connection, const char *key,
                                           const struct driver_value *value,
                                           struct AdbcError *error)
{
    AdbcStatusCode status = check(key, value, error);
    bool ours = stoa__driver_key_behind(key, "stoa.") && strcmp(key, "stoa.deadline_ms") != 0;

    if (status == ADBC_STATUS_OK && connection->conn.id != 0)
        status = ours ? apply_setting(connection, key, value, error)
                      : apply(connection, key, value, error);
    if (status == ADBC_STATUS_OK)
        status = stoa__driver_remember(&connection->node, key, value, error);
    return status;
}

bool stoa__driver_connection_get(struct driver_connection *connection, const char *key,
                                 struct driver_room *out)
{
    bool sqlite = property_is(connection->db, "engine", "sqlite");

    if (strcmp(key, AUTOCOMMIT) == 0)
        stoa__driver_room_text(out, "true");
    else if (connection->conn.id == 0)
        return stoa__driver_database_get((stoa_db){0}, key, out);
    else if (strcmp(key, "stoa.handle") == 0)
        stoa__driver_room_int(out, (int64_t)connection->conn.id);
    else if (strcmp(key, READ_ONLY) == 0)
        stoa__driver_room_text(out,
                               property_is(connection->db, "read_only", "yes") ? "true"
                                                                               : "false");
    else if (strcmp(key, ISOLATION) == 0)
        stoa__driver_room_text(out, sqlite ? ISOLATION_LEVEL "serializable"
                                           : ISOLATION_LEVEL "default");
    else if (strcmp(key, CATALOG) == 0 && sqlite)
        stoa__driver_room_text(out, "main");
    else
        return stoa__driver_database_get(connection->db, key, out);
    return true;
}

/* ---- opening ---- */

static stoa_status open_session(struct driver_connection *connection, stoa_db db,
                                stoa_error *err)
{
    struct driver_options options;
    int64_t kept = 0;
    stoa_status rc = stoa__driver_options_make(connection->node.settings, "stoa.", &options, err);

    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < options.count; i++)
        if (strcmp(options.list[i].key, "deadline_ms") != 0)
            options.list[kept++] = options.list[i];
    rc = stoa_connect(db, (stoa_op){0}, options.list, kept, &connection->conn, err);
    stoa__driver_options_release(&options);
    connection->db = db;
    return rc;
}

static AdbcStatusCode apply_all(struct driver_connection *connection, struct AdbcError *error)
{
    AdbcStatusCode status = ADBC_STATUS_OK;

    for (struct driver_setting *at = connection->node.settings; at; at = at->next)
        if (status == ADBC_STATUS_OK)
            status = apply(connection, at->key, &at->value, error);
    return status;
}

/* The connection becomes a child of its database under a new handle; the old one is closed. */
static AdbcStatusCode init(struct driver_connection *old, struct driver_node *database,
                           struct AdbcConnection *self, struct AdbcError *error)
{
    struct driver_node *node = stoa__driver_node_new(sizeof(struct driver_connection));
    struct driver_connection *connection = (struct driver_connection *)(void *)node;
    uint64_t before = old->node.object.id;
    AdbcStatusCode status;
    stoa_error failure;
    stoa_conn conn;

    if (!node) {
        stoa__fail_nomem(&failure);
        return stoa__driver_fail_stoa(error, &failure);
    }
    /* Lent until it is sure: the caller may set options again and retry. */
    node->settings = old->node.settings;
    status = open_session(connection, ((struct driver_database *)(void *)database)->db,
                          &failure) == STOA_OK
                 ? apply_all(connection, error)
                 : stoa__driver_fail_stoa(error, &failure);
    conn = connection->conn;
    if (status != ADBC_STATUS_OK) {
        node->settings = NULL;
        stoa__driver_node_free(node);
        stoa_conn_close(conn);
        return status;
    }
    old->node.settings = NULL;
    if (stoa__driver_node_open(node, STOA__KIND_ADBC_CONNECTION, database, &self->private_data,
                               &failure) != STOA_OK) {
        stoa_conn_close(conn);
        return stoa__driver_fail_stoa(error, &failure);
    }
    stoa__object_close(before, STOA__KIND_ADBC_CONNECTION);
    return ADBC_STATUS_OK;
}

AdbcStatusCode stoa__driver_connection_init(struct AdbcConnection *self,
                                            struct AdbcDatabase *database,
                                            struct AdbcError *error)
{
    struct driver_node *node = NULL, *parent = NULL;
    AdbcStatusCode status = stoa__driver_pin(database, STOA__KIND_ADBC_DATABASE, &parent, error);

    if (status != ADBC_STATUS_OK)
        return status;
    status = stoa__driver_enter(self, STOA__KIND_ADBC_CONNECTION, &node, error);
    if (status == ADBC_STATUS_OK) {
        struct driver_connection *connection = (struct driver_connection *)(void *)node;

        if (connection->conn.id != 0)
            status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                       "this connection is initialised already");
        else
            status = init(connection, parent, self, error);
        stoa__driver_leave(node, status);
    }
    stoa__driver_unpin(parent);
    return status;
}
