/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of integers, as the option `enum_labels` has them: attribute, locale, label, value.
 *
 *     {"soil": {"en": {"clay": 1, "sand": 2}, "de": {"Ton": 1}}}
 */
#ifndef STOA_COLLECTION_ENUMS_H
#define STOA_COLLECTION_ENUMS_H

#include "base/arena.h"
#include "stoa/base.h"

#include <stdbool.h>
#include <stddef.h>

struct collection_enum_label {
    const char *label;
    size_t size;
    const char *locale;
    int64_t value;
    int32_t place; /* In the order given. */
};

/* Of one attribute. */
struct collection_enum {
    const char *attribute;
    struct collection_enum_label *by_value; /* Of a value, the first given. */
    struct collection_enum_label *by_label; /* Ignoring ASCII case. */
    int32_t value_count, label_count;
};

struct collection_enums {
    struct collection_enum *items;
    int32_t count;
};

/* Read the JSON; an empty text is none. `locale` (may be NULL or empty): the one whose labels are
 * written. INVALID says where it is not of that shape (SYNTAX: no JSON), and names a
 * locale that is not there. */
stoa_status collection_enums_read(const char *json, const char *locale, stoa__arena *arena,
                                  struct collection_enums *out, stoa_error *err);

/* NULL: the attribute has no labels. */
const struct collection_enum *collection_enums_of(const struct collection_enums *enums,
                                                  const char *attribute);
/* NULL: the value has none. */
const struct collection_enum_label *collection_enum_label(const struct collection_enum *of,
                                                          int64_t value);
/* By its exact spelling, else in any case, in any locale. False: there is none. */
bool collection_enum_value(const struct collection_enum *of, const char *label, size_t size,
                           int64_t *value);

#endif
