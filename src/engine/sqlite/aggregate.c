/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's aggregates: rows are gathered a group and handed over in batches. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/function.h"

#include "base/ban.h"

/* Rows handed over at once: enough to make a crossing into another language cheap, small enough
 * for thousands of open groups. The first batch's room grows up to it. */
enum { GROUP_ROWS_FIRST = 16, GROUP_ROWS = 1024 };
/* More arguments than that go the common way. */
enum { NUMBER_COLUMNS_MAX = 8 };

/* A column of numbers as append_numbers() sees it. */
struct numbers {
    void *cells; /* int64_t or double. */
    int class;   /* What SQLite's values are then: SQLITE_INTEGER or SQLITE_FLOAT. */
};

/* SQLite's memory for a group, zeroed at its first row. */
struct group {
    /* The rows [0, row) are there, and up to `room` append_numbers() may add. Both are 0 while it
     * may not. */
    int64_t row, room;
    struct numbers columns[NUMBER_COLUMNS_MAX];
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
    /* A group that filled a batch will fill the next: room that grows is copied again and again. */
    bool full = group->builder->root.length >= GROUP_ROWS;
    stoa_status rc = stoa__builder_finish(group->builder, full ? GROUP_ROWS : GROUP_ROWS_FIRST,
                                          &batch, error);
    if (rc == STOA_OK) {
        sqlite_callback_error(error);
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

/* Certainly: there are more. */
static bool is_double(int64_t whole)
{
    return whole >= -(INT64_C(1) << 53) && whole <= INT64_C(1) << 53;
}

/* A row of the commonest values, without the conversions of the others. The builder's own lengths
 * are behind then, until settle_lengths(). False, and nothing added: it is not such a row. */
static inline bool append_numbers(struct group *group, int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++) {
        const int class = sqlite3_value_type(values[i]);

        if (class == SQLITE_FLOAT && group->columns[i].class == SQLITE_FLOAT) {
            const double real = sqlite3_value_double(values[i]);

            ((double *)group->columns[i].cells)[group->row] = real;
        } else if (class == SQLITE_INTEGER) {
            const int64_t whole = sqlite3_value_int64(values[i]);

            if (group->columns[i].class == SQLITE_INTEGER)
                ((int64_t *)group->columns[i].cells)[group->row] = whole;
            else if (is_double(whole))
                ((double *)group->columns[i].cells)[group->row] = (double)whole;
            else
                return false;
        } else {
            return false;
        }
    }
    group->row++;
    return true;
}

static void settle_lengths(struct group *group)
{
    struct stoa__column *root = &group->builder->root;

    if (group->row > 0)
        root->length = group->row;
    for (int32_t i = 0; i < root->child_count && group->row > 0; i++)
        root->children[i].length = group->row;
    group->row = group->room = 0;
}

/* The batch's last row is added by add_row(), which hands the batch over. */
static void find_room(struct group *group)
{
    const struct stoa__column *root = &group->builder->root;
    int64_t room = root->child_count <= NUMBER_COLUMNS_MAX ? GROUP_ROWS - 1 : 0;

    for (int32_t i = 0; i < root->child_count && room > 0; i++) {
        const struct stoa__column *column = &root->children[i];
        const bool real = column->type->kind == STOA__ARROW_FLOAT64;

        group->columns[i] = (struct numbers){column->data, real ? SQLITE_FLOAT : SQLITE_INTEGER};
        if (!real && column->type->kind != STOA__ARROW_INT64)
            room = 0;
        else if (column->capacity < room)
            room = column->capacity;
    }
    group->room = room;
    group->row = room > 0 ? root->length : 0;
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
    settle_lengths(group);
    for (int i = 0; i < count && rc == STOA_OK; i++)
        rc = sqlite_argument_append(function, i, values[i], &group->builder->root.children[i],
                                    error);
    if (rc == STOA_OK && ++group->builder->root.length >= GROUP_ROWS)
        rc = flush(function, group, error);
    if (rc == STOA_OK)
        find_room(group);
    return rc;
}

static void fail_group(struct sqlite_function *function, struct group *group,
                       sqlite3_context *context, stoa_error *error)
{
    group->failed = true;
    sqlite_function_fail(function, context, error);
}

/* Apart from the next, so that its error takes no room, and no time, in the stack of every row. */
static __attribute__((noinline)) void step_slowly(sqlite3_context *context, struct group *group,
                                                  int count, sqlite3_value **values)
{
    struct sqlite_function *function = sqlite3_user_data(context);
    stoa_error error;

    if (!group) {
        stoa__fail_nomem(&error);
        sqlite_function_fail(function, context, &error);
        return;
    }
    if (group->failed || (!(function->spec.flags & STOA_FUNCTION_CALL_ON_NULL) &&
                          sqlite_any_null(count, values)))
        return;
    if (add_row(function, group, count, values, &error) != STOA_OK)
        fail_group(function, group, context, &error);
}

void sqlite_aggregate_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct group *group = sqlite3_aggregate_context(context, sizeof *group);

    if (!group || group->row >= group->room || !append_numbers(group, count, values))
        step_slowly(context, group, count, values);
}

/* Also SQLite's way to clean up after an abort, so `finish` runs only while all is well. */
void sqlite_aggregate_final(sqlite3_context *context)
{
    struct sqlite_function *function = sqlite3_user_data(context);
    struct sqlite_session *session = function->session;
    struct group *group = sqlite3_aggregate_context(context, 0);
    struct group empty = {0};
    struct ArrowArray result = {0};
    stoa_error error;
    stoa_status rc = STOA_OK;
    bool was_in_callback = session->in_callback;

    sqlite_callback_error(&error);
    group = group ? group : &empty;
    bool aborted = group->failed || session->failure.code != STOA_OK ||
                   (session->call && session->call->stop != STOA_OK);
    if (group->builder)
        settle_lengths(group);
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
