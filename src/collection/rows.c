/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/rows.h"

#include "base/error.h"
#include "base/mem.h"
#include "collection/output.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Rows packed at a time. */
enum { BOUND_ROWS = 1024 };

/* ---- packed rows ---- */

void collection_packed_release(struct collection_packed *packed)
{
    stoa__buffer_release(&packed->values);
    stoa__buffer_release(&packed->bytes);
    packed->row_count = 0;
}

/* Kept from call to call, as long as it is small. */
enum { ROOM_BYTES_MAX = 65536 };

static stoa__buffer take_room(stoa__buffer *room)
{
    const stoa__buffer taken = *room;

    *room = (stoa__buffer){0};
    return taken;
}

static void give_room(stoa__buffer *room, stoa__buffer *buffer)
{
    buffer->size = 0;
    if (room->data || buffer->capacity > ROOM_BYTES_MAX) {
        stoa__buffer_release(buffer);
        return;
    }
    *room = *buffer;
    *buffer = (stoa__buffer){0};
}

void collection_packed_borrow(struct collection_packed *packed, struct collection_call *call,
                              stoa__buffer *text)
{
    packed->values = take_room(&call->state->room[0]);
    packed->bytes = take_room(&call->state->room[1]);
    *text = take_room(&call->state->room[2]);
}

void collection_packed_return(struct collection_packed *packed, struct collection_call *call,
                              stoa__buffer *text)
{
    give_room(&call->state->room[0], &packed->values);
    give_room(&call->state->room[1], &packed->bytes);
    give_room(&call->state->room[2], text);
    packed->row_count = 0;
}

stoa_status collection_packed_int64(struct collection_packed *packed, int64_t value)
{
    const stoa_value packed_value = {.type = STOA_TYPE_INT64, .a = value};

    return stoa__buffer_append(&packed->values, &packed_value, sizeof packed_value);
}

stoa_status collection_packed_run(struct collection_packed *packed, struct collection_call *call,
                                  stoa__buffer *text, struct stoa__cursor_info *info,
                                  int64_t *done, stoa_error *err)
{
    struct collection_sql sql = {0};
    struct stoa__cursor_info own_info;
    int64_t own_done;
    stoa_status rc = collection_text_end(text, err);

    if (rc == STOA_OK)
        rc = collection_sql_open(&sql, call, (const char *)text->data, text->size, err);
    if (rc == STOA_OK)
        rc = collection_sql_each(&sql, (const stoa_value *)(const void *)packed->values.data,
                                 (int64_t)(packed->values.size / sizeof(stoa_value)),
                                 packed->row_count, packed->bytes.data,
                                 (int64_t)packed->bytes.size, info ? info : &own_info,
                                 done ? done : &own_done, err);
    collection_sql_close(&sql);
    give_room(&call->state->room[2], text);
    packed->values.size = packed->bytes.size = 0;
    packed->row_count = 0;
    return rc;
}

/* A text of an insert is made for every element, so this one is made by hand. */
struct writing {
    char *at;
};

static void put(struct writing *to, const char *text, size_t size)
{
    memcpy(to->at, text, size);
    to->at += size;
}

static void put_name(struct writing *to, const char *name)
{
    *to->at++ = '"';
    for (; *name; name++) {
        if (*name == '"')
            *to->at++ = '"';
        *to->at++ = *name;
    }
    *to->at++ = '"';
}

static void put_parameter(struct writing *to, int32_t number)
{
    char digits[12];
    size_t size = sizeof digits;

    for (; number > 0; number /= 10)
        digits[--size] = (char)('0' + number % 10);
    *to->at++ = '?';
    put(to, digits + size, sizeof digits - size);
}

static size_t insert_size(const struct collection_columns *columns)
{
    size_t size = 128 + 2 * strlen(columns->table->name);

    for (int32_t i = 0; i < columns->feed_count; i++)
        size += 2 * strlen(columns->feeds[i].column->name) + 16;
    return size;
}

