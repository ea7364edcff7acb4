/* SPDX-License-Identifier: Apache-2.0 */
/* The objects behind the structs: handles, the busy mark, options and cancelling. */
#include "adbc_export/parts.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

_Static_assert(sizeof(void *) == sizeof(uint64_t), "a handle fits a pointer");
_Static_assert(sizeof(struct AdbcConnection) == sizeof(struct AdbcDatabase) &&
                   sizeof(struct AdbcStatement) == sizeof(struct AdbcDatabase),
               "the three are one in memory");

/* The three structs begin with private_data. */
static uint64_t id_of(const void *self)
{
    uint64_t id;

    memcpy(&id, self, sizeof id);
    return id;
}

static void id_set(void *self, uint64_t id)
{
    memcpy(self, &id, sizeof id);
}

/* ---- life ---- */

/* A database is initialised in place, and may be asked for its options then. */
static stoa_db db_of(struct driver_node *node)
{
    stoa_db db;

    stoa__mutex_lock(&node->lock);
    db = ((struct driver_database *)(void *)node)->db;
    stoa__mutex_unlock(&node->lock);
    return db;
}

/* Abandons what Stoa holds for it, and so ends calls that run there. */
static void node_closing(struct stoa__object *object)
{
    struct driver_node *node = (struct driver_node *)(void *)object;

    if (object->class->kind == STOA__KIND_ADBC_DATABASE)
        stoa_db_close(db_of(node));
    else if (object->class->kind == STOA__KIND_ADBC_CONNECTION)
        stoa_conn_close(((struct driver_connection *)(void *)node)->conn);
}

void stoa__driver_node_free(struct driver_node *node)
{
    stoa__driver_settings_drop(&node->settings, "");
    stoa__mutex_release(&node->lock);
    stoa__free(node);
}

static void node_destroy(struct stoa__object *object)
{
    struct driver_node *node = (struct driver_node *)(void *)object;

    if (object->class->kind == STOA__KIND_ADBC_STATEMENT) {
        struct driver_statement *statement = (struct driver_statement *)(void *)node;

        stoa_stmt_close(statement->stmt);
        stoa__driver_unbind(statement);
        stoa__type_cache_release(&statement->types);
        stoa__free(statement->sql);
    }
    stoa__driver_node_free(node);
}

static const struct stoa__class classes[] = {
    {STOA__KIND_ADBC_DATABASE, node_closing, node_destroy},
    {STOA__KIND_ADBC_CONNECTION, node_closing, node_destroy},
    {STOA__KIND_ADBC_STATEMENT, node_closing, node_destroy},
};

struct driver_node *stoa__driver_node_new(size_t size)
{
    struct driver_node *node = stoa__alloc_zero(1, size);

    if (node)
        stoa__mutex_init(&node->lock);
    return node;
}

stoa_status stoa__driver_node_open(struct driver_node *node, enum stoa__kind kind,
                                   struct driver_node *parent, void **private_data,
                                   stoa_error *err)
{
    uint64_t id = 0;
    stoa_status rc =
        stoa__object_open(&node->object, &classes[kind - STOA__KIND_ADBC_DATABASE],
                          parent ? &parent->object : NULL, &id, err);

    if (rc == STOA_OK)
        id_set(private_data, id);
    else
        stoa__driver_node_free(node);
    return rc;
}

static AdbcStatusCode check_self(const void *self, enum stoa__kind kind,
                                 struct AdbcError *error)
{
    if (!self)
        return stoa__driver_fail_null(error, stoa__kind_name(kind));
    if (id_of(self) == 0)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                 "this %s is not open: it was released, or New was not called",
                                 stoa__kind_name(kind));
    return ADBC_STATUS_OK;
}

AdbcStatusCode stoa__driver_release(void *self, enum stoa__kind kind, struct AdbcError *error)
{
    AdbcStatusCode status = check_self(self, kind, error);
    struct stoa__object *object;
    stoa_error failure;
    uint64_t id;

    if (status != ADBC_STATUS_OK)
        return status;
    id = id_of(self);
    if (stoa__object_pin(id, kind, &object, &failure) == STOA_OK) {
        stoa__object_close(id, kind);
        stoa__object_unpin(object);
    } else if (!stoa__object_orphaned(id, kind)) {
        status = stoa__driver_fail_stoa(error, &failure);
    }
    id_set(self, 0);
    return status;
}

/* ---- in and out ---- */

AdbcStatusCode stoa__driver_pin(const void *self, enum stoa__kind kind, struct driver_node **out,
                                struct AdbcError *error)
{
    AdbcStatusCode status = check_self(self, kind, error);
    struct stoa__object *object;
    stoa_error failure;

