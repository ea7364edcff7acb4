/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/type.h"

#include "arrow_make.h"
#include "arrow_samples.h"
#include "base/limits.h"
#include "base/mem.h"

/* Parse and answer; the text of the type, or of the error, is in `text`. */
static stoa_status parse(const struct ArrowSchema *schema, char text[1024])
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_error err;
    stoa_status rc = stoa__arrow_type_parse(schema, &arena, &type, &err);

    CHECK((rc == STOA_OK) == (type != NULL));
    if (rc == STOA_OK)
        stoa__arrow_type_text(type, text, 1024);
    else
        memcpy(text, err.text, 1024);
    stoa__arena_release(&arena);
    return rc;
}

static void check_text(struct ArrowSchema *schema, const char *right)
{
    char text[1024];

    CHECK_INT(parse(schema, text), STOA_OK);
    CHECK_TEXT(text, right);
    make_free_schema(schema);
}

static void check_bad(struct ArrowSchema *schema, stoa_status code, const char *part)
{
    char text[1024];

    CHECK_INT(parse(schema, text), code);
    CHECK_HAS(text, part);
    make_free_schema(schema);
}

static void every_format_has_a_name(void)
{
    static const char *const formats[][2] = {
        {"n", "null"}, {"b", "bool"}, {"c", "int8"}, {"C", "uint8"}, {"s", "int16"},
        {"S", "uint16"}, {"i", "int32"}, {"I", "uint32"}, {"l", "int64"}, {"L", "uint64"},
        {"e", "float16"}, {"f", "float32"}, {"g", "float64"}, {"u", "utf8"},
        {"U", "large_utf8"}, {"vu", "utf8_view"}, {"z", "binary"}, {"Z", "large_binary"},
        {"vz", "binary_view"}, {"w:0", "fixed_binary(0)"},
        {"w:2147483647", "fixed_binary(2147483647)"}, {"d:10,2", "decimal128(10, 2)"},
        {"d:9,9,32", "decimal32(9, 9)"}, {"d:18,-3,64", "decimal64(18, -3)"},
        {"d:38,38,128", "decimal128(38, 38)"}, {"d:76,-76,256", "decimal256(76, -76)"},
        {"tdD", "date32"}, {"tdm", "date64"}, {"tts", "time32[s]"}, {"ttm", "time32[ms]"},
        {"ttu", "time64[us]"}, {"ttn", "time64[ns]"}, {"tss:", "timestamp[s]"},
        {"tsm:", "timestamp[ms]"}, {"tsu:UTC", "timestamp[us, UTC]"},
        {"tsn:Europe/Z\xc3\xbcrich", "timestamp[ns, Europe/Z\xc3\xbcrich]"},
        {"tDs", "duration[s]"}, {"tDm", "duration[ms]"}, {"tDu", "duration[us]"},
        {"tDn", "duration[ns]"}, {"tiM", "interval[months]"},
        {"tiD", "interval[days, ms]"}, {"tin", "interval[months, days, ns]"},
        {"+s", "struct<>"}, {"+ud:", "dense_union<>"}, {"+us:", "sparse_union<>"}};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        check_text(make_schema(formats[i][0], NULL), formats[i][1]);
}

static void nested_types_have_names(void)
{
    check_text(sample_schema1("+l", "i"), "list<int32>");
    check_text(sample_schema1("+L", "u"), "large_list<utf8>");
    check_text(sample_schema1("+vl", "u"), "list_view<utf8>");
    check_text(sample_schema1("+vL", "u"), "large_list_view<utf8>");
    check_text(sample_schema1("+w:3", "u"), "fixed_list(3)<utf8>");
    check_text(sample_schema2("+s", "l", "u"), "struct<a: int64, b: utf8>");
    check_text(sample_schema2("+us:3,127", "l", "u"),
               "sparse_union<3=a: int64, 127=b: utf8>");
    check_text(sample_schema2("+ud:1,0", "l", "u"), "dense_union<1=a: int64, 0=b: utf8>");
    check_text(sample_schema2("+r", "i", "u"), "run_end<int32, utf8>");
    check_text(sample_schema_map(), "map<utf8, int64>");
    check_text(sample_schema_coded("S", "u"), "dictionary<uint16, utf8>");
    check_text(make_schema_dictionary(make_schema("c", ""), sample_schema_coded("s", "u")),
               "dictionary<int8, dictionary<int16, utf8>>");
}

