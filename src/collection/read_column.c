/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read.h"

#include "arrow/array.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"
#include "collection/dates.h"
#include "core/conn.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

const struct read_column collection_read_id_column = {
    .name = "id", .stored = "id", .type = TYPE_INTEGER, .form = READ_PLAIN};

struct read_run collection_read_run_of(const struct collection_call *call)
{
    return (struct read_run){.engine = call->entry.engine,
                             .session = call->entry.session->native,
                             .operation = call->operation,
                             .cells_null = call->state->policy.cells_null,
                             .batch_rows = call->entry.leaf->conn->read.batch_rows};
}

/* ---- which column ---- */

static const char *keep(stoa__arena *arena, const char *text)
{
    return stoa__arena_copy_text(arena, text, strlen(text));
}

/* Labels are to be had of a collection alone. */
static stoa_status check_target(const struct collection_call *call,
                                const struct collection_column *column, stoa_error *err)
{
    const struct collection_table *target =
        collection_find(call->model, column->target, strlen(column->target));

    if (target && target->label >= 0)
        return STOA_OK;
    return collection_fail(call, err, STOA_ERR_INVALID, "'%s' refers to '%s', which has no labels",
                           column->name, column->target);
}

stoa_status collection_read_column_init(const struct collection_call *call,
                                        const struct collection_column *column, const char *name,
                                        const struct collection_read_options *options,
                                        stoa__arena *arena, struct read_column *out,
                                        stoa_error *err)
{
    *out = (struct read_column){
        .name = keep(arena, name),
        .stored = keep(arena, column->name),
        .type = column->type,
        .nullable = !column->not_null || call->state->policy.cells_null,
    };
    if (!out->name || !out->stored)
        return stoa__fail_nomem(err);
    if (options->labels && column->target) {
        out->form = READ_LABEL;
        out->nullable = true; /* With foreign keys off an id may lead nowhere. */
        return check_target(call, column, err);
    }
    if (column->type == TYPE_DATE_TIME && !options->text)
        out->form = READ_DATE;
    return STOA_OK;
}

stoa_status collection_read_column_as(const struct collection_call *call,
                                      const struct collection_table *collection,
                                      const struct read_attribute *attribute, int32_t as,
                                      struct read_column *column, stoa_error *err)
{
    const int32_t type = column->form == READ_LABEL ? TYPE_STRING : column->type;
    bool fits = true;

    if (as == READ_AS_INTEGER)
        fits = type == TYPE_INTEGER;
    else if (as == READ_AS_FLOAT)
        fits = type == TYPE_INTEGER || type == TYPE_FLOAT;
    else if (as == READ_AS_TEXT)
        fits = type == TYPE_STRING || type == TYPE_DATE_TIME;
    if (!fits)
        return collection_fail(call, err, STOA_ERR_TYPE,
                               "attribute '%s' in collection '%s' has type %s", attribute->name,
                               collection->name, collection_type_word(column->type));
    if (as == READ_AS_FLOAT && type == TYPE_INTEGER)
        column->form = READ_WIDE;
    if (as == READ_AS_TEXT && column->form == READ_DATE)
        column->form = READ_PLAIN;
    return STOA_OK;
}

void collection_read_column_sql(stoa__buffer *text, const char *alias,
                                const struct collection_column *column,
                                const struct read_column *read, int32_t number)
{
    if (read->form == READ_LABEL)
        collection_text(text, "(SELECT l.\"label\" FROM %T AS l WHERE l.%Q = %s.%Q) AS c%d",
                        column->target, column->target_column, alias, column->name, (int)number);
    else
        collection_text(text, "%s.%Q AS c%d", alias, column->name, (int)number);
}

/* ---- its type ---- */

static const char *format_of(const struct read_column *column)
{
    if (column->form == READ_DATE)
        return "tsn:UTC";
    if (column->form == READ_LABEL)
        return "i";
    if (column->type == TYPE_FLOAT || column->form == READ_WIDE)
        return "g";
    return column->type == TYPE_INTEGER ? "l" : "u";
}

