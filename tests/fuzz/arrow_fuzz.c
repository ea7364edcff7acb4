/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrow import. The input is a program that builds a schema and an array of any type, with wrong
 * numbers and wild values, in buffers of exactly the size an honest producer would give them.
 * What FULL accepts must be readable in every cell, and its copy must hold the same; what SHAPE
 * accepts must be safe to copy. ASan is the judge of both.
 */
#include "../arrow_make.h"
#include "arrow/array.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "arrow/type.h"
#include "arrow/validate.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition))                                                                \
            __builtin_trap();                                                            \
    } while (0)

enum { DEPTH_MAX = 4, NODE_COUNT_MAX = 24, BUFFER_SIZE_MAX = 2048 };

struct program {
    const uint8_t *at, *end;
    int node_count;
    stoa__arena arena;
};

static int take(struct program *program, int below)
{
    return program->at < program->end ? *program->at++ % below : 0;
}

/* Mostly a small number, now and then an absurd one. */
static int64_t take_number(struct program *program, int below)
{
    static const int64_t absurd[] = {-1,
                                     INT64_MIN,
                                     INT64_MAX,
                                     INT64_MAX - 1,
                                     INT64_C(1) << 31,
                                     INT64_C(1) << 40,
                                     INT64_C(1) << 48,
                                     INT64_C(1) << 62,
                                     -2};
    const int byte = take(program, 256);

    return byte < 247 ? byte % below : absurd[byte - 247];
}

static const char *const leaf_formats[] = {
    "n", "b", "c", "C", "s", "S", "i", "I", "l", "L", "e", "f", "g", "u", "U", "vu", "z", "Z",
    "vz", "w:0", "w:3", "d:3,1,32", "d:12,-2,64", "d:20,5", "d:50,7,256", "tdD", "tdm", "tts",
    "ttm", "ttu", "ttn", "tss:", "tsm:UTC", "tsu:", "tsn:Z", "tDs", "tDn", "tiM", "tiD", "tin"};

static const char *const nested_formats[] = {"+l", "+L", "+vl", "+vL", "+w:2", "+w:0", "+s",
                                             "+m", "+r", "+ud:0,5", "+us:5,0", "+ud:"};

enum {
    LEAF_COUNT = sizeof(leaf_formats) / sizeof(leaf_formats[0]),
    NESTED_COUNT = sizeof(nested_formats) / sizeof(nested_formats[0])
};

static struct ArrowSchema *build_schema(struct program *program, int depth);

static void build_children(struct program *program, struct ArrowSchema *schema, int count,
                           int depth)
{
    for (int i = 0; i < count; i++)
        make_schema_child(schema, build_schema(program, depth + 1));
}

static struct ArrowSchema *build_map(struct program *program, int depth)
{
    struct ArrowSchema *entries = make_schema("+s", "entries");

    build_children(program, entries, 2, depth + 1);
    entries->children[0]->flags = take(program, 16) ? 0 : ARROW_FLAG_NULLABLE;
    return make_schema_child(make_schema("+m", "map"), entries);
}

static struct ArrowSchema *build_runs(struct program *program, int depth)
{
    static const char *const formats[] = {"s", "i", "l", "u"};
    struct ArrowSchema *schema = make_schema("+r", "runs");

    make_schema_child(schema, make_schema(formats[take(program, 4)], "run_ends"));
    build_children(program, schema, 1, depth);
    return schema;
}

static struct ArrowSchema *build_schema(struct program *program, int depth)
{
    const bool nested = depth < DEPTH_MAX && program->node_count < NODE_COUNT_MAX &&
                        take(program, 2);
    const char *format = nested ? nested_formats[take(program, NESTED_COUNT)]
                                : leaf_formats[take(program, LEAF_COUNT)];
    struct ArrowSchema *schema;

    program->node_count++;
    if (strcmp(format, "+m") == 0)
        return build_map(program, depth);
    if (strcmp(format, "+r") == 0)
        return build_runs(program, depth);
    schema = make_schema(format, "x");
    if (strcmp(format, "+s") == 0)
        build_children(program, schema, take(program, 4), depth);
    else if (strchr(format, ','))
        build_children(program, schema, format[0] == '+' ? 2 : 0, depth);
    else if (nested && strcmp(format, "+ud:") != 0)
        build_children(program, schema, 1, depth);
    if (format[1] == '\0' && strchr("csilCSIL", format[0]) && depth < DEPTH_MAX &&
        take(program, 3) == 0)
        make_schema_dictionary(schema, build_schema(program, depth + 1));
    return schema;
}

