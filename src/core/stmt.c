/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stmt.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/conn.h"
#include "core/prepare.h"
#include "core/result.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- the object ---- */

static void stmt_free(struct stoa__stmt *stmt)
{
    stoa__stmt_bound_release(stmt);
    stoa__free(stmt->sql);
    stoa__free(stmt);
}

static void stmt_end(struct stoa__grave *grave)
{
    struct stoa__stmt *stmt = (struct stoa__stmt *)stoa__leaf_end(grave);

    assert(!stmt->running && "a result references its statement");
    if (stmt->lent)
        *stmt->lent = NULL;
    if (stmt->native)
        stmt->leaf.session->engine->statement_close(stmt->native);
    stmt_free(stmt);
}

static const struct stoa__class stmt_class = {.kind = STOA__KIND_STMT,
                                              .destroy = stoa__leaf_destroy};

static stoa_status prepare_native(struct stoa__entry *entry, struct stoa__stmt *stmt,
                                  stoa_error *err)
{
    struct stoa__script script = {.sql = stmt->sql, .size = stmt->sql_size};

    return stoa__script_only(entry, &script, &stmt->native, err);
}

static stoa_status prepare(struct stoa__entry *entry, const struct stoa__script *script,
                           uint64_t *id, stoa_error *err)
{
    struct stoa__stmt *stmt = stoa__alloc_zero(1, sizeof *stmt);
    stoa_status rc = STOA_OK;

    if (stmt)
        stmt->sql = stoa__copy_text(script->sql, script->size);
    if (!stmt || !stmt->sql) {
        stoa__free(stmt);
        return stoa__fail_nomem(err);
    }
    stmt->sql_size = script->size;
    stmt->leaf.session = entry->session;
    stmt->leaf.conn = entry->leaf->conn;
    rc = prepare_native(entry, stmt, err);
    if (rc == STOA_OK)
        rc = stoa__leaf_open(&stmt->leaf, &stmt_class, &entry->leaf->object, stmt_end, id,
                             err);
    if (rc == STOA_OK)
        return STOA_OK;
    if (stmt->native)
        entry->engine->statement_close(stmt->native);
    stmt_free(stmt);
    return rc;
}

stoa_status stoa_prepare(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                         stoa_stmt *out, stoa_error *err)
{
    struct stoa__script script;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_stmt){0};
    rc = stoa__script_enter(&script, &entry, conn, op, sql, sql_size, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, prepare(&entry, &script, &out->id, err));
}

void stoa_stmt_close(stoa_stmt stmt)
{
    stoa__object_close(stmt.id, STOA__KIND_STMT);
}

stoa_status stoa__stmt_enter(struct stoa__entry *entry, stoa_stmt handle, stoa_op op,
                             struct stoa__stmt **out, stoa_error *err)
{
    stoa_status rc = stoa__enter(entry, handle.id, STOA__KIND_STMT, op, err);

    if (rc != STOA_OK)
        return rc;
    *out = (struct stoa__stmt *)entry->leaf;
    if (!(*out)->native)
        rc = prepare_native(entry, *out, err);
    return rc == STOA_OK ? STOA_OK : stoa__leave(entry, rc);
}

/* ---- what it is like ---- */

static stoa_status parameters(struct stoa__entry *entry, struct stoa__stmt *stmt,
                              const struct stoa__parameter **list, int64_t *count,
                              stoa_error *err)
{
    if (!STOA__HAS(entry->engine, statement_parameters))
        return stoa__unsupported(entry->engine, STOA_CAN_PREPARE, err);
    return entry->engine->statement_parameters(stmt->native, list, count, err);
}

/* The struct type whose children are the parameters. */
static stoa_status parameters_type(const struct stoa__parameter *list, int64_t count,
                                   stoa__arena *arena, struct stoa__arrow_type *out,
                                   stoa_error *err)
{
    *out = (struct stoa__arrow_type){.kind = STOA__ARROW_STRUCT,
                                     .zone = "",
                                     .name = "",
                                     .format = "+s",
                                     .nullable = false};
    out->children = stoa__arena_alloc_zero(arena, (size_t)count, sizeof *out->children);
    out->child_count = (int32_t)count;
    if (!out->children)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < count; i++) {
        struct stoa__arrow_type *child = NULL;
        stoa_status rc = STOA_OK;

        if (!list[i].type)
            rc = stoa__arrow_type_simple("n", list[i].name, true, arena, &child, err);
        if (rc != STOA_OK)
            return rc;
        out->children[i] = list[i].type ? *list[i].type : *child;
        out->children[i].name = list[i].name;
    }
    return STOA_OK;
}

