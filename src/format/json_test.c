/* SPDX-License-Identifier: Apache-2.0 */
#include "format_kit.h"

#include "base/mem.h"

static void lines_become_rows(void)
{
    CHECK_JSONL("", "", "");
    CHECK_JSONL("\n \n", "", "");
    CHECK_JSONL("{}\n", "", "{}\n");
    CHECK_JSONL("{\"a\":1,\"b\":\"x\"}\n{\"b\":\"\",\"a\":-2}", "",
                "{\"a\":1,\"b\":\"x\"}\n{\"a\":-2,\"b\":\"\"}\n");
    CHECK_JSONL("\xef\xbb\xbf { \"a\" : 1.5 , \"b\" : true }\r\n\r\n{\"a\":2,\"b\":null}\r\n", "",
                "{\"a\":1.5,\"b\":true}\n{\"a\":2.0,\"b\":null}\n");
    CHECK_JSONL("{\"a\":1}\n{\"b\":2}\n{\"c\":3,\"a\":4}\n", "",
                "{\"a\":1,\"b\":null,\"c\":null}\n{\"a\":null,\"b\":2,\"c\":null}\n"
                "{\"a\":4,\"b\":null,\"c\":3}\n");
    CHECK_JSONL("{\"a\\u0062\":\"\\u00e9\\n\\\"\\ud83d\\ude00\"}\n{\"ab\":\"z\"}\n", "",
                "{\"ab\":\"\xc3\xa9\\n\\\"\xf0\x9f\x98\x80\"}\n{\"ab\":\"z\"}\n");
    CHECK_JSONL("{\"x\\\"y\":1}\n{\"x\\\"y\":2}\n", "", "{\"x\\\"y\":1}\n{\"x\\\"y\":2}\n");
}

static void types_are_inferred(void)
{
    CHECK_JSONL_TYPES("{\"a\":1,\"b\":1.5,\"c\":\"1\",\"d\":false,\"e\":null,"
                      "\"f\":12345678901234567890}",
                      "", "a l, b g, c u, d b, e u, f d:38,0");
    CHECK_JSONL_TYPES("{\"a\":\"2024-01-31\",\"b\":\"2024-01-31T10:00:00Z\",\"c\":\"10:00:00\"}",
                      "",
                      "a tdD, b tsu:UTC, c ttu");
    CHECK_JSONL_TYPES("{\"a\":\"2024-01-31\",\"b\":1.25}", "times=no numbers=decimal",
                      "a u, b d:38,2");
    CHECK_JSONL_TYPES("{\"a\":{\"b\":1},\"c\":[1.5,2]}", "", "a +s, c +l");
    CHECK_JSONL_TYPES("{\"a\":{\"b\":1},\"c\":[1.5,2]}", "nested=json", "a u, c u");
    CHECK_JSONL_TYPES("{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":true}\n", "", "a u");
    CHECK_JSONL_TYPES("{\"a\":[1,\"x\"],\"b\":{},\"c\":[[]]}", "", "a u, b u, c +l");
}

static void nested_values_are_structs_lists_or_text(void)
{
    static const char text[] = "{\"a\":{\"b\":[1,null],\"c\":\"2024-01-31\"},\"d\":[{\"e\":1.5}]}\n"
                               "{\"a\":{\"b\":[]},\"d\":null}\n{}\n";

    CHECK_JSONL(text, "",
                "{\"a\":{\"b\":[1,null],\"c\":\"2024-01-31\"},\"d\":[{\"e\":1.5}]}\n"
                "{\"a\":{\"b\":[],\"c\":null},\"d\":null}\n{\"a\":null,\"d\":null}\n");
    CHECK_JSONL(text, "nested=json",
                "{\"a\":\"{\\\"b\\\":[1,null],\\\"c\\\":\\\"2024-01-31\\\"}\","
                "\"d\":\"[{\\\"e\\\":1.5}]\"}\n"
                "{\"a\":\"{\\\"b\\\":[]}\",\"d\":null}\n{\"a\":null,\"d\":null}\n");
    CHECK_JSONL("{\"a\":1}\n{\"a\":\"x\\n\"}\n{\"a\":[1, {\"b\":2}]}\n{\"a\":null}\n", "",
                "{\"a\":\"1\"}\n{\"a\":\"x\\n\"}\n{\"a\":\"[1, {\\\"b\\\":2}]\"}\n{\"a\":null}\n");
}

static void bad_lines_name_their_place(void)
{
    CHECK_JSONL_FAILS("{\"a\":1}\n\n{\"a\":2,}\n", "", "STOA_ERR_SYNTAX: the input, line 3: ");
    CHECK_JSONL_FAILS("{\"a\":1}\n[1]\n", "", "line 2: the line is no object");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":2} x\n", "", "line 2: ");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":01}\n", "", "line 2, column 1 ('a'): ");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":+1}\n", "", "line 2, column 1 ('a'): ");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":1,\"a\":2}\n", "", "line 2: the key 'a' is there twice");
    CHECK_JSONL_FAILS("{\"a\":\"x\"}\n{\"a\":\"\xff\"}\n", "", "line 2");
    CHECK_JSONL_FAILS("{\"a\":\"x\"}\n{\"a\":\"\t\"}\n", "", "line 2");
    CHECK_JSONL_FAILS("{\"a\":\"x\"}\n{\"a\":\"\\ud800\"}\n", "", "line 2");
    CHECK_JSONL_FAILS("{\"a\":\"x\"}\n{\"a\":\"\\u0000\"}\n", "", "NUL byte");
    CHECK_JSONL("{\"a\":\"x\"}\n{\"a\":\"\\u0000\"}\n", "nul=keep",
                "{\"a\":\"x\"}\n{\"a\":\"\\u0000\"}\n");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":2\n", "", "line 2");
    CHECK_JSONL_FAILS("{\"a\":1}\n{\"a\":tru}\n", "", "line 2");
    CHECK_JSONL("{\"a\":1}\n{\"a\":}\n{\"a\":2}\n{\"a\":\"", "bad_rows=skip",
                "{\"a\":1}\n{\"a\":2}\n");
    CHECK_JSONL_FAILS("\xff\xfe{\0", "", "is UTF-16LE");
}

