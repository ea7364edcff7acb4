/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cell.h"

#include "arrow/builder.h"
#include "arrow/cast.h"
#include "arrow/shape.h"
#include "arrow/validate.h"
#include "arrow_random.h"
#include "base/mem.h"
#include "test.h"

#include <math.h>

/* A parsed field of a format without children. */
static const struct stoa__arrow_type *simple(stoa__arena *arena, const char *format)
{
    struct stoa__arrow_type *type = NULL;
    stoa_error err;

    CHECK_INT(stoa__arrow_type_simple(format, "x", true, arena, &type, &err), STOA_OK);
    return type;
}

/* What `json` becomes in a column of `type` and what that is as JSON; the error's
 * text, marked with '!', when it does not fit. To be freed. */
static char *through(const struct stoa__arrow_type *type, const char *json, bool text)
{
    struct stoa__builder builder;
    stoa__buffer out = {0};
    struct ArrowArray array;
    struct stoa__cell cell;
    stoa_error err = {0};
    char *answer = NULL;

    CHECK_INT(stoa__builder_init(&builder, type, 0, NULL), STOA_OK);
    if (stoa__column_append_json(&builder.root, json, (int64_t)strlen(json), &err) !=
        STOA_OK) {
        CHECK_INT(stoa__column_length(&builder.root), 0);
        CHECK(asprintf(&answer, "!%s", err.text) > 0);
    } else {
        CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
        CHECK_INT(stoa__arrow_validate(type, &array, STOA_CHECK_SHAPE, &err), STOA_OK);
        stoa__cell_at(type, &array, 0, &cell);
        CHECK_INT(text ? stoa__cell_text(&cell, &out, &err)
                       : stoa__cell_json(&cell, &out, &err),
                  STOA_OK);
        CHECK((answer = strndup(out.data ? (const char *)out.data : "", out.size)) !=
              NULL);
        array.release(&array);
        stoa__buffer_release(&out);
    }
    stoa__builder_release(&builder);
    return answer;
}

/* The JSON `json` in a column of `format` comes out as `right`. */
static void check_json(const char *format, const char *json, const char *right)
{
    stoa__arena arena = {0};
    char *got = through(simple(&arena, format), json, false);

    CHECK_TEXT(got, right);
    free(got);
    stoa__arena_release(&arena);
}

static void check_refused(const char *format, const char *json, const char *part)
{
    stoa__arena arena = {0};
    char *got = through(simple(&arena, format), json, false);

    CHECK_INT(got[0], '!');
    CHECK_HAS(got, part);
    free(got);
    stoa__arena_release(&arena);
}

static void scalars_are_written_as_json(void)
{
    check_json("n", "null", "null");
    check_json("b", "true", "true");
    check_json("b", "0", "false");
    check_json("c", "-128", "-128");
    check_json("L", "18446744073709551615", "18446744073709551615");
    check_json("l", "-9223372036854775808", "-9223372036854775808");
    check_json("l", "1.5e3", "1500");
    check_json("l", "\"77\"", "77");
    check_json("L", "1e3", "1000");
    check_json("e", "0.1", "0.099975586");
    check_json("f", "0.1", "0.1");
    check_json("g", "0.1", "0.1");
    check_json("g", "\"NaN\"", "\"NaN\"");
    check_json("g", "\"-Infinity\"", "\"-Infinity\"");
    check_json("d:10,2", "1.5", "\"1.50\"");
    check_json("d:10,2", "\"-0.05\"", "\"-0.05\"");
    check_json("u", "\"a\\u00e9\\n\"", "\"a\xc3\xa9\\n\"");
    check_json("vu", "\"\"", "\"\"");
    check_json("vu", "\"more than twelve bytes\"", "\"more than twelve bytes\"");
    check_json("z", "\"AAH/\"", "\"AAH/\"");
    check_json("w:3", "\"AAH/\"", "\"AAH/\"");
}

static void times_are_iso_text_or_numbers(void)
{
    check_json("tdD", "\"2024-02-29\"", "\"2024-02-29\"");
    check_json("tdD", "19782", "\"2024-02-29\"");
    check_json("tdD", "2147483647", "2147483647");
    check_json("tdm", "\"1969-12-31\"", "\"1969-12-31\"");
    check_json("tdm", "1", "1");
    check_json("tts", "\"23:59:59\"", "\"23:59:59\"");
    check_json("ttn", "\"00:00:00.000000001\"", "\"00:00:00.000000001\"");
    check_json("ttm", "-1", "-1");
    check_json("tsu:", "\"2024-01-31 12:00:00.5\"", "\"2024-01-31T12:00:00.500000\"");
    check_json("tsu:", "0", "\"1970-01-01T00:00:00.000000\"");
    check_json("tss:UTC", "\"2024-01-31T12:00:00+02:00\"", "\"2024-01-31T10:00:00Z\"");
    check_json("tDn", "\"PT0.000000001S\"", "\"PT0.000000001S\"");
    check_json("tiM", "14", "14");
    check_json("tiM", "\"P1Y2M\"", "14");
    check_json("tiD", "\"P1DT0.5S\"", "\"P1DT0.5S\"");
    check_json("tin", "\"P1M2DT3S\"", "\"P1M2DT3S\"");
}

