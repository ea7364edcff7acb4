/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ADBC drivers as engines.
 *
 *   adbc:NAME                 the driver NAME with what it opens by itself
 *   adbc:NAME:DATABASE        adbc:sqlite:app.db, adbc:duckdb:app.duckdb
 *   adbc:SCHEME://...         adbc:postgresql://host/db: the whole text is the driver's
 *   adbc:/path/to/library.so  with settings behind '?'
 *   duckdb:DATABASE, postgresql://..., flightsql://..., ...: the same, shorter
 *
 * docs/adbc.md has the settings, the order in which drivers are looked for, and what differs.
 */
#include "engine/adbc/parts.h"

#include "base/error.h"
#include "engine/registry.h"

#include <string.h>

#include "base/ban.h"

#define COMMON                                                                           \
    (STOA__CAN(STOA_CAN_SQL) | STOA__CAN(STOA_CAN_PREPARE) |                             \
     STOA__CAN(STOA_CAN_TRANSACTIONS) | STOA__CAN(STOA_CAN_INGEST) |                     \
     STOA__CAN(STOA_CAN_MULTI_TABLE_PUSH) | STOA__CAN(STOA_CAN_CATALOG) |                \
     STOA__CAN(STOA_CAN_MULTI_STATEMENT))
#define DURABLE STOA__CAN(STOA_CAN_DURABLE_ACK)
#define SAVEPOINTS STOA__CAN(STOA_CAN_SAVEPOINTS)

/* The places a driver is looked for in when nobody says more. */
static stoa_status probe(const char *name, stoa__buffer *version, stoa__buffer *detail,
                         stoa_error *err)
{
    const struct adbc_known *known = adbc_known_find(name);
    const struct adbc_search search = {.name = known->name,
                                       .search_path = "",
                                       .driver_folder = "",
                                       .file = known->file,
                                       .flags = ADBC_FIND_DEFAULT};
    stoa_error failure = {0};
    stoa_status rc = adbc_driver_locate(&search, detail, version, &failure);

    if (rc == STOA_ERR_NOT_FOUND && known->advice)
        stoa__error_append(&failure, "%s", known->advice);
    if (rc != STOA_OK)
        stoa__error_copy(err, &failure);
    return rc;
}

/* The engine that loads any driver is there always. */
static stoa_status probe_adbc(stoa__buffer *version, stoa__buffer *detail, stoa_error *err)
{
    if (stoa__buffer_append_text(version, "1.1.0") != STOA_OK ||
        stoa__buffer_append_text(detail, "built in; loads drivers by path or name") != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

#define TABLE(symbol, name_, example_, capabilities_, probe_, open_, savepoints_)        \
    const struct stoa__engine symbol = {                                                 \
        .struct_size = sizeof(struct stoa__engine),                                      \
        .name = (name_),                                                                 \
        .example = (example_),                                                           \
        .capabilities = (capabilities_),                                                 \
        .keeps_statistics = true,                                                        \
        .probe = (probe_),                                                               \
        .open = (open_),                                                                 \
        .close = adbc_close,                                                             \
        .property = adbc_property,                                                       \
        .lacking = adbc_lacking,                                                         \
        .session_open = adbc_session_open,                                               \
        .session_close = adbc_session_close,                                             \
        .session_reset = adbc_session_reset,                                             \
        .session_set = adbc_session_set,                                                 \
        .ping = adbc_ping,                                                               \
        .prepare = adbc_prepare,                                                         \
        .statement_close = adbc_statement_close,                                         \
        .statement_parameters = adbc_statement_parameters,                               \
        .statement_type = adbc_statement_type,                                           \
        .execute = adbc_execute,                                                         \
        .execute_source = adbc_execute_source,                                           \
        .cursor_type = adbc_cursor_type,                                                 \
        .cursor_request = adbc_cursor_request,                                           \
        .cursor_next = adbc_cursor_next,                                                 \
        .cursor_info = adbc_cursor_info,                                                 \
        .cursor_close = adbc_cursor_close,                                               \
        .begin = adbc_begin,                                                             \
        .commit = adbc_commit,                                                           \
        .rollback = adbc_rollback,                                                       \
        .savepoint = (savepoints_) ? adbc_savepoint : NULL,                              \
        .savepoint_release = (savepoints_) ? adbc_savepoint_release : NULL,              \
        .savepoint_rollback = (savepoints_) ? adbc_savepoint_rollback : NULL,            \
        .transaction = adbc_transaction,                                                 \
        .ingest_open = adbc_ingest_open,                                                 \
        .ingest_append = adbc_ingest_append,                                             \
        .ingest_commit = adbc_ingest_commit,                                             \
        .ingest_sync = adbc_ingest_sync,                                                 \
        .ingest_close = adbc_ingest_close,                                               \
        .catalog = adbc_catalog,                                                         \
        .table_type = adbc_table_type,                                                   \
    }

#define SHORTHAND(word, example_, capabilities_, savepoints_)                            \
    static stoa_status probe_##word(stoa__buffer *version, stoa__buffer *detail,         \
                                    stoa_error *err)                                     \
    {                                                                                    \
        return probe(#word, version, detail, err);                                       \
    }                                                                                    \
    static stoa_status open_##word(const char *rest, stoa__settings *settings,           \
                                   stoa__call *call, void **out, stoa_error *err)        \
    {                                                                                    \
        return adbc_open(#word, rest, settings, call, out, err);                         \
    }                                                                                    \
    TABLE(stoa__engine_##word, #word, example_, capabilities_, probe_##word,             \
          open_##word, savepoints_)

static stoa_status open_adbc(const char *rest, stoa__settings *settings, stoa__call *call,
                             void **out, stoa_error *err)
{
    return adbc_open("adbc", rest, settings, call, out, err);
}

/* What a driver turns out not to have is answered by name when it is asked for. */
TABLE(stoa__engine_adbc, "adbc", "adbc:sqlite:app.db", COMMON | SAVEPOINTS | DURABLE, probe_adbc,
      open_adbc, true);
SHORTHAND(duckdb, "duckdb:app.duckdb", COMMON | DURABLE, false);
SHORTHAND(postgresql, "postgresql://user@host/database", COMMON | SAVEPOINTS | DURABLE, true);
SHORTHAND(flightsql, "flightsql://host:port", COMMON, false);
SHORTHAND(snowflake, "snowflake://user@account/database/schema", COMMON, false);
SHORTHAND(bigquery, "bigquery://project", COMMON, false);
SHORTHAND(chdb, "chdb:/data/folder", COMMON, false);
SHORTHAND(mysql, "mysql://user@host/database", COMMON, false);
SHORTHAND(mssql, "mssql://user@host/database", COMMON, false);
SHORTHAND(trino, "trino://host/catalog", COMMON, false);
