/* SPDX-License-Identifier: Apache-2.0 */
/* One operation at a time: Ctrl-C cancels it, and on a terminal it shows how far it is once it has
 * taken half a second. */
#ifndef STOA_CLI_PROGRESS_H
#define STOA_CLI_PROGRESS_H

#include "stoa.h"

/* Seconds of a clock that only goes forward. */
double cli_now(void);

/*
 * What an operation shows.
 *
 *   what     A word for it, such as "import"; NULL shows nothing.
 *   total    What will be done, where the operation itself does not say; 0: not known.
 *   unit     What its progress counts, such as "bytes", which are written as MB; "" for none.
 */
struct progress {
    stoa_op op;
    const char *what, *unit;
    int64_t total;
    double begun, drawn;
    int on;     /* Standard error is a terminal. */
    int showed; /* There is something to wipe. */
};

/* Opens `progress->op`; `progress` stays where it is until progress_end(). */
stoa_status progress_begin(struct progress *progress, const char *what, const char *unit,
                           stoa_error *err);

/* Closes it, wipes the line, and gives the seconds it took. */
double progress_end(struct progress *progress);

/* Another operation that ticks the same, for a call whose count is not the one to show. */
stoa_status progress_second(struct progress *progress, stoa_op *out, stoa_error *err);

/* Wipes the line and shows no more: rows are about to be written. `progress` may be NULL. */
void progress_hide(struct progress *progress);

/* From here on SIGINT, SIGTERM and SIGHUP cancel what runs instead of ending the program. */
void interrupt_catch(void);
/* The signal that came, or 0. interrupt_clear() forgets Ctrl-C alone: the others are final. */
int interrupt_seen(void);
int interrupt_final(void);
void interrupt_clear(void);

#endif
