/* SPDX-License-Identifier: Apache-2.0 */
#include "format_kit.h"

#include "base/mem.h"
#include "format/put.h"

#include <dirent.h>

/* JSON lines in, the other format out. */
static char *rewrite(const char *text, kit_write *write, const char *settings)
{
    struct ArrowArrayStream stream;
    stoa_error err;

    CHECK_INT(kit_open_bytes(stoa_jsonl_open, text, strlen(text), NULL, "times=no nul=keep",
                             &stream, &err),
              STOA_OK);
    return kit_dump(&stream, write, settings);
}

static void check_csv(const char *text, const char *settings, const char *wanted)
{
    char *got = rewrite(text, stoa_csv_write, settings);

    CHECK_TEXT(got, wanted);
    free(got);
}

static void text_is_quoted_where_it_must_be(void)
{
    check_csv("{\"a\":\"x\",\"b,c\":1}\n{\"a\":\"y,z\"}\n{\"a\":\"\"}\n{\"a\":null}\n"
              "{\"a\":\"q\\\"q\"}\n{\"a\":\"l\\nm\"}\n{\"a\":\"c\\r\"}\n",
              "", "a,\"b,c\"\nx,1\n\"y,z\",\n\"\",\n,\n\"q\"\"q\",\n\"l\nm\",\n\"c\r\",\n");
    check_csv("{\"a\":\"a text that is longer than all the short ones, with a comma\"}\n", "",
              "a\n\"a text that is longer than all the short ones, with a comma\"\n");
    check_csv("{\"a\":\"a text that is longer than all the short ones and needs none\"}\n", "",
              "a\na text that is longer than all the short ones and needs none\n");
}

/* They are written in a way of their own, which must say what text/civil says. */
static void timestamps_are_what_they_are_elsewhere(void)
{
    static const int64_t seconds[] = {0,       -1,          86399,      86400,        -86400,
                                      -86401,  1709164800,  1709251199, 1709251200,   -2208988800,
                                      9000001, -9000000001, 253402300,  -62167219200, -62167219201};
    enum { COUNT = sizeof seconds / sizeof *seconds };
    struct stoa__arrow_type type = {.kind = STOA__ARROW_TIMESTAMP, .zone = "", .width = 8};
    int64_t values[COUNT];
    const void *buffers[2] = {NULL, values};
    const struct ArrowArray array = {.length = COUNT, .n_buffers = 2, .buffers = buffers};

    for (uint32_t unit = STOA__CIVIL_SECOND; unit <= STOA__CIVIL_NANO; unit++) {
        const int64_t per_second = stoa__civil_per_second(unit);
        struct stoa__put_column column;
        stoa__buffer out = {0};
        bool number = true;

        type.unit = (enum stoa__arrow_unit)unit;
        for (int64_t i = 0; i < COUNT; i++)
            values[i] = unit == STOA__CIVIL_NANO && llabs(seconds[i]) > 9000000000
                            ? INT64_MIN + i
                            : seconds[i] * per_second + (i * 7919 + 1) % per_second;
        stoa__put_column_set(&column, &type, &array);
        CHECK_INT(stoa__buffer_reserve(&out, 64 * COUNT), STOA_OK);
        for (int64_t i = 0; i < COUNT; i++) {
            char wanted[STOA__CIVIL_TEXT_MAX];
            const size_t size = stoa__timestamp_format(values[i], unit, wanted);

            out.size = 0;
            CHECK(stoa__put_quick(&column, i, &out, &number) && !number);
            CHECK_INT(out.size, size);
            CHECK(memcmp(out.data, wanted, size) == 0);
        }
        stoa__buffer_release(&out);
    }
}

static void settings_change_the_form(void)
{
    const char *text = "{\"a\":1.5,\"b\":\"x;y\"}\n{\"a\":null,\"b\":\"NA\"}\n";

    check_csv(text, "separator=; quote=' null=NA line_end=crlf",
              "a;b\r\n1.5;'x;y'\r\nNA;'NA'\r\n");
    check_csv(text, "header=no quoting=all", "\"1.5\",\"x;y\"\n,\"NA\"\n");
    check_csv(text, "separator=tab", "a\tb\n1.5\tx;y\n\tNA\n");
    check_csv(text, "separator=.", "a.b\n\"1.5\".x;y\n.NA\n");
    check_csv(text, "separator=,,", "STOA_ERR_INVALID: setting 'separator' is ',,', which is not "
                                    "one ASCII character");
    check_csv(text, "null=a,b",
              "STOA_ERR_INVALID: null='a,b' holds the separator, the quote or a line end");
    check_csv(text, "separator=\"", "STOA_ERR_INVALID: separator and quote are both '\"'");
}

static void json_is_escaped_and_nulls_may_be_left_out(void)
{
    const char *text = "{\"a\\\"\":\"x\\u0001\\n\",\"b\":null,\"c\":1}\n";
    char *got = rewrite(text, stoa_jsonl_write, "");

    CHECK_TEXT(got, "{\"a\\\"\":\"x\\u0001\\n\",\"b\":null,\"c\":1}\n");
    free(got);
    got = rewrite(text, stoa_jsonl_write, "nulls=omit");
    CHECK_TEXT(got, "{\"a\\\"\":\"x\\u0001\\n\",\"c\":1}\n");
    free(got);
}

static char *slurp(const char *path)
{
    static char text[256];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!file)
        return NULL;
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    return text;
}

