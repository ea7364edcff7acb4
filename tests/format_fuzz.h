/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of the file formats have in common. Nobody else's. */
#ifndef STOA_TESTS_FORMAT_FUZZ_H
#define STOA_TESTS_FORMAT_FUZZ_H

#include "stoa.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef stoa_status fuzz_open(stoa_op op, const stoa_source *source,
                              const struct ArrowSchema *target, const stoa_option *options,
                              int64_t option_count, struct ArrowArrayStream *out,
                              stoa_error *err);
typedef stoa_status fuzz_write(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                               const stoa_option *options, int64_t option_count, int64_t *rows,
                               stoa_error *err);

struct fuzz_text {
    uint8_t *data;
    size_t size;
};

static inline void fuzz_expect(bool holds)
{
    if (!holds)
        abort();
}

static inline stoa_status fuzz_take(void *user_data, const void *bytes, int64_t size,
                                    stoa_error *err)
{
    struct fuzz_text *text = user_data;

    (void)err;
    text->data = realloc(text->data, text->size + (size_t)size + 1);
    fuzz_expect(text->data != NULL);
    memcpy(text->data + text->size, bytes, (size_t)size);
    text->size += (size_t)size;
    return STOA_OK;
}

/* Some bytes at a time, so that records are cut everywhere. */
struct fuzz_feed {
    const uint8_t *data;
    size_t size, at, piece;
};

static inline stoa_status fuzz_read(void *user_data, void *buffer, int64_t capacity,
                                    int64_t *size, stoa_error *err)
{
    struct fuzz_feed *feed = user_data;
    size_t part = feed->size - feed->at;

    (void)err;
    part = part < feed->piece ? part : feed->piece;
    part = part < (size_t)capacity ? part : (size_t)capacity;
    if (part > 0)
        memcpy(buffer, feed->data + feed->at, part);
    feed->at += part;
    *size = (int64_t)part;
    return STOA_OK;
}

static inline int64_t fuzz_options(const stoa_option *choices, uint8_t bits, const char *threads,
                                   stoa_option *out)
{
    int64_t count = 3;

    out[0] = (stoa_option){"threads", threads};
    out[1] = (stoa_option){"chunk_size", "4k"};
    out[2] = (stoa_option){"sample_size", "4k"};
    for (int i = 0; i < 8; i++) {
        bool twice = false;

        for (int64_t j = 0; j < count; j++)
            twice = twice || strcmp(out[j].key, choices[i].key) == 0;
        if ((bits >> i & 1) && !twice)
            out[count++] = choices[i];
    }
    return count;
}

/* The whole stream as text; false, and no text, when it fails. */
static inline bool fuzz_dump(fuzz_open *open, const stoa_source *source,
                             const struct ArrowSchema *target, const stoa_option *options,
                             int64_t count, fuzz_write *write, struct fuzz_text *out,
                             struct ArrowSchema *schema)
{
    const stoa_sink sink = {
        .struct_size = sizeof sink, .write = fuzz_take, .user_data = out};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_status rc = open((stoa_op){0}, source, target, options, count, &stream, &err);

    *out = (struct fuzz_text){0};
    if (rc == STOA_OK) {
        fuzz_expect(!schema || stoa_stream_schema(&stream, schema, &err) == STOA_OK);
        rc = write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err); /* Validates each batch. */
        stoa_stream_release(&stream);
    }
    fuzz_expect(rc == STOA_OK || (err.code == rc && err.text_size > 0 && rc != STOA_ERR_INVALID &&
                                  rc != STOA_ERR_INTERNAL && rc != STOA_ERR_NOMEM));
    if (rc != STOA_OK) {
        free(out->data);
        *out = (struct fuzz_text){0};
    }
    return rc == STOA_OK;
}

static inline bool fuzz_same(const struct fuzz_text *a, const struct fuzz_text *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static inline void fuzz_format(fuzz_open *open, const stoa_option *choices, fuzz_write *write,
                               const uint8_t *data, size_t size)
{
    const uint8_t bits = size > 0 ? data[0] : 0;
    struct fuzz_feed feed = {
        .data = data + 1, .size = size > 0 ? size - 1 : 0, .piece = bits % 7 + 1U};
    stoa_source source = {.struct_size = sizeof source, .read = fuzz_read, .user_data = &feed};
    stoa_option options[11], plain[] = {{"threads", "1"},
                                         {"nul", "keep"},
                                         {"header", "yes"},
                                         {"separator", ","},
                                         {"quote", "\""}};
    struct fuzz_text once, again, back;
    struct ArrowSchema schema = {0};
    bool good;

    if (feed.size > 1 << 16)
        return;
    good = fuzz_dump(open, &source, NULL, options, fuzz_options(choices, bits, "1", options), write,
                     &once, &schema);
    feed.at = 0;
    feed.piece = 4000;
    fuzz_expect(fuzz_dump(open, &source, NULL, options,
                          fuzz_options(choices, bits, "2", options), write, &again, NULL) == good);
    fuzz_expect(fuzz_same(&once, &again));
    if (good && schema.n_children > 0) {
        source = (stoa_source){.struct_size = sizeof source,
                               .bytes = once.data,
                               .bytes_size = (int64_t)once.size};
        fuzz_expect(fuzz_dump(open, &source, &schema, plain, write == stoa_csv_write ? 5 : 2, write,
                              &back, NULL));
        fuzz_expect(fuzz_same(&once, &back));
        free(back.data);
    }
    stoa_schema_release(&schema);
    free(once.data);
    free(again.data);
}

#endif
