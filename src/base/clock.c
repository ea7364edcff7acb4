/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

#include "base/ban.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t stoa__clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t stoa__clock_utc_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}
