/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/toml.h"

#include "base/error.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

struct reader {
    const char *text;
    size_t size, at;
    stoa__buffer table; /* "Driver." in [Driver]; empty at the top. */
    stoa__buffer key;
    stoa__buffer value;
    stoa_error *err;
};

static stoa_status fail(const struct reader *reader, const char *what)
{
    int line = 1, column = 1;

    for (size_t i = 0; i < reader->at; i++) {
        column = reader->text[i] == '\n' ? 1 : column + 1;
        line += reader->text[i] == '\n';
    }
    return stoa__fail(reader->err, STOA_ERR_SYNTAX, "line %d, column %d: %s", line, column, what);
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->size ? reader->text[reader->at] : '\0';
}

static void skip_blanks(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t')
        reader->at++;
}

/* Blanks and a comment, up to the end of the line. */
static void skip_comment(struct reader *reader)
{
    skip_blanks(reader);
    if (peek(reader) == '#')
        while (reader->at < reader->size && peek(reader) != '\n')
            reader->at++;
}

static void skip_lines(struct reader *reader)
{
    for (;;) {
        skip_comment(reader);
        if (peek(reader) == '\r' || peek(reader) == '\n')
            reader->at++;
        else
            return;
    }
}

static stoa_status end_line(struct reader *reader)
{
    skip_comment(reader);
    if (peek(reader) == '\r')
        reader->at++;
    if (reader->at >= reader->size)
        return STOA_OK;
    if (peek(reader) != '\n')
        return fail(reader, "the line should end here");
    reader->at++;
    return STOA_OK;
}

static stoa_status put(struct reader *reader, stoa__buffer *out, char c)
{
    return stoa__buffer_append_byte(out, (uint8_t)c) == STOA_OK ? STOA_OK
                                                                : stoa__fail_nomem(reader->err);
}

