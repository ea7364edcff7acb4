/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that misbehaves on request. The option `uri` of its database says how, in words behind
 * commas; without one it behaves. Its tables are numbers of rows; one called t is there from the
 * beginning, and can be made once more. It knows these statements:
 *
 *   rows N          N rows 0, 1, 2 ... of one int64 column n, ten a batch
 *   count           how many rows t has
 *   tables          how many tables there are
 *   batches         how many batches the last ingest had
 *   slow            runs until it is cancelled
 *   wrong           fails, with all there is to an error
 *   put ?, ?        adds the rows that are bound to t
 *   INSERT INTO "a" (...) SELECT ... FROM "b"
 *   ALTER TABLE "a" RENAME TO "b"
 *   DROP TABLE "a"
 *
 * Anything else does nothing. Entry points: AdbcDriverInit (1.1), BadOldInit (1.0 alone),
 * BadEmptyInit (functions are missing), BadRefusingInit. With GO_NOTE defined it looks as if Go had
 * built it.
 */
#include "engine/adbc/adbc.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT adbc_status AdbcDriverInit(int version, void *table, adbc_error *error);
EXPORT adbc_status BadOldInit(int version, void *table, adbc_error *error);
EXPORT adbc_status BadEmptyInit(int version, void *table, adbc_error *error);
EXPORT adbc_status BadRefusingInit(int version, void *table, adbc_error *error);
/* Late pulls that are over. */
EXPORT _Atomic int bad_late_pulls;
_Atomic int bad_late_pulls;

#ifdef GO_NOTE
/* What marks a library that Go has built. */
struct go_note {
    uint32_t owner_size, content_size, type;
    char owner[4], content[4];
};
__attribute__((section(".note.go.buildid"), used, aligned(4)))
static const struct go_note go_note = {3, 4, 4, "Go", "no"};
#endif

enum { BATCH_ROWS = 10, TABLE_COUNT = 8, NAME_SIZE = 64 };

struct tables {
    struct {
        char name[NAME_SIZE]; /* "": none. */
        int64_t rows;
    } list[TABLE_COUNT];
};
struct database {
    char mode[64];
    char *all; /* The whole option. */
    struct tables tables; /* Committed. */
    int64_t batches;
};
struct connection {
    struct database *database;
    struct tables tables; /* As seen by the transaction. */
    bool open;            /* Autocommit is off. */
};
struct statement {
    struct connection *connection;
    char sql[256];
    char mode[64];
    char table[NAME_SIZE];
    struct ArrowArrayStream bound;
    bool ingests;
    _Atomic bool cancelled;
};

static bool is(const struct database *database, const char *mode)
{
    size_t size = strlen(mode);

    for (const char *at = database->mode;; at++) {
        if (strcspn(at, ",") == size && strncmp(at, mode, size) == 0)
            return true;
        at = strchr(at, ',');
        if (!at)
            return false;
    }
}

static void *need(void *piece)
{
    if (!piece)
        abort();
    return piece;
}

/* The tables a statement works on. */
static struct tables *tables_of(struct connection *connection)
{
    return connection->open ? &connection->tables : &connection->database->tables;
}

/* Its place; -1: there is none. */
static int find_table(const struct tables *tables, const char *name)
{
    for (int i = 0; i < TABLE_COUNT; i++)
        if (strcmp(tables->list[i].name, name) == 0)
            return i;
    return -1;
}

static int add_table(struct tables *tables, const char *name)
{
    int place = find_table(tables, "");

    if (place < 0)
        abort();
    (void)snprintf(tables->list[place].name, NAME_SIZE, "%s", name);
    tables->list[place].rows = 0;
    return place;
}

/* ---- errors ---- */

static void release_error(adbc_error *error)
{
    free(error->message);
    error->message = NULL;
    error->release = NULL;
}

static adbc_status fail(adbc_error *error, adbc_status status, const char *text)
{
    if (!error)
        return status;
    if (error->release)
        error->release(error);
    error->message = need(strdup(text));
    error->release = release_error;
    return status;
}

