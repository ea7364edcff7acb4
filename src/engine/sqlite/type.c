/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A declared type is a storage word that settles SQLite's affinity, and behind it a logical word
 * that settles Arrow's type:
 *
 *     storage word   logical word        arguments   zone
 *     INTEGER        TIMESTAMP_US                    "Europe/Paris"
 *     TEXT           DECIMAL             (10,2)
 *
 * The logical words were chosen so that no stronger affinity word hides in them; type_test.c asks
 * SQLite about each.
 */
#include "engine/sqlite/type.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "base/limits.h"
#include "text/identifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Types without arguments. `format` of a timestamp stands for every zone. */
struct logical {
    const char *storage, *word, *format;
    enum sqlite_form form;
};

static const struct logical LOGICALS[] = {
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

enum { LOGICAL_COUNT = sizeof(LOGICALS) / sizeof(*LOGICALS) };

/* Types that only a row of the metadata table can tell fully. */
static const struct {
    enum stoa__arrow_kind kind;
    const char *declared;
} NESTED[] = {
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

/* Declared types of others, arguments gone. They never promise a narrow type. */
static const struct {
    const char *words, *format;
} FOREIGN[] = {
    {"INT", "l"},           {"TINYINT", "l"},
    {"SMALLINT", "l"},      {"MEDIUMINT", "l"},
    {"BIGINT", "l"},        {"INT2", "l"},
    {"INT8", "l"},          {"UNSIGNED BIG INT", "l"},
    {"DOUBLE", "g"},        {"DOUBLE PRECISION", "g"},
    {"FLOAT", "g"},         {"CHAR", "u"},
    {"CHARACTER", "u"},     {"VARCHAR", "u"},
    {"NCHAR", "u"},         {"NVARCHAR", "u"},
    {"CLOB", "u"},          {"VARYING CHARACTER", "u"},
    {"NATIVE CHARACTER", "u"}, {"BINARY", "z"},
    {"VARBINARY", "z"},     {"BYTEA", "z"},
    {"BOOLEAN", "b"},       {"BOOL", "b"},
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
    if (contains(declared, "CHAR") || contains(declared, "CLOB") || contains(declared, "TEXT"))
        return SQLITE_AFFINITY_TEXT;
    if (*declared == 0 || contains(declared, "BLOB"))
        return SQLITE_AFFINITY_BLOB;
    if (contains(declared, "REAL") || contains(declared, "FLOA") || contains(declared, "DOUB"))
        return SQLITE_AFFINITY_REAL;
    return SQLITE_AFFINITY_NUMERIC;
}

/* ---- Arrow to declared ---- */

const struct stoa__arrow_type *sqlite_type_values(const struct stoa__arrow_type *type)
{
    for (;;) {
        if (type->dictionary)
            type = type->dictionary;
        else if (type->kind == STOA__ARROW_RUN_END)
            type = &type->children[1];
        else
            return type;
    }
}

static bool same_format(const struct logical *logical, const char *format)
{
    if (strncmp(format, "ts", 2) == 0)
        return strlen(logical->format) == 4 && strncmp(logical->format, format, 4) == 0;
    return strcmp(logical->format, format) == 0;
}

/* The logical type of a format that is stored as `storage` (NULL: as the first of them). */
static const struct logical *find_logical(const char *format, const char *storage)
{
    for (size_t i = 0; i < LOGICAL_COUNT; i++)
        if (same_format(&LOGICALS[i], format) &&
            (!storage || strcmp(LOGICALS[i].storage, storage) == 0))
            return &LOGICALS[i];
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
                                        const struct sqlite_forms *forms, struct declaration *to)
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
                                        const struct sqlite_forms *forms, struct declaration *to,
                                        bool *metadata, stoa_error *err)
{
    const struct logical *logical = find_logical(type->format, chosen_storage(type, forms));
    const char *zone = type->kind == STOA__ARROW_TIMESTAMP ? type->zone : "";
    char word[32];

    assert(logical);
    (void)snprintf(word, sizeof word, "%s", logical->word);
    if (*zone && logical->form == SQLITE_FORM_TIMESTAMP_TEXT) {
        (void)snprintf(word, sizeof word, "TIMESTAMPTZ%s", logical->word + strlen("TIMESTAMP"));
        *metadata = *metadata || strcmp(zone, "UTC") != 0;
    }
    put_words(to, logical->storage, word);
    if (*zone && logical->form == SQLITE_FORM_INT && !to->strict)
        put_zone(to, zone, err);
    return logical->form;
}

static enum sqlite_form declare_values(const struct stoa__arrow_type *type,
                                       const struct sqlite_forms *forms, struct declaration *to,
                                       bool *metadata, stoa_error *err)
{
    const char *extension = type->extension_name ? type->extension_name : "";

    if (stoa__arrow_is_decimal(type->kind))
        return declare_decimal(type, forms, to);
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        return declare_fixed(type, strcmp(extension, "arrow.uuid") == 0 && type->width == 16, to);
    if (type->kind == STOA__ARROW_UTF8 && strcmp(extension, "arrow.json") == 0) {
        put_words(to, "TEXT", "JSON");
        return SQLITE_FORM_TEXT;
    }
    for (size_t i = 0; i < sizeof NESTED / sizeof *NESTED; i++) {
        if (NESTED[i].kind != type->kind)
            continue;
        put_words(to, "TEXT", NESTED[i].declared + strlen("TEXT "));
        *metadata = true;
        return SQLITE_FORM_JSON;
    }
    return declare_logical(type, forms, to, metadata, err);
}

/* Is there metadata of the field that a declared type does not tell? What we put there on reading
 * does not count, or a copy of a table would need a row for every column. */
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
        const bool told = extension_told && size > 16 && memcmp(key, "ARROW:extension:", 16) == 0;

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
    return (type->kind == STOA__ARROW_UTF8 && strcmp(type->extension_name, "arrow.json") == 0) ||
           (type->kind == STOA__ARROW_FIXED_BINARY && type->width == 16 &&
            strcmp(type->extension_name, "arrow.uuid") == 0);
}

