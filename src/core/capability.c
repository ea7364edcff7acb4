/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capability.h"

#include "base/error.h"

#include <assert.h>

#include "base/ban.h"

/* Plural, so that "are not supported" goes behind each. */
static const char *const names[STOA__CAPABILITY_MAX + 1] = {
    [STOA_CAN_SQL] = "statements",
    [STOA_CAN_PREPARE] = "prepared statements",
    [STOA_CAN_TRANSACTIONS] = "transactions",
    [STOA_CAN_SAVEPOINTS] = "savepoints",
    [STOA_CAN_INGEST] = "ingests",
    [STOA_CAN_UPSERT] = "upserts",
    [STOA_CAN_TRUNCATE] = "truncating ingests",
    [STOA_CAN_DEDUP] = "deduplicating ingests",
    [STOA_CAN_MULTI_TABLE_PUSH] = "pushes of several tables",
    [STOA_CAN_SCANS] = "scans",
    [STOA_CAN_FUNCTIONS] = "functions",
    [STOA_CAN_COLLATIONS] = "collations",
    [STOA_CAN_BLOBS] = "blobs by stream",
    [STOA_CAN_BACKUP] = "backups",
    [STOA_CAN_CHECK] = "integrity checks",
    [STOA_CAN_CHECKPOINT] = "checkpoints",
    [STOA_CAN_VACUUM] = "vacuums",
    [STOA_CAN_CATALOG] = "catalogues",
    [STOA_CAN_READ] = "reads without SQL",
    [STOA_CAN_MULTI_STATEMENT] = "scripts of several statements",
    [STOA_CAN_DURABLE_ACK] = "durable acknowledgements",
    [STOA_CAN_KEY_VALUE] = "key-value entries",
    [STOA_CAN_ADMINISTRATION] = "administrative commands",
    [STOA_CAN_SUBSCRIPTIONS] = "subscriptions",
    [STOA_CAN_DRY_RUNS] = "dry runs",
};

const char *stoa__capability_name(int32_t capability)
{
    if (capability < 1 || capability > STOA__CAPABILITY_MAX)
        return NULL;
    return names[capability];
}

bool stoa__engine_can(const struct stoa__engine *engine, int32_t capability)
{
    return capability >= 1 && capability <= STOA__CAPABILITY_MAX &&
           (engine->capabilities & STOA__CAN(capability)) != 0;
}

stoa_status stoa__unsupported(const struct stoa__engine *engine, int32_t capability,
                              stoa_error *err)
{
    const char *name = stoa__capability_name(capability);

    assert(name);
    return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: %s are not supported", engine->name,
                      name);
}
