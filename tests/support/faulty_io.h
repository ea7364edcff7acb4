/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS around SQLite's own that fails when told to, and that can record what would be on disk
 * had the power gone at any moment. It sees what SQLite does to files, and takes the place of
 * fsync(); the rename of a backup goes past it.
 *
 * The disk that is simulated: a sync makes all earlier writes of its file durable; of later ones
 * any sector of 512 bytes may be there or not. Names are made and removed in order, and are
 * durable when the folder was synced, which SQLite does with the first sync of a journal or log
 * and when a removal asks for it.
 */
#ifndef STOA_FAULTY_IO_H
#define STOA_FAULTY_IO_H

#include <stdbool.h>
#include <stdint.h>

/* Make it the default VFS, before any database is opened. */
void faulty_install(void);

enum {
    FAULTY_OPEN = 1,
    FAULTY_READ = 2,
    FAULTY_WRITE = 4,
    FAULTY_SYNC = 8,
    FAULTY_TRUNCATE = 16,
    FAULTY_DELETE = 32,
    FAULTY_ALL = 63
};

/* What happens to the n-th operation of these kinds from now on; n < 0: nothing. */
struct faulty_plan {
    int kinds;
    int64_t nth;
    int code;   /* SQLite's code to answer, for writes and truncations; 0: an I/O error. */
    bool tear;  /* Half of a write arrives first. */
    bool stays; /* All later ones fail as well. */
};
void faulty_plan(const struct faulty_plan *plan);
/* Did it come to that? Ends the plan. */
bool faulty_fired(void);

/* ---- losing power ---- */

void faulty_record(void);
/* Events so far: the moment a promise is made. */
int64_t faulty_now(void);
/* Is the event that leads to moment `now` a sync? */
bool faulty_is_sync(int64_t now);
/* Make the recorded files in the folder `to` as they may be when the power goes at moment `now`:
 * what is not durable is there or not as `seed` decides; 0: all of it is, as after kill -9. */
void faulty_crash(int64_t now, uint64_t seed, const char *to);
void faulty_forget(void);

#endif
