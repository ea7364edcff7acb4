/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int32_t type_of(const char *value)
{
    char *end = NULL;

    errno = 0;
    (void)strtoll(value, &end, 10);
    if (*value && !*end && errno == 0)
        return STOA_TYPE_INT64;
    (void)strtod(value, &end);
    return *value && !*end ? STOA_TYPE_FLOAT64 : STOA_TYPE_TEXT;
}

/* 'quoted' is text whatever it looks like; NULL is NULL. */
void parameter_set(struct session *session, const char *name, const char *value)
{
    struct parameter *parameter = NULL;
    size_t size = strlen(value);

    name += *name == ':' || *name == '$' || *name == '@';
    for (size_t i = 0; i < session->parameter_count; i++)
        if (strcmp(session->parameters[i].name, name) == 0)
            parameter = &session->parameters[i];
    if (!parameter) {
        session->parameters = cli_grow(session->parameters, session->parameter_count + 1,
                                       sizeof *session->parameters);
        parameter = &session->parameters[session->parameter_count++];
        *parameter = (struct parameter){.name = cli_string(name)};
    }
    free(parameter->value);
    parameter->type = type_of(value);
    if (size >= 2 && value[0] == '\'' && value[size - 1] == '\'') {
        parameter->type = STOA_TYPE_TEXT;
        parameter->value = cli_string_size(value + 1, size - 2);
    } else {
        parameter->value = strcmp(value, "NULL") == 0 ? NULL : cli_string(value);
    }
}

void parameter_clear(struct session *session)
{
    for (size_t i = 0; i < session->parameter_count; i++) {
        free(session->parameters[i].name);
        free(session->parameters[i].value);
    }
    free(session->parameters);
    session->parameters = NULL;
    session->parameter_count = 0;
}

static stoa_status bind_one(stoa_stmt stmt, int32_t position, const struct parameter *parameter,
                            stoa_error *err)
{
    if (!parameter->value)
        return stoa_bind_null(stmt, position, err);
    if (parameter->type == STOA_TYPE_INT64)
        return stoa_bind_int64(stmt, position, strtoll(parameter->value, NULL, 10), err);
    if (parameter->type == STOA_TYPE_FLOAT64)
        return stoa_bind_float64(stmt, position, strtod(parameter->value, NULL), err);
    return stoa_bind_text(stmt, position, parameter->value, STOA_NUL, err);
}

static stoa_status bind_known(struct session *session, stoa_stmt stmt)
{
    struct ArrowSchema wanted;
    stoa_status rc = stoa_stmt_parameters(stmt, &wanted, &session->error);

    if (rc != STOA_OK)
        return rc;
    for (int64_t i = 0; rc == STOA_OK && i < wanted.n_children; i++) {
        const char *name = wanted.children[i]->name;
        for (size_t p = 0; rc == STOA_OK && name && p < session->parameter_count; p++)
            if (strcmp(session->parameters[p].name, name) == 0)
                rc = bind_one(stmt, (int32_t)i + 1, &session->parameters[p], &session->error);
    }
    stoa_schema_release(&wanted);
    return rc;
}

stoa_status parameter_execute(struct session *session, const char *sql, size_t size,
                              stoa_stmt *stmt, stoa_result *out)
{
    stoa_op op = session->progress.op;
    stoa_status rc = stoa_prepare(session->conn, op, sql, (int64_t)size, stmt, &session->error);

    if (rc == STOA_OK)
        rc = bind_known(session, *stmt);
    if (rc == STOA_OK)
        rc = stoa_execute(*stmt, op, NULL, 0, NULL, 0, out, &session->error);
    return rc;
}
