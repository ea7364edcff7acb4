/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/group.h"

#include "base/error.h"
#include "collection/rows.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

const char *collection_kind_word(int32_t role)
{
    if (role == ROLE_VECTOR)
        return "vector";
    return role == ROLE_SET ? "set" : "time series";
}

stoa_status collection_group_init(struct collection_group *group,
                                  const struct collection_table *table, int32_t feeds,
                                  stoa__arena *arena, stoa_error *err)
{
    const size_t count = (size_t)feeds;

    *group = (struct collection_group){.table = table};
    group->feeds = stoa__arena_alloc_zero(arena, count + 1, sizeof *group->feeds);
    group->arrays = stoa__arena_alloc_zero(arena, count + 1, sizeof *group->arrays);
    group->ids = stoa__arena_alloc_zero(arena, count + 1, sizeof *group->ids);
    return group->feeds && group->arrays && group->ids ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status collection_group_add(struct collection_group *group,
                                 const struct collection_call *call,
                                 const struct collection_column *column,
                                 const struct collection_input *input, int32_t style,
                                 stoa_error *err)
{
    if (column->generated)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "column '%s' is generated and cannot be written", column->name);
    collection_feed_init(&group->feeds[group->feed_count], &call->state->policy, column,
                         input->type, style);
    group->arrays[group->feed_count++] = &input->array;
    return STOA_OK;
}

/* ---- checks ---- */

static stoa_status check_dimensions(const struct collection_group *group,
                                    const struct collection_call *call, stoa_error *err)
{
    for (int32_t i = 0; i < group->table->column_count && group->row_count > 0; i++) {
        const struct collection_column *const column = &group->table->columns[i];
        bool given = !column->dimension;

        for (int32_t k = 0; k < group->feed_count && !given; k++)
            given = group->feeds[k].column == column;
        if (!given)
            return collection_fail(call, err, STOA_ERR_INVALID,
                                   "row missing required '%s' column", column->name);
    }
    return STOA_OK;
}

static stoa_status resolve(struct collection_group *group, int32_t feed,
                           struct collection_relations *relations, stoa__arena *arena,
                           stoa_error *err)
{
    int64_t bad;

    if (group->feeds[feed].form != COLLECTION_FORM_LABEL)
        return STOA_OK;
    group->ids[feed] = stoa__arena_alloc(
        arena, ((size_t)group->arrays[feed]->length + 1) * sizeof **group->ids);
    if (!group->ids[feed])
        return stoa__fail_nomem(err);
    return collection_feed_resolve(&group->feeds[feed], relations, group->arrays[feed], 0,
                                   group->arrays[feed]->length, group->ids[feed], &bad, err);
}

static stoa_status check_feed(struct collection_group *group, int32_t feed,
                              struct collection_call *call, stoa_error *err)
{
    const struct ArrowArray *const array = group->arrays[feed];
    int32_t problem;
    int64_t bad;
    stoa_status rc;

    if (array->length != group->row_count)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "%s columns in table '%s' must have the same length",
                               collection_kind_word(group->table->role), group->table->name);
    rc = collection_feed_check_all(&group->feeds[feed], call, array, 0, array->length, &bad,
                                   &problem, err);
    if (rc != STOA_OK)
        return rc;
    if (bad >= 0)
        return collection_feed_fail(call, &group->feeds[feed], array, bad, bad, problem, err);
    collection_feed_settle(&group->feeds[feed]);
    return STOA_OK;
}

stoa_status collection_group_check(struct collection_group *group,
                                   struct collection_relations *relations, stoa__arena *arena,
                                   stoa_error *err)
{
    struct collection_call *const call = relations->call;
    stoa_status rc = STOA_OK;

    assert(group->feed_count > 0);
    group->row_count = group->arrays[0]->length;
    for (int32_t i = 0; i < group->feed_count && rc == STOA_OK; i++)
        rc = resolve(group, i, relations, arena, err);
    for (int32_t i = 0; i < group->feed_count && rc == STOA_OK; i++)
        rc = check_feed(group, i, call, err);
    return rc == STOA_OK ? check_dimensions(group, call, err) : rc;
}

/* ---- rows ---- */

stoa_status collection_group_clear(struct collection_call *call,
                                   const struct collection_table *table, int64_t id,
                                   stoa_error *err)
{
    struct collection_packed packed = {.row_count = 1};
    stoa__buffer text = {0};
    stoa_status rc = collection_packed_int64(&packed, id);

    collection_text(&text, "DELETE FROM %T WHERE \"id\" = ?1", table->name);
    if (rc == STOA_OK)
        rc = collection_packed_run(&packed, call, &text, NULL, NULL, err);
    else
        rc = stoa__fail_nomem(err);
    stoa__buffer_release(&text);
    collection_packed_release(&packed);
    return rc;
}

static stoa_status pack(struct collection_packed *packed, const struct collection_group *group,
                        int64_t id, bool indexed)
{
    const size_t cells = (size_t)group->row_count * ((size_t)group->feed_count + 1 + indexed);
    stoa_status rc = stoa__buffer_reserve(&packed->values, cells * sizeof(stoa_value));

    for (int64_t row = 0; row < group->row_count && rc == STOA_OK; row++) {
        rc = collection_packed_int64(packed, id);
        if (rc == STOA_OK && indexed)
            rc = collection_packed_int64(packed, row + 1);
        for (int32_t i = 0; i < group->feed_count && rc == STOA_OK; i++)
            rc = collection_feed_pack(&group->feeds[i], group->arrays[i], row,
                                      group->ids[i] ? group->ids[i][row] : 0, &packed->values,
                                      &packed->bytes);
    }
    packed->row_count = group->row_count;
    return rc;
}

