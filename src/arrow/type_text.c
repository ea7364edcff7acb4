/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing types, and saying what they are. */
#include "arrow/type.h"

#include "arrow/shape.h"
#include "text/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

static bool has_field_names(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_STRUCT || kind == STOA__ARROW_DENSE_UNION ||
           kind == STOA__ARROW_SPARSE_UNION;
}

static bool parameters_equal(const struct stoa__arrow_type *a,
                             const struct stoa__arrow_type *b)
{
    return a->kind == b->kind && a->unit == b->unit && a->width == b->width &&
           a->precision == b->precision && a->scale == b->scale &&
           a->list_size == b->list_size && strcmp(a->zone, b->zone) == 0 &&
           a->child_count == b->child_count && !a->dictionary == !b->dictionary;
}

/* The names "key" and "value" (or whatever they are) of a map's entries do not count. */
static bool types_equal(const struct stoa__arrow_type *a,
                        const struct stoa__arrow_type *b, bool inside_map)
{
    if (a == b)
        return true;
    if (!parameters_equal(a, b))
        return false;
    if (a->union_ids && a->child_count > 0 &&
        memcmp(a->union_ids, b->union_ids, (size_t)a->child_count) != 0)
        return false;
    for (int32_t i = 0; i < a->child_count; i++) {
        const struct stoa__arrow_type *left = &a->children[i], *right = &b->children[i];

        if (has_field_names(a->kind) && !inside_map &&
            strcmp(left->name, right->name) != 0)
            return false;
        if (!types_equal(left, right, a->kind == STOA__ARROW_MAP))
            return false;
    }
    return !a->dictionary || types_equal(a->dictionary, b->dictionary, false);
}

bool stoa__arrow_type_equal(const struct stoa__arrow_type *a,
                            const struct stoa__arrow_type *b)
{
    assert(a && b);
    return types_equal(a, b, false);
}

/* A text that is cut where the room ends. */
struct sink {
    char *text;
    size_t size, capacity;
    bool full;
};

static void put(struct sink *sink, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));

static void put(struct sink *sink, const char *format, ...)
{
    const size_t room = sink->capacity - sink->size;
    va_list args;
    int made;

    if (sink->full)
        return;
    va_start(args, format);
    made = vsnprintf(sink->text + sink->size, room, format, args);
    va_end(args);
    sink->full = made < 0 || (size_t)made >= room;
    sink->size += sink->full ? room - 1 : (size_t)made;
}

