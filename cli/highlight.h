/* SPDX-License-Identifier: Apache-2.0 */
/* Which colour each byte of a statement has while it is edited. */
#ifndef STOA_CLI_HIGHLIGHT_H
#define STOA_CLI_HIGHLIGHT_H

#include <stddef.h>

enum style {
    STYLE_PLAIN,
    STYLE_KEYWORD,
    STYLE_TEXT, /* In single quotes. */
    STYLE_NUMBER,
    STYLE_COMMENT,
    STYLE_PARAMETER, /* :name, ?1 */
    STYLE_COMMAND,   /* .mode */
    STYLE_COUNT
};

/* What switches a terminal to it, from whatever it had. */
const char *style_escape(enum style style);

/* `styles` has `size` bytes, each an enum style. */
void highlight(const char *text, size_t size, unsigned char *styles);

#endif
