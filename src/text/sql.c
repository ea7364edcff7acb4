/* SPDX-License-Identifier: Apache-2.0 */
#include "text/sql.h"

#include "base/error.h"
#include "text/identifier.h"
#include "text/refuse.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

void stoa__sql_init(stoa__sql *sql, const char *text, size_t size, uint32_t dialect)
{
    assert(sql && (text || size == 0));
    *sql = (stoa__sql){text, size, 0, dialect};
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Bytes above ASCII belong to names, whatever they mean. */
static bool starts_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (unsigned char)byte >= 0x80;
}

static bool in_word(char byte)
{
    return starts_word(byte) || is_digit(byte) || byte == '$';
}

/* The byte `offset` behind the current one; NUL beyond the end. */
static char look(const stoa__sql *sql, size_t offset)
{
    return sql->size - sql->at > offset ? sql->text[sql->at + offset] : '\0';
}

/* Every scanner below returns the size of the token at sql->at; `offset` is where it goes
 * on looking. */

static size_t scan_while(const stoa__sql *sql, size_t offset, bool (*belongs)(char))
{
    const size_t left = sql->size - sql->at;

    while (offset < left && belongs(sql->text[sql->at + offset]))
        offset++;
    return offset;
}

/* Up to the closing quote, of which two are one inside. */
static size_t scan_quoted(const stoa__sql *sql, size_t offset, char quote, bool backslash,
                          bool *open)
{
    const size_t left = sql->size - sql->at;

    while (offset < left) {
        const char byte = sql->text[sql->at + offset++];

        if (backslash && byte == '\\' && offset < left)
            offset++;
        else if (byte == quote && look(sql, offset) == quote)
            offset++;
        else if (byte == quote)
            return offset;
    }
    *open = true;
    return left;
}

static size_t scan_block_comment(const stoa__sql *sql, bool *open)
{
    const size_t left = sql->size - sql->at;
    size_t depth = 1, offset = 2;

    while (offset < left) {
        const char byte = look(sql, offset), next = look(sql, offset + 1);

        if (byte == '*' && next == '/') {
            offset += 2;
            if (--depth == 0)
                return offset;
        } else if (byte == '/' && next == '*' &&
                   (sql->dialect & STOA__SQL_NESTED_COMMENTS)) {
            offset += 2;
            depth++;
        } else {
            offset++;
        }
    }
    *open = true;
    return left;
}

static size_t scan_line_comment(const stoa__sql *sql)
{
    const char *start = sql->text + sql->at;
    const char *newline = memchr(start, '\n', sql->size - sql->at);

    return newline ? (size_t)(newline - start) : sql->size - sql->at;
}

/* Digits, points, letters (0x1f, 1e5, 1_000) and the sign of an exponent. */
static size_t scan_number(const stoa__sql *sql)
{
    const bool hex = look(sql, 0) == '0' && (look(sql, 1) == 'x' || look(sql, 1) == 'X');
    size_t offset = 1;

    for (;; offset++) {
        const char byte = look(sql, offset);

        if ((byte == '+' || byte == '-') && !hex &&
            (look(sql, offset - 1) == 'e' || look(sql, offset - 1) == 'E') &&
            is_digit(look(sql, offset + 1)))
            continue;
        if (!is_digit(byte) && byte != '.' && !starts_word(byte))
            return offset;
    }
}

/* $$..$$ or $tag$..$tag$; 0 when it is neither. */
static size_t scan_dollar_quoted(const stoa__sql *sql, bool *open)
{
    const char *start = sql->text + sql->at, *end = sql->text + sql->size;
    size_t tag = 1;

    while (starts_word(look(sql, tag)) || (tag > 1 && is_digit(look(sql, tag))))
        tag++;
    if (look(sql, tag) != '$')
        return 0;
    tag++;
    for (const char *at = start + tag; (size_t)(end - at) >= tag; at++) {
        at = memchr(at, '$', (size_t)(end - at));
        if (!at || (size_t)(end - at) < tag)
            break;
        if (memcmp(at, start, tag) == 0)
            return (size_t)(at - start) + tag;
    }
    *open = true;
    return (size_t)(end - start);
}

/* ?, ?12, $12, $name, :name, @name; 0 when it is none of them. */
static size_t scan_param(const stoa__sql *sql)
{
    const char sign = look(sql, 0), next = look(sql, 1);

    if (sign == '?') {
        if ((sql->dialect & STOA__SQL_SIGN_OPERATORS) &&
            (next == '|' || next == '&' || next == '?'))
            return 0;
        return scan_while(sql, 1, is_digit);
    }
    if (sign == '$' && is_digit(next))
        return scan_while(sql, 1, is_digit);
    if (sign == ':' && (sql->dialect & STOA__SQL_COLON_OPERATORS)) {
        const char before = sql->at > 0 ? sql->text[sql->at - 1] : ' ';

        if (is_digit(next) || in_word(before) || memchr("'\"`])", before, 5))
            return 0;
    }
    if ((sign == '$' || sign == ':' || sign == '@') &&
        (starts_word(next) || (sign == ':' && is_digit(next))))
        return scan_while(sql, 1, in_word);
    return 0;
}

