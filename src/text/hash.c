/* SPDX-License-Identifier: Apache-2.0 */
#include "text/hash.h"

#include "text/wide.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/ban.h"

/*
 * Sixteen bytes a round: both halves are masked, multiplied to 128 bits, and the halves
 * of the product are folded together. The old state also comes back rotated, because a
 * factor that happens to be 0 would otherwise forget all that came before. The last
 * round, always there, holds the 0 to 15 bytes left over, zero-padded; the size tells
 * paddings apart.
 */
static const uint64_t start_key = UINT64_C(0x9e3779b97f4a7c15);
static const uint64_t round_key = UINT64_C(0xbf58476d1ce4e5b9);
static const uint64_t tail_key = UINT64_C(0x94d049bb133111eb);
static const uint64_t size_key = UINT64_C(0xd6e8feb86659fd93);

static uint64_t fold(uint64_t a, uint64_t b)
{
    uint64_t high;
    const uint64_t low = stoa__mul_add(a, b, 0, &high);

    return low ^ high;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* Little-endian on every machine, since hashes are persisted. */
static uint64_t load_little(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 |
           (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static uint64_t round_of(uint64_t state, const uint8_t *at, uint64_t key)
{
    return fold(load_little(at) ^ key, load_little(at + 8) ^ state) ^ rotate(state, 29);
}

uint64_t stoa__hash(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *at = bytes;
    uint8_t tail[16] = {0};
    uint64_t state = seed ^ start_key;
    size_t left = size;

    assert(bytes || size == 0);
    for (; left >= 16; left -= 16, at += 16)
        state = round_of(state, at, round_key);
    if (left > 0)
        memcpy(tail, at, left);
    state = round_of(state, tail, tail_key);
    state = fold(state ^ size_key, (uint64_t)size ^ start_key) ^ rotate(state, 17);
    state ^= state >> 32;
    state *= round_key;
    return state ^ state >> 29;
}

uint64_t stoa__hash_number(uint64_t number, uint64_t seed)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    return stoa__hash(bytes, sizeof(bytes), seed);
}
