/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest of some names to a word that was misspelt, for "did you mean". It does not know
 * what the names are. Nothing here allocates. */
#ifndef STOA_BASE_NEAREST_H
#define STOA_BASE_NEAREST_H

#include <stddef.h>

typedef struct stoa__nearest {
    const char *word;
    size_t size;
    const char *best; /* NULL: none is near enough. Borrowed from the offers. */
    size_t best_size;
    size_t distance; /* Of `best`; before one is found, the least that is too far. */
} stoa__nearest;

/* Start with a word, then offer every name, then read `best`. */
stoa__nearest stoa__nearest_start(const char *word, size_t size);
void stoa__nearest_offer(stoa__nearest *nearest, const char *name, size_t size);

#endif