static size_t scan_operator(const stoa__sql *sql)
{
    static const char *const common[] = {"->>", "::", ":=", "||", "<=", ">=", "<>",
                                         "!=",  "==", "->", "=>", "<<", ">>", NULL};
    static const char *const signs[] = {"#>>", "?|", "?&", "??", "@>",
                                        "<@",  "@@", "@?", "#>", NULL};
    const char *const *list = sql->dialect & STOA__SQL_SIGN_OPERATORS ? signs : common;

    for (;; list = common) {
        for (const char *const *at = list; *at; at++) {
            const size_t size = strlen(*at);

            if (sql->size - sql->at >= size &&
                memcmp(sql->text + sql->at, *at, size) == 0)
                return size;
        }
        if (list == common)
            return 1;
    }
}

static enum stoa__sql_kind scan_word(const stoa__sql *sql, size_t *size, bool *open)
{
    const bool escape = look(sql, 0) == 'e' || look(sql, 0) == 'E';

    if (look(sql, 1) == '\'' && memchr("xXbBnN", look(sql, 0), 6)) {
        *size = scan_quoted(sql, 2, '\'', false, open);
        return STOA__SQL_STRING;
    }
    if (look(sql, 1) == '\'' && escape && (sql->dialect & STOA__SQL_ESCAPE_STRINGS)) {
        *size = scan_quoted(sql, 2, '\'', true, open);
        return STOA__SQL_STRING;
    }
    *size = scan_while(sql, 1, in_word);
    return STOA__SQL_WORD;
}

/* Tokens that begin with a sign. */
static enum stoa__sql_kind scan_sign(const stoa__sql *sql, size_t *size, bool *open)
{
    if (look(sql, 0) == '$' && (sql->dialect & STOA__SQL_DOLLAR_QUOTES)) {
        *size = scan_dollar_quoted(sql, open);
        if (*size > 0)
            return STOA__SQL_STRING;
    }
    *size = scan_param(sql);
    if (*size > 0)
        return STOA__SQL_PARAM;
    *size = scan_operator(sql);
    return STOA__SQL_OPERATOR;
}

static enum stoa__sql_kind scan_token(const stoa__sql *sql, size_t *size, bool *open)
{
    const char byte = look(sql, 0), next = look(sql, 1);

    if (is_space(byte)) {
        *size = scan_while(sql, 1, is_space);
        return STOA__SQL_SPACE;
    }
    if (byte == '-' && next == '-') {
        *size = scan_line_comment(sql);
        return STOA__SQL_COMMENT;
    }
    if (byte == '/' && next == '*') {
        *size = scan_block_comment(sql, open);
        return STOA__SQL_COMMENT;
    }
    if (byte == '\'') {
        *size = scan_quoted(sql, 1, byte, false, open);
        return STOA__SQL_STRING;
    }
    if (byte == '"' || byte == '`') {
        *size = scan_quoted(sql, 1, byte, false, open);
        return STOA__SQL_NAME;
    }
    if (byte == '[' && (sql->dialect & STOA__SQL_BRACKET_NAMES)) {
        const char *start = sql->text + sql->at;
        const char *end = memchr(start, ']', sql->size - sql->at);

        *open = !end;
        *size = end ? (size_t)(end - start) + 1 : sql->size - sql->at;
        return STOA__SQL_NAME;
    }
    if (starts_word(byte))
        return scan_word(sql, size, open);
    if (is_digit(byte) || (byte == '.' && is_digit(next))) {
        *size = scan_number(sql);
        return STOA__SQL_NUMBER;
    }
    if (byte == ';') {
        *size = 1;
        return STOA__SQL_SEMICOLON;
    }
    return scan_sign(sql, size, open);
}

void stoa__sql_next(stoa__sql *sql, struct stoa__sql_token *out)
{
    assert(sql && out && sql->at <= sql->size);
    *out = (struct stoa__sql_token){STOA__SQL_END, false, NULL, 0};
    if (sql->at == sql->size)
        return;
    out->text = sql->text + sql->at;
    out->kind = scan_token(sql, &out->size, &out->open);
    assert(out->size > 0 && out->size <= sql->size - sql->at);
    sql->at += out->size;
}

void stoa__sql_next_solid(stoa__sql *sql, struct stoa__sql_token *out)
{
    do
        stoa__sql_next(sql, out);
    while (out->kind == STOA__SQL_SPACE || out->kind == STOA__SQL_COMMENT);
}

bool stoa__sql_is(const struct stoa__sql_token *token, const char *word)
{
    return token->kind == STOA__SQL_WORD && stoa__name_is(token->text, token->size, word);
}
