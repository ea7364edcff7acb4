/* SPDX-License-Identifier: Apache-2.0 */
/* The modes that are file formats of the library, or nearly: its writers make them, batch by
 * batch. */
#include "print.h"

#include <errno.h>
#include <string.h>

/* The rest of a result as the stream a writer takes. */
struct rest {
    stoa_result result;
    stoa_op op;
    stoa_error error; /* Of the call that failed, with the place an errno has no room for. */
};

static int next_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct rest *rest = stream->private_data;
    return stoa_result_schema(rest->result, out, &rest->error) == STOA_OK ? 0 : EIO;
}

static int next_batch(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct rest *rest = stream->private_data;
    stoa_status rc = stoa_result_next(rest->result, rest->op, out, &rest->error);

    if (rc == STOA_DONE)
        *out = (struct ArrowArray){0};
    return rc >= 0 ? 0 : EIO;
}

static const char *last_error(struct ArrowArrayStream *stream)
{
    const struct rest *rest = stream->private_data;
    return rest->error.text;
}

static void release_rest(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

/* Where the bytes go and what becomes of them on the way. */
struct target {
    const struct output *output;
    void (*put)(struct target *target, const char *bytes, size_t size); /* NULL: as they are. */
    int begun;  /* Something was written. */
    int inside; /* JSON: a line has begun; tabs: a quote. */
    int closed; /* Tabs: the last byte was the quote that ended one. */
};

/* Lines become the items of an array. */
static void put_items(struct target *target, const char *bytes, size_t size)
{
    FILE *file = target->output->file;

    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t line = end ? (size_t)(end - bytes) : size;
        if (!target->inside)
            fputs(target->begun ? ",\n" : "[", file);
        fwrite(bytes, 1, line, file);
        target->begun = 1;
        target->inside = !end;
        line += end != NULL;
        bytes += line;
        size -= line;
    }
}

/* The quote of the CSV that becomes tabs: a character texts hardly ever have. */
#define QUOTE '\x01'

/* Instead of quotes there are backslashes. A quote right behind one that closed is the text's. */
static void put_escaped(struct target *target, const char *bytes, size_t size)
{
    static const char *const escapes[] = {['\t'] = "\\t", ['\n'] = "\\n", ['\\'] = "\\\\"};
    FILE *file = target->output->file;

    for (size_t i = 0; i < size; i++) {
        char byte = bytes[i];
        if (byte == QUOTE) {
            if (target->closed)
                putc_unlocked(QUOTE, file);
            target->closed = target->inside;
            target->inside = !target->inside;
            continue;
        }
        target->closed = 0;
        if (byte == '\\' || (target->inside && (byte == '\t' || byte == '\n')))
            fputs(escapes[(unsigned char)byte], file);
        else
            putc_unlocked(byte, file);
    }
}

static void put_tabs(struct target *target, const char *bytes, size_t size)
{
    if (target->inside || target->closed || memchr(bytes, QUOTE, size) ||
        memchr(bytes, '\\', size))
        put_escaped(target, bytes, size);
    else
        fwrite(bytes, 1, size, target->output->file);
}

static stoa_status put_bytes(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    struct target *target = user_data;
    FILE *file = target->output->file;

    progress_hide(target->output->progress);
    if (target->put)
        target->put(target, bytes, (size_t)size);
    else
        fwrite(bytes, 1, (size_t)size, file);
    if (!ferror(file))
        return STOA_OK;
    *err = (stoa_error){.code = STOA_ERR_IO, .engine_code = errno, .position = -1};
    err->text_size = snprintf(err->text, sizeof err->text, "the rows: %s", strerror(errno));
    return STOA_ERR_IO;
}

stoa_status print_file(const struct output *output, stoa_result result, stoa_op op, int64_t *rows,
                       stoa_error *err)
{
    static const char quote[] = {QUOTE, '\0'};
    static const stoa_option options[] = {
        {"binary", "hex"}, {"separator", "tab"}, {"header", "no"}, {"quote", quote}};
    struct target target = {.output = output};
    struct rest rest = {.result = result, .op = op};
    struct ArrowArrayStream stream = {next_schema, next_batch, last_error, release_rest, &rest};
    stoa_sink sink = {.struct_size = sizeof sink, .write = put_bytes, .user_data = &target};
    stoa_op none = {0}; /* The result's reads are under `op`; its progress is not the writer's. */
    stoa_status rc;

    target.put = output->mode == MODE_JSON   ? put_items
                 : output->mode == MODE_TABS ? put_tabs
                                             : NULL;
    if (output->mode == MODE_CSV || output->mode == MODE_TABS)
        rc = stoa_csv_write(none, &stream, &sink, options, output->mode == MODE_TABS ? 4 : 1, rows,
                            err);
    else
        rc = stoa_jsonl_write(none, &stream, &sink, options, 1, rows, err);
    if (output->mode == MODE_JSON)
        fputs(target.begun ? "]\n" : "[]\n", output->file);
    if (rc < 0 && rest.error.code < 0)
        *err = rest.error;
    return rc;
}
