/* SPDX-License-Identifier: Apache-2.0 */
/* What a declared type, ours or anybody's, promises; type.c says what ours look like. */
#include "engine/sqlite/type_table.h"

#include "base/error.h"
#include "base/limits.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Declared types of others, arguments gone. They never promise a narrow type. */
static const struct {
    const char *words, *format;
} FOREIGN[] = {
    {"INT", "l"},
    {"TINYINT", "l"},
    {"SMALLINT", "l"},
    {"MEDIUMINT", "l"},
    {"BIGINT", "l"},
    {"INT2", "l"},
    {"INT8", "l"},
    {"UNSIGNED BIG INT", "l"},
    {"DOUBLE", "g"},
    {"DOUBLE PRECISION", "g"},
    {"FLOAT", "g"},
    {"CHAR", "u"},
    {"CHARACTER", "u"},
    {"VARCHAR", "u"},
    {"NCHAR", "u"},
    {"NVARCHAR", "u"},
    {"CLOB", "u"},
    {"VARYING CHARACTER", "u"},
    {"NATIVE CHARACTER", "u"},
    {"BINARY", "z"},
    {"VARBINARY", "z"},
    {"BYTEA", "z"},
    {"BOOLEAN", "b"},
    {"BOOL", "b"},
};

enum { WORD_MAX = 48 };

/* A declared type cut into its words. */
struct words {
    char all[128];        /* Words with one space between, arguments gone. */
    char first[WORD_MAX]; /* Storage word. */
    char second[WORD_MAX];
    int32_t count; /* Of words. */
    int32_t numbers[2];
    int32_t number_count;
    char zone[STOA__ARROW_ZONE_BYTES_MAX + 1];
    bool zoned;
    bool strange; /* Anything else: then it promises nothing. */
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
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
        for (; *at >= '0' && *at <= '9'; at++, digits = true) {
            if (number >= 100000000) /* Larger than anything that could be meant. */
                words->number_count = 3;
            else
                number = number * 10 + (*at - '0');
        }
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

static stoa_status make(const char *format, stoa__arena *arena,
                        struct sqlite_declared *out, enum sqlite_form form,
                        stoa_error *err)
{
    out->form = form;
    return stoa__arrow_type_simple(format, "", true, arena, &out->type, err);
}

/* A type whose extension has a name and no data. */
static stoa_status make_extension(const char *format, const char *extension,
                                  stoa__arena *arena, struct sqlite_declared *out,
                                  enum sqlite_form form, stoa_error *err)
{
    static const char key[] = "ARROW:extension:name";
    stoa_status rc = make(format, arena, out, form, err);

    if (rc != STOA_OK)
        return rc;
    rc = sqlite_metadata_with(NULL, key, extension, strlen(extension), arena,
                              &out->type->metadata, &out->type->metadata_size, err);
    if (rc == STOA_OK)
        rc = sqlite_metadata_with(out->type->metadata, "ARROW:extension:metadata", "", 0,
                                  arena, &out->type->metadata, &out->type->metadata_size,
                                  err);
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
    } widths[] = {{"DECIMAL", 128, 38},
                  {"DECIMAL32", 32, 9},
                  {"DECIMAL64", 64, 18},
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

/* Words that have arguments, and the two extensions. Leaves out->type NULL where it is
 * neither. */
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
    if (blob && sqlite3_stricmp(words->second, "FIXED") == 0 &&
        words->number_count == 1 && words->numbers[0] >= 0) {
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

    for (size_t i = 0; i < SQLITE_LOGICAL_COUNT; i++) {
        const struct sqlite_logical *logical = &sqlite_logicals[i];

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
    for (size_t i = 0; i < SQLITE_NESTED_COUNT; i++)
        if (sqlite3_stricmp(words->all, sqlite_nested[i].declared) == 0)
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
        *out =
            (struct sqlite_declared){0}; /* FIXED(4000000000) and such promise nothing. */
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
