/* SPDX-License-Identifier: Apache-2.0 */
#include "formats.h"
#include "transfer.h"

#include <string.h>

/* Its types are what they are. */
static stoa_status open_arrow(stoa_op op, const stoa_source *source,
                              const struct ArrowSchema *target, const stoa_option *options,
                              int64_t option_count, struct ArrowArrayStream *out, stoa_error *err)
{
    (void)target;
    return stoa_ipc_open(op, source, options, option_count, out, err);
}

static const struct format formats[] = {
    {"csv", 1, stoa_csv_open, stoa_csv_write},
    {"jsonl", 1, stoa_jsonl_open, stoa_jsonl_write},
    {"arrow", 0, open_arrow, stoa_ipc_write},
};

static int is_writing(const char *key)
{
    static const char *const keys[] = {"mode",   "keys", "truncate", "dedup",  "dedup_columns",
                                       "unit",   "ack",  "database", "strict", "nan",
                                       "uint64", "decimal", "temporal", "index", "check"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return 1;
    return 0;
}

int transfer_setting(struct transfer *transfer, const char *key, const char *value)
{
    int64_t *count = is_writing(key) ? &transfer->writing_count : &transfer->reading_count;
    stoa_option *options = is_writing(key) ? transfer->writing : transfer->reading;

    if (*count == TRANSFER_OPTIONS_MAX)
        return 0;
    options[(*count)++] = (stoa_option){key, value};
    return 1;
}

static int ends(const char *file, const char *end)
{
    size_t size = strlen(file), wanted = strlen(end);
    return size >= wanted && strcmp(file + size - wanted, end) == 0;
}

const struct format *format_of_file(const char *file)
{
    static const struct {
        const char *end;
        int format;
    } known[] = {{".csv", 0},    {".tsv", 0},   {".jsonl", 1},  {".ndjson", 1},
                 {".json", 1},  {".arrow", 2}, {".arrows", 2}, {".feather", 2}};
    size_t size = strlen(file);
    char name[4096];

    if (ends(file, ".gz"))
        size -= 3;
    else if (ends(file, ".zst"))
        size -= 4;
    if (size >= sizeof name)
        return NULL;
    memcpy(name, file, size);
    name[size] = '\0';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (ends(name, known[i].end))
            return &formats[known[i].format];
    return NULL;
}

const char *format_refusal(const char *file)
{
    static const char *const others[] = {".parquet", ".pq",  ".orc", ".avro", ".xlsx", ".xls",
                                         ".ods",     ".xml", ".db",  ".html", ".md",   ".sqlite"};

    if (ends(file, ".gz") || ends(file, ".zst") || ends(file, ".zip") || ends(file, ".bz2") ||
        ends(file, ".xz"))
        return "files are packed by others: write to \"-\" and pipe it";
    if (ends(file, ".json"))
        return "JSON is written an object a line: name it .jsonl, or say --format jsonl";
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (ends(file, others[i]))
            return "it is named as another format: say --format " FORMAT_NAMES;
    return NULL;
}

const char *format_separator(const char *file)
{
    return ends(file, ".tsv") ? "tab" : NULL;
}

const struct format *format_find(const char *name, const char *file)
{
    const struct format *known = name ? NULL : format_of_file(file);

    if (!name)
        return known ? known : &formats[0];
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}
