/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/array.h"
#include "arrow/cell.h"

#include "arrow_samples.h"
#include "base/limits.h"
#include "base/mem.h"

#include <pthread.h>

static int64_t live(void)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(STOA_LIVE_ARRAY, &count, NULL), STOA_OK);
    return count;
}

/* The array of a sample, to be taken; its schema is released. */
static struct ArrowArray foreign(int index)
{
    struct sample sample = sample_make(index);
    struct ArrowArray array = *sample.array;

    free(sample.array);
    make_free_schema(sample.schema);
    return array;
}

static bool good(int index, const struct ArrowArray *array)
{
    struct sample sample = sample_make(index);
    stoa_status rc = stoa_arrow_check(sample.schema, array, STOA_CHECK_FULL, NULL);

    sample_free(&sample);
    return rc == STOA_OK;
}

static void a_shared_array_lives_until_its_last_clone(void)
{
    const int64_t before = stoa__mem_bytes();

    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct ArrowArray source = foreign(i), shared, clone, window;

        CHECK_INT(stoa__array_share(&source, &shared, NULL), STOA_OK);
        CHECK(source.release == NULL);
        CHECK_INT(stoa__array_clone(&shared, &clone, NULL), STOA_OK);
        CHECK_INT(stoa__array_window(&clone, 1, 3, &window, NULL), STOA_OK);
        CHECK_INT(live(), 3);
        stoa__array_release(&shared);
        stoa__array_release(&clone);
        CHECK(make_alive > 0);
        CHECK_INT(window.length, 3);
        CHECK_INT(window.offset, 0); /* Cut in its children. */
        CHECK_INT(window.children[0]->length, 3);
        CHECK_INT(window.children[0]->offset, SAMPLE_OFFSET + 2);
        CHECK(good(i, &window));
        stoa__array_release(&window);
        CHECK_INT(make_alive, 0);
    }
    CHECK_INT(live(), 0);
    CHECK_INT(stoa__mem_bytes(), before);
}

static void any_node_may_be_moved_out_of_a_clone(void)
{
    const int64_t before = stoa__mem_bytes();
    struct ArrowArray source = foreign(SAMPLE_PLAIN_COUNT + 6), shared, entries, again;

    CHECK_INT(stoa__array_share(&source, &shared, NULL), STOA_OK);
    entries = *shared.children[0]->children[0];
    shared.children[0]->children[0]->release = NULL;
    stoa__array_release(&shared);
    CHECK(make_alive > 0);
    CHECK_INT(entries.n_children, 2);
    CHECK_INT(stoa__array_clone(&entries, &again, NULL), STOA_OK);
    stoa__array_release(&entries);
    CHECK_INT(again.children[0]->length, SAMPLE_ROWS);
    stoa__array_release(&again);
    CHECK_INT(make_alive, 0);
    CHECK_INT(stoa__mem_bytes(), before);
}

static void a_clone_with_a_part_moved_out_cannot_be_cloned(void)
{
    struct ArrowArray source = foreign(0), shared, moved, clone;
    stoa_error err;

    CHECK_INT(stoa__array_share(&source, &shared, NULL), STOA_OK);
    moved = *shared.children[0];
    shared.children[0]->release = NULL;
    CHECK_INT(stoa__array_clone(&shared, &clone, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "released");
    CHECK(clone.release == NULL);
    stoa__array_release(&shared);
    stoa__array_release(&moved);
    CHECK_INT(make_alive, 0);
}

static void slices_of_slices_add_no_layers(void)
{
    struct ArrowArray batch = foreign(2), slice;
    int64_t bytes;

    CHECK_INT(stoa_batch_slice(&batch, 0, 5, &slice, NULL), STOA_OK);
    bytes = stoa__mem_bytes();
    for (int i = 0; i < 100000; i++) { /* Would overflow the stack at release. */
        batch = slice;
        CHECK_INT(stoa_batch_slice(&batch, 0, 5, &slice, NULL), STOA_OK);
        CHECK(batch.release == NULL);
    }
    CHECK_INT(stoa__mem_bytes(), bytes);
    CHECK_INT(live(), 1);
    stoa_batch_release(&slice);
    CHECK_INT(make_alive, 0);
}

static void slice(struct ArrowArray *batch, int64_t row, int64_t count)
{
    struct ArrowArray out;

    CHECK_INT(stoa_batch_slice(batch, row, count, &out, NULL), STOA_OK);
    *batch = out;
}

static void a_slice_counts_its_nulls_anew(void)
{
    struct ArrowArray batch = foreign(2), nulls = foreign(0);

    CHECK_INT(batch.children[0]->null_count, 1);
    slice(&batch, 1, 2);
    CHECK_INT(batch.null_count, 0);
    CHECK_INT(batch.children[0]->null_count, -1);
    CHECK_INT(batch.children[0]->offset, SAMPLE_OFFSET + 2);
    batch.children[0]->null_count = 1;
    slice(&batch, 0, 2); /* All of it. */
    CHECK_INT(batch.children[0]->null_count, 1);
    batch.children[0]->null_count = 0;
    slice(&batch, 1, 1);
    CHECK_INT(batch.children[0]->null_count, 0);
    slice(&batch, 1, 0);
    CHECK_INT(batch.length, 0);
    CHECK_INT(batch.children[0]->length, 0);
    slice(&nulls, 2, 3);
    CHECK_INT(nulls.children[0]->null_count, 3);
    stoa_batch_release(&batch);
    stoa_batch_release(&nulls);
}

static void check_same_rows(const struct ArrowSchema *schema, const struct ArrowArray *a,
                            const struct ArrowArray *b)
{
    struct stoa__arrow_type *type = NULL;
    stoa__buffer left = {0}, right = {0};
    stoa__arena arena = {0};
    struct stoa__cell cell;

    CHECK_INT(stoa__arrow_type_parse(schema, &arena, &type, NULL), STOA_OK);
    CHECK_INT(a->length, b->length);
    for (int64_t row = 0; row < a->length; row++) {
        stoa__cell_at(type, a, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &left, NULL), STOA_OK);
        stoa__cell_at(type, b, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &right, NULL), STOA_OK);
    }
    CHECK_INT(stoa__buffer_terminate(&left), STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&right), STOA_OK);
    CHECK_TEXT((const char *)left.data, (const char *)right.data);
    stoa__buffer_release(&left);
    stoa__buffer_release(&right);
    stoa__arena_release(&arena);
}

