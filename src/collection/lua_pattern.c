/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/lua_pattern.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Steps between two questions: some 50 us. */
enum { STEPS = 10000 };

enum kind {
    ITEM_ONE,
    ITEM_MANY, /* * and, behind an ITEM_ONE of the same set, + */
    ITEM_FEW,  /* - */
    ITEM_MAYBE,
    ITEM_OPEN,
    ITEM_CLOSE,
    ITEM_POSITION,
    ITEM_AGAIN, /* %1 */
    ITEM_PAIR,  /* %b() */
    ITEM_EDGE,  /* %f[...] */
    ITEM_END
};

static const char ends_early[] = "malformed pattern (ends with '%')";
static const char no_bracket[] = "malformed pattern (missing ']')";

/* ---- sets ---- */

static bool has(const uint8_t set[32], unsigned char byte)
{
    return (set[byte >> 3] >> (byte & 7)) & 1;
}

static void add(uint8_t set[32], int from, int to)
{
    for (int byte = from; byte <= to; byte++)
        set[byte >> 3] = (uint8_t)(set[byte >> 3] | 1 << (byte & 7));
}

static void invert(uint8_t set[32])
{
    for (int i = 0; i < 32; i++)
        set[i] = (uint8_t)~set[i];
}

/* Ranges of the classes, by their letters. */
static const struct class {
    char letter;
    const char *ranges; /* Pairs of a first and a last one. */
} classes[] = {{'a', "AZaz"}, {'c', "\1\37\177\177"}, {'d', "09"},     {'g', "!~"},
               {'l', "az"},   {'p', "!/:@[`{~"},      {'s', "\t\r  "}, {'u', "AZ"},
               {'w', "09AZaz"}, {'x', "09AFaf"},      {'z', ""}}; /* %z is NUL. */

/* What stands behind a %: a class, in upper case what is not in it, or the byte itself. */
static void add_escaped(uint8_t set[32], unsigned char byte)
{
    const bool upper = byte >= 'A' && byte <= 'Z';
    const char letter = (char)(upper ? byte - 'A' + 'a' : byte);
    uint8_t class[32] = {0};

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].letter != letter)
            continue;
        for (const char *range = classes[i].ranges; *range; range += 2)
            add(class, range[0], range[1]);
        if (letter == 'c' || letter == 'z')
            add(class, 0, 0);
        if (upper)
            invert(class);
        for (int k = 0; k < 32; k++)
            set[k] |= class[k];
        return;
    }
    add(set, byte, byte);
}

/* ---- reading ---- */

struct reader {
    struct lua_pattern *out;
    const unsigned char *at, *end;
    bool closed[LUA_CAPTURES_MAX];
};

/* [...], behind its bracket. */
static const char *read_set(struct reader *reader, uint8_t set[32])
{
    const unsigned char *const end = reader->end;
    const unsigned char *at = reader->at;
    const bool not = at < end && *at == '^';
    bool first = true;

    for (at += not; at < end && (*at != ']' || first); first = false) {
        if (*at == '%') {
            if (++at == end)
                return no_bracket;
            add_escaped(set, *at++);
        } else if (end - at > 2 && at[1] == '-' && at[2] != ']') {
            add(set, at[0], at[2]);
            at += 3;
        } else {
            add(set, *at, *at);
            at++;
        }
    }
    if (at == end)
        return no_bracket;
    if (not)
        invert(set);
    reader->at = at + 1;
    return NULL;
}

static struct lua_item *add_item(struct reader *reader, enum kind kind)
{
    struct lua_item *const item = &reader->out->items[reader->out->item_count++];

    *item = (struct lua_item){.kind = (uint8_t)kind};
    return item;
}

static const char *read_open(struct reader *reader)
{
    const bool position = reader->at < reader->end && *reader->at == ')';
    const int32_t number = reader->out->capture_count++;

    if (number == LUA_CAPTURES_MAX)
        return "too many captures";
    reader->at += position;
    reader->closed[number] = position;
    add_item(reader, position ? ITEM_POSITION : ITEM_OPEN)->number = (uint8_t)number;
    return NULL;
}

static const char *read_close(struct reader *reader)
{
    int32_t number = reader->out->capture_count;

    while (number > 0)
        if (!reader->closed[--number]) {
            reader->closed[number] = true;
            add_item(reader, ITEM_CLOSE)->number = (uint8_t)number;
            return NULL;
        }
    return "invalid pattern capture";
}

