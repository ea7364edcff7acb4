/* SPDX-License-Identifier: Apache-2.0 */
#include "text/hash.h"

#include "test.h"

/* These numbers are in files: they may never change. */
static void persisted_vectors_hold(void)
{
    const char *sql = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)";
    uint8_t bytes[64];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    CHECK(stoa__hash(NULL, 0, 0) == UINT64_C(0x740bb6c552002b4f));
    CHECK(stoa__hash("a", 1, 0) == UINT64_C(0xf4c14752b9ce52cc));
    CHECK(stoa__hash("stoa", 4, 0) == UINT64_C(0x4c77032330aadcaa));
    CHECK(stoa__hash("stoa", 4, 1) == UINT64_C(0x4c65a68293e06bad));
    CHECK(stoa__hash(bytes, 15, 0) == UINT64_C(0xb2a4c51119aa1a71));
    CHECK(stoa__hash(bytes, 16, 0) == UINT64_C(0x4bd69ac51f34b4b8));
    CHECK(stoa__hash(bytes, 17, 0) == UINT64_C(0x819b1ab368c976da));
    CHECK(stoa__hash(bytes, 64, 0) == UINT64_C(0xb8af1c9f7977ea55));
    CHECK(stoa__hash(sql, strlen(sql), 0) == UINT64_C(0xd32584112f35ed13));
    CHECK(stoa__hash_number(42, 7) == UINT64_C(0xb75690630d90b572));
    CHECK(stoa__hash_number(42, 7) == stoa__hash("\x2a\0\0\0\0\0\0\0", 8, 7));
}

static void size_cut_and_seed_count(void)
{
    static const char zeros[64];
    uint64_t seen[65];

    for (size_t size = 0; size <= 64; size++) {
        seen[size] = stoa__hash(zeros, size, 0);
        for (size_t before = 0; before < size; before++)
            CHECK(seen[size] != seen[before]);
    }
    CHECK(stoa__hash("bc", 2, stoa__hash("a", 1, 0)) !=
          stoa__hash("c", 1, stoa__hash("ab", 2, 0)));
    CHECK(stoa__hash("x", 1, 0) != stoa__hash("x", 1, 1));
}

/* One bit in turns about half of the bits out, whichever bit it is. */
static void every_bit_moves_half_of_the_others(void)
{
    for (size_t size = 1; size <= 40; size += 13) {
        for (size_t bit = 0; bit < size * 8; bit++) {
            uint8_t bytes[40];
            int moved = 0;

            for (uint32_t trial = 0; trial < 256; trial++) {
                uint64_t before;

                for (size_t i = 0; i < size; i++)
                    bytes[i] = (uint8_t)(trial * 167 + i * 29 + (trial >> 3) * i);
                before = stoa__hash(bytes, size, 0);
                bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
                moved += __builtin_popcountll(before ^ stoa__hash(bytes, size, 0));
            }
            CHECK(moved > 256 * 28 && moved < 256 * 36);
        }
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left, right;

    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return left < right ? -1 : left > right;
}

static void counting_keys_spread_evenly(void)
{
    enum { COUNT = 1 << 18, BUCKETS = 1 << 10 };
    uint64_t *hashes = malloc(COUNT * sizeof(*hashes));
    static uint32_t low[BUCKETS], high[BUCKETS];

    for (uint32_t i = 0; i < COUNT; i++) {
        hashes[i] = stoa__hash_number(i, 0);
        low[hashes[i] % BUCKETS]++;
        high[hashes[i] >> 54]++;
    }
    for (size_t i = 0; i < BUCKETS; i++) { /* 256 expected, 16 the standard deviation. */
        CHECK(low[i] > 160 && low[i] < 352);
        CHECK(high[i] > 160 && high[i] < 352);
    }
    qsort(hashes, COUNT, sizeof(*hashes), compare_numbers);
    for (size_t i = 1; i < COUNT; i++)
        CHECK(hashes[i - 1] != hashes[i]);
    free(hashes);
}

TEST_MAIN({"persisted vectors hold", persisted_vectors_hold},
          {"size, cut and seed count", size_cut_and_seed_count},
          {"every bit moves half of the others", every_bit_moves_half_of_the_others},
          {"counting keys spread evenly", counting_keys_spread_evenly})
