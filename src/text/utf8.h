/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 text: is it valid, how many characters, where may it be cut. It knows no other
 * encoding and no properties of characters. */
#ifndef STOA_TEXT_UTF8_H
#define STOA_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Offset of the first byte of the first sequence that is not UTF-8 (overlong, surrogate,
 * above U+10FFFF, cut short, stray); `size` when all of it is valid. NUL is a
 * character. */
size_t stoa__utf8_check(const char *text, size_t size);

/* The largest cut <= `size_max` of valid text that splits no character. */
size_t stoa__utf8_cut(const char *text, size_t size, size_t size_max);

/* Write the bytes of `code` (<= 0x10FFFF, no surrogate: asserted); returns how many, 1 to
 * 4. */
size_t stoa__utf8_encode(uint32_t code, char out[4]);

#endif