enum stoa__arrow_kind collection_read_column_kind(const struct read_column *column)
{
    if (column->form == READ_LABEL || column->type == TYPE_STRING ||
        column->type == TYPE_DATE_TIME)
        return STOA__ARROW_UTF8;
    return column->type == TYPE_INTEGER ? STOA__ARROW_INT64 : STOA__ARROW_FLOAT64;
}

stoa_status collection_read_column_field(const struct read_column *column, stoa__arena *arena,
                                         struct stoa__arrow_type *out, stoa_error *err)
{
    struct stoa__arrow_type *type;
    stoa_status rc = stoa__arrow_type_simple(format_of(column), column->name, column->nullable,
                                             arena, &type, err);

    if (rc == STOA_OK && column->form == READ_LABEL)
        rc = stoa__arrow_type_simple("u", "", true, arena, &type->dictionary, err);
    if (rc == STOA_OK)
        *out = *type;
    return rc;
}

stoa_status collection_read_column_field_list(const struct read_column *column, stoa__arena *arena,
                                              struct stoa__arrow_type *out, stoa_error *err)
{
    struct stoa__arrow_type *item = stoa__arena_alloc_zero(arena, 1, sizeof *item);
    struct read_column items = *column;

    if (!item)
        return stoa__fail_nomem(err);
    items.name = "item";
    *out = (struct stoa__arrow_type){.kind = STOA__ARROW_LIST,
                                     .format = "+l",
                                     .zone = "",
                                     .name = column->name,
                                     .children = item,
                                     .child_count = 1};
    return collection_read_column_field(&items, arena, item, err);
}

/* ---- dates ---- */

static stoa_status fail_date(const struct read_run *run, const struct read_column *column,
                             int64_t id, const char *text, size_t size, const char *what,
                             stoa_error *err)
{
    enum { SHOWN_MAX = 60 };
    const int shown = (int)(size < SHOWN_MAX ? size : SHOWN_MAX);

    return stoa__fail(err, STOA_ERR_TYPE, "Cannot %s: element %lld: '%.*s' in column '%s' %s",
                      run->operation, (long long)id, shown, text, column->stored, what);
}

stoa_status collection_read_date_ns(const struct read_run *run, const struct read_column *column,
                                    int64_t id, const char *text, size_t size, int64_t *out,
                                    stoa_error *err)
{
    struct collection_instant at;

    if (!collection_date_read(text, size, &at))
        return fail_date(run, column, id, text, size, "is not a date", err);
    if (!collection_date_to_ns(at, out))
        return fail_date(run, column, id, text, size,
                         "is outside of the years 1678 to 2261; read it with dates=text", err);
    return STOA_OK;
}

