/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/enums.h"

#include "base/buffer.h"
#include "base/error.h"
#include "text/json.h"
#include "text/number.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

/* ---- reading ---- */

/* Labels of all attributes in the order given, and where those of each attribute end. */
struct reading {
    stoa__json json;
    stoa__arena *arena;
    stoa__buffer labels; /* struct collection_enum_label */
    stoa__buffer items;  /* struct collection_enum; label_count are those up to its end. */
    stoa_error *err;
};

static stoa_status fail_shape(const struct reading *reading, const struct stoa__json_token *token)
{
    return stoa__fail(reading->err, STOA_ERR_INVALID,
                      "enum_labels is not {attribute: {locale: {label: integer}}} at byte %lld",
                      (long long)token->position);
}

static stoa_status next_any(struct reading *reading, struct stoa__json_token *token)
{
    const stoa_status rc = stoa__json_next(&reading->json, token, reading->err);

    if (rc != STOA_OK)
        stoa__wrap(reading->err, "enum_labels");
    return rc;
}

static stoa_status next(struct reading *reading, enum stoa__json_kind wanted,
                        struct stoa__json_token *token)
{
    const stoa_status rc = next_any(reading, token);

    return rc == STOA_OK && token->kind != wanted ? fail_shape(reading, token) : rc;
}

/* The next key of an object; DONE behind the last. */
static stoa_status next_key(struct reading *reading, const char **key, size_t *size)
{
    struct stoa__json_token token;
    stoa__buffer text = {0};
    stoa_status rc = next_any(reading, &token);

    if (rc == STOA_OK && token.kind == STOA__JSON_OBJECT_END)
        return STOA_DONE;
    if (rc == STOA_OK && token.kind != STOA__JSON_KEY)
        rc = fail_shape(reading, &token);
    if (rc != STOA_OK)
        return rc;
    rc = stoa__json_unescape(&token, &text);
    *size = text.size;
    *key = rc == STOA_OK ? stoa__arena_copy_text(reading->arena, (const char *)text.data, text.size)
                         : NULL;
    stoa__buffer_release(&text);
    return *key ? STOA_OK : stoa__fail_nomem(reading->err);
}

