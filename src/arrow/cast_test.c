/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cast.h"

#include "arrow/builder.h"
#include "arrow/cell.h"
#include "arrow/validate.h"
#include "arrow_random.h"
#include "base/mem.h"
#include "test.h"

/* A batch of one column `x` of a format without children, from a JSON array of its
 * values. */
struct sample {
    struct ArrowSchema schema;
    struct ArrowArray batch;
};

static void batch_schema(const char *format, bool nullable, struct ArrowSchema *out)
{
    arrow_random_node(out, "+s", "", false, 1);
    arrow_random_node(out->children[0], format, "x", nullable, 0);
}

/* The rows of a batch of any schema, each as JSON, from a JSON array of them. */
static void batch_from_json(const struct ArrowSchema *schema, const char *const *rows,
                            size_t count, struct ArrowArray *out)
{
    struct stoa__arrow_type *type = NULL;
    struct stoa__builder builder;
    stoa__arena arena = {0};
    stoa_error err = {0};

    CHECK_INT(stoa__arrow_type_parse(schema, &arena, &type, &err), STOA_OK);
    CHECK_INT(stoa__builder_init(&builder, type, 0, NULL), STOA_OK);
    for (size_t i = 0; i < count; i++)
        if (stoa__column_append_json(&builder.root, rows[i], (int64_t)strlen(rows[i]),
                                     &err) != STOA_OK)
            CHECK_TEXT(err.text, rows[i]);
    CHECK_INT(stoa__builder_finish(&builder, 0, out, NULL), STOA_OK);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
}

/* All rows as JSON, one behind the other, after a full validation. To be freed. */
static char *batch_json(const struct ArrowSchema *schema, const struct ArrowArray *batch)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa__buffer out = {0};
    struct stoa__cell cell;
    stoa_error err = {0};
    char *text;

    CHECK_INT(stoa__arrow_type_parse(schema, &arena, &type, &err), STOA_OK);
    if (stoa__arrow_validate(type, batch, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    for (int64_t row = 0; row < batch->length; row++) {
        stoa__cell_at(type, batch, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &out, &err), STOA_OK);
    }
    CHECK((text = strndup(out.data ? (const char *)out.data : "", out.size)) != NULL);
    stoa__buffer_release(&out);
    stoa__arena_release(&arena);
    return text;
}

/* {"x":`from`} in a column of `from_format` casts to `to_format` as {"x":`to`}; where
 * `to` begins with '!', the cast fails and the sentence has the rest of it. */
static void check_cast(const char *from_format, const char *from, const char *to_format,
                       const char *to)
{
    struct ArrowSchema from_schema, to_schema;
    struct ArrowArray batch, out;
    stoa_error err = {0};
    char *row, *right, *got;
    stoa_status rc;

    batch_schema(from_format, true, &from_schema);
    batch_schema(to_format, true, &to_schema);
    CHECK(asprintf(&row, "{\"x\":%s}", from) > 0);
    CHECK(asprintf(&right, "{\"x\":%s}", to) > 0);
    batch_from_json(&from_schema, (const char *const *)&row, 1, &batch);
    rc = stoa_batch_cast(&from_schema, &batch, &to_schema, &out, &err);
    CHECK(batch.release != NULL);
    if (to[0] == '!') {
        CHECK(rc == STOA_ERR_TYPE || rc == STOA_ERR_UNSUPPORTED);
        CHECK(out.release == NULL);
        CHECK_HAS(err.text, "column 'x': ");
        CHECK_HAS(err.text, to + 1);
    } else {
        if (rc != STOA_OK)
            CHECK_TEXT(err.text, right);
        got = batch_json(&to_schema, &out);
        CHECK_TEXT(got, right);
        free(got);
        out.release(&out);
    }
    batch.release(&batch);
    from_schema.release(&from_schema);
    to_schema.release(&to_schema);
    free(row);
    free(right);
}

