/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/format.h"

#include "base/limits.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { UNION_ID_COUNT = 128, DECIMAL_SCALE_MAX = 76 };

/* The formats without parameters. */
static const struct simple_format {
    char format[4];
    uint8_t kind, unit, width, child_count;
} simple_formats[] = {
    {"n", STOA__ARROW_NULL, 0, 0, 0},
    {"b", STOA__ARROW_BOOL, 0, 0, 0},
    {"c", STOA__ARROW_INT8, 0, 1, 0},
    {"s", STOA__ARROW_INT16, 0, 2, 0},
    {"i", STOA__ARROW_INT32, 0, 4, 0},
    {"l", STOA__ARROW_INT64, 0, 8, 0},
    {"C", STOA__ARROW_UINT8, 0, 1, 0},
    {"S", STOA__ARROW_UINT16, 0, 2, 0},
    {"I", STOA__ARROW_UINT32, 0, 4, 0},
    {"L", STOA__ARROW_UINT64, 0, 8, 0},
    {"e", STOA__ARROW_FLOAT16, 0, 2, 0},
    {"f", STOA__ARROW_FLOAT32, 0, 4, 0},
    {"g", STOA__ARROW_FLOAT64, 0, 8, 0},
    {"u", STOA__ARROW_UTF8, 0, 0, 0},
    {"U", STOA__ARROW_LARGE_UTF8, 0, 0, 0},
    {"vu", STOA__ARROW_UTF8_VIEW, 0, 0, 0},
    {"z", STOA__ARROW_BINARY, 0, 0, 0},
    {"Z", STOA__ARROW_LARGE_BINARY, 0, 0, 0},
    {"vz", STOA__ARROW_BINARY_VIEW, 0, 0, 0},
    {"tdD", STOA__ARROW_DATE32, 0, 4, 0},
    {"tdm", STOA__ARROW_DATE64, 0, 8, 0},
    {"tts", STOA__ARROW_TIME32, STOA__UNIT_SECOND, 4, 0},
    {"ttm", STOA__ARROW_TIME32, STOA__UNIT_MILLI, 4, 0},
    {"ttu", STOA__ARROW_TIME64, STOA__UNIT_MICRO, 8, 0},
    {"ttn", STOA__ARROW_TIME64, STOA__UNIT_NANO, 8, 0},
    {"tDs", STOA__ARROW_DURATION, STOA__UNIT_SECOND, 8, 0},
    {"tDm", STOA__ARROW_DURATION, STOA__UNIT_MILLI, 8, 0},
    {"tDu", STOA__ARROW_DURATION, STOA__UNIT_MICRO, 8, 0},
    {"tDn", STOA__ARROW_DURATION, STOA__UNIT_NANO, 8, 0},
    {"tiM", STOA__ARROW_INTERVAL_MONTHS, 0, 4, 0},
    {"tiD", STOA__ARROW_INTERVAL_DAYS_MS, 0, 8, 0},
    {"tin", STOA__ARROW_INTERVAL_MONTHS_DAYS_NS, 0, 16, 0},
    {"+l", STOA__ARROW_LIST, 0, 0, 1},
    {"+L", STOA__ARROW_LARGE_LIST, 0, 0, 1},
    {"+vl", STOA__ARROW_LIST_VIEW, 0, 0, 1},
    {"+vL", STOA__ARROW_LARGE_LIST_VIEW, 0, 0, 1},
    {"+m", STOA__ARROW_MAP, 0, 0, 1},
    {"+r", STOA__ARROW_RUN_END, 0, 0, 2},
};

/* What is left of a format. */
struct cursor {
    const char *at, *end;
};

static bool take_text(struct cursor *cursor, const char *text)
{
    const size_t size = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

/* A whole number of at most ten digits, within [min, max]. */
static bool take_number(struct cursor *cursor, int64_t min, int64_t max, int32_t *out)
{
    const bool negative = take_text(cursor, "-");
    const char *start = cursor->at;
    int64_t value = 0;

    assert(min >= INT32_MIN && max <= INT32_MAX);
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        if (cursor->at - start >= 10)
            return false;
        value = value * 10 + (*cursor->at++ - '0');
    }
    if (negative)
        value = -value;
    if (cursor->at == start || value < min || value > max)
        return false;
    *out = (int32_t)value;
    return true;
}

