/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A declared type is a storage word that settles SQLite's affinity, and behind it a
 * logical word that settles Arrow's type:
 *
 *     storage word   logical word        arguments   zone
 *     INTEGER        TIMESTAMP_US                    "Europe/Paris"
 *     TEXT           DECIMAL             (10,2)
 *
 * The logical words were chosen so that no stronger affinity word hides in them;
 * type_test.c asks SQLite about each.
 */
#include "engine/sqlite/type_table.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

const struct sqlite_logical sqlite_logicals[SQLITE_LOGICAL_COUNT] = {
    {"ANY", "NULLS", "n", SQLITE_FORM_NULL},
    {"INTEGER", "BOOL", "b", SQLITE_FORM_INT},
    {"INTEGER", "INT8", "c", SQLITE_FORM_INT},
    {"INTEGER", "INT16", "s", SQLITE_FORM_INT},
    {"INTEGER", "INT32", "i", SQLITE_FORM_INT},
    {"INTEGER", "", "l", SQLITE_FORM_INT},
    {"INTEGER", "UINT8", "C", SQLITE_FORM_INT},
    {"INTEGER", "UINT16", "S", SQLITE_FORM_INT},
    {"INTEGER", "UINT32", "I", SQLITE_FORM_INT},
    {"INTEGER", "UINT64", "L", SQLITE_FORM_INT},
    {"TEXT", "U64", "L", SQLITE_FORM_UINT64_TEXT},
    {"REAL", "FLOAT16", "e", SQLITE_FORM_REAL},
    {"REAL", "FLOAT32", "f", SQLITE_FORM_REAL},
    {"REAL", "", "g", SQLITE_FORM_REAL},
    {"TEXT", "", "u", SQLITE_FORM_TEXT},
    {"TEXT", "LARGE", "U", SQLITE_FORM_TEXT},
    {"TEXT", "VIEW", "vu", SQLITE_FORM_TEXT},
    {"BLOB", "", "z", SQLITE_FORM_BLOB},
    {"BLOB", "LARGE", "Z", SQLITE_FORM_BLOB},
    {"BLOB", "VIEW", "vz", SQLITE_FORM_BLOB},
    {"INTEGER", "DATE32", "tdD", SQLITE_FORM_INT},
    {"INTEGER", "DATE64", "tdm", SQLITE_FORM_INT},
    {"TEXT", "DATE32", "tdD", SQLITE_FORM_DATE_TEXT},
    {"TEXT", "DATE64", "tdm", SQLITE_FORM_DATE_TEXT},
    {"INTEGER", "TIME_S", "tts", SQLITE_FORM_INT},
    {"INTEGER", "TIME_MS", "ttm", SQLITE_FORM_INT},
    {"INTEGER", "TIME_US", "ttu", SQLITE_FORM_INT},
    {"INTEGER", "TIME_NS", "ttn", SQLITE_FORM_INT},
    {"TEXT", "TIME_S", "tts", SQLITE_FORM_TIME_TEXT},
    {"TEXT", "TIME_MS", "ttm", SQLITE_FORM_TIME_TEXT},
    {"TEXT", "TIME_US", "ttu", SQLITE_FORM_TIME_TEXT},
    {"TEXT", "TIME_NS", "ttn", SQLITE_FORM_TIME_TEXT},
    {"INTEGER", "TIMESTAMP_S", "tss:", SQLITE_FORM_INT},
    {"INTEGER", "TIMESTAMP_MS", "tsm:", SQLITE_FORM_INT},
    {"INTEGER", "TIMESTAMP_US", "tsu:", SQLITE_FORM_INT},
    {"INTEGER", "TIMESTAMP_NS", "tsn:", SQLITE_FORM_INT},
    {"TEXT", "TIMESTAMP_S", "tss:", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMP_MS", "tsm:", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMP_US", "tsu:", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMP_NS", "tsn:", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMPTZ_S", "tss:UTC", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMPTZ_MS", "tsm:UTC", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMPTZ_US", "tsu:UTC", SQLITE_FORM_TIMESTAMP_TEXT},
    {"TEXT", "TIMESTAMPTZ_NS", "tsn:UTC", SQLITE_FORM_TIMESTAMP_TEXT},
    {"INTEGER", "DURATION_S", "tDs", SQLITE_FORM_INT},
    {"INTEGER", "DURATION_MS", "tDm", SQLITE_FORM_INT},
    {"INTEGER", "DURATION_US", "tDu", SQLITE_FORM_INT},
    {"INTEGER", "DURATION_NS", "tDn", SQLITE_FORM_INT},
    {"INTEGER", "MONTHS", "tiM", SQLITE_FORM_INT},
    {"BLOB", "DAYS_MS", "tiD", SQLITE_FORM_INTERVAL_BLOB},
    {"BLOB", "MONTHS_DAYS_NANOS", "tin", SQLITE_FORM_INTERVAL_BLOB},
};

