/* SPDX-License-Identifier: Apache-2.0 */
/* Rows between files, tables and databases, as streams: nothing of any size is held in memory. */
#ifndef STOA_CLI_TRANSFER_H
#define STOA_CLI_TRANSFER_H

#include "session.h"

enum { TRANSFER_OPTIONS_MAX = 24 };

/*
 * What to move and how.
 *
 *   file      Its end tells the format (formats.h), and is CSV where it says nothing; "-" is
 *             standard input or output.
 *   table     A table's name, or for export and copy a query: what has a blank in it.
 *   format    One of FORMAT_NAMES; NULL: by the file's end.
 *   reading   Settings of the reader, or of the writer when exporting (stoa/format.h).
 *   writing   Settings of the ingest (stoa/ingest.h).
 *   rows      Out: how many were moved.
 */
struct transfer {
    const char *file, *table, *format;
    stoa_option reading[TRANSFER_OPTIONS_MAX], writing[TRANSFER_OPTIONS_MAX];
    int64_t reading_count, writing_count;
    int quiet;
    int64_t rows;
};

/* Notes a setting: those of an ingest are known by their names, all others are the reader's or the
 * writer's, which know their own. Borrowed. 0 when there are too many. */
int transfer_setting(struct transfer *transfer, const char *key, const char *value);

/* Into a table, which is made when it is not there unless `writing` has a mode. All or nothing. */
stoa_status transfer_import(struct session *session, struct transfer *transfer);
stoa_status transfer_export(struct session *session, struct transfer *transfer);

/* Rows of `from`'s table or query into `to`'s table. With `key` only those beyond the greatest one
 * that is there, so an interrupted copy goes on. */
stoa_status transfer_copy(struct session *from, struct session *to, const char *source,
                          const char *table, const char *key, struct transfer *transfer);

#endif
