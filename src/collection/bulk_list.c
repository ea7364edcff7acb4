/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as rows of a group, without a copy: items that lie one behind the other, over any number of
 * elements, are a segment. Every walk over a group meets its items in the same order, so what was
 * found out about the n-th item is kept under n.
 */
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "collection/bulk.h"

#include <assert.h>

#include "base/ban.h"

/* A walk over the items of a group. */
struct walk {
    const struct bulk *bulk;
    const struct bulk_group *group;
    int64_t batch, row; /* The next one, `row` in its batch. */
    int64_t at;         /* Items met before the segment given last. */
    int64_t count;      /* Items of that segment. */
    /* Where numbering is, inside that segment: its element and the item there. */
    int64_t number_batch, number_row, number_item;
    int64_t segment_row; /* Where the segment began, in `number_batch`. */
};

bool collection_bulk_is_list(const struct stoa__arrow_type *type)
{
    return stoa__arrow_is_list(type->kind) && !type->dictionary;
}

/* Items [*first, + *count) of a row's list; false: it is NULL. */
static bool items_of(const struct bulk *bulk, int32_t child, int64_t batch, int64_t row,
                     int64_t *first, int64_t *count)
{
    const struct ArrowArray *const array = &collection_bulk_batch_at(bulk, batch)->array;
    struct stoa__cell cell;

    stoa__cell_at(&bulk->in.type->children[child], array->children[child], array->offset + row,
                  &cell);
    *first = *count = 0;
    if (cell.null)
        return false;
    stoa__cell_items(&cell, first, count);
    return true;
}

bool collection_bulk_group_touches(const struct bulk *bulk, const struct bulk_group *group,
                                   int64_t batch, int64_t row)
{
    int64_t first, count;

    for (int32_t i = 0; i < group->feed_count; i++)
        if (items_of(bulk, group->items[i].child, batch, row, &first, &count))
            return true;
    return false;
}

/* The array of a column's values, and where in it item 0 of the list is. */
static const struct ArrowArray *values_of(const struct bulk *bulk, const struct bulk_items *items,
                                          int64_t batch, int64_t *shift)
{
    const struct ArrowArray *const list =
        collection_bulk_batch_at(bulk, batch)->array.children[items->child];
    const struct ArrowArray *const values = list->children[0];

    *shift = items->field < 0 ? 0 : values->offset;
    return items->field < 0 ? values : values->children[items->field];
}

/* ---- measuring ---- */

static stoa_status check_structs(const struct bulk *bulk, const struct bulk_items *items,
                                 int64_t batch, int64_t row, stoa_error *err)
{
    const int32_t child = items->child;
    const struct ArrowArray *const list =
        collection_bulk_batch_at(bulk, batch)->array.children[child];
    const struct ArrowArray *const structs = list->children[0];
    int64_t first, count;

    if (items->field < 0 || structs->null_count == 0 || !structs->buffers[0])
        return STOA_OK;
    (void)items_of(bulk, child, batch, row, &first, &count);
    for (int64_t i = first; i < first + count; i++)
        if (!stoa__bit_get(structs->buffers[0], structs->offset + i))
            return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                   "item %lld of '%s' is NULL, which is no row",
                                   (long long)(i - first), bulk->in.type->children[child].name);
    return STOA_OK;
}

static stoa_status measure_row(const struct bulk *bulk, struct bulk_group *group, int64_t batch,
                               int64_t row, stoa_error *err)
{
    int64_t first, length = 0, count;

    for (int32_t i = 0; i < group->feed_count; i++) {
        (void)items_of(bulk, group->items[i].child, batch, row, &first, &count);
        if (i > 0 && count != length)
            return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                   "%s columns in table '%s' must have the same length",
                                   collection_kind_word(group->table->role), group->table->name);
        length = count;
    }
    if (__builtin_add_overflow(group->row_count, length, &group->row_count))
        return collection_fail(&bulk->call, err, STOA_ERR_FULL, "more items than any memory");
    for (int32_t i = 0; i < group->feed_count; i++)
        if (i == 0 || group->items[i].child != group->items[i - 1].child) {
            const stoa_status rc = check_structs(bulk, &group->items[i], batch, row, err);

            if (rc != STOA_OK)
                return rc;
        }
    return STOA_OK;
}

static stoa_status check_dimensions(const struct bulk *bulk, const struct bulk_group *group,
                                    stoa_error *err)
{
    for (int32_t c = 0; c < group->table->column_count && group->row_count > 0; c++) {
        bool given = !group->table->columns[c].dimension;

        for (int32_t i = 0; i < group->feed_count && !given; i++)
            given = group->feeds[i].column == &group->table->columns[c];
        if (!given)
            return collection_fail(&bulk->call, err, STOA_ERR_INVALID,
                                   "row missing required '%s' column",
                                   group->table->columns[c].name);
    }
    return STOA_OK;
}

