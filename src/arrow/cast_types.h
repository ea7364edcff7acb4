/* SPDX-License-Identifier: Apache-2.0 */
/* Which types can be cast to which, before any value is seen. */
#ifndef STOA_ARROW_CAST_TYPES_H
#define STOA_ARROW_CAST_TYPES_H

#include "arrow/path.h"
#include "arrow/type.h"

/* Kinds that behave alike as source and target of a cast. */
enum stoa__arrow_family {
    STOA__FAMILY_NULL,
    STOA__FAMILY_BOOL,
    STOA__FAMILY_INTEGER,
    STOA__FAMILY_FLOAT,
    STOA__FAMILY_DECIMAL,
    STOA__FAMILY_DATE,
    STOA__FAMILY_TIME,
    STOA__FAMILY_TIMESTAMP,
    STOA__FAMILY_DURATION,
    STOA__FAMILY_MONTHS,
    STOA__FAMILY_INTERVAL,
    STOA__FAMILY_TEXT,
    STOA__FAMILY_BINARY,
    STOA__FAMILY_LIST,
    STOA__FAMILY_STRUCT,
    STOA__FAMILY_MAP,
    STOA__FAMILY_UNION,
    STOA__FAMILY_COUNT
};

enum stoa__arrow_family stoa__arrow_family(enum stoa__arrow_kind kind);

/* Whether some value of the one family is a value of the other. */
bool stoa__family_casts(enum stoa__arrow_family from, enum stoa__arrow_family to);

/* Which field of the struct `from` becomes field `index` of the struct `to`: that of its
 * name, which stoa__cast_types_check() has seen to be no other's. -1: none. */
int32_t stoa__cast_field(const struct stoa__arrow_type *from,
                         const struct stoa__arrow_type *to, int32_t index);

/* UNSUPPORTED with path and both types where a cast can never be; TYPE where fields of
 * structs are lost, or missing and not nullable, or type ids of unions are lost. */
stoa_status stoa__cast_types_check(const struct stoa__arrow_path *path,
                                   const struct stoa__arrow_type *from,
                                   const struct stoa__arrow_type *to, stoa_error *err);

/* UNSUPPORTED: "there is no cast from int64 to list<utf8>". */
stoa_status stoa__fail_cast(const struct stoa__arrow_type *from,
                            const struct stoa__arrow_type *to, stoa_error *err);

#endif
