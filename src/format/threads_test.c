/* SPDX-License-Identifier: Apache-2.0 */
/* Many chunks, several threads: the rows come out once each and in order, in bounded memory. */
#include "format_kit.h"

#include <dirent.h>
#include <sys/resource.h>

/* CSV or JSON lines made while they are read. */
struct maker {
    int64_t row, rows;
    bool json;
    int64_t bad_row; /* Its value is no number; -1: none. */
    char part[128];
    size_t part_size, part_at;
};

static void make_part(struct maker *maker)
{
    const int64_t row = maker->row++;
    const char *value = row == maker->bad_row ? "x" : "7";

    if (maker->json)
        maker->part_size =
            (size_t)snprintf(maker->part, sizeof maker->part,
                             "{\"id\":%lld,\"name\":\"row %lld\",\"value\":%s}\n",
                             (long long)row, (long long)row, value);
    else
        maker->part_size =
            (size_t)snprintf(maker->part, sizeof maker->part, "%s%lld,\"row\n%lld\",%s\n",
                             row == 0 ? "id,name,value\n" : "", (long long)row, (long long)row,
                             value);
    maker->part_at = 0;
}

static stoa_status make(void *user_data, void *buffer, int64_t capacity, int64_t *size,
                        stoa_error *err)
{
    struct maker *maker = user_data;
    char *out = buffer;
    int64_t used = 0;

    (void)err;
    while (used < capacity) {
        size_t left = maker->part_size - maker->part_at;

        if (left == 0 && maker->row == maker->rows)
            break;
        if (left == 0) {
            make_part(maker);
            continue;
        }
        left = left < (size_t)(capacity - used) ? left : (size_t)(capacity - used);
        memcpy(out + used, maker->part + maker->part_at, left);
        maker->part_at += left;
        used += (int64_t)left;
    }
    *size = used;
    return STOA_OK;
}

static stoa_status open_made(struct maker *maker, const char *settings, stoa_op op,
                             struct ArrowArrayStream *stream, stoa_error *err)
{
    char *copy = strdup(settings);
    stoa_option options[KIT_OPTIONS_MAX];
    int64_t count = kit_options(copy, options);
    stoa_source source = {.struct_size = sizeof source, .read = make, .user_data = maker};
    stoa_status rc = (maker->json ? stoa_jsonl_open : stoa_csv_open)(op, &source, NULL, options,
                                                                     count, stream, err);

    free(copy);
    return rc;
}

static int64_t check_batch(const struct ArrowArray *batch, int64_t next)
{
    const int64_t *ids = batch->children[0]->buffers[1];

    for (int64_t i = 0; i < batch->length; i++)
        if (ids[i] != next + i)
            CHECK_INT(ids[i], next + i);
    return next + batch->length;
}

static void check_order(bool json, const char *settings)
{
    struct maker maker = {.rows = 50000, .json = json, .bad_row = -1};
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    int64_t next = 0;
    stoa_error err;

    CHECK_INT(open_made(&maker, settings, (stoa_op){0}, &stream, &err), STOA_OK);
    while (stoa_stream_next(&stream, &batch, &err) == STOA_OK) {
        next = check_batch(&batch, next);
        stoa_batch_release(&batch);
    }
    CHECK_INT(next, maker.rows);
    stoa_stream_release(&stream);
}

static void rows_come_out_in_order(void)
{
    for (int json = 0; json < 2; json++) {
        check_order(json, "threads=1 chunk_size=4k sample_size=4k");
        check_order(json, "threads=2 chunk_size=4k sample_size=4k");
        check_order(json, "threads=5 chunk_size=10000 sample_size=4k");
    }
}

static void the_first_bad_row_is_told(void)
{
    for (int json = 0; json < 2; json++) {
        struct maker maker = {.rows = 50000, .json = json, .bad_row = 30000};
        struct ArrowArrayStream stream;
        struct ArrowArray batch;
        stoa_error err;
        stoa_status rc;

        CHECK_INT(open_made(&maker, "threads=4 chunk_size=4k sample_size=4k", (stoa_op){0},
                            &stream, &err),
                  STOA_OK);
        while ((rc = stoa_stream_next(&stream, &batch, &err)) == STOA_OK)
            stoa_batch_release(&batch);
        CHECK(rc == STOA_ERR_TYPE || rc == STOA_ERR_SYNTAX);
        CHECK_HAS(err.text, json ? "line 30001, column 3" : "line 60003, column 3");
        CHECK_INT(stoa_stream_next(&stream, &batch, &err), rc);
        stoa_stream_release(&stream);
    }
}

