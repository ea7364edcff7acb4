/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms for tests over the public API: what must succeed, and what must fail how. */
#ifndef STOA_TESTS_KIT_H
#define STOA_TESTS_KIT_H

#include "conformance/data.h"
#include "conformance/quirks.h"
#include "stoa.h"
#include "test.h"

#define NO_OP ((stoa_op){0})

/* The call succeeds; its error text is shown if not. `err` is a stoa_error in scope. */
#define MUST(call) kit_must((call), &err, __FILE__, __LINE__, #call)
/* The call fails with this code, and has said something. */
#define MUST_FAIL(call, code)                                                            \
    kit_must_fail((call), (code), &err, __FILE__, __LINE__, #call)

static inline void kit_must(stoa_status rc, const stoa_error *err, const char *file,
                            int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# %s:%d: %s: %s: %s\n", file, line, what, stoa_status_name(rc), err->text);
    test_fail();
}

static inline void kit_must_fail(stoa_status rc, stoa_status code, const stoa_error *err,
                                 const char *file, int line, const char *what)
{
    if (rc == code && err->code == code && err->text[0] != '\0')
        return;
    printf("# %s:%d: %s is %s, not %s: %s\n", file, line, what, stoa_status_name(rc),
           stoa_status_name(code), err->text);
    test_fail();
}

/* test_path(), whatever file it is called from. */
char *kit_path(const char *name);
/* The quirks' target, its file made new for every test. */
stoa_db kit_open(void);
stoa_db kit_open_with(const stoa_option *options, int64_t option_count);
stoa_conn kit_connect(stoa_db db);
/* A statement of the quirks with its number filled in; static memory. */
const char *kit_sql(const char *pattern, long long number);
stoa_result kit_query(stoa_conn conn, const char *sql);
/* Put rows [0, rows) of data.h into table t, made anew. */
void kit_fill(stoa_conn conn, int64_t rows);
/* The first value of the first row. */
int64_t kit_int64(stoa_conn conn, const char *sql);
/* Nothing is alive any more: no handle, no session, no stream, no array, none of our data. */
void kit_check_nothing_left(void);

#endif
