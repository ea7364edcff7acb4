/* SPDX-License-Identifier: Apache-2.0 */
/* Unsigned integers of up to 4,224 bits, for the rare text whose nearest double can only
 * be told exactly. Whoever uses it proves that his numbers fit; it is asserted. */
#ifndef STOA_TEXT_BIG_H
#define STOA_TEXT_BIG_H

#include <stdint.h>

enum { STOA__BIG_LIMBS = 132 };

/* All-zero is 0. */
struct stoa__big {
    uint32_t limbs[STOA__BIG_LIMBS]; /* Lowest first. */
    int32_t count;                   /* The highest used is not 0. */
};

void stoa__big_multiply_add(struct stoa__big *big, uint32_t factor, uint32_t term);
void stoa__big_power_of_ten(struct stoa__big *big, int32_t exponent); /* Multiplies. */
void stoa__big_shift(struct stoa__big *big, int32_t bits);            /* To the left. */
int stoa__big_compare(const struct stoa__big *a, const struct stoa__big *b);

#endif
