/* SPDX-License-Identifier: Apache-2.0 */
/* stoa_collection_set(): the policies of a connection. */
#include "base/error.h"
#include "base/settings.h"
#include "collection/enter.h"

#include <stddef.h>

#include "base/ban.h"

/* The choices as numbers; the second is the policy. */
struct choices {
    int32_t trim, dates, nan, arrays, cells, rules;
};

static const struct stoa__setting table[] = {
    {.key = "trim",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, trim),
     .choices = "no|yes"},
    {.key = "dates",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, dates),
     .choices = "canonical|raw"},
    {.key = "nan",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, nan),
     .choices = "error|null"},
    {.key = "arrays",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, arrays),
     .choices = "refuse|fan_out"},
    {.key = "cells",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, cells),
     .choices = "error|null"},
    {.key = "rules",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct choices, rules),
     .choices = "all|basic"},
};

static stoa_status set(struct collection_policy *policy, const stoa_option *options,
                       int64_t option_count, stoa_error *err)
{
    struct choices chosen = {policy->trim,          policy->dates_raw,  policy->nan_null,
                             policy->arrays_fan_out, policy->cells_null, policy->rules_basic};
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add(&settings, options, option_count, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(&settings, "collection", table, sizeof table / sizeof *table,
                                 &chosen, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "collection", err);
    stoa__settings_release(&settings);
    if (rc == STOA_OK)
        *policy = (struct collection_policy){.trim = chosen.trim != 0,
                                             .dates_raw = chosen.dates != 0,
                                             .nan_null = chosen.nan != 0,
                                             .arrays_fan_out = chosen.arrays != 0,
                                             .cells_null = chosen.cells != 0,
                                             .rules_basic = chosen.rules != 0};
    return rc;
}

stoa_status stoa_collection_set(stoa_conn conn, const stoa_option *options, int64_t option_count,
                                stoa_error *err)
{
    struct collection_call call;
    stoa_status rc = collection_enter_bare(&call, conn, (stoa_op){0}, "set", err);

    if (rc != STOA_OK)
        return rc;
    return collection_leave(&call, set(&call.state->policy, options, option_count, err));
}
