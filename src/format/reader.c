/* SPDX-License-Identifier: Apache-2.0 */
#include "format/reader.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/identifier.h"

#include <string.h>
#include <unistd.h>

#include "base/ban.h"

static stoa_status read_settings(stoa__reader *reader, const stoa_option *options,
                                 int64_t option_count, stoa_error *err)
{
    static const struct stoa__setting table[] = {
        {"bad_rows", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, bad_rows), 0, 0,
         "refuse|skip|keep|file", false},
        {"bad_rows_max", STOA__SETTING_INT, offsetof(struct stoa__reader_settings, bad_rows_max),
         0, INT64_MAX, NULL, false},
        {"bad_file", STOA__SETTING_TEXT, offsetof(struct stoa__reader_settings, bad_file), 0, 0,
         NULL, false},
        {"sample_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, sample_size),
         STOA__CHUNK_BYTES_MIN, STOA__CHUNK_BYTES_MAX, NULL, false},
        {"chunk_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, chunk_size),
         STOA__CHUNK_BYTES_MIN, STOA__CHUNK_BYTES_MAX, NULL, false},
        {"record_size", STOA__SETTING_SIZE, offsetof(struct stoa__reader_settings, record_size),
         1, STOA__RECORD_BYTES_MAX, NULL, false},
        {"threads", STOA__SETTING_INT, offsetof(struct stoa__reader_settings, threads), 1,
         STOA__PARSE_THREADS_MAX, NULL, false},
        {"compression", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, compression),
         0, 0, "auto|none|gzip|zstd", false},
        {"numbers", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, numbers), 0, 0,
         "float|decimal|text", false},
        {"times", STOA__SETTING_BOOL, offsetof(struct stoa__reader_settings, times), 0, 0, NULL,
         false},
        {"binary", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, binary), 0, 0,
         "base64|hex", false},
        {"nul", STOA__SETTING_CHOICE, offsetof(struct stoa__reader_settings, nul), 0, 0,
         "refuse|keep", false},
    };
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct stoa__reader_settings *settings = &reader->settings;
    stoa_status rc;

    *settings = (struct stoa__reader_settings){
        .bad_rows_max = STOA__BAD_ROWS_DEFAULT,
        .sample_size = STOA__CHUNK_BYTES_DEFAULT,
        .chunk_size = STOA__CHUNK_BYTES_DEFAULT,
        .record_size = STOA__RECORD_BYTES_DEFAULT,
        .threads = processors < 1                             ? 1
                   : processors > STOA__PARSE_THREADS_DEFAULT ? STOA__PARSE_THREADS_DEFAULT
                                                              : processors,
        .times = true,
    };
    rc = stoa__settings_add(&reader->options, options, option_count, err);
    if (rc == STOA_OK)
        rc = stoa__settings_read(&reader->options, "format", table,
                                 sizeof table / sizeof *table, settings, err);
    if (rc == STOA_OK && (settings->bad_rows == STOA__BAD_FILE) != (settings->bad_file != NULL))
        rc = stoa__fail(err, STOA_ERR_INVALID,
                        "bad_rows=file and bad_file go together; one of them is missing");
    return rc;
}

static stoa_status read_target(stoa__reader *reader, const struct ArrowSchema *target,
                               stoa_error *err)
{
    stoa_status rc;

    if (!target)
        return STOA_OK;
    rc = stoa__arrow_type_parse(target, &reader->arena, &reader->target, err);
    if (rc == STOA_OK && reader->target->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_INVALID, "the target schema is no struct");
    if (rc != STOA_OK)
        stoa__wrap(err, "target");
    return rc;
}

/* From here on the source belongs to the reader. */
static stoa_status init(stoa__reader *reader, stoa__call *call, const stoa_source *source,
                        const struct ArrowSchema *target, const stoa_option *options,
                        int64_t option_count, stoa_error *err)
{
    stoa_status rc = read_settings(reader, options, option_count, err);

    reader->process = (long)getpid();
    reader->report.bytes_total = -1;
    if (rc == STOA_OK)
        rc = read_target(reader, target, err);
    if (rc != STOA_OK) {
        if (source->release)
            source->release(source->user_data);
        return rc;
    }
    reader->chunks.chunk_size = reader->settings.chunk_size;
    reader->chunks.record_size = reader->settings.record_size;
    reader->chunks.thread_count = (int32_t)reader->settings.threads;
    return stoa__source_open(&reader->chunks.source, source, reader->settings.compression, call,
                             err);
}

static stoa_status begin(stoa_op op, const stoa_source *source,
                         const struct ArrowArrayStream *out, size_t size, stoa__call *call,
                         stoa__reader **reader, stoa_error *err)
{
    stoa_status rc = stoa__source_check(source, out, err);

    if (rc == STOA_OK)
        rc = stoa__call_begin(call, op, NULL, err);
    if (rc != STOA_OK)
        return rc;
    *reader = stoa__alloc_zero(1, size);
    if (*reader)
        return STOA_OK;
    stoa__call_end(call);
    return stoa__fail_nomem(err);
}