static void a_format_that_is_none_is_refused(void)
{
    static const char *const formats[] = {
        "", "x", "nn", "i ", " i", "v", "vx", "w", "w:", "w:-1", "w:x", "w:2147483648",
        "w:99999999999999999999", "w:1x", "w:+1", "d", "d:", "d:1", "d:,1", "d:1,", "d:1,1,",
        "d:1,1,1", "d:1,1,512", "d:0,0", "d:-1,0", "d:39,0", "d:10,2,32", "d:19,2,64",
        "d:77,0,256", "d:38,77", "d:38,-77", "d:1,1,128,1", "d:1 ,1", "t", "td", "tdx", "tt",
        "ttx", "ts", "tss", "tsx:", "ts:", "tDx", "tD", "tix", "ti", "+", "+x", "+v", "+vx",
        "+w", "+w:", "+w:-1", "+w:x", "+u", "+ud", "+ux:", "+ud:x", "+ud:-1", "+ud:128",
        "+ud:1,", "+ud:,1", "+ud:1,1", "+ud:1;2", "+us:0,1,0", "+ll", "+s:", "+m:", "+r:",
        "\xff", "tsu:\xff", "i\xc3"};
    char zone[400] = "tsu:";

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        check_bad(make_schema(formats[i], NULL), STOA_ERR_TYPE, "format '");
    memset(zone + 4, 'z', 256);
    check_bad(make_schema(zone, NULL), STOA_ERR_TYPE, "longer than 255");
    zone[4 + 255] = '\0';
    zone[4 + 200] = ']';
    {
        struct ArrowSchema *schema = make_schema(zone, NULL);
        char text[1024];

        CHECK_INT(parse(schema, text), STOA_OK);
        make_free_schema(schema);
    }
}

static void an_endless_format_is_not_read_to_its_end(void)
{
    char *format = malloc(STOA__ARROW_FORMAT_BYTES_MAX + 1);
    struct ArrowSchema *schema = make_schema("i", "c");

    memset(format, 'i', STOA__ARROW_FORMAT_BYTES_MAX + 1); /* No NUL at all. */
    schema->format = format;
    check_bad(schema, STOA_ERR_TYPE, "longer than 1024 bytes");
    free(format);
}

static void children_must_fit_their_format(void)
{
    struct ArrowSchema *schema;

    check_bad(sample_schema1("i", "i"), STOA_ERR_TYPE, "has 1 children instead of 0");
    check_bad(make_schema("+l", ""), STOA_ERR_TYPE, "has 0 children instead of 1");
    check_bad(sample_schema2("+l", "i", "i"), STOA_ERR_TYPE, "2 children instead of 1");
    check_bad(make_schema("+w:2", ""), STOA_ERR_TYPE, "0 children instead of 1");
    check_bad(sample_schema1("+r", "i"), STOA_ERR_TYPE, "1 children instead of 2");
    check_bad(sample_schema1("+ud:1,2", "i"), STOA_ERR_TYPE, "1 children instead of 2");
    check_bad(sample_schema2("+us:", "i", "i"), STOA_ERR_TYPE, "2 children instead of 0");
    check_bad(sample_schema1("+m", "i"), STOA_ERR_TYPE, "not a struct of a key");
    check_bad(make_schema_child(make_schema("+m", ""), sample_schema1("+s", "i")),
              STOA_ERR_TYPE, "not a struct of a key");
    schema = sample_schema_map();
    schema->children[0]->children[0]->flags = ARROW_FLAG_NULLABLE;
    check_bad(schema, STOA_ERR_TYPE, "key is nullable");
    check_bad(sample_schema2("+r", "L", "i"), STOA_ERR_TYPE, "run ends are not");
    check_bad(sample_schema2("+r", "c", "i"), STOA_ERR_TYPE, "run ends are not");
    schema = sample_schema2("+r", "i", "i");
    make_schema_dictionary(schema->children[0], make_schema("l", ""));
    check_bad(schema, STOA_ERR_TYPE, "run ends are not");
    check_bad(sample_schema_coded("u", "u"), STOA_ERR_TYPE, "not an integer");
    check_bad(sample_schema_coded("b", "u"), STOA_ERR_TYPE, "not an integer");
    check_bad(sample_schema_coded("f", "u"), STOA_ERR_TYPE, "not an integer");
    check_bad(sample_schema_coded("i", "?"), STOA_ERR_TYPE, "column 'dictionary': format");
}

