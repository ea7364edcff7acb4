/* SPDX-License-Identifier: Apache-2.0 */
/* The engines of this build, in the order they are listed. */
#include "base/error.h"
#include "base/nearest.h"
#include "engine/engine.h"
#include "engine/registry.h"

#include <string.h>

#include "base/ban.h"

static const struct stoa__engine *const engines[] = {
    &stoa__engine_sqlite,
    &stoa__engine_null,
    &stoa__engine_adbc,
    &stoa__engine_duckdb,
    &stoa__engine_postgresql,
    &stoa__engine_flightsql,
    &stoa__engine_snowflake,
    &stoa__engine_bigquery,
    &stoa__engine_chdb,
    &stoa__engine_mysql,
    &stoa__engine_mssql,
    &stoa__engine_trino,
};

enum { ENGINE_COUNT = sizeof engines / sizeof *engines };

const struct stoa__engine *stoa__engine_at(int32_t index)
{
    return index >= 0 && index < ENGINE_COUNT ? engines[index] : NULL;
}

const struct stoa__engine *stoa__engine_find(const char *name, stoa_error *err)
{
    stoa__nearest nearest = stoa__nearest_start(name, strlen(name));

    for (int32_t i = 0; i < ENGINE_COUNT; i++) {
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
        stoa__nearest_offer(&nearest, engines[i]->name, strlen(engines[i]->name));
    }
    if (nearest.best)
        stoa__fail(err, STOA_ERR_NOT_FOUND, "there is no engine '%s' (did you mean '%.*s'?)", name,
                   (int)nearest.best_size, nearest.best);
    else
        stoa__fail(err, STOA_ERR_NOT_FOUND,
                   "there is no engine '%s'; stoa_engines() lists those there are", name);
    return NULL;
}
