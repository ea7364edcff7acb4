/* SPDX-License-Identifier: Apache-2.0 */
#include "text/utf8.h"

#include "test.h"

static size_t check(const char *text)
{
    return stoa__utf8_check(text, strlen(text));
}

static void good_text_is_valid(void)
{
    CHECK_INT(stoa__utf8_check(NULL, 0), 0);
    CHECK_INT(stoa__utf8_check("a\0b", 3), 3);
    CHECK_INT(check("plain ascii, longer than eight bytes"), 36);
    CHECK_INT(check("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80"), 14);
    CHECK_INT(check("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), 10);
}

static void the_first_bad_byte_is_found(void)
{
    static const char *const bad[] = {
        "\x80",             /* Stray continuation. */
        "\xc0\xaf",         /* Overlong '/'. */
        "\xc1\xbf",         /* Overlong. */
        "\xe0\x9f\xbf",     /* Overlong. */
        "\xf0\x8f\xbf\xbf", /* Overlong. */
        "\xed\xa0\x80",     /* High surrogate. */
        "\xed\xbf\xbf",     /* Low surrogate. */
        "\xf4\x90\x80\x80", /* U+110000. */
        "\xf5\x80\x80\x80", /* Beyond any code. */
        "\xfe",
        "\xff",
        "\xc3",         /* Cut short. */
        "\xe2\x82",     /* Cut short. */
        "\xf0\x9f\x98", /* Cut short. */
        "\xc3(",        /* No continuation. */
        "\xe2(\xa1",
        "\xe2\x82(",
        "\xf0\x9f\x98(",
    };
    char text[64];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t before = 0; before < 20; before++) {
            memset(text, 'x', sizeof(text));
            memcpy(text + before, bad[i], strlen(bad[i]));
            CHECK_INT(stoa__utf8_check(text, before + strlen(bad[i])), before);
            CHECK_INT(stoa__utf8_check(text, sizeof(text)), before);
        }
    }
}

/* Every code point, by the definition instead of by tables. */
static void every_code_point_encodes_and_checks(void)
{
    char bytes[4];

    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t back;
        size_t size;

        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        size = stoa__utf8_encode(code, bytes);
        CHECK_INT(size, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        back = (uint8_t)bytes[0] & (size == 1 ? 0x7fu : 0xffu >> (size + 1));
        for (size_t i = 1; i < size; i++)
            back = back << 6 | ((uint8_t)bytes[i] & 0x3fu);
        CHECK_INT(back, code);
        CHECK_INT(stoa__utf8_check(bytes, size), size);
        for (size_t cut = 1; cut < size; cut++) {
            CHECK_INT(stoa__utf8_check(bytes, cut), 0);
            CHECK_INT(stoa__utf8_cut(bytes, size, cut), 0);
        }
    }
}

static void characters_are_not_cut(void)
{
    const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and some more ascii";
    const size_t size = sizeof(text) - 1;
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
        CHECK_INT(stoa__utf8_cut(text, size, i), cuts[i]);
    CHECK_INT(stoa__utf8_cut(text, size, size), size);
    CHECK_INT(stoa__utf8_cut(text, size, size + 9), size);
}

TEST_MAIN({"good text is valid", good_text_is_valid},
          {"the first bad byte is found", the_first_bad_byte_is_found},
          {"every code point encodes and checks", every_code_point_encodes_and_checks},
          {"characters are not cut", characters_are_not_cut})