static const char *read_again(struct reader *reader, unsigned char digit)
{
    const int32_t number = digit - '1';

    if (number < 0 || number >= reader->out->capture_count || !reader->closed[number])
        return "invalid capture index in pattern";
    add_item(reader, ITEM_AGAIN)->number = (uint8_t)number;
    return NULL;
}

static const char *read_pair(struct reader *reader)
{
    struct lua_item *item;

    if (reader->end - reader->at < 2)
        return "malformed pattern (missing arguments to '%b')";
    item = add_item(reader, ITEM_PAIR);
    item->number = *reader->at++;
    item->other = *reader->at++;
    return NULL;
}

static const char *read_edge(struct reader *reader)
{
    if (reader->at == reader->end || *reader->at++ != '[')
        return "missing '[' after '%f' in pattern";
    return read_set(reader, add_item(reader, ITEM_EDGE)->set);
}

/* One byte of a set, and how often. */
static const char *read_single(struct reader *reader)
{
    const unsigned char byte = *reader->at++;
    struct lua_item *const item = add_item(reader, ITEM_ONE);
    const char *problem = NULL;

    if (byte == '.')
        invert(item->set);
    else if (byte == '[')
        problem = read_set(reader, item->set);
    else if (byte == '%')
        add_escaped(item->set, *reader->at++);
    else
        add(item->set, byte, byte);
    if (problem || reader->at == reader->end)
        return problem;
    switch (*reader->at) {
    case '+':
        memcpy(add_item(reader, ITEM_MANY)->set, item->set, sizeof item->set);
        break;
    case '*':
        item->kind = ITEM_MANY;
        break;
    case '-':
        item->kind = ITEM_FEW;
        break;
    case '?':
        item->kind = ITEM_MAYBE;
        break;
    default:
        return NULL;
    }
    reader->at++;
    return NULL;
}

static const char *read_escape(struct reader *reader)
{
    const unsigned char byte = reader->end - reader->at > 1 ? reader->at[1] : 0;

    if (reader->end - reader->at < 2)
        return ends_early;
    if (byte != 'b' && byte != 'f' && (byte < '0' || byte > '9'))
        return read_single(reader);
    reader->at += 2;
    if (byte == 'b')
        return read_pair(reader);
    return byte == 'f' ? read_edge(reader) : read_again(reader, byte);
}

static const char *read_next(struct reader *reader)
{
    switch (*reader->at) {
    case '(':
        reader->at++;
        return read_open(reader);
    case ')':
        reader->at++;
        return read_close(reader);
    case '%':
        return read_escape(reader);
    case '$':
        if (reader->end - reader->at > 1)
            return read_single(reader);
        reader->at++;
        (void)add_item(reader, ITEM_END);
        return NULL;
    default:
        return read_single(reader);
    }
}

/* A byte is an item at most, but for the two of a +, which are two bytes. */
size_t collection_lua_pattern_bytes(size_t text_size)
{
    return sizeof(struct lua_pattern) + text_size * sizeof(struct lua_item);
}

const char *collection_lua_pattern_read(struct lua_pattern *out, const char *text, size_t size,
                                        bool anchors)
{
    struct reader reader = {.out = out, .at = (const unsigned char *)text};
    const char *problem = NULL;

    *out = (struct lua_pattern){.anchored = anchors && size > 0 && *text == '^'};
    reader.end = reader.at + size;
    reader.at += out->anchored;
    while (!problem && reader.at < reader.end)
        problem = read_next(&reader);
    for (int32_t i = 0; i < out->capture_count && !problem; i++)
        if (!reader.closed[i])
            problem = "unfinished capture";
    return problem;
}

/* ---- matching ---- */

struct match {
    struct lua_pattern *pattern;
    const unsigned char *text;
    size_t size, at;
    struct lua_asker *asker;
    bool stopped;
};

static void count_steps(struct match *match, size_t steps)
{
    struct lua_asker *const asker = match->asker;

    asker->steps += (uint32_t)(steps < STEPS ? steps : STEPS);
    if (asker->steps < STEPS)
        return;
    asker->steps = 0;
    match->stopped = match->stopped || !asker->go_on(asker->self);
}

static bool is_next(const struct match *match, const struct lua_item *item)
{
    return match->at < match->size && has(item->set, match->text[match->at]);
}

