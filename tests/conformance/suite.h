/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of include/stoa, tested on one engine: each engine's file defines its quirks and
 * says CONFORMANCE_MAIN. */
#ifndef STOA_TESTS_SUITE_H
#define STOA_TESTS_SUITE_H

#include "conformance/kit.h"

#define CONFORMANCE_TESTS(X)                                                             \
    X(open_answers_its_properties, "open answers its properties")                        \
    X(open_refuses_what_it_does_not_know, "open refuses what it does not know")          \
    X(supports_says_what_is_supported, "supports says what is supported")                \
    X(missing_abilities_are_named, "missing abilities are named")                        \
    X(connections_have_settings, "connections have settings")                            \
    X(sessions_are_pooled, "sessions are pooled")                                        \
    X(a_result_gives_batches, "a result gives batches")                                  \
    X(a_result_gives_rows, "a result gives rows")                                        \
    X(batches_and_rows_in_turn, "batches and rows may be read in turn")                  \
    X(getters_convert_without_loss, "getters convert without loss")                      \
    X(one_row_in_one_call, "one row comes in one call")                                  \
    X(parameters_are_checked, "parameters are checked")                                  \
    X(parameters_keep_their_values, "parameters keep their values")                      \
    X(statements_are_prepared_and_bound, "statements are prepared and bound")            \
    X(executing_again_ends_the_old_result, "executing again ends the old result")        \
    X(scripts_run_in_order, "scripts run in order")                                      \
    X(wrong_statements_are_placed, "wrong statements are placed")                        \
    X(transactions_begin_and_end, "transactions begin and end")                          \
    X(savepoints_return, "savepoints return")                                            \
    X(an_exported_stream_outlives_all, "an exported stream outlives all handles")        \
    X(an_exported_stream_leaves_its_statement,                                           \
      "an exported stream leaves its statement usable")                                  \
    X(a_stream_of_the_same_connection,                                                   \
      "a stream of the same connection can be inserted")                                 \
    X(appends_have_numbers, "appends have numbers")                                      \
    X(appends_take_or_leave, "appends take or leave their batch")                        \
    X(streams_are_all_or_nothing, "streams are all or nothing")                          \
    X(appends_follow_the_transaction, "appends follow the caller's transaction")         \
    X(unit_finish_waits, "unit=finish waits for the finish")                             \
    X(raw_columns_are_pushed, "raw columns are pushed")                                  \
    X(ingest_settings_are_checked, "settings of an ingest are checked")                  \
    X(an_operation_cancels, "an operation cancels")                                      \
    X(a_deadline_ends_the_call, "a deadline ends the call")                              \
    X(a_tick_runs_and_may_close, "a tick runs, and may close")                           \
    X(a_close_cancels_the_call, "a close cancels the call")                              \
    X(two_threads_are_told_busy, "two threads on a connection are told busy")            \
    X(an_ingest_serves_many_threads, "an ingest serves many threads")                    \
    X(shutdown_ends_everything, "shutdown ends everything")                              \
    X(shutdown_waits_and_gives_up, "shutdown waits, gives up, and leaves a database")    \
    X(shutdown_finishes_ingests, "shutdown finishes ingests")                            \
    X(a_reset_makes_new, "a reset makes a connection new")                               \
    X(scans_are_tables, "scans are tables")                                              \
    X(functions_are_called_and_released, "functions are called and released once")       \
    X(blobs_are_read_and_written, "blobs are read and written")                          \
    X(the_catalogue_lists, "the catalogue lists what there is")                          \
    X(whole_tables_are_read, "whole tables are read")

#define CONFORMANCE_DECLARE(function, name) void function(void);
CONFORMANCE_TESTS(CONFORMANCE_DECLARE)

#define CONFORMANCE_ENTRY(function, name) {name, function},
#define CONFORMANCE_MAIN TEST_MAIN(CONFORMANCE_TESTS(CONFORMANCE_ENTRY))

#endif
