/* SPDX-License-Identifier: Apache-2.0 */
/* The log: lines go to the hook and the ring of stoa/base.h. Secrets never come here. */
#ifndef STOA_BASE_LOG_H
#define STOA_BASE_LOG_H

#include "stoa/base.h"

/* Cheap when nobody listens at `level`. Never fails; takes no lock of any other module, but must
 * not be called with one held, since the hook is user code. */
void stoa__log(int32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
