/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tables and columns: quoting for SQL, and comparing as SQL does, with ASCII
 * letters alike in both cases and all other bytes as they are. */
#ifndef STOA_TEXT_IDENTIFIER_H
#define STOA_TEXT_IDENTIFIER_H

#include "base/buffer.h"

/* Append "name" in double quotes, with those inside doubled. STOA_ERR_INVALID, with
 * nothing appended, for an empty name, a NUL, text that is not UTF-8, or more than
 * STOA__NAME_BYTES_MAX. */
stoa_status stoa__identifier_quote(const char *name, size_t size, stoa__buffer *out,
                                   stoa_error *err);

bool stoa__name_equal(const char *a, size_t a_size, const char *b, size_t b_size);
/* Is it `word`, which ends with a NUL? */
bool stoa__name_is(const char *name, size_t size, const char *word);
/* < 0, 0, > 0; a total order that agrees with stoa__name_equal(). */
int stoa__name_compare(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
