/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/value.h"

#include "arrow/cell.h"
#include "arrow/load.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* ---- types ---- */

static bool is_integer(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_BOOL || stoa__arrow_is_signed(kind) || stoa__arrow_is_unsigned(kind);
}

static bool is_date(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_TIMESTAMP || kind == STOA__ARROW_DATE32 ||
           kind == STOA__ARROW_DATE64;
}

const char *collection_given_word(const struct stoa__arrow_type *type, char *room, size_t size)
{
    const struct stoa__arrow_type *const values = stoa__arrow_type_values(type);

    if (is_integer(values->kind))
        return "INTEGER";
    if (stoa__arrow_is_float(values->kind))
        return "REAL";
    if (stoa__arrow_is_text(values->kind))
        return "TEXT";
    if (is_date(values->kind))
        return "DATE_TIME";
    stoa__arrow_type_text(values, room, size);
    return room;
}

static int32_t text_form(const struct collection_column *column,
                         const struct collection_policy *policy)
{
    if (column->target)
        return COLLECTION_FORM_LABEL;
    if (column->type == TYPE_DATE_TIME && !policy->dates_raw)
        return COLLECTION_FORM_DATE;
    if (column->type != TYPE_STRING && column->type != TYPE_DATE_TIME)
        return COLLECTION_FORM_WRONG;
    return policy->trim ? COLLECTION_FORM_TEXT : COLLECTION_FORM_AS_IS;
}

static int32_t form_of(const struct collection_column *column,
                       const struct collection_policy *policy, const struct stoa__arrow_type *type)
{
    const enum stoa__arrow_kind kind = type->kind;

    if (kind == STOA__ARROW_NULL)
        return COLLECTION_FORM_NULLS;
    if (stoa__arrow_is_text(kind))
        return text_form(column, policy);
    if (is_integer(kind) && column->type == TYPE_INTEGER)
        return COLLECTION_FORM_AS_IS;
    if (is_integer(kind) && column->type == TYPE_FLOAT)
        return COLLECTION_FORM_REAL;
    if (stoa__arrow_is_float(kind) && column->type == TYPE_FLOAT)
        return COLLECTION_FORM_AS_IS;
    if (is_date(kind) && column->type == TYPE_DATE_TIME)
        return kind == STOA__ARROW_DATE32 ? COLLECTION_FORM_DAYS : COLLECTION_FORM_TICKS;
    return COLLECTION_FORM_WRONG;
}

void collection_feed_init(struct collection_feed *feed, const struct collection_policy *policy,
                          const struct collection_column *column,
                          const struct stoa__arrow_type *type, int32_t style)
{
    *feed = (struct collection_feed){
        .column = column, .type = type, .policy = policy, .style = style, .nullable = true};
    feed->form = form_of(column, policy, stoa__arrow_type_values(type));
}

/* ---- checks ---- */

void collection_trim(const char **text, size_t *size)
{
    while (*size > 0 && strchr(" \t\r\n", (*text)[*size - 1]) && (*text)[*size - 1])
        --*size;
    while (*size > 0 && strchr(" \t\r\n", **text) && **text) {
        ++*text;
        --*size;
    }
}

static const char *text_of(const struct collection_feed *feed, const struct stoa__cell *cell,
                           size_t *size)
{
    int64_t length;
    const uint8_t *bytes = stoa__cell_bytes(cell, &length);
    const char *text = length > 0 ? (const char *)bytes : "";

    *size = (size_t)length;
    if (feed->policy->trim)
        collection_trim(&text, size);
    return text;
}

static struct collection_instant instant_of(const struct stoa__cell *cell)
{
    const int64_t value = stoa__cell_int64(cell);

    if (cell->type->kind == STOA__ARROW_DATE32)
        return collection_date_of_days(value);
    return collection_date_of_ticks(value, cell->type->kind == STOA__ARROW_DATE64
                                               ? STOA__UNIT_MILLI
                                               : cell->type->unit);
}

static int32_t check_text(struct collection_feed *feed, const struct stoa__cell *cell)
{
    struct collection_instant at;
    int64_t before;
    size_t size;
    const char *const text = text_of(feed, cell, &size);

    (void)stoa__cell_bytes(cell, &before);
    feed->changed = feed->changed || size != (size_t)before;
    if (feed->form != COLLECTION_FORM_DATE || collection_date_is_canonical(text, size))
        return COLLECTION_FINE;
    feed->changed = true;
    return collection_date_read(text, size, &at) ? COLLECTION_FINE : COLLECTION_NO_DATE;
}

