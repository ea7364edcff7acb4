/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"
#include "test.h"

static void pieces_are_aligned_and_apart(void)
{
    stoa__arena arena = {0};
    unsigned char *pieces[400];

    for (int i = 0; i < 400; i++) {
        pieces[i] = stoa__arena_alloc(&arena, (size_t)i);
        CHECK(pieces[i]);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], i, (size_t)i);
    }
    for (int i = 0; i < 400; i++)
        for (int j = 0; j < i; j++)
            CHECK_INT(pieces[i][j], i % 256);
    stoa__arena_release(&arena);
    CHECK(!arena.first && arena.used == 0 && arena.capacity == 0);
}

static void a_large_piece_leaves_the_block_in_use(void)
{
    stoa__arena arena = {0};
    unsigned char *before = stoa__arena_alloc(&arena, 16);
    unsigned char *large = stoa__arena_alloc(&arena, 1000000);
    unsigned char *after = stoa__arena_alloc(&arena, 16);

    memset(before, 1, 16);
    memset(large, 2, 1000000);
    memset(after, 3, 16);
    CHECK(before[15] == 1 && large[999999] == 2 && after[0] == 3);
    stoa__arena_release(&arena);
}

static void release_gives_everything_back(void)
{
    int64_t bytes = stoa__mem_bytes();
    stoa__arena arena = {0};

    stoa__arena_release(&arena);
    for (int i = 0; i < 10000; i++)
        CHECK(stoa__arena_alloc(&arena, 100));
    CHECK(stoa__mem_bytes() > bytes + 1000000);
    stoa__arena_release(&arena);
    stoa__arena_release(&arena);
    CHECK_INT(stoa__mem_bytes(), bytes);
}

static void reset_keeps_at_most_one_block(void)
{
    int64_t pieces = stoa__mem_allocations();
    stoa__arena arena = {0};

    stoa__arena_reset(&arena);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10000; i++)
            CHECK(stoa__arena_alloc(&arena, 100));
        stoa__arena_reset(&arena);
        CHECK(stoa__mem_allocations() <= pieces + 1);
        CHECK_INT(arena.used, 0);
    }
    stoa__arena_release(&arena);
    CHECK_INT(stoa__mem_allocations(), pieces);
}

static void helpers_fill_their_pieces(void)
{
    stoa__arena arena = {0};
    char *zero = stoa__arena_alloc_zero(&arena, 10, 10);

    for (int i = 0; i < 100; i++)
        CHECK_INT(zero[i], 0);
    CHECK_TEXT(stoa__arena_copy_text(&arena, "abcdef", 3), "abc");
    CHECK_TEXT(stoa__arena_copy_text(&arena, NULL, 0), "");
    stoa__arena_release(&arena);
}

static void failures_leave_the_arena_usable(void)
{
    stoa__arena arena = {0};

    CHECK(!stoa__arena_alloc(&arena, SIZE_MAX));
    CHECK(!stoa__arena_alloc(&arena, SIZE_MAX - 20));
    CHECK(!stoa__arena_alloc_zero(&arena, SIZE_MAX / 2, 3));
    CHECK(!stoa__arena_copy_text(&arena, "x", SIZE_MAX));
    stoa__mem_fail_nth = 0;
    CHECK(!stoa__arena_alloc(&arena, 10));
    stoa__mem_fail_nth = 0;
    CHECK(!stoa__arena_alloc_zero(&arena, 10, 10));
    stoa__mem_fail_nth = 0;
    CHECK(!stoa__arena_copy_text(&arena, "x", 1));
    stoa__mem_fail_nth = 0;
    CHECK(!stoa__arena_alloc(&arena, 1000000));
    stoa__mem_fail_nth = -1;
    CHECK_TEXT(stoa__arena_copy_text(&arena, "x", 1), "x");
    stoa__arena_release(&arena);
}

TEST_MAIN({"pieces are aligned and apart", pieces_are_aligned_and_apart},
          {"a large piece leaves the block in use",
           a_large_piece_leaves_the_block_in_use},
          {"release gives everything back", release_gives_everything_back},
          {"reset keeps at most one block", reset_keeps_at_most_one_block},
          {"helpers fill their pieces", helpers_fill_their_pieces},
          {"failures leave the arena usable", failures_leave_the_arena_usable})
