/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes a batch keeps alive, for the bound on what a scan retains. */
#ifndef STOA_ENGINE_SQLITE_SCAN_SIZE_H
#define STOA_ENGINE_SQLITE_SCAN_SIZE_H

#include "arrow/type.h"

/* Bytes behind the rows of a validated array, children and dictionaries included. Windows
 * on one array count what they show. */
int64_t sqlite_scan_size(const struct stoa__arrow_type *type,
                         const struct ArrowArray *array);

#endif
