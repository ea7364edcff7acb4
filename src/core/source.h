/* SPDX-License-Identifier: Apache-2.0 */
/* Callers' batches and streams as sources for engines. */
#ifndef STOA_CORE_SOURCE_H
#define STOA_CORE_SOURCE_H

#include "arrow/raw.h"
#include "core/type_cache.h"
#include "engine/engine.h"

/* One batch, borrowed. */
struct stoa__batch_source {
    struct stoa__source source;
    const struct ArrowArray *batch;
    bool given;
};
/* `batch` is validated here. */
stoa_status stoa__batch_source_init(struct stoa__batch_source *out,
                                    const struct stoa__arrow_type *type,
                                    const struct ArrowArray *batch, int32_t check,
                                    stoa_error *err);

/* A foreign stream, read once. */
struct stoa__stream_source {
    struct stoa__source source;
    struct stoa__stream_in in;
    struct ArrowArray batch;
};
/* Takes `stream` on success. Calls back. */
stoa_status stoa__stream_source_init(struct stoa__stream_source *out,
                                     struct ArrowArrayStream *stream, int32_t check,
                                     stoa_error *err);
/* After a failure: the caller has the stream again. */
void stoa__stream_source_return(struct stoa__stream_source *source,
                                struct ArrowArrayStream *stream);
void stoa__stream_source_release(struct stoa__stream_source *source);

/* Raw columns, borrowed. */
struct stoa__raw_source {
    struct stoa__batch_source batch;
    struct stoa__raw raw;
    struct stoa__known_type *known;
};
/* `types`: where its type may be known already; NULL: nowhere. */
stoa_status stoa__raw_source_init(struct stoa__raw_source *out, struct stoa__type_cache *types,
                                  const stoa_column *columns, int64_t column_count,
                                  int64_t row_count, int32_t check, stoa_error *err);
/* Accepts all-zero. */
void stoa__raw_source_release(struct stoa__raw_source *source);

#endif
