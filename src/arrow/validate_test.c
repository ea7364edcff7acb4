/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/validate.h"

#include "arrow/array.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "arrow_samples.h"
#include "base/limits.h"

static char reason[1024]; /* The text of the last refusal. */

static stoa_status check_at(const struct sample *sample, int32_t level)
{
    stoa_error err = {0};
    stoa_status rc = stoa_arrow_check(sample->schema, sample->array, level, &err);

    memcpy(reason, err.text, sizeof(reason));
    CHECK(rc == STOA_OK || rc == STOA_ERR_INVALID);
    CHECK((rc == STOA_OK) == (reason[0] == '\0'));
    return rc;
}

static void check_bad(const struct sample *sample, const char *text)
{
    CHECK_INT(check_at(sample, STOA_CHECK_FULL), STOA_ERR_INVALID);
    CHECK_HAS(reason, text);
}

/* Only FULL sees it. */
static void check_bad_values(const struct sample *sample, const char *text)
{
    CHECK_INT(check_at(sample, STOA_CHECK_SHAPE), STOA_OK);
    check_bad(sample, text);
}

/* What was accepted may be read, all of it, and copied. */
static void walk(const struct sample *sample)
{
    struct stoa__arrow_type *type = NULL;
    struct stoa__buffer text = {0};
    stoa__arena arena = {0};
    struct ArrowArray copy;
    struct stoa__cell cell;

    CHECK_INT(stoa__arrow_type_parse(sample->schema, &arena, &type, NULL), STOA_OK);
    CHECK_INT(stoa__array_copy(type, sample->array, &copy, NULL), STOA_OK);
    CHECK_INT(stoa__arrow_validate(type, &copy, STOA_CHECK_FULL, NULL), STOA_OK);
    for (int64_t row = 0; row < sample->array->length; row++) {
        stoa__cell_at(type, sample->array, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &text, NULL), STOA_OK);
    }
    stoa__array_release(&copy);
    stoa__buffer_release(&text);
    stoa__arena_release(&arena);
}

static struct sample column(const char *format, struct ArrowArray *array)
{
    const struct sample sample = {format, make_table(make_schema(format, "c")),
                                  make_batch(array, 0, array->length)};

    return sample;
}

static struct ArrowArray *only(const struct sample *sample)
{
    return sample->array->children[0];
}

static void every_type_is_accepted(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);

        CHECK_INT(stoa_arrow_check(sample.schema, NULL, STOA_CHECK_FULL, NULL), STOA_OK);
        CHECK_INT(check_at(&sample, STOA_CHECK_SHAPE), STOA_OK);
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
        walk(&sample);
        sample_free(&sample);
    }
    CHECK_INT(make_alive, 0);
}

static void empty_arrays_need_no_buffers(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);
        struct ArrowArray *array = only(&sample);

        sample.array->length = 0;
        for (int64_t b = 0; b < array->n_buffers; b++)
            if (array->n_buffers < 4 || b < 2) /* Views keep their sizes. */
                array->buffers[b] = NULL;
        array->null_count = array->length = array->offset = sample.array->offset = 0;
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
        walk(&sample);
        sample_free(&sample);
    }
}

