/* SPDX-License-Identifier: Apache-2.0 */
#include "base/live.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/object.h"

#include <assert.h>

#include "base/ban.h"

static _Atomic int64_t counters[STOA_LIVE_SESSION + 1];

_Static_assert(STOA_LIVE_DB - STOA__KIND_DB == STOA_LIVE_BLOB - STOA__KIND_BLOB,
               "handles are counted in the order of their kinds");

void stoa__live_add(int32_t kind, int64_t delta)
{
    int64_t before;

    assert(kind >= STOA_LIVE_STREAM && kind <= STOA_LIVE_SESSION);
    before = atomic_fetch_add_explicit(&counters[kind], delta, memory_order_relaxed);
    assert(before + delta >= 0);
    (void)before;
}

static int64_t count_of(int32_t kind)
{
    if (kind == STOA_LIVE_BYTES)
        return stoa__mem_bytes();
    if (kind == STOA_LIVE_ALLOCATIONS)
        return stoa__mem_allocations();
    if (kind <= STOA_LIVE_BLOB)
        return stoa__object_count((enum stoa__kind)(kind - STOA_LIVE_DB + STOA__KIND_DB));
    if (kind == STOA_LIVE_LUA)
        return stoa__object_count(STOA__KIND_LUA);
    return atomic_load_explicit(&counters[kind], memory_order_relaxed);
}

stoa_status stoa_live(int32_t kind, int64_t *count, stoa_error *err)
{
    if (!count)
        return stoa__fail(err, STOA_ERR_INVALID, "count is NULL");
    *count = 0;
    if (kind < STOA_LIVE_BYTES || kind > STOA_LIVE_LUA)
        return stoa__fail(err, STOA_ERR_INVALID, "%d is not one of STOA_LIVE_*",
                          (int)kind);
    *count = count_of(kind);
    return STOA_OK;
}
