/* SPDX-License-Identifier: Apache-2.0 */
#include "highlight.h"

#include "keywords.h"
#include "statement.h"

#include <string.h>

const char *style_escape(enum style style)
{
    static const char *const escapes[STYLE_COUNT] = {
        "\x1b[0m", "\x1b[0;1;34m", "\x1b[0;32m", "\x1b[0;35m", "\x1b[0;2m", "\x1b[0;33m",
        "\x1b[0;36m",
    };
    return escapes[style];
}

static int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A number's bytes: digits, a point, an exponent with its sign, hexadecimal digits behind 0x. */
static size_t number_size(const char *text, size_t size)
{
    size_t at = 0;
    int hexadecimal = size > 1 && text[0] == '0' && (text[1] | 32) == 'x';

    while (at < size && (statement_in_word(text[at]) || text[at] == '.' ||
                         ((text[at] == '+' || text[at] == '-') && at > 0 && !hexadecimal &&
                          (text[at - 1] | 32) == 'e')))
        at++;
    return at;
}

static size_t word_size(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && statement_in_word(text[at]))
        at++;
    return at;
}

/* The piece that begins here and its style. */
static size_t piece(const char *text, size_t size, enum style *style)
{
    size_t skipped = statement_piece(text, size);

    *style = STYLE_PLAIN;
    if (skipped > 0) {
        if (text[0] == '\'')
            *style = STYLE_TEXT;
        else if (text[0] == '-' || text[0] == '/')
            *style = STYLE_COMMENT;
        return skipped;
    }
    if (is_digit(text[0]) || (text[0] == '.' && size > 1 && is_digit(text[1]))) {
        *style = STYLE_NUMBER;
        return number_size(text, size);
    }
    if (statement_in_word(text[0])) {
        skipped = word_size(text, size);
        *style = keyword_is(text, skipped) ? STYLE_KEYWORD : STYLE_PLAIN;
        return skipped;
    }
    if (strchr(":?@$", text[0]) && text[0]) {
        *style = STYLE_PARAMETER;
        return 1 + word_size(text + 1, size - 1);
    }
    return 1;
}

void highlight(const char *text, size_t size, unsigned char *styles)
{
    size_t at = 0;

    if (size > 0 && text[0] == '.') {
        at = 1 + word_size(text + 1, size - 1);
        memset(styles, STYLE_COMMAND, at);
        if (strncmp(text, ".ex", 3) != 0 && strncmp(text, ".par", 4) != 0) {
            memset(styles + at, STYLE_PLAIN, size - at); /* What follows is no SQL. */
            return;
        }
    }
    while (at < size) {
        enum style style;
        size_t used = piece(text + at, size - at, &style);
        memset(styles + at, (int)style, used);
        at += used;
    }
}