static bool is_exact(int64_t value)
{
    const double real = (double)value;

    return real < 0x1p63 && (int64_t)real == value;
}

static int32_t check_cell(struct collection_feed *feed, const struct stoa__cell *cell)
{
    char room[COLLECTION_DATE_MAX];

    if (cell->null || cell->type->kind == STOA__ARROW_NULL)
        return feed->nullable ? COLLECTION_FINE : COLLECTION_NOT_NULL;
    switch ((enum collection_form)feed->form) {
    case COLLECTION_FORM_AS_IS:
        if (stoa__arrow_is_float(cell->type->kind))
            return !feed->policy->nan_null && isnan(stoa__cell_float64(cell)) ? COLLECTION_NAN
                                                                             : COLLECTION_FINE;
        return cell->type->kind == STOA__ARROW_UINT64 && stoa__cell_int64(cell) < 0
                   ? COLLECTION_TOO_LARGE
                   : COLLECTION_FINE;
    case COLLECTION_FORM_REAL:
        if (cell->type->kind == STOA__ARROW_UINT64 && stoa__cell_int64(cell) < 0)
            return COLLECTION_TOO_LARGE;
        return is_exact(stoa__cell_int64(cell)) ? COLLECTION_FINE : COLLECTION_INEXACT;
    case COLLECTION_FORM_TEXT:
    case COLLECTION_FORM_DATE:
        return check_text(feed, cell);
    case COLLECTION_FORM_TICKS:
    case COLLECTION_FORM_DAYS:
        return collection_date_write(instant_of(cell), room) > 0 ? COLLECTION_FINE
                                                                 : COLLECTION_DATE_RANGE;
    case COLLECTION_FORM_NULLS:
    case COLLECTION_FORM_LABEL:
        return COLLECTION_FINE;
    case COLLECTION_FORM_WRONG:
        break;
    }
    return COLLECTION_TYPE;
}

/* Plain doubles, which are many. NaN where there is a NULL does not count. */
static int64_t find_nan(const struct ArrowArray *array, int64_t first, int64_t count)
{
    const char *const data = array->buffers[1];
    const uint8_t *const validity = array->buffers[0];

    for (int64_t i = 0; data && i < count; i++) {
        const int64_t at = array->offset + first + i;
        double value;

        memcpy(&value, data + at * 8, sizeof value);
        if (value != value && (!validity || stoa__bit_get(validity, at)))
            return i;
    }
    return -1;
}

/* Dates of the one spelling, which most are, in plain text: the first row from `row` on that is to
 * be looked at. */
static int64_t skip_dates(const struct collection_feed *feed, const struct ArrowArray *array,
                          int64_t first, int64_t row, int64_t count)
{
    const bool large = feed->type->kind == STOA__ARROW_LARGE_UTF8;
    const char *offsets, *bytes;

    if ((!large && feed->type->kind != STOA__ARROW_UTF8) || feed->type->dictionary ||
        feed->policy->trim || (array->null_count != 0 && array->buffers[0]))
        return row;
    offsets = array->buffers[1];
    bytes = array->buffers[2];
    if (!offsets || !bytes)
        return row;
    for (; row < count; row++) {
        const int64_t at = array->offset + first + row;
        const int64_t begin = large ? stoa__load_i64(offsets, at) : stoa__load_i32(offsets, at);
        const int64_t end =
            large ? stoa__load_i64(offsets, at + 1) : stoa__load_i32(offsets, at + 1);

        if (!collection_date_is_canonical(bytes + begin, (size_t)(end - begin)))
            break;
    }
    return row;
}

static bool may_be_null(const struct stoa__arrow_type *type, const struct ArrowArray *array)
{
    return type->dictionary || type->kind == STOA__ARROW_RUN_END ||
           type->kind == STOA__ARROW_NULL ||
           (array->null_count != 0 && array->n_buffers > 0 && array->buffers[0]);
}

bool collection_feed_may_be_null(const struct collection_feed *feed,
                                 const struct ArrowArray *array)
{
    return may_be_null(feed->type, array) ||
           (feed->policy->nan_null &&
            stoa__arrow_is_float(stoa__arrow_type_values(feed->type)->kind));
}

/* Is there nothing to be found in such values? */
static bool needs_no_look(const struct collection_feed *feed, const struct ArrowArray *array)
{
    const enum stoa__arrow_kind kind = stoa__arrow_type_values(feed->type)->kind;

    if (!feed->nullable && may_be_null(feed->type, array))
        return false;
    if (feed->form == COLLECTION_FORM_NULLS || feed->form == COLLECTION_FORM_LABEL)
        return true;
    if (feed->form != COLLECTION_FORM_AS_IS)
        return false;
    if (stoa__arrow_is_float(kind))
        return feed->policy->nan_null;
    return kind != STOA__ARROW_UINT64;
}

