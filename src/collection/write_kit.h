/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of writes share. Values for one element are words:
 *
 *     "label='Hill' area=2.5 soil=NULL spacing=[4.0 NULL] variety=['Gala' 'Fuji'] grade=[]"
 *
 * (a number with a point is a FLOAT64, one without an INT64; @5 is a timestamp of 5 ns, #5 the day
 * 5), and rows for many are a schema and JSON:
 *
 *     "label:u area:g spacing:[g rows:[{spacing:g,variety:u} region_id:i>u"
 *
 * where [ is a list, { a struct and > a dictionary.
 */
#ifndef STOA_COLLECTION_WRITE_KIT_H
#define STOA_COLLECTION_WRITE_KIT_H

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/cell.h"
#include "arrow/stream.h"
#include "arrow_make.h"
#include "base/mem.h"
#include "collection/collection_kit.h"

enum { GIVEN_MAX = 32, GIVEN_ITEMS = 128 };

/* What words say. */
struct given {
    stoa_value cells[2 * GIVEN_MAX];
    int64_t cell_count;
    uint8_t bytes[1 << 16];
    int64_t size;
    stoa_column arrays[GIVEN_MAX];
    int64_t array_count;
    int64_t numbers[GIVEN_MAX][GIVEN_ITEMS];
    stoa_view views[GIVEN_MAX][GIVEN_ITEMS];
    uint8_t validity[GIVEN_MAX][GIVEN_ITEMS / 8];
    char names[GIVEN_MAX][64];
};

static inline int64_t given_text(struct given *given, const char *text, size_t size)
{
    const int64_t at = given->size;

    CHECK(given->size + (int64_t)size <= (int64_t)sizeof given->bytes);
    memcpy(given->bytes + at, text, size);
    given->size += (int64_t)size;
    return at;
}

/* One value; text ends with a quote. Answers where it ends. */
static inline const char *given_value(struct given *given, const char *at, stoa_value *out)
{
    char *end;

    *out = (stoa_value){0};
    if (strncmp(at, "NULL", 4) == 0)
        return at + 4;
    if (*at == '\'') {
        const size_t size = strcspn(at + 1, "'");

        *out = (stoa_value){STOA_TYPE_TEXT, 0, given_text(given, at + 1, size), (int64_t)size};
        return at + size + 2;
    }
    if (*at == '@' || *at == '#') {
        out->type = *at == '@' ? STOA_TYPE_TIMESTAMP : STOA_TYPE_DATE;
        out->a = strtoll(at + 1, &end, 10);
        return end;
    }
    const double real = strtod(at, &end);

    if (strcspn(at, ".ni") < (size_t)(end - at)) {
        out->type = STOA_TYPE_FLOAT64;
        memcpy(&out->a, &real, sizeof real);
    } else {
        out->type = STOA_TYPE_INT64;
        out->a = strtoll(at, &end, 10);
    }
    CHECK(end > at);
    return end;
}

static inline const char *given_array(struct given *given, const char *name, size_t size,
                                      const char *at)
{
    const int64_t k = given->array_count++;
    stoa_column *const column = &given->arrays[k];
    stoa_value value;

    CHECK(k < GIVEN_MAX);
    (void)snprintf(given->names[k], sizeof given->names[k], "%.*s", (int)size, name);
    *column = (stoa_column){.name = given->names[k], .name_size = STOA_NUL};
    for (at += strspn(at, " "); *at != ']'; at += strspn(at, " ")) {
        const int64_t i = column->count++;

        CHECK(i < GIVEN_ITEMS);
        at = given_value(given, at, &value);
        if (value.type == STOA_TYPE_NULL)
            continue;
        column->type = value.type;
        given->validity[k][i / 8] |= (uint8_t)(1 << (i % 8));
        given->numbers[k][i] = value.a;
        if (value.type == STOA_TYPE_DATE)
            ((int32_t *)given->numbers[k])[i] = (int32_t)value.a;
        if (value.type == STOA_TYPE_TEXT)
            given->views[k][i] = (stoa_view){given->bytes + value.a, value.b};
    }
    column->validity = given->validity[k];
    column->layout = column->type == STOA_TYPE_TEXT ? STOA_LAYOUT_VIEW : STOA_LAYOUT_FIXED;
    column->data = column->type == STOA_TYPE_TEXT ? (void *)given->views[k] : given->numbers[k];
    column->data_size = (int64_t)(column->type == STOA_TYPE_TEXT ? sizeof given->views[k]
                                                                 : sizeof given->numbers[k]);
    return at + 1;
}

/* Owned by the test: free(). */
static inline struct given *given_words(const char *at)
{
    struct given *given = calloc(1, sizeof *given);

    CHECK(given != NULL);
    for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
        const size_t size = strcspn(at, "=");
        const char *const value = at + size + 1;

        if (*value == '[') {
            at = given_array(given, at, size, value + 1);
            continue;
        }
        given->cells[given->cell_count++] =
            (stoa_value){STOA_TYPE_NAME, 0, given_text(given, at, size), (int64_t)size};
        at = given_value(given, value, &given->cells[given->cell_count++]);
    }
    return given;
}

/* A key: an id, or a label in quotes. */
static inline stoa_value given_key(struct given *given, const char *key)
{
    stoa_value value;

    (void)given_value(given, key, &value);
    return value;
}

/* ---- calls of one line; the error is in `kit_error` ---- */

static stoa_error kit_error;

static inline void kit_fails(stoa_status rc, stoa_status right, const char *text)
{
    if (rc != right)
        printf("# %s instead of %s: %s\n", stoa_status_name(rc), stoa_status_name(right),
               rc < 0 ? kit_error.text : "");
    CHECK_INT(rc, right);
    CHECK_INT(kit_error.code, right);
    CHECK_HAS(kit_error.text, text);
}

static inline stoa_status kit_create(stoa_conn conn, const char *collection, const char *words,
                                     int64_t *id)
{
    struct given *const given = given_words(words);
    const stoa_status rc = stoa_element_create(
        conn, NO_OP, collection, STOA_NUL, given->cells, given->cell_count, given->bytes,
        given->size, given->arrays, given->array_count, id, &kit_error);

    free(given);
    return rc;
}

static inline int64_t kit_made(stoa_conn conn, const char *collection, const char *words)
{
    int64_t id;

    app_must(kit_create(conn, collection, words, &id), &kit_error, words);
    return id;
}

static inline stoa_status kit_update(stoa_conn conn, const char *collection, const char *key,
                                     const char *words)
{
    struct given *const given = given_words(words);
    const stoa_value value = given_key(given, key);
    const stoa_status rc = stoa_element_update(
        conn, NO_OP, collection, STOA_NUL, &value, given->cells, given->cell_count, given->bytes,
        given->size, given->arrays, given->array_count, &kit_error);

    free(given);
    return rc;
}

static inline stoa_status kit_delete(stoa_conn conn, const char *collection, const char *key)
{
    struct given *const given = given_words("");
    const stoa_value value = given_key(given, key);
    const stoa_status rc = stoa_element_delete(conn, NO_OP, collection, STOA_NUL, &value,
                                               given->bytes, given->size, &kit_error);

    free(given);
    return rc;
}

static inline stoa_status kit_group(stoa_conn conn, int32_t kind, const char *group,
                                    const char *key, const char *words)
{
    struct given *const given = given_words(words);
    const stoa_value value = given_key(given, key);
    const stoa_status rc = stoa_group_write(
        conn, NO_OP, "Orchard", STOA_NUL, kind, group, STOA_NUL, &value, given->bytes, given->size,
        given->arrays, given->array_count, given->array_count > 0 ? given->arrays[0].count : 0,
        &kit_error);

    free(given);
    return rc;
}

static inline stoa_status kit_attribute(stoa_conn conn, const char *collection, int32_t kind,
                                        const char *key, const char *words)
{
    struct given *const given = given_words(words);
    const stoa_value value = given_key(given, key);
    const stoa_status rc =
        stoa_attribute_write(conn, NO_OP, collection, STOA_NUL, kind, &value, given->bytes,
                             given->size, given->arrays, &kit_error);

    free(given);
    return rc;
}

static inline stoa_status kit_upsert(stoa_conn conn, const char *group, const char *key,
                                     const char *words, const char *mode)
{
    struct given *const given = given_words(words);
    const stoa_value value = given_key(given, key);
    const stoa_option option = {"mode", mode};
    const stoa_status rc = stoa_series_upsert(conn, NO_OP, "Orchard", STOA_NUL, group, STOA_NUL,
                                              &value, given->cells, given->cell_count, given->bytes,
                                              given->size, &option, 1, &kit_error);

    free(given);
    return rc;
}

static inline stoa_status kit_files(stoa_conn conn, const char *collection, const char *words,
                                    const char *mode)
{
    struct given *const given = given_words(words);
    const stoa_option option = {"mode", mode};
    const stoa_status rc =
        stoa_files_write(conn, NO_OP, collection, STOA_NUL, given->cells, given->cell_count,
                         given->bytes, given->size, &option, 1, &kit_error);

    free(given);
    return rc;
}

static inline void kit_set(stoa_conn conn, const char *key, const char *value)
{
    const stoa_option option = {key, value};

    app_must(stoa_collection_set(conn, &option, 1, &kit_error), &kit_error, key);
}

/* CHECK_ROWS() for an answer that is chosen at run time, which gcc must not look into. */
static __attribute__((noinline, unused)) void kit_holds(stoa_conn conn, const char *sql,
                                                        const char *right)
{
    CHECK_ROWS(conn, sql, right);
}

/* ---- streams ---- */

/* "u", "[g", "[{a:g,b:u}", "i>u" at `*at`, which is moved behind it. */
static inline struct ArrowSchema *kit_schema(const char *name, const char **at)
{
    char format[64];
    struct ArrowSchema *schema;

    if (**at == '[') {
        ++*at;
        schema = make_schema("+l", name);
        return make_schema_child(schema, kit_schema("item", at));
    }
    if (**at == '{') {
        schema = make_schema("+s", name);
        do {
            char field[64];
            const size_t size = strcspn(++*at, ":");

            (void)snprintf(field, sizeof field, "%.*s", (int)size, *at);
            *at += size + 1;
            make_schema_child(schema, kit_schema(field, at));
        } while (**at == ',');
        ++*at;
        return schema;
    }
    const size_t size = strcspn(*at, " ,}>");

    (void)snprintf(format, sizeof format, "%.*s", (int)size, *at);
    *at += size;
    schema = make_schema(format, name);
    if (**at != '>')
        return schema;
    ++*at;
    return make_schema_dictionary(schema, kit_schema("", at));
}

struct kit_stream {
    struct ArrowSchema *schema;
    struct stoa__arrow_type *type;
    stoa__arena arena;
    struct ArrowArray batches[8];
    int32_t count, next;
    int32_t fail_at; /* The batch that fails; -1: none. */
};

static inline stoa_status kit_stream_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    struct kit_stream *const stream = self;

    return stoa__arrow_type_export(stream->type, out, err);
}