    *out = NULL;
    if (status != ADBC_STATUS_OK)
        return status;
    if (stoa__object_pin(id_of(self), kind, &object, &failure) != STOA_OK)
        return stoa__driver_fail_stoa(error, &failure);
    *out = (struct driver_node *)(void *)object;
    return ADBC_STATUS_OK;
}

void stoa__driver_unpin(struct driver_node *node)
{
    stoa__object_unpin(&node->object);
}

/* Whose mark counts. */
static struct driver_node *holder_of(struct driver_node *node)
{
    if (node->object.class->kind == STOA__KIND_ADBC_STATEMENT)
        return (struct driver_node *)(void *)node->object.parent;
    return node;
}

AdbcStatusCode stoa__driver_enter(const void *self, enum stoa__kind kind,
                                  struct driver_node **out, struct AdbcError *error)
{
    AdbcStatusCode status = stoa__driver_pin(self, kind, out, error);
    struct driver_node *holder;

    if (status != ADBC_STATUS_OK)
        return status;
    holder = holder_of(*out);
    if (!atomic_exchange_explicit(&holder->busy, true, memory_order_acquire))
        return ADBC_STATUS_OK;
    status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                               "this %s is in use by another call",
                               stoa__kind_name(holder->object.class->kind));
    stoa__driver_unpin(*out);
    *out = NULL;
    return status;
}

AdbcStatusCode stoa__driver_leave(struct driver_node *node, AdbcStatusCode status)
{
    atomic_store_explicit(&holder_of(node)->busy, false, memory_order_release);
    stoa__driver_unpin(node);
    return status;
}

AdbcStatusCode stoa__driver_enter_open(const struct AdbcConnection *self,
                                       struct driver_connection **out, struct AdbcError *error)
{
    struct driver_node *node = NULL;
    AdbcStatusCode status = stoa__driver_enter(self, STOA__KIND_ADBC_CONNECTION, &node, error);

    *out = (struct driver_connection *)(void *)node;
    if (!node || (*out)->conn.id != 0)
        return status;
    *out = NULL;
    return stoa__driver_leave(node, stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                                      "this connection is not initialised"));
}

AdbcStatusCode stoa__driver_enter_statement(const struct AdbcStatement *self,
                                            struct driver_statement **out,
                                            struct AdbcError *error)
{
    struct driver_node *node = NULL;
    AdbcStatusCode status = stoa__driver_enter(self, STOA__KIND_ADBC_STATEMENT, &node, error);

    *out = (struct driver_statement *)(void *)node;
    return status;
}

/* ---- operations ---- */

/* Milliseconds; none without a setting. */
static int64_t time_of(struct driver_node *node)
{
    const struct driver_value *value;
    int64_t ms = 0;

    stoa__mutex_lock(&node->lock);
    value = stoa__driver_settings_find(node->settings, "stoa.deadline_ms");
    if (value && !stoa__driver_value_int(value, &ms))
        ms = 0;
    stoa__mutex_unlock(&node->lock);
    return ms;
}

static void note_op(struct driver_node *node, stoa_op op)
{
    stoa__mutex_lock(&node->lock);
    node->op = op;
    stoa__mutex_unlock(&node->lock);
}

stoa_status stoa__driver_op_open(struct driver_node *node, stoa_op *out, stoa_error *err)
{
    struct driver_node *holder = holder_of(node);
    int64_t ms = time_of(node);
    stoa_status rc;

    if (ms <= 0)
        ms = time_of(holder);
    rc = stoa_op_open(ms > 0 ? ms : -1, NULL, NULL, NULL, out, err);
    if (rc == STOA_OK) {
        note_op(node, *out);
        note_op(holder, *out);
    }
    return rc;
}

AdbcStatusCode stoa__driver_cancel(const void *self, enum stoa__kind kind,
                                   struct AdbcError *error)
{
    struct driver_node *node;
    AdbcStatusCode status = stoa__driver_pin(self, kind, &node, error);
    int64_t done, total;
    stoa_op op;

    if (status != ADBC_STATUS_OK)
        return status;
    stoa__mutex_lock(&node->lock);
    op = node->op;
    stoa__mutex_unlock(&node->lock);
    /* Of an operation that is over there is no progress, while cancelling it succeeds. */
    if (op.id == 0 || stoa_op_progress(op, &done, &total, NULL) != STOA_OK ||
        stoa_op_cancel(op, NULL) != STOA_OK)
        status = stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                   "nothing runs on this %s that could be cancelled",
                                   stoa__kind_name(kind));
    stoa__driver_unpin(node);
    return status;
}

/* ---- options ---- */