const struct sqlite_nested sqlite_nested[SQLITE_NESTED_COUNT] = {
    {STOA__ARROW_LIST, "TEXT LIST"},
    {STOA__ARROW_LARGE_LIST, "TEXT LARGE_LIST"},
    {STOA__ARROW_LIST_VIEW, "TEXT LIST_VIEW"},
    {STOA__ARROW_LARGE_LIST_VIEW, "TEXT LARGE_LIST_VIEW"},
    {STOA__ARROW_FIXED_LIST, "TEXT FIXED_LIST"},
    {STOA__ARROW_STRUCT, "TEXT STRUCT"},
    {STOA__ARROW_MAP, "TEXT MAP"},
    {STOA__ARROW_DENSE_UNION, "TEXT VARIANT"},
    {STOA__ARROW_SPARSE_UNION, "TEXT VARIANT"},
};

/* ---- affinity ---- */

static bool contains(const char *text, const char *word)
{
    const size_t size = strlen(word);

    for (; *text; text++)
        if (sqlite3_strnicmp(text, word, (int)size) == 0)
            return true;
    return false;
}

enum sqlite_affinity sqlite_type_affinity(const char *declared)
{
    if (contains(declared, "INT"))
        return SQLITE_AFFINITY_INTEGER;
    if (contains(declared, "CHAR") || contains(declared, "CLOB") ||
        contains(declared, "TEXT"))
        return SQLITE_AFFINITY_TEXT;
    if (*declared == 0 || contains(declared, "BLOB"))
        return SQLITE_AFFINITY_BLOB;
    if (contains(declared, "REAL") || contains(declared, "FLOA") ||
        contains(declared, "DOUB"))
        return SQLITE_AFFINITY_REAL;
    return SQLITE_AFFINITY_NUMERIC;
}

/* ---- Arrow to declared ---- */

static bool same_format(const struct sqlite_logical *logical, const char *format)
{
    if (strncmp(format, "ts", 2) == 0)
        return strlen(logical->format) == 4 && strncmp(logical->format, format, 4) == 0;
    return strcmp(logical->format, format) == 0;
}

/* The logical type of a format that is stored as `storage` (NULL: as the first of
 * them). */
static const struct sqlite_logical *find_logical(const char *format, const char *storage)
{
    for (size_t i = 0; i < SQLITE_LOGICAL_COUNT; i++)
        if (same_format(&sqlite_logicals[i], format) &&
            (!storage || strcmp(sqlite_logicals[i].storage, storage) == 0))
            return &sqlite_logicals[i];
    return NULL;
}

static bool is_temporal_with_text(enum stoa__arrow_kind kind)
{
    return kind == STOA__ARROW_DATE32 || kind == STOA__ARROW_DATE64 ||
           kind == STOA__ARROW_TIME32 || kind == STOA__ARROW_TIME64 ||
           kind == STOA__ARROW_TIMESTAMP;
}

/* Which storage word a choice of forms means, where a type has two; NULL: the usual. */
static const char *chosen_storage(const struct stoa__arrow_type *type,
                                  const struct sqlite_forms *forms)
{
    if (type->kind == STOA__ARROW_UINT64 && forms->uint64_form == 1)
        return "TEXT";
    if (is_temporal_with_text(type->kind) && forms->temporal_form == 1)
        return "TEXT";
    return NULL;
}

