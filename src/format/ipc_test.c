/* SPDX-License-Identifier: Apache-2.0 */
#include "format_kit.h"

#include "base/mem.h"
#include "format/flat.h"

static const char rows[] = "{\"a\":1,\"b\":\"x\",\"c\":[1,2],\"d\":1.5,\"e\":{\"f\":true}}\n"
                           "{\"a\":null,\"b\":\"yy\",\"c\":[],\"d\":-2.0,\"e\":null}\n";

/* Bytes in pieces, and how often they were let go. */
struct feed {
    const char *data;
    size_t size, at, piece;
    int releases;
};

static stoa_status feed_read(void *user_data, void *buffer, int64_t capacity, int64_t *size,
                             stoa_error *err)
{
    struct feed *feed = user_data;
    size_t part = feed->size - feed->at;

    (void)err;
    part = part < feed->piece ? part : feed->piece;
    part = part < (size_t)capacity ? part : (size_t)capacity;
    memcpy(buffer, feed->data + feed->at, part);
    feed->at += part;
    *size = (int64_t)part;
    return STOA_OK;
}

static void feed_release(void *user_data)
{
    ((struct feed *)user_data)->releases++;
}

/* JSON lines in Arrow's form. */
static struct kit_text write_rows(const char *text, const char *form)
{
    const stoa_option option = {"form", form};
    struct kit_text out = {0};
    stoa_sink sink = {.struct_size = sizeof sink, .write = kit_take, .user_data = &out};
    struct ArrowArrayStream stream;
    stoa_error err;
    int64_t count = -1;

    CHECK_INT(kit_open_bytes(stoa_jsonl_open, text, strlen(text), NULL, "", &stream, &err),
              STOA_OK);
    CHECK_INT(stoa_ipc_write((stoa_op){0}, &stream, &sink, &option, 1, &count, &err), STOA_OK);
    CHECK_INT(count, 2);
    return out;
}

/* What is read, as JSON lines, or the failure; by pieces of that size. */
static char *read_pieces(const void *data, size_t size, size_t piece)
{
    struct feed feed = {.data = data, .size = size, .piece = piece};
    stoa_source source = {.struct_size = sizeof source,
                          .read = feed_read,
                          .user_data = &feed,
                          .release = feed_release};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char *told = NULL;
    stoa_status rc = stoa_ipc_open((stoa_op){0}, &source, NULL, 0, &stream, &err);

    if (rc == STOA_OK)
        told = kit_dump(&stream, stoa_jsonl_write, "");
    else
        CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
    CHECK_INT(feed.releases, 1);
    return told;
}

static void rows_come_back(void)
{
    static const char *const forms[] = {"file", "stream"};
    static const size_t pieces[] = {1, 7, 4096};

    for (size_t form = 0; form < 2; form++) {
        struct kit_text made = write_rows(rows, forms[form]);

        CHECK_INT(memcmp(made.data, "ARROW1", 6) == 0, form == 0);
        CHECK_INT(made.size % 8 == 0 || form == 0, 1);
        for (size_t i = 0; i < 3; i++) {
            char *got = read_pieces(made.data, made.size, pieces[i]);

            CHECK_TEXT(got, rows);
            free(got);
        }
        free(made.data);
    }
}

/* Cut anywhere, a stream is what came until then, or a sentence. */
static void what_is_cut_off_is_told(void)
{
    struct kit_text made = write_rows(rows, "stream");

    for (size_t size = 0; size < made.size; size++) {
        char *got = read_pieces(made.data, size, 4096);

        if (strcmp(got, rows) != 0 && *got)
            CHECK_HAS(got, "STOA_ERR_CORRUPT: the input");
        free(got);
    }
    free(made.data);
}

static void check_fails(const void *data, size_t size, const char *says)
{
    char *got = read_pieces(data, size, 4096);

    CHECK_HAS(got, says);
    free(got);
}

static void other_files_are_refused(void)
{
    check_fails("", 0, "STOA_ERR_CORRUPT: the input: it is empty");
    check_fails("ARR", 3, "STOA_ERR_CORRUPT: the input: it ends in the middle");
    check_fails("ARROW2\0\0", 8, "it is no Arrow file");
    check_fails("id,name\n1,x\n", 12, "it is neither an Arrow stream nor a file");
    check_fails("\xff\xff\xff\xff\x10\0\0\0aaaaaaaaaaaaaaaa", 24,
                "it is neither an Arrow stream nor a file");
    check_fails("\xff\xff\xff\xff\0\0\0\0", 8, "it is empty");
}