static bool match_again(struct match *match, const struct lua_item *item)
{
    const struct lua_capture *const capture = &match->pattern->captures[item->number];
    const size_t size = (size_t)capture->size;

    if (capture->size < 0 || match->size - match->at < size ||
        memcmp(match->text + capture->begin, match->text + match->at, size) != 0)
        return false;
    count_steps(match, size);
    match->at += size;
    return true;
}

static bool match_pair(struct match *match, const struct lua_item *item)
{
    size_t open = 1;

    if (match->at == match->size || match->text[match->at] != item->number)
        return false;
    for (size_t at = match->at + 1; at < match->size && !match->stopped; at++) {
        if (match->text[at] == item->other)
            open--;
        else if (match->text[at] == item->number)
            open++;
        if (open == 0) {
            match->at = at + 1;
            return true;
        }
        count_steps(match, 1);
    }
    return false;
}

static bool match_edge(const struct match *match, const struct lua_item *item)
{
    const unsigned char before = match->at > 0 ? match->text[match->at - 1] : 0;
    const unsigned char behind = match->at < match->size ? match->text[match->at] : 0;

    return !has(item->set, before) && has(item->set, behind);
}

/* As many as there are, at first. */
static bool match_many(struct match *match, struct lua_item *item)
{
    while (is_next(match, item) && !match->stopped) {
        match->at++;
        count_steps(match, 1);
    }
    item->count = match->at - item->begin;
    return true;
}

/* The item in its first way from where the match is. */
static bool try_item(struct match *match, struct lua_item *item)
{
    struct lua_capture *const captures = match->pattern->captures;

    item->begin = match->at;
    item->count = 0;
    switch ((enum kind)item->kind) {
    case ITEM_ONE:
        item->count = is_next(match, item);
        match->at += item->count;
        return item->count > 0;
    case ITEM_MAYBE:
        item->count = is_next(match, item);
        match->at += item->count;
        return true;
    case ITEM_MANY:
        return match_many(match, item);
    case ITEM_FEW:
        return true;
    case ITEM_OPEN:
        captures[item->number] = (struct lua_capture){match->at, 0};
        return true;
    case ITEM_POSITION:
        captures[item->number] = (struct lua_capture){match->at, LUA_CAPTURE_POSITION};
        return true;
    case ITEM_CLOSE:
        captures[item->number].size = (int64_t)(match->at - captures[item->number].begin);
        return true;
    case ITEM_AGAIN:
        return match_again(match, item);
    case ITEM_PAIR:
        return match_pair(match, item);
    case ITEM_EDGE:
        return match_edge(match, item);
    case ITEM_END:
        return match->at == match->size;
    }
    assert(false && "an item of no kind");
    return false;
}

/* The item in its next way; false: there is none. What captures hold is written anew on the way
 * forward. */
static bool try_other(struct match *match, struct lua_item *item)
{
    if (item->kind == ITEM_FEW) {
        match->at = item->begin + item->count;
        if (!is_next(match, item))
            return false;
        item->count++;
    } else if ((item->kind == ITEM_MANY || item->kind == ITEM_MAYBE) && item->count > 0) {
        item->count--;
    } else {
        return false;
    }
    match->at = item->begin + item->count;
    return true;
}

/* All items from where the match is. */
static bool match_here(struct match *match)
{
    struct lua_item *const items = match->pattern->items;
    const int64_t count = match->pattern->item_count;
    int64_t i = 0;

    while (i < count && !match->stopped) {
        count_steps(match, 1);
        if (try_item(match, &items[i])) {
            i++;
            continue;
        }
        do {
            if (i-- == 0 || match->stopped)
                return false;
            count_steps(match, 1);
        } while (!try_other(match, &items[i]));
        i++;
    }
    return !match->stopped;
}

int32_t collection_lua_pattern_find(struct lua_pattern *pattern, const char *text, size_t size,
                                    size_t without, struct lua_asker *asker, size_t *first,
                                    size_t *end)
{
    struct match match = {
        .pattern = pattern, .text = (const unsigned char *)text, .size = size, .asker = asker};
    const size_t last = pattern->anchored ? *first : size;

    for (size_t begin = *first; begin <= last && !match.stopped; begin++) {
        match.at = begin;
        count_steps(&match, 1);
        if (match_here(&match) && match.at != without) {
            *first = begin;
            *end = match.at;
            return LUA_MATCH_FOUND;
        }
    }
    return match.stopped ? LUA_MATCH_STOPPED : LUA_MATCH_NONE;
}
