/* SPDX-License-Identifier: Apache-2.0 */
/* The one sentence for text that is not what it should be. */
#ifndef STOA_TEXT_REFUSE_H
#define STOA_TEXT_REFUSE_H

#include "stoa/base.h"

enum { STOA__EXCERPT_SIZE = 72 };

/* The beginning of any bytes as printable UTF-8, NUL-terminated: what is not printable
 * becomes '?', and "..." stands for what does not fit. */
void stoa__excerpt(const char *text, size_t size, char out[STOA__EXCERPT_SIZE]);

/* STOA_ERR_TYPE: "'2024-02-30' is not a date: the month has no such day". */
stoa_status stoa__refuse(stoa_error *err, const char *what, const char *text, size_t size,
                         const char *reason);

#endif