static void misuse_is_answered(void)
{
    stoa_source source = {.struct_size = sizeof source, .bytes = "x", .bytes_size = 1};
    stoa_option option = {"form", "file"};
    struct ArrowArrayStream stream;
    struct kit_text out = {0};
    stoa_sink sink = {.struct_size = sizeof sink, .write = kit_take, .user_data = &out};
    stoa_error err;

    CHECK_INT(stoa_ipc_open((stoa_op){0}, NULL, NULL, 0, &stream, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_ipc_open((stoa_op){0}, &source, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_ipc_open((stoa_op){0}, &source, &option, 1, &stream, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "'form'");
    CHECK(!stream.release);
    source.struct_size = 8;
    CHECK_INT(stoa_ipc_open((stoa_op){0}, &source, NULL, 0, &stream, &err), STOA_ERR_INVALID);
    CHECK_INT(kit_open_bytes(stoa_jsonl_open, rows, strlen(rows), NULL, "", &stream, &err),
              STOA_OK);
    option.value = "parquet";
    CHECK_INT(stoa_ipc_write((stoa_op){0}, &stream, &sink, &option, 1, NULL, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "file|stream");
    CHECK(stream.release != NULL);
    CHECK_INT(out.size, 0);
    stoa_stream_release(&stream);
}

/* A pointer that leads out of the buffer, a vtable before it, a vector that is too long. */
static void damaged_tables_are_noticed(void)
{
    struct stoa__flat_fields fields = {.count = 3, .width = {8, 1, 4}};
    stoa__buffer out = {0};
    struct stoa__flat_table root;
    size_t at = 0, vector = 0;
    stoa__flat flat;

    CHECK_INT(stoa__buffer_append_zero(&out, 4), STOA_OK);
    CHECK_INT(stoa__flat_put_table(&out, &fields, &at), STOA_OK);
    stoa__flat_link(&out, 0, at);
    stoa__flat_set(&out, fields.at[0], -5, 8);
    stoa__flat_set(&out, fields.at[1], -1, 1);
    CHECK_INT(stoa__flat_put_vector(&out, 3, 8, 8, &vector), STOA_OK);
    stoa__flat_link(&out, fields.at[2], vector);
    CHECK_INT((vector + 4) % 8, 0);
    for (size_t harmed = 0; harmed <= out.size; harmed++) {
        uint8_t *copy = stoa__alloc(out.size);

        CHECK(copy != NULL);
        memcpy(copy, out.data, out.size);
        if (harmed < out.size)
            copy[harmed] ^= 0xf1;
        flat = (stoa__flat){.data = copy, .size = out.size};
        root = stoa__flat_root(&flat);
        if (harmed == out.size) {
            CHECK_INT(stoa__flat_int(&flat, &root, 0, 8, 0), -5);
            CHECK_INT(stoa__flat_int(&flat, &root, 1, 1, 0), -1);
            CHECK_INT(stoa__flat_int(&flat, &root, 3, 4, 77), 77);
            CHECK_INT(stoa__flat_vector(&flat, &root, 2, 8).count, 3);
            CHECK(!flat.bad);
        } else { /* Whatever it answers, it looks at nothing else. */
            (void)stoa__flat_int(&flat, &root, 0, 8, 0);
            (void)stoa__flat_vector(&flat, &root, 2, 8);
            (void)stoa__flat_child(&flat, &root, 2);
        }
        stoa__free(copy);
    }
    flat = (stoa__flat){.data = out.data, .size = out.size - 1};
    root = stoa__flat_root(&flat);
    CHECK_INT(stoa__flat_vector(&flat, &root, 2, 8).count, 0);
    CHECK(flat.bad);
    stoa__buffer_release(&out);
}

static stoa_status swallow(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    (void)user_data, (void)bytes, (void)size, (void)err;
    return STOA_OK;
}

static void every_failed_allocation_is_survived(void)
{
    struct kit_text made = write_rows(rows, "file");
    bool through = false;

    for (int64_t nth = 0; !through; nth++) {
        stoa_source source = {.struct_size = sizeof source,
                              .bytes = made.data,
                              .bytes_size = (int64_t)made.size};
        stoa_sink sink = {.struct_size = sizeof sink, .write = swallow};
        struct ArrowArrayStream stream = {0};
        stoa_error err;
        stoa_status rc;

        atomic_store(&stoa__mem_fail_nth, nth);
        rc = stoa_ipc_open((stoa_op){0}, &source, NULL, 0, &stream, &err);
        if (rc == STOA_OK)
            rc = stoa_ipc_write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err);
        through = atomic_exchange(&stoa__mem_fail_nth, -1) >= 0;
        CHECK_INT(rc, through ? STOA_OK : STOA_ERR_NOMEM);
        stoa_stream_release(&stream);
        CHECK_INT(stoa__mem_allocations(), 0);
    }
    free(made.data);
}

TEST_MAIN({"rows come back", rows_come_back}, {"what is cut off is told", what_is_cut_off_is_told},
          {"other files are refused", other_files_are_refused},
          {"misuse is answered", misuse_is_answered},
          {"damaged tables are noticed", damaged_tables_are_noticed},
          {"every failed allocation is survived", every_failed_allocation_is_survived})
