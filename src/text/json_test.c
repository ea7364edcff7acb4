/* SPDX-License-Identifier: Apache-2.0 */
#include "text/json.h"

#include "base/mem.h"
#include "test.h"

#include <math.h>

static uint64_t seed = UINT64_C(0x5eed0005);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static const char *text_of(stoa__buffer *buffer)
{
    CHECK_INT(stoa__buffer_terminate(buffer), STOA_OK);
    return (const char *)buffer->data;
}

/* Read to the end; the kinds as letters, in `trace` (64 bytes). */
static stoa_status read_all(const char *text, size_t size, char *trace, stoa_error *err)
{
    static const char letters[] = "$OoAaKTNtfn";
    struct stoa__json_token token;
    stoa_status rc;
    stoa__json json;

    stoa__json_init(&json, text, size);
    do {
        rc = stoa__json_next(&json, &token, err);
        if (rc != STOA_OK)
            break;
        if (trace)
            *trace++ = letters[token.kind];
    } while (token.kind != STOA__JSON_END);
    if (trace)
        *trace = '\0';
    return rc;
}

static const char *trace_of(const char *text)
{
    static char trace[64];

    CHECK_INT(read_all(text, strlen(text), trace, NULL), STOA_OK);
    return trace;
}

static void values_give_their_tokens(void)
{
    CHECK_TEXT(trace_of("1"), "N$");
    CHECK_TEXT(trace_of(" \t\r\n\"x\" "), "T$");
    CHECK_TEXT(trace_of("true"), "t$");
    CHECK_TEXT(trace_of("[]"), "Aa$");
    CHECK_TEXT(trace_of("{}"), "Oo$");
    CHECK_TEXT(trace_of("[1,\"a\",null,false,[{}]]"), "ANTnfAOoaa$");
    CHECK_TEXT(trace_of("{\"a\":1,\"a\" : {\"b\":[ ]} }"), "OKNKOKAaoo$");
    CHECK_TEXT(trace_of("[-0,0.5,1e5,1E-5,-12.5e+10]"), "ANNNNNa$");
}

static void tokens_know_where_they_stand(void)
{
    const char *text = " { \"key\" : [ 12.50 , \"v\\n\" ] } ";
    struct stoa__json_token token;
    stoa__json json;
    stoa__buffer out = {0};

    stoa__json_init(&json, text, strlen(text));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.position, 1);
    CHECK_INT(json.depth, 1);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.kind, STOA__JSON_KEY);
    CHECK_INT(token.position, 3);
    CHECK(token.size == 3 && memcmp(token.text, "key", 3) == 0 && !token.escaped);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.position, 11);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.position, 13);
    CHECK(token.size == 5 && memcmp(token.text, "12.50", 5) == 0);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.position, 21);
    CHECK(token.size == 3 && token.escaped);
    CHECK_INT(stoa__json_unescape(&token, &out), STOA_OK);
    CHECK_TEXT(text_of(&out), "v\n");
    stoa__buffer_release(&out);
}

static void broken(const char *text, size_t size, int64_t position, const char *reason)
{
    char *exact = malloc(size + !size);
    stoa_error err;

    if (size > 0)
        memcpy(exact, text, size);
    CHECK_INT(read_all(exact, size, NULL, &err), STOA_ERR_SYNTAX);
    CHECK_HAS(err.text, reason);
    CHECK_INT(err.position, position);
    free(exact);
}

#define BROKEN(text, position, reason) broken(text, sizeof(text) - 1, position, reason)

static void broken_texts_are_refused_where_they_break(void)
{
    BROKEN("", 0, "a value is missing");
    BROKEN("  ", 2, "a value is missing");
    BROKEN("[1,]", 3, "a value is missing");
    BROKEN("[,1]", 1, "a value is missing");
    BROKEN("[1 2]", 3, "a ',' or ']' is missing");
    BROKEN("[1}", 2, "a ',' or ']' is missing");
    BROKEN("[", 1, "a value is missing");
    BROKEN("[1", 2, "a ',' or ']' is missing");
    BROKEN("{", 1, "a key is missing");
    BROKEN("{1:2}", 1, "a key is missing");
    BROKEN("{\"a\"}", 4, "a ':' is missing");
    BROKEN("{\"a\":}", 5, "a value is missing");
    BROKEN("{\"a\":1,}", 7, "a key is missing");
    BROKEN("{\"a\":1 \"b\":2}", 7, "a ',' or '}' is missing");
    BROKEN("1 2", 2, "something follows");
    BROKEN("[] ]", 3, "something follows");
    BROKEN("1\0", 1, "something follows");
    BROKEN("tru", 0, "a value is missing");
    BROKEN("truex", 4, "something follows");
    BROKEN("True", 0, "a value is missing");
    BROKEN("NaN", 0, "a value is missing");
    BROKEN("'a'", 0, "a value is missing");
    BROKEN("// x\n1", 0, "a value is missing");
    BROKEN("-", 1, "a digit is missing");
    BROKEN("01", 0, "leading zero");
    BROKEN("-01", 1, "leading zero");
    BROKEN("1.", 2, "behind the point");
    BROKEN(".5", 0, "a value is missing");
    BROKEN("+1", 0, "a value is missing");
    BROKEN("1e", 2, "in the exponent");
    BROKEN("1e+", 3, "in the exponent");
    BROKEN("0x10", 1, "something follows");
    BROKEN("\"abc", 0, "no end");
    BROKEN("\"abc\\\"", 0, "no end");
    BROKEN("\"a\nb\"", 2, "control character");
    BROKEN("\"a\\x\"", 2, "makes no character");
    BROKEN("\"\\", 1, "makes no character");
    BROKEN("\"\\u12\"", 1, "makes no character");
    BROKEN("\"\\u12g4\"", 1, "makes no character");
    BROKEN("\"\\ud800\"", 1, "makes no character");
    BROKEN("\"\\ud800\\n\"", 1, "makes no character");
    BROKEN("\"\\ud800\\ud800\"", 1, "makes no character");
    BROKEN("\"\\udc00\"", 1, "makes no character");
    BROKEN("\"a\xff\"", 2, "not UTF-8");
    BROKEN("\"\xed\xa0\x80\"", 1, "not UTF-8");
    BROKEN("\xef\xbb\xbf"
           "1",
           0, "a value is missing");
}

