/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cast_types.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

#define TO(family) (1U << STOA__FAMILY_##family)

/* Row: from. A text is written and read for every scalar; a count for everything
 * temporal. */
static const uint32_t casts[STOA__FAMILY_COUNT] = {
    [STOA__FAMILY_NULL] = (1U << STOA__FAMILY_COUNT) - 1,
    [STOA__FAMILY_BOOL] = TO(BOOL) | TO(INTEGER) | TO(TEXT),
    [STOA__FAMILY_INTEGER] = TO(BOOL) | TO(INTEGER) | TO(FLOAT) | TO(DECIMAL) | TO(TEXT) |
                             TO(DATE) | TO(TIME) | TO(TIMESTAMP) | TO(DURATION) |
                             TO(MONTHS),
    [STOA__FAMILY_FLOAT] = TO(INTEGER) | TO(FLOAT) | TO(DECIMAL) | TO(TEXT),
    [STOA__FAMILY_DECIMAL] = TO(INTEGER) | TO(FLOAT) | TO(DECIMAL) | TO(TEXT),
    [STOA__FAMILY_DATE] = TO(INTEGER) | TO(DATE) | TO(TIMESTAMP) | TO(TEXT),
    [STOA__FAMILY_TIME] = TO(INTEGER) | TO(TIME) | TO(TEXT),
    [STOA__FAMILY_TIMESTAMP] = TO(INTEGER) | TO(DATE) | TO(TIMESTAMP) | TO(TEXT),
    [STOA__FAMILY_DURATION] = TO(INTEGER) | TO(DURATION) | TO(TEXT),
    [STOA__FAMILY_MONTHS] = TO(INTEGER) | TO(MONTHS) | TO(INTERVAL) | TO(TEXT),
    [STOA__FAMILY_INTERVAL] = TO(MONTHS) | TO(INTERVAL) | TO(TEXT),
    [STOA__FAMILY_TEXT] = TO(BOOL) | TO(INTEGER) | TO(FLOAT) | TO(DECIMAL) | TO(DATE) |
                          TO(TIME) | TO(TIMESTAMP) | TO(DURATION) | TO(MONTHS) |
                          TO(INTERVAL) | TO(TEXT) | TO(BINARY) | TO(LIST) |
                          TO(STRUCT) | TO(MAP) | TO(UNION),
    [STOA__FAMILY_BINARY] = TO(TEXT) | TO(BINARY),
    [STOA__FAMILY_LIST] = TO(LIST),
    [STOA__FAMILY_STRUCT] = TO(STRUCT),
    [STOA__FAMILY_MAP] = TO(MAP),
    [STOA__FAMILY_UNION] = TO(UNION),
};

enum stoa__arrow_family stoa__arrow_family(enum stoa__arrow_kind kind)
{
    if (stoa__arrow_is_signed(kind) || stoa__arrow_is_unsigned(kind))
        return STOA__FAMILY_INTEGER;
    if (stoa__arrow_is_float(kind))
        return STOA__FAMILY_FLOAT;
    if (stoa__arrow_is_decimal(kind))
        return STOA__FAMILY_DECIMAL;
    if (stoa__arrow_is_text(kind))
        return STOA__FAMILY_TEXT;
    if (stoa__arrow_is_binary(kind))
        return STOA__FAMILY_BINARY;
    if (stoa__arrow_is_list(kind))
        return STOA__FAMILY_LIST;
    switch ((int)kind) {
    case STOA__ARROW_NULL:
        return STOA__FAMILY_NULL;
    case STOA__ARROW_BOOL:
        return STOA__FAMILY_BOOL;
    case STOA__ARROW_DATE32:
    case STOA__ARROW_DATE64:
        return STOA__FAMILY_DATE;
    case STOA__ARROW_TIME32:
    case STOA__ARROW_TIME64:
        return STOA__FAMILY_TIME;
    case STOA__ARROW_TIMESTAMP:
        return STOA__FAMILY_TIMESTAMP;
    case STOA__ARROW_DURATION:
        return STOA__FAMILY_DURATION;
    case STOA__ARROW_INTERVAL_MONTHS:
        return STOA__FAMILY_MONTHS;
    case STOA__ARROW_INTERVAL_DAYS_MS:
    case STOA__ARROW_INTERVAL_MONTHS_DAYS_NS:
        return STOA__FAMILY_INTERVAL;
    case STOA__ARROW_STRUCT:
        return STOA__FAMILY_STRUCT;
    case STOA__ARROW_MAP:
        return STOA__FAMILY_MAP;
    default:
        return STOA__FAMILY_UNION;
    }
}

bool stoa__family_casts(enum stoa__arrow_family from, enum stoa__arrow_family to)
{
    return (casts[from] >> to) & 1;
}

/* The type behind dictionaries and run ends. */
static const struct stoa__arrow_type *value_type(const struct stoa__arrow_type *type)
{
    while (type->dictionary || type->kind == STOA__ARROW_RUN_END)
        type = type->dictionary ? type->dictionary : &type->children[1];
    return type;
}

stoa_status stoa__fail_cast(const struct stoa__arrow_type *from,
                            const struct stoa__arrow_type *to, stoa_error *err)
{
    char from_text[160], to_text[160];

    stoa__arrow_type_text(from, from_text, sizeof(from_text));
    stoa__arrow_type_text(to, to_text, sizeof(to_text));
    return stoa__fail(err, STOA_ERR_UNSUPPORTED, "there is no cast from %s to %s",
                      from_text, to_text);
}

