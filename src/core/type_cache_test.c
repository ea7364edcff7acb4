/* SPDX-License-Identifier: Apache-2.0 */
#include "core/type_cache.h"

#include "base/mem.h"
#include "test.h"

static void stays(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

/* {a: format, b: list<item: utf8>} */
struct made {
    struct ArrowSchema root, a, b, item;
    struct ArrowSchema *children[2], *items[1];
};

static void make(struct made *out, const char *format, const char *metadata)
{
    *out = (struct made){
        .root = {.format = "+s",
                 .name = "",
                 .metadata = metadata,
                 .n_children = 2,
                 .release = stays},
        .a = {.format = format,
              .name = "a",
              .flags = ARROW_FLAG_NULLABLE,
              .release = stays},
        .b = {.format = "+l", .name = "b", .n_children = 1, .release = stays},
        .item = {.format = "u", .name = "item", .release = stays}};
    out->children[0] = &out->a;
    out->children[1] = &out->b;
    out->items[0] = &out->item;
    out->root.children = out->children;
    out->b.children = out->items;
}

/* One pair, in Arrow's encoding. */
static const char metadata[] = "\1\0\0\0\1\0\0\0k\3\0\0\0abc";
static const char other_metadata[] = "\1\0\0\0\1\0\0\0k\3\0\0\0abd";

/* It stays as long as the cache does not get to know another. */
static const struct stoa__arrow_type *get(struct stoa__type_cache *cache,
                                          struct made *schema)
{
    struct stoa__known_type *known = NULL;

    CHECK_INT(stoa__type_cache_get(cache, &schema->root, &known, NULL), STOA_OK);
    stoa__known_type_unref(known);
    return known->type;
}

static void the_same_content_is_parsed_once(void)
{
    struct stoa__type_cache cache;
    struct made one, other;
    int64_t allocations;

    stoa__type_cache_init(&cache);
    make(&one, "l", metadata);
    make(&other, "l", metadata);
    CHECK_INT(get(&cache, &one)->children[0].kind, STOA__ARROW_INT64);
    allocations = stoa__mem_allocations();
    stoa__mem_fail_nth = 0; /* Not one more. */
    CHECK_INT(get(&cache, &other)->children[1].children[0].kind, STOA__ARROW_UTF8);
    CHECK_INT(get(&cache, &one)->child_count, 2);
    CHECK_INT(stoa__mem_fail_nth, 0);
    stoa__mem_fail_nth = -1;
    CHECK_INT(stoa__mem_allocations(), allocations);
    stoa__type_cache_release(&cache);
    CHECK_INT(stoa__mem_allocations(), 0);
}

/* The same memory with other content, which is what a producer that reuses it has. */
static void other_content_is_parsed_anew(void)
{
    struct stoa__type_cache cache;
    struct made schema;

    stoa__type_cache_init(&cache);
    make(&schema, "l", metadata);
    (void)get(&cache, &schema);
    schema.a.format = "g";
    CHECK_INT(get(&cache, &schema)->children[0].kind, STOA__ARROW_FLOAT64);
    schema.item.format = "z";
    CHECK_INT(get(&cache, &schema)->children[1].children[0].kind, STOA__ARROW_BINARY);
    schema.a.name = "c";
    CHECK_TEXT(get(&cache, &schema)->children[0].name, "c");
    schema.a.flags = 0;
    CHECK(!get(&cache, &schema)->children[0].nullable);
    schema.root.metadata = other_metadata;
    CHECK(memcmp(get(&cache, &schema)->metadata, other_metadata, 16) == 0);
    schema.root.metadata = NULL;
    CHECK(!get(&cache, &schema)->metadata);
    schema.root.n_children = 1;
    CHECK_INT(get(&cache, &schema)->child_count, 1);
    stoa__type_cache_release(&cache);
}

static void a_type_outlives_what_follows_it(void)
{
    struct stoa__known_type *first = NULL, *second = NULL;
    struct stoa__type_cache cache;
    struct made schema;

    stoa__type_cache_init(&cache);
    make(&schema, "l", NULL);
    CHECK_INT(stoa__type_cache_get(&cache, &schema.root, &first, NULL), STOA_OK);
    schema.a.format = "g";
    CHECK_INT(stoa__type_cache_get(&cache, &schema.root, &second, NULL), STOA_OK);
    stoa__type_cache_release(&cache);
    CHECK_INT(first->type->children[0].kind, STOA__ARROW_INT64);
    CHECK_INT(second->type->children[0].kind, STOA__ARROW_FLOAT64);
    stoa__known_type_unref(first);
    stoa__known_type_unref(second);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void what_is_wrong_is_refused_each_time(void)
{
    struct stoa__type_cache cache;
    struct stoa__known_type *type = NULL;
    struct made schema;
    stoa_error err;

    stoa__type_cache_init(&cache);
    make(&schema, "l", NULL);
    (void)get(&cache, &schema);
    schema.a.release = NULL;
    CHECK_INT(stoa__type_cache_get(&cache, &schema.root, &type, &err), STOA_ERR_INVALID);
    schema.a.release = stays;
    CHECK_INT(get(&cache, &schema)->child_count, 2);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stoa__type_cache_get(&cache, &schema.item, &type, &err),
                  STOA_ERR_INVALID);
        CHECK_HAS(err.text, "not a struct");
    }
    stoa__type_cache_release(&cache);
}

TEST_MAIN({"the same content is parsed once", the_same_content_is_parsed_once},
          {"other content is parsed anew", other_content_is_parsed_anew},
          {"a type outlives what follows it", a_type_outlives_what_follows_it},
          {"what is wrong is refused each time", what_is_wrong_is_refused_each_time})
