/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/array.h"
#include "arrow/cell.h"
#include "arrow_samples.h"
#include "base/mem.h"

static void parse(const struct ArrowSchema *schema, stoa__arena *arena,
                  struct stoa__arrow_type **type)
{
    CHECK_INT(stoa__arrow_type_parse(schema, arena, type, NULL), STOA_OK);
}

/* All rows as JSON, to be freed. */
static char *text_of(const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa__buffer text = {0};
    struct stoa__cell cell;
    char *copy;

    parse(schema, &arena, &type);
    for (int64_t row = 0; row < array->length; row++) {
        stoa__cell_at(type, array, row, &cell);
        CHECK_INT(stoa__cell_json(&cell, &text, NULL), STOA_OK);
        CHECK_INT(stoa__buffer_append_byte(&text, '\n'), STOA_OK);
    }
    CHECK_INT(stoa__buffer_terminate(&text), STOA_OK);
    copy = strdup((const char *)text.data);
    stoa__buffer_release(&text);
    stoa__arena_release(&arena);
    return copy;
}

/* Copies of ours begin at their first row. */
static void check_compact(const struct ArrowArray *array)
{
    CHECK_INT(array->offset, 0);
    for (int64_t i = 0; i < array->n_children; i++)
        check_compact(array->children[i]);
    if (array->dictionary)
        check_compact(array->dictionary);
}

static void every_type_is_copied(void)
{
    const int64_t before = stoa__mem_bytes();

    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i), again = sample_make(i);
        struct ArrowArray copy;
        char *got, *right;

        CHECK_INT(stoa_batch_copy(sample.schema, sample.array, &copy, NULL), STOA_OK);
        right = text_of(sample.schema, sample.array);
        sample_free(&sample);
        check_compact(&copy);
        CHECK_INT(copy.length, SAMPLE_ROWS - 1);
        CHECK_INT(stoa_arrow_check(again.schema, &copy, STOA_CHECK_FULL, NULL), STOA_OK);
        got = text_of(again.schema, &copy);
        CHECK_TEXT(got, right);
        stoa_batch_release(&copy);
        sample_free(&again);
        free(got);
        free(right);
    }
    CHECK_INT(stoa__mem_bytes(), before);
}

/* Every window of every type, so that bitmaps are shifted by all there is. */
static void every_window_is_copied(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++)
        for (int64_t row = 0; row < SAMPLE_ROWS; row++)
            for (int64_t count = 0; row + count <= SAMPLE_ROWS; count++) {
                struct sample sample = sample_make(i);
                struct ArrowArray copy;
                char *got, *right;

                sample.array->offset = row;
                sample.array->length = count;
                CHECK_INT(stoa_batch_copy(sample.schema, sample.array, &copy, NULL),
                          STOA_OK);
                CHECK_INT(
                    stoa_arrow_check(sample.schema, &copy, STOA_CHECK_FULL, NULL),
                    STOA_OK);
                right = text_of(sample.schema, sample.array);
                got = text_of(sample.schema, &copy);
                CHECK_TEXT(got, right);
                stoa_batch_release(&copy);
                sample_free(&sample);
                free(got);
                free(right);
            }
}

static void bitmaps_are_shifted_and_counted(void)
{
    const uint8_t bits[] = {0x00, 0xf0, 0xaa, 0x55, 0xff};
    struct ArrowSchema *schema = make_schema("b", "");

    for (int64_t offset = 0; offset < 40; offset++)
        for (int64_t length = 0; offset + length <= 40; length++) {
            struct ArrowArray *array = make_array(length, -1, offset, 2), copy;
            int64_t nulls = 0;

            make_buffer(array, 0, bits, 5);
            make_buffer(array, 1, bits, 5);
            CHECK_INT(stoa_batch_copy(schema, array, &copy, NULL), STOA_OK);
            for (int64_t i = 0; i < length; i++) {
                const int64_t at = offset + i;
                const int right = bits[at / 8] >> (at % 8) & 1;

                CHECK_INT(((const uint8_t *)copy.buffers[1])[i / 8] >> (i % 8) & 1, right);
                nulls += !right;
            }
            CHECK_INT(copy.null_count, nulls);
            CHECK_INT(copy.buffers[0] != NULL, nulls > 0);
            stoa_batch_release(&copy);
            make_free_array(array);
        }
    make_free_schema(schema);
}

