/* SPDX-License-Identifier: Apache-2.0 */
/* The last value at or before an instant: what the two ways of asking share. */
#ifndef STOA_COLLECTION_ASOF_H
#define STOA_COLLECTION_ASOF_H

#include "collection/read_fixed.h"

struct asof {
    struct collection_call *call;
    const struct collection_table *collection, *group;
    const struct collection_column *value;
    const char *attribute; /* Its name. */
    struct read_params params;
    struct read_fixed *fixed;
    int64_t fixed_count;
    int32_t *open; /* Further dimensions that are not fixed, in the order of the key. */
    int32_t open_count;
    stoa__buffer text;
    stoa__arena arena;
    stoa_error *err;
};

/* Find group and attribute by their names. */
stoa_status collection_asof_find(struct asof *asof, const char *group, size_t group_size,
                                 const char *attribute, size_t attribute_size);
/* Fix dimensions, and list those that are left open. */
stoa_status collection_asof_fix(struct asof *asof, const struct read_packed *cells);
/* Rows of the group that count, for the element and instant that two SQL expressions give:
 * "FROM ... WHERE ...". */
void collection_asof_rows_sql(struct asof *asof, const char *id, const char *instant);
/* The last of them, by a seek: "(SELECT ... LIMIT 1)". `open` are expressions of open dimensions,
 * "{open}" with a number behind; NULL: there are none. */
void collection_asof_value_sql(struct asof *asof, const char *id, const char *instant,
                               void (*open)(struct asof *asof, int32_t number));
void collection_asof_release(struct asof *asof);

#endif