/* A line, then others; the sample holds the first ones alone. */
static char *repeat(const char *line, int count, const char *tail)
{
    const size_t size = strlen(line);
    char *text = malloc(size * (size_t)count + strlen(tail) + 1);

    CHECK(text != NULL);
    for (int i = 0; i < count; i++)
        memcpy(text + size * (size_t)i, line, size);
    memcpy(text + size * (size_t)count, tail, strlen(tail) + 1);
    return text;
}

static void late_keys_and_values_are_refused_or_passed_over(void)
{
    char *text = repeat("{\"a\":1}\n", 2000, "{\"a\":2,\"b\":[{\"c\":\"]\"}]}\n{\"a\":\"x\"}\n");
    char *got;

    CHECK_JSONL_FAILS(text, "sample_size=4k", "line 2001: the key 'b' is no column");
    CHECK_JSONL_FAILS(text, "sample_size=4k unknown=ignore", "line 2002, column 1 ('a'): ");
    got = kit_read_bytes(stoa_jsonl_open, text, strlen(text),
                         "sample_size=4k chunk_size=4k unknown=ignore bad_rows=skip");
    CHECK_INT(strlen(got), 2001 * 8);
    free(got);
    free(text);
    text = repeat("{\"a\":\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\"}\n", 1, "{\"a\":\"\"}\n");
    CHECK_JSONL_FAILS(text, "record_size=20", "line 1: the line has 48 bytes, more than "
                                              "record_size allows (20)");
    free(text);
}

static void a_target_says_the_types(void)
{
    struct ArrowSchema fields[3] = {{.format = "i", .name = "A", .flags = ARROW_FLAG_NULLABLE},
                                    {.format = "d:10,2", .name = "price"},
                                    {.format = "z", .name = "data", .flags = ARROW_FLAG_NULLABLE}};
    struct ArrowSchema *children[3] = {&fields[0], &fields[1], &fields[2]};
    struct ArrowSchema target = {.format = "+s", .n_children = 3, .children = children};
    struct ArrowArrayStream stream;
    const char *text = "{\"a\":7,\"price\":1.5,\"data\":\"6869\",\"more\":\"x\"}\n";
    stoa_error err;
    char *got;

    target.release = fields[0].release = fields[1].release = fields[2].release =
        (void (*)(struct ArrowSchema *))stoa_schema_release;
    CHECK_INT(kit_open_bytes(stoa_jsonl_open, text, strlen(text), &target, "binary=hex", &stream,
                             &err),
              STOA_OK);
    got = kit_dump(&stream, stoa_jsonl_write, "binary=hex");
    CHECK_TEXT(got, "{\"A\":7,\"price\":\"1.50\",\"data\":\"6869\",\"more\":\"x\"}\n");
    free(got);
    text = "{\"a\":7}\n";
    CHECK_INT(kit_open_bytes(stoa_jsonl_open, text, strlen(text), &target, "", &stream, &err),
              STOA_OK);
    got = kit_dump(&stream, stoa_jsonl_write, "");
    CHECK_HAS(got, "line 1, column 2 ('price'): it is NULL or missing");
    free(got);
}

static void every_failed_allocation_is_survived(void)
{
    static const char text[] = "{\"a\":1,\"b\":\"x\\n\",\"c\":[1,{\"d\":2}],\"e\":{\"f\":\"y\"}}\n"
                               "{\"b\":\"\"}\n{\"a\":[]}\n";
    bool through = false;

    for (int64_t nth = 0; !through; nth++) {
        struct ArrowArrayStream stream;
        struct ArrowArray batch;
        stoa_error err;
        stoa_status rc;

        atomic_store(&stoa__mem_fail_nth, nth);
        rc = kit_open_bytes(stoa_jsonl_open, text, sizeof text - 1, NULL,
                            "bad_rows=skip threads=1", &stream, &err);
        if (rc == STOA_OK) {
            while (rc == STOA_OK) {
                rc = stoa_stream_next(&stream, &batch, &err);
                stoa_batch_release(&batch);
            }
            stoa_stream_release(&stream);
        }
        through = atomic_exchange(&stoa__mem_fail_nth, -1) >= 0;
        CHECK_INT(rc, through ? STOA_DONE : STOA_ERR_NOMEM);
        CHECK_INT(stoa__mem_allocations(), 0);
        CHECK(!through || nth > 20);
    }
}

TEST_MAIN({"lines become rows", lines_become_rows}, {"types are inferred", types_are_inferred},
          {"nested values are structs, lists or text", nested_values_are_structs_lists_or_text},
          {"bad lines name their place", bad_lines_name_their_place},
          {"late keys and values are refused or passed over",
           late_keys_and_values_are_refused_or_passed_over},
          {"a target says the types", a_target_says_the_types},
          {"every failed allocation is survived", every_failed_allocation_is_survived})
