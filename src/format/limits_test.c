/* SPDX-License-Identifier: Apache-2.0 */
/* Files nobody should have: a line of a gigabyte, thousands of columns. */
#include "format_kit.h"

/* `begin`, then `fill` letters, then `end`, made as they are read; `given` counts them. */
struct giant {
    const char *begin, *end;
    int64_t fill, given;
};

static stoa_status make(void *user_data, void *buffer, int64_t capacity, int64_t *size,
                        stoa_error *err)
{
    struct giant *giant = user_data;
    const int64_t begin = (int64_t)strlen(giant->begin), end = (int64_t)strlen(giant->end);
    char *out = buffer;
    int64_t used = 0;

    (void)err;
    while (used < capacity && giant->given < begin + giant->fill + end) {
        const int64_t at = giant->given;
        int64_t part = capacity - used;

        if (at < begin) {
            part = 1;
            out[used] = giant->begin[at];
        } else if (at < begin + giant->fill) {
            if (part > begin + giant->fill - at)
                part = begin + giant->fill - at;
            memset(out + used, 'x', (size_t)part);
        } else {
            part = 1;
            out[used] = giant->end[at - begin - giant->fill];
        }
        used += part;
        giant->given += part;
    }
    *size = used;
    return STOA_OK;
}

/* Reads all of it: `*size` is that of the last column's first text. Gives the failure, or "". */
static char *read_giant(kit_open *open, struct giant *giant, const stoa_option *options,
                        int64_t count, int64_t *size)
{
    stoa_source source = {.struct_size = sizeof source, .read = make, .user_data = giant};
    struct ArrowArrayStream stream = {0};
    struct ArrowArray batch;
    stoa_error err;
    stoa_status rc = open((stoa_op){0}, &source, NULL, options, count, &stream, &err);

    *size = -1;
    while (rc == STOA_OK) {
        rc = stoa_stream_next(&stream, &batch, &err);
        if (rc == STOA_OK) {
            const struct ArrowArray *column = batch.children[batch.n_children - 1];
            *size = ((const int32_t *)column->buffers[1])[1];
            stoa_batch_release(&batch);
        }
    }
    stoa_stream_release(&stream);
    return strdup(rc < 0 ? err.text : "");
}

static void check_refused(kit_open *open, struct giant giant, const char *limit,
                          int64_t read_most)
{
    const stoa_option option = {"record_size", limit};
    int64_t size;
    char *told = read_giant(open, &giant, &option, 1, &size);

    CHECK(strstr(told, "record_size") != NULL);
    CHECK(giant.given <= read_most);
    free(told);
}

static void a_line_of_a_gigabyte_is_refused_with_the_limit(void)
{
    enum { GIGABYTE = 1 << 30, MEGABYTE = 1 << 20 };
    const struct giant csv = {"a,b\n1,", "\n2,y\n", GIGABYTE, 0};
    const struct giant quoted = {"a,b\n1,\"", "\"\n", GIGABYTE, 0};
    const struct giant header = {"a,b", ",c\n", GIGABYTE, 0};
    const struct giant json = {"{\"a\":1}\n{\"a\":\"", "\"}\n", GIGABYTE, 0};
    const struct giant first = {"{\"a\":\"", "\"}\n", GIGABYTE, 0};

    check_refused(stoa_csv_open, csv, "16M", 48 * MEGABYTE);
    check_refused(stoa_csv_open, quoted, "1M", 8 * MEGABYTE);
    check_refused(stoa_csv_open, header, "1M", 8 * MEGABYTE);
    check_refused(stoa_jsonl_open, json, "16M", 48 * MEGABYTE);
    check_refused(stoa_jsonl_open, first, "1M", 8 * MEGABYTE);
}

/* The greatest limit there is: memory for it is wanted, so only with STOA_TEST_LONG=1. */
static void a_line_of_a_gigabyte_is_read_when_allowed(void)
{
    const stoa_option options[] = {{"record_size", "1G"}, {"threads", "1"}};
    struct giant fits = {"a,b\n1,", "\n", (INT64_C(1) << 30) - 100, 0};
    struct giant over = {"a,b\n1,", "\n", (INT64_C(1) << 30) + 100, 0};
    int64_t size;
    char *told;

    if (!getenv("STOA_TEST_LONG"))
        return;
    told = read_giant(stoa_csv_open, &fits, options, 2, &size);
    CHECK_TEXT(told, "");
    CHECK_INT(size, fits.fill);
    free(told);
    told = read_giant(stoa_csv_open, &over, options, 2, &size);
    CHECK(strstr(told, "record_size allows (1073741824") != NULL);
    free(told);
    told = read_giant(stoa_csv_open, &over, &(stoa_option){"record_size", "2G"}, 1, &size);
    CHECK(strstr(told, "record_size") != NULL); /* The setting itself is too great. */
    free(told);
}

static void keys_by_the_thousand_are_read(void)
{
    enum { KEYS = 2000, ROWS = 20 };
    char *text = malloc(ROWS * KEYS * 16), *got;
    size_t size = 0;

    CHECK(text != NULL);
    for (int row = 0; row < ROWS; row++)
        for (int i = 0; i < KEYS; i++)
            size += (size_t)snprintf(text + size, 16, "%s\"k%d\":%d%s", i == 0 ? "{" : ",", i,
                                     i + row, i + 1 < KEYS ? "" : "}\n");
    got = kit_read_bytes(stoa_jsonl_open, text, size, "");
    CHECK_INT(strlen(got), size);
    CHECK(memcmp(got, text, size) == 0);
    free(got);
    free(text);
}

TEST_MAIN({"a line of a gigabyte is refused with the limit",
           a_line_of_a_gigabyte_is_refused_with_the_limit},
          {"a line of a gigabyte is read when allowed",
           a_line_of_a_gigabyte_is_read_when_allowed},
          {"keys by the thousand are read", keys_by_the_thousand_are_read})
