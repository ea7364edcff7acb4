/* SPDX-License-Identifier: Apache-2.0 */
/* Single elements by their keys, whole or in part: one statement for the scalars, one a group. */
#ifndef STOA_COLLECTION_READ_POINT_H
#define STOA_COLLECTION_READ_POINT_H

#include "collection/read.h"

struct read_point_group {
    const struct collection_table *table;
    struct read_statement statement;
    struct stoa__row_writer row; /* Of the element read last: c0 is its id again. */
};

struct read_point {
    struct collection_call *call;
    const struct collection_table *collection;
    const struct read_attribute *attributes;
    const struct read_column *columns;
    int32_t count;
    struct read_run run;
    struct collection_sql element; /* c0 is the id, then the scalars. */
    struct read_point_group *groups;
    int32_t group_count;
    int32_t *places; /* Of attributes: their column in the statement they come from. */
    int32_t *owners; /* Of attributes: their group; -1: a scalar. */
    stoa_value id;   /* Of the element read last. */
};

/* Prepare the statements. Closed by collection_read_point_close(), also after a failure. */
stoa_status collection_read_point_open(struct read_point *point, stoa__arena *arena, bool by_label,
                                       stoa_error *err);
/* Read one element; NOT_FOUND names it. */
stoa_status collection_read_point_read(struct read_point *point, const stoa_value *key,
                                       const uint8_t *bytes, stoa_error *err);
/* A value of it that was read: `row` of an attribute of a group, 0 of a scalar. `*bytes` are those
 * of the value. */
stoa_status collection_read_point_value(const struct read_point *point, int32_t attribute,
                                        int64_t row, stoa_value *value, const uint8_t **bytes,
                                        stoa_error *err);
void collection_read_point_close(struct read_point *point);

#endif
