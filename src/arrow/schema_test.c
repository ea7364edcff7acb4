/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/array.h"
#include "arrow_samples.h"
#include "base/mem.h"

/* Same strings, flags and structure. */
static void check_same(const struct ArrowSchema *got, const struct ArrowSchema *right)
{
    CHECK(got->release != NULL);
    CHECK_TEXT(got->format, right->format);
    CHECK_TEXT(got->name, right->name ? right->name : "");
    CHECK_INT(got->flags, right->flags);
    CHECK_INT(got->n_children, right->n_children);
    CHECK_INT(got->metadata != NULL, right->metadata != NULL);
    CHECK_INT(got->dictionary != NULL, right->dictionary != NULL);
    for (int64_t i = 0; i < got->n_children; i++)
        check_same(got->children[i], right->children[i]);
    if (got->dictionary)
        check_same(got->dictionary, right->dictionary);
}

static void a_copy_outlives_its_source(void)
{
    const int64_t before = stoa__mem_bytes();

    for (int i = 0; i < SAMPLE_COUNT; i++) {
        struct sample sample = sample_make(i), again = sample_make(i);
        struct ArrowSchema copy;

        CHECK_INT(stoa_schema_copy(sample.schema, &copy, NULL), STOA_OK);
        sample_free(&sample);
        check_same(&copy, again.schema);
        stoa_schema_release(&copy);
        CHECK(copy.release == NULL);
        stoa_schema_release(&copy); /* Twice is harmless. */
        sample_free(&again);
    }
    stoa_schema_release(NULL);
    CHECK_INT(stoa__mem_bytes(), before);
    CHECK_INT(make_alive, 0);
}

static void flags_and_metadata_are_copied(void)
{
    const char metadata[] = "\2\0\0\0\1\0\0\0k\1\0\0\0v\0\0\0\0\0\0\0\0";
    struct ArrowSchema *schema = sample_schema_coded("i", "u");
    struct ArrowSchema copy;

    make_metadata(schema, metadata, sizeof(metadata) - 1);
    schema->flags = ARROW_FLAG_DICTIONARY_ORDERED | ARROW_FLAG_MAP_KEYS_SORTED;
    CHECK_INT(stoa_schema_copy(schema, &copy, NULL), STOA_OK);
    check_same(&copy, schema);
    CHECK(memcmp(copy.metadata, metadata, sizeof(metadata) - 1) == 0);
    make_free_schema(schema);
    stoa_schema_release(&copy);
}

static void a_child_moved_out_of_a_copy_lives_on(void)
{
    struct ArrowSchema *schema = make_table(sample_schema_map());
    struct ArrowSchema copy, moved;

    CHECK_INT(stoa_schema_copy(schema, &copy, NULL), STOA_OK);
    moved = *copy.children[0];
    copy.children[0]->release = NULL;
    stoa_schema_release(&copy);
    check_same(&moved, schema->children[0]);
    stoa_schema_release(&moved);
    make_free_schema(schema);
}

static void misuse_is_answered(void)
{
    struct ArrowSchema *schema = make_schema("i", "c");
    struct ArrowSchema released = {0}, copy;
    stoa_error err;

    memset(&copy, 0xff, sizeof(copy));
    CHECK_INT(stoa_schema_copy(&released, &copy, &err), STOA_ERR_INVALID);
    CHECK(copy.release == NULL && copy.format == NULL);
    CHECK_INT(stoa_schema_copy(NULL, &copy, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_schema_copy(schema, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_schema_copy(schema, schema, &err), STOA_ERR_INVALID);
    CHECK(schema->release != NULL);
    schema->format = "?";
    CHECK_INT(stoa_schema_copy(schema, &copy, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa_schema_copy(schema, &copy, NULL), STOA_ERR_TYPE);
    make_free_schema(schema);
}

static void copying_survives_every_allocation_failure(void)
{
    struct ArrowSchema *schema = make_table(sample_schema_map()), copy;
    const int64_t before = stoa__mem_bytes();

    make_schema_child(schema, sample_schema_coded("i", "u"));
    for (int nth = 0;; nth++) {
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_schema_copy(schema, &copy, NULL);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth > 6);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(copy.release == NULL);
        CHECK_INT(stoa__mem_bytes(), before);
    }
    stoa_schema_release(&copy);
    make_free_schema(schema);
}

TEST_MAIN({"a copy outlives its source", a_copy_outlives_its_source},
          {"flags and metadata are copied", flags_and_metadata_are_copied},
          {"a child moved out of a copy lives on", a_child_moved_out_of_a_copy_lives_on},
          {"misuse is answered", misuse_is_answered},
          {"copying survives every allocation failure",
           copying_survives_every_allocation_failure})
