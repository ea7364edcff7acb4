/* SPDX-License-Identifier: Apache-2.0 */
#include "lifetime/calls.h"

#include "base/mem.h"

_Atomic int calls_given, calls_released;

stoa_status called(struct world *world, stoa_status rc)
{
    world->left = stoa__mem_fail_nth;
    stoa__mem_fail_nth = -1;
    return rc;
}

int64_t suspend(void)
{
    int64_t nth = stoa__mem_fail_nth;

    stoa__mem_fail_nth = -1;
    return nth;
}

void resume(int64_t nth)
{
    stoa__mem_fail_nth = nth;
}

#define ENTRY(name, kind, takes_op, ends)                                                \
    {                                                                                    \
        "stoa_" #name, WORLD_##kind, takes_op, ends, run_##name                          \
    }

const struct call calls[] = {
    ENTRY(db_supports, DB, false, false),
    ENTRY(db_property, DB, false, false),
    ENTRY(connect, DB, true, false),
    ENTRY(ingest_open, DB, false, false),
    ENTRY(conn_set, CONN, false, false),
    ENTRY(begin, CONN, true, false),
    ENTRY(commit, CONN, true, false),
    ENTRY(rollback, CONN, true, false),
    ENTRY(savepoint, CONN, true, false),
    ENTRY(savepoint_release, CONN, true, false),
    ENTRY(savepoint_rollback, CONN, true, false),
    ENTRY(conn_transaction, CONN, false, false),
    ENTRY(dry_run_begin, CONN, true, false),
    ENTRY(dry_run_end, CONN, true, false),
    ENTRY(conn_dry_run, CONN, false, false),
    ENTRY(collection_set, CONN, false, false),
    ENTRY(collection_check, CONN, true, false),
    ENTRY(backup, CONN, true, false),
    ENTRY(restore, CONN, true, false),
    ENTRY(check, CONN, true, false),
    ENTRY(checkpoint, CONN, true, false),
    ENTRY(vacuum, CONN, true, false),
    ENTRY(ping, CONN, true, false),
    ENTRY(attach, CONN, true, false),
    ENTRY(detach, CONN, true, false),
    ENTRY(blob_open, CONN, true, false),
    ENTRY(lua_open, CONN, false, false),
    ENTRY(query, CONN, true, false),
    ENTRY(run, CONN, true, false),
    ENTRY(query_row, CONN, true, false),
    ENTRY(prepare, CONN, true, false),
    ENTRY(read, CONN, true, false),
    ENTRY(insert, CONN, true, false),
    ENTRY(conn_ingest_open, CONN, false, false),
    ENTRY(scan_register, CONN, true, false),
    ENTRY(scan_register_batches, CONN, true, false),
    ENTRY(scan_register_factory, CONN, true, false),
    ENTRY(scan_drop, CONN, false, false),
    ENTRY(scan_resolver, CONN, false, false),
    ENTRY(function_register, CONN, false, false),
    ENTRY(function_drop, CONN, false, false),
    ENTRY(collation_register, CONN, false, false),
    ENTRY(catalog, CONN, true, false),
    ENTRY(table_schema, CONN, true, false),
    ENTRY(stmt_parameters, STMT, false, false),
    ENTRY(stmt_schema, STMT, false, false),
    ENTRY(stmt_parameter, STMT, false, false),
    ENTRY(bind_null, STMT, false, false),
    ENTRY(bind_int64, STMT, false, false),
    ENTRY(bind_float64, STMT, false, false),
    ENTRY(bind_text, STMT, false, false),
    ENTRY(bind_bytes, STMT, false, false),
    ENTRY(bind_value, STMT, false, false),
    ENTRY(execute, STMT, true, false),
    ENTRY(execute_row, STMT, true, false),
    ENTRY(execute_stream, STMT, true, false),
    ENTRY(execute_columns, STMT, true, false),
    ENTRY(bind_clear, STMT, false, false),
    ENTRY(result_schema, RESULT, false, false),
    ENTRY(result_is_null, RESULT, false, false),
    ENTRY(result_int64, RESULT, false, false),
    ENTRY(result_float64, RESULT, false, false),
    ENTRY(result_text, RESULT, false, false),
    ENTRY(result_bytes, RESULT, false, false),
    ENTRY(result_stats, RESULT, false, false),
    ENTRY(result_table, RESULT, false, false),
    ENTRY(result_request, RESULT, false, false),
    ENTRY(result_step, RESULT, true, false),
    ENTRY(result_rows, RESULT, true, false),
    ENTRY(result_next, RESULT, true, false),
    ENTRY(result_next_result, RESULT, true, false),
    ENTRY(result_export, RESULT, true, true),
    ENTRY(ingest_append, INGEST, true, false),
    ENTRY(ingest_append_stream, INGEST, true, false),
    ENTRY(ingest_push, INGEST, true, false),
    ENTRY(ingest_acks, INGEST, false, false),
    ENTRY(ingest_wait, INGEST, true, false),
    ENTRY(ingest_append, CONN_INGEST, true, false),
    ENTRY(ingest_append_stream, CONN_INGEST, true, false),
    ENTRY(ingest_push, CONN_INGEST, true, false),
    ENTRY(ingest_wait, CONN_INGEST, true, false),
    ENTRY(ingest_finish, CONN_INGEST, true, true),
    ENTRY(ingest_finish, INGEST, true, true),
    ENTRY(blob_size, BLOB, false, false),
    ENTRY(blob_read, BLOB, true, false),
    ENTRY(blob_write, BLOB, true, false),
    ENTRY(blob_finish, BLOB, true, true),
    ENTRY(lua_run, LUA, true, false),
    ENTRY(op_progress, OP, false, false),
    ENTRY(op_cancel, OP, false, false),
    ENTRY(conn_reset, CONN, true, false),
    ENTRY(db_shutdown, DB, true, true),
};

const int call_count = sizeof(calls) / sizeof(*calls);
