/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One good column of every Arrow type, with an offset of its own, NULLs where the type has them,
 * and rows around those that are used. Row 1 of each used span is NULL.
 */
#ifndef STOA_ARROW_SAMPLES_H
#define STOA_ARROW_SAMPLES_H

#include "arrow_make.h"

/* Rows before the used ones, used, and in all. */
enum { SAMPLE_OFFSET = 3, SAMPLE_ROWS = 6, SAMPLE_TOTAL = 10 };

struct sample {
    const char *name;
    struct ArrowSchema *schema;
    struct ArrowArray *array;
};

static const char *const sample_texts[] = {
    "before", "x", "", "zero", "null", "two \xc3\xa9", "a text that is longer than twelve",
    "another one, longer as well", "\xf0\x9f\x98\x80 smile, and some more", ""};

static inline void sample_validity(struct ArrowArray *array)
{
    const uint8_t bits[2] = {0xef, 0xff}; /* Row 4, which is used row 1. */

    make_buffer(array, 0, bits, 2);
    array->null_count = 1;
}

static inline struct ArrowArray *sample_node(int64_t n_buffers, bool nulls)
{
    struct ArrowArray *array = make_array(SAMPLE_ROWS, 0, SAMPLE_OFFSET, n_buffers);

    if (nulls)
        sample_validity(array);
    return array;
}

static inline struct ArrowArray *sample_bits(void)
{
    struct ArrowArray *array = sample_node(2, true);

    make_buffer(array, 1, "\x5a\x02", 2);
    return array;
}

/* Small numbers of `width` bytes, every second one negative where `negative` says so. */
static inline struct ArrowArray *sample_fixed(int width, bool negative)
{
    struct ArrowArray *array = sample_node(2, true);
    uint8_t *values = make_buffer(array, 1, NULL, SAMPLE_TOTAL * width);

    for (int row = 0; width > 0 && row < SAMPLE_TOTAL; row++) {
        if (negative && row % 2)
            memset(values + row * width, 0xff, (size_t)width);
        values[row * width] = (uint8_t)(row * 11 + 1);
    }
    return array;
}

static inline void sample_store(void *buffer, int width, int64_t index, int64_t value)
{
    memcpy((char *)buffer + index * width, &value, (size_t)width);
}

/* Texts, also of rows before the offset. */
static inline struct ArrowArray *sample_text(int width)
{
    struct ArrowArray *array = sample_node(3, true);
    void *offsets = make_buffer(array, 1, NULL, (SAMPLE_TOTAL + 1) * width);
    char text[512];
    int64_t size = 0;

    for (int row = 0; row < SAMPLE_TOTAL; row++) {
        const size_t more = strlen(sample_texts[row]);

        sample_store(offsets, width, row, size);
        memcpy(text + size, sample_texts[row], more);
        size += (int64_t)more;
    }
    sample_store(offsets, width, SAMPLE_TOTAL, size);
    make_buffer(array, 2, text, size);
    return array;
}

/* Two data buffers: long texts of even and of odd rows. */
static inline struct ArrowArray *sample_view(void)
{
    struct ArrowArray *array = sample_node(5, true);
    uint8_t *views = make_buffer(array, 1, NULL, SAMPLE_TOTAL * 16);
    char text[2][256];
    int64_t sizes[2] = {0, 0};

    for (int row = 0; row < SAMPLE_TOTAL; row++, views += 16) {
        const int64_t size = (int64_t)strlen(sample_texts[row]), which = row % 2;

        sample_store(views, 4, 0, size);
        memcpy(views + 4, sample_texts[row], (size_t)(size < 12 ? size : 12));
        if (size <= 12)
            continue;
        memset(views + 8, 0, 8);
        sample_store(views, 4, 2, which);
        sample_store(views, 4, 3, sizes[which]);
        memcpy(text[which] + sizes[which], sample_texts[row], (size_t)size);
        sizes[which] += size;
    }
    make_buffer(array, 2, text[0], sizes[0]);
    make_buffer(array, 3, text[1], sizes[1]);
    make_buffer(array, 4, sizes, 16);
    return array;
}