stoa_status sqlite_type_declare(const struct stoa__arrow_type *type,
                                const struct sqlite_forms *forms, stoa__buffer *out,
                                enum sqlite_form *form, bool *metadata, stoa_error *err)
{
    const struct stoa__arrow_type *values = sqlite_type_values(type);
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

enum sqlite_form sqlite_type_form(const struct stoa__arrow_type *type, const char *declared)
{
    const enum sqlite_affinity affinity = sqlite_type_affinity(declared);
    const bool text = affinity == SQLITE_AFFINITY_TEXT;

    type = sqlite_type_values(type);
    if (stoa__arrow_is_decimal(type->kind))
        return affinity == SQLITE_AFFINITY_INTEGER ? SQLITE_FORM_DECIMAL_INT
                                                   : SQLITE_FORM_DECIMAL_TEXT;
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        return SQLITE_FORM_BLOB;
    for (size_t i = 0; i < sizeof NESTED / sizeof *NESTED; i++)
        if (NESTED[i].kind == type->kind)
            return SQLITE_FORM_JSON;
    const struct logical *logical = find_logical(type->format, text ? "TEXT" : NULL);

    if (!logical)
        logical = find_logical(type->format, NULL);
    assert(logical);
    return logical->form;
}

/* ---- declared to Arrow ---- */

enum { WORD_MAX = 48 };

/* A declared type cut into its words. */
struct words {
    char all[128];        /* Words with one space between, arguments gone. */
    char first[WORD_MAX]; /* Storage word. */
    char second[WORD_MAX];
    int32_t count;        /* Of words. */
    int32_t numbers[2];
    int32_t number_count;
    char zone[STOA__ARROW_ZONE_BYTES_MAX + 1];
    bool zoned;
    bool strange; /* Anything else: then it promises nothing. */
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static const char *cut_word(const char *at, struct words *words)
{
    const char *end = at;
    size_t used = strlen(words->all);

    while (is_word(*end))
        end++;
    const size_t size = (size_t)(end - at);

    if (size >= WORD_MAX || used + size + 2 > sizeof words->all || words->zoned) {
        words->strange = true;
        return end;
    }
    if (used > 0)
        words->all[used++] = ' ';
    memcpy(words->all + used, at, size);
    words->all[used + size] = 0;
    if (words->count < 2) {
        char *into = words->count == 0 ? words->first : words->second;

        memcpy(into, at, size);
        into[size] = 0;
    }
    words->count++;
    return end;
}

/* (10,2): at most two numbers, or whatever others write there, which is passed over. */
static const char *cut_arguments(const char *at, struct words *words)
{
    at++;
    while (*at && *at != ')') {
        int32_t number = 0, sign = 1;
        bool digits = false;

        while (is_space(*at) || *at == '+' || *at == '-')
            sign = *at++ == '-' ? -1 : sign;
        for (; *at >= '0' && *at <= '9'; at++, digits = true)
            number = number > 100000000 ? number : number * 10 + (*at - '0');
        while (is_space(*at))
            at++;
        if (!digits || words->number_count == 2 || (*at != ',' && *at != ')'))
            words->number_count = 3;
        if (words->number_count < 2)
            words->numbers[words->number_count++] = sign * number;
        if (words->number_count == 3)
            at += strcspn(at, ")");
        else if (*at == ',')
            at++;
    }
    return *at ? at + 1 : at;
}

static const char *cut_zone(const char *at, struct words *words)
{
    const char quote = *at++;
    size_t size = 0;

    words->strange = words->strange || words->zoned;
    words->zoned = true;
    for (; *at; at++) {
        if (*at == quote && *++at != quote)
            break;
        if (size < sizeof words->zone - 1)
            words->zone[size++] = *at;
        else
            words->strange = true;
    }
    words->zone[size] = 0;
    return at;
}

static void cut(const char *declared, struct words *words)
{
    const char *at = declared;

    *words = (struct words){0};
    while (*at && !words->strange) {
        if (is_space(*at))
            at++;
        else if (is_word(*at))
            at = cut_word(at, words);
        else if (*at == '(')
            at = cut_arguments(at, words);
        else if (*at == '"' || *at == '\'')
            at = cut_zone(at, words);
        else
            words->strange = true;
    }
}

static stoa_status make(const char *format, stoa__arena *arena, struct sqlite_declared *out,
                        enum sqlite_form form, stoa_error *err)
{
    out->form = form;
    return stoa__arrow_type_simple(format, "", true, arena, &out->type, err);
}

/* A type whose extension has a name and no data. */
static stoa_status make_extension(const char *format, const char *extension, stoa__arena *arena,
                                  struct sqlite_declared *out, enum sqlite_form form,
                                  stoa_error *err)
{
    static const char key[] = "ARROW:extension:name";
    stoa_status rc = make(format, arena, out, form, err);

    if (rc != STOA_OK)
        return rc;
    rc = sqlite_metadata_with(NULL, key, extension, strlen(extension), arena,
                              &out->type->metadata, &out->type->metadata_size, err);
    if (rc == STOA_OK)
        rc = sqlite_metadata_with(out->type->metadata, "ARROW:extension:metadata", "", 0, arena,
                                  &out->type->metadata, &out->type->metadata_size, err);
    out->type->extension_name = extension;
    out->type->extension_data = "";
    return rc;
}

/* DECIMAL(p,s) and its widths; false: it is none, or not a possible one. */
static bool decimal_format(const struct words *words, char *format, size_t capacity)
{
    static const struct {
        const char *word;
        int32_t bits, digits;
    } widths[] = {{"DECIMAL", 128, 38}, {"DECIMAL32", 32, 9}, {"DECIMAL64", 64, 18},
                  {"DECIMAL256", 256, 76}};

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        if (sqlite3_stricmp(words->second, widths[i].word) != 0)
            continue;
        if (words->number_count != 2 || words->numbers[0] < 1 ||
            words->numbers[0] > widths[i].digits || words->numbers[1] > 128 ||
            words->numbers[1] < -128)
            return false;
        (void)snprintf(format, capacity, "d:%d,%d", (int)words->numbers[0],
                       (int)words->numbers[1]);
        if (widths[i].bits != 128)
            (void)snprintf(format + strlen(format), capacity - strlen(format), ",%d",
                           (int)widths[i].bits);
        return true;
    }
    return false;
}

/* Words that have arguments, and the two extensions. Leaves out->type NULL where it is neither. */
static stoa_status read_special(const struct words *words, stoa__arena *arena,
                                struct sqlite_declared *out, stoa_error *err)
{
    const bool text = sqlite3_stricmp(words->first, "TEXT") == 0;
    const bool blob = sqlite3_stricmp(words->first, "BLOB") == 0;
    const bool integer = sqlite3_stricmp(words->first, "INTEGER") == 0;
    char format[64];

