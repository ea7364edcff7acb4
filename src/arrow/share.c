/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that share one content. Every clone is one block: a tree of nodes that mirrors the
 * source's, pointing at the source's buffers. A consumer may move any node out of a clone and
 * release it on another thread, so a block lives until the last of its nodes is released, and the
 * source until the last block is gone:
 *
 *   clone: block (open nodes) --+
 *                               +--> struct content (blocks) --> the source
 *   clone: block (open nodes) --+
 */
#include "arrow/array.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/live.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/ban.h"

struct content {
    _Atomic int64_t block_count;
    struct ArrowArray source;
};

struct block {
    _Atomic int64_t node_count; /* Not yet released. */
    struct content *content;
};

static void content_unref(struct content *content)
{
    if (atomic_fetch_sub(&content->block_count, 1) != 1)
        return;
    stoa__array_release(&content->source);
    stoa__free(content);
}

static void block_unref(struct block *block)
{
    if (atomic_fetch_sub(&block->node_count, 1) != 1)
        return;
    content_unref(block->content);
    stoa__free(block);
    stoa__live_add(STOA_LIVE_ARRAY, -1);
}

static void release_shared(struct ArrowArray *array)
{
    struct block *block = array->private_data;

    assert(array->release == release_shared);
    for (int64_t i = 0; i < array->n_children; i++)
        stoa__array_release(array->children[i]);
    stoa__array_release(array->dictionary);
    memset(array, 0, sizeof(*array));
    block_unref(block);
}

/* What a tree of arrays needs in a block. */
struct measure {
    size_t node_count, pointer_count;
};

static stoa_status measure_tree(const struct ArrowArray *array, int32_t depth,
                                struct measure *measure, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (!array || !array->release)
        return stoa__fail(err, STOA_ERR_INVALID, "the batch or a part of it is %s",
                          array ? "released" : "NULL");
    if (depth > STOA__DEPTH_MAX || measure->node_count >= STOA__ARROW_NODE_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the batch is nested deeper than %d or has more than %d parts",
                          (int)STOA__DEPTH_MAX, (int)STOA__ARROW_NODE_COUNT_MAX);
    if (array->n_children < 0 || array->n_children > STOA__COLUMN_COUNT_MAX ||
        (array->n_children > 0 && !array->children))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the batch has %lld children, or a list of children that is NULL",
                          (long long)array->n_children);
    measure->node_count++;
    measure->pointer_count += (size_t)array->n_children;
    for (int64_t i = 0; rc == STOA_OK && i < array->n_children; i++)
        rc = measure_tree(array->children[i], depth + 1, measure, err);
    if (rc == STOA_OK && array->dictionary)
        rc = measure_tree(array->dictionary, depth + 1, measure, err);
    return rc;
}

/* Where the next node and the next pointer of a block go. */
struct place {
    struct block *block;
    struct ArrowArray *node;
    struct ArrowArray **pointer;
};

static void mirror(struct place *place, const struct ArrowArray *from,
                   struct ArrowArray *to)
{
    struct ArrowArray **children = place->pointer;

    *to = *from;
    to->private_data = place->block;
    to->release = release_shared;
    to->children = from->n_children > 0 ? children : NULL;
    place->pointer += from->n_children;
    for (int64_t i = 0; i < from->n_children; i++) {
        children[i] = place->node++;
        mirror(place, from->children[i], children[i]);
    }
    if (from->dictionary) {
        to->dictionary = place->node++;
        mirror(place, from->dictionary, to->dictionary);
    }
}

/* A block that mirrors `from`, whose buffers `content` keeps. Holds a reference on success. */
static stoa_status block_new(struct content *content, const struct ArrowArray *from,
                             struct ArrowArray *out, stoa_error *err)
{
    struct measure measure = {0, 0};
    struct place place;
    stoa_status rc = measure_tree(from, 0, &measure, err);

    if (rc != STOA_OK)
        return rc;
    place.block = stoa__alloc(sizeof(*place.block) +
                              measure.node_count * sizeof(struct ArrowArray) +
                              measure.pointer_count * sizeof(struct ArrowArray *));
    if (!place.block)
        return stoa__fail_nomem(err);
    place.node = (void *)(place.block + 1);
    place.pointer = (void *)(place.node + measure.node_count);
    atomic_init(&place.block->node_count, (int64_t)measure.node_count);
    place.block->content = content;
    atomic_fetch_add(&content->block_count, 1);
    mirror(&place, from, out); /* The root is `out` itself; its place stays unused. */
    stoa__live_add(STOA_LIVE_ARRAY, 1);
    return STOA_OK;
}

static struct content *content_of(const struct ArrowArray *shared)
{
    return ((const struct block *)shared->private_data)->content;
}

