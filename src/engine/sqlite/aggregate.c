/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's aggregates: rows are gathered a group and handed over in batches. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/function.h"

#include "base/ban.h"

/* Rows handed over at once: enough to make a crossing into another language cheap, small enough
 * for thousands of open groups. The first batch's room grows up to it. */
enum { GROUP_ROWS_FIRST = 16, GROUP_ROWS = 1024 };

/* SQLite's memory for a group, zeroed at its first row. */
struct group {
    struct stoa__builder *builder; /* NULL: no rows yet. */
    stoa__arena arena;             /* The builder's type, where it is not the function's. */
    uint64_t state;
    bool failed;
};

static stoa_status flush(struct sqlite_function *function, struct group *group,
                         stoa_error *error)
{
    struct ArrowArray batch = {0};
    struct sqlite_session *session = function->session;
    bool was_in_callback = session->in_callback;

    if (!group->builder || group->builder->root.length == 0)
        return STOA_OK;
    stoa_status rc = stoa__builder_finish(group->builder, GROUP_ROWS_FIRST, &batch, error);
    if (rc == STOA_OK) {
        session->in_callback = true;
        rc = function->spec.step(function->spec.user_data, &group->state, &batch, error);
        session->in_callback = was_in_callback;
        if (rc < 0)
            rc = sqlite_callback_failed(rc, error);
        else
            rc = STOA_OK;
    }
    stoa__array_release(&batch);
    return rc;
}

static stoa_status add_row(struct sqlite_function *function, struct group *group, int count,
                           sqlite3_value **values, stoa_error *error)
{
    stoa_status rc = STOA_OK;
    if (!group->builder) {
        group->builder = stoa__alloc_zero(1, sizeof *group->builder);
        if (!group->builder)
            return stoa__fail_nomem(error);
        const struct stoa__arrow_type *type =
            sqlite_arguments_type(function, count, &group->arena);
        rc = type ? stoa__builder_init(group->builder, type, GROUP_ROWS_FIRST, error)
                  : stoa__fail_nomem(error);
    }
    for (int i = 0; i < count && rc == STOA_OK; i++)
        rc = sqlite_argument_append(function, i, values[i], &group->builder->root.children[i],
                                    error);
    if (rc != STOA_OK)
        return rc;
    if (++group->builder->root.length >= GROUP_ROWS)
        rc = flush(function, group, error);
    return rc;
}

static void fail_group(struct sqlite_function *function, struct group *group,
                       sqlite3_context *context, stoa_error *error)
{
    group->failed = true;
    sqlite_function_fail(function, context, error);
}

void sqlite_aggregate_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_function *function = sqlite3_user_data(context);
    struct group *group = sqlite3_aggregate_context(context, sizeof *group);
    stoa_error error = {.code = STOA_OK};

    if (!group) {
        stoa__fail_nomem(&error);
        sqlite_function_fail(function, context, &error);
        return;
    }
    if (group->failed)
        return;
    if (!(function->spec.flags & STOA_FUNCTION_CALL_ON_NULL))
        for (int i = 0; i < count; i++)
            if (sqlite3_value_type(values[i]) == SQLITE_NULL)
                return;
    if (add_row(function, group, count, values, &error) != STOA_OK)
        fail_group(function, group, context, &error);
}

/* Also SQLite's way to clean up after an abort, so `finish` runs only while all is well. */
void sqlite_aggregate_final(sqlite3_context *context)
{
    struct sqlite_function *function = sqlite3_user_data(context);
    struct sqlite_session *session = function->session;
    struct group *group = sqlite3_aggregate_context(context, 0);
    struct group empty = {0};
    struct ArrowArray result = {0};
    stoa_error error = {.code = STOA_OK};
    stoa_status rc = STOA_OK;
    bool was_in_callback = session->in_callback;

    group = group ? group : &empty;
    bool aborted = group->failed || session->failure.code != STOA_OK ||
                   (session->call && session->call->stop != STOA_OK);
    if (!aborted)
        rc = flush(function, group, &error);
    if (!aborted && rc == STOA_OK) {
        session->in_callback = true;
        rc = function->spec.finish(function->spec.user_data, &group->state, &result, &error);
        session->in_callback = was_in_callback;
        rc = rc < 0 ? sqlite_callback_failed(rc, &error)
                    : sqlite_result_array(function, context, &result, &error);
    }
    if (rc != STOA_OK)
        fail_group(function, group, context, &error);
    stoa__array_release(&result);
    if (group->state != 0 && function->spec.drop)
        function->spec.drop(function->spec.user_data, group->state);
    group->state = 0;
    if (group->builder) {
        stoa__builder_release(group->builder);
        stoa__free(group->builder);
        group->builder = NULL;
    }
    stoa__arena_release(&group->arena);
}
