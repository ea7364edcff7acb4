/* SPDX-License-Identifier: Apache-2.0 */
#include "text/big.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

void stoa__big_multiply_add(struct stoa__big *big, uint32_t factor, uint32_t term)
{
    uint64_t carry = term;

    for (int32_t i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limbs[i] * factor;
        big->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) {
        assert(big->count < STOA__BIG_LIMBS);
        big->limbs[big->count++] = (uint32_t)carry;
    }
}

void stoa__big_power_of_ten(struct stoa__big *big, int32_t exponent)
{
    assert(exponent >= 0);
    for (; exponent >= 9; exponent -= 9)
        stoa__big_multiply_add(big, 1000000000, 0);
    for (; exponent > 0; exponent--)
        stoa__big_multiply_add(big, 10, 0);
}

void stoa__big_shift(struct stoa__big *big, int32_t bits)
{
    const int32_t whole = bits / 32;

    assert(bits >= 0 && big->count + whole < STOA__BIG_LIMBS);
    if (big->count == 0)
        return;
    memmove(big->limbs + whole, big->limbs, sizeof(uint32_t) * (size_t)big->count);
    memset(big->limbs, 0, sizeof(uint32_t) * (size_t)whole);
    big->count += whole;
    stoa__big_multiply_add(big, (uint32_t)1 << bits % 32, 0);
}

int stoa__big_compare(const struct stoa__big *a, const struct stoa__big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int32_t i = a->count - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}
