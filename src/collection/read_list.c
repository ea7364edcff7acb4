/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements and their groups' rows, walked together: one statement gives elements by id, one a group
 * gives its rows by id, and a group's rows of one element become a list. All statements begin
 * before the first is read to its end, so all see the same state of the database.
 */
#include "collection/read.h"

#include "arrow/array.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/conn.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Elements a batch, and values of a list column that close one early: elements may have many. And
 * rows of a group a batch, which are only passed on: they stay in the cache. */
enum { LIST_ROWS_MAX = 16384, LIST_ITEMS_MAX = 1 << 20, GROUP_ROWS_MAX = 4096 };

struct list_group {
    struct read_statement statement;
    const struct collection_table *table; /* While it is made. */
    int32_t *lists;           /* Of the statement's columns from c1 on: their list column. */
    struct ArrowArray batch;
    const int64_t *ids;       /* Of its rows. */
    int64_t row;              /* Not looked at yet; */
    int64_t first;            /* from here on not copied. */
    int64_t items;            /* Copied into this batch of lists. */
    bool ended;
};

struct lists {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct read_statement elements;
    struct list_group *groups;
    int32_t group_count;
    int32_t *places; /* Of the result's columns: c{n} of the elements, or -1 - list column. */
    struct stoa__arrow_type *list_type;
    struct stoa__builder builder;
    struct ArrowArray batch; /* Of elements. */
    const int64_t *ids;      /* Theirs. */
    int64_t row;             /* Of them, not given yet. */
};

/* ---- copying ---- */

static stoa_status copy_fixed(struct stoa__column *to, const struct ArrowArray *from, int64_t first,
                              int64_t count)
{
    memcpy(to->data + to->length * 8, (const uint8_t *)from->buffers[1] + first * 8,
           (size_t)count * 8);
    return STOA_OK;
}

static stoa_status copy_text(struct stoa__column *to, const struct ArrowArray *from, int64_t first,
                             int64_t count, stoa_error *err)
{
    const int32_t *offsets = (const int32_t *)from->buffers[1] + first;
    const int64_t size = offsets[count] - offsets[0];
    stoa_status rc = stoa__column_reserve_bytes(to, size, err);
    int32_t *into;

    if (rc != STOA_OK)
        return rc;
    into = (int32_t *)to->offsets + to->length;
    if (size > 0)
        memcpy(to->data + to->data_size, (const uint8_t *)from->buffers[2] + offsets[0],
               (size_t)size);
    for (int64_t i = 1; i <= count; i++)
        into[i] = (int32_t)to->data_size + (offsets[i] - offsets[0]);
    to->data_size += size;
    return STOA_OK;
}

static stoa_status copy_nulls(struct stoa__column *to, const struct ArrowArray *from, int64_t first,
                              int64_t count, stoa_error *err)
{
    const int64_t length = to->length;
    stoa_status rc = STOA_OK;

    if (from->null_count == 0 || !from->buffers[0])
        return STOA_OK;
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        to->length = length + i;
        if (!stoa__bit_get(from->buffers[0], first + i))
            rc = stoa__column_mark_null(to, err);
    }
    to->length = length;
    return rc;
}