static void a_stream_may_be_left_at_any_time(void)
{
    for (int batches = 0; batches < 12; batches++) {
        struct maker maker = {.rows = 20000, .bad_row = -1};
        struct ArrowArrayStream stream;
        struct ArrowArray batch;
        stoa_error err;
        stoa_op op;
        int64_t bytes;

        CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
        CHECK_INT(open_made(&maker, "threads=3 chunk_size=4k sample_size=4k", op, &stream, &err),
                  STOA_OK);
        for (int i = 0; i < batches; i++) {
            CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
            stoa_batch_release(&batch);
        }
        if (batches % 2) {
            CHECK_INT(stoa_op_cancel(op, &err), STOA_OK);
            CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_ERR_CANCELLED);
        }
        stoa_op_close(op);
        stoa_stream_release(&stream);
        CHECK_INT(stoa_live(STOA_LIVE_BYTES, &bytes, &err), STOA_OK);
        CHECK_INT(bytes, 0);
    }
}

static bool has_thread(const char *name)
{
    DIR *folder = opendir("/proc/self/task");
    bool found = false;

    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300], text[32] = "";
        FILE *file;

        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        file = fopen(path, "r");
        if (!file)
            continue;
        if (fgets(text, sizeof text, file))
            found = found || strncmp(text, name, strlen(name)) == 0;
        (void)fclose(file);
    }
    (void)closedir(folder);
    return found;
}

static void threads_have_a_name_and_one_means_none(void)
{
    for (int threads = 1; threads <= 2; threads++) {
        struct maker maker = {.rows = 20000, .bad_row = -1};
        struct ArrowArrayStream stream;
        struct ArrowArray batch;
        stoa_error err;

        CHECK_INT(open_made(&maker,
                            threads == 1 ? "threads=1 chunk_size=4k" : "threads=2 chunk_size=4k "
                                                                       "sample_size=4k",
                            (stoa_op){0}, &stream, &err),
                  STOA_OK);
        CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
        stoa_batch_release(&batch);
        CHECK(threads == 2 || !has_thread("stoa-parse"));
        while (threads == 2 && !has_thread("stoa-parse"))
            usleep(1000); /* A thread names itself when it first runs. */
        stoa_stream_release(&stream);
        while (has_thread("stoa-parse"))
            usleep(1000); /* One that was waited for may be listed a moment longer. */
    }
}

static void a_child_of_fork_is_told(void)
{
    struct maker maker = {.rows = 20000, .bad_row = -1};
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    int status = -1;
    stoa_error err;
    pid_t child;

    CHECK_INT(open_made(&maker, "threads=2 chunk_size=4k sample_size=4k", (stoa_op){0}, &stream,
                        &err),
              STOA_OK);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
    stoa_batch_release(&batch);
    child = fork();
    if (child == 0) {
        const stoa_status rc = stoa_stream_next(&stream, &batch, &err);

        stoa_stream_release(&stream);
        _exit(rc == STOA_ERR_FORKED ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    stoa_stream_release(&stream);
}

static int64_t peak_bytes(void)
{
    struct rusage usage;

    CHECK_INT(getrusage(RUSAGE_SELF, &usage), 0);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* STOA_TEST_LONG=1 makes it ten gigabytes. */
static void any_size_is_read_in_the_same_memory(void)
{
    const bool longer = getenv("STOA_TEST_LONG") != NULL;
    struct maker maker = {.rows = longer ? 400000000 : 9000000, .bad_row = -1};
    const int64_t before = peak_bytes();
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_format_report report;
    int64_t next = 0;
    stoa_error err;

    CHECK_INT(open_made(&maker, "threads=2", (stoa_op){0}, &stream, &err), STOA_OK);
    while (stoa_stream_next(&stream, &batch, &err) == STOA_OK) {
        next = check_batch(&batch, next);
        stoa_batch_release(&batch);
    }
    CHECK_INT(next, maker.rows);
    CHECK_INT(stoa_format_report_get(&stream, &report, &err), STOA_OK);
    CHECK(report.bytes > (longer ? INT64_C(10000000000) : 200000000));
    stoa_stream_release(&stream);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    CHECK(peak_bytes() - before < 64 << 20);
#else
    (void)before; /* A sanitizer's own memory is not ours. */
#endif
}

TEST_MAIN({"rows come out in order", rows_come_out_in_order},
          {"the first bad row is told", the_first_bad_row_is_told},
          {"a stream may be left at any time", a_stream_may_be_left_at_any_time},
          {"threads have a name, and one means none", threads_have_a_name_and_one_means_none},
          {"a child of fork is told", a_child_of_fork_is_told},
          {"any size is read in the same memory", any_size_is_read_in_the_same_memory})
