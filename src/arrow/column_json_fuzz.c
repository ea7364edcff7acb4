/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a value of any type: the first two choose a random schema, the rest is
 * read as JSON into a column of it. What is accepted is a valid array, is written as
 * JSON, and is read back as the same value; what is refused leaves the column as it was.
 *
 *   | seed, 2 bytes little-endian | JSON text |
 */
#include "arrow/builder.h"
#include "arrow/cell.h"
#include "arrow/validate.h"
#include "arrow_random.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static const struct stoa__arrow_type *any_type(uint64_t seed, stoa__arena *arena)
{
    struct stoa__arrow_type *type = NULL;
    struct arrow_random random;
    struct ArrowSchema schema;

    arrow_random_seed(&random, seed);
    arrow_random_schema(&random, 3, 2, &schema);
    expect(stoa__arrow_type_parse(&schema, arena, &type, NULL) == STOA_OK);
    schema.release(&schema);
    return type;
}

/* The row that `text` was accepted as, a second time by its own JSON. */
static void read_again(struct stoa__builder *builder, const struct stoa__arrow_type *type)
{
    struct ArrowArray first, second;
    stoa__buffer json = {0};
    struct stoa__cell cell;

    expect(stoa__builder_finish(builder, 0, &first, NULL) == STOA_OK);
    expect(stoa__arrow_validate(type, &first, STOA_CHECK_SHAPE, NULL) == STOA_OK);
    expect(first.length == 1);
    stoa__cell_at(type, &first, 0, &cell);
    expect(stoa__cell_json(&cell, &json, NULL) == STOA_OK);
    expect(stoa__column_append_json(&builder->root, (const char *)json.data,
                                    (int64_t)json.size, NULL) == STOA_OK);
    expect(stoa__builder_finish(builder, 0, &second, NULL) == STOA_OK);
    expect(arrow_random_same(type, &first, type, &second));
    stoa__buffer_release(&json);
    first.release(&first);
    second.release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stoa__arrow_type *type;
    struct stoa__builder builder;
    stoa__arena arena = {0};

    if (size < 2)
        return 0;
    type = any_type((uint64_t)data[0] | (uint64_t)data[1] << 8, &arena);
    expect(stoa__builder_init(&builder, type, 0, NULL) == STOA_OK);
    if (stoa__column_append_json(&builder.root, (const char *)data + 2, (int64_t)size - 2,
                                 NULL) == STOA_OK)
        read_again(&builder, type);
    expect(stoa__column_length(&builder.root) == 0);
    for (int32_t i = 0; i < builder.root.child_count; i++)
        expect(stoa__column_length(&builder.root.children[i]) == 0);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
    return 0;
}
