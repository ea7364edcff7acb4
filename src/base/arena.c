/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

#include "base/ban.h"

#if defined(__SANITIZE_ADDRESS__)
#define PIECES_APART 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIECES_APART 1
#endif
#endif
#ifndef PIECES_APART
#define PIECES_APART 0
#endif

enum { ALIGNMENT = 16, BLOCK_BYTES_MIN = 1008, BLOCK_BYTES_MAX = 65536 - 16 };

struct stoa__arena_block {
    _Alignas(ALIGNMENT) struct stoa__arena_block *next;
};

_Static_assert(sizeof(struct stoa__arena_block) == ALIGNMENT, "pieces follow the header");

static struct stoa__arena_block *block_new(size_t capacity)
{
    size_t size;

    if (stoa__add_overflow(capacity, sizeof(struct stoa__arena_block), &size))
        return NULL;
    return stoa__alloc(size);
}

static void *block_bytes(struct stoa__arena_block *block)
{
    return block + 1;
}

/* A block of its own, behind the first, whose rest stays in use. */
static void *alloc_apart(stoa__arena *arena, size_t size)
{
    struct stoa__arena_block *block = block_new(size);

    if (!block)
        return NULL;
    if (arena->first) {
        block->next = arena->first->next;
        arena->first->next = block;
    } else {
        block->next = NULL;
        arena->first = block;
        arena->used = arena->capacity = size;
    }
    return block_bytes(block);
}

static void *alloc_in_new_block(stoa__arena *arena, size_t size)
{
    size_t capacity =
        arena->capacity < BLOCK_BYTES_MAX / 2 ? arena->capacity * 2 : BLOCK_BYTES_MAX;
    struct stoa__arena_block *block;

    if (capacity < BLOCK_BYTES_MIN)
        capacity = BLOCK_BYTES_MIN;
    capacity = capacity / ALIGNMENT * ALIGNMENT;
    if (size > capacity / 4)
        return alloc_apart(arena, size);
    block = block_new(capacity);
    if (!block)
        return NULL;
    block->next = arena->first;
    arena->first = block;
    arena->used = size;
    arena->capacity = capacity;
    return block_bytes(block);
}

void *stoa__arena_alloc(stoa__arena *arena, size_t size)
{
    size_t need;

    if (PIECES_APART)
        return alloc_apart(arena, size);
    if (stoa__add_overflow(size > 0 ? size : 1, ALIGNMENT - 1, &need))
        return NULL;
    need = need / ALIGNMENT * ALIGNMENT;
    if (need > arena->capacity - arena->used)
        return alloc_in_new_block(arena, need);
    arena->used += need;
    return (char *)block_bytes(arena->first) + arena->used - need;
}

void *stoa__arena_alloc_zero(stoa__arena *arena, size_t count, size_t size)
{
    size_t total;
    void *piece;

    if (stoa__mul_overflow(count, size, &total))
        return NULL;
    piece = stoa__arena_alloc(arena, total);
    if (piece)
        memset(piece, 0, total);
    return piece;
}

char *stoa__arena_copy_text(stoa__arena *arena, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? stoa__arena_alloc(arena, size + 1) : NULL;

    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static void free_blocks(struct stoa__arena_block *block)
{
    while (block) {
        struct stoa__arena_block *next = block->next;

        stoa__free(block);
        block = next;
    }
}

void stoa__arena_release(stoa__arena *arena)
{
    free_blocks(arena->first);
    *arena = (stoa__arena){0};
}

void stoa__arena_reset(stoa__arena *arena)
{
    if (!arena->first || PIECES_APART) {
        stoa__arena_release(arena);
        return;
    }
    free_blocks(arena->first->next);
    arena->first->next = NULL;
    arena->used = 0;
}
