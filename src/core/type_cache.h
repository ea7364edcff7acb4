/* SPDX-License-Identifier: Apache-2.0 */
/* The last schema parsed, for callers that come with the same one again and again. It compares
 * content, never pointers: a producer may reuse memory. */
#ifndef STOA_CORE_TYPE_CACHE_H
#define STOA_CORE_TYPE_CACHE_H

#include "arrow/type.h"

/* All-zero is empty. */
struct stoa__type_cache {
    stoa__arena arena;
    struct stoa__arrow_type *type;
};

/* The struct type of `schema`, which must be one; valid until the next call. */
stoa_status stoa__type_cache_get(struct stoa__type_cache *cache,
                                 const struct ArrowSchema *schema,
                                 const struct stoa__arrow_type **out, stoa_error *err);
void stoa__type_cache_release(struct stoa__type_cache *cache);

#endif
