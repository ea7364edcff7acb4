/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,
    HUGE_PAGE = 2 << 20,
    KEPT_SIZES = 5 /* 2 to 32 MiB. */
};

_Atomic int64_t stoa__mem_fail_nth = -1;
_Atomic bool stoa__mem_fail_repeat = false;

/* A piece of each size that was given back last: the next one is ready then, with its pages, which
 * the system takes when it needs them. */
static _Atomic(void *) kept[KEPT_SIZES];

/* On lines of their own: every thread that allocates writes here. */
static _Alignas(64) _Atomic int64_t live_bytes;
static _Atomic int64_t live_pieces;

/* The counter goes ... 2, 1, 0 (this one fails), -2, -3, ...; -1 alone is "off". */
static bool fault_counted(int64_t count)
{
    int64_t next;

    do {
        if (count == -1)
            return false;
        next = count == 0 ? -2 : count - 1;
    } while (!atomic_compare_exchange_weak(&stoa__mem_fail_nth, &count, next));
    return count == 0 || (count < -1 && atomic_load(&stoa__mem_fail_repeat));
}

static bool fault_due(void)
{
    int64_t count = atomic_load_explicit(&stoa__mem_fail_nth, memory_order_relaxed);

    return __builtin_expect(count != -1, 0) && fault_counted(count);
}

/* malloc_usable_size() and not the size asked for: free() is not told the latter. */
static void *counted(void *piece)
{
    if (!piece)
        return NULL;
    atomic_fetch_add_explicit(&live_bytes, (int64_t)malloc_usable_size(piece),
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&live_pieces, 1, memory_order_relaxed);
    return piece;
}

void *stoa__alloc(size_t size)
{
    if (size > PTRDIFF_MAX || fault_due())
        return NULL;
    return counted(malloc(size > 0 ? size : 1));
}

void *stoa__alloc_zero(size_t count, size_t size)
{
    size_t total;

    if (stoa__mul_overflow(count, size, &total) || total > PTRDIFF_MAX || fault_due())
        return NULL;
    return counted(calloc(1, total > 0 ? total : 1));
}

void *stoa__realloc(void *piece, size_t size)
{
    int64_t before;
    void *moved;

    if (!piece)
        return stoa__alloc(size);
    if (size > PTRDIFF_MAX || fault_due())
        return NULL;
    before = (int64_t)malloc_usable_size(piece);
    moved = realloc(piece, size > 0 ? size : 1);
    if (moved)
        atomic_fetch_add_explicit(&live_bytes,
                                  (int64_t)malloc_usable_size(moved) - before,
                                  memory_order_relaxed);
    return moved;
}

void *stoa__alloc_aligned(size_t size)
{
    if (size > PTRDIFF_MAX - ALIGNMENT || fault_due())
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return counted(aligned_alloc(ALIGNMENT, size > 0 ? size : ALIGNMENT));
}

/* From one boundary of huge pages to another: a page more is asked for, and what is on either side
 * given back. */
static void *map_aligned(size_t size)
{
    uint8_t *const all = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (all == MAP_FAILED)
        return NULL;
    before = -(uintptr_t)all % HUGE_PAGE;
    if (before > 0)
        (void)munmap(all, before);
    (void)munmap(all + before + size, HUGE_PAGE - before);
    (void)madvise(all + before, size, MADV_HUGEPAGE); /* Else they are small ones. */
    return all + before;
}

/* Where a piece of that size is kept; NULL: nowhere. */
static _Atomic(void *) *place_of(size_t size)
{
    const int number = __builtin_ctzll(size) - __builtin_ctzll(HUGE_PAGE);

    return number < KEPT_SIZES ? &kept[number] : NULL;
}

void *stoa__alloc_pages(size_t size)
{
    _Atomic(void *) *place;
    void *piece;

    if (size < HUGE_PAGE)
        return stoa__alloc(size);
    if (size > PTRDIFF_MAX - HUGE_PAGE || fault_due())
        return NULL;
    place = place_of(size);
    piece = place ? atomic_exchange(place, NULL) : NULL;
    if (!piece)
        piece = map_aligned(size);
    if (!piece)
        return NULL;
    atomic_fetch_add_explicit(&live_bytes, (int64_t)size, memory_order_relaxed);
    atomic_fetch_add_explicit(&live_pieces, 1, memory_order_relaxed);
    return piece;
}

void stoa__free_pages(void *piece, size_t size)
{
    _Atomic(void *) *place;

    if (!piece || size < HUGE_PAGE) {
        stoa__free(piece);
        return;
    }
    (void)madvise(piece, size, MADV_FREE);
    place = place_of(size);
    if (place)
        piece = atomic_exchange(place, piece);
    if (piece)
        (void)munmap(piece, size);
    atomic_fetch_sub_explicit(&live_bytes, (int64_t)size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&live_pieces, 1, memory_order_relaxed);
}

void stoa__free(void *piece)
{
    if (!piece)
        return;
    atomic_fetch_sub_explicit(&live_bytes, (int64_t)malloc_usable_size(piece),
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&live_pieces, 1, memory_order_relaxed);
    free(piece);
}

char *stoa__copy_text(const char *text, size_t size)
{
    char *copy;

    if (size == SIZE_MAX)
        return NULL;
    copy = stoa__alloc(size + 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

int64_t stoa__mem_bytes(void)
{
    return atomic_load_explicit(&live_bytes, memory_order_relaxed);
}

int64_t stoa__mem_allocations(void)
{
    return atomic_load_explicit(&live_pieces, memory_order_relaxed);
}
