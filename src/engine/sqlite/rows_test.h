/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of statements, cursors and types share: a session, and results as
 * text. */
#ifndef STOA_ENGINE_SQLITE_ROWS_TEST_H
#define STOA_ENGINE_SQLITE_ROWS_TEST_H

#include "test.h"

#include "arrow/cell.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/statement.h"

struct fixture {
    void *instance;
    struct sqlite_session *session;
    struct stoa__read_config config;
    stoa_error err;
    char text[65536]; /* Of the last result. */
};

static inline void open_target(struct fixture *f, const char *target, const char *key,
                               const char *value)
{
    stoa__settings settings = {0};
    void *session = NULL;

    memset(f, 0, sizeof *f);
    f->config.batch_rows = 65536;
    if (key)
        CHECK_INT(stoa__settings_add_pair(&settings, key, value, &f->err), STOA_OK);
    if (sqlite_open(target, &settings, NULL, &f->instance, &f->err) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    CHECK_INT(sqlite_session_open(f->instance, NULL, &session, &f->err), STOA_OK);
    f->session = session;
    stoa__settings_release(&settings);
}

static inline void open_memory(struct fixture *f)
{
    open_target(f, ":memory:", NULL, NULL);
}

static inline void close_all(struct fixture *f)
{
    sqlite_session_close(f->session);
    sqlite_close(f->instance);
}

static inline struct sqlite_statement *prepare(struct fixture *f, const char *sql)
{
    void *statement = NULL;
    size_t used;

    if (sqlite_prepare(f->session, NULL, sql, strlen(sql), &used, &statement, &f->err) !=
        STOA_OK)
        CHECK_TEXT(f->err.text, "");
    CHECK(statement);
    return statement;
}

static inline struct sqlite_cursor *query(struct fixture *f, const char *sql)
{
    void *cursor = NULL;

    if (sqlite_query_owned(f->session, NULL, sql, strlen(sql), NULL, &f->config, &cursor,
                           &f->err) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    return cursor;
}

/* Run each statement of a script, dropping rows. */
static inline void run(struct fixture *f, const char *sql)
{
    if (sqlite_run(f->session, NULL, sql, &f->err) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    sqlite_write_settle(f->session);
}

static inline void add_text(struct fixture *f, const char *text)
{
    CHECK(strlen(f->text) + strlen(text) < sizeof f->text);
    memcpy(f->text + strlen(f->text), text, strlen(text) + 1);
}

static inline void add_rows(struct fixture *f, const struct stoa__arrow_type *type,
                            const struct ArrowArray *batch)
{
    stoa__buffer out = {0};
    struct stoa__cell cell;

    for (int64_t row = 0; row < batch->length; row++) {
        out.size = 0;
        for (int32_t i = 0; i < type->child_count; i++) {
            if (i > 0)
                CHECK_INT(stoa__buffer_append_text(&out, "|"), STOA_OK);
            stoa__cell_at(&type->children[i], batch->children[i], row, &cell);
            if (cell.null)
                CHECK_INT(stoa__buffer_append_text(&out, "NULL"), STOA_OK);
            else
                CHECK_INT(stoa__cell_json(&cell, &out, &f->err), STOA_OK);
        }
        CHECK_INT(stoa__buffer_append_text(&out, "\n"), STOA_OK);
        CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);
        add_text(f, (const char *)out.data);
    }
    stoa__buffer_release(&out);
}

/* "name type[!],..." of a schema; ! is not nullable. */
static inline const char *type_text(struct fixture *f,
                                    const struct stoa__arrow_type *type)
{
    char text[256];

    f->text[0] = 0;
    for (int32_t i = 0; i < type->child_count; i++) {
        stoa__arrow_type_text(&type->children[i], text, sizeof text);
        add_text(f, i > 0 ? ", " : "");
        add_text(f, type->children[i].name);
        add_text(f, " ");
        add_text(f, text);
        add_text(f, type->children[i].nullable ? "" : "!");
    }
    return f->text;
}

/* All rows of a cursor as text, every batch checked in full; closes it. */
static inline const char *drain(struct fixture *f, struct sqlite_cursor *cursor)
{
    const struct stoa__arrow_type *type;
    struct ArrowArray batch;
    stoa_status rc;

    f->text[0] = 0;
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f->err), STOA_OK);
    while ((rc = sqlite_cursor_next(cursor, NULL, &batch, &f->err)) == STOA_OK) {
        CHECK(batch.length > 0 && batch.length <= f->config.batch_rows);
        if (stoa__arrow_validate(type, &batch, STOA_CHECK_FULL, &f->err) != STOA_OK)
            CHECK_TEXT(f->err.text, "");
        add_rows(f, type, &batch);
        batch.release(&batch);
    }
    if (rc != STOA_DONE)
        CHECK_TEXT(f->err.text, "");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f->err), STOA_DONE);
    sqlite_cursor_close(cursor);
    return f->text;
}

static inline const char *rows(struct fixture *f, const char *sql)
{
    return drain(f, query(f, sql));
}

static inline const char *types(struct fixture *f, const char *sql)
{
    struct sqlite_cursor *cursor = query(f, sql);
    const struct stoa__arrow_type *type;

    if (sqlite_cursor_type(cursor, NULL, &type, &f->err) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    type_text(f, type);
    sqlite_cursor_close(cursor);
    return f->text;
}

/* The failure of a query: at execute, or while it is read. */
static inline stoa_status failure(struct fixture *f, const char *sql)
{
    struct ArrowArray batch;
    void *cursor = NULL;
    stoa_status rc = sqlite_query_owned(f->session, NULL, sql, strlen(sql), NULL,
                                        &f->config, &cursor, &f->err);

    if (rc != STOA_OK)
        return rc;
    while ((rc = sqlite_cursor_next(cursor, NULL, &batch, &f->err)) == STOA_OK)
        batch.release(&batch);
    sqlite_cursor_close(cursor);
    return rc;
}

#endif