static void misuse_is_answered(void)
{
    struct sample sample = sample_make(0);
    stoa_error err;

    CHECK_INT(stoa_arrow_check(sample.schema, sample.array, 2, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "level 2");
    CHECK_INT(stoa_arrow_check(sample.schema, sample.array, -1, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_arrow_check(NULL, sample.array, 0, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_arrow_check(NULL, NULL, 0, NULL), STOA_ERR_INVALID);
    sample_free(&sample);
}

/* Everything but what buffers hold; sizes of buffers cannot be known, so no value here makes a
 * well-formed array that is merely longer than its buffers. */
static void try_numbers(const struct sample *sample, int64_t *field, const int64_t *values,
                        size_t count)
{
    const int64_t before = *field;

    for (size_t i = 0; i < count; i++) {
        *field = values[i];
        if (check_at(sample, STOA_CHECK_FULL) == STOA_OK)
            walk(sample);
    }
    *field = before;
}

#define TRY(sample, field, ...)                                                          \
    do {                                                                                 \
        const int64_t values[] = {__VA_ARGS__};                                          \
        try_numbers(sample, &(field), values, sizeof(values) / sizeof(values[0]));       \
    } while (0)

static void must_refuse(const struct sample *sample, const char *text)
{
    CHECK_INT(check_at(sample, STOA_CHECK_SHAPE), STOA_ERR_INVALID);
    CHECK_HAS(reason, text);
}

static void mutate_numbers(const struct sample *sample, struct ArrowArray *array)
{
    const int64_t n_buffers = array->n_buffers, n_children = array->n_children;
    const int64_t length = array->length, offset = array->offset;

    TRY(sample, array->length, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 41, 0, 1, length - 1,
        length - 2);
    TRY(sample, array->offset, -1, INT64_MIN, INT64_MAX, INT64_MAX - length,
        INT64_C(1) << 41, 0, offset - 1);
    TRY(sample, array->null_count, -1, -2, 0, 1, INT64_MIN, INT64_MAX, length, length + 1);
    TRY(sample, array->n_buffers, -1, 0, 1, 2, INT64_MIN, INT64_MAX,
        n_buffers > 3 ? 3 : n_buffers - 1);
    TRY(sample, array->n_children, -1, 0, 1, INT64_MIN, INT64_MAX, n_children + 1,
        n_children - 1);
    array->null_count = -2;
    must_refuse(sample, "null_count -2");
    array->null_count = -1;
    CHECK_INT(check_at(sample, STOA_CHECK_FULL), STOA_OK);
    array->null_count = 0;
    array->length = -1;
    must_refuse(sample, "length -1");
    array->length = length;
    array->offset = -1;
    must_refuse(sample, "offset -1");
    array->offset = offset;
}

static void mutate_pointers(const struct sample *sample, struct ArrowArray *array)
{
    void (*release)(struct ArrowArray *) = array->release;
    struct ArrowArray **children = array->children, *dictionary = array->dictionary;
    const void **buffers = array->buffers;

    array->release = NULL;
    must_refuse(sample, "is released");
    array->release = release;
    array->buffers = NULL;
    if (array->n_buffers > 0)
        must_refuse(sample, "list of buffers is NULL");
    array->buffers = buffers;
    array->children = NULL;
    if (array->n_children > 0)
        must_refuse(sample, "list of children is NULL");
    array->children = children;
    array->dictionary = dictionary ? NULL : array;
    must_refuse(sample, "dictionary");
    array->dictionary = dictionary;
    for (int64_t i = 0; i < array->n_children; i++) {
        struct ArrowArray *child = array->children[i];

        array->children[i] = NULL;
        must_refuse(sample, "the array is NULL");
        array->children[i] = child;
    }
    for (int64_t i = 0; i < array->n_buffers; i++) {
        const void *buffer = array->buffers[i];

        array->buffers[i] = NULL;
        if (check_at(sample, STOA_CHECK_FULL) == STOA_OK)
            walk(sample);
        array->buffers[i] = buffer;
    }
}

static void mutate_tree(const struct sample *sample, struct ArrowArray *array)
{
    const int64_t null_count = array->null_count;

    mutate_numbers(sample, array);
    array->null_count = null_count;
    mutate_pointers(sample, array);
    CHECK_INT(check_at(sample, STOA_CHECK_FULL), STOA_OK);
    for (int64_t i = 0; i < array->n_children; i++)
        mutate_tree(sample, array->children[i]);
    if (array->dictionary)
        mutate_tree(sample, array->dictionary);
}

static void hostile_fields_are_refused_or_harmless(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);

        mutate_tree(&sample, sample.array);
        sample_free(&sample);
    }
}

/* Bytes of buffer `index` that tell how large another buffer without a size is: an honest
 * producer cannot get them wrong. */
static bool tells_a_size(const struct stoa__arrow_type *type, int64_t index, int64_t at,
                         int64_t size)
{
    if (stoa__arrow_shape(type) == STOA__SHAPE_VIEW)
        return index > 3;
    return stoa__arrow_shape(type) == STOA__SHAPE_TEXT && index == 1 &&
           at >= size - 5 * stoa__arrow_offset_width(type->kind);
}

static void mutate_bytes(const struct sample *sample, const struct stoa__arrow_type *type,
                         struct ArrowArray *array)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x08};
    const struct make_array *own = array->private_data;

    for (int64_t b = 0; b < array->n_buffers; b++) {
        uint8_t *bytes = own->pieces[b];

        for (int64_t at = 0; bytes && at < own->sizes[b]; at++)
            for (size_t m = 0; m < sizeof(masks); m++) {
                if (tells_a_size(type, b, at, own->sizes[b]))
                    continue;
                bytes[at] ^= masks[m];
                if (check_at(sample, STOA_CHECK_FULL) == STOA_OK)
                    walk(sample);
                bytes[at] ^= masks[m];
            }
    }
    for (int32_t i = 0; i < type->child_count; i++)
        mutate_bytes(sample, &type->children[i], array->children[i]);
    if (type->dictionary)
        mutate_bytes(sample, type->dictionary, array->dictionary);
}

