/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of ingest and scans: a session on a real database, batches written as
 * JSON rows, producers that fail where they are told, and answers as one text.
 */
#ifndef STOA_ENGINE_SQLITE_INGEST_KIT_H
#define STOA_ENGINE_SQLITE_INGEST_KIT_H

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/cell.h"
#include "arrow/validate.h"
#include "arrow_make.h"
#include "base/mem.h"
#include "engine/sqlite/ingest.h"
#include "engine/sqlite/scan.h"

#include <stdarg.h>

struct kit {
    void *instance;
    struct sqlite_session *session;
    sqlite3 *db;
    stoa_error err;
};

#define KIT_OK(call) kit_status((call), STOA_OK, &kit.err, __FILE__, __LINE__)
#define KIT_FAILS(call, status) kit_status((call), (status), &kit.err, __FILE__, __LINE__)

static inline void kit_status(stoa_status rc, stoa_status right, const stoa_error *err,
                              const char *file, int line)
{
    if (rc == right)
        return;
    printf("# %s:%d: %s instead of %s: %s\n", file, line, stoa_status_name(rc),
           stoa_status_name(right), rc < 0 ? err->text : "");
    test_fail();
}

static inline struct sqlite_session *kit_session(void *instance)
{
    stoa_error err;
    void *session = NULL;

    kit_status(sqlite_session_open(instance, NULL, &session, &err), STOA_OK, &err,
               __FILE__, __LINE__);
    return session;
}

/* `target`: a path, or ":memory:"; `settings`: "key=value&..." */
static inline struct kit kit_open(const char *target, const char *settings)
{
    stoa__settings list = {0};
    struct kit kit = {0};

    KIT_OK(stoa__settings_add_query(&list, settings, strlen(settings), &kit.err));
    KIT_OK(sqlite_open(target, &list, NULL, &kit.instance, &kit.err));
    stoa__settings_release(&list);
    kit.session = kit_session(kit.instance);
    kit.db = kit.session->db;
    return kit;
}

/* A file of the test's own directory. */
static inline struct kit kit_open_file(const char *name, const char *settings)
{
    char *path = test_path(name);
    struct kit kit = kit_open(path, settings);

    free(path);
    return kit;
}

static inline void kit_close(struct kit *kit)
{
    sqlite_session_close(kit->session);
    sqlite_close(kit->instance);
}

static inline void kit_run(struct kit *kit, const char *sql)
{
    kit_status(sqlite_run(kit->session, NULL, sql, &kit->err), STOA_OK, &kit->err,
               __FILE__, __LINE__);
}

/* ---- answers as text: cells quoted as SQL has them, '|' between, a newline behind each
 * row ---- */

static inline int kit_text_add(void *self, int count, char **cells, char **names)
{
    stoa__buffer *const out = self;

    (void)names;
    for (int i = 0; i < count; i++)
        (void)stoa__buffer_format(out, "%s%s", i > 0 ? "|" : "",
                                  cells[i] ? cells[i] : "NULL");
    (void)stoa__buffer_append_text(out, "\n");
    return 0;
}

static char kit_text_kept[1 << 20];

/* The rows of `sql`, or its error. Valid until the next call. */
static inline const char *kit_text(struct kit *kit, const char *sql)
{
    stoa__buffer out = {0};
    char *message = NULL;

    if (sqlite3_exec(kit->db, sql, kit_text_add, &out, &message) != SQLITE_OK)
        (void)stoa__buffer_format(&out, "error: %s", message);
    kit->session->failure.code = STOA_OK;
    sqlite3_free(message);
    CHECK(out.size < sizeof(kit_text_kept));
    if (out.size > 0)
        memcpy(kit_text_kept, out.data, out.size);
    kit_text_kept[out.size] = 0;
    stoa__buffer_release(&out);
    return kit_text_kept;
}

/* Everything a database holds: schema, and every row of every table. Owned: free(). */
static inline char *kit_dump(struct kit *kit)
{
    stoa__buffer out = {0};
    sqlite3_stmt *tables = NULL;

    (void)stoa__buffer_append_text(&out,
                                   kit_text(kit, "SELECT type, name, tbl_name, sql FROM "
                                                 "sqlite_schema ORDER BY type, name"));
    CHECK_INT(sqlite3_prepare_v2(kit->db,
                                 "SELECT name FROM sqlite_schema WHERE type='table' "
                                 "ORDER BY name",
                                 -1, &tables, NULL),
              SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char *sql =
            sqlite3_mprintf("SELECT * FROM \"%w\"", sqlite3_column_text(tables, 0));

        (void)stoa__buffer_append_text(&out, kit_text(kit, sql));
        sqlite3_free(sql);
    }
    sqlite3_finalize(tables);
    CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);

    char *text = strdup((const char *)out.data);

    stoa__buffer_release(&out);
    return text;
}

/* ---- types and batches ---- */

