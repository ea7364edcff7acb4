/* SPDX-License-Identifier: Apache-2.0 */
/* Long writes are cancelled on their way: nothing of them is left, and the connection works on. */
#include "collection/write_kit.h"

#include <sys/stat.h>

enum { MANY = 50000, STOP_AT = 1000 };

static stoa_db db;
static stoa_conn conn;
static stoa_op running;
static int64_t rows_run;

/* Called for each row that is inserted; cancels at one of them. */
static stoa_status stopping(void *self, const stoa_rows *arguments, stoa_value *out,
                            const uint8_t **bytes, stoa_error *error)
{
    (void)self;
    (void)bytes;
    *out = arguments->values[0];
    return ++rows_run == STOP_AT ? stoa_op_cancel(running, error) : STOA_OK;
}

static void borrowed(struct ArrowSchema *schema)
{
    (void)schema;
}

static void open_stopping(void)
{
    static const char format[] = "l";
    struct ArrowSchema one = {
        .format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE, .release = borrowed};
    struct ArrowSchema *list[] = {&one};
    struct ArrowSchema parameters = {
        .format = "+s", .name = "", .n_children = 1, .children = list, .release = borrowed};
    const stoa_function_spec spec = {.struct_size = sizeof spec,
                                     .name = "stopping",
                                     .name_size = STOA_NUL,
                                     .parameters = &parameters,
                                     .returns = &one,
                                     .flags = STOA_FUNCTION_IN_SCHEMA,
                                     .row = stopping};
    stoa_function function;

    db = app_open(":memory:", NULL);
    conn = app_connect(db);
    app_must(stoa_function_register(conn, &spec, NULL, NULL, &function, &kit_error), &kit_error,
             "function");
    app_run(conn, KIT_SCHEMA "ALTER TABLE Orchard ADD COLUMN note INTEGER CHECK (stopping(id) > 0);"
                             "INSERT INTO Orchard(label) VALUES ('first')");
    app_must(stoa_op_open(-1, NULL, NULL, NULL, &running, &kit_error), &kit_error, "op");
    rows_run = 0;
}

static void check_stopped(stoa_status rc)
{
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    if (rows_run < STOP_AT || rows_run >= MANY)
        printf("# %lld rows\n", (long long)rows_run);
    CHECK(rows_run >= STOP_AT && rows_run < MANY);
    CHECK_ROWS(conn, "SELECT id, label FROM Orchard", "1|first");
    CHECK_ROWS(conn, "PRAGMA user_version", "0");
    CHECK_INT(kit_made(conn, "Orchard", "label='next'"), 2);
    stoa_op_close(running);
    stoa_conn_close(conn);
    stoa_db_close(db);
}

/* MANY rows of a format with one number. */
static char *rows_of(const char *before, const char *between, const char *after)
{
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);

    for (int i = 0; i < MANY; i++)
        fprintf(text, "%se%d%s%s", before, i, after, i + 1 < MANY ? between : "");
    fclose(text);
    return out;
}

static void many_are_not_created(void)
{
    char *rows = rows_of("{\"label\":\"", ";", "\"}");
    struct ArrowArrayStream stream;

    open_stopping();
    stream = kit_stream("label:u", rows, -1);
    check_stopped(stoa_elements_create(conn, running, "Orchard", STOA_NUL, &stream, NULL,
                                       &kit_error));
    CHECK(stream.release != NULL); /* It was not taken. */
    stream.release(&stream);
    free(rows);
}

static void write_text(const char *path, const char *head, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK(file && fprintf(file, "%s%s", head, text) > 0 && fclose(file) == 0);
}

static void a_file_is_not_imported(void)
{
    static const char *const modes[] = {"append", "merge", "replace"};
    char *path = test_path("many.csv"), *rows = rows_of("", "\n", "");

    write_text(path, "label\n", rows);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const stoa_option options[] = {{"columns", "some"}, {"mode", modes[i]}};

        open_stopping();
        check_stopped(stoa_collection_import_csv(conn, running, "Orchard", STOA_NUL,
                                                 STOA_GROUP_ANY, NULL, 0, path, STOA_NUL, options,
                                                 2, NULL, NULL, &kit_error));
    }
    free(rows);
    free(path);
}

static void versions_are_not_passed(void)
{
    char *folder = test_path("steps"), path[1024];

    CHECK_INT(mkdir(folder, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/1", folder);
    CHECK_INT(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/1/up.sql", folder);
    write_text(path, "CREATE TABLE Crop (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL);",
               "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000) "
               "INSERT INTO Orchard(label) SELECT 'e' || n FROM c");
    open_stopping();
    check_stopped(stoa_collection_migrate(conn, running, folder, STOA_NUL, -1, NULL, 0, NULL,
                                          &kit_error));
    free(folder);
}

TEST_MAIN({"many are not created", many_are_not_created},
          {"a file is not imported", a_file_is_not_imported},
          {"versions are not passed", versions_are_not_passed})