static void nesting_is_bounded(void)
{
    char text[2 * STOA__DEPTH_MAX + 2];
    stoa_error err;

    memset(text, '[', STOA__DEPTH_MAX);
    memset(text + STOA__DEPTH_MAX, ']', STOA__DEPTH_MAX);
    CHECK_INT(read_all(text, 2 * STOA__DEPTH_MAX, NULL, NULL), STOA_OK);
    memset(text, '[', STOA__DEPTH_MAX + 1);
    memset(text + STOA__DEPTH_MAX + 1, ']', STOA__DEPTH_MAX + 1);
    CHECK_INT(read_all(text, sizeof(text), NULL, &err), STOA_ERR_SYNTAX);
    CHECK_HAS(err.text, "nested too deeply; at most 64 levels");
    CHECK_INT(err.position, STOA__DEPTH_MAX);
}

static void escapes_become_characters(void)
{
    const char *text =
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83d\\ude00\\u0000z\"";
    static const char right[] = "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\0z";
    struct stoa__json_token token;
    stoa__buffer out = {0};
    stoa__json json;

    stoa__json_init(&json, text, strlen(text));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_unescape(&token, &out), STOA_OK);
    CHECK_INT(out.size, sizeof(right) - 1);
    CHECK(memcmp(out.data, right, out.size) == 0);
    stoa__buffer_release(&out);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__json_unescape(&token, &out), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(out.size, 0);
}

static void keys_are_recognised_through_escapes(void)
{
    const char *text = "{\"na\\u006de\":1}";
    struct stoa__json_token token;
    stoa__json json;

    stoa__json_init(&json, text, strlen(text));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK(!stoa__json_is(&token, "{"));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK(stoa__json_is(&token, "name"));
    CHECK(!stoa__json_is(&token, "nam"));
    CHECK(!stoa__json_is(&token, "names"));
    CHECK(!stoa__json_is(&token, "naMe"));
}

static void unwanted_values_are_passed_over(void)
{
    const char *text = "{\"a\":[1,{\"x\":[]}],\"b\":2,\"c\":3}";
    struct stoa__json_token token;
    stoa_error err;
    stoa__json json;

    stoa__json_init(&json, text, strlen(text));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_skip(&json, &token, NULL), STOA_OK); /* A key's value. */
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK(stoa__json_is(&token, "b"));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_skip(&json, &token, NULL), STOA_OK); /* Nothing to pass over. */
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK(stoa__json_is(&token, "c"));
    stoa__json_init(&json, text, strlen(text));
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_skip(&json, &token, NULL), STOA_OK); /* All of it. */
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(token.kind, STOA__JSON_END);
    stoa__json_init(&json, "[[1,2", 5);
    CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
    CHECK_INT(stoa__json_skip(&json, &token, &err), STOA_ERR_SYNTAX);
}

