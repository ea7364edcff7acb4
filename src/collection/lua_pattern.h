/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lua's patterns, matched here: Lua's own matcher goes on for ever where one backtracks enough, and
 * nothing stops it there. A pattern is a row of items without loops around several, so all that
 * a match has to remember is one place an item, and nothing here calls itself.
 *
 * Classes are ASCII's. A pattern that is wrong is refused before anything is matched.
 */
#ifndef STOA_COLLECTION_LUA_PATTERN_H
#define STOA_COLLECTION_LUA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LUA_CAPTURES_MAX = 32, LUA_CAPTURE_POSITION = -2 };

struct lua_item {
    uint8_t kind;
    uint8_t number; /* Of a capture; the first of a pair. */
    uint8_t other;  /* The second of a pair. */
    uint8_t set[32];
    /* Of the match that is tried: where the item began, and how often it is there. */
    size_t begin, count;
};

struct lua_capture {
    size_t begin;
    int64_t size; /* Or LUA_CAPTURE_POSITION. */
};

/* Made in memory of the caller's, as large as collection_lua_pattern_bytes() says. */
struct lua_pattern {
    bool anchored;
    int32_t capture_count;
    int64_t item_count;
    struct lua_capture captures[LUA_CAPTURES_MAX];
    struct lua_item items[];
};

/* Asked every so often; false: end here. */
struct lua_asker {
    bool (*go_on)(void *self);
    void *self;
    uint32_t steps;
};

size_t collection_lua_pattern_bytes(size_t text_size);
/* What is wrong with the text, or NULL. `anchors`: a ^ in front is an anchor. */
const char *collection_lua_pattern_read(struct lua_pattern *out, const char *text, size_t size,
                                        bool anchors);

enum { LUA_MATCH_NONE, LUA_MATCH_FOUND, LUA_MATCH_STOPPED };

/* The first match of `text` that begins at `*first` or later and does not end at `without`
 * (SIZE_MAX: anywhere), as [*first, *end), with the captures. */
int32_t collection_lua_pattern_find(struct lua_pattern *pattern, const char *text, size_t size,
                                    size_t without, struct lua_asker *asker, size_t *first,
                                    size_t *end);

#endif