static stoa_status write_path(const char *text, const char *path, const char *exists,
                              stoa_error *err)
{
    stoa_sink sink = {.struct_size = sizeof sink, .path = path, .path_size = STOA_NUL};
    stoa_option option = {"exists", exists};
    struct ArrowArrayStream stream;
    int64_t rows = -1;
    stoa_status rc;

    CHECK_INT(kit_open_bytes(stoa_csv_open, text, strlen(text), NULL, "", &stream, err), STOA_OK);
    rc = stoa_csv_write((stoa_op){0}, &stream, &sink, &option, 1, &rows, err);
    CHECK_INT(stream.release == NULL, rc == STOA_OK);
    CHECK(rc != STOA_OK || rows == 1);
    stoa_stream_release(&stream);
    return rc;
}

static int files_beside(const char *path)
{
    char *folder = strdup(path);
    int count = 0;
    DIR *open;

    CHECK(folder != NULL);
    *strrchr(folder, '/') = '\0';
    open = opendir(folder);
    CHECK(open != NULL);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(open);
    free(folder);
    return count;
}

static void a_file_appears_when_it_is_complete(void)
{
    char *path = test_path("out.csv");
    stoa_error err;

    CHECK_INT(write_path("a\n1\n", path, "error", &err), STOA_OK);
    CHECK_TEXT(slurp(path), "a\n1\n");
    CHECK_INT(write_path("a\n2\n", path, "error", &err), STOA_ERR_EXISTS);
    CHECK_HAS(err.text, "exists=replace would replace it");
    CHECK_INT(write_path("a,b\n1\n", path, "replace", &err), STOA_ERR_TYPE);
    CHECK_TEXT(slurp(path), "a\n1\n");
    CHECK_INT(files_beside(path), 1);
    CHECK_INT(write_path("a\n2\n", path, "replace", &err), STOA_OK);
    CHECK_TEXT(slurp(path), "a\n2\n");
    CHECK_INT(files_beside(path), 1);
    CHECK_INT(write_path("a\n2\n", "/nowhere/x.csv", "error", &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(write_path("a\n2\n", "/dev/full", "error", &err), STOA_ERR_FULL);
    free(path);
}

static stoa_status refuse(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    (void)bytes, (void)size, (void)err;
    return *(stoa_status *)user_data;
}

static int release_count;

static void count_release(void *user_data)
{
    (void)user_data;
    release_count++;
}

static void misuse_and_failing_sinks_are_answered(void)
{
    stoa_status answer = STOA_ERR_IO;
    stoa_sink sink = {.struct_size = sizeof sink,
                      .write = refuse,
                      .user_data = &answer,
                      .release = count_release};
    struct ArrowArrayStream stream, none = {0};
    stoa_error err;

    CHECK_INT(kit_open_bytes(stoa_csv_open, "a\n1\n", 4, NULL, "", &stream, &err), STOA_OK);
    CHECK_INT(stoa_csv_write((stoa_op){0}, &none, &sink, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(release_count, 1);
    CHECK_INT(stoa_csv_write((stoa_op){0}, &stream, NULL, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_csv_write((stoa_op){0}, &stream, &sink, &(stoa_option){"x", "y"}, 1, NULL,
                             &err),
              STOA_ERR_INVALID);
    CHECK_INT(release_count, 2);
    CHECK_INT(stoa_jsonl_write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err),
              STOA_ERR_CALLBACK);
    CHECK_INT(release_count, 3);
    CHECK(stream.release != NULL);
    stoa_stream_release(&stream);
    sink.path = "x";
    sink.path_size = 1;
    CHECK_INT(kit_open_bytes(stoa_csv_open, "a\n1\n", 4, NULL, "", &stream, &err), STOA_OK);
    CHECK_INT(stoa_csv_write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "the sink has both path and write");
    stoa_stream_release(&stream);
}

static stoa_status swallow(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    (void)user_data, (void)bytes, (void)size, (void)err;
    return STOA_OK;
}

static void every_failed_allocation_is_survived(void)
{
    static const char text[] = "{\"a\":1,\"b\":\"x\\n\",\"c\":[1,2],\"d\":1.5,\"e\":true}\n";
    kit_write *const writers[] = {stoa_csv_write, stoa_jsonl_write};
    bool through = false;

    for (int i = 0; i < 2; i++, through = false)
        for (int64_t nth = 0; !through; nth++) {
            stoa_sink sink = {.struct_size = sizeof sink, .write = swallow};
            struct ArrowArrayStream stream;
            stoa_error err;
            stoa_status rc;

            CHECK_INT(kit_open_bytes(stoa_jsonl_open, text, sizeof text - 1, NULL, "threads=1",
                                     &stream, &err),
                      STOA_OK);
            atomic_store(&stoa__mem_fail_nth, nth);
            rc = writers[i]((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err);
            through = atomic_exchange(&stoa__mem_fail_nth, -1) >= 0;
            CHECK_INT(rc, through ? STOA_OK : STOA_ERR_NOMEM);
            stoa_stream_release(&stream);
            CHECK_INT(stoa__mem_allocations(), 0);
        }
}

TEST_MAIN({"text is quoted where it must be", text_is_quoted_where_it_must_be},
          {"timestamps are what they are elsewhere", timestamps_are_what_they_are_elsewhere},
          {"settings change the form", settings_change_the_form},
          {"JSON is escaped and NULLs may be left out",
           json_is_escaped_and_nulls_may_be_left_out},
          {"a file appears when it is complete", a_file_appears_when_it_is_complete},
          {"misuse and failing sinks are answered", misuse_and_failing_sinks_are_answered},
          {"every failed allocation is survived", every_failed_allocation_is_survived})