static void values_that_do_not_fit_are_refused(void)
{
    check_refused("c", "128", "128 does not fit int8");
    check_refused("C", "-1", "-1 does not fit uint8");
    check_refused("l", "1.5", "$: ");
    check_refused("l", "9223372036854775808", "9223372036854775808");
    check_refused("l", "true", "true is not a value of int64");
    check_refused("b", "2", "2 does not fit bool");
    check_refused("e", "65520", "too large");
    check_refused("d:4,2", "123.45", "123.45");
    check_refused("d:4,2", "0.001", "0.001");
    check_refused("u", "1", "a number is not a value of utf8");
    check_refused("z", "\"A\"", "$: ");
    check_refused("w:3", "\"AAE=\"", "takes 3 bytes a value, not 2");
    check_refused("tdD", "\"2023-02-29\"", "2023-02-29");
    check_refused("tss:", "\"2024-01-31T12:00:00Z\"", "offset from UTC");
    check_refused("tss:UTC", "\"2024-01-31T12:00:00\"", "offset from UTC");
    check_refused("tiD", "\"P1M\"", "parts that the type does not keep");
    check_refused("tin", "5", "a number is not a value of");
    check_refused("n", "1", "a number is not a value of null");
    check_refused("l", "1 2", "");
    check_refused("l", "", "");
}

static void text_is_what_a_person_reads(void)
{
    static const char *const cases[][3] = {
        {"u", "\"a\\\"b\"", "a\"b"},
        {"z", "\"aGk=\"", "hi"},
        {"tss:UTC", "0", "1970-01-01T00:00:00Z"},
        {"d:9,1", "2", "2.0"},
        {"b", "true", "true"},
        {"g", "\"NaN\"", "nan"},
        {"l", "null", ""},
        {"tiM", "3", "3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        stoa__arena arena = {0};
        char *got = through(simple(&arena, cases[i][0]), cases[i][1], true);
        CHECK_TEXT(got, cases[i][2]);
        free(got);
        stoa__arena_release(&arena);
    }
}

static void nested_text_is_json_and_a_union_its_value(void)
{
    struct ArrowSchema schema;
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = NULL;
    char *got;

    arrow_random_node(&schema, "+ud:1,2", "x", true, 2);
    arrow_random_node(schema.children[0], "u", "a", true, 0);
    arrow_random_node(schema.children[1], "+l", "b", true, 1);
    arrow_random_node(schema.children[1]->children[0], "u", "item", true, 0);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, NULL), STOA_OK);
    got = through(type, "{\"t\":1,\"v\":\"plain\"}", true);
    CHECK_TEXT(got, "plain");
    free(got);
    got = through(type, "{\"t\":2,\"v\":[\"a\",null]}", true);
    CHECK_TEXT(got, "[\"a\",null]");
    free(got);
    schema.release(&schema);
    stoa__arena_release(&arena);
}

/* struct<id: int64 not null, tags: list<utf8>, m: map<utf8, int32>, u: union> */
static struct stoa__arrow_type *nested_type(stoa__arena *arena)
{
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema;
    struct ArrowSchema **fields;
    stoa_error err;

    arrow_random_node(&schema, "+s", "", true, 4);
    fields = schema.children;
    arrow_random_node(fields[0], "l", "id", false, 0);
    arrow_random_node(fields[1], "+l", "tags", true, 1);
    arrow_random_node(fields[1]->children[0], "u", "item", true, 0);
    arrow_random_node(fields[2], "+m", "m", true, 1);
    arrow_random_node(fields[2]->children[0], "+s", "entries", false, 2);
    arrow_random_node(fields[2]->children[0]->children[0], "u", "key", false, 0);
    arrow_random_node(fields[2]->children[0]->children[1], "i", "value", true, 0);
    arrow_random_node(fields[3], "+ud:5,7", "v", true, 2);
    arrow_random_node(fields[3]->children[0], "l", "i", true, 0);
    arrow_random_node(fields[3]->children[1], "u", "s", true, 0);
    CHECK_INT(stoa__arrow_type_parse(&schema, arena, &type, &err), STOA_OK);
    schema.release(&schema);
    return type;
}