static int detail_count(const adbc_error *error)
{
    return error->message && strstr(error->message, "detailed") ? 2 : 0;
}

static struct adbc_detail detail(const adbc_error *error, int index)
{
    (void)error;
    if (index == 0)
        return (struct adbc_detail){"bad.reason", (const uint8_t *)"on request", 10};
    return (struct adbc_detail){"bad.bytes", (const uint8_t *)"\1\2", 2};
}

/* ---- databases and connections ---- */

static adbc_status database_new(adbc_object *self, adbc_error *error)
{
    struct database *database = need(calloc(1, sizeof(*database)));

    (void)error;
    (void)add_table(&database->tables, "t");
    self->state = database;
    return ADBC_OK;
}

static adbc_status database_set(adbc_object *self, const char *key, const char *value,
                                adbc_error *error)
{
    struct database *database = self->state;

    if (strcmp(key, "uri") == 0) {
        (void)snprintf(database->mode, sizeof(database->mode), "%s", value);
        free(database->all);
        database->all = need(strdup(value));
        return ADBC_OK;
    }
    if (strcmp(key, "password") == 0)
        return ADBC_OK;
    return fail(error, ADBC_NOT_IMPLEMENTED, "there is no such option");
}

static adbc_status database_init(adbc_object *self, adbc_error *error)
{
    struct database *database = self->state;

    if (is(database, "init_fails"))
        return fail(error, ADBC_IO, "the database is not there");
    if (strncmp(database->mode, "secret", 6) == 0)
        return fail(error, ADBC_UNAUTHENTICATED,
                    "user 'bob' with password 'hunter22' was refused");
    if (is(database, "text_on_success"))
        (void)fail(error, ADBC_IO, "never mind");
    return ADBC_OK;
}

static adbc_status database_release(adbc_object *self, adbc_error *error)
{
    struct database *database = self->state;

    if (!database)
        return fail(error, ADBC_INVALID_STATE, "released twice");
    free(database->all);
    free(database);
    self->state = NULL;
    return ADBC_OK;
}

static adbc_status connection_new(adbc_object *self, adbc_error *error)
{
    (void)error;
    self->state = need(calloc(1, sizeof(struct connection)));
    return ADBC_OK;
}

static adbc_status connection_init(adbc_object *self, adbc_object *database, adbc_error *error)
{
    struct connection *connection = self->state;

    connection->database = database->state;
    if (is(connection->database, "connect_fails"))
        return fail(error, ADBC_IO, "nobody answers");
    return ADBC_OK;
}

static adbc_status connection_release(adbc_object *self, adbc_error *error)
{
    if (!self->state)
        return fail(error, ADBC_INVALID_STATE, "released twice");
    free(self->state);
    self->state = NULL;
    return ADBC_OK;
}

static adbc_status connection_set(adbc_object *self, const char *key, const char *value,
                                  adbc_error *error)
{
    struct connection *connection = self->state;

    if (strcmp(key, "adbc.connection.autocommit") != 0 ||
        is(connection->database, "no_transactions"))
        return fail(error, ADBC_NOT_IMPLEMENTED, "not that");
    if (strcmp(value, "false") == 0)
        connection->tables = connection->database->tables;
    else if (connection->open)
        connection->database->tables = connection->tables;
    connection->open = strcmp(value, "false") == 0;
    return ADBC_OK;
}

static adbc_status connection_commit(adbc_object *self, adbc_error *error)
{
    struct connection *connection = self->state;

    if (is(connection->database, "commit_fails"))
        return fail(error, ADBC_IO, "the disk is full");
    connection->database->tables = connection->tables;
    return ADBC_OK;
}

static adbc_status connection_rollback(adbc_object *self, adbc_error *error)
{
    struct connection *connection = self->state;

    (void)error;
    connection->tables = connection->database->tables;
    return ADBC_OK;
}

static void release_plain_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static adbc_status connection_table_schema(adbc_object *self, const char *catalog,
                                           const char *schema, const char *table,
                                           struct ArrowSchema *out, adbc_error *error)
{
    struct connection *connection = self->state;