int64_t collection_feed_check(struct collection_feed *feed, const struct ArrowArray *array,
                              int64_t first, int64_t count, int32_t *problem)
{
    *problem = COLLECTION_FINE;
    if (needs_no_look(feed, array))
        return -1;
    if (feed->form == COLLECTION_FORM_AS_IS && feed->type->kind == STOA__ARROW_FLOAT64 &&
        !feed->type->dictionary && (feed->nullable || !may_be_null(feed->type, array))) {
        const int64_t bad = find_nan(array, first, count);

        *problem = bad < 0 ? COLLECTION_FINE : COLLECTION_NAN;
        return bad;
    }
    for (int64_t i = 0; i < count; i++) {
        struct stoa__cell cell;

        if (feed->form == COLLECTION_FORM_DATE)
            i = skip_dates(feed, array, first, i, count);
        if (i == count)
            break;
        stoa__cell_at(feed->type, array, first + i, &cell);
        *problem = check_cell(feed, &cell);
        if (*problem != COLLECTION_FINE)
            return i;
    }
    return -1;
}

/* Rows that are looked at between two looks at the call. */
enum { CHECKED_ROWS = 65536 };

stoa_status collection_feed_check_all(struct collection_feed *feed, struct collection_call *call,
                                      const struct ArrowArray *array, int64_t first, int64_t count,
                                      int64_t *bad, int32_t *problem, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *bad = -1;
    *problem = COLLECTION_FINE;
    for (int64_t at = 0; at < count && *bad < 0 && rc == STOA_OK; at += CHECKED_ROWS) {
        const int64_t rows = count - at < CHECKED_ROWS ? count - at : CHECKED_ROWS;

        *bad = collection_feed_check(feed, array, first + at, rows, problem);
        *bad += *bad < 0 ? 0 : at;
        if (at > 0)
            rc = stoa__call_check(&call->entry.call, err);
    }
    return rc;
}

void collection_feed_settle(struct collection_feed *feed)
{
    if (feed->form == COLLECTION_FORM_WRONG)
        feed->form = COLLECTION_FORM_NULLS;
    if (!feed->changed &&
        (feed->form == COLLECTION_FORM_TEXT || feed->form == COLLECTION_FORM_DATE))
        feed->form = COLLECTION_FORM_AS_IS;
}

/* ---- failures ---- */

enum { QUOTED_MAX = 100 };

static stoa_status fail_type(const struct collection_call *call, const struct collection_feed *feed,
                             const struct stoa__cell *cell, int64_t index, stoa_error *err)
{
    const struct collection_column *const column = feed->column;
    const char *const declared = collection_type_word(column->type);
    char room[128];
    const char *const given = collection_given_word(feed->type, room, sizeof room);

    if (feed->style == COLLECTION_SERIES)
        return collection_fail(call, err, STOA_ERR_TYPE, "column '%s' has type %s but received %s",
                               column->name, declared, given);
    if (column->type == TYPE_INTEGER && stoa__arrow_is_text(cell->type->kind)) {
        size_t size;
        const char *text = text_of(feed, cell, &size);

        return stoa__fail(err, STOA_ERR_TYPE,
                          "Cannot resolve attribute: '%s' is INTEGER but received string '%.*s' "
                          "(not a foreign key)",
                          column->name, (int)(size < QUOTED_MAX ? size : QUOTED_MAX), text);
    }
    if (feed->style == COLLECTION_ARRAY)
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "type mismatch for array '%s' index %lld: expected %s, got %s",
                               column->name, (long long)index, declared, given);
    return collection_fail(call, err, STOA_ERR_TYPE,
                           "type mismatch for column '%s': expected %s, got %s", column->name,
                           declared, given);
}

