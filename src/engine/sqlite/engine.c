/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite engine's table. */
#include "engine/sqlite/care.h"
#include "engine/sqlite/catalog.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/function.h"
#include "engine/sqlite/ingest.h"
#include "engine/sqlite/scan.h"
#include "engine/sqlite/statement.h"

#include "base/error.h"

#include "base/ban.h"

static stoa_status probe(stoa__buffer *version, stoa__buffer *detail, stoa_error *err)
{
    if (stoa__buffer_append_text(version, sqlite3_libversion()) != STOA_OK ||
        stoa__buffer_append_text(detail, "built in") != STOA_OK)
        return stoa__fail_nomem(err);
    return STOA_OK;
}

const struct stoa__engine stoa__engine_sqlite = {
    .struct_size = sizeof(struct stoa__engine),
    .name = "sqlite",
    .example = "sqlite:app.db",
    .capabilities =
        STOA__CAN(STOA_CAN_SQL) | STOA__CAN(STOA_CAN_PREPARE) | STOA__CAN(STOA_CAN_TRANSACTIONS) |
        STOA__CAN(STOA_CAN_SAVEPOINTS) | STOA__CAN(STOA_CAN_INGEST) | STOA__CAN(STOA_CAN_UPSERT) |
        STOA__CAN(STOA_CAN_TRUNCATE) | STOA__CAN(STOA_CAN_DEDUP) |
        STOA__CAN(STOA_CAN_MULTI_TABLE_PUSH) | STOA__CAN(STOA_CAN_SCANS) |
        STOA__CAN(STOA_CAN_FUNCTIONS) | STOA__CAN(STOA_CAN_COLLATIONS) |
        STOA__CAN(STOA_CAN_BLOBS) | STOA__CAN(STOA_CAN_BACKUP) | STOA__CAN(STOA_CAN_CHECK) |
        STOA__CAN(STOA_CAN_CHECKPOINT) | STOA__CAN(STOA_CAN_VACUUM) |
        STOA__CAN(STOA_CAN_CATALOG) | STOA__CAN(STOA_CAN_READ) |
        STOA__CAN(STOA_CAN_MULTI_STATEMENT) | STOA__CAN(STOA_CAN_DURABLE_ACK) |
        STOA__CAN(STOA_CAN_DRY_RUNS),
    .probe = probe,
    .open = sqlite_open,
    .close = sqlite_close,
    .shutdown = sqlite_shutdown,
    .property = sqlite_property,
    .session_open = sqlite_session_open,
    .session_close = sqlite_session_close,
    .session_reset = sqlite_session_reset,
    .session_set = sqlite_session_set,
    .ping = sqlite_ping,
    .prepare = sqlite_prepare,
    .statement_close = sqlite_statement_close,
    .statement_parameters = sqlite_statement_parameters,
    .statement_type = sqlite_statement_type,
    .execute = sqlite_execute,
    .execute_source = sqlite_execute_source,
    .execute_row = sqlite_execute_row,
    .execute_rows = sqlite_execute_rows,
    .cursor_type = sqlite_cursor_type,
    .cursor_request = sqlite_cursor_request,
    .cursor_next = sqlite_cursor_next,
    .cursor_rows = sqlite_cursor_rows,
    .cursor_info = sqlite_cursor_info,
    .cursor_close = sqlite_cursor_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .savepoint_release = sqlite_savepoint_release,
    .savepoint_rollback = sqlite_savepoint_rollback,
    .transaction = sqlite_transaction,
    .transaction_hold = sqlite_transaction_hold,
    .ingest_open = sqlite_ingest_open,
    .ingest_append = sqlite_ingest_append,
    .ingest_blocked = sqlite_ingest_blocked,
    .ingest_append_along = sqlite_ingest_append_along,
    .ingest_commit = sqlite_ingest_commit,
    .ingest_sync = sqlite_ingest_sync,
    .ingest_close = sqlite_ingest_close,
    .scan_add = sqlite_scan_add,
    .scan_drop = sqlite_scan_drop,
    .scan_resolver = sqlite_scan_resolver,
    .function_add = sqlite_function_add,
    .function_drop = sqlite_function_drop,
    .collation_add = sqlite_collation_add,
    .catalog = sqlite_catalog,
    .table_type = sqlite_table_type,
    .read_table = sqlite_read_table,
    .backup = sqlite_backup,
    .restore = sqlite_restore,
    .check = sqlite_check,
    .schema_mark = sqlite_schema_mark,
    .checkpoint = sqlite_checkpoint,
    .vacuum = sqlite_vacuum,
    .attach = sqlite_attach,
    .detach = sqlite_detach,
    .blob_open = sqlite_blob_open,
    .blob_read = sqlite_blob_read,
    .blob_write = sqlite_blob_write,
    .blob_finish = sqlite_blob_finish,
    .blob_close = sqlite_blob_close,
};
