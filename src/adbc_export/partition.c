/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions. A query has one, which is its text: whoever has a connection to the same database
 * reads the rows with it, in this process or another. It may come from anywhere, so only what says
 * that it reads is run.
 *
 *   0   "STOAPART"
 *   8   version, 1           uint32, little-endian like the others
 *   12  bytes of the text    uint32
 *   16  hash of the text     uint64
 *   24  the text
 */
#include "adbc_export/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/hash.h"
#include "text/sql.h"

#include <string.h>

#include "base/ban.h"

enum { VERSION = 1, VERSION_AT = 8, SIZE_AT = 12, HASH_AT = 16, TEXT_AT = 24 };
static const char magic[] = "STOAPART";

static void put(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

/* ---- what only reads ---- */

static uint32_t dialect_of(stoa_db db)
{
    char engine[32] = "";

    if (stoa_db_property(db, "engine", STOA_NUL, engine, sizeof engine, NULL, NULL) == STOA_OK &&
        strcmp(engine, "sqlite") == 0)
        return STOA__SQL_SQLITE;
    return strcmp(engine, "duckdb") == 0 ? STOA__SQL_DUCKDB : STOA__SQL_POSTGRES;
}

static bool is_any(const struct stoa__sql_token *token, const char *const *words)
{
    while (*words && !stoa__sql_is(token, *words))
        words++;
    return *words != NULL;
}

/* One statement that begins as a query, and nowhere writes: not SELECT INTO, nor WITH ... DELETE.
 * What the functions do that it calls is not known. */
static bool only_reads(stoa_db db, const char *sql, size_t size)
{
    static const char *const beginning[] = {"SELECT", "VALUES", "TABLE", "FROM", "WITH", NULL};
    static const char *const writing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", NULL};
    struct stoa__sql_token token;
    stoa__sql scan;
    bool with, ended = false;

    stoa__sql_init(&scan, sql, size, dialect_of(db));
    stoa__sql_next_solid(&scan, &token);
    if (!is_any(&token, beginning))
        return false;
    with = stoa__sql_is(&token, "WITH");
    while (token.kind != STOA__SQL_END) {
        stoa__sql_next_solid(&scan, &token);
        if (stoa__sql_is(&token, "INTO") || (with && is_any(&token, writing)) ||
            (ended && token.kind != STOA__SQL_END))
            return false;
        ended = token.kind == STOA__SQL_SEMICOLON;
    }
    return true;
}

static AdbcStatusCode check_reads(stoa_db db, const char *sql, size_t size,
                                  struct AdbcError *error)
{
    return only_reads(db, sql, size)
               ? ADBC_STATUS_OK
               : stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT,
                                   "only a query that does nothing but read has partitions");
}

/* ---- making one ---- */

/* One allocation: the lists of one partition, and its bytes. */
struct owned {
    const uint8_t *list[1];
    size_t sizes[1];
    uint8_t bytes[];
};

static void release(struct AdbcPartitions *partitions)
{
    stoa__free(partitions->private_data);
    *partitions = (struct AdbcPartitions){0};
}

static stoa_status make(const char *sql, struct AdbcPartitions *out, stoa_error *err)
{
    size_t size = strlen(sql);
    struct owned *owned;

    if (size > UINT32_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "the query is too long to be a partition");
    owned = stoa__alloc_zero(1, sizeof *owned + TEXT_AT + size);
    if (!owned)
        return stoa__fail_nomem(err);
    memcpy(owned->bytes, magic, VERSION_AT);
    put(owned->bytes + VERSION_AT, VERSION, 4);
    put(owned->bytes + SIZE_AT, size, 4);
    put(owned->bytes + HASH_AT, stoa__hash(sql, size, 0), 8);
    memcpy(owned->bytes + TEXT_AT, sql, size);
    owned->list[0] = owned->bytes;
    owned->sizes[0] = TEXT_AT + size;
    *out = (struct AdbcPartitions){1, owned->list, owned->sizes, owned, release};
    return STOA_OK;
}

