/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test of an engine needs of the public interface, in one line each. Calls that must
 * succeed say what went wrong and end the test; those named try answer the status.
 */
#ifndef STOA_APP_H
#define STOA_APP_H

#include "stoa.h"
#include "test.h"

#define NO_OP ((stoa_op){0})

static inline void app_must(stoa_status rc, const stoa_error *err, const char *what)
{
    if (rc >= 0)
        return;
    printf("# %s: %s: %s\n", what, stoa_status_name(rc), err->text);
    test_fail();
}

/* Settings as "key=value key=value", or NULL. */
enum { APP_OPTION_COUNT = 8, APP_TEXT_SIZE = 512 };

static inline int64_t app_options(const char *text, char copy[APP_TEXT_SIZE],
                                  stoa_option options[APP_OPTION_COUNT])
{
    int64_t count = 0;
    char *rest = NULL;

    (void)snprintf(copy, APP_TEXT_SIZE, "%s", text ? text : "");
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(at, '=');

        CHECK(equals && count < APP_OPTION_COUNT);
        *equals = '\0';
        options[count++] = (stoa_option){at, equals + 1};
    }
    return count;
}

static inline stoa_status app_try_open(const char *target, const char *settings, stoa_db *db,
                                       stoa_error *err)
{
    char copy[APP_TEXT_SIZE];
    stoa_option options[APP_OPTION_COUNT];
    const int64_t count = app_options(settings, copy, options);

    return stoa_open(NO_OP, target, STOA_NUL, options, count, db, err);
}

static inline stoa_db app_open(const char *target, const char *settings)
{
    stoa_error err;
    stoa_db db;

    app_must(app_try_open(target, settings, &db, &err), &err, target);
    return db;
}

static inline stoa_conn app_connect(stoa_db db)
{
    stoa_error err;
    stoa_conn conn;

    app_must(stoa_connect(db, NO_OP, NULL, 0, &conn, &err), &err, "connect");
    return conn;
}

static inline stoa_status app_try(stoa_conn conn, const char *sql, stoa_error *err)
{
    return stoa_run(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, err);
}

static inline void app_run(stoa_conn conn, const char *sql)
{
    stoa_error err;

    app_must(app_try(conn, sql, &err), &err, sql);
}

/* The first row's values as text, with '|' between; rows with newlines. Owned by the caller. */
static inline stoa_status app_try_rows(stoa_conn conn, const char *sql, char **out,
                                       stoa_error *err)
{
    stoa_result result;
    struct ArrowSchema schema;
    size_t size = 0;
    FILE *text = open_memstream(out, &size);
    stoa_status rc = stoa_query(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &result, err);

    if (rc == STOA_OK)
        rc = stoa_result_schema(result, &schema, err);
    if (rc == STOA_OK) {
        const int32_t count = (int32_t)schema.n_children;

        schema.release(&schema);
        for (int64_t row = 0; (rc = stoa_result_step(result, NO_OP, err)) == STOA_OK; row++)
            for (int32_t i = 0; i < count; i++) {
                const char *value = "NULL";
                int64_t value_size;
                int32_t null = 0;

                app_must(stoa_result_is_null(result, i, &null, err), err, sql);
                if (!null)
                    app_must(stoa_result_text(result, i, &value, &value_size, err), err, sql);
                fprintf(text, "%s%s", i > 0 ? "|" : row > 0 ? "\n" : "", value);
            }
    }
    stoa_result_close(result);
    fclose(text);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static inline char *app_rows(stoa_conn conn, const char *sql)
{
    stoa_error err;
    char *rows = NULL;

    app_must(app_try_rows(conn, sql, &rows, &err), &err, sql);
    return rows;
}

static inline void app_check_rows(stoa_conn conn, const char *sql, const char *right,
                                  const char *file, int line)
{
    char *rows = app_rows(conn, sql);

    test_check_text(rows, right, file, line, sql);
    free(rows);
}

/* What a query answers, as app_rows() writes it. */
#define CHECK_ROWS(conn, sql, right) app_check_rows((conn), (sql), (right), __FILE__, __LINE__)

static inline void app_check_fails(stoa_conn conn, const char *sql, stoa_status right,
                                   const char *part, const char *file, int line)
{
    stoa_error err = {.code = STOA_OK};
    char *rows = NULL;
    const stoa_status rc = app_try_rows(conn, sql, &rows, &err);

    free(rows);
    if (rc != right)
        printf("# %s: %s\n", stoa_status_name(rc), rc < 0 ? err.text : "no failure");
    test_check_int(rc, right, file, line, sql);
    test_check_has(err.text, part, file, line, sql);
}

/* How a statement fails. */
#define CHECK_FAILS(conn, sql, status, part)                                             \
    app_check_fails((conn), (sql), (status), (part), __FILE__, __LINE__)

static inline void app_borrowed(struct ArrowSchema *schema)
{
    (void)schema;
}

/* A function of one whole number that gives one, also in schemas. */
static inline void app_function(stoa_conn conn, const char *name, stoa_row_function row)
{
    struct ArrowSchema number = {
        .format = "l", .name = "x", .flags = ARROW_FLAG_NULLABLE, .release = app_borrowed};
    struct ArrowSchema *list[] = {&number};
    struct ArrowSchema parameters = {
        .format = "+s", .name = "", .n_children = 1, .children = list, .release = app_borrowed};
    const stoa_function_spec spec = {.struct_size = sizeof spec,
                                     .name = name,
                                     .name_size = STOA_NUL,
                                     .parameters = &parameters,
                                     .returns = &number,
                                     .flags = STOA_FUNCTION_DETERMINISTIC |
                                              STOA_FUNCTION_IN_SCHEMA,
                                     .row = row};
    stoa_function function;
    stoa_error err;

    app_must(stoa_function_register(conn, &spec, NULL, NULL, &function, &err), &err, name);
}

static inline void app_shutdown(stoa_db db)
{
    stoa_error err;

    app_must(stoa_db_shutdown(db, NO_OP, &err), &err, "shutdown");
    stoa_db_close(db);
}

/* A database with one table `t (id INTEGER PRIMARY KEY, v TEXT)` of `rows` rows, shut down. */
static inline void app_make(const char *path, const char *settings, int rows)
{
    char sql[256];
    stoa_db db = app_open(path, settings);
    stoa_conn conn = app_connect(db);

    app_run(conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO t SELECT value, 'v' || value FROM "
                   "(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n "
                   "WHERE value < %d) SELECT value FROM n)",
                   rows);
    app_run(conn, sql);
    stoa_conn_close(conn);
    app_shutdown(db);
}

#endif
