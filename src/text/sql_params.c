/* SPDX-License-Identifier: Apache-2.0 */
#include "text/sql_params.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/hash.h"
#include "text/number.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Collecting: `slots` is a table of parameter numbers by name, linear probing, 0 is free.
 * A statement may have tens of thousands of names. */
struct collector {
    const char *text;
    stoa__sql_params params;
    int32_t item_capacity, place_capacity;
    int32_t *slots;
    uint32_t slot_count; /* A power of two, or 0. */
    uint32_t name_count;
};

static bool same_name(const struct stoa__sql_param *item, const char *name, size_t size)
{
    return item->name && item->name_size == size && memcmp(item->name, name, size) == 0;
}

/* The slot that holds the name, or the free one where it belongs. */
static int32_t *find_slot(const struct collector *collector, const char *name,
                          size_t size)
{
    const uint32_t mask = collector->slot_count - 1;
    uint32_t at = (uint32_t)stoa__hash(name, size, 0) & mask;

    while (collector->slots[at] != 0 &&
           !same_name(&collector->params.items[collector->slots[at] - 1], name, size))
        at = (at + 1) & mask;
    return &collector->slots[at];
}

/* Keep at least half of the slots free. */
static stoa_status grow_slots(struct collector *collector)
{
    const uint32_t count = collector->slot_count ? collector->slot_count * 2 : 16;
    int32_t *slots;

    if (collector->name_count * 2 < collector->slot_count)
        return STOA_OK;
    slots = stoa__alloc_zero(count, sizeof(*slots));
    if (!slots)
        return STOA_ERR_NOMEM;
    stoa__free(collector->slots);
    collector->slots = slots;
    collector->slot_count = count;
    for (int32_t i = 0; i < collector->params.count; i++) {
        const struct stoa__sql_param *item = &collector->params.items[i];

        if (item->name)
            *find_slot(collector, item->name, item->name_size) = i + 1;
    }
    return STOA_OK;
}

/* Room for `count` elements of `size` bytes in *list. */
static stoa_status grow_list(void **list, int32_t *capacity, int32_t count, size_t size)
{
    int32_t wanted = *capacity ? *capacity : 8;
    size_t bytes;
    void *grown;

    if (count <= *capacity)
        return STOA_OK;
    while (wanted < count)
        wanted *= 2; /* Counts are bounded by STOA__PARAM_COUNT_MAX. */
    if (stoa__mul_overflow((size_t)wanted, size, &bytes))
        return STOA_ERR_NOMEM;
    grown = stoa__realloc(*list, bytes);
    if (!grown)
        return STOA_ERR_NOMEM;
    *list = grown;
    *capacity = wanted;
    return STOA_OK;
}

/* Make parameters up to `number`; new ones have no name and no place. */
static stoa_status reach(struct collector *collector, int32_t number)
{
    stoa__sql_params *params = &collector->params;
    void *items = params->items;
    stoa_status rc;

    rc = grow_list(&items, &collector->item_capacity, number, sizeof(*params->items));
    params->items = items;
    for (; rc == STOA_OK && params->count < number; params->count++)
        params->items[params->count] = (struct stoa__sql_param){NULL, 0, -1};
    return rc;
}

static stoa_status too_many(stoa_error *err, const struct collector *collector,
                            const struct stoa__sql_token *token)
{
    const int64_t position = token->text - collector->text;
    const int shown = token->size < 40 ? (int)token->size : 40;

    (void)stoa__fail(err, STOA_ERR_SYNTAX,
                     "the parameter %.*s at byte %lld is beyond 1 to %d", shown,
                     token->text, (long long)position, STOA__PARAM_COUNT_MAX);
    stoa__error_position(err, position);
    return STOA_ERR_SYNTAX;
}

/* The number of a named parameter, that of a new one if the name is new. */
static int32_t number_of_name(const struct collector *collector, const char *name,
                              size_t size)
{
    const int32_t known =
        collector->slot_count > 0 ? *find_slot(collector, name, size) : 0;

    return known > 0 ? known : collector->params.count + 1;
}

/* Give the last parameter, just made, its name. */
static stoa_status add_name(struct collector *collector, const char *name, size_t size)
{
    struct stoa__sql_param *item = &collector->params.items[collector->params.count - 1];

    if (grow_slots(collector) != STOA_OK)
        return STOA_ERR_NOMEM;
    *find_slot(collector, name, size) = collector->params.count;
    item->name = name;
    item->name_size = size;
    collector->name_count++;
    return STOA_OK;
}

/* The number a placeholder writes out; 0 when it is out of bounds. */
static int32_t number_written(const struct stoa__sql_token *token)
{
    uint64_t value;

    if (stoa__uint64_parse(token->text + 1, token->size - 1, &value, NULL) != STOA_OK ||
        value > STOA__PARAM_COUNT_MAX)
        return 0;
    return (int32_t)value;
}