stoa_status collection_bulk_group_measure(const struct bulk *bulk, struct bulk_group *group,
                                          stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && rc == STOA_OK; b++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, b);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            rc = measure_row(bulk, group, b, row, err);
            if (rc != STOA_OK)
                (void)collection_bulk_at_row(rc, batch->first + row, err);
        }
    }
    return rc == STOA_OK ? check_dimensions(bulk, group, err) : rc;
}

/* ---- walking ---- */

/* Does the row's list go on where the segment ends, in every column? */
static bool goes_on(const struct walk *walk, const int64_t *first, int64_t *count)
{
    const struct bulk_group *const group = walk->group;
    int64_t begin;

    for (int32_t i = 0; i < group->feed_count; i++) {
        int64_t shift;

        (void)values_of(walk->bulk, &group->items[i], walk->batch, &shift);
        (void)items_of(walk->bulk, group->items[i].child, walk->batch, walk->row, &begin, count);
        if (*count > 0 && begin + shift != first[i] + walk->count)
            return false;
    }
    return true;
}

static void begin_segment(struct walk *walk, struct collection_segment *segment)
{
    const struct bulk_group *const group = walk->group;

    for (int32_t i = 0; i < group->feed_count; i++) {
        int64_t shift, count;

        segment->arrays[i] = values_of(walk->bulk, &group->items[i], walk->batch, &shift);
        (void)items_of(walk->bulk, group->items[i].child, walk->batch, walk->row,
                       &segment->first[i], &count);
        segment->first[i] += shift;
        segment->ids[i] = group->ids[i] ? group->ids[i] + walk->at : NULL;
    }
    walk->number_batch = walk->batch;
    walk->number_row = walk->segment_row = walk->row;
    walk->number_item = 0;
}

static bool walk_next(void *self, struct collection_segment *segment)
{
    struct walk *const walk = self;
    int64_t first, count;

    walk->at += walk->count;
    walk->count = 0;
    for (; walk->batch < collection_bulk_batch_count(walk->bulk); walk->batch++, walk->row = 0) {
        const int64_t length = collection_bulk_batch_at(walk->bulk, walk->batch)->array.length;

        for (; walk->row < length; walk->row++) {
            (void)items_of(walk->bulk, walk->group->items[0].child, walk->batch, walk->row, &first,
                           &count);
            if (count == 0)
                continue;
            if (walk->count == 0)
                begin_segment(walk, segment);
            else if (!goes_on(walk, segment->first, &count))
                break;
            walk->count += count;
        }
        if (walk->count > 0)
            break;
    }
    segment->count = walk->count;
    return walk->count > 0;
}

/* From item to item; called for all of a segment, in order. */
static void walk_number(void *self, int64_t from, int64_t count, int64_t *ids, int64_t *indexes)
{
    struct walk *const walk = self;
    int64_t first, length, id = 0, done = 0;

    (void)from;
    while (done < count) {
        int64_t take;

        (void)items_of(walk->bulk, walk->group->items[0].child, walk->number_batch,
                       walk->number_row, &first, &length);
        take = length - walk->number_item;
        take = take < count - done ? take : count - done;
        if (walk->bulk->ids)
            id = walk->bulk->ids[collection_bulk_batch_at(walk->bulk, walk->number_batch)->first +
                                 walk->number_row];
        for (int64_t i = 0; i < take && ids; i++)
            ids[done + i] = id;
        for (int64_t i = 0; i < take && indexes; i++)
            indexes[done + i] = walk->number_item + i + 1;
        done += take;
        walk->number_item += take;
        if (walk->number_item == length) {
            walk->number_row++;
            walk->number_item = 0;
        }
    }
}

static void walk_rewind(void *self)
{
    struct walk *const walk = self;

    *walk = (struct walk){.bulk = walk->bulk, .group = walk->group};
}

/* ---- checks ---- */

struct room {
    struct collection_segment segment;
    struct walk walk;
};

static stoa_status walk_init(struct room *room, struct bulk *bulk, const struct bulk_group *group,
                             stoa_error *err)
{
    const size_t count = (size_t)group->feed_count;

    *room = (struct room){.walk = {.bulk = bulk, .group = group}};
    room->segment.arrays = stoa__arena_alloc_zero(&bulk->arena, count, sizeof(void *));
    room->segment.first = stoa__arena_alloc_zero(&bulk->arena, count, sizeof(int64_t));
    room->segment.ids = stoa__arena_alloc_zero(&bulk->arena, count, sizeof(void *));
    return room->segment.arrays && room->segment.first && room->segment.ids ? STOA_OK
                                                                            : stoa__fail_nomem(err);
}