static inline struct ArrowSchema *kit_schema(const char *columns)
{
    struct ArrowSchema *schema = make_schema("+s", "");

    while (*columns) {
        const size_t size = strcspn(columns, ";");
        char text[256];

        CHECK(size < sizeof(text));
        memcpy(text, columns, size);
        text[size] = 0;
        char *format = strrchr(text, ' ');

        *format++ = 0;
        bool coded = *format == '*'; /* A dictionary of them. */
        struct ArrowSchema *column = make_schema(coded ? "i" : format, text);

        if (coded)
            make_schema_dictionary(column, make_schema(format + 1, ""));
        if (strncmp(format, "+l", 2) == 0)
            make_schema_child(column, make_schema("l", "item"));
        make_schema_child(schema, column);
        columns += size + (columns[size] == ';');
    }
    return schema;
}

/* "id l;name u" */
static inline struct stoa__arrow_type *kit_type(stoa__arena *arena, const char *columns)
{
    struct ArrowSchema *schema = kit_schema(columns);
    struct stoa__arrow_type *type = NULL;
    stoa_error err;

    kit_status(stoa__arrow_type_parse(schema, arena, &type, &err), STOA_OK, &err,
               __FILE__, __LINE__);
    make_free_schema(schema);
    return type;
}

/* One row a line, each an array of JSON values in the order of the columns. */
static inline struct ArrowArray kit_batch(const struct stoa__arrow_type *type,
                                          const char *rows)
{
    struct stoa__builder builder;
    struct ArrowArray out = {0};
    stoa_error err;

    kit_status(stoa__builder_init(&builder, type, 4, &err), STOA_OK, &err, __FILE__,
               __LINE__);
    while (*rows) {
        const size_t size = strcspn(rows, "\n");

        kit_status(stoa__column_append_json(&builder.root, rows, (int64_t)size, &err),
                   STOA_OK, &err, __FILE__, __LINE__);
        rows += size + (rows[size] == '\n');
    }
    kit_status(stoa__builder_finish(&builder, 0, &out, &err), STOA_OK, &err, __FILE__,
               __LINE__);
    stoa__builder_release(&builder);
    return out;
}

/* ---- sources ---- */

enum { KIT_BATCHES_MAX = 16 };

struct kit_source {
    struct stoa__source base;
    stoa__arena arena;
    struct ArrowArray batches[KIT_BATCHES_MAX];
    int64_t count, at;
    int64_t fails_at; /* Batch that is a failure instead; -1: none. */
    void (*inside)(struct kit_source *self); /* Called in next(); may be NULL. */
    void *data;
};

static inline stoa_status kit_source_next(void *self, const struct ArrowArray **batch,
                                          stoa_error *err)
{
    struct kit_source *const source = self;

    if (source->inside)
        source->inside(source);
    if (source->at == source->fails_at)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the producer gave up at batch %d",
                          (int)source->at);
    if (source->at >= source->count)
        return STOA_DONE;
    *batch = &source->batches[source->at++];
    return STOA_OK;
}

/* Batches of `rows` are parted by an empty line. */
static inline struct kit_source *kit_source(const char *columns, const char *rows)
{
    struct kit_source *source = calloc(1, sizeof(*source));

    CHECK(source != NULL);
    source->base.type = kit_type(&source->arena, columns);
    source->base.next = kit_source_next;
    source->base.self = source;
    source->fails_at = -1;
    while (*rows) {
        const char *end = strstr(rows, "\n\n");
        const size_t size = end ? (size_t)(end - rows) : strlen(rows);
        char *part = strndup(rows, size);

        CHECK(part && source->count < KIT_BATCHES_MAX);
        source->batches[source->count] = kit_batch(source->base.type, part);
        source->base.row_count += source->batches[source->count++].length;
        free(part);
        rows += size + (end ? 2 : 0);
    }
    return source;
}

static inline void kit_source_free(struct kit_source *source)
{
    for (int64_t i = 0; i < source->count; i++)
        stoa__array_release(&source->batches[i]);
    stoa__arena_release(&source->arena);
    free(source);
}

/* ---- ingest in one call ---- */

static inline struct stoa__ingest_config kit_config(int32_t mode)
{
    return (struct stoa__ingest_config){
        .mode = mode,
        .keys = "",
        .dedup_columns = "",
        .database = "main",
        .index = "",
        .ack = STOA_ACK_COMMITTED,
        .in_caller_transaction = true,
    };
}

static inline stoa_status kit_append(struct kit *kit,
                                     const struct stoa__ingest_config *config,
                                     const char *table, struct kit_source *source,
                                     stoa_table_done *done)
{
    struct stoa__ingest_part part = {
        .table = table, .source = &source->base, .config = config, .index_column = -1};
    void *ingest = NULL;
    int32_t level = -1;
    stoa_status rc;

    kit_status(sqlite_ingest_open(kit->session, config, &ingest, &kit->err), STOA_OK,
               &kit->err, __FILE__, __LINE__);
    rc = sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit->err);
    sqlite_ingest_close(ingest);
    if (done)
        *done = part.done;
    CHECK(kit->session->failure.code == STOA_OK);
    CHECK(!kit->session->in_callback);
    return rc;
}

/* Make the source, write it, free it. */
static inline stoa_status kit_write(struct kit *kit, int32_t mode, const char *table,
                                    const char *columns, const char *rows)
{
    const struct stoa__ingest_config config = kit_config(mode);
    struct kit_source *source = kit_source(columns, rows);
    stoa_status rc = kit_append(kit, &config, table, source, NULL);

    kit_source_free(source);
    return rc;
}

#endif
