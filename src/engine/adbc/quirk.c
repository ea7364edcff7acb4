/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of databases behind drivers, measured, where the interface does not tell it. */
#include "engine/adbc/parts.h"

#include "text/identifier.h"

#include <string.h>

#include "base/ban.h"

/* The first rule that holds decides; what nobody knows falls to the driver's own class. */
static const struct adbc_text_rule sqlite_texts[] = {
    {"syntax error", STOA_ERR_SYNTAX},
    {"incomplete input", STOA_ERR_SYNTAX},
    {"no such ", STOA_ERR_NOT_FOUND},
    {"already exists", STOA_ERR_EXISTS},
    {"has no column named", STOA_ERR_NOT_FOUND},
    {"constraint failed", STOA_ERR_CONSTRAINT},
    {"database is locked", STOA_ERR_LOCKED},
    {"database table is locked", STOA_ERR_LOCKED},
    {"readonly database", STOA_ERR_READ_ONLY},
    {"database or disk is full", STOA_ERR_FULL},
    {"malformed", STOA_ERR_CORRUPT},
    {"file is not a database", STOA_ERR_CORRUPT},
    {"unable to open database", STOA_ERR_NOT_FOUND},
    {NULL, STOA_OK},
};

static const struct adbc_text_rule duckdb_texts[] = {
    {"INTERRUPT Error", STOA_ERR_CANCELLED},
    {"Parser Error", STOA_ERR_SYNTAX},
    {"syntax error", STOA_ERR_SYNTAX},
    {"already exists", STOA_ERR_EXISTS},
    {"does not exist", STOA_ERR_NOT_FOUND},
    {"Catalog Error", STOA_ERR_NOT_FOUND},
    {"not found in FROM clause", STOA_ERR_NOT_FOUND},
    {"Constraint Error", STOA_ERR_CONSTRAINT},
    {"Conversion Error", STOA_ERR_TYPE},
    {"Invalid Input Error", STOA_ERR_TYPE},
    {"Out of Range Error", STOA_ERR_TYPE},
    {"Mismatch Type Error", STOA_ERR_TYPE},
    {"read-only", STOA_ERR_READ_ONLY},
    {"Not implemented Error", STOA_ERR_UNSUPPORTED},
    {"Out of Memory Error", STOA_ERR_NOMEM},
    {"Conflicting lock", STOA_ERR_LOCKED},
    {"Could not set lock", STOA_ERR_LOCKED},
    {"Conflict on", STOA_ERR_LOCKED},
    {"IO Error", STOA_ERR_IO},
    {NULL, STOA_OK},
};

/* It has SQLSTATEs for all that reached the server. */
static const struct adbc_text_rule postgresql_texts[] = {
    {"password authentication failed", STOA_ERR_AUTH},
    {"no password supplied", STOA_ERR_AUTH},
    {"database \"", STOA_ERR_NOT_FOUND},
    {"connection to server", STOA_ERR_NETWORK},
    {"could not translate host name", STOA_ERR_NETWORK},
    {"server closed the connection", STOA_ERR_NETWORK},
    {NULL, STOA_OK},
};

static const struct adbc_text_rule clickhouse_texts[] = {
    {"SYNTAX_ERROR", STOA_ERR_SYNTAX},
    {"UNKNOWN_TABLE", STOA_ERR_NOT_FOUND},
    {"UNKNOWN_IDENTIFIER", STOA_ERR_NOT_FOUND},
    {"UNKNOWN_DATABASE", STOA_ERR_NOT_FOUND},
    {"UNKNOWN_FUNCTION", STOA_ERR_NOT_FOUND},
    {"ALREADY_EXISTS", STOA_ERR_EXISTS},
    {"TYPE_MISMATCH", STOA_ERR_TYPE},
    {"CANNOT_PARSE", STOA_ERR_TYPE},
    {"CANNOT_CONVERT", STOA_ERR_TYPE},
    {"READONLY", STOA_ERR_READ_ONLY},
    {"QUERY_WAS_CANCELLED", STOA_ERR_CANCELLED},
    {"MEMORY_LIMIT_EXCEEDED", STOA_ERR_NOMEM},
    {NULL, STOA_OK},
};

/* Of databases nobody told about: words that most have in common. */
static const struct adbc_text_rule other_texts[] = {
    {"syntax error", STOA_ERR_SYNTAX},
    {"ParserError", STOA_ERR_SYNTAX},
    {"no such table", STOA_ERR_NOT_FOUND},
    {"not found", STOA_ERR_NOT_FOUND},
    {"does not exist", STOA_ERR_NOT_FOUND},
    {"already exists", STOA_ERR_EXISTS},
    {NULL, STOA_OK},
};

static const struct adbc_quirk quirks[] = {
    {.vendor = "SQLite",
     .dialect = STOA__SQL_SQLITE,
     .style = STOA__SQL_STYLE_QUESTION,
     .batch_rows_key = "adbc.sqlite.query.batch_rows",
     .texts = sqlite_texts,
     .read_only_sql = "PRAGMA query_only = 1",
     .in_process = true,
     .local = true,
     .savepoints = true,
     .durable_commit = true,
     .loses_nan = true},
    {.vendor = "duckdb",
     .dialect = STOA__SQL_DUCKDB,
     .style = STOA__SQL_STYLE_DOLLAR,
     .batch_rows_key = "adbc.duckdb.query.batch_rows",
     .texts = duckdb_texts,
     .in_process = true,
     .local = true,
     .sql_transactions = true,
     .durable_commit = true,
     .one_row_binds = true,
     .reads_ahead = true,
     .append_by_position = true},
    {.vendor = "PostgreSQL",
     .dialect = STOA__SQL_POSTGRES,
     .style = STOA__SQL_STYLE_DOLLAR,
     .copy_key = "adbc.postgresql.use_copy",
     .reset_sql = "DISCARD ALL",
     .texts = postgresql_texts,
     .sql_transactions = true,
     .wraps_uint64 = true,
     .cuts_nanoseconds = true,
     .read_only_sql = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
     .savepoints = true,
     .durable_commit = true,
     .one_stream = true,
     .error_ends_transaction = true},
    {.vendor = "ClickHouse",
     .dialect = STOA__SQL_POSTGRES,
     .style = STOA__SQL_STYLE_QUESTION,
     .texts = clickhouse_texts,
     .in_process = true,
     .atomic_ingest = true},
    {.vendor = "",
     .dialect = STOA__SQL_POSTGRES,
     .style = STOA__SQL_STYLE_QUESTION,
     .texts = other_texts},
};

enum { QUIRK_COUNT = sizeof quirks / sizeof *quirks };

const struct adbc_quirk *adbc_quirk_find(const char *vendor)
{
    for (int i = 0; i < QUIRK_COUNT - 1; i++)
        if (stoa__name_is(vendor, strlen(vendor), quirks[i].vendor))
            return &quirks[i];
    return &quirks[QUIRK_COUNT - 1];
}
