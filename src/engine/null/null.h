/* SPDX-License-Identifier: Apache-2.0 */
/* The null engine's own objects, shared by the files of this folder. */
#ifndef STOA_ENGINE_NULL_NULL_H
#define STOA_ENGINE_NULL_NULL_H

#include "base/thread.h"
#include "engine/engine.h"

/* What was seen of one column of one append. */
struct null_sighting {
    struct null_sighting *next;
    char *table; /* `column` and `type` lie behind it in the same piece. */
    char *column;
    char *type;
    int64_t append; /* From 1, in order of arrival. */
    int64_t rows, nulls;
    int64_t address; /* Of the column's values in the first batch; 0: it has none. */
    uint64_t checksum;
};

struct null_instance {
    bool read_only;
    stoa__mutex lock; /* Guards what follows: sessions of many threads write. */
    struct null_sighting *first, *last;
    int64_t append_count;
};

struct null_session {
    struct null_instance *instance;
    int32_t transaction; /* STOA_TRANSACTION_* */
    bool lazy;           /* Reading, but may write. */
    /* Seen in the open transaction, not yet for others to see. */
    struct null_sighting *first, *last;
};

void null_sightings_free(struct null_sighting *first);
/* Show what the session saw to everybody (commit). */
void null_publish(struct null_session *session);

/* null_ingest.c */
stoa_status null_ingest_open(void *session, const struct stoa__ingest_config *config,
                             void **ingest, stoa_error *err);
stoa_status null_ingest_append(void *ingest, stoa__call *call,
                               struct stoa__ingest_part *parts, int64_t part_count,
                               int32_t *level, stoa_error *err);
stoa_status null_ingest_commit(void *ingest, stoa__call *call, stoa_error *err);
stoa_status null_ingest_sync(void *ingest, stoa__call *call, stoa_error *err);
void null_ingest_close(void *ingest);

/* null_query.c */
stoa_status null_prepare(void *session, stoa__call *call, const char *sql, size_t size,
                         size_t *used, void **statement, stoa_error *err);
void null_statement_close(void *statement);
stoa_status null_statement_parameters(void *statement,
                                      const struct stoa__parameter **list, int64_t *count,
                                      stoa_error *err);
stoa_status null_statement_type(void *statement, const struct stoa__read_config *config,
                                const struct stoa__arrow_type **type, stoa_error *err);
stoa_status null_execute(void *statement, stoa__call *call,
                         const struct stoa__params *params,
                         const struct stoa__read_config *config, void **cursor,
                         stoa_error *err);
stoa_status null_cursor_type(void *cursor, stoa__call *call,
                             const struct stoa__arrow_type **type, stoa_error *err);
stoa_status null_cursor_next(void *cursor, stoa__call *call, struct ArrowArray *out,
                             stoa_error *err);
void null_cursor_info(void *cursor, struct stoa__cursor_info *out);
void null_cursor_close(void *cursor);

/* null.c, for the statements that name them. */
stoa_status null_begin(void *session, stoa__call *call, int32_t mode, stoa_error *err);
stoa_status null_commit(void *session, stoa__call *call, stoa_error *err);
stoa_status null_rollback(void *session, stoa_error *err);

#endif
