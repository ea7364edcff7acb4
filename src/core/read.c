/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tables without SQL: a result that goes from table to table. */
#include "core/result.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct stoa__read_plan {
    stoa__arena arena;
    const char **tables;  /* Ends with NULL. */
    const char **columns; /* Ends with NULL; NULL = all. */
    int64_t at;           /* Of the table being read; -1 before the first. */
    int64_t begin, end;
};

void stoa__read_plan_free(struct stoa__read_plan *plan)
{
    if (!plan)
        return;
    stoa__arena_release(&plan->arena);
    stoa__free(plan);
}

const char *stoa__read_plan_table(const struct stoa__read_plan *plan)
{
    return plan->at >= 0 && plan->tables[plan->at] ? plan->tables[plan->at] : "";
}

stoa_status stoa__read_plan_next(struct stoa__entry *entry, struct stoa__result *result,
                                 stoa_error *err)
{
    struct stoa__read_plan *plan = result->plan;

    if (plan->at < 0 || plan->tables[plan->at])
        plan->at++;
    if (!plan->tables[plan->at])
        return STOA_DONE;
    return entry->engine->read_table(entry->session->native, &entry->call,
                                     plan->tables[plan->at], plan->columns, plan->begin,
                                     plan->end, &result->read, &result->cursor, err);
}

/* Names given as packed texts, as a list that ends with NULL. */
static stoa_status read_names(stoa__arena *arena, const char *what,
                              const stoa_value *values, int64_t count, int64_t count_max,
                              const uint8_t *bytes, int64_t bytes_size, const char ***out,
                              stoa_error *err)
{
    const char **list;

    if (count < 0 || count > count_max || (!values && count > 0))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s count is %lld, not in 0..%lld, or NULL", what,
                          (long long)count, (long long)count_max);
    list = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *list);
    for (int64_t i = 0; list && i < count; i++) {
        stoa_status rc =
            stoa__value_check(&values[i], bytes, bytes_size, what, i + 1, err);

        if (rc != STOA_OK)
            return rc;
        if (values[i].type != STOA_TYPE_TEXT || values[i].b < 1 ||
            values[i].b > STOA__NAME_BYTES_MAX ||
            memchr(bytes + values[i].a, '\0', (size_t)values[i].b))
            return stoa__fail(err, STOA_ERR_INVALID, "%s %lld is not a name", what,
                              (long long)(i + 1));
        list[i] = stoa__arena_copy_text(arena, (const char *)bytes + values[i].a,
                                        (size_t)values[i].b);
        if (!list[i])
            list = NULL;
    }
    *out = list;
    return list ? STOA_OK : stoa__fail_nomem(err);
}

struct asked {
    const stoa_value *tables;
    int64_t table_count;
    const stoa_value *columns;
    int64_t column_count;
    const uint8_t *bytes;
    int64_t bytes_size;
};

static stoa_status plan_new(const struct asked *asked, int64_t begin, int64_t end,
                            struct stoa__read_plan **out, stoa_error *err)
{
    struct stoa__read_plan *plan = stoa__alloc_zero(1, sizeof *plan);
    stoa_status rc;

    if (!plan)
        return stoa__fail_nomem(err);
    plan->at = -1;
    plan->begin = begin;
    plan->end = end;
    rc = read_names(&plan->arena, "table", asked->tables, asked->table_count,
                    STOA__PUSH_TABLE_COUNT_MAX, asked->bytes, asked->bytes_size,
                    &plan->tables, err);
    if (rc == STOA_OK && asked->column_count != 0)
        rc = read_names(&plan->arena, "column", asked->columns, asked->column_count,
                        STOA__COLUMN_COUNT_MAX, asked->bytes, asked->bytes_size,
                        &plan->columns, err);
    if (rc == STOA_OK)
        *out = plan;
    else
        stoa__read_plan_free(plan);
    return rc;
}

static stoa_status check_asked(const struct asked *asked, int64_t begin, int64_t end,
                               int64_t batch_rows, stoa_error *err)
{
    if (asked->table_count < 1)
        return stoa__fail(err, STOA_ERR_INVALID, "table_count is %lld",
                          (long long)asked->table_count);
    if (asked->bytes_size < 0 || (!asked->bytes && asked->bytes_size > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "bytes_size is %lld and bytes is %s",
                          (long long)asked->bytes_size,
                          asked->bytes ? "not NULL" : "NULL");
    if (begin > end)
        return stoa__fail(err, STOA_ERR_INVALID, "the range begins behind its end");
    if (batch_rows < 0 || batch_rows > STOA__BATCH_ROWS_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "batch_rows is %lld, not in 0..%d",
                          (long long)batch_rows, STOA__BATCH_ROWS_MAX);
    return STOA_OK;
}

/* Takes the plan, also on failure. */
static stoa_status read_tables(struct stoa__entry *entry, struct stoa__read_plan *plan,
                               int64_t batch_rows, uint64_t *id, stoa_error *err)
{
    int64_t before = stoa__clock_monotonic_ns();
    struct stoa__result *result = stoa__result_new(entry, err);
    stoa_status rc;

    if (!result) {
        stoa__read_plan_free(plan);
        return STOA_ERR_NOMEM;
    }
    result->plan = plan;
    if (batch_rows > 0)
        result->read.batch_rows = batch_rows;
    if (STOA__HAS(entry->engine, read_table))
        rc = stoa__read_plan_next(entry, result, err);
    else
        rc = stoa__unsupported(entry->engine, STOA_CAN_READ, err);
    result->elapsed_ns = stoa__clock_monotonic_ns() - before;
    if (rc == STOA_OK)
        rc = stoa__result_publish(result, id, err);
    if (rc != STOA_OK)
        stoa__result_free(result);
    return rc;
}

stoa_status stoa_read(stoa_conn conn, stoa_op op, const stoa_value *tables,
                      int64_t table_count, const stoa_value *columns,
                      int64_t column_count, const uint8_t *bytes, int64_t bytes_size,
                      int64_t begin, int64_t end, int64_t batch_rows, stoa_result *out,
                      stoa_error *err)
{
    const struct asked asked = {tables,       table_count, columns,
                                column_count, bytes,       bytes_size};
    struct stoa__read_plan *plan = NULL;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    rc = check_asked(&asked, begin, end, batch_rows, err);
    if (rc == STOA_OK)
        rc = plan_new(&asked, begin, end, &plan, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc != STOA_OK) {
        stoa__read_plan_free(plan);
        return rc;
    }
    return stoa__leave(&entry, read_tables(&entry, plan, batch_rows, &out->id, err));
}
