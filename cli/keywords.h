/* SPDX-License-Identifier: Apache-2.0 */
/* The words of SQL that completion offers and the editor colours. */
#ifndef STOA_CLI_KEYWORDS_H
#define STOA_CLI_KEYWORDS_H

#include <stddef.h>

/* The nth, in capitals and in order; NULL beyond the last. */
const char *keyword_name(size_t nth);

int keyword_is(const char *word, size_t size);

#endif
