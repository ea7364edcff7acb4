/* SPDX-License-Identifier: Apache-2.0 */
#include "text/refuse.h"

#include "test.h"
#include "text/utf8.h"

static void an_excerpt_is_printable_utf8(void)
{
    char out[STOA__EXCERPT_SIZE];

    stoa__excerpt(NULL, 0, out);
    CHECK_TEXT(out, "");
    stoa__excerpt("caf\xc3\xa9", 5, out);
    CHECK_TEXT(out, "caf\xc3\xa9");
    stoa__excerpt("a\nb\0c\x7f\xff", 7, out);
    CHECK_TEXT(out, "a?b?c??");
    stoa__excerpt("\xe2\x82", 2, out);
    CHECK_TEXT(out, "??");
}

static void a_long_text_is_cut_between_characters(void)
{
    char text[200], out[STOA__EXCERPT_SIZE];

    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t at = lead; at + 4 <= sizeof(text); at += 4)
            memcpy(text + at, "\xf0\x9f\x98\x80", 4);
        stoa__excerpt(text, 196, out);
        CHECK_INT(stoa__utf8_check(out, strlen(out)), strlen(out));
        CHECK(strlen(out) >= 65);
        CHECK_TEXT(out + strlen(out) - 3, "...");
        CHECK(!strchr(out, '?'));
    }
}

static void the_sentence_quotes_the_text(void)
{
    stoa_error err;

    CHECK_INT(stoa__refuse(&err, "a date", "2024-02-30", 10, "no such day"),
              STOA_ERR_TYPE);
    CHECK_INT(err.code, STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "'2024-02-30' is not a date: no such day");
    CHECK_INT(stoa__refuse(NULL, "a date", "x", 1, "no"), STOA_ERR_TYPE);
}

TEST_MAIN({"an excerpt is printable UTF-8", an_excerpt_is_printable_utf8},
          {"a long text is cut between characters",
           a_long_text_is_cut_between_characters},
          {"the sentence quotes the text", the_sentence_quotes_the_text})
