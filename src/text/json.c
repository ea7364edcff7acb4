/* SPDX-License-Identifier: Apache-2.0 */
#include "text/json.h"

#include "base/error.h"
#include "text/hex.h"
#include "text/number.h"
#include "text/refuse.h"
#include "text/utf8.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* The letter of the short escape of a byte below 0x20, or 0. */
static char short_escape(uint8_t byte)
{
    static const char letters[14] = {
        [8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};

    return byte < sizeof(letters) ? letters[byte] : '\0';
}

static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* Write the escape of one byte; returns its size, at most 6. */
static size_t put_escape(uint8_t byte, char out[6])
{
    const char letter = byte < 0x20 ? short_escape(byte) : (char)byte;

    out[0] = '\\';
    if (letter) {
        out[1] = letter;
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = "01"[byte >> 4];
    out[5] = "0123456789abcdef"[byte & 15];
    return 6;
}

stoa_status stoa__json_write_text(stoa__buffer *out, const char *text, size_t size,
                                  stoa_error *err)
{
    const size_t start = out->size;
    stoa_status rc = STOA_OK;
    size_t plain = 0;
    char escape[6];

    assert(out && (text || size == 0));
    if (stoa__utf8_check(text, size) != size)
        return stoa__refuse(err, "text for JSON", text, size, "it is not UTF-8");
    rc = stoa__buffer_append_byte(out, '"');
    for (size_t at = 0; at < size && rc == STOA_OK; at++) {
        if (!needs_escape((uint8_t)text[at]))
            continue;
        rc = stoa__buffer_append(out, text + plain, at - plain);
        if (rc == STOA_OK)
            rc = stoa__buffer_append(out, escape, put_escape((uint8_t)text[at], escape));
        plain = at + 1;
    }
    if (rc == STOA_OK && plain < size)
        rc = stoa__buffer_append(out, text + plain, size - plain);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_byte(out, '"');
    if (rc != STOA_OK) {
        out->size = start;
        return stoa__fail_nomem(err);
    }
    return STOA_OK;
}

stoa_status stoa__json_write_int64(stoa__buffer *out, int64_t value)
{
    char text[STOA__INTEGER_TEXT_MAX];

    return stoa__buffer_append(out, text, stoa__int64_format(value, text));
}

static const char *special_text(double value)
{
    return isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

stoa_status stoa__json_write_double(stoa__buffer *out, double value)
{
    char text[STOA__DOUBLE_TEXT_MAX];

    if (!isfinite(value))
        return stoa__buffer_append_text(out, special_text(value));
    return stoa__buffer_append(out, text, stoa__double_format(value, text));
}

stoa_status stoa__json_write_float(stoa__buffer *out, float value)
{
    char text[STOA__DOUBLE_TEXT_MAX];

    if (!isfinite(value))
        return stoa__buffer_append_text(out, special_text((double)value));
    return stoa__buffer_append(out, text, stoa__float_format(value, text));
}

/* What may come next. */
enum expect {
    EXPECT_VALUE,
    EXPECT_FIRST_ITEM, /* Or the end of the array. */
    EXPECT_FIRST_KEY,  /* Or the end of the object. */
    EXPECT_COMMA,      /* Or the end of what is open. */
    EXPECT_NOTHING
};

void stoa__json_init(stoa__json *json, const char *text, size_t size)
{
    assert(json && (text || size == 0));
    memset(json, 0, sizeof(*json));
    json->text = text;
    json->size = size;
    json->expect = EXPECT_VALUE;
}

static stoa_status broken(stoa_error *err, size_t at, const char *reason)
{
    (void)stoa__fail(err, STOA_ERR_SYNTAX, "JSON is broken at byte %zu: %s", at, reason);
    stoa__error_position(err, (int64_t)at);
    return STOA_ERR_SYNTAX;
}

/* The next byte that is no space, not taken; 0 at the end (and for a NUL, which is never
 * right here either). */
static char peek(stoa__json *json)
{
    while (json->at < json->size) {
        const char byte = json->text[json->at];

        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t')
            return byte;
        json->at++;
    }
    return '\0';
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t read_hex(const char *at, const char *end)
{
    int32_t value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const int digit = stoa__hex_digit(at[i]);

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* The character of the escape at *at (a backslash), and pass over it; -1 if it is
 * none. */
static int32_t read_escape(const char **at, const char *end)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *found;
    int32_t code, low;

    if (end - *at < 2)
        return -1;
    if ((*at)[1] != 'u') {
        found = memchr(letters, (*at)[1], sizeof(letters) - 1);
        *at += 2;
        return found ? values[found - letters] : -1;
    }
    code = read_hex(*at + 2, end);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return -1;
    *at += 6;
    if (code < 0xd800 || code > 0xdbff)
        return code;
    if (end - *at < 2 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    low = read_hex(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* The text behind the quote at json->at. */
static stoa_status read_text(stoa__json *json, struct stoa__json_token *out,
                             stoa_error *err)
{
    const char *const start = json->text + json->at + 1;
    const char *const end = json->text + json->size;
    const char *at = start;
    size_t good;

    while (at < end && *at != '"') {
        const char *escape = at;

        if ((uint8_t)*at < 0x20)
            return broken(err, (size_t)(at - json->text),
                          "a control character stands in a string");
        if (*at != '\\') {
            at++;
            continue;
        }
        out->escaped = true;
        if (read_escape(&at, end) < 0)
            return broken(err, (size_t)(escape - json->text),
                          "the escape makes no character");
    }
    if (at >= end)
        return broken(err, json->at, "a string has no end");
    out->text = start;
    out->size = (size_t)(at - start);
    good = stoa__utf8_check(out->text, out->size);
    if (good != out->size)
        return broken(err, json->at + 1 + good, "the text is not UTF-8");
    json->at += out->size + 2;
    return STOA_OK;
}

static size_t skip_digits(const stoa__json *json, size_t at)
{
    while (at < json->size && json->text[at] >= '0' && json->text[at] <= '9')
        at++;
    return at;
}

static stoa_status read_number(stoa__json *json, struct stoa__json_token *out,
                               stoa_error *err)
{
    const char *text = json->text;
    size_t at = json->at + (text[json->at] == '-'), start = at;

    at = skip_digits(json, at);
    if (at == start)
        return broken(err, at, "a digit is missing");
    if (text[start] == '0' && at - start > 1)
        return broken(err, start, "a number has a leading zero");
    if (at < json->size && text[at] == '.') {
        start = at + 1;
        at = skip_digits(json, start);
        if (at == start)
            return broken(err, at, "a digit is missing behind the point");
    }
    if (at < json->size && (text[at] == 'e' || text[at] == 'E')) {
        start = at + 1;
        start += start < json->size && (text[start] == '-' || text[start] == '+');
        at = skip_digits(json, start);
        if (at == start)
            return broken(err, at, "a digit is missing in the exponent");
    }
    out->kind = STOA__JSON_NUMBER;
    out->text = text + json->at;
    out->size = at - json->at;
    json->at = at;
    return STOA_OK;
}

static stoa_status read_word(stoa__json *json, struct stoa__json_token *out,
                             stoa_error *err)
{
    static const struct {
        const char *word;
        enum stoa__json_kind kind;
    } words[] = {{"true", STOA__JSON_TRUE},
                 {"false", STOA__JSON_FALSE},
                 {"null", STOA__JSON_NULL}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t size = strlen(words[i].word);

        if (json->size - json->at >= size &&
            memcmp(json->text + json->at, words[i].word, size) == 0) {
            out->kind = words[i].kind;
            out->text = json->text + json->at;
            out->size = size;
            json->at += size;
            return STOA_OK;
        }
    }
    return broken(err, json->at, "a value is missing");
}

/* After a whole value. */
static void value_ended(stoa__json *json)
{
    json->expect = json->depth > 0 ? EXPECT_COMMA : EXPECT_NOTHING;
}

static stoa_status open_level(stoa__json *json, struct stoa__json_token *out,
                              stoa_error *err)
{
    const bool object = json->text[json->at] == '{';

    if (json->depth == STOA__DEPTH_MAX) {
        (void)broken(err, json->at, "it is nested too deeply");
        stoa__error_append(err, "at most %d levels are allowed", STOA__DEPTH_MAX);
        return STOA_ERR_SYNTAX;
    }
    json->is_object[json->depth++] = object;
    json->expect = object ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
    out->kind = object ? STOA__JSON_OBJECT : STOA__JSON_ARRAY;
    out->text = json->text + json->at++;
    out->size = 1;
    return STOA_OK;
}

static stoa_status close_level(stoa__json *json, struct stoa__json_token *out)
{
    assert(json->depth > 0);
    out->kind =
        json->is_object[--json->depth] ? STOA__JSON_OBJECT_END : STOA__JSON_ARRAY_END;
    out->text = json->text + json->at++;
    out->size = 1;
    value_ended(json);
    return STOA_OK;
}

static stoa_status read_value(stoa__json *json, struct stoa__json_token *out,
                              stoa_error *err)
{
    const char byte = peek(json);
    stoa_status rc;

    if (byte == '{' || byte == '[')
        return open_level(json, out, err);
    if (byte == '"') {
        out->kind = STOA__JSON_TEXT;
        rc = read_text(json, out, err);
    } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
        rc = read_number(json, out, err);
    } else {
        rc = read_word(json, out, err);
    }
    if (rc == STOA_OK)
        value_ended(json);
    return rc;
}

/* A key and its colon. */
static stoa_status read_key(stoa__json *json, struct stoa__json_token *out,
                            stoa_error *err)
{
    stoa_status rc;

    if (peek(json) != '"')
        return broken(err, json->at, "a key is missing");
    out->position = json->at;
    out->kind = STOA__JSON_KEY;
    rc = read_text(json, out, err);
    if (rc != STOA_OK)
        return rc;
    if (peek(json) != ':')
        return broken(err, json->at, "a ':' is missing behind the key");
    json->at++;
    json->expect = EXPECT_VALUE;
    return STOA_OK;
}

static stoa_status read_token(stoa__json *json, struct stoa__json_token *out,
                              stoa_error *err)
{
    const char byte = peek(json);
    bool object;

    out->position = json->at;
    if (json->expect == EXPECT_NOTHING) {
        if (json->at < json->size)
            return broken(err, json->at, "something follows the value");
        out->kind = STOA__JSON_END;
        return STOA_OK;
    }
    if (json->expect == EXPECT_VALUE)
        return read_value(json, out, err);
    object = json->is_object[json->depth - 1];
    if (byte == (object ? '}' : ']'))
        return close_level(json, out);
    if (json->expect == EXPECT_COMMA) {
        if (byte != ',')
            return broken(err, json->at,
                          object ? "a ',' or '}' is missing" : "a ',' or ']' is missing");
        json->at++;
        (void)peek(json);
        out->position = json->at;
    }
    return object ? read_key(json, out, err) : read_value(json, out, err);
}

stoa_status stoa__json_next(stoa__json *json, struct stoa__json_token *out,
                            stoa_error *err)
{
    stoa_status rc;

    assert(json && out);
    memset(out, 0, sizeof(*out));
    rc = read_token(json, out, err);
    if (rc != STOA_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

stoa_status stoa__json_skip(stoa__json *json, const struct stoa__json_token *token,
                            stoa_error *err)
{
    struct stoa__json_token next = *token;
    stoa_status rc = STOA_OK;
    int32_t depth;

    if (token->kind == STOA__JSON_KEY)
        rc = stoa__json_next(json, &next, err);
    if (rc != STOA_OK ||
        (next.kind != STOA__JSON_OBJECT && next.kind != STOA__JSON_ARRAY))
        return rc;
    depth = json->depth;
    while (rc == STOA_OK && json->depth >= depth)
        rc = stoa__json_next(json, &next, err);
    return rc;
}

/* The next character of a checked string; returns its size and passes over it. */
static size_t next_character(const char **at, const char *end, char out[4])
{
    int32_t code;

    if (**at != '\\') {
        out[0] = *(*at)++;
        return 1;
    }
    code = read_escape(at, end);
    assert(code >= 0);
    return stoa__utf8_encode((uint32_t)code, out);
}

stoa_status stoa__json_unescape(const struct stoa__json_token *token, stoa__buffer *out)
{
    const char *at = token->text, *end = token->text + token->size;

    assert(token->kind == STOA__JSON_KEY || token->kind == STOA__JSON_TEXT);
    if (token->size == 0)
        return STOA_OK;
    if (!token->escaped)
        return stoa__buffer_append(out, token->text, token->size);
    /* An escape is never shorter than what it stands for. */
    if (stoa__buffer_reserve(out, token->size) != STOA_OK)
        return STOA_ERR_NOMEM;
    while (at < end) {
        char bytes[4];
        const size_t size = next_character(&at, end, bytes);

        memcpy(out->data + out->size, bytes, size);
        out->size += size;
    }
    return STOA_OK;
}

bool stoa__json_is(const struct stoa__json_token *token, const char *value)
{
    const char *at = token->text, *end;
    size_t left = strlen(value);

    if (token->kind != STOA__JSON_KEY && token->kind != STOA__JSON_TEXT)
        return false;
    for (end = at + token->size; at < end;) {
        char bytes[4];
        const size_t size = next_character(&at, end, bytes);

        if (size > left || memcmp(value, bytes, size) != 0)
            return false;
        value += size;
        left -= size;
    }
    return left == 0;
}
