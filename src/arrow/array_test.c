/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/array.h"

#include "arrow_samples.h"
#include "base/mem.h"

static int64_t live(void)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(STOA_LIVE_ARRAY, &count, NULL), STOA_OK);
    return count;
}

static void a_node_releases_all_it_holds(void)
{
    const int64_t before = stoa__mem_bytes();
    struct ArrowArray root = {0};

    CHECK_INT(stoa__array_init(&root, 1, 2, NULL), STOA_OK);
    CHECK_INT(root.n_buffers, 1);
    CHECK_INT(root.n_children, 2);
    CHECK(root.buffers[0] == NULL && root.children[1]->release == NULL);
    CHECK_INT(stoa__array_init(root.children[0], 2, 0, NULL), STOA_OK);
    stoa__array_set_buffer(root.children[0], 1, stoa__alloc_aligned(100));
    stoa__array_set_buffer(root.children[0], 1, stoa__alloc(10)); /* In its place. */
    CHECK_INT(stoa__array_add_dictionary(root.children[0], NULL), STOA_OK);
    CHECK_INT(stoa__array_init(root.children[0]->dictionary, 3, 0, NULL), STOA_OK);
    CHECK_INT(live(), 1); /* Parts do not count. */
    stoa__array_release(&root); /* The second child was never made. */
    CHECK(root.release == NULL);
    stoa_batch_release(&root);
    stoa_batch_release(NULL);
    CHECK_INT(live(), 0);
    CHECK_INT(stoa__mem_bytes(), before);
}

static void an_adopted_array_is_part_of_another(void)
{
    struct ArrowArray root = {0}, part = {0};

    CHECK_INT(stoa__array_init(&root, 0, 1, NULL), STOA_OK);
    CHECK_INT(stoa__array_init(&part, 1, 0, NULL), STOA_OK);
    CHECK_INT(live(), 2);
    stoa__array_adopt(root.children[0], &part);
    CHECK(part.release == NULL);
    CHECK_INT(live(), 1);
    stoa__array_release(&root);
    CHECK_INT(live(), 0);
}

static void a_child_moved_out_lives_on(void)
{
    const int64_t before = stoa__mem_bytes();
    struct ArrowArray root = {0}, moved;

    CHECK_INT(stoa__array_init(&root, 0, 1, NULL), STOA_OK);
    CHECK_INT(stoa__array_init(root.children[0], 1, 0, NULL), STOA_OK);
    stoa__array_set_buffer(root.children[0], 0, stoa__copy_text("kept", 4));
    moved = *root.children[0];
    root.children[0]->release = NULL;
    stoa__array_release(&root);
    CHECK_TEXT(moved.buffers[0], "kept");
    stoa__array_release(&moved);
    CHECK_INT(stoa__mem_bytes(), before);
}

static void making_nodes_survives_allocation_failures(void)
{
    struct ArrowArray array = {0};

    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__array_init(&array, 1, 1, NULL), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK(array.release == NULL && array.buffers == NULL);
    CHECK_INT(stoa__array_init(&array, 1, 1, NULL), STOA_OK);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__array_add_dictionary(&array, NULL), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK(array.dictionary == NULL);
    stoa__array_release(&array);
    CHECK_INT(live(), 0);
}

TEST_MAIN({"a node releases all it holds", a_node_releases_all_it_holds},
          {"an adopted array is part of another", an_adopted_array_is_part_of_another},
          {"a child moved out lives on", a_child_moved_out_lives_on},
          {"making nodes survives allocation failures",
           making_nodes_survives_allocation_failures})
