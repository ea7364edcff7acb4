/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "test.h"

static void live_totals_rise_and_fall(void)
{
    int64_t bytes = stoa__mem_bytes(), pieces = stoa__mem_allocations();
    void *a = stoa__alloc(1000);
    void *b = stoa__alloc_aligned(100);

    CHECK(stoa__mem_bytes() >= bytes + 1100);
    CHECK_INT(stoa__mem_allocations(), pieces + 2);
    a = stoa__realloc(a, 5000);
    CHECK(stoa__mem_bytes() >= bytes + 5100);
    CHECK_INT(stoa__mem_allocations(), pieces + 2);
    stoa__free(a);
    stoa__free(b);
    stoa__free(NULL);
    CHECK_INT(stoa__mem_bytes(), bytes);
    CHECK_INT(stoa__mem_allocations(), pieces);
}

static void sizes_that_overflow_are_refused(void)
{
    void *piece = stoa__alloc(8);

    CHECK(!stoa__alloc(SIZE_MAX));
    CHECK(!stoa__alloc_zero(SIZE_MAX / 2, 3));
    CHECK(!stoa__alloc_zero(1, SIZE_MAX));
    CHECK(!stoa__alloc_aligned(SIZE_MAX - 5));
    CHECK(!stoa__realloc(piece, SIZE_MAX));
    CHECK(!stoa__copy_text("x", SIZE_MAX));
    stoa__free(piece); /* Untouched by the failure. */
}

static void size_zero_gives_something_to_free(void)
{
    void *pieces[] = {stoa__alloc(0), stoa__alloc_zero(0, 8), stoa__alloc_aligned(0),
                      stoa__realloc(NULL, 0)};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        CHECK(pieces[i]);
        stoa__free(pieces[i]);
    }
}

static void contents_are_as_promised(void)
{
    char *zero = stoa__alloc_zero(100, 3);
    char *text = stoa__copy_text("ab\0cd", 5);
    char *empty = stoa__copy_text(NULL, 0);

    for (int i = 0; i < 300; i++)
        CHECK_INT(zero[i], 0);
    CHECK(memcmp(text, "ab\0cd", 6) == 0);
    CHECK_TEXT(empty, "");
    stoa__free(zero);
    stoa__free(empty);
    text = stoa__realloc(text, 100000);
    CHECK(memcmp(text, "ab\0cd", 6) == 0);
    stoa__free(text);
}

static void aligned_pieces_are_aligned(void)
{
    for (size_t size = 0; size < 300; size += 7) {
        void *piece = stoa__alloc_aligned(size);

        CHECK_INT((uintptr_t)piece % 64, 0);
        memset(piece, 1, size);
        stoa__free(piece);
    }
}

static void room_for_long_is_counted_and_given_back(void)
{
    int64_t bytes = stoa__mem_bytes(), pieces = stoa__mem_allocations();

    for (size_t size = 1024; size <= (size_t)64 << 20; size *= 2) {
        uint8_t *piece = stoa__alloc_pages(size);

        CHECK(piece);
        piece[0] = piece[size / 2] = piece[size - 1] = 1;
        CHECK(size < (size_t)2 << 20 || (uintptr_t)piece % ((size_t)2 << 20) == 0);
        CHECK(stoa__mem_bytes() >= bytes + (int64_t)size);
        CHECK_INT(stoa__mem_allocations(), pieces + 1);
        stoa__free_pages(piece, size);
        CHECK_INT(stoa__mem_bytes(), bytes);
        CHECK_INT(stoa__mem_allocations(), pieces);
    }
    /* One piece of a size stays at hand, without being counted. */
    for (size_t size = (size_t)2 << 20; size <= (size_t)32 << 20; size *= 2) {
        void *piece = stoa__alloc_pages(size), *other = stoa__alloc_pages(size);

        stoa__free_pages(other, size);
        stoa__free_pages(piece, size);
        CHECK(stoa__alloc_pages(size) == piece);
        memset(piece, 7, size);
        stoa__free_pages(piece, size);
    }
    CHECK_INT(stoa__mem_allocations(), pieces);
    stoa__free_pages(NULL, 16);
    CHECK(!stoa__alloc_pages(SIZE_MAX / 2 + 1));
    for (size_t size = 1024; size <= (size_t)2 << 20; size *= 2048) {
        stoa__mem_fail_nth = 0;
        CHECK(!stoa__alloc_pages(size));
        stoa__mem_fail_nth = -1;
    }
}

static void one_fault_is_injected(void)
{
    void *pieces[4];

    stoa__mem_fail_nth = 2;
    for (int i = 0; i < 4; i++)
        pieces[i] = stoa__alloc(1);
    CHECK(pieces[0] && pieces[1] && !pieces[2] && pieces[3]);
    CHECK(stoa__mem_fail_nth < -1); /* It fired, and counted on. */
    stoa__mem_fail_nth = -1;
    for (int i = 0; i < 4; i++)
        stoa__free(pieces[i]);
}

static void faults_repeat_when_asked(void)
{
    void *piece = stoa__alloc(1);

    stoa__mem_fail_repeat = true;
    stoa__mem_fail_nth = 0;
    CHECK(!stoa__alloc(1));
    CHECK(!stoa__alloc_zero(1, 1));
    CHECK(!stoa__alloc_aligned(1));
    CHECK(!stoa__realloc(piece, 100));
    CHECK(!stoa__copy_text("a", 1));
    stoa__mem_fail_nth = -1;
    stoa__free(piece);
    piece = stoa__alloc(1);
    CHECK(piece);
    stoa__free(piece);
}

TEST_MAIN({"live totals rise and fall", live_totals_rise_and_fall},
          {"sizes that overflow are refused", sizes_that_overflow_are_refused},
          {"size zero gives something to free", size_zero_gives_something_to_free},
          {"contents are as promised", contents_are_as_promised},
          {"aligned pieces are aligned", aligned_pieces_are_aligned},
          {"room for long is counted and given back", room_for_long_is_counted_and_given_back},
          {"one fault is injected", one_fault_is_injected},
          {"faults repeat when asked", faults_repeat_when_asked})