static inline stoa_status kit_stream_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct kit_stream *const stream = self;

    if (stream->next == stream->fail_at) {
        err->code = STOA_ERR_IO;
        (void)snprintf(err->text, sizeof err->text, "the producer broke");
        return STOA_ERR_IO;
    }
    if (stream->next == stream->count)
        return STOA_DONE;
    *out = stream->batches[stream->next];
    stream->batches[stream->next++].release = NULL;
    return STOA_OK;
}

static inline void kit_stream_release(void *self)
{
    struct kit_stream *const stream = self;

    for (int32_t i = 0; i < stream->count; i++)
        stoa__array_release(&stream->batches[i]);
    stoa__arena_release(&stream->arena);
    make_free_schema(stream->schema);
    free(stream);
}

/* A batch of `rows`, JSON objects with ';' between them. */
static inline void kit_stream_add(struct kit_stream *stream, const char *rows)
{
    struct stoa__builder builder;

    app_must(stoa__builder_init(&builder, stream->type, 4, &kit_error), &kit_error, "builder");
    while (*rows) {
        const size_t size = strcspn(rows, ";");

        app_must(stoa__column_append_json(&builder.root, rows, (int64_t)size, &kit_error),
                 &kit_error, rows);
        rows += size + (rows[size] == ';');
    }
    app_must(stoa__builder_finish(&builder, 0, &stream->batches[stream->count++], &kit_error),
             &kit_error, "finish");
    stoa__builder_release(&builder);
}

