/* SPDX-License-Identifier: Apache-2.0 */
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
    }
    return rows > 0 && rows <= STOA__ALONG_ROWS_MAX;
}
