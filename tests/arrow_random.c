/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow_random.h"

#include "arrow/builder.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "test.h"
#include "text/decimal.h"

#include <math.h>

const char *const arrow_random_formats[] = {"n",
                                            "b",
                                            "c",
                                            "C",
                                            "s",
                                            "S",
                                            "i",
                                            "I",
                                            "l",
                                            "L",
                                            "e",
                                            "f",
                                            "g",
                                            "d:9,2,32",
                                            "d:5,0,32",
                                            "d:18,6,64",
                                            "d:38,10",
                                            "d:20,-3",
                                            "d:76,40,256",
                                            "tdD",
                                            "tdm",
                                            "tts",
                                            "ttm",
                                            "ttu",
                                            "ttn",
                                            "tss:",
                                            "tsm:",
                                            "tsu:",
                                            "tsn:",
                                            "tss:UTC",
                                            "tsu:Europe/Berlin",
                                            "tsn:UTC",
                                            "tDs",
                                            "tDm",
                                            "tDu",
                                            "tDn",
                                            "tiM",
                                            "tiD",
                                            "tin",
                                            "u",
                                            "U",
                                            "vu",
                                            "z",
                                            "Z",
                                            "vz",
                                            "w:0",
                                            "w:3",
                                            "w:16"};
const int32_t arrow_random_format_count =
    (int32_t)(sizeof(arrow_random_formats) / sizeof(arrow_random_formats[0]));

void arrow_random_seed(struct arrow_random *random, uint64_t seed)
{
    *random = (struct arrow_random){.state = seed, .null_percent = 25};
}