/* Lists of 0, 1, 2, 0, 1, 2 ... items. The child has an offset of its own, too. */
static inline struct ArrowArray *sample_list(int width, struct ArrowArray *child)
{
    struct ArrowArray *array = sample_node(2, true);
    void *offsets = make_buffer(array, 1, NULL, (SAMPLE_TOTAL + 1) * width);
    int64_t at = 0;

    for (int row = 0; row <= SAMPLE_TOTAL; row++) {
        sample_store(offsets, width, row, at);
        at += at < SAMPLE_ROWS && row >= 2 ? row % 3 : 0;
        if (at > SAMPLE_ROWS)
            at = SAMPLE_ROWS;
    }
    return make_child(array, child);
}

static inline struct ArrowArray *sample_list_view(int width, struct ArrowArray *child)
{
    struct ArrowArray *array = sample_node(3, true);
    void *offsets = make_buffer(array, 1, NULL, SAMPLE_TOTAL * width);
    void *sizes = make_buffer(array, 2, NULL, SAMPLE_TOTAL * width);

    for (int row = 0; row < SAMPLE_TOTAL; row++) { /* Backwards and overlapping. */
        sample_store(offsets, width, row, row % 2 ? 4 - row % 3 : 1);
        sample_store(sizes, width, row, row % 3);
    }
    return make_child(array, child);
}

static inline struct ArrowArray *sample_fixed_list(void)
{
    struct ArrowArray *array = make_array(SAMPLE_ROWS, 1, SAMPLE_OFFSET, 1);
    struct ArrowArray *child = make_array(2 * SAMPLE_TOTAL, 0, 1, 2);
    int32_t *values = make_buffer(child, 1, NULL, (2 * SAMPLE_TOTAL + 1) * 4);

    sample_validity(array);
    for (int i = 0; i <= 2 * SAMPLE_TOTAL; i++)
        values[i] = i * 10;
    return make_child(array, child);
}

/* A child as long as the parent needs: its offset and length together. */
static inline struct ArrowArray *sample_long(int width, int64_t length)
{
    struct ArrowArray *array = make_array(length, 0, 1, 2);
    uint8_t *values = make_buffer(array, 1, NULL, (length + 1) * width);

    for (int64_t i = 0; i <= length; i++)
        values[i * width] = (uint8_t)(i + 1);
    return array;
}

static inline struct ArrowArray *sample_struct(void)
{
    struct ArrowArray *array = sample_node(1, true);

    make_child(array, sample_long(8, SAMPLE_TOTAL));
    return make_child(array, sample_long(2, SAMPLE_TOTAL));
}

/* Entries: the keys are texts. */
static inline struct ArrowArray *sample_map(void)
{
    struct ArrowArray *entries = make_array(SAMPLE_ROWS, 0, 0, 1);
    struct ArrowArray *keys = sample_text(4);

    keys->null_count = 0;
    keys->buffers[0] = NULL;
    make_child(entries, keys);
    make_child(entries, sample_fixed(8, true));
    return sample_list(4, entries);
}

static inline struct ArrowArray *sample_union(bool dense)
{
    struct ArrowArray *array = make_array(SAMPLE_ROWS, 0, SAMPLE_OFFSET, dense ? 2 : 1);
    int8_t *ids = make_buffer(array, 0, NULL, SAMPLE_TOTAL);
    int32_t *offsets = dense ? make_buffer(array, 1, NULL, SAMPLE_TOTAL * 4) : NULL;

    for (int row = 0; row < SAMPLE_TOTAL; row++) {
        ids[row] = row % 2 ? 7 : 0;
        if (dense)
            offsets[row] = row / 2 + 1;
    }
    make_child(array, sample_long(8, SAMPLE_TOTAL));
    return make_child(array, sample_long(4, SAMPLE_TOTAL));
}