static void integers_change_their_width_exactly(void)
{
    static const char *const formats[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
    static const char *const tops[] = {"127",
                                       "255",
                                       "32767",
                                       "65535",
                                       "2147483647",
                                       "4294967295",
                                       "9223372036854775807",
                                       "18446744073709551615"};

    for (int from = 0; from < 8; from++)
        for (int to = 0; to < 8; to++) {
            bool fits = from == to ||
                        (from < to && (from % 2 == 0 || to / 2 > from / 2)) ||
                        (from / 2 == to / 2 && from < to);
            check_cast(formats[from], tops[from], formats[to],
                       fits ? tops[from] : "!row 0: ");
            check_cast(formats[from], "7", formats[to], "7");
            check_cast(formats[from], "null", formats[to], "null");
        }
    check_cast("l", "-1", "L", "!-1 does not fit uint64");
    check_cast("c", "-1", "l", "-1");
    check_cast("c", "-1", "C", "!-1 does not fit uint8");
    check_cast("l", "2", "b", "!2 does not fit bool");
    check_cast("l", "1", "b", "true");
    check_cast("b", "true", "C", "1");
    check_cast("L", "18446744073709551615", "b", "!");
}

static void floats_are_exact_or_refused(void)
{
    check_cast("g", "0.5", "f", "0.5");
    check_cast("g", "0.1", "f", "!0.1 does not fit float32: it would be rounded");
    check_cast("g", "\"NaN\"", "f", "\"NaN\"");
    check_cast("g", "\"-Infinity\"", "e", "\"-Infinity\"");
    check_cast("g", "1e300", "f", "!1e300 does not fit");
    check_cast("f", "0.1", "g", "0.10000000149011612");
    check_cast("e", "0.5", "f", "0.5");
    check_cast("g", "65519", "e", "!");
    check_cast("g", "2048", "e", "2048.0");
    check_cast("l", "9007199254740992", "g", "9007199254740992.0");
    check_cast("l", "9007199254740993", "g", "!would be rounded");
    check_cast("l", "1152921504606846976", "g", "1.152921504606847e18");
    check_cast("L", "18446744073709551615", "g", "!would be rounded");
    check_cast("L", "18446744073709549568", "g", "1.844674407370955e19");
    check_cast("i", "16777217", "f", "!would be rounded");
    check_cast("g", "-3.0", "c", "-3");
    check_cast("g", "3.5", "l", "!it is not whole");
    check_cast("g", "\"NaN\"", "l", "!it is not whole");
    check_cast("g", "300", "C", "!300 does not fit uint8");
    check_cast("g", "18446744073709549568", "L", "18446744073709549568");
}

static void decimals_keep_every_digit(void)
{
    check_cast("d:10,2", "1.50", "d:10,1", "\"1.5\"");
    check_cast("d:10,2", "1.55", "d:10,1", "!");
    check_cast("d:10,2", "1.55", "d:76,40,256",
               "\"1.5500000000000000000000000000000000000000\"");
    check_cast("d:38,0", "123456789", "d:9,0,32", "\"123456789\"");
    check_cast("d:38,0", "1234567890", "d:9,0,32", "!");
    check_cast("d:10,2", "7.00", "l", "7");
    check_cast("d:10,2", "7.01", "l", "!");
    check_cast("d:20,0", "18446744073709551615", "L", "18446744073709551615");
    check_cast("d:20,0", "18446744073709551615", "l", "!");
    check_cast("d:10,2", "0.25", "g", "0.25");
    check_cast("d:10,2", "0.1", "g", "0.1");
    check_cast("d:38,0", "12345678901234567890123", "g", "!would be rounded");
    check_cast("l", "-5", "d:5,2", "\"-5.00\"");
    check_cast("L", "18446744073709551615", "d:20,0", "\"18446744073709551615\"");
    check_cast("l", "1000", "d:3,0", "!");
    check_cast("g", "0.1", "d:5,2", "\"0.10\"");
    check_cast("f", "0.1", "d:5,2", "\"0.10\"");
    check_cast("g", "\"NaN\"", "d:5,2", "!");
    check_cast("d:10,2", "-0.05", "u", "\"-0.05\"");
    check_cast("u", "\"1.5\"", "d:10,2", "\"1.50\"");
}

static void text_becomes_values_and_back(void)
{
    static const char *const cases[][3] = {
        {"b", "true", "\"true\""},
        {"c", "-7", "\"-7\""},
        {"L", "18446744073709551615", "\"18446744073709551615\""},
        {"e", "0.5", "\"0.5\""},
        {"g", "0.1", "\"0.1\""},
        {"tdD", "\"2024-02-29\"", "\"2024-02-29\""},
        {"tdm", "\"2024-02-29\"", "\"2024-02-29\""},
        {"ttu", "\"12:00:00.000001\"", "\"12:00:00.000001\""},
        {"tsm:", "\"2024-02-29T12:00:00.500\"", "\"2024-02-29T12:00:00.500\""},
        {"tss:UTC", "\"2024-02-29T12:00:00Z\"", "\"2024-02-29T12:00:00Z\""},
        {"tDm", "\"PT1.5S\"", "\"PT1.5S\""},
        {"tiM", "14", "\"14\""},
        {"tiD", "\"P1DT0.001S\"", "\"P1DT0.001S\""},
        {"tin", "\"P1M2DT3S\"", "\"P1M2DT3S\""},
        {"vu", "\"more than twelve bytes\"", "\"more than twelve bytes\""},
    };
    static const char *const texts[] = {"u", "U", "vu"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t k = 0; k < 3; k++) {
            check_cast(cases[i][0], cases[i][1], texts[k], cases[i][2]);
            check_cast(texts[k], cases[i][2], cases[i][0], cases[i][1]);
        }
    check_cast("u", "\"x\"", "l", "!'x'");
    check_cast("u", "\"2024-02-30\"", "tdD", "!2024-02-30");
    check_cast("u", "\"yes\"", "b", "!neither true nor false");
    check_cast("tdD", "2147483647", "u", "!calendar");
    check_cast("u", "\"\"", "l", "!");
}

static void binary_forms_are_one_family(void)
{
    static const char *const formats[] = {"z", "Z", "vz", "w:3"};
    static const char *const texts[] = {"u", "U", "vu"};

    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++)
            check_cast(formats[i], "\"AAH/\"", formats[k], "\"AAH/\"");
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 3; k++) {
            check_cast(formats[i], "\"YWJj\"", texts[k], "\"abc\"");
            check_cast(texts[k], "\"abc\"", formats[i], "\"YWJj\"");
            check_cast(formats[i], "\"AAH/\"", texts[k], "!not UTF-8 at byte 2");
        }
    check_cast("z", "\"AAE=\"", "w:3", "!takes 3 bytes a value, not 2");
}