static AdbcStatusCode check(struct driver_statement *statement, struct AdbcError *error)
{
    if (statement->state == DRIVER_INGEST)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE, "an ingest has no partitions");
    if (statement->state == DRIVER_EMPTY)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_STATE,
                                 "there is nothing to execute: no query is set");
    if (driver_is_bound(statement))
        return stoa__driver_unsupported(error, "partitions of bound data");
    return check_reads(driver_connection_of(statement)->db, statement->sql,
                       strlen(statement->sql), error);
}

static AdbcStatusCode execute(struct driver_statement *statement, struct ArrowSchema *schema,
                              struct AdbcPartitions *partitions, struct AdbcError *error)
{
    AdbcStatusCode status = check(statement, error);
    struct ArrowSchema described = {0};
    stoa_error failure;
    stoa_status rc;

    if (status != ADBC_STATUS_OK)
        return status;
    rc = stoa__driver_describe(statement, &described, &failure);
    if (rc == STOA_OK)
        rc = make(statement->sql, partitions, &failure);
    if (rc == STOA_OK && schema)
        *schema = described;
    else if (described.release)
        described.release(&described);
    return rc == STOA_OK ? status : stoa__driver_fail_stoa(error, &failure);
}

AdbcStatusCode stoa__driver_execute_partitions(struct AdbcStatement *self,
                                               struct ArrowSchema *schema,
                                               struct AdbcPartitions *partitions, int64_t *rows,
                                               struct AdbcError *error)
{
    struct driver_statement *statement;
    AdbcStatusCode status;

    if (schema)
        *schema = (struct ArrowSchema){0};
    if (rows)
        *rows = -1;
    if (!partitions)
        return stoa__driver_fail_null(error, "partitions");
    *partitions = (struct AdbcPartitions){0};
    status = stoa__driver_enter_statement(self, &statement, error);
    if (status != ADBC_STATUS_OK)
        return status;
    return stoa__driver_leave(&statement->node, execute(statement, schema, partitions, error));
}

/* ---- reading one ---- */

/* Its text, borrowed; NULL: these bytes are none. */
static const char *text_of(const uint8_t *bytes, size_t size, size_t *text_size)
{
    if (size < TEXT_AT || memcmp(bytes, magic, VERSION_AT) != 0 ||
        get(bytes + VERSION_AT, 4) != VERSION || get(bytes + SIZE_AT, 4) != size - TEXT_AT ||
        get(bytes + HASH_AT, 8) != stoa__hash(bytes + TEXT_AT, size - TEXT_AT, 0))
        return NULL;
    *text_size = size - TEXT_AT;
    return (const char *)bytes + TEXT_AT;
}

static stoa_status run(struct driver_connection *connection, const char *sql, size_t size,
                       struct ArrowArrayStream *out, stoa_error *err)
{
    stoa_result result = {0};
    stoa_op op = {0};
    stoa_status rc = stoa__driver_op_open(&connection->node, &op, err);

    if (rc == STOA_OK)
        rc = stoa__driver_begin(connection, op, err);
    if (rc == STOA_OK)
        rc = stoa_query(connection->conn, op, sql, (int64_t)size, NULL, 0, NULL, 0, &result, err);
    if (rc == STOA_OK)
        rc = stoa__driver_export(result, op, out, err);
    stoa_result_close(result);
    if (rc != STOA_OK)
        stoa_op_close(op);
    return rc;
}

AdbcStatusCode stoa__driver_read_partition(struct AdbcConnection *self, const uint8_t *bytes,
                                           size_t size, struct ArrowArrayStream *out,
                                           struct AdbcError *error)
{
    struct driver_connection *connection;
    AdbcStatusCode status;
    stoa_error failure;
    size_t text_size = 0;
    const char *sql;

    if (!out)
        return stoa__driver_fail_null(error, "out");
    *out = (struct ArrowArrayStream){0};
    if (!bytes)
        return stoa__driver_fail_null(error, "serialized_partition");
    status = stoa__driver_enter_open(self, &connection, error);
    if (status != ADBC_STATUS_OK)
        return status;
    sql = text_of(bytes, size, &text_size);
    status = sql ? check_reads(connection->db, sql, text_size, error)
                 : stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT,
                                     "these bytes are no partition of Stoa's, or a damaged one");
    if (status == ADBC_STATUS_OK &&
        run(connection, sql, text_size, out, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(&connection->node, status);
}