    if (blob && sqlite3_stricmp(words->second, "UUID") == 0)
        return make_extension("w:16", "arrow.uuid", arena, out, SQLITE_FORM_BLOB, err);
    if (text && sqlite3_stricmp(words->second, "JSON") == 0)
        return make_extension("u", "arrow.json", arena, out, SQLITE_FORM_TEXT, err);
    if (blob && sqlite3_stricmp(words->second, "FIXED") == 0 && words->number_count == 1 &&
        words->numbers[0] >= 0) {
        (void)snprintf(format, sizeof format, "w:%d", (int)words->numbers[0]);
        return make(format, arena, out, SQLITE_FORM_BLOB, err);
    }
    if ((text || (integer && words->numbers[0] <= 18)) &&
        decimal_format(words, format, sizeof format))
        return make(format, arena, out,
                    text ? SQLITE_FORM_DECIMAL_TEXT : SQLITE_FORM_DECIMAL_INT, err);
    return STOA_OK;
}

static stoa_status read_logical(const struct words *words, stoa__arena *arena,
                                struct sqlite_declared *out, stoa_error *err)
{
    char format[8 + sizeof words->zone];

    for (size_t i = 0; i < LOGICAL_COUNT; i++) {
        const struct logical *logical = &LOGICALS[i];

        if (sqlite3_stricmp(words->first, logical->storage) != 0 ||
            sqlite3_stricmp(words->second, logical->word) != 0)
            continue;
        if (words->zoned &&
            (strncmp(logical->format, "ts", 2) != 0 || logical->form != SQLITE_FORM_INT))
            return STOA_OK;
        (void)snprintf(format, sizeof format, "%s%s", logical->format, words->zone);
        return make(format, arena, out, logical->form, err);
    }
    return STOA_OK;
}

static stoa_status read_foreign(const struct words *words, stoa__arena *arena,
                                struct sqlite_declared *out, stoa_error *err)
{
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++) {
        const char *format = FOREIGN[i].format;

        if (words->zoned || sqlite3_stricmp(words->all, FOREIGN[i].words) != 0)
            continue;
        out->tentative = *format == 'b';
        return make(format, arena, out,
                    *format == 'g'   ? SQLITE_FORM_REAL
                    : *format == 'u' ? SQLITE_FORM_TEXT
                    : *format == 'z' ? SQLITE_FORM_BLOB
                                     : SQLITE_FORM_INT,
                    err);
    }
    return STOA_OK;
}

