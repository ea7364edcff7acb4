/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: many small pieces, freed together. Under ASan each piece is its own allocation, so that a
 * use after release is seen. It does not grow or free single pieces. */
#ifndef STOA_BASE_ARENA_H
#define STOA_BASE_ARENA_H

#include <stddef.h>

struct stoa__arena_block;
typedef struct stoa__arena {
    struct stoa__arena_block *first;
    size_t used;     /* In the first block. */
    size_t capacity; /* Of the first block. */
} stoa__arena;

/* All-zero is a valid empty arena. */
void *stoa__arena_alloc(stoa__arena *arena, size_t size); /* 16-byte aligned, not zeroed. */
void *stoa__arena_alloc_zero(stoa__arena *arena, size_t count, size_t size);
char *stoa__arena_copy_text(stoa__arena *arena, const char *text, size_t size);
/* Leaves all-zero; accepts all-zero. */
void stoa__arena_release(stoa__arena *arena);
/* Forget every piece but keep one block for reuse. */
void stoa__arena_reset(stoa__arena *arena);

#endif