/* A declaration while it is made: texts that must not come apart. */
struct declaration {
    stoa__buffer *out;
    bool strict;
    stoa_status rc;
};

static void put(struct declaration *to, const char *text)
{
    if (to->rc == STOA_OK)
        to->rc = stoa__buffer_append_text(to->out, text);
}

/* The storage word, and unless the table is STRICT the logical one. */
static void put_words(struct declaration *to, const char *storage, const char *word)
{
    put(to, storage);
    if (to->strict || *word == 0)
        return;
    put(to, " ");
    put(to, word);
}

static enum sqlite_form declare_decimal(const struct stoa__arrow_type *type,
                                        const struct sqlite_forms *forms,
                                        struct declaration *to)
{
    const bool as_int = forms->decimal_form == 1 && type->precision <= 18;
    char word[64];

    (void)snprintf(word, sizeof word, "DECIMAL%s(%d,%d)",
                   type->kind == STOA__ARROW_DECIMAL32    ? "32"
                   : type->kind == STOA__ARROW_DECIMAL64  ? "64"
                   : type->kind == STOA__ARROW_DECIMAL256 ? "256"
                                                          : "",
                   (int)type->precision, (int)type->scale);
    put_words(to, as_int ? "INTEGER" : "TEXT", word);
    return as_int ? SQLITE_FORM_DECIMAL_INT : SQLITE_FORM_DECIMAL_TEXT;
}

static enum sqlite_form declare_fixed(const struct stoa__arrow_type *type, bool uuid,
                                      struct declaration *to)
{
    char word[32];

    (void)snprintf(word, sizeof word, "FIXED(%d)", (int)type->width);
    put_words(to, "BLOB", uuid ? "UUID" : word);
    return SQLITE_FORM_BLOB;
}

/* The zone stands in quotes behind the words; it may hold anything but a NUL. */
static void put_zone(struct declaration *to, const char *zone, stoa_error *err)
{
    put(to, " ");
    if (to->rc == STOA_OK)
        to->rc = stoa__identifier_quote(zone, strlen(zone), to->out, err);
}

static enum sqlite_form declare_logical(const struct stoa__arrow_type *type,
                                        const struct sqlite_forms *forms,
                                        struct declaration *to, bool *metadata,
                                        stoa_error *err)
{
    const struct sqlite_logical *logical =
        find_logical(type->format, chosen_storage(type, forms));
    const char *zone = type->kind == STOA__ARROW_TIMESTAMP ? type->zone : "";
    char word[32];

    assert(logical);
    (void)snprintf(word, sizeof word, "%s", logical->word);
    if (*zone && logical->form == SQLITE_FORM_TIMESTAMP_TEXT) {
        (void)snprintf(word, sizeof word, "TIMESTAMPTZ%s",
                       logical->word + strlen("TIMESTAMP"));
        *metadata = *metadata || strcmp(zone, "UTC") != 0;
    }
    put_words(to, logical->storage, word);
    if (*zone && logical->form == SQLITE_FORM_INT && !to->strict)
        put_zone(to, zone, err);
    return logical->form;
}

static enum sqlite_form declare_values(const struct stoa__arrow_type *type,
                                       const struct sqlite_forms *forms,
                                       struct declaration *to, bool *metadata,
                                       stoa_error *err)
{
    const char *extension = type->extension_name ? type->extension_name : "";

    if (stoa__arrow_is_decimal(type->kind))
        return declare_decimal(type, forms, to);
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        return declare_fixed(
            type, strcmp(extension, "arrow.uuid") == 0 && type->width == 16, to);
    if (type->kind == STOA__ARROW_UTF8 && strcmp(extension, "arrow.json") == 0) {
        put_words(to, "TEXT", "JSON");
        return SQLITE_FORM_TEXT;
    }
    for (size_t i = 0; i < SQLITE_NESTED_COUNT; i++) {
        if (sqlite_nested[i].kind != type->kind)
            continue;
        put_words(to, "TEXT", sqlite_nested[i].declared + strlen("TEXT "));
        *metadata = true;
        return SQLITE_FORM_JSON;
    }
    return declare_logical(type, forms, to, metadata, err);
}

