/* SPDX-License-Identifier: Apache-2.0 */
/* Live counters of what has no handle (stoa_live counts handles and memory by itself). */
#ifndef STOA_BASE_LIVE_H
#define STOA_BASE_LIVE_H

#include "stoa/base.h"

/* `kind` is STOA_LIVE_STREAM, STOA_LIVE_ARRAY or STOA_LIVE_SESSION; `delta` 1 or -1. */
void stoa__live_add(int32_t kind, int64_t delta);

#endif
