/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of an ingest, as stoa/ingest.h lists them. */
#include "core/ingest.h"

#include "base/error.h"
#include "core/capability.h"

#include <stddef.h>

#include "base/ban.h"

#define FIELD(field) offsetof(struct stoa__ingest_config, field)
#define CHOICE(key_, field, choices_)                                                    \
    {                                                                                    \
        .key = (key_), .type = STOA__SETTING_CHOICE, .offset = FIELD(field),               \
        .choices = (choices_)                                                             \
    }
#define TEXT(key_, field)                                                                \
    {                                                                                    \
        .key = (key_), .type = STOA__SETTING_TEXT, .offset = FIELD(field)                  \
    }
#define BOOL(key_, field)                                                                \
    {                                                                                    \
        .key = (key_), .type = STOA__SETTING_BOOL, .offset = FIELD(field)                  \
    }

/* Choices stand in the order of their enumerators. */
static const struct stoa__setting table[] = {
    CHOICE("mode", mode, "append|create|replace|create_append|upsert"),
    TEXT("keys", keys),
    BOOL("truncate", truncate),
    CHOICE("dedup", dedup, "none|drop|upsert"),
    TEXT("dedup_columns", dedup_columns),
    CHOICE("unit", unit, "append|finish"),
    CHOICE("ack", ack, "accepted|committed|durable"),
    TEXT("database", database),
    BOOL("strict", strict),
    CHOICE("nan", nan, "error|null"),
    CHOICE("uint64", uint64_form, "error|text"),
    CHOICE("decimal", decimal_form, "text|int"),
    CHOICE("temporal", temporal_form, "int|text"),
    TEXT("index", index),
    CHOICE("check", check, "shape|full"),
};

static const struct stoa__ingest_config defaults = {
    .keys = "",
    .dedup_columns = "",
    .ack = STOA_ACK_COMMITTED,
    .database = "main",
    .index = "",
    .check = STOA_CHECK_FULL,
};

static stoa_status check(const struct stoa__engine *engine,
                         const struct stoa__ingest_config *config, stoa_error *err)
{
    const struct {
        bool asked;
        int32_t capability;
    } needs[] = {
        {true, STOA_CAN_INGEST},
        {config->mode == STOA__INGEST_UPSERT, STOA_CAN_UPSERT},
        {config->truncate, STOA_CAN_TRUNCATE},
        {config->dedup != STOA_DEDUP_NONE, STOA_CAN_DEDUP},
        {config->ack == STOA_ACK_DURABLE, STOA_CAN_DURABLE_ACK},
    };

    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (needs[i].asked && !stoa__engine_can(engine, needs[i].capability))
            return stoa__unsupported(engine, needs[i].capability, err);
    if (config->unit == 1 && !STOA__HAS(engine, ingest_commit))
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: unit=finish is not supported",
                          engine->name);
    if (config->mode == STOA__INGEST_UPSERT && config->keys[0] == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "mode=upsert needs keys");
    if (config->dedup == STOA_DEDUP_NONE && config->dedup_columns[0] != '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "dedup_columns needs dedup");
    return STOA_OK;
}

stoa_status stoa__ingest_config_read(const struct stoa__engine *engine,
                                     stoa__settings *settings, const stoa_option *options,
                                     int64_t option_count,
                                     struct stoa__ingest_config *out, stoa_error *err)
{
    stoa_status rc = stoa__settings_add(settings, options, option_count, err);

    *out = defaults;
    if (rc == STOA_OK)
        rc = stoa__settings_read(settings, "ingest", table, sizeof table / sizeof *table,
                                 out, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(settings, "ingest", err);
    return rc == STOA_OK ? check(engine, out, err) : rc;
}
