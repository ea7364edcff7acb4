/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign Arrow data for tests: a producer that keeps its own record of what it made, so that a
 * test may write anything into the public structs and release still works. Every buffer is a piece
 * of exactly its size, so that ASan sees each byte read past it.
 */
#ifndef STOA_ARROW_MAKE_H
#define STOA_ARROW_MAKE_H

#include "stoa/arrow.h"
#include "test.h"

enum { MAKE_PARTS_MAX = 140 };

/* Structs made and not yet released. */
static int64_t make_alive;

struct make_schema {
    char *format, *name, *metadata;
    struct ArrowSchema *children[MAKE_PARTS_MAX], *dictionary;
    int64_t child_count;
};

struct make_array {
    const void *buffers[MAKE_PARTS_MAX];
    void *pieces[MAKE_PARTS_MAX];
    int64_t sizes[MAKE_PARTS_MAX];
    struct ArrowArray *children[MAKE_PARTS_MAX], *dictionary;
    int64_t child_count;
};

static inline void make_free_schema(struct ArrowSchema *schema)
{
    if (schema && schema->release)
        schema->release(schema);
    free(schema);
}

static inline void make_free_array(struct ArrowArray *array)
{
    if (array && array->release)
        array->release(array);
    free(array);
}

static inline void make_release_schema(struct ArrowSchema *schema)
{
    struct make_schema *own = schema->private_data;

    for (int64_t i = 0; i < own->child_count; i++)
        make_free_schema(own->children[i]);
    make_free_schema(own->dictionary);
    free(own->format);
    free(own->name);
    free(own->metadata);
    free(own);
    schema->release = NULL;
    make_alive--;
}

static inline void make_release_array(struct ArrowArray *array)
{
    struct make_array *own = array->private_data;

    for (int64_t i = 0; i < own->child_count; i++)
        make_free_array(own->children[i]);
    make_free_array(own->dictionary);
    for (int i = 0; i < MAKE_PARTS_MAX; i++)
        free(own->pieces[i]);
    free(own);
    array->release = NULL;
    make_alive--;
}

static inline struct ArrowSchema *make_schema(const char *format, const char *name)
{
    struct ArrowSchema *schema = calloc(1, sizeof(*schema));
    struct make_schema *own = calloc(1, sizeof(*own));

    CHECK(schema && own);
    own->format = format ? strdup(format) : NULL;
    own->name = name ? strdup(name) : NULL;
    schema->format = own->format;
    schema->name = own->name;
    schema->flags = ARROW_FLAG_NULLABLE;
    schema->children = own->children;
    schema->private_data = own;
    schema->release = make_release_schema;
    make_alive++;
    return schema;
}

static inline struct ArrowSchema *make_schema_child(struct ArrowSchema *schema,
                                                    struct ArrowSchema *child)
{
    struct make_schema *own = schema->private_data;

    CHECK(own->child_count < MAKE_PARTS_MAX);
    own->children[own->child_count++] = child;
    schema->n_children = own->child_count;
    return schema;
}

static inline struct ArrowSchema *make_schema_dictionary(struct ArrowSchema *schema,
                                                         struct ArrowSchema *values)
{
    struct make_schema *own = schema->private_data;

    schema->dictionary = own->dictionary = values;
    return schema;
}

/* `size` bytes in a piece of their own. */
static inline void make_metadata(struct ArrowSchema *schema, const void *bytes,
                                 size_t size)
{
    struct make_schema *own = schema->private_data;

    free(own->metadata);
    own->metadata = malloc(size);
    CHECK(own->metadata != NULL);
    memcpy(own->metadata, bytes, size);
    schema->metadata = own->metadata;
}

static inline struct ArrowArray *make_array(int64_t length, int64_t null_count,
                                            int64_t offset, int64_t n_buffers)
{
    struct ArrowArray *array = calloc(1, sizeof(*array));
    struct make_array *own = calloc(1, sizeof(*own));

    CHECK(array && own && n_buffers <= MAKE_PARTS_MAX);
    array->length = length;
    array->null_count = null_count;
    array->offset = offset;
    array->n_buffers = n_buffers;
    array->buffers = own->buffers;
    array->children = own->children;
    array->private_data = own;
    array->release = make_release_array;
    make_alive++;
    return array;
}

static inline void *make_buffer(struct ArrowArray *array, int index, const void *bytes,
                                int64_t size)
{
    struct make_array *own = array->private_data;

    free(own->pieces[index]);
    own->pieces[index] = malloc((size_t)size);
    own->sizes[index] = size;
    own->buffers[index] = own->pieces[index];
    CHECK(own->pieces[index] != NULL);
    if (bytes && size > 0)
        memcpy(own->pieces[index], bytes, (size_t)size);
    else if (size > 0)
        memset(own->pieces[index], 0, (size_t)size);
    return own->pieces[index];
}

static inline struct ArrowArray *make_child(struct ArrowArray *array,
                                            struct ArrowArray *child)
{
    struct make_array *own = array->private_data;

    CHECK(own->child_count < MAKE_PARTS_MAX);
    own->children[own->child_count++] = child;
    array->n_children = own->child_count;
    return array;
}

static inline struct ArrowArray *make_dictionary(struct ArrowArray *array,
                                                 struct ArrowArray *values)
{
    struct make_array *own = array->private_data;

    array->dictionary = own->dictionary = values;
    return array;
}

/* A struct schema around one column "c", and a batch around its array. */
static inline struct ArrowSchema *make_table(struct ArrowSchema *column)
{
    return make_schema_child(make_schema("+s", ""), column);
}

static inline struct ArrowArray *make_batch(struct ArrowArray *column, int64_t offset,
                                            int64_t length)
{
    return make_child(make_array(length, 0, offset, 1), column);
}

#endif