/* Digits a decimal of `kind` can hold. */
static int32_t decimal_digits(enum stoa__arrow_kind kind)
{
    assert(kind >= STOA__ARROW_DECIMAL32 && kind <= STOA__ARROW_DECIMAL256);
    return kind == STOA__ARROW_DECIMAL32    ? 9
           : kind == STOA__ARROW_DECIMAL64  ? 18
           : kind == STOA__ARROW_DECIMAL128 ? 38
                                            : 76;
}

static bool set_decimal_bits(struct stoa__arrow_type *type, int32_t bits)
{
    switch (bits) {
    case 32:
        type->kind = STOA__ARROW_DECIMAL32;
        break;
    case 64:
        type->kind = STOA__ARROW_DECIMAL64;
        break;
    case 128:
        type->kind = STOA__ARROW_DECIMAL128;
        break;
    case 256:
        type->kind = STOA__ARROW_DECIMAL256;
        break;
    default:
        return false;
    }
    type->width = bits / 8;
    return true;
}

static const char *parse_decimal(struct cursor *cursor, struct stoa__arrow_type *type)
{
    int32_t bits = 128;

    if (!take_number(cursor, INT32_MIN, INT32_MAX, &type->precision) ||
        !take_text(cursor, ",") ||
        !take_number(cursor, INT32_MIN, INT32_MAX, &type->scale))
        return "expected d:precision,scale or d:precision,scale,bits";
    if (take_text(cursor, ",") && !take_number(cursor, 0, INT32_MAX, &bits))
        return "expected d:precision,scale or d:precision,scale,bits";
    if (!set_decimal_bits(type, bits))
        return "a decimal has 32, 64, 128 or 256 bits";
    if (type->precision < 1 || type->precision > decimal_digits(type->kind))
        return "the precision is outside 1 to 9, 18, 38 or 76 for 32, 64, 128 or 256 bits";
    if (type->scale < -DECIMAL_SCALE_MAX || type->scale > DECIMAL_SCALE_MAX)
        return "the scale is outside -76 to 76";
    return NULL;
}

static bool parse_unit(char letter, enum stoa__arrow_unit *unit)
{
    static const char letters[] = "smun";
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (found)
        *unit = (enum stoa__arrow_unit)(STOA__UNIT_SECOND + (found - letters));
    return found != NULL;
}

static stoa_status parse_timestamp(struct cursor *cursor, stoa__arena *arena,
                                   struct stoa__arrow_type *type, const char **problem)
{
    const size_t left = (size_t)(cursor->end - cursor->at);

    if (left < 2 || cursor->at[1] != ':' || !parse_unit(cursor->at[0], &type->unit)) {
        *problem = "expected tss:, tsm:, tsu: or tsn: and a zone or nothing";
        return STOA_ERR_TYPE;
    }
    type->kind = STOA__ARROW_TIMESTAMP;
    type->width = 8;
    if (left - 2 > STOA__ARROW_ZONE_BYTES_MAX) {
        *problem = "the time zone is longer than 255 bytes";
        return STOA_ERR_TYPE;
    }
    type->zone = stoa__arena_copy_text(arena, cursor->at + 2, left - 2);
    cursor->at = cursor->end;
    return type->zone ? STOA_OK : STOA_ERR_NOMEM;
}

static const char *union_ids(struct cursor *cursor, int8_t *ids, int32_t *count)
{
    bool seen[UNION_ID_COUNT] = {false};

    *count = 0;
    while (cursor->at < cursor->end) {
        int32_t id = 0;

        if (*count > 0 && !take_text(cursor, ","))
            return "expected type ids separated by commas";
        if (!take_number(cursor, 0, UNION_ID_COUNT - 1, &id))
            return "a type id is not a number from 0 to 127";
        if (seen[id])
            return "a type id stands twice";
        seen[id] = true;
        ids[(*count)++] = (int8_t)id;
    }
    return NULL;
}

