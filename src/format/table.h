/* SPDX-License-Identifier: Apache-2.0 */
/* A small table made by hand, handed out as a stream of one batch. */
#ifndef STOA_FORMAT_TABLE_H
#define STOA_FORMAT_TABLE_H

#include "arrow/builder.h"

struct stoa__table_column {
    const char *name;
    const char *format; /* Such as "l" or "u". */
};

typedef struct stoa__table {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
} stoa__table;

/* `table` is zeroed before; released after, also on failure. */
stoa_status stoa__table_init(stoa__table *table, const struct stoa__table_column *columns,
                             int32_t column_count, stoa_error *err);
stoa_status stoa__table_int64(stoa__table *table, int32_t column, int64_t value,
                              stoa_error *err);
/* What is not UTF-8 becomes '?'. */
stoa_status stoa__table_text(stoa__table *table, int32_t column, const char *text, size_t size,
                             stoa_error *err);
stoa_status stoa__table_end_row(stoa__table *table, stoa_error *err);
stoa_status stoa__table_export(stoa__table *table, struct ArrowArrayStream *out,
                               stoa_error *err);
void stoa__table_release(stoa__table *table);

/* A struct type of `count` fields, which are copied; its root has no name. */
stoa_status stoa__struct_type(const struct stoa__arrow_type *fields, int32_t count,
                              stoa__arena *arena, struct stoa__arrow_type **out,
                              stoa_error *err);

#endif
