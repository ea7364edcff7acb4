/* SPDX-License-Identifier: Apache-2.0 */
/* The time. It does not wait; thread.h does. */
#ifndef STOA_BASE_CLOCK_H
#define STOA_BASE_CLOCK_H

#include <stdint.h>

int64_t stoa__clock_monotonic_ns(void);

#endif