/* Runs [0, 2) [2, 4) [4, 5) [5, 9) [9, 11) of an array whose offset is 3. */
static inline struct ArrowArray *sample_runs(int width)
{
    static const int ends[] = {1, 2, 4, 5, 9, 11};
    struct ArrowArray *array = make_array(SAMPLE_ROWS, 0, SAMPLE_OFFSET, 0);
    struct ArrowArray *run_ends = make_array(5, 0, 1, 2);
    void *values = make_buffer(run_ends, 1, NULL, 6 * width);

    for (int i = 0; i < 6; i++)
        sample_store(values, width, i, ends[i]);
    make_child(array, run_ends);
    return make_child(array, sample_text(4));
}

static inline struct ArrowArray *sample_dictionary(int width, struct ArrowArray *values)
{
    struct ArrowArray *array = sample_node(2, true);
    void *indices = make_buffer(array, 1, NULL, SAMPLE_TOTAL * width);

    for (int row = 0; row < SAMPLE_TOTAL; row++)
        sample_store(indices, width, row, (row * 5) % SAMPLE_ROWS);
    sample_store(indices, width, 4, 0x7f); /* NULL, so it may be anything. */
    return make_dictionary(array, values);
}

static inline struct ArrowSchema *sample_schema(const char *format)
{
    return make_schema(format, "c");
}

static inline struct ArrowSchema *sample_schema1(const char *format, const char *child)
{
    return make_schema_child(make_schema(format, "c"), make_schema(child, "item"));
}

static inline struct ArrowSchema *sample_schema2(const char *format, const char *a,
                                                 const char *b)
{
    struct ArrowSchema *schema = make_schema(format, "c");

    make_schema_child(schema, make_schema(a, "a"));
    return make_schema_child(schema, make_schema(b, "b"));
}

static inline struct ArrowSchema *sample_schema_map(void)
{
    struct ArrowSchema *entries = make_schema("+s", "entries");
    struct ArrowSchema *key = make_schema("u", "key");

    key->flags = 0;
    make_schema_child(entries, key);
    make_schema_child(entries, make_schema("l", "value"));
    return make_schema_child(make_schema("+m", "c"), entries);
}

static inline struct ArrowSchema *sample_schema_coded(const char *format,
                                                      const char *values)
{
    return make_schema_dictionary(make_schema(format, "c"), make_schema(values, ""));
}

static inline struct sample sample_of(struct ArrowSchema *schema,
                                      struct ArrowArray *array)
{
    const struct sample sample = {schema->format, schema, array};

    return sample;
}

static const struct sample_format {
    const char *format;
    int width;
    bool negative;
} sample_formats[] = {
    {"c", 1, true},        {"s", 2, true},         {"i", 4, true},
    {"l", 8, true},        {"C", 1, false},        {"S", 2, false},
    {"I", 4, false},       {"L", 8, false},        {"e", 2, false},
    {"f", 4, false},       {"g", 8, false},        {"d:9,2,32", 4, true},
    {"d:18,0,64", 8, true}, {"d:38,10", 16, true}, {"d:5,-2,128", 16, true},
    {"d:76,76,256", 32, true}, {"w:3", 3, false},  {"w:0", 0, false},
    {"tdD", 4, true},      {"tdm", 8, true},       {"tts", 4, false},
    {"ttm", 4, false},     {"ttu", 8, false},      {"ttn", 8, false},
    {"tss:", 8, true},     {"tsm:UTC", 8, true},   {"tsu:Europe/Zurich", 8, true},
    {"tsn:", 8, true},     {"tDs", 8, true},       {"tDm", 8, true},
    {"tDu", 8, true},      {"tDn", 8, true},       {"tiM", 4, true},
    {"tiD", 8, true},      {"tin", 16, true}};

enum { SAMPLE_FIXED_COUNT = sizeof(sample_formats) / sizeof(sample_formats[0]) };