/* `size` bytes of the program; NULL where nobody could have so many. */
static uint8_t *build_buffer(struct program *program, struct ArrowArray *array, int index,
                             int64_t count, int64_t width)
{
    int64_t size = 0;
    uint8_t *bytes;

    if (count < 0 || __builtin_mul_overflow(count, width, &size) || size > BUFFER_SIZE_MAX ||
        take(program, 64) == 63)
        return NULL;
    bytes = make_buffer(array, index, NULL, size);
    for (int64_t i = 0; i < size; i += width > 1 ? width : 1)
        bytes[i] = (uint8_t)take(program, 256);
    if (size > 0 && take(program, 8) == 0)
        bytes[take(program, 256) % size] = (uint8_t)take(program, 256);
    return bytes;
}

static void build_validity(struct program *program, struct ArrowArray *array, int64_t rows)
{
    if (take(program, 3) != 0)
        (void)build_buffer(program, array, 0, rows < 0 ? -1 : rows / 8 + 1, 1);
}

/* From `last` to a little further; everything else is an offset of its own. */
static bool is_step(int64_t last, int64_t next, int64_t below)
{
    return next >= 0 && next < below && last < BUFFER_SIZE_MAX;
}

static void build_text(struct program *program, const struct stoa__arrow_type *type,
                       struct ArrowArray *array, int64_t rows)
{
    const int32_t width = stoa__arrow_offset_width(type->kind);
    int64_t last = 0, most = 0;
    uint8_t *offsets = build_buffer(program, array, 1, rows < 0 ? -1 : rows + 1, width);

    for (int64_t i = 0; offsets && i <= rows; i++) {
        const int64_t next = take_number(program, 6);

        last = is_step(last, next, 6) && take(program, 32) ? last + next : next;
        if (width == 4)
            last = (int32_t)last;
        memcpy(offsets + i * width, &last, (size_t)width);
        most = last > most ? last : most;
    }
    (void)build_buffer(program, array, 2, most, 1);
}

static void build_views(struct program *program, struct ArrowArray *array, int64_t rows)
{
    const int count = (int)array->n_buffers - 3;
    int64_t sizes[4] = {0};
    uint8_t *views = build_buffer(program, array, 1, rows, 16);

    for (int i = 0; i < count; i++) {
        sizes[i] = take_number(program, 64);
        (void)build_buffer(program, array, 2 + i, sizes[i], 1);
    }
    if (take(program, 32))
        make_buffer(array, 2 + count, sizes, count * 8);
    for (int64_t i = 0; views && i < rows; i++) {
        int32_t view[4] = {take(program, 40), take(program, 256),
                           (int32_t)take_number(program, 4),
                           (int32_t)take_number(program, 40)};

        if (take(program, 64) == 63)
            view[0] = (int32_t)take_number(program, 4);
        memcpy(views + i * 16, view, view[0] <= 12 && view[0] >= 0 ? 4 : 16);
    }
}

/* Offsets of lists and sizes of list views; children are long enough or not. */
static void build_offsets(struct program *program, struct ArrowArray *array, int index,
                          int64_t count, int32_t width)
{
    const bool rising = index == 1 && array->n_buffers == 2;
    uint8_t *bytes = build_buffer(program, array, index, count, width);
    int64_t last = 0;

    for (int64_t i = 0; bytes && i < count; i++) {
        const int64_t next = take_number(program, 3);

        last = rising && is_step(last, next, 3) ? last + next : next;
        memcpy(bytes + i * width, &last, (size_t)width);
    }
}

static void build_ids(struct program *program, struct ArrowArray *array, int64_t rows)
{
    uint8_t *ids = build_buffer(program, array, 0, rows, 1);

    for (int64_t i = 0; ids && i < rows; i++)
        ids[i] = ids[i] < 250 ? (ids[i] % 2 ? 5 : 0) : ids[i];
}

