/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates by a strftime pattern, both ways, in the C locale:
 *
 *     %Y %y %m %d %e %H %I %M %S %p %j %a %A %b %B %F %T %D %%
 *
 * Reading takes the whole text. A blank of the pattern matches any white space, also none; names
 * may be in any case; without a day of the month it is the first.
 */
#ifndef STOA_COLLECTION_PATTERN_H
#define STOA_COLLECTION_PATTERN_H

#include "base/buffer.h"
#include "collection/dates.h"

/* Where the pattern has something that is not in the list above; NULL: nowhere. */
const char *collection_pattern_unknown(const char *pattern);
/* Does it say year and day well enough to be read? (%Y-%m does, %H:%M does not.) */
bool collection_pattern_is_date(const char *pattern);

/* Append text; false for a year out of range, or without memory. */
bool collection_pattern_write(const char *pattern, struct collection_instant at,
                              stoa__buffer *out);
/* False, with zeros, for what the pattern does not match and days that do not exist. */
bool collection_pattern_read(const char *pattern, const char *text, size_t size,
                             struct collection_instant *out);

#endif
