/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new database file in the place of an old one, or of none: made under another name in the same
 * folder, and moved when it is whole. What stands there is not touched before. It knows files; it
 * does not know what is in them.
 */
#ifndef STOA_ENGINE_SQLITE_PLACE_H
#define STOA_ENGINE_SQLITE_PLACE_H

#include "stoa/base.h"

#include <stdbool.h>

struct sqlite_place {
    char *path; /* Absolute, links resolved. */
    char *made; /* Where the new file is to be made. */
    bool replace;
};

/* EXISTS, "file already exists: ..." unless `replace`; LOCKED while somebody has the old one open,
 * as far as SQLite's locks and this process's descriptors tell. */
stoa_status sqlite_place_open(const char *path, bool replace, struct sqlite_place *out,
                              stoa_error *err);
/* Sync the new file, which nobody has open, and move it; the log beside the old one goes with that.
 * On failure all is as it was. */
stoa_status sqlite_place_take(struct sqlite_place *place, stoa_error *err);
/* Remove what was made and not moved. Accepts all-zero. */
void sqlite_place_close(struct sqlite_place *place);

#endif