int32_t stoa__cast_field(const struct stoa__arrow_type *from,
                         const struct stoa__arrow_type *to, int32_t index)
{
    const char *name = to->children[index].name;

    for (int32_t i = 0; i < from->child_count; i++) {
        int32_t field = (index + i) % from->child_count;
        if (strcmp(from->children[field].name, name) == 0)
            return field;
    }
    return -1;
}

static bool has_same_names(const struct stoa__arrow_type *from,
                           const struct stoa__arrow_type *to)
{
    bool same = from->child_count == to->child_count;

    for (int32_t i = 0; same && i < from->child_count; i++)
        same = strcmp(from->children[i].name, to->children[i].name) == 0;
    return same;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fields are found by name: so each has its own, unless all are where they were. */
static stoa_status check_names(const struct stoa__arrow_path *path,
                               const struct stoa__arrow_type *type, stoa_error *err)
{
    size_t count = (size_t)type->child_count;
    const char **names = stoa__alloc_zero(count + 1, sizeof(*names));
    stoa_status rc = STOA_OK;

    if (!names)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        names[i] = type->children[i].name;
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; rc == STOA_OK && i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            rc = stoa__arrow_fail(
                path, "batch", err, STOA_ERR_TYPE,
                "two fields are called '%s' and source and target do not "
                "have the same names in the same order",
                names[i]);
    stoa__free(names);
    return rc;
}

static stoa_status check_struct(const struct stoa__arrow_path *path,
                                const struct stoa__arrow_type *from,
                                const struct stoa__arrow_type *to, stoa_error *err)
{
    struct stoa__arrow_path below;
    stoa_status rc = STOA_OK;

    if (!has_same_names(from, to))
        rc = check_names(path, from, err);
    if (rc == STOA_OK && !has_same_names(from, to))
        rc = check_names(path, to, err);
    if (rc != STOA_OK)
        return rc;
    for (int32_t i = 0; i < from->child_count; i++) {
        below = stoa__arrow_path_below(path, from->children[i].name, i);
        if (stoa__cast_field(to, from, i) < 0)
            return stoa__arrow_fail(&below, "batch", err, STOA_ERR_TYPE,
                                    "the target has no such field");
    }
    for (int32_t i = 0; i < to->child_count; i++) {
        int32_t source = stoa__cast_field(from, to, i);
        below = stoa__arrow_path_below(path, to->children[i].name, i);
        if (source < 0 && !to->children[i].nullable)
            return stoa__arrow_fail(
                &below, "batch", err, STOA_ERR_TYPE,
                "the source has no such field and it is not nullable");
        rc = source < 0 ? STOA_OK
                        : stoa__cast_types_check(&below, &from->children[source],
                                                 &to->children[i], err);
        if (rc != STOA_OK)
            return rc;
    }
    return STOA_OK;
}

static int32_t find_id(const struct stoa__arrow_type *type, int8_t id)
{
    for (int32_t i = 0; i < type->child_count; i++)
        if (type->union_ids[i] == id)
            return i;
    return -1;
}

static stoa_status check_union(const struct stoa__arrow_path *path,
                               const struct stoa__arrow_type *from,
                               const struct stoa__arrow_type *to, stoa_error *err)
{
    struct stoa__arrow_path below;
    stoa_status rc;

    for (int32_t i = 0; i < from->child_count; i++) {
        int32_t target = find_id(to, from->union_ids[i]);
        below = stoa__arrow_path_below(path, from->children[i].name, i);
        if (target < 0)
            return stoa__arrow_fail(&below, "batch", err, STOA_ERR_TYPE,
                                    "the target has no type id %d", from->union_ids[i]);
        rc = stoa__cast_types_check(&below, &from->children[i], &to->children[target],
                                    err);
        if (rc != STOA_OK)
            return rc;
    }
    return STOA_OK;
}

/* Keys with keys and values with values, whatever they are called. */
static stoa_status check_map(const struct stoa__arrow_path *path,
                             const struct stoa__arrow_type *from,
                             const struct stoa__arrow_type *to, stoa_error *err)
{
    struct stoa__arrow_path below;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < 2; i++) {
        below = stoa__arrow_path_below(path, from->children[0].children[i].name, i);
        rc = stoa__cast_types_check(&below, &from->children[0].children[i],
                                    &to->children[0].children[i], err);
    }
    return rc;
}

stoa_status stoa__cast_types_check(const struct stoa__arrow_path *path,
                                   const struct stoa__arrow_type *from,
                                   const struct stoa__arrow_type *to, stoa_error *err)
{
    enum stoa__arrow_family family;
    struct stoa__arrow_path below;
    char from_text[160], to_text[160];

    from = value_type(from);
    to = value_type(to);
    family = stoa__arrow_family(from->kind);
    if (!stoa__family_casts(family, stoa__arrow_family(to->kind))) {
        stoa__arrow_type_text(from, from_text, sizeof(from_text));
        stoa__arrow_type_text(to, to_text, sizeof(to_text));
        return stoa__arrow_fail(path, "batch", err, STOA_ERR_UNSUPPORTED,
                                "there is no cast from %s to %s", from_text, to_text);
    }
    switch ((int)family) {
    case STOA__FAMILY_LIST:
        below = stoa__arrow_path_below(path, from->children[0].name, 0);
        return stoa__cast_types_check(&below, &from->children[0], &to->children[0], err);
    case STOA__FAMILY_MAP:
        return check_map(path, from, to, err);
    case STOA__FAMILY_STRUCT:
        return check_struct(path, from, to, err);
    case STOA__FAMILY_UNION:
        return check_union(path, from, to, err);
    default:
        return STOA_OK;
    }
}