static void times_change_their_unit_exactly(void)
{
    check_cast("tss:", "1", "tsn:", "\"1970-01-01T00:00:01.000000000\"");
    check_cast("tsn:", "1000000000", "tss:", "\"1970-01-01T00:00:01\"");
    check_cast("tsn:", "1", "tsu:", "!");
    check_cast("tss:", "9223372036854775807", "tsn:", "!");
    check_cast("tss:UTC", "0", "tss:Europe/Berlin", "\"1970-01-01T00:00:00Z\"");
    check_cast("tdD", "\"2024-02-29\"", "tsu:", "\"2024-02-29T00:00:00.000000\"");
    check_cast("tsu:", "\"2024-02-29T00:00:00\"", "tdD", "\"2024-02-29\"");
    check_cast("tsu:", "\"2024-02-29T00:00:01\"", "tdD", "!it is not midnight");
    check_cast("tsu:", "\"1969-12-31T00:00:00\"", "tdm", "\"1969-12-31\"");
    check_cast("tdD", "\"1969-12-31\"", "tdm", "\"1969-12-31\"");
    check_cast("tdm", "\"1969-12-31\"", "tdD", "\"1969-12-31\"");
    check_cast("tdD", "2147483647", "tsn:", "!");
    check_cast("tts", "\"12:00:00\"", "ttn", "\"12:00:00.000000000\"");
    check_cast("ttn", "\"12:00:00.000000001\"", "tts", "!");
    check_cast("tDs", "90", "tDm", "\"PT1M30S\"");
    check_cast("tDn", "1", "tDu", "!");
    check_cast("tiM", "5", "tin", "\"P5M\"");
    check_cast("tin", "\"P5M\"", "tiM", "5");
    check_cast("tin", "\"P5M1D\"", "tiM", "!does not keep");
    check_cast("tiD", "\"P1DT1S\"", "tin", "\"P1DT1S\"");
    check_cast("tin", "\"PT0.0000001S\"", "tiD", "!does not keep");
    check_cast("l", "0", "tsn:UTC", "\"1970-01-01T00:00:00.000000000Z\"");
    check_cast("l", "86400", "tts", "!time of day");
    check_cast("l", "-1", "ttn", "!time of day");
    check_cast("l", "1", "tdm", "!not midnight");
    check_cast("tsn:UTC", "77", "l", "77");
    check_cast("tdD", "77", "i", "77");
    check_cast("tdD", "77", "c", "77");
    check_cast("tdD", "777", "c", "!777 does not fit int8");
}