static void what_is_no_batch_keeps_its_offset(void)
{
    struct sample sample = sample_column(2);
    struct ArrowArray batch = *sample.array, with_nulls = foreign(2);

    free(sample.array);
    make_free_schema(sample.schema);
    slice(&batch, 2, 3);
    CHECK_INT(batch.offset, SAMPLE_OFFSET + 2);
    CHECK_INT(batch.null_count, -1);
    stoa_batch_release(&batch);
    make_buffer(&with_nulls, 0, "\xff", 1);
    slice(&with_nulls, 2, 3);
    CHECK_INT(with_nulls.offset, 3);
    CHECK_INT(with_nulls.children[0]->offset, SAMPLE_OFFSET);
    stoa_batch_release(&with_nulls);
    with_nulls = foreign(2);
    with_nulls.children[0]->length = 2; /* Too short: no reason to hide it. */
    slice(&with_nulls, 2, 3);
    CHECK_INT(with_nulls.offset, 3);
    CHECK(!good(2, &with_nulls));
    stoa_batch_release(&with_nulls);
}

/* Of a column alone, of which nobody says what type it is. */
static void every_column_can_be_sliced(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++)
        for (int64_t row = 0; row <= SAMPLE_ROWS; row++) {
            struct sample sample = sample_column(i);
            struct ArrowArray column = *sample.array, copy;

            free(sample.array);
            if (column.n_buffers == 1 && column.n_children == 1) {
                column.buffers[0] = NULL; /* Looks like a batch of one column. */
                column.null_count = 0;
            }
            CHECK_INT(stoa_batch_copy(sample.schema, &column, &copy, NULL), STOA_OK);
            slice(&column, row, SAMPLE_ROWS - row);
            slice(&copy, row, SAMPLE_ROWS - row);
            CHECK_INT(stoa_arrow_check(sample.schema, &column, STOA_CHECK_FULL, NULL),
                      STOA_OK);
            check_same_rows(sample.schema, &column, &copy);
            stoa_batch_release(&column);
            stoa_batch_release(&copy);
            make_free_schema(sample.schema);
        }
}

