/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of JSON lines: what its parts share. */
#ifndef STOA_FORMAT_JSON_H
#define STOA_FORMAT_JSON_H

#include "format/reader.h"

struct stoa__jsonl_settings {
    int32_t nested;  /* 0: struct, 1: json. */
    int32_t unknown; /* 0: refuse, 1: ignore. */
};

/* Columns by name: an open hash table of column numbers. */
struct stoa__json_names {
    int32_t *slots; /* -1: none. */
    size_t slot_count; /* A power of two, more than twice the columns. */
    size_t *sizes;     /* Of each column's name. */
    bool *plain;       /* The name stands in JSON as it is. */
};

typedef struct stoa__jsonl {
    stoa__reader reader; /* First. */
    struct stoa__jsonl_settings settings;
    struct stoa__json_names names;
} stoa__jsonl;

/* Fill the reader's type and origins from target and sample. */
stoa_status stoa__jsonl_infer(stoa__jsonl *jsonl, const uint8_t *text, size_t size, bool all,
                              stoa_error *err);

/* The column of that name; -1. */
int32_t stoa__jsonl_find(const stoa__jsonl *jsonl, const uint8_t *name, size_t size);

/* What the chunks of JSON lines are cut and parsed by. */
extern const struct stoa__chunk_format stoa__jsonl_format;

#endif