uint64_t arrow_random_next(struct arrow_random *random)
{
    uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

int64_t arrow_random_below(struct arrow_random *random, int64_t count)
{
    return (int64_t)(arrow_random_next(random) % (uint64_t)count);
}

static bool percent(struct arrow_random *random, int32_t chance)
{
    return arrow_random_below(random, 100) < chance;
}

static void release_node(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    if (schema->dictionary) {
        schema->dictionary->release(schema->dictionary);
        free(schema->dictionary);
    }
    free(schema->children);
    free(schema->private_data);
    memset(schema, 0, sizeof(*schema));
}

void arrow_random_node(struct ArrowSchema *out, const char *format, const char *name,
                       bool nullable, int64_t child_count)
{
    size_t format_size = strlen(format) + 1;
    char *texts = calloc(1, format_size + strlen(name) + 1);

    CHECK(texts != NULL);
    memcpy(texts, format, format_size);
    memcpy(texts + format_size, name, strlen(name) + 1);
    memset(out, 0, sizeof(*out));
    out->format = texts;
    out->name = texts + format_size;
    out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    out->n_children = child_count;
    out->children = calloc((size_t)child_count + 1, sizeof(*out->children));
    CHECK(out->children != NULL);
    for (int64_t i = 0; i < child_count; i++)
        CHECK((out->children[i] = calloc(1, sizeof(struct ArrowSchema))) != NULL);
    out->private_data = texts;
    out->release = release_node;
}

static void make_scalar(struct arrow_random *random, const char *name, bool nullable,
                        struct ArrowSchema *out)
{
    int64_t index = arrow_random_below(random, arrow_random_format_count);

    arrow_random_node(out, arrow_random_formats[index], name, nullable || index == 0, 0);
}

static void make_dictionary(struct arrow_random *random, int32_t depth, const char *name,
                            bool nullable, struct ArrowSchema *out)
{
    static const char *const indices[] = {"s", "S", "i", "I", "l", "L"};

    arrow_random_node(out, indices[arrow_random_below(random, 6)], name, nullable, 0);
    out->dictionary = calloc(1, sizeof(*out->dictionary));
    CHECK(out->dictionary != NULL);
    arrow_random_field(random, depth - 1, "", out->dictionary);
    out->dictionary->flags |= ARROW_FLAG_NULLABLE;
}

static void make_list(struct arrow_random *random, int32_t depth, const char *name,
                      bool nullable, struct ArrowSchema *out)
{
    static const char *const formats[] = {"+l", "+L", "+vl", "+vL", "+w:2", "+w:0"};

    arrow_random_node(out, formats[arrow_random_below(random, 6)], name, nullable, 1);
    arrow_random_field(random, depth - 1, "item", out->children[0]);
}

static void make_struct(struct arrow_random *random, int32_t depth, const char *format,
                        const char *name, bool nullable, struct ArrowSchema *out)
{
    static const char *const names[] = {"a", "b\"\\", "\xc3\xa9\xe2\x82\xac"};
    int64_t count = format[1] == 's' ? arrow_random_below(random, 4) : 3;

    arrow_random_node(out, format, name, nullable, count);
    for (int64_t i = 0; i < count; i++)
        arrow_random_field(random, depth - 1, names[i], out->children[i]);
}

static void make_map(struct arrow_random *random, int32_t depth, const char *name,
                     bool nullable, struct ArrowSchema *out)
{
    struct ArrowSchema *entries;

    arrow_random_node(out, "+m", name, nullable, 1);
    entries = out->children[0];
    arrow_random_node(entries, "+s", "entries", false, 2);
    do {
        if (entries->children[0]->release)
            entries->children[0]->release(entries->children[0]);
        make_scalar(random, "key", false, entries->children[0]);
    } while (strcmp(entries->children[0]->format, "n") == 0);
    arrow_random_field(random, depth - 1, "value", entries->children[1]);
}

static void make_runs(struct arrow_random *random, int32_t depth, const char *name,
                      struct ArrowSchema *out)
{
    static const char *const ends[] = {"s", "i", "l"};

    arrow_random_node(out, "+r", name, true, 2);
    arrow_random_node(out->children[0], ends[arrow_random_below(random, 3)], "run_ends",
                      false, 0);
    arrow_random_field(random, depth - 1, "values", out->children[1]);
    out->children[1]->flags |= ARROW_FLAG_NULLABLE;
}

void arrow_random_field(struct arrow_random *random, int32_t depth, const char *name,
                        struct ArrowSchema *out)
{
    bool nullable = percent(random, 75);

    if (depth <= 0 || percent(random, 30)) {
        make_scalar(random, name, nullable, out);
        return;
    }
    switch (arrow_random_below(random, 7)) {
    case 0:
        make_dictionary(random, depth, name, nullable, out);
        break;
    case 1:
        make_list(random, depth, name, nullable, out);
        break;
    case 2:
        make_struct(random, depth, "+s", name, nullable, out);
        break;
    case 3:
        make_map(random, depth, name, nullable, out);
        break;
    case 4:
        make_struct(random, depth, "+ud:5,0,120", name, nullable, out);
        break;
    case 5:
        make_struct(random, depth, "+us:1,2,3", name, nullable, out);
        break;
    default:
        make_runs(random, depth, name, out);
        break;
    }
}

void arrow_random_schema(struct arrow_random *random, int32_t depth, int32_t columns,
                         struct ArrowSchema *out)
{
    char name[16];

    arrow_random_node(out, "+s", "", false, columns);
    for (int32_t i = 0; i < columns; i++) {
        (void)snprintf(name, sizeof(name), "c%d", i);
        arrow_random_field(random, depth, name, out->children[i]);
    }
}

/* Small numbers, numbers of all sizes, and the ends of the range. */
static int64_t random_integer(struct arrow_random *random, int bits, bool is_unsigned)
{
    uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    uint64_t value = arrow_random_next(random);
    static const uint64_t edges[] = {0, 1, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63};

    switch (arrow_random_below(random, 4)) {
    case 0:
        value %= 10;
        break;
    case 1:
        value = edges[arrow_random_below(random, 5)];
        if (!is_unsigned && value >> 62 == 1)
            value = mask >> 1;
        else if (!is_unsigned && value == UINT64_C(1) << 63)
            value = UINT64_C(1) << (bits - 1);
        break;
    default:
        value >>= arrow_random_below(random, 64);
        break;
    }
    value &= mask;
    if (!is_unsigned && bits < 64 && value >> (bits - 1))
        return (int64_t)(value | ~mask);
    return (int64_t)value;
}

static double random_double(struct arrow_random *random)
{
    static const double edges[] = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.5,
                                   0.1,
                                   65504.0,
                                   1e-7,
                                   (double)INFINITY,
                                   -(double)INFINITY,
                                   (double)NAN};

    if (percent(random, 50))
        return edges[arrow_random_below(random, 10)];
    return (double)random_integer(random, 40, false) / 64.0;
}