static void hostile_values_are_refused_or_harmless(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);
        struct stoa__arrow_type *type = NULL;
        stoa__arena arena = {0};

        CHECK_INT(stoa__arrow_type_parse(sample.schema, &arena, &type, NULL), STOA_OK);
        mutate_bytes(&sample, type, sample.array);
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
        stoa__arena_release(&arena);
        sample_free(&sample);
    }
}

static void children_cover_what_the_parent_uses(void)
{
    struct sample sample = sample_make(0);

    sample.array->offset = 2;
    check_bad(&sample, "column 'c': the array has 6 rows where 7 are needed");
    sample.array->offset = 0;
    sample.array->length = 7;
    check_bad(&sample, "column 'c': the array has 6 rows where 7 are needed");
    sample_free(&sample);
}

static void the_path_names_nested_columns(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 6); /* The map. */

    only(&sample)->children[0]->children[1]->length = 0;
    only(&sample)->children[0]->children[1]->null_count = 0;
    check_bad(&sample, "column 'c.entries.value': the array has 0 rows");
    sample_free(&sample);
    sample = sample_make(SAMPLE_PLAIN_COUNT + SAMPLE_NESTED_COUNT);
    only(&sample)->dictionary->offset = -7;
    check_bad(&sample, "column 'c.dictionary': length 6 at offset -7");
    sample_free(&sample);
}

static void a_null_array_may_have_one_buffer(void)
{
    struct sample sample = column("n", make_array(3, -1, 0, 1));

    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    only(&sample)->n_buffers = 2;
    check_bad(&sample, "2 buffers instead of 0");
    sample_free(&sample);
}

static void null_counts_are_claims(void)
{
    const uint8_t bits = 0x05; /* Row 1 is NULL. */
    struct sample sample = column("c", make_array(3, 3, 0, 2));

    make_buffer(only(&sample), 1, "abc", 3);
    check_bad(&sample, "null_count is 3 but there is no validity buffer");
    make_buffer(only(&sample), 0, &bits, 1);
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK); /* Wrong, but never trusted. */
    only(&sample)->null_count = 0;
    check_bad_values(&sample, "column 'c': null_count is 0 but row 1 is NULL");
    sample_free(&sample);
}

static void a_far_null_is_found(void)
{
    struct sample sample = column("c", make_array(300, 0, 5, 2));
    uint8_t *bits = make_buffer(only(&sample), 0, NULL, 39);

    make_buffer(only(&sample), 1, NULL, 305);
    memset(bits, 0xff, 39);
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    bits[37] = 0xbf; /* Bit 302, row 297. */
    check_bad_values(&sample, "row 297 is NULL");
    sample_free(&sample);
}

static void absurd_sizes_do_not_overflow(void)
{
    struct sample sample = column("w:2147483647", make_array(1 << 20, 0, 0, 2));

    make_buffer(only(&sample), 1, NULL, 1);
    check_bad(&sample, "1048576 values of 2147483647 bytes are more than a buffer");
    sample_free(&sample);
    sample.schema = make_table(make_schema_child(make_schema("+w:2147483647", "c"),
                                                 make_schema("n", "item")));
    sample.array = make_batch(make_child(make_array(1 << 20, 0, 0, 1),
                                         make_array(1 << 20, 0, 0, 0)),
                              0, 1 << 20);
    check_bad(&sample, "1048576 lists of 2147483647 items are more than an array can hold");
    sample_free(&sample);
}

/* Three texts "ab" "" "cde" with these offsets. */
static struct sample texts(const char *format, const int32_t offsets[4])
{
    struct sample sample = column(format, make_array(3, 0, 0, 3));

    make_buffer(only(&sample), 1, offsets, 16);
    make_buffer(only(&sample), 2, "abcde", 5);
    return sample;
}

