/* SPDX-License-Identifier: Apache-2.0 */
/* The modes that are file formats of the library: its writers make them, batch by batch. */
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

/* Where the bytes go; with `array` lines become the items of a JSON array. */
struct target {
    const struct output *output;
    int array;
    int begun;  /* Something was written. */
    int inside; /* ... and its line has not ended. */
};

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

static stoa_status put_bytes(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    struct target *target = user_data;
    FILE *file = target->output->file;

    progress_hide(target->output->progress);
    if (target->array)
        put_items(target, bytes, (size_t)size);
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
    static const stoa_option hexadecimal = {"binary", "hex"};
    struct target target = {.output = output, .array = output->mode == MODE_JSON};
    struct rest rest = {.result = result, .op = op};
    struct ArrowArrayStream stream = {next_schema, next_batch, last_error, release_rest, &rest};
    stoa_sink sink = {.struct_size = sizeof sink, .write = put_bytes, .user_data = &target};
    stoa_op none = {0}; /* The result's reads are under `op`; its progress is not the writer's. */
    stoa_status rc;

    if (output->mode == MODE_CSV)
        rc = stoa_csv_write(none, &stream, &sink, &hexadecimal, 1, rows, err);
    else
        rc = stoa_jsonl_write(none, &stream, &sink, &hexadecimal, 1, rows, err);
    if (target.array)
        fputs(target.begun ? "]\n" : "[]\n", output->file);
    if (rc < 0 && rest.error.code < 0)
        *err = rest.error;
    return rc;
}
