/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection's SQL knows by a name the caller gave: scans and functions. */
#ifndef STOA_CORE_NAMED_H
#define STOA_CORE_NAMED_H

#include "core/enter.h"

struct stoa__named {
    struct stoa__leaf leaf;
    void *native; /* The engine's, dropped with the handle; NULL: it was refused. */
    char *name;
    int32_t parameter_count; /* Of a function; -1: any. */
};

/* Publish one, whose `native` is still to be had: the handle first, because nothing may fail once
 * the engine has what it was given. When the engine refuses, close the handle. */
stoa_status stoa__named_open(struct stoa__entry *entry, enum stoa__kind kind, const char *name,
                             int32_t parameter_count, struct stoa__named **out, uint64_t *id,
                             stoa_error *err);

/* Close those that `named` replaces: of its kind, its name, and its number of parameters. */
void stoa__named_replace(const struct stoa__named *named);

/* Close all of a kind and name; NOT_FOUND when there are none. */
stoa_status stoa__named_drop(stoa_conn conn, enum stoa__kind kind, const char *name,
                             int64_t name_size, stoa_error *err);

#endif
