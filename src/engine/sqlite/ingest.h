/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing columns into SQLite: the ingest functions of the engine table.
 *
 *   ingest.c        one append as one transaction: its order, its end, its levels
 *   ingest_along.c  small appends of several threads in one transaction
 *   ingest_table.c  the table as it is, and as it is made; what its columns take
 *   ingest_rows.c   the rows, inserted and upserted, and what is kept for the next append
 *   ingest_dedup.c  rows taken away: truncation and deduplication
 *   ingest_durable.c  what a commit left to be synced
 *   ingest_sql.c    the statements as text; ingest_step.c: our own statements run
 *
 * Order of an append (sqlite-arrow.md 4.1): first batches are pulled before any lock, so
 * that a slow producer keeps nobody waiting; then the gate and BEGIN IMMEDIATE, or a
 * savepoint in a transaction that is open; then the catalogue is looked at, whatever was
 * known before.
 *
 * Stopping: a call that the progress handler stops ends the whole transaction. In a
 * caller's transaction our statements therefore run without a call; the virtual table
 * asks it between rows, and we between statements, so that only the savepoint is lost.
 * What has no rows of the source in it (making an index, the joins of a deduplication) is
 * not cut short there.
 *
 * Levels: a transaction of SQLite's is *committed* when COMMIT returns; whether it then
 * is *durable* as well, ingest_durable.h says. Writers with a session of their own run at
 * synchronous=NORMAL in WAL mode, unless they wait for durable on every append, so that
 * the two levels are two moments; user sessions keep theirs.
 */
#ifndef STOA_ENGINE_SQLITE_INGEST_H
#define STOA_ENGINE_SQLITE_INGEST_H

#include "engine/sqlite/ingest_sql.h"
#include "engine/sqlite/ingest_step.h"
#include "engine/sqlite/vtab.h"

/* ---- engine table ---- */

stoa_status sqlite_ingest_open(void *session, const struct stoa__ingest_config *config,
                               void **ingest, stoa_error *err);
stoa_status sqlite_ingest_append(void *ingest, stoa__call *call,
                                 struct stoa__ingest_part *parts, int64_t part_count,
                                 int32_t *level, stoa_error *err);
bool sqlite_ingest_blocked(void *ingest);
stoa_status sqlite_ingest_append_along(void *ingest, stoa__call *call,
                                       struct stoa__ingest_append *append,
                                       struct stoa__turn *line, stoa_error *err);
stoa_status sqlite_ingest_commit(void *ingest, stoa__call *call, stoa_error *err);
stoa_status sqlite_schema_mark(void *session, stoa__call *call, int64_t *version,
                               int64_t *changes, stoa_error *err);
stoa_status sqlite_ingest_sync(void *ingest, stoa__call *call, stoa_error *err);
void sqlite_ingest_close(void *ingest);

/* ---- ingest_table.c ---- */

enum sqlite_table_kind { TABLE_MISSING, TABLE_PLAIN, TABLE_VIRTUAL, TABLE_VIEW };

struct sqlite_stored_column {
    const char *name;
    const char *declared; /* "" for none. */
    bool not_null, has_default, generated;
    int32_t key; /* Its place in the primary key, from 1; 0: not part of it. */
};

/* A table as the catalogue has it now. In the arena it was read into. */
struct sqlite_stored_table {
    struct sqlite_table_name name;
    enum sqlite_table_kind kind;
    bool strict, without_rowid;
    struct sqlite_stored_column *columns;
    int32_t column_count;
};

stoa_status sqlite_table_look(struct sqlite_session *session, stoa__call *call,
                              struct sqlite_table_name name, stoa__arena *arena,
                              struct sqlite_stored_table *out, stoa_error *err);

/* Names out of "a, b": trimmed, in `arena`. INVALID, with `setting`, for an empty one. */
stoa_status sqlite_names_parse(const char *setting, const char *text, stoa__arena *arena,
                               struct sqlite_names *out, stoa_error *err);

/* No two columns of one name, no column without a name, at least one column and no more
 * than the session takes. */
stoa_status sqlite_source_check(struct sqlite_session *session,
                                const struct stoa__arrow_type *type, stoa_error *err);