void collection_insert_text(const struct collection_columns *columns, stoa__buffer *text)
{
    const int32_t count = columns->with_id + columns->with_index + columns->feed_count;
    const bool selects = columns->high_ids && !columns->with_id;
    struct writing to;

    if (stoa__buffer_reserve(text, insert_size(columns)) != STOA_OK) {
        collection_text_break(text);
        return;
    }
    to.at = (char *)text->data + text->size;
    put(&to, "INSERT INTO main.", 17);
    put_name(&to, columns->table->name);
    *to.at++ = '(';
    if (columns->with_id)
        put(&to, "\"id\",", 5);
    if (columns->with_index)
        put(&to, "\"vector_index\",", 15);
    for (int32_t i = 0; i < columns->feed_count; i++) {
        put_name(&to, columns->feeds[i].column->name);
        *to.at++ = ',';
    }
    to.at--; /* There is a column, and so a comma behind it. */
    put(&to, selects ? ") SELECT " : ") VALUES(", 9);
    for (int32_t i = 1; i <= count; i++) {
        put_parameter(&to, i);
        *to.at++ = i < count ? ',' : ')';
    }
    to.at -= selects;
    text->size = (size_t)(to.at - (char *)text->data);
}

/* ---- a flow as a source of the engine's ---- */

struct flow_source {
    struct stoa__source source;
    stoa__call *call; /* Inside a transaction the engine does not look at it until the end. */
    const struct collection_flow *flow;
    bool in_pieces;   /* One batch at a time is all there is. */
    bool given, ended;
    struct stoa__arrow_type *type;
    stoa__arena arena;
    struct collection_segment segment;
    int64_t at; /* In the segment. */
    struct collection_room *rooms;
    int64_t *ids, *indexes;
    struct ArrowArray batch, made[2];
    struct ArrowArray **children;
    const void *made_buffers[2][2], *no_validity[1];
};

static const struct stoa__arrow_type int64_type = {.kind = STOA__ARROW_INT64,
                                                   .width = 8,
                                                   .zone = "",
                                                   .name = "",
                                                   .format = "l",
                                                   .nullable = true};

static stoa_status source_next(void *self, const struct ArrowArray **out, stoa_error *err)
{
    struct flow_source *const source = self;
    const struct collection_flow *const flow = source->flow;
    struct collection_segment *const segment = &source->segment;
    const int32_t made = flow->columns.with_id + flow->columns.with_index;
    const int64_t most = source->in_pieces ? COLLECTION_WRITE_ROWS : COLLECTION_CHUNK_ROWS;
    int64_t count;
    stoa_status checked = stoa__call_check(source->call, err);

    *out = NULL;
    if (checked != STOA_OK)
        return checked;
    if (source->in_pieces && source->given)
        return STOA_DONE;
    while (source->at == segment->count) {
        source->at = segment->count = 0;
        source->ended = !flow->next(flow->self, segment);
        if (source->ended)
            return STOA_DONE;
    }
    count = segment->count - source->at;
    count = count < most ? count : most;
    flow->number(flow->self, source->at, count, source->ids, source->indexes);
    for (int32_t i = 0; i < flow->columns.feed_count; i++) {
        const int64_t *const ids = segment->ids[i];
        stoa_status rc = collection_feed_chunk(
            &flow->columns.feeds[i], &source->rooms[i], segment->arrays[i],
            segment->first[i] + source->at, count, ids ? ids + source->at : NULL,
            &source->children[made + i], err);

        if (rc != STOA_OK)
            return rc;
    }
    source->made[0].length = source->made[1].length = count;
    source->batch.length = count;
    source->at += count;
    source->given = true;
    *out = &source->batch;
    return STOA_OK;
}

/* A column that is made: its numbers and its place among the children. */
static stoa_status make_column(struct flow_source *source, int32_t *at, const char *name,
                               int64_t **numbers, stoa_error *err)
{
    struct ArrowArray *const array = &source->made[*at];

    *numbers = stoa__arena_alloc(&source->arena, COLLECTION_CHUNK_ROWS * sizeof **numbers);
    if (!*numbers)
        return stoa__fail_nomem(err);
    source->made_buffers[*at][1] = *numbers;
    *array = (struct ArrowArray){.n_buffers = 2, .buffers = source->made_buffers[*at]};
    source->children[*at] = array;
    source->type->children[*at] = int64_type;
    source->type->children[(*at)++].name = name;
    return STOA_OK;
}

