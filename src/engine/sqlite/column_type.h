/* SPDX-License-Identifier: Apache-2.0 */
/* What a session remembers about tables, keyed by schema version: the rows of the
 * metadata table (sqlite.h has the functions for these), and whether a table is
 * STRICT. */
#ifndef STOA_ENGINE_SQLITE_COLUMN_TYPE_H
#define STOA_ENGINE_SQLITE_COLUMN_TYPE_H

#include "engine/sqlite/sqlite.h"

struct sqlite_table_facts {
    bool strict;
    bool rowid_alias; /* Its one key column, if declared INTEGER, is the row id. */
};

/* All false for what is no table. */
stoa_status sqlite_table_facts(struct sqlite_session *session, stoa__call *call,
                               const char *database, const char *table,
                               struct sqlite_table_facts *out, stoa_error *err);

/* A field as bytes, and back. The bytes come from a file: whatever they are, decoding is
 * bounded and answers TYPE for what it cannot read. column_type.c draws the layout. */
stoa_status sqlite_field_encode(const struct stoa__arrow_type *field, stoa__buffer *out,
                                stoa_error *err);
stoa_status sqlite_field_decode(const void *bytes, size_t size, stoa__arena *arena,
                                struct stoa__arrow_type **out, stoa_error *err);

#endif
