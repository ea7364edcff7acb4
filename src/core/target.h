/* SPDX-License-Identifier: Apache-2.0 */
/* Texts a caller passes: a target with its secrets masked, a name copied. */
#ifndef STOA_CORE_TARGET_H
#define STOA_CORE_TARGET_H

#include "stoa/base.h"

#include <stddef.h>

/* A copy of the target in which the password of a userinfo, and the value of every key=value
 * that sounds like a secret, is "***". NULL: out of memory. Freed with stoa__free(). */
char *stoa__target_mask(const char *target, size_t size);

/* A NUL-terminated copy of a name of 1 to STOA__NAME_BYTES_MAX bytes without NUL; `what` names
 * the argument. Freed with stoa__free(). */
stoa_status stoa__name_copy(const char *what, const char *name, int64_t name_size,
                            char **out, stoa_error *err);
/* The same, where a size of 0 leaves `*out` NULL. */
stoa_status stoa__name_copy_optional(const char *what, const char *name,
                                     int64_t name_size, char **out, stoa_error *err);

#endif
