/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of reads share: packed arguments in one line, and reads whose rows are text. */
#ifndef STOA_COLLECTION_READ_KIT_H
#define STOA_COLLECTION_READ_KIT_H

#include "collection/collection_kit.h"

#include <stdarg.h>

/* Packed values and their bytes. */
struct pack {
    stoa_value values[64];
    int64_t count;
    uint8_t bytes[4096];
    int64_t size;
};

static inline void pack_bytes(struct pack *pack, int32_t type, const char *text)
{
    const int64_t size = (int64_t)strlen(text);

    CHECK(pack->count < 64 && pack->size + size <= (int64_t)sizeof pack->bytes);
    memcpy(pack->bytes + pack->size, text, (size_t)size);
    pack->values[pack->count++] = (stoa_value){.type = type, .a = pack->size, .b = size};
    pack->size += size;
}

static inline void pack_int(struct pack *pack, int64_t value)
{
    CHECK(pack->count < 64);
    pack->values[pack->count++] = (stoa_value){.type = STOA_TYPE_INT64, .a = value};
}

/* Words with spaces between: 12 is a number, 'a or a is text; '~' stands for a space. */
static inline void pack_words(struct pack *pack, const char *words, bool numbers)
{
    char copy[1024], *rest = NULL;

    (void)snprintf(copy, sizeof copy, "%s", words ? words : "");
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
        for (char *c = at; *c; c++)
            *c = *c == '~' ? ' ' : *c;
        if (numbers && (*at == '-' || (*at >= '0' && *at <= '9')) && !strchr(at + 1, '-'))
            pack_int(pack, strtoll(at, NULL, 10));
        else
            pack_bytes(pack, STOA_TYPE_TEXT, *at == '\'' ? at + 1 : at);
    }
}

/* One read: names and keys as words, cells as "name value ...", settings as app_options(). */
struct ask {
    const char *collection, *group, *names, *keys, *cells, *settings;
    int32_t kind;
    bool ranged;
    int64_t begin, end;
};

struct asked {
    struct pack pack;
    int64_t name_count, key_count, cell_count;
    char text[APP_TEXT_SIZE];
    stoa_option options[APP_OPTION_COUNT];
    int64_t option_count;
};

static inline void ask_pack(const struct ask *ask, struct asked *asked)
{
    int64_t before;

    memset(asked, 0, sizeof *asked);
    pack_words(&asked->pack, ask->names, false);
    asked->name_count = asked->pack.count;
    pack_words(&asked->pack, ask->keys, true);
    asked->key_count = asked->pack.count - asked->name_count;
    before = asked->pack.count;
    pack_words(&asked->pack, ask->cells, true);
    asked->cell_count = asked->pack.count - before;
    for (int64_t i = before; i < asked->pack.count; i += 2)
        asked->pack.values[i].type = STOA_TYPE_NAME;
    asked->option_count = app_options(ask->settings, asked->text, asked->options);
}

static inline stoa_status try_elements(stoa_conn conn, const struct ask *ask, stoa_result *out,
                                       stoa_error *err)
{
    struct asked a;

    ask_pack(ask, &a);
    return stoa_elements_read(conn, NO_OP, ask->collection ? ask->collection : "Orchard", STOA_NUL,
                              a.pack.values, a.name_count, a.pack.values + a.name_count,
                              a.key_count, a.pack.bytes, a.pack.size, a.options, a.option_count,
                              out, err);
}

static inline stoa_status try_group(stoa_conn conn, const struct ask *ask, stoa_result *out,
                                    stoa_error *err)
{
    struct asked a;

    ask_pack(ask, &a);
    return stoa_group_read(conn, NO_OP, ask->collection ? ask->collection : "Orchard", STOA_NUL,
                           ask->kind, ask->group, STOA_NUL, a.pack.values, a.name_count,
                           a.pack.values + a.name_count, a.key_count,
                           a.pack.values + a.name_count + a.key_count, a.cell_count, a.pack.bytes,
                           a.pack.size, ask->ranged ? ask->begin : INT64_MIN,
                           ask->ranged ? ask->end : INT64_MAX, a.options, a.option_count, out, err);
}