    (void)catalog;
    (void)schema;
    if (is(connection->database, "no_table_schema"))
        return fail(error, ADBC_NOT_IMPLEMENTED, "not that");
    if (find_table(tables_of(connection), table) < 0)
        return fail(error, ADBC_NOT_FOUND, "there is no such table");
    *out = (struct ArrowSchema){.format = "+s", .name = "", .release = release_plain_schema};
    return ADBC_OK;
}

/* ---- results ---- */

struct result {
    struct statement *statement; /* Gone when the statement is: as real drivers have it. */
    struct database *database;
    int64_t next, end;
    bool slow;
};

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        free(schema->children[i]);
    free(schema->children);
    schema->release = NULL;
}

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static int result_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct result *result = stream->private_data;

    if (is(result->database, "schema_fails"))
        return EIO;
    *out = (struct ArrowSchema){.format = "+s", .name = "", .release = release_schema};
    if (is(result->database, "not_a_struct")) {
        out->format = "l";
        return 0;
    }
    out->n_children = 1;
    out->children = need(calloc(1, sizeof(*out->children)));
    out->children[0] = need(calloc(1, sizeof(**out->children)));
    *out->children[0] = (struct ArrowSchema){
        .format = is(result->database, "odd_format") ? "what?" : "l",
        .name = "n",
        .flags = ARROW_FLAG_NULLABLE,
        .release = keep_schema};
    return 0;
}

static void release_array(struct ArrowArray *array)
{
    struct ArrowArray *child = array->n_children > 0 ? array->children[0] : NULL;

    if (child) {
        free((void *)(uintptr_t)child->buffers[1]);
        free(child->buffers);
        free(child);
    }
    free(array->children);
    free(array->buffers);
    array->release = NULL; /* And nothing else: lengths stay, as real drivers leave them. */
}

static void keep_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void make_batch(struct result *result, int64_t rows, struct ArrowArray *out)
{
    struct ArrowArray *child = need(calloc(1, sizeof(*child)));
    int64_t *values = need(calloc((size_t)rows + 1, sizeof(*values)));

    for (int64_t i = 0; i < rows; i++)
        values[i] = result->next + i;
    *child = (struct ArrowArray){.length = rows, .n_buffers = 2, .release = keep_array};
    child->buffers = need(calloc(2, sizeof(*child->buffers)));
    child->buffers[1] = values;
    *out = (struct ArrowArray){
        .length = rows, .n_buffers = 1, .n_children = 1, .release = release_array};
    out->buffers = need(calloc(1, sizeof(*out->buffers)));
    out->children = need(calloc(1, sizeof(*out->children)));
    out->children[0] = child;
    if (is(result->database, "short_child"))
        child->length = rows - 1;
    if (is(result->database, "negative_length"))
        out->length = -1;
    if (is(result->database, "missing_buffers"))
        child->n_buffers = 0;
    if (is(result->database, "huge_offset"))
        out->offset = INT64_MAX;
}

static int result_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct result *result = stream->private_data;
    int64_t rows = result->end - result->next;

    *out = (struct ArrowArray){0};
    while (result->slow && !result->statement->cancelled)
        (void)usleep(1000);
    if (result->slow)
        return is(result->database, "cancel_oddly") ? EPERM : ECANCELED;
    if (is(result->database, "stream_fails") && result->next >= 2 * BATCH_ROWS)
        return EIO;
    if (rows <= 0)
        return 0;
    if (rows > BATCH_ROWS)
        rows = BATCH_ROWS;
    make_batch(result, rows, out);
    result->next += rows;
    return 0;
}

static const char *result_error(struct ArrowArrayStream *stream)
{
    struct result *result = stream->private_data;

    return is(result->database, "stream_fails") ? "the tape is torn" : NULL;
}

static void result_release(struct ArrowArrayStream *stream)
{
    free(stream->private_data);
    stream->release = NULL;
}

static adbc_status give(struct statement *statement, int64_t begin, int64_t end, bool slow,
                        struct ArrowArrayStream *out)
{
    struct result *result = need(calloc(1, sizeof(*result)));

