/* SPDX-License-Identifier: Apache-2.0 */
/* Owned nodes. A node is one allocation besides its buffers, so that a consumer may move any node
 * out of its parent:
 *
 *   | struct node | buffer pointers | child pointers | child structs |
 */
#include "arrow/array.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/live.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

struct node {
    bool counted;         /* In STOA_LIVE_ARRAY. */
    int64_t buffer_count; /* Ours: a consumer may have written into the ArrowArray. */
    int64_t child_count;
};

/* What private_data of a child's place holds until the child is made: it is not a root. */
static const char inner_mark;

_Static_assert(sizeof(struct node) % sizeof(void *) == 0, "pointers follow the header");
_Static_assert(sizeof(struct ArrowArray) % sizeof(void *) == 0, "structs are in a row");

static const void **node_buffers(struct node *node)
{
    return (void *)(node + 1);
}

static struct ArrowArray **node_children(struct node *node)
{
    return (void *)(node_buffers(node) + node->buffer_count);
}

static void uncount(struct node *node)
{
    if (node->counted)
        stoa__live_add(STOA_LIVE_ARRAY, -1);
    node->counted = false;
}

static void release_node(struct ArrowArray *array)
{
    struct node *node = array->private_data;

    assert(array->release == release_node);
    for (int64_t i = 0; i < node->child_count; i++)
        stoa__array_release(node_children(node)[i]);
    if (array->dictionary)
        stoa__array_release(array->dictionary);
    stoa__free(array->dictionary);
    for (int64_t i = 0; i < node->buffer_count; i++)
        stoa__free((void *)(uintptr_t)node_buffers(node)[i]);
    uncount(node);
    stoa__free(node);
    memset(array, 0, sizeof(*array));
}

void stoa__array_release(struct ArrowArray *array)
{
    if (!array || !array->release)
        return;
    array->release(array);
    /* Others leave lengths and children behind, which must not be taken for rows. */
    memset(array, 0, sizeof(*array));
}

void stoa_batch_release(struct ArrowArray *batch)
{
    stoa__array_release(batch);
}

static void mark_inner(struct ArrowArray *array)
{
    array->private_data = (void *)(uintptr_t)&inner_mark;
}

static struct node *node_new(int64_t buffer_count, int64_t child_count)
{
    struct ArrowArray *structs;
    struct node *node =
        stoa__alloc_zero(1, sizeof(*node) + (size_t)buffer_count * sizeof(void *) +
                                (size_t)child_count * (sizeof(void *) + sizeof(*structs)));

    if (!node)
        return NULL;
    node->buffer_count = buffer_count;
    node->child_count = child_count;
    structs = (void *)(node_children(node) + child_count);
    for (int64_t i = 0; i < child_count; i++) {
        node_children(node)[i] = &structs[i];
        mark_inner(&structs[i]);
    }
    return node;
}

stoa_status stoa__array_init(struct ArrowArray *array, int64_t buffer_count,
                             int64_t child_count, stoa_error *err)
{
    const bool inner = array->private_data == &inner_mark;
    struct node *node;

    assert(buffer_count >= 0 && buffer_count <= STOA__ARROW_VIEW_BUFFER_COUNT_MAX + 3);
    assert(child_count >= 0 && child_count <= STOA__COLUMN_COUNT_MAX);
    assert(!array->release);
    memset(array, 0, sizeof(*array));
    node = node_new(buffer_count, child_count);
    if (!node)
        return stoa__fail_nomem(err);
    array->n_buffers = buffer_count;
    array->n_children = child_count;
    array->buffers = buffer_count > 0 ? node_buffers(node) : NULL;
    array->children = child_count > 0 ? node_children(node) : NULL;
    array->private_data = node;
    array->release = release_node;
    node->counted = !inner;
    if (node->counted)
        stoa__live_add(STOA_LIVE_ARRAY, 1);
    return STOA_OK;
}

void stoa__array_adopt(struct ArrowArray *slot, struct ArrowArray *array)
{
    assert(slot && !slot->release && array && array->release);
    *slot = *array;
    memset(array, 0, sizeof(*array));
    stoa__array_uncount(slot);
}

void stoa__array_uncount(struct ArrowArray *array)
{
    if (array->release == release_node)
        uncount(array->private_data);
}

stoa_status stoa__array_add_dictionary(struct ArrowArray *array, stoa_error *err)
{
    assert(array && array->release == release_node && !array->dictionary);
    array->dictionary = stoa__alloc_zero(1, sizeof(*array->dictionary));
    if (!array->dictionary)
        return stoa__fail_nomem(err);
    mark_inner(array->dictionary);
    return STOA_OK;
}

void stoa__array_set_buffer(struct ArrowArray *array, int64_t index, void *piece)
{
    struct node *node = array->private_data;

    assert(array->release == release_node && index >= 0 && index < node->buffer_count);
    stoa__free((void *)(uintptr_t)node_buffers(node)[index]);
    node_buffers(node)[index] = piece;
}