static void offsets_are_checked_at_the_ends_and_then_between(void)
{
    const int32_t good[] = {0, 2, 2, 5}, negative[] = {-1, 2, 2, 5};
    const int32_t backwards[] = {3, 3, 3, 2}, inside[] = {0, 4, 2, 5};
    struct sample sample = texts("u", good);

    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    only(&sample)->buffers[2] = NULL;
    check_bad(&sample, "data buffer is NULL but the offsets go to 5");
    only(&sample)->buffers[1] = NULL;
    check_bad(&sample, "offsets buffer is NULL");
    sample_free(&sample);
    sample = texts("u", negative);
    check_bad(&sample, "offsets go from -1 to 5");
    sample_free(&sample);
    sample = texts("z", backwards);
    check_bad(&sample, "offsets go from 3 to 2");
    sample_free(&sample);
    sample = texts("z", inside);
    check_bad_values(&sample, "row 1 ends at offset 2, before its start at 4");
    sample_free(&sample);
}

static void texts_without_bytes_need_no_data(void)
{
    const int32_t zero[] = {0, 0, 0, 0}, five[] = {5, 5, 5, 5};
    struct sample sample = texts("u", zero);

    only(&sample)->buffers[2] = NULL;
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    walk(&sample);
    sample_free(&sample);
    sample = texts("u", five);
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    only(&sample)->buffers[2] = NULL; /* Nobody may add 5 to NULL. */
    check_bad(&sample, "data buffer is NULL");
    sample_free(&sample);
}

static void offsets_of_64_bits_are_bounded(void)
{
    const int64_t huge[] = {0, INT64_MAX};
    struct sample sample = column("U", make_array(1, 0, 0, 3));

    make_buffer(only(&sample), 1, huge, 16);
    make_buffer(only(&sample), 2, "", 0);
    check_bad(&sample, "offsets go from 0 to 9223372036854775807");
    sample_free(&sample);
    sample.schema = make_table(sample_schema1("+L", "n"));
    sample.array = make_batch(make_child(make_array(1, 0, 0, 2), make_array(1, 0, 0, 0)), 0,
                              1);
    make_buffer(only(&sample), 1, huge, 16);
    check_bad(&sample, "offsets go from 0 to");
    sample_free(&sample);
}

static void text_must_be_utf8_where_it_is_not_null(void)
{
    const int32_t offsets[] = {0, 2, 2, 5};
    const uint8_t all_but_last = 0x03;
    struct sample sample = texts("u", offsets);

    make_buffer(only(&sample), 2, "ab\xffgh", 5);
    check_bad_values(&sample, "column 'c': row 2 is not valid UTF-8 at byte 0");
    make_buffer(only(&sample), 0, &all_but_last, 1);
    only(&sample)->null_count = 1;
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    sample_free(&sample);
    sample = texts("u", offsets);
    make_buffer(only(&sample), 2, "a\xc3\xa9hi", 5); /* Valid, but cut between rows. */
    check_bad_values(&sample, "row 0 is not valid UTF-8 at byte 1");
    sample_free(&sample);
    sample = texts("z", offsets);
    make_buffer(only(&sample), 2, "ab\xffgh", 5);
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    sample_free(&sample);
}

static void check_bad_view(int32_t size, int32_t buffer, int32_t offset, const char *text)
{
    const int32_t view[] = {size, 0, buffer, offset};
    const int64_t sizes = 20;
    struct sample sample = column("vz", make_array(1, 0, 0, 4));

    make_buffer(only(&sample), 1, view, 16);
    make_buffer(only(&sample), 2, NULL, 20);
    make_buffer(only(&sample), 3, &sizes, 8);
    if (text)
        check_bad_values(&sample, text);
    else
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    sample_free(&sample);
}

static void views_stay_in_their_buffers(void)
{
    check_bad_view(20, 0, 0, NULL);
    check_bad_view(13, 0, 7, NULL);
    check_bad_view(12, 99, -99, NULL); /* Inline: these are its bytes. */
    check_bad_view(-1, 0, 0, "row 0 has the negative size -1");
    check_bad_view(INT32_MIN, 0, 0, "negative size");
    check_bad_view(13, 1, 0, "row 0 lies in data buffer 1 of 1");
    check_bad_view(13, -1, 0, "row 0 lies in data buffer -1 of 1");
    check_bad_view(13, 0, 8, "row 0 has 13 bytes at 8, outside data buffer 0");
    check_bad_view(13, 0, -1, "13 bytes at -1");
    check_bad_view(INT32_MAX, 0, INT32_MAX, "outside data buffer 0");
}