static stoa_status source_init(struct flow_source *source, const struct collection_flow *flow,
                               stoa_error *err)
{
    const struct collection_columns *const columns = &flow->columns;
    const size_t feeds = (size_t)columns->feed_count;
    const int32_t count = columns->with_id + columns->with_index + columns->feed_count;
    stoa__arena *const arena = &source->arena;
    int32_t at = 0;
    stoa_status rc = STOA_OK;

    source->flow = flow;
    source->type = collection_struct_type(arena, count);
    source->children = stoa__arena_alloc_zero(arena, (size_t)count + 1, sizeof *source->children);
    source->rooms = stoa__arena_alloc_zero(arena, feeds + 1, sizeof *source->rooms);
    source->segment.arrays = stoa__arena_alloc_zero(arena, feeds + 1, sizeof(void *));
    source->segment.first = stoa__arena_alloc_zero(arena, feeds + 1, sizeof(int64_t));
    source->segment.ids = stoa__arena_alloc_zero(arena, feeds + 1, sizeof(void *));
    if (!source->type || !source->children || !source->rooms || !source->segment.arrays ||
        !source->segment.first || !source->segment.ids)
        return stoa__fail_nomem(err);
    if (columns->with_id)
        rc = make_column(source, &at, "id", &source->ids, err);
    if (rc == STOA_OK && columns->with_index)
        rc = make_column(source, &at, "vector_index", &source->indexes, err);
    for (size_t i = 0; i < feeds; i++) {
        source->type->children[at] = *collection_feed_stored(&columns->feeds[i]);
        source->type->children[at++].name = columns->feeds[i].column->name;
    }
    source->batch = (struct ArrowArray){.n_buffers = 1,
                                        .buffers = source->no_validity,
                                        .n_children = count,
                                        .children = source->children};
    source->source = (struct stoa__source){
        .type = source->type, .next = source_next, .self = source, .row_count = flow->row_count};
    return rc;
}

static void source_release(struct flow_source *source)
{
    for (int32_t i = 0; source->rooms && i < source->flow->columns.feed_count; i++)
        collection_room_release(&source->rooms[i]);
    stoa__arena_release(&source->arena);
}

stoa_status collection_rows_ruled(struct collection_call *call,
                                  const struct collection_table *table, bool *out,
                                  stoa_error *err)
{
    static const char text[] =
        "SELECT EXISTS(SELECT 1 FROM main.sqlite_schema WHERE tbl_name=?1 COLLATE NOCASE AND "
        "(type='trigger' OR sql LIKE '%conflict%')) OR EXISTS(SELECT 1 FROM temp.sqlite_schema "
        "WHERE tbl_name=?1 COLLATE NOCASE AND type='trigger')";
    const size_t size = strlen(table->name);
    const stoa_value name = {.type = STOA_TYPE_TEXT, .b = (int64_t)size};
    struct collection_sql sql;
    stoa_status rc = collection_sql_open(&sql, call, text, sizeof text - 1, err);

    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, &name, 1, (const uint8_t *)table->name, (int64_t)size, err);
    *out = rc == STOA_OK && collection_row_int64(&sql.row, 0) != 0;
    collection_sql_close(&sql);
    return rc;
}

/* Of a table with triggers SQLite reads all rows before the first of them goes in, and then nobody
 * asks any more whether to stop: so these go in piece by piece. */
static stoa_status append(struct collection_call *call, void *native,
                          struct stoa__ingest_part *part, struct flow_source *source,
                          int64_t *ignored, stoa_error *err)
{
    struct stoa__entry *const entry = &call->entry;
    int32_t level;
    stoa_status rc;

    do {
        part->done = (stoa_table_done){0};
        source->given = false;
        rc = entry->engine->ingest_append(native, &entry->call, part, 1, &level, err);
        *ignored += part->done.dropped;
    } while (rc == STOA_OK && source->in_pieces && !source->ended);
    return rc == STOA_OK ? STOA_OK : collection_sql_fail(rc, err);
}

static stoa_status ingest(struct collection_call *call, struct flow_source *source,
                          int64_t *ignored, stoa_error *err)
{
    static const struct stoa__ingest_config config = {.mode = STOA__INGEST_APPEND,
                                                      .keys = "",
                                                      .dedup_columns = "",
                                                      .ack = STOA_ACK_ACCEPTED,
                                                      .database = "main",
                                                      .nan = STOA__NAN_NULL,
                                                      .index = "",
                                                      .in_caller_transaction = true};
    struct stoa__ingest_part part = {.table = source->flow->columns.table->name,
                                     .source = &source->source,
                                     .config = &config,
                                     .index_column = -1};
    struct stoa__entry *const entry = &call->entry;
    void *native = NULL;
    stoa_status rc = entry->engine->ingest_open(entry->session->native, &config, &native, err);

    if (rc != STOA_OK)
        return rc;
    rc = append(call, native, &part, source, ignored, err);
    entry->engine->ingest_close(native);
    return rc;
}