static void pairs_without_a_cast_name_both_types(void)
{
    check_cast("b", "true", "g", "!there is no cast from bool to ");
    check_cast("tdD", "0", "ttn", "!there is no cast from date32");
    check_cast("g", "1", "tdD", "!there is no cast from");
    check_cast("z", "\"AAH/\"", "l", "!there is no cast from binary to int64");
    check_cast("n", "null", "l", "null");
    check_cast("n", "null", "vz", "null");
    check_cast("l", "null", "n", "!there is no cast");
}

/* One cast from schema to schema; `right` as in check_cast, of whole rows. */
static void check_batches(struct ArrowSchema *from, const char *const *rows, size_t count,
                          struct ArrowSchema *to, const char *right)
{
    struct ArrowArray batch, out;
    stoa_error err = {0};
    stoa_status rc;
    char *got;

    batch_from_json(from, rows, count, &batch);
    rc = stoa_batch_cast(from, &batch, to, &out, &err);
    if (right[0] == '!') {
        CHECK(rc < 0);
        CHECK_HAS(err.text, right + 1);
        CHECK(out.release == NULL);
    } else {
        if (rc != STOA_OK)
            CHECK_TEXT(err.text, right);
        got = batch_json(to, &out);
        CHECK_TEXT(got, right);
        free(got);
        out.release(&out);
    }
    batch.release(&batch);
}

static void columns_are_found_by_name(void)
{
    static const char *const rows[] = {"{\"a\":1,\"b\":\"x\"}", "{\"a\":2,\"b\":null}"};
    struct ArrowSchema from, to;

    arrow_random_node(&from, "+s", "", false, 2);
    arrow_random_node(from.children[0], "i", "a", false, 0);
    arrow_random_node(from.children[1], "u", "b", true, 0);
    arrow_random_node(&to, "+s", "", false, 3);
    arrow_random_node(to.children[0], "vu", "b", true, 0);
    arrow_random_node(to.children[1], "l", "a", false, 0);
    arrow_random_node(to.children[2], "g", "c", true, 0);
    check_batches(&from, rows, 2, &to,
                  "{\"b\":\"x\",\"a\":1,\"c\":null}{\"b\":null,\"a\":2,\"c\":null}");
    to.children[2]->flags = 0;
    check_batches(&from, rows, 2, &to, "!column 'c': the source has no such field");
    to.children[2]->flags = ARROW_FLAG_NULLABLE;
    to.children[0]->flags = 0;
    check_batches(&from, rows, 2, &to, "!column 'b': row 1: null where the type is not");
    from.children[1]->name = "z";
    check_batches(&from, NULL, 0, &to, "!column 'z': the target has no such field");
    from.release(&from);
    to.release(&to);
}

static void names_that_are_there_twice_need_the_same_order(void)
{
    static const char *const rows[] = {"{\"a\":1,\"a\":2}"};
    struct ArrowSchema from, to;

    arrow_random_node(&from, "+s", "", false, 2);
    arrow_random_node(from.children[0], "i", "a", true, 0);
    arrow_random_node(from.children[1], "i", "a", true, 0);
    arrow_random_node(&to, "+s", "", false, 2);
    arrow_random_node(to.children[0], "l", "a", true, 0);
    arrow_random_node(to.children[1], "l", "a", true, 0);
    check_batches(&from, rows, 1, &to, "{\"a\":1,\"a\":2}");
    to.children[1]->name = "b";
    check_batches(&from, rows, 1, &to, "!two fields are called 'a'");
    from.release(&from);
    to.release(&to);
}

static void struct_rows_that_are_null_hide_their_fields(void)
{
    static const char *const rows[] = {"{\"s\":null}", "{\"s\":{\"a\":\"7\",\"b\":1}}"};
    struct ArrowSchema from, to;

    arrow_random_node(&from, "+s", "", false, 1);
    arrow_random_node(from.children[0], "+s", "s", true, 2);
    arrow_random_node(from.children[0]->children[0], "u", "a", false, 0);
    arrow_random_node(from.children[0]->children[1], "i", "b", true, 0);
    arrow_random_node(&to, "+s", "", false, 1);
    arrow_random_node(to.children[0], "+s", "s", true, 2);
    arrow_random_node(to.children[0]->children[0], "l", "b", true, 0);
    arrow_random_node(to.children[0]->children[1], "i", "a", false, 0);
    check_batches(&from, rows, 2, &to, "{\"s\":null}{\"s\":{\"b\":1,\"a\":7}}");
    from.release(&from);
    to.release(&to);
}

