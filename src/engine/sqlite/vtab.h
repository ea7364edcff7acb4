/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Arrow source as a virtual table of SQLite's: the hot path of ingest and scans. It
 * reads cells where they lie; it does not know where batches come from, nor what is done
 * with the rows.
 *
 * Failures inside SQLite are always SQLITE_ERROR with a sentence: other codes end
 * transactions that are not ours to end (sqlite-arrow.md 4.2). The true error waits in
 * session->failure.
 */
#ifndef STOA_ENGINE_SQLITE_VTAB_H
#define STOA_ENGINE_SQLITE_VTAB_H

#include "engine/sqlite/filter.h"

/* A batch of a source. */
struct sqlite_batch {
    const struct ArrowArray *array; /* A struct. Stays until the next one is asked for. */
    int64_t first_row;              /* Its first row's number among all. */
    /* Texts may be given out by pointer: the batch stays until the statement ends, or the
     * statement looks at no text after its row. */
    bool stable;
};

/*
 * Where a virtual table's rows come from. Lives in whatever owns the data; the module's
 * reference is given back with unref(). start, next and stop run inside SQLite, on the
 * session's thread.
 */
struct sqlite_source {
    struct sqlite_session *session;
    stoa__call *call; /* Asked between chunks of rows; NULL: the session's own. */
    const struct stoa__arrow_type *type; /* A struct. */
    const struct sqlite_source_column *columns;
    int64_t row_count; /* -1: not known. */
    int32_t nan;       /* enum stoa__nan */
    bool pushdown;     /* SQL of the user's: predicates, any number of readings. */
    /* The CREATE TABLE text for SQLite, appended. */
    stoa_status (*declare)(struct sqlite_source *self, stoa__buffer *sql,
                           stoa_error *err);
    /* A reading that begins with the batch of row `row_low`, or an earlier one. */
    stoa_status (*start)(struct sqlite_source *self, int64_t row_low, void **reading,
                         stoa_error *err);
    stoa_status (*next)(struct sqlite_source *self, void *reading,
                        struct sqlite_batch *out, stoa_error *err); /* DONE */
    void (*stop)(struct sqlite_source *self, void *reading);
    void (*unref)(struct sqlite_source *self);
};

/* Register `source` as the eponymous table `name`, in place of a module of that name. The
 * module owns a reference, which unref() gives back when the last statement that uses it
 * is gone; on failure it has been given back already. */
stoa_status sqlite_vtab_add(struct sqlite_source *source, const char *name,
                            stoa_error *err);
/* New statements do not find the name any more. */
void sqlite_vtab_drop(struct sqlite_session *session, const char *name);

/* Bind one cell; `reader` has been loaded from `column`. The text is not copied. */
stoa_status sqlite_vtab_bind(const struct sqlite_source *source, int32_t column,
                             const struct sqlite_reader *reader, int64_t row,
                             stoa__buffer *scratch, sqlite3_stmt *statement, int position,
                             stoa_error *err);

#endif