    *result = (struct result){statement, statement->connection->database, begin, end, slow};
    *out = (struct ArrowArrayStream){.get_schema = result_schema,
                                     .get_next = result_next,
                                     .get_last_error = result_error,
                                     .release = result_release,
                                     .private_data = result};
    return ADBC_OK;
}

/* ---- statements ---- */

static adbc_status statement_new(adbc_object *connection, adbc_object *self, adbc_error *error)
{
    struct connection *owner = connection->state;
    struct statement *statement;

    (void)error;
    if (is(owner->database, "no_state"))
        return ADBC_OK;
    statement = need(calloc(1, sizeof(*statement)));
    statement->connection = owner;
    (void)snprintf(statement->table, sizeof(statement->table), "t");
    self->state = statement;
    return ADBC_OK;
}

static adbc_status statement_release(adbc_object *self, adbc_error *error)
{
    struct statement *statement = self->state;

    if (!statement)
        return fail(error, ADBC_INVALID_STATE, "released twice");
    if (statement->bound.release)
        statement->bound.release(&statement->bound);
    memset(statement, 0x5a, sizeof(*statement));
    free(statement);
    self->state = NULL;
    return ADBC_OK;
}

static adbc_status statement_set(adbc_object *self, const char *key, const char *value,
                                 adbc_error *error)
{
    struct statement *statement = self->state;

    if (!key || !value)
        abort();
    if (strncmp(key, "adbc.ingest.", 12) != 0)
        return fail(error, ADBC_NOT_IMPLEMENTED, "not that");
    statement->ingests = true;
    if (strcmp(key, "adbc.ingest.target_table") == 0)
        (void)snprintf(statement->table, sizeof(statement->table), "%s", value);
    if (strcmp(key, "adbc.ingest.mode") == 0)
        (void)snprintf(statement->mode, sizeof(statement->mode), "%s", value);
    return ADBC_OK;
}

static adbc_status statement_query(adbc_object *self, const char *sql, adbc_error *error)
{
    struct statement *statement = self->state;

    (void)error;
    if (!sql)
        abort();
    (void)snprintf(statement->sql, sizeof(statement->sql), "%s", sql);
    return ADBC_OK;
}

static adbc_status statement_bind_stream(adbc_object *self, struct ArrowArrayStream *stream,
                                         adbc_error *error)
{
    struct statement *statement = self->state;

    if (is(statement->connection->database, "bind_fails"))
        return fail(error, ADBC_INTERNAL, "it does not fit");
    statement->bound = *stream;
    stream->release = NULL;
    return ADBC_OK;
}

struct reading {
    struct ArrowArrayStream *stream;
    int64_t rows, batches;
    int batches_max, code;
};

/* Reads the producer's rows; a failure ends it. */
static void *read_rows(void *argument)
{
    struct reading *reading = argument;
    struct ArrowSchema schema = {0};
    int batches = 0;

    reading->code = reading->stream->get_schema(reading->stream, &schema);
    if (reading->code == 0)
        schema.release(&schema);
    while (reading->code == 0 && batches++ < reading->batches_max) {
        struct ArrowArray batch;

        reading->code = reading->stream->get_next(reading->stream, &batch);
        if (reading->code != 0 || !batch.release)
            break;
        reading->rows += batch.length;
        reading->batches++;
        batch.release(&batch);
    }
    return NULL;
}

/* Pulls once more, long after it may. */
static void *pull_late(void *argument)
{
    struct ArrowArrayStream *stream = argument;
    struct ArrowArray batch = {0};

    (void)usleep(50000);
    if (stream->get_next(stream, &batch) == 0 && batch.release)
        abort();
    stream->release(stream);
    free(stream);
    atomic_fetch_add(&bad_late_pulls, 1);
    return NULL;
}

static void start_late_pull(struct statement *statement)
{
    struct ArrowArrayStream *stream = need(malloc(sizeof(*stream)));
    pthread_t thread;

    *stream = statement->bound;
    statement->bound.release = NULL;
    if (pthread_create(&thread, NULL, pull_late, stream) != 0)
        abort();
    (void)pthread_detach(thread);
}

