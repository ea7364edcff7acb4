/* SPDX-License-Identifier: Apache-2.0 */
/* The command that shows what is longer than the terminal. */
#ifndef STOA_CLI_PAGER_H
#define STOA_CLI_PAGER_H

#include <signal.h>
#include <stdio.h>

/* What PAGER says, nothing where it is empty; without it less, where there is one. NULL: none. */
const char *pager_default(void);

/* A pager that runs. While it does, Ctrl-C is its own affair, and leaving it early no failure. */
struct pager {
    FILE *file; /* NULL: it cannot be started. */
    struct sigaction interrupt, pipe;
};
struct pager pager_begin(const char *command);
void pager_end(struct pager *pager);

#endif
