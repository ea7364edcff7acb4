/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's Arrow data as tables of a session, and the resolver: the scan functions of
 * the engine table.
 *
 * A scan is an eponymous virtual table: no schema knows it, so it can come and go at any
 * moment, inside transactions and while statements run. A stored table of its name would
 * win over it: then the virtual table gets another name, and a temporary view of the
 * scan's name stands in front (a view has no row ids, the one thing lost). A rollback may
 * take the view away; it is looked for before each prepare.
 *
 * Texts are given to SQLite by pointer while their batch stays: batches in memory, and
 * what a stream has delivered up to `retain_size`. Beyond it, and from a factory, batches
 * pass by and their texts are copied, since SQLite may hold a text long after the row
 * (sqlite-arrow.md 6.2).
 */
#ifndef STOA_ENGINE_SQLITE_SCAN_H
#define STOA_ENGINE_SQLITE_SCAN_H

#include "engine/sqlite/vtab.h"

stoa_status sqlite_scan_add(void *session, const char *name,
                            struct stoa__scan_source *source, bool replace, void **scan,
                            stoa_error *err);
void sqlite_scan_drop(void *scan);
stoa_status sqlite_scan_resolver(void *session, stoa_resolver resolver, void *user_data,
                                 stoa_error *err);
/* The type of a nested column of a scan, copied into `arena`: a declared type has no room for it.
 * NULL for what is none. `table` is what SQLite calls the scan. */
stoa_status sqlite_scan_nested_type(struct sqlite_session *session, const char *table,
                                    const char *column, stoa__arena *arena,
                                    struct stoa__arrow_type **out, stoa_error *err);

#endif