static stoa_status insert_few(struct collection_call *call, const struct collection_group *group,
                              const struct collection_columns *columns, int64_t id,
                              stoa_error *err)
{
    struct collection_packed packed = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_packed_borrow(&packed, call, &text);
    rc = pack(&packed, group, id, columns->with_index);
    if (rc == STOA_OK) {
        collection_insert_text(columns, &text);
        rc = collection_packed_run(&packed, call, &text, NULL, NULL, err);
    } else {
        rc = stoa__fail_nomem(err);
    }
    collection_packed_return(&packed, call, &text);
    return rc;
}

/* One segment: the arrays as they are. */
struct whole {
    const struct collection_group *group;
    int64_t id;
    bool given;
};

static bool whole_next(void *self, struct collection_segment *segment)
{
    struct whole *const whole = self;
    const struct collection_group *const group = whole->group;

    if (whole->given)
        return false;
    for (int32_t i = 0; i < group->feed_count; i++) {
        segment->arrays[i] = group->arrays[i];
        segment->first[i] = 0;
        segment->ids[i] = group->ids[i];
    }
    segment->count = group->row_count;
    whole->given = true;
    return true;
}

static void whole_number(void *self, int64_t from, int64_t count, int64_t *ids, int64_t *indexes)
{
    const struct whole *const whole = self;

    for (int64_t i = 0; i < count; i++)
        ids[i] = whole->id;
    for (int64_t i = 0; i < count && indexes; i++)
        indexes[i] = from + i + 1;
}

static void whole_rewind(void *self)
{
    struct whole *const whole = self;

    whole->given = false;
}

static int64_t whole_row(void *self, int64_t at)
{
    (void)self;
    return at;
}

static bool has_null(const struct collection_group *group)
{
    for (int32_t i = 0; i < group->feed_count; i++)
        if (collection_feed_may_be_null(&group->feeds[i], group->arrays[i]))
            return true;
    return false;
}

/* Columns that are not given may be NULL as well. */
static bool may_repeat(const struct collection_group *group)
{
    return group->table->role == ROLE_SET && group->row_count > 1 &&
           (has_null(group) || group->feed_count < group->table->column_count - 1);
}

stoa_status collection_group_insert(struct collection_call *call,
                                    const struct collection_group *group, int64_t id,
                                    stoa_error *err)
{
    struct whole whole = {group, id, false};
    const struct collection_flow flow = {
        .columns = collection_group_columns(group->table, group->feeds, group->feed_count),
        .row_count = group->row_count,
        .next = whole_next,
        .number = whole_number,
        .rewind = whole_rewind,
        .row = whole_row,
        .self = &whole};
    stoa_status rc;

    if (group->row_count == 0)
        return STOA_OK;
    if (group->row_count <= COLLECTION_FEW_ROWS)
        rc = insert_few(call, group, &flow.columns, id, err);
    else
        rc = collection_flow_write(call, &flow, NULL, err);
    return rc == STOA_OK && may_repeat(group) ? collection_set_check(call, group->table, id, err)
                                              : rc;
}

/* ---- sets ---- */

/* The UNIQUE that has `id`; its other columns say which rows are the same. */
static const struct collection_index *set_index(const struct collection_table *table)
{
    for (int32_t i = 0; i < table->index_count; i++) {
        const struct collection_index *const index = &table->indexes[i];

        for (int32_t k = 0; k < index->column_count && !index->partial; k++)
            if (index->columns[k] &&
                collection_find_column(table, index->columns[k], strlen(index->columns[k])) ==
                    table->id)
                return index;
    }
    return NULL;
}

static void set_text(const struct collection_table *table, const struct collection_index *index,
                     stoa__buffer *text)
{
    collection_text(text, "SELECT 1 FROM %T WHERE \"id\" = ?1 AND (0", table->name);
    for (int32_t k = 0; k < index->column_count; k++)
        if (index->columns[k])
            collection_text(text, " OR %Q IS NULL", index->columns[k]);
    collection_text(text, ") GROUP BY \"id\"");
    for (int32_t k = 0; k < index->column_count; k++)
        if (index->columns[k])
            collection_text(text, ",%Q", index->columns[k]);
    collection_text(text, " HAVING count(*) > 1");
}

stoa_status collection_set_check(struct collection_call *call,
                                 const struct collection_table *table, int64_t id, stoa_error *err)
{
    const struct collection_index *const index = set_index(table);
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = id};
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    if (!index)
        return STOA_OK;
    set_text(table, index, &text);
    rc = collection_text_end(&text, err);
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text.data, text.size, err);
    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, &key, 1, NULL, 0, err);
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    if (rc == STOA_DONE)
        return STOA_OK;
    if (rc != STOA_OK)
        return rc;
    return stoa__fail(err, STOA_ERR_CONSTRAINT,
                      "Failed to execute statement: UNIQUE constraint failed: %s (rows that are "
                      "equal, with NULL in them, of element %lld)",
                      table->name, (long long)id);
}