static void check_refused(struct ArrowArray *batch, int64_t row, int64_t count,
                          const char *text)
{
    struct ArrowArray out;
    stoa_error err;

    memset(&out, 0xff, sizeof(out));
    CHECK_INT(stoa_batch_slice(batch, row, count, &out, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, text);
    CHECK(out.release == NULL && out.buffers == NULL);
}

static void slices_outside_the_batch_are_refused(void)
{
    struct ArrowArray batch = foreign(2), released = {0};

    check_refused(&batch, 0, 6, "row 0 and 6 rows from there are outside a batch of 5 rows");
    check_refused(&batch, 6, 0, "row 6");
    check_refused(&batch, -1, 1, "row -1");
    check_refused(&batch, 1, -1, "-1 rows");
    check_refused(&batch, INT64_MAX, INT64_MAX, "outside a batch");
    check_refused(&batch, 1, INT64_MAX, "outside a batch");
    check_refused(NULL, 0, 0, "the batch is NULL");
    check_refused(&released, 0, 0, "the batch is released");
    CHECK_INT(stoa_batch_slice(&batch, 0, 1, NULL, NULL), STOA_ERR_INVALID);
    CHECK_INT(stoa_batch_slice(&batch, 0, 1, &batch, NULL), STOA_ERR_INVALID);
    CHECK(batch.release != NULL); /* Untouched by all this. */
    stoa_batch_release(&batch);
}

static void broken_batches_are_not_taken(void)
{
    struct ArrowArray batch = foreign(SAMPLE_PLAIN_COUNT), *child = batch.children[0];
    struct ArrowArray **children = batch.children;
    void (*release)(struct ArrowArray *) = child->release;

    batch.length = -1;
    check_refused(&batch, 0, 0, "impossible length -1");
    batch.length = INT64_MAX;
    check_refused(&batch, 0, 0, "impossible length");
    batch.length = 5;
    batch.offset = -1;
    check_refused(&batch, 0, 0, "offset -1");
    batch.offset = INT64_MAX;
    check_refused(&batch, 0, 0, "offset 9223372036854775807");
    batch.offset = 1;
    batch.n_children = -1;
    check_refused(&batch, 0, 0, "-1 children");
    batch.n_children = STOA__COLUMN_COUNT_MAX + 1;
    check_refused(&batch, 0, 0, "32768 children");
    batch.n_children = 1;
    batch.children = NULL;
    check_refused(&batch, 0, 0, "NULL");
    batch.children = children;
    children[0] = NULL;
    check_refused(&batch, 0, 0, "is NULL");
    children[0] = child;
    child->release = NULL;
    check_refused(&batch, 0, 0, "is released");
    child->release = release;
    batch.dictionary = &batch; /* A circle. */
    check_refused(&batch, 0, 0, "deeper than 64");
    batch.dictionary = NULL;
    stoa_batch_release(&batch);
    CHECK_INT(make_alive, 0);
}

static void slicing_survives_every_allocation_failure(void)
{
    struct ArrowArray batch = foreign(SAMPLE_PLAIN_COUNT), slice;
    const int64_t before = stoa__mem_bytes();

    for (int nth = 0;; nth++) {
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_batch_slice(&batch, 1, 2, &slice, NULL);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK_INT(nth, 2);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(slice.release == NULL && batch.release != NULL);
        CHECK_INT(stoa__mem_bytes(), before);
    }
    stoa_batch_release(&slice);
}

static void *release_all(void *argument)
{
    struct ArrowArray *arrays = argument;

    for (int i = 0; i < 500; i++)
        stoa_batch_release(&arrays[i]);
    return NULL;
}

/* Clones, and nodes moved out of them, end on several threads at once. */
static void clones_may_be_released_on_any_thread(void)
{
    static struct ArrowArray arrays[4][500];
    struct ArrowArray source = foreign(SAMPLE_PLAIN_COUNT + 6), shared;
    pthread_t threads[4];

    CHECK_INT(stoa__array_share(&source, &shared, NULL), STOA_OK);
    for (int i = 0; i < 500; i++) {
        for (int t = 0; t < 3; t++)
            CHECK_INT(stoa__array_window(&shared, i % 5, 1, &arrays[t][i], NULL), STOA_OK);
        arrays[3][i] = *arrays[0][i].children[0];
        arrays[0][i].children[0]->release = NULL;
    }
    stoa_batch_release(&shared);
    for (int t = 0; t < 4; t++)
        CHECK_INT(pthread_create(&threads[t], NULL, release_all, arrays[t]), 0);
    for (int t = 0; t < 4; t++)
        CHECK_INT(pthread_join(threads[t], NULL), 0);
    CHECK_INT(make_alive, 0);
    CHECK_INT(live(), 0);
}

TEST_MAIN({"a shared array lives until its last clone",
           a_shared_array_lives_until_its_last_clone},
          {"any node may be moved out of a clone", any_node_may_be_moved_out_of_a_clone},
          {"a clone with a part moved out cannot be cloned",
           a_clone_with_a_part_moved_out_cannot_be_cloned},
          {"slices of slices add no layers", slices_of_slices_add_no_layers},
          {"a slice counts its NULLs anew", a_slice_counts_its_nulls_anew},
          {"what is no batch keeps its offset", what_is_no_batch_keeps_its_offset},
          {"every column can be sliced", every_column_can_be_sliced},
          {"slices outside the batch are refused", slices_outside_the_batch_are_refused},
          {"broken batches are not taken", broken_batches_are_not_taken},
          {"slicing survives every allocation failure",
           slicing_survives_every_allocation_failure},
          {"clones may be released on any thread", clones_may_be_released_on_any_thread})
