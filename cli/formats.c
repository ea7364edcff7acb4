/* SPDX-License-Identifier: Apache-2.0 */
#include "formats.h"

#include <string.h>

static const struct format formats[] = {
    {"csv", stoa_csv_open, stoa_csv_write},
    {"jsonl", stoa_jsonl_open, stoa_jsonl_write},
};

static int ends(const char *file, const char *end)
{
    size_t size = strlen(file), wanted = strlen(end);
    return size >= wanted && strcmp(file + size - wanted, end) == 0;
}

const struct format *format_find(const char *name, const char *file)
{
    static const char *const json_ends[] = {".jsonl",    ".ndjson",     ".jsonl.gz",
                                            ".jsonl.zst", ".ndjson.gz", ".ndjson.zst"};
    if (!name) {
        for (size_t i = 0; i < sizeof json_ends / sizeof *json_ends; i++)
            if (ends(file, json_ends[i]))
                return &formats[1];
        return &formats[0];
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}
