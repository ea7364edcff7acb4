/* SPDX-License-Identifier: Apache-2.0 */
#include "text/powers.h"

#include "test.h"
#include "text/big.h"

/* The 128 bits of a power, shifted to the left. */
static struct stoa__big power_bits(struct stoa__power power, int32_t shift)
{
    struct stoa__big big = {{0}, 0};

    stoa__big_multiply_add(&big, 1, (uint32_t)(power.high >> 32));
    stoa__big_shift(&big, 32);
    stoa__big_multiply_add(&big, 1, (uint32_t)power.high);
    stoa__big_shift(&big, 32);
    stoa__big_multiply_add(&big, 1, (uint32_t)(power.low >> 32));
    stoa__big_shift(&big, 32);
    stoa__big_multiply_add(&big, 1, (uint32_t)power.low);
    stoa__big_shift(&big, shift);
    return big;
}

static struct stoa__big one_shifted(int32_t shift)
{
    struct stoa__big big = {{1}, 1};

    stoa__big_shift(&big, shift);
    return big;
}

/* g * 2^s <= 10^n < (g + 1) * 2^s, with both sides made whole. */
static void every_power_is_cut_off_after_128_bits(void)
{
    for (int32_t n = STOA__POWER_MIN; n <= STOA__POWER_MAX; n++) {
        const struct stoa__power low = stoa__power(n);
        const struct stoa__power high = {low.high + (low.low == UINT64_MAX), low.low + 1};
        const int32_t shift = stoa__power_exponent(n) - 127;
        const int32_t left = shift > 0 ? shift : 0, right = shift < 0 ? -shift : 0;
        struct stoa__big below = power_bits(low, left), above = power_bits(high, left);
        struct stoa__big exact = one_shifted(right);

        CHECK(low.high >> 63);
        if (n >= 0) {
            stoa__big_power_of_ten(&exact, n);
        } else {
            stoa__big_power_of_ten(&below, -n);
            stoa__big_power_of_ten(&above, -n);
        }
        CHECK(stoa__big_compare(&below, &exact) <= 0);
        CHECK(stoa__big_compare(&exact, &above) < 0);
    }
}

static void big_integers_calculate(void)
{
    struct stoa__big a = {{0}, 0}, b = {{0}, 0};

    CHECK_INT(stoa__big_compare(&a, &b), 0);
    stoa__big_shift(&a, 100); /* Zero stays zero. */
    CHECK_INT(a.count, 0);
    stoa__big_multiply_add(&a, 10, 4294967295u);
    stoa__big_multiply_add(&a, 4294967295u, 4294967295u);
    CHECK_INT(a.count, 2); /* 4294967295 * 4294967296 */
    CHECK_INT(a.limbs[0], 0);
    CHECK_INT(a.limbs[1], 4294967295u);
    stoa__big_multiply_add(&b, 0, 4294967295u);
    stoa__big_shift(&b, 32);
    CHECK_INT(stoa__big_compare(&a, &b), 0);
    stoa__big_multiply_add(&b, 1, 1);
    CHECK_INT(stoa__big_compare(&a, &b), -1);
    stoa__big_shift(&a, 1);
    CHECK_INT(stoa__big_compare(&a, &b), 1);
}

TEST_MAIN({"every power is cut off after 128 bits",
           every_power_is_cut_off_after_128_bits},
          {"big integers calculate", big_integers_calculate})
