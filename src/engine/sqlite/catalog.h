/* SPDX-License-Identifier: Apache-2.0 */
/* What a database holds, as cursors over SQLite's own pragma functions. */
#ifndef STOA_ENGINE_SQLITE_CATALOG_H
#define STOA_ENGINE_SQLITE_CATALOG_H

#include "engine/sqlite/sqlite.h"

/* catalog.c (contracts: engine/engine.h) */
stoa_status sqlite_catalog(void *session, stoa__call *call, int32_t what, const char *database,
                           const char *table, void **cursor, stoa_error *err);
stoa_status sqlite_table_type(void *session, stoa__call *call, const char *database,
                              const char *table, stoa__arena *arena,
                              struct stoa__arrow_type **type, stoa_error *err);

/* read.c */
stoa_status sqlite_read_table(void *session, stoa__call *call, const char *table,
                              const char *const *columns, int64_t begin, int64_t end,
                              const struct stoa__read_config *config, void **cursor,
                              stoa_error *err);

#endif
