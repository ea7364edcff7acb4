/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of one element in one group: checked as a whole, then put in the place of those that are
 * there. */
#ifndef STOA_COLLECTION_GROUP_H
#define STOA_COLLECTION_GROUP_H

#include "collection/input.h"
#include "collection/relation.h"

struct collection_group {
    const struct collection_table *table;
    struct collection_feed *feeds;
    const struct ArrowArray **arrays; /* One a feed. */
    int64_t **ids;                    /* Of labels, once they are resolved. */
    int32_t feed_count;
    int64_t row_count;
};

/* Room for `feeds` columns in `arena`. */
stoa_status collection_group_init(struct collection_group *group,
                                  const struct collection_table *table, int32_t feeds,
                                  stoa__arena *arena, stoa_error *err);
/* Add a column. INVALID for one that is generated. */
stoa_status collection_group_add(struct collection_group *group,
                                 const struct collection_call *call,
                                 const struct collection_column *column,
                                 const struct collection_input *input, int32_t style,
                                 stoa_error *err);
/* Are all columns of one length, all dimensions there, all values such as can be stored? Labels
 * are resolved first. */
stoa_status collection_group_check(struct collection_group *group,
                                   struct collection_relations *relations, stoa__arena *arena,
                                   stoa_error *err);

stoa_status collection_group_clear(struct collection_call *call,
                                   const struct collection_table *table, int64_t id,
                                   stoa_error *err);
stoa_status collection_group_insert(struct collection_call *call,
                                    const struct collection_group *group, int64_t id,
                                    stoa_error *err);

/* Rows of a set that are equal where one has NULL: SQLite takes them for different. `id` is the
 * element's. */
stoa_status collection_set_check(struct collection_call *call,
                                 const struct collection_table *table, int64_t id,
                                 stoa_error *err);

/* "vector", "set", "time series", of a group's role. */
const char *collection_kind_word(int32_t role);

#endif
