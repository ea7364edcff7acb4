/* SPDX-License-Identifier: Apache-2.0 */
/* One driver to test, REAL_DRIVER: sqlite, duckdb, postgresql, chdb, or bad, which is bad_driver.c
 * behaving. Each suite is compiled with it. STOA_TEST_PG and STOA_TEST_CHDB are targets of those
 * that cannot be made here; chDB, half a gigabyte only Python can load, is tested by hand. */
#ifndef STOA_TESTS_ADBC_KIT_H
#define STOA_TESTS_ADBC_KIT_H

#include "conformance/data.h"
#include "stoa.h"
#include "test.h"

#define NO_OP ((stoa_op){0})
#define MUST(call) kit_must((call), &err, __LINE__, #call)

enum { KIT_ROWS = 5000, KIT_SUM = KIT_ROWS * (KIT_ROWS - 1) / 2 };

void kit_must(stoa_status rc, const stoa_error *err, int line, const char *what);

struct kit_driver {
    const char *name;
    const char *rows;  /* KIT_ROWS rows 0, 1, 2 ... of one int64 column. */
    const char *one;   /* One row. */
    const char *count; /* How many rows table t has. */
};
const struct kit_driver *kit_driver(void);
bool kit_is(const char *driver);

/* A database of the test's own. */
stoa_db kit_open(void);
stoa_status kit_try_open(stoa_db *db, stoa_error *err);
stoa_conn kit_connect(stoa_db db);
/* An empty table t (id, name). */
void kit_make_table(stoa_conn conn);
int64_t kit_count(stoa_conn conn);
void kit_nothing_left(void);

#endif
