/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/builder.h"

#include "arrow/cell.h"
#include "arrow/shape.h"
#include "arrow/validate.h"
#include "arrow_random.h"
#include "base/mem.h"
#include "test.h"

static const struct stoa__arrow_type *simple(stoa__arena *arena, const char *format)
{
    struct stoa__arrow_type *type = NULL;
    stoa_error err;

    CHECK_INT(stoa__arrow_type_simple(format, "x", true, arena, &type, &err), STOA_OK);
    return type;
}

static const struct stoa__arrow_type *parse(stoa__arena *arena,
                                            struct ArrowSchema *schema)
{
    struct stoa__arrow_type *type = NULL;
    stoa_error err = {0};

    if (stoa__arrow_type_parse(schema, arena, &type, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    schema->release(schema);
    return type;
}

static void check_valid(const struct stoa__arrow_type *type,
                        const struct ArrowArray *array)
{
    stoa_error err = {0};

    if (stoa__arrow_validate(type, array, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
}

static void a_hot_writer_fills_buffers_directly(void)
{
    struct stoa__builder builder;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct stoa__column *numbers, *flags, *texts;

    arrow_random_node(&schema, "+s", "", false, 3);
    arrow_random_node(schema.children[0], "l", "n", true, 0);
    arrow_random_node(schema.children[1], "b", "b", true, 0);
    arrow_random_node(schema.children[2], "u", "t", true, 0);
    type = parse(&arena, &schema);
    CHECK_INT(stoa__builder_init(&builder, type, 100, NULL), STOA_OK);
    numbers = &builder.root.children[0];
    flags = &builder.root.children[1];
    texts = &builder.root.children[2];
    CHECK(numbers->capacity >= 100 && flags->capacity >= 100 && texts->capacity >= 100);
    for (int64_t row = 0; row < 100; row++) {
        if (row % 10 == 3)
            CHECK_INT(stoa__column_mark_null(numbers, NULL), STOA_OK);
        else
            ((int64_t *)(void *)numbers->data)[row] = row;
        numbers->length++;
        if (row % 2)
            stoa__bit_set(flags->data, row);
        flags->length++;
        CHECK_INT(stoa__column_reserve_bytes(texts, 3, NULL), STOA_OK);
        memcpy(texts->data + texts->data_size, "abc", 3);
        texts->data_size += 3;
        ((int32_t *)texts->offsets)[row + 1] = (int32_t)texts->data_size;
        texts->length++;
    }
    builder.root.length = 100;
    CHECK_INT(stoa__builder_finish(&builder, 50, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.children[0]->null_count, 10);
    CHECK(array.children[1]->buffers[0] == NULL); /* No NULL, no bitmap. */
    CHECK_INT(((const int64_t *)array.children[0]->buffers[1])[3], 0);
    CHECK_INT(((const int64_t *)array.children[0]->buffers[1])[99], 99);
    for (int i = 0; i < 3; i++)
        CHECK_INT((uintptr_t)array.children[i]->buffers[1] % 64, 0);
    CHECK_INT(builder.root.length, 0);
    CHECK(numbers->capacity >= 50 && numbers->validity == NULL);
    CHECK(texts->data_capacity >= 300); /* As much text as the last batch had. */
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void a_builder_makes_batch_after_batch(void)
{
    struct arrow_random random;
    struct stoa__builder builder;
    struct ArrowSchema schema;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    struct ArrowArray first, second;

    for (uint64_t seed = 1; seed <= 30; seed++) {
        arrow_random_seed(&random, seed);
        arrow_random_schema(&random, 3, 3, &schema);
        type = parse(&arena, &schema);
        CHECK_INT(stoa__builder_init(&builder, type, 10, NULL), STOA_OK);
        for (int turn = 0; turn < 2; turn++) {
            arrow_random_seed(&random, seed);
            for (int row = 0; row < 30; row++)
                arrow_random_append(&random, &builder.root);
            CHECK_INT(stoa__builder_finish(&builder, turn ? 0 : 7,
                                           turn ? &second : &first, NULL),
                      STOA_OK);
        }
        check_valid(type, &first);
        check_valid(type, &second);
        CHECK(arrow_random_same(type, &first, type, &second));
        first.release(&first);
        second.release(&second);
        CHECK_INT(stoa__builder_finish(&builder, 0, &first, NULL), STOA_OK);
        check_valid(type, &first);
        CHECK_INT(first.length, 0);
        first.release(&first);
        stoa__builder_release(&builder);
        stoa__arena_release(&arena);
    }
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void rows_are_taken_back_as_if_never_written(void)
{
    struct arrow_random random;
    struct stoa__builder builder;
    struct ArrowSchema schema;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    struct ArrowArray made[2];

    for (uint64_t seed = 1; seed <= 60; seed++) {
        arrow_random_seed(&random, seed);
        arrow_random_schema(&random, 3, 3, &schema);
        type = parse(&arena, &schema);
        for (int turn = 0; turn < 2; turn++) {
            CHECK_INT(stoa__builder_init(&builder, type, 0, NULL), STOA_OK);
            arrow_random_seed(&random, seed);
            for (int row = 0; row < 20; row++)
                arrow_random_append(&random, &builder.root);
            if (turn == 1) { /* Whole rows, and one that only its first columns have. */
                for (int row = 0; row < 7; row++)
                    arrow_random_append(&random, &builder.root);
                arrow_random_append(&random, &builder.root.children[0]);
                arrow_random_append(&random, &builder.root.children[1]);
                stoa__column_truncate(&builder.root, 20);
            }
            arrow_random_seed(&random, seed + 1000);
            for (int row = 0; row < 20; row++)
                arrow_random_append(&random, &builder.root);
            CHECK_INT(stoa__builder_finish(&builder, 0, &made[turn], NULL), STOA_OK);
            check_valid(type, &made[turn]);
            stoa__builder_release(&builder);
        }
        CHECK(arrow_random_same(type, &made[0], type, &made[1]));
        made[0].release(&made[0]);
        made[1].release(&made[1]);
        stoa__arena_release(&arena);
    }
}

static void text_beyond_its_offsets_is_full(void)
{
    struct stoa__builder builder;
    stoa__arena arena = {0};
    stoa_error err;

    CHECK_INT(stoa__builder_init(&builder, simple(&arena, "u"), 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_bytes(&builder.root, "abc", 3, NULL), STOA_OK);
    CHECK_INT(stoa__column_reserve_bytes(&builder.root, INT32_MAX - 2, &err),
              STOA_ERR_FULL);
    CHECK_HAS(err.text,
              "column 'x' holds 3 bytes of text and cannot take 2147483645 more");
    CHECK_INT(stoa__column_append_bytes(&builder.root, "d", INT64_C(1) << 33, &err),
              STOA_ERR_FULL);
    CHECK_INT(builder.root.length, 1);
    CHECK_INT(builder.root.data_size, 3);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void lists_beyond_their_offsets_are_full(void)
{
    struct stoa__builder builder;
    struct ArrowSchema schema;
    stoa__arena arena = {0};
    stoa_error err;

    arrow_random_node(&schema, "+l", "x", true, 1);
    arrow_random_node(schema.children[0], "n", "item", true, 0);
    CHECK_INT(stoa__builder_init(&builder, parse(&arena, &schema), 1, NULL), STOA_OK);
    builder.root.children->length = INT64_C(1)
                                    << 31; /* NULLs of no type take no memory. */
    CHECK_INT(stoa__column_end_list(&builder.root, &err), STOA_ERR_FULL);
    CHECK_HAS(err.text, "2147483648 items");
    builder.root.children->length--;
    CHECK_INT(stoa__column_end_list(&builder.root, &err), STOA_OK);
    builder.root.children->length = 0;
    CHECK_INT(stoa__column_end_list(&builder.root, &err), STOA_ERR_INVALID);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

/* A dictionary column of text with indices of `format`. */
static const struct stoa__arrow_type *dictionary(stoa__arena *arena, const char *format)
{
    struct ArrowSchema schema;

    arrow_random_node(&schema, format, "x", true, 0);
    CHECK((schema.dictionary = calloc(1, sizeof(schema))) != NULL);
    arrow_random_node(schema.dictionary, "u", "", true, 0);
    return parse(arena, &schema);
}

static void append_numbered(struct stoa__column *column, int number)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "value %d", number);

    CHECK_INT(stoa__column_append_bytes(column, text, size, NULL), STOA_OK);
}

static void a_dictionary_has_each_value_once(void)
{
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type = dictionary(&arena, "s");
    struct stoa__builder builder;
    struct ArrowArray array;
    struct stoa__cell cell;
    const uint8_t *bytes;
    int64_t size;

    CHECK_INT(stoa__builder_init(&builder, type, 10, NULL), STOA_OK);
    CHECK(stoa__column_target(&builder.root) != &builder.root);
    for (int i = 0; i < 1000; i++) {
        append_numbered(&builder.root, i % 100);
        if (i % 10 == 0)
            CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
    }
    CHECK_INT(stoa__column_length(&builder.root), 1100);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.length, 1100);
    CHECK_INT(array.null_count, 100);
    CHECK_INT(array.dictionary->length, 100);
    stoa__cell_at(type, &array, 1099, &cell);
    bytes = stoa__cell_bytes(&cell, &size);
    CHECK_INT(size, 8);
    CHECK(memcmp(bytes, "value 99", 8) == 0);
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void a_dictionary_beyond_its_index_is_full(void)
{
    static const struct {
        const char *format;
        int count;
    } cases[] = {{"c", 128}, {"C", 256}};

    for (int i = 0; i < 4; i++) {
        stoa__arena arena = {0};
        const struct stoa__arrow_type *type = dictionary(&arena, cases[i / 2].format);
        struct stoa__builder builder;
        struct ArrowArray array;
        stoa_error err;
        CHECK_INT(stoa__builder_init(&builder, type, 10, NULL), STOA_OK);
        for (int k = 0; k < cases[i / 2].count + i % 2; k++)
            append_numbered(&builder.root, k);
        if (i % 2) {
            CHECK_INT(stoa__builder_finish(&builder, 5, &array, &err), STOA_ERR_FULL);
            CHECK_HAS(err.text, "column 'x' has more than ");
            CHECK(array.release == NULL);
            CHECK_INT(stoa__column_length(&builder.root), 0);
            append_numbered(&builder.root, 1);
        }
        CHECK_INT(stoa__builder_finish(&builder, 0, &array, &err), STOA_OK);
        check_valid(type, &array);
        array.release(&array);
        stoa__builder_release(&builder);
        stoa__arena_release(&arena);
    }
}

static void runs_are_as_long_as_they_can_be(void)
{
    struct ArrowSchema schema;
    struct stoa__builder builder;
    struct ArrowArray array;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    stoa_error err;

    arrow_random_node(&schema, "+r", "x", true, 2);
    arrow_random_node(schema.children[0], "s", "run_ends", false, 0);
    arrow_random_node(schema.children[1], "l", "values", true, 0);
    type = parse(&arena, &schema);
    CHECK_INT(stoa__builder_init(&builder, type, 10, NULL), STOA_OK);
    for (int row = 0; row < 100; row++)
        if (row / 10 == 4)
            CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
        else
            CHECK_INT(stoa__column_append_int64(&builder.root, row / 30, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.length, 100);
    CHECK_INT(array.children[0]->length, 6);
    CHECK_INT(((const int16_t *)array.children[0]->buffers[1])[1], 40);
    array.release(&array);
    for (int row = 0; row < 32768; row++)
        CHECK_INT(stoa__column_append_int64(&builder.root, 7, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, &err), STOA_ERR_FULL);
    CHECK_HAS(err.text, "its run ends count to 32767");
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void views_keep_short_text_in_themselves(void)
{
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type = simple(&arena, "vu");
    struct stoa__builder builder;
    struct ArrowArray array;

    CHECK_INT(stoa__builder_init(&builder, type, 10, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_bytes(&builder.root, "twelve bytes", 12, NULL),
              STOA_OK);
    CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 10, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.n_buffers, 3);
    array.release(&array);
    CHECK_INT(stoa__column_append_bytes(&builder.root, "thirteen byte", 13, NULL),
              STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.n_buffers, 4);
    CHECK_INT(*(const int64_t *)array.buffers[3], 13);
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void null_rows_are_zeros(void)
{
    stoa__arena arena = {0};
    struct stoa__builder builder;
    struct ArrowArray array;
    int64_t value = -1;

    CHECK_INT(stoa__builder_init(&builder, simple(&arena, "l"), 0, NULL), STOA_OK);
    for (int row = 0; row < 100; row++) {
        CHECK_INT(stoa__column_append_fixed(&builder.root, &value, NULL), STOA_OK);
        stoa__column_truncate(&builder.root, row);
        CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
    }
    CHECK_INT(builder.root.null_count, 100);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    for (int row = 0; row < 100; row++)
        CHECK_INT(((const int64_t *)array.buffers[1])[row], 0);
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void columns_must_end_together(void)
{
    struct ArrowSchema schema;
    struct stoa__builder builder;
    struct ArrowArray array;
    stoa__arena arena = {0};
    stoa_error err;

    arrow_random_node(&schema, "+s", "", false, 2);
    arrow_random_node(schema.children[0], "l", "a", true, 0);
    arrow_random_node(schema.children[1], "l", "b", true, 0);
    CHECK_INT(stoa__builder_init(&builder, parse(&arena, &schema), 2, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_int64(&builder.root.children[0], 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_end_struct(&builder.root, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "field 'b' of '' has 0 values where row 0 ends");
    builder.root.length = 1;
    CHECK_INT(stoa__builder_finish(&builder, 2, &array, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "column 'b' has 0 values where '' needs 1");
    CHECK(array.release == NULL);
    CHECK_INT(stoa__column_length(&builder.root.children[0]), 0);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void values_of_other_kinds_are_refused(void)
{
    stoa__arena arena = {0};
    struct stoa__builder builder;
    stoa_error err;
    char bytes[16] = {0};

    CHECK_INT(stoa__builder_init(&builder, simple(&arena, "c"), 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_int64(&builder.root, 128, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "column 'x': 128 does not fit int8");
    CHECK_INT(stoa__column_append_int64(&builder.root, -129, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_append_float64(&builder.root, 1, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "column 'x' of type int8 does not take floats");
    CHECK_INT(stoa__column_append_bytes(&builder.root, "", 0, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_end_list(&builder.root, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_end_struct(&builder.root, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_end_union(&builder.root, 0, &err), STOA_ERR_TYPE);
    stoa__builder_release(&builder);
    CHECK_INT(stoa__builder_init(&builder, simple(&arena, "u"), 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_int64(&builder.root, 1, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_append_fixed(&builder.root, bytes, &err), STOA_ERR_TYPE);
    CHECK_INT(builder.root.length, 0);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static void unions_take_one_value_a_row(void)
{
    static const char *const formats[] = {"+ud:3,9", "+us:3,9"};

    for (int i = 0; i < 2; i++) {
        struct ArrowSchema schema;
        struct stoa__builder builder;
        struct ArrowArray array;
        stoa__arena arena = {0};
        const struct stoa__arrow_type *type;
        stoa_error err;
        arrow_random_node(&schema, formats[i], "x", true, 2);
        arrow_random_node(schema.children[0], "l", "a", false, 0);
        arrow_random_node(schema.children[1], "u", "b", true, 0);
        type = parse(&arena, &schema);
        CHECK_INT(stoa__builder_init(&builder, type, 2, NULL), STOA_OK);
        CHECK_INT(stoa__column_end_union(&builder.root, 3, &err), STOA_ERR_INVALID);
        CHECK_HAS(err.text, "row 0 ends without one value of type id 3");
        CHECK_INT(stoa__column_end_union(&builder.root, 4, &err), STOA_ERR_TYPE);
        CHECK_HAS(err.text, "column 'x' has no type id 4");
        CHECK_INT(stoa__column_append_int64(&builder.root.children[0], 7, NULL), STOA_OK);
        CHECK_INT(stoa__column_end_union(&builder.root, 9, &err), STOA_ERR_INVALID);
        CHECK_INT(stoa__column_end_union(&builder.root, 3, &err), STOA_OK);
        CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
        CHECK_INT(stoa__column_append_zero(&builder.root, NULL), STOA_OK);
        CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
        check_valid(type, &array);
        CHECK_INT(((const int8_t *)array.buffers[0])[1],
                  9); /* The child that may be NULL. */
        CHECK_INT(array.children[1]->length, i ? 3 : 1);
        array.release(&array);
        stoa__builder_release(&builder);
        stoa__arena_release(&arena);
    }
}

static void a_union_that_cannot_be_null_is_zero_under_a_null(void)
{
    struct ArrowSchema schema;
    struct stoa__builder builder;
    struct ArrowArray array;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    stoa_error err;

    arrow_random_node(&schema, "+s", "s", true, 1);
    arrow_random_node(schema.children[0], "+ud:4", "u", true, 1);
    arrow_random_node(schema.children[0]->children[0], "l", "a", false, 0);
    type = parse(&arena, &schema);
    CHECK_INT(stoa__builder_init(&builder, type, 0, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_null(&builder.root.children[0], &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "column 'u' is a union of which no type is nullable");
    CHECK_INT(stoa__column_append_json(&builder.root, "{}", 2, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__column_append_null(&builder.root, &err), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    check_valid(type, &array);
    CHECK_INT(array.null_count, 1);
    CHECK_INT(array.children[0]->children[0]->null_count, 0);
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

static stoa_status build(const struct stoa__arrow_type *type, struct ArrowArray *out)
{
    static const char row[] =
        "{\"a\":{\"t\":1,\"v\":[[\"k\",\"a text of some length\"]]},\"b\":\"one\","
        "\"c\":[1,2,3],\"d\":\"another text of some length\",\"e\":5}";
    struct stoa__builder builder;
    stoa_status rc = stoa__builder_init(&builder, type, 1, NULL);

    for (int i = 0; rc == STOA_OK && i < 3; i++)
        rc = stoa__column_append_json(&builder.root, row, sizeof(row) - 1, NULL);
    if (rc == STOA_OK)
        rc = stoa__column_append_null(&builder.root, NULL);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 2, out, NULL);
    stoa__builder_release(&builder);
    return rc;
}

static void building_survives_every_allocation_failure(void)
{
    struct ArrowSchema schema, *map;
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type;
    int64_t bytes;

    arrow_random_node(&schema, "+s", "", true, 5);
    arrow_random_node(schema.children[0], "+us:1", "a", true, 1);
    map = schema.children[0]->children[0];
    arrow_random_node(map, "+m", "m", true, 1);
    arrow_random_node(map->children[0], "+s", "entries", false, 2);
    arrow_random_node(map->children[0]->children[0], "u", "key", false, 0);
    arrow_random_node(map->children[0]->children[1], "vu", "value", true, 0);
    arrow_random_node(schema.children[1], "c", "b", true, 0);
    CHECK((schema.children[1]->dictionary = calloc(1, sizeof(schema))) != NULL);
    arrow_random_node(schema.children[1]->dictionary, "u", "", true, 0);
    arrow_random_node(schema.children[2], "+vl", "c", true, 1);
    arrow_random_node(schema.children[2]->children[0], "i", "item", true, 0);
    arrow_random_node(schema.children[3], "vu", "d", true, 0);
    arrow_random_node(schema.children[4], "+r", "e", true, 2);
    arrow_random_node(schema.children[4]->children[0], "i", "run_ends", false, 0);
    arrow_random_node(schema.children[4]->children[1], "l", "values", true, 0);
    type = parse(&arena, &schema);
    bytes = stoa__mem_bytes();
    for (int64_t nth = 0;; nth++) {
        struct ArrowArray array = {0};
        stoa__mem_fail_nth = nth;
        stoa_status rc = build(type, &array);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth > 40);
            check_valid(type, &array);
            array.release(&array);
            CHECK_INT(stoa__mem_bytes(), bytes);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(array.release == NULL);
        CHECK_INT(stoa__mem_bytes(), bytes);
    }
    stoa__arena_release(&arena);
}

TEST_MAIN({"a hot writer fills buffers directly", a_hot_writer_fills_buffers_directly},
          {"a builder makes batch after batch", a_builder_makes_batch_after_batch},
          {"rows are taken back as if never written",
           rows_are_taken_back_as_if_never_written},
          {"text beyond its offsets is full", text_beyond_its_offsets_is_full},
          {"lists beyond their offsets are full", lists_beyond_their_offsets_are_full},
          {"a dictionary has each value once", a_dictionary_has_each_value_once},
          {"a dictionary beyond its index is full",
           a_dictionary_beyond_its_index_is_full},
          {"runs are as long as they can be", runs_are_as_long_as_they_can_be},
          {"views keep short text in themselves", views_keep_short_text_in_themselves},
          {"null rows are zeros", null_rows_are_zeros},
          {"columns must end together", columns_must_end_together},
          {"values of other kinds are refused", values_of_other_kinds_are_refused},
          {"unions take one value a row", unions_take_one_value_a_row},
          {"a union that cannot be null is zero under a null",
           a_union_that_cannot_be_null_is_zero_under_a_null},
          {"building survives every allocation failure",
           building_survives_every_allocation_failure})
