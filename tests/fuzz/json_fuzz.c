/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as JSON: the reader ends, its levels hold, and what it accepts can be written
 * again from its tokens and reads the same. Bytes that JSON does not like are also tried
 * as the other texts of a value: numbers, decimals, dates, base64, hexadecimal.
 */
#include "text/base64.h"
#include "text/decimal.h"
#include "text/duration.h"
#include "text/hex.h"
#include "text/json.h"
#include "text/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* Append a token as text; `comma` before a value that is not the first. */
static void write_token(const struct stoa__json_token *token, bool *comma,
                        stoa__buffer *out)
{
    const bool closing =
        token->kind == STOA__JSON_OBJECT_END || token->kind == STOA__JSON_ARRAY_END;
    stoa__buffer text = {0};

    if (*comma && !closing)
        expect(stoa__buffer_append_byte(out, ',') == STOA_OK);
    *comma = token->kind != STOA__JSON_OBJECT && token->kind != STOA__JSON_ARRAY &&
             token->kind != STOA__JSON_KEY;
    if (token->kind == STOA__JSON_KEY || token->kind == STOA__JSON_TEXT) {
        expect(stoa__json_unescape(token, &text) == STOA_OK);
        expect(stoa__json_write_text(out, (const char *)text.data, text.size, NULL) ==
               STOA_OK);
    } else {
        expect(stoa__buffer_append(out, token->text, token->size) == STOA_OK);
    }
    if (token->kind == STOA__JSON_KEY)
        expect(stoa__buffer_append_byte(out, ':') == STOA_OK);
    stoa__buffer_release(&text);
}

/* Read and write again; false when the text is broken. */
static bool rewrite(const char *text, size_t size, stoa__buffer *out)
{
    struct stoa__json_token token;
    bool comma = false;
    stoa_error err;
    stoa__json json;

    stoa__json_init(&json, text, size);
    for (;;) {
        if (stoa__json_next(&json, &token, &err) != STOA_OK) {
            expect(err.position >= 0 && err.position <= (int64_t)size);
            return false;
        }
        expect(json.depth >= 0 && json.depth <= STOA__DEPTH_MAX);
        if (token.kind == STOA__JSON_END)
            return true;
        write_token(&token, &comma, out);
    }
}

static void json_reads_the_same_again(const char *text, size_t size)
{
    stoa__buffer once = {0}, twice = {0};

    if (rewrite(text, size, &once)) {
        expect(rewrite((const char *)once.data, once.size, &twice));
        expect(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    }
    stoa__buffer_release(&once);
    stoa__buffer_release(&twice);
}

static void numbers_read_the_same_again(const char *text, size_t size)
{
    char back[STOA__DECIMAL_TEXT_MAX];
    uint8_t decimal[32], decimal_again[32];
    double value, again;
    size_t written;

    if (stoa__double_parse(text, size, &value, NULL) == STOA_OK) {
        written = stoa__double_format(value, back);
        expect(stoa__double_parse(back, written, &again, NULL) == STOA_OK);
        expect(isnan(value) || memcmp(&value, &again, sizeof(value)) == 0);
    }
    if (stoa__decimal_parse(text, size, 76, 10, 32, decimal, NULL) == STOA_OK) {
        written = stoa__decimal_format(decimal, 32, 10, back);
        expect(stoa__decimal_parse(back, written, 76, 10, 32, decimal_again, NULL) ==
               STOA_OK);
        expect(memcmp(decimal, decimal_again, sizeof(decimal)) == 0);
    }
}

static void times_read_the_same_again(const char *text, size_t size)
{
    char back[STOA__CIVIL_TEXT_MAX];
    struct stoa__interval interval, interval_again;
    int64_t value, again;
    size_t written;

    if (stoa__timestamp_parse(text, size, STOA__CIVIL_NANO, &value, NULL, NULL) ==
        STOA_OK) {
        written = stoa__timestamp_format(value, STOA__CIVIL_NANO, back);
        expect(stoa__timestamp_parse(back, written, STOA__CIVIL_NANO, &again, NULL,
                                     NULL) == STOA_OK);
        expect(value == again);
    }
    if (stoa__interval_parse(text, size, &interval, NULL) == STOA_OK) {
        written = stoa__interval_format(&interval, back);
        expect(stoa__interval_parse(back, written, &interval_again, NULL) == STOA_OK);
        expect(interval.months == interval_again.months &&
               interval.days == interval_again.days &&
               interval.nanos == interval_again.nanos);
    }
}

static void bytes_read_the_same_again(const char *text, size_t size)
{
    stoa__buffer bytes = {0}, again = {0};

    if (stoa__base64_decode(text, size, &bytes, NULL) == STOA_OK) {
        expect(stoa__base64_encode(bytes.data, bytes.size, &again) == STOA_OK);
        expect(again.size == size && (size == 0 || memcmp(again.data, text, size) == 0));
    }
    bytes.size = 0;
    if (stoa__hex_decode(text, size, &bytes, NULL) == STOA_OK)
        expect(bytes.size == size / 2);
    stoa__buffer_release(&bytes);
    stoa__buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    json_reads_the_same_again(text, size);
    numbers_read_the_same_again(text, size);
    times_read_the_same_again(text, size);
    bytes_read_the_same_again(text, size);
    return 0;
}
