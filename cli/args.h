/* SPDX-License-Identifier: Apache-2.0 */
/* Words and options of a command line: --key value, --key=value, and flags. */
#ifndef STOA_CLI_ARGS_H
#define STOA_CLI_ARGS_H

#include "stoa.h"

enum { ARGS_OPTIONS_MAX = 24 };

/* Options are the library's settings where the command line knows no better: `-` in a name is
 * written `_`. All borrowed from argv and `names`. */
struct args {
    char **words;
    int count;
    stoa_option options[ARGS_OPTIONS_MAX];
    int64_t option_count;
    char names[ARGS_OPTIONS_MAX][40];
};

/* Takes apart argv from `first`; words keep their order and are moved to the front of `argv`. All
 * after "--" are words, as is "-". The sentence about what is wrong goes to standard error; 0
 * then. */
int args_parse(struct args *args, char **argv, int argc, int first);

/* The value of an option, which is then no longer among them; NULL when it was not given. */
const char *args_take(struct args *args, const char *key);

#endif