static stoa_status fail_value(const struct collection_call *call,
                              const struct collection_feed *feed, const struct stoa__cell *cell,
                              int32_t problem, stoa_error *err)
{
    const char *const name = feed->column->name;
    const char *text;
    size_t size;

    switch ((enum collection_problem)problem) {
    case COLLECTION_NAN:
        return collection_fail(call, err, STOA_ERR_TYPE, "NaN in column '%s'", name);
    case COLLECTION_INEXACT:
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "%lld in column '%s' has no exact REAL",
                               (long long)stoa__cell_int64(cell), name);
    case COLLECTION_TOO_LARGE:
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "%llu in column '%s' is more than an INTEGER holds",
                               (unsigned long long)stoa__cell_int64(cell), name);
    case COLLECTION_NO_DATE:
        text = text_of(feed, cell, &size);
        return collection_fail(call, err, STOA_ERR_TYPE, "'%.*s' in column '%s' is not a date",
                               (int)(size < QUOTED_MAX ? size : QUOTED_MAX), text, name);
    case COLLECTION_DATE_RANGE:
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "a date in column '%s' is outside of the years 0001 to 9999", name);
    case COLLECTION_NOT_NULL:
        return collection_fail(call, err, STOA_ERR_CONSTRAINT, "column '%s' cannot be NULL", name);
    case COLLECTION_FINE:
    case COLLECTION_TYPE:
        break;
    }
    return collection_fail(call, err, STOA_ERR_INTERNAL, "column '%s' was refused", name);
}

stoa_status collection_feed_fail(const struct collection_call *call,
                                 const struct collection_feed *feed,
                                 const struct ArrowArray *array, int64_t row, int64_t index,
                                 int32_t problem, stoa_error *err)
{
    struct stoa__cell cell;
    stoa_status rc;

    stoa__cell_at(feed->type, array, row, &cell);
    if (problem == COLLECTION_TYPE)
        return fail_type(call, feed, &cell, index, err);
    rc = fail_value(call, feed, &cell, problem, err);
    if (feed->style != COLLECTION_SCALAR)
        stoa__error_append(err, "index %lld", (long long)index);
    return rc;
}

/* ---- what is stored ---- */

void collection_feed_cell(const struct collection_feed *feed, const struct ArrowArray *array,
                          int64_t row, struct collection_cell *out)
{
    struct collection_instant at;
    struct stoa__cell cell;

    stoa__cell_at(feed->type, array, row, &cell);
    out->type = STOA_TYPE_NULL;
    if (cell.null || cell.type->kind == STOA__ARROW_NULL)
        return;
    if (stoa__arrow_is_text(cell.type->kind)) {
        out->type = STOA_TYPE_TEXT;
        out->text = text_of(feed, &cell, &out->size);
        if (feed->form != COLLECTION_FORM_DATE ||
            collection_date_is_canonical(out->text, out->size))
            return;
        (void)collection_date_read(out->text, out->size, &at);
        out->text = out->room;
        out->size = collection_date_write(at, out->room);
    } else if (stoa__arrow_is_float(cell.type->kind)) {
        out->real = stoa__cell_float64(&cell);
        out->type = isnan(out->real) ? STOA_TYPE_NULL : STOA_TYPE_FLOAT64;
    } else if (is_date(cell.type->kind)) {
        out->type = STOA_TYPE_TEXT;
        out->text = out->room;
        out->size = collection_date_write(instant_of(&cell), out->room);
    } else {
        out->integer = stoa__cell_int64(&cell);
        out->real = (double)out->integer;
        out->type = feed->form == COLLECTION_FORM_REAL ? STOA_TYPE_FLOAT64 : STOA_TYPE_INT64;
    }
}

stoa_status collection_feed_pack(const struct collection_feed *feed, const struct ArrowArray *array,
                                 int64_t row, int64_t id, stoa__buffer *values, stoa__buffer *bytes)
{
    struct collection_cell cell;
    stoa_value value = {0};
    stoa_status rc = STOA_OK;

    collection_feed_cell(feed, array, row, &cell);
    value.type = cell.type;
    if (cell.type != STOA_TYPE_NULL && feed->form == COLLECTION_FORM_LABEL) {
        value.type = STOA_TYPE_INT64;
        value.a = id;
    } else if (cell.type == STOA_TYPE_TEXT) {
        value.a = (int64_t)bytes->size;
        value.b = (int64_t)cell.size;
        rc = stoa__buffer_append(bytes, cell.text, cell.size);
    } else if (cell.type == STOA_TYPE_FLOAT64) {
        memcpy(&value.a, &cell.real, sizeof cell.real);
    } else {
        value.a = cell.type == STOA_TYPE_INT64 ? cell.integer : 0;
    }
    return rc == STOA_OK ? stoa__buffer_append(values, &value, sizeof value) : rc;
}

/* ---- chunks ---- */

static const struct stoa__arrow_type stored_types[] = {
    {.kind = STOA__ARROW_NULL, .zone = "", .name = "", .format = "n", .nullable = true},
    {.kind = STOA__ARROW_INT64,
     .width = 8,
     .zone = "",
     .name = "",
     .format = "l",
     .nullable = true},
    {.kind = STOA__ARROW_FLOAT64,
     .width = 8,
     .zone = "",
     .name = "",
     .format = "g",
     .nullable = true},
    {.kind = STOA__ARROW_UTF8, .zone = "", .name = "", .format = "u", .nullable = true},
};