/* ---- texts ---- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uXXXX and \UXXXXXXXX, behind the letter. */
static stoa_status read_code_point(struct reader *reader, int digits, stoa__buffer *out)
{
    uint32_t code = 0;
    char bytes[4];
    size_t size;

    for (int i = 0; i < digits; i++) {
        int digit = hex_of(peek(reader));

        if (digit < 0)
            return fail(reader, "a hexadecimal digit should stand here");
        code = code << 4 | (uint32_t)digit;
        reader->at++;
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return fail(reader, "this is no character");
    size = stoa__utf8_encode(code, bytes);
    return stoa__buffer_append(out, bytes, size) == STOA_OK ? STOA_OK
                                                            : stoa__fail_nomem(reader->err);
}

static stoa_status read_escape(struct reader *reader, stoa__buffer *out)
{
    static const char letters[] = "btnfre\"\\", stands_for[] = "\b\t\n\f\r\x1b\"\\";
    char c = peek(reader);
    const char *found = c != '\0' ? strchr(letters, c) : NULL;

    if (c == 'u' || c == 'U') {
        reader->at++;
        return read_code_point(reader, c == 'u' ? 4 : 8, out);
    }
    if (!found)
        return fail(reader, "this escape is not known");
    reader->at++;
    return put(reader, out, stands_for[found - letters]);
}

/* "basic" or 'literal', the quote next. */
static stoa_status read_quoted(struct reader *reader, stoa__buffer *out)
{
    const char quote = peek(reader);
    stoa_status rc = STOA_OK;

    if (reader->at + 2 < reader->size && reader->text[reader->at + 1] == quote &&
        reader->text[reader->at + 2] == quote)
        return fail(reader, "texts of several lines are not read here");
    reader->at++;
    while (rc == STOA_OK) {
        char c = peek(reader);

        if (reader->at >= reader->size || c == '\n' || c == '\0')
            return fail(reader, "the text does not end on its line");
        reader->at++;
        if (c == quote)
            return STOA_OK;
        rc = c == '\\' && quote == '"' ? read_escape(reader, out) : put(reader, out, c);
    }
    return rc;
}

/* ---- keys ---- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

static stoa_status read_key_part(struct reader *reader, stoa__buffer *out)
{
    size_t before = out->size;
    stoa_status rc = STOA_OK;

    if (peek(reader) == '"' || peek(reader) == '\'')
        return read_quoted(reader, out);
    for (; rc == STOA_OK && is_bare(peek(reader)); reader->at++)
        rc = put(reader, out, peek(reader));
    return rc == STOA_OK && out->size == before ? fail(reader, "a key should stand here") : rc;
}

/* a.b."c", appended. */
static stoa_status read_key(struct reader *reader, stoa__buffer *out)
{
    stoa_status rc;

    for (;;) {
        skip_blanks(reader);
        rc = read_key_part(reader, out);
        skip_blanks(reader);
        if (rc != STOA_OK || peek(reader) != '.')
            return rc;
        reader->at++;
        rc = put(reader, out, '.');
        if (rc != STOA_OK)
            return rc;
    }
}

/* ---- values ---- */

static bool is_integer(const char *text)
{
    if (*text == '+' || *text == '-')
        text++;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if ((*text < '0' || *text > '9') && *text != '_')
            return false;
    return true;
}

/* A number, a boolean or a date: a word. */
static stoa_status read_word(struct reader *reader)
{
    stoa_status rc = STOA_OK;
    char c = peek(reader);

    while (rc == STOA_OK && (is_bare(c) || c == '+' || c == '.' || c == ':')) {
        rc = put(reader, &reader->value, c);
        reader->at++;
        c = peek(reader);
    }
    return rc == STOA_OK && reader->value.size == 0 ? fail(reader, "a value should stand here")
                                                    : rc;
}

static stoa_status read_scalar(struct reader *reader, enum adbc_toml_kind *kind)
{
    stoa_status rc;

    reader->value.size = 0;
    *kind = ADBC_TOML_TEXT;
    if (peek(reader) == '"' || peek(reader) == '\'')
        rc = read_quoted(reader, &reader->value);
    else
        rc = read_word(reader);
    if (rc == STOA_OK && stoa__buffer_terminate(&reader->value) != STOA_OK)
        rc = stoa__fail_nomem(reader->err);
    return rc;
}

/* An array of scalars, its items skipped. */
static stoa_status read_array(struct reader *reader)
{
    enum adbc_toml_kind kind;
    stoa_status rc = STOA_OK;

    reader->at++;
    for (;;) {
        skip_lines(reader);
        if (peek(reader) == ']')
            break;
        rc = read_scalar(reader, &kind);
        if (rc != STOA_OK)
            return rc;
        skip_lines(reader);
        if (peek(reader) == ',')
            reader->at++;
        else if (peek(reader) != ']')
            return fail(reader, "a comma or ] should stand here");
    }
    reader->at++;
    reader->value.size = 0;
    return stoa__buffer_terminate(&reader->value) == STOA_OK ? STOA_OK
                                                             : stoa__fail_nomem(reader->err);
}

static stoa_status read_value(struct reader *reader, enum adbc_toml_kind *kind)
{
    bool quoted = peek(reader) == '"' || peek(reader) == '\'';
    stoa_status rc;

    *kind = ADBC_TOML_OTHER;
    if (peek(reader) == '{')
        return fail(reader, "tables in braces are not read here");
    if (peek(reader) == '[')
        return read_array(reader);
    rc = read_scalar(reader, kind);
    if (rc == STOA_OK && !quoted)
        *kind = is_integer((const char *)reader->value.data) ? ADBC_TOML_INTEGER
                                                             : ADBC_TOML_OTHER;
    return rc;
}

static stoa_status read_pair(struct reader *reader, adbc_toml_value value, void *self)
{
    enum adbc_toml_kind kind = ADBC_TOML_OTHER;
    stoa_status rc = STOA_OK;

    reader->key.size = 0;
    if (reader->table.size > 0 &&
        stoa__buffer_append(&reader->key, reader->table.data, reader->table.size) != STOA_OK)
        rc = stoa__fail_nomem(reader->err);
    if (rc == STOA_OK)
        rc = read_key(reader, &reader->key);
    if (rc == STOA_OK && peek(reader) != '=')
        return fail(reader, "= should stand here");
    reader->at++;
    skip_blanks(reader);
    if (rc == STOA_OK)
        rc = read_value(reader, &kind);
    if (rc == STOA_OK && stoa__buffer_terminate(&reader->key) != STOA_OK)
        rc = stoa__fail_nomem(reader->err);
    if (rc == STOA_OK)
        rc = end_line(reader);
    if (rc == STOA_OK)
        rc = value(self, (const char *)reader->key.data, kind, (const char *)reader->value.data,
                   reader->err);
    return rc;
}

/* [a.b] */
static stoa_status read_table(struct reader *reader)
{
    stoa_status rc;

    reader->at++;
    if (peek(reader) == '[')
        return fail(reader, "arrays of tables are not read here");
    reader->table.size = 0;
    rc = read_key(reader, &reader->table);
    if (rc == STOA_OK && peek(reader) != ']')
        return fail(reader, "] should stand here");
    reader->at++;
    if (rc == STOA_OK)
        rc = put(reader, &reader->table, '.');
    return rc == STOA_OK ? end_line(reader) : rc;
}

stoa_status adbc_toml_read(const char *text, size_t size, adbc_toml_value value, void *self,
                           stoa_error *err)
{
    struct reader reader = {.text = text, .size = size, .err = err};
    stoa_status rc = STOA_OK;

    if (stoa__utf8_check(text, size) < size || memchr(text, '\0', size))
        return stoa__fail(err, STOA_ERR_SYNTAX, "it is not UTF-8 text");
    while (rc == STOA_OK) {
        skip_lines(&reader);
        if (reader.at >= reader.size)
            break;
        rc = peek(&reader) == '[' ? read_table(&reader) : read_pair(&reader, value, self);
    }
    stoa__buffer_release(&reader.table);
    stoa__buffer_release(&reader.key);
    stoa__buffer_release(&reader.value);
    return rc;
}