static void a_broken_struct_is_refused(void)
{
    struct ArrowSchema released = {0};
    struct ArrowSchema *schema = make_table(sample_schema1("+l", "i"));
    struct ArrowSchema *column = schema->children[0];
    struct ArrowSchema **children = column->children, *child = children[0];
    char text[1024];

    CHECK_INT(parse(NULL, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "schema: the schema is NULL");
    CHECK_INT(parse(&released, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "schema: the schema is released");
    column->children = NULL;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "column 'c': the list of children is NULL");
    column->children = children;
    children[0] = NULL;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "column 'c.[0]': the schema is NULL");
    children[0] = &released;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "column 'c.[0]': the schema is released");
    children[0] = child;
    column->n_children = -1;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_HAS(text, "-1 children");
    column->n_children = INT64_MAX;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_HAS(text, "9223372036854775807 children");
    column->n_children = 1;
    column->format = NULL;
    CHECK_INT(parse(schema, text), STOA_ERR_INVALID);
    CHECK_TEXT(text, "column 'c': the format is NULL");
    column->format = "+l";
    column->flags = INT64_MIN | ARROW_FLAG_NULLABLE; /* Flags of the future are ignored. */
    CHECK_INT(parse(schema, text), STOA_OK);
    make_free_schema(schema);
}

static void names_are_bounded_text(void)
{
    char *name = malloc(STOA__NAME_BYTES_MAX + 2);
    char text[1024];
    struct ArrowSchema *schema;

    check_bad(make_table(make_schema("i", "a\xff")), STOA_ERR_INVALID,
              "column '[0]': the name is not valid UTF-8");
    memset(name, 'n', STOA__NAME_BYTES_MAX + 1);
    name[STOA__NAME_BYTES_MAX + 1] = '\0';
    check_bad(make_table(make_schema("i", name)), STOA_ERR_INVALID, "longer than 4096");
    schema = make_schema("?", name + 1);
    CHECK_INT(parse(schema, text), STOA_ERR_TYPE); /* Just short enough. */
    schema = make_table(schema);
    CHECK_INT(parse(schema, text), STOA_ERR_TYPE);
    CHECK_HAS(text, "nnn': format '?'");
    make_free_schema(schema);
    free(name);
}

static void the_path_of_a_deep_fault_ends_with_the_fault(void)
{
    struct ArrowSchema *schema = make_schema("?", "leaf");
    char name[32], text[1024];

    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof(name), "level_%d", i);
        schema = make_schema_child(make_schema("+s", name), schema);
    }
    schema = make_table(schema);
    CHECK_INT(parse(schema, text), STOA_ERR_TYPE);
    CHECK_HAS(text, "column '...");
    CHECK_HAS(text, "level_0.leaf': format '?'");
    make_free_schema(schema);
}

/* A list of a list of ... with `depth` links above the leaf. */
static struct ArrowSchema *nested(int depth)
{
    struct ArrowSchema *schema = make_schema("i", "leaf");

    for (int i = 0; i < depth; i++)
        schema = make_schema_child(make_schema("+l", "list"), schema);
    return schema;
}