static void view_buffers_must_be_there(void)
{
    struct sample sample = sample_make(6);
    const int64_t bad[] = {-1, 10}, huge[] = {0, INT64_MAX};
    const void *kept = only(&sample)->buffers[3];

    only(&sample)->buffers[3] = NULL;
    check_bad(&sample, "data buffer 1 is NULL");
    only(&sample)->buffers[3] = kept;
    make_buffer(only(&sample), 4, bad, 16);
    check_bad(&sample, "data buffer 0 has an impossible size -1");
    make_buffer(only(&sample), 4, huge, 16);
    check_bad(&sample, "data buffer 1 has an impossible size 9223372036854775807");
    only(&sample)->buffers[4] = NULL;
    check_bad(&sample, "sizes of the data buffers is NULL");
    only(&sample)->n_buffers = 2;
    check_bad(&sample, "2 buffers instead of 3");
    only(&sample)->n_buffers = 4 + STOA__ARROW_VIEW_BUFFER_COUNT_MAX;
    check_bad(&sample, "1048580 buffers instead of 3");
    sample_free(&sample);
}

static void view_text_must_be_utf8(void)
{
    struct sample sample = sample_make(6);
    uint8_t *views = ((struct make_array *)only(&sample)->private_data)->pieces[1];
    uint8_t *data = ((struct make_array *)only(&sample)->private_data)->pieces[2];

    data[2] ^= 0x80;
    check_bad_values(&sample, "row 2 is not valid UTF-8 at byte 2");
    data[2] ^= 0x80;
    views[5 * 16 + 5] ^= 0x80; /* "two e": inline. */
    check_bad_values(&sample, "row 1 is not valid UTF-8 at byte 1");
    sample_free(&sample);
}

static void list_children_are_long_enough(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT);

    only(&sample)->children[0]->length = 5;
    check_bad(&sample, "column 'c.item': the array has 5 rows where 6 are needed");
    sample_free(&sample);
    sample = sample_make(SAMPLE_PLAIN_COUNT + 4);
    only(&sample)->children[0]->length = 17;
    check_bad(&sample, "column 'c.item': the array has 17 rows where 18 are needed");
    sample_free(&sample);
}

static void list_views_stay_in_their_child(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 2);
    int32_t *offsets = ((struct make_array *)only(&sample)->private_data)->pieces[1];
    int32_t *sizes = ((struct make_array *)only(&sample)->private_data)->pieces[2];

    offsets[4] = INT32_MAX; /* NULL. */
    sizes[4] = -1;
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    walk(&sample);
    sizes[5] = 6;
    check_bad_values(&sample, "row 1 has 6 items at 2, outside a child of 6 rows");
    sizes[5] = INT32_MAX;
    check_bad_values(&sample, "row 1 has 2147483647 items");
    sizes[5] = -1;
    check_bad_values(&sample, "row 1 has -1 items");
    sizes[5] = 0;
    offsets[5] = -1;
    check_bad_values(&sample, "0 items at -1");
    offsets[5] = 7;
    check_bad_values(&sample, "0 items at 7");
    sample_free(&sample);
}

static void unions_know_their_ids(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 7);
    int8_t *ids = ((struct make_array *)only(&sample)->private_data)->pieces[0];
    int32_t *offsets = ((struct make_array *)only(&sample)->private_data)->pieces[1];

    ids[4] = 1;
    check_bad_values(&sample, "row 0 has the unknown type id 1");
    ids[4] = -128;
    check_bad_values(&sample, "row 0 has the unknown type id -128");
    ids[4] = 7;
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    offsets[6] = -1;
    check_bad_values(&sample, "row 2 is row -1 of a child of 10 rows");
    offsets[6] = 10;
    check_bad_values(&sample, "row 2 is row 10 of a child of 10 rows");
    sample_free(&sample);
    sample = sample_make(SAMPLE_PLAIN_COUNT + 8);
    only(&sample)->children[1]->length = 8;
    check_bad(&sample, "column 'c.b': the array has 8 rows where 9 are needed");
    sample_free(&sample);
}

