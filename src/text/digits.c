/* SPDX-License-Identifier: Apache-2.0 */
#include "text/digits.h"

#include <assert.h>

#include "base/ban.h"

const char stoa__digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

const uint64_t stoa__tens[20] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

size_t stoa__digit_count(uint64_t value)
{
    const unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    const unsigned guess = bits * 1233 >> 12; /* log10(2) is a little less than this. */

    return guess + ((value | 1) >= stoa__tens[guess]);
}

void stoa__digits_put(char *out, uint64_t value, size_t count)
{
    assert(out || count == 0);
    while (count >= 2) {
        count -= 2;
        stoa__digits_put_two(out + count, (uint32_t)(value % 100));
        value /= 100;
    }
    if (count > 0)
        out[0] = (char)('0' + value % 10);
}
