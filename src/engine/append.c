/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/load.h"
#include "arrow/shape.h"
#include "base/limits.h"
#include "engine/engine.h"

#include <string.h>

#include "base/ban.h"

static bool is_main(const char *database)
{
    return !database || !*database || strcmp(database, "main") == 0;
}

/* Modes that do something with the first append alone are the business of their own ingest. */
static bool only_adds_rows(const struct stoa__ingest_config *config)
{
    return (config->mode == STOA__INGEST_APPEND || config->mode == STOA__INGEST_UPSERT) &&
           !config->truncate && config->dedup == STOA_DEDUP_NONE && config->unit == 0 &&
           !*config->index && is_main(config->database) && !config->in_caller_transaction;
}

/* What the values of rows [first, first + count) take; INT64_MAX where that is not seen at a
 * glance: nested, encoded and in views. */
static int64_t bytes_of(const struct stoa__arrow_type *type, const struct ArrowArray *array,
                        int64_t first, int64_t count)
{
    const enum stoa__arrow_shape shape = stoa__arrow_shape(type);
    const int32_t width = stoa__arrow_offset_width(type->kind);
    int64_t begin, end;

    if (shape == STOA__SHAPE_FIXED || shape == STOA__SHAPE_BITS || shape == STOA__SHAPE_NONE)
        return count * (type->width > 0 ? type->width : 1);
    if (shape != STOA__SHAPE_TEXT)
        return INT64_MAX;
    begin = stoa__load_int(array->buffers[1], width, first);
    end = stoa__load_int(array->buffers[1], width, first + count);
    return end >= begin ? end - begin : INT64_MAX;
}

/* Each is bounded, so that the sum cannot wrap. */
static bool is_light(const struct stoa__source *source)
{
    const struct ArrowArray *const batch = source->batch;
    int64_t bytes = 0;

    for (int32_t i = 0; batch->length > 0 && i < source->type->child_count; i++) {
        const struct ArrowArray *const column = batch->children[i];
        const int64_t more = bytes_of(&source->type->children[i], column,
                                      column->offset + batch->offset, batch->length);

        if (more > STOA__ALONG_BYTES_MAX || (bytes += more) > STOA__ALONG_BYTES_MAX)
            return false;
    }
    return true;
}

bool stoa__ingest_append_is_small(const struct stoa__ingest_append *append)
{
    int64_t rows = 0;

    if (append->part_count > STOA__ALONG_PART_COUNT_MAX)
        return false;
    for (int64_t i = 0; i < append->part_count; i++) {
        const struct stoa__ingest_part *part = &append->parts[i];

        if (!part->config || !only_adds_rows(part->config) || part->truncate_count != 0 ||
            part->create || !part->source->batch)
            return false;
        rows += part->source->batch->length;
        if (rows > STOA__ALONG_ROWS_MAX || !is_light(part->source))
            return false;
    }
    return rows > 0;
}