static void build_values(struct program *program, const struct stoa__arrow_type *type,
                         struct ArrowArray *array, int64_t rows)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const int32_t width = stoa__arrow_offset_width(type->kind);

    if (shape == STOA__SHAPE_BITS)
        (void)build_buffer(program, array, 1, rows < 0 ? -1 : rows / 8 + 1, 1);
    else if (shape == STOA__SHAPE_FIXED || shape == STOA__SHAPE_DICTIONARY)
        (void)build_buffer(program, array, 1, rows, type->width);
    else if (shape == STOA__SHAPE_TEXT)
        build_text(program, type, array, rows);
    else if (shape == STOA__SHAPE_VIEW)
        build_views(program, array, rows);
    else if (shape == STOA__SHAPE_LIST)
        build_offsets(program, array, 1, rows < 0 ? -1 : rows + 1, width);
    else if (shape == STOA__SHAPE_DENSE || shape == STOA__SHAPE_SPARSE)
        build_ids(program, array, rows);
    if (shape == STOA__SHAPE_DENSE)
        build_offsets(program, array, 1, rows, 4);
    if (shape == STOA__SHAPE_LIST_VIEW) {
        build_offsets(program, array, 1, rows, width);
        build_offsets(program, array, 2, rows, width);
    }
}

static int64_t buffer_count(struct program *program, enum stoa__arrow_shape shape)
{
    switch (shape) {
    case STOA__SHAPE_NONE:
    case STOA__SHAPE_RUN_END:
        return 0;
    case STOA__SHAPE_STRUCT:
    case STOA__SHAPE_FIXED_LIST:
    case STOA__SHAPE_SPARSE:
        return 1;
    case STOA__SHAPE_TEXT:
    case STOA__SHAPE_LIST_VIEW:
        return 3;
    case STOA__SHAPE_VIEW:
        return 3 + take(program, 4);
    case STOA__SHAPE_BITS:
    case STOA__SHAPE_FIXED:
    case STOA__SHAPE_LIST:
    case STOA__SHAPE_DENSE:
    case STOA__SHAPE_DICTIONARY:
        return 2;
    }
    return 0;
}

/* Numbers no layout has, so that nobody is misled about a buffer's size. */
static void spoil(struct program *program, struct ArrowArray *array)
{
    static const int64_t numbers[] = {-1, INT64_MIN, INT64_MAX, INT32_MAX};

    switch (take(program, 64)) {
    case 60:
        array->n_buffers = numbers[take(program, 4)];
        break;
    case 61:
        array->n_children = numbers[take(program, 4)];
        break;
    case 62:
        array->buffers = NULL;
        break;
    case 63:
        array->children = NULL;
        break;
    default:
        break;
    }
}

static struct ArrowArray *build_array(struct program *program,
                                      const struct stoa__arrow_type *type, int64_t need)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const int64_t length = take(program, 8) ? need : take_number(program, 9);
    const int64_t offset = take(program, 4) ? 0 : take_number(program, 4);
    struct ArrowArray *array =
        make_array(length, take(program, 4) ? -1 : take_number(program, 3), offset,
                   buffer_count(program, shape));
    int64_t rows, more = length;

    if (__builtin_add_overflow(length, offset, &rows) || length < 0 || offset < 0 ||
        rows > STOA__ARROW_ROW_COUNT_MAX)
        rows = -1; /* No buffers at all: it must be refused for its numbers. */
    if (array->n_buffers > 0 && shape != STOA__SHAPE_SPARSE && shape != STOA__SHAPE_DENSE)
        build_validity(program, array, rows);
    build_values(program, type, array, rows);
    if (rows >= 0 && rows < 64)
        more = shape == STOA__SHAPE_FIXED_LIST ? rows * type->list_size
               : shape == STOA__SHAPE_STRUCT || shape == STOA__SHAPE_SPARSE
                   ? rows
                   : take(program, 12);
    for (int32_t i = 0; i < type->child_count; i++)
        make_child(array, build_array(program, &type->children[i], more));
    if (type->dictionary)
        make_dictionary(array, build_array(program, type->dictionary, take(program, 8)));
    spoil(program, array);
    return array;
}

