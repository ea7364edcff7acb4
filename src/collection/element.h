/* SPDX-License-Identifier: Apache-2.0 */
/* What writes of one element and of many share. */
#ifndef STOA_COLLECTION_ELEMENT_H
#define STOA_COLLECTION_ELEMENT_H

#include "collection/group.h"

/* What a call that writes works with; begun and ended around its work. */
struct collection_write {
    struct collection_call call;
    const struct collection_table *collection;
    struct collection_relations relations;
    stoa__arena arena;
};

/* Enter, find the collection, begin the transaction. On failure nothing is held. */
stoa_status collection_write_enter(struct collection_write *write, stoa_conn conn, stoa_op op,
                                   const char *operation, const char *collection,
                                   int64_t collection_size, stoa_error *err);
/* Commit or take back, and leave; answers what became of it. */
stoa_status collection_write_leave(struct collection_write *write, stoa_status rc,
                                   stoa_error *err);

/* Values by name, and where each goes. */
struct collection_cells {
    struct collection_inputs inputs;
    struct collection_feed *feeds; /* One an input, */
    int64_t *ids;                  /* and its id, where it is a label. */
};
/* Room for the feeds, which the caller fills in. */
stoa_status collection_cells_init(struct collection_cells *cells, struct collection_write *write,
                                  stoa_error *err);
/* Resolve labels, then check values in the order of their names. */
stoa_status collection_cells_check(struct collection_cells *cells, struct collection_write *write,
                                   stoa_error *err);
/* Append them to a packed row. NOMEM alone. */
stoa_status collection_cells_pack(const struct collection_cells *cells, stoa__buffer *values,
                                  stoa__buffer *bytes);

/* An id that is free, with all above it; call it inside the transaction. FULL: there is none. */
stoa_status collection_next_id(struct collection_call *call,
                               const struct collection_table *collection, int64_t count,
                               int64_t *id, stoa_error *err);

/* May the next id be none? collection_note_id() hears of those that were made or given. */
bool collection_has_high_ids(const struct collection_call *call);
void collection_note_id(struct collection_call *call, int64_t id);

/* What a table's own rule has left out cannot be answered: CONSTRAINT. */
stoa_status collection_element_fail_ignored(const struct collection_call *call,
                                            const struct collection_table *collection,
                                            stoa_error *err);

/* A column of the collection that can be written. NOT_FOUND: Column '{col}' not found ... */
stoa_status collection_scalar(const struct collection_call *call,
                              const struct collection_table *collection, const char *name,
                              const struct collection_column **out, stoa_error *err);

/* The group, or NOT_FOUND: "Vector group not found: ...", "Time series group '{g}' not found ...";
 * `kind` is STOA_GROUP_*. */
stoa_status collection_group_get(const struct collection_call *call,
                                 const struct collection_table *collection, int32_t kind,
                                 const char *group, int64_t group_size,
                                 const struct collection_table **out, stoa_error *err);

#endif