static stoa_status parse_union(struct cursor *cursor, stoa__arena *arena,
                               struct stoa__arrow_type *type, int32_t *child_count,
                               const char **problem)
{
    int8_t ids[UNION_ID_COUNT];
    int8_t *copy;

    *problem = union_ids(cursor, ids, child_count);
    if (*problem)
        return STOA_ERR_TYPE;
    copy = stoa__arena_alloc(arena, sizeof(ids));
    if (!copy)
        return STOA_ERR_NOMEM;
    if (*child_count > 0)
        memcpy(copy, ids, (size_t)*child_count);
    type->union_ids = copy;
    return STOA_OK;
}

static stoa_status parse_sized(struct cursor *cursor, enum stoa__arrow_kind kind,
                               int32_t *size, struct stoa__arrow_type *type,
                               const char **problem)
{
    type->kind = kind;
    if (take_number(cursor, 0, INT32_MAX, size))
        return STOA_OK;
    *problem = "the size is not a number from 0 to 2147483647";
    return STOA_ERR_TYPE;
}

static stoa_status parse_parameters(struct cursor *cursor, stoa__arena *arena,
                                    struct stoa__arrow_type *type, int32_t *child_count,
                                    const char **problem)
{
    if (take_text(cursor, "d:")) {
        *problem = parse_decimal(cursor, type);
        return *problem ? STOA_ERR_TYPE : STOA_OK;
    }
    if (take_text(cursor, "w:"))
        return parse_sized(cursor, STOA__ARROW_FIXED_BINARY, &type->width, type, problem);
    if (take_text(cursor, "ts"))
        return parse_timestamp(cursor, arena, type, problem);
    if (take_text(cursor, "+w:")) {
        *child_count = 1;
        return parse_sized(cursor, STOA__ARROW_FIXED_LIST, &type->list_size, type,
                           problem);
    }
    if (take_text(cursor, "+ud:") || take_text(cursor, "+us:")) {
        type->kind =
            cursor->at[-2] == 'd' ? STOA__ARROW_DENSE_UNION : STOA__ARROW_SPARSE_UNION;
        return parse_union(cursor, arena, type, child_count, problem);
    }
    *problem = "not a format of the Arrow C data interface";
    return STOA_ERR_TYPE;
}

static bool parse_simple(const char *format, size_t size, struct stoa__arrow_type *type,
                         int32_t *child_count)
{
    const size_t count = sizeof(simple_formats) / sizeof(simple_formats[0]);

    if (size == 2 && memcmp(format, "+s", 2) == 0) {
        type->kind = STOA__ARROW_STRUCT;
        *child_count = -1;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const struct simple_format *simple = &simple_formats[i];

        if (strlen(simple->format) != size || memcmp(simple->format, format, size) != 0)
            continue;
        type->kind = (enum stoa__arrow_kind)simple->kind;
        type->unit = (enum stoa__arrow_unit)simple->unit;
        type->width = simple->width;
        *child_count = simple->child_count;
        return true;
    }
    return false;
}

stoa_status stoa__arrow_format_parse(const char *format, size_t size, stoa__arena *arena,
                                     struct stoa__arrow_type *type, int32_t *child_count,
                                     const char **problem)
{
    struct cursor cursor = {format, format + size};
    stoa_status rc;

    assert(format && arena && type && child_count && problem);
    *child_count = 0;
    *problem = NULL;
    type->zone = "";
    if (parse_simple(format, size, type, child_count))
        return STOA_OK;
    if (stoa__utf8_check(format, size) != size) {
        *problem = "not valid UTF-8";
        return STOA_ERR_TYPE;
    }
    rc = parse_parameters(&cursor, arena, type, child_count, problem);
    if (rc == STOA_OK && cursor.at != cursor.end) {
        *problem = "there is something behind the format's end";
        return STOA_ERR_TYPE;
    }
    return rc;
}