AdbcStatusCode stoa__driver_remember(struct driver_node *node, const char *key,
                                     const struct driver_value *value, struct AdbcError *error)
{
    stoa_error failure;
    stoa_status rc;

    stoa__mutex_lock(&node->lock);
    rc = stoa__driver_settings_put(&node->settings, key, value, &failure);
    stoa__mutex_unlock(&node->lock);
    return rc == STOA_OK ? ADBC_STATUS_OK : stoa__driver_fail_stoa(error, &failure);
}

AdbcStatusCode stoa__driver_fail_value(struct AdbcError *error, const char *key,
                                       const char *wanted)
{
    return stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT, "the value of %s is not %s",
                             key, wanted);
}

static AdbcStatusCode set(struct driver_node *node, const char *key,
                          const struct driver_value *value, struct AdbcError *error)
{
    if (node->object.class->kind == STOA__KIND_ADBC_DATABASE)
        return stoa__driver_database_set((struct driver_database *)(void *)node, key, value,
                                         error);
    if (node->object.class->kind == STOA__KIND_ADBC_CONNECTION)
        return stoa__driver_connection_set((struct driver_connection *)(void *)node, key, value,
                                           error);
    return stoa__driver_statement_set((struct driver_statement *)(void *)node, key, value,
                                      error);
}

AdbcStatusCode stoa__driver_set(const void *self, enum stoa__kind kind, const char *key,
                                const struct driver_value *value, struct AdbcError *error)
{
    struct driver_node *node;
    AdbcStatusCode status;

    if (!key)
        return stoa__driver_fail_null(error, "key");
    if (!value->bytes && (value->type == DRIVER_TEXT || value->size > 0))
        return stoa__driver_fail_null(error, "value");
    status = stoa__driver_enter(self, kind, &node, error);
    if (status != ADBC_STATUS_OK)
        return status;
    return stoa__driver_leave(node, set(node, key, value, error));
}

static bool compute(struct driver_node *node, const char *key, struct driver_room *out)
{
    if (node->object.class->kind == STOA__KIND_ADBC_DATABASE)
        return stoa__driver_database_get(db_of(node), key, out);
    if (node->object.class->kind == STOA__KIND_ADBC_CONNECTION)
        return stoa__driver_connection_get((struct driver_connection *)(void *)node, key, out);
    return stoa__driver_statement_get((struct driver_statement *)(void *)node, key, out);
}

/* Into the room: what is remembered may be replaced as soon as the lock is let go. */
static bool recall(struct driver_node *node, const char *key, struct driver_room *out)
{
    const struct driver_value *value;

    stoa__mutex_lock(&node->lock);
    value = stoa__driver_settings_find(node->settings, key);
    if (value) {
        out->value = *value;
        if (value->type == DRIVER_TEXT || value->type == DRIVER_BYTES) {
            out->value.size = value->size < sizeof out->text ? value->size
                                                             : sizeof out->text - 1;
            memcpy(out->text, value->bytes, out->value.size);
            out->text[out->value.size] = '\0';
            out->value.bytes = out->text;
        }
    }
    stoa__mutex_unlock(&node->lock);
    return value != NULL;
}

/* The value as the type asked for, where it can be. */
static bool convert(struct driver_room *room, enum driver_type type)
{
    struct driver_value *value = &room->value;
    int64_t integer;

    if (value->type == type)
        return true;
    if (type == DRIVER_INT && value->type == DRIVER_TEXT &&
        stoa__driver_value_int(value, &integer)) {
        stoa__driver_room_int(room, integer);
        return true;
    }
    if (type == DRIVER_DOUBLE && value->type == DRIVER_INT) {
        value->real = (double)value->integer;
        value->type = DRIVER_DOUBLE;
        return true;
    }
    if (type != DRIVER_TEXT || value->type == DRIVER_BYTES)
        return false;
    if (value->type == DRIVER_INT)
        snprintf(room->text, sizeof room->text, "%lld", (long long)value->integer);
    else
        snprintf(room->text, sizeof room->text, "%.17g", value->real);
    *value = (struct driver_value){DRIVER_TEXT, room->text, strlen(room->text), 0, 0};
    return true;
}

AdbcStatusCode stoa__driver_get(const void *self, enum stoa__kind kind, const char *key,
                                enum driver_type type, struct driver_room *room,
                                struct AdbcError *error)
{
    struct driver_node *node;
    AdbcStatusCode status;

    if (!key)
        return stoa__driver_fail_null(error, "key");
    status = stoa__driver_pin(self, kind, &node, error);
    if (status != ADBC_STATUS_OK)
        return status;
    if ((!recall(node, key, room) && !compute(node, key, room)) || !convert(room, type))
        status = stoa__driver_fail(error, ADBC_STATUS_NOT_FOUND,
                                   "this %s has no option %s of this type",
                                   stoa__kind_name(kind), key);
    stoa__driver_unpin(node);
    return status;
}
