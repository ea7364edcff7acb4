/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine can do, and the one wording for what it can't. */
#ifndef STOA_CORE_CAPABILITY_H
#define STOA_CORE_CAPABILITY_H

#include "engine/engine.h"

#include <stddef.h>

enum { STOA__CAPABILITY_MAX = STOA_CAN_DRY_RUNS };

/* Is the table long enough for the function, and is it there? */
#define STOA__HAS(engine, function)                                                      \
    ((engine)->struct_size >=                                                            \
         offsetof(struct stoa__engine, function) + sizeof(void *) &&                     \
     (engine)->function)

/* Such as "savepoints"; NULL for numbers that are none. */
const char *stoa__capability_name(int32_t capability);

bool stoa__engine_can(const struct stoa__engine *engine, int32_t capability);

/* "null: savepoints are not supported". */
stoa_status stoa__unsupported(const struct stoa__engine *engine, int32_t capability,
                              stoa_error *err);

#endif