static void append_json(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                        stoa__buffer *text)
{
    struct stoa__cell cell;

    for (int64_t row = 0; row < array->length && row < 64; row++) {
        stoa__cell_at(type, array, row, &cell);
        MUST(stoa__cell_json(&cell, text, NULL) == STOA_OK);
    }
}

static void check_copy(const struct stoa__arrow_type *type, struct ArrowArray *array,
                       bool full)
{
    stoa__buffer right = {0}, got = {0};
    struct ArrowArray copy, slice;
    stoa_status rc;

    if (array->length > BUFFER_SIZE_MAX) /* Of nulls, or of empty structs. */
        return;
    rc = stoa__array_copy(type, array, &copy, NULL);
    if (!full) {
        MUST(rc == STOA_OK || rc == STOA_ERR_INVALID);
        stoa__array_release(&copy);
        return;
    }
    MUST(rc == STOA_OK);
    MUST(stoa__arrow_validate(type, &copy, STOA_CHECK_FULL, NULL) == STOA_OK);
    append_json(type, array, &right);
    append_json(type, &copy, &got);
    MUST(right.size == got.size);
    MUST(right.size == 0 || memcmp(right.data, got.data, right.size) == 0);
    MUST(stoa_batch_slice(&copy, copy.length / 2, copy.length - copy.length / 2, &slice,
                          NULL) == STOA_OK);
    MUST(stoa__arrow_validate(type, &slice, STOA_CHECK_FULL, NULL) == STOA_OK);
    stoa_batch_release(&slice);
    stoa__buffer_release(&right);
    stoa__buffer_release(&got);
}

static void check_type(struct program *program, const struct stoa__arrow_type *type)
{
    struct stoa__arrow_type *again = NULL;
    struct ArrowSchema schema;
    char text[64];

    stoa__arrow_type_text(type, text, 1 + (size_t)take(program, 64));
    MUST(stoa__arrow_type_export(type, &schema, NULL) == STOA_OK);
    MUST(stoa__arrow_type_parse(&schema, &program->arena, &again, NULL) == STOA_OK);
    MUST(stoa__arrow_type_equal(type, again));
    MUST(type->nullable == again->nullable);
    stoa_schema_release(&schema);
}

/* A schema of one column whose format, name and metadata are the input's bytes. The metadata's
 * end is not where the bytes end, since its size is only known from within. */
static void run_text(struct program *program)
{
    static char metadata[STOA__METADATA_BYTES_MAX];
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema *schema;
    char texts[2][33] = {"", ""};
    size_t left;

    for (int i = 0; i < 2; i++)
        for (int at = 0, size = take(program, 33); at < size; at++)
            texts[i][at] = (char)take(program, 256);
    schema = make_schema(texts[0], texts[1]);
    left = (size_t)(program->end - program->at);
    if (left > 0) {
        memcpy(metadata, program->at, left < 256 ? left : 256);
        schema->metadata = metadata;
        program->at = program->end;
    }
    if (stoa__arrow_type_parse(schema, &program->arena, &type, NULL) == STOA_OK)
        check_type(program, type);
    memset(metadata, 0, 256);
    make_free_schema(schema);
}

static void run_array(struct program *program)
{
    struct ArrowSchema *schema = build_schema(program, 0);
    struct stoa__arrow_type *type = NULL;
    struct ArrowArray *array;

    if (stoa__arrow_type_parse(schema, &program->arena, &type, NULL) == STOA_OK) {
        check_type(program, type);
        array = build_array(program, type, 5);
        if (stoa__arrow_validate(type, array, STOA_CHECK_SHAPE, NULL) == STOA_OK)
            check_copy(type, array,
                       stoa__arrow_validate(type, array, STOA_CHECK_FULL, NULL) ==
                           STOA_OK);
        else
            MUST(stoa__arrow_validate(type, array, STOA_CHECK_FULL, NULL) ==
                 STOA_ERR_INVALID);
        make_free_array(array);
    }
    make_free_schema(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program program = {data, data + size, 0, {0}};

    if (take(&program, 8) == 7)
        run_text(&program);
    else
        run_array(&program);
    stoa__arena_release(&program.arena);
    MUST(make_alive == 0);
    return 0;
}
