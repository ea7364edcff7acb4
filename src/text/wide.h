/* SPDX-License-Identifier: Apache-2.0 */
/* 128-bit products, which C11 has no name for. */
#ifndef STOA_TEXT_WIDE_H
#define STOA_TEXT_WIDE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 stoa__uint128;
__extension__ typedef __int128 stoa__int128;

/* The low half of a * b + c; the high half goes to *high. */
static inline uint64_t stoa__mul_add(uint64_t a, uint64_t b, uint64_t c, uint64_t *high)
{
    const stoa__uint128 product = (stoa__uint128)a * b + c;

    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
}

#endif
