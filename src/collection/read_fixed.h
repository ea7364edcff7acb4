/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a group that are asked for: parameters of a statement, dimensions with a value, and
 * instants as the text that is stored. */
#ifndef STOA_COLLECTION_READ_FIXED_H
#define STOA_COLLECTION_READ_FIXED_H

#include "collection/dates.h"
#include "collection/read.h"

/* Parameters being gathered. All-zero is empty. */
struct read_params {
    stoa__buffer values; /* stoa_value */
    stoa__buffer bytes;
};
/* Add one; the answer is its number, from 1; 0: out of memory. */
int32_t collection_read_params_add(struct read_params *params, const stoa_value *value,
                                   const void *bytes);
int32_t collection_read_params_add_text(struct read_params *params, const char *text, size_t size);
struct read_packed collection_read_params_packed(const struct read_params *params);
void collection_read_params_release(struct read_params *params);

/* A dimension that has the value of a parameter. */
struct read_fixed {
    int32_t column;
    int32_t param;
};
/* Read `cells`, values of dimensions by name, of a time series group. The list is in `arena`. */
stoa_status collection_read_fix(struct collection_call *call, const struct collection_table *group,
                                const struct read_packed *cells, struct read_params *params,
                                stoa__arena *arena, struct read_fixed **out, int64_t *count,
                                stoa_error *err);
/* " AND g.dimension = ?1" for each. */
void collection_read_fixed_sql(stoa__buffer *text, const struct collection_table *group,
                               const struct read_fixed *fixed, int64_t count);

/* A TIMESTAMP, DATE or TEXT as the text a date is stored as; `what` and `number` are for the error.
 * `room` holds it where it is not the value's own. */
stoa_status collection_read_instant(const struct collection_call *call, const stoa_value *value,
                                    const uint8_t *bytes, const char *what, int64_t number,
                                    char room[COLLECTION_DATE_MAX], const char **text,
                                    size_t *size, stoa_error *err);

/* Restrict a statement to keys: appends "{alias}.id = ?1" or IN, or nothing when there are none. */
stoa_status collection_read_keys_sql(struct collection_call *call,
                                     const struct collection_table *collection,
                                     const struct read_packed *keys, const char *alias,
                                     const char *before, struct read_params *params,
                                     stoa__buffer *text, stoa_error *err);

#endif
