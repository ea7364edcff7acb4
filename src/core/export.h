/* SPDX-License-Identifier: Apache-2.0 */
/* A result turned into an Arrow stream that outlives every handle. */
#ifndef STOA_CORE_EXPORT_H
#define STOA_CORE_EXPORT_H

#include "core/result.h"

/* Take the rest of `result`, whose mark the entry holds; on failure it is as before. */
stoa_status stoa__result_export(struct stoa__entry *entry, struct stoa__result *result,
                                struct ArrowArrayStream *out, stoa_error *err);

#endif
