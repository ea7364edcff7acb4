/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of file formats: text in, the types and rows that were read as text out. */
#ifndef STOA_TESTS_FORMAT_KIT_H
#define STOA_TESTS_FORMAT_KIT_H

#include "stoa.h"
#include "test.h"

#define KIT_OPTIONS_MAX 12

typedef stoa_status kit_open(stoa_op op, const stoa_source *source,
                             const struct ArrowSchema *target, const stoa_option *options,
                             int64_t option_count, struct ArrowArrayStream *out,
                             stoa_error *err);
typedef stoa_status kit_write(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                              const stoa_option *options, int64_t option_count, int64_t *rows,
                              stoa_error *err);

/* The blank before the next "key=", or the end: a value may hold blanks, as paths do. */
static inline char *kit_setting_end(char *at)
{
    char *end = at + strcspn(at, " ");

    while (*end && end[1 + strcspn(end + 1, " =")] != '=')
        end += 1 + strcspn(end + 1, " ");
    return end;
}

/* "key=value key=value" cut in place. */
static inline int64_t kit_options(char *text, stoa_option *options)
{
    int64_t count = 0;

    for (char *at = text; *at;) {
        char *end = kit_setting_end(at), *equal = strchr(at, '=');

        CHECK(equal && equal < end && count < KIT_OPTIONS_MAX);
        options[count].key = at;
        options[count++].value = equal + 1;
        *equal = '\0';
        at = *end ? end + 1 : end;
        *end = '\0';
    }
    return count;
}

struct kit_text {
    char *data;
    size_t size;
};

static inline stoa_status kit_take(void *user_data, const void *bytes, int64_t size,
                                   stoa_error *err)
{
    struct kit_text *text = user_data;

    (void)err;
    text->data = realloc(text->data, text->size + (size_t)size + 1);
    CHECK(text->data != NULL);
    memcpy(text->data + text->size, bytes, (size_t)size);
    text->size += (size_t)size;
    text->data[text->size] = '\0';
    return STOA_OK;
}

/* The whole stream written by `write`; it is released. Owned by the caller: free(). Failures are
 * "status: text". */
static inline char *kit_dump(struct ArrowArrayStream *stream, kit_write *write,
                             const char *settings)
{
    char *copy = strdup(settings), *told = NULL;
    stoa_option options[KIT_OPTIONS_MAX];
    int64_t count = kit_options(copy, options);
    struct kit_text text = {0};
    stoa_sink sink = {.struct_size = sizeof sink, .write = kit_take, .user_data = &text};
    stoa_error err = {0};
    stoa_status rc = write((stoa_op){0}, stream, &sink, options, count, NULL, &err);

    stoa_stream_release(stream);
    free(copy);
    if (rc != STOA_OK) {
        free(text.data);
        CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
        return told;
    }
    return text.data ? text.data : strdup("");
}

/* Open `size` bytes of text. */
static inline stoa_status kit_open_bytes(kit_open *open, const void *bytes, size_t size,
                                         const struct ArrowSchema *target, const char *settings,
                                         struct ArrowArrayStream *out, stoa_error *err)
{
    char *copy = strdup(settings);
    stoa_option options[KIT_OPTIONS_MAX];
    int64_t count = kit_options(copy, options);
    stoa_source source = {
        .struct_size = sizeof source, .bytes = bytes, .bytes_size = (int64_t)size};
    stoa_status rc = open((stoa_op){0}, &source, target, options, count, out, err);

    free(copy);
    return rc;
}

/* Read text and dump its rows as JSON lines, or the failure. Owned by the caller: free(). */
static inline char *kit_read_bytes(kit_open *open, const void *bytes, size_t size,
                                   const char *settings)
{
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char *told = NULL;
    stoa_status rc = kit_open_bytes(open, bytes, size, NULL, settings, &stream, &err);

    if (rc == STOA_OK)
        return kit_dump(&stream, stoa_jsonl_write, "");
    CHECK(stream.release == NULL);
    CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
    return told;
}

/* What stoa_format_columns() says, as "name type, name type". */
static inline char *kit_types(kit_open *open, const char *text, const char *settings)
{
    struct ArrowArrayStream stream, columns;
    stoa_error err = {0};
    struct ArrowSchema schema;
    struct kit_text out = {0};

    CHECK_INT(kit_open_bytes(open, text, strlen(text), NULL, settings, &stream, &err), STOA_OK);
    CHECK_INT(stoa_format_columns(&stream, &columns, &err), STOA_OK);
    CHECK_INT(stoa_stream_schema(&stream, &schema, &err), STOA_OK);
    for (int64_t i = 0; i < schema.n_children; i++) {
        char part[128];
        int size = snprintf(part, sizeof part, "%s%s %s", i ? ", " : "",
                            schema.children[i]->name, schema.children[i]->format);

        CHECK_INT(kit_take(&out, part, size, NULL), STOA_OK);
    }
    stoa_schema_release(&schema);
    stoa_stream_release(&columns);
    stoa_stream_release(&stream);
    return out.data ? out.data : strdup("");
}

static inline void kit_check(kit_open *open, const char *text, const char *settings,
                             const char *wanted, const char *file, int line)
{
    char *got = kit_read_bytes(open, text, strlen(text), settings);

    test_check_text(got, wanted, file, line, text);
    free(got);
}

static inline void kit_check_has(kit_open *open, const char *text, const char *settings,
                                 const char *part, const char *file, int line)
{
    char *got = kit_read_bytes(open, text, strlen(text), settings);

    test_check_has(got, part, file, line, text);
    free(got);
}

static inline void kit_check_types(kit_open *open, const char *text, const char *settings,
                                   const char *wanted, const char *file, int line)
{
    char *got = kit_types(open, text, settings);

    test_check_text(got, wanted, file, line, text);
    free(got);
}

/* Text read with settings gives these rows; a failure with this part; these types. */
#define CHECK_CSV(text, settings, wanted)                                                          \
    kit_check(stoa_csv_open, (text), (settings), (wanted), __FILE__, __LINE__)
#define CHECK_CSV_FAILS(text, settings, part)                                                      \
    kit_check_has(stoa_csv_open, (text), (settings), (part), __FILE__, __LINE__)
#define CHECK_CSV_TYPES(text, settings, wanted)                                                    \
    kit_check_types(stoa_csv_open, (text), (settings), (wanted), __FILE__, __LINE__)
#define CHECK_JSONL(text, settings, wanted)                                                        \
    kit_check(stoa_jsonl_open, (text), (settings), (wanted), __FILE__, __LINE__)
#define CHECK_JSONL_FAILS(text, settings, part)                                                    \
    kit_check_has(stoa_jsonl_open, (text), (settings), (part), __FILE__, __LINE__)
#define CHECK_JSONL_TYPES(text, settings, wanted)                                                  \
    kit_check_types(stoa_jsonl_open, (text), (settings), (wanted), __FILE__, __LINE__)

#endif