static void text_is_escaped_no_more_than_needed(void)
{
    stoa__buffer out = {0};
    stoa_error err;

    CHECK_INT(stoa__json_write_text(&out, "a\"b\\c/\n\x01\x1f\x7f\xc3\xa4\0z", 14, NULL),
              STOA_OK);
    CHECK_TEXT(text_of(&out), "\"a\\\"b\\\\c/\\n\\u0001\\u001f\x7f\xc3\xa4\\u0000z\"");
    out.size = 0;
    CHECK_INT(stoa__json_write_text(&out, NULL, 0, NULL), STOA_OK);
    CHECK_TEXT(text_of(&out), "\"\"");
    CHECK_INT(stoa__json_write_text(&out, "a\xff", 2, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "not UTF-8");
    CHECK_INT(out.size, 2);
    stoa__buffer_release(&out);
}

static void numbers_are_written(void)
{
    stoa__buffer out = {0};

    CHECK_INT(stoa__json_write_int64(&out, INT64_MIN), STOA_OK);
    CHECK_INT(stoa__buffer_append_byte(&out, ','), STOA_OK);
    CHECK_INT(stoa__json_write_double(&out, 0.1), STOA_OK);
    CHECK_INT(stoa__json_write_double(&out, (double)NAN), STOA_OK);
    CHECK_INT(stoa__json_write_double(&out, -(double)INFINITY), STOA_OK);
    CHECK_INT(stoa__json_write_float(&out, 0.1f), STOA_OK);
    CHECK_INT(stoa__json_write_float(&out, (float)INFINITY), STOA_OK);
    CHECK_TEXT(text_of(&out), "-9223372036854775808,0.1\"NaN\""
                              "\"-Infinity\"0.1\"Infinity\"");
    stoa__buffer_release(&out);
}

static void a_failed_write_appends_nothing(void)
{
    char text[300];

    memset(text, '\n', sizeof(text));
    for (int nth = 0;; nth++) {
        stoa__buffer out = {0};
        stoa_error err;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa__json_write_text(&out, text, sizeof(text), &err);
        stoa__mem_fail_nth = -1;
        CHECK_INT(out.size, rc == STOA_OK ? 602 : 0);
        stoa__buffer_release(&out);
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_INT(err.code, STOA_ERR_NOMEM);
    }
}

/* Any UTF-8 text comes back from its JSON. */
static void texts_come_back(void)
{
    for (int i = 0; i < 20000; i++) {
        stoa__buffer written = {0}, back = {0};
        struct stoa__json_token token;
        char text[64];
        size_t size = 0;
        stoa__json json;

        while (size < random_word() % 60) {
            const uint64_t word = random_word();

            if (word & 3)
                text[size++] = (char)(word >> 8 & 127);
            else if (word & 4)
                memcpy(text + size, "\xe2\x82\xac", 3), size += 3;
            else
                memcpy(text + size, "\xf0\x9f\x98\x80", 4), size += 4;
        }
        CHECK_INT(stoa__json_write_text(&written, text, size, NULL), STOA_OK);
        stoa__json_init(&json, (const char *)written.data, written.size);
        CHECK_INT(stoa__json_next(&json, &token, NULL), STOA_OK);
        CHECK_INT(token.kind, STOA__JSON_TEXT);
        CHECK_INT(stoa__json_unescape(&token, &back), STOA_OK);
        CHECK_INT(back.size, size);
        CHECK(size == 0 || memcmp(back.data, text, size) == 0);
        stoa__buffer_release(&written);
        stoa__buffer_release(&back);
    }
}

/* Damaged JSON ends in an answer, inside its bytes, and levels never lie. */
static void damaged_text_ends_in_an_answer(void)
{
    static const char good[] =
        "{\"a\":[1,-2.5e+3,\"x\\u00e4\\ud83d\\ude00\",{\"b\":null}],\"c\":[true,false]}";

    for (int i = 0; i < 100000; i++) {
        const size_t size = random_word() % sizeof(good);
        char *text = malloc(size + 1);
        struct stoa__json_token token;
        stoa__json json;
        int steps = 0;
        stoa_error err;
        stoa_status rc;

        memcpy(text, good, size);
        for (uint64_t n = random_word() % 4; n > 0 && size > 0; n--)
            text[random_word() % size] = random_word() & 1
                                             ? good[random_word() % sizeof(good)]
                                             : (char)random_word();
        stoa__json_init(&json, text, size);
        do {
            rc = stoa__json_next(&json, &token, &err);
            CHECK(++steps < 200);
            CHECK(json.depth >= 0 && json.depth <= STOA__DEPTH_MAX);
        } while (rc == STOA_OK && token.kind != STOA__JSON_END);
        if (rc != STOA_OK)
            CHECK(err.position >= 0 && err.position <= (int64_t)size);
        free(text);
    }
}

TEST_MAIN({"values give their tokens", values_give_their_tokens},
          {"tokens know where they stand", tokens_know_where_they_stand},
          {"broken texts are refused where they break",
           broken_texts_are_refused_where_they_break},
          {"nesting is bounded", nesting_is_bounded},
          {"escapes become characters", escapes_become_characters},
          {"keys are recognised through escapes", keys_are_recognised_through_escapes},
          {"unwanted values are passed over", unwanted_values_are_passed_over},
          {"text is escaped no more than needed", text_is_escaped_no_more_than_needed},
          {"numbers are written", numbers_are_written},
          {"a failed write appends nothing", a_failed_write_appends_nothing},
          {"texts come back", texts_come_back},
          {"damaged text ends in an answer", damaged_text_ends_in_an_answer})