/* Take note of one placeholder; *number is its parameter's. */
static stoa_status collect(struct collector *collector,
                           const struct stoa__sql_token *token, int32_t *number,
                           stoa_error *err)
{
    stoa__sql_params *params = &collector->params;
    const bool written = token->size > 1 && *token->text != ':' &&
                         token->text[1] >= '0' && token->text[1] <= '9';
    const bool named = token->size > 1 && !written;
    void *places = params->places;
    bool fresh;
    stoa_status rc;

    if (written)
        *number = number_written(token);
    else if (named)
        *number = number_of_name(collector, token->text + 1, token->size - 1);
    else
        *number = params->count + 1;
    if (params->place_count == STOA__PARAM_COUNT_MAX || *number == 0 ||
        *number > STOA__PARAM_COUNT_MAX)
        return too_many(err, collector, token);
    fresh = *number > params->count;
    rc = reach(collector, *number);
    if (rc == STOA_OK && named && fresh)
        rc = add_name(collector, token->text + 1, token->size - 1);
    if (rc == STOA_OK)
        rc = grow_list(&places, &collector->place_capacity, params->place_count + 1,
                       sizeof(*params->places));
    params->places = places;
    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    params->places[params->place_count++] = *number;
    if (params->items[*number - 1].position < 0)
        params->items[*number - 1].position = token->text - collector->text;
    return STOA_OK;
}

void stoa__sql_params_release(stoa__sql_params *params)
{
    stoa__free(params->items);
    stoa__free(params->places);
    memset(params, 0, sizeof(*params));
}

int32_t stoa__sql_params_find(const stoa__sql_params *params, const char *name,
                              size_t size)
{
    for (int32_t i = 0; i < params->count; i++) {
        if (same_name(&params->items[i], name, size))
            return i + 1;
    }
    return 0;
}

/* Append a placeholder. */
static stoa_status put_param(stoa__buffer *out, enum stoa__sql_style style,
                             int32_t number)
{
    const bool dollar = style == STOA__SQL_STYLE_DOLLAR;
    const uint8_t before = out->size > 0 ? out->data[out->size - 1] : ' ';
    char text[2 + STOA__INTEGER_TEXT_MAX];
    size_t at = 0;

    /* "limit?" must not become the word "limit$1". */
    if (dollar && (before == '_' || before >= 0x80 || (before >= '0' && before <= '9') ||
                   (before >= 'A' && before <= 'Z') || (before >= 'a' && before <= 'z')))
        text[at++] = ' ';
    text[at++] = dollar ? '$' : '?';
    if (style != STOA__SQL_STYLE_QUESTION)
        at += stoa__int64_format(number, text + at);
    return stoa__buffer_append(out, text, at);
}

/* Append a token as it shall stand in the new text. */
static stoa_status put_token(stoa__buffer *out, const struct stoa__sql_token *token,
                             enum stoa__sql_style style, int32_t number)
{
    if (token->kind == STOA__SQL_PARAM)
        return put_param(out, style, number);
    if (token->kind == STOA__SQL_OPERATOR && style == STOA__SQL_STYLE_DOLLAR &&
        token->size == 2 && memcmp(token->text, "??", 2) == 0)
        return stoa__buffer_append_byte(out, '?');
    return stoa__buffer_append(out, token->text, token->size);
}

stoa_status stoa__sql_translate(const char *text, size_t size, uint32_t dialect,
                                enum stoa__sql_style style, stoa__buffer *out,
                                stoa__sql_params *params, stoa_error *err)
{
    struct collector collector = {text, {0}, 0, 0, NULL, 0, 0};
    const size_t start = out->size;
    struct stoa__sql_token token;
    stoa_status rc = STOA_OK;
    stoa__sql sql;

    assert(params);
    assert(style >= STOA__SQL_STYLE_QUESTION && style <= STOA__SQL_STYLE_DOLLAR);
    memset(params, 0, sizeof(*params));
    stoa__sql_init(&sql, text, size, dialect);
    for (stoa__sql_next(&sql, &token); rc == STOA_OK && token.kind != STOA__SQL_END;) {
        int32_t number = 0;

        if (token.kind == STOA__SQL_PARAM)
            rc = collect(&collector, &token, &number, err);
        if (rc == STOA_OK && put_token(out, &token, style, number) != STOA_OK)
            rc = stoa__fail_nomem(err);
        stoa__sql_next(&sql, &token);
    }
    stoa__free(collector.slots);
    if (rc == STOA_OK) {
        *params = collector.params;
    } else {
        stoa__sql_params_release(&collector.params);
        out->size = start;
    }
    return rc;
}
