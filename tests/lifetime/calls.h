/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the table of calls: how a call is written, and those there are. */
#ifndef STOA_TESTS_CALLS_H
#define STOA_TESTS_CALLS_H

#include "lifetime/world.h"
#include "test.h"

/* Behind the call itself: no fault is injected into what undoes it. */
stoa_status called(struct world *world, stoa_status rc);
/* Around what a call needs first. */
int64_t suspend(void);
void resume(int64_t nth);

#define RUN(name)                                                                        \
    stoa_status run_##name(struct world *world, uint64_t id, stoa_op op, stoa_error *err)

/* A call without outputs that leaves nothing to undo. */
#define PLAIN(name, ...)                                                                 \
    RUN(name)                                                                            \
    {                                                                                    \
        (void)op;                                                                        \
        return called(world, stoa_##name(__VA_ARGS__, err));                             \
    }

#define DB ((stoa_db){id})
#define CONN ((stoa_conn){id})
#define STMT ((stoa_stmt){id})
#define RESULT ((stoa_result){id})
#define INGEST ((stoa_ingest){id})
#define BLOB ((stoa_blob){id})
#define LUA ((stoa_lua){id})
#define OP ((stoa_op){id})

static const int64_t five[5] = {1, 2, 3, 4, 5};
static const uint8_t three_bytes[] = "abc";

RUN(name);
RUN(db_supports);
RUN(db_property);
RUN(connect);
RUN(ingest_open);
RUN(conn_set);
RUN(begin);
RUN(commit);
RUN(rollback);
RUN(savepoint);
RUN(savepoint_release);
RUN(savepoint_rollback);
RUN(conn_transaction);
RUN(dry_run_begin);
RUN(dry_run_end);
RUN(conn_dry_run);
RUN(collection_set);
RUN(collection_check);
RUN(backup);
RUN(restore);
RUN(check);
RUN(checkpoint);
RUN(vacuum);
RUN(ping);
RUN(attach);
RUN(detach);
RUN(blob_open);
RUN(query);
RUN(run);
RUN(query_row);
RUN(prepare);
RUN(read);
RUN(insert);
RUN(conn_ingest_open);
RUN(scan_register);
RUN(scan_register_batches);
RUN(scan_register_factory);
RUN(scan_drop);
RUN(scan_resolver);
RUN(function_register);
RUN(function_drop);
RUN(collation_register);
RUN(catalog);
RUN(table_schema);
RUN(stmt_parameters);
RUN(stmt_schema);
RUN(stmt_parameter);
RUN(bind_null);
RUN(bind_int64);
RUN(bind_float64);
RUN(bind_text);
RUN(bind_bytes);
RUN(bind_value);
RUN(execute);
RUN(execute_row);
RUN(execute_stream);
RUN(execute_columns);
RUN(bind_clear);
RUN(result_schema);
RUN(result_is_null);
RUN(result_int64);
RUN(result_float64);
RUN(result_text);
RUN(result_bytes);
RUN(result_stats);
RUN(result_table);
RUN(result_request);
RUN(result_step);
RUN(result_rows);
RUN(result_next);
RUN(result_next_result);
RUN(result_export);
RUN(ingest_append);
RUN(ingest_append_stream);
RUN(ingest_push);
RUN(ingest_acks);
RUN(ingest_wait);
RUN(ingest_finish);
RUN(blob_size);
RUN(blob_read);
RUN(blob_write);
RUN(blob_finish);
RUN(lua_open);
RUN(lua_run);
RUN(op_progress);
RUN(op_cancel);
RUN(conn_reset);
RUN(db_shutdown);

#endif