static stoa_status read_labels(struct reading *reading, const char *locale)
{
    struct collection_enum_label label = {.locale = locale};
    struct stoa__json_token token;
    stoa_status rc = next(reading, STOA__JSON_OBJECT, &token);

    while (rc == STOA_OK) {
        rc = next_key(reading, &label.label, &label.size);
        if (rc != STOA_OK)
            break;
        rc = next(reading, STOA__JSON_NUMBER, &token);
        if (rc == STOA_OK &&
            stoa__int64_parse(token.text, token.size, &label.value, NULL) != STOA_OK)
            rc = fail_shape(reading, &token);
        label.place = (int32_t)(reading->labels.size / sizeof label);
        if (rc == STOA_OK &&
            stoa__buffer_append(&reading->labels, &label, sizeof label) != STOA_OK)
            rc = stoa__fail_nomem(reading->err);
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status read_locales(struct reading *reading)
{
    struct stoa__json_token token;
    const char *locale;
    size_t size;
    stoa_status rc = next(reading, STOA__JSON_OBJECT, &token);

    while (rc == STOA_OK) {
        rc = next_key(reading, &locale, &size);
        if (rc == STOA_OK)
            rc = read_labels(reading, locale);
    }
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status read_attributes(struct reading *reading)
{
    struct collection_enum item = {0};
    struct stoa__json_token token;
    size_t size;
    stoa_status rc = next(reading, STOA__JSON_OBJECT, &token);

    while (rc == STOA_OK) {
        rc = next_key(reading, &item.attribute, &size);
        if (rc == STOA_OK)
            rc = read_locales(reading);
        item.label_count = (int32_t)(reading->labels.size / sizeof(struct collection_enum_label));
        if (rc == STOA_OK && stoa__buffer_append(&reading->items, &item, sizeof item) != STOA_OK)
            rc = stoa__fail_nomem(reading->err);
    }
    if (rc == STOA_DONE)
        rc = next(reading, STOA__JSON_END, &token);
    return rc;
}

/* ---- order ---- */

static int compare_folded(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const size_t size = a_size < b_size ? a_size : b_size;

    for (size_t i = 0; i < size; i++) {
        const int x = a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : (unsigned char)a[i];
        const int y = b[i] >= 'A' && b[i] <= 'Z' ? b[i] + 32 : (unsigned char)b[i];

        if (x != y)
            return x - y;
    }
    return (a_size > b_size) - (a_size < b_size);
}

static int by_label(const void *left, const void *right)
{
    const struct collection_enum_label *a = left, *b = right;
    const int order = compare_folded(a->label, a->size, b->label, b->size);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static int by_value(const void *left, const void *right)
{
    const struct collection_enum_label *a = left, *b = right;
    const int order = (a->value > b->value) - (a->value < b->value);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* Those of one locale, the first of each value. */
static int32_t choose(struct collection_enum_label *labels, int32_t count, const char *locale)
{
    int32_t kept = 0;

    for (int32_t i = 0; i < count; i++)
        if (!locale || strcmp(labels[i].locale, locale) == 0)
            labels[kept++] = labels[i];
    count = kept;
    qsort(labels, (size_t)count, sizeof *labels, by_value);
    kept = 0;
    for (int32_t i = 0; i < count; i++)
        if (kept == 0 || labels[kept - 1].value != labels[i].value)
            labels[kept++] = labels[i];
    return kept;
}

static stoa_status order(struct reading *reading, const char *locale,
                         struct collection_enums *out)
{
    const struct collection_enum_label *labels =
        (const struct collection_enum_label *)(const void *)reading->labels.data;
    const size_t count = reading->items.size / sizeof *out->items;
    int32_t begin = 0;

    out->items = stoa__arena_alloc(reading->arena, reading->items.size + 1);
    if (!out->items)
        return stoa__fail_nomem(reading->err);
    if (count > 0)
        memcpy(out->items, reading->items.data, reading->items.size);
    for (size_t i = 0; i < count; i++) {
        struct collection_enum *item = &out->items[i];
        const int32_t own = item->label_count - begin;
        const size_t size = (size_t)own * sizeof *labels;

        item->by_label = stoa__arena_alloc(reading->arena, size + 1);
        item->by_value = stoa__arena_alloc(reading->arena, size + 1);
        if (!item->by_label || !item->by_value)
            return stoa__fail_nomem(reading->err);
        if (own > 0) {
            memcpy(item->by_label, labels + begin, size);
            memcpy(item->by_value, labels + begin, size);
        }
        qsort(item->by_label, (size_t)own, sizeof *labels, by_label);
        item->value_count = choose(item->by_value, own, locale);
        begin = item->label_count;
        item->label_count = own;
    }
    out->count = (int32_t)count;
    return STOA_OK;
}

static stoa_status check_locale(const struct reading *reading, const char *locale)
{
    const struct collection_enum_label *labels =
        (const struct collection_enum_label *)(const void *)reading->labels.data;

    for (size_t i = 0; i < reading->labels.size / sizeof *labels; i++)
        if (strcmp(labels[i].locale, locale) == 0)
            return STOA_OK;
    return stoa__fail(reading->err, STOA_ERR_INVALID, "enum_labels has no locale '%s'", locale);
}

stoa_status collection_enums_read(const char *json, const char *locale, stoa__arena *arena,
                                  struct collection_enums *out, stoa_error *err)
{
    struct reading reading = {.arena = arena, .err = err};
    stoa_status rc;

    *out = (struct collection_enums){0};
    if (*json == '\0')
        return STOA_OK;
    if (locale && *locale == '\0')
        locale = NULL;
    stoa__json_init(&reading.json, json, strlen(json));
    rc = read_attributes(&reading);
    if (rc == STOA_OK && locale)
        rc = check_locale(&reading, locale);
    if (rc == STOA_OK)
        rc = order(&reading, locale, out);
    stoa__buffer_release(&reading.labels);
    stoa__buffer_release(&reading.items);
    return rc;
}

/* ---- asking ---- */

const struct collection_enum *collection_enums_of(const struct collection_enums *enums,
                                                  const char *attribute)
{
    for (int32_t i = 0; i < enums->count; i++)
        if (strcmp(enums->items[i].attribute, attribute) == 0)
            return &enums->items[i];
    return NULL;
}

const struct collection_enum_label *collection_enum_label(const struct collection_enum *of,
                                                          int64_t value)
{
    int32_t low = 0, high = of->value_count;

    while (low < high) {
        const int32_t middle = low + (high - low) / 2;

        if (of->by_value[middle].value == value)
            return &of->by_value[middle];
        if (of->by_value[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool collection_enum_value(const struct collection_enum *of, const char *label, size_t size,
                           int64_t *value)
{
    int32_t low = 0, high = of->label_count;

    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const struct collection_enum_label *at = &of->by_label[middle];

        if (compare_folded(at->label, at->size, label, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *value = 0;
    if (low == of->label_count ||
        compare_folded(of->by_label[low].label, of->by_label[low].size, label, size) != 0)
        return false;
    *value = of->by_label[low].value;
    for (; low < of->label_count && of->by_label[low].size == size; low++)
        if (memcmp(of->by_label[low].label, label, size) == 0) {
            *value = of->by_label[low].value;
            break;
        }
    return true;
}
