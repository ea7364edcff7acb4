/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a text, one by one, on a session whose mark is held. */
#ifndef STOA_CORE_PREPARE_H
#define STOA_CORE_PREPARE_H

#include "core/enter.h"
#include "core/value.h"

/* A text and how far it has been run. */
struct stoa__script {
    const char *sql;
    size_t size;
    size_t at;
    size_t begin; /* Of the statement prepared last. */
};

/* Check `sql` of a public function. */
stoa_status stoa__script_init(struct stoa__script *script, const char *sql,
                              int64_t sql_size, stoa_error *err);

/* The same, and enter the connection it is for. */
stoa_status stoa__script_enter(struct stoa__script *script, struct stoa__entry *entry,
                               stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                               stoa_error *err);

/* Prepare the next statement that is one and move on; DONE, with NULL, when only space and
 * comments are left. Positions in `err` count from the start of the text. */
stoa_status stoa__script_next(struct stoa__entry *entry, struct stoa__script *script,
                              void **statement, stoa_error *err);

/* The next statement must be the only one left: SYNTAX when there is none, or a second. */
stoa_status stoa__script_only(struct stoa__entry *entry, struct stoa__script *script,
                              void **statement, stoa_error *err);

/* Move a position in `err` by `by`. */
void stoa__position_add(stoa_error *err, size_t by);

/* While appends wait for the end of the transaction: did the statement that was just run commit
 * it, if it is over now? */
void stoa__note_statement(struct stoa__session *session,
                          const struct stoa__script *script);
void stoa__note_text(struct stoa__session *session, const char *sql, size_t size);

#endif