static void only_the_used_span_is_copied(void)
{
    struct sample sample = sample_make(2);
    struct ArrowArray copy;
    const int32_t *offsets;

    CHECK_INT(stoa_batch_copy(sample.schema, sample.array, &copy, NULL), STOA_OK);
    offsets = copy.children[0]->buffers[1];
    CHECK_INT(offsets[0], 0);
    CHECK_INT(offsets[1], 4); /* "null" */
    CHECK(memcmp(copy.children[0]->buffers[2], "nulltwo \xc3\xa9", 10) == 0);
    stoa_batch_release(&copy);
    sample_free(&sample);
}

static void run_ends_are_cut_to_the_window(void)
{
    struct sample sample = sample_make(SAMPLE_PLAIN_COUNT + 10);
    struct ArrowArray copy;
    const int32_t *ends;

    CHECK_INT(stoa_batch_copy(sample.schema, sample.array, &copy, NULL), STOA_OK);
    CHECK_INT(copy.children[0]->children[0]->length, 2); /* Of rows 4 to 8. */
    ends = copy.children[0]->children[0]->buffers[1];
    CHECK_INT(ends[0], 1);
    CHECK_INT(ends[1], 5);
    stoa_batch_release(&copy);
    sample_free(&sample);
}

/* One long text seen from many rows must not be multiplied. */
static void shared_view_texts_are_copied_whole(void)
{
    enum { ROWS = 100, SIZE = 64 };
    struct ArrowSchema *schema = make_schema("vz", "");
    struct ArrowArray *array = make_array(ROWS, 0, 0, 4), copy;
    int32_t *views = make_buffer(array, 1, NULL, ROWS * 16);
    const int64_t size = SIZE;

    make_buffer(array, 2, NULL, SIZE);
    make_buffer(array, 3, &size, 8);
    for (int row = 0; row < ROWS; row++) {
        views[row * 4] = SIZE - 20;
        views[row * 4 + 3] = row % 20;
    }
    CHECK_INT(stoa_batch_copy(schema, array, &copy, NULL), STOA_OK);
    CHECK_INT(copy.n_buffers, 4);
    CHECK_INT(*(const int64_t *)copy.buffers[3], SIZE);
    CHECK_INT(stoa_arrow_check(schema, &copy, STOA_CHECK_FULL, NULL), STOA_OK);
    stoa_batch_release(&copy);
    array->length = 1;
    CHECK_INT(stoa_batch_copy(schema, array, &copy, NULL), STOA_OK);
    CHECK_INT(*(const int64_t *)copy.buffers[3], SIZE - 20); /* Packed. */
    stoa_batch_release(&copy);
    make_free_array(array);
    make_free_schema(schema);
}