static void list_schema(const char *format, const char *item, struct ArrowSchema *out)
{
    arrow_random_node(out, "+s", "", false, 1);
    arrow_random_node(out->children[0], format, "x", true, 1);
    arrow_random_node(out->children[0]->children[0], item, "item", true, 0);
}

static void lists_change_their_layout(void)
{
    static const char *const rows[] = {"{\"x\":[1,2]}", "{\"x\":null}",
                                       "{\"x\":[null,3]}"};
    static const char *const formats[] = {"+l", "+L", "+vl", "+vL", "+w:2"};
    struct ArrowSchema from, to;

    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            list_schema(formats[i], "i", &from);
            list_schema(formats[k], "u", &to);
            check_batches(&from, rows, 3, &to,
                          "{\"x\":[\"1\",\"2\"]}{\"x\":null}{\"x\":[null,\"3\"]}");
            to.release(&to);
            list_schema(formats[k], "C", &to);
            to.children[0]->children[0]->flags = 0;
            check_batches(&from, rows, 3, &to, "!column 'x': row 2: 'item' is null");
            from.release(&from);
            to.release(&to);
        }
    list_schema("+l", "i", &from);
    list_schema("+w:3", "i", &to);
    check_batches(&from, rows, 3, &to, "!column 'x': row 0: column 'x' takes lists of 3");
    from.release(&from);
    to.release(&to);
}

static void text_is_read_as_the_json_of_a_list(void)
{
    static const char *const rows[] = {"{\"x\":\"[\\\"2024-01-02\\\", null]\"}", "{\"x\":null}"};
    static const char *const wrong[] = {"{\"x\":\"[5\"}"}, *const other[] = {"{\"x\":\"5\"}"};
    struct ArrowSchema from, to;

    batch_schema("u", true, &from);
    list_schema("+L", "tdD", &to);
    check_batches(&from, rows, 2, &to, "{\"x\":[\"2024-01-02\",null]}{\"x\":null}");
    check_batches(&from, wrong, 1, &to, "!column 'x': row 0: ");
    check_batches(&from, other, 1, &to, "!column 'x': row 0: ");
    from.release(&from);
    to.release(&to);
}

static void maps_and_unions_keep_their_shape(void)
{
    static const char *const maps[] = {"{\"x\":[[1,\"2024-01-01\"],[2,null]]}"};
    static const char *const unions[] = {"{\"x\":{\"t\":5,\"v\":1}}",
                                         "{\"x\":{\"t\":7,\"v\":\"8\"}}"};
    struct ArrowSchema from, to;

    for (int i = 0; i < 2; i++) {
        struct ArrowSchema *schema = i == 0 ? &from : &to;
        arrow_random_node(schema, "+s", "", false, 1);
        arrow_random_node(schema->children[0], "+m", "x", true, 1);
        schema = schema->children[0]->children[0];
        arrow_random_node(schema, "+s", i ? "entries" : "key_value", false, 2);
        arrow_random_node(schema->children[0], i ? "u" : "i", i ? "key" : "k", false, 0);
        arrow_random_node(schema->children[1], i ? "tdm" : "tdD", "value", true, 0);
    }
    check_batches(&from, maps, 1, &to, "{\"x\":[[\"1\",\"2024-01-01\"],[\"2\",null]]}");
    from.release(&from);
    to.release(&to);

    for (int i = 0; i < 2; i++) {
        struct ArrowSchema *schema = i == 0 ? &from : &to;
        arrow_random_node(schema, "+s", "", false, 1);
        arrow_random_node(schema->children[0], i ? "+us:7,5" : "+ud:5,7", "x", true, 2);
        arrow_random_node(schema->children[0]->children[i], i ? "l" : "i", "a", true, 0);
        arrow_random_node(schema->children[0]->children[!i], i ? "C" : "u", "b", true, 0);
    }
    check_batches(&from, unions, 2, &to,
                  "{\"x\":{\"t\":5,\"v\":1}}{\"x\":{\"t\":7,\"v\":8}}");
    from.release(&from);
    to.release(&to);
}

