/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's functions and collations in an engine's SQL. */
#include "core/conn.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/named.h"
#include "core/target.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

enum {
    FLAGS_KNOWN = STOA_FUNCTION_DETERMINISTIC | STOA_FUNCTION_CALL_ON_NULL |
                  STOA_FUNCTION_NULL_ON_ERROR | STOA_FUNCTION_VARIADIC |
                  STOA_FUNCTION_IN_SCHEMA | STOA_FUNCTION_REPLACE,
    SPEC_SIZE_MAX = 4096
};

void stoa_function_close(stoa_function function)
{
    stoa__object_close(function.id, STOA__KIND_FUNCTION);
}

stoa_status stoa_function_drop(stoa_conn conn, const char *name, int64_t name_size,
                               stoa_error *err)
{
    return stoa__named_drop(conn, STOA__KIND_FUNCTION, name, name_size, err);
}

/* ---- what is asked for ---- */

static stoa_status check_kinds(const stoa_function_spec *spec, stoa_error *err)
{
    int kinds = (spec->row != NULL) + (spec->batch != NULL) + (spec->step != NULL);

    if (kinds != 1)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%d of spec->row, batch and step are set, not one", kinds);
    if ((spec->step != NULL) != (spec->finish != NULL))
        return stoa__fail(err, STOA_ERR_INVALID, "spec->%s is set without spec->%s",
                          spec->step ? "step" : "finish", spec->step ? "finish" : "step");
    if (spec->drop && !spec->step)
        return stoa__fail(err, STOA_ERR_INVALID, "spec->drop is set without spec->step");
    if (spec->flags & ~(int64_t)FLAGS_KNOWN)
        return stoa__fail(err, STOA_ERR_INVALID, "spec->flags is %lld",
                          (long long)spec->flags);
    if (!spec->returns && !spec->row)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "spec->returns is NULL, which only row functions may have");
    if (!spec->parameters)
        return stoa__fail_null(err, "spec->parameters");
    return STOA_OK;
}

/* The caller's may be older than ours, and is then shorter. */
static stoa_status copy_spec(const stoa_function_spec *spec, stoa_function_spec *out,
                             stoa_error *err)
{
    const int64_t size_min = (int64_t)offsetof(stoa_function_spec, row);
    size_t size;

    *out = (stoa_function_spec){0};
    if (!spec)
        return stoa__fail_null(err, "spec");
    if (spec->struct_size < size_min || spec->struct_size > SPEC_SIZE_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "spec->struct_size is %lld, not %zu",
                          (long long)spec->struct_size, sizeof *out);
    size = (size_t)spec->struct_size;
    memcpy(out, spec, size < sizeof *out ? size : sizeof *out);
    return check_kinds(out, err);
}

static stoa_status check_parameters(const stoa_function_spec *spec,
                                    const struct stoa__arrow_type *parameters,
                                    stoa_error *err)
{
    if (parameters->kind != STOA__ARROW_STRUCT)
        return stoa__fail(err, STOA_ERR_INVALID, "spec->parameters is not a struct");
    if ((spec->flags & STOA_FUNCTION_VARIADIC) && parameters->child_count == 0)
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "a variadic function has a last parameter, for the type of the rest");
    for (int32_t i = 0; i < parameters->child_count; i++)
        if (parameters->children[i].kind == STOA__ARROW_NULL && !spec->row)
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "parameter %d takes any type, which only those of row functions may",
                (int)i + 1);
    return STOA_OK;
}

/* On failure the arena is empty again. */
static stoa_status make_spec(const stoa_function_spec *spec, const char *name,
                             struct stoa__function_spec *out, stoa_error *err)
{
    stoa_status rc;

    *out = (struct stoa__function_spec){.flags = spec->flags,
                                        .row = spec->row,
                                        .batch = spec->batch,
                                        .step = spec->step,
                                        .finish = spec->finish,
                                        .drop = spec->drop};
    out->name = stoa__arena_copy_text(&out->arena, name, strlen(name));
    rc = out->name ? STOA_OK : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(spec->parameters, &out->arena, &out->parameters, err);
    if (rc == STOA_OK)
        rc = check_parameters(spec, out->parameters, err);
    if (rc == STOA_OK && spec->returns)
        rc = stoa__arrow_type_parse(spec->returns, &out->arena, &out->returns, err);
    if (rc != STOA_OK)
        stoa__arena_release(&out->arena);
    return rc;
}

/* ---- registering ---- */

/* The engine takes the spec on success. */
static stoa_status add(struct stoa__entry *entry, struct stoa__function_spec *spec,
                       uint64_t *id, stoa_error *err)
{
    const bool variadic = spec->flags & STOA_FUNCTION_VARIADIC;
    const int32_t parameter_count = variadic ? -1 : spec->parameters->child_count;
    const bool replace = spec->flags & STOA_FUNCTION_REPLACE;
    struct stoa__named *function = NULL;
    uint64_t made = 0;
    stoa_status rc = stoa__named_open(entry, STOA__KIND_FUNCTION, spec->name, parameter_count,
                                      &function, &made, err);

    if (rc != STOA_OK)
        return rc;
    rc = entry->engine->function_add(entry->session->native, spec, &function->native, err);
    if (rc != STOA_OK) {
        stoa__object_close(made, STOA__KIND_FUNCTION);
        return rc;
    }
    if (replace)
        stoa__named_replace(function);
    *id = made;
    return STOA_OK;
}

static stoa_status register_function(struct stoa__entry *entry,
                                     const stoa_function_spec *given, const char *name,
                                     void *user_data, stoa_release release, uint64_t *id,
                                     stoa_error *err)
{
    struct stoa__function_spec spec;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, function_add))
        return stoa__unsupported(entry->engine, STOA_CAN_FUNCTIONS, err);
    rc = make_spec(given, name, &spec, err);
    if (rc != STOA_OK)
        return rc;
    spec.user_data = user_data;
    spec.release = release;
    rc = add(entry, &spec, id, err);
    if (rc != STOA_OK)
        stoa__arena_release(&spec.arena);
    return rc;
}

stoa_status stoa_function_register(stoa_conn conn, const stoa_function_spec *spec,
                                   void *user_data, stoa_release release,
                                   stoa_function *out, stoa_error *err)
{
    stoa_function_spec given;
    struct stoa__entry entry;
    char *name = NULL;
    stoa_status rc;

    if (out)
        *out = (stoa_function){0};
    rc = out ? copy_spec(spec, &given, err) : stoa__fail_null(err, "out");
    if (rc == STOA_OK)
        rc = stoa__name_copy("spec->name", given.name, given.name_size, &name, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry, register_function(&entry, &given, name, user_data,
                                                   release, &out->id, err));
    stoa__free(name);
    if (rc != STOA_OK && release)
        release(user_data);
    return rc;
}

/* ---- collations ---- */

stoa_status stoa_collation_register(stoa_conn conn, const char *name, int64_t name_size,
                                    stoa_compare compare, void *user_data,
                                    stoa_release release, stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc = stoa__name_copy("name", name, name_size, &copy, err);

    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc == STOA_OK) {
        if (STOA__HAS(entry.engine, collation_add))
            rc = entry.engine->collation_add(entry.session->native, copy, compare,
                                             user_data, release, err);
        else
            rc = stoa__unsupported(entry.engine, STOA_CAN_COLLATIONS, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__free(copy);
    if (rc != STOA_OK && release)
        release(user_data);
    return rc;
}
