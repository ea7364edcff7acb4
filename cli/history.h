/* SPDX-License-Identifier: Apache-2.0 */
/* What was typed before: in memory, and in a file only its owner can read. */
#ifndef STOA_CLI_HISTORY_H
#define STOA_CLI_HISTORY_H

#include <stddef.h>

struct history {
    char **entries; /* Oldest first. */
    size_t count;
    char *path; /* NULL: in memory alone. */
};

/* Reads $XDG_STATE_HOME/stoa/history (~/.local/state/...), whose folder is made. */
void history_open(struct history *history);
void history_release(struct history *history);

/* Remembers an entry unless it is the last one again. What begins with a blank or seems to hold a
 * secret is kept in memory at most, and a secret not even there. */
void history_add(struct history *history, const char *entry);

/* Whether it speaks of passwords, tokens and the like. */
int history_secret(const char *entry);

/* The youngest entry before `before` that holds `part`; -1 when there is none. */
long long history_find(const struct history *history, size_t before, const char *part);

#endif
