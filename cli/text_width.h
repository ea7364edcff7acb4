/* SPDX-License-Identifier: Apache-2.0 */
/* How many columns of a terminal text takes. By a table of its own: the locale has no say. */
#ifndef STOA_CLI_TEXT_WIDTH_H
#define STOA_CLI_TEXT_WIDTH_H

#include <stddef.h>
#include <stdint.h>

/* The character at `text` and its bytes in `*size` (at least 1 while `left` > 0); U+FFFD for a byte
 * that is not UTF-8. */
uint32_t utf8_character(const char *text, size_t left, size_t *size);

/* 0 for what combines with the one before, 2 for wide ones, else 1; control characters take 1. */
int character_width(uint32_t character);

int text_width(const char *text, size_t size);

/* Bytes of the longest start of `text` that fits `width` columns. */
size_t text_fit(const char *text, size_t size, int width);

#endif
