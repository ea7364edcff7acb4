/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered between appends to one table; inside ingest_rows.c and
 * ingest_dedup.c. */
#ifndef STOA_ENGINE_SQLITE_INGEST_PLAN_H
#define STOA_ENGINE_SQLITE_INGEST_PLAN_H

#include "engine/sqlite/ingest.h"

enum {
    /* Plans a session keeps: tables written in turns; each holds some kilobytes of
     * statements. */
    INGEST_PLAN_COUNT = 32
};

struct sqlite_ingest_plan {
    struct sqlite_source source; /* First: a plan is its own virtual table's source. */
    struct sqlite_ingest_plan *next;
    int32_t references; /* The cache's and the module's. */
    stoa__arena arena;
    struct sqlite_forms forms;
    const char *key_list; /* The text `keys` were read from. */
    struct sqlite_schema_mark mark;
    struct sqlite_table_name name;
    struct sqlite_stored_table table;
    struct sqlite_names names; /* Stored names of the source's columns. */
    struct sqlite_names keys;  /* Upsert. */
    char module[32];
    bool has_module;
    sqlite3_stmt *all, *one;
    struct sqlite_reader *readers; /* Of the row-by-row way. */
    stoa__buffer scratch;

    /* While a statement reads the source. */
    const struct sqlite_rows *rows;
    const struct ArrowArray *batch; /* Pulled, not yet read. */
    bool started, ended;
    int64_t delivered;
};

struct sqlite_ingest_cache {
    struct sqlite_ingest_plan *first; /* Used last. */
    uint64_t module_number;
    struct sqlite_steps steps;
    struct sqlite_schema_mark mark; /* Seen last, in: */
    bool mark_is_main;              /* "main", and then while: */
    bool mark_holds;
    unsigned int version; /* Of the data, at the end of the last append that only wrote rows; */
    bool version_known;   /* nothing else was done here since. */
    struct sqlite_schema_mark rules_mark; /* Of `main`, when `no_rules` was found out. */
    bool rules_known, no_rules;
    bool counts;      /* stoa_replaced() is there. */
    int64_t replaced; /* By the statement that ran last. */
};

/* Make the source known to SQLite as table `plan->module`, unless it is. */
stoa_status sqlite_ingest_plan_module(struct sqlite_ingest_plan *plan, stoa_error *err);
/* Run `statement`, which reads that table to its end. */
stoa_status sqlite_ingest_plan_scan(struct sqlite_ingest_plan *plan, stoa__call *call,
                                    const struct sqlite_rows *rows,
                                    sqlite3_stmt *statement, stoa_error *err);

#endif
