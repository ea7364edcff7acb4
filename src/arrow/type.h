/* SPDX-License-Identifier: Apache-2.0 */
/* An Arrow type as a tree of our own: an ArrowSchema parsed and bounded once, so that nothing
 * behind it reads a format string again. It does not look at arrays. */
#ifndef STOA_ARROW_TYPE_H
#define STOA_ARROW_TYPE_H

#include "base/arena.h"
#include "stoa/arrow.h"

#include <stdbool.h>

enum stoa__arrow_kind {
    STOA__ARROW_NULL = 1, /* n */
    STOA__ARROW_BOOL,     /* b */
    STOA__ARROW_INT8,
    STOA__ARROW_INT16,
    STOA__ARROW_INT32,
    STOA__ARROW_INT64, /* c s i l */
    STOA__ARROW_UINT8,
    STOA__ARROW_UINT16,
    STOA__ARROW_UINT32,
    STOA__ARROW_UINT64, /* C S I L */
    STOA__ARROW_FLOAT16,
    STOA__ARROW_FLOAT32,
    STOA__ARROW_FLOAT64, /* e f g */
    STOA__ARROW_DECIMAL32,
    STOA__ARROW_DECIMAL64,
    STOA__ARROW_DECIMAL128,
    STOA__ARROW_DECIMAL256, /* d:p,s[,bits] */
    STOA__ARROW_DATE32,
    STOA__ARROW_DATE64, /* tdD tdm */
    STOA__ARROW_TIME32,
    STOA__ARROW_TIME64,    /* tts ttm | ttu ttn */
    STOA__ARROW_TIMESTAMP, /* tss: tsm: tsu: tsn: with zone */
    STOA__ARROW_DURATION,  /* tDs tDm tDu tDn */
    STOA__ARROW_INTERVAL_MONTHS,
    STOA__ARROW_INTERVAL_DAYS_MS,
    STOA__ARROW_INTERVAL_MONTHS_DAYS_NS, /* tiM tiD tin */
    STOA__ARROW_UTF8,
    STOA__ARROW_LARGE_UTF8,
    STOA__ARROW_UTF8_VIEW, /* u U vu */
    STOA__ARROW_BINARY,
    STOA__ARROW_LARGE_BINARY,
    STOA__ARROW_BINARY_VIEW,  /* z Z vz */
    STOA__ARROW_FIXED_BINARY, /* w:n */
    STOA__ARROW_LIST,
    STOA__ARROW_LARGE_LIST,
    STOA__ARROW_LIST_VIEW,
    STOA__ARROW_LARGE_LIST_VIEW,
    STOA__ARROW_FIXED_LIST, /* +l +L +vl +vL +w:n */
    STOA__ARROW_STRUCT,
    STOA__ARROW_MAP, /* +s +m */
    STOA__ARROW_DENSE_UNION,
    STOA__ARROW_SPARSE_UNION, /* +ud: +us: */
    STOA__ARROW_RUN_END,      /* +r */
    STOA__ARROW_KIND_COUNT
};

enum stoa__arrow_unit {
    STOA__UNIT_NONE = 0,
    STOA__UNIT_SECOND,
    STOA__UNIT_MILLI,
    STOA__UNIT_MICRO,
    STOA__UNIT_NANO
};

/*
 * One node. A dictionary-encoded column has the *index* kind in `kind` (an integer) and the value
 * type in `dictionary`. Everything is in the arena it was parsed into.
 */
struct stoa__arrow_type {
    enum stoa__arrow_kind kind;
    enum stoa__arrow_unit unit;  /* TIME*, TIMESTAMP, DURATION. */
    int32_t width;               /* Bytes a value in the data buffer; 0 where there is no such
                                    thing; bool: 0. FIXED_BINARY: n. */
    int32_t precision, scale;    /* DECIMAL*. */
    int32_t list_size;           /* FIXED_LIST: n. */
    const char *zone;            /* TIMESTAMP: "" for none. */
    const char *name;            /* "" if the schema has none. */
    const char *format;          /* The text it came from. */
    bool nullable;
    bool map_keys_sorted, dictionary_ordered;
    const int8_t *union_ids;     /* Unions: one type id a child. */
    struct stoa__arrow_type *children;
    int32_t child_count;
    struct stoa__arrow_type *dictionary;
    const char *metadata;        /* Arrow's encoding, copied, NULL for none. */
    int32_t metadata_size;
    const char *extension_name;  /* Of ARROW:extension:name, or NULL. */
    const char *extension_data;  /* Of ARROW:extension:metadata, or NULL. */
};

/* Parse and bound a schema (depth, children, names, metadata, every format of the specification,
 * released schemas, missing children). TYPE where a format is unknown, beyond its bounds or does
 * not go with its children, INVALID for all else, with the column's path in the text. */
stoa_status stoa__arrow_type_parse(const struct ArrowSchema *schema, stoa__arena *arena,
                                   struct stoa__arrow_type **out, stoa_error *err);

/* Build a schema from a type, such as one that was parsed (`format` is used as it is). The result
 * shares nothing with it. */
stoa_status stoa__arrow_type_export(const struct stoa__arrow_type *type, struct ArrowSchema *out,
                                    stoa_error *err);

/* A type of one format string, such as "l" or "tsu:UTC"; nested formats are refused. */
stoa_status stoa__arrow_type_simple(const char *format, const char *name, bool nullable,
                                    stoa__arena *arena, struct stoa__arrow_type **out,
                                    stoa_error *err);

/* The same from another arena, with all it holds. NULL in `out` on failure. */
stoa_status stoa__arrow_type_copy(const struct stoa__arrow_type *type, stoa__arena *arena,
                                  struct stoa__arrow_type **out, stoa_error *err);

/* The type of the values: dictionary and run-end resolved. */
const struct stoa__arrow_type *stoa__arrow_type_values(const struct stoa__arrow_type *type);

/* Same type: kinds, parameters, children and dictionaries; names of children of structs count,
 * metadata and nullability do not. */
bool stoa__arrow_type_equal(const struct stoa__arrow_type *a, const struct stoa__arrow_type *b);

/* What a person calls it: "int64", "timestamp[us, UTC]", "list<utf8>". Fills at most `capacity`
 * bytes with a NUL. */
void stoa__arrow_type_text(const struct stoa__arrow_type *type, char *text, size_t capacity);

/* Value of `key` in Arrow metadata already bounded by parse; NULL if absent. */
const char *stoa__arrow_metadata_find(const char *metadata, const char *key, int32_t *size);

#endif