static const char *const kind_names[STOA__ARROW_KIND_COUNT] = {
    [STOA__ARROW_NULL] = "null",
    [STOA__ARROW_BOOL] = "bool",
    [STOA__ARROW_INT8] = "int8",
    [STOA__ARROW_INT16] = "int16",
    [STOA__ARROW_INT32] = "int32",
    [STOA__ARROW_INT64] = "int64",
    [STOA__ARROW_UINT8] = "uint8",
    [STOA__ARROW_UINT16] = "uint16",
    [STOA__ARROW_UINT32] = "uint32",
    [STOA__ARROW_UINT64] = "uint64",
    [STOA__ARROW_FLOAT16] = "float16",
    [STOA__ARROW_FLOAT32] = "float32",
    [STOA__ARROW_FLOAT64] = "float64",
    [STOA__ARROW_DECIMAL32] = "decimal32",
    [STOA__ARROW_DECIMAL64] = "decimal64",
    [STOA__ARROW_DECIMAL128] = "decimal128",
    [STOA__ARROW_DECIMAL256] = "decimal256",
    [STOA__ARROW_DATE32] = "date32",
    [STOA__ARROW_DATE64] = "date64",
    [STOA__ARROW_TIME32] = "time32",
    [STOA__ARROW_TIME64] = "time64",
    [STOA__ARROW_TIMESTAMP] = "timestamp",
    [STOA__ARROW_DURATION] = "duration",
    [STOA__ARROW_INTERVAL_MONTHS] = "interval[months]",
    [STOA__ARROW_INTERVAL_DAYS_MS] = "interval[days, ms]",
    [STOA__ARROW_INTERVAL_MONTHS_DAYS_NS] = "interval[months, days, ns]",
    [STOA__ARROW_UTF8] = "utf8",
    [STOA__ARROW_LARGE_UTF8] = "large_utf8",
    [STOA__ARROW_UTF8_VIEW] = "utf8_view",
    [STOA__ARROW_BINARY] = "binary",
    [STOA__ARROW_LARGE_BINARY] = "large_binary",
    [STOA__ARROW_BINARY_VIEW] = "binary_view",
    [STOA__ARROW_FIXED_BINARY] = "fixed_binary",
    [STOA__ARROW_LIST] = "list",
    [STOA__ARROW_LARGE_LIST] = "large_list",
    [STOA__ARROW_LIST_VIEW] = "list_view",
    [STOA__ARROW_LARGE_LIST_VIEW] = "large_list_view",
    [STOA__ARROW_FIXED_LIST] = "fixed_list",
    [STOA__ARROW_STRUCT] = "struct",
    [STOA__ARROW_MAP] = "map",
    [STOA__ARROW_DENSE_UNION] = "dense_union",
    [STOA__ARROW_SPARSE_UNION] = "sparse_union",
    [STOA__ARROW_RUN_END] = "run_end",
};

static void put_type(struct sink *sink, const struct stoa__arrow_type *type);

static void put_children(struct sink *sink, const struct stoa__arrow_type *type)
{
    put(sink, "<");
    for (int32_t i = 0; i < type->child_count && !sink->full; i++) {
        if (i > 0)
            put(sink, ", ");
        if (type->union_ids)
            put(sink, "%d=", type->union_ids[i]);
        if (has_field_names(type->kind))
            put(sink, "%s: ", type->children[i].name);
        put_type(sink, &type->children[i]);
    }
    put(sink, ">");
}

static void put_parameters(struct sink *sink, const struct stoa__arrow_type *type)
{
    static const char *const units[] = {"", "s", "ms", "us", "ns"};

    if (type->unit != STOA__UNIT_NONE && type->zone[0] != '\0')
        put(sink, "[%s, %s]", units[type->unit], type->zone);
    else if (type->unit != STOA__UNIT_NONE)
        put(sink, "[%s]", units[type->unit]);
    if (stoa__arrow_is_decimal(type->kind))
        put(sink, "(%d, %d)", type->precision, type->scale);
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        put(sink, "(%d)", type->width);
    if (type->kind == STOA__ARROW_FIXED_LIST)
        put(sink, "(%d)", type->list_size);
}

static void put_type(struct sink *sink, const struct stoa__arrow_type *type)
{
    if (type->dictionary) {
        put(sink, "dictionary<%s, ", kind_names[type->kind]);
        put_type(sink, type->dictionary);
        put(sink, ">");
        return;
    }
    put(sink, "%s", kind_names[type->kind]);
    put_parameters(sink, type);
    if (type->kind == STOA__ARROW_MAP) {
        put(sink, "<");
        put_type(sink, &type->children[0].children[0]);
        put(sink, ", ");
        put_type(sink, &type->children[0].children[1]);
        put(sink, ">");
    } else if (type->kind >= STOA__ARROW_LIST) {
        put_children(sink, type);
    }
}

void stoa__arrow_type_text(const struct stoa__arrow_type *type, char *text,
                           size_t capacity)
{
    struct sink sink = {text, 0, capacity, false};

    assert(type && text && capacity > 0);
    text[0] = '\0';
    put_type(&sink, type);
    if (sink.full)
        while (sink.size > 0 && stoa__utf8_check(text, sink.size) != sink.size)
            sink.size--;
    text[sink.size] = '\0';
}