static void type_ids_are_not_lost(void)
{
    static const char *const rows[] = {"{\"x\":{\"t\":5,\"v\":1}}"};
    struct ArrowSchema from, to;

    arrow_random_node(&from, "+s", "", false, 1);
    arrow_random_node(from.children[0], "+ud:5", "x", true, 1);
    arrow_random_node(from.children[0]->children[0], "i", "a", true, 0);
    arrow_random_node(&to, "+s", "", false, 1);
    arrow_random_node(to.children[0], "+ud:6", "x", true, 1);
    arrow_random_node(to.children[0]->children[0], "i", "a", true, 0);
    check_batches(&from, rows, 1, &to, "!column 'x.a': the target has no type id 5");
    to.release(&to);
    arrow_random_node(&to, "+s", "", false, 1);
    arrow_random_node(to.children[0], "+us:5", "x", true, 1);
    arrow_random_node(to.children[0]->children[0], "z", "a", true, 0);
    check_batches(&from, rows, 1, &to,
                  "!column 'x.a': there is no cast from int32 to binary");
    from.release(&from);
    to.release(&to);
}

static void a_single_cell_is_cast_or_refused(void)
{
    struct stoa__arrow_type *type = NULL;
    struct stoa__builder from, to;
    struct ArrowArray array;
    struct stoa__cell cell;
    stoa__arena arena = {0};
    stoa_error err;

    CHECK_INT(stoa__arrow_type_simple("l", "x", true, &arena, &type, NULL), STOA_OK);
    CHECK_INT(stoa__builder_init(&from, type, 1, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_int64(&from.root, 3, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&from, 0, &array, NULL), STOA_OK);
    stoa__cell_at(type, &array, 0, &cell);
    CHECK_INT(stoa__arrow_type_simple("tiM", "y", true, &arena, &type, NULL), STOA_OK);
    CHECK_INT(stoa__builder_init(&to, type, 1, NULL), STOA_OK);
    CHECK_INT(stoa__cell_cast(&cell, &to.root, &err), STOA_OK);
    CHECK_INT(to.root.length, 1);
    stoa__builder_release(&to);
    CHECK_INT(stoa__arrow_type_simple("z", "y", true, &arena, &type, NULL), STOA_OK);
    CHECK_INT(stoa__builder_init(&to, type, 1, NULL), STOA_OK);
    CHECK_INT(stoa__cell_cast(&cell, &to.root, &err), STOA_ERR_UNSUPPORTED);
    CHECK_TEXT(err.text, "there is no cast from int64 to binary");
    CHECK_INT(to.root.length, 0);
    stoa__builder_release(&to);
    stoa__builder_release(&from);
    array.release(&array);
    stoa__arena_release(&arena);
}

/* The type without dictionaries and run ends, in large offsets: every array has one. */
static void plain_schema(const struct ArrowSchema *from, struct ArrowSchema *out)
{
    static const char *const wider[][2] = {{"u", "U"},   {"vu", "U"},  {"z", "Z"},
                                           {"vz", "Z"},  {"+l", "+L"}, {"+vl", "+L"},
                                           {"+vL", "+L"}};
    const char *format = from->format;

    if (from->dictionary || strcmp(format, "+r") == 0) {
        plain_schema(from->dictionary ? from->dictionary : from->children[1], out);
        out->flags |= ARROW_FLAG_NULLABLE;
        return;
    }
    for (size_t i = 0; i < sizeof(wider) / sizeof(wider[0]); i++)
        if (strcmp(format, wider[i][0]) == 0)
            format = wider[i][1];
    arrow_random_node(out, format, from->name, from->flags & ARROW_FLAG_NULLABLE,
                      from->n_children);
    for (int64_t i = 0; i < from->n_children; i++) {
        const char *name = from->children[i]->name;
        struct ArrowSchema *child = out->children[i];
        plain_schema(from->children[i], child);
        if (strcmp(child->name, name) !=
            0) { /* Of what was unpacked: keep the outer name. */
            struct ArrowSchema inner = *child;
            memset(child, 0, sizeof(*child));
            arrow_random_node(child, inner.format, name, true, inner.n_children);
            for (int64_t k = 0; k < inner.n_children; k++) {
                free(child->children[k]);
                child->children[k] = inner.children[k];
            }
            inner.n_children = 0;
            inner.release(&inner);
        }
    }
}

static void cast_both_ways(uint64_t seed)
{
    struct arrow_random random;
    struct stoa__arrow_type *type = NULL, *plain_type = NULL;
    struct ArrowSchema schema, plain;
    struct ArrowArray array, there, back;
    stoa__arena arena = {0};
    stoa_error err = {0};

    printf("# seed %llu\n", (unsigned long long)seed);
    arrow_random_seed(&random, seed);
    arrow_random_schema(&random, 3, 4, &schema);
    plain_schema(&schema, &plain);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, &err), STOA_OK);
    CHECK_INT(stoa__arrow_type_parse(&plain, &arena, &plain_type, &err), STOA_OK);
    arrow_random_array(&random, type, 50, &array);
    if (stoa_batch_cast(&schema, &array, &plain, &there, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    if (stoa__arrow_validate(plain_type, &there, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK(arrow_random_same(type, &array, plain_type, &there));
    if (stoa_batch_cast(&plain, &there, &schema, &back, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    if (stoa__arrow_validate(type, &back, STOA_CHECK_FULL, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK(arrow_random_same(type, &array, type, &back));
    there.release(&there);
    back.release(&back);
    array.release(&array);
    schema.release(&schema);
    plain.release(&plain);
    stoa__arena_release(&arena);
}

static void any_encoding_is_unpacked_and_packed_again(void)
{
    for (uint64_t seed = 1; seed <= 200; seed++)
        cast_both_ways(seed);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void scalar_text_round_trip(const char *format, uint64_t seed)
{
    struct arrow_random random;
    struct stoa__arrow_type *type = NULL, *text_type = NULL;
    struct ArrowArray array, text, back;
    stoa__arena arena = {0};
    stoa_error err = {0};

    printf("# seed of %s %llu\n", format, (unsigned long long)seed);
    CHECK_INT(stoa__arrow_type_simple(format, "x", true, &arena, &type, NULL), STOA_OK);
    CHECK_INT(stoa__arrow_type_simple("u", "x", true, &arena, &text_type, NULL), STOA_OK);
    arrow_random_seed(&random, seed);
    random.calendar_only = true;
    arrow_random_array(&random, type, 200, &array);
    if (stoa__arrow_cast(type, &array, text_type, &text, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    if (stoa__arrow_cast(text_type, &text, type, &back, &err) != STOA_OK)
        CHECK_TEXT(err.text, "");
    CHECK(arrow_random_same(type, &array, type, &back));
    back.release(&back);
    text.release(&text);
    array.release(&array);
    stoa__arena_release(&arena);
}

static void every_scalar_goes_to_text_and_back(void)
{
    for (int32_t i = 0; i < arrow_random_format_count; i++) {
        const char *format = arrow_random_formats[i];
        /* Bytes need not be text, and nothing becomes null but null. */
        if (strchr("zZwn", format[0]) == NULL && strcmp(format, "vz") != 0)
            for (uint64_t seed = 1; seed <= 5; seed++)
                scalar_text_round_trip(format, seed);
    }
}

/* Widths and offsets that take the loops over whole buffers, longer than one chunk. */
static void long_columns_are_cast_like_short_ones(void)
{
    static const char *const formats[] = {"c", "C", "s", "S", "i",
                                          "I", "l", "L", "f", "g"};
    struct arrow_random random;

    for (int from = 0; from < 10; from++)
        for (int to = 0; to < 10; to++) {
            struct stoa__arrow_type *type = NULL, *to_type = NULL;
            struct ArrowArray array, out;
            struct stoa__builder builder;
            struct stoa__cell a, b;
            stoa__arena arena = {0};
            CHECK_INT(
                stoa__arrow_type_simple(formats[from], "x", true, &arena, &type, NULL),
                STOA_OK);
            CHECK_INT(
                stoa__arrow_type_simple(formats[to], "x", true, &arena, &to_type, NULL),
                STOA_OK);
            arrow_random_seed(&random, (uint64_t)(from * 10 + to));
            CHECK_INT(stoa__builder_init(&builder, type, 3000, NULL), STOA_OK);
            for (int row = 0; row < 3000; row++)
                if (row % 5 == 0)
                    CHECK_INT(stoa__column_append_null(&builder.root, NULL), STOA_OK);
                else if (from < 8)
                    CHECK_INT(stoa__column_append_int64(&builder.root, row % 100, NULL),
                              STOA_OK);
                else
                    CHECK_INT(stoa__column_append_float64(&builder.root, row % 100, NULL),
                              STOA_OK);
            CHECK_INT(stoa__builder_finish(&builder, 0, &array, NULL), STOA_OK);
            array.offset = 3;
            array.length = 2990;
            CHECK_INT(stoa__arrow_cast(type, &array, to_type, &out, NULL), STOA_OK);
            CHECK_INT(out.length, 2990);
            CHECK_INT(out.null_count, 598);
            for (int64_t row = 0; row < out.length; row++) {
                stoa__cell_at(type, &array, row, &a);
                stoa__cell_at(to_type, &out, row, &b);
                CHECK_INT(a.null, b.null);
                if (!a.null)
                    CHECK(to < 8 ? stoa__cell_int64(&b) == (row + 3) % 100
                                 : stoa__cell_float64(&b) == (double)((row + 3) % 100));
            }
            stoa__builder_release(&builder);
            out.release(&out);
            array.release(&array);
            stoa__arena_release(&arena);
        }
}

static void misuse_is_answered(void)
{
    struct ArrowSchema schema;
    struct ArrowArray batch = {0}, out;
    stoa_error err;

    batch_schema("l", true, &schema);
    CHECK_INT(stoa_batch_cast(&schema, &batch, &schema, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_batch_cast(NULL, &batch, &schema, &out, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "from is NULL");
    CHECK_INT(stoa_batch_cast(&schema, NULL, &schema, &out, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "batch is NULL");
    CHECK_INT(stoa_batch_cast(&schema, &batch, NULL, &out, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "to is NULL");
    CHECK_INT(stoa_batch_cast(&schema, &batch, &schema, &out, NULL), STOA_ERR_INVALID);
    CHECK(out.release == NULL);
    schema.release(&schema);
}

static void casting_survives_every_allocation_failure(void)
{
    struct arrow_random random;
    struct stoa__arrow_type *type = NULL;
    struct ArrowSchema schema, plain;
    struct ArrowArray array, out;
    stoa__arena arena = {0};
    int64_t nth = 0;

    arrow_random_seed(&random, 5);
    arrow_random_schema(&random, 3, 12, &schema);
    plain_schema(&schema, &plain);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, NULL), STOA_OK);
    arrow_random_array(&random, type, 5, &array);
    for (int turn = 0; turn < 2; turn++)
        for (nth = 0;; nth++) {
            int64_t bytes = stoa__mem_bytes();
            stoa__mem_fail_nth = nth;
            stoa_status rc =
                stoa_batch_cast(&schema, &array, turn ? &schema : &plain, &out, NULL);
            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK) {
                CHECK(nth > 20);
                out.release(&out);
                CHECK_INT(stoa__mem_bytes(), bytes);
                break;
            }
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK(out.release == NULL);
            CHECK_INT(stoa__mem_bytes(), bytes);
        }
    array.release(&array);
    schema.release(&schema);
    plain.release(&plain);
    stoa__arena_release(&arena);
}

TEST_MAIN({"integers change their width exactly", integers_change_their_width_exactly},
          {"floats are exact or refused", floats_are_exact_or_refused},
          {"decimals keep every digit", decimals_keep_every_digit},
          {"text becomes values and back", text_becomes_values_and_back},
          {"binary forms are one family", binary_forms_are_one_family},
          {"times change their unit exactly", times_change_their_unit_exactly},
          {"pairs without a cast name both types", pairs_without_a_cast_name_both_types},
          {"columns are found by name", columns_are_found_by_name},
          {"names that are there twice need the same order",
           names_that_are_there_twice_need_the_same_order},
          {"struct rows that are null hide their fields",
           struct_rows_that_are_null_hide_their_fields},
          {"lists change their layout", lists_change_their_layout},
          {"text is read as the JSON of a list", text_is_read_as_the_json_of_a_list},
          {"maps and unions keep their shape", maps_and_unions_keep_their_shape},
          {"type ids are not lost", type_ids_are_not_lost},
          {"a single cell is cast or refused", a_single_cell_is_cast_or_refused},
          {"any encoding is unpacked and packed again",
           any_encoding_is_unpacked_and_packed_again},
          {"every scalar goes to text and back", every_scalar_goes_to_text_and_back},
          {"long columns are cast like short ones",
           long_columns_are_cast_like_short_ones},
          {"misuse is answered", misuse_is_answered},
          {"casting survives every allocation failure",
           casting_survives_every_allocation_failure})
