/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels become ids. One call keeps what it found out about each target: a few labels are asked
 * for one by one, many are answered from a map of the whole table. Labels of rows that the call is
 * about to make can be put into the map.
 */
#ifndef STOA_COLLECTION_RELATION_H
#define STOA_COLLECTION_RELATION_H

#include "collection/sql.h"
#include "collection/value.h"

struct collection_label_slot;

/* The labels of one target. */
struct collection_labels {
    struct collection_labels *next;
    struct collection_call *call;
    const char *target; /* The schema's, which outlives the call. */
    struct collection_sql one;
    bool loaded; /* The map holds the whole table. */
    int64_t asked;
    struct collection_label_slot *slots;
    size_t slot_count, used;
    stoa__buffer texts;
};

/* Of a call; all-zero but for `call`. */
struct collection_relations {
    struct collection_call *call;
    struct collection_labels *first;
};
void collection_relations_release(struct collection_relations *relations);

stoa_status collection_labels_of(struct collection_relations *relations, const char *target,
                                 struct collection_labels **out, stoa_error *err);
/* DONE: there is no such label. */
stoa_status collection_labels_find(struct collection_labels *labels, const char *text, size_t size,
                                   int64_t *id, stoa_error *err);
/* From now on `text` is `id`, also when the table has it; EXISTS, without a text, when it was put
 * before: `*id` is then what it was. */
stoa_status collection_labels_put(struct collection_labels *labels, const char *text, size_t size,
                                  int64_t *id, stoa_error *err);
/* NOT_FOUND: Failed to resolve label '{v}' to ID in table '{target}' */
stoa_status collection_labels_fail(const struct collection_labels *labels, const char *text,
                                   size_t size, stoa_error *err);

/* Resolve rows [first, first + count) of a feed of labels: `ids`, one a row, 0 where it is NULL.
 * On failure `*bad` is the row, counted from 0. */
stoa_status collection_feed_resolve(const struct collection_feed *feed,
                                    struct collection_relations *relations,
                                    const struct ArrowArray *array, int64_t first, int64_t count,
                                    int64_t *ids, int64_t *bad, stoa_error *err);

/* ---- the elements a call is about ---- */

/* The id of the element `key` names, by id or by label; NOT_FOUND: Element not found: ... */
stoa_status collection_element_find(struct collection_relations *relations,
                                    const struct collection_table *collection,
                                    const stoa_value *key, const uint8_t *bytes,
                                    int64_t bytes_size, int64_t *id, stoa_error *err);
stoa_status collection_element_fail(const struct collection_table *collection, int64_t id,
                                    stoa_error *err);
stoa_status collection_element_fail_label(const struct collection_table *collection,
                                          const char *text, size_t size, stoa_error *err);

#endif
