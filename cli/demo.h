/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of the demo share. */
#ifndef STOA_CLI_DEMO_H
#define STOA_CLI_DEMO_H

#include "session.h"

struct demo {
    char folder[64];
    char path[96]; /* Of the database. */
    int64_t rows;
    stoa_db db;
    stoa_conn conn;
    struct output output;
    const char *svg;  /* Where the picture goes as a file; NULL: nowhere. */
    struct text told; /* Every step's rows per second, once more. */
    stoa_error error;
};

void demo_heading(const char *text);
/* What was done to how many rows since then. */
void demo_report(struct demo *demo, const char *what, int64_t rows, double since);
stoa_status demo_query(struct demo *demo, const char *sql);
/* Tells a failure that was meant to be, and that the table is as it was. */
stoa_status demo_failed(struct demo *demo, stoa_status rc);

/* demo_files.c: steps that write, import and query CSV files, and one that is refused. */
stoa_status demo_write_csv(struct demo *demo);
stoa_status demo_import_csv(struct demo *demo);
stoa_status demo_scan_csv(struct demo *demo);
stoa_status demo_import_bad(struct demo *demo);

#endif
