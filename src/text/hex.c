/* SPDX-License-Identifier: Apache-2.0 */
#include "text/hex.h"

#include "base/error.h"
#include "text/refuse.h"

#include <assert.h>

#include "base/ban.h"

int stoa__hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

stoa_status stoa__hex_encode(const void *bytes, size_t size, stoa__buffer *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;

    assert(out && (bytes || size == 0));
    if (size == 0)
        return STOA_OK;
    if (size > SIZE_MAX / 2 || stoa__buffer_reserve(out, size * 2) != STOA_OK)
        return STOA_ERR_NOMEM;
    for (size_t i = 0; i < size; i++) {
        out->data[out->size++] = (uint8_t)digits[from[i] >> 4];
        out->data[out->size++] = (uint8_t)digits[from[i] & 15];
    }
    return STOA_OK;
}

stoa_status stoa__hex_decode(const char *text, size_t size, stoa__buffer *out,
                             stoa_error *err)
{
    assert(out && (text || size == 0));
    if (size % 2 != 0)
        return stoa__refuse(err, "hexadecimal", text, size,
                            "the number of digits is odd");
    for (size_t i = 0; i < size; i++) {
        if (stoa__hex_digit(text[i]) < 0)
            return stoa__refuse(err, "hexadecimal", text, size,
                                "it holds something that is no digit");
    }
    if (size == 0)
        return STOA_OK;
    if (stoa__buffer_reserve(out, size / 2) != STOA_OK)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < size; i += 2) {
        const int byte = stoa__hex_digit(text[i]) << 4 | stoa__hex_digit(text[i + 1]);

        out->data[out->size++] = (uint8_t)byte;
    }
    return STOA_OK;
}
