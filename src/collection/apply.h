/* SPDX-License-Identifier: Apache-2.0 */
/* Running the text of a schema. */
#ifndef STOA_COLLECTION_APPLY_H
#define STOA_COLLECTION_APPLY_H

#include "collection/enter.h"

/* Run `sql` in one transaction and validate the schema that is there then; by rules 1 to 22 alone
 * with `basic`. */
stoa_status collection_apply(struct collection_call *call, const char *sql, size_t size, bool basic,
                             stoa_error *err);
/* INVALID with the text of the first rule the schema breaks now. */
stoa_status collection_validate(struct collection_call *call, bool basic, stoa_error *err);

#endif