static adbc_status ingest(struct statement *statement, int64_t *rows, adbc_error *error)
{
    struct connection *connection = statement->connection;
    struct database *database = connection->database;
    struct tables *tables = tables_of(connection);
    struct reading reading = {.stream = &statement->bound, .batches_max = INT32_MAX};
    pthread_t thread;
    int place;

    if (!statement->bound.release)
        return fail(error, ADBC_INVALID_STATE, "nothing is bound");
    if (is(database, "stops_early"))
        reading.batches_max = 1;
    if (is(database, "pulls_elsewhere")) {
        if (pthread_create(&thread, NULL, read_rows, &reading) != 0)
            abort();
        (void)pthread_join(thread, NULL);
    } else {
        (void)read_rows(&reading);
    }
    database->batches = reading.batches;
    place = find_table(tables, statement->table);
    if (place < 0)
        place = add_table(tables, statement->table);
    if (strcmp(statement->mode, "adbc.ingest.mode.replace") == 0)
        tables->list[place].rows = 0;
    tables->list[place].rows += reading.rows;
    if (rows)
        *rows = is(database, "wrong_count") ? reading.rows + 1 : reading.rows;
    if (is(database, "pulls_late"))
        start_late_pull(statement);
    if (reading.code != 0 && !is(database, "ignores_producer"))
        return fail(error, ADBC_IO, "the producer failed");
    if (is(database, "fails_after_rows"))
        return fail(error, ADBC_INTEGRITY, "a key is there twice");
    return ADBC_OK;
}

static adbc_status wrong(adbc_error *error)
{
    adbc_status status =
        fail(error, ADBC_INVALID_ARGUMENT, "a detailed failure with a bad byte \xff\nand a line");

    if (error)
        memcpy(error->sqlstate, "42P01", 5);
    return status;
}

/* The name that begins with the quote at `text`. */
static void quoted(const char *text, char *out)
{
    size_t size = text ? strcspn(text + 1, "\"") : 0;

    if (size >= NAME_SIZE)
        abort();
    if (text)
        memcpy(out, text + 1, size);
    out[size] = '\0';
}

static const char *last_quoted(const char *text)
{
    const char *found = NULL;

    for (const char *at = strchr(text, '"'); at; at = strchr(at + 1, '"')) {
        found = at;
        at = strchr(at + 1, '"');
        if (!at)
            break;
    }
    return found;
}

/* The statements that stages are made of. */
static adbc_status define(struct statement *statement, adbc_error *error)
{
    struct tables *tables = tables_of(statement->connection);
    const struct database *database = statement->connection->database;
    static const char *const verbs[] = {"INSERT INTO ", "ALTER TABLE ", "DROP TABLE "};
    char first[NAME_SIZE] = "", second[NAME_SIZE] = "";
    bool known = false;
    int a, b;

    for (int i = 0; i < 3; i++)
        known = known || strncmp(statement->sql, verbs[i], strlen(verbs[i])) == 0;
    if (!known)
        return ADBC_OK;
    quoted(strchr(statement->sql, '"'), first);
    if (statement->sql[0] != 'D')
        quoted(last_quoted(statement->sql), second);
    a = find_table(tables, first);
    b = second[0] != '\0' ? find_table(tables, second) : -1;
    if (a < 0)
        return fail(error, ADBC_NOT_FOUND, "there is no such table");
    if (statement->sql[0] == 'D') {
        tables->list[a].name[0] = '\0';
    } else if (statement->sql[0] == 'I') {
        if (is(database, "no_copy") || b < 0)
            return fail(error, ADBC_INTEGRITY, "a key is there twice");
        tables->list[a].rows += tables->list[b].rows;
    } else if (b >= 0 || (is(database, "no_rename") && strcmp(second, "t") == 0 &&
                          strncmp(first, "stoa_old_", 9) != 0)) {
        return fail(error, ADBC_INTERNAL, "it cannot be called that");
    } else {
        (void)snprintf(tables->list[a].name, NAME_SIZE, "%s", second);
    }
    return ADBC_OK;
}