/* The row of the segment's item `item`, and which of its list it is. */
static int64_t row_of(struct walk *walk, int64_t item, int64_t *index)
{
    int64_t number;

    walk->number_row = walk->segment_row;
    walk->number_item = 0;
    for (int64_t i = 0; i < item; i++)
        walk_number(walk, 0, 1, NULL, NULL);
    walk_number(walk, 0, 1, NULL, &number);
    *index = number - 1;
    if (walk->number_item == 0)
        walk->number_row--;
    return collection_bulk_batch_at(walk->bulk, walk->number_batch)->first + walk->number_row;
}

static int64_t walk_row(void *self, int64_t at)
{
    int64_t index;

    return row_of(self, at, &index);
}

stoa_status collection_bulk_group_resolve(struct bulk *bulk, struct bulk_group *group,
                                          stoa_error *err)
{
    struct room room;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < group->feed_count && rc == STOA_OK; i++) {
        if (group->feeds[i].form != COLLECTION_FORM_LABEL)
            continue;
        group->ids[i] =
            stoa__arena_alloc(&bulk->arena, ((size_t)group->row_count + 1) * sizeof(int64_t));
        rc = group->ids[i] ? walk_init(&room, bulk, group, err) : stoa__fail_nomem(err);
        while (rc == STOA_OK && walk_next(&room.walk, &room.segment)) {
            int64_t bad, index;

            rc = collection_feed_resolve(&group->feeds[i], &bulk->relations,
                                         room.segment.arrays[i], room.segment.first[i],
                                         room.segment.count, group->ids[i] + room.walk.at, &bad,
                                         err);
            if (rc == STOA_ERR_NOT_FOUND)
                (void)collection_bulk_at_row(rc, row_of(&room.walk, bad, &index), err);
        }
    }
    return rc;
}

static stoa_status check_segment(struct bulk *bulk, struct bulk_group *group, struct room *room,
                                 stoa_error *err)
{
    struct collection_segment *const segment = &room->segment;

    for (int32_t i = 0; i < group->feed_count; i++) {
        int32_t problem;
        int64_t row, index, bad;
        const stoa_status rc =
            collection_feed_check_all(&group->feeds[i], &bulk->call, segment->arrays[i],
                                      segment->first[i], segment->count, &bad, &problem, err);

        group->may_repeat =
            group->may_repeat ||
            (group->table->role == ROLE_SET &&
             collection_feed_may_be_null(&group->feeds[i], segment->arrays[i]));
        if (rc != STOA_OK)
            return rc;
        if (bad < 0)
            continue;
        row = row_of(&room->walk, bad, &index);
        return collection_bulk_at_row(
            collection_feed_fail(&bulk->call, &group->feeds[i], segment->arrays[i],
                                 segment->first[i] + bad, index, problem, err),
            row, err);
    }
    return STOA_OK;
}

stoa_status collection_bulk_group_check(struct bulk *bulk, struct bulk_group *group,
                                        stoa_error *err)
{
    struct room room;
    stoa_status rc = walk_init(&room, bulk, group, err);

    while (rc == STOA_OK && walk_next(&room.walk, &room.segment))
        rc = check_segment(bulk, group, &room, err);
    for (int32_t i = 0; i < group->feed_count && rc == STOA_OK; i++)
        collection_feed_settle(&group->feeds[i]);
    group->may_repeat = group->may_repeat || (group->table->role == ROLE_SET &&
                                              group->feed_count < group->table->column_count - 1);
    return rc;
}

/* ---- rows ---- */

static stoa_status check_sets(struct bulk *bulk, const struct bulk_group *group, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t b = 0; b < collection_bulk_batch_count(bulk) && rc == STOA_OK; b++) {
        const struct bulk_batch *const batch = collection_bulk_batch_at(bulk, b);

        for (int64_t row = 0; row < batch->array.length && rc == STOA_OK; row++) {
            int64_t first, count;

            (void)items_of(bulk, group->items[0].child, b, row, &first, &count);
            if (count < 2)
                continue;
            rc = collection_set_check(&bulk->call, group->table, bulk->ids[batch->first + row],
                                      err);
            if (rc == STOA_ERR_CONSTRAINT)
                (void)collection_bulk_at_row(rc, batch->first + row, err);
        }
    }
    return rc;
}

stoa_status collection_bulk_group_insert(struct bulk *bulk, const struct bulk_group *group,
                                         stoa_error *err)
{
    struct walk walk = {.bulk = bulk, .group = group};
    const struct collection_flow flow = {
        .columns = collection_group_columns(group->table, group->feeds, group->feed_count),
        .row_count = group->row_count,
        .next = walk_next,
        .number = walk_number,
        .rewind = walk_rewind,
        .row = walk_row,
        .self = &walk};
    stoa_status rc = collection_flow_write(&bulk->call, &flow, NULL, err);

    return rc == STOA_OK && group->may_repeat ? check_sets(bulk, group, err) : rc;
}
