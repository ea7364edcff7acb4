/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_adbc.h"

#include "engine/adbc/adbc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct adbc_table adbc;
    struct adbc_object database, connection;
    char name[128];
};

struct peer_lookup {
    struct peer *peer;
    struct adbc_object statement;
};

static void need(uint8_t status, const struct adbc_error *error, const char *what)
{
    if (status == 0)
        return;
    fprintf(stderr, "adbc peer: %s: %s\n", what, error->message ? error->message : "failed");
    exit(1);
}

static const char *library_path(void)
{
    static char path[1024];
    const char *given = getenv("STOA_BENCH_ADBC");
    if (given)
        return given;
    FILE *file = fopen("build/bench-peers/adbc_sqlite.path", "r");
    if (!file)
        return NULL;
    bool read = fgets(path, sizeof path, file) != NULL;
    fclose(file);
    path[strcspn(path, "\n")] = '\0';
    return read ? path : NULL;
}

static bool load(struct peer *peer, const char *path)
{
    struct adbc_error error = {0};
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *found = library ? dlsym(library, "AdbcDriverInit") : NULL;
    adbc_entry entry;

    if (!found) {
        fprintf(stderr, "adbc peer: %s; run tools/setup --bench\n",
                path ? dlerror() : "it was not fetched");
        return false;
    }
    memcpy(&entry, &found, sizeof entry);
    need(entry(ADBC_VERSION_1_1, &peer->adbc, &error), &error, path);
    return true;
}

struct peer *peer_open(const char *uri)
{
    return peer_open_driver(library_path(), uri);
}

struct peer *peer_open_driver(const char *path, const char *uri)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct adbc_error error = {0};

    if (!peer || !load(peer, path)) {
        free(peer);
        return NULL;
    }
    need(peer->adbc.database_new(&peer->database, &error), &error, "database");
    need(peer->adbc.database_set(&peer->database, "uri", uri, &error), &error, "uri");
    need(peer->adbc.database_init(&peer->database, &error), &error, "database");
    need(peer->adbc.connection_new(&peer->connection, &error), &error, "connection");
    need(peer->adbc.connection_init(&peer->connection, &peer->database, &error), &error,
         "connection");
    return peer;
}

void peer_close(struct peer *peer)
{
    struct adbc_error error = {0};
    if (!peer)
        return;
    need(peer->adbc.connection_release(&peer->connection, &error), &error, "close");
    need(peer->adbc.database_release(&peer->database, &error), &error, "close");
    /* The library stays: unloading foreign code is never worth its risks. */
    free(peer);
}

static struct adbc_object new_statement(struct peer *peer)
{
    struct adbc_object statement = {0};
    struct adbc_error error = {0};
    need(peer->adbc.statement_new(&peer->connection, &statement, &error), &error, "statement");
    return statement;
}

static void end_statement(struct peer *peer, struct adbc_object *statement)
{
    struct adbc_error error = {0};
    need(peer->adbc.statement_release(statement, &error), &error, "statement");
}

static const char *first_text(struct ArrowArrayStream *stream, struct ArrowArray *batch)
{
    if (stream->get_next(stream, batch) != 0 || !batch->release)
        return "?";
    const struct ArrowArray *texts = batch->children[0];
    return (const char *)texts->buffers[2] +
           ((const int32_t *)texts->buffers[1])[texts->offset];
}

const char *peer_name(struct peer *peer)
{
    struct ArrowArrayStream stream = {0};
    struct ArrowArray batch = {0};
    peer_query(peer, "SELECT sqlite_version()", &stream);
    snprintf(peer->name, sizeof peer->name, "ADBC SQLite driver with SQLite %.7s",
             first_text(&stream, &batch));
    if (batch.release)
        batch.release(&batch);
    stream.release(&stream);
    return peer->name;
}

void peer_run(struct peer *peer, const char *sql)
{
    struct adbc_object statement = new_statement(peer);
    struct adbc_error error = {0};
    need(peer->adbc.statement_query(&statement, sql, &error), &error, sql);
    need(peer->adbc.statement_execute(&statement, NULL, NULL, &error), &error, sql);
    end_statement(peer, &statement);
}

void peer_ingest(struct peer *peer, const char *table, struct ArrowArrayStream *stream)
{
    struct adbc_object statement = new_statement(peer);
    struct adbc_error error = {0};
    int64_t rows = 0;
    need(peer->adbc.statement_set(&statement, "adbc.ingest.target_table", table, &error), &error,
         table);
    need(peer->adbc.statement_set(&statement, "adbc.ingest.mode", "adbc.ingest.mode.create",
                                  &error),
         &error, table);
    need(peer->adbc.statement_bind_stream(&statement, stream, &error), &error, table);
    need(peer->adbc.statement_execute(&statement, NULL, &rows, &error), &error, table);
    end_statement(peer, &statement);
}

void peer_query(struct peer *peer, const char *sql, struct ArrowArrayStream *out)
{
    struct adbc_object statement = new_statement(peer);
    struct adbc_error error = {0};
    need(peer->adbc.statement_query(&statement, sql, &error), &error, sql);
    need(peer->adbc.statement_execute(&statement, out, NULL, &error), &error, sql);
    /* The statement ends with the program: this driver's streams must not outlive it. */
}

struct peer_lookup *peer_lookup_open(struct peer *peer, const char *sql)
{
    struct peer_lookup *lookup = calloc(1, sizeof *lookup);
    struct adbc_error error = {0};
    if (!lookup)
        exit(1);
    lookup->peer = peer;
    lookup->statement = new_statement(peer);
    need(peer->adbc.statement_query(&lookup->statement, sql, &error), &error, sql);
    need(peer->adbc.statement_prepare(&lookup->statement, &error), &error, sql);
    return lookup;
}

static void keep_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void keep_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

int64_t peer_lookup_get(struct peer_lookup *lookup, int64_t key)
{
    struct adbc_table *adbc = &lookup->peer->adbc;
    struct adbc_error error = {0};
    const void *key_buffers[2] = {NULL, &key};
    const void *row_buffers[1] = {NULL};
    struct ArrowSchema key_schema = {.format = "l", .name = "k", .release = keep_schema};
    struct ArrowSchema *schema_children[1] = {&key_schema};
    struct ArrowSchema schema = {.format = "+s", .name = "", .n_children = 1,
                                 .children = schema_children, .release = keep_schema};
    struct ArrowArray key_array = {.length = 1, .n_buffers = 2, .buffers = key_buffers,
                                   .release = keep_array};
    struct ArrowArray *children[1] = {&key_array};
    struct ArrowArray row = {.length = 1, .n_buffers = 1, .buffers = row_buffers,
                             .n_children = 1, .children = children, .release = keep_array};
    struct ArrowArrayStream stream = {0};
    struct ArrowArray batch = {0};

    need(adbc->statement_bind(&lookup->statement, &row, &schema, &error), &error, "bind");
    need(adbc->statement_execute(&lookup->statement, &stream, NULL, &error), &error, "get");
    if (stream.get_next(&stream, &batch) != 0 || !batch.release || batch.length != 1) {
        fprintf(stderr, "adbc peer: key %lld gave no row\n", (long long)key);
        exit(1);
    }
    const struct ArrowArray *first = batch.children[0];
    int64_t value = ((const int64_t *)first->buffers[1])[first->offset];
    batch.release(&batch);
    stream.release(&stream);
    return value;
}

void peer_lookup_close(struct peer_lookup *lookup)
{
    end_statement(lookup->peer, &lookup->statement);
    free(lookup);
}