static adbc_status statement_execute(adbc_object *self, struct ArrowArrayStream *out,
                                     int64_t *rows, adbc_error *error)
{
    struct statement *statement = self->state;
    struct connection *connection = statement->connection;
    int64_t count;

    if (rows)
        *rows = -1;
    if (statement->ingests || strncmp(statement->sql, "put ", 4) == 0)
        return ingest(statement, rows, error);
    if (strcmp(statement->sql, "wrong") == 0)
        return wrong(error);
    if (strcmp(statement->sql, "slow") == 0 && !out) {
        while (!statement->cancelled)
            (void)usleep(1000);
        return fail(error, ADBC_INVALID_ARGUMENT, "interrupted");
    }
    if (!out || is(connection->database, "no_stream"))
        return define(statement, error);
    if (sscanf(statement->sql, "rows %ld", &count) == 1)
        return give(statement, 0, count, false, out);
    if (strcmp(statement->sql, "slow") == 0)
        return give(statement, 0, 1, true, out);
    if (strcmp(statement->sql, "count") == 0) {
        int place = find_table(tables_of(connection), "t");

        count = place < 0 ? -1 : tables_of(connection)->list[place].rows;
        return give(statement, count, count + 1, false, out);
    }
    if (strcmp(statement->sql, "batches") == 0)
        return give(statement, connection->database->batches, connection->database->batches + 1,
                    false, out);
    if (strcmp(statement->sql, "tables") == 0) {
        count = 0;
        for (int i = 0; i < TABLE_COUNT; i++)
            count += tables_of(connection)->list[i].name[0] != '\0';
        return give(statement, count, count + 1, false, out);
    }
    return give(statement, 0, 0, false, out);
}

static adbc_status statement_cancel(adbc_object *self, adbc_error *error)
{
    struct statement *statement = self->state;

    (void)error;
    statement->cancelled = true;
    return ADBC_OK;
}

/* ---- entry points ---- */

static void fill(struct adbc_table *table)
{
    table->database_new = database_new;
    table->database_set = database_set;
    table->database_init = database_init;
    table->database_release = database_release;
    table->connection_new = connection_new;
    table->connection_init = connection_init;
    table->connection_release = connection_release;
    table->connection_set = connection_set;
    table->connection_commit = connection_commit;
    table->connection_rollback = connection_rollback;
    table->connection_table_schema = connection_table_schema;
    table->statement_new = statement_new;
    table->statement_release = statement_release;
    table->statement_set = statement_set;
    table->statement_query = statement_query;
    table->statement_bind_stream = statement_bind_stream;
    table->statement_execute = statement_execute;
}

adbc_status AdbcDriverInit(int version, void *table, adbc_error *error)
{
    struct adbc_table *out = table;

    if (version != ADBC_VERSION_1_1)
        return fail(error, ADBC_NOT_IMPLEMENTED, "1.1 alone");
    fill(out);
    out->statement_cancel = statement_cancel;
    out->error_detail_count = detail_count;
    out->error_detail = detail;
    return ADBC_OK;
}

/* It does not look behind 232 bytes, and leaves a text in an error that does not matter. */
adbc_status BadOldInit(int version, void *table, adbc_error *error)
{
    if (version != ADBC_VERSION_1_0)
        return fail(error, ADBC_NOT_IMPLEMENTED, "1.0 alone");
    fill(table);
    (void)fail(error, ADBC_IO, "never mind");
    /* A careless one writes on; what it wrote must not be called. */
    memset((char *)table + ADBC_TABLE_SIZE_1_0, 0x5a, 64);
    return ADBC_OK;
}

adbc_status BadEmptyInit(int version, void *table, adbc_error *error)
{
    struct adbc_table *out = table;

    (void)version;
    (void)error;
    fill(out);
    out->statement_execute = NULL;
    return ADBC_OK;
}

adbc_status BadRefusingInit(int version, void *table, adbc_error *error)
{
    (void)version;
    (void)table;
    return fail(error, ADBC_INTERNAL, "not today");
}