/* A stream of batches, with '|' between them. */
static inline struct ArrowArrayStream kit_stream(const char *schema, const char *batches,
                                                 int32_t fail_at)
{
    static const struct stoa__producer producer = {kit_stream_schema, kit_stream_next,
                                                   kit_stream_release};
    struct kit_stream *const stream = calloc(1, sizeof *stream);
    struct ArrowArrayStream out;
    char *copy = strdup(batches), *at = copy;

    CHECK(stream && copy);
    stream->fail_at = fail_at;
    stream->schema = make_schema("+s", "");
    for (schema += strspn(schema, " "); *schema; schema += strspn(schema, " ")) {
        char name[64];
        const size_t size = strcspn(schema, ":");

        (void)snprintf(name, sizeof name, "%.*s", (int)size, schema);
        schema += size + 1;
        make_schema_child(stream->schema, kit_schema(name, &schema));
    }
    app_must(stoa__arrow_type_parse(stream->schema, &stream->arena, &stream->type, &kit_error),
             &kit_error, "type");
    while (at) {
        char *const end = strchr(at, '|');

        if (end)
            *end = 0;
        kit_stream_add(stream, at);
        at = end ? end + 1 : NULL;
    }
    free(copy);
    app_must(stoa__stream_out(&producer, stream, &out, &kit_error), &kit_error, "stream");
    return out;
}