static void append_decimal(struct arrow_random *random, struct stoa__column *column)
{
    char text[STOA__DECIMAL_TEXT_MAX];
    char value[STOA__DECIMAL_WIDTH_MAX];
    int64_t digits = 1 + arrow_random_below(random, column->type->precision);

    text[0] = percent(random, 50) ? '-' : '+';
    for (int64_t i = 1; i <= digits; i++)
        text[i] =
            (char)('0' + (percent(random, 10) ? 9 : arrow_random_below(random, 10)));
    CHECK_INT(stoa__decimal_parse(text, (size_t)digits + 1, column->type->precision, 0,
                                  column->type->width, value, NULL),
              STOA_OK);
    CHECK_INT(stoa__column_append_fixed(column, value, NULL), STOA_OK);
}

static int64_t ticks_per_second(enum stoa__arrow_unit unit)
{
    switch (unit) {
    case STOA__UNIT_MILLI:
        return 1000;
    case STOA__UNIT_MICRO:
        return 1000000;
    case STOA__UNIT_NANO:
        return 1000000000;
    case STOA__UNIT_SECOND:
    case STOA__UNIT_NONE:
        break;
    }
    return 1;
}

/* A value with a text; one in ten dates and timestamps without, if that is wanted. */
static int64_t random_time(struct arrow_random *random,
                           const struct stoa__arrow_type *type)
{
    int64_t per_second = ticks_per_second(type->unit);
    bool any = !random->calendar_only && percent(random, 10);
    int64_t value = random_integer(random, type->width * 8, false);

    switch ((int)type->kind) {
    case STOA__ARROW_DATE32:
        return any ? value : value % 2000000;
    case STOA__ARROW_DATE64:
        return value % (any ? 100000000000 : 2000000) * 86400000;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        return (int64_t)((uint64_t)value % (uint64_t)(86400 * per_second));
    case STOA__ARROW_TIMESTAMP:
        return any ? value : value % (INT64_C(9223372036) * per_second);
    default:
        return value;
    }
}

static void append_interval(struct arrow_random *random, struct stoa__column *column)
{
    int32_t parts[2] = {(int32_t)random_integer(random, 32, false),
                        (int32_t)random_integer(random, 32, false)};
    int64_t nanos = random_integer(random, 64, false);
    char value[16];

    memcpy(value, parts, sizeof(parts));
    memcpy(value + sizeof(parts), &nanos, sizeof(nanos));
    CHECK_INT(stoa__column_append_fixed(column, value, NULL), STOA_OK);
}