static void depth_is_bounded(void)
{
    struct ArrowSchema *schema = nested(STOA__DEPTH_MAX), *values;
    char text[1024];

    CHECK_INT(parse(schema, text), STOA_OK);
    make_free_schema(schema);
    check_bad(nested(STOA__DEPTH_MAX + 1), STOA_ERR_INVALID, "deeper than 64");
    schema = values = make_schema("i", "");
    for (int i = 0; i <= STOA__DEPTH_MAX; i++) {
        make_schema_dictionary(values, make_schema("i", ""));
        values = values->dictionary;
    }
    check_bad(schema, STOA_ERR_INVALID, "deeper than 64");
    schema = make_schema("+l", "loop");
    schema->n_children = 1;
    schema->children[0] = schema; /* A circle. */
    check_bad(schema, STOA_ERR_INVALID, "deeper than 64");
}

static void a_lattice_does_not_unfold_without_end(void)
{
    struct ArrowSchema level[20], *children[20][1000];
    char text[1024];

    for (int i = 0; i < 20; i++) {
        for (int c = 0; c < 1000; c++)
            children[i][c] = i < 19 ? &level[i + 1] : NULL;
        level[i] = (struct ArrowSchema){
            .format = i < 19 ? "+s" : "i",
            .n_children = i < 19 ? 1000 : 0,
            .children = children[i],
            .release = make_release_schema,
        };
    }
    CHECK_INT(parse(&level[0], text), STOA_ERR_INVALID);
    CHECK_HAS(text, "more than 131072 fields");
}

static size_t put_metadata(char *bytes, int32_t count, const char *const *texts)
{
    size_t size = 4;

    memcpy(bytes, &count, 4);
    for (int32_t i = 0; i < 2 * count; i++) {
        const int32_t text_size = (int32_t)strlen(texts[i]);

        memcpy(bytes + size, &text_size, 4);
        memcpy(bytes + size + 4, texts[i], (size_t)text_size);
        size += 4 + (size_t)text_size;
    }
    return size;
}

static void metadata_is_kept_and_found(void)
{
    static const char *const texts[] = {"a", "1", "", "", "ARROW:extension:name",
                                        "arrow.uuid", "ARROW:extension:metadata", "{}"};
    struct ArrowSchema *schema = make_schema("w:16", "id");
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    char bytes[256];
    const size_t size = put_metadata(bytes, 4, texts);
    int32_t found = -1;

    make_metadata(schema, bytes, size);
    CHECK_INT(stoa__arrow_type_parse(schema, &arena, &type, NULL), STOA_OK);
    CHECK_INT(type->metadata_size, size);
    CHECK(memcmp(type->metadata, bytes, size) == 0);
    CHECK_TEXT(type->extension_name, "arrow.uuid");
    CHECK_TEXT(type->extension_data, "{}");
    CHECK(strncmp(stoa__arrow_metadata_find(type->metadata, "a", &found), "1", 1) == 0);
    CHECK_INT(found, 1);
    CHECK(stoa__arrow_metadata_find(type->metadata, "", &found) != NULL);
    CHECK_INT(found, 0);
    CHECK(stoa__arrow_metadata_find(type->metadata, "b", &found) == NULL);
    CHECK(stoa__arrow_metadata_find(NULL, "b", &found) == NULL);
    stoa__arena_release(&arena);
    make_free_schema(schema);
}

static void check_bad_metadata(const void *bytes, size_t size)
{
    struct ArrowSchema *schema = make_schema("i", "c");

    make_metadata(schema, bytes, size);
    check_bad(make_table(schema), STOA_ERR_INVALID, "column 'c': the metadata has");
}