/* CREATE TABLE for a source, with the metadata rows it needs. `keys` become the primary
 * key. */
stoa_status sqlite_table_create(struct sqlite_session *session, stoa__call *call,
                                struct sqlite_table_name name,
                                const struct stoa__arrow_type *type,
                                struct sqlite_names keys,
                                const struct sqlite_forms *forms, stoa_error *err);
/* ALTER TABLE ADD COLUMN for every column of `type` that `table` lacks. `*added`: how
 * many. */
stoa_status sqlite_table_widen(struct sqlite_session *session, stoa__call *call,
                               const struct sqlite_stored_table *table,
                               const struct stoa__arrow_type *type,
                               const struct sqlite_forms *forms, int32_t *added,
                               stoa_error *err);

/*
 * Decide how each column of `type` is stored in `table`: `columns` and `names` (the
 * stored spelling) are in `arena`. NOT_FOUND for columns the table lacks, INVALID for
 * generated ones and for NOT NULL columns nobody fills, TYPE where values of the one type
 * are no values of the other.
 */
stoa_status sqlite_table_match(struct sqlite_session *session, stoa__call *call,
                               const struct sqlite_stored_table *table,
                               const struct stoa__arrow_type *type,
                               const struct sqlite_forms *forms, stoa__arena *arena,
                               struct sqlite_source_column **columns, const char ***names,
                               stoa_error *err);

/* ---- ingest_rows.c ---- */

/* Rows on their way into one table. */
struct sqlite_rows {
    struct sqlite_table_name name;
    const struct stoa__ingest_config *config;
    struct sqlite_forms forms;
    struct stoa__source *source;
    stoa__call *call; /* What the caller may stop; see above. May be NULL. */
    const struct ArrowArray
        *batch;       /* The first one, pulled before; NULL: there is none. */
    const char *keys; /* Upsert: "a,b"; else "". */
};

struct sqlite_ingest_plan;

/* The producer's next batch. DONE. Its code runs while the session is marked: others get
 * BUSY. */
stoa_status sqlite_rows_pull(struct sqlite_session *session, struct stoa__source *source,
                             const struct ArrowArray **batch, stoa_error *err);

/* The plan for such rows: from the session's cache while the schema is what it was, else
 * made. The table must be there. Valid until the next call of this function. */
stoa_status sqlite_ingest_plan_find(struct sqlite_session *session, stoa__call *call,
                                    const struct sqlite_rows *rows,
                                    struct sqlite_ingest_plan **out, stoa_error *err);

/* While the transaction that is open writes rows and nothing else, the schema need not be asked
 * for its mark again. `on`: what plan_find() saw last holds. */
void sqlite_ingest_mark_holds(struct sqlite_session *session, bool on);
/* The same when nobody has committed anything since `note`d, which is when a transaction that only
 * wrote rows has ended; to be asked in the next one. */
void sqlite_ingest_mark_holds_since(struct sqlite_session *session);
void sqlite_ingest_mark_note(struct sqlite_session *session, bool known);
/* No trigger, conflict clause or virtual table in `main`: a statement that fails leaves nothing. */
stoa_status sqlite_ingest_no_rules(struct sqlite_session *session, bool *yes, stoa_error *err);

/* DELETE, all rows or ranges of nanoseconds on column `index` of the source. */
stoa_status sqlite_rows_truncate(struct sqlite_ingest_plan *plan, stoa__call *call,
                                 const struct stoa__ingest_part *part, bool all,
                                 stoa_table_done *done, stoa_error *err);
/* Insert or upsert every row. */
stoa_status sqlite_rows_write(struct sqlite_ingest_plan *plan, stoa__call *call,
                              const struct sqlite_rows *rows, stoa_table_done *done,
                              stoa_error *err);
/* The same, with `columns` that tell rows apart; `upsert`: the later one stays. */
stoa_status sqlite_rows_dedup(struct sqlite_ingest_plan *plan, stoa__call *call,
                              const struct sqlite_rows *rows, struct sqlite_names columns,
                              bool upsert, stoa_table_done *done, stoa_error *err);

/* The session's cache, made when first needed: its kept statements. */
stoa_status sqlite_ingest_steps(struct sqlite_session *session, struct sqlite_steps **out,
                                stoa_error *err);

#endif