/* A nested type's word without its row in the metadata table: the JSON text. */
static stoa_status read_nested(const struct words *words, stoa__arena *arena,
                               struct sqlite_declared *out, stoa_error *err)
{
    for (size_t i = 0; i < sizeof NESTED / sizeof *NESTED; i++)
        if (sqlite3_stricmp(words->all, NESTED[i].declared) == 0)
            return make("u", arena, out, SQLITE_FORM_TEXT, err);
    return STOA_OK;
}

stoa_status sqlite_type_parse(const char *declared, stoa__arena *arena,
                              struct sqlite_declared *out, stoa_error *err)
{
    struct words words;
    stoa_status rc = STOA_OK;

    *out = (struct sqlite_declared){0};
    cut(declared, &words);
    if (words.strange || words.count == 0)
        return STOA_OK;
    if (words.count == 2)
        rc = read_special(&words, arena, out, err);
    if (rc == STOA_OK && !out->type && words.count <= 2)
        rc = read_logical(&words, arena, out, err);
    if (rc == STOA_OK && !out->type)
        rc = read_nested(&words, arena, out, err);
    if (rc == STOA_OK && !out->type)
        rc = read_foreign(&words, arena, out, err);
    if (rc == STOA_ERR_TYPE || rc == STOA_ERR_INVALID) {
        *out = (struct sqlite_declared){0}; /* FIXED(4000000000) and such promise nothing. */
        rc = STOA_OK;
    }
    return rc;
}