static void check_nested(const char *json, const char *right)
{
    stoa__arena arena = {0};
    char *got = through(nested_type(&arena), json, false);

    if (right[0] == '!')
        CHECK_HAS(got, right + 1);
    CHECK_INT(got[0] == '!', right[0] == '!');
    if (right[0] != '!')
        CHECK_TEXT(got, right);
    free(got);
    stoa__arena_release(&arena);
}

static void nested_values_are_objects_and_arrays(void)
{
    check_nested("{\"id\":1,\"tags\":[\"a\",null],\"m\":[[\"k\",1],[\"k\",null]],"
                 "\"v\":{\"t\":7,\"v\":\"x\"}}",
                 "{\"id\":1,\"tags\":[\"a\",null],\"m\":[[\"k\",1],[\"k\",null]],"
                 "\"v\":{\"t\":7,\"v\":\"x\"}}");
    check_nested("{\"m\":[],\"v\":{\"v\":9,\"t\":5},\"id\":2}",
                 "{\"id\":2,\"tags\":null,\"m\":[],\"v\":{\"t\":5,\"v\":9}}");
    check_nested("{\"id\":3}",
                 "{\"id\":3,\"tags\":null,\"m\":null,\"v\":{\"t\":5,\"v\":null}}");
    check_nested("null", "null");
}

static void errors_say_where_in_the_json(void)
{
    check_nested("{}", "!$: field \"id\" is missing");
    check_nested("{\"id\":null}", "!$.id: null is not a value of int64");
    check_nested("{\"id\":1,\"x\":2}", "!$: there is no field \"x\"");
    check_nested("{\"id\":1,\"id\":2}", "!$: field \"id\" is there twice");
    check_nested("{\"id\":1,\"tags\":[\"a\",7]}", "!$.tags[1]: a number");
    check_nested("{\"id\":1,\"m\":[[\"k\",1],[\"k\"]]}", "!$.m[1]: an entry of a map");
    check_nested("{\"id\":1,\"m\":[[\"k\",1,2]]}", "!$.m[0]: an entry of a map");
    check_nested("{\"id\":1,\"m\":[[null,1]]}", "!$.m[0][0]: null is not");
    check_nested("{\"id\":1,\"m\":[7]}", "!$.m[0]: a number is not an entry");
    check_nested("{\"id\":1,\"v\":{\"t\":6,\"v\":1}}",
                 "!$.v: the union has no type id 6");
    check_nested("{\"id\":1,\"v\":{\"t\":5}}",
                 "!$.v: \"v\" of the union's value is missing");
    check_nested("{\"id\":1,\"v\":{\"v\":5}}",
                 "!$.v: \"t\" of the union's value is missing");
    check_nested("{\"id\":1,\"v\":{\"t\":5,\"v\":\"x\"}}", "!$.v.v: ");
    check_nested("{\"id\":1,\"v\":{\"v\":\"x\",\"t\":5}}", "!$.v.v: ");
    check_nested("{\"id\":1,\"v\":{\"t\":5,\"t\":5,\"v\":1}}",
                 "!$.v: \"t\" is there twice");
    check_nested("{\"id\":1,\"v\":{\"t\":5,\"w\":1}}", "!$.v: a union's value is");
    check_nested("[1]", "!$: an array is not a value of struct");
    check_nested("{\"id\":1,\"tags\":{}}", "!$.tags: an object is not a value of list");
    check_nested("{\"id\":1,\"tags\":[\"a\",]}", "!");
    check_nested("{\"id\":1,\"m\":{}}", "!$.m: an object is not a value of map");
    check_nested("{\"id\":1,\"m\":[}", "!");
    check_nested("{\"id\":1,\"m\":[[1", "!");
    check_nested("{\"id\":1,\"v\":5}", "!$.v: a number is not a value of");
    check_nested("{\"id\":1,\"v\":{\"t\":\"5\"}}",
                 "!$.v: \"t\" is a string, not a type id");
    check_nested("{\"id\":1,\"v\":{\"t\":0.5}}", "!$.v: ");
    check_nested("{\"id\":1,\"v\":{\"t\"", "!");
    check_nested("{\"id\":1,\"v\":{\"v\"", "!");
    check_nested("{\"id\":1,\"v\":{", "!");
    check_nested("{\"id\":1", "!");
}

