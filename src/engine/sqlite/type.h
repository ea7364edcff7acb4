/* SPDX-License-Identifier: Apache-2.0 */
/* Declared types and Arrow types, both ways, beyond what sqlite.h offers to all. It looks
 * at texts and types, never at rows. */
#ifndef STOA_ENGINE_SQLITE_TYPE_H
#define STOA_ENGINE_SQLITE_TYPE_H

#include "engine/sqlite/sqlite.h"

/* What SQLite does to values on their way into a column, by its declared type. */
enum sqlite_affinity {
    SQLITE_AFFINITY_BLOB, /* Nothing. */
    SQLITE_AFFINITY_TEXT,
    SQLITE_AFFINITY_NUMERIC,
    SQLITE_AFFINITY_INTEGER,
    SQLITE_AFFINITY_REAL
};

/* SQLite's own rule. "" has BLOB affinity. */
enum sqlite_affinity sqlite_type_affinity(const char *declared);

/* What a declared type promises. */
struct sqlite_declared {
    struct stoa__arrow_type *type; /* NULL: nothing. */
    enum sqlite_form form;
    bool tentative; /* A foreign BOOLEAN: bool while values are 0 and 1, else int64. */
};

stoa_status sqlite_type_parse(const char *declared, stoa__arena *arena,
                              struct sqlite_declared *out, stoa_error *err);

/* How values of `type` are stored in a column declared so: what the metadata table leaves
 * out. */
enum sqlite_form sqlite_type_form(const struct stoa__arrow_type *type,
                                  const char *declared);

/* The form new tables use by default. */
enum sqlite_form sqlite_type_form_default(const struct stoa__arrow_type *type);

/* Arrow metadata with one more key, in `arena`; a key that is there already is
 * replaced. */
stoa_status sqlite_metadata_with(const char *metadata, const char *key, const char *value,
                                 size_t value_size, stoa__arena *arena, const char **out,
                                 int32_t *out_size, stoa_error *err);

#endif