const struct stoa__arrow_type *collection_feed_stored(const struct collection_feed *feed)
{
    switch ((enum collection_form)feed->form) {
    case COLLECTION_FORM_AS_IS:
        return feed->type;
    case COLLECTION_FORM_LABEL:
        return &stored_types[1];
    case COLLECTION_FORM_REAL:
        return &stored_types[2];
    case COLLECTION_FORM_TEXT:
    case COLLECTION_FORM_DATE:
    case COLLECTION_FORM_TICKS:
    case COLLECTION_FORM_DAYS:
        return &stored_types[3];
    case COLLECTION_FORM_NULLS:
    case COLLECTION_FORM_WRONG:
        break;
    }
    return &stored_types[0];
}

void collection_room_release(struct collection_room *room)
{
    stoa__free(room->validity);
    stoa__free(room->numbers);
    stoa__free(room->offsets);
    stoa__buffer_release(&room->bytes);
    *room = (struct collection_room){0};
}

static stoa_status need_room(struct collection_room *room, bool text, stoa_error *err)
{
    if (!room->validity)
        room->validity = stoa__alloc(COLLECTION_CHUNK_ROWS / 8);
    if (text && !room->offsets)
        room->offsets = stoa__alloc((COLLECTION_CHUNK_ROWS + 1) * sizeof *room->offsets);
    if (!text && !room->numbers)
        room->numbers = stoa__alloc(COLLECTION_CHUNK_ROWS * sizeof *room->numbers);
    return room->validity && (text ? room->offsets != NULL : room->numbers != NULL)
               ? STOA_OK
               : stoa__fail_nomem(err);
}

static stoa_status convert(const struct collection_feed *feed, struct collection_room *room,
                           const struct ArrowArray *array, int64_t first, int64_t count,
                           const int64_t *ids, stoa_error *err)
{
    struct collection_cell cell;

    room->bytes.size = 0;
    for (int64_t i = 0; i < count; i++) {
        collection_feed_cell(feed, array, first + i, &cell);
        if (cell.type == STOA_TYPE_NULL) {
            stoa__bit_clear(room->validity, i);
            room->array.null_count++;
        }
        if (room->array.n_buffers == 2) {
            room->numbers[i] = ids ? ids[i] : 0;
            if (!ids && cell.type != STOA_TYPE_NULL)
                memcpy(&room->numbers[i], &cell.real, sizeof cell.real);
            continue;
        }
        if (cell.type == STOA_TYPE_TEXT &&
            stoa__buffer_append(&room->bytes, cell.text, cell.size) != STOA_OK)
            return stoa__fail_nomem(err);
        if (room->bytes.size > INT32_MAX)
            return stoa__fail(err, STOA_ERR_FULL, "column '%s': %lld texts of %zu bytes",
                              feed->column->name, (long long)i, room->bytes.size);
        room->offsets[i + 1] = (int32_t)room->bytes.size;
    }
    return STOA_OK;
}

stoa_status collection_feed_chunk(const struct collection_feed *feed, struct collection_room *room,
                                  const struct ArrowArray *array, int64_t first, int64_t count,
                                  const int64_t *ids, struct ArrowArray **out, stoa_error *err)
{
    const bool text = collection_feed_stored(feed)->kind == STOA__ARROW_UTF8;
    stoa_status rc;

    assert(count <= COLLECTION_CHUNK_ROWS);
    assert((feed->form == COLLECTION_FORM_LABEL) == (ids != NULL));
    *out = &room->array;
    if (feed->form == COLLECTION_FORM_AS_IS) {
        room->array = *array;
        room->array.offset += first;
        room->array.length = count;
        room->array.null_count = array->null_count == 0 ? 0 : -1;
        room->array.release = NULL;
        return STOA_OK;
    }
    room->array = (struct ArrowArray){.length = count, .buffers = room->buffers};
    if (feed->form == COLLECTION_FORM_NULLS) {
        room->array.null_count = count;
        return STOA_OK;
    }
    rc = need_room(room, text, err);
    if (rc != STOA_OK)
        return rc;
    memset(room->validity, 0xff, COLLECTION_CHUNK_ROWS / 8);
    room->array.n_buffers = text ? 3 : 2;
    if (text)
        room->offsets[0] = 0;
    rc = convert(feed, room, array, first, count, ids, err);
    room->buffers[0] = room->validity;
    room->buffers[1] = text ? (const void *)room->offsets : room->numbers;
    room->buffers[2] = room->bytes.data;
    return rc;
}