/* Every cell goes out as JSON and comes back as the same value, whatever its type. */
static void round_trip(uint64_t seed)
{
    struct arrow_random random;
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema;
    struct ArrowArray array, back;
    struct stoa__builder builder;
    stoa__arena arena = {0};
    stoa__buffer json = {0};
    struct stoa__cell cell;
    stoa_error err = {0};

    printf("# seed %llu\n", (unsigned long long)seed);
    arrow_random_seed(&random, seed);
    arrow_random_schema(&random, 3, 4, &schema);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, &err), STOA_OK);
    arrow_random_array(&random, type, 40, &array);
    if (stoa__arrow_validate(type, &array, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK_INT(stoa__builder_init(&builder, type, 0, &err), STOA_OK);
    for (int64_t row = 0; row < array.length; row++) {
        json.size = 0;
        stoa__cell_at(type, &array, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &json, &err), STOA_OK);
        if (stoa__column_append_json(&builder.root, (const char *)json.data,
                                     (int64_t)json.size, &err) != STOA_OK)
            CHECK_TEXT(err.text, "");
    }
    CHECK_INT(stoa__builder_finish(&builder, 0, &back, &err), STOA_OK);
    if (stoa__arrow_validate(type, &back, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK(arrow_random_same(type, &array, type, &back));
    stoa__builder_release(&builder);
    stoa__buffer_release(&json);
    back.release(&back);
    array.release(&array);
    schema.release(&schema);
    stoa__arena_release(&arena);
}

static void any_array_goes_to_json_and_back(void)
{
    for (uint64_t seed = 1; seed <= 300; seed++)
        round_trip(seed);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void reading_json_survives_every_allocation_failure(void)
{
    static const char json[] =
        "{\"v\":{\"v\":\"escaped \\n text\",\"t\":7},\"id\":1,\"tags\":[\"a\","
        "\"\\u00e9\"],\"m\":[[\"k\",1]]}";
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = nested_type(&arena);

    for (int64_t nth = 0;; nth++) {
        struct stoa__builder builder;
        stoa_error err;
        CHECK_INT(stoa__builder_init(&builder, type, 0, NULL), STOA_OK);
        stoa__mem_fail_nth = nth;
        stoa_status rc =
            stoa__column_append_json(&builder.root, json, sizeof(json) - 1, &err);
        stoa__mem_fail_nth = -1;
        CHECK_INT(builder.root.length, rc == STOA_OK);
        CHECK_INT(stoa__column_length(&builder.root.children[1]), rc == STOA_OK);
        stoa__builder_release(&builder);
        if (rc == STOA_OK) {
            CHECK(nth > 10);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    stoa__arena_release(&arena);
}

static void writing_json_survives_every_allocation_failure(void)
{
    struct arrow_random random;
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema;
    struct ArrowArray array;
    stoa__arena arena = {0};
    struct stoa__cell cell;

    arrow_random_seed(&random, 8);
    arrow_random_schema(&random, 3, 12, &schema);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, NULL), STOA_OK);
    arrow_random_array(&random, type, 3, &array);
    stoa__cell_at(type, &array, 0, &cell);
    for (int64_t nth = 0;; nth++) {
        stoa__buffer out = {0};
        stoa__mem_fail_nth = nth;
        stoa_status rc = stoa__cell_json(&cell, &out, NULL);
        stoa__mem_fail_nth = -1;
        stoa__buffer_release(&out);
        if (rc == STOA_OK) {
            CHECK(nth > 0);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    array.release(&array);
    schema.release(&schema);
    stoa__arena_release(&arena);
}

static void text_that_is_not_utf8_is_no_json(void)
{
    stoa__arena arena = {0};
    const struct stoa__arrow_type *type = simple(&arena, "u");
    struct stoa__builder builder;
    struct ArrowArray array;
    struct stoa__cell cell;
    stoa__buffer out = {0};
    stoa_error err;

    CHECK_INT(stoa__builder_init(&builder, type, 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_bytes(&builder.root, "a\xff", 2, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
    stoa__cell_at(type, &array, 0, &cell);
    CHECK_INT(stoa__cell_json(&cell, &out, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__cell_text(&cell, &out, &err), STOA_OK);
    CHECK_INT(out.size, 2);
    stoa__buffer_release(&out);
    array.release(&array);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

TEST_MAIN({"scalars are written as JSON", scalars_are_written_as_json},
          {"times are ISO text or numbers", times_are_iso_text_or_numbers},
          {"values that do not fit are refused", values_that_do_not_fit_are_refused},
          {"text is what a person reads", text_is_what_a_person_reads},
          {"nested text is JSON and a union its value",
           nested_text_is_json_and_a_union_its_value},
          {"nested values are objects and arrays", nested_values_are_objects_and_arrays},
          {"errors say where in the JSON", errors_say_where_in_the_json},
          {"any array goes to JSON and back", any_array_goes_to_json_and_back},
          {"reading JSON survives every allocation failure",
           reading_json_survives_every_allocation_failure},
          {"writing JSON survives every allocation failure",
           writing_json_survives_every_allocation_failure},
          {"text that is not UTF-8 is no JSON", text_that_is_not_utf8_is_no_json})
