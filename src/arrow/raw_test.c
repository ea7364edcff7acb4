/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/raw.h"

#include "arrow/cell.h"
#include "arrow/validate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

static stoa_column column(int32_t type, int32_t layout, int64_t count, const void *data,
                          int64_t size)
{
    return (stoa_column){.name = "x",
                         .name_size = 1,
                         .type = type,
                         .layout = layout,
                         .count = count,
                         .data = data,
                         .data_size = size};
}

/* The one column of a batch as JSON lines of a list, after a full validation; to be
 * freed. `format` is what its schema must say. */
static char *column_json(const stoa_column *from, const char *format)
{
    struct stoa__raw raw;
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa__buffer out = {0};
    struct stoa__cell cell;
    stoa_error err = {0};
    char *text;

    if (stoa__raw_init(&raw, from, 1, from->count, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK_TEXT(raw.schema.children[0]->format, format);
    CHECK_TEXT(raw.schema.children[0]->name, "x");
    CHECK_INT(raw.array.length, from->count);
    CHECK_INT(stoa__arrow_type_parse(&raw.schema, &arena, &type, &err), STOA_OK);
    if (stoa__arrow_validate(type, &raw.array, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    for (int64_t row = 0; row < from->count; row++) {
        stoa__cell_at(&type->children[0], raw.array.children[0], row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &out, &err), STOA_OK);
        CHECK_INT(stoa__buffer_append_byte(&out, ' '), STOA_OK);
    }
    CHECK((text = strndup(out.data ? (const char *)out.data : "", out.size)) != NULL);
    stoa__buffer_release(&out);
    stoa__arena_release(&arena);
    raw.array.release(&raw.array);
    raw.schema.release(&raw.schema);
    stoa__raw_release(&raw);
    CHECK_INT(stoa__mem_allocations(), 0);
    return text;
}

static void check_column(const stoa_column *from, const char *format, const char *right)
{
    char *got = column_json(from, format);

    CHECK_TEXT(got, right);
    free(got);
}

static void check_refused(const stoa_column *from, int64_t rows, const char *part)
{
    struct stoa__raw raw;
    stoa_error err = {0};

    CHECK_INT(stoa__raw_init(&raw, from, 1, rows, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, part);
    CHECK(!raw.schema.release && !raw.array.release && !raw.arena.first);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void fixed_values_are_borrowed_where_they_lie(void)
{
    static const int64_t numbers[] = {1, -2, 3};
    static const uint8_t validity[] = {5};
    struct stoa__raw raw;
    stoa_column from = column(STOA_TYPE_INT64, STOA_LAYOUT_FIXED, 3, numbers, 24);

    from.validity = validity;
    CHECK_INT(stoa__raw_init(&raw, &from, 1, 3, NULL), STOA_OK);
    CHECK(raw.array.children[0]->buffers[1] == numbers);
    CHECK(raw.array.children[0]->buffers[0] == validity);
    stoa__raw_release(&raw);
    check_column(&from, "l", "1 null 3 ");
    from.type = STOA_TYPE_TIMESTAMP;
    check_column(
        &from, "tsn:UTC",
        "\"1970-01-01T00:00:00.000000001Z\" null \"1970-01-01T00:00:00.000000003Z\" ");
    from.type = STOA_TYPE_TIME;
    check_column(&from, "ttn", "\"00:00:00.000000001\" null \"00:00:00.000000003\" ");
    from.type = STOA_TYPE_DURATION;
    check_column(&from, "tDn", "\"PT0.000000001S\" null \"PT0.000000003S\" ");
    from.type = STOA_TYPE_UINT64;
    check_column(&from, "L", "1 null 3 ");
}

static void every_number_has_its_width(void)
{
    static const struct {
        int32_t type;
        const char *format, *right;
        int64_t size;
    } cases[] = {
        {STOA_TYPE_INT8, "c", "1 ", 1},
        {STOA_TYPE_UINT8, "C", "1 ", 1},
        {STOA_TYPE_INT16, "s", "1 ", 2},
        {STOA_TYPE_UINT16, "S", "1 ", 2},
        {STOA_TYPE_INT32, "i", "1 ", 4},
        {STOA_TYPE_UINT32, "I", "1 ", 4},
        {STOA_TYPE_INT64, "l", "1 ", 8},
        {STOA_TYPE_DATE, "tdD", "\"1970-01-02\" ", 4},
        {STOA_TYPE_INTERVAL, "tin", "\"P1M\" ", 16},
        {STOA_TYPE_BOOL, "b", "true ", 1},
        {STOA_TYPE_UUID, "w:16", "\"AQAAAAAAAAAAAAAAAAAAAA==\" ", 16},
    };
    static const int64_t one[2] = {1, 0};
    static const float single = 0.5F;
    static const double wide = 0.25;
    stoa_column from;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        from = column(cases[i].type, STOA_LAYOUT_FIXED, 1, one, cases[i].size);
        check_column(&from, cases[i].format, cases[i].right);
        from.data_size--;
        check_refused(&from, 1, "data_size is");
    }
    from = column(STOA_TYPE_FLOAT32, STOA_LAYOUT_FIXED, 1, &single, 4);
    check_column(&from, "f", "0.5 ");
    from = column(STOA_TYPE_FLOAT64, STOA_LAYOUT_FIXED, 1, &wide, 8);
    check_column(&from, "g", "0.25 ");
    from = column(STOA_TYPE_NULL, STOA_LAYOUT_FIXED, 2, NULL, 0);
    check_column(&from, "n", "null null ");
}

static void odd_addresses_are_copied(void)
{
    char space[64] = {0};
    int64_t numbers[] = {7, -8};
    int64_t offsets[] = {0, 1, 3};
    int32_t codes[] = {1, 0};
    stoa_column from = column(STOA_TYPE_INT64, STOA_LAYOUT_FIXED, 2, space + 1, 16);
    stoa_column values = column(STOA_TYPE_TEXT, STOA_LAYOUT_PACKED, 2, "abc", 3);
    struct stoa__raw raw;

    memcpy(space + 1, numbers, sizeof(numbers));
    CHECK_INT(stoa__raw_init(&raw, &from, 1, 2, NULL), STOA_OK);
    CHECK_INT((uintptr_t)raw.array.children[0]->buffers[1] % 8, 0);
    stoa__raw_release(&raw);
    check_column(&from, "l", "7 -8 ");

    memcpy(space + 1, offsets, sizeof(offsets));
    values.offsets = (const void *)(space + 1);
    check_column(&values, "U", "\"a\" \"bc\" ");

    memcpy(space + 33, codes, sizeof(codes));
    from = column(STOA_TYPE_TEXT, STOA_LAYOUT_CODES, 2, space + 33, 8);
    from.dictionary = &values;
    check_column(&from, "i", "\"bc\" \"a\" ");
}

static void bools_are_bits_or_bytes(void)
{
    static const uint8_t bytes[] = {1, 0, 9, 1, 1, 1, 1, 1, 1, 0};
    static const uint8_t bits[] = {0xaa, 0x02};
    static const uint8_t validity[] = {0xfb, 0xff};
    stoa_column from = column(STOA_TYPE_BOOL, STOA_LAYOUT_FIXED, 10, bytes, 10);

    check_refused(&from, 10, "column 'x': row 2 is 9, which is neither 0 nor 1");
    from.validity = validity;
    check_column(&from, "b", "true false null true true true true true true false ");
    from = column(STOA_TYPE_BOOL, STOA_LAYOUT_BITS, 10, bits, 2);
    check_column(&from, "b", "false true false true false true false true false true ");
    from.data_size = 1;
    check_refused(&from, 10, "data_size is 1 where 10 values need 2 bytes");
    from.type = STOA_TYPE_INT8;
    check_refused(&from, 10, "layout BITS does not go with type int8");
}

static void packed_text_may_start_anywhere(void)
{
    static const int64_t offsets[] = {2, 4, 4, 9};
    stoa_column from = column(STOA_TYPE_TEXT, STOA_LAYOUT_PACKED, 3, "..hiworld", 9);
    struct stoa__raw raw;

    from.offsets = offsets;
    check_column(&from, "U", "\"hi\" \"\" \"world\" ");
    from.type = STOA_TYPE_BYTES;
    check_column(&from, "Z", "\"aGk=\" \"\" \"d29ybGQ=\" ");
    CHECK_INT(stoa__raw_init(&raw, &from, 1, 3, NULL), STOA_OK);
    CHECK(raw.array.children[0]->buffers[1] == offsets);
    CHECK(raw.array.children[0]->buffers[2] == from.data);
    stoa__raw_release(&raw);
    from.data_size = 8;
    check_refused(&from, 3, "its last offset is 9 and data_size 8");
    from.data = NULL;
    from.data_size = 9;
    check_refused(&from, 3, "data is NULL");
}

static void offsets_are_not_trusted(void)
{
    static const int64_t back[] = {0, 5, 3, 9};
    static const int64_t below[] = {-1, 0, 0, 0};
    static const int64_t empty[] = {4, 4, 4, 4};
    stoa_column from = column(STOA_TYPE_TEXT, STOA_LAYOUT_PACKED, 3, "123456789", 9);

    check_refused(&from, 3, "it is packed and has no offsets");
    from.offsets = back;
    check_refused(&from, 3, "offsets go back from 5 to 3 at row 1");
    from.offsets = below;
    check_refused(&from, 3, "first offset is below zero");
    from.offsets = empty;
    from.data = NULL;
    check_column(&from, "U", "\"\" \"\" \"\" ");
    from.data_size = 3;
    check_refused(&from, 3, "its last offset is 4 and data_size 3");
}

static void short_views_are_copied_and_long_ones_kept(void)
{
    static char large[2000];
    static const uint8_t validity[] = {0x0d};
    stoa_view views[4] = {{"abc", 3}, {NULL, -5}, {NULL, 0}, {large, 1500}};
    stoa_column from = column(STOA_TYPE_TEXT, STOA_LAYOUT_VIEW, 3, views, sizeof(views));
    struct stoa__raw raw;
    char *got;

    memset(large, 'y', sizeof(large));
    from.validity = validity;
    check_column(&from, "U", "\"abc\" null \"\" ");
    from.count = 4; /* 1,503 bytes in 4 rows are long ones. */
    CHECK_INT(stoa__raw_init(&raw, &from, 1, 4, NULL), STOA_OK);
    CHECK_TEXT(raw.schema.children[0]->format, "vu");
    CHECK_INT(raw.array.children[0]->n_buffers, 4);
    CHECK(raw.array.children[0]->buffers[2] == large);
    stoa__raw_release(&raw);
    got = column_json(&from, "vu");
    CHECK_INT(strlen(got), strlen("\"abc\" null \"\" ") + 1503);
    free(got);
    from.type = STOA_TYPE_BYTES;
    got = column_json(&from, "vz");
    CHECK_INT(strlen(got), strlen("\"YWJj\" null \"\" ") + 2003);
    free(got);
    from.validity = NULL;
    check_refused(&from, 4, "row 1 is a view of -5 bytes at NULL");
    views[1].size = 5;
    check_refused(&from, 4, "row 1 is a view of 5 bytes at NULL");
    views[1] = (stoa_view){large, INT64_MAX};
    check_refused(&from, 4, "row 1 is a view of 9223372036854775807 bytes");
    from.data_size = 63;
    check_refused(&from, 4, "data_size is 63 where 4 values need 64 bytes");
}

static void codes_lie_within_their_dictionary(void)
{
    static const int64_t offsets[] = {0, 1, 3};
    static const int32_t codes[] = {1, 0, 2, -1};
    static const uint8_t validity[] = {0x03};
    stoa_column values = column(STOA_TYPE_TEXT, STOA_LAYOUT_PACKED, 2, "abc", 3);
    stoa_column from = column(STOA_TYPE_SYMBOL, STOA_LAYOUT_CODES, 4, codes, 16);
    struct stoa__raw raw;

    values.offsets = offsets;
    check_refused(&from, 4, "it has codes and no dictionary");
    from.dictionary = &values;
    check_refused(&from, 4, "row 2 has code 2; the dictionary has 2 values");
    from.validity = validity;
    check_column(&from, "i", "\"bc\" \"a\" null null ");
    CHECK_INT(stoa__raw_init(&raw, &from, 1, 4, NULL), STOA_OK);
    CHECK(raw.array.children[0]->buffers[1] == codes);
    CHECK_TEXT(raw.schema.children[0]->dictionary->format, "U");
    stoa__raw_release(&raw);
    values.layout = STOA_LAYOUT_CODES;
    check_refused(&from, 4,
                  "dictionary of column 'x': layout CODES does not go with type text");
    values.type = STOA_TYPE_BYTES;
    check_refused(&from, 4, "its dictionary is of another type");
    values.type = STOA_TYPE_INT64;
    check_refused(&from, 4, "its dictionary is of another type");
    values.type = 99;
    check_refused(&from, 4, "its dictionary is of another type");
}

static void types_arrow_has_not_are_marked(void)
{
    static const int64_t offsets[] = {0, 3};
    static const struct {
        int32_t type;
        const char *name;
    } cases[] = {{STOA_TYPE_JSON, "arrow.json"},
                 {STOA_TYPE_DECIMAL, "stoa.decimal"},
                 {STOA_TYPE_SYMBOL, "stoa.symbol"}};

    for (size_t i = 0; i < 3; i++) {
        stoa_column from = column(cases[i].type, STOA_LAYOUT_PACKED, 1, "1.5", 3);
        struct stoa__arrow_type *type = NULL;
        stoa__arena arena = {0};
        struct stoa__raw raw;
        from.offsets = offsets;
        CHECK_INT(stoa__raw_init(&raw, &from, 1, 1, NULL), STOA_OK);
        CHECK_INT(stoa__arrow_type_parse(&raw.schema, &arena, &type, NULL), STOA_OK);
        CHECK_TEXT(type->children[0].extension_name, cases[i].name);
        stoa__arena_release(&arena);
        stoa__raw_release(&raw);
    }
}

static void descriptors_are_not_trusted(void)
{
    static const int64_t numbers[4];
    static const uint8_t none[] = {0};
    stoa_column from = column(STOA_TYPE_INT64, STOA_LAYOUT_FIXED, 4, numbers, 32);
    struct stoa__raw raw;
    stoa_error err;

    check_refused(&from, 5, "column 'x': it has 4 rows where the table has 5");
    from.type = STOA_TYPE_NAME;
    check_refused(&from, 4, "is not a type of columns");
    from.type = STOA_TYPE_LIST;
    check_refused(&from, 4, "is not a type of columns");
    from.type = -1;
    check_refused(&from, 4, "column 'x': -1 is not a type of columns");
    from.type = STOA_TYPE_INT64;
    from.layout = 5;
    check_refused(&from, 4, "column 'x': 5 is not a layout");
    from.layout = STOA_LAYOUT_PACKED;
    check_refused(&from, 4, "layout PACKED does not go with type int64");
    from.layout = STOA_LAYOUT_FIXED;
    from.count = INT64_MAX / 4;
    check_refused(&from, INT64_MAX / 4, "more rows than any memory");
    from.count = 4;
    from.data_size = -1;
    check_refused(&from, 4, "below zero");
    from.data_size = 32;
    from.data = NULL;
    check_refused(&from, 4, "data is NULL and not all rows are null");
    from.validity = none;
    check_column(&from, "l", "null null null null ");
    from.count = 0;
    from.validity = NULL;
    check_column(&from, "l", "");
    from.name = "a\0b";
    from.name_size = 3;
    check_refused(&from, 0, "the name of column 0 holds a NUL or is not UTF-8");
    from.name = "\xff";
    from.name_size = STOA_NUL;
    check_refused(&from, 0, "the name of column 0");
    from.name = NULL;
    from.name_size = 3;
    check_refused(&from, 0, "name of column 0");
    CHECK_INT(stoa__raw_init(&raw, NULL, 1, 0, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa__raw_init(&raw, &from, -1, 0, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa__raw_init(&raw, &from, STOA__COLUMN_COUNT_MAX + 1, 0, &err),
              STOA_ERR_INVALID);
    CHECK_INT(stoa__raw_init(&raw, NULL, 0, -1, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa__raw_init(&raw, NULL, 0, 3, &err), STOA_OK);
    CHECK_INT(raw.array.length, 3);
    stoa__raw_release(&raw);
}

static void raw_columns_survive_every_allocation_failure(void)
{
    static const int64_t offsets[] = {0, 1, 3};
    static const int32_t codes[] = {1, 0};
    static const uint8_t bytes[] = {1, 0};
    stoa_view views[2] = {{"abc", 3}, {"defg", 4}};
    stoa_column values = column(STOA_TYPE_SYMBOL, STOA_LAYOUT_PACKED, 2, "abc", 3);
    stoa_column from[3] = {
        column(STOA_TYPE_SYMBOL, STOA_LAYOUT_CODES, 2, codes, 8),
        column(STOA_TYPE_BOOL, STOA_LAYOUT_FIXED, 2, bytes, 2),
        column(STOA_TYPE_TEXT, STOA_LAYOUT_VIEW, 2, views, sizeof(views))};

    values.offsets = offsets;
    from[0].dictionary = &values;
    for (int64_t nth = 0;; nth++) {
        struct stoa__raw raw;
        stoa__mem_fail_nth = nth;
        stoa_status rc = stoa__raw_init(&raw, from, 3, 2, NULL);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            stoa__raw_release(&raw);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(!raw.array.release && !raw.arena.first);
        CHECK_INT(stoa__mem_allocations(), 0);
    }
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"fixed values are borrowed where they lie",
           fixed_values_are_borrowed_where_they_lie},
          {"every number has its width", every_number_has_its_width},
          {"odd addresses are copied", odd_addresses_are_copied},
          {"bools are bits or bytes", bools_are_bits_or_bytes},
          {"packed text may start anywhere", packed_text_may_start_anywhere},
          {"offsets are not trusted", offsets_are_not_trusted},
          {"short views are copied and long ones kept",
           short_views_are_copied_and_long_ones_kept},
          {"codes lie within their dictionary", codes_lie_within_their_dictionary},
          {"types Arrow has not are marked", types_arrow_has_not_are_marked},
          {"descriptors are not trusted", descriptors_are_not_trusted},
          {"raw columns survive every allocation failure",
           raw_columns_survive_every_allocation_failure})
