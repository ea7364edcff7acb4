/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver can do: told by its table, measured before (quirk.c), or seen when it was asked to.
 * Nothing is tried for its own sake, except where trying changes nothing. */
#include "engine/adbc/parts.h"

#include <string.h>

#include "base/ban.h"

static const char *const names[ADBC_ABILITY_COUNT] = {
    [ADBC_CAN_TRANSACTIONS] = "transactions",
    [ADBC_CAN_CANCEL_STATEMENT] = "cancelling of statements",
    [ADBC_CAN_CANCEL_CONNECTION] = "cancelling of connections",
    [ADBC_CAN_SCHEMA] = "schemas before execution",
    [ADBC_CAN_PARAMETERS] = "types of parameters",
    [ADBC_CAN_PREPARE] = "preparing",
    [ADBC_CAN_BIND_ROWS] = "binds of several rows",
    [ADBC_CAN_BATCH_ROWS] = "bounds of batches",
    [ADBC_CAN_STREAMS] = "several results at a time",
    [ADBC_CAN_COUNTS] = "counts of rows affected",
    [ADBC_CAN_CREATE] = "ingest by create",
    [ADBC_CAN_APPEND] = "ingest by append",
    [ADBC_CAN_REPLACE] = "ingest by replace",
    [ADBC_CAN_CREATE_APPEND] = "ingest by create_append",
    [ADBC_CAN_TEMPORARY] = "ingest into temporary tables",
    [ADBC_CAN_SCHEMA_INGEST] = "ingest into a named database",
    [ADBC_CAN_ATOMIC_INGEST] = "ingest that is all or nothing by itself",
    [ADBC_CAN_OBJECTS] = "a catalogue",
    [ADBC_CAN_TABLE_SCHEMA] = "schemas of tables",
    [ADBC_CAN_STATISTICS] = "statistics",
    [ADBC_CAN_READ_ONLY] = "connections that only read",
    [ADBC_CAN_CURRENT_CATALOG] = "the current catalogue",
    [ADBC_CAN_PROGRESS] = "progress",
    [ADBC_CAN_PARTITIONS] = "partitions",
    [ADBC_CAN_SUBSTRAIT] = "Substrait plans",
};

static uint64_t bit(int ability)
{
    return UINT64_C(1) << ability;
}

int adbc_ability(const struct adbc_instance *instance, int ability)
{
    if (atomic_load_explicit(&instance->lacks, memory_order_relaxed) & bit(ability))
        return ADBC_NO;
    if (atomic_load_explicit(&instance->has, memory_order_relaxed) & bit(ability))
        return ADBC_YES;
    return ADBC_UNKNOWN_ABILITY;
}

bool adbc_lacks(const struct adbc_instance *instance, int ability)
{
    return adbc_ability(instance, ability) == ADBC_NO;
}

void adbc_note(struct adbc_instance *instance, int ability, bool can)
{
    /* One word is read before it is written: this is called for each statement. */
    if (adbc_ability(instance, ability) == (can ? ADBC_YES : ADBC_NO))
        return;
    atomic_fetch_or_explicit(can ? &instance->has : &instance->lacks, bit(ability),
                             memory_order_relaxed);
}

void adbc_note_answer(struct adbc_instance *instance, int ability, adbc_status status)
{
    if (status == ADBC_OK || status == ADBC_NOT_IMPLEMENTED)
        adbc_note(instance, ability, status == ADBC_OK);
}

void adbc_note_table(struct adbc_instance *instance)
{
    const struct adbc_driver *driver = instance->driver;

    for (int i = 0; i < ADBC_ABILITY_COUNT; i++)
        if (driver->lacks & bit(i))
            adbc_note(instance, i, false);
}

void adbc_note_quirk(struct adbc_instance *instance)
{
    const struct adbc_quirk *quirk = instance->quirk;

    if (quirk->one_stream)
        adbc_note(instance, ADBC_CAN_STREAMS, false);
    if (quirk->one_row_binds)
        adbc_note(instance, ADBC_CAN_BIND_ROWS, false);
    if (!quirk->batch_rows_key)
        adbc_note(instance, ADBC_CAN_BATCH_ROWS, false);
    if (quirk->vendor[0] != '\0')
        adbc_note(instance, ADBC_CAN_ATOMIC_INGEST, quirk->atomic_ingest);
}

stoa_status adbc_abilities_list(const struct adbc_instance *instance, int which,
                                stoa__buffer *out)
{
    stoa_status rc = STOA_OK;
    bool first = true;

    for (int i = 0; i < ADBC_ABILITY_COUNT && rc == STOA_OK; i++) {
        if (adbc_ability(instance, i) != which)
            continue;
        rc = stoa__buffer_format(out, "%s%s", first ? "" : ", ", names[i]);
        first = false;
    }
    return rc;
}

uint64_t adbc_lacking(void *self)
{
    const struct adbc_instance *instance = self;
    uint64_t out = 0;

    if (adbc_lacks(instance, ADBC_CAN_TRANSACTIONS))
        out |= STOA__CAN(STOA_CAN_TRANSACTIONS) | STOA__CAN(STOA_CAN_SAVEPOINTS) |
               STOA__CAN(STOA_CAN_MULTI_TABLE_PUSH);
    if (!instance->quirk->savepoints)
        out |= STOA__CAN(STOA_CAN_SAVEPOINTS);
    if (!instance->quirk->durable_commit)
        out |= STOA__CAN(STOA_CAN_DURABLE_ACK);
    if (adbc_lacks(instance, ADBC_CAN_APPEND) && adbc_lacks(instance, ADBC_CAN_CREATE))
        out |= STOA__CAN(STOA_CAN_INGEST) | STOA__CAN(STOA_CAN_MULTI_TABLE_PUSH);
    if (adbc_lacks(instance, ADBC_CAN_OBJECTS))
        out |= STOA__CAN(STOA_CAN_CATALOG);
    return out;
}