/* Names are the attribute and behind it the instants. */
static inline stoa_status try_asof(stoa_conn conn, const struct ask *ask, stoa_result *out,
                                   stoa_error *err)
{
    struct asked a;

    ask_pack(ask, &a);
    CHECK(a.name_count > 0);
    return stoa_series_asof(conn, NO_OP, ask->collection ? ask->collection : "Orchard", STOA_NUL,
                            ask->group ? ask->group : "yield", STOA_NUL,
                            (const char *)a.pack.bytes + a.pack.values[0].a, a.pack.values[0].b,
                            a.pack.values + 1, a.name_count - 1, a.pack.values + a.name_count,
                            a.key_count, a.pack.values + a.name_count + a.key_count, a.cell_count,
                            a.pack.bytes, a.pack.size, a.options, a.option_count, out, err);
}

typedef stoa_status (*reading)(stoa_conn conn, const struct ask *ask, stoa_result *out,
                               stoa_error *err);

static inline void check_read(stoa_conn conn, reading read, const struct ask *ask,
                              const char *right, const char *file, int line)
{
    stoa_error err;
    stoa_result result;
    char *rows;

    kit_must(read(conn, ask, &result, &err), &err, "read");
    rows = kit_rows(result);
    test_check_text(rows, right, file, line, ask->names ? ask->names : "rows");
    free(rows);
}

static inline void check_fails(stoa_conn conn, reading read, const struct ask *ask,
                               stoa_status status, const char *text, const char *file, int line)
{
    stoa_error err = {0};
    stoa_result result;
    struct ArrowArray batch;
    stoa_status rc = read(conn, ask, &result, &err);

    while (rc == STOA_OK) {
        rc = stoa_result_next(result, NO_OP, &batch, &err);
        if (rc == STOA_OK)
            batch.release(&batch);
    }
    stoa_result_close(result);
    test_check_int(rc, status, file, line, text);
    test_check_text(err.text, text, file, line, "error");
}

#define CHECK_READ(conn, read, right, ...)                                                 \
    check_read((conn), (read), &(const struct ask){__VA_ARGS__}, (right), __FILE__, __LINE__)
#define CHECK_READ_FAILS(conn, read, status, text, ...)                                          \
    check_fails((conn), (read), &(const struct ask){__VA_ARGS__}, (status), (text), __FILE__, \
                __LINE__)

/* Formats and names of a result's columns: "l:id g:area". */
static inline char *schema_text(const struct ArrowSchema *schema)
{
    size_t size = 0;
    char *out = NULL;
    FILE *text = open_memstream(&out, &size);

    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *child = schema->children[i];

        fprintf(text, "%s%s", i > 0 ? " " : "", child->format);
        if (child->n_children == 1)
            fprintf(text, "<%s%s>", child->children[0]->format,
                    child->children[0]->dictionary ? "d" : "");
        fprintf(text, "%s%s:%s", child->dictionary ? "d" : "",
                child->flags & ARROW_FLAG_NULLABLE ? "?" : "", child->name);
    }
    fclose(text);
    return out;
}

static inline void check_schema(stoa_result result, const char *right, const char *file, int line)
{
    struct ArrowSchema schema;
    stoa_error err;
    char *text;

    kit_must(stoa_result_schema(result, &schema, &err), &err, "schema");
    text = schema_text(&schema);
    test_check_text(text, right, file, line, "schema");
    free(text);
    schema.release(&schema);
}

/* Three orchards: ids 1, 3 and -5. The second has no rows; the first has NULLs among them. */
#define READ_DATA                                                                                \
    "INSERT INTO Region (label) VALUES ('North'), ('South');"                                    \
    "INSERT INTO Orchard (id, label, tree_count, area, date_planted, soil, region_id, "          \
    "orchard_neighbour) VALUES (1, 'Hill', 120, 2.5, '2019-03-01T00:00:00', 1, 1, NULL), "       \
    "(3, 'Dale', 0, NULL, NULL, NULL, NULL, 1), "                                                \
    "(-5, 'Low Moor', 7, -0.25, '2020-02-29', 2, 2, -5);"                                        \
    "INSERT INTO Orchard_vector_rows VALUES (1, 2, NULL, 'Fuji'), (1, 1, 4.0, 'Gala'), "         \
    "(1, 3, 4.5, NULL), (-5, 1, NULL, NULL);"                                                    \
    "INSERT INTO Orchard_set_buyers VALUES (1, 2), (1, 1), (-5, 2);"                             \
    "INSERT INTO Orchard_time_series_yield VALUES (1, '2024-01-02T00:00:00', 1, 3, 30), "        \
    "(1, '2024-01-01T00:00:00', 2, 1.5, NULL), (1, '2024-01-01T00:00:00', 1, 2.5, 10), "         \
    "(1, '2024-01-03T12:30:00', 1, NULL, 40), (-5, '2024-01-02T06:00:00', 1, 9, NULL);"

#endif