static void check_refused(struct sample *sample, const char *text)
{
    struct ArrowArray copy;
    stoa_error err;

    CHECK_INT(stoa_arrow_check(sample->schema, sample->array, STOA_CHECK_SHAPE, NULL),
              STOA_OK);
    CHECK_INT(stoa_batch_copy(sample->schema, sample->array, &copy, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, text);
    CHECK(copy.release == NULL);
    sample_free(sample);
}

static void *piece(const struct sample *sample, int index)
{
    return ((struct make_array *)sample->array->children[0]->private_data)->pieces[index];
}

static void what_the_shape_hides_is_checked_before_it_is_followed(void)
{
    struct sample sample = sample_make(2);

    ((int32_t *)piece(&sample, 1))[6] = 1 << 20;
    check_refused(&sample, "column 'c': row 2 has an offset outside");
    sample = sample_make(4);
    ((int64_t *)piece(&sample, 1))[6] = INT64_MIN;
    check_refused(&sample, "column 'c': row 2 has an offset outside");
    sample = sample_make(6);
    ((int32_t *)piece(&sample, 1))[6 * 4 + 2] = 2;
    check_refused(&sample, "row 2 has 33 bytes at 0, outside data buffer 2 of 2");
    sample = sample_make(SAMPLE_PLAIN_COUNT + 2);
    ((int32_t *)piece(&sample, 2))[5] = 100;
    check_refused(&sample, "row 1 has 100 items at 2, outside a child of 6 rows");
    sample = sample_make(SAMPLE_PLAIN_COUNT + 7);
    ((int8_t *)piece(&sample, 0))[5] = 3;
    check_refused(&sample, "row 1 has the unknown type id 3");
    sample = sample_make(SAMPLE_PLAIN_COUNT + 7);
    ((int32_t *)piece(&sample, 1))[5] = -1;
    check_refused(&sample, "row 1 is row -1 of a child");
    sample = sample_make(SAMPLE_PLAIN_COUNT + 7);
    ((int32_t *)piece(&sample, 1))[5] = 10;
    check_refused(&sample, "outside child 1 of 10 rows");
    sample = sample_make(SAMPLE_PLAIN_COUNT + 10);
    ((int32_t *)((struct make_array *)sample.array->children[0]->children[0]->private_data)
         ->pieces[1])[3] = 1;
    check_refused(&sample, "run 2 ends at 1, not behind 4");
}

static void misuse_is_answered(void)
{
    struct sample sample = sample_make(0);
    struct ArrowArray copy;
    stoa_error err;

    CHECK_INT(stoa_batch_copy(sample.schema, sample.array, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_batch_copy(sample.schema, NULL, &copy, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "batch: the array is NULL");
    CHECK_INT(stoa_batch_copy(NULL, sample.array, &copy, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_batch_copy(sample.schema, sample.array, sample.array, &err),
              STOA_ERR_INVALID);
    sample.array->children[0]->length = 1;
    CHECK_INT(stoa_batch_copy(sample.schema, sample.array, &copy, NULL), STOA_ERR_INVALID);
    CHECK(copy.release == NULL);
    sample_free(&sample);
}

static void copying_survives_every_allocation_failure(void)
{
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i);
        const int64_t before = stoa__mem_bytes();
        struct ArrowArray copy;
        int64_t live = -1;

        for (int nth = 0;; nth++) {
            stoa_status rc;

            stoa__mem_fail_nth = nth;
            rc = stoa_batch_copy(sample.schema, sample.array, &copy, NULL);
            stoa__mem_fail_nth = -1;
            if (rc == STOA_OK) {
                CHECK(nth >= 3);
                break;
            }
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK(copy.release == NULL);
            CHECK_INT(stoa__mem_bytes(), before);
        }
        stoa_batch_release(&copy);
        CHECK_INT(stoa_live(STOA_LIVE_ARRAY, &live, NULL), STOA_OK);
        CHECK_INT(live, 0);
        sample_free(&sample);
    }
}

TEST_MAIN({"every type is copied", every_type_is_copied},
          {"every window is copied", every_window_is_copied},
          {"bitmaps are shifted and counted", bitmaps_are_shifted_and_counted},
          {"only the used span is copied", only_the_used_span_is_copied},
          {"run ends are cut to the window", run_ends_are_cut_to_the_window},
          {"shared view texts are copied whole", shared_view_texts_are_copied_whole},
          {"what the shape hides is checked before it is followed",
           what_the_shape_hides_is_checked_before_it_is_followed},
          {"misuse is answered", misuse_is_answered},
          {"copying survives every allocation failure",
           copying_survives_every_allocation_failure})