stoa_status sqlite_type_read(const char *declared, stoa__arena *arena,
                             struct stoa__arrow_type **type, enum sqlite_form *form,
                             stoa_error *err)
{
    struct sqlite_declared promised;
    const stoa_status rc = sqlite_type_parse(declared, arena, &promised, err);

    *type = promised.type;
    *form = promised.form;
    return rc;
}

/* ---- Arrow metadata: int32 count, then key and value, each an int32 size and its bytes ---- */

static char *put_sized(char *at, const char *bytes, size_t size)
{
    const int32_t count = (int32_t)size;

    memcpy(at, &count, 4);
    if (size > 0)
        memcpy(at + 4, bytes, size);
    return at + 4 + size;
}

/* Copy all entries but those of `key`; answers their count, and moves `*to`. */
static int32_t copy_others(const char *metadata, const char *key, char **to)
{
    int32_t count = 0, kept = 0;
    const char *at = metadata;

    if (!metadata)
        return 0;
    memcpy(&count, at, 4);
    at += 4;
    for (int32_t i = 0; i < count; i++) {
        const char *entry = at;
        int32_t key_size, value_size;

        memcpy(&key_size, at, 4);
        memcpy(&value_size, at + 4 + key_size, 4);
        at += 8 + key_size + value_size;
        if ((size_t)key_size == strlen(key) && memcmp(entry + 4, key, (size_t)key_size) == 0)
            continue;
        memcpy(*to, entry, (size_t)(at - entry));
        *to += at - entry;
        kept++;
    }
    return kept;
}

static size_t metadata_bytes(const char *metadata)
{
    int32_t count = 0, size;
    const char *at = metadata;

    if (!metadata)
        return 4;
    memcpy(&count, at, 4);
    at += 4;
    for (int32_t i = 0; i < 2 * count; i++) {
        memcpy(&size, at, 4);
        at += 4 + size;
    }
    return (size_t)(at - metadata);
}

stoa_status sqlite_metadata_with(const char *metadata, const char *key, const char *value,
                                 size_t value_size, stoa__arena *arena, const char **out,
                                 int32_t *out_size, stoa_error *err)
{
    const size_t size = metadata_bytes(metadata) + 8 + strlen(key) + value_size;
    char *bytes, *at;

    if (size > STOA__METADATA_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "a column's metadata is larger than %d bytes",
                          (int)STOA__METADATA_BYTES_MAX);
    bytes = stoa__arena_alloc(arena, size);
    if (!bytes)
        return stoa__fail_nomem(err);
    at = bytes + 4;
    const int32_t count = copy_others(metadata, key, &at) + 1;

    memcpy(bytes, &count, 4);
    at = put_sized(at, key, strlen(key));
    at = put_sized(at, value, value_size);
    *out = bytes;
    *out_size = (int32_t)(at - bytes);
    return STOA_OK;
}