/* All of it or nothing: a stream that was not taken is released here. `ids` may be NULL. */
static inline stoa_status kit_create_many(stoa_conn conn, const char *collection,
                                          const char *schema, const char *batches, char **ids)
{
    struct ArrowArrayStream stream = kit_stream(schema, batches, -1);
    stoa_result result;
    const stoa_status rc = stoa_elements_create(conn, NO_OP, collection, STOA_NUL, &stream,
                                                ids ? &result : NULL, &kit_error);

    CHECK_INT(stream.release == NULL, rc == STOA_OK);
    if (stream.release)
        stream.release(&stream);
    if (ids)
        *ids = rc == STOA_OK ? kit_rows(result) : NULL;
    return rc;
}

static inline stoa_status kit_update_many(stoa_conn conn, const char *collection,
                                          const char *schema, const char *batches, int64_t *count)
{
    struct ArrowArrayStream stream = kit_stream(schema, batches, -1);
    const stoa_status rc =
        stoa_elements_update(conn, NO_OP, collection, STOA_NUL, &stream, count, &kit_error);

    CHECK_INT(stream.release == NULL, rc == STOA_OK);
    if (stream.release)
        stream.release(&stream);
    return rc;
}

static inline stoa_status kit_group_many(stoa_conn conn, int32_t kind, const char *group,
                                         const char *mode, const char *schema, const char *batches,
                                         int64_t *count)
{
    struct ArrowArrayStream stream = kit_stream(schema, batches, -1);
    const stoa_option option = {"mode", mode};
    const stoa_status rc =
        stoa_group_write_stream(conn, NO_OP, "Orchard", STOA_NUL, kind, group, STOA_NUL, &stream,
                                &option, 1, count, &kit_error);

    CHECK_INT(stream.release == NULL, rc == STOA_OK);
    if (stream.release)
        stream.release(&stream);
    return rc;
}

#endif
