/* SPDX-License-Identifier: Apache-2.0 */
/* Which group tables the arrays of a call go to, by the names of their columns. It looks at names
 * alone. */
#ifndef STOA_COLLECTION_ROUTE_H
#define STOA_COLLECTION_ROUTE_H

#include "collection/enter.h"

/* An array of the call's; one that is `skipped` must have a place, but gets none. */
struct collection_named {
    const char *name;
    size_t size;
    bool skipped;
};

/* Array `input` is what goes into `column` of `table`. */
struct collection_route {
    int32_t input;
    const struct collection_table *table;
    const struct collection_column *column;
};

/*
 * Find places: a name is 'group.column', or a column of exactly one group. A dimension of several
 * time series goes to those that a value goes to as well. Any other name of several groups is
 * INVALID, or goes to all of them by policy. Routes of one table lie together, in the order of the
 * names.
 */
stoa_status collection_route(const struct collection_call *call,
                             const struct collection_table *collection,
                             const struct collection_named *names, int32_t count,
                             stoa__arena *arena, struct collection_route **routes,
                             int32_t *route_count, stoa_error *err);

/* The next run of routes with one table from `*at` on, which is moved behind it; 0: none left. */
int32_t collection_route_run(const struct collection_route *routes, int32_t count, int32_t *at);

#endif
