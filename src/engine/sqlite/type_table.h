/* SPDX-License-Identifier: Apache-2.0 */
/* The pairs of declared types and Arrow types, for the two files that go one way each:
 * type.c and type_read.c. */
#ifndef STOA_ENGINE_SQLITE_TYPE_TABLE_H
#define STOA_ENGINE_SQLITE_TYPE_TABLE_H

#include "engine/sqlite/type.h"

/* Types without arguments. `format` of a timestamp stands for every zone. */
struct sqlite_logical {
    const char *storage, *word, *format;
    enum sqlite_form form;
};

/* Types that only a row of the metadata table can tell fully. */
struct sqlite_nested {
    enum stoa__arrow_kind kind;
    const char *declared;
};

enum { SQLITE_LOGICAL_COUNT = 51, SQLITE_NESTED_COUNT = 9 };

extern const struct sqlite_logical sqlite_logicals[SQLITE_LOGICAL_COUNT];
extern const struct sqlite_nested sqlite_nested[SQLITE_NESTED_COUNT];

#endif
