/* SPDX-License-Identifier: Apache-2.0 */
#include "text/base64.h"

#include "base/error.h"
#include "text/refuse.h"

#include <assert.h>

#include "base/ban.h"

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a letter, or -1. */
static int letter_bits(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Three bytes (those beyond `count` are 0) as four letters, padded. */
static void put_group(uint8_t *to, const uint8_t *from, size_t count)
{
    const uint32_t bits = (uint32_t)from[0] << 16 |
                          (count > 1 ? (uint32_t)from[1] << 8 : 0) |
                          (count > 2 ? (uint32_t)from[2] : 0);

    to[0] = (uint8_t)letters[bits >> 18];
    to[1] = (uint8_t)letters[bits >> 12 & 63];
    to[2] = count > 1 ? (uint8_t)letters[bits >> 6 & 63] : '=';
    to[3] = count > 2 ? (uint8_t)letters[bits & 63] : '=';
}

stoa_status stoa__base64_encode(const void *bytes, size_t size, stoa__buffer *out)
{
    const uint8_t *from = bytes;

    assert(out && (bytes || size == 0));
    if (size == 0)
        return STOA_OK;
    if (size > SIZE_MAX / 2 || stoa__buffer_reserve(out, (size + 2) / 3 * 4) != STOA_OK)
        return STOA_ERR_NOMEM;
    for (size_t at = 0; at < size; at += 3, out->size += 4)
        put_group(out->data + out->size, from + at, size - at < 3 ? size - at : 3);
    return STOA_OK;
}

/* Checks everything, so that decoding cannot fail half-way. */
static const char *fault_of(const char *text, size_t size, size_t padding)
{
    int bits = 0;

    if (size % 4 != 0)
        return "the size is no multiple of four";
    for (size_t i = 0; i < size - padding; i++) {
        bits = letter_bits(text[i]);
        if (bits < 0)
            return text[i] == '=' ? "padding stands inside"
                                  : "it holds something that is no letter of base64";
    }
    if ((padding == 1 && (bits & 3) != 0) || (padding == 2 && (bits & 15) != 0))
        return "bits behind the last byte are set";
    return NULL;
}

stoa_status stoa__base64_decode(const char *text, size_t size, stoa__buffer *out,
                                stoa_error *err)
{
    size_t padding = 0;
    const char *fault;
    uint32_t bits = 0;

    assert(out && (text || size == 0));
    if (size == 0)
        return STOA_OK;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    fault = fault_of(text, size, padding);
    if (fault)
        return stoa__refuse(err, "base64", text, size, fault);
    if (stoa__buffer_reserve(out, size / 4 * 3) != STOA_OK)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < size; i++) {
        bits = bits << 6 | (i < size - padding ? (uint32_t)letter_bits(text[i]) : 0);
        if (i % 4 == 3) {
            out->data[out->size++] = (uint8_t)(bits >> 16);
            out->data[out->size++] = (uint8_t)(bits >> 8);
            out->data[out->size++] = (uint8_t)bits;
            bits = 0;
        }
    }
    out->size -= padding;
    return STOA_OK;
}
