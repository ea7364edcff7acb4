/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <string.h>

#include "base/ban.h"

/* Longer words are typed by programs, not by fingers. */
enum { WORD_BYTES_MAX = 48 };

/* Upper case and '-' for '_' cost nothing: the slips that are no slips of a finger. */
static int plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 'a';
    return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insert, delete, replace or swap neighbours: one each (optimal string alignment). */
static size_t distance_of(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t *above = rows[0], *row = rows[1], *before = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *spare = before;

        before = above;
        above = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            int x = plain(a[i - 1]), y = plain(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == plain(b[j - 2]) && y == plain(a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_size];
}

stoa__nearest stoa__nearest_start(const char *word, size_t size)
{
    /* A third of the letters may be wrong, four at most; one in the shortest words. */
    size_t allowed = size < 3 ? 1 : least(size / 3, 4);

    return (stoa__nearest){.word = word, .size = size, .distance = allowed + 1};
}

void stoa__nearest_offer(stoa__nearest *nearest, const char *name, size_t size)
{
    size_t distance;

    if (nearest->size > WORD_BYTES_MAX || size > WORD_BYTES_MAX || size == 0)
        return;
    distance = distance_of(nearest->word, nearest->size, name, size);
    if (distance >= nearest->distance || distance >= size)
        return;
    nearest->best = name;
    nearest->best_size = size;
    nearest->distance = distance;
}