static void hostile_metadata_is_refused_without_reading_on(void)
{
    static const char *const texts[] = {"ARROW:extension:name", "\xff"};
    const int32_t negative[] = {-1}, many[] = {STOA__METADATA_COUNT_MAX + 1};
    const int32_t negative_key[] = {1, -1}, negative_value[] = {1, 0, -1};
    const int32_t huge_key[] = {1, INT32_MAX}, huge_value[] = {1, 0, INT32_MAX};
    const int32_t over[] = {1, STOA__METADATA_BYTES_MAX - 4};
    struct ArrowSchema *schema = make_schema("i", "c");
    char bytes[64];

    check_bad_metadata(negative, sizeof(negative));
    check_bad_metadata(many, sizeof(many));
    check_bad_metadata(negative_key, sizeof(negative_key));
    check_bad_metadata(negative_value, sizeof(negative_value));
    check_bad_metadata(huge_key, sizeof(huge_key));
    check_bad_metadata(huge_value, sizeof(huge_value));
    check_bad_metadata(over, sizeof(over));
    make_metadata(schema, bytes, put_metadata(bytes, 1, texts));
    check_bad(schema, STOA_ERR_INVALID, "'ARROW:extension:name' is not valid UTF-8");
}

static void all_metadata_of_a_schema_is_bounded_together(void)
{
    const int32_t size = STOA__METADATA_BYTES_MAX - 12, start[] = {1, size};
    struct ArrowSchema *schema = make_schema("+s", "");
    char *bytes = calloc(1, STOA__METADATA_BYTES_MAX);

    memcpy(bytes, start, sizeof(start));
    for (int i = 0; i < 5; i++) {
        struct ArrowSchema *child = make_schema("i", "c");

        child->metadata = bytes;
        make_schema_child(schema, child);
    }
    check_bad(schema, STOA_ERR_INVALID, "larger than 67108864 bytes");
    free(bytes);
}

/* Parse two schemas, both released, and compare. */
static bool equal(struct ArrowSchema *a, struct ArrowSchema *b)
{
    struct stoa__arrow_type *left = NULL, *right = NULL;
    stoa__arena arena = {0};
    bool answer;

    CHECK_INT(stoa__arrow_type_parse(a, &arena, &left, NULL), STOA_OK);
    CHECK_INT(stoa__arrow_type_parse(b, &arena, &right, NULL), STOA_OK);
    answer = stoa__arrow_type_equal(left, right);
    CHECK_INT(stoa__arrow_type_equal(right, left), answer);
    stoa__arena_release(&arena);
    make_free_schema(a);
    make_free_schema(b);
    return answer;
}

static void every_type_equals_itself_alone(void)
{
    for (int a = 0; a < SAMPLE_COUNT; a++)
        for (int b = 0; b < SAMPLE_COUNT; b++) {
            struct sample left = sample_column(a), right = sample_column(b);

            CHECK_INT(equal(left.schema, right.schema), a == b);
            make_free_array(left.array);
            make_free_array(right.array);
        }
}

static void equality_counts_names_of_fields_only(void)
{
    struct ArrowSchema *a, *b;

    /* The root's name does not count, nor how the format is written. */
    CHECK(equal(make_schema("d:10,2", "x"), make_schema("d:10,2,128", "y")));
    a = sample_schema1("+l", "i");
    b = make_schema_child(make_schema("+l", "c"), make_schema("i", "element"));
    CHECK(equal(a, b));
    a = sample_schema2("+s", "i", "i");
    b = make_schema_child(sample_schema1("+s", "i"), make_schema("i", "b"));
    CHECK(!equal(a, b));
    a = sample_schema_map();
    b = sample_schema_map();
    b->children[0]->children[0]->name = "k";
    CHECK(equal(a, b));
    a = make_table(make_schema("i", "c"));
    b = make_table(make_schema("i", "c"));
    b->children[0]->flags = 0;
    CHECK(equal(a, b));
    CHECK(!equal(make_schema("tsu:UTC", ""), make_schema("tsu:", "")));
}