static stoa_status export_parameters(struct stoa__entry *entry, struct stoa__stmt *stmt,
                                     struct ArrowSchema *out, stoa_error *err)
{
    const struct stoa__parameter *list = NULL;
    struct stoa__arrow_type type;
    stoa__arena arena = {0};
    int64_t count = 0;
    stoa_status rc = parameters(entry, stmt, &list, &count, err);

    if (rc == STOA_OK)
        rc = parameters_type(list, count, &arena, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(&type, out, err);
    stoa__arena_release(&arena);
    return rc;
}

stoa_status stoa_stmt_parameters(stoa_stmt handle, struct ArrowSchema *out,
                                 stoa_error *err)
{
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowSchema){0};
    rc = stoa__stmt_enter(&entry, handle, (stoa_op){0}, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, export_parameters(&entry, stmt, out, err));
}

/* Lists the names there are; what does not fit is cut. */
static stoa_status fail_parameter(const struct stoa__parameter *list, int64_t count,
                                  const char *name, size_t size, stoa_error *err)
{
    stoa__buffer names = {0};
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++)
        if (list[i].name[0] != '\0')
            rc = stoa__buffer_format(&names, "%s%s", names.size > 0 ? ", " : "",
                                     list[i].name);
    if (rc == STOA_OK)
        rc = stoa__fail(
            err, STOA_ERR_NOT_FOUND,
            "the statement has no parameter '%.*s'; those with a name are: %.*s",
            (int)size, name, (int)names.size,
            names.size > 0 ? (const char *)names.data : "");
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&names);
    return rc;
}

static stoa_status find_parameter(struct stoa__entry *entry, struct stoa__stmt *stmt,
                                  const char *name, size_t size, int32_t *position,
                                  stoa_error *err)
{
    const struct stoa__parameter *list = NULL;
    int64_t count = 0;
    stoa_status rc = parameters(entry, stmt, &list, &count, err);

    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; i < count; i++)
        if (size > 0 && strlen(list[i].name) == size &&
            memcmp(list[i].name, name, size) == 0) {
            *position = (int32_t)i + 1;
            return STOA_OK;
        }
    return fail_parameter(list, count, name, size, err);
}

stoa_status stoa_stmt_parameter(stoa_stmt handle, const char *name, int64_t name_size,
                                int32_t *position, stoa_error *err)
{
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    size_t size = 0;
    stoa_status rc;

    if (!position)
        return stoa__fail_null(err, "position");
    *position = 0;
    rc = stoa__text_size("name", name, name_size, STOA__NAME_BYTES_MAX, &size, err);
    if (rc == STOA_OK)
        rc = stoa__stmt_enter(&entry, handle, (stoa_op){0}, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, find_parameter(&entry, stmt, name, size, position, err));
}

static stoa_status export_type(struct stoa__entry *entry, struct stoa__stmt *stmt,
                               struct ArrowSchema *out, stoa_error *err)
{
    const struct stoa__arrow_type *type = NULL;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, statement_type))
        return stoa__unsupported(entry->engine, STOA_CAN_PREPARE, err);
    rc =
        entry->engine->statement_type(stmt->native, &entry->leaf->conn->read, &type, err);
    return rc == STOA_OK ? stoa__arrow_type_export(type, out, err) : rc;
}

stoa_status stoa_stmt_schema(stoa_stmt handle, struct ArrowSchema *out, stoa_error *err)
{
    struct stoa__entry entry;
    struct stoa__stmt *stmt;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowSchema){0};
    rc = stoa__stmt_enter(&entry, handle, (stoa_op){0}, &stmt, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, export_type(&entry, stmt, out, err));
}
