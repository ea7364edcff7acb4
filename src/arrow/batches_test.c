/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow_samples.h"
#include "base/mem.h"

#include <string.h>

/* A schema and three batches of sample `index`, to be taken. */
static void make_parts(int index, struct ArrowSchema *schema, struct ArrowArray batches[3])
{
    for (int i = 0; i < 3; i++) {
        struct sample sample = sample_make(index);

        batches[i] = *sample.array;
        free(sample.array);
        if (i < 2) {
            make_free_schema(sample.schema);
            continue;
        }
        *schema = *sample.schema;
        free(sample.schema);
    }
}

static void release_parts(struct ArrowSchema *schema, struct ArrowArray batches[3])
{
    stoa_schema_release(schema);
    for (int i = 0; i < 3; i++)
        stoa_batch_release(&batches[i]);
}

static void batches_come_out_as_they_went_in(void)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema, again;
    struct ArrowArray batches[3], batch;

    make_parts(2, &schema, batches);
    CHECK_INT(stoa_stream_from_batches(&schema, batches, 3, &stream, NULL), STOA_OK);
    CHECK(schema.release == NULL);
    for (int i = 0; i < 3; i++)
        CHECK(batches[i].release == NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(stoa_stream_schema(&stream, &again, NULL), STOA_OK);
        CHECK_INT(stoa_stream_next(&stream, &batch, NULL), STOA_OK);
        CHECK_INT(stoa_arrow_check(&again, &batch, STOA_CHECK_FULL, NULL), STOA_OK);
        stoa_schema_release(&again);
        stoa_batch_release(&batch);
    }
    CHECK_INT(stoa_stream_next(&stream, &batch, NULL), STOA_DONE);
    CHECK_INT(stoa_stream_next(&stream, &batch, NULL), STOA_DONE);
    stoa_stream_release(&stream);
    CHECK_INT(make_alive, 0);
}

static void what_was_not_read_is_released(void)
{
    const int64_t before = stoa__mem_bytes();
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batches[3], batch;

    make_parts(2, &schema, batches);
    CHECK_INT(stoa_stream_from_batches(&schema, batches, 3, &stream, NULL), STOA_OK);
    CHECK_INT(stoa_stream_next(&stream, &batch, NULL), STOA_OK);
    stoa_stream_release(&stream);
    CHECK_INT(batch.length, SAMPLE_ROWS - 1); /* Outlives its stream. */
    stoa_batch_release(&batch);
    CHECK_INT(make_alive, 0);
    CHECK_INT(stoa__mem_bytes(), before);
}

static void no_batches_are_a_stream_too(void)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batches[3], batch;

    make_parts(0, &schema, batches);
    CHECK_INT(stoa_stream_from_batches(&schema, NULL, 0, &stream, NULL), STOA_OK);
    CHECK_INT(stoa_stream_next(&stream, &batch, NULL), STOA_DONE);
    stoa_stream_release(&stream);
    release_parts(&schema, batches);
    CHECK_INT(make_alive, 0);
}

static void check_refused(struct ArrowSchema *schema, struct ArrowArray *batches,
                          int64_t count, stoa_status code, const char *text)
{
    const bool had_schema = schema && schema->release;
    struct ArrowArrayStream stream;
    stoa_error err;

    memset(&stream, 0xff, sizeof(stream));
    CHECK_INT(stoa_stream_from_batches(schema, batches, count, &stream, &err), code);
    CHECK_HAS(err.text, text);
    CHECK(stream.release == NULL);
    CHECK_INT(schema && schema->release, had_schema);
}

static void nothing_is_taken_unless_all_is(void)
{
    struct ArrowSchema schema, released = {0}, *flat = make_schema("l", "");
    struct ArrowArray batches[3];

    make_parts(2, &schema, batches);
    check_refused(&schema, batches, -1, STOA_ERR_INVALID, "-1 batches");
    check_refused(&schema, NULL, 1, STOA_ERR_INVALID, "1 batches at NULL");
    check_refused(NULL, batches, 3, STOA_ERR_INVALID, "schema is NULL");
    check_refused(&released, batches, 3, STOA_ERR_INVALID, "schema is released");
    check_refused(flat, batches, 3, STOA_ERR_TYPE, "format 'l'");
    batches[1].children[0]->length = 1;
    check_refused(&schema, batches, 3, STOA_ERR_INVALID, "batch 1: column 'c'");
    for (int i = 0; i < 3; i++)
        CHECK(batches[i].release != NULL);
    CHECK_INT(stoa_stream_from_batches(&schema, batches, 3, NULL, NULL), STOA_ERR_INVALID);
    release_parts(&schema, batches);
    make_free_schema(flat);
    CHECK_INT(make_alive, 0);
}

static void making_it_survives_every_allocation_failure(void)
{
    const int64_t before = stoa__mem_bytes();
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batches[3];

    make_parts(2, &schema, batches);
    for (int nth = 0;; nth++) {
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_stream_from_batches(&schema, batches, 3, &stream, NULL);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth >= 4);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(stream.release == NULL && schema.release && batches[2].release);
        CHECK_INT(stoa__mem_bytes(), before);
    }
    stoa_stream_release(&stream);
    CHECK_INT(make_alive, 0);
}

TEST_MAIN({"batches come out as they went in", batches_come_out_as_they_went_in},
          {"what was not read is released", what_was_not_read_is_released},
          {"no batches are a stream, too", no_batches_are_a_stream_too},
          {"nothing is taken unless all is", nothing_is_taken_unless_all_is},
          {"making it survives every allocation failure",
           making_it_survives_every_allocation_failure})