static void append_text(struct arrow_random *random, struct stoa__column *column)
{
    static const char *const pieces[] = {"a",         "\"",           "\\",
                                         "\n",        "\x01",         "/",
                                         "\xc3\xa9",  "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                         "long text "};
    char text[128];
    size_t size = 0;

    for (int64_t i = arrow_random_below(random, 10); i > 0; i--) {
        const char *piece = pieces[arrow_random_below(random, 10)];
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    CHECK_INT(stoa__column_append_bytes(column, text, (int64_t)size, NULL), STOA_OK);
}

static void append_binary(struct arrow_random *random, struct stoa__column *column)
{
    uint8_t bytes[32];
    int64_t size = arrow_random_below(random, 32);

    if (column->type->kind == STOA__ARROW_FIXED_BINARY)
        size = column->type->width;
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)arrow_random_next(random);
    CHECK_INT(stoa__column_append_bytes(column, bytes, size, NULL), STOA_OK);
}

static void append_nested(struct arrow_random *random, struct stoa__column *column)
{
    const struct stoa__arrow_type *type = column->type;
    int64_t count = arrow_random_below(random, 4);

    switch ((int)type->kind) {
    case STOA__ARROW_STRUCT:
        for (int32_t i = 0; i < column->child_count; i++)
            arrow_random_append(random, &column->children[i]);
        CHECK_INT(stoa__column_end_struct(column, NULL), STOA_OK);
        break;
    case STOA__ARROW_DENSE_UNION:
    case STOA__ARROW_SPARSE_UNION:
        count = arrow_random_below(random, column->child_count);
        arrow_random_append(random, &column->children[count]);
        CHECK_INT(stoa__column_end_union(column, type->union_ids[count], NULL), STOA_OK);
        break;
    default:
        count = type->kind == STOA__ARROW_FIXED_LIST ? type->list_size : count;
        for (int64_t i = 0; i < count; i++)
            arrow_random_append(random, column->children);
        CHECK_INT(stoa__column_end_list(column, NULL), STOA_OK);
        break;
    }
}

static void append_scalar(struct arrow_random *random, struct stoa__column *column)
{
    const struct stoa__arrow_type *type = column->type;
    int bits = type->kind == STOA__ARROW_BOOL ? 1 : type->width * 8;

    if (stoa__arrow_is_float(type->kind))
        CHECK_INT(stoa__column_append_float64(column, random_double(random), NULL),
                  STOA_OK);
    else if (stoa__arrow_is_decimal(type->kind))
        append_decimal(random, column);
    else if (stoa__arrow_is_text(type->kind))
        append_text(random, column);
    else if (stoa__arrow_is_binary(type->kind))
        append_binary(random, column);
    else if (type->kind == STOA__ARROW_INTERVAL_DAYS_MS ||
             type->kind == STOA__ARROW_INTERVAL_MONTHS_DAYS_NS)
        append_interval(random, column);
    else if (type->kind >= STOA__ARROW_DATE32)
        CHECK_INT(stoa__column_append_int64(column, random_time(random, type), NULL),
                  STOA_OK);
    else
        CHECK_INT(stoa__column_append_int64(
                      column,
                      random_integer(random, bits,
                                     type->kind == STOA__ARROW_BOOL ||
                                         stoa__arrow_is_unsigned(type->kind)),
                      NULL),
                  STOA_OK);
}

void arrow_random_append(struct arrow_random *random, struct stoa__column *column)
{
    bool nullable = column->type->nullable;

    column = stoa__column_target(column);
    if (column->type->kind == STOA__ARROW_NULL ||
        (nullable && column->type->kind != STOA__ARROW_DENSE_UNION &&
         column->type->kind != STOA__ARROW_SPARSE_UNION &&
         percent(random, random->null_percent)))
        CHECK_INT(stoa__column_append_null(column, NULL), STOA_OK);
    else if (column->type->kind >= STOA__ARROW_LIST)
        append_nested(random, column);
    else
        append_scalar(random, column);
}

void arrow_random_array(struct arrow_random *random, const struct stoa__arrow_type *type,
                        int64_t rows, struct ArrowArray *out)
{
    int64_t skip = arrow_random_below(random, 10);
    struct stoa__builder builder;

    CHECK_INT(stoa__builder_init(&builder, type, arrow_random_below(random, 20), NULL),
              STOA_OK);
    for (int64_t i = 0; i < rows + skip; i++)
        arrow_random_append(random, &builder.root);
    CHECK_INT(stoa__builder_finish(&builder, 0, out, NULL), STOA_OK);
    stoa__builder_release(&builder);
    /* Half of the skipped rows are passed over by the columns, half by the whole. */
    for (int64_t i = 0; type->kind == STOA__ARROW_STRUCT && i < out->n_children; i++) {
        out->children[i]->offset = skip / 2;
        out->children[i]->length -= skip / 2;
        out->children[i]->null_count = -1;
    }
    out->offset = type->kind == STOA__ARROW_STRUCT ? skip - skip / 2 : skip;
    out->length = rows;
    out->null_count = -1;
}

bool arrow_random_same(const struct stoa__arrow_type *a_type, const struct ArrowArray *a,
                       const struct stoa__arrow_type *b_type, const struct ArrowArray *b)
{
    bool same = a->length == b->length;
    stoa__buffer keys[2] = {{0}, {0}};
    struct stoa__cell cell;

    for (int64_t row = 0; same && row < a->length; row++) {
        keys[0].size = keys[1].size = 0;
        stoa__cell_at(a_type, a, row, &cell);
        CHECK_INT(stoa__cell_key(&cell, &keys[0], NULL), STOA_OK);
        stoa__cell_at(b_type, b, row, &cell);
        CHECK_INT(stoa__cell_key(&cell, &keys[1], NULL), STOA_OK);
        same = keys[0].size == keys[1].size &&
               memcmp(keys[0].data, keys[1].data, keys[0].size) == 0;
    }
    stoa__buffer_release(&keys[0]);
    stoa__buffer_release(&keys[1]);
    return same;
}
