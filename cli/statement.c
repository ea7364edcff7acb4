/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include <string.h>
#include <strings.h>

int statement_in_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || (byte & 0x80) != 0;
}

static int is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

/* Bytes of the quoted piece, comment or blanks that begin here; 0 for anything else. `*open` is
 * set when it has no end. */
static size_t skip_piece(const char *sql, size_t size, int *blank, int *open)
{
    size_t at = 1;
    char quote = sql[0] == '[' ? ']' : sql[0];

    *blank = 1;
    if (is_blank(sql[0]))
        return 1;
    if (size > 1 && sql[0] == '-' && sql[1] == '-') {
        const char *end = memchr(sql, '\n', size);
        return end ? (size_t)(end - sql) + 1 : size;
    }
    if (size > 1 && sql[0] == '/' && sql[1] == '*') {
        const char *end = size > 3 ? memmem(sql + 2, size - 2, "*/", 2) : NULL;
        *open = !end;
        return end ? (size_t)(end - sql) + 2 : size;
    }
    *blank = 0;
    if (!strchr("'\"`[", sql[0]) || !sql[0])
        return 0;
    for (; at < size; at++) {
        if (sql[at] != quote)
            continue;
        if (quote == ']' || at + 1 == size || sql[at + 1] != quote)
            return at + 1;
        at++;
    }
    *open = 1;
    return size;
}

size_t statement_piece(const char *sql, size_t size)
{
    int blank, open = 0;
    return skip_piece(sql, size, &blank, &open);
}

/* What the words so far say about a trigger, whose body has semicolons of its own. */
struct words {
    int count;
    int create, trigger; /* It begins CREATE [TEMP] TRIGGER. */
    int ended;           /* The last thing was the word END, or nothing since but blanks. */
    int cases;           /* CASE ... END pairs that are open. */
};

static int same(const char *word, size_t size, const char *other)
{
    return strlen(other) == size && strncasecmp(word, other, size) == 0;
}

static void take_word(struct words *words, const char *word, size_t size)
{
    if (words->count == 0)
        words->create = same(word, size, "create");
    else if (words->create && words->count <= 2 && same(word, size, "trigger"))
        words->trigger = 1;
    words->count++;
    words->ended = 0;
    if (same(word, size, "case"))
        words->cases++;
    else if (same(word, size, "end") && words->cases > 0)
        words->cases--;
    else
        words->ended = same(word, size, "end");
}

size_t statement_end(const char *sql, size_t size)
{
    struct words words = {0};
    size_t at = 0;

    while (at < size) {
        int blank, open = 0;
        size_t piece = skip_piece(sql + at, size - at, &blank, &open);
        if (open)
            return 0;
        if (piece > 0) {
            words.ended &= blank;
            at += piece;
        } else if (statement_in_word(sql[at])) {
            size_t start = at;
            while (at < size && statement_in_word(sql[at]))
                at++;
            take_word(&words, sql + start, at - start);
        } else if (sql[at++] == ';') {
            if (!words.trigger || words.ended)
                return at;
        } else {
            words.ended = 0;
        }
    }
    return 0;
}

int statement_empty(const char *sql, size_t size)
{
    size_t at = 0;
    while (at < size) {
        int blank, open = 0;
        size_t piece = skip_piece(sql + at, size - at, &blank, &open);
        if (piece == 0 && sql[at] == ';')
            piece = 1;
        else if (piece == 0 || !blank)
            return 0;
        at += piece;
    }
    return 1;
}

int statement_complete(const char *sql)
{
    size_t size = strlen(sql), at = 0, end;

    while ((end = statement_end(sql + at, size - at)) > 0)
        at += end;
    return at > 0 && statement_empty(sql + at, size - at);
}