stoa_status stoa__reader_open(stoa_op op, const stoa_source *source,
                              const struct ArrowSchema *target, const stoa_option *options,
                              int64_t option_count, const struct ArrowArrayStream *out,
                              size_t size, stoa__call *call, stoa__reader **reader,
                              stoa_error *err)
{
    const bool released = source && source->struct_size >= (int64_t)sizeof *source;
    stoa_status rc = begin(op, source, out, size, call, reader, err);

    if (rc != STOA_OK) {
        if (released && source->release)
            source->release(source->user_data);
        return rc;
    }
    rc = init(*reader, call, source, target, options, option_count, err);
    if (rc != STOA_OK) {
        stoa__reader_release(*reader);
        stoa__free(*reader);
        stoa__call_end(call);
    }
    return rc;
}

/* Files that are no text are refused by what they are. */
static stoa_status check_kind(const stoa__reader *reader, stoa_error *err)
{
    static const struct kind {
        size_t at, size;
        const char *magic, *name, *hint;
    } kinds[] = {
        {0, 6, "ARROW1", "an Arrow file", ": stoa_ipc_open() reads it"},
        {0, 4, "\xff\xff\xff\xff", "an Arrow stream", ": stoa_ipc_open() reads it"},
        {0, 4, "PAR1", "a Parquet file", ""},
        {0, 4, "Obj\x01", "an Avro file", ""},
        {0, 16, "SQLite format 3", "a database of SQLite", ""},
        {0, 4, "PK\x03\x04", "a zip archive, as spreadsheets are", ""},
        {4, 6, "1AY&SY", "packed with bzip2", "; gzip and zstd are unpacked"},
        {0, 6, "\xfd" "7zXZ", "packed with xz", "; gzip and zstd are unpacked"},
        {0, 4, "\x04\x22\x4d\x18", "packed with lz4", "; gzip and zstd are unpacked"},
    };
    const stoa__buffer *text = &reader->chunks.rest;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text->size >= kinds[i].at + kinds[i].size &&
            memcmp(text->data + kinds[i].at, kinds[i].magic, kinds[i].size) == 0)
            return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                              "%s is %s, and no text%s", reader->chunks.source.name,
                              kinds[i].name, kinds[i].hint);
    return STOA_OK;
}

static stoa_status refuse_encoding(const stoa__reader *reader, const char *name, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s is %s; only UTF-8 is read, so it must be converted first (iconv -f %s "
                      "-t UTF-8)",
                      reader->chunks.source.name, name, name);
}

/* By its mark, or by zeros in every other byte, which no text in UTF-8 has. */
static stoa_status check_encoding(const stoa__reader *reader, stoa_error *err)
{
    const uint8_t *text = reader->chunks.rest.data;
    size_t size = reader->chunks.rest.size < 256 ? reader->chunks.rest.size : 256;
    size_t zeros[2] = {0, 0};

    if (size >= 4 && memcmp(text, "\xff\xfe\0\0", 4) == 0)
        return refuse_encoding(reader, "UTF-32LE", err);
    if (size >= 4 && memcmp(text, "\0\0\xfe\xff", 4) == 0)
        return refuse_encoding(reader, "UTF-32BE", err);
    if (size >= 2 && memcmp(text, "\xff\xfe", 2) == 0)
        return refuse_encoding(reader, "UTF-16LE", err);
    if (size >= 2 && memcmp(text, "\xfe\xff", 2) == 0)
        return refuse_encoding(reader, "UTF-16BE", err);
    for (size_t i = 0; i + 1 < size; i += 2) {
        zeros[0] += text[i] == 0;
        zeros[1] += text[i + 1] == 0;
    }
    if (size >= 8 && zeros[1] > size / 3 && zeros[0] < size / 16)
        return refuse_encoding(reader, "UTF-16LE", err);
    if (size >= 8 && zeros[0] > size / 3 && zeros[1] < size / 16)
        return refuse_encoding(reader, "UTF-16BE", err);
    return STOA_OK;
}

stoa_status stoa__reader_sample(stoa__reader *reader, stoa__call *call, bool *all,
                                stoa_error *err)
{
    stoa__buffer *rest = &reader->chunks.rest;
    stoa_status rc = stoa__chunks_sample(&reader->chunks, call,
                                         (size_t)reader->settings.sample_size, all, err);

    if (rc == STOA_OK)
        rc = check_kind(reader, err);
    if (rc == STOA_OK)
        rc = check_encoding(reader, err);
    if (rc != STOA_OK)
        return rc;
    if (rest->size >= 3 && memcmp(rest->data, "\xef\xbb\xbf", 3) == 0) {
        rest->size -= 3;
        memmove(rest->data, rest->data + 3, rest->size + STOA__CHUNK_PADDING - 3);
    }
    return STOA_OK;
}

int32_t stoa__reader_find(const stoa__reader *reader, const char *name, size_t size)
{
    for (int32_t i = 0; reader->target && i < reader->target->child_count; i++)
        if (stoa__name_is(name, size, reader->target->children[i].name))
            return i;
    return -1;
}
