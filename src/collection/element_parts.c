/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/element.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#include "base/ban.h"

stoa_status collection_write_enter(struct collection_write *write, stoa_conn conn, stoa_op op,
                                   const char *operation, const char *collection,
                                   int64_t collection_size, stoa_error *err)
{
    stoa_status rc = collection_enter(&write->call, conn, op, operation, err);

    if (rc != STOA_OK)
        return rc;
    write->relations = (struct collection_relations){.call = &write->call};
    write->arena = (stoa__arena){0};
    rc = collection_get(&write->call, collection, collection_size, &write->collection, err);
    if (rc == STOA_OK)
        rc = collection_write_begin(&write->call, err);
    return rc == STOA_OK ? STOA_OK : collection_leave(&write->call, rc);
}

stoa_status collection_write_leave(struct collection_write *write, stoa_status rc, stoa_error *err)
{
    collection_relations_release(&write->relations);
    rc = collection_write_end(&write->call, rc, err);
    stoa__arena_release(&write->arena);
    return collection_leave(&write->call, rc);
}

/* ---- values by name ---- */

stoa_status collection_cells_init(struct collection_cells *cells, struct collection_write *write,
                                  stoa_error *err)
{
    const size_t count = (size_t)cells->inputs.count;

    cells->feeds = stoa__arena_alloc_zero(&write->arena, count + 1, sizeof *cells->feeds);
    cells->ids = stoa__arena_alloc_zero(&write->arena, count + 1, sizeof *cells->ids);
    return cells->feeds && cells->ids ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status collection_cells_check(struct collection_cells *cells, struct collection_write *write,
                                   stoa_error *err)
{
    stoa_status rc = STOA_OK;
    int64_t bad;

    for (int32_t i = 0; i < cells->inputs.count && rc == STOA_OK; i++)
        if (cells->feeds[i].form == COLLECTION_FORM_LABEL)
            rc = collection_feed_resolve(&cells->feeds[i], &write->relations,
                                         &cells->inputs.items[i].array, 0, 1, &cells->ids[i], &bad,
                                         err);
    for (int32_t i = 0; i < cells->inputs.count && rc == STOA_OK; i++) {
        struct collection_feed *const feed = &cells->feeds[i];
        const struct ArrowArray *const array = &cells->inputs.items[i].array;
        int32_t problem;

        bad = collection_feed_check(feed, array, 0, 1, &problem);
        if (bad >= 0)
            rc = collection_feed_fail(&write->call, feed, array, 0, 0, problem, err);
        collection_feed_settle(feed);
    }
    return rc;
}

stoa_status collection_cells_pack(const struct collection_cells *cells, stoa__buffer *values,
                                  stoa__buffer *bytes)
{
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < cells->inputs.count && rc == STOA_OK; i++)
        rc = collection_feed_pack(&cells->feeds[i], &cells->inputs.items[i].array, 0,
                                  cells->ids[i], values, bytes);
    return rc;
}

/* ---- ids ---- */

static stoa_status ask_number(struct collection_call *call, stoa__buffer *text,
                              const stoa_value *value, const char *bytes, int64_t *out,
                              stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa_status rc = collection_text_end(text, err);

    *out = 0;
    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text->data, text->size, err);
    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, value, value ? 1 : 0, (const uint8_t *)bytes,
                                value ? value->b : 0, err);
    if (rc == STOA_OK)
        *out = collection_row_int64(&sql.row, 0);
    collection_sql_close(&sql);
    stoa__buffer_release(text);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* What AUTOINCREMENT remembers; it makes its table with the first one that has it. */
static stoa_status ask_sequence(struct collection_call *call, const char *table, int64_t *out,
                                stoa_error *err)
{
    const stoa_value name = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(table)};
    stoa__buffer text = {0};
    int64_t there;
    stoa_status rc;

    *out = 0;
    collection_text(&text, "SELECT count(*) FROM main.sqlite_schema "
                           "WHERE name = 'sqlite_sequence'");
    rc = ask_number(call, &text, NULL, NULL, &there, err);
    if (rc != STOA_OK || there == 0)
        return rc;
    collection_text(&text, "SELECT seq FROM main.sqlite_sequence WHERE name = ?1");
    return ask_number(call, &text, &name, table, out, err);
}

stoa_status collection_next_id(struct collection_call *call,
                               const struct collection_table *collection, int64_t count,
                               int64_t *id, stoa_error *err)
{
    stoa__buffer text = {0};
    int64_t highest, sequence = 0, last;
    stoa_status rc;

    collection_text(&text, "SELECT max(\"id\") FROM %T", collection->name);
    rc = ask_number(call, &text, NULL, NULL, &highest, err);
    if (rc == STOA_OK)
        rc = ask_sequence(call, collection->name, &sequence, err);
    if (rc != STOA_OK)
        return rc;
    highest = highest > sequence ? highest : sequence;
    highest = highest > 0 ? highest : 0;
    if (__builtin_add_overflow(highest, count, &last))
        return collection_fail(call, err, STOA_ERR_FULL, "no ids are left in collection '%s'",
                               collection->name);
    *id = highest + 1;
    return STOA_OK;
}

/* ---- names ---- */

bool collection_has_high_ids(const struct collection_call *call)
{
    return call->model->high_ids || call->state->high_ids;
}

void collection_note_id(struct collection_call *call, int64_t id)
{
    call->state->high_ids = call->state->high_ids || id > COLLECTION_ID_HIGH;
}

stoa_status collection_element_fail_ignored(const struct collection_call *call,
                                            const struct collection_table *collection,
                                            stoa_error *err)
{
    return collection_fail(call, err, STOA_ERR_CONSTRAINT,
                           "a trigger or conflict clause of table '%s' ignored the element",
                           collection->name);
}

stoa_status collection_scalar(const struct collection_call *call,
                              const struct collection_table *collection, const char *name,
                              const struct collection_column **out, stoa_error *err)
{
    const int32_t column = collection_find_column(collection, name, strlen(name));

    if (column < 0)
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "Column '%s' not found in table '%s'", name,
                          collection->name);
    *out = &collection->columns[column];
    if ((*out)->generated)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "column '%s' is generated and cannot be written", name);
    return STOA_OK;
}

stoa_status collection_group_get(const struct collection_call *call,
                                 const struct collection_table *collection, int32_t kind,
                                 const char *group, int64_t group_size,
                                 const struct collection_table **out, stoa_error *err)
{
    size_t size = 0;
    stoa_status rc =
        stoa__text_size("group", group, group_size, STOA__NAME_BYTES_MAX, &size, err);

    *out = NULL;
    if (rc != STOA_OK)
        return rc;
    for (int32_t role = ROLE_VECTOR; role <= ROLE_TIME_SERIES && !*out; role++)
        if (kind == STOA_GROUP_ANY || kind == role)
            *out = collection_find_group(collection, role, group, size);
    if (*out && (*out)->unusable)
        rc = collection_fail(call, err, STOA_ERR_INVALID, "%s", (*out)->unusable);
    else if (!*out && kind == STOA_GROUP_TIME_SERIES)
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND,
                        "Time series group '%.*s' not found for collection '%s'", (int)size, group,
                        collection->name);
    else if (!*out)
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND, "%s not found: '%.*s' in collection '%s'",
                        kind == STOA_GROUP_VECTOR ? "Vector group"
                        : kind == STOA_GROUP_SET  ? "Set group"
                                                  : "Group",
                        (int)size, group, collection->name);
    if (rc != STOA_OK)
        *out = NULL;
    return rc;
}