static void dictionary_indices_are_in_range_where_valid(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + SAMPLE_NESTED_COUNT);
    int8_t *indices = ((struct make_array *)only(&sample)->private_data)->pieces[1];

    indices[6] = 6;
    check_bad_values(&sample, "row 2 has index 6 into a dictionary of 6 rows");
    indices[6] = -1;
    check_bad_values(&sample, "row 2 has index -1 into a dictionary of 6 rows");
    sample_free(&sample);
    sample = sample_make(SAMPLE_PLAIN_COUNT + SAMPLE_NESTED_COUNT + 7);
    indices = ((struct make_array *)only(&sample)->private_data)->pieces[1];
    memset(indices + 8 * 8, 0xff, 8);
    check_bad_values(&sample, "row 4 has index 18446744073709551615 into");
    sample_free(&sample);
}

static void run_ends_rise_and_reach_the_last_row(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 10);
    struct ArrowArray *ends = only(&sample)->children[0];
    int32_t *values = ((struct make_array *)ends->private_data)->pieces[1];
    const uint8_t no_bits = 0;

    values[3] = 4;
    check_bad_values(&sample, "run 2 ends at 4, not behind 4");
    values[3] = 5;
    values[1] = 0;
    check_bad(&sample, "run ends go from 0 to 11");
    values[1] = 2;
    values[5] = 8;
    check_bad(&sample, "run ends go from 2 to 8 where row 9 is used");
    values[5] = 9;
    check_bad_values(&sample, "run 4 ends at 9, not behind 9");
    values[5] = 11;
    make_buffer(ends, 0, &no_bits, 1);
    ends->null_count = -1;
    check_bad_values(&sample, "the end of run 0 is NULL");
    ends->null_count = 1;
    check_bad(&sample, "NULLs among the run ends");
    ends->null_count = 0;
    ends->buffers[0] = NULL;
    only(&sample)->children[1]->length = 4;
    check_bad(&sample, "column 'c.b': the array has 4 rows where 5 are needed");
    ends->length = 0;
    check_bad(&sample, "5 rows but no runs");
    sample_free(&sample);
}

static void map_entries_and_keys_are_never_null(void)
{
    const uint8_t bits[2] = {0xff, 0x00};
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 6);
    struct ArrowArray *keys = only(&sample)->children[0]->children[0];

    make_buffer(keys, 0, bits, 2);
    keys->null_count = -1;
    check_bad_values(&sample, "column 'c': the key of entry");
    make_buffer(only(&sample)->children[0], 0, bits + 1, 1);
    only(&sample)->children[0]->null_count = -1;
    check_bad_values(&sample, "column 'c': entry 0 is NULL");
    sample_free(&sample);
}

static void check_decimal(const char *format, const void *bytes, int64_t width, bool good)
{
    struct sample sample = column(format, make_array(1, 0, 0, 2));

    make_buffer(only(&sample), 1, bytes, width);
    if (good)
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    else
        check_bad_values(&sample, "row 0 has more than");
    sample_free(&sample);
}

static void decimals_fit_their_precision(void)
{
    const int32_t edge32[] = {99999, 100000, -99999, -100000, INT32_MIN};
    const int64_t edge64[] = {999999999999999999, 1000000000000000000, INT64_MIN};
    uint8_t wide[32];

    for (int i = 0; i < 5; i++)
        check_decimal("d:5,2,32", &edge32[i], 4, i == 0 || i == 2);
    for (int i = 0; i < 3; i++)
        check_decimal("d:18,2,64", &edge64[i], 8, i == 0);
    memset(wide, 0xff, sizeof(wide)); /* -1 */
    check_decimal("d:1,0", wide, 16, true);
    check_decimal("d:1,0,256", wide, 32, true);
    wide[0] = 0xf6; /* -10 */
    check_decimal("d:1,0", wide, 16, false);
    check_decimal("d:2,0,256", wide, 32, true);
    wide[15] = wide[31] = 0x7f; /* The largest there is. */
    check_decimal("d:38,0", wide, 16, false);
    check_decimal("d:76,0,256", wide, 32, false);
    memset(wide, 0, sizeof(wide));
    wide[15] = wide[31] = 0x80; /* The least, which has no positive. */
    check_decimal("d:38,0", wide, 16, false);
    check_decimal("d:76,0,256", wide, 32, false);
    memcpy(wide, "\x00\x00\x00\x00\x40\x22\x8a\x09\x7a\xc4\x86\x5a\xa8\x4c\x3b\x4b", 16);
    check_decimal("d:38,0", wide, 16, false); /* 10^38 */
    memcpy(wide, "\xff\xff\xff\xff\x3f\x22\x8a\x09\x7a\xc4\x86\x5a\xa8\x4c\x3b\x4b", 16);
    check_decimal("d:38,0", wide, 16, true); /* 10^38 - 1 */
}