stoa_status stoa__array_share(struct ArrowArray *source, struct ArrowArray *out,
                              stoa_error *err)
{
    struct content *content;
    stoa_status rc;

    assert(source && out && source != out);
    memset(out, 0, sizeof(*out));
    if (source->release == release_shared) {
        *out = *source;
        memset(source, 0, sizeof(*source));
        return STOA_OK;
    }
    content = stoa__alloc_zero(1, sizeof(*content));
    if (!content)
        return stoa__fail_nomem(err);
    rc = block_new(content, source, out, err);
    if (rc != STOA_OK) {
        stoa__free(content);
        return rc;
    }
    content->source = *source;
    memset(source, 0, sizeof(*source));
    stoa__array_uncount(&content->source);
    return STOA_OK;
}

stoa_status stoa__array_clone(const struct ArrowArray *shared, struct ArrowArray *out,
                              stoa_error *err)
{
    assert(shared && shared->release == release_shared && out && out != shared);
    memset(out, 0, sizeof(*out));
    return block_new(content_of(shared), shared, out, err);
}

static stoa_status check_window(const struct ArrowArray *array, int64_t row,
                                int64_t row_count, stoa_error *err)
{
    int64_t end;

    if (array->length < 0 || array->offset < 0 ||
        array->length > STOA__ARROW_ROW_COUNT_MAX - array->offset)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the batch has an impossible length %lld or offset %lld",
                          (long long)array->length, (long long)array->offset);
    if (row < 0 || row_count < 0 || __builtin_add_overflow(row, row_count, &end) ||
        end > array->length)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "row %lld and %lld rows from there are outside a batch of "
                          "%lld rows",
                          (long long)row, (long long)row_count,
                          (long long)array->length);
    return STOA_OK;
}

/* Of all rows NULL is none, or the count is found anew by whoever wants to know. */
static void narrow_node(struct ArrowArray *array, int64_t row, int64_t row_count)
{
    const bool null_type = array->n_buffers == 0 && array->n_children == 0;

    if (null_type)
        array->null_count = row_count;
    else if (array->null_count != 0 && row_count < array->length)
        array->null_count = -1;
    array->offset = row_count > 0 ? array->offset + row : 0; /* Arrow C++ wants it so. */
    array->length = row_count;
}

/*
 * Arrow C++ takes a struct for a record batch only if its own offset is 0 and its children are
 * as long as it is; so a struct's window is cut in its children. One with NULLs of its own is
 * no batch, and the bits of its bitmap could not be moved.
 */
static bool may_be_batch(const struct ArrowArray *array)
{
    return array->n_buffers == 1 && array->buffers && !array->buffers[0] &&
           array->n_children > 0 && !array->dictionary;
}

/*
 * Children shorter than the struct are for validation to find: they are left as they are. Without
 * a schema a struct of one child looks like a list of fixed size; but that has just as many items
 * as rows only where an item is a row.
 */
static bool children_fit(const struct ArrowArray *array)
{
    const int64_t end = array->offset + array->length;

    for (int64_t i = 0; i < array->n_children; i++) {
        const struct ArrowArray *child = array->children[i];

        if (child->length < end || (array->n_children == 1 && child->length > end) ||
            child->offset < 0 || child->length > STOA__ARROW_ROW_COUNT_MAX ||
            child->offset > STOA__ARROW_ROW_COUNT_MAX)
            return false;
    }
    return true;
}

static void narrow(struct ArrowArray *array, int64_t row, int64_t row_count)
{
    const int64_t first = array->offset + row;

    if (!may_be_batch(array) || !children_fit(array)) {
        narrow_node(array, row, row_count);
        return;
    }
    for (int64_t i = 0; i < array->n_children; i++)
        narrow_node(array->children[i], first, row_count);
    array->offset = 0;
    array->length = row_count;
}

stoa_status stoa__array_window(const struct ArrowArray *shared, int64_t row,
                               int64_t row_count, struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc;

    assert(shared && shared->release == release_shared && out && out != shared);
    memset(out, 0, sizeof(*out));
    rc = check_window(shared, row, row_count, err);
    if (rc == STOA_OK)
        rc = stoa__array_clone(shared, out, err);
    if (rc == STOA_OK)
        narrow(out, row, row_count);
    return rc;
}

stoa_status stoa_batch_slice(struct ArrowArray *batch, int64_t row, int64_t row_count,
                             struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    if (out == batch)
        return stoa__fail(err, STOA_ERR_INVALID, "out is the batch itself");
    memset(out, 0, sizeof(*out));
    if (!batch || !batch->release)
        return stoa__fail(err, STOA_ERR_INVALID, "the batch is %s",
                          batch ? "released" : "NULL");
    rc = check_window(batch, row, row_count, err);
    if (rc == STOA_OK)
        rc = stoa__array_share(batch, out, err);
    if (rc == STOA_OK)
        narrow(out, row, row_count);
    return rc;
}