/* Append rows of an array of the engine's, which begins at its buffers. */
static stoa_status copy_rows(struct stoa__column *to, const struct ArrowArray *from, int64_t first,
                             int64_t count, stoa_error *err)
{
    stoa_status rc = stoa__column_reserve(to, count, err);

    assert(from->offset == 0);
    if (rc == STOA_OK)
        rc = copy_nulls(to, from, first, count, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_shape(to->type) == STOA__SHAPE_TEXT
                 ? copy_text(to, from, first, count, err)
                 : copy_fixed(to, from, first, count);
    if (rc == STOA_OK)
        to->length += count;
    return rc;
}

/* What was looked at and belongs to elements of this batch. */
static stoa_status flush(struct lists *lists, struct list_group *group, stoa_error *err)
{
    const int64_t count = group->row - group->first;
    stoa_status rc = STOA_OK;

    for (int32_t i = 1; rc == STOA_OK && count > 0 && i < group->statement.column_count; i++) {
        struct stoa__column *list = &lists->builder.root.children[group->lists[i - 1]];

        rc = copy_rows(stoa__column_target(&list->children[0]), group->batch.children[i],
                       group->first, count, err);
    }
    group->items += count;
    group->first = group->row;
    return rc;
}

/* ---- the rows of one element ---- */

static stoa_status load(struct list_group *group, stoa__call *call, stoa_error *err)
{
    stoa_status rc;

    stoa__array_release(&group->batch);
    group->row = group->first = 0;
    rc = group->ended
             ? STOA_DONE
             : collection_read_statement_next(&group->statement, call, &group->batch, err);
    if (rc == STOA_OK)
        group->ids = group->batch.children[0]->buffers[1];
    for (int32_t i = 1; rc == STOA_OK && i < group->statement.column_count; i++) {
        const struct read_column *column = &group->statement.columns[i];

        if (column->form != READ_LABEL) /* The list's dictionary is made of all its items. */
            rc = collection_read_column_convert(&group->statement.run, column,
                                                group->batch.children[i], group->ids, err);
    }
    group->ended = rc == STOA_DONE;
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* Where the batch's rows of `id` end, which it has come to. */
static int64_t end_of(const struct list_group *group, int64_t id)
{
    int64_t row = group->row;

    while (row < group->batch.length && group->ids[row] == id)
        row++;
    return row;
}

/* Move to the end of the rows of `id`. Rows of ids that are not there (foreign keys were off) are
 * passed over. */
static stoa_status take(struct lists *lists, struct list_group *group, int64_t id, stoa__call *call,
                        stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (;;) {
        if (group->row == group->batch.length) {
            rc = flush(lists, group, err);
            if (rc == STOA_OK)
                rc = load(group, call, err);
            if (rc != STOA_OK || group->ended)
                return rc;
        }
        if (__builtin_expect(group->ids[group->row] < id, 0)) {
            rc = flush(lists, group, err);
            group->first = ++group->row;
            if (rc != STOA_OK)
                return rc;
            continue;
        }
        group->row = end_of(group, id);
        if (group->row < group->batch.length)
            return STOA_OK;
    }
}

/* May there be rows up to `id`? Many elements have none. */
static bool has_more(const struct list_group *group, int64_t id)
{
    return group->row < group->batch.length ? group->ids[group->row] <= id : !group->ended;
}

static stoa_status end_lists(struct lists *lists, struct list_group *group, stoa_error *err)
{
    const int64_t items = group->items + (group->row - group->first);

    if (items > INT32_MAX)
        return stoa__fail(err, STOA_ERR_FULL,
                          "Cannot %s: an element has more than %d rows in a group",
                          lists->elements.run.operation, INT32_MAX);
    for (int32_t i = 1; i < group->statement.column_count; i++) {
        struct stoa__column *list = &lists->builder.root.children[group->lists[i - 1]];

        ((int32_t *)list->offsets)[++list->length] = (int32_t)items;
    }
    return STOA_OK;
}

/* Lists of elements from lists->row on; `*count`: how many. */
static stoa_status fill(struct lists *lists, stoa__call *call, int64_t *count, stoa_error *err)
{
    const int64_t *ids = lists->ids + lists->row;
    const int64_t most = lists->batch.length - lists->row;
    bool full = false;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < lists->list_type->child_count; i++)
        rc = stoa__column_reserve(&lists->builder.root.children[i], most, err);
    for (int32_t g = 0; g < lists->group_count; g++)
        lists->groups[g].items = 0;
    for (*count = 0; rc == STOA_OK && !full && *count < most; ++*count)
        for (int32_t g = 0; rc == STOA_OK && g < lists->group_count; g++) {
            struct list_group *group = &lists->groups[g];

            if (has_more(group, ids[*count]))
                rc = take(lists, group, ids[*count], call, err);
            if (rc == STOA_OK)
                rc = end_lists(lists, group, err);
            full = full || group->items + group->row - group->first >= LIST_ITEMS_MAX;
        }
    for (int32_t g = 0; rc == STOA_OK && g < lists->group_count; g++)
        rc = flush(lists, &lists->groups[g], err);
    return rc;
}

/* ---- batches ---- */

/* The columns of the elements and the lists, in the order of the result. */
static stoa_status put_together(struct lists *lists, struct ArrowArray *elements,
                                struct ArrowArray *made, struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc = stoa__array_init(out, 1, lists->type->child_count, err);

    for (int32_t i = 0; rc == STOA_OK && i < lists->type->child_count; i++) {
        const int32_t place = lists->places[i];

        stoa__array_adopt(out->children[i],
                          place >= 0 ? elements->children[place] : made->children[-1 - place]);
    }
    if (rc == STOA_OK)
        out->length = elements->length;
    stoa__array_release(elements);
    stoa__array_release(made);
    return rc;
}

/* `count` elements from lists->row on; the last ones take the batch with them. */
static stoa_status elements_of(struct lists *lists, int64_t count, struct ArrowArray *out,
                               stoa_error *err)
{
    const bool last = lists->row + count == lists->batch.length;
    stoa_status rc = STOA_OK;

    if (last && lists->row == 0) {
        *out = lists->batch;
        lists->batch = (struct ArrowArray){0};
    } else {
        struct ArrowArray shared = {0};

        rc = stoa__array_share(&lists->batch, &shared, err); /* Once: then it is shared already. */
        if (rc != STOA_OK)
            return rc;
        lists->batch = shared;
        rc = stoa__array_window(&lists->batch, lists->row, count, out, err);
        lists->row += count;
    }
    if (last) {
        stoa__array_release(&lists->batch);
        lists->row = 0;
    }
    return rc;
}

static stoa_status lists_next(void *self, stoa__call *call, struct ArrowArray *out,
                              stoa_error *err)
{
    struct lists *lists = self;
    struct ArrowArray elements = {0}, made = {0};
    int64_t count = 0;
    stoa_status rc = STOA_OK;

    if (!lists->batch.release) {
        rc = collection_read_statement_next(&lists->elements, call, &lists->batch, err);
        if (rc == STOA_OK)
            rc = collection_read_statement_convert(&lists->elements, &lists->batch, err);
        if (rc == STOA_OK)
            lists->ids = lists->batch.children[0]->buffers[1];
    }
    if (rc == STOA_OK)
        rc = fill(lists, call, &count, err);
    if (rc == STOA_OK) {
        lists->builder.root.length = count;
        rc = stoa__builder_finish(&lists->builder, 0, &made, err);
    }
    if (rc == STOA_OK)
        rc = elements_of(lists, count, &elements, err);
    if (rc == STOA_OK)
        return put_together(lists, &elements, &made, out, err);
    stoa__array_release(&made);
    return rc;
}

static void lists_close(void *self)
{
    struct lists *lists = self;

    for (int32_t g = 0; g < lists->group_count; g++) {
        stoa__array_release(&lists->groups[g].batch);
        collection_read_statement_close(&lists->groups[g].statement);
    }
    stoa__array_release(&lists->batch);
    collection_read_statement_close(&lists->elements);
    stoa__builder_release(&lists->builder);
    stoa__arena_release(&lists->arena);
    stoa__free(lists);
}

static const struct collection_reader lists_reader = {lists_next, lists_close};

/* ---- how it is made ---- */

struct making {
    struct collection_call *call;
    const struct collection_table *collection;
    const struct read_attribute *attributes;
    const struct read_column *columns;
    int32_t count; /* Of the attributes. */
    struct lists *lists;
    stoa_error *err;
};

static struct list_group *group_of(struct lists *lists, const struct collection_table *table)
{
    struct list_group *group = lists->groups;

    while (group->table && group->table != table)
        group++;
    if (!group->table) {
        group->table = table;
        lists->group_count++;
    }
    return group;
}

/* Room for all there can be. */
static stoa_status make_room(const struct making *making)
{
    struct lists *lists = making->lists;
    stoa__arena *arena = &lists->arena;
    const size_t count = (size_t)making->count + 1;

    lists->type = collection_struct_type(arena, making->count + 1);
    lists->list_type = collection_struct_type(arena, making->count);
    lists->places = stoa__arena_alloc_zero(arena, count, sizeof *lists->places);
    lists->groups = stoa__arena_alloc_zero(arena, count, sizeof *lists->groups);
    lists->elements.columns = stoa__arena_alloc_zero(arena, count, sizeof *making->columns);
    if (!lists->type || !lists->list_type || !lists->places || !lists->groups ||
        !lists->elements.columns)
        return stoa__fail_nomem(making->err);
    lists->list_type->child_count = 0;
    return STOA_OK;
}

static stoa_status add_item(const struct making *making, struct list_group *group,
                            const struct read_column *column)
{
    struct read_statement *statement = &group->statement;
    const size_t count = (size_t)making->count + 1;
    stoa__arena *arena = &making->lists->arena;

    if (!statement->columns) {
        statement->columns = stoa__arena_alloc_zero(arena, count, sizeof *column);
        group->lists = stoa__arena_alloc_zero(arena, count, sizeof *group->lists);
        if (!statement->columns || !group->lists)
            return stoa__fail_nomem(making->err);
        statement->columns[statement->column_count++] = collection_read_id_column;
    }
    group->lists[statement->column_count - 1] = making->lists->list_type->child_count;
    statement->columns[statement->column_count++] = *column;
    return STOA_OK;
}

/* Attribute `index` becomes column `index` + 1 of the result. */
static stoa_status add_attribute(const struct making *making, int32_t index)
{
    struct lists *lists = making->lists;
    const struct read_attribute *attribute = &making->attributes[index];
    const struct read_column *column = &making->columns[index];
    struct stoa__arrow_type *field = &lists->type->children[index + 1];
    stoa_status rc;

    if (attribute->table == making->collection) {
        lists->places[index + 1] = lists->elements.column_count;
        lists->elements.columns[lists->elements.column_count++] = *column;
        return collection_read_column_field(column, &lists->arena, field, making->err);
    }
    rc = collection_read_column_field_list(column, &lists->arena, field, making->err);
    if (rc == STOA_OK)
        rc = add_item(making, group_of(lists, attribute->table), column);
    if (rc != STOA_OK)
        return rc;
    lists->places[index + 1] = -1 - lists->list_type->child_count;
    lists->list_type->children[lists->list_type->child_count++] = *field;
    return STOA_OK;
}

void collection_read_group_order(stoa__buffer *text, const struct collection_table *group)
{
    collection_text(text, " ORDER BY g.\"id\"");
    if (group->role == ROLE_VECTOR) {
        collection_text(text, ", g.\"vector_index\"");
    } else if (group->role == ROLE_SET && !group->without_rowid) {
        collection_text(text, ", g.rowid");
    } else {
        for (int32_t key = 1; key <= group->column_count; key++)
            for (int32_t i = 0; i < group->column_count; i++)
                if (group->columns[i].key == key && i != group->id)
                    collection_text(text, ", g.%Q", group->columns[i].name);
    }
}

static void add_columns(const struct making *making, const struct collection_table *table,
                        const char *alias, stoa__buffer *text)
{
    int32_t number = 1;

    collection_text(text, "SELECT %s.\"id\" AS c0", alias);
    for (int32_t i = 0; i < making->count; i++) {
        if (making->attributes[i].table != table)
            continue;
        collection_text(text, ", ");
        collection_read_column_sql(text, alias, &table->columns[making->attributes[i].column],
                                   &making->columns[i], number++);
    }
    collection_text(text, " FROM %T AS %s", table->name, alias);
}

static stoa_status begin(const struct making *making)
{
    static const struct read_packed none = {0};
    struct lists *lists = making->lists;
    const int64_t rows = making->call->entry.leaf->conn->read.batch_rows;
    stoa__buffer text = {0};
    stoa_status rc;

    add_columns(making, making->collection, "e", &text);
    collection_text(&text, " ORDER BY e.\"id\"");
    rc = collection_read_statement_open(&lists->elements, making->call, &text, &none,
                                        rows < LIST_ROWS_MAX ? rows : LIST_ROWS_MAX, &lists->arena,
                                        making->err);
    for (int32_t g = 0; rc == STOA_OK && g < lists->group_count; g++) {
        add_columns(making, lists->groups[g].table, "g", &text);
        collection_read_group_order(&text, lists->groups[g].table);
        rc = collection_read_statement_open(&lists->groups[g].statement, making->call, &text,
                                            &none, rows < GROUP_ROWS_MAX ? rows : GROUP_ROWS_MAX,
                                            &lists->arena, making->err);
        lists->groups[g].table = NULL; /* Of the call's model. */
    }
    return rc;
}

static stoa_status make(const struct making *making)
{
    struct lists *lists = making->lists;
    stoa_status rc = make_room(making);

    if (rc == STOA_OK) {
        lists->elements.columns[lists->elements.column_count++] = collection_read_id_column;
        rc = collection_read_column_field(&collection_read_id_column, &lists->arena,
                                          &lists->type->children[0], making->err);
    }
    for (int32_t i = 0; rc == STOA_OK && i < making->count; i++)
        rc = add_attribute(making, i);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&lists->builder, lists->list_type, 0, making->err);
    return rc == STOA_OK ? begin(making) : rc;
}

stoa_status collection_read_lists(struct collection_call *call,
                                  const struct collection_table *collection,
                                  const struct read_attribute *attributes,
                                  const struct read_column *columns, int32_t count,
                                  stoa__arena *arena, stoa_result *out, stoa_error *err)
{
    struct lists *lists = stoa__alloc_zero(1, sizeof *lists);
    const struct making making = {call, collection, attributes, columns, count, lists, err};
    stoa_status rc;

    if (!lists) {
        stoa__arena_release(arena);
        return stoa__fail_nomem(err);
    }
    lists->arena = *arena;
    *arena = (stoa__arena){0};
    rc = make(&making);
    if (rc == STOA_OK)
        return collection_output(call, &lists_reader, lists, lists->type, out, err);
    lists_close(lists);
    return rc;
}