/* Two digits; above 99 where they are none. */
static inline uint32_t two(const char *text)
{
    const uint32_t high = (uint32_t)(uint8_t)text[0] - '0', low = (uint32_t)(uint8_t)text[1] - '0';

    return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/* Rows of one day stand together: only the first asks the calendar. */
struct day {
    char text[10];
    int64_t ns; /* INT64_MIN: none yet. */
};

/* YYYY-MM-DDTHH:MM:SS, the spelling that is written. */
static inline bool quick_ns(struct day *day, const char *text, size_t size, int64_t *out)
{
    struct collection_instant at;
    uint32_t hour, minute, second;

    if (size != 19 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return false;
    if (day->ns == INT64_MIN || memcmp(day->text, text, sizeof day->text) != 0) {
        if (!collection_date_read(text, 10, &at) || !collection_date_to_ns(at, &day->ns)) {
            day->ns = INT64_MIN;
            return false;
        }
        memcpy(day->text, text, sizeof day->text);
    }
    hour = two(text + 11);
    minute = two(text + 14);
    second = two(text + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    /* The last day that fits is not whole. */
    return !__builtin_add_overflow(
        day->ns, (int64_t)(hour * 3600 + minute * 60 + second) * INT64_C(1000000000), out);
}

/* ---- arrays ---- */

/* A column of 8-byte values for `from`, validity copied. */
static stoa_status new_array(const struct ArrowArray *from, struct ArrowArray *out, stoa_error *err)
{
    const size_t bits = ((size_t)from->length + 7) / 8;
    void *data = stoa__alloc_aligned((size_t)from->length * 8 + 8);
    uint8_t *validity = from->null_count != 0 && from->buffers[0]
                            ? stoa__alloc_aligned(bits + 8)
                            : NULL;
    stoa_status rc = STOA_ERR_NOMEM;

    assert(from->offset == 0);
    if (data && (validity || from->null_count == 0 || !from->buffers[0]))
        rc = stoa__array_init(out, 2, 0, err);
    if (rc != STOA_OK) {
        stoa__free(data);
        stoa__free(validity);
        return stoa__fail_nomem(err);
    }
    if (validity)
        memcpy(validity, from->buffers[0], bits);
    stoa__array_set_buffer(out, 0, validity);
    stoa__array_set_buffer(out, 1, data);
    out->length = from->length;
    out->null_count = validity ? from->null_count : 0;
    return STOA_OK;
}

static inline bool is_valid(const struct ArrowArray *array, int64_t row)
{
    return !array->buffers[0] || stoa__bit_get(array->buffers[0], row);
}

/* The array has no validity yet, or one of its own. */
static stoa_status make_null(struct ArrowArray *array, int64_t row, stoa_error *err)
{
    uint8_t *validity = (uint8_t *)(uintptr_t)array->buffers[0];

    if (!validity) {
        const size_t bits = ((size_t)array->length + 7) / 8;

        validity = stoa__alloc_aligned(bits + 8);
        if (!validity)
            return stoa__fail_nomem(err);
        memset(validity, 0xff, bits);
        stoa__array_set_buffer(array, 0, validity);
    }
    stoa__bit_clear(validity, row);
    array->null_count++;
    return STOA_OK;
}

static stoa_status dates_of(const struct read_run *run, const struct read_column *column,
                            const struct ArrowArray *from, const int64_t *ids,
                            struct ArrowArray *out, stoa_error *err)
{
    struct day day = {.ns = INT64_MIN};
    const int32_t *offsets = from->buffers[1];
    const char *bytes = from->buffers[2];
    int64_t *data = (int64_t *)(uintptr_t)out->buffers[1];
    stoa_error *told = run->cells_null ? NULL : err; /* What is passed over leaves no trace. */
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < from->length; row++) {
        const char *text = bytes + offsets[row];
        const size_t size = (size_t)(offsets[row + 1] - offsets[row]);

        if (quick_ns(&day, text, size, &data[row]))
            continue;
        data[row] = 0;
        if (!is_valid(from, row))
            continue;
        rc = collection_read_date_ns(run, column, ids[row], text, size, &data[row], told);
        if (rc == STOA_ERR_TYPE && run->cells_null) {
            data[row] = 0;
            rc = make_null(out, row, err);
        }
    }
    return rc;
}

static stoa_status convert_fixed(const struct read_run *run, const struct read_column *column,
                                 const struct ArrowArray *from, const int64_t *ids,
                                 struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc = new_array(from, out, err);

    if (rc != STOA_OK || from->length == 0)
        return rc;
    if (column->form == READ_DATE) {
        rc = dates_of(run, column, from, ids, out, err);
    } else {
        const int64_t *whole = from->buffers[1];
        double *data = (double *)(uintptr_t)out->buffers[1];

        for (int64_t row = 0; row < from->length; row++)
            data[row] = (double)whole[row];
    }
    if (rc != STOA_OK)
        stoa__array_release(out);
    return rc;
}

static stoa_status encode(const struct read_column *column, const struct ArrowArray *from,
                          struct ArrowArray *out, stoa_error *err)
{
    const int32_t *offsets = from->buffers[1];
    const char *bytes = from->buffers[2];
    struct stoa__builder builder = {0};
    struct stoa__arrow_type type;
    stoa__arena arena = {0};
    stoa_status rc = collection_read_column_field(column, &arena, &type, err);

    if (rc == STOA_OK)
        rc = stoa__builder_init(&builder, &type, from->length, err);
    for (int64_t row = 0; rc == STOA_OK && row < from->length; row++)
        rc = is_valid(from, row)
                 ? stoa__column_append_bytes(&builder.root, bytes + offsets[row],
                                             offsets[row + 1] - offsets[row], err)
                 : stoa__column_append_null(&builder.root, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
    return rc;
}

stoa_status collection_read_column_convert(const struct read_run *run,
                                           const struct read_column *column,
                                           struct ArrowArray *slot, const int64_t *ids,
                                           stoa_error *err)
{
    struct ArrowArray made = {0};
    stoa_status rc;

    if (column->form == READ_PLAIN)
        return STOA_OK;
    rc = column->form == READ_LABEL ? encode(column, slot, &made, err)
                                    : convert_fixed(run, column, slot, ids, &made, err);
    if (rc != STOA_OK)
        return rc;
    stoa__array_release(slot);
    stoa__array_adopt(slot, &made);
    return STOA_OK;
}

/* ---- single values ---- */

static const char *word_of(int32_t type)
{
    switch (type) {
    case STOA_TYPE_INT64:
        return "INTEGER";
    case STOA_TYPE_FLOAT64:
        return "REAL";
    case STOA_TYPE_TEXT:
        return "TEXT";
    default:
        return "BLOB";
    }
}

static bool is_text(const stoa_value *value, const uint8_t *bytes)
{
    const char *text = value->b > 0 ? (const char *)bytes + value->a : "";

    return value->type == STOA_TYPE_TEXT &&
           stoa__utf8_check(text, (size_t)value->b) == (size_t)value->b;
}

static stoa_value float_of(double number)
{
    stoa_value value = {.type = STOA_TYPE_FLOAT64};

    memcpy(&value.a, &number, sizeof number);
    return value;
}

/* False: it is not of the column's type. */
static bool fits(const struct read_column *column, const uint8_t *bytes, stoa_value *value)
{
    const enum stoa__arrow_kind kind = collection_read_column_kind(column);

    if (kind == STOA__ARROW_UTF8)
        return is_text(value, bytes);
    if (value->type == STOA_TYPE_INT64) {
        if (kind == STOA__ARROW_FLOAT64 || column->form == READ_WIDE)
            *value = float_of((double)value->a);
        return true;
    }
    return kind == STOA__ARROW_FLOAT64 && value->type == STOA_TYPE_FLOAT64;
}

stoa_status collection_read_column_value(const struct read_run *run,
                                         const struct read_column *column, int64_t id,
                                         const uint8_t *bytes, stoa_value *value, stoa_error *err)
{
    stoa_error *told = run->cells_null ? NULL : err;
    stoa_status rc = STOA_OK;
    int64_t ns = 0;

    if (value->type == STOA_TYPE_NULL)
        return STOA_OK;
    if (!fits(column, bytes, value)) {
        rc = stoa__fail(told, STOA_ERR_TYPE,
                        "Cannot %s: element %lld: column '%s' holds %s, not %s",
                        run->operation, (long long)id, column->stored, word_of(value->type),
                        collection_type_word(column->type));
    } else if (column->form == READ_DATE) {
        rc = collection_read_date_ns(run, column, id,
                                     value->b > 0 ? (const char *)bytes + value->a : "",
                                     (size_t)value->b, &ns, told);
        if (rc == STOA_OK)
            *value = (stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = ns};
    }
    if (rc != STOA_ERR_TYPE || !run->cells_null)
        return rc;
    *value = (stoa_value){.type = STOA_TYPE_NULL};
    return STOA_OK;
}

stoa_status collection_read_column_append(struct stoa__column *out, const stoa_value *value,
                                          const uint8_t *bytes, stoa_error *err)
{
    double number;

    switch (value->type) {
    case STOA_TYPE_NULL:
        return stoa__column_append_null(out, err);
    case STOA_TYPE_FLOAT64:
        memcpy(&number, &value->a, sizeof number);
        return stoa__column_append_float64(out, number, err);
    case STOA_TYPE_TEXT:
        return stoa__column_append_bytes(out, value->b > 0 ? (const void *)(bytes + value->a) : "",
                                         value->b, err);
    default:
        return stoa__column_append_int64(out, value->a, err);
    }
}
