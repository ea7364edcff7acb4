/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the only caller of malloc and free, with fault injection and live counters. It does not
 * know what the bytes are for. */
#ifndef STOA_BASE_MEM_H
#define STOA_BASE_MEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All return NULL when memory is out (or a fault is injected) and for sizes that overflow.
 * A size of 0 gives a pointer that may be freed. */
void *stoa__alloc(size_t size);
void *stoa__alloc_zero(size_t count, size_t size);
/* On failure the old piece is untouched. `piece` may be NULL. */
void *stoa__realloc(void *piece, size_t size);
/* 64-byte aligned, for Arrow buffers; freed by stoa__free() like any other. */
void *stoa__alloc_aligned(size_t size);
void stoa__free(void *piece);

/* Room for long, which may never be touched, and costs nothing then; what is in it is not told. Of
 * 2 MiB and more it is in huge pages where the system has them, and one piece of each such size, up
 * to 32 MiB, is kept for the next when it is freed, as long as the system does not want it. `size`
 * is a power of two, and given again; NULL may be freed. */
void *stoa__alloc_pages(size_t size);
void stoa__free_pages(void *piece, size_t size);

/* A NUL-terminated copy of `size` bytes. */
char *stoa__copy_text(const char *text, size_t size);

static inline bool stoa__mul_overflow(size_t a, size_t b, size_t *out)
{
    return __builtin_mul_overflow(a, b, out);
}

static inline bool stoa__add_overflow(size_t a, size_t b, size_t *out)
{
    return __builtin_add_overflow(a, b, out);
}

/* Live totals. */
int64_t stoa__mem_bytes(void);
int64_t stoa__mem_allocations(void);

/*
 * Fault injection, for tests: -1 is off; n >= 0 lets n allocations of this process pass, fails the
 * next one, and counts on below zero so that exactly one fails. stoa__mem_fail_repeat makes all
 * later ones fail as well.
 */
extern _Atomic int64_t stoa__mem_fail_nth;
extern _Atomic bool stoa__mem_fail_repeat;

#endif