static inline struct sample sample_nested(int index)
{
    switch (index) {
    case 0:
        return sample_of(sample_schema1("+l", "i"), sample_list(4, sample_fixed(4, true)));
    case 1:
        return sample_of(sample_schema1("+L", "u"), sample_list(8, sample_text(4)));
    case 2:
        return sample_of(sample_schema1("+vl", "vu"), sample_list_view(4, sample_view()));
    case 3:
        return sample_of(sample_schema1("+vL", "b"), sample_list_view(8, sample_bits()));
    case 4:
        return sample_of(sample_schema1("+w:2", "i"), sample_fixed_list());
    case 5:
        return sample_of(sample_schema2("+s", "l", "s"), sample_struct());
    case 6:
        return sample_of(sample_schema_map(), sample_map());
    case 7:
        return sample_of(sample_schema2("+ud:0,7", "l", "f"), sample_union(true));
    case 8:
        return sample_of(sample_schema2("+us:7,0", "l", "f"), sample_union(false));
    case 9:
        return sample_of(sample_schema2("+r", "s", "u"), sample_runs(2));
    case 10:
        return sample_of(sample_schema2("+r", "i", "u"), sample_runs(4));
    case 11:
        return sample_of(sample_schema2("+r", "l", "u"), sample_runs(8));
    default:
        return sample_of(
            make_schema_child(make_schema("+l", "c"), sample_schema2("+s", "l", "s")),
            sample_list(4, sample_struct()));
    }
}

enum { SAMPLE_NESTED_COUNT = 13 };

static const char sample_indices[] = "csilCSIL";

/* Index widths 1, 2, 4, 8 signed and unsigned, and a dictionary inside a dictionary. */
static inline struct sample sample_coded(int index)
{
    const char format[2] = {sample_indices[index % 8], '\0'};
    const int width = 1 << index % 4;

    if (index == 8)
        return sample_of(
            make_schema_dictionary(make_schema("c", "c"), sample_schema_coded("s", "U")),
            sample_dictionary(1, sample_dictionary(2, sample_text(8))));
    return sample_of(sample_schema_coded(format, "u"),
                     sample_dictionary(width, sample_text(4)));
}

enum { SAMPLE_CODED_COUNT = 9 };

static inline struct sample sample_plain(int index)
{
    static const char *const formats[] = {"u", "z", "U", "Z", "vu", "vz"};

    if (index == 0)
        return sample_of(sample_schema("n"),
                         make_array(SAMPLE_ROWS, SAMPLE_ROWS, SAMPLE_OFFSET, 0));
    if (index == 1)
        return sample_of(sample_schema("b"), sample_bits());
    return sample_of(sample_schema(formats[index - 2]),
                     index >= 6 ? sample_view() : sample_text(index < 4 ? 4 : 8));
}

enum {
    SAMPLE_PLAIN_COUNT = 8,
    SAMPLE_COUNT =
        SAMPLE_FIXED_COUNT + SAMPLE_NESTED_COUNT + SAMPLE_CODED_COUNT + SAMPLE_PLAIN_COUNT
};

/* The column alone. */
static inline struct sample sample_column(int index)
{
    if (index < SAMPLE_PLAIN_COUNT)
        return sample_plain(index);
    index -= SAMPLE_PLAIN_COUNT;
    if (index < SAMPLE_NESTED_COUNT)
        return sample_nested(index);
    index -= SAMPLE_NESTED_COUNT;
    if (index < SAMPLE_CODED_COUNT)
        return sample_coded(index);
    index -= SAMPLE_CODED_COUNT;
    return sample_of(sample_schema(sample_formats[index].format),
                     sample_fixed(sample_formats[index].width,
                                  sample_formats[index].negative));
}

/* Rows [1, 6) of it as a batch. */
static inline struct sample sample_make(int index)
{
    struct sample sample = sample_column(index);

    sample.schema = make_table(sample.schema);
    sample.array = make_batch(sample.array, 1, SAMPLE_ROWS - 1);
    return sample;
}

static inline void sample_free(struct sample *sample)
{
    make_free_schema(sample->schema);
    make_free_array(sample->array);
}

#endif
