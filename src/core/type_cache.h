/* SPDX-License-Identifier: Apache-2.0 */
/* The last schema parsed, for callers that come with the same one again and again, from any
 * thread. It compares content, never pointers: a producer may reuse memory. */
#ifndef STOA_CORE_TYPE_CACHE_H
#define STOA_CORE_TYPE_CACHE_H

#include "arrow/type.h"
#include "base/thread.h"

/* A parsed schema, counted. */
struct stoa__known_type {
    _Atomic int32_t references;
    stoa__arena arena;
    struct stoa__arrow_type *type;
};

struct stoa__type_cache {
    stoa__mutex lock;
    struct stoa__known_type *last; /* NULL: none yet. */
};

void stoa__type_cache_init(struct stoa__type_cache *cache);
void stoa__type_cache_release(struct stoa__type_cache *cache);

/* The struct type of `schema`, which must be one; `cache` NULL: parsed anyhow. Owned by the caller:
 * stoa__known_type_unref(), which accepts NULL. */
stoa_status stoa__type_cache_get(struct stoa__type_cache *cache,
                                 const struct ArrowSchema *schema,
                                 struct stoa__known_type **out, stoa_error *err);
void stoa__known_type_unref(struct stoa__known_type *known);

#endif