/* All or nothing. */
static stoa_status write_flow(struct collection_call *call, const struct collection_flow *flow,
                              int64_t *ignored, stoa_error *err)
{
    struct flow_source source = {.call = &call->entry.call};
    stoa_status rc = source_init(&source, flow, err);

    if (rc == STOA_OK && flow->row_count > COLLECTION_WRITE_ROWS)
        rc = collection_rows_ruled(call, flow->columns.table, &source.in_pieces, err);
    if (rc == STOA_OK && source.in_pieces) {
        source.source.row_count = -1;
        rc = collection_write_guard(call, err);
        if (rc == STOA_OK)
            rc = collection_write_unguard(call, ingest(call, &source, ignored, err), err);
    } else if (rc == STOA_OK) {
        rc = ingest(call, &source, ignored, err);
    }
    source_release(&source);
    return rc;
}

/* ---- row by row ---- */

static stoa_status pack_rows(struct collection_packed *packed, const struct flow_source *source,
                             int64_t count)
{
    const struct collection_columns *const columns = &source->flow->columns;
    const struct collection_segment *const segment = &source->segment;
    stoa_status rc = STOA_OK;

    for (int64_t k = 0; k < count && rc == STOA_OK; k++) {
        const int64_t at = source->at + k;

        if (columns->with_id)
            rc = collection_packed_int64(packed, source->ids[k]);
        if (rc == STOA_OK && columns->with_index)
            rc = collection_packed_int64(packed, source->indexes[k]);
        for (int32_t i = 0; i < columns->feed_count && rc == STOA_OK; i++)
            rc = collection_feed_pack(&columns->feeds[i], segment->arrays[i],
                                      segment->first[i] + at,
                                      segment->ids[i] ? segment->ids[i][at] : 0, &packed->values,
                                      &packed->bytes);
    }
    packed->row_count = count;
    return rc;
}

stoa_status collection_flow_bind(struct collection_call *call, const struct collection_flow *flow,
                                 void (*make_text)(const struct collection_columns *columns,
                                                   stoa__buffer *text),
                                 stoa_error *err)
{
    struct flow_source source = {.at = 0};
    struct collection_packed packed = {0};
    stoa_status rc = source_init(&source, flow, err);

    while (rc == STOA_OK && flow->next(flow->self, &source.segment)) {
        const int64_t total = source.segment.count;

        for (source.at = 0; source.at < total && rc == STOA_OK;) {
            const int64_t left = total - source.at;
            const int64_t count = left < BOUND_ROWS ? left : BOUND_ROWS;
            stoa__buffer text = {0};
            int64_t done = 0;

            flow->number(flow->self, source.at, count, source.ids, source.indexes);
            if (pack_rows(&packed, &source, count) != STOA_OK) {
                rc = stoa__fail_nomem(err);
                break;
            }
            make_text(&flow->columns, &text);
            rc = collection_packed_run(&packed, call, &text, NULL, &done, err);
            if (rc == STOA_ERR_CONSTRAINT)
                stoa__error_append(err, "row %lld",
                                   (long long)flow->row(flow->self, source.at + done));
            source.at += count;
        }
    }
    collection_packed_release(&packed);
    source_release(&source);
    return rc;
}

/* Many rows at once do not tell which of them is refused; one by one they do. What depends on rows
 * that come later cannot be told so. */
static bool can_explain(const struct collection_call *call, const struct collection_flow *flow,
                        const stoa_error *err)
{
    const struct collection_columns *const columns = &flow->columns;

    if (collection_write_lost(call))
        return false;
    if (!err || !strstr(err->text, "FOREIGN KEY"))
        return err != NULL;
    for (int32_t i = 0; i < columns->feed_count; i++)
        if (columns->feeds[i].column->target && columns->feeds[i].form == COLLECTION_FORM_AS_IS &&
            strcmp(columns->feeds[i].column->target, columns->table->name) == 0)
            return false;
    return true;
}

stoa_status collection_flow_write(struct collection_call *call, const struct collection_flow *flow,
                                  int64_t *ignored, stoa_error *err)
{
    stoa_error told = {0};
    int64_t own_ignored = 0;
    stoa_status rc = STOA_OK;

    ignored = ignored ? ignored : &own_ignored;
    *ignored = 0;
    if (flow->row_count > 0)
        rc = write_flow(call, flow, ignored, err);
    if (rc != STOA_ERR_CONSTRAINT || !can_explain(call, flow, err))
        return rc;
    flow->rewind(flow->self);
    if (collection_flow_bind(call, flow, collection_insert_text, &told) == STOA_ERR_CONSTRAINT)
        stoa__error_copy(err, &told);
    return rc;
}
