/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a nested type or array something is wrong. A path is a chain of links on the stack of
 * whoever walks; it costs nothing until an error has to name it. */
#ifndef STOA_ARROW_PATH_H
#define STOA_ARROW_PATH_H

#include "stoa/base.h"

struct stoa__arrow_path {
    const struct stoa__arrow_path *up; /* NULL for the root, which is not named. */
    const char *name;                  /* "" or NULL: the index is shown instead. */
    int64_t index;                     /* Among its siblings. */
    int32_t depth;                     /* Links above it. */
};

/* The link below `up`. */
struct stoa__arrow_path stoa__arrow_path_below(const struct stoa__arrow_path *up,
                                               const char *name, int64_t index);

/* stoa__fail() with "column 'a.b': " in front, or "`root`: " where `path` is the root. */
stoa_status stoa__arrow_fail(const struct stoa__arrow_path *path, const char *root,
                             stoa_error *err, stoa_status code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
