/* SPDX-License-Identifier: Apache-2.0 */
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* The high bit of each of eight bytes. */
#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load_word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* Bytes of the whole sequence at `at`, which does not start with ASCII; 0 if it is
 * none. */
static size_t sequence_size(const uint8_t *at, size_t left)
{
    const uint8_t lead = at[0];
    size_t size;
    uint8_t second_min = 0x80, second_max = 0xbf;

    if (lead < 0xc2 || lead > 0xf4)
        return 0; /* A continuation, an overlong pair, or above U+10FFFF. */
    size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0xe0)
        second_min = 0xa0; /* Overlong. */
    else if (lead == 0xed)
        second_max = 0x9f; /* Surrogates. */
    else if (lead == 0xf0)
        second_min = 0x90; /* Overlong. */
    else if (lead == 0xf4)
        second_max = 0x8f; /* Above U+10FFFF. */
    if (left < size || at[1] < second_min || at[1] > second_max)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    return size;
}

size_t stoa__utf8_check(const char *text, size_t size)
{
    size_t at = 0;

    assert(text || size == 0);
    while (at < size) {
        if (size - at >= 8 && (load_word(text + at) & HIGH_BITS) == 0) {
            at += 8;
        } else if ((uint8_t)text[at] < 0x80) {
            at++;
        } else {
            const size_t step = sequence_size((const uint8_t *)text + at, size - at);

            if (step == 0)
                return at;
            at += step;
        }
    }
    return size;
}

size_t stoa__utf8_cut(const char *text, size_t size, size_t size_max)
{
    size_t cut = size_max;

    assert(text || size == 0);
    if (size <= size_max)
        return size;
    while (cut > 0 && ((uint8_t)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

size_t stoa__utf8_encode(uint32_t code, char out[4])
{
    assert(code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}
