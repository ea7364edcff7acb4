/* SPDX-License-Identifier: Apache-2.0 */
/* What Tab offers: keywords, tables, columns, functions, dot commands, modes and files. */
#ifndef STOA_CLI_COMPLETE_H
#define STOA_CLI_COMPLETE_H

#include "editor.h"
#include "session.h"

/* Names read from the catalogue; read again once something ran. */
struct names {
    struct session *session;
    char **words;  /* Tables, columns, functions. */
    char **tables; /* The table of a column, NULL for others. As many as words. */
    size_t count;
};

void names_release(struct names *names);

/* The editor's candidates(); `user_data` is a struct names. */
void names_candidates(void *user_data, const char *text, size_t cursor, struct candidates *out);

#endif