/* Is there metadata of the field that a declared type does not tell? What we put there on
 * reading does not count, or a copy of a table would need a row for every column. */
static bool has_own_metadata(const struct stoa__arrow_type *type, bool extension_told)
{
    int32_t count = 0;
    const char *at = type->metadata;

    if (!at)
        return false;
    memcpy(&count, at, 4);
    at += 4;
    for (int32_t i = 0; i < count; i++) {
        int32_t size;

        memcpy(&size, at, 4);
        const char *key = at + 4;
        const bool ours = (size > 7 && memcmp(key, "SQLITE:", 7) == 0) ||
                          (size > 5 && memcmp(key, "stoa:", 5) == 0);
        const bool told =
            extension_told && size > 16 && memcmp(key, "ARROW:extension:", 16) == 0;

        if (!ours && !told)
            return true;
        at += 4 + size;
        memcpy(&size, at, 4);
        at += 4 + size;
    }
    return false;
}

/* Does the storage word alone say it? */
static bool is_plain(const struct stoa__arrow_type *type)
{
    return type->kind == STOA__ARROW_INT64 || type->kind == STOA__ARROW_FLOAT64 ||
           type->kind == STOA__ARROW_UTF8 || type->kind == STOA__ARROW_BINARY;
}

/* JSON and UUID have words of their own. */
static bool extension_told(const struct stoa__arrow_type *type)
{
    if (!type->extension_name || (type->extension_data && *type->extension_data))
        return false;
    return (type->kind == STOA__ARROW_UTF8 &&
            strcmp(type->extension_name, "arrow.json") == 0) ||
           (type->kind == STOA__ARROW_FIXED_BINARY && type->width == 16 &&
            strcmp(type->extension_name, "arrow.uuid") == 0);
}

stoa_status sqlite_type_declare(const struct stoa__arrow_type *type,
                                const struct sqlite_forms *forms, stoa__buffer *out,
                                enum sqlite_form *form, bool *metadata, stoa_error *err)
{
    const struct stoa__arrow_type *values = stoa__arrow_type_values(type);
    const size_t size = out->size;
    struct declaration to = {.out = out, .strict = forms->strict};

    *metadata = values != type || has_own_metadata(type, extension_told(type)) ||
                (forms->strict && (!is_plain(values) || values->extension_name));
    *form = declare_values(values, forms, &to, metadata, err);
    if (to.rc == STOA_OK)
        return STOA_OK;
    out->size = size;
    return to.rc == STOA_ERR_NOMEM ? stoa__fail_nomem(err) : to.rc;
}

enum sqlite_form sqlite_type_form_default(const struct stoa__arrow_type *type)
{
    return sqlite_type_form(type, "");
}

enum sqlite_form sqlite_type_form(const struct stoa__arrow_type *type,
                                  const char *declared)
{
    const enum sqlite_affinity affinity = sqlite_type_affinity(declared);
    const bool text = affinity == SQLITE_AFFINITY_TEXT;

    type = stoa__arrow_type_values(type);
    if (stoa__arrow_is_decimal(type->kind))
        return affinity == SQLITE_AFFINITY_INTEGER ? SQLITE_FORM_DECIMAL_INT
                                                   : SQLITE_FORM_DECIMAL_TEXT;
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        return SQLITE_FORM_BLOB;
    for (size_t i = 0; i < SQLITE_NESTED_COUNT; i++)
        if (sqlite_nested[i].kind == type->kind)
            return SQLITE_FORM_JSON;
    const struct sqlite_logical *logical =
        find_logical(type->format, text ? "TEXT" : NULL);

    if (!logical)
        logical = find_logical(type->format, NULL);
    assert(logical);
    return logical ? logical->form : SQLITE_FORM_NULL;
}