static void check_time(const char *format, int64_t value, bool good)
{
    struct sample sample = column(format, make_array(1, 0, 0, 2));

    make_buffer(only(&sample), 1, &value, format[2] == 's' || format[2] == 'm' ? 4 : 8);
    if (good)
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    else
        check_bad_values(&sample, "which is not a time of day");
    sample_free(&sample);
}

static void times_are_within_a_day(void)
{
    static const char *const formats[] = {"tts", "ttm", "ttu", "ttn"};
    int64_t day = 86400;

    for (int i = 0; i < 4; i++, day *= 1000) {
        check_time(formats[i], 0, true);
        check_time(formats[i], day - 1, true);
        check_time(formats[i], day, false);
        check_time(formats[i], -1, false);
    }
}

static void null_rows_may_hold_anything(void)
{
    const uint8_t none = 0;
    const int64_t noise = -1;
    struct sample sample = column("ttn", make_array(1, 1, 0, 2));

    make_buffer(only(&sample), 0, &none, 1);
    make_buffer(only(&sample), 1, &noise, 8);
    CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
    sample_free(&sample);
}

/* Buffers need not be aligned; UBSan would tell. */
static void buffers_at_odd_addresses_are_read(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);
        struct ArrowArray *array = only(&sample);
        const struct make_array *own = array->private_data;
        void *odd[8] = {NULL};

        for (int64_t b = 0; b < array->n_buffers; b++) {
            if (!array->buffers[b])
                continue;
            odd[b] = malloc((size_t)own->sizes[b] + 1);
            memcpy((char *)odd[b] + 1, array->buffers[b], (size_t)own->sizes[b]);
            array->buffers[b] = (char *)odd[b] + 1;
        }
        CHECK_INT(check_at(&sample, STOA_CHECK_FULL), STOA_OK);
        walk(&sample);
        for (int b = 0; b < 8; b++)
            free(odd[b]);
        sample_free(&sample);
    }
}

TEST_MAIN({"every type is accepted", every_type_is_accepted},
          {"empty arrays need no buffers", empty_arrays_need_no_buffers},
          {"misuse is answered", misuse_is_answered},
          {"hostile fields are refused or harmless", hostile_fields_are_refused_or_harmless},
          {"hostile values are refused or harmless", hostile_values_are_refused_or_harmless},
          {"children cover what the parent uses", children_cover_what_the_parent_uses},
          {"the path names nested columns", the_path_names_nested_columns},
          {"a null array may have one buffer", a_null_array_may_have_one_buffer},
          {"null counts are claims", null_counts_are_claims},
          {"a far NULL is found", a_far_null_is_found},
          {"absurd sizes do not overflow", absurd_sizes_do_not_overflow},
          {"offsets are checked at the ends and then between",
           offsets_are_checked_at_the_ends_and_then_between},
          {"texts without bytes need no data", texts_without_bytes_need_no_data},
          {"offsets of 64 bits are bounded", offsets_of_64_bits_are_bounded},
          {"text must be UTF-8 where it is not NULL", text_must_be_utf8_where_it_is_not_null},
          {"views stay in their buffers", views_stay_in_their_buffers},
          {"view buffers must be there", view_buffers_must_be_there},
          {"view text must be UTF-8", view_text_must_be_utf8},
          {"list children are long enough", list_children_are_long_enough},
          {"list views stay in their child", list_views_stay_in_their_child},
          {"unions know their ids", unions_know_their_ids},
          {"dictionary indices are in range where valid",
           dictionary_indices_are_in_range_where_valid},
          {"run ends rise and reach the last row", run_ends_rise_and_reach_the_last_row},
          {"map entries and keys are never NULL", map_entries_and_keys_are_never_null},
          {"decimals fit their precision", decimals_fit_their_precision},
          {"times are within a day", times_are_within_a_day},
          {"NULL rows may hold anything", null_rows_may_hold_anything},
          {"buffers at odd addresses are read", buffers_at_odd_addresses_are_read})
