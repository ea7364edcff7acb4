/* SPDX-License-Identifier: Apache-2.0 */
#include "format_kit.h"

#include <fcntl.h>

/* "a,b\n1,x\n2,y\n", packed. */
static const char gzip_text[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x49\xe2\x32\xd4\xa9\xe0\x32\xd2\xa9\xe4"
    "\x02\x00\xc2\x96\x7e\x9d\x0c\x00\x00\x00";
static const char zstd_text[] = "\x28\xb5\x2f\xfd\x20\x0c\x61\x00\x00"
                                "a,b\n1,x\n2,y\n";
enum { GZIP_SIZE = 32, ZSTD_SIZE = 21 };

static const char rows[] = "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n";

/* The rows, or one sentence where the library is not there. */
static void check_packed(const void *bytes, size_t size, const char *settings, const char *wanted)
{
    char *got = kit_read_bytes(stoa_csv_open, bytes, size, settings);

    if (strstr(got, "was not found where the system looks"))
        CHECK_HAS(got, "STOA_ERR_UNSUPPORTED");
    else
        CHECK_HAS(got, wanted);
    free(got);
}

static void packed_input_is_unpacked(void)
{
    check_packed(gzip_text, GZIP_SIZE, "", rows);
    check_packed(gzip_text, GZIP_SIZE, "compression=gzip", rows);
    check_packed(zstd_text, ZSTD_SIZE, "", rows);
    check_packed(zstd_text, ZSTD_SIZE, "compression=zstd", rows);
}

static void members_may_follow_each_other(void)
{
    char text[2 * GZIP_SIZE + 100] = {0};

    memcpy(text, gzip_text, GZIP_SIZE);
    memcpy(text + GZIP_SIZE, gzip_text, GZIP_SIZE);
    check_packed(text, 2 * GZIP_SIZE, "types=text",
                 "{\"a\":\"2\",\"b\":\"y\"}\n{\"a\":\"a\",\"b\":\"b\"}\n");
    check_packed(text, sizeof text, "types=text", "{\"a\":\"a\",\"b\":\"b\"}\n");
}

static void damage_is_told(void)
{
    char text[GZIP_SIZE];

    for (size_t size = 3; size < GZIP_SIZE; size++)
        check_packed(gzip_text, size, "", "STOA_ERR_CORRUPT: the input ends in the middle");
    for (size_t size = 4; size < ZSTD_SIZE; size++)
        check_packed(zstd_text, size, "", "STOA_ERR_CORRUPT: the input ends in the middle");
    memcpy(text, gzip_text, GZIP_SIZE);
    text[14] ^= 0x55;
    check_packed(text, GZIP_SIZE, "", "STOA_ERR_CORRUPT: the gzip data is damaged");
    check_packed("a,b\n1,2\n", 8, "compression=gzip", "STOA_ERR_CORRUPT");
    check_packed("a,b\n1,2\n", 8, "compression=zstd", "STOA_ERR_CORRUPT");
}

struct feed {
    const char *text;
    size_t size, at, piece;
    int released;
    stoa_status answer;
};

static stoa_status feed_read(void *user_data, void *buffer, int64_t capacity, int64_t *size,
                             stoa_error *err)
{
    struct feed *feed = user_data;
    size_t part = feed->size - feed->at < feed->piece ? feed->size - feed->at : feed->piece;

    if (part == 0 && feed->answer != STOA_OK) {
        if (feed->answer == STOA_ERR_NETWORK) {
            err->code = STOA_ERR_NETWORK;
            err->text_size = snprintf(err->text, sizeof err->text, "the line is dead");
        }
        return feed->answer;
    }
    CHECK(part <= (size_t)capacity);
    memcpy(buffer, feed->text + feed->at, part);
    feed->at += part;
    *size = feed->answer == STOA_DONE ? capacity + 1 : (int64_t)part;
    return STOA_OK;
}

static void feed_release(void *user_data)
{
    ((struct feed *)user_data)->released++;
}

static char *read_feed(struct feed *feed, const stoa_option *options, int64_t count)
{
    stoa_source source = {.struct_size = sizeof source,
                          .read = feed_read,
                          .user_data = feed,
                          .release = feed_release,
                          .total = 100};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char *told = NULL;
    stoa_status rc = stoa_csv_open((stoa_op){0}, &source, NULL, options, count, &stream, &err);

    if (rc == STOA_OK)
        told = kit_dump(&stream, stoa_jsonl_write, "");
    else
        CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
    CHECK_INT(feed->released, 1);
    return told;
}

static void a_callback_may_give_any_pieces(void)
{
    for (size_t piece = 1; piece < 14; piece++) {
        struct feed feed = {.text = "a,b\n1,x\n2,y\n", .size = 12, .piece = piece};
        char *got = read_feed(&feed, NULL, 0);

        CHECK_TEXT(got, rows);
        free(got);
        feed = (struct feed){.text = gzip_text, .size = GZIP_SIZE, .piece = piece};
        got = read_feed(&feed, NULL, 0);
        CHECK(strcmp(got, rows) == 0 || strstr(got, "was not found"));
        free(got);
    }
}

static void a_callbacks_failure_comes_through(void)
{
    struct feed feed = {.text = "a\n1\n", .size = 4, .piece = 4, .answer = STOA_ERR_NETWORK};
    stoa_option unknown = {"x", "y"};
    char *got = read_feed(&feed, NULL, 0);

    CHECK_TEXT(got, "STOA_ERR_NETWORK: the line is dead");
    free(got);
    feed = (struct feed){.answer = STOA_ERR_IO};
    got = read_feed(&feed, NULL, 0);
    CHECK_HAS(got, "STOA_ERR_CALLBACK: the source's read failed with -16");
    free(got);
    feed = (struct feed){.text = "a", .size = 1, .piece = 1, .answer = STOA_DONE};
    got = read_feed(&feed, NULL, 0);
    CHECK_HAS(got, "STOA_ERR_CALLBACK: the source's read gave");
    free(got);
    feed = (struct feed){.text = "a", .size = 1, .piece = 1};
    got = read_feed(&feed, &unknown, 1);
    CHECK_HAS(got, "unknown setting 'x'");
    free(got);
}

static char *read_path(const char *path, stoa_op op)
{
    stoa_source source = {.struct_size = sizeof source, .path = path, .path_size = STOA_NUL};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char *told = NULL;
    stoa_status rc = stoa_csv_open(op, &source, NULL, NULL, 0, &stream, &err);

    if (rc == STOA_OK)
        return kit_dump(&stream, stoa_jsonl_write, "");
    CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
    return told;
}

static void files_are_read_or_named(void)
{
    char *path = test_path("in.csv"), *got = read_path(path, (stoa_op){0});
    FILE *file;

    CHECK_HAS(got, "STOA_ERR_NOT_FOUND");
    CHECK_HAS(got, "in.csv cannot be opened");
    free(got);
    file = fopen(path, "wb");
    CHECK(file && fputs("a,b\n1,x\n2,y\n", file) >= 0 && fclose(file) == 0);
    got = read_path(path, (stoa_op){0});
    CHECK_TEXT(got, rows);
    free(got);
    free(path);
    got = read_path("/tmp", (stoa_op){0});
    CHECK_HAS(got, "is a directory");
    free(got);
    got = read_path("", (stoa_op){0});
    CHECK_HAS(got, "the source's path is empty");
    free(got);
}

static void a_pipe_that_says_nothing_can_be_cancelled(void)
{
    char *path = test_path("pipe"), *got;
    stoa_op op;
    int file;

    CHECK_INT(mkfifo(path, 0600), 0);
    file = open(path, O_RDWR);
    CHECK(file >= 0);
    CHECK_INT(stoa_op_open(100, NULL, NULL, NULL, &op, NULL), STOA_OK);
    got = read_path(path, op);
    CHECK_HAS(got, "STOA_ERR_TIMEOUT");
    free(got);
    stoa_op_close(op);
    (void)close(file);
    free(path);
}

static void progress_is_bytes(void)
{
    char *path = test_path("in.csv");
    stoa_source source = {.struct_size = sizeof source, .path = path, .path_size = STOA_NUL};
    struct ArrowArrayStream stream;
    int64_t done = 0, total = 0;
    FILE *file = fopen(path, "wb");
    stoa_error err;
    stoa_op op;

    CHECK(file && fputs("a,b\n1,x\n2,y\n", file) >= 0 && fclose(file) == 0);
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa_csv_open(op, &source, NULL, NULL, 0, &stream, &err), STOA_OK);
    CHECK_INT(stoa_op_progress(op, &done, &total, &err), STOA_OK);
    CHECK_INT(done, 12);
    CHECK_INT(total, 12);
    CHECK_INT(stoa_op_cancel(op, &err), STOA_OK);
    stoa_op_close(op);
    CHECK_INT(stoa_stream_next(&stream, &(struct ArrowArray){0}, &err), STOA_ERR_CANCELLED);
    stoa_stream_release(&stream);
    free(path);
}

TEST_MAIN({"packed input is unpacked", packed_input_is_unpacked},
          {"members may follow each other", members_may_follow_each_other},
          {"damage is told", damage_is_told},
          {"a callback may give any pieces", a_callback_may_give_any_pieces},
          {"a callback's failure comes through", a_callbacks_failure_comes_through},
          {"files are read or named", files_are_read_or_named},
          {"a pipe that says nothing can be cancelled",
           a_pipe_that_says_nothing_can_be_cancelled},
          {"progress is bytes", progress_is_bytes})