static void text_is_cut_between_characters(void)
{
    struct ArrowSchema *schema = make_schema_child(make_schema("+s", ""),
                                                   make_schema("i", "\xc3\xa9\xc3\xa9"));
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    char text[64];

    CHECK_INT(stoa__arrow_type_parse(schema, &arena, &type, NULL), STOA_OK);
    stoa__arrow_type_text(type, text, 1);
    CHECK_TEXT(text, "");
    stoa__arrow_type_text(type, text, 9);
    CHECK_TEXT(text, "struct<");
    stoa__arrow_type_text(type, text, 10);
    CHECK_TEXT(text, "struct<\xc3\xa9");
    stoa__arrow_type_text(type, text, sizeof(text));
    CHECK_TEXT(text, "struct<\xc3\xa9\xc3\xa9: int32>");
    stoa__arena_release(&arena);
    make_free_schema(schema);
}

static void simple_types_are_made_from_a_format(void)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_error err;

    CHECK_INT(stoa__arrow_type_simple("tsu:UTC", "t", true, &arena, &type, &err), STOA_OK);
    CHECK_INT(type->kind, STOA__ARROW_TIMESTAMP);
    CHECK_INT(type->unit, STOA__UNIT_MICRO);
    CHECK_INT(type->width, 8);
    CHECK_TEXT(type->zone, "UTC");
    CHECK_TEXT(type->name, "t");
    CHECK(type->nullable);
    CHECK_INT(stoa__arrow_type_simple("l", NULL, false, &arena, &type, &err), STOA_OK);
    CHECK_TEXT(type->name, "");
    CHECK_TEXT(type->zone, "");
    CHECK(!type->nullable);
    CHECK_INT(stoa__arrow_type_simple("+s", "", true, &arena, &type, &err), STOA_ERR_TYPE);
    CHECK(type == NULL);
    CHECK_HAS(err.text, "format '+s' is nested");
    CHECK_INT(stoa__arrow_type_simple("+r", "", true, &arena, &type, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__arrow_type_simple("?", "", true, &arena, &type, &err), STOA_ERR_TYPE);
    stoa__arena_release(&arena);
}

static void parsing_survives_every_allocation_failure(void)
{
    struct ArrowSchema *schema = make_table(sample_schema_map());
    const int64_t before = stoa__mem_bytes();

    make_schema_child(schema, sample_schema2("+us:1,2", "tsu:UTC", "d:3,1"));
    make_schema_child(schema, sample_schema_coded("i", "u"));
    for (int nth = 0;; nth++) {
        struct stoa__arrow_type *type = NULL;
        stoa__arena arena = {0};
        stoa_error err;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa__arrow_type_parse(schema, &arena, &type, &err);
        stoa__mem_fail_nth = -1;
        stoa__arena_release(&arena);
        CHECK_INT(stoa__mem_bytes(), before);
        if (rc == STOA_OK) {
            CHECK(nth > 0);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(type == NULL);
    }
    make_free_schema(schema);
}

TEST_MAIN({"every format has a name", every_format_has_a_name},
          {"nested types have names", nested_types_have_names},
          {"a format that is none is refused", a_format_that_is_none_is_refused},
          {"an endless format is not read to its end",
           an_endless_format_is_not_read_to_its_end},
          {"children must fit their format", children_must_fit_their_format},
          {"a broken struct is refused", a_broken_struct_is_refused},
          {"names are bounded text", names_are_bounded_text},
          {"the path of a deep fault ends with the fault",
           the_path_of_a_deep_fault_ends_with_the_fault},
          {"depth is bounded", depth_is_bounded},
          {"a lattice does not unfold without end", a_lattice_does_not_unfold_without_end},
          {"metadata is kept and found", metadata_is_kept_and_found},
          {"hostile metadata is refused without reading on",
           hostile_metadata_is_refused_without_reading_on},
          {"all metadata of a schema is bounded together",
           all_metadata_of_a_schema_is_bounded_together},
          {"every type equals itself alone", every_type_equals_itself_alone},
          {"equality counts names of fields only", equality_counts_names_of_fields_only},
          {"text is cut between characters", text_is_cut_between_characters},
          {"simple types are made from a format", simple_types_are_made_from_a_format},
          {"parsing survives every allocation failure",
           parsing_survives_every_allocation_failure})
